/* The wire forms of transactions, written, and the hashes over them. */
#include "chain/tx.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "crypto/kzg.h"

enum {
    V_UNPROTECTED = 27,
    V_PROTECTED = 35,
    FIELDS_SIZE_HINT = 256,
    ACCESS_SIZE_HINT = 64,
    AUTHORIZATION_MAGIC = 0x05, /* EIP-7702 */
};

static void write_recipient(struct rlp_writer *writer, const struct tx *tx) {
    rlp_write_u64(writer, tx->gas_limit);
    if (tx->is_create) {
        rlp_write_bytes(writer, (struct bytes){NULL, 0});
    } else {
        rlp_write_address(writer, &tx->to);
    }
    rlp_write_u256(writer, &tx->value);
    rlp_write_bytes(writer, tx->data);
}

static void write_hashes(struct rlp_writer *writer, const struct hash *hashes, size_t count) {
    rlp_write_list_header(writer, count * RLP_HASH_SIZE);
    for (size_t i = 0; i < count; i++) {
        rlp_write_hash(writer, &hashes[i]);
    }
}

static void write_access_list(struct rlp_writer *writer, const struct tx *tx) {
    const size_t list = rlp_list_begin(writer);
    for (size_t i = 0; i < tx->access_list_count; i++) {
        const struct tx_access *const entry = &tx->access_list[i];
        const size_t keys_size = rlp_size_list(entry->key_count * RLP_HASH_SIZE);
        rlp_write_list_header(writer, RLP_ADDRESS_SIZE + keys_size);
        rlp_write_address(writer, &entry->address);
        write_hashes(writer, entry->keys, entry->key_count);
    }
    rlp_list_end(writer, list);
}

static void write_authorizations(struct rlp_writer *writer, const struct tx *tx) {
    const size_t list = rlp_list_begin(writer);
    for (size_t i = 0; i < tx->authorization_count; i++) {
        const struct tx_authorization *const entry = &tx->authorizations[i];
        const size_t fields = rlp_list_begin(writer);
        rlp_write_u256(writer, &entry->chain_id);
        rlp_write_address(writer, &entry->address);
        rlp_write_u64(writer, entry->nonce);
        rlp_write_u64(writer, entry->y_parity);
        rlp_write_u256(writer, &entry->r);
        rlp_write_u256(writer, &entry->s);
        rlp_list_end(writer, fields);
    }
    rlp_list_end(writer, list);
}

static void write_legacy(struct rlp_writer *writer, const struct tx *tx, bool is_signed) {
    rlp_write_u64(writer, tx->nonce);
    rlp_write_u256(writer, &tx->max_fee_per_gas);
    write_recipient(writer, tx);
    if (is_signed) {
        /* 35 + 2 * chain id + y may pass 64 bits. */
        struct u256 v = u256_from_u64(tx->y_parity);
        const struct u256 chain_id = u256_from_u64(tx->chain_id);
        const struct u256 base = u256_from_u64(tx->is_protected ? V_PROTECTED : V_UNPROTECTED);
        u256_add_wrapping(&v, &v, &base);
        u256_add_wrapping(&v, &v, &chain_id);
        u256_add_wrapping(&v, &v, &chain_id);
        rlp_write_u256(writer, &v);
        rlp_write_u256(writer, &tx->r);
        rlp_write_u256(writer, &tx->s);
    } else if (tx->is_protected) {
        rlp_write_u64(writer, tx->chain_id);
        rlp_write_u64(writer, 0);
        rlp_write_u64(writer, 0);
    }
}

static void write_typed(struct rlp_writer *writer, const struct tx *tx, bool is_signed) {
    rlp_write_u64(writer, tx->chain_id);
    rlp_write_u64(writer, tx->nonce);
    if (tx->type != TX_TYPE_ACCESS_LIST) rlp_write_u256(writer, &tx->max_priority_fee_per_gas);
    rlp_write_u256(writer, &tx->max_fee_per_gas);
    write_recipient(writer, tx);
    write_access_list(writer, tx);
    if (tx->type == TX_TYPE_BLOB) {
        rlp_write_u256(writer, &tx->max_fee_per_blob_gas);
        write_hashes(writer, tx->blob_hashes, tx->blob_hash_count);
    }
    if (tx->type == TX_TYPE_SET_CODE) write_authorizations(writer, tx);
    if (is_signed) {
        rlp_write_u64(writer, tx->y_parity);
        rlp_write_u256(writer, &tx->r);
        rlp_write_u256(writer, &tx->s);
    }
}

