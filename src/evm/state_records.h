/* state_records: the records of a state, for the interpreter, which keeps pointers to them.
 *
 * Addresses are stable as long as the state's arena. Marks with an epoch are set only while the
 * epoch is the state's, so a new transaction clears them all by counting on.
 * Pure; internal to the evm layer.
 */
#ifndef EVM_STATE_RECORDS_H
#define EVM_STATE_RECORDS_H

#include "evm/state.h"

/* A warm_epoch that no transaction ends. */
#define STATE_WARM_FOREVER UINT32_MAX

struct state_account {
    struct address address;
    bool loaded; /* the reader was asked */
    bool exists, existed_before;
    bool code_loaded;
    bool balance_used; /* anything done since may depend on it */

    uint32_t warm_epoch;      /* warm while it is not below the state's */
    uint32_t created_epoch;   /* by CREATE in this transaction */
    uint32_t destroyed_epoch; /* goes at the end of this transaction */
    uint32_t touched_epoch;   /* stands in the state's list of touched accounts */
    /* How often the storage was wiped: slots of another generation hold zero. */
    uint32_t generation;

    uint64_t nonce;
    struct u256 balance; /* for what a run depends on: through state_use_balance */
    struct hash code_hash;
    struct bytes code; /* once code_loaded */
    struct account before;

    struct state_slot *newest_slot;
    struct state_account *older;
};

/* What a warm access reads comes first. */
struct state_slot {
    struct state_account *account;
    struct u256 key;
    uint32_t generation;
    uint32_t warm_epoch;
    uint32_t written_epoch;
    uint32_t journal_index; /* of its newest JOURNAL_VALUE entry, as long as that is there */
    struct u256 value;
    bool loaded;
    uint32_t transient_epoch; /* EIP-1153: transient is zero in any other */
    uint32_t transient_index; /* as journal_index, of JOURNAL_TRANSIENT */
    struct u256 transient;
    struct u256 original; /* at the beginning of the transaction written_epoch */
    struct u256 before;   /* what the reader said */
    struct state_slot *older;
};

enum state_journal_kind {
    JOURNAL_BALANCE,
    JOURNAL_NONCE,
    JOURNAL_CODE,
    JOURNAL_EXISTS,
    JOURNAL_CREATED,
    JOURNAL_DESTROYED,
    JOURNAL_TOUCHED,
    JOURNAL_WIPED,
    JOURNAL_WARM_ACCOUNT,
    JOURNAL_WARM_SLOT,
    JOURNAL_VALUE,
    JOURNAL_TRANSIENT,
};

/* What a record held before. */
struct state_journal_entry {
    enum state_journal_kind kind;
    uint32_t mark; /* an epoch, a generation or a flag */
    union {
        struct state_account *account;
        struct state_slot *slot;
    } record;
    union {
        struct u256 word;
        uint64_t nonce;
        struct {
            struct hash hash;
            struct bytes bytes;
        } code;
    } old;
};

/* The record of an account; load asks the reader where it was not asked yet. */
struct state_account *state_search_account(struct state *state, const struct address *address);
void state_ask_account(struct state *state, struct state_account *account);
/* The same where before is known to be what the reader would answer. */
void state_meet_account(struct state_account *account, bool existed);
struct bytes state_load_code(struct state *state, struct state_account *account);

/* Records that are there, or NULL; nothing is changed or asked. */
const struct state_account *state_peek_account(
    const struct state *state, const struct address *address
);
const struct state_slot *state_peek_slot(
    const struct state *state, const struct state_account *account, const struct u256 *key
);

static inline size_t state_recent_account(const struct address *address) {
    return (address->bytes[0] ^ address->bytes[19]) % STATE_RECENT_ACCOUNTS;
}

static inline struct state_account *state_find_account(
    struct state *state, const struct address *address
) {
    struct state_account *recent = state->recent_accounts[state_recent_account(address)];
    if (LIKELY(recent != NULL && address_equal(&recent->address, address))) return recent;
    return state_search_account(state, address);
}

