/* engine: how consensus drives execution: build, import, forkchoice; and the logs it judges by.
 *
 * The shape is the Engine API's (execution-apis, engine/): a payload is a whole block, newPayload
 * judges and remembers it, forkchoiceUpdated makes it the head. There are two implementations: in
 * process (service/execution.h) and, with the consensus issue, JSON-RPC with JWT. What implements it
 * is chosen where a node is put together; callers see this table only.
 *
 * A struct status is a failure of this node (disk); a bad block is an answer.
 */
#ifndef ENGINE_ENGINE_H
#define ENGINE_ENGINE_H

#include "base/arena.h"
#include "base/status.h"
#include "base/u256.h"

#define ENGINE_REASON_SIZE 256

struct state_log;
struct withdrawal;

/* PayloadAttributesV3, with two additions: transactions that stand first, in this order, before
 * those of the pool (a proposer's results), and whether the pool's follow them. */
struct engine_attributes {
    uint64_t timestamp; /* seconds */
    struct hash prev_randao;
    struct address fee_recipient;
    struct hash parent_beacon_root;
    const struct withdrawal *withdrawals;
    size_t withdrawal_count;
    const struct bytes *first_transactions; /* consensus form */
    size_t first_transaction_count;
    bool no_pool;
};

struct engine_payload {
    struct hash hash;
    uint64_t number;
    struct bytes block; /* RLP: header, transactions, ommers, withdrawals */
    size_t transaction_count;
    size_t first_transaction_count; /* how many of the attributes' first ones are in it */
};

enum engine_verdict {
    ENGINE_VALID = 0,
    ENGINE_INVALID,
    ENGINE_SYNCING, /* its parent is not known here */
};

struct engine_payload_status {
    enum engine_verdict verdict;
    struct hash hash;                /* of the block, where it could be decoded */
    uint64_t number;                 /* likewise */
    char reason[ENGINE_REASON_SIZE]; /* why it is invalid, for people; "" otherwise */
};

struct engine_forkchoice {
    struct hash head, safe, finalized; /* zero: leave safe or finalized where it is */
};

/* A transaction of a block with its logs. */
struct engine_receipt {
    struct hash transaction_hash;
    bool succeeded;
    const struct state_log *logs;
    size_t log_count;
};

/* A block as its followers see it. Lives in the arena that was handed in. */
struct engine_block {
    struct hash hash, parent_hash;
    uint64_t number;
    uint64_t timestamp;
    struct address fee_recipient;
    const struct engine_receipt *receipts;
    size_t receipt_count;
};

/* Where a block stands. */
struct engine_place {
    struct hash hash;
    uint64_t number;
    uint64_t timestamp;
};

struct engine {
    /* Builds on the head. The block is not remembered: it comes back through new_payload. */
    struct status (*build
    )(void *ctx,
      struct arena *arena,
      struct engine_payload *out,
      const struct engine_attributes *attributes);
    /* Judges an encoded block, untrusted, and keeps a valid one as a candidate for the head. */
    struct status (*new_payload)(void *ctx, struct engine_payload_status *out, struct bytes block);
    /* The caller refused a candidate for a rule of its own: it can no longer become the head. */
    void (*forget)(void *ctx, const struct hash *candidate);
    /* Makes a candidate or a canonical block the head. A head further back undoes what came after.
     * ENGINE_SYNCING: no such block. */
    struct status (*forkchoice
    )(void *ctx, enum engine_verdict *out, const struct engine_forkchoice *forkchoice);
    /* A canonical block or a candidate. STATUS_MISSING: no such block. */
    struct status (*block
    )(void *ctx, struct arena *arena, struct engine_block *out, const struct hash *hash);
    /* The canonical block's hash at a height. STATUS_MISSING above the head. */
    struct status (*canonical)(void *ctx, struct hash *out, uint64_t number);
    struct status (*head)(void *ctx, struct engine_place *out);
    void *ctx;
};

#endif
