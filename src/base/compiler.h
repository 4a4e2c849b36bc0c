/* compiler: the few attributes and macros that every module uses.
 *
 * Pure. C17 as gcc 12 and clang 14 read it.
 */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#include <stddef.h>
#include <stdint.h>

#define MUST_USE      __attribute__((warn_unused_result))
#define NORETURN      __attribute__((noreturn))
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#define NO_INLINE     __attribute__((noinline))
#define LIKELY(x)     __builtin_expect(!!(x), 1)
#define UNLIKELY(x)   __builtin_expect(!!(x), 0)
#define ARRAY_LEN(a)  (sizeof(a) / sizeof((a)[0]))

/* Whether the address sanitizer is on: it takes terabytes of address space for itself. */
#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER 1
#endif
#endif
#if !defined(ADDRESS_SANITIZER)
#define ADDRESS_SANITIZER 0
#endif

/* 128-bit arithmetic for products and carries; __extension__ keeps -Wpedantic quiet about it. */
__extension__ typedef unsigned __int128 uint128;
__extension__ typedef __int128 int128;

#endif
