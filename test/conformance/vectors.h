/* vectors: what the conformance programs share: finding fixtures, reading JSON, counting.
 *
 * A program runs every case it finds, prints each failure and ends with `N passed, N failed`. Where
 * there are no fixtures it ends with status 77 (meson: skipped) and counts that as one skip, but as
 * a failure where the environment says CI=true. Fixtures are in INFINITY_FIXTURES, or else in
 * build/fixtures of the working directory.
 */
#ifndef TEST_CONFORMANCE_VECTORS_H
#define TEST_CONFORMANCE_VECTORS_H

#include "codec/hex.h"
#include "world/heap.h"

#include <jansson.h>
#include <unistd.h>

#include <stdio.h>
#include <stdlib.h>

enum { VECTORS_SKIPPED = 77, VECTORS_PATH_MAX = 1024, VECTORS_BYTES_MAX = 1 << 24 };

static size_t vectors_passed, vectors_failed;

static inline const char *vectors_root(void) {
    const char *root = getenv("INFINITY_FIXTURES");
    return root != NULL && root[0] != '\0' ? root : "build/fixtures";
}

/* Ends the program if the fixtures do not have the folder. */
static inline void vectors_need(const char *folder) {
    char path[VECTORS_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", vectors_root(), folder);
    if (access(path, R_OK) == 0) return;
    const char *ci = getenv("CI");
    const bool is_ci = ci != NULL && strcmp(ci, "true") == 0;
    printf("no fixtures at %s\n", path);
    if (is_ci) printf("0 passed, 1 failed\n");
    if (!is_ci) printf("0 passed, 0 failed, 1 skipped\n");
    exit(is_ci ? EXIT_FAILURE : VECTORS_SKIPPED);
}

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

static inline void vectors_count(bool is_good, const char *file, const char *name) {
    if (is_good) {
        vectors_passed++;
        return;
    }
    vectors_failed++;
    printf("FAIL %s: %s\n", file, name);
}

/* The closing line, and the program's status. */
static inline int vectors_end(void) {
    printf("%zu passed, %zu failed\n", vectors_passed, vectors_failed);
    return vectors_failed == 0 && vectors_passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
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
