#include "machine/memory_tree.h"

#include "crypto/keccak.h"

enum { LEAF_SIZE = 32 };

void memory_tree_join(struct hash *out, const struct hash *left, const struct hash *right) {
    const struct hash pair[2] = {*left, *right};
    keccak256(out, BYTES_OF(pair));
}

void memory_tree_start(struct memory_tree *tree) {
    static const uint8_t zeros[LEAF_SIZE];
    memset(tree, 0, sizeof *tree);
    keccak256(&tree->zero[0], BYTES_OF(zeros));
    for (unsigned level = 0; level < MEMORY_TREE_DEPTH; level++) {
        memory_tree_join(&tree->zero[level + 1], &tree->zero[level], &tree->zero[level]);
    }
    /* So that pair and joined agree from the start. */
    for (unsigned level = 1; level <= MEMORY_TREE_DEPTH; level++) {
        tree->pair[level][0] = tree->pair[level][1] = tree->zero[level - 1];
        tree->joined[level] = tree->zero[level];
    }
}

/* Adds a whole subtree at the position, which is a multiple of its 2^level leaves. */
static void push(struct memory_tree *tree, unsigned level, const struct hash *root) {
    struct hash node = *root;
    const uint64_t leaves = (uint64_t)1 << level;
    ASSERT(tree->position % leaves == 0);
    while (tree->position >> level & 1) {
        const struct hash pair[2] = {tree->pending[level], node};
        level++;
        if (memcmp(pair, tree->pair[level], sizeof pair) != 0) {
            memcpy(tree->pair[level], pair, sizeof pair);
            memory_tree_join(&tree->joined[level], &pair[0], &pair[1]);
        }
        node = tree->joined[level];
    }
    tree->pending[level] = node;
    tree->position += leaves;
}

/* Zeros from the position up to target, in the largest subtrees that fit. */
static void skip_to(struct memory_tree *tree, uint64_t target) {
    ASSERT(target >= tree->position);
    while (tree->position < target) {
        unsigned level = 0;
        while (level < MEMORY_TREE_DEPTH && tree->position % ((uint64_t)2 << level) == 0 &&
               tree->position + ((uint64_t)2 << level) <= target) {
            level++;
        }
        push(tree, level, &tree->zero[level]);
    }
}

static bool all_zero(const uint8_t *data, size_t size) {
    uint64_t any = 0;
    for (size_t i = 0; i < size; i += sizeof any) {
        any |= load_le64(data + i);
    }
    return any == 0;
}

void memory_tree_add_leaf(struct memory_tree *tree, uint64_t index, const uint8_t leaf[LEAF_SIZE]) {
    skip_to(tree, index);
    if (all_zero(leaf, LEAF_SIZE)) {
        return; /* the next skip covers it, together with its neighbours */
    }
    struct hash node;
    keccak256(&node, bytes_from(leaf, LEAF_SIZE));
    push(tree, 0, &node);
}

void memory_tree_add_page(
    struct memory_tree *tree, uint32_t index, const uint8_t page[MACHINE_PAGE_SIZE]
) {
    const uint64_t first = (uint64_t)index << PAGE_TREE_DEPTH;
    for (unsigned leaf = 0; leaf < MACHINE_PAGE_SIZE / LEAF_SIZE; leaf++) {
        const uint8_t *data = page + (size_t)leaf * LEAF_SIZE;
        if (!all_zero(data, LEAF_SIZE)) memory_tree_add_leaf(tree, first + leaf, data);
    }
}

void memory_tree_finish(struct memory_tree *tree, struct hash *root, unsigned depth) {
    ASSERT(depth <= MEMORY_TREE_DEPTH && tree->position <= (uint64_t)1 << depth);
    skip_to(tree, (uint64_t)1 << depth);
    *root = tree->pending[depth];
}

void memory_tree_permissions(struct hash *root, const uint8_t *flags) {
    struct memory_tree tree;
    memory_tree_start(&tree);
    uint8_t last[LEAF_SIZE] = {0};
    struct hash last_hash = tree.zero[0];
    for (uint32_t page = 0; page < MACHINE_PAGE_COUNT; page += LEAF_SIZE) {
        if (all_zero(flags + page, LEAF_SIZE)) continue;
        uint8_t leaf[LEAF_SIZE];
        for (unsigned i = 0; i < LEAF_SIZE; i++) {
            leaf[i] = flags[page + i] & PAGE_PERMISSIONS;
        }
        if (memcmp(leaf, last, LEAF_SIZE) != 0) {
            memcpy(last, leaf, LEAF_SIZE);
            keccak256(&last_hash, BYTES_OF(leaf));
        }
        skip_to(&tree, page / LEAF_SIZE);
        push(&tree, 0, &last_hash);
    }
    memory_tree_finish(&tree, root, PERMISSION_TREE_DEPTH);
}

void memory_tree_root(struct hash *root, const struct machine_memory *memory) {
    struct memory_tree tree;
    memory_tree_start(&tree);
    enum { GROUP = 8 }; /* most of the table is 0: look at 8 flags at once */
    for (uint32_t group = 0; group < MACHINE_PAGE_COUNT; group += GROUP) {
        if (load_le64(memory->flags + group) == 0) continue;
        for (uint32_t page = group; page < group + GROUP; page++) {
            if ((memory->flags[page] & PAGE_DATA) == 0) continue;
            memory_tree_add_page(&tree, page, memory->bytes + ((size_t)page << MACHINE_PAGE_BITS));
        }
    }
    struct hash data_root, permission_root;
    memory_tree_finish(&tree, &data_root, MEMORY_TREE_DEPTH);
    memory_tree_permissions(&permission_root, memory->flags);
    memory_tree_join(root, &data_root, &permission_root);
}
