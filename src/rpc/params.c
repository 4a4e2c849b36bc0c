#include "rpc/params.h"

#include "codec/hex.h"

enum { HEX_DIGITS_OF_HASH = 64 };

bool param_present(const struct rpc_call *call, size_t index) {
    return json_is_given(json_at(call->params, index));
}

bool param_missing(struct rpc_call *call, size_t index) {
    return rpc_fail(call, RPC_INVALID_PARAMS, "missing value for required argument %zu", index);
}

/* ---- What is wrong with a value ---- */

/* Where a value stands. key NULL: it is the argument itself. */
struct spot {
    size_t index;
    const char *type_name; /* of the object it is in */
    const char *key;
};

/* As Go's encoding/json says it. */
static bool cannot(struct rpc_call *call, struct spot spot, const char *what, const char *type) {
    if (spot.key == NULL) {
        return rpc_fail(
            call, RPC_INVALID_PARAMS,
            "invalid argument %zu: json: cannot unmarshal %s into Go value of type %s", spot.index,
            what, type
        );
    }
    return rpc_fail(
        call, RPC_INVALID_PARAMS,
        "invalid argument %zu: json: cannot unmarshal %s into Go struct field %s.%s of type %s",
        spot.index, what, spot.type_name, spot.key, type
    );
}

/* go-ethereum's hexutil errors. */
static const char *hex_problem(enum hex_verdict verdict, struct bytes text, bool wide) {
    if (text.len == 0) return "empty hex string";
    switch (verdict) {
    case HEX_NO_PREFIX: return "hex string without 0x prefix";
    case HEX_ODD_DIGITS: return "hex string of odd length";
    case HEX_NO_DIGITS: return "hex string \"0x\"";
    case HEX_LEADING_ZERO: return "hex number with leading zero digits";
    case HEX_TOO_LONG: return wide ? "hex number > 256 bits" : "hex number > 64 bits";
    case HEX_VALID:
    case HEX_TOO_SHORT:
    case HEX_BAD_DIGIT: break;
    }
    return "invalid hex string";
}

static bool read_fixed(
    struct rpc_call *call,
    struct spot spot,
    const struct json *value,
    uint8_t *out,
    size_t size,
    const char *type
) {
    if (json_kind(value) != JSON_STRING) return cannot(call, spot, "non-string", type);
    const struct bytes text = json_text(value);
    const enum hex_verdict verdict = hex_decode_exact(out, size, text);
    if (verdict == HEX_VALID) return true;
    if (verdict == HEX_TOO_LONG || verdict == HEX_TOO_SHORT) {
        return rpc_fail(
            call, RPC_INVALID_PARAMS,
            "invalid argument %zu: hex string has length %zu, want %zu for %s", spot.index,
            text.len - 2, 2 * size, type
        );
    }
    return cannot(call, spot, hex_problem(verdict, text, false), type);
}

static bool read_address(
    struct rpc_call *call, struct spot spot, const struct json *value, struct address *out
) {
    return read_fixed(call, spot, value, out->bytes, sizeof out->bytes, "common.Address");
}

static bool read_hash(
    struct rpc_call *call, struct spot spot, const struct json *value, struct hash *out
) {
    return read_fixed(call, spot, value, out->bytes, sizeof out->bytes, "common.Hash");
}

static bool read_bytes(
    struct rpc_call *call,
    struct spot spot,
    const struct json *value,
    struct bytes *out,
    size_t size_max
) {
    static const char type[] = "hexutil.Bytes";
    if (json_kind(value) != JSON_STRING) return cannot(call, spot, "non-string", type);
    const struct bytes text = json_text(value);
    const enum hex_verdict verdict = hex_decode_arena(call->arena, out, text, size_max);
    if (verdict == HEX_VALID) return true;
    if (verdict == HEX_TOO_LONG) {
        return rpc_fail(
            call, RPC_INVALID_PARAMS, "invalid argument %zu: more than %zu bytes", spot.index,
            size_max
        );
    }
    return cannot(call, spot, hex_problem(verdict, text, false), type);
}

static bool read_quantity(
    struct rpc_call *call, struct spot spot, const struct json *value, uint64_t *out
) {
    static const char type[] = "hexutil.Uint64";
    if (json_kind(value) != JSON_STRING) return cannot(call, spot, "non-string", type);
    const enum hex_verdict verdict = hex_decode_u64(out, json_text(value), HEX_STRICT);
    return verdict == HEX_VALID ||
        cannot(call, spot, hex_problem(verdict, json_text(value), false), type);
}

