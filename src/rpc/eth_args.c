#include "rpc/eth_args.h"

#include "codec/abi.h"
#include "codec/hex.h"
#include "crypto/keccak.h"

#include <inttypes.h>
#include <stdio.h>

#define ACCESS_ITEMS_MAX   ((size_t)10000)
#define AUTHORIZATIONS_MAX ((size_t)1000)
#define OVERRIDES_MAX      ((size_t)10000) /* accounts and slots together */
#define REASON_SIZE_MAX    ((size_t)900)

static const char type_name[] = "TransactionArgs";

static bool refuse(struct request *request, const char *text) {
    return rpc_fail(request->call, RPC_SERVER_ERROR, "%s", text);
}

static bool malformed(struct request *request, size_t index, const char *what) {
    return rpc_fail(request->call, RPC_INVALID_PARAMS, "invalid argument %zu: %s", index, what);
}

const char *eth_checksummed(struct arena *arena, const struct address *address) {
    enum { DIGITS = 2 * sizeof address->bytes };
    char *text = arena_alloc(arena, 2 + DIGITS + 1, 1);
    struct hash hash;
    (void)hex_encode(text, BYTES_OF(address->bytes));
    keccak256(&hash, bytes_from(text + 2, DIGITS));
    for (size_t i = 0; i < DIGITS; i++) {
        const uint8_t nibble = (hash.bytes[i / 2] >> (i % 2 == 0 ? 4 : 0)) & 15;
        if (nibble >= 8 && text[2 + i] >= 'a') text[2 + i] = (char)(text[2 + i] - 'a' + 'A');
    }
    return text;
}

/* ---- Members of a transaction ---- */

static bool read_data(
    struct request *request, const struct param_object *object, struct eth_args *args
) {
    struct bytes data = {NULL, 0}, input = {NULL, 0};
    bool has_data, has_input;
    if (!member_bytes(request->call, object, "data", &data, &has_data)) return false;
    if (!member_bytes(request->call, object, "input", &input, &has_input)) return false;
    if (has_data && has_input && !bytes_equal(data, input)) {
        return refuse(
            request,
            "both \"data\" and \"input\" are set and not equal. Please use \"input\" to pass "
            "transaction call data"
        );
    }
    args->has_data = has_data || has_input;
    args->tx.data = has_input ? input : data;
    return true;
}

static bool read_access_list(
    struct request *request, const struct param_object *object, struct eth_args *args
) {
    const struct json *list = json_get(object->json, "accessList");
    args->has_access_list = json_kind(list) == JSON_ARRAY;
    if (json_kind(list) > JSON_NULL && !args->has_access_list) {
        return malformed(request, object->index, "accessList is no array");
    }
    if (json_count(list) > ACCESS_ITEMS_MAX) {
        return malformed(request, object->index, "access list too long");
    }
    struct tx_access *entries =
        ARENA_ARRAY(request->call->arena, struct tx_access, json_count(list));
    size_t count = 0;
    for (const struct json *item = json_first(list); item != NULL; item = item->next) {
        const struct json *keys = json_get(item, "storageKeys");
        struct hash *hashes = ARENA_ARRAY(request->call->arena, struct hash, json_count(keys));
        size_t key_count = 0;
        for (const struct json *key = json_first(keys); key != NULL; key = key->next) {
            if (!value_hash(request->call, object, "storageKeys", key, &hashes[key_count++])) {
                return false;
            }
        }
        struct tx_access *entry = &entries[count++];
        *entry = (struct tx_access){.keys = hashes, .key_count = key_count};
        if (!value_address(
                request->call, object, "address", json_get(item, "address"), &entry->address
            )) {
            return false;
        }
    }
    args->tx.access_list = entries;
    args->tx.access_list_count = count;
    return true;
}

