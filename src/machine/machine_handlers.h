/* machine_handlers: what each instruction does in the fast engine, once, for the two ways in which
 * machine_interp.c goes from one handler to the next. No include guard: it is part of that file, which
 * defines HANDLER and the ways to end one (NEXT, ENTER, LEAVE, GO_TO).
 *
 * In sight: machine, p (the record being executed), memory, flags, left (cycles not yet charged), run.
 */
#define IMM       ((uint64_t)(int64_t)p->imm)
#define A         machine->x[p->rs1]
#define B         machine->x[p->rs2]
#define D         machine->x[p->rd]
#define AS        ((int64_t)A)
#define BS        ((int64_t)B)
#define A32       ((uint32_t)A)
#define B32       ((uint32_t)B)
#define SEXT32(v) ((uint64_t)(int64_t)(int32_t)(uint32_t)(v))

/* clang-format off */
#define ALU(op, value)                                                                             \
    HANDLER(op) {                                                                                  \
        const uint64_t result = (value);                                                           \
        D = result;                                                                                \
        NEXT();                                                                                    \
    }
#define BRANCH(op, condition)                                                                      \
    HANDLER(op) {                                                                                  \
        if (condition) {                                                                           \
            p += p->imm;                                                                           \
            ENTER();                                                                               \
        }                                                                                          \
        p++;                                                                                       \
        ENTER();                                                                                   \
    }
#define LOAD(op, type)                                                                             \
    HANDLER(op) {                                                                                  \
        const uint32_t at = (uint32_t)(A + IMM);                                                   \
        if (UNLIKELY((flags[at >> MACHINE_PAGE_BITS] & PAGE_READ) == 0)) GO_TO(LOAD_SLOWLY);       \
        if (UNLIKELY(at % sizeof(type) != 0)) GO_TO(LOAD_SLOWLY);                                  \
        type value;                                                                                \
        memcpy(&value, memory + at, sizeof value);                                                 \
        D = (uint64_t)(int64_t)value;                                                              \
        NEXT();                                                                                    \
    }
#define STORE(op, type)                                                                            \
    HANDLER(op) {                                                                                  \
        const uint32_t at = (uint32_t)(A + IMM);                                                   \
        if (UNLIKELY((flags[at >> MACHINE_PAGE_BITS] & PAGE_STORE) == 0)) GO_TO(STORE_SLOWLY);     \
        if (UNLIKELY(at % sizeof(type) != 0)) GO_TO(STORE_SLOWLY);                                 \
        const type value = (type)B;                                                                \
        memcpy(memory + at, &value, sizeof value);                                                 \
        NEXT();                                                                                    \
    }

ALU(ADDI, A + IMM)
ALU(SLTI, AS < (int64_t)p->imm)
ALU(SLTIU, A < IMM)
ALU(XORI, A ^ IMM)
ALU(ORI, A | IMM)
ALU(ANDI, A & IMM)
ALU(SLLI, A << (p->imm & 63))
ALU(SRLI, A >> (p->imm & 63))
ALU(SRAI, (uint64_t)(AS >> (p->imm & 63)))
ALU(ADDIW, SEXT32(A + IMM))
ALU(SLLIW, SEXT32(A32 << (p->imm & 31)))
ALU(SRLIW, SEXT32(A32 >> (p->imm & 31)))
ALU(SRAIW, (uint64_t)(int64_t)((int32_t)A32 >> (p->imm & 31)))
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
ALU(SLLW, SEXT32(A32 << (B & 31)))
ALU(SRLW, SEXT32(A32 >> (B & 31)))
ALU(SRAW, (uint64_t)(int64_t)((int32_t)A32 >> (B & 31)))
ALU(MUL, A * B)
ALU(MULH, (uint64_t)(((int128)AS * BS) >> 64))
ALU(MULHSU, (uint64_t)(((int128)AS * (int128)(uint128)B) >> 64))
ALU(MULHU, (uint64_t)(((uint128)A * B) >> 64))
ALU(DIV, div_signed(AS, BS))
ALU(DIVU, B == 0 ? UINT64_MAX : A / B)
ALU(REM, rem_signed(AS, BS))
ALU(REMU, B == 0 ? A : A % B)
ALU(MULW, SEXT32(A * B))
ALU(DIVW, SEXT32(div_signed((int32_t)A32, (int32_t)B32)))
ALU(DIVUW, B32 == 0 ? UINT64_MAX : SEXT32(A32 / B32))
ALU(REMW, SEXT32(rem_signed((int32_t)A32, (int32_t)B32)))
ALU(REMUW, B32 == 0 ? SEXT32(A) : SEXT32(A32 % B32))
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

HANDLER(FENCE) {
    NEXT();
}

HANDLER(JAL) {
    D = address_of(run, p) + 4;
    p += p->imm;
    ENTER();
}

HANDLER(J) {
    p += p->imm;
    ENTER();
}

HANDLER(JALR) {
    const uint64_t offset = ((A + IMM) & ~(uint64_t)1) - run->text_lo;
    if (UNLIKELY(offset % 4 != 0 || offset >= run->text_size)) GO_TO(BAD_JUMP);
    D = address_of(run, p) + 4;
    p = run->records + offset / 4;
    ENTER();
}

HANDLER(JR) {
    const uint64_t offset = ((A + IMM) & ~(uint64_t)1) - run->text_lo;
    if (UNLIKELY(offset % 4 != 0 || offset >= run->text_size)) GO_TO(BAD_JUMP);
    p = run->records + offset / 4;
    ENTER();
}

HANDLER(BAD_JUMP) {
    const uint64_t target = A + IMM;
    LEAVE(MACHINE_TRAP, target & 2 ? TRAP_MISALIGNED_JUMP : TRAP_FETCH, left + 1);
}

HANDLER(BRANCH_BAD) {
    if (branch_taken(machine, p)) GO_TO(TRAP);
    p++;
    ENTER();
}

HANDLER(ECALL) {
    const struct machine_ecall call = machine_ecall(machine, left);
    if (call.status == MACHINE_RUNNING) {
        left -= call.extra;
        run->extra += call.extra;
        p++;
        ENTER();
    }
    if (call.status == MACHINE_EXIT) {
        p++;
        LEAVE(MACHINE_EXIT, call.code, left);
    }
    LEAVE(call.status, call.code, left + 1); /* it was charged and did not happen */
}

HANDLER(LOAD_SLOWLY) {
    if (slow_load(machine, p)) NEXT();
    left += charged_from(run, p);
    p = own_record(run, p);
    LEAVE(MACHINE_TRAP, TRAP_LOAD, left);
}

HANDLER(STORE_SLOWLY) {
    if (slow_store(machine, p)) NEXT();
    left += charged_from(run, p);
    p = own_record(run, p);
    LEAVE(MACHINE_TRAP, TRAP_STORE, left);
}

/* The end of a run: one instruction was charged and did not happen. */
HANDLER(TRAP) {
    LEAVE(MACHINE_TRAP, (uint32_t)p->imm, left + 1);
}

HANDLER(STOP) {
    p = run->window_at + run->window_count;
    GO_TO(NEAR_LIMIT);
}

/* p's run is longer than what is left. */
HANDLER(NEAR_LIMIT) {
    if (left == 0) LEAVE(MACHINE_OUT_OF_CYCLES, 0, 0);
    open_window(run, p, left);
    left -= run->window_count;
    p = run->window;
    GO();
}

#undef IMM
#undef A
#undef B
#undef D
#undef AS
#undef BS
#undef A32
#undef B32
#undef SEXT32
#undef ALU
#undef BRANCH
#undef LOAD
#undef STORE
