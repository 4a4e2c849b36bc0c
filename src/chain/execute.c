#include "chain/execute.h"

#include "base/checked.h"
#include "chain/genesis.h"
#include "chain/requests.h"

enum {
    GAS_AUTHORIZATION_REFUND = 12500, /* EIP-7702: PER_EMPTY_ACCOUNT_COST - PER_AUTH_BASE_COST */
    RECEIPT_ROOM_MIN = 16,
};

static const struct u256 wei_per_gwei = {{1000000000, 0, 0, 0}};

void block_run_init(
    struct block_run *run,
    struct arena *arena,
    struct state *state,
    const struct chain_vm *vm,
    const struct chain_config *config,
    const struct header *header
) {
    const struct chain_rules rules = chain_rules_at(config, header->number, header->timestamp);
    *run = (struct block_run){
        .arena = arena,
        .state = state,
        .vm = vm,
        .rules = rules,
        .evm_rules = evm_rules_of(rules.revision),
        .env =
            {
                .number = header->number,
                .timestamp = header->timestamp,
                .gas_limit = header->gas_limit,
                .chain_id = config->chain_id,
                .coinbase = header->fee_recipient,
                .prev_randao = chain_is_proof_of_work(&rules)
                    ? header->difficulty
                    : u256_from_be(header->prev_randao.bytes),
                .base_fee = header->base_fee_per_gas,
                .blob_base_fee = header_blob_base_fee(header->excess_blob_gas, &rules),
            },
    };
}

static struct evm_context context_of(const struct block_run *run, const struct evm_tx *tx) {
    return (struct evm_context){
        .rules = run->evm_rules,
        .block = run->shown_env != NULL ? run->shown_env : &run->env,
        .tx = tx,
        .state = run->state,
        .tracer = run->vm->tracer,
        .moves = run->moves,
        .move_count = run->move_count,
    };
}

struct evm_result block_run_system_call(
    struct block_run *run, const struct address *contract, struct bytes input
) {
    const struct evm_tx tx = {.origin = genesis_system_caller};
    const struct evm_context context = context_of(run, &tx);
    const struct evm_message message = {
        .kind = EVM_CALL,
        .gas = BLOCK_SYSTEM_CALL_GAS,
        .sender = genesis_system_caller,
        .recipient = *contract,
        .code_address = *contract,
        .input = input,
    };
    struct evm_result result;
    state_begin_transaction(run->state);
    evm_execute(run->vm->evm, &context, &message, &result);
    state_end_transaction(run->state, run->evm_rules);
    state_commit(run->state);
    return result;
}

/* A contract that is not there, or fails, changes nothing and is no error (EIP-4788, EIP-2935). */
void block_run_start(struct block_run *run, const struct header *header) {
    const struct system_contract *const contracts = genesis_system_contracts;
    if (run->rules.irregular_change != NULL) {
        state_begin_transaction(run->state);
        run->rules.irregular_change(run->state);
        state_end_transaction(run->state, run->evm_rules);
        state_commit(run->state);
    }
    if (run->rules.row->beacon_roots) {
        (void)block_run_system_call(
            run, &contracts[SYSTEM_BEACON_ROOTS].address, BYTES_OF(header->parent_beacon_root)
        );
    }
    if (run->rules.row->parent_hashes) {
        (void)block_run_system_call(
            run, &contracts[SYSTEM_HISTORY_STORAGE].address, BYTES_OF(header->parent_hash)
        );
    }
}

/* What is charged before execution, at the price that is paid; a call without a fee pays nothing. */
struct tx_cost {
    struct u256 gas_price; /* effective */
    struct u256 tip;       /* the recipient's part of it */
    struct u256 gas;       /* gas_limit * gas_price, and the blobs' fee */
};

/* The most that sender may have to pay: it must have that much, though it may pay less. */
static bool worst_cost(
    struct u256 *out, const struct tx *tx, const struct u256 *gas_fee, const struct u256 *blob_fee
) {
    struct u256 gas = u256_from_u64(tx->gas_limit);
    struct u256 blobs = u256_from_u64(tx_blob_gas(tx));
    if (!u256_mul(&gas, &gas, gas_fee)) return false;
    if (!u256_mul(&blobs, &blobs, blob_fee)) return false;
    return u256_add(out, &gas, &blobs) && u256_add(out, out, &tx->value);
}

