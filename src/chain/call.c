#include "chain/call.h"

#include "base/checked.h"

enum {
    GAS_TRANSFER = 21000,
    CALL_STIPEND = 2300,
    ERROR_PER_MILLE = 15, /* what geth's estimate may be above the least gas */
};

enum tx_verdict chain_call(
    struct block_run *run,
    struct tx_outcome *outcome,
    const struct tx *call,
    const struct address *from
) {
    return block_run_call(run, outcome, call, from);
}

/* Runs call with this gas and undoes it. */
static enum tx_verdict probe(
    struct block_run *run,
    struct tx_outcome *outcome,
    const struct tx *call,
    const struct address *from,
    uint64_t gas
) {
    struct tx copy = *call;
    copy.gas_limit = gas;
    const struct state_checkpoint checkpoint = state_checkpoint(run->state);
    const enum tx_verdict verdict = block_run_call(run, outcome, &copy, from);
    state_revert(run->state, checkpoint);
    return verdict;
}

static bool suffices(
    struct block_run *run, const struct tx *call, const struct address *from, uint64_t gas
) {
    struct tx_outcome outcome;
    return probe(run, &outcome, call, from, gas) == TX_VALID && outcome.status == EVM_SUCCESS;
}

/* Sends value to an account without code and does nothing else. */
static bool is_transfer(struct block_run *run, const struct tx *call) {
    return !call->is_create && call->data.len == 0 && call->access_list_count == 0 &&
        call->authorization_count == 0 && state_code(run->state, &call->to).len == 0;
}

/* The least gas above low that suffices, or up to ERROR_PER_MILLE more; high suffices. */
static uint64_t search(
    struct block_run *run,
    const struct tx *call,
    const struct address *from,
    uint64_t low,
    uint64_t high
) {
    while (low + 1 < high) {
        if ((uint128)(high - low) * 1000 < (uint128)high * ERROR_PER_MILLE) break;
        const uint64_t middle = low + (high - low) / 2;
        /* Most need little more than they use, so the search leans to the low side. */
        const uint64_t next = low != 0 && middle / 2 > low ? 2 * low : middle;
        if (suffices(run, call, from, next)) {
            high = next;
        } else {
            low = next;
        }
    }
    return high;
}

enum tx_verdict chain_estimate_gas(
    struct block_run *run,
    uint64_t *gas,
    struct tx_outcome *outcome,
    const struct tx *call,
    const struct address *from
) {
    uint64_t high = call->gas_limit;
    if (high >= GAS_TRANSFER && is_transfer(run, call) && suffices(run, call, from, GAS_TRANSFER)) {
        high = GAS_TRANSFER;
    }
    const enum tx_verdict verdict = probe(run, outcome, call, from, high);
    if (verdict != TX_VALID || outcome->status != EVM_SUCCESS || high == GAS_TRANSFER) {
        *gas = high;
        return verdict;
    }
    uint64_t low = outcome->gas_used - 1;
    /* A call that does not look at its gas needs what it used, the refund it got, and a 64th kept
     * back at one level of calls. */
    const uint128 wanted =
        ((uint128)outcome->gas_used + outcome->gas_refunded + CALL_STIPEND) * 64 / 63;
    if (wanted < high) {
        if (suffices(run, call, from, (uint64_t)wanted)) {
            high = (uint64_t)wanted;
        } else {
            low = (uint64_t)wanted;
        }
    }
    *gas = search(run, call, from, low, high);
    return TX_VALID;
}
