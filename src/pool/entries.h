/* entries: what the files of pool share: the pooled transactions by hash and by sender. */
#ifndef POOL_ENTRIES_H
#define POOL_ENTRIES_H

#include "pool/pool.h"

#define POOL_BUCKETS 16384 /* a power of two, above the number of transactions */

struct entry {
    struct pool_entry shown;
    struct sender *sender;
    struct entry *next_by_hash;
    struct u256 cost;            /* at most, in wei */
    struct address *authorities; /* of a set-code transaction */
    size_t authority_count;
    size_t slots;
    size_t blob_bytes;
    size_t size;            /* of this allocation */
    uint64_t left_at_reset; /* in limbo: the pool's reset_count then */
    struct entry *next_in_limbo;
};

/* A sender of pooled transactions, or an authority that some of them name. */
struct sender {
    struct address address;
    struct sender *next;          /* in its bucket */
    struct sender *newer, *older; /* in the list of all */
    struct entry **entries;       /* by nonce, ascending */
    size_t count;
    size_t capacity;
    size_t pending_count;   /* the first so many follow state_nonce without a gap */
    size_t authority_count; /* pooled set-code transactions that it authorised */
    uint64_t state_nonce;   /* at the head */
    uint64_t active_ms;
};

struct pool {
    const struct arena_source *source;
    const struct kzg_setup *setup;
    struct arena scratch;
    struct entry *by_hash[POOL_BUCKETS];
    struct sender *senders[POOL_BUCKETS];
    struct sender *newest;
    enum fork fork;      /* at the last reset */
    struct entry *limbo; /* blob transactions of recent blocks, newest first */
    size_t entry_count;
    size_t pending_count;
    size_t slots;
    size_t pending_slots;
    size_t blob_bytes; /* limbo included */
    uint64_t sequence;
    uint64_t reset_count;
};

/* A transaction that is being judged. */
struct candidate {
    struct tx tx;
    struct hash hash;
    struct address sender;
    struct bytes encoded;
    struct tx_sidecar sidecar;
    bool has_sidecar;
    bool is_unsigned;
    bool is_known_sidecar; /* was verified when it first came */
    struct u256 cost;
    struct address *authorities;
    size_t authority_count;
    size_t size; /* on the wire, sidecar included */
    bool local;
};

/* Most that a transaction can take from its sender; false where that is above 2^256-1. */
MUST_USE bool pool_cost(struct u256 *out, const struct tx *tx);

struct entry *pool_entry_find(const struct pool *pool, const struct hash *hash);
struct sender *pool_sender_find(const struct pool *pool, const struct address *address);
/* The sender's place for nonce: that of its transaction, or where one would be inserted. */
size_t pool_sender_place(const struct sender *sender, uint64_t nonce);
struct entry *pool_sender_entry(const struct sender *sender, uint64_t nonce);
/* Behind the pending transactions. */
uint64_t pool_sender_next_nonce(const struct sender *sender);

/* -1, 0 or 1 as a pays less than, as much as or more than b at this base fee: by effective tip, then
 * by fee cap, then by tip cap. */
int pool_compare_fees(const struct tx *a, const struct tx *b, const struct u256 *base_fee);

/* The checks of a candidate, in geth's order. On POOL_ADDED nothing was said; otherwise outcome is
 * complete. judge_alone looks at the transaction, judge_in_state at the sender and the pool. */
enum pool_verdict pool_judge_alone(
    struct pool *pool,
    struct pool_outcome *outcome,
    struct candidate *candidate,
    const struct pool_head *head
);
enum pool_verdict pool_judge_in_state(
    struct pool *pool,
    struct pool_outcome *outcome,
    struct candidate *candidate,
    const struct pool_head *head
);

/* Ends a judgement: the verdict with its text, then ": " and a formatted detail unless that is NULL. */
__attribute__((format(printf, 3, 4))) enum pool_verdict pool_refuse(
    struct pool_outcome *outcome, enum pool_verdict verdict, const char *format, ...
);
enum pool_verdict pool_refuse_tx(struct pool_outcome *outcome, enum tx_verdict verdict);

#endif
