/* A handful of hostile nodes, as the proof of a key, as what a reader gives, and each alone.
 *
 * The input is nodes, deepest first, each a length byte and its bytes; where a node has the bytes
 * a0 fe i and 30 more, the 32 behind a0 become the hash of node i, so that the fuzzer can build
 * tries without finding hashes. The last node is the root.
 *
 * Second oracles: a node that decodes is what the writer makes of its parts; a proof that verifies
 * gives the value that trie_get finds; a key that is put is found in the new nodes.
 */
#include "base/fuzz.h"
#include "crypto/keccak.h"
#include "trie/trie_node.h"
#include "trie/trie_proof.h"

enum { NODES_MAX = 8, NODE_SIZE_MAX = 256 };

struct hostile {
    uint8_t data[NODES_MAX][NODE_SIZE_MAX];
    struct bytes nodes[NODES_MAX];
    struct hash hashes[NODES_MAX];
    size_t count;
    const struct trie_writes *writes; /* newer nodes, by path; or NULL */
};

static void fill_hashes(struct hostile *hostile, uint8_t *data, size_t size) {
    for (size_t at = 0; at + 33 <= size; at++) {
        if (data[at] != 0xa0 || data[at + 1] != 0xfe) continue;
        const size_t index = data[at + 2];
        if (index >= hostile->count) continue;
        memcpy(data + at + 1, hostile->hashes[index].bytes, sizeof(struct hash));
    }
}

static void parse(struct hostile *hostile, const uint8_t *data, size_t size) {
    hostile->count = 0;
    hostile->writes = NULL;
    while (size > 0 && hostile->count < NODES_MAX) {
        const size_t len = data[0] < size - 1 ? data[0] : size - 1;
        uint8_t *copy = hostile->data[hostile->count];
        memcpy(copy, data + 1, len);
        fill_hashes(hostile, copy, len);
        const struct bytes node = bytes_from(copy, len);
        keccak256(&hostile->hashes[hostile->count], node);
        hostile->nodes[hostile->count++] = node;
        data += 1 + len;
        size -= 1 + len;
    }
}

static bool read_hostile(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    const struct hostile *hostile = ctx;
    for (size_t i = 0; hostile->writes != NULL && i < hostile->writes->count; i++) {
        const struct trie_write *write = &hostile->writes->items[i];
        if (write->node.len == 0 || !bytes_equal(write->path, place->path)) continue;
        *rlp = write->node;
        return true;
    }
    for (size_t i = 0; i < hostile->count; i++) {
        if (!hash_equal(&hostile->hashes[i], place->hash)) continue;
        *rlp = hostile->nodes[i];
        return true;
    }
    return false;
}

static void check_node(struct bytes encoded) {
    struct trie_node node;
    if (!trie_node_decode(&node, encoded)) return;
    uint8_t nibbles[TRIE_NIBBLES_MAX + 2], again[2 * NODE_SIZE_MAX];
    struct rlp_writer writer = rlp_writer_fixed(again, sizeof again);
    size_t size;
    if (node.kind == TRIE_BRANCH) {
        const size_t list = rlp_list_begin(&writer);
        for (size_t i = 0; i < TRIE_CHILDREN; i++) {
            rlp_write_raw(&writer, trie_child_item(node.children[i]));
        }
        rlp_write_bytes(&writer, node.value);
        rlp_list_end(&writer, list);
        size = rlp_written(&writer).len;
    } else {
        const size_t count = trie_path_len(&node);
        for (size_t i = 0; i < count; i++) {
            nibbles[i] = trie_path_nibble(&node, i);
        }
        size = node.kind == TRIE_LEAF ? trie_put_leaf(again, nibbles, count, node.value)
                                      : trie_put_extension(again, nibbles, count, node.child);
    }
    ASSERT(bytes_equal(bytes_from(again, size), encoded));
}

static void check_update(
    struct arena *arena, struct hostile *hostile, struct hash root, const struct hash *key
) {
    const struct trie_reader reader = {read_hostile, hostile};
    const struct trie_place place = {.hash = &root};
    struct trie_writes writes = {NULL, 0, 0};
    struct trie_change changes[2] = {{*key, BYTES_LITERAL("a new value")}, {*key, {NULL, 0}}};
    changes[1].key.bytes[31] ^= 1; /* the neighbour goes */
    struct hash new_root;
    const enum trie_verdict verdict =
        trie_update(arena, &writes, &new_root, &reader, &place, changes, ARRAY_LEN(changes));
    if (verdict != TRIE_VALID) {
        ASSERT(writes.count == 0 && hash_equal(&root, &new_root));
        return;
    }
    hostile->writes = &writes;
    const struct trie_place after = {.hash = &new_root};
    struct bytes value;
    if (trie_get(&value, &reader, &after, key) == TRIE_VALID) {
        ASSERT(bytes_equal(value, changes[0].value));
    }
    hostile->writes = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct hostile hostile;
    if (size < 3) return 0;
    struct hash key = {{data[0], data[1], data[2]}};
    parse(&hostile, data + 3, size - 3);
    if (hostile.count == 0) return 0;
    for (size_t i = 0; i < hostile.count; i++) {
        check_node(hostile.nodes[i]);
    }

    struct arena arena;
    arena_init(&arena, &test_heap);
    const struct hash root = hostile.hashes[hostile.count - 1];
    const struct trie_reader reader = {read_hostile, &hostile};
    const struct trie_place place = {.hash = &root};
    struct bytes value;
    const enum trie_verdict found = trie_get(&value, &reader, &place, &key);

    struct bytes proof[NODES_MAX], proven;
    for (size_t i = 0; i < hostile.count; i++) {
        proof[i] = hostile.nodes[hostile.count - 1 - i];
    }
    const struct bytes span = BYTES_OF(key.bytes);
    for (size_t count = 0; count <= hostile.count; count++) {
        if (trie_proof_verify(&proven, &root, span, proof, count) != TRIE_PROOF_VALID) continue;
        ASSERT(found == TRIE_VALID && bytes_equal(proven, value));
    }
    check_update(&arena, &hostile, root, &key);
    arena_reset(&arena);
    return 0;
}
