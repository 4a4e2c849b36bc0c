#include "cmd/job_client.h"

#include "chain/tx.h"
#include "codec/abi.h"
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "job/job_log.h"
#include "job/predeploys.h"
#include "service/mnemonic.h"
#include "world/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { POLL_MS = 2, PARAMS_MAX = 1 << 20 };

bool job_client_fail(struct job_client *client, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)vsnprintf(client->error, sizeof client->error, format, args);
    va_end(args);
    return false;
}

void job_client_selector(uint8_t out[4], const char *signature) {
    struct hash digest;
    keccak256(&digest, bytes_from(signature, strlen(signature)));
    memcpy(out, digest.bytes, 4);
}

static const char *hex(struct job_client *client, struct bytes data) {
    char *text = ARENA_ARRAY(client->arena, char, HEX_TEXT_SIZE(data.len) + 1);
    (void)hex_encode(text, data);
    return text;
}

/* ---- errors of contracts ---- */

/* Errors that users meet, with what to do about them. */
static const struct {
    const char *signature, *advice;
} known_errors[] = {
    {"UnknownProgram(bytes32)", "the program is not registered on this chain"},
    {"FeeTooLow(uint256)", "send at least so many wei with the request"},
    {"InputTooLong(uint256)", "the input may have at most so many bytes"},
    {"CyclesOutOfRange(uint64)", "--max-cycles is 1 to so many"},
    {"DeadlineOutOfRange(uint64)", "the earliest deadline is this block"},
    {"CallbackGasOutOfRange(uint64)", "--callback-gas is at most so much"},
    {"BacklogFull(uint64)", "the queue is full; it would be run in this block: try again later"},
    {"NotConsumer(address)", "only the consumer may do that"},
    {"NotPending(bytes32,uint8)", "the job has ended, or never was"},
    {"NotEntitled(address)", "this key may not post results in this block"},
    {"ResultTooEarly(uint64)", "the job is ready at this block"},
    {"ResultTooLate(uint64)", "the deadline was this block"},
    {"ResultMismatch(bytes32)", "the result is not for what was asked"},
    {"NotExpired(uint64)", "the deadline is this block"},
    {"CallbackGasTooLow(uint256)", "the transaction needs so much gas left"},
    {"NothingToRetry(bytes32)", "no callback of this job has failed"},
    {"NotJobManager(address)", "only JobManager calls back"},
    {"WrongRoot(bytes32)", "the contract's state has this root"},
};

/* The revert in words; answers false where it is none that is known. */
static bool explain(struct job_client *client, struct bytes revert) {
    const struct abi_revert read = abi_read_revert(revert);
    if (read.kind == ABI_REVERT_ERROR) {
        return job_client_fail(
            client, "reverted: %.*s", (int)(read.reason.len < 300 ? read.reason.len : 300),
            (const char *)read.reason.data
        );
    }
    for (size_t i = 0; revert.len >= 4 && i < ARRAY_LEN(known_errors); i++) {
        uint8_t selector[4];
        job_client_selector(selector, known_errors[i].signature);
        if (memcmp(selector, revert.data, 4) != 0) continue;
        const int name = (int)strcspn(known_errors[i].signature, "(");
        char text[80] = "";
        if (revert.len >= 36) {
            const struct u256 word = u256_from_be(revert.data + 4);
            if (u256_fits_u64(&word) || word.limb[3] == 0) (void)u256_to_decimal(text, &word);
        }
        return job_client_fail(
            client, "%.*s(%s): %s", name, known_errors[i].signature,
            text[0] != '\0' ? text : hex(client, bytes_slice(revert, 4, revert.len - 4)),
            known_errors[i].advice
        );
    }
    return false;
}

__attribute__((format(printf, 4, 5))) static bool call(
    struct job_client *client,
    const struct json **result,
    const char *method,
    const char *format,
    ...
) {
    char *params = arena_alloc_raw(client->arena, PARAMS_MAX, 1);
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(params, PARAMS_MAX, format, args);
    va_end(args);
    if (len < 0 || len >= PARAMS_MAX) {
        return job_client_fail(client, "%s: the request is too long", method);
    }
    if (rpc_client_call(&client->rpc, client->arena, result, method, params)) return true;
    if (client->rpc.revert.len > 0) {
        (void)explain(client, client->rpc.revert);
        if (client->error[0] != '\0') return false;
    }
    return job_client_fail(client, "%s", client->rpc.error);
}

