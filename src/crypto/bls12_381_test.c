#include "crypto/bls12_381.h"

#include "base/test.h"
#include "codec/hex.h"

/* On the curve of G1 but not in the subgroup: the point of the least x. */
static const char outside[] = "0000000000000000000000000000000000000000000000000000000000000000"
                              "0000000000000000000000000000000000000000000000000000000000000004"
                              "000000000000000000000000000000000a989badd40d6212b33cffc3f3763e9b"
                              "c760f988c9926b26da9dd85e928483446346b8ed00e1de5d5ea93e354abe706c";
static const char order[] = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";
static const char prime[] = "000000000000000000000000000000001a0111ea397fe69a4b1ba7b6434bacd7"
                            "64774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";
/* RFC 9380, J.9.2, the empty message: u[0] and the point P. */
static const char rfc_u[] = "00000000000000000000000000000000156c8a6a2c184569d69a76be144b5cdc"
                            "5141d2d2ca4fe341f011e25e3969c55ad9e9b9ce2eb833c81a908e5fa4ac5f03";
static const char rfc_p[] = "00000000000000000000000000000000184bb665c37ff561a89ec2122dd343f2"
                            "0e0f4cbcaec84e3c3052ea81d1834e192c426074b02ed3dca4e7676ce4ce48ba"
                            "0000000000000000000000000000000004407b8d35af4dacc809927071fc0405"
                            "218f1401a6d15af775810e4e460064bcc9468beeba82fdc751be70476c888bf3";

static void decode(uint8_t *out, size_t size, const char *digits) {
    size_t len = 0;
    const struct bytes text = bytes_from(digits, strlen(digits));
    assert_int_equal(hex_decode_bare(out, size, &len, text), HEX_VALID);
    assert_int_equal(len, size);
}

/* Some point of each subgroup. */
static void some_g1(uint8_t out[BLS12_381_G1_SIZE], uint8_t seed) {
    uint8_t u[BLS12_381_FP_SIZE] = {0};
    u[sizeof u - 1] = seed;
    assert_int_equal(bls12_381_map_fp_to_g1(out, BYTES_OF(u)), BLS12_381_VALID);
}

static void some_g2(uint8_t out[BLS12_381_G2_SIZE], uint8_t seed) {
    uint8_t u[BLS12_381_FP2_SIZE] = {0};
    u[sizeof u - 1] = seed;
    assert_int_equal(bls12_381_map_fp2_to_g2(out, BYTES_OF(u)), BLS12_381_VALID);
}

/* out = [scalar] point, the scalar in hex of 32 bytes. */
static enum bls12_381_verdict multiply(
    uint8_t out[BLS12_381_G1_SIZE], const uint8_t *point, const char *scalar
) {
    uint8_t input[BLS12_381_G1_SIZE + BLS12_381_SCALAR_SIZE];
    struct arena arena;
    arena_init(&arena, &test_heap);
    memcpy(input, point, BLS12_381_G1_SIZE);
    decode(input + BLS12_381_G1_SIZE, BLS12_381_SCALAR_SIZE, scalar);
    const enum bls12_381_verdict verdict = bls12_381_g1_msm(&arena, out, BYTES_OF(input));
    arena_reset(&arena);
    return verdict;
}

TEST(lengths_that_the_eip_does_not_name_are_refused) {
    static uint8_t input[2 * BLS12_381_PAIR_SIZE];
    uint8_t out[BLS12_381_G2_SIZE];
    bool is_one = true;
    struct arena arena;
    arena_init(&arena, &test_heap);
    for (size_t len = 0; len < sizeof input; len++) {
        const struct bytes part = bytes_from(input, len);
        const bool is_pairs = len > 0 && len % BLS12_381_PAIR_SIZE == 0;
        assert_int_equal(bls12_381_g1_add(out, part) == BLS12_381_BAD_LENGTH, len != 256);
        assert_int_equal(bls12_381_g2_add(out, part) == BLS12_381_BAD_LENGTH, len != 512);
        assert_int_equal(
            bls12_381_g1_msm(&arena, out, part) == BLS12_381_BAD_LENGTH, len == 0 || len % 160 != 0
        );
        assert_int_equal(
            bls12_381_g2_msm(&arena, out, part) == BLS12_381_BAD_LENGTH, len == 0 || len % 288 != 0
        );
        assert_int_equal(bls12_381_pairing_check(&is_one, part) == BLS12_381_BAD_LENGTH, !is_pairs);
        assert_int_equal(is_one, is_pairs);
        assert_int_equal(bls12_381_map_fp_to_g1(out, part) == BLS12_381_BAD_LENGTH, len != 64);
        assert_int_equal(bls12_381_map_fp2_to_g2(out, part) == BLS12_381_BAD_LENGTH, len != 128);
    }
    arena_reset(&arena);
}

