/* Every ecall: result, cost, and each argument that it must refuse, on both engines. */
#include "machine/machine_ecall.h"

#include "base/test.h"
#include "base/u256.h"
#include "crypto/curve256.h"
#include "crypto/keccak.h"
#include "crypto/sha256.h"
#include "machine/test.h"

typedef enum machine_status (*engine)(struct machine *machine, uint64_t max_cycles);

static const engine engines[] = {machine_run, machine_run_plain};

#define EACH_ENGINE(run) \
    for (const engine *run = engines; run < engines + ARRAY_LEN(engines); run++)
#define PLENTY ((uint64_t)1 << 40)

static struct {
    struct test_text text;
    struct test_image image;
    struct arena arena;
    struct machine_program program;
    struct test_memory memory;
    struct machine machine;
    uint64_t logged;
} t;

static void count_log(void *ctx, struct bytes text) {
    (void)ctx;
    t.logged += text.len;
}

/* `ecall; ebreak` with these registers, in data that is ready to be looked at. */
static struct machine *start(uint64_t number, uint64_t a0, uint64_t a1, uint64_t a2) {
    t.text.count = 0;
    emit_word(&t.text, rv_match(RV_ECALL));
    emit_word(&t.text, rv_match(RV_EBREAK));
    test_image_build(&t.image, &t.text);
    arena_init(&t.arena, &test_heap);
    assert_int_equal(
        machine_program_load(&t.program, &t.arena, test_image_file(&t.image)), ELF_VALID
    );
    test_memory_init(&t.memory);
    static const uint8_t input[64] = {0xab};
    const struct machine_setup setup = {
        .program = &t.program,
        .memory = &t.memory.memory,
        .input = BYTES_OF(input),
        .log = count_log,
    };
    enum machine_verdict verdict;
    assert_false(failed(machine_start(&t.machine, &verdict, &setup)));
    t.machine.x[A7] = number;
    t.machine.x[A0] = a0;
    t.machine.x[A1] = a1;
    t.machine.x[A2] = a2;
    return &t.machine;
}

static void end(void) {
    test_memory_free(&t.memory);
    arena_reset(&t.arena);
}

/* The addresses of the image that start makes: they do not depend on the test. */
#define CONSTANTS (TEST_TEXT + 0x1000u)
#define DATA      (TEST_TEXT + 0x2000u)
#define HEAP      (TEST_TEXT + 0x3000u)
#define RAM_END   (HEAP + TEST_HEAP_PAGES * 0x1000u)
#define INPUT     MACHINE_INPUT

static uint8_t *at(uint32_t address) {
    return t.memory.memory.bytes + address;
}

