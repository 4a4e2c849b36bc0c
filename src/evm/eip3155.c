#include "evm/eip3155.h"

#include "codec/hex.h"

enum { HEAD_MAX = 128, GAS_CODE_BYTE = 200, SELFDESTRUCT = 0xff };

/* Text that grows in a buffer of known size. */
struct text {
    char *data;
    size_t len, room;
};

static void put(struct text *text, const char *more) {
    const size_t len = strlen(more);
    ASSERT(len <= text->room - text->len);
    memcpy(text->data + text->len, more, len);
    text->len += len;
}

static void put_number(struct text *text, uint64_t number) {
    char digits[80];
    const struct u256 word = u256_from_u64(number);
    (void)u256_to_decimal(digits, &word);
    put(text, digits);
}

static void put_quantity(struct text *text, const struct u256 *number) {
    ASSERT(text->room - text->len >= HEX_U256_TEXT_MAX + 2);
    text->data[text->len++] = '"';
    text->len += hex_encode_u256(text->data + text->len, number);
    text->data[text->len++] = '"';
}

static void put_gas(struct text *text, uint64_t gas) {
    const struct u256 word = u256_from_u64(gas);
    put_quantity(text, &word);
}

static void put_hex(struct text *text, const char *name, struct bytes data) {
    if (data.len == 0) return;
    put(text, name);
    put(text, "\"");
    ASSERT(text->room - text->len >= 2 + 2 * data.len);
    text->len += hex_encode(text->data + text->len, data);
    put(text, "\"");
}

static void put_address(struct text *text, const char *name, const struct address *address) {
    put(text, name);
    put(text, "\"");
    ASSERT(text->room - text->len >= 2 + 2 * sizeof address->bytes);
    text->len += hex_encode(text->data + text->len, BYTES_OF(address->bytes));
    put(text, "\"");
}

/* Room for a line with that much data in it. What stood there is gone. */
static struct text begin_line(struct eip3155 *trace, size_t data_size) {
    struct text text = {trace->text, 0, sizeof trace->text};
    if (data_size > 0) {
        arena_rewind(trace->arena, trace->empty);
        text.room += 2 * data_size;
        text.data = arena_alloc_raw(trace->arena, text.room, 1);
    }
    trace->line_text = text.data;
    return text;
}

static void flush(struct eip3155 *trace, uint64_t cost) {
    if (!trace->pending) return;
    trace->pending = false;

    struct text tail = {trace->line_text + HEAD_MAX, trace->len, trace->room};
    const char *const name = evm_opcode_name(trace->rules, trace->opcode);
    put(&tail, ",\"refund\":");
    put_number(&tail, trace->refund < 0 ? 0 : (uint64_t)trace->refund);
    put(&tail, ",\"opName\":\"");
    put(&tail, name != NULL ? name : "INVALID");
    put(&tail, "\"}");

    char head_text[HEAD_MAX];
    struct text head = {head_text, 0, sizeof head_text};
    put(&head, "{\"pc\":");
    put_number(&head, trace->pc);
    put(&head, ",\"op\":");
    put_number(&head, trace->opcode);
    put(&head, ",\"gas\":");
    put_gas(&head, trace->gas);
    put(&head, ",\"gasCost\":");
    put_gas(&head, cost);
    char *begin = trace->line_text + HEAD_MAX - head.len;
    memcpy(begin, head.data, head.len);
    trace->line(trace->ctx, bytes_from(begin, head.len + tail.len));
}

static void put_stack(struct text *text, const struct evm_step *step) {
    put(text, ",\"stack\":[");
    for (size_t i = 0; i < step->stack_len; i++) {
        if (i > 0) put(text, ",");
        put_quantity(text, &step->stack[i]);
    }
    put(text, "]");
}

static void note_selfdestruct(struct eip3155 *trace, const struct evm_step *step) {
    if (step->opcode != SELFDESTRUCT || step->stack_len == 0) return;
    uint8_t word[32];
    u256_to_be(word, &step->stack[step->stack_len - 1]);
    memcpy(trace->beneficiary.bytes, word + 12, sizeof trace->beneficiary.bytes);
    trace->destroyed = step->message->recipient;
    trace->balance = state_balance(step->state, &trace->destroyed);
}

static void on_step(void *ctx, const struct evm_step *step) {
    struct eip3155 *trace = ctx;
    trace->refund = step->refund; /* what the instruction before this one has left */
    flush(trace, trace->gas - step->gas);

    const struct bytes none = {NULL, 0};
    const struct bytes memory = trace->shown.memory ? step->memory : none;
    const struct bytes return_data = trace->shown.return_data ? step->return_data : none;
    struct text tail = begin_line(trace, memory.len + return_data.len);
    tail.data += HEAD_MAX;
    tail.room -= HEAD_MAX;
    put_hex(&tail, ",\"memory\":", memory);
    put(&tail, ",\"memSize\":");
    put_number(&tail, step->memory.len);
    if (trace->shown.no_stack) {
        put(&tail, ",\"stack\":null");
    } else {
        put_stack(&tail, step);
    }
    put_hex(&tail, ",\"returnData\":", return_data);
    put(&tail, ",\"depth\":");
    put_number(&tail, step->depth);
    trace->len = tail.len;
    trace->room = tail.room;
    trace->refund = step->refund;
    trace->state = step->state;
    trace->pc = step->pc;
    trace->opcode = step->opcode;
    trace->gas = step->gas;
    trace->pending = true;
    if (trace->shown.calls) note_selfdestruct(trace, step);
}

