/* seal: whether a header's proof of work holds.
 *
 * Spec: Yellow Paper 4.4.4; crypto/ethash.h. From Paris on there is none (EIP-3675). Pure.
 */
#ifndef CHAIN_SEAL_H
#define CHAIN_SEAL_H

#include "chain/header.h"
#include "crypto/ethash.h"

/* The epoch whose cache seal_is_valid needs. It may be none that a cache can be made for: then, from
 * ETHASH_EPOCH_MAX on, no seal is valid. */
static inline uint64_t seal_epoch(const struct header *header) {
    return header->number / ETHASH_EPOCH_BLOCKS;
}

/* cache is that of seal_epoch(header). */
MUST_USE bool seal_is_valid(const struct header *header, const struct ethash_cache *cache);

#endif
