/* A small chain: genesis with the system contracts, blocks built and imported, lies refused. */
#include "base/test.h"
#include "chain/build.h"
#include "chain/call.h"
#include "chain/genesis.h"
#include "chain/state_root.h"
#include "crypto/ecdsa.h"
#include "evm/evm.h"

#define CHAIN_ID UINT64_C(31337)

static const struct ecdsa_secret_key secret = {{[31] = 1}};
static const struct u256 riches = {{0, 1000, 0, 0}};

/* Stores CALLDATALOAD(0) at slot 0 and logs it with one topic. */
static const uint8_t logger_code[] = {0x60, 0x00, 0x35, 0x80, 0x60, 0x00, 0x55, 0x60, 0x00,
                                      0x52, 0x60, 0x07, 0x60, 0x20, 0x60, 0x00, 0xa1};
static const struct address logger = {{0xaa}};

struct chain {
    struct arena arena;
    struct ecdsa_signer signer;
    struct chain_config config;
    struct chain_vm vm;
    struct address sender;
    struct genesis_account accounts[SYSTEM_CONTRACT_COUNT + 2];
    size_t account_count;
    struct state genesis_state;
    struct block genesis;
};

static bool genesis_account(void *ctx, const struct address *address, struct account *out) {
    struct chain *const chain = ctx;
    return state_account(&chain->genesis_state, address, out);
}

static void genesis_storage(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    struct chain *const chain = ctx;
    *value = state_storage(&chain->genesis_state, address, slot);
}

static struct bytes genesis_code(void *ctx, const struct hash *code_hash) {
    struct chain *const chain = ctx;
    for (size_t i = 0; i < chain->account_count; i++) {
        const struct genesis_account *const account = &chain->accounts[i];
        const struct hash hash = state_code_hash(&chain->genesis_state, &account->address);
        if (hash_equal(&hash, code_hash)) return account->code;
    }
    return (struct bytes){NULL, 0};
}

static void no_block_hash(void *ctx, uint64_t number, struct hash *out) {
    (void)ctx, (void)number;
    *out = (struct hash){{0}};
}

static struct state_reader reader_of(struct chain *chain) {
    return (struct state_reader
    ){genesis_account, genesis_storage, genesis_code, no_block_hash, chain};
}

static bool no_node(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    (void)ctx, (void)place, (void)rlp;
    return false;
}

/* The root of all that state holds, as far as it differs from nothing. */
static struct hash root_from_nothing(struct chain *chain, const struct state *state) {
    const struct trie_reader reader = {no_node, NULL};
    const struct state_diff diff = state_diff(&chain->arena, state);
    struct trie_writes writes = {NULL, 0, 0};
    struct hash root;
    assert_int_equal(
        chain_state_root(&chain->arena, &writes, &root, &reader, &trie_empty_root, &diff),
        TRIE_VALID
    );
    return root;
}

static void chain_begin(struct chain *chain) {
    struct ecdsa_public_key key;
    *chain = (struct chain){.config = chain_config_at(CHAIN_ID, FORK_OSAKA)};
    arena_init(&chain->arena, &test_heap);
    ecdsa_signer_init(&chain->signer, NULL);
    assert_int_equal(ecdsa_public_key_of(&chain->signer, &key, &secret), ECDSA_VALID);
    chain->sender = ecdsa_address(&key);
    chain->vm.evm = evm_create(&test_heap, 0);
    for (size_t i = 0; i < SYSTEM_CONTRACT_COUNT; i++) {
        const struct system_contract *const contract = &genesis_system_contracts[i];
        if (contract->code.len == 0) continue;
        chain->accounts[chain->account_count++] = (struct genesis_account
        ){.address = contract->address, .nonce = contract->nonce, .code = contract->code};
    }
    chain->accounts[chain->account_count++] =
        (struct genesis_account){.address = chain->sender, .balance = riches};
    chain->accounts[chain->account_count++] = (struct genesis_account
    ){.address = logger, .balance = riches, .code = {logger_code, sizeof logger_code}};
    const struct genesis genesis = {
        .config = chain->config,
        .header = {.gas_limit = 30000000, .timestamp = 1},
        .accounts = chain->accounts,
        .account_count = chain->account_count,
    };
    state_init(&chain->genesis_state, &chain->arena, &genesis_empty_reader);
    genesis_fill_state(&chain->genesis_state, &genesis);
    const struct hash root = root_from_nothing(chain, &chain->genesis_state);
    genesis_block(&chain->genesis, &genesis, &root);
}

