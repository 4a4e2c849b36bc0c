#include "codec/rlp.h"

#include "base/test.h"

/* A span of the bytes of a string literal, which may hold zeros. */
#define RAW(literal) BYTES_LITERAL(literal)

TEST(each_kind_of_bad_item_has_its_verdict) {
    static const uint8_t long_string[] = {0xb8, 55, 0};
    const struct {
        struct bytes input;
        enum rlp_verdict verdict;
    } cases[] = {
        {RAW(""), RLP_TRUNCATED},
        {RAW("\x80\x80"), RLP_TRAILING},
        {RAW("\x81"), RLP_TRUNCATED},
        {RAW("\x81\x7f"), RLP_NOT_MINIMAL},
        {RAW("\x81\x00"), RLP_NOT_MINIMAL},
        {RAW("\x83xy"), RLP_TRUNCATED},
        {RAW("\xb8"), RLP_TRUNCATED},
        {RAW("\xb9\x01"), RLP_TRUNCATED},
        {BYTES_OF(long_string), RLP_NOT_MINIMAL},
        {RAW("\xb8\x38xyz"), RLP_TRUNCATED},
        {RAW("\xb9\x00\x38xyz"), RLP_NOT_MINIMAL},
        {RAW("\xbf\xff\xff\xff\xff\xff\xff\xff\xffz"), RLP_TRUNCATED},
        {RAW("\xc1"), RLP_TRUNCATED},
        {RAW("\xc1\x81"), RLP_TRUNCATED},
        {RAW("\xc2\x81\x01"), RLP_NOT_MINIMAL},
        {RAW("\xc2\xc1"), RLP_TRUNCATED},
        {RAW("\xc1\xc1"), RLP_TRUNCATED},
        {RAW("\xc1\x80z"), RLP_TRAILING},
        {RAW("\xf8\x01\x80"), RLP_NOT_MINIMAL},
        {RAW("\xff\x80\x00\x00\x00\x00\x00\x00\x00z"), RLP_TRUNCATED},
        {RAW("\x00"), RLP_VALID},
        {RAW("\x80"), RLP_VALID},
        {RAW("\x81\x80"), RLP_VALID},
        {RAW("\xc7\xc0\xc1\xc0\xc3\xc0\xc1\xc0"), RLP_VALID},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(rlp_check(cases[i].input), cases[i].verdict);
        assert_int_not_equal(rlp_verdict_text(cases[i].verdict)[0], 0);
    }
}

