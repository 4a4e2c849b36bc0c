/* Runs of another client's EVM tool: t8n, b11r, state tests with traces, traces of lone calls.
 *
 *   tool_cases PATH-OF-INFINITY
 *
 * A case is {cli, stdin, stdout}. t8n, b11r and statetest are run as programs; a lone call here. Every
 * member that is expected must come out with the same value, be it written as hex, decimal or text;
 * null, an empty list and nothing at all are the same. What the other tool words or counts in its own
 * way stands in `own_ways`, with the reason, and is left out.
 *
 * At the end runs of t8n with flags that no such case has: traces, forks that begin in the middle of a
 * chain, blob parameters.
 */
#include "chain/execute.h"
#include "chain/genesis.h"
#include "evm/eip3155.h"
#include "programs.h"
#include "vectors.h"

#include <dirent.h>
#include <strings.h>

enum { ARGUMENTS_MAX = 32, DETAIL_MAX = 400, PATH_SIZE = 1024 };

/* file: of the case, or NULL for all. member: the last name on the way to the value. */
static const struct {
    const char *file, *member, *reason;
} own_ways[] = {
    {NULL, "error", "an error's words are the tool's own, as are those of a trace's failing step"},
    {NULL, "test", "our runner's lines call it name"},
    {NULL, "d", "our runner's lines have one index for d, g and v"},
    {NULL, "g", "our runner's lines have one index for d, g and v"},
    {NULL, "v", "our runner's lines have one index for d, g and v"},
    {NULL, "postLogsHash", "our runner compares it with the case's and prints it nowhere"},
    {"prague-deposit", "blockHash",
     "of a block that t8n never makes: geth's is a constant, ours zero"},
    {"prague-deposit", "logIndex",
     "counted within the receipt there, within the block by geth and us"},
    {"shanghai-invalidTx", "body", "that tool's body has the rejected transaction; geth's has not"},
    {"shanghai-init-code", "body", "that tool's body has the rejected transaction; geth's has not"},
    {"trace/", "stateRoot", "over a genesis of that tool's own"},
    {"trace/", "fork", "the fork is what the case runs on"},
    {"trace/", "pass", "true for a revert too: our line has the error instead"},
};

static char *infinity_path;
static const char *case_file;
static char detail[DETAIL_MAX];

static bool is_own_way(const char *member) {
    for (size_t i = 0; i < ARRAY_LEN(own_ways); i++) {
        if (strcmp(own_ways[i].member, member) != 0) continue;
        if (own_ways[i].file == NULL || strstr(case_file, own_ways[i].file) != NULL) return true;
    }
    return false;
}

static bool differ(const char *path, const char *what) {
    if (detail[0] == '\0') (void)snprintf(detail, sizeof detail, "%.180s: %.200s", path, what);
    return false;
}

/* A quantity, written in any way. */
static bool number_of(const json_t *json, struct u256 *out) {
    if (json_is_integer(json)) {
        *out = u256_from_u64((uint64_t)json_integer_value(json));
        return true;
    }
    if (!json_is_string(json)) return false;
    const struct bytes text = vectors_text(json);
    if (text.len > 2 && text.data[0] == '0' && text.data[1] == 'x') {
        return text.len <= 66 && hex_decode_u256(out, text, HEX_LENIENT) == HEX_VALID;
    }
    return u256_from_decimal(out, text);
}

static bool is_nothing(const json_t *json) {
    return json == NULL || json_is_null(json) ||
        (json_is_array(json) && json_array_size(json) == 0);
}

static bool same_scalar(const json_t *expected, const json_t *actual) {
    struct u256 one;
    struct u256 other;
    const char *const text = json_string_value(expected);
    if (text != NULL && json_is_boolean(actual)) {
        return strcmp(text, json_is_true(actual) ? "true" : "false") == 0;
    }
    if (json_is_boolean(expected)) return json_equal(expected, actual);
    if (text != NULL && json_is_string(actual)) {
        const char *const got = json_string_value(actual);
        if (strcasecmp(text, got) == 0) return true;
        /* Bytes stand with and without 0x. */
        if (strncmp(text, "0x", 2) == 0 && strcasecmp(text + 2, got) == 0) return true;
    }
    return number_of(expected, &one) && number_of(actual, &other) && u256_equal(&one, &other);
}

