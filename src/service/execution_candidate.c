#include "service/execution_candidate.h"

#include "chain/receipt.h"
#include "chain/state_root.h"
#include "crypto/keccak.h"

enum { WARM_SIZE = 1 };

void root_memo_init(struct root_memo *memo, const struct arena_source *source) {
    *memo = (struct root_memo){.is_known = false};
    arena_init(&memo->arena, source);
    (void)arena_alloc_raw(&memo->arena, WARM_SIZE, 1); /* so that a rewind keeps the first chunk */
    memo->empty = arena_mark(&memo->arena);
}

void root_memo_free(struct root_memo *memo) {
    arena_reset(&memo->arena);
    memo->is_known = false;
}

void candidate_decode(struct candidate *candidate, struct bytes encoded) {
    struct block_outcome *outcome = &candidate->outcome;
    const struct bytes copy = arena_copy(&candidate->arena, encoded);
    outcome->verdict =
        block_decode(&candidate->arena, &candidate->block, &outcome->tx_verdict, copy);
}

void candidate_hash_txs(struct candidate *candidate) {
    const struct block *block = &candidate->block;
    candidate->tx_hashes = ARENA_ARRAY(&candidate->arena, struct hash, block->tx_count);
    for (size_t i = 0; i < block->tx_count; i++) {
        tx_hash_of(&candidate->tx_hashes[i], block->encoded_txs[i]);
    }
}

static bool same_slots(const struct state_account_diff *a, const struct state_account_diff *b) {
    if (a->slot_count != b->slot_count) return false;
    for (size_t i = 0; i < a->slot_count; i++) {
        if (!u256_equal(&a->slots[i].key, &b->slots[i].key) ||
            !u256_equal(&a->slots[i].after, &b->slots[i].after)) {
            return false;
        }
    }
    return true;
}

/* All that chain_state_root reads of a diff. */
static bool same_diff(const struct state_diff *a, const struct state_diff *b) {
    if (a->count != b->count) return false;
    for (size_t i = 0; i < a->count; i++) {
        const struct state_account_diff *x = &a->accounts[i];
        const struct state_account_diff *y = &b->accounts[i];
        if (!address_equal(&x->address, &y->address) || x->exists_after != y->exists_after ||
            x->storage_wiped != y->storage_wiped || x->after.nonce != y->after.nonce ||
            !u256_equal(&x->after.balance, &y->after.balance) ||
            !hash_equal(&x->after.storage_root, &y->after.storage_root) ||
            !hash_equal(&x->after.code_hash, &y->after.code_hash) || !same_slots(x, y)) {
            return false;
        }
    }
    return true;
}

/* Copies that live as long as arena. */
static struct trie_account_change *copy_changes(
    struct arena *arena, const struct trie_account_change *changes, size_t count
) {
    struct trie_account_change *copy = ARENA_ARRAY(arena, struct trie_account_change, count);
    for (size_t i = 0; i < count; i++) {
        const size_t slot_count = changes[i].slot_count;
        struct trie_slot_change *slots = ARENA_ARRAY(arena, struct trie_slot_change, slot_count);
        if (slot_count != 0) memcpy(slots, changes[i].slots, slot_count * sizeof *slots);
        copy[i] = changes[i];
        copy[i].slots = slots;
    }
    return copy;
}

static struct trie_writes copy_writes(struct arena *arena, const struct trie_writes *writes) {
    struct trie_writes copy = {
        .items = ARENA_ARRAY(arena, struct trie_write, writes->count),
        .count = writes->count,
        .capacity = writes->count,
    };
    for (size_t i = 0; i < writes->count; i++) {
        const struct trie_write *write = &writes->items[i];
        copy.items[i] = (struct trie_write){
            .path = arena_copy(arena, write->path),
            .node = arena_copy(arena, write->node),
            .wipes_owner = write->wipes_owner,
        };
        if (write->owner == NULL) continue;
        struct hash *owner = arena_alloc_raw(arena, sizeof *owner, _Alignof(struct hash));
        *owner = *write->owner;
        copy.items[i].owner = owner;
    }
    return copy;
}

