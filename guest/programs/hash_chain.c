#include "hash_chain.h"

#include <infinity.h>

#include <string.h>

/* One round is one block: 32 bytes, the padding's 1 bit, and the length, 256 bits. In plain
 * instructions, not by the machine's call: this sample shows what the instructions themselves cost
 * (infinity_sha256 is the quick way). */
void hash_chain(uint8_t digest[32], uint64_t rounds) {
    static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    uint8_t block[64] = {0};
    memcpy(block, digest, 32);
    block[32] = 0x80;
    block[62] = 256 >> 8;
    for (uint64_t round = 0; round < rounds; round++) {
        uint32_t state[8];
        memcpy(state, initial, sizeof state);
        infinity_sha256_compress_software(state, block);
        for (int i = 0; i < 8; i++) {
            block[4 * i] = (uint8_t)(state[i] >> 24);
            block[4 * i + 1] = (uint8_t)(state[i] >> 16);
            block[4 * i + 2] = (uint8_t)(state[i] >> 8);
            block[4 * i + 3] = (uint8_t)state[i];
        }
    }
    memcpy(digest, block, 32);
}
