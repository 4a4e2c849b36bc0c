#include "trie/trie_witness.h"

#include "crypto/keccak.h"

enum { PLACES_MIN = 256 };

/* node is empty where the place is free. */
struct trie_witness_place {
    struct hash hash;
    struct bytes node;
};

void trie_witness_init(struct trie_witness *witness, struct arena *arena) {
    *witness = (struct trie_witness){.arena = arena};
}

static struct trie_witness_place *place_of(
    const struct trie_witness *witness, const struct hash *hash
) {
    size_t i = load_le64(hash->bytes) & witness->mask;
    while (witness->places[i].node.len != 0 && !hash_equal(&witness->places[i].hash, hash)) {
        i = (i + 1) & witness->mask;
    }
    return &witness->places[i];
}

static void grow(struct trie_witness *witness) {
    const struct trie_witness old = *witness;
    const size_t size = old.places == NULL ? PLACES_MIN : 2 * (old.mask + 1);
    witness->places = ARENA_ARRAY(witness->arena, struct trie_witness_place, size);
    witness->mask = size - 1;
    for (size_t i = 0; old.places != NULL && i <= old.mask; i++) {
        if (old.places[i].node.len != 0) *place_of(witness, &old.places[i].hash) = old.places[i];
    }
}

static void add_hashed(struct trie_witness *witness, const struct hash *hash, struct bytes node) {
    if (witness->places == NULL || 2 * witness->count > witness->mask) grow(witness);
    struct trie_witness_place *const place = place_of(witness, hash);
    if (place->node.len != 0) return;
    *place = (struct trie_witness_place){*hash, node};
    witness->count++;
}

void trie_witness_add(struct trie_witness *witness, struct bytes node) {
    struct hash hash;
    if (node.len == 0) return;
    keccak256(&hash, node);
    add_hashed(witness, &hash, node);
}

bool trie_witness_find(
    const struct trie_witness *witness, const struct hash *hash, struct bytes *node
) {
    if (witness->places == NULL) return false;
    *node = place_of(witness, hash)->node;
    return node->len != 0;
}

const struct bytes *trie_witness_list(const struct trie_witness *witness, struct arena *arena) {
    struct bytes *const list = ARENA_ARRAY(arena, struct bytes, witness->count);
    size_t count = 0;
    for (size_t i = 0; witness->places != NULL && i <= witness->mask; i++) {
        if (witness->places[i].node.len != 0) list[count++] = witness->places[i].node;
    }
    ASSERT(count == witness->count);
    return list;
}

static bool read_witness(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    return trie_witness_find(ctx, place->hash, rlp);
}

struct trie_reader trie_witness_reader(const struct trie_witness *witness) {
    return (struct trie_reader){read_witness, (void *)(uintptr_t)witness};
}

static bool read_and_record(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    struct trie_recorder *const recorder = ctx;
    if (trie_witness_find(&recorder->seen, place->hash, rlp)) return true;
    if (!recorder->from->node(recorder->from->ctx, place, rlp)) return false;
    *rlp = arena_copy(recorder->seen.arena, *rlp); /* the reader lends it for one operation only */
    add_hashed(&recorder->seen, place->hash, *rlp);
    return true;
}

void trie_recorder_init(
    struct trie_recorder *recorder, struct arena *arena, const struct trie_reader *from
) {
    recorder->from = from;
    trie_witness_init(&recorder->seen, arena);
}

struct trie_reader trie_recorder_reader(struct trie_recorder *recorder) {
    return (struct trie_reader){read_and_record, recorder};
}
