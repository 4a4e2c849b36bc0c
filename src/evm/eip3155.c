#include "evm/eip3155.h"

#include "codec/hex.h"

enum { HEAD_MAX = 128, GAS_CODE_BYTE = 200 };

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

static void flush(struct eip3155 *trace, uint64_t cost) {
    if (!trace->pending) return;
    trace->pending = false;

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
    char *begin = trace->text + HEAD_MAX - head.len;
    memcpy(begin, head.data, head.len);
    trace->line(trace->ctx, bytes_from(begin, head.len + trace->len));
}

static void on_step(void *ctx, const struct evm_step *step) {
    struct eip3155 *trace = ctx;
    flush(trace, trace->gas - step->gas);

    struct text tail = {trace->text + HEAD_MAX, 0, sizeof trace->text - HEAD_MAX};
    put(&tail, ",\"memSize\":");
    put_number(&tail, step->memory.len);
    put(&tail, ",\"stack\":[");
    for (size_t i = 0; i < step->stack_len; i++) {
        if (i > 0) put(&tail, ",");
        put_quantity(&tail, &step->stack[i]);
    }
    put(&tail, "],\"depth\":");
    put_number(&tail, step->depth);
    put(&tail, ",\"refund\":");
    put_number(&tail, step->refund < 0 ? 0 : (uint64_t)step->refund);
    put(&tail, ",\"opName\":\"");
    const char *name = evm_opcode_name(trace->rules, step->opcode);
    put(&tail, name != NULL ? name : "INVALID");
    put(&tail, "\"}");
    trace->len = tail.len;
    trace->pc = step->pc;
    trace->opcode = step->opcode;
    trace->gas = step->gas;
    trace->pending = true;
}

/* The step that calls has paid for what the callee gets. */
static void on_enter(void *ctx, const struct evm_message *message, uint64_t caller_gas) {
    (void)message;
    struct eip3155 *trace = ctx;
    flush(trace, trace->gas - caller_gas);
}

static void on_exit(void *ctx, const struct evm_message *message, const struct evm_result *result) {
    struct eip3155 *trace = ctx;
    uint64_t after = result->gas_left;
    const bool creation = message->kind == EVM_CREATE || message->kind == EVM_CREATE2;
    if (creation && result->status == EVM_SUCCESS) {
        after += GAS_CODE_BYTE * (uint64_t)result->output.len;
    }
    const bool failed = result->status > EVM_REVERT;
    flush(trace, failed ? trace->rules->gas[trace->opcode] : trace->gas - after);
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
    *tracer = (struct evm_tracer){on_step, on_enter, on_exit, trace};
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
