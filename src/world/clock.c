#include "world/clock.h"

#include "base/assert.h"

#include <time.h>

static uint64_t read_us(clockid_t id) {
    struct timespec now;
    ASSERT(clock_gettime(id, &now) == 0);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static uint64_t wall_ms(void *ctx) {
    (void)ctx;
    return read_us(CLOCK_REALTIME) / 1000;
}

static uint64_t monotonic_us(void *ctx) {
    (void)ctx;
    return read_us(CLOCK_MONOTONIC);
}

const struct clock real_clock = {wall_ms, monotonic_us, NULL};
