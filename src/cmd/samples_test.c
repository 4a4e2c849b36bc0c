/* The samples' notation, and the sample programs against the computation on the host. */
#include "cmd/samples.h"

#include "base/test.h"
#include "codec/hex.h"
#include "machine/machine.h"
#include "world/guest_memory.h"

#include <stdio.h>

static uint8_t image[1 << 20];

static struct bytes image_of(const char *name) {
    char path[128];
    (void)snprintf(path, sizeof path, "guest/programs/%s.elf", name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) fail_msg("%s is missing: run from the repository's root", path);
    const size_t len = fread(image, 1, sizeof image, file);
    (void)fclose(file);
    return bytes_from(image, len);
}

/* Runs the sample's program as a job; answers the exit code. */
static uint32_t run(
    struct arena *arena, struct bytes *output, const struct sample *sample, struct bytes onchain
) {
    struct machine_program program;
    assert_int_equal(machine_program_load(&program, arena, image_of(sample->name)), ELF_VALID);
    struct guest_memory memory;
    assert_false(failed(guest_memory_create(&memory)));
    const struct machine_setup setup = {
        .program = &program,
        .memory = &memory.memory,
        .job = true,
        .onchain = onchain,
        .output_capacity = 65536,
    };
    struct machine machine;
    enum machine_verdict verdict;
    assert_false(failed(machine_start(&machine, &verdict, &setup)));
    assert_int_equal(machine_run(&machine, 1000000000), MACHINE_EXIT);
    *output = arena_copy(arena, machine_result(&machine).output);
    guest_memory_destroy(&memory);
    return machine.code;
}

TEST(programs_answer_what_the_host_computes_on_drawn_inputs) {
    enum { DRAWS = 40 };
    for (size_t i = 0; i < sample_count; i++) {
        for (uint64_t round = 0; round < DRAWS; round++) {
            struct arena arena;
            arena_init(&arena, &test_heap);
            uint64_t seed = round;
            const char *text = round == 0 ? samples[i].example : samples[i].draw(&arena, &seed);
            struct bytes onchain, output;
            assert_null(samples[i].read(&arena, &onchain, text));
            assert_int_equal(run(&arena, &output, &samples[i], onchain), 0);
            assert_bytes_equal(output, samples[i].expect(&arena, onchain));
            assert_non_null(samples[i].show(&arena, output));
            arena_reset(&arena);
        }
    }
}

TEST(known_inputs_have_known_answers) {
    static const struct {
        const char *name, *input, *output;
    } cases[] = {
        {"sqrt", "1764", "42"},
        {"sqrt", "0", "0"},
        {"sqrt", "115792089237316195423570985008687907853269984665640564039457584007913129639935",
         "340282366920938463463374607431768211455"},
        {"sha256_chain", "0x0000000000000000000000000000000000000000000000000000000000000000:1",
         "0x66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"},
        {"matching", "a2:101x3,a3:102x4/b4:102x5",
         "root 0x8d3ed52a852220dc0181c893fbc6fe8fbc9b06fe16d2dc9a6fe532598dd11b4f, 4 x 3 at 101 "
         "from "
         "2, 4 x 2 at 102 from 3"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct sample *sample = sample_find(cases[i].name);
        assert_non_null(sample);
        struct arena arena;
        arena_init(&arena, &test_heap);
        struct bytes onchain;
        assert_null(sample->read(&arena, &onchain, cases[i].input));
        assert_string_equal(sample->show(&arena, sample->expect(&arena, onchain)), cases[i].output);
        arena_reset(&arena);
    }
    assert_null(sample_find("nothing"));
}

TEST(bad_notation_is_explained) {
    static const struct {
        const char *name, *input;
    } cases[] = {
        {"sqrt", ""},
        {"sqrt", "-1"},
        {"sqrt", "0x10"},
        {"sqrt", "115792089237316195423570985008687907853269984665640564039457584007913129639936"},
        {"sha256_chain", "0x00:1"},
        {"sha256_chain", "0x0000000000000000000000000000000000000000000000000000000000000000"},
        {"sha256_chain", "0x0000000000000000000000000000000000000000000000000000000000000000:"},
        {"sha256_chain",
         "0x0000000000000000000000000000000000000000000000000000000000000000:18446744073709551616"},
        {"matching", ""},
        {"matching", "b1:100x5"},
        {"matching", "c1:100x5/"},
        {"matching", "b1:0x5/"},
        {"matching", "b1:100x0/"},
        {"matching", "b1:100x5a2:101x1/"},
        {"matching", "/b1:18446744073709551616x1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena arena;
        arena_init(&arena, &test_heap);
        struct bytes onchain;
        assert_non_null(sample_find(cases[i].name)->read(&arena, &onchain, cases[i].input));
        arena_reset(&arena);
    }
}

TEST(programs_refuse_bad_input_by_exit_code) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    const uint8_t short_input[31] = {0};
    struct bytes output;
    for (size_t i = 0; i < sample_count; i++) {
        assert_int_equal(run(&arena, &output, &samples[i], BYTES_OF(short_input)), 2);
        assert_int_equal(output.len, 0);
    }
    /* A book that does not have the root it came with. */
    const struct sample *matching = sample_find("matching");
    struct bytes onchain;
    assert_null(matching->read(&arena, &onchain, matching->example));
    uint8_t *wrong = ARENA_ARRAY(&arena, uint8_t, onchain.len);
    memcpy(wrong, onchain.data, onchain.len);
    wrong[0] ^= 1;
    assert_int_equal(run(&arena, &output, matching, bytes_from(wrong, onchain.len)), 3);
    assert_int_equal(output.len, 0);
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(programs_answer_what_the_host_computes_on_drawn_inputs),
    TEST_CASE(known_inputs_have_known_answers),
    TEST_CASE(bad_notation_is_explained),
    TEST_CASE(programs_refuse_bad_input_by_exit_code)
)
