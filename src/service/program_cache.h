/* program_cache: decoded programs, shared by the runs that use them. One thread takes and releases;
 * the programs themselves are read by any. */
#ifndef SERVICE_PROGRAM_CACHE_H
#define SERVICE_PROGRAM_CACHE_H

#include "machine/machine_program.h"
#include "service/job_book.h"

struct program_cache_entry {
    struct hash id; /* as registered */
    struct machine_program program;
    struct arena arena; /* image and decoded text */
    size_t users;
    uint64_t used_at;
};

struct program_cache {
    const struct arena_source *source;
    struct program_cache_entry **entries;
    size_t count, room; /* grows past kept only while more are in use at once */
    size_t kept;
    uint64_t clock;
};

void program_cache_init(
    struct program_cache *cache, const struct arena_source *source, size_t kept
);
void program_cache_destroy(struct program_cache *cache);

/* The program, from memory or from the book's image. Released once for each time it was taken. */
MUST_USE struct status program_cache_take(
    struct program_cache *cache,
    bool *found,
    struct program_cache_entry **out,
    struct job_book *book,
    const struct hash *id
);
void program_cache_release(struct program_cache *cache, struct program_cache_entry *entry);

#endif
