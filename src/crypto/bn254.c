#include "crypto/bn254.h"

#include "crypto/bn254_field.h"

struct g1_affine {
    struct fp x;
    struct fp y;
    bool is_infinity;
};

struct g1 {
    struct fp x;
    struct fp y;
    struct fp z;
};

struct g2_affine {
    struct fp2 x;
    struct fp2 y;
    bool is_infinity;
};

struct g2 {
    struct fp2 x;
    struct fp2 y;
    struct fp2 z;
};

#define POINT(name)  g1_##name
#define POINT_STRUCT struct g1
#define FIELD(name)  fp_##name
#define FIELD_STRUCT struct fp
#include "crypto/bn254_curve.inc"
#undef POINT
#undef POINT_STRUCT
#undef FIELD
#undef FIELD_STRUCT

#define POINT(name)  g2_##name
#define POINT_STRUCT struct g2
#define FIELD(name)  fp2_##name
#define FIELD_STRUCT struct fp2
#include "crypto/bn254_curve.inc"

enum {
    FP_SIZE = 32,
    PAIR_CHUNK = 8, /* pairs that share the squarings of one Miller loop */
    MUL_WINDOW = 5, /* signed digits of G1's scalars: odd, below 2^4 in absolute value */
    MUL_ODD_COUNT = 1 << (MUL_WINDOW - 2),
    SCALAR_BITS = 256,
    EXPONENT_WINDOW = 4, /* the same for u: odd, below 2^3 */
};

/* The curve parameter. */
static const uint64_t parameter_u = 4965661367192848881;

/* 3 in Montgomery form: b of G1's curve. */
static const struct fp curve_b = {
    {0x7a17caa950ad28d7, 0x1f6ac17ae15521b9, 0x334bea4e696bd284, 0x2a1f6744ce179d8e}};

/* 3 / xi: b of G2's curve, the twist. And three times that. */
static const struct fp2 twist_b = {
    {{0x3bf938e377b802a8, 0x020b1b273633535d, 0x26b7edf049755260, 0x2514c6324384a86d}},
    {{0x38e7ecccd1dcff67, 0x65f0b37d93ce0d3e, 0xd749d0dd22ac00aa, 0x0141b9ce4a688d4d}}};
static const struct fp2 twist_3b = {
    {{0x3baa927cb62e0d6a, 0xd71e7c52d1b664fd, 0x03873e63d95d4664, 0x0e75b5b1082ab8f4}},
    {{0xaab7c6667596fe35, 0x31d21a78bb6a27ba, 0x85dd7297680401ff, 0x03c52d6adf39a7e9}}};

/* 6 u + 2 in signed binary without neighbours, the lowest digit first: the ate loop. */
static const int8_t ate_digits[] = {
    0,  0, 0, 1,  0, 1, 0, -1, 0,  0, -1, 0,  0, 0,  1, 0, 0, -1, 0, -1, 0, 0,
    0,  1, 0, -1, 0, 0, 0, 0,  -1, 0, 0,  1,  0, -1, 0, 0, 1, 0,  0, 0,  0, 0,
    -1, 0, 0, -1, 0, 1, 0, -1, 0,  0, 0,  -1, 0, -1, 0, 0, 0, 1,  0, -1, 0, 1,
};

static enum bn254_verdict read_g1(struct g1_affine *out, const uint8_t encoded[BN254_G1_SIZE]) {
    if (!fp_from_be(&out->x, encoded)) return BN254_NOT_IN_FIELD;
    if (!fp_from_be(&out->y, encoded + FP_SIZE)) return BN254_NOT_IN_FIELD;
    out->is_infinity = fp_is_zero(&out->x) && fp_is_zero(&out->y);
    if (out->is_infinity) return BN254_VALID;

    struct fp left;
    struct fp right;
    fp_sqr(&left, &out->y);
    fp_sqr(&right, &out->x);
    fp_mul(&right, &right, &out->x);
    fp_add(&right, &right, &curve_b);
    return fp_equal(&left, &right) ? BN254_VALID : BN254_NOT_ON_CURVE;
}

