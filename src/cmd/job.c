/* job: asks a chain for jobs, as its users do. */
#include "cmd/command.h"
#include "cmd/job_flow.h"
#include "cmd/value.h"
#include "job/limits.h"
#include "world/heap.h"

#include <getopt.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define DEFAULT_RPC "http://127.0.0.1:8545"

static const char help[] =
    "Usage: infinity job run SAMPLE --input TEXT [OPTIONS]\n"
    "\n"
    "Asks a chain to run a sample program, through a consumer contract that it deploys: request,\n"
    "run, result posted by the proposer, callback. Prints each stage with its block, gas, fee and\n"
    "latency, and checks the answer against a run on this machine and a computation without it.\n"
    "\n"
    "Samples and their inputs:\n";

static const char help_options[] =
    "\n"
    "Options:\n"
    "  --input TEXT        the input, in the sample's notation\n"
    "  --rpc URL           the node (default " DEFAULT_RPC ")\n"
    "  --key HEX           0x and 64 digits: the secret key that pays (default: the first account\n"
    "                      of the test mnemonic; other users of the machine can see arguments, so\n"
    "                      give a key with money on it as @FILE)\n"
    "  --max-cycles N      what the job may take (default: what it takes, and a quarter more)\n"
    "  --callback-gas N    for the callback (default 200000)\n"
    "  --json              one JSON object instead of the table\n"
    "  --help              this text\n"
    "\n"
    "Example:\n"
    "  infinity job run sqrt --input 1764\n"
    "\n"
    "Exit status: 0 the job completed with the right answer, 1 it ended in another way, 2 bad\n"
    "usage, 3 no answer (no node, not enough money, …).\n";

struct job_options {
    const struct sample *sample;
    const char *input, *rpc;
    bool has_key, json;
    struct ecdsa_secret_key key;
    struct job_flow_options flow;
};

enum option_code {
    OPT_INPUT = 256,
    OPT_RPC,
    OPT_KEY,
    OPT_MAX_CYCLES,
    OPT_CALLBACK_GAS,
    OPT_JSON,
    OPT_HELP,
};

