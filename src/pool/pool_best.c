/* Orders of the pooled transactions: for lists, and for a block's builder. */
#include "pool/entries.h"

#include <stdlib.h>

static int compare_senders(const void *a, const void *b) {
    const struct sender *const *x = a;
    const struct sender *const *y = b;
    return memcmp((*x)->address.bytes, (*y)->address.bytes, sizeof(*x)->address);
}

const struct pool_entry **pool_entries(
    const struct pool *pool, struct arena *arena, size_t *count
) {
    const struct pool_entry **entries =
        ARENA_ARRAY(arena, const struct pool_entry *, pool->entry_count);
    size_t sender_count = 0;
    for (const struct sender *sender = pool->newest; sender != NULL; sender = sender->older) {
        sender_count++;
    }
    const struct sender **senders = ARENA_ARRAY(arena, const struct sender *, sender_count);
    size_t n = 0;
    for (const struct sender *sender = pool->newest; sender != NULL; sender = sender->older) {
        senders[n++] = sender;
    }
    if (n != 0) qsort(senders, n, sizeof *senders, compare_senders);
    *count = 0;
    for (size_t s = 0; s < n; s++) {
        for (size_t i = 0; i < senders[s]->count; i++) {
            entries[(*count)++] = &senders[s]->entries[i]->shown;
        }
    }
    return entries;
}

/* One sender's pending transactions, from the next one on. */
struct run {
    struct entry *const *next;
    size_t left;
    struct u256 tip; /* effective, of the next */
};

struct pool_best {
    struct u256 base_fee;
    struct u256 blob_base_fee;
    struct run *runs; /* a heap: the best at 0 */
    size_t count;
    bool has_given; /* runs[0] gave the last entry, and has to move on */
};

static bool can_pay(const struct pool_best *best, const struct tx *tx) {
    if (u256_less(&tx->max_fee_per_gas, &best->base_fee)) return false;
    return tx->type != TX_TYPE_BLOB || !u256_less(&tx->max_fee_per_blob_gas, &best->blob_base_fee);
}

/* Whether the next entry of run can go into the block; sets its tip. */
static bool is_ready(const struct pool_best *best, struct run *run) {
    if (run->left == 0) return false;
    const struct tx *tx = &(*run->next)->shown.tx;
    if (!can_pay(best, tx)) return false;
    run->tip = tx_effective_tip(tx, &best->base_fee);
    return true;
}

static bool comes_before(const struct run *a, const struct run *b) {
    if (!u256_equal(&a->tip, &b->tip)) return u256_less(&b->tip, &a->tip);
    return (*a->next)->shown.sequence < (*b->next)->shown.sequence;
}

static void sift_down(struct pool_best *best, size_t i) {
    for (;;) {
        size_t first = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < best->count; child++) {
            if (comes_before(&best->runs[child], &best->runs[first])) first = child;
        }
        if (first == i) return;
        const struct run moved = best->runs[i];
        best->runs[i] = best->runs[first];
        best->runs[first] = moved;
        i = first;
    }
}

struct pool_best *pool_best(
    const struct pool *pool, struct arena *arena, const struct pool_head *head
) {
    struct pool_best *best = ARENA_NEW(arena, struct pool_best);
    best->base_fee = head->base_fee;
    best->blob_base_fee = head->blob_base_fee;
    size_t sender_count = 0;
    for (const struct sender *sender = pool->newest; sender != NULL; sender = sender->older) {
        sender_count++;
    }
    best->runs = ARENA_ARRAY(arena, struct run, sender_count);
    for (const struct sender *sender = pool->newest; sender != NULL; sender = sender->older) {
        struct run run = {.next = sender->entries, .left = sender->pending_count};
        if (is_ready(best, &run)) best->runs[best->count++] = run;
    }
    for (size_t i = best->count / 2; i-- > 0;) {
        sift_down(best, i);
    }
    return best;
}

static void drop_first(struct pool_best *best) {
    best->runs[0] = best->runs[--best->count];
    sift_down(best, 0);
}

const struct pool_entry *pool_best_next(struct pool_best *best) {
    if (best->has_given) {
        struct run *run = &best->runs[0];
        run->next++;
        run->left--;
        if (is_ready(best, run)) {
            sift_down(best, 0);
        } else {
            drop_first(best);
        }
    }
    best->has_given = best->count != 0;
    return best->has_given ? &(*best->runs[0].next)->shown : NULL;
}

void pool_best_skip_sender(struct pool_best *best) {
    ASSERT(best->has_given);
    best->has_given = false;
    drop_first(best);
}
