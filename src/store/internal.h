/* internal: what the files of store share. */
#ifndef STORE_INTERNAL_H
#define STORE_INTERNAL_H

#include "crypto/keccak.h"
#include "store/database.h"
#include "store/index.h"
#include "store/nodes.h"
#include "store/store.h"
#include "store/values.h"

#include <stdatomic.h>

/* Slots whose keys are made once: those that contracts use most. */
#define STORE_SMALL_SLOTS 32

struct store {
    struct database *database;
    struct hash small_slots[STORE_SMALL_SLOTS]; /* state_key_slot of 0, 1, … */
    struct hash genesis_hash;
    size_t joined;                /* begins inside the outermost one that are not committed */
    struct txn *txn;              /* between store_begin and store_commit, else NULL */
    atomic_uintptr_t writer;      /* the thread that stands there (writer_here), else 0 */
    struct status failure;        /* the first of txn: it can only be aborted */
    size_t writer_view_count;     /* views of txn that are open */
    struct arena scratch;         /* of one writing call */
    struct node_cache *nodes;     /* the last writer's */
    struct value_cache *values;   /* the same */
    struct index_tail *tail;      /* the same */
    uint64_t tail_version;        /* which tail follows */
    size_t run_pairs;             /* of the index */
    atomic_uintptr_t nodes_owner; /* that thread */
    uint64_t version;             /* of all: counts writes and ends of transactions; its owner's */
};

struct store_view {
    struct store *store;
    struct txn *txn;
    bool is_of_writer;
    uint64_t version;        /* the store's at the opening, where the thread owns its caches */
    struct index_tail *tail; /* its own, where it cannot use the store's; made when needed */
    struct status status;    /* first failure of a reader made by store_state */
};

/* What names the calling thread. */
uintptr_t writer_here(void);

/* Records of meta. */
MUST_USE struct status meta_read(struct txn *txn, struct bytes *out, const char *name);
MUST_USE struct status meta_write(struct txn *txn, const char *name, struct bytes value);

/* Places. */
MUST_USE struct status mark_read(struct txn *txn, struct store_mark *out, const char *name);
MUST_USE struct status mark_write(struct txn *txn, const char *name, const struct store_mark *mark);
MUST_USE struct status canonical_read(struct txn *txn, struct store_mark *out, uint64_t number);
struct key block_key(uint64_t number, const struct hash *hash, enum block_part part);

/* The value of key after block number, where number is below the head: *found is false where the
 * head's value is still that of then. */
MUST_USE struct status history_read(
    const struct index *index,
    struct bytes *value,
    bool *found,
    const struct state_key *key,
    uint64_t number
);

/* Where view looks for hashes. */
MUST_USE struct status view_index(struct store_view *view, struct index *out);

/* Key's present value (encoded; empty for none), straight from the tables. */
MUST_USE struct status flat_read(struct txn *txn, struct bytes *value, const struct state_key *key);

/* Records value as key's before block number, unless there is such a record. */
MUST_USE struct status history_record(
    struct txn *txn, const struct state_key *key, uint64_t number, struct bytes value
);

/* Writes value (encoded; empty deletes) as key's present one. */
MUST_USE struct status flat_write(struct txn *txn, const struct state_key *key, struct bytes value);

/* The values of the head for view, NULL where it is not up to date or another thread's. */
struct value_cache *view_values(const struct store_view *view);

/* Where a view finds the head's trie nodes. */
struct node_source view_nodes(struct store_view *view);

/* Takes all blocks above number back: state, trie, history, transaction index. The marks are the
 * caller's. */
MUST_USE struct status history_rollback(
    struct txn *txn, struct arena *arena, uint64_t number, enum store_unwound unwound
);

static inline struct status store_damaged(const char *context) {
    return status_make(STATUS_CORRUPT, 0, context);
}

#endif
