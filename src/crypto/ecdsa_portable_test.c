#include "crypto/ecdsa_portable.h"

#include "base/test.h"
#include "crypto/keccak.h"
#include "crypto/p256.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>

enum { ROUNDS = 60 };

/* Numbers that look random and are the same in every run. */
static struct u256 drawn(uint32_t seed) {
    uint8_t text[8] = "twin";
    struct hash hash;
    store_le32(text + 4, seed);
    keccak256(&hash, BYTES_OF(text));
    return u256_from_be(hash.bytes);
}

static struct hash drawn_hash(uint32_t seed) {
    const struct u256 number = drawn(seed);
    struct hash hash;
    u256_to_be(hash.bytes, &number);
    return hash;
}

static void expect_same_recovery(
    const struct hash *digest, const struct ecdsa_signature *signature
) {
    struct ecdsa_public_key key = {{0}};
    struct ecdsa_public_key portable = {{0}};
    const enum ecdsa_verdict verdict = ecdsa_recover(&key, digest, signature);
    assert_int_equal(ecdsa_recover_portable(&portable, digest, signature), verdict);
    if (verdict != ECDSA_VALID) return;
    assert_memory_equal(&portable, &key, sizeof key);
    const struct u256 *const r = &signature->r;
    const struct u256 *const s = &signature->s;
    assert_int_equal(ecdsa_verify_portable(&key, digest, r, s), ecdsa_verify(&key, digest, r, s));
}

TEST(the_twin_recovers_what_the_library_recovers) {
    for (uint32_t seed = 0; seed < ROUNDS; seed++) {
        const struct hash digest = drawn_hash(3 * seed);
        for (uint8_t id = 0; id < 5; id++) {
            const struct ecdsa_signature signature = {drawn(3 * seed + 1), drawn(3 * seed + 2), id};
            expect_same_recovery(&digest, &signature);
        }
    }
}

TEST(the_twin_agrees_at_the_edges) {
    struct u256 numbers[] = {
        U256_ZERO,
        U256_ONE,
        {{2, 0, 0, 0}},
        {{5, 0, 0, 0}},
        ecdsa_order,
        ecdsa_order,
        U256_MAX,
        /* p - n - 1, p - n: the last r that recovery id 2 may go with, and the first that not. */
        {{0x402da1722fc9baed, 0x4551231950b75fc4, 1, 0}},
        {{0x402da1722fc9baee, 0x4551231950b75fc4, 1, 0}},
        /* x of the generator: r G + s R may be infinity. */
        {{0x59f2815b16f81798, 0x029bfcdb2dce28d9, 0x55a06295ce870b07, 0x79be667ef9dcbbac}},
    };
    const struct u256 one = U256_ONE;
    (void)u256_sub_wrapping(&numbers[4], &numbers[4], &one);
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        for (size_t k = 0; k < ARRAY_LEN(numbers); k++) {
            for (size_t d = 0; d < ARRAY_LEN(numbers); d++) {
                for (uint8_t id = 0; id < 4; id++) {
                    const struct ecdsa_signature signature = {numbers[i], numbers[k], id};
                    struct hash digest;
                    u256_to_be(digest.bytes, &numbers[d]);
                    expect_same_recovery(&digest, &signature);
                }
            }
        }
    }
}

/* With R = G, s = digest: s R - digest G is infinity, which is no key. */
TEST(a_key_at_infinity_is_none) {
    const struct u256 generator_x = {
        {0x59f2815b16f81798, 0x029bfcdb2dce28d9, 0x55a06295ce870b07, 0x79be667ef9dcbbac}};
    const struct u256 digest_number = drawn(7);
    const struct ecdsa_signature signature = {generator_x, digest_number, 0};
    const struct hash digest = drawn_hash(7);
    struct ecdsa_public_key key;
    assert_int_equal(ecdsa_recover_portable(&key, &digest, &signature), ECDSA_NO_PUBLIC_KEY);
    expect_same_recovery(&digest, &signature);
}

