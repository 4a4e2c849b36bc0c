#include "chain/witness.h"

#include "codec/rlp.h"

static size_t payload_size(struct witness_list list, bool as_strings) {
    size_t size = 0;
    for (size_t i = 0; i < list.count; i++) {
        size += as_strings ? rlp_size_bytes(list.items[i]) : list.items[i].len;
    }
    return size;
}

static void write_list(struct rlp_writer *writer, struct witness_list list, bool as_strings) {
    rlp_write_list_header(writer, payload_size(list, as_strings));
    for (size_t i = 0; i < list.count; i++) {
        if (as_strings) {
            rlp_write_bytes(writer, list.items[i]);
        } else {
            rlp_write_raw(writer, list.items[i]);
        }
    }
}

struct bytes witness_encode(struct arena *arena, const struct witness *witness) {
    const size_t size = rlp_size_list(payload_size(witness->nodes, true)) +
        rlp_size_list(payload_size(witness->codes, true)) +
        rlp_size_list(payload_size(witness->headers, false));
    struct rlp_writer writer = rlp_writer_in(arena, rlp_size_list(size));
    rlp_write_list_header(&writer, size);
    write_list(&writer, witness->nodes, true);
    write_list(&writer, witness->codes, true);
    write_list(&writer, witness->headers, false);
    return rlp_written(&writer);
}

static struct witness_list read_list(
    struct rlp_reader *reader, struct arena *arena, size_t count_max, bool as_strings
) {
    const struct rlp_list list = rlp_enter(reader);
    size_t count = rlp_count(reader);
    if (count > count_max) rlp_fail(reader, RLP_TOO_LONG);
    if (reader->verdict != RLP_VALID) count = 0;
    struct bytes *const items = ARENA_ARRAY(arena, struct bytes, count);
    for (size_t i = 0; i < count; i++) {
        const struct rlp_item item = rlp_read_item(reader);
        if (item.is_list == as_strings) {
            rlp_fail(reader, as_strings ? RLP_NOT_STRING : RLP_NOT_LIST);
        }
        items[i] = as_strings ? item.payload : item.whole;
    }
    rlp_leave(reader, list);
    return (struct witness_list){items, count};
}

bool witness_decode(struct arena *arena, struct witness *witness, struct bytes encoded) {
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list list = rlp_enter(&reader);
    *witness = (struct witness){
        .nodes = read_list(&reader, arena, WITNESS_ITEMS_MAX, true),
        .codes = read_list(&reader, arena, WITNESS_ITEMS_MAX, true),
        .headers = read_list(&reader, arena, WITNESS_HEADERS_MAX, false),
    };
    rlp_leave(&reader, list);
    return rlp_finish(&reader) == RLP_VALID;
}

struct bytes witness_encode_config(struct arena *arena, const struct chain_config *config) {
    enum { SIZE_HINT = 1024 };
    struct rlp_writer writer = rlp_writer_in(arena, SIZE_HINT);
    const size_t whole = rlp_list_begin(&writer);
    rlp_write_u64(&writer, config->chain_id);
    const size_t activation = rlp_list_begin(&writer);
    for (size_t i = 0; i < FORK_COUNT; i++) {
        rlp_write_u64(&writer, config->activation[i]);
    }
    rlp_list_end(&writer, activation);
    const size_t blobs = rlp_list_begin(&writer);
    for (size_t i = 0; i < FORK_COUNT; i++) {
        const size_t params = rlp_list_begin(&writer);
        rlp_write_u64(&writer, config->blobs[i].target);
        rlp_write_u64(&writer, config->blobs[i].max);
        rlp_write_u64(&writer, config->blobs[i].update_fraction);
        rlp_list_end(&writer, params);
    }
    rlp_list_end(&writer, blobs);
    rlp_write_address(&writer, &config->deposit_contract);
    rlp_list_end(&writer, whole);
    return rlp_written(&writer);
}

bool witness_decode_config(struct chain_config *config, struct bytes encoded) {
    *config = (struct chain_config){0};
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list whole = rlp_enter(&reader);
    rlp_read_u64(&reader, &config->chain_id);
    const struct rlp_list activation = rlp_enter(&reader);
    for (size_t i = 0; i < FORK_COUNT; i++) {
        rlp_read_u64(&reader, &config->activation[i]);
    }
    rlp_leave(&reader, activation);
    const struct rlp_list blobs = rlp_enter(&reader);
    for (size_t i = 0; i < FORK_COUNT; i++) {
        const struct rlp_list params = rlp_enter(&reader);
        rlp_read_u64(&reader, &config->blobs[i].target);
        rlp_read_u64(&reader, &config->blobs[i].max);
        rlp_read_u64(&reader, &config->blobs[i].update_fraction);
        rlp_leave(&reader, params);
    }
    rlp_leave(&reader, blobs);
    rlp_read_address(&reader, &config->deposit_contract);
    rlp_leave(&reader, whole);
    return rlp_finish(&reader) == RLP_VALID;
}
