/* demo: a chain of its own, every sample program run on it, a table, and an end. */
#include "cmd/command.h"
#include "cmd/job_flow.h"
#include "cmd/value.h"
#include "world/clock.h"
#include "world/files.h"
#include "world/heap.h"

#include <getopt.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help[] =
    "Usage: infinity demo [--seed N] [--block-time S]\n"
    "\n"
    "Starts a chain in memory, asks it for a job of every sample program through a consumer\n"
    "contract, prints a table, and stops the chain. Inputs are drawn from the seed, which is\n"
    "printed. Each answer is compared with a computation on the host, with a run of the same "
    "image\n"
    "on this machine, and with one under qemu-riscv64 where that is installed.\n"
    "\n"
    "Example:\n"
    "  infinity demo --seed 7\n"
    "\n"
    "Exit status: 0 every answer is right, 1 one is not, 2 bad usage, 3 failure.\n";

/* ---- the chain ---- */

struct chain_process {
    pid_t pid;
    char url[64];
};

/* Reads the child's output up to the line that names its port. */
static bool read_port(FILE *from, unsigned *port) {
    char line[512];
    while (fgets(line, sizeof line, from) != NULL) {
        const char *colon = strrchr(line, ':');
        if (strncmp(line, "Listening on ", 13) != 0 || colon == NULL) continue;
        *port = (unsigned)strtoul(colon + 1, NULL, 10);
        return *port != 0;
    }
    return false;
}

static void exec_chain(int out, const char *block_time) {
    char *const with_time[] = {
        "infinity", "dev", "--port", "0", "--block-time", (char *)(uintptr_t)block_time, NULL};
    char *const automine[] = {"infinity", "dev", "--port", "0", NULL};
    if (dup2(out, STDOUT_FILENO) < 0 || freopen("/dev/null", "w", stderr) == NULL) _exit(127);
    execv("/proc/self/exe", block_time == NULL ? automine : with_time);
    _exit(127);
}

static bool start_chain(struct chain_process *chain, const char *block_time) {
    int ends[2];
    unsigned port;
    if (pipe(ends) != 0) return false;
    chain->pid = fork();
    if (chain->pid < 0) return false;
    if (chain->pid == 0) exec_chain(ends[1], block_time);
    (void)close(ends[1]);
    FILE *from = fdopen(ends[0], "r");
    const bool listens = from != NULL && read_port(from, &port);
    if (listens) (void)snprintf(chain->url, sizeof chain->url, "http://127.0.0.1:%u", port);
    /* The banner is read; what the chain prints from here on is dropped with the pipe. */
    if (from != NULL) (void)fclose(from);
    return listens;
}

