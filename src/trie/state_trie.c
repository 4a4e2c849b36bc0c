#include "trie/state_trie.h"

#include "crypto/keccak.h"
#include "trie/trie_batch.h"

struct trie_account trie_account_empty(void) {
    return (struct trie_account){.storage_root = trie_empty_root, .code_hash = keccak256_of_empty};
}

size_t trie_account_encode(uint8_t out[TRIE_ACCOUNT_SIZE_MAX], const struct trie_account *account) {
    const size_t payload_size =
        rlp_size_u64(account->nonce) + rlp_size_u256(&account->balance) + 2 * RLP_HASH_SIZE;
    struct rlp_writer writer = rlp_writer_fixed(out, TRIE_ACCOUNT_SIZE_MAX);
    rlp_write_list_header(&writer, payload_size);
    rlp_write_u64(&writer, account->nonce);
    rlp_write_u256(&writer, &account->balance);
    rlp_write_hash(&writer, &account->storage_root);
    rlp_write_hash(&writer, &account->code_hash);
    return rlp_written(&writer).len;
}

enum rlp_verdict trie_account_decode(struct trie_account *out, struct bytes encoded) {
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list list = rlp_enter(&reader);
    rlp_read_u64(&reader, &out->nonce);
    rlp_read_u256(&reader, &out->balance);
    rlp_read_hash(&reader, &out->storage_root);
    rlp_read_hash(&reader, &out->code_hash);
    rlp_leave(&reader, list);
    return rlp_finish(&reader);
}

size_t trie_slot_encode(uint8_t out[RLP_U256_MAX], const struct u256 *value) {
    ASSERT(!u256_is_zero(value));
    struct rlp_writer writer = rlp_writer_fixed(out, RLP_U256_MAX);
    rlp_write_u256(&writer, value);
    return rlp_written(&writer).len;
}

/* The account's storage trie in batch, with its changes; NULL where it does not change. *old_root is
 * that of accounts. */
static struct trie_tree *change_storage(
    struct trie_batch *batch, struct trie_tree *accounts, struct trie_account_change *change
) {
    struct trie_account old = trie_account_empty();
    const struct bytes leaf = trie_tree_get(accounts, &change->key);
    if (leaf.len > 0 && trie_account_decode(&old, leaf) != RLP_VALID) {
        batch->verdict = TRIE_MALFORMED_NODE;
    }
    if (batch->verdict != TRIE_VALID) return NULL;

    const bool is_wiped = change->is_deleted || change->storage_is_wiped;
    if (is_wiped && !hash_equal(&old.storage_root, &trie_empty_root)) {
        const struct trie_write wipe = {.owner = &change->key, .wipes_owner = true};
        trie_writes_add(batch->writes, batch->arena, wipe);
        old.storage_root = trie_empty_root;
    }
    change->account.storage_root = old.storage_root;
    if (change->is_deleted || change->slot_count == 0) return NULL;

    struct trie_tree *storage = trie_batch_tree(batch, &change->key, &old.storage_root);
    for (size_t i = 0; i < change->slot_count; i++) {
        const struct trie_slot_change *slot = &change->slots[i];
        if (u256_is_zero(&slot->value)) {
            trie_tree_delete(storage, &slot->key);
            continue;
        }
        uint8_t *encoded = arena_alloc_raw(batch->arena, RLP_U256_MAX, 1);
        const size_t size = trie_slot_encode(encoded, &slot->value);
        trie_tree_put(storage, &slot->key, bytes_from(encoded, size));
    }
    return storage;
}

static void change_account(struct trie_tree *accounts, const struct trie_account_change *change) {
    if (change->is_deleted) {
        trie_tree_delete(accounts, &change->key);
        return;
    }
    uint8_t *encoded = arena_alloc_raw(accounts->batch->arena, TRIE_ACCOUNT_SIZE_MAX, 1);
    const size_t size = trie_account_encode(encoded, &change->account);
    trie_tree_put(accounts, &change->key, bytes_from(encoded, size));
}

enum trie_verdict state_trie_update(
    struct arena *arena,
    struct trie_writes *writes,
    struct hash *root,
    const struct trie_reader *reader,
    const struct hash *old_root,
    struct trie_account_change *changes,
    size_t count
) {
    const size_t write_count = writes->count;
    *root = *old_root;

    /* Storage first, all of it in one batch: accounts need its roots. The nodes that are loaded to
     * find the old storage roots are those that the accounts' batch then changes. */
    struct trie_batch storage_batch, account_batch;
    trie_batch_init(&storage_batch, arena, reader, writes);
    trie_batch_init(&account_batch, arena, reader, writes);
    struct trie_tree *accounts = trie_batch_tree(&account_batch, NULL, old_root);
    struct trie_tree **storages = ARENA_ARRAY(arena, struct trie_tree *, count);
    for (size_t i = 0; i < count && account_batch.verdict == TRIE_VALID; i++) {
        storages[i] = change_storage(&storage_batch, accounts, &changes[i]);
    }
    trie_batch_finish(&storage_batch);

    for (size_t i = 0; i < count; i++) {
        if (storages[i] != NULL) changes[i].account.storage_root = storages[i]->root;
        change_account(accounts, &changes[i]);
    }
    trie_batch_finish(&account_batch);

    enum trie_verdict verdict = account_batch.verdict;
    if (verdict == TRIE_VALID) verdict = storage_batch.verdict;
    if (verdict != TRIE_VALID) {
        writes->count = write_count;
        return verdict;
    }
    *root = accounts->root;
    return TRIE_VALID;
}

enum trie_verdict state_trie_account(
    struct trie_account *out,
    bool *exists,
    const struct trie_reader *reader,
    const struct hash *root,
    const struct hash *key
) {
    *out = trie_account_empty();
    *exists = false;
    struct bytes leaf;
    const struct trie_place place = {.hash = root};
    const enum trie_verdict verdict = trie_get(&leaf, reader, &place, key);
    if (verdict != TRIE_VALID || leaf.len == 0) return verdict;
    if (trie_account_decode(out, leaf) != RLP_VALID) return TRIE_MALFORMED_NODE;
    *exists = true;
    return TRIE_VALID;
}

enum trie_verdict state_trie_slot(
    struct u256 *out,
    const struct trie_reader *reader,
    const struct hash *owner,
    const struct hash *storage_root,
    const struct hash *key
) {
    *out = U256_ZERO;
    struct bytes leaf;
    const struct trie_place place = {.owner = owner, .hash = storage_root};
    const enum trie_verdict verdict = trie_get(&leaf, reader, &place, key);
    if (verdict != TRIE_VALID || leaf.len == 0) return verdict;
    struct rlp_reader slot = rlp_read(leaf);
    rlp_read_u256(&slot, out);
    return rlp_finish(&slot) == RLP_VALID ? TRIE_VALID : TRIE_MALFORMED_NODE;
}
