/* stream: code decoded into a stream of 16-byte operations, and the loop that runs it.
 *
 * The plain loop (interpreter.c) says what code means; this one is the same, faster:
 *
 *   - Gas and stack of a basic block are checked once, by the operation STREAM_BLOCK before it.
 *   - The topmost word of the stack is in registers; its place in memory, where sp points, is stale.
 *   - Sequences of instructions that compilers emit are one operation; constants are folded.
 *   - Jumps to constants are resolved.
 *
 * What the stream cannot finish exactly it hands back to the plain loop, at an instruction whose
 * state is whole: a block that will run out of gas or stack, a jump to nowhere, memory that cannot be
 * paid. So every failure, and every access to the state before it, is the plain loop's own.
 *
 * A stream is relative throughout, never changes, and holds for one set of rules.
 * Pure; memory comes from the caller. Internal to the evm layer.
 */
#ifndef EVM_STREAM_H
#define EVM_STREAM_H

#include "evm/code_cache.h"
#include "evm/evm.h"

/* Longer code stays with the plain loop: none such can be deployed since EIP-170. */
#define STREAM_CODE_MAX ((size_t)24576)

struct stream_op;
struct evm_frame;

#if defined(__clang__) && defined(__x86_64__)
#if __has_attribute(preserve_none) && __has_attribute(musttail)
#define STREAM_TAIL_CALLS 1
#endif
#endif
#if !defined(STREAM_TAIL_CALLS)
#define STREAM_TAIL_CALLS 0
#endif

#if STREAM_TAIL_CALLS
#define STREAM_CONVENTION __attribute__((preserve_none))
typedef STREAM_CONVENTION int stream_run(
    const struct stream_op *op,
    struct u256 *sp,
    int64_t gas,
    struct evm_frame *frame,
    uint64_t t0,
    uint64_t t1,
    uint64_t t2,
    uint64_t t3
);
#else
struct stream_registers;
typedef const struct stream_op *stream_run(
    const struct stream_op *op, struct stream_registers *registers
);
#endif

/* Distances on the stack are in bytes below sp. pc and rest belong together: what the block still
 * costs from that instruction on has been paid already. */
struct stream_op {
    stream_run *run;
    union {
        uint64_t value;
        struct {
            uint16_t gas;
            uint16_t need; /* bytes of stack that it takes */
            uint16_t span; /* how much more may be there, so that it does not overflow */
            uint16_t pc;
        } block;
        struct {
            uint16_t rest, pc;
            uint16_t a, b;
        } at;
        struct {
            uint16_t rest, pc;
            uint32_t offset;
        } memory;
        struct {
            int32_t jump; /* bytes from this operation to the block */
            uint16_t a, b;
        } branch;
        struct {
            int32_t jump;
            uint32_t value;
        } branch_value;
        struct {
            uint16_t a, b, c;
        } stack;
        struct {
            uint32_t value;
            uint16_t a;
        } mixed;
        struct {
            uint32_t first, second;
        } pair;
    };
};

/* clang-format off */

/* Instructions whose operands a DUP or a PUSH may give; R... takes them the other way round. */
#define STREAM_BINARY(X) \
    X(ADD) X(MUL) X(SUB) X(RSUB) X(DIV) X(RDIV) X(MOD) X(LT) X(GT) X(SLT) X(SGT) X(EQ) X(AND) \
    X(OR) X(XOR) X(SHL) X(SHR) X(SAR) X(BYTE)
#define STREAM_COMPARE(X) X(LT) X(GT) X(SLT) X(SGT) X(EQ)

/* Everything that pushes a word and needs nothing. */
#define STREAM_VALUE(X) \
    X(ADDRESS) X(ORIGIN) X(CALLER) X(CALLVALUE) X(CALLDATASIZE) X(GASPRICE) X(RETURNDATASIZE) \
    X(COINBASE) X(TIMESTAMP) X(NUMBER) X(PREVRANDAO) X(GASLIMIT) X(CHAINID) X(SELFBALANCE) \
    X(BASEFEE) X(BLOBBASEFEE) X(MSIZE)

/* Instructions that functions run, which may fail. */
#define STREAM_DELEGATED(X) \
    X(EXP) X(KECCAK256) X(BALANCE) X(CALLDATACOPY) X(CODECOPY) X(EXTCODESIZE) X(EXTCODECOPY) \
    X(RETURNDATACOPY) X(EXTCODEHASH) X(BLOCKHASH) X(SLOAD) X(SSTORE) X(TLOAD) X(TSTORE) X(MCOPY) \
    X(LOG0) X(LOG1) X(LOG2) X(LOG3) X(LOG4)
#define STREAM_CALLS(X) X(CREATE) X(CREATE2) X(CALL) X(CALLCODE) X(DELEGATECALL) X(STATICCALL)

