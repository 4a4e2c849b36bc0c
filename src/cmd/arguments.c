#include "cmd/arguments.h"

#include <errno.h>
#include <stdlib.h>

bool argument_u64(uint64_t *out, const char *text, uint64_t least, uint64_t most) {
    const bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    char *end;
    if (text[0] < '0' || text[0] > '9') return false;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, is_hex ? 16 : 10);
    if (errno != 0 || *end != '\0' || value < least || value > most) return false;
    *out = value;
    return true;
}
