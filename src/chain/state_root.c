#include "chain/state_root.h"

#include "crypto/keccak_many.h"

/* Keys that are to be hashed, all at once: that is faster than one by one. */
struct keys {
    struct keccak256_task *tasks;
    size_t count;
};

static void hash_later(struct keys *keys, struct hash *out, struct bytes key) {
    keys->tasks[keys->count++] = (struct keccak256_task){key, out};
}

static struct trie_slot_change *slot_changes(
    struct arena *arena, struct keys *keys, const struct state_account_diff *account
) {
    struct trie_slot_change *const changes =
        ARENA_ARRAY(arena, struct trie_slot_change, account->slot_count);
    struct hash *const slots = ARENA_ARRAY(arena, struct hash, account->slot_count);
    for (size_t i = 0; i < account->slot_count; i++) {
        u256_to_be(slots[i].bytes, &account->slots[i].key);
        hash_later(keys, &changes[i].key, BYTES_OF(slots[i]));
        changes[i].value = account->slots[i].after;
    }
    return changes;
}

static void account_change(
    struct arena *arena,
    struct keys *keys,
    struct trie_account_change *out,
    const struct state_account_diff *account
) {
    hash_later(keys, &out->key, BYTES_OF(account->address));
    if (!account->exists_after) {
        out->is_deleted = true;
        return;
    }
    out->storage_is_wiped = account->storage_wiped;
    out->account = (struct trie_account){
        .nonce = account->after.nonce,
        .balance = account->after.balance,
        .storage_root = account->after.storage_root,
        .code_hash = account->after.code_hash,
    };
    out->slots = slot_changes(arena, keys, account);
    out->slot_count = account->slot_count;
}

struct trie_account_change *chain_trie_changes(struct arena *arena, const struct state_diff *diff) {
    struct trie_account_change *const changes =
        ARENA_ARRAY(arena, struct trie_account_change, diff->count);
    size_t key_count = diff->count;
    for (size_t i = 0; i < diff->count; i++) {
        key_count += diff->accounts[i].slot_count;
    }
    struct keys keys = {.tasks = ARENA_ARRAY(arena, struct keccak256_task, key_count)};
    for (size_t i = 0; i < diff->count; i++) {
        account_change(arena, &keys, &changes[i], &diff->accounts[i]);
    }
    keccak256_many(keys.tasks, keys.count);
    return changes;
}

enum trie_verdict chain_state_root(
    struct arena *arena,
    struct trie_writes *writes,
    struct hash *root,
    const struct trie_reader *reader,
    const struct hash *old_root,
    const struct state_diff *diff
) {
    struct trie_account_change *const changes = chain_trie_changes(arena, diff);
    return state_trie_update(arena, writes, root, reader, old_root, changes, diff->count);
}
