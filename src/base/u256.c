#include "base/u256.h"

#include "base/u256_reciprocal.h"

enum {
    LIMBS = 4,
    PRODUCT_LIMBS = 2 * LIMBS,
    LIMB_BITS = 64,
    WORD_BITS = 256,
    EXP_WINDOW_BITS = 4,
    EXP_WINDOW_MASK = (1 << EXP_WINDOW_BITS) - 1,
    EXP_SHORT_BITS = 24, /* of an exponent that is worth no table */
    DECIMAL_DIGITS_MAX = 78,
    DECIMAL_CHUNK_DIGITS = 19, /* 10^19 is the largest power of ten in a limb */
};

static const uint64_t decimal_chunk = UINT64_C(10000000000000000000);

static uint64_t high(uint128 v) {
    return (uint64_t)(v >> LIMB_BITS);
}

static unsigned limb_count(const uint64_t *limbs, unsigned room) {
    while (room > 0 && limbs[room - 1] == 0) {
        room--;
    }
    return room;
}

struct u256 u256_from_be_short(struct bytes big_endian) {
    ASSERT(big_endian.len <= 32);
    uint8_t padded[32] = {0};
    if (big_endian.len != 0) {
        memcpy(padded + 32 - big_endian.len, big_endian.data, big_endian.len);
    }
    return u256_from_be(padded);
}

size_t u256_bit_length(const struct u256 *a) {
    for (int i = LIMBS - 1; i >= 0; i--) {
        if (a->limb[i] == 0) continue;
        return (size_t)i * LIMB_BITS + (LIMB_BITS - (size_t)__builtin_clzll(a->limb[i]));
    }
    return 0;
}

size_t u256_byte_length(const struct u256 *a) {
    return (u256_bit_length(a) + 7) / 8;
}

/* Multiplication, row by row as on paper: within a row first, then on the rows above. */

ALWAYS_INLINE uint64_t product_row(uint64_t row[LIMBS], const uint64_t x[LIMBS], uint64_t y) {
    const uint128 p0 = (uint128)x[0] * y, p1 = (uint128)x[1] * y;
    const uint128 p2 = (uint128)x[2] * y, p3 = (uint128)x[3] * y;
    uint64_t carry = 0;
    row[0] = (uint64_t)p0;
    row[1] = u256_limb_add((uint64_t)p1, high(p0), &carry);
    row[2] = u256_limb_add((uint64_t)p2, high(p1), &carry);
    row[3] = u256_limb_add((uint64_t)p3, high(p2), &carry);
    return high(p3) + carry;
}

ALWAYS_INLINE void multiply(uint64_t *product, const struct u256 *a, const struct u256 *b) {
    uint64_t sum[PRODUCT_LIMBS], row[LIMBS];
    const uint64_t x[LIMBS] = {a->limb[0], a->limb[1], a->limb[2], a->limb[3]};
    sum[LIMBS] = product_row(sum, x, b->limb[0]);
    for (int i = 1; i < LIMBS; i++) {
        const uint64_t top = product_row(row, x, b->limb[i]);
        uint64_t carry = 0;
        for (int j = 0; j < LIMBS; j++) {
            sum[i + j] = u256_limb_add(sum[i + j], row[j], &carry);
        }
        sum[i + LIMBS] = top + carry;
    }
    memcpy(product, sum, sizeof sum);
}

void u256_mul_full(uint64_t product[8], const struct u256 *a, const struct u256 *b) {
    multiply(product, a, b);
}

bool u256_mul(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    uint64_t product[PRODUCT_LIMBS];
    u256_mul_full(product, a, b);
    memcpy(out->limb, product, sizeof out->limb);
    return (product[4] | product[5] | product[6] | product[7]) == 0;
}

/* Division. The number of limbs of a divisor is known where its code is compiled, so that divisor
 * and remainder stay in registers. */

/* Limb i of a number of count limbs shifted left by less than a limb. */
static inline uint64_t shifted_limb(
    const uint64_t *limbs, unsigned count, unsigned i, unsigned shift
) {
    const uint64_t above = i < count ? limbs[i] : 0, below = i > 0 ? limbs[i - 1] : 0;
    return u256_pair_shl(above, below, shift);
}

