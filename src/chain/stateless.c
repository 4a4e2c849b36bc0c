#include "chain/stateless.h"

#include "chain/state_root.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "trie/state_trie.h"
#include "trie/trie_witness.h"

enum { ACCOUNTS_MIN = 64 };

/* An account that was looked up: what reading its slots needs. */
struct known_account {
    struct address address;
    bool is_there; /* false: a free place */
    struct hash key;
    struct hash storage_root;
};

/* One execution's view of the state before it. */
struct view {
    struct arena *arena;
    const struct stateless_source *source;
    struct header parent;
    bool has_failed;
    struct known_account *accounts; /* open addressing, at most half full */
    size_t mask, count;
    uint64_t oldest; /* the hash of block `oldest` is known: the chain is checked down to it */
    struct hash *ancestors; /* hashes of blocks, parent.number - i */
};

static struct known_account *account_place(const struct view *view, const struct address *address) {
    size_t i = load_le64(address->bytes + sizeof *address - sizeof(uint64_t)) & view->mask;
    while (view->accounts[i].is_there && !address_equal(&view->accounts[i].address, address)) {
        i = (i + 1) & view->mask;
    }
    return &view->accounts[i];
}

static void keep_account(struct view *view, const struct known_account *account) {
    if (view->accounts == NULL || 2 * view->count > view->mask) {
        const struct view old = *view;
        const size_t size = old.accounts == NULL ? ACCOUNTS_MIN : 2 * (old.mask + 1);
        view->accounts = ARENA_ARRAY(view->arena, struct known_account, size);
        view->mask = size - 1;
        for (size_t i = 0; old.accounts != NULL && i <= old.mask; i++) {
            if (!old.accounts[i].is_there) continue;
            *account_place(view, &old.accounts[i].address) = old.accounts[i];
        }
    }
    *account_place(view, &account->address) = *account;
    view->count++;
}

static void tell_key(const struct view *view, struct bytes key) {
    if (view->source->key != NULL) view->source->key(view->source->ctx, key);
}

static bool read_account(void *ctx, const struct address *address, struct account *out) {
    struct view *const view = ctx;
    struct trie_account account;
    struct known_account known = {.address = *address, .is_there = true};
    bool exists = false;
    if (view->has_failed) return false;
    tell_key(view, BYTES_OF(*address));
    keccak256(&known.key, BYTES_OF(*address));
    if (state_trie_account(
            &account, &exists, &view->source->nodes, &view->parent.state_root, &known.key
        ) != TRIE_VALID) {
        view->has_failed = true;
        return false;
    }
    known.storage_root = account.storage_root;
    keep_account(view, &known);
    if (!exists) return false;
    *out = (struct account){
        .nonce = account.nonce,
        .balance = account.balance,
        .code_hash = account.code_hash,
        .storage_root = account.storage_root,
    };
    return true;
}

static void read_storage(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    struct view *const view = ctx;
    struct account ignored;
    struct hash slot_bytes, key;
    *value = U256_ZERO;
    if (view->accounts == NULL || !account_place(view, address)->is_there) {
        (void)read_account(view, address, &ignored);
    }
    if (view->has_failed) return;
    const struct known_account *const account = account_place(view, address);
    u256_to_be(slot_bytes.bytes, slot);
    tell_key(view, BYTES_OF(slot_bytes));
    keccak256(&key, BYTES_OF(slot_bytes));
    if (state_trie_slot(value, &view->source->nodes, &account->key, &account->storage_root, &key) !=
        TRIE_VALID) {
        view->has_failed = true;
    }
}

static struct bytes read_code(void *ctx, const struct hash *code_hash) {
    struct view *const view = ctx;
    struct bytes code = {NULL, 0};
    if (view->has_failed || hash_equal(code_hash, &keccak256_of_empty)) return code;
    if (!view->source->code(view->source->ctx, code_hash, &code)) view->has_failed = true;
    return code;
}

/* The header of the block `number`, whose hash is known; false where the source has another. */
static bool read_header(
    const struct stateless_source *source,
    struct header *header,
    uint64_t number,
    const struct hash *hash
) {
    struct bytes encoded;
    struct hash actual;
    if (!source->header(source->ctx, number, &encoded)) return false;
    keccak256(&actual, encoded);
    if (!hash_equal(&actual, hash)) return false;
    return header_decode(header, encoded) == BLOCK_VALID && header->number == number;
}

/* Follows the chain from the parent down: the hash of a block stands in its child's header. */
static void read_block_hash(void *ctx, uint64_t number, struct hash *out) {
    struct view *const view = ctx;
    const uint64_t parent = view->parent.number;
    *out = (struct hash){{0}};
    if (number > parent || parent - number >= WITNESS_HEADERS_MAX) return;
    while (!view->has_failed && view->oldest > number) {
        struct header header;
        const struct hash *const hash = &view->ancestors[parent - view->oldest];
        if (!read_header(view->source, &header, view->oldest, hash)) {
            view->has_failed = true;
            return;
        }
        view->oldest--;
        view->ancestors[parent - view->oldest] = header.parent_hash;
    }
    if (!view->has_failed) *out = view->ancestors[parent - number];
}

