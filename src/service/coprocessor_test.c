/* Jobs over a whole node: each is completed once, whatever ends the node in between, in the order of
 * the queue, within its share of a block, and with the result of its own request. */
#include "base/test.h"
#include "job/job_log.h"
#include "service/testing.h"

enum { LONG_CYCLES = 50000000 }; /* more than a slice of a worker */

static struct test_world world;

static struct job_limits limits_of(uint64_t max_cycles, uint64_t callback_gas) {
    return (struct job_limits){max_cycles, test_head(&world) + 200, callback_gas};
}

/* abi.encode(seed, rounds) of sha256_chain. */
static struct bytes chain_input(uint64_t first, uint64_t rounds) {
    uint8_t *out = arena_alloc(&world.arena, 64, 1);
    store_be64(out, first);
    store_be64(out + 56, rounds);
    return bytes_from(out, 64);
}

/* A run that takes LONG_CYCLES and does not end. */
static struct hash request_long(uint64_t request_number) {
    const struct job_limits limits = limits_of(LONG_CYCLES, 0);
    return test_request(
        &world, 0, "sha256_chain", chain_input(request_number, UINT32_MAX), &limits, request_number
    );
}

static struct hash request_sqrt(uint64_t request_number, uint64_t callback_gas) {
    const struct job_limits limits = limits_of(1000000, callback_gas);
    return test_request(
        &world, 0, "sqrt", test_word(&world.arena, (request_number + 2) * (request_number + 2)),
        &limits, request_number
    );
}

static void propose(void) {
    assert_ok(solo_propose(world.node->solo));
}

/* Blocks until the job's result may be in the next one, without making way for any. */
static void propose_up_to(uint64_t ready_at) {
    struct solo_settings settings = *solo_settings(world.node->solo);
    const struct address coinbase = settings.coinbase;
    settings.coinbase = (struct address){{0x01}};
    solo_set(world.node->solo, &settings);
    while (test_head(&world) + 1 < ready_at) {
        propose();
    }
    settings = *solo_settings(world.node->solo);
    settings.coinbase = coinbase;
    solo_set(world.node->solo, &settings);
}

static void turn_loop(int turns) {
    for (int i = 0; i < turns; i++) {
        (void)uv_run(&world.loop, UV_RUN_NOWAIT);
        uv_sleep(1);
    }
}

static size_t completions_in(uint64_t number, const struct hash *id) {
    const struct engine *engine = execution_engine(world.node->execution);
    struct hash hash;
    struct engine_block block;
    size_t count = 0;
    assert_ok(engine->canonical(engine->ctx, &hash, number));
    assert_ok(engine->block(engine->ctx, &world.arena, &block, &hash));
    for (size_t i = 0; i < block.receipt_count; i++) {
        for (size_t k = 0; k < block.receipts[i].log_count; k++) {
            struct job_event event;
            if (job_log_read(&event, &block.receipts[i].logs[k]) == JOB_LOG_READ &&
                event.kind == JOB_EVENT_COMPLETED && hash_equal(&event.id, id)) {
                count++;
            }
        }
    }
    return count;
}

static size_t completions(const struct hash *id) {
    size_t count = 0;
    for (uint64_t number = 1; number <= test_head(&world); number++) {
        count += completions_in(number, id);
    }
    return count;
}

/* ---- tests ---- */

TEST(results_stand_in_the_order_of_the_queue) {
    enum { COUNT = 4 };
    struct hash ids[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        ids[i] = request_sqrt(i, 0);
    }
    propose();
    test_wait_for_results(&world, COUNT);
    propose();
    uint64_t last = 0;
    for (size_t i = 0; i < COUNT; i++) {
        const struct job_record record = test_job(&world, &ids[i]);
        assert_int_equal(record.status, JOB_COMPLETED);
        assert_int_equal(record.ended_at, test_head(&world));
        assert_int_equal(record.run.output.data[31], i + 2);
        struct store_view *view;
        struct store_tx_place place;
        assert_ok(store_view_open(&view, world.node->store));
        assert_ok(store_tx(view, &place, &record.end_tx));
        store_view_close(view);
        assert_int_equal(place.index, last);
        last++;
    }
}

