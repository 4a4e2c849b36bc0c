/* Reading: places, blocks, and the state as of a block. */
#include "store/internal.h"
#include "store/store.h"

#include <stdlib.h>

struct status store_view_open(struct store_view **out, struct store *store) {
    *out = NULL;
    struct store_view *view = calloc(1, sizeof *view);
    ASSERT(view != NULL);
    view->store = store;
    view->is_of_writer = atomic_load(&store->writer) == writer_here();
    if (view->is_of_writer) {
        view->txn = store->txn;
        store->writer_view_count++;
    } else {
        const struct status status = database_reader_open(&view->txn, store->database);
        if (failed(status)) {
            free(view);
            return status;
        }
    }
    if (atomic_load(&store->nodes_owner) == writer_here()) view->version = store->version;
    *out = view;
    return status_ok;
}

struct node_source view_nodes(struct store_view *view) {
    struct store *store = view->store;
    if (atomic_load(&store->nodes_owner) != writer_here()) {
        return (struct node_source){.txn = view->txn};
    }
    return (struct node_source){
        .txn = view->txn,
        .cache = store->nodes,
        .version = &store->version,
        .wanted_version = view->version,
    };
}

struct value_cache *view_values(const struct store_view *view) {
    struct store *store = view->store;
    const bool is_ours = atomic_load(&store->nodes_owner) == writer_here();
    return is_ours && store->version == view->version ? store->values : NULL;
}

void store_view_close(struct store_view *view) {
    if (view == NULL) return;
    if (view->is_of_writer) {
        ASSERT(view->store->writer_view_count > 0);
        view->store->writer_view_count--;
    } else {
        database_reader_close(view->txn);
    }
    index_tail_destroy(view->tail);
    free(view);
}

struct status store_head(struct store_view *view, struct store_mark *out) {
    return mark_read(view->txn, out, META_HEAD);
}

/* The block of a mark as it is now: store_amend may have changed its state root. */
static struct status read_block_of(struct txn *txn, struct store_mark *out, const char *name) {
    const struct status status = mark_read(txn, out, name);
    return failed(status) ? status : canonical_read(txn, out, out->number);
}

struct status store_safe(struct store_view *view, struct store_mark *out) {
    return read_block_of(view->txn, out, META_SAFE);
}

struct status store_finalized(struct store_view *view, struct store_mark *out) {
    return read_block_of(view->txn, out, META_FINALIZED);
}

struct status store_canonical(struct store_view *view, struct store_mark *out, uint64_t number) {
    return canonical_read(view->txn, out, number);
}

/* The canonical block with this hash: *found is false where there is none. */
static struct status find_canonical(
    struct store_view *view, uint64_t *number, bool *found, const struct hash *hash
) {
    struct index index;
    struct store_mark mark;
    struct status status = mark_read(view->txn, &mark, META_HEAD);
    *found = !failed(status) && hash_equal(&mark.hash, hash); /* which is asked for most */
    if (*found) *number = mark.number;
    if (failed(status) || *found) return status.code == STATUS_MISSING ? status_ok : status;

    status = view_index(view, &index);
    *number = UINT64_MAX;
    *found = true;
    while (!failed(status) && *found) {
        status = index_last(&index, number, found, index_mark_block(hash), *number);
        if (failed(status) || !*found) return status;
        status = canonical_read(view->txn, &mark, *number);
        if (status.code == STATUS_MISSING) { /* a block that was taken back */
            status = status_ok;
            continue;
        }
        if (failed(status) || hash_equal(&mark.hash, hash)) return status;
    }
    return status;
}

struct status store_block_number(struct store_view *view, uint64_t *out, const struct hash *hash) {
    struct bytes value;
    bool found;
    struct status status = find_canonical(view, out, &found, hash);
    if (failed(status) || found) return status;
    status = table_get(view->txn, TABLE_NUMBERS, &value, BYTES_OF(*hash));
    if (failed(status)) return status;
    if (value.len != 8) return store_damaged("reading a block's number");
    *out = load_be64(value.data);
    return status_ok;
}

