/* rpc_client: JSON-RPC calls to a node, for subcommands that are its users.
 *
 * HTTP/1.1 over a plain socket, one connection kept open. Ours rather than libcurl, whose many
 * libraries would take longer to load than the chain takes to start (docs/decisions/0003).
 */
#ifndef CMD_RPC_CLIENT_H
#define CMD_RPC_CLIENT_H

#include "base/arena.h"
#include "json/json.h"

#define RPC_CLIENT_ANSWER_MAX ((size_t)64 << 20) /* bytes of an answer */
#define RPC_CLIENT_TIMEOUT_S  60                 /* for an answer to arrive */

struct rpc_client {
    char host[256];
    char port[8];
    int fd; /* -1: not connected */
    uint64_t next_id;
    char error[512];     /* of the last call that answered false: one line, says what to do */
    struct bytes revert; /* what a call that reverted gave back, in that call's arena; or empty */
};

/* url: "http://HOST:PORT" or "http://HOST". false with error: not such a URL. Connects at the first
 * call. */
MUST_USE bool rpc_client_open(struct rpc_client *client, const char *url);
void rpc_client_close(struct rpc_client *client);

/* params is a JSON array as text. *result is the answer's result, in arena. false: client->error. */
MUST_USE bool rpc_client_call(
    struct rpc_client *client,
    struct arena *arena,
    const struct json **result,
    const char *method,
    const char *params
);

#endif
