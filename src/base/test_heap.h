/* test_heap: malloc as an arena's source, for tests, fuzzers and benches. Leaks show under the address
 * sanitizer. */
#ifndef BASE_TEST_HEAP_H
#define BASE_TEST_HEAP_H

#include "base/arena.h"

#include <stdlib.h>

static inline void *test_heap_get(void *ctx, size_t size) {
    (void)ctx;
    return malloc(size);
}

static inline void test_heap_put(void *ctx, void *memory, size_t size) {
    (void)ctx;
    (void)size;
    free(memory);
}

static const struct arena_source test_heap
    __attribute__((unused)) = {test_heap_get, test_heap_put, NULL};

#endif
