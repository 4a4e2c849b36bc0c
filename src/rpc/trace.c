#include "crypto/keccak.h"
#include "rpc/eth_args.h"
#include "rpc/trace_parts.h"

#include <stdio.h>

enum { STEPS_BETWEEN_LOOKS = 4096, MAP_PLACES_FIRST = 16 };

/* ---- Failing and keeping ---- */

void trace_fail(struct trace *trace, const char *failure) {
    if (trace->failure == NULL) trace->failure = failure;
    trace->tracer = (struct evm_tracer){.ctx = trace};
}

struct bytes trace_keep(struct trace *trace, struct bytes data) {
    if (data.len > TRACE_KEPT_MAX - trace->kept) {
        trace_fail(trace, "the trace is too large: inputs, outputs and logs of more than 16 MiB");
        return bytes_from(NULL, 0);
    }
    trace->kept += data.len;
    return arena_copy(trace->arena, data);
}

/* Gas of memory that reaches that far (Yellow Paper, Appendix H); size is below 2^33. */
static uint64_t memory_cost(uint64_t size) {
    const uint64_t words = (size + 31) / 32;
    return 3 * words + words * words / 512;
}

bool trace_keep_memory(
    struct trace *trace,
    struct bytes *out,
    const struct evm_step *step,
    const struct u256 *offset,
    const struct u256 *size
) {
    *out = bytes_from(NULL, 0);
    if (u256_is_zero(size)) return true;
    if (!u256_fits_u64(offset) || !u256_fits_u64(size)) return false;
    const uint64_t from = offset->limb[0], len = size->limb[0];
    if (from > UINT32_MAX || len > UINT32_MAX) return false;
    if (memory_cost(from + len) > memory_cost(step->memory.len) + step->gas) return false;
    if (len > TRACE_KEPT_MAX - trace->kept) {
        trace_fail(trace, "the trace is too large: inputs, outputs and logs of more than 16 MiB");
        return false;
    }
    trace->kept += len;
    uint8_t *data = arena_alloc(trace->arena, len, 1);
    if (from < step->memory.len) {
        const size_t there = step->memory.len - (size_t)from;
        memcpy(data, step->memory.data + from, there < len ? there : (size_t)len);
    }
    *out = bytes_from(data, len);
    return true;
}

/* ---- Texts ---- */

const char *trace_revert_reason(struct arena *arena, struct bytes data) {
    const char *colon = strchr(eth_revert_message(arena, data), ':');
    return colon == NULL ? NULL : colon + 2;
}

static const char *format(struct arena *arena, const char *text, size_t one, unsigned two) {
    enum { SIZE = 80 };
    char *out = arena_alloc(arena, SIZE, 1);
    (void)snprintf(out, SIZE, text, one, two);
    return out;
}

/* geth looks at the stack before it charges gas. */
static const char *stack_error(struct trace *trace) {
    const struct evm_opcode_shape shape = evm_opcode_shape(trace->rules, trace->last.opcode);
    const size_t len = trace->last.stack_len;
    if (len < shape.pops) {
        return format(trace->arena, "stack underflow (%zu <=> %u)", len, shape.pops);
    }
    if (len + shape.pushes > EVM_STACK_MAX + shape.pops) {
        const unsigned limit = (unsigned)EVM_STACK_MAX + shape.pops - shape.pushes;
        return format(trace->arena, "stack limit reached %zu (%u)", len, limit);
    }
    return NULL;
}

/* Of a precompile, as far as the length of its input tells. */
static const char *precompile_error(const struct evm_message *message) {
    const uint8_t id = message->code_address.bytes[sizeof message->code_address.bytes - 1];
    const size_t len = message->input.len;
    size_t unit = 0;
    switch (id) {
    case 0x08: return len % 192 != 0 ? "bad elliptic curve pairing size" : NULL;
    case 0x09: return len != 213 ? "invalid input length" : "invalid final flag";
    case 0x0a: return len != 192 ? "invalid input length" : NULL;
    case 0x0b: unit = 256; break;
    case 0x0c: unit = 160; break;
    case 0x0d: unit = 512; break;
    case 0x0e: unit = 288; break;
    case 0x0f: unit = 384; break;
    case 0x10: unit = 64; break;
    case 0x11: unit = 128; break;
    default: return NULL;
    }
    return len == 0 || len % unit != 0 ? "invalid input length" : NULL;
}

