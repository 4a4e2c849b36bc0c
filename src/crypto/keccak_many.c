#include "crypto/keccak_many.h"

#include "crypto/cpu.h"

static void one_by_one(const struct keccak256_task *tasks, size_t count) {
    for (size_t i = 0; i < count; i++) {
        keccak256(tasks[i].out, tasks[i].data);
    }
}

#if defined(__x86_64__)

/* Four sponges side by side: word i of the state is four lanes i, one of each sponge. */
enum { SPONGES = 4, LANE_COUNT = 25, ROUND_COUNT = 24, RATE_LANES = 17 };

typedef uint64_t word4 __attribute__((vector_size(32), may_alias));

#define AVX2            __attribute__((target("avx2")))

#define ROTATE(v, bits) ((v) << (bits) | (v) >> ((64 - (bits)) & 63))

/* One row of the new state, as in keccak.c. */
#define ROW(y, i0, x0, r0, i1, x1, r1, i2, x2, r2, i3, x3, r3, i4, x4, r4) \
    do {                                                                   \
        const word4 m0 = from[i0] ^ d##x0, m1 = from[i1] ^ d##x1;          \
        const word4 m2 = from[i2] ^ d##x2, m3 = from[i3] ^ d##x3;          \
        const word4 m4 = from[i4] ^ d##x4;                                 \
        const word4 b0 = ROTATE(m0, r0), b1 = ROTATE(m1, r1);              \
        const word4 b2 = ROTATE(m2, r2), b3 = ROTATE(m3, r3);              \
        const word4 b4 = ROTATE(m4, r4);                                   \
        to[5 * (y)] = b0 ^ (~b1 & b2);                                     \
        to[5 * (y) + 1] = b1 ^ (~b2 & b3);                                 \
        to[5 * (y) + 2] = b2 ^ (~b3 & b4);                                 \
        to[5 * (y) + 3] = b3 ^ (~b4 & b0);                                 \
        to[5 * (y) + 4] = b4 ^ (~b0 & b1);                                 \
    } while (0)

AVX2 ALWAYS_INLINE void round4(word4 *to, const word4 *from, uint64_t constant) {
    const word4 c0 = from[0] ^ from[5] ^ from[10] ^ from[15] ^ from[20];
    const word4 c1 = from[1] ^ from[6] ^ from[11] ^ from[16] ^ from[21];
    const word4 c2 = from[2] ^ from[7] ^ from[12] ^ from[17] ^ from[22];
    const word4 c3 = from[3] ^ from[8] ^ from[13] ^ from[18] ^ from[23];
    const word4 c4 = from[4] ^ from[9] ^ from[14] ^ from[19] ^ from[24];
    const word4 d0 = c4 ^ ROTATE(c1, 1);
    const word4 d1 = c0 ^ ROTATE(c2, 1);
    const word4 d2 = c1 ^ ROTATE(c3, 1);
    const word4 d3 = c2 ^ ROTATE(c4, 1);
    const word4 d4 = c3 ^ ROTATE(c0, 1);
    ROW(0, 0, 0, 0, 6, 1, 44, 12, 2, 43, 18, 3, 21, 24, 4, 14);
    to[0] ^= (word4){constant, constant, constant, constant};
    ROW(1, 3, 3, 28, 9, 4, 20, 10, 0, 3, 16, 1, 45, 22, 2, 61);
    ROW(2, 1, 1, 1, 7, 2, 6, 13, 3, 25, 19, 4, 8, 20, 0, 18);
    ROW(3, 4, 4, 27, 5, 0, 36, 11, 1, 10, 17, 2, 15, 23, 3, 56);
    ROW(4, 2, 2, 62, 8, 3, 55, 14, 4, 39, 15, 0, 41, 21, 1, 2);
}

