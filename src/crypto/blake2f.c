#include "crypto/blake2f.h"

#include "crypto/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

void blake2f_compress_plain(
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

#if defined(__x86_64__)

#define AVX2 __attribute__((target("avx2")))

typedef uint64_t word4 __attribute__((vector_size(32)));

/* The sixteen words, of which a row's four are mixed side by side. */
struct rows {
    word4 a, b, c, d;
};

#define TWICE(...) __VA_ARGS__, __VA_ARGS__
#define BYTES_AT(v, ...) \
    ((word4)_mm256_shuffle_epi8((__m256i)(v), _mm256_setr_epi8(TWICE(__VA_ARGS__))))
#define LANES(v, order) ((word4)_mm256_permute4x64_epi64((__m256i)(v), order))

/* What a row waits for longest is added last: a chain of dependent operations is all the time. */
AVX2 ALWAYS_INLINE void mix4(struct rows *r, word4 x, word4 y) {
    r->a = r->a + x + r->b;
    r->d ^= r->a;
    r->d = (word4)_mm256_shuffle_epi32((__m256i)r->d, 0xb1); /* by 32 bits */
    r->c += r->d;
    r->b ^= r->c;
    r->b = BYTES_AT(r->b, 3, 4, 5, 6, 7, 0, 1, 2, 11, 12, 13, 14, 15, 8, 9, 10);
    r->a = r->a + y + r->b;
    r->d ^= r->a;
    r->d = BYTES_AT(r->d, 2, 3, 4, 5, 6, 7, 0, 1, 10, 11, 12, 13, 14, 15, 8, 9);
    r->c += r->d;
    r->b ^= r->c;
    r->b = (r->b + r->b) | (r->b >> 63);
}

/* Diagonals become columns by turning the rows a, c and d below b, which is ready last. */
AVX2 ALWAYS_INLINE void mix_round4(struct rows *r, const word4 words[4]) {
    mix4(r, words[0], words[1]);
    r->a = LANES(r->a, _MM_SHUFFLE(2, 1, 0, 3));
    r->d = LANES(r->d, _MM_SHUFFLE(1, 0, 3, 2));
    r->c = LANES(r->c, _MM_SHUFFLE(0, 3, 2, 1));
    mix4(r, words[2], words[3]);
    r->a = LANES(r->a, _MM_SHUFFLE(0, 3, 2, 1));
    r->d = LANES(r->d, _MM_SHUFFLE(1, 0, 3, 2));
    r->c = LANES(r->c, _MM_SHUFFLE(2, 1, 0, 3));
}

/* A round's message words as mix_round4 adds them: the diagonals begin with the fourth, under b. */
AVX2 ALWAYS_INLINE void arrange(word4 words[4], const uint64_t m[16], const uint8_t s[16]) {
    words[0] = (word4){m[s[0]], m[s[2]], m[s[4]], m[s[6]]};
    words[1] = (word4){m[s[1]], m[s[3]], m[s[5]], m[s[7]]};
    words[2] = (word4){m[s[14]], m[s[8]], m[s[10]], m[s[12]]};
    words[3] = (word4){m[s[15]], m[s[9]], m[s[11]], m[s[13]]};
}

AVX2 ALWAYS_INLINE void add_rows(uint64_t state[4], word4 v, word4 w) {
    word4 before;
    memcpy(&before, state, sizeof before);
    before ^= v ^ w;
    memcpy(state, &before, sizeof before);
}

/* Words are arranged in the first ten rounds, which is as often as they differ. */
AVX2 static void compress_avx2(
    uint64_t state[8],
    const uint64_t message[16],
    const uint64_t offset[2],
    bool is_final,
    uint32_t rounds
) {
    word4 words[ARRAY_LEN(schedule)][4];
    struct rows rows;
    memcpy(&rows.a, state, sizeof rows.a);
    memcpy(&rows.b, state + 4, sizeof rows.b);
    memcpy(&rows.c, initial_vector, sizeof rows.c);
    memcpy(&rows.d, initial_vector + 4, sizeof rows.d);
    rows.d ^= (word4){offset[0], offset[1], is_final ? UINT64_MAX : 0, 0};

    const uint32_t arranged = rounds < ARRAY_LEN(schedule) ? rounds : ARRAY_LEN(schedule);
    for (uint32_t round = 0; round < arranged; round++) {
        arrange(words[round], message, schedule[round]);
        mix_round4(&rows, words[round]);
    }
    uint32_t left = rounds - arranged;
    for (; left >= ARRAY_LEN(schedule); left -= ARRAY_LEN(schedule)) {
        for (size_t round = 0; round < ARRAY_LEN(schedule); round++) {
            mix_round4(&rows, words[round]);
        }
    }
    for (uint32_t round = 0; round < left; round++) {
        mix_round4(&rows, words[round]);
    }
    add_rows(state, rows.a, rows.c);
    add_rows(state + 4, rows.b, rows.d);
}

#endif

void blake2f_compress(
    uint64_t state[8],
    const uint64_t message[16],
    const uint64_t offset[2],
    bool is_final,
    uint32_t rounds
) {
#if defined(__x86_64__)
    if (LIKELY(cpu_has_avx2())) {
        compress_avx2(state, message, offset, is_final, rounds);
        return;
    }
#endif
    blake2f_compress_plain(state, message, offset, is_final, rounds);
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
