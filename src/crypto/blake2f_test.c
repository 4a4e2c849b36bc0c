#include "crypto/blake2f.h"

#include "base/test.h"
#include "codec/hex.h"

/* EIP-152's test vectors share h, m and t: those of BLAKE2b over "abc". */
static void make_input(uint8_t input[BLAKE2F_INPUT_SIZE], uint32_t rounds, uint8_t final_flag) {
    static const char state[] = "48c9bdf267e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"
                                "d182e6ad7f520e511f6c3e2b8c68059b6bbd41fbabd9831f79217e1319cde05b";
    size_t len = 0;
    memset(input, 0, BLAKE2F_INPUT_SIZE);
    store_be32(input, rounds);
    assert_int_equal(hex_decode_bare(input + 4, 64, &len, BYTES_LITERAL(state)), HEX_VALID);
    memcpy(input + 68, "abc", 3);
    input[196] = 3;
    input[212] = final_flag;
}

TEST(the_vectors_of_the_eip_hold) {
    static const struct {
        uint32_t rounds;
        uint8_t final_flag;
        const char *digits;
    } cases[] = {
        {0, 1,
         "08c9bcf367e6096a3ba7ca8485ae67bb2bf894fe72f36e3cf1361d5f3af54fa5"
         "d282e6ad7f520e511f6c3e2b8c68059b9442be0454267ce079217e1319cde05b"},
        {12, 1,
         "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1"
         "7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"},
        {12, 0,
         "75ab69d3190a562c51aef8d88f1c2775876944407270c42c9844252c26d28752"
         "98743e7f6d5ea2f2d3e8d226039cd31b4e426ac4f2d3d666a610c2116fde4735"},
        {1, 1,
         "b63a380cb2897d521994a85234ee2c181b5f844d2c624c002677e9703449d2fb"
         "a551b3a8333bcdf5f2f7e08993d53923de3d64fcc68c034e717b9293fed7a421"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t input[BLAKE2F_INPUT_SIZE];
        uint8_t out[BLAKE2F_OUTPUT_SIZE];
        char text[2 * BLAKE2F_OUTPUT_SIZE];
        make_input(input, cases[i].rounds, cases[i].final_flag);
        assert_int_equal(blake2f(out, BYTES_OF(input)), BLAKE2F_VALID);
        assert_int_equal(hex_encode_bare(text, BYTES_OF(out)), sizeof text);
        assert_memory_equal(text, cases[i].digits, sizeof text);
    }
}

/* xorshift64: every bit of the words is used. */
static void draw(uint64_t *words, size_t count, uint64_t *seed) {
    for (size_t i = 0; i < count; i++) {
        *seed ^= *seed << 13;
        *seed ^= *seed >> 7;
        *seed ^= *seed << 17;
        words[i] = *seed;
    }
}

static void both_agree(uint32_t rounds, uint64_t *seed) {
    uint64_t fast[8], plain[8], message[16], offset[2];
    draw(fast, ARRAY_LEN(fast), seed);
    draw(message, ARRAY_LEN(message), seed);
    draw(offset, ARRAY_LEN(offset), seed);
    memcpy(plain, fast, sizeof plain);
    const bool is_final = (*seed & 1) != 0;
    blake2f_compress(fast, message, offset, is_final, rounds);
    blake2f_compress_plain(plain, message, offset, is_final, rounds);
    assert_memory_equal(fast, plain, sizeof plain);
}

TEST(the_fast_compression_equals_the_plain_one) {
    uint64_t seed = 0x2545f4914f6cdd1d;
    for (uint32_t rounds = 0; rounds <= 64; rounds++) {
        for (size_t i = 0; i < 200; i++) {
            both_agree(rounds, &seed);
        }
    }
    for (uint32_t rounds = 65; rounds < 1000; rounds++) {
        both_agree(rounds, &seed);
    }
    for (uint32_t rounds = 100000; rounds < 100011; rounds++) {
        both_agree(rounds, &seed);
    }
}

TEST(each_kind_of_bad_input_has_its_verdict) {
    uint8_t input[BLAKE2F_INPUT_SIZE];
    uint8_t out[BLAKE2F_OUTPUT_SIZE];
    make_input(input, 12, 2);
    assert_int_equal(blake2f(out, BYTES_OF(input)), BLAKE2F_BAD_FINAL_FLAG);
    assert_int_equal(blake2f(out, bytes_from(input, sizeof input - 1)), BLAKE2F_BAD_LENGTH);
    assert_int_equal(blake2f(out, (struct bytes){NULL, 0}), BLAKE2F_BAD_LENGTH);
}

TEST_MAIN(
    TEST_CASE(the_vectors_of_the_eip_hold),
    TEST_CASE(the_fast_compression_equals_the_plain_one),
    TEST_CASE(each_kind_of_bad_input_has_its_verdict)
)
