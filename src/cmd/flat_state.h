/* flat_state: the accounts, slots and codes of one chain's head in memory, and the nodes of their trie.
 *
 * For tools that run many blocks in a row; nothing is kept of what was before. Everything that is not
 * zero takes memory until the end.
 */
#ifndef CMD_FLAT_STATE_H
#define CMD_FLAT_STATE_H

#include "evm/state.h"

struct flat_entry;

/* Open addressing, at most half full. */
struct flat_table {
    struct flat_entry *entries;
    size_t mask, count;
};

struct flat_state {
    struct arena arena;
    struct flat_table accounts, slots, codes, nodes;
    struct hash root;
    void (*block_hash)(void *ctx, uint64_t number, struct hash *out);
    void *block_hash_ctx;
};

/* Nothing exists. block_hash is the caller's. */
void flat_state_init(
    struct flat_state *state,
    const struct arena_source *source,
    void (*block_hash)(void *ctx, uint64_t number, struct hash *out),
    void *block_hash_ctx
);
void flat_state_free(struct flat_state *state);

struct state_reader flat_state_reader(struct flat_state *state);

/* The root after diff, in scratch; false where the trie lacks a node, which is a bug. */
MUST_USE bool flat_state_root(
    struct flat_state *state,
    struct arena *scratch,
    struct hash *root,
    const struct state_diff *diff
);

/* Becomes the state after diff. False as above. */
MUST_USE bool flat_state_apply(
    struct flat_state *state, struct arena *scratch, const struct state_diff *diff
);

#endif
