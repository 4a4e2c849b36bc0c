#include "base/test.h"
#include "crypto/keccak.h"
#include "job/test_chain.h"

/* The committed code of the predeploys, on a genesis as job_genesis lists it, in our EVM: what this
 * layer encodes and signs the contracts take, what they log it reads, and a lie that they cannot see
 * is found. */

static struct test_chain chain;
static struct test_text text;
static struct test_image image;
static struct job_genesis_program program;

/* The program gives the first 8 bytes of its input and exits with 0. */
static void start(void) {
    text.count = 0;
    emit_i(&text, RV_LD, T0, A0, 8);
    emit_s(&text, RV_SD, A2, T0, 0);
    emit_exit(&text, 0, 8);
    test_image_build(&image, &text);
    program = test_chain_start(&chain, &test_heap, test_image_file(&image));
}

static void stop(void) {
    test_chain_stop(&chain);
}

static struct job_event only_event(void) {
    size_t count;
    (void)state_logs(&chain.state, &count);
    assert_int_equal(count, 1);
    return test_chain_event(&chain, 0);
}

static void assert_reverts(const struct evm_result *result, const char *error) {
    assert_int_equal(result->status, EVM_REVERT);
    assert_true(result->output.len >= 4);
    struct hash hash;
    keccak256(&hash, bytes_from(error, strlen(error)));
    assert_memory_equal(result->output.data, hash.bytes, 4);
}

/* What the chain has logged so far: one request, one submission. */
static struct job_request request;
static struct job_submission submission;

static struct status find_request(
    void *ctx, bool *found, struct job_request *out, const struct hash *job_id
) {
    (void)ctx;
    *found = hash_equal(job_id, &request.job_id);
    if (*found) *out = request;
    return status_ok;
}

static struct status find_submission(
    void *ctx, bool *found, struct job_submission *out, const struct hash *submission_id
) {
    (void)ctx;
    *found = hash_equal(submission_id, &submission.submission_id);
    if (*found) *out = submission;
    return status_ok;
}

static struct status find_image(
    void *ctx, bool *found, struct bytes *out, const struct hash *wanted
) {
    (void)ctx;
    *found = hash_equal(wanted, &program.program_id);
    if (*found) *out = test_image_file(&image);
    return status_ok;
}

/* The rule, on the logs of the last transaction. */
static enum job_check_verdict check_logs(void) {
    size_t count;
    const struct state_log *logs = state_logs(&chain.state, &count);
    const struct job_block job_block = {logs, count, chain.block.number, chain.block.coinbase};
    const struct job_history history = {find_request, find_submission, find_image, NULL};
    const struct job_runner runner = {test_chain_run, &chain};
    struct job_check check;
    const struct status status =
        job_check_block(&check, &chain.arena, &job_block, &history, &runner);
    assert_int_equal(status.code, STATUS_OK);
    assert_int_equal(check.result_count, 1);
    return check.verdict;
}

static void request_job(struct bytes input) {
    const struct job_limits limits = {1000000, chain.block.number + 100, 0};
    const struct evm_result result = test_chain_send(
        &chain, &job_manager_address, 1000,
        job_request_calldata(&chain.arena, &program.program_id, input, &limits)
    );
    assert_int_equal(result.status, EVM_SUCCESS);
    const struct job_event event = only_event();
    assert_int_equal(event.kind, JOB_EVENT_REQUESTED);
    assert_bytes_equal(result.output, BYTES_OF(event.id));
    request = event.request;
}

static struct evm_result submit(
    const struct job_run_result *run, uint64_t chain_id, const struct ecdsa_secret_key *key
) {
    return test_chain_submit(&chain, &request, run, chain_id, key);
}

static const struct job_run_result truth = {JOB_EXIT, 0, 7, {(const uint8_t *)"an input", 8}};

