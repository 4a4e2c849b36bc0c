/* value: arguments of the command line that are bytes or numbers, with the errors that people get.
 *
 * Everywhere bytes are 0x-hex, or @FILE for what a file holds. Each function answers EXIT_GOOD, or
 * prints what is wrong with which flag and answers the exit status.
 */
#ifndef CMD_VALUE_H
#define CMD_VALUE_H

#include "base/arena.h"

#include <stdio.h>

/* "COMMAND: FLAG: …" stands before the text of an error. */
struct value_name {
    const char *command, *flag;
};

MUST_USE int value_bytes(
    struct arena *arena, struct bytes *out, struct value_name name, const char *text, size_t max
);

/* Decimal, or 0x-hex, from least to most. */
MUST_USE int value_u64(
    uint64_t *out, struct value_name name, const char *text, uint64_t least, uint64_t most
);

/* Seconds between blocks, with up to three decimals, as milliseconds. */
MUST_USE int value_block_time(uint64_t *ms, struct value_name name, const char *text);

/* What is left of a stream, at most max bytes and one, so that a longer one shows. False: errno says why. */
MUST_USE bool value_stream(struct arena *arena, struct bytes *out, FILE *file, size_t max);

/* The whole of a file of at most max bytes. */
MUST_USE int value_file(
    struct arena *arena, struct bytes *out, struct value_name name, const char *path, size_t max
);

#endif
