#include "machine/rv_decode.h"

#include "base/test.h"
#include "machine/test.h"

static bool same(struct rv_insn a, struct rv_insn b) {
    return a.op == b.op && a.rd == b.rd && a.rs1 == b.rs1 && a.rs2 == b.rs2 && a.imm == b.imm;
}

TEST(what_is_outside_rv64im_is_illegal) {
    static const uint32_t words[] = {
        0x00000000, /* all zeros */
        0xffffffff, /* all ones */
        0x00000001, /* compressed nop */
        0x0000100f, /* fence.i */
        0x0000200f, /* reserved beside fence */
        0x30200073, /* mret */
        0x10500073, /* wfi */
        0xc0002573, /* rdcycle: CSR */
        0x00008073, /* ecall with rs1 set */
        0x000000f3, /* ecall with rd set */
        0x1005252f, /* lr.w */
        0x00b5252f, /* amoadd.w */
        0x0005a507, /* flw */
        0x02b5f553, /* fadd */
        0x00007003, /* load funct3 7 */
        0x00004023, /* store funct3 4 */
        0x00002063, /* branch funct3 2 */
        0x00001067, /* jalr funct3 1 */
        0x04051513, /* slli with bit 26 */
        0x44055513, /* srai with bit 26 */
        0x20b52533, /* sh1add */
        0x0205151b, /* slliw with bit 25 */
        0x4205551b, /* sraiw with bit 25 */
        0x4205151b, /* slliw with funct7 0x20 */
        0x0000301b, /* op-imm-32 funct3 3 */
        0x40b51533, /* sll with funct7 0x20 */
        0x0ab50533, /* funct7 5: min and max of Zbb */
        0x02b5153b, /* op-32 M with funct3 1 */
        0x40b5753b, /* op-32 funct3 7 */
        0x08000057, /* vector */
        0x0000007f, /* longer than 32 bits */
    };
    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        assert_int_equal(rv_decode(words[i]).op, RV_ILLEGAL);
        assert_true(rv_ends_run((enum rv_op)rv_decode(words[i]).op));
    }
}

TEST(fences_and_system_words_decode) {
    assert_int_equal(rv_decode(0x0000000f).op, RV_FENCE);
    assert_int_equal(rv_decode(0x0100000f).op, RV_FENCE); /* pause */
    assert_int_equal(rv_decode(0x8330000f).op, RV_FENCE); /* fence.tso */
    assert_int_equal(rv_decode(0xfff78f8f).op, RV_FENCE); /* reserved fields are ignored */
    assert_int_equal(rv_decode(0x00000073).op, RV_ECALL);
    assert_int_equal(rv_decode(0x00100073).op, RV_EBREAK);
}

TEST(known_words_decode_and_print_as_binutils_does) {
    static const struct {
        uint32_t word;
        struct rv_insn insn;
        const char *text; /* at pc 0x10000 */
    } cases[] = {
        {0xff010113, {RV_ADDI, 2, 2, 0, -16}, "addi sp, sp, -16"},
        {0x00813423, {RV_SD, 0, 2, 8, 8}, "sd s0, 8(sp)"},
        {0xfea5ae23, {RV_SW, 0, 11, 10, -4}, "sw a0, -4(a1)"},
        {0x80000537, {RV_LUI, 10, 0, 0, INT32_MIN}, "lui a0, 0x80000"},
        {0xfffff517, {RV_AUIPC, 10, 0, 0, -4096}, "auipc a0, 0xfffff"},
        {0xfe0516e3, {RV_BNE, 0, 10, 0, -20}, "bne a0, zero, 0xffec"},
        {0xffdff0ef, {RV_JAL, 1, 0, 0, -4}, "jal ra, 0xfffc"},
        {0x00008067, {RV_JALR, 0, 1, 0, 0}, "jalr zero, 0(ra)"},
        {0x43f5d593, {RV_SRAI, 11, 11, 0, 63}, "srai a1, a1, 63"},
        {0x41f5d59b, {RV_SRAIW, 11, 11, 0, 31}, "sraiw a1, a1, 31"},
        {0x02b53533, {RV_MULHU, 10, 10, 11, 0}, "mulhu a0, a0, a1"},
        {0x02b5753b, {RV_REMUW, 10, 10, 11, 0}, "remuw a0, a0, a1"},
        {0xfff5c503, {RV_LBU, 10, 11, 0, -1}, "lbu a0, -1(a1)"},
        {0x00000073, {RV_ECALL, 0, 0, 0, 0}, "ecall"},
        {0x00000000, {RV_ILLEGAL, 0, 0, 0, 0}, "illegal 0x0"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_true(same(rv_decode(cases[i].word), cases[i].insn));
        char text[RV_TEXT_MAX];
        assert_int_equal(rv_disassemble(text, 0x10000, cases[i].word), strlen(cases[i].text));
        assert_string_equal(text, cases[i].text);
        if (cases[i].insn.op != RV_ILLEGAL) {
            assert_int_equal(rv_encode(cases[i].insn), cases[i].word);
        }
    }
}

TEST(no_word_matches_two_rows) {
    for (unsigned a = 1; a < RV_OP_COUNT; a++) {
        assert_int_equal(rv_match((enum rv_op)a) & ~rv_mask((enum rv_op)a), 0);
        for (unsigned b = a + 1; b < RV_OP_COUNT; b++) {
            const uint32_t common = rv_mask((enum rv_op)a) & rv_mask((enum rv_op)b);
            assert_int_not_equal(
                rv_match((enum rv_op)a) & common, rv_match((enum rv_op)b) & common
            );
        }
    }
}

TEST(encode_is_the_inverse_of_decode) {
    uint64_t seed = 1;
    unsigned legal = 0;
    char text[RV_TEXT_MAX];
    for (int i = 0; i < 200000; i++) {
        /* Half of the words get the bits of some row, else few would be legal. */
        uint32_t word = (uint32_t)test_random(&seed);
        if (i % 2 == 0) {
            const enum rv_op op = (enum rv_op)(1 + test_random(&seed) % (RV_OP_COUNT - 1));
            word = (word & ~rv_mask(op)) | rv_match(op);
        }
        const struct rv_insn insn = rv_decode(word);
        assert_true(rv_disassemble(text, 0, word) < RV_TEXT_MAX);
        if (insn.op == RV_ILLEGAL || insn.op == RV_FENCE) continue;
        legal++;
        assert_int_equal(rv_encode(insn), word);
    }
    assert_true(legal > 90000);
}

TEST(an_immediate_that_does_not_fit_stops_the_program) {
    expect_assert_failure((void)rv_encode((struct rv_insn){RV_ADDI, 1, 1, 0, 2048}));
    expect_assert_failure((void)rv_encode((struct rv_insn){RV_BEQ, 0, 1, 1, 3}));
    expect_assert_failure((void)rv_encode((struct rv_insn){RV_SLLIW, 1, 1, 0, 32}));
    expect_assert_failure((void)rv_encode((struct rv_insn){RV_LUI, 1, 0, 0, 1}));
}

TEST_MAIN(
    TEST_CASE(what_is_outside_rv64im_is_illegal),
    TEST_CASE(fences_and_system_words_decode),
    TEST_CASE(known_words_decode_and_print_as_binutils_does),
    TEST_CASE(no_word_matches_two_rows),
    TEST_CASE(encode_is_the_inverse_of_decode),
    TEST_CASE(an_immediate_that_does_not_fit_stops_the_program)
)
