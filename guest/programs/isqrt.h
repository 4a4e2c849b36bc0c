/* isqrt: the integer square root of a 256-bit number, 32 big-endian bytes to 32. */
#ifndef ISQRT_H
#define ISQRT_H

#include <stdint.h>

/* root = the largest r with r * r <= number; at most 2^128 - 1. */
void isqrt(uint8_t root[32], const uint8_t number[32]);

#endif
