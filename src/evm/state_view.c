#include "evm/state_view.h"

#include "evm/state_records.h"

struct state_view_account {
    struct address address;
    bool exists;
    bool any_balance;       /* nothing depends on it */
    struct account account; /* zeroes where it does not exist */
    struct bytes code;      /* in the list of codes */
    struct state_view_account *older, *older_code;
};

struct state_view_slot {
    struct address address;
    struct u256 key;
    struct u256 value;
    struct state_view_slot *older;
};

static void enter(const struct state_view *view) {
    if (view->guard != NULL) view->guard->enter(view->guard->ctx);
}

static void leave(const struct state_view *view) {
    if (view->guard != NULL) view->guard->leave(view->guard->ctx);
}

/* What the block's state has, or NULL: then the block has not changed it. */
static const struct state_account *known_account(
    const struct state_view *view, const struct address *address
) {
    const struct state_account *const record = state_peek_account(view->state, address);
    return record != NULL && record->loaded ? record : NULL;
}

/* The storage root as a state would have it that began now; see state_account_collides. */
static struct account account_now(const struct state_account *record) {
    const bool is_old = record->existed_before && record->generation == 0;
    if (!record->exists) return (struct account){.code_hash = {{0}}};
    return (struct account){
        .nonce = record->nonce,
        .balance = record->balance,
        .code_hash = record->code_hash,
        .storage_root = is_old ? record->before.storage_root : state_empty_root,
    };
}

static bool read_account(void *ctx, const struct address *address, struct account *out) {
    struct state_view *const view = ctx;
    const struct state_reader *const reader = view->state->reader;
    struct state_view_account *const answer = ARENA_NEW(view->arena, struct state_view_account);
    answer->address = *address;
    enter(view);
    const struct state_account *const record = known_account(view, address);
    bool has_new_code = false;
    if (record != NULL) {
        answer->exists = record->exists;
        answer->account = account_now(record);
        answer->code = record->code;
        has_new_code = !hash_equal(&record->code_hash, &record->before.code_hash);
    }
    leave(view);
    if (record == NULL) answer->exists = reader->account(reader->ctx, address, &answer->account);
    answer->older = view->accounts;
    view->accounts = answer;
    if (has_new_code) {
        answer->older_code = view->codes;
        view->codes = answer;
    }
    if (answer->exists) *out = answer->account;
    return answer->exists;
}

/* False where the block's state does not know: then the block has not changed the slot. */
static bool known_slot(
    const struct state_view *view,
    struct u256 *value,
    const struct address *address,
    const struct u256 *key
) {
    const struct state_account *const account = known_account(view, address);
    if (account == NULL) return false;
    const struct state_slot *const slot = state_peek_slot(view->state, account, key);
    if (slot != NULL && slot->loaded && slot->generation == account->generation) {
        *value = slot->value;
        return true;
    }
    *value = U256_ZERO;
    return account->generation != 0 || !account->existed_before;
}

static void read_storage(
    void *ctx, const struct address *address, const struct u256 *key, struct u256 *value
) {
    struct state_view *const view = ctx;
    const struct state_reader *const reader = view->state->reader;
    enter(view);
    const bool is_known = known_slot(view, value, address, key);
    leave(view);
    if (!is_known) reader->storage(reader->ctx, address, key, value);
    struct state_view_slot *const answer = ARENA_NEW(view->arena, struct state_view_slot);
    *answer = (struct state_view_slot){*address, *key, *value, view->slots};
    view->slots = answer;
}

static struct bytes read_code(void *ctx, const struct hash *code_hash) {
    const struct state_view *const view = ctx;
    const struct state_reader *const reader = view->state->reader;
    for (const struct state_view_account *a = view->codes; a != NULL; a = a->older_code) {
        if (hash_equal(&a->account.code_hash, code_hash)) return a->code;
    }
    return reader->code(reader->ctx, code_hash);
}

/* No transaction changes it. */
static void read_block_hash(void *ctx, uint64_t number, struct hash *out) {
    const struct state_view *const view = ctx;
    const struct state_reader *const reader = view->state->reader;
    reader->block_hash(reader->ctx, number, out);
}

void state_view_init(
    struct state_view *view,
    struct arena *arena,
    const struct state *state,
    const struct state_guard *guard
) {
    *view = (struct state_view){
        .reader = {read_account, read_storage, read_code, read_block_hash, view},
        .state = state,
        .guard = guard,
        .arena = arena,
    };
}

void state_view_close(struct state_view *view, const struct state *state) {
    for (struct state_view_account *a = view->accounts; a != NULL; a = a->older) {
        const struct state_account *const record = state_peek_account(state, &a->address);
        a->any_balance = !record->balance_used;
    }
}

static bool is_empty_root(const struct hash *root) {
    return hash_equal(root, &state_empty_root);
}

static bool account_holds(const struct state_view *view, const struct state_view_account *answer) {
    const struct state_account *const record = known_account(view, &answer->address);
    if (record == NULL) return true;
    if (record->exists != answer->exists) return false;
    if (!record->exists) return true;
    const struct account now = account_now(record);
    return now.nonce == answer->account.nonce &&
        (answer->any_balance || u256_equal(&now.balance, &answer->account.balance)) &&
        hash_equal(&now.code_hash, &answer->account.code_hash) &&
        is_empty_root(&now.storage_root) == is_empty_root(&answer->account.storage_root);
}

bool state_view_holds(const struct state_view *view) {
    for (const struct state_view_account *a = view->accounts; a != NULL; a = a->older) {
        if (!account_holds(view, a)) return false;
    }
    for (const struct state_view_slot *s = view->slots; s != NULL; s = s->older) {
        struct u256 now;
        if (known_slot(view, &now, &s->address, &s->key) && !u256_equal(&now, &s->value)) {
            return false;
        }
    }
    return true;
}

/* The slots of an account of which the diff's before is also what the block began with need not be asked
 * of the reader again: what the block's state does not know, the block has not changed. */
static void apply_slot(
    struct state *state, struct state_account *account, const struct state_slot_diff *diff
) {
    struct state_slot *const slot = state_find_slot(state, account, &diff->key);
    if (!slot->loaded && account->existed_before && account->generation == 0) {
        slot->loaded = true;
        slot->value = diff->before;
        slot->before = diff->before;
    }
    state_change_slot(state, state_load_found_slot(state, slot), &diff->after);
}

static void apply_account(struct state *state, const struct state_account_diff *diff) {
    struct state_account *const account = state_find_account(state, &diff->address);
    if (!account->loaded) {
        account->before = diff->before;
        state_meet_account(account, diff->existed_before);
    }
    ASSERT(account->exists == diff->existed_before);
    if (!diff->exists_after) {
        state_destroy_account(state, account);
        return;
    }
    /* Within one transaction storage goes with its account alone, and at the end. */
    ASSERT(!diff->storage_wiped);
    state_make_exist(state, account);
    if (!u256_equal(&diff->before.balance, &diff->after.balance)) {
        state_change_balance(state, account, &diff->after.balance);
    }
    if (diff->before.nonce != diff->after.nonce) {
        state_change_nonce(state, account, diff->after.nonce);
    }
    if (diff->code_changed) {
        const struct bytes code = arena_copy(state->arena, diff->code);
        state_change_code(state, account, &diff->after.code_hash, code);
    }
    for (size_t i = 0; i < diff->slot_count; i++) {
        apply_slot(state, account, &diff->slots[i]);
    }
}

void state_apply(struct state *state, const struct state_diff *diff) {
    for (size_t i = 0; i < diff->count; i++) {
        apply_account(state, &diff->accounts[i]);
    }
}
