#include "codec/abi.h"

static const uint8_t nothing[1]; /* what an empty or failed reader points at */

const char *abi_verdict_text(enum abi_verdict verdict) {
    switch (verdict) {
    case ABI_VALID: return "valid";
    case ABI_TRUNCATED: return "ABI data is too short for its lengths and offsets";
    case ABI_OUT_OF_RANGE: return "ABI value is out of the range of its type";
    case ABI_BAD_PADDING: return "ABI padding is not zero";
    case ABI_NOT_CANONICAL: return "ABI offset is not the encoder's";
    case ABI_TRAILING: return "ABI data has bytes left over";
    }
    return "unknown";
}

struct abi_reader abi_read(struct bytes data, enum abi_rules rules) {
    if (data.len == 0) data.data = nothing;
    return (struct abi_reader){.tuple = data, .array_end = SIZE_MAX, .rules = rules};
}

void abi_fail(struct abi_reader *reader, enum abi_verdict verdict) {
    ASSERT(verdict != ABI_VALID);
    if (reader->verdict == ABI_VALID) reader->verdict = verdict;
    reader->tuple = (struct bytes){nothing, 0};
    reader->head = reader->first_offset = reader->tail = 0;
}

static bool all_zero(const uint8_t *data, size_t len) {
    uint8_t seen = 0;
    for (size_t i = 0; i < len; i++) {
        seen |= data[i];
    }
    return seen == 0;
}

static size_t padded(size_t len) {
    return (len + ABI_WORD - 1) / ABI_WORD * ABI_WORD;
}

/* The next word of the head, NULL on failure. */
static const uint8_t *read_word(struct abi_reader *reader) {
    if (reader->tuple.len - reader->head < ABI_WORD) {
        abi_fail(reader, ABI_TRUNCATED);
        return NULL;
    }
    const uint8_t *word = reader->tuple.data + reader->head;
    reader->head += ABI_WORD;
    return word;
}

/* The low size bytes of the next word, whose others are zero; NULL on failure. */
static const uint8_t *read_number(struct abi_reader *reader, size_t size) {
    const uint8_t *word = read_word(reader);
    if (word == NULL) return NULL;
    if (!all_zero(word, ABI_WORD - size)) {
        abi_fail(reader, ABI_OUT_OF_RANGE);
        return NULL;
    }
    return word + ABI_WORD - size;
}

void abi_read_u256(struct abi_reader *reader, struct u256 *out) {
    const uint8_t *word = read_word(reader);
    *out = word == NULL ? U256_ZERO : u256_from_be(word);
}

void abi_read_u64(struct abi_reader *reader, uint64_t *out) {
    const uint8_t *number = read_number(reader, sizeof *out);
    *out = number == NULL ? 0 : load_be64(number);
}

void abi_read_u32(struct abi_reader *reader, uint32_t *out) {
    const uint8_t *number = read_number(reader, sizeof *out);
    *out = number == NULL ? 0 : load_be32(number);
}

void abi_read_u8(struct abi_reader *reader, uint8_t *out) {
    const uint8_t *number = read_number(reader, sizeof *out);
    *out = number == NULL ? 0 : *number;
}

void abi_read_bool(struct abi_reader *reader, bool *out) {
    uint8_t number;
    abi_read_u8(reader, &number);
    if (number > 1) abi_fail(reader, ABI_OUT_OF_RANGE);
    *out = number == 1;
}

void abi_read_address(struct abi_reader *reader, struct address *out) {
    memset(out, 0, sizeof *out);
    const uint8_t *number = read_number(reader, sizeof out->bytes);
    if (number != NULL) memcpy(out->bytes, number, sizeof out->bytes);
}

void abi_read_hash(struct abi_reader *reader, struct hash *out) {
    abi_read_fixed(reader, out->bytes, sizeof out->bytes);
}

void abi_read_fixed(struct abi_reader *reader, uint8_t *out, size_t size) {
    ASSERT(size >= 1 && size <= ABI_WORD);
    memset(out, 0, size);
    const uint8_t *word = read_word(reader);
    if (word == NULL) return;
    if (!all_zero(word + size, ABI_WORD - size)) {
        abi_fail(reader, ABI_BAD_PADDING);
        return;
    }
    memcpy(out, word, size);
}

