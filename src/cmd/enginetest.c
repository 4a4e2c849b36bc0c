/* infinity evm enginetest: blocks as a consensus client hands them over, executed on a given state. */
#include "chain/execute.h"
#include "cmd/command.h"
#include "cmd/payload.h"
#include "cmd/suite.h"
#include "cmd/suite_chain.h"
#include "cmd/suite_trace.h"

#include <stdio.h>

struct test {
    struct suite_worker *worker;
    const struct json *json;
    struct chain_config config;
    struct suite_chain chain;
    char detail[SUITE_DETAIL_MAX];
};

static bool fail(struct test *test, const char *what) {
    if (test->detail[0] == '\0') (void)snprintf(test->detail, sizeof test->detail, "%s", what);
    return false;
}

static bool make_genesis(struct test *test) {
    struct arena *const arena = &test->worker->arena;
    const struct json *const json = json_get(test->json, "genesisBlockHeader");
    struct block block = {.ommers_hash = header_empty_ommers_hash};
    struct prestate state;
    struct hash hash;
    struct hash root;
    if (!suite_chain_header(arena, &block.header, json) ||
        !json_read_hash(json_get(json, "hash"), &hash)) {
        return fail(test, "genesisBlockHeader is not understood");
    }
    if (!prestate_read(arena, &state, json_get(test->json, "pre"))) {
        return fail(test, "pre is not understood");
    }
    suite_chain_append(&test->chain, arena, NULL, &block, &state);
    if (!hash_equal(&hash, &test->chain.head->hash)) return fail(test, "genesis hash differs");
    prestate_root(arena, &root, &state);
    return hash_equal(&root, &block.header.state_root) || fail(test, "genesis state root differs");
}

/* What became of one payload. */
struct import {
    enum payload_error error;
    enum block_verdict verdict;
    enum tx_verdict tx_verdict;
    bool hash_matches;
    struct block block;
    const struct suite_link *parent;
    struct prestate state;
};

static void execute(struct test *test, struct import *import) {
    struct suite_worker *const worker = test->worker;
    struct arena *const arena = &worker->arena;
    const struct header *const header = &import->block.header;
    const struct chain_rules rules =
        chain_rules_at(&test->config, header->number, header->timestamp);
    struct prestate_source source = {
        &import->parent->state, suite_link_block_hash, (void *)(uintptr_t)import->parent};
    const struct state_reader reader = prestate_reader(&source);
    struct block_input input = {
        .config = &test->config,
        .parent = &import->parent->header,
        .block = &import->block,
        .runner = worker->runner};
    struct block_outcome outcome;
    if (worker->trace != NULL) {
        const struct evm_rules *const evm_rules = evm_rules_of(rules.revision);
        worker->vm.tracer = suite_trace_begin(worker->trace, evm_rules, stderr, true);
    }
    chain_execute_block(arena, &outcome, &worker->vm, &reader, &input);
    worker->vm.tracer = NULL;
    import->verdict = outcome.verdict;
    import->tx_verdict = outcome.tx_verdict;
    if (outcome.verdict != BLOCK_VALID) return;

    struct hash root;
    const struct state_diff diff = state_diff(arena, outcome.state);
    prestate_apply(arena, &import->state, &import->parent->state, &diff);
    prestate_root(arena, &root, &import->state);
    import->verdict = chain_check_state_root(header, &root);
}

static void import_payload(
    struct test *test, struct import *import, const struct payload_params *params
) {
    struct arena *const arena = &test->worker->arena;
    *import = (struct import){.tx_verdict = TX_VALID};
    import->error = payload_read(
        arena, &import->block, &import->verdict, &import->tx_verdict, &import->hash_matches, params,
        &test->config
    );
    if (import->error != PAYLOAD_GOOD || !import->hash_matches) return;
    if (import->verdict != BLOCK_VALID) return;
    import->parent = suite_chain_find(&test->chain, &import->block.header.parent_hash);
    import->verdict = BLOCK_UNKNOWN_PARENT;
    if (import->parent != NULL) execute(test, import);
}

/* What came of it, in the words of tests; "" for a block that was taken. */
static const char *outcome_name(const struct import *import) {
    if (import->error == PAYLOAD_INVALID_PARAMS) return "-32602";
    if (import->error == PAYLOAD_UNSUPPORTED_FORK) return "-38005";
    if (!import->hash_matches) return "BlockException.INVALID_BLOCK_HASH";
    if (import->verdict != BLOCK_INVALID_TRANSACTION) return block_verdict_name(import->verdict);
    return tx_verdict_name(import->tx_verdict);
}

static bool is_expected(const struct import *import, const struct json *json) {
    const char *const name = outcome_name(import);
    const struct json *const code = json_get(json, "errorCode");
    const struct bytes refusal = json_text(json_get(json, "validationError"));
    if (code != NULL) return import->error != PAYLOAD_GOOD && json_text_is(code, name);
    if (refusal.len == 0) return name[0] == '\0';
    return import->error == PAYLOAD_GOOD && suite_exception_matches(refusal, name);
}

