#include "chain/difficulty.h"

#include "base/checked.h"

enum {
    BOUND_DIVISOR = 2048, /* a step is this part of the parent's difficulty */
    STEPS_DOWN_MAX = 99,
    FRONTIER_SECONDS = 13,
    HOMESTEAD_SECONDS = 10,
    BYZANTIUM_SECONDS = 9,
    BOMB_PERIOD = 100000, /* blocks */
    BOMB_FREE_PERIODS = 2,
    DIFFICULTY_BITS = 256,
};

static struct u256 power_of_two(uint64_t exponent) {
    struct u256 power = U256_ZERO;
    if (exponent >= DIFFICULTY_BITS) return U256_MAX;
    power.limb[exponent / 64] = UINT64_C(1) << exponent % 64;
    return power;
}

/* The parent's difficulty, up or down by so many steps of it, not below the least. */
static struct u256 adjust(const struct u256 *parent, uint64_t steps, bool up) {
    const struct u256 divisor = u256_from_u64(BOUND_DIVISOR);
    const struct u256 count = u256_from_u64(steps);
    const struct u256 least = u256_from_u64(DIFFICULTY_MIN);
    struct u256 change;
    struct u256 out;
    u256_divmod(&change, NULL, parent, &divisor);
    u256_mul_wrapping(&change, &change, &count); /* at most 99 2048ths of parent */
    if (up) {
        if (!u256_add(&out, parent, &change)) out = U256_MAX;
    } else {
        u256_sub_wrapping(&out, parent, &change);
    }
    return u256_less(&out, &least) ? least : out;
}

/* What the bomb adds: it doubles every period, counted from the end of its delay. */
static struct u256 with_bomb(const struct difficulty_input *input, struct u256 difficulty) {
    const uint64_t number =
        input->number > input->bomb_delay ? input->number - input->bomb_delay : 0;
    const uint64_t period = number / BOMB_PERIOD;
    if (period < BOMB_FREE_PERIODS) return difficulty;
    const struct u256 bomb = power_of_two(period - BOMB_FREE_PERIODS);
    if (!u256_add(&difficulty, &difficulty, &bomb)) return U256_MAX;
    return difficulty;
}

static uint64_t seconds(const struct difficulty_input *input) {
    ASSERT(input->timestamp > input->parent_timestamp);
    return input->timestamp - input->parent_timestamp;
}

struct u256 difficulty_frontier(const struct difficulty_input *input) {
    const bool up = seconds(input) < FRONTIER_SECONDS;
    return with_bomb(input, adjust(&input->parent_difficulty, 1, up));
}

/* max(credit - units, -99) steps. */
static struct u256 by_time(const struct difficulty_input *input, uint64_t credit, uint64_t units) {
    const bool up = units < credit;
    const uint64_t steps = up ? credit - units : min_u64(units - credit, STEPS_DOWN_MAX);
    return with_bomb(input, adjust(&input->parent_difficulty, steps, up));
}

struct u256 difficulty_homestead(const struct difficulty_input *input) {
    return by_time(input, 1, seconds(input) / HOMESTEAD_SECONDS);
}

struct u256 difficulty_byzantium(const struct difficulty_input *input) {
    const uint64_t credit = input->parent_has_ommers ? 2 : 1;
    return by_time(input, credit, seconds(input) / BYZANTIUM_SECONDS);
}
