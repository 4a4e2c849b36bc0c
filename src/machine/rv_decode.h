/* rv_decode: one table of the machine's instructions, and the decoder that reads it.
 *
 * RISC-V Unprivileged ISA: RV64I 2.1 and M 2.0, nothing else. Whatever the table does not hold is
 * RV_ILLEGAL: compressed, A, F, D, V, Zb*, CSR, FENCE.I, reserved funct3 and funct7. FENCE (any
 * fields, so PAUSE and FENCE.TSO too) is an instruction that does nothing.
 *
 * The table is the one place where an instruction is named: the disassembler, the interpreter's
 * handlers and later the translator and the prover's opcode numbers are made from it. Pure.
 */
#ifndef MACHINE_RV_DECODE_H
#define MACHINE_RV_DECODE_H

#include "base/bytes.h"

/* Formats of the manual; SHIFT and SHIFTW are I with a 6- or 5-bit amount as immediate. */
enum rv_format { RV_R, RV_I, RV_SHIFT, RV_SHIFTW, RV_LOAD, RV_S, RV_B, RV_U, RV_J, RV_PLAIN };

/* X(name, assembler name, format, bits that must match, mask of those bits) */
/* clang-format off */
#define RV_TABLE(X)                                                                                \
    X(LUI,    "lui",    RV_U,      0x00000037, 0x0000007f)                                         \
    X(AUIPC,  "auipc",  RV_U,      0x00000017, 0x0000007f)                                         \
    X(JAL,    "jal",    RV_J,      0x0000006f, 0x0000007f)                                         \
    X(JALR,   "jalr",   RV_I,      0x00000067, 0x0000707f)                                         \
    X(BEQ,    "beq",    RV_B,      0x00000063, 0x0000707f)                                         \
    X(BNE,    "bne",    RV_B,      0x00001063, 0x0000707f)                                         \
    X(BLT,    "blt",    RV_B,      0x00004063, 0x0000707f)                                         \
    X(BGE,    "bge",    RV_B,      0x00005063, 0x0000707f)                                         \
    X(BLTU,   "bltu",   RV_B,      0x00006063, 0x0000707f)                                         \
    X(BGEU,   "bgeu",   RV_B,      0x00007063, 0x0000707f)                                         \
    X(LB,     "lb",     RV_LOAD,   0x00000003, 0x0000707f)                                         \
    X(LH,     "lh",     RV_LOAD,   0x00001003, 0x0000707f)                                         \
    X(LW,     "lw",     RV_LOAD,   0x00002003, 0x0000707f)                                         \
    X(LD,     "ld",     RV_LOAD,   0x00003003, 0x0000707f)                                         \
    X(LBU,    "lbu",    RV_LOAD,   0x00004003, 0x0000707f)                                         \
    X(LHU,    "lhu",    RV_LOAD,   0x00005003, 0x0000707f)                                         \
    X(LWU,    "lwu",    RV_LOAD,   0x00006003, 0x0000707f)                                         \
    X(SB,     "sb",     RV_S,      0x00000023, 0x0000707f)                                         \
    X(SH,     "sh",     RV_S,      0x00001023, 0x0000707f)                                         \
    X(SW,     "sw",     RV_S,      0x00002023, 0x0000707f)                                         \
    X(SD,     "sd",     RV_S,      0x00003023, 0x0000707f)                                         \
    X(ADDI,   "addi",   RV_I,      0x00000013, 0x0000707f)                                         \
    X(SLTI,   "slti",   RV_I,      0x00002013, 0x0000707f)                                         \
    X(SLTIU,  "sltiu",  RV_I,      0x00003013, 0x0000707f)                                         \
    X(XORI,   "xori",   RV_I,      0x00004013, 0x0000707f)                                         \
    X(ORI,    "ori",    RV_I,      0x00006013, 0x0000707f)                                         \
    X(ANDI,   "andi",   RV_I,      0x00007013, 0x0000707f)                                         \
    X(SLLI,   "slli",   RV_SHIFT,  0x00001013, 0xfc00707f)                                         \
    X(SRLI,   "srli",   RV_SHIFT,  0x00005013, 0xfc00707f)                                         \
    X(SRAI,   "srai",   RV_SHIFT,  0x40005013, 0xfc00707f)                                         \
    X(ADDIW,  "addiw",  RV_I,      0x0000001b, 0x0000707f)                                         \
    X(SLLIW,  "slliw",  RV_SHIFTW, 0x0000101b, 0xfe00707f)                                         \
    X(SRLIW,  "srliw",  RV_SHIFTW, 0x0000501b, 0xfe00707f)                                         \
    X(SRAIW,  "sraiw",  RV_SHIFTW, 0x4000501b, 0xfe00707f)                                         \
    X(ADD,    "add",    RV_R,      0x00000033, 0xfe00707f)                                         \
    X(SUB,    "sub",    RV_R,      0x40000033, 0xfe00707f)                                         \
    X(SLL,    "sll",    RV_R,      0x00001033, 0xfe00707f)                                         \
    X(SLT,    "slt",    RV_R,      0x00002033, 0xfe00707f)                                         \
    X(SLTU,   "sltu",   RV_R,      0x00003033, 0xfe00707f)                                         \
    X(XOR,    "xor",    RV_R,      0x00004033, 0xfe00707f)                                         \
    X(SRL,    "srl",    RV_R,      0x00005033, 0xfe00707f)                                         \
    X(SRA,    "sra",    RV_R,      0x40005033, 0xfe00707f)                                         \
    X(OR,     "or",     RV_R,      0x00006033, 0xfe00707f)                                         \
    X(AND,    "and",    RV_R,      0x00007033, 0xfe00707f)                                         \
    X(ADDW,   "addw",   RV_R,      0x0000003b, 0xfe00707f)                                         \
    X(SUBW,   "subw",   RV_R,      0x4000003b, 0xfe00707f)                                         \
    X(SLLW,   "sllw",   RV_R,      0x0000103b, 0xfe00707f)                                         \
    X(SRLW,   "srlw",   RV_R,      0x0000503b, 0xfe00707f)                                         \
    X(SRAW,   "sraw",   RV_R,      0x4000503b, 0xfe00707f)                                         \
    X(MUL,    "mul",    RV_R,      0x02000033, 0xfe00707f)                                         \
    X(MULH,   "mulh",   RV_R,      0x02001033, 0xfe00707f)                                         \
    X(MULHSU, "mulhsu", RV_R,      0x02002033, 0xfe00707f)                                         \
    X(MULHU,  "mulhu",  RV_R,      0x02003033, 0xfe00707f)                                         \
    X(DIV,    "div",    RV_R,      0x02004033, 0xfe00707f)                                         \
    X(DIVU,   "divu",   RV_R,      0x02005033, 0xfe00707f)                                         \
    X(REM,    "rem",    RV_R,      0x02006033, 0xfe00707f)                                         \
    X(REMU,   "remu",   RV_R,      0x02007033, 0xfe00707f)                                         \
    X(MULW,   "mulw",   RV_R,      0x0200003b, 0xfe00707f)                                         \
    X(DIVW,   "divw",   RV_R,      0x0200403b, 0xfe00707f)                                         \
    X(DIVUW,  "divuw",  RV_R,      0x0200503b, 0xfe00707f)                                         \
    X(REMW,   "remw",   RV_R,      0x0200603b, 0xfe00707f)                                         \
    X(REMUW,  "remuw",  RV_R,      0x0200703b, 0xfe00707f)                                         \
    X(FENCE,  "fence",  RV_PLAIN,  0x0000000f, 0x0000707f)                                         \
    X(ECALL,  "ecall",  RV_PLAIN,  0x00000073, 0xffffffff)                                         \
    X(EBREAK, "ebreak", RV_PLAIN,  0x00100073, 0xffffffff)