static bool read_big(
    struct rpc_call *call, struct spot spot, const struct json *value, struct u256 *out
) {
    static const char type[] = "*hexutil.Big";
    if (json_kind(value) != JSON_STRING) return cannot(call, spot, "non-string", type);
    const enum hex_verdict verdict = hex_decode_u256(out, json_text(value), HEX_STRICT);
    return verdict == HEX_VALID ||
        cannot(call, spot, hex_problem(verdict, json_text(value), true), type);
}

/* ---- Arguments ---- */

static struct spot at_argument(size_t index) {
    return (struct spot){.index = index};
}

bool param_hash(struct rpc_call *call, size_t index, struct hash *out) {
    if (!param_present(call, index)) return param_missing(call, index);
    return read_hash(call, at_argument(index), json_at(call->params, index), out);
}

bool param_address(struct rpc_call *call, size_t index, struct address *out) {
    if (!param_present(call, index)) return param_missing(call, index);
    return read_address(call, at_argument(index), json_at(call->params, index), out);
}

bool param_bytes(struct rpc_call *call, size_t index, struct bytes *out, size_t size_max) {
    if (!param_present(call, index)) return param_missing(call, index);
    return read_bytes(call, at_argument(index), json_at(call->params, index), out, size_max);
}

bool param_quantity(struct rpc_call *call, size_t index, uint64_t *out) {
    if (!param_present(call, index)) return param_missing(call, index);
    return read_quantity(call, at_argument(index), json_at(call->params, index), out);
}

bool param_bool(struct rpc_call *call, size_t index, bool *out) {
    if (!param_present(call, index)) return param_missing(call, index);
    const struct json *value = json_at(call->params, index);
    return json_read_bool(value, out) ||
        cannot(call, at_argument(index), json_kind_text(json_kind(value)), "bool");
}

static bool refuse_number(struct rpc_call *call, size_t index, const char *wanted) {
    if (!param_present(call, index)) return param_missing(call, index);
    return rpc_fail(call, RPC_INVALID_PARAMS, "invalid argument %zu: not %s", index, wanted);
}

bool param_u64(struct rpc_call *call, size_t index, uint64_t *out) {
    return json_read_u64(json_at(call->params, index), out) ||
        refuse_number(call, index, "a number below 2^64");
}

bool param_u256(struct rpc_call *call, size_t index, struct u256 *out) {
    return json_read_u256(json_at(call->params, index), out) ||
        refuse_number(call, index, "a number below 2^256");
}

/* ---- Objects ---- */

bool param_object(
    struct rpc_call *call, size_t index, const char *type_name, struct param_object *out
) {
    if (!param_present(call, index)) return param_missing(call, index);
    *out = (struct param_object){index, json_at(call->params, index), type_name};
    const enum json_kind kind = json_kind(out->json);
    return kind == JSON_OBJECT || cannot(call, at_argument(index), json_kind_text(kind), type_name);
}

/* The member, NULL where it is absent or null. */
static const struct json *member(const struct param_object *object, const char *key, bool *has) {
    const struct json *value = json_get(object->json, key);
    *has = json_kind(value) > JSON_NULL;
    return *has ? value : NULL;
}

static struct spot at_member(const struct param_object *object, const char *key) {
    return (struct spot){object->index, object->type_name, key};
}

bool member_address(
    struct rpc_call *call,
    const struct param_object *object,
    const char *key,
    struct address *out,
    bool *has
) {
    const struct json *value = member(object, key, has);
    return !*has || read_address(call, at_member(object, key), value, out);
}

bool member_hash(
    struct rpc_call *call,
    const struct param_object *object,
    const char *key,
    struct hash *out,
    bool *has
) {
    const struct json *value = member(object, key, has);
    return !*has || read_hash(call, at_member(object, key), value, out);
}

bool member_u64(
    struct rpc_call *call,
    const struct param_object *object,
    const char *key,
    uint64_t *out,
    bool *has
) {
    const struct json *value = member(object, key, has);
    return !*has || read_quantity(call, at_member(object, key), value, out);
}