TEST(the_twin_verifies_what_the_library_verifies) {
    struct ecdsa_signer signer;
    ecdsa_signer_init(&signer, NULL);
    for (uint32_t seed = 0; seed < ROUNDS; seed++) {
        struct ecdsa_secret_key secret;
        struct ecdsa_public_key key;
        struct ecdsa_signature signature;
        const struct hash secret_hash = drawn_hash(1000 + seed);
        const struct hash digest = drawn_hash(2000 + seed);
        const struct hash other = drawn_hash(3000 + seed);
        memcpy(secret.bytes, secret_hash.bytes, sizeof secret.bytes);
        assert_int_equal(ecdsa_public_key_of(&signer, &key, &secret), ECDSA_VALID);
        assert_int_equal(ecdsa_sign_recoverable(&signer, &signature, &digest, &secret), 0);
        const struct u256 *const r = &signature.r;
        const struct u256 *const s = &signature.s;
        assert_int_equal(ecdsa_verify_portable(&key, &digest, r, s), ECDSA_VALID);
        assert_int_equal(ecdsa_verify_portable(&key, &other, r, s), ECDSA_WRONG_SIGNATURE);
        assert_int_equal(ecdsa_verify_portable(&key, &digest, s, r), ECDSA_WRONG_SIGNATURE);
        key.bytes[seed % 64] ^= 1;
        assert_int_equal(ecdsa_verify_portable(&key, &digest, r, s), ECDSA_NO_PUBLIC_KEY);
    }
}

static struct u256 from_bignum(const BIGNUM *number) {
    uint8_t bytes[32];
    assert_int_equal(BN_bn2binpad(number, bytes, sizeof bytes), sizeof bytes);
    return u256_from_be(bytes);
}

TEST(the_twin_for_p256_verifies_what_openssl_signs) {
    EVP_PKEY *const key = EVP_EC_gen("P-256");
    BIGNUM *x = NULL, *y = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, "qx", &x), 1);
    assert_int_equal(EVP_PKEY_get_bn_param(key, "qy", &y), 1);
    const struct u256 key_x = from_bignum(x), key_y = from_bignum(y);
    for (uint32_t seed = 0; seed < ROUNDS; seed++) {
        const struct hash digest = drawn_hash(seed);
        const struct hash other = drawn_hash(seed + 1);
        uint8_t encoded[80];
        size_t len = sizeof encoded;
        EVP_PKEY_CTX *const context = EVP_PKEY_CTX_new(key, NULL);
        assert_int_equal(EVP_PKEY_sign_init(context), 1);
        assert_int_equal(EVP_PKEY_sign(context, encoded, &len, digest.bytes, 32), 1);
        EVP_PKEY_CTX_free(context);
        const uint8_t *at = encoded;
        ECDSA_SIG *const signature = d2i_ECDSA_SIG(NULL, &at, (long)len);
        const struct u256 r = from_bignum(ECDSA_SIG_get0_r(signature));
        const struct u256 s = from_bignum(ECDSA_SIG_get0_s(signature));
        ECDSA_SIG_free(signature);
        assert_true(p256_verify(&digest, &r, &s, &key_x, &key_y));
        assert_true(p256_verify_portable(&digest, &r, &s, &key_x, &key_y));
        assert_false(p256_verify_portable(&other, &r, &s, &key_x, &key_y));
        assert_false(p256_verify_portable(&digest, &s, &r, &key_x, &key_y));
        assert_false(p256_verify_portable(&digest, &r, &s, &key_y, &key_x));
    }
    BN_free(x);
    BN_free(y);
    EVP_PKEY_free(key);
}

TEST_MAIN(
    TEST_CASE(the_twin_recovers_what_the_library_recovers),
    TEST_CASE(the_twin_agrees_at_the_edges),
    TEST_CASE(a_key_at_infinity_is_none),
    TEST_CASE(the_twin_verifies_what_the_library_verifies),
    TEST_CASE(the_twin_for_p256_verifies_what_openssl_signs)
)