static const char *instruction_error(struct trace *trace, enum evm_status status) {
    const uint8_t opcode = trace->last.opcode;
    if (status == EVM_UNDEFINED_OPCODE) {
        if (opcode == TRACE_INVALID) return "invalid opcode: INVALID";
        return format(trace->arena, "invalid opcode: opcode 0x%zx not defined", opcode, 0);
    }
    if (status != EVM_OUT_OF_GAS && status != EVM_STACK_UNDERFLOW && status != EVM_STACK_OVERFLOW) {
        return NULL;
    }
    const char *text = stack_error(trace);
    if (text != NULL) return text;
    const bool at_sentry = opcode == TRACE_SSTORE && trace->rules->sstore_sentry != 0 &&
        trace->last.gas <= trace->rules->sstore_sentry;
    return at_sentry ? "out of gas: not enough gas for reentrancy sentry" : NULL;
}

static const char *error_of(
    struct trace *trace, const struct evm_message *message, const struct evm_result *result
) {
    const char *text = NULL;
    if (result->status == EVM_SUCCESS) return NULL;
    if (result->status == EVM_PRECOMPILE_FAILED) text = precompile_error(message);
    if (trace->last.is_newest) text = instruction_error(trace, result->status);
    return text != NULL ? text : evm_status_text(result->status);
}

/* ---- Maps ---- */

void trace_map_init(struct trace_map *map, struct trace *trace) {
    *map = (struct trace_map){.trace = trace};
    map->last = &map->first;
}

static void grow(struct trace_map *map) {
    const size_t size = map->places == NULL ? MAP_PLACES_FIRST : 2 * (map->mask + 1);
    map->places = ARENA_ARRAY(map->trace->arena, struct trace_entry *, size);
    map->mask = size - 1;
    for (struct trace_entry *entry = map->first; entry != NULL; entry = entry->next) {
        size_t at = (size_t)entry->hash & map->mask;
        while (map->places[at] != NULL) {
            at = (at + 1) & map->mask;
        }
        map->places[at] = entry;
    }
}

void *trace_map_at(struct trace_map *map, struct bytes key, size_t size, bool *is_new) {
    uint8_t padded[TRACE_KEY_MAX] = {0};
    struct hash hash;
    uint64_t number;
    ASSERT(key.len <= sizeof padded);
    memcpy(padded, key.data, key.len);
    keccak256(&hash, key); /* the traced code chooses the keys: they shall not collide */
    memcpy(&number, hash.bytes, sizeof number);
    if (is_new != NULL) *is_new = false;
    if (2 * map->count >= map->mask) grow(map);
    size_t at = (size_t)number & map->mask;
    for (; map->places[at] != NULL; at = (at + 1) & map->mask) {
        if (memcmp(map->places[at]->key, padded, sizeof padded) == 0) return map->places[at];
    }
    if (size == 0) return NULL;
    if (map->trace->entry_count == TRACE_ENTRIES_MAX) {
        trace_fail(map->trace, "the trace is too large: more than 1048576 accounts and slots");
        return NULL;
    }
    struct trace_entry *entry = arena_alloc(map->trace->arena, size, _Alignof(max_align_t));
    entry->hash = number;
    memcpy(entry->key, padded, sizeof padded);
    map->places[at] = entry;
    *map->last = entry;
    map->last = &entry->next;
    map->count++;
    map->trace->entry_count++;
    if (is_new != NULL) *is_new = true;
    return entry;
}

static void put_hex_name(struct json_writer *out, const uint8_t *data, size_t size) {
    static const char digits[] = "0123456789abcdef";
    char name[2 + 2 * TRACE_KEY_MAX + 1] = "0x";
    ASSERT(size <= TRACE_KEY_MAX);
    for (size_t i = 0; i < size; i++) {
        name[2 + 2 * i] = digits[data[i] >> 4];
        name[3 + 2 * i] = digits[data[i] & 15];
    }
    json_name(out, name);
}

void trace_put_word_name(struct json_writer *out, const uint8_t word[32]) {
    put_hex_name(out, word, 32);
}

void trace_put_address_name(struct json_writer *out, const struct address *address) {
    put_hex_name(out, address->bytes, sizeof address->bytes);
}

