#include "crypto/ripemd160.h"

enum { BLOCK_SIZE = 64, LENGTH_OFFSET = 56, STEP_COUNT = 80 };

/* Two lines of 80 steps run side by side. Which message word a step reads, and its rotation. */
static const uint8_t left_word[STEP_COUNT] = {
    0, 1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14, 15, /* round 1 */
    7, 4,  13, 1,  10, 6,  15, 3,  12, 0, 9,  5,  2,  14, 11, 8,  /* 2 */
    3, 10, 14, 4,  9,  15, 8,  1,  2,  7, 0,  6,  13, 11, 5,  12, /* 3 */
    1, 9,  11, 10, 0,  8,  12, 4,  13, 3, 7,  15, 14, 5,  6,  2,  /* 4 */
    4, 0,  5,  9,  7,  12, 2,  10, 14, 1, 3,  8,  11, 6,  15, 13, /* 5 */
};
static const uint8_t right_word[STEP_COUNT] = {
    5,  14, 7,  0, 9, 2,  11, 4,  13, 6,  15, 8,  1,  10, 3,  12, /* round 1 */
    6,  11, 3,  7, 0, 13, 5,  10, 14, 15, 8,  12, 4,  9,  1,  2,  /* 2 */
    15, 5,  1,  3, 7, 14, 6,  9,  11, 8,  12, 2,  10, 0,  4,  13, /* 3 */
    8,  6,  4,  1, 3, 11, 15, 0,  5,  12, 2,  13, 9,  7,  10, 14, /* 4 */
    12, 15, 10, 4, 1, 5,  8,  7,  6,  2,  13, 14, 0,  3,  9,  11, /* 5 */
};
static const uint8_t left_rotation[STEP_COUNT] = {
    11, 14, 15, 12, 5,  8,  7,  9,  11, 13, 14, 15, 6,  7,  9,  8,  /* round 1 */
    7,  6,  8,  13, 11, 9,  7,  15, 7,  12, 15, 9,  11, 7,  13, 12, /* 2 */
    11, 13, 6,  7,  14, 9,  13, 15, 14, 8,  13, 6,  5,  12, 7,  5,  /* 3 */
    11, 12, 14, 15, 14, 15, 9,  8,  9,  14, 5,  6,  8,  6,  5,  12, /* 4 */
    9,  15, 5,  11, 6,  8,  13, 12, 5,  12, 13, 14, 11, 8,  5,  6,  /* 5 */
};
static const uint8_t right_rotation[STEP_COUNT] = {
    8,  9,  9,  11, 13, 15, 15, 5,  7,  7,  8,  11, 14, 14, 12, 6,  /* round 1 */
    9,  13, 15, 7,  12, 8,  9,  11, 7,  7,  12, 7,  6,  15, 13, 11, /* 2 */
    9,  7,  15, 11, 8,  6,  6,  14, 12, 13, 5,  14, 13, 13, 7,  5,  /* 3 */
    15, 5,  8,  11, 14, 14, 6,  14, 6,  9,  12, 9,  12, 5,  15, 8,  /* 4 */
    8,  5,  12, 9,  12, 5,  14, 6,  8,  13, 6,  5,  15, 13, 11, 11, /* 5 */
};
static const uint32_t left_constant[5] = {0, 0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xa953fd4e};
static const uint32_t right_constant[5] = {0x50a28be6, 0x5c4dd124, 0x6d703ef3, 0x7a6d76e9, 0};

static inline uint32_t rotate_left(uint32_t v, unsigned bits) {
    return v << bits | v >> (32 - bits);
}

/* The left line uses function 0 in round 1 to 4 in round 5, the right line the other way. */
static inline uint32_t mix(size_t function, uint32_t x, uint32_t y, uint32_t z) {
    switch (function) {
    case 0: return x ^ y ^ z;
    case 1: return (x & y) | (~x & z);
    case 2: return (x | ~y) ^ z;
    case 3: return (x & z) | (y & ~z);
    default: return x ^ (y | ~z);
    }
}

static inline void step(
    uint32_t v[5], size_t function, uint32_t word, uint32_t constant, unsigned rotation
) {
    const uint32_t sum = v[0] + mix(function, v[1], v[2], v[3]) + word + constant;
    const uint32_t next = rotate_left(sum, rotation) + v[4];
    v[0] = v[4];
    v[4] = v[3];
    v[3] = rotate_left(v[2], 10);
    v[2] = v[1];
    v[1] = next;
}

static void compress(uint32_t state[5], const uint8_t block[BLOCK_SIZE]) {
    uint32_t words[16];
    uint32_t left[5];
    uint32_t right[5];
    for (size_t i = 0; i < 16; i++) {
        words[i] = load_le32(block + 4 * i);
    }
    memcpy(left, state, sizeof left);
    memcpy(right, state, sizeof right);
    for (size_t round = 0; round < 5; round++) {
        for (size_t t = 16 * round; t < 16 * round + 16; t++) {
            step(left, round, words[left_word[t]], left_constant[round], left_rotation[t]);
            step(right, 4 - round, words[right_word[t]], right_constant[round], right_rotation[t]);
        }
    }
    const uint32_t sum = state[1] + left[2] + right[3];
    state[1] = state[2] + left[3] + right[4];
    state[2] = state[3] + left[4] + right[0];
    state[3] = state[4] + left[0] + right[1];
    state[4] = state[0] + left[1] + right[2];
    state[0] = sum;
}

void ripemd160(uint8_t out[RIPEMD160_SIZE], struct bytes data) {
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    const uint64_t bit_len = (uint64_t)data.len * 8;
    for (; data.len >= BLOCK_SIZE; data = bytes_slice(data, BLOCK_SIZE, data.len - BLOCK_SIZE)) {
        compress(state, data.data);
    }
    uint8_t block[BLOCK_SIZE] = {0};
    if (data.len > 0) memcpy(block, data.data, data.len);
    block[data.len] = 0x80;
    if (data.len + 1 > LENGTH_OFFSET) {
        compress(state, block);
        memset(block, 0, sizeof block);
    }
    store_le64(block + LENGTH_OFFSET, bit_len);
    compress(state, block);
    for (size_t i = 0; i < 5; i++) {
        store_le32(out + 4 * i, state[i]);
    }
}
