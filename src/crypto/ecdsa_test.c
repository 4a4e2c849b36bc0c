#include "crypto/ecdsa.h"

#include "base/test.h"
#include "codec/hex.h"
#include "crypto/keccak.h"

/* The first account of the usual test mnemonic. */
static const char first_key[] =
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
static const char first_address[] = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";

static struct ecdsa_secret_key secret_key(const char *text) {
    struct ecdsa_secret_key key;
    const struct bytes span = bytes_from(text, strlen(text));
    assert_int_equal(hex_decode_exact(key.bytes, sizeof key.bytes, span), HEX_VALID);
    return key;
}

static struct hash digest_of(uint8_t seed) {
    struct hash digest;
    keccak256(&digest, bytes_from(&seed, 1));
    return digest;
}

TEST(r_and_s_outside_the_group_are_refused) {
    const struct hash digest = digest_of(1);
    const struct u256 one = U256_ONE;
    const struct u256 zero = U256_ZERO;
    struct address address;
    assert_int_equal(ecdsa_recover_address(&address, &digest, &zero, &one, 0), ECDSA_OUT_OF_RANGE);
    assert_int_equal(ecdsa_recover_address(&address, &digest, &one, &zero, 0), ECDSA_OUT_OF_RANGE);
    assert_int_equal(
        ecdsa_recover_address(&address, &digest, &ecdsa_order, &one, 0), ECDSA_OUT_OF_RANGE
    );
    assert_int_equal(
        ecdsa_recover_address(&address, &digest, &one, &ecdsa_order, 0), ECDSA_OUT_OF_RANGE
    );
    assert_int_equal(
        ecdsa_recover_address(&address, &digest, &one, &one, 4), ECDSA_BAD_RECOVERY_ID
    );
    /* 5 is no x of a point. */
    const struct u256 five = u256_from_u64(5);
    assert_int_equal(ecdsa_recover_address(&address, &digest, &five, &one, 0), ECDSA_NO_PUBLIC_KEY);
}

TEST(bad_secret_keys_are_refused) {
    struct ecdsa_signer signer;
    struct ecdsa_public_key public_key;
    struct ecdsa_signature signature;
    struct ecdsa_secret_key key = {{0}};
    const struct hash digest = digest_of(1);
    ecdsa_signer_init(&signer, NULL);
    assert_int_equal(ecdsa_public_key_of(&signer, &public_key, &key), ECDSA_BAD_SECRET_KEY);
    u256_to_be(key.bytes, &ecdsa_order);
    assert_int_equal(ecdsa_public_key_of(&signer, &public_key, &key), ECDSA_BAD_SECRET_KEY);
    assert_int_equal(
        ecdsa_sign_recoverable(&signer, &signature, &digest, &key), ECDSA_BAD_SECRET_KEY
    );
}

TEST(a_key_has_its_address) {
    struct ecdsa_signer signer;
    struct ecdsa_public_key public_key;
    const struct ecdsa_secret_key key = secret_key(first_key);
    ecdsa_signer_init(&signer, &keccak256_of_empty);
    assert_int_equal(ecdsa_public_key_of(&signer, &public_key, &key), ECDSA_VALID);
    const struct address address = ecdsa_address(&public_key);
    char text[HEX_TEXT_SIZE(sizeof address)];
    (void)hex_encode(text, BYTES_OF(address));
    assert_memory_equal(text, first_address, sizeof text);
}

TEST(what_is_signed_recovers_and_verifies) {
    struct ecdsa_signer signer;
    struct ecdsa_public_key public_key;
    const struct ecdsa_secret_key key = secret_key(first_key);
    ecdsa_signer_init(&signer, NULL);
    assert_int_equal(ecdsa_public_key_of(&signer, &public_key, &key), ECDSA_VALID);
    const struct address signed_by = ecdsa_address(&public_key);
    for (uint8_t seed = 0; seed < 40; seed++) {
        const struct hash digest = digest_of(seed);
        const struct hash other = digest_of((uint8_t)(seed + 1));
        struct ecdsa_signature signature;
        struct address address;
        assert_int_equal(ecdsa_sign_recoverable(&signer, &signature, &digest, &key), ECDSA_VALID);
        assert_false(ecdsa_s_is_high(&signature.s));
        const struct u256 *const r = &signature.r;
        const struct u256 *const s = &signature.s;
        const uint8_t id = signature.recovery_id;
        assert_int_equal(ecdsa_recover_address(&address, &digest, r, s, id), ECDSA_VALID);
        assert_true(address_equal(&address, &signed_by));
        assert_int_equal(ecdsa_verify(&public_key, &digest, r, s), ECDSA_VALID);
        assert_int_equal(ecdsa_verify(&public_key, &other, r, s), ECDSA_WRONG_SIGNATURE);

        /* The twin with high s is by the same key, with the other parity. */
        struct u256 high;
        assert_false(u256_sub_wrapping(&high, &ecdsa_order, s));
        assert_true(ecdsa_s_is_high(&high));
        assert_int_equal(ecdsa_recover_address(&address, &digest, r, &high, id ^ 1), ECDSA_VALID);
        assert_true(address_equal(&address, &signed_by));
        assert_int_equal(ecdsa_verify(&public_key, &digest, r, &high), ECDSA_VALID);
    }
}

TEST_MAIN(
    TEST_CASE(r_and_s_outside_the_group_are_refused),
    TEST_CASE(bad_secret_keys_are_refused),
    TEST_CASE(a_key_has_its_address),
    TEST_CASE(what_is_signed_recovers_and_verifies)
)
