#include "world/log.h"

#include <unistd.h>

#include <stdio.h>
#include <time.h>

enum {
    LINE_MAX_BYTES = 4096, /* a longer line is cut, and says so */
    BYTES_SHOWN = 1024,    /* of a LOG_BYTES value */
};

struct line {
    char text[LINE_MAX_BYTES];
    size_t len;
};

static struct {
    enum log_level level;
    bool json;
    bool colour;
} log_state = {LOG_INFO, false, false};

void log_open(enum log_level level, enum log_format format) {
    const bool terminal = isatty(STDERR_FILENO) == 1;
    log_state.level = level;
    log_state.json = format == LOG_JSON || (format == LOG_AUTO && !terminal);
    log_state.colour = terminal && !log_state.json;
}

/* One byte of room is always left for the newline. */
static void put(struct line *line, char c) {
    if (line->len < LINE_MAX_BYTES - 1) line->text[line->len++] = c;
}

static void put_text(struct line *line, const char *text) {
    while (*text != '\0') {
        put(line, *text++);
    }
}

static void put_u64(struct line *line, uint64_t value) {
    char digits[21];
    (void)snprintf(digits, sizeof digits, "%llu", (unsigned long long)value);
    put_text(line, digits);
}

static void put_hex(struct line *line, struct bytes bytes) {
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; i < bytes.len; i++) {
        put(line, digit[bytes.data[i] >> 4]);
        put(line, digit[bytes.data[i] & 15]);
    }
}

/* Control characters, quotes and backslashes are escaped in both formats, so a peer's text cannot
 * forge a line or move a cursor. */
static void put_escaped(struct line *line, const char *text) {
    for (; *text != '\0'; text++) {
        const uint8_t c = (uint8_t)*text;
        if (c == '"' || c == '\\') {
            put(line, '\\');
            put(line, (char)c);
        } else if (c < 0x20 || c == 0x7f) {
            put_text(line, "\\u00");
            put_hex(line, (struct bytes){&c, 1});
        } else {
            put(line, (char)c);
        }
    }
}

static void put_value(struct line *line, const struct log_value *value) {
    switch (value->kind) {
    case LOG_VALUE_U64: put_u64(line, value->number); return;
    case LOG_VALUE_TEXT:
        if (log_state.json) put(line, '"');
        put_escaped(line, value->text);
        if (log_state.json) put(line, '"');
        return;
    case LOG_VALUE_SHORT_HASH:
        if (!log_state.json) {
            put_text(line, "0x");
            put_hex(line, bytes_slice(value->bytes, 0, 4));
            put_text(line, "…");
            put_hex(line, bytes_slice(value->bytes, value->bytes.len - 3, 3));
            return;
        }
        break;
    case LOG_VALUE_BYTES: break;
    }
    const size_t shown = value->bytes.len < BYTES_SHOWN ? value->bytes.len : BYTES_SHOWN;
    put_text(line, log_state.json ? "\"0x" : "0x");
    put_hex(line, bytes_slice(value->bytes, 0, shown));
    if (shown < value->bytes.len) put_text(line, "…");
    if (log_state.json) put(line, '"');
}

static void put_time(struct line *line) {
    struct timespec now;
    struct tm parts;
    char text[40];
    if (clock_gettime(CLOCK_REALTIME, &now) != 0) return;
    if (log_state.json) {
        if (gmtime_r(&now.tv_sec, &parts) == NULL) return;
        const size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
        (void)snprintf(text + len, sizeof text - len, ".%03ldZ", now.tv_nsec / 1000000);
    } else {
        if (localtime_r(&now.tv_sec, &parts) == NULL) return;
        const size_t len = strftime(text, sizeof text, "%m-%d|%H:%M:%S", &parts);
        (void)snprintf(text + len, sizeof text - len, ".%03ld", now.tv_nsec / 1000000);
    }
    put_text(line, text);
}

static void put_json_line(
    struct line *line,
    enum log_level level,
    const char *message,
    const struct log_pair *pairs,
    size_t pair_count
) {
    static const char *const names[] = {"debug", "info", "warn", "error", ""};
    put_text(line, "{\"time\":\"");
    put_time(line);
    put_text(line, "\",\"level\":\"");
    put_text(line, names[level]);
    put_text(line, "\",\"message\":\"");
    put_escaped(line, message);
    put(line, '"');
    for (size_t i = 0; i < pair_count; i++) {
        put_text(line, ",\"");
        put_escaped(line, pairs[i].key);
        put_text(line, "\":");
        put_value(line, &pairs[i].value);
    }
    put(line, '}');
}

static void put_text_line(
    struct line *line,
    enum log_level level,
    const char *message,
    const struct log_pair *pairs,
    size_t pair_count
) {
    static const char *const names[] = {"DEBUG", "INFO ", "WARN ", "ERROR", ""};
    static const char *const colours[] = {"\033[2m", "\033[32m", "\033[33m", "\033[31m", ""};
    if (log_state.colour) put_text(line, colours[level]);
    put_text(line, names[level]);
    if (log_state.colour) put_text(line, "\033[0m");
    put_text(line, " [");
    put_time(line);
    put_text(line, "] ");
    put_escaped(line, message);
    for (size_t i = 0; i < pair_count; i++) {
        put(line, ' ');
        put_text(line, pairs[i].key);
        put(line, '=');
        put_value(line, &pairs[i].value);
    }
}

void log_write(
    enum log_level level, const char *message, const struct log_pair *pairs, size_t pair_count
) {
    if (level < log_state.level) return;
    struct line line = {.len = 0};
    if (log_state.json) {
        put_json_line(&line, level, message, pairs, pair_count);
    } else {
        put_text_line(&line, level, message, pairs, pair_count);
    }
    line.text[line.len++] = '\n';
    /* A log that cannot be written has nobody to tell. */
    if (write(STDERR_FILENO, line.text, line.len) < 0) return;
}
