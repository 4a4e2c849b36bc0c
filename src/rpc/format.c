#include "rpc/format.h"

#include "evm/evm.h"

/* ---- Members ---- */

static void put_hash(struct json_writer *out, const char *name, const struct hash *hash) {
    json_name(out, name);
    if (hash == NULL) {
        json_write_null(out);
    } else {
        json_write_hash(out, hash);
    }
}

static void put_address(struct json_writer *out, const char *name, const struct address *address) {
    json_name(out, name);
    if (address == NULL) {
        json_write_null(out);
    } else {
        json_write_address(out, address);
    }
}

static void put_quantity(struct json_writer *out, const char *name, uint64_t value) {
    json_name(out, name);
    json_write_quantity(out, value);
}

static void put_u256(struct json_writer *out, const char *name, const struct u256 *value) {
    json_name(out, name);
    json_write_quantity_u256(out, value);
}

static void put_bytes(struct json_writer *out, const char *name, struct bytes data) {
    json_name(out, name);
    json_write_hex(out, data);
}

static void put_null(struct json_writer *out, const char *name) {
    json_name(out, name);
    json_write_null(out);
}

/* ---- Blocks ---- */

void format_header(
    struct json_writer *out, const struct header *header, const struct hash *hash, bool is_pending
) {
    put_quantity(out, "number", header->number);
    put_hash(out, "hash", is_pending ? NULL : hash);
    put_hash(out, "parentHash", &header->parent_hash);
    if (is_pending) {
        put_null(out, "nonce");
    } else {
        put_bytes(out, "nonce", BYTES_OF(header->nonce));
    }
    put_hash(out, "mixHash", &header->prev_randao);
    put_hash(out, "sha3Uncles", &header->ommers_hash);
    put_bytes(out, "logsBloom", BYTES_OF(header->logs_bloom));
    put_hash(out, "stateRoot", &header->state_root);
    put_address(out, "miner", is_pending ? NULL : &header->fee_recipient);
    put_u256(out, "difficulty", &header->difficulty);
    put_bytes(out, "extraData", bytes_from(header->extra_data, header->extra_data_size));
    put_quantity(out, "gasLimit", header->gas_limit);
    put_quantity(out, "gasUsed", header->gas_used);
    put_quantity(out, "timestamp", header->timestamp);
    put_hash(out, "transactionsRoot", &header->transactions_root);
    put_hash(out, "receiptsRoot", &header->receipts_root);
    if (header->form >= HEADER_FORM_LONDON) {
        put_u256(out, "baseFeePerGas", &header->base_fee_per_gas);
    }
    if (header->form >= HEADER_FORM_SHANGHAI) {
        put_hash(out, "withdrawalsRoot", &header->withdrawals_root);
    }
    if (header->form >= HEADER_FORM_CANCUN) {
        put_quantity(out, "blobGasUsed", header->blob_gas_used);
        put_quantity(out, "excessBlobGas", header->excess_blob_gas);
        put_hash(out, "parentBeaconBlockRoot", &header->parent_beacon_root);
    }
    if (header->form >= HEADER_FORM_PRAGUE) {
        put_hash(out, "requestsHash", &header->requests_hash);
    }
}

void format_withdrawals(
    struct json_writer *out, const struct withdrawal *withdrawals, size_t count
) {
    json_begin_array(out);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(out);
        put_quantity(out, "index", withdrawals[i].index);
        put_quantity(out, "validatorIndex", withdrawals[i].validator_index);
        put_address(out, "address", &withdrawals[i].address);
        put_quantity(out, "amount", withdrawals[i].amount_gwei);
        json_end_object(out);
    }
    json_end_array(out);
}

/* ---- Transactions ---- */

void format_access_list(
    struct json_writer *out, const struct tx_access *access_list, size_t count
) {
    json_begin_array(out);
    for (size_t i = 0; i < count; i++) {
        json_begin_object(out);
        put_address(out, "address", &access_list[i].address);
        json_name(out, "storageKeys");
        json_begin_array(out);
        for (size_t j = 0; j < access_list[i].key_count; j++) {
            json_write_hash(out, &access_list[i].keys[j]);
        }
        json_end_array(out);
        json_end_object(out);
    }
    json_end_array(out);
}

static void put_authorizations(struct json_writer *out, const struct tx *tx) {
    json_name(out, "authorizationList");
    json_begin_array(out);
    for (size_t i = 0; i < tx->authorization_count; i++) {
        const struct tx_authorization *authorization = &tx->authorizations[i];
        json_begin_object(out);
        put_u256(out, "chainId", &authorization->chain_id);
        put_address(out, "address", &authorization->address);
        put_quantity(out, "nonce", authorization->nonce);
        put_quantity(out, "yParity", authorization->y_parity);
        put_u256(out, "r", &authorization->r);
        put_u256(out, "s", &authorization->s);
        json_end_object(out);
    }
    json_end_array(out);
}

/* v of a legacy transaction: EIP-155, or 27 and 28; 0 of one that nobody signed. */
static struct u256 legacy_v(const struct tx *tx) {
    if (u256_is_zero(&tx->r) && u256_is_zero(&tx->s)) return U256_ZERO;
    struct u256 v = u256_from_u64(tx->is_protected ? 35u + tx->y_parity : 27u + tx->y_parity);
    const struct u256 chain_id = u256_from_u64(tx->is_protected ? tx->chain_id : 0);
    (void)u256_add_wrapping(&v, &v, &chain_id);
    (void)u256_add_wrapping(&v, &v, &chain_id);
    return v;
}

