/* trie_witness: nodes of tries by their hash: a state of which a part is known.
 *
 * A verifier adds the nodes that it was sent and reads through trie_witness_reader: what hashes to
 * something else than a parent names is never found, so a changed or missing node shows as
 * TRIE_MISSING_NODE. A prover reads the whole state through a recorder and has in the end exactly the
 * nodes that a verifier needs for the same reads and changes, those included that a branch left with
 * one child needs. Pure; memory comes from the arena.
 */
#ifndef TRIE_TRIE_WITNESS_H
#define TRIE_TRIE_WITNESS_H

#include "trie/trie_update.h"

struct trie_witness {
    struct arena *arena;
    struct trie_witness_place *places; /* open addressing, at most half full */
    size_t mask, count;
};

/* An empty set. arena outlives it. */
void trie_witness_init(struct trie_witness *witness, struct arena *arena);

/* Adds a node, which is hashed here and borrowed. The empty span is none and is left out. */
void trie_witness_add(struct trie_witness *witness, struct bytes node);

/* The node that hashes to hash; false where there is none. */
MUST_USE bool trie_witness_find(
    const struct trie_witness *witness, const struct hash *hash, struct bytes *node
);

/* The nodes in no order that means anything; the list is the arena's. */
const struct bytes *trie_witness_list(const struct trie_witness *witness, struct arena *arena);

/* A reader of the set; it outlives the reader. */
struct trie_reader trie_witness_reader(const struct trie_witness *witness);

/* Reads through another reader and keeps what it gave. */
struct trie_recorder {
    const struct trie_reader *from;
    struct trie_witness seen;
};

/* arena and from outlive the recorder. */
void trie_recorder_init(
    struct trie_recorder *recorder, struct arena *arena, const struct trie_reader *from
);
struct trie_reader trie_recorder_reader(struct trie_recorder *recorder);

#endif
