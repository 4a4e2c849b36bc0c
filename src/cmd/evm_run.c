/* infinity evm run: one call of given code, for debugging and for measuring the interpreter. */
#include "cmd/command.h"
#include "codec/hex.h"
#include "evm/eip3155.h"
#include "evm/lone_call.h"
#include "world/heap.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define FILE_SIZE_MAX  ((size_t)64 << 20)
#define CODE_CACHE_MAX ((size_t)64 << 20)

enum {
    RUNS_MIN = 5,
    RUNS_MAX = 1000000,
    /* Code is decoded at its second call (decision 0030), so the third run finds all of it decoded. */
    WARM_UP_RUNS = 2,
};
#define BENCH_TIME_NS UINT64_C(150000000) /* without --runs: at least this long */

static const char command_name[] = "evm run";

static const char help[] =
    "Usage: infinity evm run --code FILE|0x… [OPTIONS]\n"
    "\n"
    "Calls code in an otherwise empty state and prints what it returned.\n"
    "\n"
    "  --code X         the code: 0x-hex, or a file of hex digits\n"
    "  --input X        calldata: hex, or @file (default: none)\n"
    "  --gas N          gas of the call, without intrinsic cost (default 10000000000)\n"
    "  --fork NAME      rules: Frontier … Osaka (default Osaka)\n"
    "  --caller A       sender (default 0x000000000000000000000000000073656e646572)\n"
    "  --address A      where the code stands (default "
    "0x0000000000000000000000007265636569766572)\n"
    "  --value N        wei sent along (default 0)\n"
    "  --trace          EIP-3155 lines on stderr\n"
    "  --json           the result as one JSON object\n"
    "  --bench          repeat in a fresh state each time and report the median time, after\n"
    "                   two runs that are not measured, by which the code is decoded\n"
    "  --runs N         how often (default: 150 ms long, 5 times at least)\n"
    "  --cold           forget analysed code before each run, and measure from the first on\n"
    "  --engine NAME    which loop runs the code: auto (default), plain or stream\n"
    "\n"
    "BENCH_CLOCK=cpu in the environment measures processor time instead of the wall clock's.\n"
    "gas_used leaves out refunds. Caller, callee and precompiles are warm.\n"
    "\n"
    "Example: infinity evm run --code 0x602a5f5260205ff3\n"
    "Exit status: 0 the call succeeded, 1 it did not, 2 bad usage, 3 failure.\n";

struct run_options {
    struct bytes code;
    struct lone_call call;
    bool trace, json, bench, cold;
    enum evm_engine engine;
    uint64_t runs; /* 0: as many as fill the time */
};

static uint64_t now_ns(clockid_t clock) {
    struct timespec t;
    (void)clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec;
}

static int compare_u64(const void *a, const void *b) {
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The median time of a run; the result is that of the last. */
static uint64_t bench(
    struct run_options *options, struct evm *evm, struct arena *arena, struct evm_result *result
) {
    const char *clock_name = getenv("BENCH_CLOCK");
    const bool cpu = clock_name != NULL && strcmp(clock_name, "cpu") == 0;
    const clockid_t clock = cpu ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
    uint64_t *times = malloc(RUNS_MAX * sizeof *times);
    ASSERT(times != NULL && "out of memory");

    const struct arena_mark mark = arena_mark(arena);
    for (int i = 0; i < WARM_UP_RUNS && !options->cold; i++) {
        arena_rewind(arena, mark);
        lone_call_run(&options->call, evm, arena, result);
    }
    uint64_t count = 0, total = 0;
    while (count < RUNS_MAX) {
        const bool enough = count >= RUNS_MIN && total >= BENCH_TIME_NS;
        if (options->runs == 0 ? enough : count >= options->runs) break;
        if (options->cold) evm_drop_code_cache(evm);
        const uint64_t begin = now_ns(clock);
        arena_rewind(arena, mark);
        lone_call_run(&options->call, evm, arena, result);
        times[count] = now_ns(clock) - begin;
        total += times[count++];
    }
    qsort(times, count, sizeof *times, compare_u64);
    const uint64_t median = times[count / 2];
    free(times);
    return median;
}

static void print_trace_line(void *ctx, struct bytes text) {
    (void)fwrite(text.data, 1, text.len, ctx);
    (void)fputc('\n', ctx);
}

static void print_result(
    const struct run_options *options, const struct evm_result *result, uint64_t time_ns
) {
    const uint64_t gas_used = options->call.gas - result->gas_left;
    char *output = malloc(HEX_TEXT_SIZE(result->output.len) + 1);
    ASSERT(output != NULL && "out of memory");
    output[hex_encode(output, result->output)] = '\0';
    if (options->json) {
        (void)printf("{\"gas_used\":%llu,", (unsigned long long)gas_used);
        if (options->bench) (void)printf("\"time_ns\":%llu,", (unsigned long long)time_ns);
        (void
        )printf("\"output\":\"%s\",\"status\":\"%s\"}\n", output, evm_status_text(result->status));
    } else {
        (void)printf("status    %s\n", evm_status_text(result->status));
        (void)printf("gas used  %llu\n", (unsigned long long)gas_used);
        (void)printf("output    %s\n", output);
        if (options->bench) {
            (void)printf(
                "time      %.3f us, %.1f Mgas/s\n", (double)time_ns / 1e3,
                time_ns == 0 ? 0.0 : (double)gas_used * 1e3 / (double)time_ns
            );
        }
    }
    free(output);
}

/* Reading the command line. */

static bool read_file(struct arena *arena, const char *path, struct bytes *out) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    size_t room = 1 << 16, len = 0;
    uint8_t *data = malloc(room);
    ASSERT(data != NULL && "out of memory");
    for (size_t got = 1; got > 0 && len < FILE_SIZE_MAX;) {
        got = fread(data + len, 1, room - len, file);
        len += got;
        if (len < room) continue;
        room *= 2;
        data = realloc(data, room);
        ASSERT(data != NULL && "out of memory");
    }
    const bool good = ferror(file) == 0 && len < FILE_SIZE_MAX;
    (void)fclose(file);
    *out = arena_copy(arena, bytes_from(data, len));
    free(data);
    return good;
}

