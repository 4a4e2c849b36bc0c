/* A block that lies about a result is an invalid block.
 *
 * Each lie here is a block that Ethereum's rules find valid: its transaction succeeds, the false
 * result's log is in its receipts, the signature is the proposer's, the state root is right. The
 * importer gets it as bytes and has to refuse it for the right reason, and to take the true block
 * after all of them.
 */
#include "base/test.h"
#include "crypto/keccak.h"
#include "job/job_check.h"
#include "job/job_run.h"
#include "job/predeploys.h"
#include "service/node.h"
#include "service/sample_programs.h"
#include "world/guest_memory.h"

#include <uv.h>

#include <stdio.h>

enum { NUMBER = 1764, RESULT_GAS = 3000000, OTHER_PROPOSER = 5 };

static uv_loop_t loop;
static struct node *node;
static struct arena arena;
static struct ecdsa_signer signer;

/* What was asked for: the square root of NUMBER, and three programs. */
static struct job_request request;
static struct job_run_result truth, other_input, other_program;
static struct hash submissions[2]; /* a valid image, an invalid one */
static struct job_program_answer true_answer;

/* ---- transactions ---- */

static const struct mnemonic_account *account(size_t index) {
    return &node->chain.accounts[index];
}

static struct bytes signed_call(
    size_t from, uint64_t nonce, const struct address *to, uint64_t ether_milli, struct bytes data
) {
    struct hash digest;
    struct ecdsa_signature signature;
    struct tx tx = {
        .type = TX_TYPE_DYNAMIC_FEE,
        .is_protected = true,
        .chain_id = DEV_CHAIN_ID,
        .nonce = nonce,
        .gas_limit = RESULT_GAS,
        .max_fee_per_gas = u256_from_u64(10000000000),
        .max_priority_fee_per_gas = U256_ONE,
        .to = *to,
        .value = u256_from_u64(ether_milli * 1000000000000000),
        .data = data,
    };
    tx_signing_hash(&arena, &digest, &tx);
    assert_int_equal(
        ecdsa_sign_recoverable(&signer, &signature, &digest, &account(from)->key), ECDSA_VALID
    );
    tx.y_parity = signature.recovery_id;
    tx.r = signature.r;
    tx.s = signature.s;
    return tx_encode(&arena, &tx);
}

static void submit(struct bytes raw) {
    struct pool_outcome outcome;
    assert_false(failed(execution_submit(node->execution, &outcome, raw)));
    assert_string_equal(outcome.message, "");
}

/* ResultProposers.setKey(coinbase, key), by governance. */
static struct bytes set_key_calldata(const struct address *coinbase) {
    struct hash digest;
    uint8_t *data = arena_alloc(&arena, 68, 1);
    keccak256(&digest, BYTES_LITERAL("setKey(address,address)"));
    memcpy(data, digest.bytes, 4);
    memcpy(data + 16, coinbase->bytes, 20);
    memcpy(data + 48, coinbase->bytes, 20);
    return bytes_from(data, 68);
}

/* ---- the chain up to the block that may hold the result ---- */

static struct bytes image_of(const char *name) {
    for (size_t i = 0; i < sample_programs_count; i++) {
        if (strcmp(sample_programs[i].name, name) == 0) return sample_programs[i].data;
    }
    fail_msg("no program %s", name);
    return (struct bytes){NULL, 0};
}

static struct bytes word(uint64_t value) {
    uint8_t *out = arena_alloc(&arena, 32, 1);
    store_be64(out + 24, value);
    return bytes_from(out, 32);
}

static struct job_run_result run(const char *name, struct bytes input, uint64_t max_cycles) {
    struct machine_program program;
    struct guest_memory memory;
    struct job_run_result result;
    assert_int_equal(machine_program_load(&program, &arena, image_of(name)), ELF_VALID);
    assert_false(failed(guest_memory_create(&memory)));
    assert_false(failed(
        job_run(&result, &arena, &program, &memory.memory, input, BYTES_LITERAL(""), max_cycles)
    ));
    guest_memory_destroy(&memory);
    return result;
}

/* The sample's image with a byte behind its end, which means nothing: another file, the same id. */
static struct bytes longer_image(void) {
    const struct bytes image = image_of("sqrt");
    uint8_t *copy = arena_alloc(&arena, image.len + 1, 1);
    memcpy(copy, image.data, image.len);
    return bytes_from(copy, image.len + 1);
}