static bool read_blobs(
    struct request *request, const struct param_object *object, struct eth_args *args
) {
    const struct json *list = json_get(object->json, "blobVersionedHashes");
    args->has_blobs = json_kind(list) == JSON_ARRAY;
    if (json_count(list) > TX_BLOBS_MAX) {
        return malformed(request, object->index, "too many blob hashes");
    }
    struct hash *hashes = ARENA_ARRAY(request->call->arena, struct hash, json_count(list));
    size_t count = 0;
    for (const struct json *item = json_first(list); item != NULL; item = item->next) {
        if (!value_hash(request->call, object, "blobVersionedHashes", item, &hashes[count++])) {
            return false;
        }
    }
    args->tx.blob_hashes = hashes;
    args->tx.blob_hash_count = count;
    return true;
}

static bool read_authorization(
    struct request *request, size_t index, struct tx_authorization *out, const struct json *item
) {
    const struct param_object object = {index, item, "SetCodeAuthorization"};
    uint64_t y_parity = 0;
    bool has, has_v;
    *out = (struct tx_authorization){.nonce = 0};
    if (!member_u256(request->call, &object, "chainId", &out->chain_id, &has) ||
        !member_address(request->call, &object, "address", &out->address, &has) ||
        !member_u64(request->call, &object, "nonce", &out->nonce, &has) ||
        !member_u64(request->call, &object, "yParity", &y_parity, &has) ||
        !member_u256(request->call, &object, "r", &out->r, &has_v) ||
        !member_u256(request->call, &object, "s", &out->s, &has_v)) {
        return false;
    }
    if (!has && !member_u64(request->call, &object, "v", &y_parity, &has_v)) return false;
    out->y_parity = (uint8_t)(y_parity > UINT8_MAX ? UINT8_MAX : y_parity);
    return true;
}

static bool read_authorizations(
    struct request *request, const struct param_object *object, struct eth_args *args
) {
    const struct json *list = json_get(object->json, "authorizationList");
    args->has_authorizations = json_kind(list) == JSON_ARRAY;
    if (json_count(list) > AUTHORIZATIONS_MAX) {
        return malformed(request, object->index, "authorization list too long");
    }
    struct tx_authorization *entries =
        ARENA_ARRAY(request->call->arena, struct tx_authorization, json_count(list));
    size_t count = 0;
    for (const struct json *item = json_first(list); item != NULL; item = item->next) {
        if (json_kind(item) != JSON_OBJECT) {
            return malformed(request, object->index, "authorizationList holds what is no object");
        }
        if (!read_authorization(request, object->index, &entries[count++], item)) return false;
    }
    args->tx.authorizations = entries;
    args->tx.authorization_count = count;
    return true;
}

static bool read_fees(
    struct request *request, const struct param_object *object, struct eth_args *args
) {
    struct rpc_call *call = request->call;
    struct tx *tx = &args->tx;
    struct u256 gas_price = U256_ZERO;
    if (!member_u256(call, object, "gasPrice", &gas_price, &args->has_gas_price) ||
        !member_u256(call, object, "maxFeePerGas", &tx->max_fee_per_gas, &args->has_max_fee) ||
        !member_u256(
            call, object, "maxPriorityFeePerGas", &tx->max_priority_fee_per_gas,
            &args->has_priority_fee
        ) ||
        !member_u256(
            call, object, "maxFeePerBlobGas", &tx->max_fee_per_blob_gas, &args->has_blob_fee
        )) {
        return false;
    }
    if (!args->has_gas_price) return true;
    if (args->has_max_fee || args->has_priority_fee) {
        return refuse(
            request, "both gasPrice and (maxFeePerGas or maxPriorityFeePerGas) specified"
        );
    }
    tx->max_fee_per_gas = tx->max_priority_fee_per_gas = gas_price;
    return true;
}

static enum tx_type implied_type(const struct eth_args *args) {
    if (args->has_authorizations) return TX_TYPE_SET_CODE;
    if (args->has_blobs || args->has_blob_fee) return TX_TYPE_BLOB;
    if (!args->has_gas_price) return TX_TYPE_DYNAMIC_FEE;
    return args->has_access_list ? TX_TYPE_ACCESS_LIST : TX_TYPE_LEGACY;
}

bool eth_read_args(struct request *request, size_t index, struct eth_args *args) {
    struct param_object object;
    return param_object(request->call, index, type_name, &object) &&
        eth_read_args_of(request, index, object.json, args);
}

