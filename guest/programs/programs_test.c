/* The sample programs' own logic, compiled for the host. */
#include "base/test.h"
#include "hash_chain.h"
#include "infinity.h"
#include "isqrt.h"
#include "order_book.h"

static const uint8_t zeros[32];

TEST(square_roots_of_edges_are_rounded_down) {
    static const struct {
        uint8_t high, low; /* the first and the last byte of the number */
        uint8_t root_low;
    } cases[] = {{0, 0, 0}, {0, 1, 1}, {0, 3, 1}, {0, 4, 2}, {0, 8, 2}, {0, 9, 3}, {0, 255, 15}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t number[32] = {0}, root[32], expected[32] = {0};
        number[0] = cases[i].high;
        number[31] = cases[i].low;
        expected[31] = cases[i].root_low;
        isqrt(root, number);
        assert_memory_equal(root, expected, sizeof root);
    }
    uint8_t ones[32], root[32], expected[32] = {0};
    memset(ones, 0xff, sizeof ones);
    memset(expected + 16, 0xff, 16);
    isqrt(root, ones);
    assert_memory_equal(root, expected, sizeof root); /* 2^128 - 1 */
}

/* r * r as 256 bits, r below 2^128 in its last 16 bytes; and r + 1's square is r * r + 2 r + 1. */
TEST(the_root_squared_is_not_above_the_number_and_the_next_one_is) {
    uint64_t seed = 7;
    for (int round = 0; round < 2000; round++) {
        uint8_t number[32] = {0}, root[32];
        for (int i = round % 32; i < 32; i++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            number[i] = (uint8_t)(seed >> 56);
        }
        isqrt(root, number);
        uint64_t r[4] = {load_be64(root + 24), load_be64(root + 16), 0, 0};
        uint64_t square[8] = {r[0], r[1], 0, 0, 0, 0, 0, 0};
        assert_memory_equal(root, zeros, 16);
        infinity_muladd256(square, r); /* r * r + 0 */
        uint64_t rest[4];
        uint128 borrow = 0;
        for (int i = 0; i < 4; i++) {
            const uint128 difference =
                (uint128)load_be64(number + 24 - 8 * (ptrdiff_t)i) - square[i] - borrow;
            rest[i] = (uint64_t)difference;
            borrow = difference >> 64 & 1;
        }
        assert_true(borrow == 0);
        /* number - r^2 <= 2 r */
        const uint64_t twice[3] = {r[0] << 1, r[1] << 1 | r[0] >> 63, r[1] >> 63};
        assert_int_equal(rest[3], 0);
        bool above = rest[2] > twice[2];
        if (rest[2] == twice[2]) above = rest[1] > twice[1];
        if (rest[2] == twice[2] && rest[1] == twice[1]) above = rest[0] > twice[0];
        assert_false(above);
    }
}

TEST(a_chain_of_one_is_sha256_and_of_none_the_seed) {
    uint8_t digest[32] = {0};
    hash_chain(digest, 0);
    assert_memory_equal(digest, zeros, sizeof digest);
    uint8_t expected[32];
    infinity_sha256(expected, zeros, sizeof zeros);
    hash_chain(digest, 1);
    assert_memory_equal(digest, expected, sizeof digest);
    infinity_sha256(expected, expected, sizeof expected);
    infinity_sha256(expected, expected, sizeof expected);
    hash_chain(digest, 2);
    assert_memory_equal(digest, expected, sizeof digest);
}

TEST(hashes_agree_with_published_values) {
    static const uint8_t keccak_empty[8] = {0xc5, 0xd2, 0x46, 0x01, 0x86, 0xf7, 0x23, 0x3c};
    static const uint8_t sha256_abc[8] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea};
    /* Keccak-256 and SHA-256 of 200 bytes 'a', where both need more than one block. */
    static const uint8_t keccak_200[8] = {0x96, 0xea, 0x54, 0x06, 0x1d, 0xef, 0x93, 0x6c};
    static const uint8_t sha256_200[8] = {0xc2, 0xa9, 0x08, 0xd9, 0x8f, 0x5d, 0xf9, 0x87};
    uint8_t out[32], text[200];
    memset(text, 'a', sizeof text);
    infinity_keccak256(out, "", 0);
    assert_memory_equal(out, keccak_empty, sizeof keccak_empty);
    infinity_sha256(out, "abc", 3);
    assert_memory_equal(out, sha256_abc, sizeof sha256_abc);
    infinity_keccak256(out, text, sizeof text);
    assert_memory_equal(out, keccak_200, sizeof keccak_200);
    infinity_sha256(out, text, sizeof text);
    assert_memory_equal(out, sha256_200, sizeof sha256_200);
}

