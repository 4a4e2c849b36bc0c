/* The past: what blocks changed, taken back in the tables or only in memory. */
#include "store/internal.h"
#include "store/store.h"

#include <stdlib.h>

/* A rollback goes in pieces of so many changes, to bound its memory. */
#define ROLLBACK_PIECE 65536

/* --- records --------------------------------------------------------------------------------- */

static enum table flat_table(const struct state_key *key) {
    return key->is_slot ? TABLE_SLOTS : TABLE_ACCOUNTS;
}

static enum table history_table(const struct state_key *key) {
    return key->is_slot ? TABLE_SLOT_HISTORY : TABLE_ACCOUNT_HISTORY;
}

struct status flat_read(struct txn *txn, struct bytes *value, const struct state_key *key) {
    const struct key flat = state_key_flat(key);
    const struct status status = table_get(txn, flat_table(key), value, key_bytes(&flat));
    return status.code == STATUS_MISSING ? status_ok : status;
}

struct status history_record(
    struct txn *txn, const struct state_key *key, uint64_t number, struct bytes value
) {
    const struct key place = state_key_history(key, number);
    struct key copy = {.len = 0}; /* the write below may move what value points at */
    key_add(&copy, value.data, value.len);
    return table_put_new(txn, history_table(key), key_bytes(&place), key_bytes(&copy));
}

struct status history_read(
    struct txn *txn, struct bytes *value, bool *found, const struct state_key *key, uint64_t number
) {
    const struct key wanted = state_key_history(key, number + 1);
    const size_t prefix_len = wanted.len - sizeof(uint64_t);
    struct bytes place;
    *found = false;
    const struct status status =
        table_seek(txn, history_table(key), &place, value, key_bytes(&wanted));
    if (status.code == STATUS_MISSING) return status_ok;
    if (failed(status)) return status;
    *found = memcmp(place.data, wanted.bytes, prefix_len) == 0;
    return status_ok;
}

struct status flat_write(struct txn *txn, const struct state_key *key, struct bytes value) {
    const struct key flat = state_key_flat(key);
    if (value.len == 0) return table_delete(txn, flat_table(key), key_bytes(&flat));
    return table_put(txn, flat_table(key), key_bytes(&flat), value);
}

/* --- lists of changes ------------------------------------------------------------------------- */

static void list_add(struct change_list *list, struct arena *arena, struct bytes data) {
    if (list->capacity - list->len < data.len) {
        size_t capacity = list->capacity == 0 ? 1024 : list->capacity * 2;
        while (capacity - list->len < data.len) {
            capacity *= 2;
        }
        uint8_t *grown = arena_alloc_raw(arena, capacity, 1);
        if (list->len != 0) memcpy(grown, list->data, list->len);
        list->data = grown;
        list->capacity = capacity;
    }
    memcpy(list->data + list->len, data.data, data.len);
    list->len += data.len;
}

void change_list_begin(struct change_list *list, struct arena *arena, struct bytes stored) {
    *list = (struct change_list){0};
    if (stored.len != 0) list_add(list, arena, stored);
}

void change_list_account(
    struct change_list *list, struct arena *arena, const struct hash *account
) {
    static const uint8_t no_slots[4];
    list_add(list, arena, BYTES_OF(*account));
    list->count_at = list->len;
    list_add(list, arena, BYTES_OF(no_slots));
}

void change_list_slot(struct change_list *list, struct arena *arena, const struct hash *slot) {
    list_add(list, arena, BYTES_OF(*slot));
    uint8_t *count = list->data + list->count_at;
    store_be32(count, load_be32(count) + 1);
}

static void keys_add(struct state_keys *keys, struct arena *arena, const struct state_key *key) {
    if (keys->count == keys->capacity) {
        const size_t capacity = keys->capacity == 0 ? 256 : keys->capacity * 2;
        struct state_key *grown =
            arena_alloc_raw(arena, capacity * sizeof *grown, _Alignof(struct state_key));
        if (keys->count != 0) memcpy(grown, keys->items, keys->count * sizeof *grown);
        keys->items = grown;
        keys->capacity = capacity;
    }
    keys->items[keys->count++] = *key;
}

