#include "codec/rlp.h"

/* First bytes. 0x80 + n is a string of n <= 55 bytes, 0xb7 + k a string whose length has k bytes;
 * the same from 0xc0 and 0xf7 on for lists; below 0x80 a byte stands for itself. */
enum {
    STRING = 0x80,
    LIST = 0xc0,
    SHORT_PAYLOAD_MAX = 55,
    LONG_OFFSET = SHORT_PAYLOAD_MAX, /* from STRING or LIST to the k above */
};

static const uint8_t nothing[1]; /* what an empty or failed reader points at */

const char *rlp_verdict_text(enum rlp_verdict verdict) {
    switch (verdict) {
    case RLP_VALID: return "valid";
    case RLP_TRUNCATED: return "RLP item is cut off or missing";
    case RLP_NOT_MINIMAL: return "RLP length is not in its shortest form";
    case RLP_TRAILING: return "RLP has bytes left over";
    case RLP_NOT_STRING: return "RLP list where a string was expected";
    case RLP_NOT_LIST: return "RLP string where a list was expected";
    case RLP_LEADING_ZERO: return "RLP integer has leading zeros";
    case RLP_TOO_LONG: return "RLP string is too long";
    case RLP_TOO_SHORT: return "RLP string is too short";
    case RLP_TOO_DEEP: return "RLP lists are nested too deep";
    }
    return "unknown";
}

struct rlp_reader rlp_read(struct bytes input) {
    const uint8_t *data = input.len == 0 ? nothing : input.data;
    return (struct rlp_reader){data, data + input.len, RLP_VALID, 0};
}

void rlp_fail(struct rlp_reader *reader, enum rlp_verdict verdict) {
    ASSERT(verdict != RLP_VALID);
    if (reader->verdict == RLP_VALID) reader->verdict = verdict;
    reader->next = reader->end = nothing;
}

/* A length of 1 to 8 bytes. */
static inline uint64_t load_be_short(const uint8_t *data, size_t len) {
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++) {
        value = value << 8 | data[i];
    }
    return value;
}

/* Reads the header at *next, which lies before end, and moves *next to the payload, which then lies
 * wholly before end. */
static inline enum rlp_verdict read_header(
    const uint8_t **next, const uint8_t *end, size_t *payload_size, bool *is_list
) {
    const uint8_t *p = *next;
    const uint8_t first = *p;
    *is_list = first >= LIST;
    if (first < STRING) {
        *payload_size = 1;
        return RLP_VALID;
    }
    p++;
    const size_t code = first - (size_t)(first >= LIST ? LIST : STRING);
    const size_t room = (size_t)(end - p);
    if (LIKELY(code <= SHORT_PAYLOAD_MAX)) {
        if (UNLIKELY(code > room)) return RLP_TRUNCATED;
        if (UNLIKELY(first == STRING + 1 && *p < STRING)) return RLP_NOT_MINIMAL;
        *payload_size = code;
        *next = p;
        return RLP_VALID;
    }
    const size_t length_size = code - LONG_OFFSET;
    if (length_size > room) return RLP_TRUNCATED;
    if (*p == 0) return RLP_NOT_MINIMAL;
    const uint64_t size = load_be_short(p, length_size);
    if (size <= SHORT_PAYLOAD_MAX) return RLP_NOT_MINIMAL;
    if (size > room - length_size) return RLP_TRUNCATED;
    *payload_size = (size_t)size;
    *next = p + length_size;
    return RLP_VALID;
}

struct rlp_item rlp_read_item(struct rlp_reader *reader) {
    const uint8_t *start = reader->next;
    const uint8_t *payload = start;
    size_t size;
    bool is_list;
    enum rlp_verdict verdict = RLP_TRUNCATED;
    if (LIKELY(start != reader->end)) {
        verdict = read_header(&payload, reader->end, &size, &is_list);
    }
    if (UNLIKELY(verdict != RLP_VALID)) {
        rlp_fail(reader, verdict);
        return (struct rlp_item){{nothing, 0}, {nothing, 0}, false};
    }
    reader->next = payload + size;
    return (struct rlp_item){{start, (size_t)(payload - start) + size}, {payload, size}, is_list};
}

struct rlp_list rlp_enter(struct rlp_reader *reader) {
    const struct rlp_list list = {reader->end};
    const struct rlp_item item = rlp_read_item(reader);
    reader->depth++;
    if (reader->verdict != RLP_VALID) return list;
    if (!item.is_list) {
        rlp_fail(reader, RLP_NOT_LIST);
        return list;
    }
    reader->next = item.payload.data;
    reader->end = item.payload.data + item.payload.len;
    return list;
}

void rlp_leave(struct rlp_reader *reader, struct rlp_list list) {
    if (reader->next != reader->end) rlp_fail(reader, RLP_TRAILING);
    if (reader->verdict == RLP_VALID) reader->end = list.outer_end;
    ASSERT(reader->depth > 0);
    reader->depth--;
}