bool eth_read_args_of(
    struct request *request, size_t index, const struct json *json, struct eth_args *args
) {
    struct rpc_call *call = request->call;
    const struct param_object object = {index, json, type_name};
    struct u256 chain_id = U256_ZERO;
    *args = (struct eth_args){.has_from = false};
    struct tx *tx = &args->tx;
    if (json_kind(json) != JSON_OBJECT) return malformed(request, index, "a call is no object");
    if (!member_address(call, &object, "from", &args->from, &args->has_from) ||
        !member_address(call, &object, "to", &tx->to, &args->has_to) ||
        !member_u64(call, &object, "gas", &tx->gas_limit, &args->has_gas) ||
        !member_u64(call, &object, "nonce", &tx->nonce, &args->has_nonce) ||
        !member_u256(call, &object, "value", &tx->value, &args->has_value) ||
        !member_u256(call, &object, "chainId", &chain_id, &args->has_chain_id) ||
        !read_fees(request, &object, args) || !read_data(request, &object, args) ||
        !read_access_list(request, &object, args) || !read_blobs(request, &object, args) ||
        !read_authorizations(request, &object, args)) {
        return false;
    }
    const struct u256 ours = u256_from_u64(request->eth->backend->chain_id);
    if (args->has_chain_id && !u256_equal(&chain_id, &ours)) {
        char have[80];
        (void)u256_to_decimal(have, &chain_id);
        return rpc_fail(
            call, RPC_SERVER_ERROR, "chainId does not match node's (have=%s, want=%" PRIu64 ")",
            have, request->eth->backend->chain_id
        );
    }
    tx->is_create = !args->has_to;
    tx->type = implied_type(args);
    tx->is_protected = true;
    tx->chain_id = request->eth->backend->chain_id;
    if (tx->is_create && args->has_blobs) {
        return refuse(request, "missing \"to\" in blob transaction");
    }
    return true;
}

void eth_args_complete_call(struct eth_args *args) {
    if (!args->has_gas || args->tx.gas_limit > ETH_GAS_CAP) args->tx.gas_limit = ETH_GAS_CAP;
}

/* ---- Overrides ---- */

static bool override_slots(
    struct request *request,
    struct eth_run *run,
    const struct param_object *object,
    const struct address *address,
    const struct json *slots
) {
    if (json_kind(slots) != JSON_OBJECT) {
        return malformed(request, object->index, "overridden storage is no object");
    }
    if (json_count(slots) > OVERRIDES_MAX) {
        return malformed(request, object->index, "too many overridden slots");
    }
    for (const struct json *slot = json_first(slots); slot != NULL; slot = slot->next) {
        struct hash key, value;
        if (hex_decode_hash(&key, json_key(slot)) != HEX_VALID) {
            return malformed(request, object->index, "overridden slot is no hash");
        }
        if (!value_hash(request->call, object, "stateDiff", slot, &value)) return false;
        const struct u256 number = u256_from_be(key.bytes), content = u256_from_be(value.bytes);
        state_set_storage(&run->state, address, &number, &content);
    }
    return true;
}

static void add_move(struct eth_run *run, const struct evm_precompile_move *move) {
    run->moves[run->run.move_count++] = *move;
    run->run.moves = run->moves;
}

