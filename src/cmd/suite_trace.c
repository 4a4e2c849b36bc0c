#include "cmd/suite_trace.h"

#include <stdlib.h>

#define REQUEST_MAX ((size_t)64 << 20)

static void write_line(void *ctx, struct bytes text) {
    const struct suite_trace *const trace = ctx;
    (void)fwrite(text.data, 1, text.len, trace->out);
    (void)fputc('\n', trace->out);
}

static void on_step(void *ctx, const struct evm_step *step) {
    const struct suite_trace *const trace = ctx;
    trace->steps.step(trace->steps.ctx, step);
}

static void on_enter(void *ctx, const struct evm_message *message, uint64_t caller_gas) {
    const struct suite_trace *const trace = ctx;
    trace->steps.enter(trace->steps.ctx, message, caller_gas);
}

static void on_exit_call(
    void *ctx, const struct evm_message *message, const struct evm_result *result
) {
    struct suite_trace *const trace = ctx;
    trace->steps.exit(trace->steps.ctx, message, result);
    if (!trace->closes_calls || message->depth != 0) return;
    eip3155_result(&trace->lines, result, message->gas - result->gas_left);
}

struct suite_trace *suite_trace_create(void) {
    struct suite_trace *const trace = calloc(1, sizeof *trace);
    ASSERT(trace != NULL);
    return trace;
}

void suite_trace_destroy(struct suite_trace *trace) {
    free(trace);
}

const struct evm_tracer *suite_trace_begin(
    struct suite_trace *trace, const struct evm_rules *rules, FILE *out, bool closes_calls
) {
    trace->out = out;
    trace->closes_calls = closes_calls;
    trace->tracer = (struct evm_tracer){on_step, on_enter, on_exit_call, trace};
    eip3155_init(&trace->lines, &trace->steps, rules, write_line, trace);
    return &trace->tracer;
}

void suite_trace_close(
    struct suite_trace *trace, enum evm_status status, struct bytes output, uint64_t gas_used
) {
    const struct evm_result result = {.status = status, .output = output};
    eip3155_result(&trace->lines, &result, gas_used);
}

const struct json *suite_trace_request(
    struct arena *arena, const char *tracer, const struct json *config
) {
    const struct json *root = NULL;
    struct json_writer writer;
    json_writer_init(&writer, REQUEST_MAX);
    json_begin_object(&writer);
    json_name(&writer, "tracer");
    json_write_cstring(&writer, tracer);
    if (config != NULL) {
        json_name(&writer, "tracerConfig");
        json_write_value(&writer, config);
    }
    json_end_object(&writer);
    const struct bytes text = arena_copy(arena, json_writer_text(&writer));
    json_writer_free(&writer);
    const enum json_verdict verdict = json_parse(arena, &root, text, &json_limits_file);
    ASSERT(verdict == JSON_VALID);
    return root;
}
