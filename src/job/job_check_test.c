#include "job/job_check.h"

#include "base/test.h"
#include "job/job_run.h"
#include "job/limits.h"
#include "job/test.h"
#include "machine/test.h"

/* A chain of one program, one job and one submission, and a block that posts their results: the
 * program is a real image, and every run is one of the machine. */

enum { BLOCK_NUMBER = 1001, LOGS_MAX = 8 };

static struct test_text text;
static struct test_image image;
static struct test_memory memory;

struct chain {
    struct arena arena;
    struct job_request request;
    struct job_submission submission;
    struct hash program_id;
    uint32_t pages;
    bool has_request, has_submission, has_image;
    unsigned failing; /* which call fails: 1 request, 2 submission, 3 image, 4 run */
    unsigned runs;
    struct job_call last_call;
    struct state_log logs[LOGS_MAX];
    size_t log_count;
    struct address coinbase;
    uint64_t number;
};

static struct chain chain;

static struct status outcome_of(unsigned call) {
    if (chain.failing == call) return status_make(STATUS_IO, 5, "a test's disk");
    return status_ok;
}

static struct status find_request(
    void *ctx, bool *found, struct job_request *out, const struct hash *job_id
) {
    assert_ptr_equal(ctx, &chain);
    *found = chain.has_request && hash_equal(job_id, &chain.request.job_id);
    if (*found) *out = chain.request;
    return outcome_of(1);
}

static struct status find_submission(
    void *ctx, bool *found, struct job_submission *out, const struct hash *submission_id
) {
    assert_ptr_equal(ctx, &chain);
    *found = chain.has_submission && hash_equal(submission_id, &chain.submission.submission_id);
    if (*found) *out = chain.submission;
    return outcome_of(2);
}

static struct status find_image(
    void *ctx, bool *found, struct bytes *out, const struct hash *program_id
) {
    assert_ptr_equal(ctx, &chain);
    *found = chain.has_image && hash_equal(program_id, &chain.program_id);
    if (*found) *out = test_image_file(&image);
    return outcome_of(3);
}

static struct status run(void *ctx, struct job_run_result *out, const struct job_call *call) {
    assert_ptr_equal(ctx, &chain);
    chain.runs++;
    chain.last_call = *call;
    if (chain.failing == 4) return outcome_of(4);
    struct machine_program program;
    assert_int_equal(machine_program_load(&program, &chain.arena, call->image), ELF_VALID);
    test_memory_init(&memory);
    const struct status status = job_run(
        out, &chain.arena, &program, &memory.memory, call->onchain_input, call->offchain_input,
        call->max_cycles
    );
    test_memory_free(&memory);
    return status;
}

/* The program: exits with the input's first byte as its code, and gives the input's first 8 bytes. */
static void start(void) {
    memset(&chain, 0, sizeof chain);
    arena_init(&chain.arena, &test_heap);
    text.count = 0;
    emit_i(&text, RV_LD, T0, A0, 8);
    emit_s(&text, RV_SD, A2, T0, 0);
    emit_i(&text, RV_LBU, A0, A0, 8);
    emit_li(&text, A1, 8);
    emit_ecall(&text, 93);
    test_image_build(&image, &text);
    assert_int_equal(
        machine_program_id(&chain.program_id, &chain.pages, &chain.arena, test_image_file(&image)),
        ELF_VALID
    );
    chain.request = (struct job_request){
        .consumer = {{1, 2, 3}},
        .program_id = chain.program_id,
        .nonce = JOB_FIRST_NONCE,
        .limits = {1000, BLOCK_NUMBER + 100, 0},
        .ready_at = BLOCK_NUMBER,
        .onchain_input = BYTES_LITERAL("\0nput to"),
    };
    job_id(&chain.request.job_id, chain.request.nonce, &chain.request.consumer);
    chain.submission.owner = (struct address){{7}};
    chain.submission.image = test_image_file(&image);
    (void)test_submission_log(&chain.arena, &chain.submission); /* its ids */
    chain.has_request = chain.has_submission = chain.has_image = true;
    chain.coinbase = (struct address){{0xc0}};
    chain.number = BLOCK_NUMBER;
}

