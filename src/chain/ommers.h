/* ommers: blocks beside the chain that a block of proof of work names: which it may, and what that pays.
 *
 * Spec: Yellow Paper 11.1 and 11.3. From Paris on there are none (EIP-3675).
 * Pure.
 */
#ifndef CHAIN_OMMERS_H
#define CHAIN_OMMERS_H

#include "chain/block.h"

#define OMMERS_MAX         ((size_t)2) /* of a block */
#define OMMERS_GENERATIONS ((size_t)7) /* how many blocks before it matter */

/* A block before the one that is judged. */
struct ommers_ancestor {
    const struct header *header;
    struct hash hash;
    const struct header *ommers;
    size_t ommer_count;
};

/* Whether the seal of a header holds, or NULL where seals are not looked at. */
struct header_seal {
    bool (*is_valid)(void *ctx, const struct header *header);
    void *ctx;
};

/* Judges block's ommers; the header's hash of them is block_check_body's. ancestors are the blocks
 * before it, its parent first, OMMERS_GENERATIONS of them or all there are. An ommer that breaks a
 * rule of headers has that rule's verdict. */
MUST_USE enum block_verdict ommers_check(
    const struct block *block,
    const struct chain_config *config,
    const struct ommers_ancestor *ancestors,
    size_t ancestor_count,
    const struct header_seal *seal
);

/* What a block of this number earns: its own part with so many ommers, and an ommer's. */
uint64_t ommers_block_reward_wei(uint64_t reward_wei, size_t ommer_count);
uint64_t ommers_reward_wei(uint64_t reward_wei, uint64_t number, uint64_t ommer_number);

#endif