static inline struct state_account *state_load_account(
    struct state *state, const struct address *address
) {
    struct state_account *account = state_find_account(state, address);
    if (UNLIKELY(!account->loaded)) state_ask_account(state, account);
    return account;
}

/* Every look at a balance that gas, a branch or a value may depend on. Most transactions never look at that
 * of a contract they call, so they do not depend on who pays it (state_view.h). */
static inline const struct u256 *state_use_balance(struct state_account *account) {
    account->balance_used = true;
    return &account->balance;
}

/* The record of a slot; load, of a loaded account, makes its value right. */
struct state_slot *state_search_slot(
    struct state *state, struct state_account *account, const struct u256 *key
);
void state_refresh_slot(struct state *state, struct state_slot *slot);

static inline size_t state_recent_slot(
    const struct state_account *account, const struct u256 *key
) {
    return (key->limb[0] + ((uintptr_t)account >> 5)) % STATE_RECENT_SLOTS;
}

static inline struct state_slot *state_find_slot(
    struct state *state, struct state_account *account, const struct u256 *key
) {
    struct state_slot *recent = state->recent_slots[state_recent_slot(account, key)];
    if (LIKELY(recent != NULL && recent->account == account && u256_equal(&recent->key, key))) {
        return recent;
    }
    return state_search_slot(state, account, key);
}

/* Makes the value of a slot that was found right. */
static inline struct state_slot *state_load_found_slot(
    struct state *state, struct state_slot *slot
) {
    if (UNLIKELY(!slot->loaded || slot->generation != slot->account->generation)) {
        state_refresh_slot(state, slot);
    }
    return slot;
}

static inline struct state_slot *state_load_slot(
    struct state *state, struct state_account *account, const struct u256 *key
) {
    return state_load_found_slot(state, state_find_slot(state, account, key));
}

bool state_account_is_empty(struct state_account *account);
/* Nonce, code or storage stand in the way of a creation (EIP-684, 7610). */
bool state_account_collides(const struct state_account *account);

void state_change_balance(
    struct state *state, struct state_account *account, const struct u256 *balance
);
void state_change_nonce(struct state *state, struct state_account *account, uint64_t nonce);
/* code is kept as it is: it lives as long as the state. */
void state_change_code(
    struct state *state,
    struct state_account *account,
    const struct hash *code_hash,
    struct bytes code
);
void state_change_slot(struct state *state, struct state_slot *slot, const struct u256 *value);
void state_make_exist(struct state *state, struct state_account *account);
void state_mark_touched(struct state *state, struct state_account *account);
void state_mark_created(struct state *state, struct state_account *account);
void state_mark_destroyed(struct state *state, struct state_account *account);
/* At the end of a transaction: the account and its storage are gone. */
void state_destroy_account(struct state *state, struct state_account *account);

/* Make warm what was not; answer whether it was. */
void state_make_account_warm(struct state *state, struct state_account *account);
void state_make_slot_warm(struct state *state, struct state_slot *slot);

static inline bool state_warm_account_record(struct state *state, struct state_account *account) {
    if (LIKELY(account->warm_epoch >= state->epoch)) return true;
    state_make_account_warm(state, account);
    return false;
}

static inline bool state_warm_slot_record(struct state *state, struct state_slot *slot) {
    if (LIKELY(slot->warm_epoch == state->epoch)) return true;
    state_make_slot_warm(state, slot);
    return false;
}

/* EIP-1153, by the account's record. */
struct u256 state_transient_load(
    struct state *state, struct state_account *account, const struct u256 *key
);
void state_transient_store(
    struct state *state,
    struct state_account *account,
    const struct u256 *key,
    const struct u256 *value
);

static inline bool state_is_created(
    const struct state *state, const struct state_account *account
) {
    return account->created_epoch == state->epoch;
}

static inline bool state_is_destroyed(
    const struct state *state, const struct state_account *account
) {
    return account->destroyed_epoch == state->epoch;
}

/* The value at the beginning of the transaction, of a loaded slot. */
static inline const struct u256 *state_slot_original(
    const struct state *state, const struct state_slot *slot
) {
    return slot->written_epoch == state->epoch ? &slot->original : &slot->value;
}

#endif
