#include "trie/trie_update.h"

#include "base/test.h"
#include "trie/trie_nodes_test.h"

/* The pairs that a trie has, in a map over a small space of keys, so that keys meet again. */
enum { KEYS_MAX = 256, VALUE_MAX = 48 };

struct model {
    size_t count;
    struct hash keys[KEYS_MAX]; /* ascending */
    uint8_t values[KEYS_MAX][VALUE_MAX];
    size_t sizes[KEYS_MAX]; /* 0: absent */
};

static int compare_hashes(const void *a, const void *b) {
    return memcmp(a, b, sizeof(struct hash));
}

/* Keys that part at every depth: each takes a random number of nibbles from an earlier one. */
static void model_init(struct model *model, uint64_t *seed) {
    memset(model, 0, sizeof *model);
    model->count = 2 + random_below(seed, KEYS_MAX - 2);
    const size_t spread = random_below(seed, 3);
    for (size_t i = 0; i < model->count; i++) {
        uint8_t *key = model->keys[i].bytes;
        for (size_t k = 0; k < 32; k++) {
            key[k] = (uint8_t)random_u64(seed);
        }
        if (i == 0 || spread == 0) continue;
        const uint8_t *other = model->keys[random_below(seed, i)].bytes;
        const size_t shared = random_below(seed, spread == 1 ? 64 : 6); /* nibbles */
        for (size_t n = 0; n < shared; n++) {
            const uint8_t mask = n % 2 == 0 ? 0xf0 : 0x0f;
            key[n / 2] = (uint8_t)((key[n / 2] & ~mask) | (other[n / 2] & mask));
        }
    }
    qsort(model->keys, model->count, sizeof model->keys[0], compare_hashes);
    size_t kept = 1;
    for (size_t i = 1; i < model->count; i++) {
        if (hash_equal(&model->keys[i], &model->keys[kept - 1])) continue;
        model->keys[kept++] = model->keys[i];
    }
    model->count = kept;
}

/* Changes the model, and tells how. */
static size_t model_change(
    struct arena *arena, struct model *model, struct trie_change *changes, uint64_t *seed
) {
    const uint64_t chance = 1 + random_below(seed, 100); /* that a key changes, in percent */
    const uint64_t deletes = random_below(seed, 101);
    const size_t value_max = 1 + random_below(seed, VALUE_MAX);
    size_t count = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (random_below(seed, 100) >= chance) continue;
        const bool is_delete = random_below(seed, 100) < deletes;
        model->sizes[i] = is_delete ? 0 : 1 + random_below(seed, value_max);
        memset(model->values[i], (int)random_below(seed, 4), model->sizes[i]);
        changes[count].key = model->keys[i];
        changes[count].value = arena_copy(arena, bytes_from(model->values[i], model->sizes[i]));
        count++;
    }
    return count;
}

static void build_from_scratch(
    struct arena *arena, const struct model *model, struct hash *root, const struct trie_sink *sink
) {
    struct trie_pair pairs[KEYS_MAX];
    size_t count = 0;
    for (size_t i = 0; i < model->count; i++) {
        if (model->sizes[i] == 0) continue;
        pairs[count].key = BYTES_OF(model->keys[i].bytes);
        pairs[count++].value = bytes_from(model->values[i], model->sizes[i]);
    }
    trie_root_of_plain(arena, root, pairs, count, sink);
}

static bool read_stored(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    struct stored_nodes *stored = ctx;
    const struct bytes *node = stored_find(stored, place->path);
    if (node == NULL) return false;
    *rlp = *node;
    return true;
}

static void apply_writes(struct stored_nodes *stored, const struct trie_writes *writes) {
    for (size_t i = 0; i < writes->count; i++) {
        const struct trie_write *write = &writes->items[i];
        assert_null(write->owner);
        assert_false(write->wipes_owner);
        for (size_t k = 0; k < i; k++) {
            assert_false(bytes_equal(writes->items[k].path, write->path));
        }
        if (write->node.len == 0) {
            stored_delete(stored, write->path);
        } else {
            stored_put(stored, write->path, write->node);
        }
    }
}

static void shuffle(struct trie_change *changes, size_t count, uint64_t *seed) {
    for (size_t i = count; i > 1; i--) {
        const size_t k = random_below(seed, i);
        const struct trie_change change = changes[k];
        changes[k] = changes[i - 1];
        changes[i - 1] = change;
    }
}

/* After each batch the store has exactly the nodes of a build from scratch, and no node was read
 * twice; and every key is found, or is not, as it should be. */
