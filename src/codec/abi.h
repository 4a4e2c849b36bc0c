/* abi: the contract ABI's encoding of arguments, results and events, read and written.
 *
 * Spec: Solidity documentation, "Contract ABI Specification". A tuple is a head of 32-byte words,
 * one a static value, and for each dynamic value the offset (from the start of the tuple) at which
 * it stands behind the head. Static tuples and arrays of fixed size are so many words of the head
 * that they are part of.
 *
 * Reading. As in rlp.h a reader keeps its first bad verdict, gives zeros after it, and is asked
 * once at the end:
 *
 *     struct abi_reader reader = abi_read(data, ABI_CANONICAL);
 *     abi_read_hash(&reader, &job->id);
 *     abi_read_bytes(&reader, &job->result);
 *     const struct abi_scope list = abi_enter_array(&reader, &job->blob_count, 1);
 *     for (size_t i = 0; i < job->blob_count; i++)
 *         abi_read_hash(&reader, &job->blobs[i]);
 *     abi_leave(&reader, list);
 *     return abi_finish(&reader);
 *
 * abi.encode of one struct with dynamic members is a tuple of one dynamic tuple: enter it first.
 *
 * Writing. The same shape: begin a tuple with the number of words of its head, put values in order,
 * dynamic ones go behind everything that is there.
 *
 * Selectors and topics are hashes and come from above: codec does not hash. Pure.
 */
#ifndef CODEC_ABI_H
#define CODEC_ABI_H

#include "base/arena.h"
#include "base/u256.h"

#define ABI_WORD          ((size_t)32)
#define ABI_SELECTOR_SIZE ((size_t)4)

enum abi_verdict {
    ABI_VALID = 0,
    ABI_TRUNCATED,     /* a word, length or offset reaches past the data */
    ABI_OUT_OF_RANGE,  /* a value above its type, a bool that is neither 0 nor 1 */
    ABI_BAD_PADDING,   /* bytes that must be zero are not */
    ABI_NOT_CANONICAL, /* an offset that the encoder would not have written */
    ABI_TRAILING,      /* bytes left over */
};

/* How strictly is read. */
enum abi_rules {
    /* The one encoding that solc's encoder and ours write: what consensus reads. */
    ABI_CANONICAL = 0,
    /* What solc's decoder takes: any offsets within the data, any padding behind bytes, any data
     * left over. Values are range-checked all the same. */
    ABI_SOLIDITY,
};

/* One line of English for an error message: static text without a final stop. */
const char *abi_verdict_text(enum abi_verdict verdict);

struct abi_reader {
    struct bytes tuple;  /* from the start of the current tuple to the end of the data */
    size_t head;         /* where the next value's word stands in tuple */
    size_t first_offset; /* of the first dynamic value: where the head must end; 0: none so far */
    size_t tail;         /* where the encoder puts the next dynamic value, once there was one */
    size_t array_end;    /* where the head of an array ends; SIZE_MAX in a tuple */
    enum abi_rules rules;
    enum abi_verdict verdict;
    uint32_t depth;
};

/* What entering gives and leaving takes back. */
struct abi_scope {
    struct bytes tuple;
    size_t head;
    size_t first_offset;
    size_t array_end;
    size_t offset; /* of the inner value in the outer tuple */
};

struct abi_reader abi_read(struct bytes data, enum abi_rules rules);

void abi_read_u256(struct abi_reader *reader, struct u256 *out);
void abi_read_u64(struct abi_reader *reader, uint64_t *out);
void abi_read_u32(struct abi_reader *reader, uint32_t *out);
void abi_read_u8(struct abi_reader *reader, uint8_t *out);
void abi_read_bool(struct abi_reader *reader, bool *out);
void abi_read_address(struct abi_reader *reader, struct address *out);
void abi_read_hash(struct abi_reader *reader, struct hash *out); /* bytes32 */

/* bytesN, 1 <= size <= 32: left in its word, zeros behind. */
void abi_read_fixed(struct abi_reader *reader, uint8_t *out, size_t size);

/* bytes or string (not checked to be UTF-8); borrows from the data. */
void abi_read_bytes(struct abi_reader *reader, struct bytes *out);

