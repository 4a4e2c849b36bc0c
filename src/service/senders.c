#include "service/senders.h"

enum {
    AT_A_TIME = 4, /* transactions that a thread takes: some 100 us of work */
    WORTH_HELP = 8 /* below, waking a thread takes longer than it saves */
};

struct helper {
    struct work work;
    struct senders *senders;
};

void senders_init(struct senders *senders, struct arena *arena, const struct senders_input *input) {
    senders->input = *input;
    senders->list = ARENA_ARRAY(arena, struct address, input->block->tx_count);
    senders->is_known = ARENA_ARRAY(arena, bool, input->block->tx_count);
    atomic_init(&senders->next, 0);
    atomic_init(&senders->is_bad, false);
}

bool senders_impersonated(struct address *out, const struct tx *tx) {
    if (!u256_is_zero(&tx->s) || u256_byte_length(&tx->r) > sizeof out->bytes) return false;
    *out = u256_to_address(&tx->r);
    return true;
}

static bool recover_one(struct senders *senders, struct arena *scratch, size_t i) {
    struct address *out = &senders->list[i];
    const struct tx *tx = &senders->input.block->txs[i];
    if (senders->is_known[i]) return true;
    if (senders->input.allow_impersonation && senders_impersonated(out, tx)) return true;
    return tx_sender(scratch, out, tx, senders->input.rules) == TX_VALID;
}

void senders_help(struct senders *senders) {
    const size_t count = senders->input.block->tx_count;
    struct arena scratch;
    arena_init(&scratch, senders->input.source);
    while (!atomic_load_explicit(&senders->is_bad, memory_order_relaxed)) {
        const size_t first =
            atomic_fetch_add_explicit(&senders->next, AT_A_TIME, memory_order_relaxed);
        for (size_t i = first; i < first + AT_A_TIME && i < count; i++) {
            if (!recover_one(senders, &scratch, i)) {
                atomic_store_explicit(&senders->is_bad, true, memory_order_relaxed);
            }
        }
        if (first >= count) break;
    }
    arena_reset(&scratch);
}

const struct address *senders_found(const struct senders *senders) {
    return atomic_load_explicit(&senders->is_bad, memory_order_relaxed) ? NULL : senders->list;
}

static void help(struct work *work) {
    senders_help(((struct helper *)(void *)work)->senders);
}

static bool is_worth_help(const struct senders *senders) {
    size_t unknown = 0;
    for (size_t i = 0; i < senders->input.block->tx_count && unknown < WORTH_HELP; i++) {
        unknown += !senders->is_known[i];
    }
    return unknown == WORTH_HELP;
}

const struct address *senders_recover(struct senders *senders, struct workers *workers) {
    struct helper helpers[WORKERS_MAX];
    const size_t count = workers != NULL && is_worth_help(senders) ? workers_count(workers) : 0;
    for (size_t i = 0; i < count; i++) {
        helpers[i] = (struct helper){.work = {.run = help}, .senders = senders};
        workers_submit(workers, &helpers[i].work);
    }
    senders_help(senders);
    for (size_t i = 0; i < count; i++) {
        workers_join(workers, &helpers[i].work);
    }
    return senders_found(senders);
}
