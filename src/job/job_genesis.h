/* job_genesis: what the predeploys hold in the genesis state.
 *
 * docs/decisions/0050. The chain's genesis builder puts each predeploy's code (predeploys.h) at its
 * address, with nonce 1 and no balance, and writes the slots that job_genesis_storage lists; no
 * constructor runs. Pure.
 */
#ifndef JOB_JOB_GENESIS_H
#define JOB_JOB_GENESIS_H

#include "base/arena.h"
#include "base/u256.h"

struct job_genesis_proposer {
    struct address coinbase;
    struct address key; /* signs results in blocks whose fee recipient is coinbase */
};

struct job_genesis_program {
    struct hash program_id;
    uint32_t pages; /* 1 to PROGRAM_PAGES_MAX */
};

struct job_genesis {
    struct address governance;
    const struct job_genesis_proposer *proposers;
    size_t proposer_count;
    const struct job_genesis_program *programs;
    size_t program_count;
    uint64_t cycles_per_block; /* above 0 */
    uint64_t min_cycle_price;  /* wei */
    uint64_t gas_price;        /* wei */
    struct u256 byte_fee;      /* wei a byte of a submitted image */
};

/* The first values of limits.h, for a block every block_time_ms (0: blocks follow transactions);
 * no governance, proposers or programs. */
struct job_genesis job_genesis_default(uint64_t block_time_ms);

/* Whether the chain can start with these values: what a genesis file says is untrusted. */
MUST_USE bool job_genesis_valid(const struct job_genesis *genesis);

struct job_genesis_slot {
    struct address address;
    struct hash slot;
    struct hash value; /* not zero */
};

/* The slots to write, each once, in no particular order; made in arena. genesis is valid. */
const struct job_genesis_slot *job_genesis_storage(
    struct arena *arena, size_t *count, const struct job_genesis *genesis
);

#endif