/* EIP-197 puts the imaginary part first. */
static bool read_fp2(struct fp2 *out, const uint8_t encoded[2 * FP_SIZE]) {
    return fp_from_be(&out->c1, encoded) && fp_from_be(&out->c0, encoded + FP_SIZE);
}

static void g2_from_affine(struct g2 *out, const struct g2_affine *p) {
    const struct fp2 one = {.c0 = FP_ONE};
    *out = (struct g2){p->x, p->y, one};
}

/* Frobenius of the untwisted point, back on the twist. */
static void g2_frobenius(struct g2 *out, const struct g2 *p) {
    fp2_conjugate(&out->x, &p->x);
    fp2_conjugate(&out->y, &p->y);
    fp2_conjugate(&out->z, &p->z);
    fp2_mul(&out->x, &out->x, bn254_frobenius_constant(1, 2));
    fp2_mul(&out->y, &out->y, bn254_frobenius_constant(1, 3));
}

static bool g2_equal(const struct g2 *p, const struct g2 *q) {
    struct fp2 p_square, q_square, left, right;
    if (fp2_is_zero(&p->z) || fp2_is_zero(&q->z)) return fp2_is_zero(&p->z) && fp2_is_zero(&q->z);
    fp2_sqr(&p_square, &p->z);
    fp2_sqr(&q_square, &q->z);
    fp2_mul(&left, &p->x, &q_square);
    fp2_mul(&right, &q->x, &p_square);
    if (!fp2_equal(&left, &right)) return false;
    fp2_mul(&p_square, &p_square, &p->z);
    fp2_mul(&q_square, &q_square, &q->z);
    fp2_mul(&left, &p->y, &q_square);
    fp2_mul(&right, &q->y, &p_square);
    return fp2_equal(&left, &right);
}

/* The digit of value at its lowest bit: 0 if even, else odd with |digit| < 2^(window - 1) and
 * value - digit divisible by 2^window. */
static int signed_digit(uint64_t value, unsigned window) {
    if (value % 2 == 0) return 0;
    const int digit = (int)(value & ((1U << window) - 1));
    return digit >= 1 << (window - 1) ? digit - (1 << window) : digit;
}

/* out = [u] p */
static void g2_mul_by_u(struct g2 *out, const struct g2 *p) {
    int8_t digits[65];
    size_t count = 0;
    for (uint64_t left = parameter_u; left != 0; left >>= 1) {
        const int digit = signed_digit(left, 2);
        left -= (uint64_t)(int64_t)digit;
        digits[count++] = (int8_t)digit;
    }
    struct g2 negated = *p;
    fp2_neg(&negated.y, &p->y);
    struct g2 sum = {0};
    while (count > 0) {
        count--;
        g2_double(&sum, &sum);
        if (digits[count] != 0) g2_add(&sum, &sum, digits[count] > 0 ? p : &negated);
    }
    *out = sum;
}

/* El Housni, Guillevic, Piellard, "Co-factor clearing and subgroup membership testing on
 * pairing-friendly curves", 4: [u + 1] q + f([u] q) + f^2([u] q) = f^3([2 u] q), f Frobenius. */
static bool g2_is_in_subgroup(const struct g2_affine *affine) {
    struct g2 q, by_u, power, left, right;
    g2_from_affine(&q, affine);
    g2_mul_by_u(&by_u, &q);
    g2_add(&left, &by_u, &q);
    g2_frobenius(&power, &by_u);
    g2_add(&left, &left, &power);
    g2_frobenius(&power, &power);
    g2_add(&left, &left, &power);
    g2_frobenius(&power, &power);
    g2_double(&right, &power);
    return g2_equal(&left, &right);
}

static enum bn254_verdict read_g2(struct g2_affine *out, const uint8_t encoded[BN254_G2_SIZE]) {
    if (!read_fp2(&out->x, encoded)) return BN254_NOT_IN_FIELD;
    if (!read_fp2(&out->y, encoded + 2 * FP_SIZE)) return BN254_NOT_IN_FIELD;
    out->is_infinity = fp2_is_zero(&out->x) && fp2_is_zero(&out->y);
    if (out->is_infinity) return BN254_VALID;

