#include "world/guest_memory.h"

#include "base/test.h"

TEST(memory_is_zero_at_first_and_after_a_reset) {
    struct guest_memory guest;
    assert_false(failed(guest_memory_create(&guest)));
    struct machine_memory *memory = &guest.memory;
    for (int round = 0; round < 3; round++) {
        assert_true(machine_memory_map(memory, 0x20000, 0x3000, PAGE_READ | PAGE_WRITE));
        assert_true(machine_memory_map(memory, 0xfffff000, 0x1000, PAGE_READ | PAGE_WRITE));
        uint64_t value = 1;
        assert_true(machine_memory_load(memory, &value, 0x22ff8, 8));
        assert_int_equal(value, 0);
        assert_true(machine_memory_store(memory, 0x22ff8, 8, 0x0123456789abcdef));
        assert_true(machine_memory_store(memory, 0xfffffffe, 2, 0xffff));
        assert_true(machine_memory_load(memory, &value, 0x22ff9, 4));
        assert_int_equal(value, 0x6789abcd);
        assert_false(failed(guest_memory_reset(&guest)));
        assert_false(machine_memory_load(memory, &value, 0x22ff8, 8));
    }
    guest_memory_destroy(&guest);
}

TEST(two_guests_do_not_share_anything) {
    struct guest_memory a, b;
    assert_false(failed(guest_memory_create(&a)));
    assert_false(failed(guest_memory_create(&b)));
    assert_true(machine_memory_map(&a.memory, 0x20000, 0x1000, PAGE_READ | PAGE_WRITE));
    assert_true(machine_memory_map(&b.memory, 0x20000, 0x1000, PAGE_READ));
    assert_true(machine_memory_store(&a.memory, 0x20000, 1, 7));
    assert_false(machine_memory_store(&b.memory, 0x20000, 1, 7));
    uint64_t value = 1;
    assert_true(machine_memory_load(&b.memory, &value, 0x20000, 1));
    assert_int_equal(value, 0);
    guest_memory_destroy(&a);
    guest_memory_destroy(&b);
}

TEST_MAIN(
    TEST_CASE(memory_is_zero_at_first_and_after_a_reset),
    TEST_CASE(two_guests_do_not_share_anything)
)
