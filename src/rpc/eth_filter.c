/* eth_getLogs, polled filters and subscriptions. */
#include "base/checked.h"
#include "rpc/eth_logs.h"
#include "rpc/format.h"
#include "rpc/server.h"
#include "world/heap.h"

#include <sys/random.h>

#include <stdlib.h>

#define FILTERS_MAX        ((size_t)1000)
#define SUBSCRIPTIONS_MAX  ((size_t)10000)
#define FILTER_LIFETIME_MS UINT64_C(300000) /* since it was last asked, as geth */
#define FILTER_HASHES_MAX  ((size_t)4096) /* transactions that wait for their filter to be asked */
#define NOTIFICATION_MAX   ((size_t)25000000)
#define KEPT_HASHES        ((uint64_t)256) /* canonical blocks known by hash, for removed logs */

enum { ID_SIZE = 16 };

struct id {
    uint8_t bytes[ID_SIZE];
};

enum filter_kind { FILTER_LOGS, FILTER_BLOCKS, FILTER_TXS };

struct filter {
    struct filter *next;
    struct id id;
    enum filter_kind kind;
    bool full; /* FILTER_TXS: whole transactions */
    uint64_t asked_ms;
    struct eth_log_query query; /* FILTER_LOGS, in arena */
    struct arena arena;
    uint64_t first_new;  /* block from which on nothing was told yet */
    struct hash *hashes; /* FILTER_TXS; grows up to FILTER_HASHES_MAX */
    size_t hash_count, hash_room;
};

enum subscription_kind { SUBSCRIBE_HEADS, SUBSCRIBE_LOGS, SUBSCRIBE_TXS, SUBSCRIBE_SYNCING };

struct subscription {
    struct subscription *next;
    struct id id;
    enum subscription_kind kind;
    struct rpc_session *session;
    bool full;
    struct log_filter filter;
    struct arena arena;
};

struct filters {
    struct filter *filters;
    size_t filter_count;
    struct subscription *subscriptions;
    size_t subscription_count;
    size_t log_subscriptions;
    struct json_writer writer;     /* of notifications */
    struct arena arena;            /* of what is read for them */
    uint64_t head;                 /* number of the latest block that was told of */
    struct hash kept[KEPT_HASHES]; /* of block number modulo KEPT_HASHES, up to head */
};

struct filters *eth_filters_create(void) {
    struct filters *filters = calloc(1, sizeof *filters);
    ASSERT(filters != NULL);
    json_writer_init(&filters->writer, NOTIFICATION_MAX);
    arena_init(&filters->arena, &heap_source);
    return filters;
}

static void free_filter(struct filters *filters, struct filter **place) {
    struct filter *filter = *place;
    *place = filter->next;
    filters->filter_count--;
    arena_reset(&filter->arena);
    free(filter->hashes);
    free(filter);
}

static void free_subscription(struct filters *filters, struct subscription **place) {
    struct subscription *subscription = *place;
    *place = subscription->next;
    filters->subscription_count--;
    if (subscription->kind == SUBSCRIBE_LOGS) filters->log_subscriptions--;
    arena_reset(&subscription->arena);
    free(subscription);
}

void eth_filters_destroy(struct filters *filters) {
    while (filters->filters != NULL) {
        free_filter(filters, &filters->filters);
    }
    while (filters->subscriptions != NULL) {
        free_subscription(filters, &filters->subscriptions);
    }
    json_writer_free(&filters->writer);
    arena_reset(&filters->arena);
    free(filters);
}

/* Nobody can guess another client's: it names what may be uninstalled. */
static struct id new_id(void) {
    struct id id;
    ASSERT(getrandom(&id, sizeof id, 0) == (ssize_t)sizeof id);
    if (id.bytes[0] < 0x10) id.bytes[0] |= 0x10; /* a quantity: no leading zero */
    return id;
}

