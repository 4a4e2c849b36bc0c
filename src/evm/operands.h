/* operands: what instructions compute from their operands alone, for both loops.
 *
 * Pure; internal to the evm layer.
 */
#ifndef EVM_OPERANDS_H
#define EVM_OPERANDS_H

#include "base/u256.h"

static inline struct u256 word_of_bool(bool b) {
    return u256_from_u64(b);
}

/* A shift as an operand: everything from 256 on is the same. */
static inline unsigned shift_of(const struct u256 *word) {
    return u256_fits_u64(word) && word->limb[0] < 256 ? (unsigned)word->limb[0] : 256;
}

/* 32 bytes of calldata from offset on, zeros after its end. */
static inline struct u256 calldata_word(struct bytes input, const struct u256 *offset) {
    if (!u256_fits_u64(offset) || offset->limb[0] >= input.len) return U256_ZERO;
    const size_t start = (size_t)offset->limb[0];
    if (input.len - start >= 32) return u256_from_be(input.data + start);
    uint8_t padded[32] = {0};
    memcpy(padded, input.data + start, input.len - start);
    return u256_from_be(padded);
}

/* len bytes of push data, big-endian. */
static inline struct u256 push_word(const uint8_t *data, unsigned len) {
    struct u256 word = U256_ZERO;
    const unsigned full = len / 8, rest = len % 8;
    for (unsigned i = 0; i < full; i++) {
        word.limb[i] = load_be64(data + len - 8 * (i + 1));
    }
    if (rest != 0) {
        uint64_t limb = 0;
        for (unsigned i = 0; i < rest; i++) {
            limb = limb << 8 | data[i];
        }
        word.limb[full] = limb;
    }
    return word;
}

#endif
