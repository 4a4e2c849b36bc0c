#include "crypto/keccak.h"

#include "crypto/accelerator.h"
#include "crypto/cpu.h"

enum { LANE_COUNT = 25, ROUND_COUNT = 24, RATE_LANES = 17 };

_Static_assert(KECCAK256_RATE == 8 * RATE_LANES, "a block is a whole number of lanes");

const struct hash keccak256_of_empty = {{0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c,
                                         0x92, 0x7e, 0x7d, 0xb2, 0xdc, 0xc7, 0x03, 0xc0,
                                         0xe5, 0x00, 0xb6, 0x53, 0xca, 0x82, 0x27, 0x3b,
                                         0x7b, 0xfa, 0xd8, 0x04, 0x5d, 0x85, 0xa4, 0x70}};

/* FIPS 202, 3.2.5. */
const uint64_t keccakf1600_round_constants[ROUND_COUNT] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

ALWAYS_INLINE uint64_t rotate_left(uint64_t v, unsigned bits) {
    return v << (bits & 63) | v >> (-bits & 63);
}

void keccakf1600_plain(uint64_t state[25]) {
    static const uint8_t rotations[LANE_COUNT] = {
        0,  1,  62, 28, 27, /* y = 0, x = 0 to 4 */
        36, 44, 6,  55, 20, /* y = 1 */
        3,  10, 43, 25, 39, /* y = 2 */
        41, 45, 15, 21, 8,  /* y = 3 */
        18, 2,  61, 56, 14, /* y = 4 */
    };
    for (size_t round = 0; round < ROUND_COUNT; round++) {
        uint64_t column[5];
        uint64_t moved[LANE_COUNT];
        for (size_t x = 0; x < 5; x++) { /* theta */
            column[x] = state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20];
        }
        for (size_t i = 0; i < LANE_COUNT; i++) {
            state[i] ^= column[(i % 5 + 4) % 5] ^ rotate_left(column[(i % 5 + 1) % 5], 1);
        }
        for (size_t y = 0; y < 5; y++) { /* rho and pi */
            for (size_t x = 0; x < 5; x++) {
                moved[y + 5 * ((2 * x + 3 * y) % 5)] =
                    rotate_left(state[x + 5 * y], rotations[x + 5 * y]);
            }
        }
        for (size_t i = 0; i < LANE_COUNT; i++) { /* chi */
            const size_t row = i - i % 5;
            state[i] =
                moved[i] ^ (~moved[row + (i + 1 - row) % 5] & moved[row + (i + 2 - row) % 5]);
        }
        state[0] ^= keccakf1600_round_constants[round]; /* iota */
    }
}

/* One row of the new state `to` from the five lanes of the old state `from` that rho and pi move
 * there: lane numbers i0 to i4 of columns x0 to x4, rotated by r0 to r4, with theta's d added. */
