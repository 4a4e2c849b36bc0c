/* bn254_field: the fields below the pairing: Fp, Fp2 = Fp[i] / (i^2 + 1), Fp6 = Fp2[v] / (v^3 - xi)
 * and Fp12 = Fp6[w] / (w^2 - v), with xi = 9 + i.
 *
 * For bn254.c and its tests only. Elements of Fp stand in Montgomery form (x * 2^256 mod p), fully
 * reduced unless a name says lazy. Outputs may be inputs. Pure; allocates nothing. Variable time
 * where it says so.
 */
#ifndef CRYPTO_BN254_FIELD_H
#define CRYPTO_BN254_FIELD_H

#include "base/bytes.h"

/* Least significant limb first. */
struct fp {
    uint64_t limb[4];
};

/* c0 + c1 i */
struct fp2 {
    struct fp c0;
    struct fp c1;
};

/* c0 + c1 v + c2 v^2 */
struct fp6 {
    struct fp2 c0;
    struct fp2 c1;
    struct fp2 c2;
};

/* c0 + c1 w */
struct fp12 {
    struct fp6 c0;
    struct fp6 c1;
};

/* The prime p = 36 u^4 + 36 u^3 + 24 u^2 + 6 u + 1 with u = 4965661367192848881. */
#define FP_P0 0x3c208c16d87cfd47U
#define FP_P1 0x97816a916871ca8dU
#define FP_P2 0xb85045b68181585dU
#define FP_P3 0x30644e72e131a029U
/* -p^-1 mod 2^64 */
#define FP_NEGATED_INVERSE 0x87d20782e4866389U

/* 2^256 mod p: one in Montgomery form. */
#define FP_ONE  \
    ((struct fp \
    ){{0xd35d438dc58f0d9dU, 0x0a78eb28f5c70b3dU, 0x666ea36f7879462cU, 0x0e0a77c19a07df2fU}})

static inline bool fp_is_zero(const struct fp *a) {
    return (a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3]) == 0;
}

static inline bool fp_equal(const struct fp *a, const struct fp *b) {
    return ((a->limb[0] ^ b->limb[0]) | (a->limb[1] ^ b->limb[1]) | (a->limb[2] ^ b->limb[2]) |
            (a->limb[3] ^ b->limb[3])) == 0;
}

/* One limb of a + b + carry and of a - b - borrow. */
ALWAYS_INLINE uint64_t limb_add(uint64_t a, uint64_t b, uint64_t *carry) {
    const uint128 sum = (uint128)a + b + *carry;
    *carry = (uint64_t)(sum >> 64);
    return (uint64_t)sum;
}

ALWAYS_INLINE uint64_t limb_sub(uint64_t a, uint64_t b, uint64_t *borrow) {
    const uint128 difference = (uint128)a - b - *borrow;
    *borrow = (uint64_t)(difference >> 64) & 1;
    return (uint64_t)difference;
}

/* One limb of sum + a * b + carry. */
ALWAYS_INLINE uint64_t limb_mul_add(uint64_t sum, uint64_t a, uint64_t b, uint64_t *carry) {
    const uint128 product = (uint128)a * b + sum + *carry;
    *carry = (uint64_t)(product >> 64);
    return (uint64_t)product;
}

/* a below 2 p becomes a mod p. */
ALWAYS_INLINE void fp_reduce_once(
    struct fp *out, uint64_t a0, uint64_t a1, uint64_t a2, uint64_t a3
) {
    uint64_t borrow = 0;
    const uint64_t d0 = limb_sub(a0, FP_P0, &borrow);
    const uint64_t d1 = limb_sub(a1, FP_P1, &borrow);
    const uint64_t d2 = limb_sub(a2, FP_P2, &borrow);
    const uint64_t d3 = limb_sub(a3, FP_P3, &borrow);
    out->limb[0] = borrow != 0 ? a0 : d0;
    out->limb[1] = borrow != 0 ? a1 : d1;
    out->limb[2] = borrow != 0 ? a2 : d2;
    out->limb[3] = borrow != 0 ? a3 : d3;
}

ALWAYS_INLINE void fp_add(struct fp *out, const struct fp *a, const struct fp *b) {
    uint64_t carry = 0; /* stays 0 at the end: 2 p is below 2^255 */
    const uint64_t s0 = limb_add(a->limb[0], b->limb[0], &carry);
    const uint64_t s1 = limb_add(a->limb[1], b->limb[1], &carry);
    const uint64_t s2 = limb_add(a->limb[2], b->limb[2], &carry);
    const uint64_t s3 = limb_add(a->limb[3], b->limb[3], &carry);
    fp_reduce_once(out, s0, s1, s2, s3);
}

