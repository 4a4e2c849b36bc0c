/* What the node signs for accounts whose keys it holds, and what it does for impersonated ones. */
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "rpc/eth_args.h"
#include "rpc/format.h"
#include "rpc/typed_data.h"

#include <stdio.h>

#define SIGNED_SIZE_MAX ((size_t)1 << 20) /* bytes of a message to sign */

enum { SIGNATURE_SIZE = 65 };

static const struct rpc_account *find_account(
    const struct rpc_eth *eth, const struct address *address
) {
    for (size_t i = 0; i < eth->backend->account_count; i++) {
        if (address_equal(&eth->backend->accounts[i].address, address)) {
            return &eth->backend->accounts[i];
        }
    }
    return NULL;
}

static bool unknown_account(struct request *request) {
    return rpc_fail(request->call, RPC_SERVER_ERROR, "unknown account");
}

static void sign_hash(
    struct rpc_eth *eth,
    struct ecdsa_signature *out,
    const struct rpc_account *account,
    const struct hash *digest
) {
    struct ecdsa_secret_key key;
    if (!eth->has_signer) {
        ecdsa_signer_init(&eth->signer, NULL); /* these keys are public */
        eth->has_signer = true;
    }
    memcpy(key.bytes, account->key, sizeof key.bytes);
    ASSERT(ecdsa_sign_recoverable(&eth->signer, out, digest, &key) == ECDSA_VALID);
}

/* ---- Messages ---- */

static bool put_signature(
    struct request *request, const struct address *address, const struct hash *digest
) {
    const struct rpc_account *account = find_account(request->eth, address);
    struct ecdsa_signature signature;
    uint8_t text[SIGNATURE_SIZE];
    if (account == NULL) return unknown_account(request);
    sign_hash(request->eth, &signature, account, digest);
    u256_to_be(text, &signature.r);
    u256_to_be(text + 32, &signature.s);
    text[64] = (uint8_t)(27 + signature.recovery_id);
    json_write_hex(request->call->result, BYTES_OF(text));
    return true;
}

/* EIP-191: what wallets sign is never a transaction. */
static bool sign_message(
    struct request *request, const struct address *address, struct bytes message
) {
    char prefix[64];
    struct keccak256 hasher;
    struct hash digest;
    const int len = snprintf(
        prefix, sizeof prefix,
        "\x19"
        "Ethereum Signed Message:\n%zu",
        message.len
    );
    keccak256_init(&hasher);
    keccak256_update(&hasher, bytes_from(prefix, (size_t)len));
    keccak256_update(&hasher, message);
    keccak256_final(&hasher, &digest);
    return put_signature(request, address, &digest);
}

static bool eth_sign(struct request *request) {
    struct address address;
    struct bytes message;
    if (!param_address(request->call, 0, &address)) return false;
    if (!param_bytes(request->call, 1, &message, SIGNED_SIZE_MAX)) return false;
    return sign_message(request, &address, message);
}

static bool personal_sign(struct request *request) {
    struct address address;
    struct bytes message;
    if (!param_bytes(request->call, 0, &message, SIGNED_SIZE_MAX)) return false;
    if (!param_address(request->call, 1, &address)) return false;
    return sign_message(request, &address, message);
}

/* The data is an object, or JSON text that holds one. */
static bool sign_typed_data(struct request *request) {
    static const struct json_limits limits = {
        .size = SIGNED_SIZE_MAX, .depth = 64, .node_count = 100000};
    const struct json *data = json_at(request->call->params, 1);
    struct address address;
    struct hash digest;
    const char *problem;
    if (!param_address(request->call, 0, &address)) return false;
    if (!param_present(request->call, 1)) return param_missing(request->call, 1);
    if (json_kind(data) == JSON_STRING) {
        const struct bytes text = json_text(data);
        const enum json_verdict verdict = json_parse(request->call->arena, &data, text, &limits);
        if (verdict != JSON_VALID) {
            return rpc_fail(
                request->call, RPC_INVALID_PARAMS, "invalid argument 1: %s",
                json_verdict_text(verdict)
            );
        }
    }
    if (!typed_data_hash(request->call->arena, &digest, &problem, data)) {
        return rpc_fail(request->call, RPC_INVALID_PARAMS, "invalid argument 1: %s", problem);
    }
    return put_signature(request, &address, &digest);
}

