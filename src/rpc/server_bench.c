/* Requests a second over one keep-alive connection and over several, and resident memory after many.
 * The client is in the same process on another thread, so a request costs both sides. */
#include "rpc/server.h"

#include "world/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#include <stdio.h>
#include <stdlib.h>

enum { REQUESTS = 100000, PIPELINE = 16 };

static bool chain_id(struct rpc_call *call) {
    json_write_quantity(call->result, 31337);
    return true;
}

static const struct rpc_method methods[] = {{"eth_chainId", chain_id, 0}};
static const struct rpc_table table = {methods, 1, NULL};
static uint16_t port;

static void on_stop(uv_async_t *stop) {
    rpc_server_close(stop->data);
    uv_close((uv_handle_t *)stop, NULL);
}

static size_t resident_kib(void) {
    FILE *file = fopen("/proc/self/statm", "r");
    unsigned long size = 0, resident = 0;
    if (file != NULL) {
        // NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers
        if (fscanf(file, "%lu %lu", &size, &resident) != 2) resident = 0;
        (void)fclose(file);
    }
    return resident * 4;
}

static void exchange(int requests, int depth) {
    static const char request[] =
        "POST / HTTP/1.1\r\nHost: localhost:8545\r\nContent-Type: application/json\r\n"
        "Content-Length: 65\r\n\r\n"
        "{\"jsonrpc\":\"2.0\",\"id\":1234567,\"method\":\"eth_chainId\",\"params\":[]}";
    static const char end[] = "\"0x7a69\"}";
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    const struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    const int one = 1;
    ASSERT(connect(fd, (const struct sockaddr *)&address, sizeof address) == 0);
    ASSERT(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) == 0);
    char batch[PIPELINE * sizeof request], answers[65536];
    for (int i = 0; i < depth; i++) {
        memcpy(batch + (size_t)i * (sizeof request - 1), request, sizeof request - 1);
    }
    const size_t batch_len = (size_t)depth * (sizeof request - 1);
    for (int sent = 0; sent < requests; sent += depth) {
        ASSERT(send(fd, batch, batch_len, 0) == (ssize_t)batch_len);
        size_t len = 0;
        for (int answered = 0; answered < depth;) {
            const ssize_t got = recv(fd, answers + len, sizeof answers - 1 - len, 0);
            ASSERT(got > 0);
            len += (size_t)got;
            answers[len] = '\0';
            answered = 0;
            for (const char *at = answers; (at = strstr(at, end)) != NULL; at++) {
                answered++;
            }
        }
    }
    (void)close(fd);
}

static void *run_clients(void *ctx) {
    uv_async_t *stop = ctx;
    exchange(1000, 1);
    const size_t before = resident_kib();
    for (int depth = 1; depth <= PIPELINE; depth *= PIPELINE) {
        const uint64_t start = clock_monotonic_us(&real_clock);
        exchange(REQUESTS, depth);
        const uint64_t time_us = clock_monotonic_us(&real_clock) - start;
        printf(
            "eth_chainId, %2d at a time %10.0f requests/s\n", depth,
            REQUESTS * 1e6 / (double)time_us
        );
    }
    printf("resident %zu KiB before, %zu KiB after\n", before, resident_kib());
    (void)uv_async_send(stop);
    return NULL;
}

int main(void) {
    uv_loop_t loop;
    uv_async_t stop;
    ASSERT(uv_loop_init(&loop) == 0);
    const struct rpc_dispatcher_options dispatch = {.tables = &table, .table_count = 1};
    struct rpc_dispatcher *dispatcher = rpc_dispatcher_create(&dispatch);
    const struct rpc_server_options options = {
        .loop = &loop,
        .host = "127.0.0.1",
        .dispatcher = dispatcher,
        .allow_origin = "*",
        .greeting = "bench\n",
    };
    struct rpc_server *server;
    ASSERT(!failed(rpc_server_create(&server, &options)));
    port = rpc_server_port(server);
    ASSERT(uv_async_init(&loop, &stop, on_stop) == 0);
    stop.data = server;
    pthread_t thread;
    ASSERT(pthread_create(&thread, NULL, run_clients, &stop) == 0);
    (void)uv_run(&loop, UV_RUN_DEFAULT);
    (void)pthread_join(thread, NULL);
    rpc_dispatcher_destroy(dispatcher);
    return uv_loop_close(&loop) != 0;
}
