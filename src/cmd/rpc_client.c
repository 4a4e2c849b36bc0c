#include "cmd/rpc_client.h"

#include "base/checked.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HEADERS_MAX = 16384 };

__attribute__((format(printf, 2, 3))) static bool fail(
    struct rpc_client *client, const char *format, ...
) {
    va_list args;
    va_start(args, format);
    (void)vsnprintf(client->error, sizeof client->error, format, args);
    va_end(args);
    return false;
}

bool rpc_client_open(struct rpc_client *client, const char *url) {
    static const char scheme[] = "http://";
    *client = (struct rpc_client){.fd = -1};
    if (strncmp(url, scheme, sizeof scheme - 1) != 0) {
        return fail(client, "'%.200s' is not of the form http://HOST:PORT", url);
    }
    const char *host = url + sizeof scheme - 1;
    const size_t authority = strcspn(host, "/");
    const char *colon = memchr(host, ':', authority);
    const size_t host_len = colon == NULL ? authority : (size_t)(colon - host);
    const size_t port_len = colon == NULL ? 0 : authority - host_len - 1;
    if (host_len == 0 || host_len >= sizeof client->host || port_len >= sizeof client->port) {
        return fail(client, "'%.200s' is not of the form http://HOST:PORT", url);
    }
    memcpy(client->host, host, host_len);
    if (colon == NULL) {
        (void)snprintf(client->port, sizeof client->port, "80");
        return true;
    }
    memcpy(client->port, colon + 1, port_len);
    const bool is_number = strspn(client->port, "0123456789") == port_len;
    const long port = strtol(client->port, NULL, 10);
    if (!is_number || port < 1 || port > UINT16_MAX) {
        return fail(client, "'%.200s': the port is a number from 1 to 65535", url);
    }
    return true;
}

void rpc_client_close(struct rpc_client *client) {
    if (client->fd >= 0) (void)close(client->fd);
    client->fd = -1;
}

/* ---- connection ---- */

static bool connect_to(struct rpc_client *client) {
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    const struct timeval timeout = {.tv_sec = RPC_CLIENT_TIMEOUT_S};
    const int on = 1;
    struct addrinfo *list;
    const int error = getaddrinfo(client->host, client->port, &hints, &list);
    if (error != 0) {
        return fail(client, "cannot find host %s: %s", client->host, gai_strerror(error));
    }
    for (const struct addrinfo *at = list; at != NULL && client->fd < 0; at = at->ai_next) {
        const int fd = socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, at->ai_protocol);
        if (fd < 0) continue;
        if (connect(fd, at->ai_addr, at->ai_addrlen) == 0) {
            client->fd = fd;
        } else {
            (void)close(fd);
        }
    }
    freeaddrinfo(list);
    if (client->fd < 0) {
        return fail(
            client,
            "no node answers at http://%s:%s (%s); start one with 'infinity dev', or name another "
            "with --rpc",
            client->host, client->port, strerror(errno)
        );
    }
    (void)setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    (void)setsockopt(client->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return true;
}

static bool send_all(int fd, const char *data, size_t size) {
    while (size > 0) {
        const ssize_t put = send(fd, data, size, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return false;
        data += put;
        size -= (size_t)put;
    }
    return true;
}

/* Reads until the buffer holds `until` bytes; *len grows. */
static bool receive(int fd, char *buffer, size_t *len, size_t until) {
    while (*len < until) {
        const ssize_t got = recv(fd, buffer + *len, until - *len, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        *len += (size_t)got;
    }
    return true;
}

/* The headers and whatever came with them: *end is where the body begins. */
static bool receive_headers(int fd, char *buffer, size_t *len, size_t *end) {
    for (;;) {
        if (*len >= HEADERS_MAX - 1) return false;
        const ssize_t got = recv(fd, buffer + *len, HEADERS_MAX - 1 - *len, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        *len += (size_t)got;
        buffer[*len] = '\0';
        const char *blank = strstr(buffer, "\r\n\r\n");
        if (blank == NULL) continue;
        *end = (size_t)(blank - buffer) + 4;
        return true;
    }
}

static bool content_length(const char *headers, size_t *out) {
    static const char name[] = "\ncontent-length:";
    for (const char *line = strchr(headers, '\n'); line != NULL; line = strchr(line + 1, '\n')) {
        if (strncasecmp(line, name, sizeof name - 1) != 0) continue;
        char *end;
        const unsigned long long value = strtoull(line + sizeof name - 1, &end, 10);
        *out = value;
        return *end == '\r' && value <= RPC_CLIENT_ANSWER_MAX;
    }
    return false;
}

static bool receive_answer(struct rpc_client *client, struct arena *arena, struct bytes *body) {
    char *headers = arena_alloc_raw(arena, HEADERS_MAX, 1);
    size_t len = 0, end, size;
    if (!receive_headers(client->fd, headers, &len, &end) || !content_length(headers, &size)) {
        return false;
    }
    char *data = arena_alloc_raw(arena, size, 1);
    size_t have = min_u64(len - end, size);
    memcpy(data, headers + end, have);
    if (!receive(client->fd, data, &have, size)) return false;
    *body = bytes_from(data, size);
    return true;
}

/* One request and its answer. A connection that the node closed meanwhile is opened anew, once. */
static bool exchange(
    struct rpc_client *client, struct arena *arena, struct bytes *answer, struct bytes request
) {
    char headers[512];
    const int headers_len = snprintf(
        headers, sizeof headers,
        "POST / HTTP/1.1\r\nHost: %s:%s\r\nContent-Type: application/json\r\n"
        "Content-Length: %zu\r\n\r\n",
        client->host, client->port, request.len
    );
    ASSERT(headers_len > 0 && (size_t)headers_len < sizeof headers);
    for (int attempt = 0; attempt < 2; attempt++) {
        const bool reused = client->fd >= 0;
        if (!reused && !connect_to(client)) return false;
        if (send_all(client->fd, headers, (size_t)headers_len) &&
            send_all(client->fd, (const char *)request.data, request.len) &&
            receive_answer(client, arena, answer)) {
            return true;
        }
        rpc_client_close(client);
        if (!reused) break;
    }
    return fail(
        client, "the node at http://%s:%s gave no answer that could be read", client->host,
        client->port
    );
}

bool rpc_client_call(
    struct rpc_client *client,
    struct arena *arena,
    const struct json **result,
    const char *method,
    const char *params
) {
    const struct json_limits limits = {RPC_CLIENT_ANSWER_MAX, 64, 4 << 20};
    const size_t size = strlen(method) + strlen(params) + 128;
    char *text = arena_alloc_raw(arena, size, 1);
    const int len = snprintf(
        text, size, "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"%s\",\"params\":%s}",
        (unsigned long long)++client->next_id, method, params
    );
    struct bytes answer;
    const struct json *root;
    if (!exchange(client, arena, &answer, bytes_from(text, (size_t)len))) return false;
    if (json_parse(arena, &root, answer, &limits) != JSON_VALID) {
        return fail(client, "the node's answer to %s is no JSON", method);
    }
    const struct json *error = json_get(root, "error");
    client->revert = (struct bytes){NULL, 0};
    if (error != NULL) {
        (void
        )!json_read_bytes(arena, json_get(error, "data"), &client->revert, RPC_CLIENT_ANSWER_MAX);
        const struct bytes message = json_text(json_get(error, "message"));
        return fail(
            client, "%s: %.*s", method, (int)(message.len < 300 ? message.len : 300),
            (const char *)message.data
        );
    }
    *result = json_get(root, "result");
    if (*result == NULL) return fail(client, "the node's answer to %s has no result", method);
    return true;
}
