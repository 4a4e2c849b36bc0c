#include "codec/hex.h"
#include "json/json.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { CAPACITY_FIRST = 1024, ESCAPE_SIZE_MAX = 6, FORMAT_SIZE = 1024 };

void json_writer_init(struct json_writer *writer, size_t limit) {
    *writer = (struct json_writer){.limit = limit};
}

void json_writer_free(struct json_writer *writer) {
    free(writer->data);
    *writer = (struct json_writer){.limit = writer->limit};
}

void json_writer_reset(struct json_writer *writer, size_t keep_capacity) {
    if (writer->capacity > keep_capacity) {
        json_writer_free(writer);
        return;
    }
    writer->len = 0;
    writer->overflowed = false;
}

void json_writer_truncate(struct json_writer *writer, size_t len) {
    ASSERT(len <= writer->len);
    writer->len = len;
    writer->overflowed = false;
}

/* Room for size more bytes, or NULL: then the writer has overflowed. */
static uint8_t *reserve(struct json_writer *writer, size_t size) {
    if (writer->overflowed) return NULL;
    if (writer->len > writer->limit || size > writer->limit - writer->len) {
        writer->overflowed = true;
        return NULL;
    }
    if (size <= writer->capacity - writer->len) return writer->data + writer->len;
    size_t capacity = writer->capacity == 0 ? CAPACITY_FIRST : 2 * writer->capacity;
    if (capacity < writer->len + size) capacity = writer->len + size;
    if (capacity > writer->limit) capacity = writer->limit;
    uint8_t *data = realloc(writer->data, capacity);
    ASSERT(data != NULL);
    writer->data = data;
    writer->capacity = capacity;
    return data + writer->len;
}

static void append(struct json_writer *writer, const void *data, size_t len) {
    uint8_t *out = reserve(writer, len);
    if (out == NULL || len == 0) return;
    memcpy(out, data, len);
    writer->len += len;
}

static void append_byte(struct json_writer *writer, char byte) {
    append(writer, &byte, 1);
}

/* A comma is due unless the value is the first in its container or follows its key: those are the
 * only places where the text ends with one of these (a string ends with its quote). */
static void separate(struct json_writer *writer) {
    if (writer->len == 0) return;
    const uint8_t last = writer->data[writer->len - 1];
    if (last == '{' || last == '[' || last == ':' || last == ',') return;
    append_byte(writer, ',');
}

void json_begin_object(struct json_writer *writer) {
    separate(writer);
    append_byte(writer, '{');
}

void json_end_object(struct json_writer *writer) {
    append_byte(writer, '}');
}

void json_begin_array(struct json_writer *writer) {
    separate(writer);
    append_byte(writer, '[');
}

void json_end_array(struct json_writer *writer) {
    append_byte(writer, ']');
}

static size_t escape(uint8_t out[ESCAPE_SIZE_MAX], uint8_t byte) {
    static const char digits[] = "0123456789abcdef";
    out[0] = '\\';
    switch (byte) {
    case '"':
    case '\\': out[1] = byte; return 2;
    case '\n': out[1] = 'n'; return 2;
    case '\r': out[1] = 'r'; return 2;
    case '\t': out[1] = 't'; return 2;
    default: break;
    }
    const uint8_t unicode[] = {
        '\\', 'u', '0', '0', (uint8_t)digits[byte >> 4], (uint8_t)digits[byte & 15]};
    memcpy(out, unicode, sizeof unicode);
    return sizeof unicode;
}

static bool needs_escape(uint8_t byte) {
    return byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f;
}

static void append_quoted(struct json_writer *writer, struct bytes text) {
    append_byte(writer, '"');
    size_t done = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (!needs_escape(text.data[i])) continue;
        append(writer, text.data + done, i - done);
        uint8_t escaped[ESCAPE_SIZE_MAX];
        append(writer, escaped, escape(escaped, text.data[i]));
        done = i + 1;
    }
    if (text.len > done) append(writer, text.data + done, text.len - done);
    append_byte(writer, '"');
}