static const struct option long_options[] = {
    {"input", required_argument, NULL, OPT_INPUT},
    {"rpc", required_argument, NULL, OPT_RPC},
    {"key", required_argument, NULL, OPT_KEY},
    {"max-cycles", required_argument, NULL, OPT_MAX_CYCLES},
    {"callback-gas", required_argument, NULL, OPT_CALLBACK_GAS},
    {"json", no_argument, NULL, OPT_JSON},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static void print_help(void) {
    (void)fputs(help, stdout);
    for (size_t i = 0; i < sample_count; i++) {
        (void)printf(
            "  %-14s %s\n  %-14s such as %s\n", samples[i].name, samples[i].notation, "",
            samples[i].example
        );
    }
    (void)fputs(help_options, stdout);
}

static int take_key(struct job_options *options, struct arena *arena, const char *text) {
    struct bytes key;
    const int answer = value_bytes(
        arena, &key, (struct value_name){"job run", "--key"}, text, sizeof options->key.bytes
    );
    if (answer != EXIT_GOOD) return answer;
    if (key.len != sizeof options->key.bytes) {
        return command_usage_error("job run", "--key is not 32 bytes long");
    }
    memcpy(options->key.bytes, key.data, key.len);
    options->has_key = true;
    return EXIT_GOOD;
}

static int take_number(uint64_t *out, const char *flag, const char *text, uint64_t most) {
    return value_u64(out, (struct value_name){"job run", flag}, text, 1, most);
}

static int take_rpc(struct job_options *options, const char *url) {
    struct rpc_client client;
    options->rpc = url;
    return rpc_client_open(&client, url)
        ? EXIT_GOOD
        : command_usage_error("job run", "--rpc: %s", client.error);
}

static int take_option(struct job_options *options, struct arena *arena, int code) {
    switch (code) {
    case OPT_INPUT: options->input = optarg; return EXIT_GOOD;
    case OPT_RPC: return take_rpc(options, optarg);
    case OPT_KEY: return take_key(options, arena, optarg);
    case OPT_MAX_CYCLES:
        return take_number(&options->flow.max_cycles, "--max-cycles", optarg, JOB_CYCLES_MAX);
    case OPT_CALLBACK_GAS:
        return take_number(&options->flow.callback_gas, "--callback-gas", optarg, UINT64_MAX / 2);
    default:
        ASSERT(code == OPT_JSON);
        options->json = true;
        return EXIT_GOOD;
    }
}

/* *done: the exit status that is answered is the last word. */
static int read_options(
    struct job_options *options, struct arena *arena, bool *done, int argc, char **argv
) {
    *options = (struct job_options){.rpc = DEFAULT_RPC};
    *done = true;
    optind = 1;
    opterr = 0;
    for (int code; (code = getopt_long(argc, argv, ":", long_options, NULL)) != -1;) {
        if (code == OPT_HELP) {
            print_help();
            return EXIT_GOOD;
        }
        if (code == '?' || code == ':') {
            return command_bad_option("job run", code, argv[optind - 1]);
        }
        const int answer = take_option(options, arena, code);
        if (answer != EXIT_GOOD) return answer;
    }
    if (optind + 1 != argc) {
        return command_usage_error("job run", "name one sample program, such as sqrt");
    }
    options->sample = sample_find(argv[optind]);
    if (options->sample == NULL) {
        return command_usage_error("job run", "there is no sample '%s'", argv[optind]);
    }
    if (options->input == NULL) {
        return command_usage_error(
            "job run", "--input is missing, such as --input %s", options->sample->example
        );
    }
    struct bytes onchain;
    const char *fault = options->sample->read(arena, &onchain, options->input);
    if (fault != NULL) return command_usage_error("job run", "--input: %s", fault);
    *done = false;
    return EXIT_GOOD;
}

/* ---- what is shown ---- */

static void print_hex(const char *name, struct bytes data) {
    (void)printf("%-10s 0x", name);
    for (size_t i = 0; i < data.len; i++) {
        (void)printf("%02x", data.data[i]);
    }
    (void)printf("\n");
}

/* Wei as ETH with nine decimals: gwei. */
static void ether_text(char out[64], const struct u256 *wei) {
    const struct u256 gwei = u256_from_u64(1000000000);
    struct u256 amount;
    u256_divmod(&amount, NULL, wei, &gwei);
    const uint64_t value = amount.limb[0];
    (void
    )snprintf(out, 64, "%" PRIu64 ".%09" PRIu64 " ETH", value / 1000000000, value % 1000000000);
}

static void print_stages(const struct job_flow *flow) {
    char escrow[64], charged[64];
    ether_text(escrow, &flow->escrow);
    ether_text(charged, &flow->charged);
    (void)printf("\n%-9s %7s %9s %11s   %s\n", "stage", "block", "gas", "latency", "");
    (void)printf(
        "%-9s %7" PRIu64 " %9" PRIu64 " %8.1f ms   %s escrowed, ready at block %" PRIu64 "\n",
        "request", flow->request.block, flow->request.gas_used,
        (double)flow->request.time_us / 1000, escrow, flow->ready_at
    );
    (void)printf(
        "%-9s %7s %9s %8.1f ms   %" PRIu64 " cycles (the same run on this machine)\n", "run", "-",
        "-", (double)flow->local_time_us / 1000, flow->local.used_cycles
    );
    (void)printf(
        "%-9s %7" PRIu64 " %9" PRIu64 " %8.1f ms   %s charged, %" PRIu64
        " cycles, %s, code %" PRIu64 "\n",
        "post", flow->posting.block, flow->posting.gas_used, (double)flow->result.time_us / 1000,
        charged, flow->result.used_cycles, flow->result.outcome, flow->result.code
    );
    (void)printf(
        "%-9s %7" PRIu64 " %9s %11s   %s\n\n", "callback", flow->posting.block, "-", "-",
        flow->callback_succeeded ? "succeeded, in the transaction of the result"
                                 : "failed; anyone may retry it"
    );
}

static void print_flow(const struct job_flow *flow, struct arena *arena) {
    print_hex("program", BYTES_OF(flow->program_id));
    (void)printf("%-10s %s\n", "input", flow->input);
    print_hex("consumer", BYTES_OF(flow->consumer));
    print_hex("job", BYTES_OF(flow->job_id));
    print_stages(flow);
    const char *answer =
        flow->result.completed ? flow->sample->show(arena, flow->result.output) : NULL;
    (void)printf("%-10s %s\n", "result", answer == NULL ? flow->result.status : answer);
    (void)printf(
        "%-10s %s\n", "check",
        job_flow_agrees(flow) ? "equal to the run on this machine and to the host's computation"
            : flow->result.completed ? "DIFFERENT from the run on this machine"
                                     : "no result to compare"
    );
}

static void write_amount(struct json_writer *writer, const char *name, const struct u256 *wei) {
    json_name(writer, name);
    json_write_quantity_u256(writer, wei);
}

static void write_number(struct json_writer *writer, const char *name, uint64_t value) {
    json_name(writer, name);
    json_write_number(writer, value);
}

static void write_hash(struct json_writer *writer, const char *name, const struct hash *hash) {
    json_name(writer, name);
    json_write_hash(writer, hash);
}

static void print_json(const struct job_flow *flow, struct arena *arena) {
    struct json_writer writer;
    const char *answer =
        flow->result.completed ? flow->sample->show(arena, flow->result.output) : NULL;
    json_writer_init(&writer, 1 << 22);
    json_begin_object(&writer);
    json_name(&writer, "sample");
    json_write_cstring(&writer, flow->sample->name);
    json_name(&writer, "input");
    json_write_cstring(&writer, flow->input);
    write_hash(&writer, "programID", &flow->program_id);
    write_hash(&writer, "jobID", &flow->job_id);
    json_name(&writer, "consumer");
    json_write_address(&writer, &flow->consumer);
    write_hash(&writer, "requestTx", &flow->request.hash);
    write_hash(&writer, "resultTx", &flow->posting.hash);
    write_number(&writer, "requestBlock", flow->request.block);
    write_number(&writer, "resultBlock", flow->posting.block);
    write_number(&writer, "requestGas", flow->request.gas_used);
    write_number(&writer, "resultGas", flow->posting.gas_used);
    write_amount(&writer, "escrow", &flow->escrow);
    write_amount(&writer, "charged", &flow->charged);
    write_number(&writer, "cycles", flow->result.used_cycles);
    write_number(&writer, "requestLatencyUs", flow->request.time_us);
    write_number(&writer, "runLatencyUs", flow->local_time_us);
    write_number(&writer, "resultLatencyUs", flow->result.time_us);
    json_name(&writer, "status");
    json_write_cstring(&writer, flow->result.status);
    json_name(&writer, "callbackSucceeded");
    json_write_bool(&writer, flow->callback_succeeded);
    json_name(&writer, "output");
    json_write_hex(&writer, flow->result.output);
    json_name(&writer, "answer");
    json_write_cstring(&writer, answer == NULL ? "" : answer);
    json_name(&writer, "agrees");
    json_write_bool(&writer, job_flow_agrees(flow));
    json_end_object(&writer);
    const struct bytes text = json_writer_text(&writer);
    (void)printf("%.*s\n", (int)text.len, (const char *)text.data);
    json_writer_free(&writer);
}

static int run_job(const struct job_options *options, struct arena *arena) {
    struct job_client client;
    struct job_flow flow;
    if (!job_client_open(&client, arena, options->rpc, options->has_key ? &options->key : NULL) ||
        !job_flow_run(&flow, &client, options->sample, options->input, &options->flow)) {
        job_client_close(&client);
        return command_failure("job run", "%s", client.error);
    }
    job_client_close(&client);
    if (options->json) {
        print_json(&flow, arena);
    } else {
        print_flow(&flow, arena);
    }
    return job_flow_agrees(&flow) && flow.callback_succeeded ? EXIT_GOOD : EXIT_NO;
}

static int cmd_job_run(int argc, char **argv) {
    struct arena arena;
    struct job_options options;
    bool done;
    arena_init(&arena, &heap_source);
    int answer = read_options(&options, &arena, &done, argc, argv);
    if (!done) answer = run_job(&options, &arena);
    arena_reset(&arena);
    return answer;
}

int cmd_job(int argc, char **argv) {
    static const struct command commands[] = {
        {"run", "run a sample program on a chain, from request to callback", cmd_job_run},
    };
    return command_dispatch("infinity job", commands, ARRAY_LEN(commands), argc, argv);
}
