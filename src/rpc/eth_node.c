/* What a client asks about the node itself: eth_chainId, net_, web3_, rpc_modules. */
#include "crypto/keccak.h"
#include "rpc/dispatch.h"
#include "rpc/eth_parts.h"

#include <inttypes.h>

enum { NAMESPACES_MAX = 32 };

static bool chain_id(struct request *request) {
    json_write_quantity(request->call->result, request->eth->backend->chain_id);
    return true;
}

static bool block_number(struct request *request) {
    struct rpc_heads heads;
    request->eth->backend->heads(request->eth->backend->ctx, &heads);
    json_write_quantity(request->call->result, heads.latest.number);
    return true;
}

static bool answer_false(struct request *request) {
    json_write_bool(request->call->result, false);
    return true;
}

static bool answer_true(struct request *request) {
    json_write_bool(request->call->result, true);
    return true;
}

static bool answer_zero(struct request *request) {
    json_write_quantity(request->call->result, 0);
    return true;
}

static bool coinbase(struct request *request) {
    json_write_address(request->call->result, &request->eth->backend->coinbase);
    return true;
}

static bool accounts(struct request *request) {
    const struct rpc_backend *backend = request->eth->backend;
    json_begin_array(request->call->result);
    for (size_t i = 0; i < backend->account_count; i++) {
        json_write_address(request->call->result, &backend->accounts[i].address);
    }
    json_end_array(request->call->result);
    return true;
}

static bool net_version(struct request *request) {
    json_write_format(request->call->result, "%" PRIu64, request->eth->backend->network_id);
    return true;
}

static bool client_version(struct request *request) {
    json_write_cstring(request->call->result, request->eth->backend->client_version);
    return true;
}

static bool sha3(struct request *request) {
    struct bytes data;
    struct hash hash;
    if (!param_bytes(request->call, 0, &data, RPC_REQUEST_SIZE_MAX)) return false;
    keccak256(&hash, data);
    json_write_hash(request->call->result, &hash);
    return true;
}

static bool modules(struct request *request) {
    struct bytes names[NAMESPACES_MAX];
    size_t count = 0;
    if (request->eth->dispatcher != NULL) {
        count = rpc_namespaces(request->eth->dispatcher, names, NAMESPACES_MAX);
    }
    json_begin_object(request->call->result);
    for (size_t i = 0; i < count; i++) {
        json_name_bytes(request->call->result, names[i]);
        json_write_cstring(request->call->result, "1.0");
    }
    json_end_object(request->call->result);
    return true;
}

static void put_range(struct json_writer *out, const char *name) {
    json_name(out, name);
    json_begin_object(out);
    json_name(out, "disabled");
    json_write_bool(out, false);
    json_name(out, "oldestBlock");
    json_write_quantity(out, 0);
    json_end_object(out);
}

/* Everything is kept from genesis on, except tries: they are rebuilt for the last blocks. */
static bool capabilities(struct request *request) {
    struct json_writer *out = request->call->result;
    struct rpc_heads heads;
    request->eth->backend->heads(request->eth->backend->ctx, &heads);
    const uint64_t head = heads.latest.number;
    json_begin_object(out);
    json_name(out, "head");
    json_begin_object(out);
    json_name(out, "number");
    json_write_quantity(out, head);
    json_name(out, "hash");
    json_write_hash(out, &heads.latest.hash);
    json_end_object(out);
    put_range(out, "state");
    put_range(out, "tx");
    put_range(out, "logs");
    put_range(out, "receipts");
    put_range(out, "blocks");
    json_name(out, "stateproofs");
    json_begin_object(out);
    json_name(out, "disabled");
    json_write_bool(out, false);
    json_name(out, "oldestBlock");
    json_write_quantity(out, head < STORE_PROOF_BLOCKS ? 0 : head - STORE_PROOF_BLOCKS);
    json_end_object(out);
    json_end_object(out);
    return true;
}

ETH_WRAP(chain_id)
ETH_WRAP(block_number)
ETH_WRAP(answer_false)
ETH_WRAP(answer_true)
ETH_WRAP(answer_zero)
ETH_WRAP(coinbase)
ETH_WRAP(accounts)
ETH_WRAP(net_version)
ETH_WRAP(client_version)
ETH_WRAP(sha3)
ETH_WRAP(modules)
ETH_WRAP(capabilities)

static const struct rpc_method methods[] = {
    {"eth_chainId", call_chain_id, 0},
    {"eth_blockNumber", call_block_number, 0},
    {"eth_syncing", call_answer_false, 0},
    {"eth_coinbase", call_coinbase, 0},
    {"eth_mining", call_answer_false, 0},
    {"eth_hashrate", call_answer_zero, 0},
    {"eth_accounts", call_accounts, 0},
    {"eth_requestAccounts", call_accounts, 0},
    {"eth_capabilities", call_capabilities, 0},
    {"net_version", call_net_version, 0},
    {"net_listening", call_answer_true, 0},
    {"net_peerCount", call_answer_zero, 0},
    {"web3_clientVersion", call_client_version, 0},
    {"web3_sha3", call_sha3, 1},
    {"rpc_modules", call_modules, 0},
};
const struct rpc_table eth_node_table = {methods, ARRAY_LEN(methods), NULL};
