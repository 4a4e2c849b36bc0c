/* node_rpc: the node's JSON-RPC: tables, server, and what its clients are told of. */
#include "rpc/backend.h"
#include "rpc/eth.h"
#include "rpc/namespaces.h"
#include "service/node.h"
#include "world/log.h"
#include "world/version.h"

#include <errno.h>
#include <stdio.h>

static uint64_t now_us(void *ctx) {
    (void)ctx;
    return clock_monotonic_us(&real_clock);
}

static uint64_t now_ms(void *ctx) {
    (void)ctx;
    return clock_wall_ms(&real_clock);
}

/* One line a call, as users of development chains read along until anvil_setLoggingEnabled(false). */
static void observe(void *ctx, const struct rpc_record *record) {
    const struct node *node = ctx;
    char method[RPC_METHOD_NAME_MAX + 1];
    if (!node->logs_calls) return;
    memcpy(method, record->method.data, record->method.len);
    method[record->method.len] = '\0';
    if (record->code == 0) {
        log_line(LOG_DEBUG, "rpc", {"method", LOG_STR(method)}, {"us", LOG_U64(record->time_us)});
    } else {
        char code[16];
        (void)snprintf(code, sizeof code, "%d", record->code);
        log_line(LOG_INFO, "rpc", {"method", LOG_STR(method)}, {"error", LOG_STR(code)});
    }
}

static void describe_no_port(
    const struct node_options *options, struct status status, char message[NODE_MESSAGE_SIZE]
) {
    if (status.os_error == EADDRINUSE) {
        (void)snprintf(
            message, NODE_MESSAGE_SIZE,
            "port %u of %s is in use; stop what uses it, or choose another with --port",
            options->port, options->host
        );
        return;
    }
    (void)snprintf(
        message, NODE_MESSAGE_SIZE, "cannot listen on port %u of %s: %s", options->port,
        options->host, status.os_error == 0 ? status.context : strerror(status.os_error)
    );
}

static void session_closed(void *ctx, struct rpc_session *session) {
    struct node *node = ctx;
    rpc_eth_session_closed(node->eth, session);
}

static void on_head(
    void *ctx, const struct header *head, const struct hash *hash, uint64_t first_new
) {
    struct node *node = ctx;
    rpc_eth_head(node->eth, first_new, head, hash);
}

static void on_transaction(void *ctx, const struct pool_entry *entry) {
    struct node *node = ctx;
    rpc_eth_transaction(node->eth, entry);
}

/* The tables of all namespaces, in the node's arena. */
static struct rpc_table *make_tables(struct node *node, size_t *count) {
    struct rpc_table *tables = ARENA_ARRAY(&node->arena, struct rpc_table, RPC_ETH_TABLES_MAX + 2);
    *count = rpc_eth_tables(node->eth, tables);
    tables[(*count)++] = rpc_infinity_table(node->backend);
    tables[(*count)++] = rpc_dev_table(node->backend);
    return tables;
}

struct status node_serve(struct node *node, char message[NODE_MESSAGE_SIZE]) {
    node->eth = rpc_eth_create(node->backend, now_ms, NULL);
    size_t table_count;
    const struct rpc_table *tables = make_tables(node, &table_count);
    const struct rpc_dispatcher_options dispatcher = {
        .tables = tables,
        .table_count = table_count,
        .now_us = now_us,
        .observer = observe,
        .observer_ctx = node,
    };
    node->dispatcher = rpc_dispatcher_create(&dispatcher);
    rpc_eth_set_dispatcher(node->eth, node->dispatcher);
    const struct execution_listener listener = {
        .head = on_head, .transaction = on_transaction, .ctx = node};
    execution_listen(node->execution, &listener);
    const struct rpc_server_options server = {
        .loop = node->loop,
        .host = node->options.host,
        .port = node->options.port,
        .dispatcher = node->dispatcher,
        .allow_origin = "*",
        .greeting = "Infinity: JSON-RPC over HTTP (POST) and WebSocket on this port.\n",
        .session_closed = session_closed,
        .ctx = node,
    };
    const struct status status = rpc_server_create(&node->server, &server);
    if (failed(status)) describe_no_port(&node->options, status, message);
    return status;
}

void node_stop_serving(struct node *node) {
    if (node->server == NULL) return;
    rpc_server_close(node->server);
    node->server = NULL;
}

void node_free_server(struct node *node) {
    if (node->dispatcher != NULL) rpc_dispatcher_destroy(node->dispatcher);
    if (node->eth != NULL) rpc_eth_destroy(node->eth);
}
