/* rlp: Recursive Length Prefix, read strictly and written canonically.
 *
 * Spec: Yellow Paper, appendix B; integers are big-endian without leading zeros. Whatever is not
 * the one canonical encoding is refused: lengths in a longer form than needed, a single byte below
 * 0x80 with a prefix, integers with leading zeros, items that reach past their list, bytes left
 * over. Nothing here recurses, and no length from outside makes memory: every length is bounded by
 * the input that is already there, which the caller has bounded.
 *
 * Reading. A reader is a cursor whose first bad verdict stays: after it every read gives zeros or
 * empty spans, rlp_more is false, and the verdict is asked for once at the end. So a decoder is a
 * list of its fields:
 *
 *     struct rlp_reader reader = rlp_read(encoded);
 *     const struct rlp_list list = rlp_enter(&reader);
 *     rlp_read_u64(&reader, &account->nonce);
 *     rlp_read_u256(&reader, &account->balance);
 *     rlp_leave(&reader, list);
 *     return rlp_finish(&reader);
 *
 * Spans that a reader gives borrow from its input.
 *
 * Writing. A writer appends to memory from an arena, or to a fixed buffer. Lists are opened and
 * closed; who knows the payload's size (from the rlp_size_ functions) writes its header at once.
 *
 * Pure.
 */
#ifndef CODEC_RLP_H
#define CODEC_RLP_H

#include "base/arena.h"
#include "base/u256.h"

enum {
    RLP_HEADER_MAX = 9,    /* bytes before a payload */
    RLP_U64_MAX = 9,       /* bytes of an encoded u64 */
    RLP_U256_MAX = 33,     /* bytes of an encoded u256 */
    RLP_HASH_SIZE = 33,    /* bytes of an encoded hash */
    RLP_ADDRESS_SIZE = 21, /* bytes of an encoded address */
    RLP_DEPTH_MAX = 1024,  /* lists within lists that rlp_check follows */
};

enum rlp_verdict {
    RLP_VALID = 0,
    RLP_TRUNCATED,   /* an item reaches past its list or past the input; or one more was expected */
    RLP_NOT_MINIMAL, /* a length, or a single byte, in a longer form than needed */
    RLP_TRAILING,    /* bytes left over after the last item that was expected */
    RLP_NOT_STRING,  /* a list where a string was expected */
    RLP_NOT_LIST,    /* a string where a list was expected */
    RLP_LEADING_ZERO, /* in an integer */
    RLP_TOO_LONG,     /* an integer or string longer than its type */
    RLP_TOO_SHORT,    /* a string shorter than its type */
    RLP_TOO_DEEP,     /* more than RLP_DEPTH_MAX lists within each other */
};

/* One line of English for an error message: static text without a final stop. */
const char *rlp_verdict_text(enum rlp_verdict verdict);

struct rlp_reader {
    const uint8_t *next;
    const uint8_t *end; /* of the innermost list entered, or of the input */
    enum rlp_verdict verdict;
    uint32_t depth; /* lists entered and not left; rlp_finish asserts that there is none */
};

/* What rlp_enter gives and rlp_leave takes: where the outer list ends. */
struct rlp_list {
    const uint8_t *outer_end;
};

struct rlp_item {
    struct bytes whole; /* header and payload, as it stands in the input */
    struct bytes payload;
    bool is_list;
};

struct rlp_reader rlp_read(struct bytes input);

/* Whether a further item stands in the current list and nothing was wrong so far. */
static inline bool rlp_more(const struct rlp_reader *reader) {
    return reader->next != reader->end;
}

/* Whether the next item is a list; false where there is none. */
static inline bool rlp_next_is_list(const struct rlp_reader *reader) {
    return rlp_more(reader) && *reader->next >= 0xc0;
}

/* The next item of either kind. Its payload has not been looked into. */
struct rlp_item rlp_read_item(struct rlp_reader *reader);

/* Goes into the next item, which must be a list, and back out of it, when it must be used up.
 * Pairs nest, as many as the caller's code has. */
MUST_USE struct rlp_list rlp_enter(struct rlp_reader *reader);
void rlp_leave(struct rlp_reader *reader, struct rlp_list list);

