/* hash_chain: SHA-256 applied again and again. */
#ifndef HASH_CHAIN_H
#define HASH_CHAIN_H

#include <stdint.h>

/* digest = SHA-256 of digest, rounds times. */
void hash_chain(uint8_t digest[32], uint64_t rounds);

#endif
