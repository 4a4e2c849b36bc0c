#include "evm/state.h"

#include "base/checked.h"
#include "crypto/keccak.h"
#include "evm/state_records.h"

enum { TABLE_ROOM_FIRST = 64, LIST_ROOM_FIRST = 64 };

const struct hash state_empty_root = {{0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6,
                                       0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e,
                                       0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0,
                                       0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21}};

/* EIP-161 was once applied to the precompile RIPEMD-160 where its call had failed, and clients agreed
 * to keep it so: a touch of this account is not undone. */
static const struct address ripemd160_address = {{[19] = 3}};

/* A list that outgrew its room moves to one of twice the size; the arena keeps the old one. */
static void *grown(struct arena *arena, const void *list, size_t *room, size_t len, size_t size) {
    if (len < *room) return NULL;
    *room = *room == 0 ? LIST_ROOM_FIRST : *room * 2;
    size_t bytes;
    ASSERT(mul_size(&bytes, *room, size));
    void *larger = arena_alloc_raw(arena, bytes, 8);
    if (len > 0) memcpy(larger, list, len * size);
    return larger;
}

#define MAKE_ROOM(state, list, room, len)                                              \
    do {                                                                               \
        void *larger_ = grown((state)->arena, (list), &(room), (len), sizeof *(list)); \
        if (larger_ != NULL) (list) = larger_;                                         \
    } while (0)

/* Hashing: products of sums with seeds, folded to 64 bits. The seeds come from an address in memory, so
 * that nobody outside can choose keys that meet in one place. The order of records never shows in any
 * result. */

