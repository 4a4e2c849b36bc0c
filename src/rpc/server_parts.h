/* server_parts: what server.c (HTTP) and session.c (WebSocket) share. Not for others. */
#ifndef RPC_SERVER_PARTS_H
#define RPC_SERVER_PARTS_H

#include "rpc/server.h"

#include <microhttpd.h>
#include <uv.h>

struct link; /* an HTTP connection */

struct rpc_server {
    struct rpc_server_options options;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;    /* of the daemon's epoll descriptor */
    uv_timer_t wakeup; /* when the daemon wants to run without an event */
    uv_timer_t sweep;  /* ends what takes too long */
    size_t
        handle_count; /* uv handles not yet closed, sessions included; the last frees the server */
    bool closing;
    uint16_t port;
    struct json_writer answer; /* of the call that runs now */
    struct link *links;
    size_t link_count;
    bool was_full; /* as many connections as are allowed, since the daemon last listened */
    struct rpc_session *sessions;
    size_t session_count;
    size_t in_flight;
};

/* Lets the daemon do what is ready, and asks to be woken when it wants to. */
void server_pump(struct rpc_server *server);

/* One of the server's uv handles has closed. */
void server_handle_closed(struct rpc_server *server);

/* The answer to a WebSocket handshake with this Sec-WebSocket-Key; NULL if it is malformed. */
struct MHD_Response *session_handshake(struct rpc_server *server, const char *key);

/* Every second: pings, and ends what stayed silent. */
void session_sweep(struct rpc_session *session, uint64_t now_ms);
void session_say_goodbye(struct rpc_session *session);
struct rpc_session *session_next(const struct rpc_session *session);

#endif