    struct fp2 left;
    struct fp2 right;
    fp2_sqr(&left, &out->y);
    fp2_sqr(&right, &out->x);
    fp2_mul(&right, &right, &out->x);
    fp2_add(&right, &right, &twist_b);
    if (!fp2_equal(&left, &right)) return BN254_NOT_ON_CURVE;
    return g2_is_in_subgroup(out) ? BN254_VALID : BN254_NOT_IN_SUBGROUP;
}

static void write_g1(uint8_t out[BN254_G1_SIZE], const struct fp *x, const struct fp *y) {
    fp_to_be(out, x);
    fp_to_be(out + FP_SIZE, y);
}

static void write_g1_jacobian(uint8_t out[BN254_G1_SIZE], const struct g1 *p) {
    struct fp inverse, power, x, y;
    if (fp_is_zero(&p->z)) {
        memset(out, 0, BN254_G1_SIZE);
        return;
    }
    fp_inverse(&inverse, &p->z);
    fp_sqr(&power, &inverse);
    fp_mul(&x, &p->x, &power);
    fp_mul(&power, &power, &inverse);
    fp_mul(&y, &p->y, &power);
    write_g1(out, &x, &y);
}

enum bn254_verdict bn254_add(uint8_t out[BN254_G1_SIZE], const uint8_t input[2 * BN254_G1_SIZE]) {
    struct g1_affine p;
    struct g1_affine q;
    enum bn254_verdict verdict = read_g1(&p, input);
    if (verdict != BN254_VALID) return verdict;
    verdict = read_g1(&q, input + BN254_G1_SIZE);
    if (verdict != BN254_VALID) return verdict;

    if (p.is_infinity || q.is_infinity) {
        const struct g1_affine *const sum = p.is_infinity ? &q : &p;
        write_g1(out, &sum->x, &sum->y);
        return BN254_VALID;
    }
    struct fp rise, run, slope, x, y;
    if (!fp_equal(&p.x, &q.x)) {
        fp_sub(&rise, &q.y, &p.y);
        fp_sub(&run, &q.x, &p.x);
    } else if (fp_equal(&p.y, &q.y)) { /* never 0: no point of order 2 */
        fp_sqr(&slope, &p.x);
        fp_add(&rise, &slope, &slope);
        fp_add(&rise, &rise, &slope);
        fp_add(&run, &p.y, &p.y);
    } else {
        memset(out, 0, BN254_G1_SIZE);
        return BN254_VALID;
    }
    fp_inverse(&run, &run);
    fp_mul(&slope, &rise, &run);
    fp_sqr(&x, &slope);
    fp_sub(&x, &x, &p.x);
    fp_sub(&x, &x, &q.x);
    fp_sub(&y, &p.x, &x);
    fp_mul(&y, &y, &slope);
    fp_sub(&y, &y, &p.y);
    write_g1(out, &x, &y);
    return BN254_VALID;
}

/* Signed digits of a 256-bit number, the lowest first; answers how many. */
static size_t scalar_digits(int8_t digits[SCALAR_BITS + 1], const uint8_t scalar[FP_SIZE]) {
    uint64_t limb[5] = {
        load_be64(scalar + 24), load_be64(scalar + 16), load_be64(scalar + 8), load_be64(scalar),
        0};
    size_t count = 0;
    while ((limb[0] | limb[1] | limb[2] | limb[3] | limb[4]) != 0) {
        const int digit = signed_digit(limb[0], MUL_WINDOW);
        digits[count++] = (int8_t)digit;
        /* limb -= digit: a negative digit may carry up, a positive one only clears low bits */
        uint64_t carry = digit < 0 ? (uint64_t)-digit : 0;
        limb[0] -= digit > 0 ? (uint64_t)digit : 0;
        for (size_t i = 0; i < ARRAY_LEN(limb); i++) {
            limb[i] = limb_add(limb[i], 0, &carry);
        }
        for (size_t i = 0; i + 1 < ARRAY_LEN(limb); i++) {
            limb[i] = limb[i] >> 1 | limb[i + 1] << 63;
        }
        limb[4] >>= 1;
    }
    return count;
}

