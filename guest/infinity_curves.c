/* infinity_curves: the machine's calls for points of secp256k1 and P-256, each with the software that
 * stands in for it where there is no machine (see machine_call.h). */
#include "infinity.h"
#include "machine_call.h"

#include <string.h>

enum { LIMBS = 4, CALL_FIRST = 0x5010, CALL_DOUBLE = 1 };

struct curve {
    uint64_t prime[LIMBS], a[LIMBS];
    long calls; /* add, and double behind it */
};

/* SEC 2 v2, 2.4.1 and 2.4.2. */
static const struct curve secp256k1 = {
    {0xfffffffefffffc2f, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff},
    {0, 0, 0, 0},
    CALL_FIRST};
static const struct curve p256 = {
    {0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001},
    {0xfffffffffffffffc, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001},
    CALL_FIRST + 2};

static uint64_t subtract(uint64_t out[LIMBS], const uint64_t a[LIMBS], const uint64_t b[LIMBS]) {
    uint64_t borrow = 0;
    for (int i = 0; i < LIMBS; i++) {
        const wide difference = (wide)a[i] - b[i] - borrow;
        out[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    return borrow;
}

/* out = a - b mod p, both below p. */
static void subtract_mod(
    uint64_t out[LIMBS], const uint64_t a[LIMBS], const uint64_t b[LIMBS], const uint64_t p[LIMBS]
) {
    if (subtract(out, a, b) == 0) return;
    uint64_t carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        const wide sum = (wide)out[i] + p[i] + carry;
        out[i] = (uint64_t)sum;
        carry = (uint64_t)(sum >> 64);
    }
}

/* out = a + b mod p, as a - (0 - b). */
static void add_mod(
    uint64_t out[LIMBS], const uint64_t a[LIMBS], const uint64_t b[LIMBS], const uint64_t p[LIMBS]
) {
    static const uint64_t zero[LIMBS];
    uint64_t negated[LIMBS];
    subtract_mod(negated, zero, b, p);
    subtract_mod(out, a, negated, p);
}

/* v = v^(p - 2), its inverse (Fermat). */
static void invert(uint64_t v[LIMBS], const uint64_t p[LIMBS]) {
    static const uint64_t two[LIMBS] = {2, 0, 0, 0};
    uint64_t exponent[LIMBS], product[LIMBS] = {1, 0, 0, 0};
    (void)subtract(exponent, p, two);
    for (int bit = 255; bit >= 0; bit--) {
        infinity_mulmod256(product, product, p);
        if (exponent[bit / 64] >> (bit % 64) & 1) infinity_mulmod256(product, v, p);
    }
    memcpy(v, product, sizeof product);
}

/* The point where the line through point and a point of x, of this rise over run, meets the curve
 * again, negated. */
static void meet(
    uint64_t point[2 * LIMBS],
    const uint64_t x[LIMBS],
    const uint64_t rise[LIMBS],
    uint64_t run[LIMBS],
    const uint64_t p[LIMBS]
) {
    uint64_t sum[LIMBS], fall[LIMBS];
    invert(run, p);
    infinity_mulmod256(run, rise, p); /* the slope */
    memcpy(sum, run, sizeof sum);
    infinity_mulmod256(sum, run, p);
    subtract_mod(sum, sum, point, p);
    subtract_mod(sum, sum, x, p);
    subtract_mod(fall, point, sum, p);
    infinity_mulmod256(fall, run, p);
    subtract_mod(point + LIMBS, fall, point + LIMBS, p);
    memcpy(point, sum, sizeof sum);
}

static void add(
    uint64_t point[2 * LIMBS], const uint64_t other[2 * LIMBS], const struct curve *on
) {
    if (call(on->calls, point, other, NULL) != NOT_IMPLEMENTED) return;
    uint64_t rise[LIMBS], run[LIMBS], x[LIMBS];
    memcpy(x, other, sizeof x);
    subtract_mod(rise, other + LIMBS, point + LIMBS, on->prime);
    subtract_mod(run, other, point, on->prime);
    meet(point, x, rise, run, on->prime);
}

static void twice(uint64_t point[2 * LIMBS], const struct curve *on) {
    if (call(on->calls + CALL_DOUBLE, point, NULL, NULL) != NOT_IMPLEMENTED) return;
    uint64_t rise[LIMBS], run[LIMBS], square[LIMBS], x[LIMBS];
    memcpy(x, point, sizeof x);
    memcpy(square, point, sizeof square);
    infinity_mulmod256(square, point, on->prime);
    add_mod(rise, square, square, on->prime);
    add_mod(rise, rise, square, on->prime);
    add_mod(rise, rise, on->a, on->prime);
    add_mod(run, point + LIMBS, point + LIMBS, on->prime);
    meet(point, x, rise, run, on->prime);
}

void infinity_secp256k1_add(uint64_t point[8], const uint64_t other[8]) {
    add(point, other, &secp256k1);
}

void infinity_secp256k1_double(uint64_t point[8]) {
    twice(point, &secp256k1);
}

void infinity_p256_add(uint64_t point[8], const uint64_t other[8]) {
    add(point, other, &p256);
}

void infinity_p256_double(uint64_t point[8]) {
    twice(point, &p256);
}
