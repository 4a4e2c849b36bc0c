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

/* Labels as values, and data pointers to functions: extensions of gcc and clang without which this
 * file would be a switch, at half the speed (docs/decisions/0060-two-engines.md). */
#pragma GCC diagnostic ignored "-Wpedantic"
#ifdef __clang__
#pragma clang diagnostic ignored "-Wgnu-label-as-value"
#endif

/* clang makes one indirect jump of all computed gotos and, since version 18, leaves it so where there
 * are many; but it can promise tail calls. gcc 12 cannot, and keeps the jumps apart. */
#if defined(__clang__) && defined(__has_attribute)
#if __has_attribute(musttail)
#define TAIL_CALLS 1
#endif
#endif
#ifndef TAIL_CALLS
#define TAIL_CALLS 0
#endif

/* Handlers beyond those of the instructions: special cases that are settled while decoding, and what
 * other handlers go to when something is not as usual. */
#define EXTRA_TABLE(X)                                                       \
    X(CONSTANT)      /* LUI, and AUIPC whose sum is sign-extended 32 bits */ \
    X(CONSTANT_HIGH) /* AUIPC whose sum is 2^31 to 2^32 - 1 */               \
    X(J)             /* JAL without link */                                  \
    X(JR)            /* JALR without link */                                 \
    X(BRANCH_BAD)    /* a branch whose target traps with the cause in imm */ \
    X(TRAP)          /* cause in imm */                                      \
    X(STOP)          /* end of the window */                                 \
    X(BAD_JUMP)                                                              \
    X(LOAD_SLOWLY)                                                           \
    X(STORE_SLOWLY)                                                          \
    X(NEAR_LIMIT)

enum handler {
    H_BEFORE = RV_OP_COUNT - 1,
#define EXTRA_ENUM(name) H_##name,
    EXTRA_TABLE(EXTRA_ENUM)
#undef EXTRA_ENUM
        H_COUNT
};

enum { WINDOW = 256 };

/* What a run needs beside the machine. */
struct run {
    const struct machine_record *records;
    const uint32_t *lengths; /* of runs, by record */
    uint64_t text_lo, text_size;
    uint64_t max_cycles;
    uint64_t extra; /* cycles so far that are not steps */
    const void *const *handlers;
    const struct machine_record *window_at; /* the record that window[0] is a copy of */
    uint64_t window_count;                  /* 0: the window was never open */
    struct machine_record window[WINDOW + 1];
};

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

