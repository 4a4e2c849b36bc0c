/* server: JSON-RPC over HTTP and WebSocket on one port, on a libuv loop.
 *
 * POST anywhere is a JSON-RPC request; GET with an upgrade is a WebSocket; GET / says what this is,
 * GET /health that it is there. Everything runs on the thread of the loop; handlers never wait.
 *
 * Whatever a client does costs a bounded amount: bodies, batches, connections, the time a request
 * may take to arrive and the bytes that wait for a slow reader all have a limit below or in
 * dispatch.h.
 */
#ifndef RPC_SERVER_H
#define RPC_SERVER_H

#include "rpc/dispatch.h"

typedef struct uv_loop_s uv_loop_t;

#define RPC_CONNECTIONS_MAX     1000               /* further ones are refused until one ends */
#define RPC_IDLE_TIMEOUT_S      120                /* an open connection that does nothing */
#define RPC_REQUEST_TIMEOUT_MS  30000              /* from its first byte to its last */
#define RPC_SESSION_BACKLOG_MAX ((size_t)64 << 20) /* bytes queued for a WebSocket client */
#define RPC_SESSION_PING_MS     30000              /* a silent WebSocket client is asked */
#define RPC_SESSION_PONG_MS     60000              /* and dropped when it stays silent */

struct rpc_server;

struct rpc_server_options {
    uv_loop_t *loop;
    const char *host;                  /* an address such as "127.0.0.1" or "::1" */
    uint16_t port;                     /* 0: any free one */
    struct rpc_dispatcher *dispatcher; /* outlives the server */
    const char *allow_origin;          /* for browsers: "*", one origin, or NULL for none */
    const char *const *hosts;          /* names accepted in Host beside addresses, NULL-terminated;
                                          NULL accepts every name */
    const char *greeting;              /* what GET / answers, plain text */
    /* A session ended: forget its subscriptions. May be NULL. */
    void (*session_closed)(void *ctx, struct rpc_session *session);
    void *ctx;
};

/* Listens. STATUS_UNAVAILABLE: the address or port cannot be had (os_error says why). */
MUST_USE struct status rpc_server_create(
    struct rpc_server **server, const struct rpc_server_options *options
);

/* The port it listens on. */
uint16_t rpc_server_port(const struct rpc_server *server);

/* Stops listening, says goodbye to WebSocket clients and drops all connections. The server's memory
 * goes when the loop has run its last close callbacks (uv_run until it answers 0). */
void rpc_server_close(struct rpc_server *server);

/* Sends text as one message. False: the client is or was just dropped (its backlog was full, and
 * the close frame says so); session_closed follows from the loop, never from inside this call. */
bool rpc_session_send(struct rpc_session *session, struct bytes text);

#endif
