/* trie_update: a changed trie from its old nodes and a batch of changes.
 *
 * Keys are 32 bytes (hashed addresses and slots). Only the nodes on the way to the changed keys are
 * read, each at most once, and a branch that is left with one child reads that child; each changed
 * node is hashed once, in the end, so that the order of the changes does not matter.
 *
 * A trie belongs to an owner: the hash of the account whose storage it is, or NULL for the trie of
 * accounts. What changes is answered as writes by (owner, path).
 *
 * Pure; all memory comes from the arena and stays taken, for the writes borrow from it.
 */
#ifndef TRIE_TRIE_UPDATE_H
#define TRIE_TRIE_UPDATE_H

#include "trie/trie.h"

enum trie_verdict {
    TRIE_VALID = 0,
    TRIE_MISSING_NODE,   /* the reader does not have a node that is needed */
    TRIE_MALFORMED_NODE, /* a node that the reader gave is none of a trie with 32-byte keys */
};

/* One line of English for an error message: static text without a final stop. */
const char *trie_verdict_text(enum trie_verdict verdict);

/* Where a node stands and what it must hash to. A store looks up owner and path; a witness, which
 * holds nodes by hash, looks up hash. */
struct trie_place {
    const struct hash *owner; /* NULL for the trie of accounts */
    struct bytes path;
    const struct hash *hash;
};

/* Where old nodes come from. node answers false where it has none; *rlp borrows until the operation
 * that reads has ended. Nodes are believed: a reader over a stranger's nodes compares their hash
 * itself. */
struct trie_reader {
    bool (*node)(void *ctx, const struct trie_place *place, struct bytes *rlp);
    void *ctx;
};

/* One write to the store of nodes. */
struct trie_write {
    const struct hash *owner; /* NULL for the trie of accounts */
    struct bytes path;
    struct bytes node; /* empty: the node at path goes */
    bool wipes_owner;  /* every node of owner goes first; path and node are empty */
};

/* Writes in the order in which they are to be applied; each (owner, path) stands at most once,
 * a wipe before all puts of its owner. */
struct trie_writes {
    struct trie_write *items;
    size_t count;
    size_t capacity;
};

struct trie_change {
    struct hash key;
    struct bytes value; /* empty: the key goes, if it is there */
};

/* Applies changes (each key at most once; fastest in ascending order) to the trie of owner that has
 * old_root.
 *
 * On TRIE_VALID *root is the new root and writes, which may hold other writes before, has what
 * turns the old stored nodes into exactly the new ones. On another verdict *root is old_root and
 * writes is as it was. changes' values are borrowed until the call ends.
 */
MUST_USE enum trie_verdict trie_update(
    struct arena *arena,
    struct trie_writes *writes,
    struct hash *root,
    const struct trie_reader *reader,
    const struct trie_place *old_root, /* path is ignored */
    const struct trie_change *changes,
    size_t count
);

/* Reads key's value; *value is empty where the trie does not have it, and borrows from the reader. */
MUST_USE enum trie_verdict trie_get(
    struct bytes *value,
    const struct trie_reader *reader,
    const struct trie_place *root, /* path is ignored */
    const struct hash *key
);

#endif
