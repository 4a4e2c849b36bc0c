/* run_cache: what runs gave, so that judging a result that this node ran itself is a look-up.
 *
 * The oldest results go first; outputs are at most JOB_OUTPUT_MAX each. One thread.
 */
#ifndef SERVICE_RUN_CACHE_H
#define SERVICE_RUN_CACHE_H

#include "job/job_message.h"

struct run_cache_entry {
    struct hash key;
    bool used;
    struct job_run_result run;
    uint8_t *output; /* owned; run.output borrows it */
};

struct run_cache {
    struct run_cache_entry *entries; /* a ring */
    size_t capacity, next;
};

void run_cache_init(struct run_cache *cache, size_t capacity);
void run_cache_destroy(struct run_cache *cache);

/* Copies. */
void run_cache_put(
    struct run_cache *cache, const struct hash *key, const struct job_run_result *run
);
bool run_cache_get(
    const struct run_cache *cache,
    struct arena *arena,
    struct job_run_result *out,
    const struct hash *key
);

#endif
