#include "crypto/ecdsa_portable.h"

#include "crypto/accelerator.h"

enum {
    WINDOW = 5, /* signed digits: odd, below 2^4 in absolute value */
    ODD_COUNT = 1 << (WINDOW - 2),
    DIGITS_MAX = 257, /* of a 256-bit number: the last digit may carry */
    POWER_WINDOW = 4,
    RECOVERY_ID_MAX = 3,
};

/* Jacobian coordinates: x = X / Z^2, y = Y / Z^3; infinity has Z = 0. */
struct point {
    struct u256 x, y, z;
};

/* y^2 = x^3 + a x + b over the numbers modulo prime, with a group of prime order. */
struct curve {
    struct u256 prime, order;
    struct u256 a, b;
    struct u256 generator_x, generator_y;
};

static const struct curve secp256k1 = {
    .prime = {{0xfffffffefffffc2f, 0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff}},
    .order = {{0xbfd25e8cd0364141, 0xbaaedce6af48a03b, 0xfffffffffffffffe, 0xffffffffffffffff}},
    .a = {{0, 0, 0, 0}},
    .b = {{7, 0, 0, 0}},
    .generator_x =
        {{0x59f2815b16f81798, 0x029bfcdb2dce28d9, 0x55a06295ce870b07, 0x79be667ef9dcbbac}},
    .generator_y =
        {{0x9c47d08ffb10d4b8, 0xfd17b448a6855419, 0x5da4fbfc0e1108a8, 0x483ada7726a3c465}},
};

static const struct curve p256 = {
    .prime = {{0xffffffffffffffff, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001}},
    .order = {{0xf3b9cac2fc632551, 0xbce6faada7179e84, 0xffffffffffffffff, 0xffffffff00000000}},
    .a = {{0xfffffffffffffffc, 0x00000000ffffffff, 0x0000000000000000, 0xffffffff00000001}},
    .b = {{0x3bce3c3e27d2604b, 0x651d06b0cc53b0f6, 0xb3ebbd55769886bc, 0x5ac635d8aa3a93e7}},
    .generator_x =
        {{0xf4a13945d898c296, 0x77037d812deb33a0, 0xf8bce6e563a440f2, 0x6b17d1f2e12c4247}},
    .generator_y =
        {{0xcbb6406837bf51f5, 0x2bce33576b315ece, 0x8ee7eb4a7c0f9e16, 0x4fe342e2fe1a7f9b}},
};

/* Numbers modulo m, all below m. */

static void add(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    struct u256 sum, reduced;
    const bool carries = u256_add_wrapping(&sum, a, b);
    const bool borrows = u256_sub_wrapping(&reduced, &sum, m);
    *out = carries || !borrows ? reduced : sum;
}

static void sub(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    if (u256_sub_wrapping(out, a, b)) (void)u256_add_wrapping(out, out, m);
}

static void mul(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    accelerator_mulmod(out, a, b, m);
}