enum bn254_verdict bn254_mul(
    uint8_t out[BN254_G1_SIZE], const uint8_t input[BN254_G1_SIZE + BN254_SCALAR_SIZE]
) {
    struct g1_affine p;
    const enum bn254_verdict verdict = read_g1(&p, input);
    if (verdict != BN254_VALID) return verdict;
    if (p.is_infinity) {
        memset(out, 0, BN254_G1_SIZE);
        return BN254_VALID;
    }
    struct g1 odd[MUL_ODD_COUNT];
    struct g1 twice;
    odd[0] = (struct g1){p.x, p.y, FP_ONE};
    g1_double(&twice, &odd[0]);
    for (size_t i = 1; i < ARRAY_LEN(odd); i++) {
        g1_add(&odd[i], &odd[i - 1], &twice);
    }
    int8_t digits[SCALAR_BITS + 1];
    size_t count = scalar_digits(digits, input + BN254_G1_SIZE);
    struct g1 sum = {0};
    while (count > 0) {
        count--;
        g1_double(&sum, &sum);
        const int digit = digits[count];
        if (digit > 0) {
            g1_add(&sum, &sum, &odd[digit / 2]);
        } else if (digit < 0) {
            struct g1 negated = odd[-digit / 2];
            fp_neg(&negated.y, &negated.y);
            g1_add(&sum, &sum, &negated);
        }
    }
    write_g1_jacobian(out, &sum);
    return BN254_VALID;
}

/* One pair of the Miller loop: t runs over multiples of q in homogeneous coordinates (x = X / Z,
 * y = Y / Z), and every line is evaluated at p. */
struct miller_pair {
    struct g1_affine p;
    struct g2_affine q;
    struct fp2 negated_y; /* of q */
    struct g2 t;
};

/* f times the line of slope rise / run, given as its coefficients of 1, w, w^3. */
static void multiply_line(
    struct fp12 *f,
    const struct g1_affine *p,
    const struct fp2 *l0,
    const struct fp2 *l1,
    const struct fp2 *l3
) {
    struct fp2 by_y;
    struct fp2 by_x;
    fp2_mul_by_fp(&by_y, l0, &p->y);
    fp2_mul_by_fp(&by_x, l1, &p->x);
    fp12_mul_by_line(f, f, &by_y, &by_x, l3);
}

/* t = 2 t and f times the tangent (Aranha and others, "Faster explicit formulas for computing
 * pairings over ordinary curves", 5, scaled by 4 to need no halving). */
static void miller_double(struct fp12 *f, struct miller_pair *pair) {
    struct g2 *const t = &pair->t;
    struct fp2 xy, b, c, e, e3, h, j, l0, l3, squares;
    fp2_mul(&xy, &t->x, &t->y);
    fp2_add(&xy, &xy, &xy);
    fp2_sqr(&b, &t->y);
    fp2_sqr(&c, &t->z);
    fp2_mul(&e, &c, &twist_3b);
    fp2_add(&e3, &e, &e);
    fp2_add(&e3, &e3, &e);
    fp2_add(&h, &t->y, &t->z);
    fp2_sqr(&h, &h);
    fp2_sub(&h, &h, &b);
    fp2_sub(&h, &h, &c); /* 2 y z */
    fp2_sub(&l3, &e, &b);
    fp2_sqr(&j, &t->x);
    fp2_add(&l0, &j, &j);
    fp2_add(&j, &j, &l0); /* 3 x^2 */
    fp2_neg(&l0, &h);

    fp2_sub(&squares, &b, &e3);
    fp2_mul(&t->x, &xy, &squares);
    fp2_add(&squares, &b, &e3);
    fp2_sqr(&t->y, &squares);
    fp2_sqr(&squares, &e);
    fp2_add(&squares, &squares, &squares);
    fp2_add(&squares, &squares, &squares);
    fp2_sub(&t->y, &t->y, &squares);
    fp2_sub(&t->y, &t->y, &squares);
    fp2_sub(&t->y, &t->y, &squares);
    fp2_mul(&t->z, &b, &h);
    fp2_add(&t->z, &t->z, &t->z);
    fp2_add(&t->z, &t->z, &t->z);
    multiply_line(f, &pair->p, &l0, &j, &l3);
}

