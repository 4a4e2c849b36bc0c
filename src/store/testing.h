/* testing: a small world kept as plain arrays, and the blocks that change it, for the programs that
 * test and measure the store. A full copy of the world a block is what the store is compared with.
 */
#ifndef STORE_TESTING_H
#define STORE_TESTING_H

#include "chain/state_root.h"
#include "crypto/keccak.h"
#include "store/store.h"
#include "world/heap.h"

#include <stdlib.h>

enum { WORLD_ACCOUNTS = 24, WORLD_SLOTS = 12 };

struct world_account {
    bool exists;
    uint64_t nonce;
    uint64_t balance;
    uint8_t code; /* 0: none */
    uint64_t slots[WORLD_SLOTS];
};

struct world {
    struct world_account accounts[WORLD_ACCOUNTS];
    bool
        wiped[WORLD_ACCOUNTS]; /* by the last step: its storage was emptied before it was written */
};

static inline uint64_t world_random(uint64_t *seed) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

static inline struct address world_address(size_t i) {
    struct address address = {{0xaa}};
    address.bytes[19] = (uint8_t)i;
    return address;
}

static inline struct hash world_account_key(size_t i) {
    const struct address address = world_address(i);
    struct hash key;
    keccak256(&key, BYTES_OF(address));
    return key;
}

static inline struct hash world_slot_key(size_t i) {
    const struct u256 slot = u256_from_u64(i);
    uint8_t be[32];
    u256_to_be(be, &slot);
    struct hash key;
    keccak256(&key, BYTES_OF(be));
    return key;
}

static inline struct bytes world_code(const uint8_t *code) {
    return bytes_from(code, *code == 0 ? 0 : 1);
}

static inline struct hash world_code_hash(const struct world_account *account) {
    struct hash hash;
    keccak256(&hash, world_code(&account->code));
    return hash;
}

/* One random step: a few accounts are written, some go, some come back with other storage. */
static inline void world_step(struct world *world, uint64_t *seed) {
    memset(world->wiped, 0, sizeof world->wiped);
    const uint64_t count = world_random(seed) % 6;
    for (uint64_t n = 0; n < count; n++) {
        const size_t i = world_random(seed) % WORLD_ACCOUNTS;
        struct world_account *account = &world->accounts[i];
        if (world_random(seed) % 8 == 0) {
            *account = (struct world_account){0};
            world->wiped[i] = true;
            if (world_random(seed) % 2 == 0) continue;
        }
        account->exists = true;
        account->nonce += world_random(seed) % 3;
        account->balance = world_random(seed) >> (world_random(seed) % 64);
        if (world_random(seed) % 4 == 0) account->code = (uint8_t)world_random(seed);
        const uint64_t slot_count = world_random(seed) % 5;
        for (uint64_t s = 0; s < slot_count; s++) {
            account->slots[world_random(seed) % WORLD_SLOTS] =
                world_random(seed) % 3 == 0 ? 0 : world_random(seed);
        }
    }
}

static inline bool world_account_equal(
    const struct world_account *a, const struct world_account *b
) {
    return a->exists == b->exists && a->nonce == b->nonce && a->balance == b->balance &&
        a->code == b->code && memcmp(a->slots, b->slots, sizeof a->slots) == 0;
}

/* The storage roots at the head, as a state reads them; empty while there is no head. */
static inline struct status world_storage_roots(
    struct store_view *view, struct arena *arena, struct hash out[WORLD_ACCOUNTS]
) {
    for (size_t i = 0; i < WORLD_ACCOUNTS; i++) {
        out[i] = trie_empty_root;
    }
    struct store_mark head;
    struct state_reader reader;
    if (store_head(view, &head).code == STATUS_MISSING) return status_ok;
    const struct status status = store_state(view, arena, &reader, head.number);
    for (size_t i = 0; !failed(status) && i < WORLD_ACCOUNTS; i++) {
        const struct address address = world_address(i);
        struct account account;
        if (reader.account(reader.ctx, &address, &account)) out[i] = account.storage_root;
    }
    return failed(status) ? status : store_state_status(view);
}