static inline void shift_right(uint64_t *limbs, unsigned count, unsigned shift) {
    for (unsigned i = 0; i < count; i++) {
        const uint64_t above = i + 1 < count ? limbs[i + 1] : 0;
        limbs[i] = u256_pair_shr(above, limbs[i], shift);
    }
}

/* Takes q times the lower limbs of d off (rest:lower limbs of r:next), which becomes r, and corrects a
 * q that was too big. wrapped: rest is short of 2^128, which the lower limbs take back. */
ALWAYS_INLINE uint64_t subtract_lower(
    uint64_t *r,
    uint64_t q,
    uint128 rest,
    bool wrapped,
    uint64_t next,
    const uint64_t *d,
    const unsigned n
) {
    uint64_t result[LIMBS], borrow = 0, carry = 0;
    for (unsigned i = 0; i < n - 2; i++) {
        const uint128 product = (uint128)q * d[i] + carry;
        carry = high(product);
        result[i] = u256_limb_sub(i == 0 ? next : r[i - 1], (uint64_t)product, &borrow);
    }
    result[n - 2] = u256_limb_sub((uint64_t)rest, carry, &borrow);
    result[n - 1] = u256_limb_sub(high(rest), 0, &borrow);
    if (UNLIKELY(borrow != wrapped)) { /* by one at most: the two leading limbs were divided by */
        q--;
        uint64_t back = 0;
        for (unsigned i = 0; i < n; i++) {
            result[i] = u256_limb_add(result[i], d[i], &back);
        }
    }
    for (unsigned i = 0; i < n; i++) {
        r[i] = result[i];
    }
    return q;
}

/* A step of algorithm D (Knuth, TAOCP 2, 4.3.1): divides (r:next) for r < d, 3 or 4 normalised limbs
 * and v their leading two's reciprocal, and leaves the remainder in r. */
ALWAYS_INLINE uint64_t
divide_step(uint64_t *r, uint64_t next, const uint64_t *d, const unsigned n, uint64_t v) {
    const uint128 top = (uint128)d[n - 1] << LIMB_BITS | d[n - 2];
    const uint128 leading = (uint128)r[n - 1] << LIMB_BITS | r[n - 2];
    uint128 rest;
    if (LIKELY(leading < top)) {
        const uint64_t q = divide_3by2(&rest, r[n - 1], r[n - 2], r[n - 3], top, v);
        return subtract_lower(r, q, rest, false, next, d, n);
    }
    /* Equal: the quotient is 2^64 - 1 or less, and (leading:limb) - (2^64 - 1) top = top + limb. */
    rest = top + r[n - 3];
    return subtract_lower(r, UINT64_MAX, rest, rest < top, next, d, n);
}

/* u of m limbs by d of n, 2 to 4 and m >= n: the remainder to r, and m - n + 1 limbs to q unless it is
 * NULL. */
ALWAYS_INLINE void divide_limbs(
    uint64_t *q,
    uint64_t *r,
    const uint64_t *u,
    unsigned m,
    const uint64_t *divisor,
    const unsigned n
) {
    const unsigned shift = (unsigned)__builtin_clzll(divisor[n - 1]);
    uint64_t d[LIMBS], rest[LIMBS];
    for (unsigned i = 0; i < n; i++) {
        d[i] = shifted_limb(divisor, n, i, shift);
        rest[i] = shifted_limb(u, m, m - n + 1 + i, shift);
    }
    const uint128 top = (uint128)d[n - 1] << LIMB_BITS | d[n - 2];
    if (m == n) {
        uint128 part;
        uint64_t next = n == 2 ? shifted_limb(u, m, 0, shift) : rest[n - 3];
        uint64_t quotient = divide_3by2_once(&part, rest[n - 1], rest[n - 2], next, top);
        if (n == 2) {
            rest[0] = (uint64_t)part;
            rest[1] = high(part);
        } else {
            next = shifted_limb(u, m, 0, shift);
            quotient = subtract_lower(rest, quotient, part, false, next, d, n);
        }
        if (q != NULL) q[0] = quotient;
    } else {
        const uint64_t v = reciprocal_of_2(d[n - 1], d[n - 2]);
        uint128 part = (uint128)rest[1] << LIMB_BITS | rest[0];
        for (unsigned j = m - n + 1; j-- > 0;) {
            const uint64_t next = shifted_limb(u, m, j, shift);
            const uint64_t quotient = n == 2
                ? divide_3by2(&part, high(part), (uint64_t)part, next, top, v)
                : divide_step(rest, next, d, n, v);
            if (q != NULL) q[j] = quotient;
        }
        if (n == 2) {
            rest[0] = (uint64_t)part;
            rest[1] = high(part);
        }
    }
    shift_right(rest, n, shift);
    for (unsigned i = 0; i < n; i++) {
        r[i] = rest[i];
    }
}

