/* speculation: a transaction of a block run before its turn, on a state of its own.
 *
 * speculation_run may be called before the transactions in front of it are done, by any thread.
 * When all of them are, in order and by one thread at a time: if the speculation holds, commit it; if it
 * does not, run it again, now with the block's gas so far, which gives what the serial run gives, a
 * refusal included, and commit that. Gas of the block, cumulative receipts, blooms and the fee recipient's
 * tip (unless the transaction looked at the recipient) are dealt with in commit.
 * Pure. docs/decisions/0031.
 */
#ifndef CHAIN_SPECULATION_H
#define CHAIN_SPECULATION_H

#include "chain/execute.h"
#include "evm/state_view.h"

/* What all speculations of a block share. Nothing here changes while they run. */
struct speculation_block {
    struct block_run run; /* a copy of the block's, of before its transactions */
    const struct block_input *input;
    const struct state_guard *guard; /* of the block's state, or NULL */
};

/* Does not move once it has run. */
struct speculation {
    struct tx_outcome outcome; /* without output and logs */
    enum tx_verdict verdict;
    struct deferred_tip tip;
    struct state_view view;
    struct state state;
    struct state_diff diff;
};

/* The block's gas so far; zeroes where it is not known yet. */
struct speculation_room {
    uint64_t gas_used, blob_gas_used;
};

/* Runs transaction index of the block. Memory is the arena's; vm is the calling thread's. */
void speculation_run(
    struct speculation *speculation,
    struct arena *arena,
    const struct chain_vm *vm,
    const struct speculation_block *block,
    struct speculation_room room,
    size_t index
);

/* Whether running it now would do the same. All in front of it are committed. */
bool speculation_holds(const struct speculation *speculation);

/* Moves run and its state on, of a speculation that holds; not where the block lacks the gas. Copies
 * what it needs. To be called within the guard, against all others. */
MUST_USE enum tx_verdict speculation_commit(
    const struct speculation *speculation, struct block_run *run, const struct tx *tx
);

#endif
