/* The loop over the instructions of one frame.
 *
 * Every instruction jumps to the next by a table of labels (computed goto), which lets the processor
 * predict each of those jumps by itself; that is an extension of C that both our compilers have.
 */
#pragma GCC diagnostic ignored "-Wpedantic"

#include "evm/evm_internal.h"
#include "evm/operands.h"

/* What an instruction needs and pays before it runs. Prices that a fork changed are in its row. */
#define CHARGE(cost) \
    if (UNLIKELY((gas -= (cost)) < 0)) goto out_of_gas
#define NEED(pops) \
    if (UNLIKELY(sp < bottom + (pops))) goto stack_underflow
#define ROOM() \
    if (UNLIKELY(sp >= limit)) goto stack_overflow
#define NEXT() goto *table[*pc]
#define SKIP_TO_NEXT() \
    do {               \
        pc++;          \
        NEXT();        \
    } while (0)

#define TOP    sp[-1]
#define SECOND sp[-2]
#define THIRD  sp[-3]

/* Opcodes that came after Frontier. */
#define SINCE_FORK(name) \
    if (UNLIKELY(!rules->defined[OP_##name])) goto undefined_opcode

/* Calls an instruction of instructions.c, with the frame's gas up to date. */
#define DELEGATE(call)                          \
    do {                                        \
        frame->gas = gas;                       \
        const enum evm_status status_ = (call); \
        gas = frame->gas;                       \
        if (UNLIKELY(status_ != EVM_SUCCESS)) { \
            status = status_;                   \
            goto failed;                        \
        }                                       \
    } while (0)

#define BINARY_BODY(cost, statement) \
    {                                \
        CHARGE(cost);                \
        NEED(2);                     \
        statement;                   \
        sp--;                        \
        SKIP_TO_NEXT();              \
    }
#define BINARY(NAME, cost, statement) op_##NAME : BINARY_BODY(cost, statement)

#define PUSH_BODY(cost, value) \
    {                          \
        CHARGE(cost);          \
        ROOM();                \
        *sp = (value);         \
        sp++;                  \
        SKIP_TO_NEXT();        \
    }
#define PUSH_VALUE(NAME, cost, value) op_##NAME : PUSH_BODY(cost, value)

#define DELEGATED(NAME, cost, pops, pushes, call) \
    op_##NAME : {                                 \
        SINCE_FORK(NAME);                         \
        CHARGE(cost);                             \
        NEED(pops);                               \
        DELEGATE(call);                           \
        sp += (pushes) - (pops);                  \
        SKIP_TO_NEXT();                           \
    }

static void trace_step(
    const struct evm *evm,
    const struct evm_frame *frame,
    const uint8_t *pc,
    const struct u256 *sp,
    int64_t gas
) {
    const struct evm_tracer *tracer = evm->context.tracer;
    if (tracer->step == NULL) return;
    const struct evm_step step = {
        .pc = (uint32_t)(pc - frame->code.bytes),
        .opcode = *pc,
        .is_static = frame->message.is_static,
        .depth = frame->message.depth + 1,
        .gas = (uint64_t)gas,
        .refund = evm->context.state->refund,
        .stack = frame->stack,
        .stack_len = (size_t)(sp - frame->stack),
        .memory = {frame->memory, frame->memory_size},
        .return_data = {evm->return_buffer, evm->return_size},
        .message = &frame->message,
        .state = evm->context.state,
    };
    tracer->step(tracer->ctx, &step);
}

/* One function on purpose, far beyond 70 lines: the registers that hold pc, sp and gas are its
 * point. */
// NOLINTNEXTLINE(readability-function-size)
int interpreter_run(struct evm *evm, struct evm_frame *frame) {
#define LABEL(R, value, name, pops, pushes, since, gas) [value] = &&op_##name,
#define TRACE(R, value, name, pops, pushes, since, gas) [value] = &&traced,
    /* 0xfe is INVALID; whatever has no label is undefined too. */
    static const void *const labels[256] = {
        [0x0c ... 0x0f] = &&undefined_opcode,
        [0x1f] = &&undefined_opcode,
        [0x21 ... 0x2f] = &&undefined_opcode,
        [0x4b ... 0x4f] = &&undefined_opcode,
        [0xa5 ... 0xef] = &&undefined_opcode,
        [0xf6 ... 0xf9] = &&undefined_opcode,
        [0xfb ... 0xfc] = &&undefined_opcode,
        [0xfe] = &&undefined_opcode,
        EVM_OPCODES(LABEL, 0)};
    static const void *const traced_labels[256] = {[0 ... 255] = &&traced};
#undef LABEL
#undef TRACE

    const void *const *const table = evm->context.tracer != NULL ? traced_labels : labels;
    const struct evm_rules *const rules = evm->context.rules;
    struct u256 *const bottom = frame->stack;
    struct u256 *const limit = bottom + EVM_STACK_MAX;
    const uint8_t *pc = frame->pc;
    struct u256 *sp = frame->sp;
    int64_t gas = frame->gas;
    uint64_t jumps_left = frame->jumps_left;
    enum evm_status status = EVM_SUCCESS;

    NEXT();

traced:
    trace_step(evm, frame, pc, sp, gas);
    goto *labels[*pc];

op_STOP:
    frame->output = (struct bytes){NULL, 0};
    goto ended;

    BINARY(ADD, 3, (void)u256_add_wrapping(&SECOND, &TOP, &SECOND))
    BINARY(MUL, 5, u256_mul_wrapping(&SECOND, &TOP, &SECOND))
    BINARY(SUB, 3, (void)u256_sub_wrapping(&SECOND, &TOP, &SECOND))
    BINARY(DIV, 5, u256_div(&SECOND, &TOP, &SECOND))
    BINARY(SDIV, 5, u256_sdiv(&SECOND, &TOP, &SECOND))
    BINARY(MOD, 5, u256_mod(&SECOND, &TOP, &SECOND))
    BINARY(SMOD, 5, u256_smod(&SECOND, &TOP, &SECOND))
op_ADDMOD:
    CHARGE(8);
    NEED(3);
    u256_addmod(&THIRD, &TOP, &SECOND, &THIRD);
    sp -= 2;
    SKIP_TO_NEXT();
op_MULMOD:
    CHARGE(8);
    NEED(3);
    u256_mulmod_kept(&THIRD, &TOP, &SECOND, &THIRD, &evm->modulus);
    sp -= 2;
    SKIP_TO_NEXT();
    DELEGATED(EXP, 10, 2, 1, instruction_exp(evm, frame, sp - 1))
    BINARY(SIGNEXTEND, 5, u256_sign_extend(&SECOND, &TOP, &SECOND))

    BINARY(LT, 3, SECOND = word_of_bool(u256_less(&TOP, &SECOND)))
    BINARY(GT, 3, SECOND = word_of_bool(u256_less(&SECOND, &TOP)))
    BINARY(SLT, 3, SECOND = word_of_bool(u256_signed_less(&TOP, &SECOND)))
    BINARY(SGT, 3, SECOND = word_of_bool(u256_signed_less(&SECOND, &TOP)))
    BINARY(EQ, 3, SECOND = word_of_bool(u256_equal(&TOP, &SECOND)))
op_ISZERO:
    CHARGE(3);
    NEED(1);
    TOP = word_of_bool(u256_is_zero(&TOP));
    SKIP_TO_NEXT();

#define BITWISE(NAME, operator)                                                          \
    BINARY(                                                                                        \
        NAME, 3,                                                                                   \
        SECOND = ((struct u256){                                                                   \
            {TOP.limb[0] operator SECOND.limb[0], TOP.limb[1] operator SECOND.limb[1],             \
             TOP.limb[2] operator SECOND.limb[2], TOP.limb[3] operator SECOND.limb[3]}})           \
    )
    BITWISE(AND, &)
    BITWISE(OR, |)
    BITWISE(XOR, ^)
op_NOT:
    CHARGE(3);
    NEED(1);
    TOP = (struct u256){{~TOP.limb[0], ~TOP.limb[1], ~TOP.limb[2], ~TOP.limb[3]}};
    SKIP_TO_NEXT();
    BINARY(BYTE, 3, SECOND = u256_byte(&TOP, &SECOND))
op_SHL:
    SINCE_FORK(SHL);
    BINARY_BODY(3, u256_shl(&SECOND, &SECOND, shift_of(&TOP)))
op_SHR:
    SINCE_FORK(SHR);
    BINARY_BODY(3, u256_shr(&SECOND, &SECOND, shift_of(&TOP)))
op_SAR:
    SINCE_FORK(SAR);
    BINARY_BODY(3, u256_sar(&SECOND, &SECOND, shift_of(&TOP)))
op_CLZ:
    SINCE_FORK(CLZ);
    CHARGE(5);
    NEED(1);
    TOP = u256_from_u64(256 - (uint64_t)u256_bit_length(&TOP));
    SKIP_TO_NEXT();

    DELEGATED(KECCAK256, 30, 2, 1, instruction_keccak256(evm, frame, sp - 1))

    PUSH_VALUE(ADDRESS, 2, frame->recipient_word)
    DELEGATED(BALANCE, rules->gas[OP_BALANCE], 1, 1, instruction_balance(evm, frame, sp - 1))
    PUSH_VALUE(ORIGIN, 2, u256_from_address(&evm->context.tx->origin))
    PUSH_VALUE(CALLER, 2, frame->sender_word)
    PUSH_VALUE(CALLVALUE, 2, frame->message.value)
op_CALLDATALOAD:
    CHARGE(3);
    NEED(1);
    TOP = frame->is_creation ? U256_ZERO : calldata_word(frame->message.input, &TOP);
    SKIP_TO_NEXT();
    PUSH_VALUE(CALLDATASIZE, 2, u256_from_u64(frame->is_creation ? 0 : frame->message.input.len))
    DELEGATED(CALLDATACOPY, 3, 3, 0, instruction_calldatacopy(evm, frame, sp - 1))
    PUSH_VALUE(CODESIZE, 2, u256_from_u64(frame->code.size))
    DELEGATED(CODECOPY, 3, 3, 0, instruction_codecopy(evm, frame, sp - 1))
    PUSH_VALUE(GASPRICE, 2, evm->context.tx->gas_price)
    DELEGATED(
        EXTCODESIZE, rules->gas[OP_EXTCODESIZE], 1, 1, instruction_extcodesize(evm, frame, sp - 1)
    )
    DELEGATED(
        EXTCODECOPY, rules->gas[OP_EXTCODECOPY], 4, 0, instruction_extcodecopy(evm, frame, sp - 1)
    )
op_RETURNDATASIZE:
    SINCE_FORK(RETURNDATASIZE);
    PUSH_BODY(2, u256_from_u64(evm->return_size))
    DELEGATED(RETURNDATACOPY, 3, 3, 0, instruction_returndatacopy(evm, frame, sp - 1))
    DELEGATED(
        EXTCODEHASH, rules->gas[OP_EXTCODEHASH], 1, 1, instruction_extcodehash(evm, frame, sp - 1)
    )

    DELEGATED(BLOCKHASH, 20, 1, 1, instruction_blockhash(evm, frame, sp - 1))
    PUSH_VALUE(COINBASE, 2, u256_from_address(&evm->context.block->coinbase))
    PUSH_VALUE(TIMESTAMP, 2, u256_from_u64(evm->context.block->timestamp))
    PUSH_VALUE(NUMBER, 2, u256_from_u64(evm->context.block->number))
    PUSH_VALUE(PREVRANDAO, 2, evm->context.block->prev_randao)
    PUSH_VALUE(GASLIMIT, 2, u256_from_u64(evm->context.block->gas_limit))
op_CHAINID:
    SINCE_FORK(CHAINID);
    PUSH_BODY(2, u256_from_u64(evm->context.block->chain_id))
op_SELFBALANCE:
    SINCE_FORK(SELFBALANCE);
    PUSH_BODY(5, *state_use_balance(frame->self))
op_BASEFEE:
    SINCE_FORK(BASEFEE);
    PUSH_BODY(2, evm->context.block->base_fee)
op_BLOBHASH:
    SINCE_FORK(BLOBHASH);
    CHARGE(3);
    NEED(1);
    TOP = u256_fits_u64(&TOP) && TOP.limb[0] < evm->context.tx->blob_hash_count
        ? u256_from_be(evm->context.tx->blob_hashes[TOP.limb[0]].bytes)
        : U256_ZERO;
    SKIP_TO_NEXT();
op_BLOBBASEFEE:
    SINCE_FORK(BLOBBASEFEE);
    PUSH_BODY(2, evm->context.block->blob_base_fee)

op_POP:
    CHARGE(2);
    NEED(1);
    sp--;
    SKIP_TO_NEXT();

/* Makes memory hold size bytes from the offset in TOP on. */
#define REACH(size)                                                                      \
    do {                                                                                 \
        if (LIKELY(u256_fits_u64(&TOP) && TOP.limb[0] <= EVM_MEMORY_MAX)) {              \
            if (UNLIKELY(TOP.limb[0] + (size) > frame->memory_size)) {                   \
                frame->gas = gas;                                                        \
                if (!evm_memory_grow(evm, frame, TOP.limb[0] + (size))) goto out_of_gas; \
                gas = frame->gas;                                                        \
            }                                                                            \
        } else {                                                                         \
            goto out_of_gas;                                                             \
        }                                                                                \
    } while (0)

op_MLOAD:
    CHARGE(3);
    NEED(1);
    REACH(EVM_WORD);
    TOP = u256_from_be(frame->memory + TOP.limb[0]);
    SKIP_TO_NEXT();
op_MSTORE:
    CHARGE(3);
    NEED(2);
    REACH(EVM_WORD);
    u256_to_be(frame->memory + TOP.limb[0], &SECOND);
    sp -= 2;
    SKIP_TO_NEXT();
op_MSTORE8:
    CHARGE(3);
    NEED(2);
    REACH(1);
    frame->memory[TOP.limb[0]] = (uint8_t)SECOND.limb[0];
    sp -= 2;
    SKIP_TO_NEXT();
    DELEGATED(SLOAD, rules->gas[OP_SLOAD], 1, 1, instruction_sload(evm, frame, sp - 1))
    DELEGATED(SSTORE, 0, 2, 0, instruction_sstore(evm, frame, sp - 1))

/* A code that loops is worth decoding: the other loop goes on at the target. */
#define JUMP_TO(destination, pops)                                                            \
    do {                                                                                      \
        const struct u256 *const to_ = &(destination);                                        \
        if (UNLIKELY(!u256_fits_u64(to_) || to_->limb[0] >= frame->code.size)) goto bad_jump; \
        const size_t at_ = (size_t)to_->limb[0];                                              \
        if (UNLIKELY(!code_is_target(&frame->code, at_))) goto bad_jump;                      \
        const uint8_t *const from_ = pc;                                                      \
        pc = frame->code.bytes + at_;                                                         \
        sp -= (pops);                                                                         \
        jumps_left -= pc <= from_;                                                            \
        if (UNLIKELY(jumps_left == 0)) goto otherwise;                                        \
        NEXT();                                                                               \
    } while (0)

op_JUMP:
    CHARGE(8);
    NEED(1);
    JUMP_TO(TOP, 1);
op_JUMPI:
    CHARGE(10);
    NEED(2);
    if (!u256_is_zero(&SECOND)) JUMP_TO(TOP, 2);
    sp -= 2;
    SKIP_TO_NEXT();
    PUSH_VALUE(PC, 2, u256_from_u64((uint64_t)(pc - frame->code.bytes)))
    PUSH_VALUE(MSIZE, 2, u256_from_u64(frame->memory_size))
    PUSH_VALUE(GAS, 2, u256_from_u64((uint64_t)gas))
op_JUMPDEST:
    CHARGE(1);
    SKIP_TO_NEXT();
    DELEGATED(TLOAD, 100, 1, 1, instruction_tload(evm, frame, sp - 1))
    DELEGATED(TSTORE, 100, 2, 0, instruction_tstore(evm, frame, sp - 1))
    DELEGATED(MCOPY, 3, 3, 0, instruction_mcopy(evm, frame, sp - 1))
op_PUSH0:
    SINCE_FORK(PUSH0);
    PUSH_BODY(2, U256_ZERO)

#define PUSH(n)                     \
    op_PUSH##n : {                  \
        CHARGE(3);                  \
        ROOM();                     \
        *sp = push_word(pc + 1, n); \
        sp++;                       \
        pc += (n) + 1;              \
        NEXT();                     \
    }
    /* clang-format off */
    PUSH(1) PUSH(2) PUSH(3) PUSH(4) PUSH(5) PUSH(6) PUSH(7) PUSH(8)
    PUSH(9) PUSH(10) PUSH(11) PUSH(12) PUSH(13) PUSH(14) PUSH(15) PUSH(16)
    PUSH(17) PUSH(18) PUSH(19) PUSH(20) PUSH(21) PUSH(22) PUSH(23) PUSH(24)
    PUSH(25) PUSH(26) PUSH(27) PUSH(28) PUSH(29) PUSH(30) PUSH(31) PUSH(32)
    /* clang-format on */

#define DUP(n)          \
    op_DUP##n : {       \
        CHARGE(3);      \
        NEED(n);        \
        ROOM();         \
        *sp = sp[-(n)]; \
        sp++;           \
        SKIP_TO_NEXT(); \
    }
        DUP(1) DUP(2) DUP(3) DUP(4) DUP(5) DUP(6) DUP(7) DUP(8) DUP(9) DUP(10) DUP(11) DUP(12
        ) DUP(13) DUP(14) DUP(15) DUP(16)

#define SWAP(n)                       \
    op_SWAP##n : {                    \
        CHARGE(3);                    \
        NEED((n) + 1);                \
        const struct u256 top_ = TOP; \
        TOP = sp[-(n)-1];             \
        sp[-(n)-1] = top_;            \
        SKIP_TO_NEXT();               \
    }
            SWAP(1) SWAP(2) SWAP(3) SWAP(4) SWAP(5) SWAP(6) SWAP(7) SWAP(8) SWAP(9) SWAP(10) SWAP(11
            ) SWAP(12) SWAP(13) SWAP(14) SWAP(15) SWAP(16)

                DELEGATED(LOG0, 375, 2, 0, instruction_log(evm, frame, sp - 1, 0))
                    DELEGATED(LOG1, 750, 3, 0, instruction_log(evm, frame, sp - 1, 1))
                        DELEGATED(LOG2, 1125, 4, 0, instruction_log(evm, frame, sp - 1, 2))
                            DELEGATED(LOG3, 1500, 5, 0, instruction_log(evm, frame, sp - 1, 3))
                                DELEGATED(LOG4, 1875, 6, 0, instruction_log(evm, frame, sp - 1, 4))

