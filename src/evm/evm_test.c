#include "evm/evm.h"

#include "base/test.h"
#include "crypto/keccak.h"
#include "evm/lone_call.h"
#include "evm/opcodes.h"

#include <pthread.h>

enum { SMALL_STACK = 64 * 1024, BLOCK_GAS = 30000000, FRAME_MEMORY = 32 * 1024 };

/* Code is written as bytes; a test calls it and looks at status, gas and output. */
struct fixture {
    struct evm *evm;
    size_t takes;           /* how often the EVM asked for memory */
    size_t held, held_most; /* bytes of it */
    struct arena_source source;
    struct arena arena;
    struct lone_call call;
    struct evm_result result;
};

static struct fixture *fixture;

static void *take(void *ctx, size_t size) {
    struct fixture *of = ctx;
    of->takes++;
    of->held += size;
    if (of->held > of->held_most) of->held_most = of->held;
    return malloc(size);
}

static void give_back(void *ctx, void *memory, size_t size) {
    ((struct fixture *)ctx)->held -= size;
    free(memory);
}

static int make_fixture(void **state) {
    (void)state;
    fixture = calloc(1, sizeof *fixture);
    if (fixture == NULL) return -1;
    fixture->source = (struct arena_source){take, give_back, fixture};
    fixture->evm = evm_create(&fixture->source, 1 << 20);
    arena_init(&fixture->arena, &test_heap);
    lone_call_init(&fixture->call, evm_rules_of(EVM_OSAKA), bytes_from(NULL, 0));
    fixture->call.gas = 1000000;
    return 0;
}

static int drop_fixture(void **state) {
    (void)state;
    evm_destroy(fixture->evm);
    arena_reset(&fixture->arena);
    free(fixture);
    return 0;
}

static enum evm_status run(struct bytes code) {
    lone_call_set_code(&fixture->call, arena_copy(&fixture->arena, code));
    lone_call_run(&fixture->call, fixture->evm, &fixture->arena, &fixture->result);
    return fixture->result.status;
}

#define RUN(...) run(BYTES_OF(((const uint8_t[]){__VA_ARGS__})))
/* Returns the word on top of the stack. */
#define RETURN_TOP OP_PUSH0, OP_MSTORE, OP_PUSH1, 32, OP_PUSH0, OP_RETURN

static uint64_t gas_used(void) {
    return fixture->call.gas - fixture->result.gas_left;
}

static uint64_t output_number(void) {
    assert_int_equal(fixture->result.output.len, 32);
    const struct u256 word = u256_from_be(fixture->result.output.data);
    assert_true(u256_fits_u64(&word));
    return word.limb[0];
}

TEST(no_code_succeeds_for_nothing) {
    assert_int_equal(run(bytes_from(NULL, 0)), EVM_SUCCESS);
    assert_int_equal(gas_used(), 0);
    assert_int_equal(RUN(OP_STOP), EVM_SUCCESS);
    assert_int_equal(gas_used(), 0);
}

TEST(every_failure_has_its_status_and_takes_all_gas) {
    static const struct {
        uint8_t code[8];
        enum evm_status status;
    } cases[] = {
        {{OP_ADD}, EVM_STACK_UNDERFLOW},
        {{OP_PUSH1, 1, OP_SWAP1}, EVM_STACK_UNDERFLOW},
        {{OP_DUP1}, EVM_STACK_UNDERFLOW},
        {{0xfe}, EVM_UNDEFINED_OPCODE},
        {{0x0c}, EVM_UNDEFINED_OPCODE},
        {{OP_PUSH1, 1, OP_JUMP}, EVM_BAD_JUMP},
        {{OP_PUSH1, 3, OP_JUMP, OP_PUSH1, OP_JUMPDEST}, EVM_BAD_JUMP},
        {{OP_PUSH1, 4, OP_JUMP, OP_PUSH1, OP_JUMPDEST}, EVM_BAD_JUMP}, /* in push data */
        {{OP_PUSH1, 1, OP_PUSH0, OP_PUSH0, OP_RETURNDATACOPY}, EVM_RETURN_DATA_OUT_OF_BOUNDS},
        {{OP_PUSH0, OP_NOT, OP_MLOAD}, EVM_OUT_OF_GAS},
        {{OP_JUMPDEST, OP_PUSH0, OP_PUSH0, OP_JUMP}, EVM_STACK_OVERFLOW},
        {{OP_JUMPDEST, OP_PUSH0, OP_JUMP}, EVM_OUT_OF_GAS},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(run(BYTES_OF(cases[i].code)), cases[i].status);
        assert_int_equal(gas_used(), fixture->call.gas);
        assert_int_equal(fixture->result.output.len, 0);
    }
}

