#include "chain/difficulty.h"

#include "base/test.h"

static struct difficulty_input some_input(void) {
    return (struct difficulty_input){
        .number = 10,
        .timestamp = 1000,
        .parent_timestamp = 990,
        .parent_difficulty = {{2048000000, 0, 0, 0}}, /* a step is a million */
    };
}

enum { PARENT = 2048000000, STEP = 1000000 };

/* Where a change of the time between blocks moves the difficulty by a step. */
TEST(time_moves_the_difficulty_by_steps) {
    static const struct {
        difficulty_rule *rule;
        uint64_t seconds;
        bool parent_has_ommers;
        int64_t steps;
    } cases[] = {
        {difficulty_frontier, 1, false, 1},       {difficulty_frontier, 12, false, 1},
        {difficulty_frontier, 13, false, -1},     {difficulty_frontier, 100000, false, -1},
        {difficulty_frontier, 1, true, 1},        {difficulty_homestead, 1, false, 1},
        {difficulty_homestead, 9, false, 1},      {difficulty_homestead, 10, false, 0},
        {difficulty_homestead, 19, false, 0},     {difficulty_homestead, 20, false, -1},
        {difficulty_homestead, 999, false, -98},  {difficulty_homestead, 1000, false, -99},
        {difficulty_homestead, 5000, false, -99}, {difficulty_homestead, 1, true, 1},
        {difficulty_byzantium, 8, false, 1},      {difficulty_byzantium, 9, false, 0},
        {difficulty_byzantium, 17, false, 0},     {difficulty_byzantium, 18, false, -1},
        {difficulty_byzantium, 8, true, 2},       {difficulty_byzantium, 9, true, 1},
        {difficulty_byzantium, 18, true, 0},      {difficulty_byzantium, 27, true, -1},
        {difficulty_byzantium, 900, false, -99},  {difficulty_byzantium, 899, false, -98},
        {difficulty_byzantium, 909, true, -99},   {difficulty_byzantium, 90000, true, -99},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct difficulty_input input = some_input();
        input.timestamp = input.parent_timestamp + cases[i].seconds;
        input.parent_has_ommers = cases[i].parent_has_ommers;
        const struct u256 difficulty = cases[i].rule(&input);
        assert_true(u256_fits_u64(&difficulty));
        assert_int_equal(difficulty.limb[0], PARENT + STEP * cases[i].steps);
    }
}

/* Mainnet's first blocks. */
TEST(mainnet_began_so) {
    static const uint64_t difficulties[] = {17179869184, 17171480576, 17163096064, 17154715646};
    static const uint64_t timestamps[] = {0, 0x55ba4224, 0x55ba4241, 0x55ba4260};
    for (size_t i = 1; i < ARRAY_LEN(difficulties); i++) {
        const struct difficulty_input input = {
            .number = i,
            .timestamp = timestamps[i],
            .parent_timestamp = timestamps[i - 1],
            .parent_difficulty = u256_from_u64(difficulties[i - 1]),
        };
        const struct u256 difficulty = difficulty_frontier(&input);
        assert_int_equal(difficulty.limb[0], difficulties[i]);
    }
}

TEST(the_bomb_doubles_every_hundred_thousand_blocks_behind_its_delay) {
    static const struct {
        uint64_t number, delay, bomb;
    } cases[] = {
        {199999, 0, 0},
        {200000, 0, 1},
        {299999, 0, 1},
        {300000, 0, 2},
        {1920000, 0, UINT64_C(1) << 17},
        {3200000 - 1, 3000000, 0},
        {3200000, 3000000, 1},
        {11400000, 11400000, 0},
        {15537393, 11400000, UINT64_C(1) << 39},
        {100, UINT64_MAX, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct difficulty_input input = some_input();
        input.number = cases[i].number;
        input.bomb_delay = cases[i].delay;
        const struct u256 difficulty = difficulty_homestead(&input);
        assert_int_equal(difficulty.limb[0], PARENT + cases[i].bomb);
    }
}

TEST(the_difficulty_stays_between_its_bounds) {
    struct difficulty_input input = some_input();
    input.timestamp += 100000;
    input.parent_difficulty = u256_from_u64(DIFFICULTY_MIN);
    assert_int_equal(difficulty_frontier(&input).limb[0], DIFFICULTY_MIN);
    assert_int_equal(difficulty_homestead(&input).limb[0], DIFFICULTY_MIN);
    assert_int_equal(difficulty_byzantium(&input).limb[0], DIFFICULTY_MIN);
    input.number = UINT64_MAX;
    struct u256 difficulty = difficulty_homestead(&input);
    assert_true(u256_equal(&difficulty, &U256_MAX));
    input = some_input();
    input.timestamp = input.parent_timestamp + 1;
    input.parent_difficulty = U256_MAX;
    difficulty = difficulty_frontier(&input);
    assert_true(u256_equal(&difficulty, &U256_MAX));
}

TEST(time_does_not_stand_still) {
    struct difficulty_input input = some_input();
    input.timestamp = input.parent_timestamp;
    expect_assert_failure((void)difficulty_homestead(&input));
}

TEST_MAIN(
    TEST_CASE(time_moves_the_difficulty_by_steps),
    TEST_CASE(mainnet_began_so),
    TEST_CASE(the_bomb_doubles_every_hundred_thousand_blocks_behind_its_delay),
    TEST_CASE(the_difficulty_stays_between_its_bounds),
    TEST_CASE(time_does_not_stand_still)
)
