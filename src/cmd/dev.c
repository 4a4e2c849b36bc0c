/* dev: a development chain on this machine. */
#include "cmd/command.h"
#include "cmd/value.h"
#include "job/predeploys.h"
#include "rpc/server.h"
#include "service/node.h"
#include "service/sample_programs.h"
#include "world/log.h"
#include "world/version.h"

#include <getopt.h>
#include <uv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: infinity dev [OPTIONS]\n"
    "\n"
    "Starts a development chain: one proposer, ten funded accounts, JSON-RPC over HTTP and\n"
    "WebSocket on one port, the coprocessor's contracts and sample programs in place. A block\n"
    "follows each transaction unless --block-time is given. Ctrl-C ends it cleanly.\n"
    "\n"
    "Options:\n"
    "  --port N           port of JSON-RPC, 0 for any free one (default 8545)\n"
    "  --host ADDRESS     address or name to listen on (default 127.0.0.1)\n"
    "  --data-dir DIR     keep the chain in DIR and go on with it at the next start\n"
    "                     (default: in memory, gone at the end)\n"
    "  --block-time S     a block every S seconds, such as 1 or 0.2 (default: at each "
    "transaction)\n"
    "  --no-mining        blocks only on request (evm_mine)\n"
    "  --chain-id N       chain id (default 31337)\n"
    "  --gas-limit N      gas limit of blocks (default 30000000)\n"
    "  --workers N        programs that run at a time (default: one a core)\n"
    "  --log-format F     text or json (default: text on a terminal, json otherwise)\n"
    "  --verbose          also log each JSON-RPC call\n"
    "  --quiet            no banner; log only errors\n"
    "  --help             this text\n"
    "\n"
    "Example:\n"
    "  infinity dev --port 8545 --data-dir .dev --block-time 1\n"
    "\n"
    "Exit status: 0 ended by a signal, 2 bad usage, 3 failure (port in use, disk, …).\n";

struct dev_options {
    struct node_options node;
    enum log_level level;
    enum log_format format;
    bool quiet;
};

enum option_code {
    OPT_PORT = 256,
    OPT_HOST,
    OPT_DATA_DIR,
    OPT_BLOCK_TIME,
    OPT_NO_MINING,
    OPT_CHAIN_ID,
    OPT_GAS_LIMIT,
    OPT_WORKERS,
    OPT_LOG_FORMAT,
    OPT_VERBOSE,
    OPT_QUIET,
    OPT_HELP,
};

