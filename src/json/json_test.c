#include "json/json.h"

#include "base/test.h"

static const struct json_limits small = {.size = 4096, .depth = 4, .node_count = 32};

static enum json_verdict parse(struct arena *arena, const struct json **root, const char *text) {
    return json_parse(arena, root, bytes_from(text, strlen(text)), &small);
}

static struct bytes text_of(const char *text) {
    return bytes_from(text, strlen(text));
}

TEST(what_is_not_one_json_value_is_malformed) {
    static const char *const cases[] = {
        "",      " ",          "{",        "}",   "[1,]",      "{\"a\":}",  "{\"a\" 1}",
        "01",    "1.",         "-",        "+1",  "0x10",      "nul",       "tru e",
        "1 2",   "[1] []",     "'a'",      "\"a", "\"\\x\"",   "\"\\u12\"", "{1:2}",
        "[1 2]", "NaN",        "Infinity", ".5",  "/* c */ 1", "\"\n\"",    "\"\xff\"",
        "[1]x",  "{\"a\":1,}", "\"\xc3\"", "1e",  "--1",       "]",         "\xef\xbb\xbf[]",
    };
    struct arena arena;
    arena_init(&arena, &test_heap);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct json *root = (const struct json *)&small;
        if (parse(&arena, &root, cases[i]) != JSON_MALFORMED) fail_msg("accepted: %s", cases[i]);
        assert_null(root);
    }
    arena_reset(&arena);
}

TEST(limits_are_exact) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    const struct json *root;
    assert_int_equal(parse(&arena, &root, "[[[[]]]]"), JSON_VALID);
    assert_int_equal(parse(&arena, &root, "[[[[[]]]]]"), JSON_TOO_DEEP);
    assert_int_equal(parse(&arena, &root, "[[[{\"a\":{}}]]]"), JSON_TOO_DEEP);

    char text[8192] = "[";
    for (int i = 0; i < 31; i++) {
        (void)strcat(text, i == 0 ? "1" : ",1");
    }
    (void)strcat(text, "]");
    assert_int_equal(parse(&arena, &root, text), JSON_VALID);
    assert_int_equal(json_count(root), 31);
    (void)strcpy(text + strlen(text) - 1, ",1]");
    assert_int_equal(parse(&arena, &root, text), JSON_TOO_MANY_NODES);

    memset(text, ' ', sizeof text);
    text[0] = '1';
    assert_int_equal(json_parse(&arena, &root, bytes_from(text, 4096), &small), JSON_VALID);
    assert_int_equal(json_parse(&arena, &root, bytes_from(text, 4097), &small), JSON_TOO_LONG);
    arena_reset(&arena);
}

TEST(a_million_open_brackets_cost_nothing) {
    static char text[1 << 20];
    memset(text, '[', sizeof text);
    struct arena arena;
    arena_init(&arena, &test_heap);
    const struct json *root;
    const struct json_limits limits = {.size = sizeof text, .depth = 64, .node_count = 1000};
    assert_int_equal(
        json_parse(&arena, &root, bytes_from(text, sizeof text), &limits), JSON_TOO_DEEP
    );
    arena_reset(&arena);
}

TEST(a_tree_is_walked_by_key_and_index) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    const struct json *root;
    assert_int_equal(
        parse(&arena, &root, "{\"a\":[1,\"two\",null,true,false],\"b\":{\"c\":{}},\"\":-0.5e+10}"),
        JSON_VALID
    );
    assert_int_equal(json_kind(root), JSON_OBJECT);
    assert_int_equal(json_count(root), 3);
    const struct json *a = json_get(root, "a");
    assert_int_equal(json_count(a), 5);
    assert_bytes_equal(json_text(json_at(a, 0)), text_of("1"));
    assert_true(json_text_is(json_at(a, 1), "two"));
    assert_int_equal(json_kind(json_at(a, 2)), JSON_NULL);
    assert_true(json_is_true(json_at(a, 3)));
    assert_false(json_is_true(json_at(a, 4)));
    assert_null(json_at(a, 5));
    assert_int_equal(json_kind(json_get(json_get(root, "b"), "c")), JSON_OBJECT);
    assert_null(json_first(json_get(json_get(root, "b"), "c")));
    assert_bytes_equal(json_text(json_get(root, "")), text_of("-0.5e+10"));

    assert_int_equal(json_kind(json_get(json_get(json_get(root, "x"), "y"), "z")), JSON_ABSENT);
    assert_null(json_get(a, "a"));
    assert_null(json_at(root, 0));
    assert_int_equal(json_text(root).len, 0);
    arena_reset(&arena);
}