TEST(a_request_is_logged_as_it_was_asked) {
    start();
    request_job(BYTES_LITERAL("an input"));
    assert_bytes_equal(BYTES_OF(request.consumer), BYTES_OF(test_user));
    assert_bytes_equal(BYTES_OF(request.program_id), BYTES_OF(program.program_id));
    assert_true(request.nonce == JOB_FIRST_NONCE);
    assert_int_equal(request.limits.max_cycles, 1000000);
    assert_int_equal(request.limits.deadline, TEST_FIRST_BLOCK + 100);
    assert_int_equal(request.ready_at, TEST_FIRST_BLOCK + 1);
    assert_bytes_equal(request.onchain_input, BYTES_LITERAL("an input"));
    stop();
}

TEST(a_true_result_is_taken_and_stands) {
    start();
    request_job(BYTES_LITERAL("an input"));
    chain.block.number = request.ready_at;
    struct job_run_result actual;
    const struct job_call call = {
        program.program_id, test_image_file(&image), request.onchain_input, bytes_from(NULL, 0),
        1000000};
    assert_int_equal(test_chain_run(&chain, &actual, &call).code, STATUS_OK);
    assert_int_equal(actual.used_cycles, text.count);
    const struct evm_result result = submit(&actual, TEST_CHAIN_ID, &test_key);
    assert_int_equal(result.status, EVM_SUCCESS);
    assert_true(TEST_CALL_GAS - result.gas_left < job_posting_gas(8, 0) - 21000);
    const struct job_event event = only_event();
    assert_int_equal(event.kind, JOB_EVENT_COMPLETED);
    assert_bytes_equal(BYTES_OF(event.completion.proposer), BYTES_OF(test_coinbase));
    assert_bytes_equal(event.completion.run.output, BYTES_LITERAL("an input"));
    assert_int_equal(check_logs(), JOB_CHECK_VALID);
    stop();
}

TEST(lies_that_the_contract_cannot_see_make_the_block_invalid) {
    struct job_run_result lies[] = {truth, truth, truth, truth};
    static const enum job_check_verdict verdicts[] = {
        JOB_CHECK_WRONG_OUTCOME, JOB_CHECK_WRONG_CODE, JOB_CHECK_WRONG_CYCLES,
        JOB_CHECK_WRONG_OUTPUT};
    lies[0] = (struct job_run_result){JOB_TRAP, TRAP_LOAD, 7, bytes_from(NULL, 0)};
    lies[1].code = 1;
    lies[2].used_cycles = 1000;
    lies[3].output = BYTES_LITERAL("an outpu");
    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        start();
        request_job(BYTES_LITERAL("an input"));
        chain.block.number = request.ready_at;
        if (i != 2) lies[i].used_cycles = text.count;
        assert_int_equal(submit(&lies[i], TEST_CHAIN_ID, &test_key).status, EVM_SUCCESS);
        assert_int_equal(check_logs(), verdicts[i]);
        stop();
    }
}

TEST(nobody_but_the_proposer_of_this_chain_posts) {
    start();
    request_job(BYTES_LITERAL("an input"));
    chain.block.number = request.ready_at;
    static const struct ecdsa_secret_key stranger = {{9}};
    struct evm_result result = submit(&truth, TEST_CHAIN_ID, &stranger);
    assert_reverts(&result, "NotEntitled(address)");
    result = submit(&truth, TEST_CHAIN_ID + 1, &test_key);
    assert_reverts(&result, "NotEntitled(address)");
    chain.block.coinbase.bytes[0] ^= 1;
    result = submit(&truth, TEST_CHAIN_ID, &test_key);
    assert_reverts(&result, "NotEntitled(address)");
    chain.block.coinbase.bytes[0] ^= 1;
    chain.block.number--;
    result = submit(&truth, TEST_CHAIN_ID, &test_key);
    assert_reverts(&result, "ResultTooEarly(uint64)");
    chain.block.number++;
    request.onchain_input = BYTES_LITERAL("another's");
    result = submit(&truth, TEST_CHAIN_ID, &test_key);
    assert_reverts(&result, "ResultMismatch(bytes32)");
    stop();
}

