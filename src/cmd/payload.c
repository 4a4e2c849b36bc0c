#include "cmd/payload.h"

enum { TX_BYTES_MAX = 16 << 20, REQUEST_BYTES_MAX = 16 << 20 };

struct payload_params payload_params_of(uint64_t version, const struct json *params) {
    return (struct payload_params){
        .version = version,
        .payload = json_at(params, 0),
        .versioned_hashes = json_at(params, 1),
        .parent_beacon_root = json_at(params, 2),
        .requests = json_at(params, 3),
    };
}

/* Which forks' blocks each version is for. */
static bool version_fits(uint64_t version, const struct fork_row *row) {
    switch (version) {
    case 1: return row->header_form <= HEADER_FORM_LONDON;
    case 2: return row->header_form <= HEADER_FORM_SHANGHAI;
    case 3: return row->header_form == HEADER_FORM_CANCUN;
    default: return row->header_form >= HEADER_FORM_PRAGUE;
    }
}

static bool read_extra_data(struct arena *arena, struct header *header, const struct json *json) {
    struct bytes data;
    if (!json_read_bytes(arena, json, &data, HEADER_EXTRA_DATA_MAX)) return false;
    header->extra_data_size = (uint8_t)data.len;
    if (data.len != 0) memcpy(header->extra_data, data.data, data.len);
    return true;
}

static bool read_bloom(struct arena *arena, struct bloom *bloom, const struct json *json) {
    struct bytes data;
    if (!json_read_bytes(arena, json, &data, sizeof bloom->bytes)) return false;
    if (data.len != sizeof bloom->bytes) return false;
    memcpy(bloom->bytes, data.data, data.len);
    return true;
}

static bool read_header(
    struct arena *arena, struct header *header, const struct payload_params *params
) {
    const struct json *const json = params->payload;
    header->ommers_hash = header_empty_ommers_hash;
    header->form = HEADER_FORM_LONDON;
    if (!json_read_hash(json_get(json, "parentHash"), &header->parent_hash)) return false;
    if (!json_read_address(json_get(json, "feeRecipient"), &header->fee_recipient)) return false;
    if (!json_read_hash(json_get(json, "stateRoot"), &header->state_root)) return false;
    if (!json_read_hash(json_get(json, "receiptsRoot"), &header->receipts_root)) return false;
    if (!read_bloom(arena, &header->logs_bloom, json_get(json, "logsBloom"))) return false;
    if (!json_read_hash(json_get(json, "prevRandao"), &header->prev_randao)) return false;
    if (!json_read_u64(json_get(json, "blockNumber"), &header->number)) return false;
    if (!json_read_u64(json_get(json, "gasLimit"), &header->gas_limit)) return false;
    if (!json_read_u64(json_get(json, "gasUsed"), &header->gas_used)) return false;
    if (!json_read_u64(json_get(json, "timestamp"), &header->timestamp)) return false;
    if (!read_extra_data(arena, header, json_get(json, "extraData"))) return false;
    if (!json_read_u256(json_get(json, "baseFeePerGas"), &header->base_fee_per_gas)) return false;
    if (params->version < 3) return true;

    header->form = HEADER_FORM_CANCUN;
    if (!json_read_u64(json_get(json, "blobGasUsed"), &header->blob_gas_used)) return false;
    if (!json_read_u64(json_get(json, "excessBlobGas"), &header->excess_blob_gas)) return false;
    return json_read_hash(params->parent_beacon_root, &header->parent_beacon_root);
}

/* False where it is no list of bytes; which bytes they are is the block's matter. */
static bool read_txs(
    struct arena *arena, struct block *block, enum tx_verdict *verdict, const struct json *list
) {
    if (json_kind(list) != JSON_ARRAY) return false;
    struct tx *const txs = ARENA_ARRAY(arena, struct tx, json_count(list));
    struct bytes *const encoded = ARENA_ARRAY(arena, struct bytes, json_count(list));
    size_t count = 0;
    *verdict = TX_VALID;
    for (const struct json *one = json_first(list); one != NULL; one = one->next) {
        if (!json_read_bytes(arena, one, &encoded[count], TX_BYTES_MAX)) return false;
        if (*verdict == TX_VALID) *verdict = tx_decode(arena, &txs[count], encoded[count]);
        count++;
    }
    block->txs = txs;
    block->encoded_txs = encoded;
    block->tx_count = count;
    return true;
}

bool payload_read_withdrawals(
    struct arena *arena, const struct withdrawal **out, size_t *count, const struct json *list
) {
    struct withdrawal *const all = ARENA_ARRAY(arena, struct withdrawal, json_count(list));
    *count = 0;
    for (const struct json *json = json_first(list); json != NULL; json = json->next) {
        struct withdrawal *const one = &all[(*count)++];
        if (!json_read_u64(json_get(json, "index"), &one->index)) return false;
        if (!json_read_u64(json_get(json, "validatorIndex"), &one->validator_index)) return false;
        if (!json_read_address(json_get(json, "address"), &one->address)) return false;
        if (!json_read_u64(json_get(json, "amount"), &one->amount_gwei)) return false;
    }
    *out = all;
    return true;
}