size_t rlp_count(struct rlp_reader *reader) {
    size_t count = 0;
    const uint8_t *next = reader->next;
    while (next != reader->end) {
        size_t size;
        bool is_list;
        const enum rlp_verdict verdict = read_header(&next, reader->end, &size, &is_list);
        if (verdict != RLP_VALID) {
            rlp_fail(reader, verdict);
            return 0;
        }
        next += size;
        count++;
    }
    return count;
}

/* The payload of the next item, which must be a string; empty on failure. */
static inline struct bytes read_string(struct rlp_reader *reader) {
    const struct rlp_item item = rlp_read_item(reader);
    if (UNLIKELY(item.is_list)) {
        rlp_fail(reader, RLP_NOT_STRING);
        return (struct bytes){nothing, 0};
    }
    return item.payload;
}

void rlp_read_bytes(struct rlp_reader *reader, struct bytes *out) {
    *out = read_string(reader);
}

void rlp_read_exact(struct rlp_reader *reader, uint8_t *out, size_t size) {
    const struct bytes string = read_string(reader);
    if (UNLIKELY(string.len != size || reader->verdict != RLP_VALID)) {
        rlp_fail(reader, string.len < size ? RLP_TOO_SHORT : RLP_TOO_LONG);
        memset(out, 0, size);
        return;
    }
    memcpy(out, string.data, size);
}

void rlp_read_hash(struct rlp_reader *reader, struct hash *out) {
    rlp_read_exact(reader, out->bytes, sizeof out->bytes);
}

void rlp_read_address(struct rlp_reader *reader, struct address *out) {
    rlp_read_exact(reader, out->bytes, sizeof out->bytes);
}

void rlp_read_optional_address(struct rlp_reader *reader, struct address *out, bool *is_present) {
    *is_present = false;
    if (rlp_more(reader) && *reader->next == STRING) {
        reader->next++;
        memset(out, 0, sizeof *out);
        return;
    }
    rlp_read_address(reader, out);
    *is_present = reader->verdict == RLP_VALID;
}

/* The bytes of the next item, an integer of at most size bytes; empty for zero and on failure. */
static inline struct bytes read_integer(struct rlp_reader *reader, size_t size) {
    const struct bytes string = read_string(reader);
    if (string.len == 0) return string;
    if (UNLIKELY(string.data[0] == 0)) {
        rlp_fail(reader, RLP_LEADING_ZERO);
        return (struct bytes){nothing, 0};
    }
    if (UNLIKELY(string.len > size)) {
        rlp_fail(reader, RLP_TOO_LONG);
        return (struct bytes){nothing, 0};
    }
    return string;
}

void rlp_read_u64(struct rlp_reader *reader, uint64_t *out) {
    const struct bytes integer = read_integer(reader, sizeof *out);
    *out = load_be_short(integer.data, integer.len);
}

void rlp_read_u256(struct rlp_reader *reader, struct u256 *out) {
    const struct bytes integer = read_integer(reader, 32);
    if (integer.len <= sizeof(uint64_t)) {
        *out = u256_from_u64(load_be_short(integer.data, integer.len));
        return;
    }
    uint8_t padded[32] = {0};
    memcpy(padded + sizeof padded - integer.len, integer.data, integer.len);
    *out = u256_from_be(padded);
}

void rlp_read_bool(struct rlp_reader *reader, bool *out) {
    uint64_t value;
    rlp_read_u64(reader, &value);
    if (value > 1) rlp_fail(reader, RLP_TOO_LONG);
    *out = value == 1;
}

enum rlp_verdict rlp_finish(const struct rlp_reader *reader) {
    if (reader->verdict != RLP_VALID) return reader->verdict;
    ASSERT(reader->depth == 0);
    return reader->next == reader->end ? RLP_VALID : RLP_TRAILING;
}

enum rlp_verdict rlp_check(struct bytes input) {
    const uint8_t *outer_end[RLP_DEPTH_MAX];
    size_t depth = 0;
    struct rlp_reader reader = rlp_read(input);
    if (!rlp_more(&reader)) return RLP_TRUNCATED;

    do {
        const struct rlp_item item = rlp_read_item(&reader);
        if (reader.verdict != RLP_VALID) return reader.verdict;
        if (item.is_list) {
            if (depth == RLP_DEPTH_MAX) return RLP_TOO_DEEP;
            outer_end[depth++] = reader.end;
            reader.next = item.payload.data;
            reader.end = item.payload.data + item.payload.len;
        }
        while (depth > 0 && reader.next == reader.end) {
            reader.end = outer_end[--depth];
        }
    } while (depth > 0);
    return rlp_finish(&reader);
}

size_t rlp_size_u256(const struct u256 *value) {
    for (size_t i = ARRAY_LEN(value->limb) - 1; i > 0; i--) {
        if (value->limb[i] == 0) continue;
        return 2 + 8 * i + (63 - (size_t)__builtin_clzll(value->limb[i])) / 8;
    }
    return rlp_size_u64(value->limb[0]);
}

struct rlp_writer rlp_writer_in(struct arena *arena, size_t size_hint) {
    uint8_t *start = arena_alloc_raw(arena, size_hint, 1);
    return (struct rlp_writer){start, start, start + size_hint, arena};
}