/* true: it ended well. */
static bool stop_chain(const struct chain_process *chain) {
    int status;
    if (kill(chain->pid, SIGINT) != 0) return false;
    while (waitpid(chain->pid, &status, 0) < 0) {
        if (errno != EINTR) return false;
    }
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* ---- the same image under qemu ---- */

enum qemu_verdict { QEMU_SAME, QEMU_DIFFERENT, QEMU_ABSENT };

static bool has_qemu(void) {
    // NOLINTNEXTLINE(cert-env33-c): a fixed text
    return system("command -v qemu-riscv64 >/dev/null 2>&1") == 0;
}

/* A job's input as the machine lays it out: length, bytes, padding, length of nothing. */
static struct bytes input_region(struct arena *arena, struct bytes onchain) {
    const size_t padded = (onchain.len + 7) & ~(size_t)7;
    uint8_t *region = arena_alloc(arena, 8 + padded + 8, 1);
    store_le64(region, onchain.len);
    memcpy(region + 8, onchain.data, onchain.len);
    return bytes_from(region, 8 + padded + 8);
}

static enum qemu_verdict run_qemu(struct arena *arena, const struct job_flow *flow) {
    char directory[] = "/tmp/infinity-demo-XXXXXX";
    char image[64], input[64], output[64], command[256];
    struct bytes got;
    if (!has_qemu() || mkdtemp(directory) == NULL) return QEMU_ABSENT;
    (void)snprintf(image, sizeof image, "%s/image", directory);
    (void)snprintf(input, sizeof input, "%s/input", directory);
    (void)snprintf(output, sizeof output, "%s/output", directory);
    (void)snprintf(command, sizeof command, "qemu-riscv64 %s <%s >%s", image, input, output);
    const bool ran = !failed(file_write_whole(image, job_flow_image(flow->sample))) &&
        chmod(image, 0700) == 0 &&
        !failed(file_write_whole(input, input_region(arena, flow->onchain_input))) &&
        // NOLINTNEXTLINE(cert-env33-c): all names in it are made here, under a directory of ours
        system(command) == 0 && !failed(file_read_whole(arena, &got, output, 1 << 22));
    (void)unlink(image);
    (void)unlink(input);
    (void)unlink(output);
    (void)rmdir(directory);
    return ran && bytes_equal(got, flow->result.output) ? QEMU_SAME : QEMU_DIFFERENT;
}

/* ---- the table ---- */

static void print_row(struct arena *arena, const struct job_flow *flow, enum qemu_verdict qemu) {
    static const char *const qemu_texts[] = {"equal", "DIFFERENT", "not installed"};
    const char *answer =
        flow->result.completed ? flow->sample->show(arena, flow->result.output) : NULL;
    (void)printf(
        "%-14s blocks %" PRIu64 " → %" PRIu64 "  %" PRIu64 " cycles  %.1f ms  callback %s\n",
        flow->sample->name, flow->request.block, flow->posting.block, flow->result.used_cycles,
        (double)(flow->request.time_us + flow->result.time_us) / 1000,
        flow->callback_succeeded ? "ok" : "FAILED"
    );
    (void)printf("  input   %s\n", flow->input);
    (void)printf("  answer  %s\n", answer == NULL ? flow->result.status : answer);
    (void)printf(
        "  host %s, machine %s, qemu %s\n",
        bytes_equal(flow->result.output, flow->expected) ? "equal" : "DIFFERENT",
        bytes_equal(flow->result.output, flow->local.output) ? "equal" : "DIFFERENT",
        qemu_texts[qemu]
    );
}

/* 1 where every answer is right, 0 where one is not, -1 where one could not be had. */
static int run_samples(struct arena *arena, const char *url, uint64_t seed) {
    const struct job_flow_options options = {0};
    struct job_client client;
    int verdict = 1;
    if (!job_client_open(&client, arena, url, NULL)) {
        (void)command_failure("demo", "%s", client.error);
        return -1;
    }
    for (size_t i = 0; i < sample_count && verdict >= 0; i++) {
        struct job_flow flow;
        const char *input = samples[i].draw(arena, &seed);
        if (!job_flow_run(&flow, &client, &samples[i], input, &options)) {
            (void)command_failure("demo", "%s: %s", samples[i].name, client.error);
            verdict = -1;
            break;
        }
        const enum qemu_verdict qemu = run_qemu(arena, &flow);
        print_row(arena, &flow, qemu);
        if (!job_flow_agrees(&flow) || !flow.callback_succeeded || qemu == QEMU_DIFFERENT) {
            verdict = 0;
        }
    }
    job_client_close(&client);
    return verdict;
}

static int demo(uint64_t seed, const char *block_time) {
    struct arena arena;
    struct chain_process chain;
    if (!start_chain(&chain, block_time)) {
        return command_failure("demo", "the chain did not start; try 'infinity dev --port 0'");
    }
    (void)printf("seed %" PRIu64 ", chain at %s\n\n", seed, chain.url);
    arena_init(&arena, &heap_source);
    const int verdict = run_samples(&arena, chain.url, seed);
    arena_reset(&arena);
    if (!stop_chain(&chain)) return command_failure("demo", "the chain did not end well");
    if (verdict < 0) return EXIT_FAILED;
    (void)printf("\n%s\n", verdict > 0 ? "every answer is right" : "AN ANSWER IS WRONG");
    return verdict > 0 ? EXIT_GOOD : EXIT_NO;
}

int cmd_demo(int argc, char **argv) {
    enum { OPT_SEED = 256, OPT_BLOCK_TIME, OPT_HELP };
    static const struct option long_options[] = {
        {"seed", required_argument, NULL, OPT_SEED},
        {"block-time", required_argument, NULL, OPT_BLOCK_TIME},
        {"help", no_argument, NULL, OPT_HELP},
        {NULL, 0, NULL, 0},
    };
    const struct value_name seed_name = {"demo", "--seed"}, time_name = {"demo", "--block-time"};
    uint64_t seed = clock_wall_ms(&real_clock), ignored_ms;
    const char *block_time = NULL; /* as text, for the chain's own command line */
    optind = 1;
    opterr = 0;
    for (int code; (code = getopt_long(argc, argv, ":", long_options, NULL)) != -1;) {
        int answer = EXIT_GOOD;
        switch (code) {
        case OPT_HELP: (void)fputs(help, stdout); return EXIT_GOOD;
        case OPT_BLOCK_TIME:
            block_time = optarg;
            answer = value_block_time(&ignored_ms, time_name, optarg);
            break;
        case OPT_SEED: answer = value_u64(&seed, seed_name, optarg, 0, UINT64_MAX); break;
        default: return command_bad_option("demo", code, argv[optind - 1]);
        }
        if (answer != EXIT_GOOD) return answer;
    }
    if (optind < argc) return command_usage_error("demo", "unexpected '%s'", argv[optind]);
    return demo(seed, block_time);
}