TEST(integers_are_judged_by_their_type) {
    const struct {
        struct bytes input;
        enum rlp_verdict u64, u256, boolean;
        uint64_t value;
    } cases[] = {
        {RAW("\x80"), RLP_VALID, RLP_VALID, RLP_VALID, 0},
        {RAW("\x01"), RLP_VALID, RLP_VALID, RLP_VALID, 1},
        {RAW("\x02"), RLP_VALID, RLP_VALID, RLP_TOO_LONG, 2},
        {RAW("\x00"), RLP_LEADING_ZERO, RLP_LEADING_ZERO, RLP_LEADING_ZERO, 0},
        {RAW("\x81\xff"), RLP_VALID, RLP_VALID, RLP_TOO_LONG, 255},
        {RAW("\x82\x00\xff"), RLP_LEADING_ZERO, RLP_LEADING_ZERO, RLP_LEADING_ZERO, 0},
        {RAW("\x88\xff\xff\xff\xff\xff\xff\xff\xff"), RLP_VALID, RLP_VALID, RLP_TOO_LONG,
         UINT64_MAX},
        {RAW("\x89\x01\x00\x00\x00\x00\x00\x00\x00\x00"), RLP_TOO_LONG, RLP_VALID, RLP_TOO_LONG, 0},
        {RAW("\xa1\x01yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"), RLP_TOO_LONG, RLP_TOO_LONG, RLP_TOO_LONG,
         0},
        {RAW("\xc0"), RLP_NOT_STRING, RLP_NOT_STRING, RLP_NOT_STRING, 0},
        {RAW(""), RLP_TRUNCATED, RLP_TRUNCATED, RLP_TRUNCATED, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct rlp_reader reader = rlp_read(cases[i].input);
        uint64_t narrow = 7;
        rlp_read_u64(&reader, &narrow);
        assert_int_equal(rlp_finish(&reader), cases[i].u64);
        assert_int_equal(narrow, cases[i].value);

        reader = rlp_read(cases[i].input);
        struct u256 wide = U256_MAX;
        rlp_read_u256(&reader, &wide);
        assert_int_equal(rlp_finish(&reader), cases[i].u256);
        assert_int_equal(wide.limb[0], cases[i].value);

        reader = rlp_read(cases[i].input);
        bool boolean;
        rlp_read_bool(&reader, &boolean);
        assert_int_equal(rlp_finish(&reader), cases[i].boolean);
    }
}

TEST(the_first_bad_verdict_stays_and_later_reads_give_nothing) {
    struct rlp_reader reader = rlp_read(RAW("\xc3\x01\x00\x02\x03"));
    const struct rlp_list list = rlp_enter(&reader);
    uint64_t one = 7, bad = 7, after = 7;
    rlp_read_u64(&reader, &one);
    rlp_read_u64(&reader, &bad);
    rlp_read_u64(&reader, &after);
    struct hash hash;
    memset(&hash, 0xff, sizeof hash);
    rlp_read_hash(&reader, &hash);
    struct bytes bytes = {NULL, 7};
    rlp_read_bytes(&reader, &bytes);
    assert_false(rlp_more(&reader));
    assert_false(rlp_next_is_list(&reader));
    assert_int_equal(rlp_count(&reader), 0);
    rlp_leave(&reader, list);
    assert_int_equal(rlp_finish(&reader), RLP_LEADING_ZERO);
    assert_int_equal(one, 1);
    assert_int_equal(bad, 0);
    assert_int_equal(after, 0);
    assert_true(hash_is_zero(&hash));
    assert_int_equal(bytes.len, 0);
}

TEST(a_list_must_be_one_and_must_be_used_up) {
    struct rlp_reader reader = rlp_read(RAW("\x83xyz"));
    struct rlp_list list = rlp_enter(&reader);
    rlp_leave(&reader, list);
    assert_int_equal(rlp_finish(&reader), RLP_NOT_LIST);

    reader = rlp_read(RAW("\xc2\x01\x02"));
    list = rlp_enter(&reader);
    uint64_t one;
    rlp_read_u64(&reader, &one);
    rlp_leave(&reader, list);
    assert_int_equal(rlp_finish(&reader), RLP_TRAILING);

    reader = rlp_read(RAW("\xc1\x01\x02"));
    list = rlp_enter(&reader);
    rlp_read_u64(&reader, &one);
    assert_false(rlp_more(&reader));
    uint64_t two;
    rlp_read_u64(&reader, &two); /* stands behind the list, not in it */
    rlp_leave(&reader, list);
    assert_int_equal(rlp_finish(&reader), RLP_TRUNCATED);
    assert_int_equal(two, 0);
}

TEST(items_are_counted_before_they_are_read) {
    struct rlp_reader reader = rlp_read(RAW("\xc6\x01\x82hi\xc1\x05\x03"));
    const struct rlp_list list = rlp_enter(&reader);
    assert_int_equal(rlp_count(&reader), 3);
    uint64_t one;
    rlp_read_u64(&reader, &one);
    assert_int_equal(rlp_count(&reader), 2);
    struct bytes hi;
    rlp_read_bytes(&reader, &hi);
    assert_bytes_equal(hi, RAW("hi"));
    assert_true(rlp_next_is_list(&reader));
    const struct rlp_item item = rlp_read_item(&reader);
    assert_true(item.is_list);
    assert_bytes_equal(item.whole, RAW("\xc1\x05"));
    assert_bytes_equal(item.payload, RAW("\x05"));
    rlp_leave(&reader, list);
    uint64_t three;
    rlp_read_u64(&reader, &three);
    assert_int_equal(rlp_finish(&reader), RLP_VALID);

    reader = rlp_read(RAW("\x01\x81\x01"));
    assert_int_equal(rlp_count(&reader), 0);
    assert_int_equal(rlp_finish(&reader), RLP_NOT_MINIMAL);
}

TEST(fixed_lengths_are_exact) {
    struct address address;
    bool is_present;
    struct rlp_reader reader = rlp_read(RAW("\x80"));
    rlp_read_optional_address(&reader, &address, &is_present);
    assert_int_equal(rlp_finish(&reader), RLP_VALID);
    assert_false(is_present);
    assert_true(address_is_zero(&address));

    reader = rlp_read(RAW("\x80"));
    rlp_read_address(&reader, &address);
    assert_int_equal(rlp_finish(&reader), RLP_TOO_SHORT);

    reader = rlp_read(RAW("\x94yyyyyyyyyyyyyyyyyyyy"));
    rlp_read_optional_address(&reader, &address, &is_present);
    assert_int_equal(rlp_finish(&reader), RLP_VALID);
    assert_true(is_present);
    assert_int_equal(address.bytes[19], 'y');

    reader = rlp_read(RAW("\x95zyyyyyyyyyyyyyyyyyyyy"));
    rlp_read_optional_address(&reader, &address, &is_present);
    assert_int_equal(rlp_finish(&reader), RLP_TOO_LONG);
    assert_false(is_present);

    reader = rlp_read(RAW("\xc0"));
    rlp_read_optional_address(&reader, &address, &is_present);
    assert_int_equal(rlp_finish(&reader), RLP_NOT_STRING);
}

TEST(nesting_is_followed_to_its_limit_and_no_further) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    for (size_t depth = RLP_DEPTH_MAX - 1; depth <= RLP_DEPTH_MAX + 1; depth++) {
        struct rlp_writer writer = rlp_writer_in(&arena, 16);
        size_t *lists = ARENA_ARRAY(&arena, size_t, depth);
        for (size_t i = 0; i < depth; i++) {
            lists[i] = rlp_list_begin(&writer);
        }
        for (size_t i = depth; i > 0; i--) {
            rlp_list_end(&writer, lists[i - 1]);
        }
        const enum rlp_verdict verdict = rlp_check(rlp_written(&writer));
        assert_int_equal(verdict, depth <= RLP_DEPTH_MAX ? RLP_VALID : RLP_TOO_DEEP);
    }
    arena_reset(&arena);
}

