#include "cmd/tx_json.h"

enum { DATA_MAX = 16 << 20, V_UNPROTECTED = 27, V_PROTECTED = 35, NO_PARITY = 4 };

/* A quantity that is 0 where it is not there. */
static bool read_u64_or_zero(const struct json *json, uint64_t *out) {
    *out = 0;
    return !json_is_given(json) || json_read_u64(json, out);
}

static bool read_u256_or_zero(const struct json *json, struct u256 *out) {
    *out = U256_ZERO;
    return !json_is_given(json) || json_read_u256(json, out);
}

static const struct json *either(const struct json *object, const char *name, const char *other) {
    const struct json *const json = json_get(object, name);
    return json_is_given(json) ? json : json_get(object, other);
}

static bool read_hashes(
    struct arena *arena, const struct hash **out, size_t *count, const struct json *list
) {
    struct hash *const hashes = ARENA_ARRAY(arena, struct hash, json_count(list));
    *count = 0;
    for (const struct json *one = json_first(list); one != NULL; one = one->next) {
        struct u256 value; /* storage keys stand with and without leading zeros */
        if (!json_read_u256(one, &value)) return false;
        u256_to_be(hashes[(*count)++].bytes, &value);
    }
    *out = hashes;
    return true;
}

static bool read_access_list(struct arena *arena, struct tx *tx, const struct json *list) {
    struct tx_access *const entries = ARENA_ARRAY(arena, struct tx_access, json_count(list));
    for (const struct json *one = json_first(list); one != NULL; one = one->next) {
        struct tx_access *const entry = &entries[tx->access_list_count++];
        if (!json_read_address(json_get(one, "address"), &entry->address)) return false;
        const struct json *const keys = json_get(one, "storageKeys");
        if (!read_hashes(arena, &entry->keys, &entry->key_count, keys)) return false;
    }
    tx->access_list = entries;
    return true;
}

static bool read_authorizations(struct arena *arena, struct tx *tx, const struct json *list) {
    struct tx_authorization *const entries =
        ARENA_ARRAY(arena, struct tx_authorization, json_count(list));
    for (const struct json *one = json_first(list); one != NULL; one = one->next) {
        struct tx_authorization *const entry = &entries[tx->authorization_count++];
        uint64_t y_parity;
        if (!json_read_u256(json_get(one, "chainId"), &entry->chain_id) ||
            !json_read_address(json_get(one, "address"), &entry->address) ||
            !json_read_u64(json_get(one, "nonce"), &entry->nonce) ||
            !json_read_u64(either(one, "yParity", "v"), &y_parity) || y_parity > UINT8_MAX ||
            !json_read_u256(json_get(one, "r"), &entry->r) ||
            !json_read_u256(json_get(one, "s"), &entry->s)) {
            return false;
        }
        entry->y_parity = (uint8_t)y_parity;
    }
    tx->authorizations = entries;
    return true;
}

/* The members that every type has; the name of the first that is wrong, or NULL. */
static const char *read_common(struct arena *arena, struct tx *tx, const struct json *object) {
    const struct json *const to = json_get(object, "to");
    const struct json *const data = either(object, "input", "data");
    if (!json_read_u64(json_get(object, "nonce"), &tx->nonce)) return "nonce";
    if (!json_read_u64(either(object, "gas", "gasLimit"), &tx->gas_limit)) return "gas";
    if (!json_read_u256(json_get(object, "value"), &tx->value)) return "value";
    if (!json_read_bytes(arena, data, &tx->data, DATA_MAX)) return "input";
    tx->is_create = !json_is_given(to) || json_text(to).len == 0;
    return tx->is_create || json_read_address(to, &tx->to) ? NULL : "to";
}

static const char *read_fees(struct tx *tx, const struct json *object) {
    if (tx->type <= TX_TYPE_ACCESS_LIST) {
        if (!json_read_u256(json_get(object, "gasPrice"), &tx->max_fee_per_gas)) return "gasPrice";
        tx->max_priority_fee_per_gas = tx->max_fee_per_gas;
        return NULL;
    }
    const struct json *const tip = json_get(object, "maxPriorityFeePerGas");
    if (!json_read_u256(tip, &tx->max_priority_fee_per_gas)) return "maxPriorityFeePerGas";
    if (!json_read_u256(json_get(object, "maxFeePerGas"), &tx->max_fee_per_gas)) {
        return "maxFeePerGas";
    }
    return NULL;
}

