/* infinity evm b11r: a block put together from its header's fields and its body, for test generators.
 *
 * Source: geth's cmd/evm (b11r, block-builder): flags, files and defaults. Nothing is executed or checked.
 */
#include "chain/block.h"
#include "cmd/command.h"
#include "cmd/payload.h"
#include "cmd/t8n_io.h"
#include "codec/hex.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "world/heap.h"

#include <stdio.h>

#define B11R_RLP_MAX   ((size_t)64 << 20)
#define B11R_BLOCK_MAX ((size_t)256 << 20)

static const char help[] =
    "Usage: infinity evm b11r [OPTIONS]\n"
    "\n"
    "Puts a block together from the fields of its header and its body, as geth's `evm b11r` does.\n"
    "Nothing is executed or checked.\n"
    "\n"
    "  --input.header FILE|stdin        the header (default header.json)\n"
    "  --input.txs FILE|stdin           a JSON string: RLP of the list of transactions\n"
    "                                   (default txs.rlp)\n"
    "  --input.ommers FILE|stdin        a list of strings, each a block in RLP (default: none)\n"
    "  --input.withdrawals FILE|stdin   a list of withdrawals (default: none)\n"
    "  --output.basedir DIR             where the output file goes; made where it is missing\n"
    "  --output.block FILE|stdout|stderr    {\"rlp\", \"hash\"} (default block.json)\n"
    "  --seal.clique FILE|stdin         only null: sealing with Clique is not offered\n"
    "  --verbosity N                    taken and ignored\n"
    "\n"
    "stdin is one object {\"header\", \"txs\", \"ommers\", \"withdrawals\"}.\n"
    "\n"
    "Example: infinity evm b11r --input.header header.json --input.txs txs.rlp --output.block "
    "stdout\n"
    "Exit status: 0 done, 1 bad usage, 3 bad configuration, 10 bad JSON, 11 files, 12 bad RLP.\n";

struct options {
    const char *header, *txs, *ommers, *withdrawals, *clique;
    const char *folder, *to_block;
};

/* Fields that may be missing keep what they had. */
static bool take_u64(const struct json *json, const char *name, uint64_t *out) {
    const struct json *const member = json_get(json, name);
    return !json_is_given(member) || json_read_u64(member, out);
}

static bool take_u256(const struct json *json, const char *name, struct u256 *out) {
    const struct json *const member = json_get(json, name);
    return !json_is_given(member) || json_read_u256(member, out);
}

static bool take_hash(const struct json *json, const char *name, struct hash *out) {
    const struct json *const member = json_get(json, name);
    return !json_is_given(member) || json_read_hash(member, out);
}

/* At most size bytes; *len says how many there are. */
static bool take_bytes(
    const struct json *json, const char *name, uint8_t *out, size_t size, size_t *len
) {
    const struct json *const member = json_get(json, name);
    *len = 0;
    if (!json_is_given(member)) return true;
    return hex_decode(out, size, len, json_text(member)) == HEX_VALID;
}

/* The fields that each fork appended: a later one only behind all the earlier. */
static bool read_appended(struct header *header, const char **what, const struct json *json) {
    static const struct {
        const char *name;
        enum header_form form;
    } fields[] = {
        {"baseFeePerGas", HEADER_FORM_LONDON},         {"withdrawalsRoot", HEADER_FORM_SHANGHAI},
        {"blobGasUsed", HEADER_FORM_CANCUN},           {"excessBlobGas", HEADER_FORM_CANCUN},
        {"parentBeaconBlockRoot", HEADER_FORM_CANCUN}, {"requestsHash", HEADER_FORM_PRAGUE},
    };
    header->form = HEADER_FORM_FRONTIER;
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (json_is_given(json_get(json, fields[i].name))) header->form = fields[i].form;
    }
    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        *what = fields[i].name;
        if (json_is_given(json_get(json, *what)) != (fields[i].form <= header->form)) return false;
    }
    return take_u256(json, *what = "baseFeePerGas", &header->base_fee_per_gas) &&
        take_hash(json, *what = "withdrawalsRoot", &header->withdrawals_root) &&
        take_u64(json, *what = "blobGasUsed", &header->blob_gas_used) &&
        take_u64(json, *what = "excessBlobGas", &header->excess_blob_gas) &&
        take_hash(json, *what = "parentBeaconBlockRoot", &header->parent_beacon_root) &&
        take_hash(json, *what = "requestsHash", &header->requests_hash);
}