void json_name(struct json_writer *writer, const char *key) {
    separate(writer);
    append_byte(writer, '"');
    append(writer, key, strlen(key));
    append(writer, "\":", 2);
}

void json_name_bytes(struct json_writer *writer, struct bytes key) {
    separate(writer);
    append_quoted(writer, key);
    append_byte(writer, ':');
}

void json_write_raw(struct json_writer *writer, struct bytes json) {
    separate(writer);
    append(writer, json.data, json.len);
}

void json_write_null(struct json_writer *writer) {
    json_write_raw(writer, BYTES_LITERAL("null"));
}

void json_write_bool(struct json_writer *writer, bool value) {
    json_write_raw(writer, value ? BYTES_LITERAL("true") : BYTES_LITERAL("false"));
}

void json_write_number(struct json_writer *writer, uint64_t value) {
    char text[24];
    const int len = snprintf(text, sizeof text, "%" PRIu64, value);
    ASSERT(len > 0);
    json_write_raw(writer, bytes_from(text, (size_t)len));
}

void json_write_string(struct json_writer *writer, struct bytes text) {
    separate(writer);
    append_quoted(writer, text);
}

void json_write_cstring(struct json_writer *writer, const char *text) {
    json_write_string(writer, bytes_from(text, strlen(text)));
}

void json_write_format(struct json_writer *writer, const char *format, ...) {
    char text[FORMAT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    const int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    ASSERT(len >= 0);
    const size_t kept = (size_t)len < sizeof text ? (size_t)len : sizeof text - 1;
    json_write_string(writer, bytes_from(text, kept));
}

void json_write_quantity(struct json_writer *writer, uint64_t value) {
    char text[HEX_U64_TEXT_MAX];
    json_write_string(writer, bytes_from(text, hex_encode_u64(text, value)));
}

void json_write_quantity_u256(struct json_writer *writer, const struct u256 *value) {
    char text[HEX_U256_TEXT_MAX];
    json_write_string(writer, bytes_from(text, hex_encode_u256(text, value)));
}

/* Quotes and digits at once, straight into the buffer: most of what a node answers is this. */
static void append_hex(struct json_writer *writer, struct bytes data, bool prefix) {
    ASSERT(data.len <= HEX_BYTES_MAX);
    separate(writer);
    const size_t digits_len = (prefix ? 2 : 0) + 2 * data.len;
    uint8_t *out = reserve(writer, digits_len + 2);
    if (out == NULL) return;
    out[0] = '"';
    if (prefix) {
        (void)hex_encode((char *)out + 1, data);
    } else {
        (void)hex_encode_bare((char *)out + 1, data);
    }
    out[digits_len + 1] = '"';
    writer->len += digits_len + 2;
}

void json_write_hex(struct json_writer *writer, struct bytes data) {
    append_hex(writer, data, true);
}

void json_write_hex_bare(struct json_writer *writer, struct bytes data) {
    append_hex(writer, data, false);
}

// NOLINTNEXTLINE(misc-no-recursion): bounded by the depth that the value was read with
void json_write_value(struct json_writer *writer, const struct json *value) {
    switch (json_kind(value)) {
    case JSON_ABSENT:
    case JSON_NULL: json_write_null(writer); return;
    case JSON_BOOL: json_write_bool(writer, value->count == 1); return;
    case JSON_NUMBER: json_write_raw(writer, json_text(value)); return;
    case JSON_STRING: json_write_string(writer, json_text(value)); return;
    case JSON_ARRAY: json_begin_array(writer); break;
    case JSON_OBJECT: json_begin_object(writer); break;
    }
    for (const struct json *member = value->at.first; member != NULL; member = member->next) {
        if (value->kind == JSON_OBJECT) json_name_bytes(writer, json_key(member));
        json_write_value(writer, member);
    }
    if (value->kind == JSON_ARRAY) json_end_array(writer);
    if (value->kind == JSON_OBJECT) json_end_object(writer);
}
