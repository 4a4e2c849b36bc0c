/* Reads blocks and states for a request. */
#include "chain/header.h"
#include "rpc/eth_parts.h"
#include "world/heap.h"

#define ETH_CODE_CACHE_MAX ((size_t)16 << 20) /* bytes of analysed code kept between calls */

static uint64_t no_clock(void *ctx) {
    (void)ctx;
    return 0;
}

bool eth_run(struct rpc_call *call, bool (*handler)(struct request *request)) {
    struct request request = {.call = call, .eth = call->ctx};
    const bool good = handler(&request);
    eth_close(&request);
    return good;
}

void eth_close(struct request *request) {
    if (request->view != NULL) store_view_close(request->view);
    request->view = NULL;
}

bool eth_fail_status(struct request *request, struct status status) {
    return rpc_fail(request->call, RPC_SERVER_ERROR, "%s", status.context);
}

bool eth_fail_not_found(struct request *request, const struct block_ref *ref) {
    switch (ref->tag) {
    case BLOCK_TAG_SAFE: return rpc_fail(request->call, RPC_SERVER_ERROR, "safe block not found");
    case BLOCK_TAG_FINALIZED:
        return rpc_fail(request->call, RPC_SERVER_ERROR, "finalized block not found");
    case BLOCK_TAG_HASH:
        return rpc_fail(request->call, RPC_SERVER_ERROR, "header for hash not found");
    case BLOCK_TAG_LATEST:
    case BLOCK_TAG_PENDING:
    case BLOCK_TAG_EARLIEST:
    case BLOCK_TAG_NUMBER: break;
    }
    return rpc_fail(request->call, RPC_SERVER_ERROR, "header not found");
}

bool eth_open(struct request *request) {
    if (request->view != NULL) return true;
    const struct status status = store_view_open(&request->view, request->eth->backend->store);
    if (!failed(status)) return true;
    request->view = NULL;
    return eth_fail_status(request, status);
}

/* ---- Blocks ---- */

bool eth_find_number(struct request *request, struct eth_place *place, uint64_t number) {
    *place = (struct eth_place){0};
    if (!eth_open(request)) return false;
    struct store_mark mark;
    const struct status status = store_canonical(request->view, &mark, number);
    if (status.code == STATUS_MISSING) return true;
    if (failed(status)) return eth_fail_status(request, status);
    *place = (struct eth_place){
        .found = true,
        .is_canonical = true,
        .number = mark.number,
        .hash = mark.hash,
    };
    return true;
}

static bool find_hash(struct request *request, struct eth_place *place, const struct hash *hash) {
    *place = (struct eth_place){.hash = *hash};
    if (!eth_open(request)) return false;
    struct status status = store_block_number(request->view, &place->number, hash);
    if (status.code == STATUS_MISSING) return true;
    if (!failed(status)) {
        status = store_is_canonical(request->view, &place->is_canonical, place->number, hash);
    }
    if (failed(status)) return eth_fail_status(request, status);
    place->found = true;
    return true;
}

bool eth_find(struct request *request, struct eth_place *place, const struct block_ref *ref) {
    const struct rpc_backend *backend = request->eth->backend;
    struct rpc_heads heads = {0};
    *place = (struct eth_place){0};
    switch (ref->tag) {
    case BLOCK_TAG_NUMBER: return eth_find_number(request, place, ref->number);
    case BLOCK_TAG_EARLIEST: return eth_find_number(request, place, 0);
    case BLOCK_TAG_HASH: return find_hash(request, place, &ref->hash);
    case BLOCK_TAG_PENDING:
        *place = (struct eth_place){.found = true, .is_pending = true, .is_canonical = true};
        return true;
    case BLOCK_TAG_LATEST: {
        if (!eth_open(request)) return false;
        struct store_mark mark;
        const struct status status = store_head(request->view, &mark);
        if (failed(status)) return eth_fail_status(request, status);
        return eth_find_number(request, place, mark.number);
    }
    case BLOCK_TAG_SAFE:
        backend->heads(backend->ctx, &heads);
        return !heads.has_safe || eth_find_number(request, place, heads.safe.number);
    case BLOCK_TAG_FINALIZED:
        backend->heads(backend->ctx, &heads);
        return !heads.has_finalized || eth_find_number(request, place, heads.finalized.number);
    }
    ASSERT(false);
    return false;
}

