/* infinity evm tracetest: one transaction and what a tracer is to say of it, as go-ethereum's tracer
 * tests have it: {genesis, context, input, tracerConfig?, result}. The tracer is named by the folder.
 */
#include "cmd/command.h"
#include "cmd/suite.h"
#include "cmd/suite_trace.h"
#include "codec/hex.h"
#include "rpc/trace.h"
#include "service/genesis_file.h"

#include <stdio.h>

enum { TX_BYTES_MAX = 1 << 20 };
#define ANSWER_MAX ((size_t)64 << 20)

/* ---- What a file says ---- */

static bool read_context(struct header *header, const struct json *context) {
    *header = (struct header){.number = 0};
    if (!json_read_u256(json_get(context, "difficulty"), &header->difficulty)) {
        header->difficulty = U256_ZERO;
    }
    if (!json_read_u256(json_get(context, "baseFeePerGas"), &header->base_fee_per_gas)) {
        header->base_fee_per_gas = U256_ZERO;
    }
    return json_read_u64(json_get(context, "number"), &header->number) &&
        json_read_u64(json_get(context, "timestamp"), &header->timestamp) &&
        json_read_u64(json_get(context, "gasLimit"), &header->gas_limit) &&
        json_read_address(json_get(context, "miner"), &header->fee_recipient);
}

static bool fill_state(struct arena *arena, struct state *state, const struct json *alloc) {
    struct genesis genesis = {.account_count = 0};
    if (genesis_file_alloc(arena, &genesis, alloc) != NULL) return false;
    state_init(state, arena, &genesis_empty_reader);
    genesis_fill_state(state, &genesis);
    state_commit(state);
    return true;
}

struct folder {
    const char *name, *tracer;
};

static const struct folder *folder_of(const char *file) {
    static const struct folder folders[] = {
        {"call_tracer", "callTracer"},
        {"call_tracer_flat", "flatCallTracer"},
        {"call_tracer_legacy", "callTracerLegacy"},
        {"call_tracer_withLog", "callTracer"},
        {"erc7562_tracer", "erc7562Tracer"},
        {"prestate_tracer", "prestateTracer"},
        {"prestate_tracer_legacy", "prestateTracerLegacy"},
        {"prestate_tracer_with_diff_mode", "prestateTracer"},
    };
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        char part[64];
        (void)snprintf(part, sizeof part, "/%s/", folders[i].name);
        if (strstr(file, part) != NULL) return &folders[i];
    }
    return NULL;
}

/* ---- Comparing ---- */

/* Members that go-ethereum's own comparison leaves aside: places in a chain that its tests do not
 * have, results of calls that failed, and what its types take for the same as nothing. */
static bool is_left_out(const struct json *member, const struct folder *folder) {
    const struct bytes key = json_key(member);
    const bool is_flat = strcmp(folder->tracer, "flatCallTracer") == 0;
    static const char *const places[] = {
        "blockHash", "blockNumber", "transactionHash", "transactionPosition", "time",
    };
    for (size_t i = 0; i < ARRAY_LEN(places) && is_flat; i++) {
        if (bytes_equal(key, bytes_from(places[i], strlen(places[i])))) return true;
    }
    if (is_flat) {
        static const char zero_address[] = "0x0000000000000000000000000000000000000000";
        if (json_text_is(member, "0x") || json_text_is(member, "0x0")) return true;
        if (json_text_is(member, zero_address)) return true;
        return bytes_equal(key, BYTES_LITERAL("result")) && json_count(member) == 0;
    }
    if (bytes_equal(key, BYTES_LITERAL("index"))) return json_text_is(member, "0x0");
    const bool is_legacy = strcmp(folder->tracer, "callTracerLegacy") == 0;
    return is_legacy && bytes_equal(key, BYTES_LITERAL("output")) && json_text_is(member, "0x");
}

static const struct json *find(const struct json *object, struct bytes key) {
    const struct json *member = json_first(object);
    while (member != NULL && !bytes_equal(json_key(member), key)) {
        member = member->next;
    }
    return member;
}

static bool has_same_members(
    const struct json *wanted, const struct json *given, const struct folder *folder
);

