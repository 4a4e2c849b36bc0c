/* dev: what development tools ask of a development chain: evm_, anvil_ and hardhat_ methods.
 *
 * Names, arguments and answers are those that forge, viem's test client and hardhat-network-helpers
 * use; anvil and Hardhat spell most of them twice.
 */
#include "base/checked.h"
#include "rpc/backend.h"
#include "rpc/namespaces.h"
#include "rpc/params.h"

#define DEV_CODE_MAX ((size_t)1 << 20) /* bytes set as an account's code */

static bool ok_true(struct rpc_call *call) {
    json_write_bool(call->result, true);
    return true;
}

static bool ok_null(struct rpc_call *call) {
    json_write_null(call->result);
    return true;
}

static bool refuse(struct rpc_call *call, const char *refusal) {
    return rpc_fail(call, RPC_SERVER_ERROR, "%s", refusal);
}

static bool apply(struct rpc_call *call, enum rpc_setting setting, uint64_t value) {
    const struct rpc_backend *backend = call->ctx;
    const char *refusal;
    return backend->set(backend->ctx, setting, value, &refusal) || refuse(call, refusal);
}

/* ---- blocks ---- */

static bool mine_now(struct rpc_call *call, uint64_t count, uint64_t interval_s) {
    const struct rpc_backend *backend = call->ctx;
    const char *refusal;
    return backend->mine(backend->ctx, count, interval_s, &refusal) || refuse(call, refusal);
}

/* evm_mine(timestamp?) or evm_mine({timestamp?, blocks?}). */
static bool evm_mine(struct rpc_call *call) {
    const struct json *options = json_at(call->params, 0);
    const struct json *timestamp = options;
    uint64_t count = 1, at;
    if (json_kind(options) == JSON_OBJECT) {
        timestamp = json_get(options, "timestamp");
        const struct json *blocks = json_get(options, "blocks");
        if (json_is_given(blocks) && !json_read_u64(blocks, &count)) {
            return rpc_fail(call, RPC_INVALID_PARAMS, "invalid argument 0: blocks is no number");
        }
    }
    if (json_is_given(timestamp)) {
        if (!json_read_u64(timestamp, &at)) {
            return rpc_fail(call, RPC_INVALID_PARAMS, "invalid argument 0: timestamp is no number");
        }
        if (!apply(call, RPC_NEXT_TIMESTAMP, at)) return false;
    }
    if (!mine_now(call, count, 0)) return false;
    json_write_cstring(call->result, "0x0");
    return true;
}

/* hardhat_mine(blocks = 1, interval = 1 s). */
static bool hardhat_mine(struct rpc_call *call) {
    uint64_t count = 1, interval_s = 0;
    if (param_present(call, 0) && !param_u64(call, 0, &count)) return false;
    if (param_present(call, 1) && !param_u64(call, 1, &interval_s)) return false;
    return mine_now(call, count, interval_s) && ok_null(call);
}

static bool set_automine(struct rpc_call *call) {
    bool on;
    return param_bool(call, 0, &on) && apply(call, RPC_AUTOMINE, on) && ok_true(call);
}

static bool get_automine(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    json_write_bool(call->result, backend->get(backend->ctx, RPC_AUTOMINE) != 0);
    return true;
}

/* Seconds, as anvil and viem count. */
static bool set_interval(struct rpc_call *call) {
    uint64_t value, ms;
    if (!param_u64(call, 0, &value)) return false;
    if (!mul_u64(&ms, value, 1000)) return refuse(call, "interval out of range");
    return apply(call, RPC_BLOCK_INTERVAL_MS, ms) && ok_true(call);
}

static bool get_interval(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    const uint64_t ms = backend->get(backend->ctx, RPC_BLOCK_INTERVAL_MS);
    if (ms == 0) return ok_null(call);
    json_write_number(call->result, ms / 1000);
    return true;
}

static bool set_gas_limit(struct rpc_call *call) {
    uint64_t value;
    return param_u64(call, 0, &value) && apply(call, RPC_GAS_LIMIT, value) && ok_true(call);
}

static bool set_next_base_fee(struct rpc_call *call) {
    uint64_t value;
    return param_u64(call, 0, &value) && apply(call, RPC_NEXT_BASE_FEE, value) && ok_null(call);
}

static bool set_min_gas_price(struct rpc_call *call) {
    uint64_t value;
    return param_u64(call, 0, &value) && apply(call, RPC_MIN_GAS_PRICE, value) && ok_null(call);
}

static bool set_coinbase(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    struct address address;
    if (!param_address(call, 0, &address)) return false;
    backend->set_coinbase(backend->ctx, &address);
    return ok_null(call);
}

static bool set_prevrandao(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    struct hash value;
    if (!param_hash(call, 0, &value)) return false;
    backend->set_prevrandao(backend->ctx, &value);
    return ok_null(call);
}

/* ---- time ---- */