static struct job_completion true_completion(void) {
    return (struct job_completion){
        .job_id = chain.request.job_id,
        .proposer = chain.coinbase,
        .run = {JOB_EXIT, 0, text.count, BYTES_LITERAL("\0nput to")},
    };
}

static struct job_answer_posted true_answer(void) {
    struct job_answer_posted posted = {.owner = chain.submission.owner};
    posted.answer = (struct job_program_answer
    ){chain.submission.submission_id, chain.program_id, chain.pages, JOB_REASON_NONE};
    return posted;
}

static void add_log(struct state_log log) {
    assert_true(chain.log_count < LOGS_MAX);
    chain.logs[chain.log_count++] = log;
}

static void add_completion(struct job_completion completion) {
    add_log(test_completion_log(&chain.arena, &completion));
}

static void add_answer(struct job_answer_posted posted) {
    add_log(test_answer_log(&chain.arena, &posted));
}

static struct status check_with_status(struct job_check *check) {
    const struct job_block block = {chain.logs, chain.log_count, chain.number, chain.coinbase};
    const struct job_history history = {find_request, find_submission, find_image, &chain};
    const struct job_runner runner = {run, &chain};
    return job_check_block(check, &chain.arena, &block, &history, &runner);
}

/* The verdict on the block as it stands; afterwards the block is empty again. */
static struct job_check checked(void) {
    struct job_check check;
    const struct status status = check_with_status(&check);
    assert_int_equal(status.code, STATUS_OK);
    chain.log_count = 0;
    return check;
}

static void assert_completion_verdict(
    struct job_completion completion, enum job_check_verdict verdict
) {
    add_completion(completion);
    const struct job_check check = checked();
    assert_string_equal(job_check_verdict_text(check.verdict), job_check_verdict_text(verdict));
    if (verdict != JOB_CHECK_VALID) {
        assert_bytes_equal(BYTES_OF(check.id), BYTES_OF(completion.job_id));
    }
}

static void assert_answer_verdict(struct job_answer_posted posted, enum job_check_verdict verdict) {
    add_answer(posted);
    const struct job_check check = checked();
    assert_string_equal(job_check_verdict_text(check.verdict), job_check_verdict_text(verdict));
    if (verdict != JOB_CHECK_VALID) {
        assert_bytes_equal(BYTES_OF(check.id), BYTES_OF(posted.answer.submission_id));
    }
}

TEST(a_block_of_true_results_is_valid) {
    start();
    add_completion(true_completion());
    add_answer(true_answer());
    const struct job_check check = checked();
    assert_int_equal(check.verdict, JOB_CHECK_VALID);
    assert_int_equal(check.result_count, 2);
    assert_int_equal(chain.runs, 1);
    assert_bytes_equal(BYTES_OF(chain.last_call.program_id), BYTES_OF(chain.program_id));
    assert_bytes_equal(chain.last_call.onchain_input, chain.request.onchain_input);
    assert_int_equal(chain.last_call.offchain_input.len, 0);
    assert_int_equal(chain.last_call.max_cycles, 1000);
    arena_reset(&chain.arena);
}

TEST(a_block_without_results_runs_nothing) {
    start();
    assert_int_equal(checked().verdict, JOB_CHECK_VALID);
    struct job_request request = chain.request;
    add_log(test_request_log(&chain.arena, &request));
    add_log(test_submission_log(&chain.arena, &chain.submission));
    const struct job_check check = checked();
    assert_int_equal(check.verdict, JOB_CHECK_VALID);
    assert_int_equal(check.result_count, 0);
    assert_int_equal(chain.runs, 0);
    arena_reset(&chain.arena);
}

