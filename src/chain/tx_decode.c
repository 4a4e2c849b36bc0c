/* The wire forms of transactions, read. */
#include "base/checked.h"
#include "chain/tx.h"
#include "codec/rlp.h"
#include "crypto/kzg.h"

enum {
    HASH_ENCODED_MIN = 1,           /* bytes of an item that is no hash */
    ACCESS_ENCODED_MIN = 23,        /* bytes of an access list's entry without keys */
    AUTHORIZATION_ENCODED_MIN = 27, /* bytes of an authorization of zeros */
    V_UNPROTECTED = 27,
    V_PROTECTED = 35,
};

/* The reader's first bad verdict stays; so does what it means for a transaction. */
struct tx_decoder {
    struct rlp_reader rlp;
    struct arena *arena;
    enum tx_verdict verdict;
};

/* What a field's faults are called. */
struct field_faults {
    enum tx_verdict too_long;
    enum tx_verdict too_short;
    enum tx_verdict leading_zeros;
    enum tx_verdict not_a_string;
};

#define INTEGER_FAULTS(name, overflow, list) \
    { .too_long = (overflow), .leading_zeros = TX_RLP_LEADING_ZEROS_##name, .not_a_string = (list) }
#define SPAN_FAULTS(longer, shorter, list) \
    { .too_long = (longer), .too_short = (shorter), .not_a_string = (list) }

static const struct field_faults chain_id_faults =
    INTEGER_FAULTS(CHAIN_ID, TX_INVALID_CHAINID, TX_RLP_INVALID_VALUE);
static const struct field_faults nonce_faults =
    INTEGER_FAULTS(NONCE, TX_NONCE_OVERFLOW, TX_RLP_INVALID_NONCE);
static const struct field_faults gas_price_faults =
    INTEGER_FAULTS(GASPRICE, TX_GASPRICE_OVERFLOW, TX_RLP_INVALID_VALUE);
static const struct field_faults tip_faults =
    INTEGER_FAULTS(PRIORITY_FEE, TX_PRIORITY_OVERFLOW, TX_RLP_INVALID_VALUE);
static const struct field_faults max_fee_faults =
    INTEGER_FAULTS(BASEFEE, TX_GASPRICE_OVERFLOW, TX_RLP_INVALID_VALUE);
static const struct field_faults gas_limit_faults =
    INTEGER_FAULTS(GASLIMIT, TX_GASLIMIT_OVERFLOW, TX_RLP_INVALID_GASLIMIT);
static const struct field_faults value_faults =
    INTEGER_FAULTS(VALUE, TX_VALUE_OVERFLOW, TX_RLP_INVALID_VALUE);
static const struct field_faults blob_fee_faults =
    INTEGER_FAULTS(BLOB_FEE, TX_RLP_INVALID_VALUE, TX_RLP_INVALID_VALUE);
static const struct field_faults version_faults =
    INTEGER_FAULTS(VERSION, TX_RLP_INVALID_VALUE, TX_RLP_INVALID_VALUE);
static const struct field_faults v_faults =
    INTEGER_FAULTS(V, TX_INVALID_SIGNATURE_VRS, TX_RLP_INVALID_SIGNATURE_V);
static const struct field_faults r_faults =
    INTEGER_FAULTS(R, TX_INVALID_SIGNATURE_VRS, TX_RLP_INVALID_SIGNATURE_R);
static const struct field_faults s_faults =
    INTEGER_FAULTS(S, TX_INVALID_SIGNATURE_VRS, TX_RLP_INVALID_SIGNATURE_S);
static const struct field_faults to_faults =
    SPAN_FAULTS(TX_ADDRESS_TOO_LONG, TX_ADDRESS_TOO_SHORT, TX_RLP_INVALID_TO);
static const struct field_faults data_faults =
    SPAN_FAULTS(TX_RLP_INVALID_DATA, TX_RLP_INVALID_DATA, TX_RLP_INVALID_DATA);
static const struct field_faults access_address_faults = SPAN_FAULTS(
    TX_RLP_INVALID_ACCESS_LIST_ADDRESS_TOO_LONG,
    TX_RLP_INVALID_ACCESS_LIST_ADDRESS_TOO_SHORT,
    TX_RLP_INVALID_ACCESS_LIST
);
static const struct field_faults access_key_faults = SPAN_FAULTS(
    TX_RLP_INVALID_ACCESS_LIST_STORAGE_TOO_LONG,
    TX_RLP_INVALID_ACCESS_LIST_STORAGE_TOO_SHORT,
    TX_RLP_INVALID_ACCESS_LIST
);
static const struct field_faults blob_hash_faults =
    SPAN_FAULTS(TX_RLP_INVALID_BLOB_HASHES, TX_RLP_INVALID_BLOB_HASHES, TX_RLP_INVALID_BLOB_HASHES);

/* Names what the reader found wrong with the field just read. */
static void judge(struct tx_decoder *decoder, bool was_there, const struct field_faults *faults) {
    if (decoder->verdict != TX_VALID || decoder->rlp.verdict == RLP_VALID) return;
    switch (decoder->rlp.verdict) {
    case RLP_TRUNCATED:
        decoder->verdict = was_there ? TX_RLP_ERROR_EOF : TX_RLP_TOO_FEW_ELEMENTS;
        break;
    case RLP_LEADING_ZERO: decoder->verdict = faults->leading_zeros; break;
    case RLP_TOO_LONG: decoder->verdict = faults->too_long; break;
    case RLP_TOO_SHORT: decoder->verdict = faults->too_short; break;
    case RLP_NOT_STRING: decoder->verdict = faults->not_a_string; break;
    default: decoder->verdict = TX_RLP_ERROR_SIZE; break;
    }
}

/* The same for a list as a whole. */
static void judge_list(struct tx_decoder *decoder, bool was_there, enum tx_verdict malformed) {
    if (decoder->verdict != TX_VALID || decoder->rlp.verdict == RLP_VALID) return;
    decoder->verdict = malformed;
    if (decoder->rlp.verdict != RLP_TRUNCATED) return;
    decoder->verdict = was_there ? TX_RLP_ERROR_EOF : TX_RLP_TOO_FEW_ELEMENTS;
}

static void refuse(struct tx_decoder *decoder, enum tx_verdict verdict) {
    if (decoder->verdict == TX_VALID) decoder->verdict = verdict;
    rlp_fail(&decoder->rlp, RLP_TOO_LONG);
}

static void field_u64(
    struct tx_decoder *decoder, uint64_t *out, const struct field_faults *faults
) {
    const bool was_there = rlp_more(&decoder->rlp);
    rlp_read_u64(&decoder->rlp, out);
    judge(decoder, was_there, faults);
}

static void field_u256(
    struct tx_decoder *decoder, struct u256 *out, const struct field_faults *faults
) {
    const bool was_there = rlp_more(&decoder->rlp);
    rlp_read_u256(&decoder->rlp, out);
    judge(decoder, was_there, faults);
}

static void field_chain_id(struct tx_decoder *decoder, struct tx *tx) {
    struct u256 chain_id;
    field_u256(decoder, &chain_id, &chain_id_faults);
    if (!u256_fits_u64(&chain_id)) refuse(decoder, TX_INVALID_CHAINID);
    tx->chain_id = chain_id.limb[0];
    tx->is_protected = true;
}

static void field_to(struct tx_decoder *decoder, struct tx *tx) {
    const bool was_there = rlp_more(&decoder->rlp);
    bool is_present = false;
    rlp_read_optional_address(&decoder->rlp, &tx->to, &is_present);
    judge(decoder, was_there, &to_faults);
    tx->is_create = !is_present;
}

static void field_data(struct tx_decoder *decoder, struct tx *tx) {
    const bool was_there = rlp_more(&decoder->rlp);
    rlp_read_bytes(&decoder->rlp, &tx->data);
    judge(decoder, was_there, &data_faults);
}

/* Enters a list and counts its items; each takes at least encoded_min bytes, or memory would be made
 * for more items than the input can hold. */
static struct rlp_list enter_list(
    struct tx_decoder *decoder, size_t *count, size_t encoded_min, enum tx_verdict malformed
) {
    const bool was_there = rlp_more(&decoder->rlp);
    const struct rlp_list list = rlp_enter(&decoder->rlp);
    *count = rlp_count(&decoder->rlp);
    judge_list(decoder, was_there, malformed);
    if (decoder->verdict == TX_VALID &&
        *count > (size_t)(decoder->rlp.end - decoder->rlp.next) / encoded_min) {
        refuse(decoder, malformed);
    }
    if (decoder->verdict != TX_VALID) *count = 0;
    return list;
}

static void leave_list(
    struct tx_decoder *decoder, struct rlp_list list, enum tx_verdict malformed
) {
    rlp_leave(&decoder->rlp, list);
    if (decoder->rlp.verdict != RLP_VALID && decoder->verdict == TX_VALID) {
        decoder->verdict = malformed;
    }
}

static const struct hash *field_hashes(
    struct tx_decoder *decoder,
    size_t *count,
    enum tx_verdict malformed,
    const struct field_faults *faults
) {
    /* An item that is too short has to be met to be named, so room is made for those that are not. */
    const struct rlp_list list = enter_list(decoder, count, HASH_ENCODED_MIN, malformed);
    const size_t room = (size_t)(decoder->rlp.end - decoder->rlp.next) / RLP_HASH_SIZE + 1;
    struct hash *const hashes = ARENA_ARRAY(decoder->arena, struct hash, min_u64(*count, room));
    for (size_t i = 0; i < *count && decoder->verdict == TX_VALID; i++) {
        rlp_read_hash(&decoder->rlp, &hashes[i]);
        judge(decoder, true, faults);
    }
    leave_list(decoder, list, malformed);
    return hashes;
}

static void field_access_list(struct tx_decoder *decoder, struct tx *tx) {
    size_t count;
    const struct rlp_list list =
        enter_list(decoder, &count, ACCESS_ENCODED_MIN, TX_RLP_INVALID_ACCESS_LIST);
    struct tx_access *const entries = ARENA_ARRAY(decoder->arena, struct tx_access, count);
    for (size_t i = 0; i < count; i++) {
        const struct rlp_list entry = rlp_enter(&decoder->rlp);
        rlp_read_address(&decoder->rlp, &entries[i].address);
        judge(decoder, true, &access_address_faults);
        entries[i].keys = field_hashes(
            decoder, &entries[i].key_count, TX_RLP_INVALID_ACCESS_LIST, &access_key_faults
        );
        leave_list(decoder, entry, TX_RLP_INVALID_ACCESS_LIST);
    }
    leave_list(decoder, list, TX_RLP_INVALID_ACCESS_LIST);
    tx->access_list = entries;
    tx->access_list_count = count;
}

static void field_authorizations(struct tx_decoder *decoder, struct tx *tx) {
    const enum tx_verdict malformed = TX_RLP_INVALID_AUTHORIZATION_LIST;
    size_t count;
    const struct rlp_list list = enter_list(decoder, &count, AUTHORIZATION_ENCODED_MIN, malformed);
    struct tx_authorization *const entries =
        ARENA_ARRAY(decoder->arena, struct tx_authorization, count);
    for (size_t i = 0; i < count; i++) {
        struct tx_authorization *const entry = &entries[i];
        const struct rlp_list fields = rlp_enter(&decoder->rlp);
        uint64_t y_parity;
        rlp_read_u256(&decoder->rlp, &entry->chain_id);
        rlp_read_address(&decoder->rlp, &entry->address);
        rlp_read_u64(&decoder->rlp, &entry->nonce);
        rlp_read_u64(&decoder->rlp, &y_parity);
        rlp_read_u256(&decoder->rlp, &entry->r);
        rlp_read_u256(&decoder->rlp, &entry->s);
        if (y_parity > UINT8_MAX) refuse(decoder, malformed);
        entry->y_parity = (uint8_t)y_parity;
        leave_list(decoder, fields, malformed);
    }
    leave_list(decoder, list, malformed);
    tx->authorizations = entries;
    tx->authorization_count = count;
}

static void field_signature(struct tx_decoder *decoder, struct tx *tx) {
    uint64_t y_parity;
    field_u64(decoder, &y_parity, &v_faults);
    if (y_parity > 1) refuse(decoder, TX_INVALID_SIGNATURE_VRS);
    tx->y_parity = y_parity == 1;
    field_u256(decoder, &tx->r, &r_faults);
    field_u256(decoder, &tx->s, &s_faults);
}

/* v is 27 + y, or (EIP-155) 35 + 2 * chain id + y. */
static void field_legacy_signature(struct tx_decoder *decoder, struct tx *tx) {
    struct u256 v;
    field_u256(decoder, &v, &v_faults);
    field_u256(decoder, &tx->r, &r_faults);
    field_u256(decoder, &tx->s, &s_faults);
    if (decoder->verdict != TX_VALID) return;

    if (!u256_fits_u64(&v)) {
        refuse(decoder, TX_INVALID_CHAINID);
    } else if (v.limb[0] >= V_PROTECTED) {
        tx->is_protected = true;
        tx->chain_id = (v.limb[0] - V_PROTECTED) / 2;
        tx->y_parity = (v.limb[0] - V_PROTECTED) % 2 == 1;
    } else if (v.limb[0] == V_UNPROTECTED || v.limb[0] == V_UNPROTECTED + 1) {
        tx->y_parity = v.limb[0] == V_UNPROTECTED + 1;
    } else {
        refuse(decoder, TX_INVALID_SIGNATURE_VRS);
    }
}

static void decode_gas_price(struct tx_decoder *decoder, struct tx *tx) {
    field_u256(decoder, &tx->max_fee_per_gas, &gas_price_faults);
    tx->max_priority_fee_per_gas = tx->max_fee_per_gas;
}

static void decode_recipient(struct tx_decoder *decoder, struct tx *tx) {
    field_u64(decoder, &tx->gas_limit, &gas_limit_faults);
    field_to(decoder, tx);
    field_u256(decoder, &tx->value, &value_faults);
    field_data(decoder, tx);
}

static void decode_legacy(struct tx_decoder *decoder, struct tx *tx) {
    field_u64(decoder, &tx->nonce, &nonce_faults);
    decode_gas_price(decoder, tx);
    decode_recipient(decoder, tx);
    field_legacy_signature(decoder, tx);
}

static void decode_typed(struct tx_decoder *decoder, struct tx *tx) {
    field_chain_id(decoder, tx);
    field_u64(decoder, &tx->nonce, &nonce_faults);
    if (tx->type == TX_TYPE_ACCESS_LIST) {
        decode_gas_price(decoder, tx);
    } else {
        field_u256(decoder, &tx->max_priority_fee_per_gas, &tip_faults);
        field_u256(decoder, &tx->max_fee_per_gas, &max_fee_faults);
    }
    decode_recipient(decoder, tx);
    field_access_list(decoder, tx);
    if (tx->type == TX_TYPE_BLOB) {
        field_u256(decoder, &tx->max_fee_per_blob_gas, &blob_fee_faults);
        tx->blob_hashes = field_hashes(
            decoder, &tx->blob_hash_count, TX_RLP_INVALID_BLOB_HASHES, &blob_hash_faults
        );
        if (tx->blob_hash_count > TX_BLOBS_MAX) refuse(decoder, TX_TYPE_3_TX_BLOB_COUNT_EXCEEDED);
    }
    if (tx->type == TX_TYPE_SET_CODE) field_authorizations(decoder, tx);
    field_signature(decoder, tx);
}

/* The payload: one list, which is all of the reader's input where it is the last item. */
static void decode_payload(struct tx_decoder *decoder, struct tx *tx) {
    const struct rlp_list list = rlp_enter(&decoder->rlp);
    judge_list(decoder, true, TX_RLP_ERROR_SIZE);
    if (tx->type == TX_TYPE_LEGACY) {
        decode_legacy(decoder, tx);
    } else {
        decode_typed(decoder, tx);
    }
    leave_list(decoder, list, TX_RLP_TOO_MANY_ELEMENTS);
    if (decoder->verdict != TX_VALID || !tx->is_create) return;
    if (tx->type == TX_TYPE_BLOB) refuse(decoder, TX_TYPE_3_TX_CONTRACT_CREATION);
    if (tx->type == TX_TYPE_SET_CODE) refuse(decoder, TX_TYPE_4_TX_CONTRACT_CREATION);
}

/* The type byte; what follows it (all, for a legacy transaction) is left in *payload. */
static enum tx_verdict decode_type(struct tx *tx, struct bytes *payload, struct bytes encoded) {
    if (encoded.len == 0) return TX_RLP_ERROR_EOF;
    if (encoded.len > TX_SIDECAR_SIZE_MAX) return TX_TOO_LONG;
    const uint8_t first = encoded.data[0];
    *tx = (struct tx){.type = TX_TYPE_LEGACY};
    *payload = encoded;
    if (first >= 0xc0) return TX_VALID;
    if (first >= 0x80) return TX_TYPE_NOT_SUPPORTED;
    if (first < TX_TYPE_ACCESS_LIST || first > TX_TYPE_SET_CODE) return TX_TYPE_NOT_SUPPORTED;
    tx->type = (enum tx_type)first;
    *payload = bytes_slice(encoded, 1, encoded.len - 1);
    return TX_VALID;
}

static enum tx_verdict finish(const struct tx_decoder *decoder) {
    if (decoder->verdict != TX_VALID) return decoder->verdict;
    return rlp_finish(&decoder->rlp) == RLP_VALID ? TX_VALID : TX_RLP_ERROR_TRAILING;
}

/* A blob transaction's payload is a list that starts with a list where it is in network form, and
 * with the chain id where it is not. */
static bool is_network_form(struct bytes payload) {
    struct rlp_reader reader = rlp_read(payload);
    const struct rlp_list list = rlp_enter(&reader);
    (void)list;
    return rlp_next_is_list(&reader);
}

enum tx_verdict tx_decode(struct arena *arena, struct tx *tx, struct bytes encoded) {
    struct bytes payload;
    const enum tx_verdict verdict = decode_type(tx, &payload, encoded);
    if (verdict != TX_VALID) return verdict;
    if (encoded.len > TX_SIZE_MAX) return TX_TOO_LONG;
    if (tx->type == TX_TYPE_BLOB && is_network_form(payload)) return TX_TYPE_3_TX_WITH_FULL_BLOBS;

    struct tx_decoder decoder = {rlp_read(payload), arena, TX_VALID};
    decode_payload(&decoder, tx);
    return finish(&decoder);
}

/* count strings of item_size bytes, put one behind the other in arena. */
static const uint8_t *field_strings(
    struct tx_decoder *decoder, size_t *count, size_t count_max, size_t item_size
) {
    const struct rlp_list list = enter_list(decoder, count, item_size, TX_RLP_INVALID_BLOB_HASHES);
    if (*count > count_max) {
        refuse(decoder, TX_TYPE_3_TX_BLOB_COUNT_EXCEEDED);
        *count = 0;
    }
    uint8_t *const items = arena_alloc_raw(decoder->arena, *count * item_size, 1);
    for (size_t i = 0; i < *count; i++) {
        rlp_read_exact(&decoder->rlp, items + i * item_size, item_size);
    }
    leave_list(decoder, list, TX_RLP_INVALID_BLOB_HASHES);
    return items;
}

static void decode_sidecar(struct tx_decoder *decoder, struct tx_sidecar *sidecar) {
    *sidecar = (struct tx_sidecar){.version = 0};
    size_t proofs_per_blob = 1;
    if (rlp_more(&decoder->rlp) && !rlp_next_is_list(&decoder->rlp)) {
        uint64_t version;
        field_u64(decoder, &version, &version_faults);
        if (version != 1) refuse(decoder, TX_RLP_INVALID_VALUE);
        sidecar->version = 1;
        proofs_per_blob = TX_CELLS_PER_BLOB;
    }
    size_t commitment_count;
    sidecar->blobs = field_strings(decoder, &sidecar->blob_count, TX_BLOBS_MAX, TX_BLOB_SIZE);
    sidecar->commitments =
        field_strings(decoder, &commitment_count, TX_BLOBS_MAX, KZG_COMMITMENT_SIZE);
    sidecar->proofs = field_strings(
        decoder, &sidecar->proof_count, TX_BLOBS_MAX * proofs_per_blob, KZG_PROOF_SIZE
    );
    if (commitment_count != sidecar->blob_count ||
        sidecar->proof_count != sidecar->blob_count * proofs_per_blob) {
        refuse(decoder, TX_RLP_INVALID_VALUE);
    }
}

/* The type byte and the payload's first item: the transaction as it will stand in a block. */
static struct bytes consensus_form(struct arena *arena, struct bytes payload) {
    struct rlp_reader reader = rlp_read(payload);
    const struct rlp_list list = rlp_enter(&reader);
    (void)list;
    const struct bytes body = rlp_read_item(&reader).whole;
    uint8_t *const copy = arena_alloc_raw(arena, body.len + 1, 1);
    copy[0] = TX_TYPE_BLOB;
    memcpy(copy + 1, body.data, body.len);
    return bytes_from(copy, body.len + 1);
}

enum tx_verdict tx_decode_network(
    struct arena *arena,
    struct tx *tx,
    struct bytes *consensus,
    bool *has_sidecar,
    struct tx_sidecar *sidecar,
    struct bytes encoded
) {
    struct bytes payload;
    *has_sidecar = false;
    *consensus = encoded;
    const enum tx_verdict verdict = decode_type(tx, &payload, encoded);
    if (verdict != TX_VALID) return verdict;
    if (tx->type != TX_TYPE_BLOB) return tx_decode(arena, tx, encoded);

    struct tx_decoder decoder = {rlp_read(payload), arena, TX_VALID};
    const struct rlp_list list = rlp_enter(&decoder.rlp);
    judge_list(&decoder, true, TX_RLP_ERROR_SIZE);
    decode_payload(&decoder, tx);
    decode_sidecar(&decoder, sidecar);
    leave_list(&decoder, list, TX_RLP_TOO_MANY_ELEMENTS);
    const enum tx_verdict end = finish(&decoder);
    if (end != TX_VALID) return end;

    *has_sidecar = true;
    *consensus = consensus_form(arena, payload);
    return consensus->len > TX_SIZE_MAX ? TX_TOO_LONG : TX_VALID;
}

bool tx_check_sidecar_hashes(const struct tx *tx, const struct tx_sidecar *sidecar) {
    if (tx->blob_hash_count != sidecar->blob_count) return false;
    for (size_t i = 0; i < sidecar->blob_count; i++) {
        struct kzg_commitment commitment;
        memcpy(
            commitment.bytes, sidecar->commitments + i * KZG_COMMITMENT_SIZE, KZG_COMMITMENT_SIZE
        );
        const struct hash hash = kzg_versioned_hash(&commitment);
        if (!hash_equal(&hash, &tx->blob_hashes[i])) return false;
    }
    return true;
}