#define STREAM_SIXTEEN(X, name) \
    X(name##1) X(name##2) X(name##3) X(name##4) X(name##5) X(name##6) X(name##7) X(name##8) \
    X(name##9) X(name##10) X(name##11) X(name##12) X(name##13) X(name##14) X(name##15) X(name##16)

/* Prefixes name where operands come from: D a DUP, P a PUSH that fits in the operation, in the order
 * of the code; those left out are on the stack. IF_... is a comparison and the jump on it, IFN_... on
 * its contrary. */
#define STREAM_KINDS(X) \
    X(BLOCK) X(PLAIN) X(STOP) X(JUMP) X(JUMPI) X(JUMP_TO) X(P_JUMP_TO) \
    X(IF) X(IFN) X(D_IF) X(D_IFN) X(DUP1_IF) X(DUP1_IFN) X(DUP1_P_IF_EQ) \
    X(PUSH) X(PUSH_WORD) X(P_AND_WORD) X(PUSH_PUSH) X(PUSH_DUP) X(DUP_PUSH) X(DUP_DUP) \
    X(PUSH_SWAP1) X(DUP_SWAP1) X(POP) X(POPS) X(SWAP_POPS) X(SWAP_SWAP) X(SWAP_SWAP_POPS) \
    X(SMOD) X(SDIV) X(SIGNEXTEND) X(ISZERO) X(NOT) X(CLZ) X(ADDMOD) X(MULMOD) \
    X(P_SHL_0) X(P_SHL_1) X(P_SHL_2) X(P_SHL_3) X(P_SHR_0) X(P_SHR_1) X(P_SHR_2) X(P_SHR_3) \
    X(CALLDATALOAD) X(P_CALLDATALOAD) X(BLOBHASH) X(GAS) \
    X(MLOAD) X(P_MLOAD) X(D_MLOAD) X(MSTORE) X(R_MSTORE) X(P_MSTORE) X(D_MSTORE) X(D_R_MSTORE) \
    X(DP_MSTORE) X(DD_MSTORE) X(MSTORE8) X(RETURN) X(REVERT) X(SELFDESTRUCT) \
    STREAM_VALUE(X) STREAM_DELEGATED(X) STREAM_CALLS(X) \
    STREAM_SIXTEEN(X, DUP) STREAM_SIXTEEN(X, SWAP)

/* The kinds that come in families, each in the order of STREAM_BINARY or STREAM_COMPARE. */
#define STREAM_FAMILIES(X) \
    STREAM_BINARY(X##_S) STREAM_BINARY(X##_D) STREAM_BINARY(X##_P) STREAM_BINARY(X##_DD) \
    STREAM_BINARY(X##_DP) STREAM_COMPARE(X##_IF) STREAM_COMPARE(X##_IFN) STREAM_COMPARE(X##_D_IF) \
    STREAM_COMPARE(X##_D_IFN) STREAM_COMPARE(X##_P_IF) STREAM_COMPARE(X##_P_IFN) \
    STREAM_COMPARE(X##_DD_IF) STREAM_COMPARE(X##_DD_IFN) STREAM_COMPARE(X##_DP_IF) \
    STREAM_COMPARE(X##_DP_IFN)
/* clang-format on */

enum stream_kind {
#define KIND(name)        STREAM_##name,
#define KIND_S(name)      STREAM_##name,
#define KIND_D(name)      STREAM_D_##name,
#define KIND_P(name)      STREAM_P_##name,
#define KIND_DD(name)     STREAM_DD_##name,
#define KIND_DP(name)     STREAM_DP_##name,
#define KIND_IF(name)     STREAM_IF_##name,
#define KIND_IFN(name)    STREAM_IFN_##name,
#define KIND_D_IF(name)   STREAM_D_IF_##name,
#define KIND_D_IFN(name)  STREAM_D_IFN_##name,
#define KIND_P_IF(name)   STREAM_P_IF_##name,
#define KIND_P_IFN(name)  STREAM_P_IFN_##name,
#define KIND_DD_IF(name)  STREAM_DD_IF_##name,
#define KIND_DD_IFN(name) STREAM_DD_IFN_##name,
#define KIND_DP_IF(name)  STREAM_DP_IF_##name,
#define KIND_DP_IFN(name) STREAM_DP_IFN_##name,
    STREAM_KINDS(KIND) STREAM_FAMILIES(KIND) STREAM_KIND_COUNT,
};

/* By kind. */
extern stream_run *const stream_runs[STREAM_KIND_COUNT];

struct evm_stream {
    const struct evm_rules *rules;
    size_t size; /* of the whole allocation */
    const uint16_t
        *entries; /* by byte of code: the operation of the block that a jump there begins */
    struct stream_op ops[]; /* the first block is ops[1] */
};

/* Decodes code; answers NULL where it is too long. The stream is the caller's, from source; scratch is
 * used meanwhile. */
struct evm_stream *stream_decode(
    const struct arena_source *source,
    struct arena *scratch,
    const struct evm_rules *rules,
    const struct evm_code *code
);

#endif
