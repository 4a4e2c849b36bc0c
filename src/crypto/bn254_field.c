#include "crypto/bn254_field.h"

#include "crypto/inverse256.h"

/* 2^512 mod p */
static const struct fp montgomery_square = {
    {0xf32cfc5b538afa89, 0xb5e71911d44501fb, 0x47ab1eff0a417ff6, 0x06d89f71cab8351f}};

/* [power - 1][k - 1] */
static const struct fp2 frobenius_constants[3][5] = {
    {{{{0xaf9ba69633144907, 0xca6b1d7387afb78a, 0x11bded5ef08a2087, 0x02f34d751a1f3a7c}},
      {{0xa222ae234c492d72, 0xd00f02a4565de15b, 0xdc2ff3a253dfc926, 0x10a75716b3899551}}},
     {{{0xb5773b104563ab30, 0x347f91c8a9aa6454, 0x7a007127242e0991, 0x1956bcd8118214ec}},
      {{0x6e849f1ea0aa4757, 0xaa1c7b6d89f89141, 0xb6e713cdfae0ca3a, 0x26694fbb4e82ebc3}}},
     {{{0xe4bbdd0c2936b629, 0xbb30f162e133bacb, 0x31a9d1b6f9645366, 0x253570bea500f8dd}},
      {{0xa1d77ce45ffe77c7, 0x07affd117826d1db, 0x6d16bd27bb7edc6b, 0x2c87200285defecc}}},
     {{{0x7361d77f843abe92, 0xa5bb2bd3273411fb, 0x9c941f314b3e2399, 0x15df9cddbb9fd3ec}},
      {{0x5dddfd154bd8c949, 0x62cb29a5a4445b60, 0x37bc870a0c7dd2b9, 0x24830a9d3171f0fd}}},
     {{{0xc970692f41690fe7, 0xe240342127694b0b, 0x32bee66b83c459e8, 0x12aabced0ab08841}},
      {{0x0d485d2340aebfa9, 0x05193418ab2fcc57, 0xd3b0a40b8a4910f5, 0x2f21ebb535d2925a}}}},
    {{{{0xca8d800500fa1bf2, 0xf0c5d61468b39769, 0x0e201271ad0d4418, 0x04290f65bad856e6}},
      {{0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000}}},
     {{{0x3350c88e13e80b9c, 0x7dce557cdb5e56b9, 0x6001b4b8b615564a, 0x2682e617020217e0}},
      {{0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000}}},
     {{{0x68c3488912edefaa, 0x8d087f6872aabf4f, 0x51e1a24709081231, 0x2259d6b14729c0fa}},
      {{0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000}}},
     {{{0x71930c11d782e155, 0xa6bb947cffbe3323, 0xaa303344d4741444, 0x2c3b3f0d26594943}},
      {{0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000}}},
     {{{0x08cfc388c494f1ab, 0x19b315148d1373d4, 0x584e90fdcb6c0213, 0x09e1685bdf2f8849}},
      {{0x0000000000000000, 0x0000000000000000, 0x0000000000000000, 0x0000000000000000}}}},
    {{{{0x365316184e46d97d, 0x0af7129ed4c96d9f, 0x659da72fca1009b5, 0x08116d8983a20d23}},
      {{0xb1df4af7c39c1939, 0x3d9f02878a73bf7f, 0x9b2220928caf0ae0, 0x26684515eff054a6}}},
     {{{0xc9af22f716ad6bad, 0xb311782a4aa662b2, 0x19eeaf64e248c7f4, 0x20273e77e3439f82}},
      {{0xacc02860f7ce93ac, 0x3933d5817ba76b4c, 0x69e6188b446c8467, 0x0a46036d4417cc55}}},
     {{{0x5764af0aaf46471e, 0xdc50792e873e0fc1, 0x86a673ff881d04f6, 0x0b2eddb43c30a74c}},
      {{0x9a490f32787e8580, 0x8fd16d7ff04af8b1, 0x4b39888ec6027bf2, 0x03dd2e705b52a15d}}},
     {{{0x448a93a57b6762df, 0xbfd62df528fdeadf, 0xd858f5d00e9bd47a, 0x06b03d4d3476ec58}},
      {{0x2b19daf4bcc936d1, 0xa1a54e7a56f4299f, 0xb533eee05adeaef1, 0x170c812b84dda0b2}}},
     {{{0xe0bc4b2275cf559f, 0xc238b945c154e60f, 0x803982a5929a7d5e, 0x15ce052df7e4a37e}},
      {{0x2d28efbdbf3799a7, 0x9b097e3c1ad60773, 0x982d4113af4a535b, 0x24e18991e3056063}}}},
};

