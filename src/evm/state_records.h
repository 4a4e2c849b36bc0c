/* state_records: the records of a state, for the interpreter, which keeps pointers to them.
 *
 * Addresses are stable as long as the state's arena. Marks with an epoch are set only while the
 * epoch is the state's, so a new transaction clears them all by counting on.
 * Pure; internal to the evm layer.
 */
#ifndef EVM_STATE_RECORDS_H
#define EVM_STATE_RECORDS_H

#include "evm/state.h"

struct state_account {
    struct address address;
    bool loaded; /* the reader was asked */
    bool exists, existed_before;
    bool code_loaded;

    uint32_t warm_epoch;
    uint32_t created_epoch;   /* by CREATE in this transaction */
    uint32_t destroyed_epoch; /* goes at the end of this transaction */
    uint32_t touched_epoch;   /* stands in the state's list of touched accounts */
    /* How often the storage was wiped: slots of another generation hold zero. */
    uint32_t generation;

    uint64_t nonce;
    struct u256 balance;
    struct hash code_hash;
    struct bytes code; /* once code_loaded */
    struct account before;

    struct state_slot *newest_slot;
    struct state_account *older;
};

struct state_slot {
    struct u256 key;
    struct u256 value;
    struct u256 original; /* at the beginning of the transaction written_epoch */
    struct u256 before;   /* what the reader said */
    struct state_account *account;
    struct state_slot *older;
    bool loaded;
    uint32_t generation;
    uint32_t warm_epoch;
    uint32_t written_epoch;
};

/* EIP-1153. Holds value only in its epoch. */
struct state_transient {
    struct address address;
    struct u256 key, value;
    uint32_t epoch;
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
        struct state_transient *transient;
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
struct state_account *state_find_account(struct state *state, const struct address *address);
struct state_account *state_load_account(struct state *state, const struct address *address);
struct bytes state_load_code(struct state *state, struct state_account *account);

/* The record of a slot of a loaded account; load makes its value right. */
struct state_slot *state_find_slot(
    struct state *state, struct state_account *account, const struct u256 *key
);
struct state_slot *state_load_slot(
    struct state *state, struct state_account *account, const struct u256 *key
);

/* The same for a slot that was found. */
struct state_slot *state_load_found_slot(struct state *state, struct state_slot *slot);

bool state_account_is_empty(const struct state_account *account);
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
void state_mark_touched(struct state *state, struct state_account *account);
void state_mark_created(struct state *state, struct state_account *account);
void state_mark_destroyed(struct state *state, struct state_account *account);

/* Answer whether it was warm. */
bool state_warm_account_record(struct state *state, struct state_account *account);
bool state_warm_slot_record(struct state *state, struct state_slot *slot);

struct u256 state_transient_load(
    struct state *state, const struct address *address, const struct u256 *key
);
void state_transient_store(
    struct state *state,
    const struct address *address,
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
