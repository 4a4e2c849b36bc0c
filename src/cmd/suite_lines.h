/* suite_lines: what the cases of a file print, put into the order of the cases when several threads
 * have run them.
 */
#ifndef CMD_SUITE_LINES_H
#define CMD_SUITE_LINES_H

#include <stddef.h>

/* Where the text of one case ends; it begins where that of the case before it ends. */
struct suite_lines_end {
    size_t case_index, end;
};

/* All zeros: nothing yet. */
struct suite_lines {
    char *text;
    size_t len, room;
    struct suite_lines_end *cases; /* those that print, in their order */
    size_t case_count, case_room;
};

/* Appends text of a case: of the last that is there, or of one that comes after it. */
void suite_lines_add(struct suite_lines *lines, size_t case_index, const char *text, size_t len);

/* Takes the cases of other, which are none of lines', between its own, and leaves other empty. */
void suite_lines_merge(struct suite_lines *lines, struct suite_lines *other);

/* Gives the memory back and leaves nothing. */
void suite_lines_free(struct suite_lines *lines);

#endif
