/* Who sent a transaction, what it costs at least, and what can be said of it alone. */
#include "chain/tx.h"

#include "base/checked.h"
#include "crypto/ecdsa.h"

enum {
    GAS_TX = 21000,
    GAS_DATA_ZERO = 4,
    GAS_ACCESS_ADDRESS = 2400, /* EIP-2930 */
    GAS_ACCESS_KEY = 1900,     /* EIP-2930 */
    GAS_AUTHORIZATION = 25000, /* EIP-7702: PER_EMPTY_ACCOUNT_COST */
    TOKENS_PER_NONZERO = 4,    /* EIP-7623 */
    VERSIONED_HASH_KZG = 0x01, /* EIP-4844 */
    WORD_SIZE = 32,
};

/* r and s in range, s low where the fork wants that (EIP-2). */
static bool signature_in_range(const struct u256 *r, const struct u256 *s, bool low_s) {
    if (u256_is_zero(r) || u256_is_zero(s)) return false;
    if (!u256_less(r, &ecdsa_order) || !u256_less(s, &ecdsa_order)) return false;
    return !low_s || !ecdsa_s_is_high(s);
}

enum tx_verdict tx_sender(
    struct arena *arena,
    struct address *sender,
    const struct tx *tx,
    const struct chain_rules *rules
) {
    const enum tx_verdict type_verdict = tx_check_type(tx->type, rules);
    if (type_verdict != TX_VALID) return type_verdict;
    if (tx->is_protected) {
        if (!rules->row->replay_protection) return TX_INVALID_SIGNATURE_VRS;
        if (tx->chain_id != rules->chain_id) return TX_INVALID_CHAINID;
    }
    if (!signature_in_range(&tx->r, &tx->s, rules->row->low_s)) return TX_INVALID_SIGNATURE_VRS;

    struct hash digest;
    tx_signing_hash(arena, &digest, tx);
    const enum ecdsa_verdict verdict =
        ecdsa_recover_address(sender, &digest, &tx->r, &tx->s, tx->y_parity);
    return verdict == ECDSA_VALID ? TX_VALID : TX_EC_RECOVERY_FAIL;
}

bool tx_authority(
    struct arena *arena, struct address *authority, const struct tx_authorization *authorization
) {
    const struct u256 *const r = &authorization->r;
    const struct u256 *const s = &authorization->s;
    if (authorization->y_parity > 1) return false;
    if (!signature_in_range(r, s, true)) return false;

    struct hash digest;
    tx_authorization_hash(arena, &digest, authorization);
    return ecdsa_recover_address(authority, &digest, r, s, authorization->y_parity) == ECDSA_VALID;
}

static size_t count_zeros(struct bytes data) {
    size_t zeros = 0;
    for (size_t i = 0; i < data.len; i++) {
        zeros += data.data[i] == 0;
    }
    return zeros;
}

static size_t access_key_count(const struct tx *tx) {
    size_t count = 0;
    for (size_t i = 0; i < tx->access_list_count; i++) {
        count += tx->access_list[i].key_count;
    }
    return count;
}

/* Every factor is bounded by the size of a transaction (TX_SIZE_MAX, far below 2^32 items), so no
 * sum here comes near 2^64. */
uint64_t tx_intrinsic_gas(const struct tx *tx, const struct chain_rules *rules) {
    const uint64_t zeros = count_zeros(tx->data);
    const uint64_t nonzeros = tx->data.len - zeros;

    uint64_t gas = GAS_TX + GAS_DATA_ZERO * zeros + rules->row->data_nonzero_gas * nonzeros;
    if (tx->is_create) {
        const uint64_t words = (tx->data.len + WORD_SIZE - 1) / WORD_SIZE;
        gas += rules->row->create_gas + evm_rules_of(rules->revision)->initcode_word * words;
    }
    gas += GAS_ACCESS_ADDRESS * tx->access_list_count;
    gas += GAS_ACCESS_KEY * access_key_count(tx);
    return gas + GAS_AUTHORIZATION * tx->authorization_count;
}

uint64_t tx_floor_gas(const struct tx *tx, const struct chain_rules *rules) {
    if (rules->row->floor_per_token == 0) return 0;
    const uint64_t zeros = count_zeros(tx->data);
    const uint64_t tokens = zeros + TOKENS_PER_NONZERO * (tx->data.len - zeros);
    return GAS_TX + rules->row->floor_per_token * tokens;
}

