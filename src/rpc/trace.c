#include "rpc/trace.h"

#include "rpc/eth_args.h"

#define FRAMES_MAX ((size_t)100000)   /* of a transaction; further ones are left out */
#define KEPT_MAX   ((size_t)16 << 20) /* bytes of inputs, outputs and logs: no answer holds more */
#define SLOTS_MAX  ((size_t)64)       /* shown of a contract's storage in a struct log */

enum { LOG0 = 0xa0, LOG4 = 0xa4, OP_SLOAD = 0x54, OP_SSTORE = 0x55, OP_SELFDESTRUCT = 0xff };

struct trace_slot {
    struct trace_slot *next;
    struct address address;
    struct u256 key, value;
};

struct trace_log {
    struct trace_log *next;
    struct state_log log;
    uint64_t index;
    uint64_t position; /* how many calls of the frame came before */
};

struct trace_frame {
    struct trace_frame *parent, *next;
    struct trace_frame *first, *last; /* calls */
    const char *type;
    struct address from, to;
    struct u256 value;
    uint64_t gas, gas_used;
    struct bytes input, output;
    enum evm_status status;
    struct trace_log *logs, *last_log;
    uint64_t call_count;
};

static bool is_full(const struct trace *trace) {
    return trace->out->overflowed ||
        (trace->options.limit != 0 && trace->step_count >= trace->options.limit);
}

/* A copy for the answer. Past what any answer holds the answer is too large, and nothing is kept. */
static struct bytes keep(struct trace *trace, struct bytes data) {
    if (data.len > KEPT_MAX - trace->kept) {
        trace->out->overflowed = true;
        return bytes_from(NULL, 0);
    }
    trace->kept += data.len;
    return arena_copy(trace->arena, data);
}

/* ---- Struct logs ---- */

static void close_step(struct trace *trace, uint64_t gas_after, const char *error) {
    struct json_writer *out = trace->out;
    if (!trace->has_open_step) return;
    trace->has_open_step = false;
    json_name(out, "gasCost");
    json_write_number(out, trace->open_gas > gas_after ? trace->open_gas - gas_after : 0);
    if (error != NULL) {
        json_name(out, "error");
        json_write_cstring(out, error);
    }
    json_end_object(out);
}

static void put_stack(struct json_writer *out, const struct evm_step *step) {
    json_name(out, "stack");
    json_begin_array(out);
    for (size_t i = 0; i < step->stack_len; i++) {
        json_write_quantity_u256(out, &step->stack[i]);
    }
    json_end_array(out);
}

static void put_memory(struct json_writer *out, struct bytes memory) {
    json_name(out, "memory");
    json_begin_array(out);
    for (size_t i = 0; i < memory.len; i += 32) {
        const size_t size = memory.len - i < 32 ? memory.len - i : 32;
        json_write_hex(out, bytes_slice(memory, i, size));
    }
    json_end_array(out);
}

static void note_slot(struct trace *trace, const struct evm_step *step) {
    const struct u256 *top = &step->stack[step->stack_len - 1];
    const struct address *address = &step->message->recipient;
    const struct u256 value = step->opcode == OP_SSTORE ? step->stack[step->stack_len - 2]
                                                        : state_storage(step->state, address, top);
    struct trace_slot *slot = trace->slots;
    while (slot != NULL && !(address_equal(&slot->address, address) && u256_equal(&slot->key, top))
    ) {
        slot = slot->next;
    }
    if (slot == NULL && trace->slot_count == SLOTS_MAX) return;
    if (slot == NULL) {
        slot = ARENA_NEW(trace->arena, struct trace_slot);
        *slot = (struct trace_slot){trace->slots, *address, *top, value};
        trace->slots = slot;
        trace->slot_count++;
    }
    slot->value = value;
}

