/* A WebSocket client: RFC 6455 by wslay, on the socket that the HTTP daemon hands over. */
#include "rpc/server_parts.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <sys/socket.h>
#include <wslay/wslay.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    DISCARD_SIZE = 16384,
    KEY_LEN = 24,       /* 16 bytes in base64 */
    TURN_MESSAGES = 64, /* answered before others get their turn */
    MESSAGE_COST = 128, /* bookkeeping of a queued message, counted with its bytes */
    SHA1_SIZE = 20,
    BASE64_SIZE = 32,
};

struct rpc_session {
    struct rpc_session *next;
    struct rpc_session **place; /* what points to this */
    struct rpc_server *server;
    struct MHD_UpgradeResponseHandle *upgrade;
    wslay_event_context_ptr wslay;
    uv_poll_t poll;
    int fd;
    int polled;     /* events that poll waits for */
    uint8_t *early; /* what the client sent right behind its handshake */
    size_t early_len;
    size_t early_used;
    size_t counted;   /* of its backlog, in the server's in_flight */
    size_t fragments; /* frames of the message that is coming in */
    size_t turn;      /* messages answered in this turn */
    uint64_t heard_ms;
    uint64_t pinged_ms;  /* 0: not since it was heard */
    uint64_t dropped_ms; /* when it was told to go; 0: it was not */
    bool lingering;      /* the last word is said: what still comes is not looked at */
    bool ended;          /* its poll handle is closing */
};

struct rpc_session *session_next(const struct rpc_session *session) {
    return session->next;
}

/* ---- Its end ---- */

static void on_poll_closed(uv_handle_t *handle) {
    struct rpc_session *session = handle->data;
    struct rpc_server *server = session->server;
    if (server->options.session_closed != NULL) {
        server->options.session_closed(server->options.ctx, session);
    }
    *session->place = session->next;
    if (session->next != NULL) session->next->place = session->place;
    server->session_count--;
    server->in_flight -= session->counted;
    wslay_event_context_free(session->wslay);
    (void)MHD_upgrade_action(session->upgrade, MHD_UPGRADE_ACTION_CLOSE);
    free(session->early);
    free(session);
    server_pump(server);
    server_handle_closed(server);
}

static void end(struct rpc_session *session) {
    if (session->ended) return;
    session->ended = true;
    uv_close((uv_handle_t *)&session->poll, on_poll_closed);
}

static size_t backlog(const struct rpc_session *session) {
    return wslay_event_get_queued_msg_length(session->wslay) +
        MESSAGE_COST * wslay_event_get_queued_msg_count(session->wslay);
}

static void count_backlog(struct rpc_session *session) {
    const size_t now = backlog(session);
    session->server->in_flight = session->server->in_flight - session->counted + now;
    session->counted = now;
}

/* ---- Its loop ---- */

static void on_poll(uv_poll_t *poll, int status, int events);

static void poll_for(struct rpc_session *session, int events) {
    if (events == session->polled) return;
    session->polled = events;
    ASSERT(uv_poll_start(&session->poll, events, on_poll) == 0);
}

/* Closing while unread bytes wait would reset the connection, and the client might never see why.
 * So the end of our stream is sent, and theirs awaited for a while. */
static void linger(struct rpc_session *session) {
    if (session->dropped_ms == 0) session->dropped_ms = uv_now(session->server->options.loop);
    session->lingering = true;
    (void)shutdown(session->fd, SHUT_WR);
    poll_for(session, UV_READABLE);
}

static void discard(struct rpc_session *session) {
    char data[DISCARD_SIZE];
    const ssize_t got = recv(session->fd, data, sizeof data, 0);
    const bool later = got < 0 && (errno == EAGAIN || errno == EINTR);
    if (got <= 0 && !later) end(session);
}

static void watch(struct rpc_session *session) {
    if (session->ended || session->lingering) return;
    const bool writes = wslay_event_want_write(session->wslay) != 0;
    const bool reads = wslay_event_want_read(session->wslay) && session->dropped_ms == 0;
    if (!writes && !reads) {
        const bool shook_hands = wslay_event_get_close_received(session->wslay) &&
            wslay_event_get_close_sent(session->wslay);
        if (shook_hands) {
            end(session);
        } else {
            linger(session);
        }
        return;
    }
    const bool paused = session->counted > RPC_SESSION_PAUSE;
    poll_for(session, (reads && !paused ? UV_READABLE : 0) | (writes ? UV_WRITABLE : 0));
}

