#include "rpc/server.h"

#include "rpc/server_parts.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    LISTEN_BACKLOG = 1024,
    SWEEP_MS = 1000,
    LINKS_SPARE = 8, /* from this many before the limit on, idle links make room */
    BODY_FIRST = 4096,
    BODY_KEEP = 65536,   /* memory that an idle connection keeps at most */
    ANSWER_KEEP = 65536, /* longer answers are handed to the daemon instead of being copied */
    HOST_SIZE = 256,
};

/* One HTTP connection. What it is doing decides its deadline. */
struct link {
    struct link *next;
    struct link **place; /* what points to this */
    struct rpc_server *server;
    int fd;
    bool upgraded;
    bool in_request;
    bool ended; /* shut down: the daemon has yet to notice */
    uint64_t deadline_ms;
    uint8_t *body;
    size_t body_len;
    size_t body_capacity;
    unsigned refusal; /* HTTP status that the body earned while it came in; 0 for none */
};

/* An answer whose memory the daemon frees. */
struct parcel {
    struct rpc_server *server;
    uint8_t *data;
    size_t size;
};

/* ---- Links ---- */

static void link_free_body(struct link *link) {
    link->server->in_flight -= link->body_capacity;
    free(link->body);
    link->body = NULL;
    link->body_len = link->body_capacity = 0;
}

/* The daemon sees the end of the stream and closes the connection. */
static void link_end(struct link *link) {
    link->ended = true;
    (void)shutdown(link->fd, SHUT_RDWR);
}

static void evict_idlest(struct rpc_server *server) {
    struct link *idlest = NULL;
    for (struct link *link = server->links; link != NULL; link = link->next) {
        if (link->upgraded || link->in_request || link->ended) continue;
        if (idlest == NULL || link->deadline_ms < idlest->deadline_ms) idlest = link;
    }
    if (idlest != NULL) link_end(idlest);
}

static void link_open(struct rpc_server *server, struct MHD_Connection *connection, void **slot) {
    if (server->link_count + LINKS_SPARE >= RPC_CONNECTIONS_MAX) evict_idlest(server);
    struct link *link = calloc(1, sizeof *link);
    ASSERT(link != NULL);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    *link = (struct link){
        .next = server->links,
        .place = &server->links,
        .server = server,
        .fd = info->connect_fd,
        .deadline_ms = uv_now(server->options.loop) + RPC_IDLE_TIMEOUT_MS,
    };
    if (link->next != NULL) link->next->place = &link->next;
    server->links = link;
    server->link_count++;
    if (server->link_count == RPC_CONNECTIONS_MAX) server->was_full = true;
    *slot = link;
}

static void link_close(struct link *link) {
    *link->place = link->next;
    if (link->next != NULL) link->next->place = link->place;
    link->server->link_count--;
    link_free_body(link);
    free(link);
}

static void on_connection(
    void *cls,
    struct MHD_Connection *connection,
    void **slot,
    enum MHD_ConnectionNotificationCode what
) {
    if (what == MHD_CONNECTION_NOTIFY_STARTED) {
        link_open(cls, connection, slot);
    } else if (*slot != NULL) {
        link_close(*slot);
        *slot = NULL;
    }
}

static void on_completed(
    void *cls,
    struct MHD_Connection *connection,
    void **request,
    enum MHD_RequestTerminationCode why
) {
    (void)cls;
    (void)connection;
    (void)why;
    struct link *link = *request;
    if (link == NULL) return;
    *request = NULL;
    link->in_request = false;
    link->refusal = 0;
    link->body_len = 0;
    if (link->body_capacity > BODY_KEEP) link_free_body(link);
    link->deadline_ms = uv_now(link->server->options.loop) + RPC_IDLE_TIMEOUT_MS;
}

/* Keeps a part of the body, or notes why the request will be refused and forgets it. */
static void link_append(struct link *link, const char *data, size_t size) {
    struct rpc_server *server = link->server;
    if (link->refusal != 0) return;
    if (size > RPC_REQUEST_SIZE_MAX - link->body_len) {
        link->refusal = MHD_HTTP_CONTENT_TOO_LARGE;
        return;
    }
    const size_t need = link->body_len + size;
    if (need > link->body_capacity) {
        size_t capacity = link->body_capacity == 0 ? BODY_FIRST : 2 * link->body_capacity;
        if (capacity < need) capacity = need;
        const size_t more = capacity - link->body_capacity;
        if (more > RPC_IN_FLIGHT_MAX || server->in_flight > RPC_IN_FLIGHT_MAX - more) {
            link->refusal = MHD_HTTP_SERVICE_UNAVAILABLE;
            return;
        }
        uint8_t *body = realloc(link->body, capacity);
        ASSERT(body != NULL);
        link->body = body;
        link->body_capacity = capacity;
        server->in_flight += more;
    }
    memcpy(link->body + link->body_len, data, size);
    link->body_len = need;
}

