/* The operations of a stream, one function each.
 *
 * Where the compiler can (clang 19 and later on x86-64), each ends in a jump to the next with
 * everything in registers; elsewhere it returns to a loop with the same things in a struct.
 */
#include "evm/stream.h"

#include "evm/evm_internal.h"
#include "evm/operands.h"

#if STREAM_TAIL_CALLS

#define OP_FUNCTION(attributes, name)                                                      \
    attributes static STREAM_CONVENTION int run_##name(                                    \
        const struct stream_op *op, struct u256 *sp, int64_t gas, struct evm_frame *frame, \
        uint64_t t0, uint64_t t1, uint64_t t2, uint64_t t3                                 \
    )
#define BEGIN                             \
    struct u256 top = {{t0, t1, t2, t3}}; \
    (void)op;                             \
    (void)top
#define REGISTERS  op, sp, gas, frame, top.limb[0], top.limb[1], top.limb[2], top.limb[3]
#define CONTINUE() __attribute__((musttail)) return op->run(REGISTERS)
#define GO(name)   __attribute__((musttail)) return run_##name(REGISTERS)
#define DONE()     return 0

#else

struct stream_registers {
    struct u256 *sp;
    int64_t gas;
    struct evm_frame *frame;
    struct u256 top;
};

#define OP_FUNCTION(attributes, name)                                  \
    attributes static const struct stream_op *run_##name(              \
        const struct stream_op *op, struct stream_registers *registers \
    )
#define BEGIN                                         \
    struct u256 *sp = registers->sp;                  \
    int64_t gas = registers->gas;                     \
    struct evm_frame *const frame = registers->frame; \
    struct u256 top = registers->top;                 \
    (void)op;                                         \
    (void)frame;                                      \
    (void)top
#define SAVE()                               \
    *registers = (struct stream_registers) { \
        sp, gas, frame, top                  \
    }
#define CONTINUE() \
    do {           \
        SAVE();    \
        return op; \
    } while (0)
#define GO(name)                          \
    do {                                  \
        SAVE();                           \
        return run_##name(op, registers); \
    } while (0)
#define DONE() return NULL

#endif

#define OP(name)      OP_FUNCTION(, name)
#define SLOW_OP(name) OP_FUNCTION(NO_INLINE, name)

#define NEXT(count)    \
    do {               \
        op += (count); \
        CONTINUE();    \
    } while (0)

/* The word that many bytes below sp. */
#define AT(distance) (*(struct u256 *)(void *)((uint8_t *)sp - (distance)))
#define SECOND       sp[-1]
#define THIRD        sp[-2]
#define SPILL()      (*sp = top)
#define PUSH_WORD_OF(word) \
    do {                   \
        SPILL();           \
        sp++;              \
        top = (word);      \
    } while (0)
#define DROP(count)    \
    do {               \
        sp -= (count); \
        top = *sp;     \
    } while (0)

/* Leaves the stream with everything in the frame. */
#define LEAVE(how)              \
    do {                        \
        SPILL();                \
        frame->sp = sp + 1;     \
        frame->gas = gas;       \
        frame->outcome = (how); \
        DONE();                 \
    } while (0)

#define ENTER_BLOCK(at)                                                              \
    do {                                                                             \
        op = (at);                                                                   \
        gas -= op->block.gas;                                                        \
        const size_t above_ =                                                        \
            (size_t)((uint8_t *)sp - (uint8_t *)frame->stack_base) - op->block.need; \
        if (UNLIKELY(gas < 0 || above_ > op->block.span)) GO(BLOCK_TO_PLAIN);        \
        NEXT(1);                                                                     \
    } while (0)

/* To the plain loop: with a block that will fail, */
SLOW_OP(BLOCK_TO_PLAIN) {
    BEGIN;
    gas += op->block.gas;
    frame->pc = frame->code.bytes + op->block.pc;
    LEAVE(RUN_OTHERWISE);
}

/* with an instruction that will fail, of which nothing is done yet; */
SLOW_OP(PLAIN) {
    BEGIN;
    gas += op->at.rest;
    frame->pc = frame->code.bytes + op->at.pc;
    LEAVE(RUN_OTHERWISE);
}

/* and after an instruction whose price leaves too little for the rest of its block. */
SLOW_OP(REST_TO_PLAIN) {
    BEGIN;
    gas += op->at.rest;
    frame->pc = frame->code.bytes + op->at.pc;
    LEAVE(RUN_OTHERWISE);
}