/* Strings and lists of every length around the steps of the header's size. */
TEST(what_is_written_is_read_back_at_every_header_size) {
    static const size_t sizes[] = {0, 1, 2, 54, 55, 56, 57, 255, 256, 65535, 65536, 16777216};
    struct arena arena;
    arena_init(&arena, &test_heap);
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        uint8_t *data = arena_alloc(&arena, sizes[i], 1);
        memset(data, 0xab, sizes[i]);
        const struct bytes string = bytes_from(data, sizes[i]);

        struct rlp_writer writer = rlp_writer_in(&arena, 0);
        const size_t outer = rlp_list_begin(&writer);
        rlp_write_bytes(&writer, string);
        assert_int_equal(rlp_written(&writer).len - outer, rlp_size_bytes(string));
        rlp_list_end(&writer, outer);
        rlp_write_u64(&writer, 5);
        const struct bytes written = rlp_written(&writer);
        assert_int_equal(written.len, rlp_size_list(rlp_size_bytes(string)) + 1);

        struct rlp_writer sized = rlp_writer_in(&arena, written.len);
        rlp_write_list_header(&sized, rlp_size_bytes(string));
        rlp_write_bytes(&sized, string);
        rlp_write_u64(&sized, 5);
        assert_bytes_equal(rlp_written(&sized), written);

        struct rlp_reader reader = rlp_read(written);
        const struct rlp_list list = rlp_enter(&reader);
        struct bytes back;
        rlp_read_bytes(&reader, &back);
        assert_bytes_equal(back, string);
        rlp_leave(&reader, list);
        uint64_t five;
        rlp_read_u64(&reader, &five);
        assert_int_equal(five, 5);
        assert_int_equal(rlp_finish(&reader), RLP_VALID);

        /* One byte less is always noticed. */
        assert_int_not_equal(rlp_check(bytes_from(written.data, written.len - 2)), RLP_VALID);
    }
    arena_reset(&arena);
}

