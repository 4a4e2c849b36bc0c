/* backend: what the namespaces need of the node, as a table that the node fills in.
 *
 * Blocks, receipts and pooled transactions are read straight from `store` and `pool`; this table
 * has what is above those: heads, states by block, actions, jobs. The node implements it in one
 * place (service/execution); tests implement it in memory. Everything is called on the server's
 * loop, never waits for the network, and may take as long as building a block takes.
 *
 * A pointer to a function may be NULL where the node does not offer it (no development chain, no
 * coprocessor): its methods then answer -32601 as if they did not exist.
 */
#ifndef RPC_BACKEND_H
#define RPC_BACKEND_H

#include "base/arena.h"
#include "base/status.h"
#include "base/u256.h"

struct state_reader; /* chain or evm: accounts, storage and code at one block */
struct block;        /* chain */
struct receipt;      /* chain */
struct store;
struct pool;
struct chain_config; /* chain: the fork schedule */

struct rpc_block_id {
    uint64_t number;
    struct hash hash;
};

struct rpc_heads {
    struct rpc_block_id latest;
    struct rpc_block_id safe;
    struct rpc_block_id finalized;
    bool has_safe; /* false: nothing is yet, and asking for it is "safe block not found" */
    bool has_finalized;
};

/* The block that would be built now on the latest one. All of it lives in the arena. */
struct rpc_pending {
    const struct block *block;      /* its header has no final root */
    const struct receipt *receipts; /* one a transaction */
    struct state_reader *state;     /* after it */
    const struct state *changes;    /* since the head; state_diff tells them */
};

/* What happened to a transaction that was handed in. */
struct rpc_submitted {
    struct hash hash;
    const char *refusal; /* NULL: it is in the pool. Else geth's text, static or in the arena */
};

/* A development account whose key the node holds. */
struct rpc_account {
    struct address address;
    uint8_t key[32];
};

/* A change of an account outside of any transaction; what is not set stays. */
struct rpc_account_change {
    const struct u256 *balance;
    const uint64_t *nonce;
    const struct bytes *code;
};

/* A setting of the next block only, or of all that follow. */
enum rpc_setting {
    RPC_NEXT_TIMESTAMP,     /* exact, once; in seconds */
    RPC_TIME_OFFSET,        /* added to the clock from now on: evm_increaseTime */
    RPC_TIMESTAMP_INTERVAL, /* seconds between blocks; anvil_setBlockTimestampInterval */
    RPC_NEXT_BASE_FEE,
    RPC_GAS_LIMIT,
    RPC_MIN_GAS_PRICE,
    RPC_BLOCK_INTERVAL_MS, /* 0 stops making blocks on time */
    RPC_AUTOMINE,          /* 0 or 1 */
    RPC_LOGGING,           /* 0 or 1: of calls */
};

enum rpc_job_status {
    RPC_JOB_PENDING = 1, /* as JobManager's Status */
    RPC_JOB_COMPLETED,
    RPC_JOB_FAILED,
    RPC_JOB_CANCELLED,
    RPC_JOB_EXPIRED,
};

enum rpc_finality {
    RPC_FINALITY_PENDING,
    RPC_FINALITY_LATEST,
    RPC_FINALITY_SAFE,
    RPC_FINALITY_FINALIZED
};

/* JobManager's `Job` and where it stands in the chain. */
struct rpc_job {
    struct hash job_id;
    struct address consumer;
    enum rpc_job_status status;
    uint8_t outcome; /* 0 exit, 1 trap, 2 out of cycles */
    uint32_t code;
    struct hash program_id;
    struct hash input_hash;
    uint64_t max_cycles;
    uint64_t used_cycles;
    uint64_t requested_at; /* block numbers */
    uint64_t ready_at;
    uint64_t deadline;
    uint64_t completed_at;
    uint64_t callback_gas;
    bool callback_pending;
    struct hash result_hash;
    struct hash request_tx;
    bool has_result;
    struct hash result_tx; /* where has_result */
    struct bytes result;
    enum rpc_finality finality;
};

