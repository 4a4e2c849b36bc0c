/* trace_parts: what the tracers (trace_*.c) share. Not for others.
 *
 * A tracer is a struct trace_kind: what it does at each event. Its state is one allocation in the
 * trace's arena, of which open makes part->own.
 */
#ifndef RPC_TRACE_PARTS_H
#define RPC_TRACE_PARTS_H

#include "rpc/trace.h"

enum trace_opcode {
    TRACE_KECCAK256 = 0x20,
    TRACE_BALANCE = 0x31,
    TRACE_EXTCODESIZE = 0x3b,
    TRACE_EXTCODECOPY = 0x3c,
    TRACE_EXTCODEHASH = 0x3f,
    TRACE_SLOAD = 0x54,
    TRACE_SSTORE = 0x55,
    TRACE_GAS = 0x5a,
    TRACE_TLOAD = 0x5c,
    TRACE_TSTORE = 0x5d,
    TRACE_LOG0 = 0xa0,
    TRACE_LOG4 = 0xa4,
    TRACE_CREATE = 0xf0,
    TRACE_CALL = 0xf1,
    TRACE_CALLCODE = 0xf2,
    TRACE_RETURN = 0xf3,
    TRACE_DELEGATECALL = 0xf4,
    TRACE_CREATE2 = 0xf5,
    TRACE_STATICCALL = 0xfa,
    TRACE_REVERT = 0xfd,
    TRACE_INVALID = 0xfe,
    TRACE_SELFDESTRUCT = 0xff,
};

/* How a call or creation ended. */
struct trace_exit {
    const struct evm_message *message;
    const struct evm_result *result;
    const char *error; /* in geth's words; NULL: it did well */
    /* The last thing heard was an instruction of this frame, which then failed. */
    bool at_instruction;
};

struct trace_kind {
    const char *name;
    /* Reads part->config and looks at the state before. NULL, or what is wrong. */
    const char *(*open)(struct trace_part *part);
    /* Each may be NULL. */
    void (*step)(struct trace_part *part, const struct evm_step *step);
    void (*enter)(struct trace_part *part, const struct evm_message *message, uint64_t caller_gas);
    void (*exit)(struct trace_part *part, const struct trace_exit *exit);
    /* One value into the trace's writer. */
    void (*write)(struct trace_part *part, const struct tx_outcome *outcome);
};

extern const struct trace_kind trace_struct_logs, trace_call_tracer, trace_call_tracer_legacy,
    trace_flat_tracer, trace_parity_tracer, trace_prestate_tracer, trace_prestate_tracer_legacy,
    trace_selector_tracer, trace_erc7562_tracer, trace_transfer_logs;

/* The only part of a trace that nobody named. */
void trace_begin_kind(
    struct trace *trace,
    struct arena *arena,
    const struct trace_kind *kind,
    const struct trace_subject *subject
);

/* No answer will come of this trace: nothing more is recorded. The first reason counts. */
void trace_fail(struct trace *trace, const char *failure);

/* A copy for the answer; nothing, and the trace fails, past TRACE_KEPT_MAX. */
struct bytes trace_keep(struct trace *trace, struct bytes data);

/* A copy of size bytes of memory from offset on, with zeros behind its end; both as they are on the
 * stack. False where no gas would pay for that much: the instruction is about to fail. */
bool trace_keep_memory(
    struct trace *trace,
    struct bytes *out,
    const struct evm_step *step,
    const struct u256 *offset,
    const struct u256 *size
);

/* The operand this far below the top of a stack that is that deep. */
static inline const struct u256 *trace_operand(const struct evm_step *step, size_t depth) {
    ASSERT(depth < step->stack_len);
    return &step->stack[step->stack_len - 1 - depth];
}

static inline bool trace_is_call(uint8_t opcode) {
    return opcode == TRACE_CALL || opcode == TRACE_CALLCODE || opcode == TRACE_DELEGATECALL ||
        opcode == TRACE_STATICCALL;
}

