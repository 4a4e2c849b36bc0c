/* inverse256: the inverse of a number modulo an odd one, both of 256 bits.
 *
 * Source: Pornin, "Optimized Binary GCD for Modular Inversion" (2020/972), algorithm 2, without its
 * care for constant time. For the fields of bn254_field.c and curve256.c. Variable time: nothing here
 * is secret. Pure; allocates nothing.
 */
#ifndef CRYPTO_INVERSE256_H
#define CRYPTO_INVERSE256_H

#include "base/u256.h"

/* *out = 1 / a mod m, below m; 0 for 0. m is odd, a is below m and, where not 0, has no factor in
 * common with it: the caller's bug otherwise, and out is then of no use. out may be a. */
void inverse256(struct u256 *out, const struct u256 *a, const struct u256 *m);

#endif
