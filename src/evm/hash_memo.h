/* hash_memo: keccak-256 of 64 bytes, remembered.
 *
 * Solidity finds mapping[key] at keccak256(key . slot), so contracts hash the same few pairs again and
 * again. A permutation takes far longer than comparing 64 bytes. keccak.h is the plain twin. Pure; the
 * owner gives the memory, all zero at first.
 */
#ifndef EVM_HASH_MEMO_H
#define EVM_HASH_MEMO_H

#include "base/u256.h"

enum { HASH_MEMO_INPUT_WORDS = 8, HASH_MEMO_PLACES = 512 };

#define HASH_MEMO_INPUT_SIZE ((size_t)8 * HASH_MEMO_INPUT_WORDS)

struct hash_memo {
    struct hash_memo_entry {
        uint64_t input[HASH_MEMO_INPUT_WORDS];
        struct u256 hash; /* zero, which nobody has found an input of: free */
    } places[HASH_MEMO_PLACES];
    bool used; /* some place is not free */
};

void hash_memo_clear(struct hash_memo *memo);

/* *out = keccak256 of the 64 bytes at input, as a word. */
void hash_memo_keccak256(struct hash_memo *memo, struct u256 *out, const uint8_t *input);

#endif