/* EIP-3607, EIP-7702: an account with code signs nothing, unless the code is a delegation. */
static bool sender_has_code(struct block_run *run, const struct address *sender) {
    const struct bytes code = state_code(run->state, sender);
    struct address target;
    if (code.len == 0) return false;
    return !run->evm_rules->delegation || !evm_is_delegation(code, &target);
}

enum tx_verdict block_run_check_room(const struct block_run *run, const struct tx *tx) {
    ASSERT(run->gas_used <= run->env.gas_limit);
    if (tx->gas_limit > run->env.gas_limit - run->gas_used) return TX_GAS_ALLOWANCE_EXCEEDED;
    if (tx->type != TX_TYPE_BLOB) return TX_VALID;
    const uint64_t blob_gas_max = run->rules.blobs.max * TX_BLOB_GAS;
    ASSERT(run->blob_gas_used <= blob_gas_max);
    if (tx_blob_gas(tx) > blob_gas_max - run->blob_gas_used) {
        return TX_TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED;
    }
    return TX_VALID;
}

static enum tx_verdict check_sender(
    struct block_run *run, const struct tx *tx, const struct address *sender
) {
    const uint64_t nonce = state_nonce(run->state, sender);
    if (tx->nonce < nonce) return TX_NONCE_MISMATCH_TOO_LOW;
    if (tx->nonce > nonce) return TX_NONCE_MISMATCH_TOO_HIGH;
    if (run->allow_impersonation && u256_is_zero(&tx->s)) return TX_VALID;
    return sender_has_code(run, sender) ? TX_SENDER_NOT_EOA : TX_VALID;
}

static enum tx_verdict check_fees(const struct block_run *run, const struct tx *tx) {
    if (u256_less(&tx->max_fee_per_gas, &run->env.base_fee)) {
        return TX_INSUFFICIENT_MAX_FEE_PER_GAS;
    }
    if (tx->type == TX_TYPE_BLOB && u256_less(&tx->max_fee_per_blob_gas, &run->env.blob_base_fee)) {
        return TX_INSUFFICIENT_MAX_FEE_PER_BLOB_GAS;
    }
    return TX_VALID;
}

static enum tx_verdict check_funds(
    struct block_run *run, const struct tx *tx, const struct address *sender
) {
    struct u256 cost;
    const struct u256 balance = state_balance(run->state, sender);
    if (!worst_cost(&cost, tx, &tx->max_fee_per_gas, &tx->max_fee_per_blob_gas)) {
        return TX_INSUFFICIENT_ACCOUNT_FUNDS;
    }
    return u256_less(&balance, &cost) ? TX_INSUFFICIENT_ACCOUNT_FUNDS : TX_VALID;
}

/* Where a transaction has several faults, clients and tests agree on which is named by this order. */
static enum tx_verdict check_strict(
    struct block_run *run, const struct tx *tx, const struct address *sender
) {
    enum tx_verdict verdict = tx_check_type(tx->type, &run->rules);
    if (verdict == TX_VALID) verdict = block_run_check_room(run, tx);
    if (verdict == TX_VALID) verdict = check_fees(run, tx);
    if (verdict == TX_VALID) verdict = tx_check(tx, &run->rules);
    if (verdict == TX_VALID) verdict = check_sender(run, tx, sender);
    if (verdict == TX_VALID) verdict = check_funds(run, tx, sender);
    return verdict;
}

/* What is left to judge of a call that nobody signed. */
static enum tx_verdict check_call(
    struct block_run *run, const struct tx *tx, const struct address *sender
) {
    if (tx->gas_limit > INT64_MAX) return TX_GASLIMIT_OVERFLOW;
    if (u256_less(&tx->max_fee_per_gas, &tx->max_priority_fee_per_gas)) {
        return TX_PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS;
    }
    if (tx->is_create && tx->data.len > run->evm_rules->initcode_size_max) {
        return TX_INITCODE_SIZE_EXCEEDED;
    }
    enum tx_verdict verdict = check_fees(run, tx);
    if (verdict == TX_VALID) verdict = check_funds(run, tx, sender);
    if (verdict != TX_VALID) return verdict;
    if (tx->gas_limit < tx_intrinsic_gas(tx, &run->rules)) return TX_INTRINSIC_GAS_TOO_LOW;
    if (tx->gas_limit < tx_floor_gas(tx, &run->rules)) return TX_INTRINSIC_GAS_BELOW_FLOOR_GAS_COST;
    return TX_VALID;
}