static void submission_id(struct hash *out, struct bytes image) {
    static const struct hash no_invalidator;
    struct hash image_hash;
    keccak256(&image_hash, image);
    job_submission_id(out, &image_hash, &no_invalidator, &account(1)->address);
}

static void ask(void) {
    static const struct hash no_invalidator;
    const struct bytes invalid = BYTES_LITERAL("this is no ELF file");
    struct hash program_id, image_hash;
    uint32_t pages;
    assert_int_equal(machine_program_id(&program_id, &pages, &arena, image_of("sqrt")), ELF_VALID);
    const struct job_limits limits = {.max_cycles = 1000000, .deadline = 100, .callback_gas = 0};
    submit(signed_call(
        0, 0, &job_manager_address, 1000,
        job_request_calldata(&arena, &program_id, word(NUMBER), &limits)
    ));
    submit(signed_call(
        0, 1, &result_proposers_address, 0, set_key_calldata(&account(OTHER_PROPOSER)->address)
    ));
    submit(signed_call(
        1, 0, &program_registry_address, 100,
        job_submit_program_calldata(&arena, longer_image(), &no_invalidator)
    ));
    submit(signed_call(
        1, 1, &program_registry_address, 100,
        job_submit_program_calldata(&arena, invalid, &no_invalidator)
    ));
    assert_false(failed(solo_propose(node->solo)));

    submission_id(&submissions[0], longer_image());
    submission_id(&submissions[1], invalid);
    keccak256(&image_hash, longer_image());
    job_answer_image(&true_answer, &arena, longer_image(), &image_hash, &no_invalidator);
    struct hash id;
    struct job_record record;
    bool found;
    job_id(&id, UINT64_C(1) << 63, &account(0)->address);
    assert_false(
        failed(job_book_job(coprocessor_book(node->coprocessor), &arena, &found, &record, &id))
    );
    assert_true(found);
    request = record.request;
    truth = run("sqrt", word(NUMBER), limits.max_cycles);
    other_input = run("sqrt", word(NUMBER + 85), limits.max_cycles);
    other_program = run("matching", word(NUMBER), limits.max_cycles);
}

/* ---- blocks ---- */

/* A block of the proposer with these transactions alone, as it goes over the wire. */
static struct bytes build(const struct bytes *transactions, size_t count, size_t proposer) {
    const struct engine *engine = execution_engine(node->execution);
    struct engine_attributes attributes;
    struct engine_payload payload;
    assert_false(failed(solo_attributes(node->solo, &arena, &attributes)));
    attributes.fee_recipient = account(proposer)->address;
    attributes.first_transactions = transactions;
    attributes.first_transaction_count = count;
    attributes.no_pool = true;
    assert_false(failed(engine->build(engine->ctx, &arena, &payload, &attributes)));
    assert_int_equal(payload.first_transaction_count, count);
    return payload.block;
}

static struct bytes result_transaction(const struct job_run_result *claim, size_t proposer) {
    struct job_result result = {
        .job_id = request.job_id,
        .program_id = request.program_id,
        .max_cycles = request.limits.max_cycles,
        .run = *claim,
    };
    struct hash digest;
    struct job_signature signature;
    keccak256(&result.onchain_input_hash, request.onchain_input);
    job_result_digest(&digest, DEV_CHAIN_ID, &result);
    assert_int_equal(job_sign(&signer, &signature, &digest, &account(proposer)->key), ECDSA_VALID);
    return signed_call(
        proposer, 0, &job_manager_address, 0,
        job_submit_result_calldata(&arena, &result, &signature)
    );
}

static struct bytes answer_transaction(const struct job_program_answer *claim) {
    struct hash digest;
    struct job_signature signature;
    job_answer_digest(&digest, DEV_CHAIN_ID, claim);
    assert_int_equal(
        job_sign(&signer, &signature, &digest, &account(DEV_PROPOSER_ACCOUNT)->key), ECDSA_VALID
    );
    return signed_call(
        DEV_PROPOSER_ACCOUNT, 0, &program_registry_address, 0,
        job_answer_program_calldata(&arena, claim, &signature)
    );
}

/* Execution finds nothing wrong, and the claim's log is there. */
static void assert_executes(struct bytes block, enum job_event_kind kind) {
    const struct engine *engine = execution_engine(node->execution);
    struct engine_payload_status status;
    struct engine_block read;
    struct job_event event;
    assert_false(failed(engine->new_payload(engine->ctx, &status, block)));
    assert_int_equal(status.verdict, ENGINE_VALID);
    assert_false(failed(engine->block(engine->ctx, &arena, &read, &status.hash)));
    assert_int_equal(read.receipt_count, 1);
    assert_true(read.receipts[0].succeeded);
    assert_true(read.receipts[0].log_count > 0);
    assert_int_equal(job_log_read(&event, &read.receipts[0].logs[0]), JOB_LOG_READ);
    assert_int_equal(event.kind, kind);
}

