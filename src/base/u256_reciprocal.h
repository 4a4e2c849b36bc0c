/* u256_reciprocal: limbs divided by limbs through a reciprocal, for u256.c and its test.
 *
 * N. Möller and T. Granlund, "Improved division by invariant integers", IEEE Transactions on Computers
 * 60 (2011); the algorithm numbers below are the paper's. A divisor is normalised: its top bit is set.
 * Where the processor divides two limbs by one, that is about twice as fast as the table (measured on
 * Zen 5) and used for what is divided by once; elsewhere, as in the guest, the table serves.
 * Pure.
 */
#ifndef BASE_U256_RECIPROCAL_H
#define BASE_U256_RECIPROCAL_H

#include "base/compiler.h"

/* Reciprocals of 11 bits by the leading 9 bits of a normalised divisor. */
#define RECIPROCAL_1(d9) ((uint16_t)(((1 << 19) - 3 * (1 << 8)) / (d9)))
#define RECIPROCAL_4(d9) \
    RECIPROCAL_1(d9), RECIPROCAL_1((d9) + 1), RECIPROCAL_1((d9) + 2), RECIPROCAL_1((d9) + 3)
#define RECIPROCAL_16(d9) \
    RECIPROCAL_4(d9), RECIPROCAL_4((d9) + 4), RECIPROCAL_4((d9) + 8), RECIPROCAL_4((d9) + 12)
#define RECIPROCAL_64(d9) \
    RECIPROCAL_16(d9), RECIPROCAL_16((d9) + 16), RECIPROCAL_16((d9) + 32), RECIPROCAL_16((d9) + 48)

/* Algorithm 2: floor((2^128 - 1) / d) - 2^64. */
static inline uint64_t reciprocal_by_table(uint64_t d) {
    static const uint16_t table[256] = {
        RECIPROCAL_64(256), RECIPROCAL_64(320), RECIPROCAL_64(384), RECIPROCAL_64(448)};
    const uint64_t d0 = d & 1, d9 = d >> 55, d40 = (d >> 24) + 1, d63 = (d >> 1) + d0;
    const uint64_t v0 = table[d9 - 256];
    const uint64_t v1 = (v0 << 11) - (v0 * v0 * d40 >> 40) - 1;
    const uint64_t v2 = (v1 << 13) + (v1 * ((UINT64_C(1) << 60) - v1 * d40) >> 47);
    const uint64_t e = (v2 >> 1 & (0 - d0)) - v2 * d63;
    const uint64_t v3 = (v2 << 31) + ((uint64_t)((uint128)v2 * e >> 64) >> 1);
    return v3 - (uint64_t)(((uint128)v3 * d + d) >> 64) - d;
}

/* Algorithm 4: (u1:u0) / d for u1 < d and v = reciprocal_of(d). */
static inline uint64_t divide_2by1(
    uint64_t *remainder, uint64_t u1, uint64_t u0, uint64_t d, uint64_t v
) {
    const uint128 q = (uint128)v * u1 + ((uint128)u1 << 64 | u0);
    uint64_t q1 = (uint64_t)(q >> 64) + 1;
    uint64_t r = u0 - q1 * d;
    if (r > (uint64_t)q) {
        q1--;
        r += d;
    }
    if (UNLIKELY(r >= d)) {
        q1++;
        r -= d;
    }
    *remainder = r;
    return q1;
}

/* The same once, for a normalised d of which no reciprocal is known. */
// NOLINTNEXTLINE(readability-non-const-parameter): the division writes it
static inline uint64_t divide_2by1_once(uint64_t *remainder, uint64_t u1, uint64_t u0, uint64_t d) {
#if defined(__x86_64__)
    uint64_t q;
    __asm__("divq %4" : "=a"(q), "=d"(*remainder) : "0"(u0), "1"(u1), "r"(d) : "cc");
    return q;
#else
    return divide_2by1(remainder, u1, u0, d, reciprocal_by_table(d));
#endif
}

static inline uint64_t reciprocal_of(uint64_t d) {
#if defined(__x86_64__)
    uint64_t ignored;
    return divide_2by1_once(&ignored, ~d, UINT64_MAX, d);
#else
    return reciprocal_by_table(d);
#endif
}

/* Algorithm 6: the reciprocal of (d1:d0). */
static inline uint64_t reciprocal_of_2(uint64_t d1, uint64_t d0) {
    uint64_t v = reciprocal_of(d1);
    uint64_t p = d1 * v + d0;
    if (p < d0) {
        v--;
        if (p >= d1) {
            v--;
            p -= d1;
        }
        p -= d1;
    }
    const uint128 t = (uint128)v * d0;
    const uint64_t t1 = (uint64_t)(t >> 64);
    p += t1;
    if (p < t1) {
        v--;
        if (p > d1 || (p == d1 && (uint64_t)t >= d0)) v--;
    }
    return v;
}

/* Algorithm 5: (u2:u1:u0) / d for (u2:u1) < d and v = reciprocal_of_2(d). */
static inline uint64_t divide_3by2(
    uint128 *remainder, uint64_t u2, uint64_t u1, uint64_t u0, uint128 d, uint64_t v
) {
    const uint128 q = (uint128)v * u2 + ((uint128)u2 << 64 | u1);
    uint64_t q1 = (uint64_t)(q >> 64);
    const uint64_t r1 = u1 - q1 * (uint64_t)(d >> 64);
    uint128 r = ((uint128)r1 << 64 | u0) - (uint128)q1 * (uint64_t)d - d;
    q1++;
    if ((uint64_t)(r >> 64) >= (uint64_t)q) {
        q1--;
        r += d;
    }
    if (UNLIKELY(r >= d)) {
        q1++;
        r -= d;
    }
    *remainder = r;
    return q1;
}

/* The same once, for u2 < d1: the quotient by d1 alone is too big by two at most (Knuth, TAOCP 2,
 * 4.3.1, theorem B). */
static inline uint64_t divide_3by2_once(
    uint128 *remainder, uint64_t u2, uint64_t u1, uint64_t u0, uint128 d
) {
    uint64_t r1;
    uint64_t q = divide_2by1_once(&r1, u2, u1, (uint64_t)(d >> 64));
    const uint128 part = (uint128)r1 << 64 | u0, product = (uint128)q * (uint64_t)d;
    uint128 r = part - product;
    if (UNLIKELY(part < product)) {
        q--;
        r += d;
        if (r >= d) { /* still negative: nothing wrapped back */
            q--;
            r += d;
        }
    }
    *remainder = r;
    return q;
}

#endif
