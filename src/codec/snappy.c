#include "codec/snappy.h"

enum {
    CHUNK_HEADER = 4,
    CHECKSUM = 4,
    CHUNK_COMPRESSED = 0x00,
    CHUNK_PLAIN = 0x01,
    CHUNK_SKIPPABLE = 0x80, /* and above */
    CHUNK_STREAM = 0xff,
    LENGTH_BYTES_MAX = 5,
    LITERAL_LONG = 60, /* from here on so many bytes, less 59, hold the length */
};

const char *snappy_verdict_text(enum snappy_verdict verdict) {
    switch (verdict) {
    case SNAPPY_VALID: return "valid";
    case SNAPPY_TRUNCATED: return "compressed data ends too early";
    case SNAPPY_MALFORMED: return "compressed data is malformed";
    case SNAPPY_TOO_LONG: return "compressed data is longer than the limit";
    default: return "the checksum of compressed data is wrong";
    }
}

/* The reflected polynomial of Castagnoli, bit by bit: files are read once. */
static uint32_t crc32c(struct bytes data) {
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < data.len; i++) {
        crc ^= data.data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ ((crc & 1) != 0 ? UINT32_C(0x82f63b78) : 0);
        }
    }
    return ~crc;
}

static uint32_t masked(uint32_t crc) {
    return (crc >> 15 | crc << 17) + UINT32_C(0xa282ead8);
}

/* A little-endian number of count bytes, at most 4. */
static uint32_t number_at(const uint8_t *data, size_t count) {
    uint32_t number = 0;
    for (size_t i = 0; i < count; i++) {
        number |= (uint32_t)data[i] << (8 * i);
    }
    return number;
}

/* The uncompressed length that a block begins with; *used is the bytes it takes, 0 where it is none. */
static uint64_t block_length(struct bytes block, size_t *used) {
    uint64_t length = 0;
    for (size_t i = 0; i < block.len && i < LENGTH_BYTES_MAX; i++) {
        length |= (uint64_t)(block.data[i] & 0x7f) << (7 * i);
        *used = i + 1;
        if (block.data[i] < 0x80) return length;
    }
    *used = 0;
    return 0;
}

struct cursor {
    const uint8_t *next, *end;
    uint8_t *out;
    size_t len, room;
};

static enum snappy_verdict put_literal(struct cursor *c, uint8_t tag) {
    size_t len = tag >> 2;
    if (len >= LITERAL_LONG) {
        const size_t extra = len - LITERAL_LONG + 1;
        if ((size_t)(c->end - c->next) < extra) return SNAPPY_TRUNCATED;
        len = number_at(c->next, extra);
        c->next += extra;
    }
    len++;
    if ((size_t)(c->end - c->next) < len) return SNAPPY_TRUNCATED;
    if (c->room - c->len < len) return SNAPPY_TOO_LONG;
    memcpy(c->out + c->len, c->next, len);
    c->next += len;
    c->len += len;
    return SNAPPY_VALID;
}

static enum snappy_verdict put_copy(struct cursor *c, uint8_t tag) {
    static const size_t operand_sizes[] = {0, 1, 2, 4};
    const size_t kind = tag & 3;
    const size_t operand = operand_sizes[kind];
    if ((size_t)(c->end - c->next) < operand) return SNAPPY_TRUNCATED;
    size_t offset = number_at(c->next, operand);
    size_t len = (size_t)(tag >> 2) + 1;
    if (kind == 1) {
        offset |= (size_t)(tag >> 5) << 8;
        len = (size_t)((tag >> 2) & 7) + 4;
    }
    c->next += operand;
    if (offset == 0 || offset > c->len) return SNAPPY_MALFORMED;
    if (c->room - c->len < len) return SNAPPY_TOO_LONG;
    for (size_t i = 0; i < len; i++) { /* the copy may overlap itself */
        c->out[c->len] = c->out[c->len - offset];
        c->len++;
    }
    return SNAPPY_VALID;
}

