#include "base/test.h"
#include "codec/abi.h"
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "evm/evm.h"
#include "job/job_check.h"
#include "job/job_genesis.h"
#include "job/job_run.h"
#include "job/limits.h"
#include "job/predeploys.h"
#include "machine/test.h"

/* The committed code of the predeploys, on a genesis as job_genesis lists it, in our EVM: what this
 * layer encodes and signs the contracts take, what they log it reads, and a lie that they cannot see
 * is found. */

enum { CHAIN_ID = 31337, FIRST_BLOCK = 1000, CALL_GAS = 16000000 };

static struct arena arena;
static struct state state;
static struct evm *evm;
static struct evm_block block;
static struct test_text text;
static struct test_image image;
static struct hash program_id;
static uint32_t program_pages;
static struct ecdsa_signer signer;

static const struct address user = {{0x55, 1}};
static const struct address coinbase = {{0xc0, 2}};
static const struct ecdsa_secret_key key = {{1, 2, 3, 4}};

static bool no_account(void *ctx, const struct address *address, struct account *out) {
    (void)ctx, (void)address, (void)out;
    return false;
}

static void no_storage(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    (void)ctx, (void)address, (void)slot;
    *value = U256_ZERO;
}

static struct bytes no_code(void *ctx, const struct hash *code_hash) {
    (void)ctx, (void)code_hash;
    return bytes_from(NULL, 0);
}

static void no_block(void *ctx, uint64_t number, struct hash *out) {
    (void)ctx, (void)number;
    memset(out, 0, sizeof *out);
}

static const struct state_reader nothing = {no_account, no_storage, no_code, no_block, NULL};

/* The program gives the first 8 bytes of its input and exits with 0. */
static void build_program(void) {
    text.count = 0;
    emit_i(&text, RV_LD, T0, A0, 8);
    emit_s(&text, RV_SD, A2, T0, 0);
    emit_exit(&text, 0, 8);
    test_image_build(&image, &text);
    const enum elf_verdict verdict =
        machine_program_id(&program_id, &program_pages, &arena, test_image_file(&image));
    assert_int_equal(verdict, ELF_VALID);
}

static struct address key_address(void) {
    struct ecdsa_public_key public_key;
    assert_int_equal(ecdsa_public_key_of(&signer, &public_key, &key), ECDSA_VALID);
    return ecdsa_address(&public_key);
}

static void install_predeploys(void) {
    const struct job_genesis_proposer proposer = {coinbase, key_address()};
    const struct job_genesis_program program = {program_id, program_pages};
    struct job_genesis genesis = job_genesis_default(0);
    genesis.governance = user;
    genesis.proposers = &proposer;
    genesis.proposer_count = 1;
    genesis.programs = &program;
    genesis.program_count = 1;
    for (size_t i = 0; i < JOB_PREDEPLOY_COUNT; i++) {
        state_set_code(&state, &job_predeploys[i].address, job_predeploys[i].code);
        state_set_nonce(&state, &job_predeploys[i].address, 1);
    }
    size_t count;
    const struct job_genesis_slot *slots = job_genesis_storage(&arena, &count, &genesis);
    for (size_t i = 0; i < count; i++) {
        const struct u256 slot = u256_from_be(slots[i].slot.bytes);
        const struct u256 value = u256_from_be(slots[i].value.bytes);
        state_set_storage(&state, &slots[i].address, &slot, &value);
    }
}

static void start(void) {
    arena_init(&arena, &test_heap);
    ecdsa_signer_init(&signer, NULL);
    state_init(&state, &arena, &nothing);
    evm = evm_create(&test_heap, 1 << 20);
    block = (struct evm_block){
        .number = FIRST_BLOCK,
        .timestamp = 1800000000,
        .gas_limit = 36000000,
        .chain_id = CHAIN_ID,
        .coinbase = coinbase,
        .base_fee = u256_from_u64(GENESIS_GAS_PRICE),
    };
    build_program();
    install_predeploys();
    const struct u256 ether = {{0, 1000, 0, 0}};
    state_set_balance(&state, &user, &ether);
    state_commit(&state);
}

static void stop(void) {
    evm_destroy(evm);
    arena_reset(&arena);
}

