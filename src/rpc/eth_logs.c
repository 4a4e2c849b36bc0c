#include "rpc/eth_logs.h"

#include "rpc/format.h"

#include <inttypes.h>

/* ---- What is asked for ---- */

static bool read_addresses(
    struct request *request, const struct param_object *object, struct eth_log_query *query
) {
    const struct json *value = json_get(object->json, "address");
    if (json_kind(value) <= JSON_NULL) return true;
    const bool is_list = json_kind(value) == JSON_ARRAY;
    const size_t count = is_list ? json_count(value) : 1;
    if (count > LOG_FILTER_ADDRESSES_MAX) {
        return rpc_fail(request->call, RPC_INVALID_PARAMS, "exceed max addresses");
    }
    struct address *addresses = ARENA_ARRAY(request->call->arena, struct address, count);
    const struct json *item = is_list ? json_first(value) : value;
    for (size_t i = 0; i < count; i++) {
        if (!value_address(request->call, object, "address", item, &addresses[i])) return false;
        if (is_list) item = item->next;
    }
    query->filter.addresses = addresses;
    query->filter.address_count = count;
    return true;
}

static bool read_topic(
    struct request *request,
    const struct param_object *object,
    struct log_filter_topic *topic,
    const struct json *value
) {
    if (json_kind(value) == JSON_NULL) return true;
    const bool is_list = json_kind(value) == JSON_ARRAY;
    const size_t count = is_list ? json_count(value) : 1;
    if (count > LOG_FILTER_CHOICES_MAX) {
        return rpc_fail(request->call, RPC_INVALID_PARAMS, "exceed max topics");
    }
    struct hash *choices = ARENA_ARRAY(request->call->arena, struct hash, count);
    const struct json *item = is_list ? json_first(value) : value;
    for (size_t i = 0; i < count; i++) {
        /* null in a list makes the position match everything. */
        if (json_kind(item) == JSON_NULL) return true;
        if (!value_hash(request->call, object, "topics", item, &choices[i])) return false;
        if (is_list) item = item->next;
    }
    *topic = (struct log_filter_topic){choices, count};
    return true;
}

static bool read_topics(
    struct request *request, const struct param_object *object, struct eth_log_query *query
) {
    const struct json *list = json_get(object->json, "topics");
    if (json_kind(list) <= JSON_NULL) return true;
    if (json_kind(list) != JSON_ARRAY) {
        return rpc_fail(
            request->call, RPC_INVALID_PARAMS, "invalid argument %zu: topics is no array",
            object->index
        );
    }
    if (json_count(list) > LOG_FILTER_TOPICS_MAX) {
        return rpc_fail(request->call, RPC_INVALID_PARAMS, "exceed max topics");
    }
    for (const struct json *item = json_first(list); item != NULL; item = item->next) {
        struct log_filter_topic *topic = &query->filter.topics[query->filter.topic_count++];
        if (!read_topic(request, object, topic, item)) return false;
    }
    return true;
}

bool eth_read_log_query(struct request *request, size_t index, struct eth_log_query *query) {
    struct param_object object;
    *query = (struct eth_log_query){.has_hash = false};
    if (!param_object(request->call, index, "filters.FilterCriteria", &object)) return false;
    const struct json *from = json_get(object.json, "fromBlock");
    const struct json *to = json_get(object.json, "toBlock");
    query->has_from = json_kind(from) > JSON_NULL;
    query->has_to = json_kind(to) > JSON_NULL;
    if (!member_hash(request->call, &object, "blockHash", &query->hash, &query->has_hash)) {
        return false;
    }
    if (query->has_hash && (query->has_from || query->has_to)) {
        return rpc_fail(
            request->call, RPC_INVALID_PARAMS,
            "invalid argument %zu: cannot specify both BlockHash and FromBlock/ToBlock, choose one "
            "or the other",
            index
        );
    }
    return value_block_number(request->call, index, from, &query->from) &&
        value_block_number(request->call, index, to, &query->to) &&
        read_addresses(request, &object, query) && read_topics(request, &object, query);
}

/* ---- Scanning ---- */

bool eth_scan_block(
    struct request *request,
    const struct eth_place *place,
    const struct log_filter *filter,
    const struct eth_log_sink *sink
) {
    struct header header;
    struct eth_block block;
    if (!eth_read_header(request, &header, place)) return false;
    if (!log_filter_may_match(filter, &header.logs_bloom)) return true;
    if (!eth_read_block(request, &block, place) || !eth_read_receipts(request, &block, place)) {
        return false;
    }
    uint64_t log_index = 0;
    for (size_t i = 0; i < block.block.tx_count; i++) {
        const struct receipt *receipt = &block.receipts[i];
        for (size_t j = 0; j < receipt->log_count; j++, log_index++) {
            if (!log_filter_matches(filter, &receipt->logs[j])) continue;
            if (!sink->put(sink->ctx, &block, &receipt->logs[j], i, log_index)) return false;
        }
    }
    return true;
}

void eth_put_log(
    struct json_writer *out,
    const struct eth_block *block,
    const struct state_log *log,
    size_t tx_index,
    uint64_t log_index,
    bool is_removed
) {
    struct hash tx_hash;
    tx_hash_of(&tx_hash, block->block.encoded_txs[tx_index]);
    const struct format_place place = {
        .block_hash = &block->hash,
        .block_number = block->block.header.number,
        .timestamp = block->block.header.timestamp,
        .tx_index = tx_index,
        .is_removed = is_removed,
    };
    format_log(out, log, &place, &tx_hash, log_index);
}

struct answer {
    struct request *request;
    uint64_t first;
    size_t count;
};

/* The range that is sure to fit is the one in front of the block that did not. */
static bool too_many(struct answer *answer, uint64_t number) {
    const uint64_t last = number > answer->first ? number - 1 : answer->first;
    return rpc_fail(
        answer->request->call, RPC_LIMIT_EXCEEDED,
        "query returned more than %zu results. Try with this block range [0x%" PRIx64 ", 0x%" PRIx64
        "].",
        ETH_LOGS_MAX, answer->first, last
    );
}

static bool put_in_answer(
    void *ctx,
    const struct eth_block *block,
    const struct state_log *log,
    size_t tx_index,
    uint64_t log_index
) {
    struct answer *answer = ctx;
    if (answer->count++ == ETH_LOGS_MAX) return too_many(answer, block->block.header.number);
    eth_put_log(answer->request->call->result, block, log, tx_index, log_index, false);
    return true;
}

bool eth_put_logs(
    struct request *request, const struct log_filter *filter, uint64_t first, uint64_t last
) {
    struct json_writer *out = request->call->result;
    struct answer answer = {request, first, 0};
    const struct eth_log_sink sink = {put_in_answer, &answer};
    if (first <= last && last - first >= ETH_LOGS_BLOCKS_MAX) {
        return rpc_fail(
            request->call, RPC_LIMIT_EXCEEDED,
            "exceed maximum block range: %" PRIu64 ". Try with this block range [0x%" PRIx64
            ", 0x%" PRIx64 "].",
            ETH_LOGS_BLOCKS_MAX, first, first + ETH_LOGS_BLOCKS_MAX - 1
        );
    }
    json_begin_array(out);
    for (uint64_t number = first; number <= last && !out->overflowed; number++) {
        const struct arena_mark mark = arena_mark(request->call->arena);
        struct eth_place place;
        if (!eth_find_number(request, &place, number)) return false;
        if (!place.found) break;
        if (!eth_scan_block(request, &place, filter, &sink)) return false;
        arena_rewind(request->call->arena, mark);
    }
    json_end_array(out);
    return true;
}
