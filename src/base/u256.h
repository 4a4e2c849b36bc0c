/* u256: the EVM's word, an unsigned 256-bit integer that wraps.
 *
 * Yellow Paper, 9.1: all arithmetic is modulo 2^256; signed operations read two's complement.
 * Pure; allocates nothing. Not constant time: never pass secrets.
 */
#ifndef BASE_U256_H
#define BASE_U256_H

#include "base/bytes.h"

/* Least significant limb first. */
struct u256 {
    uint64_t limb[4];
};

#define U256_ZERO ((struct u256){{0, 0, 0, 0}})
#define U256_ONE  ((struct u256){{1, 0, 0, 0}})
#define U256_MAX  ((struct u256){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}})

static inline struct u256 u256_from_u64(uint64_t v) {
    return (struct u256){{v, 0, 0, 0}};
}

static inline bool u256_is_zero(const struct u256 *a) {
    return (a->limb[0] | a->limb[1] | a->limb[2] | a->limb[3]) == 0;
}

static inline bool u256_fits_u64(const struct u256 *a) {
    return (a->limb[1] | a->limb[2] | a->limb[3]) == 0;
}

static inline bool u256_equal(const struct u256 *a, const struct u256 *b) {
    return ((a->limb[0] ^ b->limb[0]) | (a->limb[1] ^ b->limb[1]) | (a->limb[2] ^ b->limb[2]) |
            (a->limb[3] ^ b->limb[3])) == 0;
}

/* A limb of a sum or difference, with the carry or borrow (0 or 1) in and out. Clang makes one
 * instruction of its builtins, and gcc of the plain form what it can. */
ALWAYS_INLINE uint64_t u256_limb_add(uint64_t a, uint64_t b, uint64_t *carry) {
#if defined(__clang__)
    unsigned long long out;
    const uint64_t sum = __builtin_addcll(a, b, *carry, &out);
    *carry = out;
    return sum;
#else
    const uint128 sum = (uint128)a + b + *carry;
    *carry = (uint64_t)(sum >> 64);
    return (uint64_t)sum;
#endif
}

ALWAYS_INLINE uint64_t u256_limb_sub(uint64_t a, uint64_t b, uint64_t *borrow) {
#if defined(__clang__)
    unsigned long long out;
    const uint64_t difference = __builtin_subcll(a, b, *borrow, &out);
    *borrow = out;
    return difference;
#else
    const uint128 difference = (uint128)a - b - *borrow;
    *borrow = (uint64_t)(difference >> 64) & 1;
    return (uint64_t)difference;
#endif
}

/* *out = a + b mod 2^256; answers the carry. out may be a or b, here and below. */
static inline bool u256_add_wrapping(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    uint64_t carry = 0;
    const uint64_t s0 = u256_limb_add(a->limb[0], b->limb[0], &carry);
    const uint64_t s1 = u256_limb_add(a->limb[1], b->limb[1], &carry);
    const uint64_t s2 = u256_limb_add(a->limb[2], b->limb[2], &carry);
    const uint64_t s3 = u256_limb_add(a->limb[3], b->limb[3], &carry);
    *out = (struct u256){{s0, s1, s2, s3}};
    return carry != 0;
}

/* *out = a - b mod 2^256; answers the borrow, which is a < b. */
static inline bool u256_sub_wrapping(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    uint64_t borrow = 0;
    const uint64_t d0 = u256_limb_sub(a->limb[0], b->limb[0], &borrow);
    const uint64_t d1 = u256_limb_sub(a->limb[1], b->limb[1], &borrow);
    const uint64_t d2 = u256_limb_sub(a->limb[2], b->limb[2], &borrow);
    const uint64_t d3 = u256_limb_sub(a->limb[3], b->limb[3], &borrow);
    *out = (struct u256){{d0, d1, d2, d3}};
    return borrow != 0;
}

