/* trie_vectors: tries over public vectors (fixtures: trie, basic). Secure tries, whose keys are
 * hashed, are also changed key by key through their stored nodes. */
#include "crypto/keccak.h"
#include "trie/trie_node.h"
#include "trie/trie_proof.h"
#include "vectors.h"

enum { PAIRS_MAX = 1024, NODES_MAX = 4096 };

struct pairs {
    struct trie_pair items[PAIRS_MAX];
    size_t count;
};

static struct { struct bytes path, node; } stored[NODES_MAX];
static size_t stored_count;

static bool read_stored(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    (void)ctx;
    for (size_t i = 0; i < stored_count; i++) {
        if (!bytes_equal(stored[i].path, place->path)) continue;
        *rlp = stored[i].node;
        return true;
    }
    return false;
}

static void apply(const struct trie_writes *writes) {
    for (size_t w = 0; w < writes->count; w++) {
        size_t i = 0;
        while (i < stored_count && !bytes_equal(stored[i].path, writes->items[w].path))
            i++;
        if (writes->items[w].node.len == 0) {
            ASSERT(i < stored_count);
            stored[i] = stored[--stored_count];
            continue;
        }
        ASSERT(i < NODES_MAX);
        if (i == stored_count) stored_count++;
        stored[i].path = writes->items[w].path;
        stored[i].node = writes->items[w].node;
    }
}