static bool same(const char *path, const json_t *expected, const json_t *actual);

static bool same_object(const char *path, const json_t *expected, const json_t *actual) {
    const char *name;
    json_t *value;
    if (!json_is_object(actual)) return differ(path, "is no object");
    json_object_foreach((json_t *)(uintptr_t)expected, name, value) {
        char inner[PATH_SIZE];
        if (is_own_way(name)) continue;
        (void)snprintf(inner, sizeof inner, "%.900s.%.100s", path, name);
        if (!same(inner, value, json_object_get(actual, name))) return false;
    }
    return true;
}

/* A step that failed: what it would have cost is not agreed between tools. */
static bool is_failed_step(const json_t *expected) {
    return json_object_get(expected, "error") != NULL && json_object_get(expected, "pc") != NULL;
}

static bool same_list(const char *path, const json_t *expected, const json_t *actual) {
    if (!json_is_array(actual)) return differ(path, "is no list");
    if (json_array_size(expected) != json_array_size(actual)) {
        char what[64];
        (void)snprintf(
            what, sizeof what, "%zu entries, not %zu", json_array_size(actual),
            json_array_size(expected)
        );
        return differ(path, what);
    }
    for (size_t i = 0; i < json_array_size(expected); i++) {
        char inner[PATH_SIZE];
        json_t *const one = json_array_get(expected, i);
        (void)snprintf(inner, sizeof inner, "%.900s[%zu]", path, i);
        if (is_failed_step(one)) (void)json_object_del(one, "gasCost");
        if (!same(inner, one, json_array_get(actual, i))) return false;
    }
    return true;
}

static bool same(const char *path, const json_t *expected, const json_t *actual) {
    if (is_nothing(expected) || is_nothing(actual)) {
        return (is_nothing(expected) && is_nothing(actual)) || differ(path, "missing or unwanted");
    }
    if (json_is_object(expected)) return same_object(path, expected, actual);
    if (json_is_array(expected)) return same_list(path, expected, actual);
    if (same_scalar(expected, actual)) return true;
    char what[DETAIL_MAX];
    char *const got = json_dumps(actual, JSON_ENCODE_ANY);
    char *const wanted = json_dumps(expected, JSON_ENCODE_ANY);
    (void)snprintf(what, sizeof what, "%.100s, not %.100s", got, wanted);
    free(got);
    free(wanted);
    return differ(path, what);
}

/* The JSON objects of text, one a line; other lines are left out. */
static json_t *lines_of(const char *text) {
    json_t *const list = json_array();
    while (*text != '\0') {
        const char *const end = strchrnul(text, '\n');
        json_t *const one = json_loadb(text, (size_t)(end - text), 0, NULL);
        if (one != NULL) (void)json_array_append_new(list, one);
        text = *end == '\0' ? end : end + 1;
    }
    return list;
}

/* t8n and b11r take the same command line; a balance without 0x is hex for that tool alone. */
static void write_hex_balances(json_t *stdin_object) {
    const char *address;
    json_t *account;
    json_object_foreach(json_object_get(stdin_object, "alloc"), address, account) {
        const char *const balance = json_string_value(json_object_get(account, "balance"));
        if (balance == NULL || strncmp(balance, "0x", 2) == 0) continue;
        (void)json_object_set_new(account, "balance", json_sprintf("0x%s", balance));
    }
}