/* ---- Answers ---- */

static const char *header(struct MHD_Connection *connection, const char *name) {
    return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static void add_header(struct MHD_Response *response, const char *name, const char *value) {
    ASSERT(MHD_add_response_header(response, name, value) == MHD_YES);
}

/* The value for Access-Control-Allow-Origin, NULL where the page may not read the answer. */
static const char *allowed_origin(
    const struct rpc_server *server, struct MHD_Connection *connection
) {
    const char *allowed = server->options.allow_origin;
    if (allowed == NULL || strcmp(allowed, "*") == 0) return allowed;
    const char *origin = header(connection, "Origin");
    return origin != NULL && strcasecmp(origin, allowed) == 0 ? allowed : NULL;
}

static enum MHD_Result send_response(
    struct rpc_server *server,
    struct MHD_Connection *connection,
    unsigned status,
    struct MHD_Response *response,
    const char *content_type
) {
    ASSERT(response != NULL);
    if (content_type != NULL) add_header(response, "Content-Type", content_type);
    const char *origin = allowed_origin(server, connection);
    if (origin != NULL) {
        add_header(response, "Access-Control-Allow-Origin", origin);
        if (strcmp(origin, "*") != 0) add_header(response, "Vary", "Origin");
    }
    const enum MHD_Result result = MHD_queue_response(connection, status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result send_text(
    struct rpc_server *server, struct MHD_Connection *connection, unsigned status, const char *text
) {
    struct MHD_Response *response = MHD_create_response_from_buffer(
        strlen(text), (void *)(uintptr_t)text, MHD_RESPMEM_MUST_COPY
    );
    return send_response(server, connection, status, response, "text/plain; charset=utf-8");
}

static void free_parcel(void *cls) {
    struct parcel *parcel = cls;
    parcel->server->in_flight -= parcel->size;
    free(parcel->data);
    free(parcel);
}

/* Sends what stands in server->answer: a copy of a short text, the very memory of a long one. */
static enum MHD_Result send_answer(
    struct rpc_server *server, struct MHD_Connection *connection, const char *content_type
) {
    struct json_writer *answer = &server->answer;
    struct MHD_Response *response;
    if (answer->len <= ANSWER_KEEP) {
        void *data = answer->data == NULL ? (void *)(uintptr_t) "" : answer->data;
        response = MHD_create_response_from_buffer(answer->len, data, MHD_RESPMEM_MUST_COPY);
        json_writer_reset(answer, ANSWER_KEEP);
    } else {
        if (server->in_flight > RPC_IN_FLIGHT_MAX) {
            json_writer_reset(answer, ANSWER_KEEP);
            return send_text(
                server, connection, MHD_HTTP_SERVICE_UNAVAILABLE,
                "too many large answers are being read; try again\n"
            );
        }
        struct parcel *parcel = malloc(sizeof *parcel);
        ASSERT(parcel != NULL);
        *parcel = (struct parcel){server, answer->data, answer->capacity};
        server->in_flight += parcel->size;
        response = MHD_create_response_from_buffer_with_free_callback_cls(
            answer->len, answer->data, free_parcel, parcel
        );
        json_writer_init(answer, answer->limit);
    }
    return send_response(server, connection, MHD_HTTP_OK, response, content_type);
}

/* ---- Requests ---- */

static bool is_address(const char *host) {
    uint8_t address[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, address) == 1 || inet_pton(AF_INET6, host, address) == 1;
}

/* Against DNS rebinding: a browser that was sent here by a stranger's name says that name. */
static bool host_is_allowed(const struct rpc_server *server, const char *value) {
    if (server->options.hosts == NULL || value == NULL) return true;
    char host[HOST_SIZE];
    const bool bracketed = value[0] == '[';
    const size_t len = bracketed ? strcspn(value + 1, "]") : strcspn(value, ":");
    if (len >= sizeof host) return false;
    memcpy(host, value + (bracketed ? 1 : 0), len);
    host[len] = '\0';
    if (is_address(host)) return true;
    for (const char *const *name = server->options.hosts; *name != NULL; name++) {
        if (strcasecmp(*name, host) == 0) return true;
    }
    return false;
}

/* What a client wrote goes back into a header only if it is a list of header names. */
static bool is_name_list(const char *text) {
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_, ";
    return text != NULL && text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

static enum MHD_Result answer_preflight(
    struct rpc_server *server, struct MHD_Connection *connection
) {
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, (void *)(uintptr_t) "", MHD_RESPMEM_PERSISTENT);
    ASSERT(response != NULL);
    add_header(response, "Allow", "POST, GET, OPTIONS");
    if (allowed_origin(server, connection) != NULL) {
        const char *asked = header(connection, "Access-Control-Request-Headers");
        add_header(response, "Access-Control-Allow-Methods", "POST, GET, OPTIONS");
        if (is_name_list(asked)) add_header(response, "Access-Control-Allow-Headers", asked);
        add_header(response, "Access-Control-Max-Age", "600");
    }
    return send_response(server, connection, MHD_HTTP_NO_CONTENT, response, NULL);
}

static bool has_word(const char *list, const char *word) {
    const size_t len = strlen(word);
    for (const char *at = list; at != NULL && *at != '\0'; at++) {
        if (strncasecmp(at, word, len) == 0) return true;
    }
    return false;
}

static enum MHD_Result answer_upgrade(
    struct rpc_server *server, struct MHD_Connection *connection, struct link *link
) {
    const char *origin = header(connection, "Origin");
    const char *version = header(connection, "Sec-WebSocket-Version");
    const char *key = header(connection, "Sec-WebSocket-Key");
    if (origin != NULL && allowed_origin(server, connection) == NULL) {
        return send_text(server, connection, MHD_HTTP_FORBIDDEN, "origin not allowed\n");
    }
    if (version == NULL || strcmp(version, "13") != 0) {
        static const char text[] = "WebSocket version 13 is spoken here\n";
        struct MHD_Response *response = MHD_create_response_from_buffer(
            sizeof text - 1, (void *)(uintptr_t)text, MHD_RESPMEM_PERSISTENT
        );
        ASSERT(response != NULL);
        add_header(response, "Sec-WebSocket-Version", "13");
        return send_response(
            server, connection, MHD_HTTP_UPGRADE_REQUIRED, response, "text/plain; charset=utf-8"
        );
    }
    struct MHD_Response *response = key == NULL ? NULL : session_handshake(server, key);
    if (response == NULL) {
        return send_text(
            server, connection, MHD_HTTP_BAD_REQUEST, "missing or malformed Sec-WebSocket-Key\n"
        );
    }
    link->upgraded = true;
    const enum MHD_Result result =
        MHD_queue_response(connection, MHD_HTTP_SWITCHING_PROTOCOLS, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result answer_get(
    struct rpc_server *server,
    struct MHD_Connection *connection,
    const char *path,
    struct link *link
) {
    const char *upgrade = header(connection, "Upgrade");
    if (upgrade != NULL && has_word(upgrade, "websocket") &&
        has_word(header(connection, "Connection"), "upgrade")) {
        return answer_upgrade(server, connection, link);
    }
    if (strcmp(path, "/") == 0) {
        return send_text(server, connection, MHD_HTTP_OK, server->options.greeting);
    }
    if (strcmp(path, "/health") == 0) return send_text(server, connection, MHD_HTTP_OK, "ok\n");

    struct rpc_page page = {.content_type = "text/plain; charset=utf-8", .body = &server->answer};
    if (server->options.page == NULL || !server->options.page(server->options.ctx, path, &page)) {
        json_writer_reset(&server->answer, ANSWER_KEEP);
        return send_text(server, connection, MHD_HTTP_NOT_FOUND, "not found\n");
    }
    return send_answer(server, connection, page.content_type);
}

static enum MHD_Result answer_post(
    struct rpc_server *server, struct MHD_Connection *connection, const struct link *link
) {
    /* No answer, as to a notification, is an empty body. */
    if (!rpc_dispatch(
            server->options.dispatcher, &server->answer, bytes_from(link->body, link->body_len),
            NULL
        )) {
        json_writer_reset(&server->answer, ANSWER_KEEP);
    }
    return send_answer(server, connection, "application/json");
}

static enum MHD_Result answer_request(
    struct rpc_server *server,
    struct MHD_Connection *connection,
    const char *path,
    const char *method,
    struct link *link
) {
    link->deadline_ms = uv_now(server->options.loop) + RPC_ANSWER_TIMEOUT_MS;
    if (link->refusal == MHD_HTTP_CONTENT_TOO_LARGE) {
        char text[64];
        (void)snprintf(
            text, sizeof text, "content length too large (limit %zu)\n", RPC_REQUEST_SIZE_MAX
        );
        return send_text(server, connection, link->refusal, text);
    }
    if (link->refusal != 0) {
        return send_text(server, connection, link->refusal, "too many requests at once\n");
    }
    if (!host_is_allowed(server, header(connection, "Host"))) {
        return send_text(server, connection, MHD_HTTP_FORBIDDEN, "invalid host specified\n");
    }
    if (strcmp(method, "POST") == 0) return answer_post(server, connection, link);
    if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0) {
        return answer_get(server, connection, path, link);
    }
    if (strcmp(method, "OPTIONS") == 0) return answer_preflight(server, connection);
    return send_text(server, connection, MHD_HTTP_METHOD_NOT_ALLOWED, "method not allowed\n");
}

static bool announces_too_much(struct MHD_Connection *connection) {
    const char *length = header(connection, "Content-Length");
    if (length == NULL) return false;
    errno = 0;
    const unsigned long long value = strtoull(length, NULL, 10);
    return errno != 0 || value > RPC_REQUEST_SIZE_MAX;
}

/* Called by the daemon when the head has been read, then with each part of the body, then once more
 * for the answer. */
// NOLINTNEXTLINE(readability-function-size): libmicrohttpd names the parameters
static enum MHD_Result on_request(
    void *cls,
    struct MHD_Connection *connection,
    const char *path,
    const char *method,
    const char *version,
    const char *data,
    size_t *size,
    void **request
) {
    struct rpc_server *server = cls;
    (void)version;
    if (*request == NULL) {
        const union MHD_ConnectionInfo *info =
            MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        struct link *link = info->socket_context;
        ASSERT(link != NULL);
        *request = link;
        link->in_request = true;
        link->deadline_ms = uv_now(server->options.loop) + RPC_REQUEST_TIMEOUT_MS;
        if (!announces_too_much(connection)) return MHD_YES;
        link->refusal = MHD_HTTP_CONTENT_TOO_LARGE;
        return answer_request(server, connection, path, method, link);
    }
    struct link *link = *request;
    if (*size > 0) {
        link_append(link, data, *size);
        *size = 0;
        return MHD_YES;
    }
    return answer_request(server, connection, path, method, link);
}

/* ---- The loop ---- */

static void on_wakeup(uv_timer_t *timer) {
    server_pump(timer->data);
}

/* At its limit the daemon forgets its listening socket until it runs below the limit again, and
 * nothing else would make it run. */
static bool accepts_again(struct rpc_server *server) {
    if (!server->was_full || server->link_count == RPC_CONNECTIONS_MAX) return false;
    server->was_full = false;
    return true;
}

void server_pump(struct rpc_server *server) {
    if (server->closing) return;
    (void)MHD_run(server->daemon);
    MHD_UNSIGNED_LONG_LONG wait_ms = 0;
    if (accepts_again(server) || MHD_get_timeout(server->daemon, &wait_ms) == MHD_YES) {
        ASSERT(uv_timer_start(&server->wakeup, on_wakeup, wait_ms, 0) == 0);
    } else {
        (void)uv_timer_stop(&server->wakeup);
    }
}

static void on_poll(uv_poll_t *poll, int status, int events) {
    (void)status;
    (void)events;
    server_pump(poll->data);
}

static void on_sweep(uv_timer_t *timer) {
    struct rpc_server *server = timer->data;
    const uint64_t now_ms = uv_now(server->options.loop);
    for (struct link *link = server->links; link != NULL; link = link->next) {
        if (!link->upgraded && now_ms > link->deadline_ms) link_end(link);
    }
    for (struct rpc_session *session = server->sessions; session != NULL;
         session = session_next(session)) {
        session_sweep(session, now_ms);
    }
}

void server_handle_closed(struct rpc_server *server) {
    if (--server->handle_count > 0) return;
    MHD_stop_daemon(server->daemon);
    ASSERT(server->link_count == 0 && server->session_count == 0);
    json_writer_free(&server->answer);
    free(server);
}

static void on_handle_closed(uv_handle_t *handle) {
    server_handle_closed(handle->data);
}

void rpc_server_close(struct rpc_server *server) {
    ASSERT(!server->closing);
    server->closing = true;
    for (struct rpc_session *session = server->sessions; session != NULL;
         session = session_next(session)) {
        session_say_goodbye(session);
    }
    uv_close((uv_handle_t *)&server->poll, on_handle_closed);
    uv_close((uv_handle_t *)&server->wakeup, on_handle_closed);
    uv_close((uv_handle_t *)&server->sweep, on_handle_closed);
}

/* ---- Opening ---- */

/* An address, or a name of this machine: by IPv4 where it has both, as clients try that too. */
static bool look_up(struct addrinfo **out, const char *host, uint16_t port) {
    char service[8];
    (void)snprintf(service, sizeof service, "%u", port);
    struct addrinfo hints = {
        .ai_family = AF_INET,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
    };
    if (getaddrinfo(host, service, &hints, out) == 0) return true;
    hints.ai_family = AF_UNSPEC;
    return getaddrinfo(host, service, &hints, out) == 0;
}

static struct status open_socket(int *out, uint16_t *port, const char *host, uint16_t wanted) {
    struct addrinfo *address;
    if (!look_up(&address, host, wanted)) {
        return status_make(
            STATUS_UNAVAILABLE, 0, "the host to listen on is no address, nor a name of one"
        );
    }
    struct status status = status_ok;
    struct sockaddr_storage bound;
    socklen_t bound_len = sizeof bound;
    const int one = 1;
    const int fd = socket(
        address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol
    );
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, address->ai_addr, address->ai_addrlen) != 0 || listen(fd, LISTEN_BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &bound_len) != 0) {
        status = status_make(STATUS_UNAVAILABLE, errno, "listen for JSON-RPC");
        if (fd >= 0) (void)close(fd);
    } else {
        *out = fd;
        *port = ntohs(
            bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                        : ((struct sockaddr_in *)&bound)->sin_port
        );
    }
    freeaddrinfo(address);
    return status;
}

static struct MHD_Daemon *start_daemon(struct rpc_server *server, int fd) {
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_UPGRADE, 0, NULL, NULL, on_request, server,
        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT, (unsigned)RPC_CONNECTIONS_MAX,
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, server, MHD_OPTION_NOTIFY_COMPLETED,
        on_completed, server, MHD_OPTION_END
    );
}

struct status rpc_server_create(struct rpc_server **out, const struct rpc_server_options *options) {
    *out = NULL;
    int fd;
    uint16_t port;
    const struct status status = open_socket(&fd, &port, options->host, options->port);
    if (failed(status)) return status;

    struct rpc_server *server = calloc(1, sizeof *server);
    ASSERT(server != NULL);
    server->options = *options;
    server->port = port;
    server->daemon = start_daemon(server, fd);
    if (server->daemon == NULL) {
        (void)close(fd);
        free(server);
        return status_make(STATUS_UNAVAILABLE, errno, "start the HTTP server");
    }
    json_writer_init(&server->answer, RPC_ANSWER_SIZE_MAX);

    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    ASSERT(info != NULL);
    ASSERT(uv_poll_init(options->loop, &server->poll, info->epoll_fd) == 0);
    ASSERT(uv_timer_init(options->loop, &server->wakeup) == 0);
    ASSERT(uv_timer_init(options->loop, &server->sweep) == 0);
    server->handle_count = 3;
    server->poll.data = server->wakeup.data = server->sweep.data = server;
    ASSERT(uv_poll_start(&server->poll, UV_READABLE, on_poll) == 0);
    ASSERT(uv_timer_start(&server->sweep, on_sweep, SWEEP_MS, SWEEP_MS) == 0);
    *out = server;
    return status_ok;
}

uint16_t rpc_server_port(const struct rpc_server *server) {
    return server->port;
}

struct rpc_server_figures rpc_server_figures(const struct rpc_server *server) {
    return (struct rpc_server_figures){
        .connections = server->link_count,
        .sessions = server->session_count,
        .in_flight = server->in_flight,
    };
}
