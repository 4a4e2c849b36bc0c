/* Any text: both engines end in the same state. The first 8 bytes are the cycle limit and where the
 * interpreter's run is cut; the rest are instructions. */
#include "base/fuzz.h"
#include "machine/test.h"

enum { HEAD_SIZE = 8, WORDS_MAX = 4096, CYCLES_MAX = 20000 };

static void start(
    struct machine *machine, struct test_memory *memory, const struct machine_program *program
) {
    test_memory_init(memory);
    const struct machine_setup setup = {
        .program = program,
        .memory = &memory->memory,
        .input = BYTES_LITERAL("fuzz"),
        .output_capacity = 4096,
    };
    enum machine_verdict verdict;
    if (failed(machine_start(machine, &verdict, &setup))) abort();
    ASSERT(verdict == MACHINE_READY);
    machine->x[S0] = program->image.image_hi;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct test_text text;
    static struct test_image image;
    if (size < HEAD_SIZE + 4) return 0;
    const uint64_t limit = load_le32(data) % CYCLES_MAX, cut = load_le32(data + 4) % (limit + 1);
    text.count = 0;
    for (size_t at = HEAD_SIZE; at + 4 <= size && text.count < WORDS_MAX; at += 4) {
        emit_word(&text, load_le32(data + at));
    }
    test_image_build(&image, &text);

    struct arena arena;
    struct machine_program program;
    struct test_memory memories[2];
    struct machine fast, plain;
    struct hash hashes[2];
    arena_init(&arena, &test_heap);
    ASSERT(machine_program_load(&program, &arena, test_image_file(&image)) == ELF_VALID);
    start(&fast, &memories[0], &program);
    start(&plain, &memories[1], &program);
    (void)machine_run(&fast, cut);
    (void)machine_run(&fast, limit);
    (void)machine_run_plain(&plain, limit);
    machine_state_hash(&hashes[0], &fast);
    machine_state_hash(&hashes[1], &plain);
    ASSERT(hash_equal(&hashes[0], &hashes[1]));
    ASSERT(fast.misaligned == plain.misaligned);
    test_memory_free(&memories[0]);
    test_memory_free(&memories[1]);
    arena_reset(&arena);
    return 0;
}
