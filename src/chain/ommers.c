#include "chain/ommers.h"

enum {
    NEPHEW_PART = 32, /* of the reward, for each ommer named */
    OMMER_PARTS = 8,  /* an ommer gets one eighth less for each generation between */
};

static const struct ommers_ancestor *find(
    const struct ommers_ancestor *ancestors, size_t count, const struct hash *hash
) {
    for (size_t i = 0; i < count; i++) {
        if (hash_equal(&ancestors[i].hash, hash)) return &ancestors[i];
    }
    return NULL;
}

static bool names(const struct header *ommers, size_t count, const struct hash *hash) {
    for (size_t i = 0; i < count; i++) {
        struct hash other;
        header_hash(&other, &ommers[i]);
        if (hash_equal(&other, hash)) return true;
    }
    return false;
}

static bool is_named_before(
    const struct ommers_ancestor *ancestors, size_t count, const struct hash *hash
) {
    for (size_t i = 0; i < count; i++) {
        if (names(ancestors[i].ommers, ancestors[i].ommer_count, hash)) return true;
    }
    return false;
}

static enum block_verdict check_one(
    const struct block *block,
    size_t index,
    const struct chain_config *config,
    const struct ommers_ancestor *ancestors,
    size_t ancestor_count,
    const struct header_seal *seal
) {
    const struct header *const ommer = &block->ommers[index];
    struct hash hash;
    header_hash(&hash, ommer);
    if (names(block->ommers, index, &hash)) return BLOCK_UNCLE_IN_CHAIN;
    if (is_named_before(ancestors, ancestor_count, &hash)) return BLOCK_UNCLE_IN_CHAIN;
    if (find(ancestors, ancestor_count, &hash) != NULL) return BLOCK_UNCLE_IS_ANCESTOR;
    if (hash_equal(&ommer->parent_hash, &block->header.parent_hash)) return BLOCK_UNCLE_IS_BROTHER;
    const struct ommers_ancestor *const parent =
        find(ancestors, ancestor_count, &ommer->parent_hash);
    if (parent == NULL) return BLOCK_UNCLE_PARENT_INCORRECT;

    const struct chain_rules rules = chain_rules_at(config, ommer->number, ommer->timestamp);
    const enum block_verdict verdict =
        header_check_on(ommer, parent->header, &parent->hash, &rules);
    if (verdict != BLOCK_VALID) return verdict;
    if (seal != NULL && !seal->is_valid(seal->ctx, ommer)) return BLOCK_INVALID_SEAL;
    return BLOCK_VALID;
}

enum block_verdict ommers_check(
    const struct block *block,
    const struct chain_config *config,
    const struct ommers_ancestor *ancestors,
    size_t ancestor_count,
    const struct header_seal *seal
) {
    if (block->ommer_count > OMMERS_MAX) return BLOCK_TOO_MANY_UNCLES;
    if (ancestor_count > OMMERS_GENERATIONS) ancestor_count = OMMERS_GENERATIONS;
    for (size_t i = 0; i < block->ommer_count; i++) {
        const enum block_verdict verdict =
            check_one(block, i, config, ancestors, ancestor_count, seal);
        if (verdict != BLOCK_VALID) return verdict;
    }
    return BLOCK_VALID;
}

uint64_t ommers_block_reward_wei(uint64_t reward_wei, size_t ommer_count) {
    return reward_wei + reward_wei / NEPHEW_PART * ommer_count;
}

uint64_t ommers_reward_wei(uint64_t reward_wei, uint64_t number, uint64_t ommer_number) {
    ASSERT(ommer_number < number && number - ommer_number < OMMER_PARTS);
    return reward_wei / OMMER_PARTS * (OMMER_PARTS - (number - ommer_number));
}
