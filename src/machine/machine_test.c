/* Every test runs on both engines: EACH_ENGINE is a loop over them. */
#include "machine/machine.h"

#include "base/test.h"
#include "machine/test.h"

typedef enum machine_status (*engine)(struct machine *machine, uint64_t max_cycles);

static const engine engines[] = {machine_run, machine_run_plain};

#define EACH_ENGINE(run) \
    for (const engine *run = engines; run < engines + ARRAY_LEN(engines); run++)
#define PLENTY ((uint64_t)1000000)

/* A program under test; one at a time, so that the tests need not carry it around. */
static struct {
    struct test_text text;
    struct test_image image;
    struct test_memory memory;
    struct arena arena;
    struct machine_program program;
    struct machine machine;
} t;

static void begin(void) {
    t.text.count = 0;
}

/* Loads what was emitted; input is the raw INPUT. */
static struct machine *start(struct bytes input) {
    test_image_build(&t.image, &t.text);
    arena_init(&t.arena, &test_heap);
    assert_int_equal(
        machine_program_load(&t.program, &t.arena, test_image_file(&t.image)), ELF_VALID
    );
    test_memory_init(&t.memory);
    const struct machine_setup setup = {
        .program = &t.program,
        .memory = &t.memory.memory,
        .input = input,
        .output_capacity = 4096,
    };
    enum machine_verdict verdict;
    assert_false(failed(machine_start(&t.machine, &verdict, &setup)));
    assert_int_equal(verdict, MACHINE_READY);
    return &t.machine;
}

static void end(void) {
    test_memory_free(&t.memory);
    arena_reset(&t.arena);
}

static struct bytes no_input(void) {
    return (struct bytes){NULL, 0};
}

static void assert_trap(const struct machine *machine, enum machine_trap cause, uint64_t pc) {
    assert_int_equal(machine->status, MACHINE_TRAP);
    assert_int_equal(machine->code, cause);
    assert_int_equal(machine->pc, pc);
    assert_int_equal(machine_result(machine).output.len, 0);
}

#define MIN64 ((uint64_t)INT64_MIN)
#define MAX64 ((uint64_t)INT64_MAX)
#define MIN32 ((uint64_t)INT32_MIN)
#define ONES  UINT64_MAX

