/* forks: which rules hold at which block, as one table.
 *
 * Spec: execution-specs' fork history; EIP-7840 (blob schedule), EIP-7892 (blob-parameter-only forks).
 * A fork is a row of chain_forks: its names, how it is activated, the rules of the EVM it brings.
 * A network is a chain_config: at which block or time each fork begins, and its blob parameters.
 * Pure.
 */
#ifndef CHAIN_FORKS_H
#define CHAIN_FORKS_H

#include "base/bytes.h"
#include "evm/revision.h"

enum fork {
    FORK_FRONTIER = 0,
    FORK_HOMESTEAD,
    FORK_DAO, /* Homestead's rules; differs by an irregular state change at its block */
    FORK_TANGERINE_WHISTLE,
    FORK_SPURIOUS_DRAGON,
    FORK_BYZANTIUM,
    FORK_CONSTANTINOPLE,
    FORK_PETERSBURG,
    FORK_ISTANBUL,
    FORK_MUIR_GLACIER,
    FORK_BERLIN,
    FORK_LONDON,
    FORK_ARROW_GLACIER,
    FORK_GRAY_GLACIER,
    FORK_PARIS, /* by block number here; networks that merged by total difficulty know the number */
    FORK_SHANGHAI,
    FORK_CANCUN,
    FORK_PRAGUE,
    FORK_OSAKA,
    FORK_BPO1,
    FORK_BPO2,
    FORK_BPO3,
    FORK_BPO4,
    FORK_BPO5,
    FORK_COUNT,
};

#define FORK_NEVER UINT64_MAX

/* EIP-7840. Counts of blobs a block; all zero before Cancun. */
struct blob_params {
    uint64_t target;
    uint64_t max;
    uint64_t update_fraction; /* of the blob base fee */
};

struct fork_row {
    const char *name; /* as the execution tests say: "Cancun" */
    const char
        *config_key; /* as geth's genesis says: "cancunTime", "berlinBlock"; NULL for Frontier */
    const char *blob_key; /* in geth's blobSchedule: "cancun"; NULL where a fork has none */
    bool by_time;         /* activated by timestamp instead of block number */
    enum evm_revision revision;
    struct blob_params blobs; /* mainnet's, taken where a network does not say */
};

/* In order of activation; a row's place is its enum fork. */
extern const struct fork_row chain_forks[FORK_COUNT];

struct chain_config {
    uint64_t chain_id;
    uint64_t
        activation[FORK_COUNT]; /* block number or timestamp; FORK_NEVER where it never comes */
    struct blob_params
        blobs[FORK_COUNT];           /* those with target 0 are inherited from the fork before */
    struct address deposit_contract; /* EIP-6110 reads this contract's logs */
};

/* What holds for one block. */
struct chain_rules {
    uint64_t chain_id;
    enum fork fork;
    enum evm_revision revision;
    struct blob_params blobs;
    struct address deposit_contract;
};

/* A network with every fork up to last active from genesis on (number 0, time 0) and none after. */
struct chain_config chain_config_at(uint64_t chain_id, enum fork last);

struct chain_rules chain_rules_at(
    const struct chain_config *config, uint64_t number, uint64_t timestamp
);

/* The fork called name in the tests ("Cancun", "ConstantinopleFix"); FORK_COUNT where none is. */
enum fork fork_from_name(struct bytes name);

#endif
