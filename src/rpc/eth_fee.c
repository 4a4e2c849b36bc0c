/* What gas costs, and has cost: eth_gasPrice, eth_feeHistory and their kin. */
#include "rpc/eth_parts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define HISTORY_BLOCKS_MAX      UINT64_C(1024) /* as geth */
#define HISTORY_PERCENTILES_MAX ((size_t)100)
#define DEFAULT_TIP             UINT64_C(1000000000) /* where no block tells: 1 gwei */

enum { TIP_BLOCKS = 20, TIP_SAMPLES = 3, TIP_PERCENTILE = 60 };

static bool read_latest(struct request *request, struct header *head) {
    const struct block_ref latest = {.tag = BLOCK_TAG_LATEST};
    struct eth_place place;
    if (!eth_find(request, &place, &latest)) return false;
    if (!place.found) return eth_fail_not_found(request, &latest);
    return eth_read_header(request, head, &place);
}

/* ---- Suggestions ---- */

static int compare_u256(const void *left, const void *right) {
    const struct u256 *a = left, *b = right;
    return u256_less(a, b) ? -1 : u256_less(b, a) ? 1 : 0;
}

/* The lowest tips of a block, at most TIP_SAMPLES. */
static bool sample_tips(
    struct request *request, struct u256 *tips, size_t *count, uint64_t number
) {
    struct eth_place place;
    struct eth_block block;
    if (!eth_find_number(request, &place, number)) return false;
    if (!place.found) return true;
    if (!eth_read_block(request, &block, &place)) return false;
    const size_t tx_count = block.block.tx_count;
    struct u256 *all = ARENA_ARRAY(request->call->arena, struct u256, tx_count);
    for (size_t i = 0; i < tx_count; i++) {
        all[i] = tx_effective_tip(&block.block.txs[i], &block.block.header.base_fee_per_gas);
    }
    qsort(all, tx_count, sizeof *all, compare_u256);
    for (size_t i = 0; i < tx_count && i < TIP_SAMPLES; i++) {
        tips[(*count)++] = all[i];
    }
    return true;
}

bool eth_suggest_tip(struct request *request, struct u256 *tip) {
    struct header head;
    struct u256 tips[TIP_BLOCKS * TIP_SAMPLES];
    size_t count = 0;
    if (!read_latest(request, &head)) return false;
    for (uint64_t i = 0; i < TIP_BLOCKS && i <= head.number; i++) {
        const struct arena_mark mark = arena_mark(request->call->arena);
        if (!sample_tips(request, tips, &count, head.number - i)) return false;
        arena_rewind(request->call->arena, mark);
    }
    qsort(tips, count, sizeof *tips, compare_u256);
    *tip = count == 0 ? u256_from_u64(DEFAULT_TIP) : tips[(count - 1) * TIP_PERCENTILE / 100];
    if (u256_is_zero(tip)) *tip = U256_ONE; /* the pool takes nothing below */
    return true;
}

static bool max_priority_fee(struct request *request) {
    struct u256 tip;
    if (!eth_suggest_tip(request, &tip)) return false;
    json_write_quantity_u256(request->call->result, &tip);
    return true;
}

static bool gas_price(struct request *request) {
    struct header head;
    struct u256 price;
    if (!read_latest(request, &head) || !eth_suggest_tip(request, &price)) return false;
    const struct u256 base_fee = header_next_base_fee(&head);
    (void)u256_add_wrapping(&price, &price, &base_fee);
    json_write_quantity_u256(request->call->result, &price);
    return true;
}

static bool base_fee(struct request *request) {
    struct header head;
    if (!read_latest(request, &head)) return false;
    const struct u256 next = header_next_base_fee(&head);
    json_write_quantity_u256(request->call->result, &next);
    return true;
}

static struct u256 blob_fee_of(const struct request *request, const struct header *header) {
    const struct chain_rules rules =
        chain_rules_at(request->eth->backend->config, header->number, header->timestamp);
    if (header->form < HEADER_FORM_CANCUN) return U256_ZERO;
    return header_blob_base_fee(header->excess_blob_gas, &rules);
}

static struct u256 next_blob_fee(const struct request *request, const struct header *head) {
    const struct chain_rules rules =
        chain_rules_at(request->eth->backend->config, head->number + 1, head->timestamp);
    if (head->form < HEADER_FORM_CANCUN) return U256_ZERO;
    return header_blob_base_fee(header_next_excess_blob_gas(head, &rules), &rules);
}