/* ---- noopTracer ---- */

static const char *open_nothing(struct trace_part *part) {
    (void)part;
    return NULL;
}

static void write_nothing(struct trace_part *part, const struct tx_outcome *outcome) {
    (void)outcome;
    json_begin_object(part->trace->out);
    json_end_object(part->trace->out);
}

static const struct trace_kind noop_tracer = {
    .name = "noopTracer",
    .open = open_nothing,
    .write = write_nothing,
};

/* ---- What the EVM tells ---- */

static void look_at_clock(struct trace *trace) {
    if (--trace->steps_to_look != 0) return;
    trace->steps_to_look = STEPS_BETWEEN_LOOKS;
    if (trace->subject.now_ms == NULL) return;
    if (trace->subject.now_ms(trace->subject.now_ctx) >= trace->deadline_ms) {
        trace_fail(trace, "execution timeout");
    }
}

static void on_step(void *ctx, const struct evm_step *step) {
    struct trace *trace = ctx;
    trace->last.is_newest = true;
    trace->last.opcode = step->opcode;
    trace->last.stack_len = step->stack_len;
    trace->last.gas = step->gas;
    for (size_t i = 0; i < trace->part_count; i++) {
        struct trace_part *part = &trace->parts[i];
        if (part->kind->step != NULL) part->kind->step(part, step);
    }
    look_at_clock(trace);
}

static void on_enter(void *ctx, const struct evm_message *message, uint64_t caller_gas) {
    struct trace *trace = ctx;
    trace->last.is_newest = false;
    for (size_t i = 0; i < trace->part_count; i++) {
        struct trace_part *part = &trace->parts[i];
        if (part->kind->enter != NULL) part->kind->enter(part, message, caller_gas);
    }
}

static void on_exit(void *ctx, const struct evm_message *message, const struct evm_result *result) {
    struct trace *trace = ctx;
    const bool halted = result->status > EVM_REVERT;
    const struct trace_exit exit = {
        .message = message,
        .result = result,
        .error = error_of(trace, message, result),
        .at_instruction = trace->last.is_newest && halted && result->status != EVM_CODE_TOO_LARGE &&
            result->status != EVM_CODE_STARTS_WITH_EF &&
            result->status != EVM_CODE_DEPOSIT_OUT_OF_GAS,
    };
    trace->last.is_newest = false;
    for (size_t i = 0; i < trace->part_count; i++) {
        struct trace_part *part = &trace->parts[i];
        if (part->kind->exit != NULL) part->kind->exit(part, &exit);
    }
}

/* ---- Its life ---- */

static const struct trace_kind *find_kind(struct bytes name) {
    static const struct trace_kind *const kinds[] = {
        &trace_call_tracer,     &trace_call_tracer_legacy, &trace_flat_tracer,
        &trace_parity_tracer,   &trace_prestate_tracer,    &trace_prestate_tracer_legacy,
        &trace_selector_tracer, &trace_erc7562_tracer,     &noop_tracer,
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (bytes_equal(name, bytes_from(kinds[i]->name, strlen(kinds[i]->name)))) return kinds[i];
    }
    return NULL;
}

static const char *add_part(struct trace *trace, struct bytes name, const struct json *config) {
    if (trace->part_count == TRACE_PARTS_MAX) return "more than 8 tracers at once";
    struct trace_part *part = &trace->parts[trace->part_count];
    *part = (struct trace_part){find_kind(name), name, config, trace, NULL};
    if (part->kind == NULL) {
        return "tracer not found: there are callTracer, flatCallTracer, prestateTracer, "
               "4byteTracer, erc7562Tracer, noopTracer, muxTracer and struct logs (no tracer)";
    }
    const enum json_kind kind = json_kind(config);
    if (kind > JSON_NULL && kind != JSON_OBJECT) return "tracerConfig is no object";
    trace->part_count++;
    return part->kind->open(part);
}

