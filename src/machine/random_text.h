/* random_text: random instructions for tests that compare two machines. Only programs include this.
 *
 * Tame text never traps and always ends, so that an emulator of Linux can be the other machine: its
 * memory accesses stay near s0, its jumps go forward or to the head of a loop that counts down. Wild
 * text may do anything.
 */
#ifndef MACHINE_RANDOM_TEXT_H
#define MACHINE_RANDOM_TEXT_H

#include "machine/test.h"

enum {
    TAME_BASE = S0,    /* points at memory; readable, never written */
    TAME_OUT = S1,     /* the caller's, readable, never written */
    TAME_COUNTER = S2, /* of loops */
    TAME_REACH = 2048, /* bytes before TAME_BASE that are used */
    TAME_AHEAD = 4352, /* and from it on */
};

/* Operands at which instructions go wrong. */
static inline uint64_t random_operand(uint64_t *seed) {
    static const uint64_t corners[] = {
        0,
        1,
        2,
        3,
        7,
        8,
        31,
        32,
        63,
        64,
        0x7f,
        0x80,
        0xff,
        0x7fff,
        0x8000,
        0xffff,
        0x7fffffff,
        0x80000000,
        0xffffffff,
        0x100000000,
        0x7fffffffffffffff,
        0x8000000000000000,
        0x8000000000000001,
        0xffffffff80000000,
        0xffffffff7fffffff,
        0xffffffff00000000,
        0xaaaaaaaaaaaaaaaa,
        0x5555555555555555,
    };
    const uint64_t choice = test_random(seed), value = test_random(seed);
    switch (choice % 8) {
    case 0: return value;
    case 1: return value >> (choice >> 8) % 64;
    case 2: return (uint64_t)(int64_t)(int32_t)value;
    case 3: return 0 - value % 70;
    default: return corners[(choice >> 8) % ARRAY_LEN(corners)];
    }
}

static inline uint32_t random_below(uint64_t *seed, uint32_t end) {
    return (uint32_t)(test_random(seed) % end);
}

static inline int32_t random_immediate(uint64_t *seed) {
    static const int32_t corners[] = {0, 1, -1, 2047, -2048, 31, 32, 63};
    const uint32_t choice = random_below(seed, 16);
    return choice < ARRAY_LEN(corners) ? corners[choice] : (int32_t)random_below(seed, 4096) - 2048;
}

/* A register that tame text may write. */
static inline int random_target(uint64_t *seed) {
    for (;;) {
        const int reg = (int)random_below(seed, 32);
        if (reg != TAME_BASE && reg != TAME_OUT && reg != TAME_COUNTER) return reg;
    }
}

static inline int random_source(uint64_t *seed) {
    return (int)random_below(seed, 32);
}

/* One of the instructions that only compute. */
static inline void emit_random_alu(struct test_text *text, uint64_t *seed) {
    for (;;) {
        const enum rv_op op = (enum rv_op)(1 + random_below(seed, RV_OP_COUNT - 1));
        const int rd = random_target(seed), rs1 = random_source(seed);
        switch (rv_format(op)) {
        case RV_R: emit_r(text, op, rd, rs1, random_source(seed)); return;
        case RV_SHIFT: emit_i(text, op, rd, rs1, (int32_t)random_below(seed, 64)); return;
        case RV_SHIFTW: emit_i(text, op, rd, rs1, (int32_t)random_below(seed, 32)); return;
        case RV_U: {
            const uint32_t value = (uint32_t)random_operand(seed) & 0xfffff000u;
            emit_i(text, op, rd, 0, (int32_t)value);
            return;
        }
        case RV_I:
            if (op == RV_JALR) continue;
            emit_i(text, op, rd, rs1, random_immediate(seed));
            return;
        default:
            if (op != RV_FENCE) continue;
            emit_word(text, 0x0ff0000f);
            return;
        }
    }
}

static inline enum rv_op random_load(uint64_t *seed) {
    static const enum rv_op ops[] = {RV_LB, RV_LH, RV_LW, RV_LD, RV_LBU, RV_LHU, RV_LWU};
    return ops[random_below(seed, ARRAY_LEN(ops))];
}

static inline enum rv_op random_store(uint64_t *seed) {
    static const enum rv_op ops[] = {RV_SB, RV_SH, RV_SW, RV_SD};
    return ops[random_below(seed, ARRAY_LEN(ops))];
}

static inline enum rv_op random_branch(uint64_t *seed) {
    static const enum rv_op ops[] = {RV_BEQ, RV_BNE, RV_BLT, RV_BGE, RV_BLTU, RV_BGEU};
    return ops[random_below(seed, ARRAY_LEN(ops))];
}

/* A load or store at any alignment near TAME_BASE: directly, or through a pointer made of whatever a
 * register holds. */
