#include "cmd/t8n_result.h"

#include "codec/hex.h"
#include "codec/rlp.h"

static const struct hash no_hash;
static const struct address no_address;

static void name_hash(struct json_writer *writer, const char *name, const struct hash *hash) {
    json_name(writer, name);
    json_write_hash(writer, hash);
}

static void name_quantity(struct json_writer *writer, const char *name, uint64_t value) {
    json_name(writer, name);
    json_write_quantity(writer, value);
}

static void write_log(
    struct json_writer *writer,
    const struct t8n_result *result,
    const struct state_log *log,
    size_t tx_index,
    size_t log_index
) {
    json_begin_object(writer);
    json_name(writer, "address");
    json_write_address(writer, &log->address);
    json_name(writer, "topics");
    json_begin_array(writer);
    for (size_t i = 0; i < log->topic_count; i++) {
        json_write_hash(writer, &log->topics[i]);
    }
    json_end_array(writer);
    json_name(writer, "data");
    json_write_hex(writer, log->data);
    name_quantity(writer, "blockNumber", result->env->header.number);
    name_hash(writer, "transactionHash", &result->included[tx_index].hash);
    name_quantity(writer, "transactionIndex", tx_index);
    name_hash(writer, "blockHash", &no_hash);
    name_quantity(writer, "logIndex", log_index);
    json_name(writer, "removed");
    json_write_bool(writer, false);
    json_end_object(writer);
}

/* log_index: of its first log in the block. */
static void write_receipt(
    struct json_writer *writer, const struct t8n_result *result, size_t index, size_t log_index
) {
    const struct receipt *const receipt = &result->run->receipts[index];
    const struct t8n_included *const included = &result->included[index];
    json_begin_object(writer);
    if (receipt->type != TX_TYPE_LEGACY) name_quantity(writer, "type", receipt->type);
    json_name(writer, "root");
    if (receipt->has_status) {
        json_write_cstring(writer, "0x");
    } else {
        json_write_hash(writer, &receipt->post_state_root);
    }
    name_quantity(writer, "status", receipt->has_status && receipt->succeeded);
    name_quantity(writer, "cumulativeGasUsed", receipt->cumulative_gas_used);
    json_name(writer, "logsBloom");
    json_write_hex(writer, BYTES_OF(receipt->bloom.bytes));
    json_name(writer, "logs");
    if (receipt->log_count == 0) {
        json_write_null(writer);
    } else {
        json_begin_array(writer);
        for (size_t i = 0; i < receipt->log_count; i++) {
            write_log(writer, result, &receipt->logs[i], index, log_index + i);
        }
        json_end_array(writer);
    }
    name_hash(writer, "transactionHash", &included->hash);
    json_name(writer, "contractAddress");
    json_write_address(writer, included->is_create ? &included->created : &no_address);
    name_quantity(writer, "gasUsed", included->gas_used);
    name_hash(writer, "blockHash", &no_hash);
    name_quantity(writer, "transactionIndex", index);
    json_end_object(writer);
}

static void write_receipts(struct json_writer *writer, const struct t8n_result *result) {
    size_t log_index = 0;
    json_name(writer, "receipts");
    json_begin_array(writer);
    for (size_t i = 0; i < result->run->receipt_count; i++) {
        write_receipt(writer, result, i, log_index);
        log_index += result->run->receipts[i].log_count;
    }
    json_end_array(writer);
}

static void write_rejected(struct json_writer *writer, const struct t8n_result *result) {
    if (result->rejected_count == 0) return;
    json_name(writer, "rejected");
    json_begin_array(writer);
    for (size_t i = 0; i < result->rejected_count; i++) {
        json_begin_object(writer);
        json_name(writer, "index");
        json_write_number(writer, result->rejected[i].index);
        json_name(writer, "error");
        json_write_string(writer, result->rejected[i].reason);
        json_end_object(writer);
    }
    json_end_array(writer);
}

static void write_roots(
    struct arena *arena, struct json_writer *writer, const struct t8n_result *result
) {
    const struct block_run *const run = result->run;
    struct bytes *const encoded = ARENA_ARRAY(arena, struct bytes, run->receipt_count);
    size_t log_count = 0;
    for (size_t i = 0; i < run->receipt_count; i++) {
        encoded[i] = result->included[i].encoded;
        log_count += run->receipts[i].log_count;
    }
    struct state_log *const logs = ARENA_ARRAY(arena, struct state_log, log_count);
    log_count = 0;
    for (size_t i = 0; i < run->receipt_count; i++) {
        for (size_t j = 0; j < run->receipts[i].log_count; j++) {
            logs[log_count++] = run->receipts[i].logs[j];
        }
    }
    struct hash hash;
    name_hash(writer, "stateRoot", &result->state_root);
    block_transactions_root(arena, &hash, encoded, run->receipt_count);
    name_hash(writer, "txRoot", &hash);
    receipts_root(arena, &hash, run->receipts, run->receipt_count);
    name_hash(writer, "receiptsRoot", &hash);
    receipt_logs_hash(arena, &hash, logs, log_count);
    name_hash(writer, "logsHash", &hash);
    json_name(writer, "logsBloom");
    json_write_hex(writer, BYTES_OF(run->logs_bloom.bytes));
}