/* The root of the state with diff applied. */
static bool root_after(void *ctx, struct hash *out, const struct state_diff *diff) {
    struct view *const view = ctx;
    struct trie_writes writes = {0};
    const enum trie_verdict verdict = chain_state_root(
        view->arena, &writes, out, &view->source->nodes, &view->parent.state_root, diff
    );
    if (verdict != TRIE_VALID) view->has_failed = true;
    return verdict == TRIE_VALID;
}

/* The root of the state after the block, and whether it is the header's. */
static enum stateless_verdict check_root(
    struct stateless_result *result,
    struct view *view,
    const struct block_outcome *outcome,
    const struct header *header
) {
    const struct state_diff diff = state_diff(view->arena, outcome->state);
    if (!root_after(view, &result->state_root, &diff)) return STATELESS_INCOMPLETE;
    result->block = chain_check_state_root(header, &result->state_root);
    return result->block == BLOCK_VALID ? STATELESS_VALID : STATELESS_INVALID_BLOCK;
}

/* Executes the block that encoded holds on what source tells. */
static enum stateless_verdict execute(
    struct arena *arena,
    struct stateless_result *result,
    const struct chain_vm *vm,
    const struct chain_config *config,
    struct bytes encoded,
    const struct stateless_source *source
) {
    struct block block;
    *result = (struct stateless_result){.tx = TX_VALID};
    result->block = block_decode(arena, &block, &result->tx, encoded);
    if (result->block != BLOCK_VALID) return STATELESS_INVALID_BLOCK;
    const struct header *const header = &block.header;
    header_hash(&result->block_hash, header);
    result->receipts_root = header->receipts_root;
    result->gas_used = header->gas_used;
    if (block.ommer_count > 0) return STATELESS_HAS_OMMERS;
    if (header->number == 0) {
        result->block = BLOCK_UNKNOWN_PARENT;
        return STATELESS_INVALID_BLOCK;
    }

    struct view view = {.arena = arena, .source = source, .oldest = header->number - 1};
    view.ancestors = ARENA_ARRAY(arena, struct hash, WITNESS_HEADERS_MAX);
    view.ancestors[0] = header->parent_hash;
    if (!read_header(source, &view.parent, view.oldest, &header->parent_hash)) {
        return STATELESS_INCOMPLETE;
    }
    if (view.parent.number > 0) {
        view.ancestors[1] = view.parent.parent_hash;
        view.oldest--;
    }
    const struct state_reader reader = {
        read_account, read_storage, read_code, read_block_hash, &view};
    const struct chain_rooter rooter = {root_after, &view};
    const struct block_input input = {
        .config = config,
        .parent = &view.parent,
        .parent_hash = &header->parent_hash,
        .block = &block,
        .rooter = &rooter,
    };
    struct block_outcome outcome;
    chain_execute_block(arena, &outcome, vm, &reader, &input);
    if (view.has_failed) return STATELESS_INCOMPLETE;
    result->block = outcome.verdict;
    result->tx = outcome.tx_verdict;
    if (outcome.verdict != BLOCK_VALID) return STATELESS_INVALID_BLOCK;
    return check_root(result, &view, &outcome, header);
}

/* ---- On a witness ---- */

struct witness_source {
    struct trie_witness nodes, codes;
    struct witness_list headers;
    uint64_t parent_number;
};

static bool witness_code(void *ctx, const struct hash *hash, struct bytes *code) {
    const struct witness_source *const source = ctx;
    return trie_witness_find(&source->codes, hash, code);
}

/* The parent is asked for first, which tells the number of the first. */
static bool witness_header(void *ctx, uint64_t number, struct bytes *encoded) {
    struct witness_source *const source = ctx;
    if (source->parent_number == UINT64_MAX) source->parent_number = number;
    const uint64_t back = source->parent_number - number;
    if (back >= source->headers.count) return false;
    *encoded = source->headers.items[back];
    return true;
}

enum stateless_verdict stateless_verify(
    struct arena *arena,
    struct stateless_result *result,
    const struct chain_vm *vm,
    const struct chain_config *config,
    struct bytes encoded,
    const struct witness *witness
) {
    struct witness_source known = {.headers = witness->headers, .parent_number = UINT64_MAX};
    trie_witness_init(&known.nodes, arena);
    trie_witness_init(&known.codes, arena);
    for (size_t i = 0; i < witness->nodes.count; i++) {
        trie_witness_add(&known.nodes, witness->nodes.items[i]);
    }
    for (size_t i = 0; i < witness->codes.count; i++) {
        trie_witness_add(&known.codes, witness->codes.items[i]);
    }
    const struct stateless_source source = {
        .nodes = trie_witness_reader(&known.nodes),
        .code = witness_code,
        .header = witness_header,
        .ctx = &known,
    };
    return execute(arena, result, vm, config, encoded, &source);
}

