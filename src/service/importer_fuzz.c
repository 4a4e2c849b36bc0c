/* Blocks as a stranger may hand them in: bytes, or a valid block with fields, transactions and bytes
 * changed and its roots put right, so that what lies behind them is reached. Judging never fails; what
 * is found valid can become the head, and the head before it comes back. */
#include "base/fuzz.h"
#include "chain/block.h"
#include "service/node.h"
#include "world/log.h"

#include <uv.h>

enum { BASES = 2, EDIT_SIZE = 4, EDITS_MAX = 16, TXS_MAX = 8 };

static uv_loop_t loop;
static struct node *node;
static struct arena bases_arena;
static struct bytes bases[BASES]; /* without transactions, and with two */
static struct hash home;

static void must(struct status status) {
    ASSERT(!failed(status));
}

static struct bytes transfer(struct arena *arena, uint64_t nonce) {
    struct ecdsa_signer signer;
    struct ecdsa_signature signature;
    struct hash digest;
    struct tx tx = {
        .type = TX_TYPE_DYNAMIC_FEE,
        .is_protected = true,
        .chain_id = DEV_CHAIN_ID,
        .nonce = nonce,
        .gas_limit = 30000,
        .max_fee_per_gas = u256_from_u64(10000000000),
        .to = {{0x70}},
        .value = U256_ONE,
    };
    ecdsa_signer_init(&signer, NULL);
    tx_signing_hash(arena, &digest, &tx);
    ASSERT(
        ecdsa_sign_recoverable(&signer, &signature, &digest, &node->chain.accounts[0].key) ==
        ECDSA_VALID
    );
    tx.y_parity = signature.recovery_id;
    tx.r = signature.r;
    tx.s = signature.s;
    return tx_encode(arena, &tx);
}

static void start(void) {
    char message[NODE_MESSAGE_SIZE];
    struct node_options options = node_options_default();
    options.serves = false;
    options.automine = false;
    options.worker_count = 1;
    log_open(LOG_ERROR, LOG_TEXT);
    arena_init(&bases_arena, &test_heap);
    ASSERT(uv_loop_init(&loop) == 0);
    must(node_create(&node, message, &loop, &options));
    must(solo_propose(node->solo));
    home = *execution_head_hash(node->execution);

    const struct engine *engine = execution_engine(node->execution);
    const struct bytes transactions[] = {transfer(&bases_arena, 0), transfer(&bases_arena, 1)};
    for (size_t i = 0; i < BASES; i++) {
        struct engine_attributes attributes;
        struct engine_payload payload;
        must(solo_attributes(node->solo, &bases_arena, &attributes));
        attributes.first_transactions = transactions;
        attributes.first_transaction_count = i == 0 ? 0 : ARRAY_LEN(transactions);
        must(engine->build(engine->ctx, &bases_arena, &payload, &attributes));
        bases[i] = payload.block;
    }
}

static void edit_header(struct header *header, unsigned field, uint8_t value) {
    switch (field % 12) {
    case 0: header->parent_hash.bytes[0] ^= value; return;
    case 1: header->fee_recipient.bytes[0] = value; return;
    case 2: header->state_root.bytes[31] ^= value; return;
    case 3: header->receipts_root.bytes[31] ^= value; return;
    case 4: header->number += (uint64_t)(int8_t)value; return;
    case 5: header->gas_limit += (uint64_t)(int8_t)value; return;
    case 6: header->gas_used += (uint64_t)(int8_t)value; return;
    case 7: header->timestamp += (uint64_t)(int8_t)value; return;
    case 8: header->prev_randao.bytes[0] ^= value; return;
    case 9: header->base_fee_per_gas.limb[value % 4] ^= value; return;
    case 10: header->excess_blob_gas ^= value; return;
    default: header->parent_beacon_root.bytes[0] ^= value; return;
    }
}

/* A transaction more (one that is there again), one less, or another order. */
static void edit_list(struct block *block, struct bytes list[TXS_MAX], unsigned at, uint8_t value) {
    if (block->tx_count == 0) return;
    at %= (unsigned)block->tx_count;
    const struct bytes taken = list[at];
    if (value % 3 == 0 && block->tx_count < TXS_MAX) {
        list[block->tx_count++] = taken;
    } else if (value % 3 == 1) {
        list[at] = list[--block->tx_count];
    } else {
        list[at] = list[0];
        list[0] = taken;
    }
}

static struct bytes make(struct arena *arena, const uint8_t *data, size_t size) {
    struct bytes list[TXS_MAX];
    struct block block;
    enum tx_verdict ignored;
    ASSERT(block_decode(arena, &block, &ignored, bases[data[0] % BASES]) == BLOCK_VALID);
    for (size_t i = 0; i < block.tx_count; i++) {
        list[i] = block.encoded_txs[i];
    }
    const size_t count = (size - 1) / EDIT_SIZE;
    for (size_t i = 0; i < count && i < EDITS_MAX; i++) {
        const uint8_t *edit = data + 1 + EDIT_SIZE * i;
        const unsigned at = edit[1] | (unsigned)edit[2] << 8;
        if (edit[0] % 3 == 0) edit_header(&block.header, at, edit[3]);
        if (edit[0] % 3 == 1) edit_list(&block, list, at, edit[3]);
        if (edit[0] % 3 == 2 && block.tx_count > 0) {
            struct bytes *tx = &list[edit[0] / 3 % block.tx_count];
            *tx = arena_copy(arena, *tx);
            ((uint8_t *)(uintptr_t)tx->data)[at % tx->len] ^= edit[3];
        }
    }
    block.encoded_txs = list;
    block_transactions_root(arena, &block.header.transactions_root, list, block.tx_count);
    return block_encode(arena, &block);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (node == NULL) start();
    if (size == 0) return 0;
    struct arena arena;
    struct import_outcome outcome;
    arena_init(&arena, &test_heap);
    const struct bytes block =
        data[0] >= 0x80 ? bytes_from(data + 1, size - 1) : make(&arena, data, size);
    must(importer_judge(&node->importer, &outcome, block));
    ASSERT(hash_equal(execution_head_hash(node->execution), &home));
    if (outcome.verdict == IMPORT_VALID) {
        ASSERT(outcome.reason[0] == '\0');
        must(importer_adopt(&node->importer, &outcome.hash));
        ASSERT(hash_equal(execution_head_hash(node->execution), &outcome.hash));
        must(importer_adopt(&node->importer, &home));
        ASSERT(hash_equal(execution_head_hash(node->execution), &home));
        pool_clear(node->pool);
    } else {
        ASSERT(outcome.verdict == IMPORT_UNKNOWN_PARENT || outcome.reason[0] != '\0');
    }
    ASSERT(!failed(node->failure));
    arena_reset(&arena);
    return 0;
}