const struct fp2 *bn254_frobenius_constant(unsigned power, unsigned k) {
    ASSERT(power >= 1 && power <= 3 && k >= 1 && k <= 5);
    return &frobenius_constants[power - 1][k - 1];
}

bool fp_from_be(struct fp *out, const uint8_t bytes[32]) {
    const struct fp plain = {
        {load_be64(bytes + 24), load_be64(bytes + 16), load_be64(bytes + 8), load_be64(bytes)}};
    uint64_t borrow = 0;
    (void)limb_sub(plain.limb[0], FP_P0, &borrow);
    (void)limb_sub(plain.limb[1], FP_P1, &borrow);
    (void)limb_sub(plain.limb[2], FP_P2, &borrow);
    (void)limb_sub(plain.limb[3], FP_P3, &borrow);
    if (borrow == 0) return false;
    fp_mul(out, &plain, &montgomery_square);
    return true;
}

void fp_to_be(uint8_t bytes[32], const struct fp *a) {
    static const struct fp plain_one = {{1, 0, 0, 0}};
    struct fp plain;
    fp_mul(&plain, a, &plain_one);
    store_be64(bytes, plain.limb[3]);
    store_be64(bytes + 8, plain.limb[2]);
    store_be64(bytes + 16, plain.limb[1]);
    store_be64(bytes + 24, plain.limb[0]);
}

void fp_inverse(struct fp *out, const struct fp *a) {
    static const struct u256 p = {{FP_P0, FP_P1, FP_P2, FP_P3}};
    struct u256 inverse;
    struct fp square;
    memcpy(inverse.limb, a->limb, sizeof inverse.limb);
    inverse256(&inverse, &inverse, &p);
    memcpy(out->limb, inverse.limb, sizeof out->limb);
    /* a is x R, so this is the inverse of x R: times R^2 and R. */
    fp_mul(&square, &montgomery_square, &montgomery_square);
    fp_mul(out, out, &square);
}

void fp2_mul(struct fp2 *out, const struct fp2 *a, const struct fp2 *b) {
    struct fp negated;
    struct fp c0;
    fp_neg(&negated, &b->c1);
    fp_mul_pair(&c0, &a->c0, &b->c0, &a->c1, &negated);
    fp_mul_pair(&out->c1, &a->c0, &b->c1, &a->c1, &b->c0);
    out->c0 = c0;
}

/* (c0 + c1)(c0 - c1) + 2 c0 c1 i */
void fp2_sqr(struct fp2 *out, const struct fp2 *a) {
    struct fp sum;
    struct fp difference;
    struct fp twice;
    fp_add_lazy(&sum, &a->c0, &a->c1);
    fp_sub_lazy(&difference, &a->c0, &a->c1);
    fp_add_lazy(&twice, &a->c0, &a->c0);
    fp_mul(&out->c1, &twice, &a->c1);
    fp_mul(&out->c0, &sum, &difference);
}

/* conjugate / (c0^2 + c1^2) */
void fp2_inverse(struct fp2 *out, const struct fp2 *a) {
    struct fp norm;
    struct fp2 conjugate;
    fp_mul_pair(&norm, &a->c0, &a->c0, &a->c1, &a->c1);
    fp_inverse(&norm, &norm);
    fp2_conjugate(&conjugate, a);
    fp2_mul_by_fp(out, &conjugate, &norm);
}

