#include "crypto/keccak_many.h"

#include "base/test.h"

enum { TASKS_MAX = 40, LEN_MAX = 700 };

static uint64_t random_u64(uint64_t *seed) {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * 0x2545f4914f6cdd1dULL;
}

TEST(many_hashes_are_those_of_each_alone) {
    static uint8_t data[TASKS_MAX][LEN_MAX];
    struct keccak256_task tasks[TASKS_MAX];
    struct hash many[TASKS_MAX], alone;
    uint64_t seed = 5;
    for (int round = 0; round < 400; round++) {
        const size_t count = random_u64(&seed) % (TASKS_MAX + 1);
        for (size_t i = 0; i < count; i++) {
            size_t len = random_u64(&seed) % (LEN_MAX + 1);
            if (round % 4 == 0) len = 135 + i % 3; /* around the step of a block */
            for (size_t k = 0; k < len; k++) {
                data[i][k] = (uint8_t)random_u64(&seed);
            }
            tasks[i] = (struct keccak256_task){{data[i], len}, &many[i]};
        }
        keccak256_many(tasks, count);
        for (size_t i = 0; i < count; i++) {
            keccak256(&alone, tasks[i].data);
            assert_memory_equal(&many[i], &alone, sizeof alone);
        }
    }
}

TEST(no_messages_and_empty_messages_are_fine) {
    struct hash out[3];
    keccak256_many(NULL, 0);
    const struct keccak256_task tasks[] = {
        {{NULL, 0}, &out[0]}, {{NULL, 0}, &out[1]}, {{NULL, 0}, &out[2]}};
    keccak256_many(tasks, ARRAY_LEN(tasks));
    for (size_t i = 0; i < ARRAY_LEN(out); i++) {
        assert_memory_equal(&out[i], &keccak256_of_empty, sizeof out[i]);
    }
}

TEST_MAIN(
    TEST_CASE(many_hashes_are_those_of_each_alone),
    TEST_CASE(no_messages_and_empty_messages_are_fine)
)
