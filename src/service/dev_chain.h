/* dev_chain: what a development chain starts from: accounts, predeploys, programs, genesis block.
 *
 * Everybody's development values: the test mnemonic's accounts with 10,000 ETH, chain id 31337, gas
 * limit 30 M, base fee 1 gwei, the rules of Osaka from block 0.
 */
#ifndef SERVICE_DEV_CHAIN_H
#define SERVICE_DEV_CHAIN_H

#include "chain/genesis.h"
#include "service/job_book.h"
#include "service/mnemonic.h"

enum {
    DEV_ACCOUNTS = 10,         /* shown and unlocked */
    DEV_PROPOSER_ACCOUNT = 10, /* fee recipient, result key and sender of result transactions */
    DEV_ACCOUNTS_ALL = 11,
    DEV_GOVERNANCE_ACCOUNT = 0,
};

#define DEV_CHAIN_ID  UINT64_C(31337)
#define DEV_GAS_LIMIT UINT64_C(30000000)

struct dev_chain_options {
    uint64_t chain_id;
    uint64_t gas_limit;
    uint64_t block_time_ms; /* 0: blocks follow transactions */
    uint64_t timestamp;     /* of genesis, in seconds */
};

struct dev_chain {
    struct genesis genesis;
    struct mnemonic_account accounts[DEV_ACCOUNTS_ALL];
    const struct job_book_program *programs; /* and their names beside them */
    const char *const *program_names;
    size_t program_count;
    uint64_t cycles_per_block;
};

/* Lives in arena. */
void dev_chain_make(
    struct dev_chain *out, struct arena *arena, const struct dev_chain_options *options
);

#endif
