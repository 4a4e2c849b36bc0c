/* dao: what the DAO fork did to the state, once, at its first block.
 *
 * Spec: EIP-779. Pure.
 */
#ifndef CHAIN_DAO_H
#define CHAIN_DAO_H

#include "evm/state.h"

/* Moves the balances of The DAO's accounts to the contract that paid them out. */
void dao_move_funds(struct state *state);

#endif