/* What a block that led from before to after did. Memory is arena's; after outlives it. */
static inline struct state_diff world_diff(
    struct arena *arena,
    const struct world *before,
    const struct world *after,
    const struct hash storage_roots[WORLD_ACCOUNTS]
) {
    struct state_diff diff = {
        .accounts = ARENA_ARRAY(arena, struct state_account_diff, WORLD_ACCOUNTS)};
    for (size_t i = 0; i < WORLD_ACCOUNTS; i++) {
        const struct world_account *was = &before->accounts[i];
        const struct world_account *is = &after->accounts[i];
        const bool wiped = after->wiped[i] && was->exists;
        if (!was->exists && !is->exists) continue;
        if (world_account_equal(was, is) && !wiped) continue;

        struct state_account_diff *account = &diff.accounts[diff.count++];
        *account = (struct state_account_diff){
            .address = world_address(i),
            .existed_before = was->exists,
            .exists_after = is->exists,
            .code_changed = was->code != is->code || wiped,
            .storage_wiped = wiped,
            .before =
                {.nonce = was->nonce,
                 .balance = u256_from_u64(was->balance),
                 .code_hash = world_code_hash(was),
                 .storage_root = storage_roots[i]},
            .after =
                {.nonce = is->nonce,
                 .balance = u256_from_u64(is->balance),
                 .code_hash = world_code_hash(is),
                 .storage_root = storage_roots[i]},
            .code = world_code(&is->code),
            .slots = ARENA_ARRAY(arena, struct state_slot_diff, WORLD_SLOTS),
        };
        for (size_t s = 0; s < WORLD_SLOTS; s++) {
            const uint64_t old = wiped ? 0 : was->slots[s];
            if (is->slots[s] == old) continue;
            account->slots[account->slot_count++] = (struct state_slot_diff
            ){u256_from_u64(s), u256_from_u64(old), u256_from_u64(is->slots[s])};
        }
    }
    return diff;
}

/* The diff and node writes that lead from before, which head is after (NULL: nothing), to after. */
static inline struct status world_update(
    struct store *store,
    struct arena *arena,
    struct state_diff *diff,
    struct trie_writes *writes,
    struct store_change *change,
    struct hash *root,
    const struct store_mark *head,
    const struct world *before,
    const struct world *after
) {
    struct store_view *view;
    struct status status = store_view_open(&view, store);
    if (failed(status)) return status;
    struct hash storage_roots[WORLD_ACCOUNTS];
    struct trie_reader reader = {0};
    if (head != NULL) status = store_trie(view, arena, &reader, head->number);
    if (!failed(status)) status = world_storage_roots(view, arena, storage_roots);
    *diff = world_diff(arena, before, after, storage_roots);
    *writes = (struct trie_writes){0};
    enum trie_verdict verdict = TRIE_VALID;
    if (!failed(status)) {
        struct trie_account_change *changes = chain_trie_changes(arena, diff);
        verdict = state_trie_update(
            arena, writes, root, &reader, head == NULL ? &trie_empty_root : &head->state_root,
            changes, diff->count
        );
        *change = (struct store_change){diff, writes->items, writes->count, changes};
    }
    if (verdict != TRIE_VALID) status = status_make(STATUS_CORRUPT, 0, trie_verdict_text(verdict));
    store_view_close(view);
    return status;
}

/* Changes the state of head, whose mark moves on, from before to after. */
static inline struct status world_amend(
    struct store *store,
    struct arena *arena,
    struct store_mark *head,
    const struct world *before,
    const struct world *after
) {
    struct state_diff diff;
    struct trie_writes writes;
    struct store_change change;
    struct hash root;
    const struct status status =
        world_update(store, arena, &diff, &writes, &change, &root, head, before, after);
    if (failed(status)) return status;
    head->state_root = root;
    return store_amend(store, &change, &root);
}

/* Commits the block after parent that leads from before to after; *mark is its place. salt makes
 * siblings differ. parent is NULL for genesis, whose hash is world_genesis_hash. */
static inline struct hash world_genesis_hash(void) {
    return (struct hash){{0x9e}};
}

static inline struct status world_commit(
    struct store *store,
    struct arena *arena,
    struct store_mark *mark,
    const struct store_mark *parent,
    const struct world *before,
    const struct world *after,
    uint64_t salt
) {
    struct state_diff diff;
    struct trie_writes writes;
    struct store_change change;
    const struct status status = world_update(
        store, arena, &diff, &writes, &change, &mark->state_root, parent, before, after
    );
    if (failed(status)) return status;

    uint8_t header[72];
    mark->number = parent == NULL ? 0 : parent->number + 1;
    store_be64(header, salt);
    memcpy(header + 8, parent == NULL ? trie_empty_root.bytes : parent->hash.bytes, 32);
    memcpy(header + 40, mark->state_root.bytes, 32);
    keccak256(&mark->hash, BYTES_OF(header));
    if (parent == NULL) mark->hash = world_genesis_hash();
    struct hash tx_hashes[2];
    for (size_t i = 0; i < 2; i++) {
        tx_hashes[i] = mark->hash;
        tx_hashes[i].bytes[0] ^= (uint8_t)(i + 1);
    }
    const struct store_block block = {
        .mark = *mark,
        .parent_hash = parent == NULL ? trie_empty_root : parent->hash,
        .header = BYTES_OF(header),
        .body = bytes_from("body", 4),
        .receipts = bytes_from("receipts", mark->number % 2 == 0 ? 8 : 0),
        .tx_hashes = tx_hashes,
        .tx_count = mark->number % 3,
    };
    return store_append(store, &block, &change);
}

#endif
