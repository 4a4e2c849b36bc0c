/* Reads a typical request, a large one, and writes hex. Prints one line each. */
#include "json/json.h"

#include "world/clock.h"
#include "world/heap.h"

#include <stdio.h>

static void measure_parse(const char *name, struct bytes text, int rounds) {
    struct arena arena;
    arena_init(&arena, &heap_source);
    const struct json_limits limits = {.size = 64 << 20, .depth = 64, .node_count = 4000000};
    const uint64_t start = clock_monotonic_us(&real_clock);
    for (int i = 0; i < rounds; i++) {
        const struct arena_mark mark = arena_mark(&arena);
        const struct json *root;
        ASSERT(json_parse(&arena, &root, text, &limits) == JSON_VALID);
        arena_rewind(&arena, mark);
    }
    const uint64_t time_us = clock_monotonic_us(&real_clock) - start;
    printf(
        "%-24s %8.2f us a text  %8.1f MB/s\n", name, (double)time_us / rounds,
        (double)text.len * rounds / (double)(time_us + 1)
    );
    arena_reset(&arena);
}

int main(void) {
    static const char request[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_call\",\"params\":[{\"to\":"
        "\"0x5fbdb2315678afecb367f032d93f642f64180aa3\",\"data\":"
        "\"0x70a08231000000000000000000000000"
        "f39fd6e51aad88f6f4ce6ab8827279cfffb92266\"},\"latest\"]}";
    measure_parse("eth_call request", bytes_from(request, sizeof request - 1), 200000);

    struct json_writer writer;
    json_writer_init(&writer, (size_t)16 << 20);
    static uint8_t data[4096];
    const uint64_t start = clock_monotonic_us(&real_clock);
    json_begin_array(&writer);
    for (int i = 0; i < 500; i++) {
        json_write_hex(&writer, bytes_from(data, sizeof data));
        json_write_quantity(&writer, (uint64_t)i << 20);
    }
    json_end_array(&writer);
    const uint64_t time_us = clock_monotonic_us(&real_clock) - start;
    printf("%-24s %8.1f MB/s\n", "write hex", (double)writer.len / (double)(time_us + 1));
    measure_parse("4 MB of hex strings", json_writer_text(&writer), 50);
    json_writer_free(&writer);
    return 0;
}