TEST(each_lie_about_a_run_is_found) {
    start();
    struct job_completion lie = true_completion();
    lie.run.outcome = JOB_TRAP;
    lie.run.output.len = 0;
    assert_completion_verdict(lie, JOB_CHECK_WRONG_OUTCOME);
    lie.run.outcome = JOB_OUT_OF_CYCLES;
    assert_completion_verdict(lie, JOB_CHECK_WRONG_OUTCOME);
    lie = true_completion();
    lie.run.code = 1;
    assert_completion_verdict(lie, JOB_CHECK_WRONG_CODE);
    lie = true_completion();
    lie.run.used_cycles++;
    assert_completion_verdict(lie, JOB_CHECK_WRONG_CYCLES);
    lie.run.used_cycles -= 2;
    assert_completion_verdict(lie, JOB_CHECK_WRONG_CYCLES);
    lie = true_completion();
    lie.run.output = BYTES_LITERAL("\0nput tO");
    assert_completion_verdict(lie, JOB_CHECK_WRONG_OUTPUT);
    lie.run.output = BYTES_LITERAL("\0nput t"); /* a prefix */
    assert_completion_verdict(lie, JOB_CHECK_WRONG_OUTPUT);
    lie.run.output = BYTES_LITERAL("\0nput to\0"); /* and one more */
    assert_completion_verdict(lie, JOB_CHECK_WRONG_OUTPUT);
    lie.run.output = BYTES_LITERAL("");
    assert_completion_verdict(lie, JOB_CHECK_WRONG_OUTPUT);
    arena_reset(&chain.arena);
}

/* What was signed for by hash is that of another run: of another input, limit or program. */
TEST(the_true_result_of_something_else_is_a_lie) {
    start();
    struct job_completion other = true_completion();
    chain.request.onchain_input = BYTES_LITERAL("\5nput to");
    assert_completion_verdict(other, JOB_CHECK_WRONG_CODE);
    chain.request.onchain_input = BYTES_LITERAL("\0ther in");
    assert_completion_verdict(other, JOB_CHECK_WRONG_OUTPUT);
    chain.request.onchain_input = BYTES_LITERAL("\0nput to");
    chain.request.limits.max_cycles = text.count - 1;
    assert_completion_verdict(other, JOB_CHECK_WRONG_OUTCOME);
    chain.request.limits.max_cycles = 1000;
    text.count = 0;
    emit_word(&text, 0); /* another program under the same id: all that a lookup could get wrong */
    test_image_build(&image, &text);
    assert_completion_verdict(other, JOB_CHECK_WRONG_OUTCOME);
    arena_reset(&chain.arena);
}

TEST(failures_are_results_too_and_are_held_to_the_truth) {
    start();
    chain.request.onchain_input = BYTES_LITERAL("\7nput to");
    struct job_completion completion = true_completion();
    completion.run.code = 7;
    completion.run.output = chain.request.onchain_input;
    assert_completion_verdict(completion, JOB_CHECK_VALID);
    completion.run.output.len = 0; /* an explanation swallowed */
    assert_completion_verdict(completion, JOB_CHECK_WRONG_OUTPUT);

    chain.request.limits.max_cycles = 3;
    completion.run = (struct job_run_result){JOB_OUT_OF_CYCLES, 0, 3, bytes_from(NULL, 0)};
    assert_completion_verdict(completion, JOB_CHECK_VALID);
    completion.run.used_cycles = 2;
    assert_completion_verdict(completion, JOB_CHECK_WRONG_CYCLES);
    completion.run = (struct job_run_result){JOB_EXIT, 7, 3, chain.request.onchain_input};
    assert_completion_verdict(completion, JOB_CHECK_WRONG_OUTCOME);
    arena_reset(&chain.arena);
}