bool member_u256(
    struct rpc_call *call,
    const struct param_object *object,
    const char *key,
    struct u256 *out,
    bool *has
) {
    const struct json *value = member(object, key, has);
    return !*has || read_big(call, at_member(object, key), value, out);
}

bool member_bytes(
    struct rpc_call *call,
    const struct param_object *object,
    const char *key,
    struct bytes *out,
    bool *has
) {
    const struct json *value = member(object, key, has);
    return !*has || read_bytes(call, at_member(object, key), value, out, HEX_BYTES_MAX);
}

bool value_address(
    struct rpc_call *call,
    const struct param_object *object,
    const char *key,
    const struct json *value,
    struct address *out
) {
    return read_address(call, at_member(object, key), value, out);
}

bool value_hash(
    struct rpc_call *call,
    const struct param_object *object,
    const char *key,
    const struct json *value,
    struct hash *out
) {
    return read_hash(call, at_member(object, key), value, out);
}

/* ---- Blocks ---- */

static bool read_tag(const struct json *value, struct block_ref *out) {
    static const struct {
        const char *text;
        enum block_tag tag;
    } tags[] = {
        {"latest", BLOCK_TAG_LATEST},       {"pending", BLOCK_TAG_PENDING},
        {"earliest", BLOCK_TAG_EARLIEST},   {"safe", BLOCK_TAG_SAFE},
        {"finalized", BLOCK_TAG_FINALIZED},
    };
    for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
        if (!json_text_is(value, tags[i].text)) continue;
        *out = (struct block_ref){.tag = tags[i].tag};
        return true;
    }
    return false;
}

bool value_block_number(
    struct rpc_call *call, size_t index, const struct json *value, struct block_ref *out
) {
    const enum json_kind kind = json_kind(value);
    *out = (struct block_ref){.tag = BLOCK_TAG_LATEST};
    if (kind == JSON_ABSENT || kind == JSON_NULL || read_tag(value, out)) return true;
    if (kind != JSON_STRING && kind != JSON_NUMBER) {
        return cannot(call, at_argument(index), json_kind_text(kind), "rpc.BlockNumber");
    }
    out->tag = BLOCK_TAG_NUMBER;
    const struct bytes text = json_text(value);
    const enum hex_verdict verdict = hex_decode_u64(&out->number, text, HEX_STRICT);
    if (verdict != HEX_VALID) {
        return rpc_fail(
            call, RPC_INVALID_PARAMS, "invalid argument %zu: %s", index,
            hex_problem(verdict, text, false)
        );
    }
    if (out->number <= INT64_MAX) return true;
    return rpc_fail(
        call, RPC_INVALID_PARAMS, "invalid argument %zu: block number larger than int64", index
    );
}

bool param_block_number(struct rpc_call *call, size_t index, struct block_ref *out) {
    return value_block_number(call, index, json_at(call->params, index), out);
}

/* EIP-1898: {blockNumber} or {blockHash, requireCanonical?}. */
static bool read_block_object(
    struct rpc_call *call, size_t index, const struct json *object, struct block_ref *out
) {
    const struct json *number = json_get(object, "blockNumber");
    const struct json *hash = json_get(object, "blockHash");
    if (json_kind(number) > JSON_NULL && json_kind(hash) > JSON_NULL) {
        return rpc_fail(
            call, RPC_INVALID_PARAMS,
            "invalid argument %zu: cannot specify both BlockHash and BlockNumber, choose one or "
            "the "
            "other",
            index
        );
    }
    if (json_kind(hash) <= JSON_NULL) return value_block_number(call, index, number, out);
    const struct spot spot = {index, "erased", "blockHash"};
    *out = (struct block_ref){
        .tag = BLOCK_TAG_HASH,
        .require_canonical = json_is_true(json_get(object, "requireCanonical")),
    };
    return read_hash(call, spot, hash, &out->hash);
}

bool param_block(struct rpc_call *call, size_t index, struct block_ref *out) {
    const struct json *value = json_at(call->params, index);
    if (json_kind(value) == JSON_OBJECT) return read_block_object(call, index, value, out);
    if (json_kind(value) == JSON_STRING && json_text(value).len == 2 + HEX_DIGITS_OF_HASH) {
        *out = (struct block_ref){.tag = BLOCK_TAG_HASH};
        return read_hash(call, at_argument(index), value, &out->hash);
    }
    return value_block_number(call, index, value, out);
}
