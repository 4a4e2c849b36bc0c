/* When blocks are made, and what time they have: a proposer with a clock that the test turns, over
 * the engine of a node. */
#include "base/test.h"
#include "service/testing.h"
#include "world/heap.h"

static struct test_world world;
static struct solo *solo;
static struct solo_settings settings;
static uint64_t clock_s;
static size_t failures;

static uint64_t wall_ms(void *ctx) {
    (void)ctx;
    return clock_s * 1000 + 999;
}

static const struct clock test_clock = {.wall_ms = wall_ms};

static uint64_t head_time(void) {
    return execution_head(world.node->execution)->timestamp;
}

static struct status begin_batch(void *ctx) {
    (void)ctx;
    return execution_begin_batch(world.node->execution);
}

static struct status end_batch(void *ctx) {
    (void)ctx;
    return execution_end_batch(world.node->execution);
}

static void on_failure(void *ctx, struct status status) {
    (void)ctx;
    assert_true(failed(status));
    failures++;
}

static struct solo_options options_over(const struct engine *engine) {
    return (struct solo_options){
        .loop = &world.loop,
        .engine = engine,
        .importer = &world.node->importer,
        .clock = &test_clock,
        .source = &heap_source,
        .coinbase = {{0xcb}},
        .begin_batch = begin_batch,
        .end_batch = end_batch,
        .failure = on_failure,
    };
}

static void propose_at(uint64_t expected) {
    assert_ok(solo_propose(solo));
    assert_int_equal(head_time(), expected);
}

/* ---- times ---- */

TEST(a_block_has_the_clocks_time) {
    propose_at(clock_s);
    clock_s += 5;
    propose_at(clock_s);
}

TEST(a_block_is_later_than_its_parent) {
    const uint64_t before = clock_s;
    propose_at(before);
    propose_at(before + 1);
    clock_s -= 100;
    propose_at(before + 2);
    settings.time_offset_s = -(int64_t)NODE_TIMESTAMP_MAX;
    solo_set(solo, &settings);
    propose_at(before + 3);
    settings.time_offset_s = 1000;
    solo_set(solo, &settings);
    propose_at(clock_s + 1000);
}

TEST(an_exact_time_holds_once) {
    uint64_t next;
    settings.has_next_timestamp = true;
    settings.next_timestamp = clock_s + 777;
    solo_set(solo, &settings);
    assert_ok(solo_next_timestamp(solo, &next));
    assert_int_equal(next, clock_s + 777);
    propose_at(clock_s + 777);
    propose_at(clock_s + 778);
    settings.next_timestamp = 5; /* long ago */
    solo_set(solo, &settings);
    propose_at(clock_s + 779);
}

TEST(randomness_is_set_once_and_drawn_from_the_parent_else) {
    const struct hash set = {{0xaa, 0xbb}};
    settings.has_next_prevrandao = true;
    settings.next_prevrandao = set;
    solo_set(solo, &settings);
    assert_ok(solo_propose(solo));
    assert_memory_equal(&execution_head(world.node->execution)->prev_randao, &set, 32);
    assert_ok(solo_propose(solo));
    assert_memory_not_equal(&execution_head(world.node->execution)->prev_randao, &set, 32);
}

/* More than are made together in one transaction of the database. */
TEST(many_blocks_are_made_at_their_interval) {
    const uint64_t before = clock_s;
    assert_ok(solo_mine(solo, 150, 7));
    assert_int_equal(test_head(&world), 150);
    assert_int_equal(head_time(), before + 149 * 7);
    assert_int_equal(solo_settings(solo)->timestamp_interval_s, 0);
    assert_int_equal(coprocessor_book(world.node->coprocessor)->number, 150);
    settings.timestamp_interval_s = 3;
    solo_set(solo, &settings);
    propose_at(before + 149 * 7 + 3);
    assert_ok(solo_mine(solo, 0, 0));
    assert_int_equal(test_head(&world), 151);
}

/* ---- when ---- */

TEST(a_transaction_makes_a_block_only_where_it_should) {
    test_submit(&world, test_transfer(&world, 0, 0));
    assert_ok(solo_transaction(solo));
    assert_int_equal(test_head(&world), 0);
    settings.automine = true;
    solo_set(solo, &settings);
    assert_ok(solo_transaction(solo));
    assert_int_equal(test_head(&world), 1);
    assert_int_equal(test_next_nonce(&world, 0), 1);
}

static void count_turn(uv_check_t *handle) {
    ++*(size_t *)handle->data;
}

/* Blocks take longer than the interval here, and the loop still turns between any two. */
TEST(blocks_on_time_leave_room_for_others) {
    size_t turns = 0;
    uv_check_t check = {.data = &turns};
    assert_int_equal(uv_check_init(&world.loop, &check), 0);
    assert_int_equal(uv_check_start(&check, count_turn), 0);
    settings.interval_ms = 1;
    solo_set(solo, &settings);
    for (int i = 0; i < 2000 && test_head(&world) < 20; i++) {
        (void)uv_run(&world.loop, UV_RUN_ONCE);
    }
    assert_true(test_head(&world) >= 20);
    assert_true(2 * turns >= test_head(&world));
    settings.interval_ms = 0;
    solo_set(solo, &settings);
    const uint64_t before = test_head(&world);
    for (int i = 0; i < 10; i++) {
        (void)uv_run(&world.loop, UV_RUN_NOWAIT);
        uv_sleep(1);
    }
    assert_int_equal(test_head(&world), before);
    uv_close((uv_handle_t *)&check, NULL);
    (void)uv_run(&world.loop, UV_RUN_NOWAIT);
}

static struct status broken_head(void *ctx, struct engine_place *out) {
    (void)ctx;
    (void)out;
    return status_make(STATUS_IO, 5, "reading a broken disk");
}

TEST(a_failure_on_time_is_told) {
    static const struct engine broken = {.head = broken_head};
    struct solo_options options = options_over(&broken);
    struct solo *other;
    options.interval_ms = 1;
    assert_ok(solo_create(&other, &options));
    for (int i = 0; i < 1000 && failures == 0; i++) {
        (void)uv_run(&world.loop, UV_RUN_ONCE);
    }
    assert_true(failures > 0);
    assert_true(failed(solo_propose(other)));
    solo_stop(other);
    solo_stop(other);
    (void)uv_run(&world.loop, UV_RUN_NOWAIT);
    solo_wake(other); /* too late, and harmless */
    solo_destroy(other);
}

static int set_up(void **state) {
    (void)state;
    const struct node_options options = test_options();
    test_open(&world, &options);
    clock_s = head_time() + 1000;
    failures = 0;
    const struct solo_options own = options_over(execution_engine(world.node->execution));
    assert_ok(solo_create(&solo, &own));
    settings = *solo_settings(solo);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    solo_stop(solo);
    node_stop(world.node);
    (void)uv_run(&world.loop, UV_RUN_DEFAULT);
    solo_destroy(solo);
    test_close(&world);
    return 0;
}

#define NODE_CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        NODE_CASE(a_block_has_the_clocks_time),
        NODE_CASE(a_block_is_later_than_its_parent),
        NODE_CASE(an_exact_time_holds_once),
        NODE_CASE(randomness_is_set_once_and_drawn_from_the_parent_else),
        NODE_CASE(many_blocks_are_made_at_their_interval),
        NODE_CASE(a_transaction_makes_a_block_only_where_it_should),
        NODE_CASE(blocks_on_time_leave_room_for_others),
        NODE_CASE(a_failure_on_time_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