/* An instruction has put its status in outcome. */
SLOW_OP(FAILED) {
    BEGIN;
    gas = 0;
    frame->output = (struct bytes){NULL, 0};
    LEAVE(frame->outcome);
}

/* Memory that an operation waits for; what cannot be paid, the plain loop fails with. */
SLOW_OP(GROW) {
    BEGIN;
    const uint64_t offset = frame->wanted_offset;
    frame->gas = gas;
    if (offset > EVM_MEMORY_MAX) GO(PLAIN);
    if (!evm_memory_grow(frame->evm, frame, offset + EVM_WORD)) GO(PLAIN);
    gas = frame->gas;
    CONTINUE();
}

SLOW_OP(GROW_BYTE) {
    BEGIN;
    frame->gas = gas;
    if (top.limb[0] > EVM_MEMORY_MAX) GO(PLAIN);
    if (!evm_memory_grow(frame->evm, frame, top.limb[0] + 1)) GO(PLAIN);
    gas = frame->gas;
    CONTINUE();
}

OP(BLOCK) {
    BEGIN;
    ENTER_BLOCK(op);
}

OP(STOP) {
    BEGIN;
    frame->output = (struct bytes){NULL, 0};
    LEAVE((int)EVM_SUCCESS);
}

/* What binary instructions compute from the topmost word, x, and the one below, y. */

/* Operands in registers stay there unless they are long: only copies have addresses. */
static inline struct u256 quotient_of(const struct u256 *x, const struct u256 *y) {
    if (LIKELY(u256_fits_u64(x) && u256_fits_u64(y) && y->limb[0] != 0)) {
        return u256_from_u64(x->limb[0] / y->limb[0]);
    }
    const struct u256 a = *x, b = *y;
    struct u256 quotient;
    u256_div_long(&quotient, &a, &b);
    return quotient;
}

static inline struct u256 remainder_of(const struct u256 *x, const struct u256 *y) {
    if (LIKELY(u256_fits_u64(x) && u256_fits_u64(y) && y->limb[0] != 0)) {
        return u256_from_u64(x->limb[0] % y->limb[0]);
    }
    const struct u256 a = *x, b = *y;
    struct u256 remainder;
    u256_mod_long(&remainder, &a, &b);
    return remainder;
}

static inline struct u256 product_of(const struct u256 *x, const struct u256 *y) {
    struct u256 product;
    u256_mul_wrapping(&product, x, y);
    return product;
}

static inline struct u256 sum_of(const struct u256 *x, const struct u256 *y) {
    struct u256 sum;
    (void)u256_add_wrapping(&sum, x, y);
    return sum;
}

static inline struct u256 difference_of(const struct u256 *x, const struct u256 *y) {
    struct u256 difference;
    (void)u256_sub_wrapping(&difference, x, y);
    return difference;
}

/* By limbs * 64 + bits with bits < 64. */
ALWAYS_INLINE struct u256 shifted_left(const struct u256 *a, unsigned limbs, unsigned bits) {
    struct u256 out = U256_ZERO;
    for (unsigned i = limbs; i < 4; i++) {
        const uint64_t below = i > limbs ? a->limb[i - limbs - 1] : 0;
        out.limb[i] = u256_pair_shl(a->limb[i - limbs], below, bits);
    }
    return out;
}

ALWAYS_INLINE struct u256 shifted_right(const struct u256 *a, unsigned limbs, unsigned bits) {
    struct u256 out = U256_ZERO;
    for (unsigned i = 0; i + limbs < 4; i++) {
        const uint64_t above = i + limbs < 3 ? a->limb[i + limbs + 1] : 0;
        out.limb[i] = u256_pair_shr(above, a->limb[i + limbs], bits);
    }
    return out;
}

static inline struct u256 left_shift_of(const struct u256 *x, const struct u256 *y) {
    struct u256 out;
    u256_shl(&out, y, shift_of(x));
    return out;
}

static inline struct u256 right_shift_of(const struct u256 *x, const struct u256 *y) {
    struct u256 out;
    u256_shr(&out, y, shift_of(x));
    return out;
}

static inline struct u256 signed_right_shift_of(const struct u256 *x, const struct u256 *y) {
    struct u256 out;
    u256_sar(&out, y, shift_of(x));
    return out;
}