/* u of m limbs, m > 0, by one limb: m limbs to q unless it is NULL. Answers the remainder. */
ALWAYS_INLINE uint64_t
divide_by_limb(uint64_t *q, const uint64_t *u, unsigned m, uint64_t divisor) {
    const unsigned shift = (unsigned)__builtin_clzll(divisor);
    const uint64_t d = divisor << shift;
    uint64_t rest = shifted_limb(u, m, m, shift);
    if (m <= 2) {
        for (unsigned j = m; j-- > 0;) {
            const uint64_t next = shifted_limb(u, m, j, shift);
            const uint64_t quotient = divide_2by1_once(&rest, rest, next, d);
            if (q != NULL) q[j] = quotient;
        }
        return rest >> shift;
    }
    const uint64_t v = reciprocal_of(d);
    for (unsigned j = m; j-- > 0;) {
        const uint64_t next = shifted_limb(u, m, j, shift);
        const uint64_t quotient = divide_2by1(&rest, rest, next, d, v);
        if (q != NULL) q[j] = quotient;
    }
    return rest >> shift;
}

/* q (or NULL) and r start as zero and get u / d; m and n are the limbs in use, n > 0 and m >= n. */
ALWAYS_INLINE void divide(
    uint64_t *q, uint64_t *r, const uint64_t *u, unsigned m, const uint64_t *d, unsigned n
) {
    switch (n) {
    case 1: r[0] = divide_by_limb(q, u, m, d[0]); break;
    case 2: divide_limbs(q, r, u, m, d, 2); break;
    case 3: divide_limbs(q, r, u, m, d, 3); break;
    default: divide_limbs(q, r, u, m, d, 4); break;
    }
}

void u256_div_long(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    const unsigned m = limb_count(a->limb, LIMBS), n = limb_count(b->limb, LIMBS);
    struct u256 q = U256_ZERO;
    uint64_t ignored[LIMBS];
    if (n > 0 && m >= n) divide(q.limb, ignored, a->limb, m, b->limb, n);
    *out = q;
}

void u256_mod_long(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    const unsigned m = limb_count(a->limb, LIMBS), n = limb_count(b->limb, LIMBS);
    struct u256 r = U256_ZERO;
    if (n > 0 && m >= n) divide(NULL, r.limb, a->limb, m, b->limb, n);
    *out = n > 0 && m < n ? *a : r;
}

void u256_divmod(
    struct u256 *quotient, struct u256 *remainder, const struct u256 *a, const struct u256 *b
) {
    const unsigned m = limb_count(a->limb, LIMBS), n = limb_count(b->limb, LIMBS);
    struct u256 q = U256_ZERO, r = U256_ZERO;
    if (n > 0 && m >= n) {
        divide(q.limb, r.limb, a->limb, m, b->limb, n);
    } else if (n > 0) {
        r = *a;
    }
    if (quotient != NULL) *quotient = q;
    if (remainder != NULL) *remainder = r;
}

static bool is_negative(const struct u256 *a) {
    return a->limb[3] >> (LIMB_BITS - 1) != 0;
}

