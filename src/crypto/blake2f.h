/* blake2f: the compression function F of BLAKE2b, precompile 0x09.
 *
 * Spec: EIP-152, RFC 7693 3.2. Pure; allocates nothing.
 */
#ifndef CRYPTO_BLAKE2F_H
#define CRYPTO_BLAKE2F_H

#include "base/bytes.h"

#define BLAKE2F_INPUT_SIZE  ((size_t)213)
#define BLAKE2F_OUTPUT_SIZE ((size_t)64)

/* state: the eight words h; message: the block's sixteen words; offset: the two counter words. */
void blake2f_compress(
    uint64_t state[8],
    const uint64_t message[16],
    const uint64_t offset[2],
    bool is_final,
    uint32_t rounds
);

/* The same word by word, as the RFC writes it: what the tests believe, and the path taken where the
 * processor has no AVX2. */
void blake2f_compress_plain(
    uint64_t state[8],
    const uint64_t message[16],
    const uint64_t offset[2],
    bool is_final,
    uint32_t rounds
);

enum blake2f_verdict {
    BLAKE2F_VALID = 0,
    BLAKE2F_BAD_LENGTH,     /* not BLAKE2F_INPUT_SIZE bytes */
    BLAKE2F_BAD_FINAL_FLAG, /* neither 0 nor 1 */
};

/* The precompile's encoding: rounds (big-endian), h, m, t (little-endian), final flag. It runs as
 * many rounds as the input's first four bytes say, up to 2^32 - 1: the caller has charged for
 * them. */
MUST_USE enum blake2f_verdict blake2f(uint8_t out[BLAKE2F_OUTPUT_SIZE], struct bytes input);

#endif
