#include "world/heap.h"

#include <stdlib.h>

static void *heap_get(void *ctx, size_t size) {
    (void)ctx;
    return malloc(size);
}

static void heap_put(void *ctx, void *memory, size_t size) {
    (void)ctx;
    (void)size;
    free(memory);
}

const struct arena_source heap_source = {heap_get, heap_put, NULL};
