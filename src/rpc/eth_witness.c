/* debug_executionWitness, and what the guest program block_stf reads: what a block needs of the state
 * before it. */
#include "chain/stateless.h"
#include "rpc/eth_parts.h"

/* The canonical chain up to a block, for stateless_record. */
struct chain_source {
    struct request *request;
    struct status status; /* the first failure */
};

static bool took(struct chain_source *source, struct status status) {
    if (failed(status) && !failed(source->status)) source->status = status;
    return !failed(status);
}

static bool read_code(void *ctx, const struct hash *hash, struct bytes *code) {
    struct chain_source *const source = ctx;
    return took(source, store_code(source->request->view, code, hash));
}

static bool read_header(void *ctx, uint64_t number, struct bytes *encoded) {
    struct chain_source *const source = ctx;
    struct store_view *const view = source->request->view;
    struct store_mark mark;
    return took(source, store_canonical(view, &mark, number)) &&
        took(source, store_header(view, encoded, number, &mark.hash));
}

/* The block that argument 0 names, as it is encoded, and its witness. */
static bool make_witness(struct request *request, struct bytes *encoded, struct witness *witness) {
    struct arena *const arena = request->call->arena;
    struct block_ref ref;
    struct eth_place place;
    struct eth_block block;
    if (!param_present(request->call, 0)) return param_missing(request->call, 0);
    if (!param_block(request->call, 0, &ref) || !eth_find(request, &place, &ref)) return false;
    if (!place.found) return rpc_fail(request->call, RPC_SERVER_ERROR, "block not found");
    if (place.is_pending || !place.is_canonical || place.number == 0) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR,
            "only blocks of the canonical chain behind its genesis have a witness"
        );
    }
    if (!eth_read_block(request, &block, &place)) return false;

    struct chain_source chain = {request, status_ok};
    struct stateless_source source = {.code = read_code, .header = read_header, .ctx = &chain};
    const struct status status = store_trie(request->view, arena, &source.nodes, place.number - 1);
    if (status.code == STATUS_UNAVAILABLE) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR,
            "proof window exceeded: only the last %d blocks have a witness", STORE_PROOF_BLOCKS
        );
    }
    if (failed(status)) return eth_fail_status(request, status);
    struct stateless_result result;
    const struct chain_vm vm = {.evm = eth_evm(request->eth)};
    *encoded = eth_raw_block(arena, &block);
    const enum stateless_verdict verdict = stateless_record(
        arena, witness, &result, &vm, request->eth->backend->config, *encoded, &source
    );
    if (failed(chain.status)) return eth_fail_status(request, chain.status);
    if (verdict == STATELESS_VALID) return true;
    if (verdict != STATELESS_INVALID_BLOCK) {
        return rpc_fail(request->call, RPC_INTERNAL, "the state's trie cannot be read");
    }
    /* A development chain may have set a base fee or impersonated a sender. */
    return rpc_fail(
        request->call, RPC_SERVER_ERROR, "the block is not valid by Ethereum's rules alone: %s",
        result.block == BLOCK_INVALID_TRANSACTION ? tx_verdict_text(result.tx)
                                                  : block_verdict_text(result.block)
    );
}

static void put_list(struct json_writer *out, const char *name, struct witness_list list) {
    json_name(out, name);
    json_begin_array(out);
    for (size_t i = 0; i < list.count; i++) {
        json_write_hex(out, list.items[i]);
    }
    json_end_array(out);
}

static bool execution_witness(struct request *request) {
    struct json_writer *const out = request->call->result;
    struct bytes encoded;
    struct witness witness;
    if (!make_witness(request, &encoded, &witness)) return false;
    json_begin_object(out);
    put_list(out, "state", witness.nodes);
    put_list(out, "codes", witness.codes);
    put_list(out, "keys", witness.keys);
    put_list(out, "headers", witness.headers);
    json_end_object(out);
    return true;
}

/* {onchain, offchain}: what `infinity machine run` takes under these names. */
static bool stateless_job(struct request *request) {
    struct json_writer *const out = request->call->result;
    struct arena *const arena = request->call->arena;
    struct bytes encoded;
    struct witness witness;
    if (!make_witness(request, &encoded, &witness)) return false;
    json_begin_object(out);
    json_name(out, "onchain");
    json_write_hex(out, witness_encode_config(arena, request->eth->backend->config));
    json_name(out, "offchain");
    json_write_hex(out, stateless_input(arena, encoded, &witness));
    json_end_object(out);
    return true;
}

ETH_WRAP(execution_witness)
ETH_WRAP(stateless_job)

static const struct rpc_method methods[] = {
    {"debug_executionWitness", call_execution_witness, 1},
    {"debug_statelessJob", call_stateless_job, 1},
};
const struct rpc_table eth_witness_table = {methods, ARRAY_LEN(methods), NULL};
