/* codec_vectors: RLP and the contract ABI over public vectors (fixtures: rlp, abi). */
#include "codec/abi.h"
#include "codec/rlp.h"
#include "vectors.h"

/* "#" and decimal digits of any number: its big-endian bytes without leading zeros. */
static struct bytes big_number(struct arena *arena, struct bytes digits) {
    const size_t room = digits.len; /* more than enough */
    uint8_t *number = arena_alloc(arena, room, 1);
    for (size_t i = 1; i < digits.len; i++) {
        unsigned carry = (unsigned)(digits.data[i] - '0');
        for (size_t k = room; k > 0; k--) {
            carry += number[k - 1] * 10U;
            number[k - 1] = (uint8_t)carry;
            carry >>= 8;
        }
    }
    size_t zeros = 0;
    while (zeros < room && number[zeros] == 0)
        zeros++;
    return bytes_from(number + zeros, room - zeros);
}

/* Writes what a case holds; strings are text, or hex where is_hex. */
static bool write_rlp(
    struct arena *arena, struct rlp_writer *writer, const json_t *value, bool is_hex
) {
    if (json_is_array(value)) {
        const size_t list = rlp_list_begin(writer);
        size_t i;
        json_t *item;
        json_array_foreach(value, i, item) {
            if (!write_rlp(arena, writer, item, is_hex)) return false;
        }
        rlp_list_end(writer, list);
        return true;
    }
    if (json_is_integer(value)) {
        rlp_write_u64(writer, (uint64_t)json_integer_value(value));
        return true;
    }
    struct bytes bytes = vectors_text(value);
    if (is_hex && !vectors_hex(arena, &bytes, bytes)) return false;
    if (!is_hex && bytes.len > 0 && bytes.data[0] == '#') bytes = big_number(arena, bytes);
    rlp_write_bytes(writer, bytes);
    return json_is_string(value);
}

/* Reads and writes again: every item as what it is. */
static void copy_rlp(struct rlp_reader *reader, struct rlp_writer *writer) {
    while (rlp_more(reader)) {
        if (!rlp_next_is_list(reader)) {
            struct bytes bytes;
            rlp_read_bytes(reader, &bytes);
            rlp_write_bytes(writer, bytes);
            continue;
        }
        const struct rlp_list source = rlp_enter(reader);
        const size_t list = rlp_list_begin(writer);
        copy_rlp(reader, writer);
        rlp_list_end(writer, list);
        rlp_leave(reader, source);
    }
}

static bool is_copied(struct arena *arena, struct bytes encoded) {
    struct rlp_reader reader = rlp_read(encoded);
    struct rlp_writer writer = rlp_writer_in(arena, encoded.len);
    copy_rlp(&reader, &writer);
    return rlp_finish(&reader) == RLP_VALID && bytes_equal(rlp_written(&writer), encoded);
}

static bool rlp_case(
    struct arena *arena, const json_t *value, struct bytes encoded_text, bool is_hex
) {
    const struct bytes text = vectors_text(value);
    struct bytes encoded;
    if (!vectors_hex(arena, &encoded, encoded_text)) return false;
    const enum rlp_verdict verdict = rlp_check(encoded);
    if (!is_hex && bytes_equal(text, BYTES_LITERAL("INVALID"))) return verdict != RLP_VALID;
    if (verdict != RLP_VALID || !is_copied(arena, encoded)) return false;
    if (!is_hex && bytes_equal(text, BYTES_LITERAL("VALID"))) return true;
    struct rlp_writer writer = rlp_writer_in(arena, 0);
    return write_rlp(arena, &writer, value, is_hex) && bytes_equal(rlp_written(&writer), encoded);
}

static void rlp_file(struct arena *arena, const char *file) {
    json_t *json = vectors_load(file);
    const char *name;
    json_t *entry;
    json_object_foreach(json, name, entry) {
        const struct bytes out = vectors_text(json_object_get(entry, "out"));
        const json_t *in = json_object_get(entry, "in");
        vectors_count(rlp_case(arena, in, out, false), file, name);
    }
    size_t i;
    json_array_foreach(json, i, entry) {
        const struct bytes encoded = vectors_text(json_object_get(entry, "encoded"));
        const json_t *decoded = json_object_get(entry, "decoded");
        name = json_string_value(json_object_get(entry, "name"));
        vectors_count(rlp_case(arena, decoded, encoded, true), file, name);
    }
    json_decref(json);
}

/* An ABI type, parsed from its text. */
struct type {
    enum { WORD, FIXED_BYTES, BYTES, TUPLE, ARRAY } kind;
    bool is_signed;
    bool is_bool;
    bool is_address;
    bool is_dynamic;
    size_t size;  /* FIXED_BYTES: bytes; ARRAY of fixed size: items; 0: any number */
    size_t words; /* in the head */
    size_t count; /* TUPLE: members; ARRAY: 1 */
    struct type *members[16];
};

static struct type *parse_type(struct arena *arena, const char **text);