/* Below 2 p: good as a factor, for nothing else. */
ALWAYS_INLINE void fp_add_lazy(struct fp *out, const struct fp *a, const struct fp *b) {
    uint64_t carry = 0;
    out->limb[0] = limb_add(a->limb[0], b->limb[0], &carry);
    out->limb[1] = limb_add(a->limb[1], b->limb[1], &carry);
    out->limb[2] = limb_add(a->limb[2], b->limb[2], &carry);
    out->limb[3] = limb_add(a->limb[3], b->limb[3], &carry);
}

ALWAYS_INLINE void fp_sub(struct fp *out, const struct fp *a, const struct fp *b) {
    uint64_t borrow = 0;
    const uint64_t d0 = limb_sub(a->limb[0], b->limb[0], &borrow);
    const uint64_t d1 = limb_sub(a->limb[1], b->limb[1], &borrow);
    const uint64_t d2 = limb_sub(a->limb[2], b->limb[2], &borrow);
    const uint64_t d3 = limb_sub(a->limb[3], b->limb[3], &borrow);
    const uint64_t mask = -borrow;
    uint64_t carry = 0;
    out->limb[0] = limb_add(d0, FP_P0 & mask, &carry);
    out->limb[1] = limb_add(d1, FP_P1 & mask, &carry);
    out->limb[2] = limb_add(d2, FP_P2 & mask, &carry);
    out->limb[3] = limb_add(d3, FP_P3 & mask, &carry);
}

/* a - b + p, below 2 p: good as a factor, for nothing else. */
ALWAYS_INLINE void fp_sub_lazy(struct fp *out, const struct fp *a, const struct fp *b) {
    uint64_t borrow = 0;
    uint64_t carry = 0;
    const uint64_t n0 = limb_sub(FP_P0, b->limb[0], &borrow);
    const uint64_t n1 = limb_sub(FP_P1, b->limb[1], &borrow);
    const uint64_t n2 = limb_sub(FP_P2, b->limb[2], &borrow);
    const uint64_t n3 = limb_sub(FP_P3, b->limb[3], &borrow);
    out->limb[0] = limb_add(a->limb[0], n0, &carry);
    out->limb[1] = limb_add(a->limb[1], n1, &carry);
    out->limb[2] = limb_add(a->limb[2], n2, &carry);
    out->limb[3] = limb_add(a->limb[3], n3, &carry);
}

ALWAYS_INLINE void fp_neg(struct fp *out, const struct fp *a) {
    static const struct fp zero;
    fp_sub(out, &zero, a);
}

/* Clears the lowest limb of t by adding a multiple of p, and shifts one limb down. top is what t
 * has above its four limbs; the sum of both fits, as p is below 2^254. */
ALWAYS_INLINE void fp_montgomery_step(uint64_t t[4], uint64_t top) {
    const uint64_t m = t[0] * FP_NEGATED_INVERSE;
    uint64_t carry = 0;
    (void)limb_mul_add(t[0], m, FP_P0, &carry);
    t[0] = limb_mul_add(t[1], m, FP_P1, &carry);
    t[1] = limb_mul_add(t[2], m, FP_P2, &carry);
    t[2] = limb_mul_add(t[3], m, FP_P3, &carry);
    t[3] = top + carry;
}

/* t += a * digit; answers what stands above t's four limbs. */
ALWAYS_INLINE uint64_t fp_mul_row(uint64_t t[4], const struct fp *a, uint64_t digit) {
    uint64_t carry = 0;
    t[0] = limb_mul_add(t[0], a->limb[0], digit, &carry);
    t[1] = limb_mul_add(t[1], a->limb[1], digit, &carry);
    t[2] = limb_mul_add(t[2], a->limb[2], digit, &carry);
    t[3] = limb_mul_add(t[3], a->limb[3], digit, &carry);
    return carry;
}

/* a * b; one factor or both may be below 2 p. */
ALWAYS_INLINE void fp_mul(struct fp *out, const struct fp *a, const struct fp *b) {
    uint64_t t[4] = {0};
    fp_montgomery_step(t, fp_mul_row(t, a, b->limb[0]));
    fp_montgomery_step(t, fp_mul_row(t, a, b->limb[1]));
    fp_montgomery_step(t, fp_mul_row(t, a, b->limb[2]));
    fp_montgomery_step(t, fp_mul_row(t, a, b->limb[3]));
    fp_reduce_once(out, t[0], t[1], t[2], t[3]);
}

/* a * b + c * d with one reduction; a and c may be below 2 p if b and d are below p. The sum is
 * below 4 p^2, so the result before the last subtraction is below p + 4 p^2 / 2^256 < 2 p. */