static bool read_u64(
    struct job_client *client, uint64_t *out, const struct json *value, const char *what
) {
    return json_read_u64(value, out) || job_client_fail(client, "the node's %s is no number", what);
}

/* ---- opening ---- */

bool job_client_open(
    struct job_client *client,
    struct arena *arena,
    const char *url,
    const struct ecdsa_secret_key *key
) {
    struct ecdsa_public_key public;
    const struct json *result;
    *client = (struct job_client){.arena = arena};
    ecdsa_signer_init(&client->signer, NULL);
    if (key != NULL) {
        client->key = *key;
    } else {
        client->key = mnemonic_test_accounts[0].key;
    }
    if (ecdsa_public_key_of(&client->signer, &public, &client->key) != ECDSA_VALID) {
        return job_client_fail(client, "--key is no secret key of the curve");
    }
    client->sender = ecdsa_address(&public);
    if (!rpc_client_open(&client->rpc, url)) {
        return job_client_fail(client, "%s", client->rpc.error);
    }
    return call(client, &result, "eth_chainId", "[]") &&
        read_u64(client, &client->chain_id, result, "chain id");
}

void job_client_close(struct job_client *client) {
    rpc_client_close(&client->rpc);
    explicit_bzero(&client->key, sizeof client->key);
}

/* ---- transactions ---- */

static bool prepare(struct job_client *client, struct tx *tx) {
    const struct json *result;
    struct u256 price, value_fee;
    const struct json *tip;
    if (!call(
            client, &result, "eth_getTransactionCount", "[\"%s\",\"pending\"]",
            hex(client, BYTES_OF(client->sender))
        ) ||
        !read_u64(client, &tx->nonce, result, "nonce") ||
        !call(client, &result, "eth_gasPrice", "[]") || !json_read_u256(result, &price) ||
        !call(client, &tip, "eth_maxPriorityFeePerGas", "[]") ||
        !json_read_u256(tip, &tx->max_priority_fee_per_gas)) {
        return client->error[0] != '\0'
            ? false
            : job_client_fail(client, "the node's gas price is no number");
    }
    u256_shl(&value_fee, &price, 1);
    tx->max_fee_per_gas = value_fee;
    char value[72];
    uint8_t word[32];
    u256_to_be(word, &tx->value);
    (void)snprintf(value, sizeof value, "%s", hex(client, BYTES_OF(word)));
    const char *digits = value + 2;
    while (*digits == '0' && digits[1] != '\0') {
        digits++;
    }
    if (!call(
            client, &result, "eth_estimateGas",
            "[{\"from\":\"%s\",%s%s%s\"value\":\"0x%s\",\"data\":\"%s\"}]",
            hex(client, BYTES_OF(client->sender)), tx->is_create ? "" : "\"to\":\"",
            tx->is_create ? "" : hex(client, BYTES_OF(tx->to)), tx->is_create ? "" : "\",", digits,
            hex(client, tx->data)
        ) ||
        !read_u64(client, &tx->gas_limit, result, "gas estimate")) {
        return false;
    }
    tx->gas_limit += tx->gas_limit / 4; /* the state may move before it runs */
    return true;
}

static bool sign(struct job_client *client, struct tx *tx) {
    struct hash digest;
    struct ecdsa_signature signature;
    tx_signing_hash(client->arena, &digest, tx);
    if (ecdsa_sign_recoverable(&client->signer, &signature, &digest, &client->key) != ECDSA_VALID) {
        return job_client_fail(client, "cannot sign with this key");
    }
    tx->y_parity = signature.recovery_id;
    tx->r = signature.r;
    tx->s = signature.s;
    return true;
}

