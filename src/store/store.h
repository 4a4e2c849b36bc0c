/* store: the node's database: blocks, state with its history, trie nodes, the services' records.
 *
 * One LMDB environment a node. Blocks are kept by number and hash, so forks live side by side; the
 * state is that of one chain, the canonical one, with a reverse diff for each of its blocks.
 * docs/decisions/0020-store.md says why; tables.h lists every table with its key and value.
 *
 * Writing. One thread writes, the node's main loop. Every writing call is durable when it returns,
 * unless it stands between store_begin and store_commit: then all calls in between become durable
 * together. A crash at any moment leaves whole calls only. A call that fails has changed nothing;
 * inside store_begin the transaction is lost: all that is left to do is store_abort.
 *
 * Reading. Through a view, which is a snapshot: any thread may open one, and each is used by one
 * thread at a time. On the thread that stands inside store_begin a view shows that transaction's
 * writes, and what was read from it is borrowed until the next write; otherwise what a view gives is
 * borrowed until the view is closed. Views are short: while one is open its pages are not reused and
 * the map cannot grow.
 *
 * A record that is not there is STATUS_MISSING. Other failures are the disk's.
 */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/arena.h"
#include "base/status.h"
#include "evm/state.h"
#include "trie/state_trie.h"

#define STORE_SCHEMA        ((uint64_t)3)
#define STORE_VIEWS_MAX     1000               /* open at a time */
#define STORE_NAME_MAX      32                 /* bytes of a namespace's name */
#define STORE_KEY_MAX       256                /* bytes of a service's key */
#define STORE_VALUE_MAX     ((size_t)64 << 20) /* bytes of any one record */
#define STORE_PROOF_BLOCKS  8192               /* how far behind the head a trie is rebuilt */
#define STORE_PROOF_CHANGES 200000 /* accounts and slots that such a rebuild may touch */
#define STORE_MESSAGE_SIZE  256

struct store;
struct store_view;

/* A block's place. state_root is that of the state as it is kept after the block: the header's, unless
 * store_amend changed it. */
struct store_mark {
    uint64_t number;
    struct hash hash;
    struct hash state_root;
};

/* --- opening --------------------------------------------------------------------------------- */

struct store_options {
    const char *path; /* directory, made if absent; NULL keeps all in memory, gone on close */
    struct hash genesis_hash;  /* the chain this store is for */
    struct bytes chain_config; /* kept beside it for tools; any bytes */
    size_t map_size;           /* first size of the map in bytes; 0: STORE_MAP_SIZE */
    bool no_sync;              /* a crash of the system may lose what was committed, or more */
    size_t index_run;          /* pairs that the index writes at a time; 0: INDEX_RUN_PAIRS */
};

#define STORE_MAP_SIZE ((size_t)64 << 30) /* address space, not disk; doubles when half full */

enum store_verdict {
    STORE_OPENED = 0,
    STORE_IN_USE,       /* another process has the directory open */
    STORE_OTHER_CHAIN,  /* its genesis block is another */
    STORE_OTHER_SCHEMA, /* written by another version of the program */
    STORE_NOT_OURS,     /* its data file is not one of ours, or is damaged */
};

struct store_opening {
    enum store_verdict verdict;
    char message[STORE_MESSAGE_SIZE]; /* for the operator: one line that says what to do */
};

/* On STORE_OPENED *out is the store; otherwise it is NULL and nothing was changed. */
MUST_USE struct status store_open(
    struct store **out, struct store_opening *opening, const struct store_options *options
);

/* All views are closed before. An open transaction is undone. NULL is allowed. */
void store_close(struct store *store);

/* --- writing --------------------------------------------------------------------------------- */

/* Opens the transaction that the following writes join. Where one is open already, this one is part of
 * it: its store_commit makes nothing durable, and after its store_abort the whole can only be undone. */
MUST_USE struct status store_begin(struct store *store);

/* Makes the writes since store_begin durable. */
MUST_USE struct status store_commit(struct store *store);

/* Undoes the writes since store_begin; does nothing where no transaction is open. Inside another
 * transaction, whose views may be open, that one is lost: its store_commit undoes it and says so.
 * After a failure for want of map (STATUS_NO_SPACE) the map has grown, and the whole may be tried
 * again. */
void store_abort(struct store *store);

/* Encodings are those of chain/header.h, chain/block.h and chain/receipt.h; the store does not look
 * into them. tx_hashes are those of the body's transactions, in order. */
struct store_block {
    struct store_mark mark;
    struct hash parent_hash;
    struct bytes header;
    struct bytes body;
    struct bytes receipts;
    const struct hash *tx_hashes;
    size_t tx_count;
};

/* What a block did to the state, the trie nodes that state_trie_update wrote for it from the head's
 * trie, and the changes that it did so for: chain_trie_changes of diff, with the storage roots that it
 * left there. */
struct store_change {
    const struct state_diff *diff;
    const struct trie_write *nodes;
    size_t node_count;
    const struct trie_account_change *changes; /* one for each account of diff */
};

/* Makes block the head: the child of the head, or the genesis block of an empty store (whose hash
 * is the one that the store was opened with). */
MUST_USE struct status store_append(
    struct store *store, const struct store_block *block, const struct store_change *change
);

/* Changes the head's state outside of any block, as development chains do (anvil_setBalance): as if
 * the head had left it so. A rollback to the head keeps it, a rollback below takes it back. state_root
 * is the new root, which the head's header does not have. */
