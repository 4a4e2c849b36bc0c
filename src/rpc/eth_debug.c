/* debug_: blocks, headers and receipts as they are encoded, and what transactions did step by step. */
#include "chain/call.h"
#include "rpc/eth_args.h"
#include "rpc/trace.h"

#include <inttypes.h>

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

/* A block on its way: the state of its parent and its transactions up to one that is traced. */
struct replay {
    struct eth_place place;
    struct eth_block block;
    struct state_reader reader;
    struct eth_run on;
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
    struct eth_run *on = &replay->on;
    on->vm = (struct chain_vm){.evm = eth_evm(request->eth)};
    on->header = *header;
    replay->done = 0;
    state_init(&on->state, arena, &replay->reader);
    block_run_init(
        &on->run, arena, &on->state, &on->vm, request->eth->backend->config, &on->header
    );
    on->run.allow_impersonation = true; /* the chain has judged its blocks */
    block_run_start(&on->run, header);
    return true;
}

/* Runs the next transaction. */
static bool replay_run(struct request *request, struct replay *replay, struct tx_outcome *outcome) {
    const size_t index = replay->done++;
    const struct tx *tx = &replay->block.block.txs[index];
    const struct address sender = eth_sender(request->call->arena, tx, &replay->block.rules);
    const enum tx_verdict verdict = block_run_tx(&replay->on.run, outcome, tx, &sender);
    if (!eth_state_is_sound(request)) return false;
    if (verdict != TX_VALID) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR, "transaction %zu of the block cannot be run again: %s",
            index, tx_verdict_text(verdict)
        );
    }
    return true;
}

/* Runs those before index. */
static bool replay_until(struct request *request, struct replay *replay, size_t index) {
    struct tx_outcome outcome;
    while (replay->done < index) {
        if (!replay_run(request, replay, &outcome)) return false;
    }
    return true;
}

static bool refuse(struct request *request, const char *text) {
    return text == NULL || rpc_fail(request->call, RPC_SERVER_ERROR, "%s", text);
}

/* Runs the next transaction and answers with its trace. */
static bool replay_traced(
    struct request *request, struct replay *replay, const struct json *config
) {
    struct rpc_call *call = request->call;
    const size_t index = replay->done;
    const struct tx *tx = &replay->block.block.txs[index];
    const struct address sender = eth_sender(call->arena, tx, &replay->block.rules);
    struct hash hash;
    struct tx_outcome outcome;
    struct trace *trace = ARENA_NEW(call->arena, struct trace);
    tx_hash_of(&hash, replay->block.block.encoded_txs[index]);
    const struct trace_subject subject = {
        .run = &replay->on.run,
        .tx = tx,
        .sender = &sender,
        .block_hash = &replay->block.hash,
        .tx_hash = &hash,
        .tx_index = index,
        .now_ms = request->eth->now_ms,
        .now_ctx = request->eth->now_ctx,
    };
    if (!refuse(request, trace_begin(trace, call->arena, call->result, config, &subject))) {
        return false;
    }
    replay->on.vm.tracer = &trace->tracer;
    const bool good = replay_run(request, replay, &outcome);
    replay->on.vm.tracer = NULL;
    return good && refuse(request, trace_end(trace, &outcome));
}

static bool trace_tx(struct request *request) {
    struct hash hash;
    struct store_tx_place where;
    struct replay *replay = ARENA_NEW(request->call->arena, struct replay);
    if (!param_hash(request->call, 0, &hash) || !eth_open(request)) return false;
    const struct status status = store_tx(request->view, &where, &hash);
    if (status.code == STATUS_MISSING) {
        return rpc_fail(request->call, RPC_SERVER_ERROR, "transaction not found");
    }
    if (failed(status)) return eth_fail_status(request, status);
    if (!eth_find_number(request, &replay->place, where.number)) return false;
    if (!eth_read_block(request, &replay->block, &replay->place)) return false;
    if (!replay_open(request, replay)) return false;
    return replay_until(request, replay, where.index) &&
        replay_traced(request, replay, json_at(request->call->params, 1));
}

static bool trace_block(struct request *request) {
    struct json_writer *out = request->call->result;
    struct block_ref ref;
    struct replay *replay = ARENA_NEW(request->call->arena, struct replay);
    if (!param_present(request->call, 0)) return param_missing(request->call, 0);
    if (!param_block(request->call, 0, &ref)) return false;
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
        if (!replay_traced(request, replay, json_at(request->call->params, 1))) return false;
        json_end_object(out);
    }
    json_end_array(out);
    return true;
}

/* The state that a call is traced on: after the block at ref, or after the first transactions of it. */
static bool open_call(
    struct request *request,
    struct replay *replay,
    const struct block_ref *ref,
    const struct json *tx_index
) {
    uint64_t index;
    if (json_kind(tx_index) <= JSON_NULL) {
        return eth_run_open(request, &replay->on, ref, SIZE_MAX, SIZE_MAX);
    }
    if (!json_read_u64(tx_index, &index)) {
        return rpc_fail(request->call, RPC_INVALID_PARAMS, "invalid argument 2: txIndex");
    }
    if (!eth_find(request, &replay->place, ref)) return false;
    if (!replay->place.found) return eth_fail_not_found(request, ref);
    if (!eth_read_block(request, &replay->block, &replay->place)) return false;
    if (index > replay->block.block.tx_count) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR, "transaction index %" PRIu64 " out of range", index
        );
    }
    return replay_open(request, replay) && replay_until(request, replay, (size_t)index);
}

/* debug_traceCall(call, block, {…, txIndex, stateOverrides, blockOverrides}) */
static bool trace_call(struct request *request) {
    struct rpc_call *call = request->call;
    const struct json *config = json_at(call->params, 2);
    struct eth_args args;
    struct block_ref ref;
    struct tx_outcome outcome;
    struct trace *trace = ARENA_NEW(call->arena, struct trace);
    struct replay *replay = ARENA_NEW(call->arena, struct replay);
    struct eth_run *on = &replay->on;
    if (!eth_read_args(request, 0, &args) || !param_block(call, 1, &ref)) return false;
    if (!open_call(request, replay, &ref, json_get(config, "txIndex"))) return false;
    if (!eth_run_override_block(request, on, 2, json_get(config, "blockOverrides")) ||
        !eth_run_override_state(request, on, 2, json_get(config, "stateOverrides"))) {
        return false;
    }
    eth_args_complete_call(&args);
    const struct trace_subject subject = {
        .run = &on->run,
        .tx = &args.tx,
        .sender = &args.from,
        .now_ms = request->eth->now_ms,
        .now_ctx = request->eth->now_ctx,
    };
    if (!refuse(request, trace_begin(trace, call->arena, call->result, config, &subject))) {
        return false;
    }
    on->vm.tracer = &trace->tracer;
    const enum tx_verdict verdict = chain_call(&on->run, &outcome, &args.tx, &args.from);
    if (!eth_state_is_sound(request)) return false;
    if (verdict != TX_VALID) {
        return eth_fail_call(request, verdict, on, &args, "tracing failed: ");
    }
    return refuse(request, trace_end(trace, &outcome));
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
