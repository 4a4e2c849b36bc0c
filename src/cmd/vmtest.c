/* infinity evm vmtest: one call frame by Frontier's rules, as the oldest official tests have it.
 *
 * No value moves and nothing is paid: gas, output, logs and the accounts afterwards are the frame's own.
 */
#include "chain/receipt.h"
#include "cmd/command.h"
#include "cmd/prestate.h"
#include "cmd/suite.h"
#include "cmd/suite_trace.h"

#include <stdio.h>

#define VM_BYTES_MAX ((size_t)16 << 20)

/* What the test says of the frame. */
struct frame {
    struct evm_block block;
    struct evm_tx tx;
    struct evm_message message;
    struct bytes code;
    struct prestate pre;
};

static bool read_frame(struct arena *arena, struct frame *frame, const struct json *test) {
    const struct json *const env = json_get(test, "env");
    const struct json *const exec = json_get(test, "exec");
    struct evm_block *const block = &frame->block;
    struct evm_message *const message = &frame->message;
    *frame = (struct frame){.block = {.chain_id = 1}};
    /* A call that hands its value on without moving it is a delegated one. */
    message->kind = EVM_DELEGATECALL;
    const bool good = json_read_address(json_get(env, "currentCoinbase"), &block->coinbase) &&
        json_read_u256(json_get(env, "currentDifficulty"), &block->prev_randao) &&
        json_read_u64(json_get(env, "currentGasLimit"), &block->gas_limit) &&
        json_read_u64(json_get(env, "currentNumber"), &block->number) &&
        json_read_u64(json_get(env, "currentTimestamp"), &block->timestamp) &&
        json_read_address(json_get(exec, "address"), &message->recipient) &&
        json_read_address(json_get(exec, "caller"), &message->sender) &&
        json_read_address(json_get(exec, "origin"), &frame->tx.origin) &&
        json_read_u256(json_get(exec, "gasPrice"), &frame->tx.gas_price) &&
        json_read_u256(json_get(exec, "value"), &message->value) &&
        json_read_u64(json_get(exec, "gas"), &message->gas) &&
        json_read_bytes(arena, json_get(exec, "data"), &message->input, VM_BYTES_MAX) &&
        json_read_bytes(arena, json_get(exec, "code"), &frame->code, VM_BYTES_MAX) &&
        prestate_read(arena, &frame->pre, json_get(test, "pre"));
    message->code_address = message->recipient;
    return good && message->gas <= INT64_MAX;
}

static void judge(
    struct suite_worker *worker,
    char *detail,
    const struct evm_result *result,
    const struct json *test,
    struct state *state,
    const struct prestate *after
) {
    struct arena *const arena = &worker->arena;
    struct prestate expected;
    struct bytes output;
    struct hash logs_expected;
    struct hash logs_hash;
    uint64_t gas;
    size_t log_count;
    const struct json *const post = json_get(test, "post");
    if (post == NULL) {
        if (result->status == EVM_SUCCESS) {
            (void)snprintf(detail, SUITE_DETAIL_MAX, "succeeded, and should not");
        }
        return;
    }
    const struct state_log *const logs = state_logs(state, &log_count);
    receipt_logs_hash(arena, &logs_hash, logs, log_count);
    if (result->status != EVM_SUCCESS) {
        (void)snprintf(detail, SUITE_DETAIL_MAX, "failed: %s", evm_status_text(result->status));
    } else if (!json_read_u64(json_get(test, "gas"), &gas) || gas != result->gas_left) {
        (void)snprintf(
            detail, SUITE_DETAIL_MAX, "gas left is %llu", (unsigned long long)result->gas_left
        );
    } else if (!json_read_bytes(arena, json_get(test, "out"), &output, VM_BYTES_MAX) ||
               !bytes_equal(output, result->output)) {
        (void)snprintf(detail, SUITE_DETAIL_MAX, "output differs");
    } else if (!json_read_hash(json_get(test, "logs"), &logs_expected) || !hash_equal(&logs_expected, &logs_hash)) {
        (void)snprintf(detail, SUITE_DETAIL_MAX, "logs hash differs");
    } else if (!prestate_read(arena, &expected, post)) {
        (void)snprintf(detail, SUITE_DETAIL_MAX, "post is not understood");
    } else {
        (void)prestate_difference(detail, SUITE_DETAIL_MAX, &expected, after);
    }
}

static void run_frame(
    struct suite_worker *worker, char *detail, struct frame *frame, const struct json *test
) {
    struct arena *const arena = &worker->arena;
    const struct evm_rules *const rules = evm_rules_of(EVM_FRONTIER);
    struct prestate_source source = {&frame->pre, prestate_block_hash, NULL};
    const struct state_reader reader = prestate_reader(&source);
    struct state state;
    struct evm_result result;
    struct prestate after;
    struct evm_context context = {
        .rules = rules, .block = &frame->block, .tx = &frame->tx, .state = &state};
    if (worker->trace != NULL) {
        context.tracer = suite_trace_begin(worker->trace, rules, stderr, true);
    }
    state_init(&state, arena, &reader);
    /* The code that runs is exec's, whatever the account has in pre. */
    const struct prestate_account *const account =
        prestate_find(&frame->pre, &frame->message.recipient);
    if (account == NULL || !bytes_equal(account->code, frame->code)) {
        state_set_code(&state, &frame->message.recipient, frame->code);
    }
    state_begin_transaction(&state);
    evm_execute(worker->vm.evm, &context, &frame->message, &result);
    result.output = arena_copy(arena, result.output);
    state_end_transaction(&state, rules);
    state_commit(&state);
    const struct state_diff diff = state_diff(arena, &state);
    prestate_apply(arena, &after, &frame->pre, &diff);
    judge(worker, detail, &result, test, &state, &after);
}

static void run_file(struct suite_worker *worker, const struct json *root) {
    for (const struct json *test = json_first(root); test != NULL; test = test->next) {
        const struct suite_case one = {json_key(test), "Frontier", -1};
        char detail[SUITE_DETAIL_MAX] = "";
        struct frame frame;
        if (json_get(test, "exec") == NULL) continue; /* a test of another kind */
        if (!suite_wants(worker, &one)) continue;
        const struct arena_mark mark = arena_mark(&worker->arena);
        if (read_frame(&worker->arena, &frame, test)) {
            run_frame(worker, detail, &frame, test);
        } else {
            (void)snprintf(detail, sizeof detail, "env, exec or pre is not understood");
        }
        suite_report(worker, &one, NULL, detail[0] == '\0' ? NULL : detail);
        arena_rewind(&worker->arena, mark);
    }
}

int cmd_vmtest(int argc, char **argv) {
    static const struct suite suite = {
        .command = "evm vmtest",
        .summary =
            "Runs the oldest tests (VMTests): one call frame by Frontier's rules. A case is one\n"
            "named test.",
        .format = "vm",
        .run_file = run_file,
    };
    return suite_main(&suite, argc, argv);
}
