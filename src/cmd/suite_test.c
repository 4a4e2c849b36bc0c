/* How threads share the cases of a file: each is run once, and what they print has the file's order. */
#include "cmd/suite.h"

#include "base/test.h"
#include "cmd/command.h"

#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <unistd.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { CASES = 8, TEXT_SIZE = 4096, WAIT_SECONDS = 10 };

/* Of the run at hand. With waits an even case ends after the odd one that follows it, so that one
 * thread alone gets nowhere. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool waits;
    bool is_broken;
    unsigned ran[CASES];
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

/* False: nobody else has run the case in time. */
static bool run_case(size_t number) {
    struct timespec end;
    bool good = true;
    (void)clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += WAIT_SECONDS;
    (void)pthread_mutex_lock(&shared.lock);
    shared.ran[number]++;
    (void)pthread_cond_broadcast(&shared.changed);
    while (good && shared.waits && number % 2 == 0 && shared.ran[number + 1] == 0) {
        good = pthread_cond_timedwait(&shared.changed, &shared.lock, &end) == 0;
    }
    (void)pthread_mutex_unlock(&shared.lock);
    return good;
}

static void run_file(struct suite_worker *worker, const struct json *root) {
    size_t number = 0;
    for (const struct json *json = json_first(root); json != NULL; json = json->next) {
        const struct suite_case one = {json_key(json), number == 6 ? "Other" : "Some", -1};
        if (suite_wants(worker, &one)) {
            const bool good = run_case(number);
            suite_report(worker, &one, NULL, good ? "as it should" : "alone");
        }
        number++;
    }
    if (shared.is_broken) suite_broken(worker, "is odd");
}

static const struct suite suite = {
    .command = "evm none", .summary = "", .format = "none", .run_file = run_file};

/* Sends fd to a file until it is given back. */
static int divert(int fd, const char *path) {
    (void)fflush(NULL);
    const int saved = dup(fd);
    const int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(saved >= 0 && file >= 0 && dup2(file, fd) == fd && close(file) == 0);
    return saved;
}

static void give_back(int fd, int saved) {
    (void)fflush(NULL);
    assert_true(dup2(saved, fd) == fd && close(saved) == 0);
}

static void read_text(char text[TEXT_SIZE], const char *path) {
    FILE *const file = fopen(path, "rb");
    assert_non_null(file);
    text[fread(text, 1, TEXT_SIZE - 1, file)] = '\0';
    assert_int_equal(fclose(file), 0);
    assert_int_equal(unlink(path), 0);
}

/* Runs the eight cases; answers the exit status and what was printed. */
static int run(char out[TEXT_SIZE], char err[TEXT_SIZE], const char *jobs) {
    char directory[] = "/tmp/suite_test.XXXXXX";
    assert_non_null(mkdtemp(directory));
    assert_int_equal(chdir(directory), 0);
    FILE *const file = fopen("cases.json", "wb");
    assert_non_null(file);
    assert_true(
        fputs("{\"a\":0,\"b\":0,\"c\":0,\"d\":0,\"e\":0,\"f\":0,\"g\":0,\"h\":0}", file) >= 0
    );
    assert_int_equal(fclose(file), 0);
    memset(shared.ran, 0, sizeof shared.ran);

    char *arguments[] = {"none", "cases.json", "--jobs", (char *)(uintptr_t)jobs, NULL};
    optind = 0; /* begin again */
    const int saved_out = divert(STDOUT_FILENO, "out"), saved_err = divert(STDERR_FILENO, "err");
    const int status = suite_main(&suite, 4, arguments);
    give_back(STDOUT_FILENO, saved_out);
    give_back(STDERR_FILENO, saved_err);
    read_text(out, "out");
    read_text(err, "err");
    assert_int_equal(unlink("cases.json"), 0);
    assert_int_equal(chdir("/"), 0);
    assert_int_equal(rmdir(directory), 0);
    return status;
}

static const char all[] = "FAIL cases.json: a Some: as it should\n"
                          "FAIL cases.json: b Some: as it should\n"
                          "FAIL cases.json: c Some: as it should\n"
                          "FAIL cases.json: d Some: as it should\n"
                          "FAIL cases.json: e Some: as it should\n"
                          "FAIL cases.json: f Some: as it should\n"
                          "FAIL cases.json: g Other: as it should\n"
                          "FAIL cases.json: h Some: as it should\n"
                          "0 passed, 8 failed, 0 skipped\n";

TEST(threads_share_the_cases_of_one_file) {
    char out[TEXT_SIZE], err[TEXT_SIZE];
    for (size_t i = 0; i < 50; i++) {
        shared.waits = true;
        shared.is_broken = false;
        assert_int_equal(run(out, err, i % 2 == 0 ? "2" : "5"), EXIT_NO);
        assert_string_equal(out, all);
        assert_string_equal(err, "");
        for (size_t number = 0; number < CASES; number++) {
            assert_int_equal(shared.ran[number], 1);
        }
    }
}

TEST(one_thread_prints_the_same) {
    char out[TEXT_SIZE], err[TEXT_SIZE];
    shared.waits = false;
    shared.is_broken = false;
    assert_int_equal(run(out, err, "1"), EXIT_NO);
    assert_string_equal(out, all);
}

TEST(a_broken_file_is_reported_once) {
    char out[TEXT_SIZE], err[TEXT_SIZE];
    shared.waits = true;
    shared.is_broken = true;
    assert_int_equal(run(out, err, "4"), EXIT_FAILED);
    assert_string_equal(out, all);
    assert_string_equal(err, "infinity evm none: cases.json: is odd\n");
}

TEST_MAIN(
    TEST_CASE(threads_share_the_cases_of_one_file),
    TEST_CASE(one_thread_prints_the_same),
    TEST_CASE(a_broken_file_is_reported_once)
)
