/* 4byteTracer: how often which function was called, by selector and length of the arguments. */
#include "rpc/trace_parts.h"

#include <inttypes.h>
#include <stdio.h>

enum { SELECTOR_SIZE = 4 };

struct selector {
    struct trace_entry entry; /* the selector and the arguments' length, big-endian */
    uint64_t arguments_size;
    uint64_t count;
};

static const char *open_selectors(struct trace_part *part) {
    struct trace_map *map = ARENA_NEW(part->trace->arena, struct trace_map);
    trace_map_init(map, part->trace);
    part->own = map;
    return NULL;
}

static void on_enter(
    struct trace_part *part, const struct evm_message *message, uint64_t caller_gas
) {
    const struct bytes input = message->input;
    uint8_t key[SELECTOR_SIZE + 8];
    (void)caller_gas;
    if (input.len < SELECTOR_SIZE || trace_is_creation(message->kind)) return;
    if (evm_is_precompile(part->trace->rules, &message->code_address)) return;
    const uint64_t arguments_size = input.len - SELECTOR_SIZE;
    memcpy(key, input.data, SELECTOR_SIZE);
    store_be64(key + SELECTOR_SIZE, arguments_size);
    struct selector *selector = trace_map_at(part->own, BYTES_OF(key), sizeof *selector, NULL);
    if (selector == NULL) return;
    selector->arguments_size = arguments_size;
    selector->count++;
}

static void write_selectors(struct trace_part *part, const struct tx_outcome *outcome) {
    const struct trace_map *map = part->own;
    struct json_writer *out = part->trace->out;
    (void)outcome;
    json_begin_object(out);
    for (const struct trace_entry *entry = map->first; entry != NULL; entry = entry->next) {
        const struct selector *selector = (const struct selector *)entry;
        char name[40];
        (void)snprintf(
            name, sizeof name, "0x%02x%02x%02x%02x-%" PRIu64, entry->key[0], entry->key[1],
            entry->key[2], entry->key[3], selector->arguments_size
        );
        json_name(out, name);
        json_write_number(out, selector->count);
    }
    json_end_object(out);
}

const struct trace_kind trace_selector_tracer = {
    .name = "4byteTracer",
    .open = open_selectors,
    .enter = on_enter,
    .write = write_selectors,
};
