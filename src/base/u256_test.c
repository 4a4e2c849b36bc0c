#include "base/u256.h"

#include "base/test.h"
#include "base/u256_reciprocal.h"

/* The plain twin: numbers of 512 bits as an array of bits, lowest first. */
enum { BITS = 512, ROUNDS = 8000 };

struct plain {
    bool bit[BITS];
};

static struct plain plain_from(const struct u256 *a) {
    struct plain p = {{false}};
    for (int i = 0; i < 256; i++) {
        p.bit[i] = (a->limb[i / 64] >> (i % 64) & 1) != 0;
    }
    return p;
}

static struct u256 plain_low(const struct plain *p) {
    struct u256 a = U256_ZERO;
    for (int i = 0; i < 256; i++) {
        if (p->bit[i]) a.limb[i / 64] |= UINT64_C(1) << (i % 64);
    }
    return a;
}

static struct plain plain_shl1(const struct plain *p, bool in) {
    struct plain out;
    out.bit[0] = in;
    for (int i = 1; i < BITS; i++) {
        out.bit[i] = p->bit[i - 1];
    }
    return out;
}

static bool plain_less(const struct plain *a, const struct plain *b) {
    for (int i = BITS - 1; i >= 0; i--) {
        if (a->bit[i] != b->bit[i]) return b->bit[i];
    }
    return false;
}

static struct plain plain_add(const struct plain *a, const struct plain *b) {
    struct plain out;
    int carry = 0;
    for (int i = 0; i < BITS; i++) {
        const int sum = a->bit[i] + b->bit[i] + carry;
        out.bit[i] = (sum & 1) != 0;
        carry = sum >> 1;
    }
    return out;
}

static struct plain plain_sub(const struct plain *a, const struct plain *b) {
    struct plain out;
    int borrow = 0;
    for (int i = 0; i < BITS; i++) {
        const int difference = a->bit[i] - b->bit[i] - borrow;
        out.bit[i] = (difference & 1) != 0;
        borrow = difference < 0;
    }
    return out;
}

static struct plain plain_mul(const struct plain *a, const struct plain *b) {
    struct plain out = {{false}}, shifted = *a;
    for (int i = 0; i < 256; i++) {
        if (b->bit[i]) out = plain_add(&out, &shifted);
        shifted = plain_shl1(&shifted, false);
    }
    return out;
}

static void plain_divmod(
    struct plain *quotient, struct plain *remainder, const struct plain *a, const struct plain *b
) {
    struct plain rest = {{false}}, q = {{false}};
    const struct plain zero = {{false}};
    if (plain_less(&zero, b)) {
        for (int i = BITS - 1; i >= 0; i--) {
            rest = plain_shl1(&rest, a->bit[i]);
            if (!plain_less(&rest, b)) {
                rest = plain_sub(&rest, b);
                q.bit[i] = true;
            }
        }
    }
    if (quotient != NULL) *quotient = q;
    *remainder = rest;
}

/* xorshift64*, and words that are likely to meet edges: few limbs, runs of ones, neighbours of
 * powers of two, neighbours of each other. */
