#include "chain/forks.h"

#include "chain/block.h"
#include "chain/dao.h"

#define CANCUN_BLOBS \
    { .target = 3, .max = 6, .update_fraction = 3338477 }
#define PRAGUE_BLOBS \
    { .target = 6, .max = 9, .update_fraction = 5007716 }
#define BPO1_BLOBS \
    { .target = 10, .max = 15, .update_fraction = 8346193 }
#define BPO2_BLOBS \
    { .target = 14, .max = 21, .update_fraction = 11684671 }

#define NO_BLOBS \
    { .target = 0, .max = 0, .update_fraction = 0 }

/* What a row has since a fork, and had before. */
#define SINCE(row, fork, now, before) ((row) >= FORK_##fork ? (now) : (before))
#define BIT_SINCE(row, fork, type)    SINCE(row, fork, UINT32_C(1) << (type), UINT32_C(0))
#define ETHER                         UINT64_C(1000000000000000000)

/* clang-format off */
#define ROW(F, test_name, key, schedule_key, evm, params) [F] = { \
    .name = (test_name), \
    .config_key = (key), \
    .blob_key = (schedule_key), \
    .by_time = SINCE(F, SHANGHAI, true, false), \
    .revision = (evm), \
    .blobs = params, \
    \
    .tx_types = BIT_SINCE(F, FRONTIER, 0) | BIT_SINCE(F, BERLIN, 1) | BIT_SINCE(F, LONDON, 2) | \
                BIT_SINCE(F, CANCUN, 3) | BIT_SINCE(F, PRAGUE, 4), \
    .low_s = SINCE(F, HOMESTEAD, true, false), \
    .replay_protection = SINCE(F, SPURIOUS_DRAGON, true, false), \
    .create_gas = SINCE(F, HOMESTEAD, 32000, 0), \
    .data_nonzero_gas = SINCE(F, ISTANBUL, 16, 68), \
    .floor_per_token = SINCE(F, PRAGUE, 10, 0), \
    .tx_gas_max = SINCE(F, OSAKA, TX_GAS_CAP, UINT64_MAX), \
    .tx_blobs_max = SINCE(F, OSAKA, TX_BLOBS_PER_TX_MAX, UINT64_MAX), \
    .refund_quotient = SINCE(F, LONDON, 5, 2), \
    .warm_participants = SINCE(F, BERLIN, true, false), \
    .warm_coinbase = SINCE(F, SHANGHAI, true, false), \
    .sidecar_version = SINCE(F, OSAKA, 1, 0), \
    \
    .difficulty = SINCE(F, PARIS, NULL, \
                  SINCE(F, BYZANTIUM, difficulty_byzantium, \
                  SINCE(F, HOMESTEAD, difficulty_homestead, difficulty_frontier))), \
    .bomb_delay = SINCE(F, PARIS, 0, \
                  SINCE(F, GRAY_GLACIER, 11400000, \
                  SINCE(F, ARROW_GLACIER, 10700000, \
                  SINCE(F, LONDON, 9700000, \
                  SINCE(F, MUIR_GLACIER, 9000000, \
                  SINCE(F, CONSTANTINOPLE, 5000000, \
                  SINCE(F, BYZANTIUM, 3000000, 0))))))), \
    .block_reward_wei = SINCE(F, PARIS, 0, \
                        SINCE(F, CONSTANTINOPLE, 2 * ETHER, \
                        SINCE(F, BYZANTIUM, 3 * ETHER, 5 * ETHER))), \
    \
    .header_form = SINCE(F, PRAGUE, HEADER_FORM_PRAGUE, \
                   SINCE(F, CANCUN, HEADER_FORM_CANCUN, \
                   SINCE(F, SHANGHAI, HEADER_FORM_SHANGHAI, \
                   SINCE(F, LONDON, HEADER_FORM_LONDON, HEADER_FORM_FRONTIER)))), \
    .receipt_status = SINCE(F, BYZANTIUM, true, false), \
    .beacon_roots = SINCE(F, CANCUN, true, false), \
    .parent_hashes = SINCE(F, PRAGUE, true, false), \
    .withdrawals = SINCE(F, SHANGHAI, true, false), \
    .requests = SINCE(F, PRAGUE, true, false), \
    .blob_reserve_price = SINCE(F, OSAKA, true, false), \
    .block_size_max = SINCE(F, OSAKA, BLOCK_RLP_SIZE_MAX_OSAKA, SIZE_MAX), \
    \
    .irregular_change = F == FORK_DAO ? dao_move_funds : NULL, \
    .extra_data = F == FORK_DAO ? "dao-hard-fork" : NULL, \
    .extra_data_blocks = F == FORK_DAO ? 10 : 0, \
}
/* clang-format on */

