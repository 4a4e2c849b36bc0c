#include "trie/trie.h"

#include "crypto/keccak.h"
#include "trie/trie_node.h"

const struct hash trie_empty_root = {{0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6,
                                      0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e,
                                      0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0,
                                      0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21}};

/* A branch on the way to the last key, whose children below that key's nibble are complete. Between
 * two open branches there may be nibbles that only one child has: they become an extension when the
 * deeper branch closes. */
struct trie_open_branch {
    struct trie_open_branch *above;
    size_t depth; /* nibbles above the branch */
    struct bytes value;
    uint8_t sizes[TRIE_CHILDREN]; /* 0: no child so far */
    uint8_t refs[TRIE_CHILDREN][TRIE_REF_MAX];
};

void trie_builder_init(
    struct trie_builder *builder, struct arena *arena, const struct trie_sink *sink
) {
    *builder = (struct trie_builder){.arena = arena, .sink = sink, .is_empty = true};
}

static struct trie_open_branch *open_branch(struct trie_builder *builder, size_t depth) {
    struct trie_open_branch *branch = builder->unused;
    if (branch == NULL) {
        branch = ARENA_NEW(builder->arena, struct trie_open_branch);
    } else {
        builder->unused = branch->above;
    }
    branch->above = builder->open;
    branch->depth = depth;
    branch->value = (struct bytes){NULL, 0};
    memset(branch->sizes, 0, sizeof branch->sizes);
    builder->open = branch;
    return branch;
}

/* A finished node whose path is the first depth nibbles of the last key goes into its parent. */
static void put_child(
    struct trie_builder *builder, struct trie_open_branch *parent, struct bytes node
) {
    const size_t depth = parent->depth + 1;
    const uint8_t nibble = builder->nibbles[parent->depth];
    if (builder->sink != NULL && node.len > TRIE_INLINE_MAX) {
        builder->sink->put(builder->sink->ctx, bytes_from(builder->nibbles, depth), node);
    }
    parent->sizes[nibble] = (uint8_t)trie_put_ref(parent->refs[nibble], node);
}

static void put_root(struct trie_builder *builder, struct hash *root, struct bytes node) {
    if (builder->sink != NULL) {
        builder->sink->put(builder->sink->ctx, bytes_from(builder->nibbles, 0), node);
    }
    keccak256(root, node);
}

/* Where a finished node goes: into parent, or out as the root if that is NULL. */
static void put_node(
    struct trie_builder *b, struct trie_open_branch *parent, struct hash *root, struct bytes n
) {
    if (parent == NULL) {
        put_root(b, root, n);
    } else {
        put_child(b, parent, n);
    }
}

/* The last key's leaf, below parent. */
static void put_leaf(
    struct trie_builder *builder, struct trie_open_branch *parent, struct hash *root
) {
    const size_t depth = parent == NULL ? 0 : parent->depth + 1;
    const struct arena_mark mark = arena_mark(builder->arena);
    uint8_t *node = arena_alloc_raw(builder->arena, trie_node_room(builder->value.len), 1);
    const size_t size = trie_put_leaf(
        node, builder->nibbles + depth, builder->nibble_count - depth, builder->value
    );
    put_node(builder, parent, root, bytes_from(node, size));
    arena_rewind(builder->arena, mark);
}

static size_t put_branch(uint8_t *out, const struct trie_open_branch *branch) {
    size_t payload_size = rlp_size_bytes(branch->value);
    for (size_t i = 0; i < TRIE_CHILDREN; i++) {
        payload_size += branch->sizes[i] == 0 ? 1 : branch->sizes[i];
    }

    struct rlp_writer writer = rlp_writer_fixed(out, rlp_size_list(payload_size));
    rlp_write_list_header(&writer, payload_size);
    for (size_t i = 0; i < TRIE_CHILDREN; i++) {
        if (branch->sizes[i] == 0) {
            rlp_write_u64(&writer, 0); /* the empty string */
        } else {
            rlp_write_raw(&writer, bytes_from(branch->refs[i], branch->sizes[i]));
        }
    }
    rlp_write_bytes(&writer, branch->value);
    return rlp_written(&writer).len;
}

/* Closes the deepest open branch, which becomes a child of parent, with an extension in between
 * where parent is not right above. */