static const struct {
    enum rv_op op;
    uint64_t a, b, result;
} two_register_cases[] = {
    {RV_ADD, ONES, 1, 0},
    {RV_ADD, MAX64, 1, MIN64},
    {RV_SUB, 0, 1, ONES},
    {RV_SUB, MIN64, 1, MAX64},
    {RV_SLT, MIN64, 0, 1},
    {RV_SLT, 0, MIN64, 0},
    {RV_SLTU, 0, ONES, 1},
    {RV_SLTU, ONES, 0, 0},
    {RV_XOR, 0xff00, 0x0ff0, 0xf0f0},
    {RV_OR, 0xff00, 0x0ff0, 0xfff0},
    {RV_AND, 0xff00, 0x0ff0, 0x0f00},
    {RV_SLL, 1, 63, MIN64},
    {RV_SLL, 1, 64, 1}, /* six bits of the amount count */
    {RV_SLL, 1, ONES, MIN64},
    {RV_SRL, MIN64, 63, 1},
    {RV_SRL, MIN64, 64 + 1, MIN64 >> 1},
    {RV_SRA, MIN64, 63, ONES},
    {RV_SRA, MAX64, 62, 1},
    {RV_SRA, MIN64, 128, MIN64},
    {RV_ADDW, 0x7fffffff, 1, MIN32},
    {RV_ADDW, 0xffffffff00000001, 0xffffffff, 0},
    {RV_SUBW, 0x80000000, 1, 0x7fffffff},
    {RV_SUBW, 0, 1, ONES},
    {RV_SLLW, 1, 31, MIN32},
    {RV_SLLW, 1, 32, 1}, /* five bits */
    {RV_SLLW, 0xffffffff00000001, 0, 1},
    {RV_SRLW, 0xffffffff80000000, 31, 1},
    {RV_SRLW, 0x80000000, 0, MIN32},
    {RV_SRLW, 0x80000000, 32, MIN32},
    {RV_SRAW, 0x80000000, 31, ONES},
    {RV_SRAW, 0x7fffffff80000000, 4, 0xfffffffff8000000},
    {RV_MUL, MIN64, ONES, MIN64},
    {RV_MUL, 0x100000001, 0x100000001, 0x200000001},
    {RV_MULH, MIN64, MIN64, (uint64_t)1 << 62},
    {RV_MULH, ONES, ONES, 0},
    {RV_MULH, ONES, 1, ONES},
    {RV_MULH, MAX64, MIN64, 0xc000000000000000},
    {RV_MULHU, ONES, ONES, ONES - 1},
    {RV_MULHU, MIN64, 2, 1},
    {RV_MULHSU, ONES, ONES, ONES},
    {RV_MULHSU, MIN64, ONES, MIN64},
    {RV_MULHSU, MAX64, ONES, MAX64 - 1},
    {RV_MULHSU, 1, ONES, 0},
    {RV_DIV, 7, 0, ONES},
    {RV_DIV, MIN64, ONES, MIN64},
    {RV_DIV, (uint64_t)-7, 2, (uint64_t)-3}, /* toward zero */
    {RV_DIV, 7, (uint64_t)-2, (uint64_t)-3},
    {RV_DIV, 5, ONES, (uint64_t)-5},
    {RV_DIVU, 7, 0, ONES},
    {RV_DIVU, MIN64, ONES, 0},
    {RV_REM, 7, 0, 7},
    {RV_REM, MIN64, ONES, 0},
    {RV_REM, (uint64_t)-7, 2, ONES}, /* the sign of the dividend */
    {RV_REM, 7, (uint64_t)-2, 1},
    {RV_REMU, ONES, 0, ONES},
    {RV_REMU, MIN64, ONES, MIN64},
    {RV_MULW, 0x10000, 0x8000, MIN32},
    {RV_MULW, 0xffffffff00000003, 0xffffffff00000005, 15},
    {RV_DIVW, 0x80000000, 0xffffffff, MIN32},
    {RV_DIVW, MIN32, ONES, MIN32},
    {RV_DIVW, 1, 0x700000000, ONES}, /* the low half of b is zero */
    {RV_DIVW, 0x7fffffff00000006, (uint64_t)-3, (uint64_t)-2},
    {RV_DIVUW, 0x80000000, 1, MIN32},
    {RV_DIVUW, 1, 0x100000000, ONES},
    {RV_DIVUW, ONES, 2, 0x7fffffff},
    {RV_REMW, 0x80000000, 0xffffffff, 0},
    {RV_REMW, 0xffffffff80000005, 0, (uint64_t)INT32_MIN + 5},
    {RV_REMW, (uint64_t)-7, 2, ONES},
    {RV_REMUW, 0x80000000, 0, MIN32},
    {RV_REMUW, 0x1ffffffff, 0x10, 15},
    {RV_REMUW, ONES, 0xfffffffe, 1},
};

TEST(each_operation_of_two_registers_has_its_edges_right) {
    for (size_t i = 0; i < ARRAY_LEN(two_register_cases); i++) {
        begin();
        emit_r(&t.text, two_register_cases[i].op, A0, A1, A2);
        emit_r(&t.text, two_register_cases[i].op, A1, A1, A1); /* aliased: a op a */
        emit_r(&t.text, two_register_cases[i].op, X0, A2, A2); /* no result */
        emit_word(&t.text, rv_match(RV_EBREAK));
        EACH_ENGINE(run) {
            struct machine *machine = start(no_input());
            machine->x[A1] = two_register_cases[i].a;
            machine->x[A2] = two_register_cases[i].b;
            (void)(*run)(machine, PLENTY);
            assert_trap(machine, TRAP_EBREAK, TEST_TEXT + 12);
            assert_int_equal(machine->x[A0], two_register_cases[i].result);
            assert_int_equal(machine->x[X0], 0);
            assert_int_equal(machine->steps, 3);
            end();
        }
    }
}

