/* machine_program: an image made ready to run: its id, its permissions, its decoded text.
 *
 * MACHINE.md 3.4. A program never changes after loading, so any number of machines in any number of
 * threads may run it at once. Pure; memory comes from the caller's arena.
 */
#ifndef MACHINE_MACHINE_PROGRAM_H
#define MACHINE_MACHINE_PROGRAM_H

#include "base/arena.h"
#include "machine/elf_image.h"

enum { MACHINE_ISA_VERSION = 1, MACHINE_ABI_VERSION = 2 };

#define MACHINE_STACK_LO   0x00010000u
#define MACHINE_OUTPUT     0xb0000000u
#define MACHINE_OUTPUT_MAX ((uint64_t)1 << 20)
#define MACHINE_INPUT      0xc0000000u
#define MACHINE_INPUT_MAX  (((uint64_t)1 << 30) - ((uint64_t)1 << 16))

struct machine_record; /* one pre-decoded instruction, see machine_interp.c */

struct machine_program {
    struct hash id;
    struct elf_image image; /* borrows the file's bytes */
    uint32_t pages;         /* with permissions in the id, without OUTPUT's */
    uint32_t text_count;    /* instructions */

    /* For each instruction, and for the place after the last: its record, and how many
     * instructions there are from it to the end of its run. */
    const struct machine_record *records;
    const uint32_t *runs;
};

/* Loads file, which outlives the program; so does what arena gave (about 20 bytes an instruction).
 * On a verdict other than ELF_VALID *program holds nothing and arena is as it was. */
MUST_USE enum elf_verdict machine_program_load(
    struct machine_program *program, struct arena *arena, struct bytes file
);

/* Only the id and the page count of file, without decoding. */
MUST_USE enum elf_verdict machine_program_id(
    struct hash *id, uint32_t *pages, struct arena *scratch, struct bytes file
);

/* What is mapped whatever the input is: stack, segments, heap and, last of all, OUTPUT. Answers how
 * many ranges it wrote. */
struct machine_range {
    uint32_t start;
    uint32_t size; /* whole pages, above 0 */
    uint8_t permissions;
};
enum { MACHINE_RANGES_MAX = ELF_HEADERS_MAX + 3 };
size_t machine_image_ranges(
    struct machine_range ranges[MACHINE_RANGES_MAX], const struct elf_image *image
);

/* Bytes of RAM that the program may use: from the null guard to ram_end. */
uint64_t machine_program_ram(const struct machine_program *program);

#endif
