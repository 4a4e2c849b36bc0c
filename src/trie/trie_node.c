#include "trie/trie_node.h"

#include "crypto/keccak.h"

/* Hex-prefix encoding: the first nibble's bits. */
enum { PATH_IS_ODD = 1, PATH_IS_LEAF = 2, PATH_FLAGS_MAX = 3 };

enum { LIST = 0xc0 }; /* the first byte of an RLP list */

/* Whether item is how a child stands in its parent. */
static bool is_child(const struct rlp_item *item) {
    if (item->is_list) return item->whole.len <= TRIE_INLINE_MAX;
    return item->payload.len == sizeof(struct hash);
}

/* A leaf or an extension: its two items follow. */
static bool decode_short(struct trie_node *out, struct rlp_reader *reader) {
    rlp_read_bytes(reader, &out->path);
    const struct rlp_item second = rlp_read_item(reader);
    if (reader->verdict != RLP_VALID || out->path.len == 0) return false;
    if (out->path.len > TRIE_COMPACT_MAX) return false;

    const uint8_t flags = out->path.data[0] >> 4;
    if (flags > PATH_FLAGS_MAX) return false;
    out->path_is_odd = (flags & PATH_IS_ODD) != 0;
    if (!out->path_is_odd && (out->path.data[0] & 0xf) != 0) return false;

    if ((flags & PATH_IS_LEAF) != 0) {
        out->kind = TRIE_LEAF;
        out->value = second.payload;
        return !second.is_list && second.payload.len > 0;
    }
    out->kind = TRIE_EXTENSION;
    out->child = second.whole;
    return is_child(&second) && trie_path_len(out) > 0;
}

/* A branch: its children are next, of which the first two were looked at as items already. */
static bool decode_branch(struct trie_node *out, struct rlp_reader *reader) {
    out->kind = TRIE_BRANCH;
    size_t used = 0;
    const uint8_t *next = reader->next;
    for (size_t i = 0; i < TRIE_CHILDREN; i++) {
        if (next == reader->end) return false;
        const uint8_t first = *next;
        size_t size;
        if (first == TRIE_NO_CHILD) {
            size = 1;
        } else if (first == TRIE_HASH_CHILD) {
            size = RLP_HASH_SIZE;
            used++;
        } else if (first > LIST && first < LIST + TRIE_INLINE_MAX) {
            size = (size_t)first - LIST + 1;
            used++;
        } else {
            return false;
        }
        if (size > (size_t)(reader->end - next)) return false;
        out->children[i] = next;
        next += size;
    }
    reader->next = next;
    rlp_read_bytes(reader, &out->value);
    if (out->value.len > 0) used++;
    return reader->verdict == RLP_VALID && used >= 2;
}

bool trie_node_decode(struct trie_node *out, struct bytes rlp) {
    struct rlp_reader reader = rlp_read(rlp);
    const struct rlp_list list = rlp_enter(&reader);
    if (reader.verdict != RLP_VALID) return false;

    /* A node of two items ends with its second. */
    struct rlp_reader ahead = reader;
    (void)rlp_read_item(&ahead);
    (void)rlp_read_item(&ahead);
    if (ahead.verdict != RLP_VALID) return false;
    const bool is_short = !rlp_more(&ahead);
    const bool is_node = is_short ? decode_short(out, &reader) : decode_branch(out, &reader);
    if (!is_node) return false;
    rlp_leave(&reader, list);
    return rlp_finish(&reader) == RLP_VALID;
}

/* Whether the node's path is what the key has from *depth on; then *depth goes behind it. */
static bool follow_path(
    const struct trie_node *node, const uint8_t *nibbles, size_t count, size_t *depth
) {
    const size_t len = trie_path_len(node);
    if (len > count - *depth) return false;
    for (size_t i = 0; i < len; i++) {
        if (trie_path_nibble(node, i) != nibbles[*depth + i]) return false;
    }
    *depth += len;
    return true;
}

enum trie_step trie_node_step(
    struct bytes *out,
    size_t *depth,
    const struct trie_node *node,
    const uint8_t *nibbles,
    size_t count
) {
    ASSERT(*depth <= count);
    switch (node->kind) {
    case TRIE_LEAF:
        if (!follow_path(node, nibbles, count, depth) || *depth != count) return TRIE_STEP_ABSENT;
        *out = node->value;
        return TRIE_STEP_FOUND;
    case TRIE_EXTENSION:
        if (!follow_path(node, nibbles, count, depth)) return TRIE_STEP_ABSENT;
        *out = node->child;
        return TRIE_STEP_DOWN;
    case TRIE_BRANCH: break;
    }
    if (*depth == count) {
        *out = node->value;
        return node->value.len > 0 ? TRIE_STEP_FOUND : TRIE_STEP_ABSENT;
    }
    const uint8_t *item = node->children[nibbles[*depth]];
    if (*item == TRIE_NO_CHILD) return TRIE_STEP_ABSENT;
    (*depth)++;
    *out = trie_child_item(item);
    return TRIE_STEP_DOWN;
}

/* Writes nibbles in hex-prefix encoding; answers the size. */
static size_t put_compact(uint8_t *out, const uint8_t *nibbles, size_t count, unsigned flags) {
    size_t i = 0;
    if (count % 2 != 0) {
        *out++ = (uint8_t)((flags | PATH_IS_ODD) << 4 | nibbles[0]);
        i = 1;
    } else {
        *out++ = (uint8_t)(flags << 4);
    }
    for (; i < count; i += 2) {
        *out++ = (uint8_t)(nibbles[i] << 4 | nibbles[i + 1]);
    }
    return 1 + count / 2;
}

/* Writes the list's header and the path, when the second item has second_size bytes; answers where
 * that item goes. */
static uint8_t *put_path(
    uint8_t *out, const uint8_t *nibbles, size_t count, unsigned flags, size_t second_size
) {
    ASSERT(count <= TRIE_NIBBLES_MAX);
    uint8_t compact[TRIE_COMPACT_MAX];
    const size_t size = put_compact(compact, nibbles, count, flags);
    const bool is_single = size == 1; /* flags and one nibble: below 0x80 */
    const size_t path_size = is_single ? 1 : rlp_size_list(size);

    out += rlp_put_list_header(out, path_size + second_size);
    if (!is_single) out += rlp_put_string_header(out, size);
    memcpy(out, compact, size);
    return out + size;
}

size_t trie_put_leaf(uint8_t *out, const uint8_t *nibbles, size_t count, struct bytes value) {
    const size_t value_size = rlp_size_bytes(value);
    uint8_t *next = put_path(out, nibbles, count, PATH_IS_LEAF, value_size);
    if (value_size > 1) next += rlp_put_string_header(next, value.len);
    memcpy(next, value.data, value.len);
    return (size_t)(next - out) + value.len;
}

size_t trie_put_extension(uint8_t *out, const uint8_t *nibbles, size_t count, struct bytes child) {
    uint8_t *next = put_path(out, nibbles, count, 0, child.len);
    memcpy(next, child.data, child.len);
    return (size_t)(next - out) + child.len;
}

size_t trie_put_ref(uint8_t out[TRIE_REF_MAX], struct bytes node) {
    if (node.len <= TRIE_INLINE_MAX) {
        memcpy(out, node.data, node.len);
        return node.len;
    }
    struct hash hash;
    keccak256(&hash, node);
    out[0] = TRIE_HASH_CHILD;
    memcpy(out + 1, hash.bytes, sizeof hash.bytes);
    return TRIE_REF_MAX;
}
