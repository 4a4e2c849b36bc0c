#include "crypto/bn254.h"

#include "base/test.h"
#include "codec/hex.h"
#include "crypto/bn254_field.h"

#define ZEROS_32 "0000000000000000000000000000000000000000000000000000000000000000"
#define ONE_32   "0000000000000000000000000000000000000000000000000000000000000001"
#define TWO_32   "0000000000000000000000000000000000000000000000000000000000000002"
#define PRIME_32 "30644e72e131a029b85045b68181585d97816a916871ca8d3c208c16d87cfd47"
#define ORDER_32 "30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001"

/* Generators as EIP-197 names them, a multiple of the second, a point of the twist outside the
 * subgroup, and one of the cofactor's order. */
static const char g1[] = ONE_32 TWO_32;
static const char g2[] = "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
                         "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
                         "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
                         "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";
static const uint64_t g2_factor = 12345678901234567890U;
static const char g2_multiple[] =
    "0a5aa0f90bc984d828fc4926295418977785f9f9b443c3e374fa1be5a2e1b36b"
    "0e8329e66d33e4252cf2975c41869906b78bd7af3f4a37296d0329eff62279de"
    "159f41a236a4e7432f1848887cc19cf9e43f31512828e586814629b69e613893"
    "0ffbcc4c494cf1ffd08dcc50741411b89a469dba596b179cb7b491e0ba58696c";
static const char outside[] =
    ZEROS_32 ONE_32 "0d1271953ed9ea0836846e70a1934187998c7f790cb4d7511b7f8da82de048a4"
                    "2869111d5381f072f8e2728fdb825a51aadd70e52c9830e9ab4b871c0531f1bb";
static const char of_cofactor[] =
    "0f1b774812e04eae19f53de91ff34c0dc44cecb407ee845bf0e3cc81cdfd116c"
    "1b8657a6141071b36317397c07d80acb368a1fa8e99f7fcb3b62bfdde784f651"
    "1bebb5770f60f8284b1ea19bee405ab97693c5dbebe2638ed727232dcac76513"
    "1c06e80d445368336664825773f370aa0b07841ae48f962c79da0d154d81fa43";

static void decode(uint8_t *out, size_t size, const char *digits) {
    size_t len = 0;
    const struct bytes text = bytes_from(digits, strlen(digits));
    assert_int_equal(hex_decode_bare(out, size, &len, text), HEX_VALID);
    assert_int_equal(len, size);
}

/* out = [factor] G1's generator, negated where asked. */
static void multiple(uint8_t out[BN254_G1_SIZE], uint64_t factor, bool negate) {
    uint8_t input[BN254_G1_SIZE + BN254_SCALAR_SIZE] = {0};
    decode(input, BN254_G1_SIZE, g1);
    store_be64(input + sizeof input - 8, factor);
    assert_int_equal(bn254_mul(out, input), BN254_VALID);
    if (!negate) return;
    struct fp y;
    assert_true(fp_from_be(&y, out + 32));
    fp_neg(&y, &y);
    fp_to_be(out + 32, &y);
}

static bool pairing_of_two(
    const uint8_t a[BN254_G1_SIZE], const char *p, const uint8_t b[BN254_G1_SIZE], const char *q
) {
    uint8_t input[2 * BN254_PAIR_SIZE];
    bool is_one = false;
    memcpy(input, a, BN254_G1_SIZE);
    decode(input + BN254_G1_SIZE, BN254_G2_SIZE, p);
    memcpy(input + BN254_PAIR_SIZE, b, BN254_G1_SIZE);
    decode(input + BN254_PAIR_SIZE + BN254_G1_SIZE, BN254_G2_SIZE, q);
    assert_int_equal(bn254_pairing_check(&is_one, BYTES_OF(input)), BN254_VALID);
    return is_one;
}