#define KECCAK_ROW(to, y, from, i0, x0, r0, i1, x1, r1, i2, x2, r2, i3, x3, r3, i4, x4, r4) \
    do {                                                                                    \
        const uint64_t b0 = rotate_left((from)[i0] ^ d##x0, r0);                            \
        const uint64_t b1 = rotate_left((from)[i1] ^ d##x1, r1);                            \
        const uint64_t b2 = rotate_left((from)[i2] ^ d##x2, r2);                            \
        const uint64_t b3 = rotate_left((from)[i3] ^ d##x3, r3);                            \
        const uint64_t b4 = rotate_left((from)[i4] ^ d##x4, r4);                            \
        (to)[5 * (y)] = b0 ^ (~b1 & b2);                                                    \
        (to)[5 * (y) + 1] = b1 ^ (~b2 & b3);                                                \
        (to)[5 * (y) + 2] = b2 ^ (~b3 & b4);                                                \
        (to)[5 * (y) + 3] = b3 ^ (~b4 & b0);                                                \
        (to)[5 * (y) + 4] = b4 ^ (~b0 & b1);                                                \
    } while (0)

/* One round with every index known at compile time, so that the lanes live in registers. */
ALWAYS_INLINE void round_unrolled(uint64_t *to, const uint64_t *from, uint64_t constant) {
    const uint64_t c0 = from[0] ^ from[5] ^ from[10] ^ from[15] ^ from[20];
    const uint64_t c1 = from[1] ^ from[6] ^ from[11] ^ from[16] ^ from[21];
    const uint64_t c2 = from[2] ^ from[7] ^ from[12] ^ from[17] ^ from[22];
    const uint64_t c3 = from[3] ^ from[8] ^ from[13] ^ from[18] ^ from[23];
    const uint64_t c4 = from[4] ^ from[9] ^ from[14] ^ from[19] ^ from[24];
    const uint64_t d0 = c4 ^ rotate_left(c1, 1);
    const uint64_t d1 = c0 ^ rotate_left(c2, 1);
    const uint64_t d2 = c1 ^ rotate_left(c3, 1);
    const uint64_t d3 = c2 ^ rotate_left(c4, 1);
    const uint64_t d4 = c3 ^ rotate_left(c0, 1);
    KECCAK_ROW(to, 0, from, 0, 0, 0, 6, 1, 44, 12, 2, 43, 18, 3, 21, 24, 4, 14);
    to[0] ^= constant;
    KECCAK_ROW(to, 1, from, 3, 3, 28, 9, 4, 20, 10, 0, 3, 16, 1, 45, 22, 2, 61);
    KECCAK_ROW(to, 2, from, 1, 1, 1, 7, 2, 6, 13, 3, 25, 19, 4, 8, 20, 0, 18);
    KECCAK_ROW(to, 3, from, 4, 4, 27, 5, 0, 36, 11, 1, 10, 17, 2, 15, 23, 3, 56);
    KECCAK_ROW(to, 4, from, 2, 2, 62, 8, 3, 55, 14, 4, 39, 15, 0, 41, 21, 1, 2);
}

ALWAYS_INLINE void permute_unrolled(uint64_t state[25]) {
    uint64_t even[LANE_COUNT];
    uint64_t odd[LANE_COUNT];
    for (size_t i = 0; i < LANE_COUNT; i++) {
        even[i] = state[i];
    }
    for (size_t round = 0; round < ROUND_COUNT; round += 2) {
        round_unrolled(odd, even, keccakf1600_round_constants[round]);
        round_unrolled(even, odd, keccakf1600_round_constants[round + 1]);
    }
    for (size_t i = 0; i < LANE_COUNT; i++) {
        state[i] = even[i];
    }
}

void keccakf1600_portable(uint64_t state[25]) {
    permute_unrolled(state);
}

#if defined(__x86_64__)
/* The same code with three-operand and-not and rotate, a quarter fewer instructions. */
__attribute__((target("bmi,bmi2"))) static void keccakf1600_bmi2(uint64_t state[25]) {
    permute_unrolled(state);
}
#endif

void keccakf1600(uint64_t state[25]) {
#if defined(__x86_64__)
    if (LIKELY(cpu_has_bmi2())) {
        keccakf1600_bmi2(state);
        return;
    }
#endif
    if (accelerator_call(ACCELERATOR_KECCAKF, state, NULL, NULL)) return;
    keccakf1600_portable(state);
}

static void absorb_block(uint64_t state[25], const uint8_t *block) {
    for (size_t i = 0; i < RATE_LANES; i++) {
        state[i] ^= load_le64(block + 8 * i);
    }
    keccakf1600(state);
}

/* The bytes of state as a little-endian machine keeps them are the sponge's bytes. */
static void xor_bytes(uint64_t state[25], size_t position, const uint8_t *data, size_t len) {
    while (len > 0 && position % 8 != 0) {
        state[position / 8] ^= (uint64_t)*data << (8 * (position % 8));
        position++;
        data++;
        len--;
    }
    for (; len >= 8; position += 8, data += 8, len -= 8) {
        state[position / 8] ^= load_le64(data);
    }
    for (size_t i = 0; i < len; i++) {
        state[position / 8] ^= (uint64_t)data[i] << (8 * i);
    }
}

static void pad_and_squeeze(uint64_t state[25], size_t absorbed, struct hash *out) {
    state[absorbed / 8] ^= (uint64_t)0x01 << (8 * (absorbed % 8));
    state[RATE_LANES - 1] ^= (uint64_t)0x80 << 56;
    keccakf1600(state);
    for (size_t i = 0; i < 4; i++) {
        store_le64(out->bytes + 8 * i, state[i]);
    }
}

void keccak256(struct hash *out, struct bytes data) {
    uint64_t state[LANE_COUNT] = {0};
    while (data.len >= KECCAK256_RATE) {
        absorb_block(state, data.data);
        data.data += KECCAK256_RATE;
        data.len -= KECCAK256_RATE;
    }
    xor_bytes(state, 0, data.data, data.len);
    pad_and_squeeze(state, data.len, out);
}

void keccak256_init(struct keccak256 *hasher) {
    *hasher = (struct keccak256){0};
}

void keccak256_update(struct keccak256 *hasher, struct bytes data) {
    if (hasher->absorbed > 0) {
        const size_t room = KECCAK256_RATE - hasher->absorbed;
        const size_t len = data.len < room ? data.len : room;
        xor_bytes(hasher->state, hasher->absorbed, data.data, len);
        hasher->absorbed += len;
        if (hasher->absorbed < KECCAK256_RATE) return;
        keccakf1600(hasher->state);
        hasher->absorbed = 0;
        data = bytes_slice(data, len, data.len - len);
    }
    while (data.len >= KECCAK256_RATE) {
        absorb_block(hasher->state, data.data);
        data.data += KECCAK256_RATE;
        data.len -= KECCAK256_RATE;
    }
    xor_bytes(hasher->state, 0, data.data, data.len);
    hasher->absorbed = data.len;
}

void keccak256_final(struct keccak256 *hasher, struct hash *out) {
    ASSERT(hasher->absorbed < KECCAK256_RATE);
    pad_and_squeeze(hasher->state, hasher->absorbed, out);
}
