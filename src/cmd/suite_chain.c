#include "cmd/suite_chain.h"

/* ---- Blocks ---- */

void suite_chain_init(struct suite_chain *chain, struct arena *arena, size_t room) {
    *chain = (struct suite_chain){.room = room};
    chain->links = ARENA_ARRAY(arena, const struct suite_link *, room);
}

static bool is_better(const struct suite_link *link, const struct suite_link *head) {
    if (head == NULL || u256_is_zero(&link->header.difficulty)) return true;
    return u256_less(&head->total_difficulty, &link->total_difficulty);
}

void suite_chain_append(
    struct suite_chain *chain,
    struct arena *arena,
    const struct suite_link *parent,
    const struct block *block,
    const struct prestate *state
) {
    struct suite_link *const link = ARENA_NEW(arena, struct suite_link);
    *link = (struct suite_link){
        .parent = parent,
        .header = block->header,
        .total_difficulty = block->header.difficulty,
        .ommers = block->ommers,
        .ommer_count = block->ommer_count,
        .state = *state,
    };
    if (parent != NULL) {
        u256_add_wrapping(
            &link->total_difficulty, &link->total_difficulty, &parent->total_difficulty
        );
    }
    header_hash(&link->hash, &block->header);
    ASSERT(chain->count < chain->room);
    chain->links[chain->count++] = link;
    if (is_better(link, chain->head)) chain->head = link;
}

const struct suite_link *suite_chain_find(
    const struct suite_chain *chain, const struct hash *hash
) {
    for (size_t i = 0; i < chain->count; i++) {
        if (hash_equal(&chain->links[i]->hash, hash)) return chain->links[i];
    }
    return NULL;
}

const struct suite_link *suite_link_at(const struct suite_link *link, uint64_t number) {
    while (link != NULL && link->header.number != number) {
        link = link->parent;
    }
    return link;
}

void suite_link_block_hash(void *ctx, uint64_t number, struct hash *out) {
    const struct suite_link *const link = suite_link_at(ctx, number);
    *out = link != NULL ? link->hash : (struct hash){{0}};
}

/* ---- The network ---- */

bool suite_chain_blob_params(struct blob_params *params, const struct json *json) {
    return json_read_u64(json_get(json, "target"), &params->target) &&
        json_read_u64(json_get(json, "max"), &params->max) &&
        json_read_u64(json_get(json, "baseFeeUpdateFraction"), &params->update_fraction);
}

static bool read_blob_schedule(struct chain_config *config, const struct json *schedule) {
    for (const struct json *one = json_first(schedule); one != NULL; one = one->next) {
        const enum fork fork = fork_from_name(json_key(one));
        if (fork == FORK_COUNT) continue; /* a fork to come */
        if (!suite_chain_blob_params(&config->blobs[fork], one)) return false;
    }
    return true;
}

static enum fork fork_in(const char *start, const char *end) {
    static const struct {
        const char *name;
        enum fork fork;
    } others[] = {
        {"Merge", FORK_PARIS},
        {"TangerineWhistle", FORK_TANGERINE_WHISTLE},
        {"SpuriousDragon", FORK_SPURIOUS_DRAGON},
    };
    const struct bytes name = bytes_from(start, (size_t)(end - start));
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (bytes_equal(name, bytes_from(others[i].name, strlen(others[i].name)))) {
            return others[i].fork;
        }
    }
    return fork_from_name(name);
}

static bool read_network(struct chain_config *config, uint64_t chain_id, const char *network) {
    static const struct {
        const char *name;
        bool by_time, by_difficulty;
        uint64_t value;
    } moments[] = {
        {"AtTime15k", true, false, 15000},
        {"At5", false, false, 5},
        {"AtDiffC0000", false, true, 0xc0000},
    };
    const char *const end = network + strlen(network);
    const enum fork only = fork_in(network, end);
    if (only != FORK_COUNT) {
        *config = chain_config_at(chain_id, only);
        return true;
    }
    const char *const to = strstr(network, "To");
    const char *const at = to == NULL ? NULL : strstr(to, "At");
    if (at == NULL) return false;
    const enum fork first = fork_in(network, to);
    const enum fork last = fork_in(to + strlen("To"), at);
    if (first == FORK_COUNT || last == FORK_COUNT) return false;
    for (size_t i = 0; i < ARRAY_LEN(moments); i++) {
        if (strcmp(at, moments[i].name) != 0) continue;
        *config = chain_config_at(chain_id, first);
        config->has_terminal_difficulty = moments[i].by_difficulty;
        config->terminal_total_difficulty = u256_from_u64(moments[i].value);
        if (!moments[i].by_difficulty) config->activation[last] = moments[i].value;
        return chain_forks[last].by_time == moments[i].by_time;
    }
    return false;
}

