#include "service/program_cache.h"

#include <stdlib.h>

void program_cache_init(
    struct program_cache *cache, const struct arena_source *source, size_t kept
) {
    *cache = (struct program_cache){.source = source, .kept = kept};
}

static void drop(struct program_cache_entry *entry) {
    arena_reset(&entry->arena);
    free(entry);
}

void program_cache_destroy(struct program_cache *cache) {
    for (size_t i = 0; i < cache->count; i++) {
        drop(cache->entries[i]);
    }
    free(cache->entries);
    cache->entries = NULL;
    cache->count = 0;
}

/* Makes room: the program that was not used for longest goes, if nobody runs it. */
static void evict(struct program_cache *cache) {
    while (cache->count >= cache->kept) {
        size_t oldest = cache->count;
        for (size_t i = 0; i < cache->count; i++) {
            if (cache->entries[i]->users > 0) continue;
            if (oldest == cache->count ||
                cache->entries[i]->used_at < cache->entries[oldest]->used_at) {
                oldest = i;
            }
        }
        if (oldest == cache->count) return;
        drop(cache->entries[oldest]);
        cache->entries[oldest] = cache->entries[--cache->count];
    }
}

static void insert(struct program_cache *cache, struct program_cache_entry *entry) {
    evict(cache);
    if (cache->count == cache->room) {
        const size_t room = cache->room == 0 ? 16 : cache->room * 2;
        struct program_cache_entry **grown = realloc(cache->entries, room * sizeof *grown);
        ASSERT(grown != NULL && "out of memory");
        cache->entries = grown;
        cache->room = room;
    }
    cache->entries[cache->count++] = entry;
}

struct status program_cache_take(
    struct program_cache *cache,
    bool *found,
    struct program_cache_entry **out,
    struct job_book *book,
    const struct hash *id
) {
    for (size_t i = 0; i < cache->count; i++) {
        struct program_cache_entry *entry = cache->entries[i];
        if (!hash_equal(&entry->id, id)) continue;
        entry->users++;
        entry->used_at = ++cache->clock;
        *found = true;
        *out = entry;
        return status_ok;
    }

    struct program_cache_entry *entry = calloc(1, sizeof *entry);
    if (entry == NULL) return status_make(STATUS_NO_SPACE, 0, "loading a program");
    struct bytes image;
    arena_init(&entry->arena, cache->source);
    const struct status status = job_book_image(book, &entry->arena, found, &image, id);
    if (failed(status) || !*found) {
        drop(entry);
        return status;
    }
    const enum elf_verdict verdict = machine_program_load(&entry->program, &entry->arena, image);
    ASSERT(verdict == ELF_VALID); /* only valid images are registered */
    entry->id = *id;
    entry->users = 1;
    entry->used_at = ++cache->clock;
    insert(cache, entry);
    *out = entry;
    return status_ok;
}

void program_cache_release(struct program_cache *cache, struct program_cache_entry *entry) {
    ASSERT(entry->users > 0);
    (void)cache;
    entry->users--;
}
