/* Calls within calls: what callTracer shows, and its kin are made from. */
#include "rpc/trace_parts.h"

void trace_calls_init(struct trace_calls *calls, struct trace *trace) {
    *calls = (struct trace_calls){.trace = trace};
}

static struct trace_frame *new_frame(struct trace_calls *calls) {
    if (calls->frame_count == TRACE_FRAMES_MAX) {
        trace_fail(calls->trace, "the trace is too large: more than 100000 calls");
        return NULL;
    }
    calls->frame_count++;
    return ARENA_NEW(calls->trace->arena, struct trace_frame);
}

static void add_call(struct trace_frame *caller, struct trace_frame *callee) {
    callee->parent = caller;
    if (caller->last == NULL) {
        caller->first = callee;
    } else {
        caller->last->next = callee;
    }
    caller->last = callee;
    caller->call_count++;
}

/* ---- Instructions ---- */

static void note_log(struct trace_calls *calls, const struct evm_step *step) {
    struct trace *trace = calls->trace;
    struct trace_frame *frame = calls->top;
    const size_t topic_count = step->opcode - (size_t)TRACE_LOG0;
    struct bytes data;
    if (step->stack_len < topic_count + 2) return;
    if (!trace_keep_memory(trace, &data, step, trace_operand(step, 0), trace_operand(step, 1))) {
        return;
    }
    struct trace_log *log = ARENA_NEW(trace->arena, struct trace_log);
    log->log = (struct state_log){
        .address = step->message->recipient,
        .topic_count = (uint32_t)topic_count,
        .data = data,
    };
    for (size_t i = 0; i < topic_count; i++) {
        u256_to_be(log->log.topics[i].bytes, trace_operand(step, 2 + i));
    }
    log->index = step->state->log_count; /* what was undone has been taken off */
    log->position = frame->call_count;
    if (frame->last_log == NULL) {
        frame->logs = log;
    } else {
        frame->last_log->next = log;
    }
    frame->last_log = log;
    calls->log = log;
}

/* It is shown when the frame has ended well: until then the instruction may fail. */
static void note_selfdestruct(struct trace_calls *calls, const struct evm_step *step) {
    struct trace_frame *frame = new_frame(calls);
    if (frame == NULL) return;
    frame->type = "SELFDESTRUCT";
    frame->is_selfdestruct = true;
    frame->from = step->message->recipient;
    frame->to = u256_to_address(trace_operand(step, 0));
    frame->value = state_balance(step->state, &step->message->recipient);
    calls->selfdestruct = frame;
}

static uint64_t saturated(const struct u256 *word) {
    return u256_fits_u64(word) ? word->limb[0] : UINT64_MAX;
}

static void note_answer(struct trace_calls *calls, const struct evm_step *step) {
    const bool has_value = step->opcode == TRACE_CALL || step->opcode == TRACE_CALLCODE;
    const size_t offset = has_value ? 5 : 4;
    if (step->stack_len < offset + 2) return;
    calls->knows_answer = true;
    calls->answer_offset = saturated(trace_operand(step, offset));
    calls->answer_size = saturated(trace_operand(step, offset + 1));
}

/* The call that has just ended left its answer in the caller's memory. */
static void take_answer(struct trace_calls *calls, const struct evm_step *step) {
    struct trace_frame *frame = calls->returned;
    const struct u256 offset = u256_from_u64(frame->answer_offset);
    const struct u256 size = u256_from_u64(frame->answer_size);
    calls->returned = NULL;
    (void)trace_keep_memory(calls->trace, &frame->output, step, &offset, &size);
}

void trace_calls_step(struct trace_calls *calls, const struct evm_step *step) {
    struct trace_frame *top = calls->top;
    if (top == NULL) return;
    if (calls->returned != NULL) take_answer(calls, step);
    calls->knows_answer = false;
    calls->log = NULL;
    if (top->depth != step->depth - 1) return; /* within a call that is not shown */
    top->has_run = true;
    if (step->opcode >= TRACE_LOG0 && step->opcode <= TRACE_LOG4) {
        if (calls->with_log) note_log(calls, step);
    } else if (step->opcode == TRACE_SELFDESTRUCT) {
        if (!calls->only_top_call && step->stack_len >= 1) note_selfdestruct(calls, step);
    } else if (calls->with_answers && trace_is_call(step->opcode)) {
        note_answer(calls, step);
    }
}

/* ---- Frames ---- */

struct trace_frame *trace_calls_enter(
    struct trace_calls *calls, const struct evm_message *message
) {
    if (message->depth > 0 && (calls->only_top_call || calls->top == NULL)) return NULL;
    struct trace_frame *frame = new_frame(calls);
    if (frame == NULL) return NULL;
    frame->type = evm_call_kind_name(message->kind);
    frame->kind = message->kind;
    frame->depth = message->depth;
    frame->from = message->kind == EVM_DELEGATECALL ? message->recipient : message->sender;
    frame->to = trace_is_creation(message->kind) ? message->recipient : message->code_address;
    frame->value = message->value;
    frame->gas = message->gas;
    frame->input = trace_keep(calls->trace, message->input);
    frame->is_answered = calls->knows_answer;
    frame->answer_offset = calls->answer_offset;
    frame->answer_size = calls->answer_size;
    if (calls->top == NULL) {
        calls->root = frame;
    } else {
        add_call(calls->top, frame);
    }
    calls->top = frame;
    return frame;
}

