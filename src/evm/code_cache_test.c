#include "evm/code_cache.h"

#include "base/test.h"
#include "evm/opcodes.h"

enum { CODE_MAX = 300, ROUNDS = 3000 };

static uint64_t next_random(uint64_t *state) {
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *state >> 33;
}

/* Yellow Paper 9.4.3, from the begin each time. */
static bool is_target(struct bytes code, size_t at) {
    size_t i = 0;
    while (i < at) {
        const bool push = code.data[i] >= OP_PUSH1 && code.data[i] <= OP_PUSH32;
        i += push ? (size_t)(code.data[i] - OP_PUSH1) + 2 : 1;
    }
    return i == at && code.data[at] == OP_JUMPDEST;
}

TEST(targets_are_the_same_in_whatever_order_they_are_asked_for) {
    static const uint8_t often[] = {
        OP_JUMPDEST, OP_PUSH1, OP_PUSH2, OP_PUSH32, OP_PUSH0, OP_DUP1, OP_MCOPY, OP_STOP, 0xff,
    };
    uint64_t random = 1;
    for (int round = 0; round < ROUNDS; round++) {
        uint8_t code[CODE_MAX];
        const size_t size = 1 + next_random(&random) % CODE_MAX;
        for (size_t i = 0; i < size; i++) {
            const uint64_t r = next_random(&random);
            code[i] = r % 8 == 0 ? (uint8_t)(r >> 8) : often[(r >> 8) % ARRAY_LEN(often)];
        }
        _Alignas(struct code_map) uint8_t memory[2 * CODE_MAX + 64];
        assert_true(code_prepared_size(size) <= sizeof memory);
        struct evm_code ready;
        code_prepare(&ready, memory, bytes_from(code, size));
        for (int i = 0; i < 40; i++) {
            const size_t at = next_random(&random) % size;
            assert_int_equal(code_is_target(&ready, at), is_target(bytes_from(code, size), at));
        }
        assert_memory_equal(ready.bytes, code, size);
        for (size_t i = 0; i < CODE_PADDING; i++) {
            assert_int_equal(ready.bytes[size + i], 0);
        }
    }
}

TEST_MAIN(TEST_CASE(targets_are_the_same_in_whatever_order_they_are_asked_for))