TEST(each_ecall_costs_what_the_table_says_and_stops_exactly) {
    static const struct {
        uint64_t number, a0, a1, a2, extra, result;
    } cases[] = {
        {ECALL_VERSION, 1, 2, 3, 0, 0x20001},
        {ECALL_KECCAKF, DATA, 0, 0, 1920, 0},
        {ECALL_SHA256_COMPRESS, DATA, CONSTANTS, 0, 690, 0},
        {ECALL_MULMOD256, DATA, CONSTANTS, DATA + 32, 16, 0},
        {ECALL_MULADD256, DATA, INPUT, 0, 16, 0},
        {ECALL_SECP256K1_ADD, DATA, CONSTANTS, 0, 64, 0},
        {ECALL_SECP256K1_DOUBLE, DATA, 0, 0, 64, 0},
        {ECALL_P256_ADD, DATA, CONSTANTS, 0, 64, 0},
        {ECALL_P256_DOUBLE, DATA, 0, 0, 64, 0},
        {ECALL_MEMCPY, DATA, CONSTANTS, 0, 1, 0},
        {ECALL_MEMCPY, DATA, CONSTANTS, 1, 2, 0},
        {ECALL_MEMCPY, DATA, CONSTANTS, 8, 2, 0},
        {ECALL_MEMCPY, DATA + 1, CONSTANTS + 2, 9, 3, 0},
        {ECALL_LOG, 2, CONSTANTS, 0, 0, 0},
        {ECALL_LOG, 2, CONSTANTS + 3, 17, 3, 17},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        EACH_ENGINE(run) {
            struct machine *machine = start(cases[i].number, cases[i].a0, cases[i].a1, cases[i].a2);
            struct hash before, after;
            machine_state_hash(&before, machine);
            /* One cycle too few: nothing happens, and the run goes on when it is given more. */
            if (cases[i].extra > 0) {
                assert_int_equal((*run)(machine, cases[i].extra), MACHINE_OUT_OF_CYCLES);
                assert_int_equal(machine->cycles, 0);
                assert_int_equal(machine->pc, TEST_TEXT);
                machine->status = MACHINE_RUNNING;
                machine_state_hash(&after, machine);
                assert_memory_equal(&before, &after, sizeof before);
            }
            t.logged = 0;
            assert_int_equal((*run)(machine, 1 + cases[i].extra), MACHINE_OUT_OF_CYCLES);
            assert_int_equal(machine->pc, TEST_TEXT + 4);
            assert_int_equal(machine->steps, 1);
            assert_int_equal(machine->cycles, 1 + cases[i].extra);
            assert_int_equal(machine->x[A0], cases[i].result);
            assert_int_equal(machine->x[A1], cases[i].a1);
            assert_int_equal(machine->x[A2], cases[i].a2);
            if (cases[i].number == ECALL_LOG) assert_int_equal(t.logged, cases[i].a2);
            end();
        }
    }
}