TEST(results_take_half_of_a_block_at_most) {
    enum { COUNT = 3, CALLBACK_GAS = 8000000 };
    struct hash ids[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        ids[i] = request_sqrt(i, CALLBACK_GAS);
    }
    propose();
    for (size_t i = 0; i < COUNT; i++) {
        test_wait_for_results(&world, 1);
        turn_loop(i == 0 ? 20 : 0); /* the others have their answers by now */
        test_wait_for_results(&world, 1);
        propose();
        for (size_t k = 0; k < COUNT; k++) {
            const enum job_status status = test_job(&world, &ids[k]).status;
            assert_int_equal(status, k <= i ? JOB_COMPLETED : JOB_PENDING);
        }
    }
}

static void set_proposer_balance(void *ctx, struct state *state) {
    state_set_balance(state, &test_account(&world, DEV_PROPOSER_ACCOUNT)->address, ctx);
}

/* The proposer cannot pay, so its transaction is left out: no block is made for it over and over. */
TEST(a_result_that_cannot_be_posted_is_tried_again_after_a_pause) {
    struct u256 balance = U256_ZERO;
    bool waits;
    struct solo_settings settings = *solo_settings(world.node->solo);
    const struct hash id = request_sqrt(0, 0);
    propose();
    test_wait_for_results(&world, 1);
    assert_ok(execution_edit_state(world.node->execution, set_proposer_balance, &balance));
    const uint64_t before = test_head(&world);
    settings.automine = true;
    solo_set(world.node->solo, &settings);
    turn_loop(30);
    assert_int_equal(test_head(&world), before + 1);
    assert_ok(coprocessor_next_post(world.node->coprocessor, &waits));
    assert_false(waits);

    balance = u256_from_u64(UINT64_C(1000000000000000000));
    assert_ok(execution_edit_state(world.node->execution, set_proposer_balance, &balance));
    for (int i = 0; i < 4 && test_job(&world, &id).status == JOB_PENDING; i++) {
        propose();
    }
    assert_int_equal(test_job(&world, &id).status, JOB_COMPLETED);
    assert_int_equal(completions(&id), 1);
}

TEST(no_blocks_are_made_for_results_that_they_cannot_hold) {
    struct solo_settings settings = *solo_settings(world.node->solo);
    const struct hash id = request_sqrt(0, 0);
    propose();
    test_wait_for_results(&world, 1);
    const struct address registered = settings.coinbase;
    settings.automine = true;
    settings.coinbase = (struct address){{0x02}};
    solo_set(world.node->solo, &settings);
    turn_loop(10);
    assert_int_equal(test_head(&world), 1);
    settings.coinbase = registered;
    solo_set(world.node->solo, &settings);
    turn_loop(10);
    assert_int_equal(test_job(&world, &id).status, JOB_COMPLETED);
}

TEST(what_nobody_answered_in_time_leaves_the_queue) {
    struct job_book_item item;
    bool found;
    struct job_limits limits = limits_of(1000000, 0);
    limits.deadline = test_head(&world) + 12;
    const struct hash id = test_request(&world, 0, "sqrt", test_word(&world.arena, 9), &limits, 0);
    propose();
    test_wait_for_results(&world, 1);
    propose_up_to(limits.deadline + 2);
    assert_ok(coprocessor_next_post(world.node->coprocessor, &found));
    assert_false(found);
    assert_ok(job_book_next_waiting(coprocessor_book(world.node->coprocessor), &found, &item, NULL)
    );
    assert_false(found);
    propose();
    assert_int_equal(test_job(&world, &id).status, JOB_PENDING); /* until somebody expires it */
    assert_int_equal(completions(&id), 0);
}