static const char *read_lists(struct arena *arena, struct tx *tx, const struct json *object) {
    if (tx->type >= TX_TYPE_ACCESS_LIST &&
        !read_access_list(arena, tx, json_get(object, "accessList"))) {
        return "accessList";
    }
    if (tx->type == TX_TYPE_BLOB) {
        const struct json *const hashes = json_get(object, "blobVersionedHashes");
        const struct json *const fee = json_get(object, "maxFeePerBlobGas");
        if (!json_read_u256(fee, &tx->max_fee_per_blob_gas)) return "maxFeePerBlobGas";
        if (!read_hashes(arena, &tx->blob_hashes, &tx->blob_hash_count, hashes)) {
            return "blobVersionedHashes";
        }
    }
    if (tx->type == TX_TYPE_SET_CODE &&
        !read_authorizations(arena, tx, json_get(object, "authorizationList"))) {
        return "authorizationList";
    }
    return NULL;
}

/* A legacy v says parity and chain id (EIP-155); elsewhere it is the parity. */
static void take_v(struct tx *tx, const struct u256 *v) {
    const struct u256 one = u256_from_u64(1);
    const uint64_t low = v->limb[0];
    const bool fits = u256_fits_u64(v);
    tx->y_parity = NO_PARITY;
    if (tx->type != TX_TYPE_LEGACY) {
        if (!u256_less(&one, v)) tx->y_parity = (uint8_t)low;
    } else if (fits && low >= V_PROTECTED) {
        tx->is_protected = true;
        tx->chain_id = (low - V_PROTECTED) / 2;
        tx->y_parity = (uint8_t)((low - V_PROTECTED) % 2);
    } else {
        tx->is_protected = false;
        tx->chain_id = 0;
        if (fits && (low == V_UNPROTECTED || low == V_UNPROTECTED + 1)) {
            tx->y_parity = (uint8_t)(low - V_UNPROTECTED);
        }
    }
}

static bool sign(
    struct arena *arena,
    struct tx *tx,
    const struct hash *secret_key,
    const struct ecdsa_signer *signer
) {
    struct ecdsa_secret_key key;
    struct ecdsa_signature signature;
    struct hash digest;
    memcpy(key.bytes, secret_key->bytes, sizeof key.bytes);
    tx_signing_hash(arena, &digest, tx);
    if (ecdsa_sign_recoverable(signer, &signature, &digest, &key) != ECDSA_VALID) return false;
    tx->y_parity = signature.recovery_id;
    tx->r = signature.r;
    tx->s = signature.s;
    return true;
}

static const char *read_signature(
    struct arena *arena,
    struct tx *tx,
    const struct json *object,
    uint64_t chain_id,
    const struct ecdsa_signer *signer
) {
    const struct json *const key = json_get(object, "secretKey");
    const bool is_typed = tx->type != TX_TYPE_LEGACY;
    const struct json *const parity = json_get(object, is_typed ? "yParity" : "v");
    struct u256 v;
    struct hash secret_key;
    bool protected = true;
    if (!read_u256_or_zero(json_is_given(parity) ? parity : json_get(object, "v"), &v)) return "v";
    if (!read_u256_or_zero(json_get(object, "r"), &tx->r)) return "r";
    if (!read_u256_or_zero(json_get(object, "s"), &tx->s)) return "s";
    const bool is_signed = !u256_is_zero(&v) || !u256_is_zero(&tx->r) || !u256_is_zero(&tx->s);
    if (is_signed || !json_is_given(key)) {
        take_v(tx, &v);
        return NULL;
    }
    const struct json *const flag = json_get(object, "protected");
    if (json_is_given(flag) && !json_read_bool(flag, &protected)) return "protected";
    if (!is_typed) {
        tx->is_protected = protected;
        tx->chain_id = protected ? chain_id : 0;
    }
    if (!json_read_hash(key, &secret_key)) return "secretKey";
    return sign(arena, tx, &secret_key, signer) ? NULL : "secretKey";
}

bool tx_json_read(
    struct arena *arena,
    struct tx *tx,
    const char **what,
    const struct json *object,
    uint64_t chain_id,
    const struct ecdsa_signer *signer
) {
    uint64_t type;
    *tx = (struct tx){.is_protected = true};
    *what = "type";
    if (!read_u64_or_zero(json_get(object, "type"), &type) || type > TX_TYPE_SET_CODE) return false;
    tx->type = (enum tx_type)type;
    *what = "chainId";
    if (!read_u64_or_zero(json_get(object, "chainId"), &tx->chain_id)) return false;
    *what = read_common(arena, tx, object);
    if (*what == NULL) *what = read_fees(tx, object);
    if (*what == NULL) *what = read_lists(arena, tx, object);
    if (*what == NULL) *what = read_signature(arena, tx, object, chain_id, signer);
    return *what == NULL;
}

bool tx_json_address_of(
    struct address *out, const struct hash *secret_key, const struct ecdsa_signer *signer
) {
    struct ecdsa_secret_key key;
    struct ecdsa_public_key public_key;
    memcpy(key.bytes, secret_key->bytes, sizeof key.bytes);
    if (ecdsa_public_key_of(signer, &public_key, &key) != ECDSA_VALID) return false;
    *out = ecdsa_address(&public_key);
    return true;
}