static int compare(struct bytes a, struct bytes b) {
    const size_t len = a.len < b.len ? a.len : b.len;
    const int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
    if (order != 0) return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

/* "0x…" is hex, other text is itself. */
static struct bytes bytes_of(struct arena *arena, struct bytes text) {
    struct bytes bytes;
    if (text.len >= 2 && memcmp(text.data, "0x", 2) == 0 && vectors_hex(arena, &bytes, text)) {
        return bytes;
    }
    return text;
}

/* Puts, or deletes by an empty value, keeping the order. */
static void pairs_set(struct pairs *pairs, struct trie_pair pair) {
    size_t at = 0;
    while (at < pairs->count && compare(pairs->items[at].key, pair.key) < 0)
        at++;
    const bool is_there = at < pairs->count && bytes_equal(pairs->items[at].key, pair.key);
    struct trie_pair *place = &pairs->items[at];
    const size_t behind = pairs->count - at;
    if (is_there && pair.value.len == 0) {
        memmove(place, place + 1, (behind - 1) * sizeof *place);
        pairs->count--;
        return;
    }
    if (pair.value.len == 0) return;
    if (!is_there) {
        ASSERT(pairs->count < PAIRS_MAX);
        memmove(place + 1, place, behind * sizeof *place);
        pairs->count++;
    }
    *place = pair;
}

/* One change: in the map, and in the stored trie where keys are hashes. */
static bool change(
    struct arena *arena,
    struct pairs *pairs,
    struct hash *root,
    struct trie_pair pair,
    bool is_secure
) {
    if (!is_secure) {
        pairs_set(pairs, pair);
        return true;
    }
    struct trie_change change;
    keccak256(&change.key, pair.key);
    change.value = pair.value;
    pair.key = arena_copy(arena, BYTES_OF(change.key.bytes));
    pairs_set(pairs, pair);

    struct trie_writes writes = {NULL, 0, 0};
    const struct trie_reader reader = {read_stored, NULL};
    const struct trie_place place = {.hash = root};
    struct hash after;
    if (trie_update(arena, &writes, &after, &reader, &place, &change, 1) != TRIE_VALID)
        return false;
    apply(&writes);
    *root = after;

    struct trie_proof proof;
    struct bytes value;
    if (trie_prove(arena, &proof, &value, &reader, &place, &change.key) != TRIE_VALID) return false;
    const enum trie_proof_verdict verdict =
        trie_proof_verify(&value, root, pair.key, proof.nodes, proof.count);
    return verdict == TRIE_PROOF_VALID && bytes_equal(value, pair.value);
}

static bool trie_case(struct arena *arena, const json_t *entry, bool is_secure) {
    static struct pairs pairs;
    pairs.count = stored_count = 0;
    struct hash updated = trie_empty_root;
    const json_t *in = json_object_get(entry, "in");
    bool is_good = true;
    size_t i;
    const char *name;
    json_t *item;
    json_array_foreach(in, i, item) {
        const struct trie_pair pair = {
            bytes_of(arena, vectors_text(json_array_get(item, 0))),
            bytes_of(arena, vectors_text(json_array_get(item, 1)))};
        is_good = is_good && change(arena, &pairs, &updated, pair, is_secure);
    }
    json_object_foreach((json_t *)in, name, item) {
        const struct trie_pair pair = {
            bytes_of(arena, bytes_from(name, strlen(name))), bytes_of(arena, vectors_text(item))};
        is_good = is_good && change(arena, &pairs, &updated, pair, is_secure);
    }
    struct hash expected, fast, plain;
    const struct bytes root = vectors_text(json_object_get(entry, "root"));
    if (hex_decode_hash(&expected, root) != HEX_VALID) return false;
    trie_root_of(arena, &fast, pairs.items, pairs.count, NULL);
    trie_root_of_plain(arena, &plain, pairs.items, pairs.count, NULL);
    if (is_secure && !hash_equal(&updated, &expected)) return false;
    return is_good && hash_equal(&fast, &expected) && hash_equal(&plain, &expected);
}

static void trie_file(struct arena *arena, const char *file, bool is_secure) {
    json_t *json = vectors_load(file);
    const char *name;
    json_t *entry;
    json_object_foreach(json, name, entry) {
        vectors_count(trie_case(arena, entry, is_secure), file, name);
    }
    json_decref(json);
}

/* Each test names the neighbours of a key among the keys of in: the builder takes, and asserts, the
 * same order. */
static bool order_case(struct arena *arena, const json_t *entry) {
    static struct pairs pairs;
    pairs.count = 0;
    size_t i;
    json_t *item;
    json_array_foreach(json_object_get(entry, "in"), i, item) {
        pairs_set(&pairs, (struct trie_pair){vectors_text(item), BYTES_LITERAL("x")});
    }
    struct hash root;
    trie_root_of(arena, &root, pairs.items, pairs.count, NULL);
    json_array_foreach(json_object_get(entry, "tests"), i, item) {
        const struct bytes key = vectors_text(json_array_get(item, 0));
        struct bytes before = {NULL, 0}, behind = {NULL, 0};
        for (size_t k = 0; k < pairs.count; k++) {
            const struct bytes other = pairs.items[k].key;
            const int order = compare(other, key);
            if (order < 0) before = other;
            if (order > 0 && behind.len == 0) behind = other;
        }
        if (!bytes_equal(before, vectors_text(json_array_get(item, 1)))) return false;
        if (!bytes_equal(behind, vectors_text(json_array_get(item, 2)))) return false;
    }
    return true;
}

static void order_file(struct arena *arena, const char *file) {
    json_t *json = vectors_load(file);
    const char *name;
    json_t *entry;
    json_object_foreach(json, name, entry) {
        vectors_count(order_case(arena, entry), file, name);
    }
    json_decref(json);
}

/* The hex-prefix encoding of nibbles, as it stands in a leaf (term) or an extension. */
static bool path_case(struct arena *arena, const json_t *entry) {
    uint8_t nibbles[64], encoded[256];
    const json_t *sequence = json_object_get(entry, "seq");
    const size_t count = json_array_size(sequence);
    ASSERT(count <= sizeof nibbles);
    for (size_t i = 0; i < count; i++)
        nibbles[i] = (uint8_t)json_integer_value(json_array_get(sequence, i));
    const bool is_leaf = json_is_true(json_object_get(entry, "term"));
    uint8_t child[RLP_HASH_SIZE] = {TRIE_HASH_CHILD};
    const size_t size = is_leaf ? trie_put_leaf(encoded, nibbles, count, BYTES_OF(child))
                                : trie_put_extension(encoded, nibbles, count, BYTES_OF(child));
    struct bytes expected;
    if (!vectors_hex(arena, &expected, vectors_text(json_object_get(entry, "out")))) return false;
    struct trie_node node;
    if (!trie_node_decode(&node, bytes_from(encoded, size))) return false;
    if (!bytes_equal(node.path, expected) || trie_path_len(&node) != count) return false;
    for (size_t i = 0; i < count; i++) {
        if (trie_path_nibble(&node, i) != nibbles[i]) return false;
    }
    return node.kind == (is_leaf ? TRIE_LEAF : TRIE_EXTENSION);
}

static void path_file(struct arena *arena, const char *file) {
    json_t *json = vectors_load(file);
    const char *name;
    json_t *entry;
    json_object_foreach(json, name, entry) {
        vectors_count(path_case(arena, entry), file, name);
    }
    json_decref(json);
}

int main(void) {
    vectors_need("trie");
    vectors_need("basic");
    struct arena arena;
    arena_init(&arena, &heap_source);
    trie_file(&arena, "trie/TrieTests/trieanyorder.json", false);
    trie_file(&arena, "trie/TrieTests/trietest.json", false);
    trie_file(&arena, "trie/TrieTests/trieanyorder_secureTrie.json", true);
    trie_file(&arena, "trie/TrieTests/trietest_secureTrie.json", true);
    trie_file(&arena, "trie/TrieTests/hex_encoded_securetrie_test.json", true);
    order_file(&arena, "trie/TrieTests/trietestnextprev.json");
    path_file(&arena, "basic/BasicTests/hexencodetest.json");
    arena_reset(&arena);
    return vectors_end();
}
