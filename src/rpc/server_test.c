/* The server on a loop in a thread of its own, and clients on plain sockets that behave badly. */
#include "rpc/server.h"

#include "base/test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <errno.h>
#include <stdio.h>

enum { TIMEOUT_S = 20 };

static bool echo(struct rpc_call *call) {
    json_write_value(call->result, json_at(call->params, 0));
    return true;
}

static bool large(struct rpc_call *call) {
    static char text[20000001];
    memset(text, 'x', sizeof text - 1);
    json_write_cstring(call->result, text);
    return true;
}

static struct {
    uv_loop_t loop;
    uv_async_t stop;
    struct rpc_server *server;
    struct rpc_dispatcher *dispatcher;
    pthread_t thread;
    uint16_t port;
    int closed; /* sessions that were told of */
} node;

/* Sends `count` messages of a megabyte without being asked: a subscription that the client does not
 * read. The answer is how many were taken. */
static bool flood(struct rpc_call *call) {
    static char text[1 << 20];
    memset(text, 'y', sizeof text);
    text[0] = text[sizeof text - 1] = '"';
    uint64_t count = 0, taken = 0;
    if (call->session == NULL || !json_read_u64(json_at(call->params, 0), &count)) {
        return rpc_fail(call, RPC_INVALID_PARAMS, "no session");
    }
    for (uint64_t i = 0; i < count; i++) {
        taken += rpc_session_send(call->session, bytes_from(text, sizeof text));
    }
    json_write_number(call->result, taken);
    return true;
}

static const struct rpc_method methods[] = {
    {"t_echo", echo, 1}, {"t_large", large, 0}, {"t_flood", flood, 1}};
static const struct rpc_table table = {methods, ARRAY_LEN(methods), NULL};

static void session_closed(void *ctx, struct rpc_session *session) {
    (void)ctx;
    (void)session;
    __atomic_add_fetch(&node.closed, 1, __ATOMIC_SEQ_CST);
}

static bool page(void *ctx, const char *path, struct rpc_page *out) {
    (void)ctx;
    if (strcmp(path, "/metrics") != 0) return false;
    json_write_raw(out->body, BYTES_LITERAL("up 1\n"));
    return true;
}

static void on_stop(uv_async_t *stop) {
    rpc_server_close(node.server);
    uv_close((uv_handle_t *)stop, NULL);
}

static void *run_loop(void *unused) {
    (void)unused;
    (void)uv_run(&node.loop, UV_RUN_DEFAULT);
    return NULL;
}

static void start_with(const char *origin, const char *const *hosts) {
    memset(&node, 0, sizeof node);
    assert_int_equal(uv_loop_init(&node.loop), 0);
    assert_int_equal(uv_async_init(&node.loop, &node.stop, on_stop), 0);
    node.dispatcher =
        rpc_dispatcher_create(&(struct rpc_dispatcher_options){.tables = &table, .table_count = 1});
    const struct rpc_server_options options = {
        .loop = &node.loop,
        .host = "127.0.0.1",
        .dispatcher = node.dispatcher,
        .allow_origin = origin,
        .hosts = hosts,
        .greeting = "hello\n",
        .page = page,
        .session_closed = session_closed,
    };
    assert_false(failed(rpc_server_create(&node.server, &options)));
    node.port = rpc_server_port(node.server);
    assert_int_equal(pthread_create(&node.thread, NULL, run_loop, NULL), 0);
}

static void start(void) {
    start_with("*", NULL);
}

static void stop(void) {
    assert_int_equal(uv_async_send(&node.stop), 0);
    assert_int_equal(pthread_join(node.thread, NULL), 0);
    assert_int_equal(uv_loop_close(&node.loop), 0);
    rpc_dispatcher_destroy(node.dispatcher);
}