/* A number of the data's own, a length or an offset, no larger than max. */
static bool word_to_size(size_t *out, const uint8_t *word, size_t max) {
    *out = 0;
    if (!all_zero(word, ABI_WORD - sizeof(uint64_t))) return false;
    const uint64_t value = load_be64(word + ABI_WORD - sizeof(uint64_t));
    if (value > max) return false;
    *out = (size_t)value;
    return true;
}

/* The offset of the next value, which is dynamic; false on failure. */
static bool read_offset(struct abi_reader *reader, size_t *offset) {
    const uint8_t *word = read_word(reader);
    if (word == NULL) return false;
    if (!word_to_size(offset, word, reader->tuple.len)) {
        abi_fail(reader, ABI_TRUNCATED);
        return false;
    }
    if (reader->rules == ABI_SOLIDITY) return true;

    /* The first dynamic value says where the head ends; leaving the tuple checks that. */
    const bool is_first = reader->first_offset == 0;
    if (is_first ? *offset < reader->head : *offset != reader->tail) {
        abi_fail(reader, ABI_NOT_CANONICAL);
        return false;
    }
    if (is_first) reader->first_offset = *offset;
    return true;
}

/* The length that stands at offset, at most max; false on failure. What follows is at *offset. */
static bool read_length(struct abi_reader *reader, size_t *offset, size_t *length, size_t unit) {
    const struct bytes tuple = reader->tuple;
    if (tuple.len - *offset < ABI_WORD) {
        abi_fail(reader, ABI_TRUNCATED);
        return false;
    }
    const uint8_t *word = tuple.data + *offset;
    *offset += ABI_WORD;
    if (!word_to_size(length, word, (tuple.len - *offset) / unit)) {
        abi_fail(reader, ABI_TRUNCATED);
        return false;
    }
    return true;
}

void abi_read_bytes(struct abi_reader *reader, struct bytes *out) {
    *out = (struct bytes){nothing, 0};
    size_t offset, length;
    if (!read_offset(reader, &offset)) return;
    if (!read_length(reader, &offset, &length, 1)) return;

    const struct bytes tuple = reader->tuple;
    if (reader->rules == ABI_CANONICAL) {
        if (padded(length) > tuple.len - offset) {
            abi_fail(reader, ABI_TRUNCATED);
            return;
        }
        if (!all_zero(tuple.data + offset + length, padded(length) - length)) {
            abi_fail(reader, ABI_BAD_PADDING);
            return;
        }
        reader->tail = offset + padded(length);
    }
    *out = bytes_slice(tuple, offset, length);
}

/* Makes what stands at offset the current tuple. */
static void enter(struct abi_reader *reader, struct abi_scope *outer, size_t offset) {
    *outer = (struct abi_scope
    ){reader->tuple, reader->head, reader->first_offset, reader->array_end, offset};
    reader->tuple = bytes_slice(reader->tuple, offset, reader->tuple.len - offset);
    reader->head = reader->first_offset = reader->tail = 0;
    reader->array_end = SIZE_MAX;
}

struct abi_scope abi_enter_tuple(struct abi_reader *reader) {
    struct abi_scope outer = {.tuple = {nothing, 0}};
    size_t offset;
    reader->depth++;
    if (read_offset(reader, &offset)) enter(reader, &outer, offset);
    return outer;
}

struct abi_scope abi_enter_array(struct abi_reader *reader, size_t *count, size_t item_words) {
    ASSERT(item_words >= 1 && item_words <= SIZE_MAX / ABI_WORD);
    struct abi_scope outer = {.tuple = {nothing, 0}};
    *count = 0;
    size_t offset;
    reader->depth++;
    if (!read_offset(reader, &offset)) return outer;
    if (!read_length(reader, &offset, count, item_words * ABI_WORD)) return outer;
    enter(reader, &outer, offset);
    reader->array_end = *count * item_words * ABI_WORD;
    return outer;
}

/* Where the current tuple ends as the encoder writes it; fails where its head does not end where
 * its first dynamic value stands. */