struct rpc_job_filter {
    bool has_status;
    enum rpc_job_status status;
    bool has_consumer;
    struct address consumer;
    uint64_t from_block; /* of the request */
    size_t limit;
};

struct rpc_program {
    struct hash program_id;
    struct hash image_hash;
    struct address owner;
    uint32_t pages;
    uint64_t image_size;
    bool in_genesis;
    uint64_t registered_at;    /* block number */
    struct hash submission_id; /* unless in_genesis, as the next */
    struct hash registration_tx;
};

struct rpc_limit {
    const char *name; /* camelCase, of COPROCESSOR.md's table */
    uint64_t value;
};

struct rpc_backend {
    void *ctx;
    struct store *store;
    struct pool *pool;
    const struct chain_config *config;
    uint64_t chain_id;
    uint64_t network_id;
    struct address coinbase;
    const char *client_version;
    const struct rpc_account *accounts; /* unlocked; none outside of a development chain */
    size_t account_count;

    /* -- Reading -- */
    void (*heads)(void *ctx, struct rpc_heads *out);
    struct status (*pending)(void *ctx, struct arena *arena, struct rpc_pending *out);

    /* -- Transactions -- */
    /* raw: the network form; blob transactions with their sidecar. */
    struct status (*submit
    )(void *ctx, struct arena *arena, struct rpc_submitted *out, struct bytes raw);
    /* An unsigned transaction in its signing form, from an impersonated account. */
    struct status (*submit_as
    )(void *ctx,
      struct arena *arena,
      struct rpc_submitted *out,
      const struct address *from,
      struct bytes unsigned_transaction);
    bool (*drop)(void *ctx, const struct hash *transaction); /* false: it is not in the pool */
    void (*drop_all)(void *ctx);

    /* -- Development chain: true, or false with *refusal a text -- */
    bool (*mine)(void *ctx, uint64_t count, uint64_t interval_s, const char **refusal);
    bool (*set)(void *ctx, enum rpc_setting setting, uint64_t value, const char **refusal);
    uint64_t (*get)(void *ctx, enum rpc_setting setting);
    bool (*set_account
    )(void *ctx,
      const struct address *address,
      const struct rpc_account_change *change,
      const char **refusal);
    bool (*set_storage
    )(void *ctx,
      const struct address *address,
      const struct hash *slot,
      const struct hash *value,
      const char **refusal);
    void (*set_coinbase)(void *ctx, const struct address *coinbase);
    void (*set_prevrandao)(void *ctx, const struct hash *prevrandao); /* of the next block */
    void (*impersonate)(void *ctx, const struct address *address, bool on);
    void (*impersonate_all)(void *ctx, bool on);
    bool (*is_impersonated)(void *ctx, const struct address *address);
    struct status (*snapshot)(void *ctx, uint64_t *id);
    struct status (*revert)(void *ctx, uint64_t id, bool *reverted); /* spends id and later ones */
    struct status (*reset)(void *ctx);                               /* back to genesis */

    /* -- Coprocessor -- */
    /* *found false: no such job. Texts and results live in the arena. */
    struct status (*job
    )(void *ctx, struct arena *arena, struct rpc_job *out, bool *found, const struct hash *id);
    struct status (*jobs
    )(void *ctx,
      struct arena *arena,
      const struct rpc_job **out,
      size_t *count,
      const struct rpc_job_filter *filter);
    struct status (*program
    )(void *ctx, struct arena *arena, struct rpc_program *out, bool *found, const struct hash *id);
    struct status (*programs
    )(void *ctx, struct arena *arena, const struct rpc_program **out, size_t *count);
    void (*limits)(void *ctx, const struct rpc_limit **out, size_t *count);
};

/* How far a block of the canonical chain has come. */
enum rpc_finality rpc_finality_of(const struct rpc_heads *heads, uint64_t number);

#endif
