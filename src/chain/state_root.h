/* state_root: the root after a block, from the old trie's nodes and what the block changed.
 *
 * Joins state_diff (evm/state.h), which speaks of addresses and slots, to state_trie_update
 * (trie/state_trie.h), which speaks of their hashes. Pure.
 */
#ifndef CHAIN_STATE_ROOT_H
#define CHAIN_STATE_ROOT_H

#include "evm/state.h"
#include "trie/state_trie.h"

/* What state_trie_update takes for diff: change i is that of account i, with its slots in diff's order
 * where it exists after. Memory is arena's. */
struct trie_account_change *chain_trie_changes(struct arena *arena, const struct state_diff *diff);

/* *root is the root of old_root's state with diff applied; writes gets the trie nodes that change
 * (start it zeroed). reader gives old nodes. Outcomes are state_trie_update's. Memory is arena's. */
MUST_USE enum trie_verdict chain_state_root(
    struct arena *arena,
    struct trie_writes *writes,
    struct hash *root,
    const struct trie_reader *reader,
    const struct hash *old_root,
    const struct state_diff *diff
);

#endif
