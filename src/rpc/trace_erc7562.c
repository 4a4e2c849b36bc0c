/* erc7562Tracer: calls with what ERC-7562's rules for account abstraction judge: opcodes, slots, the
 * sizes of codes looked at, and what was hashed.
 */
#include "crypto/keccak.h"
#include "rpc/trace_parts.h"

#include <stdio.h>
#include <stdlib.h>

struct word_count {
    struct trace_entry entry; /* a slot */
    struct u256 value;        /* reads: what was there */
    uint64_t count;
};

struct code_size {
    struct trace_entry entry; /* an address */
    uint64_t size;
    uint8_t opcode;
};

struct seen_address {
    struct seen_address *next;
    struct address address;
};

/* Of one call. */
struct judged {
    struct trace_map reads, writes, transient_reads, transient_writes, code_sizes;
    struct seen_address *codes, **last_code;
    uint64_t opcodes[256];
    bool is_out_of_gas;
};

struct preimage {
    struct trace_entry entry; /* its hash */
    struct bytes data;
};

struct erc7562 {
    struct trace_calls calls;
    bool ignored[256];
    struct trace_map preimages;
    bool has_last;
    uint8_t last_opcode;
    struct u256 last_top;
};

static bool is_code_opcode(uint8_t opcode) {
    return opcode == TRACE_EXTCODEHASH || opcode == TRACE_EXTCODESIZE ||
        opcode == TRACE_EXTCODECOPY;
}

static void see_code(struct erc7562 *own, struct judged *judged, uint8_t opcode) {
    enum { ISZERO = 0x15 };
    if (!own->has_last || !is_code_opcode(own->last_opcode)) return;
    /* "Is there any code?" is allowed. */
    if (own->last_opcode == TRACE_EXTCODESIZE && opcode == ISZERO) return;
    struct seen_address *seen = ARENA_NEW(own->calls.trace->arena, struct seen_address);
    seen->address = u256_to_address(&own->last_top);
    *judged->last_code = seen;
    judged->last_code = &seen->next;
}

static void see_code_size(struct judged *judged, const struct evm_step *step) {
    const bool is_call = trace_is_call(step->opcode);
    if (!is_call && !is_code_opcode(step->opcode)) return;
    if (step->stack_len < (is_call ? 2 : 1)) return;
    const struct address address = u256_to_address(trace_operand(step, is_call ? 1 : 0));
    bool is_new;
    struct code_size *size =
        trace_map_at(&judged->code_sizes, BYTES_OF(address.bytes), sizeof *size, &is_new);
    if (size == NULL || !is_new) return;
    size->size = state_code(step->state, &address).len;
    size->opcode = step->opcode;
}

static void see_slot(struct judged *judged, const struct evm_step *step) {
    struct hash key;
    struct trace_map *map;
    switch (step->opcode) {
    case TRACE_SLOAD: map = &judged->reads; break;
    case TRACE_SSTORE: map = &judged->writes; break;
    case TRACE_TLOAD: map = &judged->transient_reads; break;
    case TRACE_TSTORE: map = &judged->transient_writes; break;
    default: return;
    }
    if (step->stack_len < 1) return;
    const struct u256 *slot = trace_operand(step, 0);
    u256_to_be(key.bytes, slot);
    const struct bytes name = BYTES_OF(key.bytes);
    /* What was read after it was written is not from before. */
    if (map == &judged->reads && trace_map_at(&judged->writes, name, 0, NULL) != NULL) return;
    struct word_count *count = trace_map_at(map, name, sizeof *count, NULL);
    if (count == NULL) return;
    if (count->count++ == 0) {
        count->value = state_storage(step->state, &step->message->recipient, slot);
    }
}

/* What is hashed, which may reach behind the end of memory. */
static bool hashed_bytes(struct trace *trace, struct bytes *out, const struct evm_step *step) {
    const struct u256 *offset = trace_operand(step, 0), *size = trace_operand(step, 1);
    const bool is_there = u256_fits_u64(offset) && u256_fits_u64(size) &&
        offset->limb[0] <= step->memory.len && size->limb[0] <= step->memory.len - offset->limb[0];
    if (!is_there) return trace_keep_memory(trace, out, step, offset, size);
    *out = bytes_slice(step->memory, (size_t)offset->limb[0], (size_t)size->limb[0]);
    return true;
}

