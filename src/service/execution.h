/* execution: the execution service: the canonical chain over store and pool, behind the engine's
 * table.
 *
 * new_payload executes a block on its parent's state and keeps it as a candidate; forkchoice writes
 * it in one database transaction. The parent is a canonical block, the head or one further back; a
 * child of a mere candidate is ENGINE_SYNCING until that candidate is the head, and so is the child
 * of a block so far back that its state is not kept.
 *
 * One thread: the node's loop. Everything that follows the chain is told through listeners. Workers
 * recover senders beside it: of a block's transactions at once, and of blocks that are expected, before
 * they come. What comes out is the same with any number of them.
 */
#ifndef SERVICE_EXECUTION_H
#define SERVICE_EXECUTION_H

#include "chain/execute.h"
#include "chain/genesis.h"
#include "engine/engine.h"
#include "pool/pool.h"
#include "store/store.h"
#include "world/clock.h"
#include "world/workers.h"

#define EXECUTION_CANDIDATES_MAX 8 /* the oldest makes room for a valid one */
#define EXECUTION_LISTENERS_MAX  8

struct execution;

struct execution_options {
    struct store *store; /* not empty: execution_write_genesis came before */
    struct pool *pool;
    const struct chain_config *config;
    const struct clock *clock;
    const struct arena_source *source;
    uint64_t gas_limit;      /* what blocks built here move towards */
    struct bytes extra_data; /* of blocks built here */
    /* Transactions without a signature are accepted in blocks and attributed to the address that
     * stands in r, with s zero: development chains impersonate accounts so. */
    bool allow_impersonation;
    size_t
        worker_count; /* threads beside the caller's, at most WORKERS_MAX; source is used on them */
};

/* Genesis' block and state, made once for the two that follow. Lives in arena. */
struct execution_genesis;
struct execution_genesis *execution_make_genesis(
    struct arena *arena, const struct genesis *genesis
);

/* Its hash, for store_open. */
struct hash execution_genesis_hash(const struct execution_genesis *genesis);

/* An empty store, which was opened with that hash, gets the block; another stays as it is. */
MUST_USE struct status execution_write_genesis(
    struct store *store, struct arena *arena, struct execution_genesis *genesis
);

/* All pointers of options outlive the service, options itself does not. */
MUST_USE struct status execution_create(
    struct execution **out, const struct execution_options *options
);
void execution_destroy(struct execution *execution);

const struct engine *execution_engine(struct execution *execution);

/* The head after every change of it; `first_new` is the number of the lowest block that is not what
 * it was before: head.number for a plain append, lower after a reorganisation; above head.number
 * when blocks were only taken off. */
struct execution_listener {
    void (*head)(void *ctx, const struct header *head, const struct hash *hash, uint64_t first_new);
    void (*transaction)(void *ctx, const struct pool_entry *entry); /* new in the pool */
    void *ctx;
};
void execution_listen(struct execution *execution, const struct execution_listener *listener);

const struct header *execution_head(const struct execution *execution);
const struct hash *execution_head_hash(const struct execution *execution);

/* What the pool judges by now; its reader stays good until the next change of the head. */
MUST_USE struct status execution_pool_head(struct execution *execution, struct pool_head *out);

/* A view that follows the head: good until the chain is written to, then ask again. */
MUST_USE struct status execution_view(struct execution *execution, struct store_view **out);

/* A block, untrusted, that new_payload is going to be given: with workers it is prepared meanwhile. False
 * where it is not, because there are none or they have enough to do. A block that then never comes
 * makes room for others. */
bool execution_expect(struct execution *execution, struct bytes block);

/* Hands a transaction to the pool, in network form and untrusted, or from an impersonated sender. */
MUST_USE struct status execution_submit(
    struct execution *execution, struct pool_outcome *outcome, struct bytes raw
);
MUST_USE struct status execution_submit_as(
    struct execution *execution,
    struct pool_outcome *outcome,
    const struct address *sender,
    struct bytes unsigned_transaction
);

/* The block that build would make, with its state, all in arena. */
struct execution_pending {
    struct block block; /* without a state root */
    struct block_outcome outcome;
};
MUST_USE struct status execution_pending(
    struct execution *execution,
    struct arena *arena,
    struct execution_pending *out,
    const struct engine_attributes *attributes
);

/* Blocks that become the head between these two become durable together; whatever fails in between
 * ends the node, and the blocks are not there at its next start. */
MUST_USE struct status execution_begin_batch(struct execution *execution);
MUST_USE struct status execution_end_batch(struct execution *execution);

/* Settings of a development chain. */
struct execution_settings {
    uint64_t gas_limit;      /* what blocks built here move towards, or */
    bool gas_limit_is_exact; /* what they have outright */
    bool has_next_base_fee;  /* once: the next change of the head ends it */
    struct u256 next_base_fee;
};
struct execution_settings execution_settings(const struct execution *execution);
void execution_set(struct execution *execution, const struct execution_settings *settings);

/* Changes accounts at the head outside of any block. The head's header no longer has the root of its
 * state then; the next block's has. edit changes the state that it is handed. */
MUST_USE struct status execution_edit_state(
    struct execution *execution, void (*edit)(void *ctx, struct state *state), void *ctx
);

#endif
