#include "job/job_log.h"

#include "base/test.h"
#include "crypto/keccak.h"
#include "job/limits.h"
#include "job/test.h"

static uint8_t zeros[IMAGE_MAX + 1];

static struct job_request sample_request(void) {
    return (struct job_request){
        .consumer = {{1, 2, 3}},
        .program_id = {{4, 5, 6}},
        .nonce = JOB_FIRST_NONCE + 7,
        .limits = {1000000, UINT64_MAX, 50000},
        .ready_at = 1001,
        .onchain_input = BYTES_LITERAL("an input that is longer than a word of the ABI"),
    };
}

static struct job_completion sample_completion(void) {
    return (struct job_completion){
        .job_id = {{9}},
        .proposer = {{8}},
        .run = {JOB_TRAP, 4, 777, BYTES_LITERAL("")},
    };
}

static struct job_submission sample_submission(void) {
    return (struct job_submission
    ){.owner = {{3}}, .invalidator = {{2}}, .image = BYTES_LITERAL("an image")};
}

TEST(topics_are_the_hashes_of_the_events) {
    static const char *const signatures[JOB_EVENT_KINDS] = {
        [JOB_EVENT_REQUESTED] =
            "JobRequested(bytes32,address,bytes32,uint64,(uint64,uint64,uint64),uint64,bytes)",
        [JOB_EVENT_COMPLETED] = "JobCompleted(bytes32,address,uint8,uint32,uint64,bytes)",
        [JOB_EVENT_CANCELLED] = "JobCancelled(bytes32)",
        [JOB_EVENT_EXPIRED] = "JobExpired(bytes32)",
        [JOB_EVENT_CALLBACK_FAILED] = "CallbackFailed(bytes32,bytes)",
        [JOB_EVENT_CALLBACK_RETRIED] = "CallbackRetried(bytes32)",
        [JOB_EVENT_PROGRAM_SUBMITTED] = "ProgramSubmitted(bytes32,bytes32,address,bytes32,bytes)",
        [JOB_EVENT_PROGRAM_REGISTERED] = "ProgramRegistered(bytes32,bytes32,address,uint32)",
        [JOB_EVENT_PROGRAM_REJECTED] = "ProgramRejected(bytes32,uint32)",
    };
    for (int i = 0; i < JOB_EVENT_KINDS; i++) {
        struct hash expected;
        keccak256(&expected, bytes_from(signatures[i], strlen(signatures[i])));
        assert_bytes_equal(BYTES_OF(*job_event_topic((enum job_event_kind)i)), BYTES_OF(expected));
    }
    expect_assert_failure(job_event_topic(JOB_EVENT_KINDS));
}

TEST(a_request_is_read_as_it_was_logged) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    struct job_request request = sample_request();
    const struct state_log log = test_request_log(&arena, &request);
    struct job_event event;
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_READ);
    assert_int_equal(event.kind, JOB_EVENT_REQUESTED);
    assert_bytes_equal(BYTES_OF(event.id), BYTES_OF(request.job_id));
    assert_bytes_equal(BYTES_OF(event.request.job_id), BYTES_OF(request.job_id));
    assert_bytes_equal(BYTES_OF(event.request.consumer), BYTES_OF(request.consumer));
    assert_bytes_equal(BYTES_OF(event.request.program_id), BYTES_OF(request.program_id));
    assert_int_equal(event.request.nonce, request.nonce);
    assert_int_equal(event.request.limits.max_cycles, 1000000);
    assert_true(event.request.limits.deadline == UINT64_MAX);
    assert_int_equal(event.request.limits.callback_gas, 50000);
    assert_int_equal(event.request.ready_at, 1001);
    assert_bytes_equal(event.request.onchain_input, request.onchain_input);
    arena_reset(&arena);
}

TEST(a_completion_is_read_as_it_was_logged) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    struct job_completion completion = sample_completion();
    struct state_log log = test_completion_log(&arena, &completion);
    struct job_event event;
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_READ);
    assert_int_equal(event.kind, JOB_EVENT_COMPLETED);
    assert_bytes_equal(BYTES_OF(event.completion.job_id), BYTES_OF(completion.job_id));
    assert_bytes_equal(BYTES_OF(event.completion.proposer), BYTES_OF(completion.proposer));
    assert_int_equal(event.completion.run.outcome, JOB_TRAP);
    assert_int_equal(event.completion.run.code, 4);
    assert_int_equal(event.completion.run.used_cycles, 777);
    completion.run = (struct job_run_result){JOB_EXIT, 0, 1, bytes_from(zeros, JOB_OUTPUT_MAX)};
    log = test_completion_log(&arena, &completion);
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_READ);
    assert_int_equal(event.completion.run.output.len, JOB_OUTPUT_MAX);
    arena_reset(&arena);
}