static bool read_id(struct request *request, size_t index, struct id *id) {
    struct bytes data;
    *id = (struct id){{0}};
    if (!param_present(request->call, index)) return param_missing(request->call, index);
    if (json_read_bytes(
            request->call->arena, json_at(request->call->params, index), &data, sizeof *id
        ) &&
        data.len == sizeof *id) {
        memcpy(id, data.data, sizeof *id);
    }
    return true; /* what is no id of ours is not found */
}

/* ---- eth_getLogs ---- */

/* The numbers that a query's range means now. */
static bool resolve_range(
    struct request *request, const struct eth_log_query *query, uint64_t *first, uint64_t *last
) {
    struct eth_place from, to, head;
    const struct block_ref latest = {.tag = BLOCK_TAG_LATEST};
    if (!eth_find(request, &head, &latest)) return false;
    struct block_ref from_ref = query->from, to_ref = query->to;
    if (from_ref.tag == BLOCK_TAG_PENDING) from_ref.tag = BLOCK_TAG_LATEST;
    if (to_ref.tag == BLOCK_TAG_PENDING) to_ref.tag = BLOCK_TAG_LATEST;
    *first = from_ref.number;
    *last = to_ref.number;
    if (from_ref.tag != BLOCK_TAG_NUMBER) {
        if (!eth_find(request, &from, &from_ref)) return false;
        if (!from.found) return eth_fail_not_found(request, &from_ref);
        *first = from.number;
    }
    if (to_ref.tag != BLOCK_TAG_NUMBER) {
        if (!eth_find(request, &to, &to_ref)) return false;
        if (!to.found) return eth_fail_not_found(request, &to_ref);
        *last = to.number;
    }
    if (*first > *last && query->has_from && query->has_to) {
        return rpc_fail(request->call, RPC_INVALID_PARAMS, "invalid block range params");
    }
    if (*last > head.number) *last = head.number;
    return true;
}

static bool put_one_block(struct request *request, const struct eth_log_query *query);

static bool answer_query(struct request *request, const struct eth_log_query *query) {
    uint64_t first, last;
    if (query->has_hash) return put_one_block(request, query);
    if (!resolve_range(request, query, &first, &last)) return false;
    return eth_put_logs(request, &query->filter, first, last);
}

static bool put_directly(
    void *ctx,
    const struct eth_block *block,
    const struct state_log *log,
    size_t tx_index,
    uint64_t log_index
) {
    const struct request *request = ctx;
    eth_put_log(request->call->result, block, log, tx_index, log_index, false);
    return true;
}

static bool put_one_block(struct request *request, const struct eth_log_query *query) {
    const struct block_ref ref = {.tag = BLOCK_TAG_HASH, .hash = query->hash};
    const struct eth_log_sink sink = {put_directly, request};
    struct eth_place place;
    if (!eth_find(request, &place, &ref)) return false;
    if (!place.found) return rpc_fail(request->call, RPC_SERVER_ERROR, "unknown block");
    json_begin_array(request->call->result);
    if (!eth_scan_block(request, &place, &query->filter, &sink)) return false;
    json_end_array(request->call->result);
    return true;
}

static bool get_logs(struct request *request) {
    struct eth_log_query query;
    return eth_read_log_query(request, 0, &query) && answer_query(request, &query);
}

/* ---- Polled filters ---- */

static void drop_expired(struct rpc_eth *eth) {
    const uint64_t now_ms = eth->now_ms(eth->now_ctx);
    for (struct filter **place = &eth->filters->filters; *place != NULL;) {
        if (now_ms - (*place)->asked_ms > FILTER_LIFETIME_MS) {
            free_filter(eth->filters, place);
        } else {
            place = &(*place)->next;
        }
    }
}

