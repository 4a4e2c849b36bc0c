/* infinity evm statetest: one transaction on a given state, for each fork that a file names. */
#include "chain/genesis.h"
#include "cmd/command.h"
#include "cmd/suite.h"
#include "cmd/suite_chain.h"
#include "cmd/suite_trace.h"
#include "cmd/tx_json.h"
#include "codec/hex.h"

#include <stdarg.h>
#include <stdio.h>

enum { TX_BYTES_MAX = 16 << 20, DEFAULT_BASE_FEE = 0x0a };

/* One test of a file: what its cases share. */
struct test {
    struct bytes name;
    const struct json *json;
    struct prestate pre;
    struct header env;
    bool has_base_fee;
};

/* What a case came to. */
struct result {
    enum tx_verdict verdict;
    struct hash root;
    struct hash logs_hash;
    struct prestate post;
    bool sender_differs;
};

static bool read_env(struct test *test) {
    const struct json *const env = json_get(test->json, "env");
    struct header *const header = &test->env;
    const struct json *const random = json_get(env, "currentRandom");
    const struct json *const base_fee = json_get(env, "currentBaseFee");
    const struct json *const excess = json_get(env, "currentExcessBlobGas");
    struct u256 prev_randao = U256_ZERO;
    const struct bytes coinbase = json_text(json_get(env, "currentCoinbase"));
    if (!prestate_read_address(coinbase, &header->fee_recipient)) return false;
    if (!json_read_u64(json_get(env, "currentGasLimit"), &header->gas_limit)) return false;
    if (!json_read_u64(json_get(env, "currentNumber"), &header->number)) return false;
    if (!json_read_u64(json_get(env, "currentTimestamp"), &header->timestamp)) return false;
    if (!json_read_u256(json_get(env, "currentDifficulty"), &header->difficulty)) return false;
    if (random != NULL && !json_read_u256(random, &prev_randao)) return false;
    if (excess != NULL && !json_read_u64(excess, &header->excess_blob_gas)) return false;
    u256_to_be(header->prev_randao.bytes, &prev_randao);
    test->has_base_fee = base_fee != NULL;
    return base_fee == NULL || json_read_u256(base_fee, &header->base_fee_per_gas);
}

static const struct hash *read_hashes(
    struct arena *arena, size_t *count, const struct json *array, bool *good
) {
    struct hash *const hashes = ARENA_ARRAY(arena, struct hash, json_count(array));
    *count = 0;
    for (const struct json *one = json_first(array); one != NULL; one = one->next) {
        struct u256 value;
        if (!json_read_u256(one, &value)) *good = false;
        u256_to_be(hashes[(*count)++].bytes, &value);
    }
    return hashes;
}

static bool read_access_list(struct arena *arena, struct tx *tx, const struct json *list) {
    struct tx_access *const entries = ARENA_ARRAY(arena, struct tx_access, json_count(list));
    bool good = true;
    for (const struct json *one = json_first(list); one != NULL; one = one->next) {
        struct tx_access *const entry = &entries[tx->access_list_count++];
        good = good && json_read_address(json_get(one, "address"), &entry->address);
        const struct json *const keys = json_get(one, "storageKeys");
        entry->keys = read_hashes(arena, &entry->key_count, keys, &good);
    }
    tx->access_list = entries;
    return good;
}

static bool read_authorizations(struct arena *arena, struct tx *tx, const struct json *list) {
    struct tx_authorization *const entries =
        ARENA_ARRAY(arena, struct tx_authorization, json_count(list));
    bool good = true;
    for (const struct json *one = json_first(list); one != NULL; one = one->next) {
        struct tx_authorization *const entry = &entries[tx->authorization_count++];
        uint64_t y_parity = 0;
        good = good && json_read_u256(json_get(one, "chainId"), &entry->chain_id) &&
            json_read_address(json_get(one, "address"), &entry->address) &&
            json_read_u64(json_get(one, "nonce"), &entry->nonce) &&
            json_read_u64(json_get(one, "v"), &y_parity) &&
            json_read_u256(json_get(one, "r"), &entry->r) &&
            json_read_u256(json_get(one, "s"), &entry->s);
        entry->y_parity = (uint8_t)y_parity;
    }
    tx->authorizations = entries;
    return good;
}

