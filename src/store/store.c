#include "store/store.h"

#include "store/internal.h"
#include "world/heap.h"

#include <stdio.h>
#include <stdlib.h>

/* --- opening --------------------------------------------------------------------------------- */

struct status meta_read(struct txn *txn, struct bytes *out, const char *name) {
    return table_get(txn, TABLE_META, out, bytes_from(name, strlen(name)));
}

struct status meta_write(struct txn *txn, const char *name, struct bytes value) {
    return table_put(txn, TABLE_META, bytes_from(name, strlen(name)), value);
}

static struct status write_identity(struct store *store, const struct store_options *options) {
    struct txn *txn;
    struct status status = database_begin(&txn, store->database);
    if (failed(status)) return status;
    struct key schema = {.len = 0};
    key_add_number(&schema, STORE_SCHEMA);
    status = meta_write(txn, META_SCHEMA, key_bytes(&schema));
    if (!failed(status)) status = meta_write(txn, META_GENESIS, BYTES_OF(options->genesis_hash));
    if (!failed(status)) status = meta_write(txn, META_CONFIG, options->chain_config);
    if (!failed(status)) return database_commit(txn);
    database_abort(txn);
    return status;
}

static void hex_of(char out[2 * sizeof(struct hash) + 1], const uint8_t *bytes) {
    for (size_t i = 0; i < sizeof(struct hash); i++) {
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    }
}

/* Reads what the data file says of itself; *is_new where it says nothing. */
static struct status judge_identity(
    struct txn *txn,
    struct store_opening *opening,
    bool *is_new,
    const struct store_options *options
) {
    struct bytes schema;
    struct bytes genesis;
    *is_new = false;
    struct status status = meta_read(txn, &schema, META_SCHEMA);
    if (status.code == STATUS_MISSING) {
        *is_new = true;
        return status_ok;
    }
    if (!failed(status)) status = meta_read(txn, &genesis, META_GENESIS);
    if (failed(status)) return status;
    if (schema.len != 8 || genesis.len != sizeof(struct hash)) {
        return store_damaged("reading the store's identity");
    }

    const char *path = options->path == NULL ? "memory" : options->path;
    if (load_be64(schema.data) != STORE_SCHEMA) {
        opening->verdict = STORE_OTHER_SCHEMA;
        (void)snprintf(
            opening->message, sizeof opening->message,
            "data directory %s has schema %llu, this program reads schema %llu: use the version "
            "that wrote it, or another directory",
            path, (unsigned long long)load_be64(schema.data), (unsigned long long)STORE_SCHEMA
        );
    } else if (memcmp(genesis.data, options->genesis_hash.bytes, genesis.len) != 0) {
        char text[2 * sizeof(struct hash) + 1];
        hex_of(text, genesis.data);
        opening->verdict = STORE_OTHER_CHAIN;
        (void)snprintf(
            opening->message, sizeof opening->message,
            "data directory %s belongs to another chain (genesis 0x%s): choose another directory",
            path, text
        );
    }
    return status_ok;
}

static struct status check_identity(
    struct store *store, struct store_opening *opening, const struct store_options *options
) {
    struct txn *txn;
    bool is_new;
    struct status status = database_reader_open(&txn, store->database);
    if (failed(status)) return status;
    status = judge_identity(txn, opening, &is_new, options);
    database_reader_close(txn);
    if (!failed(status) && is_new) status = write_identity(store, options);
    return status;
}

