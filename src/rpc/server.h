/* server: JSON-RPC over HTTP and WebSocket on one port, on a libuv loop.
 *
 * POST anywhere is a JSON-RPC request; GET with an upgrade is a WebSocket; GET / says what this is,
 * GET /health that it is there, other pages are the node's. Everything runs on the thread of the
 * loop; handlers never wait.
 *
 * Whatever a client does costs a bounded amount: bodies, batches, connections, the time a request
 * may take to arrive and the bytes that wait for a slow reader all have a limit below or in
 * dispatch.h.
 */
#ifndef RPC_SERVER_H
#define RPC_SERVER_H

#include "rpc/dispatch.h"

typedef struct uv_loop_s uv_loop_t;

#define RPC_CONNECTIONS_MAX      500    /* near it, the connection idle for longest makes room */
#define RPC_REQUEST_TIMEOUT_MS   30000  /* for a body to arrive */
#define RPC_IDLE_TIMEOUT_MS      120000 /* between requests, and for a request's head to arrive */
#define RPC_ANSWER_TIMEOUT_MS    300000 /* for an answer to be read */
#define RPC_IN_FLIGHT_MAX        ((size_t)512 << 20) /* bytes of bodies, answers, backlogs in all */
#define RPC_SESSION_BACKLOG_MAX  ((size_t)64 << 20)  /* bytes queued for one WebSocket client */
#define RPC_SESSION_PAUSE        ((size_t)4 << 20)   /* queued bytes from which no more is read */
#define RPC_SESSION_FRAGMENT_MAX 4096                /* frames of one WebSocket message */
#define RPC_SESSION_PING_MS      30000               /* a silent WebSocket client is asked */
#define RPC_SESSION_PONG_MS      75000               /* and dropped when it stays silent */
#define RPC_SESSION_GOODBYE_MS   5000                /* for a client to read why it is dropped */

struct rpc_server;

struct rpc_page {
    const char *content_type; /* static */
    struct json_writer *body; /* any bytes */
};

struct rpc_server_options {
    uv_loop_t *loop;
    const char *host; /* an address such as "127.0.0.1" or "::1", or a name: "localhost" */
    uint16_t port;    /* 0: any free one */
    struct rpc_dispatcher *dispatcher; /* outlives the server */
    const char *allow_origin;          /* for browsers: "*", one origin, or NULL for none */
    const char *const *hosts; /* names accepted in Host beside addresses, ended by NULL; NULL
                               * accepts every name */
    const char *greeting;     /* what GET / answers, plain text */
    /* GET of another path, without its query: false is 404. May be NULL. */
    bool (*page)(void *ctx, const char *path, struct rpc_page *page);
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

struct rpc_server_figures {
    size_t connections; /* HTTP and WebSocket */
    size_t sessions;    /* WebSocket */
    size_t in_flight;   /* bytes of bodies, answers and backlogs */
};
struct rpc_server_figures rpc_server_figures(const struct rpc_server *server);

/* Sends text as one message. False: the client is or was just dropped (its backlog was full, and
 * the close frame says so); session_closed follows from the loop, never from inside this call. */
bool rpc_session_send(struct rpc_session *session, struct bytes text);

#endif
