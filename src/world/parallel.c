#include "world/parallel.h"

#include "chain/speculation.h"
#include "world/heap.h"

#include <pthread.h>

#include <stdlib.h>

enum {
    AHEAD_FACTOR = 4, /* transactions that may be begun before their turn, a thread */
};

/* A transaction that is being run, or waits for its turn. */
struct place {
    struct arena arena;
    struct arena_mark begin;
    struct speculation *speculation;
    bool is_done;
};

/* A worker's part in the block. */
struct helper {
    struct work work;
    struct parallel *parallel;
    struct chain_vm vm;
};

struct parallel {
    struct workers *workers;
    struct helper *helpers;      /* one a worker */
    pthread_rwlock_t state_lock; /* of the block's state: written by who commits */
    struct state_guard guard;

    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t changed;
    bool commits;     /* somebody is committing */
    size_t next_tx;   /* to begin */
    size_t next_turn; /* to commit */
    enum tx_verdict verdict;
    struct parallel_counts counts;
    struct place *places; /* of transaction i: place i % place_count */
    size_t place_count;

    /* Of the block; constant while it runs, but for the run, which is who commits's. */
    struct speculation_block block;
    struct block_run *run;
};

static void enter(void *ctx) {
    struct parallel *const parallel = ctx;
    (void)pthread_rwlock_rdlock(&parallel->state_lock);
}

static void leave(void *ctx) {
    struct parallel *const parallel = ctx;
    (void)pthread_rwlock_unlock(&parallel->state_lock);
}

static void run_in_place(
    struct parallel *parallel,
    const struct chain_vm *vm,
    struct place *place,
    struct speculation_room room,
    size_t index
) {
    arena_rewind(&place->arena, place->begin);
    speculation_run(place->speculation, &place->arena, vm, &parallel->block, room, index);
}

/* Commits transaction index, whose turn it is. Called with the lock held, which it lets go meanwhile. */
static void commit(struct parallel *parallel, const struct chain_vm *vm, size_t index) {
    struct place *const place = &parallel->places[index % parallel->place_count];
    struct block_run *const run = parallel->run;
    const struct tx *const tx = &parallel->block.input->block->txs[index];
    parallel->commits = true;
    (void)pthread_mutex_unlock(&parallel->lock);

    const bool holds = speculation_holds(place->speculation);
    if (!holds) {
        const struct speculation_room room = {run->gas_used, run->blob_gas_used};
        run_in_place(parallel, vm, place, room, index);
    }
    enum tx_verdict verdict = place->speculation->verdict;
    if (verdict == TX_VALID) {
        (void)pthread_rwlock_wrlock(&parallel->state_lock);
        verdict = speculation_commit(place->speculation, run, tx);
        (void)pthread_rwlock_unlock(&parallel->state_lock);
    }

    (void)pthread_mutex_lock(&parallel->lock);
    parallel->commits = false;
    parallel->counts.repeated += !holds;
    parallel->verdict = verdict;
    place->is_done = false;
    if (verdict == TX_VALID) parallel->next_turn = index + 1;
    (void)pthread_cond_broadcast(&parallel->changed);
}

static void begin(struct parallel *parallel, const struct chain_vm *vm) {
    const size_t index = parallel->next_tx++;
    struct place *const place = &parallel->places[index % parallel->place_count];
    parallel->counts.txs++;
    (void)pthread_mutex_unlock(&parallel->lock);
    run_in_place(parallel, vm, place, (struct speculation_room){0, 0}, index);
    (void)pthread_mutex_lock(&parallel->lock);
    place->is_done = true;
    (void)pthread_cond_broadcast(&parallel->changed);
}