TEST(a_revert_keeps_gas_and_output) {
    assert_int_equal(RUN(OP_PUSH1, 32, OP_PUSH0, OP_REVERT), EVM_REVERT);
    assert_int_equal(gas_used(), 3 + 2 + 3);
    assert_int_equal(output_number(), 0);
}

TEST(the_stack_holds_1024_words) {
    uint8_t code[1026];
    memset(code, OP_PUSH0, sizeof code);
    assert_int_equal(run(bytes_from(code, 1024)), EVM_SUCCESS);
    assert_int_equal(gas_used(), 2048);
    assert_int_equal(run(bytes_from(code, 1025)), EVM_STACK_OVERFLOW);
}

TEST(arithmetic_and_comparison) {
    static const struct {
        uint8_t top, second, opcode;
        uint64_t result;
    } cases[] = {
        {7, 3, OP_ADD, 10},
        {7, 3, OP_SUB, 4},
        {7, 3, OP_MUL, 21},
        {7, 3, OP_DIV, 2},
        {7, 3, OP_MOD, 1},
        {7, 0, OP_DIV, 0},
        {7, 3, OP_SDIV, 2},
        {7, 3, OP_SMOD, 1},
        {2, 10, OP_EXP, 1024},
        {7, 3, OP_LT, 0},
        {3, 7, OP_LT, 1},
        {7, 3, OP_GT, 1},
        {7, 7, OP_EQ, 1},
        {7, 3, OP_SLT, 0},
        {7, 3, OP_SGT, 1},
        {6, 3, OP_AND, 2},
        {6, 3, OP_OR, 7},
        {6, 3, OP_XOR, 5},
        {31, 200, OP_BYTE, 200},
        {30, 200, OP_BYTE, 0},
        {32, 200, OP_BYTE, 0},
        {4, 1, OP_SHL, 16},
        {4, 64, OP_SHR, 4},
        {4, 64, OP_SAR, 4},
        {0, 127, OP_SIGNEXTEND, 127},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(
            RUN(OP_PUSH1, cases[i].second, OP_PUSH1, cases[i].top, cases[i].opcode, RETURN_TOP),
            EVM_SUCCESS
        );
        assert_int_equal(output_number(), cases[i].result);
    }
    assert_int_equal(
        RUN(OP_PUSH1, 5, OP_PUSH1, 3, OP_PUSH1, 4, OP_ADDMOD, RETURN_TOP), EVM_SUCCESS
    );
    assert_int_equal(output_number(), 2);
    assert_int_equal(
        RUN(OP_PUSH1, 5, OP_PUSH1, 3, OP_PUSH1, 4, OP_MULMOD, RETURN_TOP), EVM_SUCCESS
    );
    assert_int_equal(output_number(), 2);
    assert_int_equal(RUN(OP_PUSH1, 1, OP_CLZ, RETURN_TOP), EVM_SUCCESS);
    assert_int_equal(output_number(), 255);
    assert_int_equal(RUN(OP_PUSH0, OP_CLZ, RETURN_TOP), EVM_SUCCESS);
    assert_int_equal(output_number(), 256);
}

