#include "base/u256.h"

enum {
    LIMBS = 4,
    PRODUCT_LIMBS = 2 * LIMBS,
    LIMB_BITS = 64,
    WORD_BITS = 256,
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

/* Multiplication, row by row as on paper. */

void u256_mul_full(uint64_t product[8], const struct u256 *a, const struct u256 *b) {
    uint64_t sum[PRODUCT_LIMBS] = {0};
    for (int i = 0; i < LIMBS; i++) {
        uint128 carry = 0;
        for (int j = 0; j < LIMBS; j++) {
            carry += (uint128)a->limb[i] * b->limb[j] + sum[i + j];
            sum[i + j] = (uint64_t)carry;
            carry >>= LIMB_BITS;
        }
        sum[i + LIMBS] = (uint64_t)carry;
    }
    memcpy(product, sum, sizeof sum);
}

void u256_mul_wrapping(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    const uint64_t *x = a->limb, *y = b->limb;
    /* Limb by limb of the result; what would be limb 4 and above is never computed. */
    uint128 t = (uint128)x[0] * y[0];
    const uint64_t r0 = (uint64_t)t;
    t = (uint128)x[0] * y[1] + high(t);
    uint64_t r1 = (uint64_t)t;
    t = (uint128)x[0] * y[2] + high(t);
    uint64_t r2 = (uint64_t)t;
    uint64_t r3 = x[0] * y[3] + high(t);

    t = (uint128)x[1] * y[0] + r1;
    r1 = (uint64_t)t;
    t = (uint128)x[1] * y[1] + r2 + high(t);
    r2 = (uint64_t)t;
    r3 += x[1] * y[2] + high(t);

    t = (uint128)x[2] * y[0] + r2;
    r2 = (uint64_t)t;
    r3 += x[2] * y[1] + high(t);

    r3 += x[3] * y[0];
    *out = (struct u256){{r0, r1, r2, r3}};
}

bool u256_mul(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    uint64_t product[PRODUCT_LIMBS];
    u256_mul_full(product, a, b);
    memcpy(out->limb, product, sizeof out->limb);
    return (product[4] | product[5] | product[6] | product[7]) == 0;
}

/* Division by reciprocals: N. Möller and T. Granlund, "Improved division by invariant integers",
 * IEEE Transactions on Computers 60 (2011); the algorithm numbers below are the paper's. */

/* (high:low) / divisor for high < divisor. */
// NOLINTNEXTLINE(readability-non-const-parameter): the division writes it
static uint64_t divide_2by1_plain(uint64_t *remainder, uint64_t hi, uint64_t lo, uint64_t divisor) {
#if defined(__x86_64__)
    uint64_t quotient;
    __asm__("divq %4" : "=a"(quotient), "=d"(*remainder) : "0"(lo), "1"(hi), "r"(divisor) : "cc");
    return quotient;
#else
    const uint128 numerator = (uint128)hi << LIMB_BITS | lo;
    *remainder = (uint64_t)(numerator % divisor);
    return (uint64_t)(numerator / divisor);
#endif
}

/* floor((2^128 - 1) / divisor) - 2^64, for a divisor with its top bit set. */
static uint64_t reciprocal_2by1(uint64_t divisor) {
    uint64_t ignored;
    return divide_2by1_plain(&ignored, ~divisor, UINT64_MAX, divisor);
}

/* Algorithm 6. */
static uint64_t reciprocal_3by2(uint64_t d1, uint64_t d0) {
    uint64_t v = reciprocal_2by1(d1);
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
    p += high(t);
    if (p < high(t)) {
        v--;
        if (p > d1 || (p == d1 && (uint64_t)t >= d0)) v--;
    }
    return v;
}

/* Algorithm 4: (u1:u0) / d for u1 < d and v = reciprocal_2by1(d). */
static inline uint64_t divide_2by1(
    uint64_t *remainder, uint64_t u1, uint64_t u0, uint64_t d, uint64_t v
) {
    const uint128 q = (uint128)v * u1 + ((uint128)u1 << LIMB_BITS | u0);
    uint64_t q1 = high(q) + 1;
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

/* Algorithm 5: (u2:u1:u0) / d for (u2:u1) < d and v = reciprocal_3by2(d). */
static inline uint64_t divide_3by2(
    uint128 *remainder, uint64_t u2, uint64_t u1, uint64_t u0, uint128 d, uint64_t v
) {
    const uint128 q = (uint128)v * u2 + ((uint128)u2 << LIMB_BITS | u1);
    uint64_t q1 = high(q);
    const uint64_t r1 = u1 - q1 * high(d);
    uint128 r = ((uint128)r1 << LIMB_BITS | u0) - (uint128)q1 * (uint64_t)d - d;
    q1++;
    if (high(r) >= (uint64_t)q) {
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

/* Shifted left by less than a limb; answers what left at the top. */
static uint64_t shift_left(uint64_t *out, const uint64_t *in, unsigned count, unsigned bits) {
    if (bits == 0) {
        memmove(out, in, count * sizeof *out);
        return 0;
    }
    uint64_t carry = 0;
    for (unsigned i = 0; i < count; i++) {
        const uint64_t limb = in[i];
        out[i] = limb << bits | carry;
        carry = limb >> (LIMB_BITS - bits);
    }
    return carry;
}

static void shift_right(uint64_t *limbs, unsigned count, unsigned bits) {
    if (bits == 0) return;
    for (unsigned i = 0; i + 1 < count; i++) {
        limbs[i] = limbs[i] >> bits | limbs[i + 1] << (LIMB_BITS - bits);
    }
    limbs[count - 1] >>= bits;
}

/* u -= q * d over count limbs; answers what has to come off the limb above. */
static uint64_t subtract_product(uint64_t *u, const uint64_t *d, unsigned count, uint64_t q) {
    uint64_t carry = 0;
    for (unsigned i = 0; i < count; i++) {
        const uint128 product = (uint128)q * d[i] + carry;
        carry = high(product) + (u[i] < (uint64_t)product);
        u[i] -= (uint64_t)product;
    }
    return carry;
}

static uint64_t add_limbs(uint64_t *u, const uint64_t *d, unsigned count) {
    uint128 carry = 0;
    for (unsigned i = 0; i < count; i++) {
        carry += (uint128)u[i] + d[i];
        u[i] = (uint64_t)carry;
        carry >>= LIMB_BITS;
    }
    return (uint64_t)carry;
}

/* Knuth, TAOCP 2, 4.3.1, algorithm D, for a normalised d of 3 or 4 limbs: u has m + 1 limbs, ends as
 * the remainder, and q gets m - n + 1 limbs. */
static void divide_long(uint64_t *q, uint64_t *u, unsigned m, const uint64_t *d, unsigned n) {
    const uint128 top = (uint128)d[n - 1] << LIMB_BITS | d[n - 2];
    const uint64_t reciprocal = reciprocal_3by2(d[n - 1], d[n - 2]);

    for (unsigned j = m - n + 1; j-- > 0;) {
        uint64_t *part = u + j;
        const uint128 leading = (uint128)part[n] << LIMB_BITS | part[n - 1];
        if (UNLIKELY(leading == top)) {
            /* The quotient limb is 2^64 - 1, or one less. */
            q[j] = UINT64_MAX;
            const uint64_t over = subtract_product(part, d, n, UINT64_MAX);
            if (part[n] < over) {
                q[j]--;
                part[n] += add_limbs(part, d, n);
            }
            part[n] -= over;
            continue;
        }
        uint128 rest;
        uint64_t estimate = divide_3by2(&rest, part[n], part[n - 1], part[n - 2], top, reciprocal);
        const uint64_t over = subtract_product(part, d, n - 2, estimate);
        const bool too_big = rest < over;
        rest -= over;
        part[n - 2] = (uint64_t)rest;
        part[n - 1] = high(rest);
        part[n] = 0;
        if (UNLIKELY(too_big)) {
            estimate--;
            (void)add_limbs(part, d, n);
        }
        q[j] = estimate;
    }
}

/* q (m limbs, all written) and r (4 limbs) of u / d; m and n are the limbs in use, n > 0 and
 * m >= n. */
static void divide(
    uint64_t *q, uint64_t *r, const uint64_t *numerator, unsigned m, const uint64_t *d, unsigned n
) {
    memset(r, 0, LIMBS * sizeof *r);
    if (n == 1 && m <= 2) {
        /* Two machine divisions beat a reciprocal. */
        const uint64_t top = m == 2 ? numerator[1] : 0;
        uint64_t rest = top;
        if (m == 2) {
            q[1] = top / d[0];
            rest = top % d[0];
        }
        q[0] = divide_2by1_plain(&r[0], rest, numerator[0], d[0]);
        return;
    }

    const unsigned shift = (unsigned)__builtin_clzll(d[n - 1]);
    uint64_t normal[LIMBS], u[PRODUCT_LIMBS + 1];
    (void)shift_left(normal, d, n, shift);
    u[m] = shift_left(u, numerator, m, shift);
    memset(q, 0, m * sizeof *q);

    if (n == 1) {
        const uint64_t reciprocal = reciprocal_2by1(normal[0]);
        uint64_t rest = u[m];
        for (unsigned j = m; j-- > 0;) {
            q[j] = divide_2by1(&rest, rest, u[j], normal[0], reciprocal);
        }
        r[0] = rest >> shift;
        return;
    }
    if (n == 2) {
        const uint128 divisor = (uint128)normal[1] << LIMB_BITS | normal[0];
        const uint64_t reciprocal = reciprocal_3by2(normal[1], normal[0]);
        uint128 rest = (uint128)u[m] << LIMB_BITS | u[m - 1];
        for (unsigned j = m - 1; j-- > 0;) {
            q[j] = divide_3by2(&rest, high(rest), (uint64_t)rest, u[j], divisor, reciprocal);
        }
        rest >>= shift;
        r[0] = (uint64_t)rest;
        r[1] = high(rest);
        return;
    }
    divide_long(q, u, m, normal, n);
    memcpy(r, u, n * sizeof *r);
    shift_right(r, n, shift);
}

void u256_divmod(
    struct u256 *quotient, struct u256 *remainder, const struct u256 *a, const struct u256 *b
) {
    struct u256 q = U256_ZERO, r = U256_ZERO;
    if (u256_fits_u64(a) && u256_fits_u64(b)) {
        if (b->limb[0] != 0) {
            q.limb[0] = a->limb[0] / b->limb[0];
            r.limb[0] = a->limb[0] % b->limb[0];
        }
    } else {
        const unsigned m = limb_count(a->limb, LIMBS), n = limb_count(b->limb, LIMBS);
        if (n == 0) {
            /* Division by zero: both stay zero. */
        } else if (m < n) {
            r = *a;
        } else {
            divide(q.limb, r.limb, a->limb, m, b->limb, n);
        }
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
    u256_divmod(out, NULL, &x, &y);
    if (negative) negate(out, out);
}

/* The result has the sign of the dividend. */
void u256_smod(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    const bool negative = is_negative(a);
    const struct u256 x = magnitude(a), y = magnitude(b);
    u256_divmod(NULL, out, &x, &y);
    if (negative) negate(out, out);
}

static void reduce(struct u256 *out, const uint64_t *limbs, unsigned room, const struct u256 *m) {
    const unsigned n = limb_count(m->limb, LIMBS), count = limb_count(limbs, room);
    struct u256 r = U256_ZERO;
    if (n == 0) {
        /* Modulo zero is zero. */
    } else if (count < n) {
        memcpy(r.limb, limbs, count * sizeof *limbs);
    } else {
        uint64_t q[PRODUCT_LIMBS];
        divide(q, r.limb, limbs, count, m->limb, n);
    }
    *out = r;
}

void u256_addmod(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    if (u256_less(a, m) && u256_less(b, m)) {
        /* The sum is below 2 m: one subtraction at most. */
        struct u256 sum, less;
        const bool carry = u256_add_wrapping(&sum, a, b);
        const bool borrow = u256_sub_wrapping(&less, &sum, m);
        *out = carry || !borrow ? less : sum;
        return;
    }
    uint64_t limbs[LIMBS + 1];
    struct u256 sum;
    limbs[LIMBS] = u256_add_wrapping(&sum, a, b);
    memcpy(limbs, sum.limb, sizeof sum.limb);
    reduce(out, limbs, ARRAY_LEN(limbs), m);
}

void u256_mulmod(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    uint64_t product[PRODUCT_LIMBS];
    u256_mul_full(product, a, b);
    reduce(out, product, PRODUCT_LIMBS, m);
}

void u256_exp_wrapping(struct u256 *out, const struct u256 *base, const struct u256 *exponent) {
    const struct u256 two = u256_from_u64(2);
    if (u256_equal(base, &two)) {
        const struct u256 one = U256_ONE;
        const bool small = u256_fits_u64(exponent) && exponent->limb[0] < WORD_BITS;
        u256_shl(out, &one, small ? (unsigned)exponent->limb[0] : WORD_BITS);
        return;
    }
    const struct u256 x = *base;
    struct u256 result = U256_ONE;
    for (size_t bit = u256_bit_length(exponent); bit-- > 0;) {
        u256_mul_wrapping(&result, &result, &result);
        if ((exponent->limb[bit / LIMB_BITS] >> (bit % LIMB_BITS) & 1) != 0) {
            u256_mul_wrapping(&result, &result, &x);
        }
    }
    *out = result;
}

/* The high and the low limb of the pair (hi:lo) shifted left, and right, by less than a limb. */
static inline uint64_t pair_shl(uint64_t hi, uint64_t lo, unsigned bits) {
    return high(((uint128)hi << LIMB_BITS | lo) << bits);
}

static inline uint64_t pair_shr(uint64_t hi, uint64_t lo, unsigned bits) {
    return (uint64_t)(((uint128)hi << LIMB_BITS | lo) >> bits);
}

void u256_shl(struct u256 *out, const struct u256 *a, unsigned bits) {
    const uint64_t a0 = a->limb[0], a1 = a->limb[1], a2 = a->limb[2], a3 = a->limb[3];
    const unsigned rest = bits % LIMB_BITS;
    switch (bits / LIMB_BITS) {
    case 0:
        *out = (struct u256
        ){{a0 << rest, pair_shl(a1, a0, rest), pair_shl(a2, a1, rest), pair_shl(a3, a2, rest)}};
        break;
    case 1:
        *out = (struct u256){{0, a0 << rest, pair_shl(a1, a0, rest), pair_shl(a2, a1, rest)}};
        break;
    case 2: *out = (struct u256){{0, 0, a0 << rest, pair_shl(a1, a0, rest)}}; break;
    case 3: *out = (struct u256){{0, 0, 0, a0 << rest}}; break;
    default: *out = U256_ZERO; break;
    }
}

void u256_shr(struct u256 *out, const struct u256 *a, unsigned bits) {
    const uint64_t a0 = a->limb[0], a1 = a->limb[1], a2 = a->limb[2], a3 = a->limb[3];
    const unsigned rest = bits % LIMB_BITS;
    switch (bits / LIMB_BITS) {
    case 0:
        *out = (struct u256
        ){{pair_shr(a1, a0, rest), pair_shr(a2, a1, rest), pair_shr(a3, a2, rest), a3 >> rest}};
        break;
    case 1:
        *out = (struct u256){{pair_shr(a2, a1, rest), pair_shr(a3, a2, rest), a3 >> rest, 0}};
        break;
    case 2: *out = (struct u256){{pair_shr(a3, a2, rest), a3 >> rest, 0, 0}}; break;
    case 3: *out = (struct u256){{a3 >> rest, 0, 0, 0}}; break;
    default: *out = U256_ZERO; break;
    }
}

void u256_sar(struct u256 *out, const struct u256 *a, unsigned bits) {
    if (!is_negative(a)) {
        u256_shr(out, a, bits);
        return;
    }
    /* The complement of a negative number shifts in zeroes where it shifts in ones. */
    struct u256 result;
    for (int i = 0; i < LIMBS; i++) {
        result.limb[i] = ~a->limb[i];
    }
    u256_shr(&result, &result, bits);
    for (int i = 0; i < LIMBS; i++) {
        out->limb[i] = ~result.limb[i];
    }
}

bool u256_signed_less(const struct u256 *a, const struct u256 *b) {
    if (is_negative(a) != is_negative(b)) return is_negative(a);
    return u256_less(a, b);
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
