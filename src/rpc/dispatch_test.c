#include "rpc/dispatch.h"

#include "base/test.h"

static int ctx_value = 7;

static bool echo(struct rpc_call *call) {
    json_write_value(call->result, json_at(call->params, 0));
    return true;
}

static bool refuse(struct rpc_call *call) {
    json_begin_array(call->result); /* what was written before an error is dropped */
    json_write_cstring(call->result, "half");
    return rpc_fail(call, RPC_SERVER_ERROR, "no: %d", *(int *)call->ctx);
}

static bool revert(struct rpc_call *call) {
    return rpc_fail_data(
        call, RPC_EXECUTION_REVERTED, bytes_from("\x08\xc3", 2), "execution reverted"
    );
}

static bool huge(struct rpc_call *call) {
    json_begin_array(call->result);
    for (int i = 0; i < 3000000 && !call->result->overflowed; i++) {
        json_write_cstring(call->result, "0123456789");
    }
    json_end_array(call->result);
    return true;
}

static bool silent(struct rpc_call *call) {
    (void)call;
    return true;
}

static bool hungry(struct rpc_call *call) {
    (void)arena_alloc_raw(call->arena, 1 << 20, 1);
    json_write_null(call->result);
    return true;
}

static const struct rpc_method methods[] = {
    {"t_echo", echo, 1}, {"t_refuse", refuse, 0}, {"t_revert", revert, 0},
    {"t_huge", huge, 0}, {"t_silent", silent, 0}, {"u_hungry", hungry, 0},
};
static const struct rpc_table table = {methods, ARRAY_LEN(methods), &ctx_value};

static struct json_writer writer;

static const char *answer(struct rpc_dispatcher *dispatcher, struct bytes request) {
    static char text[1 << 16];
    json_writer_reset(&writer, 1 << 20);
    if (!rpc_dispatch(dispatcher, &writer, request, NULL)) {
        assert_int_equal(writer.len, 0);
        return "";
    }
    const size_t len = writer.len < sizeof text - 1 ? writer.len : sizeof text - 1;
    memcpy(text, writer.data, len);
    text[len] = '\0';
    return text;
}

static struct rpc_dispatcher *make(void) {
    json_writer_init(&writer, RPC_ANSWER_SIZE_MAX);
    return rpc_dispatcher_create(&(struct rpc_dispatcher_options
    ){.tables = &table, .table_count = 1});
}

static void unmake(struct rpc_dispatcher *dispatcher) {
    rpc_dispatcher_destroy(dispatcher);
    json_writer_free(&writer);
}

#define ERROR(id, code, message)                                                                   \
    "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"error\":{\"code\":" code ",\"message\":\"" message "\"}" \
    "}"
#define RESULT(id, result) "{\"jsonrpc\":\"2.0\",\"id\":" id ",\"result\":" result "}"

TEST(each_malformed_message_has_geths_answer) {
    static const struct {
        const char *request;
        const char *answer;
    } cases[] = {
        {"", ERROR("null", "-32700", "parse error")},
        {"{", ERROR("null", "-32700", "parse error")},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"t_echo\",\"params\":[1],\"id\":1",
         ERROR("null", "-32700", "parse error")},
        {"not json", ERROR("null", "-32700", "parse error")},
        {"null", ERROR("null", "-32600", "invalid request")},
        {"1", ERROR("null", "-32600", "invalid request")},
        {"\"x\"", ERROR("null", "-32600", "invalid request")},
        {"true", ERROR("null", "-32600", "invalid request")},
        {"{}", ERROR("null", "-32600", "invalid request")},
        {"[]", ERROR("null", "-32600", "empty batch")},
        {"[1,null]",
         "[" ERROR("null", "-32600", "invalid request") "," ERROR(
             "null", "-32600", "invalid request"
         ) "]"},
        {"{\"id\":1,\"method\":\"t_echo\"}", ERROR("1", "-32600", "invalid request")},
        {"{\"jsonrpc\":\"1.0\",\"id\":\"a\",\"method\":\"t_echo\"}",
         ERROR("\"a\"", "-32600", "invalid request")},
        {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"t_echo\"}",
         ERROR("null", "-32600", "invalid request")},
        {"{\"jsonrpc\":\"2.0\",\"id\":[1],\"method\":\"t_echo\"}",
         ERROR("null", "-32600", "invalid request")},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}", ERROR("1", "-32600", "invalid request")},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}", ERROR("1", "-32600", "invalid request")},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t_none\"}",
         ERROR("1", "-32601", "the method t_none does not exist/is not available")},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t_echo\",\"params\":{\"a\":1}}",
         ERROR("1", "-32602", "non-array args")},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t_echo\",\"params\":5}",
         ERROR("1", "-32602", "non-array args")},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t_echo\",\"params\":[1,2]}",
         ERROR("1", "-32602", "too many arguments, want at most 1")},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t_silent\"}",
         ERROR("1", "-32603", "method handler crashed")},
    };
    struct rpc_dispatcher *dispatcher = make();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct bytes request = bytes_from(cases[i].request, strlen(cases[i].request));
        assert_string_equal(answer(dispatcher, request), cases[i].answer);
    }
    unmake(dispatcher);
}