static bool increase_time(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    uint64_t seconds;
    if (!param_u64(call, 0, &seconds)) return false;
    const int64_t before = (int64_t)backend->get(backend->ctx, RPC_TIME_OFFSET);
    if (seconds > INT32_MAX * (uint64_t)1000) return refuse(call, "more time than there is");
    const int64_t offset = before + (int64_t)seconds;
    if (!apply(call, RPC_TIME_OFFSET, (uint64_t)offset)) return false;
    json_write_number(call->result, offset < 0 ? 0 : (uint64_t)offset);
    return true;
}

static bool set_next_timestamp(struct rpc_call *call) {
    uint64_t value;
    return param_u64(call, 0, &value) && apply(call, RPC_NEXT_TIMESTAMP, value) && ok_null(call);
}

static bool set_timestamp_interval(struct rpc_call *call) {
    uint64_t value;
    return param_u64(call, 0, &value) && apply(call, RPC_TIMESTAMP_INTERVAL, value) &&
        ok_null(call);
}

static bool remove_timestamp_interval(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    const bool was_set = backend->get(backend->ctx, RPC_TIMESTAMP_INTERVAL) != 0;
    if (!apply(call, RPC_TIMESTAMP_INTERVAL, 0)) return false;
    json_write_bool(call->result, was_set);
    return true;
}

/* ---- accounts ---- */

static bool change_account(struct rpc_call *call, const struct rpc_account_change *change) {
    const struct rpc_backend *backend = call->ctx;
    struct address address;
    const char *refusal;
    if (!param_address(call, 0, &address)) return false;
    return backend->set_account(backend->ctx, &address, change, &refusal) ? ok_true(call)
                                                                          : refuse(call, refusal);
}

static bool set_balance(struct rpc_call *call) {
    struct u256 balance;
    const struct rpc_account_change change = {.balance = &balance};
    return param_u256(call, 1, &balance) && change_account(call, &change);
}

static bool set_nonce(struct rpc_call *call) {
    uint64_t nonce;
    const struct rpc_account_change change = {.nonce = &nonce};
    return param_u64(call, 1, &nonce) && change_account(call, &change);
}

static bool set_code(struct rpc_call *call) {
    struct bytes code;
    const struct rpc_account_change change = {.code = &code};
    return param_bytes(call, 1, &code, DEV_CODE_MAX) && change_account(call, &change);
}

static bool set_storage(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    struct address address;
    struct u256 slot_number;
    struct hash slot, value;
    const char *refusal;
    if (!param_address(call, 0, &address) || !param_u256(call, 1, &slot_number) ||
        !param_hash(call, 2, &value)) {
        return false;
    }
    u256_to_be(slot.bytes, &slot_number);
    return backend->set_storage(backend->ctx, &address, &slot, &value, &refusal)
        ? ok_true(call)
        : refuse(call, refusal);
}

static bool impersonate(struct rpc_call *call, bool on) {
    const struct rpc_backend *backend = call->ctx;
    struct address address;
    if (!param_address(call, 0, &address)) return false;
    backend->impersonate(backend->ctx, &address, on);
    return ok_true(call);
}

static bool start_impersonating(struct rpc_call *call) {
    return impersonate(call, true);
}

static bool stop_impersonating(struct rpc_call *call) {
    return impersonate(call, false);
}

static bool auto_impersonate(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    bool on;
    if (!param_bool(call, 0, &on)) return false;
    backend->impersonate_all(backend->ctx, on);
    return ok_null(call);
}

/* ---- pool ---- */

static bool drop_transaction(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    struct hash hash;
    if (!param_hash(call, 0, &hash)) return false;
    const bool dropped = backend->drop(backend->ctx, &hash);
    if (dropped) {
        json_write_hash(call->result, &hash);
    } else {
        json_write_null(call->result);
    }
    return true;
}

static bool drop_all_transactions(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    backend->drop_all(backend->ctx);
    return ok_null(call);
}

/* ---- snapshots ---- */

static bool snapshot(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    uint64_t id;
    const struct status status = backend->snapshot(backend->ctx, &id);
    if (failed(status)) return rpc_fail_status(call, status);
    json_write_quantity(call->result, id);
    return true;
}

static bool revert(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    uint64_t id;
    bool reverted;
    if (!param_u64(call, 0, &id)) return false;
    const struct status status = backend->revert(backend->ctx, id, &reverted);
    if (failed(status)) return rpc_fail_status(call, status);
    json_write_bool(call->result, reverted);
    return true;
}

static bool reset(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    /* viem's reset() always sends an object, whose URL is absent where nothing is to be forked. */
    const struct json *forking = json_get(json_at(call->params, 0), "forking");
    if (json_is_given(json_get(forking, "jsonRpcUrl")) ||
        json_is_given(json_get(forking, "blockNumber"))) {
        return refuse(call, "this chain does not fork another: anvil_reset takes no forking");
    }
    const struct status status = backend->reset(backend->ctx);
    return failed(status) ? rpc_fail_status(call, status) : ok_null(call);
}

/* ---- about the node ---- */