static void put_storage(struct trace *trace, const struct evm_step *step) {
    const size_t needed = step->opcode == OP_SSTORE ? 2 : 1;
    if (step->opcode != OP_SLOAD && step->opcode != OP_SSTORE) return;
    if (step->stack_len < needed) return;
    note_slot(trace, step);
    json_name(trace->out, "storage");
    json_begin_object(trace->out);
    for (const struct trace_slot *slot = trace->slots; slot != NULL; slot = slot->next) {
        if (!address_equal(&slot->address, &step->message->recipient)) continue;
        char key[67] = "0x";
        uint8_t word[32];
        static const char digits[] = "0123456789abcdef";
        u256_to_be(word, &slot->key);
        for (size_t i = 0; i < sizeof word; i++) {
            key[2 + 2 * i] = digits[word[i] >> 4];
            key[3 + 2 * i] = digits[word[i] & 15];
        }
        json_name(trace->out, key);
        u256_to_be(word, &slot->value);
        json_write_hex(trace->out, BYTES_OF(word));
    }
    json_end_object(trace->out);
}

static void put_step(struct trace *trace, const struct evm_step *step) {
    struct json_writer *out = trace->out;
    close_step(trace, step->gas, NULL);
    if (is_full(trace)) return;
    trace->step_count++;
    trace->has_open_step = true;
    trace->open_gas = step->gas;
    const char *name = evm_opcode_name(trace->rules, step->opcode);
    json_begin_object(out);
    json_name(out, "pc");
    json_write_number(out, step->pc);
    json_name(out, "op");
    if (name == NULL) {
        json_write_format(out, "opcode 0x%x not defined", step->opcode);
    } else {
        json_write_cstring(out, name);
    }
    json_name(out, "gas");
    json_write_number(out, step->gas);
    json_name(out, "depth");
    json_write_number(out, step->depth);
    if (step->refund > 0) {
        json_name(out, "refund");
        json_write_number(out, (uint64_t)step->refund);
    }
    if (!trace->options.disable_stack) put_stack(out, step);
    if (trace->options.enable_memory) put_memory(out, step->memory);
    if (trace->options.enable_return_data && step->return_data.len > 0) {
        json_name(out, "returnData");
        json_write_hex(out, step->return_data);
    }
    if (!trace->options.disable_storage) put_storage(trace, step);
}

/* ---- Calls ---- */

static const char *const call_types[] = {
    [EVM_CALL] = "CALL",
    [EVM_STATICCALL] = "STATICCALL",
    [EVM_DELEGATECALL] = "DELEGATECALL",
    [EVM_CALLCODE] = "CALLCODE",
    [EVM_CREATE] = "CREATE",
    [EVM_CREATE2] = "CREATE2",
};

static struct trace_frame *push_frame(struct trace *trace) {
    struct trace_frame *frame = ARENA_NEW(trace->arena, struct trace_frame);
    struct trace_frame *parent = trace->top;
    frame->parent = parent;
    trace->frame_count++;
    if (parent == NULL) {
        trace->root = frame;
    } else {
        if (parent->last == NULL) {
            parent->first = frame;
        } else {
            parent->last->next = frame;
        }
        parent->last = frame;
        parent->call_count++;
    }
    return frame;
}

static bool is_creation(enum evm_call_kind kind) {
    return kind == EVM_CREATE || kind == EVM_CREATE2;
}

/* Frames that are left out keep trace->top, so their depth says which exit is whose. */
static bool is_shown(const struct trace *trace, const struct evm_message *message) {
    return (message->depth == 0 || !trace->options.only_top_call) &&
        trace->frame_count < FRAMES_MAX;
}

static void enter_call(struct trace *trace, const struct evm_message *message) {
    if (!is_shown(trace, message)) return;
    struct trace_frame *frame = push_frame(trace);
    frame->type = call_types[message->kind];
    frame->from = message->kind == EVM_DELEGATECALL ? message->recipient : message->sender;
    frame->to = is_creation(message->kind) ? message->recipient : message->code_address;
    frame->value = message->value;
    frame->gas = message->gas;
    frame->input = keep(trace, message->input);
    frame->gas_used = message->depth; /* until it ends: which frame this is */
    trace->top = frame;
}

