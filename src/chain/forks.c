#include "chain/forks.h"

#define CANCUN_BLOBS \
    { .target = 3, .max = 6, .update_fraction = 3338477 }
#define PRAGUE_BLOBS \
    { .target = 6, .max = 9, .update_fraction = 5007716 }
#define BPO1_BLOBS \
    { .target = 10, .max = 15, .update_fraction = 8346193 }
#define BPO2_BLOBS \
    { .target = 14, .max = 21, .update_fraction = 11684671 }

#define BY_NUMBER(test_name, key, rules) \
    { .name = (test_name), .config_key = (key), .revision = (rules) }
#define BY_TIME(test_name, key, blob, rules)                                           \
    {                                                                                  \
        .name = (test_name), .config_key = (key), .blob_key = (blob), .by_time = true, \
        .revision = (rules)                                                            \
    }
#define WITH_BLOBS(test_name, key, blob, rules, params)                                \
    {                                                                                  \
        .name = (test_name), .config_key = (key), .blob_key = (blob), .by_time = true, \
        .revision = (rules), .blobs = params                                           \
    }

const struct fork_row chain_forks[FORK_COUNT] = {
    [FORK_FRONTIER] = BY_NUMBER("Frontier", NULL, EVM_FRONTIER),
    [FORK_HOMESTEAD] = BY_NUMBER("Homestead", "homesteadBlock", EVM_HOMESTEAD),
    [FORK_DAO] = BY_NUMBER("HomesteadDAO", "daoForkBlock", EVM_HOMESTEAD),
    [FORK_TANGERINE_WHISTLE] = BY_NUMBER("EIP150", "eip150Block", EVM_TANGERINE_WHISTLE),
    [FORK_SPURIOUS_DRAGON] = BY_NUMBER("EIP158", "eip158Block", EVM_SPURIOUS_DRAGON),
    [FORK_BYZANTIUM] = BY_NUMBER("Byzantium", "byzantiumBlock", EVM_BYZANTIUM),
    [FORK_CONSTANTINOPLE] = BY_NUMBER("Constantinople", "constantinopleBlock", EVM_CONSTANTINOPLE),
    [FORK_PETERSBURG] = BY_NUMBER("ConstantinopleFix", "petersburgBlock", EVM_PETERSBURG),
    [FORK_ISTANBUL] = BY_NUMBER("Istanbul", "istanbulBlock", EVM_ISTANBUL),
    [FORK_MUIR_GLACIER] = BY_NUMBER("MuirGlacier", "muirGlacierBlock", EVM_ISTANBUL),
    [FORK_BERLIN] = BY_NUMBER("Berlin", "berlinBlock", EVM_BERLIN),
    [FORK_LONDON] = BY_NUMBER("London", "londonBlock", EVM_LONDON),
    [FORK_ARROW_GLACIER] = BY_NUMBER("ArrowGlacier", "arrowGlacierBlock", EVM_LONDON),
    [FORK_GRAY_GLACIER] = BY_NUMBER("GrayGlacier", "grayGlacierBlock", EVM_LONDON),
    [FORK_PARIS] = BY_NUMBER("Paris", "mergeNetsplitBlock", EVM_PARIS),
    [FORK_SHANGHAI] = BY_TIME("Shanghai", "shanghaiTime", NULL, EVM_SHANGHAI),
    [FORK_CANCUN] = WITH_BLOBS("Cancun", "cancunTime", "cancun", EVM_CANCUN, CANCUN_BLOBS),
    [FORK_PRAGUE] = WITH_BLOBS("Prague", "pragueTime", "prague", EVM_PRAGUE, PRAGUE_BLOBS),
    [FORK_OSAKA] = BY_TIME("Osaka", "osakaTime", "osaka", EVM_OSAKA),
    [FORK_BPO1] = WITH_BLOBS("BPO1", "bpo1Time", "bpo1", EVM_OSAKA, BPO1_BLOBS),
    [FORK_BPO2] = WITH_BLOBS("BPO2", "bpo2Time", "bpo2", EVM_OSAKA, BPO2_BLOBS),
    [FORK_BPO3] = BY_TIME("BPO3", "bpo3Time", "bpo3", EVM_OSAKA),
    [FORK_BPO4] = BY_TIME("BPO4", "bpo4Time", "bpo4", EVM_OSAKA),
    [FORK_BPO5] = BY_TIME("BPO5", "bpo5Time", "bpo5", EVM_OSAKA),
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
        if (!is_active(config, fork, number, timestamp)) continue;
        rules.fork = fork;
        rules.revision = chain_forks[fork].revision;
        if (config->blobs[fork].target != 0) rules.blobs = config->blobs[fork];
    }
    return rules;
}

enum fork fork_from_name(struct bytes name) {
    for (enum fork fork = FORK_FRONTIER; fork < FORK_COUNT; fork++) {
        const char *const own = chain_forks[fork].name;
        if (bytes_equal(name, bytes_from(own, strlen(own)))) return fork;
    }
    return FORK_COUNT;
}