/* ---- Transactions ---- */

/* geth's defaults: the tip that is suggested, and room for the base fee to double. */
static bool complete_fees(
    struct request *request, struct eth_args *args, const struct header *head
) {
    struct tx *tx = &args->tx;
    struct u256 tip, next = header_next_base_fee(head);
    if (args->has_gas_price) return true;
    if (!args->has_priority_fee) {
        if (!eth_suggest_tip(request, &tip)) return false;
        if (args->has_max_fee && u256_less(&tx->max_fee_per_gas, &tip)) tip = tx->max_fee_per_gas;
        tx->max_priority_fee_per_gas = tip;
    }
    if (!args->has_max_fee) {
        (void)u256_add_wrapping(&next, &next, &next);
        (void)u256_add_wrapping(&tx->max_fee_per_gas, &next, &tx->max_priority_fee_per_gas);
    }
    if (u256_less(&tx->max_fee_per_gas, &tx->max_priority_fee_per_gas)) {
        char fee[80], priority[80];
        (void)u256_to_decimal(fee, &tx->max_fee_per_gas);
        (void)u256_to_decimal(priority, &tx->max_priority_fee_per_gas);
        return rpc_fail(
            request->call, RPC_SERVER_ERROR, "maxFeePerGas (%s) < maxPriorityFeePerGas (%s)", fee,
            priority
        );
    }
    return true;
}

/* Fills in what a transaction needs and was not given: nonce, fees, gas. */
static bool complete(struct request *request, struct eth_args *args) {
    const struct block_ref latest = {.tag = BLOCK_TAG_LATEST};
    struct eth_run run;
    if (!args->has_from) {
        return rpc_fail(request->call, RPC_SERVER_ERROR, "unknown account");
    }
    if (args->tx.is_create && args->tx.data.len == 0) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR, "contract creation without any data provided"
        );
    }
    if (!eth_run_open(request, &run, &latest, SIZE_MAX, SIZE_MAX)) return false;
    if (!args->has_nonce) {
        args->tx.nonce = pool_next_nonce(
            request->eth->backend->pool, &args->from, state_nonce(&run.state, &args->from)
        );
    }
    if (!complete_fees(request, args, &run.header)) return false;
    if (args->has_gas) return true;
    struct eth_args probe = *args;
    probe.has_gas = false;
    return eth_estimate(request, &run, &probe, &args->tx.gas_limit);
}

static bool sign_tx(struct request *request, struct tx *tx, const struct address *from) {
    const struct rpc_account *account = find_account(request->eth, from);
    struct hash digest;
    struct ecdsa_signature signature;
    if (account == NULL) return unknown_account(request);
    tx_signing_hash(request->call->arena, &digest, tx);
    sign_hash(request->eth, &signature, account, &digest);
    tx->r = signature.r;
    tx->s = signature.s;
    tx->y_parity = signature.recovery_id & 1;
    return true;
}

/* What would be signed: the consensus form without signature; a legacy one ends in chain id, 0, 0. */
static struct bytes signing_form(struct arena *arena, const struct tx *tx) {
    enum { SIGNATURE_ITEMS = 3, ITEMS_MAX = 32 };
    const struct bytes whole = tx_encode(arena, tx);
    const bool typed = tx->type != TX_TYPE_LEGACY;
    struct rlp_reader reader = rlp_read(typed ? bytes_slice(whole, 1, whole.len - 1) : whole);
    struct bytes items[ITEMS_MAX];
    size_t count = 0;
    const struct rlp_list list = rlp_enter(&reader);
    while (rlp_more(&reader)) {
        ASSERT(count < ITEMS_MAX);
        items[count++] = rlp_read_item(&reader).whole;
    }
    rlp_leave(&reader, list);
    ASSERT(rlp_finish(&reader) == RLP_VALID && count > SIGNATURE_ITEMS);