static void parse_base(struct arena *arena, struct type *type, const char **text) {
    const char *start = *text;
    type->words = 1;
    if (*start == '(') {
        type->kind = TUPLE;
        type->words = 0;
        do {
            (*text)++;
            ASSERT(type->count < ARRAY_LEN(type->members));
            struct type *member = parse_type(arena, text);
            type->members[type->count++] = member;
            type->words += member->words;
            type->is_dynamic = type->is_dynamic || member->is_dynamic;
        } while (**text == ',');
        (*text)++;
        if (type->is_dynamic) type->words = 1;
        return;
    }
    while ((**text >= 'a' && **text <= 'z') || (**text >= '0' && **text <= '9'))
        (*text)++;
    type->is_bool = *start == 'b' && start[1] == 'o';
    type->is_address = *start == 'a';
    if (*start == 's' || (*start == 'b' && start[1] == 'y' && *text - start == 5)) {
        type->kind = BYTES;
        type->is_dynamic = true;
    } else if (*start == 'b' && start[1] == 'y') {
        type->kind = FIXED_BYTES;
        type->size = (size_t)strtoul(start + 5, NULL, 10);
    }
}

static struct type *parse_type(struct arena *arena, const char **text) {
    struct type *type = ARENA_NEW(arena, struct type);
    parse_base(arena, type, text);
    while (**text == '[') {
        char *end;
        struct type *array = ARENA_NEW(arena, struct type);
        array->kind = ARRAY;
        array->size = (size_t)strtoul(*text + 1, &end, 10);
        array->count = 1;
        array->members[0] = type;
        array->is_dynamic = array->size == 0 || type->is_dynamic;
        array->words = array->is_dynamic ? 1 : array->size * type->words;
        *text = end + 1;
        type = array;
    }
    return type;
}

static size_t item_count(const struct type *type, const json_t *value) {
    return type->kind == TUPLE ? type->count : json_array_size(value);
}

static const struct type *item_type(const struct type *type, size_t i) {
    return type->members[type->kind == TUPLE ? i : 0];
}

/* Words of the head of a tuple or array of count items. */
static size_t head_words(const struct type *type, size_t count) {
    size_t words = 0;
    for (size_t i = 0; i < count; i++)
        words += item_type(type, i)->words;
    return words;
}

static bool put_word(
    struct arena *arena,
    struct abi_writer *w,
    struct abi_tuple *t,
    const struct type *type,
    const json_t *value
) {
    if (type->is_bool) {
        abi_put_bool(w, t, json_is_true(value));
        return true;
    }
    if (json_is_integer(value)) {
        abi_put_u64(w, t, (uint64_t)json_integer_value(value));
        return true;
    }
    struct bytes text = vectors_text(value);
    if (type->is_address) {
        struct address address;
        struct bytes bytes;
        if (!vectors_hex(arena, &bytes, text) || bytes.len != sizeof address) return false;
        memcpy(address.bytes, bytes.data, sizeof address.bytes);
        abi_put_address(w, t, &address);
        return true;
    }
    const bool is_negative = text.len > 0 && text.data[0] == '-';
    if (is_negative) text = bytes_slice(text, 1, text.len - 1);
    struct u256 number;
    if (!u256_from_decimal(&number, text)) return false;
    if (is_negative) (void)u256_sub_wrapping(&number, &U256_ZERO, &number);
    abi_put_u256(w, t, &number);
    return true;
}

/* Puts value as tuple's next. */
static bool put_value(
    struct arena *arena,
    struct abi_writer *w,
    struct abi_tuple *t,
    const struct type *type,
    const json_t *value
) {
    if (type->kind == WORD) return put_word(arena, w, t, type, value);
    if (type->kind == BYTES || type->kind == FIXED_BYTES) {
        struct bytes bytes = vectors_text(value);
        const bool is_hex = bytes.len >= 2 && memcmp(bytes.data, "0x", 2) == 0;
        if (is_hex && !vectors_hex(arena, &bytes, bytes)) return false;
        if (type->kind == BYTES) {
            abi_put_bytes(w, t, bytes);
        } else {
            abi_put_fixed(w, t, bytes);
        }
        return true;
    }
    const size_t count = item_count(type, value);
    struct abi_tuple inner = *t;
    if (type->is_dynamic && type->kind == ARRAY && type->size == 0) {
        inner = abi_begin_array(w, t, count, type->members[0]->words);
    } else if (type->is_dynamic) {
        inner = abi_begin_tuple(w, t, head_words(type, count));
    }
    for (size_t i = 0; i < count; i++) {
        if (!put_value(arena, w, &inner, item_type(type, i), json_array_get(value, i)))
            return false;
    }
    if (type->is_dynamic) {
        abi_end(w, &inner);
    } else {
        *t = inner;
    }
    return true;
}