static void fp6_add(struct fp6 *out, const struct fp6 *a, const struct fp6 *b) {
    fp2_add(&out->c0, &a->c0, &b->c0);
    fp2_add(&out->c1, &a->c1, &b->c1);
    fp2_add(&out->c2, &a->c2, &b->c2);
}

static void fp6_sub(struct fp6 *out, const struct fp6 *a, const struct fp6 *b) {
    fp2_sub(&out->c0, &a->c0, &b->c0);
    fp2_sub(&out->c1, &a->c1, &b->c1);
    fp2_sub(&out->c2, &a->c2, &b->c2);
}

static void fp6_neg(struct fp6 *out, const struct fp6 *a) {
    fp2_neg(&out->c0, &a->c0);
    fp2_neg(&out->c1, &a->c1);
    fp2_neg(&out->c2, &a->c2);
}

/* times v: the coefficients move up, and the last comes round as xi */
static void fp6_mul_by_v(struct fp6 *out, const struct fp6 *a) {
    struct fp2 first;
    fp2_mul_by_xi(&first, &a->c2);
    out->c2 = a->c1;
    out->c1 = a->c0;
    out->c0 = first;
}

/* (a + b)(c + d) - ac - bd, which is ad + bc */
static void fp2_cross(
    struct fp2 *out,
    const struct fp2 *a,
    const struct fp2 *b,
    const struct fp2 *c,
    const struct fp2 *d,
    const struct fp2 *ac,
    const struct fp2 *bd
) {
    struct fp2 left;
    struct fp2 right;
    fp2_add(&left, a, b);
    fp2_add(&right, c, d);
    fp2_mul(&left, &left, &right);
    fp2_sub(&left, &left, ac);
    fp2_sub(out, &left, bd);
}

static void fp6_mul(struct fp6 *out, const struct fp6 *a, const struct fp6 *b) {
    struct fp2 v0, v1, v2, t0, t1, t2;
    fp2_mul(&v0, &a->c0, &b->c0);
    fp2_mul(&v1, &a->c1, &b->c1);
    fp2_mul(&v2, &a->c2, &b->c2);
    fp2_cross(&t0, &a->c1, &a->c2, &b->c1, &b->c2, &v1, &v2);
    fp2_cross(&t1, &a->c0, &a->c1, &b->c0, &b->c1, &v0, &v1);
    fp2_cross(&t2, &a->c0, &a->c2, &b->c0, &b->c2, &v0, &v2);
    fp2_mul_by_xi(&t0, &t0);
    fp2_add(&out->c0, &v0, &t0);
    fp2_add(&out->c2, &t2, &v1);
    fp2_mul_by_xi(&v2, &v2);
    fp2_add(&out->c1, &t1, &v2);
}

/* a times s0 + s1 v */
static void fp6_mul_by_01(
    struct fp6 *out, const struct fp6 *a, const struct fp2 *s0, const struct fp2 *s1
) {
    struct fp2 v0, v1, t0, t1, t2;
    fp2_mul(&v0, &a->c0, s0);
    fp2_mul(&v1, &a->c1, s1);
    fp2_mul(&t0, &a->c2, s1);
    fp2_mul(&t2, &a->c2, s0);
    fp2_cross(&t1, &a->c0, &a->c1, s0, s1, &v0, &v1);
    fp2_mul_by_xi(&t0, &t0);
    fp2_add(&out->c0, &v0, &t0);
    out->c1 = t1;
    fp2_add(&out->c2, &t2, &v1);
}

static void fp6_mul_by_fp2(struct fp6 *out, const struct fp6 *a, const struct fp2 *b) {
    fp2_mul(&out->c0, &a->c0, b);
    fp2_mul(&out->c1, &a->c1, b);
    fp2_mul(&out->c2, &a->c2, b);
}