struct trace_frame *trace_calls_exit(struct trace_calls *calls, const struct trace_exit *exit) {
    struct trace_frame *frame = calls->top;
    struct trace_frame *last = calls->selfdestruct;
    if (frame == NULL || frame->depth != exit->message->depth) return NULL;
    calls->selfdestruct = NULL;
    if (calls->log != NULL && exit->at_instruction) calls->log->is_void = true;
    calls->log = NULL;
    if (last != NULL && exit->error == NULL) add_call(frame, last);
    frame->status = exit->result->status;
    frame->error = exit->error;
    frame->failed_in_code = exit->at_instruction;
    frame->gas_used = exit->message->gas - exit->result->gas_left;
    frame->output = trace_keep(calls->trace, exit->result->output);
    calls->top = frame->parent;
    if (calls->with_answers && frame->is_answered && exit->error == NULL) calls->returned = frame;
    return frame;
}

void trace_calls_on_step(struct trace_part *part, const struct evm_step *step) {
    trace_calls_step(part->own, step);
}

void trace_calls_on_enter(
    struct trace_part *part, const struct evm_message *message, uint64_t caller_gas
) {
    (void)caller_gas;
    (void)trace_calls_enter(part->own, message);
}

void trace_calls_on_exit(struct trace_part *part, const struct trace_exit *exit) {
    (void)trace_calls_exit(part->own, exit);
}

/* Logs of what was undone never were. */
// NOLINTNEXTLINE(misc-no-recursion): as deep as calls nest, EVM_DEPTH_MAX
static void drop_logs(struct trace_frame *frame, bool is_undone) {
    const bool is_gone = is_undone || frame->error != NULL;
    if (is_gone) frame->logs = NULL;
    for (struct trace_frame *call = frame->first; call != NULL; call = call->next) {
        drop_logs(call, is_gone);
    }
}

void trace_calls_end(struct trace_calls *calls, const struct tx_outcome *outcome) {
    if (calls->root == NULL) return;
    calls->root->gas = calls->trace->subject.tx->gas_limit;
    calls->root->gas_used = outcome->gas_used;
    drop_logs(calls->root, false);
}

/* ---- callTracer ---- */

static void put_logs(struct json_writer *out, const struct trace_frame *frame) {
    if (frame->logs == NULL) return;
    json_name(out, "logs");
    json_begin_array(out);
    for (const struct trace_log *log = frame->logs; log != NULL; log = log->next) {
        json_begin_object(out);
        json_name(out, "address");
        json_write_address(out, &log->log.address);
        json_name(out, "topics");
        json_begin_array(out);
        for (uint32_t i = 0; i < log->log.topic_count; i++) {
            json_write_hash(out, &log->log.topics[i]);
        }
        json_end_array(out);
        json_name(out, "data");
        json_write_hex(out, log->log.data);
        json_name(out, "index");
        json_write_quantity(out, log->index);
        json_name(out, "position");
        json_write_quantity(out, log->position);
        json_end_object(out);
    }
    json_end_array(out);
}

