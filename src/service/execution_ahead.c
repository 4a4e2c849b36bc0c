#include "service/execution_ahead.h"

#include "crypto/keccak.h"
#include "service/senders.h"

#include <stdatomic.h>
#include <stdlib.h>

/* A block's place. While its work is not joined, what stands from rules on is a worker's; senders is
 * everybody's once it says so. */
struct announced {
    struct work work;
    atomic_bool is_unwanted;
    atomic_bool can_be_helped; /* senders is there */
    bool used;
    uint64_t age; /* order of arrival */
    const struct ahead *ahead;
    struct bytes encoded; /* in candidate's arena; the owner may read it at any time */
    struct chain_rules rules;
    struct senders senders;
    struct candidate candidate;
};

struct ahead {
    struct ahead_options options;
    struct announced places[AHEAD_BLOCKS_MAX];
    uint64_t age;
};

static void prepare(struct work *work) {
    struct announced *announced = (struct announced *)(void *)work;
    const struct ahead_options *options = &announced->ahead->options;
    struct candidate *candidate = &announced->candidate;
    if (atomic_load_explicit(&announced->is_unwanted, memory_order_relaxed)) return;

    candidate_decode(candidate, announced->encoded);
    if (candidate->outcome.verdict != BLOCK_VALID) return;
    candidate->encoded_header = header_encode(&candidate->arena, &candidate->block.header);
    keccak256(&candidate->hash, candidate->encoded_header);
    candidate_hash_txs(candidate);

    const struct header *header = &candidate->block.header;
    announced->rules = chain_rules_at(options->config, header->number, header->timestamp);
    const struct senders_input input = {
        .block = &candidate->block,
        .rules = &announced->rules,
        .source = options->source,
        .allow_impersonation = options->allow_impersonation,
    };
    senders_init(&announced->senders, &candidate->arena, &input);
    atomic_store_explicit(&announced->can_be_helped, true, memory_order_release);
    senders_help(&announced->senders);
    candidate->senders_are_sought = true;
}

struct ahead *ahead_create(const struct ahead_options *options) {
    struct ahead *ahead = calloc(1, sizeof *ahead);
    ASSERT(ahead != NULL);
    ahead->options = *options;
    return ahead;
}

/* Waits for who is at it, and gives the memory back. */
static void drop(struct ahead *ahead, struct announced *announced) {
    atomic_store_explicit(&announced->is_unwanted, true, memory_order_relaxed);
    workers_join(ahead->options.workers, &announced->work);
    arena_reset(&announced->candidate.arena);
    announced->used = false;
}

void ahead_destroy(struct ahead *ahead) {
    if (ahead == NULL) return;
    for (size_t i = 0; i < AHEAD_BLOCKS_MAX; i++) {
        if (ahead->places[i].used) drop(ahead, &ahead->places[i]);
    }
    free(ahead);
}

/* An empty place, or that of the oldest block that is ready; NULL where none is. */
static struct announced *find_place(struct ahead *ahead) {
    struct announced *oldest = NULL;
    for (size_t i = 0; i < AHEAD_BLOCKS_MAX; i++) {
        struct announced *place = &ahead->places[i];
        if (!place->used) return place;
        if (!workers_is_done(ahead->options.workers, &place->work)) continue;
        if (oldest == NULL || place->age < oldest->age) oldest = place;
    }
    if (oldest != NULL) drop(ahead, oldest);
    return oldest;
}

bool ahead_add(struct ahead *ahead, struct bytes encoded) {
    struct announced *place = find_place(ahead);
    if (place == NULL) return false;
    *place = (struct announced
    ){.work = {.run = prepare}, .used = true, .age = ++ahead->age, .ahead = ahead};
    arena_init(&place->candidate.arena, ahead->options.source);
    place->encoded = arena_copy(&place->candidate.arena, encoded);
    workers_submit(ahead->options.workers, &place->work);
    return true;
}

bool ahead_take(struct ahead *ahead, struct candidate *candidate, struct bytes encoded) {
    for (size_t i = 0; i < AHEAD_BLOCKS_MAX; i++) {
        struct announced *place = &ahead->places[i];
        if (!place->used || !bytes_equal(place->encoded, encoded)) continue;
        if (atomic_load_explicit(&place->can_be_helped, memory_order_acquire)) {
            senders_help(&place->senders);
        }
        workers_join(ahead->options.workers, &place->work);
        if (place->candidate.senders_are_sought) {
            place->candidate.senders = senders_found(&place->senders);
        }
        const uint64_t age = candidate->age;
        *candidate = place->candidate;
        candidate->age = age;
        place->used = false;
        return true;
    }
    return false;
}