static void pause_ms(long ms) {
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

static bool fill_receipt(
    struct job_client *client, struct job_client_receipt *out, const struct json *receipt
) {
    uint64_t status;
    struct u256 price, gas;
    if (!read_u64(client, &out->block, json_get(receipt, "blockNumber"), "block number") ||
        !read_u64(client, &out->gas_used, json_get(receipt, "gasUsed"), "gas used") ||
        !read_u64(client, &status, json_get(receipt, "status"), "status")) {
        return false;
    }
    out->succeeded = status == 1;
    out->logs = json_get(receipt, "logs");
    (void)!json_read_address(json_get(receipt, "contractAddress"), &out->contract);
    if (!json_read_u256(json_get(receipt, "effectiveGasPrice"), &price)) price = U256_ZERO;
    gas = u256_from_u64(out->gas_used);
    u256_mul_wrapping(&out->fee, &price, &gas);
    return true;
}

bool job_client_receipt_of(
    struct job_client *client, struct job_client_receipt *out, const struct hash *transaction
) {
    const struct json *result;
    *out = (struct job_client_receipt){.hash = *transaction};
    for (uint64_t waited = 0; waited < JOB_CLIENT_WAIT_MS; waited += POLL_MS) {
        if (!call(
                client, &result, "eth_getTransactionReceipt", "[\"%s\"]",
                hex(client, BYTES_OF(*transaction))
            )) {
            return false;
        }
        if (json_kind(result) == JSON_OBJECT) return fill_receipt(client, out, result);
        pause_ms(POLL_MS);
    }
    return job_client_fail(client, "no receipt within %d s", JOB_CLIENT_WAIT_MS / 1000);
}

bool job_client_send(
    struct job_client *client,
    struct job_client_receipt *receipt,
    const struct address *to,
    const struct u256 *value,
    struct bytes data
) {
    const struct json *result;
    struct hash hash;
    struct tx tx = {
        .type = TX_TYPE_DYNAMIC_FEE,
        .is_protected = true,
        .is_create = to == NULL,
        .chain_id = client->chain_id,
        .value = *value,
        .data = data,
    };
    if (to != NULL) tx.to = *to;
    if (!prepare(client, &tx) || !sign(client, &tx)) return false;
    const uint64_t start = clock_monotonic_us(&real_clock);
    const struct bytes raw = tx_encode(client->arena, &tx);
    if (!call(client, &result, "eth_sendRawTransaction", "[\"%s\"]", hex(client, raw))) {
        return false;
    }
    if (!json_read_hash(result, &hash)) {
        return job_client_fail(client, "the node's hash is no hash");
    }
    if (!job_client_receipt_of(client, receipt, &hash)) return false;
    receipt->time_us = clock_monotonic_us(&real_clock) - start;
    return receipt->succeeded ||
        job_client_fail(client, "transaction %s reverted", hex(client, BYTES_OF(hash)));
}

/* ---- reading ---- */

bool job_client_read(
    struct job_client *client,
    struct u256 *out,
    const struct address *to,
    struct bytes data,
    uint64_t block
) {
    const struct json *result;
    struct bytes answer;
    char tag[24] = "latest";
    if (block != JOB_CLIENT_LATEST) {
        (void)snprintf(tag, sizeof tag, "0x%llx", (unsigned long long)block);
    }
    if (!call(
            client, &result, "eth_call", "[{\"to\":\"%s\",\"data\":\"%s\"},\"%s\"]",
            hex(client, BYTES_OF(*to)), hex(client, data), tag
        )) {
        return false;
    }
    if (!json_read_bytes(client->arena, result, &answer, 1 << 16) || answer.len != ABI_WORD) {
        return job_client_fail(
            client, "a contract's answer is not one word: is this an Infinity chain?"
        );
    }
    *out = u256_from_be(answer.data);
    return true;
}

bool job_client_quote(
    struct job_client *client,
    struct u256 *fee,
    const struct hash *program_id,
    size_t input_len,
    const struct job_limits *limits
) {
    uint8_t selector[ABI_SELECTOR_SIZE];
    struct abi_writer writer = abi_writer_in(client->arena, 256);
    job_client_selector(selector, "quote(bytes32,uint256,(uint64,uint64,uint64))");
    abi_write_selector(&writer, selector);
    struct abi_tuple tuple = abi_begin(&writer, 5);
    abi_put_hash(&writer, &tuple, program_id);
    abi_put_u64(&writer, &tuple, input_len);
    abi_put_u64(&writer, &tuple, limits->max_cycles);
    abi_put_u64(&writer, &tuple, limits->deadline);
    abi_put_u64(&writer, &tuple, limits->callback_gas);
    abi_end(&writer, &tuple);
    return job_client_read(
        client, fee, &job_manager_address, abi_written(&writer), JOB_CLIENT_LATEST
    );
}

bool job_client_credit_of_block(
    struct job_client *client, struct u256 *out, const struct address *account, uint64_t block
) {
    struct u256 before, after;
    uint8_t selector[ABI_SELECTOR_SIZE];
    struct abi_writer writer = abi_writer_in(client->arena, 64);
    job_client_selector(selector, "credit(address)");
    abi_write_selector(&writer, selector);
    struct abi_tuple tuple = abi_begin(&writer, 1);
    abi_put_address(&writer, &tuple, account);
    abi_end(&writer, &tuple);
    const struct bytes data = abi_written(&writer);
    if (!job_client_read(client, &before, &job_manager_address, data, block - 1) ||
        !job_client_read(client, &after, &job_manager_address, data, block)) {
        return false;
    }
    u256_sub_wrapping(out, &after, &before);
    return true;
}

bool job_client_block_number(struct job_client *client, uint64_t *out) {
    const struct json *result;
    return call(client, &result, "eth_blockNumber", "[]") &&
        read_u64(client, out, result, "block number");
}

bool job_client_has_program(struct job_client *client, bool *out, const struct hash *program_id) {
    const struct json *result;
    if (!call(
            client, &result, "infinity_getProgram", "[\"%s\"]", hex(client, BYTES_OF(*program_id))
        )) {
        return false;
    }
    *out = json_kind(result) == JSON_OBJECT;
    return true;
}

bool job_client_job_id(
    struct job_client *client,
    struct hash *id,
    uint64_t *ready_at,
    const struct job_client_receipt *receipt
) {
    const struct hash *topic = job_event_topic(JOB_EVENT_REQUESTED);
    for (const struct json *log = json_first(receipt->logs); log != NULL; log = log->next) {
        const struct json *topics = json_get(log, "topics");
        struct address address;
        struct hash first;
        struct state_log read = {.topic_count = 4};
        if (!json_read_address(json_get(log, "address"), &address) ||
            !address_equal(&address, &job_manager_address) ||
            !json_read_hash(json_at(topics, 0), &first) || !hash_equal(&first, topic)) {
            continue;
        }
        read.address = address;
        for (size_t i = 0; i < 4; i++) {
            (void)!json_read_hash(json_at(topics, i), &read.topics[i]);
        }
        struct job_event event;
        if (!json_read_bytes(client->arena, json_get(log, "data"), &read.data, 1 << 20) ||
            job_log_read(&event, &read) != JOB_LOG_READ) {
            break;
        }
        *id = event.id;
        *ready_at = event.request.ready_at;
        return true;
    }
    return job_client_fail(client, "the transaction asked for no job");
}

/* A string of the answer as a C string in the arena. */
static const char *text_of(struct job_client *client, const struct json *value) {
    const struct bytes text = json_text(value);
    char *copy = arena_alloc(client->arena, text.len + 1, 1);
    if (text.len > 0) memcpy(copy, text.data, text.len);
    return copy;
}

static bool fill_result(
    struct job_client *client, struct job_client_result *out, const struct json *job
) {
    out->job = job;
    out->status = text_of(client, json_get(job, "status"));
    out->outcome = text_of(client, json_get(job, "outcome"));
    out->completed = strcmp(out->status, "completed") == 0;
    out->callback_pending = json_is_true(json_get(job, "callbackPending"));
    (void)!json_read_bytes(client->arena, json_get(job, "result"), &out->output, 1 << 20);
    (void)!json_read_hash(json_get(job, "resultTx"), &out->transaction);
    return read_u64(client, &out->code, json_get(job, "code"), "exit code") &&
        read_u64(client, &out->used_cycles, json_get(job, "usedCycles"), "cycle count") &&
        read_u64(client, &out->block, json_get(job, "completedAt"), "block number");
}

bool job_client_wait(
    struct job_client *client, struct job_client_result *out, const struct hash *job_id
) {
    const uint64_t start = clock_monotonic_us(&real_clock);
    *out = (struct job_client_result){0};
    for (;;) {
        const struct json *job;
        if (!call(client, &job, "infinity_getJob", "[\"%s\"]", hex(client, BYTES_OF(*job_id)))) {
            return false;
        }
        out->time_us = clock_monotonic_us(&real_clock) - start;
        if (json_kind(job) == JSON_OBJECT && !json_text_is(json_get(job, "status"), "pending")) {
            return fill_result(client, out, job);
        }
        if (out->time_us > UINT64_C(1000) * JOB_CLIENT_WAIT_MS) {
            return job_client_fail(
                client, "the job has no result after %d s; it is still pending",
                JOB_CLIENT_WAIT_MS / 1000
            );
        }
        pause_ms(POLL_MS);
    }
}
