#include "crypto/curve256.h"

#include "crypto/accelerator.h"
#include "crypto/inverse256.h"

enum { POWER_WINDOW = 4 };

const struct curve256 curve256_all[CURVE256_COUNT] = {
    {
        .id = CURVE256_SECP256K1,
        .prime = {{0xfffffffefffffc2f, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff}},
        .order = {{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}},
        .a = {{0, 0, 0, 0}},
        .b = {{7, 0, 0, 0}},
        .generator_x =
            {{0x59f2815b16f81798, 0x029bfcdb2dce28d9, 0x55a06295ce870b07, 0x79be667ef9dcbbac}},
        .generator_y =
            {{0x9c47d08ffb10d4b8, 0xfd17b448a6855419, 0x5da4fbfc0e1108a8, 0x483ada7726a3c465}},
    },
    {
        .id = CURVE256_P256,
        .prime = {{0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001}},
        .order = {{0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000}},
        .a = {{0xfffffffffffffffc, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001}},
        .b = {{0x3bce3c3e27d2604b, 0x651d06b0cc53b0f6, 0xb3ebbd55769886bc, 0x5ac635d8aa3a93e7}},
        .generator_x =
            {{0xf4a13945d898c296, 0x77037d812deb33a0, 0xf8bce6e563a440f2, 0x6b17d1f2e12c4247}},
        .generator_y =
            {{0xcbb6406837bf51f5, 0x2bce33576b315ece, 0x8ee7eb4a7c0f9e16, 0x4fe342e2fe1a7f9b}},
    },
};

/* Short names for what this file is full of. */

ALWAYS_INLINE void add(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    struct u256 sum, reduced;
    const bool carries = u256_add_wrapping(&sum, a, b);
    const bool borrows = u256_sub_wrapping(&reduced, &sum, m);
    *out = carries || !borrows ? reduced : sum;
}

ALWAYS_INLINE void sub(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    if (u256_sub_wrapping(out, a, b)) (void)u256_add_wrapping(out, out, m);
}

ALWAYS_INLINE void mul(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    accelerator_mulmod(out, a, b, m);
}

void curve256_mod_add(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    add(out, a, b, m);
}

void curve256_mod_sub(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    sub(out, a, b, m);
}

void curve256_mod_mul(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    mul(out, a, b, m);
}

/* base^exponent by digits of four bits. */
static void power(
    struct u256 *out, const struct u256 *base, const struct u256 *exponent, const struct u256 *m
) {
    struct u256 powers[1 << POWER_WINDOW] = {U256_ONE, *base};
    for (size_t i = 2; i < ARRAY_LEN(powers); i++) {
        mul(&powers[i], &powers[i - 1], base, m);
    }
    struct u256 product = U256_ONE;
    for (unsigned at = 256; at > 0; at -= POWER_WINDOW) {
        const unsigned shift = at - POWER_WINDOW;
        const uint64_t digit = exponent->limb[shift / 64] >> (shift % 64) & 0xf;
        for (unsigned i = 0; i < POWER_WINDOW && at < 256; i++) {
            mul(&product, &product, &product, m);
        }
        if (digit != 0) mul(&product, &product, &powers[digit], m);
    }
    *out = product;
}

/* Fermat: a^(m - 2). */
static void inverse_by_power(struct u256 *out, const struct u256 *a, const struct u256 *m) {
    const struct u256 two = {{2, 0, 0, 0}};
    struct u256 exponent;
    (void)u256_sub_wrapping(&exponent, m, &two);
    power(out, a, &exponent, m);
}

/* Powers are cheaper on the machine, where a product is a call. */
void curve256_mod_inverse(struct u256 *out, const struct u256 *a, const struct u256 *m) {
    if (u256_is_zero(a)) {
        *out = U256_ZERO;
    } else if (ACCELERATORS) {
        inverse_by_power(out, a, m);
    } else {
        inverse256(out, a, m);
    }
}

bool curve256_mod_sqrt(struct u256 *out, const struct u256 *a, const struct u256 *m) {
    const struct u256 one = U256_ONE;
    struct u256 exponent, root, square;
    u256_shr(&exponent, m, 2); /* (m + 1) / 4 */
    (void)u256_add_wrapping(&exponent, &exponent, &one);
    power(&root, a, &exponent, m);
    mul(&square, &root, &root, m);
    const bool is_square = u256_equal(&square, a);
    *out = root;
    return is_square;
}