/* A call by the user as a transaction of its own, without intrinsic gas. */
static struct evm_result send(struct address to, uint64_t milliether, struct bytes input) {
    const struct evm_tx tx = {.origin = user, .gas_price = block.base_fee};
    const struct evm_context context = {
        .rules = evm_rules_of(EVM_OSAKA), .block = &block, .tx = &tx, .state = &state};
    struct u256 value = u256_from_u64(milliether);
    const struct u256 unit = u256_from_u64(UINT64_C(1000000000000000));
    u256_mul_wrapping(&value, &value, &unit);
    const struct evm_message message = {
        .kind = EVM_CALL,
        .gas = CALL_GAS,
        .sender = user,
        .recipient = to,
        .code_address = to,
        .value = value,
        .input = input,
    };
    struct evm_result result;
    state_begin_transaction(&state);
    evm_execute(evm, &context, &message, &result);
    state_end_transaction(&state, context.rules);
    state_commit(&state);
    return result;
}

static struct job_event only_event(void) {
    size_t count;
    const struct state_log *logs = state_logs(&state, &count);
    assert_int_equal(count, 1);
    struct job_event event;
    assert_int_equal(job_log_read(&event, &logs[0]), JOB_LOG_READ);
    return event;
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
    *found = hash_equal(wanted, &program_id);
    if (*found) *out = test_image_file(&image);
    return status_ok;
}

static struct status run(void *ctx, struct job_run_result *out, const struct job_call *call) {
    (void)ctx;
    struct machine_program program;
    struct test_memory memory;
    assert_int_equal(machine_program_load(&program, &arena, call->image), ELF_VALID);
    test_memory_init(&memory);
    const struct status status = job_run(
        out, &arena, &program, &memory.memory, call->onchain_input, call->offchain_input,
        call->max_cycles
    );
    test_memory_free(&memory);
    return status;
}

/* The rule, on the logs of the last transaction. */
static enum job_check_verdict check_logs(void) {
    size_t count;
    const struct state_log *logs = state_logs(&state, &count);
    const struct job_block job_block = {logs, count, block.number, block.coinbase};
    const struct job_history history = {find_request, find_submission, find_image, NULL};
    const struct job_runner runner = {run, NULL};
    struct job_check check;
    const struct status status = job_check_block(&check, &arena, &job_block, &history, &runner);
    assert_int_equal(status.code, STATUS_OK);
    assert_int_equal(check.result_count, 1);
    return check.verdict;
}

static void request_job(struct bytes input) {
    const struct job_limits limits = {1000000, block.number + 100, 0};
    const struct evm_result result =
        send(job_manager_address, 1000, job_request_calldata(&arena, &program_id, input, &limits));
    assert_int_equal(result.status, EVM_SUCCESS);
    const struct job_event event = only_event();
    assert_int_equal(event.kind, JOB_EVENT_REQUESTED);
    assert_bytes_equal(result.output, BYTES_OF(event.id));
    request = event.request;
}

static struct evm_result submit(
    const struct job_run_result *run_result, uint64_t chain_id, const struct ecdsa_secret_key *with
) {
    struct job_result result = {
        .job_id = request.job_id,
        .program_id = request.program_id,
        .max_cycles = request.limits.max_cycles,
        .run = *run_result,
    };
    keccak256(&result.onchain_input_hash, request.onchain_input);
    struct hash digest;
    struct job_signature signature;
    job_result_digest(&digest, chain_id, &result);
    assert_int_equal(job_sign(&signer, &signature, &digest, with), ECDSA_VALID);
    return send(job_manager_address, 0, job_submit_result_calldata(&arena, &result, &signature));
}

static const struct job_run_result truth = {JOB_EXIT, 0, 7, {(const uint8_t *)"an input", 8}};

TEST(a_request_is_logged_as_it_was_asked) {
    start();
    request_job(BYTES_LITERAL("an input"));
    assert_bytes_equal(BYTES_OF(request.consumer), BYTES_OF(user));
    assert_bytes_equal(BYTES_OF(request.program_id), BYTES_OF(program_id));
    assert_true(request.nonce == JOB_FIRST_NONCE);
    assert_int_equal(request.limits.max_cycles, 1000000);
    assert_int_equal(request.limits.deadline, FIRST_BLOCK + 100);
    assert_int_equal(request.ready_at, FIRST_BLOCK + 1);
    assert_bytes_equal(request.onchain_input, BYTES_LITERAL("an input"));
    stop();
}

