/* trie_nodes_test: a set of stored nodes, and random keys that share prefixes, for the tests of
 * tries. Included by test programs only, behind base/test.h.
 */
#ifndef TRIE_TRIE_NODES_TEST_H
#define TRIE_TRIE_NODES_TEST_H

#include "trie/trie_update.h"

enum { STORED_MAX = 4096 };

/* What a store of nodes holds, of one owner; an array in no order, for a test is small. */
struct stored_nodes {
    struct arena *arena;
    size_t count;
    size_t reads;
    struct {
        struct bytes path;
        struct bytes node;
        size_t reads; /* since the last reset */
    } items[STORED_MAX];
};

static inline struct bytes *stored_find(struct stored_nodes *stored, struct bytes path) {
    for (size_t i = 0; i < stored->count; i++) {
        if (bytes_equal(stored->items[i].path, path)) {
            stored->items[i].reads++;
            return &stored->items[i].node;
        }
    }
    return NULL;
}

static inline void stored_put(void *ctx, struct bytes path, struct bytes node) {
    struct stored_nodes *stored = ctx;
    struct bytes *old = stored_find(stored, path);
    if (old == NULL) {
        assert_true(stored->count < STORED_MAX);
        stored->items[stored->count].path = arena_copy(stored->arena, path);
        old = &stored->items[stored->count++].node;
    }
    *old = arena_copy(stored->arena, node);
}

/* The node must be there. */
static inline void stored_delete(struct stored_nodes *stored, struct bytes path) {
    for (size_t i = 0; i < stored->count; i++) {
        if (!bytes_equal(stored->items[i].path, path)) continue;
        stored->items[i] = stored->items[--stored->count];
        return;
    }
    fail_msg("a node is deleted that is not stored");
}

static inline void assert_same_nodes(struct stored_nodes *a, struct stored_nodes *b) {
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct bytes *other = stored_find(b, a->items[i].path);
        assert_non_null(other);
        assert_bytes_equal(a->items[i].node, *other);
    }
}

/* xorshift64*, so that a seed gives the same test everywhere. */
static inline uint64_t random_u64(uint64_t *seed) {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * 0x2545f4914f6cdd1dULL;
}

static inline uint64_t random_below(uint64_t *seed, uint64_t limit) {
    return (random_u64(seed) >> 16) % limit;
}

#endif
