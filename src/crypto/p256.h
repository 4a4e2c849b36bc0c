/* p256: verification of ECDSA signatures over NIST P-256 (secp256r1), precompile 0x100.
 *
 * Spec: EIP-7951, FIPS 186-5. Variable time: nothing here is secret.
 */
#ifndef CRYPTO_P256_H
#define CRYPTO_P256_H

#include "base/u256.h"

#define P256_INPUT_SIZE ((size_t)160)

/* True where (r, s) signs digest under the public key (x, y). False for everything else: r or s 0
 * or not below the group order, a coordinate not below the field's prime, a point off the curve
 * or at infinity, a signature that does not verify. High s is accepted. */
MUST_USE bool p256_verify(
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s,
    const struct u256 *x,
    const struct u256 *y
);

/* The precompile's encoding: digest, r, s, x, y of 32 bytes each. False also for another length. */
MUST_USE bool p256_verify_encoded(struct bytes input);

#endif
