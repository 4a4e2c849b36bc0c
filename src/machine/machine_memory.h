/* machine_memory: the 2^32 bytes that a program sees, and one byte of flags for each page.
 *
 * MACHINE.md 3.2 and 3.3. The host lends the memory (world/guest_memory.h in the node): bytes is an
 * address range of 4 GiB in which only what was opened is backed, flags is a table of 2^20 bytes.
 * An address is taken modulo 2^32; an access that would run past 2^32 fails. Pure.
 */
#ifndef MACHINE_MACHINE_MEMORY_H
#define MACHINE_MACHINE_MEMORY_H

#include "base/bytes.h"

#define MACHINE_SPACE ((uint64_t)1 << 32)

enum {
    MACHINE_PAGE_BITS = 12,
    MACHINE_PAGE_SIZE = 1 << MACHINE_PAGE_BITS,
    MACHINE_PAGE_COUNT = 1 << 20,
};

/* Flags of a page. The low three are its permissions, as they stand in the program id. */
enum {
    PAGE_READ = 1,
    PAGE_WRITE = 2,
    PAGE_EXECUTE = 4,
    PAGE_PERMISSIONS = 7,
    PAGE_DATA = 8,   /* may hold a byte other than zero; a page without it is all zeros */
    PAGE_STORE = 16, /* writable and PAGE_DATA is set: a store needs no further bookkeeping */
};

struct machine_memory {
    uint8_t *bytes; /* MACHINE_SPACE bytes of addresses */
    uint8_t *flags; /* MACHINE_PAGE_COUNT flags, all 0 when the memory is handed over */
    /* Backs [start, start + size), whole pages, with zeros that the host may read and write.
     * false: the host has no memory left. */
    bool (*open)(void *ctx, uint32_t start, uint64_t size);
    void *ctx;
};

/* Opens [start, start + size), whole pages below 2^32, with these permissions (a sum of
 * PAGE_READ/WRITE/EXECUTE). false: the host has no memory left. */
MUST_USE bool machine_memory_map(
    struct machine_memory *memory, uint32_t start, uint64_t size, uint8_t permissions
);

/* Puts data into mapped pages, whatever their permissions: how image and input get there. */
void machine_memory_fill(struct machine_memory *memory, uint32_t start, struct bytes data);

/* Whether every byte of [address, address + size) exists and has the permission (one bit); size 0
 * touches no address and is always true. */
bool machine_memory_allows(
    const struct machine_memory *memory, uint32_t address, uint64_t size, uint8_t permission
);

/* Notes that [address, address + size), which allows PAGE_WRITE, is about to change. */
void machine_memory_touch(struct machine_memory *memory, uint32_t address, uint64_t size);

/* A little-endian load or store of size 1, 2, 4 or 8 bytes at any alignment; a load is
 * zero-extended. false: an access fault, and nothing was written. */
MUST_USE bool machine_memory_load(
    const struct machine_memory *memory, uint64_t *value, uint32_t address, unsigned size
);
MUST_USE bool machine_memory_store(
    struct machine_memory *memory, uint32_t address, unsigned size, uint64_t value
);

#endif
