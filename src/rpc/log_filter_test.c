#include "rpc/log_filter.h"

#include "base/test.h"
#include "world/heap.h"

static const struct address first = {{1}}, second = {{2}};
static const struct hash one = {{0x11}}, two = {{0x22}}, three = {{0x33}};

static const struct state_log two_topics = {
    .address = {{1}}, .topic_count = 2, .topics = {{{0x11}}, {{0x22}}}};
static const struct state_log no_topics = {.address = {{2}}};

TEST(topics_match_by_position) {
    const struct hash either[] = {three, one};
    const struct {
        struct log_filter filter;
        bool two_topics_match;
        bool no_topics_match;
    } cases[] = {
        {{.address_count = 0}, true, true},
        {{.addresses = &first, .address_count = 1}, true, false},
        {{.addresses = &second, .address_count = 1}, false, true},
        {{.topics = {{&one, 1}}, .topic_count = 1}, true, false},
        {{.topics = {{&two, 1}}, .topic_count = 1}, false, false},
        {{.topics = {{either, 2}}, .topic_count = 1}, true, false},
        {{.topics = {{NULL, 0}}, .topic_count = 1}, true, false},
        {{.topics = {{NULL, 0}, {&two, 1}}, .topic_count = 2}, true, false},
        {{.topics = {{NULL, 0}, {&one, 1}}, .topic_count = 2}, false, false},
        {{.topics = {{&one, 1}, {&two, 1}, {NULL, 0}}, .topic_count = 3}, false, false},
        {{.addresses = &second, .address_count = 1, .topics = {{&one, 1}}, .topic_count = 1},
         false,
         false},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct log_filter *filter = &cases[i].filter;
        assert_int_equal(log_filter_matches(filter, &two_topics), cases[i].two_topics_match);
        assert_int_equal(log_filter_matches(filter, &no_topics), cases[i].no_topics_match);
        /* A bloom never hides a log that matches. */
        const struct bloom bloom = receipt_logs_bloom(&two_topics, 1);
        if (cases[i].two_topics_match) assert_true(log_filter_may_match(filter, &bloom));
    }
}

TEST(a_bloom_without_the_address_or_a_topic_rules_a_block_out) {
    const struct bloom bloom = receipt_logs_bloom(&two_topics, 1);
    const struct bloom empty = {{0}};
    const struct log_filter by_address = {.addresses = &second, .address_count = 1};
    const struct log_filter by_topic = {.topics = {{NULL, 0}, {&three, 1}}, .topic_count = 2};
    const struct log_filter any = {.address_count = 0};
    assert_false(log_filter_may_match(&by_address, &bloom));
    assert_false(log_filter_may_match(&by_topic, &bloom));
    assert_true(log_filter_may_match(&any, &empty));
}

TEST(a_copy_stands_alone) {
    struct arena arena;
    arena_init(&arena, &heap_source);
    struct hash topic = one;
    struct address address = first;
    const struct log_filter filter = {
        .addresses = &address, .address_count = 1, .topics = {{&topic, 1}}, .topic_count = 1};
    const struct log_filter copy = log_filter_copy(&arena, &filter);
    address = second;
    topic = three;
    assert_true(log_filter_matches(&copy, &two_topics));
    assert_false(log_filter_matches(&filter, &two_topics));
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(topics_match_by_position),
    TEST_CASE(a_bloom_without_the_address_or_a_topic_rules_a_block_out),
    TEST_CASE(a_copy_stands_alone)
)
