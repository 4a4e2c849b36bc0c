/* An input that is judged canonical must be what the writer makes of its items: the second oracle
 * re-encodes the tree of items and compares. */
#include "codec/rlp.h"

#include "base/fuzz.h"

enum { BUFFER_SIZE = 1 << 20 };

/* Writes each item anew; a list is closed when its source ends. */
static void rewrite(struct rlp_writer *writer, struct bytes input) {
    static struct {
        const uint8_t *source_end;
        size_t list;
    } open[RLP_DEPTH_MAX + 1];
    size_t depth = 0;
    const uint8_t *next = input.data, *end = input.data + input.len;
    while (next != end) {
        struct rlp_reader reader = rlp_read(bytes_from(next, (size_t)(end - next)));
        const struct rlp_item item = rlp_read_item(&reader);
        ASSERT(reader.verdict == RLP_VALID);
        next += item.whole.len;
        if (item.is_list) {
            open[depth].source_end = next;
            open[depth++].list = rlp_list_begin(writer);
            next = item.payload.data;
        } else {
            rlp_write_bytes(writer, item.payload);
        }
        while (depth > 0 && next == open[depth - 1].source_end)
            rlp_list_end(writer, open[--depth].list);
    }
    ASSERT(depth == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t buffer[BUFFER_SIZE];
    if (size == 0 || size > BUFFER_SIZE) return 0;
    const struct bytes input = {data, size};
    if (rlp_check(input) == RLP_VALID) {
        struct rlp_writer writer = rlp_writer_fixed(buffer, sizeof buffer);
        rewrite(&writer, input);
        ASSERT(bytes_equal(rlp_written(&writer), input));
    }

    /* Typed reads of whatever stands there: integers that are accepted are written back the same. */
    struct rlp_reader reader = rlp_read(input);
    while (rlp_more(&reader)) {
        const uint8_t *start = reader.next;
        struct u256 value;
        rlp_read_u256(&reader, &value);
        if (reader.verdict != RLP_VALID) break;
        struct rlp_writer writer = rlp_writer_fixed(buffer, sizeof buffer);
        rlp_write_u256(&writer, &value);
        ASSERT(bytes_equal(rlp_written(&writer), bytes_from(start, (size_t)(reader.next - start))));
    }
    return 0;
}
