/* elf_image: which ELF files are programs of the machine, and what they put where.
 *
 * MACHINE.md 3.3 and 3.4. Sections and symbols never matter here; elf_symbols.h reads them for
 * profiles. Pure; allocates nothing; the file is untrusted.
 */
#ifndef MACHINE_ELF_IMAGE_H
#define MACHINE_ELF_IMAGE_H

#include "machine/machine_memory.h"

#define ELF_IMAGE_MAX ((size_t)64 << 20) /* bytes of the file */
#define ELF_TEXT_MAX  ((uint64_t)16 << 20)

enum { ELF_HEADERS_MAX = 16 };

#define ELF_IMAGE_LOWEST    0x20000u    /* of the first segment */
#define ELF_RAM_END_MAX     0x80000000u /* so every RAM address is its own sign extension */
#define ELF_RAM_END_DEFAULT ((uint64_t)16 << 20) /* above image_hi, where no note says otherwise */

/* X(verdict, text for people) */
/* clang-format off */
#define ELF_VERDICTS(X)                                                                            \
    X(ELF_VALID, "valid")                                                                          \
    X(ELF_TOO_LONG, "the image is longer than 64 MiB")                                             \
    X(ELF_TOO_SHORT, "too short for an ELF header")                                                \
    X(ELF_BAD_MAGIC, "not an ELF file")                                                            \
    X(ELF_NOT_64_BIT, "not a 64-bit ELF file")                                                     \
    X(ELF_NOT_LITTLE_ENDIAN, "not a little-endian ELF file")                                       \
    X(ELF_BAD_VERSION, "ELF version is not 1")                                                     \
    X(ELF_BAD_OS_ABI, "EI_OSABI is not 0 (System V)")                                              \
    X(ELF_NOT_EXECUTABLE, "not a static executable (e_type is not ET_EXEC)")                       \
    X(ELF_OTHER_MACHINE, "made for another machine (e_machine is not 243, RISC-V)")                \
    X(ELF_BAD_FLAGS, "e_flags is not 0: build for rv64im with the lp64 ABI, without RVC or floats") \
    X(ELF_BAD_HEADER_SIZE, "e_phentsize is not 56")                                                \
    X(ELF_TOO_MANY_HEADERS, "more than 16 program headers")                                        \
    X(ELF_HEADERS_OUTSIDE, "program headers lie outside the file")                                 \
    X(ELF_INTERPRETER, "has PT_INTERP: link statically")                                           \
    X(ELF_DYNAMIC, "has PT_DYNAMIC: link statically and not as PIE")                               \
    X(ELF_NOTE_OUTSIDE, "a PT_NOTE lies outside the file")                                         \
    X(ELF_NOTE_BROKEN, "an entry leaves its PT_NOTE")                                              \
    X(ELF_NOTE_DUPLICATE, "more than one Infinity note")                                           \
    X(ELF_NOTE_BAD_SIZE, "the Infinity note's descriptor is not 8 bytes")                          \
    X(ELF_BAD_PERMISSIONS, "a segment's permissions are not R, RX or RW")                          \
    X(ELF_FILE_SIZE_ABOVE_MEMORY, "a segment's file size is above its memory size")                \
    X(ELF_SEGMENT_OUTSIDE_FILE, "a segment lies outside the file")                                 \
    X(ELF_SEGMENT_OVERFLOW, "a segment's addresses overflow")                                      \
    X(ELF_IMAGE_TOO_LOW, "the first segment is not at a page from 0x20000 on")                     \
    X(ELF_NOT_ASCENDING, "segments are not in ascending order, or overlap")                        \
    X(ELF_PAGE_SHARED, "two segments share a page")                                                \
    X(ELF_NO_TEXT, "no executable segment")                                                        \
    X(ELF_SECOND_TEXT, "more than one executable segment")                                         \
    X(ELF_TEXT_UNALIGNED, "the executable segment's address or size is not a multiple of 4")       \
    X(ELF_TEXT_NOT_IN_FILE, "the executable segment's memory size differs from its file size")     \
    X(ELF_TEXT_TOO_LONG, "the executable segment is longer than 16 MiB")                           \
    X(ELF_BAD_ENTRY, "the entry point is not an aligned address of the executable segment")        \
    X(ELF_BAD_RAM_END, "ram_end is not a page between the image's end and 0x80000000")
/* clang-format on */

enum elf_verdict {
#define ELF_ENUM(verdict, text) verdict,
    ELF_VERDICTS(ELF_ENUM)
#undef ELF_ENUM
        ELF_VERDICT_COUNT
};

/* A PT_LOAD: data stands at the first data.len of memory_size bytes, the rest are zeros. */
struct elf_segment {
    struct bytes data; /* borrowed from the file */
    uint32_t address;
    uint32_t memory_size; /* above 0 */
    uint8_t permissions;  /* PAGE_READ, _WRITE, _EXECUTE: 1, 3 or 5 */
};

struct elf_image {
    uint32_t entry;
    uint32_t image_lo, image_hi; /* whole pages: the segments; sp starts at image_lo */
    uint32_t text_lo, text_hi;   /* the instructions */
    uint32_t ram_end;
    uint32_t segment_count;
    struct elf_segment segments[ELF_HEADERS_MAX]; /* ascending, no page shared */
};

/* Reads file. On ELF_VALID *image borrows from file; on any other verdict it holds nothing. */
MUST_USE enum elf_verdict elf_image_read(struct elf_image *image, struct bytes file);

/* The verdict in words, for people: starts in lower case and ends without a period. */
const char *elf_verdict_text(enum elf_verdict verdict);

#endif
