#include "cmd/seal_cache.h"

#include "chain/seal.h"
#include "world/heap.h"

#include <pthread.h>

static struct {
    pthread_rwlock_t lock;
    bool is_made;
    struct arena arena;
    struct ethash_cache cache;
} shared = {.lock = PTHREAD_RWLOCK_INITIALIZER};

static bool holds(uint64_t epoch) {
    return shared.is_made && shared.cache.epoch == epoch;
}

static void make(uint64_t epoch) {
    const size_t size = (size_t)ethash_cache_size(epoch);
    if (shared.is_made) arena_reset(&shared.arena);
    arena_init(&shared.arena, &heap_source);
    ethash_make_cache(
        &shared.cache, arena_alloc_raw(&shared.arena, size, _Alignof(struct ethash_node)), epoch
    );
    shared.is_made = true;
}

static bool check(void *ctx, const struct header *header) {
    const uint64_t epoch = seal_epoch(header);
    (void)ctx;
    if (epoch >= ETHASH_EPOCH_MAX) return false;
    for (;;) {
        (void)pthread_rwlock_rdlock(&shared.lock);
        const bool ready = holds(epoch);
        const bool is_valid = ready && seal_is_valid(header, &shared.cache);
        (void)pthread_rwlock_unlock(&shared.lock);
        if (ready) return is_valid;
        (void)pthread_rwlock_wrlock(&shared.lock);
        if (!holds(epoch)) make(epoch);
        (void)pthread_rwlock_unlock(&shared.lock);
    }
}

const struct header_seal seal_cache_checker = {check, NULL};