/* geth: an overridden precompile is one no longer, wherever it went. */
static bool move_precompile(
    struct request *request,
    struct eth_run *run,
    const struct param_object *object,
    const struct address *address,
    const struct json *accounts
) {
    struct arena *arena = request->call->arena;
    const size_t moves_max = 2 * run->run.evm_rules->precompile_count;
    const bool is_precompile = evm_is_precompile(run->run.evm_rules, address);
    struct address to;
    bool has;
    if (!member_address(request->call, object, "movePrecompileToAddress", &to, &has)) return false;
    if (has && !is_precompile) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR, "account %s is not a precompile",
            eth_checksummed(arena, address)
        );
    }
    for (const struct json *other = json_first(accounts); has && other != NULL;
         other = other->next) {
        struct address taken;
        if (hex_decode_address(&taken, json_key(other)) != HEX_VALID) continue;
        if (!address_equal(&taken, &to)) continue;
        return rpc_fail(
            request->call, RPC_SERVER_ERROR, "account %s is already overridden",
            eth_checksummed(arena, &to)
        );
    }
    if (!is_precompile) return true;
    if (run->moves == NULL) run->moves = ARENA_ARRAY(arena, struct evm_precompile_move, moves_max);
    if (run->run.move_count + 2 > moves_max) {
        return malformed(request, object->index, "a precompile is overridden twice");
    }
    if (has) add_move(run, &(struct evm_precompile_move){to, true, *address});
    add_move(run, &(struct evm_precompile_move){.address = *address});
    return true;
}

static bool override_account(
    struct request *request,
    struct eth_run *run,
    size_t index,
    const struct json *accounts,
    const struct json *entry
) {
    const struct param_object object = {index, entry, "OverrideAccount"};
    const struct json *whole = json_get(entry, "state");
    const struct json *diff = json_get(entry, "stateDiff");
    struct address address;
    struct u256 balance;
    struct bytes code;
    uint64_t nonce;
    bool has;
    const struct bytes key = json_key(entry);
    if (hex_decode_address(&address, key) != HEX_VALID) {
        return malformed(request, index, "overridden account is no address");
    }
    if (json_kind(entry) != JSON_OBJECT) return malformed(request, index, "override is no object");
    if (!move_precompile(request, run, &object, &address, accounts)) return false;
    if (!member_u64(request->call, &object, "nonce", &nonce, &has)) return false;
    if (has) state_set_nonce(&run->state, &address, nonce);
    if (!member_bytes(request->call, &object, "code", &code, &has)) return false;
    if (has) state_set_code(&run->state, &address, code);
    if (!member_u256(request->call, &object, "balance", &balance, &has)) return false;
    if (has) state_set_balance(&run->state, &address, &balance);
    if (json_kind(whole) > JSON_NULL && json_kind(diff) > JSON_NULL) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR, "account %.*s has both 'state' and 'stateDiff'",
            (int)key.len, (const char *)key.data
        );
    }
    if (json_kind(whole) > JSON_NULL) {
        state_wipe_storage(&run->state, &address);
        return override_slots(request, run, &object, &address, whole);
    }
    return json_kind(diff) <= JSON_NULL || override_slots(request, run, &object, &address, diff);
}

bool eth_run_override_state(
    struct request *request, struct eth_run *run, size_t index, const struct json *accounts
) {
    if (json_kind(accounts) <= JSON_NULL) return true;
    if (json_kind(accounts) != JSON_OBJECT) {
        return malformed(request, index, "state overrides are no object");
    }
    if (json_count(accounts) > OVERRIDES_MAX) {
        return malformed(request, index, "too many overridden accounts");
    }
    for (const struct json *entry = json_first(accounts); entry != NULL; entry = entry->next) {
        if (!override_account(request, run, index, accounts, entry)) return false;
    }
    state_commit(&run->state);
    return true;
}

bool eth_run_override_block(
    struct request *request, struct eth_run *run, size_t index, const struct json *members
) {
    struct rpc_call *call = request->call;
    struct evm_block *env = &run->run.env;
    const struct param_object object = {index, members, "override.BlockOverrides"};
    struct hash prev_randao;
    bool has;
    if (json_kind(members) <= JSON_NULL) return true;
    if (json_kind(members) != JSON_OBJECT) {
        return malformed(request, index, "block overrides are no object");
    }
    if (!member_u64(call, &object, "number", &env->number, &has) ||
        !member_u64(call, &object, "time", &env->timestamp, &has) ||
        !member_u64(call, &object, "timestamp", &env->timestamp, &has) ||
        !member_u64(call, &object, "gasLimit", &env->gas_limit, &has) ||
        !member_address(call, &object, "coinbase", &env->coinbase, &has) ||
        !member_address(call, &object, "feeRecipient", &env->coinbase, &has) ||
        !member_u256(call, &object, "baseFee", &env->base_fee, &has) ||
        !member_u256(call, &object, "baseFeePerGas", &env->base_fee, &has) ||
        !member_u256(call, &object, "blobBaseFee", &env->blob_base_fee, &has)) {
        return false;
    }
    if (!member_hash(call, &object, "random", &prev_randao, &has)) return false;
    if (has) env->prev_randao = u256_from_be(prev_randao.bytes);
    if (!member_hash(call, &object, "prevRandao", &prev_randao, &has)) return false;
    if (has) env->prev_randao = u256_from_be(prev_randao.bytes);
    return true;
}

