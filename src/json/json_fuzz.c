/* What is accepted is written again, and reading that gives the same text: no value is lost. */
#include "json/json.h"

#include "base/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct json_limits limits = {.size = 65536, .depth = 64, .node_count = 4096};
    struct arena arena;
    arena_init(&arena, &test_heap);
    const struct json *first;
    if (json_parse(&arena, &first, bytes_from(data, size), &limits) == JSON_VALID) {
        struct json_writer once, twice;
        json_writer_init(&once, (size_t)1 << 20);
        json_writer_init(&twice, (size_t)1 << 20);
        json_write_value(&once, first);
        ASSERT(!once.overflowed);
        const struct json_limits wider = {.size = 1 << 20, .depth = 64, .node_count = 4096};
        const struct json *second;
        ASSERT(json_parse(&arena, &second, json_writer_text(&once), &wider) == JSON_VALID);
        json_write_value(&twice, second);
        ASSERT(bytes_equal(json_writer_text(&once), json_writer_text(&twice)));
        uint64_t number;
        struct u256 wide;
        struct bytes bytes;
        (void)json_read_u64(first, &number);
        (void)json_read_u256(first, &wide);
        (void)json_read_bytes(&arena, json_first(first), &bytes, 64);
        json_writer_free(&once);
        json_writer_free(&twice);
    }
    arena_reset(&arena);
    return 0;
}