MUST_USE struct status store_amend(
    struct store *store, const struct store_change *change, const struct hash *state_root
);

/* Keeps a block beside the canonical chain, without state. Replaces nothing that is there. */
MUST_USE struct status store_put_block(struct store *store, const struct store_block *block);

/* What becomes of the blocks that store_rollback takes off the canonical chain. */
enum store_unwound { STORE_KEEP_BLOCKS, STORE_FORGET_BLOCKS };

/* Makes the canonical block with this number the head again: state, trie, history and transaction
 * index are as they were then. Finalized and safe move back to it if they were above.
 * STATUS_MISSING if the number is above the head. Cost grows with what the unwound blocks changed. */
MUST_USE struct status store_rollback(
    struct store *store, uint64_t number, enum store_unwound unwound
);

/* Number of a canonical block. */
MUST_USE struct status store_set_safe(struct store *store, uint64_t number);
MUST_USE struct status store_set_finalized(struct store *store, uint64_t number);

/* --- reading --------------------------------------------------------------------------------- */

MUST_USE struct status store_view_open(struct store_view **out, struct store *store);
void store_view_close(struct store_view *view);

/* STATUS_MISSING while there is no block. Safe and finalized are genesis until they are set. */
MUST_USE struct status store_head(struct store_view *view, struct store_mark *out);
MUST_USE struct status store_safe(struct store_view *view, struct store_mark *out);
MUST_USE struct status store_finalized(struct store_view *view, struct store_mark *out);

/* Canonical block number → its place. */
MUST_USE struct status store_canonical(
    struct store_view *view, struct store_mark *out, uint64_t number
);

/* Block hash → number, canonical or not. */
MUST_USE struct status store_block_number(
    struct store_view *view, uint64_t *out, const struct hash *hash
);
MUST_USE struct status store_is_canonical(
    struct store_view *view, bool *out, uint64_t number, const struct hash *hash
);

/* A block's encodings. receipts is empty where a side block was put without any. */
MUST_USE struct status store_header(
    struct store_view *view, struct bytes *out, uint64_t number, const struct hash *hash
);
MUST_USE struct status store_body(
    struct store_view *view, struct bytes *out, uint64_t number, const struct hash *hash
);
MUST_USE struct status store_receipts(
    struct store_view *view, struct bytes *out, uint64_t number, const struct hash *hash
);

/* The hashes of its transactions, in order: out->len is 32 times their number. */
MUST_USE struct status store_tx_hashes(
    struct store_view *view, struct bytes *out, uint64_t number, const struct hash *hash
);

/* Where a transaction stands in the canonical chain. */
struct store_tx_place {
    uint64_t number;
    uint32_t index;
};
MUST_USE struct status store_tx(
    struct store_view *view, struct store_tx_place *out, const struct hash *tx_hash
);

/* Code by its keccak hash. */
MUST_USE struct status store_code(
    struct store_view *view, struct bytes *out, const struct hash *code_hash
);

/* --- state ----------------------------------------------------------------------------------- */

/* The state after the canonical block number, at most the head's, as evm/state.h reads it. Lives in
 * arena and as long as view. STATUS_MISSING if the block is not canonical. A failure while reading
 * stays in the reader's status: look at store_state_status after use. */
MUST_USE struct status store_state(
    struct store_view *view, struct arena *arena, struct state_reader *out, uint64_t number
);
struct status store_state_status(const struct store_view *view);

/* The trie of the state after the canonical block number. At the head its nodes are read; for an
 * older block the changes since are taken back in arena, up to STORE_PROOF_BLOCKS and
 * STORE_PROOF_CHANGES: past them STATUS_UNAVAILABLE. */
MUST_USE struct status store_trie(
    struct store_view *view, struct arena *arena, struct trie_reader *out, uint64_t number
);

/* The root of the head's state, computed from scratch over every account and slot. For checks. */
MUST_USE struct status store_compute_root(
    struct store_view *view, struct arena *arena, struct hash *out
);

/* --- services' records ------------------------------------------------------------------------ */

/* A namespace is a short name that belongs to one service, such as "jobs". */
MUST_USE struct status store_put(
    struct store *store, const char *name, struct bytes key, struct bytes value
);
/* Deleting what is not there is fine. */
MUST_USE struct status store_delete(struct store *store, const char *name, struct bytes key);

MUST_USE struct status store_get(
    struct store_view *view, struct bytes *out, const char *name, struct bytes key
);

/* The first record of the namespace with a key >= from, or > from where after is set; keys are in
 * the order of memcmp. STATUS_MISSING at the end. */
MUST_USE struct status store_next(
    struct store_view *view,
    struct bytes *key,
    struct bytes *value,
    const char *name,
    struct bytes from,
    bool after
);

/* The last record of the namespace. STATUS_MISSING where there is none. */
MUST_USE struct status store_last(
    struct store_view *view, struct bytes *key, struct bytes *value, const char *name
);

/* --- figures ---------------------------------------------------------------------------------- */

struct store_figures {
    uint64_t bytes_used;   /* of the data file */
    uint64_t map_size;     /* bytes */
    uint64_t transactions; /* since the data file was made */
    uint64_t views;        /* open now */
};
struct store_figures store_figures(struct store *store);

/* After a long run of writes: the memory of database pages that it went through goes back. */
void store_rest(struct store *store);

#endif