struct status store_open(
    struct store **out, struct store_opening *opening, const struct store_options *options
) {
    *out = NULL;
    *opening = (struct store_opening){.verdict = STORE_OPENED};
    struct store *store = calloc(1, sizeof *store);
    ASSERT(store != NULL);
    store->genesis_hash = options->genesis_hash;
    store->nodes = node_cache_create();
    store->values = value_cache_create();
    store->tail = index_tail_create();
    store->run_pairs = options->index_run == 0 ? INDEX_RUN_PAIRS : options->index_run;
    store->version = 1; /* above that of a view that another thread opened */
    arena_init(&store->scratch, &heap_source);
    for (uint64_t i = 0; i < STORE_SMALL_SLOTS; i++) {
        const struct u256 slot = u256_from_u64(i);
        store->small_slots[i] = state_key_slot(&slot);
    }

    enum database_verdict verdict;
    long owner;
    const size_t map_size = options->map_size == 0 ? STORE_MAP_SIZE : options->map_size;
    struct status status = database_open(
        &store->database, &verdict, &owner, options->path, map_size, options->no_sync
    );
    if (verdict == DATABASE_IN_USE) {
        opening->verdict = STORE_IN_USE;
        (void)snprintf(
            opening->message, sizeof opening->message,
            "data directory %s is in use by process %ld: stop it, or choose another directory",
            options->path, owner
        );
    } else if (verdict == DATABASE_NOT_OURS || status.code == STATUS_CORRUPT) {
        opening->verdict = STORE_NOT_OURS;
        status = status_ok;
    } else if (!failed(status)) {
        status = check_identity(store, opening, options);
        if (status.code == STATUS_CORRUPT) {
            opening->verdict = STORE_NOT_OURS;
            status = status_ok;
        }
    }
    if (opening->verdict == STORE_NOT_OURS) {
        (void)snprintf(
            opening->message, sizeof opening->message,
            "data.mdb in %s is damaged or was not made by this program: restore it, or choose "
            "another directory",
            options->path == NULL ? "memory" : options->path
        );
    }

    if (failed(status) || opening->verdict != STORE_OPENED) {
        store_close(store);
        return status;
    }
    *out = store;
    return status_ok;
}

void store_close(struct store *store) {
    if (store == NULL) return;
    store_abort(store);
    database_close(store->database);
    node_cache_destroy(store->nodes);
    value_cache_destroy(store->values);
    index_tail_destroy(store->tail);
    arena_reset(&store->scratch);
    free(store);
}

struct store_figures store_figures(struct store *store) {
    const struct database_figures figures = database_figures(store->database);
    return (struct store_figures){
        .bytes_used = figures.bytes_used,
        .map_size = figures.map_size,
        .transactions = figures.transactions,
        .views = figures.readers + store->writer_view_count,
    };
}

void store_rest(struct store *store) {
    database_rest(store->database);
}

/* --- transactions ---------------------------------------------------------------------------- */

uintptr_t writer_here(void) {
    static _Thread_local char here; /* its address is the thread's */
    return (uintptr_t)&here;
}

static void forget_tail(struct store *store) {
    index_tail_clear(store->tail);
    store->tail_version = 0;
}

static void forget(struct store *store) {
    node_cache_clear(store->nodes);
    value_cache_clear(store->values);
    forget_tail(store);
}

/* Before each change of the tables: views of before no longer read the caches, which another thread
 * may have filled. */
static void touch(struct store *store) {
    if (atomic_exchange(&store->nodes_owner, writer_here()) != writer_here()) forget(store);
    store->version++;
}

static struct txn *end_transaction(struct store *store) {
    struct txn *txn = store->txn;
    ASSERT(txn != NULL && store->writer_view_count == 0);
    store->txn = NULL;
    store->joined = 0;
    atomic_store(&store->writer, 0);
    return txn;
}

struct status store_begin(struct store *store) {
    if (store->txn != NULL) {
        ASSERT(atomic_load(&store->writer) == writer_here());
        if (!failed(store->failure)) store->joined++;
        return store->failure;
    }
    store->failure = status_ok;
    const struct status status = database_begin(&store->txn, store->database);
    if (!failed(status)) atomic_store(&store->writer, writer_here());
    return status;
}

struct status store_commit(struct store *store) {
    ASSERT(store->txn != NULL);
    if (store->joined > 0) {
        store->joined--;
        return store->failure;
    }
    if (!failed(store->failure)) store->failure = node_cache_flush(store->nodes, store->txn);
    if (!failed(store->failure)) {
        store->failure = database_commit(end_transaction(store));
        if (failed(store->failure)) forget(store);
        return store->failure;
    }
    const struct status failure = store->failure;
    store_abort(store);
    return failure;
}

