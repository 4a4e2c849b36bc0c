#include "chain/block.h"

#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "crypto/sha256.h"
#include "trie/trie.h"

enum {
    TX_ENCODED_MIN = 10,         /* bytes: no transaction is shorter */
    OMMER_ENCODED_MIN = 480,     /* a header of hashes, bloom and integers */
    WITHDRAWAL_ENCODED_MIN = 25, /* a list of three integers and an address */
    WITHDRAWAL_SIZE_MAX = 64,    /* of one in RLP */
    TYPE_BYTE_LIMIT = 0x80,      /* EIP-2718: a type is below, a list above */
};

/* Enters a list whose items take at least encoded_min bytes each; more items than that allows, or
 * than count_max, make the reader fail. */
static struct rlp_list enter_counted(
    struct rlp_reader *reader, size_t *count, size_t encoded_min, size_t count_max
) {
    const struct rlp_list list = rlp_enter(reader);
    *count = rlp_count(reader);
    const size_t room = (size_t)(reader->end - reader->next);
    if (*count > count_max || *count > room / encoded_min) rlp_fail(reader, RLP_TOO_SHORT);
    if (reader->verdict != RLP_VALID) *count = 0;
    return list;
}

/* In a block a legacy transaction is a list; a typed one is a string around type byte and payload. */
static enum tx_verdict read_tx(
    struct rlp_reader *reader, struct arena *arena, struct tx *tx, struct bytes *encoded
) {
    const struct rlp_item item = rlp_read_item(reader);
    if (reader->verdict != RLP_VALID) return TX_RLP_ERROR_EOF;
    *encoded = item.is_list ? item.whole : item.payload;
    if (!item.is_list && (encoded->len == 0 || encoded->data[0] >= TYPE_BYTE_LIMIT)) {
        return TX_RLP_INVALID_VALUE;
    }
    return tx_decode(arena, tx, *encoded);
}

static enum tx_verdict read_txs(
    struct rlp_reader *reader, struct arena *arena, struct block *block
) {
    size_t count;
    const struct rlp_list list = enter_counted(reader, &count, TX_ENCODED_MIN, BLOCK_TX_COUNT_MAX);
    struct tx *const txs = ARENA_ARRAY(arena, struct tx, count);
    struct bytes *const encoded_txs = ARENA_ARRAY(arena, struct bytes, count);
    for (size_t i = 0; i < count; i++) {
        const enum tx_verdict verdict = read_tx(reader, arena, &txs[i], &encoded_txs[i]);
        if (verdict != TX_VALID) return verdict;
    }
    rlp_leave(reader, list);
    block->txs = txs;
    block->encoded_txs = encoded_txs;
    block->tx_count = count;
    return TX_VALID;
}

static enum block_verdict read_ommers(
    struct rlp_reader *reader, struct arena *arena, struct block *block
) {
    size_t count;
    const uint8_t *const start = reader->next;
    const struct rlp_list list =
        enter_counted(reader, &count, OMMER_ENCODED_MIN, BLOCK_OMMER_COUNT_MAX);
    struct header *const ommers = ARENA_ARRAY(arena, struct header, count);
    for (size_t i = 0; i < count; i++) {
        const struct rlp_item item = rlp_read_item(reader);
        if (reader->verdict != RLP_VALID) break;
        const enum block_verdict verdict = header_decode(&ommers[i], item.whole);
        if (verdict != BLOCK_VALID) return verdict;
    }
    rlp_leave(reader, list);
    if (reader->verdict != RLP_VALID) return BLOCK_RLP_STRUCTURES_ENCODING;
    keccak256(&block->ommers_hash, bytes_from(start, (size_t)(reader->next - start)));
    block->ommers = ommers;
    block->ommer_count = count;
    return BLOCK_VALID;
}

static void read_withdrawals(struct rlp_reader *reader, struct arena *arena, struct block *block) {
    size_t count;
    const struct rlp_list list =
        enter_counted(reader, &count, WITHDRAWAL_ENCODED_MIN, BLOCK_WITHDRAWAL_COUNT_MAX);
    struct withdrawal *const withdrawals = ARENA_ARRAY(arena, struct withdrawal, count);
    for (size_t i = 0; i < count; i++) {
        const struct rlp_list fields = rlp_enter(reader);
        rlp_read_u64(reader, &withdrawals[i].index);
        rlp_read_u64(reader, &withdrawals[i].validator_index);
        rlp_read_address(reader, &withdrawals[i].address);
        rlp_read_u64(reader, &withdrawals[i].amount_gwei);
        rlp_leave(reader, fields);
    }
    rlp_leave(reader, list);
    block->withdrawals = withdrawals;
    block->withdrawal_count = count;
    block->has_withdrawals = true;
}

