#include "cmd/t8n_trace.h"

#include "codec/hex.h"
#include "world/heap.h"

#include <limits.h>

#define ANSWER_MAX ((size_t)1 << 30)

enum t8n_error t8n_trace_init(
    struct t8n_trace *trace, const struct t8n_io *io, const struct t8n_trace_options *options
) {
    *trace = (struct t8n_trace){.options = options, .io = io};
    arena_init(&trace->arena, &heap_source);
    json_writer_init(&trace->answer, ANSWER_MAX);
    trace->lines = suite_trace_create();
    if (options->tracer[0] == '\0') return T8N_GOOD;
    const char *const text = options->tracer_config;
    const struct json *config = NULL;
    if (text[0] != '\0') {
        const enum json_verdict verdict =
            json_parse(io->arena, &config, bytes_from(text, strlen(text)), &json_limits_file);
        if (verdict != JSON_VALID) {
            return t8n_fail(
                T8N_CONFIG, "failed instantiating tracer: --trace.jsonconfig: %s",
                json_verdict_text(verdict)
            );
        }
    }
    trace->request = suite_trace_request(io->arena, options->tracer, config);
    return T8N_GOOD;
}

/* ---- Counting ---- */

static void count_step(void *ctx, const struct evm_step *step) {
    struct t8n_trace *const trace = ctx;
    const struct evm_tracer *const next = trace->counted;
    trace->counts[step->opcode]++;
    if (next != NULL && next->step != NULL) next->step(next->ctx, step);
}

static void count_enter(void *ctx, const struct evm_message *message, uint64_t caller_gas) {
    const struct t8n_trace *const trace = ctx;
    const struct evm_tracer *const next = trace->counted;
    if (next != NULL && next->enter != NULL) next->enter(next->ctx, message, caller_gas);
}

static void count_exit(
    void *ctx, const struct evm_message *message, const struct evm_result *result
) {
    const struct t8n_trace *const trace = ctx;
    const struct evm_tracer *const next = trace->counted;
    if (next != NULL && next->exit != NULL) next->exit(next->ctx, message, result);
}

void t8n_trace_write_counts(
    struct json_writer *writer, const struct t8n_trace *trace, const struct evm_rules *rules
) {
    json_begin_object(writer);
    for (unsigned opcode = 0; opcode < ARRAY_LEN(trace->counts); opcode++) {
        char hex[32];
        if (trace->counts[opcode] == 0) continue;
        const char *const name = evm_opcode_name(rules, (uint8_t)opcode);
        (void)snprintf(hex, sizeof hex, "opcode 0x%x not defined", opcode);
        json_name(writer, name != NULL ? name : hex);
        json_write_number(writer, trace->counts[opcode]);
    }
    json_end_object(writer);
}

/* ---- Files ---- */

static enum t8n_error open_file(struct t8n_trace *trace, const struct hash *hash) {
    char name[128];
    char digits[67];
    char path[PATH_MAX];
    digits[hex_encode(digits, BYTES_OF(hash->bytes))] = '\0';
    (void)snprintf(
        name, sizeof name, "trace-%zu-%s.%s", trace->started_count++, digits,
        trace->request != NULL ? "json" : "jsonl"
    );
    if (t8n_io_path(path, sizeof path, trace->io, name)) trace->file = fopen(path, "wb");
    if (trace->file != NULL) return T8N_GOOD;
    return t8n_fail(T8N_IO, "failed creating trace-file %s", name);
}

/* geth's closing line has the call's own gas. */
static const struct evm_tracer *begin_lines(
    struct t8n_trace *trace, const struct evm_rules *rules
) {
    const struct t8n_trace_options *const options = trace->options;
    const struct eip3155_shown shown = {
        .memory = options->memory || !options->no_memory,
        .return_data = options->return_data || !options->no_return_data,
        .no_stack = options->no_stack,
        .calls = options->calls,
    };
    const struct evm_tracer *const tracer =
        suite_trace_begin(trace->lines, rules, trace->file, !shown.calls);
    eip3155_show(&trace->lines->lines, &trace->arena, &shown);
    return tracer;
}

/* *tracer is NULL where no file is asked for. */
static enum t8n_error begin_file(
    struct t8n_trace *trace, const struct evm_tracer **tracer, const struct trace_subject *subject
) {
    *tracer = NULL;
    if (!trace->options->is_on && trace->request == NULL) return T8N_GOOD;
    const enum t8n_error error = open_file(trace, subject->tx_hash);
    if (error != T8N_GOOD) return error;
    if (trace->request == NULL) {
        *tracer = begin_lines(trace, subject->run->evm_rules);
        return T8N_GOOD;
    }
    const char *const refusal =
        trace_begin(&trace->tracer, &trace->arena, &trace->answer, trace->request, subject);
    if (refusal != NULL) return t8n_fail(T8N_CONFIG, "failed instantiating tracer: %s", refusal);
    *tracer = &trace->tracer.tracer;
    return T8N_GOOD;
}

enum t8n_error t8n_trace_begin(
    struct t8n_trace *trace, const struct evm_tracer **tracer, const struct trace_subject *subject
) {
    const enum t8n_error error = begin_file(trace, tracer, subject);
    if (error != T8N_GOOD || !trace->options->counts) return error;
    trace->counter = (struct evm_tracer){count_step, count_enter, count_exit, trace};
    trace->counted = *tracer;
    *tracer = &trace->counter;
    return T8N_GOOD;
}

static enum t8n_error write_answer(struct t8n_trace *trace, const struct tx_outcome *outcome) {
    const char *const failure = trace_end(&trace->tracer, outcome);
    if (failure != NULL) return t8n_fail(T8N_EVM, "tracer: %s", failure);
    if (trace->answer.overflowed) return t8n_fail(T8N_EVM, "tracer: the trace is too large");
    const struct bytes text = json_writer_text(&trace->answer);
    (void)fwrite(text.data, 1, text.len, trace->file);
    (void)fputc('\n', trace->file);
    return T8N_GOOD;
}

enum t8n_error t8n_trace_end(struct t8n_trace *trace, const struct tx_outcome *outcome) {
    enum t8n_error error = T8N_GOOD;
    if (trace->file == NULL) return T8N_GOOD;
    if (trace->request != NULL && outcome != NULL) error = write_answer(trace, outcome);
    json_writer_free(&trace->answer);
    json_writer_init(&trace->answer, ANSWER_MAX);
    arena_reset(&trace->arena);
    FILE *const file = trace->file;
    trace->file = NULL;
    const bool is_written = ferror(file) == 0;
    if (fclose(file) == 0 && is_written) return error;
    return error != T8N_GOOD ? error : t8n_fail(T8N_IO, "failed writing a trace-file");
}

void t8n_trace_free(struct t8n_trace *trace) {
    if (trace->options == NULL) return;
    if (trace->file != NULL) (void)fclose(trace->file);
    suite_trace_destroy(trace->lines);
    json_writer_free(&trace->answer);
    arena_reset(&trace->arena);
}