static void exit_call(
    struct trace *trace, const struct evm_message *message, const struct evm_result *result
) {
    struct trace_frame *frame = trace->top;
    if (frame == NULL || frame->gas_used != message->depth || frame->gas != message->gas) return;
    frame->status = result->status;
    frame->gas_used = message->gas - result->gas_left;
    frame->output = keep(trace, result->output);
    trace->top = frame->parent;
}

static void note_log(struct trace *trace, const struct evm_step *step) {
    const size_t topic_count = step->opcode - (size_t)LOG0;
    struct trace_frame *frame = trace->top;
    if (frame == NULL || step->stack_len < topic_count + 2) return;
    if (trace->options.only_top_call && step->depth > 1) return;
    const struct u256 *top = &step->stack[step->stack_len - 1];
    /* What costs more gas than there is fails before it becomes a log. */
    if (!u256_fits_u64(top) || !u256_fits_u64(top - 1)) return;
    const uint64_t offset = top->limb[0], size = (top - 1)->limb[0];
    if (size > step->gas / 8 || offset > UINT32_MAX) return;
    if (size > KEPT_MAX - trace->kept) {
        trace->out->overflowed = true;
        return;
    }
    trace->kept += size;
    struct trace_log *log = ARENA_NEW(trace->arena, struct trace_log);
    uint8_t *data = arena_alloc(trace->arena, size, 1);
    if (offset < step->memory.len && size > 0) {
        const size_t there = step->memory.len - (size_t)offset;
        memcpy(data, step->memory.data + offset, there < size ? there : (size_t)size);
    }
    log->log = (struct state_log){
        .address = step->message->recipient,
        .topic_count = (uint32_t)topic_count,
        .data = bytes_from(data, size),
    };
    for (size_t i = 0; i < topic_count; i++) {
        u256_to_be(log->log.topics[i].bytes, top - 2 - i);
    }
    log->index = trace->log_count++;
    log->position = frame->call_count;
    if (frame->last_log == NULL) {
        frame->logs = log;
    } else {
        frame->last_log->next = log;
    }
    frame->last_log = log;
}

static void note_selfdestruct(struct trace *trace, const struct evm_step *step) {
    if (trace->top == NULL || step->stack_len < 1 || trace->frame_count >= FRAMES_MAX) return;
    struct trace_frame *frame = push_frame(trace);
    frame->type = "SELFDESTRUCT";
    frame->from = step->message->recipient;
    frame->to = u256_to_address(&step->stack[step->stack_len - 1]);
    frame->value = state_balance(step->state, &step->message->recipient);
}

/* A frame that fails takes its logs and its calls' with it. */
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

static void put_outcome(struct trace *trace, const struct trace_frame *frame) {
    struct json_writer *out = trace->out;
    if (frame->output.len > 0) {
        json_name(out, "output");
        json_write_hex(out, frame->output);
    }
    if (frame->status == EVM_SUCCESS) return;
    json_name(out, "error");
    json_write_cstring(out, evm_status_text(frame->status));
    const char *reason = eth_revert_message(trace->arena, frame->output);
    const char *colon = strchr(reason, ':');
    if (frame->status == EVM_REVERT && colon != NULL) {
        json_name(out, "revertReason");
        json_write_cstring(out, colon + 2);
    }
}

static bool is_creation_frame(const struct trace_frame *frame) {
    return frame->type == call_types[EVM_CREATE] || frame->type == call_types[EVM_CREATE2];
}

static void put_frame(struct trace *trace, const struct trace_frame *frame) {
    struct json_writer *out = trace->out;
    json_begin_object(out);
    json_name(out, "type");
    json_write_cstring(out, frame->type);
    json_name(out, "from");
    json_write_address(out, &frame->from);
    json_name(out, "gas");
    json_write_quantity(out, frame->gas);
    json_name(out, "gasUsed");
    json_write_quantity(out, frame->gas_used);
    if (!is_creation_frame(frame) || frame->status == EVM_SUCCESS) {
        json_name(out, "to");
        json_write_address(out, &frame->to);
    }
    json_name(out, "input");
    json_write_hex(out, frame->input);
    put_outcome(trace, frame);
    if (frame->type != call_types[EVM_STATICCALL]) {
        json_name(out, "value");
        json_write_quantity_u256(out, &frame->value);
    }
    if (trace->options.with_log && frame->status == EVM_SUCCESS) put_logs(out, frame);
    if (frame->first != NULL) {
        json_name(out, "calls");
        json_begin_array(out);
        /* At most as deep as calls nest. */
        for (const struct trace_frame *call = frame->first; call != NULL; call = call->next) {
            put_frame(trace, call);
        }
        json_end_array(out);
    }
    json_end_object(out);
}