TEST(submissions_and_answers_are_read_as_they_were_logged) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    struct job_submission submission = sample_submission();
    struct state_log log = test_submission_log(&arena, &submission);
    struct job_event event;
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_READ);
    assert_int_equal(event.kind, JOB_EVENT_PROGRAM_SUBMITTED);
    assert_bytes_equal(BYTES_OF(event.submission.owner), BYTES_OF(submission.owner));
    assert_bytes_equal(BYTES_OF(event.submission.invalidator), BYTES_OF(submission.invalidator));
    assert_bytes_equal(BYTES_OF(event.submission.image_hash), BYTES_OF(submission.image_hash));
    assert_bytes_equal(event.submission.image, submission.image);

    struct job_answer_posted posted = {.owner = {{3}}};
    posted.answer = (struct job_program_answer){{{1}}, {{2}}, 99, 0};
    log = test_answer_log(&arena, &posted);
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_READ);
    assert_int_equal(event.kind, JOB_EVENT_PROGRAM_REGISTERED);
    assert_bytes_equal(BYTES_OF(event.id), BYTES_OF(posted.answer.submission_id));
    assert_bytes_equal(BYTES_OF(event.posted.answer), BYTES_OF(posted.answer));
    assert_bytes_equal(BYTES_OF(event.posted.owner), BYTES_OF(posted.owner));

    posted.answer = (struct job_program_answer){{{1}}, {{0}}, 0, 2};
    log = test_answer_log(&arena, &posted);
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_READ);
    assert_int_equal(event.kind, JOB_EVENT_PROGRAM_REJECTED);
    assert_bytes_equal(BYTES_OF(event.posted.answer), BYTES_OF(posted.answer));
    arena_reset(&arena);
}

TEST(the_rest_of_a_jobs_life_is_read) {
    static const enum job_event_kind kinds[] = {
        JOB_EVENT_CANCELLED, JOB_EVENT_EXPIRED, JOB_EVENT_CALLBACK_RETRIED};
    const struct hash id = {{5}};
    struct job_event event;
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        struct state_log log = test_log(&job_manager_address, kinds[i], &id, bytes_from(NULL, 0));
        assert_int_equal(job_log_read(&event, &log), JOB_LOG_READ);
        assert_int_equal(event.kind, kinds[i]);
        assert_bytes_equal(BYTES_OF(event.id), BYTES_OF(id));
        log.data = BYTES_OF(id);
        assert_int_equal(job_log_read(&event, &log), JOB_LOG_BROKEN);
        log.data.len = 0;
        log.topic_count = 1;
        assert_int_equal(job_log_read(&event, &log), JOB_LOG_BROKEN);
    }
    struct arena arena;
    arena_init(&arena, &test_heap);
    for (size_t len = 255; len <= 257; len++) {
        struct abi_writer writer = abi_writer_in(&arena, 512);
        struct abi_tuple tuple = abi_begin(&writer, 1);
        abi_put_bytes(&writer, &tuple, bytes_from(zeros, len));
        const struct state_log log =
            test_log(&job_manager_address, JOB_EVENT_CALLBACK_FAILED, &id, abi_written(&writer));
        assert_int_equal(job_log_read(&event, &log), len <= 256 ? JOB_LOG_READ : JOB_LOG_BROKEN);
        if (len <= 256) assert_int_equal(event.reason.len, len);
    }
    arena_reset(&arena);
}

TEST(what_is_not_of_the_predeploys_is_other) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    struct job_request request = sample_request();
    struct job_submission submission = sample_submission();
    struct job_event event;
    struct state_log log = test_request_log(&arena, &request);
    log.address.bytes[19] = 3; /* another contract's event of the same name */
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_OTHER);
    log.address = program_registry_address; /* a job's event out of the registry */
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_OTHER);
    log.address = job_manager_address;
    log.topic_count = 0;
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_OTHER);
    log.topic_count = 4;
    log.topics[0].bytes[0] ^= 1;
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_OTHER);
    log = test_submission_log(&arena, &submission);
    log.address = job_manager_address;
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_OTHER);
    arena_reset(&arena);
}

static void assert_request_broken(struct arena *arena, const struct job_request *changed) {
    struct job_request request = *changed;
    const struct state_log log = test_request_log(arena, &request);
    struct job_event event;
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_BROKEN);
}

