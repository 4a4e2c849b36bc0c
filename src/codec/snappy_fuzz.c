/* Framed data that decodes is within the limit, and no input is read or written past its end. */
#include "codec/snappy.h"

#include "base/fuzz.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    enum { LIMIT = 1 << 18 };
    static uint8_t block[LIMIT];
    struct arena arena;
    struct bytes out;
    size_t len;
    arena_init(&arena, &test_heap);
    if (snappy_decode_framed(&arena, &out, bytes_from(data, size), LIMIT) == SNAPPY_VALID) {
        ASSERT(out.len <= LIMIT);
    } else {
        ASSERT(out.len == 0);
    }
    if (snappy_decode_block(block, sizeof block, &len, bytes_from(data, size)) != SNAPPY_VALID) {
        ASSERT(len == 0);
    }
    arena_reset(&arena);
    return 0;
}