TEST(immediates_are_sign_extended_and_shift_amounts_are_not) {
    static const struct {
        enum rv_op op;
        int32_t imm;
        uint64_t a, result;
    } cases[] = {
        {RV_ADDI, -1, 0, ONES},
        {RV_ADDI, -2048, 0, (uint64_t)-2048},
        {RV_SLTI, -1, (uint64_t)-2, 1},
        {RV_SLTIU, -1, (uint64_t)-2, 1}, /* sign-extended first, then unsigned */
        {RV_SLTIU, 1, 0, 1},
        {RV_XORI, -1, 0x0f, ~(uint64_t)0x0f},
        {RV_ORI, -2048, 0, (uint64_t)-2048},
        {RV_ANDI, -1, ONES, ONES},
        {RV_SLLI, 63, 1, MIN64},
        {RV_SRLI, 63, MIN64, 1},
        {RV_SRAI, 63, MIN64, ONES},
        {RV_SRAI, 32, MIN64, MIN32},
        {RV_ADDIW, 1, 0x7fffffff, MIN32},
        {RV_ADDIW, 0, 0x1ffffffff, ONES},
        {RV_SLLIW, 31, 1, MIN32},
        {RV_SRLIW, 0, 0xffffffff, ONES},
        {RV_SRLIW, 31, 0xffffffff80000000, 1},
        {RV_SRAIW, 31, 0x80000000, ONES},
        {RV_SRAIW, 1, 0xffffffff00000002, 1},
        {RV_LUI, INT32_MIN, 0, MIN32},
        {RV_LUI, 0x7ffff000, 0, 0x7ffff000},
        {RV_AUIPC, 0x1000, 0, TEST_TEXT + 0x1000},
        {RV_AUIPC, 0x7ffff000, 0, TEST_TEXT + 0x7ffff000}, /* above 2^31: not sign-extended */
        {RV_AUIPC, INT32_MIN, 0, TEST_TEXT + MIN32},
        {RV_AUIPC, -0x1000, 0, TEST_TEXT - 0x1000},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        begin();
        const bool upper = rv_format(cases[i].op) == RV_U;
        emit_i(&t.text, cases[i].op, A0, upper ? 0 : A1, cases[i].imm);
        emit_word(&t.text, rv_match(RV_EBREAK));
        EACH_ENGINE(run) {
            struct machine *machine = start(no_input());
            machine->x[A1] = cases[i].a;
            (void)(*run)(machine, PLENTY);
            assert_trap(machine, TRAP_EBREAK, TEST_TEXT + 4);
            assert_int_equal(machine->x[A0], cases[i].result);
            end();
        }
    }
}

TEST(loads_extend_and_stores_truncate_at_every_alignment) {
    static const struct {
        enum rv_op load, store;
        unsigned size;
        bool is_signed;
    } cases[] = {
        {RV_LB, RV_SB, 1, true},   {RV_LBU, RV_SB, 1, false}, {RV_LH, RV_SH, 2, true},
        {RV_LHU, RV_SH, 2, false}, {RV_LW, RV_SW, 4, true},   {RV_LWU, RV_SW, 4, false},
        {RV_LD, RV_SD, 8, false},
    };
    static const uint64_t value = 0xfedcba9876543281;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        begin();
        emit_s(&t.text, cases[i].store, A1, A2, -3);
        emit_i(&t.text, cases[i].load, A0, A1, -3);
        emit_i(&t.text, RV_LD, A3, A1, -3);
        emit_word(&t.text, rv_match(RV_EBREAK));
        const unsigned bits = 8 * cases[i].size;
        const uint64_t low = bits == 64 ? value : value & (((uint64_t)1 << bits) - 1);
        const uint64_t expected =
            cases[i].is_signed ? (uint64_t)((int64_t)(low << (64 - bits)) >> (64 - bits)) : low;
        /* Around the edge between the data segment and the heap; high address bits are ignored. */
        for (int64_t offset = -9; offset <= 9; offset++) {
            EACH_ENGINE(run) {
                struct machine *machine = start(no_input());
                const uint64_t address = t.image.image_hi + (uint64_t)offset;
                machine->x[A1] = (address + 3) | 0xabcd000000000000;
                machine->x[A2] = value;
                (void)(*run)(machine, PLENTY);
                assert_trap(machine, TRAP_EBREAK, TEST_TEXT + 12);
                assert_int_equal(machine->x[A0], expected);
                assert_int_equal(machine->x[A3], low); /* nothing beside it was written */
                const unsigned odd = address % cases[i].size != 0;
                assert_int_equal(machine->misaligned, 2 * odd + (address % 8 != 0));
                end();
            }
        }
    }
}