static struct tx_cost cost_of(const struct block_run *run, const struct tx *tx) {
    struct tx_cost cost = {
        .gas_price = tx_effective_gas_price(tx, &run->env.base_fee),
        .tip = tx_effective_tip(tx, &run->env.base_fee),
        .gas = u256_from_u64(tx->gas_limit),
    };
    struct u256 blobs = u256_from_u64(tx_blob_gas(tx));
    u256_mul_wrapping(&cost.gas, &cost.gas, &cost.gas_price); /* no more than check_funds found */
    u256_mul_wrapping(&blobs, &blobs, &run->env.blob_base_fee);
    u256_add_wrapping(&cost.gas, &cost.gas, &blobs);
    return cost;
}

/* EIP-2929, 2930, 3651: sender, recipient, precompiles, access list, fee recipient. */
static void warm(struct block_run *run, const struct tx *tx, const struct evm_message *message) {
    struct state *const state = run->state;
    if (!run->rules.row->warm_participants) return;
    state_warm_precompiles(state, run->evm_rules);
    (void)state_warm_account(state, &message->sender);
    (void)state_warm_account(state, &message->recipient);
    if (run->rules.row->warm_coinbase) (void)state_warm_account(state, &run->env.coinbase);
    for (size_t i = 0; i < tx->access_list_count; i++) {
        const struct tx_access *const entry = &tx->access_list[i];
        (void)state_warm_account(state, &entry->address);
        for (size_t j = 0; j < entry->key_count; j++) {
            const struct u256 slot = u256_from_be(entry->keys[j].bytes);
            (void)state_warm_slot(state, &entry->address, &slot);
        }
    }
}

/* EIP-7702, Behavior: an authorization that does not hold is skipped. */
static void authorize(struct block_run *run, const struct tx_authorization *authorization) {
    struct state *const state = run->state;
    const struct u256 chain_id = u256_from_u64(run->rules.chain_id);
    struct address authority;
    struct address target;
    if (!u256_is_zero(&authorization->chain_id) &&
        !u256_equal(&authorization->chain_id, &chain_id)) {
        return;
    }
    if (authorization->nonce == UINT64_MAX) return;
    if (!tx_authority(run->arena, &authority, authorization)) return;

    (void)state_warm_account(state, &authority);
    const struct bytes code = state_code(state, &authority);
    if (code.len != 0 && !evm_is_delegation(code, &target)) return;
    if (state_nonce(state, &authority) != authorization->nonce) return;
    if (state_exists(state, &authority)) state->refund += GAS_AUTHORIZATION_REFUND;

    uint8_t delegation[EVM_DELEGATION_SIZE] = {0xef, 0x01, 0x00};
    memcpy(delegation + 3, authorization->address.bytes, sizeof authorization->address.bytes);
    const bool clears = address_is_zero(&authorization->address);
    state_set_code(state, &authority, bytes_from(delegation, clears ? 0 : sizeof delegation));
    state_set_nonce(state, &authority, authorization->nonce + 1);
}

static struct evm_message message_of(
    const struct block_run *run, const struct tx *tx, const struct address *sender, uint64_t nonce
) {
    const struct address recipient = tx->is_create ? evm_create_address(sender, nonce) : tx->to;
    return (struct evm_message){
        .kind = tx->is_create ? EVM_CREATE : EVM_CALL,
        .gas = tx->gas_limit - tx_intrinsic_gas(tx, &run->rules),
        .sender = *sender,
        .recipient = recipient,
        .code_address = recipient,
        .value = tx->value,
        .input = tx->data,
    };
}

/* Takes off refunds (EIP-3529), but not below EIP-7623's floor. */
static void settle_gas(
    const struct block_run *run, struct tx_outcome *outcome, const struct tx *tx, uint64_t gas_left
) {
    const uint64_t spent = tx->gas_limit - gas_left;
    ASSERT(run->state->refund >= 0);
    outcome->gas_refunded =
        min_u64((uint64_t)run->state->refund, spent / run->rules.row->refund_quotient);
    outcome->gas_used = max_u64(spent - outcome->gas_refunded, tx_floor_gas(tx, &run->rules));
    outcome->gas_peak = max_u64(spent, outcome->gas_used);
}

void block_run_pay_tip(struct block_run *run, const struct u256 *wei) {
    if (u256_is_zero(wei)) {
        state_touch(run->state, &run->env.coinbase, run->evm_rules);
    } else {
        state_add_balance(run->state, &run->env.coinbase, wei);
    }
}