/* The fee fields, and the type, which follows from which of them are there. */
static enum tx_verdict read_fees(struct tx *tx, const struct json *json, bool has_access_list) {
    const struct json *const gas_price = json_get(json, "gasPrice");
    tx->is_protected = true;
    if (gas_price != NULL) {
        tx->type = has_access_list ? TX_TYPE_ACCESS_LIST : TX_TYPE_LEGACY;
        if (!json_read_u256(gas_price, &tx->max_fee_per_gas)) return TX_GASPRICE_OVERFLOW;
        tx->max_priority_fee_per_gas = tx->max_fee_per_gas;
        return TX_VALID;
    }
    tx->type = TX_TYPE_DYNAMIC_FEE;
    const struct json *const tip = json_get(json, "maxPriorityFeePerGas");
    if (!json_read_u256(json_get(json, "maxFeePerGas"), &tx->max_fee_per_gas)) {
        return TX_GASPRICE_OVERFLOW;
    }
    return json_read_u256(tip, &tx->max_priority_fee_per_gas) ? TX_VALID : TX_PRIORITY_OVERFLOW;
}

static enum tx_verdict read_lists(
    struct arena *arena, struct tx *tx, const struct json *json, const struct json *access_list
) {
    const struct json *const blob_fee = json_get(json, "maxFeePerBlobGas");
    const struct json *const authorizations = json_get(json, "authorizationList");
    bool good = true;
    if (!read_access_list(arena, tx, access_list)) return TX_RLP_INVALID_ACCESS_LIST;
    if (blob_fee != NULL) {
        const struct json *const hashes = json_get(json, "blobVersionedHashes");
        tx->type = TX_TYPE_BLOB;
        good = json_read_u256(blob_fee, &tx->max_fee_per_blob_gas);
        tx->blob_hashes = read_hashes(arena, &tx->blob_hash_count, hashes, &good);
    }
    if (authorizations != NULL) {
        tx->type = TX_TYPE_SET_CODE;
        good = good && read_authorizations(arena, tx, authorizations);
    }
    return good ? TX_VALID : TX_RLP_INVALID_VALUE;
}

/* The transaction from its fields, where the case does not bring it signed. */
static enum tx_verdict read_fields(
    struct arena *arena, struct tx *tx, const struct json *json, const struct json *indexes
) {
    uint64_t data = 0;
    uint64_t gas = 0;
    uint64_t value = 0;
    const struct json *const to = json_get(json, "to");
    if (!json_read_u64(json_get(indexes, "data"), &data)) return TX_RLP_INVALID_VALUE;
    if (!json_read_u64(json_get(indexes, "gas"), &gas)) return TX_RLP_INVALID_VALUE;
    if (!json_read_u64(json_get(indexes, "value"), &value)) return TX_RLP_INVALID_VALUE;
    const struct json *const access_list = json_at(json_get(json, "accessLists"), data);

    *tx = (struct tx){.is_create = json_text(to).len == 0};
    if (!tx->is_create && !json_read_address(to, &tx->to)) return TX_RLP_INVALID_TO;
    if (!json_read_u64(json_get(json, "nonce"), &tx->nonce)) return TX_NONCE_OVERFLOW;
    if (!json_read_u64(json_at(json_get(json, "gasLimit"), gas), &tx->gas_limit)) {
        return TX_GASLIMIT_OVERFLOW;
    }
    if (!json_read_u256(json_at(json_get(json, "value"), value), &tx->value)) {
        return TX_VALUE_OVERFLOW;
    }
    if (!json_read_bytes(arena, json_at(json_get(json, "data"), data), &tx->data, TX_BYTES_MAX)) {
        return TX_RLP_INVALID_DATA;
    }
    const enum tx_verdict verdict = read_fees(tx, json, json_kind(access_list) == JSON_ARRAY);
    return verdict == TX_VALID ? read_lists(arena, tx, json, access_list) : verdict;
}

/* Old tests give the key alone. */
static bool read_sender(struct address *sender, const struct json *json) {
    struct hash key;
    struct ecdsa_signer signer;
    const struct json *const given = json_get(json, "sender");
    if (given != NULL) return json_read_address(given, sender);
    if (!json_read_hash(json_get(json, "secretKey"), &key)) return false;
    ecdsa_signer_init(&signer, NULL);
    return tx_json_address_of(sender, &key, &signer);
}

