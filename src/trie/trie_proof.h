/* trie_proof: proofs that a key has a value in a trie, or has none, made and checked.
 *
 * Spec: EIP-1186 (eth_getProof). A proof is the RLP of the nodes from the root towards the key;
 * nodes that are inline in their parent are not listed again, and the proof of an empty trie lists
 * nothing. The proof of absence ends at the node that shows it.
 *
 * Pure; memory comes from the arena.
 */
#ifndef TRIE_TRIE_PROOF_H
#define TRIE_TRIE_PROOF_H

#include "trie/state_trie.h"

enum {
    TRIE_PROOF_NODES_MAX = TRIE_NIBBLES_MAX + 1, /* nodes in a proof */
};

struct trie_proof {
    const struct bytes *nodes; /* borrow from the reader */
    size_t count;
};

/* Proves what the trie of root.owner has under key: *value is empty where it has nothing, and
 * borrows from the reader. */
MUST_USE enum trie_verdict trie_prove(
    struct arena *arena,
    struct trie_proof *proof,
    struct bytes *value,
    const struct trie_reader *reader,
    const struct trie_place *root, /* path is ignored */
    const struct hash *key
);

struct state_slot_proof {
    struct u256 value; /* 0 where the slot is absent */
    struct trie_proof proof;
};

struct state_proof {
    bool exists;
    struct trie_account account; /* trie_account_empty() where it does not exist */
    struct trie_proof proof;
    struct state_slot_proof *slots; /* as many as were asked for, in their order */
};

/* What eth_getProof answers. Slots of an account without storage get empty proofs. */
MUST_USE enum trie_verdict state_prove(
    struct arena *arena,
    struct state_proof *out,
    const struct trie_reader *reader,
    const struct hash *state_root,
    const struct address *address,
    const struct hash *slots, /* not hashed */
    size_t slot_count
);

enum trie_proof_verdict {
    TRIE_PROOF_VALID = 0,
    TRIE_PROOF_WRONG_HASH, /* a node is not the one that its parent, or the root, names */
    TRIE_PROOF_MALFORMED,  /* a node is no canonical node of a trie */
    TRIE_PROOF_TOO_SHORT,  /* the way to the key goes on, the proof does not */
    TRIE_PROOF_TOO_LONG,   /* nodes left over */
};

/* One line of English for an error message: static text without a final stop. */
const char *trie_proof_verdict_text(enum trie_proof_verdict verdict);

/* Checks a proof, which is untrusted, of what the trie of root has under key (of at most
 * TRIE_KEY_MAX bytes). On TRIE_PROOF_VALID *value borrows from nodes, or is empty where the proof
 * shows that the key is absent; otherwise it is empty.
 */
MUST_USE enum trie_proof_verdict trie_proof_verify(
    struct bytes *value,
    const struct hash *root,
    struct bytes key,
    const struct bytes *nodes,
    size_t count
);

#endif