#define IS_LT(x, y)  u256_less((x), (y))
#define IS_GT(x, y)  u256_less((y), (x))
#define IS_SLT(x, y) u256_signed_less((x), (y))
#define IS_SGT(x, y) u256_signed_less((y), (x))
#define IS_EQ(x, y)  u256_equal((x), (y))

#define BITWISE(x, operator, y)                                              \
    ((struct u256                                                            \
    ){{(x)->limb[0] operator(y)->limb[0], (x)->limb[1] operator(y)->limb[1], \
       (x)->limb[2] operator(y)->limb[2], (x)->limb[3] operator(y)->limb[3]}})

#define RESULT_ADD(x, y)  sum_of((x), (y))
#define RESULT_MUL(x, y)  product_of((x), (y))
#define RESULT_SUB(x, y)  difference_of((x), (y))
#define RESULT_RSUB(x, y) difference_of((y), (x))
#define RESULT_DIV(x, y)  quotient_of((x), (y))
#define RESULT_RDIV(x, y) quotient_of((y), (x))
#define RESULT_MOD(x, y)  remainder_of((x), (y))
#define RESULT_LT(x, y)   word_of_bool(IS_LT((x), (y)))
#define RESULT_GT(x, y)   word_of_bool(IS_GT((x), (y)))
#define RESULT_SLT(x, y)  word_of_bool(IS_SLT((x), (y)))
#define RESULT_SGT(x, y)  word_of_bool(IS_SGT((x), (y)))
#define RESULT_EQ(x, y)   word_of_bool(IS_EQ((x), (y)))
#define RESULT_AND(x, y)  BITWISE((x), &, (y))
#define RESULT_OR(x, y)   BITWISE((x), |, (y))
#define RESULT_XOR(x, y)  BITWISE((x), ^, (y))
#define RESULT_SHL(x, y)  left_shift_of((x), (y))
#define RESULT_SHR(x, y)  right_shift_of((x), (y))
#define RESULT_SAR(x, y)  signed_right_shift_of((x), (y))
#define RESULT_BYTE(x, y) u256_byte((x), (y))

/* With the operands on the stack, or from a DUP, a PUSH or both. */
#define BINARY(name)                                               \
    OP(name) {                                                     \
        BEGIN;                                                     \
        top = RESULT_##name(&top, &SECOND);                        \
        sp--;                                                      \
        NEXT(1);                                                   \
    }                                                              \
    OP(D_##name) {                                                 \
        BEGIN;                                                     \
        top = RESULT_##name(&AT(op->stack.a), &top);               \
        NEXT(1);                                                   \
    }                                                              \
    OP(P_##name) {                                                 \
        BEGIN;                                                     \
        const struct u256 pushed = u256_from_u64(op->value);       \
        top = RESULT_##name(&pushed, &top);                        \
        NEXT(1);                                                   \
    }                                                              \
    OP(DD_##name) {                                                \
        BEGIN;                                                     \
        SPILL();                                                   \
        top = RESULT_##name(&AT(op->stack.b), &AT(op->stack.a));   \
        sp++;                                                      \
        NEXT(1);                                                   \
    }                                                              \
    OP(DP_##name) {                                                \
        BEGIN;                                                     \
        SPILL();                                                   \
        const struct u256 pushed = u256_from_u64(op->mixed.value); \
        top = RESULT_##name(&pushed, &AT(op->mixed.a));            \
        sp++;                                                      \
        NEXT(1);                                                   \
    }
STREAM_BINARY(BINARY)

#define TARGET() ((const struct stream_op *)(const void *)((const uint8_t *)op + op->branch.jump))
#define BRANCH(condition)          \
    do {                           \
        if (condition) {           \
            ENTER_BLOCK(TARGET()); \
        } else {                   \
            ENTER_BLOCK(op + 1);   \
        }                          \
    } while (0)

