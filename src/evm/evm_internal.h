/* evm_internal: frames and the pools they live in, shared by the files of the call tree.
 *
 *   evm.c           begins and ends calls and creations; the loop over frames
 *   interpreter.c   runs one frame until it ends or calls, from its code as it is
 *   stream.c        does the same from decoded code (stream.h)
 *   instructions.c  the instructions that touch state, memory in bulk or other frames
 */
#ifndef EVM_EVM_INTERNAL_H
#define EVM_EVM_INTERNAL_H

#include "evm/code_cache.h"
#include "evm/evm.h"
#include "evm/hash_memo.h"
#include "evm/opcodes.h"
#include "evm/state_records.h"
#include "evm/stream.h"

enum {
    EVM_WORD = 32,
    EVM_FRAMES_MAX = 1025, /* EVM_DEPTH_MAX and the outermost */
    EVM_SEGMENTS_MAX = 48,
    EVM_STACK_CHUNK_WORDS = 16 * 1024,
    EVM_STACK_CHUNKS_MAX = 80,
};

/* So many jumps no gas can buy: the frame stays in the plain loop. */
#define EVM_JUMPS_NEVER_LEFT UINT64_MAX

/* More memory than any gas can buy: 2^27 words cost 2^45. Offsets above are out of gas at once. */
#define EVM_MEMORY_MAX ((uint64_t)1 << 32)

struct evm_frame {
    struct evm *evm;
    struct evm_message message;
    struct evm_code code;
    struct code_entry *code_entry; /* pinned; NULL for initcode */
    bool is_creation;
    struct state_account *self; /* the recipient's record */
    struct state_checkpoint checkpoint;

    struct u256 sender_word, recipient_word; /* of the message, as CALLER and ADDRESS push them */

    int64_t gas;
    const uint8_t *pc;
    struct u256 *stack;      /* its bottom; the word below may be written too */
    struct u256 *stack_base; /* that word: where a stream has sp while the stack is empty */
    struct u256 *sp;         /* above its top */
    size_t stack_chunk;

    /* While the frame runs from a stream; pc is then of no meaning. */
    const struct evm_stream *stream;
    const struct stream_op *next_op; /* NULL while it runs from its code */
    int outcome;                     /* what stream_run_frame answers */
    uint64_t jumps_left;             /* back, until the plain loop asks for a stream */

    /* Memory lies in a segment behind that of the calling frame, which does not move meanwhile. */
    uint8_t *memory;
    size_t memory_size;     /* a multiple of 32, paid for and zeroed */
    size_t memory_word_end; /* below it, offsets have a whole word of that */
    uint64_t wanted_offset; /* of a word that an operation waits for */
    size_t memory_room;
    size_t segment;
    int64_t memory_gas; /* paid for memory_size */

    /* Where the answer of the frame that this one calls goes. */
    size_t answer_offset, answer_size;
    struct bytes output; /* of RETURN and REVERT: in memory */
};

struct evm_segment {
    uint8_t *data;
    size_t size;
};

struct evm {
    const struct arena_source *source;
    struct evm_context context;
    enum evm_engine engine;
    struct code_cache codes;
    struct arena scratch; /* of precompiles */
    struct arena_mark scratch_begin;

    struct u256_modulus modulus; /* of the last MULMOD */

    struct evm_frame *frames;
    size_t frame_count;
    struct evm_segment segments[EVM_SEGMENTS_MAX];
    struct u256 *stack_chunks[EVM_STACK_CHUNKS_MAX];

    /* What the last call of the running frame answered. One is enough: it ends when the frame calls
     * again or ends itself. */
    uint8_t *return_buffer;
    size_t return_room;
    size_t return_size;

    struct evm_message call;      /* what the running frame asks for: see RUN_CALLS */
    enum evm_status call_refused; /* EVM_SUCCESS, or why it cannot begin */

    struct hash_memo hashes;
};

/* How a loop leaves a frame: with a status, with evm->call to be made, or to go on in the other
 * loop, at pc. */
enum { RUN_CALLS = -1, RUN_OTHERWISE = -2 };

/* Runs the frame from its pc, sp and gas on; answers an enum evm_status or one of the above. */
int interpreter_run(struct evm *evm, struct evm_frame *frame);

/* The same from its next_op. */
int stream_run_frame(struct evm_frame *frame);

/* Makes memory reach end (> memory_size, <= EVM_MEMORY_MAX); false: out of gas. */
bool evm_memory_grow(struct evm *evm, struct evm_frame *frame, uint64_t end);

/* Makes room for size bytes at the end of a frame's segment chain, for its initcode. */
uint8_t *evm_memory_reserve(struct evm *evm, struct evm_frame *frame, size_t size);

static inline bool evm_charge(struct evm_frame *frame, uint64_t gas) {
    if (UNLIKELY(gas > (uint64_t)frame->gas)) return false;
    frame->gas -= (int64_t)gas;
    return true;
}

/* Makes memory hold size bytes from offset on, both as popped; none if size is zero. */
static inline bool evm_memory_reach(
    struct evm *evm, struct evm_frame *frame, const struct u256 *offset, const struct u256 *size
) {
    if (u256_is_zero(size)) return true;
    if (!u256_fits_u64(offset) || !u256_fits_u64(size)) return false;
    if (offset->limb[0] > EVM_MEMORY_MAX || size->limb[0] > EVM_MEMORY_MAX) return false;
    const uint64_t end = offset->limb[0] + size->limb[0];
    return end <= frame->memory_size || evm_memory_grow(evm, frame, end);
}

static inline uint64_t evm_words(uint64_t bytes) {
    return (bytes + EVM_WORD - 1) / EVM_WORD;
}

/* The instructions of instructions.c. top is the topmost operand; what is pushed takes the place of
 * the lowest operand. Gas that does not depend on operands has been paid. */
#define INSTRUCTION(name) \
    enum evm_status name(struct evm *evm, struct evm_frame *frame, struct u256 *top)
INSTRUCTION(instruction_exp);
INSTRUCTION(instruction_keccak256);
INSTRUCTION(instruction_balance);
INSTRUCTION(instruction_extcodesize);
INSTRUCTION(instruction_extcodecopy);
INSTRUCTION(instruction_extcodehash);
INSTRUCTION(instruction_calldatacopy);
INSTRUCTION(instruction_codecopy);
INSTRUCTION(instruction_returndatacopy);
INSTRUCTION(instruction_mcopy);
INSTRUCTION(instruction_blockhash);
INSTRUCTION(instruction_sload);
INSTRUCTION(instruction_sstore);
INSTRUCTION(instruction_tload);
INSTRUCTION(instruction_tstore);
INSTRUCTION(instruction_output); /* RETURN, REVERT */
INSTRUCTION(instruction_selfdestruct);
enum evm_status instruction_log(
    struct evm *evm, struct evm_frame *frame, struct u256 *top, uint32_t topic_count
);

/* Prepare evm->call and evm->call_refused. */
enum evm_status instruction_call(
    struct evm *evm, struct evm_frame *frame, struct u256 *top, uint8_t opcode
);
enum evm_status instruction_create(
    struct evm *evm, struct evm_frame *frame, struct u256 *top, uint8_t opcode
);

#endif
