/* memory_tree: the Merkle commitment to a machine's memory.
 *
 * MACHINE.md 3.4: leaf = keccak256(32 bytes), node = keccak256(left || right). data_root has depth
 * 27 over the 2^32 bytes; perm_root has depth 15 over 2^20 bytes of permissions, one a page;
 * memory_root = keccak256(data_root || perm_root). Pure; allocates nothing.
 */
#ifndef MACHINE_MEMORY_TREE_H
#define MACHINE_MEMORY_TREE_H

#include "machine/machine_memory.h"

enum { MEMORY_TREE_DEPTH = 27, PERMISSION_TREE_DEPTH = 15, PAGE_TREE_DEPTH = 7 };

/* A tree that is fed from left to right. Subtrees that were skipped are zeros. */
struct memory_tree {
    uint64_t position;                          /* leaves taken in so far */
    struct hash zero[MEMORY_TREE_DEPTH + 1];    /* roots of all-zero subtrees, by level */
    struct hash pending[MEMORY_TREE_DEPTH + 1]; /* [n] is valid where bit n of position is set */
    struct hash pair[MEMORY_TREE_DEPTH + 1][2]; /* the last pair that was joined into each level */
    struct hash
        joined[MEMORY_TREE_DEPTH + 1]; /* and what it gave: runs of equal pages are common */
};

void memory_tree_start(struct memory_tree *tree);

/* Takes in a page at page index, or a leaf at leaf index, not before what was taken in already. */
void memory_tree_add_page(
    struct memory_tree *tree, uint32_t index, const uint8_t page[MACHINE_PAGE_SIZE]
);
void memory_tree_add_leaf(struct memory_tree *tree, uint64_t index, const uint8_t leaf[32]);

/* The root over 2^depth leaves; the tree is used up. */
void memory_tree_finish(struct memory_tree *tree, struct hash *root, unsigned depth);

/* perm_root of a table of MACHINE_PAGE_COUNT flags; bits other than PAGE_PERMISSIONS are ignored. */
void memory_tree_permissions(struct hash *root, const uint8_t *flags);

/* keccak256(left || right). */
void memory_tree_join(struct hash *out, const struct hash *left, const struct hash *right);

/* memory_root of a machine's memory as it stands. Costs 255 keccak-f a page that is not zero. */
void memory_tree_root(struct hash *root, const struct machine_memory *memory);

#endif
