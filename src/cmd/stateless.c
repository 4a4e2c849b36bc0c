/* infinity evm stateless: the blocks of blockchain tests, each run by the guest program block_stf in
 * our machine on the witness that it needs, and refused by it on a witness that was tampered with.
 *
 * The witness is what a node would send; the program is the committed image. What it answers must be
 * what this binary computes by itself: block hash, roots, gas.
 */
#include "cmd/block_program.h"
#include "cmd/blocktest.h"
#include "cmd/command.h"
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "machine/machine.h"
#include "world/guest_memory.h"
#include "world/heap.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>

#define CYCLES_MAX ((uint64_t)1 << 42)

/* Loaded once, before the threads are made. */
static struct machine_program program;

/* Where the program's inputs are kept, or NULL. */
static const char *keep_directory;

/* Of all blocks together. */
static struct { atomic_uint_fast64_t blocks, with_ommers, gas, cycles, refusals; } totals;

/* One run of the program. */
struct outcome {
    struct machine_result result;
    uint8_t output[STATELESS_OUTPUT_SIZE];
};

/* False where the host has no memory for it. */
static bool run_program(struct outcome *out, struct bytes config, struct bytes input) {
    struct guest_memory memory;
    struct machine machine;
    enum machine_verdict verdict;
    if (failed(guest_memory_create(&memory))) return false;
    const struct machine_setup setup = {
        .program = &program,
        .memory = &memory.memory,
        .job = true,
        .onchain = config,
        .offchain = input,
        .output_capacity = sizeof out->output,
    };
    const struct status status = machine_start(&machine, &verdict, &setup);
    const bool is_ready = !failed(status) && verdict == MACHINE_READY;
    if (is_ready) {
        (void)machine_run(&machine, CYCLES_MAX);
        out->result = machine_result(&machine);
        const struct bytes output = out->result.output;
        memset(out->output, 0, sizeof out->output);
        if (output.len != 0) memcpy(out->output, output.data, output.len);
    }
    guest_memory_destroy(&memory);
    return is_ready;
}

static const char *say(struct arena *arena, const char *what, const struct machine_result *result) {
    enum { SIZE = 160 };
    char *const text = arena_alloc(arena, SIZE, 1);
    (void)snprintf(
        text, SIZE, "%s: the program ended with %s %" PRIu32 " after %" PRIu64 " cycles", what,
        machine_status_text(result->status), result->code, result->cycles
    );
    return text;
}

static bool is_verdict(const struct machine_result *result, enum stateless_verdict verdict) {
    return result->status == MACHINE_EXIT && result->code == (uint32_t)verdict;
}

/* The witness with one bit of one of its parts changed, and with the part left out. Which part and bit:
 * drawn from the block, so that a run can be repeated. */
static const char *check_refusals(
    struct arena *arena, struct bytes config, struct bytes encoded, const struct witness *witness
) {
    struct hash draw;
    keccak256(&draw, encoded);
    struct witness changed = *witness;
    const size_t kind = load_le32(draw.bytes) % 3;
    struct witness_list *list = kind == 0 ? &changed.headers : &changed.nodes;
    if (kind == 1) list = &changed.codes;
    if (list->count == 0) list = &changed.headers;
    ASSERT(list->count > 0); /* there is always the parent */
    struct bytes *const items = ARENA_ARRAY(arena, struct bytes, list->count);
    memcpy(items, list->items, list->count * sizeof *items);
    struct bytes *const victim = &items[load_le64(draw.bytes + 8) % list->count];
    const struct bytes copy = arena_copy(arena, *victim);
    const size_t at = load_le64(draw.bytes + 16) % copy.len;
    ((uint8_t *)(uintptr_t)copy.data)[at] ^= (uint8_t)(1 << draw.bytes[24] % 8);
    list->items = items;
    *victim = copy;

    struct outcome outcome;
    if (!run_program(&outcome, config, stateless_input(arena, encoded, &changed))) {
        return "no memory for the machine";
    }
    /* A header that is no list any more is malformed. */
    if (!is_verdict(&outcome.result, STATELESS_INCOMPLETE) &&
        !is_verdict(&outcome.result, STATELESS_MALFORMED)) {
        return say(arena, "a changed witness", &outcome.result);
    }
    *victim = items[--list->count];
    if (!run_program(&outcome, config, stateless_input(arena, encoded, &changed))) {
        return "no memory for the machine";
    }
    if (!is_verdict(&outcome.result, STATELESS_INCOMPLETE)) {
        return say(arena, "a witness with a part left out", &outcome.result);
    }
    (void)atomic_fetch_add(&totals.refusals, 2);
    return NULL;
}