static void assert_refused(struct bytes block, const char *reason) {
    struct import_outcome outcome;
    const uint64_t before = execution_head(node->execution)->number;
    assert_false(failed(importer_import(&node->importer, &outcome, block)));
    assert_int_equal(outcome.verdict, IMPORT_INVALID_RESULT);
    if (strstr(outcome.reason, reason) == NULL) {
        fail_msg("refused because '%s', not '%s'", outcome.reason, reason);
    }
    assert_int_equal(execution_head(node->execution)->number, before);
}

static void assert_lie_refused(const struct job_run_result *claim, enum job_check_verdict verdict) {
    const struct bytes transaction = result_transaction(claim, DEV_PROPOSER_ACCOUNT);
    const struct bytes block = build(&transaction, 1, DEV_PROPOSER_ACCOUNT);
    assert_executes(block, JOB_EVENT_COMPLETED);
    assert_refused(block, job_check_verdict_text(verdict));
}

static void assert_false_answer_refused(
    struct job_program_answer claim, size_t submission, enum job_check_verdict verdict
) {
    claim.submission_id = submissions[submission];
    const struct bytes transaction = answer_transaction(&claim);
    const struct bytes block = build(&transaction, 1, DEV_PROPOSER_ACCOUNT);
    assert_executes(
        block, claim.reason == 0 ? JOB_EVENT_PROGRAM_REGISTERED : JOB_EVENT_PROGRAM_REJECTED
    );
    assert_refused(block, job_check_verdict_text(verdict));
}

/* ---- tests ---- */

TEST(a_wrong_output_is_refused) {
    struct job_run_result lie = truth;
    lie.output = word(43);
    assert_lie_refused(&lie, JOB_CHECK_WRONG_OUTPUT);
    lie.output = BYTES_LITERAL("");
    assert_lie_refused(&lie, JOB_CHECK_WRONG_OUTPUT);
}

TEST(a_wrong_number_of_cycles_is_refused) {
    struct job_run_result lie = truth;
    lie.used_cycles++;
    assert_lie_refused(&lie, JOB_CHECK_WRONG_CYCLES);
    lie.used_cycles -= 2;
    assert_lie_refused(&lie, JOB_CHECK_WRONG_CYCLES);
}

TEST(a_wrong_exit_code_is_refused) {
    struct job_run_result lie = truth;
    lie.code = 7;
    assert_lie_refused(&lie, JOB_CHECK_WRONG_CODE);
}

TEST(a_wrong_outcome_is_refused) {
    const struct job_run_result trap = {.outcome = JOB_TRAP, .code = TRAP_LOAD, .used_cycles = 10};
    const struct job_run_result endless = {
        .outcome = JOB_OUT_OF_CYCLES, .used_cycles = request.limits.max_cycles};
    assert_lie_refused(&trap, JOB_CHECK_WRONG_OUTCOME);
    assert_lie_refused(&endless, JOB_CHECK_WRONG_OUTCOME);
}

TEST(the_result_of_another_input_is_refused) {
    assert_int_equal(other_input.outcome, JOB_EXIT);
    assert_lie_refused(
        &other_input,
        other_input.used_cycles == truth.used_cycles ? JOB_CHECK_WRONG_OUTPUT
                                                     : JOB_CHECK_WRONG_CYCLES
    );
}

TEST(the_result_of_another_program_is_refused) {
    struct job_run_result lie = other_program;
    if (lie.outcome == JOB_EXIT) {
        assert_int_not_equal(lie.code, truth.code);
        assert_lie_refused(&lie, JOB_CHECK_WRONG_CODE);
    } else {
        assert_lie_refused(&lie, JOB_CHECK_WRONG_OUTCOME);
    }
}

TEST(a_true_result_of_another_proposer_is_refused) {
    const struct bytes transaction = result_transaction(&truth, OTHER_PROPOSER);
    const struct bytes block = build(&transaction, 1, OTHER_PROPOSER);
    assert_executes(block, JOB_EVENT_COMPLETED);
    assert_refused(block, "fee recipient is not the proposer's");
}

