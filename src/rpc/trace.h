/* trace: what a transaction did, as debug_trace* answers it.
 *
 * Source: geth's tracers: names, options and shapes are theirs. A request's configuration names one
 *
 *   (none)               struct logs: every instruction with its stack, memory and storage
 *   callTracer           calls within calls; logs on request
 *   flatCallTracer       the same as a list, in Parity's words; parityTracer is one of its settings
 *   prestateTracer       the accounts it looked at, as they were, or before and after
 *   4byteTracer          which functions it called, by selector
 *   erc7562Tracer        what ERC-7562 judges: opcodes, slots, code sizes
 *   noopTracer           nothing
 *   muxTracer            several of those at once
 *   callTracerLegacy, prestateTracerLegacy    in the shapes of geth before it had native tracers
 *
 * They all stand on the hooks of evm.h (struct evm_tracer), which cost nothing where nobody traces.
 */
#ifndef RPC_TRACE_H
#define RPC_TRACE_H

#include "chain/execute.h"
#include "json/json.h"

#define TRACE_PARTS_MAX      ((size_t)8)        /* tracers that muxTracer runs at once */
#define TRACE_FRAMES_MAX     ((size_t)100000)   /* calls of a transaction */
#define TRACE_KEPT_MAX       ((size_t)16 << 20) /* bytes of inputs, outputs and logs */
#define TRACE_ENTRIES_MAX    ((size_t)1 << 20)  /* accounts, slots and selectors together */
#define TRACE_TIMEOUT_MS     UINT64_C(5000) /* for one transaction, where a request names none */
#define TRACE_TIMEOUT_MS_MAX UINT64_C(60000)

/* What is traced. All of it outlives the trace. */
struct trace_subject {
    const struct block_run *run; /* just before the transaction */
    const struct tx *tx;
    const struct address *sender;
    const struct hash *block_hash, *tx_hash; /* NULL: it stands in no block */
    uint64_t tx_index;
    uint64_t (*now_ms)(void *ctx); /* NULL: it may take as long as it takes */
    void *now_ctx;
};

struct trace_kind; /* trace_parts.h */
struct trace;

struct trace_part {
    const struct trace_kind *kind;
    struct bytes name; /* as the request has it */
    const struct json *config;
    struct trace *trace;
    void *own;
};

/* One run's trace. Struct logs are written while it runs, between trace_begin and trace_end; a run
 * whose answer has become too large, or takes too long, goes on untraced. */
struct trace {
    struct evm_tracer tracer; /* for chain_vm */
    struct trace_subject subject;
    struct json_writer *out;
    struct arena *arena;
    const struct evm_rules *rules;
    const char *failure; /* why there is no answer */
    size_t kept, entry_count;
    uint64_t deadline_ms, steps_to_look;
    bool is_mux;
    struct trace_part parts[TRACE_PARTS_MAX];
    size_t part_count;
    /* The last instruction, until something else is heard of. */
    struct {
        bool is_newest;
        uint8_t opcode;
        size_t stack_len;
        uint64_t gas;
    } last;
};

/* config is the request's object or NULL; out is where the answer's one value goes; arena outlives
 * the trace, which must not be moved. NULL, or why there is no such tracer. */
MUST_USE const char *trace_begin(
    struct trace *trace,
    struct arena *arena,
    struct json_writer *out,
    const struct json *config,
    const struct trace_subject *subject
);

/* Completes the value. NULL, or why there is none. */
MUST_USE const char *trace_end(struct trace *trace, const struct tx_outcome *outcome);

/* A transaction's logs as eth_simulateV1 shows them, on request with the Ether that calls moved as
 * logs of Transfer(address,address,uint256) by ERC-7528's address. Logs of what was undone count in
 * the indexes, but are not shown. */
struct trace_shown_log {
    struct state_log log;
    uint64_t index;
};

void trace_logs_begin(
    struct trace *trace,
    struct arena *arena,
    const struct trace_subject *subject,
    bool with_transfers
);

/* *next_index is that of the first log, and then of the first log of the next transaction. */
MUST_USE const char *trace_logs_end(
    struct trace *trace, const struct trace_shown_log **logs, size_t *count, uint64_t *next_index
);

#endif