struct status store_is_canonical(
    struct store_view *view, bool *out, uint64_t number, const struct hash *hash
) {
    struct store_mark mark;
    *out = false;
    const struct status status = canonical_read(view->txn, &mark, number);
    if (status.code == STATUS_MISSING) return status_ok;
    if (!failed(status)) *out = hash_equal(&mark.hash, hash);
    return status;
}

static struct status read_part(
    struct store_view *view,
    struct bytes *out,
    uint64_t number,
    const struct hash *hash,
    enum block_part part
) {
    const struct key key = block_key(number, hash, part);
    return table_get(view->txn, TABLE_BLOCKS, out, key_bytes(&key));
}

struct status store_header(
    struct store_view *view, struct bytes *out, uint64_t number, const struct hash *hash
) {
    return read_part(view, out, number, hash, BLOCK_PART_HEADER);
}

struct status store_body(
    struct store_view *view, struct bytes *out, uint64_t number, const struct hash *hash
) {
    return read_part(view, out, number, hash, BLOCK_PART_BODY);
}

/* A part that is not written where it is empty: missing only if the block is. */
static struct status read_optional_part(
    struct store_view *view,
    struct bytes *out,
    uint64_t number,
    const struct hash *hash,
    enum block_part part
) {
    const struct status status = read_part(view, out, number, hash, part);
    if (status.code != STATUS_MISSING) return status;
    struct bytes header;
    return read_part(view, &header, number, hash, BLOCK_PART_HEADER);
}

struct status store_receipts(
    struct store_view *view, struct bytes *out, uint64_t number, const struct hash *hash
) {
    return read_optional_part(view, out, number, hash, BLOCK_PART_RECEIPTS);
}

struct status store_tx_hashes(
    struct store_view *view, struct bytes *out, uint64_t number, const struct hash *hash
) {
    return read_optional_part(view, out, number, hash, BLOCK_PART_TX_HASHES);
}

/* Whether canonical block number has the transaction, and where. */
static struct status find_tx_in_block(
    struct store_view *view,
    struct store_tx_place *out,
    bool *found,
    uint64_t number,
    const struct hash *tx_hash
) {
    struct store_mark mark;
    struct bytes hashes;
    *found = false;
    struct status status = canonical_read(view->txn, &mark, number);
    if (!failed(status)) {
        status = read_part(view, &hashes, number, &mark.hash, BLOCK_PART_TX_HASHES);
    }
    if (failed(status)) return status.code == STATUS_MISSING ? status_ok : status;
    for (size_t at = 0; at + sizeof *tx_hash <= hashes.len; at += sizeof *tx_hash) {
        if (memcmp(hashes.data + at, tx_hash->bytes, sizeof *tx_hash) != 0) continue;
        *out = (struct store_tx_place){number, (uint32_t)(at / sizeof *tx_hash)};
        *found = true;
        break;
    }
    return status_ok;
}

struct status store_tx(
    struct store_view *view, struct store_tx_place *out, const struct hash *tx_hash
) {
    struct index index;
    uint64_t number = UINT64_MAX;
    struct status status = view_index(view, &index);
    while (!failed(status)) {
        bool found;
        status = index_last(&index, &number, &found, index_mark_tx(tx_hash), number);
        if (failed(status)) break;
        if (!found) return status_make(STATUS_MISSING, 0, "looking up a transaction");
        status = find_tx_in_block(view, out, &found, number, tx_hash);
        if (!failed(status) && found) return status_ok;
    }
    return status;
}

struct status store_code(struct store_view *view, struct bytes *out, const struct hash *code_hash) {
    *out = (struct bytes){NULL, 0};
    if (hash_equal(code_hash, &keccak256_of_empty)) return status_ok;
    return table_get(view->txn, TABLE_CODES, out, BYTES_OF(*code_hash));
}

/* --- state ----------------------------------------------------------------------------------- */