/* By the adjoint: t0 = c0^2 - xi c1 c2, t1 = xi c2^2 - c0 c1, t2 = c1^2 - c0 c2 over
 * c0 t0 + xi (c2 t1 + c1 t2). */
static void fp6_inverse(struct fp6 *out, const struct fp6 *a) {
    struct fp2 t0, t1, t2, product, norm;
    fp2_mul(&product, &a->c1, &a->c2);
    fp2_mul_by_xi(&product, &product);
    fp2_sqr(&t0, &a->c0);
    fp2_sub(&t0, &t0, &product);
    fp2_sqr(&t1, &a->c2);
    fp2_mul_by_xi(&t1, &t1);
    fp2_mul(&product, &a->c0, &a->c1);
    fp2_sub(&t1, &t1, &product);
    fp2_sqr(&t2, &a->c1);
    fp2_mul(&product, &a->c0, &a->c2);
    fp2_sub(&t2, &t2, &product);

    fp2_mul(&norm, &a->c2, &t1);
    fp2_mul(&product, &a->c1, &t2);
    fp2_add(&norm, &norm, &product);
    fp2_mul_by_xi(&norm, &norm);
    fp2_mul(&product, &a->c0, &t0);
    fp2_add(&norm, &norm, &product);
    fp2_inverse(&norm, &norm);
    fp2_mul(&out->c0, &t0, &norm);
    fp2_mul(&out->c1, &t1, &norm);
    fp2_mul(&out->c2, &t2, &norm);
}

bool fp12_is_one(const struct fp12 *a) {
    const struct fp12 one = {.c0 = {.c0 = {.c0 = FP_ONE}}};
    return memcmp(a, &one, sizeof one) == 0;
}

void fp12_mul(struct fp12 *out, const struct fp12 *a, const struct fp12 *b) {
    struct fp6 v0, v1, left, right;
    fp6_mul(&v0, &a->c0, &b->c0);
    fp6_mul(&v1, &a->c1, &b->c1);
    fp6_add(&left, &a->c0, &a->c1);
    fp6_add(&right, &b->c0, &b->c1);
    fp6_mul(&left, &left, &right);
    fp6_sub(&left, &left, &v0);
    fp6_sub(&out->c1, &left, &v1);
    fp6_mul_by_v(&v1, &v1);
    fp6_add(&out->c0, &v0, &v1);
}

/* c0^2 + v c1^2 = (c0 + c1)(c0 + v c1) - (1 + v) c0 c1 */
void fp12_sqr(struct fp12 *out, const struct fp12 *a) {
    struct fp6 product, sum, shifted;
    fp6_mul(&product, &a->c0, &a->c1);
    fp6_add(&sum, &a->c0, &a->c1);
    fp6_mul_by_v(&shifted, &a->c1);
    fp6_add(&shifted, &shifted, &a->c0);
    fp6_mul(&sum, &sum, &shifted);
    fp6_sub(&sum, &sum, &product);
    fp6_mul_by_v(&shifted, &product);
    fp6_sub(&out->c0, &sum, &shifted);
    fp6_add(&out->c1, &product, &product);
}

void fp12_conjugate(struct fp12 *out, const struct fp12 *a) {
    out->c0 = a->c0;
    fp6_neg(&out->c1, &a->c1);
}

/* conjugate / (c0^2 - v c1^2) */
void fp12_inverse(struct fp12 *out, const struct fp12 *a) {
    struct fp6 norm, square;
    fp6_mul(&norm, &a->c0, &a->c0);
    fp6_mul(&square, &a->c1, &a->c1);
    fp6_mul_by_v(&square, &square);
    fp6_sub(&norm, &norm, &square);
    fp6_inverse(&norm, &norm);
    fp6_mul(&out->c0, &a->c0, &norm);
    fp6_mul(&square, &a->c1, &norm);
    fp6_neg(&out->c1, &square);
}