static const struct option long_options[] = {
    {"port", required_argument, NULL, OPT_PORT},
    {"host", required_argument, NULL, OPT_HOST},
    {"data-dir", required_argument, NULL, OPT_DATA_DIR},
    {"block-time", required_argument, NULL, OPT_BLOCK_TIME},
    {"no-mining", no_argument, NULL, OPT_NO_MINING},
    {"chain-id", required_argument, NULL, OPT_CHAIN_ID},
    {"gas-limit", required_argument, NULL, OPT_GAS_LIMIT},
    {"workers", required_argument, NULL, OPT_WORKERS},
    {"log-format", required_argument, NULL, OPT_LOG_FORMAT},
    {"verbose", no_argument, NULL, OPT_VERBOSE},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static int take_log_format(enum log_format *format, const char *text) {
    const bool is_json = strcmp(text, "json") == 0;
    if (!is_json && strcmp(text, "text") != 0) {
        return command_usage_error("dev", "--log-format: 'text' or 'json', not '%.40s'", text);
    }
    *format = is_json ? LOG_JSON : LOG_TEXT;
    return EXIT_GOOD;
}

static int take_number(
    uint64_t *out, const char *flag, const char *text, uint64_t least, uint64_t most
) {
    return value_u64(out, (struct value_name){"dev", flag}, text, least, most);
}

/* One option; answers an exit status other than EXIT_GOOD to stop. */
static int take_option(struct dev_options *options, int code, const char *value) {
    struct node_options *node = &options->node;
    uint64_t number = 0;
    int answer = EXIT_GOOD;
    switch (code) {
    case OPT_PORT:
        answer = take_number(&number, "--port", value, 0, UINT16_MAX);
        node->port = (uint16_t)number;
        return answer;
    case OPT_HOST: node->host = value; return EXIT_GOOD;
    case OPT_DATA_DIR:
        node->data_dir = value;
        return *value != '\0' ? EXIT_GOOD
                              : command_usage_error("dev", "--data-dir: the name is empty");
    case OPT_BLOCK_TIME:
        node->automine = false;
        return value_block_time(
            &node->interval_ms, (struct value_name){"dev", "--block-time"}, value
        );
    case OPT_NO_MINING: node->automine = false; return EXIT_GOOD;
    case OPT_CHAIN_ID:
        return take_number(&node->chain_id, "--chain-id", value, 1, UINT64_MAX / 2 - 36);
    case OPT_GAS_LIMIT:
        return take_number(
            &node->gas_limit, "--gas-limit", value, HEADER_GAS_LIMIT_MIN, HEADER_GAS_LIMIT_MAX
        );
    case OPT_WORKERS:
        answer = take_number(&number, "--workers", value, 1, COPROCESSOR_WORKERS_MAX);
        node->worker_count = number;
        return answer;
    case OPT_LOG_FORMAT: return take_log_format(&options->format, value);
    case OPT_VERBOSE: options->level = LOG_DEBUG; return EXIT_GOOD;
    default:
        ASSERT(code == OPT_QUIET);
        options->quiet = true;
        options->level = LOG_ERROR;
        return EXIT_GOOD;
    }
}

/* *done: nothing is left to do but to exit with the status that is answered. */
static int read_options(struct dev_options *options, bool *done, int argc, char **argv) {
    *options = (struct dev_options){.node = node_options_default(), .level = LOG_INFO};
    *done = true;
    optind = 1;
    opterr = 0;
    for (int code; (code = getopt_long(argc, argv, ":", long_options, NULL)) != -1;) {
        if (code == OPT_HELP) {
            (void)fputs(help, stdout);
            return EXIT_GOOD;
        }
        if (code == '?' || code == ':') return command_bad_option("dev", code, argv[optind - 1]);
        const int answer = take_option(options, code, optarg);
        if (answer != EXIT_GOOD) return answer;
    }
    if (optind < argc) return command_usage_error("dev", "unexpected '%s'", argv[optind]);
    *done = false;
    return EXIT_GOOD;
}

/* ---- banner ---- */

static void print_hex(const char *before, struct bytes data, const char *after) {
    (void)printf("%s0x", before);
    for (size_t i = 0; i < data.len; i++) {
        (void)printf("%02x", data.data[i]);
    }
    (void)printf("%s", after);
}

static void print_account(const char *name, const struct mnemonic_account *account) {
    (void)printf("%-14s ", name);
    print_hex("", BYTES_OF(account->address), "  ");
    print_hex("", BYTES_OF(account->key), "\n");
}

static void print_accounts(const struct dev_chain *chain) {
    (void)printf("Accounts (10000 ETH each)                                  private key\n");
    for (size_t i = 0; i < DEV_ACCOUNTS; i++) {
        char name[16];
        (void
        )snprintf(name, sizeof name, "(%zu)%s", i, i == DEV_GOVERNANCE_ACCOUNT ? " governs" : "");
        print_account(name, &chain->accounts[i]);
    }
    print_account("proposer", &chain->accounts[DEV_PROPOSER_ACCOUNT]);
    (void)printf("\nMnemonic       " MNEMONIC_TEST "\nDerivation     m/44'/60'/0'/0/index\n\n"
                 "These keys are public. Never send real money to them.\n\n");
}

static void print_banner(const struct node *node) {
    const struct dev_chain *chain = &node->chain;
    const unsigned port = rpc_server_port(node->server);
    (void)printf("Infinity %s\n\n", version_text());
    print_accounts(chain);
    for (size_t i = 0; i < JOB_PREDEPLOY_COUNT; i++) {
        (void)printf("%-16s ", job_predeploys[i].name);
        print_hex("", BYTES_OF(job_predeploys[i].address), "\n");
    }
    (void)printf("\n");
    for (size_t i = 0; i < chain->program_count; i++) {
        (void)printf("program %-14s ", chain->program_names[i]);
        print_hex("", BYTES_OF(chain->programs[i].program_id), "\n");
    }
    (void)printf("\nChain id       %llu\n", (unsigned long long)node->options.chain_id);
    (void)printf("Gas limit      %llu\n", (unsigned long long)node->options.gas_limit);
    (void)printf("Base fee       1000000000 wei at genesis\n");
    (void)printf(
        "Data           %s\n",
        node->options.data_dir == NULL ? "in memory, gone at the end" : node->options.data_dir
    );
    (void)printf("HTTP           http://%s:%u\n", node->options.host, port);
    (void)printf("WebSocket      ws://%s:%u\n\n", node->options.host, port);
    (void)printf("Run a job (in another terminal):\n  build/infinity job run sqrt --input 1764");
    if (port != 8545) (void)printf(" --rpc http://%s:%u", node->options.host, port);
    (void)printf("\n\n");
    (void)printf("Listening on %s:%u\n", node->options.host, port);
    (void)fflush(stdout);
}

/* ---- running ---- */

struct session {
    struct node *node;
    uv_signal_t interrupt, terminate;
    uv_prepare_t watch; /* for a failure of a service */
    bool ending;
};

static void end(struct session *session) {
    if (session->ending) return;
    session->ending = true;
    uv_close((uv_handle_t *)&session->interrupt, NULL);
    uv_close((uv_handle_t *)&session->terminate, NULL);
    uv_close((uv_handle_t *)&session->watch, NULL);
    node_stop(session->node);
}

static void on_signal(uv_signal_t *handle, int number) {
    (void)number;
    end(handle->data);
}

static void on_watch(uv_prepare_t *handle) {
    struct session *session = handle->data;
    if (failed(session->node->failure)) end(session);
}

static int run(uv_loop_t *loop, struct node *node) {
    struct session session = {.node = node};
    session.interrupt.data = session.terminate.data = session.watch.data = &session;
    (void)uv_signal_init(loop, &session.interrupt);
    (void)uv_signal_init(loop, &session.terminate);
    (void)uv_prepare_init(loop, &session.watch);
    (void)uv_signal_start(&session.interrupt, on_signal, SIGINT);
    (void)uv_signal_start(&session.terminate, on_signal, SIGTERM);
    (void)uv_prepare_start(&session.watch, on_watch);
    (void)uv_run(loop, UV_RUN_DEFAULT);

    const struct status failure = node->failure;
    const uint64_t number = execution_head(node->execution)->number;
    node_destroy(node);
    if (failed(failure)) {
        return command_failure(
            "dev", "stopped: %s: %s", failure.context,
            failure.os_error == 0 ? "see above" : strerror(failure.os_error)
        );
    }
    log_line(LOG_INFO, "stopped", {"block", LOG_U64(number)});
    return EXIT_GOOD;
}

int cmd_dev(int argc, char **argv) {
    struct dev_options options;
    bool done;
    const int answer = read_options(&options, &done, argc, argv);
    if (done) return answer;

    log_open(options.level, options.format);
    uv_loop_t loop;
    if (uv_loop_init(&loop) != 0) return command_failure("dev", "cannot make an event loop");
    struct node *node;
    char message[NODE_MESSAGE_SIZE];
    if (failed(node_create(&node, message, &loop, &options.node))) {
        return command_failure("dev", "%s", message);
    }
    if (!options.quiet) print_banner(node);
    const int status = run(&loop, node);
    (void)uv_loop_close(&loop);
    return status;
}