void curve256_right_side(struct u256 *out, const struct curve256 *curve, const struct u256 *x) {
    const struct u256 *const p = &curve->prime;
    struct u256 sum;
    mul(&sum, x, x, p);
    add(&sum, &sum, &curve->a, p);
    mul(&sum, &sum, x, p);
    add(out, &sum, &curve->b, p);
}

/* ---- Affine ---- */

/* The third point of the line of this slope through two points, negated. */
static void third_point(
    const struct curve256 *curve,
    struct curve256_affine *point,
    const struct u256 *other_x,
    const struct u256 *slope
) {
    const struct u256 *const p = &curve->prime;
    struct u256 x;
    mul(&x, slope, slope, p);
    sub(&x, &x, &point->x, p);
    sub(&x, &x, other_x, p);
    sub(&point->x, &point->x, &x, p);
    mul(&point->x, &point->x, slope, p);
    sub(&point->y, &point->x, &point->y, p);
    point->x = x;
}

static bool is_in_field(const struct curve256 *curve, const struct curve256_affine *point) {
    return u256_less(&point->x, &curve->prime) && u256_less(&point->y, &curve->prime);
}

bool curve256_chord(
    const struct curve256 *curve, struct curve256_affine *point, const struct curve256_affine *other
) {
    const struct u256 *const p = &curve->prime;
    struct u256 run, slope;
    if (!is_in_field(curve, point) || !is_in_field(curve, other)) return false;
    if (u256_equal(&point->x, &other->x)) return false;
    const struct u256 other_x = other->x; /* other may be point's own memory, in part */
    sub(&run, &other->x, &point->x, p);
    sub(&slope, &other->y, &point->y, p);
    curve256_mod_inverse(&run, &run, p);
    mul(&slope, &slope, &run, p);
    third_point(curve, point, &other_x, &slope);
    return true;
}

bool curve256_tangent(const struct curve256 *curve, struct curve256_affine *point) {
    const struct u256 *const p = &curve->prime;
    struct u256 run, square, slope;
    if (!is_in_field(curve, point) || u256_is_zero(&point->y)) return false;
    add(&run, &point->y, &point->y, p);
    curve256_mod_inverse(&run, &run, p);
    mul(&square, &point->x, &point->x, p);
    add(&slope, &square, &square, p);
    add(&slope, &slope, &square, p);
    add(&slope, &slope, &curve->a, p);
    mul(&slope, &slope, &run, p);
    const struct u256 x = point->x;
    third_point(curve, point, &x, &slope);
    return true;
}

/* ---- Jacobian ---- */

static bool is_affine(const struct curve256_point *a) {
    return a->z.limb[0] == 1 && (a->z.limb[1] | a->z.limb[2] | a->z.limb[3]) == 0;
}

/* The machine's call for twice a point, or the sum of two with different x. */
static bool double_by_call(
    const struct curve256 *curve, struct curve256_point *out, const struct curve256_point *a
) {
    if (!ACCELERATORS || !is_affine(a) || u256_is_zero(&a->y)) return false;
    if (out != a) *out = *a;
    return accelerator_call(
        curve->id == CURVE256_P256 ? ACCELERATOR_P256_DOUBLE : ACCELERATOR_SECP256K1_DOUBLE, out,
        NULL, NULL
    );
}

static bool add_by_call(
    const struct curve256 *curve,
    struct curve256_point *out,
    const struct curve256_point *a,
    const struct curve256_point *b
) {
    if (!ACCELERATORS || !is_affine(a) || !is_affine(b)) return false;
    if (out == b) {
        b = a;
    } else if (out != a) {
        *out = *a;
    }
    return accelerator_call(
        curve->id == CURVE256_P256 ? ACCELERATOR_P256_ADD : ACCELERATOR_SECP256K1_ADD, out, b, NULL
    );
}