TEST(a_result_stands_only_in_its_proposers_block_and_in_time) {
    start();
    struct job_completion completion = true_completion();
    completion.proposer.bytes[19] ^= 1;
    assert_completion_verdict(completion, JOB_CHECK_WRONG_PROPOSER);
    completion = true_completion();
    chain.number = BLOCK_NUMBER - 1;
    assert_completion_verdict(completion, JOB_CHECK_TOO_EARLY);
    chain.number = BLOCK_NUMBER + 100;
    assert_completion_verdict(completion, JOB_CHECK_VALID);
    chain.number = BLOCK_NUMBER + 101;
    assert_completion_verdict(completion, JOB_CHECK_TOO_LATE);
    assert_int_equal(chain.runs, 1);
    arena_reset(&chain.arena);
}

TEST(a_result_of_what_is_not_known_is_refused) {
    start();
    struct job_completion completion = true_completion();
    completion.job_id.bytes[0] ^= 1;
    assert_completion_verdict(completion, JOB_CHECK_UNKNOWN_JOB);
    chain.has_image = false;
    assert_completion_verdict(true_completion(), JOB_CHECK_UNKNOWN_PROGRAM);
    chain.has_request = false;
    assert_completion_verdict(true_completion(), JOB_CHECK_UNKNOWN_JOB);
    assert_int_equal(chain.runs, 0);
    arena_reset(&chain.arena);
}

TEST(requests_submissions_and_programs_of_the_same_block_count) {
    start();
    chain.has_request = chain.has_submission = chain.has_image = false;
    struct job_request request = chain.request;
    add_log(test_submission_log(&chain.arena, &chain.submission));
    add_answer(true_answer());
    add_log(test_request_log(&chain.arena, &request));
    add_completion(true_completion());
    assert_int_equal(checked().verdict, JOB_CHECK_VALID);

    add_completion(true_completion()); /* before its request */
    add_log(test_request_log(&chain.arena, &request));
    const struct job_check check = checked();
    assert_int_equal(check.verdict, JOB_CHECK_UNKNOWN_JOB);
    assert_int_equal(check.log_index, 0);

    chain.has_request = true;
    add_log(test_submission_log(&chain.arena, &chain.submission));
    add_completion(true_completion()); /* before its program's registration */
    add_answer(true_answer());
    assert_int_equal(checked().verdict, JOB_CHECK_UNKNOWN_PROGRAM);
    add_answer(true_answer()); /* before its submission */
    add_log(test_submission_log(&chain.arena, &chain.submission));
    assert_int_equal(checked().verdict, JOB_CHECK_UNKNOWN_SUBMISSION);
    arena_reset(&chain.arena);
}

TEST(each_lie_about_an_image_is_found) {
    start();
    struct job_answer_posted lie = true_answer();
    lie.answer.program_id.bytes[31] ^= 1;
    assert_answer_verdict(lie, JOB_CHECK_WRONG_PROGRAM_ID);
    lie = true_answer();
    lie.answer.pages++;
    assert_answer_verdict(lie, JOB_CHECK_WRONG_PAGES);
    lie = true_answer();
    lie.owner.bytes[19] ^= 1;
    assert_answer_verdict(lie, JOB_CHECK_WRONG_OWNER);
    lie = true_answer();
    lie.answer.submission_id.bytes[0] ^= 1;
    assert_answer_verdict(lie, JOB_CHECK_UNKNOWN_SUBMISSION);
    struct job_answer_posted rejection = true_answer();
    rejection.answer = (struct job_program_answer
    ){chain.submission.submission_id, {{0}}, 0, JOB_REASON_INVALID_IMAGE};
    assert_answer_verdict(rejection, JOB_CHECK_REJECTED_VALID);
    rejection.answer.reason = JOB_REASON_WRONG_HASH;
    assert_answer_verdict(rejection, JOB_CHECK_REJECTED_VALID);

    image.file[0] = 0; /* no ELF any more */
    (void)test_submission_log(&chain.arena, &chain.submission);
    lie = true_answer();
    assert_answer_verdict(lie, JOB_CHECK_ACCEPTED_INVALID);
    rejection.answer.submission_id = chain.submission.submission_id;
    rejection.answer.reason = JOB_REASON_INVALID_IMAGE;
    assert_answer_verdict(rejection, JOB_CHECK_VALID);
    rejection.answer.reason = JOB_REASON_WRONG_HASH;
    assert_answer_verdict(rejection, JOB_CHECK_WRONG_REASON);
    arena_reset(&chain.arena);
}