/* Adds all that block number changed to keys. */
static struct status read_changes(
    struct txn *txn, struct arena *arena, struct state_keys *keys, uint64_t number
) {
    struct key at = {.len = 0};
    key_add_number(&at, number);
    struct bytes list;
    const struct status status = table_get(txn, TABLE_CHANGES, &list, key_bytes(&at));
    if (status.code == STATUS_MISSING) return status_ok; /* a block that changed nothing */
    if (failed(status)) return status;

    const uint8_t *p = list.data;
    const uint8_t *end = p + list.len;
    while (p != end) {
        struct state_key key = {.is_slot = false};
        if ((size_t)(end - p) < sizeof key.account + 4) return store_damaged("reading a diff");
        memcpy(key.account.bytes, p, sizeof key.account);
        const uint32_t slot_count = load_be32(p + sizeof key.account);
        p += sizeof key.account + 4;
        keys_add(keys, arena, &key);
        if ((size_t)(end - p) / sizeof key.slot < slot_count) {
            return store_damaged("reading a diff");
        }
        key.is_slot = true;
        for (uint32_t i = 0; i < slot_count; i++, p += sizeof key.slot) {
            memcpy(key.slot.bytes, p, sizeof key.slot);
            keys_add(keys, arena, &key);
        }
    }
    return status_ok;
}

static int compare_keys(const void *a, const void *b) {
    const struct state_key *x = a;
    const struct state_key *y = b;
    const int account = memcmp(x->account.bytes, y->account.bytes, sizeof x->account);
    if (account != 0) return account;
    if (x->is_slot != y->is_slot) return x->is_slot ? 1 : -1;
    return x->is_slot ? memcmp(x->slot.bytes, y->slot.bytes, sizeof x->slot) : 0;
}

/* An account's own key first, then its slots; each once. */
static void sort_keys(struct state_keys *keys) {
    if (keys->count == 0) return;
    qsort(keys->items, keys->count, sizeof *keys->items, compare_keys);
    size_t kept = 1;
    for (size_t i = 1; i < keys->count; i++) {
        if (compare_keys(&keys->items[i], &keys->items[kept - 1]) != 0) {
            keys->items[kept++] = keys->items[i];
        }
    }
    keys->count = kept;
}

/* --- the trie of then ------------------------------------------------------------------------- */

/* The encoded value of key after block number; empty where it has none. */
static struct status read_then(
    struct txn *txn, struct bytes *value, const struct state_key *key, uint64_t number
) {
    bool found;
    const struct status status = history_read(txn, value, &found, key, number);
    if (failed(status) || found) return status;
    return flat_read(txn, value, key);
}

static struct status read_account_then(
    struct txn *txn, struct trie_account_change *out, const struct state_key *key, uint64_t number
) {
    struct bytes value;
    struct account account;
    const struct status status = read_then(txn, &value, key, number);
    if (failed(status)) return status;
    *out = (struct trie_account_change){.key = key->account, .is_deleted = value.len == 0};
    if (out->is_deleted) return status_ok;
    if (!account_from_value(&account, value)) return store_damaged("reading an account");
    out->account = (struct trie_account){
        .nonce = account.nonce,
        .balance = account.balance,
        .storage_root = account.storage_root,
        .code_hash = account.code_hash,
    };
    return status_ok;
}

/* What turns the head's trie into that after block number, for sorted keys. */
static struct status changes_since(
    struct txn *txn,
    struct arena *arena,
    struct trie_account_change **out,
    size_t *count,
    const struct state_keys *keys,
    uint64_t number
) {
    struct trie_account_change *changes =
        ARENA_ARRAY(arena, struct trie_account_change, keys->count);
    struct trie_slot_change *slots = ARENA_ARRAY(arena, struct trie_slot_change, keys->count);
    struct status status = status_ok;
    *out = changes;
    *count = 0;
    for (size_t i = 0; !failed(status) && i < keys->count; i++) {
        const struct state_key *key = &keys->items[i];
        if (!key->is_slot) {
            status = read_account_then(txn, &changes[*count], key, number);
            changes[(*count)++].slots = slots;
            continue;
        }
        ASSERT(*count > 0); /* a slot's account comes before it */
        struct bytes value;
        status = read_then(txn, &value, key, number);
        if (failed(status)) break;
        slots->key = key->slot;
        if (!slot_from_value(&slots->value, value)) return store_damaged("reading a slot");
        changes[*count - 1].slot_count++;
        slots++;
    }
    return status;
}

