#include "crypto/ecdsa_portable.h"

#include "crypto/curve256.h"

enum {
    WINDOW = 5, /* signed digits: odd, below 2^4 in absolute value */
    ODD_COUNT = 1 << (WINDOW - 2),
    DIGITS_MAX = 257, /* of a 256-bit number: the last digit may carry */
    HALF_BITS = 129,  /* a scalar's halves are below 2^129 */
    TERMS_MAX = 4,
    RECOVERY_ID_MAX = 3,
};

static const struct curve256 *const secp256k1 = &curve256_all[CURVE256_SECP256K1];
static const struct curve256 *const p256 = &curve256_all[CURVE256_P256];

static void reduce(struct u256 *v, const struct u256 *m) { /* v below 2 m */
    struct u256 reduced;
    if (!u256_sub_wrapping(&reduced, v, m)) *v = reduced;
}

static bool is_on_curve(const struct curve256 *curve, const struct u256 *x, const struct u256 *y) {
    struct u256 left, right;
    if (!u256_less(x, &curve->prime) || !u256_less(y, &curve->prime)) return false;
    curve256_mod_mul(&left, y, y, &curve->prime);
    curve256_right_side(&right, curve, x);
    return u256_equal(&left, &right);
}

/* One term of a sum: digits of the scalar, lowest first, and the odd multiples of the point. */
struct term {
    int8_t digits[DIGITS_MAX];
    struct curve256_point odd[ODD_COUNT];
};

/* The digit at the lowest bit: 0 if that is 0, else odd, so that the next WINDOW - 1 digits are 0. */
static int lowest_digit(uint64_t limb) {
    if (limb % 2 == 0) return 0;
    const int digit = (int)(limb & ((1U << WINDOW) - 1));
    return digit >= 1 << (WINDOW - 1) ? digit - (1 << WINDOW) : digit;
}

static void set_digits(struct term *term, const struct u256 *scalar) {
    uint64_t limb[5] = {scalar->limb[0], scalar->limb[1], scalar->limb[2], scalar->limb[3], 0};
    memset(term->digits, 0, sizeof term->digits);
    for (size_t at = 0; (limb[0] | limb[1] | limb[2] | limb[3] | limb[4]) != 0;) {
        const int digit = lowest_digit(limb[0]);
        /* Behind a digit are as many zeros as the window is wide. */
        const unsigned shift = digit == 0 ? 1 : WINDOW;
        term->digits[at] = (int8_t)digit;
        at += shift;
        uint64_t carry = digit < 0 ? (uint64_t)-digit : 0;
        limb[0] -= digit > 0 ? (uint64_t)digit : 0; /* clears low bits, borrows nothing */
        for (size_t k = 0; k < ARRAY_LEN(limb) && carry != 0; k++) {
            limb[k] = u256_limb_add(limb[k], 0, &carry);
        }
        for (size_t k = 0; k + 1 < ARRAY_LEN(limb); k++) {
            limb[k] = limb[k] >> shift | limb[k + 1] << (64 - shift);
        }
        limb[4] >>= shift;
    }
}

static void set_multiples(
    const struct curve256 *curve, struct term *term, const struct u256 *x, const struct u256 *y
) {
    struct curve256_point twice;
    term->odd[0] = (struct curve256_point){*x, *y, U256_ONE};
    curve256_double(curve, &twice, &term->odd[0]);
    for (size_t i = 1; i < ODD_COUNT; i++) {
        curve256_add(curve, &term->odd[i], &term->odd[i - 1], &twice);
    }
}

/* ---- secp256k1's endomorphism ----
 * (x, y) times lambda is (beta x, y), so a scalar k is split into k1 + k2 lambda with halves of half
 * the bits. Gallant, Lambert, Vanstone, "Faster Point Multiplication on Elliptic Curves with Efficient
 * Endomorphisms". beta and lambda are cube roots of 1; (-b1, a1) and (-b2, a2) is the short basis of
 * the lattice of (k1, k2) with k1 + k2 lambda = 0; g1 and g2 are b2 and -b1 times 2^384 over n. */
static const struct u256 beta = {
    {0xc1396c28719501ee, 0x9cf0497512f58995, 0x6e64479eac3434e9, 0x7ae96a2b657c0710}};
static const struct u256 lambda = {
    {0xdf02967c1b23bd72, 0x122e22ea20816678, 0xa5261c028812645a, 0x5363ad4cc05c30e0}};