static void close_branch(
    struct trie_builder *builder, struct trie_open_branch *parent, struct hash *root
) {
    struct trie_open_branch *branch = builder->open;
    const size_t depth = parent == NULL ? 0 : parent->depth + 1; /* of what goes into parent */
    const struct arena_mark mark = arena_mark(builder->arena);
    uint8_t *node = arena_alloc_raw(
        builder->arena, TRIE_BRANCH_SIZE_MAX + trie_node_room(branch->value.len), 1
    );
    const size_t size = put_branch(node, branch);

    if (branch->depth == depth) {
        put_node(builder, parent, root, bytes_from(node, size));
    } else {
        if (builder->sink != NULL && size > TRIE_INLINE_MAX) {
            const struct bytes path = bytes_from(builder->nibbles, branch->depth);
            builder->sink->put(builder->sink->ctx, path, bytes_from(node, size));
        }
        uint8_t ref[TRIE_REF_MAX];
        const size_t ref_size = trie_put_ref(ref, bytes_from(node, size));
        uint8_t extension[TRIE_COMPACT_MAX + TRIE_REF_MAX + 3 * RLP_HEADER_MAX];
        const size_t extension_size = trie_put_extension(
            extension, builder->nibbles + depth, branch->depth - depth, bytes_from(ref, ref_size)
        );
        put_node(builder, parent, root, bytes_from(extension, extension_size));
    }
    arena_rewind(builder->arena, mark);
}

/* A branch that was taken out of the list of open ones is for another use. */
static void recycle_branch(struct trie_builder *builder, struct trie_open_branch *branch) {
    branch->above = builder->unused;
    builder->unused = branch;
}

/* The last key's value, or leaf, is placed: the next key has common nibbles with it. */
static void settle_last(struct trie_builder *builder, size_t common) {
    struct trie_open_branch *branch = builder->open;
    if (branch == NULL || branch->depth < common) branch = open_branch(builder, common);
    if (builder->nibble_count == branch->depth) {
        branch->value = arena_copy(builder->arena, builder->value);
        return;
    }
    put_leaf(builder, branch, NULL);
}

/* Closes the open branches below common nibbles, so that the deepest is at common. */
static void close_below(struct trie_builder *builder, size_t common) {
    while (builder->open->depth > common) {
        struct trie_open_branch *branch = builder->open;
        struct trie_open_branch *parent = branch->above;
        if (parent == NULL || parent->depth < common) {
            /* The next key leaves between the two: a branch opens there, and takes this one in. */
            builder->open = parent;
            parent = open_branch(builder, common);
            builder->open = branch;
        }
        close_branch(builder, parent, NULL);
        builder->open = parent;
        recycle_branch(builder, branch);
    }
}

void trie_builder_add(struct trie_builder *builder, struct trie_pair pair) {
    ASSERT(pair.key.len <= TRIE_KEY_MAX && pair.value.len > 0);
    uint8_t nibbles[TRIE_NIBBLES_MAX];
    const size_t count = 2 * pair.key.len;
    trie_nibbles(nibbles, pair.key);

    if (!builder->is_empty) {
        const size_t last = builder->nibble_count;
        const size_t common = trie_common(builder->nibbles, nibbles, last < count ? last : count);
        ASSERT(common < count); /* ascending: not equal, and not a prefix of the last key */
        ASSERT(common == last || builder->nibbles[common] < nibbles[common]);
        settle_last(builder, common);
        close_below(builder, common);
    }
    memcpy(builder->nibbles, nibbles, count);
    builder->nibble_count = count;
    builder->value = pair.value;
    builder->is_empty = false;
}

void trie_builder_finish(struct trie_builder *builder, struct hash *root) {
    if (builder->is_empty) {
        *root = trie_empty_root;
        return;
    }
    put_leaf(builder, builder->open, root);
    while (builder->open != NULL) {
        struct trie_open_branch *branch = builder->open;
        close_branch(builder, branch->above, root);
        builder->open = branch->above;
        recycle_branch(builder, branch);
    }
    builder->is_empty = true;
    builder->nibble_count = 0;
}

void trie_root_of(
    struct arena *arena,
    struct hash *root,
    const struct trie_pair *pairs,
    size_t count,
    const struct trie_sink *sink
) {
    const struct arena_mark mark = arena_mark(arena);
    struct trie_builder builder;
    trie_builder_init(&builder, arena, sink);
    for (size_t i = 0; i < count; i++) {
        trie_builder_add(&builder, pairs[i]);
    }
    trie_builder_finish(&builder, root);
    arena_rewind(arena, mark);
}

void trie_root_of_list(
    struct arena *arena, struct hash *root, const struct bytes *values, size_t count
) {
    /* rlp(0) is 0x80: it stands behind rlp(1) to rlp(0x7f), which are their own bytes, and before
     * all others, which have a prefix above it. */
    enum { LAST_BYTE = 0x7f };
    const struct arena_mark mark = arena_mark(arena);
    struct trie_builder builder;
    trie_builder_init(&builder, arena, NULL);
    for (size_t i = 0; i < count; i++) {
        const size_t low = count - 1 < LAST_BYTE ? count - 1 : LAST_BYTE;
        const size_t index = i < low ? i + 1 : i == low ? 0 : i;
        uint8_t key[RLP_U64_MAX];
        struct rlp_writer writer = rlp_writer_fixed(key, sizeof key);
        rlp_write_u64(&writer, index);
        trie_builder_add(&builder, (struct trie_pair){rlp_written(&writer), values[index]});
    }
    trie_builder_finish(&builder, root);
    arena_rewind(arena, mark);
}