static void see_preimage(struct erc7562 *own, const struct evm_step *step) {
    struct trace *trace = own->calls.trace;
    struct bytes data;
    struct hash digest;
    bool is_new;
    if (step->opcode != TRACE_KECCAK256 || step->stack_len < 2) return;
    if (!hashed_bytes(trace, &data, step)) return;
    keccak256(&digest, data);
    struct preimage *known =
        trace_map_at(&own->preimages, BYTES_OF(digest.bytes), sizeof *known, &is_new);
    if (known != NULL && is_new) known->data = trace_keep(trace, data);
}

static void see_step(struct trace_part *part, const struct evm_step *step) {
    struct erc7562 *own = part->own;
    const uint8_t opcode = step->opcode;
    trace_calls_step(&own->calls, step);
    if (opcode == TRACE_RETURN || opcode == TRACE_REVERT) own->has_last = false;
    struct trace_frame *frame = own->calls.top;
    if (frame == NULL) return;
    struct judged *judged = frame->extra;
    see_code(own, judged, opcode);
    see_code_size(judged, step);
    if (own->has_last && own->last_opcode == TRACE_GAS && !trace_is_call(opcode)) {
        judged->opcodes[TRACE_GAS]++;
    }
    if (opcode != TRACE_GAS && !own->ignored[opcode]) judged->opcodes[opcode]++;
    see_slot(judged, step);
    see_preimage(own, step);
    own->has_last = true;
    own->last_opcode = opcode;
    own->last_top = step->stack_len > 0 ? *trace_operand(step, 0) : U256_ZERO;
}

static void see_enter(
    struct trace_part *part, const struct evm_message *message, uint64_t caller_gas
) {
    struct erc7562 *own = part->own;
    (void)caller_gas;
    struct trace_frame *frame = trace_calls_enter(&own->calls, message);
    if (frame == NULL) return;
    struct judged *judged = ARENA_NEW(part->trace->arena, struct judged);
    struct trace_map *const maps[] = {
        &judged->reads,      &judged->writes, &judged->transient_reads, &judged->transient_writes,
        &judged->code_sizes,
    };
    for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
        trace_map_init(maps[i], part->trace);
    }
    judged->last_code = &judged->codes;
    frame->extra = judged;
}

static void see_exit(struct trace_part *part, const struct trace_exit *exit) {
    struct erc7562 *own = part->own;
    const struct trace_frame *frame = trace_calls_exit(&own->calls, exit);
    if (frame == NULL || frame->parent == NULL) return;
    struct judged *judged = frame->extra;
    judged->is_out_of_gas =
        frame->status == EVM_OUT_OF_GAS || frame->status == EVM_CODE_DEPOSIT_OUT_OF_GAS;
}

/* ---- Options ---- */

/* Those that compute on the stack alone say nothing. */
static void ignore_usual(bool ignored[256]) {
    static const uint8_t usual[] = {
        0x50, 0x01, 0x03, 0x02, 0x04, 0x14, 0x10, 0x11,
        0x12, 0x13, 0x1b, 0x1c, 0x16, 0x17, 0x19, 0x15,
    };
    enum { PUSH0 = 0x5f, SWAP16 = 0x9f };
    for (unsigned opcode = PUSH0; opcode <= SWAP16; opcode++) {
        ignored[opcode] = true;
    }
    for (size_t i = 0; i < sizeof usual; i++) {
        ignored[usual[i]] = true;
    }
}

static const char *open_erc7562(struct trace_part *part) {
    struct erc7562 *own = ARENA_NEW(part->trace->arena, struct erc7562);
    const struct json *ignored = json_get(part->config, "ignoredOpcodes");
    trace_calls_init(&own->calls, part->trace);
    trace_map_init(&own->preimages, part->trace);
    own->calls.with_log = json_is_true(json_get(part->config, "withLog"));
    if (json_kind(ignored) <= JSON_NULL) ignore_usual(own->ignored);
    for (const struct json *one = json_first(ignored); one != NULL; one = one->next) {
        uint64_t opcode;
        if (!json_read_u64(one, &opcode) || opcode > UINT8_MAX) {
            return "ignoredOpcodes holds what is no opcode";
        }
        own->ignored[opcode] = true;
    }
    part->own = own;
    return NULL;
}

/* ---- JSON ---- */

static void put_counts(struct json_writer *out, const char *name, const struct trace_map *map) {
    json_name(out, name);
    json_begin_object(out);
    for (const struct trace_entry *entry = map->first; entry != NULL; entry = entry->next) {
        trace_put_word_name(out, entry->key);
        json_write_number(out, ((const struct word_count *)entry)->count);
    }
    json_end_object(out);
}

