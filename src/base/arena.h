/* arena: memory that goes all at once.
 *
 * An arena hands out memory from chunks that it takes from a source and gives them back together:
 * there are no frees to pair. What lives as long as a request, a block or a call uses the arena of
 * that request, block or call. Running out of memory stops the program (assert_fail), so no caller
 * checks for NULL; every size that an outsider controls has met a named limit before it gets here.
 *
 * Pure: the source is handed in (world/heap.h on the host, a fixed range in the guest).
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/bytes.h"

/* Where chunks come from. get answers NULL when there is no more; put takes back what get gave,
 * and may be NULL where nothing is ever given back. */
struct arena_source {
    void *(*get)(void *ctx, size_t size);
    void (*put)(void *ctx, void *memory, size_t size);
    void *ctx;
};

struct arena_chunk; /* header at the start of each chunk */

struct arena {
    uint8_t *next; /* first free byte of the newest chunk */
    uint8_t *end;
    struct arena_chunk *chunk; /* newest chunk, NULL at first */
    const struct arena_source *source;
};

struct arena_mark {
    uint8_t *next;
    struct arena_chunk *chunk;
};

/* An empty arena; nothing is taken from source before the first allocation. source outlives it. */
void arena_init(struct arena *arena, const struct arena_source *source);

/* Gives every chunk back. The arena is empty and may be used again. */
void arena_reset(struct arena *arena);

/* size bytes aligned to align (a power of two up to 64): zeroed, and not. size 0 is allowed. */
void *arena_alloc(struct arena *arena, size_t size, size_t align);
void *arena_alloc_raw(struct arena *arena, size_t size, size_t align);

/* A copy of data that lives as long as the arena. */
struct bytes arena_copy(struct arena *arena, struct bytes data);

/* Everything allocated after the mark goes; marks nest like a stack. */
struct arena_mark arena_mark(const struct arena *arena);
void arena_rewind(struct arena *arena, struct arena_mark mark);

#define ARENA_NEW(arena, type) ((type *)arena_alloc((arena), sizeof(type), _Alignof(type)))
#define ARENA_ARRAY(arena, type, count) \
    ((type *)arena_array((arena), sizeof(type), _Alignof(type), (count)))

/* Zeroed room for count things of size bytes; asserts that the product does not overflow. */
void *arena_array(struct arena *arena, size_t size, size_t align, size_t count);

#endif
