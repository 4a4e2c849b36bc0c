/* params: a call's arguments, read with geth's words for what is wrong with them.
 *
 * Each answers false with call->error filled, so that a handler goes on with
 * `if (!param_address(call, 0, &address)) return false;`. An argument that is null counts as not
 * given. Memory is the call's arena.
 */
#ifndef RPC_PARAMS_H
#define RPC_PARAMS_H

#include "rpc/method.h"

/* Whether argument index is there and not null. */
bool param_present(const struct rpc_call *call, size_t index);

/* geth: "missing value for required argument N". Answers false. */
bool param_missing(struct rpc_call *call, size_t index);

MUST_USE bool param_hash(struct rpc_call *call, size_t index, struct hash *out);
MUST_USE bool param_address(struct rpc_call *call, size_t index, struct address *out);
MUST_USE bool param_bool(struct rpc_call *call, size_t index, bool *out);
/* "0x" and digits, at most size_max bytes. */
MUST_USE bool param_bytes(struct rpc_call *call, size_t index, struct bytes *out, size_t size_max);
/* A quantity, as strictly as the specification has it. */
MUST_USE bool param_quantity(struct rpc_call *call, size_t index, uint64_t *out);

/* Any spelling of a number: quantity, decimal, JSON number. Development tools send all of them. */
MUST_USE bool param_u64(struct rpc_call *call, size_t index, uint64_t *out);
MUST_USE bool param_u256(struct rpc_call *call, size_t index, struct u256 *out);

/* A member of an object that is an argument. Absent and null members leave *out alone and set *has
 * to false. type_name is Go's, for messages: "TransactionArgs". */
struct param_object {
    size_t index; /* of the argument */
    const struct json *json;
    const char *type_name;
};
MUST_USE bool param_object(
    struct rpc_call *call, size_t index, const char *type_name, struct param_object *out
);
MUST_USE bool member_address(
    struct rpc_call *call,
    const struct param_object *object,
    const char *key,
    struct address *out,
    bool *has
);
MUST_USE bool member_hash(
    struct rpc_call *call,
    const struct param_object *object,
    const char *key,
    struct hash *out,
    bool *has
);
MUST_USE bool member_u64(
    struct rpc_call *call,
    const struct param_object *object,
    const char *key,
    uint64_t *out,
    bool *has
);
MUST_USE bool member_u256(
    struct rpc_call *call,
    const struct param_object *object,
    const char *key,
    struct u256 *out,
    bool *has
);
MUST_USE bool member_bytes(
    struct rpc_call *call,
    const struct param_object *object,
    const char *key,
    struct bytes *out,
    bool *has
);

/* One value, for elements of arrays: as a member named key of type_name. */
MUST_USE bool value_address(
    struct rpc_call *call,
    const struct param_object *object,
    const char *key,
    const struct json *value,
    struct address *out
);
MUST_USE bool value_hash(
    struct rpc_call *call,
    const struct param_object *object,
    const char *key,
    const struct json *value,
    struct hash *out
);

/* Which block a call is about. */
enum block_tag {
    BLOCK_TAG_LATEST = 0,
    BLOCK_TAG_PENDING,
    BLOCK_TAG_EARLIEST,
    BLOCK_TAG_SAFE,
    BLOCK_TAG_FINALIZED,
    BLOCK_TAG_NUMBER,
    BLOCK_TAG_HASH,
};

struct block_ref {
    enum block_tag tag;
    uint64_t number;
    struct hash hash;
    bool require_canonical; /* with a hash */
};

/* A tag or number; "latest" where the argument is not given. */
MUST_USE bool param_block_number(struct rpc_call *call, size_t index, struct block_ref *out);
/* The same, or a hash, or EIP-1898's object. */
MUST_USE bool param_block(struct rpc_call *call, size_t index, struct block_ref *out);
/* The same for a value that stands elsewhere; absent is "latest". */
MUST_USE bool value_block_number(
    struct rpc_call *call, size_t index, const struct json *value, struct block_ref *out
);

#endif
