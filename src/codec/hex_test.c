#include "codec/hex.h"

#include "base/test.h"

static struct bytes text_of(const char *text) {
    return bytes_from(text, strlen(text));
}

static enum hex_verdict decode(uint8_t *out, size_t out_size, size_t *out_len, const char *text) {
    return hex_decode(out, out_size, out_len, text_of(text));
}

TEST(each_kind_of_bad_text_has_its_verdict) {
    static const struct {
        const char *text;
        enum hex_verdict verdict;
    } cases[] = {
        {"", HEX_NO_PREFIX},     {"0Xff", HEX_NO_PREFIX}, {"0xf", HEX_ODD_DIGITS},
        {"0xgf", HEX_BAD_DIGIT}, {"0xfg", HEX_BAD_DIGIT}, {"0x000102", HEX_TOO_LONG},
        {"0", HEX_NO_PREFIX},    {"0x0@", HEX_BAD_DIGIT}, {"0x:0", HEX_BAD_DIGIT},
        {"0x`0", HEX_BAD_DIGIT}, {"0x 0", HEX_BAD_DIGIT}, {"0xG0", HEX_BAD_DIGIT},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t out[2];
        size_t out_len = SIZE_MAX;
        assert_int_equal(decode(out, sizeof out, &out_len, cases[i].text), cases[i].verdict);
        assert_int_equal(out_len, 0);
        assert_int_not_equal(hex_verdict_text(cases[i].verdict)[0], 0);
    }
}

TEST(a_size_only_a_bug_can_ask_for_stops_the_program) {
    size_t out_len;
    expect_assert_failure((void)decode(NULL, HEX_BYTES_MAX + 1, &out_len, "0x"));
}

TEST(every_character_is_a_digit_or_is_refused) {
    for (int c = 0; c < 256; c++) {
        const uint8_t text[4] = {'0', 'x', (uint8_t)c, '7'};
        uint8_t out;
        size_t out_len;
        const char *place = c == 0 ? NULL : strchr("0123456789abcdef0123456789ABCDEF", c);
        const enum hex_verdict verdict = hex_decode(&out, 1, &out_len, bytes_from(text, 4));
        assert_int_equal(verdict, place == NULL ? HEX_BAD_DIGIT : HEX_VALID);
        if (place == NULL) continue;
        const char *digits = "0123456789abcdef0123456789ABCDEF";
        assert_int_equal(out, (place - digits) % 16 << 4 | 7);
    }
}

TEST(every_byte_goes_to_text_and_back) {
    uint8_t all[256];
    for (size_t i = 0; i < sizeof all; i++) {
        all[i] = (uint8_t)i;
    }
    char text[HEX_TEXT_SIZE(sizeof all)];
    assert_int_equal(hex_encode(text, BYTES_OF(all)), sizeof text);
    assert_memory_equal(text, "0x000102", 8);
    assert_memory_equal(text + sizeof text - 4, "feff", 4);

    struct arena arena;
    arena_init(&arena, &test_heap);
    struct bytes back;
    assert_int_equal(hex_decode_arena(&arena, &back, BYTES_OF(text), 256), HEX_VALID);
    assert_bytes_equal(back, BYTES_OF(all));
    assert_int_equal(hex_decode_arena(&arena, &back, BYTES_OF(text), 255), HEX_TOO_LONG);
    assert_int_equal(back.len, 0);
    text[100] = '-';
    assert_int_equal(hex_decode_arena(&arena, &back, BYTES_OF(text), 256), HEX_BAD_DIGIT);
    assert_int_equal(back.len, 0);
    arena_reset(&arena);
}

TEST(hashes_and_addresses_have_their_exact_length) {
    struct hash hash;
    struct address address;
    const char *hash_text = "0x000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F";
    assert_int_equal(hex_decode_hash(&hash, text_of(hash_text)), HEX_VALID);
    for (size_t i = 0; i < sizeof hash.bytes; i++) {
        assert_int_equal(hash.bytes[i], i);
    }
    assert_int_equal(hex_decode_address(&address, bytes_from(hash_text, 42)), HEX_VALID);
    assert_int_equal(address.bytes[19], 19);
    assert_int_equal(hex_decode_address(&address, bytes_from(hash_text, 40)), HEX_TOO_SHORT);
    assert_int_equal(hex_decode_address(&address, bytes_from(hash_text, 44)), HEX_TOO_LONG);
    assert_int_equal(hex_decode_hash(&hash, bytes_from(hash_text, 64)), HEX_TOO_SHORT);
}