void store_abort(struct store *store) {
    if (store->txn == NULL) return;
    if (store->joined > 0) {
        store->joined--;
        if (!failed(store->failure)) {
            store->failure = status_make(STATUS_INTERRUPTED, 0, "undoing a part of a transaction");
        }
        return;
    }
    database_abort(end_transaction(store));
    touch(store);
    forget(store);
    /* A failure to grow shows when the next transaction needs the room. */
    if (database_map_was_full(store->failure)) (void)!failed(database_grow(store->database));
}

/* One writing call: its work joins the open transaction, or has its own. A map that is full grows
 * and the work is done again, which only a transaction of its own can be. */
typedef struct status work_function(struct store *store, struct txn *txn, const void *arguments);

static struct status write(struct store *store, work_function *work, const void *arguments) {
    const struct arena_mark mark = arena_mark(&store->scratch);
    struct status status;
    if (store->txn != NULL) {
        ASSERT(atomic_load(&store->writer) == writer_here());
        if (failed(store->failure)) return store->failure;
        touch(store);
        status = work(store, store->txn, arguments);
        arena_rewind(&store->scratch, mark);
        store->failure = status;
        return status;
    }
    do {
        struct txn *txn;
        status = database_begin(&txn, store->database);
        if (failed(status)) return status;
        touch(store);
        status = work(store, txn, arguments);
        arena_rewind(&store->scratch, mark);
        if (!failed(status)) status = node_cache_flush(store->nodes, txn);
        if (failed(status)) {
            database_abort(txn);
        } else {
            status = database_commit(txn);
        }
        if (failed(status)) forget(store);
        if (!database_map_was_full(status)) return status;
        status = database_grow(store->database);
    } while (!failed(status));
    return status;
}

/* --- blocks ---------------------------------------------------------------------------------- */

struct key block_key(uint64_t number, const struct hash *hash, enum block_part part) {
    const uint8_t part_byte = (uint8_t)part;
    struct key key;
    key.len = 0;
    key_add_number(&key, number);
    key_add_hash(&key, hash);
    key_add(&key, &part_byte, sizeof part_byte);
    return key;
}

static struct key number_key(uint64_t number) {
    struct key key;
    key.len = 0;
    key_add_number(&key, number);
    return key;
}

struct status mark_write(struct txn *txn, const char *name, const struct store_mark *mark) {
    struct key value = number_key(mark->number);
    key_add_hash(&value, &mark->hash);
    key_add_hash(&value, &mark->state_root);
    return meta_write(txn, name, key_bytes(&value));
}

struct status mark_read(struct txn *txn, struct store_mark *out, const char *name) {
    struct bytes value;
    const struct status status = meta_read(txn, &value, name);
    if (failed(status)) return status;
    if (value.len != 72) return store_damaged("reading the head");
    out->number = load_be64(value.data);
    memcpy(out->hash.bytes, value.data + 8, sizeof out->hash);
    memcpy(out->state_root.bytes, value.data + 40, sizeof out->state_root);
    return status_ok;
}

struct status canonical_read(struct txn *txn, struct store_mark *out, uint64_t number) {
    const struct key key = number_key(number);
    struct bytes value;
    const struct status status = table_get(txn, TABLE_BLOCKS, &value, key_bytes(&key));
    if (failed(status)) return status;
    if (value.len != 64) return store_damaged("reading a canonical block's hash");
    out->number = number;
    memcpy(out->hash.bytes, value.data, sizeof out->hash);
    memcpy(out->state_root.bytes, value.data + 32, sizeof out->state_root);
    return status_ok;
}

static struct status write_part(
    struct txn *txn, const struct store_block *block, enum block_part part, struct bytes value
) {
    ASSERT(value.len <= STORE_VALUE_MAX);
    if (value.len == 0) return status_ok;
    const struct key key = block_key(block->mark.number, &block->mark.hash, part);
    return table_append(txn, TABLE_BLOCKS, key_bytes(&key), value);
}

