/* genesis_edits: what accounts were in the genesis block before development methods changed them there.
 *
 * A change outside of blocks leaves nothing to undo it by: the block stays, only its state is another.
 * Of the genesis block it is kept in the store's table for services what each account and each slot was
 * before the first change, so that a reset finds the state as it was configured, after a restart too.
 */
#ifndef SERVICE_GENESIS_EDITS_H
#define SERVICE_GENESIS_EDITS_H

#include "service/execution.h"

/* An account, or (is_slot) one slot of it. */
struct account_before {
    struct address address;
    bool existed; /* the account */
    bool is_slot;
    struct u256 slot, value;
    struct u256 balance; /* these three only where it is no slot */
    uint64_t nonce;
    struct bytes code;
};

/* EIP-161: an empty account is none. One that did not exist goes, so that a change to nothing, or one that is
 * taken back, leaves no trace. */
void account_before_clear_empty(struct state *state, const struct account_before *before);

/* Gives back what it was, with account_before_clear_empty. */
void account_before_restore(struct state *state, const struct account_before *before);

/* Before a change of the genesis block's state; only the first of an account or slot counts. */
MUST_USE struct status genesis_edits_note(
    struct store *store, const struct arena_source *source, const struct account_before *before
);

/* Undoes all changes; the head is the genesis block. */
MUST_USE struct status genesis_edits_undo(
    struct store *store, const struct arena_source *source, struct execution *execution
);

#endif
