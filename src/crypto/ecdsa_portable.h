/* ecdsa_portable: recovery and verification of signatures over secp256k1 and P-256 in plain C.
 *
 * What the guest computes with, and what the tests of ecdsa.h and p256.h compare the libraries with:
 * the functions mean exactly what those without _portable do. Spec: SEC 1 v2, 4.1.4 and 4.1.6; SEC 2
 * v2, 2.4.1 and 2.4.2. Variable time: nothing here is secret. Pure; allocates nothing.
 */
#ifndef CRYPTO_ECDSA_PORTABLE_H
#define CRYPTO_ECDSA_PORTABLE_H

#include "crypto/ecdsa.h"

MUST_USE enum ecdsa_verdict ecdsa_recover_portable(
    struct ecdsa_public_key *out, const struct hash *digest, const struct ecdsa_signature *signature
);

MUST_USE enum ecdsa_verdict ecdsa_verify_portable(
    const struct ecdsa_public_key *key,
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s
);

MUST_USE bool p256_verify_portable(
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s,
    const struct u256 *x,
    const struct u256 *y
);

#endif