/* Clang sees through a borrow and makes four comparisons of it, unless they are one of its own. */
static inline bool u256_less(const struct u256 *a, const struct u256 *b) {
#if defined(__clang__) && defined(__BITINT_MAXWIDTH__) && __BITINT_MAXWIDTH__ >= 256
    __extension__ unsigned _BitInt(256) x, y;
    memcpy(&x, a, sizeof *a);
    memcpy(&y, b, sizeof *b);
    return x < y;
#else
    struct u256 ignored;
    return u256_sub_wrapping(&ignored, a, b);
#endif
}

/* Sums of amounts: false where the true result does not fit. */
MUST_USE static inline bool u256_add(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    return !u256_add_wrapping(out, a, b);
}

MUST_USE static inline bool u256_sub(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    return !u256_sub_wrapping(out, a, b);
}

/* Big-endian, 32 bytes, as on the EVM's memory and in hashes. */
static inline struct u256 u256_from_be(const uint8_t bytes[32]) {
    return (struct u256
    ){{load_be64(bytes + 24), load_be64(bytes + 16), load_be64(bytes + 8), load_be64(bytes)}};
}

static inline void u256_to_be(uint8_t bytes[32], const struct u256 *a) {
    store_be64(bytes, a->limb[3]);
    store_be64(bytes + 8, a->limb[2]);
    store_be64(bytes + 16, a->limb[1]);
    store_be64(bytes + 24, a->limb[0]);
}

static inline struct u256 u256_from_address(const struct address *a) {
    return (struct u256
    ){{load_be64(a->bytes + 12), load_be64(a->bytes + 4), load_be32(a->bytes), 0}};
}

/* The low 20 bytes, as opcodes that take an address read them. */
static inline struct address u256_to_address(const struct u256 *a) {
    struct address address;
    store_be32(address.bytes, (uint32_t)a->limb[2]);
    store_be64(address.bytes + 4, a->limb[1]);
    store_be64(address.bytes + 12, a->limb[0]);
    return address;
}

/* Up to 32 big-endian bytes, as RLP integers stand; len <= 32. */
struct u256 u256_from_be_short(struct bytes big_endian);

/* The number of bytes without leading zeros: 0 for zero. */
size_t u256_byte_length(const struct u256 *a);
size_t u256_bit_length(const struct u256 *a);

/* Modulo 2^256, limb by limb of the result; false from u256_mul where the true product does not fit. */
static inline void u256_mul_wrapping(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    const uint64_t *x = a->limb, *y = b->limb;
    /* Row by row; within a row first, and then on the rows above. */
    const uint128 p00 = (uint128)x[0] * y[0], p10 = (uint128)x[1] * y[0];
    const uint128 p20 = (uint128)x[2] * y[0], p01 = (uint128)x[0] * y[1];
    const uint128 p11 = (uint128)x[1] * y[1], p02 = (uint128)x[0] * y[2];
    uint64_t carry = 0;
    const uint64_t a1 = u256_limb_add((uint64_t)p10, (uint64_t)(p00 >> 64), &carry);
    const uint64_t a2 = u256_limb_add((uint64_t)p20, (uint64_t)(p10 >> 64), &carry);
    const uint64_t a3 = x[3] * y[0] + (uint64_t)(p20 >> 64) + carry;

    carry = 0;
    const uint64_t b2 = u256_limb_add((uint64_t)p11, (uint64_t)(p01 >> 64), &carry);
    const uint64_t b3 = x[2] * y[1] + (uint64_t)(p11 >> 64) + carry;

    carry = 0;
    const uint64_t r1 = u256_limb_add(a1, (uint64_t)p01, &carry);
    const uint64_t c2 = u256_limb_add(a2, b2, &carry);
    const uint64_t c3 = a3 + b3 + carry;

    carry = 0;
    const uint64_t r2 = u256_limb_add(c2, (uint64_t)p02, &carry);
    const uint64_t r3 = c3 + x[1] * y[2] + (uint64_t)(p02 >> 64) + carry + x[0] * y[3];
    *out = (struct u256){{(uint64_t)p00, r1, r2, r3}};
}
MUST_USE bool u256_mul(struct u256 *out, const struct u256 *a, const struct u256 *b);