static void put_slots(struct json_writer *out, const struct judged *judged) {
    json_name(out, "accessedSlots");
    json_begin_object(out);
    json_name(out, "reads");
    json_begin_object(out);
    for (const struct trace_entry *entry = judged->reads.first; entry; entry = entry->next) {
        struct hash value;
        trace_put_word_name(out, entry->key);
        u256_to_be(value.bytes, &((const struct word_count *)entry)->value);
        json_begin_array(out);
        json_write_hash(out, &value);
        json_end_array(out);
    }
    json_end_object(out);
    put_counts(out, "writes", &judged->writes);
    put_counts(out, "transientReads", &judged->transient_reads);
    put_counts(out, "transientWrites", &judged->transient_writes);
    json_end_object(out);
}

static void put_codes(struct json_writer *out, const struct judged *judged) {
    json_name(out, "extCodeAccessInfo");
    json_begin_array(out);
    for (const struct seen_address *seen = judged->codes; seen != NULL; seen = seen->next) {
        json_write_address(out, &seen->address);
    }
    json_end_array(out);
    json_name(out, "contractSize");
    json_begin_object(out);
    for (const struct trace_entry *entry = judged->code_sizes.first; entry; entry = entry->next) {
        const struct code_size *size = (const struct code_size *)entry;
        struct address address;
        memcpy(address.bytes, entry->key, sizeof address.bytes);
        trace_put_address_name(out, &address);
        json_begin_object(out);
        json_name(out, "contractSize");
        json_write_number(out, size->size);
        json_name(out, "opcode");
        json_write_number(out, size->opcode);
        json_end_object(out);
    }
    json_end_object(out);
}

static void put_opcodes(struct json_writer *out, const struct judged *judged) {
    json_name(out, "usedOpcodes");
    json_begin_object(out);
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        char name[8];
        if (judged->opcodes[opcode] == 0) continue;
        (void)snprintf(name, sizeof name, "0x%x", opcode);
        json_name(out, name);
        json_write_number(out, judged->opcodes[opcode]);
    }
    json_end_object(out);
}

static int compare_bytes(const void *one, const void *two) {
    const struct bytes a = *(const struct bytes *)one, b = *(const struct bytes *)two;
    const size_t len = a.len < b.len ? a.len : b.len;
    const int order = len == 0 ? 0 : memcmp(a.data, b.data, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static void put_preimages(const struct erc7562 *own) {
    struct trace *trace = own->calls.trace;
    const size_t count = own->preimages.count;
    struct bytes *sorted = ARENA_ARRAY(trace->arena, struct bytes, count);
    size_t i = 0;
    if (count == 0) return;
    for (const struct trace_entry *entry = own->preimages.first; entry; entry = entry->next) {
        sorted[i++] = ((const struct preimage *)entry)->data;
    }
    qsort(sorted, count, sizeof *sorted, compare_bytes);
    json_name(trace->out, "keccak");
    json_begin_array(trace->out);
    for (i = 0; i < count; i++) {
        json_write_hex(trace->out, sorted[i]);
    }
    json_end_array(trace->out);
}

/* A selfdestruct's frame has nothing of its own. */
// NOLINTNEXTLINE(misc-no-recursion): as deep as calls nest, EVM_DEPTH_MAX
static void put_frame(const struct erc7562 *own, const struct trace_frame *frame) {
    static const struct judged nothing;
    struct json_writer *out = own->calls.trace->out;
    const struct judged *judged = frame->extra != NULL ? frame->extra : &nothing;
    json_begin_object(out);
    trace_put_frame_members(own->calls.trace, frame, own->calls.with_log);
    put_slots(out, judged);
    put_codes(out, judged);
    put_opcodes(out, judged);
    json_name(out, "outOfGas");
    json_write_bool(out, judged->is_out_of_gas);
    if (frame->parent == NULL) put_preimages(own);
    if (frame->first != NULL) {
        json_name(out, "calls");
        json_begin_array(out);
        for (const struct trace_frame *call = frame->first; call != NULL; call = call->next) {
            put_frame(own, call);
        }
        json_end_array(out);
    }
    json_end_object(out);
}

static void write_erc7562(struct trace_part *part, const struct tx_outcome *outcome) {
    struct erc7562 *own = part->own;
    trace_calls_end(&own->calls, outcome);
    ASSERT(own->calls.root != NULL);
    put_frame(own, own->calls.root);
}

const struct trace_kind trace_erc7562_tracer = {
    .name = "erc7562Tracer",
    .open = open_erc7562,
    .step = see_step,
    .enter = see_enter,
    .exit = see_exit,
    .write = write_erc7562,
};