/* The state after one block. */
struct past {
    struct store_view *view;
    uint64_t number;
    bool is_head;
    /* The account that was asked for last: slots are read in runs of one account. */
    bool has_last;
    struct address last;
    struct hash last_key;
};

static void remember(struct store_view *view, struct status status) {
    if (failed(status) && !failed(view->status)) view->status = status;
}

struct status view_index(struct store_view *view, struct index *out) {
    struct store *store = view->store;
    struct store_mark head;
    const bool owns = atomic_load(&store->nodes_owner) == writer_here();
    /* The writer's views move on with it; others are what they were when they were opened. */
    const bool shares = owns && (view->is_of_writer || store->version == view->version);
    struct index_tail *tail = shares ? store->tail : view->tail;
    *out = (struct index){view->txn, tail};
    if (shares && store->tail_version == store->version) return status_ok;
    if (!shares && tail != NULL) return status_ok;

    if (tail == NULL) tail = view->tail = index_tail_create();
    out->tail = tail;
    struct status status = mark_read(view->txn, &head, META_HEAD);
    if (status.code == STATUS_MISSING) return status_ok;
    if (!failed(status)) status = index_tail_follow(tail, view->txn, head.number);
    if (!failed(status) && shares) store->tail_version = store->version;
    return status;
}

/* The encoded value of key, empty where it has none. */
static struct bytes past_read(struct past *past, const struct state_key *key) {
    struct bytes value;
    struct value_cache *values = past->is_head ? view_values(past->view) : NULL;
    if (values != NULL && value_cache_get(values, &value, key)) return value;

    bool found = false;
    struct status status = status_ok;
    if (!past->is_head) {
        struct index index;
        status = view_index(past->view, &index);
        if (!failed(status)) status = history_read(&index, &value, &found, key, past->number);
    }
    if (!failed(status) && !found) status = flat_read(past->view->txn, &value, key);
    remember(past->view, status);
    if (failed(status)) return (struct bytes){NULL, 0};
    if (values != NULL) value_cache_set(values, key, value);
    return value;
}

static struct hash past_key(struct past *past, const struct address *address) {
    if (!past->has_last || !address_equal(&past->last, address)) {
        past->last = *address;
        past->last_key = state_key_account(address);
        past->has_last = true;
    }
    return past->last_key;
}

static struct hash past_slot_key(const struct past *past, const struct u256 *slot) {
    const bool is_small = u256_fits_u64(slot) && slot->limb[0] < STORE_SMALL_SLOTS;
    return is_small ? past->view->store->small_slots[slot->limb[0]] : state_key_slot(slot);
}

static bool past_account(void *ctx, const struct address *address, struct account *out) {
    struct past *past = ctx;
    const struct state_key key = {.account = past_key(past, address)};
    const struct bytes value = past_read(past, &key);
    if (value.len == 0) return false;
    if (account_from_value(out, value)) return true;
    remember(past->view, store_damaged("reading an account"));
    return false;
}

static void past_storage(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    struct past *past = ctx;
    const struct state_key key = {
        .account = past_key(past, address),
        .slot = past_slot_key(past, slot),
        .is_slot = true,
    };
    if (slot_from_value(value, past_read(past, &key))) return;
    *value = U256_ZERO;
    remember(past->view, store_damaged("reading a slot"));
}

static struct bytes past_code(void *ctx, const struct hash *code_hash) {
    struct past *past = ctx;
    struct bytes code;
    remember(past->view, store_code(past->view, &code, code_hash));
    return code;
}

static void past_block_hash(void *ctx, uint64_t number, struct hash *out) {
    struct past *past = ctx;
    struct store_mark mark = {0};
    remember(past->view, canonical_read(past->view->txn, &mark, number));
    *out = mark.hash;
}