struct rlp_writer rlp_writer_fixed(uint8_t *buffer, size_t size) {
    return (struct rlp_writer){buffer, buffer, buffer + size, NULL};
}

static NO_INLINE void grow(struct rlp_writer *writer, size_t size) {
    ASSERT(writer->arena != NULL);
    enum { ROOM_MIN = 256 };
    const size_t used = (size_t)(writer->next - writer->start);
    ASSERT(used < SIZE_MAX / 4 && size < SIZE_MAX / 4);
    const size_t room = 2 * (used + size) + ROOM_MIN;
    uint8_t *start = arena_alloc_raw(writer->arena, room, 1);
    if (used > 0) memcpy(start, writer->start, used);
    writer->start = start;
    writer->next = start + used;
    writer->end = start + room;
}

/* size bytes at the end of what was written, to be filled by the caller. */
static inline uint8_t *append(struct rlp_writer *writer, size_t size) {
    if (UNLIKELY(size > (size_t)(writer->end - writer->next))) grow(writer, size);
    uint8_t *out = writer->next;
    writer->next += size;
    return out;
}

/* The low size bytes of value. */
static inline void put_be_short(uint8_t *out, uint64_t value, size_t size) {
    for (size_t i = size; i > 0; i--) {
        out[i - 1] = (uint8_t)value;
        value >>= 8;
    }
}

static inline size_t put_header(uint8_t *out, uint8_t kind, size_t payload_size) {
    const size_t size = rlp_size_header(payload_size);
    if (size == 1) {
        out[0] = (uint8_t)(kind + payload_size);
        return size;
    }
    out[0] = (uint8_t)(kind + LONG_OFFSET + (size - 1));
    put_be_short(out + 1, payload_size, size - 1);
    return size;
}

size_t rlp_put_list_header(uint8_t *out, size_t payload_size) {
    return put_header(out, LIST, payload_size);
}

size_t rlp_put_string_header(uint8_t *out, size_t payload_size) {
    return put_header(out, STRING, payload_size);
}

void rlp_write_list_header(struct rlp_writer *writer, size_t payload_size) {
    put_header(append(writer, rlp_size_header(payload_size)), LIST, payload_size);
}

void rlp_write_raw(struct rlp_writer *writer, struct bytes encoded) {
    uint8_t *out = append(writer, encoded.len);
    if (encoded.len > 0) memcpy(out, encoded.data, encoded.len);
}

void rlp_write_bytes(struct rlp_writer *writer, struct bytes data) {
    if (data.len == 1 && data.data[0] < STRING) {
        *append(writer, 1) = data.data[0];
        return;
    }
    uint8_t *out = append(writer, rlp_size_list(data.len));
    out += put_header(out, STRING, data.len);
    if (data.len > 0) memcpy(out, data.data, data.len);
}

void rlp_write_u64(struct rlp_writer *writer, uint64_t value) {
    const size_t size = rlp_size_u64(value);
    uint8_t *out = append(writer, size);
    if (size == 1) {
        *out = value == 0 ? STRING : (uint8_t)value;
        return;
    }
    *out = (uint8_t)(STRING + (size - 1));
    put_be_short(out + 1, value, size - 1);
}

void rlp_write_u256(struct rlp_writer *writer, const struct u256 *value) {
    if (u256_fits_u64(value)) {
        rlp_write_u64(writer, value->limb[0]);
        return;
    }
    uint8_t big_endian[32];
    u256_to_be(big_endian, value);
    const size_t size = rlp_size_u256(value);
    uint8_t *out = append(writer, size);
    *out = (uint8_t)(STRING + (size - 1));
    memcpy(out + 1, big_endian + sizeof big_endian - (size - 1), size - 1);
}

void rlp_write_hash(struct rlp_writer *writer, const struct hash *value) {
    uint8_t *out = append(writer, RLP_HASH_SIZE);
    *out = STRING + sizeof value->bytes;
    memcpy(out + 1, value->bytes, sizeof value->bytes);
}

void rlp_write_address(struct rlp_writer *writer, const struct address *value) {
    uint8_t *out = append(writer, RLP_ADDRESS_SIZE);
    *out = STRING + sizeof value->bytes;
    memcpy(out + 1, value->bytes, sizeof value->bytes);
}

size_t rlp_list_begin(struct rlp_writer *writer) {
    *append(writer, 1) = LIST;
    return (size_t)(writer->next - writer->start);
}

void rlp_list_end(struct rlp_writer *writer, size_t list) {
    const size_t used = (size_t)(writer->next - writer->start);
    ASSERT(list >= 1 && list <= used);
    const size_t payload_size = used - list;
    const size_t header_size = rlp_size_header(payload_size);
    if (header_size > 1) {
        (void)append(writer, header_size - 1);
        uint8_t *payload = writer->start + list;
        memmove(payload + (header_size - 1), payload, payload_size);
    }
    put_header(writer->start + list - 1, LIST, payload_size);
}