static int dial(void) {
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const struct timeval timeout = {.tv_sec = TIMEOUT_S};
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout), 0);
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(node.port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void put(int fd, const void *data, size_t size) {
    while (size > 0) {
        const ssize_t sent = send(fd, data, size, MSG_NOSIGNAL);
        if (sent <= 0) return; /* the server hung up: what it said is still to be read */
        data = (const char *)data + sent;
        size -= (size_t)sent;
    }
}

static void put_text(int fd, const char *text) {
    put(fd, text, strlen(text));
}

/* One HTTP answer: head and body, as text. False at the end of the stream. */
static bool get_answer(int fd, char *text, size_t size) {
    size_t len = 0;
    size_t want = SIZE_MAX;
    while (len < want && len < size - 1) {
        const ssize_t got = recv(fd, text + len, want == SIZE_MAX ? 1 : want - len, 0);
        if (got <= 0) break;
        len += (size_t)got;
        text[len] = '\0';
        if (want == SIZE_MAX && len >= 4 && memcmp(text + len - 4, "\r\n\r\n", 4) == 0) {
            const char *length = strstr(text, "Content-Length: ");
            want = len + (length == NULL ? 0 : strtoul(length + 16, NULL, 10));
            if (want > size - 1) want = size - 1;
        }
    }
    text[len] = '\0';
    return len > 0;
}

static void put_post(int fd, const char *body) {
    char head[256];
    (void)snprintf(
        head, sizeof head, "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n",
        strlen(body)
    );
    put_text(fd, head);
    put_text(fd, body);
}

#define CALL(id, params) \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"method\":\"t_echo\",\"params\":[" params "]}"
#define RESULT(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}"

static void expect_call_works(int fd) {
    char answer[4096];
    put_post(fd, CALL("1", "\"ok\""));
    assert_true(get_answer(fd, answer, sizeof answer));
    assert_non_null(strstr(answer, "HTTP/1.1 200"));
    assert_non_null(strstr(answer, RESULT("1", "\"ok\"")));
}

TEST(a_connection_serves_many_requests_and_survives_bad_json) {
    start();
    const int fd = dial();
    char answer[4096];
    static const char *const bodies[] = {"null", "1", "\"x\"", "[]", "{", "", "[[[[", "{\"id\":}"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        put_post(fd, bodies[i]);
        assert_true(get_answer(fd, answer, sizeof answer));
        assert_non_null(strstr(answer, "HTTP/1.1 200"));
        assert_non_null(strstr(answer, "\"error\":{\"code\":-32"));
    }
    expect_call_works(fd);
    put_post(fd, "{\"jsonrpc\":\"2.0\",\"method\":\"t_echo\"}");
    assert_true(get_answer(fd, answer, sizeof answer));
    assert_non_null(strstr(answer, "Content-Length: 0"));
    (void)close(fd);
    stop();
}

TEST(pipelined_and_split_requests_are_answered_in_order) {
    start();
    const int fd = dial();
    static char all[20000], answer[4096];
    for (int i = 0; i < 50; i++) {
        char body[128];
        (void)snprintf(
            body, sizeof body, "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"t_echo\"}", 100 + i
        );
        (void)snprintf(
            all + strlen(all), sizeof all - strlen(all),
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n%s", strlen(body), body
        );
    }
    put_text(fd, all);
    for (int i = 0; i < 50; i++) {
        char id[32];
        assert_true(get_answer(fd, answer, sizeof answer));
        (void)snprintf(id, sizeof id, "\"id\":%d,", 100 + i);
        assert_non_null(strstr(answer, id));
    }
    const char *request =
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"jso\r\n3b\r\n"
        "nrpc\":\"2.0\",\"id\":9,\"method\":\"t_echo\",\"params\":[\"chunked\"]}\r\n0\r\n\r\n";
    for (size_t i = 0; i < strlen(request); i++) {
        put(fd, request + i, 1);
        if (i % 16 == 0) (void)usleep(1000);
    }
    assert_true(get_answer(fd, answer, sizeof answer));
    assert_non_null(strstr(answer, RESULT("9", "\"chunked\"")));
    (void)close(fd);
    stop();
}

TEST(pages_methods_and_preflights) {
    static const struct {
        const char *request;
        const char *status;
        const char *part;
    } cases[] = {
        {"GET / HTTP/1.1\r\nHost: a\r\n\r\n", "200", "hello"},
        {"GET /health HTTP/1.1\r\nHost: a\r\n\r\n", "200", "ok"},
        {"GET /metrics?x=1 HTTP/1.1\r\nHost: a\r\n\r\n", "200", "up 1"},
        {"GET /none HTTP/1.1\r\nHost: a\r\n\r\n", "404", "not found"},
        {"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx", "405", "not allowed"},
        {"OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: http://x\r\nAccess-Control-Request-Headers: "
         "content-type\r\n\r\n",
         "204", "Access-Control-Allow-Headers: content-type"},
        {"OPTIONS / HTTP/1.1\r\nHost: a\r\nOrigin: http://x\r\nAccess-Control-Request-Headers: "
         "a\tb\r\n\r\n",
         "204", "Access-Control-Max-Age"},
        {"GET / HTTP/1.1\r\nHost: a\r\nOrigin: http://x\r\n\r\n", "200",
         "Access-Control-Allow-Origin: *"},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", "426",
         "Sec-WebSocket-Version: 13"},
        {"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
         "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n",
         "400", "malformed Sec-WebSocket-Key"},
    };
    start();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char answer[4096];
        const int fd = dial();
        put_text(fd, cases[i].request);
        assert_true(get_answer(fd, answer, sizeof answer));
        assert_memory_equal(answer + strlen("HTTP/1.1 "), cases[i].status, 3);
        if (strstr(answer, cases[i].part) == NULL) fail_msg("%s", answer);
        assert_null(strstr(answer, "a\tb")); /* only lists of names go back */
        (void)close(fd);
    }
    stop();
}