TEST(quantities_are_read_strictly_or_leniently) {
    static const struct {
        const char *text;
        enum hex_verdict strict, lenient;
        uint64_t value;
    } cases[] = {
        {"", HEX_NO_PREFIX, HEX_NO_PREFIX, 0},
        {"1", HEX_NO_PREFIX, HEX_NO_PREFIX, 0},
        {"0x", HEX_NO_DIGITS, HEX_VALID, 0},
        {"0x0", HEX_VALID, HEX_VALID, 0},
        {"0x00", HEX_LEADING_ZERO, HEX_VALID, 0},
        {"0x0a", HEX_LEADING_ZERO, HEX_VALID, 10},
        {"0xA", HEX_VALID, HEX_VALID, 10},
        {"0x400", HEX_VALID, HEX_VALID, 1024},
        {"0xffffffffffffffff", HEX_VALID, HEX_VALID, UINT64_MAX},
        {"0x0ffffffffffffffff", HEX_LEADING_ZERO, HEX_VALID, UINT64_MAX},
        {"0x10000000000000000", HEX_TOO_LONG, HEX_TOO_LONG, 0},
        {"0x-1", HEX_BAD_DIGIT, HEX_BAD_DIGIT, 0},
        {"0x1 ", HEX_BAD_DIGIT, HEX_BAD_DIGIT, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint64_t value = 7;
        const struct bytes text = text_of(cases[i].text);
        const bool strict = cases[i].strict == HEX_VALID;
        assert_int_equal(hex_decode_u64(&value, text, HEX_STRICT), cases[i].strict);
        assert_int_equal(value, strict ? cases[i].value : 0);
        assert_int_equal(hex_decode_u64(&value, text, HEX_LENIENT), cases[i].lenient);
        assert_int_equal(value, cases[i].value);
        if (!strict) continue;
        char shortest[HEX_U64_TEXT_MAX];
        assert_int_equal(hex_encode_u64(shortest, value), text.len);
    }
}

TEST(wide_quantities_go_to_text_and_back_at_every_length) {
    struct u256 value = U256_ZERO;
    for (size_t digits = 1; digits <= 65; digits++) {
        char text[HEX_U256_TEXT_MAX + 1];
        memset(text, 'e', sizeof text);
        memcpy(text, "0x", 2);
        text[2] = '1';
        const struct bytes span = bytes_from(text, 2 + digits);
        const enum hex_verdict verdict = hex_decode_u256(&value, span, HEX_STRICT);
        if (digits > 64) {
            assert_int_equal(verdict, HEX_TOO_LONG);
            assert_true(u256_is_zero(&value));
            break;
        }
        assert_int_equal(verdict, HEX_VALID);
        assert_int_equal(value.limb[0] & 0xf, digits == 1 ? 1 : 0xe);
        assert_int_equal(value.limb[(digits - 1) / 16] >> (digits - 1) % 16 * 4, 1);
        char again[HEX_U256_TEXT_MAX];
        const size_t len = hex_encode_u256(again, &value);
        assert_bytes_equal(bytes_from(again, len), span);
    }
    char zero[HEX_U256_TEXT_MAX];
    assert_int_equal(hex_encode_u256(zero, &U256_ZERO), 3);
    assert_memory_equal(zero, "0x0", 3);
}

TEST_MAIN(
    TEST_CASE(each_kind_of_bad_text_has_its_verdict),
    TEST_CASE(a_size_only_a_bug_can_ask_for_stops_the_program),
    TEST_CASE(every_character_is_a_digit_or_is_refused),
    TEST_CASE(every_byte_goes_to_text_and_back),
    TEST_CASE(hashes_and_addresses_have_their_exact_length),
    TEST_CASE(quantities_are_read_strictly_or_leniently),
    TEST_CASE(wide_quantities_go_to_text_and_back_at_every_length)
)