ALWAYS_INLINE void fp_mul_pair(
    struct fp *out, const struct fp *a, const struct fp *b, const struct fp *c, const struct fp *d
) {
    uint64_t t[4] = {0};
    uint64_t top = fp_mul_row(t, a, b->limb[0]);
    fp_montgomery_step(t, top + fp_mul_row(t, c, d->limb[0]));
    top = fp_mul_row(t, a, b->limb[1]);
    fp_montgomery_step(t, top + fp_mul_row(t, c, d->limb[1]));
    top = fp_mul_row(t, a, b->limb[2]);
    fp_montgomery_step(t, top + fp_mul_row(t, c, d->limb[2]));
    top = fp_mul_row(t, a, b->limb[3]);
    fp_montgomery_step(t, top + fp_mul_row(t, c, d->limb[3]));
    fp_reduce_once(out, t[0], t[1], t[2], t[3]);
}

ALWAYS_INLINE void fp_sqr(struct fp *out, const struct fp *a) {
    fp_mul(out, a, a);
}

/* Variable time; zero for zero. */
void fp_inverse(struct fp *out, const struct fp *a);

/* 32 big-endian bytes; false where the number is not below p. */
MUST_USE bool fp_from_be(struct fp *out, const uint8_t bytes[32]);
void fp_to_be(uint8_t bytes[32], const struct fp *a);

static inline bool fp2_is_zero(const struct fp2 *a) {
    return fp_is_zero(&a->c0) && fp_is_zero(&a->c1);
}

static inline bool fp2_equal(const struct fp2 *a, const struct fp2 *b) {
    return fp_equal(&a->c0, &b->c0) && fp_equal(&a->c1, &b->c1);
}

ALWAYS_INLINE void fp2_add(struct fp2 *out, const struct fp2 *a, const struct fp2 *b) {
    fp_add(&out->c0, &a->c0, &b->c0);
    fp_add(&out->c1, &a->c1, &b->c1);
}

ALWAYS_INLINE void fp2_sub(struct fp2 *out, const struct fp2 *a, const struct fp2 *b) {
    fp_sub(&out->c0, &a->c0, &b->c0);
    fp_sub(&out->c1, &a->c1, &b->c1);
}

ALWAYS_INLINE void fp2_neg(struct fp2 *out, const struct fp2 *a) {
    fp_neg(&out->c0, &a->c0);
    fp_neg(&out->c1, &a->c1);
}

ALWAYS_INLINE void fp2_conjugate(struct fp2 *out, const struct fp2 *a) {
    out->c0 = a->c0;
    fp_neg(&out->c1, &a->c1);
}

ALWAYS_INLINE void fp2_mul_by_fp(struct fp2 *out, const struct fp2 *a, const struct fp *b) {
    fp_mul(&out->c0, &a->c0, b);
    fp_mul(&out->c1, &a->c1, b);
}

/* times xi = 9 + i: (9 c0 - c1) + (9 c1 + c0) i */
ALWAYS_INLINE void fp2_mul_by_xi(struct fp2 *out, const struct fp2 *a) {
    struct fp2 nine;
    fp2_add(&nine, a, a);
    fp2_add(&nine, &nine, &nine);
    fp2_add(&nine, &nine, &nine);
    fp2_add(&nine, &nine, a);
    const struct fp c0 = a->c0;
    fp_sub(&out->c0, &nine.c0, &a->c1);
    fp_add(&out->c1, &nine.c1, &c0);
}

void fp2_mul(struct fp2 *out, const struct fp2 *a, const struct fp2 *b);
void fp2_sqr(struct fp2 *out, const struct fp2 *a);
void fp2_inverse(struct fp2 *out, const struct fp2 *a);

bool fp12_is_one(const struct fp12 *a);
void fp12_mul(struct fp12 *out, const struct fp12 *a, const struct fp12 *b);
void fp12_sqr(struct fp12 *out, const struct fp12 *a);
void fp12_inverse(struct fp12 *out, const struct fp12 *a);
void fp12_conjugate(struct fp12 *out, const struct fp12 *a);

/* The square, for elements whose (p^6 - 1)(p^2 + 1) has been taken. */
void fp12_sqr_cyclotomic(struct fp12 *out, const struct fp12 *a);

/* a times the sparse l0 + l1 w + l3 w^3, which is how a line of the Miller loop looks. */
void fp12_mul_by_line(
    struct fp12 *out,
    const struct fp12 *a,
    const struct fp2 *l0,
    const struct fp2 *l1,
    const struct fp2 *l3
);

/* a^(p^power), power 1 to 3. */
void fp12_frobenius(struct fp12 *out, const struct fp12 *a, unsigned power);

/* xi^(k (p^power - 1) / 6), k 1 to 5, power 1 to 3: what Frobenius does to w^k, and to the twist. */
const struct fp2 *bn254_frobenius_constant(unsigned power, unsigned k);

#endif
