/* bytes: borrowed byte spans, loads and stores in both byte orders, hashes and addresses.
 *
 * struct bytes borrows and never owns; the owner is whoever made the memory. Pure.
 */
#ifndef BASE_BYTES_H
#define BASE_BYTES_H

#include "base/assert.h"

#include <stdbool.h>
#include <string.h>

struct bytes {
    const uint8_t *data; /* may be NULL only where len is 0 */
    size_t len;
};

/* A 32-byte digest or identifier, and a 20-byte account address, as they stand in RLP and JSON. */
struct hash {
    uint8_t bytes[32];
};

struct address {
    uint8_t bytes[20];
};

/* The whole of an array, or of an object such as a struct hash, as a span. */
#define BYTES_OF(object)    ((struct bytes){(const uint8_t *)&(object), sizeof(object)})
#define BYTES_LITERAL(text) ((struct bytes){(const uint8_t *)(text), sizeof(text) - 1})

static inline struct bytes bytes_from(const void *data, size_t len) {
    return (struct bytes){(const uint8_t *)data, len};
}

static inline bool bytes_equal(struct bytes a, struct bytes b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* The len bytes from start on; the range lies inside span. */
static inline struct bytes bytes_slice(struct bytes span, size_t start, size_t len) {
    ASSERT(start <= span.len && len <= span.len - start);
    return (struct bytes){span.data == NULL ? NULL : span.data + start, len};
}

static inline bool hash_equal(const struct hash *a, const struct hash *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static inline bool address_equal(const struct address *a, const struct address *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static inline bool hash_is_zero(const struct hash *h) {
    static const struct hash zero;
    return hash_equal(h, &zero);
}

static inline bool address_is_zero(const struct address *a) {
    static const struct address zero;
    return address_equal(a, &zero);
}

/* Loads and stores of unaligned integers, little- and big-endian. The host is little-endian. */
static inline uint16_t load_le16(const uint8_t *p) {
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint32_t load_le32(const uint8_t *p) {
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline uint64_t load_le64(const uint8_t *p) {
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static inline void store_le32(uint8_t *p, uint32_t v) {
    memcpy(p, &v, sizeof v);
}

static inline void store_le64(uint8_t *p, uint64_t v) {
    memcpy(p, &v, sizeof v);
}

static inline uint32_t load_be32(const uint8_t *p) {
    return __builtin_bswap32(load_le32(p));
}

static inline uint64_t load_be64(const uint8_t *p) {
    return __builtin_bswap64(load_le64(p));
}

static inline void store_be32(uint8_t *p, uint32_t v) {
    store_le32(p, __builtin_bswap32(v));
}

static inline void store_be64(uint8_t *p, uint64_t v) {
    store_le64(p, __builtin_bswap64(v));
}

#endif
