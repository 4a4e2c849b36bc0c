#include "codec/abi.h"

#include "base/test.h"

/* f(uint256, uint32[], bytes10, bytes) of the specification's example. */
static struct bytes write_example(struct arena *arena) {
    struct abi_writer writer = abi_writer_in(arena, 0);
    struct abi_tuple tuple = abi_begin(&writer, 4);
    abi_put_u64(&writer, &tuple, 0x123);
    struct abi_tuple array = abi_begin_array(&writer, &tuple, 2, 1);
    abi_put_u64(&writer, &array, 0x456);
    abi_put_u64(&writer, &array, 0x789);
    abi_end(&writer, &array);
    abi_put_fixed(&writer, &tuple, BYTES_LITERAL("1234567890"));
    abi_put_bytes(&writer, &tuple, BYTES_LITERAL("Hello, world!"));
    abi_end(&writer, &tuple);
    return abi_written(&writer);
}

static enum abi_verdict read_example(struct bytes data, enum abi_rules rules) {
    struct abi_reader reader = abi_read(data, rules);
    struct u256 number;
    abi_read_u256(&reader, &number);
    size_t count;
    const struct abi_scope array = abi_enter_array(&reader, &count, 1);
    uint32_t items[2] = {0, 0};
    if (count > ARRAY_LEN(items)) abi_fail(&reader, ABI_OUT_OF_RANGE);
    for (size_t i = 0; i < count && i < ARRAY_LEN(items); i++) {
        abi_read_u32(&reader, &items[i]);
    }
    abi_leave(&reader, array);
    uint8_t fixed[10];
    abi_read_fixed(&reader, fixed, sizeof fixed);
    struct bytes text;
    abi_read_bytes(&reader, &text);
    const enum abi_verdict verdict = abi_finish(&reader);
    if (verdict == ABI_VALID && rules == ABI_CANONICAL) {
        assert_int_equal(number.limb[0], 0x123);
        assert_int_equal(items[0], 0x456);
        assert_int_equal(items[1], 0x789);
        assert_memory_equal(fixed, "1234567890", 10);
        assert_bytes_equal(text, BYTES_LITERAL("Hello, world!"));
    }
    return verdict;
}

/* Sets the last byte of a word of a copy of data. */
static struct bytes with_word(struct arena *arena, struct bytes data, size_t word, uint8_t value) {
    uint8_t *copy = arena_alloc(arena, data.len, 1);
    memcpy(copy, data.data, data.len);
    copy[word * 32 + 31] = value;
    return bytes_from(copy, data.len);
}

TEST(the_example_of_the_specification_goes_both_ways) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    const struct bytes data = write_example(&arena);
    assert_int_equal(data.len, 9 * 32);
    assert_int_equal(data.data[63], 0x80);
    assert_int_equal(data.data[127], 0xe0);
    assert_int_equal(read_example(data, ABI_CANONICAL), ABI_VALID);
    assert_int_equal(read_example(data, ABI_SOLIDITY), ABI_VALID);
    arena_reset(&arena);
}

TEST(what_is_not_canonical_has_its_verdict) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    const struct bytes data = write_example(&arena);
    const struct {
        size_t word;
        uint8_t value;
        enum abi_verdict canonical, solidity;
    } cases[] = {
        {1, 0xa0, ABI_TRUNCATED, ABI_TRUNCATED}, /* the array at its own first item */
        {1, 0x40, ABI_TRUNCATED, ABI_TRUNCATED}, /* the array in the head */
        {2, 0x01, ABI_BAD_PADDING, ABI_BAD_PADDING},
        {3, 0xc0, ABI_NOT_CANONICAL, ABI_TRUNCATED},
        {3, 0x80, ABI_NOT_CANONICAL, ABI_VALID}, /* the bytes overlap the array */
        {3, 0xff, ABI_NOT_CANONICAL, ABI_TRUNCATED},
        {4, 0x01, ABI_NOT_CANONICAL, ABI_VALID}, /* an array of one item: a gap behind it */
        {4, 0x03, ABI_OUT_OF_RANGE, ABI_OUT_OF_RANGE},
        {4, 0x05, ABI_TRUNCATED, ABI_TRUNCATED},
        {7, 0x21, ABI_TRUNCATED, ABI_TRUNCATED},
        {8, 0x01, ABI_BAD_PADDING, ABI_VALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct bytes bad = with_word(&arena, data, cases[i].word, cases[i].value);
        assert_int_equal(read_example(bad, ABI_CANONICAL), cases[i].canonical);
        assert_int_equal(read_example(bad, ABI_SOLIDITY), cases[i].solidity);
        assert_int_not_equal(abi_verdict_text(cases[i].canonical)[0], 0);
    }
    for (size_t len = 0; len < data.len; len++) {
        assert_int_equal(read_example(bytes_slice(data, 0, len), ABI_CANONICAL), ABI_TRUNCATED);
    }

    uint8_t longer[10 * 32] = {0};
    memcpy(longer, data.data, data.len);
    assert_int_equal(read_example(BYTES_OF(longer), ABI_CANONICAL), ABI_TRAILING);
    assert_int_equal(read_example(BYTES_OF(longer), ABI_SOLIDITY), ABI_VALID);
    arena_reset(&arena);
}

