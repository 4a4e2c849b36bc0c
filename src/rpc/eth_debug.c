/* debug_: blocks, headers and receipts as they are encoded, and what transactions did step by step. */
#include "rpc/eth_parts.h"

/* The block that argument 0 names; a block that is not there is a failure here. */
static bool open_block(struct request *request, struct eth_place *place, struct eth_block *block) {
    struct block_ref ref;
    if (!param_present(request->call, 0)) return param_missing(request->call, 0);
    if (!param_block(request->call, 0, &ref) || !eth_find(request, place, &ref)) return false;
    if (!place->found) return rpc_fail(request->call, RPC_SERVER_ERROR, "block not found");
    return eth_read_block(request, block, place);
}

static bool get_raw_header(struct request *request) {
    struct eth_place place;
    struct eth_block block;
    if (!open_block(request, &place, &block)) return false;
    json_hex(request->call->result, header_encode(request->call->arena, &block.block.header));
    return true;
}

static bool get_raw_block(struct request *request) {
    struct eth_place place;
    struct eth_block block;
    if (!open_block(request, &place, &block)) return false;
    json_hex(request->call->result, block_encode(request->call->arena, &block.block));
    return true;
}

static bool get_raw_receipts(struct request *request) {
    struct eth_place place;
    struct eth_block block;
    if (!open_block(request, &place, &block)) return false;
    if (!eth_read_receipts(request, &block, &place)) return false;
    json_begin_array(request->call->result);
    for (size_t i = 0; i < block.block.tx_count; i++) {
        json_hex(request->call->result, receipt_encode(request->call->arena, &block.receipts[i]));
    }
    json_end_array(request->call->result);
    return true;
}

ETH_WRAP(get_raw_header)
ETH_WRAP(get_raw_block)
ETH_WRAP(get_raw_receipts)

static const struct rpc_method methods[] = {
    {"debug_getRawHeader", call_get_raw_header, 1},
    {"debug_getRawBlock", call_get_raw_block, 1},
    {"debug_getRawReceipts", call_get_raw_receipts, 1},
};
const struct rpc_table eth_debug_table = {methods, ARRAY_LEN(methods), NULL};
