/* call_traces: callTracer's answers against those of go-ethereum's own test data, order of members
 * aside. Fixtures as in vectors.h, which cannot be used here: jansson's names are ours.
 */
#include "chain/genesis.h"
#include "codec/hex.h"
#include "rpc/trace.h"
#include "world/heap.h"

#include <dirent.h>
#include <strings.h>
#include <unistd.h>

#include <stdio.h>
#include <stdlib.h>

enum { SKIPPED = 77, PATH_SIZE = 1024, FILE_SIZE_MAX = 1 << 24, ANSWER_MAX = 1 << 24 };

static const char folder[] = "trace/geth_tracers";
static const char *const suites[] = {"call_tracer", "call_tracer_withLog"};

static size_t passed, failed_count;

static const char *root(void) {
    const char *given = getenv("INFINITY_FIXTURES");
    return given != NULL && given[0] != '\0' ? given : "build/fixtures";
}

static bool read_file(struct arena *arena, struct bytes *out, const char *path) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    uint8_t *data = arena_alloc_raw(arena, FILE_SIZE_MAX, 1);
    const size_t size = fread(data, 1, FILE_SIZE_MAX, file);
    *out = bytes_from(data, size);
    return fclose(file) == 0 && size < FILE_SIZE_MAX;
}

/* ---- The world before ---- */

/* Go reads keys without regard to case, and some of the data relies on it. */
static const struct json *get_any_case(const struct json *object, const char *key) {
    const struct json *member = json_first(object);
    while (member != NULL &&
           (json_key(member).len != strlen(key) ||
            strncasecmp((const char *)json_key(member).data, key, strlen(key)) != 0)) {
        member = member->next;
    }
    return member;
}

static struct chain_config read_config(const struct json *json) {
    struct chain_config config = chain_config_at(0, FORK_FRONTIER);
    if (!json_read_u64(json_get(json, "chainId"), &config.chain_id)) config.chain_id = 1;
    for (int i = 1; i < FORK_COUNT; i++) {
        uint64_t at;
        config.activation[i] = FORK_NEVER;
        if (chain_forks[i].config_key == NULL) continue;
        if (json_read_u64(get_any_case(json, chain_forks[i].config_key), &at))
            config.activation[i] = at;
    }
    if (json_is_true(json_get(json, "terminalTotalDifficultyPassed"))) {
        config.activation[FORK_PARIS] = 0;
    }
    return config;
}

static void read_account(
    struct arena *arena, struct genesis_account *out, const struct json *entry
) {
    const struct json *storage = json_get(entry, "storage");
    struct genesis_slot *slots = ARENA_ARRAY(arena, struct genesis_slot, json_count(storage));
    *out = (struct genesis_account){.slots = slots};
    ASSERT(hex_decode_address(&out->address, json_key(entry)) == HEX_VALID);
    if (!json_read_u64(json_get(entry, "nonce"), &out->nonce)) out->nonce = 0;
    if (!json_read_u256(json_get(entry, "balance"), &out->balance)) out->balance = U256_ZERO;
    if (!json_read_bytes(arena, json_get(entry, "code"), &out->code, FILE_SIZE_MAX)) {
        out->code = bytes_from(NULL, 0);
    }
    for (const struct json *slot = json_first(storage); slot != NULL; slot = slot->next) {
        struct genesis_slot *into = &slots[out->slot_count++];
        ASSERT(hex_decode_u256(&into->key, json_key(slot), HEX_LENIENT) == HEX_VALID);
        ASSERT(json_read_u256(slot, &into->value));
    }
}

static void fill(struct arena *arena, struct state *state, const struct json *alloc) {
    struct genesis genesis = {.account_count = 0};
    struct genesis_account *accounts =
        ARENA_ARRAY(arena, struct genesis_account, json_count(alloc));
    for (const struct json *entry = json_first(alloc); entry != NULL; entry = entry->next) {
        read_account(arena, &accounts[genesis.account_count++], entry);
    }
    genesis.accounts = accounts;
    genesis_fill_state(state, &genesis);
    state_commit(state);
}

static struct header read_context(const struct json *context) {
    struct header header = {.number = 0};
    uint64_t base_fee;
    ASSERT(json_read_u64(json_get(context, "number"), &header.number));
    ASSERT(json_read_u64(json_get(context, "timestamp"), &header.timestamp));
    ASSERT(json_read_u64(json_get(context, "gasLimit"), &header.gas_limit));
    if (!json_read_u256(json_get(context, "difficulty"), &header.difficulty)) {
        header.difficulty = U256_ZERO;
    }
    ASSERT(json_read_address(json_get(context, "miner"), &header.fee_recipient));
    if (json_read_u64(json_get(context, "baseFeePerGas"), &base_fee)) {
        header.base_fee_per_gas = u256_from_u64(base_fee);
    }
    return header;
}

/* ---- Cases ---- */

static const struct json *find(const struct json *object, struct bytes key) {
    const struct json *member = json_first(object);
    while (member != NULL && !bytes_equal(json_key(member), key)) {
        member = member->next;
    }
    return member;
}