TEST(exp_costs_by_the_bytes_of_the_exponent) {
    assert_int_equal(RUN(OP_PUSH0, OP_PUSH1, 2, OP_EXP), EVM_SUCCESS);
    assert_int_equal(gas_used(), 2 + 3 + 10);
    assert_int_equal(RUN(OP_PUSH2, 1, 0, OP_PUSH1, 2, OP_EXP), EVM_SUCCESS);
    assert_int_equal(gas_used(), 3 + 3 + 10 + 2 * 50);
}

TEST(push_data_beyond_the_end_is_zero) {
    assert_int_equal(RUN(OP_PUSH1, 1, OP_PUSH32, 1), EVM_SUCCESS);
    assert_int_equal(gas_used(), 6);
    /* Every length, with data of as many different bytes. */
    for (unsigned n = 1; n <= 32; n++) {
        uint8_t code[64] = {(uint8_t)(OP_PUSH1 + n - 1)};
        for (unsigned i = 0; i < n; i++) {
            code[1 + i] = (uint8_t)(i + 1);
        }
        const uint8_t rest[] = {RETURN_TOP};
        memcpy(code + 1 + n, rest, sizeof rest);
        assert_int_equal(run(bytes_from(code, 1 + n + sizeof rest)), EVM_SUCCESS);
        uint8_t expected[32] = {0};
        memcpy(expected + 32 - n, code + 1, n);
        assert_memory_equal(fixture->result.output.data, expected, 32);
    }
}

TEST(dup_and_swap_reach_sixteen_deep) {
    for (unsigned n = 1; n <= 16; n++) {
        uint8_t code[64];
        size_t len = 0;
        for (uint8_t i = 0; i < 17; i++) {
            code[len++] = OP_PUSH1;
            code[len++] = (uint8_t)(100 + i); /* 116 on top */
        }
        code[len] = (uint8_t)(OP_DUP1 + n - 1);
        const uint8_t rest[] = {RETURN_TOP};
        memcpy(code + len + 1, rest, sizeof rest);
        assert_int_equal(run(bytes_from(code, len + 1 + sizeof rest)), EVM_SUCCESS);
        assert_int_equal(output_number(), 117 - n);
        code[len] = (uint8_t)(OP_SWAP1 + n - 1);
        assert_int_equal(run(bytes_from(code, len + 1 + sizeof rest)), EVM_SUCCESS);
        assert_int_equal(output_number(), 116 - n);
    }
}

TEST(memory_grows_by_words_and_costs_more_the_larger_it_is) {
    assert_int_equal(RUN(OP_PUSH1, 1, OP_MLOAD, OP_POP, OP_MSIZE, RETURN_TOP), EVM_SUCCESS);
    assert_int_equal(output_number(), 64);
    /* 724 words: 2172 + 724^2 / 512 = 3195. */
    assert_int_equal(RUN(OP_PUSH2, 0x5a, 0x60, OP_MLOAD), EVM_SUCCESS);
    assert_int_equal(gas_used(), 3 + 3 + 3195);
    assert_int_equal(
        RUN(OP_PUSH1, 0xab, OP_PUSH1, 31, OP_MSTORE8, OP_PUSH0, OP_MLOAD, RETURN_TOP), EVM_SUCCESS
    );
    assert_int_equal(output_number(), 0xab);
    /* Nothing is nothing, wherever it is. */
    assert_int_equal(RUN(OP_PUSH0, OP_PUSH0, OP_NOT, OP_KECCAK256), EVM_SUCCESS);
}

TEST(mcopy_moves_overlapping_memory) {
    assert_int_equal(
        RUN(OP_PUSH2, 0x12, 0x34, OP_PUSH0, OP_MSTORE, OP_PUSH1, 32, OP_PUSH0, OP_PUSH1, 1,
            OP_MCOPY, OP_PUSH1, 1, OP_MLOAD, RETURN_TOP),
        EVM_SUCCESS
    );
    assert_int_equal(output_number(), 0x1234);
}