/* t = t + (x, y) and f times the chord. The two never meet: their multiples of q differ. */
static void miller_add(
    struct fp12 *f, struct miller_pair *pair, const struct fp2 *x, const struct fp2 *y
) {
    struct g2 *const t = &pair->t;
    struct fp2 rise, run, rise_square, run_square, cube, g, h, l1, l3;
    fp2_mul(&rise, y, &t->z);
    fp2_sub(&rise, &t->y, &rise);
    fp2_mul(&run, x, &t->z);
    fp2_sub(&run, &t->x, &run);
    fp2_neg(&l1, &rise);
    fp2_mul(&l3, &rise, x);
    fp2_mul(&g, &run, y);
    fp2_sub(&l3, &l3, &g);

    fp2_sqr(&rise_square, &rise);
    fp2_sqr(&run_square, &run);
    fp2_mul(&cube, &run_square, &run);
    fp2_mul(&g, &run_square, &t->x);
    fp2_mul(&h, &rise_square, &t->z);
    fp2_add(&h, &h, &cube);
    fp2_sub(&h, &h, &g);
    fp2_sub(&h, &h, &g);
    fp2_mul(&t->x, &run, &h);
    fp2_sub(&g, &g, &h);
    fp2_mul(&g, &g, &rise);
    fp2_mul(&h, &cube, &t->y);
    fp2_sub(&t->y, &g, &h);
    fp2_mul(&t->z, &t->z, &cube);
    multiply_line(f, &pair->p, &run, &l1, &l3);
}

/* The chords to f(q) and to -f^2(q) that end the optimal ate loop, f Frobenius. */
static void miller_frobenius_lines(struct fp12 *f, struct miller_pair *pair) {
    struct fp2 x, y;
    fp2_conjugate(&x, &pair->q.x);
    fp2_conjugate(&y, &pair->q.y);
    fp2_mul(&x, &x, bn254_frobenius_constant(1, 2));
    fp2_mul(&y, &y, bn254_frobenius_constant(1, 3));
    miller_add(f, pair, &x, &y);
    /* The constant of y is -1, so the negated y is y. */
    fp2_mul(&x, &pair->q.x, bn254_frobenius_constant(2, 2));
    miller_add(f, pair, &x, &pair->q.y);
}

/* Vercauteren, "Optimal pairings", 4: the ate loop over 6 u + 2. f is the product over all pairs. */
static void miller_loop(struct fp12 *f, struct miller_pair *pairs, size_t count) {
    *f = (struct fp12){.c0 = {.c0 = {.c0 = FP_ONE}}};
    for (size_t i = ARRAY_LEN(ate_digits) - 1; i > 0; i--) {
        const int digit = ate_digits[i - 1];
        fp12_sqr(f, f);
        for (size_t k = 0; k < count; k++) {
            struct miller_pair *const pair = &pairs[k];
            miller_double(f, pair);
            if (digit != 0) {
                miller_add(f, pair, &pair->q.x, digit > 0 ? &pair->q.y : &pair->negated_y);
            }
        }
    }
    for (size_t k = 0; k < count; k++) {
        miller_frobenius_lines(f, &pairs[k]);
    }
}

/* out = a^u for a of the cyclotomic subgroup, whose inverses are conjugates. */
static void power_u(struct fp12 *out, const struct fp12 *a) {
    int8_t digits[65];
    size_t count = 0;
    for (uint64_t left = parameter_u; left != 0; left >>= 1) {
        const int digit = signed_digit(left, EXPONENT_WINDOW);
        left -= (uint64_t)(int64_t)digit;
        digits[count++] = (int8_t)digit;
    }
    struct fp12 odd[1 << (EXPONENT_WINDOW - 2)]; /* a, a^3, a^5, a^7 */
    struct fp12 square;
    odd[0] = *a;
    fp12_sqr_cyclotomic(&square, a);
    for (size_t i = 1; i < ARRAY_LEN(odd); i++) {
        fp12_mul(&odd[i], &odd[i - 1], &square);
    }
    struct fp12 result = odd[digits[--count] / 2]; /* the highest digit is positive */
    while (count > 0) {
        count--;
        const int digit = digits[count];
        fp12_sqr_cyclotomic(&result, &result);
        if (digit > 0) {
            fp12_mul(&result, &result, &odd[digit / 2]);
        } else if (digit < 0) {
            struct fp12 inverse;
            fp12_conjugate(&inverse, &odd[-digit / 2]);
            fp12_mul(&result, &result, &inverse);
        }
    }
    *out = result;
}

