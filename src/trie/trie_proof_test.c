#include "trie/trie_proof.h"

#include "base/test.h"
#include "crypto/keccak.h"
#include "trie/trie_nodes_test.h"

enum { PAIRS = 60, VALUE_SIZE = 5 };

static bool read_stored(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    const struct bytes *node = stored_find(ctx, place->path);
    if (node == NULL) return false;
    *rlp = *node;
    return true;
}

/* A trie with extensions and inline nodes: keys that end in long common parts. */
struct fixture {
    struct stored_nodes nodes;
    struct hash keys[PAIRS]; /* ascending; the odd ones are in the trie */
    struct hash root;
};

static void fixture_init(struct fixture *fixture, struct arena *arena) {
    static const uint8_t value[VALUE_SIZE] = {1, 2, 3, 4, 5};
    struct trie_pair pairs[PAIRS];
    size_t count = 0;
    memset(fixture, 0, sizeof *fixture);
    fixture->nodes.arena = arena;
    for (size_t i = 0; i < PAIRS; i++) {
        fixture->keys[i].bytes[0] = (uint8_t)(i / 20 * 0x40);
        fixture->keys[i].bytes[30] = (uint8_t)(i / 4);
        fixture->keys[i].bytes[31] = (uint8_t)(i % 4 * 0x23);
        if (i % 2 == 0) continue;
        pairs[count].key = BYTES_OF(fixture->keys[i].bytes);
        pairs[count++].value = BYTES_OF(value);
    }
    struct arena build;
    arena_init(&build, &test_heap);
    const struct trie_sink sink = {stored_put, &fixture->nodes};
    trie_root_of(&build, &fixture->root, pairs, count, &sink);
    arena_reset(&build);
}

static enum trie_proof_verdict verify(
    struct bytes *value, const struct fixture *fixture, size_t i, const struct trie_proof *proof
) {
    return trie_proof_verify(
        value, &fixture->root, BYTES_OF(fixture->keys[i].bytes), proof->nodes, proof->count
    );
}

TEST(proofs_of_presence_and_of_absence_verify) {
    static struct fixture fixture;
    struct arena arena;
    arena_init(&arena, &test_heap);
    fixture_init(&fixture, &arena);
    const struct trie_reader reader = {read_stored, &fixture.nodes};
    const struct trie_place root = {.hash = &fixture.root};
    for (size_t i = 0; i < PAIRS; i++) {
        struct trie_proof proof;
        struct bytes value, proven;
        assert_int_equal(
            trie_prove(&arena, &proof, &value, &reader, &root, &fixture.keys[i]), TRIE_VALID
        );
        assert_int_equal(verify(&proven, &fixture, i, &proof), TRIE_PROOF_VALID);
        assert_int_equal(proven.len, i % 2 == 0 ? 0 : VALUE_SIZE);
        assert_bytes_equal(proven, value);
    }
    arena_reset(&arena);
}

/* Every proof with one bit changed, a node missing or a node too many is refused. */
TEST(a_changed_proof_is_refused) {
    static struct fixture fixture;
    struct arena arena;
    arena_init(&arena, &test_heap);
    fixture_init(&fixture, &arena);
    const struct trie_reader reader = {read_stored, &fixture.nodes};
    const struct trie_place root = {.hash = &fixture.root};
    for (size_t i = 0; i < PAIRS; i++) {
        struct trie_proof proof;
        struct bytes value;
        assert_int_equal(
            trie_prove(&arena, &proof, &value, &reader, &root, &fixture.keys[i]), TRIE_VALID
        );
        struct bytes nodes[TRIE_PROOF_NODES_MAX];
        assert_true(proof.count >= 2);
        memcpy(nodes, proof.nodes, proof.count * sizeof *nodes);
        nodes[proof.count] = nodes[0];
        struct trie_proof bad = {nodes, proof.count - 1};
        assert_int_equal(verify(&value, &fixture, i, &bad), TRIE_PROOF_TOO_SHORT);
        bad.count = proof.count + 1;
        assert_int_equal(verify(&value, &fixture, i, &bad), TRIE_PROOF_TOO_LONG);
        bad.count = 0;
        assert_int_equal(verify(&value, &fixture, i, &bad), TRIE_PROOF_TOO_SHORT);
        bad.count = proof.count;
        for (size_t n = 0; n < proof.count; n++) {
            uint8_t *copy = arena_alloc(&arena, proof.nodes[n].len, 1);
            memcpy(copy, proof.nodes[n].data, proof.nodes[n].len);
            copy[i % proof.nodes[n].len] ^= 1;
            nodes[n] = bytes_from(copy, proof.nodes[n].len);
            assert_int_equal(verify(&value, &fixture, i, &bad), TRIE_PROOF_WRONG_HASH);
            assert_int_equal(value.len, 0);
            nodes[n] = proof.nodes[n];
        }
    }
    arena_reset(&arena);
}

