#include "codec/snappy.h"

#include "base/test.h"

/* "abc" six times: a literal of 3, and 15 bytes copied from 3 before, over themselves. */
static const uint8_t sample[] = {
    0xff, 0x06, 0x00, 0x00, 's',  'N',  'a',  'P',  'p', 'Y', /* the stream's beginning */
    0x00, 0x0c, 0x00, 0x00, 0x51, 0x9c, 0xe3, 0xff,           /* a compressed chunk, its checksum */
    0x12, 0x08, 'a',  'b',  'c',  0x3a, 0x03, 0x00,
};

enum { CHECKSUM_AT = 14, COPY_AT = 23, DATA_AT = 18 };

static enum snappy_verdict decode(struct arena *arena, struct bytes *out, struct bytes framed) {
    return snappy_decode_framed(arena, out, framed, 1 << 20);
}

TEST(each_kind_of_bad_data_has_its_verdict) {
    static const struct {
        size_t at;
        uint8_t byte;
        enum snappy_verdict verdict;
    } changes[] = {
        {4, 'S', SNAPPY_MALFORMED},               /* not Snappy's */
        {0, 0x00, SNAPPY_MALFORMED},              /* data before the beginning */
        {10, 0x02, SNAPPY_MALFORMED},             /* a chunk that must not be skipped */
        {11, 0x0d, SNAPPY_TRUNCATED},             /* a chunk past the end */
        {CHECKSUM_AT, 0x50, SNAPPY_BAD_CHECKSUM}, /* */
        {DATA_AT + 2, 'b', SNAPPY_BAD_CHECKSUM},  /* */
        {COPY_AT + 1, 0x04, SNAPPY_MALFORMED},    /* a copy from before the beginning */
        {COPY_AT + 1, 0x00, SNAPPY_MALFORMED},    /* a copy of itself */
        {DATA_AT, 0x13, SNAPPY_TRUNCATED},        /* fewer bytes than announced */
        {DATA_AT, 0x11, SNAPPY_MALFORMED},        /* more */
        {DATA_AT + 1, 0xf4, SNAPPY_TRUNCATED},    /* a literal past the end */
    };
    struct arena arena;
    arena_init(&arena, &test_heap);
    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        uint8_t copy[sizeof sample];
        struct bytes out = BYTES_OF(copy);
        memcpy(copy, sample, sizeof sample);
        copy[changes[i].at] = changes[i].byte;
        assert_int_equal(decode(&arena, &out, BYTES_OF(copy)), changes[i].verdict);
        assert_int_equal(out.len, 0);
    }
    arena_reset(&arena);
}

TEST(a_stream_that_ends_anywhere_but_at_a_chunk_is_refused) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    for (size_t len = 1; len < sizeof sample; len++) {
        struct bytes out;
        const enum snappy_verdict verdict = decode(&arena, &out, bytes_from(sample, len));
        assert_int_equal(verdict, len == 10 ? SNAPPY_VALID : SNAPPY_TRUNCATED);
        assert_int_equal(out.len, 0);
    }
    arena_reset(&arena);
}

TEST(what_is_longer_than_the_limit_is_refused) {
    struct arena arena;
    struct bytes out;
    arena_init(&arena, &test_heap);
    assert_int_equal(snappy_decode_framed(&arena, &out, BYTES_OF(sample), 17), SNAPPY_TOO_LONG);
    assert_int_equal(snappy_decode_framed(&arena, &out, BYTES_OF(sample), 18), SNAPPY_VALID);
    arena_reset(&arena);
}

TEST(literals_copies_and_plain_chunks_come_out) {
    static const uint8_t plain[] = {
        0xff, 0x06, 0x00, 0x00, 's',  'N',  'a',  'P',  'p', 'Y', /* */
        0xfe, 0x02, 0x00, 0x00, 0x00, 0x00,                       /* padding */
        0x01, 0x0d, 0x00, 0x00, 0xe5, 0xb0, 0x8a, 0xc7,           /* plain */
        '1',  '2',  '3',  '4',  '5',  '6',  '7',  '8',  '9',      /* */
    };
    struct arena arena;
    struct bytes out;
    arena_init(&arena, &test_heap);
    assert_int_equal(decode(&arena, &out, BYTES_OF(sample)), SNAPPY_VALID);
    assert_true(bytes_equal(out, bytes_from("abcabcabcabcabcabc", 18)));
    assert_int_equal(decode(&arena, &out, BYTES_OF(plain)), SNAPPY_VALID);
    assert_true(bytes_equal(out, bytes_from("123456789", 9)));
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(each_kind_of_bad_data_has_its_verdict),
    TEST_CASE(a_stream_that_ends_anywhere_but_at_a_chunk_is_refused),
    TEST_CASE(what_is_longer_than_the_limit_is_refused),
    TEST_CASE(literals_copies_and_plain_chunks_come_out)
)