static const struct u256 minus_b1 = {{0x6f547fa90abfe4c3, 0xe4437ed6010e8828, 0, 0}};
static const struct u256 minus_b2 = {
    {0xd765cda83db1562c, 0x8a280ac50774346d, 0xfffffffffffffffe, 0xffffffffffffffff}};
static const struct u256 g1 = {
    {0xe893209a45dbb031, 0x3daa8a1471e8ca7f, 0xe86c90e49284eb15, 0x3086d221a7d46bcd}};
static const struct u256 g2 = {
    {0x1571b4ae8ac47f71, 0x221208ac9df506c6, 0x6f547fa90abfe4c4, 0xe4437ed6010e8828}};

/* a b / 2^384, rounded. */
static struct u256 high_product(const struct u256 *a, const struct u256 *b) {
    uint64_t product[8];
    u256_mul_full(product, a, b);
    uint64_t carry = product[5] >> 63;
    const uint64_t low = u256_limb_add(product[6], 0, &carry);
    return (struct u256){{low, product[7] + carry, 0, 0}};
}

/* v, or its negative modulo the order where that is the one below 2^129; whether it is. */
static bool make_short(struct u256 *v, const struct u256 *order) {
    if (u256_bit_length(v) <= HALF_BITS) return false;
    (void)u256_sub_wrapping(v, order, v);
    ASSERT(u256_bit_length(v) <= HALF_BITS);
    return true;
}

static void negate_multiples(const struct curve256 *curve, struct term *term) {
    const struct u256 zero = U256_ZERO;
    for (size_t i = 0; i < ODD_COUNT; i++) {
        curve256_mod_sub(&term->odd[i].y, &zero, &term->odd[i].y, &curve->prime);
    }
}

/* k times (x, y) as two terms. */
static void set_halves(
    const struct curve256 *curve,
    struct term terms[2],
    const struct u256 *k,
    const struct u256 *x,
    const struct u256 *y
) {
    const struct u256 *const n = &curve->order;
    struct u256 c1 = high_product(k, &g1), c2 = high_product(k, &g2), k1, k2;
    curve256_mod_mul(&c1, &c1, &minus_b1, n);
    curve256_mod_mul(&c2, &c2, &minus_b2, n);
    curve256_mod_add(&k2, &c1, &c2, n);
    curve256_mod_mul(&k1, &k2, &lambda, n);
    curve256_mod_sub(&k1, k, &k1, n);

    set_multiples(curve, &terms[0], x, y);
    for (size_t i = 0; i < ODD_COUNT; i++) {
        terms[1].odd[i] = terms[0].odd[i];
        curve256_mod_mul(&terms[1].odd[i].x, &terms[1].odd[i].x, &beta, &curve->prime);
    }
    if (make_short(&k1, n)) negate_multiples(curve, &terms[0]);
    if (make_short(&k2, n)) negate_multiples(curve, &terms[1]);
    set_digits(&terms[0], &k1);
    set_digits(&terms[1], &k2);
}

static void add_digit(
    const struct curve256 *curve, struct curve256_point *sum, const struct term *term, size_t at
) {
    const int digit = term->digits[at];
    if (digit > 0) {
        curve256_add(curve, sum, sum, &term->odd[digit / 2]);
    } else if (digit < 0) {
        struct curve256_point negated = term->odd[-digit / 2];
        const struct u256 zero = U256_ZERO;
        curve256_mod_sub(&negated.y, &zero, &negated.y, &curve->prime);
        curve256_add(curve, sum, sum, &negated);
    }
}

/* u times the generator and v times (x, y), added; false where that is infinity. */
static bool sum_of_multiples(
    const struct curve256 *curve,
    struct curve256_affine *out,
    const struct u256 *u,
    const struct u256 *v,
    const struct u256 *x,
    const struct u256 *y
) {
    struct term terms[TERMS_MAX];
    size_t count = 2, digit_count = DIGITS_MAX;
    if (curve->id == CURVE256_SECP256K1) {
        set_halves(curve, terms, u, &curve->generator_x, &curve->generator_y);
        set_halves(curve, terms + 2, v, x, y);
        count = 4;
        digit_count = HALF_BITS + 1;
    } else {
        set_multiples(curve, &terms[0], &curve->generator_x, &curve->generator_y);
        set_multiples(curve, &terms[1], x, y);
        set_digits(&terms[0], u);
        set_digits(&terms[1], v);
    }
    struct curve256_point sum = {0};
    for (size_t at = digit_count; at > 0; at--) {
        if (!u256_is_zero(&sum.z)) curve256_double(curve, &sum, &sum);
        for (size_t i = 0; i < count; i++) {
            add_digit(curve, &sum, &terms[i], at - 1);
        }
    }
    return curve256_to_affine(curve, out, &sum);
}