static struct evm_result answer_program(const struct job_program_answer *answer) {
    struct hash digest;
    struct job_signature signature;
    job_answer_digest(&digest, TEST_CHAIN_ID, answer);
    assert_int_equal(job_sign(&chain.signer, &signature, &digest, &test_key), ECDSA_VALID);
    return test_chain_send(
        &chain, &program_registry_address, 0,
        job_answer_program_calldata(&chain.arena, answer, &signature)
    );
}

TEST(a_program_is_submitted_answered_and_run) {
    start();
    /* Another program: it gives its input's length. */
    text.words[0] = rv_encode((struct rv_insn){RV_LD, T0, A0, 0, 0});
    test_image_build(&image, &text);
    const struct hash invalidator = {{0}};
    struct evm_result result = test_chain_send(
        &chain, &program_registry_address, 1000,
        job_submit_program_calldata(&chain.arena, test_image_file(&image), &invalidator)
    );
    assert_int_equal(result.status, EVM_SUCCESS);
    const struct job_event event = only_event();
    assert_int_equal(event.kind, JOB_EVENT_PROGRAM_SUBMITTED);
    assert_bytes_equal(result.output, BYTES_OF(event.id));
    assert_bytes_equal(event.submission.image, test_image_file(&image));
    submission = event.submission;

    struct job_program_answer answer;
    job_answer_image(
        &answer, &chain.arena, submission.image, &submission.image_hash, &submission.invalidator
    );
    assert_int_equal(answer.reason, JOB_REASON_NONE);
    answer.submission_id = submission.submission_id;
    result = answer_program(&answer);
    assert_int_equal(result.status, EVM_SUCCESS);
    assert_true(TEST_CALL_GAS - result.gas_left + 30000 < job_answer_gas_limit());
    assert_int_equal(check_logs(), JOB_CHECK_VALID);

    program.program_id = answer.program_id; /* registered: a job may name it */
    request_job(BYTES_LITERAL("an input"));
    chain.block.number = request.ready_at;
    const struct job_run_result eight = {
        JOB_EXIT, 0, text.count, {(const uint8_t *)"\10\0\0\0\0\0\0\0", 8}};
    assert_int_equal(submit(&eight, TEST_CHAIN_ID, &test_key).status, EVM_SUCCESS);
    assert_int_equal(check_logs(), JOB_CHECK_VALID);
    stop();
}

TEST(a_wrong_answer_about_a_program_makes_the_block_invalid) {
    for (int lie = 0; lie < 3; lie++) {
        start();
        const struct hash invalidator = {{0}};
        const struct evm_result sent = test_chain_send(
            &chain, &program_registry_address, 1000,
            job_submit_program_calldata(&chain.arena, test_image_file(&image), &invalidator)
        );
        assert_int_equal(sent.status, EVM_SUCCESS);
        submission = only_event().submission;
        struct job_program_answer answer = {
            submission.submission_id, program.program_id, program.pages, JOB_REASON_NONE};
        if (lie == 0) answer.program_id.bytes[0] ^= 1;
        if (lie == 1) answer.pages++;
        if (lie == 2) {
            answer = (struct job_program_answer
            ){submission.submission_id, {{0}}, 0, JOB_REASON_INVALID_IMAGE};
        }
        static const enum job_check_verdict verdicts[] = {
            JOB_CHECK_WRONG_PROGRAM_ID, JOB_CHECK_WRONG_PAGES, JOB_CHECK_REJECTED_VALID};
        assert_int_equal(answer_program(&answer).status, EVM_SUCCESS);
        assert_int_equal(check_logs(), verdicts[lie]);
        stop();
    }
}

TEST_MAIN(
    TEST_CASE(a_request_is_logged_as_it_was_asked),
    TEST_CASE(a_true_result_is_taken_and_stands),
    TEST_CASE(lies_that_the_contract_cannot_see_make_the_block_invalid),
    TEST_CASE(nobody_but_the_proposer_of_this_chain_posts),
    TEST_CASE(a_program_is_submitted_answered_and_run),
    TEST_CASE(a_wrong_answer_about_a_program_makes_the_block_invalid)
)