/* Reads one value and puts it again. */
static void copy_value(
    struct abi_reader *reader, struct abi_writer *w, struct abi_tuple *t, const struct type *type
) {
    struct u256 number;
    struct address address;
    struct bytes bytes;
    bool boolean;
    uint8_t fixed[32];
    if (type->kind == BYTES) {
        abi_read_bytes(reader, &bytes);
        abi_put_bytes(w, t, bytes);
    } else if (type->kind == FIXED_BYTES) {
        abi_read_fixed(reader, fixed, type->size);
        abi_put_fixed(w, t, bytes_from(fixed, type->size));
    } else if (type->is_bool) {
        abi_read_bool(reader, &boolean);
        abi_put_bool(w, t, boolean);
    } else if (type->is_address) {
        abi_read_address(reader, &address);
        abi_put_address(w, t, &address);
    } else if (type->kind == WORD) {
        abi_read_u256(reader, &number);
        abi_put_u256(w, t, &number);
    } else if (!type->is_dynamic) {
        const size_t count = type->kind == TUPLE ? type->count : type->size;
        for (size_t i = 0; i < count; i++)
            copy_value(reader, w, t, item_type(type, i));
    } else {
        size_t count = type->kind == TUPLE ? type->count : type->size;
        const bool is_counted = type->kind == ARRAY && type->size == 0;
        const size_t words = type->members[0]->words;
        const struct abi_scope scope =
            is_counted ? abi_enter_array(reader, &count, words) : abi_enter_tuple(reader);
        struct abi_tuple inner = is_counted ? abi_begin_array(w, t, count, words)
                                            : abi_begin_tuple(w, t, head_words(type, count));
        for (size_t i = 0; i < count; i++)
            copy_value(reader, w, &inner, item_type(type, i));
        abi_leave(reader, scope);
        abi_end(w, &inner);
    }
}

static bool abi_case(
    struct arena *arena,
    struct type *const *types,
    size_t count,
    const json_t *values,
    struct bytes encoded_text
) {
    struct bytes encoded;
    if (!vectors_hex(arena, &encoded, encoded_text)) return false;
    size_t words = 0;
    for (size_t i = 0; i < count; i++)
        words += types[i]->words;

    struct abi_writer writer = abi_writer_in(arena, 0);
    struct abi_tuple tuple = abi_begin(&writer, words);
    for (size_t i = 0; i < count; i++) {
        if (!put_value(arena, &writer, &tuple, types[i], json_array_get(values, i))) return false;
    }
    abi_end(&writer, &tuple);
    if (!bytes_equal(abi_written(&writer), encoded)) return false;

    for (int rules = ABI_CANONICAL; rules <= ABI_SOLIDITY; rules++) {
        struct abi_reader reader = abi_read(encoded, (enum abi_rules)rules);
        writer = abi_writer_in(arena, encoded.len);
        tuple = abi_begin(&writer, words);
        for (size_t i = 0; i < count; i++)
            copy_value(&reader, &writer, &tuple, types[i]);
        if (abi_finish(&reader) != ABI_VALID) return false;
        if (!bytes_equal(abi_written(&writer), encoded)) return false;
    }
    return true;
}

/* ethereum/tests: several arguments. */
static void abi_basic_file(struct arena *arena, const char *file) {
    json_t *json = vectors_load(file);
    const char *name;
    json_t *entry;
    json_object_foreach(json, name, entry) {
        struct type *types[8];
        const json_t *names = json_object_get(entry, "types");
        const size_t count = json_array_size(names);
        ASSERT(count <= ARRAY_LEN(types));
        for (size_t i = 0; i < count; i++) {
            const char *text = json_string_value(json_array_get(names, i));
            types[i] = parse_type(arena, &text);
        }
        const struct bytes result = vectors_text(json_object_get(entry, "result"));
        const json_t *args = json_object_get(entry, "args");
        vectors_count(abi_case(arena, types, count, args, result), file, name);
    }
    json_decref(json);
}

/* ethers: one value of a type, as a function returns it. */
static void abi_ethers_file(struct arena *arena, const char *file) {
    json_t *json = vectors_load(file);
    size_t i;
    json_t *entry;
    json_array_foreach(json, i, entry) {
        const char *text = json_string_value(json_object_get(entry, "type"));
        struct type *type = parse_type(arena, &text);
        json_t *values = json_pack("[O]", json_object_get(entry, "value"));
        const struct bytes encoded = vectors_text(json_object_get(entry, "encoded"));
        const char *name = json_string_value(json_object_get(entry, "name"));
        vectors_count(abi_case(arena, &type, 1, values, encoded), file, name);
        json_decref(values);
    }
    json_decref(json);
}

int main(void) {
    vectors_need("rlp");
    vectors_need("abi");
    struct arena arena;
    arena_init(&arena, &heap_source);
    rlp_file(&arena, "rlp/RLPTests/rlptest.json");
    rlp_file(&arena, "rlp/RLPTests/invalidRLPTest.json");
    rlp_file(&arena, "rlp/RLPTests/RandomRLPTests/example.json");
    rlp_file(&arena, "rlp/ethers/rlp.json");
    abi_basic_file(&arena, "abi/ABITests/basic_abi_tests.json");
    abi_ethers_file(&arena, "abi/ethers/abi.json");
    arena_reset(&arena);
    return vectors_end();
}
