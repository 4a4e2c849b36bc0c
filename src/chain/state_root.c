#include "chain/state_root.h"

#include "crypto/keccak.h"

static struct trie_slot_change *slot_changes(
    struct arena *arena, const struct state_account_diff *account
) {
    struct trie_slot_change *const changes =
        ARENA_ARRAY(arena, struct trie_slot_change, account->slot_count);
    for (size_t i = 0; i < account->slot_count; i++) {
        uint8_t slot[32];
        u256_to_be(slot, &account->slots[i].key);
        keccak256(&changes[i].key, BYTES_OF(slot));
        changes[i].value = account->slots[i].after;
    }
    return changes;
}

static void account_change(
    struct arena *arena, struct trie_account_change *out, const struct state_account_diff *account
) {
    keccak256(&out->key, BYTES_OF(account->address));
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
    out->slots = slot_changes(arena, account);
    out->slot_count = account->slot_count;
}

enum trie_verdict chain_state_root(
    struct arena *arena,
    struct trie_writes *writes,
    struct hash *root,
    const struct trie_reader *reader,
    const struct hash *old_root,
    const struct state_diff *diff
) {
    struct trie_account_change *const changes =
        ARENA_ARRAY(arena, struct trie_account_change, diff->count);
    for (size_t i = 0; i < diff->count; i++) {
        account_change(arena, &changes[i], &diff->accounts[i]);
    }
    return state_trie_update(arena, writes, root, reader, old_root, changes, diff->count);
}
