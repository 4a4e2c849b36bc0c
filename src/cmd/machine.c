/* infinity machine: runs a program of the RISC-V machine outside any chain. */
#include "machine/machine.h"

#include "cmd/command.h"
#include "cmd/value.h"
#include "codec/hex.h"
#include "machine/elf_symbols.h"
#include "machine/rv_decode.h"
#include "world/clock.h"
#include "world/guest_memory.h"
#include "world/heap.h"

#include <getopt.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char command[] = "machine run";

static const char usage[] =
    "Usage: infinity machine run PROG.elf [OPTIONS]\n"
    "\n"
    "Runs a program on the RISC-V machine. Its output goes to stdout, byte for byte, and one line\n"
    "about the run to stderr.\n"
    "\n"
    "  --input X           the raw INPUT region\n"
    "  --onchain X         a job's on-chain input; INPUT is built of it and of --offchain\n"
    "  --offchain X        a job's off-chain input\n"
    "  --max-cycles N      stop before more than N cycles (default 10000000000)\n"
    "  --output-max N      capacity of the output in bytes (default and limit 1048576; a job on\n"
    "                      chain has 65536)\n"
    "  --engine E          interp (default), or step: the plain twin\n"
    "  --output FILE       write the output there\n"
    "  --state-hash        print the hash of the final state too\n"
    "  --log               show what the program logs, on stderr\n"
    "  --json              print the line about the run as a JSON object\n"
    "  --bench             run for a second or three times, and print the median speed\n"
    "  --trace             print every instruction with what it wrote, on stderr (plain twin)\n"
    "  --profile           print cycles by function, on stderr (plain twin)\n"
    "\n"
    "X is 0x-hex, or @FILE for the bytes of a file. N is decimal or 0x-hex.\n"
    "\n"
    "Exit status: 0 the program exited with code 0; 1 it did not, or its image is refused (the "
    "reason\n"
    "is printed and no line about a run); 2 bad usage; 3 failure.\n"
    "\n"
    "Example: the square root of 1764\n"
    "  infinity machine run guest/programs/sqrt.elf \\\n"
    "    --onchain 0x00000000000000000000000000000000000000000000000000000000000006e4 | od -An "
    "-tx1\n";

#define MAX_CYCLES_DEFAULT ((uint64_t)10000000000)

enum mode { MODE_PLAIN, MODE_BENCH, MODE_TRACE, MODE_PROFILE };

struct options {
    const char *image_path, *output_path;
    struct bytes input, onchain, offchain;
    bool raw, job, json, state_hash, log, step;
    uint64_t max_cycles, output_max;
    enum mode mode;
};

/* What all of a run's parts share. */
struct session {
    struct options options;
    struct arena arena;
    struct bytes file;
    struct machine_program program;
    struct guest_memory memory;
    struct machine machine;
};

enum option_id {
    OPT_INPUT = 256,
    OPT_ONCHAIN,
    OPT_OFFCHAIN,
    OPT_MAX_CYCLES,
    OPT_OUTPUT_MAX,
    OPT_ENGINE,
    OPT_OUTPUT,
    OPT_STATE_HASH,
    OPT_LOG,
    OPT_JSON,
    OPT_BENCH,
    OPT_TRACE,
    OPT_PROFILE,
    OPT_HELP,
};

