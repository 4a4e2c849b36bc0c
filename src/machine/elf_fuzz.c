/* Any file: the reader answers a verdict, and what it accepts can be loaded, named and started. */
#include "base/fuzz.h"
#include "machine/elf_symbols.h"
#include "machine/test.h"

enum { RAM_MAX = 64 << 20, CYCLES = 10000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    struct machine_program program;
    arena_init(&arena, &test_heap);
    const struct bytes file = {data, size};
    const struct elf_symbols symbols = elf_symbols_read(&arena, file);
    (void)elf_symbols_find(&symbols, size);
    if (machine_program_load(&program, &arena, file) == ELF_VALID &&
        machine_program_ram(&program) <= RAM_MAX) {
        struct test_memory memory;
        test_memory_init(&memory);
        const struct machine_setup setup = {.program = &program, .memory = &memory.memory};
        struct machine machine;
        enum machine_verdict verdict;
        if (failed(machine_start(&machine, &verdict, &setup))) abort();
        ASSERT(verdict == MACHINE_READY);
        (void)machine_run(&machine, CYCLES);
        ASSERT(machine.cycles <= CYCLES);
        test_memory_free(&memory);
    }
    arena_reset(&arena);
    return 0;
}
