#include "rpc/typed_data.h"

#include "base/test.h"
#include "codec/hex.h"

#include <stdio.h>

static bool hash_text(char out[67], const char **problem, struct arena *arena, const char *text) {
    const struct json *json;
    struct hash hash;
    assert_int_equal(
        json_parse(arena, &json, bytes_from(text, strlen(text)), &json_limits_file), JSON_VALID
    );
    if (!typed_data_hash(arena, &hash, problem, json)) return false;
    out[hex_encode(out, BYTES_OF(hash))] = '\0';
    return true;
}

/* The example of EIP-712, with the digest that its reference implementation gives. */
#define MAIL_TYPES                                                                            \
    "\"types\":{\"EIP712Domain\":[{\"name\":\"name\",\"type\":\"string\"},{\"name\":"         \
    "\"version\",\"type\":\"string\"},{\"name\":\"chainId\",\"type\":\"uint256\"},{\"name\":" \
    "\"verifyingContract\",\"type\":\"address\"}],\"Person\":[{\"name\":\"name\",\"type\":"   \
    "\"string\"},{\"name\":\"wallet\",\"type\":\"address\"}],\"Mail\":[{\"name\":\"from\","   \
    "\"type\":\"Person\"},{\"name\":\"to\",\"type\":\"Person\"},{\"name\":\"contents\","      \
    "\"type\":\"string\"}]}"
#define MAIL_DOMAIN                                                        \
    "\"domain\":{\"name\":\"Ether Mail\",\"version\":\"1\",\"chainId\":1," \
    "\"verifyingContract\":\"0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC\"}"
#define MAIL_MESSAGE                                                                       \
    "\"message\":{\"from\":{\"name\":\"Cow\",\"wallet\":"                                  \
    "\"0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826\"},\"to\":{\"name\":\"Bob\",\"wallet\":" \
    "\"0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB\"},\"contents\":\"Hello, Bob!\"}"

TEST(the_example_of_the_eip_has_its_digest) {
    struct arena arena;
    char text[67];
    const char *problem;
    arena_init(&arena, &test_heap);
    assert_true(hash_text(
        text, &problem, &arena,
        "{" MAIL_TYPES ",\"primaryType\":\"Mail\"," MAIL_DOMAIN "," MAIL_MESSAGE "}"
    ));
    assert_string_equal(text, "0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
    arena_reset(&arena);
}

#define ONE(type, value)                                                      \
    "{\"types\":{\"EIP712Domain\":[],\"A\":[{\"name\":\"a\",\"type\":\"" type \
    "\"}]},\"primaryType\":\"A\",\"domain\":{},\"message\":{\"a\":" value "}}"

TEST(values_are_checked_against_their_types) {
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {
        {ONE("uint8", "255"), true},
        {ONE("uint8", "256"), false},
        {ONE("uint8", "-1"), false},
        {ONE("uint8", "\"0xff\""), true},
        {ONE("uint7", "1"), false},
        {ONE("uint264", "1"), false},
        {ONE("uint256", "1.5"), false},
        {ONE("int8", "-128"), true},
        {ONE("int8", "-129"), false},
        {ONE("int8", "128"), false},
        {ONE("int8", "\"127\""), true},
        {ONE("bool", "1"), false},
        {ONE("bool", "true"), true},
        {ONE("bytes4", "\"0x01020304\""), true},
        {ONE("bytes4", "\"0x010203\""), false},
        {ONE("bytes33", "\"0x\""), false},
        {ONE("bytes", "\"0x\""), true},
        {ONE("address", "\"0x01\""), false},
        {ONE("string", "5"), false},
        {ONE("uint256[2]", "[1,2]"), true},
        {ONE("uint256[2]", "[1]"), false},
        {ONE("uint256[][1]", "[[1,2,3]]"), true},
        {ONE("uint256[]", "1"), false},
        {ONE("uint256[x]", "[1]"), false},
        {ONE("A[]", "[{\"a\":[]}]"), true},
        {ONE("A", "null"), true},
        {ONE("Unknown", "1"), false},
        {ONE("uint256", "{}"), false},
        {"{\"types\":{\"EIP712Domain\":[]},\"primaryType\":\"EIP712Domain\",\"domain\":{}}", true},
        {"{\"types\":{\"EIP712Domain\":[]},\"primaryType\":\"B\",\"domain\":{}}", false},
        {"{\"types\":{\"A\":[]},\"primaryType\":\"A\",\"domain\":{},\"message\":{}}", false},
        {"{\"types\":{\"EIP712Domain\":[]},\"primaryType\":\"EIP712Domain\"}", false},
        {"[]", false},
        {"{}", false},
    };
    struct arena arena;
    arena_init(&arena, &test_heap);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[67];
        const char *problem = NULL;
        const bool valid = hash_text(text, &problem, &arena, cases[i].text);
        if (valid != cases[i].valid) fail_msg("%s", cases[i].text);
        assert_int_equal(problem == NULL, valid);
    }
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(the_example_of_the_eip_has_its_digest),
    TEST_CASE(values_are_checked_against_their_types)
)