TEST(an_access_that_is_not_allowed_traps_and_writes_nothing) {
    struct {
        uint64_t address;
        unsigned size;
        bool load, store; /* what is allowed */
    } cases[] = {
        {0, 8, false, false},
        {0xffff, 1, false, false},
        {0xfffc, 8, false, false}, /* leaves the null guard half way */
        {0x10000, 8, true, true},  /* the end of the stack */
        {TEST_TEXT, 4, true, false},
        {TEST_TEXT + 0xffc, 8, true, false}, /* from text into constants */
        {0, 4, true, false},                 /* set below: constants */
        {0, 8, false, false},                /* set below: constants into data */
        {0, 8, true, true},                  /* set below: the heap's last 8 bytes */
        {0, 8, false, false},                /* set below: one byte too far */
        {0xaffffffc, 8, false, false},
        {0xb0000000, 8, true, true}, /* OUTPUT */
        {0xb00ffff8, 8, true, true},
        {0xb00ffff9, 8, false, false},
        {0xc0000000, 8, true, false}, /* INPUT: 16 bytes make one page */
        {0xc0000ff8, 8, true, false},
        {0xc0000ffc, 8, false, false},
        {0xfffffff8, 8, false, false},
        {0xfffffffc, 8, false, false}, /* past 2^32 */
        {(uint64_t)0 - 4, 8, false, false},
        {0x100010000, 8, true, true}, /* modulo 2^32 */
    };
    begin();
    emit_i(&t.text, RV_ADDI, A0, X0, 77);
    const uint32_t at = t.text.count;
    emit_word(&t.text, 0);
    emit_word(&t.text, rv_match(RV_EBREAK));
    const uint8_t input[16] = {1};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        for (int store = 0; store < 2; store++) {
            t.text.count = at;
            const enum rv_op loads[] = {0, RV_LBU, 0, 0, RV_LWU, 0, 0, 0, RV_LD};
            const enum rv_op stores[] = {0, RV_SB, 0, 0, RV_SW, 0, 0, 0, RV_SD};
            if (store) {
                emit_s(&t.text, stores[cases[i].size], A4, A5, 0);
            } else {
                emit_i(&t.text, loads[cases[i].size], A0, A4, 0);
            }
            emit_word(&t.text, rv_match(RV_EBREAK));
            EACH_ENGINE(run) {
                struct machine *machine = start(BYTES_OF(input));
                uint64_t address = cases[i].address;
                if (i == 6) address = t.image.constants;
                if (i == 7) address = t.image.data - 4;
                if (i == 8) address = t.image.ram_end - 8;
                if (i == 9) address = t.image.ram_end - 7;
                machine->x[A4] = address;
                machine->x[A5] = ONES;
                struct hash before, after;
                machine_state_hash(&before, machine);
                (void)(*run)(machine, PLENTY);
                const bool allowed = i == 7 ? !store : store ? cases[i].store : cases[i].load;
                if (allowed) {
                    assert_trap(machine, TRAP_EBREAK, TEST_TEXT + 8);
                } else {
                    assert_trap(machine, store ? TRAP_STORE : TRAP_LOAD, TEST_TEXT + 4);
                    assert_int_equal(machine->x[A0], 77);
                    assert_int_equal(machine->steps, 1);
                    /* Everything but what a trap changes is as it was. */
                    machine->x[A0] = MACHINE_INPUT;
                    machine->pc = TEST_TEXT;
                    machine->steps = machine->cycles = 0;
                    machine->status = MACHINE_RUNNING;
                    machine->code = 0;
                    machine_state_hash(&after, machine);
                    assert_memory_equal(&before, &after, sizeof before);
                }
                end();
            }
        }
    }
}

