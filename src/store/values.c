#include "store/values.h"

#include "store/index.h"

#include <stdlib.h>

/* An account's value: head, nonce, code hash, storage root, balance. */
enum { VALUE_SIZE_MAX = 1 + 8 + 32 + 32 + 32 };

struct cached_value {
    uint64_t generation; /* of the cache, when this was set */
    struct state_key key;
    uint8_t len;
    uint8_t value[VALUE_SIZE_MAX];
};

/* Each key has one place. */
struct value_cache {
    uint64_t generation;
    struct cached_value values[VALUE_CACHE_COUNT];
};

struct value_cache *value_cache_create(void) {
    struct value_cache *cache = calloc(1, sizeof *cache);
    ASSERT(cache != NULL);
    cache->generation = 1;
    return cache;
}

void value_cache_destroy(struct value_cache *cache) {
    free(cache);
}

void value_cache_clear(struct value_cache *cache) {
    cache->generation++;
}

static size_t place(const struct state_key *key) {
    return (size_t)(index_mark_state(key) % VALUE_CACHE_COUNT);
}

static bool same_key(const struct state_key *a, const struct state_key *b) {
    return a->is_slot == b->is_slot && hash_equal(&a->account, &b->account) &&
        (!a->is_slot || hash_equal(&a->slot, &b->slot));
}

bool value_cache_get(
    const struct value_cache *cache, struct bytes *value, const struct state_key *key
) {
    const struct cached_value *cached = &cache->values[place(key)];
    if (cached->generation != cache->generation || !same_key(&cached->key, key)) return false;
    *value = bytes_from(cached->value, cached->len);
    return true;
}

void value_cache_set(struct value_cache *cache, const struct state_key *key, struct bytes value) {
    struct cached_value *cached = &cache->values[place(key)];
    ASSERT(value.len <= sizeof cached->value);
    cached->generation = cache->generation;
    cached->key = *key;
    cached->len = (uint8_t)value.len;
    if (value.len != 0) memmove(cached->value, value.data, value.len);
}