#define BRANCHES(prefix, test, name, unless)                              \
    OP(prefix##_##name) {                                                 \
        BEGIN;                                                            \
        const bool holds = test(&top, &SECOND);                           \
        DROP(2);                                                          \
        BRANCH(holds != (unless));                                        \
    }                                                                     \
    OP(D_##prefix##_##name) {                                             \
        BEGIN;                                                            \
        const bool holds = test(&AT(op->branch.a), &top);                 \
        DROP(1);                                                          \
        BRANCH(holds != (unless));                                        \
    }                                                                     \
    OP(P_##prefix##_##name) {                                             \
        BEGIN;                                                            \
        const struct u256 pushed = u256_from_u64(op->branch_value.value); \
        const bool holds = test(&pushed, &top);                           \
        DROP(1);                                                          \
        BRANCH(holds != (unless));                                        \
    }                                                                     \
    OP(DD_##prefix##_##name) {                                            \
        BEGIN;                                                            \
        SPILL();                                                          \
        const bool holds = test(&AT(op->branch.b), &AT(op->branch.a));    \
        BRANCH(holds != (unless));                                        \
    }                                                                     \
    OP(DP_##prefix##_##name) {                                            \
        BEGIN;                                                            \
        SPILL();                                                          \
        const struct u256 pushed = u256_from_u64(op->branch.b);           \
        const bool holds = test(&pushed, &AT(op->branch.a));              \
        BRANCH(holds != (unless));                                        \
    }