static bool blob_base_fee(struct request *request) {
    struct header head;
    if (!read_latest(request, &head)) return false;
    const struct u256 fee = next_blob_fee(request, &head);
    json_write_quantity_u256(request->call->result, &fee);
    return true;
}

/* ---- History ---- */

struct history {
    uint64_t first, count;
    double percentiles[HISTORY_PERCENTILES_MAX];
    size_t percentile_count;
    bool has_rewards;
};

static bool read_percentiles(struct request *request, struct history *history) {
    const struct json *list = json_at(request->call->params, 2);
    if (json_kind(list) <= JSON_NULL) return true;
    if (json_kind(list) != JSON_ARRAY) {
        return rpc_fail(
            request->call, RPC_INVALID_PARAMS,
            "invalid argument 2: json: cannot unmarshal %s into Go value of type []float64",
            json_kind_text(json_kind(list))
        );
    }
    if (json_count(list) > HISTORY_PERCENTILES_MAX) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR, "invalid reward percentile: over the query limit %zu",
            HISTORY_PERCENTILES_MAX
        );
    }
    for (const struct json *item = json_first(list); item != NULL; item = item->next) {
        char text[64] = {0};
        const struct bytes number = json_text(item);
        const size_t at = history->percentile_count;
        if (json_kind(item) == JSON_NUMBER && number.len < sizeof text) {
            memcpy(text, number.data, number.len);
        }
        const double value = json_kind(item) == JSON_NUMBER ? strtod(text, NULL) : -1;
        if (value < 0 || value > 100) {
            return rpc_fail(
                request->call, RPC_SERVER_ERROR, "invalid reward percentile: %f", value
            );
        }
        if (at > 0 && value <= history->percentiles[at - 1]) {
            return rpc_fail(
                request->call, RPC_SERVER_ERROR, "invalid reward percentile: #%zu:%f >= #%zu:%f",
                at - 1, history->percentiles[at - 1], at, value
            );
        }
        history->percentiles[history->percentile_count++] = value;
    }
    history->has_rewards = history->percentile_count > 0;
    return true;
}

static bool read_history(struct request *request, struct history *history) {
    struct block_ref ref;
    struct eth_place place;
    struct header head;
    *history = (struct history){0};
    if (!param_u64(request->call, 0, &history->count)) return false;
    if (!param_present(request->call, 1)) return param_missing(request->call, 1);
    if (!param_block_number(request->call, 1, &ref)) return false;
    if (!read_percentiles(request, history) || !read_latest(request, &head)) return false;
    if (ref.tag == BLOCK_TAG_PENDING) ref.tag = BLOCK_TAG_LATEST;
    if (ref.tag == BLOCK_TAG_NUMBER && ref.number > head.number) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR,
            "request beyond head block: requested %" PRIu64 ", head %" PRIu64, ref.number,
            head.number
        );
    }
    if (!eth_find(request, &place, &ref)) return false;
    if (!place.found) return eth_fail_not_found(request, &ref);
    if (history->count > HISTORY_BLOCKS_MAX) history->count = HISTORY_BLOCKS_MAX;
    if (history->count > place.number + 1) history->count = place.number + 1;
    history->first = place.number + 1 - history->count;
    return true;
}

