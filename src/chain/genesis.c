#include "chain/genesis.h"

static bool no_account(void *ctx, const struct address *address, struct account *out) {
    (void)ctx, (void)address, (void)out;
    return false;
}

static void no_storage(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    (void)ctx, (void)address, (void)slot;
    *value = U256_ZERO;
}

static struct bytes no_code(void *ctx, const struct hash *code_hash) {
    (void)ctx, (void)code_hash;
    return (struct bytes){NULL, 0};
}

static void no_block(void *ctx, uint64_t number, struct hash *out) {
    (void)ctx, (void)number;
    *out = (struct hash){{0}};
}

const struct state_reader genesis_empty_reader = {
    .account = no_account, .storage = no_storage, .code = no_code, .block_hash = no_block};

void genesis_fill_state(struct state *state, const struct genesis *genesis) {
    for (size_t i = 0; i < genesis->account_count; i++) {
        const struct genesis_account *const account = &genesis->accounts[i];
        state_set_balance(state, &account->address, &account->balance);
        state_set_nonce(state, &account->address, account->nonce);
        if (account->code.len != 0) state_set_code(state, &account->address, account->code);
        for (size_t j = 0; j < account->slot_count; j++) {
            const struct genesis_slot *const slot = &account->slots[j];
            state_set_storage(state, &account->address, &slot->key, &slot->value);
        }
    }
}

void genesis_block(
    struct block *block, const struct genesis *genesis, const struct hash *state_root
) {
    struct header header = genesis->header;
    const struct chain_rules rules =
        chain_rules_at(&genesis->config, header.number, header.timestamp);
    header.form = rules.row->header_form;
    header.ommers_hash = header_empty_ommers_hash;
    header.state_root = *state_root;
    header.transactions_root = header_empty_root;
    header.receipts_root = header_empty_root;
    if (header.form < HEADER_FORM_LONDON) {
        header.base_fee_per_gas = U256_ZERO;
    } else if (!genesis->has_base_fee) {
        header.base_fee_per_gas = u256_from_u64(HEADER_INITIAL_BASE_FEE);
    }
    if (header.form >= HEADER_FORM_SHANGHAI) header.withdrawals_root = header_empty_root;
    if (header.form >= HEADER_FORM_PRAGUE) header.requests_hash = header_empty_requests_hash;
    *block = (struct block){
        .header = header,
        .has_withdrawals = header.form >= HEADER_FORM_SHANGHAI,
        .ommers_hash = header_empty_ommers_hash,
    };
    block->encoded_size = block_encoded_size(block);
}