static bool tool_case(const json_t *cli, json_t *given, const json_t *expected) {
    char *arguments[ARGUMENTS_MAX] = {infinity_path, "evm"};
    size_t count = 2;
    size_t i;
    json_t *argument;
    char *out;
    char *err;
    json_array_foreach((json_t *)(uintptr_t)cli, i, argument) {
        const char *const text = json_string_value(argument);
        ASSERT(count + 1 < ARGUMENTS_MAX);
        /* A file of output: what it holds is not part of the case. */
        if (strcmp(text, "--output.body=txs.rlp") == 0) continue;
        arguments[count++] = (char *)(uintptr_t)text;
    }
    write_hex_balances(given);
    char *const input = json_dumps(given, 0);
    const int status = program_run(arguments, input, &out, &err);
    json_t *const actual = json_loads(out, 0, NULL);
    bool good = status == 0 || differ("exit status", err);
    if (good) good = same("stdout", expected, actual);
    json_decref(actual);
    free(input);
    free(out);
    free(err);
    return good;
}

/* Whether line is the STOP behind the end of code, which that tool's traces do not have. */
static bool is_implied_stop(const json_t *line, const json_t *expected) {
    const char *const name = json_string_value(json_object_get(line, "opName"));
    return name != NULL && strcmp(name, "STOP") == 0 && json_object_get(expected, "pc") == NULL;
}

/* statetest's trace with, at the end of each case's, the members of its --json line. */
static json_t *joined(json_t *trace, const json_t *cases, const json_t *expected) {
    json_t *const list = json_array();
    size_t case_index = 0;
    size_t i;
    json_t *line;
    json_array_foreach(trace, i, line) {
        if (is_implied_stop(line, json_array_get(expected, json_array_size(list)))) continue;
        if (json_object_get(line, "stateRoot") == NULL) {
            (void)json_array_append(list, line);
            continue;
        }
        json_t *const last = json_array_get(list, json_array_size(list) - 1);
        (void)json_object_update_missing(last, json_array_get(cases, case_index++));
    }
    return list;
}

static bool has_argument(const json_t *cli, const char *text) {
    size_t i;
    json_t *argument;
    json_array_foreach((json_t *)(uintptr_t)cli, i, argument) {
        if (strcmp(json_string_value(argument), text) == 0) return true;
    }
    return false;
}

static bool state_test_case(const json_t *cli, const json_t *given, const json_t *expected) {
    char path[] = "/tmp/tool_cases_XXXXXX";
    const int fd = mkstemp(path);
    char *out;
    char *err;
    ASSERT(fd >= 0);
    ASSERT(json_dumpfd(given, fd, 0) == 0);
    (void)close(fd);
    char *arguments[] = {infinity_path, "evm", "statetest", "--trace", "--json", path, NULL};
    const int status = program_run(arguments, "", &out, &err);
    (void)unlink(path);
    json_t *const trace = lines_of(err);
    json_t *const cases = lines_of(out);
    json_t *const actual = joined(trace, cases, expected);
    if (has_argument(cli, "--trace.nostack")) {
        for (size_t i = 0; i < json_array_size(expected); i++) {
            ASSERT(json_object_get(json_array_get(expected, i), "stack") == NULL);
        }
    }
    bool good = status <= 1 || differ("exit status", err);
    if (good) good = same("trace", expected, actual);
    json_decref(actual);
    json_decref(trace);
    json_decref(cases);
    free(out);
    free(err);
    return good;
}

static const char *value_after(const json_t *cli, const char *name, const char *fallback) {
    for (size_t i = 0; i + 1 < json_array_size(cli); i++) {
        if (strcmp(json_string_value(json_array_get(cli, i)), name) == 0) {
            return json_string_value(json_array_get(cli, i + 1));
        }
    }
    return fallback;
}

/* Digits with or without 0x, of any number up to 40. */
static struct address address_of(const char *text) {
    char padded[43] = "0x0000000000000000000000000000000000000000";
    struct address address;
    if (strncmp(text, "0x", 2) == 0) text += 2;
    ASSERT(strlen(text) <= 40);
    memcpy(padded + 42 - strlen(text), text, strlen(text));
    ASSERT(hex_decode_address(&address, bytes_from(padded, 42)) == HEX_VALID);
    return address;
}

