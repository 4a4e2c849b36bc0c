/* pool: transactions that wait for a block, with the rules of geth's pools.
 *
 * A state machine without effects: time and the chain's head are handed in, nothing waits. Of each
 * sender it keeps the transactions by nonce. Those without a gap from the account's nonce on are
 * pending, those behind a gap are queued. The strings of refusals are geth's, byte for byte, because
 * wallets and libraries read them; docs/decisions/0021-pool.md lists where we differ on purpose.
 *
 * Memory is bounded by POOL_* below. The pool owns what it keeps; what it hands out is borrowed until
 * the next call that changes it. One thread.
 */
#ifndef POOL_POOL_H
#define POOL_POOL_H

#include "base/arena.h"
#include "chain/tx.h"
#include "crypto/kzg.h"
#include "evm/state.h"

#define POOL_SLOT_SIZE     ((size_t)32 << 10) /* a transaction takes one slot for each begun 32 KiB */
#define POOL_ACCOUNT_SLOTS 16 /* pending slots of an account that are safe from eviction */
#define POOL_GLOBAL_SLOTS \
    4096 /* pending slots of all accounts before senders with many lose some */
#define POOL_ACCOUNT_QUEUE    64   /* queued transactions of an account */
#define POOL_GLOBAL_QUEUE     1024 /* queued transactions of all accounts */
#define POOL_PRICE_BUMP       10   /* per cent that a replacement pays more, in both fee caps */
#define POOL_BLOB_PRICE_BUMP  100  /* the same in all three fee caps of a blob transaction */
#define POOL_BLOB_ACCOUNT_TXS 16   /* blob transactions of an account */
#define POOL_BLOB_BYTES       ((size_t)512 << 20) /* of all sidecars together */
#define POOL_LIFETIME_MS \
    (UINT64_C(3) * 3600 * 1000) /* of queued transactions whose sender is idle */
#define POOL_MIN_TIP      1     /* wei, of transactions from peers and users */
#define POOL_MESSAGE_SIZE 512

/* Name, and geth's text (which pool_refusal's message may continue with figures). */
#define POOL_VERDICTS(X)                                                                 \
    X(TX_INVALID, "") /* see tx_verdict */                                               \
    X(ALREADY_KNOWN, "already known")                                                    \
    X(OVERSIZED, "oversized data")                                                       \
    X(GAS_LIMIT, "exceeds block gas limit")                                              \
    X(UNDERPRICED, "transaction underpriced")                                            \
    X(TIP_TOO_LOW, "transaction gas price below minimum")                                \
    X(REPLACEMENT_UNDERPRICED, "replacement transaction underpriced")                    \
    X(NONCE_TOO_LOW, "nonce too low")                                                    \
    X(NONCE_TOO_HIGH, "nonce too high")                                                  \
    X(INSUFFICIENT_FUNDS, "insufficient funds for gas * price + value")                  \
    X(SENDER_NOT_EOA, "sender not an eoa")                                               \
    X(INVALID_SENDER, "invalid sender")                                                  \
    X(FULL, "txpool is full")                                                            \
    X(ACCOUNT_LIMIT, "account limit exceeded")                                           \
    X(FUTURE_REPLACE_PENDING, "future transaction tries to replace pending")             \
    X(ADDRESS_RESERVED, "address already reserved")                                      \
    X(AUTHORITY_RESERVED, "authority already reserved")                                  \
    X(DELEGATED_IN_FLIGHT, "in-flight transaction limit reached for delegated accounts") \
    X(DELEGATED_GAP, "gapped-nonce tx from delegated accounts")                          \
    X(BLOB_LIMIT, "transaction blob limit exceeded")                                     \
    X(SIDECAR, "invalid sidecar")                                                        \
    X(KZG, "KZG verification error")

#define POOL_VERDICT_CONSTANT(name, text) POOL_##name,
enum pool_verdict { POOL_ADDED = 0, POOL_VERDICTS(POOL_VERDICT_CONSTANT) POOL_VERDICT_COUNT };
#undef POOL_VERDICT_CONSTANT

struct pool_outcome {
    enum pool_verdict verdict;
    enum tx_verdict tx_verdict; /* where verdict is POOL_TX_INVALID */
    struct hash hash;           /* of the transaction, wherever it could be decoded */
    struct hash replaced;       /* the transaction that this one took the place of; else zero */
    bool pending;               /* added without a gap before it */
    char message[POOL_MESSAGE_SIZE]; /* what eth_sendRawTransaction answers; "" for POOL_ADDED */
};