TEST(values_are_checked_against_their_types) {
    uint8_t words[4][32];
    memset(words, 0, sizeof words);
    words[0][31 - 8] = 1;  /* 2^64 */
    words[1][31 - 4] = 1;  /* 2^32 */
    words[2][31 - 1] = 1;  /* 256 */
    words[3][31 - 20] = 1; /* 2^160 */
    uint64_t wide;
    uint32_t middle;
    uint8_t narrow;
    bool boolean;
    struct address address;

    struct abi_reader reader = abi_read(BYTES_OF(words[0]), ABI_SOLIDITY);
    abi_read_u64(&reader, &wide);
    assert_int_equal(abi_finish(&reader), ABI_OUT_OF_RANGE);
    reader = abi_read(BYTES_OF(words[1]), ABI_SOLIDITY);
    abi_read_u64(&reader, &wide);
    assert_int_equal(abi_finish(&reader), ABI_VALID);
    reader = abi_read(BYTES_OF(words[1]), ABI_SOLIDITY);
    abi_read_u32(&reader, &middle);
    assert_int_equal(abi_finish(&reader), ABI_OUT_OF_RANGE);
    reader = abi_read(BYTES_OF(words[2]), ABI_SOLIDITY);
    abi_read_u8(&reader, &narrow);
    assert_int_equal(abi_finish(&reader), ABI_OUT_OF_RANGE);
    reader = abi_read(BYTES_OF(words[3]), ABI_SOLIDITY);
    abi_read_address(&reader, &address);
    assert_int_equal(abi_finish(&reader), ABI_OUT_OF_RANGE);
    words[2][30] = 0;
    for (uint8_t value = 0; value <= 2; value++) {
        words[2][31] = value;
        reader = abi_read(BYTES_OF(words[2]), ABI_SOLIDITY);
        abi_read_bool(&reader, &boolean);
        assert_int_equal(abi_finish(&reader), value <= 1 ? ABI_VALID : ABI_OUT_OF_RANGE);
        assert_int_equal(boolean, value == 1);
    }
}

/* A struct as Solidity encodes it alone: a tuple of one dynamic tuple, with an array of bytes. */
TEST(dynamic_values_nest) {
    static const char *const texts[] = {"", "one", "a text of more than thirty-two bytes"};
    struct arena arena;
    arena_init(&arena, &test_heap);
    static const uint8_t selector[4] = {1, 2, 3, 4};
    struct abi_writer writer = abi_writer_in(&arena, 10);
    abi_write_selector(&writer, selector);
    struct abi_tuple arguments = abi_begin(&writer, 1);
    struct abi_tuple inner = abi_begin_tuple(&writer, &arguments, 3);
    abi_put_bool(&writer, &inner, true);
    struct abi_tuple array = abi_begin_array(&writer, &inner, ARRAY_LEN(texts), 1);
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        abi_put_bytes(&writer, &array, bytes_from(texts[i], strlen(texts[i])));
    }
    abi_end(&writer, &array);
    struct address address;
    memset(&address, 0xaa, sizeof address);
    abi_put_address(&writer, &inner, &address);
    abi_end(&writer, &inner);
    abi_end(&writer, &arguments);

    const struct bytes data = abi_written(&writer);
    assert_memory_equal(data.data, selector, 4);
    struct abi_reader reader = abi_read(bytes_slice(data, 4, data.len - 4), ABI_CANONICAL);
    const struct abi_scope tuple = abi_enter_tuple(&reader);
    bool boolean;
    abi_read_bool(&reader, &boolean);
    size_t count;
    const struct abi_scope list = abi_enter_array(&reader, &count, 1);
    assert_int_equal(count, ARRAY_LEN(texts));
    for (size_t i = 0; i < count; i++) {
        struct bytes text;
        abi_read_bytes(&reader, &text);
        assert_bytes_equal(text, bytes_from(texts[i], strlen(texts[i])));
    }
    abi_leave(&reader, list);
    struct address back;
    abi_read_address(&reader, &back);
    abi_leave(&reader, tuple);
    assert_int_equal(abi_finish(&reader), ABI_VALID);
    assert_true(boolean);
    assert_true(address_equal(&back, &address));
    arena_reset(&arena);
}

