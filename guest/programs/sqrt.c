/* sqrt: the integer square root of a 256-bit number.
 *
 * On-chain input: abi.encode(uint256 number). Output: abi.encode(uint256 root).
 * Exit code 2: the input is not 32 bytes.
 */
#include "isqrt.h"

#include <infinity.h>

enum { EXIT_BAD_INPUT = 2 };

int main(void) {
    const struct infinity_span input = infinity_onchain_input();
    if (input.size != 32) return EXIT_BAD_INPUT;
    uint8_t root[32];
    isqrt(root, input.data);
    write_output(root, sizeof root);
    return 0;
}
