/* The interpreter and the plain twin agree to the bit, wherever a run is cut. */
#include "base/test.h"
#include "machine/random_text.h"

/* A program loaded twice, each machine in a memory of its own. */
static struct {
    struct test_text text;
    struct test_image image;
    struct arena arena;
    struct machine_program program;
    struct test_memory memories[2];
    struct machine machines[2];
} t;

static void load(void) {
    test_image_build(&t.image, &t.text);
    arena_init(&t.arena, &test_heap);
    assert_int_equal(
        machine_program_load(&t.program, &t.arena, test_image_file(&t.image)), ELF_VALID
    );
}

/* Both machines at their start, with the same random registers. */
static void start(uint64_t seed) {
    const uint8_t input[40] = {1, 2, 3};
    for (int i = 0; i < 2; i++) {
        uint64_t own_seed = seed;
        test_memory_init(&t.memories[i]);
        const struct machine_setup setup = {
            .program = &t.program,
            .memory = &t.memories[i].memory,
            .input = BYTES_OF(input),
            .output_capacity = 512,
        };
        enum machine_verdict verdict;
        assert_false(failed(machine_start(&t.machines[i], &verdict, &setup)));
        for (int reg = 1; reg < MACHINE_REGISTERS; reg++) {
            t.machines[i].x[reg] = random_operand(&own_seed);
        }
        t.machines[i].x[TAME_BASE] = t.image.data + TAME_REACH;
        t.machines[i].x[TAME_COUNTER] = 3;
    }
}

static void stop(void) {
    test_memory_free(&t.memories[0]);
    test_memory_free(&t.memories[1]);
}

static void assert_same(bool hashes_too) {
    const struct machine *a = &t.machines[0], *b = &t.machines[1];
    assert_memory_equal(a->x, b->x, MACHINE_REGISTERS * sizeof a->x[0]);
    assert_int_equal(a->pc, b->pc);
    assert_int_equal(a->steps, b->steps);
    assert_int_equal(a->cycles, b->cycles);
    assert_int_equal(a->misaligned, b->misaligned);
    assert_int_equal(a->status, b->status);
    assert_int_equal(a->code, b->code);
    assert_int_equal(a->output_len, b->output_len);
    if (!hashes_too) return;
    struct hash hashes[2];
    machine_state_hash(&hashes[0], a);
    machine_state_hash(&hashes[1], b);
    assert_memory_equal(&hashes[0], &hashes[1], sizeof hashes[0]);
}

static void emit_random_program(uint64_t *seed) {
    t.text.count = 0;
    const uint32_t length = 4 + random_below(seed, 120);
    while (t.text.count < length) {
        emit_wild(&t.text, seed);
    }
    if (random_below(seed, 2) == 0) emit_exit(&t.text, test_random(seed) % 300, 100);
}

TEST(engines_agree_on_random_programs_at_random_limits) {
    enum { PROGRAMS = 400, LIMITS = 6, CYCLES = 20000 };
    for (uint64_t round = 0; round < PROGRAMS; round++) {
        uint64_t seed = round;
        emit_random_program(&seed);
        load();
        for (int i = 0; i < LIMITS; i++) {
            start(round);
            const uint64_t limit = random_below(&seed, i < 3 ? 300 : CYCLES);
            (void)machine_run(&t.machines[0], limit);
            (void)machine_run_plain(&t.machines[1], limit);
            assert_same(true);
            stop();
        }
        arena_reset(&t.arena);
    }
}

TEST(a_run_may_be_cut_anywhere) {
    enum { PROGRAMS = 400, CYCLES = 5000 };
    for (uint64_t round = 0; round < PROGRAMS; round++) {
        uint64_t seed = round + 1000000;
        emit_random_program(&seed);
        load();
        start(round);
        (void)machine_run(&t.machines[0], CYCLES);
        uint64_t limit = 0;
        while (limit < CYCLES) {
            limit += random_below(&seed, random_below(&seed, 2) == 0 ? 5 : 900);
            if (limit > CYCLES) limit = CYCLES;
            /* Engines may even take turns. */
            if (random_below(&seed, 3) == 0) {
                (void)machine_run_plain(&t.machines[1], limit);
            } else {
                (void)machine_run(&t.machines[1], limit);
            }
            assert_true(t.machines[1].cycles <= limit);
        }
        assert_same(true);
        stop();
        arena_reset(&t.arena);
    }
}

TEST(engines_agree_after_every_single_instruction) {
    enum { PROGRAMS = 40, CYCLES = 2000 };
    for (uint64_t round = 0; round < PROGRAMS; round++) {
        uint64_t seed = round + 2000000;
        emit_random_program(&seed);
        load();
        start(round);
        for (uint64_t limit = 1; limit < CYCLES; limit++) {
            (void)machine_run(&t.machines[0], limit);
            (void)machine_run_plain(&t.machines[1], limit);
            assert_same(limit % 500 == 0);
        }
        stop();
        arena_reset(&t.arena);
    }
}

TEST(a_run_longer_than_the_window_stops_exactly) {
    enum { LENGTH = 1000 }; /* one straight run, many windows long */
    t.text.count = 0;
    for (int i = 0; i < LENGTH; i++) {
        emit_i(&t.text, RV_ADDI, A0, A0, 1);
    }
    emit_s(&t.text, RV_SD, X0, A0, 0); /* traps */
    load();
    static const uint64_t limits[] = {0, 1, 255, 256, 257, 511, 512, 999, 1000, 1001, 5000};
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        start(0);
        (void)machine_run(&t.machines[0], limits[i]);
        (void)machine_run_plain(&t.machines[1], limits[i]);
        assert_int_equal(t.machines[0].steps, limits[i] < LENGTH ? limits[i] : LENGTH);
        assert_int_equal(
            t.machines[0].status, limits[i] <= LENGTH ? MACHINE_OUT_OF_CYCLES : MACHINE_TRAP
        );
        assert_same(false);
        stop();
    }
    arena_reset(&t.arena);
}

TEST_MAIN(
    TEST_CASE(engines_agree_on_random_programs_at_random_limits),
    TEST_CASE(a_run_may_be_cut_anywhere),
    TEST_CASE(engines_agree_after_every_single_instruction),
    TEST_CASE(a_run_longer_than_the_window_stops_exactly)
)