static bool node_info(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    struct json_writer *out = call->result;
    struct rpc_heads heads;
    backend->heads(backend->ctx, &heads);
    json_begin_object(out);
    json_name(out, "currentBlockNumber");
    json_write_quantity(out, heads.latest.number);
    json_name(out, "currentBlockHash");
    json_write_hash(out, &heads.latest.hash);
    json_name(out, "hardFork");
    json_write_cstring(out, "Osaka");
    json_name(out, "transactionOrder");
    json_write_cstring(out, "fees");
    json_name(out, "environment");
    json_begin_object(out);
    json_name(out, "chainId");
    json_write_quantity(out, backend->chain_id);
    json_name(out, "gasLimit");
    json_write_quantity(out, backend->get(backend->ctx, RPC_GAS_LIMIT));
    json_end_object(out);
    json_end_object(out);
    return true;
}

static bool metadata(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    struct json_writer *out = call->result;
    struct rpc_heads heads;
    backend->heads(backend->ctx, &heads);
    json_begin_object(out);
    json_name(out, "clientVersion");
    json_write_cstring(out, backend->client_version);
    json_name(out, "chainId");
    json_write_number(out, backend->chain_id);
    json_name(out, "latestBlockNumber");
    json_write_number(out, heads.latest.number);
    json_name(out, "latestBlockHash");
    json_write_hash(out, &heads.latest.hash);
    json_end_object(out);
    return true;
}

static bool set_logging(struct rpc_call *call) {
    bool on;
    return param_bool(call, 0, &on) && apply(call, RPC_LOGGING, on) && ok_true(call);
}

static const struct rpc_method methods[] = {
    {"evm_mine", evm_mine, 1},
    {"anvil_mine", hardhat_mine, 2},
    {"hardhat_mine", hardhat_mine, 2},
    {"evm_setAutomine", set_automine, 1},
    {"anvil_setAutomine", set_automine, 1},
    {"anvil_getAutomine", get_automine, 0},
    {"hardhat_getAutomine", get_automine, 0},
    {"evm_setIntervalMining", set_interval, 1},
    {"anvil_setIntervalMining", set_interval, 1},
    {"anvil_getIntervalMining", get_interval, 0},
    {"evm_setBlockGasLimit", set_gas_limit, 1},
    {"anvil_setBlockGasLimit", set_gas_limit, 1},
    {"anvil_setNextBlockBaseFeePerGas", set_next_base_fee, 1},
    {"hardhat_setNextBlockBaseFeePerGas", set_next_base_fee, 1},
    {"anvil_setMinGasPrice", set_min_gas_price, 1},
    {"hardhat_setMinGasPrice", set_min_gas_price, 1},
    {"anvil_setCoinbase", set_coinbase, 1},
    {"hardhat_setCoinbase", set_coinbase, 1},
    {"hardhat_setPrevRandao", set_prevrandao, 1},
    {"anvil_setNextBlockPrevRandao", set_prevrandao, 1},
    {"evm_increaseTime", increase_time, 1},
    {"anvil_increaseTime", increase_time, 1},
    {"evm_setNextBlockTimestamp", set_next_timestamp, 1},
    {"anvil_setNextBlockTimestamp", set_next_timestamp, 1},
    {"anvil_setBlockTimestampInterval", set_timestamp_interval, 1},
    {"anvil_removeBlockTimestampInterval", remove_timestamp_interval, 0},
    {"anvil_setBalance", set_balance, 2},
    {"hardhat_setBalance", set_balance, 2},
    {"anvil_setNonce", set_nonce, 2},
    {"hardhat_setNonce", set_nonce, 2},
    {"evm_setAccountNonce", set_nonce, 2},
    {"anvil_setCode", set_code, 2},
    {"hardhat_setCode", set_code, 2},
    {"anvil_setStorageAt", set_storage, 3},
    {"hardhat_setStorageAt", set_storage, 3},
    {"anvil_impersonateAccount", start_impersonating, 1},
    {"hardhat_impersonateAccount", start_impersonating, 1},
    {"anvil_stopImpersonatingAccount", stop_impersonating, 1},
    {"hardhat_stopImpersonatingAccount", stop_impersonating, 1},
    {"anvil_autoImpersonateAccount", auto_impersonate, 1},
    {"anvil_dropTransaction", drop_transaction, 1},
    {"hardhat_dropTransaction", drop_transaction, 1},
    {"anvil_dropAllTransactions", drop_all_transactions, 0},
    {"evm_snapshot", snapshot, 0},
    {"anvil_snapshot", snapshot, 0},
    {"evm_revert", revert, 1},
    {"anvil_revert", revert, 1},
    {"anvil_reset", reset, 1},
    {"hardhat_reset", reset, 1},
    {"anvil_nodeInfo", node_info, 0},
    {"anvil_metadata", metadata, 0},
    {"hardhat_metadata", metadata, 0},
    {"anvil_setLoggingEnabled", set_logging, 1},
    {"hardhat_setLoggingEnabled", set_logging, 1},
};

struct rpc_table rpc_dev_table(struct rpc_backend *backend) {
    return (struct rpc_table){methods, ARRAY_LEN(methods), backend};
}