/* The shortest text that reads back as value, as Go and JavaScript write it. */
static void put_double(struct json_writer *out, double value) {
    char text[32];
    for (int digits = 1; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    json_write_raw(out, bytes_from(text, strlen(text)));
}

static void put_ratio(struct json_writer *out, uint64_t part, uint64_t whole) {
    put_double(out, whole == 0 ? 0 : (double)part / (double)whole);
}

struct paid {
    struct u256 tip;
    uint64_t gas;
};

static int compare_paid(const void *left, const void *right) {
    const struct paid *a = left, *b = right;
    return compare_u256(&a->tip, &b->tip);
}

/* The tip at each percentile of the block's gas, cheapest transaction first. */
static bool put_rewards(
    struct request *request, const struct history *history, const struct eth_place *place
) {
    struct json_writer *out = request->call->result;
    struct eth_block block;
    if (!eth_read_block(request, &block, place) || !eth_read_receipts(request, &block, place)) {
        return false;
    }
    const size_t tx_count = block.block.tx_count;
    struct paid *paid = ARENA_ARRAY(request->call->arena, struct paid, tx_count);
    uint64_t before = 0;
    for (size_t i = 0; i < tx_count; i++) {
        paid[i].tip = tx_effective_tip(&block.block.txs[i], &block.block.header.base_fee_per_gas);
        paid[i].gas = block.receipts[i].cumulative_gas_used - before;
        before = block.receipts[i].cumulative_gas_used;
    }
    qsort(paid, tx_count, sizeof *paid, compare_paid);
    size_t at = 0;
    uint64_t sum = tx_count == 0 ? 0 : paid[0].gas;
    json_begin_array(out);
    for (size_t i = 0; i < history->percentile_count; i++) {
        const uint64_t threshold =
            (uint64_t)((double)block.block.header.gas_used * history->percentiles[i] / 100);
        while (sum < threshold && at + 1 < tx_count) {
            sum += paid[++at].gas;
        }
        const struct u256 tip = tx_count == 0 ? U256_ZERO : paid[at].tip;
        json_write_quantity_u256(out, &tip);
    }
    json_end_array(out);
    return true;
}

static bool put_all_rewards(
    struct request *request, const struct history *history, const struct eth_place *places
) {
    json_name(request->call->result, "reward");
    json_begin_array(request->call->result);
    for (uint64_t i = 0; i < history->count; i++) {
        const struct arena_mark mark = arena_mark(request->call->arena);
        if (!put_rewards(request, history, &places[i])) return false;
        arena_rewind(request->call->arena, mark);
    }
    json_end_array(request->call->result);
    return true;
}

static void put_fees(
    struct request *request, const struct history *history, const struct header *headers
) {
    struct json_writer *out = request->call->result;
    const struct header *last = &headers[history->count - 1];
    struct u256 fee = header_next_base_fee(last);
    json_name(out, "baseFeePerGas");
    json_begin_array(out);
    for (uint64_t i = 0; i < history->count; i++) {
        json_write_quantity_u256(out, &headers[i].base_fee_per_gas);
    }
    json_write_quantity_u256(out, &fee);
    json_end_array(out);
    json_name(out, "gasUsedRatio");
    json_begin_array(out);
    for (uint64_t i = 0; i < history->count; i++) {
        put_ratio(out, headers[i].gas_used, headers[i].gas_limit);
    }
    json_end_array(out);
    json_name(out, "baseFeePerBlobGas");
    json_begin_array(out);
    for (uint64_t i = 0; i < history->count; i++) {
        fee = blob_fee_of(request, &headers[i]);
        json_write_quantity_u256(out, &fee);
    }
    fee = next_blob_fee(request, last);
    json_write_quantity_u256(out, &fee);
    json_end_array(out);
    json_name(out, "blobGasUsedRatio");
    json_begin_array(out);
    for (uint64_t i = 0; i < history->count; i++) {
        const struct chain_rules rules =
            chain_rules_at(request->eth->backend->config, headers[i].number, headers[i].timestamp);
        put_ratio(out, headers[i].blob_gas_used, rules.blobs.max * TX_BLOB_GAS);
    }
    json_end_array(out);
}

static bool fee_history(struct request *request) {
    struct json_writer *out = request->call->result;
    struct history history;
    if (!read_history(request, &history)) return false;
    json_begin_object(out);
    json_name(out, "oldestBlock");
    json_write_quantity(out, history.count == 0 ? 0 : history.first);
    if (history.count == 0) {
        json_name(out, "gasUsedRatio");
        json_write_null(out);
        json_end_object(out);
        return true;
    }
    struct arena *arena = request->call->arena;
    struct header *headers = ARENA_ARRAY(arena, struct header, history.count);
    struct eth_place *places = ARENA_ARRAY(arena, struct eth_place, history.count);
    for (uint64_t i = 0; i < history.count; i++) {
        if (!eth_find_number(request, &places[i], history.first + i)) return false;
        if (!places[i].found) return rpc_fail(request->call, RPC_SERVER_ERROR, "header not found");
        if (!eth_read_header(request, &headers[i], &places[i])) return false;
    }
    if (history.has_rewards && !put_all_rewards(request, &history, places)) return false;
    put_fees(request, &history, headers);
    json_end_object(out);
    return true;
}

ETH_WRAP(max_priority_fee)
ETH_WRAP(gas_price)
ETH_WRAP(base_fee)
ETH_WRAP(blob_base_fee)
ETH_WRAP(fee_history)

static const struct rpc_method methods[] = {
    {"eth_maxPriorityFeePerGas", call_max_priority_fee, 0},
    {"eth_gasPrice", call_gas_price, 0},
    {"eth_baseFee", call_base_fee, 0},
    {"eth_blobBaseFee", call_blob_base_fee, 0},
    {"eth_feeHistory", call_fee_history, 3},
};
const struct rpc_table eth_fee_table = {methods, ARRAY_LEN(methods), NULL};
