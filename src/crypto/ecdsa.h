/* ecdsa: signatures of accounts, over the curve secp256k1.
 *
 * Spec: SEC 1 v2 (4.1.3, 4.1.6), RFC 6979 for nonces, EIP-2 for low s, Yellow Paper appendix F.
 * A digest is the 32 bytes that are signed; r and s are numbers; a recovery id is 0 or 1 (y parity
 * of the nonce's point), and 2 or 3 where that point's x was not below the group order (nobody
 * will ever see one). Backed by libsecp256k1.
 */
#ifndef CRYPTO_ECDSA_H
#define CRYPTO_ECDSA_H

#include "base/u256.h"

/* Big-endian; a valid one is neither 0 nor above the group order. The owner zeroes it. */
struct ecdsa_secret_key {
    uint8_t bytes[32];
};

/* x and y, big-endian: the uncompressed form without its leading 0x04. */
struct ecdsa_public_key {
    uint8_t bytes[64];
};

struct ecdsa_signature {
    struct u256 r;
    struct u256 s;
    uint8_t recovery_id;
};

enum ecdsa_verdict {
    ECDSA_VALID = 0,
    ECDSA_BAD_RECOVERY_ID, /* above 3 */
    ECDSA_OUT_OF_RANGE,    /* r or s is 0 or not below the group order */
    ECDSA_NO_PUBLIC_KEY,   /* no point of the curve fits */
    ECDSA_BAD_SECRET_KEY,  /* 0 or not below the group order */
    ECDSA_WRONG_SIGNATURE, /* well formed, but not by this key over this digest */
};

/* The order n of the group. */
extern const struct u256 ecdsa_order;

/* Above n / 2: refused in transactions since Homestead (EIP-2), and in authorizations (EIP-7702). */
bool ecdsa_s_is_high(const struct u256 *s);

/* The last 20 bytes of the key's keccak256. */
struct address ecdsa_address(const struct ecdsa_public_key *key);

/* Who signed. High s is accepted, as precompile 0x01 wants: callers that refuse it ask
 * ecdsa_s_is_high first. Variable time. Any number of threads may call it. */
MUST_USE enum ecdsa_verdict ecdsa_recover(
    struct ecdsa_public_key *out, const struct hash *digest, const struct ecdsa_signature *signature
);
MUST_USE enum ecdsa_verdict ecdsa_recover_address(
    struct address *out,
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s,
    uint8_t recovery_id
);

/* Whether r and s sign digest under key; recovery_id is not looked at, high s is accepted. */
MUST_USE enum ecdsa_verdict ecdsa_verify(
    const struct ecdsa_public_key *key,
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s
);

/* What signing needs beside the key. Made once; then read-only, for any number of threads. It must
 * not be moved or copied. */
struct ecdsa_signer {
    _Alignas(16) uint8_t memory[1024];
};

/* blinding: 32 random bytes that protect against side channels, or NULL where there is no entropy
 * (tests); signatures are the same with every blinding. */
void ecdsa_signer_init(struct ecdsa_signer *signer, const struct hash *blinding);

/* Constant time in key. */
MUST_USE enum ecdsa_verdict ecdsa_public_key_of(
    const struct ecdsa_signer *signer,
    struct ecdsa_public_key *out,
    const struct ecdsa_secret_key *key
);

/* Deterministic (RFC 6979), low s. Constant time in key. */
MUST_USE enum ecdsa_verdict ecdsa_sign_recoverable(
    const struct ecdsa_signer *signer,
    struct ecdsa_signature *out,
    const struct hash *digest,
    const struct ecdsa_secret_key *key
);

#endif