TEST(each_kind_of_bad_point_has_its_verdict) {
    static const struct {
        const char *g1;
        const char *g2;
        enum bn254_verdict verdict;
    } cases[] = {
        {ONE_32 ONE_32, g2, BN254_NOT_ON_CURVE},
        {PRIME_32 TWO_32, g2, BN254_NOT_IN_FIELD},
        {ONE_32 PRIME_32, g2, BN254_NOT_IN_FIELD},
        {PRIME_32 PRIME_32, g2, BN254_NOT_IN_FIELD}, /* zero, but not written as zero */
        {g1, ONE_32 ONE_32 ONE_32 ONE_32, BN254_NOT_ON_CURVE},
        {g1, PRIME_32 ZEROS_32 ZEROS_32 ZEROS_32, BN254_NOT_IN_FIELD},
        {g1, outside, BN254_NOT_IN_SUBGROUP},
        {g1, of_cofactor, BN254_NOT_IN_SUBGROUP},
        {ZEROS_32 ZEROS_32, of_cofactor, BN254_NOT_IN_SUBGROUP}, /* though the pairing is 1 */
        {ZEROS_32 ZEROS_32, g2, BN254_VALID},
        {g1, ZEROS_32 ZEROS_32 ZEROS_32 ZEROS_32, BN254_VALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t input[BN254_PAIR_SIZE];
        bool is_one = true;
        decode(input, BN254_G1_SIZE, cases[i].g1);
        decode(input + BN254_G1_SIZE, BN254_G2_SIZE, cases[i].g2);
        assert_int_equal(bn254_pairing_check(&is_one, BYTES_OF(input)), cases[i].verdict);
        assert_int_equal(is_one, cases[i].verdict == BN254_VALID);
    }
    bool is_one = true;
    uint8_t input[BN254_PAIR_SIZE - 1] = {0};
    assert_int_equal(bn254_pairing_check(&is_one, BYTES_OF(input)), BN254_BAD_LENGTH);
    assert_false(is_one);
    assert_int_equal(bn254_pairing_check(&is_one, (struct bytes){NULL, 0}), BN254_VALID);
    assert_true(is_one);
}

TEST(bad_points_are_not_added_or_multiplied) {
    uint8_t input[2 * BN254_G1_SIZE] = {0};
    uint8_t out[BN254_G1_SIZE];
    decode(input, BN254_G1_SIZE, ONE_32 ONE_32);
    assert_int_equal(bn254_add(out, input), BN254_NOT_ON_CURVE);
    assert_int_equal(bn254_mul(out, input), BN254_NOT_ON_CURVE);
    decode(input, BN254_G1_SIZE, g1);
    decode(input + BN254_G1_SIZE, BN254_G1_SIZE, ONE_32 PRIME_32);
    assert_int_equal(bn254_add(out, input), BN254_NOT_IN_FIELD);
}

TEST(multiples_are_repeated_sums) {
    uint8_t sum[BN254_G1_SIZE] = {0};
    for (uint64_t factor = 0; factor < 70; factor++) {
        uint8_t product[BN254_G1_SIZE];
        uint8_t input[2 * BN254_G1_SIZE];
        multiple(product, factor, false);
        assert_memory_equal(product, sum, sizeof sum);
        memcpy(input, sum, sizeof sum);
        decode(input + BN254_G1_SIZE, BN254_G1_SIZE, g1);
        assert_int_equal(bn254_add(sum, input), BN254_VALID);
    }
}

TEST(the_order_and_all_ones_are_good_scalars) {
    static const uint8_t zeros[BN254_G1_SIZE];
    uint8_t input[BN254_G1_SIZE + BN254_SCALAR_SIZE];
    uint8_t all_ones[BN254_G1_SIZE];
    uint8_t halves[2 * BN254_G1_SIZE];
    uint8_t out[BN254_G1_SIZE];
    decode(input, sizeof input, ONE_32 TWO_32 ORDER_32);
    assert_int_equal(bn254_mul(out, input), BN254_VALID);
    assert_memory_equal(out, zeros, sizeof out);

    /* 2^256 - 1 = 2 (2^255 - 1) + 1 */
    memset(input + BN254_G1_SIZE, 0xff, BN254_SCALAR_SIZE);
    assert_int_equal(bn254_mul(all_ones, input), BN254_VALID);
    input[BN254_G1_SIZE] = 0x7f;
    assert_int_equal(bn254_mul(halves, input), BN254_VALID);
    memcpy(halves + BN254_G1_SIZE, halves, BN254_G1_SIZE);
    assert_int_equal(bn254_add(halves, halves), BN254_VALID);
    decode(halves + BN254_G1_SIZE, BN254_G1_SIZE, g1);
    assert_int_equal(bn254_add(out, halves), BN254_VALID);
    assert_memory_equal(out, all_ones, sizeof out);
}

TEST(the_pairing_is_bilinear_and_not_trivial) {
    for (uint64_t factor = 1; factor < 6; factor++) {
        uint8_t a[BN254_G1_SIZE];
        uint8_t b[BN254_G1_SIZE];
        multiple(a, factor, false);
        multiple(b, factor, true);
        assert_true(pairing_of_two(a, g2, b, g2));
        assert_false(pairing_of_two(a, g2, a, g2));
        assert_false(pairing_of_two(a, g2, b, g2_multiple));
        /* e([k] P, Q) = e(P, [k] Q) */
        multiple(a, g2_factor, false);
        multiple(b, 1, true);
        assert_true(pairing_of_two(a, g2, b, g2_multiple));
        multiple(a, g2_factor + factor, false);
        assert_false(pairing_of_two(a, g2, b, g2_multiple));
    }
}

TEST(more_pairs_than_one_loop_takes_multiply_up) {
    enum { COUNT = 19 };
    static uint8_t input[COUNT * BN254_PAIR_SIZE];
    bool is_one = false;
    uint64_t sum = 0;
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t *const pair = input + i * BN254_PAIR_SIZE;
        decode(pair + BN254_G1_SIZE, BN254_G2_SIZE, g2);
        multiple(pair, i + 1 < COUNT ? i * i : sum, i + 1 == COUNT);
        sum += i * i;
    }
    assert_int_equal(bn254_pairing_check(&is_one, BYTES_OF(input)), BN254_VALID);
    assert_true(is_one);
    multiple(input + 3 * BN254_PAIR_SIZE, 10, false);
    assert_int_equal(bn254_pairing_check(&is_one, BYTES_OF(input)), BN254_VALID);
    assert_false(is_one);
}

