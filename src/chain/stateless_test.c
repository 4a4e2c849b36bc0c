/* Blocks of a small chain, executed on witnesses of their parents' states; and on witnesses that
 * were tampered with. */
#include "chain/stateless.h"

#include "base/test.h"
#include "chain/build.h"
#include "chain/genesis.h"
#include "chain/state_root.h"
#include "crypto/ecdsa.h"
#include "crypto/keccak.h"
#include "trie/trie_witness.h"

enum { BLOCKS = 4, SLOTS = 40, BYSTANDERS = 60 };

static const struct ecdsa_secret_key secret = {{[31] = 1}};
static const struct u256 riches = {{0, 1000, 0, 0}};

/* Clears the slot that calldata names, reads the next one, and keeps BLOCKHASH of calldata's second
 * word in slot 2^64. */
static const uint8_t worker_code[] = {
    0x60, 0x00, 0x60, 0x00, 0x35, 0x55,             /* SSTORE(calldata[0], 0) */
    0x60, 0x00, 0x35, 0x60, 0x01, 0x01, 0x54, 0x50, /* SLOAD(calldata[0] + 1) */
    0x60, 0x20, 0x35, 0x40,                         /* BLOCKHASH(calldata[1]) */
    0x68, 0x01, 0,    0,    0,    0,    0,    0,    0, 0, 0x55,
};
static const struct address worker = {{0xaa}};

struct chain {
    struct arena arena;
    struct ecdsa_signer signer;
    struct chain_config config;
    struct chain_vm vm;
    struct address sender;
    struct trie_witness nodes, codes;
    struct bytes headers[BLOCKS + 1];
    struct bytes blocks[BLOCKS + 1];
    struct header head;
};

static bool find_code(void *ctx, const struct hash *hash, struct bytes *code) {
    const struct chain *const chain = ctx;
    return trie_witness_find(&chain->codes, hash, code);
}

static bool find_header(void *ctx, uint64_t number, struct bytes *encoded) {
    const struct chain *const chain = ctx;
    *encoded = chain->headers[number];
    return true;
}

static struct stateless_source whole_state(struct chain *chain) {
    return (struct stateless_source){
        .nodes = trie_witness_reader(&chain->nodes),
        .code = find_code,
        .header = find_header,
        .ctx = chain,
    };
}

/* The root after diff; its nodes are kept. */
static struct hash root_after(
    struct chain *chain, const struct hash *old_root, const struct state *state
) {
    const struct trie_reader reader = trie_witness_reader(&chain->nodes);
    const struct state_diff diff = state_diff(&chain->arena, state);
    struct trie_writes writes = {0};
    struct hash root;
    const enum trie_verdict verdict =
        chain_state_root(&chain->arena, &writes, &root, &reader, old_root, &diff);
    assert_int_equal(verdict, TRIE_VALID);
    for (size_t i = 0; i < writes.count; i++) {
        trie_witness_add(&chain->nodes, writes.items[i].node);
    }
    return root;
}

static void make_genesis(struct chain *chain) {
    struct genesis_account accounts[SYSTEM_CONTRACT_COUNT + 2 + BYSTANDERS] = {0};
    struct genesis_slot slots[SLOTS];
    size_t count = 0;
    for (size_t i = 0; i < SYSTEM_CONTRACT_COUNT; i++) {
        const struct system_contract *const contract = &genesis_system_contracts[i];
        if (contract->code.len == 0) continue;
        trie_witness_add(&chain->codes, contract->code);
        accounts[count++] = (struct genesis_account
        ){.address = contract->address, .nonce = contract->nonce, .code = contract->code};
    }
    for (size_t i = 0; i < SLOTS; i++) {
        slots[i] = (struct genesis_slot){u256_from_u64(i), u256_from_u64(i + 1)};
    }
    trie_witness_add(&chain->codes, BYTES_OF(worker_code));
    accounts[count++] = (struct genesis_account){.address = chain->sender, .balance = riches};
    accounts[count++] = (struct genesis_account
    ){.address = worker, .code = BYTES_OF(worker_code), .slots = slots, .slot_count = SLOTS};
    for (size_t i = 0; i < BYSTANDERS; i++) {
        accounts[count++] =
            (struct genesis_account){.address = {{0xb0, (uint8_t)i}}, .balance = riches};
    }
    const struct genesis genesis = {
        .config = chain->config,
        .header = {.gas_limit = 30000000, .timestamp = 1},
        .accounts = accounts,
        .account_count = count,
    };
    struct state state;
    struct block block;
    state_init(&state, &chain->arena, &genesis_empty_reader);
    genesis_fill_state(&state, &genesis);
    const struct hash root = root_after(chain, &trie_empty_root, &state);
    genesis_block(&block, &genesis, &root);
    chain->head = block.header;
    chain->headers[0] = header_encode(&chain->arena, &block.header);
}