TEST(a_bad_argument_traps_and_changes_nothing) {
    static const uint64_t above = (uint64_t)1 << 32;
    static const struct {
        uint64_t number, a0, a1, a2;
        enum machine_trap cause; /* 0: good after all */
    } cases[] = {
        {0, 0, 0, 0, TRAP_BAD_ECALL},
        {1, 0, 0, 0, TRAP_BAD_ECALL},
        {0x5005, DATA, DATA, DATA, TRAP_BAD_ECALL},
        {0x5014, DATA, DATA, DATA, TRAP_BAD_ECALL},
        {0x5020, DATA, DATA, DATA, TRAP_BAD_ECALL},
        {0x5040, DATA, DATA, DATA, TRAP_BAD_ECALL},
        {ECALL_VERSION + above, 0, 0, 0, TRAP_BAD_ECALL}, /* all 64 bits count */
        {ECALL_KECCAKF, DATA + 4, 0, 0, TRAP_BAD_ARGUMENT},
        {ECALL_KECCAKF, CONSTANTS, 0, 0, TRAP_BAD_ARGUMENT}, /* not writable */
        {ECALL_KECCAKF, INPUT, 0, 0, TRAP_BAD_ARGUMENT},
        {ECALL_KECCAKF, MACHINE_OUTPUT, 0, 0, 0},
        {ECALL_KECCAKF, RAM_END - 200, 0, 0, 0},
        {ECALL_KECCAKF, RAM_END - 192, 0, 0, TRAP_BAD_ARGUMENT},
        {ECALL_KECCAKF, DATA + above, 0, 0, 0}, /* addresses are taken modulo 2^32 */
        {ECALL_KECCAKF, above - 8, 0, 0, TRAP_BAD_ARGUMENT},
        {ECALL_SHA256_COMPRESS, DATA + 2, CONSTANTS, 0, TRAP_BAD_ARGUMENT},
        {ECALL_SHA256_COMPRESS, DATA, CONSTANTS + 2, 0, TRAP_BAD_ARGUMENT},
        {ECALL_SHA256_COMPRESS, DATA + 4, CONSTANTS + 4, 0, 0},
        {ECALL_SHA256_COMPRESS, CONSTANTS, DATA, 0, TRAP_BAD_ARGUMENT},
        {ECALL_SHA256_COMPRESS, DATA, TEST_TEXT, 0, 0}, /* text can be read */
        {ECALL_SHA256_COMPRESS, DATA, 0x8000, 0, TRAP_BAD_ARGUMENT},
        {ECALL_MULMOD256, DATA + 4, CONSTANTS, CONSTANTS, TRAP_BAD_ARGUMENT},
        {ECALL_MULMOD256, DATA, CONSTANTS + 4, CONSTANTS, TRAP_BAD_ARGUMENT},
        {ECALL_MULMOD256, DATA, CONSTANTS, CONSTANTS + 4, TRAP_BAD_ARGUMENT},
        {ECALL_MULMOD256, DATA, DATA, DATA, 0}, /* operands may overlap */
        {ECALL_MULADD256, DATA + 4, CONSTANTS, 0, TRAP_BAD_ARGUMENT},
        {ECALL_MULADD256, DATA, CONSTANTS + 1, 0, TRAP_BAD_ARGUMENT},
        {ECALL_MULADD256, RAM_END - 32, CONSTANTS, 0, TRAP_BAD_ARGUMENT},
        {ECALL_SECP256K1_ADD, DATA + 4, CONSTANTS, 0, TRAP_BAD_ARGUMENT},
        {ECALL_SECP256K1_ADD, DATA, CONSTANTS + 4, 0, TRAP_BAD_ARGUMENT},
        {ECALL_SECP256K1_ADD, CONSTANTS, DATA, 0, TRAP_BAD_ARGUMENT},
        {ECALL_SECP256K1_ADD, DATA, DATA, 0, TRAP_BAD_ARGUMENT}, /* the same x */
        {ECALL_SECP256K1_ADD, HEAP, HEAP + 64, 0, TRAP_BAD_ARGUMENT},
        {ECALL_SECP256K1_DOUBLE, DATA + 4, 0, 0, TRAP_BAD_ARGUMENT},
        {ECALL_SECP256K1_DOUBLE, HEAP, 0, 0, TRAP_BAD_ARGUMENT}, /* y = 0 */
        {ECALL_SECP256K1_DOUBLE, CONSTANTS, 0, 0, TRAP_BAD_ARGUMENT},
        {ECALL_P256_ADD, DATA, CONSTANTS, 0, 0},
        {ECALL_P256_ADD, DATA, DATA, 0, TRAP_BAD_ARGUMENT},
        {ECALL_P256_DOUBLE, HEAP, 0, 0, TRAP_BAD_ARGUMENT},
        {ECALL_P256_DOUBLE, RAM_END - 56, 0, 0, TRAP_BAD_ARGUMENT},
        {ECALL_MEMCPY, DATA, DATA + 8, 9, TRAP_BAD_ARGUMENT}, /* overlap by one byte */
        {ECALL_MEMCPY, DATA + 8, DATA, 9, TRAP_BAD_ARGUMENT},
        {ECALL_MEMCPY, DATA, DATA, 1, TRAP_BAD_ARGUMENT},
        {ECALL_MEMCPY, DATA, DATA + 8, 8, 0},
        {ECALL_MEMCPY, DATA + 8, DATA, 8, 0},
        {ECALL_MEMCPY, DATA, DATA, 0, 0}, /* no bytes touch no address */
        {ECALL_MEMCPY, 0, 0, 0, 0},
        {ECALL_MEMCPY, CONSTANTS, DATA, 1, TRAP_BAD_ARGUMENT},
        {ECALL_MEMCPY, DATA, 0, 1, TRAP_BAD_ARGUMENT},
        {ECALL_MEMCPY, DATA, CONSTANTS, above, TRAP_BAD_ARGUMENT},
        {ECALL_MEMCPY, DATA, CONSTANTS, UINT64_MAX, TRAP_BAD_ARGUMENT},
        {ECALL_LOG, 1, CONSTANTS, 1, TRAP_BAD_ARGUMENT},
        {ECALL_LOG, 2 + above, CONSTANTS, 1, TRAP_BAD_ARGUMENT},
        {ECALL_LOG, 2, 0, 1, TRAP_BAD_ARGUMENT},
        {ECALL_LOG, 2, 0, 0, 0},
        {ECALL_LOG, 2, CONSTANTS, above, TRAP_BAD_ARGUMENT},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        EACH_ENGINE(run) {
            struct machine *machine = start(cases[i].number, cases[i].a0, cases[i].a1, cases[i].a2);
            struct hash before, after;
            machine_state_hash(&before, machine);
            assert_int_equal((*run)(machine, PLENTY), MACHINE_TRAP);
            if (cases[i].cause == 0) {
                assert_int_equal(machine->code, TRAP_EBREAK);
            } else {
                assert_int_equal(machine->code, cases[i].cause);
                assert_int_equal(machine->pc, TEST_TEXT);
                assert_int_equal(machine->cycles, 0);
                machine->status = MACHINE_RUNNING;
                machine->code = 0;
                machine_state_hash(&after, machine);
                assert_memory_equal(&before, &after, sizeof before);
            }
            end();
        }
    }
}

