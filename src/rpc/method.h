/* method: what a JSON-RPC method is to the server: a name, a function, and one call of it.
 *
 * Spec: JSON-RPC 2.0; codes and texts are geth's (EIP-1474), because clients match on them.
 */
#ifndef RPC_METHOD_H
#define RPC_METHOD_H

#include "base/status.h"
#include "json/json.h"

enum rpc_code {
    RPC_PARSE_ERROR = -32700,
    RPC_INVALID_REQUEST = -32600,
    RPC_METHOD_NOT_FOUND = -32601,
    RPC_INVALID_PARAMS = -32602,
    RPC_INTERNAL = -32603,
    RPC_SERVER_ERROR = -32000, /* what geth answers for whatever has no code of its own */
    RPC_TIMEOUT = -32002,
    RPC_RESPONSE_TOO_LARGE = -32003,
    RPC_LIMIT_EXCEEDED = -32005,
    RPC_EXECUTION_REVERTED = 3,
};

struct rpc_error {
    int code;
    const char *message; /* static, or in the call's arena */
    bool has_data;
    struct bytes data; /* written as hex text: what a revert returned */
};

struct rpc_session; /* a client that stays connected; see server.h */

/* One call. Everything in it is valid until the handler returns. */
struct rpc_call {
    void *ctx;                   /* of the method's table */
    struct arena *arena;         /* of this call alone: given back when it has been answered */
    const struct json *params;   /* an array, or NULL */
    struct json_writer *result;  /* where the handler writes one value */
    struct rpc_session *session; /* NULL where the client cannot be sent anything later */
    struct rpc_error error;      /* filled where the handler answers false */
};

/* True: one value was written to result. False: error says why not, and what was written is
 * dropped. A handler runs on the server's loop and never waits. */
typedef bool (*rpc_handler)(struct rpc_call *call);

struct rpc_method {
    const char *name;
    rpc_handler handler;
    size_t params_max; /* one more is "too many arguments" */
};

/* Methods that share a context. Both outlive the server. */
struct rpc_table {
    const struct rpc_method *methods;
    size_t method_count;
    void *ctx;
};

/* Fills call->error and answers false, so that a handler ends with `return rpc_fail(…)`. The text
 * is at most 1023 bytes. */
bool rpc_fail(struct rpc_call *call, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* What failed inside the node, with status' context. */
bool rpc_fail_status(struct rpc_call *call, struct status status);

/* The same as rpc_fail with data. */
bool rpc_fail_data(struct rpc_call *call, int code, struct bytes data, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#endif
