/* code_cache: code made ready to run, kept by its hash within a bound.
 *
 * Ready means padded, so that no instruction looks beyond the end, and with a map of where jumps may
 * land (Yellow Paper 9.4.3), which is made as far as jumps go: initcode and most calls jump only within
 * a part of their code. Pure; memory comes from the source handed in. Internal to the evm layer.
 */
#ifndef EVM_CODE_CACHE_H
#define EVM_CODE_CACHE_H

#include "base/arena.h"

/* A PUSH32 at the very end reads 32 bytes of zeros and then meets a STOP. */
#define CODE_PADDING ((size_t)33)

struct code_map {
    size_t end;     /* the code below is in the map; an instruction begins there */
    uint8_t bits[]; /* bit i: a jump may go to byte i */
};

struct evm_code {
    const uint8_t *bytes; /* size of code, then CODE_PADDING zeros */
    size_t size;
    struct code_map *map;
};

/* Bytes of memory that code_prepare needs. */
static inline size_t code_prepared_size(size_t code_size) {
    return sizeof(struct code_map) + code_size / 8 + 1 + code_size + CODE_PADDING;
}

/* Writes the ready form of code into memory, which is aligned for a size_t and does not overlap it. */
void code_prepare(struct evm_code *out, uint8_t *memory, struct bytes code);

/* code_is_target with a map that does not have byte at yet, or has it as none. */
bool code_is_target_beyond(const struct evm_code *code, size_t at);

/* Whether a jump may go to byte at, below the size. */
static inline bool code_is_target(const struct evm_code *code, size_t at) {
    return LIKELY((code->map->bits[at / 8] >> at % 8 & 1) != 0) || code_is_target_beyond(code, at);
}

struct evm_rules;
struct evm_stream;

struct code_entry {
    struct evm_code code;
    struct hash hash;
    uint32_t pins;
    uint32_t calls; /* counted by whoever decides about decoding */
    bool undecodable;
    struct evm_stream *stream;        /* once decoded */
    size_t size;                      /* of this allocation */
    struct code_entry *next;          /* in its bucket */
    struct code_entry *newer, *older; /* in order of arrival */
};

enum { CODE_CACHE_BUCKETS = 4096 };

struct code_cache {
    const struct arena_source *source;
    size_t size, size_max;
    struct code_entry *newest, *oldest;
    struct code_entry *buckets[CODE_CACHE_BUCKETS];
};

/* size_max bounds the bytes of entries that nobody has pinned. */
void code_cache_init(struct code_cache *cache, const struct arena_source *source, size_t size_max);

/* Gives back every entry; none is pinned. */
void code_cache_clear(struct code_cache *cache);

/* The entry of code, whose keccak256 is hash, pinned until it is released. */
struct code_entry *code_cache_pin(
    struct code_cache *cache, const struct hash *hash, struct bytes code
);

/* The stream of an entry that is pinned, decoded now where it is not there yet or was made for other
 * rules; NULL for code that has none. No frame may be running from a stream of other rules. */
const struct evm_stream *code_cache_stream(
    struct code_cache *cache,
    struct code_entry *entry,
    const struct evm_rules *rules,
    struct arena *scratch
);

void code_cache_release(struct code_cache *cache, struct code_entry *entry);

#endif