static void write_payload(struct rlp_writer *writer, const struct tx *tx, bool is_signed) {
    const size_t list = rlp_list_begin(writer);
    if (tx->type == TX_TYPE_LEGACY) {
        write_legacy(writer, tx, is_signed);
    } else {
        write_typed(writer, tx, is_signed);
    }
    rlp_list_end(writer, list);
}

static struct bytes encode(struct arena *arena, const struct tx *tx, bool is_signed) {
    const size_t hint = FIELDS_SIZE_HINT + tx->data.len + ACCESS_SIZE_HINT * tx->access_list_count;
    struct rlp_writer writer = rlp_writer_in(arena, hint);
    if (tx->type != TX_TYPE_LEGACY) {
        const uint8_t type = (uint8_t)tx->type;
        rlp_write_raw(&writer, bytes_from(&type, 1));
    }
    write_payload(&writer, tx, is_signed);
    return rlp_written(&writer);
}

struct bytes tx_encode(struct arena *arena, const struct tx *tx) {
    return encode(arena, tx, true);
}

static void write_strings(
    struct rlp_writer *writer, const uint8_t *items, size_t count, size_t item_size
) {
    rlp_write_list_header(writer, count * rlp_size_list(item_size));
    for (size_t i = 0; i < count; i++) {
        rlp_write_bytes(writer, bytes_from(items + i * item_size, item_size));
    }
}

struct bytes tx_encode_network(
    struct arena *arena, const struct tx *tx, const struct tx_sidecar *sidecar
) {
    ASSERT(tx->type == TX_TYPE_BLOB);
    const uint8_t type = TX_TYPE_BLOB;
    struct rlp_writer writer = rlp_writer_in(
        arena, FIELDS_SIZE_HINT + sidecar->blob_count * (TX_BLOB_SIZE + FIELDS_SIZE_HINT)
    );
    rlp_write_raw(&writer, bytes_from(&type, 1));
    const size_t list = rlp_list_begin(&writer);
    write_payload(&writer, tx, true);
    if (sidecar->version != 0) rlp_write_u64(&writer, sidecar->version);
    write_strings(&writer, sidecar->blobs, sidecar->blob_count, TX_BLOB_SIZE);
    write_strings(&writer, sidecar->commitments, sidecar->blob_count, KZG_COMMITMENT_SIZE);
    write_strings(&writer, sidecar->proofs, sidecar->proof_count, KZG_PROOF_SIZE);
    rlp_list_end(&writer, list);
    return rlp_written(&writer);
}

void tx_hash_of(struct hash *out, struct bytes consensus) {
    keccak256(out, consensus);
}

void tx_hash(struct arena *arena, struct hash *out, const struct tx *tx) {
    const struct arena_mark mark = arena_mark(arena);
    keccak256(out, encode(arena, tx, true));
    arena_rewind(arena, mark);
}

void tx_signing_hash(struct arena *arena, struct hash *out, const struct tx *tx) {
    const struct arena_mark mark = arena_mark(arena);
    keccak256(out, encode(arena, tx, false));
    arena_rewind(arena, mark);
}

void tx_authorization_hash(
    struct arena *arena, struct hash *out, const struct tx_authorization *authorization
) {
    const struct arena_mark mark = arena_mark(arena);
    const uint8_t magic = AUTHORIZATION_MAGIC;
    struct rlp_writer writer = rlp_writer_in(arena, FIELDS_SIZE_HINT);
    rlp_write_raw(&writer, bytes_from(&magic, 1));
    const size_t list = rlp_list_begin(&writer);
    rlp_write_u256(&writer, &authorization->chain_id);
    rlp_write_address(&writer, &authorization->address);
    rlp_write_u64(&writer, authorization->nonce);
    rlp_list_end(&writer, list);
    keccak256(out, rlp_written(&writer));
    arena_rewind(arena, mark);
}