TEST(the_empty_trie_has_the_empty_proof) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    const struct trie_reader reader = {read_stored, NULL}; /* is not asked */
    const struct trie_place root = {.hash = &trie_empty_root};
    const struct hash key = {{1}};
    struct trie_proof proof;
    struct bytes value;
    assert_int_equal(trie_prove(&arena, &proof, &value, &reader, &root, &key), TRIE_VALID);
    assert_int_equal(proof.count, 0);
    assert_int_equal(value.len, 0);
    const struct bytes span = BYTES_OF(key.bytes);
    assert_int_equal(trie_proof_verify(&value, &trie_empty_root, span, NULL, 0), TRIE_PROOF_VALID);
    const struct bytes node = BYTES_LITERAL("\x80");
    assert_int_equal(
        trie_proof_verify(&value, &trie_empty_root, span, &node, 1), TRIE_PROOF_TOO_LONG
    );
    arena_reset(&arena);
}

TEST(nodes_that_are_not_canonical_are_malformed) {
    static const char *const nodes[] = {
        "\xc0",             /* no items */
        "\xc1\x20",         /* one */
        "\xc3\x20\x01\x01", /* three */
        "\xc2\x20\x80",     /* a leaf without a value */
        "\xc2\x20\xc0",     /* a leaf with a list */
        "\xc2\x80\x01",     /* no path at all */
        "\xc2\x40\x01",     /* flags that do not exist */
        "\xc2\x21\x01",     /* an even path with a nibble beside its flags */
        "\xc2\x10\x01",     /* an extension to a byte */
        "\xc2\x11\x80",     /* an extension to nothing */
        "\xc4\x30\x81\x05", /* a byte with a prefix */
        "\xc2\x30\x05\x05", /* bytes left over */
        "\xd1\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
        "\xd1\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x05",
        "\xd1\x05\x05\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80",
    };
    for (size_t i = 0; i < ARRAY_LEN(nodes); i++) {
        const struct bytes node = bytes_from(nodes[i], strlen(nodes[i]));
        struct arena arena;
        arena_init(&arena, &test_heap);
        struct hash root;
        keccak256(&root, node);
        struct bytes value;
        assert_int_equal(
            trie_proof_verify(&value, &root, BYTES_LITERAL("k"), &node, 1), TRIE_PROOF_MALFORMED
        );
        arena_reset(&arena);
    }
    for (int verdict = TRIE_PROOF_VALID; verdict <= TRIE_PROOF_TOO_LONG; verdict++) {
        assert_int_not_equal(trie_proof_verdict_text((enum trie_proof_verdict)verdict)[0], 0);
    }
}

TEST_MAIN(
    TEST_CASE(proofs_of_presence_and_of_absence_verify),
    TEST_CASE(a_changed_proof_is_refused),
    TEST_CASE(the_empty_trie_has_the_empty_proof),
    TEST_CASE(nodes_that_are_not_canonical_are_malformed)
)
