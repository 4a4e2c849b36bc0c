/* trie: the root of a whole Merkle-Patricia trie, built in one pass over sorted keys.
 *
 * Spec: Yellow Paper, appendix D. A node of 32 bytes and more stands in its parent as its
 * keccak-256, a smaller one as itself; the root is always hashed. An empty trie has the root
 * keccak256(0x80).
 *
 * Paths. A node's path is the nibbles from the root of its trie down to where the node begins (not
 * the nibbles that it holds), one nibble a byte; the root's path is empty. Nodes are stored by path
 * (docs: trie/README.md), and only those that are not inline in their parent.
 *
 * Pure; memory comes from the arena and is bounded by the depth of the trie, not by its size.
 */
#ifndef TRIE_TRIE_H
#define TRIE_TRIE_H

#include "base/arena.h"

enum {
    TRIE_KEY_MAX = 128,                  /* bytes of a key */
    TRIE_NIBBLES_MAX = 2 * TRIE_KEY_MAX, /* longest path */
};

/* The root of an empty trie. */
extern const struct hash trie_empty_root;

struct trie_pair {
    struct bytes key;   /* at most TRIE_KEY_MAX bytes */
    struct bytes value; /* not empty: an empty value is an absent key */
};

/* Takes the nodes of a trie that is being built, children before parents; both spans are valid
 * during the call only. */
struct trie_sink {
    void (*put)(void *ctx, struct bytes path, struct bytes node);
    void *ctx;
};

/* A build in progress. */
struct trie_builder {
    struct arena *arena;
    const struct trie_sink *sink;  /* NULL: only the root is wanted */
    struct trie_open_branch *open; /* the branches on the way to the last key, deepest first */
    struct trie_open_branch *unused;
    struct bytes value; /* of the last key */
    uint8_t nibbles[TRIE_NIBBLES_MAX];
    size_t nibble_count;
    bool is_empty;
};

/* sink may be NULL. arena and sink outlive the build. */
void trie_builder_init(
    struct trie_builder *builder, struct arena *arena, const struct trie_sink *sink
);

/* Adds a pair whose key is above all earlier ones (as by memcmp, a prefix before what it begins).
 * pair.value borrows until the next call on builder. */
void trie_builder_add(struct trie_builder *builder, struct trie_pair pair);

/* Ends the build; builder is then ready for another, with the memory that it has. */
void trie_builder_finish(struct trie_builder *builder, struct hash *root);

/* The root of count pairs in ascending order of their keys, with all nodes put into sink if that is
 * not NULL. Takes nothing of arena in the end. */
void trie_root_of(
    struct arena *arena,
    struct hash *root,
    const struct trie_pair *pairs,
    size_t count,
    const struct trie_sink *sink
);

/* The root of a list under the keys rlp(0), rlp(1), …: transactions, receipts, withdrawals. */
void trie_root_of_list(
    struct arena *arena, struct hash *root, const struct bytes *values, size_t count
);

/* The same root by the definition, without a stack of open branches: what the tests believe.
 * Recursive, quadratic in places; not for input of strangers. */
void trie_root_of_plain(
    struct arena *arena,
    struct hash *root,
    const struct trie_pair *pairs,
    size_t count,
    const struct trie_sink *sink
);

#endif
