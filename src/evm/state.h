/* state: the accounts of a chain as transactions change them, over a reader of what was before.
 *
 * Lives as long as one block, one eth_call or one block being built. Values are read at first use
 * and kept; every change goes through a journal of fixed-size records, so that a call, or a whole
 * transaction, can be undone; state_diff() tells in the end what really changed.
 *
 *   state_init; then for each transaction
 *     state_begin_transaction; warm what is warm from the start; buy gas; evm_execute; refund;
 *     state_end_transaction; state_commit (or state_revert to a checkpoint from before begin)
 *   and state_diff.
 *
 * Changes outside a transaction (withdrawals, overrides of eth_call) are the same functions without
 * begin and end. Rules: Yellow Paper 4.1, 6; EIP-158/161, 1153, 2200, 2929, 6780, 7610.
 * Pure. Memory comes from the arena handed in and lives as long as that; addresses of records are
 * stable.
 */
#ifndef EVM_STATE_H
#define EVM_STATE_H

#include "base/arena.h"
#include "base/u256.h"
#include "evm/revision.h"

struct account {
    uint64_t nonce;
    struct u256 balance;
    struct hash code_hash;    /* keccak256_of_empty without code */
    struct hash storage_root; /* the empty trie's without storage */
};

/* Where values come from that this state has not seen. Each function is asked at most once for the
 * same thing in a state's life, with one exception: code may be asked for once an account.
 *
 * A reader that fails (a bad disk, a witness with holes) remembers its struct status in its ctx and
 * answers zero; whoever handed it in looks there after execution, before believing anything.
 */
struct state_reader {
    /* false: no such account; *out is then left alone. storage_root of the answer needs to be right
     * only as far as it equals the empty root or not. */
    bool (*account)(void *ctx, const struct address *address, struct account *out);
    void (*storage
    )(void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value);
    /* The code stays readable as long as the state. */
    struct bytes (*code)(void *ctx, const struct hash *code_hash);
    /* Asked only for the 256 blocks before the current one. */
    void (*block_hash)(void *ctx, uint64_t number, struct hash *out);
    void *ctx;
};

/* The root of a trie without entries: keccak256 of 0x80. */
extern const struct hash state_empty_root;

struct state_log {
    struct address address;
    uint32_t topic_count; /* 0 to 4 */
    struct hash topics[4];
    struct bytes data;
};

struct state_account; /* state_records.h, for the interpreter */
struct state_slot;
struct state_journal_entry;

enum { STATE_RECENT_ACCOUNTS = 16, STATE_RECENT_SLOTS = 64 };

/* To be handled through the functions below; refund may be read and written. */
struct state {
    const struct state_reader *reader;
    struct arena *arena;
    uint32_t epoch; /* of the current transaction: a mark with another epoch counts as not set */
    int64_t refund; /* counter of the current transaction, before any cap */
    const struct evm_rules *warm_rules; /* whose precompiles are warm; NULL: nobody's yet */
    uint64_t seeds[5];                  /* of the hashes below: nobody outside knows them */

    struct state_table {
        struct state_place {
            uint64_t hash;
            void *record; /* NULL: free */
        } * places;
        size_t mask, count;
    } accounts, slots;
    struct state_account *newest_account;

    /* Records found lately, each where its key points: most look-ups repeat. */
    struct state_account *recent_accounts[STATE_RECENT_ACCOUNTS];
    struct state_slot *recent_slots[STATE_RECENT_SLOTS];

    struct state_journal_entry *journal;
    size_t journal_len, journal_room;
    size_t
        journal_kept; /* up to here a checkpoint may want to go back: entries before are not enough */
    struct state_log *logs;
    size_t log_count, log_room, log_begin;
    struct state_account **touched; /* of this transaction: may be empty or destroyed at its end */
    size_t touched_count, touched_room;
};

/* arena and reader outlive the state. */
void state_init(struct state *state, struct arena *arena, const struct state_reader *reader);

/* Forgets what lasts one transaction: warmth, transient storage, refund, logs of the last one (they
 * stay readable), and makes current values the originals that SSTORE compares with. */
