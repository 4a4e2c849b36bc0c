#include "machine/rv_decode.h"

struct row {
    const char *name;
    uint32_t match, mask;
    enum rv_format format;
};

static const struct row rows[RV_OP_COUNT] = {
    [RV_ILLEGAL] = {"illegal", 0, 0, RV_PLAIN},
#define RV_ROW(op, name, format, match, mask) [RV_##op] = {name, match, mask, format},
    RV_TABLE(RV_ROW)
#undef RV_ROW
};

static const char *const register_names[32] = {
    "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
    "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
    "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
};

/* Bits high to low of word. */
static uint32_t field(uint32_t word, unsigned high, unsigned low) {
    return word >> low & ((1u << (high - low + 1)) - 1);
}

/* The low `bits` bits of value as a signed number. */
static int32_t sign_extend(uint32_t value, unsigned bits) {
    const unsigned shift = 32 - bits;
    return (int32_t)(value << shift) >> shift;
}

static int32_t immediate_b(uint32_t word) {
    const uint32_t value = field(word, 31, 31) << 12 | field(word, 7, 7) << 11 |
        field(word, 30, 25) << 5 | field(word, 11, 8) << 1;
    return sign_extend(value, 13);
}

static int32_t immediate_j(uint32_t word) {
    const uint32_t value = field(word, 31, 31) << 20 | field(word, 19, 12) << 12 |
        field(word, 20, 20) << 11 | field(word, 30, 21) << 1;
    return sign_extend(value, 21);
}

/* No two rows match one word, so the order of the table does not matter. */
static enum rv_op find_op(uint32_t word) {
    for (unsigned op = RV_ILLEGAL + 1; op < RV_OP_COUNT; op++) {
        if ((word & rows[op].mask) == rows[op].match) return (enum rv_op)op;
    }
    return RV_ILLEGAL;
}

struct rv_insn rv_decode(uint32_t word) {
    const enum rv_op op = find_op(word);
    const uint8_t rd = (uint8_t)field(word, 11, 7);
    const uint8_t rs1 = (uint8_t)field(word, 19, 15);
    const uint8_t rs2 = (uint8_t)field(word, 24, 20);
    switch (rows[op].format) {
    case RV_R: return (struct rv_insn){(uint8_t)op, rd, rs1, rs2, 0};
    case RV_LOAD:
    case RV_I:
        return (struct rv_insn){(uint8_t)op, rd, rs1, 0, sign_extend(field(word, 31, 20), 12)};
    case RV_SHIFT: return (struct rv_insn){(uint8_t)op, rd, rs1, 0, (int32_t)field(word, 25, 20)};
    case RV_SHIFTW: return (struct rv_insn){(uint8_t)op, rd, rs1, 0, rs2};
    case RV_S: {
        const int32_t imm = sign_extend(field(word, 31, 25) << 5 | rd, 12);
        return (struct rv_insn){(uint8_t)op, 0, rs1, rs2, imm};
    }
    case RV_B: return (struct rv_insn){(uint8_t)op, 0, rs1, rs2, immediate_b(word)};
    case RV_U: return (struct rv_insn){(uint8_t)op, rd, 0, 0, (int32_t)(word & 0xfffff000u)};
    case RV_J: return (struct rv_insn){(uint8_t)op, rd, 0, 0, immediate_j(word)};
    case RV_PLAIN: break;
    }
    return (struct rv_insn){(uint8_t)op, 0, 0, 0, 0};
}

enum rv_format rv_format(enum rv_op op) {
    ASSERT(op < RV_OP_COUNT);
    return rows[op].format;
}

uint32_t rv_match(enum rv_op op) {
    ASSERT(op < RV_OP_COUNT);
    return rows[op].match;
}

uint32_t rv_mask(enum rv_op op) {
    ASSERT(op < RV_OP_COUNT);
    return rows[op].mask;
}

bool rv_ends_run(enum rv_op op) {
    return op == RV_ILLEGAL || op == RV_JAL || op == RV_JALR || op == RV_ECALL || op == RV_EBREAK ||
        rv_format(op) == RV_B;
}

/* Whether imm is a signed number of `bits` bits and a multiple of step. */
static bool fits(int32_t imm, unsigned bits, int32_t step) {
    return sign_extend((uint32_t)imm, bits) == imm && imm % step == 0;
}

static uint32_t encode_b(uint32_t imm) {
    return field(imm, 12, 12) << 31 | field(imm, 10, 5) << 25 | field(imm, 4, 1) << 8 |
        field(imm, 11, 11) << 7;
}

