#include "chain/seal.h"

/* The largest result that suffices: 2^256 / difficulty. */
static struct u256 bound_of(const struct u256 *difficulty) {
    struct u256 bound;
    struct u256 rest;
    u256_divmod(&bound, &rest, &U256_MAX, difficulty);
    u256_add_wrapping(&rest, &rest, &U256_ONE);
    if (!u256_equal(&rest, difficulty)) return bound;
    return u256_add(&bound, &bound, &U256_ONE) ? bound : U256_MAX; /* it divides 2^256 */
}

bool seal_is_valid(const struct header *header, const struct ethash_cache *cache) {
    struct hash seal_hash;
    struct hash mix;
    struct hash result;
    ASSERT(cache->epoch == seal_epoch(header));
    if (u256_is_zero(&header->difficulty)) return false;
    header_seal_hash(&seal_hash, header);
    ethash_light(&mix, &result, cache, &seal_hash, header->nonce);
    const struct u256 bound = bound_of(&header->difficulty);
    const struct u256 value = u256_from_be(result.bytes);
    return hash_equal(&mix, &header->prev_randao) && !u256_less(&bound, &value);
}
