/* format: blocks, transactions, receipts and logs as JSON.
 *
 * Spec: Ethereum execution-apis (block, transaction, receipt, log), with the fields geth adds.
 */
#ifndef RPC_FORMAT_H
#define RPC_FORMAT_H

#include "chain/block.h"
#include "chain/receipt.h"
#include "json/json.h"

/* Where a transaction or a log is. */
struct format_place {
    const struct hash *block_hash;
    uint64_t block_number;
    uint64_t timestamp;
    uint64_t tx_index;
    struct u256 base_fee;
    bool is_removed; /* of logs: the block is no longer canonical */
};

/* The members of a header, inside an object that the caller opens and closes. A pending header has
 * no hash, nonce and miner yet. size is that of the block in RLP. */
void format_header(
    struct json_writer *out, const struct header *header, const struct hash *hash, bool is_pending
);

/* place NULL: it waits in the pool. */
void format_tx(
    struct json_writer *out,
    const struct tx *tx,
    const struct hash *hash,
    const struct address *from,
    const struct format_place *place
);

void format_log(
    struct json_writer *out,
    const struct state_log *log,
    const struct format_place *place,
    const struct hash *tx_hash,
    uint64_t log_index
);

/* What a receipt does not say itself. */
struct format_receipt {
    const struct tx *tx;
    struct hash tx_hash;
    struct address from;
    uint64_t gas_used;
    uint64_t first_log; /* index in the block of its first log */
    struct u256 blob_base_fee;
};
void format_receipt(
    struct json_writer *out,
    const struct receipt *receipt,
    const struct format_receipt *about,
    const struct format_place *place
);

void format_withdrawals(
    struct json_writer *out, const struct withdrawal *withdrawals, size_t count
);
void format_access_list(struct json_writer *out, const struct tx_access *access_list, size_t count);

#endif