/* The answer will take the place of the lowest operand. */
#define CALLS(NAME, pops, prepare)                        \
    op_##NAME : {                                         \
        SINCE_FORK(NAME);                                 \
        CHARGE(rules->gas[OP_##NAME]);                    \
        NEED(pops);                                       \
        DELEGATE(prepare(evm, frame, sp - 1, OP_##NAME)); \
        frame->sp = sp - (pops);                          \
        frame->pc = pc + 1;                               \
        frame->jumps_left = jumps_left;                   \
        return RUN_CALLS;                                 \
    }
                                    CALLS(CREATE, 3, instruction_create)
                                        CALLS(CREATE2, 4, instruction_create)
                                            CALLS(CALL, 7, instruction_call)
                                                CALLS(CALLCODE, 7, instruction_call)
                                                    CALLS(DELEGATECALL, 6, instruction_call)
                                                        CALLS(STATICCALL, 6, instruction_call)

                                                            op_RETURN : NEED(2);
    DELEGATE(instruction_output(evm, frame, sp - 1));
    goto ended;
op_REVERT:
    SINCE_FORK(REVERT);
    NEED(2);
    DELEGATE(instruction_output(evm, frame, sp - 1));
    status = EVM_REVERT;
    goto ended;
op_SELFDESTRUCT:
    CHARGE(rules->gas[OP_SELFDESTRUCT]);
    NEED(1);
    DELEGATE(instruction_selfdestruct(evm, frame, sp - 1));
    frame->output = (struct bytes){NULL, 0};
    goto ended;

otherwise:
    frame->pc = pc;
    frame->sp = sp;
    frame->gas = gas;
    frame->jumps_left = EVM_JUMPS_NEVER_LEFT;
    return RUN_OTHERWISE;

out_of_gas:
    status = EVM_OUT_OF_GAS;
    goto failed;
stack_underflow:
    status = EVM_STACK_UNDERFLOW;
    goto failed;
stack_overflow:
    status = EVM_STACK_OVERFLOW;
    goto failed;
undefined_opcode:
    status = EVM_UNDEFINED_OPCODE;
    goto failed;
bad_jump:
    status = EVM_BAD_JUMP;
failed:
    frame->output = (struct bytes){NULL, 0};
    gas = 0;
ended:
    frame->gas = gas;
    return (int)status;
}
