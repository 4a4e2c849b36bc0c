#include "rpc/dispatch.h"

#include "world/heap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE_SIZE = 1024 };

struct slot {
    const struct rpc_method *method;
    void *ctx;
};

struct rpc_dispatcher {
    struct rpc_dispatcher_options options;
    struct slot *slots; /* open addressing, at most half full */
    size_t mask;
    struct arena arena;
    struct arena_mark empty; /* the arena with its first chunk, which is kept between requests */
};

static const struct json_limits request_limits = {
    .size = RPC_REQUEST_SIZE_MAX,
    .depth = RPC_DEPTH_MAX,
    .node_count = RPC_NODES_MAX,
};

/* ---- Methods by name ---- */

static uint64_t name_hash(struct bytes name) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a */
    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ name.data[i]) * UINT64_C(0x100000001b3);
    }
    return hash ^ hash >> 32;
}

/* The place of name, or the empty one where it would stand. */
static struct slot *find(const struct rpc_dispatcher *dispatcher, struct bytes name) {
    for (size_t i = name_hash(name) & dispatcher->mask;; i = (i + 1) & dispatcher->mask) {
        struct slot *slot = &dispatcher->slots[i];
        if (slot->method == NULL) return slot;
        const struct bytes taken = bytes_from(slot->method->name, strlen(slot->method->name));
        if (bytes_equal(taken, name)) return slot;
    }
}

struct rpc_dispatcher *rpc_dispatcher_create(const struct rpc_dispatcher_options *options) {
    ASSERT(options->observer == NULL || options->now_us != NULL);
    struct rpc_dispatcher *dispatcher = calloc(1, sizeof *dispatcher);
    ASSERT(dispatcher != NULL);
    dispatcher->options = *options;

    size_t method_count = 0;
    for (size_t i = 0; i < options->table_count; i++) {
        method_count += options->tables[i].method_count;
    }
    size_t capacity = 16;
    while (capacity < 2 * method_count) {
        capacity *= 2;
    }
    dispatcher->mask = capacity - 1;
    dispatcher->slots = calloc(capacity, sizeof *dispatcher->slots);
    ASSERT(dispatcher->slots != NULL);
    for (size_t i = 0; i < options->table_count; i++) {
        const struct rpc_table *table = &options->tables[i];
        for (size_t j = 0; j < table->method_count; j++) {
            const struct rpc_method *method = &table->methods[j];
            struct slot *slot = find(dispatcher, bytes_from(method->name, strlen(method->name)));
            ASSERT(slot->method == NULL);
            *slot = (struct slot){method, table->ctx};
        }
    }
    arena_init(&dispatcher->arena, &heap_source);
    (void)arena_alloc(&dispatcher->arena, 1, 1);
    dispatcher->empty = arena_mark(&dispatcher->arena);
    return dispatcher;
}

void rpc_dispatcher_destroy(struct rpc_dispatcher *dispatcher) {
    if (dispatcher == NULL) return;
    arena_reset(&dispatcher->arena);
    free(dispatcher->slots);
    free(dispatcher);
}

