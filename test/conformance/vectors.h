/* vectors: what the conformance programs that read JSON through jansson share, beside counting.h. */
#ifndef TEST_CONFORMANCE_VECTORS_H
#define TEST_CONFORMANCE_VECTORS_H

#include "codec/hex.h"
#include "counting.h"

#include <jansson.h>

/* The JSON in a file of the fixtures; a file that is not there or does not parse is a failure, and
 * NULL. The caller gives it back by json_decref, which takes NULL. */
static inline json_t *vectors_load(const char *file) {
    char path[VECTORS_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", vectors_root(), file);
    json_error_t error;
    json_t *json = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (json == NULL) {
        printf("FAIL %s: line %d: %s\n", file, error.line, error.text);
        vectors_failed++;
    }
    return json;
}

/* A JSON string's characters, of any content. */
static inline struct bytes vectors_text(const json_t *json) {
    if (!json_is_string(json)) return (struct bytes){NULL, 0};
    return bytes_from(json_string_value(json), json_string_length(json));
}

/* The bytes of hex text, with or without 0x; false where it is none. */
static inline bool vectors_hex(struct arena *arena, struct bytes *out, struct bytes text) {
    const bool has_prefix = text.len >= 2 && text.data[0] == '0' && text.data[1] == 'x';
    if (has_prefix) text = bytes_slice(text, 2, text.len - 2);
    uint8_t *data = arena_alloc(arena, text.len / 2, 1);
    out->data = data;
    return text.len / 2 <= VECTORS_BYTES_MAX &&
        hex_decode_bare(data, text.len / 2, &out->len, text) == HEX_VALID;
}

#endif
