/* evm_cases: draws cases for the EVM and runs them on ours; evm_peer.js runs them on another.
 *
 *   evm_cases --seed S --first K --count N [--fork NAME]
 *       writes each case and its outcome to stdout, as bytes behind their length (evm_case.h)
 *   evm_cases --replay
 *       reads cases from stdin and writes their outcomes
 *
 * Each case is run by the plain loop and on decoded streams, which have to agree before anybody compares.
 *
 * Exit status: 0 good, 1 our two engines differ, 2 usage, 3 a pipe that broke.
 */
#include "evm_case.h"
#include "world/heap.h"

#include <getopt.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    EXIT_DIFFER = 1,
    EXIT_USAGE = 2,
    EXIT_BROKEN = 3,
    CODE_CACHE = 1 << 20,
    CASE_SIZE_MAX = 16 << 20
};

static void write_block(struct bytes bytes) {
    uint8_t size[4];
    store_be32(size, (uint32_t)bytes.len);
    if (fwrite(size, sizeof size, 1, stdout) != 1) exit(EXIT_BROKEN);
    if (fwrite(bytes.data, bytes.len, 1, stdout) != 1) exit(EXIT_BROKEN);
}

/* The cases of different seeds have nothing in common. */
static uint64_t case_seed(uint64_t seed, uint64_t number) {
    struct draw draw = {seed};
    const uint64_t start = draw_u64(&draw);
    draw.state = start ^ number * UINT64_C(0xd1342543de82ef95);
    return draw_u64(&draw);
}

/* The outcome of a case, the same by both engines. */
static struct bytes run_case(
    struct arena *arena, const struct chain_vm *vm, const struct evm_case *one, uint64_t number
) {
    evm_set_engine(vm->evm, EVM_ENGINE_PLAIN);
    const struct bytes plain = evm_case_run(arena, vm, one);
    evm_set_engine(vm->evm, EVM_ENGINE_STREAM);
    const struct bytes stream = evm_case_run(arena, vm, one);
    if (!bytes_equal(plain, stream)) {
        (void)fflush(stdout);
        (void)fprintf(
            stderr, "evm_cases: the plain loop and the streams differ in case %" PRIu64 "\n", number
        );
        exit(EXIT_DIFFER);
    }
    return stream;
}

static void run_drawn(
    const struct chain_vm *vm, uint64_t seed, uint64_t first, uint64_t count, enum evm_revision fork
) {
    struct arena arena;
    arena_init(&arena, &heap_source);
    for (uint64_t i = first; i < first + count; i++) {
        struct evm_case *const one = ARENA_NEW(&arena, struct evm_case);
        evm_case_draw(&arena, one, case_seed(seed, i), fork);
        write_block(evm_case_encode(&arena, one));
        write_block(run_case(&arena, vm, one, i));
        arena_reset(&arena);
    }
    if (fflush(stdout) != 0) exit(EXIT_BROKEN);
}

static void run_given(const struct chain_vm *vm) {
    struct arena arena;
    uint8_t size[4];
    uint64_t number = 0;
    arena_init(&arena, &heap_source);
    while (fread(size, sizeof size, 1, stdin) == 1) {
        const size_t len = load_be32(size);
        if (len > CASE_SIZE_MAX) exit(EXIT_BROKEN);
        uint8_t *const data = arena_alloc(&arena, len, 1);
        struct evm_case *const one = ARENA_NEW(&arena, struct evm_case);
        if (fread(data, len, 1, stdin) != 1) exit(EXIT_BROKEN);
        evm_case_decode(&arena, one, bytes_from(data, len));
        write_block(run_case(&arena, vm, one, number++));
        if (fflush(stdout) != 0) exit(EXIT_BROKEN);
        arena_reset(&arena);
    }
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"count", required_argument, NULL, 'c'}, {"first", required_argument, NULL, 'f'},
        {"fork", required_argument, NULL, 'k'},  {"replay", no_argument, NULL, 'r'},
        {"seed", required_argument, NULL, 's'},  {NULL, 0, NULL, 0},
    };
    uint64_t seed = 1, first = 0, count = 0;
    enum evm_revision fork = EVM_REVISION_COUNT;
    bool replay = false;
    for (int id; (id = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (id) {
        case 'c': count = strtoull(optarg, NULL, 10); break;
        case 'f': first = strtoull(optarg, NULL, 10); break;
        case 's': seed = strtoull(optarg, NULL, 10); break;
        case 'r': replay = true; break;
        case 'k':
            if (evm_revision_from_name(&fork, bytes_from(optarg, strlen(optarg)))) break;
            (void)fprintf(stderr, "evm_cases: there is no fork '%s'\n", optarg);
            return EXIT_USAGE;
        default: return EXIT_USAGE;
        }
    }
    struct evm *const evm = evm_create(&heap_source, CODE_CACHE);
    const struct chain_vm vm = {.evm = evm};
    if (replay) {
        run_given(&vm);
    } else {
        run_drawn(&vm, seed, first, count, fork);
    }
    evm_destroy(evm);
    return 0;
}
