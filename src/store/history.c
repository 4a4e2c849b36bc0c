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
    return table_append_new(txn, TABLE_HISTORY, key_bytes(&place), key_bytes(&copy));
}

struct status history_read(
    const struct index *index,
    struct bytes *value,
    bool *found,
    const struct state_key *key,
    uint64_t number
) {
    const uint64_t mark = index_mark_state(key);
    uint64_t at;
    *found = false;
    struct status status = index_first(index, &at, found, mark, number + 1);
    while (!failed(status) && *found) {
        const struct key place = state_key_history(key, at);
        status = table_get(index->txn, TABLE_HISTORY, value, key_bytes(&place));
        if (status.code != STATUS_MISSING) return status;
        status = index_first(index, &at, found, mark, at + 1); /* that was another's */
    }
    return status;
}

struct status flat_write(struct txn *txn, const struct state_key *key, struct bytes value) {
    const struct key flat = state_key_flat(key);
    if (value.len == 0) return table_delete(txn, flat_table(key), key_bytes(&flat));
    return table_put(txn, flat_table(key), key_bytes(&flat), value);
}

/* --- former values ---------------------------------------------------------------------------- */

/* A key, and its value before the lowest of the blocks that were gathered. */
struct former {
    struct state_key key;
    struct bytes value;
    size_t order; /* of gathering */
};

struct formers {
    struct former *items;
    size_t count;
    size_t capacity;
};

static void formers_add(struct formers *list, struct arena *arena, const struct former *former) {
    if (list->count == list->capacity) {
        const size_t capacity = list->capacity == 0 ? 256 : list->capacity * 2;
        struct former *grown =
            arena_alloc_raw(arena, capacity * sizeof *grown, _Alignof(struct former));
        if (list->count != 0) memcpy(grown, list->items, list->count * sizeof *grown);
        list->items = grown;
        list->capacity = capacity;
    }
    list->items[list->count] = *former;
    list->items[list->count].order = list->count;
    list->count++;
}

/* Adds what blocks first … last changed, in their order, up to max. Values are copied into arena. */
static struct status gather_formers(
    struct txn *txn,
    struct arena *arena,
    struct formers *list,
    uint64_t first,
    uint64_t last,
    size_t max
) {
    struct cursor *cursor;
    struct bytes key;
    struct bytes value;
    uint8_t start[8];
    store_be64(start, first);
    struct status status = cursor_open(&cursor, txn, TABLE_HISTORY);
    if (failed(status)) return status;
    status = cursor_seek(cursor, &key, &value, BYTES_OF(start));
    while (!failed(status)) {
        struct former former = {.order = 0};
        uint64_t number;
        if (!state_key_from_history(&former.key, &number, key)) {
            status = store_damaged("reading the history");
            break;
        }
        if (number > last) break;
        if (list->count == max) {
            status = status_make(STATUS_UNAVAILABLE, 0, "proving a state too many changes ago");
            break;
        }
        former.value = arena_copy(arena, value);
        formers_add(list, arena, &former);
        status = cursor_next(cursor, &key, &value);
    }
    cursor_close(cursor);
    return status.code == STATUS_MISSING ? status_ok : status;
}

static int compare_keys(const void *a, const void *b) {
    const struct state_key *x = a;
    const struct state_key *y = b;
    const int account = memcmp(x->account.bytes, y->account.bytes, sizeof x->account);
    if (account != 0) return account;
    if (x->is_slot != y->is_slot) return x->is_slot ? 1 : -1;
    return x->is_slot ? memcmp(x->slot.bytes, y->slot.bytes, sizeof x->slot) : 0;
}

static int compare_formers(const void *a, const void *b) {
    const struct former *x = a;
    const struct former *y = b;
    const int order = compare_keys(&x->key, &y->key);
    return order != 0 ? order : (x->order > y->order) - (x->order < y->order);
}

/* An account's own key first, then its slots; each once, with the value that was gathered first. */
static void sort_formers(struct formers *list) {
    if (list->count == 0) return;
    qsort(list->items, list->count, sizeof *list->items, compare_formers);
    size_t kept = 1;
    for (size_t i = 1; i < list->count; i++) {
        if (compare_keys(&list->items[i].key, &list->items[kept - 1].key) != 0) {
            list->items[kept++] = list->items[i];
        }
    }
    list->count = kept;
}

/* --- the trie of then ------------------------------------------------------------------------- */

static struct status account_change(struct trie_account_change *out, const struct former *former) {
    struct account account;
    *out = (struct trie_account_change
    ){.key = former->key.account, .is_deleted = former->value.len == 0};
    if (out->is_deleted) return status_ok;
    if (!account_from_value(&account, former->value)) return store_damaged("reading an account");
    out->account = (struct trie_account){
        .nonce = account.nonce,
        .balance = account.balance,
        .storage_root = account.storage_root,
        .code_hash = account.code_hash,
    };
    return status_ok;
}