void trace_put_frame_members(struct trace *trace, const struct trace_frame *frame, bool with_log) {
    struct json_writer *out = trace->out;
    json_name(out, "type");
    json_write_cstring(out, frame->type);
    json_name(out, "from");
    json_write_address(out, &frame->from);
    json_name(out, "gas");
    json_write_quantity(out, frame->gas);
    json_name(out, "gasUsed");
    json_write_quantity(out, frame->gas_used);
    if (frame->error == NULL || !trace_is_creation(frame->kind)) {
        json_name(out, "to");
        json_write_address(out, &frame->to);
    }
    json_name(out, "input");
    json_write_hex(out, frame->input);
    if (frame->output.len > 0) {
        json_name(out, "output");
        json_write_hex(out, frame->output);
    }
    if (frame->error != NULL) {
        json_name(out, "error");
        json_write_cstring(out, frame->error);
    }
    const char *reason =
        frame->status == EVM_REVERT ? trace_revert_reason(trace->arena, frame->output) : NULL;
    if (reason != NULL) {
        json_name(out, "revertReason");
        json_write_cstring(out, reason);
    }
    if (with_log) put_logs(out, frame);
    if (frame->kind != EVM_STATICCALL) {
        json_name(out, "value");
        json_write_quantity_u256(out, &frame->value);
    }
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as calls nest, EVM_DEPTH_MAX
static void put_frame(const struct trace_calls *calls, const struct trace_frame *frame) {
    struct json_writer *out = calls->trace->out;
    json_begin_object(out);
    trace_put_frame_members(calls->trace, frame, calls->with_log);
    if (frame->first != NULL) {
        json_name(out, "calls");
        json_begin_array(out);
        for (const struct trace_frame *call = frame->first; call != NULL; call = call->next) {
            put_frame(calls, call);
        }
        json_end_array(out);
    }
    json_end_object(out);
}

static const char *open_calls(struct trace_part *part) {
    struct trace_calls *calls = ARENA_NEW(part->trace->arena, struct trace_calls);
    trace_calls_init(calls, part->trace);
    calls->only_top_call = json_is_true(json_get(part->config, "onlyTopCall"));
    calls->with_log = json_is_true(json_get(part->config, "withLog"));
    part->own = calls;
    return NULL;
}

static void write_calls(struct trace_part *part, const struct tx_outcome *outcome) {
    struct trace_calls *calls = part->own;
    trace_calls_end(calls, outcome);
    ASSERT(calls->root != NULL);
    put_frame(calls, calls->root);
}

const struct trace_kind trace_call_tracer = {
    .name = "callTracer",
    .open = open_calls,
    .step = trace_calls_on_step,
    .enter = trace_calls_on_enter,
    .exit = trace_calls_on_exit,
    .write = write_calls,
};

/* ---- callTracerLegacy: geth's callTracer as it was in JavaScript, from steps alone ---- */

static const char *open_legacy(struct trace_part *part) {
    struct trace_calls *calls = ARENA_NEW(part->trace->arena, struct trace_calls);
    trace_calls_init(calls, part->trace);
    calls->with_answers = true;
    part->own = calls;
    return NULL;
}

/* Precompiles were taken for instructions. */
static bool is_legacy_call(const struct trace_calls *calls, const struct trace_frame *frame) {
    return frame->is_selfdestruct || trace_is_creation(frame->kind) ||
        !evm_is_precompile(calls->trace->rules, &frame->to);
}

/* What went wrong before or after the code of a call did not show. */
static const char *legacy_error(const struct trace_frame *frame) {
    if (frame->error == NULL || frame->parent == NULL) return frame->error;
    return frame->failed_in_code || frame->status == EVM_REVERT ? frame->error : "internal failure";
}

static void put_legacy_members(struct json_writer *out, const struct trace_frame *frame) {
    const bool has_gas = frame->parent == NULL || frame->has_run;
    const bool has_value = frame->is_selfdestruct || trace_is_creation(frame->kind) ||
        frame->kind == EVM_CALL || frame->kind == EVM_CALLCODE;
    const char *error = legacy_error(frame);
    json_name(out, "type");
    json_write_cstring(out, frame->type);
    json_name(out, "from");
    json_write_address(out, &frame->from);
    if (frame->error == NULL || !trace_is_creation(frame->kind) || frame->parent == NULL) {
        json_name(out, "to");
        json_write_address(out, &frame->to);
    }
    if (has_value) {
        json_name(out, "value");
        json_write_quantity_u256(out, &frame->value);
    }
    if (has_gas) {
        json_name(out, "gas");
        json_write_quantity(out, frame->gas);
        json_name(out, "gasUsed");
        json_write_quantity(out, frame->gas_used);
    }
    if (!frame->is_selfdestruct) {
        json_name(out, "input");
        json_write_hex(out, frame->input);
    }
    const bool has_output = !frame->is_selfdestruct &&
        (error == NULL ||
         (frame->parent == NULL && frame->status == EVM_REVERT && frame->output.len > 0));
    if (has_output) {
        json_name(out, "output");
        json_write_hex(out, frame->output);
    }
    if (error != NULL) {
        json_name(out, "error");
        json_write_cstring(out, error);
    }
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as calls nest, EVM_DEPTH_MAX
static void put_legacy(const struct trace_calls *calls, const struct trace_frame *frame) {
    struct json_writer *out = calls->trace->out;
    bool has_calls = false;
    json_begin_object(out);
    put_legacy_members(out, frame);
    for (const struct trace_frame *call = frame->first; call != NULL; call = call->next) {
        if (!is_legacy_call(calls, call)) continue;
        if (!has_calls) {
            json_name(out, "calls");
            json_begin_array(out);
            has_calls = true;
        }
        put_legacy(calls, call);
    }
    if (has_calls) json_end_array(out);
    json_end_object(out);
}

static void write_legacy(struct trace_part *part, const struct tx_outcome *outcome) {
    struct trace_calls *calls = part->own;
    trace_calls_end(calls, outcome);
    ASSERT(calls->root != NULL);
    put_legacy(calls, calls->root);
}

const struct trace_kind trace_call_tracer_legacy = {
    .name = "callTracerLegacy",
    .open = open_legacy,
    .step = trace_calls_on_step,
    .enter = trace_calls_on_enter,
    .exit = trace_calls_on_exit,
    .write = write_legacy,
};
