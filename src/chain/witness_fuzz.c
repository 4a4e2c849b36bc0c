/* What decodes as a witness or as the rules of a network encodes to the same bytes; a stateless run of
 * whatever bytes come answers a verdict, the same each time. */
#include "base/fuzz.h"
#include "chain/stateless.h"

static void check_run(struct arena *arena, struct bytes config, struct bytes input) {
    static struct evm *evm;
    if (evm == NULL) evm = evm_create(&test_heap, 1 << 16);
    const struct chain_vm vm = {.evm = evm};
    uint8_t output[2][STATELESS_OUTPUT_SIZE] = {{0}};
    struct stateless_result result;
    const enum stateless_verdict once =
        stateless_run(arena, output[0], &result, &vm, config, input);
    const enum stateless_verdict twice =
        stateless_run(arena, output[1], &result, &vm, config, input);
    ASSERT(once == twice);
    ASSERT(once != STATELESS_VALID || memcmp(output[0], output[1], sizeof output[0]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    struct witness witness;
    struct chain_config config;
    const struct chain_config mainnet_like = chain_config_at(1, FORK_OSAKA);
    const struct bytes input = {data, size};
    if (size == 0) return 0;
    arena_init(&arena, &test_heap);
    if (witness_decode(&arena, &witness, input)) {
        ASSERT(bytes_equal(witness_encode(&arena, &witness), input));
    }
    if (witness_decode_config(&config, input)) {
        ASSERT(bytes_equal(witness_encode_config(&arena, &config), input));
    }
    check_run(&arena, witness_encode_config(&arena, &mainnet_like), input);
    check_run(&arena, input, input);
    arena_reset(&arena);
    return 0;
}
