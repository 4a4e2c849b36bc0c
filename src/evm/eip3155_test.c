#include "evm/eip3155.h"

#include "base/test.h"
#include "evm/lone_call.h"

enum { LINES_MAX = 32 };

struct lines {
    char *text[LINES_MAX];
    size_t count;
};

static void keep(void *ctx, struct bytes line) {
    struct lines *const lines = ctx;
    assert_true(lines->count < LINES_MAX);
    char *const text = calloc(1, line.len + 1);
    assert_non_null(text);
    memcpy(text, line.data, line.len);
    lines->text[lines->count++] = text;
}

static void forget(struct lines *lines) {
    for (size_t i = 0; i < lines->count; i++) {
        free(lines->text[i]);
    }
    lines->count = 0;
}

static void trace(
    struct lines *lines,
    enum evm_revision revision,
    struct bytes code,
    struct bytes input,
    const struct eip3155_shown *shown
) {
    static struct lone_call call;
    static struct eip3155 trace;
    struct evm *const evm = evm_create(&test_heap, 0);
    struct evm_tracer tracer;
    struct evm_result result;
    struct arena arena;
    struct arena own;
    arena_init(&arena, &test_heap);
    arena_init(&own, &test_heap);
    lone_call_init(&call, evm_rules_of(revision), code);
    call.input = input;
    eip3155_init(&trace, &tracer, call.rules, keep, lines);
    if (shown != NULL) eip3155_show(&trace, &own, shown);
    call.tracer = &tracer;
    lone_call_run(&call, evm, &arena, &result);
    arena_reset(&own);
    arena_reset(&arena);
    evm_destroy(evm);
}

/* PUSH1 42, PUSH1 0, MSTORE; the identity precompile gets that word's last byte; SELFDESTRUCT to 9. */
static const uint8_t program[] = {
    0x60, 0x2a, 0x60, 0, 0x52, 0x60, 0,    0x60, 0,    0x60, 1,
    0x60, 31,   0x60, 0, 0x60, 0x04, 0x5a, 0xf1, 0x60, 9,    0xff,
};

#define WORD "0x000000000000000000000000000000000000000000000000000000000000002a"

TEST(a_line_has_neither_memory_nor_calls_where_nobody_asks) {
    struct lines lines = {.count = 0};
    trace(&lines, EVM_BERLIN, BYTES_OF(program), bytes_from(NULL, 0), NULL);
    assert_int_equal(lines.count, 13);
    assert_string_equal(
        lines.text[2],
        "{\"pc\":4,\"op\":82,\"gas\":\"0x2540be3fa\",\"gasCost\":\"0x6\",\"memSize\":0,\"stack\":["
        "\"0x2a\",\"0x0\"],\"depth\":1,\"refund\":0,\"opName\":\"MSTORE\"}"
    );
    forget(&lines);
}

TEST(memory_and_return_data_are_shown_where_there_are_some) {
    struct lines lines = {.count = 0};
    const struct eip3155_shown shown = {.memory = true, .return_data = true, .no_stack = true};
    trace(&lines, EVM_BERLIN, BYTES_OF(program), bytes_from(NULL, 0), &shown);
    assert_int_equal(lines.count, 13);
    assert_null(strstr(lines.text[2], "\"memory\""));
    assert_null(strstr(lines.text[2], "\"returnData\""));
    assert_non_null(strstr(lines.text[2], "\"memSize\":0,\"stack\":null,\"depth\":1"));
    assert_non_null(
        strstr(lines.text[3], "\"gasCost\":\"0x3\",\"memory\":\"" WORD "\",\"memSize\":32,")
    );
    assert_non_null(strstr(lines.text[11], "\"stack\":null,\"returnData\":\"0x2a\",\"depth\":1"));
    forget(&lines);
}

TEST(memory_beyond_a_plain_line_is_shown_whole) {
    enum { SIZE = 1 << 20 };
    /* CALLDATACOPY of all there is, STOP. */
    static const uint8_t copy[] = {0x36, 0x60, 0, 0x60, 0, 0x37, 0x00};
    struct lines lines = {.count = 0};
    const struct eip3155_shown shown = {.memory = true};
    uint8_t *const input = calloc(1, SIZE);
    assert_non_null(input);
    input[SIZE - 1] = 0xab;
    trace(&lines, EVM_BERLIN, BYTES_OF(copy), bytes_from(input, SIZE), &shown);
    assert_int_equal(lines.count, 5);
    assert_true(strlen(lines.text[4]) > 2 * (size_t)SIZE);
    assert_non_null(strstr(lines.text[4], "00ab\",\"memSize\":1048576,"));
    forget(&lines);
    free(input);
}

TEST(calls_are_shown_as_they_begin_and_end) {
    struct lines lines = {.count = 0};
    const struct eip3155_shown shown = {.memory = true, .calls = true};
    const uint8_t input[] = {0x12, 0x34};
    trace(&lines, EVM_BERLIN, BYTES_OF(program), BYTES_OF(input), &shown);
    assert_int_equal(lines.count, 19);
    assert_non_null(
        strstr(lines.text[0], "\"input\":\"0x1234\",\"gas\":\"0x2540be400\",\"value\":\"0x0\"")
    );
    assert_non_null(strstr(
        lines.text[12],
        "\"to\":\"0x0000000000000000000000000000000000000004\","
        "\"input\":\"0x2a\",\"gas\":"
    ));
    assert_string_equal(lines.text[13], "{\"output\":\"2a\",\"gasUsed\":\"0x12\"}");
    assert_non_null(strstr(
        lines.text[16],
        "\"to\":\"0x0000000000000000000000000000000000000009\",\"gas\":"
        "\"0x0\",\"value\":\"0x0\",\"type\":\"SELFDESTRUCT\"}"
    ));
    assert_string_equal(lines.text[17], "{\"output\":\"\",\"gasUsed\":\"0x0\"}");
    assert_non_null(strstr(lines.text[18], "{\"output\":\"\",\"gasUsed\":\"0x"));
    forget(&lines);
}

/* SSTORE of 1 and then of 0 in slot 0; SELFDESTRUCT. */
TEST(the_refund_is_the_one_after_the_step) {
    static const uint8_t code[] = {0x60, 1, 0x60, 0, 0x55, 0x60, 0, 0x60, 0, 0x55, 0x60, 9, 0xff};
    struct lines lines = {.count = 0};
    trace(&lines, EVM_BERLIN, BYTES_OF(code), bytes_from(NULL, 0), NULL);
    assert_int_equal(lines.count, 8);
    assert_non_null(strstr(lines.text[4], "\"refund\":0,\"opName\":\"PUSH1\""));
    assert_non_null(strstr(lines.text[5], "\"refund\":19900,\"opName\":\"SSTORE\""));
    assert_non_null(strstr(lines.text[6], "\"refund\":19900,\"opName\":\"PUSH1\""));
    assert_non_null(strstr(lines.text[7], "\"refund\":43900,\"opName\":\"SELFDESTRUCT\""));
    forget(&lines);
}

TEST_MAIN(
    TEST_CASE(a_line_has_neither_memory_nor_calls_where_nobody_asks),
    TEST_CASE(memory_and_return_data_are_shown_where_there_are_some),
    TEST_CASE(memory_beyond_a_plain_line_is_shown_whole),
    TEST_CASE(calls_are_shown_as_they_begin_and_end),
    TEST_CASE(the_refund_is_the_one_after_the_step)
)