TEST(field_operations_agree_with_each_other) {
    struct fp12 a;
    uint64_t seed = 3;
    uint8_t *const raw = (uint8_t *)&a;
    for (size_t i = 0; i < sizeof a; i++) {
        seed = seed * 6364136223846793005 + 1442695040888963407;
        raw[i] = i % 32 == 31 ? 0x10 : (uint8_t)(seed >> 40); /* below p */
    }
    struct fp12 left;
    struct fp12 right;
    fp12_sqr(&left, &a);
    fp12_mul(&right, &a, &a);
    assert_memory_equal(&left, &right, sizeof left);

    fp12_inverse(&left, &a);
    fp12_mul(&left, &left, &a);
    assert_true(fp12_is_one(&left));

    /* Frobenius by 1 and 2 is by 3, and by 3 and 3 is the conjugate. */
    fp12_frobenius(&left, &a, 1);
    fp12_frobenius(&left, &left, 2);
    fp12_frobenius(&right, &a, 3);
    assert_memory_equal(&left, &right, sizeof left);
    fp12_frobenius(&left, &left, 3);
    fp12_conjugate(&right, &a);
    assert_memory_equal(&left, &right, sizeof left);

    /* In the cyclotomic subgroup the fast square is the square. */
    fp12_inverse(&left, &a);
    fp12_mul(&a, &right, &left);
    fp12_frobenius(&left, &a, 2);
    fp12_mul(&a, &a, &left);
    fp12_sqr_cyclotomic(&left, &a);
    fp12_sqr(&right, &a);
    assert_memory_equal(&left, &right, sizeof left);
}

TEST(a_number_times_its_inverse_is_one) {
    const struct fp one = FP_ONE;
    const struct fp zero = {{0, 0, 0, 0}};
    struct fp minus_one;
    struct fp a = one;
    struct fp inverse;
    fp_inverse(&inverse, &zero);
    assert_true(fp_is_zero(&inverse));
    fp_neg(&minus_one, &one);
    fp_inverse(&inverse, &minus_one);
    assert_true(fp_equal(&inverse, &minus_one));
    for (size_t i = 0; i < 20000; i++) {
        /* Small numbers and their neighbours, powers of two, and what squaring makes of them. */
        struct fp number = {{i < 1000 ? i + 1 : 0, 0, 0, 0}};
        if (i >= 1000 && i < 1250) number.limb[(i - 1000) / 64] = (uint64_t)1 << ((i - 1000) % 64);
        if (i >= 1250) {
            fp_sqr(&a, &a);
            fp_add(&a, &a, &one);
            number = a;
        }
        struct fp product;
        fp_inverse(&inverse, &number);
        fp_mul(&product, &inverse, &number);
        assert_true(fp_equal(&product, &one));
    }
}

TEST_MAIN(
    TEST_CASE(a_number_times_its_inverse_is_one),
    TEST_CASE(each_kind_of_bad_point_has_its_verdict),
    TEST_CASE(bad_points_are_not_added_or_multiplied),
    TEST_CASE(multiples_are_repeated_sums),
    TEST_CASE(the_order_and_all_ones_are_good_scalars),
    TEST_CASE(the_pairing_is_bilinear_and_not_trivial),
    TEST_CASE(more_pairs_than_one_loop_takes_multiply_up),
    TEST_CASE(field_operations_agree_with_each_other)
)
