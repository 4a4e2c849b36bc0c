/* matching: an exchange's step: new orders against a book whose commitment the chain holds.
 *
 * On-chain input: abi.encode(bytes32 stateRoot, Order[] orders, Order[] book); types, the order of
 * the book and its root are in order_book.h. Orders are taken as they come.
 * Output: abi.encode(bytes32 newStateRoot, Match[] matches).
 * Exit codes: 2 the input is not that, 3 the book does not have the root, 4 too many orders.
 */
#include "order_book.h"

#include <infinity.h>

#include <string.h>

enum { EXIT_BAD_INPUT = 2, EXIT_WRONG_ROOT = 3, EXIT_TOO_MANY = 4 };

enum { ORDER_SIZE = ORDER_WORDS * WORD, MATCH_SIZE = 4 * WORD, MATCHES_MAX = 2 * ORDER_BOOK_MAX };

struct list {
    const uint8_t *data; /* elements */
    size_t count;
};

/* The Order[] whose offset stands in the word at `slot`: false unless it is at `expected`, where
 * canonical encoding puts it, and lies inside the input. */
static bool read_list(struct list *list, struct infinity_span input, size_t slot, size_t expected) {
    uint64_t offset, count;
    if (!word_load(&offset, input.data + slot) || offset != expected) return false;
    if (offset > input.size - WORD || !word_load(&count, input.data + offset)) return false;
    const size_t room = input.size - offset - WORD;
    if (count > room / ORDER_SIZE) return false;
    *list = (struct list){input.data + offset + WORD, count};
    return true;
}

static struct order_book book;
static uint8_t matches[MATCHES_MAX * MATCH_SIZE];

/* Runs one order; *match_count grows. Answers 0 or the exit code. */
static int take_order(size_t *match_count, struct order *order) {
    struct match match;
    while (order_book_match(&book, &match, order)) {
        if (*match_count == MATCHES_MAX) return EXIT_TOO_MANY;
        uint8_t *words = matches + *match_count * MATCH_SIZE;
        word_store(words, match.maker);
        word_store(words + WORD, match.taker);
        word_store(words + 2 * (size_t)WORD, match.price);
        word_store(words + 3 * (size_t)WORD, match.quantity);
        (*match_count)++;
    }
    if (order->quantity > 0 && !order_book_rest(&book, order)) return EXIT_TOO_MANY;
    return 0;
}

int main(void) {
    const struct infinity_span input = infinity_onchain_input();
    struct list orders, resting;
    if (input.size < 5 * (size_t)WORD) return EXIT_BAD_INPUT;
    if (!read_list(&orders, input, WORD, 3 * (size_t)WORD)) return EXIT_BAD_INPUT;
    const size_t book_at = 4 * (size_t)WORD + orders.count * ORDER_SIZE;
    if (!read_list(&resting, input, 2 * (size_t)WORD, book_at)) return EXIT_BAD_INPUT;
    if (book_at + WORD + resting.count * ORDER_SIZE != input.size) return EXIT_BAD_INPUT;
    if (resting.count > 2 * ORDER_BOOK_MAX) return EXIT_TOO_MANY;

    uint8_t root[WORD];
    order_book_root_of(root, resting.data, resting.count);
    if (memcmp(root, input.data, sizeof root) != 0) return EXIT_WRONG_ROOT;
    if (!order_book_load(&book, resting.data, resting.count)) return EXIT_BAD_INPUT;

    size_t match_count = 0;
    for (size_t i = 0; i < orders.count; i++) {
        struct order order;
        if (!order_decode(&order, orders.data + i * ORDER_SIZE)) return EXIT_BAD_INPUT;
        const int code = take_order(&match_count, &order);
        if (code != 0) return code;
    }

    order_book_root(root, &book);
    uint8_t head[2 * WORD];
    word_store(head, 2 * (uint64_t)WORD);
    word_store(head + WORD, match_count);
    write_output(root, sizeof root);
    write_output(head, sizeof head);
    write_output(matches, match_count * MATCH_SIZE);
    return 0;
}
