/* test_chain: the committed predeploys in our EVM, on a genesis as job_genesis lists it: as much of a
 * chain as this layer's tests need. Only programs include this. */
#ifndef JOB_TEST_CHAIN_H
#define JOB_TEST_CHAIN_H

#include "crypto/keccak.h"
#include "evm/evm.h"
#include "job/job_check.h"
#include "job/job_genesis.h"
#include "job/job_run.h"
#include "job/limits.h"
#include "job/predeploys.h"
#include "machine/test.h"

enum { TEST_CHAIN_ID = 31337, TEST_FIRST_BLOCK = 1000, TEST_CALL_GAS = 16000000 };

static const struct address test_user = {{0x55, 1}};
static const struct address test_coinbase = {{0xc0, 2}};
static const struct ecdsa_secret_key test_key = {{1, 2, 3, 4}};

struct test_chain {
    struct arena arena;
    struct state state;
    struct evm *evm;
    struct evm_block block;
    struct ecdsa_signer signer;
    uint64_t user_nonce;
};

static inline bool test_no_account(void *ctx, const struct address *address, struct account *out) {
    (void)ctx, (void)address, (void)out;
    return false;
}

static inline void test_no_storage(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    (void)ctx, (void)address, (void)slot;
    *value = U256_ZERO;
}

static inline struct bytes test_no_code(void *ctx, const struct hash *code_hash) {
    (void)ctx, (void)code_hash;
    return bytes_from(NULL, 0);
}

static inline void test_no_block(void *ctx, uint64_t number, struct hash *out) {
    (void)ctx, (void)number;
    memset(out, 0, sizeof *out);
}

static const struct state_reader test_no_state = {
    test_no_account, test_no_storage, test_no_code, test_no_block, NULL};

static inline void test_chain_install(
    struct test_chain *chain, const struct job_genesis_program *program
) {
    struct ecdsa_public_key public_key;
    if (ecdsa_public_key_of(&chain->signer, &public_key, &test_key) != ECDSA_VALID) abort();
    const struct job_genesis_proposer proposer = {test_coinbase, ecdsa_address(&public_key)};
    struct job_genesis genesis = job_genesis_default(0);
    genesis.governance = test_user;
    genesis.proposers = &proposer;
    genesis.proposer_count = 1;
    genesis.programs = program;
    genesis.program_count = 1;
    for (size_t i = 0; i < JOB_PREDEPLOY_COUNT; i++) {
        state_set_code(&chain->state, &job_predeploys[i].address, job_predeploys[i].code);
        state_set_nonce(&chain->state, &job_predeploys[i].address, 1);
    }
    size_t count;
    const struct job_genesis_slot *slots = job_genesis_storage(&chain->arena, &count, &genesis);
    for (size_t i = 0; i < count; i++) {
        const struct u256 slot = u256_from_be(slots[i].slot.bytes);
        const struct u256 value = u256_from_be(slots[i].value.bytes);
        state_set_storage(&chain->state, &slots[i].address, &slot, &value);
    }
}

/* A chain with one registered program, whose image stays readable, in block TEST_FIRST_BLOCK. */
static inline struct job_genesis_program test_chain_start(
    struct test_chain *chain, const struct arena_source *source, struct bytes image_file
) {
    memset(chain, 0, sizeof *chain);
    arena_init(&chain->arena, source);
    ecdsa_signer_init(&chain->signer, NULL);
    state_init(&chain->state, &chain->arena, &test_no_state);
    chain->evm = evm_create(source, 1 << 20);
    chain->block = (struct evm_block){
        .number = TEST_FIRST_BLOCK,
        .timestamp = 1800000000,
        .gas_limit = 36000000,
        .chain_id = TEST_CHAIN_ID,
        .coinbase = test_coinbase,
        .base_fee = u256_from_u64(GENESIS_GAS_PRICE),
    };
    struct job_genesis_program program;
    const enum elf_verdict verdict =
        machine_program_id(&program.program_id, &program.pages, &chain->arena, image_file);
    if (verdict != ELF_VALID) abort();
    test_chain_install(chain, &program);
    const struct u256 ether = {{0, 1000, 0, 0}};
    state_set_balance(&chain->state, &test_user, &ether);
    state_commit(&chain->state);
    return program;
}

static inline void test_chain_stop(struct test_chain *chain) {
    evm_destroy(chain->evm);
    arena_reset(&chain->arena);
}

/* A call by the user, or a creation where to is NULL, as a transaction of its own without intrinsic
 * gas. */
static inline struct evm_result test_chain_send(
    struct test_chain *chain, const struct address *to, uint64_t milliether, struct bytes input
) {
    const struct evm_tx tx = {.origin = test_user, .gas_price = chain->block.base_fee};
    const struct evm_context context = {
        .rules = evm_rules_of(EVM_OSAKA),
        .block = &chain->block,
        .tx = &tx,
        .state = &chain->state,
    };
    const struct u256 unit = u256_from_u64(UINT64_C(1000000000000000));
    struct evm_message message = {
        .kind = to == NULL ? EVM_CREATE : EVM_CALL,
        .gas = TEST_CALL_GAS,
        .sender = test_user,
        .value = u256_from_u64(milliether),
        .input = input,
    };
    u256_mul_wrapping(&message.value, &message.value, &unit);
    message.recipient = to == NULL ? evm_create_address(&test_user, chain->user_nonce) : *to;
    message.code_address = message.recipient;
    struct evm_result result;
    state_begin_transaction(&chain->state);
    state_set_nonce(&chain->state, &test_user, ++chain->user_nonce);
    evm_execute(chain->evm, &context, &message, &result);
    state_end_transaction(&chain->state, context.rules);
    state_commit(&chain->state);
    return result;
}

/* The log at index of the last transaction, which is the coprocessor's. */
static inline struct job_event test_chain_event(struct test_chain *chain, size_t index) {
    size_t count;
    const struct state_log *logs = state_logs(&chain->state, &count);
    struct job_event event;
    if (index >= count || job_log_read(&event, &logs[index]) != JOB_LOG_READ) abort();
    return event;
}

/* Signs and sends a result of request. */
static inline struct evm_result test_chain_submit(
    struct test_chain *chain,
    const struct job_request *request,
    const struct job_run_result *run,
    uint64_t chain_id,
    const struct ecdsa_secret_key *key
) {
    struct job_result result = {
        .job_id = request->job_id,
        .program_id = request->program_id,
        .max_cycles = request->limits.max_cycles,
        .run = *run,
    };
    keccak256(&result.onchain_input_hash, request->onchain_input);
    struct hash digest;
    struct job_signature signature;
    job_result_digest(&digest, chain_id, &result);
    if (job_sign(&chain->signer, &signature, &digest, key) != ECDSA_VALID) abort();
    return test_chain_send(
        chain, &job_manager_address, 0,
        job_submit_result_calldata(&chain->arena, &result, &signature)
    );
}

/* A job_runner's run on the machine; ctx is the chain. */
static inline struct status test_chain_run(
    void *ctx, struct job_run_result *out, const struct job_call *call
) {
    struct test_chain *chain = ctx;
    struct machine_program program;
    struct test_memory memory;
    if (machine_program_load(&program, &chain->arena, call->image) != ELF_VALID) abort();
    test_memory_init(&memory);
    const struct status status = job_run(
        out, &chain->arena, &program, &memory.memory, call->onchain_input, call->offchain_input,
        call->max_cycles
    );
    test_memory_free(&memory);
    return status;
}

#endif
