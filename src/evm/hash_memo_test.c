#include "evm/hash_memo.h"

#include "base/test.h"
#include "crypto/keccak.h"

static void assert_hashes(struct hash_memo *memo, const uint8_t input[HASH_MEMO_INPUT_SIZE]) {
    struct hash hash;
    struct u256 word;
    keccak256(&hash, bytes_from(input, HASH_MEMO_INPUT_SIZE));
    const struct u256 expected = u256_from_be(hash.bytes);
    hash_memo_keccak256(memo, &word, input);
    assert_memory_equal(&word, &expected, sizeof word);
}

/* Keys as mappings have them, many more than there are places, each met several times. */
TEST(every_hash_is_the_plain_one) {
    struct hash_memo *memo = calloc(1, sizeof *memo);
    assert_non_null(memo);
    uint8_t input[HASH_MEMO_INPUT_SIZE] = {0};
    assert_hashes(memo, input); /* what a free place seems to hold */
    assert_hashes(memo, input);
    uint64_t seed = 7;
    for (int i = 0; i < 20000; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        store_be64(input + 24, seed >> 44);
        store_be64(input + 56, seed >> 33 & 3);
        assert_hashes(memo, input);
        assert_hashes(memo, input);
    }
    free(memo);
}

TEST(any_byte_counts) {
    struct hash_memo *memo = calloc(1, sizeof *memo);
    assert_non_null(memo);
    uint8_t input[HASH_MEMO_INPUT_SIZE] = {0};
    for (size_t i = 0; i < sizeof input; i++) {
        for (int bit = 0; bit < 8; bit++) {
            assert_hashes(memo, input);
            input[i] ^= (uint8_t)(1 << bit);
            assert_hashes(memo, input);
            input[i] ^= (uint8_t)(1 << bit);
        }
    }
    free(memo);
}

TEST_MAIN(TEST_CASE(every_hash_is_the_plain_one), TEST_CASE(any_byte_counts))
