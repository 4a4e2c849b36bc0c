/* debug_: blocks, headers and receipts as they are encoded, and what transactions did step by step. */
#include "chain/call.h"
#include "rpc/eth_args.h"
#include "rpc/trace.h"

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
    json_write_hex(request->call->result, header_encode(request->call->arena, &block.block.header));
    return true;
}

static bool get_raw_block(struct request *request) {
    struct eth_place place;
    struct eth_block block;
    if (!open_block(request, &place, &block)) return false;
    json_write_hex(request->call->result, eth_raw_block(request->call->arena, &block));
    return true;
}

static bool get_raw_receipts(struct request *request) {
    struct eth_place place;
    struct eth_block block;
    if (!open_block(request, &place, &block)) return false;
    if (!eth_read_receipts(request, &block, &place)) return false;
    json_begin_array(request->call->result);
    for (size_t i = 0; i < block.block.tx_count; i++) {
        json_write_hex(
            request->call->result, receipt_encode(request->call->arena, &block.receipts[i])
        );
    }
    json_end_array(request->call->result);
    return true;
}

/* ---- Traces ---- */

static bool read_options(struct request *request, size_t index, struct trace_options *options) {
    const struct json *config = json_at(request->call->params, index);
    const struct json *tracer = json_get(config, "tracer");
    const struct json *tracer_config = json_get(config, "tracerConfig");
    *options = (struct trace_options){
        .disable_stack = json_is_true(json_get(config, "disableStack")),
        .disable_storage = json_is_true(json_get(config, "disableStorage")),
        .enable_memory = json_is_true(json_get(config, "enableMemory")),
        .enable_return_data = json_is_true(json_get(config, "enableReturnData")),
        .only_top_call = json_is_true(json_get(tracer_config, "onlyTopCall")),
        .with_log = json_is_true(json_get(tracer_config, "withLog")),
    };
    if (!json_read_u64(json_get(config, "limit"), &options->limit)) options->limit = 0;
    if (json_kind(tracer) <= JSON_NULL) return true;
    if (json_text_is(tracer, "callTracer")) {
        options->kind = TRACE_CALLS;
        return true;
    }
    if (json_text_is(tracer, "noopTracer")) {
        options->kind = TRACE_NOTHING;
        return true;
    }
    return rpc_fail(
        request->call, RPC_SERVER_ERROR,
        "tracer not found: callTracer, noopTracer and struct logs (no tracer) are offered"
    );
}

/* A block on its way: the state of its parent and its transactions up to one that is traced. */
struct replay {
    struct eth_place place;
    struct eth_block block;
    struct state_reader reader;
    struct state state;
    struct chain_vm vm;
    struct block_run run;
    size_t done; /* transactions that have run */
};

static bool replay_open(struct request *request, struct replay *replay) {
    const struct header *header = &replay->block.block.header;
    if (replay->place.is_pending || !replay->place.is_canonical) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR, "only blocks of the canonical chain can be traced"
        );
    }
    if (header->number == 0) {
        return rpc_fail(request->call, RPC_SERVER_ERROR, "genesis is not traceable");
    }
    struct arena *arena = request->call->arena;
    const struct status status =
        store_state(request->view, arena, &replay->reader, header->number - 1);
    if (failed(status)) return eth_fail_status(request, status);
    replay->vm = (struct chain_vm){.evm = eth_evm(request->eth)};
    replay->done = 0;
    state_init(&replay->state, arena, &replay->reader);
    block_run_init(
        &replay->run, arena, &replay->state, &replay->vm, request->eth->backend->config, header
    );
    replay->run.allow_impersonation = true; /* the chain has judged its blocks */
    block_run_start(&replay->run, header);
    return true;
}

/* Runs the next transaction, traced where options are given. */
static bool replay_next(
    struct request *request, struct replay *replay, const struct trace_options *options
) {
    const size_t index = replay->done++;
    const struct tx *tx = &replay->block.block.txs[index];
    const struct address sender = eth_sender(request->call->arena, tx, &replay->block.rules);
    struct tx_outcome outcome;
    struct trace trace;
    replay->vm.tracer = NULL;
    if (options != NULL) {
        trace_begin(
            &trace, options, request->call->result, request->call->arena, replay->run.evm_rules
        );
        replay->vm.tracer = &trace.tracer;
    }
    const enum tx_verdict verdict = block_run_tx(&replay->run, &outcome, tx, &sender);
    if (!eth_state_is_sound(request)) return false;
    if (verdict != TX_VALID) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR, "transaction %zu of the block cannot be run again: %s",
            index, tx_verdict_text(verdict)
        );
    }
    if (options != NULL) trace_end(&trace, &outcome, tx->gas_limit);
    return true;
}