/* Until the block's transactions are done, or one is refused. */
static void work_on_block(struct parallel *parallel, const struct chain_vm *vm) {
    const size_t tx_count = parallel->block.input->block->tx_count;
    (void)pthread_mutex_lock(&parallel->lock);
    while (parallel->verdict == TX_VALID && parallel->next_turn < tx_count) {
        const size_t turn = parallel->next_turn;
        if (!parallel->commits && parallel->places[turn % parallel->place_count].is_done) {
            commit(parallel, vm, turn);
        } else if (parallel->next_tx < tx_count && parallel->next_tx - turn < parallel->place_count) {
            begin(parallel, vm);
        } else {
            (void)pthread_cond_wait(&parallel->changed, &parallel->lock);
        }
    }
    (void)pthread_mutex_unlock(&parallel->lock);
}

static void help(struct work *work) {
    struct helper *const helper = (struct helper *)(void *)work;
    work_on_block(helper->parallel, &helper->vm);
}

static enum tx_verdict run_txs(
    void *ctx, struct block_run *run, const struct block_input *input, size_t *index
) {
    struct parallel *const parallel = ctx;
    const size_t helper_count = workers_count(parallel->workers);
    parallel->block = (struct speculation_block){*run, input, &parallel->guard};
    parallel->run = run;
    parallel->next_tx = 0;
    parallel->next_turn = 0;
    parallel->verdict = TX_VALID;
    for (size_t i = 0; i < helper_count; i++) {
        workers_submit(parallel->workers, &parallel->helpers[i].work);
    }
    work_on_block(parallel, run->vm);
    for (size_t i = 0; i < helper_count; i++) {
        workers_join(parallel->workers, &parallel->helpers[i].work);
    }
    for (size_t i = 0; i < parallel->place_count; i++) {
        arena_rewind(&parallel->places[i].arena, parallel->places[i].begin);
        parallel->places[i].is_done = false;
    }
    *index = parallel->next_turn;
    return parallel->verdict;
}

struct chain_runner parallel_runner(struct parallel *parallel) {
    return (struct chain_runner){run_txs, parallel};
}

struct parallel_counts parallel_counts(const struct parallel *parallel) {
    return parallel->counts;
}

struct parallel *parallel_create(
    struct workers *workers, size_t code_cache_max, enum evm_engine engine
) {
    const size_t helper_count = workers_count(workers);
    struct parallel *const parallel = calloc(1, sizeof *parallel);
    ASSERT(parallel != NULL);
    *parallel = (struct parallel){
        .workers = workers,
        .guard = {enter, leave, parallel},
        .helpers = calloc(helper_count + 1, sizeof *parallel->helpers),
        .places = calloc(AHEAD_FACTOR * (helper_count + 1), sizeof *parallel->places),
        .place_count = AHEAD_FACTOR * (helper_count + 1),
    };
    ASSERT(parallel->helpers != NULL && parallel->places != NULL);
    for (size_t i = 0; i < helper_count; i++) {
        struct evm *const evm = evm_create(&heap_source, code_cache_max);
        evm_set_engine(evm, engine);
        parallel->helpers[i] = (struct helper){{.run = help}, parallel, {.evm = evm}};
    }
    for (size_t i = 0; i < parallel->place_count; i++) {
        struct place *const place = &parallel->places[i];
        arena_init(&place->arena, &heap_source);
        place->speculation = ARENA_NEW(&place->arena, struct speculation);
        place->begin = arena_mark(&place->arena);
    }
    (void)pthread_rwlock_init(&parallel->state_lock, NULL);
    (void)pthread_mutex_init(&parallel->lock, NULL);
    (void)pthread_cond_init(&parallel->changed, NULL);
    return parallel;
}

void parallel_destroy(struct parallel *parallel) {
    if (parallel == NULL) return;
    for (size_t i = 0; i < workers_count(parallel->workers); i++) {
        evm_destroy(parallel->helpers[i].vm.evm);
    }
    for (size_t i = 0; i < parallel->place_count; i++) {
        arena_reset(&parallel->places[i].arena);
    }
    (void)pthread_cond_destroy(&parallel->changed);
    (void)pthread_mutex_destroy(&parallel->lock);
    (void)pthread_rwlock_destroy(&parallel->state_lock);
    free(parallel->helpers);
    free(parallel->places);
    free(parallel);
}