static void chain_end(struct chain *chain) {
    evm_destroy(chain->vm.evm);
    arena_reset(&chain->arena);
}

static struct bytes sign(struct chain *chain, struct tx *tx) {
    struct hash digest;
    struct ecdsa_signature signature;
    tx_signing_hash(&chain->arena, &digest, tx);
    assert_int_equal(
        ecdsa_sign_recoverable(&chain->signer, &signature, &digest, &secret), ECDSA_VALID
    );
    tx->r = signature.r;
    tx->s = signature.s;
    tx->y_parity = signature.recovery_id;
    return tx_encode(&chain->arena, tx);
}

static struct tx call_logger(uint64_t nonce) {
    static const uint8_t input[32] = {[31] = 42};
    return (struct tx){
        .type = TX_TYPE_DYNAMIC_FEE,
        .is_protected = true,
        .chain_id = CHAIN_ID,
        .nonce = nonce,
        .gas_limit = 100000,
        .max_fee_per_gas = {{2000000000, 0, 0, 0}},
        .max_priority_fee_per_gas = {{1000000000, 0, 0, 0}},
        .to = logger,
        .data = {input, sizeof input},
    };
}

/* One block with a call; a withdrawal; and transactions that do not get in. */
static struct block build_one(struct chain *chain, const struct state_reader *reader) {
    static const struct withdrawal withdrawal = {1, 2, {{0xbb}}, 3};
    const struct build_attributes attributes = {
        .timestamp = 13,
        .fee_recipient = {{0xcc}},
        .withdrawals = &withdrawal,
        .withdrawal_count = 1,
        .gas_limit_target = 36000000,
    };
    struct block_builder *const builder = ARENA_NEW(&chain->arena, struct block_builder);
    struct tx_outcome outcome;
    struct block_outcome block_outcome;
    struct block block;
    build_begin(
        builder, &chain->arena, &chain->vm, reader, &chain->config, &chain->genesis.header,
        &attributes
    );
    struct tx early = call_logger(1);
    struct bytes encoded = sign(chain, &early);
    assert_int_equal(
        build_try_tx(builder, &outcome, &early, encoded, &chain->sender), TX_NONCE_MISMATCH_TOO_HIGH
    );
    struct tx good = call_logger(0);
    encoded = sign(chain, &good);
    assert_int_equal(build_try_tx(builder, &outcome, &good, encoded, &chain->sender), TX_VALID);
    assert_int_equal(outcome.status, EVM_SUCCESS);
    assert_int_equal(outcome.log_count, 1);
    assert_int_equal(
        build_try_tx(builder, &outcome, &good, encoded, &chain->sender), TX_NONCE_MISMATCH_TOO_LOW
    );
    assert_int_equal(build_finish(builder, &block_outcome), BLOCK_VALID);
    assert_int_equal(block_outcome.receipt_count, 1);
    assert_true(block_outcome.receipts[0].succeeded);
    const struct hash any = {{1}}; /* checked by others: the root needs the whole trie */
    build_seal(builder, &block, &any);
    return block;
}

TEST(a_built_block_is_imported_from_its_bytes) {
    struct chain chain;
    struct block block;
    struct block_outcome outcome;
    enum tx_verdict tx_verdict;
    chain_begin(&chain);
    const struct state_reader reader = reader_of(&chain);
    const struct block built = build_one(&chain, &reader);
    const struct bytes encoded = block_encode(&chain.arena, &built);
    assert_int_equal(encoded.len, built.encoded_size);
    assert_int_equal(block_decode(&chain.arena, &block, &tx_verdict, encoded), BLOCK_VALID);
    const struct block_input input = {
        .config = &chain.config, .parent = &chain.genesis.header, .block = &block};
    chain_execute_block(&chain.arena, &outcome, &chain.vm, &reader, &input);
    assert_int_equal(outcome.verdict, BLOCK_VALID);
    assert_int_equal(outcome.gas_used, built.header.gas_used);
    const struct u256 slot = U256_ZERO;
    assert_int_equal(state_storage(outcome.state, &logger, &slot).limb[0], 42);
    const struct address recipient = {{0xbb}};
    assert_int_equal(state_balance(outcome.state, &recipient).limb[0], 3000000000);
    chain_end(&chain);
}

