/* elf_symbols: the functions of an ELF image by name, for profiles.
 *
 * Nothing here has any part in a result: a stripped or broken symbol table gives fewer names. Pure;
 * the file is untrusted.
 */
#ifndef MACHINE_ELF_SYMBOLS_H
#define MACHINE_ELF_SYMBOLS_H

#include "base/arena.h"

enum { ELF_SYMBOLS_MAX = 1 << 16 };

struct elf_symbol {
    uint64_t address;
    const char *name; /* NUL-terminated, in the arena */
};

struct elf_symbols {
    struct elf_symbol *symbols; /* ascending by address */
    size_t count;
};

/* The symbols of functions, and those without a type that stand in text as assembler leaves them;
 * none where the table is missing or broken. */
struct elf_symbols elf_symbols_read(struct arena *arena, struct bytes file);

/* The index of the last symbol at or before address; count where there is none. */
size_t elf_symbols_find(const struct elf_symbols *symbols, uint64_t address);

#endif
