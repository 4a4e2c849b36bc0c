#include "suite.h"

#include "codec/hex.h"

#include <dirent.h>
#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>

void suite_count(struct suite *suite, bool is_right, const char *name) {
    if (is_right) {
        suite->passed++;
        return;
    }
    if (suite->failed < SUITE_FAILURES_SHOWN) printf("  FAILED %s: %s\n", suite->archive, name);
    suite->failed++;
}

void suite_skip(struct suite *suite, size_t count) {
    suite->skipped += count;
}

json_t *suite_load(struct suite *suite, const char *path) {
    char full[SUITE_PATH_MAX];
    json_error_t error;
    (void)snprintf(full, sizeof full, "%s/%s", suite->root, path);
    json_t *const document = json_load_file(full, 0, &error);
    if (document == NULL) {
        printf("  %s: %s\n", full, error.text);
        suite_count(suite, false, path);
    }
    return document;
}

struct bytes suite_hex(struct suite *suite, const json_t *text, bool *is_hex) {
    *is_hex = false;
    if (!json_is_string(text)) return (struct bytes){NULL, 0};
    struct bytes digits = bytes_from(json_string_value(text), json_string_length(text));
    if (digits.len >= 2 && memcmp(digits.data, "0x", 2) == 0) {
        digits = bytes_slice(digits, 2, digits.len - 2);
    }
    uint8_t *const out = arena_alloc(&suite->arena, digits.len / 2 + 1, 1);
    size_t len = 0;
    *is_hex = hex_decode_bare(out, digits.len / 2 + 1, &len, digits) == HEX_VALID;
    return (struct bytes){out, len};
}

struct bytes suite_member(struct suite *suite, const json_t *object, const char *key) {
    bool is_hex = false;
    const struct bytes bytes = suite_hex(suite, json_object_get(object, key), &is_hex);
    if (!is_hex) {
        printf("  %s: a case without bytes in %s\n", suite->archive, key);
        suite->failed++;
    }
    return bytes;
}

const char *suite_text(const json_t *object, const char *key) {
    const char *const text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static bool ends_with(const char *name, const char *suffix) {
    const size_t len = strlen(name);
    const size_t suffix_len = strlen(suffix);
    return len >= suffix_len && strcmp(name + len - suffix_len, suffix) == 0;
}

void suite_each_file(
    struct suite *suite,
    const char *folder,
    const char *suffix,
    void (*use)(struct suite *suite, const char *path)
) {
    char full[SUITE_PATH_MAX];
    struct dirent **entries = NULL;
    (void)snprintf(full, sizeof full, "%s/%s", suite->root, folder);
    const int count = scandir(full, &entries, NULL, alphasort);
    if (count < 0) {
        suite_count(suite, false, folder);
        return;
    }
    for (int i = 0; i < count; i++) {
        char path[SUITE_PATH_MAX];
        struct stat info;
        const int len = snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        const bool is_hidden = entries[i]->d_name[0] == '.';
        free(entries[i]);
        if (is_hidden || len < 0 || (size_t)len >= sizeof path) continue;
        const int full_len = snprintf(full, sizeof full, "%s/%s", suite->root, path);
        if (full_len < 0 || (size_t)full_len >= sizeof full || stat(full, &info) != 0) continue;
        if (S_ISDIR(info.st_mode)) {
            suite_each_file(suite, path, suffix, use);
        } else if (ends_with(path, suffix)) {
            use(suite, path);
        }
    }
    free(entries);
}