/* In the order of the keys. */
static struct status write_block(struct txn *txn, const struct store_block *block) {
    const struct bytes tx_hashes =
        bytes_from(block->tx_hashes, block->tx_count * sizeof(struct hash));
    struct status status = write_part(txn, block, BLOCK_PART_BODY, block->body);
    if (!failed(status)) status = write_part(txn, block, BLOCK_PART_HEADER, block->header);
    if (!failed(status)) status = write_part(txn, block, BLOCK_PART_RECEIPTS, block->receipts);
    if (!failed(status)) status = write_part(txn, block, BLOCK_PART_TX_HASHES, tx_hashes);
    return status;
}

static struct key canonical_value(const struct store_mark *mark) {
    struct key value = {.len = 0};
    key_add_hash(&value, &mark->hash);
    key_add_hash(&value, &mark->state_root);
    return value;
}

static struct status write_canonical(struct txn *txn, const struct store_mark *mark) {
    const struct key number = number_key(mark->number);
    const struct key value = canonical_value(mark);
    return table_append(txn, TABLE_BLOCKS, key_bytes(&number), key_bytes(&value));
}

static struct status put_block_work(struct store *store, struct txn *txn, const void *arguments) {
    (void)store;
    const struct store_block *block = arguments;
    const struct key number = number_key(block->mark.number);
    const struct key header = block_key(block->mark.number, &block->mark.hash, BLOCK_PART_HEADER);
    struct bytes ignored;
    struct status status = table_get(txn, TABLE_BLOCKS, &ignored, key_bytes(&header));
    if (status.code != STATUS_MISSING) return status;
    status = write_block(txn, block);
    if (failed(status)) return status;
    return table_put(txn, TABLE_NUMBERS, BYTES_OF(block->mark.hash), key_bytes(&number));
}

struct status store_put_block(struct store *store, const struct store_block *block) {
    return write(store, put_block_work, block);
}

/* --- state ----------------------------------------------------------------------------------- */

static struct status write_codes(struct txn *txn, const struct state_diff *diff) {
    struct status status = status_ok;
    for (size_t i = 0; !failed(status) && i < diff->count; i++) {
        const struct state_account_diff *account = &diff->accounts[i];
        if (!account->code_changed || account->code.len == 0) continue;
        status = table_put_new(txn, TABLE_CODES, BYTES_OF(account->after.code_hash), account->code);
    }
    return status;
}

/* One block's change of the state, while it is written. */
struct state_write {
    struct txn *txn;
    struct value_cache *values;
    struct arena *arena;
    uint64_t number;
    size_t record_count; /* in the history */
};

/* Nobody reads or goes back to before genesis. */
static struct status record(
    struct state_write *write, const struct state_key *key, struct bytes before
) {
    if (write->number == 0) return status_ok;
    write->record_count++;
    return history_record(write->txn, key, write->number, before);
}

static struct status record_and_write(
    struct state_write *write,
    const struct state_key *key,
    const struct key *before,
    const struct key *after
) {
    struct status status = record(write, key, key_bytes(before));
    if (!failed(status)) status = flat_write(write->txn, key, key_bytes(after));
    if (!failed(status)) value_cache_set(write->values, key, key_bytes(after));
    return status;
}

/* Deletes the account's slots, with a record of each. */
static struct status wipe_slots(struct state_write *write, const struct hash *account) {
    struct cursor *cursor;
    struct bytes found;
    struct bytes value;
    value_cache_clear(write->values);
    struct status status = cursor_open(&cursor, write->txn, TABLE_SLOTS);
    if (failed(status)) return status;
    status = cursor_seek(cursor, &found, &value, BYTES_OF(*account));
    while (!failed(status) && memcmp(found.data, account->bytes, sizeof account->bytes) == 0) {
        struct state_key key = {.account = *account, .is_slot = true};
        memcpy(key.slot.bytes, found.data + sizeof key.account, sizeof key.slot);
        status = record(write, &key, value);
        if (!failed(status)) status = cursor_delete(cursor);
        if (!failed(status)) status = cursor_next(cursor, &found, &value);
    }
    cursor_close(cursor);
    return status.code == STATUS_MISSING ? status_ok : status;
}

