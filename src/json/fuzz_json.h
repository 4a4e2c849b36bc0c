/* fuzz_json: JSON of likely shapes, made from a fuzzer's bytes. Only fuzzers include this.
 *
 * Text that a fuzzer makes letter by letter seldom gets past the parser; here each few bytes are a value:
 * a quantity, data of some length, a word that the reader may know, a list, an object of such words.
 */
#ifndef JSON_FUZZ_JSON_H
#define JSON_FUZZ_JSON_H

#include "json/json.h"

struct fuzz_bytes {
    const uint8_t *next, *end;
};

/* What readers look for: strings and the names of members. */
struct fuzz_words {
    const char *const *list;
    size_t count;
};

enum { FUZZ_JSON_DEPTH = 5, FUZZ_JSON_ITEMS = 8 };

static inline uint8_t fuzz_byte(struct fuzz_bytes *in) {
    return in->next == in->end ? 0 : *in->next++;
}

static inline struct bytes fuzz_take(struct fuzz_bytes *in, size_t len) {
    const size_t left = (size_t)(in->end - in->next);
    const struct bytes taken = {in->next, len < left ? len : left};
    in->next += taken.len;
    return taken;
}

static inline const char *fuzz_word(struct fuzz_bytes *in, const struct fuzz_words *words) {
    return words->list[fuzz_byte(in) % words->count];
}

/* Data of a length that matters: an address, a hash, or any. */
static inline void fuzz_json_data(struct json_writer *out, struct fuzz_bytes *in) {
    static const uint8_t lengths[] = {20, 32, 4, 65, 0, 33};
    uint8_t data[256] = {0};
    const uint8_t choice = fuzz_byte(in);
    const size_t len = choice < 192 ? lengths[choice % sizeof lengths] : fuzz_byte(in);
    const struct bytes given = fuzz_take(in, fuzz_byte(in) % 4 == 0 ? len : len % 3);
    if (given.len != 0) memcpy(data + len - given.len, given.data, given.len);
    json_write_hex(out, bytes_from(data, len));
}

static inline void fuzz_json_value(
    struct json_writer *out, struct fuzz_bytes *in, const struct fuzz_words *words, unsigned depth
) {
    const uint8_t kind = fuzz_byte(in) % 12;
    if (kind < 2) {
        fuzz_json_data(out, in);
    } else if (kind < 4) {
        json_write_cstring(out, fuzz_word(in, words));
    } else if (kind < 5) {
        json_write_quantity(out, fuzz_byte(in));
    } else if (kind < 6) {
        const struct u256 wide = u256_from_be_short(fuzz_take(in, fuzz_byte(in) % 33));
        json_write_quantity_u256(out, &wide);
    } else if (kind < 7) {
        json_write_number(out, fuzz_byte(in));
    } else if (kind < 8) {
        json_write_bool(out, (fuzz_byte(in) & 1) != 0);
    } else if (kind < 9 || depth == FUZZ_JSON_DEPTH) {
        json_write_null(out);
    } else if (kind < 10) {
        json_begin_array(out);
        for (unsigned i = fuzz_byte(in) % FUZZ_JSON_ITEMS; i > 0; i--) {
            fuzz_json_value(out, in, words, depth + 1);
        }
        json_end_array(out);
    } else {
        json_begin_object(out);
        for (unsigned i = fuzz_byte(in) % FUZZ_JSON_ITEMS; i > 0; i--) {
            json_name(out, fuzz_word(in, words));
            fuzz_json_value(out, in, words, depth + 1);
        }
        json_end_object(out);
    }
}

#endif