/* (a + b s)^2 = (a^2 + xi b^2) + 2 a b s, where s^2 = xi */
static void fp4_sqr(struct fp2 *out0, struct fp2 *out1, const struct fp2 *a, const struct fp2 *b) {
    struct fp2 a_square, b_square, sum;
    fp2_sqr(&a_square, a);
    fp2_sqr(&b_square, b);
    fp2_add(&sum, a, b);
    fp2_sqr(&sum, &sum);
    fp2_sub(&sum, &sum, &a_square);
    fp2_sub(out1, &sum, &b_square);
    fp2_mul_by_xi(&b_square, &b_square);
    fp2_add(out0, &a_square, &b_square);
}

/* 3 square - 2 old, and 3 square + 2 old. */
static void three_minus_two(struct fp2 *out, const struct fp2 *square, const struct fp2 *old) {
    struct fp2 difference;
    fp2_sub(&difference, square, old);
    fp2_add(&difference, &difference, &difference);
    fp2_add(out, &difference, square);
}

static void three_plus_two(struct fp2 *out, const struct fp2 *square, const struct fp2 *old) {
    struct fp2 sum;
    fp2_add(&sum, square, old);
    fp2_add(&sum, &sum, &sum);
    fp2_add(out, &sum, square);
}

/* Granger and Scott, "Faster squaring in the cyclotomic subgroup of sixth degree extensions", 3.2:
 * with s = w^3 and a = A + B w + C w^2 over Fp2[s], the square is
 * (3 A^2 - 2 A') + (3 s C^2 + 2 B') w + (3 B^2 - 2 C') w^2, where ' negates the part of s. */
void fp12_sqr_cyclotomic(struct fp12 *out, const struct fp12 *a) {
    struct fp2 a0, a1, b0, b1, c0, c1;
    fp4_sqr(&a0, &a1, &a->c0.c0, &a->c1.c1); /* A = g0 + g3 s */
    fp4_sqr(&b0, &b1, &a->c1.c0, &a->c0.c2); /* B = g1 + g4 s */
    fp4_sqr(&c0, &c1, &a->c0.c1, &a->c1.c2); /* C = g2 + g5 s */
    fp2_mul_by_xi(&c1, &c1);                 /* s (c0 + c1 s) = xi c1 + c0 s */
    three_minus_two(&out->c0.c0, &a0, &a->c0.c0);
    three_plus_two(&out->c1.c1, &a1, &a->c1.c1);
    three_plus_two(&out->c1.c0, &c1, &a->c1.c0);
    three_minus_two(&out->c0.c2, &c0, &a->c0.c2);
    three_minus_two(&out->c0.c1, &b0, &a->c0.c1);
    three_plus_two(&out->c1.c2, &b1, &a->c1.c2);
}

void fp12_mul_by_line(
    struct fp12 *out,
    const struct fp12 *a,
    const struct fp2 *l0,
    const struct fp2 *l1,
    const struct fp2 *l3
) {
    struct fp6 v0, v1, sum;
    struct fp2 l01;
    fp6_mul_by_fp2(&v0, &a->c0, l0);
    fp6_mul_by_01(&v1, &a->c1, l1, l3);
    fp6_add(&sum, &a->c0, &a->c1);
    fp2_add(&l01, l0, l1);
    fp6_mul_by_01(&sum, &sum, &l01, l3);
    fp6_sub(&sum, &sum, &v0);
    fp6_sub(&out->c1, &sum, &v1);
    fp6_mul_by_v(&v1, &v1);
    fp6_add(&out->c0, &v0, &v1);
}

void fp12_frobenius(struct fp12 *out, const struct fp12 *a, unsigned power) {
    *out = *a;
    struct fp2 *const parts[6] = {&out->c0.c0, &out->c1.c0, &out->c0.c1,
                                  &out->c1.c1, &out->c0.c2, &out->c1.c2};
    for (unsigned k = 0; k < 6; k++) { /* the coefficient of w^k */
        if (power % 2 == 1) fp2_conjugate(parts[k], parts[k]);
        if (k > 0) fp2_mul(parts[k], parts[k], bn254_frobenius_constant(power, k));
    }
}
