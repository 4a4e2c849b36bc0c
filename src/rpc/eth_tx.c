/* Transactions by hash, their receipts, and those that are handed in signed. */
#include "rpc/eth_parts.h"
#include "rpc/format.h"

/* A transaction of the canonical chain. */
static bool find_mined(
    struct request *request,
    struct eth_place *place,
    struct store_tx_place *where,
    const struct hash *hash
) {
    *place = (struct eth_place){0};
    if (!eth_open(request)) return false;
    const struct status status = store_tx(request->view, where, hash);
    if (status.code == STATUS_MISSING) return true;
    if (failed(status)) return eth_fail_status(request, status);
    return eth_find_number(request, place, where->number);
}

/* The transaction that argument 0 names: in a block, or else in the pool, or entry is NULL too. */
struct named_tx {
    struct eth_place place; /* found: the block's, which is read */
    struct eth_block block;
    size_t index;
    const struct pool_entry *entry;
};

static bool find_named(struct request *request, struct named_tx *out) {
    struct hash hash;
    struct store_tx_place where;
    out->entry = NULL;
    if (!param_hash(request->call, 0, &hash)) return false;
    if (!find_mined(request, &out->place, &where, &hash)) return false;
    if (!out->place.found) {
        out->entry = pool_find(request->eth->backend->pool, &hash);
        return true;
    }
    if (!eth_read_block(request, &out->block, &out->place)) return false;
    ASSERT(where.index < out->block.block.tx_count);
    out->index = where.index;
    return true;
}

static bool get_tx(struct request *request) {
    struct named_tx named;
    if (!find_named(request, &named)) return false;
    const struct pool_entry *entry = named.entry;
    if (named.place.found) {
        eth_put_tx(request, &named.block, named.index);
    } else if (entry != NULL) {
        format_tx(request->call->result, &entry->tx, &entry->hash, &entry->sender, NULL);
    } else {
        json_write_null(request->call->result);
    }
    return true;
}

static bool get_raw_tx(struct request *request) {
    struct named_tx named;
    if (!find_named(request, &named)) return false;
    if (named.place.found) {
        json_write_hex(request->call->result, named.block.block.encoded_txs[named.index]);
    } else if (named.entry != NULL) {
        json_write_hex(request->call->result, named.entry->encoded);
    } else {
        json_write_null(request->call->result);
    }
    return true;
}

static bool get_receipt(struct request *request) {
    struct named_tx named;
    if (!find_named(request, &named)) return false;
    if (!named.place.found) {
        json_write_null(request->call->result);
        return true;
    }
    if (!eth_read_receipts(request, &named.block, &named.place)) return false;
    uint64_t first_log = 0;
    for (size_t i = 0; i < named.index; i++) {
        first_log += named.block.receipts[i].log_count;
    }
    eth_put_receipt(request, &named.block, named.index, first_log);
    return true;
}

/* eth_getTransactionBySenderAndNonce: the pool's, or the one that the chain has. */
static bool get_tx_by_nonce(struct request *request) {
    struct address sender;
    uint64_t nonce;
    if (!param_address(request->call, 0, &sender)) return false;
    if (!param_quantity(request->call, 1, &nonce)) return false;
    const struct pool_entry *entry = pool_find_nonce(request->eth->backend->pool, &sender, nonce);
    if (entry != NULL) {
        format_tx(request->call->result, &entry->tx, &entry->hash, &entry->sender, NULL);
        return true;
    }
    /* The block in which the account's nonce went beyond: found by halving. */
    const struct block_ref latest = {.tag = BLOCK_TAG_LATEST};
    struct eth_place place;
    if (!eth_open(request) || !eth_find(request, &place, &latest)) return false;
    uint64_t low = 0, high = place.number + 1;
    while (low < high) {
        const uint64_t middle = low + (high - low) / 2;
        struct state_reader reader;
        struct account account = {.nonce = 0};
        const struct arena_mark mark = arena_mark(request->call->arena);
        const struct status status =
            store_state(request->view, request->call->arena, &reader, middle);
        if (failed(status)) return eth_fail_status(request, status);
        (void)reader.account(reader.ctx, &sender, &account);
        arena_rewind(request->call->arena, mark);
        if (!eth_state_is_sound(request)) return false;
        if (account.nonce > nonce) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    struct eth_block block;
    if (!eth_find_number(request, &place, low)) return false;
    if (place.found && !eth_read_block(request, &block, &place)) return false;
    for (size_t i = 0; place.found && i < block.block.tx_count; i++) {
        const struct tx *tx = &block.block.txs[i];
        if (tx->nonce != nonce) continue;
        const struct address from = eth_sender(request->call->arena, tx, &block.rules);
        if (!address_equal(&from, &sender)) continue;
        eth_put_tx(request, &block, i);
        return true;
    }
    json_write_null(request->call->result);
    return true;
}

/* ---- Handing in ---- */

bool eth_answer_submitted(
    struct request *request, struct status status, const struct rpc_submitted *submitted
) {
    if (failed(status)) return eth_fail_status(request, status);
    if (submitted->refusal != NULL) {
        return rpc_fail(request->call, RPC_SERVER_ERROR, "%s", submitted->refusal);
    }
    json_write_hash(request->call->result, &submitted->hash);
    return true;
}

static bool send_raw(struct request *request) {
    const struct rpc_backend *backend = request->eth->backend;
    struct bytes raw;
    struct rpc_submitted submitted = {.refusal = NULL};
    if (!param_bytes(request->call, 0, &raw, TX_SIDECAR_SIZE_MAX)) return false;
    const struct status status =
        backend->submit(backend->ctx, request->call->arena, &submitted, raw);
    return eth_answer_submitted(request, status, &submitted);
}

/* Transactions of the pool that come from unlocked accounts. */
static bool pending_txs(struct request *request) {
    const struct rpc_backend *backend = request->eth->backend;
    struct json_writer *out = request->call->result;
    size_t count;
    const struct pool_entry **entries = pool_entries(backend->pool, request->call->arena, &count);
    json_begin_array(out);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < backend->account_count; j++) {
            if (!address_equal(&backend->accounts[j].address, &entries[i]->sender)) continue;
            format_tx(out, &entries[i]->tx, &entries[i]->hash, &entries[i]->sender, NULL);
            break;
        }
    }
    json_end_array(out);
    return true;
}

ETH_WRAP(get_tx)
ETH_WRAP(get_raw_tx)
ETH_WRAP(get_receipt)
ETH_WRAP(get_tx_by_nonce)
ETH_WRAP(send_raw)
ETH_WRAP(pending_txs)

static const struct rpc_method methods[] = {
    {"eth_getTransactionByHash", call_get_tx, 1},
    {"eth_getRawTransactionByHash", call_get_raw_tx, 1},
    {"debug_getRawTransaction", call_get_raw_tx, 1},
    {"eth_getTransactionReceipt", call_get_receipt, 1},
    {"eth_getTransactionBySenderAndNonce", call_get_tx_by_nonce, 2},
    {"eth_sendRawTransaction", call_send_raw, 1},
    {"eth_pendingTransactions", call_pending_txs, 0},
};
const struct rpc_table eth_tx_table = {methods, ARRAY_LEN(methods), NULL};
