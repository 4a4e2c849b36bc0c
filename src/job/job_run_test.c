#include "job/job_run.h"

#include "base/test.h"
#include "job/limits.h"
#include "machine/test.h"

static struct test_text text;
static struct test_image image;
static struct test_memory memory;
static struct arena arena;
static struct machine_program program;

static void start(void) {
    text.count = 0;
    arena_init(&arena, &test_heap);
}

/* Runs what was emitted since start. */
static struct job_run_result run(struct bytes onchain, struct bytes offchain, uint64_t max_cycles) {
    test_image_build(&image, &text);
    assert_int_equal(machine_program_load(&program, &arena, test_image_file(&image)), ELF_VALID);
    test_memory_init(&memory);
    struct job_run_result result;
    const struct status status =
        job_run(&result, &arena, &program, &memory.memory, onchain, offchain, max_cycles);
    assert_int_equal(status.code, STATUS_OK);
    test_memory_free(&memory); /* the output must not live there */
    return result;
}

TEST(a_program_finds_its_inputs_and_the_capacity_of_its_output) {
    start();
    emit_i(&text, RV_LD, T0, A0, 0); /* on-chain length, and the bytes */
    emit_s(&text, RV_SD, A2, T0, 0);
    emit_i(&text, RV_LD, T0, A0, 8);
    emit_s(&text, RV_SD, A2, T0, 8);
    emit_i(&text, RV_LD, T0, A0, 16); /* off-chain length, and the bytes */
    emit_s(&text, RV_SD, A2, T0, 16);
    emit_i(&text, RV_LD, T0, A0, 24);
    emit_s(&text, RV_SD, A2, T0, 24);
    emit_s(&text, RV_SD, A2, A3, 32);
    emit_exit(&text, 0, 40);
    const struct job_run_result result =
        run(BYTES_LITERAL("abc"), BYTES_LITERAL("wxyz"), JOB_CYCLES_MAX);
    assert_int_equal(result.outcome, JOB_EXIT);
    assert_int_equal(result.code, 0);
    assert_int_equal(result.used_cycles, text.count);
    static const uint8_t expected[40] = {
        3, 0, 0, 0, 0,   0,   0,   0,   'a', 'b', 'c', 0, 0, 0, 0, 0, 4, 0, 0, 0,
        0, 0, 0, 0, 'w', 'x', 'y', 'z', 0,   0,   0,   0, 0, 0, 1, 0, 0, 0, 0, 0,
    };
    assert_bytes_equal(result.output, BYTES_OF(expected));
    arena_reset(&arena);
}

TEST(an_exit_with_another_code_keeps_its_output) {
    start();
    emit_s(&text, RV_SB, A2, A3, 2);
    emit_exit(&text, 7, 3);
    const struct job_run_result result = run(bytes_from(NULL, 0), bytes_from(NULL, 0), 100);
    assert_int_equal(result.outcome, JOB_EXIT);
    assert_int_equal(result.code, 7);
    assert_int_equal(result.output.len, 3);
    arena_reset(&arena);
}

TEST(a_trap_names_its_cause_and_has_no_output) {
    start();
    emit_s(&text, RV_SD, A2, A3, 0);
    emit_i(&text, RV_LD, T0, X0, 0);
    const struct job_run_result result = run(bytes_from(NULL, 0), bytes_from(NULL, 0), 100);
    assert_int_equal(result.outcome, JOB_TRAP);
    assert_int_equal(result.code, TRAP_LOAD);
    assert_int_equal(result.used_cycles, 1);
    assert_int_equal(result.output.len, 0);
    arena_reset(&arena);
}

TEST(an_output_beyond_a_jobs_capacity_traps) {
    start();
    emit_exit(&text, 0, JOB_OUTPUT_MAX);
    struct job_run_result result = run(bytes_from(NULL, 0), bytes_from(NULL, 0), 100);
    assert_int_equal(result.outcome, JOB_EXIT);
    assert_int_equal(result.output.len, JOB_OUTPUT_MAX);
    arena_reset(&arena);
    start();
    emit_exit(&text, 0, JOB_OUTPUT_MAX + 1);
    result = run(bytes_from(NULL, 0), bytes_from(NULL, 0), 100);
    assert_int_equal(result.outcome, JOB_TRAP);
    assert_int_equal(result.code, TRAP_OUTPUT_FULL);
    arena_reset(&arena);
}

TEST(a_loop_ends_at_the_limit) {
    start();
    emit_i(&text, RV_JAL, X0, 0, 0);
    const struct job_run_result result = run(bytes_from(NULL, 0), bytes_from(NULL, 0), 12345);
    assert_int_equal(result.outcome, JOB_OUT_OF_CYCLES);
    assert_int_equal(result.code, 0);
    assert_int_equal(result.used_cycles, 12345);
    assert_int_equal(result.output.len, 0);
    arena_reset(&arena);
}

static bool no_memory(void *ctx, uint32_t from, uint64_t size) {
    (void)ctx;
    (void)from;
    (void)size;
    return false;
}

TEST(a_host_without_memory_is_a_failure_not_a_result) {
    start();
    emit_exit(&text, 0, 0);
    test_image_build(&image, &text);
    assert_int_equal(machine_program_load(&program, &arena, test_image_file(&image)), ELF_VALID);
    test_memory_init(&memory);
    memory.memory.open = no_memory;
    struct job_run_result result;
    const struct bytes none = bytes_from(NULL, 0);
    const struct status status =
        job_run(&result, &arena, &program, &memory.memory, none, none, 100);
    assert_int_equal(status.code, STATUS_NO_SPACE);
    test_memory_free(&memory);
    arena_reset(&arena);
}

static void run_empty_program(struct bytes onchain, uint64_t max_cycles) {
    struct job_run_result ended;
    const struct status status =
        job_run(&ended, &arena, &program, &memory.memory, onchain, bytes_from(NULL, 0), max_cycles);
    (void)status;
}

TEST(calls_beyond_a_jobs_limits_are_bugs) {
    start();
    static uint8_t input[JOB_INPUT_MAX + 1];
    expect_assert_failure(run_empty_program(bytes_from(NULL, 0), 0));
    expect_assert_failure(run_empty_program(bytes_from(NULL, 0), JOB_CYCLES_MAX + 1));
    expect_assert_failure(run_empty_program(BYTES_OF(input), 1));
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(a_program_finds_its_inputs_and_the_capacity_of_its_output),
    TEST_CASE(an_exit_with_another_code_keeps_its_output),
    TEST_CASE(a_trap_names_its_cause_and_has_no_output),
    TEST_CASE(an_output_beyond_a_jobs_capacity_traps),
    TEST_CASE(a_loop_ends_at_the_limit),
    TEST_CASE(a_host_without_memory_is_a_failure_not_a_result),
    TEST_CASE(calls_beyond_a_jobs_limits_are_bugs)
)
