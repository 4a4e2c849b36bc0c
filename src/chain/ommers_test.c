#include "chain/ommers.h"

#include "base/test.h"

enum { CHAIN_LENGTH = 10 };

/* Blocks 0 to 9 of a chain of Homestead, and what a block 10 sees of them. */
struct chain {
    struct chain_config config;
    struct header headers[CHAIN_LENGTH];
    struct ommers_ancestor ancestors[CHAIN_LENGTH]; /* block 9 first */
};

/* A valid child of parent, unlike others by its fee recipient. */
static struct header child_of(
    const struct chain *chain, const struct header *parent, uint8_t mark
) {
    const struct chain_rules rules =
        chain_rules_at(&chain->config, parent->number + 1, parent->timestamp + 13);
    struct header child = *parent;
    header_hash(&child.parent_hash, parent);
    child.fee_recipient.bytes[0] = mark;
    child.number++;
    child.timestamp += 13;
    child.difficulty = header_next_difficulty(parent, child.timestamp, &rules);
    return child;
}

static void chain_begin(struct chain *chain) {
    *chain = (struct chain){.config = chain_config_at(1, FORK_HOMESTEAD)};
    chain->headers[0] = (struct header){
        .ommers_hash = header_empty_ommers_hash,
        .difficulty = {{1 << 20, 0, 0, 0}},
        .gas_limit = 3000000,
        .timestamp = 1000,
        .form = HEADER_FORM_FRONTIER,
    };
    for (size_t i = 1; i < CHAIN_LENGTH; i++) {
        chain->headers[i] = child_of(chain, &chain->headers[i - 1], 0);
    }
    for (size_t i = 0; i < CHAIN_LENGTH; i++) {
        struct ommers_ancestor *const ancestor = &chain->ancestors[i];
        ancestor->header = &chain->headers[CHAIN_LENGTH - 1 - i];
        header_hash(&ancestor->hash, ancestor->header);
    }
}

static enum block_verdict judge_sealed(
    const struct chain *chain,
    const struct header *ommers,
    size_t ommer_count,
    const struct header_seal *seal
) {
    const struct block block = {
        .header = child_of(chain, &chain->headers[CHAIN_LENGTH - 1], 0),
        .ommers = ommers,
        .ommer_count = ommer_count,
    };
    return ommers_check(&block, &chain->config, chain->ancestors, CHAIN_LENGTH, seal);
}

static enum block_verdict judge(
    const struct chain *chain, const struct header *ommers, size_t ommer_count
) {
    return judge_sealed(chain, ommers, ommer_count, NULL);
}

TEST(an_ommer_is_a_child_of_a_grandparent_up_to_six_generations_up) {
    struct chain chain;
    chain_begin(&chain);
    for (size_t parent = 0; parent < CHAIN_LENGTH; parent++) {
        const struct header ommer = child_of(&chain, &chain.headers[parent], 1);
        const enum block_verdict expected = parent == 9 ? BLOCK_UNCLE_IS_BROTHER
            : parent < 3                                ? BLOCK_UNCLE_PARENT_INCORRECT
                                                        : BLOCK_VALID;
        assert_int_equal(judge(&chain, &ommer, 1), expected);
    }
}

TEST(each_ommer_counts_once_and_there_are_two_at_most) {
    struct chain chain;
    chain_begin(&chain);
    const struct header first = child_of(&chain, &chain.headers[7], 1);
    const struct header second = child_of(&chain, &chain.headers[7], 2);
    const struct header third = child_of(&chain, &chain.headers[6], 3);
    assert_int_equal(judge(&chain, NULL, 0), BLOCK_VALID);
    assert_int_equal(judge(&chain, (struct header[]){first, second}, 2), BLOCK_VALID);
    assert_int_equal(judge(&chain, (struct header[]){first, first}, 2), BLOCK_UNCLE_IN_CHAIN);
    assert_int_equal(
        judge(&chain, (struct header[]){first, second, third}, 3), BLOCK_TOO_MANY_UNCLES
    );
    assert_int_equal(judge(&chain, &chain.headers[8], 1), BLOCK_UNCLE_IS_ANCESTOR);
    chain.ancestors[0].ommers = &first; /* block 9 named it */
    chain.ancestors[0].ommer_count = 1;
    assert_int_equal(judge(&chain, (struct header[]){second, first}, 2), BLOCK_UNCLE_IN_CHAIN);
    assert_int_equal(judge(&chain, &second, 1), BLOCK_VALID);
}

static bool never(void *ctx, const struct header *header) {
    (void)ctx, (void)header;
    return false;
}

TEST(an_ommer_meets_the_rules_of_headers) {
    struct chain chain;
    chain_begin(&chain);
    const struct header good = child_of(&chain, &chain.headers[7], 1);
    struct header bad = good;
    bad.difficulty.limb[0]++;
    assert_int_equal(judge(&chain, &bad, 1), BLOCK_INVALID_DIFFICULTY);
    bad = good;
    bad.gas_limit *= 2;
    assert_int_equal(judge(&chain, &bad, 1), BLOCK_INVALID_GASLIMIT);
    bad = good;
    bad.number++;
    assert_int_equal(judge(&chain, &bad, 1), BLOCK_INVALID_BLOCK_NUMBER);
    const struct header_seal seal = {never, NULL};
    assert_int_equal(judge_sealed(&chain, &good, 1, &seal), BLOCK_INVALID_SEAL);
}

TEST(rewards_fall_with_the_distance) {
    const uint64_t ether = 1000000000000000000;
    assert_int_equal(ommers_block_reward_wei(5 * ether, 0), 5 * ether);
    assert_int_equal(ommers_block_reward_wei(5 * ether, 2), 5 * ether + 10 * ether / 32);
    assert_int_equal(ommers_block_reward_wei(2 * ether, 1), 2 * ether + 2 * ether / 32);
    assert_int_equal(ommers_reward_wei(5 * ether, 10, 9), 5 * ether / 8 * 7);
    assert_int_equal(ommers_reward_wei(3 * ether, 10, 4), 6 * ether / 8);
    expect_assert_failure((void)ommers_reward_wei(ether, 10, 10));
}

TEST_MAIN(
    TEST_CASE(an_ommer_is_a_child_of_a_grandparent_up_to_six_generations_up),
    TEST_CASE(each_ommer_counts_once_and_there_are_two_at_most),
    TEST_CASE(an_ommer_meets_the_rules_of_headers),
    TEST_CASE(rewards_fall_with_the_distance)
)
