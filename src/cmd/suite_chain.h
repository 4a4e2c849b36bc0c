/* suite_chain: what the runners of tests with a chain of blocks share (blocktest, enginetest): the test's
 * network and genesis header, and the blocks that were taken, each with the state after it.
 */
#ifndef CMD_SUITE_CHAIN_H
#define CMD_SUITE_CHAIN_H

#include "chain/block.h"
#include "cmd/prestate.h"

struct suite_link {
    const struct suite_link *parent; /* NULL: the genesis block */
    struct header header;
    struct hash hash;
    struct u256 total_difficulty;
    const struct header *ommers;
    size_t ommer_count;
    struct prestate state; /* after it */
};

struct suite_chain {
    const struct suite_link **links;
    size_t count, room;
    const struct suite_link *head;
};

/* At most room blocks, in memory from arena. */
void suite_chain_init(struct suite_chain *chain, struct arena *arena, size_t room);

/* Takes a block behind parent, which is NULL for the genesis block. It becomes the head, but a block of
 * proof of work only where its chain has more work than any before. Borrows from block and state. */
void suite_chain_append(
    struct suite_chain *chain,
    struct arena *arena,
    const struct suite_link *parent,
    const struct block *block,
    const struct prestate *state
);

/* The block of that hash, or NULL. */
const struct suite_link *suite_chain_find(const struct suite_chain *chain, const struct hash *hash);

/* link or its ancestor of that number, or NULL. link may be NULL. */
const struct suite_link *suite_link_at(const struct suite_link *link, uint64_t number);

/* For struct prestate_source, whose block_hash_ctx is the parent's suite_link: zero where there is none. */
void suite_link_block_hash(void *ctx, uint64_t number, struct hash *out);

/* {"target", "max", "baseFeeUpdateFraction"}. False where one is missing or wrong. */
MUST_USE bool suite_chain_blob_params(struct blob_params *params, const struct json *json);

/* The rules of network ("Osaka", "PragueToOsakaAtTime15k", "BerlinToLondonAt5",
 * "ArrowGlacierToParisAtDiffC0000") with the chain id and blob schedule that the test's "config" gives;
 * test may be NULL. Names are those of chain_forks, Merge, TangerineWhistle and SpuriousDragon. False
 * where they are not understood. */
MUST_USE bool suite_chain_config(
    struct chain_config *config, const struct json *test, const char *network
);

/* A header in the words of test files ("genesisBlockHeader"), which are not JSON-RPC's. False where a
 * field that its form has is missing or wrong. */
MUST_USE bool suite_chain_header(
    struct arena *arena, struct header *header, const struct json *json
);

#endif