static void keep_line(void *ctx, struct bytes text) {
    json_t *const line = json_loadb((const char *)text.data, text.len, 0, NULL);
    ASSERT(line != NULL);
    (void)json_array_append_new(ctx, line);
}

/* Called by a transaction that nobody signed, which makes caller, callee and fee recipient warm as that
 * tool does. */
static bool lone_call_case(struct arena *arena, const json_t *cli, const json_t *expected) {
    static struct state state;
    static struct eip3155 trace;
    const bool is_shanghai = strcmp(value_after(cli, "--fork", ""), "shanghai") == 0;
    const struct chain_config config = chain_config_at(1, is_shanghai ? FORK_SHANGHAI : FORK_OSAKA);
    const char *const code_text = value_after(cli, "--code", "");
    const char *const input_text = value_after(cli, "--input", "");
    const struct address sender = address_of("73656e646572");
    struct bytes code;
    struct block_run run;
    struct tx_outcome outcome;
    struct tx tx = {.to = address_of(value_after(cli, "--receiver", "7265636569766572"))};
    const struct header header = {
        .number = 1,
        .gas_limit = INT64_MAX,
        .fee_recipient = address_of(value_after(cli, "--coinbase", "0")),
    };
    ASSERT(vectors_hex(arena, &code, bytes_from(code_text, strlen(code_text))));
    ASSERT(vectors_hex(arena, &tx.data, bytes_from(input_text, strlen(input_text))));
    struct evm_tracer tracer;
    const struct chain_vm vm = {evm_create(&heap_source, 0), &tracer};
    json_t *const lines = json_array();
    state_init(&state, arena, &genesis_empty_reader);
    state_set_code(&state, &tx.to, code);
    block_run_init(&run, arena, &state, &vm, &config, &header);
    eip3155_init(&trace, &tracer, run.evm_rules, keep_line, lines);

    const uint64_t intrinsic = tx_intrinsic_gas(&tx, &run.rules);
    tx.gas_limit = strtoull(value_after(cli, "--gas", "10000000000"), NULL, 10);
    if (!has_argument(cli, "--intrinsic-gas")) tx.gas_limit += intrinsic;
    ASSERT(block_run_call(&run, &outcome, &tx, &sender) == TX_VALID);
    const struct evm_result result = {.status = outcome.status, .output = outcome.output};
    eip3155_result(&trace, &result, outcome.gas_used + outcome.gas_refunded - intrinsic);
    const bool good = same("trace", expected, lines);
    json_decref(lines);
    evm_destroy(vm.evm);
    return good;
}

static void one_file(struct arena *arena, const char *file) {
    json_t *const root = vectors_load(file);
    if (root == NULL) return;
    json_t *const cli = json_object_get(root, "cli");
    json_t *const given = json_object_get(root, "stdin");
    const json_t *const expected = json_object_get(root, "stdout");
    const char *const first = json_string_value(json_array_get(cli, 0));
    bool good;
    case_file = file;
    detail[0] = '\0';
    if (strcmp(first, "t8n") == 0 || strcmp(first, "b11r") == 0) {
        good = tool_case(cli, given, expected);
    } else if (has_argument(cli, "state-test")) {
        good = state_test_case(cli, given, expected);
    } else {
        good = lone_call_case(arena, cli, expected);
    }
    vectors_count(good, file, detail);
    json_decref(root);
    arena_reset(arena);
}

static void one_folder(struct arena *arena, const char *folder) {
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", vectors_root(), folder);
    DIR *const directory = opendir(path);
    if (directory == NULL) {
        vectors_count(false, folder, "cannot be read");
        return;
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char file[512];
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(file, sizeof file, "%.100s/%.255s", folder, entry->d_name);
        one_file(arena, file);
    }
    (void)closedir(directory);
}

/* ---- Flags of t8n ---- */