/* An account or a slot of a diff, by its key. */
struct ordered {
    const struct hash *key;
    size_t at;
};

static int compare_ordered(const void *a, const void *b) {
    const struct ordered *x = a;
    const struct ordered *y = b;
    return memcmp(x->key->bytes, y->key->bytes, sizeof *x->key);
}

static void sort_ordered(struct ordered *ordered, size_t count) {
    if (count > 1) qsort(ordered, count, sizeof *ordered, compare_ordered);
}

static struct status write_slots(
    struct state_write *write,
    const struct state_account_diff *diff,
    const struct trie_account_change *change
) {
    const struct arena_mark mark = arena_mark(write->arena);
    struct ordered *ordered = ARENA_ARRAY(write->arena, struct ordered, diff->slot_count);
    for (size_t i = 0; i < diff->slot_count; i++) {
        ordered[i] = (struct ordered){&change->slots[i].key, i};
    }
    sort_ordered(ordered, diff->slot_count);
    struct state_key key = {.account = change->key, .is_slot = true};
    struct status status = status_ok;
    for (size_t i = 0; !failed(status) && i < diff->slot_count; i++) {
        const struct state_slot_diff *slot = &diff->slots[ordered[i].at];
        const struct key before = slot_value(&slot->before);
        const struct key after = slot_value(&slot->after);
        key.slot = *ordered[i].key;
        status = record_and_write(write, &key, &before, &after);
    }
    arena_rewind(write->arena, mark);
    return status;
}

static struct status write_account(
    struct state_write *write,
    const struct state_account_diff *diff,
    const struct trie_account_change *change
) {
    const struct state_key key = {.account = change->key};
    struct key before = {.len = 0};
    struct key after = {.len = 0};
    if (diff->existed_before) before = account_value(&diff->before);
    if (diff->exists_after) {
        struct account account = diff->after;
        account.storage_root = change->account.storage_root;
        after = account_value(&account);
    }
    struct status status = record_and_write(write, &key, &before, &after);
    if (!failed(status) && (diff->storage_wiped || !diff->exists_after)) {
        status = wipe_slots(write, &key.account);
    }
    if (failed(status) || !diff->exists_after) return status;
    return write_slots(write, diff, change);
}

/* The state moves on as part of block number, to whose changes these are added. Tables are written in
 * the order of their keys. */
static struct status write_state(
    struct store *store,
    struct txn *txn,
    size_t *record_count,
    uint64_t number,
    const struct store_change *change
) {
    const struct state_diff *diff = change->diff;
    struct state_write write = {
        .txn = txn,
        .values = store->values,
        .arena = &store->scratch,
        .number = number,
    };
    struct status status = write_codes(txn, diff);
    struct ordered *ordered = ARENA_ARRAY(write.arena, struct ordered, diff->count);
    for (size_t i = 0; i < diff->count; i++) {
        ordered[i] = (struct ordered){&change->changes[i].key, i};
    }
    sort_ordered(ordered, diff->count);
    for (size_t i = 0; !failed(status) && i < diff->count; i++) {
        const size_t at = ordered[i].at;
        status = write_account(&write, &diff->accounts[at], &change->changes[at]);
    }
    if (!failed(status)) status = nodes_apply(store->nodes, txn, change->nodes, change->node_count);
    *record_count = write.record_count;
    return status;
}

struct append {
    const struct store_block *block;
    const struct store_change *change;
};

