/* forks: which rules hold at which block, as one table.
 *
 * Spec: execution-specs' fork history; EIP-7840 (blob schedule), EIP-7892 (blob-parameter-only forks).
 * A fork is a row of chain_forks: its names, how it is activated, the rules of the EVM it brings
 * (evm/revision.h has those as rows too), and what it says of transactions and blocks: values, and
 * functions where a rule is more than a value. Code that follows the rules asks the row, never the
 * fork.
 * A network is a chain_config: at which block or time each fork begins, and its blob parameters.
 * Pure.
 */
#ifndef CHAIN_FORKS_H
#define CHAIN_FORKS_H

#include "base/bytes.h"
#include "base/u256.h"
#include "chain/difficulty.h"
#include "evm/revision.h"

struct state;

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
    FORK_PARIS, /* by block number, or by total difficulty: chain_config_after */
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

/* How many fields a header has in RLP; each fork only appends. */
enum header_form {
    HEADER_FORM_FRONTIER = 15,
    HEADER_FORM_LONDON = 16,   /* base_fee_per_gas */
    HEADER_FORM_SHANGHAI = 17, /* withdrawals_root */
    HEADER_FORM_CANCUN = 20,   /* blob_gas_used, excess_blob_gas, parent_beacon_root */
    HEADER_FORM_PRAGUE = 21,   /* requests_hash */
};

struct fork_row {
    const char *name; /* as the execution tests say: "Cancun" */
    const char
        *config_key; /* as geth's genesis says: "cancunTime", "berlinBlock"; NULL for Frontier */
    const char *blob_key; /* in geth's blobSchedule: "cancun"; NULL where a fork has none */
    bool by_time;         /* activated by timestamp instead of block number */
    enum evm_revision revision;
    struct blob_params blobs; /* mainnet's, taken where a network does not say */

    /* Transactions. */
    uint32_t tx_types;         /* bit n: type n is known */
    bool low_s;                /* EIP-2 */
    bool replay_protection;    /* EIP-155 */
    uint64_t create_gas;       /* EIP-2 */
    uint64_t data_nonzero_gas; /* EIP-2028 */
    uint64_t floor_per_token;  /* EIP-7623; 0: there is no floor */
    uint64_t tx_gas_max;       /* EIP-7825; UINT64_MAX before */
    uint64_t tx_blobs_max;     /* EIP-7594; UINT64_MAX before */
    uint64_t refund_quotient;  /* the part of the gas used that may come back; EIP-3529 */
    bool warm_participants;    /* EIP-2929: sender, recipient, precompiles, access list */
    bool warm_coinbase;        /* EIP-3651 */
    uint8_t sidecar_version;   /* of blob transactions in network form: 1 since EIP-7594 */

    /* Proof of work. difficulty is NULL from Paris on: that is how to tell. */
    difficulty_rule *difficulty;
    uint64_t bomb_delay;       /* blocks */
    uint64_t block_reward_wei; /* EIP-649, 1234 */

    /* Blocks. */
    enum header_form header_form;
    bool receipt_status;     /* EIP-658; before, receipts hold the state's root */
    bool beacon_roots;       /* EIP-4788: kept by a system call before the transactions */
    bool parent_hashes;      /* EIP-2935: the same */
    bool withdrawals;        /* EIP-4895 */
    bool requests;           /* EIP-7685, 6110, 7002, 7251 */
    bool blob_reserve_price; /* EIP-7918 */
    size_t block_size_max;   /* EIP-7934: bytes in RLP; SIZE_MAX before */

    /* What a fork's first block does to the state before its transactions, and what the extra data
     * of its first blocks must be. NULL and 0 but for the DAO fork. */
    void (*irregular_change)(struct state *state);
    const char *extra_data;
    uint64_t extra_data_blocks;
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
    /* EIP-3675: Paris begins behind the first block whose chain has this much; then
     * activation[FORK_PARIS] is not looked at before chain_config_after has set it. */
    bool has_terminal_difficulty;
    struct u256 terminal_total_difficulty;
};

/* What holds for one block. */
struct chain_rules {
    uint64_t chain_id;
    enum fork fork;
    const struct fork_row *row; /* of fork */
    enum evm_revision revision;
    struct blob_params blobs;
    struct address deposit_contract;
    void (*irregular_change)(struct state *state); /* NULL at all but a few blocks */
    struct bytes extra_data; /* which the header must have; empty where it may have any */
};

/* A network with every fork up to last active from genesis on (number 0, time 0) and none after. */
struct chain_config chain_config_at(uint64_t chain_id, enum fork last);

struct chain_rules chain_rules_at(
    const struct chain_config *config, uint64_t number, uint64_t timestamp
);

/* config as it is for the block that follows number on a chain of that total difficulty: the same,
 * but where Paris begins by total difficulty it begins behind number or is still to come. */
struct chain_config chain_config_after(
    const struct chain_config *config, uint64_t number, const struct u256 *total_difficulty
);

static inline bool chain_is_proof_of_work(const struct chain_rules *rules) {
    return rules->row->difficulty != NULL;
}

/* The fork called name in the tests ("Cancun", "ConstantinopleFix", "Dao"); FORK_COUNT where none is. */
enum fork fork_from_name(struct bytes name);

#endif
