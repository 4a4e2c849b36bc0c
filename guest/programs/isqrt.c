#include "isqrt.h"

__extension__ typedef unsigned __int128 wide;

static wide load_be128(const uint8_t *p) {
    wide v = 0;
    for (int i = 0; i < 16; i++) {
        v = v << 8 | p[i];
    }
    return v;
}

/* Digit by digit, two bits of the number and one of the root at a time: the remainder stays below
 * 2 root + 1, and so fits in 130 bits; its two bits above the 128 of `rest` are in `over`. */
void isqrt(uint8_t root[32], const uint8_t number[32]) {
    const wide halves[2] = {load_be128(number), load_be128(number + 16)};
    wide rest = 0, answer = 0;
    for (int pair = 0; pair < 128; pair++) {
        const wide digits = halves[pair / 64] >> (126 - 2 * (pair % 64)) & 3;
        const unsigned over = (unsigned)(rest >> 126);
        rest = rest << 2 | digits;
        /* Try 4 answer + 1, whose bits above 128 are answer's top two. */
        const wide trial = answer << 2 | 1;
        const unsigned trial_over = (unsigned)(answer >> 126);
        answer <<= 1;
        if (over > trial_over || (over == trial_over && rest >= trial)) {
            rest -= trial;
            answer |= 1;
        }
    }
    for (int i = 0; i < 16; i++) {
        root[i] = 0;
        root[31 - i] = (uint8_t)(answer >> (8 * i));
    }
}