TEST(a_request_beyond_a_limit_is_broken) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    struct job_request request = sample_request();
    request.nonce = JOB_FIRST_NONCE - 1;
    assert_request_broken(&arena, &request);
    request = sample_request();
    request.limits.max_cycles = 0;
    assert_request_broken(&arena, &request);
    request.limits.max_cycles = JOB_CYCLES_MAX + 1;
    assert_request_broken(&arena, &request);
    request = sample_request();
    request.limits.callback_gas = CALLBACK_GAS_MAX + 1;
    assert_request_broken(&arena, &request);
    request = sample_request();
    request.onchain_input = bytes_from(zeros, JOB_INPUT_MAX + 1);
    assert_request_broken(&arena, &request);
    arena_reset(&arena);
}

TEST(ids_that_are_not_those_of_the_contents_are_broken) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    struct job_event event;
    struct job_request request = sample_request();
    struct state_log log = test_request_log(&arena, &request);
    log.topics[1].bytes[5] ^= 1;
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_BROKEN);
    struct job_submission submission = sample_submission();
    log = test_submission_log(&arena, &submission);
    log.topics[2].bytes[5] ^= 1;
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_BROKEN);
    arena_reset(&arena);
}

TEST(completions_and_submissions_beyond_a_limit_are_broken) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    struct job_event event;
    struct job_completion completion = sample_completion();
    completion.run.output = bytes_from(zeros, JOB_OUTPUT_MAX + 1);
    struct state_log log = test_completion_log(&arena, &completion);
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_BROKEN);
    completion = sample_completion();
    completion.run.outcome = (enum job_outcome)3;
    log = test_completion_log(&arena, &completion);
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_BROKEN);
    completion = sample_completion();
    completion.run.used_cycles = JOB_CYCLES_MAX + 1;
    log = test_completion_log(&arena, &completion);
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_BROKEN);

    struct job_submission submission = sample_submission();
    submission.image = bytes_from(zeros, IMAGE_MAX);
    log = test_submission_log(&arena, &submission);
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_READ);
    submission.image.len++;
    log = test_submission_log(&arena, &submission);
    assert_int_equal(job_log_read(&event, &log), JOB_LOG_BROKEN);
    arena_reset(&arena);
}

/* Every log of the samples, with a topic less or more, cut, lengthened, or with a dirty address. */
TEST(a_log_of_another_shape_is_broken) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    struct job_request request = sample_request();
    struct job_completion completion = sample_completion();
    struct job_submission submission = sample_submission();
    struct job_answer_posted accepted = {.answer = {{{1}}, {{2}}, 99, 0}, .owner = {{3}}};
    struct job_answer_posted rejected = {.answer = {{{1}}, {{0}}, 0, 1}};
    const struct {
        struct state_log log;
        int address_topic; /* 0: none */
    } cases[] = {
        {test_request_log(&arena, &request), 2},
        {test_completion_log(&arena, &completion), 2},
        {test_submission_log(&arena, &submission), 3},
        {test_answer_log(&arena, &accepted), 3},
        {test_answer_log(&arena, &rejected), 0},
    };
    struct job_event event;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct state_log log = cases[i].log;
        assert_int_equal(job_log_read(&event, &log), JOB_LOG_READ);
        for (uint32_t count = 1; count <= 4; count++) {
            log.topic_count = count;
            const bool same = count == cases[i].log.topic_count;
            assert_int_equal(job_log_read(&event, &log), same ? JOB_LOG_READ : JOB_LOG_BROKEN);
        }
        log = cases[i].log;
        for (size_t len = 0; len < cases[i].log.data.len; len++) {
            log.data.len = len;
            assert_int_equal(job_log_read(&event, &log), JOB_LOG_BROKEN);
        }
        uint8_t *longer = arena_alloc(&arena, cases[i].log.data.len + 32, 1);
        memcpy(longer, cases[i].log.data.data, cases[i].log.data.len);
        log.data = bytes_from(longer, cases[i].log.data.len + 32);
        assert_int_equal(job_log_read(&event, &log), JOB_LOG_BROKEN);
        if (cases[i].address_topic == 0) continue;
        log = cases[i].log;
        log.topics[cases[i].address_topic].bytes[11] = 1;
        assert_int_equal(job_log_read(&event, &log), JOB_LOG_BROKEN);
    }
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(topics_are_the_hashes_of_the_events),
    TEST_CASE(a_request_is_read_as_it_was_logged),
    TEST_CASE(a_completion_is_read_as_it_was_logged),
    TEST_CASE(submissions_and_answers_are_read_as_they_were_logged),
    TEST_CASE(the_rest_of_a_jobs_life_is_read),
    TEST_CASE(what_is_not_of_the_predeploys_is_other),
    TEST_CASE(a_request_beyond_a_limit_is_broken),
    TEST_CASE(ids_that_are_not_those_of_the_contents_are_broken),
    TEST_CASE(completions_and_submissions_beyond_a_limit_are_broken),
    TEST_CASE(a_log_of_another_shape_is_broken)
)