// NOLINTNEXTLINE(misc-no-recursion): as deep as the parser reads
static bool is_same(
    const struct json *wanted, const struct json *given, const struct folder *folder
) {
    const enum json_kind kind = json_kind(wanted);
    if (kind != json_kind(given)) return false;
    if (kind == JSON_OBJECT) {
        /* Both ways: neither has a member that the other lacks. */
        // NOLINTNEXTLINE(readability-suspicious-call-argument)
        return has_same_members(wanted, given, folder) && has_same_members(given, wanted, folder);
    }
    if (kind != JSON_ARRAY) {
        return bytes_equal(json_text(wanted), json_text(given)) &&
            json_is_true(wanted) == json_is_true(given);
    }
    const struct json *other = json_first(given);
    for (const struct json *one = json_first(wanted); one != NULL; one = one->next) {
        if (other == NULL || !is_same(one, other, folder)) return false;
        other = other->next;
    }
    return other == NULL;
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the parser reads
static bool has_same_members(
    const struct json *wanted, const struct json *given, const struct folder *folder
) {
    for (const struct json *one = json_first(wanted); one != NULL; one = one->next) {
        const struct json *other = find(given, json_key(one));
        if (other == NULL && is_left_out(one, folder)) continue;
        const bool is_place =
            other != NULL && is_left_out(one, folder) && is_left_out(other, folder);
        if (!is_place && !is_same(one, other, folder)) return false;
    }
    return true;
}

/* ---- Running ---- */

/* Some of the data leaves out "0x". */
static bool read_input(struct arena *arena, struct bytes *out, const struct json *input) {
    const struct bytes text = json_text(input);
    if (json_read_bytes(arena, input, out, TX_BYTES_MAX)) return true;
    uint8_t *data = arena_alloc(arena, text.len / 2, 1);
    size_t len;
    if (text.len / 2 > TX_BYTES_MAX) return false;
    if (hex_decode_bare(data, text.len / 2, &len, text) != HEX_VALID) return false;
    *out = bytes_from(data, len);
    return true;
}

/* NULL, or why there is no trace. */
static const char *trace_tx(
    struct suite_worker *worker,
    struct json_writer *answer,
    struct block_run *run,
    const struct json *test,
    const struct folder *folder
) {
    struct arena *const arena = &worker->arena;
    struct bytes encoded;
    struct tx tx;
    struct address sender;
    struct tx_outcome outcome;
    if (!read_input(arena, &encoded, json_get(test, "input"))) return "input is not hex";
    enum tx_verdict verdict = tx_decode(arena, &tx, encoded);
    if (verdict == TX_VALID) verdict = tx_sender(arena, &sender, &tx, &run->rules);
    if (verdict != TX_VALID) return tx_verdict_name(verdict);
    const struct trace_subject subject = {.run = run, .tx = &tx, .sender = &sender};
    struct trace *const trace = ARENA_NEW(arena, struct trace);
    const struct json *const request =
        suite_trace_request(arena, folder->tracer, json_get(test, "tracerConfig"));
    const char *refusal = trace_begin(trace, arena, answer, request, &subject);
    if (refusal != NULL) return refusal;
    worker->vm.tracer = &trace->tracer;
    verdict = block_run_tx(run, &outcome, &tx, &sender);
    worker->vm.tracer = NULL;
    return verdict == TX_VALID ? trace_end(trace, &outcome) : tx_verdict_name(verdict);
}

static void compare(
    struct suite_worker *worker,
    char *detail,
    struct block_run *run,
    const struct json *test,
    const struct folder *folder
) {
    struct json_writer answer;
    const struct json *given = NULL;
    json_writer_init(&answer, ANSWER_MAX);
    const char *refusal = trace_tx(worker, &answer, run, test, folder);
    const struct bytes text = json_writer_text(&answer);
    if (refusal != NULL) {
        (void)snprintf(detail, SUITE_DETAIL_MAX, "%s", refusal);
    } else if (json_parse(&worker->arena, &given, text, &json_limits_file) != JSON_VALID) {
        (void)snprintf(detail, SUITE_DETAIL_MAX, "the answer is no JSON");
    } else if (!is_same(json_get(test, "result"), given, folder)) {
        (void)snprintf(
            detail, SUITE_DETAIL_MAX, "answers otherwise: %.*s", (int)text.len,
            (const char *)text.data
        );
    }
    json_writer_free(&answer);
}

static struct bytes base_name(const char *file) {
    const char *slash = strrchr(file, '/');
    const char *name = slash == NULL ? file : slash + 1;
    return bytes_from(name, strlen(name));
}

static void run_file(struct suite_worker *worker, const struct json *root) {
    const struct folder *folder = folder_of(worker->file);
    const struct json *const genesis = json_get(root, "genesis");
    struct header header;
    struct state state;
    struct block_run run;
    char detail[SUITE_DETAIL_MAX] = "";
    if (folder == NULL || json_get(root, "result") == NULL) return; /* a test of another kind */
    if (!read_context(&header, json_get(root, "context")) ||
        !fill_state(&worker->arena, &state, json_get(genesis, "alloc"))) {
        suite_broken(worker, "the genesis or the context cannot be read");
        return;
    }
    struct chain_config config;
    genesis_file_config(&config, json_get(genesis, "config"));
    block_run_init(&run, &worker->arena, &state, &worker->vm, &config, &header);
    const struct suite_case one = {
        base_name(worker->file),
        chain_forks[run.rules.fork].name,
        -1,
    };
    if (!suite_wants(worker, &one)) return;
    compare(worker, detail, &run, root, folder);
    suite_report(worker, &one, NULL, detail[0] == '\0' ? NULL : detail);
}

int cmd_tracetest(int argc, char **argv) {
    static const struct suite suite = {
        .command = "evm tracetest",
        .summary =
            "Runs tracer tests: one transaction, and what callTracer, flatCallTracer,\n"
            "prestateTracer or erc7562Tracer says of it. The folder names the tracer; a case is a\n"
            "file.",
        .format = "trace",
        .run_file = run_file,
    };
    return suite_main(&suite, argc, argv);
}