/* A rollback while it runs, and another request at the very same place. */
TEST(a_run_answers_only_what_it_was_asked) {
    const struct hash old = request_long(0);
    propose();
    const struct job_record before = test_job(&world, &old);
    assert_int_equal(coprocessor_figures(world.node->coprocessor).busy, 1);
    assert_ok(importer_adopt(&world.node->importer, &world.node->genesis));
    pool_clear(world.node->pool);

    const struct job_limits limits = {LONG_CYCLES, before.request.limits.deadline, 0};
    const struct bytes input = chain_input(7, 1);
    const struct hash new = test_request(&world, 0, "sha256_chain", input, &limits, 0);
    propose();
    const struct job_record after = test_job(&world, &new);
    assert_memory_equal(&new, &old, 32);
    assert_int_equal(after.request.ready_at, before.request.ready_at);
    assert_int_equal(after.log_index, before.log_index);
    propose_up_to(after.request.ready_at);
    test_wait_for_results(&world, 1);
    propose();
    const struct job_record done = test_job(&world, &new);
    assert_int_equal(done.status, JOB_COMPLETED);
    assert_int_equal(done.run.output.len, 32);
}

/* Ended while jobs run, while answers wait, and after they were posted. */
TEST(each_job_is_completed_once_over_restarts) {
    enum { COUNT = 4 };
    char path[64];
    struct hash ids[COUNT];
    struct node_options options = test_options();
    test_make_directory(path);
    options.data_dir = path;
    test_open(&world, &options);
    for (size_t i = 0; i < COUNT; i++) {
        ids[i] = i % 2 == 0 ? request_long(i) : request_sqrt(i, 0);
    }
    propose();
    assert_true(coprocessor_figures(world.node->coprocessor).busy > 0);
    for (int round = 0; round < 8; round++) {
        test_close(&world);
        test_open(&world, &options);
        for (size_t i = 0; i < COUNT; i++) {
            assert_true(test_job(&world, &ids[i]).requested_at == 1);
        }
        turn_loop(round % 3 == 0 ? 0 : 10);
        if (round % 2 == 1) propose();
    }
    bool waits = true;
    /* Blocks only where there is something to post, so that a slow machine does not run past the
     * deadlines. */
    for (int i = 0; i < 60000 && waits; i++) {
        bool answered;
        turn_loop(1);
        assert_ok(coprocessor_next_post(world.node->coprocessor, &answered));
        if (answered) propose();
        waits = false;
        for (size_t k = 0; k < COUNT; k++) {
            if (test_job(&world, &ids[k]).status == JOB_PENDING) waits = true;
        }
    }
    for (size_t i = 0; i < COUNT; i++) {
        const struct job_record record = test_job(&world, &ids[i]);
        assert_int_equal(record.status, i % 2 == 0 ? JOB_FAILED : JOB_COMPLETED);
        if (i % 2 == 0) assert_int_equal(record.run.outcome, JOB_OUT_OF_CYCLES);
        assert_int_equal(completions(&ids[i]), 1);
    }
    test_close(&world);
    test_remove_directory(path);
}

#define NODE_CASE(name) \
    cmocka_unit_test_prestate_setup_teardown(name, test_set_up, test_tear_down, &world)

int main(void) {
    const struct CMUnitTest tests[] = {
        NODE_CASE(results_stand_in_the_order_of_the_queue),
        NODE_CASE(results_take_half_of_a_block_at_most),
        NODE_CASE(a_result_that_cannot_be_posted_is_tried_again_after_a_pause),
        NODE_CASE(no_blocks_are_made_for_results_that_they_cannot_hold),
        NODE_CASE(what_nobody_answered_in_time_leaves_the_queue),
        NODE_CASE(a_run_answers_only_what_it_was_asked),
        TEST_CASE(each_job_is_completed_once_over_restarts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
