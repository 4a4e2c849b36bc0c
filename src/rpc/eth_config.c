/* eth_config: which rules hold now, which come next and which last.
 *
 * Spec: EIP-7910; EIP-2124 and EIP-6122 for forkId.
 */
#include "chain/genesis.h"
#include "rpc/eth_parts.h"

#include <stdlib.h>

/* CRC-32 as IEEE 802.3 has it, of what came before and data. */
static uint32_t crc32_of(uint32_t crc, struct bytes data) {
    crc = ~crc;
    for (size_t i = 0; i < data.len; i++) {
        crc ^= data.data[i];
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0xedb88320) : 0);
        }
    }
    return ~crc;
}

static int compare_numbers(const void *one, const void *two) {
    const uint64_t a = *(const uint64_t *)one, b = *(const uint64_t *)two;
    return (a > b) - (a < b);
}

/* Where forks of one kind begin behind genesis, in order, each once. */
static size_t forks_of(
    uint64_t out[FORK_COUNT], const struct chain_config *config, bool by_time, uint64_t genesis
) {
    size_t count = 0, kept = 0;
    for (size_t i = 1; i < FORK_COUNT; i++) {
        const uint64_t at = config->activation[i];
        if (chain_forks[i].by_time != by_time) continue;
        if (at != FORK_NEVER && at > genesis) out[count++] = at;
    }
    qsort(out, count, sizeof *out, compare_numbers);
    for (size_t i = 0; i < count; i++) {
        if (i == 0 || out[i] != out[kept - 1]) out[kept++] = out[i];
    }
    return kept;
}

struct about {
    const struct chain_config *config;
    struct hash genesis_hash;
    uint64_t genesis_time;
    uint64_t head_number;
};

/* EIP-2124, as of activation_time. */
static uint32_t fork_id(const struct about *about, uint64_t activation_time) {
    uint32_t crc = crc32_of(0, BYTES_OF(about->genesis_hash.bytes));
    for (int by_time = 0; by_time < 2; by_time++) {
        uint64_t forks[FORK_COUNT];
        const size_t count =
            forks_of(forks, about->config, by_time != 0, by_time != 0 ? about->genesis_time : 0);
        for (size_t i = 0; i < count; i++) {
            if (by_time != 0 && forks[i] > activation_time) break;
            uint8_t number[8];
            for (size_t j = 0; j < sizeof number; j++) {
                number[j] = (uint8_t)(forks[i] >> (56 - 8 * j));
            }
            crc = crc32_of(crc, BYTES_OF(number));
        }
    }
    return crc;
}

static void put_precompiles(struct json_writer *out, const struct evm_rules *rules) {
    static const struct {
        uint16_t number;
        const char *name;
    } names[] = {
        {0x01, "ECREC"},
        {0x02, "SHA256"},
        {0x03, "RIPEMD160"},
        {0x04, "ID"},
        {0x05, "MODEXP"},
        {0x06, "BN254_ADD"},
        {0x07, "BN254_MUL"},
        {0x08, "BN254_PAIRING"},
        {0x09, "BLAKE2F"},
        {0x0a, "KZG_POINT_EVALUATION"},
        {0x0b, "BLS12_G1ADD"},
        {0x0c, "BLS12_G1MSM"},
        {0x0d, "BLS12_G2ADD"},
        {0x0e, "BLS12_G2MSM"},
        {0x0f, "BLS12_PAIRING_CHECK"},
        {0x10, "BLS12_MAP_FP_TO_G1"},
        {0x11, "BLS12_MAP_FP2_TO_G2"},
        {0x100, "P256VERIFY"},
    };
    json_name(out, "precompiles");
    json_begin_object(out);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct address address = {{0}};
        address.bytes[18] = (uint8_t)(names[i].number >> 8);
        address.bytes[19] = (uint8_t)names[i].number;
        if (!evm_is_precompile(rules, &address)) continue;
        json_name(out, names[i].name);
        json_write_address(out, &address);
    }
    json_end_object(out);
}

