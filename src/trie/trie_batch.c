#include "trie/trie_batch.h"

#include "crypto/keccak.h"
#include "trie/trie_node.h"

enum kind { GONE, LEAF, EXTENSION, BRANCH };

/* A child: loaded (node), or only as it stood in the old parent (item), or none (both NULL). A loaded
 * node that has not changed still has its item. */
struct slot {
    struct trie_loaded *node;
    const uint8_t *item;
};

/* A loaded node stays the node at its path until the batch ends, whatever kind it becomes; so each
 * path is written at most once. path has at least end nibbles, and belongs to the arena. */
struct trie_loaded {
    enum kind kind;
    bool is_changed;
    bool was_stored; /* the store has an old node at this path */
    uint8_t depth;   /* nibbles above the node */
    uint8_t end;     /* nibbles down to its child or value: of a branch, depth */
    uint8_t ref_size;
    uint8_t ref[TRIE_REF_MAX]; /* how it stands in its parent; once encoded */
    const uint8_t *path;
    struct trie_tree *tree;
    struct trie_loaded *next_changed;
    struct bytes value;    /* leaf */
    struct slot child;     /* extension */
    struct slot *children; /* branch */
};

void trie_batch_init(
    struct trie_batch *batch,
    struct arena *arena,
    const struct trie_reader *reader,
    struct trie_writes *writes
) {
    batch->arena = arena;
    batch->reader = reader;
    batch->writes = writes;
    batch->verdict = TRIE_VALID;
    batch->trees = NULL;
    memset(batch->changed, 0, sizeof batch->changed);
    batch->task_count = 0;
}

struct trie_tree *trie_batch_tree(
    struct trie_batch *batch, const struct hash *owner, const struct hash *root
) {
    struct trie_tree *tree = ARENA_NEW(batch->arena, struct trie_tree);
    *tree = (struct trie_tree){batch->trees, batch, owner, *root, NULL};
    batch->trees = tree;
    return tree;
}

void trie_writes_add(struct trie_writes *writes, struct arena *arena, struct trie_write write) {
    enum { CAPACITY_MIN = 64 };
    if (writes->count == writes->capacity) {
        const size_t capacity = writes->capacity == 0 ? CAPACITY_MIN : 2 * writes->capacity;
        struct trie_write *items = ARENA_ARRAY(arena, struct trie_write, capacity);
        if (writes->count > 0) memcpy(items, writes->items, writes->count * sizeof *items);
        writes->items = items;
        writes->capacity = capacity;
    }
    writes->items[writes->count++] = write;
}

static void write_node(struct trie_loaded *node, struct bytes encoded) {
    struct trie_batch *batch = node->tree->batch;
    const struct trie_write write = {
        .owner = node->tree->owner, .path = {node->path, node->depth}, .node = encoded};
    trie_writes_add(batch->writes, batch->arena, write);
}

static struct trie_loaded *new_node(
    struct trie_tree *tree, enum kind kind, const uint8_t *path, size_t depth, size_t end
) {
    struct trie_loaded *node = ARENA_NEW(tree->batch->arena, struct trie_loaded);
    node->kind = kind;
    node->depth = (uint8_t)depth;
    node->end = (uint8_t)end;
    node->path = path;
    node->tree = tree;
    return node;
}

static void make_branch(struct trie_loaded *node) {
    node->kind = BRANCH;
    node->end = node->depth;
    node->children = ARENA_ARRAY(node->tree->batch->arena, struct slot, TRIE_CHILDREN);
}

static void mark_changed(struct trie_loaded *node) {
    if (node->is_changed) return;
    struct trie_loaded **list = &node->tree->batch->changed[node->depth];
    node->is_changed = true;
    node->next_changed = *list;
    *list = node;
}

/* The node's own nibbles behind the depth nibbles of path, in an array of the arena. */
static const uint8_t *full_path(
    struct arena *arena, const struct trie_node *decoded, const uint8_t *path, size_t depth
) {
    const size_t len = trie_path_len(decoded);
    uint8_t *full = arena_alloc_raw(arena, depth + len, 1);
    memcpy(full, path, depth);
    (void)trie_path_nibbles(full + depth, decoded);
    return full;
}