static void put_fees(
    struct json_writer *out, const struct tx *tx, const struct format_place *place
) {
    if (tx->type < TX_TYPE_DYNAMIC_FEE) {
        put_u256(out, "gasPrice", &tx->max_fee_per_gas);
        return;
    }
    const struct u256 price =
        place == NULL ? tx->max_fee_per_gas : tx_effective_gas_price(tx, &place->base_fee);
    put_u256(out, "gasPrice", &price);
    put_u256(out, "maxFeePerGas", &tx->max_fee_per_gas);
    put_u256(out, "maxPriorityFeePerGas", &tx->max_priority_fee_per_gas);
    if (tx->type == TX_TYPE_BLOB) put_u256(out, "maxFeePerBlobGas", &tx->max_fee_per_blob_gas);
}

static void put_signature(struct json_writer *out, const struct tx *tx) {
    const struct u256 v = tx->type == TX_TYPE_LEGACY ? legacy_v(tx) : u256_from_u64(tx->y_parity);
    put_u256(out, "v", &v);
    put_u256(out, "r", &tx->r);
    put_u256(out, "s", &tx->s);
    if (tx->type != TX_TYPE_LEGACY) put_quantity(out, "yParity", tx->y_parity);
}

static void put_place(struct json_writer *out, const struct format_place *place) {
    if (place == NULL) {
        put_null(out, "blockHash");
        put_null(out, "blockNumber");
        put_null(out, "blockTimestamp");
        put_null(out, "transactionIndex");
        return;
    }
    put_hash(out, "blockHash", place->block_hash);
    put_quantity(out, "blockNumber", place->block_number);
    put_quantity(out, "blockTimestamp", place->timestamp);
    put_quantity(out, "transactionIndex", place->tx_index);
}

void format_tx(
    struct json_writer *out,
    const struct tx *tx,
    const struct hash *hash,
    const struct address *from,
    const struct format_place *place
) {
    json_begin_object(out);
    put_place(out, place);
    put_address(out, "from", from);
    put_quantity(out, "gas", tx->gas_limit);
    put_fees(out, tx, place);
    put_hash(out, "hash", hash);
    put_bytes(out, "input", tx->data);
    put_quantity(out, "nonce", tx->nonce);
    put_address(out, "to", tx->is_create ? NULL : &tx->to);
    put_u256(out, "value", &tx->value);
    put_quantity(out, "type", (uint64_t)tx->type);
    if (tx->type != TX_TYPE_LEGACY) {
        json_name(out, "accessList");
        format_access_list(out, tx->access_list, tx->access_list_count);
    }
    if (tx->is_protected) put_quantity(out, "chainId", tx->chain_id);
    if (tx->type == TX_TYPE_BLOB) {
        json_name(out, "blobVersionedHashes");
        json_begin_array(out);
        for (size_t i = 0; i < tx->blob_hash_count; i++) {
            json_write_hash(out, &tx->blob_hashes[i]);
        }
        json_end_array(out);
    }
    if (tx->type == TX_TYPE_SET_CODE) put_authorizations(out, tx);
    put_signature(out, tx);
    json_end_object(out);
}

/* ---- Logs and receipts ---- */

void format_log(
    struct json_writer *out,
    const struct state_log *log,
    const struct format_place *place,
    const struct hash *tx_hash,
    uint64_t log_index
) {
    json_begin_object(out);
    put_address(out, "address", &log->address);
    json_name(out, "topics");
    json_begin_array(out);
    for (uint32_t i = 0; i < log->topic_count; i++) {
        json_write_hash(out, &log->topics[i]);
    }
    json_end_array(out);
    put_bytes(out, "data", log->data);
    put_quantity(out, "blockNumber", place->block_number);
    put_hash(out, "transactionHash", tx_hash);
    put_quantity(out, "transactionIndex", place->tx_index);
    put_hash(out, "blockHash", place->block_hash);
    put_quantity(out, "blockTimestamp", place->timestamp);
    put_quantity(out, "logIndex", log_index);
    json_name(out, "removed");
    json_write_bool(out, place->is_removed);
    json_end_object(out);
}

void format_receipt(
    struct json_writer *out,
    const struct receipt *receipt,
    const struct format_receipt *about,
    const struct format_place *place
) {
    const struct tx *tx = about->tx;
    json_begin_object(out);
    put_hash(out, "blockHash", place->block_hash);
    put_quantity(out, "blockNumber", place->block_number);
    put_hash(out, "transactionHash", &about->tx_hash);
    put_quantity(out, "transactionIndex", place->tx_index);
    put_address(out, "from", &about->from);
    put_address(out, "to", tx->is_create ? NULL : &tx->to);
    put_quantity(out, "gasUsed", about->gas_used);
    put_quantity(out, "cumulativeGasUsed", receipt->cumulative_gas_used);
    const struct address created = evm_create_address(&about->from, tx->nonce);
    put_address(out, "contractAddress", tx->is_create ? &created : NULL);
    json_name(out, "logs");
    json_begin_array(out);
    for (size_t i = 0; i < receipt->log_count; i++) {
        format_log(out, &receipt->logs[i], place, &about->tx_hash, about->first_log + i);
    }
    json_end_array(out);
    put_bytes(out, "logsBloom", BYTES_OF(receipt->bloom));
    put_quantity(out, "type", (uint64_t)tx->type);
    const struct u256 price = tx_effective_gas_price(tx, &place->base_fee);
    put_u256(out, "effectiveGasPrice", &price);
    if (tx->type == TX_TYPE_BLOB) {
        put_quantity(out, "blobGasUsed", tx_blob_gas(tx));
        put_u256(out, "blobGasPrice", &about->blob_base_fee);
    }
    if (receipt->has_status) {
        put_quantity(out, "status", receipt->succeeded);
    } else {
        put_hash(out, "root", &receipt->post_state_root);
    }
    json_end_object(out);
}
