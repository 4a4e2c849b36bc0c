/* clock: time as the shell reads it, behind a small table so that a simulation can turn its own.
 *
 * wall_ms counts from the Unix epoch and may jump; monotonic_us only grows and has no epoch.
 */
#ifndef WORLD_CLOCK_H
#define WORLD_CLOCK_H

#include <stdint.h>

struct clock {
    uint64_t (*wall_ms)(void *ctx);
    uint64_t (*monotonic_us)(void *ctx);
    void *ctx;
};

/* The operating system's clocks. */
extern const struct clock real_clock;

static inline uint64_t clock_wall_ms(const struct clock *clock) {
    return clock->wall_ms(clock->ctx);
}

static inline uint64_t clock_monotonic_us(const struct clock *clock) {
    return clock->monotonic_us(clock->ctx);
}

#endif
