/* Struct logs: every instruction, written while it runs. */
#include "rpc/trace_parts.h"

#define SLOTS_MAX ((size_t)64) /* shown of a contract's storage in a struct log */

struct steps_slot {
    struct steps_slot *next;
    struct address address;
    struct u256 key, value;
};

struct steps {
    bool disable_stack, disable_storage, enable_memory, enable_return_data;
    uint64_t limit; /* struct logs at most; 0: no limit */
    uint64_t count;
    bool has_open; /* a struct log whose cost is not known yet */
    uint64_t open_gas;
    struct steps_slot *slots; /* seen by SLOAD and SSTORE so far */
    size_t slot_count;
};

static void close_step(struct trace_part *part, uint64_t gas_after, const char *error) {
    struct steps *steps = part->own;
    struct json_writer *out = part->trace->out;
    if (!steps->has_open) return;
    steps->has_open = false;
    json_name(out, "gasCost");
    json_write_number(out, steps->open_gas > gas_after ? steps->open_gas - gas_after : 0);
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

static void note_slot(struct trace_part *part, const struct evm_step *step) {
    struct steps *steps = part->own;
    const struct u256 *key = trace_operand(step, 0);
    const struct address *address = &step->message->recipient;
    const struct u256 value = step->opcode == TRACE_SSTORE
        ? *trace_operand(step, 1)
        : state_storage(step->state, address, key);
    struct steps_slot *slot = steps->slots;
    while (slot != NULL && !(address_equal(&slot->address, address) && u256_equal(&slot->key, key))
    ) {
        slot = slot->next;
    }
    if (slot == NULL && steps->slot_count == SLOTS_MAX) return;
    if (slot == NULL) {
        slot = ARENA_NEW(part->trace->arena, struct steps_slot);
        *slot = (struct steps_slot){steps->slots, *address, *key, value};
        steps->slots = slot;
        steps->slot_count++;
    }
    slot->value = value;
}

static void put_storage(struct trace_part *part, const struct evm_step *step) {
    const struct steps *steps = part->own;
    struct json_writer *out = part->trace->out;
    uint8_t word[32];
    if (step->opcode != TRACE_SLOAD && step->opcode != TRACE_SSTORE) return;
    if (step->stack_len < (step->opcode == TRACE_SSTORE ? 2 : 1)) return;
    note_slot(part, step);
    json_name(out, "storage");
    json_begin_object(out);
    for (const struct steps_slot *slot = steps->slots; slot != NULL; slot = slot->next) {
        if (!address_equal(&slot->address, &step->message->recipient)) continue;
        u256_to_be(word, &slot->key);
        trace_put_word_name(out, word);
        u256_to_be(word, &slot->value);
        json_write_hex(out, BYTES_OF(word));
    }
    json_end_object(out);
}

static void on_step(struct trace_part *part, const struct evm_step *step) {
    struct steps *steps = part->own;
    struct json_writer *out = part->trace->out;
    close_step(part, step->gas, NULL);
    if (out->overflowed || (steps->limit != 0 && steps->count >= steps->limit)) return;
    steps->count++;
    steps->has_open = true;
    steps->open_gas = step->gas;
    const char *name = evm_opcode_name(part->trace->rules, step->opcode);
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
    if (!steps->disable_stack) put_stack(out, step);
    if (steps->enable_memory) put_memory(out, step->memory);
    if (steps->enable_return_data && step->return_data.len > 0) {
        json_name(out, "returnData");
        json_write_hex(out, step->return_data);
    }
    if (!steps->disable_storage) put_storage(part, step);
}

static void on_enter(
    struct trace_part *part, const struct evm_message *message, uint64_t caller_gas
) {
    (void)message;
    close_step(part, caller_gas, NULL);
}

static void on_exit(struct trace_part *part, const struct trace_exit *exit) {
    const bool halted = exit->result->status > EVM_REVERT;
    close_step(part, exit->result->gas_left, halted ? exit->error : NULL);
}

static const char *open_steps(struct trace_part *part) {
    struct steps *steps = ARENA_NEW(part->trace->arena, struct steps);
    const struct json *config = part->config;
    *steps = (struct steps){
        .disable_stack = json_is_true(json_get(config, "disableStack")),
        .disable_storage = json_is_true(json_get(config, "disableStorage")),
        .enable_memory = json_is_true(json_get(config, "enableMemory")),
        .enable_return_data = json_is_true(json_get(config, "enableReturnData")),
    };
    if (!json_read_u64(json_get(config, "limit"), &steps->limit)) steps->limit = 0;
    part->own = steps;
    json_begin_object(part->trace->out);
    json_name(part->trace->out, "structLogs");
    json_begin_array(part->trace->out);
    return NULL;
}

static void write_steps(struct trace_part *part, const struct tx_outcome *outcome) {
    struct json_writer *out = part->trace->out;
    close_step(part, 0, NULL);
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

const struct trace_kind trace_struct_logs = {
    .name = "",
    .open = open_steps,
    .step = on_step,
    .enter = on_enter,
    .exit = on_exit,
    .write = write_steps,
};