static bool corrupt(struct request *request, const char *what) {
    return eth_fail_status(request, status_make(STATUS_CORRUPT, 0, what));
}

bool eth_read_header(
    struct request *request, struct header *header, const struct eth_place *place
) {
    ASSERT(place->found && !place->is_pending);
    struct bytes encoded;
    const struct status status = store_header(request->view, &encoded, place->number, &place->hash);
    if (failed(status)) return eth_fail_status(request, status);
    return header_decode(header, encoded) == BLOCK_VALID || corrupt(request, "read a header");
}

static bool read_pending(struct request *request, struct eth_block *block) {
    const struct rpc_backend *backend = request->eth->backend;
    struct rpc_pending pending;
    const struct status status = backend->pending(backend->ctx, request->call->arena, &pending);
    if (failed(status)) return eth_fail_status(request, status);
    const struct header *header = &pending.block->header;
    *block = (struct eth_block){
        .block = *pending.block,
        .is_pending = true,
        .rules = chain_rules_at(backend->config, header->number, header->timestamp),
        .receipts = pending.receipts,
    };
    return true;
}

bool eth_read_block(
    struct request *request, struct eth_block *block, const struct eth_place *place
) {
    if (place->is_pending) return read_pending(request, block);
    *block = (struct eth_block){.hash = place->hash};
    struct header *header = &block->block.header;
    struct bytes body;
    enum tx_verdict tx_verdict;
    struct status status =
        store_header(request->view, &block->raw_header, place->number, &place->hash);
    if (!failed(status)) status = store_body(request->view, &body, place->number, &place->hash);
    if (failed(status)) return eth_fail_status(request, status);
    if (header_decode(header, block->raw_header) != BLOCK_VALID) {
        return corrupt(request, "read a header");
    }
    block->raw_body = body;
    if (block_decode_body(request->call->arena, &block->block, &tx_verdict, body) != BLOCK_VALID) {
        return corrupt(request, "read the body of a block");
    }
    block->rules = chain_rules_at(request->eth->backend->config, header->number, header->timestamp);
    return true;
}

/* A body is a list of what stands behind the header in the block's list. */
struct bytes eth_raw_block(struct arena *arena, const struct eth_block *block) {
    if (block->is_pending) return block_encode(arena, &block->block);
    struct rlp_reader reader = rlp_read(block->raw_body);
    const struct rlp_item body = rlp_read_item(&reader);
    struct rlp_writer writer =
        rlp_writer_in(arena, block->raw_header.len + block->raw_body.len + RLP_HEADER_MAX);
    const size_t list = rlp_list_begin(&writer);
    rlp_write_raw(&writer, block->raw_header);
    rlp_write_raw(&writer, body.payload);
    rlp_list_end(&writer, list);
    return rlp_written(&writer);
}

struct rlp_reader eth_ommers(const struct eth_block *block) {
    struct rlp_reader reader = rlp_read(block->raw_body);
    const struct rlp_list list = rlp_enter(&reader);
    (void)rlp_read_item(&reader); /* transactions */
    const struct rlp_item ommers = rlp_read_item(&reader);
    (void)list;
    return rlp_read(ommers.payload);
}

bool eth_read_receipts(
    struct request *request, struct eth_block *block, const struct eth_place *place
) {
    if (block->receipts != NULL || block->block.tx_count == 0) return true;
    ASSERT(!place->is_pending);
    struct bytes encoded;
    size_t count;
    const struct status status =
        store_receipts(request->view, &encoded, place->number, &place->hash);
    if (failed(status)) return eth_fail_status(request, status);
    if (encoded.len == 0) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR,
            "receipts not available: the block was not executed here"
        );
    }
    if (receipts_decode_stored(request->call->arena, &block->receipts, &count, encoded) !=
            RECEIPT_VALID ||
        count != block->block.tx_count) {
        return corrupt(request, "read the receipts of a block");
    }
    return true;
}

