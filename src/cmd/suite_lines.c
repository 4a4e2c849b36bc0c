#include "cmd/suite_lines.h"

#include "base/assert.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Room for needed things of size bytes; twice as much as there was, so that few moves are made. */
static void *grown(void *memory, size_t *room, size_t needed, size_t size) {
    if (needed <= *room) return memory;
    *room = 2 * *room > needed ? 2 * *room : needed;
    void *const more = realloc(memory, *room * size);
    ASSERT(more != NULL);
    return more;
}

void suite_lines_add(struct suite_lines *lines, size_t case_index, const char *text, size_t len) {
    if (len == 0) return;
    lines->text = grown(lines->text, &lines->room, lines->len + len, 1);
    memcpy(lines->text + lines->len, text, len);
    lines->len += len;

    const size_t count = lines->case_count;
    const bool is_new = count == 0 || lines->cases[count - 1].case_index != case_index;
    if (is_new) {
        ASSERT(count == 0 || lines->cases[count - 1].case_index < case_index);
        lines->cases = grown(lines->cases, &lines->case_room, count + 1, sizeof *lines->cases);
        lines->case_count++;
    }
    lines->cases[lines->case_count - 1] = (struct suite_lines_end){case_index, lines->len};
}

/* Appends the case at index i of from. */
static void take(struct suite_lines *lines, const struct suite_lines *from, size_t i) {
    const size_t start = i == 0 ? 0 : from->cases[i - 1].end;
    const struct suite_lines_end *const one = &from->cases[i];
    suite_lines_add(lines, one->case_index, from->text + start, one->end - start);
}

void suite_lines_merge(struct suite_lines *lines, struct suite_lines *other) {
    if (lines->len == 0) {
        suite_lines_free(lines);
        *lines = *other;
        *other = (struct suite_lines){0};
        return;
    }
    struct suite_lines merged = {0};
    size_t i = 0, j = 0;
    while (i < lines->case_count || j < other->case_count) {
        if (j == other->case_count ||
            (i < lines->case_count && lines->cases[i].case_index < other->cases[j].case_index)) {
            take(&merged, lines, i++);
        } else {
            take(&merged, other, j++);
        }
    }
    suite_lines_free(lines);
    suite_lines_free(other);
    *lines = merged;
}

void suite_lines_free(struct suite_lines *lines) {
    free(lines->text);
    free(lines->cases);
    *lines = (struct suite_lines){0};
}
