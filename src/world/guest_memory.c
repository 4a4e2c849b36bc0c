#include "world/guest_memory.h"

#include <sys/mman.h>

#include <errno.h>

/* Beyond 2^32, so that an access that starts below may run over its end without harm. */
#define GUARD_SIZE ((size_t)1 << 16)
#define SPACE_SIZE ((size_t)MACHINE_SPACE + GUARD_SIZE)

static bool open_range(void *ctx, uint32_t start, uint64_t size) {
    struct guest_memory *guest = ctx;
    ASSERT(guest->range_count < GUEST_MEMORY_RANGES_MAX);
    if (mprotect(guest->memory.bytes + start, size, PROT_READ | PROT_WRITE) != 0) return false;
    guest->ranges[guest->range_count].start = start;
    guest->ranges[guest->range_count].size = size;
    guest->range_count++;
    return true;
}

static uint8_t *reserve(size_t size, int protection) {
    const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *memory = mmap(NULL, size, protection, flags, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

struct status guest_memory_create(struct guest_memory *guest) {
    *guest = (struct guest_memory){0};
    uint8_t *bytes = reserve(SPACE_SIZE, PROT_NONE);
    if (bytes == NULL) return status_make(STATUS_NO_SPACE, errno, "reserving a guest's addresses");
    uint8_t *flags = reserve(MACHINE_PAGE_COUNT, PROT_READ | PROT_WRITE);
    if (flags == NULL) {
        const int os_error = errno;
        (void)munmap(bytes, SPACE_SIZE);
        return status_make(STATUS_NO_SPACE, os_error, "reserving a guest's page flags");
    }
    guest->memory = (struct machine_memory){bytes, flags, open_range, guest};
    return status_ok;
}

struct status guest_memory_reset(struct guest_memory *guest) {
    for (uint32_t i = 0; i < guest->range_count; i++) {
        uint8_t *start = guest->memory.bytes + guest->ranges[i].start;
        const size_t size = guest->ranges[i].size;
        /* What is dropped comes back as zeros; what is closed again cannot be reached by mistake. */
        if (madvise(start, size, MADV_DONTNEED) != 0 || mprotect(start, size, PROT_NONE) != 0) {
            return status_make(STATUS_NO_SPACE, errno, "clearing a guest's memory");
        }
    }
    if (madvise(guest->memory.flags, MACHINE_PAGE_COUNT, MADV_DONTNEED) != 0) {
        return status_make(STATUS_NO_SPACE, errno, "clearing a guest's page flags");
    }
    guest->range_count = 0;
    return status_ok;
}

void guest_memory_destroy(struct guest_memory *guest) {
    if (guest->memory.bytes != NULL) (void)munmap(guest->memory.bytes, SPACE_SIZE);
    if (guest->memory.flags != NULL) (void)munmap(guest->memory.flags, MACHINE_PAGE_COUNT);
    *guest = (struct guest_memory){0};
}