/* Sorted former values as changes of a trie. */
static struct status changes_back(
    struct arena *arena,
    struct trie_account_change **out,
    size_t *count,
    const struct formers *formers
) {
    struct trie_account_change *changes =
        ARENA_ARRAY(arena, struct trie_account_change, formers->count);
    struct trie_slot_change *slots = ARENA_ARRAY(arena, struct trie_slot_change, formers->count);
    *out = changes;
    *count = 0;
    for (size_t i = 0; i < formers->count; i++) {
        const struct former *former = &formers->items[i];
        if (!former->key.is_slot) {
            const struct status status = account_change(&changes[*count], former);
            if (failed(status)) return status;
            changes[(*count)++].slots = slots;
            continue;
        }
        /* A slot's account comes before it: its storage root, at least, has changed. */
        if (*count == 0 || !hash_equal(&changes[*count - 1].key, &former->key.account) ||
            !slot_from_value(&slots->value, former->value)) {
            return store_damaged("reading a slot");
        }
        slots->key = former->key.slot;
        changes[*count - 1].slot_count++;
        slots++;
    }
    return status_ok;
}

/* The writes that turn the head's trie into that of target, which is checked against its root. */
static struct status writes_back(
    struct arena *arena,
    struct trie_writes *writes,
    const struct formers *formers,
    const struct store_mark *target,
    const struct store_mark *head,
    const struct trie_reader *head_nodes
) {
    struct trie_account_change *changes;
    size_t count;
    struct hash root;
    const struct status status = changes_back(arena, &changes, &count, formers);
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

static struct status forget_block(struct txn *txn, const struct store_mark *mark) {
    static const enum block_part parts[] = {
        BLOCK_PART_HEADER, BLOCK_PART_BODY, BLOCK_PART_RECEIPTS, BLOCK_PART_TX_HASHES};
    struct status status = status_ok;
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
    if (!failed(status)) status = table_delete(txn, TABLE_BLOCKS, key_bytes(&key));
    if (failed(status)) return status;
    return unwound == STORE_FORGET_BLOCKS
        ? forget_block(txn, &mark)
        : table_put(txn, TABLE_NUMBERS, BYTES_OF(mark.hash), key_bytes(&key));
}

/* Drops the history of all blocks above number. */
static struct status drop_history(struct txn *txn, uint64_t number) {
    struct cursor *cursor;
    struct bytes key;
    struct bytes value;
    uint8_t start[8];
    store_be64(start, number + 1);
    struct status status = cursor_open(&cursor, txn, TABLE_HISTORY);
    if (failed(status)) return status;
    status = cursor_seek(cursor, &key, &value, BYTES_OF(start));
    while (!failed(status)) {
        status = cursor_delete(cursor);
        if (!failed(status)) status = cursor_next(cursor, &key, &value);
    }
    cursor_close(cursor);
    return status.code == STATUS_MISSING ? status_ok : status;
}

/* How far below head a piece goes: to number, unless that is too many changes. */
static struct status piece_end(struct txn *txn, uint64_t *end, uint64_t head, uint64_t number) {
    struct cursor *cursor;
    struct bytes key;
    struct bytes value;
    uint8_t above[8];
    uint64_t lowest = head;
    *end = number;
    store_be64(above, head + 1);
    struct status status = cursor_open(&cursor, txn, TABLE_HISTORY);
    if (failed(status)) return status;
    status = cursor_seek_before(cursor, &key, &value, BYTES_OF(above));
    for (size_t count = 0; !failed(status); count++) {
        const uint64_t at = load_be64(key.data); /* every key starts with a number */
        if (at <= number) break;
        if (at < lowest && count >= ROLLBACK_PIECE) {
            *end = lowest - 1;
            break;
        }
        lowest = at;
        status = cursor_previous(cursor, &key, &value);
    }
    cursor_close(cursor);
    return status.code == STATUS_MISSING ? status_ok : status;
}

/* Goes back from head towards number, by one piece; *head is where that ends. */
static struct status rollback_piece(
    struct txn *txn,
    struct arena *arena,
    struct store_mark *head,
    uint64_t number,
    enum store_unwound unwound
) {
    struct formers formers = {0};
    struct trie_writes writes = {0};
    struct store_mark target;
    uint64_t end;
    struct status status = piece_end(txn, &end, head->number, number);
    if (!failed(status)) {
        status = gather_formers(txn, arena, &formers, end + 1, head->number, SIZE_MAX);
    }
    sort_formers(&formers);
    for (size_t i = 0; !failed(status) && i < formers.count; i++) {
        status = flat_write(txn, &formers.items[i].key, formers.items[i].value);
    }
    if (!failed(status)) status = drop_history(txn, end);
    for (uint64_t at = head->number; !failed(status) && at > end; at--) {
        status = unlink_block(txn, at, unwound);
    }
    if (!failed(status)) status = canonical_read(txn, &target, end);
    if (failed(status)) return status;
    struct node_source source = {.txn = txn};
    const struct trie_reader nodes = node_reader(&source);
    status = writes_back(arena, &writes, &formers, &target, head, &nodes);
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
    return failed(status) ? status : index_rollback(txn, arena, number);
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

    struct formers formers = {0};
    status =
        gather_formers(view->txn, arena, &formers, number + 1, head.number, STORE_PROOF_CHANGES);
    if (failed(status)) return status;
    sort_formers(&formers);
    struct overlay *overlay = ARENA_NEW(arena, struct overlay);
    overlay->head = *out;
    status = writes_back(arena, &overlay->writes, &formers, &target, &head, &overlay->head);
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