static void negate(struct u256 *out, const struct u256 *a) {
    const struct u256 zero = U256_ZERO;
    (void)u256_sub_wrapping(out, &zero, a);
}

static struct u256 magnitude(const struct u256 *a) {
    struct u256 out = *a;
    if (is_negative(a)) negate(&out, a);
    return out;
}

void u256_sdiv(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    const bool negative = is_negative(a) != is_negative(b);
    const struct u256 x = magnitude(a), y = magnitude(b);
    u256_div(out, &x, &y);
    if (negative) negate(out, out);
}

/* The result has the sign of the dividend. */
void u256_smod(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    const bool negative = is_negative(a);
    const struct u256 x = magnitude(a), y = magnitude(b);
    u256_mod(out, &x, &y);
    if (negative) negate(out, out);
}

/* room limbs modulo m. */
ALWAYS_INLINE void reduce(
    struct u256 *out, const uint64_t *limbs, unsigned room, const struct u256 *m
) {
    const unsigned n = limb_count(m->limb, LIMBS), count = limb_count(limbs, room);
    struct u256 r = U256_ZERO;
    if (n > 0 && count >= n) {
        divide(NULL, r.limb, limbs, count, m->limb, n);
    } else if (n > 0) {
        memcpy(r.limb, limbs, count * sizeof *limbs);
    }
    *out = r;
}

static void addmod_long(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    uint64_t limbs[LIMBS + 1];
    struct u256 sum;
    limbs[LIMBS] = u256_add_wrapping(&sum, a, b);
    memcpy(limbs, sum.limb, sizeof sum.limb);
    reduce(out, limbs, ARRAY_LEN(limbs), m);
}

/* a, or zero. No branch, and nothing that goes through memory: clang would choose by address. */
ALWAYS_INLINE struct u256 kept_if(bool keep, const struct u256 *a) {
    uint64_t mask = (uint64_t)0 - keep;
    __asm__("" : "+r"(mask));
    return (struct u256
    ){{a->limb[0] & mask, a->limb[1] & mask, a->limb[2] & mask, a->limb[3] & mask}};
}

/* a + b mod m for a and b below m. */
ALWAYS_INLINE void add_reduced(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    struct u256 sum;
    const bool carry = u256_add_wrapping(&sum, a, b);
    const struct u256 once = kept_if(carry | !u256_less(&sum, m), m);
    (void)u256_sub_wrapping(out, &sum, &once);
}

/* *out = a or a - m; answers whether that is below m. */
ALWAYS_INLINE bool subtract_once(struct u256 *out, const struct u256 *a, const struct u256 *m) {
    const struct u256 once = kept_if(!u256_less(a, m), m);
    (void)u256_sub_wrapping(out, a, &once);
    return u256_less(out, m);
}

void u256_addmod(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    struct u256 x, y;
    if (LIKELY(u256_less(a, m) && u256_less(b, m))) {
        add_reduced(out, a, b, m);
    } else if (subtract_once(&x, a, m) && subtract_once(&y, b, m)) {
        add_reduced(out, &x, &y, m);
    } else {
        addmod_long(out, a, b, m);
    }
}

void u256_mulmod(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    uint64_t product[PRODUCT_LIMBS];
    multiply(product, a, b);
    reduce(out, product, PRODUCT_LIMBS, m);
}

/* Algorithm 4 of Möller and Granlund holds for digits of any size: here for one of 256 bits, with the
 * reciprocal floor((2^512 - 1) / normal) - 2^256. */
static void prepare(struct u256_modulus *kept) {
    kept->shift = (unsigned)(WORD_BITS - u256_bit_length(&kept->modulus));
    u256_shl(&kept->normal, &kept->modulus, kept->shift);
    /* (~normal:2^256 - 1) / normal; ~normal is below normal. */
    const uint64_t *const d = kept->normal.limb;
    const uint64_t v = reciprocal_of_2(d[3], d[2]);
    uint64_t rest[LIMBS] = {~d[0], ~d[1], ~d[2], ~d[3]};
    for (unsigned i = LIMBS; i-- > 0;) {
        kept->reciprocal.limb[i] = divide_step(rest, UINT64_MAX, d, LIMBS, v);
    }
    kept->ready = true;
}