/* The full product, least significant limb first. */
void u256_mul_full(uint64_t product[8], const struct u256 *a, const struct u256 *b);

/* EVM division: by zero both are zero. Either output may be NULL. */
void u256_divmod(
    struct u256 *quotient, struct u256 *remainder, const struct u256 *a, const struct u256 *b
);

/* One of the two; what most divisions are of, two limbs, needs no call. */
void u256_div_long(struct u256 *out, const struct u256 *a, const struct u256 *b);
void u256_mod_long(struct u256 *out, const struct u256 *a, const struct u256 *b);

static inline void u256_div(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    if (LIKELY(u256_fits_u64(a) && u256_fits_u64(b) && b->limb[0] != 0)) {
        *out = u256_from_u64(a->limb[0] / b->limb[0]);
    } else {
        u256_div_long(out, a, b);
    }
}

static inline void u256_mod(struct u256 *out, const struct u256 *a, const struct u256 *b) {
    if (LIKELY(u256_fits_u64(a) && u256_fits_u64(b) && b->limb[0] != 0)) {
        *out = u256_from_u64(a->limb[0] % b->limb[0]);
    } else {
        u256_mod_long(out, a, b);
    }
}

void u256_sdiv(struct u256 *out, const struct u256 *a, const struct u256 *b);
void u256_smod(struct u256 *out, const struct u256 *a, const struct u256 *b);

/* (a + b) mod m and (a * b) mod m without wrapping in between; 0 where m is 0. */
void u256_addmod(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
);
void u256_mulmod(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
);

/* The same as u256_mulmod, with what can be known of a modulus that comes again. All zeroes at first,
 * and then the function's own; the second product in a row by one modulus prepares it. */
struct u256_modulus {
    struct u256 modulus;
    struct u256 normal, reciprocal; /* once ready: see prepare in u256.c */
    unsigned shift;
    bool ready;
};
void u256_mulmod_kept(
    struct u256 *out,
    const struct u256 *a,
    const struct u256 *b,
    const struct u256 *m,
    struct u256_modulus *kept
);

void u256_exp_wrapping(struct u256 *out, const struct u256 *base, const struct u256 *exponent);

/* hi << bits with what comes from lo, and lo >> bits with what comes from hi, for bits below 64. The
 * one instruction that does this takes longer than those that it replaces (AMD), so it is hidden. */
ALWAYS_INLINE uint64_t u256_pair_shl(uint64_t hi, uint64_t lo, unsigned bits) {
    lo >>= 1;
    __asm__("" : "+r"(lo));
    return hi << bits | lo >> (63 - bits);
}

ALWAYS_INLINE uint64_t u256_pair_shr(uint64_t hi, uint64_t lo, unsigned bits) {
    hi <<= 1;
    __asm__("" : "+r"(hi));
    return lo >> bits | hi << (63 - bits);
}

/* Shifts by a number of bits; 256 and more give zero (sar: all copies of the sign). By two limbs, by
 * one, and by what is left: no branch depends on the number. */
static inline void u256_shl(struct u256 *out, const struct u256 *a, unsigned bits) {
    if (UNLIKELY(bits >= 256)) {
        *out = U256_ZERO;
        return;
    }
    const bool by_two = (bits & 128) != 0, by_one = (bits & 64) != 0;
    const uint64_t t0 = by_two ? 0 : a->limb[0], t1 = by_two ? 0 : a->limb[1];
    const uint64_t t2 = by_two ? a->limb[0] : a->limb[2], t3 = by_two ? a->limb[1] : a->limb[3];
    const uint64_t s0 = by_one ? 0 : t0, s1 = by_one ? t0 : t1;
    const uint64_t s2 = by_one ? t1 : t2, s3 = by_one ? t2 : t3;
    const unsigned rest = bits & 63;
    *out = (struct u256
    ){{s0 << rest, u256_pair_shl(s1, s0, rest), u256_pair_shl(s2, s1, rest),
       u256_pair_shl(s3, s2, rest)}};
}