/* Queues a close frame, which goes before all messages that wait; what was not sent is lost. */
static void drop(struct rpc_session *session, uint16_t code, const char *reason) {
    if (session->dropped_ms != 0) return;
    session->dropped_ms = uv_now(session->server->options.loop);
    (void)wslay_event_queue_close(session->wslay, code, (const uint8_t *)reason, strlen(reason));
    watch(session);
}

static void on_poll(uv_poll_t *poll, int status, int events) {
    struct rpc_session *session = poll->data;
    (void)events;
    if (session->ended) return;
    if (session->lingering) {
        discard(session);
        return;
    }
    session->turn = 0;
    if (status < 0 || wslay_event_recv(session->wslay) != 0) {
        end(session);
        return;
    }
    if (session->fragments > RPC_SESSION_FRAGMENT_MAX) {
        drop(session, WSLAY_CODE_POLICY_VIOLATION, "too many fragments in a message");
    }
    if (wslay_event_send(session->wslay) != 0) {
        end(session);
        return;
    }
    count_backlog(session);
    watch(session);
}

static ssize_t on_recv(
    wslay_event_context_ptr wslay, uint8_t *data, size_t size, int flags, void *ctx
) {
    struct rpc_session *session = ctx;
    (void)flags;
    if (session->early_used < session->early_len) {
        const size_t left = session->early_len - session->early_used;
        const size_t taken = left < size ? left : size;
        memcpy(data, session->early + session->early_used, taken);
        session->early_used += taken;
        return (ssize_t)taken;
    }
    const bool patient = session->turn >= TURN_MESSAGES || backlog(session) > RPC_SESSION_PAUSE ||
        session->fragments > RPC_SESSION_FRAGMENT_MAX;
    if (!patient) {
        const ssize_t got = recv(session->fd, data, size, 0);
        if (got > 0) {
            session->heard_ms = uv_now(session->server->options.loop);
            session->pinged_ms = 0;
            return got;
        }
        if (got == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)) {
            wslay_event_set_error(wslay, WSLAY_ERR_CALLBACK_FAILURE);
            return -1;
        }
    }
    wslay_event_set_error(wslay, WSLAY_ERR_WOULDBLOCK);
    return -1;
}

static ssize_t on_send(
    wslay_event_context_ptr wslay, const uint8_t *data, size_t size, int flags, void *ctx
) {
    const struct rpc_session *session = ctx;
    (void)flags;
    const ssize_t sent = send(session->fd, data, size, MSG_NOSIGNAL);
    if (sent >= 0) return sent;
    const bool later = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    wslay_event_set_error(wslay, later ? WSLAY_ERR_WOULDBLOCK : WSLAY_ERR_CALLBACK_FAILURE);
    return -1;
}

static bool queue(struct rpc_session *session, struct bytes text) {
    const struct wslay_event_msg message = {
        .opcode = WSLAY_TEXT_FRAME,
        .msg = text.data,
        .msg_length = text.len,
    };
    return wslay_event_queue_msg(session->wslay, &message) == 0;
}

static void on_frame(
    wslay_event_context_ptr wslay,
    const struct wslay_event_on_frame_recv_start_arg *frame,
    void *ctx
) {
    struct rpc_session *session = ctx;
    (void)wslay;
    if (frame->opcode == WSLAY_CONTINUATION_FRAME) session->fragments++;
}

static void on_message(
    wslay_event_context_ptr wslay, const struct wslay_event_on_msg_recv_arg *message, void *ctx
) {
    struct rpc_session *session = ctx;
    struct rpc_server *server = session->server;
    (void)wslay;
    session->turn++;
    if (wslay_is_ctrl_frame(message->opcode)) return;
    session->fragments = 0;
    if (session->dropped_ms != 0) return;
    struct json_writer *answer = &server->answer;
    const struct bytes request = bytes_from(message->msg, message->msg_length);
    if (rpc_dispatch(server->options.dispatcher, answer, request, session)) {
        (void)rpc_session_send(session, json_writer_text(answer));
    }
    json_writer_reset(answer, 65536);
}