static size_t canonical_end(struct abi_reader *reader) {
    if (reader->first_offset == 0) return reader->head;
    if (reader->head != reader->first_offset) abi_fail(reader, ABI_NOT_CANONICAL);
    return reader->tail;
}

void abi_leave(struct abi_reader *reader, struct abi_scope scope) {
    ASSERT(reader->depth > 0);
    reader->depth--;
    if (reader->verdict != ABI_VALID) return;
    ASSERT(reader->array_end == SIZE_MAX || reader->head == reader->array_end);

    size_t end = 0;
    if (reader->rules == ABI_CANONICAL) end = canonical_end(reader);
    if (reader->verdict != ABI_VALID) return;
    reader->tuple = scope.tuple;
    reader->head = scope.head;
    reader->first_offset = scope.first_offset;
    reader->array_end = scope.array_end;
    reader->tail = scope.offset + end;
}

enum abi_verdict abi_finish(const struct abi_reader *reader) {
    if (reader->verdict != ABI_VALID) return reader->verdict;
    ASSERT(reader->depth == 0);
    if (reader->rules == ABI_SOLIDITY) return ABI_VALID;
    struct abi_reader last = *reader;
    const size_t end = canonical_end(&last);
    if (last.verdict != ABI_VALID) return last.verdict;
    return end == reader->tuple.len ? ABI_VALID : ABI_TRAILING;
}

struct abi_writer abi_writer_in(struct arena *arena, size_t size_hint) {
    uint8_t *start = arena_alloc_raw(arena, size_hint, 1);
    return (struct abi_writer){start, start, start + size_hint, arena};
}

/* size bytes of zeros at the end of what was written. */
static uint8_t *append(struct abi_writer *writer, size_t size) {
    if (size > (size_t)(writer->end - writer->next)) {
        const size_t used = (size_t)(writer->next - writer->start);
        ASSERT(used < SIZE_MAX / 4 && size < SIZE_MAX / 4);
        const size_t room = 2 * (used + size);
        uint8_t *start = arena_alloc_raw(writer->arena, room, 1);
        if (used > 0) memcpy(start, writer->start, used);
        *writer = (struct abi_writer){start, start + used, start + room, writer->arena};
    }
    uint8_t *out = writer->next;
    if (size > 0) memset(out, 0, size);
    writer->next += size;
    return out;
}

static size_t written(const struct abi_writer *writer) {
    return (size_t)(writer->next - writer->start);
}

void abi_write_selector(struct abi_writer *writer, const uint8_t selector[ABI_SELECTOR_SIZE]) {
    memcpy(append(writer, ABI_SELECTOR_SIZE), selector, ABI_SELECTOR_SIZE);
}

struct abi_tuple abi_begin(struct abi_writer *writer, size_t head_words) {
    ASSERT(head_words <= SIZE_MAX / ABI_WORD);
    const size_t start = written(writer);
    (void)append(writer, head_words * ABI_WORD);
    return (struct abi_tuple){start, start, written(writer)};
}

/* The next word of the head, all zeros so far. */
static uint8_t *next_word(struct abi_writer *writer, struct abi_tuple *tuple) {
    ASSERT(tuple->head < tuple->head_end);
    uint8_t *word = writer->start + tuple->head;
    tuple->head += ABI_WORD;
    return word;
}

void abi_put_u256(struct abi_writer *writer, struct abi_tuple *tuple, const struct u256 *value) {
    u256_to_be(next_word(writer, tuple), value);
}

void abi_put_u64(struct abi_writer *writer, struct abi_tuple *tuple, uint64_t value) {
    store_be64(next_word(writer, tuple) + ABI_WORD - sizeof value, value);
}

void abi_put_bool(struct abi_writer *writer, struct abi_tuple *tuple, bool value) {
    abi_put_u64(writer, tuple, value ? 1 : 0);
}

void abi_put_address(
    struct abi_writer *writer, struct abi_tuple *tuple, const struct address *value
) {
    uint8_t *word = next_word(writer, tuple);
    memcpy(word + ABI_WORD - sizeof value->bytes, value->bytes, sizeof value->bytes);
}

