/* bn254: the pairing-friendly curve of precompiles 0x06, 0x07 and 0x08 (also called alt_bn128).
 *
 * Spec: EIP-196, EIP-197 (with EIP-1108's prices elsewhere). Numbers are 32 bytes, big-endian. A
 * point of G1 is x, y; a point of G2 is x, y of two numbers each, the imaginary one first; all
 * zeros is the point at infinity. Pure; allocates nothing. Variable time: nothing here is secret.
 */
#ifndef CRYPTO_BN254_H
#define CRYPTO_BN254_H

#include "base/bytes.h"

#define BN254_G1_SIZE     ((size_t)64)
#define BN254_G2_SIZE     ((size_t)128)
#define BN254_SCALAR_SIZE ((size_t)32)
#define BN254_PAIR_SIZE   (BN254_G1_SIZE + BN254_G2_SIZE)

enum bn254_verdict {
    BN254_VALID = 0,
    BN254_BAD_LENGTH,   /* not a whole number of pairs */
    BN254_NOT_IN_FIELD, /* a coordinate is not below the field's prime */
    BN254_NOT_ON_CURVE,
    BN254_NOT_IN_SUBGROUP, /* on G2's curve, but not of the right order */
};

/* input: two points of G1. A precompile's shorter input is padded with zeros by the caller. */
MUST_USE enum bn254_verdict bn254_add(
    uint8_t out[BN254_G1_SIZE], const uint8_t input[2 * BN254_G1_SIZE]
);

/* input: a point of G1 and a scalar, which may be any 256-bit number. */
MUST_USE enum bn254_verdict bn254_mul(
    uint8_t out[BN254_G1_SIZE], const uint8_t input[BN254_G1_SIZE + BN254_SCALAR_SIZE]
);

/* input: any number of pairs (G1, G2). *is_one tells whether the product of their pairings is 1,
 * which it is for no pairs; it is false on any verdict but BN254_VALID. */
MUST_USE enum bn254_verdict bn254_pairing_check(bool *is_one, struct bytes input);

#endif
