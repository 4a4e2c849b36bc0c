/* sha256: the hash of the precompile, of blob commitments and of the consensus layer.
 *
 * Spec: FIPS 180-4. Pure; allocates nothing. Constant time in data (not in its length).
 */
#ifndef CRYPTO_SHA256_H
#define CRYPTO_SHA256_H

#include "base/bytes.h"

#define SHA256_BLOCK_SIZE ((size_t)64)

/* The compression function, in place: one block into the eight words of state. */
void sha256_compress(uint32_t state[8], const uint8_t block[SHA256_BLOCK_SIZE]);

/* The whole hash at once. out may lie inside data. */
void sha256(struct hash *out, struct bytes data);

/* The same piece by piece: init, any number of updates, final once. A copy of the struct is a
 * fork of the hash. */
struct sha256 {
    uint32_t state[8];
    uint64_t len; /* bytes so far; len % 64 of them stand in block */
    uint8_t block[SHA256_BLOCK_SIZE];
};

void sha256_init(struct sha256 *hasher);
void sha256_update(struct sha256 *hasher, struct bytes data);
void sha256_final(struct sha256 *hasher, struct hash *out);

/* The compression as the standard writes it: what the tests believe, and the path taken where the
 * processor has no SHA instructions. */
void sha256_compress_plain(uint32_t state[8], const uint8_t block[SHA256_BLOCK_SIZE]);

#endif
