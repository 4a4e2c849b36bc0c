#include "machine/machine_memory.h"

/* The pages that [address, address + size) lies on; size > 0 and the end is within the space. */
static uint32_t first_page(uint32_t address) {
    return address >> MACHINE_PAGE_BITS;
}

static uint32_t last_page(uint32_t address, uint64_t size) {
    return (uint32_t)((address + size - 1) >> MACHINE_PAGE_BITS);
}

bool machine_memory_map(
    struct machine_memory *memory, uint32_t start, uint64_t size, uint8_t permissions
) {
    ASSERT(start % MACHINE_PAGE_SIZE == 0 && size % MACHINE_PAGE_SIZE == 0);
    ASSERT(size <= MACHINE_SPACE - start && permissions <= PAGE_PERMISSIONS);
    if (size == 0) return true;
    if (!memory->open(memory->ctx, start, size)) return false;
    memset(memory->flags + first_page(start), permissions, size >> MACHINE_PAGE_BITS);
    return true;
}

/* PAGE_DATA on every page of the range, and PAGE_STORE where stores are allowed. */
static void mark_data(struct machine_memory *memory, uint32_t start, uint64_t size) {
    const uint32_t last = last_page(start, size);
    for (uint32_t page = first_page(start); page <= last; page++) {
        const uint8_t store = memory->flags[page] & PAGE_WRITE ? PAGE_STORE : 0;
        memory->flags[page] |= PAGE_DATA | store;
    }
}

void machine_memory_fill(struct machine_memory *memory, uint32_t start, struct bytes data) {
    ASSERT(data.len <= MACHINE_SPACE - start);
    if (data.len == 0) return;
    mark_data(memory, start, data.len);
    memcpy(memory->bytes + start, data.data, data.len);
}

bool machine_memory_allows(
    const struct machine_memory *memory, uint32_t address, uint64_t size, uint8_t permission
) {
    if (size == 0) return true;
    if (size > MACHINE_SPACE - address) return false;
    const uint32_t last = last_page(address, size);
    for (uint32_t page = first_page(address); page <= last; page++) {
        if ((memory->flags[page] & permission) == 0) return false;
    }
    return true;
}

void machine_memory_touch(struct machine_memory *memory, uint32_t address, uint64_t size) {
    ASSERT(size <= MACHINE_SPACE - address);
    if (size > 0) mark_data(memory, address, size);
}

bool machine_memory_load(
    const struct machine_memory *memory, uint64_t *value, uint32_t address, unsigned size
) {
    *value = 0;
    if (!machine_memory_allows(memory, address, size, PAGE_READ)) return false;
    memcpy(value, memory->bytes + address, size); /* the host is little-endian, like the guest */
    return true;
}

bool machine_memory_store(
    struct machine_memory *memory, uint32_t address, unsigned size, uint64_t value
) {
    if (!machine_memory_allows(memory, address, size, PAGE_WRITE)) return false;
    machine_memory_touch(memory, address, size);
    memcpy(memory->bytes + address, &value, size);
    return true;
}
