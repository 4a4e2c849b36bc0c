#include "cmd/flat_state.h"

#include "chain/state_root.h"
#include "crypto/keccak.h"

#include <stddef.h>
#include <stdlib.h>

enum { ENTRIES_MIN = 1 << 12, KEY_SIZE = 64 };

/* Of any table: what it holds under a key. A value that is not there any more stays, marked so. */
struct flat_entry {
    uint8_t key[KEY_SIZE];
    bool is_used, is_there;
    uint64_t
        incarnation; /* of an account: raised when its slots are wiped, and part of their keys */
    uint64_t slot_count; /* of an account: those that are not zero */
    struct account account;
    struct u256 value;
    struct bytes bytes; /* of code or of a trie's node */
};

static struct flat_entry *place_of(const struct flat_table *table, const uint8_t key[KEY_SIZE]) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < KEY_SIZE; i++) { /* FNV-1a */
        hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
    }
    size_t i = (hash ^ hash >> 32) & table->mask;
    while (table->entries[i].is_used && memcmp(table->entries[i].key, key, KEY_SIZE) != 0) {
        i = (i + 1) & table->mask;
    }
    return &table->entries[i];
}

static void make_table(struct flat_table *table, size_t size) {
    table->entries = calloc(size, sizeof *table->entries);
    ASSERT(table->entries != NULL);
    table->mask = size - 1;
}

/* The entry, made where it is not there. */
static struct flat_entry *entry_of(struct flat_table *table, const uint8_t key[KEY_SIZE]) {
    if (2 * table->count > table->mask) {
        const struct flat_table old = *table;
        make_table(table, 2 * (old.mask + 1));
        for (size_t i = 0; i <= old.mask; i++) {
            if (!old.entries[i].is_used) continue;
            *place_of(table, old.entries[i].key) = old.entries[i];
        }
        free(old.entries);
    }
    struct flat_entry *const entry = place_of(table, key);
    if (!entry->is_used) {
        memcpy(entry->key, key, KEY_SIZE);
        entry->is_used = true;
        table->count++;
    }
    return entry;
}

static void address_key(uint8_t key[KEY_SIZE], const struct address *address) {
    memset(key, 0, KEY_SIZE);
    memcpy(key, address->bytes, sizeof address->bytes);
}

static void slot_key(
    uint8_t key[KEY_SIZE],
    const struct address *address,
    uint64_t incarnation,
    const struct u256 *slot
) {
    address_key(key, address);
    store_le64(key + 24, incarnation);
    u256_to_be(key + 32, slot);
}

static void hash_key(uint8_t key[KEY_SIZE], const struct hash *hash) {
    memset(key, 0, KEY_SIZE);
    memcpy(key, hash->bytes, sizeof hash->bytes);
}

void flat_state_init(
    struct flat_state *state,
    const struct arena_source *source,
    void (*block_hash)(void *ctx, uint64_t number, struct hash *out),
    void *block_hash_ctx
) {
    *state = (struct flat_state
    ){.root = trie_empty_root, .block_hash = block_hash, .block_hash_ctx = block_hash_ctx};
    arena_init(&state->arena, source);
    make_table(&state->accounts, ENTRIES_MIN);
    make_table(&state->slots, ENTRIES_MIN);
    make_table(&state->codes, ENTRIES_MIN);
    make_table(&state->nodes, ENTRIES_MIN);
}

void flat_state_free(struct flat_state *state) {
    free(state->accounts.entries);
    free(state->slots.entries);
    free(state->codes.entries);
    free(state->nodes.entries);
    arena_reset(&state->arena);
}

static bool read_account(void *ctx, const struct address *address, struct account *out) {
    const struct flat_state *const state = ctx;
    uint8_t key[KEY_SIZE];
    address_key(key, address);
    const struct flat_entry *const entry = place_of(&state->accounts, key);
    if (!entry->is_there) return false;
    *out = entry->account;
    /* Only whether it is the empty root matters. */
    out->storage_root = entry->slot_count == 0 ? trie_empty_root : (struct hash){{0}};
    return true;
}

static void read_slot(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    const struct flat_state *const state = ctx;
    uint8_t key[KEY_SIZE];
    address_key(key, address);
    const uint64_t incarnation = place_of(&state->accounts, key)->incarnation;
    slot_key(key, address, incarnation, slot);
    *value = place_of(&state->slots, key)->value; /* zero where there is none */
}

static struct bytes read_code(void *ctx, const struct hash *code_hash) {
    const struct flat_state *const state = ctx;
    uint8_t key[KEY_SIZE];
    hash_key(key, code_hash);
    return place_of(&state->codes, key)->bytes;
}

static bool read_node(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    const struct flat_state *const state = ctx;
    uint8_t key[KEY_SIZE];
    hash_key(key, place->hash);
    *rlp = place_of(&state->nodes, key)->bytes;
    return rlp->len != 0;
}

static void read_block_hash(void *ctx, uint64_t number, struct hash *out) {
    const struct flat_state *const state = ctx;
    state->block_hash(state->block_hash_ctx, number, out);
}

struct state_reader flat_state_reader(struct flat_state *state) {
    return (struct state_reader){read_account, read_slot, read_code, read_block_hash, state};
}

static bool compute_root(
    struct flat_state *state,
    struct arena *scratch,
    struct hash *root,
    const struct state_diff *diff,
    bool keep_nodes
) {
    const struct trie_reader reader = {read_node, state};
    struct trie_writes writes = {NULL, 0, 0};
    if (chain_state_root(scratch, &writes, root, &reader, &state->root, diff) != TRIE_VALID) {
        return false;
    }
    for (size_t i = 0; keep_nodes && i < writes.count; i++) {
        const struct bytes node = writes.items[i].node;
        struct hash hash;
        uint8_t key[KEY_SIZE];
        if (node.len == 0) continue;
        keccak256(&hash, node);
        hash_key(key, &hash);
        struct flat_entry *const entry = entry_of(&state->nodes, key);
        if (entry->bytes.len == 0) entry->bytes = arena_copy(&state->arena, node);
    }
    return true;
}

bool flat_state_root(
    struct flat_state *state,
    struct arena *scratch,
    struct hash *root,
    const struct state_diff *diff
) {
    return compute_root(state, scratch, root, diff, false);
}

static void apply_account(struct flat_state *state, const struct state_account_diff *diff) {
    uint8_t key[KEY_SIZE];
    address_key(key, &diff->address);
    struct flat_entry *const account = entry_of(&state->accounts, key);
    account->is_there = diff->exists_after;
    account->account = diff->after;
    if (diff->storage_wiped) {
        account->incarnation++;
        account->slot_count = 0;
    }
    for (size_t i = 0; i < diff->slot_count; i++) {
        slot_key(key, &diff->address, account->incarnation, &diff->slots[i].key);
        struct flat_entry *const slot = entry_of(&state->slots, key);
        account->slot_count -= !u256_is_zero(&slot->value);
        account->slot_count += !u256_is_zero(&diff->slots[i].after);
        slot->value = diff->slots[i].after;
    }
    if (diff->code_changed) {
        hash_key(key, &diff->after.code_hash);
        struct flat_entry *const code = entry_of(&state->codes, key);
        if (code->bytes.len == 0) code->bytes = arena_copy(&state->arena, diff->code);
    }
}

bool flat_state_apply(
    struct flat_state *state, struct arena *scratch, const struct state_diff *diff
) {
    struct hash root;
    if (!compute_root(state, scratch, &root, diff, true)) return false;
    for (size_t i = 0; i < diff->count; i++) {
        apply_account(state, &diff->accounts[i]);
    }
    state->root = root;
    return true;
}