/* f^((p^12 - 1) / r), up to a power that is prime to r. Hard part: Fuentes-Castaneda, Knapp,
 * Rodriguez-Henriquez, "Faster hashing to G2", 5: the exponent l0 + l1 p + l2 p^2 + l3 p^3 with
 * l0 = 1 + 6u + 12u^2 + 12u^3, l1 = 4u + 6u^2 + 12u^3, l2 = 6u + 6u^2 + 12u^3, l3 = l1 - 1. */
static void final_exponentiation(struct fp12 *f) {
    struct fp12 easy, inverse, t, f2u, f6u, f6u2, l1, l2;
    fp12_inverse(&inverse, f);
    fp12_conjugate(&easy, f);
    fp12_mul(&easy, &easy, &inverse); /* p^6 - 1 */
    fp12_frobenius(&t, &easy, 2);
    fp12_mul(&easy, &easy, &t); /* p^2 + 1 */

    power_u(&f2u, &easy);
    fp12_sqr_cyclotomic(&f2u, &f2u);
    fp12_sqr_cyclotomic(&l1, &f2u); /* 4u */
    fp12_mul(&f6u, &l1, &f2u);
    power_u(&f6u2, &f6u);
    fp12_sqr_cyclotomic(&t, &f6u2);
    power_u(&t, &t);         /* 12u^3 */
    fp12_mul(&t, &t, &f6u2); /* 6u^2 + 12u^3 */
    fp12_mul(&l1, &l1, &t);
    fp12_mul(&l2, &f6u, &t);

    fp12_mul(f, &l2, &f6u2);
    fp12_mul(f, f, &easy); /* l0 */
    fp12_frobenius(&t, &l1, 1);
    fp12_mul(f, f, &t);
    fp12_frobenius(&t, &l2, 2);
    fp12_mul(f, f, &t);
    fp12_conjugate(&inverse, &easy);
    fp12_mul(&t, &l1, &inverse); /* l3 */
    fp12_frobenius(&t, &t, 3);
    fp12_mul(f, f, &t);
}

enum bn254_verdict bn254_pairing_check(bool *is_one, struct bytes input) {
    *is_one = false;
    if (input.len % BN254_PAIR_SIZE != 0) return BN254_BAD_LENGTH;

    struct miller_pair pairs[PAIR_CHUNK];
    struct fp12 product = {.c0 = {.c0 = {.c0 = FP_ONE}}};
    size_t filled = 0;
    for (size_t at = 0; at < input.len; at += BN254_PAIR_SIZE) {
        struct miller_pair *const pair = &pairs[filled];
        enum bn254_verdict verdict = read_g1(&pair->p, input.data + at);
        if (verdict != BN254_VALID) return verdict;
        verdict = read_g2(&pair->q, input.data + at + BN254_G1_SIZE);
        if (verdict != BN254_VALID) return verdict;

        if (!pair->p.is_infinity && !pair->q.is_infinity) { /* else this pairing is 1 */
            g2_from_affine(&pair->t, &pair->q);
            fp2_neg(&pair->negated_y, &pair->q.y);
            filled++;
        }
        const bool is_last = at + BN254_PAIR_SIZE == input.len;
        if (filled == PAIR_CHUNK || (is_last && filled > 0)) {
            struct fp12 chunk;
            miller_loop(&chunk, pairs, filled);
            fp12_mul(&product, &product, &chunk);
            filled = 0;
        }
    }
    if (!fp12_is_one(&product)) final_exponentiation(&product);
    *is_one = fp12_is_one(&product);
    return BN254_VALID;
}
