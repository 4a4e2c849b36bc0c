/* Data to sign as strangers hand it in: types of likely and unlikely names, values of any shape. The same
 * data has the same hash, or the same problem, after it was written anew. */
#include "rpc/typed_data.h"

#include "base/fuzz.h"
#include "json/fuzz_json.h"
#include "world/heap.h"

enum { TYPES = 3, MEMBERS_MAX = 4 };

static const char *const type_list[] = {
    "uint256",   "uint8",   "int8",  "int256", "uint7",   "uint264",    "bool",
    "address",   "string",  "bytes", "bytes1", "bytes32", "bytes33",    "A",
    "B",         "C",       "A[]",   "B[]",    "B[2]",    "C[][]",      "uint8[]",
    "string[3]", "bool[0]", "D",     "A[",     "[]",      "uint8[2][]", "",
};
static const char *const name_list[] = {"A", "B", "C", "EIP712Domain", "name", "chainId",
                                        "a", "b", "0x"};
static const char *const struct_names[TYPES] = {"A", "B", "C"};
static const struct fuzz_words type_words = {type_list, ARRAY_LEN(type_list)};
static const struct fuzz_words words = {name_list, ARRAY_LEN(name_list)};

static void write_type(struct json_writer *out, struct fuzz_bytes *in, const char *name) {
    json_name(out, name);
    json_begin_array(out);
    for (unsigned i = fuzz_byte(in) % MEMBERS_MAX; i > 0; i--) {
        json_begin_object(out);
        json_name(out, "name");
        json_write_cstring(out, fuzz_word(in, &words));
        json_name(out, "type");
        json_write_cstring(out, fuzz_word(in, &type_words));
        json_end_object(out);
    }
    json_end_array(out);
}

static void write_data(struct json_writer *out, struct fuzz_bytes *in) {
    json_begin_object(out);
    json_name(out, "types");
    json_begin_object(out);
    write_type(out, in, "EIP712Domain");
    for (size_t i = 0; i < TYPES; i++) {
        write_type(out, in, struct_names[i]);
    }
    json_end_object(out);
    json_name(out, "primaryType");
    json_write_cstring(out, fuzz_word(in, &words));
    json_name(out, "domain");
    fuzz_json_value(out, in, &words, 0);
    json_name(out, "message");
    fuzz_json_value(out, in, &words, 0);
    json_end_object(out);
}

static bool hash_of(struct arena *arena, struct hash *out, const struct json *data) {
    const char *problem = NULL;
    const bool good = typed_data_hash(arena, out, &problem, data);
    ASSERT(good || problem != NULL);
    return good;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    struct json_writer text, again;
    const struct json *first, *second;
    struct hash once, twice;
    struct fuzz_bytes in = {data, data + size};
    arena_init(&arena, &heap_source);
    json_writer_init(&text, (size_t)1 << 20);
    json_writer_init(&again, (size_t)1 << 20);
    if (size != 0 && data[0] == '{') {
        json_write_raw(&text, bytes_from(data, size)); /* which may be no JSON */
        json_writer_truncate(&text, size);
    } else {
        write_data(&text, &in);
    }
    if (json_parse(&arena, &first, json_writer_text(&text), &json_limits_file) == JSON_VALID) {
        const bool good = hash_of(&arena, &once, first);
        json_write_value(&again, first);
        ASSERT(
            json_parse(&arena, &second, json_writer_text(&again), &json_limits_file) == JSON_VALID
        );
        ASSERT(hash_of(&arena, &twice, second) == good);
        ASSERT(!good || hash_equal(&once, &twice));
    }
    json_writer_free(&text);
    json_writer_free(&again);
    arena_reset(&arena);
    return 0;
}
