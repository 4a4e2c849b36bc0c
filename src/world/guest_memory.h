/* guest_memory: address space for one run of the machine.
 *
 * Reserves 4 GiB of addresses (and 64 KiB beyond, where an access that starts below the end may
 * finish) without backing; pages come into being when the program first touches them, so a run uses
 * what it touches. One thread at a time.
 */
#ifndef WORLD_GUEST_MEMORY_H
#define WORLD_GUEST_MEMORY_H

#include "base/status.h"
#include "machine/machine_memory.h"

enum { GUEST_MEMORY_RANGES_MAX = 32 }; /* of one run: stack, segments, heap, OUTPUT, INPUT */

struct guest_memory {
    struct machine_memory memory; /* what the machine is handed */
    uint32_t range_count;
    struct {
        uint32_t start;
        uint64_t size;
    } ranges[GUEST_MEMORY_RANGES_MAX]; /* what was opened since the last reset */
};

/* All zeros and nothing mapped. The struct must not move while it is in use. */
MUST_USE struct status guest_memory_create(struct guest_memory *guest);

/* All zeros and nothing mapped again, for the next run; the pages go back to the host. */
MUST_USE struct status guest_memory_reset(struct guest_memory *guest);

void guest_memory_destroy(struct guest_memory *guest);

#endif