/* Some of the data leaves out a log's index where it is 0, which go-ethereum's test takes for 0. */
static bool may_be_missing(const struct json *member) {
    return bytes_equal(json_key(member), BYTES_LITERAL("index")) && json_text_is(member, "0x0");
}

static bool same(const struct json *wanted, const struct json *given) {
    const enum json_kind kind = json_kind(wanted);
    if (kind != json_kind(given)) return false;
    if (kind != JSON_ARRAY && kind != JSON_OBJECT) {
        return bytes_equal(json_text(wanted), json_text(given)) &&
            json_is_true(wanted) == json_is_true(given);
    }
    if (kind == JSON_ARRAY && json_count(wanted) != json_count(given)) return false;
    const struct json *other = json_first(wanted);
    for (const struct json *item = json_first(given); item != NULL; item = item->next) {
        if (kind == JSON_OBJECT) other = find(wanted, json_key(item));
        if (other == NULL && may_be_missing(item)) continue;
        if (!same(other, item)) return false;
        if (kind == JSON_ARRAY) other = other->next;
    }
    for (const struct json *item = json_first(wanted); item != NULL; item = item->next) {
        if (kind == JSON_OBJECT && find(given, json_key(item)) == NULL) return false;
    }
    return true;
}

static void run_tx(struct arena *arena, struct json_writer *answer, const struct json *test) {
    const struct json *genesis = json_get(test, "genesis");
    const struct json *options_json = json_get(test, "tracerConfig");
    const struct chain_config config = read_config(json_get(genesis, "config"));
    const struct header header = read_context(json_get(test, "context"));
    const struct trace_options options = {
        .kind = TRACE_CALLS,
        .only_top_call = json_is_true(json_get(options_json, "onlyTopCall")),
        .with_log = json_is_true(json_get(options_json, "withLog")),
    };
    struct chain_vm vm = {.evm = evm_create(&heap_source, 1 << 20)};
    struct state state;
    struct block_run run;
    struct bytes encoded;
    struct tx tx;
    struct address sender;
    struct tx_outcome outcome;
    struct trace trace;
    state_init(&state, arena, &genesis_empty_reader);
    fill(arena, &state, json_get(genesis, "alloc"));
    block_run_init(&run, arena, &state, &vm, &config, &header);
    ASSERT(json_read_bytes(arena, json_get(test, "input"), &encoded, FILE_SIZE_MAX));
    enum tx_verdict verdict = tx_decode(arena, &tx, encoded);
    if (verdict == TX_VALID) verdict = tx_sender(arena, &sender, &tx, &run.rules);
    if (verdict == TX_VALID) {
        trace_begin(&trace, &options, answer, arena, run.evm_rules);
        vm.tracer = &trace.tracer;
        verdict = block_run_tx(&run, &outcome, &tx, &sender);
    }
    if (verdict == TX_VALID) {
        trace_end(&trace, &outcome, tx.gas_limit);
    } else {
        json_writer_truncate(answer, 0);
        json_write_cstring(answer, tx_verdict_name(verdict));
    }
    evm_destroy(vm.evm);
}

static void run_file(const char *suite, const char *name) {
    char path[2 * PATH_SIZE];
    struct arena arena;
    struct bytes text;
    struct json_writer answer;
    const struct json *test = NULL, *given = NULL;
    (void)snprintf(path, sizeof path, "%s/%s/%s/%s", root(), folder, suite, name);
    arena_init(&arena, &heap_source);
    json_writer_init(&answer, ANSWER_MAX);
    bool good = read_file(&arena, &text, path) &&
        json_parse(&arena, &test, text, &json_limits_file) == JSON_VALID;
    if (good) {
        run_tx(&arena, &answer, test);
        good = json_parse(&arena, &given, json_writer_text(&answer), &json_limits_file) ==
                JSON_VALID &&
            same(json_get(test, "result"), given);
    }
    if (!good) {
        const size_t shown = answer.len < 3000 ? answer.len : 3000;
        printf("FAIL %s/%s: %.*s\n", suite, name, (int)shown, (const char *)answer.data);
    }
    passed += good;
    failed_count += !good;
    json_writer_free(&answer);
    arena_reset(&arena);
}

static void run_suite(const char *suite) {
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s/%s", root(), folder, suite);
    DIR *directory = opendir(path);
    if (directory == NULL) {
        printf("FAIL %s: no such folder\n", suite);
        failed_count++;
        return;
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] != '.') run_file(suite, entry->d_name);
    }
    (void)closedir(directory);
}

int main(void) {
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", root(), folder);
    if (access(path, R_OK) != 0) {
        const char *ci = getenv("CI");
        const bool is_ci = ci != NULL && strcmp(ci, "true") == 0;
        printf(
            "no fixtures at %s\n%s\n", path,
            is_ci ? "0 passed, 1 failed" : "0 passed, 0 failed, 1 skipped"
        );
        return is_ci ? EXIT_FAILURE : SKIPPED;
    }
    for (size_t i = 0; i < ARRAY_LEN(suites); i++) {
        run_suite(suites[i]);
    }
    printf("%zu passed, %zu failed\n", passed, failed_count);
    return failed_count == 0 && passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
