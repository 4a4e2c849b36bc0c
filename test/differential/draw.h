/* draw: seeded random choices, the same on every machine. Only programs of this folder include it. */
#ifndef TEST_DRAW_H
#define TEST_DRAW_H

#include "base/u256.h"

/* SplitMix64: every state is a good one. */
struct draw {
    uint64_t state;
};

static inline uint64_t draw_u64(struct draw *draw) {
    uint64_t z = draw->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static inline uint32_t draw_below(struct draw *draw, uint32_t end) {
    return (uint32_t)((draw_u64(draw) >> 32) * end >> 32);
}

/* True once in n times. */
static inline bool draw_one_in(struct draw *draw, uint32_t n) {
    return draw_below(draw, n) == 0;
}

static inline void draw_bytes(struct draw *draw, uint8_t *out, size_t len) {
    for (size_t i = 0; i < len; i++) {
        out[i] = (uint8_t)draw_u64(draw);
    }
}

/* Small numbers often, large ones with every length. */
static inline uint64_t draw_spread(struct draw *draw, uint32_t bits_max) {
    const uint32_t bits = draw_below(draw, bits_max + 1);
    return bits == 0 ? 0 : draw_u64(draw) >> (64 - bits);
}

/* Words at which instructions go wrong: around powers of two, of both signs, and anything. */
static inline struct u256 draw_word(struct draw *draw) {
    struct u256 word = U256_ZERO;
    const uint32_t bit = draw_below(draw, 256);
    const struct u256 small = u256_from_u64(draw_below(draw, 4));
    switch (draw_below(draw, 10)) {
    case 0: return u256_from_u64(draw_below(draw, 3));
    case 1: return u256_from_u64(draw_below(draw, 300));
    case 2: return u256_from_u64(draw_spread(draw, 64));
    case 3:
    case 4: /* 2^bit, give or take a little */
        word.limb[bit / 64] = (uint64_t)1 << bit % 64;
        if (draw_one_in(draw, 2)) {
            u256_add_wrapping(&word, &word, &small);
        } else {
            u256_sub_wrapping(&word, &word, &small);
        }
        return word;
    case 5: /* -small, -2^bit */
        if (draw_one_in(draw, 2)) word.limb[bit / 64] = (uint64_t)1 << bit % 64;
        u256_add_wrapping(&word, &word, &small);
        u256_sub_wrapping(&word, &U256_ZERO, &word);
        return word;
    case 6: /* limbs of ones and zeroes */
        for (size_t i = 0; i < 4; i++) {
            word.limb[i] = draw_one_in(draw, 2) ? UINT64_MAX : 0;
        }
        return word;
    default:
        for (size_t i = 0; i < 4; i++) {
            word.limb[i] = draw_u64(draw);
        }
        u256_shr(&word, &word, draw_one_in(draw, 2) ? bit : 0);
        return word;
    }
}

#endif