static inline bool trace_is_creation(enum evm_call_kind kind) {
    return kind == EVM_CREATE || kind == EVM_CREATE2;
}

/* The reason that a revert's data holds, as Solidity writes it; NULL where it holds none. */
const char *trace_revert_reason(struct arena *arena, struct bytes data);

/* ---- Maps with keys of a few bytes, in the order in which the keys came ---- */

#define TRACE_KEY_MAX ((size_t)32)

struct trace_entry {
    struct trace_entry *next;
    uint64_t hash;
    uint8_t key[TRACE_KEY_MAX]; /* zeros behind what was given */
    bool is_removed;
};

struct trace_map {
    struct trace *trace;
    struct trace_entry **places;
    size_t mask, count;
    struct trace_entry *first, **last;
};

void trace_map_init(struct trace_map *map, struct trace *trace);

/* The entry of key; where there is none, and size is not 0, a new one of that size (a struct that
 * begins with a trace_entry), zeroed. *is_new may be NULL. NULL where it is not there or the trace
 * has TRACE_ENTRIES_MAX already. */
void *trace_map_at(struct trace_map *map, struct bytes key, size_t size, bool *is_new);

/* Names of members: 32 bytes, an address. */
void trace_put_word_name(struct json_writer *out, const uint8_t word[32]);
void trace_put_address_name(struct json_writer *out, const struct address *address);

/* ---- Calls (trace_calls.c), for those that show them ---- */

struct trace_log {
    struct trace_log *next;
    struct state_log log;
    uint64_t index;    /* in the block */
    uint64_t position; /* how many calls of the frame came before */
    bool is_void;      /* its instruction failed, and the frame with it */
};

struct trace_frame {
    struct trace_frame *parent, *next;
    struct trace_frame *first, *last; /* calls */
    const char *type;
    enum evm_call_kind kind;
    bool is_selfdestruct;
    uint32_t depth;
    struct address from, to;
    struct u256 value;
    uint64_t gas, gas_used;
    struct bytes input, output;
    enum evm_status status;
    const char *error; /* NULL: none */
    struct trace_log *logs, *last_log;
    uint64_t call_count;
    bool has_run;        /* it had an instruction */
    bool failed_in_code; /* at one of its instructions */
    bool is_answered;    /* answer_offset and answer_size are those of the caller's instruction */
    uint64_t answer_offset, answer_size;
    void *extra;
};

struct trace_calls {
    struct trace *trace;
    bool only_top_call, with_log, with_answers;
    struct trace_frame *root, *top;
    size_t frame_count;
    struct trace_frame *selfdestruct; /* its instruction may still fail; as may this log's */
    struct trace_log *log;
    struct trace_frame *returned; /* with_answers: the call that has just ended */
    bool knows_answer;            /* of the call about to begin */
    uint64_t answer_offset, answer_size;
};

void trace_calls_init(struct trace_calls *calls, struct trace *trace);
void trace_calls_step(struct trace_calls *calls, const struct evm_step *step);
/* The new frame, or NULL where it is not shown. */
struct trace_frame *trace_calls_enter(struct trace_calls *calls, const struct evm_message *message);
/* The frame that has ended, or NULL. */
struct trace_frame *trace_calls_exit(struct trace_calls *calls, const struct trace_exit *exit);
/* The same as a trace_kind's step, enter and exit, where part->own begins with a trace_calls. */
void trace_calls_on_step(struct trace_part *part, const struct evm_step *step);
void trace_calls_on_enter(
    struct trace_part *part, const struct evm_message *message, uint64_t caller_gas
);
void trace_calls_on_exit(struct trace_part *part, const struct trace_exit *exit);
/* When all is over: gas of the outermost, logs of what was undone. */
void trace_calls_end(struct trace_calls *calls, const struct tx_outcome *outcome);

/* Members that callTracer and erc7562Tracer write of a frame, inside an object. */
void trace_put_frame_members(struct trace *trace, const struct trace_frame *frame, bool with_log);

#endif