static struct filter *add_filter(struct request *request, enum filter_kind kind) {
    struct rpc_eth *eth = request->eth;
    struct rpc_heads heads;
    drop_expired(eth);
    if (eth->filters->filter_count == FILTERS_MAX) {
        (void)rpc_fail(request->call, RPC_LIMIT_EXCEEDED, "too many filters");
        return NULL;
    }
    eth->backend->heads(eth->backend->ctx, &heads);
    struct filter *filter = calloc(1, sizeof *filter);
    ASSERT(filter != NULL);
    *filter = (struct filter){
        .next = eth->filters->filters,
        .id = new_id(),
        .kind = kind,
        .asked_ms = eth->now_ms(eth->now_ctx),
        .first_new = heads.latest.number + 1,
    };
    arena_init(&filter->arena, &heap_source);
    eth->filters->filters = filter;
    eth->filters->filter_count++;
    json_write_hex(request->call->result, BYTES_OF(filter->id));
    return filter;
}

static bool new_filter(struct request *request) {
    struct eth_log_query query;
    if (!eth_read_log_query(request, 0, &query)) return false;
    struct filter *filter = add_filter(request, FILTER_LOGS);
    if (filter == NULL) return false;
    filter->query = query;
    filter->query.filter = log_filter_copy(&filter->arena, &query.filter);
    return true;
}

static bool new_block_filter(struct request *request) {
    return add_filter(request, FILTER_BLOCKS) != NULL;
}

static bool new_tx_filter(struct request *request) {
    bool full = false;
    if (param_present(request->call, 0) && !param_bool(request->call, 0, &full)) return false;
    struct filter *filter = add_filter(request, FILTER_TXS);
    if (filter != NULL) filter->full = full;
    return filter != NULL;
}

static struct filter **find_filter(struct request *request, const struct id *id) {
    drop_expired(request->eth);
    struct filter **place = &request->eth->filters->filters;
    while (*place != NULL && memcmp(&(*place)->id, id, sizeof *id) != 0) {
        place = &(*place)->next;
    }
    return place;
}

static bool put_new_blocks(struct request *request, const struct filter *filter, uint64_t head) {
    struct json_writer *out = request->call->result;
    json_begin_array(out);
    for (uint64_t number = filter->first_new; number <= head && !out->overflowed; number++) {
        struct eth_place place;
        if (!eth_find_number(request, &place, number)) return false;
        if (place.found) json_write_hash(out, &place.hash);
    }
    json_end_array(out);
    return true;
}

static void put_new_txs(struct request *request, struct filter *filter) {
    struct json_writer *out = request->call->result;
    json_begin_array(out);
    for (size_t i = 0; i < filter->hash_count; i++) {
        const struct pool_entry *entry =
            filter->full ? pool_find(request->eth->backend->pool, &filter->hashes[i]) : NULL;
        if (!filter->full) {
            json_write_hash(out, &filter->hashes[i]);
        } else if (entry != NULL) {
            format_tx(out, &entry->tx, &entry->hash, &entry->sender, NULL);
        }
    }
    json_end_array(out);
    filter->hash_count = 0;
}

/* Logs of blocks since the last time, within the range that the filter was made with. */
static bool put_new_logs(struct request *request, const struct filter *filter, uint64_t head) {
    const struct eth_log_query *query = &filter->query;
    uint64_t first = filter->first_new, last = head;
    if (query->has_from && query->from.tag == BLOCK_TAG_NUMBER && query->from.number > first) {
        first = query->from.number;
    }
    if (query->has_to && query->to.tag == BLOCK_TAG_NUMBER && query->to.number < last) {
        last = query->to.number;
    }
    return eth_put_logs(request, &query->filter, first, last);
}

static bool get_filter_changes(struct request *request) {
    struct id id;
    struct rpc_heads heads;
    if (!read_id(request, 0, &id)) return false;
    struct filter *filter = *find_filter(request, &id);
    if (filter == NULL) return rpc_fail(request->call, RPC_SERVER_ERROR, "filter not found");
    filter->asked_ms = request->eth->now_ms(request->eth->now_ctx);
    request->eth->backend->heads(request->eth->backend->ctx, &heads);
    const uint64_t head = heads.latest.number;
    if (filter->kind == FILTER_TXS) {
        put_new_txs(request, filter);
        return true;
    }
    const bool good = filter->kind == FILTER_BLOCKS ? put_new_blocks(request, filter, head)
                                                    : put_new_logs(request, filter, head);
    if (good) filter->first_new = head + 1;
    return good;
}

