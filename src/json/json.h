/* json: JSON text into a read-only tree, and values into JSON text.
 *
 * Spec: RFC 8259. Requests, configuration, genesis files and test fixtures all use this one API.
 *
 * Reading: json_parse builds a tree in an arena. The tree borrows from the text wherever a string
 * holds no escape, so text and arena outlive it. Numbers are kept as they were written. Of members
 * with the same key the last one counts, as in Go and JavaScript. All accessors take NULL for "not
 * there", so a path is followed without a check at each step.
 *
 * Writing: a json_writer appends to a growing buffer and puts commas by itself. Past its limit it
 * stops growing and says so; nothing else happens to what calls it.
 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include "base/arena.h"
#include "base/u256.h"

enum json_kind {
    JSON_ABSENT = 0, /* of a NULL pointer */
    JSON_NULL,
    JSON_BOOL,
    JSON_NUMBER,
    JSON_STRING,
    JSON_ARRAY,
    JSON_OBJECT,
};

/* One value. Read it through the functions below. */
struct json {
    const struct json *next; /* next member or element, NULL after the last */
    union {
        const struct json *first; /* of an array or object; NULL when it is empty */
        const uint8_t *text;      /* of a string (decoded) or number (as written) */
    } at;
    const uint8_t *key; /* decoded; NULL unless the value is a member of an object */
    uint32_t key_len;
    uint32_t count : 29; /* bytes of the text; members or elements; 1 for true */
    uint32_t kind  : 3;  /* enum json_kind */
};

enum json_verdict {
    JSON_VALID = 0,
    JSON_MALFORMED,
    JSON_TOO_LONG,
    JSON_TOO_DEEP,
    JSON_TOO_MANY_NODES,
};

#define JSON_SIZE_MAX ((size_t)1 << 29) /* above any limit a caller may set; fits `count` */

struct json_limits {
    size_t size;       /* bytes of text, at most JSON_SIZE_MAX */
    size_t depth;      /* nested arrays and objects: 1 for a flat one, 0 allows scalars only */
    size_t node_count; /* values: what bounds the memory of the tree (sizeof(struct json) each) */
};

/* For files that an operator or a test hands over. */
extern const struct json_limits json_limits_file;

/* Parses all of text. On JSON_VALID *root is the value; on any other verdict it is NULL. text is
 * untrusted; it has to be one value with nothing but white space around it, in UTF-8. */
MUST_USE enum json_verdict json_parse(
    struct arena *arena,
    const struct json **root,
    struct bytes text,
    const struct json_limits *limits
);

/* One line of English for an error message: static text without a final stop. */
const char *json_verdict_text(enum json_verdict verdict);

static inline enum json_kind json_kind(const struct json *value) {
    return value == NULL ? JSON_ABSENT : (enum json_kind)value->kind;
}

/* Whether there is a value and it is not null. */
static inline bool json_is_given(const struct json *value) {
    return json_kind(value) > JSON_NULL;
}

/* "null", "boolean", "number" …, for error messages. */
const char *json_kind_text(enum json_kind kind);

/* First element or member; walk on by ->next. NULL unless value is an array or object with one. */
static inline const struct json *json_first(const struct json *value) {
    const enum json_kind kind = json_kind(value);
    return kind == JSON_ARRAY || kind == JSON_OBJECT ? value->at.first : NULL;
}

/* Elements or members; 0 for what has none. */
static inline size_t json_count(const struct json *value) {
    const enum json_kind kind = json_kind(value);
    return kind == JSON_ARRAY || kind == JSON_OBJECT ? value->count : 0;
}

/* The key of a member. */
static inline struct bytes json_key(const struct json *member) {
    return bytes_from(member->key, member->key_len);
}