struct status store_state(
    struct store_view *view, struct arena *arena, struct state_reader *out, uint64_t number
) {
    struct store_mark head;
    const struct status status = mark_read(view->txn, &head, META_HEAD);
    if (failed(status)) return status;
    if (number > head.number) {
        return status_make(STATUS_MISSING, 0, "reading the state after a block above the head");
    }
    struct past *past = ARENA_NEW(arena, struct past);
    *past = (struct past){.view = view, .number = number, .is_head = number == head.number};
    *out = (struct state_reader){past_account, past_storage, past_code, past_block_hash, past};
    return status_ok;
}

struct status store_state_status(const struct store_view *view) {
    return view->status;
}

/* --- the root from scratch -------------------------------------------------------------------- */

static struct status compute_storage_root(
    struct txn *txn, struct arena *arena, struct hash *out, const struct hash *account
) {
    struct cursor *cursor;
    struct bytes found;
    struct bytes value;
    struct trie_builder builder;
    uint8_t leaves[2][RLP_U256_MAX]; /* the builder borrows a value until the next */
    size_t turn = 0;
    trie_builder_init(&builder, arena, NULL);
    struct status status = cursor_open(&cursor, txn, TABLE_SLOTS);
    if (failed(status)) return status;
    status = cursor_seek(cursor, &found, &value, BYTES_OF(*account));
    while (!failed(status) && memcmp(found.data, account->bytes, sizeof account->bytes) == 0) {
        struct u256 number;
        if (!slot_from_value(&number, value) || u256_is_zero(&number)) {
            status = store_damaged("reading a slot");
            break;
        }
        turn ^= 1;
        const struct bytes leaf = bytes_from(leaves[turn], trie_slot_encode(leaves[turn], &number));
        const struct bytes slot = bytes_slice(found, sizeof account->bytes, sizeof(struct hash));
        trie_builder_add(&builder, (struct trie_pair){slot, leaf});
        status = cursor_next(cursor, &found, &value);
    }
    cursor_close(cursor);
    if (failed(status) && status.code != STATUS_MISSING) return status;
    trie_builder_finish(&builder, out);
    return status_ok;
}

static struct status add_account(
    struct txn *txn,
    struct arena *arena,
    struct trie_builder *builder,
    uint8_t leaf[TRIE_ACCOUNT_SIZE_MAX],
    struct bytes key,
    struct bytes value
) {
    struct account account;
    struct hash storage_root;
    struct hash hash;
    if (key.len != sizeof hash || !account_from_value(&account, value)) {
        return store_damaged("reading an account");
    }
    memcpy(hash.bytes, key.data, key.len);
    const struct status status = compute_storage_root(txn, arena, &storage_root, &hash);
    if (failed(status)) return status;
    if (!hash_equal(&storage_root, &account.storage_root)) {
        return store_damaged("comparing an account's slots with its storage root");
    }
    const struct trie_account encoded = {
        .nonce = account.nonce,
        .balance = account.balance,
        .storage_root = storage_root,
        .code_hash = account.code_hash,
    };
    const size_t len = trie_account_encode(leaf, &encoded);
    trie_builder_add(builder, (struct trie_pair){key, bytes_from(leaf, len)});
    return status_ok;
}

struct status store_compute_root(struct store_view *view, struct arena *arena, struct hash *out) {
    struct cursor *cursor;
    struct bytes key;
    struct bytes value;
    struct trie_builder builder;
    uint8_t leaves[2][TRIE_ACCOUNT_SIZE_MAX]; /* the builder borrows a value until the next */
    size_t turn = 0;
    trie_builder_init(&builder, arena, NULL);
    struct status status = cursor_open(&cursor, view->txn, TABLE_ACCOUNTS);
    if (failed(status)) return status;
    const uint8_t first[1] = {0};
    status = cursor_seek(cursor, &key, &value, BYTES_OF(first));
    while (!failed(status)) {
        turn ^= 1;
        status = add_account(view->txn, arena, &builder, leaves[turn], key, value);
        if (!failed(status)) status = cursor_next(cursor, &key, &value);
    }
    cursor_close(cursor);
    if (status.code != STATUS_MISSING) return status;
    trie_builder_finish(&builder, out);
    return status_ok;
}