TEST(calldata_reads_zeros_after_its_end) {
    static const uint8_t input[] = {0xff, 0x01};
    fixture->call.input = BYTES_OF(input);
    assert_int_equal(RUN(OP_CALLDATASIZE, RETURN_TOP), EVM_SUCCESS);
    assert_int_equal(output_number(), 2);
    assert_int_equal(
        RUN(OP_PUSH0, OP_CALLDATALOAD, OP_PUSH1, 240, OP_SHR, RETURN_TOP), EVM_SUCCESS
    );
    assert_int_equal(output_number(), 0xff01);
    assert_int_equal(RUN(OP_PUSH1, 2, OP_CALLDATALOAD, RETURN_TOP), EVM_SUCCESS);
    assert_int_equal(output_number(), 0);
    assert_int_equal(
        RUN(OP_PUSH1, 3, OP_PUSH1, 1, OP_PUSH1, 29, OP_CALLDATACOPY, OP_PUSH0, OP_MLOAD,
            RETURN_TOP),
        EVM_SUCCESS
    );
    assert_int_equal(output_number(), 0x010000);
}

TEST(storage_is_metered_by_its_three_values) {
    static const struct {
        uint8_t first, second;
        uint64_t gas, refund;
    } cases[] = {
        {0, 0, 2200 + 100, 0},            /* nothing twice */
        {1, 1, 22100 + 100, 0},           /* set, again the same */
        {1, 2, 22100 + 100, 0},           /* dirty */
        {1, 0, 22100 + 100, 20000 - 100}, /* back to nothing */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const uint64_t pushes = 4 * 3;
        assert_int_equal(
            RUN(OP_PUSH1, cases[i].first, OP_PUSH1, 0, OP_SSTORE, OP_PUSH1, cases[i].second,
                OP_PUSH1, 0, OP_SSTORE),
            EVM_SUCCESS
        );
        assert_int_equal(gas_used() - pushes, cases[i].gas);
        assert_int_equal(fixture->call.state.refund, cases[i].refund);
    }
    fixture->call.gas = 2306;
    assert_int_equal(RUN(OP_PUSH1, 0, OP_PUSH1, 0, OP_SSTORE), EVM_OUT_OF_GAS);
}

TEST(transient_storage_holds_within_the_transaction) {
    assert_int_equal(
        RUN(OP_PUSH1, 7, OP_PUSH1, 1, OP_TSTORE, OP_PUSH1, 1, OP_TLOAD, RETURN_TOP), EVM_SUCCESS
    );
    assert_int_equal(output_number(), 7);
    assert_int_equal(RUN(OP_PUSH1, 1, OP_TLOAD, RETURN_TOP), EVM_SUCCESS);
    assert_int_equal(output_number(), 0);
}

TEST(a_static_call_changes_nothing) {
    fixture->call.is_static = true;
    assert_int_equal(RUN(OP_PUSH0, OP_PUSH0, OP_SSTORE), EVM_STATIC_VIOLATION);
    assert_int_equal(RUN(OP_PUSH0, OP_PUSH0, OP_TSTORE), EVM_STATIC_VIOLATION);
    assert_int_equal(RUN(OP_PUSH0, OP_PUSH0, OP_LOG0), EVM_STATIC_VIOLATION);
    assert_int_equal(RUN(OP_PUSH0, OP_SELFDESTRUCT), EVM_STATIC_VIOLATION);
    assert_int_equal(RUN(OP_PUSH0, OP_PUSH0, OP_PUSH0, OP_CREATE), EVM_STATIC_VIOLATION);
}

TEST(logs_carry_topics_and_data) {
    assert_int_equal(RUN(OP_PUSH1, 9, OP_PUSH1, 8, OP_PUSH1, 2, OP_PUSH0, OP_LOG2), EVM_SUCCESS);
    size_t count;
    const struct state_log *log = state_logs(&fixture->call.state, &count);
    assert_int_equal(count, 1);
    assert_int_equal(log->topic_count, 2);
    assert_int_equal(log->topics[0].bytes[31], 8);
    assert_int_equal(log->topics[1].bytes[31], 9);
    assert_int_equal(log->data.len, 2);
    assert_int_equal(gas_used(), 3 * 3 + 2 + 375 * 3 + 16 + 3);
}