/* A string's decoded bytes, or a number as it was written; empty for every other kind. */
static inline struct bytes json_text(const struct json *value) {
    const enum json_kind kind = json_kind(value);
    const bool has_text = kind == JSON_STRING || kind == JSON_NUMBER;
    return has_text ? bytes_from(value->at.text, value->count) : bytes_from(NULL, 0);
}

/* The member named key (a C string), the index-th element; NULL when there is none. */
const struct json *json_get(const struct json *object, const char *key);
const struct json *json_at(const struct json *array, size_t index);

/* True for a string, and for a boolean, of just this value. */
bool json_text_is(const struct json *value, const char *text);
bool json_is_true(const struct json *value);

/* Lenient readings, for files: false when value is not what is asked for. A number stands as
 * decimal number, as decimal string or as hex string, leading zeros allowed; bytes as "0x" and two
 * digits each, at most size_max of them, in memory from arena. */
MUST_USE bool json_read_u64(const struct json *value, uint64_t *out);
MUST_USE bool json_read_u256(const struct json *value, struct u256 *out);
MUST_USE bool json_read_bool(const struct json *value, bool *out);
MUST_USE bool json_read_hash(const struct json *value, struct hash *out);
MUST_USE bool json_read_address(const struct json *value, struct address *out);
MUST_USE bool json_read_bytes(
    struct arena *arena, const struct json *value, struct bytes *out, size_t size_max
);

/* ---- Writing ---- */

struct json_writer {
    uint8_t *data;
    size_t len;
    size_t capacity;
    size_t limit;    /* the text never grows past it */
    bool overflowed; /* something did not fit: the text is not to be used */
};

/* An empty writer that will hold at most limit bytes; json_writer_free gives its memory back. */
void json_writer_init(struct json_writer *writer, size_t limit);
void json_writer_free(struct json_writer *writer);

/* Empties the writer and keeps up to keep_capacity bytes of memory for the next text. */
void json_writer_reset(struct json_writer *writer, size_t keep_capacity);

static inline struct bytes json_writer_text(const struct json_writer *writer) {
    return bytes_from(writer->data, writer->len);
}

/* Back to a length that the writer had before: what was written since is gone. */
void json_writer_truncate(struct json_writer *writer, size_t len);

/* Containers. Begin and end pair up; that is the caller's care. */
void json_begin_object(struct json_writer *writer);
void json_end_object(struct json_writer *writer);
void json_begin_array(struct json_writer *writer);
void json_end_array(struct json_writer *writer);

/* The key of the value that is written next. It holds nothing that needs an escape. */
void json_name(struct json_writer *writer, const char *key);
void json_name_bytes(struct json_writer *writer, struct bytes key); /* escaped as needed */

/* Values: json_write_ comes before their kind, as jansson has json_null and json_string. */
void json_write_null(struct json_writer *writer);
void json_write_bool(struct json_writer *writer, bool value);
void json_write_number(struct json_writer *writer, uint64_t value); /* decimal, without quotes */
void json_write_string(struct json_writer *writer, struct bytes text);
void json_write_cstring(struct json_writer *writer, const char *text);
void json_write_format(struct json_writer *writer, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* a string of at most 1023 bytes */

/* Values of Ethereum's JSON: "0x1f" and "0x001f". */
void json_write_quantity(struct json_writer *writer, uint64_t value);
void json_write_quantity_u256(struct json_writer *writer, const struct u256 *value);
void json_write_hex(struct json_writer *writer, struct bytes data);
void json_write_hex_bare(struct json_writer *writer, struct bytes data); /* without "0x" */
static inline void json_write_hash(struct json_writer *writer, const struct hash *hash) {
    json_write_hex(writer, BYTES_OF(hash->bytes));
}
static inline void json_write_address(struct json_writer *writer, const struct address *address) {
    json_write_hex(writer, BYTES_OF(address->bytes));
}

/* A value that is JSON already, and a value that was read before. */
void json_write_raw(struct json_writer *writer, struct bytes json);
void json_write_value(struct json_writer *writer, const struct json *value);

#endif
