/* sha256_chain: SHA-256 of SHA-256 of … a seed.
 *
 * On-chain input: abi.encode(bytes32 seed, uint256 rounds). Output: the last digest, 32 bytes
 * (the seed itself for 0 rounds).
 * Exit code 2: the input is not 64 bytes, or rounds is 2^64 or more.
 */
#include "hash_chain.h"

#include <infinity.h>

#include <string.h>

enum { EXIT_BAD_INPUT = 2 };

int main(void) {
    const struct infinity_span input = infinity_onchain_input();
    if (input.size != 64) return EXIT_BAD_INPUT;
    uint64_t rounds = 0;
    for (int i = 32; i < 64; i++) {
        if (rounds >> 56 != 0) return EXIT_BAD_INPUT;
        rounds = rounds << 8 | input.data[i];
    }
    uint8_t digest[32];
    memcpy(digest, input.data, sizeof digest);
    hash_chain(digest, rounds);
    write_output(digest, sizeof digest);
    return 0;
}
