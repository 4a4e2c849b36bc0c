/* value: arguments of the command line that are bytes or numbers, with the errors that people get.
 *
 * Everywhere bytes are 0x-hex, or @FILE for what a file holds. Each function answers EXIT_GOOD, or
 * prints what is wrong with which flag and answers the exit status.
 */
#ifndef CMD_VALUE_H
#define CMD_VALUE_H

#include "base/arena.h"

/* "COMMAND: FLAG: …" stands before the text of an error. */
struct value_name {
    const char *command, *flag;
};

MUST_USE int value_bytes(
    struct arena *arena, struct bytes *out, struct value_name name, const char *text, size_t max
);

/* Decimal, or 0x-hex, at most max. */
MUST_USE int value_u64(uint64_t *out, struct value_name name, const char *text, uint64_t max);

/* The whole of a file of at most max bytes. */
MUST_USE int value_file(
    struct arena *arena, struct bytes *out, struct value_name name, const char *path, size_t max
);

#endif
