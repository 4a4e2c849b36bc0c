#include "rpc/log_filter.h"

bool log_filter_matches(const struct log_filter *filter, const struct state_log *log) {
    bool found = filter->address_count == 0;
    for (size_t i = 0; i < filter->address_count && !found; i++) {
        found = address_equal(&filter->addresses[i], &log->address);
    }
    if (!found || filter->topic_count > log->topic_count) return false;
    for (size_t i = 0; i < filter->topic_count; i++) {
        const struct log_filter_topic *topic = &filter->topics[i];
        found = topic->count == 0;
        for (size_t j = 0; j < topic->count && !found; j++) {
            found = hash_equal(&topic->choices[j], &log->topics[i]);
        }
        if (!found) return false;
    }
    return true;
}

bool log_filter_may_match(const struct log_filter *filter, const struct bloom *bloom) {
    bool found = filter->address_count == 0;
    for (size_t i = 0; i < filter->address_count && !found; i++) {
        found = bloom_may_contain(bloom, BYTES_OF(filter->addresses[i]));
    }
    if (!found) return false;
    for (size_t i = 0; i < filter->topic_count; i++) {
        const struct log_filter_topic *topic = &filter->topics[i];
        found = topic->count == 0;
        for (size_t j = 0; j < topic->count && !found; j++) {
            found = bloom_may_contain(bloom, BYTES_OF(topic->choices[j]));
        }
        if (!found) return false;
    }
    return true;
}

struct log_filter log_filter_copy(struct arena *arena, const struct log_filter *filter) {
    struct log_filter copy = *filter;
    struct address *addresses = ARENA_ARRAY(arena, struct address, filter->address_count);
    if (filter->address_count > 0) {
        memcpy(addresses, filter->addresses, filter->address_count * sizeof *addresses);
    }
    copy.addresses = addresses;
    for (size_t i = 0; i < filter->topic_count; i++) {
        const size_t count = filter->topics[i].count;
        struct hash *choices = ARENA_ARRAY(arena, struct hash, count);
        if (count > 0) memcpy(choices, filter->topics[i].choices, count * sizeof *choices);
        copy.topics[i].choices = choices;
    }
    return copy;
}