struct address eth_sender(
    struct arena *arena, const struct tx *tx, const struct chain_rules *rules
) {
    struct address sender = {{0}};
    if (u256_is_zero(&tx->s)) return u256_to_address(&tx->r);
    if (tx_sender(arena, &sender, tx, rules) != TX_VALID) return (struct address){{0}};
    return sender;
}

/* ---- States ---- */

static bool open_pending_state(struct request *request, struct eth_state *state) {
    const struct rpc_backend *backend = request->eth->backend;
    struct rpc_pending pending;
    const struct status status = backend->pending(backend->ctx, request->call->arena, &pending);
    if (failed(status)) return eth_fail_status(request, status);
    *state = (struct eth_state){
        .header = pending.block->header,
        .is_pending = true,
        .number = pending.block->header.number - 1,
        .reader = pending.state,
        .changes = pending.changes,
    };
    return true;
}

bool eth_open_state(struct request *request, struct eth_state *state, const struct block_ref *ref) {
    struct eth_place place;
    *state = (struct eth_state){0};
    if (!eth_open(request) || !eth_find(request, &place, ref)) return false;
    if (!place.found) return eth_fail_not_found(request, ref);
    if (place.is_pending) return open_pending_state(request, state);
    if (!place.is_canonical) {
        return rpc_fail(request->call, RPC_SERVER_ERROR, "hash is not currently canonical");
    }
    if (!eth_read_header(request, &state->header, &place)) return false;
    state->hash = place.hash;
    state->number = place.number;
    state->reader = ARENA_NEW(request->call->arena, struct state_reader);
    const struct status status =
        store_state(request->view, request->call->arena, state->reader, place.number);
    return !failed(status) || eth_fail_status(request, status);
}

bool eth_state_is_sound(struct request *request) {
    const struct status status = store_state_status(request->view);
    return !failed(status) || eth_fail_status(request, status);
}

/* ---- Its life ---- */

struct rpc_eth *rpc_eth_create(
    const struct rpc_backend *backend, uint64_t (*now_ms)(void *ctx), void *now_ctx
) {
    struct rpc_eth *eth = heap_source.get(NULL, sizeof *eth);
    ASSERT(eth != NULL);
    *eth = (struct rpc_eth){
        .backend = backend,
        .now_ms = now_ms == NULL ? no_clock : now_ms,
        .now_ctx = now_ctx,
        .filters = eth_filters_create(),
    };
    return eth;
}

void rpc_eth_destroy(struct rpc_eth *eth) {
    if (eth == NULL) return;
    eth_filters_destroy(eth->filters);
    if (eth->evm != NULL) evm_destroy(eth->evm);
    heap_source.put(NULL, eth, sizeof *eth);
}

void rpc_eth_set_dispatcher(struct rpc_eth *eth, const struct rpc_dispatcher *dispatcher) {
    eth->dispatcher = dispatcher;
}

size_t rpc_eth_tables(struct rpc_eth *eth, struct rpc_table tables[RPC_ETH_TABLES_MAX]) {
    const struct rpc_table *const all[] = {
        &eth_block_table,    &eth_state_table, &eth_tx_table,      &eth_sign_table,
        &eth_call_table,     &eth_fee_table,   &eth_filter_table,  &eth_node_table,
        &eth_txpool_table,   &eth_debug_table, &eth_witness_table, &eth_config_table,
        &eth_simulate_table,
    };
    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        tables[i] = *all[i];
        tables[i].ctx = eth;
    }
    return ARRAY_LEN(all);
}

struct evm *eth_evm(struct rpc_eth *eth) {
    if (eth->evm == NULL) eth->evm = evm_create(&heap_source, ETH_CODE_CACHE_MAX);
    return eth->evm;
}
