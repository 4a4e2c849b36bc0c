#include "world/workers.h"

#include "base/assert.h"

#include <pthread.h>

#include <signal.h>
#include <stdlib.h>

struct workers {
    pthread_t threads[WORKERS_MAX];
    size_t wanted;
    size_t count; /* threads that run */
    bool has_started;

    pthread_mutex_t mutex; /* guards what follows, and the state of all work */
    pthread_cond_t has_work;
    pthread_cond_t has_done;
    struct work *first;
    struct work **end; /* where the next one is linked */
    bool is_ending;
};

static void unlink_work(struct workers *workers, struct work *work) {
    struct work **link = &workers->first;
    while (*link != work) {
        link = &(*link)->next;
    }
    *link = work->next;
    if (workers->end == &work->next) workers->end = link;
    work->next = NULL;
}

static void *run_thread(void *ctx) {
    struct workers *workers = ctx;
    (void)pthread_mutex_lock(&workers->mutex);
    while (true) {
        struct work *work = workers->first;
        if (work == NULL) {
            if (workers->is_ending) break;
            (void)pthread_cond_wait(&workers->has_work, &workers->mutex);
            continue;
        }
        unlink_work(workers, work);
        work->state = WORK_RUNNING;
        (void)pthread_mutex_unlock(&workers->mutex);
        work->run(work);
        (void)pthread_mutex_lock(&workers->mutex);
        work->state = WORK_DONE;
        (void)pthread_cond_signal(&workers->has_done); /* only the owner waits */
    }
    (void)pthread_mutex_unlock(&workers->mutex);
    return NULL;
}

/* Signals are for the thread that has always had them. */
static void start(struct workers *workers) {
    sigset_t all;
    sigset_t before;
    workers->has_started = true;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    while (workers->count < workers->wanted &&
           pthread_create(&workers->threads[workers->count], NULL, run_thread, workers) == 0) {
        workers->count++;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

struct workers *workers_create(size_t count) {
    ASSERT(count <= WORKERS_MAX);
    struct workers *workers = calloc(1, sizeof *workers);
    ASSERT(workers != NULL);
    workers->wanted = count;
    workers->end = &workers->first;
    (void)pthread_mutex_init(&workers->mutex, NULL);
    (void)pthread_cond_init(&workers->has_work, NULL);
    (void)pthread_cond_init(&workers->has_done, NULL);
    return workers;
}

void workers_destroy(struct workers *workers) {
    if (workers == NULL) return;
    ASSERT(workers->first == NULL);
    (void)pthread_mutex_lock(&workers->mutex);
    workers->is_ending = true;
    (void)pthread_cond_broadcast(&workers->has_work);
    (void)pthread_mutex_unlock(&workers->mutex);
    for (size_t i = 0; i < workers->count; i++) {
        (void)pthread_join(workers->threads[i], NULL);
    }
    (void)pthread_cond_destroy(&workers->has_done);
    (void)pthread_cond_destroy(&workers->has_work);
    (void)pthread_mutex_destroy(&workers->mutex);
    free(workers);
}

size_t workers_count(const struct workers *workers) {
    return workers->wanted;
}

void workers_submit(struct workers *workers, struct work *work) {
    ASSERT(work->state == WORK_JOINED);
    if (!workers->has_started) start(workers);
    (void)pthread_mutex_lock(&workers->mutex);
    work->state = WORK_WAITING;
    work->next = NULL;
    *workers->end = work;
    workers->end = &work->next;
    (void)pthread_cond_signal(&workers->has_work);
    (void)pthread_mutex_unlock(&workers->mutex);
}

bool workers_is_done(struct workers *workers, const struct work *work) {
    (void)pthread_mutex_lock(&workers->mutex);
    const bool is_done = work->state == WORK_DONE;
    (void)pthread_mutex_unlock(&workers->mutex);
    return is_done;
}

void workers_join(struct workers *workers, struct work *work) {
    (void)pthread_mutex_lock(&workers->mutex);
    ASSERT(work->state != WORK_JOINED);
    const bool is_ours = work->state == WORK_WAITING;
    if (is_ours) unlink_work(workers, work);
    while (!is_ours && work->state != WORK_DONE) {
        (void)pthread_cond_wait(&workers->has_done, &workers->mutex);
    }
    work->state = WORK_JOINED;
    (void)pthread_mutex_unlock(&workers->mutex);
    if (is_ours) work->run(work);
}