static int compare_names(const void *left, const void *right) {
    const struct bytes *a = left, *b = right;
    const int order = memcmp(a->data, b->data, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

size_t rpc_namespaces(
    const struct rpc_dispatcher *dispatcher, struct bytes *namespaces, size_t max
) {
    size_t count = 0;
    for (size_t i = 0; i <= dispatcher->mask; i++) {
        if (dispatcher->slots[i].method == NULL) continue;
        const char *name = dispatcher->slots[i].method->name;
        const struct bytes space = bytes_from(name, strcspn(name, "_"));
        bool known = false;
        for (size_t j = 0; j < count && !known; j++) {
            known = bytes_equal(namespaces[j], space);
        }
        if (!known && count < max) namespaces[count++] = space;
    }
    qsort(namespaces, count, sizeof *namespaces, compare_names);
    return count;
}

/* ---- Errors ---- */

static const char *format_message(struct arena *arena, const char *format, va_list arguments) {
    char *message = arena_alloc_raw(arena, MESSAGE_SIZE, 1);
    const int len = vsnprintf(message, MESSAGE_SIZE, format, arguments);
    ASSERT(len >= 0);
    return message;
}

bool rpc_fail(struct rpc_call *call, int code, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *message = format_message(call->arena, format, arguments);
    va_end(arguments);
    call->error = (struct rpc_error){.code = code, .message = message};
    return false;
}

bool rpc_fail_status(struct rpc_call *call, struct status status) {
    return rpc_fail(call, RPC_INTERNAL, "%s failed", status.context);
}

bool rpc_fail_data(struct rpc_call *call, int code, struct bytes data, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const char *message = format_message(call->arena, format, arguments);
    va_end(arguments);
    call->error = (struct rpc_error){
        .code = code,
        .message = message,
        .has_data = true,
        .data = data,
    };
    return false;
}

static void write_code(struct json_writer *writer, int code) {
    char text[16];
    const int len = snprintf(text, sizeof text, "%d", code);
    ASSERT(len > 0);
    json_write_raw(writer, bytes_from(text, (size_t)len));
}

static void begin_answer(struct json_writer *response, const struct json *id) {
    json_begin_object(response);
    json_name(response, "jsonrpc");
    json_write_cstring(response, "2.0");
    json_name(response, "id");
    json_write_value(response, id);
}

static void write_failure(
    struct json_writer *response, const struct json *id, const struct rpc_error *error
) {
    begin_answer(response, id);
    json_name(response, "error");
    json_begin_object(response);
    json_name(response, "code");
    write_code(response, error->code);
    json_name(response, "message");
    json_write_cstring(response, error->message);
    if (error->has_data) {
        json_name(response, "data");
        json_write_hex(response, error->data);
    }
    json_end_object(response);
    json_end_object(response);
}

void rpc_write_error(struct json_writer *response, int code, const char *message) {
    write_failure(response, NULL, &(struct rpc_error){.code = code, .message = message});
}

/* ---- Calls ---- */

/* What is read of a message. id is NULL where it has none that can be answered to. */
struct message {
    const struct json *id;
    bool is_notification;
    struct bytes method;
    const struct json *params;
};

/* geth's rule: a call has the version, a method and an id that is no object or array; without an id
 * it is a notification; everything else is invalid. */
static bool read_message(struct message *message, const struct json *json) {
    *message = (struct message){0};
    if (json_kind(json) != JSON_OBJECT) return false;
    const struct json *id = json_get(json, "id");
    const enum json_kind id_kind = json_kind(id);
    if (id_kind != JSON_OBJECT && id_kind != JSON_ARRAY) message->id = id;
    message->method = json_text(json_get(json, "method"));
    message->params = json_get(json, "params");
    message->is_notification = id == NULL;
    if (json_kind(json_get(json, "method")) != JSON_STRING || message->method.len == 0) {
        return false;
    }
    return json_text_is(json_get(json, "jsonrpc"), "2.0") &&
        (message->is_notification || message->id != NULL);
}

/* The start of name that fits a message, not cut inside a character. */
static struct bytes clip(struct bytes name) {
    size_t len = name.len < RPC_METHOD_NAME_MAX ? name.len : RPC_METHOD_NAME_MAX;
    while (len > 0 && len < name.len && (name.data[len] & 0xc0) == 0x80) {
        len--;
    }
    return bytes_from(name.data, len);
}

static bool check_params(struct rpc_call *call, const struct rpc_method *method) {
    switch (json_kind(call->params)) {
    case JSON_ARRAY: break;
    case JSON_NULL: call->params = NULL; return true;
    case JSON_ABSENT: return true;
    default: return rpc_fail(call, RPC_INVALID_PARAMS, "non-array args");
    }
    if (json_count(call->params) <= method->params_max) return true;
    return rpc_fail(
        call, RPC_INVALID_PARAMS, "too many arguments, want at most %zu", method->params_max
    );
}

static bool run(struct rpc_dispatcher *dispatcher, struct rpc_call *call, struct bytes name) {
    const struct slot *slot = find(dispatcher, name);
    if (slot->method == NULL) {
        const struct bytes shown = clip(name);
        return rpc_fail(
            call, RPC_METHOD_NOT_FOUND, "the method %.*s does not exist/is not available",
            (int)shown.len, (const char *)shown.data
        );
    }
    call->ctx = slot->ctx;
    return check_params(call, slot->method) && slot->method->handler(call);
}

static void observe(
    const struct rpc_dispatcher *dispatcher,
    const struct message *message,
    int code,
    uint64_t start_us,
    size_t response_size
) {
    if (dispatcher->options.observer == NULL) return;
    const struct rpc_record record = {
        .method = clip(message->method),
        .known = find(dispatcher, message->method)->method != NULL,
        .code = code,
        .time_us = dispatcher->options.now_us(dispatcher->options.observer_ctx) - start_us,
        .response_size = response_size,
    };
    dispatcher->options.observer(dispatcher->options.observer_ctx, &record);
}

/* Answers one message behind what response holds already; nothing is added for a notification. */
static void answer(
    struct rpc_dispatcher *dispatcher,
    struct json_writer *response,
    const struct json *json,
    struct rpc_session *session
) {
    struct message message;
    const size_t start = response->len;
    const uint64_t start_us = dispatcher->options.observer == NULL
        ? 0
        : dispatcher->options.now_us(dispatcher->options.observer_ctx);
    struct rpc_error error = {.code = RPC_INVALID_REQUEST, .message = "invalid request"};
    if (!read_message(&message, json)) {
        write_failure(response, message.id, &error);
        return;
    }

    const struct arena_mark mark = arena_mark(&dispatcher->arena);
    struct rpc_call call = {
        .arena = &dispatcher->arena,
        .params = message.params,
        .result = response,
        .session = session,
    };
    const size_t limit = response->limit;
    begin_answer(response, message.id);
    json_name(response, "result");
    response->limit = RPC_RESPONSE_SIZE_MAX > response->len ? RPC_RESPONSE_SIZE_MAX : response->len;
    const size_t before = response->len;
    bool good = run(dispatcher, &call, message.method);
    if (response->overflowed || (good && response->len == before)) {
        const bool too_large = response->overflowed;
        good = rpc_fail(
            &call, too_large ? RPC_RESPONSE_TOO_LARGE : RPC_INTERNAL,
            too_large ? "response too large" : "method handler crashed"
        );
    }
    response->limit = limit;
    if (good) {
        json_end_object(response);
    } else {
        json_writer_truncate(response, start);
        write_failure(response, message.id, &call.error);
    }
    observe(dispatcher, &message, good ? 0 : call.error.code, start_us, response->len - start);
    if (message.is_notification) json_writer_truncate(response, start);
    arena_rewind(&dispatcher->arena, mark);
}

static const struct json *first_id(const struct json *batch) {
    for (const struct json *item = json_first(batch); item != NULL; item = item->next) {
        struct message message;
        if (read_message(&message, item) && message.id != NULL) return message.id;
    }
    return NULL;
}

static bool answer_batch(
    struct rpc_dispatcher *dispatcher,
    struct json_writer *response,
    const struct json *batch,
    struct rpc_session *session
) {
    if (json_count(batch) == 0) {
        rpc_write_error(response, RPC_INVALID_REQUEST, "empty batch");
        return true;
    }
    json_begin_array(response);
    const size_t empty = response->len;
    if (json_count(batch) > RPC_BATCH_MAX) {
        const struct rpc_error error = {.code = RPC_INVALID_REQUEST, .message = "batch too large"};
        write_failure(response, first_id(batch), &error);
    } else {
        for (const struct json *item = json_first(batch); item != NULL; item = item->next) {
            answer(dispatcher, response, item, session);
        }
    }
    if (response->len == empty) {
        json_writer_truncate(response, 0);
        return false;
    }
    json_end_array(response);
    return true;
}

bool rpc_dispatch(
    struct rpc_dispatcher *dispatcher,
    struct json_writer *response,
    struct bytes request,
    struct rpc_session *session
) {
    ASSERT(response->limit >= RPC_ANSWER_SIZE_MAX && response->len == 0);
    const struct json *root;
    const enum json_verdict verdict =
        json_parse(&dispatcher->arena, &root, request, &request_limits);
    bool has_answer = true;
    switch (verdict) {
    case JSON_VALID:
        if (json_kind(root) == JSON_ARRAY) {
            has_answer = answer_batch(dispatcher, response, root, session);
        } else {
            answer(dispatcher, response, root, session);
            has_answer = response->len > 0;
        }
        break;
    case JSON_MALFORMED: rpc_write_error(response, RPC_PARSE_ERROR, "parse error"); break;
    case JSON_TOO_LONG:
    case JSON_TOO_DEEP:
    case JSON_TOO_MANY_NODES:
        rpc_write_error(response, RPC_INVALID_REQUEST, json_verdict_text(verdict));
        break;
    }
    ASSERT(!response->overflowed);
    arena_rewind(&dispatcher->arena, dispatcher->empty);
    return has_answer;
}
