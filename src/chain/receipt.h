/* receipt: what a transaction left behind: status, gas, logs; in RLP for the root and for the store.
 *
 * Spec: Yellow Paper 4.4.1; EIP-658 (status), EIP-2718 (typed).
 * Pure.
 */
#ifndef CHAIN_RECEIPT_H
#define CHAIN_RECEIPT_H

#include "chain/header.h"
#include "chain/tx.h"
#include "evm/state.h"

#define RECEIPT_LOGS_MAX   ((size_t)1 << 20) /* of one receipt, when decoding */
#define RECEIPT_TOPICS_MAX ((size_t)4)

struct receipt {
    enum tx_type type;
    bool has_status; /* Byzantium and later; before, post_state_root stands in its place */
    bool succeeded;
    struct hash post_state_root;
    uint64_t cumulative_gas_used; /* in the block, this transaction included */
    struct bloom bloom;
    const struct state_log *logs;
    size_t log_count;
};

enum receipt_verdict {
    RECEIPT_VALID = 0,
    RECEIPT_MALFORMED,
};

/* The consensus form: type byte and payload, or a list. */
struct bytes receipt_encode(struct arena *arena, const struct receipt *receipt);
MUST_USE enum receipt_verdict receipt_decode(
    struct arena *arena, struct receipt *receipt, struct bytes encoded
);

/* The receipts of a block as the store keeps them: without blooms, which decoding computes again.
 * Log data borrows from encoded. */
struct bytes receipts_encode_stored(
    struct arena *arena, const struct receipt *receipts, size_t receipt_count
);
MUST_USE enum receipt_verdict receipts_decode_stored(
    struct arena *arena,
    const struct receipt **receipts,
    size_t *receipt_count,
    struct bytes encoded
);

void receipts_root(
    struct arena *arena, struct hash *out, const struct receipt *receipts, size_t receipt_count
);

/* The bloom of these logs: address and topics of each. */
struct bloom receipt_logs_bloom(const struct state_log *logs, size_t log_count);

/* keccak256(rlp(logs)), as state tests give it. */
void receipt_logs_hash(
    struct arena *arena, struct hash *out, const struct state_log *logs, size_t log_count
);

#endif