enum snappy_verdict snappy_decode_block(
    uint8_t *out, size_t out_size, size_t *out_len, struct bytes block
) {
    size_t used;
    *out_len = 0;
    const uint64_t length = block_length(block, &used);
    if (used == 0) return block.len < LENGTH_BYTES_MAX ? SNAPPY_TRUNCATED : SNAPPY_MALFORMED;
    if (length > out_size) return SNAPPY_TOO_LONG;
    struct cursor c = {.next = block.data + used, .end = block.data + block.len};
    c.out = out;
    c.room = (size_t)length;
    while (c.next < c.end) {
        const uint8_t tag = *c.next++;
        const enum snappy_verdict verdict =
            (tag & 3) == 0 ? put_literal(&c, tag) : put_copy(&c, tag);
        if (verdict != SNAPPY_VALID) return verdict == SNAPPY_TOO_LONG ? SNAPPY_MALFORMED : verdict;
    }
    if (c.len != length) return SNAPPY_TRUNCATED;
    *out_len = c.len;
    return SNAPPY_VALID;
}

/* A chunk of data, its checksum first, appended to out. */
static enum snappy_verdict put_chunk(
    uint8_t *out, size_t room, size_t *len, struct bytes chunk, bool is_compressed
) {
    if (chunk.len < CHECKSUM) return SNAPPY_TRUNCATED;
    const uint32_t checksum = number_at(chunk.data, CHECKSUM);
    const struct bytes data = bytes_slice(chunk, CHECKSUM, chunk.len - CHECKSUM);
    if (room > SNAPPY_CHUNK_MAX) room = SNAPPY_CHUNK_MAX;
    *len = 0;
    if (is_compressed) {
        const enum snappy_verdict verdict = snappy_decode_block(out, room, len, data);
        if (verdict != SNAPPY_VALID) return verdict;
    } else {
        if (data.len > room) return SNAPPY_TOO_LONG;
        if (data.len != 0) memcpy(out, data.data, data.len);
        *len = data.len;
    }
    return masked(crc32c(bytes_from(out, *len))) == checksum ? SNAPPY_VALID : SNAPPY_BAD_CHECKSUM;
}

static bool is_stream_identifier(struct bytes chunk) {
    static const char name[] = "sNaPpY";
    return bytes_equal(chunk, bytes_from(name, sizeof name - 1));
}

/* Calls for each chunk with data; with out NULL only adds up what the data may come to. */
static enum snappy_verdict walk(uint8_t *out, size_t room, size_t *total, struct bytes framed) {
    bool is_begun = false;
    *total = 0;
    for (size_t at = 0; at < framed.len;) {
        if (framed.len - at < CHUNK_HEADER) return SNAPPY_TRUNCATED;
        const uint8_t type = framed.data[at];
        const size_t size = number_at(framed.data + at + 1, CHUNK_HEADER - 1);
        at += CHUNK_HEADER;
        if (framed.len - at < size) return SNAPPY_TRUNCATED;
        const struct bytes chunk = bytes_slice(framed, at, size);
        at += size;
        if (!is_begun && type != CHUNK_STREAM) return SNAPPY_MALFORMED;
        if (type == CHUNK_STREAM) {
            if (!is_stream_identifier(chunk)) return SNAPPY_MALFORMED;
            is_begun = true;
        } else if (type == CHUNK_COMPRESSED || type == CHUNK_PLAIN) {
            size_t len = SNAPPY_CHUNK_MAX;
            if (out != NULL) {
                const enum snappy_verdict verdict =
                    put_chunk(out + *total, room - *total, &len, chunk, type == CHUNK_COMPRESSED);
                if (verdict != SNAPPY_VALID) return verdict;
            }
            *total += len;
        } else if (type < CHUNK_SKIPPABLE) {
            return SNAPPY_MALFORMED;
        }
    }
    return SNAPPY_VALID;
}

enum snappy_verdict snappy_decode_framed(
    struct arena *arena, struct bytes *out, struct bytes framed, size_t size_max
) {
    size_t room;
    size_t len;
    *out = bytes_from(NULL, 0);
    enum snappy_verdict verdict = walk(NULL, 0, &room, framed);
    if (verdict != SNAPPY_VALID) return verdict;
    if (room > size_max) room = size_max;
    uint8_t *const data = arena_alloc_raw(arena, room, 1);
    verdict = walk(data, room, &len, framed);
    if (verdict == SNAPPY_VALID) *out = bytes_from(data, len);
    return verdict;
}