static uint64_t fold(uint64_t a, uint64_t b) {
    const uint128 product = (uint128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static void make_seeds(struct state *state) {
    uint64_t seed = (uint64_t)(uintptr_t)state ^ (uint64_t)(uintptr_t)state->arena->next << 20;
    for (size_t i = 0; i < ARRAY_LEN(state->seeds); i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        state->seeds[i] =
            fold(seed ^ UINT64_C(0xa0761d6478bd642f), seed ^ UINT64_C(0xe7037ed1a0b428db));
    }
}

static uint64_t hash_address(const struct state *state, const struct address *address) {
    const uint64_t *const seeds = state->seeds;
    const uint64_t a = load_le64(address->bytes), b = load_le64(address->bytes + 8);
    uint32_t c;
    memcpy(&c, address->bytes + 16, sizeof c);
    return fold(fold(a ^ seeds[0], b ^ seeds[1]) ^ c, seeds[2] | 1);
}

static uint64_t hash_slot(
    const struct state *state, const struct state_account *account, const struct u256 *key
) {
    const uint64_t *const seeds = state->seeds;
    const uint64_t low = fold(key->limb[0] ^ seeds[0], key->limb[1] ^ seeds[1]);
    const uint64_t high = fold(key->limb[2] ^ seeds[2], key->limb[3] ^ seeds[3]);
    return fold(low ^ (uint64_t)(uintptr_t)account, high ^ seeds[4]);
}

/* Open addressing with linear probing: at most half of the places are taken. */

static void table_init(struct state_table *table, struct arena *arena) {
    table->places = ARENA_ARRAY(arena, struct state_place, TABLE_ROOM_FIRST);
    table->mask = TABLE_ROOM_FIRST - 1;
    table->count = 0;
}

static void table_put(struct state_table *table, uint64_t hash, void *record) {
    size_t at = hash & table->mask;
    while (table->places[at].record != NULL) {
        at = (at + 1) & table->mask;
    }
    table->places[at] = (struct state_place){hash, record};
}

static void table_add(struct state_table *table, struct arena *arena, uint64_t hash, void *record) {
    table->count++;
    if (table->count * 2 > table->mask) {
        struct state_table larger = {.mask = table->mask * 4 + 3, .count = table->count};
        larger.places = ARENA_ARRAY(arena, struct state_place, larger.mask + 1);
        for (size_t i = 0; i <= table->mask; i++) {
            const struct state_place *place = &table->places[i];
            if (place->record != NULL) table_put(&larger, place->hash, place->record);
        }
        *table = larger;
    }
    table_put(table, hash, record);
}

void state_init(struct state *state, struct arena *arena, const struct state_reader *reader) {
    /* Epoch 0 is that of records that were never marked. */
    *state = (struct state){.reader = reader, .arena = arena, .epoch = 1};
    table_init(&state->accounts, arena);
    table_init(&state->slots, arena);
    make_seeds(state);
}

/* Records. */

/* The record of an account, or NULL. */
static struct state_account *look_up_account(
    const struct state *state, const struct address *address, uint64_t hash
) {
    const struct state_table *table = &state->accounts;
    for (size_t at = hash & table->mask; table->places[at].record != NULL;
         at = (at + 1) & table->mask) {
        if (table->places[at].hash != hash) continue;
        struct state_account *account = table->places[at].record;
        if (address_equal(&account->address, address)) return account;
    }
    return NULL;
}

const struct state_account *state_peek_account(
    const struct state *state, const struct address *address
) {
    return look_up_account(state, address, hash_address(state, address));
}

bool state_knows_account(const struct state *state, const struct address *address) {
    const struct state_account *account = state_peek_account(state, address);
    return account != NULL && account->loaded;
}

struct state_account *state_search_account(struct state *state, const struct address *address) {
    struct state_account **recent = &state->recent_accounts[state_recent_account(address)];
    const uint64_t hash = hash_address(state, address);
    struct state_account *account = look_up_account(state, address, hash);
    if (account != NULL) {
        *recent = account;
        return account;
    }
    account = ARENA_NEW(state->arena, struct state_account);
    account->address = *address;
    account->code_hash = keccak256_of_empty;
    account->older = state->newest_account;
    if (state->warm_rules != NULL && evm_is_precompile(state->warm_rules, address)) {
        account->warm_epoch = STATE_WARM_FOREVER;
    }
    state->newest_account = account;
    table_add(&state->accounts, state->arena, hash, account);
    *recent = account;
    return account;
}

void state_meet_account(struct state_account *account, bool existed) {
    account->loaded = true;
    account->existed_before = existed;
    account->exists = existed;
    account->nonce = account->before.nonce;
    account->balance = account->before.balance;
    account->code_hash = account->before.code_hash;
    account->code_loaded = hash_equal(&account->code_hash, &keccak256_of_empty);
}

void state_ask_account(struct state *state, struct state_account *account) {
    account->before =
        (struct account){.code_hash = keccak256_of_empty, .storage_root = state_empty_root};
    const bool existed =
        state->reader->account(state->reader->ctx, &account->address, &account->before);
    state_meet_account(account, existed);
}

struct bytes state_load_code(struct state *state, struct state_account *account) {
    if (!account->code_loaded) {
        account->code = state->reader->code(state->reader->ctx, &account->code_hash);
        account->code_loaded = true;
    }
    return account->code;
}

/* The record of a slot, or NULL. */
static struct state_slot *look_up_slot(
    const struct state *state,
    const struct state_account *account,
    const struct u256 *key,
    uint64_t hash
) {
    const struct state_table *table = &state->slots;
    for (size_t at = hash & table->mask; table->places[at].record != NULL;
         at = (at + 1) & table->mask) {
        if (table->places[at].hash != hash) continue;
        struct state_slot *slot = table->places[at].record;
        if (slot->account == account && u256_equal(&slot->key, key)) return slot;
    }
    return NULL;
}

const struct state_slot *state_peek_slot(
    const struct state *state, const struct state_account *account, const struct u256 *key
) {
    return look_up_slot(state, account, key, hash_slot(state, account, key));
}

struct state_slot *state_search_slot(
    struct state *state, struct state_account *account, const struct u256 *key
) {
    const uint64_t hash = hash_slot(state, account, key);
    struct state_slot *slot = look_up_slot(state, account, key, hash);
    if (slot == NULL) {
        slot = ARENA_NEW(state->arena, struct state_slot);
        slot->key = *key;
        slot->account = account;
        slot->older = account->newest_slot;
        account->newest_slot = slot;
        table_add(&state->slots, state->arena, hash, slot);
    }
    state->recent_slots[state_recent_slot(account, key)] = slot;
    return slot;
}

static struct state_journal_entry *journal(struct state *state, enum state_journal_kind kind) {
    MAKE_ROOM(state, state->journal, state->journal_room, state->journal_len);
    struct state_journal_entry *entry = &state->journal[state->journal_len++];
    entry->kind = kind;
    return entry;
}

static struct state_journal_entry *journal_account(
    struct state *state, enum state_journal_kind kind, struct state_account *account
) {
    struct state_journal_entry *entry = journal(state, kind);
    entry->record.account = account;
    return entry;
}

/* Whether the entry at index remembers what a slot held at the newest checkpoint: then whoever goes
 * back comes to it, and what the slot held in between concerns nobody. */
static inline bool is_remembered(
    const struct state *state,
    const struct state_slot *slot,
    enum state_journal_kind kind,
    uint32_t index
) {
    if (index < state->journal_kept || index >= state->journal_len) return false;
    const struct state_journal_entry *entry = &state->journal[index];
    return entry->kind == kind && entry->record.slot == slot;
}

static void journal_slot_value(struct state *state, struct state_slot *slot) {
    if (is_remembered(state, slot, JOURNAL_VALUE, slot->journal_index)) return;
    slot->journal_index = (uint32_t)state->journal_len;
    struct state_journal_entry *entry = journal(state, JOURNAL_VALUE);
    entry->record.slot = slot;
    entry->mark = slot->generation;
    entry->old.word = slot->value;
}

void state_refresh_slot(struct state *state, struct state_slot *slot) {
    struct state_account *account = slot->account;
    if (account->generation == 0) {
        /* The reader knows it; a slot first met after a wipe that was undone is asked for here. */
        slot->value = U256_ZERO;
        if (account->existed_before) {
            state->reader->storage(state->reader->ctx, &account->address, &slot->key, &slot->value);
        }
        slot->before = slot->value;
        slot->generation = 0;
        slot->loaded = true;
        return;
    }
    /* Wiped. What it held comes back where the wipe is undone. */
    if (slot->loaded) journal_slot_value(state, slot);
    slot->value = U256_ZERO;
    slot->generation = account->generation;
    slot->loaded = true;
}

bool state_account_is_empty(struct state_account *account) {
    return account->nonce == 0 && hash_equal(&account->code_hash, &keccak256_of_empty) &&
        u256_is_zero(state_use_balance(account));
}

bool state_account_collides(const struct state_account *account) {
    const bool has_storage = account->existed_before && account->generation == 0 &&
        !hash_equal(&account->before.storage_root, &state_empty_root);
    return account->nonce != 0 || has_storage ||
        !hash_equal(&account->code_hash, &keccak256_of_empty);
}

/* Changes. */

void state_mark_touched(struct state *state, struct state_account *account) {
    if (account->touched_epoch == state->epoch) return;
    journal_account(state, JOURNAL_TOUCHED, account)->mark = account->touched_epoch;
    account->touched_epoch = state->epoch;
    MAKE_ROOM(state, state->touched, state->touched_room, state->touched_count);
    state->touched[state->touched_count++] = account;
}

void state_make_exist(struct state *state, struct state_account *account) {
    state_mark_touched(state, account);
    if (account->exists) return;
    journal_account(state, JOURNAL_EXISTS, account)->mark = false;
    account->exists = true;
}

void state_change_balance(
    struct state *state, struct state_account *account, const struct u256 *balance
) {
    state_make_exist(state, account);
    journal_account(state, JOURNAL_BALANCE, account)->old.word = account->balance;
    account->balance = *balance;
}

void state_change_nonce(struct state *state, struct state_account *account, uint64_t nonce) {
    state_make_exist(state, account);
    journal_account(state, JOURNAL_NONCE, account)->old.nonce = account->nonce;
    account->nonce = nonce;
}

void state_change_code(
    struct state *state,
    struct state_account *account,
    const struct hash *code_hash,
    struct bytes code
) {
    state_make_exist(state, account);
    struct state_journal_entry *entry = journal_account(state, JOURNAL_CODE, account);
    entry->mark = account->code_loaded;
    entry->old.code.hash = account->code_hash;
    entry->old.code.bytes = account->code;
    account->code_hash = *code_hash;
    account->code = code;
    account->code_loaded = true;
}

void state_change_slot(struct state *state, struct state_slot *slot, const struct u256 *value) {
    if (slot->written_epoch != state->epoch) {
        slot->written_epoch = state->epoch;
        slot->original = slot->value;
    }
    journal_slot_value(state, slot);
    slot->value = *value;
}

void state_mark_created(struct state *state, struct state_account *account) {
    state_make_exist(state, account);
    journal_account(state, JOURNAL_CREATED, account)->mark = account->created_epoch;
    account->created_epoch = state->epoch;
}

void state_mark_destroyed(struct state *state, struct state_account *account) {
    if (state_is_destroyed(state, account)) return;
    state_mark_touched(state, account);
    journal_account(state, JOURNAL_DESTROYED, account)->mark = account->destroyed_epoch;
    account->destroyed_epoch = state->epoch;
}

static void wipe(struct state *state, struct state_account *account) {
    journal_account(state, JOURNAL_WIPED, account)->mark = account->generation;
    account->generation++;
}

void state_make_account_warm(struct state *state, struct state_account *account) {
    journal_account(state, JOURNAL_WARM_ACCOUNT, account)->mark = account->warm_epoch;
    account->warm_epoch = state->epoch;
}

void state_make_slot_warm(struct state *state, struct state_slot *slot) {
    struct state_journal_entry *entry = journal(state, JOURNAL_WARM_SLOT);
    entry->record.slot = slot;
    entry->mark = slot->warm_epoch;
    slot->warm_epoch = state->epoch;
}

void state_warm_precompiles(struct state *state, const struct evm_rules *rules) {
    if (LIKELY(state->warm_rules == rules)) return;
    state->warm_rules = rules;
    /* Those without a record are marked when they get one. */
    for (struct state_account *a = state->newest_account; a != NULL; a = a->older) {
        if (evm_is_precompile(rules, &a->address)) {
            a->warm_epoch = STATE_WARM_FOREVER;
        } else if (a->warm_epoch == STATE_WARM_FOREVER) {
            a->warm_epoch = 0;
        }
    }
}

/* Transient storage. */

struct u256 state_transient_load(
    struct state *state, struct state_account *account, const struct u256 *key
) {
    const struct state_slot *slot = state->recent_slots[state_recent_slot(account, key)];
    if (slot == NULL || slot->account != account || !u256_equal(&slot->key, key)) {
        /* No record for what was never stored. */
        slot = look_up_slot(state, account, key, hash_slot(state, account, key));
    }
    return slot != NULL && slot->transient_epoch == state->epoch ? slot->transient : U256_ZERO;
}

void state_transient_store(
    struct state *state,
    struct state_account *account,
    const struct u256 *key,
    const struct u256 *value
) {
    struct state_slot *slot = state_find_slot(state, account, key);
    if (!is_remembered(state, slot, JOURNAL_TRANSIENT, slot->transient_index)) {
        slot->transient_index = (uint32_t)state->journal_len;
        struct state_journal_entry *entry = journal(state, JOURNAL_TRANSIENT);
        entry->record.slot = slot;
        entry->mark = slot->transient_epoch;
        entry->old.word = slot->transient;
    }
    slot->transient_epoch = state->epoch;
    slot->transient = *value;
}

/* Going back. */

static void undo(const struct state_journal_entry *entry) {
    struct state_account *account = entry->record.account;
    switch (entry->kind) {
    case JOURNAL_BALANCE: account->balance = entry->old.word; break;
    case JOURNAL_NONCE: account->nonce = entry->old.nonce; break;
    case JOURNAL_CODE:
        account->code_hash = entry->old.code.hash;
        account->code = entry->old.code.bytes;
        account->code_loaded = entry->mark != 0;
        break;
    case JOURNAL_EXISTS: account->exists = entry->mark != 0; break;
    case JOURNAL_CREATED: account->created_epoch = entry->mark; break;
    case JOURNAL_DESTROYED: account->destroyed_epoch = entry->mark; break;
    case JOURNAL_TOUCHED: account->touched_epoch = entry->mark; break;
    case JOURNAL_WIPED: account->generation = entry->mark; break;
    case JOURNAL_WARM_ACCOUNT:
        if (account->warm_epoch != STATE_WARM_FOREVER) account->warm_epoch = entry->mark;
        break;
    case JOURNAL_WARM_SLOT: entry->record.slot->warm_epoch = entry->mark; break;
    case JOURNAL_VALUE:
        entry->record.slot->value = entry->old.word;
        entry->record.slot->generation = entry->mark;
        break;
    case JOURNAL_TRANSIENT:
        entry->record.slot->transient = entry->old.word;
        entry->record.slot->transient_epoch = entry->mark;
        break;
    }
}

struct state_checkpoint state_checkpoint(struct state *state) {
    state->journal_kept = state->journal_len;
    return (struct state_checkpoint
    ){state->journal_len, state->log_count, state->touched_count, state->refund};
}

void state_revert(struct state *state, struct state_checkpoint checkpoint) {
    ASSERT(checkpoint.journal_len <= state->journal_len);
    while (state->journal_len > checkpoint.journal_len) {
        undo(&state->journal[--state->journal_len]);
    }
    state->journal_kept = state->journal_len;
    state->log_count = checkpoint.log_count;
    if (state->log_begin > state->log_count) state->log_begin = state->log_count;
    state->refund = checkpoint.refund;

    const size_t touched_count = state->touched_count;
    if (touched_count < checkpoint.touched_count) return; /* a later transaction emptied the list */
    state->touched_count = checkpoint.touched_count;
    for (size_t i = checkpoint.touched_count; i < touched_count; i++) {
        if (address_equal(&state->touched[i]->address, &ripemd160_address)) {
            state_mark_touched(state, state->touched[i]);
            break;
        }
    }
}

void state_commit(struct state *state) {
    state->journal_len = 0;
    state->journal_kept = 0;
}

/* Transactions. */

void state_begin_transaction(struct state *state) {
    ASSERT(state->epoch < UINT32_MAX);
    state->epoch++;
    state->refund = 0;
    state->touched_count = 0;
    state->log_begin = state->log_count;
}

void state_destroy_account(struct state *state, struct state_account *account) {
    const struct u256 zero = U256_ZERO;
    state_change_balance(state, account, &zero);
    state_change_nonce(state, account, 0);
    state_change_code(state, account, &keccak256_of_empty, (struct bytes){NULL, 0});
    wipe(state, account);
    journal_account(state, JOURNAL_EXISTS, account)->mark = true;
    account->exists = false;
}

void state_end_transaction(struct state *state, const struct evm_rules *rules) {
    for (size_t i = 0; i < state->touched_count; i++) {
        struct state_account *account = state->touched[i];
        const bool cleared = rules->clear_empty_accounts && state_account_is_empty(account);
        if (state_is_destroyed(state, account) || (account->exists && cleared)) {
            state_destroy_account(state, account);
        }
    }
    state->touched_count = 0;
}

/* By address. */

bool state_exists(struct state *state, const struct address *address) {
    return state_load_account(state, address)->exists;
}

struct u256 state_balance(struct state *state, const struct address *address) {
    return *state_use_balance(state_load_account(state, address));
}

uint64_t state_nonce(struct state *state, const struct address *address) {
    return state_load_account(state, address)->nonce;
}

struct hash state_code_hash(struct state *state, const struct address *address) {
    return state_load_account(state, address)->code_hash;
}

struct bytes state_code(struct state *state, const struct address *address) {
    return state_load_code(state, state_load_account(state, address));
}

struct u256 state_storage(
    struct state *state, const struct address *address, const struct u256 *slot
) {
    return state_load_slot(state, state_load_account(state, address), slot)->value;
}

bool state_account(struct state *state, const struct address *address, struct account *out) {
    struct state_account *account = state_load_account(state, address);
    *out = (struct account){
        .nonce = account->nonce,
        .balance = *state_use_balance(account),
        .code_hash = account->code_hash,
        .storage_root = account->before.storage_root,
    };
    return account->exists;
}

void state_set_balance(
    struct state *state, const struct address *address, const struct u256 *balance
) {
    state_change_balance(state, state_load_account(state, address), balance);
}

void state_add_balance(
    struct state *state, const struct address *address, const struct u256 *amount
) {
    struct state_account *account = state_load_account(state, address);
    struct u256 sum;
    (void)u256_add_wrapping(&sum, state_use_balance(account), amount);
    state_change_balance(state, account, &sum);
}

void state_sub_balance(
    struct state *state, const struct address *address, const struct u256 *amount
) {
    struct state_account *account = state_load_account(state, address);
    struct u256 rest;
    const bool suffices = u256_sub(&rest, state_use_balance(account), amount);
    ASSERT(suffices);
    state_change_balance(state, account, &rest);
}

void state_set_nonce(struct state *state, const struct address *address, uint64_t nonce) {
    state_change_nonce(state, state_load_account(state, address), nonce);
}

void state_set_code(struct state *state, const struct address *address, struct bytes code) {
    struct hash code_hash;
    keccak256(&code_hash, code);
    state_change_code(
        state, state_load_account(state, address), &code_hash, arena_copy(state->arena, code)
    );
}

void state_set_storage(
    struct state *state,
    const struct address *address,
    const struct u256 *slot,
    const struct u256 *value
) {
    struct state_account *account = state_load_account(state, address);
    state_make_exist(state, account);
    state_change_slot(state, state_load_slot(state, account, slot), value);
}

void state_wipe_storage(struct state *state, const struct address *address) {
    wipe(state, state_load_account(state, address));
}

void state_touch(
    struct state *state, const struct address *address, const struct evm_rules *rules
) {
    struct state_account *account = state_load_account(state, address);
    if (rules->clear_empty_accounts) {
        state_mark_touched(state, account);
    } else {
        state_make_exist(state, account);
    }
}

bool state_warm_account(struct state *state, const struct address *address) {
    return state_warm_account_record(state, state_find_account(state, address));
}

bool state_warm_slot(struct state *state, const struct address *address, const struct u256 *slot) {
    struct state_account *account = state_find_account(state, address);
    return state_warm_slot_record(state, state_find_slot(state, account, slot));
}

/* Logs. */

const struct state_log *state_logs(const struct state *state, size_t *count) {
    *count = state->log_count - state->log_begin;
    return *count == 0 ? NULL : state->logs + state->log_begin;
}

void state_add_log(struct state *state, const struct state_log *log) {
    ASSERT(log->topic_count <= ARRAY_LEN(log->topics));
    MAKE_ROOM(state, state->logs, state->log_room, state->log_count);
    struct state_log *added = &state->logs[state->log_count++];
    *added = *log;
    added->data = arena_copy(state->arena, log->data);
}