/* What a call's line says. */
struct frame {
    const char *type;
    const struct address *from, *to;
    struct bytes input;
    uint64_t gas;
    const struct u256 *value; /* NULL: it has none */
};

static void write_frame(struct eip3155 *trace, const struct frame *frame) {
    struct text text = begin_line(trace, frame->input.len);
    put_address(&text, "{\"from\":", frame->from);
    put_address(&text, ",\"to\":", frame->to);
    put_hex(&text, ",\"input\":", frame->input);
    put(&text, ",\"gas\":");
    put_gas(&text, frame->gas);
    put(&text, ",\"value\":");
    if (frame->value == NULL) {
        put(&text, "null");
    } else {
        put_quantity(&text, frame->value);
    }
    put(&text, ",\"type\":\"");
    put(&text, frame->type);
    put(&text, "\"}");
    trace->line(trace->ctx, bytes_from(text.data, text.len));
}

static bool is_creation(const struct evm_message *message) {
    return message->kind == EVM_CREATE || message->kind == EVM_CREATE2;
}

static void write_call(struct eip3155 *trace, const struct evm_message *message) {
    const struct frame frame = {
        .type = evm_call_kind_name(message->kind),
        .from = message->kind == EVM_DELEGATECALL ? &message->recipient : &message->sender,
        .to = is_creation(message) ? &message->recipient : &message->code_address,
        .input = trace->shown.memory ? message->input : (struct bytes){NULL, 0},
        .gas = message->gas,
        .value = message->kind == EVM_STATICCALL ? NULL : &message->value,
    };
    write_frame(trace, &frame);
}

static void write_selfdestruct(struct eip3155 *trace) {
    const struct frame frame = {
        .type = "SELFDESTRUCT",
        .from = &trace->destroyed,
        .to = &trace->beneficiary,
        .value = &trace->balance,
    };
    const struct evm_result nothing = {.status = EVM_SUCCESS};
    write_frame(trace, &frame);
    eip3155_result(trace, &nothing, 0);
}

/* The step that calls has paid for what the callee gets. */
static void on_enter(void *ctx, const struct evm_message *message, uint64_t caller_gas) {
    struct eip3155 *trace = ctx;
    flush(trace, trace->gas - caller_gas);
    if (trace->shown.calls) write_call(trace, message);
}

static void on_exit(void *ctx, const struct evm_message *message, const struct evm_result *result) {
    struct eip3155 *trace = ctx;
    uint64_t after = result->gas_left;
    if (is_creation(message) && result->status == EVM_SUCCESS) {
        after += GAS_CODE_BYTE * (uint64_t)result->output.len;
    }
    const bool failed = result->status > EVM_REVERT;
    const bool selfdestructs = trace->pending && trace->opcode == SELFDESTRUCT && !failed;
    if (selfdestructs) trace->refund = trace->state->refund;
    flush(trace, failed ? trace->rules->gas[trace->opcode] : trace->gas - after);
    if (!trace->shown.calls) return;
    if (selfdestructs) write_selfdestruct(trace);
    eip3155_result(trace, result, message->gas - result->gas_left);
}

void eip3155_init(
    struct eip3155 *trace,
    struct evm_tracer *tracer,
    const struct evm_rules *rules,
    void (*line)(void *ctx, struct bytes text),
    void *ctx
) {
    trace->rules = rules;
    trace->line = line;
    trace->ctx = ctx;
    trace->pending = false;
    trace->shown = (struct eip3155_shown){.memory = false};
    trace->arena = NULL;
    *tracer = (struct evm_tracer){on_step, on_enter, on_exit, trace};
}

void eip3155_show(struct eip3155 *trace, struct arena *arena, const struct eip3155_shown *shown) {
    trace->shown = *shown;
    trace->arena = arena;
    trace->empty = arena_mark(arena);
}

void eip3155_result(struct eip3155 *trace, const struct evm_result *result, uint64_t gas_used) {
    struct text text = {trace->text, 0, sizeof trace->text};
    const size_t output_max = sizeof trace->text / 4;
    struct bytes output = result->output;
    if (output.len > output_max) output.len = output_max;

    put(&text, "{\"output\":\"");
    text.len += hex_encode_bare(text.data + text.len, output);
    put(&text, "\",\"gasUsed\":");
    put_gas(&text, gas_used);
    if (result->status != EVM_SUCCESS) {
        put(&text, ",\"error\":\"");
        put(&text, evm_status_text(result->status));
        put(&text, "\"");
    }
    put(&text, "}");
    trace->line(trace->ctx, bytes_from(text.data, text.len));
}
