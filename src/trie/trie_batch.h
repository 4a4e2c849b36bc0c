/* trie_batch: several tries changed together, each node hashed once, deepest first.
 *
 * The tries of a batch are loaded as far as their changes need. Puts and deletes change the loaded
 * nodes only; a deleted leaf stays in its place as a gone one. trie_batch_finish then goes from the
 * deepest nodes up, one depth at a time over all tries: what has become superfluous goes, branches
 * with one child become part of it, and only then is the depth below encoded and hashed. So nothing
 * is hashed twice, no order of changes matters, and nothing recurses.
 *
 * A failed reader leaves a verdict in the batch; further calls then do nothing.
 *
 * Internal to trie: trie_update.h and state_trie.h are for others. Pure.
 */
#ifndef TRIE_TRIE_BATCH_H
#define TRIE_TRIE_BATCH_H

#include "crypto/keccak_many.h"
#include "trie/trie_update.h"

enum {
    TRIE_HASH_NIBBLES = 64, /* nibbles of a key of 32 bytes */
    TRIE_TASKS_MAX = 64,    /* nodes that are hashed together */
};

struct trie_loaded; /* a node in memory */

struct trie_batch {
    struct arena *arena;
    const struct trie_reader *reader;
    struct trie_writes *writes;
    enum trie_verdict verdict;
    struct trie_tree *trees;
    struct trie_loaded *changed[TRIE_HASH_NIBBLES + 1]; /* by depth */
    struct keccak256_task tasks[TRIE_TASKS_MAX];        /* nodes encoded and not yet hashed */
    size_t task_count;
};

/* One trie of a batch. */
struct trie_tree {
    struct trie_tree *next;
    struct trie_batch *batch;
    const struct hash *owner; /* NULL for the trie of accounts */
    struct hash root;         /* old, and from trie_batch_finish on new */
    struct trie_loaded *top;  /* NULL: not loaded */
};

/* arena, reader and writes outlive the batch. */
void trie_batch_init(
    struct trie_batch *batch,
    struct arena *arena,
    const struct trie_reader *reader,
    struct trie_writes *writes
);

/* A trie that becomes part of the batch; owner, if not NULL, lives as long as the writes do. */
struct trie_tree *trie_batch_tree(
    struct trie_batch *batch, const struct hash *owner, const struct hash *root
);

/* Each key at most once in a batch. value is not empty and is borrowed until trie_batch_finish. */
void trie_tree_put(struct trie_tree *tree, const struct hash *key, struct bytes value);
void trie_tree_delete(struct trie_tree *tree, const struct hash *key);

/* The value of key as the batch has it so far; empty where it has none or the reader failed.
 * Borrows from the reader. */
struct bytes trie_tree_get(struct trie_tree *tree, const struct hash *key);

/* Computes the roots and appends the writes. */
void trie_batch_finish(struct trie_batch *batch);

/* Appends one write. */
void trie_writes_add(struct trie_writes *writes, struct arena *arena, struct trie_write write);

#endif