/* ---- Recording one ---- */

struct recorder {
    struct arena *arena;
    const struct stateless_source *from;
    struct trie_recorder nodes;
    struct trie_witness codes, keys;
    struct bytes *headers; /* room for WITNESS_HEADERS_MAX */
    size_t header_count;
};

static bool record_code(void *ctx, const struct hash *hash, struct bytes *code) {
    struct recorder *const recorder = ctx;
    if (!recorder->from->code(recorder->from->ctx, hash, code)) return false;
    trie_witness_add(&recorder->codes, *code);
    return true;
}

static bool record_header(void *ctx, uint64_t number, struct bytes *encoded) {
    struct recorder *const recorder = ctx;
    if (!recorder->from->header(recorder->from->ctx, number, encoded)) return false;
    ASSERT(recorder->header_count < WITNESS_HEADERS_MAX);
    recorder->headers[recorder->header_count++] = *encoded;
    return true;
}

static void record_key(void *ctx, struct bytes key) {
    struct recorder *const recorder = ctx;
    trie_witness_add(&recorder->keys, arena_copy(recorder->arena, key));
}

static struct witness_list list_of(struct arena *arena, const struct trie_witness *set) {
    return (struct witness_list){trie_witness_list(set, arena), set->count};
}

enum stateless_verdict stateless_record(
    struct arena *arena,
    struct witness *witness,
    struct stateless_result *result,
    const struct chain_vm *vm,
    const struct chain_config *config,
    struct bytes encoded,
    const struct stateless_source *source
) {
    struct recorder recorder = {.arena = arena, .from = source};
    recorder.headers = ARENA_ARRAY(arena, struct bytes, WITNESS_HEADERS_MAX);
    trie_recorder_init(&recorder.nodes, arena, &source->nodes);
    trie_witness_init(&recorder.codes, arena);
    trie_witness_init(&recorder.keys, arena);
    const struct stateless_source recording = {
        .nodes = trie_recorder_reader(&recorder.nodes),
        .code = record_code,
        .header = record_header,
        .key = record_key,
        .ctx = &recorder,
    };
    const enum stateless_verdict verdict = execute(arena, result, vm, config, encoded, &recording);
    *witness = (struct witness){
        .nodes = list_of(arena, &recorder.nodes.seen),
        .codes = list_of(arena, &recorder.codes),
        .headers = {recorder.headers, recorder.header_count},
        .keys = list_of(arena, &recorder.keys),
    };
    return verdict;
}

/* ---- As a program ---- */

struct bytes stateless_input(
    struct arena *arena, struct bytes block, const struct witness *witness
) {
    const struct bytes encoded = witness_encode(arena, witness);
    const size_t payload_size = block.len + encoded.len;
    struct rlp_writer writer = rlp_writer_in(arena, rlp_size_list(payload_size));
    rlp_write_list_header(&writer, payload_size);
    rlp_write_raw(&writer, block);
    rlp_write_raw(&writer, encoded);
    return rlp_written(&writer);
}

enum stateless_verdict stateless_run(
    struct arena *arena,
    uint8_t output[STATELESS_OUTPUT_SIZE],
    struct stateless_result *result,
    const struct chain_vm *vm,
    struct bytes config_encoded,
    struct bytes input
) {
    struct chain_config config;
    struct witness witness;
    struct hash config_hash;
    *result = (struct stateless_result){0};
    struct rlp_reader reader = rlp_read(input);
    const struct rlp_list list = rlp_enter(&reader);
    const struct rlp_item block = rlp_read_item(&reader);
    const struct rlp_item rest = rlp_read_item(&reader);
    rlp_leave(&reader, list);
    if (rlp_finish(&reader) != RLP_VALID) return STATELESS_MALFORMED;
    if (!witness_decode(arena, &witness, rest.whole)) return STATELESS_MALFORMED;
    if (!witness_decode_config(&config, config_encoded)) return STATELESS_MALFORMED;

    const enum stateless_verdict verdict =
        stateless_verify(arena, result, vm, &config, block.whole, &witness);
    if (verdict == STATELESS_VALID) {
        keccak256(&config_hash, config_encoded);
        memcpy(output, result->block_hash.bytes, sizeof(struct hash));
        memcpy(output + 32, result->state_root.bytes, sizeof(struct hash));
        memcpy(output + 64, result->receipts_root.bytes, sizeof(struct hash));
        store_be64(output + 96, result->gas_used);
        memcpy(output + 104, config_hash.bytes, sizeof(struct hash));
    }
    return verdict;
}

const char *stateless_verdict_text(enum stateless_verdict verdict) {
    switch (verdict) {
    case STATELESS_VALID: return "valid";
    case STATELESS_INVALID_BLOCK: return "the block is invalid";
    case STATELESS_INCOMPLETE: return "the witness lacks something that the block needs";
    case STATELESS_HAS_OMMERS: return "the block has ommers, which no witness can judge";
    case STATELESS_MALFORMED: return "the input is malformed";
    }
    return "unknown";
}
