/* infinity_hash: the machine's calls, each with the software that stands in for it where there is no
 * machine (see machine_call.h). */
#include "infinity.h"
#include "machine_call.h"

#include <string.h>

enum {
    CALL_KECCAKF = 0x5001,
    CALL_SHA256_COMPRESS = 0x5002,
    CALL_MULMOD256 = 0x5003,
    CALL_MULADD256 = 0x5004,

    KECCAK_RATE = 136,
    SHA256_BLOCK = 64,
};

static uint64_t rotate_left(uint64_t v, unsigned bits) {
    return bits == 0 ? v : v << bits | v >> (64 - bits);
}

/* FIPS 202, 3.2. The round constants come from the LFSR of 3.2.5, the rotations from 3.2.2. */
static void keccakf_software(uint64_t state[25]) {
    unsigned lfsr = 1;
    for (int round = 0; round < 24; round++) {
        uint64_t column[5];
        for (int x = 0; x < 5; x++) {
            column[x] = state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20];
        }
        for (int i = 0; i < 25; i++) {
            state[i] ^= column[(i + 4) % 5] ^ rotate_left(column[(i + 1) % 5], 1);
        }
        uint64_t moving = state[1];
        int x = 1, y = 0;
        for (unsigned t = 0; t < 24; t++) {
            const int next_y = (2 * x + 3 * y) % 5;
            x = y;
            y = next_y;
            const uint64_t replaced = state[x + 5 * y];
            state[x + 5 * y] = rotate_left(moving, (t + 1) * (t + 2) / 2 % 64);
            moving = replaced;
        }
        for (int row = 0; row < 25; row += 5) {
            uint64_t old[5];
            memcpy(old, state + row, sizeof old);
            for (int i = 0; i < 5; i++) {
                state[row + i] = old[i] ^ (~old[(i + 1) % 5] & old[(i + 2) % 5]);
            }
        }
        for (unsigned bit = 0; bit < 7; bit++) {
            if (lfsr & 1) state[0] ^= (uint64_t)1 << ((1u << bit) - 1);
            lfsr = lfsr & 0x80 ? lfsr << 1 ^ 0x171 : lfsr << 1;
        }
    }
}

void infinity_keccakf(uint64_t state[25]) {
    if (call(CALL_KECCAKF, state, NULL, NULL) == NOT_IMPLEMENTED) keccakf_software(state);
}

static uint32_t rotate_right(uint32_t v, unsigned bits) {
    return v >> bits | v << (32 - bits);
}

static uint32_t load_be32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store_be32(uint8_t *p, uint32_t v) {
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

/* FIPS 180-4, 4.2.2: fractional parts of the cube roots of the first 64 primes. */
static const uint32_t sha256_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

void infinity_sha256_compress_software(uint32_t state[8], const uint8_t block[64]) {
    uint32_t w[64];
    for (int t = 0; t < 16; t++) {
        w[t] = load_be32(block + 4 * t);
    }
    for (int t = 16; t < 64; t++) {
        const uint32_t near = w[t - 2], far = w[t - 15];
        w[t] = w[t - 16] + w[t - 7] + (rotate_right(far, 7) ^ rotate_right(far, 18) ^ far >> 3) +
            (rotate_right(near, 17) ^ rotate_right(near, 19) ^ near >> 10);
    }
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3];
    uint32_t e = state[4], f = state[5], g = state[6], h = state[7];
    for (int t = 0; t < 64; t++) {
        const uint32_t sum1 = rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25);
        const uint32_t sum0 = rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22);
        const uint32_t t1 = h + sum1 + ((e & f) ^ (~e & g)) + sha256_constants[t] + w[t];
        const uint32_t t2 = sum0 + ((a & b) ^ (a & c) ^ (b & c));
        h = g;
        g = f;
        f = e;
        e = d + t1;
        d = c;
        c = b;
        b = a;
        a = t1 + t2;
    }
    const uint32_t added[8] = {a, b, c, d, e, f, g, h};
    for (int i = 0; i < 8; i++) {
        state[i] += added[i];
    }
}

void infinity_sha256_compress(uint32_t state[8], const uint8_t block[64]) {
    if (call(CALL_SHA256_COMPRESS, state, block, NULL) == NOT_IMPLEMENTED) {
        infinity_sha256_compress_software(state, block);
    }
}