TEST(a_block_that_says_anything_else_is_refused) {
    static const struct {
        size_t offset;
        enum block_verdict verdict;
    } lies[] = {
        {offsetof(struct header, transactions_root), BLOCK_INVALID_TRANSACTIONS_ROOT},
        {offsetof(struct header, withdrawals_root), BLOCK_INVALID_WITHDRAWALS_ROOT},
        {offsetof(struct header, receipts_root), BLOCK_INVALID_RECEIPTS_ROOT},
        {offsetof(struct header, logs_bloom), BLOCK_INVALID_LOG_BLOOM},
        {offsetof(struct header, gas_used), BLOCK_INVALID_GAS_USED},
        {offsetof(struct header, blob_gas_used), BLOCK_INCORRECT_BLOB_GAS_USED},
        {offsetof(struct header, requests_hash), BLOCK_INVALID_REQUESTS},
    };
    struct chain chain;
    chain_begin(&chain);
    const struct state_reader reader = reader_of(&chain);
    const struct block built = build_one(&chain, &reader);
    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        struct block lie = built;
        struct block_outcome outcome;
        ((uint8_t *)&lie.header)[lies[i].offset] ^= 1;
        const struct block_input input = {
            .config = &chain.config, .parent = &chain.genesis.header, .block = &lie};
        chain_execute_block(&chain.arena, &outcome, &chain.vm, &reader, &input);
        assert_int_equal(outcome.verdict, lies[i].verdict);
    }
    chain_end(&chain);
}

TEST(a_contract_sends_only_where_impersonation_is_allowed_and_nobody_signed) {
    static const struct {
        bool allow, is_signed;
        enum tx_verdict verdict;
    } cases[] = {
        {false, false, TX_SENDER_NOT_EOA},
        {false, true, TX_SENDER_NOT_EOA},
        {true, true, TX_SENDER_NOT_EOA},
        {true, false, TX_VALID},
    };
    struct chain chain;
    chain_begin(&chain);
    const struct state_reader reader = reader_of(&chain);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct build_attributes attributes = {
            .timestamp = 13, .gas_limit_target = 30000000, .allow_impersonation = cases[i].allow};
        struct block_builder *const builder = ARENA_NEW(&chain.arena, struct block_builder);
        struct tx_outcome outcome;
        struct block_outcome built, imported;
        struct block block;
        struct tx tx = call_logger(0);
        tx.r = u256_from_address(&logger);
        if (cases[i].is_signed) (void)sign(&chain, &tx);
        const struct bytes encoded = tx_encode(&chain.arena, &tx);
        build_begin(
            builder, &chain.arena, &chain.vm, &reader, &chain.config, &chain.genesis.header,
            &attributes
        );
        assert_int_equal(build_try_tx(builder, &outcome, &tx, encoded, &logger), cases[i].verdict);
        if (cases[i].verdict != TX_VALID) continue;

        assert_int_equal(build_finish(builder, &built), BLOCK_VALID);
        build_seal(builder, &block, &(struct hash){{1}});
        struct block_input input = {
            .config = &chain.config,
            .parent = &chain.genesis.header,
            .block = &block,
            .senders = &logger,
            .allow_impersonation = true};
        chain_execute_block(&chain.arena, &imported, &chain.vm, &reader, &input);
        assert_int_equal(imported.verdict, BLOCK_VALID);
        input.allow_impersonation = false;
        chain_execute_block(&chain.arena, &imported, &chain.vm, &reader, &input);
        assert_int_equal(imported.tx_verdict, TX_SENDER_NOT_EOA);
    }
    chain_end(&chain);
}

