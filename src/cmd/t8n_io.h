/* t8n_io: files, stdin, stdout and errors of the tools that test generators call (t8n, b11r).
 *
 * Source: geth's cmd/evm: an input is a file or "stdin", which then is one object with a member for each; an
 * output is a file below a folder, "stdout" or "stderr", which get one object too, or "" for none.
 * Errors are a line "ERROR(number): …" on stderr, and their number is the exit status.
 */
#ifndef CMD_T8N_IO_H
#define CMD_T8N_IO_H

#include "json/json.h"

enum t8n_error {
    T8N_GOOD = 0,
    T8N_USAGE = 1, /* the command line, as geth answers that */
    T8N_EVM = 2,
    T8N_CONFIG = 3,
    T8N_MISSING_BLOCK_HASH = 4,
    T8N_JSON = 10,
    T8N_IO = 11,
    T8N_RLP = 12,
};

/* Prints the error, answers its number. */
enum t8n_error t8n_fail(enum t8n_error number, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --NAME TEXT; or --NAME, --NAME=true, --NAME=false: one of text and flag is NULL. */
struct t8n_option {
    const char *name;
    const char **text; /* what it is set to */
    bool *flag;
};

/* Reads a command line that has nothing but these options, at most 24, and --verbosity N, which is
 * ignored. A wrong one is told as command ("evm t8n") tells it. */
MUST_USE enum t8n_error t8n_read_options(
    const struct t8n_option *options, size_t count, const char *command, int argc, char **argv
);

struct t8n_io {
    struct arena *arena;
    const char *output_folder;       /* "": the working directory */
    const struct json *stdin_object; /* NULL until it is read */
    struct json_writer to_stdout, to_stderr;
};

/* Makes output_folder. */
MUST_USE enum t8n_error t8n_io_begin(
    struct t8n_io *io, struct arena *arena, const char *output_folder
);

/* The value from where: "stdin" is that object's member of this name (*out is NULL where it has none),
 * else the file. name is for errors too. */
MUST_USE enum t8n_error t8n_io_read(
    struct t8n_io *io, const struct json **out, const char *where, const char *name
);

/* Puts a JSON value where it is to go. */
MUST_USE enum t8n_error t8n_io_write(
    struct t8n_io *io, const char *where, const char *name, struct bytes value
);

/* A path of the output folder; false where it is too long. */
MUST_USE bool t8n_io_path(char *out, size_t size, const struct t8n_io *io, const char *name);

/* Prints what goes to stdout and stderr, and gives the memory back. */
MUST_USE enum t8n_error t8n_io_end(struct t8n_io *io);

#endif
