/* genesis: the first block of a network, and the contracts that Ethereum's rules expect in it.
 *
 * Spec: EIP-2935, 4788, 6110, 7002, 7251 for addresses and codes. Pure.
 */
#ifndef CHAIN_GENESIS_H
#define CHAIN_GENESIS_H

#include "chain/block.h"
#include "evm/state.h"

#define GENESIS_ACCOUNTS_MAX ((size_t)1 << 20)

struct genesis_slot {
    struct u256 key;
    struct u256 value;
};

struct genesis_account {
    struct address address;
    uint64_t nonce;
    struct u256 balance;
    struct bytes code;
    const struct genesis_slot *slots;
    size_t slot_count;
};

struct genesis {
    struct chain_config config;
    /* Given fields: timestamp, gas_limit, extra_data, difficulty, prev_randao, nonce, fee_recipient,
     * number, parent_hash, base_fee_per_gas, excess_blob_gas, blob_gas_used, parent_beacon_root; zero
     * where a genesis says nothing, except base_fee_per_gas: see has_base_fee. */
    struct header header;
    bool has_base_fee; /* false: HEADER_INITIAL_BASE_FEE from London on */
    const struct genesis_account *accounts;
    size_t account_count;
};

/* Puts the accounts into a state over an empty reader. state_diff and the trie give the root. */
void genesis_fill_state(struct state *state, const struct genesis *genesis);

/* A reader of the state before genesis: nothing exists. */
extern const struct state_reader genesis_empty_reader;

/* The block whose state has this root. The form of its header follows the rules at its number and
 * time. */
void genesis_block(
    struct block *block, const struct genesis *genesis, const struct hash *state_root
);

/* Contracts of Ethereum itself. */
struct system_contract {
    const char *name;
    struct address address;
    struct bytes code; /* empty for the deposit contract, whose code is not part of the rules */
    uint64_t nonce;
    enum fork since;
};

enum system_contract_id {
    SYSTEM_BEACON_ROOTS = 0,       /* EIP-4788 */
    SYSTEM_HISTORY_STORAGE,        /* EIP-2935 */
    SYSTEM_WITHDRAWAL_REQUESTS,    /* EIP-7002 */
    SYSTEM_CONSOLIDATION_REQUESTS, /* EIP-7251 */
    SYSTEM_DEPOSIT,                /* mainnet's address; a chain_config names its own */
    SYSTEM_CREATE2_DEPLOYER,       /* no rule knows it, every development chain has it */
    SYSTEM_CONTRACT_COUNT,
};

extern const struct system_contract genesis_system_contracts[SYSTEM_CONTRACT_COUNT];

/* Who calls them. */
extern const struct address genesis_system_caller;

#endif
