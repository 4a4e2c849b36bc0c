#include "evm/stream.h"

#include "base/test.h"
#include "evm/engine_check.h"
#include "evm/evm_internal.h"

enum { PROGRAM_SIZE_MAX = 2048, TARGETS_MAX = 64, PROGRAMS = 4000 };

/* Draws. */

struct draw {
    uint64_t state;
};

static uint64_t draw_u64(struct draw *draw) {
    /* splitmix64 */
    uint64_t z = draw->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static unsigned draw_below(struct draw *draw, unsigned bound) {
    return (unsigned)(draw_u64(draw) % bound);
}

/* A program: code that mostly keeps its stack in order, with jumps between its blocks. */
struct program {
    struct draw draw;
    uint8_t code[PROGRAM_SIZE_MAX + 64];
    size_t size;
    int height; /* of the stack, as far as known */
    uint16_t targets[TARGETS_MAX];
    size_t target_count;
    uint16_t jumps[TARGETS_MAX]; /* where a PUSH2 waits for a target */
    size_t jump_count;
};

static void put(struct program *program, unsigned byte) {
    program->code[program->size++] = (uint8_t)byte;
}

static void put_push(struct program *program, uint64_t value) {
    unsigned len = 0;
    for (uint64_t v = value; v != 0; v >>= 8) {
        len++;
    }
    put(program, OP_PUSH0 + len);
    for (unsigned i = len; i-- > 0;) {
        put(program, (unsigned)(value >> (8 * i) & 0xff));
    }
    program->height++;
}

static void put_constant(struct program *program) {
    struct draw *draw = &program->draw;
    switch (draw_below(draw, 8)) {
    case 0: put_push(program, draw_u64(draw)); break;
    case 1: put_push(program, UINT64_C(1) << draw_below(draw, 64)); break;
    case 2: {
        const unsigned len = 1 + draw_below(draw, 32);
        put(program, OP_PUSH0 + len);
        const unsigned zeros = draw_below(draw, 2) * draw_below(draw, len);
        for (unsigned i = 0; i < len; i++) {
            put(program, i < zeros ? 0 : draw_below(draw, 3) == 0 ? 0xff : draw_below(draw, 256));
        }
        program->height++;
        break;
    }
    default: put_push(program, draw_below(draw, 300)); break;
    }
}

static void put_dup(struct program *program, unsigned n) {
    put(program, OP_DUP1 + n - 1);
    program->height++;
}

/* An operand: a constant or something from the stack. */
static void put_source(struct program *program) {
    const int reach = program->height < 16 ? program->height : 16;
    if (reach > 0 && draw_below(&program->draw, 2) == 0) {
        put_dup(program, 1 + draw_below(&program->draw, (unsigned)reach));
    } else {
        put_constant(program);
    }
}

static void put_target(struct program *program) {
    if (program->jump_count < TARGETS_MAX) {
        program->jumps[program->jump_count++] = (uint16_t)(program->size + 1);
    }
    put(program, OP_PUSH2);
    put(program, 0);
    put(program, 0);
    program->height++;
}

static void put_jump(struct program *program) {
    struct draw *draw = &program->draw;
    if (draw_below(draw, 4) == 0) {
        if (draw_below(draw, 2) == 0) put_source(program); /* as a return address is left */
        put_target(program);
        put(program, OP_JUMP);
        program->height--;
        return;
    }
    static const uint8_t tests[] = {OP_LT, OP_GT, OP_SLT, OP_SGT, OP_EQ};
    for (unsigned i = draw_below(draw, 3); i > 0; i--) {
        put_source(program);
    }
    if (program->height >= 2 && draw_below(draw, 3) != 0) {
        put(program, tests[draw_below(draw, sizeof tests)]);
        program->height--;
    }
    for (unsigned i = draw_below(draw, 3); i > 0; i--) {
        put(program, OP_ISZERO);
    }
    put_target(program);
    put(program, OP_JUMPI);
    program->height -= 2;
}

/* An instruction with what it pops, mostly there. */
static void put_instruction(struct program *program, uint8_t opcode, int pops, int pushes) {
    while (program->height < pops) {
        put_source(program);
    }
    put(program, opcode);
    program->height += pushes - pops;
}

static void put_arithmetic(struct program *program) {
    static const uint8_t binary[] = {
        OP_ADD,        OP_MUL, OP_SUB,  OP_DIV, OP_SDIV, OP_MOD, OP_SMOD,
        OP_SIGNEXTEND, OP_LT,  OP_GT,   OP_SLT, OP_SGT,  OP_EQ,  OP_AND,
        OP_OR,         OP_XOR, OP_BYTE, OP_SHL, OP_SHR,  OP_SAR, OP_EXP,
    };
    static const uint8_t others[] = {OP_ISZERO, OP_NOT, OP_CLZ};
    struct draw *draw = &program->draw;
    const unsigned choice = draw_below(draw, 12);
    if (choice == 0) {
        put_instruction(program, draw_below(draw, 2) ? OP_ADDMOD : OP_MULMOD, 3, 1);
    } else if (choice <= 2) {
        put_instruction(program, others[draw_below(draw, sizeof others)], 1, 1);
    } else {
        for (unsigned i = draw_below(draw, 3); i > 0; i--) {
            put_source(program);
        }
        if (program->height >= 2 && draw_below(draw, 4) == 0) put(program, OP_SWAP1);
        put_instruction(program, binary[draw_below(draw, sizeof binary)], 2, 1);
    }
}

/* A place in memory: near, seldom far or anything. */
static void put_place(struct program *program) {
    struct draw *draw = &program->draw;
    const unsigned choice = draw_below(draw, 16);
    if (choice == 0) {
        put_source(program);
    } else {
        put_push(program, draw_below(draw, choice == 1 ? 100000 : 256));
    }
}

static void put_memory(struct program *program) {
    struct draw *draw = &program->draw;
    switch (draw_below(draw, 8)) {
    case 0:
        put_place(program);
        put_instruction(program, OP_MLOAD, 1, 1);
        break;
    case 1:
        put_place(program);
        put_instruction(program, OP_MSTORE8, 2, 0);
        break;
    case 2:
        put_place(program);
        put_source(program);
        put(program, OP_SWAP1);
        put_instruction(program, OP_MSTORE, 2, 0);
        break;
    case 3:
        put_push(program, draw_below(draw, 64));
        put_place(program);
        put_place(program);
        put_instruction(program, OP_MCOPY, 3, 0);
        break;
    case 4:
        put_push(program, draw_below(draw, 64));
        put_place(program);
        put_instruction(program, OP_KECCAK256, 2, 1);
        break;
    case 5:
        put_push(program, draw_below(draw, 64));
        put_push(program, draw_below(draw, 64));
        put_place(program);
        put_instruction(program, draw_below(draw, 2) ? OP_CALLDATACOPY : OP_CODECOPY, 3, 0);
        break;
    default:
        if (draw_below(draw, 2)) put_source(program);
        put_place(program);
        put_instruction(program, OP_MSTORE, 2, 0);
        break;
    }
}

static void put_state(struct program *program) {
    struct draw *draw = &program->draw;
    switch (draw_below(draw, 6)) {
    case 0:
        put_push(program, draw_below(draw, 4));
        put_instruction(program, draw_below(draw, 2) ? OP_SLOAD : OP_TLOAD, 1, 1);
        break;
    case 1:
    case 2:
        put_push(program, draw_below(draw, 3));
        put_push(program, draw_below(draw, 4));
        put_instruction(program, draw_below(draw, 3) ? OP_SSTORE : OP_TSTORE, 2, 0);
        break;
    case 3: {
        static const uint8_t asks[] = {OP_BALANCE, OP_EXTCODESIZE, OP_EXTCODEHASH, OP_BLOCKHASH};
        put_push(program, draw_below(draw, 20));
        put_instruction(program, asks[draw_below(draw, sizeof asks)], 1, 1);
        break;
    }
    case 4: {
        const unsigned topics = draw_below(draw, 5);
        for (unsigned i = 0; i < topics; i++) {
            put_source(program);
        }
        put_push(program, draw_below(draw, 40));
        put_place(program);
        put_instruction(program, (uint8_t)(OP_LOG0 + topics), 2 + (int)topics, 0);
        break;
    }
    default: put_instruction(program, draw_below(draw, 2) ? OP_GAS : OP_MSIZE, 0, 1); break;
    }
}

static void put_value(struct program *program) {
    static const uint8_t values[] = {
        OP_ADDRESS,      OP_ORIGIN,    OP_CALLER,      OP_CALLVALUE,
        OP_CALLDATASIZE, OP_CODESIZE,  OP_GASPRICE,    OP_RETURNDATASIZE,
        OP_COINBASE,     OP_TIMESTAMP, OP_NUMBER,      OP_PREVRANDAO,
        OP_GASLIMIT,     OP_CHAINID,   OP_SELFBALANCE, OP_BASEFEE,
        OP_BLOBBASEFEE,  OP_PC,        OP_MSIZE,       OP_GAS,
        OP_PUSH0,
    };
    if (draw_below(&program->draw, 4) == 0) {
        put_place(program);
        put_instruction(program, OP_CALLDATALOAD, 1, 1);
        return;
    }
    put_instruction(program, values[draw_below(&program->draw, sizeof values)], 0, 1);
}

/* Calls of the program itself, of precompiles and of nobody. */
static void put_call(struct program *program) {
    struct draw *draw = &program->draw;
    if (draw_below(draw, 5) == 0) {
        put_push(program, draw_below(draw, 40));
        put_push(program, draw_below(draw, 40));
        put_push(program, draw_below(draw, 2));
        put_instruction(program, OP_CREATE, 3, 1);
        return;
    }
    static const uint8_t calls[] = {OP_CALL, OP_CALLCODE, OP_DELEGATECALL, OP_STATICCALL};
    const uint8_t opcode = calls[draw_below(draw, sizeof calls)];
    for (int i = 0; i < 4; i++) {
        put_push(program, draw_below(draw, 70));
    }
    if (opcode == OP_CALL || opcode == OP_CALLCODE) {
        put_push(program, draw_below(draw, 3) == 0 ? draw_below(draw, 3) : 0);
    }
    if (draw_below(draw, 2)) {
        put_instruction(program, OP_ADDRESS, 0, 1);
    } else {
        put_push(program, draw_below(draw, 12));
    }
    if (draw_below(draw, 2)) {
        put_instruction(program, OP_GAS, 0, 1);
    } else {
        put_push(program, draw_below(draw, 50000));
    }
    const bool has_value = opcode == OP_CALL || opcode == OP_CALLCODE;
    put_instruction(program, opcode, has_value ? 7 : 6, 1);
}

static void put_shuffle(struct program *program) {
    struct draw *draw = &program->draw;
    for (unsigned i = 1 + draw_below(draw, 4); i > 0; i--) {
        const int height = program->height;
        const unsigned choice = draw_below(draw, 5);
        if (choice <= 1 && height >= 2) {
            const unsigned reach = height > 16 ? 16 : (unsigned)height - 1;
            put(program, OP_SWAP1 + draw_below(draw, reach));
        } else if (choice == 2 && height >= 1) {
            put_instruction(program, OP_POP, 1, 0);
        } else {
            put_source(program);
        }
    }
}

static void put_end(struct program *program) {
    struct draw *draw = &program->draw;
    switch (draw_below(draw, 6)) {
    case 0: put(program, OP_STOP); break;
    case 1: put(program, draw_below(draw, 256)); break; /* often undefined */
    case 2:
        put_push(program, draw_below(draw, 20));
        put_instruction(program, OP_SELFDESTRUCT, 1, 0);
        break;
    default:
        put_push(program, draw_below(draw, 100));
        put_place(program);
        put_instruction(program, draw_below(draw, 2) ? OP_RETURN : OP_REVERT, 2, 0);
        break;
    }
}

static void put_block(struct program *program) {
    struct draw *draw = &program->draw;
    if (program->target_count < TARGETS_MAX) {
        program->targets[program->target_count++] = (uint16_t)program->size;
    }
    put(program, OP_JUMPDEST);
    if (program->height > 2) program->height = 2; /* it is reached from elsewhere too */
    for (unsigned i = draw_below(draw, 12); i > 0; i--) {
        const unsigned choice = draw_below(draw, 100);
        if (choice < 40)
            put_arithmetic(program);
        else if (choice < 60)
            put_shuffle(program);
        else if (choice < 75)
            put_memory(program);
        else if (choice < 85)
            put_value(program);
        else if (choice < 96)
            put_state(program);
        else
            put_call(program);
    }
    const unsigned choice = draw_below(draw, 20);
    if (choice < 13) {
        put_jump(program);
    } else if (choice == 13) {
        put_end(program);
    } else if (choice == 14 && program->height > 0) {
        put(program, OP_JUMP); /* to wherever the top says */
    }
    /* Seldom the stack is not what the program believes. */
    if (draw_below(draw, 100) == 0) program->height += (int)draw_below(draw, 7) - 3;
    if (program->height < 0) program->height = 0;
}

/* Mostly forward, so that most programs end. */
static unsigned draw_target(struct program *program, unsigned from) {
    struct draw *draw = &program->draw;
    if (draw_below(draw, 30) == 0) return draw_below(draw, 600);
    unsigned first = 0;
    const unsigned count = (unsigned)program->target_count;
    while (first + 1 < count && program->targets[first] < from) {
        first++;
    }
    if (draw_below(draw, 8) == 0) first = 0;
    return program->targets[first + draw_below(draw, count - first)];
}

static void make_program(struct program *program, uint64_t seed) {
    *program = (struct program){.draw = {seed}};
    for (int i = 0; i < 8; i++) {
        put_constant(program);
    }
    const unsigned blocks = 1 + draw_below(&program->draw, 20);
    for (unsigned i = 0; i < blocks && program->size < PROGRAM_SIZE_MAX - 512; i++) {
        put_block(program);
    }
    if (draw_below(&program->draw, 4) == 0) put(program, OP_PUSH1 + draw_below(&program->draw, 32));
    for (size_t i = 0; i < program->jump_count; i++) {
        const unsigned target = draw_target(program, program->jumps[i]);
        program->code[program->jumps[i]] = (uint8_t)(target >> 8);
        program->code[program->jumps[i] + 1] = (uint8_t)target;
    }
}

static uint64_t draw_gas(struct draw *draw) {
    return UINT64_C(1) + draw_u64(draw) % (UINT64_C(64) << draw_below(draw, 13));
}

TEST(random_programs_end_the_same_in_both_loops) {
    static struct program program;
    static struct lone_call call;
    struct evm *evm = evm_create(&test_heap, 1 << 20);
    size_t succeeded = 0;
    for (uint64_t seed = 0; seed < PROGRAMS; seed++) {
        make_program(&program, seed);
        struct arena arena;
        arena_init(&arena, &test_heap);
        const enum evm_revision revision = (enum evm_revision
        )(seed % 8 == 0 ? draw_below(&program.draw, EVM_REVISION_COUNT) : EVM_OSAKA);
        lone_call_init(&call, evm_rules_of(revision), bytes_from(program.code, program.size));
        call.input = bytes_from(program.code, draw_below(&program.draw, 64));
        call.is_static = draw_below(&program.draw, 20) == 0;
        call.value = u256_from_u64(call.is_static ? 0 : draw_below(&program.draw, 3));
        for (int i = 0; i < 4; i++) {
            call.gas = draw_gas(&program.draw);
            const struct engine_outcome plain = engine_run(evm, EVM_ENGINE_PLAIN, &call, &arena);
            const struct engine_outcome stream = engine_run(evm, EVM_ENGINE_STREAM, &call, &arena);
            if (!engine_same(&plain, &stream)) {
                fail_msg(
                    "program %llu, gas %llu: plain %s with %llu left, stream %s with %llu",
                    (unsigned long long)seed, (unsigned long long)call.gas,
                    evm_status_text(plain.status), (unsigned long long)plain.gas_left,
                    evm_status_text(stream.status), (unsigned long long)stream.gas_left
                );
            }
            succeeded += plain.status == EVM_SUCCESS;
        }
        arena_reset(&arena);
    }
    /* Programs that all fail at once would compare little. */
    assert_true(succeeded > PROGRAMS / 4);
    evm_destroy(evm);
}

/* Every gas limit of one program: the frame ends at each of its instructions once. */
TEST(out_of_gas_is_the_same_at_every_instruction) {
    static struct program program;
    static struct lone_call call;
    struct evm *evm = evm_create(&test_heap, 1 << 20);
    for (uint64_t seed = 0; seed < 40; seed++) {
        make_program(&program, seed);
        lone_call_init(&call, evm_rules_of(EVM_OSAKA), bytes_from(program.code, program.size));
        for (uint64_t gas = 0; gas < 600; gas++) {
            struct arena arena;
            arena_init(&arena, &test_heap);
            call.gas = gas;
            const struct engine_outcome plain = engine_run(evm, EVM_ENGINE_PLAIN, &call, &arena);
            const struct engine_outcome stream = engine_run(evm, EVM_ENGINE_STREAM, &call, &arena);
            assert_true(engine_same(&plain, &stream));
            arena_reset(&arena);
        }
    }
    evm_destroy(evm);
}

static const struct evm_stream *decoded(struct arena *arena, struct bytes bytes) {
    struct evm_code code;
    code_prepare(&code, arena_alloc(arena, code_prepared_size(bytes.len), 1), bytes);
    return stream_decode(&test_heap, arena, evm_rules_of(EVM_OSAKA), &code);
}

TEST(a_stream_is_bounded_by_the_size_of_its_code) {
    /* What takes most room for a byte: blocks of nothing, ends of blocks, words made of two bytes. */
    static const uint8_t patterns[][3] = {
        {OP_JUMPDEST, OP_JUMPDEST, OP_JUMPDEST},
        {OP_CALL, OP_CALL, OP_CALL},
        {0xfe, 0xfe, 0xfe},
        {OP_PUSH0, OP_NOT, OP_JUMPDEST},
        {OP_PUSH0, OP_NOT, OP_CALL},
        {OP_PC, OP_NOT, 0xfe},
        {OP_LOG4, OP_LOG4, OP_LOG4},
        {OP_PUSH0, OP_NOT, OP_STOP},
    };
    static uint8_t code[STREAM_CODE_MAX + 1];
    for (size_t i = 0; i <= ARRAY_LEN(patterns); i++) {
        for (size_t k = 0; k < sizeof code; k++) {
            code[k] = i < ARRAY_LEN(patterns) ? patterns[i][k % 3] : k % 2 ? OP_NOT : OP_PUSH0;
        }
        struct arena arena;
        arena_init(&arena, &test_heap);
        const struct evm_stream *stream = decoded(&arena, bytes_from(code, STREAM_CODE_MAX));
        assert_non_null(stream);
        assert_true(stream->size <= 36 * STREAM_CODE_MAX);
        test_heap.put(test_heap.ctx, (void *)(uintptr_t)stream, stream->size);
        assert_null(decoded(&arena, bytes_from(code, sizeof code)));
        arena_reset(&arena);
    }
}

TEST(code_that_loops_goes_on_as_a_stream_and_ends_the_same) {
    /* Counts down from 4096 in its first call. */
    static const uint8_t loop[] = {
        OP_PUSH2,  0x10,     0x00,     OP_JUMPDEST, OP_PUSH1,  1,      OP_SWAP1,
        OP_SUB,    OP_DUP1,  OP_PUSH1, 3,           OP_JUMPI,  OP_GAS, OP_PUSH0,
        OP_MSTORE, OP_PUSH1, 32,       OP_PUSH0,    OP_RETURN,
    };
    static struct lone_call call;
    struct evm *evm = evm_create(&test_heap, 1 << 20);
    struct arena arena;
    arena_init(&arena, &test_heap);
    lone_call_init(&call, evm_rules_of(EVM_OSAKA), BYTES_OF(loop));
    const struct engine_outcome automatic = engine_run(evm, EVM_ENGINE_AUTO, &call, &arena);
    evm_drop_code_cache(evm);
    const struct engine_outcome plain = engine_run(evm, EVM_ENGINE_PLAIN, &call, &arena);
    assert_true(engine_same(&plain, &automatic));
    assert_int_equal(plain.status, EVM_SUCCESS);
    arena_reset(&arena);
    evm_destroy(evm);
}

TEST_MAIN(
    TEST_CASE(random_programs_end_the_same_in_both_loops),
    TEST_CASE(out_of_gas_is_the_same_at_every_instruction),
    TEST_CASE(a_stream_is_bounded_by_the_size_of_its_code),
    TEST_CASE(code_that_loops_goes_on_as_a_stream_and_ends_the_same),
)