/* Adds one to slot 0, calls itself with all gas. */
static const uint8_t nesting[] = {
    OP_PUSH0, OP_SLOAD, OP_PUSH1, 1,        OP_ADD,     OP_PUSH0, OP_SSTORE, OP_PUSH0,
    OP_PUSH0, OP_PUSH0, OP_PUSH0, OP_PUSH0, OP_ADDRESS, OP_GAS,   OP_CALL,
};

static void *run_nesting(void *ctx) {
    *(enum evm_status *)ctx = run(BYTES_OF(nesting));
    return NULL;
}

/* Calls itself until the gas or the depth ends: the C stack is not what limits it. */
TEST(calls_nest_to_the_depth_limit_on_a_small_stack) {
    static const enum evm_engine engines[] = {EVM_ENGINE_PLAIN, EVM_ENGINE_STREAM};
    pthread_attr_t attributes;
    assert_int_equal(pthread_attr_init(&attributes), 0);
    assert_int_equal(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
    fixture->call.gas = INT64_MAX;
    for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
        pthread_t thread;
        enum evm_status status = EVM_OUT_OF_GAS;
        evm_set_engine(fixture->evm, engines[i]);
        assert_int_equal(pthread_create(&thread, &attributes, run_nesting, &status), 0);
        assert_int_equal(pthread_join(thread, NULL), 0);
        assert_int_equal(status, EVM_SUCCESS);
        const struct u256 slot = U256_ZERO;
        const struct u256 count =
            state_storage(&fixture->call.state, &fixture->call.address, &slot);
        assert_int_equal(count.limb[0], EVM_DEPTH_MAX + 1);
    }
    (void)pthread_attr_destroy(&attributes);
}

TEST(frames_are_reused_without_asking_for_memory) {
    fixture->call.gas = INT64_MAX;
    for (int i = 0; i < 2; i++) { /* decoded by then */
        assert_int_equal(run(BYTES_OF(nesting)), EVM_SUCCESS);
    }
    const size_t takes = fixture->takes;
    assert_int_equal(run(BYTES_OF(nesting)), EVM_SUCCESS);
    assert_int_equal(fixture->takes, takes);
}

/* Each frame takes 32 KiB and calls itself: as much is held as the frames pay for, twice that where
 * memory makes room for more, and the stacks of all frames. */
TEST(memory_held_is_what_the_gas_paid_for) {
    const size_t frames = (size_t)EVM_DEPTH_MAX + 1;
    fixture->call.gas = BLOCK_GAS;
    const size_t held_before = fixture->held;
    assert_int_equal(
        RUN(OP_PUSH0, OP_PUSH2, 0x7f, 0xe0, OP_MSTORE, OP_PUSH0, OP_PUSH0, OP_PUSH0, OP_PUSH0,
            OP_PUSH0, OP_ADDRESS, OP_GAS, OP_CALL),
        EVM_SUCCESS
    );
    const size_t held = fixture->held_most - held_before;
    assert_true(held > frames / 4 * FRAME_MEMORY); /* it did nest */
    assert_true(held <= 2 * frames * FRAME_MEMORY + frames * EVM_STACK_MAX * sizeof(struct u256));
}

TEST(a_call_hands_back_output_and_return_data) {
    /* The identity precompile: 4 bytes of memory come back to 0x20. */
    assert_int_equal(
        RUN(OP_PUSH4, 1, 2, 3, 4, OP_PUSH0, OP_MSTORE, OP_PUSH1, 4, OP_PUSH1, 60, OP_PUSH1, 4,
            OP_PUSH1, 28, OP_PUSH1, 4, OP_GAS, OP_STATICCALL, OP_POP, OP_RETURNDATASIZE, OP_PUSH1,
            32, OP_MLOAD, OP_PUSH1, 8, OP_SHL, OP_OR, RETURN_TOP),
        EVM_SUCCESS
    );
    assert_int_equal(output_number(), UINT64_C(0x0102030404));
}