TEST(bad_numbers_and_points_have_their_verdicts) {
    uint8_t input[2 * BLS12_381_G1_SIZE] = {0};
    uint8_t out[BLS12_381_G1_SIZE];
    decode(input, BLS12_381_FP_SIZE, prime);
    assert_int_equal(bls12_381_g1_add(out, BYTES_OF(input)), BLS12_381_NOT_IN_FIELD);
    assert_int_equal(
        bls12_381_map_fp_to_g1(out, bytes_from(input, BLS12_381_FP_SIZE)), BLS12_381_NOT_IN_FIELD
    );
    some_g1(input, 1);
    input[3] = 1; /* in the padding */
    assert_int_equal(bls12_381_g1_add(out, BYTES_OF(input)), BLS12_381_NOT_IN_FIELD);
    input[3] = 0;
    input[BLS12_381_FP_SIZE - 1] ^= 1;
    assert_int_equal(bls12_381_g1_add(out, BYTES_OF(input)), BLS12_381_NOT_ON_CURVE);
}

TEST(the_subgroup_is_checked_where_the_eip_says) {
    uint8_t input[2 * BLS12_381_G1_SIZE] = {0};
    uint8_t pair[BLS12_381_PAIR_SIZE] = {0};
    uint8_t out[BLS12_381_G1_SIZE];
    bool is_one = true;
    decode(input, BLS12_381_G1_SIZE, outside);
    memcpy(pair, input, BLS12_381_G1_SIZE);
    assert_int_equal(bls12_381_g1_add(out, BYTES_OF(input)), BLS12_381_VALID);
    assert_memory_equal(out, input, sizeof out);
    assert_int_equal(multiply(out, input, order), BLS12_381_NOT_IN_SUBGROUP);
    assert_int_equal(bls12_381_pairing_check(&is_one, BYTES_OF(pair)), BLS12_381_NOT_IN_SUBGROUP);
    assert_false(is_one);
}

TEST(maps_are_those_of_the_rfc) {
    uint8_t u[BLS12_381_FP_SIZE];
    uint8_t wanted[BLS12_381_G1_SIZE];
    uint8_t out[BLS12_381_G1_SIZE];
    decode(u, sizeof u, rfc_u);
    decode(wanted, sizeof wanted, rfc_p);
    assert_int_equal(bls12_381_map_fp_to_g1(out, BYTES_OF(u)), BLS12_381_VALID);
    assert_memory_equal(out, wanted, sizeof out);
}

TEST(a_sum_of_many_terms_is_the_sum_of_each) {
    enum { COUNT = 40, TERM = BLS12_381_G1_SIZE + BLS12_381_SCALAR_SIZE };
    static uint8_t input[COUNT * TERM];
    uint8_t sum[2 * BLS12_381_G1_SIZE] = {0};
    uint8_t out[BLS12_381_G1_SIZE];
    struct arena arena;
    arena_init(&arena, &test_heap);
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t *const term = input + i * TERM;
        if (i % 5 != 4) some_g1(term, (uint8_t)(i / 2)); /* pairs of equal points, and infinity */
        memset(term + BLS12_381_G1_SIZE, (int)(i * 41), BLS12_381_SCALAR_SIZE);
        uint8_t *const product = sum + BLS12_381_G1_SIZE;
        assert_int_equal(
            bls12_381_g1_msm(&arena, product, bytes_from(term, TERM)), BLS12_381_VALID
        );
        assert_int_equal(bls12_381_g1_add(sum, BYTES_OF(sum)), BLS12_381_VALID);
    }
    assert_int_equal(bls12_381_g1_msm(&arena, out, BYTES_OF(input)), BLS12_381_VALID);
    assert_memory_equal(out, sum, sizeof out);
    arena_reset(&arena);
}

TEST(the_pairing_is_bilinear_and_not_trivial) {
    static const char minus_two[] =
        "73eda753299d7d483339d80809a1d80553bda402fffe5bfefffffffeffffffff";
    uint8_t pairs[3 * BLS12_381_PAIR_SIZE];
    bool is_one = false;
    some_g1(pairs, 3);
    some_g2(pairs + BLS12_381_G1_SIZE, 4);
    memcpy(pairs + BLS12_381_PAIR_SIZE, pairs, BLS12_381_PAIR_SIZE);
    memcpy(pairs + 2 * BLS12_381_PAIR_SIZE, pairs, BLS12_381_PAIR_SIZE);
    assert_int_equal(bls12_381_pairing_check(&is_one, BYTES_OF(pairs)), BLS12_381_VALID);
    assert_false(is_one);
    uint8_t *const last = pairs + 2 * BLS12_381_PAIR_SIZE;
    assert_int_equal(multiply(last, pairs, minus_two), BLS12_381_VALID);
    assert_int_equal(bls12_381_pairing_check(&is_one, BYTES_OF(pairs)), BLS12_381_VALID);
    assert_true(is_one);
}

TEST_MAIN(
    TEST_CASE(lengths_that_the_eip_does_not_name_are_refused),
    TEST_CASE(bad_numbers_and_points_have_their_verdicts),
    TEST_CASE(the_subgroup_is_checked_where_the_eip_says),
    TEST_CASE(maps_are_those_of_the_rfc),
    TEST_CASE(a_sum_of_many_terms_is_the_sum_of_each),
    TEST_CASE(the_pairing_is_bilinear_and_not_trivial)
)