/* False: *what names the field that is missing or wrong. */
static bool read_header(struct header *header, const char **what, const struct json *json) {
    static const char *const required[] = {"stateRoot", "number", "gasLimit", "timestamp"};
    const struct json *const miner = json_get(json, "miner");
    size_t extra_len;
    size_t nonce_len;
    size_t bloom_len;
    header->transactions_root = header_empty_root;
    header->receipts_root = header_empty_root;
    for (size_t i = 0; i < ARRAY_LEN(required); i++) {
        if (!json_is_given(json_get(json, *what = required[i]))) return false;
    }
    const bool good = take_hash(json, *what = "parentHash", &header->parent_hash) &&
        take_hash(json, *what = "sha3Uncles", &header->ommers_hash) &&
        take_hash(json, *what = "stateRoot", &header->state_root) &&
        take_hash(json, *what = "transactionsRoot", &header->transactions_root) &&
        take_hash(json, *what = "receiptsRoot", &header->receipts_root) &&
        take_u256(json, *what = "difficulty", &header->difficulty) &&
        take_u64(json, *what = "number", &header->number) &&
        take_u64(json, *what = "gasLimit", &header->gas_limit) &&
        take_u64(json, *what = "gasUsed", &header->gas_used) &&
        take_u64(json, *what = "timestamp", &header->timestamp) &&
        take_hash(json, *what = "mixHash", &header->prev_randao);
    if (!good) return false;
    *what = "miner";
    if (json_is_given(miner) && !json_read_address(miner, &header->fee_recipient)) return false;
    *what = "logsBloom";
    uint8_t *const bloom = header->logs_bloom.bytes;
    if (!take_bytes(json, *what, bloom, sizeof header->logs_bloom.bytes, &bloom_len)) return false;
    if (bloom_len % sizeof header->logs_bloom.bytes != 0) return false;
    *what = "nonce";
    if (!take_bytes(json, *what, header->nonce, sizeof header->nonce, &nonce_len)) return false;
    if (nonce_len % sizeof header->nonce != 0) return false;
    *what = "extraData";
    if (!take_bytes(json, *what, header->extra_data, HEADER_EXTRA_DATA_MAX, &extra_len)) {
        return false;
    }
    header->extra_data_size = (uint8_t)extra_len;
    return read_appended(header, what, json);
}

/* Typed transactions are strings in the list. */
static bool read_txs(struct arena *arena, struct block *block, const struct json *json) {
    struct bytes encoded;
    if (!json_is_given(json) || json_text(json).len == 0) return true;
    if (!json_read_bytes(arena, json, &encoded, B11R_RLP_MAX)) return false;
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list list = rlp_enter(&reader);
    const size_t room = rlp_count(&reader);
    struct tx *const txs = ARENA_ARRAY(arena, struct tx, room);
    struct bytes *const all = ARENA_ARRAY(arena, struct bytes, room);
    while (rlp_more(&reader)) {
        const struct rlp_item item = rlp_read_item(&reader);
        struct bytes *const one = &all[block->tx_count];
        *one = item.is_list ? item.whole : item.payload;
        if (tx_decode(arena, &txs[block->tx_count++], *one) != TX_VALID) return false;
    }
    rlp_leave(&reader, list);
    block->txs = txs;
    block->encoded_txs = all;
    return rlp_finish(&reader) == RLP_VALID;
}

static bool read_ommers(struct arena *arena, struct block *block, const struct json *list) {
    struct header *const ommers = ARENA_ARRAY(arena, struct header, json_count(list));
    for (const struct json *one = json_first(list); one != NULL; one = one->next) {
        struct bytes encoded;
        if (!json_read_bytes(arena, one, &encoded, B11R_RLP_MAX)) return false;
        struct rlp_reader reader = rlp_read(encoded);
        const struct rlp_list outer = rlp_enter(&reader);
        const struct bytes header = rlp_read_item(&reader).whole;
        while (rlp_more(&reader)) {
            (void)rlp_read_item(&reader);
        }
        rlp_leave(&reader, outer);
        if (rlp_finish(&reader) != RLP_VALID) return false;
        if (header_decode(&ommers[block->ommer_count++], header) != BLOCK_VALID) return false;
    }
    block->ommers = ommers;
    return true;
}

/* keccak256 of the list of ommers, which is what a block of these alone hashes to. */
static void fill_ommers_hash(struct arena *arena, struct block *block) {
    struct rlp_writer writer = rlp_writer_in(arena, HEADER_SIZE_MAX);
    const size_t list = rlp_list_begin(&writer);
    for (size_t i = 0; i < block->ommer_count; i++) {
        header_write(&writer, &block->ommers[i]);
    }
    rlp_list_end(&writer, list);
    keccak256(&block->header.ommers_hash, rlp_written(&writer));
}