/* Logs of what was undone never were. */
static void drop_logs(struct trace_frame *frame, bool undone) {
    const bool gone = undone || frame->status != EVM_SUCCESS;
    if (gone) frame->logs = NULL;
    for (struct trace_frame *call = frame->first; call != NULL; call = call->next) {
        drop_logs(call, gone);
    }
}

/* ---- What the EVM tells ---- */

static void on_step(void *ctx, const struct evm_step *step) {
    struct trace *trace = ctx;
    if (trace->options.kind == TRACE_STRUCT_LOGS) {
        put_step(trace, step);
    } else if (step->opcode >= LOG0 && step->opcode <= LOG4) {
        if (trace->options.with_log) note_log(trace, step);
    } else if (step->opcode == OP_SELFDESTRUCT && !trace->options.only_top_call) {
        note_selfdestruct(trace, step);
    }
}

static void on_enter(void *ctx, const struct evm_message *message, uint64_t caller_gas) {
    struct trace *trace = ctx;
    if (trace->options.kind == TRACE_STRUCT_LOGS) {
        close_step(trace, caller_gas, NULL);
    } else {
        enter_call(trace, message);
    }
}

static void on_exit(void *ctx, const struct evm_message *message, const struct evm_result *result) {
    struct trace *trace = ctx;
    if (trace->options.kind == TRACE_STRUCT_LOGS) {
        const bool halted = result->status > EVM_REVERT;
        close_step(trace, result->gas_left, halted ? evm_status_text(result->status) : NULL);
    } else {
        exit_call(trace, message, result);
    }
}

void trace_begin(
    struct trace *trace,
    const struct trace_options *options,
    struct json_writer *out,
    struct arena *arena,
    const struct evm_rules *rules
) {
    *trace = (struct trace){.options = *options, .out = out, .arena = arena, .rules = rules};
    trace->tracer.ctx = trace;
    if (options->kind == TRACE_NOTHING) return;
    trace->tracer.enter = on_enter;
    trace->tracer.exit = on_exit;
    if (options->kind == TRACE_STRUCT_LOGS || options->with_log || !options->only_top_call) {
        trace->tracer.step = on_step;
    }
    if (options->kind != TRACE_STRUCT_LOGS) return;
    json_begin_object(out);
    json_name(out, "structLogs");
    json_begin_array(out);
}

void trace_end(struct trace *trace, const struct tx_outcome *outcome, uint64_t gas_limit) {
    struct json_writer *out = trace->out;
    switch (trace->options.kind) {
    case TRACE_NOTHING:
        json_begin_object(out);
        json_end_object(out);
        return;
    case TRACE_CALLS:
        if (trace->root == NULL) {
            json_write_null(out);
            return;
        }
        trace->root->gas = gas_limit;
        trace->root->gas_used = outcome->gas_used;
        drop_logs(trace->root, false);
        put_frame(trace, trace->root);
        return;
    case TRACE_STRUCT_LOGS: break;
    }
    close_step(trace, 0, NULL);
    json_end_array(out);
    json_name(out, "gas");
    json_write_number(out, outcome->gas_used);
    json_name(out, "failed");
    json_write_bool(out, outcome->status != EVM_SUCCESS);
    json_name(out, "returnValue");
    const bool has_value = outcome->status == EVM_SUCCESS || outcome->status == EVM_REVERT;
    json_write_hex(out, has_value ? outcome->output : bytes_from(NULL, 0));
    json_end_object(out);
}
