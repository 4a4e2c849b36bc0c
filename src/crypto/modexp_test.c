#include "crypto/modexp.h"

#include "base/test.h"

#include <openssl/bn.h>

enum { OPERAND_MAX = 300 };

struct operands {
    uint8_t base[OPERAND_MAX];
    uint8_t exponent[OPERAND_MAX];
    uint8_t modulus[OPERAND_MAX];
    size_t base_len;
    size_t exponent_len;
    size_t modulus_len;
};

static uint64_t next_random(uint64_t *seed) {
    *seed = *seed * 6364136223846793005 + 1442695040888963407;
    return *seed >> 33 ^ *seed >> 17;
}

static void run(uint8_t *out, const struct operands *in) {
    uint8_t data[3 * OPERAND_MAX];
    size_t len = 0;
    memcpy(data, in->base, in->base_len);
    len += in->base_len;
    memcpy(data + len, in->exponent, in->exponent_len);
    len += in->exponent_len;
    memcpy(data + len, in->modulus, in->modulus_len);
    len += in->modulus_len;
    const struct modexp_input input = {
        {data, len}, in->base_len, in->exponent_len, in->modulus_len};
    struct arena arena;
    arena_init(&arena, &test_heap);
    uint8_t portable[OPERAND_MAX];
    modexp(&arena, out, &input);
    modexp_portable(&arena, portable, &input);
    if (in->modulus_len > 0) assert_memory_equal(portable, out, in->modulus_len);
    arena_reset(&arena);
}

static void run_openssl(uint8_t *out, const struct operands *in) {
    BN_CTX *const context = BN_CTX_new();
    BIGNUM *const base = BN_bin2bn(in->base, (int)in->base_len, NULL);
    BIGNUM *const exponent = BN_bin2bn(in->exponent, (int)in->exponent_len, NULL);
    BIGNUM *const modulus = BN_bin2bn(in->modulus, (int)in->modulus_len, NULL);
    BIGNUM *const result = BN_new();
    memset(out, 0, in->modulus_len);
    if (!BN_is_zero(modulus)) {
        assert_int_equal(BN_mod_exp(result, base, exponent, modulus, context), 1);
        (void)BN_bn2binpad(result, out, (int)in->modulus_len);
    }
    BN_free(result);
    BN_free(modulus);
    BN_free(exponent);
    BN_free(base);
    BN_CTX_free(context);
}

static void assert_like_openssl(const struct operands *in) {
    uint8_t ours[OPERAND_MAX];
    uint8_t theirs[OPERAND_MAX];
    run(ours, in);
    run_openssl(theirs, in);
    assert_memory_equal(ours, theirs, in->modulus_len);
}

/* The shapes that matter: leading zeros, all ones, sparse numbers, trailing zero bits. */
static void fill(uint8_t *out, size_t len, uint64_t *seed) {
    const uint64_t shape = next_random(seed) % 6;
    for (size_t i = 0; i < len; i++) {
        out[i] = shape == 1 ? 0xff : (uint8_t)next_random(seed);
        if (shape == 2 && next_random(seed) % 4 != 0) out[i] = 0;
        if (shape == 3 && i < len / 2) out[i] = 0;
        if (shape == 4 && i >= len / 2) out[i] = 0;
    }
}

TEST(random_powers_equal_those_of_openssl) {
    uint64_t seed = 1;
    for (size_t round = 0; round < 3000; round++) {
        struct operands in;
        const size_t size_max = round % 10 == 0 ? OPERAND_MAX : 72;
        in.base_len = next_random(&seed) % (size_max + 1);
        in.exponent_len = next_random(&seed) % (round % 5 == 0 ? 40 : 9);
        in.modulus_len = next_random(&seed) % (size_max + 1);
        fill(in.base, in.base_len, &seed);
        fill(in.exponent, in.exponent_len, &seed);
        fill(in.modulus, in.modulus_len, &seed);
        assert_like_openssl(&in);
    }
}

TEST(every_small_case_is_right) {
    for (uint8_t m = 0; m < 40; m++) {
        for (uint8_t b = 0; b < 40; b += 3) {
            uint8_t power = m > 1 ? 1 : 0;
            for (uint8_t e = 0; e < 30; e++) {
                const struct operands in = {{b}, {e}, {m}, 1, 1, 1};
                uint8_t out[1];
                run(out, &in);
                assert_int_equal(out[0], power);
                if (m > 1) power = (uint8_t)(power * b % m);
            }
        }
    }
}

TEST(bytes_that_are_not_there_read_as_zero) {
    static const uint8_t data[] = {3, 2, 7}; /* base 3, exponent 2 and its zeros, modulus 7 … */
    struct arena arena;
    uint8_t out[2];
    arena_init(&arena, &test_heap);
    modexp(&arena, out, &(struct modexp_input){BYTES_OF(data), 1, 1, 2});
    assert_int_equal(out[0] << 8 | out[1], 9); /* modulus 0x0700 */
    modexp(&arena, out, &(struct modexp_input){BYTES_OF(data), 1, 3, 2});
    assert_int_equal(out[0] << 8 | out[1], 0); /* no modulus left: zero */
    modexp(&arena, out, &(struct modexp_input){BYTES_OF(data), 1, SIZE_MAX, 2});
    assert_int_equal(out[0] << 8 | out[1], 0);
    arena_reset(&arena);
}

TEST(a_size_only_a_bug_can_ask_for_stops_the_program) {
    struct arena arena;
    uint8_t out[1];
    arena_init(&arena, &test_heap);
    const struct modexp_input input = {{NULL, 0}, MODEXP_SIZE_MAX + 1, 0, 1};
    expect_assert_failure(modexp(&arena, out, &input));
}

TEST_MAIN(
    TEST_CASE(random_powers_equal_those_of_openssl),
    TEST_CASE(every_small_case_is_right),
    TEST_CASE(bytes_that_are_not_there_read_as_zero),
    TEST_CASE(a_size_only_a_bug_can_ask_for_stops_the_program)
)
