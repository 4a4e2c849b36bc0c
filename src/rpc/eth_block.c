/* Blocks, their transactions and receipts by place. */
#include "crypto/keccak.h"
#include "rpc/eth_parts.h"
#include "rpc/format.h"

static struct format_place place_in(const struct eth_block *block, uint64_t tx_index) {
    return (struct format_place){
        .block_hash = block->is_pending ? NULL : &block->hash,
        .block_number = block->block.header.number,
        .timestamp = block->block.header.timestamp,
        .tx_index = tx_index,
        .base_fee = block->block.header.base_fee_per_gas,
    };
}

void eth_put_tx(struct request *request, const struct eth_block *block, size_t index) {
    struct hash hash;
    tx_hash_of(&hash, block->block.encoded_txs[index]);
    const struct tx *tx = &block->block.txs[index];
    const struct address from = eth_sender(request->call->arena, tx, &block->rules);
    const struct format_place place = place_in(block, index);
    format_tx(request->call->result, tx, &hash, &from, &place);
}

static void put_txs(struct request *request, const struct eth_block *block, bool full) {
    struct json_writer *out = request->call->result;
    json_name(out, "transactions");
    json_begin_array(out);
    for (size_t i = 0; i < block->block.tx_count && !out->overflowed; i++) {
        if (full) {
            eth_put_tx(request, block, i);
            continue;
        }
        struct hash hash;
        tx_hash_of(&hash, block->block.encoded_txs[i]);
        json_write_hash(out, &hash);
    }
    json_end_array(out);
}

void eth_put_block(struct request *request, const struct eth_block *block, bool full) {
    struct json_writer *out = request->call->result;
    json_begin_object(out);
    format_header(out, &block->block.header, &block->hash, block->is_pending);
    json_name(out, "size");
    json_write_quantity(out, eth_raw_block(request->call->arena, block).len);
    put_txs(request, block, full);
    json_name(out, "uncles");
    json_begin_array(out);
    for (struct rlp_reader reader = eth_ommers(block); rlp_more(&reader);) {
        struct hash hash;
        keccak256(&hash, rlp_read_item(&reader).whole);
        json_write_hash(out, &hash);
    }
    json_end_array(out);
    if (block->block.has_withdrawals) {
        json_name(out, "withdrawals");
        format_withdrawals(out, block->block.withdrawals, block->block.withdrawal_count);
    }
    json_end_object(out);
}

/* The block that argument 0 names. found false: there is none, and null was written. */
static bool open_block(
    struct request *request, struct eth_place *place, struct eth_block *block, bool *found
) {
    struct block_ref ref;
    if (!param_present(request->call, 0)) return param_missing(request->call, 0);
    if (!param_block(request->call, 0, &ref) || !eth_find(request, place, &ref)) return false;
    *found = place->found;
    if (*found) return eth_read_block(request, block, place);
    json_write_null(request->call->result);
    return true;
}

static bool get_block(struct request *request) {
    struct eth_place place;
    struct eth_block block;
    bool found, full = false;
    if (!open_block(request, &place, &block, &found)) return false;
    if (param_present(request->call, 1) && !param_bool(request->call, 1, &full)) return false;
    if (found) eth_put_block(request, &block, full);
    return true;
}

static bool get_header(struct request *request) {
    struct eth_place place;
    struct eth_block block;
    bool found;
    if (!open_block(request, &place, &block, &found)) return false;
    if (!found) return true;
    json_begin_object(request->call->result);
    format_header(request->call->result, &block.block.header, &block.hash, block.is_pending);
    json_end_object(request->call->result);
    return true;
}

static bool get_block_tx_count(struct request *request) {
    struct eth_place place;
    struct eth_block block;
    bool found;
    if (!open_block(request, &place, &block, &found)) return false;
    if (found) json_write_quantity(request->call->result, block.block.tx_count);
    return true;
}

static bool get_uncle_count(struct request *request) {
    struct eth_place place;
    struct eth_block block;
    bool found;
    uint64_t count = 0;
    if (!open_block(request, &place, &block, &found)) return false;
    if (!found) return true;
    for (struct rlp_reader reader = eth_ommers(&block); rlp_more(&reader); count++) {
        (void)rlp_read_item(&reader);
    }
    json_write_quantity(request->call->result, count);
    return true;
}

