#include "machine/memory_tree.h"

#include "base/test.h"
#include "crypto/keccak.h"
#include "machine/test.h"

/* The definition: a tree over 2^depth leaves of 32 bytes, by recursion; data covers the first ones,
 * the rest are zeros. */
static void plain_root(struct hash *root, const uint8_t *data, size_t size, unsigned depth) {
    static const uint8_t zeros[32];
    if (depth == 0) {
        keccak256(root, bytes_from(size >= 32 ? data : zeros, 32));
        return;
    }
    const size_t half = (size_t)32 << (depth - 1);
    const size_t left_size = size < half ? size : half;
    struct hash left, right;
    plain_root(&left, data, left_size, depth - 1);
    plain_root(&right, data + left_size, size - left_size, depth - 1);
    memory_tree_join(root, &left, &right);
}

TEST(a_tree_of_pages_is_the_plain_tree) {
    enum { PAGES = 8, DEPTH = PAGE_TREE_DEPTH + 3 };
    static uint8_t data[PAGES * MACHINE_PAGE_SIZE];
    for (unsigned present = 0; present < 1u << PAGES; present += 37) {
        uint64_t seed = present;
        struct memory_tree tree;
        memory_tree_start(&tree);
        memset(data, 0, sizeof data);
        for (uint32_t page = 0; page < PAGES; page++) {
            uint8_t *bytes = data + (size_t)page * MACHINE_PAGE_SIZE;
            if ((present >> page & 1) == 0) continue;
            /* Some leaves of the page are zeros, some equal. */
            for (size_t i = 0; i < MACHINE_PAGE_SIZE; i += 32) {
                const uint64_t kind = test_random(&seed) % 3;
                if (kind > 0) bytes[i + 5] = kind == 1 ? 1 : (uint8_t)test_random(&seed);
            }
            memory_tree_add_page(&tree, page, bytes);
        }
        struct hash root, expected;
        memory_tree_finish(&tree, &root, DEPTH);
        plain_root(&expected, data, sizeof data, DEPTH);
        assert_memory_equal(&root, &expected, sizeof root);
    }
}

TEST(permissions_are_a_tree_of_one_byte_a_page) {
    static uint8_t flags[MACHINE_PAGE_COUNT], permissions[MACHINE_PAGE_COUNT];
    uint64_t seed = 3;
    for (int i = 0; i < 200; i++) {
        const size_t start = test_random(&seed) % (MACHINE_PAGE_COUNT - 300);
        const uint8_t permission = (uint8_t)(test_random(&seed) % 6);
        memset(permissions + start, permission, test_random(&seed) % 300);
    }
    for (size_t i = 0; i < sizeof flags; i++) {
        flags[i] = permissions[i] | (i % 3 == 0 ? PAGE_DATA | PAGE_STORE : 0);
    }
    struct hash root, expected;
    memory_tree_permissions(&root, flags);
    plain_root(&expected, permissions, sizeof permissions, PERMISSION_TREE_DEPTH);
    assert_memory_equal(&root, &expected, sizeof root);
}

TEST(the_order_of_leaves_is_enforced) {
    struct memory_tree tree;
    const uint8_t leaf[32] = {1};
    memory_tree_start(&tree);
    memory_tree_add_leaf(&tree, 7, leaf);
    expect_assert_failure(memory_tree_add_leaf(&tree, 7, leaf));
}

/* Computed from MACHINE.md 3.4 and 3.6 by a separate program in another language: the image of
 * test.h with `addi a0, zero, 1; ebreak`, the input "hello", an output capacity of 4096. */
TEST(id_and_state_hashes_are_as_another_implementation_has_them) {
    static const uint8_t id[32] = {0x99, 0xf9, 0xab, 0x7e, 0x19, 0xb7, 0xd7, 0x49, 0xc4, 0x60, 0xde,
                                   0x54, 0x67, 0xef, 0x08, 0xfc, 0x76, 0x63, 0xce, 0x6c, 0xef, 0x63,
                                   0x09, 0xb8, 0x24, 0x8c, 0x96, 0xcb, 0x19, 0xed, 0xa5, 0x3c};
    static const uint8_t at_start[32] = {0x51, 0x40, 0xa5, 0x00, 0x0f, 0x3a, 0x43, 0xce,
                                         0x80, 0x23, 0x5e, 0xef, 0xb3, 0x2c, 0x4b, 0x34,
                                         0xa1, 0x17, 0xdf, 0x6e, 0xa8, 0xc9, 0xd5, 0xa7,
                                         0x2a, 0xd5, 0xb3, 0xb4, 0x6a, 0xb7, 0x64, 0x3c};
    static const uint8_t at_trap[32] = {0x1f, 0xe6, 0xb7, 0x86, 0x0f, 0xc5, 0x9e, 0x7e,
                                        0x14, 0x60, 0x37, 0xfb, 0xb9, 0xb1, 0xd2, 0xeb,
                                        0x69, 0x98, 0xea, 0xc9, 0xef, 0x3c, 0x09, 0x35,
                                        0xbd, 0x6a, 0x5a, 0x9f, 0x50, 0x91, 0xd0, 0xdb};
    static struct test_text text;
    static struct test_image image;
    emit_i(&text, RV_ADDI, A0, X0, 1);
    emit_word(&text, rv_match(RV_EBREAK));
    test_image_build(&image, &text);

    struct arena arena;
    arena_init(&arena, &test_heap);
    struct machine_program program;
    assert_int_equal(machine_program_load(&program, &arena, test_image_file(&image)), ELF_VALID);
    assert_memory_equal(&program.id, id, sizeof id);
    assert_int_equal(program.pages, 0x1f0 + 3 + TEST_HEAP_PAGES);

    struct test_memory memory;
    test_memory_init(&memory);
    const struct machine_setup setup = {
        .program = &program,
        .memory = &memory.memory,
        .input = BYTES_LITERAL("hello"),
        .output_capacity = 4096,
    };
    struct machine machine;
    enum machine_verdict verdict;
    assert_false(failed(machine_start(&machine, &verdict, &setup)));
    struct hash hash;
    machine_state_hash(&hash, &machine);
    assert_memory_equal(&hash, at_start, sizeof hash);
    assert_int_equal(machine_run(&machine, 100), MACHINE_TRAP);
    machine_state_hash(&hash, &machine);
    assert_memory_equal(&hash, at_trap, sizeof hash);
    test_memory_free(&memory);
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(a_tree_of_pages_is_the_plain_tree),
    TEST_CASE(permissions_are_a_tree_of_one_byte_a_page),
    TEST_CASE(the_order_of_leaves_is_enforced),
    TEST_CASE(id_and_state_hashes_are_as_another_implementation_has_them)
)