/* a b mod the modulus, where b is below it. */
static void mulmod_prepared(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256_modulus *kept
) {
    struct u256 shifted = *b, r;
    struct halves {
        struct u256 low, high;
    } u, q;
    /* Shifted it still fits, and u.high is below normal. */
    if (kept->shift != 0) u256_shl(&shifted, b, kept->shift);
    multiply(u.low.limb, a, &shifted);

    multiply(q.low.limb, &kept->reciprocal, &u.high);
    const bool carry = u256_add_wrapping(&q.low, &q.low, &u.low);
    const struct u256 more = u256_from_u64((uint64_t)carry + 1);
    (void)u256_add_wrapping(&q.high, &q.high, &u.high);
    (void)u256_add_wrapping(&q.high, &q.high, &more);

    u256_mul_wrapping(&r, &q.high, &kept->normal);
    (void)u256_sub_wrapping(&r, &u.low, &r);
    const struct u256 back = kept_if(u256_less(&q.low, &r), &kept->normal);
    (void)u256_add_wrapping(&r, &r, &back);
    if (UNLIKELY(!u256_less(&r, &kept->normal))) (void)u256_sub_wrapping(&r, &r, &kept->normal);
    if (kept->shift != 0) u256_shr(&r, &r, kept->shift);
    *out = r;
}

void u256_mulmod_kept(
    struct u256 *out,
    const struct u256 *a,
    const struct u256 *b,
    const struct u256 *m,
    struct u256_modulus *kept
) {
    if (UNLIKELY(!u256_equal(&kept->modulus, m) || u256_is_zero(m))) {
        kept->modulus = *m;
        kept->ready = false;
        u256_mulmod(out, a, b, m);
        return;
    }
    if (UNLIKELY(!kept->ready)) prepare(kept);
    struct u256 reduced = *b;
    if (u256_less(a, m)) {
        mulmod_prepared(out, b, a, kept);
    } else {
        if (UNLIKELY(!u256_less(b, m))) u256_mod_long(&reduced, b, m);
        mulmod_prepared(out, a, &reduced, kept);
    }
}

/* Powers. */

static inline void square_wrapping(struct u256 *out, const struct u256 *a) {
    const uint64_t x0 = a->limb[0], x1 = a->limb[1], x2 = a->limb[2], x3 = a->limb[3];
    /* Products of different limbs come twice. */
    const uint128 p01 = (uint128)x0 * x1, p02 = (uint128)x0 * x2 + high(p01);
    const uint128 p00 = (uint128)x0 * x0, p11 = (uint128)x1 * x1;
    const uint64_t s1 = (uint64_t)p01, s2 = (uint64_t)p02, s3 = high(p02) + x0 * x3 + x1 * x2;

    uint64_t twice = 0, carry = 0;
    const uint64_t t1 = u256_limb_add(s1, s1, &twice), t2 = u256_limb_add(s2, s2, &twice);
    const uint64_t t3 = s3 + s3 + twice;
    const uint64_t r1 = u256_limb_add(t1, high(p00), &carry);
    const uint64_t r2 = u256_limb_add(t2, (uint64_t)p11, &carry);
    *out = (struct u256){{(uint64_t)p00, r1, r2, t3 + high(p11) + carry}};
}

static inline void multiply_by_limb(struct u256 *out, const struct u256 *a, uint64_t b) {
    uint128 t = (uint128)a->limb[0] * b;
    const uint64_t r0 = (uint64_t)t;
    t = (uint128)a->limb[1] * b + high(t);
    const uint64_t r1 = (uint64_t)t;
    t = (uint128)a->limb[2] * b + high(t);
    *out = (struct u256){{r0, r1, (uint64_t)t, a->limb[3] * b + high(t)}};
}