const struct fork_row chain_forks[FORK_COUNT] = {
    ROW(FORK_FRONTIER, "Frontier", NULL, NULL, EVM_FRONTIER, NO_BLOBS),
    ROW(FORK_HOMESTEAD, "Homestead", "homesteadBlock", NULL, EVM_HOMESTEAD, NO_BLOBS),
    ROW(FORK_DAO, "Dao", "daoForkBlock", NULL, EVM_HOMESTEAD, NO_BLOBS),
    ROW(FORK_TANGERINE_WHISTLE, "EIP150", "eip150Block", NULL, EVM_TANGERINE_WHISTLE, NO_BLOBS),
    ROW(FORK_SPURIOUS_DRAGON, "EIP158", "eip158Block", NULL, EVM_SPURIOUS_DRAGON, NO_BLOBS),
    ROW(FORK_BYZANTIUM, "Byzantium", "byzantiumBlock", NULL, EVM_BYZANTIUM, NO_BLOBS),
    ROW(FORK_CONSTANTINOPLE,
        "Constantinople",
        "constantinopleBlock",
        NULL,
        EVM_CONSTANTINOPLE,
        NO_BLOBS),
    ROW(FORK_PETERSBURG, "ConstantinopleFix", "petersburgBlock", NULL, EVM_PETERSBURG, NO_BLOBS),
    ROW(FORK_ISTANBUL, "Istanbul", "istanbulBlock", NULL, EVM_ISTANBUL, NO_BLOBS),
    ROW(FORK_MUIR_GLACIER, "MuirGlacier", "muirGlacierBlock", NULL, EVM_ISTANBUL, NO_BLOBS),
    ROW(FORK_BERLIN, "Berlin", "berlinBlock", NULL, EVM_BERLIN, NO_BLOBS),
    ROW(FORK_LONDON, "London", "londonBlock", NULL, EVM_LONDON, NO_BLOBS),
    ROW(FORK_ARROW_GLACIER, "ArrowGlacier", "arrowGlacierBlock", NULL, EVM_LONDON, NO_BLOBS),
    ROW(FORK_GRAY_GLACIER, "GrayGlacier", "grayGlacierBlock", NULL, EVM_LONDON, NO_BLOBS),
    ROW(FORK_PARIS, "Paris", "mergeNetsplitBlock", NULL, EVM_PARIS, NO_BLOBS),
    ROW(FORK_SHANGHAI, "Shanghai", "shanghaiTime", NULL, EVM_SHANGHAI, NO_BLOBS),
    ROW(FORK_CANCUN, "Cancun", "cancunTime", "cancun", EVM_CANCUN, CANCUN_BLOBS),
    ROW(FORK_PRAGUE, "Prague", "pragueTime", "prague", EVM_PRAGUE, PRAGUE_BLOBS),
    ROW(FORK_OSAKA, "Osaka", "osakaTime", "osaka", EVM_OSAKA, NO_BLOBS),
    ROW(FORK_BPO1, "BPO1", "bpo1Time", "bpo1", EVM_OSAKA, BPO1_BLOBS),
    ROW(FORK_BPO2, "BPO2", "bpo2Time", "bpo2", EVM_OSAKA, BPO2_BLOBS),
    ROW(FORK_BPO3, "BPO3", "bpo3Time", "bpo3", EVM_OSAKA, NO_BLOBS),
    ROW(FORK_BPO4, "BPO4", "bpo4Time", "bpo4", EVM_OSAKA, NO_BLOBS),
    ROW(FORK_BPO5, "BPO5", "bpo5Time", "bpo5", EVM_OSAKA, NO_BLOBS),
};

/* Mainnet's, which test networks use too (EIP-6110). */
static const struct address mainnet_deposit_contract = {{0x00, 0x00, 0x00, 0x00, 0x21, 0x9a, 0xb5,
                                                         0x40, 0x35, 0x6c, 0xbb, 0x83, 0x9c, 0xbe,
                                                         0x05, 0x30, 0x3d, 0x77, 0x05, 0xfa}};

struct chain_config chain_config_at(uint64_t chain_id, enum fork last) {
    ASSERT(last < FORK_COUNT);
    struct chain_config config = {
        .chain_id = chain_id, .deposit_contract = mainnet_deposit_contract};
    for (enum fork fork = FORK_FRONTIER; fork < FORK_COUNT; fork++) {
        config.activation[fork] = fork <= last && fork != FORK_DAO ? 0 : FORK_NEVER;
        config.blobs[fork] = chain_forks[fork].blobs;
    }
    return config;
}

static bool is_active(
    const struct chain_config *config, enum fork fork, uint64_t number, uint64_t timestamp
) {
    if (fork == FORK_FRONTIER) return true;
    const uint64_t activation = config->activation[fork];
    if (activation == FORK_NEVER) return false;
    return (chain_forks[fork].by_time ? timestamp : number) >= activation;
}

struct chain_rules chain_rules_at(
    const struct chain_config *config, uint64_t number, uint64_t timestamp
) {
    struct chain_rules rules = {
        .chain_id = config->chain_id, .deposit_contract = config->deposit_contract};
    for (enum fork fork = FORK_FRONTIER; fork < FORK_COUNT; fork++) {
        const struct fork_row *const row = &chain_forks[fork];
        if (!is_active(config, fork, number, timestamp)) continue;
        rules.fork = fork;
        rules.row = row;
        rules.revision = row->revision;
        if (config->blobs[fork].target != 0) rules.blobs = config->blobs[fork];
        if (row->by_time) continue;
        const uint64_t age = number - config->activation[fork];
        if (age == 0) rules.irregular_change = row->irregular_change;
        if (age < row->extra_data_blocks) {
            rules.extra_data =
                bytes_from((const uint8_t *)row->extra_data, strlen(row->extra_data));
        }
    }
    return rules;
}

struct chain_config chain_config_after(
    const struct chain_config *config, uint64_t number, const struct u256 *total_difficulty
) {
    struct chain_config after = *config;
    if (!config->has_terminal_difficulty) return after;
    const bool merged = !u256_less(total_difficulty, &config->terminal_total_difficulty);
    after.activation[FORK_PARIS] = merged ? number + 1 : FORK_NEVER;
    return after;
}

enum fork fork_from_name(struct bytes name) {
    for (enum fork fork = FORK_FRONTIER; fork < FORK_COUNT; fork++) {
        const char *const own = chain_forks[fork].name;
        if (bytes_equal(name, bytes_from(own, strlen(own)))) return fork;
    }
    return FORK_COUNT;
}