TEST(a_wrong_answer_to_a_registration_is_refused) {
    struct job_program_answer lie = true_answer;
    lie.program_id.bytes[0] ^= 1;
    assert_false_answer_refused(lie, 0, JOB_CHECK_WRONG_PROGRAM_ID);
    lie = true_answer;
    lie.pages++;
    assert_false_answer_refused(lie, 0, JOB_CHECK_WRONG_PAGES);
    const struct job_program_answer rejected = {.reason = JOB_REASON_INVALID_IMAGE};
    assert_false_answer_refused(rejected, 0, JOB_CHECK_REJECTED_VALID);
    assert_false_answer_refused(true_answer, 1, JOB_CHECK_ACCEPTED_INVALID);
    const struct job_program_answer wrong_reason = {.reason = JOB_REASON_WRONG_HASH};
    assert_false_answer_refused(wrong_reason, 1, JOB_CHECK_WRONG_REASON);
}

/* What the node itself makes of all this, after every lie: one block with one result, two answers. */
TEST(the_true_block_is_accepted_after_them) {
    bool waits = false;
    for (int i = 0; i < 3000 && !waits; i++) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        assert_false(failed(coprocessor_next_post(node->coprocessor, &waits)));
        struct bytes *transactions;
        size_t count;
        assert_false(failed(
            coprocessor_results(node->coprocessor, &arena, &transactions, &count, request.ready_at)
        ));
        waits = count == 3;
        if (!waits) uv_sleep(1);
    }
    assert_true(waits);
    assert_false(failed(solo_propose(node->solo)));

    struct job_record record;
    struct program_record program;
    bool found;
    struct job_book *book = coprocessor_book(node->coprocessor);
    assert_false(failed(job_book_job(book, &arena, &found, &record, &request.job_id)));
    assert_int_equal(record.status, JOB_COMPLETED);
    assert_bytes_equal(record.run.output, word(42));
    assert_int_equal(record.run.used_cycles, truth.used_cycles);
    assert_false(failed(job_book_program(book, &found, &program, &true_answer.program_id)));
    assert_true(found);
}

/* A rollback takes the result back, the job is pending again, and the next block completes it. */
TEST(a_rollback_reopens_the_job_by_itself) {
    const struct engine *engine = execution_engine(node->execution);
    struct job_record record;
    struct hash before;
    bool found;
    struct job_book *book = coprocessor_book(node->coprocessor);
    const uint64_t number = execution_head(node->execution)->number;
    assert_false(failed(engine->canonical(engine->ctx, &before, number - 1)));
    assert_false(failed(importer_adopt(&node->importer, &before)));
    assert_false(failed(job_book_job(book, &arena, &found, &record, &request.job_id)));
    assert_int_equal(record.status, JOB_PENDING);

    for (int i = 0; i < 3000 && record.status == JOB_PENDING; i++) {
        (void)uv_run(&loop, UV_RUN_NOWAIT);
        bool waits;
        assert_false(failed(coprocessor_next_post(node->coprocessor, &waits)));
        if (waits) assert_false(failed(solo_propose(node->solo)));
        assert_false(failed(job_book_job(book, &arena, &found, &record, &request.job_id)));
        uv_sleep(1);
    }
    assert_int_equal(record.status, JOB_COMPLETED);
}

static int set_up(void **state) {
    (void)state;
    struct node_options options = node_options_default();
    char message[NODE_MESSAGE_SIZE];
    options.serves = false;
    options.automine = false;
    arena_init(&arena, &test_heap);
    ecdsa_signer_init(&signer, NULL);
    assert_int_equal(uv_loop_init(&loop), 0);
    if (failed(node_create(&node, message, &loop, &options))) fail_msg("%s", message);
    ask();
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    node_stop(node);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    node_destroy(node);
    assert_int_equal(uv_loop_close(&loop), 0);
    arena_reset(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_CASE(a_wrong_output_is_refused),
        TEST_CASE(a_wrong_number_of_cycles_is_refused),
        TEST_CASE(a_wrong_exit_code_is_refused),
        TEST_CASE(a_wrong_outcome_is_refused),
        TEST_CASE(the_result_of_another_input_is_refused),
        TEST_CASE(the_result_of_another_program_is_refused),
        TEST_CASE(a_true_result_of_another_proposer_is_refused),
        TEST_CASE(a_wrong_answer_to_a_registration_is_refused),
        TEST_CASE(the_true_block_is_accepted_after_them),
        TEST_CASE(a_rollback_reopens_the_job_by_itself),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