static void write_requests(struct json_writer *writer, const struct block_run *run) {
    struct hash hash;
    block_requests_hash(&hash, run->requests, run->request_count);
    name_hash(writer, "requestsHash", &hash);
    json_name(writer, "requests");
    json_begin_array(writer);
    for (size_t i = 0; i < run->request_count; i++) {
        json_write_hex(writer, run->requests[i]);
    }
    json_end_array(writer);
}

void t8n_write_result(
    struct arena *arena, struct json_writer *writer, const struct t8n_result *result
) {
    const struct t8n_env *const env = result->env;
    const struct block_run *const run = result->run;
    struct hash hash;
    json_begin_object(writer);
    write_roots(arena, writer, result);
    write_receipts(writer, result);
    write_rejected(writer, result);
    json_name(writer, "currentDifficulty");
    if (!u256_is_zero(&env->header.difficulty)) {
        json_write_quantity_u256(writer, &env->header.difficulty);
    } else {
        json_write_null(writer);
    }
    name_quantity(writer, "gasUsed", run->gas_used);
    if (run->rules.row->header_form >= HEADER_FORM_LONDON) {
        json_name(writer, "currentBaseFee");
        json_write_quantity_u256(writer, &env->header.base_fee_per_gas);
    }
    if (run->rules.row->withdrawals) {
        block_withdrawals_root(arena, &hash, env->withdrawals, env->withdrawal_count);
        name_hash(writer, "withdrawalsRoot", &hash);
    }
    if (env->has_excess_blob_gas) {
        name_quantity(writer, "currentExcessBlobGas", env->header.excess_blob_gas);
        name_quantity(writer, "blobGasUsed", run->blob_gas_used);
    }
    if (run->rules.row->requests) write_requests(writer, run);
    json_end_object(writer);
}

static void write_storage(struct json_writer *writer, const struct prestate_account *account) {
    json_begin_object(writer);
    for (size_t i = 0; i < account->slot_count; i++) {
        uint8_t word[32];
        char key[67] = "0x";
        u256_to_be(word, &account->slots[i].key);
        key[2 + hex_encode_bare(key + 2, BYTES_OF(word))] = '\0';
        json_name(writer, key);
        u256_to_be(word, &account->slots[i].value);
        json_write_hex(writer, BYTES_OF(word));
    }
    json_end_object(writer);
}

void t8n_write_alloc(struct json_writer *writer, const struct prestate *state) {
    json_begin_object(writer);
    for (size_t i = 0; i < state->count; i++) {
        const struct prestate_account *const account = &state->accounts[i];
        char key[43];
        key[hex_encode(key, BYTES_OF(account->address.bytes))] = '\0';
        json_name(writer, key);
        json_begin_object(writer);
        if (account->code.len != 0) {
            json_name(writer, "code");
            json_write_hex(writer, account->code);
        }
        if (account->slot_count != 0) {
            json_name(writer, "storage");
            write_storage(writer, account);
        }
        json_name(writer, "balance");
        json_write_quantity_u256(writer, &account->account.balance);
        if (account->account.nonce != 0) name_quantity(writer, "nonce", account->account.nonce);
        json_end_object(writer);
    }
    json_end_object(writer);
}

/* The transactions as they stand in a block's body: those with a type are strings in the list. */
void t8n_write_body(
    struct arena *arena, struct json_writer *writer, const struct t8n_result *result
) {
    struct rlp_writer rlp = rlp_writer_in(arena, 1 << 12);
    const size_t list = rlp_list_begin(&rlp);
    for (size_t i = 0; i < result->run->receipt_count; i++) {
        const struct bytes encoded = result->included[i].encoded;
        if (encoded.data[0] >= 0xc0) {
            rlp_write_raw(&rlp, encoded);
        } else {
            rlp_write_bytes(&rlp, encoded);
        }
    }
    rlp_list_end(&rlp, list);
    json_write_hex(writer, rlp_written(&rlp));
}