static bool read_withdrawals(struct arena *arena, struct block *block, const struct json *list) {
    if (json_kind(list) != JSON_ARRAY) return false;
    block->has_withdrawals = true;
    if (block->header.form < HEADER_FORM_SHANGHAI) block->header.form = HEADER_FORM_SHANGHAI;
    return payload_read_withdrawals(arena, &block->withdrawals, &block->withdrawal_count, list);
}

/* EIP-7685: each with its type first and some data, types ascending. */
static bool read_requests(struct arena *arena, struct header *header, const struct json *list) {
    if (json_kind(list) != JSON_ARRAY) return false;
    struct bytes *const requests = ARENA_ARRAY(arena, struct bytes, json_count(list));
    size_t count = 0;
    for (const struct json *one = json_first(list); one != NULL; one = one->next) {
        struct bytes *const request = &requests[count];
        if (!json_read_bytes(arena, one, request, REQUEST_BYTES_MAX)) return false;
        if (request->len < 2) return false;
        if (count > 0 && request->data[0] <= requests[count - 1].data[0]) return false;
        count++;
    }
    block_requests_hash(&header->requests_hash, requests, count);
    header->form = HEADER_FORM_PRAGUE;
    return true;
}

static bool read_hash_list(
    struct arena *arena, const struct hash **hashes, size_t *count, const struct json *list
) {
    if (json_kind(list) != JSON_ARRAY) return false;
    struct hash *const all = ARENA_ARRAY(arena, struct hash, json_count(list));
    *count = 0;
    for (const struct json *one = json_first(list); one != NULL; one = one->next) {
        if (!json_read_hash(one, &all[(*count)++])) return false;
    }
    *hashes = all;
    return true;
}

/* Whether these are the versioned hashes of all transactions, in order. */
static bool hashes_match(const struct block *block, const struct hash *hashes, size_t count) {
    size_t seen = 0;
    for (size_t i = 0; i < block->tx_count; i++) {
        const struct tx *const tx = &block->txs[i];
        for (size_t j = 0; j < tx->blob_hash_count; j++) {
            if (seen == count || !hash_equal(&tx->blob_hashes[j], &hashes[seen++])) return false;
        }
    }
    return seen == count;
}

/* Which parts stand in which version. */
static bool has_right_parts(const struct payload_params *params, bool withdrawals) {
    const uint64_t version = params->version;
    if (version < 1 || version > 4 || json_kind(params->payload) != JSON_OBJECT) return false;
    if (json_is_given(json_get(params->payload, "withdrawals")) != withdrawals) return false;
    if (json_is_given(json_get(params->payload, "blobGasUsed")) != (version >= 3)) return false;
    if (json_is_given(json_get(params->payload, "excessBlobGas")) != (version >= 3)) return false;
    if (json_is_given(params->versioned_hashes) != (version >= 3)) return false;
    if (json_is_given(params->parent_beacon_root) != (version >= 3)) return false;
    return json_is_given(params->requests) == (version >= 4);
}

enum payload_error payload_read(
    struct arena *arena,
    struct block *block,
    enum block_verdict *verdict,
    enum tx_verdict *tx_verdict,
    bool *hash_matches,
    const struct payload_params *params,
    const struct chain_config *config
) {
    struct header *const header = &block->header;
    const struct hash *hashes = NULL;
    size_t hash_count = 0;
    struct hash expected;
    struct hash hash;
    *block = (struct block){.ommers_hash = header_empty_ommers_hash};
    if (params->version == 0 || params->version > 4) return PAYLOAD_INVALID_PARAMS;
    if (!read_header(arena, header, params)) return PAYLOAD_INVALID_PARAMS;
    const struct chain_rules rules = chain_rules_at(config, header->number, header->timestamp);
    const bool withdrawals = rules.row->withdrawals;
    if (!has_right_parts(params, withdrawals)) return PAYLOAD_INVALID_PARAMS;
    if (!version_fits(params->version, rules.row)) return PAYLOAD_UNSUPPORTED_FORK;
    const struct json *const json = params->payload;
    if (!read_txs(arena, block, tx_verdict, json_get(json, "transactions"))) {
        return PAYLOAD_INVALID_PARAMS;
    }
    if (withdrawals && !read_withdrawals(arena, block, json_get(json, "withdrawals"))) {
        return PAYLOAD_INVALID_PARAMS;
    }
    if (params->version >= 3 &&
        !read_hash_list(arena, &hashes, &hash_count, params->versioned_hashes)) {
        return PAYLOAD_INVALID_PARAMS;
    }
    if (params->version >= 4 && !read_requests(arena, header, params->requests)) {
        return PAYLOAD_INVALID_PARAMS;
    }
    if (!json_read_hash(json_get(json, "blockHash"), &expected)) return PAYLOAD_INVALID_PARAMS;

    block_transactions_root(arena, &header->transactions_root, block->encoded_txs, block->tx_count);
    if (withdrawals) {
        block_withdrawals_root(
            arena, &header->withdrawals_root, block->withdrawals, block->withdrawal_count
        );
    }
    header_hash(&hash, header);
    *hash_matches = hash_equal(&hash, &expected);
    *verdict = *tx_verdict == TX_VALID ? BLOCK_VALID : BLOCK_INVALID_TRANSACTION;
    if (*verdict == BLOCK_VALID && !hashes_match(block, hashes, hash_count)) {
        *verdict = BLOCK_INVALID_VERSIONED_HASHES;
    }
    return PAYLOAD_GOOD;
}
