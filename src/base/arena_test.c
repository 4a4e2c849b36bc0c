#include "base/arena.h"

#include "base/test.h"

TEST(memory_is_zeroed_and_aligned) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    for (size_t align = 1; align <= 64; align *= 2) {
        const uint8_t *p = arena_alloc(&arena, 100, align);
        assert_int_equal((uintptr_t)p % align, 0);
        for (size_t i = 0; i < 100; i++) {
            assert_int_equal(p[i], 0);
        }
    }
    arena_reset(&arena);
}

TEST(an_allocation_larger_than_a_chunk_has_its_room) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    uint8_t *small = arena_alloc(&arena, 1, 1);
    uint8_t *large = arena_alloc(&arena, 10 << 20, 64);
    memset(large, 0xff, 10 << 20);
    assert_int_equal(*small, 0);
    arena_reset(&arena);
}

TEST(a_rewind_gives_the_same_memory_again_zeroed) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    (void)arena_alloc(&arena, 10, 1);
    const struct arena_mark mark = arena_mark(&arena);
    uint8_t *first = arena_alloc(&arena, 1000, 8);
    memset(first, 0xaa, 1000);
    (void)arena_alloc(&arena, 1 << 20, 8); /* a second chunk, dropped by the rewind */
    arena_rewind(&arena, mark);
    const uint8_t *again = arena_alloc(&arena, 1000, 8);
    assert_ptr_equal(again, first);
    assert_int_equal(again[999], 0);
    arena_reset(&arena);
}

TEST(a_mark_of_an_empty_arena_can_be_rewound_to) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    const struct arena_mark mark = arena_mark(&arena);
    (void)arena_alloc(&arena, 10, 1);
    arena_rewind(&arena, mark);
    assert_null(arena.chunk);
    (void)arena_alloc(&arena, 10, 1);
    arena_reset(&arena);
}

TEST(a_size_only_a_bug_can_ask_for_stops_the_program) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    expect_assert_failure(arena_array(&arena, SIZE_MAX / 2, 1, 3));
    expect_assert_failure(arena_alloc(&arena, 1, 3));
}

TEST_MAIN(
    TEST_CASE(memory_is_zeroed_and_aligned),
    TEST_CASE(an_allocation_larger_than_a_chunk_has_its_room),
    TEST_CASE(a_rewind_gives_the_same_memory_again_zeroed),
    TEST_CASE(a_mark_of_an_empty_arena_can_be_rewound_to),
    TEST_CASE(a_size_only_a_bug_can_ask_for_stops_the_program)
)