TEST(modular_products_reduce) {
    uint64_t x[4] = {5, 0, 0, 0};
    const uint64_t y[4] = {7, 0, 0, 0}, m[4] = {12, 0, 0, 0}, none[4] = {0};
    infinity_mulmod256(x, y, m);
    assert_int_equal(x[0], 35 % 12);
    uint64_t ones[4] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    const uint64_t minus_one[4] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    infinity_mulmod256(ones, minus_one, none); /* (-1)^2 mod 2^256 */
    assert_int_equal(ones[0], 1);
    assert_int_equal(ones[3], 0);
    /* (2^256 - 2)^2 mod (2^256 - 1) = 1 */
    uint64_t two_less[4] = {UINT64_MAX - 1, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    const uint64_t factor[4] = {UINT64_MAX - 1, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    infinity_mulmod256(two_less, factor, minus_one);
    assert_int_equal(two_less[0], 1);
    assert_int_equal(two_less[1] | two_less[2] | two_less[3], 0);
}

static struct order_book book;

static struct order order_of(uint64_t id, enum side side, uint64_t price, uint64_t quantity) {
    return (struct order){id, price, quantity, side};
}

static void clear_book(void) {
    book.sides[BID].count = book.sides[ASK].count = 0;
}

static void rest_order(uint64_t id, enum side side, uint64_t price, uint64_t quantity) {
    const struct order order = order_of(id, side, price, quantity);
    assert_true(order_book_rest(&book, &order));
}

static void assert_match(struct order *order, uint64_t maker, uint64_t price, uint64_t quantity) {
    struct match match;
    assert_true(order_book_match(&book, &match, order));
    assert_int_equal(match.maker, maker);
    assert_int_equal(match.taker, order->id);
    assert_int_equal(match.price, price);
    assert_int_equal(match.quantity, quantity);
}

TEST(the_best_price_trades_first_and_at_one_price_the_oldest) {
    struct match match;
    clear_book();
    rest_order(1, ASK, 102, 5);
    rest_order(2, ASK, 101, 5);
    rest_order(3, ASK, 101, 5);
    rest_order(4, ASK, 103, 5);
    struct order bid = order_of(9, BID, 102, 12);
    assert_match(&bid, 2, 101, 5);
    assert_match(&bid, 3, 101, 5);
    assert_match(&bid, 1, 102, 2);
    assert_false(order_book_match(&book, &match, &bid)); /* nothing is left of it */
    struct order low = order_of(10, BID, 101, 1);
    assert_false(order_book_match(&book, &match, &low)); /* 102 is too dear */

    clear_book();
    rest_order(1, BID, 99, 5);
    rest_order(2, BID, 100, 5);
    rest_order(3, BID, 100, 5);
    struct order ask = order_of(9, ASK, 99, 20);
    assert_match(&ask, 2, 100, 5);
    assert_match(&ask, 3, 100, 5);
    assert_match(&ask, 1, 99, 5);
    assert_false(order_book_match(&book, &match, &ask));
    assert_int_equal(ask.quantity, 5);
}

static uint8_t list[8 * ORDER_WORDS * WORD];

static size_t encode_list(const struct order *orders, size_t count) {
    for (size_t i = 0; i < count; i++) {
        order_encode(list + i * ORDER_WORDS * WORD, &orders[i]);
    }
    return count;
}

TEST(a_list_out_of_order_is_no_book) {
    const struct order lists[][2] = {
        {{1, 100, 1, ASK}, {2, 99, 1, BID}},  /* asks before bids */
        {{1, 99, 1, BID}, {2, 100, 1, BID}},  /* worse bid first */
        {{1, 101, 1, ASK}, {2, 100, 1, ASK}}, /* worse ask first */
        {{1, 100, 1, BID}, {2, 100, 1, ASK}}, /* they would have traded */
        {{1, 100, 0, BID}, {2, 101, 1, ASK}}, /* nothing to trade */
        {{1, 0, 1, BID}, {2, 101, 1, ASK}},   /* no price */
    };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        assert_false(order_book_load(&book, list, encode_list(lists[i], 2)));
    }
    const struct order good[] = {{1, 100, 1, BID}, {2, 100, 2, BID}, {3, 101, 3, ASK}};
    assert_true(order_book_load(&book, list, encode_list(good, 3)));
    assert_int_equal(book.sides[BID].count, 2);
    list[WORD - 9] = 1; /* an id of 2^64 */
    assert_false(order_book_load(&book, list, 3));
    (void)encode_list(good, 3);
    list[2 * WORD - 1] = 2; /* a third side */
    assert_false(order_book_load(&book, list, 3));
}

TEST(the_root_of_a_loaded_book_is_the_root_of_its_list) {
    const struct order good[] = {
        {1, 100, 1, BID}, {2, 100, 2, BID}, {9, 98, 7, BID}, {3, 101, 3, ASK}, {4, 101, 1, ASK}};
    uint8_t of_list[32], of_book[32];
    const size_t count = encode_list(good, ARRAY_LEN(good));
    assert_true(order_book_load(&book, list, count));
    order_book_root_of(of_list, list, count);
    order_book_root(of_book, &book);
    assert_memory_equal(of_list, of_book, sizeof of_list);
    /* An empty list's root, as Solidity has it: keccak256(abi.encode(new Order[](0))). */
    static const uint8_t empty[4] = {0x56, 0x9e, 0x75, 0xfc};
    order_book_root_of(of_list, list, 0);
    assert_memory_equal(of_list, empty, sizeof empty);
    clear_book();
    order_book_root(of_book, &book);
    assert_memory_equal(of_list, of_book, sizeof of_list);
}

TEST(a_full_side_takes_no_more) {
    clear_book();
    for (uint64_t i = 0; i < ORDER_BOOK_MAX; i++) {
        rest_order(i, BID, 1 + i % 7, 1);
    }
    const struct order order = order_of(1, BID, 1, 1);
    assert_false(order_book_rest(&book, &order));
}

/* y^2 = x^3 + 7 */
static void expect_on_secp256k1(const uint64_t point[8]) {
    static const uint64_t p[4] = {0xfffffffefffffc2f, UINT64_MAX, UINT64_MAX, UINT64_MAX};
    uint64_t left[4], right[8];
    memcpy(left, point + 4, sizeof left);
    infinity_mulmod256(left, point + 4, p);
    memcpy(right, point, sizeof left);
    infinity_mulmod256(right, point, p);
    infinity_mulmod256(right, point, p);
    right[0] += 7; /* the numbers below do not wrap here */
    assert_memory_equal(left, right, sizeof left);
}

TEST(points_without_the_machine_are_those_of_the_standard) {
    static const uint64_t generator[8] = {
        0x59f2815b16f81798, 0x029bfcdb2dce28d9, 0x55a06295ce870b07, 0x79be667ef9dcbbac,
        0x9c47d08ffb10d4b8, 0xfd17b448a6855419, 0x5da4fbfc0e1108a8, 0x483ada7726a3c465};
    /* 2 G of P-256, from its usual test vectors. */
    static const uint64_t p256_generator[8] = {
        0xf4a13945d898c296, 0x77037d812deb33a0, 0xf8bce6e563a440f2, 0x6b17d1f2e12c4247,
        0xcbb6406837bf51f5, 0x2bce33576b315ece, 0x8ee7eb4a7c0f9e16, 0x4fe342e2fe1a7f9b};
    static const uint64_t p256_twice_x[4] = {
        0xa60b48fc47669978, 0xc08969e277f21b35, 0x8a52380304b51ac3, 0x7cf27b188d034f7e};
    uint64_t two[8], four[8], sum[8];
    memcpy(two, generator, sizeof two);
    infinity_secp256k1_double(two);
    expect_on_secp256k1(two);
    memcpy(four, two, sizeof four);
    infinity_secp256k1_double(four);
    memcpy(sum, two, sizeof sum);
    infinity_secp256k1_add(sum, generator);
    expect_on_secp256k1(sum);
    infinity_secp256k1_add(sum, generator);
    assert_memory_equal(sum, four, sizeof sum);
    memcpy(two, p256_generator, sizeof two);
    infinity_p256_double(two);
    assert_memory_equal(two, p256_twice_x, sizeof p256_twice_x);
    memcpy(four, two, sizeof four);
    infinity_p256_double(four);
    memcpy(sum, two, sizeof sum);
    infinity_p256_add(sum, p256_generator);
    infinity_p256_add(sum, p256_generator);
    assert_memory_equal(sum, four, sizeof sum);
}

TEST_MAIN(
    TEST_CASE(square_roots_of_edges_are_rounded_down),
    TEST_CASE(the_root_squared_is_not_above_the_number_and_the_next_one_is),
    TEST_CASE(a_chain_of_one_is_sha256_and_of_none_the_seed),
    TEST_CASE(hashes_agree_with_published_values),
    TEST_CASE(modular_products_reduce),
    TEST_CASE(the_best_price_trades_first_and_at_one_price_the_oldest),
    TEST_CASE(a_list_out_of_order_is_no_book),
    TEST_CASE(the_root_of_a_loaded_book_is_the_root_of_its_list),
    TEST_CASE(points_without_the_machine_are_those_of_the_standard),
    TEST_CASE(a_full_side_takes_no_more)
)
