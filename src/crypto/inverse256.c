#include "crypto/inverse256.h"

/* The binary GCD of a and b runs STEPS steps at a time on their highest and lowest bits alone, which
 * gives factors by which the whole numbers then go forward at once. */
enum { STEPS = 31 };
#define STEPS_MASK (((uint64_t)1 << STEPS) - 1)

struct factors {
    int64_t f0, g0, f1, g1; /* a and b become a f0 + b g0 and a f1 + b g1, over 2^STEPS */
};

static size_t bit_length_of_either(const struct u256 *a, const struct u256 *b) {
    for (size_t i = 4; i > 0; i--) {
        const uint64_t either = a->limb[i - 1] | b->limb[i - 1];
        if (either != 0) return 64 * i - (size_t)__builtin_clzll(either);
    }
    return 0;
}

/* The low STEPS bits of a and the 33 that end at bit_count; all of a where that is at most 64. */
static uint64_t extremes(const struct u256 *a, size_t bit_count) {
    if (bit_count <= 64) return a->limb[0];
    const size_t from = bit_count - 33;
    uint64_t high = a->limb[from / 64] >> (from % 64);
    if (from % 64 > 31) high |= a->limb[from / 64 + 1] << (64 - from % 64);
    return (high & 0x1ffffffff) << STEPS | (a->limb[0] & STEPS_MASK);
}

static struct factors run_steps(uint64_t a, uint64_t b) {
    struct factors x = {1, 0, 0, 1};
    unsigned left = STEPS;
    for (;;) {
        const unsigned zeros = (unsigned)__builtin_ctzll(a | (uint64_t)1 << left);
        a >>= zeros;
        x.f1 *= (int64_t)1 << zeros;
        x.g1 *= (int64_t)1 << zeros;
        left -= zeros;
        if (left == 0) return x;
        if (a < b) {
            const uint64_t swapped = a;
            a = b;
            b = swapped;
            x = (struct factors){x.f1, x.g1, x.f0, x.g0};
        }
        a -= b;
        x.f0 -= x.f1;
        x.g0 -= x.g1;
    }
}

/* out = (a f + b g + m k) / 2^STEPS with the k below 2^STEPS that makes the division exact, or 0 where
 * m is NULL, which is then exact; answers what stands above out, negative where the result is. */
static int64_t combine(
    struct u256 *out,
    const struct u256 *a,
    const struct u256 *b,
    int64_t f,
    int64_t g,
    const struct u256 *m,
    uint64_t negated_inverse
) {
    const uint64_t lowest = a->limb[0] * (uint64_t)f + b->limb[0] * (uint64_t)g;
    const uint64_t k = m == NULL ? 0 : lowest * negated_inverse & STEPS_MASK;
    uint64_t sum[5];
    int128 carry = 0;
    for (size_t i = 0; i < 4; i++) {
        carry += (int128)a->limb[i] * f + (int128)b->limb[i] * g;
        if (m != NULL) carry += (int128)m->limb[i] * (int128)k;
        sum[i] = (uint64_t)carry;
        carry >>= 64;
    }
    sum[4] = (uint64_t)carry;
    for (size_t i = 0; i < 4; i++) {
        out->limb[i] = sum[i] >> STEPS | sum[i + 1] << (64 - STEPS);
    }
    return (int64_t)carry >> STEPS;
}

/* Makes a difference of the GCD positive, with its factors. */
static void make_positive(struct u256 *a, int64_t top, int64_t *f, int64_t *g) {
    const struct u256 zero = U256_ZERO;
    if (top >= 0) return;
    (void)u256_sub_wrapping(a, &zero, a);
    *f = -*f;
    *g = -*g;
}

/* (u f + v g) / 2^STEPS mod m; before the reduction it is above -m and below 2 m. */
static void combine_mod(
    struct u256 *out,
    const struct u256 *u,
    const struct u256 *v,
    int64_t f,
    int64_t g,
    const struct u256 *m,
    uint64_t negated_inverse
) {
    struct u256 t, reduced;
    const int64_t top = combine(&t, u, v, f, g, m, negated_inverse);
    if (top < 0) {
        (void)u256_add_wrapping(out, &t, m);
        return;
    }
    const bool borrows = u256_sub_wrapping(&reduced, &t, m);
    *out = top > 0 || !borrows ? reduced : t;
}

/* -1 / m mod 2^64 for odd m, by Newton: each step doubles the bits that are right. */
static uint64_t negated_inverse_of(uint64_t m) {
    uint64_t inverse = m; /* three bits */
    for (unsigned i = 0; i < 5; i++) {
        inverse *= 2 - m * inverse;
    }
    return -inverse;
}

void inverse256(struct u256 *out, const struct u256 *y, const struct u256 *m) {
    const uint64_t negated_inverse = negated_inverse_of(m->limb[0]);
    struct u256 a = *y, b = *m;
    struct u256 u = U256_ONE, v = U256_ZERO; /* a = u y and b = v y mod m, all along */
    while (!u256_is_zero(&a)) {
        struct u256 next_a, next_b, next_u;
        const size_t bit_count = bit_length_of_either(&a, &b);
        struct factors x = run_steps(extremes(&a, bit_count), extremes(&b, bit_count));
        make_positive(&next_a, combine(&next_a, &a, &b, x.f0, x.g0, NULL, 0), &x.f0, &x.g0);
        make_positive(&next_b, combine(&next_b, &a, &b, x.f1, x.g1, NULL, 0), &x.f1, &x.g1);
        a = next_a;
        b = next_b;
        combine_mod(&next_u, &u, &v, x.f0, x.g0, m, negated_inverse);
        combine_mod(&v, &u, &v, x.f1, x.g1, m, negated_inverse);
        u = next_u;
    }
    *out = v; /* b is 1 */
}