static bool is_scalar(const struct curve256 *curve, const struct u256 *v) {
    return !u256_is_zero(v) && u256_less(v, &curve->order);
}

/* digest modulo the order. */
static struct u256 number_of(const struct curve256 *curve, const struct hash *digest) {
    struct u256 number = u256_from_be(digest->bytes);
    reduce(&number, &curve->order); /* the order is above 2^255 */
    return number;
}

enum ecdsa_verdict ecdsa_recover_portable(
    struct ecdsa_public_key *out, const struct hash *digest, const struct ecdsa_signature *signature
) {
    const struct curve256 *const curve = secp256k1;
    const struct u256 *const n = &curve->order;
    const struct u256 zero = U256_ZERO;
    if (signature->recovery_id > RECOVERY_ID_MAX) return ECDSA_BAD_RECOVERY_ID;
    if (!is_scalar(curve, &signature->r) || !is_scalar(curve, &signature->s)) {
        return ECDSA_OUT_OF_RANGE;
    }
    struct u256 x = signature->r, y;
    if (signature->recovery_id >= 2 && u256_add_wrapping(&x, &x, n)) return ECDSA_NO_PUBLIC_KEY;
    if (!u256_less(&x, &curve->prime)) return ECDSA_NO_PUBLIC_KEY;
    curve256_right_side(&y, curve, &x);
    if (!curve256_mod_sqrt(&y, &y, &curve->prime)) return ECDSA_NO_PUBLIC_KEY;
    if (y.limb[0] % 2 != signature->recovery_id % 2) curve256_mod_sub(&y, &zero, &y, &curve->prime);

    /* key = (s R - digest G) / r */
    struct u256 r_inverse, u, v;
    struct u256 number = number_of(curve, digest);
    curve256_mod_inverse(&r_inverse, &signature->r, n);
    curve256_mod_sub(&number, &zero, &number, n);
    curve256_mod_mul(&u, &number, &r_inverse, n);
    curve256_mod_mul(&v, &signature->s, &r_inverse, n);
    struct curve256_affine key;
    if (!sum_of_multiples(curve, &key, &u, &v, &x, &y)) return ECDSA_NO_PUBLIC_KEY;
    u256_to_be(out->bytes, &key.x);
    u256_to_be(out->bytes + 32, &key.y);
    return ECDSA_VALID;
}

/* r and s are scalars and (x, y) is on the curve. */
static bool verify(
    const struct curve256 *curve,
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s,
    const struct u256 *x,
    const struct u256 *y
) {
    const struct u256 *const n = &curve->order;
    const struct u256 number = number_of(curve, digest);
    struct u256 s_inverse, u, v;
    curve256_mod_inverse(&s_inverse, s, n);
    curve256_mod_mul(&u, &number, &s_inverse, n);
    curve256_mod_mul(&v, r, &s_inverse, n);
    struct curve256_affine sum;
    if (!sum_of_multiples(curve, &sum, &u, &v, x, y)) return false;
    reduce(&sum.x, n); /* the prime is below twice the order */
    return u256_equal(&sum.x, r);
}

enum ecdsa_verdict ecdsa_verify_portable(
    const struct ecdsa_public_key *key,
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s
) {
    const struct u256 x = u256_from_be(key->bytes);
    const struct u256 y = u256_from_be(key->bytes + 32);
    if (!is_scalar(secp256k1, r) || !is_scalar(secp256k1, s)) return ECDSA_OUT_OF_RANGE;
    if (!is_on_curve(secp256k1, &x, &y)) return ECDSA_NO_PUBLIC_KEY;
    return verify(secp256k1, digest, r, s, &x, &y) ? ECDSA_VALID : ECDSA_WRONG_SIGNATURE;
}

bool p256_verify_portable(
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s,
    const struct u256 *x,
    const struct u256 *y
) {
    if (!is_scalar(p256, r) || !is_scalar(p256, s)) return false;
    return is_on_curve(p256, x, y) && verify(p256, digest, r, s, x, y);
}
