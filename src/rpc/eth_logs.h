/* eth_logs: finding logs for a request, shared by eth_getLogs, filters and subscriptions. */
#ifndef RPC_ETH_LOGS_H
#define RPC_ETH_LOGS_H

#include "rpc/eth_parts.h"
#include "rpc/log_filter.h"

#define ETH_LOGS_MAX        ((size_t)20000)  /* in one answer */
#define ETH_LOGS_BLOCKS_MAX UINT64_C(500000) /* looked at for one answer */

/* What eth_getLogs and eth_newFilter are given. */
struct eth_log_query {
    struct log_filter filter;
    bool has_hash;
    struct hash hash;
    struct block_ref from, to;
    bool has_from, has_to;
};

MUST_USE bool eth_read_log_query(
    struct request *request, size_t index, struct eth_log_query *query
);

/* Where logs of a block go: once for each that matches. log_index counts in the block. */
struct eth_log_sink {
    bool (*put
    )(void *ctx,
      const struct eth_block *block,
      const struct state_log *log,
      size_t tx_index,
      uint64_t log_index);
    void *ctx;
};

/* Of one block, whose header may already say that there are none. False on failure, or when the
 * sink had enough. */
bool eth_scan_block(
    struct request *request,
    const struct eth_place *place,
    const struct log_filter *filter,
    const struct eth_log_sink *sink
);

/* Writes an array of the logs of canonical blocks first to last. */
MUST_USE bool eth_put_logs(
    struct request *request, const struct log_filter *filter, uint64_t first, uint64_t last
);

/* One log, as it stands in block. */
void eth_put_log(
    struct json_writer *out,
    const struct eth_block *block,
    const struct state_log *log,
    size_t tx_index,
    uint64_t log_index,
    bool is_removed
);

#endif
