#include "service/genesis_edits.h"

#include "codec/rlp.h"

/* Namespace of the store: is_slot, address, slot to the rest of an account_before. */
#define EDITS "genesis_edits"

enum { KEY_SIZE = 1 + 20 + 32 };

struct noted {
    struct noted *next;
    uint8_t key[KEY_SIZE];
    struct account_before before;
};

static void make_key(uint8_t key[KEY_SIZE], const struct account_before *before) {
    memset(key, 0, KEY_SIZE);
    key[0] = before->is_slot;
    memcpy(key + 1, before->address.bytes, sizeof before->address.bytes);
    if (before->is_slot) u256_to_be(key + 21, &before->slot);
}

static struct bytes encode(struct arena *arena, const struct account_before *before) {
    struct rlp_writer writer = rlp_writer_in(arena, 128 + before->code.len);
    const size_t list = rlp_list_begin(&writer);
    rlp_write_u64(&writer, before->existed);
    rlp_write_u256(&writer, &before->value);
    rlp_write_u256(&writer, &before->balance);
    rlp_write_u64(&writer, before->nonce);
    rlp_write_bytes(&writer, before->code);
    rlp_list_end(&writer, list);
    return rlp_written(&writer);
}

static bool decode(struct account_before *out, const uint8_t key[KEY_SIZE], struct bytes encoded) {
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list list = rlp_enter(&reader);
    out->is_slot = key[0] != 0;
    memcpy(out->address.bytes, key + 1, sizeof out->address.bytes);
    out->slot = u256_from_be(key + 21);
    rlp_read_bool(&reader, &out->existed);
    rlp_read_u256(&reader, &out->value);
    rlp_read_u256(&reader, &out->balance);
    rlp_read_u64(&reader, &out->nonce);
    rlp_read_bytes(&reader, &out->code);
    rlp_leave(&reader, list);
    return rlp_finish(&reader) == RLP_VALID;
}

static const struct evm_rules clearing = {.clear_empty_accounts = true};

void account_before_clear_empty(struct state *state, const struct account_before *before) {
    if (before->existed) return;
    state_touch(state, &before->address, &clearing);
    state_end_transaction(state, &clearing);
}

static void put_back(struct state *state, const struct account_before *before) {
    if (before->is_slot) {
        state_set_storage(state, &before->address, &before->slot, &before->value);
        return;
    }
    state_set_balance(state, &before->address, &before->balance);
    state_set_nonce(state, &before->address, before->nonce);
    state_set_code(state, &before->address, before->code);
}

void account_before_restore(struct state *state, const struct account_before *before) {
    put_back(state, before);
    account_before_clear_empty(state, before);
}

/* The end of what store_begin began. */
static struct status finish(struct store *store, struct status status) {
    if (!failed(status)) return store_commit(store);
    store_abort(store);
    return status;
}

struct status genesis_edits_note(
    struct store *store, const struct arena_source *source, const struct account_before *before
) {
    struct store_view *view;
    struct bytes ignored;
    uint8_t key[KEY_SIZE];
    make_key(key, before);
    struct status status = store_view_open(&view, store);
    if (failed(status)) return status;
    status = store_get(view, &ignored, EDITS, BYTES_OF(key));
    store_view_close(view);
    if (status.code != STATUS_MISSING) return status;
    struct arena arena;
    arena_init(&arena, source);
    status = store_begin(store);
    if (!failed(status)) {
        status = finish(store, store_put(store, EDITS, BYTES_OF(key), encode(&arena, before)));
    }
    arena_reset(&arena);
    return status;
}

static struct status read_all(struct store *store, struct arena *arena, struct noted **out) {
    struct store_view *view;
    struct noted **last = out;
    uint8_t from[KEY_SIZE] = {0};
    *out = NULL;
    struct status status = store_view_open(&view, store);
    if (failed(status)) return status;
    for (bool after = false; !failed(status); after = true) {
        struct bytes key, value;
        status = store_next(view, &key, &value, EDITS, BYTES_OF(from), after);
        if (failed(status)) break;
        struct noted *noted = ARENA_NEW(arena, struct noted);
        *last = noted;
        last = &noted->next;
        const bool good =
            key.len == KEY_SIZE && decode(&noted->before, key.data, arena_copy(arena, value));
        if (!good) status = status_make(STATUS_CORRUPT, 0, "reading a change of the genesis block");
        if (good) memcpy(noted->key, key.data, KEY_SIZE);
        memcpy(from, noted->key, KEY_SIZE);
    }
    store_view_close(view);
    return status.code == STATUS_MISSING ? status_ok : status;
}

/* EIP-161 takes away what is empty of all that was put back: no account of the genesis block is. */
static void restore_all(void *ctx, struct state *state) {
    const struct noted *all = ctx;
    for (const struct noted *one = all; one != NULL; one = one->next) {
        put_back(state, &one->before);
    }
    state_end_transaction(state, &clearing);
}

/* What is restored twice, after a crash, is the same. */
static struct status undo(struct store *store, struct execution *execution, struct noted *all) {
    struct status status = execution_edit_state(execution, restore_all, all);
    if (!failed(status)) status = store_begin(store);
    if (failed(status)) return status;
    for (const struct noted *one = all; one != NULL && !failed(status); one = one->next) {
        status = store_delete(store, EDITS, BYTES_OF(one->key));
    }
    return finish(store, status);
}

struct status genesis_edits_undo(
    struct store *store, const struct arena_source *source, struct execution *execution
) {
    struct arena arena;
    struct noted *all;
    arena_init(&arena, source);
    struct status status = read_all(store, &arena, &all);
    if (!failed(status) && all != NULL) status = undo(store, execution, all);
    arena_reset(&arena);
    return status;
}
