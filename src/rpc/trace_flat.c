/* flatCallTracer: calls as a list, each with its place in the tree, in the words of Parity's traces. */
#include "rpc/trace_parts.h"

struct flat {
    struct trace_calls calls; /* first: trace_calls_on_step */
    bool parity_errors, with_precompiles;
    /* While it is written: the way from the root to a call. */
    uint64_t path[EVM_DEPTH_MAX + 3];
    size_t path_len;
};

static const char *parity_error(const char *error) {
    static const struct {
        const char *error, *parity;
        bool is_prefix;
    } rows[] = {
        {"contract creation code storage out of gas", "Out of gas", false},
        {"out of gas", "Out of gas", false},
        {"gas uint64 overflow", "Out of gas", false},
        {"max code size exceeded", "Out of gas", false},
        {"invalid jump destination", "Bad jump destination", false},
        {"execution reverted", "Reverted", false},
        {"return data out of bounds", "Out of bounds", false},
        {"stack limit reached 1024 (1023)", "Out of stack", false},
        {"precompile failed", "Built-in failed", false},
        {"invalid input length", "Built-in failed", false},
        {"out of gas:", "Out of gas", true},
        {"invalid opcode:", "Bad instruction", true},
        {"stack underflow", "Stack underflow", true},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const bool is_it = rows[i].is_prefix
            ? strncmp(error, rows[i].error, strlen(rows[i].error)) == 0
            : strcmp(error, rows[i].error) == 0;
        if (is_it) return rows[i].parity;
    }
    return error;
}

static void put_hex_member(struct json_writer *out, const char *name, struct bytes value) {
    json_name(out, name);
    json_write_hex(out, value);
}

static void put_lower(struct json_writer *out, const char *name, const char *text) {
    char lower[16] = "";
    for (size_t i = 0; text[i] != '\0' && i + 1 < sizeof lower; i++) {
        const bool is_upper = text[i] >= 'A' && text[i] <= 'Z';
        lower[i] = (char)(is_upper ? text[i] - 'A' + 'a' : text[i]);
    }
    json_name(out, name);
    json_write_cstring(out, lower);
}

static void put_action(struct json_writer *out, const struct trace_frame *frame) {
    json_name(out, "action");
    json_begin_object(out);
    if (frame->is_selfdestruct) {
        put_hex_member(out, "address", BYTES_OF(frame->from.bytes));
        json_name(out, "balance");
        json_write_quantity_u256(out, &frame->value);
        put_hex_member(out, "refundAddress", BYTES_OF(frame->to.bytes));
        json_end_object(out);
        return;
    }
    const bool creates = trace_is_creation(frame->kind);
    put_lower(out, creates ? "creationMethod" : "callType", frame->type);
    put_hex_member(out, "from", BYTES_OF(frame->from.bytes));
    json_name(out, "gas");
    json_write_quantity(out, frame->gas);
    put_hex_member(out, creates ? "init" : "input", frame->input);
    if (!creates) put_hex_member(out, "to", BYTES_OF(frame->to.bytes));
    json_name(out, "value");
    json_write_quantity_u256(out, &frame->value);
    json_end_object(out);
}

static void put_result(struct json_writer *out, const struct trace_frame *frame) {
    const bool creates = trace_is_creation(frame->kind);
    if (frame->is_selfdestruct) return;
    if (frame->error != NULL && frame->status != EVM_REVERT) return;
    json_name(out, "result");
    json_begin_object(out);
    if (creates && frame->error == NULL) {
        put_hex_member(out, "address", BYTES_OF(frame->to.bytes));
    }
    if (creates) put_hex_member(out, "code", frame->output);
    json_name(out, "gasUsed");
    json_write_quantity(out, frame->gas_used);
    if (!creates) put_hex_member(out, "output", frame->output);
    json_end_object(out);
}

static void put_hash_or_null(struct json_writer *out, const char *name, const struct hash *hash) {
    json_name(out, name);
    if (hash == NULL) {
        json_write_null(out);
    } else {
        json_write_hash(out, hash);
    }
}