TEST(of_equal_keys_the_last_counts) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    const struct json *root;
    assert_int_equal(parse(&arena, &root, "{\"a\":1,\"b\":2,\"a\":3}"), JSON_VALID);
    assert_bytes_equal(json_text(json_get(root, "a")), text_of("3"));
    assert_int_equal(json_count(root), 3);
    arena_reset(&arena);
}

TEST(numbers_stay_as_they_were_written) {
    static const char *const cases[] = {
        "123456789012345678901234567890123456789012345678901234567890",
        "1e400",
        "-0",
        "0.10",
        "1E5",
    };
    struct arena arena;
    arena_init(&arena, &test_heap);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct json *root;
        assert_int_equal(parse(&arena, &root, cases[i]), JSON_VALID);
        assert_int_equal(json_kind(root), JSON_NUMBER);
        assert_bytes_equal(json_text(root), text_of(cases[i]));
    }
    arena_reset(&arena);
}

TEST(escapes_are_decoded_and_written_again) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    const struct json *root;
    const char *text = "\"q\\\" b\\\\ n\\n \\u0000 \\u00e9 \\ud83d\\ude00 \\/\"";
    assert_int_equal(parse(&arena, &root, text), JSON_VALID);
    static const char decoded[] = "q\" b\\ n\n \0 \xc3\xa9 \xf0\x9f\x98\x80 /";
    assert_bytes_equal(json_text(root), bytes_from(decoded, sizeof decoded - 1));

    struct json_writer writer;
    json_writer_init(&writer, 1000);
    json_write_value(&writer, root);
    assert_bytes_equal(
        json_writer_text(&writer),
        text_of("\"q\\\" b\\\\ n\\n \\u0000 \xc3\xa9 \xf0\x9f\x98\x80 /\"")
    );
    json_writer_free(&writer);
    arena_reset(&arena);
}

TEST(lenient_readings_take_the_notations_of_files) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    static const struct {
        const char *text;
        bool valid;
        uint64_t value;
    } cases[] = {
        {"12", true, 12},
        {"\"12\"", true, 12},
        {"\"0x0c\"", true, 12},
        {"\"0x\"", true, 0},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"-1", false, 0},
        {"1.5", false, 0},
        {"1e3", false, 0},
        {"\"\"", false, 0},
        {"\"0xg\"", false, 0},
        {"null", false, 0},
        {"[1]", false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct json *root;
        uint64_t value = 0;
        assert_int_equal(parse(&arena, &root, cases[i].text), JSON_VALID);
        assert_int_equal(json_read_u64(root, &value), cases[i].valid);
        if (cases[i].valid) assert_int_equal(value, cases[i].value);
    }
    uint64_t value;
    assert_false(json_read_u64(NULL, &value));

    const struct json *root;
    struct bytes bytes;
    assert_int_equal(parse(&arena, &root, "\"0x0102\""), JSON_VALID);
    assert_true(json_read_bytes(&arena, root, &bytes, 2));
    assert_bytes_equal(bytes, bytes_from("\1\2", 2));
    assert_false(json_read_bytes(&arena, root, &bytes, 1));
    struct address address;
    assert_false(json_read_address(root, &address));
    arena_reset(&arena);
}

