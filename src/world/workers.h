/* workers: threads that run pieces of work beside the one that hands them out.
 *
 * One thread, the owner, calls everything here; run is called on another thread, or on the owner's
 * where it joins work that nobody has begun. What run reads was written before workers_submit, what
 * it writes is the owner's again after workers_join. Which thread runs a piece is chance, so run must
 * give the same whichever it is.
 *
 * The threads start with the first piece of work, so workers that are never needed cost nothing.
 */
#ifndef WORLD_WORKERS_H
#define WORLD_WORKERS_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>

#define WORKERS_MAX 16 /* threads that work for one owner */

struct workers;

/* Part of the caller's own struct; stays in its place from workers_submit to workers_join. */
struct work {
    void (*run)(struct work *work);
    struct work *next; /* what follows is the module's */
    enum { WORK_JOINED = 0, WORK_WAITING, WORK_RUNNING, WORK_DONE } state;
};

/* count threads, at most WORKERS_MAX; with none, or where the system gives none, work is run when it
 * is joined. */
struct workers *workers_create(size_t count);

/* All work was joined before. NULL is allowed. */
void workers_destroy(struct workers *workers);

size_t workers_count(const struct workers *workers);

/* Queues work, which is WORK_JOINED, behind what waits already. */
void workers_submit(struct workers *workers, struct work *work);

/* Whether workers_join would not wait. */
bool workers_is_done(struct workers *workers, const struct work *work);

/* Returns once run has: waits for the thread that runs it, or runs it here where none has begun. */
void workers_join(struct workers *workers, struct work *work);

#endif
