/* Any code on any rules: no crash, no leak of gas, and the same run traced and untraced, from code
 * and from a stream. */
#include "base/fuzz.h"
#include "evm/engine_check.h"

enum { HEADER = 4, FUZZ_GAS = 200000 };

static void check_step(void *ctx, const struct evm_step *step) {
    (void)ctx;
    ASSERT(step->stack_len <= EVM_STACK_MAX);
    ASSERT(step->gas <= FUZZ_GAS * 2);
    ASSERT(step->memory.len % 32 == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct evm *evm;
    static struct lone_call call;
    if (evm == NULL) evm = evm_create(&test_heap, 1 << 16);
    if (size < HEADER) return 0;

    const enum evm_revision revision = (enum evm_revision)(data[0] % EVM_REVISION_COUNT);
    const struct bytes rest = bytes_from(data + HEADER, size - HEADER);
    const size_t input_len = data[1] < rest.len ? data[1] : rest.len;
    struct arena arena;
    arena_init(&arena, &test_heap);
    lone_call_init(
        &call, evm_rules_of(revision), bytes_slice(rest, input_len, rest.len - input_len)
    );
    call.input = bytes_slice(rest, 0, input_len);
    call.is_static = (data[2] & 1) != 0;
    call.value = u256_from_u64(call.is_static ? 0 : data[3]);
    call.gas = FUZZ_GAS;

    const struct engine_outcome plain = engine_run(evm, EVM_ENGINE_PLAIN, &call, &arena);
    const struct engine_outcome stream = engine_run(evm, EVM_ENGINE_STREAM, &call, &arena);
    ASSERT(engine_same(&plain, &stream));
    ASSERT(plain.gas_left <= FUZZ_GAS);

    const struct evm_tracer tracer = {.step = check_step};
    call.tracer = &tracer;
    const struct engine_outcome traced = engine_run(evm, EVM_ENGINE_PLAIN, &call, &arena);
    ASSERT(engine_same(&plain, &traced));
    arena_reset(&arena);
    return 0;
}
