/* execution_ahead: blocks that are on their way, prepared on other threads while those before them run.
 *
 * Preparing is all that needs neither state nor pool: decoding, hashes, the senders. It is the same
 * functions on the same bytes that the execution service would call itself, so a block that was
 * announced is judged exactly as one that was not.
 *
 * Part of the execution service; nothing else includes it. One thread: the service's.
 */
#ifndef SERVICE_EXECUTION_AHEAD_H
#define SERVICE_EXECUTION_AHEAD_H

#include "service/execution_candidate.h"
#include "world/workers.h"

#define AHEAD_BLOCKS_MAX \
    4 /* that are prepared at a time; each may be BLOCK_SIZE_MAX bytes, and is held twice */

struct ahead;

/* Everything that is handed in outlives it; source is used on all threads. */
struct ahead_options {
    struct workers *workers;
    const struct chain_config *config;
    const struct arena_source *source;
    bool allow_impersonation;
};
struct ahead *ahead_create(const struct ahead_options *options);
void ahead_destroy(struct ahead *ahead); /* NULL is allowed */

/* Begins with a block, untrusted, of which a copy is made. False, and nothing done: as many are being
 * prepared as there may be. One that is ready and was never asked for makes room. */
bool ahead_add(struct ahead *ahead, struct bytes encoded);

/* Prepares encoded in candidate, which is empty but for its age: from what was announced with these
 * very bytes, helping where it is not ready. False: it was not announced. */
MUST_USE bool ahead_take(struct ahead *ahead, struct candidate *candidate, struct bytes encoded);

#endif
