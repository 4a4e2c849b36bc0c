#include "trie/trie.h"

#include "base/test.h"
#include "trie/trie_nodes_test.h"

static struct trie_pair pair_of(const char *key, const char *value) {
    return (struct trie_pair){bytes_from(key, strlen(key)), bytes_from(value, strlen(value))};
}

static void assert_root(const struct hash *root, const char *hex) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < 32; i++) {
        assert_int_equal(digits[root->bytes[i] >> 4], hex[2 * i]);
        assert_int_equal(digits[root->bytes[i] & 0xf], hex[2 * i + 1]);
    }
}

TEST(roots_that_are_known_come_out) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    struct hash root;
    trie_root_of(&arena, &root, NULL, 0, NULL);
    assert_root(&root, "56e81f171bcc55a6ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421");

    /* ethereum/tests, TrieTests: keys that are prefixes of each other. */
    const struct trie_pair puppy[] = {
        pair_of("do", "verb"), pair_of("dog", "puppy"), pair_of("doge", "coin"),
        pair_of("horse", "stallion")};
    trie_root_of(&arena, &root, puppy, ARRAY_LEN(puppy), NULL);
    assert_root(&root, "5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84");
    trie_root_of_plain(&arena, &root, puppy, ARRAY_LEN(puppy), NULL);
    assert_root(&root, "5991bb8c6514148a29db676a14ac506cd2cd5775ace63c30a4fe457715e9ac84");
    arena_reset(&arena);
}

TEST(keys_out_of_order_stop_the_program) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    const char *bad[][2] = {{"b", "a"}, {"a", "a"}, {"ab", "a"}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct trie_builder builder;
        trie_builder_init(&builder, &arena, NULL);
        trie_builder_add(&builder, pair_of(bad[i][0], "1"));
        expect_assert_failure(trie_builder_add(&builder, pair_of(bad[i][1], "2")));
    }
    struct trie_builder builder;
    trie_builder_init(&builder, &arena, NULL);
    expect_assert_failure(trie_builder_add(&builder, pair_of("a", "")));
    arena_reset(&arena);
}

static int compare_pairs(const void *a, const void *b) {
    const struct bytes *x = &((const struct trie_pair *)a)->key;
    const struct bytes *y = &((const struct trie_pair *)b)->key;
    const int order = memcmp(x->data, y->data, x->len < y->len ? x->len : y->len);
    if (order != 0) return order;
    return x->len < y->len ? -1 : x->len > y->len;
}

/* Random keys of one to three lengths over a small alphabet; returns how many are different. */
static size_t random_pairs(
    struct arena *arena, struct trie_pair *pairs, size_t count, uint64_t *seed
) {
    const size_t key_max = 1 + random_below(seed, 5);
    const size_t value_max = 1 + random_below(seed, 40);
    static const uint8_t alphabet[] = {0x00, 0x01, 0x10, 0x11, 0xf1, 0xff};
    for (size_t i = 0; i < count; i++) {
        const size_t key_size = random_below(seed, key_max + 1);
        uint8_t *key = arena_alloc(arena, key_size, 1);
        for (size_t k = 0; k < key_size; k++) {
            key[k] = alphabet[random_below(seed, sizeof alphabet)];
        }
        const size_t value_size = 1 + random_below(seed, value_max);
        uint8_t *value = arena_alloc(arena, value_size, 1);
        memset(value, (int)random_below(seed, 256), value_size);
        pairs[i] = (struct trie_pair){bytes_from(key, key_size), bytes_from(value, value_size)};
    }
    qsort(pairs, count, sizeof *pairs, compare_pairs);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && bytes_equal(pairs[kept - 1].key, pairs[i].key)) continue;
        pairs[kept++] = pairs[i];
    }
    return kept;
}

TEST(the_builder_and_its_plain_twin_make_the_same_nodes) {
    static struct stored_nodes fast, plain;
    uint64_t seed = 1;
    struct arena arena;
    arena_init(&arena, &test_heap);
    for (int round = 0; round < 2000; round++) {
        struct trie_pair pairs[64];
        const size_t count =
            random_pairs(&arena, pairs, random_below(&seed, ARRAY_LEN(pairs) + 1), &seed);
        fast.count = plain.count = 0;
        fast.arena = plain.arena = &arena;
        struct hash fast_root, plain_root;

        /* The sink's memory comes from an arena that the builder does not rewind. */
        struct arena scratch;
        arena_init(&scratch, &test_heap);
        const struct trie_sink fast_sink = {stored_put, &fast}, plain_sink = {stored_put, &plain};
        trie_root_of(&scratch, &fast_root, pairs, count, &fast_sink);
        trie_root_of_plain(&scratch, &plain_root, pairs, count, &plain_sink);
        assert_memory_equal(&fast_root, &plain_root, sizeof fast_root);
        assert_same_nodes(&fast, &plain);
        arena_reset(&scratch);
        arena_reset(&arena);
    }
}

TEST(a_list_is_a_trie_under_rlp_indices) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    static const size_t counts[] = {0, 1, 2, 127, 128, 129, 255, 256, 257, 300};
    for (size_t c = 0; c < ARRAY_LEN(counts); c++) {
        const size_t count = counts[c];
        struct bytes *values = ARENA_ARRAY(&arena, struct bytes, count);
        struct trie_pair *pairs = ARENA_ARRAY(&arena, struct trie_pair, count);
        for (size_t i = 0; i < count; i++) {
            uint8_t *value = arena_alloc(&arena, 40, 1);
            memset(value, (int)i, 40);
            values[i] = bytes_from(value, 1 + i % 40);
            uint8_t *key = arena_alloc(&arena, 3, 1);
            const uint8_t byte = (uint8_t)i;
            size_t size = 0;
            if (i >= 256) {
                key[size++] = 0x82;
                key[size++] = (uint8_t)(i >> 8);
            } else if (i >= 128) {
                key[size++] = 0x81;
            }
            key[size++] = i == 0 ? 0x80 : byte;
            pairs[i] = (struct trie_pair){bytes_from(key, size), values[i]};
        }
        if (count > 0) qsort(pairs, count, sizeof *pairs, compare_pairs);
        struct hash root, expected;
        trie_root_of_list(&arena, &root, values, count);
        trie_root_of_plain(&arena, &expected, pairs, count, NULL);
        assert_memory_equal(&root, &expected, sizeof root);
    }
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(roots_that_are_known_come_out),
    TEST_CASE(keys_out_of_order_stop_the_program),
    TEST_CASE(the_builder_and_its_plain_twin_make_the_same_nodes),
    TEST_CASE(a_list_is_a_trie_under_rlp_indices)
)
