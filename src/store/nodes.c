#include "store/nodes.h"

#include <stdlib.h>

enum {
    BUCKETS = NODE_CACHE_COUNT,
    NODE_KEY_MAX = 66,   /* owner, 32 bytes of path, its length */
    NODE_SIZE_MAX = 544, /* a branch of hashes has 532, a leaf at most 150 */
    ROOM_UNIT = 32,      /* a child more, or less */
    ROOM_KINDS = NODE_SIZE_MAX / ROOM_UNIT,
    SLAB_SIZE = 256 << 10,
    SLABS_MAX = 24,
};

struct cached_node {
    struct cached_node *next; /* in its bucket */
    uint8_t *node;            /* room_kind + 1 units of a slab */
    uint16_t node_len;        /* 0: there is no such node */
    uint8_t room_kind;
    uint8_t key_len;
    bool is_dirty;
    bool is_of_account_trie;
    uint8_t key[NODE_KEY_MAX];
};

/* Lies in the room itself. */
struct free_room {
    struct free_room *next;
};

/* Most nodes are far smaller than the largest, so each has the room that it needs. */
struct node_cache {
    struct cached_node *buckets[BUCKETS];
    struct cached_node *dirty[NODE_CACHE_COUNT];
    size_t dirty_count;
    size_t count;
    struct cached_node nodes[NODE_CACHE_COUNT];
    uint8_t *slabs[SLABS_MAX];
    size_t slab_count;
    size_t slab_at;                     /* the one that room is taken from */
    size_t slab_used;                   /* bytes of it */
    struct free_room *free[ROOM_KINDS]; /* given back, by kind */
};

struct node_cache *node_cache_create(void) {
    struct node_cache *cache = calloc(1, sizeof *cache);
    ASSERT(cache != NULL);
    return cache;
}

void node_cache_destroy(struct node_cache *cache) {
    if (cache == NULL) return;
    for (size_t i = 0; i < cache->slab_count; i++) {
        free(cache->slabs[i]);
    }
    free(cache);
}

void node_cache_clear(struct node_cache *cache) {
    if (cache->count == 0) return;
    memset(cache->buckets, 0, sizeof cache->buckets);
    memset(cache->free, 0, sizeof cache->free);
    cache->count = 0;
    cache->dirty_count = 0;
    cache->slab_at = 0;
    cache->slab_used = 0;
}

static enum table table_of(bool is_of_account_trie) {
    return is_of_account_trie ? TABLE_ACCOUNT_NODES : TABLE_SLOT_NODES;
}

static bool is_full(const struct node_cache *cache) {
    return cache->count == NODE_CACHE_COUNT || cache->slab_at == SLABS_MAX;
}

/* Room of a kind. A cache that is not full has some for a few nodes more. */
static uint8_t *take_room(struct node_cache *cache, size_t kind) {
    struct free_room *given = cache->free[kind];
    if (given != NULL) {
        cache->free[kind] = given->next;
        return (uint8_t *)given;
    }
    const size_t size = (kind + 1) * ROOM_UNIT;
    if (cache->slab_at == cache->slab_count) {
        cache->slabs[cache->slab_count] = malloc(SLAB_SIZE);
        ASSERT(cache->slabs[cache->slab_count] != NULL);
        cache->slab_count++;
    }
    uint8_t *room = cache->slabs[cache->slab_at] + cache->slab_used;
    cache->slab_used += size;
    if (SLAB_SIZE - cache->slab_used < NODE_SIZE_MAX) {
        cache->slab_at++;
        cache->slab_used = 0;
    }
    return room;
}

static void give_room(struct node_cache *cache, uint8_t *room, size_t kind) {
    struct free_room *given = (struct free_room *)(void *)room;
    given->next = cache->free[kind];
    cache->free[kind] = given;
}

static struct cached_node **find_bucket(
    struct node_cache *cache, bool is_of_account_trie, const struct key *key
) {
    uint64_t hash = (uint64_t)is_of_account_trie + key->len;
    size_t i = 0;
    for (; i + 8 <= key->len; i += 8) {
        hash = (hash ^ load_le64(key->bytes + i)) * UINT64_C(0x9e3779b97f4a7c15);
    }
    for (; i < key->len; i++) {
        hash = (hash ^ key->bytes[i]) * UINT64_C(0x100000001b3);
    }
    return &cache->buckets[(hash >> 40 ^ hash) % BUCKETS];
}

static struct cached_node *find(
    struct node_cache *cache, bool is_of_account_trie, const struct key *key
) {
    struct cached_node *node = *find_bucket(cache, is_of_account_trie, key);
    while (node != NULL &&
           (node->is_of_account_trie != is_of_account_trie || node->key_len != key->len ||
            memcmp(node->key, key->bytes, key->len) != 0)) {
        node = node->next;
    }
    return node;
}

static size_t kind_for(struct bytes rlp) {
    ASSERT(rlp.len <= NODE_SIZE_MAX);
    return rlp.len == 0 ? 0 : (rlp.len - 1) / ROOM_UNIT;
}

/* Adds a node that is not there yet to a cache that is not full. */
static struct cached_node *insert(
    struct node_cache *cache, bool is_of_account_trie, const struct key *key, struct bytes rlp
) {
    ASSERT(key->len <= NODE_KEY_MAX && !is_full(cache));
    struct cached_node **bucket = find_bucket(cache, is_of_account_trie, key);
    struct cached_node *node = &cache->nodes[cache->count++];
    const size_t kind = kind_for(rlp);
    *node = (struct cached_node){
        .next = *bucket,
        .node = take_room(cache, kind),
        .node_len = (uint16_t)rlp.len,
        .room_kind = (uint8_t)kind,
        .key_len = (uint8_t)key->len,
        .is_of_account_trie = is_of_account_trie,
    };
    memcpy(node->key, key->bytes, key->len);
    if (rlp.len != 0) memcpy(node->node, rlp.data, rlp.len);
    *bucket = node;
    return node;
}