/* What the pool judges by: the head and what the next block will be like. */
struct pool_head {
    struct chain_rules rules; /* the next block's */
    struct u256 base_fee;     /* the next block's */
    struct u256 blob_base_fee;
    uint64_t gas_limit;                /* the head's */
    const struct state_reader *reader; /* the head's state; used during the call only */
};

struct pool_entry {
    struct tx tx;
    struct hash hash;
    struct address sender;
    struct bytes encoded;             /* consensus form */
    const struct tx_sidecar *sidecar; /* of a blob transaction, else NULL */
    uint64_t added_ms;
    uint64_t sequence; /* order of arrival */
    bool local;        /* came from this node's user: not evicted for its price or age */
    bool pending;
};

struct pool;

/* setup verifies sidecars and outlives the pool; NULL where blob transactions are not taken.
 * source is where memory comes from. */
struct pool *pool_create(const struct arena_source *source, const struct kzg_setup *setup);
void pool_destroy(struct pool *pool);

/* Judges and adds a transaction in network form (untrusted). */
void pool_add(
    struct pool *pool,
    struct pool_outcome *outcome,
    const struct pool_head *head,
    struct bytes encoded,
    bool local,
    uint64_t now_ms
);

/* The same for a transaction that has no signature because its sender is impersonated
 * (anvil_impersonateAccount): hash and sender are the caller's. encoded is its consensus form. */
void pool_add_unsigned(
    struct pool *pool,
    struct pool_outcome *outcome,
    const struct pool_head *head,
    struct bytes encoded,
    const struct address *sender,
    uint64_t now_ms
);

/* The head has moved, forward, back or across a fork: transactions whose nonce is used up go, what
 * can no longer be paid goes, gaps open and close. Of a rollback the caller adds the transactions of
 * the removed blocks again, in order, with pool_add or pool_reinject. */
void pool_reset(struct pool *pool, const struct pool_head *head, uint64_t now_ms);

/* Takes back a transaction from a removed block: as pool_add without a sidecar, which a removed blob
 * transaction only has if the pool still keeps it (limbo: those of the last POOL_LIMBO_BLOCKS). */
#define POOL_LIMBO_BLOCKS 64
void pool_reinject(
    struct pool *pool,
    struct pool_outcome *outcome,
    const struct pool_head *head,
    struct bytes consensus,
    uint64_t now_ms
);

/* Drops one transaction; those of its sender behind it become queued. False if it is not there. */
bool pool_remove(struct pool *pool, const struct hash *hash);
void pool_clear(struct pool *pool);

/* Empties the pool, but for sidecars: pool_reinject and pool_add_unsigned find them in the limbo. */
void pool_set_aside(struct pool *pool);

/* Queued transactions whose sender has been idle for POOL_LIFETIME_MS go; answers how many. */
size_t pool_expire(struct pool *pool, uint64_t now_ms);

/* NULL if it is not there. */
const struct pool_entry *pool_find(const struct pool *pool, const struct hash *hash);
const struct pool_entry *pool_find_nonce(
    const struct pool *pool, const struct address *sender, uint64_t nonce
);

/* The nonce that the sender's next transaction takes: behind its pending ones. state_nonce is the
 * account's nonce at the head. */
uint64_t pool_next_nonce(
    const struct pool *pool, const struct address *sender, uint64_t state_nonce
);

/* What eth_sendRawTransaction's answer to a blob request and engine_getBlobs need: the place of the
 * blob with this versioned hash in an entry's sidecar. False if no pooled transaction has it. */
bool pool_find_blob(
    const struct pool *pool,
    const struct pool_entry **entry,
    size_t *index,
    const struct hash *versioned_hash
);

struct pool_counts {
    size_t pending;
    size_t queued;
    size_t blob_bytes;
};
struct pool_counts pool_counts(const struct pool *pool);

/* All entries, for txpool_content and its kin: by sender, then nonce, ascending. In arena. */
const struct pool_entry **pool_entries(const struct pool *pool, struct arena *arena, size_t *count);

/* Entries in the order in which a builder takes them: the highest effective tip first, the earlier
 * arrival first among equals, each sender's in the order of nonces. Those that cannot pay base_fee
 * (or blob_base_fee) are left out with all behind them. In arena; the pool does not change while it
 * is used. */
struct pool_best;
struct pool_best *pool_best(
    const struct pool *pool, struct arena *arena, const struct pool_head *head
);
/* The next entry, NULL at the end. */
const struct pool_entry *pool_best_next(struct pool_best *best);
/* The entry handed out last does not fit or failed: nothing more of its sender. */
void pool_best_skip_sender(struct pool_best *best);

#endif
