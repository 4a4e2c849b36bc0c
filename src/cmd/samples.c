#include "cmd/samples.h"

#include "base/checked.h"
#include "base/u256.h"
#include "codec/abi.h"
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "crypto/sha256.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* Text in the making, in an arena. */
enum { TEXT_MAX = 1 << 16 };

struct text {
    char *data;
    size_t len;
};

static struct text text_begin(struct arena *arena) {
    return (struct text){ARENA_ARRAY(arena, char, TEXT_MAX), 0};
}

__attribute__((format(printf, 2, 3))) static void text_add(
    struct text *text, const char *format, ...
) {
    va_list args;
    va_start(args, format);
    const int len = vsnprintf(text->data + text->len, TEXT_MAX - text->len, format, args);
    va_end(args);
    ASSERT(len >= 0);
    text->len += (size_t)len < TEXT_MAX - text->len ? (size_t)len : TEXT_MAX - text->len - 1;
}

static const char *hex_text(struct arena *arena, struct bytes data) {
    char *out = ARENA_ARRAY(arena, char, HEX_TEXT_SIZE(data.len) + 1);
    (void)hex_encode(out, data);
    return out;
}

/* splitmix64 */
static uint64_t draw(uint64_t *seed) {
    uint64_t z = *seed += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

/* ---- sqrt: a decimal number to its integer square root ---- */

static const char *sqrt_read(struct arena *arena, struct bytes *onchain, const char *text) {
    struct u256 number;
    if (!u256_from_decimal(&number, bytes_from(text, strlen(text)))) {
        return "the number is not decimal, or does not fit in 256 bits";
    }
    uint8_t word[ABI_WORD];
    u256_to_be(word, &number);
    *onchain = arena_copy(arena, BYTES_OF(word));
    return NULL;
}

static const char *sqrt_show(struct arena *arena, struct bytes output) {
    if (output.len != ABI_WORD) return NULL;
    const struct u256 root = u256_from_be(output.data);
    char *text = ARENA_ARRAY(arena, char, 80);
    (void)u256_to_decimal(text, &root);
    return text;
}

/* Newton's iteration from above: it falls until it reaches the root. */
static struct bytes sqrt_expect(struct arena *arena, struct bytes onchain) {
    ASSERT(onchain.len == ABI_WORD);
    const struct u256 number = u256_from_be(onchain.data);
    struct u256 root = U256_ZERO;
    if (!u256_is_zero(&number)) {
        struct u256 next, quotient;
        u256_shl(&next, &U256_ONE, (unsigned)((u256_bit_length(&number) + 1) / 2));
        do {
            root = next;
            u256_divmod(&quotient, NULL, &number, &root);
            (void)u256_add_wrapping(&next, &root, &quotient);
            u256_shr(&next, &next, 1);
        } while (u256_less(&next, &root));
    }
    uint8_t word[ABI_WORD];
    u256_to_be(word, &root);
    return arena_copy(arena, BYTES_OF(word));
}

static const char *sqrt_draw(struct arena *arena, uint64_t *seed) {
    struct u256 number = {{draw(seed), draw(seed), draw(seed), draw(seed)}};
    u256_shr(&number, &number, (unsigned)(draw(seed) % 256));
    char *text = ARENA_ARRAY(arena, char, 80);
    (void)u256_to_decimal(text, &number);
    return text;
}

/* ---- sha256_chain: "seed:rounds" to the last digest ---- */

static const char *chain_read(struct arena *arena, struct bytes *onchain, const char *text) {
    const char *colon = strchr(text, ':');
    struct hash seed;
    if (colon == NULL ||
        hex_decode_hash(&seed, bytes_from(text, (size_t)(colon - text))) != HEX_VALID) {
        return "the seed is not 0x and 64 hex digits before a colon";
    }
    struct u256 rounds;
    const char *digits = colon + 1;
    if (!u256_from_decimal(&rounds, bytes_from(digits, strlen(digits))) ||
        !u256_fits_u64(&rounds)) {
        return "the number of rounds is not decimal below 2^64";
    }
    struct abi_writer writer = abi_writer_in(arena, 2 * ABI_WORD);
    struct abi_tuple tuple = abi_begin(&writer, 2);
    abi_put_hash(&writer, &tuple, &seed);
    abi_put_u256(&writer, &tuple, &rounds);
    abi_end(&writer, &tuple);
    *onchain = abi_written(&writer);
    return NULL;
}

static const char *chain_show(struct arena *arena, struct bytes output) {
    return output.len == sizeof(struct hash) ? hex_text(arena, output) : NULL;
}

static struct bytes chain_expect(struct arena *arena, struct bytes onchain) {
    struct abi_reader reader = abi_read(onchain, ABI_CANONICAL);
    struct hash digest;
    uint64_t rounds;
    abi_read_hash(&reader, &digest);
    abi_read_u64(&reader, &rounds);
    ASSERT(abi_finish(&reader) == ABI_VALID);
    for (uint64_t i = 0; i < rounds; i++) {
        sha256(&digest, BYTES_OF(digest));
    }
    return arena_copy(arena, BYTES_OF(digest));
}

static const char *chain_draw(struct arena *arena, uint64_t *seed) {
    enum { ROUNDS_MAX = 2000 };
    const uint64_t start[4] = {draw(seed), draw(seed), draw(seed), draw(seed)};
    struct text text = text_begin(arena);
    text_add(&text, "%s:%" PRIu64, hex_text(arena, BYTES_OF(start)), draw(seed) % (ROUNDS_MAX + 1));
    return text.data;
}

/* ---- matching: "book/orders" to the new root and the trades ---- */

/* A list of the notation holds up to LIST_MAX orders; a book may grow by as many. */
enum {
    LIST_MAX = 256,
    BOOK_MAX = 2 * LIST_MAX,
    ORDER_WORDS = 4,
    TRADE_WORDS = 4,
    BID = 0,
    ASK = 1
};

struct order {
    uint64_t id, side, price, quantity;
};

struct trade {
    uint64_t maker, taker, price, quantity;
};

struct list {
    size_t count;
    struct order orders[BOOK_MAX];
};

/* Decimal digits at *text, which moves behind them; false where there are none or too many. */
static bool read_number(uint64_t *value, const char **text) {
    const char *start = *text;
    *value = 0;
    for (; **text >= '0' && **text <= '9'; (*text)++) {
        if (!mul_u64(value, *value, 10)) return false;
        if (!add_u64(value, *value, (uint64_t)(**text - '0'))) return false;
    }
    return *text != start;
}

/* "b7:100x5": bid 7, five at a price of 100. Answers the text behind it, or NULL. */
static const char *read_order(struct order *order, const char *text) {
    if (*text != 'b' && *text != 'a') return NULL;
    order->side = *text++ == 'b' ? BID : ASK;
    if (!read_number(&order->id, &text) || *text++ != ':') return NULL;
    if (!read_number(&order->price, &text) || *text++ != 'x') return NULL;
    if (!read_number(&order->quantity, &text)) return NULL;
    return order->price > 0 && order->quantity > 0 ? text : NULL;
}

/* Orders with commas between them, up to the character stop. */
static const char *read_list(struct list *list, const char *text, char stop) {
    list->count = 0;
    while (*text != stop && *text != 0) {
        if (list->count == LIST_MAX) return NULL;
        text = read_order(&list->orders[list->count], text);
        if (text == NULL) return NULL;
        list->count++;
        if (*text == ',') {
            text++;
        } else if (*text != stop) {
            return NULL;
        }
    }
    return text;
}

/* Where an order stands in a book: bids before asks, the better price first. */
static bool stands_before(const struct order *a, const struct order *b) {
    if (a->side != b->side) return a->side < b->side;
    return a->side == BID ? a->price > b->price : a->price < b->price;
}

/* A stable sort by insertion, so that equal prices keep their age. */
static void sort_book(struct list *book) {
    for (size_t i = 1; i < book->count; i++) {
        const struct order order = book->orders[i];
        size_t at = i;
        for (; at > 0 && stands_before(&order, &book->orders[at - 1]); at--) {
            book->orders[at] = book->orders[at - 1];
        }
        book->orders[at] = order;
    }
}

static void put_list(struct abi_writer *writer, struct abi_tuple *tuple, const struct list *list) {
    struct abi_tuple array = abi_begin_array(writer, tuple, list->count, ORDER_WORDS);
    for (size_t i = 0; i < list->count; i++) {
        const struct order *order = &list->orders[i];
        abi_put_u64(writer, &array, order->id);
        abi_put_u64(writer, &array, order->side);
        abi_put_u64(writer, &array, order->price);
        abi_put_u64(writer, &array, order->quantity);
    }
    abi_end(writer, &array);
}

/* keccak256(abi.encode(Order[])) */
static void root_of(struct hash *root, struct arena *arena, const struct list *book) {
    struct abi_writer writer = abi_writer_in(arena, ABI_WORD);
    struct abi_tuple tuple = abi_begin(&writer, 1);
    put_list(&writer, &tuple, book);
    abi_end(&writer, &tuple);
    keccak256(root, abi_written(&writer));
}

static const char *matching_read(struct arena *arena, struct bytes *onchain, const char *text) {
    struct list *book = ARENA_NEW(arena, struct list), *orders = ARENA_NEW(arena, struct list);
    const char *rest = read_list(book, text, '/');
    if (rest != NULL) rest = *rest == '/' ? read_list(orders, rest + 1, 0) : NULL;
    if (rest == NULL) {
        return "not a list of at most 256 resting orders, a slash, and a list of new ones "
               "(b7:100x5 is bid 7, five at 100; a8:101x2 an ask)";
    }
    sort_book(book);
    struct hash root;
    root_of(&root, arena, book);
    struct abi_writer writer = abi_writer_in(arena, ABI_WORD);
    struct abi_tuple tuple = abi_begin(&writer, 3);
    abi_put_hash(&writer, &tuple, &root);
    put_list(&writer, &tuple, orders);
    put_list(&writer, &tuple, book);
    abi_end(&writer, &tuple);
    *onchain = abi_written(&writer);
    return NULL;
}

static const char *matching_show(struct arena *arena, struct bytes output) {
    struct abi_reader reader = abi_read(output, ABI_CANONICAL);
    struct hash root;
    size_t count;
    abi_read_hash(&reader, &root);
    struct text text = text_begin(arena);
    text_add(&text, "root %s", hex_text(arena, BYTES_OF(root)));
    const struct abi_scope scope = abi_enter_array(&reader, &count, TRADE_WORDS);
    for (size_t i = 0; i < count; i++) {
        uint64_t maker, taker, price, quantity;
        abi_read_u64(&reader, &maker);
        abi_read_u64(&reader, &taker);
        abi_read_u64(&reader, &price);
        abi_read_u64(&reader, &quantity);
        text_add(
            &text, ", %" PRIu64 " x %" PRIu64 " at %" PRIu64 " from %" PRIu64, taker, quantity,
            price, maker
        );
    }
    abi_leave(&reader, scope);
    return abi_finish(&reader) == ABI_VALID ? text.data : NULL;
}

static void get_list(struct abi_reader *reader, struct list *list) {
    const struct abi_scope scope = abi_enter_array(reader, &list->count, ORDER_WORDS);
    ASSERT(list->count <= BOOK_MAX);
    for (size_t i = 0; i < list->count; i++) {
        abi_read_u64(reader, &list->orders[i].id);
        abi_read_u64(reader, &list->orders[i].side);
        abi_read_u64(reader, &list->orders[i].price);
        abi_read_u64(reader, &list->orders[i].quantity);
    }
    abi_leave(reader, scope);
}

/* The first of the opposite orders, in a sorted book, that this order trades with; or book->count. */
static size_t find_partner(const struct list *book, const struct order *order) {
    for (size_t i = 0; i < book->count; i++) {
        const struct order *resting = &book->orders[i];
        if (resting->side == order->side) continue;
        const bool crosses =
            order->side == BID ? resting->price <= order->price : resting->price >= order->price;
        return crosses ? i : book->count;
    }
    return book->count;
}

static struct bytes matching_expect(struct arena *arena, struct bytes onchain) {
    struct list *book = ARENA_NEW(arena, struct list), *orders = ARENA_NEW(arena, struct list);
    struct abi_reader reader = abi_read(onchain, ABI_CANONICAL);
    struct hash root;
    abi_read_hash(&reader, &root);
    get_list(&reader, orders);
    get_list(&reader, book);
    ASSERT(abi_finish(&reader) == ABI_VALID);

    /* Each trade uses up a new order or an order of the book, where a new one may have gone. */
    struct trade *trades = ARENA_ARRAY(arena, struct trade, (size_t)LIST_MAX + BOOK_MAX);
    size_t trade_count = 0;
    for (size_t i = 0; i < orders->count; i++) {
        struct order order = orders->orders[i];
        size_t at;
        while (order.quantity > 0 && (at = find_partner(book, &order)) < book->count) {
            struct order *maker = &book->orders[at];
            const uint64_t quantity =
                maker->quantity < order.quantity ? maker->quantity : order.quantity;
            trades[trade_count++] = (struct trade){maker->id, order.id, maker->price, quantity};
            order.quantity -= quantity;
            maker->quantity -= quantity;
            if (maker->quantity > 0) continue;
            memmove(maker, maker + 1, (book->count - at - 1) * sizeof *maker);
            book->count--;
        }
        if (order.quantity == 0) continue;
        ASSERT(book->count < BOOK_MAX);
        book->orders[book->count++] = order;
        sort_book(book);
    }
    root_of(&root, arena, book);

    struct abi_writer writer = abi_writer_in(arena, ABI_WORD);
    struct abi_tuple tuple = abi_begin(&writer, 2);
    abi_put_hash(&writer, &tuple, &root);
    struct abi_tuple array = abi_begin_array(&writer, &tuple, trade_count, TRADE_WORDS);
    for (size_t i = 0; i < trade_count; i++) {
        abi_put_u64(&writer, &array, trades[i].maker);
        abi_put_u64(&writer, &array, trades[i].taker);
        abi_put_u64(&writer, &array, trades[i].price);
        abi_put_u64(&writer, &array, trades[i].quantity);
    }
    abi_end(&writer, &array);
    abi_end(&writer, &tuple);
    return abi_written(&writer);
}

/* Resting bids stay below the price at which resting asks begin; new orders go where they like. */
static const char *matching_draw(struct arena *arena, uint64_t *seed) {
    enum { RESTING_MAX = 12, NEW_MAX = 20, MIDDLE = 100, SPREAD = 8, QUANTITY_MAX = 9 };
    struct text text = text_begin(arena);
    uint64_t id = 1;
    const uint64_t resting = draw(seed) % (RESTING_MAX + 1), fresh = 1 + draw(seed) % NEW_MAX;
    for (uint64_t i = 0; i < resting + fresh; i++) {
        const bool bid = draw(seed) % 2 == 0;
        uint64_t price = MIDDLE - SPREAD + draw(seed) % (2 * SPREAD);
        if (i < resting) price = bid ? MIDDLE - price % SPREAD - 1 : MIDDLE + price % SPREAD;
        const char *separator = i == 0 || i == resting ? "" : ",";
        text_add(
            &text, "%s%s%c%" PRIu64 ":%" PRIu64 "x%" PRIu64, i == resting ? "/" : "", separator,
            bid ? 'b' : 'a', id++, price, 1 + draw(seed) % QUANTITY_MAX
        );
    }
    return text.data;
}

const struct sample samples[] = {
    {"sqrt", "a decimal number below 2^256", "1764", sqrt_read, sqrt_show, sqrt_expect, sqrt_draw},
    {"sha256_chain", "SEED:ROUNDS, a 32-byte seed as 0x-hex and a decimal number",
     "0x0000000000000000000000000000000000000000000000000000000000000000:1000", chain_read,
     chain_show, chain_expect, chain_draw},
    {"matching",
     "BOOK/ORDERS, lists such as b7:100x5,a8:101x2 (bid 7, five at 100; ask 8, two at 101)",
     "b1:99x5,a2:101x3,a3:102x4/b4:102x5", matching_read, matching_show, matching_expect,
     matching_draw},
};

const size_t sample_count = ARRAY_LEN(samples);

const struct sample *sample_find(const char *name) {
    for (size_t i = 0; i < sample_count; i++) {
        if (strcmp(samples[i].name, name) == 0) return &samples[i];
    }
    return NULL;
}
