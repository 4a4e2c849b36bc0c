#include "crypto/ecdsa.h"

#include "crypto/keccak.h"

/* SEC 2 v2, 2.4.1. */
const struct u256 ecdsa_order = {
    {0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}};

/* floor(n / 2) */
static const struct u256 half_order = {
    {0xdfe92f46681b20a0, 0x5d576e7357a4501d, 0xffffffffffffffff, 0x7fffffffffffffff}};

bool ecdsa_s_is_high(const struct u256 *s) {
    return u256_less(&half_order, s);
}

struct address ecdsa_address(const struct ecdsa_public_key *key) {
    struct hash hash;
    struct address address;
    keccak256(&hash, BYTES_OF(*key));
    memcpy(address.bytes, hash.bytes + sizeof hash - sizeof address, sizeof address);
    return address;
}

enum ecdsa_verdict ecdsa_recover_address(
    struct address *out,
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s,
    uint8_t recovery_id
) {
    const struct ecdsa_signature signature = {*r, *s, recovery_id};
    struct ecdsa_public_key key;
    const enum ecdsa_verdict verdict = ecdsa_recover(&key, digest, &signature);
    if (verdict == ECDSA_VALID) *out = ecdsa_address(&key);
    return verdict;
}