static bool get_uncle(struct request *request) {
    struct json_writer *out = request->call->result;
    struct eth_place place;
    struct eth_block block;
    struct header header;
    struct hash hash;
    bool found;
    uint64_t index;
    if (!open_block(request, &place, &block, &found)) return false;
    if (!param_quantity(request->call, 1, &index)) return false;
    if (!found) return true;
    for (struct rlp_reader reader = eth_ommers(&block); rlp_more(&reader); index--) {
        const struct bytes encoded = rlp_read_item(&reader).whole;
        if (index > 0) continue;
        if (header_decode(&header, encoded) != BLOCK_VALID) break;
        keccak256(&hash, encoded);
        json_begin_object(out);
        format_header(out, &header, &hash, false);
        json_name(out, "uncles");
        json_begin_array(out);
        json_end_array(out);
        json_end_object(out);
        return true;
    }
    json_write_null(out);
    return true;
}

/* The transaction with index argument 1 of that block. found false: null was written. */
static bool open_block_tx(
    struct request *request, struct eth_block *block, uint64_t *index, bool *found
) {
    struct eth_place place;
    if (!open_block(request, &place, block, found)) return false;
    if (!param_quantity(request->call, 1, index)) return false;
    if (!*found || *index < block->block.tx_count) return true;
    *found = false;
    json_write_null(request->call->result);
    return true;
}

static bool get_block_tx(struct request *request) {
    struct eth_block block;
    uint64_t index;
    bool found;
    if (!open_block_tx(request, &block, &index, &found)) return false;
    if (found) eth_put_tx(request, &block, index);
    return true;
}

static bool get_raw_block_tx(struct request *request) {
    struct eth_block block;
    uint64_t index;
    bool found;
    if (!open_block_tx(request, &block, &index, &found)) return false;
    if (found) json_write_hex(request->call->result, block.block.encoded_txs[index]);
    return true;
}

void eth_put_receipt(
    struct request *request, const struct eth_block *block, size_t index, uint64_t first_log
) {
    const struct receipt *receipt = &block->receipts[index];
    const struct tx *tx = &block->block.txs[index];
    const uint64_t before = index == 0 ? 0 : block->receipts[index - 1].cumulative_gas_used;
    struct format_receipt about = {
        .tx = tx,
        .from = eth_sender(request->call->arena, tx, &block->rules),
        .gas_used = receipt->cumulative_gas_used - before,
        .first_log = first_log,
    };
    if (tx->type == TX_TYPE_BLOB) {
        about.blob_base_fee =
            header_blob_base_fee(block->block.header.excess_blob_gas, &block->rules);
    }
    tx_hash_of(&about.tx_hash, block->block.encoded_txs[index]);
    const struct format_place place = place_in(block, index);
    format_receipt(request->call->result, receipt, &about, &place);
}

static bool get_block_receipts(struct request *request) {
    struct eth_place place;
    struct eth_block block;
    bool found;
    if (!open_block(request, &place, &block, &found)) return false;
    if (!found) return true;
    if (!eth_read_receipts(request, &block, &place)) return false;
    uint64_t first_log = 0;
    json_begin_array(request->call->result);
    for (size_t i = 0; i < block.block.tx_count && !request->call->result->overflowed; i++) {
        eth_put_receipt(request, &block, i, first_log);
        first_log += block.receipts[i].log_count;
    }
    json_end_array(request->call->result);
    return true;
}

ETH_WRAP(get_block)
ETH_WRAP(get_header)
ETH_WRAP(get_block_tx_count)
ETH_WRAP(get_uncle_count)
ETH_WRAP(get_uncle)
ETH_WRAP(get_block_tx)
ETH_WRAP(get_raw_block_tx)
ETH_WRAP(get_block_receipts)

static const struct rpc_method methods[] = {
    {"eth_getBlockByNumber", call_get_block, 2},
    {"eth_getBlockByHash", call_get_block, 2},
    {"eth_getHeaderByNumber", call_get_header, 1},
    {"eth_getHeaderByHash", call_get_header, 1},
    {"eth_getBlockTransactionCountByNumber", call_get_block_tx_count, 1},
    {"eth_getBlockTransactionCountByHash", call_get_block_tx_count, 1},
    {"eth_getUncleCountByBlockNumber", call_get_uncle_count, 1},
    {"eth_getUncleCountByBlockHash", call_get_uncle_count, 1},
    {"eth_getUncleByBlockNumberAndIndex", call_get_uncle, 2},
    {"eth_getUncleByBlockHashAndIndex", call_get_uncle, 2},
    {"eth_getTransactionByBlockNumberAndIndex", call_get_block_tx, 2},
    {"eth_getTransactionByBlockHashAndIndex", call_get_block_tx, 2},
    {"eth_getRawTransactionByBlockNumberAndIndex", call_get_raw_block_tx, 2},
    {"eth_getRawTransactionByBlockHashAndIndex", call_get_raw_block_tx, 2},
    {"eth_getBlockReceipts", call_get_block_receipts, 1},
};
const struct rpc_table eth_block_table = {methods, ARRAY_LEN(methods), NULL};
