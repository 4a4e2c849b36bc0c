#include "cmd/value.h"

#include "base/u256.h"
#include "cmd/command.h"
#include "codec/hex.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static int too_long(struct value_name name, size_t max) {
    return command_usage_error(
        name.command, "%s: longer than the limit of %zu bytes", name.flag, max
    );
}

bool value_stream(struct arena *arena, struct bytes *out, FILE *file, size_t max) {
    enum { FIRST_SIZE = 1 << 16 };
    size_t size = FIRST_SIZE, len = 0;
    uint8_t *data = ARENA_ARRAY(arena, uint8_t, size);
    for (;;) {
        len += fread(data + len, 1, size - len, file);
        if (len < size || len > max) break;
        uint8_t *larger = arena_alloc_raw(arena, 2 * size, 1);
        memcpy(larger, data, len);
        data = larger;
        size *= 2;
    }
    *out = bytes_from(data, len);
    return ferror(file) == 0;
}

int value_file(
    struct arena *arena, struct bytes *out, struct value_name name, const char *path, size_t max
) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return command_failure(
            name.command, "%s: cannot open '%s': %s", name.flag, path, strerror(errno)
        );
    }
    const bool good = value_stream(arena, out, file, max);
    const int os_error = errno;
    (void)fclose(file);
    if (!good) {
        return command_failure(
            name.command, "%s: cannot read '%s': %s", name.flag, path, strerror(os_error)
        );
    }
    return out->len > max ? too_long(name, max) : EXIT_GOOD;
}

int value_bytes(
    struct arena *arena, struct bytes *out, struct value_name name, const char *text, size_t max
) {
    if (text[0] == '@') return value_file(arena, out, name, text + 1, max);
    const size_t len = strlen(text);
    const size_t hex_max = max < HEX_BYTES_MAX ? max : HEX_BYTES_MAX;
    switch (hex_decode_arena(arena, out, bytes_from(text, len), hex_max)) {
    case HEX_VALID: return EXIT_GOOD;
    case HEX_TOO_LONG: return too_long(name, max);
    case HEX_NO_PREFIX:
        return command_usage_error(
            name.command, "%s: bytes are written as 0x-hex, or as @FILE; not '%.40s'", name.flag,
            text
        );
    case HEX_ODD_DIGITS:
        return command_usage_error(
            name.command, "%s: an odd number of hex digits: each byte has two", name.flag
        );
    default:
        return command_usage_error(name.command, "%s: a character that is no hex digit", name.flag);
    }
}

int value_u64(
    uint64_t *out, struct value_name name, const char *text, uint64_t least, uint64_t most
) {
    const struct bytes span = bytes_from(text, strlen(text));
    struct u256 wide;
    const bool hex = text[0] == '0' && text[1] == 'x';
    const bool is_number = hex ? hex_decode_u256(&wide, span, HEX_LENIENT) == HEX_VALID
                               : u256_from_decimal(&wide, span);
    if (!is_number || !u256_fits_u64(&wide) || wide.limb[0] < least || wide.limb[0] > most) {
        return command_usage_error(
            name.command,
            "%s: '%.40s' is not a number from %" PRIu64 " to %" PRIu64 ", in decimal or 0x-hex",
            name.flag, text, least, most
        );
    }
    *out = wide.limb[0];
    return EXIT_GOOD;
}

int value_block_time(uint64_t *ms, struct value_name name, const char *text) {
    char *end;
    const double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds >= 0.001) || seconds > 86400) {
        return command_usage_error(
            name.command, "%s: '%.40s' is not a number of seconds from 0.001 to 86400", name.flag,
            text
        );
    }
    *ms = (uint64_t)(seconds * 1000 + 0.5);
    return EXIT_GOOD;
}
