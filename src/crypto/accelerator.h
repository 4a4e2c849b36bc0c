/* accelerator: the machine's own calls for hashes and arithmetic, for the modules of crypto.
 *
 * docs/MACHINE.md, ecalls. Each function answers whether the call was made. It is false on every
 * host, where all of this compiles to nothing, and under qemu-riscv64, where the kernel answers
 * -ENOSYS to a number that it does not know; the caller then computes by itself.
 */
#ifndef CRYPTO_ACCELERATOR_H
#define CRYPTO_ACCELERATOR_H

#include "base/u256.h"

enum accelerator {
    ACCELERATOR_KECCAKF = 0x5001,
    ACCELERATOR_SHA256_COMPRESS = 0x5002,
    ACCELERATOR_MULMOD256 = 0x5003,
    ACCELERATOR_SECP256K1_ADD = 0x5010,
    ACCELERATOR_SECP256K1_DOUBLE = 0x5011,
    ACCELERATOR_P256_ADD = 0x5012,
    ACCELERATOR_P256_DOUBLE = 0x5013,
};

/* Whether this is compiled for the machine. */
#if defined(__riscv) && !__STDC_HOSTED__
enum { ACCELERATORS = 1 };

ALWAYS_INLINE bool accelerator_call(
    enum accelerator number, void *in_place, const void *second, const void *third
) {
    const long not_implemented = -38;
    register long a7 __asm__("a7") = (long)number;
    register void *a0 __asm__("a0") = in_place;
    register const void *a1 __asm__("a1") = second;
    register const void *a2 __asm__("a2") = third;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return (long)a0 != not_implemented;
}

#else
enum { ACCELERATORS = 0 };

ALWAYS_INLINE bool accelerator_call(
    enum accelerator number, void *in_place, const void *second, const void *third
) {
    (void)number;
    (void)in_place;
    (void)second;
    (void)third;
    return false;
}

#endif

/* *out = a * b mod m, m not 0; out may be a or b. */
ALWAYS_INLINE void accelerator_mulmod(
    struct u256 *out, const struct u256 *a, const struct u256 *b, const struct u256 *m
) {
    if (!ACCELERATORS) {
        u256_mulmod(out, a, b, m);
        return;
    }
    const struct u256 *other = b;
    if (out == b) {
        other = a;
    } else if (out != a) {
        *out = *a;
    }
    if (!accelerator_call(ACCELERATOR_MULMOD256, out, other, m)) u256_mulmod(out, out, other, m);
}

#endif
