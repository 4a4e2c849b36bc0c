/* ethash: the proof of work that Ethereum had before Paris, verified from the light cache.
 *
 * Spec: Ethash, revision 23; Yellow Paper, appendix J.
 * Pure; allocates nothing: a cache, 16 MiB and more, lives in the caller's memory. Variable time.
 */
#ifndef CRYPTO_ETHASH_H
#define CRYPTO_ETHASH_H

#include "base/bytes.h"

#define ETHASH_EPOCH_BLOCKS UINT64_C(30000)
#define ETHASH_EPOCH_MAX    UINT64_C(2048) /* more than mainnet came to */
#define ETHASH_NODE_SIZE    ((size_t)64)

struct ethash_node {
    uint32_t words[ETHASH_NODE_SIZE / 4];
};

struct ethash_cache {
    uint64_t epoch;
    const struct ethash_node *nodes;
    uint32_t node_count;
    uint32_t dataset_node_count;
};

/* Bytes of an epoch's cache and dataset; epoch < ETHASH_EPOCH_MAX. */
uint64_t ethash_cache_size(uint64_t epoch);
uint64_t ethash_dataset_size(uint64_t epoch);

/* Fills nodes, which has ethash_cache_size(epoch) bytes and is the cache's from then on. Takes a
 * second or so. */
void ethash_make_cache(struct ethash_cache *cache, struct ethash_node *nodes, uint64_t epoch);

/* The mix hash and the result for what is sealed and a nonce as headers have it (big endian). */
void ethash_light(
    struct hash *mix,
    struct hash *result,
    const struct ethash_cache *cache,
    const struct hash *seal_hash,
    const uint8_t nonce[8]
);

#endif