TEST(a_bad_argument_comes_before_the_cycle_limit) {
    EACH_ENGINE(run) {
        struct machine *machine = start(ECALL_KECCAKF, CONSTANTS, 0, 0);
        assert_int_equal((*run)(machine, 1), MACHINE_TRAP);
        assert_int_equal(machine->code, TRAP_BAD_ARGUMENT);
        end();
    }
}

TEST(keccakf_and_sha256_are_the_standards) {
    EACH_ENGINE(run) {
        struct machine *machine = start(ECALL_KECCAKF, HEAP + 8, 0, 0);
        uint64_t lanes[25] = {0};
        keccakf1600_plain(lanes);
        (void)(*run)(machine, PLENTY);
        assert_memory_equal(at(HEAP + 8), lanes, sizeof lanes);
        end();

        machine = start(ECALL_SHA256_COMPRESS, DATA, CONSTANTS, 0);
        uint32_t state[8];
        memcpy(state, at(DATA), sizeof state);
        sha256_compress_plain(state, at(CONSTANTS));
        (void)(*run)(machine, PLENTY);
        assert_memory_equal(at(DATA), state, sizeof state);
        end();
    }
}

TEST(products_are_exact_and_reduced) {
    static const struct u256 ones = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    static const struct u256 modulus = {{101, 0, 0, 0}};
    EACH_ENGINE(run) {
        struct machine *machine = start(ECALL_MULMOD256, DATA, DATA + 32, DATA + 64);
        memcpy(at(DATA), &ones, sizeof ones);
        memcpy(at(DATA + 32), &ones, sizeof ones);
        memcpy(at(DATA + 64), &modulus, sizeof modulus);
        (void)(*run)(machine, PLENTY);
        struct u256 expected, result;
        u256_mulmod(&expected, &ones, &ones, &modulus);
        memcpy(&result, at(DATA), sizeof result);
        assert_true(u256_equal(&result, &expected));
        end();

        /* m = 0 stands for 2^256: (2^256 - 1)^2 = 1. */
        machine = start(ECALL_MULMOD256, DATA, DATA + 32, HEAP);
        memcpy(at(DATA), &ones, sizeof ones);
        memcpy(at(DATA + 32), &ones, sizeof ones);
        (void)(*run)(machine, PLENTY);
        memcpy(&result, at(DATA), sizeof result);
        assert_true(u256_equal(&result, &U256_ONE));
        end();

        /* (2^256 - 1)^2 + (2^256 - 1) = (2^256 - 1) 2^256 */
        machine = start(ECALL_MULADD256, DATA, DATA + 64, 0);
        memset(at(DATA), 0xff, 96);
        (void)(*run)(machine, PLENTY);
        struct u256 halves[2];
        memcpy(halves, at(DATA), sizeof halves);
        assert_true(u256_is_zero(&halves[0]));
        assert_true(u256_equal(&halves[1], &ones));
        end();
    }
}

