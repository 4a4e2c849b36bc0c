/* state_view: what a transaction reads and writes that runs before its turn.
 *
 * The transactions of a block change one state, in order. To run one early it gets a state of its own,
 * whose reader is a view: it answers from the block's state as far as that has come, else from the
 * block's reader, and notes each answer. When the turn has come,
 *
 *   state_view_holds  tells whether every answer would be the same now: then the transaction did what
 *                     it would do now, and
 *   state_apply       does to the block's state what the diff of its state tells; else it runs again.
 *
 * Answers are compared by value: a slot that was changed and changed back is no conflict. Of an account
 * that is existence, nonce, code, and the balance where the transaction has looked at it.
 *
 * For threads: looks of views at the block's state stand between enter and leave of the guard, and the
 * block's reader is asked by all of them at once. Who holds the guard against all others, or is alone in
 * changing the block's state, may call state_view_holds without it. Answers may belong to different
 * times; then the view does not hold.
 * Pure.
 */
#ifndef EVM_STATE_VIEW_H
#define EVM_STATE_VIEW_H

#include "evm/state.h"

struct state_guard {
    void (*enter)(void *ctx);
    void (*leave)(void *ctx);
    void *ctx;
};

struct state_view_account; /* answers */
struct state_view_slot;

struct state_view {
    struct state_reader reader; /* of the transaction's state */
    const struct state *state;  /* the block's */
    const struct state_guard *guard;
    struct arena *arena;
    struct state_view_account *accounts;
    struct state_view_account *codes; /* those of accounts whose code the block has set */
    struct state_view_slot *slots;
};

/* All arguments outlive the view, and it does not move. guard: NULL where nobody else is there. */
void state_view_init(
    struct state_view *view,
    struct arena *arena,
    const struct state *state,
    const struct state_guard *guard
);

/* The transaction is over, and state is what it ran on: from now on only the balances that it looked at
 * count. */
void state_view_close(struct state_view *view, const struct state *state);

bool state_view_holds(const struct state_view *view);

/* Does what diff tells, of a state whose view of this one holds. Copies code. */
void state_apply(struct state *state, const struct state_diff *diff);

#endif