/* Gives back what was not used, and the tip to the fee recipient; the base fee is burnt. */
static void settle_fees(
    struct block_run *run,
    const struct tx_outcome *outcome,
    const struct tx *tx,
    const struct address *sender,
    const struct tx_cost *cost
) {
    struct u256 back = u256_from_u64(tx->gas_limit - outcome->gas_used);
    struct u256 tip = u256_from_u64(outcome->gas_used);
    u256_mul_wrapping(&back, &back, &cost->gas_price);
    u256_mul_wrapping(&tip, &tip, &cost->tip);
    state_add_balance(run->state, sender, &back);
    if (run->deferred_tip != NULL && !state_knows_account(run->state, &run->env.coinbase)) {
        *run->deferred_tip = (struct deferred_tip){true, tip};
    } else {
        block_run_pay_tip(run, &tip);
    }
}

/* EIP-658 put a status into its place. */
static struct hash receipt_root(struct block_run *run) {
    struct hash root = {{0}};
    if (run->rules.row->receipt_status || run->rooter == NULL) return root;
    const struct state_diff diff = state_diff(run->arena, run->state);
    (void)run->rooter->root(run->rooter->ctx, &root, &diff);
    return root;
}

static void append_receipt(
    struct block_run *run, const struct tx *tx, const struct tx_outcome *outcome
) {
    if (run->receipt_count == run->receipt_room) {
        const size_t room = run->receipt_room == 0 ? RECEIPT_ROOM_MIN : 2 * run->receipt_room;
        struct receipt *const receipts =
            arena_alloc_raw(run->arena, room * sizeof *receipts, _Alignof(struct receipt));
        if (run->receipt_count != 0) {
            memcpy(receipts, run->receipts, run->receipt_count * sizeof *receipts);
        }
        run->receipts = receipts;
        run->receipt_room = room;
    }
    run->gas_used += outcome->gas_used;
    run->blob_gas_used += tx_blob_gas(tx);
    struct receipt *const receipt = &run->receipts[run->receipt_count++];
    *receipt = (struct receipt){
        .type = tx->type,
        .has_status = run->rules.row->receipt_status,
        .succeeded = outcome->status == EVM_SUCCESS,
        .post_state_root = receipt_root(run),
        .cumulative_gas_used = run->gas_used,
        .bloom = logs_bloom(&run->blooms, outcome->logs, outcome->log_count),
        .logs = outcome->logs,
        .log_count = outcome->log_count,
    };
    bloom_merge(&run->logs_bloom, &receipt->bloom);
}

void block_run_append(
    struct block_run *run, const struct tx *tx, const struct tx_outcome *outcome
) {
    append_receipt(run, tx, outcome);
    state_commit(run->state);
}

/* The transaction is known to be valid. */
static void perform(
    struct block_run *run,
    struct tx_outcome *outcome,
    const struct tx *tx,
    const struct address *sender
) {
    struct state *const state = run->state;
    const struct tx_cost cost = cost_of(run, tx);
    const uint64_t nonce = state_nonce(state, sender);
    const struct evm_message message = message_of(run, tx, sender, nonce);
    const struct evm_tx evm_tx = {
        .origin = *sender,
        .gas_price = cost.gas_price,
        .blob_hashes = tx->blob_hashes,
        .blob_hash_count = tx->blob_hash_count,
    };
    state_begin_transaction(state);
    state_set_nonce(state, sender, nonce + 1);
    state_sub_balance(state, sender, &cost.gas);
    warm(run, tx, &message);
    for (size_t i = 0; i < tx->authorization_count; i++) {
        authorize(run, &tx->authorizations[i]);
    }

    struct evm_result result;
    const struct evm_context context = context_of(run, &evm_tx);
    evm_execute(run->vm->evm, &context, &message, &result);

    *outcome = (struct tx_outcome){
        .status = result.status,
        .gas_price = cost.gas_price,
        .output = result.output,
    };
    if (tx->is_create) outcome->created = message.recipient;
    settle_gas(run, outcome, tx, result.gas_left);
    settle_fees(run, outcome, tx, sender, &cost);
    state_end_transaction(state, run->evm_rules);
    outcome->logs = state_logs(state, &outcome->log_count);
}

enum tx_verdict block_run_try(
    struct block_run *run,
    struct tx_outcome *outcome,
    const struct tx *tx,
    const struct address *sender
) {
    const enum tx_verdict verdict = check_strict(run, tx, sender);
    if (verdict == TX_VALID) perform(run, outcome, tx, sender);
    return verdict;
}

