#include "order_book.h"

#include <infinity.h>

#include <string.h>

bool word_load(uint64_t *value, const uint8_t word[WORD]) {
    uint64_t v = 0;
    for (int i = 0; i < WORD; i++) {
        if (i < WORD - 8 && word[i] != 0) return false;
        v = v << 8 | word[i];
    }
    *value = v;
    return true;
}

void word_store(uint8_t word[WORD], uint64_t value) {
    memset(word, 0, WORD);
    for (int i = 0; i < 8; i++) {
        word[WORD - 1 - i] = (uint8_t)(value >> (8 * i));
    }
}

bool order_decode(struct order *order, const uint8_t *words) {
    uint64_t side;
    if (!word_load(&order->id, words) || !word_load(&side, words + WORD) ||
        !word_load(&order->price, words + 2 * (size_t)WORD) ||
        !word_load(&order->quantity, words + 3 * (size_t)WORD)) {
        return false;
    }
    order->side = side == BID ? BID : ASK;
    return side <= ASK && order->price > 0 && order->quantity > 0;
}

void order_encode(uint8_t words[ORDER_WORDS * WORD], const struct order *order) {
    word_store(words, order->id);
    word_store(words + WORD, order->side);
    word_store(words + 2 * (size_t)WORD, order->price);
    word_store(words + 3 * (size_t)WORD, order->quantity);
}

/* Whether a's price is better for the other side of the market than b's. */
static bool better(const struct order *a, const struct order *b) {
    return a->side == BID ? a->price > b->price : a->price < b->price;
}

bool order_book_rest(struct order_book *book, const struct order *order) {
    struct book_side *side = &book->sides[order->side];
    if (side->count == ORDER_BOOK_MAX) return false;
    /* Orders at the same price are older, so they stay nearer to the end. */
    size_t at = side->count;
    while (at > 0 && !better(order, &side->orders[at - 1])) {
        at--;
    }
    memmove(&side->orders[at + 1], &side->orders[at], (side->count - at) * sizeof *order);
    side->orders[at] = *order;
    side->count++;
    return true;
}

bool order_book_match(struct order_book *book, struct match *match, struct order *order) {
    struct book_side *opposite = &book->sides[order->side == BID ? ASK : BID];
    if (order->quantity == 0 || opposite->count == 0) return false;
    struct order *best = &opposite->orders[opposite->count - 1];
    const bool crosses =
        order->side == BID ? order->price >= best->price : order->price <= best->price;
    if (!crosses) return false;

    const uint64_t quantity = order->quantity < best->quantity ? order->quantity : best->quantity;
    *match = (struct match){best->id, order->id, best->price, quantity};
    order->quantity -= quantity;
    best->quantity -= quantity;
    if (best->quantity == 0) opposite->count--;
    return true;
}

/* Whether b may stand behind a in a book's list. */
static bool in_order(const struct order *a, const struct order *b) {
    if (a->side != b->side) return a->side == BID;
    return !better(b, a);
}

bool order_book_load(struct order_book *book, const uint8_t *data, size_t count) {
    struct order before = {0}, order;
    book->sides[BID].count = book->sides[ASK].count = 0;
    for (size_t i = 0; i < count; i++) {
        if (!order_decode(&order, data + i * ORDER_WORDS * WORD)) return false;
        if (i > 0 && !in_order(&before, &order)) return false;
        /* The list has the best order first and a side the worst: fill it backwards, turn below. */
        struct book_side *side = &book->sides[order.side];
        if (side->count == ORDER_BOOK_MAX) return false;
        side->orders[side->count++] = order;
        before = order;
    }
    for (int s = BID; s <= ASK; s++) {
        struct book_side *side = &book->sides[s];
        for (size_t i = 0; i < side->count / 2; i++) {
            const struct order swapped = side->orders[i];
            side->orders[i] = side->orders[side->count - 1 - i];
            side->orders[side->count - 1 - i] = swapped;
        }
    }
    /* A book that crosses itself cannot come from matching. */
    const struct book_side *bids = &book->sides[BID], *asks = &book->sides[ASK];
    if (bids->count == 0 || asks->count == 0) return true;
    return bids->orders[bids->count - 1].price < asks->orders[asks->count - 1].price;
}

/* abi.encode of one dynamic array: its offset, its length, its elements. */
static void start_list(struct infinity_keccak *hasher, size_t count) {
    uint8_t head[2 * WORD];
    word_store(head, WORD);
    word_store(head + WORD, count);
    infinity_keccak_start(hasher);
    infinity_keccak_add(hasher, head, sizeof head);
}

void order_book_root_of(uint8_t root[32], const uint8_t *data, size_t count) {
    struct infinity_keccak hasher;
    start_list(&hasher, count);
    infinity_keccak_add(&hasher, data, count * ORDER_WORDS * WORD);
    infinity_keccak_finish(&hasher, root);
}

void order_book_root(uint8_t root[32], const struct order_book *book) {
    struct infinity_keccak hasher;
    start_list(&hasher, book->sides[BID].count + book->sides[ASK].count);
    for (int s = BID; s <= ASK; s++) {
        const struct book_side *side = &book->sides[s];
        for (size_t i = side->count; i-- > 0;) {
            uint8_t words[ORDER_WORDS * WORD];
            order_encode(words, &side->orders[i]);
            infinity_keccak_add(&hasher, words, sizeof words);
        }
    }
    infinity_keccak_finish(&hasher, root);
}
