/* requests: what a block asks of the consensus layer: deposits, withdrawals, consolidations.
 *
 * Spec: EIP-7685; EIP-6110 (deposits, from logs), 7002 and 7251 (by system calls). Pure.
 */
#ifndef CHAIN_REQUESTS_H
#define CHAIN_REQUESTS_H

#include "chain/execute.h"

enum request_type {
    REQUEST_DEPOSIT = 0,
    REQUEST_WITHDRAWAL = 1,
    REQUEST_CONSOLIDATION = 2,
};

#define REQUEST_DEPOSIT_SIZE \
    ((size_t)192) /* pubkey 48, credentials 32, amount 8, signature 96, index 8 */

/* Fills run->requests after the block's transactions and withdrawals. */
MUST_USE enum block_verdict requests_collect(struct block_run *run);

/* The request in a log's data, as the deposit contract emits it; false where it is not laid out so. */
MUST_USE bool requests_deposit_of(uint8_t out[REQUEST_DEPOSIT_SIZE], struct bytes log_data);

#endif