static inline void emit_random_access(struct test_text *text, uint64_t *seed) {
    int base = TAME_BASE;
    int32_t offset = random_immediate(seed);
    if (random_below(seed, 2) == 0) {
        do {
            base = random_target(seed);
        } while (base == X0);
        emit_i(text, RV_ANDI, base, random_source(seed), 2047);
        emit_r(text, RV_ADD, base, base, TAME_BASE);
    }
    if (random_below(seed, 2) == 0) {
        emit_i(text, random_load(seed), random_target(seed), base, offset);
    } else {
        emit_s(text, random_store(seed), base, random_source(seed), offset);
    }
}

/* A jump or branch over up to four instructions. */
static inline void emit_random_skip(struct test_text *text, uint64_t *seed) {
    const uint32_t skipped = random_below(seed, 5);
    const int32_t distance = 4 + 4 * (int32_t)skipped;
    const uint32_t kind = random_below(seed, 4);
    if (kind == 0) {
        emit_i(text, RV_JAL, random_target(seed), 0, distance);
    } else if (kind == 1) {
        int base;
        do {
            base = random_target(seed);
        } while (base == X0);
        emit_i(text, RV_AUIPC, base, 0, 0);
        /* The lowest bit of the sum is cleared, so it may be set. */
        const int32_t odd = (int32_t)random_below(seed, 2);
        emit_i(text, RV_JALR, random_target(seed), base, 4 + distance + odd);
    } else {
        emit_s(text, random_branch(seed), random_source(seed), random_source(seed), distance);
    }
    for (uint32_t i = 0; i < skipped; i++) {
        emit_random_alu(text, seed);
    }
}

/* count pieces, each one to a few instructions. */
static inline void emit_tame(struct test_text *text, uint64_t *seed, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        switch (random_below(seed, 10)) {
        case 0:
        case 1: emit_random_access(text, seed); break;
        case 2: emit_random_skip(text, seed); break;
        case 3: {
            if (random_below(seed, 4) != 0) break;
            emit_i(text, RV_ADDI, TAME_COUNTER, X0, 1 + (int32_t)random_below(seed, 6));
            const uint32_t head = text->count;
            for (uint32_t body = 1 + random_below(seed, 6); body > 0; body--) {
                if (random_below(seed, 4) == 0) {
                    emit_random_access(text, seed);
                } else {
                    emit_random_alu(text, seed);
                }
            }
            emit_i(text, RV_ADDI, TAME_COUNTER, TAME_COUNTER, -1);
            const int32_t back = 4 * ((int32_t)head - (int32_t)text->count);
            emit_s(text, RV_BNE, TAME_COUNTER, X0, back);
            break;
        }
        default: emit_random_alu(text, seed);
        }
    }
}

/* One instruction of any kind; jumps go up to 16 instructions away, and sometimes anywhere. */
static inline void emit_wild(struct test_text *text, uint64_t *seed) {
    const int32_t distance = 4 * ((int32_t)random_below(seed, 33) - 16);
    const int32_t odd = random_below(seed, 32) == 0 ? 2 : 0;
    switch (random_below(seed, 16)) {
    case 0: emit_i(text, RV_JAL, random_source(seed), 0, distance + odd); break;
    case 1:
        emit_i(text, RV_AUIPC, T0, 0, 0);
        emit_i(text, RV_JALR, random_source(seed), T0, distance + odd);
        break;
    case 2:
    case 3:
    case 4:
        emit_s(text, random_branch(seed), random_source(seed), random_source(seed), distance + odd);
        break;
    case 5: /* seldom through a pointer that may be anything: most programs should live on */
        if (random_below(seed, 6) == 0) {
            emit_i(text, random_load(seed), random_source(seed), random_source(seed), 8);
        }
        break;
    case 6:
        if (random_below(seed, 6) == 0) {
            emit_s(text, random_store(seed), random_source(seed), random_source(seed), 8);
        }
        break;
    case 7:
    case 8: emit_random_access(text, seed); break;
    case 9:
        if (random_below(seed, 8) == 0) {
            emit_word(text, (uint32_t)test_random(seed));
        } else {
            static const uint16_t numbers[] = {64,     0x5000, 0x5001, 0x5002, 0x5003,
                                               0x5004, 0x5050, 0x5010, 0x5011, 0x5012,
                                               0x5013, 0x5020, 1};
            emit_r(text, RV_ADD, A0, TAME_BASE, X0);
            emit_i(text, RV_ADDI, A1, TAME_BASE, 256 * (int32_t)random_below(seed, 3));
            emit_i(text, RV_ADDI, A2, X0, (int32_t)random_below(seed, 300));
            if (random_below(seed, 4) == 0) emit_r(text, RV_ADD, A2, TAME_BASE, X0);
            if (random_below(seed, 8) == 0) emit_i(text, RV_ADDI, A0, X0, 2);
            emit_ecall(text, numbers[random_below(seed, ARRAY_LEN(numbers))]);
        }
        break;
    default: emit_random_alu(text, seed);
    }
}

#endif
