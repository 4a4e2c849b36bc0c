/* The plain twin: every instruction is fetched from memory, decoded and executed where it stands, in
 * the words of the manual. Slow, and what the tests believe. */
#include "machine/machine.h"
#include "machine/machine_ecall.h"
#include "machine/rv_decode.h"

static uint64_t sext32(uint64_t value) {
    return (uint64_t)(int64_t)(int32_t)(uint32_t)value;
}

/* The high half of a 64 by 64 bit product, by halves of 32 bits. */
static uint64_t mulhu(uint64_t a, uint64_t b) {
    const uint64_t a_lo = (uint32_t)a, a_hi = a >> 32;
    const uint64_t b_lo = (uint32_t)b, b_hi = b >> 32;
    const uint64_t low_carry = a_lo * b_lo >> 32;
    const uint64_t middle = a_hi * b_lo + low_carry;
    const uint64_t middle_low = (uint32_t)middle + a_lo * b_hi;
    return a_hi * b_hi + (middle >> 32) + (middle_low >> 32);
}

/* A negative operand counts as its unsigned value less 2^64. */
static uint64_t mulh(uint64_t a, uint64_t b) {
    uint64_t high = mulhu(a, b);
    if ((int64_t)a < 0) high -= b;
    if ((int64_t)b < 0) high -= a;
    return high;
}

static uint64_t mulhsu(uint64_t a, uint64_t b) {
    return (int64_t)a < 0 ? mulhu(a, b) - b : mulhu(a, b);
}

static uint64_t div_signed(uint64_t a, uint64_t b) {
    if (b == 0) return UINT64_MAX;
    if ((int64_t)a == INT64_MIN && (int64_t)b == -1) return a;
    return (uint64_t)((int64_t)a / (int64_t)b);
}

static uint64_t rem_signed(uint64_t a, uint64_t b) {
    if (b == 0) return a;
    if ((int64_t)a == INT64_MIN && (int64_t)b == -1) return 0;
    return (uint64_t)((int64_t)a % (int64_t)b);
}

/* On sign-extended 32-bit operands the 64-bit forms give the 32-bit result: MIN32 / -1 is 2^31, which
 * sign-extends to MIN32 again. */
static uint64_t div_word(enum rv_op op, uint64_t a, uint64_t b) {
    switch (op) {
    case RV_DIVW: return sext32(div_signed(sext32(a), sext32(b)));
    case RV_REMW: return sext32(rem_signed(sext32(a), sext32(b)));
    case RV_DIVUW: return (uint32_t)b == 0 ? UINT64_MAX : sext32((uint32_t)a / (uint32_t)b);
    case RV_REMUW: return sext32((uint32_t)b == 0 ? a : (uint32_t)a % (uint32_t)b);
    default: ASSERT(false);
    }
}

/* Instructions of two operands and a result; b is rs2's value or the immediate. */
static uint64_t compute(enum rv_op op, uint64_t a, uint64_t b) {
    switch (op) {
    case RV_ADDI:
    case RV_ADD: return a + b;
    case RV_SUB: return a - b;
    case RV_SLTI:
    case RV_SLT: return (int64_t)a < (int64_t)b;
    case RV_SLTIU:
    case RV_SLTU: return a < b;
    case RV_XORI:
    case RV_XOR: return a ^ b;
    case RV_ORI:
    case RV_OR: return a | b;
    case RV_ANDI:
    case RV_AND: return a & b;
    case RV_SLLI:
    case RV_SLL: return a << (b & 63);
    case RV_SRLI:
    case RV_SRL: return a >> (b & 63);
    case RV_SRAI:
    case RV_SRA: return (uint64_t)((int64_t)a >> (b & 63));
    case RV_ADDIW:
    case RV_ADDW: return sext32(a + b);
    case RV_SUBW: return sext32(a - b);
    case RV_SLLIW:
    case RV_SLLW: return sext32(a << (b & 31));
    case RV_SRLIW:
    case RV_SRLW: return sext32((uint32_t)a >> (b & 31));
    case RV_SRAIW:
    case RV_SRAW: return (uint64_t)(int64_t)((int32_t)(uint32_t)a >> (b & 31));
    case RV_MUL: return a * b;
    case RV_MULH: return mulh(a, b);
    case RV_MULHSU: return mulhsu(a, b);
    case RV_MULHU: return mulhu(a, b);
    case RV_DIV: return div_signed(a, b);
    case RV_DIVU: return b == 0 ? UINT64_MAX : a / b;
    case RV_REM: return rem_signed(a, b);
    case RV_REMU: return b == 0 ? a : a % b;
    case RV_MULW: return sext32(a * b);
    default: return div_word(op, a, b);
    }
}

static bool branch_taken(enum rv_op op, uint64_t a, uint64_t b) {
    switch (op) {
    case RV_BEQ: return a == b;
    case RV_BNE: return a != b;
    case RV_BLT: return (int64_t)a < (int64_t)b;
    case RV_BGE: return (int64_t)a >= (int64_t)b;
    case RV_BLTU: return a < b;
    case RV_BGEU: return a >= b;
    default: ASSERT(false);
    }
}

/* log2 of the access in bytes stands in the low two bits of funct3, "unsigned" in the third. */
static unsigned access_size(enum rv_op op) {
    return 1u << (rv_match(op) >> 12 & 3);
}