/* The root after candidate's diff; what is made on the way belongs to arena. */
static struct status compute(
    struct candidate *candidate, const struct parent_state *parent, struct arena *arena
) {
    candidate->changes = chain_trie_changes(arena, &candidate->diff);
    const enum trie_verdict verdict = state_trie_update(
        arena, &candidate->writes, &candidate->state_root, &parent->trie, &parent->state_root,
        candidate->changes, candidate->diff.count
    );
    if (verdict != TRIE_VALID) {
        return status_make(STATUS_CORRUPT, 0, trie_verdict_text(verdict));
    }
    return status_ok;
}

struct status candidate_compute_root(
    struct candidate *candidate, const struct parent_state *parent
) {
    candidate->diff = state_diff(&candidate->arena, candidate->outcome.state);
    return compute(candidate, parent, &candidate->arena);
}

struct status candidate_compute_root_noting(
    struct candidate *candidate, const struct parent_state *parent, struct root_memo *memo
) {
    memo->is_known = false;
    memo->header = (struct bytes){NULL, 0};
    arena_rewind(&memo->arena, memo->empty);
    candidate->diff = state_diff(&memo->arena, candidate->outcome.state);
    const struct status status = compute(candidate, parent, &memo->arena);
    if (failed(status)) return status;
    memo->is_known = true;
    memo->old_root = parent->state_root;
    memo->new_root = candidate->state_root;
    memo->diff = candidate->diff;
    memo->changes = candidate->changes;
    memo->writes = candidate->writes;
    return status;
}

struct status candidate_compute_root_knowing(
    struct candidate *candidate, const struct parent_state *parent, const struct root_memo *memo
) {
    candidate->diff = state_diff(&candidate->arena, candidate->outcome.state);
    if (!memo->is_known || !hash_equal(&memo->old_root, &parent->state_root) ||
        !same_diff(&memo->diff, &candidate->diff)) {
        return compute(candidate, parent, &candidate->arena);
    }
    candidate->state_root = memo->new_root;
    candidate->changes = copy_changes(&candidate->arena, memo->changes, memo->diff.count);
    candidate->writes = copy_writes(&candidate->arena, &memo->writes);
    return status_ok;
}

struct hash header_hash_noting(const struct header *header, struct root_memo *memo) {
    memo->header = header_encode(&memo->arena, header);
    keccak256(&memo->header_hash, memo->header);
    return memo->header_hash;
}

void candidate_hash_knowing(struct candidate *candidate, const struct root_memo *memo) {
    candidate->encoded_header = header_encode(&candidate->arena, &candidate->block.header);
    if (bytes_equal(candidate->encoded_header, memo->header)) {
        candidate->hash = memo->header_hash;
    } else {
        keccak256(&candidate->hash, candidate->encoded_header);
    }
}

struct store_change candidate_store_change(const struct candidate *candidate) {
    return (struct store_change){
        .diff = &candidate->diff,
        .nodes = candidate->writes.items,
        .node_count = candidate->writes.count,
        .changes = candidate->changes,
    };
}

struct store_block candidate_store_block(struct candidate *candidate) {
    const struct header *header = &candidate->block.header;
    const struct block_outcome *outcome = &candidate->outcome;
    struct arena *arena = &candidate->arena;
    return (struct store_block){
        .mark = {header->number, candidate->hash, candidate->state_root},
        .parent_hash = header->parent_hash,
        .header = candidate->encoded_header,
        .body = block_encode_body(arena, &candidate->block),
        .receipts = receipts_encode_stored(arena, outcome->receipts, outcome->receipt_count),
        .tx_hashes = candidate->tx_hashes,
        .tx_count = candidate->block.tx_count,
    };
}
