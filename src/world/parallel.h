/* parallel: a block's transactions on several threads, committed in order.
 *
 * Threads run transactions ahead of their turn on the block's state as it is just then
 * (chain/speculation.h). Whoever finds the next in order done commits it, having run it again where
 * what it read has changed since. The result is that of block_run_txs, whatever the threads' pace.
 *
 * The reader of the block's state is asked by several threads at once, also for what the serial run
 * would not ask; so are code and data of the block. Before Byzantium the run's rooter is called in order.
 */
#ifndef WORLD_PARALLEL_H
#define WORLD_PARALLEL_H

#include "chain/execute.h"
#include "world/workers.h"

struct parallel;

/* workers outlive it; who calls the runner is their owner, and works too. Each thread keeps up to
 * code_cache_max bytes of code. */
struct parallel *parallel_create(
    struct workers *workers, size_t code_cache_max, enum evm_engine engine
);
void parallel_destroy(struct parallel *parallel); /* NULL is allowed */

/* For struct block_input, as long as parallel lives. */
struct chain_runner parallel_runner(struct parallel *parallel);

/* Since it was created; not while the runner works. */
struct parallel_counts {
    uint64_t txs;      /* taken on */
    uint64_t repeated; /* of those run again when their turn had come */
};
struct parallel_counts parallel_counts(const struct parallel *parallel);

#endif
