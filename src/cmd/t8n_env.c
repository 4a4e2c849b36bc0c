#include "cmd/t8n_env.h"

#include "cmd/payload.h"
#include "cmd/prestate.h"

#include <stdio.h>

enum member_kind { MEMBER_U64, MEMBER_U256 };

/* A member that may be missing; *is_there, where it is wanted, says whether it was not. */
static bool read_member(
    const struct json *json, const char *name, enum member_kind kind, void *out, bool *is_there
) {
    const struct json *const member = json_get(json, name);
    const bool is_given = json_is_given(member);
    if (is_there != NULL) *is_there = is_given;
    if (!is_given) return true;
    return kind == MEMBER_U64 ? json_read_u64(member, out) : json_read_u256(member, out);
}

static bool read_numbers(struct t8n_env *env, const char **what, const struct json *json) {
    struct header *const header = &env->header;
    struct header *const parent = &env->parent;
    struct u256 prev_randao = U256_ZERO;
    bool has_parent_excess = false;
    bool has_parent_blob_gas = false;
    const struct {
        const char *name;
        enum member_kind kind;
        void *out;
        bool *is_there;
    } members[] = {
        {"currentDifficulty", MEMBER_U256, &header->difficulty, &env->has_difficulty},
        {"currentRandom", MEMBER_U256, &prev_randao, &env->has_random},
        {"currentBaseFee", MEMBER_U256, &header->base_fee_per_gas, &env->has_base_fee},
        {"currentExcessBlobGas", MEMBER_U64, &header->excess_blob_gas, &env->has_excess_blob_gas},
        {"parentDifficulty", MEMBER_U256, &parent->difficulty, &env->has_parent_difficulty},
        {"parentBaseFee", MEMBER_U256, &parent->base_fee_per_gas, &env->has_parent_base_fee},
        {"parentGasUsed", MEMBER_U64, &parent->gas_used, NULL},
        {"parentGasLimit", MEMBER_U64, &parent->gas_limit, NULL},
        {"parentTimestamp", MEMBER_U64, &parent->timestamp, NULL},
        {"parentExcessBlobGas", MEMBER_U64, &parent->excess_blob_gas, &has_parent_excess},
        {"parentBlobGasUsed", MEMBER_U64, &parent->blob_gas_used, &has_parent_blob_gas},
    };
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        *what = members[i].name;
        if (!read_member(json, *what, members[i].kind, members[i].out, members[i].is_there)) {
            return false;
        }
    }
    env->has_parent_blob_gas = has_parent_excess && has_parent_blob_gas;
    u256_to_be(header->prev_randao.bytes, &prev_randao);
    return true;
}

static bool read_ommers(struct arena *arena, struct t8n_env *env, const struct json *list) {
    struct t8n_ommer *const ommers = ARENA_ARRAY(arena, struct t8n_ommer, json_count(list));
    for (const struct json *json = json_first(list); json != NULL; json = json->next) {
        struct t8n_ommer *const ommer = &ommers[env->ommer_count++];
        if (!json_read_u64(json_get(json, "delta"), &ommer->delta) ||
            !json_read_address(json_get(json, "address"), &ommer->address)) {
            return false;
        }
    }
    env->ommers = ommers;
    return true;
}

/* A hash that may be missing. */
static bool read_hash(const struct json *json, const char *name, struct hash *out, bool *is_there) {
    const struct json *const member = json_get(json, name);
    *is_there = json_is_given(member);
    return !*is_there || json_read_hash(member, out);
}

bool t8n_env_read(
    struct arena *arena, struct t8n_env *env, const char **what, const struct json *json
) {
    struct header *const header = &env->header;
    bool has_ommers_hash;
    *env = (struct t8n_env){.block_hashes = json_get(json, "blockHashes")};
    env->parent.ommers_hash = header_empty_ommers_hash;
    *what = "currentCoinbase";
    if (!prestate_read_address(json_text(json_get(json, *what)), &header->fee_recipient)) {
        return false;
    }
    *what = "currentGasLimit";
    if (!json_read_u64(json_get(json, *what), &header->gas_limit)) return false;
    *what = "currentNumber";
    if (!json_read_u64(json_get(json, *what), &header->number)) return false;
    *what = "currentTimestamp";
    if (!json_read_u64(json_get(json, *what), &header->timestamp)) return false;
    if (!read_numbers(env, what, json)) return false;
    *what = "ommers";
    if (!read_ommers(arena, env, json_get(json, *what))) return false;
    *what = "withdrawals";
    const struct json *const withdrawals = json_get(json, *what);
    env->has_withdrawals = json_kind(withdrawals) == JSON_ARRAY;
    if (!payload_read_withdrawals(arena, &env->withdrawals, &env->withdrawal_count, withdrawals)) {
        return false;
    }
    *what = "parentUncleHash";
    if (!read_hash(json, *what, &env->parent.ommers_hash, &has_ommers_hash)) return false;
    *what = "parentBeaconBlockRoot";
    if (!read_hash(json, *what, &header->parent_beacon_root, &env->has_beacon_root)) return false;
    env->parent.number = header->number - (header->number > 0);
    return true;
}

static const char *complete_base_fee(struct t8n_env *env) {
    if (env->has_base_fee) return NULL;
    if (!env->has_parent_base_fee || env->header.number == 0) {
        return "EIP-1559 config but missing 'parentBaseFee' in env section";
    }
    env->parent.form = HEADER_FORM_LONDON;
    env->header.base_fee_per_gas = header_next_base_fee(&env->parent);
    env->has_base_fee = true;
    return NULL;
}

static const char *complete_difficulty(struct t8n_env *env, const struct chain_rules *rules) {
    if (env->has_difficulty) return NULL;
    if (!env->has_parent_difficulty) {
        return "currentDifficulty was not provided, and cannot be calculated due to missing "
               "parentDifficulty";
    }
    if (env->header.number == 0) {
        return "currentDifficulty needs to be provided for block number 0";
    }
    if (env->header.timestamp <= env->parent.timestamp) {
        return "currentDifficulty cannot be calculated -- currentTime needs to be after parent "
               "time";
    }
    env->header.difficulty = header_next_difficulty(&env->parent, env->header.timestamp, rules);
    env->has_difficulty = true;
    return NULL;
}

const char *t8n_env_complete(struct t8n_env *env, const struct chain_config *config) {
    struct header *const header = &env->header;
    const char *problem = NULL;
    const struct chain_rules rules = chain_rules_at(config, header->number, header->timestamp);
    if (rules.row->header_form >= HEADER_FORM_LONDON) problem = complete_base_fee(env);
    if (problem == NULL && chain_is_proof_of_work(&rules)) {
        problem = complete_difficulty(env, &rules);
    }
    if (rules.row->header_form < HEADER_FORM_CANCUN) {
        env->has_beacon_root = false;
        env->has_excess_blob_gas = false;
    } else if (!env->has_excess_blob_gas && env->has_parent_blob_gas) {
        header->excess_blob_gas = header_next_excess_blob_gas(&env->parent, &rules);
        env->has_excess_blob_gas = true;
    }
    return problem;
}

bool t8n_env_block_hash(const struct t8n_env *env, uint64_t number, struct hash *out) {
    for (const struct json *one = json_first(env->block_hashes); one != NULL; one = one->next) {
        uint64_t key;
        const struct bytes name = json_key(one);
        const struct json text = {
            .at.text = name.data, .count = (uint32_t)name.len & 0x1fffffff, .kind = JSON_STRING};
        if (json_read_u64(&text, &key) && key == number) return json_read_hash(one, out);
    }
    return false;
}