#define COMPARISON(name)                 \
    BRANCHES(IF, IS_##name, name, false) \
    BRANCHES(IFN, IS_##name, name, true)
STREAM_COMPARE(COMPARISON)

OP(IF) {
    BEGIN;
    const bool zero = u256_is_zero(&top);
    DROP(1);
    BRANCH(!zero);
}

OP(IFN) {
    BEGIN;
    const bool zero = u256_is_zero(&top);
    DROP(1);
    BRANCH(zero);
}

OP(D_IF) {
    BEGIN;
    const bool zero = u256_is_zero(&AT(op->branch.a));
    BRANCH(!zero);
}

OP(D_IFN) {
    BEGIN;
    const bool zero = u256_is_zero(&AT(op->branch.a));
    BRANCH(zero);
}

OP(DUP1_IF) {
    BEGIN;
    BRANCH(!u256_is_zero(&top));
}

OP(DUP1_IFN) {
    BEGIN;
    BRANCH(u256_is_zero(&top));
}

/* As contracts find the function that is called. */
OP(DUP1_P_IF_EQ) {
    BEGIN;
    const struct u256 pushed = u256_from_u64(op->branch_value.value);
    BRANCH(u256_equal(&top, &pushed));
}

OP(JUMP_TO) {
    BEGIN;
    ENTER_BLOCK(TARGET());
}

/* Calls of functions inside a contract: the return address stays on the stack. */
OP(P_JUMP_TO) {
    BEGIN;
    PUSH_WORD_OF(u256_from_u64(op->branch_value.value));
    ENTER_BLOCK(TARGET());
}

/* The index of the block that word names, 0 if there is none. */
static inline size_t block_at(const struct evm_frame *frame, const struct u256 *word) {
    if (UNLIKELY(!u256_fits_u64(word) || word->limb[0] >= frame->code.size)) return 0;
    return frame->stream->entries[word->limb[0]];
}

OP(JUMP) {
    BEGIN;
    const size_t block = block_at(frame, &top);
    if (UNLIKELY(block == 0)) GO(PLAIN);
    DROP(1);
    ENTER_BLOCK(frame->stream->ops + block);
}

OP(JUMPI) {
    BEGIN;
    if (u256_is_zero(&SECOND)) {
        DROP(2);
        ENTER_BLOCK(op + 1);
    }
    const size_t block = block_at(frame, &top);
    if (UNLIKELY(block == 0)) GO(PLAIN);
    DROP(2);
    ENTER_BLOCK(frame->stream->ops + block);
}

/* The stack. */

OP(PUSH) {
    BEGIN;
    PUSH_WORD_OF(u256_from_u64(op->value));
    NEXT(1);
}

/* The two operations that follow a word's first limb hold the others. */
#define WORD_OF(op_) ((struct u256){{(op_)->value, (op_)[1].value, (op_)[2].value, (op_)[3].value}})
enum { WORD_OPS = 4 };

OP(PUSH_WORD) {
    BEGIN;
    PUSH_WORD_OF(WORD_OF(op));
    NEXT(WORD_OPS);
}

OP(P_AND_WORD) {
    BEGIN;
    const struct u256 mask = WORD_OF(op);
    top = BITWISE(&top, &, &mask);
    NEXT(WORD_OPS);
}

OP(PUSH_PUSH) {
    BEGIN;
    SPILL();
    sp[1] = u256_from_u64(op->pair.first);
    top = u256_from_u64(op->pair.second);
    sp += 2;
    NEXT(1);
}

OP(PUSH_DUP) {
    BEGIN;
    SPILL();
    sp[1] = u256_from_u64(op->mixed.value);
    top = AT(op->mixed.a);
    sp += 2;
    NEXT(1);
}

OP(DUP_PUSH) {
    BEGIN;
    SPILL();
    sp[1] = AT(op->mixed.a);
    top = u256_from_u64(op->mixed.value);
    sp += 2;
    NEXT(1);
}

OP(DUP_DUP) {
    BEGIN;
    SPILL();
    sp[1] = AT(op->stack.a);
    top = AT(op->stack.b);
    sp += 2;
    NEXT(1);
}

OP(PUSH_SWAP1) {
    BEGIN;
    *sp = u256_from_u64(op->value);
    sp++;
    NEXT(1);
}

OP(DUP_SWAP1) {
    BEGIN;
    *sp = AT(op->stack.a);
    sp++;
    NEXT(1);
}

OP(POP) {
    BEGIN;
    DROP(1);
    NEXT(1);
}

OP(POPS) {
    BEGIN;
    sp = &AT(op->stack.a);
    top = *sp;
    NEXT(1);
}

OP(SWAP_POPS) {
    BEGIN;
    AT(op->stack.a) = top;
    sp = &AT(op->stack.b);
    top = *sp;
    NEXT(1);
}

OP(SWAP_SWAP) {
    BEGIN;
    const struct u256 first = AT(op->stack.a);
    AT(op->stack.a) = top;
    top = AT(op->stack.b);
    AT(op->stack.b) = first;
    NEXT(1);
}

OP(SWAP_SWAP_POPS) {
    BEGIN;
    const struct u256 first = AT(op->stack.a);
    AT(op->stack.a) = top;
    AT(op->stack.b) = first;
    sp = &AT(op->stack.c);
    top = *sp;
    NEXT(1);
}

#define DUP(n)                          \
    OP(DUP##n) {                        \
        BEGIN;                          \
        SPILL();                        \
        if ((n) > 1) top = sp[1 - (n)]; \
        sp++;                           \
        NEXT(1);                        \
    }
#define SWAP(n)                             \
    OP(SWAP##n) {                           \
        BEGIN;                              \
        const struct u256 below = sp[-(n)]; \
        sp[-(n)] = top;                     \
        top = below;                        \
        NEXT(1);                            \
    }
/* clang-format off */
DUP(1) DUP(2) DUP(3) DUP(4) DUP(5) DUP(6) DUP(7) DUP(8)
DUP(9) DUP(10) DUP(11) DUP(12) DUP(13) DUP(14) DUP(15) DUP(16)
SWAP(1) SWAP(2) SWAP(3) SWAP(4) SWAP(5) SWAP(6) SWAP(7) SWAP(8)
SWAP(9) SWAP(10) SWAP(11) SWAP(12) SWAP(13) SWAP(14) SWAP(15) SWAP(16)
    /* clang-format on */

    /* The rest of arithmetic. */

    OP(ISZERO) {
    BEGIN;
    top = word_of_bool(u256_is_zero(&top));
    NEXT(1);
}

OP(NOT) {
    BEGIN;
    top = (struct u256){{~top.limb[0], ~top.limb[1], ~top.limb[2], ~top.limb[3]}};
    NEXT(1);
}

OP(CLZ) {
    BEGIN;
    top = u256_from_u64(256 - (uint64_t)u256_bit_length(&top));
    NEXT(1);
}

OP(SIGNEXTEND) {
    BEGIN;
    u256_sign_extend(&top, &top, &SECOND);
    sp--;
    NEXT(1);
}

#define IN_MEMORY(name, pops, statement) \
    OP(name) {                           \
        BEGIN;                           \
        SPILL();                         \
        statement;                       \
        DROP((pops)-1);                  \
        NEXT(1);                         \
    }
IN_MEMORY(SDIV, 2, u256_sdiv(&sp[-1], sp, &sp[-1]))
IN_MEMORY(SMOD, 2, u256_smod(&sp[-1], sp, &sp[-1]))

IN_MEMORY(ADDMOD, 3, u256_addmod(&sp[-2], sp, &sp[-1], &sp[-2]))
IN_MEMORY(MULMOD, 3, u256_mulmod_kept(&sp[-2], sp, &sp[-1], &sp[-2], &frame->evm->modulus))

#define CONSTANT_SHIFT(name, shifted, limbs)             \
    OP(name##_##limbs) {                                 \
        BEGIN;                                           \
        top = shifted(&top, limbs, (unsigned)op->value); \
        NEXT(1);                                         \
    }
CONSTANT_SHIFT(P_SHL, shifted_left, 0)
CONSTANT_SHIFT(P_SHL, shifted_left, 1)
CONSTANT_SHIFT(P_SHL, shifted_left, 2)
CONSTANT_SHIFT(P_SHL, shifted_left, 3)
CONSTANT_SHIFT(P_SHR, shifted_right, 0)
CONSTANT_SHIFT(P_SHR, shifted_right, 1)
CONSTANT_SHIFT(P_SHR, shifted_right, 2)
CONSTANT_SHIFT(P_SHR, shifted_right, 3)

/* Values of the call, the transaction and the block. */

#define VALUE_ADDRESS        frame->recipient_word
#define VALUE_ORIGIN         u256_from_address(&frame->evm->context.tx->origin)
#define VALUE_CALLER         frame->sender_word
#define VALUE_CALLVALUE      frame->message.value
#define VALUE_CALLDATASIZE   u256_from_u64(frame->is_creation ? 0 : frame->message.input.len)
#define VALUE_GASPRICE       frame->evm->context.tx->gas_price
#define VALUE_RETURNDATASIZE u256_from_u64(frame->evm->return_size)
#define VALUE_COINBASE       u256_from_address(&frame->evm->context.block->coinbase)
#define VALUE_TIMESTAMP      u256_from_u64(frame->evm->context.block->timestamp)
#define VALUE_NUMBER         u256_from_u64(frame->evm->context.block->number)
#define VALUE_PREVRANDAO     frame->evm->context.block->prev_randao
#define VALUE_GASLIMIT       u256_from_u64(frame->evm->context.block->gas_limit)
#define VALUE_CHAINID        u256_from_u64(frame->evm->context.block->chain_id)
#define VALUE_SELFBALANCE    *state_use_balance(frame->self)
#define VALUE_BASEFEE        frame->evm->context.block->base_fee
#define VALUE_BLOBBASEFEE    frame->evm->context.block->blob_base_fee
#define VALUE_MSIZE          u256_from_u64(frame->memory_size)

#define VALUE(name)                 \
    OP(name) {                      \
        BEGIN;                      \
        PUSH_WORD_OF(VALUE_##name); \
        NEXT(1);                    \
    }
STREAM_VALUE(VALUE)

OP(GAS) {
    BEGIN;
    PUSH_WORD_OF(u256_from_u64((uint64_t)gas + op->at.rest));
    NEXT(1);
}

OP(CALLDATALOAD) {
    BEGIN;
    top = frame->is_creation ? U256_ZERO : calldata_word(frame->message.input, &top);
    NEXT(1);
}

OP(P_CALLDATALOAD) {
    BEGIN;
    const struct u256 offset = u256_from_u64(op->value);
    PUSH_WORD_OF(frame->is_creation ? U256_ZERO : calldata_word(frame->message.input, &offset));
    NEXT(1);
}

OP(BLOBHASH) {
    BEGIN;
    const struct evm_tx *tx = frame->evm->context.tx;
    top = u256_fits_u64(&top) && top.limb[0] < tx->blob_hash_count
        ? u256_from_be(tx->blob_hashes[top.limb[0]].bytes)
        : U256_ZERO;
    NEXT(1);
}

/* Memory. Where more of it is needed than can be paid, the plain loop says what happens. */

/* Memory has to hold a word at offset: where it does not, GROW makes it and the operation begins
 * again. */
#define REACH_U64(offset)                                   \
    do {                                                    \
        if (UNLIKELY((offset) >= frame->memory_word_end)) { \
            frame->wanted_offset = (offset);                \
            GO(GROW);                                       \
        }                                                   \
    } while (0)
#define REACH(offset)                                   \
    do {                                                \
        const struct u256 *const word_ = &(offset);     \
        if (UNLIKELY(!u256_fits_u64(word_))) GO(PLAIN); \
        REACH_U64(word_->limb[0]);                      \
    } while (0)

OP(MLOAD) {
    BEGIN;
    REACH(top);
    top = u256_from_be(frame->memory + top.limb[0]);
    NEXT(1);
}

OP(P_MLOAD) {
    BEGIN;
    const uint64_t offset = op->memory.offset;
    REACH_U64(offset);
    PUSH_WORD_OF(u256_from_be(frame->memory + offset));
    NEXT(1);
}

OP(D_MLOAD) {
    BEGIN;
    SPILL();
    const struct u256 *offset = &AT(op->at.a);
    REACH(*offset);
    sp++;
    top = u256_from_be(frame->memory + offset->limb[0]);
    NEXT(1);
}

OP(MSTORE) {
    BEGIN;
    REACH(top);
    u256_to_be(frame->memory + top.limb[0], &SECOND);
    DROP(2);
    NEXT(1);
}

OP(R_MSTORE) {
    BEGIN;
    REACH(SECOND);
    u256_to_be(frame->memory + SECOND.limb[0], &top);
    DROP(2);
    NEXT(1);
}

OP(P_MSTORE) {
    BEGIN;
    const uint64_t offset = op->memory.offset;
    REACH_U64(offset);
    u256_to_be(frame->memory + offset, &top);
    DROP(1);
    NEXT(1);
}

OP(D_MSTORE) {
    BEGIN;
    const struct u256 *offset = &AT(op->at.a);
    REACH(*offset);
    u256_to_be(frame->memory + offset->limb[0], &top);
    DROP(1);
    NEXT(1);
}

OP(D_R_MSTORE) {
    BEGIN;
    REACH(top);
    u256_to_be(frame->memory + top.limb[0], &AT(op->at.a));
    DROP(1);
    NEXT(1);
}

OP(DP_MSTORE) {
    BEGIN;
    SPILL();
    const uint64_t offset = op->at.b;
    REACH_U64(offset);
    u256_to_be(frame->memory + offset, &AT(op->at.a));
    NEXT(1);
}

OP(DD_MSTORE) {
    BEGIN;
    SPILL();
    const struct u256 *offset = &AT(op->at.b);
    REACH(*offset);
    u256_to_be(frame->memory + offset->limb[0], &AT(op->at.a));
    NEXT(1);
}

OP(MSTORE8) {
    BEGIN;
    if (UNLIKELY(!u256_fits_u64(&top))) GO(PLAIN);
    if (UNLIKELY(top.limb[0] >= frame->memory_size)) GO(GROW_BYTE);
    frame->memory[top.limb[0]] = (uint8_t)SECOND.limb[0];
    DROP(2);
    NEXT(1);
}

/* What instructions.c does, with the gas exact and all operands in memory. */

#define DELEGATE(call)                          \
    do {                                        \
        SPILL();                                \
        frame->gas = gas + op->at.rest;         \
        const enum evm_status status_ = (call); \
        gas = frame->gas - op->at.rest;         \
        if (UNLIKELY(status_ != EVM_SUCCESS)) { \
            frame->outcome = (int)status_;      \
            GO(FAILED);                         \
        }                                       \
    } while (0)

#define DELEGATED(name, pops, pushes, call)       \
    OP(name) {                                    \
        BEGIN;                                    \
        DELEGATE(call);                           \
        DROP((pops) - (pushes));                  \
        if (UNLIKELY(gas < 0)) GO(REST_TO_PLAIN); \
        NEXT(1);                                  \
    }
DELEGATED(EXP, 2, 1, instruction_exp(frame->evm, frame, sp))
DELEGATED(KECCAK256, 2, 1, instruction_keccak256(frame->evm, frame, sp))
DELEGATED(BALANCE, 1, 1, instruction_balance(frame->evm, frame, sp))
DELEGATED(CALLDATACOPY, 3, 0, instruction_calldatacopy(frame->evm, frame, sp))
DELEGATED(CODECOPY, 3, 0, instruction_codecopy(frame->evm, frame, sp))
DELEGATED(EXTCODESIZE, 1, 1, instruction_extcodesize(frame->evm, frame, sp))
DELEGATED(EXTCODECOPY, 4, 0, instruction_extcodecopy(frame->evm, frame, sp))
DELEGATED(RETURNDATACOPY, 3, 0, instruction_returndatacopy(frame->evm, frame, sp))
DELEGATED(EXTCODEHASH, 1, 1, instruction_extcodehash(frame->evm, frame, sp))
DELEGATED(BLOCKHASH, 1, 1, instruction_blockhash(frame->evm, frame, sp))
DELEGATED(SLOAD, 1, 1, instruction_sload(frame->evm, frame, sp))
DELEGATED(SSTORE, 2, 0, instruction_sstore(frame->evm, frame, sp))
DELEGATED(TLOAD, 1, 1, instruction_tload(frame->evm, frame, sp))
DELEGATED(TSTORE, 2, 0, instruction_tstore(frame->evm, frame, sp))
DELEGATED(MCOPY, 3, 0, instruction_mcopy(frame->evm, frame, sp))
DELEGATED(LOG0, 2, 0, instruction_log(frame->evm, frame, sp, 0))
DELEGATED(LOG1, 3, 0, instruction_log(frame->evm, frame, sp, 1))
DELEGATED(LOG2, 4, 0, instruction_log(frame->evm, frame, sp, 2))
DELEGATED(LOG3, 5, 0, instruction_log(frame->evm, frame, sp, 3))
DELEGATED(LOG4, 6, 0, instruction_log(frame->evm, frame, sp, 4))

/* These end their block, and the block after them is where the frame goes on. */
#define CALLS(name, pops, prepare)                           \
    OP(name) {                                               \
        BEGIN;                                               \
        DELEGATE(prepare(frame->evm, frame, sp, OP_##name)); \
        frame->sp = sp + 1 - (pops);                         \
        frame->next_op = op + 1;                             \
        frame->outcome = RUN_CALLS;                          \
        DONE();                                              \
    }
CALLS(CREATE, 3, instruction_create)
CALLS(CREATE2, 4, instruction_create)
CALLS(CALL, 7, instruction_call)
CALLS(CALLCODE, 7, instruction_call)
CALLS(DELEGATECALL, 6, instruction_call)
CALLS(STATICCALL, 6, instruction_call)

OP(RETURN) {
    BEGIN;
    DELEGATE(instruction_output(frame->evm, frame, sp));
    LEAVE((int)EVM_SUCCESS);
}

OP(REVERT) {
    BEGIN;
    DELEGATE(instruction_output(frame->evm, frame, sp));
    LEAVE((int)EVM_REVERT);
}

OP(SELFDESTRUCT) {
    BEGIN;
    DELEGATE(instruction_selfdestruct(frame->evm, frame, sp));
    frame->output = (struct bytes){NULL, 0};
    LEAVE((int)EVM_SUCCESS);
}

stream_run *const stream_runs[STREAM_KIND_COUNT] = {
#define RUN(name)        [STREAM_##name] = run_##name,
#define RUN_S(name)      [STREAM_##name] = run_##name,
#define RUN_D(name)      [STREAM_D_##name] = run_D_##name,
#define RUN_P(name)      [STREAM_P_##name] = run_P_##name,
#define RUN_DD(name)     [STREAM_DD_##name] = run_DD_##name,
#define RUN_DP(name)     [STREAM_DP_##name] = run_DP_##name,
#define RUN_IF(name)     [STREAM_IF_##name] = run_IF_##name,
#define RUN_IFN(name)    [STREAM_IFN_##name] = run_IFN_##name,
#define RUN_D_IF(name)   [STREAM_D_IF_##name] = run_D_IF_##name,
#define RUN_D_IFN(name)  [STREAM_D_IFN_##name] = run_D_IFN_##name,
#define RUN_P_IF(name)   [STREAM_P_IF_##name] = run_P_IF_##name,
#define RUN_P_IFN(name)  [STREAM_P_IFN_##name] = run_P_IFN_##name,
#define RUN_DD_IF(name)  [STREAM_DD_IF_##name] = run_DD_IF_##name,
#define RUN_DD_IFN(name) [STREAM_DD_IFN_##name] = run_DD_IFN_##name,
#define RUN_DP_IF(name)  [STREAM_DP_IF_##name] = run_DP_IF_##name,
#define RUN_DP_IFN(name) [STREAM_DP_IFN_##name] = run_DP_IFN_##name,
    STREAM_KINDS(RUN) STREAM_FAMILIES(RUN)};

int stream_run_frame(struct evm_frame *frame) {
    const struct stream_op *op = frame->next_op;
    struct u256 *sp = frame->sp - 1;
#if STREAM_TAIL_CALLS
    (void)op->run(op, sp, frame->gas, frame, sp->limb[0], sp->limb[1], sp->limb[2], sp->limb[3]);
#else
    struct stream_registers registers = {sp, frame->gas, frame, *sp};
    while (op != NULL) {
        op = op->run(op, &registers);
    }
#endif
    return frame->outcome;
}