TEST(a_bad_jump_traps_at_the_jump_and_writes_no_link) {
    static const struct {
        enum rv_op op;
        int32_t imm;
        uint64_t base;
        enum machine_trap cause; /* 0: no trap, goes to TEST_TEXT + 8 */
    } cases[] = {
        {RV_JAL, 8, 0, 0},
        {RV_JAL, 2, 0, TRAP_MISALIGNED_JUMP},
        {RV_JAL, 0x1000, 0, TRAP_FETCH},
        {RV_JAL, 12, 0, TRAP_FETCH}, /* text_hi */
        {RV_JAL, -4, 0, TRAP_FETCH},
        {RV_JAL, -6, 0, TRAP_MISALIGNED_JUMP}, /* before FETCH */
        {RV_JALR, 0, TEST_TEXT + 8, 0},
        {RV_JALR, 1, TEST_TEXT + 8, 0}, /* the lowest bit is cleared */
        {RV_JALR, -1, TEST_TEXT + 10, 0},
        {RV_JALR, 2, TEST_TEXT + 8, TRAP_MISALIGNED_JUMP},
        {RV_JALR, 3, TEST_TEXT + 8, TRAP_MISALIGNED_JUMP},
        {RV_JALR, 0, 0, TRAP_FETCH},
        {RV_JALR, 0, TEST_TEXT + 12, TRAP_FETCH},
        {RV_JALR, 0, TEST_TEXT + 8 + ((uint64_t)1 << 32), TRAP_FETCH}, /* pc is 64 bits wide */
        {RV_JALR, 0, ONES, TRAP_MISALIGNED_JUMP},
        {RV_BEQ, 8, 0, 0},
        {RV_BEQ, 6, 0, TRAP_MISALIGNED_JUMP},
        {RV_BEQ, 12, 0, TRAP_FETCH},
        {RV_BGE, -4, 0, TRAP_FETCH},
        {RV_BGEU, -2, 0, TRAP_MISALIGNED_JUMP},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        begin();
        if (rv_format(cases[i].op) == RV_B) {
            emit_s(&t.text, cases[i].op, X0, X0, cases[i].imm);
        } else {
            emit_i(&t.text, cases[i].op, RA, cases[i].op == RV_JAL ? 0 : A4, cases[i].imm);
        }
        emit_word(&t.text, 0);
        emit_word(&t.text, rv_match(RV_EBREAK));
        EACH_ENGINE(run) {
            struct machine *machine = start(no_input());
            machine->x[A4] = cases[i].base;
            machine->x[RA] = 99;
            (void)(*run)(machine, PLENTY);
            if (cases[i].cause == 0) {
                assert_trap(machine, TRAP_EBREAK, TEST_TEXT + 8);
                if (rv_format(cases[i].op) != RV_B) assert_int_equal(machine->x[RA], TEST_TEXT + 4);
            } else {
                assert_trap(machine, cases[i].cause, TEST_TEXT);
                assert_int_equal(machine->x[RA], 99);
                assert_int_equal(machine->steps, 0);
            }
            end();
        }
    }
}

TEST(branches_compare_as_their_names_say_and_bad_targets_matter_only_when_taken) {
    static const struct {
        enum rv_op op;
        bool less, equal, greater, minus_one_and_one; /* taken for a < b, …, a = -1 b = 1 */
    } cases[] = {
        {RV_BEQ, false, true, false, false},  {RV_BNE, true, false, true, true},
        {RV_BLT, true, false, false, true},   {RV_BGE, false, true, true, false},
        {RV_BLTU, true, false, false, false}, {RV_BGEU, false, true, true, true},
    };
    static const int32_t targets[] = {8, 0x800, 6};
    for (size_t i = 0; i < ARRAY_LEN(cases) * ARRAY_LEN(targets); i++) {
        const size_t c = i / ARRAY_LEN(targets);
        const int32_t target = targets[i % ARRAY_LEN(targets)];
        const bool taken[] = {
            cases[c].less, cases[c].equal, cases[c].greater, cases[c].minus_one_and_one};
        static const uint64_t operands[][2] = {{3, 5}, {5, 5}, {5, 3}, {ONES, 1}};
        begin();
        emit_s(&t.text, cases[c].op, A1, A2, target);
        emit_word(&t.text, rv_match(RV_EBREAK));
        emit_word(&t.text, rv_match(RV_EBREAK));
        for (size_t o = 0; o < ARRAY_LEN(operands); o++) {
            EACH_ENGINE(run) {
                struct machine *machine = start(no_input());
                machine->x[A1] = operands[o][0];
                machine->x[A2] = operands[o][1];
                (void)(*run)(machine, PLENTY);
                if (!taken[o]) {
                    assert_trap(machine, TRAP_EBREAK, TEST_TEXT + 4);
                } else if (target == 8) {
                    assert_trap(machine, TRAP_EBREAK, TEST_TEXT + 8);
                } else if (target == 6) {
                    assert_trap(machine, TRAP_MISALIGNED_JUMP, TEST_TEXT);
                } else {
                    assert_trap(machine, TRAP_FETCH, TEST_TEXT);
                }
                end();
            }
        }
    }
}

TEST(falling_past_the_last_instruction_traps_at_the_end_of_text) {
    begin();
    emit_i(&t.text, RV_ADDI, A0, X0, 1);
    emit_i(&t.text, RV_ADDI, A0, A0, 1);
    EACH_ENGINE(run) {
        struct machine *machine = start(no_input());
        (void)(*run)(machine, PLENTY);
        assert_trap(machine, TRAP_FETCH, TEST_TEXT + 8);
        assert_int_equal(machine->steps, 2);
        assert_int_equal(machine->x[A0], 2);
        end();
    }
}