/* The node that encoded holds, NULL (and the batch's verdict) where that is none. */
static struct trie_loaded *decode(
    struct trie_tree *tree, const uint8_t *path, size_t depth, struct bytes encoded
) {
    struct trie_batch *batch = tree->batch;
    struct trie_node decoded;
    size_t end = depth;
    bool is_sound = trie_node_decode(&decoded, encoded);
    if (is_sound) {
        const bool is_branch = decoded.kind == TRIE_BRANCH;
        if (!is_branch) end += trie_path_len(&decoded);
        is_sound = decoded.kind == TRIE_LEAF ? end == TRIE_HASH_NIBBLES : end < TRIE_HASH_NIBBLES;
        if (is_branch && decoded.value.len > 0) is_sound = false;
    }
    if (!is_sound) {
        batch->verdict = TRIE_MALFORMED_NODE;
        return NULL;
    }
    if (decoded.kind == TRIE_BRANCH) {
        struct trie_loaded *node = new_node(tree, BRANCH, path, depth, end);
        make_branch(node);
        for (size_t i = 0; i < TRIE_CHILDREN; i++) {
            const uint8_t *item = decoded.children[i];
            node->children[i].item = *item == TRIE_NO_CHILD ? NULL : item;
        }
        return node;
    }
    const enum kind kind = decoded.kind == TRIE_LEAF ? LEAF : EXTENSION;
    const uint8_t *full = full_path(batch->arena, &decoded, path, depth);
    struct trie_loaded *node = new_node(tree, kind, full, depth, end);
    node->value = decoded.value;
    if (kind == EXTENSION) node->child.item = decoded.child.data;
    return node;
}

/* The old node at the first depth nibbles of path that hashes to hash, from the reader. */
static struct trie_loaded *read_node(
    struct trie_tree *tree, const uint8_t *path, size_t depth, const struct hash *hash
) {
    struct trie_batch *batch = tree->batch;
    const struct trie_place place = {tree->owner, {path, depth}, hash};
    struct bytes encoded;
    if (!batch->reader->node(batch->reader->ctx, &place, &encoded)) {
        batch->verdict = TRIE_MISSING_NODE;
        return NULL;
    }
    struct trie_loaded *node = decode(tree, path, depth, encoded);
    if (node != NULL) node->was_stored = true;
    return node;
}

/* The child in slot, loaded from its item if it is not yet; NULL on failure. */
static struct trie_loaded *child_in(
    struct trie_tree *tree, struct slot *slot, const uint8_t *path, size_t depth
) {
    if (slot->node != NULL) return slot->node;
    const struct bytes item = trie_child_item(slot->item);
    if (*slot->item == TRIE_HASH_CHILD) {
        struct hash hash;
        memcpy(hash.bytes, item.data + 1, sizeof hash.bytes);
        slot->node = read_node(tree, path, depth, &hash);
    } else {
        slot->node = decode(tree, path, depth, item);
    }
    return slot->node;
}

/* The nodes on the way to a key, as far as there are some. */
struct trail {
    struct trie_loaded *nodes[TRIE_HASH_NIBBLES + 1];
    size_t count;
    struct slot *empty; /* where the key's leaf would go in the last node, a branch; or NULL */
    size_t common;      /* nibbles that the last node has in common with the key */
};

/* Follows key into the loaded nodes, and loads what it meets. False when the trie is empty and
 * nothing was ever loaded of it, or on failure. */