TEST(a_changed_trie_is_the_trie_of_what_it_holds) {
    static struct stored_nodes stored, scratch;
    static struct model model;
    struct arena arena;
    arena_init(&arena, &test_heap);
    uint64_t seed = 7;
    for (int round = 0; round < 150; round++) {
        model_init(&model, &seed);
        stored.count = 0;
        stored.arena = scratch.arena = &arena;
        struct hash root = trie_empty_root;
        for (int step = 0; step < 12; step++) {
            struct trie_change changes[KEYS_MAX];
            const size_t count = model_change(&arena, &model, changes, &seed);
            if (random_below(&seed, 2) == 0) shuffle(changes, count, &seed);

            for (size_t i = 0; i < stored.count; i++) {
                stored.items[i].reads = 0;
            }
            struct trie_writes writes = {NULL, 0, 0};
            const struct trie_reader reader = {read_stored, &stored};
            const struct trie_place place = {.hash = &root};
            struct hash new_root;
            assert_int_equal(
                trie_update(&arena, &writes, &new_root, &reader, &place, changes, count), TRIE_VALID
            );
            for (size_t i = 0; i < stored.count; i++) {
                assert_true(stored.items[i].reads <= 1);
            }
            apply_writes(&stored, &writes);
            root = new_root;

            struct hash expected;
            scratch.count = 0;
            struct arena build;
            arena_init(&build, &test_heap);
            const struct trie_sink sink = {stored_put, &scratch};
            build_from_scratch(&build, &model, &expected, &sink);
            arena_reset(&build);
            assert_memory_equal(&root, &expected, sizeof root);
            assert_same_nodes(&stored, &scratch);

            for (size_t i = 0; i < model.count; i++) {
                struct bytes value;
                const struct trie_place head = {.hash = &root};
                assert_int_equal(trie_get(&value, &reader, &head, &model.keys[i]), TRIE_VALID);
                assert_bytes_equal(value, bytes_from(model.values[i], model.sizes[i]));
            }
        }
        arena_reset(&arena);
    }
}

TEST(a_batch_that_changes_nothing_writes_nothing) {
    static struct stored_nodes stored;
    static struct model model;
    struct arena arena;
    arena_init(&arena, &test_heap);
    uint64_t seed = 3;
    model_init(&model, &seed);
    for (size_t i = 0; i < model.count; i++) {
        model.sizes[i] = i % 2 == 0 ? 5 : 0;
    }
    stored.arena = &arena;
    struct hash root, same;
    struct arena build;
    arena_init(&build, &test_heap);
    const struct trie_sink sink = {stored_put, &stored};
    build_from_scratch(&build, &model, &root, &sink);
    arena_reset(&build);

    struct trie_change changes[KEYS_MAX];
    for (size_t i = 0; i < model.count; i++) {
        changes[i].key = model.keys[i];
        changes[i].value = bytes_from(model.values[i], model.sizes[i]);
    }
    struct trie_writes writes = {NULL, 0, 0};
    const struct trie_reader reader = {read_stored, &stored};
    const struct trie_place place = {.hash = &root};
    assert_int_equal(
        trie_update(&arena, &writes, &same, &reader, &place, changes, model.count), TRIE_VALID
    );
    assert_memory_equal(&same, &root, sizeof root);
    assert_int_equal(writes.count, 0);
    arena_reset(&arena);
}

static bool give_node(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    (void)place;
    *rlp = *(const struct bytes *)ctx;
    return rlp->data != NULL;
}

TEST(a_bad_old_node_is_a_verdict_and_changes_nothing) {
    static const uint8_t leaf_too_short[] = {0xc3, 0x20, 0x81, 0xff};
    static const uint8_t branch_with_value[] = {0xd3, 0xc1, 0x80, 0xc1, 0x80, 0x80, 0x80,
                                                0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
                                                0x80, 0x80, 0x80, 0x80, 0x80, 0x05};
    const struct {
        struct bytes node;
        enum trie_verdict verdict;
    } cases[] = {
        {{NULL, 0}, TRIE_MISSING_NODE},
        {BYTES_LITERAL(""), TRIE_MALFORMED_NODE},
        {BYTES_LITERAL("\xc0"), TRIE_MALFORMED_NODE},
        {BYTES_OF(leaf_too_short), TRIE_MALFORMED_NODE},
        {BYTES_OF(branch_with_value), TRIE_MALFORMED_NODE},
    };
    struct arena arena;
    arena_init(&arena, &test_heap);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bytes node = cases[i].node;
        const struct trie_reader reader = {give_node, &node};
        struct hash old_root = {{1}}, root;
        const struct trie_place place = {.hash = &old_root};
        const struct trie_change change = {{{0}}, BYTES_LITERAL("value")};
        struct trie_writes writes = {NULL, 0, 0};
        assert_int_equal(
            trie_update(&arena, &writes, &root, &reader, &place, &change, 1), cases[i].verdict
        );
        assert_memory_equal(&root, &old_root, sizeof root);
        assert_int_equal(writes.count, 0);
        assert_int_not_equal(trie_verdict_text(cases[i].verdict)[0], 0);
    }
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(a_changed_trie_is_the_trie_of_what_it_holds),
    TEST_CASE(a_batch_that_changes_nothing_writes_nothing),
    TEST_CASE(a_bad_old_node_is_a_verdict_and_changes_nothing)
)
