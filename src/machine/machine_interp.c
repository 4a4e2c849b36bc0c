/* The fast engine. Text was decoded once into records that hold the address of their handler, and a
 * handler ends by jumping to the next record's: no decoding, no central switch, no counter in the
 * loop. What the instructions mean is machine_step.c; here only how it is quick.
 *
 * Cycles are charged for a whole run of instructions when it is entered, up to and including the one
 * that ends it. Where that charge is above what is left, the instructions that can still be paid
 * are copied to a small window with a STOP behind them, and executed there: the limit is exact, and
 * the program's records, which other threads may be executing, are never written to.
 */
#include "machine/machine_interp.h"

#include "machine/machine_ecall.h"
#include "machine/rv_decode.h"

/* Computed goto (labels as values) is an extension of gcc and clang; without it this file would be a
 * switch, at half the speed (docs/decisions, "Two engines"). */
#pragma GCC diagnostic ignored "-Wpedantic"
#ifdef __clang__
#pragma clang diagnostic ignored "-Wgnu-label-as-value"
#endif

/* Handlers beyond one an instruction: special cases that are settled while decoding. */
enum handler {
    H_TRAP = RV_OP_COUNT, /* cause in imm */
    H_CONSTANT,           /* LUI, and AUIPC whose sum is sign-extended 32 bits */
    H_CONSTANT_HIGH,      /* AUIPC whose sum is 2^31 to 2^32 - 1 */
    H_J,                  /* JAL without link */
    H_JR,                 /* JALR without link */
    H_BRANCH_BAD,         /* a branch whose target traps with the cause in imm */
    H_STOP,               /* end of the window */
    H_COUNT
};

enum { WINDOW = 256 };

/* The fast engine's part of a load that is misaligned, or not allowed. false: a trap. */
static NO_INLINE bool slow_load(struct machine *machine, const struct machine_record *record) {
    const uint64_t base = machine->x[record->rs1];
    const uint32_t address = (uint32_t)(base + (uint64_t)(int64_t)record->imm);
    const uint32_t funct3 = rv_match((enum rv_op)record->op) >> 12;
    const unsigned size = 1u << (funct3 & 3);
    uint64_t value;
    if (!machine_memory_load(machine->memory, &value, address, size)) return false;
    const unsigned unused_bits = funct3 & 4 ? 0 : 64 - 8 * size;
    machine->x[record->rd] = (uint64_t)((int64_t)(value << unused_bits) >> unused_bits);
    if (address % size != 0) machine->misaligned++;
    return true;
}

/* The same for a store, and the first store to a page. */
static NO_INLINE bool slow_store(struct machine *machine, const struct machine_record *record) {
    const uint64_t base = machine->x[record->rs1];
    const uint32_t address = (uint32_t)(base + (uint64_t)(int64_t)record->imm);
    const unsigned size = 1u << (rv_match((enum rv_op)record->op) >> 12 & 3);
    if (!machine_memory_store(machine->memory, address, size, machine->x[record->rs2])) {
        return false;
    }
    if (address % size != 0) machine->misaligned++;
    return true;
}

static bool branch_taken(const struct machine *machine, const struct machine_record *record) {
    const uint64_t a = machine->x[record->rs1];
    const uint64_t b = machine->x[record->rs2];
    switch (record->op) {
    case RV_BEQ: return a == b;
    case RV_BNE: return a != b;
    case RV_BLT: return (int64_t)a < (int64_t)b;
    case RV_BGE: return (int64_t)a >= (int64_t)b;
    case RV_BLTU: return a < b;
    default: return a >= b;
    }
}

static uint64_t div_signed(int64_t a, int64_t b) {
    if (b == 0) return UINT64_MAX;
    if (b == -1) return 0 - (uint64_t)a; /* wraps for the one quotient that does not fit */
    return (uint64_t)(a / b);
}

static uint64_t rem_signed(int64_t a, int64_t b) {
    if (b == 0) return (uint64_t)a;
    if (b == -1) return 0;
    return (uint64_t)(a % b);
}

/* Runs the machine, or with NULL answers the handlers' addresses, in the order of rv_op and handler,
 * in *table. One function, because labels are local to it. */
