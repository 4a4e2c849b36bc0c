/* coprocessor: the coprocessor service: follows the chain's logs, runs what was asked for, hands the
 * proposer signed results, and judges the results of any block.
 *
 * COPROCESSOR.md. Its records and queue are the job book's, so a crash loses nothing that was asked
 * for: at the next start the book is read and work goes on. A result is handed to every block that is
 * built until the chain shows it, and to none after, so it is in the chain once. One whose
 * transaction reverted, or was not taken into its block, is tried again after a pause.
 *
 * Programs run on worker threads; everything else happens on the loop's thread.
 */
#ifndef SERVICE_COPROCESSOR_H
#define SERVICE_COPROCESSOR_H

#include "engine/engine.h"
#include "service/job_book.h"

#define COPROCESSOR_WORKERS_MAX   64
#define COPROCESSOR_PROGRAMS_KEPT 64                 /* decoded, for the next run */
#define COPROCESSOR_RUNS_KEPT     1024               /* results that a check may look up */
#define COPROCESSOR_SLICE         UINT64_C(20000000) /* cycles between looks at a stop flag */

typedef struct uv_loop_s uv_loop_t;

struct coprocessor;

/* What a result transaction needs of execution's state at the head. */
struct coprocessor_account {
    struct status (*read
    )(void *ctx,
      const struct address *sender,
      uint64_t *nonce,
      struct u256 *next_base_fee,
      uint64_t *gas_limit);
    void *ctx;
};

struct coprocessor_options {
    uv_loop_t *loop; /* NULL: no workers; only checks */
    struct store *store;
    const struct engine *engine;
    const struct arena_source *source;
    uint64_t chain_id;
    size_t worker_count;                     /* 1 to COPROCESSOR_WORKERS_MAX */
    const struct job_book_program *programs; /* registered in genesis */
    size_t program_count;

    bool proposes; /* the following are set */
    struct address coinbase;
    struct ecdsa_secret_key result_key; /* signs results: ResultProposers.keyOf(coinbase) */
    struct ecdsa_secret_key sender_key; /* signs the transactions that carry them */
    struct coprocessor_account account;
    /* Something new can be posted, or will be once blocks are made up to its readyAt. */
    void (*answered)(void *ctx);
    /* Something went wrong with nobody to be told by a status: the node cannot go on. May be NULL. */
    void (*failure)(void *ctx, struct status status);
    void *ctx; /* of both */
};

/* Reads the book and catches up with the engine's head. Pointers of options outlive the service. */
MUST_USE struct status coprocessor_create(
    struct coprocessor **out, const struct coprocessor_options *options
);

/* Tells the workers to stop; runs under way end unfinished within a slice and are taken up again at
 * the next start. The loop runs until it is empty before coprocessor_destroy. */
void coprocessor_stop(struct coprocessor *coprocessor);
void coprocessor_destroy(struct coprocessor *coprocessor);

/* The head moved; blocks from first_new on are not what they were. */
MUST_USE struct status coprocessor_head(struct coprocessor *coprocessor, uint64_t first_new);

/* Whether every result and answer that the block posts is the true one: job_check_block over the
 * book, by this node's own runs; and whether a block that posts any is the proposer's own (its fee
 * recipient is the one registered for whose turn it is). reason (ENGINE_REASON_SIZE) says what is
 * not so. */
MUST_USE struct status coprocessor_check_block(
    struct coprocessor *coprocessor,
    struct arena *arena,
    bool *valid,
    char *reason,
    const struct engine_block *block,
    const struct address *proposer
);

/* Signed transactions for the block with this number, in the order of the queue, within half of the
 * block's gas; made in arena. */
MUST_USE struct status coprocessor_results(
    struct coprocessor *coprocessor,
    struct arena *arena,
    struct bytes **transactions,
    size_t *count,
    uint64_t number
);

/* Whether an answer waits to be posted: in the next block, or once its readyAt has come. */
MUST_USE struct status coprocessor_next_post(struct coprocessor *coprocessor, bool *found);

struct job_book *coprocessor_book(struct coprocessor *coprocessor);

struct coprocessor_figures {
    uint64_t runs;       /* finished */
    uint64_t cycles;     /* of those */
    uint64_t checks;     /* results judged in blocks */
    uint64_t check_hits; /* of those, known from an own run */
    uint64_t busy;       /* workers now */
};
struct coprocessor_figures coprocessor_figures(const struct coprocessor *coprocessor);

#endif