static bool get_filter_logs(struct request *request) {
    struct id id;
    if (!read_id(request, 0, &id)) return false;
    struct filter *filter = *find_filter(request, &id);
    if (filter == NULL || filter->kind != FILTER_LOGS) {
        return rpc_fail(request->call, RPC_SERVER_ERROR, "filter not found");
    }
    filter->asked_ms = request->eth->now_ms(request->eth->now_ctx);
    return answer_query(request, &filter->query);
}

static bool uninstall_filter(struct request *request) {
    struct id id;
    if (!read_id(request, 0, &id)) return false;
    struct filter **place = find_filter(request, &id);
    const bool found = *place != NULL;
    if (found) free_filter(request->eth->filters, place);
    json_write_bool(request->call->result, found);
    return true;
}

/* ---- Subscriptions ---- */

static bool read_kind(struct request *request, enum subscription_kind *kind) {
    static const char *const names[] = {
        [SUBSCRIBE_HEADS] = "newHeads",
        [SUBSCRIBE_LOGS] = "logs",
        [SUBSCRIBE_TXS] = "newPendingTransactions",
        [SUBSCRIBE_SYNCING] = "syncing",
    };
    const struct json *name = json_at(request->call->params, 0);
    if (!param_present(request->call, 0)) return param_missing(request->call, 0);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (!json_text_is(name, names[i])) continue;
        *kind = (enum subscription_kind)i;
        return true;
    }
    const struct bytes text = json_text(name);
    const int shown = text.len < 64 ? (int)text.len : 0;
    return rpc_fail(
        request->call, RPC_METHOD_NOT_FOUND, "no \"%.*s\" subscription in eth namespace", shown,
        (const char *)text.data
    );
}

static bool subscribe(struct request *request) {
    struct filters *filters = request->eth->filters;
    enum subscription_kind kind = SUBSCRIBE_HEADS;
    struct eth_log_query query = {.has_hash = false};
    bool full = false;
    if (!read_kind(request, &kind)) return false;
    if (request->call->session == NULL) {
        return rpc_fail(request->call, RPC_METHOD_NOT_FOUND, "notifications not supported");
    }
    if (kind == SUBSCRIBE_LOGS && param_present(request->call, 1)) {
        if (!eth_read_log_query(request, 1, &query)) return false;
    }
    if (kind == SUBSCRIBE_TXS && param_present(request->call, 1)) {
        if (!param_bool(request->call, 1, &full)) return false;
    }
    if (filters->subscription_count == SUBSCRIPTIONS_MAX) {
        return rpc_fail(request->call, RPC_LIMIT_EXCEEDED, "too many subscriptions");
    }
    struct subscription *subscription = calloc(1, sizeof *subscription);
    ASSERT(subscription != NULL);
    *subscription = (struct subscription){
        .next = filters->subscriptions,
        .id = new_id(),
        .kind = kind,
        .session = request->call->session,
        .full = full,
    };
    arena_init(&subscription->arena, &heap_source);
    subscription->filter = log_filter_copy(&subscription->arena, &query.filter);
    filters->subscriptions = subscription;
    filters->subscription_count++;
    if (kind == SUBSCRIBE_LOGS) filters->log_subscriptions++;
    json_write_hex(request->call->result, BYTES_OF(subscription->id));
    return true;
}

static bool unsubscribe(struct request *request) {
    struct id id;
    if (!read_id(request, 0, &id)) return false;
    if (request->call->session == NULL) {
        return rpc_fail(request->call, RPC_METHOD_NOT_FOUND, "notifications not supported");
    }
    struct subscription **place = &request->eth->filters->subscriptions;
    for (; *place != NULL; place = &(*place)->next) {
        if (memcmp(&(*place)->id, &id, sizeof id) != 0) continue;
        if ((*place)->session != request->call->session) continue;
        free_subscription(request->eth->filters, place);
        json_write_bool(request->call->result, true);
        return true;
    }
    return rpc_fail(request->call, RPC_SERVER_ERROR, "subscription not found");
}