void curve256_double(
    const struct curve256 *curve, struct curve256_point *out, const struct curve256_point *q
) {
    const struct u256 *const p = &curve->prime;
    struct u256 y_square, s, slope, t;
    if (double_by_call(curve, out, q)) return;
    mul(&y_square, &q->y, &q->y, p);
    mul(&s, &q->x, &y_square, p);
    add(&s, &s, &s, p);
    add(&s, &s, &s, p); /* 4 x y^2 */
    mul(&t, &q->x, &q->x, p);
    add(&slope, &t, &t, p);
    add(&slope, &slope, &t, p); /* 3 x^2 + a z^4 */
    if (!u256_is_zero(&curve->a)) {
        mul(&t, &q->z, &q->z, p);
        mul(&t, &t, &t, p);
        mul(&t, &t, &curve->a, p);
        add(&slope, &slope, &t, p);
    }
    mul(&out->z, &q->y, &q->z, p);
    add(&out->z, &out->z, &out->z, p);
    mul(&out->x, &slope, &slope, p);
    sub(&out->x, &out->x, &s, p);
    sub(&out->x, &out->x, &s, p);
    sub(&s, &s, &out->x, p);
    mul(&out->y, &slope, &s, p);
    mul(&t, &y_square, &y_square, p);
    add(&t, &t, &t, p);
    add(&t, &t, &t, p);
    add(&t, &t, &t, p); /* 8 y^4 */
    sub(&out->y, &out->y, &t, p);
}

/* Two finite points; h is the difference of their x over the common denominator, r that of y, u and s
 * are a's x and y over it. */
static void add_finite(
    const struct curve256 *curve,
    struct curve256_point *out,
    const struct curve256_point *a,
    const struct curve256_point *b
) {
    const struct u256 *const p = &curve->prime;
    struct u256 a_square, b_square, u, h, s, r, t;
    mul(&a_square, &a->z, &a->z, p);
    mul(&b_square, &b->z, &b->z, p);
    mul(&u, &a->x, &b_square, p);
    mul(&h, &b->x, &a_square, p);
    sub(&h, &h, &u, p);
    mul(&s, &b_square, &b->z, p);
    mul(&s, &s, &a->y, p);
    mul(&r, &a_square, &a->z, p);
    mul(&r, &r, &b->y, p);
    sub(&r, &r, &s, p);
    if (u256_is_zero(&h)) {
        if (u256_is_zero(&r)) {
            curve256_double(curve, out, a);
        } else {
            *out = (struct curve256_point){0};
        }
        return;
    }
    mul(&t, &a->z, &b->z, p);
    mul(&out->z, &t, &h, p);
    mul(&t, &h, &h, p);
    mul(&u, &u, &t, p);
    mul(&t, &t, &h, p);
    mul(&s, &s, &t, p);
    mul(&out->x, &r, &r, p);
    sub(&out->x, &out->x, &t, p);
    sub(&out->x, &out->x, &u, p);
    sub(&out->x, &out->x, &u, p);
    sub(&u, &u, &out->x, p);
    mul(&out->y, &r, &u, p);
    sub(&out->y, &out->y, &s, p);
}

void curve256_add(
    const struct curve256 *curve,
    struct curve256_point *out,
    const struct curve256_point *a,
    const struct curve256_point *b
) {
    if (u256_is_zero(&a->z) || u256_is_zero(&b->z)) {
        const struct curve256_point sum = u256_is_zero(&a->z) ? *b : *a;
        *out = sum;
    } else if (u256_equal(&a->x, &b->x) || !add_by_call(curve, out, a, b)) {
        add_finite(curve, out, a, b);
    }
}

bool curve256_to_affine(
    const struct curve256 *curve, struct curve256_affine *out, const struct curve256_point *a
) {
    const struct u256 *const p = &curve->prime;
    if (u256_is_zero(&a->z)) return false;
    *out = (struct curve256_affine){a->x, a->y};
    if (is_affine(a)) return true;
    struct u256 z_inverse, square;
    curve256_mod_inverse(&z_inverse, &a->z, p);
    mul(&square, &z_inverse, &z_inverse, p);
    mul(&out->x, &a->x, &square, p);
    mul(&square, &square, &z_inverse, p);
    mul(&out->y, &a->y, &square, p);
    return true;
}