static void multiply_add(uint64_t out[8], const uint64_t x[4], const uint64_t y[4]) {
    for (int i = 0; i < 4; i++) {
        uint64_t carry = 0;
        for (int j = 0; j < 4; j++) {
            const wide sum = (wide)x[i] * y[j] + out[i + j] + carry;
            out[i + j] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
        for (int k = i + 4; k < 8 && carry != 0; k++) {
            const wide sum = (wide)out[k] + carry;
            out[k] = (uint64_t)sum;
            carry = (uint64_t)(sum >> 64);
        }
    }
}

/* out = 2 out + bit mod m, out < m. */
static void double_add_mod(uint64_t out[4], uint64_t bit, const uint64_t m[4]) {
    uint64_t carry = bit;
    for (int i = 0; i < 4; i++) {
        const uint64_t top = out[i] >> 63;
        out[i] = out[i] << 1 | carry;
        carry = top;
    }
    uint64_t less[4], borrow = 0;
    for (int i = 0; i < 4; i++) {
        const wide difference = (wide)out[i] - m[i] - borrow;
        less[i] = (uint64_t)difference;
        borrow = (uint64_t)(difference >> 64) & 1;
    }
    if (carry || !borrow) memcpy(out, less, sizeof less);
}

void infinity_mulmod256(uint64_t x[4], const uint64_t y[4], const uint64_t m[4]) {
    if (call(CALL_MULMOD256, x, y, m) != NOT_IMPLEMENTED) return;
    uint64_t product[8] = {0};
    multiply_add(product, x, y);
    if ((m[0] | m[1] | m[2] | m[3]) == 0) {
        memcpy(x, product, 4 * sizeof x[0]);
        return;
    }
    uint64_t rest[4] = {0};
    for (int bit = 511; bit >= 0; bit--) {
        double_add_mod(rest, product[bit / 64] >> (bit % 64) & 1, m);
    }
    memcpy(x, rest, sizeof rest);
}

void infinity_muladd256(uint64_t xz[8], const uint64_t y[4]) {
    if (call(CALL_MULADD256, xz, y, NULL) != NOT_IMPLEMENTED) return;
    uint64_t sum[8] = {xz[4], xz[5], xz[6], xz[7], 0, 0, 0, 0};
    multiply_add(sum, xz, y);
    memcpy(xz, sum, sizeof sum);
}

void infinity_keccak_start(struct infinity_keccak *hasher) {
    memset(hasher, 0, sizeof *hasher);
}

static void add_byte(struct infinity_keccak *hasher, size_t at, uint8_t byte) {
    hasher->state[at / 8] ^= (uint64_t)byte << (8 * (at % 8));
}

void infinity_keccak_add(struct infinity_keccak *hasher, const void *data, size_t size) {
    const uint8_t *p = data;
    while (size > 0) {
        if (hasher->filled % 8 == 0 && size >= 8) {
            uint64_t lane;
            memcpy(&lane, p, sizeof lane);
            hasher->state[hasher->filled / 8] ^= lane;
            hasher->filled += sizeof lane;
            p += sizeof lane;
            size -= sizeof lane;
        } else {
            add_byte(hasher, hasher->filled++, *p++);
            size--;
        }
        if (hasher->filled == KECCAK_RATE) {
            infinity_keccakf(hasher->state);
            hasher->filled = 0;
        }
    }
}

void infinity_keccak_finish(struct infinity_keccak *hasher, uint8_t out[32]) {
    add_byte(hasher, hasher->filled, 0x01);
    add_byte(hasher, KECCAK_RATE - 1, 0x80);
    infinity_keccakf(hasher->state);
    memcpy(out, hasher->state, 32);
}

void infinity_keccak256(uint8_t out[32], const void *data, size_t size) {
    struct infinity_keccak hasher;
    infinity_keccak_start(&hasher);
    infinity_keccak_add(&hasher, data, size);
    infinity_keccak_finish(&hasher, out);
}

void infinity_sha256(uint8_t out[32], const void *data, size_t size) {
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const uint64_t bits = (uint64_t)size * 8;
    const uint8_t *p = data;
    uint32_t block[SHA256_BLOCK / 4]; /* of words, so that it is aligned as the call wants */
    for (; size >= SHA256_BLOCK; p += SHA256_BLOCK, size -= SHA256_BLOCK) {
        memcpy(block, p, SHA256_BLOCK);
        infinity_sha256_compress(state, (const uint8_t *)block);
    }
    uint8_t *last = (uint8_t *)block;
    memset(last, 0, SHA256_BLOCK);
    if (size > 0) memcpy(last, p, size);
    last[size] = 0x80;
    if (size >= SHA256_BLOCK - 8) {
        infinity_sha256_compress(state, last);
        memset(last, 0, SHA256_BLOCK);
    }
    store_be32(last + 56, (uint32_t)(bits >> 32));
    store_be32(last + 60, (uint32_t)bits);
    infinity_sha256_compress(state, last);
    for (int i = 0; i < 8; i++) {
        store_be32(out + 4 * i, state[i]);
    }
}