/* rlp may be what the node is now. */
static void set(struct node_cache *cache, struct cached_node *node, struct bytes rlp) {
    const size_t kind = kind_for(rlp);
    if (kind != node->room_kind) {
        uint8_t *room = take_room(cache, kind);
        if (rlp.len != 0) memcpy(room, rlp.data, rlp.len);
        give_room(cache, node->node, node->room_kind);
        node->node = room;
        node->room_kind = (uint8_t)kind;
    } else if (rlp.len != 0) {
        memmove(node->node, rlp.data, rlp.len);
    }
    node->node_len = (uint16_t)rlp.len;
}

static int compare_nodes(const void *a, const void *b) {
    const struct cached_node *x = *(struct cached_node *const *)a;
    const struct cached_node *y = *(struct cached_node *const *)b;
    if (x->is_of_account_trie != y->is_of_account_trie) return x->is_of_account_trie ? -1 : 1;
    const size_t shorter = x->key_len < y->key_len ? x->key_len : y->key_len;
    const int order = memcmp(x->key, y->key, shorter);
    return order != 0 ? order : (int)x->key_len - (int)y->key_len;
}

static struct status write_node(
    struct txn *txn, enum table table, struct bytes key, struct bytes rlp
) {
    return rlp.len == 0 ? table_delete(txn, table, key) : table_put(txn, table, key, rlp);
}

struct status node_cache_flush(struct node_cache *cache, struct txn *txn) {
    if (cache->dirty_count == 0) return status_ok;
    qsort(cache->dirty, cache->dirty_count, sizeof *cache->dirty, compare_nodes);
    struct status status = status_ok;
    for (size_t i = 0; !failed(status) && i < cache->dirty_count; i++) {
        struct cached_node *node = cache->dirty[i];
        node->is_dirty = false;
        status = write_node(
            txn, table_of(node->is_of_account_trie), bytes_from(node->key, node->key_len),
            bytes_from(node->node, node->node_len)
        );
    }
    cache->dirty_count = 0;
    return status;
}

static struct status wipe(struct txn *txn, const struct hash *owner) {
    struct cursor *cursor;
    struct bytes found;
    struct bytes value;
    struct status status = cursor_open(&cursor, txn, TABLE_SLOT_NODES);
    if (failed(status)) return status;
    status = cursor_seek(cursor, &found, &value, BYTES_OF(*owner));
    while (!failed(status) && memcmp(found.data, owner->bytes, sizeof owner->bytes) == 0) {
        status = cursor_delete(cursor);
        if (!failed(status)) status = cursor_next(cursor, &found, &value);
    }
    cursor_close(cursor);
    return status.code == STATUS_MISSING ? status_ok : status;
}

struct status nodes_apply_directly(struct txn *txn, const struct trie_write *writes, size_t count) {
    struct status status = status_ok;
    for (size_t i = 0; !failed(status) && i < count; i++) {
        const struct trie_write *write = &writes[i];
        const struct key key = node_key(write->owner, write->path);
        status = write->wipes_owner
            ? wipe(txn, write->owner)
            : write_node(txn, table_of(write->owner == NULL), key_bytes(&key), write->node);
    }
    return status;
}

static struct status flush_and_clear(struct node_cache *cache, struct txn *txn) {
    const struct status status = node_cache_flush(cache, txn);
    node_cache_clear(cache);
    return status;
}

struct status nodes_apply(
    struct node_cache *cache, struct txn *txn, const struct trie_write *writes, size_t count
) {
    struct status status = status_ok;
    for (size_t i = 0; !failed(status) && i < count; i++) {
        const struct trie_write *write = &writes[i];
        if (write->wipes_owner) {
            status = flush_and_clear(cache, txn);
            if (!failed(status)) status = wipe(txn, write->owner);
            continue;
        }
        const bool is_of_account_trie = write->owner == NULL;
        const struct key key = node_key(write->owner, write->path);
        if (is_full(cache)) status = flush_and_clear(cache, txn);
        struct cached_node *node = find(cache, is_of_account_trie, &key);
        if (node == NULL) {
            node = insert(cache, is_of_account_trie, &key, write->node);
        } else {
            set(cache, node, write->node);
        }
        if (!node->is_dirty) cache->dirty[cache->dirty_count++] = node;
        node->is_dirty = true;
    }
    return status;
}

static bool read_node(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    const struct node_source *source = ctx;
    const bool is_of_account_trie = place->owner == NULL;
    const struct key key = node_key(place->owner, place->path);
    struct node_cache *cache =
        source->cache != NULL && *source->version == source->wanted_version ? source->cache : NULL;
    const struct cached_node *cached = cache == NULL ? NULL : find(cache, is_of_account_trie, &key);
    if (cached != NULL) {
        *rlp = bytes_from(cached->node, cached->node_len);
        return cached->node_len != 0;
    }
    const enum table table = table_of(is_of_account_trie);
    if (failed(table_get(source->txn, table, rlp, key_bytes(&key)))) return false;
    if (cache != NULL && !is_full(cache)) (void)insert(cache, is_of_account_trie, &key, *rlp);
    return true;
}

struct trie_reader node_reader(struct node_source *source) {
    return (struct trie_reader){read_node, source};
}