enum tx_verdict block_run_tx(
    struct block_run *run,
    struct tx_outcome *outcome,
    const struct tx *tx,
    const struct address *sender
) {
    const enum tx_verdict verdict = block_run_try(run, outcome, tx, sender);
    if (verdict == TX_VALID) block_run_append(run, tx, outcome);
    return verdict;
}

enum tx_verdict block_run_call(
    struct block_run *run,
    struct tx_outcome *outcome,
    const struct tx *tx,
    const struct address *sender
) {
    const struct evm_block env = run->env;
    if (u256_is_zero(&tx->max_fee_per_gas)) run->env.base_fee = U256_ZERO;
    if (u256_is_zero(&tx->max_fee_per_blob_gas)) run->env.blob_base_fee = U256_ZERO;
    const enum tx_verdict verdict = check_call(run, tx, sender);
    if (verdict == TX_VALID) perform(run, outcome, tx, sender);
    run->env = env;
    return verdict;
}

static void pay(struct block_run *run, const struct address *miner, uint64_t wei) {
    const struct u256 amount = u256_from_u64(wei);
    if (wei == 0) {
        state_touch(run->state, miner, run->evm_rules);
    } else {
        state_add_balance(run->state, miner, &amount);
    }
}

void block_run_reward(
    struct block_run *run, uint64_t reward_wei, const struct header *ommers, size_t ommer_count
) {
    state_begin_transaction(run->state);
    pay(run, &run->env.coinbase, ommers_block_reward_wei(reward_wei, ommer_count));
    for (size_t i = 0; i < ommer_count; i++) {
        const uint64_t wei = ommers_reward_wei(reward_wei, run->env.number, ommers[i].number);
        pay(run, &ommers[i].fee_recipient, wei);
    }
    state_end_transaction(run->state, run->evm_rules);
    state_commit(run->state);
}

static void withdraw(
    struct block_run *run, const struct withdrawal *withdrawals, size_t withdrawal_count
) {
    state_begin_transaction(run->state);
    for (size_t i = 0; i < withdrawal_count; i++) {
        struct u256 amount = u256_from_u64(withdrawals[i].amount_gwei);
        u256_mul_wrapping(&amount, &amount, &wei_per_gwei);
        if (u256_is_zero(&amount)) {
            state_touch(run->state, &withdrawals[i].address, run->evm_rules);
        } else {
            state_add_balance(run->state, &withdrawals[i].address, &amount);
        }
    }
    state_end_transaction(run->state, run->evm_rules);
    state_commit(run->state);
}

enum block_verdict block_run_end(
    struct block_run *run, const struct withdrawal *withdrawals, size_t withdrawal_count
) {
    if (run->rules.row->withdrawals) withdraw(run, withdrawals, withdrawal_count);
    return run->rules.row->requests ? requests_collect(run) : BLOCK_VALID;
}

/* What execution left behind against what the header says. */
static enum block_verdict check_outcome(struct block_run *run, const struct header *header) {
    struct hash hash;
    if (run->gas_used != header->gas_used) return BLOCK_INVALID_GAS_USED;
    if (run->blob_gas_used != header->blob_gas_used) return BLOCK_INCORRECT_BLOB_GAS_USED;
    if (!bytes_equal(BYTES_OF(run->logs_bloom), BYTES_OF(header->logs_bloom))) {
        return BLOCK_INVALID_LOG_BLOOM;
    }
    receipts_root(run->arena, &hash, run->receipts, run->receipt_count);
    if (!hash_equal(&hash, &header->receipts_root)) return BLOCK_INVALID_RECEIPTS_ROOT;
    if (header->form < HEADER_FORM_PRAGUE) return BLOCK_VALID;
    block_requests_hash(&hash, run->requests, run->request_count);
    return hash_equal(&hash, &header->requests_hash) ? BLOCK_VALID : BLOCK_INVALID_REQUESTS;
}

static enum tx_verdict run_block_tx(
    struct block_run *run, const struct block_input *input, size_t index
) {
    struct tx_outcome outcome;
    struct address sender;
    const struct tx *const tx = &input->block->txs[index];
    if (input->senders != NULL) return block_run_tx(run, &outcome, tx, &input->senders[index]);
    const enum tx_verdict verdict = tx_sender(run->arena, &sender, tx, &run->rules);
    return verdict == TX_VALID ? block_run_tx(run, &outcome, tx, &sender) : verdict;
}