static bool trace_tx(struct request *request) {
    struct hash hash;
    struct store_tx_place where;
    struct trace_options options;
    struct replay *replay = ARENA_NEW(request->call->arena, struct replay);
    if (!param_hash(request->call, 0, &hash) || !read_options(request, 1, &options)) return false;
    if (!eth_open(request)) return false;
    const struct status status = store_tx(request->view, &where, &hash);
    if (status.code == STATUS_MISSING) {
        return rpc_fail(request->call, RPC_SERVER_ERROR, "transaction not found");
    }
    if (failed(status)) return eth_fail_status(request, status);
    if (!eth_find_number(request, &replay->place, where.number)) return false;
    if (!eth_read_block(request, &replay->block, &replay->place)) return false;
    if (!replay_open(request, replay)) return false;
    while (replay->done < where.index) {
        if (!replay_next(request, replay, NULL)) return false;
    }
    return replay_next(request, replay, &options);
}

static bool trace_block(struct request *request) {
    struct json_writer *out = request->call->result;
    struct block_ref ref;
    struct trace_options options;
    struct replay *replay = ARENA_NEW(request->call->arena, struct replay);
    if (!param_present(request->call, 0)) return param_missing(request->call, 0);
    if (!param_block(request->call, 0, &ref) || !read_options(request, 1, &options)) return false;
    if (!eth_find(request, &replay->place, &ref)) return false;
    if (!replay->place.found) {
        const struct bytes text = json_text(json_at(request->call->params, 0));
        return rpc_fail(
            request->call, RPC_SERVER_ERROR, "block %.*s not found", (int)text.len,
            (const char *)text.data
        );
    }
    if (!eth_read_block(request, &replay->block, &replay->place)) return false;
    if (!replay_open(request, replay)) return false;
    json_begin_array(out);
    while (replay->done < replay->block.block.tx_count && !out->overflowed) {
        struct hash hash;
        tx_hash_of(&hash, replay->block.block.encoded_txs[replay->done]);
        json_begin_object(out);
        json_name(out, "txHash");
        json_write_hash(out, &hash);
        json_name(out, "result");
        if (!replay_next(request, replay, &options)) return false;
        json_end_object(out);
    }
    json_end_array(out);
    return true;
}

/* debug_traceCall(call, block, {…, stateOverrides, blockOverrides}) */
static bool trace_call(struct request *request) {
    const struct json *config = json_at(request->call->params, 2);
    struct eth_args args;
    struct block_ref ref;
    struct trace_options options;
    struct tx_outcome outcome;
    struct trace trace;
    struct eth_run run;
    if (!eth_read_args(request, 0, &args) || !param_block(request->call, 1, &ref)) return false;
    if (!read_options(request, 2, &options)) return false;
    if (!eth_run_open(request, &run, &ref, SIZE_MAX, SIZE_MAX)) return false;
    if (!eth_run_override_block(request, &run, 2, json_get(config, "blockOverrides")) ||
        !eth_run_override_state(request, &run, 2, json_get(config, "stateOverrides"))) {
        return false;
    }
    eth_args_complete_call(&args);
    trace_begin(&trace, &options, request->call->result, request->call->arena, run.run.evm_rules);
    run.vm.tracer = &trace.tracer;
    const enum tx_verdict verdict = chain_call(&run.run, &outcome, &args.tx, &args.from);
    if (!eth_state_is_sound(request)) return false;
    if (verdict != TX_VALID) {
        return eth_fail_call(request, verdict, &run, &args, "tracing failed: ");
    }
    trace_end(&trace, &outcome, args.tx.gas_limit);
    return true;
}

ETH_WRAP(get_raw_header)
ETH_WRAP(get_raw_block)
ETH_WRAP(get_raw_receipts)
ETH_WRAP(trace_tx)
ETH_WRAP(trace_block)
ETH_WRAP(trace_call)

static const struct rpc_method methods[] = {
    {"debug_getRawHeader", call_get_raw_header, 1},
    {"debug_getRawBlock", call_get_raw_block, 1},
    {"debug_getRawReceipts", call_get_raw_receipts, 1},
    {"debug_traceTransaction", call_trace_tx, 2},
    {"debug_traceBlockByNumber", call_trace_block, 2},
    {"debug_traceBlockByHash", call_trace_block, 2},
    {"debug_traceCall", call_trace_call, 3},
};
const struct rpc_table eth_debug_table = {methods, ARRAY_LEN(methods), NULL};