static struct bytes call_worker(struct chain *chain, struct tx *tx, uint64_t nonce) {
    uint8_t *const input = arena_alloc(&chain->arena, 64, 1);
    struct hash digest;
    struct ecdsa_signature signature;
    input[31] = (uint8_t)(2 * nonce); /* the slot */
    *tx = (struct tx){
        .type = TX_TYPE_DYNAMIC_FEE,
        .is_protected = true,
        .chain_id = chain->config.chain_id,
        .nonce = nonce,
        .gas_limit = 200000,
        .max_fee_per_gas = {{2000000000, 0, 0, 0}},
        .to = worker,
        .data = {input, 64}, /* BLOCKHASH(0): all headers between are needed */
    };
    tx_signing_hash(&chain->arena, &digest, tx);
    assert_int_equal(ecdsa_sign_recoverable(&chain->signer, &signature, &digest, &secret), 0);
    tx->r = signature.r;
    tx->s = signature.s;
    tx->y_parity = signature.recovery_id;
    return tx_encode(&chain->arena, tx);
}

/* What the builder reads: its parent's state through the trie, as a stateless execution would. */
struct plain_reader {
    struct chain *chain;
    struct trie_reader nodes;
};

static bool plain_account(void *ctx, const struct address *address, struct account *out) {
    const struct plain_reader *const reader = ctx;
    struct trie_account account;
    struct hash key;
    bool exists = false;
    keccak256(&key, BYTES_OF(*address));
    assert_int_equal(
        state_trie_account(
            &account, &exists, &reader->nodes, &reader->chain->head.state_root, &key
        ),
        TRIE_VALID
    );
    *out =
        (struct account){account.nonce, account.balance, account.code_hash, account.storage_root};
    return exists;
}

static void plain_storage(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    const struct plain_reader *const reader = ctx;
    struct account account;
    struct hash owner, bytes, key;
    *value = U256_ZERO;
    if (!plain_account(ctx, address, &account)) return;
    keccak256(&owner, BYTES_OF(*address));
    u256_to_be(bytes.bytes, slot);
    keccak256(&key, BYTES_OF(bytes));
    assert_int_equal(
        state_trie_slot(value, &reader->nodes, &owner, &account.storage_root, &key), TRIE_VALID
    );
}

static struct bytes plain_code(void *ctx, const struct hash *hash) {
    const struct plain_reader *const reader = ctx;
    struct bytes code = {NULL, 0};
    (void)!trie_witness_find(&reader->chain->codes, hash, &code);
    return code;
}

static void plain_block_hash(void *ctx, uint64_t number, struct hash *out) {
    const struct plain_reader *const reader = ctx;
    keccak256(out, reader->chain->headers[number]);
}

static void extend(struct chain *chain) {
    struct plain_reader plain = {chain, trie_witness_reader(&chain->nodes)};
    const struct state_reader reader = {
        plain_account, plain_storage, plain_code, plain_block_hash, &plain};
    const struct build_attributes attributes = {
        .timestamp = chain->head.timestamp + 12,
        .fee_recipient = {{0xcc, (uint8_t)chain->head.number}},
        .gas_limit_target = 30000000,
    };
    const uint64_t number = chain->head.number + 1;
    struct block_builder *const builder = ARENA_NEW(&chain->arena, struct block_builder);
    struct block_outcome outcome;
    struct block block;
    build_begin(
        builder, &chain->arena, &chain->vm, &reader, &chain->config, &chain->head, &attributes
    );
    for (uint64_t i = 0; i < 3; i++) {
        struct tx *const tx = ARENA_NEW(&chain->arena, struct tx);
        struct tx_outcome tx_outcome;
        const struct bytes encoded = call_worker(chain, tx, 3 * (number - 1) + i);
        assert_int_equal(build_try_tx(builder, &tx_outcome, tx, encoded, &chain->sender), TX_VALID);
        assert_int_equal(tx_outcome.status, EVM_SUCCESS);
    }
    assert_int_equal(build_finish(builder, &outcome), BLOCK_VALID);
    const struct hash root = root_after(chain, &chain->head.state_root, outcome.state);
    build_seal(builder, &block, &root);
    chain->head = block.header;
    chain->headers[number] = header_encode(&chain->arena, &block.header);
    chain->blocks[number] = block_encode(&chain->arena, &block);
}