/* NOLINTNEXTLINE(readability-function-size) */
static enum machine_status interpret(
    struct machine *machine, uint64_t max_cycles, const void *const **table
) {
    static const void *const handlers[H_COUNT] = {
#define LABEL(op, name, format, match, mask) [RV_##op] = &&op_##op,
        RV_TABLE(LABEL)
#undef LABEL
            [H_TRAP] = &&op_TRAP,
        [H_CONSTANT] = &&op_CONSTANT,
        [H_CONSTANT_HIGH] = &&op_CONSTANT_HIGH,
        [H_J] = &&op_J,
        [H_JR] = &&op_JR,
        [H_BRANCH_BAD] = &&op_BRANCH_BAD,
        [H_STOP] = &&op_STOP,
    };
    if (table != NULL) {
        *table = handlers;
        return MACHINE_RUNNING;
    }

    const struct machine_record *const records = machine->program->records;
    const uint32_t *const runs = machine->program->runs;
    const uint64_t text_lo = machine->program->image.text_lo;
    const uint64_t text_size = machine->program->image.text_hi - text_lo;
    uint8_t *const memory = machine->memory->bytes;
    const uint8_t *const flags = machine->memory->flags;
    uint64_t *const x = machine->x;

    struct machine_record window[WINDOW + 1];
    const struct machine_record *window_at = NULL; /* the record that window[0] is a copy of */
    uint64_t window_count = 0;

    const struct machine_record *p = records + (machine->pc - text_lo) / 4;
    uint64_t left = max_cycles - machine->cycles;
    uint64_t unstepped = machine->cycles - machine->steps; /* extra cycles so far */
    enum machine_status status;
    uint32_t code;

/* clang-format off */
#define NEXT()    do { p++; goto *p->handler; } while (0)
#define ENTER()                                                                                    \
    do {                                                                                           \
        const uint64_t run = runs[p - records];                                                    \
        if (UNLIKELY(run > left)) goto near_limit;                                                 \
        left -= run;                                                                               \
        goto *p->handler;                                                                          \
    } while (0)
#define IMM       ((uint64_t)(int64_t)p->imm)
#define A         x[p->rs1]
#define B         x[p->rs2]
#define AS        ((int64_t)x[p->rs1])
#define BS        ((int64_t)x[p->rs2])
#define SEXT32(v) ((uint64_t)(int64_t)(int32_t)(uint32_t)(v))
#define ALU(op, value)                                                                             \
    op_##op: { const uint64_t result = (value); x[p->rd] = result; NEXT(); }
#define BRANCH(op, condition)                                                                      \
    op_##op:                                                                                       \
    if (condition) { p += p->imm; ENTER(); }                                                       \
    p++;                                                                                           \
    ENTER();
#define LOAD(op, type)                                                                             \
    op_##op: {                                                                                     \
        const uint32_t at = (uint32_t)(A + IMM);                                                   \
        if (UNLIKELY((flags[at >> MACHINE_PAGE_BITS] & PAGE_READ) == 0)) goto load_slowly;         \
        if (UNLIKELY(at % sizeof(type) != 0)) goto load_slowly;                                    \
        type value;                                                                                \
        memcpy(&value, memory + at, sizeof value);                                                 \
        x[p->rd] = (uint64_t)(int64_t)value;                                                       \
        NEXT();                                                                                    \
    }