/* Goes into a dynamic tuple, and into an array, whose items have item_words words each in its head
 * (1 for a dynamic item). *count is bounded by the data: count * item_words words are there.
 * All items are read before the array is left (asserted); who wants fewer says abi_fail. */
MUST_USE struct abi_scope abi_enter_tuple(struct abi_reader *reader);
MUST_USE struct abi_scope abi_enter_array(
    struct abi_reader *reader, size_t *count, size_t item_words
);
void abi_leave(struct abi_reader *reader, struct abi_scope scope);

/* Makes the reader fail with verdict, unless it has failed before: for the rules of a caller. */
void abi_fail(struct abi_reader *reader, enum abi_verdict verdict);

/* The verdict on all that was read. */
MUST_USE enum abi_verdict abi_finish(const struct abi_reader *reader);

struct abi_writer {
    uint8_t *start;
    uint8_t *next;
    uint8_t *end;
    struct arena *arena;
};

/* A tuple that is being written: the words of its head that are still to be put. */
struct abi_tuple {
    size_t start; /* what offsets count from; as offset from the writer's start */
    size_t head;
    size_t head_end;
};

/* size_hint bytes of memory at first, more from arena when they do not suffice. */
struct abi_writer abi_writer_in(struct arena *arena, size_t size_hint);

/* What was written so far, selector and all; valid until the next write. */
static inline struct bytes abi_written(const struct abi_writer *writer) {
    return (struct bytes){writer->start, (size_t)(writer->next - writer->start)};
}

/* Four bytes of selector in front of the arguments. */
void abi_write_selector(struct abi_writer *writer, const uint8_t selector[ABI_SELECTOR_SIZE]);

/* A tuple of head_words words, at the end of what was written: the outermost one. */
MUST_USE struct abi_tuple abi_begin(struct abi_writer *writer, size_t head_words);

/* A dynamic tuple, or an array of count items of item_words words, as tuple's next value. It is
 * filled before anything else is put into tuple. */
MUST_USE struct abi_tuple abi_begin_tuple(
    struct abi_writer *writer, struct abi_tuple *tuple, size_t head_words
);
MUST_USE struct abi_tuple abi_begin_array(
    struct abi_writer *writer, struct abi_tuple *tuple, size_t count, size_t item_words
);

/* Asserts that every word of the head was put. */
void abi_end(const struct abi_writer *writer, const struct abi_tuple *tuple);

/* The next value of tuple. */
void abi_put_u256(struct abi_writer *writer, struct abi_tuple *tuple, const struct u256 *value);
void abi_put_u64(struct abi_writer *writer, struct abi_tuple *tuple, uint64_t value);
void abi_put_bool(struct abi_writer *writer, struct abi_tuple *tuple, bool value);
void abi_put_address(
    struct abi_writer *writer, struct abi_tuple *tuple, const struct address *value
);
void abi_put_hash(struct abi_writer *writer, struct abi_tuple *tuple, const struct hash *value);
void abi_put_fixed(struct abi_writer *writer, struct abi_tuple *tuple, struct bytes value);
void abi_put_bytes(struct abi_writer *writer, struct abi_tuple *tuple, struct bytes value);

/* What a call that reverted gave back. */
enum abi_revert_kind {
    ABI_REVERT_EMPTY,  /* no data */
    ABI_REVERT_ERROR,  /* Error(string): reason */
    ABI_REVERT_PANIC,  /* Panic(uint256): panic_code */
    ABI_REVERT_CUSTOM, /* anything else: a custom error, or no encoding at all */
};

struct abi_revert {
    enum abi_revert_kind kind;
    struct bytes reason; /* ABI_REVERT_ERROR: the string's bytes, of any content; borrowed */
    struct u256 panic_code;
};

/* Reads revert data as Solidity's decoder would: whatever does not decode is custom. */
struct abi_revert abi_read_revert(struct bytes data);

/* Solidity's meaning of a panic code, "unknown panic code" where it has none. Static text. */
const char *abi_panic_text(const struct u256 *code);

#endif
