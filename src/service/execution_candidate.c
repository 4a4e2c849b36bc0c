#include "service/execution_candidate.h"

#include "chain/receipt.h"
#include "chain/state_root.h"

struct status candidate_compute_root(
    struct candidate *candidate, const struct parent_state *parent
) {
    struct arena *arena = &candidate->arena;
    candidate->diff = state_diff(arena, candidate->outcome.state);
    const enum trie_verdict verdict = chain_state_root(
        arena, &candidate->writes, &candidate->state_root, &parent->trie, &parent->state_root,
        &candidate->diff
    );
    if (verdict != TRIE_VALID) {
        return status_make(STATUS_CORRUPT, 0, trie_verdict_text(verdict));
    }
    return status_ok;
}

struct store_change candidate_store_change(const struct candidate *candidate) {
    return (struct store_change){
        .diff = &candidate->diff,
        .nodes = candidate->writes.items,
        .node_count = candidate->writes.count,
    };
}

struct store_block candidate_store_block(struct candidate *candidate) {
    const struct header *header = &candidate->block.header;
    const struct block_outcome *outcome = &candidate->outcome;
    struct arena *arena = &candidate->arena;
    return (struct store_block){
        .mark = {header->number, candidate->hash, candidate->state_root},
        .parent_hash = header->parent_hash,
        .header = header_encode(arena, header),
        .body = block_encode_body(arena, &candidate->block),
        .receipts = receipts_encode_stored(arena, outcome->receipts, outcome->receipt_count),
        .tx_hashes = candidate->tx_hashes,
        .tx_count = candidate->block.tx_count,
    };
}