TEST(commas_stand_where_they_belong) {
    struct json_writer writer;
    json_writer_init(&writer, 1000);
    json_begin_object(&writer);
    json_name(&writer, "a");
    json_begin_array(&writer);
    json_write_number(&writer, 0);
    json_write_cstring(&writer, "[");
    json_begin_object(&writer);
    json_end_object(&writer);
    json_begin_array(&writer);
    json_end_array(&writer);
    json_write_cstring(&writer, ":");
    json_write_null(&writer);
    json_end_array(&writer);
    json_name_bytes(&writer, text_of("\"b\""));
    json_write_bool(&writer, true);
    json_name(&writer, "c");
    json_write_quantity(&writer, 0);
    json_name(&writer, "d");
    json_write_hex(&writer, bytes_from("\0\xab", 2));
    json_name(&writer, "e");
    json_write_hex(&writer, bytes_from(NULL, 0));
    json_name(&writer, "f");
    json_write_format(&writer, "%d%s", 1, "\n");
    json_name(&writer, "g");
    json_write_hex_bare(&writer, bytes_from("\x0f", 1));
    json_name(&writer, "h");
    json_write_quantity_u256(&writer, &U256_MAX);
    json_end_object(&writer);
    assert_bytes_equal(
        json_writer_text(&writer),
        text_of(
            "{\"a\":[0,\"[\",{},[],\":\",null],\"\\\"b\\\"\":true,\"c\":\"0x0\",\"d\":\"0x00ab\","
            "\"e\":\"0x\",\"f\":\"1\\n\",\"g\":\"0f\",\"h\":\"0xffffffffffffffffffffffffffffffff"
            "ffffffffffffffffffffffffffffffff\"}"
        )
    );
    json_writer_free(&writer);
}

TEST(a_writer_stops_at_its_limit) {
    struct json_writer writer;
    json_writer_init(&writer, 10);
    json_begin_array(&writer);
    json_write_cstring(&writer, "123456");
    assert_false(writer.overflowed);
    assert_int_equal(writer.len, 9);
    json_write_number(&writer, 1);
    assert_true(writer.overflowed);
    json_end_array(&writer);
    json_write_hex(&writer, bytes_from("0123456789", 10));
    assert_true(writer.overflowed);
    assert_true(writer.len <= 10);

    json_writer_truncate(&writer, 1);
    json_write_number(&writer, 7);
    json_end_array(&writer);
    assert_false(writer.overflowed);
    assert_bytes_equal(json_writer_text(&writer), text_of("[7]"));
    json_writer_free(&writer);
}

TEST(a_writer_keeps_only_little_memory) {
    struct json_writer writer;
    json_writer_init(&writer, 1 << 20);
    for (int i = 0; i < 5000; i++) {
        json_write_number(&writer, 123456);
    }
    json_writer_reset(&writer, 4096);
    assert_int_equal(writer.capacity, 0);
    json_write_number(&writer, 1);
    const size_t capacity = writer.capacity;
    json_writer_reset(&writer, 4096);
    assert_int_equal(writer.capacity, capacity);
    assert_int_equal(writer.len, 0);
    json_writer_free(&writer);
}

TEST_MAIN(
    TEST_CASE(what_is_not_one_json_value_is_malformed),
    TEST_CASE(limits_are_exact),
    TEST_CASE(a_million_open_brackets_cost_nothing),
    TEST_CASE(a_tree_is_walked_by_key_and_index),
    TEST_CASE(of_equal_keys_the_last_counts),
    TEST_CASE(numbers_stay_as_they_were_written),
    TEST_CASE(escapes_are_decoded_and_written_again),
    TEST_CASE(lenient_readings_take_the_notations_of_files),
    TEST_CASE(commas_stand_where_they_belong),
    TEST_CASE(a_writer_stops_at_its_limit),
    TEST_CASE(a_writer_keeps_only_little_memory)
)