/* The writes that turn the head's trie into that of target, which is checked against its root. */
static struct status writes_since(
    struct txn *txn,
    struct arena *arena,
    struct trie_writes *writes,
    const struct state_keys *keys,
    const struct store_mark *target,
    const struct store_mark *head,
    const struct trie_reader *head_nodes
) {
    struct trie_account_change *changes;
    size_t count;
    struct hash root;
    const struct status status = changes_since(txn, arena, &changes, &count, keys, target->number);
    if (failed(status)) return status;
    const enum trie_verdict verdict =
        state_trie_update(arena, writes, &root, head_nodes, &head->state_root, changes, count);
    if (verdict != TRIE_VALID) return store_damaged(trie_verdict_text(verdict));
    if (!hash_equal(&root, &target->state_root)) {
        return store_damaged("comparing an older state with its block's root");
    }
    return status_ok;
}

/* --- rollback -------------------------------------------------------------------------------- */

static struct status delete_tx_places(struct txn *txn, const struct store_mark *mark) {
    const struct key key = block_key(mark->number, &mark->hash, BLOCK_PART_TX_HASHES);
    struct bytes hashes;
    struct status status = table_get(txn, TABLE_BLOCKS, &hashes, key_bytes(&key));
    if (failed(status)) return status.code == STATUS_MISSING ? status_ok : status;
    const size_t count = hashes.len / sizeof(struct hash);
    for (size_t i = 0; !failed(status) && i < count; i++) {
        struct hash hash;
        memcpy(hash.bytes, hashes.data + i * sizeof hash, sizeof hash);
        status = table_delete(txn, TABLE_TRANSACTIONS, BYTES_OF(hash));
    }
    return status;
}

static struct status forget_block(struct txn *txn, const struct store_mark *mark) {
    static const enum block_part parts[] = {
        BLOCK_PART_HEADER, BLOCK_PART_BODY, BLOCK_PART_RECEIPTS, BLOCK_PART_TX_HASHES};
    struct status status = table_delete(txn, TABLE_NUMBERS, BYTES_OF(mark->hash));
    for (size_t i = 0; !failed(status) && i < ARRAY_LEN(parts); i++) {
        const struct key key = block_key(mark->number, &mark->hash, parts[i]);
        status = table_delete(txn, TABLE_BLOCKS, key_bytes(&key));
    }
    return status;
}

/* Takes block number off the chain, but for the state. */
static struct status unlink_block(struct txn *txn, uint64_t number, enum store_unwound unwound) {
    struct store_mark mark;
    struct key key = {.len = 0};
    key_add_number(&key, number);
    struct status status = canonical_read(txn, &mark, number);
    if (!failed(status)) status = delete_tx_places(txn, &mark);
    if (!failed(status)) status = table_delete(txn, TABLE_BLOCKS, key_bytes(&key));
    if (!failed(status)) status = table_delete(txn, TABLE_CHANGES, key_bytes(&key));
    if (!failed(status) && unwound == STORE_FORGET_BLOCKS) status = forget_block(txn, &mark);
    return status;
}

/* Gives keys[from…] the values from before block number, and drops the records of those. */
static struct status restore(
    struct txn *txn, const struct state_keys *keys, size_t from, uint64_t number
) {
    struct status status = status_ok;
    for (size_t i = from; !failed(status) && i < keys->count; i++) {
        const struct state_key *key = &keys->items[i];
        const struct key place = state_key_history(key, number);
        struct bytes value;
        status = table_get(txn, history_table(key), &value, key_bytes(&place));
        if (status.code == STATUS_MISSING) { /* the key stands in the list twice */
            status = status_ok;
            continue;
        }
        if (failed(status)) return status;
        struct key copy = {.len = 0};
        key_add(&copy, value.data, value.len);
        status = flat_write(txn, key, key_bytes(&copy));
        if (!failed(status)) status = table_delete(txn, history_table(key), key_bytes(&place));
    }
    return status;
}

/* Goes back from head towards number, by one piece; *head is where that ends. */
static struct status rollback_piece(
    struct txn *txn,
    struct arena *arena,
    struct store_mark *head,
    uint64_t number,
    enum store_unwound unwound
) {
    struct state_keys keys = {0};
    struct trie_writes writes = {0};
    struct store_mark target;
    uint64_t at = head->number;
    struct status status = status_ok;
    for (; !failed(status) && at > number && keys.count < ROLLBACK_PIECE; at--) {
        const size_t from = keys.count;
        status = read_changes(txn, arena, &keys, at);
        if (!failed(status)) status = restore(txn, &keys, from, at);
        if (!failed(status)) status = unlink_block(txn, at, unwound);
    }
    if (!failed(status)) status = canonical_read(txn, &target, at);
    if (failed(status)) return status;
    sort_keys(&keys);
    struct node_source source = {.txn = txn};
    const struct trie_reader nodes = node_reader(&source);
    status = writes_since(txn, arena, &writes, &keys, &target, head, &nodes);
    if (!failed(status)) status = nodes_apply_directly(txn, writes.items, writes.count);
    *head = target;
    return status;
}

