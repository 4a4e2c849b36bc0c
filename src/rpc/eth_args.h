/* eth_args: a transaction as eth_call, eth_estimateGas and eth_sendTransaction are given it: an
 * object most of whose members may be absent (geth's TransactionArgs).
 */
#ifndef RPC_ETH_ARGS_H
#define RPC_ETH_ARGS_H

#include "rpc/eth_parts.h"

struct eth_args {
    struct tx tx; /* the members that were given; type as they imply it */
    struct address from;
    bool has_from, has_to, has_gas, has_nonce, has_value, has_data, has_chain_id;
    bool has_gas_price, has_max_fee, has_priority_fee, has_blob_fee;
    bool has_access_list, has_blobs, has_authorizations;
};

/* Argument index. Refuses what contradicts itself, with geth's words. */
MUST_USE bool eth_read_args(struct request *request, size_t index, struct eth_args *args);
/* The same for an object that stands elsewhere; index is the argument it is part of. */
MUST_USE bool eth_read_args_of(
    struct request *request, size_t index, const struct json *json, struct eth_args *args
);

/* Estimates (eth_call.c) on an opened run; may lower args->tx.gas_limit. */
struct eth_run;
MUST_USE bool eth_estimate(
    struct request *request, struct eth_run *run, struct eth_args *args, uint64_t *gas
);

#define ETH_GAS_CAP UINT64_C(50000000) /* gas of one call; as geth's --rpc.gascap */

/* Makes a call that can be run: defaults for what was not given. */
void eth_args_complete_call(struct eth_args *args);

/* A state to run calls on. */
struct eth_run {
    struct eth_state source;
    struct state state;
    struct chain_vm vm;
    struct block_run run;
    struct header header;              /* of the block that the calls believe to be in */
    struct evm_precompile_move *moves; /* of overrides, for run */
};

/* The state at ref, with overrides of accounts (argument state_at) and of the block (block_at) if
 * they are given; SIZE_MAX where the method has none. run must not be moved. */
MUST_USE bool eth_run_open(
    struct request *request,
    struct eth_run *run,
    const struct block_ref *ref,
    size_t state_at,
    size_t block_at
);

/* The same overrides where they stand elsewhere; index is the argument they are part of. */
MUST_USE bool eth_run_override_state(
    struct request *request, struct eth_run *run, size_t index, const struct json *accounts
);
MUST_USE bool eth_run_override_block(
    struct request *request, struct eth_run *run, size_t index, const struct json *members
);

/* Why a call was not run; and why a call that ran did not succeed. Answer false. */
bool eth_fail_call(
    struct request *request,
    enum tx_verdict verdict,
    struct eth_run *run,
    const struct eth_args *args,
    const char *prefix
);
bool eth_fail_run(struct request *request, const struct tx_outcome *outcome);

/* "execution reverted" and the reason, if the data holds one that Solidity would have written. In
 * arena. */
const char *eth_revert_message(struct arena *arena, struct bytes data);

#endif