static bool keep_file(const struct hash *hash, const char *ending, struct bytes data) {
    char path[4096], name[HEX_TEXT_SIZE(sizeof *hash) + 1];
    name[hex_encode(name, BYTES_OF(*hash))] = '\0';
    (void)snprintf(path, sizeof path, "%s/%.66s.%s", keep_directory, name, ending);
    FILE *const file = fopen(path, "wb");
    if (file == NULL) return false;
    const bool is_written = fwrite(data.data, 1, data.len, file) == data.len;
    return fclose(file) == 0 && is_written;
}

static const char *check_block(
    struct suite_worker *worker,
    const struct chain_config *config,
    struct bytes encoded,
    const struct stateless_source *source
) {
    struct arena *const arena = &worker->arena;
    struct witness witness;
    struct stateless_result expected, again;
    uint8_t output[STATELESS_OUTPUT_SIZE];
    enum stateless_verdict verdict =
        stateless_record(arena, &witness, &expected, &worker->vm, config, encoded, source);
    if (verdict == STATELESS_HAS_OMMERS) {
        (void)atomic_fetch_add(&totals.with_ommers, 1);
        return NULL;
    }
    if (verdict != STATELESS_VALID) return stateless_verdict_text(verdict);
    const struct bytes rules = witness_encode_config(arena, config);
    const struct bytes input = stateless_input(arena, encoded, &witness);
    verdict = stateless_run(arena, output, &again, &worker->vm, rules, input);
    if (verdict != STATELESS_VALID) return stateless_verdict_text(verdict);

    if (keep_directory != NULL &&
        (!keep_file(&expected.block_hash, "onchain", rules) ||
         !keep_file(&expected.block_hash, "offchain", input))) {
        return "the program's input cannot be written to the directory of --keep";
    }
    struct outcome outcome;
    if (!run_program(&outcome, rules, input)) return "no memory for the machine";
    if (!is_verdict(&outcome.result, STATELESS_VALID)) return say(arena, "block", &outcome.result);
    if (memcmp(outcome.output, output, sizeof output) != 0) {
        return "the program answers something else than the node";
    }
    (void)atomic_fetch_add(&totals.blocks, 1);
    (void)atomic_fetch_add(&totals.gas, expected.gas_used);
    (void)atomic_fetch_add(&totals.cycles, outcome.result.cycles);
    return check_refusals(arena, rules, encoded, &witness);
}

static void run_file(struct suite_worker *worker, const struct json *root) {
    blocktest_run_file(worker, root, check_block);
}

/* Takes --keep DIR out of the arguments, which the other runners do not have. */
static int take_keep(int *argc, char **argv) {
    int count = 0;
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], "--keep") != 0) {
            argv[count++] = argv[i];
        } else if (i + 1 == *argc) {
            return command_usage_error("evm stateless", "--keep needs a directory");
        } else {
            keep_directory = argv[++i];
        }
    }
    *argc = count;
    return EXIT_GOOD;
}

int cmd_stateless(int argc, char **argv) {
    static const char *const forks[] = {"Paris", "Shanghai", "Cancun", "Prague", "Osaka", NULL};
    static const struct suite suite = {
        .command = "evm stateless",
        .summary =
            "Runs blockchain tests and executes every block that is imported once more in the\n"
            "RISC-V machine, by the program block_stf on a witness of the state before it. The\n"
            "program must give the same roots, and refuse the witness with a byte changed and "
            "with\n"
            "a part left out. A case is one named test.\n\n"
            "With --keep DIR the program's inputs are written there, as HASH.onchain and\n"
            "HASH.offchain: what `infinity machine run` takes under these names.",
        .format = "stateless",
        .default_forks = forks,
        .run_file = run_file,
    };
    struct arena arena;
    arena_init(&arena, &heap_source);
    const enum elf_verdict verdict = machine_program_load(&program, &arena, block_program[0].data);
    ASSERT(verdict == ELF_VALID);
    int status = take_keep(&argc, argv);
    if (status == EXIT_GOOD) status = suite_main(&suite, argc, argv);
    const uint64_t gas = atomic_load(&totals.gas), cycles = atomic_load(&totals.cycles);
    if (atomic_load(&totals.with_ommers) > 0) {
        (void)fprintf(
            stderr, "%" PRIuFAST64 " blocks with ommers, which are not executed statelessly\n",
            atomic_load(&totals.with_ommers)
        );
    }
    if (atomic_load(&totals.blocks) > 0) {
        (void)fprintf(
            stderr,
            "%" PRIuFAST64 " blocks in the machine, %" PRIuFAST64 " tampered witnesses refused, "
            "%" PRIu64 " gas, %" PRIu64 " cycles, %.1f cycles per gas\n",
            atomic_load(&totals.blocks), atomic_load(&totals.refusals), gas, cycles,
            gas == 0 ? 0.0 : (double)cycles / (double)gas
        );
    }
    arena_reset(&arena);
    return status;
}
