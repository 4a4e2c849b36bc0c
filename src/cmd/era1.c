#include "cmd/era1.h"

#include "codec/snappy.h"
#include "crypto/keccak.h"
#include "crypto/sha256.h"

enum {
    ENTRY_HEADER = 8,
    TYPE_VERSION = 0x3265,
    TYPE_HEADER = 0x03,
    TYPE_BODY = 0x04,
    TYPE_RECEIPTS = 0x05,
    TYPE_TOTAL_DIFFICULTY = 0x06,
    TYPE_ACCUMULATOR = 0x07,
    TYPE_INDEX = 0x3266,
    PART_SIZE_MAX = 64 << 20,
};

struct entry {
    uint16_t type;
    struct bytes data;
};

bool era1_is(struct bytes file) {
    return file.len >= ENTRY_HEADER && load_le64(file.data) == TYPE_VERSION;
}

void era1_begin(struct era1_reader *reader, struct arena *arena, struct bytes file) {
    *reader = (struct era1_reader){.file = file, .at = ENTRY_HEADER};
    reader->records = ARENA_ARRAY(arena, struct hash, ERA1_BLOCKS_MAX);
}

static bool next_entry(struct era1_reader *reader, struct entry *entry) {
    const size_t left = reader->file.len - reader->at;
    if (left < ENTRY_HEADER) return false;
    const uint8_t *const head = reader->file.data + reader->at;
    const size_t size = load_le32(head + 2);
    if (size > left - ENTRY_HEADER) return false;
    entry->type = load_le16(head);
    entry->data = bytes_slice(reader->file, reader->at + ENTRY_HEADER, size);
    reader->at += ENTRY_HEADER + size;
    return true;
}

static bool next_part(
    struct era1_reader *reader,
    struct arena *arena,
    struct bytes *out,
    uint16_t type,
    const char **problem
) {
    struct entry entry;
    if (!next_entry(reader, &entry) || entry.type != type) {
        *problem = "an entry of a block is missing";
        return false;
    }
    const enum snappy_verdict verdict = snappy_decode_framed(arena, out, entry.data, PART_SIZE_MAX);
    if (verdict != SNAPPY_VALID) *problem = snappy_verdict_text(verdict);
    return verdict == SNAPPY_VALID;
}

static struct u256 number_of(const uint8_t little_endian[32]) {
    uint8_t word[32];
    for (size_t i = 0; i < sizeof word; i++) {
        word[i] = little_endian[sizeof word - 1 - i];
    }
    return u256_from_be(word);
}

/* hash_tree_root of {block_hash, total_difficulty}. */
static void keep_record(
    struct era1_reader *reader, struct bytes header, const uint8_t total_difficulty[32]
) {
    uint8_t record[64];
    struct hash hash;
    keccak256(&hash, header);
    memcpy(record, hash.bytes, sizeof hash.bytes);
    memcpy(record + 32, total_difficulty, 32);
    sha256(&reader->records[reader->block_count], BYTES_OF(record));
}

/* SSZ: the records are leaves of a tree of 8192, zero where there is none; then their number. */
static struct hash accumulator_of(struct era1_reader *reader) {
    struct hash *const nodes = reader->records;
    uint8_t pair[64];
    for (size_t i = reader->block_count; i < ERA1_BLOCKS_MAX; i++) {
        nodes[i] = (struct hash){{0}};
    }
    for (size_t count = ERA1_BLOCKS_MAX; count > 1; count /= 2) {
        for (size_t i = 0; i < count / 2; i++) {
            memcpy(pair, nodes[2 * i].bytes, 32);
            memcpy(pair + 32, nodes[2 * i + 1].bytes, 32);
            sha256(&nodes[i], BYTES_OF(pair));
        }
    }
    memset(pair, 0, sizeof pair);
    memcpy(pair, nodes[0].bytes, 32);
    store_le64(pair + 32, reader->block_count);
    struct hash root;
    sha256(&root, BYTES_OF(pair));
    return root;
}

/* What stands behind the blocks. */
static const char *check_end(struct era1_reader *reader, const struct entry *accumulator) {
    struct entry entry;
    const struct hash root = accumulator_of(reader);
    if (accumulator->type != TYPE_ACCUMULATOR) return "neither a block nor the accumulator";
    if (!bytes_equal(accumulator->data, BYTES_OF(root.bytes))) return "the accumulator is wrong";
    if (!next_entry(reader, &entry) || entry.type != TYPE_INDEX) return "the index is missing";
    /* start, an offset a block, their number */
    if (entry.data.len != 8 * (reader->block_count + 2)) return "the index has another length";
    return reader->at == reader->file.len ? NULL : "something stands behind the index";
}

bool era1_next(
    struct era1_reader *reader, struct arena *arena, struct era1_block *block, const char **problem
) {
    struct entry entry;
    const size_t begin = reader->at;
    *problem = "the file ends without an accumulator";
    if (!next_entry(reader, &entry)) return false;
    if (entry.type != TYPE_HEADER || reader->block_count == ERA1_BLOCKS_MAX) {
        *problem = check_end(reader, &entry);
        return false;
    }
    reader->at = begin;
    if (!next_part(reader, arena, &block->header, TYPE_HEADER, problem)) return false;
    if (!next_part(reader, arena, &block->body, TYPE_BODY, problem)) return false;
    if (!next_part(reader, arena, &block->receipts, TYPE_RECEIPTS, problem)) return false;
    if (!next_entry(reader, &entry) || entry.type != TYPE_TOTAL_DIFFICULTY ||
        entry.data.len != 32) {
        *problem = "a block has no total difficulty";
        return false;
    }
    block->total_difficulty = number_of(entry.data.data);
    keep_record(reader, block->header, entry.data.data);
    reader->block_count++;
    *problem = NULL;
    return true;
}
