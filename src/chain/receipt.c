#include "chain/receipt.h"

#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "trie/trie.h"

enum {
    RECEIPT_SIZE_HINT = 512,
    LOG_SIZE_HINT = 192,
    RECEIPT_ENCODED_MIN = 5, /* stored: a list of type, status, gas and logs */
    LOG_ENCODED_MIN = 24,    /* a list of address, no topics, no data */
};

static void write_logs(struct rlp_writer *writer, const struct state_log *logs, size_t log_count) {
    const size_t list = rlp_list_begin(writer);
    for (size_t i = 0; i < log_count; i++) {
        const size_t fields = rlp_list_begin(writer);
        rlp_write_address(writer, &logs[i].address);
        rlp_write_list_header(writer, logs[i].topic_count * (size_t)RLP_HASH_SIZE);
        for (size_t j = 0; j < logs[i].topic_count; j++) {
            rlp_write_hash(writer, &logs[i].topics[j]);
        }
        rlp_write_bytes(writer, logs[i].data);
        rlp_list_end(writer, fields);
    }
    rlp_list_end(writer, list);
}

static void write_outcome(struct rlp_writer *writer, const struct receipt *receipt) {
    if (receipt->has_status) {
        rlp_write_u64(writer, receipt->succeeded ? 1 : 0);
    } else {
        rlp_write_hash(writer, &receipt->post_state_root);
    }
    rlp_write_u64(writer, receipt->cumulative_gas_used);
}

struct bytes receipt_encode(struct arena *arena, const struct receipt *receipt) {
    struct rlp_writer writer =
        rlp_writer_in(arena, RECEIPT_SIZE_HINT + LOG_SIZE_HINT * receipt->log_count);
    if (receipt->type != TX_TYPE_LEGACY) {
        const uint8_t type = (uint8_t)receipt->type;
        rlp_write_raw(&writer, bytes_from(&type, 1));
    }
    const size_t list = rlp_list_begin(&writer);
    write_outcome(&writer, receipt);
    rlp_write_bytes(&writer, BYTES_OF(receipt->bloom));
    write_logs(&writer, receipt->logs, receipt->log_count);
    rlp_list_end(&writer, list);
    return rlp_written(&writer);
}

static void read_log(struct rlp_reader *reader, struct state_log *log) {
    const struct rlp_list fields = rlp_enter(reader);
    rlp_read_address(reader, &log->address);
    const struct rlp_list topics = rlp_enter(reader);
    const size_t topic_count = rlp_count(reader);
    if (topic_count > RECEIPT_TOPICS_MAX) rlp_fail(reader, RLP_TOO_LONG);
    log->topic_count = reader->verdict == RLP_VALID ? (uint32_t)topic_count : 0;
    for (size_t i = 0; i < log->topic_count; i++) {
        rlp_read_hash(reader, &log->topics[i]);
    }
    rlp_leave(reader, topics);
    rlp_read_bytes(reader, &log->data);
    rlp_leave(reader, fields);
}

static void read_logs(struct rlp_reader *reader, struct arena *arena, struct receipt *receipt) {
    const struct rlp_list list = rlp_enter(reader);
    size_t count = rlp_count(reader);
    const size_t room = (size_t)(reader->end - reader->next);
    if (count > RECEIPT_LOGS_MAX || count > room / LOG_ENCODED_MIN) rlp_fail(reader, RLP_TOO_LONG);
    if (reader->verdict != RLP_VALID) count = 0;
    struct state_log *const logs = ARENA_ARRAY(arena, struct state_log, count);
    for (size_t i = 0; i < count; i++) {
        read_log(reader, &logs[i]);
    }
    rlp_leave(reader, list);
    receipt->logs = logs;
    receipt->log_count = count;
}

/* A status is the integer 0 or 1; before Byzantium 32 bytes of state root stand there. */
static void read_outcome(struct rlp_reader *reader, struct receipt *receipt) {
    struct bytes outcome;
    rlp_read_bytes(reader, &outcome);
    if (outcome.len == sizeof receipt->post_state_root.bytes) {
        memcpy(receipt->post_state_root.bytes, outcome.data, outcome.len);
    } else if (outcome.len == 0 || (outcome.len == 1 && outcome.data[0] == 1)) {
        receipt->has_status = true;
        receipt->succeeded = outcome.len == 1;
    } else {
        rlp_fail(reader, RLP_TOO_LONG);
    }
    rlp_read_u64(reader, &receipt->cumulative_gas_used);
}

