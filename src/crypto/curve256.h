/* curve256: points of the curves whose prime and order take 256 bits, secp256k1 and P-256.
 *
 * Spec: SEC 2 v2, 2.4.1 and 2.4.2. For ecdsa_portable.c and the machine's curve calls. On the machine
 * the affine operations are its calls; elsewhere plain code. Variable time: nothing here is secret.
 * Pure; allocates nothing.
 */
#ifndef CRYPTO_CURVE256_H
#define CRYPTO_CURVE256_H

#include "base/u256.h"

enum curve256_id { CURVE256_SECP256K1, CURVE256_P256, CURVE256_COUNT };

/* y^2 = x^3 + a x + b over the numbers modulo prime, with a group of prime order. */
struct curve256 {
    enum curve256_id id;
    struct u256 prime, order;
    struct u256 a, b;
    struct u256 generator_x, generator_y;
};

extern const struct curve256 curve256_all[CURVE256_COUNT]; /* by id */

/* Numbers modulo m, all below m; outputs may be inputs. m is odd and above 2^255. */
void curve256_mod_add(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
);
void curve256_mod_sub(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
);
void curve256_mod_mul(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
);
/* m is prime; 0 for 0. */
void curve256_mod_inverse(struct u256 *out, const struct u256 *a, const struct u256 *m);
/* False where a is no square. m is prime, and 3 modulo 4. */
MUST_USE bool curve256_mod_sqrt(struct u256 *out, const struct u256 *a, const struct u256 *m);

/* x^3 + a x + b */
void curve256_right_side(struct u256 *out, const struct curve256 *curve, const struct u256 *x);

/* A point that is not infinity. */
struct curve256_affine {
    struct u256 x, y;
};

/* The sum of two points with different x, and twice a point whose y is not 0, by the formulas of the
 * chord and the tangent; whether the points are on the curve does not matter. False, and nothing done,
 * for other points and for coordinates not below the prime. What the machine's calls compute. */
MUST_USE bool curve256_chord(
    const struct curve256 *curve, struct curve256_affine *point, const struct curve256_affine *other
);
MUST_USE bool curve256_tangent(const struct curve256 *curve, struct curve256_affine *point);

/* Jacobian coordinates: x = X / Z^2, y = Y / Z^3; infinity has Z = 0. On the machine Z is 0 or 1. */
struct curve256_point {
    struct u256 x, y, z;
};

/* Any points of the curve; out may be an input. */
void curve256_add(
    const struct curve256 *curve,
    struct curve256_point *out,
    const struct curve256_point *a,
    const struct curve256_point *b
);
void curve256_double(
    const struct curve256 *curve, struct curve256_point *out, const struct curve256_point *a
);

/* False for infinity. */
MUST_USE bool curve256_to_affine(
    const struct curve256 *curve, struct curve256_affine *out, const struct curve256_point *a
);

#endif
