/* order_book: a limit order book with price-time priority, and its commitment.
 *
 * A book is a list of resting orders: bids before asks, on each side the best price first, at one
 * price the oldest first. Its root is keccak256(abi.encode(Order[])) of that list, where
 *
 *     struct Order { uint64 id; uint8 side; uint64 price; uint64 quantity; }    // side: 0 bid, 1 ask
 *     struct Match { uint64 maker; uint64 taker; uint64 price; uint64 quantity; }
 *
 * A new order trades with the best opposite orders as long as their price is not worse than its own,
 * at the resting order's price; what is left of it rests.
 */
#ifndef ORDER_BOOK_H
#define ORDER_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ORDER_BOOK_MAX = 1024, /* resting orders on one side */ ORDER_WORDS = 4, WORD = 32 };

enum side { BID = 0, ASK = 1 };

struct order {
    uint64_t id, price, quantity;
    enum side side;
};

struct match {
    uint64_t maker, taker, price, quantity;
};

/* One side, worst first: the best order is the last one, where it is taken from cheaply. */
struct book_side {
    size_t count;
    struct order orders[ORDER_BOOK_MAX];
};

struct order_book {
    struct book_side sides[2];
};

/* Puts an order to rest behind those that are better or older; false when its side is full. */
bool order_book_rest(struct order_book *book, const struct order *order);

/* The best opposite order that *order trades with now: fills *match, takes the quantity from both.
 * false when there is none. */
bool order_book_match(struct order_book *book, struct match *match, struct order *order);

/* Whether the orders of data (count of ORDER_WORDS words each, as abi.encode lays them out) are a
 * book in its own order; if so *book holds it. */
bool order_book_load(struct order_book *book, const uint8_t *data, size_t count);

/* One order from its words: false unless each word fits its type, side is 0 or 1, and price and
 * quantity are above 0. */
bool order_decode(struct order *order, const uint8_t *words);
void order_encode(uint8_t words[ORDER_WORDS * WORD], const struct order *order);

/* The root of a list that is encoded already: count orders at data. */
void order_book_root_of(uint8_t root[32], const uint8_t *data, size_t count);

/* The root of the book as it stands. */
void order_book_root(uint8_t root[32], const struct order_book *book);

/* A big-endian word of 32 bytes: false unless it is below 2^64. */
bool word_load(uint64_t *value, const uint8_t word[WORD]);
void word_store(uint8_t word[WORD], uint64_t value);

#endif