TEST(calls_are_answered_with_their_id_as_it_was_written) {
    static const struct {
        const char *request;
        const char *answer;
    } cases[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t_echo\",\"params\":[[1,{\"a\":null}]]}",
         RESULT("1", "[1,{\"a\":null}]")},
        {"{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"t_echo\",\"params\":[1]}",
         RESULT("null", "1")},
        {"{\"jsonrpc\":\"2.0\",\"id\":\"x\\\"y\",\"method\":\"t_echo\",\"params\":[1]}",
         RESULT("\"x\\\"y\"", "1")},
        {"{\"jsonrpc\":\"2.0\",\"id\":123456789012345678901234567890.50e3,\"method\":\"t_echo\"}",
         RESULT("123456789012345678901234567890.50e3", "null")},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t_echo\",\"params\":null}",
         RESULT("1", "null")},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t_refuse\"}", ERROR("1", "-32000", "no: 7")},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t_revert\"}",
         "{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":3,\"message\":\"execution "
         "reverted\",\"data\":\"0x08c3\"}}"},
        {"{\"jsonrpc\":\"2.0\",\"method\":\"t_echo\",\"params\":[1]}", ""},
        {"[{\"jsonrpc\":\"2.0\",\"method\":\"t_echo\",\"params\":[1]}]", ""},
        {"[{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"t_refuse\"},{\"jsonrpc\":\"2.0\",\"method\":"
         "\"t_echo\"},"
         "5,{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t_echo\",\"params\":[\"b\"]}]",
         "[" ERROR("2", "-32000", "no: 7") "," ERROR(
             "null", "-32600", "invalid request"
         ) "," RESULT("1", "\"b\"") "]"},
    };
    struct rpc_dispatcher *dispatcher = make();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct bytes request = bytes_from(cases[i].request, strlen(cases[i].request));
        assert_string_equal(answer(dispatcher, request), cases[i].answer);
    }
    unmake(dispatcher);
}

/* count calls of method in one array. */
static struct bytes batch(struct json_writer *out, const char *method, int count) {
    json_writer_init(out, RPC_REQUEST_SIZE_MAX);
    json_begin_array(out);
    for (int i = 0; i < count; i++) {
        json_begin_object(out);
        json_name(out, "jsonrpc");
        json_write_cstring(out, "2.0");
        json_name(out, "id");
        json_write_number(out, (uint64_t)i + 5);
        json_name(out, "method");
        json_write_cstring(out, method);
        json_end_object(out);
    }
    json_end_array(out);
    return json_writer_text(out);
}

TEST(batches_have_a_limit) {
    struct rpc_dispatcher *dispatcher = make();
    struct json_writer request;
    const char *text = answer(dispatcher, batch(&request, "t_refuse", RPC_BATCH_MAX + 1));
    assert_string_equal(text, "[" ERROR("5", "-32600", "batch too large") "]");
    json_writer_free(&request);

    text = answer(dispatcher, batch(&request, "u_hungry", RPC_BATCH_MAX));
    assert_non_null(strstr(text, RESULT("1004", "null") "]"));
    json_writer_free(&request);
    unmake(dispatcher);
}