bool eth_run_open(
    struct request *request,
    struct eth_run *run,
    const struct block_ref *ref,
    size_t state_at,
    size_t block_at
) {
    if (!eth_open_state(request, &run->source, ref)) return false;
    run->header = run->source.header;
    run->moves = NULL;
    run->vm = (struct chain_vm){.evm = eth_evm(request->eth)};
    state_init(&run->state, request->call->arena, run->source.reader);
    block_run_init(
        &run->run, request->call->arena, &run->state, &run->vm, request->eth->backend->config,
        &run->header
    );
    const struct json *params = request->call->params;
    return eth_run_override_block(request, run, block_at, json_at(params, block_at)) &&
        eth_run_override_state(request, run, state_at, json_at(params, state_at));
}

/* ---- Errors ---- */

/* Figures behind geth's text. "" where it has none. */
static const char *describe(
    struct arena *arena, enum tx_verdict verdict, struct eth_run *run, const struct eth_args *args
) {
    enum { SIZE = 400 };
    char *text = arena_alloc(arena, SIZE, 1);
    char one[80], two[80];
    const char *who = eth_checksummed(arena, &args->from);
    const struct tx *tx = &args->tx;
    if (verdict == TX_INSUFFICIENT_ACCOUNT_FUNDS) {
        const struct u256 have = state_balance(&run->state, &args->from);
        const struct u256 gas = u256_from_u64(tx->gas_limit);
        struct u256 want;
        u256_mul_wrapping(&want, &gas, &tx->max_fee_per_gas);
        (void)u256_add_wrapping(&want, &want, &tx->value);
        (void)u256_to_decimal(one, &have);
        (void)u256_to_decimal(two, &want);
        (void)snprintf(text, SIZE, ": address %s have %s want %s", who, one, two);
    } else if (verdict == TX_INSUFFICIENT_MAX_FEE_PER_GAS) {
        (void)u256_to_decimal(one, &tx->max_fee_per_gas);
        (void)u256_to_decimal(two, &run->run.env.base_fee);
        (void)snprintf(text, SIZE, ": address %s, maxFeePerGas: %s, baseFee: %s", who, one, two);
    } else if (verdict == TX_PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS) {
        (void)u256_to_decimal(one, &tx->max_priority_fee_per_gas);
        (void)u256_to_decimal(two, &tx->max_fee_per_gas);
        (void)snprintf(
            text, SIZE, ": address %s, maxPriorityFeePerGas: %s, maxFeePerGas: %s", who, one, two
        );
    } else if (verdict == TX_INTRINSIC_GAS_TOO_LOW) {
        (void)snprintf(
            text, SIZE, ": have %" PRIu64 ", want %" PRIu64, tx->gas_limit,
            tx_intrinsic_gas(tx, &run->run.rules)
        );
    } else if (verdict == TX_INTRINSIC_GAS_BELOW_FLOOR_GAS_COST) {
        (void)snprintf(
            text, SIZE, ": have %" PRIu64 ", want %" PRIu64, tx->gas_limit,
            tx_floor_gas(tx, &run->run.rules)
        );
    } else if (verdict == TX_INITCODE_SIZE_EXCEEDED) {
        (void)snprintf(
            text, SIZE, ": code size %zu limit %" PRIu32, tx->data.len,
            run->run.evm_rules->initcode_size_max
        );
    }
    return text;
}