static NO_INLINE bool branch_taken(
    const struct machine *machine, const struct machine_record *record
) {
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

static uint64_t address_of(const struct run *run, const struct machine_record *p) {
    return run->text_lo + 4 * (uint64_t)(p - run->records);
}

/* Copies what can still be paid of p's run, and a STOP. */
static NO_INLINE void open_window(struct run *run, const struct machine_record *p, uint64_t left) {
    run->window_at = p;
    run->window_count = left < WINDOW ? left : WINDOW;
    memcpy(run->window, p, run->window_count * sizeof run->window[0]);
    run->window[run->window_count].handler = run->handlers[H_STOP];
}

static bool in_window(const struct run *run, const struct machine_record *p) {
    return (uintptr_t)p - (uintptr_t)run->window < sizeof run->window;
}

/* The cycles that were charged for p and what follows it in its run or window. (p itself stays in a
 * register: its address is never taken.) */
static NO_INLINE uint64_t charged_from(const struct run *run, const struct machine_record *p) {
    if (in_window(run, p)) return run->window_count - (uint64_t)(p - run->window);
    return run->lengths[p - run->records];
}

/* The program's own record for p, which may be the window's copy of it. */
static NO_INLINE const struct machine_record *own_record(
    const struct run *run, const struct machine_record *p
) {
    return in_window(run, p) ? run->window_at + (p - run->window) : p;
}

static NO_INLINE enum machine_status leave(
    struct machine *machine,
    const struct run *run,
    const struct machine_record *p,
    struct machine_ecall end,
    uint64_t left
) {
    machine->status = end.status;
    machine->code = end.code;
    machine->pc = address_of(run, p);
    machine->cycles = run->max_cycles - left;
    machine->steps = machine->cycles - run->extra;
    return end.status;
}

#define LEAVE(status, code, cycles_left) \
    return leave(machine, run, p, (struct machine_ecall){(status), (code), 0}, (cycles_left))

/* Goes on at p, which starts a run: charges it first. */
#define ENTER()                                                 \
    do {                                                        \
        const uint64_t length = run->lengths[p - run->records]; \
        if (UNLIKELY(length > left)) GO_TO(NEAR_LIMIT);         \
        left -= length;                                         \
        GO();                                                   \
    } while (0)

#define NEXT() \
    do {       \
        p++;   \
        GO();  \
    } while (0)

#if TAIL_CALLS

/* Six arguments, which is what the calling convention keeps in registers. */
#define UNUSED __attribute__((unused))
#define PARAMETERS                                                                   \
    struct machine *machine, const struct machine_record *p, UNUSED uint8_t *memory, \
        UNUSED const uint8_t *flags, uint64_t left, struct run *run
#define ARGUMENTS     machine, p, memory, flags, left, run
#define HANDLER(name) static enum machine_status op_##name(PARAMETERS)
#define GO()          __attribute__((musttail)) return ((handler_function)p->handler)(ARGUMENTS)
#define GO_TO(name)   __attribute__((musttail)) return op_##name(ARGUMENTS)

typedef enum machine_status (*handler_function)(PARAMETERS);

#define DECLARE(name, ...) HANDLER(name);
RV_TABLE(DECLARE)
EXTRA_TABLE(DECLARE)
#undef DECLARE

#include "machine/machine_handlers.h"

/* Never reached: decoding turns these into constants and traps. */
HANDLER(LUI) {
    GO_TO(TRAP);
}

HANDLER(AUIPC) {
    GO_TO(TRAP);
}

HANDLER(EBREAK) {
    GO_TO(TRAP);
}

static const void *const handler_table[H_COUNT] = {
#define ADDRESS(op, ...) [RV_##op] = (const void *)op_##op,
#define EXTRA(name)      [H_##name] = (const void *)op_##name,
    RV_TABLE(ADDRESS) EXTRA_TABLE(EXTRA)
#undef ADDRESS
#undef EXTRA
};

static const void *const *handlers(void) {
    return handler_table;
}

static enum machine_status start_run(PARAMETERS) {
    ENTER();
}

static enum machine_status interpret(
    struct machine *machine, struct run *run, const struct machine_record *p, uint64_t left
) {
    return start_run(machine, p, machine->memory->bytes, machine->memory->flags, left, run);
}

#else

#define HANDLER(name)    op_##name:
#define GO()             goto * p->handler
#define GO_TO(name)      goto op_##name

/* Runs from p on; or, where table is not NULL, only puts the handlers' addresses there: labels are
 * local to their function. */
/* NOLINTNEXTLINE(readability-function-size) */
static enum machine_status interpret_or_tell(
    struct machine *machine,
    struct run *run,
    const struct machine_record *p,
    uint64_t left,
    const void *const **table
) {
    static const void *const handler_table[H_COUNT] = {
#define ADDRESS(op, ...) [RV_##op] = &&op_##op,
#define EXTRA(name)      [H_##name] = &&op_##name,
        RV_TABLE(ADDRESS) EXTRA_TABLE(EXTRA)
#undef ADDRESS
#undef EXTRA
    };
    if (table != NULL) {
        *table = handler_table;
        return MACHINE_RUNNING;
    }
    uint8_t *const memory = machine->memory->bytes;
    const uint8_t *const flags = machine->memory->flags;
    ENTER();

#include "machine/machine_handlers.h"

    /* Never reached: decoding turns these into constants and traps. */
op_LUI:
op_AUIPC:
op_EBREAK:
    goto op_TRAP;
}

static const void *const *handlers(void) {
    const void *const *table;
    (void)interpret_or_tell(NULL, NULL, NULL, 0, &table);
    return table;
}

static enum machine_status interpret(
    struct machine *machine, struct run *run, const struct machine_record *p, uint64_t left
) {
    return interpret_or_tell(machine, run, p, left, NULL);
}

#endif

enum machine_status machine_run(struct machine *machine, uint64_t max_cycles) {
    ASSERT(max_cycles < MACHINE_CYCLES_END);
    if (machine->status == MACHINE_EXIT || machine->status == MACHINE_TRAP) return machine->status;
    if (machine->cycles >= max_cycles) {
        machine->status = MACHINE_OUT_OF_CYCLES;
        return machine->status;
    }
    const struct machine_program *program = machine->program;
    struct run run; /* the window stays as it is until it is opened */
    run.records = program->records;
    run.lengths = program->runs;
    run.text_lo = program->image.text_lo;
    run.text_size = program->image.text_hi - run.text_lo;
    run.max_cycles = max_cycles;
    run.extra = machine->cycles - machine->steps;
    run.handlers = handlers();
    run.window_at = NULL;
    run.window_count = 0;
    const struct machine_record *p = run.records + (machine->pc - run.text_lo) / 4;
    return interpret(machine, &run, p, max_cycles - machine->cycles);
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
    const void *const *table = handlers();
    struct preparation to = {text_lo, (uint32_t)(text.len / 4), 0};
    for (uint32_t i = 0; i < to.count; i++) {
        const struct rv_insn insn = rv_decode(load_le32(text.data + (size_t)i * 4));
        const uint8_t rd = insn.rd == 0 ? MACHINE_SINK : insn.rd;
        records[i] = (struct machine_record){NULL, insn.imm, rd, insn.rs1, insn.rs2, insn.op};
        prepare(&to, &records[i], i);
        records[i].handler = table[to.handler];
    }
    records[to.count] =
        (struct machine_record){table[H_TRAP], TRAP_FETCH, MACHINE_SINK, 0, 0, RV_ILLEGAL};
    runs[to.count] = 1;
    for (uint32_t i = to.count; i-- > 0;) {
        runs[i] = rv_ends_run((enum rv_op)records[i].op) ? 1 : runs[i + 1] + 1;
    }
}