struct status history_rollback(
    struct txn *txn, struct arena *arena, uint64_t number, enum store_unwound unwound
) {
    struct store_mark head;
    struct status status = mark_read(txn, &head, META_HEAD);
    while (!failed(status) && head.number > number) {
        const struct arena_mark mark = arena_mark(arena);
        status = rollback_piece(txn, arena, &head, number, unwound);
        arena_rewind(arena, mark);
    }
    return status;
}

/* --- an older trie ---------------------------------------------------------------------------- */

/* The head's nodes with writes above them, sorted by owner and path. */
struct overlay {
    struct trie_writes writes;
    struct trie_reader head;
};

static int compare_places(
    const struct hash *owner_a, struct bytes path_a, const struct hash *owner_b, struct bytes path_b
) {
    static const struct hash none;
    if ((owner_a == NULL) != (owner_b == NULL)) return owner_a == NULL ? -1 : 1;
    if (owner_a == NULL) owner_a = owner_b = &none;
    const int owner = memcmp(owner_a->bytes, owner_b->bytes, sizeof none);
    if (owner != 0) return owner;
    const size_t shorter = path_a.len < path_b.len ? path_a.len : path_b.len;
    const int path = shorter == 0 ? 0 : memcmp(path_a.data, path_b.data, shorter);
    if (path != 0) return path;
    return (path_a.len > path_b.len) - (path_a.len < path_b.len);
}

/* A wipe sorts before all nodes of its owner, a node at the empty path included. */
static int compare_writes(const void *a, const void *b) {
    const struct trie_write *x = a;
    const struct trie_write *y = b;
    const int place = compare_places(x->owner, x->path, y->owner, y->path);
    return place != 0 ? place : (int)y->wipes_owner - (int)x->wipes_owner;
}

static const struct trie_write *overlay_find(
    const struct overlay *overlay, const struct hash *owner, struct bytes path, bool wipe
) {
    const struct trie_write wanted = {.owner = owner, .path = path, .wipes_owner = wipe};
    if (overlay->writes.count == 0) return NULL;
    return bsearch(
        &wanted, overlay->writes.items, overlay->writes.count, sizeof wanted, compare_writes
    );
}

static bool read_overlay(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    const struct overlay *overlay = ctx;
    const struct trie_write *write = overlay_find(overlay, place->owner, place->path, false);
    if (write != NULL) {
        *rlp = write->node;
        return write->node.len != 0;
    }
    const struct bytes none = {NULL, 0};
    if (place->owner != NULL && overlay_find(overlay, place->owner, none, true) != NULL) {
        return false;
    }
    return overlay->head.node(overlay->head.ctx, place, rlp);
}

struct status store_trie(
    struct store_view *view, struct arena *arena, struct trie_reader *out, uint64_t number
) {
    struct store_mark head;
    struct store_mark target;
    struct status status = mark_read(view->txn, &head, META_HEAD);
    if (!failed(status)) status = canonical_read(view->txn, &target, number);
    if (failed(status)) return status;
    struct node_source *source = ARENA_NEW(arena, struct node_source);
    *source = view_nodes(view);
    *out = node_reader(source);
    if (number == head.number) return status_ok;
    if (head.number - number > STORE_PROOF_BLOCKS) {
        return status_make(STATUS_UNAVAILABLE, 0, "proving a state too far behind the head");
    }

    struct state_keys keys = {0};
    for (uint64_t at = number + 1; at <= head.number; at++) {
        status = read_changes(view->txn, arena, &keys, at);
        if (failed(status)) return status;
        if (keys.count > STORE_PROOF_CHANGES) {
            return status_make(STATUS_UNAVAILABLE, 0, "proving a state too many changes ago");
        }
    }
    sort_keys(&keys);
    struct overlay *overlay = ARENA_NEW(arena, struct overlay);
    overlay->head = *out;
    status =
        writes_since(view->txn, arena, &overlay->writes, &keys, &target, &head, &overlay->head);
    if (failed(status)) return status;
    if (overlay->writes.count != 0) {
        qsort(
            overlay->writes.items, overlay->writes.count, sizeof *overlay->writes.items,
            compare_writes
        );
    }
    *out = (struct trie_reader){read_overlay, overlay};
    return status_ok;
}
