/* Work that is handed to threads is done once, whoever does it. */
#include "world/workers.h"

#include "base/test.h"

#include <pthread.h>
#include <sched.h>

enum { PIECES = 500 };

struct piece {
    struct work work;
    uint64_t given;
    uint64_t result;
    unsigned runs;
    pthread_t thread;
};

static void run_piece(struct work *work) {
    struct piece *piece = (struct piece *)(void *)work;
    uint64_t x = piece->given;
    for (int i = 0; i < 1000; i++) {
        x = x * UINT64_C(6364136223846793005) + 1;
    }
    piece->result = x;
    piece->runs++;
    piece->thread = pthread_self();
}

/* Joined in another order than they were submitted. */
static void run_pieces(size_t threads, struct piece *pieces) {
    struct workers *workers = workers_create(threads);
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = (struct piece){.work = {.run = run_piece}, .given = i};
        workers_submit(workers, &pieces[i].work);
    }
    for (size_t i = 0; i < PIECES; i++) {
        workers_join(workers, &pieces[i * 7 % PIECES].work);
    }
    workers_destroy(workers);
}

TEST(any_number_of_threads_does_each_piece_once) {
    static struct piece alone[PIECES];
    static struct piece together[PIECES];
    run_pieces(0, alone);
    for (size_t threads = 1; threads <= 4; threads++) {
        run_pieces(threads, together);
        for (size_t i = 0; i < PIECES; i++) {
            assert_int_equal(alone[i].runs, 1);
            assert_int_equal(together[i].runs, 1);
            assert_int_equal(together[i].result, alone[i].result);
        }
    }
}

TEST(without_threads_work_is_done_where_it_is_joined) {
    struct workers *workers = workers_create(0);
    struct piece piece = {.work = {.run = run_piece}};
    workers_submit(workers, &piece.work);
    assert_false(workers_is_done(workers, &piece.work));
    assert_int_equal(piece.runs, 0);
    workers_join(workers, &piece.work);
    assert_int_equal(piece.runs, 1);
    assert_true(pthread_equal(piece.thread, pthread_self()));
    workers_destroy(workers);
}

TEST(a_thread_does_work_that_nobody_joins_yet) {
    struct workers *workers = workers_create(1);
    struct piece piece = {.work = {.run = run_piece}};
    workers_submit(workers, &piece.work);
    while (!workers_is_done(workers, &piece.work)) {
        (void)sched_yield();
    }
    workers_join(workers, &piece.work);
    assert_int_equal(piece.runs, 1);
    assert_false(pthread_equal(piece.thread, pthread_self()));
    workers_submit(workers, &piece.work); /* and may be handed out again */
    workers_join(workers, &piece.work);
    assert_int_equal(piece.runs, 2);
    workers_destroy(workers);
}

TEST(workers_that_had_nothing_to_do_end) {
    workers_destroy(workers_create(3));
    workers_destroy(NULL);
}

TEST(more_threads_than_there_may_be_stop_the_program) {
    expect_assert_failure((void)workers_create(WORKERS_MAX + 1));
}

TEST_MAIN(
    TEST_CASE(any_number_of_threads_does_each_piece_once),
    TEST_CASE(without_threads_work_is_done_where_it_is_joined),
    TEST_CASE(a_thread_does_work_that_nobody_joins_yet),
    TEST_CASE(workers_that_had_nothing_to_do_end),
    TEST_CASE(more_threads_than_there_may_be_stop_the_program)
)
