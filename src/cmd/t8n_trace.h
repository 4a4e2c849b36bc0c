/* t8n_trace: what `infinity evm t8n` tells of instructions: the files of --trace…, one a transaction, below
 * the output folder; and how often each ran.
 *
 * Source: geth's cmd/evm (t8n): trace-INDEX-HASH.jsonl has the lines of EIP-3155, trace-INDEX-HASH.json what
 * a tracer answers. INDEX counts the transactions that were tried, so that one rejected leaves an empty file.
 */
#ifndef CMD_T8N_TRACE_H
#define CMD_T8N_TRACE_H

#include "cmd/suite_trace.h"
#include "cmd/t8n_io.h"
#include "rpc/trace.h"

struct t8n_trace_options {
    bool is_on;
    const char *tracer, *tracer_config; /* "": lines; and no configuration */
    bool memory, no_memory, no_stack, return_data, no_return_data, calls;
    bool counts; /* of instructions, over all transactions */
};

struct t8n_trace {
    const struct t8n_trace_options *options;
    const struct t8n_io *io;
    const struct json *request; /* of a tracer, else NULL */
    struct arena arena;         /* of one transaction */
    struct suite_trace *lines;
    struct trace tracer;
    struct json_writer answer;
    FILE *file; /* of the transaction that runs, else NULL */
    size_t started_count;
    /* Counts, and hands on to the transaction's own. */
    struct evm_tracer counter;
    const struct evm_tracer *counted; /* NULL: there is none */
    uint64_t counts[256];
};

/* Reads the configuration. All that is given outlives the trace, which must not be moved. */
MUST_USE enum t8n_error t8n_trace_init(
    struct t8n_trace *trace, const struct t8n_io *io, const struct t8n_trace_options *options
);

/* Begins a transaction's file. *tracer is for the run; NULL where nothing is traced. */
MUST_USE enum t8n_error t8n_trace_begin(
    struct t8n_trace *trace, const struct evm_tracer **tracer, const struct trace_subject *subject
);

/* Completes the file. outcome is NULL where the transaction was rejected. */
MUST_USE enum t8n_error t8n_trace_end(struct t8n_trace *trace, const struct tx_outcome *outcome);

/* {"ADD":2, …}, of those that ran. */
void t8n_trace_write_counts(
    struct json_writer *writer, const struct t8n_trace *trace, const struct evm_rules *rules
);

/* Also after a failure, and of a trace that is all zeros. */
void t8n_trace_free(struct t8n_trace *trace);

#endif