TEST(a_creation_stores_what_its_code_returns) {
    /* Initcode: return one byte 0x5b. PUSH1 5b PUSH0 MSTORE8 PUSH1 1 PUSH0 RETURN. */
    const uint8_t code[] = {OP_PUSH9, OP_PUSH1,  OP_JUMPDEST, OP_PUSH0,  OP_MSTORE8, OP_PUSH1, 1,
                            OP_PUSH0, OP_RETURN, 0,           OP_PUSH0,  OP_MSTORE,  OP_PUSH1, 9,
                            OP_PUSH1, 23,        OP_PUSH0,    OP_CREATE, RETURN_TOP};
    assert_int_equal(run(BYTES_OF(code)), EVM_SUCCESS);
    const struct address created = evm_create_address(&fixture->call.address, 0);
    assert_memory_equal(fixture->result.output.data + 12, &created, sizeof created);
    assert_bytes_equal(state_code(&fixture->call.state, &created), BYTES_LITERAL("\x5b"));
    assert_int_equal(state_nonce(&fixture->call.state, &created), 1);
}

TEST(addresses_of_contracts_are_those_of_the_specifications) {
    /* Yellow Paper's rule, the well-known first contract of an account; EIP-1014, example 1. */
    const struct address sender = {{0x6a, 0xc7, 0xea, 0x33, 0xf8, 0x83, 0x1e, 0xa9, 0xdc, 0xc5,
                                    0x33, 0x93, 0xaa, 0xa8, 0x8b, 0x25, 0xa7, 0x85, 0xdb, 0xf0}};
    const struct address first = {{0xcd, 0x23, 0x4a, 0x47, 0x1b, 0x72, 0xba, 0x2f, 0x1c, 0xcf,
                                   0x0a, 0x70, 0xfc, 0xab, 0xa6, 0x48, 0xa5, 0xee, 0xcd, 0x8d}};
    const struct address zero = {{0}};
    const struct address example = {{0x4d, 0x1a, 0x2e, 0x2b, 0xb4, 0xf8, 0x8f, 0x02, 0x50, 0xf2,
                                     0x6f, 0xff, 0xf0, 0x98, 0xb0, 0xb3, 0x0b, 0x26, 0xbf, 0x38}};
    struct address actual = evm_create_address(&sender, 0);
    assert_memory_equal(&actual, &first, sizeof actual);
    static const uint8_t initcode[] = {0};
    struct hash hash;
    keccak256(&hash, BYTES_OF(initcode));
    const struct u256 salt = U256_ZERO;
    actual = evm_create2_address(&zero, &salt, &hash);
    assert_memory_equal(&actual, &example, sizeof actual);
}

TEST(opcodes_are_undefined_before_their_fork) {
    static const struct {
        uint8_t opcode;
        enum evm_revision since;
    } cases[] = {
        {OP_SHL, EVM_CONSTANTINOPLE}, {OP_CHAINID, EVM_ISTANBUL}, {OP_BASEFEE, EVM_LONDON},
        {OP_PUSH0, EVM_SHANGHAI},     {OP_MCOPY, EVM_CANCUN},     {OP_BLOBHASH, EVM_CANCUN},
        {OP_CLZ, EVM_OSAKA},          {OP_REVERT, EVM_BYZANTIUM}, {OP_DELEGATECALL, EVM_HOMESTEAD},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int revision = 0; revision < EVM_REVISION_COUNT; revision++) {
            fixture->call.rules = evm_rules_of((enum evm_revision)revision);
            const enum evm_status status =
                RUN(OP_PUSH1, 0, OP_DUP1, OP_DUP1, OP_DUP1, OP_DUP1, OP_DUP1, cases[i].opcode);
            assert_int_equal(status == EVM_UNDEFINED_OPCODE, revision < (int)cases[i].since);
        }
    }
}

