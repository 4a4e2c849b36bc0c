/* call: runs a call that nobody signed on a state: eth_call, eth_estimateGas, access lists.
 *
 * Follows geth: nonce, code of the sender, block gas and EIP-7825 are not judged; with a zero fee
 * neither is the base fee, which BASEFEE then reads as 0, and no balance is needed for gas; value,
 * intrinsic gas and initcode size are judged. State overrides are the caller's to apply to the state
 * before. Pure.
 */
#ifndef CHAIN_CALL_H
#define CHAIN_CALL_H

#include "chain/execute.h"

/* Runs call (its signature is not looked at, its gas_limit is used as given) on the run's state. The
 * state keeps what the call did; whoever does not want that reverts to a checkpoint. */
MUST_USE enum tx_verdict chain_call(
    struct block_run *run,
    struct tx_outcome *outcome,
    const struct tx *call,
    const struct address *from
);

/* The smallest gas limit, to within 1.5 % as geth does it, with which call succeeds; call->gas_limit
 * is the most that may be used. On TX_VALID with outcome->status EVM_SUCCESS *gas holds it; with
 * another status call fails with all gas, and outcome says how. The state is left as it was. */
MUST_USE enum tx_verdict chain_estimate_gas(
    struct block_run *run,
    uint64_t *gas,
    struct tx_outcome *outcome,
    const struct tx *call,
    const struct address *from
);

#endif
