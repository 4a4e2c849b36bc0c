/* arguments: values on the command line, the same in every subcommand. */
#ifndef CMD_ARGUMENTS_H
#define CMD_ARGUMENTS_H

#include "base/arena.h"

/* A decimal or 0x-hex number from least to most; false for anything else. */
MUST_USE bool argument_u64(uint64_t *out, const char *text, uint64_t least, uint64_t most);

#endif