static const struct option option_table[] = {
    {"input", required_argument, NULL, OPT_INPUT},
    {"onchain", required_argument, NULL, OPT_ONCHAIN},
    {"offchain", required_argument, NULL, OPT_OFFCHAIN},
    {"max-cycles", required_argument, NULL, OPT_MAX_CYCLES},
    {"output-max", required_argument, NULL, OPT_OUTPUT_MAX},
    {"engine", required_argument, NULL, OPT_ENGINE},
    {"output", required_argument, NULL, OPT_OUTPUT},
    {"state-hash", no_argument, NULL, OPT_STATE_HASH},
    {"log", no_argument, NULL, OPT_LOG},
    {"json", no_argument, NULL, OPT_JSON},
    {"bench", no_argument, NULL, OPT_BENCH},
    {"trace", no_argument, NULL, OPT_TRACE},
    {"profile", no_argument, NULL, OPT_PROFILE},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static int set_mode(struct options *options, enum mode mode) {
    if (options->mode != MODE_PLAIN && options->mode != mode) {
        return command_usage_error(command, "only one of --bench, --trace and --profile");
    }
    options->mode = mode;
    return EXIT_GOOD;
}

static int set_engine(struct options *options, const char *name) {
    options->step = strcmp(name, "step") == 0;
    if (options->step || strcmp(name, "interp") == 0) return EXIT_GOOD;
    return command_usage_error(command, "--engine: 'interp' or 'step', not '%s'", name);
}

/* Takes in one option; answers an exit status other than EXIT_GOOD to stop. */
static int take_option(struct session *session, int id) {
    struct options *options = &session->options;
    struct arena *arena = &session->arena;
    const size_t input_max = MACHINE_INPUT_MAX;
    switch (id) {
    case OPT_INPUT:
        options->raw = true;
        return value_bytes(
            arena, &options->input, (struct value_name){command, "--input"}, optarg, input_max
        );
    case OPT_ONCHAIN:
        options->job = true;
        return value_bytes(
            arena, &options->onchain, (struct value_name){command, "--onchain"}, optarg, input_max
        );
    case OPT_OFFCHAIN:
        options->job = true;
        return value_bytes(
            arena, &options->offchain, (struct value_name){command, "--offchain"}, optarg, input_max
        );
    case OPT_MAX_CYCLES:
        return value_u64(
            &options->max_cycles, (struct value_name){command, "--max-cycles"}, optarg, 0,
            MACHINE_CYCLES_END - 1
        );
    case OPT_OUTPUT_MAX:
        return value_u64(
            &options->output_max, (struct value_name){command, "--output-max"}, optarg, 0,
            MACHINE_OUTPUT_MAX
        );
    case OPT_ENGINE: return set_engine(options, optarg);
    case OPT_OUTPUT: options->output_path = optarg; return EXIT_GOOD;
    case OPT_STATE_HASH: options->state_hash = true; return EXIT_GOOD;
    case OPT_LOG: options->log = true; return EXIT_GOOD;
    case OPT_JSON: options->json = true; return EXIT_GOOD;
    case OPT_BENCH: return set_mode(options, MODE_BENCH);
    case OPT_TRACE: return set_mode(options, MODE_TRACE);
    case OPT_PROFILE: return set_mode(options, MODE_PROFILE);
    default: return EXIT_USAGE;
    }
}

/* *done: the help was asked for and printed. */
static int parse(struct session *session, bool *done, int argc, char **argv) {
    struct options *options = &session->options;
    *options = (struct options){.max_cycles = MAX_CYCLES_DEFAULT, .output_max = MACHINE_OUTPUT_MAX};
    *done = false;
    opterr = 0;
    optind = 0; /* parsing may have happened before in this process */
    for (;;) {
        const int id = getopt_long(argc, argv, ":h", option_table, NULL);
        if (id == -1) break;
        if (id == OPT_HELP || id == 'h') {
            (void)fputs(usage, stdout);
            *done = true;
            return EXIT_GOOD;
        }
        if (id == ':' || id == '?') return command_bad_option(command, id, argv[optind - 1]);
        const int status = take_option(session, id);
        if (status != EXIT_GOOD) return status;
    }
    if (optind != argc - 1) {
        return command_usage_error(
            command, optind == argc ? "no image: name an ELF file" : "more than one image"
        );
    }
    if (options->raw && options->job) {
        return command_usage_error(
            command, "--input is the whole INPUT region: not together with --onchain or --offchain"
        );
    }
    options->image_path = argv[optind];
    return EXIT_GOOD;
}

static void show_log(void *ctx, struct bytes text) {
    (void)fwrite(text.data, 1, text.len, ctx);
}

/* A machine at its start, in memory that is all zeros. */
static int start(struct session *session) {
    const struct options *options = &session->options;
    const struct machine_setup setup = {
        .program = &session->program,
        .memory = &session->memory.memory,
        .job = options->job,
        .input = options->input,
        .onchain = options->onchain,
        .offchain = options->offchain,
        .output_capacity = options->output_max,
        .log = options->log ? show_log : NULL,
        .log_ctx = stderr,
    };
    enum machine_verdict verdict;
    const struct status status = machine_start(&session->machine, &verdict, &setup);
    if (failed(status)) {
        return command_failure(command, "%s: %s", status.context, strerror(errno));
    }
    if (verdict == MACHINE_INPUT_TOO_LONG) {
        return command_usage_error(
            command, "the input is longer than the limit of %" PRIu64 " bytes", MACHINE_INPUT_MAX
        );
    }
    return EXIT_GOOD;
}

static const char *hash_text(char text[2 * sizeof(struct hash) + 3], const struct hash *hash) {
    text[hex_encode(text, BYTES_OF(*hash))] = 0;
    return text;
}

/* MACHINE.md 3.7 */
static void print_result(const struct session *session) {
    const struct options *options = &session->options;
    const struct machine_result result = machine_result(&session->machine);
    char id[67], state[67] = "";
    (void)hash_text(id, &session->program.id);
    if (options->state_hash) {
        struct hash hash;
        machine_state_hash(&hash, &session->machine);
        (void)hash_text(state, &hash);
    }
    if (result.status == MACHINE_TRAP && !options->json) {
        (void)fprintf(
            stderr, "trap at pc 0x%" PRIx64 ": %s\n", result.pc, machine_trap_text(result.code)
        );
    }
    (void)fprintf(
        stderr,
        options->json ? "{\"status\":\"%s\",\"code\":%" PRIu32 ",\"pc\":\"0x%" PRIx64
                        "\",\"steps\":%" PRIu64 ",\"cycles\":%" PRIu64 ",\"program_id\":\"%s\""
                      : "status=%s code=%" PRIu32 " pc=0x%" PRIx64 " steps=%" PRIu64
                        " cycles=%" PRIu64 " program_id=%s",
        machine_status_text(result.status), result.code, result.pc, result.steps, result.cycles, id
    );
    if (options->state_hash) {
        (void)fprintf(stderr, options->json ? ",\"state_hash\":\"%s\"" : " state_hash=%s", state);
    }
    (void)fputs(options->json ? "}\n" : "\n", stderr);
}

static int write_output(const struct session *session) {
    const char *path = session->options.output_path;
    const struct bytes output = machine_result(&session->machine).output;
    FILE *file = path == NULL ? stdout : fopen(path, "wb");
    if (file == NULL) {
        return command_failure(command, "--output: cannot open '%s': %s", path, strerror(errno));
    }
    bool good = fwrite(output.data, 1, output.len, file) == output.len;
    good = (path == NULL ? fflush(file) : fclose(file)) == 0 && good;
    if (good) return EXIT_GOOD;
    return command_failure(
        command, "cannot write the output%s%s: %s", path == NULL ? "" : " to ",
        path == NULL ? "" : path, strerror(errno)
    );
}

static void run(struct session *session) {
    if (session->options.step) {
        (void)machine_run_plain(&session->machine, session->options.max_cycles);
    } else {
        (void)machine_run(&session->machine, session->options.max_cycles);
    }
}

/* "PC: WORD TEXT   rd=VALUE" for each instruction. */
static void run_traced(struct session *session) {
    struct machine *machine = &session->machine;
    enum machine_status status;
    do {
        const uint64_t pc = machine->pc;
        const struct elf_image *image = &session->program.image;
        if (pc < image->text_lo || pc >= image->text_hi) {
            status = machine_step(machine, session->options.max_cycles);
            continue;
        }
        const uint32_t word = load_le32(machine->memory->bytes + pc);
        char text[RV_TEXT_MAX];
        (void)rv_disassemble(text, pc, word);
        (void)fprintf(stderr, "%8" PRIx64 ": %08" PRIx32 "  %-28s", pc, word, text);
        status = machine_step(machine, session->options.max_cycles);
        const struct rv_insn insn = rv_decode(word);
        const uint8_t rd = insn.op == RV_ECALL ? 10 : insn.rd;
        if (rd != 0 && status == MACHINE_RUNNING) {
            (void)fprintf(stderr, " %s=0x%" PRIx64, rv_register_name(rd), machine->x[rd]);
        }
        (void)fputc('\n', stderr);
    } while (status == MACHINE_RUNNING);
}

struct profile_row {
    const char *name;
    uint64_t cycles;
};

static int by_cycles(const void *a, const void *b) {
    const uint64_t left = ((const struct profile_row *)a)->cycles;
    const uint64_t right = ((const struct profile_row *)b)->cycles;
    return left < right ? 1 : left > right ? -1 : 0;
}

static void run_profiled(struct session *session) {
    enum { ROWS_SHOWN = 30 };
    struct machine *machine = &session->machine;
    const struct elf_symbols symbols = elf_symbols_read(&session->arena, session->file);
    struct profile_row *rows = ARENA_ARRAY(&session->arena, struct profile_row, symbols.count + 1);
    for (size_t i = 0; i < symbols.count; i++) {
        rows[i].name = symbols.symbols[i].name;
    }
    rows[symbols.count].name = "(no symbol)";
    enum machine_status status;
    do {
        const size_t row = elf_symbols_find(&symbols, machine->pc);
        const uint64_t before = machine->cycles;
        status = machine_step(machine, session->options.max_cycles);
        rows[row].cycles += machine->cycles - before;
    } while (status == MACHINE_RUNNING);

    qsort(rows, symbols.count + 1, sizeof *rows, by_cycles);
    (void)fprintf(stderr, "%15s %6s  %s\n", "cycles", "share", "function");
    for (size_t i = 0; i <= symbols.count && i < ROWS_SHOWN && rows[i].cycles > 0; i++) {
        (void)fprintf(
            stderr, "%15" PRIu64 " %5.1f%%  %s\n", rows[i].cycles,
            100.0 * (double)rows[i].cycles / (double)machine->cycles, rows[i].name
        );
    }
}

static int by_value(const void *a, const void *b) {
    const uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return left < right ? -1 : left > right ? 1 : 0;
}

/* Runs from the start again and again; the last run's result stays. */
static int run_bench(struct session *session) {
    enum { RUNS_MIN = 3, RUNS_MAX = 1000, ENOUGH_US = 1000000 };
    uint64_t times_us[RUNS_MAX], total_us = 0;
    size_t runs = 0;
    for (;;) {
        const uint64_t before = clock_monotonic_us(&real_clock);
        run(session);
        times_us[runs] = clock_monotonic_us(&real_clock) - before;
        total_us += times_us[runs++];
        if (runs == RUNS_MAX || (runs >= RUNS_MIN && total_us >= ENOUGH_US)) break;
        const struct status status = guest_memory_reset(&session->memory);
        if (failed(status)) {
            return command_failure(command, "%s: %s", status.context, strerror(status.os_error));
        }
        const int started = start(session);
        if (started != EXIT_GOOD) return started;
    }
    qsort(times_us, runs, sizeof times_us[0], by_value);
    const uint64_t median_us = times_us[runs / 2] > 0 ? times_us[runs / 2] : 1;
    (void)fprintf(
        stderr,
        session->options.json ? "{\"runs\":%zu,\"time_us\":%" PRIu64 ",\"mips\":%.1f}\n"
                              : "runs=%zu time_us=%" PRIu64 " mips=%.1f\n",
        runs, median_us, (double)session->machine.steps / (double)median_us
    );
    return EXIT_GOOD;
}

static int run_in_mode(struct session *session) {
    switch (session->options.mode) {
    case MODE_BENCH: return run_bench(session);
    case MODE_TRACE: run_traced(session); break;
    case MODE_PROFILE: run_profiled(session); break;
    case MODE_PLAIN: run(session); break;
    }
    return EXIT_GOOD;
}

static int run_image(struct session *session) {
    const char *path = session->options.image_path;
    int status = value_file(
        &session->arena, &session->file, (struct value_name){command, "image"}, path, ELF_IMAGE_MAX
    );
    if (status != EXIT_GOOD) return status;
    const enum elf_verdict verdict =
        machine_program_load(&session->program, &session->arena, session->file);
    if (verdict != ELF_VALID) {
        (void)fprintf(
            stderr, "infinity %s: '%s' is refused: %s\n", command, path, elf_verdict_text(verdict)
        );
        return EXIT_NO;
    }
    status = start(session);
    if (status == EXIT_GOOD) status = run_in_mode(session);
    if (status == EXIT_GOOD) status = write_output(session);
    if (status != EXIT_GOOD) return status;
    print_result(session);
    const struct machine_result result = machine_result(&session->machine);
    return result.status == MACHINE_EXIT && result.code == 0 ? EXIT_GOOD : EXIT_NO;
}

static int machine_run_command(int argc, char **argv) {
    struct session session;
    bool done;
    arena_init(&session.arena, &heap_source);
    int result = parse(&session, &done, argc, argv);
    if (result == EXIT_GOOD && !done) {
        const struct status status = guest_memory_create(&session.memory);
        if (failed(status)) {
            result = command_failure(command, "%s: %s", status.context, strerror(status.os_error));
        } else {
            result = run_image(&session);
            guest_memory_destroy(&session.memory);
        }
    }
    arena_reset(&session.arena);
    return result;
}

int cmd_machine(int argc, char **argv) {
    static const struct command commands[] = {
        {"run", "run a program and print its output", machine_run_command},
    };
    return command_dispatch("infinity machine", commands, ARRAY_LEN(commands), argc, argv);
}
