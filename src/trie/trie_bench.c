/* trie_bench: what a batch of changed keys costs in a large trie.
 *
 *   trie_bench [keys in the trie] [batches]
 *
 * Prints, for batches of several sizes over random keys that exist, the time a key, the nodes read
 * and written a key, and what part of that time keccak would take for those nodes one by one. Times
 * are those of the processor.
 */
#include "base/test_heap.h"
#include "crypto/keccak.h"
#include "trie/trie_update.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { LEAF_SIZE = 72, BATCH_MAX = 1024 };

/* Nodes by path in an open-addressed table. */
struct table {
    struct {
        struct bytes path, node;
    } * items;
    size_t mask;
    size_t reads;
    struct arena *arena;
};

static size_t table_slot(const struct table *table, struct bytes path) {
    uint64_t mixed = path.len + 1;
    for (size_t i = 0; i < path.len; i++) {
        mixed = (mixed ^ path.data[i]) * 0x9e3779b97f4a7c15ULL;
    }
    size_t slot = (mixed ^ mixed >> 29) & table->mask;
    while (table->items[slot].node.len != 0 && !bytes_equal(table->items[slot].path, path)) {
        slot = (slot + 1) & table->mask;
    }
    return slot;
}

static void table_put(void *ctx, struct bytes path, struct bytes node) {
    struct table *table = ctx;
    const size_t slot = table_slot(table, path);
    if (table->items[slot].node.len == node.len) { /* the usual case, and no memory lost */
        memcpy((uint8_t *)(uintptr_t)table->items[slot].node.data, node.data, node.len);
        return;
    }
    if (table->items[slot].node.len == 0) {
        table->items[slot].path = arena_copy(table->arena, path);
    }
    table->items[slot].node = arena_copy(table->arena, node);
}

static bool table_read(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    struct table *table = ctx;
    table->reads++;
    *rlp = table->items[table_slot(table, place->path)].node;
    return rlp->len > 0;
}

static uint64_t now_ns(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

static uint64_t random_u64(uint64_t *seed) {
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * 0x2545f4914f6cdd1dULL;
}

static int compare(const void *a, const void *b) {
    return memcmp(a, b, sizeof(struct hash));
}

static int compare_changes(const void *a, const void *b) {
    const struct trie_change *x = a, *y = b;
    return compare(&x->key, &y->key);
}

/* Distinct keys of the trie, ascending, with new values. */
static size_t draw(
    struct trie_change *changes,
    size_t count,
    const struct hash *keys,
    size_t key_count,
    const uint8_t *value,
    uint64_t *seed
) {
    for (size_t i = 0; i < count; i++) {
        changes[i].key = keys[random_u64(seed) % key_count];
        changes[i].value = bytes_from(value, LEAF_SIZE);
    }
    qsort(changes, count, sizeof *changes, compare_changes);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && hash_equal(&changes[kept - 1].key, &changes[i].key)) continue;
        changes[kept++] = changes[i];
    }
    return kept;
}

static void run(
    struct table *table,
    struct hash *root,
    const struct hash *keys,
    size_t key_count,
    size_t size,
    size_t batches,
    uint64_t *seed
) {
    static struct trie_change changes[BATCH_MAX];
    uint64_t update_ns = 0, hash_ns = 0;
    size_t changed = 0, written = 0;
    table->reads = 0;
    struct arena arena;
    arena_init(&arena, &test_heap);
    (void)arena_alloc(&arena, 1, 1); /* a chunk that stays, as in a node that has run for a while */
    for (size_t batch = 0; batch < batches; batch++) {
        uint8_t value[LEAF_SIZE];
        memset(value, (int)random_u64(seed), sizeof value);
        const size_t count = draw(changes, size, keys, key_count, value, seed);
        const struct arena_mark mark = arena_mark(&arena);
        struct trie_writes writes = {NULL, 0, 0};
        const struct trie_reader reader = {table_read, table};
        const struct trie_place place = {.hash = root};
        struct hash new_root;
        const uint64_t start = now_ns();
        const enum trie_verdict verdict =
            trie_update(&arena, &writes, &new_root, &reader, &place, changes, count);
        const uint64_t end = now_ns();
        ASSERT(verdict == TRIE_VALID);
        update_ns += end - start;
        changed += count;
        written += writes.count;
        const uint64_t hash_start = now_ns();
        struct hash ignored;
        for (size_t i = 0; i < writes.count; i++) {
            keccak256(&ignored, writes.items[i].node);
        }
        hash_ns += now_ns() - hash_start;
        for (size_t i = 0; i < writes.count; i++) {
            table_put(table, writes.items[i].path, writes.items[i].node);
        }
        *root = new_root;
        arena_rewind(&arena, mark);
    }
    arena_reset(&arena);
    const double keys_changed = (double)changed;
    printf(
        "%8zu keys in the trie, batch of %4zu: %7.0f ns a key, %.2f nodes read, %.2f written, "
        "keccak one by one %3.0f%%\n",
        key_count, size, (double)update_ns / keys_changed, (double)table->reads / keys_changed,
        (double)written / keys_changed, 100.0 * (double)hash_ns / (double)update_ns
    );
}

int main(int argc, char **argv) {
    const size_t key_count = argc > 1 ? (size_t)strtoul(argv[1], NULL, 10) : 100000;
    const size_t batches = argc > 2 ? (size_t)strtoul(argv[2], NULL, 10) : 200;
    if (key_count == 0) {
        (void)fprintf(stderr, "usage: trie_bench [keys in the trie] [batches]\n");
        return 2;
    }
    uint64_t seed = 42;
    struct arena arena;
    arena_init(&arena, &test_heap);
    struct hash *keys = malloc(key_count * sizeof *keys);
    ASSERT(keys != NULL);
    for (size_t i = 0; i < key_count; i++) {
        for (size_t k = 0; k < sizeof keys[i].bytes; k += 8) {
            store_le64(keys[i].bytes + k, random_u64(&seed));
        }
    }
    qsort(keys, key_count, sizeof *keys, compare);

    struct table table = {.mask = 1, .arena = &arena};
    while (table.mask < 4 * key_count) {
        table.mask = 2 * table.mask + 1;
    }
    table.items = calloc(table.mask + 1, sizeof *table.items);
    ASSERT(table.items != NULL);

    const struct trie_sink sink = {table_put, &table};
    struct arena building;
    arena_init(&building, &test_heap);
    struct trie_builder builder;
    trie_builder_init(&builder, &building, &sink);
    uint8_t value[LEAF_SIZE] = {1};
    const uint64_t start = now_ns();
    for (size_t i = 0; i < key_count; i++) {
        trie_builder_add(&builder, (struct trie_pair){BYTES_OF(keys[i].bytes), BYTES_OF(value)});
    }
    struct hash root;
    trie_builder_finish(&builder, &root);
    printf(
        "%8zu keys from scratch, nodes kept: %.0f ns a key\n", key_count,
        (double)(now_ns() - start) / (double)key_count
    );
    arena_reset(&building);

    static const size_t sizes[] = {1, 6, 100, BATCH_MAX};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        run(&table, &root, keys, key_count, sizes[i], batches, &seed);
    }
    free(table.items);
    free(keys);
    arena_reset(&arena);
    return 0;
}
