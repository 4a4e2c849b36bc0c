/* testing: a small world kept as plain arrays, and the blocks that change it, for the programs that
 * test and measure the store. A full copy of the world a block is what the store is compared with.
 */
#ifndef STORE_TESTING_H
#define STORE_TESTING_H

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
        for (uint64_t s = 0; s < slot_count; s++)
            account->slots[world_random(seed) % WORLD_SLOTS] =
                world_random(seed) % 3 == 0 ? 0 : world_random(seed);
    }
}

static inline bool world_account_equal(
    const struct world_account *a, const struct world_account *b
) {
    return a->exists == b->exists && a->nonce == b->nonce && a->balance == b->balance &&
        a->code == b->code && memcmp(a->slots, b->slots, sizeof a->slots) == 0;
}

/* What a block that led from before to after did. Memory is arena's; after outlives it. */
static inline void world_changes(
    struct arena *arena,
    struct state_diff *diff,
    struct trie_account_change **changes,
    size_t *change_count,
    const struct world *before,
    const struct world *after
) {
    *changes = ARENA_ARRAY(arena, struct trie_account_change, WORLD_ACCOUNTS);
    diff->accounts = ARENA_ARRAY(arena, struct state_account_diff, WORLD_ACCOUNTS);
    diff->count = *change_count = 0;
    for (size_t i = 0; i < WORLD_ACCOUNTS; i++) {
        const struct world_account *was = &before->accounts[i];
        const struct world_account *is = &after->accounts[i];
        const bool wiped = after->wiped[i] && was->exists;
        if (world_account_equal(was, is) && !wiped) continue;
        if (!was->exists && !is->exists) continue;

        diff->accounts[diff->count++] = (struct state_account_diff){
            .address = world_address(i),
            .code_changed = was->code != is->code || wiped,
            .after = {.code_hash = world_code_hash(is)},
            .code = world_code(&is->code),
        };
        struct trie_slot_change *slots = ARENA_ARRAY(arena, struct trie_slot_change, WORLD_SLOTS);
        size_t slot_count = 0;
        for (size_t s = 0; s < WORLD_SLOTS; s++)
            if (wiped ? is->slots[s] != 0 : is->slots[s] != was->slots[s])
                slots[slot_count++] =
                    (struct trie_slot_change){world_slot_key(s), u256_from_u64(is->slots[s])};
        (*changes)[(*change_count)++] = (struct trie_account_change){
            .key = world_account_key(i),
            .is_deleted = !is->exists,
            .storage_is_wiped = wiped,
            .account =
                {.nonce = is->nonce,
                 .balance = u256_from_u64(is->balance),
                 .code_hash = world_code_hash(is)},
            .slots = slots,
            .slot_count = slot_count,
        };
    }
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
    struct trie_account_change *changes;
    size_t change_count;
    world_changes(arena, &diff, &changes, &change_count, before, after);

    struct store_view *view;
    struct status status = store_view_open(&view, store);
    if (failed(status)) return status;
    struct trie_writes writes = {0};
    struct trie_reader reader = {0};
    if (parent != NULL) status = store_trie(view, arena, &reader, parent->number);
    mark->state_root = trie_empty_root;
    enum trie_verdict verdict = TRIE_VALID;
    if (!failed(status))
        verdict = state_trie_update(
            arena, &writes, &mark->state_root, &reader,
            parent == NULL ? &trie_empty_root : &parent->state_root, changes, change_count
        );
    if (verdict != TRIE_VALID) status = status_make(STATUS_CORRUPT, 0, "updating the trie");
    store_view_close(view);
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
    const struct store_change change = {&diff, changes, change_count, &writes};
    return store_append(store, &block, &change);
}

#endif
