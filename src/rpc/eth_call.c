/* Calls that nobody signed: eth_call, eth_estimateGas, eth_createAccessList. */
#include "chain/call.h"
#include "rpc/eth_args.h"
#include "rpc/format.h"

#include <inttypes.h>
#include <stdio.h>

enum { ACCESS_ROUNDS_MAX = 16 };
#define ACCESS_MAX ((size_t)2000) /* accounts and slots of an access list that we make */

/* ---- eth_call ---- */

static bool run_call(struct request *request) {
    struct eth_args args;
    struct block_ref ref;
    struct eth_run run;
    struct tx_outcome outcome;
    if (!eth_read_args(request, 0, &args) || !param_block(request->call, 1, &ref)) return false;
    if (!eth_run_open(request, &run, &ref, 2, 3)) return false;
    eth_args_complete_call(&args);
    const enum tx_verdict verdict = chain_call(&run.run, &outcome, &args.tx, &args.from);
    if (!eth_state_is_sound(request)) return false;
    if (verdict != TX_VALID) {
        (void)eth_fail_call(request, verdict, &run, &args, "err: ");
        return rpc_fail(
            request->call, RPC_SERVER_ERROR, "%s (supplied gas %" PRIu64 ")",
            request->call->error.message, args.tx.gas_limit
        );
    }
    if (outcome.status != EVM_SUCCESS) return eth_fail_run(request, &outcome);
    json_write_hex(request->call->result, outcome.output);
    return true;
}

/* ---- eth_estimateGas ---- */

/* The most gas that the sender can pay for, if a fee is given. False: not even the value. */
static bool limit_by_funds(struct request *request, struct eth_run *run, struct eth_args *args) {
    if (u256_is_zero(&args->tx.max_fee_per_gas)) return true;
    struct u256 available = state_balance(&run->state, &args->from);
    if (u256_sub_wrapping(&available, &available, &args->tx.value)) {
        return rpc_fail(request->call, RPC_SERVER_ERROR, "insufficient funds for transfer");
    }
    struct u256 allowance;
    u256_divmod(&allowance, NULL, &available, &args->tx.max_fee_per_gas);
    if (u256_fits_u64(&allowance) && allowance.limb[0] < args->tx.gas_limit) {
        args->tx.gas_limit = allowance.limb[0];
    }
    return true;
}

bool eth_estimate(
    struct request *request, struct eth_run *run, struct eth_args *args, uint64_t *gas
) {
    enum { GAS_LEAST = 21000 };
    struct tx_outcome outcome;
    uint64_t most = run->run.env.gas_limit < ETH_GAS_CAP ? run->run.env.gas_limit : ETH_GAS_CAP;
    if (most > run->run.rules.row->tx_gas_max) most = run->run.rules.row->tx_gas_max;
    if (!args->has_gas || args->tx.gas_limit < GAS_LEAST || args->tx.gas_limit > most) {
        args->tx.gas_limit = most;
    }
    if (!limit_by_funds(request, run, args)) return false;
    const enum tx_verdict verdict =
        chain_estimate_gas(&run->run, gas, &outcome, &args->tx, &args->from);
    if (!eth_state_is_sound(request)) return false;
    const bool short_of_gas = verdict == TX_INTRINSIC_GAS_TOO_LOW ||
        verdict == TX_INTRINSIC_GAS_BELOW_FLOOR_GAS_COST ||
        (verdict == TX_VALID && outcome.status == EVM_OUT_OF_GAS);
    if (short_of_gas) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR, "gas required exceeds allowance (%" PRIu64 ")",
            args->tx.gas_limit
        );
    }
    if (verdict != TX_VALID) {
        char prefix[64];
        (void)snprintf(prefix, sizeof prefix, "failed with %" PRIu64 " gas: ", args->tx.gas_limit);
        return eth_fail_call(request, verdict, run, args, prefix);
    }
    return outcome.status == EVM_SUCCESS || eth_fail_run(request, &outcome);
}

static bool estimate_gas(struct request *request) {
    struct eth_args args;
    struct block_ref ref;
    struct eth_run run;
    uint64_t gas;
    if (!eth_read_args(request, 0, &args) || !param_block(request->call, 1, &ref)) return false;
    if (!eth_run_open(request, &run, &ref, 2, 3)) return false;
    if (!eth_estimate(request, &run, &args, &gas)) return false;
    json_write_quantity(request->call->result, gas);
    return true;
}

/* ---- eth_createAccessList ---- */

struct touched_slot {
    struct touched_slot *next;
    struct hash key;
};

struct touched {
    struct touched *next;
    struct address address;
    struct touched_slot *first, **last;
    size_t slot_count;
};

/* What a run reads, in the order in which it was first read. */
struct watch {
    struct arena *arena;
    const struct evm_rules *rules;
    struct touched *first, **last;
    struct address from, to;
    size_t count;
};

static bool is_warm_anyway(const struct watch *watch, const struct address *address) {
    return address_equal(address, &watch->from) || address_equal(address, &watch->to) ||
        evm_is_precompile(watch->rules, address);
}

static struct touched *touch(struct watch *watch, const struct address *address) {
    for (struct touched *entry = watch->first; entry != NULL; entry = entry->next) {
        if (address_equal(&entry->address, address)) return entry;
    }
    if (watch->count == ACCESS_MAX) return NULL;
    watch->count++;
    struct touched *entry = ARENA_NEW(watch->arena, struct touched);
    *entry = (struct touched){.address = *address};
    entry->last = &entry->first;
    *watch->last = entry;
    watch->last = &entry->next;
    return entry;
}

