#include "json/json.h"

#include "codec/hex.h"

#include <yajl/yajl_parse.h>

#include <stdlib.h>

enum { STACK_FIRST = 64 };

const struct json_limits json_limits_file = {
    .size = JSON_SIZE_MAX - 1,
    .depth = 512,
    .node_count = (size_t)64 << 20,
};

/* What is open while the parser runs: the container and its newest member. */
struct frame {
    struct json *container;
    struct json *last;
};

struct parse {
    struct arena *arena;
    const struct json_limits *limits;
    struct bytes text;
    struct json *root;
    struct frame *stack;
    size_t depth;
    size_t capacity;
    size_t node_count;
    struct bytes key; /* of the member that comes next */
    enum json_verdict verdict;
};

/* yajl hands out spans of the text where it can, and otherwise of a buffer that it will reuse. */
static const uint8_t *keep(struct parse *parse, const void *data, size_t len) {
    const uintptr_t at = (uintptr_t)data, start = (uintptr_t)parse->text.data;
    if (at >= start && at + len <= start + parse->text.len) return data;
    return arena_copy(parse->arena, bytes_from(data, len)).data;
}

static struct json *add(struct parse *parse, enum json_kind kind) {
    if (++parse->node_count > parse->limits->node_count) {
        parse->verdict = JSON_TOO_MANY_NODES;
        return NULL;
    }
    struct json *node = arena_alloc_raw(parse->arena, sizeof *node, _Alignof(struct json));
    *node = (struct json){.kind = (uint32_t)kind & 7};
    if (parse->depth == 0) {
        parse->root = node;
        return node;
    }
    struct frame *top = &parse->stack[parse->depth - 1];
    if (top->container->kind == JSON_OBJECT) {
        node->key = parse->key.data;
        node->key_len = (uint32_t)parse->key.len;
    }
    if (top->last == NULL) {
        top->container->at.first = node;
    } else {
        top->last->next = node;
    }
    top->last = node;
    top->container->count++;
    return node;
}

static int add_text(struct parse *parse, enum json_kind kind, const void *text, size_t len) {
    struct json *node = add(parse, kind);
    if (node == NULL) return 0;
    node->at.text = keep(parse, text, len);
    node->count = (uint32_t)len & (JSON_SIZE_MAX - 1);
    return 1;
}

static int push(struct parse *parse, enum json_kind kind) {
    if (parse->depth == parse->limits->depth) {
        parse->verdict = JSON_TOO_DEEP;
        return 0;
    }
    struct json *node = add(parse, kind);
    if (node == NULL) return 0;
    if (parse->depth == parse->capacity) {
        const size_t wider = parse->capacity == 0 ? STACK_FIRST : 2 * parse->capacity;
        struct frame *stack = ARENA_ARRAY(parse->arena, struct frame, wider);
        if (parse->depth > 0) memcpy(stack, parse->stack, parse->depth * sizeof *stack);
        parse->stack = stack;
        parse->capacity = wider;
    }
    parse->stack[parse->depth++] = (struct frame){node, NULL};
    return 1;
}

static int on_null(void *ctx) {
    return add(ctx, JSON_NULL) != NULL;
}

static int on_boolean(void *ctx, int value) {
    struct json *node = add(ctx, JSON_BOOL);
    if (node == NULL) return 0;
    node->count = value != 0;
    return 1;
}

static int on_number(void *ctx, const char *text, size_t len) {
    return add_text(ctx, JSON_NUMBER, text, len);
}

static int on_string(void *ctx, const unsigned char *text, size_t len) {
    return add_text(ctx, JSON_STRING, text, len);
}

static int on_key(void *ctx, const unsigned char *text, size_t len) {
    struct parse *parse = ctx;
    parse->key = bytes_from(keep(parse, text, len), len);
    return 1;
}

static int on_start_object(void *ctx) {
    return push(ctx, JSON_OBJECT);
}

static int on_start_array(void *ctx) {
    return push(ctx, JSON_ARRAY);
}

static int on_end(void *ctx) {
    struct parse *parse = ctx;
    parse->depth--;
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_object,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end,
};