void rpc_eth_session_closed(struct rpc_eth *eth, const struct rpc_session *session) {
    for (struct subscription **place = &eth->filters->subscriptions; *place != NULL;) {
        if ((*place)->session == session) {
            free_subscription(eth->filters, place);
        } else {
            place = &(*place)->next;
        }
    }
}

/* ---- Notifications ---- */

static struct json_writer *begin_notification(
    struct filters *filters, const struct subscription *subscription
) {
    struct json_writer *out = &filters->writer;
    json_writer_reset(out, 65536);
    json_begin_object(out);
    json_name(out, "jsonrpc");
    json_write_cstring(out, "2.0");
    json_name(out, "method");
    json_write_cstring(out, "eth_subscription");
    json_name(out, "params");
    json_begin_object(out);
    json_name(out, "subscription");
    json_write_hex(out, BYTES_OF(subscription->id));
    json_name(out, "result");
    return out;
}

static void end_notification(struct filters *filters, const struct subscription *subscription) {
    json_end_object(&filters->writer);
    json_end_object(&filters->writer);
    if (filters->writer.overflowed) return;
    (void)rpc_session_send(subscription->session, json_writer_text(&filters->writer));
}

struct log_notice {
    struct filters *filters;
    const struct subscription *subscription;
    bool is_removed;
};

static bool notify_log(
    void *ctx,
    const struct eth_block *block,
    const struct state_log *log,
    size_t tx_index,
    uint64_t log_index
) {
    const struct log_notice *notice = ctx;
    struct json_writer *out = begin_notification(notice->filters, notice->subscription);
    eth_put_log(out, block, log, tx_index, log_index, notice->is_removed);
    end_notification(notice->filters, notice->subscription);
    return true;
}

/* All log subscriptions hear of one block. */
static void notify_logs(struct request *request, const struct eth_place *place, bool is_removed) {
    struct filters *filters = request->eth->filters;
    if (filters->log_subscriptions == 0) return;
    for (const struct subscription *subscription = filters->subscriptions; subscription != NULL;
         subscription = subscription->next) {
        if (subscription->kind != SUBSCRIBE_LOGS) continue;
        struct log_notice notice = {filters, subscription, is_removed};
        const struct eth_log_sink sink = {notify_log, &notice};
        const struct arena_mark mark = arena_mark(request->call->arena);
        (void)eth_scan_block(request, place, &subscription->filter, &sink);
        arena_rewind(request->call->arena, mark);
    }
}

static void notify_head(
    struct filters *filters, const struct header *header, const struct hash *hash
) {
    for (const struct subscription *subscription = filters->subscriptions; subscription != NULL;
         subscription = subscription->next) {
        if (subscription->kind != SUBSCRIBE_HEADS) continue;
        struct json_writer *out = begin_notification(filters, subscription);
        json_begin_object(out);
        format_header(out, header, hash, false);
        json_end_object(out);
        end_notification(filters, subscription);
    }
}

/* Blocks that were canonical and are no more: their logs, newest block first. */
static void notify_removed(struct request *request, uint64_t first_new) {
    const struct filters *filters = request->eth->filters;
    for (uint64_t number = filters->head;
         number >= first_new && number > 0 && filters->head - number < KEPT_HASHES; number--) {
        const struct block_ref ref = {
            .tag = BLOCK_TAG_HASH, .hash = filters->kept[number % KEPT_HASHES]};
        struct eth_place place;
        if (!eth_find(request, &place, &ref) || !place.found) continue;
        if (!place.is_canonical) notify_logs(request, &place, true);
    }
}

static void notify_new(struct request *request, uint64_t number) {
    struct eth_place place;
    struct header header;
    struct filters *filters = request->eth->filters;
    if (!eth_find_number(request, &place, number) || !place.found) return;
    filters->kept[number % KEPT_HASHES] = place.hash;
    if (filters->subscription_count == 0) return;
    if (!eth_read_header(request, &header, &place)) return;
    notify_head(filters, &header, &place.hash);
    notify_logs(request, &place, false);
}