bool rpc_session_send(struct rpc_session *session, struct bytes text) {
    if (session->ended || session->dropped_ms != 0) return false;
    const size_t waiting = backlog(session);
    /* One long answer to a client that has read everything is always fine. */
    const bool full = waiting > 0 && waiting + text.len > RPC_SESSION_BACKLOG_MAX;
    if (full || session->server->in_flight > RPC_IN_FLIGHT_MAX || !queue(session, text)) {
        drop(session, WSLAY_CODE_POLICY_VIOLATION, "backlog full: messages were not read in time");
        return false;
    }
    count_backlog(session);
    watch(session);
    return true;
}

/* ---- The server's side ---- */

void session_sweep(struct rpc_session *session, uint64_t now_ms) {
    if (session->ended) return;
    if (session->dropped_ms != 0 && now_ms - session->dropped_ms > RPC_SESSION_GOODBYE_MS) {
        end(session);
        return;
    }
    const uint64_t silent_ms = now_ms - session->heard_ms;
    if (silent_ms > RPC_SESSION_PONG_MS) {
        end(session);
    } else if (silent_ms > RPC_SESSION_PING_MS && session->pinged_ms == 0) {
        session->pinged_ms = now_ms;
        const struct wslay_event_msg ping = {.opcode = WSLAY_PING};
        (void)wslay_event_queue_msg(session->wslay, &ping);
        watch(session);
    }
}

void session_say_goodbye(struct rpc_session *session) {
    if (session->ended) return;
    drop(session, WSLAY_CODE_GOING_AWAY, "the node is stopping");
    (void)wslay_event_send(session->wslay);
    end(session);
}

static void on_upgrade(
    void *cls,
    struct MHD_Connection *connection,
    void *request,
    const char *early,
    size_t early_len,
    MHD_socket fd,
    struct MHD_UpgradeResponseHandle *upgrade
) {
    static const struct wslay_event_callbacks callbacks = {
        .recv_callback = on_recv,
        .send_callback = on_send,
        .on_frame_recv_start_callback = on_frame,
        .on_msg_recv_callback = on_message,
    };
    struct rpc_server *server = cls;
    (void)connection;
    (void)request;
    struct rpc_session *session = calloc(1, sizeof *session);
    ASSERT(session != NULL);
    *session = (struct rpc_session){
        .next = server->sessions,
        .place = &server->sessions,
        .server = server,
        .upgrade = upgrade,
        .fd = fd,
        .early_len = early_len,
        .heard_ms = uv_now(server->options.loop),
    };
    if (early_len > 0) {
        session->early = malloc(early_len);
        ASSERT(session->early != NULL);
        memcpy(session->early, early, early_len);
    }
    ASSERT(wslay_event_context_server_init(&session->wslay, &callbacks, session) == 0);
    wslay_event_config_set_max_recv_msg_length(session->wslay, RPC_REQUEST_SIZE_MAX);
    const int one = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    ASSERT(uv_poll_init(server->options.loop, &session->poll, fd) == 0);
    session->poll.data = session;
    server->handle_count++;
    if (session->next != NULL) session->next->place = &session->next;
    server->sessions = session;
    server->session_count++;
    /* Writable at once: so what came early is read without waiting for more. */
    session->polled = UV_READABLE | UV_WRITABLE;
    ASSERT(uv_poll_start(&session->poll, session->polled, on_poll) == 0);
}

struct MHD_Response *session_handshake(struct rpc_server *server, const char *key) {
    static const char magic[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; /* RFC 6455, 4.2.2 */
    if (strlen(key) != KEY_LEN) return NULL;
    char text[KEY_LEN + sizeof magic];
    (void)snprintf(text, sizeof text, "%s%s", key, magic);
    uint8_t digest[SHA1_SIZE];
    unsigned digest_len = sizeof digest;
    ASSERT(EVP_Digest(text, strlen(text), digest, &digest_len, EVP_sha1(), NULL) == 1);
    unsigned char accept[BASE64_SIZE];
    (void)EVP_EncodeBlock(accept, digest, (int)digest_len);

    struct MHD_Response *response = MHD_create_response_for_upgrade(on_upgrade, server);
    ASSERT(response != NULL);
    ASSERT(MHD_add_response_header(response, "Upgrade", "websocket") == MHD_YES);
    ASSERT(
        MHD_add_response_header(response, "Sec-WebSocket-Accept", (const char *)accept) == MHD_YES
    );
    return response;
}
