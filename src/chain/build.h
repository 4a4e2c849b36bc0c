/* build: makes a block, transaction by transaction, by the same code that imports one.
 *
 * Pure.
 */
#ifndef CHAIN_BUILD_H
#define CHAIN_BUILD_H

#include "chain/execute.h"

struct build_attributes {
    const struct hash *parent_hash; /* NULL: computed */
    uint64_t timestamp;             /* later than the parent's */
    struct address fee_recipient;
    struct hash prev_randao;
    const struct withdrawal *withdrawals;
    size_t withdrawal_count;
    struct hash parent_beacon_root;
    uint64_t gas_limit_target; /* the limit moves towards it as fast as it may */
    bool gas_limit_is_exact;   /* or is it at once, as on development chains: not valid elsewhere */
    struct bytes extra_data;   /* at most HEADER_EXTRA_DATA_MAX */
    const struct u256 *base_fee; /* NULL; or set outright, as development chains can: such a block
                                  * is not valid elsewhere */
    bool allow_impersonation;    /* as block_run has it */
};

struct block_builder {
    struct block_run run;
    struct state state;
    struct header header;
    const struct withdrawal *withdrawals;
    size_t withdrawal_count;
    struct tx *txs;
    struct bytes *encoded_txs;
    size_t tx_count, tx_room;
    size_t body_size; /* of the transactions in RLP, for EIP-7934 */
};

/* All arguments outlive the builder; it must not be moved. The parent is Paris or later. */
void build_begin(
    struct block_builder *builder,
    struct arena *arena,
    const struct chain_vm *vm,
    const struct state_reader *reader,
    const struct chain_config *config,
    const struct header *parent,
    const struct build_attributes *attributes
);

/* Appends a transaction. On any verdict but TX_VALID it is not in the block and left no trace;
 * TX_GAS_ALLOWANCE_EXCEEDED and TX_TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED say that it does not
 * fit any more, TX_TOO_LONG that the block's size (EIP-7934) would not. encoded is tx's consensus
 * form. */
MUST_USE enum tx_verdict build_try_tx(
    struct block_builder *builder,
    struct tx_outcome *outcome,
    const struct tx *tx,
    struct bytes encoded,
    const struct address *sender
);

/* Gas that a further transaction may have. */
static inline uint64_t build_gas_left(const struct block_builder *builder) {
    return builder->header.gas_limit - builder->run.gas_used;
}

/* Withdrawals and requests; every field of the header but the state root, which the caller computes
 * from outcome->state and hands to build_seal. Not BLOCK_VALID: a system contract failed. */
MUST_USE enum block_verdict build_finish(
    struct block_builder *builder, struct block_outcome *outcome
);

/* The block. Memory is the builder's arena's. */
void build_seal(struct block_builder *builder, struct block *block, const struct hash *state_root);

#endif
