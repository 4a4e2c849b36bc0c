/* Logs as eth_simulateV1 shows them, with transfers of Ether among them. */
#include "rpc/trace_parts.h"

static const struct hash transfer_topic = {{
    0xdd, 0xf2, 0x52, 0xad, 0x1b, 0xe2, 0xc8, 0x9b, 0x69, 0xc2, 0xb0, 0x68, 0xfc, 0x37, 0x8d, 0xaa,
    0x95, 0x2b, 0xa7, 0xf1, 0x63, 0xc4, 0xa1, 0x16, 0x28, 0xf5, 0x5a, 0x4d, 0xf5, 0x23, 0xb3, 0xef,
}}; /* keccak256 of Transfer(address,address,uint256) */

static const struct address ether_address = {{
    /* ERC-7528 */
    0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee,
    0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee, 0xee,
}};

struct transfers {
    struct trace_calls calls; /* first: trace_calls_on_step */
    bool with_transfers;
    struct trace_shown_log *logs;
    size_t count, room;
    uint64_t next_index;
};

static const char *open_transfers(struct trace_part *part) {
    struct transfers *transfers = ARENA_NEW(part->trace->arena, struct transfers);
    trace_calls_init(&transfers->calls, part->trace);
    transfers->calls.with_log = true;
    part->own = transfers;
    return NULL;
}

const struct trace_kind trace_transfer_logs = {
    .name = "",
    .open = open_transfers,
    .step = trace_calls_on_step,
    .enter = trace_calls_on_enter,
    .exit = trace_calls_on_exit,
};

/* ---- In order ---- */

static void show(struct transfers *transfers, const struct state_log *log, bool is_undone) {
    const uint64_t index = transfers->next_index++;
    if (is_undone) return;
    if (transfers->count == transfers->room) {
        const size_t room = transfers->room == 0 ? 8 : 2 * transfers->room;
        struct trace_shown_log *logs =
            ARENA_ARRAY(transfers->calls.trace->arena, struct trace_shown_log, room);
        if (transfers->count > 0) memcpy(logs, transfers->logs, transfers->count * sizeof *logs);
        transfers->logs = logs;
        transfers->room = room;
    }
    transfers->logs[transfers->count++] = (struct trace_shown_log){*log, index};
}

static struct hash word_of(const struct address *address) {
    struct hash word = {{0}};
    memcpy(word.bytes + 12, address->bytes, sizeof address->bytes);
    return word;
}

static void show_transfer(
    struct transfers *transfers, const struct trace_frame *frame, bool is_undone
) {
    const bool moves =
        frame->is_selfdestruct || trace_is_creation(frame->kind) || frame->kind == EVM_CALL;
    if (!transfers->with_transfers || !moves || u256_is_zero(&frame->value)) return;
    uint8_t *data = arena_alloc(transfers->calls.trace->arena, 32, 1);
    u256_to_be(data, &frame->value);
    const struct state_log log = {
        .address = ether_address,
        .topic_count = 3,
        .topics = {transfer_topic, word_of(&frame->from), word_of(&frame->to)},
        .data = bytes_from(data, 32),
    };
    show(transfers, &log, is_undone);
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as calls nest, EVM_DEPTH_MAX
static void show_frame(
    struct transfers *transfers, const struct trace_frame *frame, bool is_undone
) {
    const struct trace_log *log = frame->logs;
    uint64_t position = 0;
    is_undone = is_undone || frame->error != NULL;
    show_transfer(transfers, frame, is_undone);
    for (const struct trace_frame *call = frame->first;; call = call->next) {
        for (; log != NULL && log->position == position; log = log->next) {
            if (!log->is_void) show(transfers, &log->log, is_undone);
        }
        if (call == NULL) return;
        show_frame(transfers, call, is_undone);
        position++;
    }
}

void trace_logs_begin(
    struct trace *trace,
    struct arena *arena,
    const struct trace_subject *subject,
    bool with_transfers
) {
    trace_begin_kind(trace, arena, &trace_transfer_logs, subject);
    struct transfers *transfers = trace->parts[0].own;
    transfers->with_transfers = with_transfers;
}

const char *trace_logs_end(
    struct trace *trace, const struct trace_shown_log **logs, size_t *count, uint64_t *next_index
) {
    struct transfers *transfers = trace->parts[0].own;
    *logs = NULL;
    *count = 0;
    if (trace->failure != NULL) return trace->failure;
    transfers->next_index = *next_index;
    if (transfers->calls.root != NULL) show_frame(transfers, transfers->calls.root, false);
    *logs = transfers->logs;
    *count = transfers->count;
    *next_index = transfers->next_index;
    return NULL;
}