static inline void u256_shr_filling(
    struct u256 *out, const struct u256 *a, unsigned bits, uint64_t fill
) {
    if (UNLIKELY(bits >= 256)) {
        *out = (struct u256){{fill, fill, fill, fill}};
        return;
    }
    const bool by_two = (bits & 128) != 0, by_one = (bits & 64) != 0;
    const uint64_t t0 = by_two ? a->limb[2] : a->limb[0], t1 = by_two ? a->limb[3] : a->limb[1];
    const uint64_t t2 = by_two ? fill : a->limb[2], t3 = by_two ? fill : a->limb[3];
    const uint64_t s0 = by_one ? t1 : t0, s1 = by_one ? t2 : t1;
    const uint64_t s2 = by_one ? t3 : t2, s3 = by_one ? fill : t3;
    const unsigned rest = bits & 63;
    *out = (struct u256
    ){{u256_pair_shr(s1, s0, rest), u256_pair_shr(s2, s1, rest), u256_pair_shr(s3, s2, rest),
       u256_pair_shr(fill, s3, rest)}};
}

static inline void u256_shr(struct u256 *out, const struct u256 *a, unsigned bits) {
    u256_shr_filling(out, a, bits, 0);
}

static inline void u256_sar(struct u256 *out, const struct u256 *a, unsigned bits) {
    u256_shr_filling(out, a, bits, 0 - (a->limb[3] >> 63));
}

/* a < b as two's complement: the signs turned around, the order is that of unsigned words. */
static inline bool u256_signed_less(const struct u256 *a, const struct u256 *b) {
    struct u256 x = *a, y = *b;
    x.limb[3] ^= (uint64_t)1 << 63;
    y.limb[3] ^= (uint64_t)1 << 63;
    return u256_less(&x, &y);
}

/* SIGNEXTEND: the sign bit of byte index (from the lowest, 31 and more: nothing changes) fills all
 * bytes above. */
static inline void u256_sign_extend(
    struct u256 *out, const struct u256 *index, const struct u256 *a
) {
    const bool all = !u256_fits_u64(index) || index->limb[0] > 31;
    const unsigned byte = all ? 31 : (unsigned)index->limb[0];
    const unsigned limb = byte / 8, bits = 56 - byte % 8 * 8;
    const uint64_t extended = (uint64_t)((int64_t)(a->limb[limb] << bits) >> bits);
    const uint64_t sign = (uint64_t)((int64_t)extended >> 63);
    *out = (struct u256
    ){{limb == 0 ? extended : a->limb[0], limb > 1 ? a->limb[1] : (limb == 1 ? extended : sign),
       limb > 2 ? a->limb[2] : (limb == 2 ? extended : sign), limb == 3 ? extended : sign}};
}

/* BYTE: byte index from the highest; zero from 32 on. */
static inline struct u256 u256_byte(const struct u256 *index, const struct u256 *a) {
    if (!u256_fits_u64(index) || index->limb[0] >= 32) return U256_ZERO;
    const unsigned at = 31 - (unsigned)index->limb[0];
    return u256_from_u64(a->limb[at / 8] >> (at % 8 * 8) & 0xff);
}

/* Decimal text with NUL; answers its length (at most 78). And back: false unless text is 1 to 78
 * digits that fit in 256 bits. */
size_t u256_to_decimal(char text[80], const struct u256 *a);
MUST_USE bool u256_from_decimal(struct u256 *out, struct bytes text);

#endif
