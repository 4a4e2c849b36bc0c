/* machine_call: how infinity_hash.c and infinity_curves.c make the machine's calls. Not for programs,
 * which include infinity.h.
 *
 * docs/MACHINE.md, ecalls. Under Linux the kernel answers -ENOSYS to a number that it does not know, and
 * a host build has no ecall at all: NOT_IMPLEMENTED then, with nothing done.
 */
#ifndef MACHINE_CALL_H
#define MACHINE_CALL_H

#include <stddef.h>
#include <stdint.h>

enum { NOT_IMPLEMENTED = -38 };

__extension__ typedef unsigned __int128 wide;

#ifdef __riscv
static inline long call(long number, void *a, const void *b, const void *c) {
    register long a7 __asm__("a7") = number;
    register void *a0 __asm__("a0") = a;
    register const void *a1 __asm__("a1") = b;
    register const void *a2 __asm__("a2") = c;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return (long)a0;
}
#else
static inline long call(long number, void *a, const void *b, const void *c) {
    (void)number;
    (void)a;
    (void)b;
    (void)c;
    return NOT_IMPLEMENTED;
}
#endif

#endif
