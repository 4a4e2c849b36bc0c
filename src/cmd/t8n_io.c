#include "cmd/t8n_io.h"

#include "cmd/command.h"
#include "cmd/value.h"

#include <getopt.h>
#include <sys/stat.h>

#include <errno.h>
#include <limits.h>
#include <stdarg.h>

#define INPUT_SIZE_MAX  ((size_t)512 << 20)
#define OUTPUT_SIZE_MAX ((size_t)1 << 30)

enum t8n_error t8n_fail(enum t8n_error number, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "ERROR(%d): ", (int)number);
    (void)vfprintf(stderr, format, args);
    (void)fprintf(stderr, "\n");
    va_end(args);
    return number;
}

static bool read_flag(bool *flag, const char *text) {
    *flag = text == NULL || strcmp(text, "true") == 0;
    return *flag || strcmp(text, "false") == 0;
}

enum t8n_error t8n_read_options(
    const struct t8n_option *options, size_t count, const char *command, int argc, char **argv
) {
    enum { ROOM = 24, FIRST = 256, VERBOSITY = 1 };
    struct option known[ROOM + 2] = {{"verbosity", required_argument, NULL, VERBOSITY}};
    ASSERT(count <= ROOM);
    for (size_t i = 0; i < count; i++) {
        const int has_text = options[i].text != NULL ? required_argument : optional_argument;
        known[1 + i] = (struct option){options[i].name, has_text, NULL, FIRST + (int)i};
    }
    opterr = 0;
    for (int id; (id = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
        if (id == ':' || id == '?') {
            (void)command_bad_option(command, id, argv[optind - 1]);
            return T8N_USAGE;
        }
        if (id == VERBOSITY) continue;
        const struct t8n_option *const option = &options[id - FIRST];
        if (option->text != NULL) *option->text = optarg;
        if (option->flag != NULL && !read_flag(option->flag, optarg)) {
            (void
            )command_usage_error(command, "--%s is true or false, not '%s'", option->name, optarg);
            return T8N_USAGE;
        }
    }
    if (optind == argc) return T8N_GOOD;
    (void)command_usage_error(command, "unexpected '%s'", argv[optind]);
    return T8N_USAGE;
}

enum t8n_error t8n_io_begin(struct t8n_io *io, struct arena *arena, const char *output_folder) {
    *io = (struct t8n_io){.arena = arena, .output_folder = output_folder};
    json_writer_init(&io->to_stdout, OUTPUT_SIZE_MAX);
    json_writer_init(&io->to_stderr, OUTPUT_SIZE_MAX);
    char path[PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/", output_folder);
    for (char *slash = strchr(path + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) != 0 && errno != EEXIST) {
            return t8n_fail(
                T8N_IO, "failed creating output basedir: mkdir %s: %s", path, strerror(errno)
            );
        }
        *slash = '/';
    }
    return T8N_GOOD;
}

static enum t8n_error parse(
    struct t8n_io *io, const struct json **out, struct bytes text, const char *what
) {
    const enum json_verdict verdict = json_parse(io->arena, out, text, &json_limits_file);
    if (verdict == JSON_VALID) return T8N_GOOD;
    return t8n_fail(T8N_JSON, "failed unmarshalling %s: %s", what, json_verdict_text(verdict));
}

static enum t8n_error read_stdin(struct t8n_io *io) {
    struct bytes text;
    if (io->stdin_object != NULL) return T8N_GOOD;
    if (!value_stream(io->arena, &text, stdin, INPUT_SIZE_MAX)) {
        return t8n_fail(T8N_IO, "failed reading stdin: %s", strerror(errno));
    }
    return parse(io, &io->stdin_object, text, "stdin");
}

static enum t8n_error read_file(
    struct t8n_io *io, struct bytes *text, const char *path, const char *name
) {
    FILE *const file = fopen(path, "rb");
    const bool good = file != NULL && value_stream(io->arena, text, file, INPUT_SIZE_MAX);
    const int os_error = errno;
    if (file != NULL) (void)fclose(file);
    if (good) return T8N_GOOD;
    return t8n_fail(T8N_IO, "failed reading %s file: open %s: %s", name, path, strerror(os_error));
}

enum t8n_error t8n_io_read(
    struct t8n_io *io, const struct json **out, const char *where, const char *name
) {
    struct bytes text;
    char what[64];
    enum t8n_error error;
    if (strcmp(where, "stdin") == 0) {
        error = read_stdin(io);
        *out = error == T8N_GOOD ? json_get(io->stdin_object, name) : NULL;
        return error;
    }
    error = read_file(io, &text, where, name);
    if (error != T8N_GOOD) return error;
    (void)snprintf(what, sizeof what, "%s file", name);
    return parse(io, out, text, what);
}

bool t8n_io_path(char *out, size_t size, const struct t8n_io *io, const char *name) {
    const bool has_folder = io->output_folder[0] != '\0';
    const int len = snprintf(out, size, "%s%s%s", io->output_folder, has_folder ? "/" : "", name);
    return len > 0 && (size_t)len < size;
}

static enum t8n_error write_file(const struct t8n_io *io, const char *name, struct bytes value) {
    char path[PATH_MAX];
    if (!t8n_io_path(path, sizeof path, io, name)) {
        return t8n_fail(T8N_IO, "failed writing output: %s: the path is too long", name);
    }
    FILE *const file = fopen(path, "wb");
    bool good = file != NULL;
    if (good) good = fwrite(value.data, 1, value.len, file) == value.len;
    if (good) good = fputc('\n', file) != EOF;
    if (file != NULL) good = fclose(file) == 0 && good;
    if (good) return T8N_GOOD;
    return t8n_fail(T8N_IO, "failed writing output: open %s: %s", path, strerror(errno));
}

enum t8n_error t8n_io_write(
    struct t8n_io *io, const char *where, const char *name, struct bytes value
) {
    struct json_writer *writer = NULL;
    if (where[0] == '\0') return T8N_GOOD;
    if (strcmp(where, "stdout") == 0) writer = &io->to_stdout;
    if (strcmp(where, "stderr") == 0) writer = &io->to_stderr;
    if (writer == NULL) return write_file(io, where, value);
    if (writer->len == 0) json_begin_object(writer);
    json_name(writer, name);
    json_write_raw(writer, value);
    return T8N_GOOD;
}

static bool print(struct json_writer *writer, FILE *out) {
    if (writer->len == 0) return true;
    json_end_object(writer);
    const struct bytes text = json_writer_text(writer);
    return !writer->overflowed && fwrite(text.data, 1, text.len, out) == text.len &&
        fputc('\n', out) != EOF && fflush(out) == 0;
}

enum t8n_error t8n_io_end(struct t8n_io *io) {
    const bool good = print(&io->to_stdout, stdout) && print(&io->to_stderr, stderr);
    json_writer_free(&io->to_stdout);
    json_writer_free(&io->to_stderr);
    return good ? T8N_GOOD : t8n_fail(T8N_IO, "failed writing output");
}