#define STORE(op, type)                                                                            \
    op_##op: {                                                                                     \
        const uint32_t at = (uint32_t)(A + IMM);                                                   \
        if (UNLIKELY((flags[at >> MACHINE_PAGE_BITS] & PAGE_STORE) == 0)) goto store_slowly;       \
        if (UNLIKELY(at % sizeof(type) != 0)) goto store_slowly;                                   \
        const type value = (type)B;                                                                \
        memcpy(memory + at, &value, sizeof value);                                                 \
        NEXT();                                                                                    \
    }

    ENTER();

    ALU(ADDI, A + IMM)
    ALU(SLTI, AS < (int64_t)p->imm)
    ALU(SLTIU, A < IMM)
    ALU(XORI, A ^ IMM)
    ALU(ORI, A | IMM)
    ALU(ANDI, A & IMM)
    ALU(SLLI, A << p->imm)
    ALU(SRLI, A >> p->imm)
    ALU(SRAI, (uint64_t)(AS >> p->imm))
    ALU(ADDIW, SEXT32(A + IMM))
    ALU(SLLIW, SEXT32((uint32_t)A << p->imm))
    ALU(SRLIW, SEXT32((uint32_t)A >> p->imm))
    ALU(SRAIW, (uint64_t)(int64_t)((int32_t)(uint32_t)A >> p->imm))
    ALU(ADD, A + B)
    ALU(SUB, A - B)
    ALU(SLL, A << (B & 63))
    ALU(SLT, AS < BS)
    ALU(SLTU, A < B)
    ALU(XOR, A ^ B)
    ALU(SRL, A >> (B & 63))
    ALU(SRA, (uint64_t)(AS >> (B & 63)))
    ALU(OR, A | B)
    ALU(AND, A & B)
    ALU(ADDW, SEXT32(A + B))
    ALU(SUBW, SEXT32(A - B))
    ALU(SLLW, SEXT32((uint32_t)A << (B & 31)))
    ALU(SRLW, SEXT32((uint32_t)A >> (B & 31)))
    ALU(SRAW, (uint64_t)(int64_t)((int32_t)(uint32_t)A >> (B & 31)))
    ALU(MUL, A * B)
    ALU(MULH, (uint64_t)(((int128)AS * BS) >> 64))
    ALU(MULHSU, (uint64_t)(((int128)AS * (int128)(uint128)B) >> 64))
    ALU(MULHU, (uint64_t)(((uint128)A * B) >> 64))
    ALU(DIV, div_signed(AS, BS))
    ALU(DIVU, B == 0 ? UINT64_MAX : A / B)
    ALU(REM, rem_signed(AS, BS))
    ALU(REMU, B == 0 ? A : A % B)
    ALU(MULW, SEXT32(A * B))
    ALU(DIVW, SEXT32(div_signed((int32_t)(uint32_t)A, (int32_t)(uint32_t)B)))
    ALU(DIVUW, (uint32_t)B == 0 ? UINT64_MAX : SEXT32((uint32_t)A / (uint32_t)B))
    ALU(REMW, SEXT32(rem_signed((int32_t)(uint32_t)A, (int32_t)(uint32_t)B)))
    ALU(REMUW, (uint32_t)B == 0 ? SEXT32(A) : SEXT32((uint32_t)A % (uint32_t)B))
    ALU(CONSTANT, IMM)
    ALU(CONSTANT_HIGH, (uint32_t)p->imm)

    LOAD(LB, int8_t)
    LOAD(LH, int16_t)
    LOAD(LW, int32_t)
    LOAD(LD, uint64_t)
    LOAD(LBU, uint8_t)
    LOAD(LHU, uint16_t)
    LOAD(LWU, uint32_t)
    STORE(SB, uint8_t)
    STORE(SH, uint16_t)
    STORE(SW, uint32_t)
    STORE(SD, uint64_t)

    BRANCH(BEQ, A == B)
    BRANCH(BNE, A != B)
    BRANCH(BLT, AS < BS)
    BRANCH(BGE, AS >= BS)
    BRANCH(BLTU, A < B)
    BRANCH(BGEU, A >= B)

    /* clang-format on */

op_FENCE:
    NEXT();

op_JAL:
    x[p->rd] = text_lo + 4 * (uint64_t)(p - records) + 4;
    p += p->imm;
    ENTER();

op_J:
    p += p->imm;
    ENTER();

op_JALR : {
    const uint64_t offset = ((A + IMM) & ~(uint64_t)1) - text_lo;
    if (UNLIKELY(offset % 4 != 0 || offset >= text_size)) goto bad_jump;
    x[p->rd] = text_lo + 4 * (uint64_t)(p - records) + 4;
    p = records + offset / 4;
    ENTER();
}

op_JR : {
    const uint64_t offset = ((A + IMM) & ~(uint64_t)1) - text_lo;
    if (UNLIKELY(offset % 4 != 0 || offset >= text_size)) goto bad_jump;
    p = records + offset / 4;
    ENTER();
}

op_BRANCH_BAD:
    if (branch_taken(machine, p)) goto op_TRAP;
    p++;
    ENTER();

op_ECALL : {
    const struct machine_ecall call = machine_ecall(machine, left);
    if (call.status == MACHINE_RUNNING) {
        left -= call.extra;
        unstepped += call.extra;
        p++;
        ENTER();
    }
    status = call.status;
    code = call.code;
    if (status == MACHINE_EXIT)
        p++;
    else
        left++; /* it was charged and did not happen */
    goto leave;
}

load_slowly:
    if (slow_load(machine, p)) NEXT();
    code = TRAP_LOAD;
    goto access_fault;

store_slowly:
    if (slow_store(machine, p)) NEXT();
    code = TRAP_STORE;

access_fault:
    if ((uintptr_t)p - (uintptr_t)window < sizeof window) {
        left += window_count - (uint64_t)(p - window);
        p = window_at + (p - window);
    } else {
        left += runs[p - records];
    }
    status = MACHINE_TRAP;
    goto leave;

bad_jump:
    code = ((A + IMM) & 2) != 0 ? TRAP_MISALIGNED_JUMP : TRAP_FETCH;
    goto trap_at_end;

op_LUI: /* these have become constants and traps, and are here for the table's sake */
op_AUIPC:
op_EBREAK:
op_TRAP:
    code = (uint32_t)p->imm;

trap_at_end: /* of a run: one instruction was charged and did not happen */
    left++;
    status = MACHINE_TRAP;
    goto leave;

op_STOP:
    p = window_at + window_count;