static void chain_begin(struct chain *chain) {
    struct ecdsa_public_key key;
    *chain = (struct chain){.config = chain_config_at(31337, FORK_OSAKA)};
    arena_init(&chain->arena, &test_heap);
    trie_witness_init(&chain->nodes, &chain->arena);
    trie_witness_init(&chain->codes, &chain->arena);
    ecdsa_signer_init(&chain->signer, NULL);
    assert_int_equal(ecdsa_public_key_of(&chain->signer, &key, &secret), ECDSA_VALID);
    chain->sender = ecdsa_address(&key);
    chain->vm.evm = evm_create(&test_heap, 0);
    make_genesis(chain);
    for (size_t i = 0; i < BLOCKS; i++) {
        extend(chain);
    }
}

static void chain_end(struct chain *chain) {
    evm_destroy(chain->vm.evm);
    arena_reset(&chain->arena);
}

static struct witness record(struct chain *chain, uint64_t number) {
    const struct stateless_source source = whole_state(chain);
    struct witness witness;
    struct stateless_result result;
    assert_int_equal(
        stateless_record(
            &chain->arena, &witness, &result, &chain->vm, &chain->config, chain->blocks[number],
            &source
        ),
        STATELESS_VALID
    );
    return witness;
}

static enum stateless_verdict verify(
    struct chain *chain, uint64_t number, const struct witness *witness
) {
    const struct arena_mark mark = arena_mark(&chain->arena);
    struct stateless_result result;
    const enum stateless_verdict verdict = stateless_verify(
        &chain->arena, &result, &chain->vm, &chain->config, chain->blocks[number], witness
    );
    arena_rewind(&chain->arena, mark);
    return verdict;
}

TEST(a_block_runs_on_its_witness_as_it_does_on_the_state) {
    struct chain chain;
    chain_begin(&chain);
    for (uint64_t number = 1; number <= BLOCKS; number++) {
        const struct witness witness = record(&chain, number);
        const struct bytes config = witness_encode_config(&chain.arena, &chain.config);
        const struct bytes input = stateless_input(&chain.arena, chain.blocks[number], &witness);
        struct stateless_result result;
        struct header header;
        struct hash hash;
        uint8_t output[STATELESS_OUTPUT_SIZE];
        assert_int_equal(header_decode(&header, chain.headers[number]), BLOCK_VALID);
        assert_int_equal(
            stateless_run(&chain.arena, output, &result, &chain.vm, config, input), STATELESS_VALID
        );
        header_hash(&hash, &header);
        assert_memory_equal(output, &hash, sizeof hash);
        assert_memory_equal(output + 32, &header.state_root, sizeof hash);
        assert_memory_equal(output + 64, &header.receipts_root, sizeof hash);
        assert_int_equal(load_be64(output + 96), header.gas_used);
        keccak256(&hash, config);
        assert_memory_equal(output + 104, &hash, sizeof hash);
        /* Always the parent; for BLOCKHASH(0) down to block 1, which names it. */
        assert_int_equal(witness.headers.count, number == 1 ? 1 : number - 1);
        assert_true(witness.nodes.count < chain.nodes.count / 2);
        assert_true(witness.keys.count > 0);
    }
    chain_end(&chain);
}

