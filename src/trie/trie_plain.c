/* The twin of trie.c that follows the definition: Yellow Paper, appendix D, equations for c and n. */
#include "crypto/keccak.h"
#include "trie/trie_node.h"

struct plain {
    struct arena *arena;
    const struct trie_sink *sink;
};

static size_t nibble_count(const struct trie_pair *pair) {
    return 2 * pair->key.len;
}

static uint8_t nibble_at(const struct trie_pair *pair, size_t i) {
    const uint8_t byte = pair->key.data[i / 2];
    return i % 2 == 0 ? byte >> 4 : byte & 0xf;
}

static struct bytes nibbles_of(struct plain *plain, const struct trie_pair *pair) {
    uint8_t *nibbles = arena_alloc(plain->arena, nibble_count(pair), 1);
    trie_nibbles(nibbles, pair->key);
    return bytes_from(nibbles, nibble_count(pair));
}

static struct bytes node_of(
    struct plain *plain, const struct trie_pair *pairs, size_t count, size_t depth
);

/* How the node of the pairs stands in its parent. */
// NOLINTNEXTLINE(misc-no-recursion): a level of the path each, 64 nibbles at most
static struct bytes ref_of(
    struct plain *plain, const struct trie_pair *pairs, size_t count, size_t depth
) {
    const struct bytes node = node_of(plain, pairs, count, depth);
    if (node.len > TRIE_INLINE_MAX && plain->sink != NULL) {
        const struct bytes path = bytes_slice(nibbles_of(plain, pairs), 0, depth);
        plain->sink->put(plain->sink->ctx, path, node);
    }
    uint8_t *ref = arena_alloc(plain->arena, TRIE_REF_MAX, 1);
    return bytes_from(ref, trie_put_ref(ref, node));
}

// NOLINTNEXTLINE(misc-no-recursion): a level of the path each, 64 nibbles at most
static struct bytes branch_of(
    struct plain *plain, const struct trie_pair *pairs, size_t count, size_t depth
) {
    struct rlp_writer writer = rlp_writer_in(plain->arena, TRIE_BRANCH_SIZE_MAX);
    const size_t list = rlp_list_begin(&writer);
    struct bytes value = {NULL, 0};
    if (nibble_count(&pairs[0]) == depth) {
        value = pairs[0].value;
        pairs++;
        count--;
    }
    for (size_t nibble = 0; nibble < TRIE_CHILDREN; nibble++) {
        size_t below = 0;
        while (below < count && nibble_at(&pairs[below], depth) == nibble) {
            below++;
        }
        if (below == 0) {
            rlp_write_bytes(&writer, (struct bytes){NULL, 0});
        } else {
            rlp_write_raw(&writer, ref_of(plain, pairs, below, depth + 1));
        }
        pairs += below;
        count -= below;
    }
    rlp_write_bytes(&writer, value);
    rlp_list_end(&writer, list);
    return rlp_written(&writer);
}

/* The node of the pairs, which agree in their first depth nibbles. */
// NOLINTNEXTLINE(misc-no-recursion): a level of the path each, 64 nibbles at most
static struct bytes node_of(
    struct plain *plain, const struct trie_pair *pairs, size_t count, size_t depth
) {
    const struct bytes first = nibbles_of(plain, &pairs[0]);
    if (count == 1) {
        uint8_t *node = arena_alloc(plain->arena, trie_node_room(pairs[0].value.len), 1);
        const size_t rest = first.len - depth;
        return bytes_from(node, trie_put_leaf(node, first.data + depth, rest, pairs[0].value));
    }
    size_t common = depth;
    while (common < first.len && nibble_at(&pairs[count - 1], common) == first.data[common]) {
        common++;
    }
    if (common == depth) return branch_of(plain, pairs, count, depth);

    const struct bytes child = ref_of(plain, pairs, count, common);
    uint8_t *node = arena_alloc(plain->arena, trie_node_room(child.len), 1);
    const uint8_t *path = first.data + depth;
    return bytes_from(node, trie_put_extension(node, path, common - depth, child));
}

void trie_root_of_plain(
    struct arena *arena,
    struct hash *root,
    const struct trie_pair *pairs,
    size_t count,
    const struct trie_sink *sink
) {
    if (count == 0) {
        *root = trie_empty_root;
        return;
    }
    const struct arena_mark mark = arena_mark(arena);
    struct plain plain = {arena, sink};
    const struct bytes node = node_of(&plain, pairs, count, 0);
    if (sink != NULL) sink->put(sink->ctx, (struct bytes){NULL, 0}, node);
    keccak256(root, node);
    arena_rewind(arena, mark);
}
