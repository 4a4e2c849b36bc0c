/* t8n_env: the block that `infinity evm t8n` runs transactions in: env.json.
 *
 * Source: geth's cmd/evm (t8n): names, and what is computed from the parent's values where the block's
 * own are not given. Quantities are hex or decimal.
 */
#ifndef CMD_T8N_ENV_H
#define CMD_T8N_ENV_H

#include "chain/execute.h"
#include "json/json.h"

struct t8n_ommer {
    struct address address;
    uint64_t delta; /* how many blocks before this one */
};

struct t8n_env {
    struct header header;
    struct header parent; /* difficulty, timestamp, gas, base fee, blob gas, ommers_hash */
    bool has_difficulty, has_parent_difficulty;
    bool has_base_fee, has_parent_base_fee;
    bool has_excess_blob_gas, has_parent_blob_gas;
    bool has_beacon_root, has_random;
    const struct json *block_hashes; /* number to hash, or NULL */
    const struct t8n_ommer *ommers;
    size_t ommer_count;
    bool has_withdrawals;
    const struct withdrawal *withdrawals;
    size_t withdrawal_count;
};

/* Reads the members. False: *what names the one that is missing or wrong. */
MUST_USE bool t8n_env_read(
    struct arena *arena, struct t8n_env *env, const char **what, const struct json *json
);

/* Computes what is not given. NULL, or what is missing for that, in geth's words. */
const char *t8n_env_complete(struct t8n_env *env, const struct chain_config *config);

/* The hash of a block before this one; false where env does not say it. */
MUST_USE bool t8n_env_block_hash(const struct t8n_env *env, uint64_t number, struct hash *out);

#endif