/* The transaction and its sender: signed where the case has it so, which tests decoding too. */
static enum tx_verdict read_tx(
    struct arena *arena,
    struct result *result,
    struct tx *tx,
    struct address *sender,
    const struct test *test,
    const struct json *post,
    const struct chain_rules *rules
) {
    const struct json *const json = json_get(test->json, "transaction");
    const struct json *const encoded = json_get(post, "txbytes");
    struct address given;
    if (!read_sender(&given, json)) return TX_RLP_INVALID_VALUE;
    *sender = given;
    if (json_text(encoded).len <= 2) return read_fields(arena, tx, json, json_get(post, "indexes"));

    struct bytes bytes;
    if (!json_read_bytes(arena, encoded, &bytes, TX_BYTES_MAX)) return TX_RLP_INVALID_VALUE;
    enum tx_verdict verdict = tx_decode(arena, tx, bytes);
    if (verdict == TX_VALID) verdict = tx_sender(arena, sender, tx, rules);
    result->sender_differs = verdict == TX_VALID && !address_equal(sender, &given);
    return verdict;
}

/* As block_run_tx, with a trace on stderr. */
static enum tx_verdict run_traced(
    struct suite_worker *worker,
    struct block_run *run,
    struct tx_outcome *outcome,
    const struct tx *tx,
    const struct address *sender
) {
    worker->vm.tracer = suite_trace_begin(worker->trace, run->evm_rules, stderr, false);
    const enum tx_verdict verdict = block_run_tx(run, outcome, tx, sender);
    worker->vm.tracer = NULL;
    if (verdict != TX_VALID) return verdict;
    suite_trace_close(worker->trace, outcome->status, outcome->output, outcome->gas_used);
    return TX_VALID;
}

/* As block_run_tx, of a block with this one transaction. */
static enum tx_verdict run_apart(
    struct suite_worker *worker,
    struct block_run *run,
    struct tx_outcome *outcome,
    const struct tx *tx,
    const struct address *sender
) {
    const struct block block = {.txs = tx, .tx_count = 1};
    const struct block_input input = {.block = &block, .senders = sender};
    size_t index;
    const enum tx_verdict verdict =
        worker->runner->run_txs(worker->runner->ctx, run, &input, &index);
    if (verdict != TX_VALID) return verdict;
    outcome->logs = run->receipts[0].logs;
    outcome->log_count = run->receipts[0].log_count;
    return TX_VALID;
}

static enum tx_verdict run_tx(
    struct suite_worker *worker,
    struct block_run *run,
    struct tx_outcome *outcome,
    const struct tx *tx,
    const struct address *sender
) {
    if (worker->trace != NULL) return run_traced(worker, run, outcome, tx, sender);
    if (worker->runner != NULL) return run_apart(worker, run, outcome, tx, sender);
    return block_run_tx(run, outcome, tx, sender);
}

static void run_case(
    struct suite_worker *worker,
    struct result *result,
    const struct test *test,
    const struct json *post,
    const struct chain_config *config
) {
    struct arena *const arena = &worker->arena;
    struct prestate_source source = {&test->pre, prestate_block_hash, NULL};
    const struct state_reader reader = prestate_reader(&source);
    struct state state;
    struct block_run run;
    struct tx_outcome outcome = {.log_count = 0};
    struct tx tx;
    struct address sender;
    struct header header = test->env;
    const struct chain_rules rules = chain_rules_at(config, header.number, header.timestamp);
    if (rules.row->header_form < HEADER_FORM_LONDON) {
        header.base_fee_per_gas = U256_ZERO;
    } else if (!test->has_base_fee) {
        header.base_fee_per_gas = u256_from_u64(DEFAULT_BASE_FEE);
    }
    state_init(&state, arena, &reader);
    block_run_init(&run, arena, &state, &worker->vm, config, &header);
    result->verdict = read_tx(arena, result, &tx, &sender, test, post, &rules);
    if (result->verdict == TX_VALID) {
        result->verdict = run_tx(worker, &run, &outcome, &tx, &sender);
    }

    /* The block's reward, which is nothing. */
    state_begin_transaction(&state);
    state_touch(&state, &header.fee_recipient, run.evm_rules);
    state_end_transaction(&state, run.evm_rules);
    state_commit(&state);

    const struct state_diff diff = state_diff(arena, &state);
    prestate_apply(arena, &result->post, &test->pre, &diff);
    prestate_root(arena, &result->root, &result->post);
    receipt_logs_hash(arena, &result->logs_hash, outcome.logs, outcome.log_count);
}

