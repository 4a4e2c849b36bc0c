/* keccak: the hash of Ethereum, and the permutation below it.
 *
 * Spec: Keccak-256 is the Keccak submission of 2011 (rate 136 bytes, padding 0x01 … 0x80), not
 * SHA3-256 of FIPS 202, whose padding differs; the permutation Keccak-f[1600] is the same.
 * Pure; allocates nothing. Constant time in data (not in its length).
 */
#ifndef CRYPTO_KECCAK_H
#define CRYPTO_KECCAK_H

#include "base/bytes.h"

#define KECCAK256_RATE ((size_t)136) /* bytes absorbed by one permutation */

/* keccak256 of no bytes: the code hash of an account without code. */
extern const struct hash keccak256_of_empty;

/* What iota adds in each of the 24 rounds (FIPS 202, 3.2.5). */
extern const uint64_t keccakf1600_round_constants[24];

/* The permutation, in place. Lane x + 5 * y is the spec's A[x, y]. */
void keccakf1600(uint64_t state[25]);

/* The whole hash at once. out may lie inside data. */
void keccak256(struct hash *out, struct bytes data);

/* The same piece by piece: init, any number of updates, final once. A copy of the struct is a
 * fork of the hash. */
struct keccak256 {
    uint64_t state[25];
    size_t absorbed; /* bytes of the block that is being filled, less than KECCAK256_RATE */
};

void keccak256_init(struct keccak256 *hasher);
void keccak256_update(struct keccak256 *hasher, struct bytes data);
void keccak256_final(struct keccak256 *hasher, struct hash *out);

/* The permutation as the specification writes it: slow, and what the tests believe. */
void keccakf1600_plain(uint64_t state[25]);

/* The portable path that keccakf1600 takes where the processor has nothing better. */
void keccakf1600_portable(uint64_t state[25]);

#endif
