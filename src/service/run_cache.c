#include "service/run_cache.h"

#include <stdlib.h>

void run_cache_init(struct run_cache *cache, size_t capacity) {
    *cache = (struct run_cache){.capacity = capacity};
    cache->entries = calloc(capacity, sizeof *cache->entries);
    ASSERT(cache->entries != NULL && "out of memory");
}

void run_cache_destroy(struct run_cache *cache) {
    for (size_t i = 0; cache->entries != NULL && i < cache->capacity; i++) {
        free(cache->entries[i].output);
    }
    free(cache->entries);
    *cache = (struct run_cache){0};
}

void run_cache_put(
    struct run_cache *cache, const struct hash *key, const struct job_run_result *run
) {
    struct run_cache_entry *entry = &cache->entries[cache->next];
    cache->next = (cache->next + 1) % cache->capacity;
    free(entry->output);
    *entry = (struct run_cache_entry){.key = *key, .used = true, .run = *run};
    if (run->output.len == 0) return;
    entry->output = malloc(run->output.len);
    ASSERT(entry->output != NULL && "out of memory");
    memcpy(entry->output, run->output.data, run->output.len);
    entry->run.output.data = entry->output;
}

bool run_cache_get(
    const struct run_cache *cache,
    struct arena *arena,
    struct job_run_result *out,
    const struct hash *key
) {
    for (size_t i = 0; i < cache->capacity; i++) {
        const struct run_cache_entry *entry = &cache->entries[i];
        if (!entry->used || !hash_equal(&entry->key, key)) continue;
        *out = entry->run;
        out->output = arena_copy(arena, entry->run.output);
        return true;
    }
    return false;
}