static const char *add_parts(struct trace *trace, const struct json *config) {
    const struct json *tracer = json_get(config, "tracer");
    const struct json *own = json_get(config, "tracerConfig");
    if (json_kind(tracer) <= JSON_NULL || json_text_is(tracer, "")) {
        trace->parts[0] = (struct trace_part){
            &trace_struct_logs, bytes_from(NULL, 0), config, trace, NULL,
        };
        trace->part_count = 1;
        return trace_struct_logs.open(&trace->parts[0]);
    }
    if (!json_text_is(tracer, "muxTracer")) return add_part(trace, json_text(tracer), own);
    trace->is_mux = true;
    for (const struct json *one = json_first(own); one != NULL; one = one->next) {
        const char *refusal = add_part(trace, json_key(one), one);
        if (refusal != NULL) return refusal;
    }
    return NULL;
}

/* Go's durations, of one unit: "10s", "500ms", "1m", "1.5s". */
static bool read_timeout(const struct json *value, uint64_t *ms) {
    char text[24] = "";
    const struct bytes given = json_text(value);
    uint64_t unit = 1000, number = 0, divisor = 1;
    bool has_point = false;
    if (json_kind(value) <= JSON_NULL) return true;
    if (json_kind(value) != JSON_STRING || given.len == 0 || given.len >= sizeof text) return false;
    memcpy(text, given.data, given.len);
    const char *at = text;
    for (; (*at >= '0' && *at <= '9') || (*at == '.' && !has_point); at++) {
        if (*at == '.') {
            has_point = true;
            continue;
        }
        if (number > UINT32_MAX || divisor > UINT32_MAX) return false;
        number = 10 * number + (uint64_t)(*at - '0');
        if (has_point) divisor *= 10;
    }
    if (at == text) return false;
    if (strcmp(at, "ms") == 0) {
        unit = 1;
    } else if (strcmp(at, "m") == 0) {
        unit = 60000;
    } else if (strcmp(at, "s") != 0) {
        return false;
    }
    *ms = number * unit / divisor;
    return true;
}

static void start(struct trace *trace, struct arena *arena, const struct trace_subject *subject) {
    *trace = (struct trace){
        .subject = *subject,
        .arena = arena,
        .rules = subject->run->evm_rules,
        .steps_to_look = STEPS_BETWEEN_LOOKS,
    };
    trace->tracer = (struct evm_tracer){on_step, on_enter, on_exit, trace};
}

static void start_clock(struct trace *trace, uint64_t timeout_ms) {
    const struct trace_subject *subject = &trace->subject;
    if (timeout_ms > TRACE_TIMEOUT_MS_MAX) timeout_ms = TRACE_TIMEOUT_MS_MAX;
    if (subject->now_ms != NULL) {
        trace->deadline_ms = subject->now_ms(subject->now_ctx) + timeout_ms;
    }
}

void trace_begin_kind(
    struct trace *trace,
    struct arena *arena,
    const struct trace_kind *kind,
    const struct trace_subject *subject
) {
    start(trace, arena, subject);
    start_clock(trace, TRACE_TIMEOUT_MS);
    trace->parts[0] = (struct trace_part){kind, bytes_from(NULL, 0), NULL, trace, NULL};
    trace->part_count = 1;
    const char *refusal = kind->open(&trace->parts[0]);
    ASSERT(refusal == NULL);
}

const char *trace_begin(
    struct trace *trace,
    struct arena *arena,
    struct json_writer *out,
    const struct json *config,
    const struct trace_subject *subject
) {
    uint64_t timeout_ms = TRACE_TIMEOUT_MS;
    start(trace, arena, subject);
    trace->out = out;
    if (!read_timeout(json_get(config, "timeout"), &timeout_ms)) {
        return "timeout is no duration such as \"5s\" or \"500ms\"";
    }
    start_clock(trace, timeout_ms);
    const char *refusal = add_parts(trace, config);
    if (refusal != NULL) return refusal;
    const bool is_noop = trace->part_count == 1 && trace->parts[0].kind == &noop_tracer;
    if (is_noop || trace->part_count == 0) trace->tracer = (struct evm_tracer){.ctx = trace};
    return NULL;
}

const char *trace_end(struct trace *trace, const struct tx_outcome *outcome) {
    struct json_writer *out = trace->out;
    if (trace->failure != NULL) return trace->failure;
    if (trace->is_mux) json_begin_object(out);
    for (size_t i = 0; i < trace->part_count; i++) {
        struct trace_part *part = &trace->parts[i];
        if (trace->is_mux) json_name_bytes(out, part->name);
        part->kind->write(part, outcome);
    }
    if (trace->is_mux) json_end_object(out);
    return trace->failure;
}
