/* trie_node: one node of a Merkle-Patricia trie, decoded and encoded.
 *
 * Spec: Yellow Paper, appendices C and D. A leaf is [path, value], an extension [path, child], a
 * branch 16 children and a value. A path is nibbles in hex-prefix encoding. A child stands as
 * 0x80 (none), as 0xa0 and 32 bytes of hash, or as a node itself where that is under 32 bytes.
 *
 * Decoding is strict and looks at one node alone, not into its inline children. Internal to trie.
 * Pure.
 */
#ifndef TRIE_TRIE_NODE_H
#define TRIE_TRIE_NODE_H

#include "codec/rlp.h"
#include "trie/trie.h"

enum {
    TRIE_CHILDREN = 16,
    TRIE_INLINE_MAX = 31,         /* bytes of a node that stands in its parent as itself */
    TRIE_REF_MAX = RLP_HASH_SIZE, /* bytes of a child in its parent */
    TRIE_BRANCH_SIZE_MAX = 3 + TRIE_CHILDREN * TRIE_REF_MAX + 1, /* without a value */
    TRIE_COMPACT_MAX = 1 + TRIE_KEY_MAX /* bytes of a path in hex-prefix encoding */
};

enum trie_node_kind { TRIE_LEAF, TRIE_EXTENSION, TRIE_BRANCH };

/* The first byte of a child in its parent, if that is not a node itself. */
enum { TRIE_NO_CHILD = 0x80, TRIE_HASH_CHILD = 0xa0 };

struct trie_node {
    enum trie_node_kind kind;
    bool path_is_odd;                       /* leaf and extension */
    struct bytes path;                      /* payload of the hex-prefix encoding, flags and all */
    struct bytes value;                     /* leaf; of a branch: its value, empty for none */
    struct bytes child;                     /* extension */
    const uint8_t *children[TRIE_CHILDREN]; /* branch: each an RLP item */
};

/* False unless rlp is exactly one canonical node. out borrows from rlp. */
MUST_USE bool trie_node_decode(struct trie_node *out, struct bytes rlp);

/* The whole RLP item of a child in a branch, from its first byte on. */
static inline struct bytes trie_child_item(const uint8_t *item) {
    const size_t len = *item == TRIE_NO_CHILD ? 1
        : *item == TRIE_HASH_CHILD            ? RLP_HASH_SIZE
                                              : (size_t)*item - 0xc0 + 1;
    return (struct bytes){item, len};
}

static inline size_t trie_path_len(const struct trie_node *node) {
    return 2 * (node->path.len - 1) + (node->path_is_odd ? 1 : 0);
}

static inline uint8_t trie_path_nibble(const struct trie_node *node, size_t i) {
    i += node->path_is_odd ? 1 : 2;
    const uint8_t byte = node->path.data[i / 2];
    return i % 2 == 0 ? byte >> 4 : byte & 0xf;
}

/* Two nibbles for each byte of key; four bytes at a time, each spread out by shifts. */
static inline void trie_nibbles(uint8_t *out, struct bytes key) {
    const uint8_t *in = key.data;
    size_t left = key.len;
    for (; left >= 4; left -= 4, in += 4, out += 8) {
        uint64_t v = load_be32(in);
        v = (v | v << 16) & 0x0000ffff0000ffffULL;
        v = (v | v << 8) & 0x00ff00ff00ff00ffULL;
        v = (v | v << 4) & 0x0f0f0f0f0f0f0f0fULL;
        store_be64(out, v);
    }
    for (; left > 0; left--, in++) {
        *out++ = *in >> 4;
        *out++ = *in & 0xf;
    }
}

/* All nibbles of a leaf's or extension's path; answers how many. */
static inline size_t trie_path_nibbles(uint8_t *out, const struct trie_node *node) {
    if (node->path_is_odd) *out++ = node->path.data[0] & 0xf;
    trie_nibbles(out, bytes_slice(node->path, 1, node->path.len - 1));
    return trie_path_len(node);
}

/* How many nibbles a and b have in common, of at most max. */
static inline size_t trie_common(const uint8_t *a, const uint8_t *b, size_t max) {
    size_t i = 0;
    while (i < max && a[i] == b[i]) {
        i++;
    }
    return i;
}

/* One step on the way of a key of count nibbles, *depth of which are above node. */
enum trie_step {
    TRIE_STEP_FOUND, /* *out is the key's value */
    TRIE_STEP_ABSENT,
    TRIE_STEP_DOWN, /* *out is the RLP item of the child to go to, at the new *depth */
};
enum trie_step trie_node_step(
    struct bytes *out,
    size_t *depth,
    const struct trie_node *node,
    const uint8_t *nibbles,
    size_t count
);

/* Room that the writers of nodes need for one with a path of at most TRIE_NIBBLES_MAX nibbles and
 * size bytes of value or child. */
static inline size_t trie_node_room(size_t size) {
    return TRIE_COMPACT_MAX + size + 3 * RLP_HEADER_MAX;
}

/* Write a whole node at out and answer its size. child is an RLP item. */
size_t trie_put_leaf(uint8_t *out, const uint8_t *nibbles, size_t count, struct bytes value);
size_t trie_put_extension(uint8_t *out, const uint8_t *nibbles, size_t count, struct bytes child);

/* How a node stands in its parent: itself, or 0xa0 and its hash. Answers the size, at most
 * TRIE_REF_MAX. */
size_t trie_put_ref(uint8_t out[TRIE_REF_MAX], struct bytes node);

#endif
