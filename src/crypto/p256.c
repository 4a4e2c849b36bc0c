#include "crypto/p256.h"

bool p256_verify_encoded(struct bytes input) {
    if (input.len != P256_INPUT_SIZE) return false;
    struct hash digest;
    memcpy(digest.bytes, input.data, sizeof digest.bytes);
    const struct u256 r = u256_from_be(input.data + 32);
    const struct u256 s = u256_from_be(input.data + 64);
    const struct u256 x = u256_from_be(input.data + 96);
    const struct u256 y = u256_from_be(input.data + 128);
    return p256_verify(&digest, &r, &s, &x, &y);
}