/* 2^log to the exponent. */
static void power_of_two(struct u256 *out, unsigned log, const struct u256 *exponent) {
    const struct u256 one = U256_ONE;
    const bool small = u256_fits_u64(exponent) && exponent->limb[0] < WORD_BITS;
    const uint64_t bits = small ? log * exponent->limb[0] : (log == 0 ? 0 : WORD_BITS);
    u256_shl(out, &one, bits < WORD_BITS ? (unsigned)bits : WORD_BITS);
}

static inline bool bit_of(const struct u256 *a, size_t bit) {
    return (a->limb[bit / LIMB_BITS] >> (bit % LIMB_BITS) & 1) != 0;
}

/* Four bits of the exponent at a time, with a table of powers: no branch depends on them. */
static void power_by_windows(
    struct u256 *out, const struct u256 *base, const struct u256 *exponent, size_t bits
) {
    struct u256 powers[1 << EXP_WINDOW_BITS] = {U256_ONE, *base};
    for (size_t i = 2; i < ARRAY_LEN(powers); i++) {
        u256_mul_wrapping(&powers[i], &powers[i - 1], base);
    }
    struct u256 result = U256_ONE;
    const size_t windows = (bits + EXP_WINDOW_BITS - 1) / EXP_WINDOW_BITS;
    for (size_t i = windows; i-- > 0;) {
        const size_t at = i * EXP_WINDOW_BITS;
        const size_t digit = exponent->limb[at / LIMB_BITS] >> (at % LIMB_BITS) & EXP_WINDOW_MASK;
        for (int k = 0; k < EXP_WINDOW_BITS; k++) {
            square_wrapping(&result, &result);
        }
        u256_mul_wrapping(&result, &result, &powers[digit]);
    }
    *out = result;
}

void u256_exp_wrapping(struct u256 *out, const struct u256 *base, const struct u256 *exponent) {
    const size_t bits = u256_bit_length(exponent);
    const uint64_t limb = base->limb[0];
    const bool one_limb = u256_fits_u64(base);
    if (one_limb && limb != 0 && (limb & (limb - 1)) == 0) {
        power_of_two(out, (unsigned)__builtin_ctzll(limb), exponent);
        return;
    }
    if (bits > EXP_SHORT_BITS) {
        power_by_windows(out, base, exponent, bits);
        return;
    }
    const struct u256 x = *base;
    struct u256 result = U256_ONE;
    for (size_t bit = bits; bit-- > 0;) {
        square_wrapping(&result, &result);
        if (!bit_of(exponent, bit)) continue;
        if (one_limb) {
            multiply_by_limb(&result, &result, limb);
        } else {
            u256_mul_wrapping(&result, &result, &x);
        }
    }
    *out = result;
}

size_t u256_to_decimal(char text[80], const struct u256 *a) {
    char reversed[LIMBS * LIMB_BITS];
    size_t len = 0;
    struct u256 rest = *a;
    const struct u256 divisor = u256_from_u64(decimal_chunk);
    do {
        struct u256 chunk;
        u256_divmod(&rest, &chunk, &rest, &divisor);
        uint64_t digits = chunk.limb[0];
        for (int i = 0; i < DECIMAL_CHUNK_DIGITS; i++) {
            if (digits == 0 && u256_is_zero(&rest) && len > 0) break;
            reversed[len++] = (char)('0' + digits % 10);
            digits /= 10;
        }
    } while (!u256_is_zero(&rest));

    for (size_t i = 0; i < len; i++) {
        text[i] = reversed[len - 1 - i];
    }
    text[len] = '\0';
    return len;
}

bool u256_from_decimal(struct u256 *out, struct bytes text) {
    *out = U256_ZERO;
    if (text.len == 0 || text.len > DECIMAL_DIGITS_MAX) return false;

    const struct u256 ten = u256_from_u64(10);
    struct u256 value = U256_ZERO;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') return false;
        const struct u256 digit = u256_from_u64((uint64_t)(text.data[i] - '0'));
        if (!u256_mul(&value, &value, &ten)) return false;
        if (!u256_add(&value, &value, &digit)) return false;
    }
    *out = value;
    return true;
}
