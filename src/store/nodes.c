#include "store/nodes.h"

#include <stdlib.h>

enum {
    BUCKETS = 2 * NODE_CACHE_COUNT,
    NODE_KEY_MAX = 66,  /* owner, 32 bytes of path, its length */
    NODE_SIZE_MAX = 544 /* a branch of hashes has 532, a leaf at most 150 */
};

struct cached_node {
    struct cached_node *next;
    enum table table;
    bool is_dirty;
    uint8_t key_len;
    uint16_t node_len; /* 0: there is no such node */
    uint8_t key[NODE_KEY_MAX];
    uint8_t node[NODE_SIZE_MAX];
};

struct node_cache {
    struct cached_node *buckets[BUCKETS];
    struct cached_node *dirty[NODE_CACHE_COUNT];
    size_t dirty_count;
    size_t count;
    struct cached_node nodes[NODE_CACHE_COUNT];
};

struct node_cache *node_cache_create(void) {
    struct node_cache *cache = calloc(1, sizeof *cache);
    ASSERT(cache != NULL);
    return cache;
}

void node_cache_destroy(struct node_cache *cache) {
    free(cache);
}

void node_cache_clear(struct node_cache *cache) {
    if (cache->count == 0) return;
    memset(cache->buckets, 0, sizeof cache->buckets);
    cache->count = 0;
    cache->dirty_count = 0;
}

static struct cached_node **find_bucket(
    struct node_cache *cache, enum table table, const struct key *key
) {
    uint64_t hash = (uint64_t)table + key->len;
    size_t i = 0;
    for (; i + 8 <= key->len; i += 8) {
        hash = (hash ^ load_le64(key->bytes + i)) * UINT64_C(0x9e3779b97f4a7c15);
    }
    for (; i < key->len; i++) {
        hash = (hash ^ key->bytes[i]) * UINT64_C(0x100000001b3);
    }
    return &cache->buckets[(hash >> 40 ^ hash) % BUCKETS];
}

static struct cached_node *find(struct node_cache *cache, enum table table, const struct key *key) {
    struct cached_node *node = *find_bucket(cache, table, key);
    while (node != NULL &&
           (node->table != table || node->key_len != key->len ||
            memcmp(node->key, key->bytes, key->len) != 0)) {
        node = node->next;
    }
    return node;
}

/* The place of a node that is not there yet; NULL where the cache is full. */
static struct cached_node *insert(
    struct node_cache *cache, enum table table, const struct key *key
) {
    if (cache->count == NODE_CACHE_COUNT) return NULL;
    ASSERT(key->len <= NODE_KEY_MAX);
    struct cached_node **bucket = find_bucket(cache, table, key);
    struct cached_node *node = &cache->nodes[cache->count++];
    node->next = *bucket;
    node->table = table;
    node->is_dirty = false;
    node->key_len = (uint8_t)key->len;
    memcpy(node->key, key->bytes, key->len);
    *bucket = node;
    return node;
}

static void set(struct cached_node *node, struct bytes rlp) {
    ASSERT(rlp.len <= NODE_SIZE_MAX);
    node->node_len = (uint16_t)rlp.len;
    if (rlp.len != 0) memcpy(node->node, rlp.data, rlp.len);
}

static int compare_nodes(const void *a, const void *b) {
    const struct cached_node *x = *(struct cached_node *const *)a;
    const struct cached_node *y = *(struct cached_node *const *)b;
    if (x->table != y->table) return x->table < y->table ? -1 : 1;
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
            txn, node->table, bytes_from(node->key, node->key_len),
            bytes_from(node->node, node->node_len)
        );
    }
    cache->dirty_count = 0;
    return status;
}

static enum table table_of(const struct hash *owner) {
    return owner == NULL ? TABLE_ACCOUNT_NODES : TABLE_SLOT_NODES;
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
            : write_node(txn, table_of(write->owner), key_bytes(&key), write->node);
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
        const enum table table = table_of(write->owner);
        const struct key key = node_key(write->owner, write->path);
        struct cached_node *node = find(cache, table, &key);
        if (node == NULL && cache->count == NODE_CACHE_COUNT) status = flush_and_clear(cache, txn);
        if (node == NULL) node = insert(cache, table, &key);
        set(node, write->node);
        if (!node->is_dirty) cache->dirty[cache->dirty_count++] = node;
        node->is_dirty = true;
    }
    return status;
}

static bool read_node(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    const struct node_source *source = ctx;
    const enum table table = table_of(place->owner);
    const struct key key = node_key(place->owner, place->path);
    struct node_cache *cache =
        source->cache != NULL && *source->version == source->wanted_version ? source->cache : NULL;
    const struct cached_node *cached = cache == NULL ? NULL : find(cache, table, &key);
    if (cached != NULL) {
        *rlp = bytes_from(cached->node, cached->node_len);
        return cached->node_len != 0;
    }
    if (failed(table_get(source->txn, table, rlp, key_bytes(&key)))) return false;
    struct cached_node *node = cache == NULL ? NULL : insert(cache, table, &key);
    if (node != NULL) set(node, *rlp);
    return true;
}

struct trie_reader node_reader(struct node_source *source) {
    return (struct trie_reader){read_node, source};
}