/* v below 2 m. */
static void reduce(struct u256 *v, const struct u256 *m) {
    struct u256 reduced;
    if (!u256_sub_wrapping(&reduced, v, m)) *v = reduced;
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

/* Fermat: v^(m - 2), m prime. */
static void inverse(struct u256 *out, const struct u256 *v, const struct u256 *m) {
    const struct u256 two = {{2, 0, 0, 0}};
    struct u256 exponent;
    (void)u256_sub_wrapping(&exponent, m, &two);
    power(out, v, &exponent, m);
}

/* False where v is no square. m is a prime that leaves 3 when divided by 4. */
static bool square_root(struct u256 *out, const struct u256 *v, const struct u256 *m) {
    const struct u256 one = U256_ONE;
    struct u256 exponent, root, square;
    u256_shr(&exponent, m, 2); /* (m + 1) / 4 */
    (void)u256_add_wrapping(&exponent, &exponent, &one);
    power(&root, v, &exponent, m);
    mul(&square, &root, &root, m);
    const bool is_square = u256_equal(&square, v);
    *out = root;
    return is_square;
}

/* x^3 + a x + b */
static void right_side(struct u256 *out, const struct curve *curve, const struct u256 *x) {
    const struct u256 *const p = &curve->prime;
    mul(out, x, x, p);
    add(out, out, &curve->a, p);
    mul(out, out, x, p);
    add(out, out, &curve->b, p);
}

static bool is_on_curve(const struct curve *curve, const struct u256 *x, const struct u256 *y) {
    if (!u256_less(x, &curve->prime) || !u256_less(y, &curve->prime)) return false;
    struct u256 left, right;
    mul(&left, y, y, &curve->prime);
    right_side(&right, curve, x);
    return u256_equal(&left, &right);
}

static void double_point(const struct curve *curve, struct point *out, const struct point *q) {
    const struct u256 *const p = &curve->prime;
    struct u256 y_square, s, slope, t;
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

static void add_points(
    const struct curve *curve, struct point *out, const struct point *a, const struct point *b
) {
    const struct u256 *const p = &curve->prime;
    if (u256_is_zero(&a->z) || u256_is_zero(&b->z)) {
        *out = u256_is_zero(&a->z) ? *b : *a;
        return;
    }
    struct u256 a_square, b_square, u, h, s, r, t;
    mul(&a_square, &a->z, &a->z, p);
    mul(&b_square, &b->z, &b->z, p);
    mul(&u, &a->x, &b_square, p);
    mul(&h, &b->x, &a_square, p);
    sub(&h, &h, &u, p); /* of the two x over their common denominator */
    mul(&s, &b_square, &b->z, p);
    mul(&s, &s, &a->y, p);
    mul(&r, &a_square, &a->z, p);
    mul(&r, &r, &b->y, p);
    sub(&r, &r, &s, p); /* and of the two y */
    if (u256_is_zero(&h)) {
        if (u256_is_zero(&r)) {
            double_point(curve, out, a);
        } else {
            *out = (struct point){0};
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

/* The affine coordinates; false for infinity. */
static bool to_affine(
    const struct curve *curve, struct u256 *x, struct u256 *y, const struct point *q
) {
    const struct u256 *const p = &curve->prime;
    if (u256_is_zero(&q->z)) return false;
    struct u256 z_inverse, square;
    inverse(&z_inverse, &q->z, p);
    mul(&square, &z_inverse, &z_inverse, p);
    mul(x, &q->x, &square, p);
    mul(&square, &square, &z_inverse, p);
    mul(y, &q->y, &square, p);
    return true;
}

/* One term of a sum: digits of the scalar, lowest first, and the odd multiples of the point. */
struct term {
    int8_t digits[DIGITS_MAX];
    struct point odd[ODD_COUNT];
};

/* The digit at the lowest bit: 0 if that is 0, else odd, so that the next WINDOW - 1 digits are 0. */
static int lowest_digit(uint64_t limb) {
    if (limb % 2 == 0) return 0;
    const int digit = (int)(limb & ((1U << WINDOW) - 1));
    return digit >= 1 << (WINDOW - 1) ? digit - (1 << WINDOW) : digit;
}

static void set_term(
    const struct curve *curve, struct term *term, const struct u256 *scalar, const struct point *q
) {
    uint64_t limb[5] = {scalar->limb[0], scalar->limb[1], scalar->limb[2], scalar->limb[3], 0};
    for (size_t i = 0; i < DIGITS_MAX; i++) {
        const int digit = lowest_digit(limb[0]);
        term->digits[i] = (int8_t)digit;
        uint64_t carry = digit < 0 ? (uint64_t)-digit : 0;
        limb[0] -= digit > 0 ? (uint64_t)digit : 0; /* clears low bits, borrows nothing */
        for (size_t k = 0; k < ARRAY_LEN(limb) && carry != 0; k++) {
            limb[k] = u256_limb_add(limb[k], 0, &carry);
        }
        for (size_t k = 0; k + 1 < ARRAY_LEN(limb); k++) {
            limb[k] = limb[k] >> 1 | limb[k + 1] << 63;
        }
        limb[4] >>= 1;
    }
    struct point twice;
    term->odd[0] = *q;
    double_point(curve, &twice, q);
    for (size_t i = 1; i < ODD_COUNT; i++) {
        add_points(curve, &term->odd[i], &term->odd[i - 1], &twice);
    }
}

static void add_digit(
    const struct curve *curve, struct point *sum, const struct term *term, size_t at
) {
    const int digit = term->digits[at];
    if (digit > 0) {
        add_points(curve, sum, sum, &term->odd[digit / 2]);
    } else if (digit < 0) {
        struct point negated = term->odd[-digit / 2];
        const struct u256 zero = U256_ZERO;
        sub(&negated.y, &zero, &negated.y, &curve->prime);
        add_points(curve, sum, sum, &negated);
    }
}

/* u times the generator and v times (x, y), added. */
static void sum_of_multiples(
    const struct curve *curve,
    struct point *out,
    const struct u256 *u,
    const struct u256 *v,
    const struct u256 *x,
    const struct u256 *y
) {
    const struct point generator = {curve->generator_x, curve->generator_y, U256_ONE};
    const struct point other = {*x, *y, U256_ONE};
    struct term of_generator, of_other;
    set_term(curve, &of_generator, u, &generator);
    set_term(curve, &of_other, v, &other);
    struct point sum = {0};
    for (size_t i = DIGITS_MAX; i > 0; i--) {
        if (!u256_is_zero(&sum.z)) double_point(curve, &sum, &sum);
        add_digit(curve, &sum, &of_generator, i - 1);
        add_digit(curve, &sum, &of_other, i - 1);
    }
    *out = sum;
}

static bool is_scalar(const struct curve *curve, const struct u256 *v) {
    return !u256_is_zero(v) && u256_less(v, &curve->order);
}

/* digest modulo the order. */
static struct u256 number_of(const struct curve *curve, const struct hash *digest) {
    struct u256 number = u256_from_be(digest->bytes);
    reduce(&number, &curve->order); /* the order is above 2^255 */
    return number;
}

enum ecdsa_verdict ecdsa_recover_portable(
    struct ecdsa_public_key *out, const struct hash *digest, const struct ecdsa_signature *signature
) {
    const struct curve *const curve = &secp256k1;
    const struct u256 *const n = &curve->order;
    const struct u256 zero = U256_ZERO;
    if (signature->recovery_id > RECOVERY_ID_MAX) return ECDSA_BAD_RECOVERY_ID;
    if (!is_scalar(curve, &signature->r) || !is_scalar(curve, &signature->s)) {
        return ECDSA_OUT_OF_RANGE;
    }
    struct u256 x = signature->r, y;
    if (signature->recovery_id >= 2 && u256_add_wrapping(&x, &x, n)) return ECDSA_NO_PUBLIC_KEY;
    if (!u256_less(&x, &curve->prime)) return ECDSA_NO_PUBLIC_KEY;
    right_side(&y, curve, &x);
    if (!square_root(&y, &y, &curve->prime)) return ECDSA_NO_PUBLIC_KEY;
    if (y.limb[0] % 2 != signature->recovery_id % 2) sub(&y, &zero, &y, &curve->prime);

    /* key = (s R - digest G) / r */
    struct u256 r_inverse, u, v;
    struct u256 number = number_of(curve, digest);
    inverse(&r_inverse, &signature->r, n);
    sub(&number, &zero, &number, n);
    mul(&u, &number, &r_inverse, n);
    mul(&v, &signature->s, &r_inverse, n);
    struct point key;
    sum_of_multiples(curve, &key, &u, &v, &x, &y);
    if (!to_affine(curve, &x, &y, &key)) return ECDSA_NO_PUBLIC_KEY;
    u256_to_be(out->bytes, &x);
    u256_to_be(out->bytes + 32, &y);
    return ECDSA_VALID;
}

/* r and s are scalars and (x, y) is on the curve. */
static bool verify(
    const struct curve *curve,
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s,
    const struct u256 *x,
    const struct u256 *y
) {
    const struct u256 *const n = &curve->order;
    const struct u256 number = number_of(curve, digest);
    struct u256 s_inverse, u, v, sum_x, sum_y;
    inverse(&s_inverse, s, n);
    mul(&u, &number, &s_inverse, n);
    mul(&v, r, &s_inverse, n);
    struct point sum;
    sum_of_multiples(curve, &sum, &u, &v, x, y);
    if (!to_affine(curve, &sum_x, &sum_y, &sum)) return false;
    reduce(&sum_x, n); /* the prime is below twice the order */
    return u256_equal(&sum_x, r);
}

enum ecdsa_verdict ecdsa_verify_portable(
    const struct ecdsa_public_key *key,
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s
) {
    const struct u256 x = u256_from_be(key->bytes);
    const struct u256 y = u256_from_be(key->bytes + 32);
    if (!is_scalar(&secp256k1, r) || !is_scalar(&secp256k1, s)) return ECDSA_OUT_OF_RANGE;
    if (!is_on_curve(&secp256k1, &x, &y)) return ECDSA_NO_PUBLIC_KEY;
    return verify(&secp256k1, digest, r, s, &x, &y) ? ECDSA_VALID : ECDSA_WRONG_SIGNATURE;
}

bool p256_verify_portable(
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s,
    const struct u256 *x,
    const struct u256 *y
) {
    if (!is_scalar(&p256, r) || !is_scalar(&p256, s)) return false;
    return is_on_curve(&p256, x, y) && verify(&p256, digest, r, s, x, y);
}
