/* engine_check: what a lone call did, to compare one loop's with the other's. For tests and fuzzers.
 */
#ifndef EVM_ENGINE_CHECK_H
#define EVM_ENGINE_CHECK_H

#include "evm/lone_call.h"

struct engine_outcome {
    enum evm_status status;
    uint64_t gas_left;
    int64_t refund;
    struct bytes output;
    const struct state_log *logs;
    size_t log_count;
    struct state_diff diff;
};

static inline struct engine_outcome engine_run(
    struct evm *evm, enum evm_engine engine, struct lone_call *call, struct arena *arena
) {
    struct evm_result result;
    evm_set_engine(evm, engine);
    lone_call_run(call, evm, arena, &result);
    struct engine_outcome outcome = {
        .status = result.status,
        .gas_left = result.gas_left,
        .refund = call->state.refund,
        .output = arena_copy(arena, result.output),
    };
    outcome.logs = state_logs(&call->state, &outcome.log_count);
    state_end_transaction(&call->state, call->rules);
    outcome.diff = state_diff(arena, &call->state);
    return outcome;
}

static inline bool engine_same_log(const struct state_log *a, const struct state_log *b) {
    return address_equal(&a->address, &b->address) && a->topic_count == b->topic_count &&
        memcmp(a->topics, b->topics, a->topic_count * sizeof a->topics[0]) == 0 &&
        bytes_equal(a->data, b->data);
}

static inline bool engine_same_account(
    const struct state_account_diff *a, const struct state_account_diff *b
) {
    if (!address_equal(&a->address, &b->address)) return false;
    if (a->exists_after != b->exists_after || a->code_changed != b->code_changed) return false;
    if (a->storage_wiped != b->storage_wiped || a->slot_count != b->slot_count) return false;
    if (a->after.nonce != b->after.nonce) return false;
    if (!u256_equal(&a->after.balance, &b->after.balance)) return false;
    if (!hash_equal(&a->after.code_hash, &b->after.code_hash)) return false;
    for (size_t i = 0; i < a->slot_count; i++) {
        if (!u256_equal(&a->slots[i].key, &b->slots[i].key)) return false;
        if (!u256_equal(&a->slots[i].after, &b->slots[i].after)) return false;
    }
    return true;
}

static inline bool engine_same(const struct engine_outcome *a, const struct engine_outcome *b) {
    if (a->status != b->status || a->gas_left != b->gas_left || a->refund != b->refund) {
        return false;
    }
    if (!bytes_equal(a->output, b->output)) return false;
    if (a->log_count != b->log_count || a->diff.count != b->diff.count) return false;
    for (size_t i = 0; i < a->log_count; i++) {
        if (!engine_same_log(&a->logs[i], &b->logs[i])) return false;
    }
    for (size_t i = 0; i < a->diff.count; i++) {
        if (!engine_same_account(&a->diff.accounts[i], &b->diff.accounts[i])) return false;
    }
    return true;
}

#endif