/* clang-format on */

enum rv_op {
    RV_ILLEGAL = 0,
#define RV_ENUM(name, text, format, match, mask) RV_##name,
    RV_TABLE(RV_ENUM)
#undef RV_ENUM
        RV_OP_COUNT
};

/* One decoded instruction. Fields that its format does not have are 0; a shift's amount is imm. */
struct rv_insn {
    uint8_t op; /* enum rv_op */
    uint8_t rd, rs1, rs2;
    int32_t imm;
};

struct rv_insn rv_decode(uint32_t word);

/* The table's columns; op < RV_OP_COUNT. RV_ILLEGAL has format RV_PLAIN, match 0. */
enum rv_format rv_format(enum rv_op op);
uint32_t rv_match(enum rv_op op);
uint32_t rv_mask(enum rv_op op);

/* True where control may go elsewhere than to the next instruction: jumps, branches, ECALL, EBREAK
 * and RV_ILLEGAL. Such an instruction ends a run of the interpreter. */
bool rv_ends_run(enum rv_op op);

/* The word of op with these fields: the inverse of rv_decode, for tests and generators. Fields that
 * the format does not have are ignored; an immediate that does not fit is a bug. */
uint32_t rv_encode(struct rv_insn insn);

/* Assembler text of the instruction at pc ("addi a0, sp, -16"), as binutils prints it without
 * aliases. Answers its length; out has room for RV_TEXT_MAX bytes with the NUL. */
enum { RV_TEXT_MAX = 48 };
size_t rv_disassemble(char out[RV_TEXT_MAX], uint64_t pc, uint32_t word);

/* ABI name of a register, index < 32. */
const char *rv_register_name(unsigned index);

#endif
