#include "crypto/ripemd160.h"

#include "base/test.h"
#include "codec/hex.h"

TEST(known_answers_hold) {
    static const struct {
        const char *text;
        const char *digits;
    } cases[] = {
        {"", "9c1185a5c5e9fc54612808977ee8f548b2258d31"},
        {"abc", "8eb208f7e05d987a9b044a8e98c6b087f15a0bfc"},
        {"message digest", "5d0689ef49d2fae572b881b123a85ffa21595f36"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "12a053384a9c0c88e405a06c27dcf49ada62eb2b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "b0e20b6e3116640286ed3a87a5713079b21f5189"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t out[RIPEMD160_SIZE];
        char text[2 * RIPEMD160_SIZE];
        ripemd160(out, bytes_from(cases[i].text, strlen(cases[i].text)));
        assert_int_equal(hex_encode_bare(text, BYTES_OF(out)), sizeof text);
        assert_memory_equal(text, cases[i].digits, sizeof text);
    }
}

TEST_MAIN(TEST_CASE(known_answers_hold))
