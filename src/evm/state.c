#include "evm/state.h"

#include "base/checked.h"
#include "crypto/keccak.h"
#include "evm/state_records.h"

enum { TABLE_ROOM_FIRST = 256, LIST_ROOM_FIRST = 64 };

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

/* Hashing: products folded to 64 bits. An address in memory takes part, so that nobody outside can
 * choose keys that meet in one place. The order of records never shows in any result. */

static uint64_t fold(uint64_t a, uint64_t b) {
    const uint128 product = (uint128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static const uint64_t salt_a = UINT64_C(0xa0761d6478bd642f), salt_b = UINT64_C(0xe7037ed1a0b428db);

static uint64_t hash_address(const void *seed, const struct address *address) {
    const uint64_t a = load_le64(address->bytes), b = load_le64(address->bytes + 8);
    uint32_t c;
    memcpy(&c, address->bytes + 16, sizeof c);
    return fold(fold(a ^ salt_a, b ^ (uint64_t)(uintptr_t)seed) ^ c, salt_b);
}

static uint64_t hash_word(uint64_t seed, const struct u256 *word) {
    const uint64_t low = fold(word->limb[0] ^ salt_a, word->limb[1] ^ seed);
    const uint64_t all = fold(word->limb[2] ^ salt_b ^ low, word->limb[3] ^ seed ^ salt_a);
    return fold(all ^ low, salt_b);
}

/* Open addressing with linear probing: places hold records, at most half of them are taken. */

static void table_init(struct state_table *table, struct arena *arena) {
    table->places = ARENA_ARRAY(arena, void *, TABLE_ROOM_FIRST);
    table->mask = TABLE_ROOM_FIRST - 1;
    table->count = 0;
}

static void table_grow(
    struct state_table *table,
    struct arena *arena,
    uint64_t (*hash)(const void *ctx, const void *),
    const void *ctx
) {
    if (table->count * 2 <= table->mask) return;

    struct state_table larger = {.mask = table->mask * 2 + 1, .count = table->count};
    larger.places = ARENA_ARRAY(arena, void *, larger.mask + 1);
    for (size_t i = 0; i <= table->mask; i++) {
        if (table->places[i] == NULL) continue;
        size_t place = hash(ctx, table->places[i]) & larger.mask;
        while (larger.places[place] != NULL) {
            place = (place + 1) & larger.mask;
        }
        larger.places[place] = table->places[i];
    }
    *table = larger;
}

static uint64_t hash_account_record(const void *ctx, const void *record) {
    const struct state_account *account = record;
    return hash_address(ctx, &account->address);
}

static uint64_t hash_slot(const struct state_account *account, const struct u256 *key) {
    return hash_word((uint64_t)(uintptr_t)account, key);
}

static uint64_t hash_slot_record(const void *ctx, const void *record) {
    (void)ctx;
    const struct state_slot *slot = record;
    return hash_slot(slot->account, &slot->key);
}

static uint64_t hash_transient(
    const void *seed, const struct address *address, const struct u256 *key
) {
    return hash_word(hash_address(seed, address), key);
}

static uint64_t hash_transient_record(const void *ctx, const void *record) {
    const struct state_transient *transient = record;
    return hash_transient(ctx, &transient->address, &transient->key);
}

void state_init(struct state *state, struct arena *arena, const struct state_reader *reader) {
    /* Epoch 0 is that of records that were never marked. */
    *state = (struct state){.reader = reader, .arena = arena, .epoch = 1};
    table_init(&state->accounts, arena);
    table_init(&state->slots, arena);
    table_init(&state->transient, arena);
}

/* Records. */

struct state_account *state_find_account(struct state *state, const struct address *address) {
    struct state_account *last = state->last_account;
    if (last != NULL && address_equal(&last->address, address)) return last;

    struct state_table *table = &state->accounts;
    size_t place = hash_address(state, address) & table->mask;
    for (; table->places[place] != NULL; place = (place + 1) & table->mask) {
        struct state_account *account = table->places[place];
        if (address_equal(&account->address, address)) {
            state->last_account = account;
            return account;
        }
    }
    struct state_account *account = ARENA_NEW(state->arena, struct state_account);
    account->address = *address;
    account->code_hash = keccak256_of_empty;
    account->older = state->newest_account;
    state->newest_account = account;
    state->last_account = account;
    table->places[place] = account;
    table->count++;
    table_grow(table, state->arena, hash_account_record, state);
    return account;
}

struct state_account *state_load_account(struct state *state, const struct address *address) {
    struct state_account *account = state_find_account(state, address);
    if (account->loaded) return account;

    account->loaded = true;
    account->before =
        (struct account){.code_hash = keccak256_of_empty, .storage_root = state_empty_root};
    account->existed_before = state->reader->account(state->reader->ctx, address, &account->before);
    account->exists = account->existed_before;
    account->nonce = account->before.nonce;
    account->balance = account->before.balance;
    account->code_hash = account->before.code_hash;
    account->code_loaded = hash_equal(&account->code_hash, &keccak256_of_empty);
    return account;
}

struct bytes state_load_code(struct state *state, struct state_account *account) {
    if (!account->code_loaded) {
        account->code = state->reader->code(state->reader->ctx, &account->code_hash);
        account->code_loaded = true;
    }
    return account->code;
}

struct state_slot *state_find_slot(
    struct state *state, struct state_account *account, const struct u256 *key
) {
    struct state_table *table = &state->slots;
    size_t place = hash_slot(account, key) & table->mask;
    for (; table->places[place] != NULL; place = (place + 1) & table->mask) {
        struct state_slot *slot = table->places[place];
        if (slot->account == account && u256_equal(&slot->key, key)) return slot;
    }
    struct state_slot *slot = ARENA_NEW(state->arena, struct state_slot);
    slot->key = *key;
    slot->account = account;
    slot->older = account->newest_slot;
    account->newest_slot = slot;
    table->places[place] = slot;
    table->count++;
    table_grow(table, state->arena, hash_slot_record, NULL);
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

static void journal_slot_value(struct state *state, struct state_slot *slot) {
    struct state_journal_entry *entry = journal(state, JOURNAL_VALUE);
    entry->record.slot = slot;
    entry->mark = slot->generation;
    entry->old.word = slot->value;
}

struct state_slot *state_load_found_slot(struct state *state, struct state_slot *slot) {
    struct state_account *account = slot->account;
    if (LIKELY(slot->loaded && slot->generation == account->generation)) return slot;

    if (account->generation == 0) {
        /* The reader knows it; a slot first met after a wipe that was undone is asked for now. */
        slot->value = U256_ZERO;
        if (account->existed_before) {
            state->reader->storage(state->reader->ctx, &account->address, &slot->key, &slot->value);
        }
        slot->before = slot->value;
        slot->generation = 0;
        slot->loaded = true;
        return slot;
    }
    /* Wiped. What it held comes back where the wipe is undone. */
    if (slot->loaded) journal_slot_value(state, slot);
    slot->value = U256_ZERO;
    slot->generation = account->generation;
    slot->loaded = true;
    return slot;
}

struct state_slot *state_load_slot(
    struct state *state, struct state_account *account, const struct u256 *key
) {
    return state_load_found_slot(state, state_find_slot(state, account, key));
}

bool state_account_is_empty(const struct state_account *account) {
    return account->nonce == 0 && u256_is_zero(&account->balance) &&
        hash_equal(&account->code_hash, &keccak256_of_empty);
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

static void make_exist(struct state *state, struct state_account *account) {
    state_mark_touched(state, account);
    if (account->exists) return;
    journal_account(state, JOURNAL_EXISTS, account)->mark = false;
    account->exists = true;
}

void state_change_balance(
    struct state *state, struct state_account *account, const struct u256 *balance
) {
    make_exist(state, account);
    journal_account(state, JOURNAL_BALANCE, account)->old.word = account->balance;
    account->balance = *balance;
}

void state_change_nonce(struct state *state, struct state_account *account, uint64_t nonce) {
    make_exist(state, account);
    journal_account(state, JOURNAL_NONCE, account)->old.nonce = account->nonce;
    account->nonce = nonce;
}

void state_change_code(
    struct state *state,
    struct state_account *account,
    const struct hash *code_hash,
    struct bytes code
) {
    make_exist(state, account);
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
    make_exist(state, account);
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

bool state_warm_account_record(struct state *state, struct state_account *account) {
    if (LIKELY(account->warm_epoch == state->epoch)) return true;
    journal_account(state, JOURNAL_WARM_ACCOUNT, account)->mark = account->warm_epoch;
    account->warm_epoch = state->epoch;
    return false;
}

bool state_warm_slot_record(struct state *state, struct state_slot *slot) {
    if (LIKELY(slot->warm_epoch == state->epoch)) return true;
    struct state_journal_entry *entry = journal(state, JOURNAL_WARM_SLOT);
    entry->record.slot = slot;
    entry->mark = slot->warm_epoch;
    slot->warm_epoch = state->epoch;
    return false;
}

/* Transient storage. */

static struct state_transient *find_transient(
    struct state *state, const struct address *address, const struct u256 *key
) {
    struct state_table *table = &state->transient;
    size_t place = hash_transient(state, address, key) & table->mask;
    for (; table->places[place] != NULL; place = (place + 1) & table->mask) {
        struct state_transient *slot = table->places[place];
        if (u256_equal(&slot->key, key) && address_equal(&slot->address, address)) return slot;
    }
    struct state_transient *slot = ARENA_NEW(state->arena, struct state_transient);
    slot->address = *address;
    slot->key = *key;
    table->places[place] = slot;
    table->count++;
    table_grow(table, state->arena, hash_transient_record, state);
    return slot;
}

struct u256 state_transient_load(
    struct state *state, const struct address *address, const struct u256 *key
) {
    const struct state_transient *slot = find_transient(state, address, key);
    return slot->epoch == state->epoch ? slot->value : U256_ZERO;
}

void state_transient_store(
    struct state *state,
    const struct address *address,
    const struct u256 *key,
    const struct u256 *value
) {
    struct state_transient *slot = find_transient(state, address, key);
    struct state_journal_entry *entry = journal(state, JOURNAL_TRANSIENT);
    entry->record.transient = slot;
    entry->mark = slot->epoch;
    entry->old.word = slot->value;
    slot->epoch = state->epoch;
    slot->value = *value;
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
    case JOURNAL_WARM_ACCOUNT: account->warm_epoch = entry->mark; break;
    case JOURNAL_WARM_SLOT: entry->record.slot->warm_epoch = entry->mark; break;
    case JOURNAL_VALUE:
        entry->record.slot->value = entry->old.word;
        entry->record.slot->generation = entry->mark;
        break;
    case JOURNAL_TRANSIENT:
        entry->record.transient->value = entry->old.word;
        entry->record.transient->epoch = entry->mark;
        break;
    }
}

struct state_checkpoint state_checkpoint(const struct state *state) {
    return (struct state_checkpoint
    ){state->journal_len, state->log_count, state->touched_count, state->refund};
}

void state_revert(struct state *state, struct state_checkpoint checkpoint) {
    ASSERT(checkpoint.journal_len <= state->journal_len);
    while (state->journal_len > checkpoint.journal_len) {
        undo(&state->journal[--state->journal_len]);
    }
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
}

/* Transactions. */

void state_begin_transaction(struct state *state) {
    ASSERT(state->epoch < UINT32_MAX);
    state->epoch++;
    state->refund = 0;
    state->touched_count = 0;
    state->log_begin = state->log_count;
}

static void destroy(struct state *state, struct state_account *account) {
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
            destroy(state, account);
        }
    }
    state->touched_count = 0;
}

/* By address. */

bool state_exists(struct state *state, const struct address *address) {
    return state_load_account(state, address)->exists;
}

struct u256 state_balance(struct state *state, const struct address *address) {
    return state_load_account(state, address)->balance;
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
    const struct state_account *account = state_load_account(state, address);
    *out = (struct account){
        .nonce = account->nonce,
        .balance = account->balance,
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
    (void)u256_add_wrapping(&sum, &account->balance, amount);
    state_change_balance(state, account, &sum);
}

void state_sub_balance(
    struct state *state, const struct address *address, const struct u256 *amount
) {
    struct state_account *account = state_load_account(state, address);
    struct u256 rest;
    const bool suffices = u256_sub(&rest, &account->balance, amount);
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
    make_exist(state, account);
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
        make_exist(state, account);
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