TEST(without_any_of_its_parts_a_witness_is_incomplete) {
    struct chain chain;
    chain_begin(&chain);
    struct witness witness = record(&chain, BLOCKS);
    struct witness_list *const lists[] = {&witness.nodes, &witness.codes, &witness.headers};
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        const struct witness_list whole = *lists[i];
        assert_true(whole.count > 0);
        struct bytes *const items = ARENA_ARRAY(&chain.arena, struct bytes, whole.count);
        lists[i]->items = items;
        lists[i]->count = whole.count - 1;
        for (size_t gone = 0; gone < whole.count; gone++) {
            for (size_t k = 0, to = 0; k < whole.count; k++) {
                if (k != gone) items[to++] = whole.items[k];
            }
            assert_int_equal(verify(&chain, BLOCKS, &witness), STATELESS_INCOMPLETE);
        }
        *lists[i] = whole;
    }
    assert_int_equal(verify(&chain, BLOCKS, &witness), STATELESS_VALID);
    chain_end(&chain);
}

TEST(with_any_byte_changed_a_witness_is_refused) {
    struct chain chain;
    chain_begin(&chain);
    const struct witness witness = record(&chain, BLOCKS);
    const struct bytes config = witness_encode_config(&chain.arena, &chain.config);
    const struct bytes block = chain.blocks[BLOCKS];
    const struct bytes input = stateless_input(&chain.arena, block, &witness);
    uint8_t *const bytes = (uint8_t *)(uintptr_t)input.data; /* the arena's, and ours */
    const size_t begin = (size_t)(input.len - witness_encode(&chain.arena, &witness).len);
    struct stateless_result result;
    uint8_t output[STATELESS_OUTPUT_SIZE];
    for (size_t i = 0; i < input.len; i++) {
        /* The block may be another and still valid (who is paid, for one); its header says so. */
        if (i >= begin - block.len && i < begin) continue;
        const uint8_t was = bytes[i];
        const struct arena_mark mark = arena_mark(&chain.arena);
        bytes[i] ^= (uint8_t)(1 << i % 8);
        assert_int_not_equal(
            stateless_run(&chain.arena, output, &result, &chain.vm, config, input), STATELESS_VALID
        );
        bytes[i] = was;
        arena_rewind(&chain.arena, mark);
    }
    assert_int_equal(
        stateless_run(&chain.arena, output, &result, &chain.vm, config, input), STATELESS_VALID
    );
    chain_end(&chain);
}

TEST(a_block_with_another_root_is_invalid) {
    struct chain chain;
    chain_begin(&chain);
    const struct witness witness = record(&chain, 1);
    struct block block;
    enum tx_verdict tx_verdict;
    assert_int_equal(block_decode(&chain.arena, &block, &tx_verdict, chain.blocks[1]), BLOCK_VALID);
    block.header.state_root.bytes[0] ^= 1;
    const struct bytes lie = block_encode(&chain.arena, &block);
    struct stateless_result result;
    assert_int_equal(
        stateless_verify(&chain.arena, &result, &chain.vm, &chain.config, lie, &witness),
        STATELESS_INVALID_BLOCK
    );
    assert_int_equal(result.block, BLOCK_INVALID_STATE_ROOT);
    chain_end(&chain);
}

TEST(the_rules_of_a_network_come_back_from_their_encoding) {
    struct arena arena;
    struct chain_config config = chain_config_at(7, FORK_CANCUN), back;
    arena_init(&arena, &test_heap);
    config.activation[FORK_PRAGUE] = 15000;
    config.blobs[FORK_CANCUN] = (struct blob_params){3, 6, 3338477};
    config.deposit_contract.bytes[3] = 9;
    const struct bytes encoded = witness_encode_config(&arena, &config);
    assert_true(witness_decode_config(&back, encoded));
    assert_bytes_equal(witness_encode_config(&arena, &back), encoded);
    assert_int_equal(back.activation[FORK_PRAGUE], 15000);
    assert_int_equal(back.activation[FORK_OSAKA], FORK_NEVER);
    assert_false(witness_decode_config(&back, bytes_from(encoded.data, encoded.len - 1)));
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(a_block_runs_on_its_witness_as_it_does_on_the_state),
    TEST_CASE(without_any_of_its_parts_a_witness_is_incomplete),
    TEST_CASE(with_any_byte_changed_a_witness_is_refused),
    TEST_CASE(a_block_with_another_root_is_invalid),
    TEST_CASE(the_rules_of_a_network_come_back_from_their_encoding)
)