enum tx_verdict block_run_txs(
    struct block_run *run, const struct block_input *input, size_t *index
) {
    for (*index = 0; *index < input->block->tx_count; ++*index) {
        const enum tx_verdict verdict = run_block_tx(run, input, *index);
        if (verdict != TX_VALID) return verdict;
    }
    return TX_VALID;
}

static enum tx_verdict run_txs(
    struct block_run *run, const struct block_input *input, size_t *index
) {
    const struct chain_runner *const runner = input->runner;
    if (runner == NULL || run->vm->tracer != NULL) return block_run_txs(run, input, index);
    return runner->run_txs(runner->ctx, run, input, index);
}

static enum block_verdict run_block(
    struct block_run *run, struct block_outcome *outcome, const struct block_input *input
) {
    const struct block *const block = input->block;
    block_run_start(run, &block->header);
    outcome->tx_verdict = run_txs(run, input, &outcome->tx_index);
    if (outcome->tx_verdict != TX_VALID) return BLOCK_INVALID_TRANSACTION;
    if (chain_is_proof_of_work(&run->rules)) {
        const uint64_t reward_wei = run->rules.row->block_reward_wei;
        block_run_reward(run, reward_wei, block->ommers, block->ommer_count);
    }
    const enum block_verdict end = block_run_end(run, block->withdrawals, block->withdrawal_count);
    return end == BLOCK_VALID ? check_outcome(run, &block->header) : end;
}

void block_run_outcome(const struct block_run *run, struct block_outcome *outcome) {
    outcome->receipts = run->receipts;
    outcome->receipt_count = run->receipt_count;
    outcome->requests = run->requests;
    outcome->request_count = run->request_count;
    outcome->gas_used = run->gas_used;
    outcome->blob_gas_used = run->blob_gas_used;
    outcome->state = run->state;
}

/* Where the caller sets the base fee or the gas limit, the header is judged as if it had the one that
 * Ethereum's rules give. */
static enum block_verdict check_header(
    const struct header *header, const struct block_input *input, const struct chain_rules *rules
) {
    struct header judged = *header;
    if (input->base_fee != NULL) {
        if (!u256_equal(&header->base_fee_per_gas, input->base_fee)) {
            return BLOCK_INVALID_BASEFEE_PER_GAS;
        }
        judged.base_fee_per_gas = header_next_base_fee(input->parent);
    }
    if (input->gas_limit != NULL) {
        if (header->gas_limit != *input->gas_limit) return BLOCK_INVALID_GASLIMIT;
        if (header->gas_used > header->gas_limit) return BLOCK_GAS_USED_OVERFLOW;
        judged.gas_limit = input->parent->gas_limit;
        judged.gas_used = min_u64(header->gas_used, judged.gas_limit);
    }
    return input->parent_hash == NULL
        ? header_check(&judged, input->parent, rules)
        : header_check_on(&judged, input->parent, input->parent_hash, rules);
}

/* What only blocks of proof of work have: ommers, and a seal. */
static enum block_verdict check_work(const struct block_input *input) {
    const struct header_seal *const seal = input->seal;
    if (seal != NULL && !seal->is_valid(seal->ctx, &input->block->header)) {
        return BLOCK_INVALID_SEAL;
    }
    return ommers_check(input->block, input->config, input->ancestors, input->ancestor_count, seal);
}

void chain_execute_block(
    struct arena *arena,
    struct block_outcome *outcome,
    const struct chain_vm *vm,
    const struct state_reader *reader,
    const struct block_input *input
) {
    const struct header *const header = &input->block->header;
    const struct chain_rules rules =
        chain_rules_at(input->config, header->number, header->timestamp);
    *outcome = (struct block_outcome){.verdict = check_header(header, input, &rules)};
    if (outcome->verdict != BLOCK_VALID) return;
    outcome->verdict = block_check_body(arena, input->block, &rules);
    if (outcome->verdict != BLOCK_VALID) return;
    if (chain_is_proof_of_work(&rules)) outcome->verdict = check_work(input);
    if (outcome->verdict != BLOCK_VALID) return;

    struct state *const state = ARENA_NEW(arena, struct state);
    struct block_run run;
    state_init(state, arena, reader);
    block_run_init(&run, arena, state, vm, input->config, header);
    run.allow_impersonation = input->allow_impersonation;
    run.rooter = input->rooter;
    outcome->verdict = run_block(&run, outcome, input);
    block_run_outcome(&run, outcome);
}