AVX2 static void permute4(uint64_t state[LANE_COUNT][SPONGES]) {
    word4 odd[LANE_COUNT];
    word4 *even = (word4 *)(void *)state;
    for (size_t round = 0; round < ROUND_COUNT; round += 2) {
        round4(odd, even, keccakf1600_round_constants[round]);
        round4(even, odd, keccakf1600_round_constants[round + 1]);
    }
}

/* Adds the next block of *left to the sponge whose words are words[0], words[stride], …; answers
 * whether it was the last block, the padded one. */
static bool absorb(uint64_t *words, size_t stride, struct bytes *left) {
    uint8_t padded[KECCAK256_RATE];
    const uint8_t *block = left->data;
    const bool is_last = left->len < KECCAK256_RATE;
    if (is_last) {
        memset(padded, 0, sizeof padded);
        if (left->len > 0) memcpy(padded, left->data, left->len);
        padded[left->len] = 0x01;
        padded[KECCAK256_RATE - 1] |= 0x80;
        block = padded;
    } else {
        *left = bytes_slice(*left, KECCAK256_RATE, left->len - KECCAK256_RATE);
    }
    for (size_t i = 0; i < RATE_LANES; i++) {
        words[i * stride] ^= load_le64(block + 8 * i);
    }
    return is_last;
}

static void squeeze(struct hash *out, const uint64_t *words, size_t stride) {
    for (size_t i = 0; i < sizeof out->bytes / 8; i++) {
        store_le64(out->bytes + 8 * i, words[i * stride]);
    }
}

/* What one sponge is at. */
struct sponge {
    struct bytes left;
    struct hash *out; /* NULL: it has no message */
    bool is_last;     /* the block that was absorbed */
};

/* The last sponge that has something left is faster on its own. */
static void finish_alone(const struct sponge *sponge, const uint64_t *words) {
    uint64_t state[LANE_COUNT];
    for (size_t i = 0; i < LANE_COUNT; i++) {
        state[i] = words[i * SPONGES];
    }
    struct bytes left = sponge->left;
    bool is_last;
    do {
        is_last = absorb(state, 1, &left);
        keccakf1600(state);
    } while (!is_last);
    squeeze(sponge->out, state, 1);
}

/* A sponge that has finished its message takes the next one at once. */
static void four_at_a_time(const struct keccak256_task *tasks, size_t count) {
    _Alignas(32) uint64_t state[LANE_COUNT][SPONGES];
    struct sponge sponges[SPONGES];
    memset(state, 0, sizeof state);
    memset(sponges, 0, sizeof sponges);
    size_t next = 0, busy = 0;
    for (;;) {
        for (size_t s = 0; s < SPONGES && next < count; s++) {
            if (sponges[s].out != NULL) continue;
            sponges[s] = (struct sponge){tasks[next].data, tasks[next].out, false};
            next++;
            busy++;
            for (size_t i = 0; i < LANE_COUNT; i++) {
                state[i][s] = 0;
            }
        }
        if (busy <= 1) break;
        for (size_t s = 0; s < SPONGES; s++) {
            if (sponges[s].out == NULL) continue;
            sponges[s].is_last = absorb(&state[0][s], SPONGES, &sponges[s].left);
        }
        permute4(state);
        for (size_t s = 0; s < SPONGES; s++) {
            if (sponges[s].out == NULL || !sponges[s].is_last) continue;
            squeeze(sponges[s].out, &state[0][s], SPONGES);
            sponges[s].out = NULL;
            busy--;
        }
    }
    for (size_t s = 0; s < SPONGES; s++) {
        if (sponges[s].out != NULL) finish_alone(&sponges[s], &state[0][s]);
    }
}

void keccak256_many(const struct keccak256_task *tasks, size_t count) {
    if (count > 1 && cpu_has_avx2()) {
        four_at_a_time(tasks, count);
        return;
    }
    one_by_one(tasks, count);
}

#else

void keccak256_many(const struct keccak256_task *tasks, size_t count) {
    one_by_one(tasks, count);
}

#endif