static uint64_t extend_loaded(enum rv_op op, uint64_t value) {
    const unsigned unused_bits = 64 - 8 * access_size(op);
    if (rv_match(op) >> 14 & 1) return value;
    return (uint64_t)((int64_t)(value << unused_bits) >> unused_bits);
}

static void trap(struct machine *machine, enum machine_trap cause) {
    machine->status = MACHINE_TRAP;
    machine->code = cause;
}

/* The instruction is done: it counts, and the next one stands at pc. */
static void retire(struct machine *machine, uint64_t pc, uint64_t extra) {
    machine->steps++;
    machine->cycles += 1 + extra;
    machine->pc = pc;
}

static void set_register(struct machine *machine, uint8_t rd, uint64_t value) {
    if (rd != 0) machine->x[rd] = value;
}

/* A jump, or a branch that is taken: link is what rd gets, if the target is good. */
static void jump(struct machine *machine, uint8_t rd, uint64_t target) {
    const struct elf_image *image = &machine->program->image;
    if (target % 4 != 0) {
        trap(machine, TRAP_MISALIGNED_JUMP);
    } else if (target < image->text_lo || target >= image->text_hi) {
        trap(machine, TRAP_FETCH);
    } else {
        set_register(machine, rd, machine->pc + 4);
        retire(machine, target, 0);
    }
}

static void access(struct machine *machine, const struct rv_insn *insn) {
    const uint64_t base = machine->x[insn->rs1];
    const uint32_t address = (uint32_t)(base + (uint64_t)(int64_t)insn->imm);
    const unsigned size = access_size((enum rv_op)insn->op);
    if (rv_format((enum rv_op)insn->op) == RV_S) {
        if (!machine_memory_store(machine->memory, address, size, machine->x[insn->rs2])) {
            trap(machine, TRAP_STORE);
            return;
        }
    } else {
        uint64_t value;
        if (!machine_memory_load(machine->memory, &value, address, size)) {
            trap(machine, TRAP_LOAD);
            return;
        }
        set_register(machine, insn->rd, extend_loaded((enum rv_op)insn->op, value));
    }
    if (address % size != 0) machine->misaligned++;
    retire(machine, machine->pc + 4, 0);
}

static void environment_call(struct machine *machine, uint64_t max_cycles) {
    const struct machine_ecall call = machine_ecall(machine, max_cycles - machine->cycles - 1);
    machine->status = call.status;
    machine->code = call.code;
    if (call.status == MACHINE_RUNNING || call.status == MACHINE_EXIT) {
        retire(machine, machine->pc + 4, call.extra);
    }
}

static void plain(struct machine *machine, enum rv_op op, uint64_t max_cycles) {
    switch (op) {
    case RV_FENCE: retire(machine, machine->pc + 4, 0); break;
    case RV_ECALL: environment_call(machine, max_cycles); break;
    case RV_EBREAK: trap(machine, TRAP_EBREAK); break;
    default: trap(machine, TRAP_ILLEGAL);
    }
}

static void execute(struct machine *machine, const struct rv_insn *insn, uint64_t max_cycles) {
    const enum rv_op op = (enum rv_op)insn->op;
    const uint64_t a = machine->x[insn->rs1];
    const uint64_t b = machine->x[insn->rs2];
    const uint64_t imm = (uint64_t)(int64_t)insn->imm;
    const uint64_t next = machine->pc + 4;
    uint64_t value;
    switch (rv_format(op)) {
    case RV_R: value = compute(op, a, b); break;
    case RV_SHIFT:
    case RV_SHIFTW: value = compute(op, a, imm); break;
    case RV_I:
        if (op == RV_JALR) {
            jump(machine, insn->rd, (a + imm) & ~(uint64_t)1);
            return;
        }
        value = compute(op, a, imm);
        break;
    case RV_U: value = op == RV_LUI ? imm : machine->pc + imm; break;
    case RV_J: jump(machine, insn->rd, machine->pc + imm); return;
    case RV_B:
        if (branch_taken(op, a, b)) {
            jump(machine, 0, machine->pc + imm);
        } else {
            retire(machine, next, 0);
        }
        return;
    case RV_LOAD:
    case RV_S: access(machine, insn); return;
    default: plain(machine, op, max_cycles); return;
    }
    set_register(machine, insn->rd, value);
    retire(machine, next, 0);
}

enum machine_status machine_step(struct machine *machine, uint64_t max_cycles) {
    ASSERT(max_cycles < MACHINE_CYCLES_END);
    const struct elf_image *image = &machine->program->image;
    if (machine->status == MACHINE_EXIT || machine->status == MACHINE_TRAP) return machine->status;
    if (machine->cycles >= max_cycles) {
        machine->status = MACHINE_OUT_OF_CYCLES;
        return machine->status;
    }
    machine->status = MACHINE_RUNNING;
    if (machine->pc < image->text_lo || machine->pc >= image->text_hi) {
        trap(machine, TRAP_FETCH);
        return machine->status;
    }
    const struct rv_insn insn = rv_decode(load_le32(machine->memory->bytes + machine->pc));
    execute(machine, &insn, max_cycles);
    return machine->status;
}

enum machine_status machine_run_plain(struct machine *machine, uint64_t max_cycles) {
    enum machine_status status;
    do {
        status = machine_step(machine, max_cycles);
    } while (status == MACHINE_RUNNING);
    return status;
}