void state_begin_transaction(struct state *state);

/* Removes destroyed accounts and, where the rules say so, touched empty ones. To be called before
 * values are looked at or the next transaction begins. */
void state_end_transaction(struct state *state, const struct evm_rules *rules);

/* A place to go back to: inside a call, or before a whole transaction. */
struct state_checkpoint {
    size_t journal_len;
    size_t log_count;
    size_t touched_count;
    int64_t refund;
};

struct state_checkpoint state_checkpoint(struct state *state);
/* Undoes everything since. Later checkpoints are void. */
void state_revert(struct state *state, struct state_checkpoint checkpoint);
/* Forgets the journal: all checkpoints are void, what was done stays. */
void state_commit(struct state *state);

/* Reading. An account that does not exist has zeroes, no code and keccak256_of_empty. */
bool state_exists(struct state *state, const struct address *address);
struct u256 state_balance(struct state *state, const struct address *address);
uint64_t state_nonce(struct state *state, const struct address *address);
struct hash state_code_hash(struct state *state, const struct address *address);
struct bytes state_code(struct state *state, const struct address *address);
struct u256 state_storage(
    struct state *state, const struct address *address, const struct u256 *slot
);
/* The account with what the reader knew of its storage root: for callers that want it whole. */
bool state_account(struct state *state, const struct address *address, struct account *out);

/* Whether anything of the account was read or written so far; warmth alone is neither. */
bool state_knows_account(const struct state *state, const struct address *address);

/* Writing; the account comes into being. */
void state_set_balance(
    struct state *state, const struct address *address, const struct u256 *balance
);
/* The sum wraps where it does not fit, which no supply reaches; sub asserts that balance suffices. */
void state_add_balance(
    struct state *state, const struct address *address, const struct u256 *amount
);
void state_sub_balance(
    struct state *state, const struct address *address, const struct u256 *amount
);
void state_set_nonce(struct state *state, const struct address *address, uint64_t nonce);
/* Copies code; none at all is an account without code (as a cleared EIP-7702 delegation is). */
void state_set_code(struct state *state, const struct address *address, struct bytes code);
void state_set_storage(
    struct state *state,
    const struct address *address,
    const struct u256 *slot,
    const struct u256 *value
);
/* All slots are zero from here on (eth_call overrides that replace the storage). */
void state_wipe_storage(struct state *state, const struct address *address);
/* Marks for EIP-161 clearing; before EIP-161 that makes an empty account exist. */
void state_touch(struct state *state, const struct address *address, const struct evm_rules *rules);

/* EIP-2929: the precompiles of rules, and of no other rules, are warm in every transaction from here on.
 * Cheap where the rules are those of last time. */
void state_warm_precompiles(struct state *state, const struct evm_rules *rules);

/* EIP-2929: makes warm, answers whether it was already. */
bool state_warm_account(struct state *state, const struct address *address);
bool state_warm_slot(struct state *state, const struct address *address, const struct u256 *slot);

/* The logs of the current (or last) transaction; they stay readable as long as the arena. */
const struct state_log *state_logs(const struct state *state, size_t *count);
void state_add_log(struct state *state, const struct state_log *log); /* copies data */

/* What a state changed, for the trie and the store. */
struct state_slot_diff {
    struct u256 key;
    struct u256 before, after;
};

struct state_account_diff {
    struct address address;
    bool existed_before, exists_after;
    bool code_changed;
    /* Nothing of the old storage is left: slots lists what is not zero now, with before zero.
     * Also true of accounts that do not exist after. Never set where there was no storage. */
    bool storage_wiped;
    struct account before,
        after;         /* after.storage_root is before's: the trie computes the new one */
    struct bytes code; /* the new one, where code_changed */
    struct state_slot_diff *slots; /* by key, ascending */
    size_t slot_count;
};

struct state_diff {
    struct state_account_diff *accounts; /* by address, ascending */
    size_t count;
};

/* Since state_init: only what differs. Memory is the arena's, which may be another than the state's;
 * code still belongs to the state's. */
struct state_diff state_diff(struct arena *arena, const struct state *state);

#endif