TEST(the_cycle_limit_comes_before_any_trap) {
    static const uint32_t last_words[] = {0, 0x00100073, 0x00000073, 0x00003003, 0x0000006b};
    for (size_t i = 0; i <= ARRAY_LEN(last_words); i++) {
        begin();
        emit_i(&t.text, RV_ADDI, A0, X0, 1);
        emit_i(&t.text, RV_ADDI, A0, A0, 1);
        if (i < ARRAY_LEN(last_words)) emit_word(&t.text, last_words[i]);
        EACH_ENGINE(run) {
            for (uint64_t limit = 0; limit <= 3; limit++) {
                struct machine *machine = start(no_input());
                const enum machine_status status = (*run)(machine, limit);
                assert_int_equal(status, limit <= 2 ? MACHINE_OUT_OF_CYCLES : MACHINE_TRAP);
                assert_int_equal(machine->steps, limit <= 2 ? limit : 2);
                assert_int_equal(machine->cycles, machine->steps);
                assert_int_equal(machine->pc, TEST_TEXT + 4 * machine->steps);
                end();
            }
        }
    }
}

TEST(exit_gives_code_and_output_and_changes_no_register) {
    begin();
    emit_li(&t.text, T0, 0x1122334455667788);
    emit_s(&t.text, RV_SD, A2, T0, 0);
    emit_exit(&t.text, 0x103, 5);
    EACH_ENGINE(run) {
        struct machine *machine = start(no_input());
        assert_int_equal((*run)(machine, PLENTY), MACHINE_EXIT);
        const struct machine_result result = machine_result(machine);
        assert_int_equal(result.code, 3);
        static const uint8_t output[] = {0x88, 0x77, 0x66, 0x55, 0x44};
        assert_bytes_equal(result.output, BYTES_OF(output));
        assert_int_equal(result.pc, TEST_TEXT + 4 * t.text.count);
        assert_int_equal(result.steps, t.text.count);
        assert_int_equal(machine->x[A0], 0x103);
        /* What has ended stays as it is. */
        assert_int_equal((*run)(machine, PLENTY * 2), MACHINE_EXIT);
        assert_int_equal(machine_result(machine).steps, t.text.count);
        end();
    }
}

TEST(an_output_longer_than_its_capacity_traps) {
    static const uint64_t lengths[] = {4096, 4097, ONES, (uint64_t)1 << 32};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        begin();
        emit_exit(&t.text, 0, lengths[i]);
        EACH_ENGINE(run) {
            struct machine *machine = start(no_input());
            (void)(*run)(machine, PLENTY);
            if (i == 0) {
                assert_int_equal(machine->status, MACHINE_EXIT);
            } else {
                assert_trap(machine, TRAP_OUTPUT_FULL, TEST_TEXT + 4 * (t.text.count - 1));
            }
            assert_int_equal(machine->output_len, i == 0 ? 4096 : 0);
            end();
        }
    }
}

TEST(registers_at_entry_are_as_the_abi_says) {
    begin();
    emit_word(&t.text, rv_match(RV_EBREAK));
    const uint8_t input[5] = {1, 2, 3, 4, 5};
    struct machine *machine = start(BYTES_OF(input));
    assert_int_equal(machine->pc, TEST_TEXT);
    for (unsigned i = 0; i < MACHINE_REGISTERS; i++) {
        uint64_t expected = 0;
        if (i == SP) expected = TEST_TEXT;
        if (i == A0) expected = 0xc0000000;
        if (i == A1) expected = 5;
        if (i == A2) expected = 0xb0000000;
        if (i == A3) expected = 4096;
        assert_int_equal(machine->x[i], expected);
    }
    assert_memory_equal(t.memory.memory.bytes + 0xc0000000, input, sizeof input);
    end();
}