TEST(strangers_names_and_origins_are_refused_where_a_list_is_given) {
    static const char *const hosts[] = {"localhost", NULL};
    start_with("https://good.example", hosts);
    static const struct {
        const char *host;
        const char *status;
    } cases[] = {
        {"localhost", "200"},   {"LOCALHOST:8545", "200"}, {"127.0.0.1:1", "200"},
        {"[::1]:8545", "200"},  {"evil.example", "403"},   {"localhost.evil.example", "403"},
        {"[evil]:8545", "403"},
    };
    char request[512], answer[4096];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const int fd = dial();
        (void
        )snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", cases[i].host);
        put_text(fd, request);
        assert_true(get_answer(fd, answer, sizeof answer));
        assert_memory_equal(answer + strlen("HTTP/1.1 "), cases[i].status, 3);
        assert_null(strstr(answer, "Access-Control"));
        (void)close(fd);
    }
    const int fd = dial();
    put_text(fd, "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://good.example\r\n\r\n");
    assert_true(get_answer(fd, answer, sizeof answer));
    assert_non_null(strstr(answer, "Access-Control-Allow-Origin: https://good.example"));
    put_text(
        fd,
        "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: https://bad.example\r\nConnection: Upgrade"
        "\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        "dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    assert_true(get_answer(fd, answer, sizeof answer));
    assert_non_null(strstr(answer, "403"));
    (void)close(fd);
    stop();
}