/* Parity did not list them, except where code of theirs was borrowed. */
static bool is_listed(const struct flat *flat, const struct trace_frame *frame) {
    const bool may_hide =
        !frame->is_selfdestruct && (frame->kind == EVM_CALL || frame->kind == EVM_STATICCALL);
    return flat->with_precompiles || !may_hide ||
        !evm_is_precompile(flat->calls.trace->rules, &frame->to);
}

static void put_one(struct flat *flat, const struct trace_frame *frame, uint64_t call_count) {
    const struct trace_subject *subject = &flat->calls.trace->subject;
    struct json_writer *out = flat->calls.trace->out;
    json_begin_object(out);
    put_action(out, frame);
    put_hash_or_null(out, "blockHash", subject->block_hash);
    json_name(out, "blockNumber");
    json_write_number(out, subject->run->env.number);
    if (frame->error != NULL) {
        json_name(out, "error");
        json_write_cstring(out, flat->parity_errors ? parity_error(frame->error) : frame->error);
    }
    put_result(out, frame);
    json_name(out, "subtraces");
    json_write_number(out, call_count);
    json_name(out, "traceAddress");
    json_begin_array(out);
    for (size_t i = 0; i < flat->path_len; i++) {
        json_write_number(out, flat->path[i]);
    }
    json_end_array(out);
    put_hash_or_null(out, "transactionHash", subject->tx_hash);
    json_name(out, "transactionPosition");
    json_write_number(out, subject->tx_index);
    json_name(out, "type");
    const bool creates = !frame->is_selfdestruct && trace_is_creation(frame->kind);
    json_write_cstring(out, frame->is_selfdestruct ? "suicide" : creates ? "create" : "call");
    json_end_object(out);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as calls nest, EVM_DEPTH_MAX
static void put_list(struct flat *flat, const struct trace_frame *frame) {
    uint64_t count = 0;
    for (const struct trace_frame *call = frame->first; call != NULL; call = call->next) {
        count += is_listed(flat, call);
    }
    put_one(flat, frame, count);
    ASSERT(flat->path_len < ARRAY_LEN(flat->path));
    flat->path[flat->path_len++] = 0;
    for (const struct trace_frame *call = frame->first; call != NULL; call = call->next) {
        if (!is_listed(flat, call)) continue;
        put_list(flat, call);
        flat->path[flat->path_len - 1]++;
    }
    flat->path_len--;
}

static struct flat *open_any(struct trace_part *part) {
    struct flat *flat = ARENA_NEW(part->trace->arena, struct flat);
    trace_calls_init(&flat->calls, part->trace);
    part->own = flat;
    return flat;
}

static const char *open_flat(struct trace_part *part) {
    struct flat *flat = open_any(part);
    flat->parity_errors = json_is_true(json_get(part->config, "convertParityErrors"));
    flat->with_precompiles = json_is_true(json_get(part->config, "includePrecompiles"));
    return NULL;
}

static const char *open_parity(struct trace_part *part) {
    struct flat *flat = open_any(part);
    flat->parity_errors = true;
    flat->with_precompiles = true;
    return NULL;
}

static void write_flat(struct trace_part *part, const struct tx_outcome *outcome) {
    struct flat *flat = part->own;
    trace_calls_end(&flat->calls, outcome);
    ASSERT(flat->calls.root != NULL);
    json_begin_array(part->trace->out);
    put_list(flat, flat->calls.root);
    json_end_array(part->trace->out);
}

const struct trace_kind trace_flat_tracer = {
    .name = "flatCallTracer",
    .open = open_flat,
    .step = trace_calls_on_step,
    .enter = trace_calls_on_enter,
    .exit = trace_calls_on_exit,
    .write = write_flat,
};

const struct trace_kind trace_parity_tracer = {
    .name = "parityTracer",
    .open = open_parity,
    .step = trace_calls_on_step,
    .enter = trace_calls_on_enter,
    .exit = trace_calls_on_exit,
    .write = write_flat,
};