TEST(a_jobs_input_is_two_lengths_and_two_parts) {
    begin();
    emit_word(&t.text, rv_match(RV_EBREAK));
    (void)start(no_input());
    test_memory_free(&t.memory);
    for (size_t onchain = 0; onchain <= 9; onchain++) {
        test_memory_init(&t.memory);
        const struct machine_setup setup = {
            .program = &t.program,
            .memory = &t.memory.memory,
            .job = true,
            .onchain = {(const uint8_t *)"abcdefghi", onchain},
            .offchain = BYTES_LITERAL("xyz"),
        };
        enum machine_verdict verdict;
        assert_false(failed(machine_start(&t.machine, &verdict, &setup)));
        uint8_t expected[64] = {0};
        const size_t second = 8 + (onchain + 7) / 8 * 8;
        store_le64(expected, onchain);
        memcpy(expected + 8, "abcdefghi", onchain);
        store_le64(expected + second, 3);
        memcpy(expected + second + 8, "xyz", 3);
        assert_int_equal(t.machine.x[A1], second + 8 + 3);
        assert_int_equal(t.machine.x[A1], machine_job_input_size(onchain, 3));
        assert_memory_equal(t.memory.memory.bytes + 0xc0000000, expected, sizeof expected);
        assert_int_equal(t.machine.x[A3], 0);
        if (onchain < 9) test_memory_free(&t.memory);
    }
    end();
}

TEST(an_input_over_the_limit_is_refused) {
    begin();
    emit_word(&t.text, rv_match(RV_EBREAK));
    (void)start(no_input());
    const struct {
        uint64_t onchain, offchain;
        enum machine_verdict verdict;
    } cases[] = {
        {MACHINE_INPUT_MAX, 0, MACHINE_INPUT_TOO_LONG},
        {0, MACHINE_INPUT_MAX - 15, MACHINE_INPUT_TOO_LONG},
        {UINT64_MAX, UINT64_MAX, MACHINE_INPUT_TOO_LONG},
        {UINT64_MAX - 7, 16, MACHINE_INPUT_TOO_LONG},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct machine_setup setup = {
            .program = &t.program,
            .memory = &t.memory.memory,
            .job = true,
            .onchain = {NULL, cases[i].onchain},
            .offchain = {NULL, cases[i].offchain},
        };
        enum machine_verdict verdict = MACHINE_READY;
        assert_false(failed(machine_start(&t.machine, &verdict, &setup)));
        assert_int_equal(verdict, cases[i].verdict);
        setup.job = false;
        setup.input = (struct bytes){NULL, MACHINE_INPUT_MAX + 1};
        assert_false(failed(machine_start(&t.machine, &verdict, &setup)));
        assert_int_equal(verdict, MACHINE_INPUT_TOO_LONG);
    }
    assert_int_equal(machine_job_input_size(0, MACHINE_INPUT_MAX - 16), MACHINE_INPUT_MAX);
    end();
}

static bool refuse_to_open(void *ctx, uint32_t open_start, uint64_t size) {
    (void)ctx;
    (void)open_start;
    (void)size;
    return false;
}

TEST(a_host_without_memory_is_a_failure_and_not_a_result) {
    begin();
    emit_word(&t.text, rv_match(RV_EBREAK));
    (void)start(no_input());
    struct machine_memory memory = t.memory.memory;
    memory.open = refuse_to_open;
    const struct machine_setup setup = {.program = &t.program, .memory = &memory};
    enum machine_verdict verdict;
    assert_int_equal(machine_start(&t.machine, &verdict, &setup).code, STATUS_NO_SPACE);
    end();
}

TEST_MAIN(
    TEST_CASE(each_operation_of_two_registers_has_its_edges_right),
    TEST_CASE(immediates_are_sign_extended_and_shift_amounts_are_not),
    TEST_CASE(loads_extend_and_stores_truncate_at_every_alignment),
    TEST_CASE(an_access_that_is_not_allowed_traps_and_writes_nothing),
    TEST_CASE(a_bad_jump_traps_at_the_jump_and_writes_no_link),
    TEST_CASE(branches_compare_as_their_names_say_and_bad_targets_matter_only_when_taken),
    TEST_CASE(falling_past_the_last_instruction_traps_at_the_end_of_text),
    TEST_CASE(the_cycle_limit_comes_before_any_trap),
    TEST_CASE(exit_gives_code_and_output_and_changes_no_register),
    TEST_CASE(an_output_longer_than_its_capacity_traps),
    TEST_CASE(registers_at_entry_are_as_the_abi_says),
    TEST_CASE(a_jobs_input_is_two_lengths_and_two_parts),
    TEST_CASE(an_input_over_the_limit_is_refused),
    TEST_CASE(a_host_without_memory_is_a_failure_and_not_a_result)
)