static bool is_space(uint8_t c) {
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Hex digits with or without 0x, white space around them. */
static bool decode_hex(struct arena *arena, struct bytes text, struct bytes *out) {
    while (text.len > 0 && is_space(text.data[0])) {
        text = bytes_slice(text, 1, text.len - 1);
    }
    while (text.len > 0 && is_space(text.data[text.len - 1])) {
        text.len--;
    }
    if (text.len >= 2 && text.data[0] == '0' && text.data[1] == 'x') {
        text = bytes_slice(text, 2, text.len - 2);
    }
    const size_t size = text.len / 2;
    if (size > FILE_SIZE_MAX) return false;
    uint8_t *data = arena_alloc_raw(arena, size, 1);
    size_t len;
    if (hex_decode_bare(data, size, &len, text) != HEX_VALID) return false;
    *out = bytes_from(data, len);
    return true;
}

/* A value as 0x-hex or @file; with plain_file also as a file's name alone. */
static int read_value(
    struct arena *arena, const char *option, const char *text, bool plain_file, struct bytes *out
) {
    const bool hex = text[0] == '0' && text[1] == 'x';
    struct bytes digits = bytes_from(text, strlen(text));
    if (!hex && (text[0] == '@' || plain_file)) {
        const char *path = text[0] == '@' ? text + 1 : text;
        if (!read_file(arena, path, &digits)) {
            return command_failure(command_name, "cannot read %s", path);
        }
    }
    if (decode_hex(arena, digits, out)) return EXIT_GOOD;
    return command_usage_error(command_name, "%s: not an even number of hex digits", option);
}

static bool read_u64(const char *text, uint64_t *out) {
    const struct bytes digits = bytes_from(text, strlen(text));
    struct u256 word;
    if (digits.len > 2 && text[0] == '0' && text[1] == 'x') {
        return hex_decode_u64(out, digits, HEX_LENIENT) == HEX_VALID;
    }
    if (!u256_from_decimal(&word, digits) || !u256_fits_u64(&word)) return false;
    *out = word.limb[0];
    return true;
}

static bool read_u256(const char *text, struct u256 *out) {
    const struct bytes digits = bytes_from(text, strlen(text));
    if (digits.len > 2 && text[0] == '0' && text[1] == 'x') {
        return hex_decode_u256(out, digits, HEX_LENIENT) == HEX_VALID;
    }
    return u256_from_decimal(out, digits);
}

static bool read_address(const char *text, struct address *out) {
    return hex_decode_address(out, bytes_from(text, strlen(text))) == HEX_VALID;
}

enum option {
    OPTION_CODE = 1,
    OPTION_INPUT,
    OPTION_GAS,
    OPTION_FORK,
    OPTION_CALLER,
    OPTION_ADDRESS,
    OPTION_VALUE,
    OPTION_TRACE,
    OPTION_JSON,
    OPTION_BENCH,
    OPTION_RUNS,
    OPTION_COLD,
    OPTION_ENGINE,
    OPTION_HELP,
};

static int read_number_option(struct run_options *options, enum option option, const char *text) {
    bool good = false;
    const char *name = "";
    switch (option) {
    case OPTION_GAS:
        name = "--gas: not a number up to 2^63 - 1";
        good = read_u64(text, &options->call.gas) && options->call.gas <= INT64_MAX;
        break;
    case OPTION_RUNS:
        name = "--runs: not a number from 1 to 1000000";
        good = read_u64(text, &options->runs) && options->runs >= 1 && options->runs <= RUNS_MAX;
        break;
    case OPTION_VALUE:
        name = "--value: not a number below 2^256";
        good = read_u256(text, &options->call.value);
        break;
    case OPTION_CALLER:
        name = "--caller: not an address";
        good = read_address(text, &options->call.caller);
        break;
    case OPTION_ADDRESS:
        name = "--address: not an address";
        good = read_address(text, &options->call.address);
        break;
    default: break;
    }
    return good ? EXIT_GOOD : command_usage_error(command_name, "%s", name);
}

static int read_option(
    struct arena *arena, struct run_options *options, enum option option, const char *text
) {
    enum evm_revision revision;
    switch (option) {
    case OPTION_CODE: return read_value(arena, "--code", text, true, &options->code);
    case OPTION_INPUT: return read_value(arena, "--input", text, false, &options->call.input);
    case OPTION_FORK:
        if (!evm_revision_from_name(&revision, bytes_from(text, strlen(text)))) {
            return command_usage_error(command_name, "--fork: no rules are called '%s'", text);
        }
        options->call.rules = evm_rules_of(revision);
        return EXIT_GOOD;
    case OPTION_TRACE: options->trace = true; return EXIT_GOOD;
    case OPTION_JSON: options->json = true; return EXIT_GOOD;
    case OPTION_BENCH: options->bench = true; return EXIT_GOOD;
    case OPTION_ENGINE:
        if (!evm_engine_from_name(&options->engine, text)) {
            return command_usage_error(command_name, "--engine: neither auto nor plain nor stream");
        }
        return EXIT_GOOD;
    case OPTION_COLD: options->cold = true; return EXIT_GOOD;
    default: return read_number_option(options, option, text);
    }
}

static int read_options(
    struct arena *arena, struct run_options *options, bool *help_wanted, int argc, char **argv
) {
    static const struct option_row {
        const char *name;
        bool has_value;
        enum option option;
    } rows[] = {
        {"code", true, OPTION_CODE},     {"input", true, OPTION_INPUT},
        {"gas", true, OPTION_GAS},       {"fork", true, OPTION_FORK},
        {"caller", true, OPTION_CALLER}, {"address", true, OPTION_ADDRESS},
        {"value", true, OPTION_VALUE},   {"trace", false, OPTION_TRACE},
        {"json", false, OPTION_JSON},    {"bench", false, OPTION_BENCH},
        {"runs", true, OPTION_RUNS},     {"cold", false, OPTION_COLD},
        {"engine", true, OPTION_ENGINE}, {"help", false, OPTION_HELP},
    };
    *help_wanted = false;
    bool has_code = false;
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        const struct option_row *row = NULL;
        for (size_t k = 0; k < ARRAY_LEN(rows); k++) {
            if (strncmp(argument, "--", 2) == 0 && strcmp(argument + 2, rows[k].name) == 0) {
                row = &rows[k];
            }
        }
        if (row == NULL) return command_bad_option(command_name, '?', argument);
        if (row->option == OPTION_HELP) {
            *help_wanted = true;
            return EXIT_GOOD;
        }
        if (row->has_value && i + 1 == argc) {
            return command_bad_option(command_name, ':', argument);
        }
        const int status =
            read_option(arena, options, row->option, row->has_value ? argv[++i] : NULL);
        if (status != EXIT_GOOD) return status;
        has_code = has_code || row->option == OPTION_CODE;
    }
    if (!has_code) {
        return command_usage_error(
            command_name, "--code is missing, such as --code 0x602a5f5260205ff3"
        );
    }
    return EXIT_GOOD;
}