/* A transaction that calls code, which asks the identity precompile for a byte and stops. */
static const char flags_input[] =
    "{\"alloc\":{\"0xa94f5374fce5edbc8e2a8697c15331677e6ebf0b\":{\"balance\":\"0x16345785d8a0000\"}"
    ","
    "\"0x00000000000000000000000000000000000000c1\":{\"balance\":\"0x7\",\"code\":"
    "\"0x602a600052600060006001601f600060045af100\"}},"
    "\"env\":{\"currentCoinbase\":\"0x2adc25665018aa1fe0e6bc666dac8fc2697ff9ba\",\"currentNumber\":"
    "\"%d\",\"currentTimestamp\":\"%d\",\"currentGasLimit\":\"0x1000000000\",%s\"currentBaseFee\":"
    "\"0x8\",\"parentExcessBlobGas\":\"0x0\",\"parentBlobGasUsed\":\"0x180000\"},"
    "\"blobParams\":{\"target\":\"0x1\",\"max\":2,\"baseFeeUpdateFraction\":\"0x32f0ed\"},"
    "\"txs\":[{\"gas\":\"0x186a0\",\"gasPrice\":\"0x600\",\"input\":\"0x1234\",\"nonce\":\"0x0\","
    "\"to\":"
    "\"0x00000000000000000000000000000000000000c1\",\"value\":\"0x1\",\"v\":\"0x0\",\"r\":\"0x0\","
    "\"s\":\"0x0\",\"protected\":%s,\"secretKey\":"
    "\"0x45a915e4d060149eb4365960e6a7a45f334393093061116b197e3240065ff2d8\"}]}";

#define FLAGS_TRACE "trace-0-0x"

struct flags_case {
    const char *name;
    const char *arguments[6]; /* NULL-ended, beside those that read stdin */
    int number, timestamp;
    bool has_no_random;
    int status;
    const char *ending; /* of the trace file's name, or NULL: there is none */
    const char *has,
        *lacks; /* what stands in that file, or on stdout and stderr, and does not; or NULL */
};

