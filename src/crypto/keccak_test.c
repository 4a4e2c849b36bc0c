#include "crypto/keccak.h"

#include "base/test.h"

/* A cheap sequence of lanes; the seed names the state. */
static void fill_state(uint64_t state[25], uint64_t seed) {
    for (size_t i = 0; i < 25; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        state[i] = seed ^ seed >> 29;
    }
}

TEST(known_answers_hold) {
    static const struct {
        const char *text;
        struct hash hash;
    } cases[] = {
        {"", {{0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c, 0x92, 0x7e, 0x7d,
               0xb2, 0xdc, 0xc7, 0x03, 0xc0, 0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82,
               0x27, 0x3b, 0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}}},
        {"abc", {{0x4e, 0x03, 0x65, 0x7a, 0xea, 0x45, 0xa9, 0x4f, 0xc7, 0xd4, 0x7b,
                  0xa8, 0x26, 0xc8, 0xd6, 0x67, 0xc0, 0xd1, 0xe6, 0xe3, 0x3a, 0x64,
                  0xa0, 0x36, 0xec, 0x44, 0xf5, 0x8f, 0xa1, 0x2d, 0x6c, 0x45}}},
        {"Transfer(address,address,uint256)",
         {{0xdd, 0xf2, 0x52, 0xad, 0x1b, 0xe2, 0xc8, 0x9b, 0x69, 0xc2, 0xb0,
           0x68, 0xfc, 0x37, 0x8d, 0xaa, 0x95, 0x2b, 0xa7, 0xf1, 0x63, 0xc4,
           0xa1, 0x16, 0x28, 0xf5, 0x5a, 0x4d, 0xf5, 0x23, 0xb3, 0xef}}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct hash hash;
        keccak256(&hash, bytes_from(cases[i].text, strlen(cases[i].text)));
        assert_memory_equal(&hash, &cases[i].hash, sizeof hash);
    }
    struct hash empty;
    keccak256(&empty, (struct bytes){NULL, 0});
    assert_true(hash_equal(&empty, &keccak256_of_empty));
}

TEST(every_fast_permutation_equals_the_plain_one) {
    for (uint64_t seed = 0; seed < 500; seed++) {
        uint64_t plain[25];
        uint64_t portable[25];
        uint64_t fast[25];
        fill_state(plain, seed);
        fill_state(portable, seed);
        fill_state(fast, seed);
        keccakf1600_plain(plain);
        keccakf1600_portable(portable);
        keccakf1600(fast);
        assert_memory_equal(portable, plain, sizeof plain);
        assert_memory_equal(fast, plain, sizeof plain);
    }
}

TEST(pieces_hash_like_the_whole) {
    uint8_t message[3 * KECCAK256_RATE + 5];
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 7 + i / 256);
    }
    for (size_t len = 0; len <= sizeof message; len++) {
        struct hash whole;
        keccak256(&whole, (struct bytes){message, len});
        for (size_t piece = 1; piece <= KECCAK256_RATE + 1; piece += 15) {
            struct keccak256 hasher;
            struct hash hash;
            keccak256_init(&hasher);
            for (size_t at = 0; at < len; at += piece) {
                const size_t piece_len = len - at < piece ? len - at : piece;
                keccak256_update(&hasher, (struct bytes){message + at, piece_len});
            }
            keccak256_update(&hasher, (struct bytes){NULL, 0});
            keccak256_final(&hasher, &hash);
            assert_memory_equal(&hash, &whole, sizeof hash);
        }
    }
}

TEST_MAIN(
    TEST_CASE(known_answers_hold),
    TEST_CASE(every_fast_permutation_equals_the_plain_one),
    TEST_CASE(pieces_hash_like_the_whole)
)
