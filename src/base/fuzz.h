/* fuzz: what every libFuzzer program needs: assert_fail that crashes, test_heap, and the entry
 * point's shape. */
#ifndef BASE_FUZZ_H
#define BASE_FUZZ_H

#include "base/test_heap.h"

#include <stdio.h>
#include <stdlib.h>

NORETURN void assert_fail(const char *condition, const char *file, int line) {
    (void)fprintf(stderr, "%s:%d: ASSERT(%s)\n", file, line, condition);
    abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