/* Transactions, ommers and perhaps withdrawals: the rest of the list that reader stands in. */
static enum block_verdict read_body(
    struct rlp_reader *reader, struct arena *arena, struct block *block, enum tx_verdict *tx_verdict
) {
    *tx_verdict = read_txs(reader, arena, block);
    if (*tx_verdict != TX_VALID) return BLOCK_INVALID_TRANSACTION;

    const enum block_verdict ommers_verdict = read_ommers(reader, arena, block);
    if (ommers_verdict != BLOCK_VALID) return ommers_verdict;

    if (rlp_more(reader)) read_withdrawals(reader, arena, block);
    return reader->verdict == RLP_VALID ? BLOCK_VALID : BLOCK_RLP_STRUCTURES_ENCODING;
}

enum block_verdict block_decode(
    struct arena *arena, struct block *block, enum tx_verdict *tx_verdict, struct bytes encoded
) {
    *block = (struct block){.encoded_size = encoded.len};
    *tx_verdict = TX_VALID;
    if (encoded.len > BLOCK_SIZE_MAX) return BLOCK_TOO_LONG;
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list list = rlp_enter(&reader);
    const struct rlp_item header = rlp_read_item(&reader);
    if (reader.verdict != RLP_VALID) return BLOCK_RLP_STRUCTURES_ENCODING;
    const enum block_verdict header_verdict = header_decode(&block->header, header.whole);
    if (header_verdict != BLOCK_VALID) return header_verdict;

    const enum block_verdict body_verdict = read_body(&reader, arena, block, tx_verdict);
    if (body_verdict != BLOCK_VALID) return body_verdict;
    rlp_leave(&reader, list);
    return rlp_finish(&reader) == RLP_VALID ? BLOCK_VALID : BLOCK_RLP_STRUCTURES_ENCODING;
}

enum block_verdict block_decode_body(
    struct arena *arena, struct block *block, enum tx_verdict *tx_verdict, struct bytes encoded
) {
    const struct header header = block->header;
    *block = (struct block){.header = header};
    *tx_verdict = TX_VALID;
    if (encoded.len > BLOCK_SIZE_MAX) return BLOCK_TOO_LONG;
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list list = rlp_enter(&reader);
    const enum block_verdict verdict = read_body(&reader, arena, block, tx_verdict);
    if (verdict != BLOCK_VALID) return verdict;
    rlp_leave(&reader, list);
    if (rlp_finish(&reader) != RLP_VALID) return BLOCK_RLP_STRUCTURES_ENCODING;
    block->encoded_size = block_encoded_size(block);
    return BLOCK_VALID;
}

static struct bytes withdrawal_encode(
    uint8_t buffer[WITHDRAWAL_SIZE_MAX], const struct withdrawal *withdrawal
) {
    struct rlp_writer writer = rlp_writer_fixed(buffer, WITHDRAWAL_SIZE_MAX);
    const size_t list = rlp_list_begin(&writer);
    rlp_write_u64(&writer, withdrawal->index);
    rlp_write_u64(&writer, withdrawal->validator_index);
    rlp_write_address(&writer, &withdrawal->address);
    rlp_write_u64(&writer, withdrawal->amount_gwei);
    rlp_list_end(&writer, list);
    return rlp_written(&writer);
}

static bool is_legacy(struct bytes encoded_tx) {
    return encoded_tx.data[0] >= TYPE_BYTE_LIMIT;
}

static size_t txs_payload_size(const struct block *block) {
    size_t size = 0;
    for (size_t i = 0; i < block->tx_count; i++) {
        const struct bytes encoded = block->encoded_txs[i];
        size += is_legacy(encoded) ? encoded.len : rlp_size_bytes(encoded);
    }
    return size;
}

static size_t withdrawals_payload_size(const struct block *block) {
    uint8_t buffer[WITHDRAWAL_SIZE_MAX];
    size_t size = 0;
    for (size_t i = 0; i < block->withdrawal_count; i++) {
        size += withdrawal_encode(buffer, &block->withdrawals[i]).len;
    }
    return size;
}

static size_t ommers_payload_size(const struct block *block) {
    size_t size = 0;
    for (size_t i = 0; i < block->ommer_count; i++) {
        size += header_encoded_size(&block->ommers[i]);
    }
    return size;
}

static size_t body_payload_size(const struct block *block) {
    size_t size =
        rlp_size_list(txs_payload_size(block)) + rlp_size_list(ommers_payload_size(block));
    if (block->has_withdrawals) size += rlp_size_list(withdrawals_payload_size(block));
    return size;
}