static void put_contracts(struct json_writer *out, const struct chain_rules *rules) {
    const struct fork_row *row = rules->row;
    const struct {
        enum system_contract_id id;
        const char *name;
        bool is_there;
    } contracts[] = {
        {SYSTEM_BEACON_ROOTS, "BEACON_ROOTS_ADDRESS", row->beacon_roots},
        {SYSTEM_CONSOLIDATION_REQUESTS, "CONSOLIDATION_REQUEST_PREDEPLOY_ADDRESS", row->requests},
        {SYSTEM_DEPOSIT, "DEPOSIT_CONTRACT_ADDRESS", row->requests},
        {SYSTEM_HISTORY_STORAGE, "HISTORY_STORAGE_ADDRESS", row->parent_hashes},
        {SYSTEM_WITHDRAWAL_REQUESTS, "WITHDRAWAL_REQUEST_PREDEPLOY_ADDRESS", row->requests},
    };
    json_name(out, "systemContracts");
    json_begin_object(out);
    for (size_t i = 0; i < ARRAY_LEN(contracts); i++) {
        if (!contracts[i].is_there) continue;
        json_name(out, contracts[i].name);
        json_write_address(
            out,
            contracts[i].id == SYSTEM_DEPOSIT ? &rules->deposit_contract
                                              : &genesis_system_contracts[contracts[i].id].address
        );
    }
    json_end_object(out);
}

/* The rules that begin at activation_time; null where no fork by time does. */
static void put_rules(
    struct json_writer *out, const char *name, const struct about *about, const uint64_t *at
) {
    json_name(out, name);
    if (at == NULL) {
        json_write_null(out);
        return;
    }
    const struct chain_rules rules = chain_rules_at(about->config, about->head_number, *at);
    json_begin_object(out);
    json_name(out, "activationTime");
    json_write_number(out, *at);
    json_name(out, "blobSchedule");
    if (rules.blobs.max == 0) {
        json_write_null(out);
    } else {
        json_begin_object(out);
        json_name(out, "target");
        json_write_number(out, rules.blobs.target);
        json_name(out, "max");
        json_write_number(out, rules.blobs.max);
        json_name(out, "baseFeeUpdateFraction");
        json_write_number(out, rules.blobs.update_fraction);
        json_end_object(out);
    }
    json_name(out, "chainId");
    json_write_quantity(out, rules.chain_id);
    json_name(out, "forkId");
    json_write_format(out, "0x%08x", fork_id(about, *at));
    put_precompiles(out, evm_rules_of(rules.revision));
    put_contracts(out, &rules);
    json_end_object(out);
}

static bool config(struct request *request) {
    struct json_writer *out = request->call->result;
    struct rpc_heads heads;
    struct eth_place genesis, head;
    struct header genesis_header, head_header;
    const struct rpc_backend *backend = request->eth->backend;
    backend->heads(backend->ctx, &heads);
    if (!eth_find_number(request, &genesis, 0)) return false;
    if (!eth_find_number(request, &head, heads.latest.number)) return false;
    if (!eth_read_header(request, &genesis_header, &genesis)) return false;
    if (!eth_read_header(request, &head_header, &head)) return false;
    const struct about about = {
        backend->config,
        genesis.hash,
        genesis_header.timestamp,
        head_header.number,
    };
    const uint64_t *current = NULL, *next = NULL, *last = NULL;
    for (size_t i = 0; i < FORK_COUNT; i++) {
        const uint64_t *at = &backend->config->activation[i];
        if (!chain_forks[i].by_time || *at == FORK_NEVER) continue;
        if (*at <= head_header.timestamp) {
            if (current == NULL || *at > *current) current = at;
        } else {
            if (next == NULL || *at < *next) next = at;
            if (last == NULL || *at > *last) last = at;
        }
    }
    json_begin_object(out);
    put_rules(out, "current", &about, current);
    put_rules(out, "next", &about, next);
    put_rules(out, "last", &about, last);
    json_end_object(out);
    return true;
}

ETH_WRAP(config)

static const struct rpc_method methods[] = {
    {"eth_config", call_config, 0},
};
const struct rpc_table eth_config_table = {methods, ARRAY_LEN(methods), NULL};