TEST(a_call_needs_no_fee_and_no_nonce_and_can_be_undone) {
    struct chain chain;
    struct state state;
    struct block_run run;
    struct tx_outcome outcome;
    chain_begin(&chain);
    const struct state_reader reader = reader_of(&chain);
    const struct address nobody = {{0xdd}};
    const struct u256 slot = U256_ZERO;
    struct tx call = call_logger(77);
    uint64_t gas = 0;
    call.max_fee_per_gas = U256_ZERO;
    call.max_priority_fee_per_gas = U256_ZERO;
    state_init(&state, &chain.arena, &reader);
    block_run_init(&run, &chain.arena, &state, &chain.vm, &chain.config, &chain.genesis.header);
    const struct state_checkpoint before = state_checkpoint(&state);
    assert_int_equal(chain_call(&run, &outcome, &call, &nobody), TX_VALID);
    assert_int_equal(outcome.status, EVM_SUCCESS);
    assert_int_equal(state_storage(&state, &logger, &slot).limb[0], 42);
    const uint64_t used = outcome.gas_used;
    state_revert(&state, before);
    assert_true(u256_is_zero(&(struct u256
    ){{state_storage(&state, &logger, &slot).limb[0], 0, 0, 0}}));

    call.gas_limit = 30000000;
    assert_int_equal(chain_estimate_gas(&run, &gas, &outcome, &call, &nobody), TX_VALID);
    assert_int_equal(outcome.status, EVM_SUCCESS);
    assert_in_range(gas, used, used + used * 15 / 1000 + 2300);
    call.gas_limit = gas;
    assert_int_equal(chain_call(&run, &outcome, &call, &nobody), TX_VALID);
    assert_int_equal(outcome.status, EVM_SUCCESS);
    state_revert(&state, before);

    call.value = U256_ONE; /* which nobody has */
    assert_int_equal(chain_call(&run, &outcome, &call, &nobody), TX_INSUFFICIENT_ACCOUNT_FUNDS);
    call.value = U256_ZERO;
    call.gas_limit = 20000;
    assert_int_equal(chain_call(&run, &outcome, &call, &nobody), TX_INTRINSIC_GAS_TOO_LOW);
    chain_end(&chain);
}

TEST(miners_are_paid_as_their_fork_has_it) {
    static const struct {
        enum fork fork;
        uint64_t gwei, ommer_gwei;
    } cases[] = {
        {FORK_FRONTIER, 5156250000, 4375000000},     {FORK_SPURIOUS_DRAGON, 5156250000, 4375000000},
        {FORK_BYZANTIUM, 3093750000, 2625000000},    {FORK_CONSTANTINOPLE, 2062500000, 1750000000},
        {FORK_GRAY_GLACIER, 2062500000, 1750000000},
    };
    struct chain chain;
    chain_begin(&chain);
    const struct state_reader reader = reader_of(&chain);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct chain_config config = chain_config_at(1, cases[i].fork);
        const struct header header = {.number = 10, .fee_recipient = {{0xee}}};
        const struct header ommer = {.number = 9, .fee_recipient = {{0xef}}};
        struct state state;
        struct block_run run;
        state_init(&state, &chain.arena, &reader);
        block_run_init(&run, &chain.arena, &state, &chain.vm, &config, &header);
        block_run_reward(&run, run.rules.row->block_reward_wei, &ommer, 1);
        const struct u256 miner = state_balance(&state, &header.fee_recipient);
        const struct u256 other = state_balance(&state, &ommer.fee_recipient);
        assert_int_equal(miner.limb[0], cases[i].gwei * 1000000000);
        assert_int_equal(other.limb[0], cases[i].ommer_gwei * 1000000000);
    }
    chain_end(&chain);
}

TEST(stored_receipts_come_back_with_their_blooms) {
    struct arena arena;
    const struct receipt *back;
    size_t count;
    const struct state_log log = {
        .address = {{1}},
        .topic_count = 2,
        .topics = {{{2}}, {{3}}},
        .data = BYTES_LITERAL("data")};
    const struct receipt receipts[2] = {
        {.type = TX_TYPE_BLOB,
         .has_status = true,
         .succeeded = true,
         .cumulative_gas_used = 21000,
         .bloom = receipt_logs_bloom(&log, 1),
         .logs = &log,
         .log_count = 1},
        {.type = TX_TYPE_LEGACY, .has_status = true, .cumulative_gas_used = 42000},
    };
    arena_init(&arena, &test_heap);
    const struct bytes stored = receipts_encode_stored(&arena, receipts, 2);
    assert_int_equal(receipts_decode_stored(&arena, &back, &count, stored), RECEIPT_VALID);
    assert_int_equal(count, 2);
    for (size_t i = 0; i < count; i++) {
        assert_bytes_equal(receipt_encode(&arena, &back[i]), receipt_encode(&arena, &receipts[i]));
    }
    for (size_t len = 0; len < stored.len; len++) {
        assert_int_equal(
            receipts_decode_stored(&arena, &back, &count, bytes_slice(stored, 0, len)),
            RECEIPT_MALFORMED
        );
    }
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(a_built_block_is_imported_from_its_bytes),
    TEST_CASE(a_block_that_says_anything_else_is_refused),
    TEST_CASE(a_contract_sends_only_where_impersonation_is_allowed_and_nobody_signed),
    TEST_CASE(a_call_needs_no_fee_and_no_nonce_and_can_be_undone),
    TEST_CASE(miners_are_paid_as_their_fork_has_it),
    TEST_CASE(stored_receipts_come_back_with_their_blooms)
)