near_limit: /* p's run is longer than left */
    if (left > 0) {
        window_at = p;
        window_count = left < WINDOW ? left : WINDOW;
        memcpy(window, p, window_count * sizeof window[0]);
        window[window_count].handler = handlers[H_STOP];
        left -= window_count;
        p = window;
        goto * p->handler;
    }
    status = MACHINE_OUT_OF_CYCLES;
    code = 0;

leave:
    machine->status = status;
    machine->code = code;
    machine->pc = text_lo + 4 * (uint64_t)(p - records);
    machine->cycles = max_cycles - left;
    machine->steps = machine->cycles - unstepped;
    return status;
}

enum machine_status machine_run(struct machine *machine, uint64_t max_cycles) {
    ASSERT(max_cycles < MACHINE_CYCLES_END);
    if (machine->status == MACHINE_EXIT || machine->status == MACHINE_TRAP) return machine->status;
    if (machine->cycles >= max_cycles) {
        machine->status = MACHINE_OUT_OF_CYCLES;
        return machine->status;
    }
    return interpret(machine, max_cycles, NULL);
}

/* Where a jump or branch by imm bytes from record index goes: 0 and the distance in records, or the
 * trap's cause. */
static uint32_t jump_fault(uint32_t index, uint32_t count, int32_t imm) {
    if (imm % 4 != 0) return TRAP_MISALIGNED_JUMP;
    const int64_t target = (int64_t)index + imm / 4;
    return target < 0 || target >= count ? TRAP_FETCH : 0;
}

struct preparation {
    uint32_t text_lo, count;
    unsigned handler; /* enum rv_op or enum handler: chosen for the record at hand */
};

static void prepare_jump(struct preparation *to, struct machine_record *record, uint32_t index) {
    const uint32_t fault = jump_fault(index, to->count, record->imm);
    const bool branch = rv_format((enum rv_op)record->op) == RV_B;
    if (fault != 0) {
        to->handler = branch ? H_BRANCH_BAD : H_TRAP;
        record->imm = (int32_t)fault;
        return;
    }
    if (!branch && record->rd == MACHINE_SINK) to->handler = H_J;
    record->imm /= 4;
}

/* AUIPC becomes a constant. Its sum is at least -2^31 and below 2^32, as text ends below 2^31. */
static void prepare_auipc(struct preparation *to, struct machine_record *record, uint32_t index) {
    const int64_t sum = (int64_t)to->text_lo + 4 * (int64_t)index + record->imm;
    to->handler = sum > INT32_MAX ? H_CONSTANT_HIGH : H_CONSTANT;
    record->imm = (int32_t)(uint32_t)(uint64_t)sum;
}

static void prepare(struct preparation *to, struct machine_record *record, uint32_t index) {
    to->handler = record->op;
    switch (record->op) {
    case RV_ILLEGAL:
        to->handler = H_TRAP;
        record->imm = TRAP_ILLEGAL;
        break;
    case RV_EBREAK:
        to->handler = H_TRAP;
        record->imm = TRAP_EBREAK;
        break;
    case RV_LUI: to->handler = H_CONSTANT; break;
    case RV_AUIPC: prepare_auipc(to, record, index); break;
    case RV_JALR:
        if (record->rd == MACHINE_SINK) to->handler = H_JR;
        break;
    case RV_JAL:
    case RV_BEQ:
    case RV_BNE:
    case RV_BLT:
    case RV_BGE:
    case RV_BLTU:
    case RV_BGEU: prepare_jump(to, record, index); break;
    default: break;
    }
}

void machine_interp_prepare(
    struct machine_record *records, uint32_t *runs, struct bytes text, uint32_t text_lo
) {
    const void *const *handlers;
    (void)interpret(NULL, 0, &handlers);

    struct preparation to = {text_lo, (uint32_t)(text.len / 4), 0};
    for (uint32_t i = 0; i < to.count; i++) {
        const struct rv_insn insn = rv_decode(load_le32(text.data + (size_t)i * 4));
        const uint8_t rd = insn.rd == 0 ? MACHINE_SINK : insn.rd;
        records[i] = (struct machine_record){NULL, insn.imm, rd, insn.rs1, insn.rs2, insn.op};
        prepare(&to, &records[i], i);
        records[i].handler = handlers[to.handler];
    }
    records[to.count] =
        (struct machine_record){handlers[H_TRAP], TRAP_FETCH, MACHINE_SINK, 0, 0, RV_ILLEGAL};
    runs[to.count] = 1;
    for (uint32_t i = to.count; i-- > 0;) {
        runs[i] = rv_ends_run((enum rv_op)records[i].op) ? 1 : runs[i + 1] + 1;
    }
}
