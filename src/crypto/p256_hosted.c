/* The low-level curve functions are deprecated since OpenSSL 3.0 in favour of keys that are
 * fetched by name, which costs more than the verification; they stay until a release drops them. */
#define OPENSSL_SUPPRESS_DEPRECATED 1

#include "crypto/p256.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/obj_mac.h>

/* SEC 2 v2, 2.7.2. */
static const struct u256 order = {
    {0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000}};
static const struct u256 prime = {
    {0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001}};

static bool in_range(const struct u256 *v) {
    return !u256_is_zero(v) && u256_less(v, &order);
}

static BIGNUM *to_bignum(const struct u256 *v) {
    uint8_t big_endian[32];
    u256_to_be(big_endian, v);
    BIGNUM *const number = BN_bin2bn(big_endian, sizeof big_endian, NULL);
    ASSERT(number != NULL);
    return number;
}

/* False where (x, y) is no point of the curve. */
static bool set_public_key(EC_KEY *key, const struct u256 *x, const struct u256 *y) {
    uint8_t encoded[65] = {0x04};
    u256_to_be(encoded + 1, x);
    u256_to_be(encoded + 33, y);
    return EC_KEY_oct2key(key, encoded, sizeof encoded, NULL) == 1;
}

bool p256_verify(
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s,
    const struct u256 *x,
    const struct u256 *y
) {
    if (!in_range(r) || !in_range(s)) return false;
    if (!u256_less(x, &prime) || !u256_less(y, &prime)) return false;

    EC_KEY *const key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    ECDSA_SIG *const signature = ECDSA_SIG_new();
    ASSERT(key != NULL && signature != NULL); /* out of memory */
    bool is_valid = false;
    if (set_public_key(key, x, y)) {
        const int done = ECDSA_SIG_set0(signature, to_bignum(r), to_bignum(s));
        ASSERT(done == 1);
        is_valid = ECDSA_do_verify(digest->bytes, sizeof digest->bytes, signature, key) == 1;
    }
    ECDSA_SIG_free(signature);
    EC_KEY_free(key);
    return is_valid;
}