enum receipt_verdict receipt_decode(
    struct arena *arena, struct receipt *receipt, struct bytes encoded
) {
    *receipt = (struct receipt){.type = TX_TYPE_LEGACY};
    if (encoded.len == 0) return RECEIPT_MALFORMED;
    if (encoded.data[0] < 0x80) {
        if (encoded.data[0] < TX_TYPE_ACCESS_LIST || encoded.data[0] > TX_TYPE_SET_CODE) {
            return RECEIPT_MALFORMED;
        }
        receipt->type = (enum tx_type)encoded.data[0];
        encoded = bytes_slice(encoded, 1, encoded.len - 1);
    }
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list list = rlp_enter(&reader);
    read_outcome(&reader, receipt);
    rlp_read_exact(&reader, receipt->bloom.bytes, sizeof receipt->bloom.bytes);
    read_logs(&reader, arena, receipt);
    rlp_leave(&reader, list);
    return rlp_finish(&reader) == RLP_VALID ? RECEIPT_VALID : RECEIPT_MALFORMED;
}

struct bytes receipts_encode_stored(
    struct arena *arena, const struct receipt *receipts, size_t receipt_count
) {
    size_t log_count = 0;
    for (size_t i = 0; i < receipt_count; i++) {
        log_count += receipts[i].log_count;
    }
    struct rlp_writer writer =
        rlp_writer_in(arena, RECEIPT_SIZE_HINT + LOG_SIZE_HINT * (receipt_count + log_count));
    const size_t list = rlp_list_begin(&writer);
    for (size_t i = 0; i < receipt_count; i++) {
        const size_t fields = rlp_list_begin(&writer);
        rlp_write_u64(&writer, receipts[i].type);
        write_outcome(&writer, &receipts[i]);
        write_logs(&writer, receipts[i].logs, receipts[i].log_count);
        rlp_list_end(&writer, fields);
    }
    rlp_list_end(&writer, list);
    return rlp_written(&writer);
}

enum receipt_verdict receipts_decode_stored(
    struct arena *arena,
    const struct receipt **receipts,
    size_t *receipt_count,
    struct bytes encoded
) {
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list list = rlp_enter(&reader);
    size_t count = rlp_count(&reader);
    if (count > encoded.len / RECEIPT_ENCODED_MIN) rlp_fail(&reader, RLP_TOO_SHORT);
    if (reader.verdict != RLP_VALID) count = 0;
    struct receipt *const items = ARENA_ARRAY(arena, struct receipt, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t type;
        const struct rlp_list fields = rlp_enter(&reader);
        rlp_read_u64(&reader, &type);
        if (type > TX_TYPE_SET_CODE) rlp_fail(&reader, RLP_TOO_LONG);
        items[i].type = (enum tx_type)type;
        read_outcome(&reader, &items[i]);
        read_logs(&reader, arena, &items[i]);
        rlp_leave(&reader, fields);
        items[i].bloom = receipt_logs_bloom(items[i].logs, items[i].log_count);
    }
    rlp_leave(&reader, list);
    *receipts = items;
    *receipt_count = count;
    return rlp_finish(&reader) == RLP_VALID ? RECEIPT_VALID : RECEIPT_MALFORMED;
}

void receipts_root(
    struct arena *arena, struct hash *out, const struct receipt *receipts, size_t receipt_count
) {
    const struct arena_mark mark = arena_mark(arena);
    struct bytes *const values = ARENA_ARRAY(arena, struct bytes, receipt_count);
    for (size_t i = 0; i < receipt_count; i++) {
        values[i] = receipt_encode(arena, &receipts[i]);
    }
    trie_root_of_list(arena, out, values, receipt_count);
    arena_rewind(arena, mark);
}

struct bloom receipt_logs_bloom(const struct state_log *logs, size_t log_count) {
    struct bloom bloom = {{0}};
    for (size_t i = 0; i < log_count; i++) {
        bloom_add(&bloom, BYTES_OF(logs[i].address));
        for (size_t j = 0; j < logs[i].topic_count; j++) {
            bloom_add(&bloom, BYTES_OF(logs[i].topics[j]));
        }
    }
    return bloom;
}

void receipt_logs_hash(
    struct arena *arena, struct hash *out, const struct state_log *logs, size_t log_count
) {
    const struct arena_mark mark = arena_mark(arena);
    struct rlp_writer writer = rlp_writer_in(arena, RECEIPT_SIZE_HINT);
    write_logs(&writer, logs, log_count);
    keccak256(out, rlp_written(&writer));
    arena_rewind(arena, mark);
}