void abi_put_hash(struct abi_writer *writer, struct abi_tuple *tuple, const struct hash *value) {
    memcpy(next_word(writer, tuple), value->bytes, sizeof value->bytes);
}

void abi_put_fixed(struct abi_writer *writer, struct abi_tuple *tuple, struct bytes value) {
    ASSERT(value.len >= 1 && value.len <= ABI_WORD);
    memcpy(next_word(writer, tuple), value.data, value.len);
}

/* The next value is dynamic and stands at the end of what was written. */
static void put_offset(struct abi_writer *writer, struct abi_tuple *tuple) {
    abi_put_u64(writer, tuple, written(writer) - tuple->start);
}

static void append_length(struct abi_writer *writer, size_t length) {
    store_be64(append(writer, ABI_WORD) + ABI_WORD - sizeof(uint64_t), length);
}

void abi_put_bytes(struct abi_writer *writer, struct abi_tuple *tuple, struct bytes value) {
    ASSERT(value.len < SIZE_MAX / 4);
    put_offset(writer, tuple);
    append_length(writer, value.len);
    uint8_t *out = append(writer, padded(value.len));
    if (value.len > 0) memcpy(out, value.data, value.len);
}

struct abi_tuple abi_begin_tuple(
    struct abi_writer *writer, struct abi_tuple *tuple, size_t head_words
) {
    put_offset(writer, tuple);
    return abi_begin(writer, head_words);
}

struct abi_tuple abi_begin_array(
    struct abi_writer *writer, struct abi_tuple *tuple, size_t count, size_t item_words
) {
    ASSERT(item_words >= 1 && count <= SIZE_MAX / ABI_WORD / item_words);
    put_offset(writer, tuple);
    append_length(writer, count);
    return abi_begin(writer, count * item_words);
}

void abi_end(const struct abi_writer *writer, const struct abi_tuple *tuple) {
    ASSERT(tuple->head == tuple->head_end && tuple->head_end <= written(writer));
}

/* keccak256("Error(string)") and keccak256("Panic(uint256)"), first four bytes. */
static const uint8_t selector_error[ABI_SELECTOR_SIZE] = {0x08, 0xc3, 0x79, 0xa0};
static const uint8_t selector_panic[ABI_SELECTOR_SIZE] = {0x4e, 0x48, 0x7b, 0x71};

struct abi_revert abi_read_revert(struct bytes data) {
    if (data.len == 0) return (struct abi_revert){.kind = ABI_REVERT_EMPTY};
    const struct abi_revert custom = {.kind = ABI_REVERT_CUSTOM};
    if (data.len < ABI_SELECTOR_SIZE) return custom;

    const struct bytes arguments =
        bytes_slice(data, ABI_SELECTOR_SIZE, data.len - ABI_SELECTOR_SIZE);
    struct abi_reader reader = abi_read(arguments, ABI_SOLIDITY);
    struct abi_revert revert = custom;
    if (memcmp(data.data, selector_error, ABI_SELECTOR_SIZE) == 0) {
        revert.kind = ABI_REVERT_ERROR;
        abi_read_bytes(&reader, &revert.reason);
    } else if (memcmp(data.data, selector_panic, ABI_SELECTOR_SIZE) == 0) {
        revert.kind = ABI_REVERT_PANIC;
        abi_read_u256(&reader, &revert.panic_code);
    }
    return abi_finish(&reader) == ABI_VALID ? revert : custom;
}

const char *abi_panic_text(const struct u256 *code) {
    if (!u256_fits_u64(code)) return "unknown panic code";
    switch (code->limb[0]) {
    case 0x00: return "generic panic";
    case 0x01: return "assert(false)";
    case 0x11: return "arithmetic underflow or overflow";
    case 0x12: return "division or modulo by zero";
    case 0x21: return "enum overflow";
    case 0x22: return "invalid encoded storage byte array accessed";
    case 0x31: return "out-of-bounds array access; popping on an empty array";
    case 0x32: return "out-of-bounds access of an array or bytesN";
    case 0x41: return "out of memory";
    case 0x51: return "uninitialized function";
    default: return "unknown panic code";
    }
}