static bool one_payload(struct test *test, const struct json *json, size_t index) {
    uint64_t version;
    struct import import;
    if (!json_read_u64(json_get(json, "newPayloadVersion"), &version)) {
        return fail(test, "newPayloadVersion is not understood");
    }
    const struct payload_params params = payload_params_of(version, json_get(json, "params"));
    import_payload(test, &import, &params);
    if (!is_expected(&import, json)) {
        const struct json *const code = json_get(json, "errorCode");
        const struct bytes expected =
            json_text(code != NULL ? code : json_get(json, "validationError"));
        const char *const name = outcome_name(&import);
        (void)snprintf(
            test->detail, sizeof test->detail, "payload %zu: %s, expected %.*s", index,
            name[0] == '\0' ? "valid" : name, expected.len == 0 ? 5 : (int)expected.len,
            expected.len == 0 ? "valid" : (const char *)expected.data
        );
        return false;
    }
    if (outcome_name(&import)[0] == '\0') {
        suite_chain_append(
            &test->chain, &test->worker->arena, import.parent, &import.block, &import.state
        );
    }
    return true;
}

static bool check_end(struct test *test) {
    struct hash hash;
    struct prestate expected;
    if (!json_read_hash(json_get(test->json, "lastblockhash"), &hash) ||
        !hash_equal(&hash, &test->chain.head->hash)) {
        return fail(test, "the last block differs");
    }
    const struct json *const post = json_get(test->json, "postState");
    if (json_kind(post) != JSON_OBJECT) return true; /* the header's root has been compared */
    if (!prestate_read(&test->worker->arena, &expected, post)) {
        return fail(test, "postState is not understood");
    }
    return !prestate_difference(
        test->detail, sizeof test->detail, &expected, &test->chain.head->state
    );
}

static void run_test(struct test *test, const char *network) {
    const struct json *const payloads = json_get(test->json, "engineNewPayloads");
    suite_chain_init(&test->chain, &test->worker->arena, json_count(payloads) + 1);
    if (!suite_chain_config(&test->config, test->json, network)) {
        (void)fail(test, "network or configuration not understood");
        return;
    }
    if (!make_genesis(test)) return;
    size_t index = 0;
    for (const struct json *one = json_first(payloads); one != NULL; one = one->next) {
        if (!one_payload(test, one, index++)) return;
    }
    (void)check_end(test);
}

/* One payload of some network, without a state: its hash must be the one that it was given with. */
static void run_lone_payload(struct test *test, const struct json *given) {
    const struct json *const sidecar = json_get(given, "sidecar");
    const struct json *const cancun = json_get(json_get(sidecar, "cancun"), "fields");
    const struct json *const prague = json_get(json_get(sidecar, "prague"), "fields");
    const struct payload_params params = {
        .version = 4,
        .payload = json_get(given, "payload"),
        .versioned_hashes = json_get(cancun, "versioned_hashes"),
        .parent_beacon_root = json_get(cancun, "parent_beacon_block_root"),
        .requests = json_get(prague, "requests"),
    };
    struct import import = {.tx_verdict = TX_VALID};
    test->config = chain_config_at(1, FORK_PRAGUE);
    import.error = payload_read(
        &test->worker->arena, &import.block, &import.verdict, &import.tx_verdict,
        &import.hash_matches, &params, &test->config
    );
    if (outcome_name(&import)[0] != '\0') (void)fail(test, outcome_name(&import));
}

static void run_case(
    struct suite_worker *worker, const struct json *json, struct bytes name, const char *fork
) {
    const struct suite_case one = {name, fork, -1};
    if (!suite_wants(worker, &one)) return;
    const struct arena_mark mark = arena_mark(&worker->arena);
    struct test *const test = ARENA_NEW(&worker->arena, struct test);
    test->worker = worker;
    test->json = json;
    if (json_get(json, "engineNewPayloads") != NULL) {
        run_test(test, fork);
    } else {
        run_lone_payload(test, json);
    }
    const struct hash *const root =
        test->chain.head == NULL ? NULL : &test->chain.head->header.state_root;
    suite_report(worker, &one, root, test->detail[0] == '\0' ? NULL : test->detail);
    arena_rewind(&worker->arena, mark);
}

static void run_file(struct suite_worker *worker, const struct json *root) {
    for (const struct json *json = json_first(root); json != NULL; json = json->next) {
        const struct json *const payload = json_get(json, "payload");
        if (payload != NULL && json_get(json, "sidecar") != NULL) {
            run_case(worker, json, json_text(json_get(payload, "blockHash")), "Prague");
            continue;
        }
        char fork[SUITE_NAME_MAX];
        const struct bytes network = json_text(json_get(json, "network"));
        if (json_get(json, "engineNewPayloads") == NULL) continue; /* a test of another kind */
        if (network.len == 0 || network.len >= sizeof fork) continue;
        (void)snprintf(fork, sizeof fork, "%.*s", (int)network.len, (const char *)network.data);
        run_case(worker, json, json_key(json), fork);
    }
}

int cmd_enginetest(int argc, char **argv) {
    static const struct suite suite = {
        .command = "evm enginetest",
        .summary =
            "Runs engine tests: payloads of engine_newPayload, imported or refused for the right\n"
            "reason. A case is one named test; or one payload alone, whose hash must come out.",
        .format = "engine",
        .run_file = run_file,
    };
    return suite_main(&suite, argc, argv);
}