static void touch_slot(
    struct watch *watch, const struct address *address, const struct u256 *slot
) {
    struct touched *entry = touch(watch, address);
    struct hash key;
    if (entry == NULL) return;
    u256_to_be(key.bytes, slot);
    for (const struct touched_slot *known = entry->first; known != NULL; known = known->next) {
        if (hash_equal(&known->key, &key)) return;
    }
    if (watch->count == ACCESS_MAX) return;
    watch->count++;
    struct touched_slot *added = ARENA_NEW(watch->arena, struct touched_slot);
    added->key = key;
    *entry->last = added;
    entry->last = &added->next;
    entry->slot_count++;
}

static void on_step(void *ctx, const struct evm_step *step) {
    enum {
        BALANCE = 0x31,
        EXTCODESIZE = 0x3b,
        EXTCODECOPY = 0x3c,
        EXTCODEHASH = 0x3f,
        SLOAD = 0x54,
        SSTORE = 0x55,
        CALL = 0xf1,
        CALLCODE = 0xf2,
        DELEGATECALL = 0xf4,
        STATICCALL = 0xfa,
        SELFDESTRUCT = 0xff,
    };
    struct watch *watch = ctx;
    size_t depth; /* of the address on the stack, from the top */
    switch (step->opcode) {
    case SLOAD:
    case SSTORE:
        if (step->stack_len >= 1) {
            touch_slot(watch, &step->message->recipient, &step->stack[step->stack_len - 1]);
        }
        return;
    case BALANCE:
    case EXTCODESIZE:
    case EXTCODECOPY:
    case EXTCODEHASH:
    case SELFDESTRUCT: depth = 1; break;
    case CALL:
    case CALLCODE:
    case DELEGATECALL:
    case STATICCALL: depth = 2; break;
    default: return;
    }
    if (step->stack_len < depth) return;
    const struct address address = u256_to_address(&step->stack[step->stack_len - depth]);
    if (!is_warm_anyway(watch, &address)) (void)touch(watch, &address);
}

/* The list as a transaction carries it. The recipient stands in it only with slots. */
static void list_touched(const struct watch *watch, struct tx *tx) {
    struct tx_access *entries = ARENA_ARRAY(watch->arena, struct tx_access, watch->count);
    size_t count = 0;
    for (const struct touched *entry = watch->first; entry != NULL; entry = entry->next) {
        struct hash *keys = ARENA_ARRAY(watch->arena, struct hash, entry->slot_count);
        size_t key_count = 0;
        for (const struct touched_slot *slot = entry->first; slot != NULL; slot = slot->next) {
            keys[key_count++] = slot->key;
        }
        entries[count++] = (struct tx_access){entry->address, keys, key_count};
    }
    tx->access_list = entries;
    tx->access_list_count = count;
}

static bool create_access_list(struct request *request) {
    struct json_writer *out = request->call->result;
    struct eth_args args;
    struct block_ref ref;
    struct eth_run run;
    struct tx_outcome outcome;
    if (!eth_read_args(request, 0, &args) || !param_block(request->call, 1, &ref)) return false;
    if (!eth_run_open(request, &run, &ref, 2, SIZE_MAX)) return false;
    eth_args_complete_call(&args);
    if (args.tx.type == TX_TYPE_LEGACY) args.tx.type = TX_TYPE_ACCESS_LIST;

    const uint64_t nonce = state_nonce(&run.state, &args.from);
    struct watch watch = {
        .arena = request->call->arena,
        .rules = run.run.evm_rules,
        .from = args.from,
        .to = args.tx.is_create ? evm_create_address(&args.from, nonce) : args.tx.to,
    };
    watch.last = &watch.first;
    for (size_t i = 0; i < args.tx.access_list_count; i++) {
        const struct tx_access *entry = &args.tx.access_list[i];
        (void)touch(&watch, &entry->address);
        for (size_t j = 0; j < entry->key_count; j++) {
            const struct u256 slot = u256_from_be(entry->keys[j].bytes);
            touch_slot(&watch, &entry->address, &slot);
        }
    }
    const struct evm_tracer tracer = {.step = on_step, .ctx = &watch};
    run.vm.tracer = &tracer;
    /* What is warm changes gas, and gas may change what is read: until nothing new shows. */
    size_t before = SIZE_MAX;
    for (int round = 0; before != watch.count && round < ACCESS_ROUNDS_MAX; round++) {
        before = watch.count;
        list_touched(&watch, &args.tx);
        const struct state_checkpoint checkpoint = state_checkpoint(&run.state);
        const enum tx_verdict verdict = chain_call(&run.run, &outcome, &args.tx, &args.from);
        state_revert(&run.state, checkpoint);
        if (!eth_state_is_sound(request)) return false;
        if (verdict != TX_VALID) {
            return eth_fail_call(request, verdict, &run, &args, "failed to apply transaction: ");
        }
    }
    if (watch.count == ACCESS_MAX) {
        return rpc_fail(
            request->call, RPC_LIMIT_EXCEEDED, "access list with more than %zu entries", ACCESS_MAX
        );
    }
    json_begin_object(out);
    json_name(out, "accessList");
    format_access_list(out, args.tx.access_list, args.tx.access_list_count);
    if (outcome.status != EVM_SUCCESS) {
        json_name(out, "error");
        json_write_cstring(out, evm_status_text(outcome.status));
    }
    json_name(out, "gasUsed");
    json_write_quantity(out, outcome.gas_used);
    json_end_object(out);
    return true;
}

ETH_WRAP(run_call)
ETH_WRAP(estimate_gas)
ETH_WRAP(create_access_list)

static const struct rpc_method methods[] = {
    {"eth_call", call_run_call, 4},
    {"eth_estimateGas", call_estimate_gas, 4},
    {"eth_createAccessList", call_create_access_list, 3},
};
const struct rpc_table eth_call_table = {methods, ARRAY_LEN(methods), NULL};
