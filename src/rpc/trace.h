/* trace: what a transaction did, as debug_trace* answers it: struct logs, call frames, accounts.
 *
 * Source: geth's native tracers (logger, callTracer, prestateTracer, 4byteTracer, noopTracer): names,
 * options and shapes are theirs.
 */
#ifndef RPC_TRACE_H
#define RPC_TRACE_H

#include "chain/execute.h"
#include "json/json.h"

enum trace_kind {
    TRACE_STRUCT_LOGS = 0,
    TRACE_CALLS,
    TRACE_NOTHING, /* noopTracer */
};

struct trace_options {
    enum trace_kind kind;
    bool disable_stack, disable_storage, enable_memory, enable_return_data;
    uint64_t limit; /* struct logs at most; 0: no limit */
    bool only_top_call;
    bool with_log;
};

/* One run's trace. Struct logs are written while it runs, into out, between trace_begin and
 * trace_end; a run whose logs do not fit the writer goes on untraced. */
struct trace {
    struct evm_tracer tracer; /* for chain_vm */
    struct trace_options options;
    struct json_writer *out;
    struct arena *arena;
    const struct evm_rules *rules;
    uint64_t step_count;
    bool has_open_step; /* a struct log whose cost is not known yet */
    uint64_t open_gas;
    struct trace_slot *slots; /* seen by SLOAD and SSTORE so far */
    size_t slot_count;
    struct trace_frame *root, *top;
    size_t frame_count;
    size_t kept; /* bytes copied for the answer */
    uint64_t log_count;
};

/* out: where the answer's one value goes. arena outlives the trace. trace must not be moved. */
void trace_begin(
    struct trace *trace,
    const struct trace_options *options,
    struct json_writer *out,
    struct arena *arena,
    const struct evm_rules *rules
);

/* Completes the value. gas_limit is the transaction's. */
void trace_end(struct trace *trace, const struct tx_outcome *outcome, uint64_t gas_limit);

#endif
