/* namespaces: the tables of methods, one file each, over the node's backend (which outlives them). */
#ifndef RPC_NAMESPACES_H
#define RPC_NAMESPACES_H

#include "rpc/method.h"

struct rpc_backend;

struct rpc_table rpc_infinity_table(struct rpc_backend *backend); /* jobs, programs */
struct rpc_table rpc_dev_table(struct rpc_backend *backend);      /* evm_, anvil_, hardhat_ */

#endif