    struct rlp_writer writer = rlp_writer_in(arena, whole.len + 64);
    if (typed) rlp_write_raw(&writer, bytes_slice(whole, 0, 1));
    const size_t start = rlp_list_begin(&writer);
    for (size_t i = 0; i + SIGNATURE_ITEMS < count; i++) {
        rlp_write_raw(&writer, items[i]);
    }
    if (!typed) {
        rlp_write_u64(&writer, tx->chain_id);
        rlp_write_u64(&writer, 0);
        rlp_write_u64(&writer, 0);
    }
    rlp_list_end(&writer, start);
    return rlp_written(&writer);
}

static bool send_tx(struct request *request) {
    const struct rpc_backend *backend = request->eth->backend;
    struct eth_args args;
    struct rpc_submitted submitted = {.refusal = NULL};
    struct status status;
    if (!eth_read_args(request, 0, &args)) return false;
    const bool unlocked = args.has_from && find_account(request->eth, &args.from) != NULL;
    const bool impersonated = args.has_from && !unlocked && backend->is_impersonated != NULL &&
        backend->is_impersonated(backend->ctx, &args.from);
    if (!unlocked && !impersonated) return unknown_account(request);
    if (!complete(request, &args)) return false;
    if (impersonated) {
        const struct bytes form = signing_form(request->call->arena, &args.tx);
        eth_close(request);
        status =
            backend->submit_as(backend->ctx, request->call->arena, &submitted, &args.from, form);
        return eth_answer_submitted(request, status, &submitted);
    }
    if (!sign_tx(request, &args.tx, &args.from)) return false;
    const struct bytes raw = tx_encode(request->call->arena, &args.tx);
    eth_close(request);
    status = backend->submit(backend->ctx, request->call->arena, &submitted, raw);
    return eth_answer_submitted(request, status, &submitted);
}

/* {raw, tx}, as eth_signTransaction and eth_fillTransaction answer. */
static bool put_filled(struct request *request, const struct eth_args *args) {
    struct json_writer *out = request->call->result;
    struct hash hash;
    const struct bytes raw = tx_encode(request->call->arena, &args->tx);
    tx_hash_of(&hash, raw);
    json_begin_object(out);
    json_name(out, "raw");
    json_write_hex(out, raw);
    json_name(out, "tx");
    format_tx(out, &args->tx, &hash, &args->from, NULL);
    json_end_object(out);
    return true;
}

static bool sign_transaction(struct request *request) {
    struct eth_args args;
    if (!eth_read_args(request, 0, &args) || !complete(request, &args)) return false;
    return sign_tx(request, &args.tx, &args.from) && put_filled(request, &args);
}

static bool fill_transaction(struct request *request) {
    struct eth_args args;
    if (!eth_read_args(request, 0, &args) || !complete(request, &args)) return false;
    return put_filled(request, &args);
}

ETH_WRAP(eth_sign)
ETH_WRAP(personal_sign)
ETH_WRAP(sign_typed_data)
ETH_WRAP(send_tx)
ETH_WRAP(sign_transaction)
ETH_WRAP(fill_transaction)

static const struct rpc_method methods[] = {
    {"eth_sign", call_eth_sign, 2},
    {"personal_sign", call_personal_sign, 3},
    {"eth_signTypedData_v4", call_sign_typed_data, 2},
    {"eth_signTypedData", call_sign_typed_data, 2},
    {"eth_sendTransaction", call_send_tx, 1},
    {"eth_signTransaction", call_sign_transaction, 1},
    {"eth_fillTransaction", call_fill_transaction, 1},
};
const struct rpc_table eth_sign_table = {methods, ARRAY_LEN(methods), NULL};
