#include "trie/trie_update.h"

#include "trie/trie_batch.h"
#include "trie/trie_node.h"

const char *trie_verdict_text(enum trie_verdict verdict) {
    switch (verdict) {
    case TRIE_VALID: return "valid";
    case TRIE_MISSING_NODE: return "a trie node is missing";
    case TRIE_MALFORMED_NODE: return "a trie node is malformed";
    }
    return "unknown";
}

enum trie_verdict trie_update(
    struct arena *arena,
    struct trie_writes *writes,
    struct hash *root,
    const struct trie_reader *reader,
    const struct trie_place *old_root,
    const struct trie_change *changes,
    size_t count
) {
    const size_t write_count = writes->count;
    struct trie_batch batch;
    trie_batch_init(&batch, arena, reader, writes);
    struct trie_tree *tree = trie_batch_tree(&batch, old_root->owner, old_root->hash);
    for (size_t i = 0; i < count; i++) {
        if (changes[i].value.len == 0) {
            trie_tree_delete(tree, &changes[i].key);
        } else {
            trie_tree_put(tree, &changes[i].key, changes[i].value);
        }
    }
    trie_batch_finish(&batch);
    *root = tree->root;
    if (batch.verdict != TRIE_VALID) writes->count = write_count;
    return batch.verdict;
}

enum trie_verdict trie_get(
    struct bytes *value,
    const struct trie_reader *reader,
    const struct trie_place *root,
    const struct hash *key
) {
    *value = (struct bytes){NULL, 0};
    if (hash_equal(root->hash, &trie_empty_root)) return TRIE_VALID;
    uint8_t nibbles[TRIE_HASH_NIBBLES];
    trie_nibbles(nibbles, BYTES_OF(key->bytes));
    struct hash hash = *root->hash;
    struct bytes item = {NULL, 0}; /* the inline node to go to, or empty: the one of hash */
    size_t depth = 0;
    for (;;) {
        struct trie_node node;
        const struct trie_place place = {root->owner, {nibbles, depth}, &hash};
        struct bytes encoded = item;
        if (item.len == 0 && !reader->node(reader->ctx, &place, &encoded)) {
            return TRIE_MISSING_NODE;
        }
        if (!trie_node_decode(&node, encoded)) return TRIE_MALFORMED_NODE;
        switch (trie_node_step(&item, &depth, &node, nibbles, sizeof nibbles)) {
        case TRIE_STEP_FOUND: *value = item; return TRIE_VALID;
        case TRIE_STEP_ABSENT: return TRIE_VALID;
        case TRIE_STEP_DOWN: break;
        }
        if (*item.data != TRIE_HASH_CHILD) continue;
        memcpy(hash.bytes, item.data + 1, sizeof hash.bytes);
        item.len = 0;
    }
}
