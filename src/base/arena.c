#include "base/arena.h"

#include "base/checked.h"

enum {
    CHUNK_SIZE = 64 * 1024, /* smallest chunk taken from the source */
    CHUNK_ALIGN = 64,
};

struct arena_chunk {
    struct arena_chunk *older;
    uint8_t *end;
    size_t size;
    /* Where the older chunk's allocations ended, so that a rewind can go on there. */
    uint8_t *older_next;
};

void arena_init(struct arena *arena, const struct arena_source *source) {
    *arena = (struct arena){.source = source};
}

static void drop_newest(struct arena *arena) {
    struct arena_chunk *chunk = arena->chunk;
    arena->chunk = chunk->older;
    arena->next = chunk->older_next;
    arena->end = chunk->older == NULL ? NULL : chunk->older->end;
    if (arena->source->put != NULL) arena->source->put(arena->source->ctx, chunk, chunk->size);
}

void arena_reset(struct arena *arena) {
    while (arena->chunk != NULL) {
        drop_newest(arena);
    }
}

static void add_chunk(struct arena *arena, size_t size, size_t align) {
    size_t need;
    ASSERT(add_size(&need, size, sizeof(struct arena_chunk) + align));
    /* Chunks double, so a large arena is a few chunks and not thousands. */
    size_t chunk_size = arena->chunk == NULL ? CHUNK_SIZE : arena->chunk->size * 2;
    if (chunk_size < need) chunk_size = need;

    struct arena_chunk *chunk = arena->source->get(arena->source->ctx, chunk_size);
    ASSERT(chunk != NULL && "out of memory");
    *chunk = (struct arena_chunk){
        .older = arena->chunk,
        .end = (uint8_t *)chunk + chunk_size,
        .size = chunk_size,
        .older_next = arena->next,
    };
    arena->chunk = chunk;
    arena->next = (uint8_t *)(chunk + 1);
    arena->end = chunk->end;
}

// NOLINTNEXTLINE(readability-non-const-parameter): what it answers is written to
static uint8_t *align_up(uint8_t *p, size_t align) {
    return (uint8_t *)(((uintptr_t)p + align - 1) & ~(uintptr_t)(align - 1));
}

void *arena_alloc_raw(struct arena *arena, size_t size, size_t align) {
    ASSERT(align != 0 && (align & (align - 1)) == 0 && align <= CHUNK_ALIGN);

    uint8_t *start = align_up(arena->next, align);
    if (arena->chunk == NULL || start > arena->end || size > (size_t)(arena->end - start)) {
        add_chunk(arena, size, align);
        start = align_up(arena->next, align);
    }
    arena->next = start + size;
    return start;
}

void *arena_alloc(struct arena *arena, size_t size, size_t align) {
    void *memory = arena_alloc_raw(arena, size, align);
    return memset(memory, 0, size);
}

void *arena_array(struct arena *arena, size_t size, size_t align, size_t count) {
    size_t total;
    ASSERT(mul_size(&total, size, count));
    return arena_alloc(arena, total, align);
}

struct bytes arena_copy(struct arena *arena, struct bytes data) {
    if (data.len == 0) return (struct bytes){NULL, 0};
    uint8_t *copy = arena_alloc_raw(arena, data.len, 1);
    memcpy(copy, data.data, data.len);
    return (struct bytes){copy, data.len};
}

struct arena_mark arena_mark(const struct arena *arena) {
    return (struct arena_mark){arena->next, arena->chunk};
}

void arena_rewind(struct arena *arena, struct arena_mark mark) {
    while (arena->chunk != mark.chunk) {
        drop_newest(arena);
    }
    arena->next = mark.next;
}
