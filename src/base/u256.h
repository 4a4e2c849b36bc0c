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

static inline bool u256_less(const struct u256 *a, const struct u256 *b) {
    struct u256 ignored;
    return u256_sub_wrapping(&ignored, a, b);
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

/* Modulo 2^256; false from u256_mul where the true product does not fit. */
void u256_mul_wrapping(struct u256 *out, const struct u256 *a, const struct u256 *b);
MUST_USE bool u256_mul(struct u256 *out, const struct u256 *a, const struct u256 *b);

/* The full product, least significant limb first. */
void u256_mul_full(uint64_t product[8], const struct u256 *a, const struct u256 *b);

/* EVM division: by zero both are zero. Either output may be NULL. */
void u256_divmod(
    struct u256 *quotient, struct u256 *remainder, const struct u256 *a, const struct u256 *b
);
void u256_sdiv(struct u256 *out, const struct u256 *a, const struct u256 *b);
void u256_smod(struct u256 *out, const struct u256 *a, const struct u256 *b);

/* (a + b) mod m and (a * b) mod m without wrapping in between; 0 where m is 0. */
void u256_addmod(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
);
void u256_mulmod(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
);
void u256_exp_wrapping(struct u256 *out, const struct u256 *base, const struct u256 *exponent);

/* Shifts by a number of bits; 256 and more give zero (sar: all copies of the sign). */
void u256_shl(struct u256 *out, const struct u256 *a, unsigned bits);
void u256_shr(struct u256 *out, const struct u256 *a, unsigned bits);
void u256_sar(struct u256 *out, const struct u256 *a, unsigned bits);
bool u256_signed_less(const struct u256 *a, const struct u256 *b);

/* Decimal text with NUL; answers its length (at most 78). And back: false unless text is 1 to 78
 * digits that fit in 256 bits. */
size_t u256_to_decimal(char text[80], const struct u256 *a);
MUST_USE bool u256_from_decimal(struct u256 *out, struct bytes text);

#endif
