/* block: a header with its body, in RLP, and the roots of the body.
 *
 * Spec: Yellow Paper 4.4; EIP-4895 (withdrawals), EIP-7934 (size limit).
 * Pure.
 */
#ifndef CHAIN_BLOCK_H
#define CHAIN_BLOCK_H

#include "chain/header.h"
#include "chain/tx.h"

#define BLOCK_SIZE_MAX             ((size_t)64 << 20) /* what a decoder accepts; forks bound it lower */
#define BLOCK_TX_COUNT_MAX         ((size_t)1 << 16) /* at 21000 gas each a block of 1.3 Ggas */
#define BLOCK_WITHDRAWAL_COUNT_MAX ((size_t)1 << 16)
#define BLOCK_OMMER_COUNT_MAX      ((size_t)1 << 10) /* what a decoder accepts; two are valid */
#define BLOCK_RLP_SIZE_MAX_OSAKA   ((size_t)8388608) /* EIP-7934: 10 MiB less 2 MiB for beacon data */

struct withdrawal {
    uint64_t index;
    uint64_t validator_index;
    struct address address;
    uint64_t amount_gwei;
};

struct block {
    struct header header;
    const struct tx *txs;
    const struct bytes *encoded_txs; /* consensus form of each: type byte and payload, or a list */
    size_t tx_count;
    const struct withdrawal *withdrawals;
    size_t withdrawal_count;
    bool has_withdrawals; /* the list stands in the body, perhaps empty: Shanghai and later */
    const struct header *ommers;
    size_t ommer_count;
    struct hash ommers_hash; /* of the list as it stands in the body */
    size_t encoded_size;     /* of the whole block in RLP, as decoded or as block_encode makes it */
};

/* Reads a block: [header, transactions, ommers, withdrawals?]. Where a transaction is at fault the
 * block's verdict is BLOCK_INVALID_TRANSACTION and *tx_verdict says why; otherwise that is TX_VALID.
 * Lists are made in arena; data and encoded_txs borrow from encoded. */
MUST_USE enum block_verdict block_decode(
    struct arena *arena, struct block *block, enum tx_verdict *tx_verdict, struct bytes encoded
);

/* Reads a body as the store keeps it: [transactions, ommers, withdrawals?]. block->header is the
 * caller's and is not touched. */
MUST_USE enum block_verdict block_decode_body(
    struct arena *arena, struct block *block, enum tx_verdict *tx_verdict, struct bytes encoded
);

struct bytes block_encode(struct arena *arena, const struct block *block);
struct bytes block_encode_body(struct arena *arena, const struct block *block);

/* The number of bytes that block_encode makes. */
size_t block_encoded_size(const struct block *block);

void block_transactions_root(
    struct arena *arena, struct hash *out, const struct bytes *encoded_txs, size_t tx_count
);
void block_withdrawals_root(
    struct arena *arena, struct hash *out, const struct withdrawal *withdrawals, size_t count
);

/* EIP-7685: sha256 of the sha256s of the requests that have data. requests[i] starts with its type. */
void block_requests_hash(struct hash *out, const struct bytes *requests, size_t request_count);

/* The rules of a body against its header: roots, the hash of its ommers (their own rules are in
 * ommers.h), withdrawals present or not, size. */
MUST_USE enum block_verdict block_check_body(
    struct arena *arena, const struct block *block, const struct chain_rules *rules
);

#endif
