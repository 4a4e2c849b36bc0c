#include "evm/lone_call.h"

#include "crypto/keccak.h"

#define LONE_CALL_GAS UINT64_C(10000000000)

static bool read_account(void *ctx, const struct address *address, struct account *out) {
    const struct lone_call *call = ctx;
    const bool is_caller = address_equal(address, &call->caller);
    const bool is_callee = address_equal(address, &call->address);
    if (!is_caller && !is_callee) return false;

    *out = (struct account){.code_hash = keccak256_of_empty, .storage_root = state_empty_root};
    if (is_caller) out->balance = call->value;
    if (is_callee) out->code_hash = call->code_hash;
    return true;
}

static void read_storage(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    (void)ctx;
    (void)address;
    (void)slot;
    *value = U256_ZERO;
}

static struct bytes read_code(void *ctx, const struct hash *code_hash) {
    const struct lone_call *call = ctx;
    const bool known = hash_equal(code_hash, &call->code_hash);
    return known ? call->code : bytes_from(NULL, 0);
}

static void read_block_hash(void *ctx, uint64_t number, struct hash *out) {
    (void)ctx;
    (void)number;
    *out = (struct hash){{0}};
}

void lone_call_init(struct lone_call *call, const struct evm_rules *rules, struct bytes code) {
    *call = (struct lone_call){
        .rules = rules,
        .gas = LONE_CALL_GAS,
        .caller = {{[14] = 's', 'e', 'n', 'd', 'e', 'r'}},
        .address = {{[12] = 'r', 'e', 'c', 'e', 'i', 'v', 'e', 'r'}},
        .block = {.number = 1, .timestamp = 1, .chain_id = 1, .blob_base_fee = U256_ONE},
        .reader = {read_account, read_storage, read_code, read_block_hash, call},
    };
    lone_call_set_code(call, code);
}

void lone_call_set_code(struct lone_call *call, struct bytes code) {
    call->code = code;
    keccak256(&call->code_hash, code);
}

void lone_call_run(
    struct lone_call *call, struct evm *evm, struct arena *arena, struct evm_result *result
) {
    struct state *state = &call->state;
    state_init(state, arena, &call->reader);
    state_begin_transaction(state);
    (void)state_warm_account(state, &call->caller);
    (void)state_warm_account(state, &call->address);
    state_warm_precompiles(state, call->rules);
    call->tx.origin = call->caller;
    const struct evm_context context = {
        .rules = call->rules,
        .block = &call->block,
        .tx = &call->tx,
        .state = state,
        .tracer = call->tracer,
    };
    const struct evm_message message = {
        .kind = EVM_CALL,
        .is_static = call->is_static,
        .gas = call->gas,
        .sender = call->caller,
        .recipient = call->address,
        .code_address = call->address,
        .value = call->value,
        .input = call->input,
    };
    evm_execute(evm, &context, &message, result);
}