/* 2 G and 3 G, as SEC 2's generator gives them by other code; and coordinates that are no numbers of the
 * field. */
TEST(points_are_added_and_doubled) {
    static const struct {
        uint64_t add, twice;
        enum curve256_id id;
    } curves[] = {
        {ECALL_SECP256K1_ADD, ECALL_SECP256K1_DOUBLE, CURVE256_SECP256K1},
        {ECALL_P256_ADD, ECALL_P256_DOUBLE, CURVE256_P256},
    };
    for (size_t c = 0; c < ARRAY_LEN(curves); c++) {
        const struct curve256 *const curve = &curve256_all[curves[c].id];
        const struct curve256_affine generator = {curve->generator_x, curve->generator_y};
        const struct curve256_point one = {generator.x, generator.y, U256_ONE};
        struct curve256_point sum;
        struct curve256_affine two, three, bad = {curve->prime, U256_ONE};
        curve256_double(curve, &sum, &one);
        assert_true(curve256_to_affine(curve, &two, &sum));
        curve256_add(curve, &sum, &sum, &one);
        assert_true(curve256_to_affine(curve, &three, &sum));
        EACH_ENGINE(run) {
            struct machine *machine = start(curves[c].twice, DATA, 0, 0);
            memcpy(at(DATA), &generator, sizeof generator);
            (void)(*run)(machine, PLENTY);
            assert_memory_equal(at(DATA), &two, sizeof two);
            end();

            machine = start(curves[c].add, DATA, DATA + 64, 0);
            memcpy(at(DATA), &generator, sizeof generator);
            memcpy(at(DATA + 64), &two, sizeof two);
            (void)(*run)(machine, PLENTY);
            assert_memory_equal(at(DATA), &three, sizeof three);
            assert_memory_equal(at(DATA + 64), &two, sizeof two);
            end();

            for (size_t i = 0; i < 2; i++) { /* either operand above the prime */
                machine = start(curves[c].add, DATA, DATA + 64, 0);
                memcpy(at(DATA), i == 0 ? &bad : &generator, sizeof bad);
                memcpy(at(DATA + 64), i == 1 ? &bad : &two, sizeof bad);
                assert_int_equal((*run)(machine, PLENTY), MACHINE_TRAP);
                assert_int_equal(machine->code, TRAP_BAD_ARGUMENT);
                end();
            }
        }
    }
}

TEST(memcpy_copies_over_pages_into_heap_and_output) {
    EACH_ENGINE(run) {
        struct machine *machine = start(ECALL_MEMCPY, HEAP + 0xffd, CONSTANTS + 1, 200);
        (void)(*run)(machine, PLENTY);
        assert_memory_equal(at(HEAP + 0xffd), at(CONSTANTS + 1), 200);
        /* Both pages are part of the state now: clearing them changes its hash. */
        struct hash with, without;
        machine_state_hash(&with, machine);
        memset(at(HEAP + 0x1000), 0, 0x1000);
        machine_state_hash(&without, machine);
        assert_memory_not_equal(&with, &without, sizeof with);
        end();
    }
}

TEST_MAIN(
    TEST_CASE(each_ecall_costs_what_the_table_says_and_stops_exactly),
    TEST_CASE(a_bad_argument_traps_and_changes_nothing),
    TEST_CASE(a_bad_argument_comes_before_the_cycle_limit),
    TEST_CASE(keccakf_and_sha256_are_the_standards),
    TEST_CASE(products_are_exact_and_reduced),
    TEST_CASE(points_are_added_and_doubled),
    TEST_CASE(memcpy_copies_over_pages_into_heap_and_output)
)