TEST(oversized_bodies_and_heads_are_refused) {
    start();
    char answer[4096];
    int fd = dial();
    put_text(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5242881\r\n\r\n");
    assert_true(get_answer(fd, answer, sizeof answer));
    assert_non_null(strstr(answer, "413"));
    (void)close(fd);

    fd = dial();
    put_text(fd, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n");
    assert_true(get_answer(fd, answer, sizeof answer));
    assert_memory_equal(answer + strlen("HTTP/1.1 "), "4", 1);
    (void)close(fd);

    /* Chunked, without saying how much is to come. */
    fd = dial();
    put_text(fd, "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    static char chunk[65536 + 9];
    (void)snprintf(chunk, sizeof chunk, "10000\r\n");
    memset(chunk + 7, ' ', 65536);
    memcpy(chunk + 7 + 65536, "\r\n", 2);
    for (int i = 0; i < 81; i++) {
        put(fd, chunk, sizeof chunk);
    }
    put_text(fd, "0\r\n\r\n");
    assert_true(get_answer(fd, answer, sizeof answer));
    assert_non_null(strstr(answer, "413"));
    (void)close(fd);

    fd = dial();
    put_text(fd, "GET / HTTP/1.1\r\nHost: a\r\nX: ");
    memset(chunk, 'x', sizeof chunk);
    put(fd, chunk, sizeof chunk);
    put_text(fd, "\r\n\r\n");
    if (get_answer(fd, answer, sizeof answer)) {
        assert_memory_equal(answer + strlen("HTTP/1.1 "), "4", 1);
    }
    (void)close(fd);

    fd = dial();
    static const char junk[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n";
    put(fd, junk, sizeof junk - 1);
    (void)get_answer(fd, answer, sizeof answer);
    (void)close(fd);
    fd = dial();
    expect_call_works(fd);
    (void)close(fd);
    stop();
}

TEST(a_large_answer_arrives_whole_at_a_slow_reader) {
    start();
    const int fd = dial();
    put_post(fd, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t_large\"}");
    (void)usleep(100000);
    const int other = dial();
    expect_call_works(other); /* nobody waits for the slow one */
    static char part[1 << 16];
    size_t total = 0;
    while (total < 20000000) {
        const ssize_t got = recv(fd, part, sizeof part, 0);
        assert_true(got > 0);
        total += (size_t)got;
    }
    (void)close(other);
    (void)close(fd);
    stop();
}

TEST(silent_connections_make_room_for_a_new_one) {
    start();
    static int fds[RPC_CONNECTIONS_MAX + 50];
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        fds[i] = dial();
        put_text(fds[i], "POST / HT"); /* a slow loris */
        if (i % 50 == 0) (void)usleep(20000);
    }
    const int fd = dial();
    expect_call_works(fd);
    (void)close(fd);
    for (size_t i = 0; i < ARRAY_LEN(fds); i++) {
        (void)close(fds[i]);
    }
    stop();
}

/* ---- WebSocket ---- */

static int dial_websocket(void) {
    char answer[4096];
    const int fd = dial();
    put_text(
        fd,
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    assert_true(get_answer(fd, answer, sizeof answer));
    assert_non_null(strstr(answer, "101"));
    assert_non_null(strstr(answer, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")); /* RFC 6455, 1.3 */
    return fd;
}

static void put_frame(int fd, uint8_t first, struct bytes payload) {
    uint8_t head[14] = {first};
    size_t len;
    if (payload.len < 126) {
        head[1] = (uint8_t)(0x80 | payload.len);
        len = 2;
    } else {
        head[1] = 0x80 | 127;
        store_be64(head + 2, payload.len);
        len = 10;
    }
    put(fd, head, len + 4); /* the mask is zero: the payload stands as it is */
    put(fd, payload.data, payload.len);
}

static bool get_all(int fd, void *data, size_t size) {
    for (size_t len = 0; len < size;) {
        const ssize_t got = recv(fd, (char *)data + len, size - len, 0);
        if (got <= 0) return false;
        len += (size_t)got;
    }
    return true;
}

/* The next frame's first byte; its payload (its start, where it is longer) as text. 0 at the end. */
static uint8_t get_frame(int fd, char *text, size_t size, size_t *payload_len) {
    uint8_t head[2], more[8];
    text[0] = '\0';
    if (!get_all(fd, head, 2)) return 0;
    uint64_t len = head[1] & 0x7f;
    if (len == 126) {
        assert_true(get_all(fd, more, 2));
        len = (uint64_t)more[0] << 8 | more[1];
    } else if (len == 127) {
        assert_true(get_all(fd, more, 8));
        len = load_be64(more);
    }
    *payload_len = len;
    const size_t kept = len < size - 1 ? (size_t)len : size - 1;
    if (!get_all(fd, text, kept)) return 0;
    text[kept] = '\0';
    char dropped[4096];
    for (uint64_t left = len - kept; left > 0;) {
        const size_t part = left < sizeof dropped ? (size_t)left : sizeof dropped;
        if (!get_all(fd, dropped, part)) return 0;
        left -= part;
    }
    return head[0];
}

static void expect_frame(int fd, uint8_t first, const char *payload) {
    char text[4096];
    size_t len;
    assert_int_equal(get_frame(fd, text, sizeof text, &len), first);
    assert_string_equal(text, payload);
}

enum { TEXT = 0x81, CONTINUATION = 0x00, PING = 0x89, PONG = 0x8a, CLOSE = 0x88 };

TEST(a_session_answers_whole_fragmented_and_many_messages) {
    start();
    const int fd = dial_websocket();
    put_frame(fd, TEXT, BYTES_LITERAL(CALL("1", "true")));
    expect_frame(fd, TEXT, RESULT("1", "true"));

    /* A ping may come between the fragments of a message. */
    static const char call[] = CALL("2", "\"fragments\"");
    put_frame(fd, 0x01, bytes_from(call, 5));
    put_frame(fd, PING, BYTES_LITERAL("hi"));
    for (size_t i = 5; i < sizeof call - 2; i++) {
        put_frame(fd, CONTINUATION, bytes_from(call + i, 1));
    }
    put_frame(fd, 0x80, bytes_from(call + sizeof call - 2, 1));
    expect_frame(fd, PONG, "hi");
    expect_frame(fd, TEXT, RESULT("2", "\"fragments\""));

    for (int i = 0; i < 1000; i++) {
        put_frame(fd, TEXT, BYTES_LITERAL(CALL("3", "1")));
    }
    for (int i = 0; i < 1000; i++) {
        expect_frame(fd, TEXT, RESULT("3", "1"));
    }
    put_frame(fd, TEXT, BYTES_LITERAL("nonsense"));
    expect_frame(
        fd, TEXT,
        "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"parse error\"}}"
    );

    put_frame(fd, CLOSE, BYTES_LITERAL("\x03\xe8"));
    char text[16];
    size_t len;
    assert_int_equal(get_frame(fd, text, sizeof text, &len), CLOSE);
    assert_int_equal(recv(fd, text, 1, 0), 0);
    (void)close(fd);
    stop();
    assert_int_equal(node.closed, 1);
}

static void expect_closed_with(int fd, uint16_t code) {
    char text[256];
    size_t len;
    uint8_t first;
    do {
        first = get_frame(fd, text, sizeof text, &len);
    } while (first == TEXT || first == PONG);
    assert_int_equal(first, CLOSE);
    assert_true(len >= 2);
    assert_int_equal((uint8_t)text[0] << 8 | (uint8_t)text[1], code);
    (void)close(fd);
}

TEST(broken_frames_end_the_session_with_their_reason) {
    start();
    int fd = dial_websocket();
    put(fd, "\x81\x02hi", 4); /* not masked */
    expect_closed_with(fd, 1002);

    fd = dial_websocket();
    put_frame(fd, CONTINUATION, BYTES_LITERAL("x")); /* of nothing */
    expect_closed_with(fd, 1002);

    fd = dial_websocket();
    put_frame(fd, TEXT, BYTES_LITERAL("\xff\xfe"));
    expect_closed_with(fd, 1007);

    fd = dial_websocket();
    const uint8_t huge[15] = {0x81, 0xff, 0, 0, 0, 0, 0x40, 0, 0, 0}; /* 1 GiB, its first byte */
    put(fd, huge, sizeof huge);
    expect_closed_with(fd, 1009);

    fd = dial_websocket();
    put_frame(fd, 0x01, BYTES_LITERAL(" "));
    for (int i = 0; i < RPC_SESSION_FRAGMENT_MAX + 2; i++) {
        put_frame(fd, CONTINUATION, BYTES_LITERAL(" "));
    }
    expect_closed_with(fd, 1008);

    fd = dial_websocket();
    put_frame(fd, TEXT, BYTES_LITERAL(CALL("1", "1")));
    expect_frame(fd, TEXT, RESULT("1", "1"));
    (void)close(fd); /* without a word */
    stop();
    assert_int_equal(node.closed, 6);
}

TEST(a_client_that_does_not_read_is_dropped_with_a_reason) {
    start();
    const int fd = dial_websocket();
    put_frame(
        fd, TEXT,
        BYTES_LITERAL("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t_flood\",\"params\":[100]}")
    );
    (void)usleep(200000);
    char text[256];
    size_t len;
    uint8_t first;
    size_t bytes = 0;
    while ((first = get_frame(fd, text, sizeof text, &len)) == TEXT) {
        bytes += len;
    }
    assert_true(bytes < RPC_SESSION_BACKLOG_MAX + (4 << 20));
    assert_int_equal(first, CLOSE);
    assert_int_equal((uint8_t)text[0] << 8 | (uint8_t)text[1], 1008);
    assert_string_equal(text + 2, "backlog full: messages were not read in time");
    (void)close(fd);
    stop();
}

TEST(sessions_are_told_when_the_server_stops) {
    start();
    const int fd = dial_websocket();
    const int silent = dial();
    stop();
    expect_closed_with(fd, 1001);
    assert_int_equal(node.closed, 1);
    (void)close(silent);
}

TEST(a_taken_port_is_a_failure_with_its_cause) {
    start();
    struct rpc_server *second;
    const struct rpc_server_options options = {
        .loop = &node.loop, .host = "127.0.0.1", .port = node.port};
    struct status status = rpc_server_create(&second, &options);
    assert_int_equal(status.code, STATUS_UNAVAILABLE);
    assert_int_equal(status.os_error, EADDRINUSE);
    const struct rpc_server_options bad = {.loop = &node.loop, .host = "no.such.name"};
    status = rpc_server_create(&second, &bad);
    assert_int_equal(status.code, STATUS_UNAVAILABLE);
    stop();
}

TEST_MAIN(
    TEST_CASE(a_connection_serves_many_requests_and_survives_bad_json),
    TEST_CASE(pipelined_and_split_requests_are_answered_in_order),
    TEST_CASE(pages_methods_and_preflights),
    TEST_CASE(strangers_names_and_origins_are_refused_where_a_list_is_given),
    TEST_CASE(oversized_bodies_and_heads_are_refused),
    TEST_CASE(a_large_answer_arrives_whole_at_a_slow_reader),
    TEST_CASE(silent_connections_make_room_for_a_new_one),
    TEST_CASE(a_session_answers_whole_fragmented_and_many_messages),
    TEST_CASE(broken_frames_end_the_session_with_their_reason),
    TEST_CASE(a_client_that_does_not_read_is_dropped_with_a_reason),
    TEST_CASE(sessions_are_told_when_the_server_stops),
    TEST_CASE(a_taken_port_is_a_failure_with_its_cause)
)