static uint32_t encode_j(uint32_t imm) {
    return field(imm, 20, 20) << 31 | field(imm, 10, 1) << 21 | field(imm, 11, 11) << 20 |
        field(imm, 19, 12) << 12;
}

uint32_t rv_encode(struct rv_insn insn) {
    ASSERT(insn.op < RV_OP_COUNT && insn.rd < 32 && insn.rs1 < 32 && insn.rs2 < 32);
    const uint32_t match = rows[insn.op].match;
    const uint32_t imm = (uint32_t)insn.imm;
    const uint32_t rd = (uint32_t)insn.rd << 7;
    const uint32_t rs1 = (uint32_t)insn.rs1 << 15;
    const uint32_t rs2 = (uint32_t)insn.rs2 << 20;
    switch (rows[insn.op].format) {
    case RV_R: return match | rd | rs1 | rs2;
    case RV_LOAD:
    case RV_I: ASSERT(fits(insn.imm, 12, 1)); return match | rd | rs1 | imm << 20;
    case RV_SHIFT: ASSERT(imm < 64); return match | rd | rs1 | imm << 20;
    case RV_SHIFTW: ASSERT(imm < 32); return match | rd | rs1 | imm << 20;
    case RV_S:
        ASSERT(fits(insn.imm, 12, 1));
        return match | rs1 | rs2 | field(imm, 11, 5) << 25 | field(imm, 4, 0) << 7;
    case RV_B: ASSERT(fits(insn.imm, 13, 2)); return match | rs1 | rs2 | encode_b(imm);
    case RV_U: ASSERT(field(imm, 11, 0) == 0); return match | rd | imm;
    case RV_J: ASSERT(fits(insn.imm, 21, 2)); return match | rd | encode_j(imm);
    case RV_PLAIN: break;
    }
    return match;
}

const char *rv_register_name(unsigned index) {
    ASSERT(index < ARRAY_LEN(register_names));
    return register_names[index];
}

/* Appends to text while there is room; text stays terminated. */
struct text {
    char *data;
    size_t len;
};

static void put(struct text *text, const char *s) {
    while (*s != 0 && text->len + 1 < RV_TEXT_MAX) {
        text->data[text->len++] = *s++;
    }
    text->data[text->len] = 0;
}

static void put_number(struct text *text, uint64_t value, unsigned base) {
    char digits[24];
    size_t at = sizeof digits - 1;
    digits[at] = 0;
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    put(text, digits + at);
}

static void put_signed(struct text *text, int64_t value) {
    if (value < 0) put(text, "-");
    put_number(text, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10);
}

static void put_hex(struct text *text, uint64_t value) {
    put(text, "0x");
    put_number(text, value, 16);
}

static void put_address(struct text *text, int32_t offset, uint8_t base) {
    put_signed(text, offset);
    put(text, "(");
    put(text, register_names[base]);
    put(text, ")");
}

// NOLINTNEXTLINE(readability-non-const-parameter): text writes to it
size_t rv_disassemble(char out[RV_TEXT_MAX], uint64_t pc, uint32_t word) {
    const struct rv_insn insn = rv_decode(word);
    struct text text = {out, 0};
    put(&text, rows[insn.op].name);
    const enum rv_format format = rows[insn.op].format;
    if (insn.op == RV_ILLEGAL) {
        put(&text, " ");
        put_hex(&text, word);
    }
    if (format == RV_PLAIN) return text.len;

    /* The operands in the order in which assembler writes them. */
    put(&text, " ");
    put(&text, register_names[format == RV_S ? insn.rs2 : format == RV_B ? insn.rs1 : insn.rd]);
    put(&text, ", ");
    switch (format) {
    case RV_LOAD:
    case RV_S: put_address(&text, insn.imm, insn.rs1); break;
    case RV_U: put_hex(&text, (uint32_t)insn.imm >> 12); break;
    case RV_J: put_hex(&text, pc + (uint64_t)(int64_t)insn.imm); break;
    case RV_B:
        put(&text, register_names[insn.rs2]);
        put(&text, ", ");
        put_hex(&text, pc + (uint64_t)(int64_t)insn.imm);
        break;
    default:
        if (insn.op == RV_JALR) {
            put_address(&text, insn.imm, insn.rs1);
            break;
        }
        put(&text, register_names[insn.rs1]);
        put(&text, ", ");
        if (format == RV_R) {
            put(&text, register_names[insn.rs2]);
        } else {
            put_signed(&text, insn.imm);
        }
    }
    return text.len;
}