TEST(integers_of_every_length_are_written_and_read_back) {
    struct u256 value = U256_ZERO;
    for (unsigned bit = 0; bit < 256; bit++) {
        value.limb[bit / 64] |= (uint64_t)1 << bit % 64;
        uint8_t buffer[RLP_U256_MAX];
        struct rlp_writer writer = rlp_writer_fixed(buffer, sizeof buffer);
        rlp_write_u256(&writer, &value);
        assert_int_equal(rlp_written(&writer).len, rlp_size_u256(&value));
        struct rlp_reader reader = rlp_read(rlp_written(&writer));
        struct u256 back;
        rlp_read_u256(&reader, &back);
        assert_int_equal(rlp_finish(&reader), RLP_VALID);
        assert_true(u256_equal(&back, &value));
        if (bit >= 64) continue;

        uint8_t narrow[RLP_U64_MAX];
        struct rlp_writer narrow_writer = rlp_writer_fixed(narrow, sizeof narrow);
        rlp_write_u64(&narrow_writer, value.limb[0]);
        assert_bytes_equal(rlp_written(&narrow_writer), rlp_written(&writer));
        assert_int_equal(rlp_size_u64(value.limb[0]), rlp_written(&writer).len);
    }
    uint8_t zero[1];
    struct rlp_writer writer = rlp_writer_fixed(zero, sizeof zero);
    rlp_write_u256(&writer, &U256_ZERO);
    assert_int_equal(zero[0], 0x80);
    assert_int_equal(rlp_size_u256(&U256_ZERO), 1);
    assert_int_equal(rlp_size_u64(0), 1);
}

TEST(hashes_and_addresses_are_written_with_their_length) {
    struct hash hash;
    struct address address;
    memset(&hash, 0x11, sizeof hash);
    memset(&address, 0x22, sizeof address);
    uint8_t buffer[RLP_HASH_SIZE + RLP_ADDRESS_SIZE];
    struct rlp_writer writer = rlp_writer_fixed(buffer, sizeof buffer);
    rlp_write_hash(&writer, &hash);
    rlp_write_address(&writer, &address);
    struct rlp_reader reader = rlp_read(rlp_written(&writer));
    struct hash hash_back;
    struct address address_back;
    rlp_read_hash(&reader, &hash_back);
    rlp_read_address(&reader, &address_back);
    assert_int_equal(rlp_finish(&reader), RLP_VALID);
    assert_true(hash_equal(&hash, &hash_back));
    assert_true(address_equal(&address, &address_back));
}

TEST(misuse_stops_the_program) {
    uint8_t buffer[1];
    struct rlp_writer writer = rlp_writer_fixed(buffer, sizeof buffer);
    expect_assert_failure(rlp_write_u64(&writer, 300));
    expect_assert_failure(rlp_list_end(&writer, 9));
    struct rlp_reader reader = rlp_read(RAW("\xc0"));
    const struct rlp_list list = rlp_enter(&reader);
    (void)list;
    /* The list was not left. */
    expect_assert_failure(assert_int_equal(rlp_finish(&reader), RLP_VALID));
}

TEST_MAIN(
    TEST_CASE(each_kind_of_bad_item_has_its_verdict),
    TEST_CASE(integers_are_judged_by_their_type),
    TEST_CASE(the_first_bad_verdict_stays_and_later_reads_give_nothing),
    TEST_CASE(a_list_must_be_one_and_must_be_used_up),
    TEST_CASE(items_are_counted_before_they_are_read),
    TEST_CASE(fixed_lengths_are_exact),
    TEST_CASE(nesting_is_followed_to_its_limit_and_no_further),
    TEST_CASE(what_is_written_is_read_back_at_every_header_size),
    TEST_CASE(integers_of_every_length_are_written_and_read_back),
    TEST_CASE(hashes_and_addresses_are_written_with_their_length),
    TEST_CASE(misuse_stops_the_program)
)
