/* suite_trace: EIP-3155 lines for --trace, and how another tracer is asked for. */
#ifndef CMD_SUITE_TRACE_H
#define CMD_SUITE_TRACE_H

#include "evm/eip3155.h"
#include "json/json.h"

#include <stdio.h>

struct suite_trace {
    struct evm_tracer tracer; /* to be put into a chain_vm */
    struct evm_tracer steps;
    struct eip3155 lines;
    FILE *out;
    bool closes_calls;
};

/* Freed by suite_trace_destroy, which takes NULL. */
struct suite_trace *suite_trace_create(void);
void suite_trace_destroy(struct suite_trace *trace);

/* Begins to trace under rules, into out. closes_calls: each outermost call gets a closing line with the gas
 * of that call; else the caller writes it by suite_trace_close. */
const struct evm_tracer *suite_trace_begin(
    struct suite_trace *trace, const struct evm_rules *rules, FILE *out, bool closes_calls
);

/* The closing line of a transaction. */
void suite_trace_close(
    struct suite_trace *trace, enum evm_status status, struct bytes output, uint64_t gas_used
);

/* {"tracer", "tracerConfig"}, as a request of debug_trace* has it. config may be NULL. */
const struct json *suite_trace_request(
    struct arena *arena, const char *tracer, const struct json *config
);

#endif
