#include "crypto/sha256.h"

#include "crypto/accelerator.h"
#include "crypto/cpu.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { ROUND_COUNT = 64, LENGTH_OFFSET = 56 };

static const uint32_t initial_state[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static const uint32_t round_constants[ROUND_COUNT] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static inline uint32_t rotate_right(uint32_t v, unsigned bits) {
    return v >> bits | v << (32 - bits);
}

void sha256_compress_plain(uint32_t state[8], const uint8_t block[SHA256_BLOCK_SIZE]) {
    uint32_t w[ROUND_COUNT];
    for (size_t t = 0; t < 16; t++) {
        w[t] = load_be32(block + 4 * t);
    }
    for (size_t t = 16; t < ROUND_COUNT; t++) {
        const uint32_t sigma0 =
            rotate_right(w[t - 15], 7) ^ rotate_right(w[t - 15], 18) ^ w[t - 15] >> 3;
        const uint32_t sigma1 =
            rotate_right(w[t - 2], 17) ^ rotate_right(w[t - 2], 19) ^ w[t - 2] >> 10;
        w[t] = sigma1 + w[t - 7] + sigma0 + w[t - 16];
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (size_t t = 0; t < ROUND_COUNT; t++) {
        const uint32_t sum1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        const uint32_t choose = (e & f) ^ (~e & g);
        const uint32_t t1 = h + sum1 + choose + round_constants[t] + w[t];
        const uint32_t sum0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        const uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + sum0 + majority;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
}

#if defined(__x86_64__)
/* Intel's SHA extensions keep the state as the pairs ABEF and CDGH; one instruction does two
 * rounds with the two low words of its last operand. The message words of four rounds stand in one
 * of m[0] to m[3], and each is replaced by the words of four rounds later 16 rounds ahead. */
// NOLINTNEXTLINE(readability-function-size): three nested loops, nothing to take out
__attribute__((target("sha,sse4.1"))) static void compress_sha_ni(
    uint32_t state[8], const uint8_t *blocks, size_t block_count
) {
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    const __m128i dcba = _mm_loadu_si128((const __m128i *)(const void *)state);
    const __m128i hgfe = _mm_loadu_si128((const __m128i *)(const void *)(state + 4));
    const __m128i cdab = _mm_shuffle_epi32(dcba, 0xb1);
    const __m128i efgh = _mm_shuffle_epi32(hgfe, 0x1b);
    __m128i abef = _mm_alignr_epi8(cdab, efgh, 8);
    __m128i cdgh = _mm_blend_epi16(efgh, cdab, 0xf0);

    for (; block_count > 0; block_count--, blocks += SHA256_BLOCK_SIZE) {
        const __m128i abef_before = abef;
        const __m128i cdgh_before = cdgh;
        __m128i m[4];
        for (size_t i = 0; i < 4; i++) {
            const __m128i words = _mm_loadu_si128((const __m128i *)(const void *)(blocks + 16 * i));
            m[i] = _mm_shuffle_epi8(words, big_endian);
        }
        for (size_t round = 0; round < ROUND_COUNT; round += 16) {
            for (size_t i = 0; i < 4; i++) {
                const __m128i k =
                    _mm_loadu_si128((const __m128i *)(const void *)(round_constants + round + 4 * i)
                    );
                const __m128i wk = _mm_add_epi32(m[i], k);
                cdgh = _mm_sha256rnds2_epu32(cdgh, abef, wk);
                abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(wk, 0x0e));
                if (round < ROUND_COUNT - 16) {
                    const __m128i seven_back = _mm_alignr_epi8(m[(i + 3) % 4], m[(i + 2) % 4], 4);
                    const __m128i partial =
                        _mm_add_epi32(_mm_sha256msg1_epu32(m[i], m[(i + 1) % 4]), seven_back);
                    m[i] = _mm_sha256msg2_epu32(partial, m[(i + 3) % 4]);
                }
            }
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    const __m128i feba = _mm_shuffle_epi32(abef, 0x1b);
    const __m128i dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}
#endif

static void compress_blocks(uint32_t state[8], const uint8_t *blocks, size_t block_count) {
#if defined(__x86_64__)
    if (LIKELY(cpu_has_sha())) {
        compress_sha_ni(state, blocks, block_count);
        return;
    }
#endif
    for (size_t i = 0; i < block_count; i++) {
        uint32_t aligned[SHA256_BLOCK_SIZE / sizeof(uint32_t)]; /* as the accelerator wants it */
        memcpy(aligned, blocks + i * SHA256_BLOCK_SIZE, sizeof aligned);
        if (accelerator_call(ACCELERATOR_SHA256_COMPRESS, state, aligned, NULL)) continue;
        sha256_compress_plain(state, blocks + i * SHA256_BLOCK_SIZE);
    }
}

void sha256_compress(uint32_t state[8], const uint8_t block[SHA256_BLOCK_SIZE]) {
    compress_blocks(state, block, 1);
}

void sha256_init(struct sha256 *hasher) {
    memcpy(hasher->state, initial_state, sizeof initial_state);
    hasher->len = 0;
}

void sha256_update(struct sha256 *hasher, struct bytes data) {
    const size_t filled = hasher->len % SHA256_BLOCK_SIZE;
    hasher->len += data.len;
    if (filled > 0) {
        const size_t room = SHA256_BLOCK_SIZE - filled;
        const size_t len = data.len < room ? data.len : room;
        if (len > 0) memcpy(hasher->block + filled, data.data, len);
        if (len < room) return;
        compress_blocks(hasher->state, hasher->block, 1);
        data = bytes_slice(data, len, data.len - len);
    }
    const size_t block_count = data.len / SHA256_BLOCK_SIZE;
    if (block_count > 0) compress_blocks(hasher->state, data.data, block_count);
    const size_t done = block_count * SHA256_BLOCK_SIZE;
    if (data.len > done) memcpy(hasher->block, data.data + done, data.len - done);
}

void sha256_final(struct sha256 *hasher, struct hash *out) {
    const uint64_t bit_len = hasher->len * 8;
    size_t filled = hasher->len % SHA256_BLOCK_SIZE;
    hasher->block[filled++] = 0x80;
    if (filled > LENGTH_OFFSET) {
        memset(hasher->block + filled, 0, SHA256_BLOCK_SIZE - filled);
        compress_blocks(hasher->state, hasher->block, 1);
        filled = 0;
    }
    memset(hasher->block + filled, 0, LENGTH_OFFSET - filled);
    store_be64(hasher->block + LENGTH_OFFSET, bit_len);
    compress_blocks(hasher->state, hasher->block, 1);
    for (size_t i = 0; i < 8; i++) {
        store_be32(out->bytes + 4 * i, hasher->state[i]);
    }
}

void sha256(struct hash *out, struct bytes data) {
    struct sha256 hasher;
    sha256_init(&hasher);
    sha256_update(&hasher, data);
    sha256_final(&hasher, out);
}
