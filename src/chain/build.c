#include "chain/build.h"

#include "base/checked.h"
#include "codec/rlp.h"

enum {
    TX_ROOM_MIN = 16,
    LIST_HEADERS_SIZE = 4 * RLP_HEADER_MAX, /* of block, transactions, ommers, withdrawals */
    WITHDRAWAL_SIZE_MAX = 64,
};

static struct header first_header(
    const struct chain_config *config,
    const struct header *parent,
    const struct build_attributes *attributes
) {
    const struct chain_rules rules =
        chain_rules_at(config, parent->number + 1, attributes->timestamp);
    ASSERT(!chain_is_proof_of_work(&rules));
    ASSERT(attributes->timestamp > parent->timestamp);
    ASSERT(attributes->extra_data.len <= HEADER_EXTRA_DATA_MAX);
    struct header header = {
        .ommers_hash = header_empty_ommers_hash,
        .fee_recipient = attributes->fee_recipient,
        .number = parent->number + 1,
        .gas_limit = attributes->gas_limit_is_exact
            ? attributes->gas_limit_target
            : header_next_gas_limit(parent->gas_limit, attributes->gas_limit_target),
        .timestamp = attributes->timestamp,
        .extra_data_size = (uint8_t)attributes->extra_data.len,
        .prev_randao = attributes->prev_randao,
        .base_fee_per_gas =
            attributes->base_fee != NULL ? *attributes->base_fee : header_next_base_fee(parent),
        .form = rules.row->header_form,
    };
    if (attributes->parent_hash != NULL) {
        header.parent_hash = *attributes->parent_hash;
    } else {
        header_hash(&header.parent_hash, parent);
    }
    if (header.extra_data_size != 0) {
        memcpy(header.extra_data, attributes->extra_data.data, header.extra_data_size);
    }
    if (header.form >= HEADER_FORM_CANCUN) {
        header.excess_blob_gas = header_next_excess_blob_gas(parent, &rules);
        header.parent_beacon_root = attributes->parent_beacon_root;
    }
    return header;
}

void build_begin(
    struct block_builder *builder,
    struct arena *arena,
    const struct chain_vm *vm,
    const struct state_reader *reader,
    const struct chain_config *config,
    const struct header *parent,
    const struct build_attributes *attributes
) {
    *builder = (struct block_builder){
        .header = first_header(config, parent, attributes),
        .withdrawals = attributes->withdrawals,
        .withdrawal_count = attributes->withdrawal_count,
    };
    state_init(&builder->state, arena, reader);
    block_run_init(&builder->run, arena, &builder->state, vm, config, &builder->header);
    builder->run.allow_impersonation = attributes->allow_impersonation;
    block_run_start(&builder->run, &builder->header);
}

/* Never below what the block will take in RLP. */
static size_t size_bound(const struct block_builder *builder, struct bytes encoded) {
    return HEADER_SIZE_MAX + LIST_HEADERS_SIZE + builder->withdrawal_count * WITHDRAWAL_SIZE_MAX +
        builder->body_size + encoded.len + RLP_HEADER_MAX;
}

static void append(struct block_builder *builder, const struct tx *tx, struct bytes encoded) {
    if (builder->tx_count == builder->tx_room) {
        const size_t room = builder->tx_room == 0 ? TX_ROOM_MIN : 2 * builder->tx_room;
        struct tx *const txs = ARENA_ARRAY(builder->run.arena, struct tx, room);
        struct bytes *const encoded_txs = ARENA_ARRAY(builder->run.arena, struct bytes, room);
        if (builder->tx_count != 0) {
            memcpy(txs, builder->txs, builder->tx_count * sizeof *txs);
            memcpy(encoded_txs, builder->encoded_txs, builder->tx_count * sizeof *encoded_txs);
        }
        builder->txs = txs;
        builder->encoded_txs = encoded_txs;
        builder->tx_room = room;
    }
    builder->txs[builder->tx_count] = *tx;
    builder->encoded_txs[builder->tx_count++] = encoded;
    builder->body_size += encoded.len + RLP_HEADER_MAX;
}

enum tx_verdict build_try_tx(
    struct block_builder *builder,
    struct tx_outcome *outcome,
    const struct tx *tx,
    struct bytes encoded,
    const struct address *sender
) {
    if (size_bound(builder, encoded) > builder->run.rules.row->block_size_max) return TX_TOO_LONG;
    const enum tx_verdict verdict = block_run_tx(&builder->run, outcome, tx, sender);
    if (verdict == TX_VALID) append(builder, tx, encoded);
    return verdict;
}

enum block_verdict build_finish(struct block_builder *builder, struct block_outcome *outcome) {
    struct block_run *const run = &builder->run;
    struct header *const header = &builder->header;
    *outcome = (struct block_outcome
    ){.verdict = block_run_end(run, builder->withdrawals, builder->withdrawal_count)};
    block_run_outcome(run, outcome);
    if (outcome->verdict != BLOCK_VALID) return outcome->verdict;

    header->gas_used = run->gas_used;
    header->blob_gas_used = run->blob_gas_used;
    header->logs_bloom = run->logs_bloom;
    block_transactions_root(
        run->arena, &header->transactions_root, builder->encoded_txs, builder->tx_count
    );
    receipts_root(run->arena, &header->receipts_root, run->receipts, run->receipt_count);
    if (header->form >= HEADER_FORM_SHANGHAI) {
        block_withdrawals_root(
            run->arena, &header->withdrawals_root, builder->withdrawals, builder->withdrawal_count
        );
    }
    if (header->form >= HEADER_FORM_PRAGUE) {
        block_requests_hash(&header->requests_hash, run->requests, run->request_count);
    }
    return BLOCK_VALID;
}

void build_seal(struct block_builder *builder, struct block *block, const struct hash *state_root) {
    builder->header.state_root = *state_root;
    *block = (struct block){
        .header = builder->header,
        .txs = builder->txs,
        .encoded_txs = builder->encoded_txs,
        .tx_count = builder->tx_count,
        .withdrawals = builder->withdrawals,
        .withdrawal_count = builder->withdrawal_count,
        .has_withdrawals = builder->header.form >= HEADER_FORM_SHANGHAI,
        .ommers_hash = header_empty_ommers_hash,
    };
    block->encoded_size = block_encoded_size(block);
}
