/* dispatch: one JSON-RPC message in, one answer out.
 *
 * Spec: JSON-RPC 2.0, and geth's rpc package where that leaves a choice. Knows nothing of sockets
 * and nothing of Ethereum: methods come in tables. Batches are answered in order.
 */
#ifndef RPC_DISPATCH_H
#define RPC_DISPATCH_H

#include "base/status.h"
#include "rpc/method.h"

#define RPC_REQUEST_SIZE_MAX ((size_t)5 << 20) /* bytes of a body or WebSocket message, as geth */
#define RPC_RESPONSE_SIZE_MAX \
    ((size_t)25000000)                 /* bytes of an answer or a batch of them, as geth */
#define RPC_BATCH_MAX ((size_t)1000)   /* calls in a batch, as geth */
#define RPC_DEPTH_MAX ((size_t)64)     /* nested arrays and objects in a request */
#define RPC_NODES_MAX ((size_t)400000) /* JSON values in a request: 16 MiB of tree */

/* The limit of the writer that takes an answer: with room for the request's ids and for errors. */
#define RPC_ANSWER_SIZE_MAX \
    (RPC_RESPONSE_SIZE_MAX + 6 * RPC_REQUEST_SIZE_MAX + RPC_BATCH_MAX * 4096)

/* What one call came to, for logs and metrics. */
struct rpc_record {
    struct bytes method; /* as the client wrote it, at most RPC_METHOD_NAME_MAX bytes of it */
    bool known;          /* it is in a table: safe as a label of a metric */
    int code;            /* 0 for a result */
    uint64_t time_us;
    size_t response_size;
};

#define RPC_METHOD_NAME_MAX ((size_t)64)

/* Called after each call, on the server's loop. */
typedef void (*rpc_observer)(void *ctx, const struct rpc_record *record);

struct rpc_dispatcher;

struct rpc_dispatcher_options {
    const struct rpc_table *tables;
    size_t table_count;
    uint64_t (*now_us)(void *ctx); /* only differences count; may be NULL with observer */
    rpc_observer observer;         /* may be NULL */
    void *observer_ctx;            /* of both */
};

/* Stops the program when two methods have the same name: that is our mistake. */
struct rpc_dispatcher *rpc_dispatcher_create(const struct rpc_dispatcher_options *options);
void rpc_dispatcher_destroy(struct rpc_dispatcher *dispatcher);

/* Answers request, which is untrusted, into response: an empty writer with RPC_ANSWER_SIZE_MAX as
 * its limit. False: there is nothing to send, as for notifications. session may be NULL. Not to be
 * called from a handler. */
bool rpc_dispatch(
    struct rpc_dispatcher *dispatcher,
    struct json_writer *response,
    struct bytes request,
    struct rpc_session *session
);

/* The answer to what could not be read as a message. */
void rpc_write_error(struct json_writer *response, int code, const char *message);

/* The names before the first '_' of all methods, sorted; "eth", "net" …; at most max of them. */
size_t rpc_namespaces(
    const struct rpc_dispatcher *dispatcher, struct bytes *namespaces, size_t max
);

#endif