static void write_ommers(struct rlp_writer *writer, const struct block *block) {
    rlp_write_list_header(writer, ommers_payload_size(block));
    for (size_t i = 0; i < block->ommer_count; i++) {
        header_write(writer, &block->ommers[i]);
    }
}

static void write_body(struct rlp_writer *writer, const struct block *block) {
    rlp_write_list_header(writer, txs_payload_size(block));
    for (size_t i = 0; i < block->tx_count; i++) {
        if (is_legacy(block->encoded_txs[i])) {
            rlp_write_raw(writer, block->encoded_txs[i]);
        } else {
            rlp_write_bytes(writer, block->encoded_txs[i]);
        }
    }
    write_ommers(writer, block);
    if (!block->has_withdrawals) return;
    rlp_write_list_header(writer, withdrawals_payload_size(block));
    for (size_t i = 0; i < block->withdrawal_count; i++) {
        uint8_t buffer[WITHDRAWAL_SIZE_MAX];
        rlp_write_raw(writer, withdrawal_encode(buffer, &block->withdrawals[i]));
    }
}

struct bytes block_encode(struct arena *arena, const struct block *block) {
    const struct bytes header = header_encode(arena, &block->header);
    const size_t payload_size = header.len + body_payload_size(block);
    struct rlp_writer writer = rlp_writer_in(arena, rlp_size_list(payload_size));
    rlp_write_list_header(&writer, payload_size);
    rlp_write_raw(&writer, header);
    write_body(&writer, block);
    return rlp_written(&writer);
}

struct bytes block_encode_body(struct arena *arena, const struct block *block) {
    const size_t payload_size = body_payload_size(block);
    struct rlp_writer writer = rlp_writer_in(arena, rlp_size_list(payload_size));
    rlp_write_list_header(&writer, payload_size);
    write_body(&writer, block);
    return rlp_written(&writer);
}

size_t block_encoded_size(const struct block *block) {
    return rlp_size_list(header_encoded_size(&block->header) + body_payload_size(block));
}

void block_transactions_root(
    struct arena *arena, struct hash *out, const struct bytes *encoded_txs, size_t tx_count
) {
    trie_root_of_list(arena, out, encoded_txs, tx_count);
}

void block_withdrawals_root(
    struct arena *arena, struct hash *out, const struct withdrawal *withdrawals, size_t count
) {
    const struct arena_mark mark = arena_mark(arena);
    struct bytes *const values = ARENA_ARRAY(arena, struct bytes, count);
    for (size_t i = 0; i < count; i++) {
        uint8_t buffer[WITHDRAWAL_SIZE_MAX];
        values[i] = arena_copy(arena, withdrawal_encode(buffer, &withdrawals[i]));
    }
    trie_root_of_list(arena, out, values, count);
    arena_rewind(arena, mark);
}

void block_requests_hash(struct hash *out, const struct bytes *requests, size_t request_count) {
    struct sha256 outer;
    sha256_init(&outer);
    for (size_t i = 0; i < request_count; i++) {
        struct hash inner;
        if (requests[i].len <= 1) continue;
        sha256(&inner, requests[i]);
        sha256_update(&outer, BYTES_OF(inner));
    }
    sha256_final(&outer, out);
}

enum block_verdict block_check_body(
    struct arena *arena, const struct block *block, const struct chain_rules *rules
) {
    const struct header *const header = &block->header;
    if (block->encoded_size > rules->row->block_size_max) return BLOCK_RLP_BLOCK_LIMIT_EXCEEDED;
    if (!chain_is_proof_of_work(rules) && block->ommer_count != 0) {
        return BLOCK_IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS;
    }
    if (!hash_equal(&block->ommers_hash, &header->ommers_hash)) return BLOCK_INVALID_UNCLES_HASH;
    if (block->has_withdrawals != rules->row->withdrawals) return BLOCK_INCORRECT_BLOCK_FORMAT;
    struct hash root;
    block_transactions_root(arena, &root, block->encoded_txs, block->tx_count);
    if (!hash_equal(&root, &header->transactions_root)) return BLOCK_INVALID_TRANSACTIONS_ROOT;
    if (!block->has_withdrawals) return BLOCK_VALID;
    block_withdrawals_root(arena, &root, block->withdrawals, block->withdrawal_count);
    if (!hash_equal(&root, &header->withdrawals_root)) return BLOCK_INVALID_WITHDRAWALS_ROOT;
    return BLOCK_VALID;
}