static struct status append_work(struct store *store, struct txn *txn, const void *arguments) {
    const struct append *append = arguments;
    const struct store_block *block = append->block;
    struct store_mark head;
    size_t record_count = 0;
    struct status status = mark_read(txn, &head, META_HEAD);
    if (status.code == STATUS_MISSING) {
        ASSERT(hash_equal(&block->mark.hash, &store->genesis_hash));
        status = mark_write(txn, META_SAFE, &block->mark);
        if (!failed(status)) status = mark_write(txn, META_FINALIZED, &block->mark);
    } else if (!failed(status)) {
        ASSERT(block->mark.number == head.number + 1);
        ASSERT(hash_equal(&block->parent_hash, &head.hash));
    }
    if (!failed(status)) status = write_canonical(txn, &block->mark); /* whose key comes first */
    if (!failed(status)) status = write_block(txn, block);
    if (!failed(status)) {
        status = write_state(store, txn, &record_count, block->mark.number, append->change);
    }
    if (!failed(status)) status = mark_write(txn, META_HEAD, &block->mark);
    if (failed(status)) return status;
    const size_t pair_count = 1 + block->tx_count + record_count;
    return index_add(txn, &store->scratch, block->mark.number, pair_count, store->run_pairs);
}

struct status store_append(
    struct store *store, const struct store_block *block, const struct store_change *change
) {
    const struct append append = {block, change};
    return write(store, append_work, &append);
}

struct amend {
    const struct store_change *change;
    const struct hash *state_root;
};

static struct status amend_work(struct store *store, struct txn *txn, const void *arguments) {
    const struct amend *amend = arguments;
    struct store_mark head;
    struct status status = mark_read(txn, &head, META_HEAD);
    if (failed(status)) return status;
    head.state_root = *amend->state_root;
    const struct key number = number_key(head.number);
    const struct key value = canonical_value(&head);
    size_t record_count;
    forget_tail(store); /* which may have looked at the head already */
    status = write_state(store, txn, &record_count, head.number, amend->change);
    if (!failed(status)) {
        status = table_put(txn, TABLE_BLOCKS, key_bytes(&number), key_bytes(&value));
    }
    if (!failed(status)) status = mark_write(txn, META_HEAD, &head);
    return status;
}

struct status store_amend(
    struct store *store, const struct store_change *change, const struct hash *state_root
) {
    const struct amend amend = {change, state_root};
    return write(store, amend_work, &amend);
}

/* --- head ------------------------------------------------------------------------------------ */

struct rollback {
    uint64_t number;
    enum store_unwound unwound;
};

/* Moves a mark that stands above target back to it. */
static struct status lower_mark(
    struct txn *txn, const char *name, const struct store_mark *target
) {
    struct store_mark mark;
    const struct status status = mark_read(txn, &mark, name);
    if (failed(status) || mark.number <= target->number) return status;
    return mark_write(txn, name, target);
}

static struct status rollback_work(struct store *store, struct txn *txn, const void *arguments) {
    const struct rollback *rollback = arguments;
    struct store_mark target;
    struct status status = canonical_read(txn, &target, rollback->number);
    if (!failed(status)) status = node_cache_flush(store->nodes, txn);
    forget(store); /* a rollback goes to the tables */
    if (!failed(status)) {
        status = history_rollback(txn, &store->scratch, rollback->number, rollback->unwound);
    }
    if (!failed(status)) status = lower_mark(txn, META_HEAD, &target);
    if (!failed(status)) status = lower_mark(txn, META_SAFE, &target);
    if (!failed(status)) status = lower_mark(txn, META_FINALIZED, &target);
    return status;
}

struct status store_rollback(struct store *store, uint64_t number, enum store_unwound unwound) {
    const struct rollback rollback = {number, unwound};
    return write(store, rollback_work, &rollback);
}

struct set_mark {
    const char *name;
    uint64_t number;
};

static struct status set_mark_work(struct store *store, struct txn *txn, const void *arguments) {
    (void)store;
    const struct set_mark *set = arguments;
    struct store_mark mark;
    const struct status status = canonical_read(txn, &mark, set->number);
    return failed(status) ? status : mark_write(txn, set->name, &mark);
}

struct status store_set_safe(struct store *store, uint64_t number) {
    const struct set_mark set = {META_SAFE, number};
    return write(store, set_mark_work, &set);
}

