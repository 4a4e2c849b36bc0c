/* What ecdsa_hosted.c and p256_hosted.c do with libraries of the host, where there is none: in the
 * guest. tools/freestanding compiles this file in their place; the node's build leaves it out. */
#include "crypto/ecdsa_portable.h"
#include "crypto/p256.h"

enum ecdsa_verdict ecdsa_recover(
    struct ecdsa_public_key *out, const struct hash *digest, const struct ecdsa_signature *signature
) {
    return ecdsa_recover_portable(out, digest, signature);
}

enum ecdsa_verdict ecdsa_verify(
    const struct ecdsa_public_key *key,
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s
) {
    return ecdsa_verify_portable(key, digest, r, s);
}

bool p256_verify(
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s,
    const struct u256 *x,
    const struct u256 *y
) {
    return p256_verify_portable(digest, r, s, x, y);
}
