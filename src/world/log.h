/* log: structured lines on stderr: for people on a terminal, one JSON object a line otherwise.
 *
 *   log_line(LOG_INFO, "block", "number", LOG_U64(7), "hash", LOG_HASH(&hash));
 *
 * A line is a message and pairs of key and value. It is written with one write, so lines of threads
 * do not mix. Secrets never go in.
 */
#ifndef WORLD_LOG_H
#define WORLD_LOG_H

#include "base/bytes.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR, LOG_SILENT };
enum log_format { LOG_AUTO, LOG_TEXT, LOG_JSON };

struct log_value {
    enum { LOG_VALUE_TEXT, LOG_VALUE_U64, LOG_VALUE_BYTES, LOG_VALUE_SHORT_HASH } kind;
    const char *text;
    uint64_t number;
    struct bytes bytes;
};

struct log_pair {
    const char *key;
    struct log_value value;
};

#define LOG_STR(value)   ((struct log_value){.kind = LOG_VALUE_TEXT, .text = (value)})
#define LOG_U64(value)   ((struct log_value){.kind = LOG_VALUE_U64, .number = (value)})
#define LOG_BYTES(value) ((struct log_value){.kind = LOG_VALUE_BYTES, .bytes = (value)})
/* A hash: whole in JSON, its first and last digits on a terminal. */
#define LOG_HASH(hash) \
    ((struct log_value){.kind = LOG_VALUE_SHORT_HASH, .bytes = BYTES_OF(*(hash))})

/* Once, before the first line. LOG_AUTO: text if stderr is a terminal. Lines below level are dropped. */
void log_open(enum log_level level, enum log_format format);

void log_write(
    enum log_level level, const char *message, const struct log_pair *pairs, size_t pair_count
);

// NOLINTNEXTLINE(readability-identifier-naming): called like a function
#define log_line(level, message, ...)                                            \
    log_write(                                                                   \
        (level), (message), (const struct log_pair[]){__VA_ARGS__},              \
        sizeof((const struct log_pair[]){__VA_ARGS__}) / sizeof(struct log_pair) \
    )

#endif
