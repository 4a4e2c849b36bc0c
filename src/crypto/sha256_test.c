#include "crypto/sha256.h"

#include "base/test.h"
#include "codec/hex.h"

static void assert_hash_is(const struct hash *hash, const char *digits) {
    char text[64];
    assert_int_equal(hex_encode_bare(text, BYTES_OF(*hash)), sizeof text);
    assert_memory_equal(text, digits, sizeof text);
}

TEST(known_answers_hold) {
    struct hash hash;
    sha256(&hash, (struct bytes){NULL, 0});
    assert_hash_is(&hash, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    sha256(&hash, BYTES_LITERAL("abc"));
    assert_hash_is(&hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256(&hash, BYTES_LITERAL("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"));
    assert_hash_is(&hash, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}

TEST(the_fast_compression_equals_the_plain_one) {
    uint32_t plain[8] = {0};
    uint32_t fast[8] = {0};
    uint8_t block[SHA256_BLOCK_SIZE];
    for (size_t round = 0; round < 500; round++) {
        for (size_t i = 0; i < sizeof block; i++) {
            block[i] = (uint8_t)(plain[i % 8] >> 5 ^ (i * 37 + round));
        }
        sha256_compress_plain(plain, block);
        sha256_compress(fast, block);
        assert_memory_equal(fast, plain, sizeof plain);
    }
}

TEST(pieces_hash_like_the_whole) {
    uint8_t message[4 * SHA256_BLOCK_SIZE + 3];
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)(i * 11 + 3);
    }
    for (size_t len = 0; len <= sizeof message; len++) {
        struct hash whole;
        sha256(&whole, (struct bytes){message, len});
        for (size_t piece = 1; piece <= SHA256_BLOCK_SIZE + 1; piece += 8) {
            struct sha256 hasher;
            struct hash hash;
            sha256_init(&hasher);
            for (size_t at = 0; at < len; at += piece) {
                const size_t piece_len = len - at < piece ? len - at : piece;
                sha256_update(&hasher, (struct bytes){message + at, piece_len});
            }
            sha256_update(&hasher, (struct bytes){NULL, 0});
            sha256_final(&hasher, &hash);
            assert_memory_equal(&hash, &whole, sizeof hash);
        }
    }
}

TEST_MAIN(
    TEST_CASE(known_answers_hold),
    TEST_CASE(the_fast_compression_equals_the_plain_one),
    TEST_CASE(pieces_hash_like_the_whole)
)
