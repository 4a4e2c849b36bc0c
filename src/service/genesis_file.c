#include "service/genesis_file.h"

#include "codec/hex.h"

#include <strings.h>

static const struct json *get_any_case(const struct json *object, const char *key) {
    const struct json *member = json_first(object);
    while (member != NULL &&
           (json_key(member).len != strlen(key) ||
            strncasecmp((const char *)json_key(member).data, key, strlen(key)) != 0)) {
        member = member->next;
    }
    return member;
}

/* Leaves out as it is where there is no such number. */
static void read_u64(uint64_t *out, const struct json *json, const char *key) {
    uint64_t value;
    if (json_read_u64(json_get(json, key), &value)) *out = value;
}

static void read_blobs(struct blob_params *blobs, const struct json *json) {
    struct blob_params given;
    if (json_read_u64(json_get(json, "target"), &given.target) &&
        json_read_u64(json_get(json, "max"), &given.max) &&
        json_read_u64(json_get(json, "baseFeeUpdateFraction"), &given.update_fraction)) {
        *blobs = given;
    }
}

void genesis_file_config(struct chain_config *config, const struct json *json) {
    const struct json *schedule = json_get(json, "blobSchedule");
    uint64_t chain_id = 1;
    read_u64(&chain_id, json, "chainId");
    *config = chain_config_at(chain_id, FORK_FRONTIER);
    for (int i = 1; i < FORK_COUNT; i++) {
        const struct fork_row *row = &chain_forks[i];
        uint64_t at;
        config->activation[i] = FORK_NEVER;
        if (row->config_key != NULL && json_read_u64(get_any_case(json, row->config_key), &at)) {
            config->activation[i] = at;
        }
        if (row->blob_key != NULL) read_blobs(&config->blobs[i], json_get(schedule, row->blob_key));
    }
    if (json_is_true(json_get(json, "terminalTotalDifficultyPassed")) &&
        config->activation[FORK_PARIS] == FORK_NEVER) {
        config->activation[FORK_PARIS] = 0;
    }
    struct address contract;
    if (json_read_address(json_get(json, "depositContractAddress"), &contract)) {
        config->deposit_contract = contract;
    }
}

static const char *read_account(
    struct arena *arena, struct genesis_account *out, const struct json *entry
) {
    const struct json *storage = json_get(entry, "storage");
    struct genesis_slot *slots = ARENA_ARRAY(arena, struct genesis_slot, json_count(storage));
    *out = (struct genesis_account){.slots = slots};
    const struct bytes key = json_key(entry);
    const bool has_prefix = key.len >= 2 && key.data[0] == '0' && key.data[1] == 'x';
    size_t len;
    if (has_prefix ? hex_decode_address(&out->address, key) != HEX_VALID
                   : hex_decode_bare(out->address.bytes, 20, &len, key) != HEX_VALID || len != 20) {
        return "an account of alloc has no address";
    }
    read_u64(&out->nonce, entry, "nonce");
    if (!json_read_u256(json_get(entry, "balance"), &out->balance)) out->balance = U256_ZERO;
    if (!json_read_bytes(arena, json_get(entry, "code"), &out->code, GENESIS_FILE_CODE_MAX)) {
        out->code = bytes_from(NULL, 0);
    }
    for (const struct json *slot = json_first(storage); slot != NULL; slot = slot->next) {
        struct genesis_slot *into = &slots[out->slot_count++];
        if (hex_decode_u256(&into->key, json_key(slot), HEX_LENIENT) != HEX_VALID ||
            !json_read_u256(slot, &into->value)) {
            return "a slot of alloc cannot be read";
        }
    }
    return NULL;
}

const char *genesis_file_alloc(
    struct arena *arena, struct genesis *genesis, const struct json *alloc
) {
    if (json_count(alloc) > GENESIS_ACCOUNTS_MAX) return "alloc has too many accounts";
    struct genesis_account *accounts =
        ARENA_ARRAY(arena, struct genesis_account, json_count(alloc));
    genesis->account_count = 0;
    for (const struct json *entry = json_first(alloc); entry != NULL; entry = entry->next) {
        const char *wrong = read_account(arena, &accounts[genesis->account_count++], entry);
        if (wrong != NULL) return wrong;
    }
    genesis->accounts = accounts;
    return NULL;
}

static void read_header(struct arena *arena, struct genesis *genesis, const struct json *json) {
    struct header *header = &genesis->header;
    struct bytes extra;
    struct u256 word;
    read_u64(&header->number, json, "number");
    read_u64(&header->timestamp, json, "timestamp");
    read_u64(&header->gas_limit, json, "gasLimit");
    read_u64(&header->gas_used, json, "gasUsed");
    read_u64(&header->excess_blob_gas, json, "excessBlobGas");
    read_u64(&header->blob_gas_used, json, "blobGasUsed");
    if (json_read_u256(json_get(json, "difficulty"), &word)) header->difficulty = word;
    genesis->has_base_fee = json_read_u256(json_get(json, "baseFeePerGas"), &word);
    if (genesis->has_base_fee) header->base_fee_per_gas = word;
    if (!json_read_hash(json_get(json, "parentHash"), &header->parent_hash)) {
        header->parent_hash = (struct hash){{0}};
    }
    if (!json_read_hash(json_get(json, "mixHash"), &header->prev_randao)) {
        header->prev_randao = (struct hash){{0}};
    }
    if (!json_read_address(json_get(json, "coinbase"), &header->fee_recipient)) {
        header->fee_recipient = (struct address){{0}};
    }
    uint64_t nonce = 0;
    read_u64(&nonce, json, "nonce");
    store_be64(header->nonce, nonce);
    if (json_read_bytes(arena, json_get(json, "extraData"), &extra, HEADER_EXTRA_DATA_MAX) &&
        extra.len > 0) {
        header->extra_data_size = (uint8_t)extra.len;
        memcpy(header->extra_data, extra.data, extra.len);
    }
}

const char *genesis_file_read(
    struct arena *arena, struct genesis *genesis, const struct json *json
) {
    *genesis = (struct genesis){.account_count = 0};
    if (json_kind(json) != JSON_OBJECT) return "genesis is no object";
    genesis_file_config(&genesis->config, json_get(json, "config"));
    read_header(arena, genesis, json);
    return genesis_file_alloc(arena, genesis, json_get(json, "alloc"));
}
