#include "evm/code_cache.h"

#include "evm/opcodes.h"
#include "evm/stream.h"

void code_prepare(struct evm_code *out, uint8_t *memory, struct bytes code) {
    struct code_map *map = (struct code_map *)(void *)memory;
    const size_t map_size = code.len / 8 + 1;
    map->end = 0;
    memset(map->bits, 0, map_size);
    uint8_t *bytes = map->bits + map_size;
    if (code.len > 0) memcpy(bytes, code.data, code.len);
    memset(bytes + code.len, 0, CODE_PADDING);
    *out = (struct evm_code){bytes, code.len, map};
}

bool code_is_target_beyond(const struct evm_code *code, size_t at) {
    struct code_map *map = code->map;
    size_t i = map->end;
    if (at < i) return false;
    for (; i <= at; i++) {
        /* One comparison passes over most bytes: JUMPDEST and the PUSHes are the largest signed ones. */
        const int8_t opcode = (int8_t)code->bytes[i];
        if (opcode < OP_JUMPDEST) continue;
        if (opcode == OP_JUMPDEST) {
            map->bits[i / 8] |= (uint8_t)(1 << i % 8);
        } else if (opcode >= OP_PUSH1) {
            i += (size_t)(opcode - OP_PUSH1) + 1;
        }
    }
    map->end = i;
    return (map->bits[at / 8] >> at % 8 & 1) != 0;
}

void code_cache_init(struct code_cache *cache, const struct arena_source *source, size_t size_max) {
    *cache = (struct code_cache){.source = source, .size_max = size_max};
}

static struct code_entry **bucket_of(struct code_cache *cache, const struct hash *hash) {
    return &cache->buckets[load_le32(hash->bytes) % CODE_CACHE_BUCKETS];
}

static void drop_stream(struct code_cache *cache, struct code_entry *entry) {
    if (entry->stream == NULL) return;
    const size_t size = entry->stream->size;
    cache->size -= size;
    if (cache->source->put != NULL) cache->source->put(cache->source->ctx, entry->stream, size);
    entry->stream = NULL;
}

static void drop(struct code_cache *cache, struct code_entry *entry) {
    ASSERT(entry->pins == 0);
    struct code_entry **place = bucket_of(cache, &entry->hash);
    while (*place != entry) {
        place = &(*place)->next;
    }
    *place = entry->next;
    *(entry->newer != NULL ? &entry->newer->older : &cache->newest) = entry->older;
    *(entry->older != NULL ? &entry->older->newer : &cache->oldest) = entry->newer;
    drop_stream(cache, entry);
    cache->size -= entry->size;
    if (cache->source->put != NULL) cache->source->put(cache->source->ctx, entry, entry->size);
}

static void shrink(struct code_cache *cache) {
    struct code_entry *entry = cache->oldest;
    while (entry != NULL && cache->size > cache->size_max) {
        struct code_entry *newer = entry->newer;
        if (entry->pins == 0) drop(cache, entry);
        entry = newer;
    }
}

void code_cache_clear(struct code_cache *cache) {
    while (cache->oldest != NULL) {
        drop(cache, cache->oldest);
    }
}

struct code_entry *code_cache_pin(
    struct code_cache *cache, const struct hash *hash, struct bytes code
) {
    struct code_entry **bucket = bucket_of(cache, hash);
    for (struct code_entry *entry = *bucket; entry != NULL; entry = entry->next) {
        if (hash_equal(&entry->hash, hash)) {
            entry->pins++;
            return entry;
        }
    }
    const size_t size = sizeof(struct code_entry) + code_prepared_size(code.len);
    struct code_entry *entry = cache->source->get(cache->source->ctx, size);
    ASSERT(entry != NULL && "out of memory");
    *entry = (struct code_entry
    ){.hash = *hash, .pins = 1, .size = size, .next = *bucket, .older = cache->newest};
    code_prepare(&entry->code, (uint8_t *)(entry + 1), code);
    *bucket = entry;
    *(cache->newest != NULL ? &cache->newest->newer : &cache->oldest) = entry;
    cache->newest = entry;
    cache->size += size;
    if (cache->size > cache->size_max) shrink(cache);
    return entry;
}

void code_cache_release(struct code_cache *cache, struct code_entry *entry) {
    ASSERT(entry->pins > 0);
    entry->pins--;
    if (entry->pins == 0 && cache->size > cache->size_max) drop(cache, entry);
}

const struct evm_stream *code_cache_stream(
    struct code_cache *cache,
    struct code_entry *entry,
    const struct evm_rules *rules,
    struct arena *scratch
) {
    ASSERT(entry->pins > 0);
    if (entry->stream != NULL && entry->stream->rules == rules) return entry->stream;
    if (entry->undecodable) return NULL;
    drop_stream(cache, entry);
    entry->stream = stream_decode(cache->source, scratch, rules, &entry->code);
    entry->undecodable = entry->stream == NULL;
    if (entry->stream == NULL) return NULL;
    cache->size += entry->stream->size;
    if (cache->size > cache->size_max) shrink(cache);
    return entry->stream;
}
