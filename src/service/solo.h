/* solo: the one proposer of a chain without validators: decides when a block is made, has it built,
 * and imports it like anybody's.
 *
 * It stands where InfinityBFT will: above the engine's table, the importer and the coprocessor, and
 * nothing below knows the difference.
 */
#ifndef SERVICE_SOLO_H
#define SERVICE_SOLO_H

#include "service/coprocessor.h"
#include "service/importer.h"
#include "world/clock.h"

struct solo;

struct solo_options {
    uv_loop_t *loop;
    const struct engine *engine;
    struct importer *importer;
    struct coprocessor *coprocessor; /* NULL: none */
    const struct clock *clock;
    const struct arena_source *source;
    struct address coinbase;
    bool automine;        /* a block follows each transaction, and makes way for results */
    uint64_t interval_ms; /* a block every so often; 0: none on time */
    /* Around blocks that are made together (solo_mine): what is between them becomes durable at once.
     * May be NULL. */
    struct status (*begin_batch)(void *ctx);
    struct status (*end_batch)(void *ctx);
    void (*rest)(void *ctx); /* after the last of several batches; or NULL */
    /* A block on time or for a result could not be made. May be NULL. */
    void (*failure)(void *ctx, struct status status);
    void *ctx; /* of these */
};

MUST_USE struct status solo_create(struct solo **out, const struct solo_options *options);

/* Stops the timers; the loop runs until it is empty before solo_destroy. */
void solo_stop(struct solo *solo);
void solo_destroy(struct solo *solo);

/* One block now. */
MUST_USE struct status solo_propose(struct solo *solo);

/* count blocks now, each interval_s later than the one before (0: as time goes). */
MUST_USE struct status solo_mine(struct solo *solo, uint64_t count, uint64_t interval_s);

/* A transaction that a block can take came into the pool: with automine one is made at once. */
MUST_USE struct status solo_transaction(struct solo *solo);

/* A result waits for its block: with automine, blocks are made up to it, from the loop; none where the
 * coinbase is not the registered one, whose blocks hold no results. */
void solo_wake(struct solo *solo);

/* The attributes that the next block would have; first transactions in arena. */
MUST_USE struct status solo_attributes(
    struct solo *solo, struct arena *arena, struct engine_attributes *out
);

/* Settings of a development chain. */
struct solo_settings {
    bool automine;
    uint64_t interval_ms;
    int64_t time_offset_s;   /* added to the clock */
    bool has_next_timestamp; /* exact, once */
    uint64_t next_timestamp;
    uint64_t timestamp_interval_s; /* between two blocks; 0: as time goes */
    bool has_next_prevrandao;
    struct hash next_prevrandao;
    struct address coinbase;
};
const struct solo_settings *solo_settings(const struct solo *solo);
/* Takes effect at once; a changed interval starts anew. */
void solo_set(struct solo *solo, const struct solo_settings *settings);

/* The next block's time as settings and clock stand. */
MUST_USE struct status solo_next_timestamp(struct solo *solo, uint64_t *out);

#endif