TEST(an_answer_that_is_too_large_becomes_an_error) {
    struct rpc_dispatcher *dispatcher = make();
    struct json_writer request;
    const char *text = answer(dispatcher, batch(&request, "t_huge", 3));
    assert_string_equal(
        text,
        "[" ERROR("5", "-32003", "response too large") "," ERROR(
            "6", "-32003", "response too large"
        ) "," ERROR("7", "-32003", "response too large") "]"
    );
    json_writer_free(&request);
    unmake(dispatcher);
}

TEST(a_request_beyond_a_limit_is_refused_cheaply) {
    struct rpc_dispatcher *dispatcher = make();
    static char text[RPC_REQUEST_SIZE_MAX + 1];
    memset(text, '[', sizeof text);
    assert_string_equal(
        answer(dispatcher, bytes_from(text, RPC_REQUEST_SIZE_MAX)),
        ERROR("null", "-32600", "JSON nested too deeply")
    );
    assert_string_equal(
        answer(dispatcher, bytes_from(text, sizeof text)),
        ERROR("null", "-32600", "JSON text too long")
    );
    for (size_t i = 1; i + 1 < sizeof text; i += 2) {
        memcpy(text + i, "1,", 2);
    }
    assert_string_equal(
        answer(dispatcher, bytes_from(text, RPC_REQUEST_SIZE_MAX)),
        ERROR("null", "-32600", "too many values in JSON")
    );
    unmake(dispatcher);
}

struct seen {
    int count;
    struct rpc_record last;
    char method[128];
};

static uint64_t tick(void *ctx) {
    (void)ctx;
    static uint64_t now;
    return now += 3;
}

static void observe(void *ctx, const struct rpc_record *record) {
    struct seen *seen = ctx;
    seen->count++;
    seen->last = *record;
    memcpy(seen->method, record->method.data, record->method.len);
    seen->method[record->method.len] = '\0';
}

TEST(the_observer_sees_each_call_once) {
    struct seen seen = {0};
    struct rpc_dispatcher *dispatcher = rpc_dispatcher_create(&(struct rpc_dispatcher_options){
        .tables = &table,
        .table_count = 1,
        .now_us = tick,
        .observer = observe,
        .observer_ctx = &seen,
    });
    json_writer_init(&writer, RPC_ANSWER_SIZE_MAX);
    static const char request[] = "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"t_echo\"},"
                                  "{\"jsonrpc\":\"2.0\",\"method\":\"t_refuse\"},7]";
    (void)answer(dispatcher, BYTES_LITERAL(request));
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.method, "t_refuse");
    assert_int_equal(seen.last.code, -32000);
    assert_true(seen.last.known);
    assert_int_equal(seen.last.time_us, 3);

    /* A name is shown in part, whole characters of it. */
    static const char unknown[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
                                  "\"x23456789012345678901234567890123456789012345678"
                                  "9012345678901\xf0\x9f\x98\x80\"}";
    (void)answer(dispatcher, BYTES_LITERAL(unknown));
    assert_false(seen.last.known);
    assert_int_equal(strlen(seen.method), 61);
    unmake(dispatcher);
}

TEST(namespaces_are_listed) {
    struct rpc_dispatcher *dispatcher = make();
    struct bytes names[4];
    assert_int_equal(rpc_namespaces(dispatcher, names, ARRAY_LEN(names)), 2);
    assert_bytes_equal(names[0], BYTES_LITERAL("t"));
    assert_bytes_equal(names[1], BYTES_LITERAL("u"));
    unmake(dispatcher);
}

TEST_MAIN(
    TEST_CASE(each_malformed_message_has_geths_answer),
    TEST_CASE(calls_are_answered_with_their_id_as_it_was_written),
    TEST_CASE(batches_have_a_limit),
    TEST_CASE(an_answer_that_is_too_large_becomes_an_error),
    TEST_CASE(a_request_beyond_a_limit_is_refused_cheaply),
    TEST_CASE(the_observer_sees_each_call_once),
    TEST_CASE(namespaces_are_listed)
)