static void append(char detail[SUITE_DETAIL_MAX], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(char detail[SUITE_DETAIL_MAX], const char *format, ...) {
    const size_t len = strlen(detail);
    va_list args;
    va_start(args, format);
    if (len > 0) (void)snprintf(detail + len, SUITE_DETAIL_MAX - len, "; ");
    const size_t start = strlen(detail);
    (void)vsnprintf(detail + start, SUITE_DETAIL_MAX - start, format, args);
    va_end(args);
}

static void judge_exception(
    char detail[SUITE_DETAIL_MAX], const struct result *result, const struct json *post
) {
    const struct bytes expected = json_text(json_get(post, "expectException"));
    const char *const actual = tx_verdict_name(result->verdict);
    if (expected.len == 0) {
        if (result->verdict != TX_VALID) append(detail, "rejected with %s", actual);
    } else if (result->verdict == TX_VALID) {
        append(detail, "accepted, expected %.*s", (int)expected.len, (const char *)expected.data);
    } else if (!suite_exception_matches(expected, actual)) {
        append(
            detail, "rejected with %s, expected %.*s", actual, (int)expected.len,
            (const char *)expected.data
        );
    }
}

static void judge_state(
    struct suite_worker *worker,
    char detail[SUITE_DETAIL_MAX],
    const struct result *result,
    const struct json *post
) {
    struct hash expected;
    if (!json_read_hash(json_get(post, "hash"), &expected)) {
        append(detail, "the case has no hash");
    } else if (!hash_equal(&expected, &result->root)) {
        struct prestate state;
        char what[512];
        append(detail, "state root differs");
        if (prestate_read(&worker->arena, &state, json_get(post, "state")) &&
            prestate_difference(what, sizeof what, &state, &result->post)) {
            append(detail, "%s", what);
        }
    }
    if (!json_read_hash(json_get(post, "logs"), &expected)) {
        append(detail, "the case has no logs");
    } else if (!hash_equal(&expected, &result->logs_hash)) {
        append(detail, "logs hash differs");
    }
}

static void one_case(
    struct suite_worker *worker,
    const struct test *test,
    const struct json *post,
    const struct suite_case *one
) {
    char detail[SUITE_DETAIL_MAX] = "";
    struct chain_config config;
    struct result result = {.verdict = TX_VALID};
    const struct arena_mark mark = arena_mark(&worker->arena);
    if (!suite_chain_config(&config, test->json, one->fork)) {
        append(detail, "fork or configuration not understood");
    } else {
        run_case(worker, &result, test, post, &config);
        judge_exception(detail, &result, post);
        judge_state(worker, detail, &result, post);
        if (result.sender_differs) append(detail, "recovered another sender");
    }
    if (worker->trace != NULL) { /* as geth's evm statetest ends a trace */
        char root[HEX_TEXT_SIZE(sizeof result.root.bytes) + 1];
        root[hex_encode(root, BYTES_OF(result.root.bytes))] = '\0';
        (void)fprintf(stderr, "{\"stateRoot\":\"%s\"}\n", root);
    }
    suite_report(worker, one, &result.root, detail[0] == '\0' ? NULL : detail);
    arena_rewind(&worker->arena, mark);
}

static void run_test(struct suite_worker *worker, const struct test *test) {
    const struct json *const forks = json_get(test->json, "post");
    for (const struct json *fork = json_first(forks); fork != NULL; fork = fork->next) {
        char fork_name[64];
        const struct bytes key = json_key(fork);
        (void)snprintf(fork_name, sizeof fork_name, "%.*s", (int)key.len, (const char *)key.data);
        struct suite_case one = {test->name, fork_name, 0};
        for (const struct json *post = json_first(fork); post != NULL; post = post->next) {
            if (suite_wants(worker, &one)) one_case(worker, test, post, &one);
            one.index++;
        }
    }
}

static void run_file(struct suite_worker *worker, const struct json *root) {
    for (const struct json *json = json_first(root); json != NULL; json = json->next) {
        struct test test = {.name = json_key(json), .json = json};
        if (json_get(json, "post") == NULL) continue; /* a test of another kind */
        const struct arena_mark mark = arena_mark(&worker->arena);
        if (read_env(&test) && prestate_read(&worker->arena, &test.pre, json_get(json, "pre"))) {
            run_test(worker, &test);
        } else {
            suite_broken(worker, "env or pre is not understood");
        }
        arena_rewind(&worker->arena, mark);
    }
}

int cmd_statetest(int argc, char **argv) {
    static const struct suite suite = {
        .command = "evm statetest",
        .summary =
            "Runs state tests: one transaction on a given state. A case is one entry of `post`.",
        .format = "state",
        .run_file = run_file,
    };
    return suite_main(&suite, argc, argv);
}