void rpc_eth_head(
    struct rpc_eth *eth, uint64_t first_new, const struct header *head, const struct hash *hash
) {
    struct filters *filters = eth->filters;
    for (struct filter *filter = filters->filters; filter != NULL; filter = filter->next) {
        if (filter->first_new > first_new) filter->first_new = first_new;
        if (filter->first_new > head->number + 1) filter->first_new = head->number + 1;
    }
    /* A request that nobody made: it has an arena, and its errors are nobody's. */
    struct rpc_call call = {.arena = &filters->arena, .result = &filters->writer};
    struct request request = {.call = &call, .eth = eth};
    if (first_new <= filters->head) notify_removed(&request, first_new);
    uint64_t number = first_new;
    if (head->number >= KEPT_HASHES && filters->subscription_count == 0) {
        number = max_u64(number, head->number - KEPT_HASHES + 1);
    }
    for (; number <= head->number; number++) {
        notify_new(&request, number);
    }
    filters->head = head->number;
    filters->kept[head->number % KEPT_HASHES] = *hash;
    eth_close(&request);
    arena_reset(&filters->arena);
}

static void remember_tx(struct filter *filter, const struct hash *hash) {
    if (filter->hash_count == FILTER_HASHES_MAX) {
        /* Who does not ask for so long loses the oldest. */
        memmove(
            filter->hashes, filter->hashes + 1, (FILTER_HASHES_MAX - 1) * sizeof *filter->hashes
        );
        filter->hash_count--;
    }
    if (filter->hash_count == filter->hash_room) {
        const size_t room = filter->hash_room == 0 ? 16 : 2 * filter->hash_room;
        struct hash *hashes = realloc(filter->hashes, room * sizeof *hashes);
        ASSERT(hashes != NULL);
        filter->hashes = hashes;
        filter->hash_room = room;
    }
    filter->hashes[filter->hash_count++] = *hash;
}

void rpc_eth_transaction(struct rpc_eth *eth, const struct pool_entry *entry) {
    struct filters *filters = eth->filters;
    for (struct filter *filter = filters->filters; filter != NULL; filter = filter->next) {
        if (filter->kind == FILTER_TXS) remember_tx(filter, &entry->hash);
    }
    for (const struct subscription *subscription = filters->subscriptions; subscription != NULL;
         subscription = subscription->next) {
        if (subscription->kind != SUBSCRIBE_TXS) continue;
        struct json_writer *out = begin_notification(filters, subscription);
        if (subscription->full) {
            format_tx(out, &entry->tx, &entry->hash, &entry->sender, NULL);
        } else {
            json_write_hash(out, &entry->hash);
        }
        end_notification(filters, subscription);
    }
}

ETH_WRAP(get_logs)
ETH_WRAP(new_filter)
ETH_WRAP(new_block_filter)
ETH_WRAP(new_tx_filter)
ETH_WRAP(get_filter_changes)
ETH_WRAP(get_filter_logs)
ETH_WRAP(uninstall_filter)
ETH_WRAP(subscribe)
ETH_WRAP(unsubscribe)

static const struct rpc_method methods[] = {
    {"eth_getLogs", call_get_logs, 1},
    {"eth_newFilter", call_new_filter, 1},
    {"eth_newBlockFilter", call_new_block_filter, 0},
    {"eth_newPendingTransactionFilter", call_new_tx_filter, 1},
    {"eth_getFilterChanges", call_get_filter_changes, 1},
    {"eth_getFilterLogs", call_get_filter_logs, 1},
    {"eth_uninstallFilter", call_uninstall_filter, 1},
    {"eth_subscribe", call_subscribe, 2},
    {"eth_unsubscribe", call_unsubscribe, 1},
};
const struct rpc_table eth_filter_table = {methods, ARRAY_LEN(methods), NULL};