static bool follow(struct trail *trail, struct trie_tree *tree, const uint8_t *key) {
    trail->count = 0;
    trail->empty = NULL;
    if (tree->top == NULL) {
        if (hash_equal(&tree->root, &trie_empty_root)) return false;
        tree->top = read_node(tree, key, 0, &tree->root);
    }
    struct trie_loaded *node = tree->top;
    while (node != NULL) {
        ASSERT(trail->count < ARRAY_LEN(trail->nodes));
        trail->nodes[trail->count++] = node;
        if (node->kind == GONE) return true;

        struct slot *slot = &node->child;
        size_t depth = node->end;
        if (node->kind == BRANCH) {
            slot = &node->children[key[depth]];
            trail->common = depth;
            if (slot->node == NULL && slot->item == NULL) {
                trail->empty = slot;
                return true;
            }
            depth++;
        } else {
            const uint8_t *rest = node->path + node->depth;
            const size_t len = (size_t)node->end - node->depth;
            trail->common = node->depth + trie_common(rest, key + node->depth, len);
            if (node->kind == LEAF || trail->common < node->end) return true;
        }
        node = child_in(tree, slot, key, depth);
    }
    return false;
}

static void mark_trail(const struct trail *trail) {
    for (size_t i = 0; i < trail->count; i++) {
        mark_changed(trail->nodes[i]);
    }
}

static struct trie_loaded *new_leaf(
    struct trie_tree *tree, const uint8_t *key, size_t depth, struct bytes value
) {
    struct trie_loaded *leaf = new_node(tree, LEAF, key, depth, TRIE_HASH_NIBBLES);
    leaf->value = value;
    mark_changed(leaf);
    return leaf;
}

/* Node, a leaf or an extension, has common nibbles with key and then others: a branch opens there,
 * behind an extension where node has nibbles before it. What node was goes below the branch. */
static void split(struct trie_loaded *node, const uint8_t *key, size_t common, struct bytes value) {
    struct trie_tree *tree = node->tree;
    const uint8_t *old_path = node->path;
    const uint8_t nibble = old_path[common];
    struct slot old = node->child;
    if (node->kind == LEAF) {
        old = (struct slot){new_leaf(tree, old_path, common + 1, node->value), NULL};
    } else if (common + 1 < node->end) {
        struct trie_loaded *rest = new_node(tree, EXTENSION, old_path, common + 1, node->end);
        rest->child = node->child;
        mark_changed(rest);
        old = (struct slot){rest, NULL};
    }

    struct trie_loaded *branch = node;
    if (common > node->depth) {
        branch = new_node(tree, BRANCH, key, common, common);
        mark_changed(branch);
        node->kind = EXTENSION;
        node->end = (uint8_t)common;
        node->child = (struct slot){branch, NULL};
    }
    make_branch(branch);
    branch->children[nibble] = old;
    branch->children[key[common]].node = new_leaf(tree, key, common + 1, value);
}

/* The nibbles of key in memory of the batch. */
static const uint8_t *nibbles_of(struct trie_tree *tree, const struct hash *key) {
    uint8_t *nibbles = arena_alloc_raw(tree->batch->arena, TRIE_HASH_NIBBLES, 1);
    trie_nibbles(nibbles, BYTES_OF(key->bytes));
    return nibbles;
}

void trie_tree_put(struct trie_tree *tree, const struct hash *key, struct bytes value) {
    ASSERT(value.len > 0);
    if (tree->batch->verdict != TRIE_VALID) return;
    const uint8_t *nibbles = nibbles_of(tree, key);
    struct trail trail;
    if (!follow(&trail, tree, nibbles)) {
        if (tree->batch->verdict == TRIE_VALID) tree->top = new_leaf(tree, nibbles, 0, value);
        return;
    }
    struct trie_loaded *last = trail.nodes[trail.count - 1];
    switch (last->kind) {
    case GONE:
        last->kind = LEAF;
        last->path = nibbles;
        last->end = TRIE_HASH_NIBBLES;
        last->value = value;
        break;
    case BRANCH: trail.empty->node = new_leaf(tree, nibbles, last->depth + 1u, value); break;
    case LEAF:
        if (trail.common == TRIE_HASH_NIBBLES) {
            if (bytes_equal(last->value, value)) return;
            last->value = value;
            break;
        }
        split(last, nibbles, trail.common, value);
        break;
    case EXTENSION: split(last, nibbles, trail.common, value); break;
    }
    mark_trail(&trail);
}

