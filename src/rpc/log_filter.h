/* log_filter: which logs a client wants: addresses and topics, and whether a block may hold any.
 *
 * Spec: Ethereum execution-apis, eth_getLogs. Positions of topics that are absent, null or empty
 * match everything; a list matches any of its members.
 */
#ifndef RPC_LOG_FILTER_H
#define RPC_LOG_FILTER_H

#include "chain/header.h"
#include "chain/receipt.h"

#define LOG_FILTER_ADDRESSES_MAX ((size_t)1000)
#define LOG_FILTER_TOPICS_MAX    ((size_t)4)
#define LOG_FILTER_CHOICES_MAX   ((size_t)1000) /* topics in one position */

struct log_filter {
    const struct address *addresses; /* none: any */
    size_t address_count;
    struct log_filter_topic {
        const struct hash *choices; /* none: any */
        size_t count;
    } topics[LOG_FILTER_TOPICS_MAX];
    size_t topic_count; /* a log with fewer topics does not match */
};

bool log_filter_matches(const struct log_filter *filter, const struct state_log *log);

/* False: no log with this bloom matches. */
bool log_filter_may_match(const struct log_filter *filter, const struct bloom *bloom);

/* A copy with everything it points to in arena. */
struct log_filter log_filter_copy(struct arena *arena, const struct log_filter *filter);

#endif