struct u256 tx_effective_tip(const struct tx *tx, const struct u256 *base_fee) {
    struct u256 room;
    const bool below = u256_sub_wrapping(&room, &tx->max_fee_per_gas, base_fee);
    ASSERT(!below);
    return u256_less(&tx->max_priority_fee_per_gas, &room) ? tx->max_priority_fee_per_gas : room;
}

struct u256 tx_effective_gas_price(const struct tx *tx, const struct u256 *base_fee) {
    struct u256 price = tx_effective_tip(tx, base_fee);
    u256_add_wrapping(&price, &price, base_fee); /* at most max_fee_per_gas */
    return price;
}

enum tx_verdict tx_check_type(enum tx_type type, const struct chain_rules *rules) {
    static const enum tx_verdict unknown[] = {
        [TX_TYPE_LEGACY] = TX_TYPE_NOT_SUPPORTED,
        [TX_TYPE_ACCESS_LIST] = TX_TYPE_1_TX_PRE_FORK,
        [TX_TYPE_DYNAMIC_FEE] = TX_TYPE_2_TX_PRE_FORK,
        [TX_TYPE_BLOB] = TX_TYPE_3_TX_PRE_FORK,
        [TX_TYPE_SET_CODE] = TX_TYPE_4_TX_PRE_FORK,
    };
    if (type >= ARRAY_LEN(unknown)) return TX_TYPE_NOT_SUPPORTED;
    return (rules->row->tx_types >> type & 1) != 0 ? TX_VALID : unknown[type];
}

static enum tx_verdict check_blobs(const struct tx *tx, const struct chain_rules *rules) {
    if (tx->type != TX_TYPE_BLOB) return TX_VALID;
    if (tx->is_create) return TX_TYPE_3_TX_CONTRACT_CREATION;
    if (tx->blob_hash_count == 0) return TX_TYPE_3_TX_ZERO_BLOBS;
    if (tx->blob_hash_count > rules->blobs.max) return TX_TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED;
    if (tx->blob_hash_count > rules->row->tx_blobs_max) return TX_TYPE_3_TX_BLOB_COUNT_EXCEEDED;
    for (size_t i = 0; i < tx->blob_hash_count; i++) {
        if (tx->blob_hashes[i].bytes[0] != VERSIONED_HASH_KZG) {
            return TX_TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH;
        }
    }
    return TX_VALID;
}

/* The most that gas can cost must fit: no account could hold more. */
static bool gas_cost_fits(const struct tx *tx) {
    struct u256 cost;
    const struct u256 gas_limit = u256_from_u64(tx->gas_limit);
    return u256_mul(&cost, &gas_limit, &tx->max_fee_per_gas);
}

enum tx_verdict tx_check(const struct tx *tx, const struct chain_rules *rules) {
    const enum tx_verdict type_verdict = tx_check_type(tx->type, rules);
    if (type_verdict != TX_VALID) return type_verdict;

    if (tx->gas_limit > rules->row->tx_gas_max) return TX_GAS_LIMIT_EXCEEDS_MAXIMUM;
    if (tx->nonce == UINT64_MAX) return TX_NONCE_IS_MAX; /* EIP-2681 */
    if (u256_less(&tx->max_fee_per_gas, &tx->max_priority_fee_per_gas)) {
        return TX_PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS;
    }
    if (!gas_cost_fits(tx)) return TX_GASLIMIT_PRICE_PRODUCT_OVERFLOW;
    if (tx->is_create && tx->data.len > evm_rules_of(rules->revision)->initcode_size_max) {
        return TX_INITCODE_SIZE_EXCEEDED;
    }
    const enum tx_verdict blob_verdict = check_blobs(tx, rules);
    if (blob_verdict != TX_VALID) return blob_verdict;
    if (tx->type == TX_TYPE_SET_CODE) {
        if (tx->is_create) return TX_TYPE_4_TX_CONTRACT_CREATION;
        if (tx->authorization_count == 0) return TX_TYPE_4_EMPTY_AUTHORIZATION_LIST;
    }
    if (tx->gas_limit < tx_intrinsic_gas(tx, rules)) return TX_INTRINSIC_GAS_TOO_LOW;
    if (tx->gas_limit < tx_floor_gas(tx, rules)) return TX_INTRINSIC_GAS_BELOW_FLOOR_GAS_COST;
    return TX_VALID;
}