void trie_tree_delete(struct trie_tree *tree, const struct hash *key) {
    if (tree->batch->verdict != TRIE_VALID) return;
    const uint8_t *nibbles = nibbles_of(tree, key);
    struct trail trail;
    if (!follow(&trail, tree, nibbles)) return;
    struct trie_loaded *last = trail.nodes[trail.count - 1];
    if (last->kind != LEAF || trail.common < TRIE_HASH_NIBBLES) return;
    last->kind = GONE;
    mark_trail(&trail);
}

struct bytes trie_tree_get(struct trie_tree *tree, const struct hash *key) {
    const struct bytes none = {NULL, 0};
    if (tree->batch->verdict != TRIE_VALID) return none;
    struct trail trail;
    if (!follow(&trail, tree, nibbles_of(tree, key))) return none;
    const struct trie_loaded *last = trail.nodes[trail.count - 1];
    return last->kind == LEAF && trail.common == TRIE_HASH_NIBBLES ? last->value : none;
}

/* The node has no place in the new trie. */
static void drop(struct trie_loaded *node) {
    node->kind = GONE;
    if (!node->was_stored) return;
    node->was_stored = false;
    write_node(node, (struct bytes){NULL, 0});
}

/* Child, a leaf or an extension and node's only child, becomes part of node. */
static void absorb(struct trie_loaded *node, struct trie_loaded *child) {
    node->kind = child->kind;
    node->path = child->path;
    node->end = child->end;
    node->value = child->value;
    node->child = child->child;
    drop(child);
}

/* The only child that is left of a branch becomes part of it. */
static void collapse(struct trie_loaded *node, size_t nibble) {
    struct trie_batch *batch = node->tree->batch;
    uint8_t *path = arena_alloc_raw(batch->arena, node->depth + (size_t)1, 1);
    memcpy(path, node->path, node->depth);
    path[node->depth] = (uint8_t)nibble;

    struct slot *slot = &node->children[nibble];
    struct trie_loaded *child = child_in(node->tree, slot, path, node->depth + (size_t)1);
    if (child == NULL) return;
    if (child->kind != BRANCH) {
        absorb(node, child);
        return;
    }
    node->kind = EXTENSION;
    node->path = path;
    node->end = (uint8_t)(node->depth + 1);
    node->child = *slot;
}

/* Gives node, whose children have their final kinds, its own. */
static void settle(struct trie_loaded *node) {
    if (node->kind == EXTENSION) {
        struct trie_loaded *child = node->child.node;
        if (child == NULL || child->kind == BRANCH) return;
        if (child->kind == GONE) {
            drop(child);
            node->kind = GONE;
        } else {
            absorb(node, child);
        }
        return;
    }
    if (node->kind != BRANCH) return;

    size_t count = 0, last = 0;
    for (size_t i = 0; i < TRIE_CHILDREN; i++) {
        struct slot *slot = &node->children[i];
        if (slot->node != NULL && slot->node->kind == GONE) {
            drop(slot->node);
            *slot = (struct slot){NULL, NULL};
        }
        if (slot->node == NULL && slot->item == NULL) continue;
        count++;
        last = i;
    }
    if (count == 0) node->kind = GONE;
    if (count == 1) collapse(node, last);
}

/* A child as it stands in its new parent; an empty span for none. */
static struct bytes slot_item(const struct slot *slot) {
    if (slot->node != NULL && slot->node->is_changed) {
        return bytes_from(slot->node->ref, slot->node->ref_size);
    }
    return slot->item == NULL ? (struct bytes){NULL, 0} : trie_child_item(slot->item);
}

static struct bytes encode_branch(struct arena *arena, const struct trie_loaded *node) {
    struct bytes items[TRIE_CHILDREN];
    size_t payload_size = 1; /* no value */
    for (size_t i = 0; i < TRIE_CHILDREN; i++) {
        items[i] = slot_item(&node->children[i]);
        payload_size += items[i].len == 0 ? 1 : items[i].len;
    }
    uint8_t *encoded = arena_alloc_raw(arena, rlp_size_list(payload_size), 1);
    uint8_t *next = encoded + rlp_put_list_header(encoded, payload_size);
    for (size_t i = 0; i < TRIE_CHILDREN; i++) {
        if (items[i].len == 0) {
            *next++ = TRIE_NO_CHILD;
        } else {
            memcpy(next, items[i].data, items[i].len);
            next += items[i].len;
        }
    }
    *next++ = TRIE_NO_CHILD;
    return bytes_from(encoded, (size_t)(next - encoded));
}