/* The tracer sees each instruction, and what it sees does not change the run. */
static void count_step(void *ctx, const struct evm_step *step) {
    uint64_t *seen = ctx;
    seen[0]++;
    seen[1] += step->stack_len;
}

TEST(tracing_sees_every_step_and_changes_nothing) {
    const uint8_t code[] = {OP_PUSH1, 2, OP_PUSH1, 3, OP_MUL, RETURN_TOP};
    assert_int_equal(run(BYTES_OF(code)), EVM_SUCCESS);
    const uint64_t gas = gas_used();
    uint64_t seen[2] = {0};
    const struct evm_tracer tracer = {.step = count_step, .ctx = seen};
    fixture->call.tracer = &tracer;
    assert_int_equal(run(BYTES_OF(code)), EVM_SUCCESS);
    assert_int_equal(gas_used(), gas);
    assert_int_equal(output_number(), 6);
    assert_int_equal(seen[0], 8);
    assert_int_equal(seen[1], 0 + 1 + 2 + 1 + 2 + 0 + 1 + 2);
}

TEST(names_of_revisions_are_those_that_people_write) {
    enum evm_revision revision;
    assert_true(evm_revision_from_name(&revision, BYTES_LITERAL("osaka")));
    assert_int_equal(revision, EVM_OSAKA);
    assert_true(evm_revision_from_name(&revision, BYTES_LITERAL("EIP158")));
    assert_int_equal(revision, EVM_SPURIOUS_DRAGON);
    assert_false(evm_revision_from_name(&revision, BYTES_LITERAL("Osak")));
    assert_false(evm_revision_from_name(&revision, BYTES_LITERAL("Osakaa")));
    assert_string_equal(evm_opcode_name(evm_rules_of(EVM_OSAKA), OP_CLZ), "CLZ");
    assert_null(evm_opcode_name(evm_rules_of(EVM_PRAGUE), OP_CLZ));
}

#define WITH_EVM(name) cmocka_unit_test_setup_teardown(name, make_fixture, drop_fixture)

TEST_MAIN(
    WITH_EVM(no_code_succeeds_for_nothing),
    WITH_EVM(every_failure_has_its_status_and_takes_all_gas),
    WITH_EVM(a_revert_keeps_gas_and_output),
    WITH_EVM(the_stack_holds_1024_words),
    WITH_EVM(arithmetic_and_comparison),
    WITH_EVM(exp_costs_by_the_bytes_of_the_exponent),
    WITH_EVM(push_data_beyond_the_end_is_zero),
    WITH_EVM(dup_and_swap_reach_sixteen_deep),
    WITH_EVM(memory_grows_by_words_and_costs_more_the_larger_it_is),
    WITH_EVM(mcopy_moves_overlapping_memory),
    WITH_EVM(calldata_reads_zeros_after_its_end),
    WITH_EVM(storage_is_metered_by_its_three_values),
    WITH_EVM(transient_storage_holds_within_the_transaction),
    WITH_EVM(a_static_call_changes_nothing),
    WITH_EVM(logs_carry_topics_and_data),
    WITH_EVM(calls_nest_to_the_depth_limit_on_a_small_stack),
    WITH_EVM(frames_are_reused_without_asking_for_memory),
    WITH_EVM(memory_held_is_what_the_gas_paid_for),
    WITH_EVM(a_call_hands_back_output_and_return_data),
    WITH_EVM(a_creation_stores_what_its_code_returns),
    WITH_EVM(addresses_of_contracts_are_those_of_the_specifications),
    WITH_EVM(opcodes_are_undefined_before_their_fork),
    WITH_EVM(tracing_sees_every_step_and_changes_nothing),
    WITH_EVM(names_of_revisions_are_those_that_people_write)
)
