/* nodes: the head's trie nodes, with those of late in memory.
 *
 * Every block reads and rewrites the same few nodes at the top of the tries. The cache keeps them, so
 * that a read costs no search of a table, and many blocks in one transaction write each node once, in
 * the order of the table. It belongs to the writing thread and holds the state of its transaction, or
 * of the last commit where none is open.
 */
#ifndef STORE_NODES_H
#define STORE_NODES_H

#include "store/database.h"
#include "trie/trie_update.h"

#define NODE_CACHE_COUNT 49152 /* nodes: 100 bytes each, and as many as the node has */

struct node_cache;

struct node_cache *node_cache_create(void);
void node_cache_destroy(struct node_cache *cache);

/* Forgets everything, also what was not flushed. */
void node_cache_clear(struct node_cache *cache);

/* Writes what is not in txn yet. */
MUST_USE struct status node_cache_flush(struct node_cache *cache, struct txn *txn);

/* Applies writes: to the cache, and to txn where they wipe or where the cache is full. */
MUST_USE struct status nodes_apply(
    struct node_cache *cache, struct txn *txn, const struct trie_write *writes, size_t count
);

/* The same without a cache. */
MUST_USE struct status nodes_apply_directly(
    struct txn *txn, const struct trie_write *writes, size_t count
);

/* A reader's ctx. A cache is used as long as *version is what it was. */
struct node_source {
    struct txn *txn;
    struct node_cache *cache; /* or NULL */
    const uint64_t *version;
    uint64_t wanted_version;
};

/* What it reads borrows until the next write, or as long as source's transaction. */
struct trie_reader node_reader(struct node_source *source);

#endif
