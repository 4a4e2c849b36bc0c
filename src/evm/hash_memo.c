#include "evm/hash_memo.h"

#include "crypto/keccak.h"

/* Whoever chooses inputs that meet in one place gains nothing: they are hashed as without a memo. */
static size_t place_of(const uint64_t input[HASH_MEMO_INPUT_WORDS]) {
    const uint64_t key = input[0] ^ input[1] ^ input[2] ^ input[3];
    const uint64_t slot = input[4] + input[5] + input[6] + input[7];
    const uint128 product =
        (uint128)(key ^ UINT64_C(0x9e3779b97f4a7c15)) * (slot ^ UINT64_C(0xe7037ed1a0b428db));
    return (size_t)((uint64_t)product ^ (uint64_t)(product >> 64)) % HASH_MEMO_PLACES;
}

void hash_memo_clear(struct hash_memo *memo) {
    if (memo->used) memset(memo, 0, sizeof *memo);
}

void hash_memo_keccak256(struct hash_memo *memo, struct u256 *out, const uint8_t *input) {
    uint64_t words[HASH_MEMO_INPUT_WORDS];
    memcpy(words, input, sizeof words);
    struct hash_memo_entry *entry = &memo->places[place_of(words)];
    uint64_t difference = 0;
    for (size_t i = 0; i < HASH_MEMO_INPUT_WORDS; i++) {
        difference |= words[i] ^ entry->input[i];
    }
    if (difference != 0 || u256_is_zero(&entry->hash)) {
        struct hash hash;
        keccak256(&hash, bytes_from(input, HASH_MEMO_INPUT_SIZE));
        memcpy(entry->input, words, sizeof words);
        entry->hash = u256_from_be(hash.bytes);
        memo->used = true;
    }
    *out = entry->hash;
}