struct status store_set_finalized(struct store *store, uint64_t number) {
    const struct set_mark set = {META_FINALIZED, number};
    return write(store, set_mark_work, &set);
}

/* --- services' records ------------------------------------------------------------------------ */

struct record {
    uint8_t key[1 + STORE_NAME_MAX + STORE_KEY_MAX];
    size_t key_len;
    struct bytes value;
};

static void record_name(struct record *record, const char *name, struct bytes key) {
    const size_t name_len = strlen(name);
    ASSERT(name_len > 0 && name_len <= STORE_NAME_MAX && key.len <= STORE_KEY_MAX);
    record->key[0] = (uint8_t)name_len;
    memcpy(record->key + 1, name, name_len);
    if (key.len != 0) memcpy(record->key + 1 + name_len, key.data, key.len);
    record->key_len = 1 + name_len + key.len;
}

static struct status put_work(struct store *store, struct txn *txn, const void *arguments) {
    (void)store;
    const struct record *record = arguments;
    return table_put(txn, TABLE_SERVICES, bytes_from(record->key, record->key_len), record->value);
}

static struct status delete_work(struct store *store, struct txn *txn, const void *arguments) {
    (void)store;
    const struct record *record = arguments;
    return table_delete(txn, TABLE_SERVICES, bytes_from(record->key, record->key_len));
}

struct status store_put(
    struct store *store, const char *name, struct bytes key, struct bytes value
) {
    ASSERT(value.len <= STORE_VALUE_MAX);
    struct record record;
    record_name(&record, name, key);
    record.value = value;
    return write(store, put_work, &record);
}

struct status store_delete(struct store *store, const char *name, struct bytes key) {
    struct record record;
    record_name(&record, name, key);
    return write(store, delete_work, &record);
}

struct status store_get(
    struct store_view *view, struct bytes *out, const char *name, struct bytes key
) {
    struct record record;
    record_name(&record, name, key);
    return table_get(view->txn, TABLE_SERVICES, out, bytes_from(record.key, record.key_len));
}

struct status store_next(
    struct store_view *view,
    struct bytes *key,
    struct bytes *value,
    const char *name,
    struct bytes from,
    bool after
) {
    struct record record;
    record_name(&record, name, from);
    const size_t prefix_len = 1 + strlen(name);
    const struct bytes wanted = bytes_from(record.key, record.key_len);

    struct cursor *cursor;
    struct status status = cursor_open(&cursor, view->txn, TABLE_SERVICES);
    if (failed(status)) return status;
    status = cursor_seek(cursor, key, value, wanted);
    if (!failed(status) && after && bytes_equal(*key, wanted)) {
        status = cursor_next(cursor, key, value);
    }
    cursor_close(cursor);
    if (failed(status)) return status;
    if (key->len < prefix_len || memcmp(key->data, record.key, prefix_len) != 0) {
        return status_make(STATUS_MISSING, 0, "reading past the last record of a namespace");
    }
    *key = bytes_slice(*key, prefix_len, key->len - prefix_len);
    return status_ok;
}

struct status store_last(
    struct store_view *view, struct bytes *key, struct bytes *value, const char *name
) {
    struct record end;
    record_name(&end, name, (struct bytes){NULL, 0});
    const size_t prefix_len = end.key_len;
    /* No key of the namespace reaches as far as its prefix counted up by one. */
    end.key[prefix_len - 1]++;

    struct cursor *cursor;
    struct status status = cursor_open(&cursor, view->txn, TABLE_SERVICES);
    if (failed(status)) return status;
    status = cursor_seek_before(cursor, key, value, bytes_from(end.key, prefix_len));
    cursor_close(cursor);
    if (failed(status)) return status;
    end.key[prefix_len - 1]--;
    if (key->len < prefix_len || memcmp(key->data, end.key, prefix_len) != 0) {
        return status_make(STATUS_MISSING, 0, "reading the last record of a namespace");
    }
    *key = bytes_slice(*key, prefix_len, key->len - prefix_len);
    return status_ok;
}