static const struct flags_case flags_cases[] = {
    {"lines",
     {"--state.fork=Cancun", "--trace"},
     1,
     1,
     false,
     0,
     ".jsonl",
     "\"op\":82,\"gas\":\"0x13472\",\"gasCost\":\"0x6\",\"memSize\":0,\"stack\":[\"0x2a\",\"0x0\"]",
     "\"memory\""},
    {"the call's own gas",
     {"--state.fork=Cancun", "--trace"},
     1,
     1,
     false,
     0,
     ".jsonl",
     "{\"output\":\"\",\"gasUsed\":\"0x96\"}\n",
     "returnData"},
    {"memory",
     {"--state.fork=Cancun", "--trace", "--trace.memory"},
     1,
     1,
     false,
     0,
     ".jsonl",
     "\"memory\":\"0x000000000000000000000000000000000000000000000000000000000000002a\",",
     NULL},
    {"memory, the old way",
     {"--state.fork=Cancun", "--trace", "--trace.nomemory=false"},
     1,
     1,
     false,
     0,
     ".jsonl",
     "\"memory\":\"0x0000",
     NULL},
    {"no stack, with return data",
     {"--state.fork=Cancun", "--trace", "--trace.nostack", "--trace.returndata"},
     1,
     1,
     false,
     0,
     ".jsonl",
     "\"stack\":null,\"returnData\":\"0x2a\"",
     "\"stack\":["},
    {"the defaults said aloud",
     {"--state.fork=Cancun", "--trace", "--trace.nomemory", "--trace.noreturndata"},
     1,
     1,
     false,
     0,
     ".jsonl",
     "\"stack\":[",
     "returnData"},
    {"calls",
     {"--state.fork=Cancun", "--trace", "--trace.callframes"},
     1,
     1,
     false,
     0,
     ".jsonl",
     "\"value\":\"0x0\",\"type\":\"CALL\"}\n{\"output\":\"2a\",\"gasUsed\":\"0x12\"}\n",
     NULL},
    {"a tracer",
     {"--state.fork=Cancun", "--trace.tracer=callTracer"},
     1,
     1,
     false,
     0,
     ".json",
     "\"gas\":\"0x186a0\",\"gasUsed\":\"0x52be\"",
     "\"pc\""},
    {"a tracer rather than lines",
     {"--state.fork=Cancun", "--trace", "--trace.tracer=prestateTracer", "--trace.jsonconfig",
      "{\"diffMode\":true}"},
     1,
     1,
     false,
     0,
     ".json",
     "\"post\":{",
     "\"pc\""},
    {"a tracer that is none",
     {"--state.fork=Cancun", "--trace.tracer={}"},
     1,
     1,
     false,
     3,
     NULL,
     "ERROR(3): failed instantiating tracer: tracer not found",
     NULL},
    {"a configuration that is none",
     {"--state.fork=Cancun", "--trace.tracer=callTracer", "--trace.jsonconfig={"},
     1,
     1,
     false,
     3,
     NULL,
     "ERROR(3): failed instantiating tracer: --trace.jsonconfig",
     NULL},
    {"a flag that is neither",
     {"--state.fork=Cancun", "--trace=maybe"},
     1,
     1,
     false,
     1,
     NULL,
     "--trace is true or false",
     NULL},
    {"counts",
     {"--state.fork=Cancun", "--opcode.count=stdout", "--trace.tracer=noopTracer"},
     1,
     1,
     false,
     0,
     ".json",
     "{}\n",
     NULL},
    {"counts alone",
     {"--state.fork=Cancun", "--opcode.count=stdout"},
     1,
     1,
     false,
     0,
     NULL,
     "\"opcodeCount\":{\"STOP\":1,\"MSTORE\":1,\"GAS\":1,\"PUSH1\":8,\"CALL\":1}",
     NULL},
    {"no trace",
     {"--state.fork=Cancun", "--trace=false"},
     1,
     1,
     false,
     0,
     NULL,
     "\"result\"",
     NULL},
    {"before a time",
     {"--state.fork=CancunToPragueAtTime15k"},
     1,
     14999,
     false,
     0,
     NULL,
     "currentExcessBlobGas",
     "requestsHash"},
    {"before another time",
     {"--state.fork=ParisToShanghaiAtTime15k"},
     1,
     14999,
     false,
     0,
     NULL,
     "currentBaseFee",
     "withdrawalsRoot"},
    {"at a time",
     {"--state.fork=ParisToShanghaiAtTime15k"},
     1,
     15000,
     false,
     0,
     NULL,
     "withdrawalsRoot",
     NULL},
    {"before a block",
     {"--state.fork=BerlinToLondonAt5"},
     4,
     1,
     true,
     0,
     NULL,
     "receiptsRoot",
     "currentBaseFee"},
    {"at a block", {"--state.fork=BerlinToLondonAt5"}, 5, 1, true, 0, NULL, "currentBaseFee", NULL},
    {"before the merge",
     {"--state.fork=ArrowGlacierToParisAtDiffC0000"},
     1,
     1,
     true,
     0,
     NULL,
     "\"currentDifficulty\":\"0x20000\"",
     NULL},
    {"behind the merge",
     {"--state.fork=ArrowGlacierToParisAtDiffC0000"},
     1,
     1,
     false,
     0,
     NULL,
     "\"currentDifficulty\":null",
     NULL},
    {"another name",
     {"--state.fork=TangerineWhistle"},
     1,
     1,
     true,
     0,
     NULL,
     "\"root\":\"0x",
     "\"root\":\"0x\""},
    {"no fork",
     {"--state.fork=AtlantisToOsakaAtTime15k"},
     1,
     1,
     false,
     3,
     NULL,
     "unsupported fork",
     NULL},
    {"the fork's blobs",
     {"--state.fork=Cancun"},
     1,
     1,
     false,
     0,
     NULL,
     "\"currentExcessBlobGas\":\"0x120000\"",
     NULL},
    {"other blobs",
     {"--state.fork=Cancun", "--input.blobParams=stdin"},
     1,
     1,
     false,
     0,
     NULL,
     "\"currentExcessBlobGas\":\"0x160000\"",
     NULL},
    {"a state test",
     {"--state.fork=Frontier", "--state-test"},
     1,
     1,
     true,
     0,
     NULL,
     "stateRoot",
     "\"balance\":\"0x4563"},
};