TEST(a_true_result_is_taken_and_stands) {
    start();
    request_job(BYTES_LITERAL("an input"));
    block.number = request.ready_at;
    struct job_run_result actual;
    const struct job_call call = {
        program_id, test_image_file(&image), request.onchain_input, bytes_from(NULL, 0), 1000000};
    assert_int_equal(run(NULL, &actual, &call).code, STATUS_OK);
    assert_int_equal(actual.used_cycles, text.count);
    const struct evm_result result = submit(&actual, CHAIN_ID, &key);
    assert_int_equal(result.status, EVM_SUCCESS);
    assert_true(CALL_GAS - result.gas_left < job_posting_gas(8, 0) - 21000);
    const struct job_event event = only_event();
    assert_int_equal(event.kind, JOB_EVENT_COMPLETED);
    assert_bytes_equal(BYTES_OF(event.completion.proposer), BYTES_OF(coinbase));
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
        block.number = request.ready_at;
        if (i != 2) lies[i].used_cycles = text.count;
        assert_int_equal(submit(&lies[i], CHAIN_ID, &key).status, EVM_SUCCESS);
        assert_int_equal(check_logs(), verdicts[i]);
        stop();
    }
}

TEST(nobody_but_the_proposer_of_this_chain_posts) {
    start();
    request_job(BYTES_LITERAL("an input"));
    block.number = request.ready_at;
    static const struct ecdsa_secret_key stranger = {{9}};
    struct evm_result result = submit(&truth, CHAIN_ID, &stranger);
    assert_reverts(&result, "NotEntitled(address)");
    result = submit(&truth, CHAIN_ID + 1, &key);
    assert_reverts(&result, "NotEntitled(address)");
    block.coinbase.bytes[0] ^= 1;
    result = submit(&truth, CHAIN_ID, &key);
    assert_reverts(&result, "NotEntitled(address)");
    block.coinbase.bytes[0] ^= 1;
    block.number--;
    result = submit(&truth, CHAIN_ID, &key);
    assert_reverts(&result, "ResultTooEarly(uint64)");
    block.number++;
    request.onchain_input = BYTES_LITERAL("another's");
    result = submit(&truth, CHAIN_ID, &key);
    assert_reverts(&result, "ResultMismatch(bytes32)");
    stop();
}

static struct evm_result answer_program(const struct job_program_answer *answer) {
    struct hash digest;
    struct job_signature signature;
    job_answer_digest(&digest, CHAIN_ID, answer);
    assert_int_equal(job_sign(&signer, &signature, &digest, &key), ECDSA_VALID);
    return send(
        program_registry_address, 0, job_answer_program_calldata(&arena, answer, &signature)
    );
}

TEST(a_program_is_submitted_answered_and_run) {
    start();
    /* Another program: it gives its input's length. */
    text.words[0] = rv_encode((struct rv_insn){RV_LD, T0, A0, 0, 0});
    test_image_build(&image, &text);
    const struct hash invalidator = {{0}};
    struct evm_result result = send(
        program_registry_address, 1000,
        job_submit_program_calldata(&arena, test_image_file(&image), &invalidator)
    );
    assert_int_equal(result.status, EVM_SUCCESS);
    const struct job_event event = only_event();
    assert_int_equal(event.kind, JOB_EVENT_PROGRAM_SUBMITTED);
    assert_bytes_equal(result.output, BYTES_OF(event.id));
    assert_bytes_equal(event.submission.image, test_image_file(&image));
    submission = event.submission;

    struct job_program_answer answer;
    job_answer_image(
        &answer, &arena, submission.image, &submission.image_hash, &submission.invalidator
    );
    assert_int_equal(answer.reason, JOB_REASON_NONE);
    answer.submission_id = submission.submission_id;
    result = answer_program(&answer);
    assert_int_equal(result.status, EVM_SUCCESS);
    assert_true(CALL_GAS - result.gas_left + 30000 < job_answer_gas_limit());
    assert_int_equal(check_logs(), JOB_CHECK_VALID);

    program_id = answer.program_id; /* which can be asked for now */
    request_job(BYTES_LITERAL("an input"));
    block.number = request.ready_at;
    const struct job_run_result eight = {
        JOB_EXIT, 0, text.count, {(const uint8_t *)"\10\0\0\0\0\0\0\0", 8}};
    assert_int_equal(submit(&eight, CHAIN_ID, &key).status, EVM_SUCCESS);
    assert_int_equal(check_logs(), JOB_CHECK_VALID);
    stop();
}

TEST(a_wrong_answer_about_a_program_makes_the_block_invalid) {
    for (int lie = 0; lie < 3; lie++) {
        start();
        const struct hash invalidator = {{0}};
        const struct evm_result sent = send(
            program_registry_address, 1000,
            job_submit_program_calldata(&arena, test_image_file(&image), &invalidator)
        );
        assert_int_equal(sent.status, EVM_SUCCESS);
        submission = only_event().submission;
        struct job_program_answer answer = {
            submission.submission_id, program_id, program_pages, JOB_REASON_NONE};
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