bool eth_fail_call(
    struct request *request,
    enum tx_verdict verdict,
    struct eth_run *run,
    const struct eth_args *args,
    const char *prefix
) {
    return rpc_fail(
        request->call, RPC_SERVER_ERROR, "%s%s%s", prefix, tx_verdict_text(verdict),
        describe(request->call->arena, verdict, run, args)
    );
}

/* Solidity's panic codes, as geth words them. */
static const char *panic_text(uint64_t code) {
    switch (code) {
    case 0x00: return "generic panic";
    case 0x01: return "assert(false)";
    case 0x11: return "arithmetic underflow or overflow";
    case 0x12: return "division or modulo by zero";
    case 0x21: return "enum overflow";
    case 0x22: return "invalid encoded storage byte array accessed";
    case 0x31: return "out-of-bounds array access; popping on an empty array";
    case 0x32: return "out-of-bounds access of an array or bytesN";
    case 0x41: return "out of memory";
    case 0x51: return "uninitialized function";
    default: return NULL;
    }
}

static bool is_utf8(struct bytes text) {
    for (size_t i = 0; i < text.len;) {
        const uint8_t lead = text.data[i];
        const size_t more = lead < 0x80   ? 0
            : lead >= 0xc2 && lead < 0xe0 ? 1
            : lead >= 0xe0 && lead < 0xf0 ? 2
            : lead >= 0xf0 && lead < 0xf5 ? 3
                                          : SIZE_MAX;
        if (more == SIZE_MAX || more >= text.len - i) return false;
        for (size_t j = 1; j <= more; j++) {
            if ((text.data[i + j] & 0xc0) != 0x80) return false;
        }
        i += more + 1;
    }
    return true;
}

const char *eth_revert_message(struct arena *arena, struct bytes data) {
    static const uint8_t error_selector[] = {0x08, 0xc3, 0x79, 0xa0};
    static const uint8_t panic_selector[] = {0x4e, 0x48, 0x7b, 0x71};
    static const char plain[] = "execution reverted";
    if (data.len < sizeof error_selector) return plain;
    const struct bytes arguments = bytes_slice(data, 4, data.len - 4);
    struct abi_reader reader = abi_read(arguments, ABI_SOLIDITY);
    struct bytes reason = {NULL, 0};
    if (memcmp(data.data, error_selector, sizeof error_selector) == 0) {
        abi_read_bytes(&reader, &reason);
        if (abi_finish(&reader) != ABI_VALID || !is_utf8(reason)) return plain;
        if (reason.len > REASON_SIZE_MAX) reason.len = REASON_SIZE_MAX;
        while (reason.len > 0 && !is_utf8(reason)) {
            reason.len--;
        }
    } else if (memcmp(data.data, panic_selector, sizeof panic_selector) == 0) {
        struct u256 code;
        abi_read_u256(&reader, &code);
        if (abi_finish(&reader) != ABI_VALID) return plain;
        const char *text = u256_fits_u64(&code) ? panic_text(code.limb[0]) : NULL;
        char *unknown = arena_alloc(arena, 120, 1);
        char hex[HEX_U256_TEXT_MAX + 1] = {0};
        (void)hex_encode_u256(hex, &code);
        (void)snprintf(unknown, 120, "unknown panic code: %s", hex);
        if (text == NULL) text = unknown;
        reason = bytes_from(text, strlen(text));
    } else {
        return plain;
    }
    const size_t size = sizeof plain + 2 + reason.len;
    char *message = arena_alloc(arena, size, 1);
    (void)snprintf(message, size, "%s: %.*s", plain, (int)reason.len, (const char *)reason.data);
    return message;
}

bool eth_fail_run(struct request *request, const struct tx_outcome *outcome) {
    struct rpc_call *call = request->call;
    if (outcome->status == EVM_REVERT) {
        const struct bytes data = arena_copy(call->arena, outcome->output);
        return rpc_fail_data(
            call, RPC_EXECUTION_REVERTED, data, "%s", eth_revert_message(call->arena, data)
        );
    }
    return rpc_fail(call, RPC_SERVER_ERROR, "%s", evm_status_text(outcome->status));
}
