#include "crypto/blake2f.h"

/* BLAKE2b's initial vector: that of SHA-512. */
static const uint64_t initial_vector[8] = {
    0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1,
    0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179,
};

/* RFC 7693, 2.7: the message words of each round, of which the eleventh is the first again. */
static const uint8_t schedule[10][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
};

static inline uint64_t rotate_right(uint64_t v, unsigned bits) {
    return v >> bits | v << (64 - bits);
}

ALWAYS_INLINE void mix(uint64_t v[16], int a, int b, int c, int d, uint64_t x, uint64_t y) {
    v[a] += v[b] + x;
    v[d] = rotate_right(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = rotate_right(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = rotate_right(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = rotate_right(v[b] ^ v[c], 63);
}

/* The schedule is known at compile time in each call, so that no index is looked up. */
ALWAYS_INLINE void mix_round(uint64_t v[16], const uint64_t m[16], const uint8_t s[16]) {
    mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
    mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
    mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
    mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
    mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
    mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
    mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
    mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
}

void blake2f_compress(
    uint64_t state[8],
    const uint64_t message[16],
    const uint64_t offset[2],
    bool is_final,
    uint32_t rounds
) {
    uint64_t v[16];
    memcpy(v, state, 8 * sizeof v[0]);
    memcpy(v + 8, initial_vector, sizeof initial_vector);
    v[12] ^= offset[0];
    v[13] ^= offset[1];
    if (is_final) v[14] = ~v[14];

    uint32_t left = rounds;
    for (; left >= ARRAY_LEN(schedule); left -= ARRAY_LEN(schedule)) {
        mix_round(v, message, schedule[0]);
        mix_round(v, message, schedule[1]);
        mix_round(v, message, schedule[2]);
        mix_round(v, message, schedule[3]);
        mix_round(v, message, schedule[4]);
        mix_round(v, message, schedule[5]);
        mix_round(v, message, schedule[6]);
        mix_round(v, message, schedule[7]);
        mix_round(v, message, schedule[8]);
        mix_round(v, message, schedule[9]);
    }
    for (uint32_t round = 0; round < left; round++) {
        mix_round(v, message, schedule[round]);
    }
    for (size_t i = 0; i < 8; i++) {
        state[i] ^= v[i] ^ v[i + 8];
    }
}

enum blake2f_verdict blake2f(uint8_t out[BLAKE2F_OUTPUT_SIZE], struct bytes input) {
    enum { STATE_AT = 4, MESSAGE_AT = 68, OFFSET_AT = 196, FINAL_AT = 212 };
    if (input.len != BLAKE2F_INPUT_SIZE) return BLAKE2F_BAD_LENGTH;
    if (input.data[FINAL_AT] > 1) return BLAKE2F_BAD_FINAL_FLAG;

    uint64_t state[8];
    uint64_t message[16];
    for (size_t i = 0; i < ARRAY_LEN(state); i++) {
        state[i] = load_le64(input.data + STATE_AT + 8 * i);
    }
    for (size_t i = 0; i < ARRAY_LEN(message); i++) {
        message[i] = load_le64(input.data + MESSAGE_AT + 8 * i);
    }
    const uint64_t offset[2] = {
        load_le64(input.data + OFFSET_AT), load_le64(input.data + OFFSET_AT + 8)};
    const bool is_final = input.data[FINAL_AT] == 1;
    blake2f_compress(state, message, offset, is_final, load_be32(input.data));
    for (size_t i = 0; i < ARRAY_LEN(state); i++) {
        store_le64(out + 8 * i, state[i]);
    }
    return BLAKE2F_VALID;
}