/* The node's RLP; its changed children have their refs. */
static struct bytes encode(const struct trie_loaded *node) {
    struct arena *arena = node->tree->batch->arena;
    if (node->kind == BRANCH) return encode_branch(arena, node);
    const uint8_t *nibbles = node->path + node->depth;
    const size_t count = (size_t)node->end - node->depth;
    if (node->kind == LEAF) {
        uint8_t *encoded = arena_alloc_raw(arena, trie_node_room(node->value.len), 1);
        return bytes_from(encoded, trie_put_leaf(encoded, nibbles, count, node->value));
    }
    ASSERT(node->kind == EXTENSION);
    uint8_t *encoded = arena_alloc_raw(arena, trie_node_room(TRIE_REF_MAX), 1);
    const struct bytes child = slot_item(&node->child);
    return bytes_from(encoded, trie_put_extension(encoded, nibbles, count, child));
}

static void hash_pending(struct trie_batch *batch) {
    keccak256_many(batch->tasks, batch->task_count);
    batch->task_count = 0;
}

/* *out is there after hash_pending. */
static void hash_later(struct trie_batch *batch, struct hash *out, struct bytes encoded) {
    if (batch->task_count == ARRAY_LEN(batch->tasks)) hash_pending(batch);
    batch->tasks[batch->task_count++] = (struct keccak256_task){encoded, out};
}

/* Encodes a changed child and leaves how it stands in its parent, in the end by hash_pending. */
static void finish_child(const struct slot *slot) {
    struct trie_loaded *node = slot->node;
    if (node == NULL || !node->is_changed) return;
    if (node->ref_size > 0) return; /* finished below an extension that its parent absorbed */
    const struct bytes encoded = encode(node);
    if (encoded.len > TRIE_INLINE_MAX) {
        node->ref[0] = TRIE_HASH_CHILD;
        node->ref_size = TRIE_REF_MAX;
        hash_later(node->tree->batch, (struct hash *)(void *)(node->ref + 1), encoded);
        write_node(node, encoded);
        return;
    }
    memcpy(node->ref, encoded.data, encoded.len);
    node->ref_size = (uint8_t)encoded.len;
    if (node->was_stored) write_node(node, (struct bytes){NULL, 0});
}

static void finish_children(const struct trie_loaded *node) {
    if (node->kind == EXTENSION) finish_child(&node->child);
    if (node->kind != BRANCH) return;
    for (size_t i = 0; i < TRIE_CHILDREN; i++) {
        finish_child(&node->children[i]);
    }
}

static void finish_root(struct trie_tree *tree) {
    struct trie_loaded *top = tree->top;
    if (top == NULL || !top->is_changed) return;
    if (top->kind == GONE) {
        drop(top);
        tree->root = trie_empty_root;
        return;
    }
    const struct bytes encoded = encode(top);
    write_node(top, encoded);
    hash_later(tree->batch, &tree->root, encoded);
}

void trie_batch_finish(struct trie_batch *batch) {
    for (size_t i = ARRAY_LEN(batch->changed); i > 0; i--) {
        struct trie_loaded *first = batch->changed[i - 1];
        for (struct trie_loaded *node = first; node != NULL; node = node->next_changed) {
            if (batch->verdict != TRIE_VALID) return;
            settle(node);
        }
        /* Now the kinds of all nodes below are final: they are encoded with their own children,
         * which this loop has finished a depth or more ago. */
        for (struct trie_loaded *node = first; node != NULL; node = node->next_changed) {
            finish_children(node);
        }
        hash_pending(batch);
    }
    if (batch->verdict != TRIE_VALID) return;
    for (struct trie_tree *tree = batch->trees; tree != NULL; tree = tree->next) {
        finish_root(tree);
    }
    hash_pending(batch);
}
