/* eth: the namespaces that every Ethereum client has: eth_, net_, web3_, txpool_, debug_, rpc_.
 *
 * Spec: Ethereum execution-apis; where it leaves a choice, geth's answer and words.
 */
#ifndef RPC_ETH_H
#define RPC_ETH_H

#include "rpc/method.h"

struct header;
struct pool_entry;
struct rpc_backend;
struct rpc_dispatcher;
struct rpc_eth;

/* backend and clock outlive it. */
struct rpc_eth *rpc_eth_create(
    const struct rpc_backend *backend, uint64_t (*now_ms)(void *ctx), void *now_ctx
);
void rpc_eth_destroy(struct rpc_eth *eth);

/* The tables of its methods; at most RPC_ETH_TABLES_MAX. */
#define RPC_ETH_TABLES_MAX ((size_t)16)
size_t rpc_eth_tables(struct rpc_eth *eth, struct rpc_table tables[RPC_ETH_TABLES_MAX]);

/* What rpc_modules lists. Optional. */
void rpc_eth_set_dispatcher(struct rpc_eth *eth, const struct rpc_dispatcher *dispatcher);

/* The head has changed, and the store shows it. first_new is the lowest number whose block is not
 * what it was; above the head's where blocks were only taken off. Drives filters, subscriptions. */
void rpc_eth_head(
    struct rpc_eth *eth, uint64_t first_new, const struct header *head, const struct hash *hash
);

/* A transaction is new in the pool. */
void rpc_eth_transaction(struct rpc_eth *eth, const struct pool_entry *entry);

void rpc_eth_session_closed(struct rpc_eth *eth, const struct rpc_session *session);

#endif