TEST(an_invalidator_is_part_of_what_is_answered) {
    start();
    chain.submission.invalidator.bytes[0] = 1;
    (void)test_submission_log(&chain.arena, &chain.submission);
    struct job_answer_posted posted = true_answer();
    assert_answer_verdict(posted, JOB_CHECK_WRONG_PROGRAM_ID);
    job_registered_id(&posted.answer.program_id, &chain.program_id, &chain.submission.invalidator);
    assert_answer_verdict(posted, JOB_CHECK_VALID);
    arena_reset(&chain.arena);
}

TEST(the_first_fault_is_named_with_both_sides) {
    start();
    struct job_completion lie = true_completion();
    lie.run.code = 9;
    add_log(
        test_log(&job_manager_address, JOB_EVENT_EXPIRED, &chain.program_id, bytes_from(NULL, 0))
    );
    add_completion(true_completion());
    add_completion(lie);
    lie.run.used_cycles = 1;
    add_completion(lie);
    const struct job_check check = checked();
    assert_int_equal(check.verdict, JOB_CHECK_WRONG_CODE);
    assert_int_equal(check.log_index, 2);
    assert_int_equal(check.claimed.code, 9);
    assert_int_equal(check.actual.code, 0);
    assert_bytes_equal(check.actual.output, BYTES_LITERAL("\0nput to"));
    assert_int_equal(check.result_count, 2);
    arena_reset(&chain.arena);
}

TEST(a_broken_log_of_a_predeploy_is_refused_and_others_are_not_read) {
    start();
    struct job_completion completion = true_completion();
    struct state_log log = test_completion_log(&chain.arena, &completion);
    log.data.len--;
    add_log(log);
    const struct job_check check = checked();
    assert_int_equal(check.verdict, JOB_CHECK_BROKEN_LOG);
    assert_true(hash_is_zero(&check.id));
    log.address.bytes[19] = 9; /* whoever else logs the same is nobody */
    add_log(log);
    completion.run.code = 3;
    log = test_completion_log(&chain.arena, &completion);
    log.address.bytes[0] ^= 1;
    add_log(log);
    assert_int_equal(checked().verdict, JOB_CHECK_VALID);
    arena_reset(&chain.arena);
}

TEST(a_failing_host_gives_no_verdict) {
    for (unsigned call = 1; call <= 4; call++) {
        start();
        chain.failing = call;
        add_completion(true_completion());
        add_answer(true_answer());
        struct job_check check;
        assert_int_equal(check_with_status(&check).code, STATUS_IO);
        arena_reset(&chain.arena);
    }
}

TEST_MAIN(
    TEST_CASE(a_block_of_true_results_is_valid),
    TEST_CASE(a_block_without_results_runs_nothing),
    TEST_CASE(each_lie_about_a_run_is_found),
    TEST_CASE(the_true_result_of_something_else_is_a_lie),
    TEST_CASE(failures_are_results_too_and_are_held_to_the_truth),
    TEST_CASE(a_result_stands_only_in_its_proposers_block_and_in_time),
    TEST_CASE(a_result_of_what_is_not_known_is_refused),
    TEST_CASE(requests_submissions_and_programs_of_the_same_block_count),
    TEST_CASE(each_lie_about_an_image_is_found),
    TEST_CASE(an_invalidator_is_part_of_what_is_answered),
    TEST_CASE(the_first_fault_is_named_with_both_sides),
    TEST_CASE(a_broken_log_of_a_predeploy_is_refused_and_others_are_not_read),
    TEST_CASE(a_failing_host_gives_no_verdict)
)
