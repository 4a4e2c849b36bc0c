/* checked: sums and products of numbers from outside; false means that the true result does not fit.
 *
 * On false *out holds the wrapped result and must not be used. Pure.
 */
#ifndef BASE_CHECKED_H
#define BASE_CHECKED_H

#include "base/compiler.h"

#include <stdbool.h>

MUST_USE static inline bool add_u64(uint64_t *out, uint64_t a, uint64_t b) {
    return !__builtin_add_overflow(a, b, out);
}

MUST_USE static inline bool sub_u64(uint64_t *out, uint64_t a, uint64_t b) {
    return !__builtin_sub_overflow(a, b, out);
}

MUST_USE static inline bool mul_u64(uint64_t *out, uint64_t a, uint64_t b) {
    return !__builtin_mul_overflow(a, b, out);
}

MUST_USE static inline bool add_size(size_t *out, size_t a, size_t b) {
    return !__builtin_add_overflow(a, b, out);
}

MUST_USE static inline bool mul_size(size_t *out, size_t a, size_t b) {
    return !__builtin_mul_overflow(a, b, out);
}

static inline uint64_t min_u64(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b) {
    return a > b ? a : b;
}

#endif
