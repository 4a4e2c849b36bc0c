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

struct parallel {
    size_t threads, started;
    size_t code_cache_max;
    enum evm_engine engine;
    pthread_t *handles;
    pthread_rwlock_t state_lock; /* of the block's state: written by who commits */
    struct state_guard guard;

    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t changed;
    bool is_over;     /* the threads are to end */
    bool is_running;  /* a block is there */
    bool commits;     /* somebody is committing */
    size_t busy;      /* threads in work_on_block */
    size_t next_tx;   /* to begin */
    size_t next_turn; /* to commit */
    enum tx_verdict verdict;
    struct parallel_counts counts;
    struct place *places; /* of transaction i: place i % place_count */
    size_t place_count;

    /* Of the block; constant while threads are busy, but for the run, which is who commits's. */
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

/* Until the block's transactions are done, or one is refused. Called with the lock held. */
static void work_on_block(struct parallel *parallel, const struct chain_vm *vm) {
    const size_t tx_count = parallel->block.input->block->tx_count;
    parallel->busy++;
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
    parallel->busy--;
    (void)pthread_cond_broadcast(&parallel->changed);
}

static void *serve(void *ctx) {
    struct parallel *const parallel = ctx;
    const struct chain_vm vm = {.evm = evm_create(&heap_source, parallel->code_cache_max)};
    evm_set_engine(vm.evm, parallel->engine);
    (void)pthread_mutex_lock(&parallel->lock);
    while (!parallel->is_over) {
        if (parallel->is_running && parallel->next_turn < parallel->block.input->block->tx_count &&
            parallel->verdict == TX_VALID) {
            work_on_block(parallel, &vm);
        } else {
            (void)pthread_cond_wait(&parallel->changed, &parallel->lock);
        }
    }
    (void)pthread_mutex_unlock(&parallel->lock);
    evm_destroy(vm.evm);
    return NULL;
}

static enum tx_verdict run_txs(
    void *ctx, struct block_run *run, const struct block_input *input, size_t *index
) {
    struct parallel *const parallel = ctx;
    (void)pthread_mutex_lock(&parallel->lock);
    ASSERT(!parallel->is_running && parallel->busy == 0);
    parallel->block = (struct speculation_block){*run, input, &parallel->guard};
    parallel->run = run;
    parallel->next_tx = 0;
    parallel->next_turn = 0;
    parallel->verdict = TX_VALID;
    parallel->is_running = true;
    (void)pthread_cond_broadcast(&parallel->changed);
    work_on_block(parallel, run->vm);
    while (parallel->busy > 0) {
        (void)pthread_cond_wait(&parallel->changed, &parallel->lock);
    }
    parallel->is_running = false;
    for (size_t i = 0; i < parallel->place_count; i++) {
        arena_rewind(&parallel->places[i].arena, parallel->places[i].begin);
        parallel->places[i].is_done = false;
    }
    *index = parallel->next_turn;
    const enum tx_verdict verdict = parallel->verdict;
    (void)pthread_mutex_unlock(&parallel->lock);
    return verdict;
}

struct chain_runner parallel_runner(struct parallel *parallel) {
    return (struct chain_runner){run_txs, parallel};
}

struct parallel_counts parallel_counts(struct parallel *parallel) {
    (void)pthread_mutex_lock(&parallel->lock);
    const struct parallel_counts counts = parallel->counts;
    (void)pthread_mutex_unlock(&parallel->lock);
    return counts;
}

struct parallel *parallel_create(size_t threads, size_t code_cache_max, enum evm_engine engine) {
    ASSERT(threads >= 1 && threads <= PARALLEL_THREADS_MAX);
    struct parallel *const parallel = calloc(1, sizeof *parallel);
    ASSERT(parallel != NULL);
    *parallel = (struct parallel){
        .threads = threads,
        .code_cache_max = code_cache_max,
        .engine = engine,
        .guard = {enter, leave, parallel},
        .handles = calloc(threads, sizeof *parallel->handles),
        .places = calloc(AHEAD_FACTOR * threads, sizeof *parallel->places),
        .place_count = AHEAD_FACTOR * threads,
    };
    ASSERT(parallel->handles != NULL && parallel->places != NULL);
    for (size_t i = 0; i < parallel->place_count; i++) {
        struct place *const place = &parallel->places[i];
        arena_init(&place->arena, &heap_source);
        place->speculation = ARENA_NEW(&place->arena, struct speculation);
        place->begin = arena_mark(&place->arena);
    }
    (void)pthread_rwlock_init(&parallel->state_lock, NULL);
    (void)pthread_mutex_init(&parallel->lock, NULL);
    (void)pthread_cond_init(&parallel->changed, NULL);
    while (parallel->started < threads - 1) {
        if (pthread_create(&parallel->handles[parallel->started], NULL, serve, parallel) != 0) {
            parallel_destroy(parallel);
            return NULL;
        }
        parallel->started++;
    }
    return parallel;
}

void parallel_destroy(struct parallel *parallel) {
    if (parallel == NULL) return;
    (void)pthread_mutex_lock(&parallel->lock);
    parallel->is_over = true;
    (void)pthread_cond_broadcast(&parallel->changed);
    (void)pthread_mutex_unlock(&parallel->lock);
    for (size_t i = 0; i < parallel->started; i++) {
        (void)pthread_join(parallel->handles[i], NULL);
    }
    for (size_t i = 0; i < parallel->place_count; i++) {
        arena_reset(&parallel->places[i].arena);
    }
    (void)pthread_cond_destroy(&parallel->changed);
    (void)pthread_mutex_destroy(&parallel->lock);
    (void)pthread_rwlock_destroy(&parallel->state_lock);
    free(parallel->handles);
    free(parallel->places);
    free(parallel);
}