static int run(struct arena *arena, struct run_options *options) {
    struct lone_call *call = &options->call;
    struct evm *evm = evm_create(&heap_source, CODE_CACHE_MAX);
    evm_set_engine(evm, options->engine);
    struct evm_result result;
    uint64_t time_ns = 0;
    if (options->bench) {
        time_ns = bench(options, evm, arena, &result);
    } else if (options->trace) {
        struct eip3155 *trace = malloc(sizeof *trace);
        ASSERT(trace != NULL && "out of memory");
        struct evm_tracer tracer;
        eip3155_init(trace, &tracer, call->rules, print_trace_line, stderr);
        call->tracer = &tracer;
        lone_call_run(call, evm, arena, &result);
        eip3155_result(trace, &result, call->gas - result.gas_left);
        free(trace);
    } else {
        lone_call_run(call, evm, arena, &result);
    }
    print_result(options, &result, time_ns);
    const bool success = result.status == EVM_SUCCESS;
    evm_destroy(evm);
    return success ? EXIT_GOOD : EXIT_NO;
}

int cmd_evm_run(int argc, char **argv) {
    struct run_options options = {0};
    lone_call_init(&options.call, evm_rules_of(EVM_OSAKA), bytes_from(NULL, 0));
    struct arena arena;
    arena_init(&arena, &heap_source);
    bool help_wanted;
    int status = read_options(&arena, &options, &help_wanted, argc, argv);
    if (help_wanted) {
        (void)fputs(help, stdout);
    } else if (status == EXIT_GOOD) {
        lone_call_set_code(&options.call, options.code);
        status = run(&arena, &options);
    }
    arena_reset(&arena);
    return status;
}
