/* node: a whole development node in one process: store, pool, execution, coprocessor, solo proposer
 * and JSON-RPC on one libuv loop.
 *
 * Everything meets at the services' headers; this puts them together and takes them down in order.
 */
#ifndef SERVICE_NODE_H
#define SERVICE_NODE_H

#include "rpc/server.h"
#include "service/dev_chain.h"
#include "service/execution.h"
#include "service/solo.h"

#define NODE_MESSAGE_SIZE 512
/* A block is `finalized` when so many stand on it: the window in which a result can be challenged. */
#define NODE_WINDOW_BLOCKS UINT64_C(64)
#define NODE_MINE_MAX      UINT64_C(100000) /* blocks by one request */
#define NODE_SNAPSHOTS_MAX ((size_t)10000)
/* Bounds of a development chain's time, so that no sum of them leaves 64 bits. */
#define NODE_TIMESTAMP_MAX  (UINT64_C(1) << 53) /* seconds; also of an offset to the clock */
#define NODE_INTERVAL_MAX_S (UINT64_C(1) << 32) /* between two blocks */

struct node_options {
    const char *data_dir; /* NULL: in memory */
    const char *host;
    uint16_t port; /* 0: any */
    bool serves;   /* false: no JSON-RPC, for tests */
    uint64_t chain_id;
    uint64_t gas_limit;
    bool automine;
    uint64_t interval_ms;
    size_t worker_count; /* threads of jobs, and with the loop's own of execution; 0: one a core */
};

struct node_options node_options_default(void);

struct node_edit; /* a change of accounts outside of blocks */

/* Of evm_snapshot: chain, accounts, pool, settings; not who is impersonated. */
struct node_snapshot;

/* Fields are for service/node_*.c, tests and cmd/dev.c; nothing may be changed. */
struct node {
    struct node_options options;
    uv_loop_t *loop;
    struct arena arena; /* lives as long as the node */
    struct dev_chain chain;
    struct hash genesis; /* hash of block 0 */
    struct store *store;
    struct pool *pool;
    struct kzg_setup *kzg;
    struct execution *execution;
    struct importer importer;
    struct coprocessor *coprocessor;
    struct solo *solo;
    struct rpc_backend *backend;
    struct rpc_dispatcher *dispatcher;
    struct rpc_server *server;
    struct rpc_eth *eth;
    /* A service could not go on: whoever runs the loop stops the node, which makes no more blocks and
     * takes no more requests that change something. What the database holds is whole. */
    struct status failure;

    struct node_snapshot *snapshots;
    size_t snapshot_count, snapshot_room;
    uint64_t next_snapshot;
    struct node_edit *edits;
    size_t edit_count, edit_room;
    struct address *impersonated;
    size_t impersonated_count, impersonated_room;
    bool impersonates_all;
    bool logs_calls;          /* of JSON-RPC */
    struct rpc_limit *limits; /* made at the first request for them */
};

/* Starts everything; the loop is the caller's to run. On a failure *out is NULL and message is one
 * line for the operator that says what to do. */
MUST_USE struct status node_create(
    struct node **out,
    char message[NODE_MESSAGE_SIZE],
    uv_loop_t *loop,
    const struct node_options *options
);

/* Ends timers, workers and connections; the loop then runs empty. May be called twice. */
void node_stop(struct node *node);

/* After the loop ran empty. Committed blocks are on disk before that; this frees memory. */
void node_destroy(struct node *node);

/* Remembers a status that ends the node (STATUS_UNAVAILABLE does not), and answers it. */
struct status node_keep_failure(struct node *node, struct status status);

/* node_backend.c: the table that the JSON-RPC namespaces ask. */
void node_fill_backend(struct node *node, struct rpc_backend *backend);
void node_free_backend(struct node *node);

/* node_rpc.c: listens; message says why it cannot. Serving stops before the loop has run empty, and
 * is freed after. */
MUST_USE struct status node_serve(struct node *node, char message[NODE_MESSAGE_SIZE]);
void node_stop_serving(struct node *node);
void node_free_server(struct node *node);

#endif