/* The trace file in folder, which goes with it; NULL where there is none. */
static char *take_trace(const char *folder, const char *ending) {
    char *text = NULL;
    DIR *const directory = opendir(folder);
    ASSERT(directory != NULL);
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        char path[PATH_SIZE];
        const size_t len = strlen(entry->d_name);
        if (entry->d_name[0] == '.') continue;
        (void)snprintf(path, sizeof path, "%.300s/%.255s", folder, entry->d_name);
        FILE *const file = fopen(path, "rb");
        ASSERT(file != NULL);
        const bool is_it = ending != NULL && strncmp(entry->d_name, FLAGS_TRACE, 10) == 0 &&
            len > 70 && strcmp(entry->d_name + 10 + 64, ending) == 0;
        if (is_it) text = program_output(file);
        (void)fclose(file);
        (void)unlink(path);
    }
    (void)closedir(directory);
    (void)rmdir(folder);
    return text;
}

static void flags_case(const struct flags_case *one) {
    char input[4096];
    char folder[] = "/tmp/tool_cases_XXXXXX";
    char *arguments[ARGUMENTS_MAX] = {
        infinity_path,
        "evm",
        "t8n",
        "--input.alloc=stdin",
        "--input.env=stdin",
        "--input.txs=stdin",
        "--output.alloc=stdout",
        "--output.result=stdout",
        "--output.basedir",
        folder,
    };
    size_t count = 10;
    char *out;
    char *err;
    ASSERT(mkdtemp(folder) != NULL);
    for (size_t i = 0; one->arguments[i] != NULL; i++) {
        arguments[count++] = (char *)(uintptr_t)one->arguments[i];
    }
    (void)snprintf(
        input, sizeof input, flags_input, one->number, one->timestamp,
        one->has_no_random ? "\"currentDifficulty\":\"0x20000\"," : "\"currentRandom\":\"0x0\",",
        one->has_no_random ? "false" : "true"
    );
    const int status = program_run(arguments, input, &out, &err);
    char *const trace = take_trace(folder, one->ending);
    const char *const said = trace != NULL ? trace : status == 0 ? out : err;
    detail[0] = '\0';
    bool good = status == one->status || differ("exit status", err);
    if (good && (trace != NULL) != (one->ending != NULL))
        good = differ("trace file", "is or is not there");
    if (good && strstr(said, one->has) == NULL) good = differ(one->has, "is not there");
    if (good && one->lacks != NULL && strstr(said, one->lacks) != NULL)
        good = differ(one->lacks, "is there");
    vectors_count(good, one->name, detail);
    free(trace);
    free(out);
    free(err);
}

int main(int argc, char **argv) {
    static const char *const folders[] = {"b11r", "state-test", "t8n", "trace"};
    struct arena arena;
    if (argc != 2) {
        (void)fputs("Usage: tool_cases PATH-OF-INFINITY\n", stderr);
        return 2;
    }
    infinity_path = argv[1];
    vectors_need("evm/besu_t8n");
    arena_init(&arena, &heap_source);
    for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
        char folder[64];
        (void)snprintf(folder, sizeof folder, "evm/besu_t8n/%s", folders[i]);
        one_folder(&arena, folder);
    }
    for (size_t i = 0; i < ARRAY_LEN(flags_cases); i++) {
        flags_case(&flags_cases[i]);
    }
    return vectors_end();
}
