/* txpool_: what waits to be mined. */
#include "rpc/eth_parts.h"
#include "rpc/format.h"

#include <inttypes.h>
#include <stdio.h>

typedef void (*put_entry
)(struct json_writer *out, struct arena *arena, const struct pool_entry *entry);

static void put_whole(
    struct json_writer *out, struct arena *arena, const struct pool_entry *entry
) {
    (void)arena;
    format_tx(out, &entry->tx, &entry->hash, &entry->sender, NULL);
}

/* geth: "0xabc…: 1 wei + 21000 gas × 1000000000 wei". */
static void put_summary(
    struct json_writer *out, struct arena *arena, const struct pool_entry *entry
) {
    char value[80], price[80];
    (void)u256_to_decimal(value, &entry->tx.value);
    (void)u256_to_decimal(price, &entry->tx.max_fee_per_gas);
    json_write_format(
        out, "%s: %s wei + %" PRIu64 " gas \xc3\x97 %s wei",
        entry->tx.is_create ? "contract creation" : eth_checksummed(arena, &entry->tx.to), value,
        entry->tx.gas_limit, price
    );
}

static void name_number(struct json_writer *out, uint64_t number) {
    char text[24];
    const int len = snprintf(text, sizeof text, "%" PRIu64, number);
    json_name_bytes(out, bytes_from(text, (size_t)len));
}

/* Entries come by sender, then nonce. only NULL: of all senders, one object each. */
static void put_entries(
    struct request *request, bool pending, const struct address *only, put_entry put
) {
    struct json_writer *out = request->call->result;
    size_t count;
    const struct pool_entry **entries =
        pool_entries(request->eth->backend->pool, request->call->arena, &count);
    const struct pool_entry *before = NULL;
    json_begin_object(out);
    for (size_t i = 0; i < count && !out->overflowed; i++) {
        const struct pool_entry *entry = entries[i];
        if (entry->pending != pending) continue;
        if (only != NULL && !address_equal(&entry->sender, only)) continue;
        const bool new_sender = before == NULL || !address_equal(&before->sender, &entry->sender);
        if (only == NULL && new_sender) {
            if (before != NULL) json_end_object(out);
            json_name(out, eth_checksummed(request->call->arena, &entry->sender));
            json_begin_object(out);
        }
        name_number(out, entry->tx.nonce);
        put(out, request->call->arena, entry);
        before = entry;
    }
    if (only == NULL && before != NULL) json_end_object(out);
    json_end_object(out);
}

static bool put_both(struct request *request, const struct address *only, put_entry put) {
    struct json_writer *out = request->call->result;
    json_begin_object(out);
    json_name(out, "pending");
    put_entries(request, true, only, put);
    json_name(out, "queued");
    put_entries(request, false, only, put);
    json_end_object(out);
    return true;
}

static bool content(struct request *request) {
    return put_both(request, NULL, put_whole);
}

static bool content_from(struct request *request) {
    struct address address;
    if (!param_address(request->call, 0, &address)) return false;
    return put_both(request, &address, put_whole);
}

static bool inspect(struct request *request) {
    return put_both(request, NULL, put_summary);
}

static bool status(struct request *request) {
    const struct pool_counts counts = pool_counts(request->eth->backend->pool);
    json_begin_object(request->call->result);
    json_name(request->call->result, "pending");
    json_write_quantity(request->call->result, counts.pending);
    json_name(request->call->result, "queued");
    json_write_quantity(request->call->result, counts.queued);
    json_end_object(request->call->result);
    return true;
}

ETH_WRAP(content)
ETH_WRAP(content_from)
ETH_WRAP(inspect)
ETH_WRAP(status)

static const struct rpc_method methods[] = {
    {"txpool_content", call_content, 0},
    {"txpool_contentFrom", call_content_from, 1},
    {"txpool_inspect", call_inspect, 0},
    {"txpool_status", call_status, 0},
};
const struct rpc_table eth_txpool_table = {methods, ARRAY_LEN(methods), NULL};