static uint64_t seed = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t next_random(void) {
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static uint64_t random_limb(void) {
    const uint64_t power = UINT64_C(1) << (next_random() % 64);
    switch (next_random() % 8) {
    case 0: return UINT64_MAX;
    case 1: return 0;
    case 2: return power;
    case 3: return power - 1;
    case 4: return power + 1;
    case 5: return ~power;
    case 6: return next_random() >> (next_random() % 64);
    default: return next_random();
    }
}

static struct u256 random_word(void) {
    struct u256 a = U256_ZERO;
    const unsigned limbs = (unsigned)(next_random() % 5);
    for (unsigned i = 0; i < limbs; i++) {
        a.limb[i] = random_limb();
    }
    if (next_random() % 4 == 0) {
        const struct u256 small = u256_from_u64(next_random() % 3);
        (void)u256_sub_wrapping(&a, &a, &small);
    }
    return a;
}

/* A second plain twin, fast enough for many words: the remainder of count limbs, a bit at a time. */
static struct u256 plain_rest(const uint64_t *limbs, unsigned count, const struct u256 *m) {
    struct u256 rest = U256_ZERO;
    if (u256_is_zero(m)) return rest;
    for (unsigned bit = count * 64; bit-- > 0;) {
        const bool out = u256_add_wrapping(&rest, &rest, &rest);
        rest.limb[0] |= limbs[bit / 64] >> (bit % 64) & 1;
        struct u256 less;
        if (!u256_sub_wrapping(&less, &rest, m) || out) rest = less;
    }
    return rest;
}

static void assert_word(const struct u256 *actual, const struct u256 *expected) {
    assert_memory_equal(actual, expected, sizeof *actual);
}

TEST(sums_and_products_agree_with_the_plain_twin) {
    for (int i = 0; i < ROUNDS / 10; i++) {
        const struct u256 a = random_word(), b = random_word();
        const struct plain x = plain_from(&a), y = plain_from(&b);
        struct u256 actual, expected;

        const struct plain sum = plain_add(&x, &y);
        expected = plain_low(&sum);
        assert_int_equal(u256_add_wrapping(&actual, &a, &b), sum.bit[256]);
        assert_word(&actual, &expected);

        const struct plain difference = plain_sub(&x, &y);
        expected = plain_low(&difference);
        assert_int_equal(u256_sub_wrapping(&actual, &a, &b), plain_less(&x, &y));
        assert_int_equal(u256_less(&a, &b), plain_less(&x, &y));
        assert_word(&actual, &expected);

        const struct plain product = plain_mul(&x, &y);
        expected = plain_low(&product);
        u256_mul_wrapping(&actual, &a, &b);
        assert_word(&actual, &expected);
        bool fits = true;
        for (int bit = 256; bit < BITS; bit++) {
            fits = fits && !product.bit[bit];
        }
        assert_int_equal(u256_mul(&actual, &a, &b), fits);

        uint64_t full[8];
        u256_mul_full(full, &a, &b);
        for (int bit = 0; bit < BITS; bit++) {
            assert_int_equal(full[bit / 64] >> (bit % 64) & 1, product.bit[bit]);
        }
    }
}

TEST(division_agrees_with_the_plain_twin) {
    for (int i = 0; i < ROUNDS / 10; i++) {
        const struct u256 a = random_word(), b = random_word();
        const struct plain x = plain_from(&a), y = plain_from(&b);
        struct plain q, r;
        plain_divmod(&q, &r, &x, &y);
        const struct u256 quotient = plain_low(&q), remainder = plain_low(&r);
        struct u256 actual_quotient, actual_remainder;
        u256_divmod(&actual_quotient, &actual_remainder, &a, &b);
        assert_word(&actual_quotient, &quotient);
        assert_word(&actual_remainder, &remainder);
    }
}

/* Much faster than the twin, so it can look at far more pairs: a = q b + r with r < b has one
 * solution only. */
TEST(a_quotient_times_the_divisor_plus_the_remainder_is_the_dividend) {
    for (int i = 0; i < 15 * ROUNDS; i++) {
        struct u256 a = random_word();
        const struct u256 b = random_word();
        if (i % 3 == 0) {
            /* A multiple of b and a little: the estimates of algorithm D are wrong here. */
            const struct u256 k = random_word(), little = u256_from_u64(next_random() % 3);
            u256_mul_wrapping(&a, &b, &k);
            (void)u256_sub_wrapping(&a, &a, &little);
        }
        if (u256_is_zero(&b)) continue;
        struct u256 q, r, back;
        u256_divmod(&q, &r, &a, &b);
        assert_true(u256_less(&r, &b));
        assert_true(u256_mul(&back, &q, &b));
        assert_true(u256_add(&back, &back, &r));
        assert_word(&back, &a);
    }
}

TEST(addmod_and_mulmod_agree_with_the_plain_twin) {
    for (int i = 0; i < ROUNDS / 10; i++) {
        const struct u256 a = random_word(), b = random_word(), m = random_word();
        const struct plain x = plain_from(&a), y = plain_from(&b), n = plain_from(&m);
        struct plain rest;
        struct u256 actual, expected;

        const struct plain sum = plain_add(&x, &y);
        plain_divmod(NULL, &rest, &sum, &n);
        expected = plain_low(&rest);
        u256_addmod(&actual, &a, &b, &m);
        assert_word(&actual, &expected);

        const struct plain product = plain_mul(&x, &y);
        plain_divmod(NULL, &rest, &product, &n);
        expected = plain_low(&rest);
        u256_mulmod(&actual, &a, &b, &m);
        assert_word(&actual, &expected);
    }
}

TEST(many_remainders_agree_with_the_plain_twin) {
    struct u256_modulus kept = {0};
    struct u256 m = U256_ZERO;
    for (int i = 0; i < 5 * ROUNDS; i++) {
        /* A modulus stays for a few products, so that it is kept, prepared and replaced. */
        if (next_random() % 3 == 0) m = random_word();
        struct u256 a = random_word();
        const struct u256 b = random_word();
        struct u256 actual;
        if (next_random() % 4 == 0) {
            /* A multiple of m and a little: quotients at the edge. */
            const struct u256 little = u256_from_u64(next_random() % 3);
            u256_mul_wrapping(&a, &a, &m);
            (void)u256_sub_wrapping(&a, &a, &little);
        }
        uint64_t limbs[8] = {0};
        struct u256 sum;
        limbs[4] = u256_add_wrapping(&sum, &a, &b);
        memcpy(limbs, sum.limb, sizeof sum);
        struct u256 expected = plain_rest(limbs, 5, &m);
        u256_addmod(&actual, &a, &b, &m);
        assert_word(&actual, &expected);

        u256_mul_full(limbs, &a, &b);
        expected = plain_rest(limbs, 8, &m);
        u256_mulmod(&actual, &a, &b, &m);
        assert_word(&actual, &expected);
        u256_mulmod_kept(&actual, &a, &b, &m, &kept);
        assert_word(&actual, &expected);
        actual = a; /* outputs may be operands */
        u256_mulmod_kept(&actual, &actual, &b, &m, &kept);
        assert_word(&actual, &expected);

        expected = plain_rest(a.limb, 4, &m);
        u256_mod(&actual, &a, &m);
        assert_word(&actual, &expected);
        u256_divmod(NULL, &actual, &a, &m);
        assert_word(&actual, &expected);
        struct u256 quotient;
        u256_divmod(&quotient, NULL, &a, &m);
        u256_div(&actual, &a, &m);
        assert_word(&actual, &quotient);
    }
}

TEST(reciprocals_from_the_table_are_those_of_long_division) {
    for (int i = 0; i < 20 * ROUNDS; i++) {
        const uint64_t d = random_limb() | UINT64_C(1) << 63;
        const uint128 numerator = (uint128)~d << 64 | UINT64_MAX;
        const uint64_t expected = (uint64_t)(numerator / d);
        assert_int_equal(reciprocal_by_table(d), expected);
        assert_int_equal(reciprocal_of(d), expected);

        const uint64_t u1 = random_limb() % d, u0 = random_limb();
        const uint128 u = (uint128)u1 << 64 | u0;
        uint64_t rest;
        assert_int_equal(divide_2by1(&rest, u1, u0, d, expected), (uint64_t)(u / d));
        assert_int_equal(rest, (uint64_t)(u % d));
        assert_int_equal(divide_2by1_once(&rest, u1, u0, d), (uint64_t)(u / d));
        assert_int_equal(rest, (uint64_t)(u % d));
    }
}

TEST(the_product_reduced_is_that_of_reduced_factors) {
    for (int i = 0; i < 4 * ROUNDS; i++) {
        const struct u256 a = random_word(), b = random_word(), m = random_word();
        struct u256 x, y, direct, reduced, swapped;
        u256_divmod(NULL, &x, &a, &m);
        u256_divmod(NULL, &y, &b, &m);
        u256_mulmod(&direct, &a, &b, &m);
        u256_mulmod(&reduced, &x, &y, &m);
        u256_mulmod(&swapped, &b, &a, &m);
        assert_word(&direct, &reduced);
        assert_word(&direct, &swapped);
        u256_addmod(&direct, &a, &b, &m);
        u256_addmod(&reduced, &x, &y, &m);
        assert_word(&direct, &reduced);
    }
}

TEST(division_by_zero_is_zero) {
    const struct u256 a = u256_from_u64(7), zero = U256_ZERO;
    struct u256 q = a, r = a;
    u256_divmod(&q, &r, &a, &zero);
    assert_true(u256_is_zero(&q) && u256_is_zero(&r));
    u256_sdiv(&q, &a, &zero);
    u256_smod(&r, &a, &zero);
    assert_true(u256_is_zero(&q) && u256_is_zero(&r));
    u256_addmod(&q, &a, &a, &zero);
    u256_mulmod(&r, &a, &a, &zero);
    assert_true(u256_is_zero(&q) && u256_is_zero(&r));
}

static struct u256 minus(uint64_t v) {
    struct u256 a = u256_from_u64(v);
    const struct u256 zero = U256_ZERO;
    (void)u256_sub_wrapping(&a, &zero, &a);
    return a;
}

TEST(signed_division_truncates_and_the_remainder_has_the_dividends_sign) {
    static const struct {
        int64_t a, b, quotient, remainder;
    } cases[] = {{7, 2, 3, 1}, {-7, 2, -3, -1}, {7, -2, -3, 1}, {-7, -2, 3, -1}, {-6, 3, -2, 0}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct u256 word[4];
        const int64_t values[4] = {cases[i].a, cases[i].b, cases[i].quotient, cases[i].remainder};
        for (int k = 0; k < 4; k++) {
            word[k] =
                values[k] < 0 ? minus((uint64_t)-values[k]) : u256_from_u64((uint64_t)values[k]);
        }
        struct u256 out;
        u256_sdiv(&out, &word[0], &word[1]);
        assert_word(&out, &word[2]);
        u256_smod(&out, &word[0], &word[1]);
        assert_word(&out, &word[3]);
        assert_int_equal(u256_signed_less(&word[0], &word[1]), cases[i].a < cases[i].b);
    }
    /* The one overflow: the least number by minus one is itself. */
    const struct u256 least = {{0, 0, 0, UINT64_C(1) << 63}}, minus_one = minus(1);
    struct u256 out;
    u256_sdiv(&out, &least, &minus_one);
    assert_word(&out, &least);
}

TEST(shifts_agree_with_moving_bits) {
    for (int i = 0; i < ROUNDS / 10; i++) {
        const struct u256 a = random_word();
        const unsigned bits = (unsigned)(next_random() % 300);
        struct plain left = {{false}}, right = {{false}}, arithmetic = {{false}};
        const struct plain x = plain_from(&a);
        for (unsigned k = 0; k < 256; k++) {
            left.bit[k] = k >= bits && x.bit[k - bits];
            right.bit[k] = k + bits < 256 && x.bit[k + bits];
            arithmetic.bit[k] = k + bits < 256 ? x.bit[k + bits] : x.bit[255];
        }
        const struct u256 expected[3] = {
            plain_low(&left), plain_low(&right), plain_low(&arithmetic)};
        struct u256 actual;
        u256_shl(&actual, &a, bits);
        assert_word(&actual, &expected[0]);
        u256_shr(&actual, &a, bits);
        assert_word(&actual, &expected[1]);
        u256_sar(&actual, &a, bits);
        assert_word(&actual, &expected[2]);
    }
}

TEST(sign_extension_and_byte_agree_with_moving_bits) {
    for (int i = 0; i < ROUNDS; i++) {
        const struct u256 a = random_word();
        struct u256 index = u256_from_u64(next_random() % 34);
        if (i % 16 == 0) index.limb[1 + i / 16 % 3] = random_limb();
        const bool inside = u256_fits_u64(&index) && index.limb[0] < 32;
        struct plain extended = plain_from(&a), byte = {{false}};
        if (inside) {
            const unsigned at = (unsigned)index.limb[0];
            for (unsigned k = 8 * at + 8; k < 256; k++) {
                extended.bit[k] = extended.bit[8 * at + 7];
            }
            const struct plain x = plain_from(&a);
            for (unsigned k = 0; k < 8; k++) {
                byte.bit[k] = x.bit[8 * (31 - at) + k];
            }
        }
        struct u256 actual, expected = plain_low(&extended);
        u256_sign_extend(&actual, &index, &a);
        assert_word(&actual, &expected);
        expected = plain_low(&byte);
        actual = u256_byte(&index, &a);
        assert_word(&actual, &expected);
    }
}

TEST(the_order_of_signed_words_is_that_of_their_differences) {
    for (int i = 0; i < ROUNDS; i++) {
        const struct u256 a = random_word(), b = random_word();
        const bool a_negative = a.limb[3] >> 63 != 0, b_negative = b.limb[3] >> 63 != 0;
        struct u256 ignored;
        const bool borrow = u256_sub_wrapping(&ignored, &a, &b);
        assert_int_equal(u256_less(&a, &b), borrow);
        assert_int_equal(u256_signed_less(&a, &b), a_negative == b_negative ? borrow : a_negative);
    }
}

/* The law of exponents, down to one bit. */
static struct u256 plain_power(const struct u256 *base, const struct u256 *exponent) {
    struct u256 result = U256_ONE;
    for (unsigned bit = 256; bit-- > 0;) {
        u256_mul_wrapping(&result, &result, &result);
        if ((exponent->limb[bit / 64] >> (bit % 64) & 1) != 0) {
            u256_mul_wrapping(&result, &result, base);
        }
    }
    return result;
}

TEST(powers_by_any_path_agree_with_the_plain_twin) {
    for (int i = 0; i < ROUNDS / 4; i++) {
        const struct u256 base = random_word();
        struct u256 exponent = random_word(), actual;
        if (i % 4 == 0) exponent = u256_from_u64(next_random() >> (next_random() % 64));
        const struct u256 expected = plain_power(&base, &exponent);
        u256_exp_wrapping(&actual, &base, &exponent);
        assert_word(&actual, &expected);
    }
}

TEST(powers_are_repeated_products) {
    for (int i = 0; i < ROUNDS / 20; i++) {
        const struct u256 base = i % 8 == 0 ? u256_from_u64(2) : random_word();
        const uint64_t exponent = next_random() % 300;
        struct u256 expected = U256_ONE, actual;
        for (uint64_t k = 0; k < exponent; k++) {
            u256_mul_wrapping(&expected, &expected, &base);
        }
        const struct u256 e = u256_from_u64(exponent);
        u256_exp_wrapping(&actual, &base, &e);
        assert_word(&actual, &expected);
    }
    /* x^(2^256 - 1) by the law of exponents. */
    const struct u256 base = u256_from_u64(3), all = U256_MAX;
    struct u256 half = all, one_less, actual;
    half.limb[3] >>= 1; /* 2^255 - 1 */
    u256_exp_wrapping(&one_less, &base, &half);
    u256_mul_wrapping(&one_less, &one_less, &one_less);
    u256_mul_wrapping(&one_less, &one_less, &base);
    u256_exp_wrapping(&actual, &base, &all);
    assert_word(&actual, &one_less);
}

TEST(lengths_count_from_the_highest_one) {
    struct u256 a = U256_ZERO;
    assert_int_equal(u256_bit_length(&a), 0);
    assert_int_equal(u256_byte_length(&a), 0);
    for (unsigned bits = 0; bits < 256; bits++) {
        const struct u256 one = U256_ONE;
        u256_shl(&a, &one, bits);
        assert_int_equal(u256_bit_length(&a), bits + 1);
        assert_int_equal(u256_byte_length(&a), bits / 8 + 1);
    }
}

TEST(words_go_to_bytes_and_back) {
    for (int i = 0; i < ROUNDS; i++) {
        const struct u256 a = random_word();
        uint8_t bytes[32];
        u256_to_be(bytes, &a);
        const struct u256 back = u256_from_be(bytes);
        assert_word(&back, &a);
        const size_t len = u256_byte_length(&a);
        const struct u256 from_short = u256_from_be_short((struct bytes){bytes + 32 - len, len});
        assert_word(&from_short, &a);
    }
    static const uint8_t too_long[33];
    expect_assert_failure((void)u256_from_be_short((struct bytes){too_long, 33}));
}

static bool decimal(struct u256 *out, const char *text) {
    return u256_from_decimal(out, (struct bytes){(const uint8_t *)text, strlen(text)});
}

TEST(decimal_text_is_read_and_written) {
    static const char *const bad[] = {
        "",
        "-1",
        "0x1",
        "1 ",
        "1a",
        "115792089237316195423570985008687907853269984665640564039457584007913129639936",
        "000000000000000000000000000000000000000000000000000000000000000000000000000000000"};
    struct u256 a;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        assert_false(decimal(&a, bad[i]));
    }
    static const char max[] =
        "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    const struct u256 all = U256_MAX;
    assert_true(decimal(&a, max));
    assert_word(&a, &all);

    char text[80];
    assert_int_equal(u256_to_decimal(text, &all), sizeof max - 1);
    assert_string_equal(text, max);
    const struct u256 zero = U256_ZERO;
    assert_int_equal(u256_to_decimal(text, &zero), 1);
    assert_string_equal(text, "0");
    for (int i = 0; i < ROUNDS / 10; i++) {
        const struct u256 word = random_word();
        const size_t len = u256_to_decimal(text, &word);
        assert_int_equal(len, strlen(text));
        assert_true(decimal(&a, text));
        assert_word(&a, &word);
    }
}

TEST_MAIN(
    TEST_CASE(sums_and_products_agree_with_the_plain_twin),
    TEST_CASE(division_agrees_with_the_plain_twin),
    TEST_CASE(a_quotient_times_the_divisor_plus_the_remainder_is_the_dividend),
    TEST_CASE(addmod_and_mulmod_agree_with_the_plain_twin),
    TEST_CASE(many_remainders_agree_with_the_plain_twin),
    TEST_CASE(reciprocals_from_the_table_are_those_of_long_division),
    TEST_CASE(the_product_reduced_is_that_of_reduced_factors),
    TEST_CASE(division_by_zero_is_zero),
    TEST_CASE(signed_division_truncates_and_the_remainder_has_the_dividends_sign),
    TEST_CASE(shifts_agree_with_moving_bits),
    TEST_CASE(sign_extension_and_byte_agree_with_moving_bits),
    TEST_CASE(the_order_of_signed_words_is_that_of_their_differences),
    TEST_CASE(powers_by_any_path_agree_with_the_plain_twin),
    TEST_CASE(powers_are_repeated_products),
    TEST_CASE(lengths_count_from_the_highest_one),
    TEST_CASE(words_go_to_bytes_and_back),
    TEST_CASE(decimal_text_is_read_and_written)
)
