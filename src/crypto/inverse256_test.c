#include "crypto/inverse256.h"

#include "base/test.h"

/* The plain twin: tries every number. */
static uint64_t inverse_plain(uint64_t a, uint64_t m) {
    for (uint64_t i = 0; i < m; i++) {
        if (a * i % m == 1) return i;
    }
    return 0;
}

static bool have_common_factor(uint64_t a, uint64_t m) {
    while (a != 0) {
        const uint64_t rest = m % a;
        m = a;
        a = rest;
    }
    return m != 1;
}

TEST(small_numbers_have_the_inverses_that_trying_finds) {
    for (uint64_t m = 1; m < 200; m += 2) {
        for (uint64_t a = 0; a < m; a++) {
            if (a != 0 && have_common_factor(a, m)) continue;
            const struct u256 number = u256_from_u64(a), modulus = u256_from_u64(m);
            const struct u256 expected = u256_from_u64(inverse_plain(a, m));
            struct u256 inverse;
            inverse256(&inverse, &number, &modulus);
            assert_true(u256_equal(&inverse, &expected));
        }
    }
}

/* Primes of 64 to 256 bits, with limbs of ones and of zeros. */
TEST(a_number_times_its_inverse_is_one_for_moduli_of_any_length) {
    static const struct u256 primes[] = {
        {{0xffffffffffffffc5, 0, 0, 0}},                            /* 2^64 - 59 */
        {{13, 1, 0, 0}},                                            /* 2^64 + 13 */
        {{0xffffffffffffffff, 0x7fffffffffffffff, 0, 0}},           /* 2^127 - 1 */
        {{0xffffffffffffff61, 0xffffffffffffffff, 0, 0}},           /* 2^128 - 159 */
        {{0xffffffffffffff13, UINT64_MAX, UINT64_MAX, 0}},          /* 2^192 - 237 */
        {{0xffffffffffffffed, UINT64_MAX, UINT64_MAX, INT64_MAX}},  /* 2^255 - 19 */
        {{0xffffffffffffff43, UINT64_MAX, UINT64_MAX, UINT64_MAX}}, /* 2^256 - 189 */
    };
    const struct u256 one = U256_ONE;
    uint64_t seed = 7;
    for (size_t i = 0; i < ARRAY_LEN(primes); i++) {
        const struct u256 *const m = &primes[i];
        struct u256 a, inverse, product;
        (void)u256_sub_wrapping(&a, m, &one);
        inverse256(&inverse, &a, m);
        assert_true(u256_equal(&inverse, &a)); /* of -1 */
        for (size_t round = 0; round < 1000; round++) {
            for (size_t k = 0; k < 4; k++) {
                seed = seed * 6364136223846793005 + 1442695040888963407;
                a.limb[k] = seed;
            }
            u256_mod(&a, &a, m);
            inverse = a;
            inverse256(&inverse, &inverse, m);
            assert_true(u256_less(&inverse, m));
            u256_mulmod(&product, &a, &inverse, m);
            assert_true(u256_equal(&product, &one));
        }
    }
}

TEST_MAIN(
    TEST_CASE(small_numbers_have_the_inverses_that_trying_finds),
    TEST_CASE(a_number_times_its_inverse_is_one_for_moduli_of_any_length)
)