/* The items from here to the end of the current list, without moving; 0 when one of them is
 * malformed (which is then the reader's verdict). */
size_t rlp_count(struct rlp_reader *reader);

void rlp_read_bytes(struct rlp_reader *reader, struct bytes *out);
void rlp_read_exact(struct rlp_reader *reader, uint8_t *out, size_t size); /* size bytes, copied */
void rlp_read_hash(struct rlp_reader *reader, struct hash *out);
void rlp_read_address(struct rlp_reader *reader, struct address *out);
void rlp_read_u64(struct rlp_reader *reader, uint64_t *out);
void rlp_read_u256(struct rlp_reader *reader, struct u256 *out);
void rlp_read_bool(struct rlp_reader *reader, bool *out); /* the integers 0 and 1 */

/* A recipient: 20 bytes, or the empty string for none. */
void rlp_read_optional_address(struct rlp_reader *reader, struct address *out, bool *is_present);

/* Makes the reader fail with verdict, unless it has failed before: for the rules of a caller. */
void rlp_fail(struct rlp_reader *reader, enum rlp_verdict verdict);

/* The verdict on all that was read; RLP_TRAILING when the input is not used up. */
MUST_USE enum rlp_verdict rlp_finish(const struct rlp_reader *reader);

/* Whether input is exactly one item, canonical down to its last nested list. */
MUST_USE enum rlp_verdict rlp_check(struct bytes input);

/* Sizes of encodings, and of a header before payload_size bytes that are not one byte below 0x80. */
static inline size_t rlp_size_header(size_t payload_size) {
    if (payload_size < 56) return 1;
    return 2 + (63 - (size_t)__builtin_clzll(payload_size)) / 8;
}

static inline size_t rlp_size_list(size_t payload_size) {
    return rlp_size_header(payload_size) + payload_size;
}

static inline size_t rlp_size_bytes(struct bytes data) {
    return data.len == 1 && data.data[0] < 0x80 ? 1 : rlp_size_list(data.len);
}

static inline size_t rlp_size_u64(uint64_t value) {
    return value < 0x80 ? 1 : 2 + (63 - (size_t)__builtin_clzll(value)) / 8;
}

size_t rlp_size_u256(const struct u256 *value);

struct rlp_writer {
    uint8_t *start;
    uint8_t *next;
    uint8_t *end;
    struct arena *arena; /* NULL for a fixed buffer */
};

/* A writer that takes its memory from arena, size_hint bytes at first. When they do not suffice, the
 * text moves to twice the room and the old room stays taken until the arena goes. */
struct rlp_writer rlp_writer_in(struct arena *arena, size_t size_hint);

/* A writer into buffer; that all fits is the caller's to know, and asserted. */
struct rlp_writer rlp_writer_fixed(uint8_t *buffer, size_t size);

/* What was written so far; valid until the next write. */
static inline struct bytes rlp_written(const struct rlp_writer *writer) {
    return (struct bytes){writer->start, (size_t)(writer->next - writer->start)};
}

void rlp_write_bytes(struct rlp_writer *writer, struct bytes data);
void rlp_write_u64(struct rlp_writer *writer, uint64_t value);
void rlp_write_u256(struct rlp_writer *writer, const struct u256 *value);
void rlp_write_hash(struct rlp_writer *writer, const struct hash *value);
void rlp_write_address(struct rlp_writer *writer, const struct address *value);
void rlp_write_raw(struct rlp_writer *writer, struct bytes encoded); /* items already encoded */

/* Opens a list; what is written until rlp_list_end(…, what rlp_list_begin gave) is in it. Closing a
 * list of 56 bytes and more moves its payload by the size of its length. */
MUST_USE size_t rlp_list_begin(struct rlp_writer *writer);
void rlp_list_end(struct rlp_writer *writer, size_t list);

/* The header of a list whose payload_size bytes of items follow: no move, nothing to close. */
void rlp_write_list_header(struct rlp_writer *writer, size_t payload_size);

/* Puts a header at out, which has room for RLP_HEADER_MAX bytes, and answers its size. */
size_t rlp_put_list_header(uint8_t *out, size_t payload_size);
size_t rlp_put_string_header(uint8_t *out, size_t payload_size);

#endif