TEST(a_count_is_bounded_by_the_data) {
    uint8_t words[4][32];
    memset(words, 0, sizeof words);
    words[0][31] = 0x20;
    for (unsigned count = 0; count < 4; count++) {
        words[1][31] = (uint8_t)count;
        for (size_t item_words = 1; item_words <= 2; item_words++) {
            struct abi_reader reader = abi_read(BYTES_OF(words), ABI_SOLIDITY);
            size_t seen;
            const struct abi_scope array = abi_enter_array(&reader, &seen, item_words);
            struct u256 item;
            for (size_t i = 0; i < seen * item_words; i++) {
                abi_read_u256(&reader, &item);
            }
            abi_leave(&reader, array);
            const bool fits = count * item_words <= 2;
            assert_int_equal(reader.verdict, fits ? ABI_VALID : ABI_TRUNCATED);
            assert_int_equal(seen, fits ? count : 0);
        }
    }
    memset(words[1], 0xff, 32);
    struct abi_reader reader = abi_read(BYTES_OF(words), ABI_SOLIDITY);
    size_t seen;
    const struct abi_scope array = abi_enter_array(&reader, &seen, 1);
    abi_leave(&reader, array);
    assert_int_equal(abi_finish(&reader), ABI_TRUNCATED);
}

TEST(revert_data_is_told_apart) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    struct abi_revert revert = abi_read_revert((struct bytes){NULL, 0});
    assert_int_equal(revert.kind, ABI_REVERT_EMPTY);

    struct abi_writer writer = abi_writer_in(&arena, 200);
    abi_write_selector(&writer, (const uint8_t[]){0x08, 0xc3, 0x79, 0xa0});
    struct abi_tuple tuple = abi_begin(&writer, 1);
    abi_put_bytes(&writer, &tuple, BYTES_LITERAL("nope"));
    const struct bytes error = abi_written(&writer);
    revert = abi_read_revert(error);
    assert_int_equal(revert.kind, ABI_REVERT_ERROR);
    assert_bytes_equal(revert.reason, BYTES_LITERAL("nope"));
    for (size_t len = 1; len < 4 + 64 + 4; len++) {
        assert_int_equal(abi_read_revert(bytes_slice(error, 0, len)).kind, ABI_REVERT_CUSTOM);
    }

    writer = abi_writer_in(&arena, 200);
    abi_write_selector(&writer, (const uint8_t[]){0x4e, 0x48, 0x7b, 0x71});
    tuple = abi_begin(&writer, 1);
    abi_put_u64(&writer, &tuple, 0x11);
    revert = abi_read_revert(abi_written(&writer));
    assert_int_equal(revert.kind, ABI_REVERT_PANIC);
    assert_int_equal(revert.panic_code.limb[0], 0x11);
    assert_string_equal(abi_panic_text(&revert.panic_code), "arithmetic underflow or overflow");
    assert_string_equal(abi_panic_text(&U256_MAX), "unknown panic code");
    assert_int_equal(abi_read_revert(BYTES_LITERAL("abcdefgh")).kind, ABI_REVERT_CUSTOM);
    arena_reset(&arena);
}

TEST(misuse_stops_the_program) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    struct abi_writer writer = abi_writer_in(&arena, 64);
    struct abi_tuple tuple = abi_begin(&writer, 1);
    expect_assert_failure(abi_end(&writer, &tuple)); /* a word is missing */
    abi_put_bool(&writer, &tuple, false);
    expect_assert_failure(abi_put_bool(&writer, &tuple, false)); /* one too many */

    struct abi_reader reader = abi_read(write_example(&arena), ABI_SOLIDITY);
    struct u256 number;
    abi_read_u256(&reader, &number);
    size_t count;
    const struct abi_scope array = abi_enter_array(&reader, &count, 1);
    expect_assert_failure(abi_leave(&reader, array)); /* with items unread */
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(the_example_of_the_specification_goes_both_ways),
    TEST_CASE(what_is_not_canonical_has_its_verdict),
    TEST_CASE(values_are_checked_against_their_types),
    TEST_CASE(dynamic_values_nest),
    TEST_CASE(a_count_is_bounded_by_the_data),
    TEST_CASE(revert_data_is_told_apart),
    TEST_CASE(misuse_stops_the_program)
)
