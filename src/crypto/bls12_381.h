/* bls12_381: the seven operations of precompiles 0x0b to 0x11.
 *
 * Spec: EIP-2537, whose encodings these are: a number of the field is 64 bytes, big-endian, the
 * first 16 zero; a number of the extension is c0, c1; a point is x, y, and all zeros is infinity;
 * a scalar is any 32 bytes. Every operation answers BLS12_381_BAD_LENGTH for an input of another
 * length than the EIP's. Variable time: nothing here is secret. Backed by blst.
 */
#ifndef CRYPTO_BLS12_381_H
#define CRYPTO_BLS12_381_H

#include "base/arena.h"

#define BLS12_381_FP_SIZE     ((size_t)64)
#define BLS12_381_FP2_SIZE    ((size_t)128)
#define BLS12_381_G1_SIZE     ((size_t)128)
#define BLS12_381_G2_SIZE     ((size_t)256)
#define BLS12_381_SCALAR_SIZE ((size_t)32)
#define BLS12_381_PAIR_SIZE   (BLS12_381_G1_SIZE + BLS12_381_G2_SIZE)

enum bls12_381_verdict {
    BLS12_381_VALID = 0,
    BLS12_381_BAD_LENGTH,
    BLS12_381_NOT_IN_FIELD, /* a number is not below the prime, or its padding is not zero */
    BLS12_381_NOT_ON_CURVE,
    BLS12_381_NOT_IN_SUBGROUP, /* where the EIP checks: multi-scalar multiplication, pairing */
};

/* input: two points, of the curve, not necessarily of the subgroup. */
MUST_USE enum bls12_381_verdict bls12_381_g1_add(
    uint8_t out[BLS12_381_G1_SIZE], struct bytes input
);
MUST_USE enum bls12_381_verdict bls12_381_g2_add(
    uint8_t out[BLS12_381_G2_SIZE], struct bytes input
);

/* input: one or more pairs of a point of the subgroup and a scalar. The arena is left as it was. */
MUST_USE enum bls12_381_verdict bls12_381_g1_msm(
    struct arena *arena, uint8_t out[BLS12_381_G1_SIZE], struct bytes input
);
MUST_USE enum bls12_381_verdict bls12_381_g2_msm(
    struct arena *arena, uint8_t out[BLS12_381_G2_SIZE], struct bytes input
);

/* input: one or more pairs (G1, G2), of the subgroups. *is_one tells whether the product of their
 * pairings is 1; it is false on any verdict but BLS12_381_VALID. */
MUST_USE enum bls12_381_verdict bls12_381_pairing_check(bool *is_one, struct bytes input);

/* RFC 9380's simplified SWU map with its isogeny, then the cofactor cleared. */
MUST_USE enum bls12_381_verdict bls12_381_map_fp_to_g1(
    uint8_t out[BLS12_381_G1_SIZE], struct bytes input
);
MUST_USE enum bls12_381_verdict bls12_381_map_fp2_to_g2(
    uint8_t out[BLS12_381_G2_SIZE], struct bytes input
);

#endif