bool suite_chain_config(struct chain_config *config, const struct json *test, const char *network) {
    const struct json *const given = json_get(test, "config");
    const struct json *const id = json_get(given, "chainid");
    uint64_t chain_id = 1;
    if (id != NULL && !json_read_u64(id, &chain_id)) return false;
    if (!read_network(config, chain_id, network)) return false;
    return read_blob_schedule(config, json_get(given, "blobSchedule"));
}

/* ---- The genesis header ---- */

/* The fields that later forks appended. */
static bool read_appended(struct header *header, const struct json *json) {
    if (json_get(json, "baseFeePerGas") == NULL) return true;
    header->form = HEADER_FORM_LONDON;
    if (!json_read_u256(json_get(json, "baseFeePerGas"), &header->base_fee_per_gas)) return false;
    if (json_get(json, "withdrawalsRoot") == NULL) return true;
    header->form = HEADER_FORM_SHANGHAI;
    if (!json_read_hash(json_get(json, "withdrawalsRoot"), &header->withdrawals_root)) return false;
    if (json_get(json, "blobGasUsed") == NULL) return true;
    header->form = HEADER_FORM_CANCUN;
    if (!json_read_u64(json_get(json, "blobGasUsed"), &header->blob_gas_used) ||
        !json_read_u64(json_get(json, "excessBlobGas"), &header->excess_blob_gas) ||
        !json_read_hash(json_get(json, "parentBeaconBlockRoot"), &header->parent_beacon_root)) {
        return false;
    }
    if (json_get(json, "requestsHash") == NULL) return true;
    header->form = HEADER_FORM_PRAGUE;
    return json_read_hash(json_get(json, "requestsHash"), &header->requests_hash);
}

bool suite_chain_header(struct arena *arena, struct header *header, const struct json *json) {
    struct bytes extra_data;
    struct bytes bloom;
    struct bytes nonce;
    *header = (struct header){.form = HEADER_FORM_FRONTIER};
    if (!json_read_bytes(arena, json_get(json, "extraData"), &extra_data, HEADER_EXTRA_DATA_MAX) ||
        !json_read_bytes(arena, json_get(json, "bloom"), &bloom, sizeof header->logs_bloom.bytes) ||
        !json_read_bytes(arena, json_get(json, "nonce"), &nonce, sizeof header->nonce) ||
        bloom.len != sizeof header->logs_bloom.bytes || nonce.len != sizeof header->nonce) {
        return false;
    }
    if (extra_data.len != 0) memcpy(header->extra_data, extra_data.data, extra_data.len);
    header->extra_data_size = (uint8_t)extra_data.len;
    memcpy(header->logs_bloom.bytes, bloom.data, bloom.len);
    memcpy(header->nonce, nonce.data, nonce.len);
    return json_read_hash(json_get(json, "parentHash"), &header->parent_hash) &&
        json_read_hash(json_get(json, "uncleHash"), &header->ommers_hash) &&
        json_read_address(json_get(json, "coinbase"), &header->fee_recipient) &&
        json_read_hash(json_get(json, "stateRoot"), &header->state_root) &&
        json_read_hash(json_get(json, "transactionsTrie"), &header->transactions_root) &&
        json_read_hash(json_get(json, "receiptTrie"), &header->receipts_root) &&
        json_read_u256(json_get(json, "difficulty"), &header->difficulty) &&
        json_read_u64(json_get(json, "number"), &header->number) &&
        json_read_u64(json_get(json, "gasLimit"), &header->gas_limit) &&
        json_read_u64(json_get(json, "gasUsed"), &header->gas_used) &&
        json_read_u64(json_get(json, "timestamp"), &header->timestamp) &&
        json_read_hash(json_get(json, "mixHash"), &header->prev_randao) &&
        read_appended(header, json);
}