static enum t8n_error build(struct t8n_io *io, struct block *block, const struct options *options) {
    const struct json *header = NULL;
    const struct json *txs = NULL;
    const struct json *ommers = NULL;
    const struct json *withdrawals = NULL;
    const struct json *clique = NULL;
    const struct {
        const char *where, *name;
        const struct json **out;
    } inputs[] = {
        {options->header, "header", &header}, {options->txs, "txs", &txs},
        {options->ommers, "ommers", &ommers}, {options->withdrawals, "withdrawals", &withdrawals},
        {options->clique, "clique", &clique},
    };
    for (size_t i = 0; i < ARRAY_LEN(inputs); i++) {
        if (inputs[i].where[0] == '\0') continue;
        const enum t8n_error error =
            t8n_io_read(io, inputs[i].out, inputs[i].where, inputs[i].name);
        if (error != T8N_GOOD) return error;
    }
    const char *what;
    if (json_is_given(clique)) return t8n_fail(T8N_CONFIG, "sealing with clique is not offered");
    if (!read_txs(io->arena, block, txs)) {
        return t8n_fail(T8N_RLP, "unable to decode transaction from rlp data");
    }
    if (!read_ommers(io->arena, block, ommers)) {
        return t8n_fail(T8N_RLP, "unable to decode ommer from rlp data");
    }
    block->has_withdrawals = json_kind(withdrawals) == JSON_ARRAY;
    if (!payload_read_withdrawals(
            io->arena, &block->withdrawals, &block->withdrawal_count, withdrawals
        )) {
        return t8n_fail(T8N_JSON, "failed unmarshalling withdrawals");
    }
    fill_ommers_hash(io->arena, block);
    if (!read_header(&block->header, &what, header)) {
        return t8n_fail(T8N_JSON, "missing or wrong field '%s' for header", what);
    }
    return T8N_GOOD;
}

static enum t8n_error run(struct arena *arena, const struct options *options) {
    struct t8n_io io;
    struct block block = {.ommers_hash = header_empty_ommers_hash};
    enum t8n_error error = t8n_io_begin(&io, arena, options->folder);
    if (error == T8N_GOOD) error = build(&io, &block, options);
    if (error != T8N_GOOD) return error;
    struct hash hash;
    struct json_writer writer;
    header_hash(&hash, &block.header);
    json_writer_init(&writer, B11R_BLOCK_MAX);
    json_begin_object(&writer);
    json_name(&writer, "rlp");
    json_write_hex(&writer, block_encode(arena, &block));
    json_name(&writer, "hash");
    json_write_hash(&writer, &hash);
    json_end_object(&writer);
    const struct bytes text = json_writer_text(&writer);
    const bool to_stdout = strcmp(options->to_block, "stdout") == 0;
    if (to_stdout || strcmp(options->to_block, "stderr") == 0) { /* not within another object */
        FILE *const out = to_stdout ? stdout : stderr;
        (void)fwrite(text.data, 1, text.len, out);
        (void)fputc('\n', out);
    } else {
        error = t8n_io_write(&io, options->to_block, "block", text);
    }
    json_writer_free(&writer);
    return error == T8N_GOOD ? t8n_io_end(&io) : error;
}

static enum t8n_error take_options(struct options *options, int argc, char **argv) {
    const struct t8n_option known[] = {
        {"input.header", &options->header, NULL},
        {"input.txs", &options->txs, NULL},
        {"input.ommers", &options->ommers, NULL},
        {"input.withdrawals", &options->withdrawals, NULL},
        {"seal.clique", &options->clique, NULL},
        {"output.basedir", &options->folder, NULL},
        {"output.block", &options->to_block, NULL},
    };
    return t8n_read_options(known, ARRAY_LEN(known), "evm b11r", argc, argv);
}

int cmd_b11r(int argc, char **argv) {
    struct options options = {
        .header = "header.json",
        .txs = "txs.rlp",
        .ommers = "",
        .withdrawals = "",
        .clique = "",
        .folder = "",
        .to_block = "block.json",
    };
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return fputs(help, stdout) < 0 ? T8N_IO : T8N_GOOD;
    }
    enum t8n_error error = take_options(&options, argc, argv);
    if (error != T8N_GOOD) return error;
    struct arena arena;
    arena_init(&arena, &heap_source);
    error = run(&arena, &options);
    arena_reset(&arena);
    return error;
}