enum json_verdict json_parse(
    struct arena *arena,
    const struct json **root,
    struct bytes text,
    const struct json_limits *limits
) {
    ASSERT(limits->size < JSON_SIZE_MAX);
    *root = NULL;
    if (text.len > limits->size) return JSON_TOO_LONG;
    if (text.len == 0) return JSON_MALFORMED;

    struct parse parse = {.arena = arena, .limits = limits, .text = text};
    yajl_handle handle = yajl_alloc(&callbacks, NULL, &parse);
    ASSERT(handle != NULL);
    yajl_status status = yajl_parse(handle, text.data, text.len);
    if (status == yajl_status_ok) status = yajl_complete_parse(handle);
    yajl_free(handle);

    if (status == yajl_status_ok) {
        ASSERT(parse.root != NULL && parse.depth == 0);
        *root = parse.root;
        return JSON_VALID;
    }
    return parse.verdict == JSON_VALID ? JSON_MALFORMED : parse.verdict;
}

const char *json_verdict_text(enum json_verdict verdict) {
    switch (verdict) {
    case JSON_VALID: return "valid JSON";
    case JSON_MALFORMED: return "malformed JSON";
    case JSON_TOO_LONG: return "JSON text too long";
    case JSON_TOO_DEEP: return "JSON nested too deeply";
    case JSON_TOO_MANY_NODES: return "too many values in JSON";
    }
    ASSERT(false);
    return NULL;
}

const char *json_kind_text(enum json_kind kind) {
    static const char *const texts[] = {
        [JSON_ABSENT] = "nothing", [JSON_NULL] = "null",     [JSON_BOOL] = "bool",
        [JSON_NUMBER] = "number",  [JSON_STRING] = "string", [JSON_ARRAY] = "array",
        [JSON_OBJECT] = "object",
    };
    ASSERT((size_t)kind < ARRAY_LEN(texts));
    return texts[kind];
}

const struct json *json_get(const struct json *object, const char *key) {
    if (json_kind(object) != JSON_OBJECT) return NULL;
    const struct bytes wanted = bytes_from(key, strlen(key));
    const struct json *found = NULL;
    for (const struct json *member = object->at.first; member != NULL; member = member->next) {
        if (bytes_equal(json_key(member), wanted)) found = member;
    }
    return found;
}

const struct json *json_at(const struct json *array, size_t index) {
    if (json_kind(array) != JSON_ARRAY || index >= array->count) return NULL;
    const struct json *element = array->at.first;
    for (size_t i = 0; i < index; i++) {
        element = element->next;
    }
    return element;
}

bool json_text_is(const struct json *value, const char *text) {
    if (json_kind(value) != JSON_STRING) return false;
    return bytes_equal(json_text(value), bytes_from(text, strlen(text)));
}

bool json_is_true(const struct json *value) {
    return json_kind(value) == JSON_BOOL && value->count == 1;
}

bool json_read_u256(const struct json *value, struct u256 *out) {
    const enum json_kind kind = json_kind(value);
    if (kind != JSON_NUMBER && kind != JSON_STRING) return false;
    const struct bytes text = json_text(value);
    if (kind == JSON_STRING && text.len >= 2 && text.data[0] == '0' && text.data[1] == 'x') {
        return hex_decode_u256(out, text, HEX_LENIENT) == HEX_VALID;
    }
    return u256_from_decimal(out, text);
}

bool json_read_u64(const struct json *value, uint64_t *out) {
    struct u256 wide;
    if (!json_read_u256(value, &wide) || !u256_fits_u64(&wide)) return false;
    *out = wide.limb[0];
    return true;
}

bool json_read_bool(const struct json *value, bool *out) {
    if (json_kind(value) != JSON_BOOL) return false;
    *out = value->count == 1;
    return true;
}

bool json_read_hash(const struct json *value, struct hash *out) {
    if (json_kind(value) != JSON_STRING) return false;
    return hex_decode_hash(out, json_text(value)) == HEX_VALID;
}

bool json_read_address(const struct json *value, struct address *out) {
    if (json_kind(value) != JSON_STRING) return false;
    return hex_decode_address(out, json_text(value)) == HEX_VALID;
}

bool json_read_bytes(
    struct arena *arena, const struct json *value, struct bytes *out, size_t size_max
) {
    if (json_kind(value) != JSON_STRING) return false;
    return hex_decode_arena(arena, out, json_text(value), size_max) == HEX_VALID;
}
