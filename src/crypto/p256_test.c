#include "crypto/p256.h"

#include "base/test.h"
#include "codec/hex.h"

/* digest, r, s, x, y of one good signature */
static const char good[] = "4cee90eb86eaa050036147a12d49004b6b9c72bd725d39d4785011fe190f0b4d"
                           "a73bd4903f0ce3b639bbbf6e8e80d16931ff4bcf5993d58468e8fb19086e8cac"
                           "36dbcd03009df8c59286b162af3bd7fcc0450c9aa81be5d10d312af6c66b1d60"
                           "4aebd3099c618202fcfe16ae7770b0c49ab5eadf74b754204a3bb6060e44eff3"
                           "7618b065f9832de4ca6ca971a7a1adc826d0f7c00181a5fb2ddf79ae00b4e10e";
static const char order_text[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char prime_text[] = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

static void decode(uint8_t *out, size_t size, const char *digits) {
    size_t len = 0;
    const struct bytes text = bytes_from(digits, strlen(digits));
    assert_int_equal(hex_decode_bare(out, size, &len, text), HEX_VALID);
    assert_int_equal(len, size);
}

TEST(a_good_signature_verifies_and_no_other_bit_does) {
    uint8_t input[P256_INPUT_SIZE];
    decode(input, sizeof input, good);
    assert_true(p256_verify_encoded(BYTES_OF(input)));
    for (size_t i = 0; i < sizeof input; i += 7) {
        input[i] ^= 4;
        assert_false(p256_verify_encoded(BYTES_OF(input)));
        input[i] ^= 4;
    }
    assert_false(p256_verify_encoded(bytes_from(input, sizeof input - 1)));
    assert_false(p256_verify_encoded((struct bytes){NULL, 0}));
}

TEST(numbers_outside_their_ranges_are_refused) {
    static const struct {
        size_t at;
        const char *value; /* NULL: zero */
    } cases[] = {
        {32, NULL},       {64, NULL},       {32, order_text},
        {64, order_text}, {96, prime_text}, {128, prime_text},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t input[P256_INPUT_SIZE];
        decode(input, sizeof input, good);
        memset(input + cases[i].at, 0, 32);
        if (cases[i].value != NULL) decode(input + cases[i].at, 32, cases[i].value);
        assert_false(p256_verify_encoded(BYTES_OF(input)));
    }
    uint8_t input[P256_INPUT_SIZE];
    decode(input, sizeof input, good);
    memset(input + 96, 0, 64); /* infinity, as some write it */
    assert_false(p256_verify_encoded(BYTES_OF(input)));
}

TEST(high_s_is_accepted) {
    uint8_t input[P256_INPUT_SIZE];
    uint8_t order[32];
    decode(input, sizeof input, good);
    decode(order, sizeof order, order_text);
    const struct u256 n = u256_from_be(order);
    const struct u256 s = u256_from_be(input + 64);
    struct u256 twin;
    assert_false(u256_sub_wrapping(&twin, &n, &s));
    u256_to_be(input + 64, &twin);
    assert_true(p256_verify_encoded(BYTES_OF(input)));
}

TEST_MAIN(
    TEST_CASE(a_good_signature_verifies_and_no_other_bit_does),
    TEST_CASE(numbers_outside_their_ranges_are_refused),
    TEST_CASE(high_s_is_accepted)
)
