/* Random blocks full of conflicts, on several threads and one after the other: the same in every bit. */
#include "world/parallel.h"

#include "base/test.h"
#include "chain/speculation.h"
#include "crypto/keccak.h"
#include "evm/opcodes.h"

enum { ACCOUNTS = 10, CONTRACTS = 10, TXS_MAX = 40, BLOCKS = 400, DATA_SIZE = 64 };

#define RICHES    UINT64_C(2000000000000000)
#define GAS_LIMIT UINT64_C(3000000)

/* Each takes an address and a word as call data; ADDRESS is the first, WORD the second. */
#define ADDRESS OP_PUSH1, 0, OP_CALLDATALOAD
#define WORD    OP_PUSH1, 32, OP_CALLDATALOAD
#define ZERO    OP_PUSH1, 0
/* clang-format off */
static const uint8_t counter[] = { /* slot 0 += word */
    ZERO, OP_SLOAD, WORD, OP_ADD, ZERO, OP_SSTORE};
static const uint8_t mapping[] = { /* slot[address] = word, logged */
    WORD, ADDRESS, OP_SSTORE, WORD, ZERO, OP_MSTORE, ADDRESS, OP_PUSH1, 32, ZERO, OP_LOG1};
static const uint8_t looker[] = { /* slot[word] = balance of address + slot[word + 1] */
    ADDRESS, OP_BALANCE, OP_PUSH1, 1, WORD, OP_ADD, OP_SLOAD, OP_ADD, WORD, OP_SSTORE};
static const uint8_t miner_looker[] = { /* slot 0 = balance of the fee recipient */
    OP_COINBASE, OP_BALANCE, ZERO, OP_SSTORE};
static const uint8_t payer[] = { /* sends word to address */
    ZERO, ZERO, ZERO, ZERO, WORD, ADDRESS, OP_GAS, OP_CALL, WORD, OP_SSTORE};
static const uint8_t quitter[] = { /* leaves all to address */
    ADDRESS, OP_SELFDESTRUCT};
static const uint8_t creator[] = { /* runs call data as initcode, salt 0 */
    OP_CALLDATASIZE, ZERO, ZERO, OP_CALLDATACOPY,
    ZERO, OP_CALLDATASIZE, ZERO, ZERO, OP_CREATE2, ZERO, OP_SSTORE};
static const uint8_t reverter[] = { /* writes, and undoes it */
    WORD, ZERO, OP_SSTORE, ZERO, ZERO, OP_REVERT};
static const uint8_t burner[] = { /* loops until its gas is gone; slot 0 = 1 by then */
    OP_PUSH1, 1, ZERO, OP_SSTORE, OP_JUMPDEST, OP_PUSH1, 5, OP_JUMP};
static const uint8_t maker[] = { /* makes an empty account at an address of its nonce, logs where */
    ZERO, ZERO, ZERO, OP_CREATE, ZERO, OP_MSTORE, OP_PUSH1, 32, ZERO, OP_LOG0};
/* What creator makes, and what stood there before: with value it destroys itself, else slot 3 += 1. */
#define PHOENIX                                                                       \
    OP_CALLVALUE, OP_PUSH1, 14, OP_JUMPI, OP_PUSH1, 3, OP_SLOAD, OP_PUSH1, 1, OP_ADD, \
    OP_PUSH1, 3, OP_SSTORE, OP_STOP, OP_JUMPDEST, OP_CALLER, OP_SELFDESTRUCT
static const uint8_t old_phoenix[] = {PHOENIX, OP_STOP}; /* the new one has another hash */
enum { PHOENIX_SIZE = sizeof old_phoenix - 1 };
static const uint8_t initcode[] = {
    OP_PUSH1, PHOENIX_SIZE, OP_PUSH1, 12, ZERO, OP_CODECOPY,
    OP_PUSH1, PHOENIX_SIZE, ZERO, OP_RETURN, PHOENIX};
/* clang-format on */

#define CODE_OF(name) \
    { name, sizeof name }
static const struct bytes codes[CONTRACTS] = {
    CODE_OF(counter), CODE_OF(mapping), CODE_OF(looker),   CODE_OF(miner_looker), CODE_OF(payer),
    CODE_OF(quitter), CODE_OF(creator), CODE_OF(reverter), CODE_OF(burner),       CODE_OF(maker),
};

static const struct address miner = {{0xee}};

static struct address nth_account(uint64_t i) {
    return (struct address){{0xac, [19] = (uint8_t)i}};
}

static struct address nth_contract(uint64_t i) {
    return (struct address){{0xc0, [19] = (uint8_t)i}};
}

/* The account that the creator makes. */
static struct address created(void) {
    const struct address creator_address = nth_contract(6);
    struct hash hash;
    keccak256(&hash, BYTES_OF(initcode));
    return evm_create2_address(&creator_address, &U256_ZERO, &hash);
}

/* What there was before the block. Asked by several threads at once. */

static bool read_account(void *ctx, const struct address *address, struct account *out) {
    (void)ctx;
    const uint8_t i = address->bytes[19];
    const struct address account = nth_account(i);
    const struct address contract = nth_contract(i);
    struct account found = {
        .balance = u256_from_u64(RICHES),
        .code_hash = keccak256_of_empty,
        .storage_root = state_empty_root,
    };
    const struct address child = created();
    if (address_equal(address, &child)) {
        found.nonce = 1;
        found.storage_root = (struct hash){{0}};
        keccak256(&found.code_hash, BYTES_OF(old_phoenix));
    } else if (address_equal(address, &contract) && i < CONTRACTS) {
        found.nonce = 1;
        found.storage_root = (struct hash){{0}};
        keccak256(&found.code_hash, codes[i]);
    } else if (!address_equal(address, &account) || i >= ACCOUNTS) {
        return false;
    }
    *out = found;
    return true;
}

static void read_storage(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    (void)ctx;
    const struct address child = created();
    const bool is_contract = address->bytes[0] == 0xc0 || address_equal(address, &child);
    *value = u256_from_u64(is_contract && slot->limb[0] % 3 == 0 ? slot->limb[0] + 7 : 0);
}

static struct bytes read_code(void *ctx, const struct hash *code_hash) {
    (void)ctx;
    struct hash hash;
    keccak256(&hash, BYTES_OF(old_phoenix));
    if (hash_equal(&hash, code_hash)) return BYTES_OF(old_phoenix);
    for (size_t i = 0; i < CONTRACTS; i++) {
        keccak256(&hash, codes[i]);
        if (hash_equal(&hash, code_hash)) return codes[i];
    }
    return bytes_from(NULL, 0);
}

static void read_block_hash(void *ctx, uint64_t number, struct hash *out) {
    (void)ctx;
    *out = (struct hash){{(uint8_t)number}};
}

static const struct state_reader reader = {
    read_account, read_storage, read_code, read_block_hash, NULL};

/* A block. */

struct sample {
    uint64_t random;
    struct chain_config config;
    struct header header;
    struct tx txs[TXS_MAX];
    uint8_t data[TXS_MAX][DATA_SIZE];
    struct address senders[TXS_MAX];
    struct block block;
};

static uint64_t below(struct sample *sample, uint64_t limit) {
    sample->random = sample->random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (sample->random >> 33) % limit;
}

static struct address some_address(struct sample *sample) {
    switch (below(sample, 8)) {
    case 0: return nth_contract(below(sample, CONTRACTS));
    case 1: return (struct address){{0xdd, [19] = (uint8_t)below(sample, 3)}}; /* nobody's yet */
    case 2:
        return below(sample, 4) == 0 ? sample->header.fee_recipient : (struct address){{[19] = 3}};
    default: return nth_account(below(sample, ACCOUNTS));
    }
}

static void make_tx(struct sample *sample, size_t i, uint64_t nonces[ACCOUNTS]) {
    struct tx *const tx = &sample->txs[i];
    uint8_t *const data = sample->data[i];
    const uint64_t from = below(sample, below(sample, 2) == 0 ? ACCOUNTS : 3);
    const struct address about = some_address(sample);
    memset(data, 0, DATA_SIZE);
    memcpy(data + 12, about.bytes, sizeof about.bytes);
    data[DATA_SIZE - 1] = (uint8_t)below(sample, 5);
    sample->senders[i] = nth_account(from);
    *tx = (struct tx){
        .type = TX_TYPE_LEGACY,
        .is_protected = true,
        .chain_id = 1,
        .nonce = nonces[from]++,
        .gas_limit = 30000 + below(sample, 150000),
        .max_fee_per_gas = {{1000 + below(sample, 3), 0, 0, 0}},
        .to = some_address(sample),
        .data = {data, DATA_SIZE},
    };
    tx->max_priority_fee_per_gas = tx->max_fee_per_gas;
    if (below(sample, 3) != 0) tx->to = nth_contract(below(sample, CONTRACTS));
    if (below(sample, 3) == 0) tx->value = u256_from_u64(below(sample, 1000));
    if (below(sample, 8) == 0) tx->value = u256_from_u64(below(sample, RICHES));
    if (below(sample, 12) == 0) tx->is_create = true;
    if (below(sample, 10) == 0) tx->to = created();
    if (below(sample, 10) == 0) tx->to = nth_contract(6);
    if (tx->is_create || below(sample, 2) == 0) tx->data = bytes_from(initcode, sizeof initcode);
    /* Faults, so that blocks end early. */
    if (below(sample, 400) == 0) tx->nonce += below(sample, 2) == 0 ? 1 : UINT64_MAX;
    if (below(sample, 400) == 0) tx->gas_limit = 20000;
}

static void make_sample(struct sample *sample, uint64_t seed) {
    static const enum fork forks[] = {FORK_FRONTIER, FORK_HOMESTEAD, FORK_BYZANTIUM, FORK_ISTANBUL,
                                      FORK_BERLIN,   FORK_SHANGHAI,  FORK_CANCUN,    FORK_OSAKA};
    uint64_t nonces[ACCOUNTS] = {0};
    sample->random = seed;
    sample->config = chain_config_at(1, forks[below(sample, ARRAY_LEN(forks))]);
    sample->header = (struct header){
        .number = 1,
        .timestamp = 10,
        .gas_limit = below(sample, 4) == 0 ? GAS_LIMIT / 3 : 3 * GAS_LIMIT,
        .fee_recipient = below(sample, 4) == 0 ? nth_account(1) : miner,
        .base_fee_per_gas = {{1000, 0, 0, 0}},
    };
    if (below(sample, 6) == 0) sample->header.fee_recipient = nth_contract(5); /* quitter */
    const size_t count = 1 + below(sample, TXS_MAX);
    for (size_t i = 0; i < count; i++) {
        make_tx(sample, i, nonces);
    }
    sample->block = (struct block){.header = sample->header, .txs = sample->txs, .tx_count = count};
}

/* What a run came to. */
struct came {
    enum tx_verdict verdict;
    size_t index;
    uint64_t gas_used;
    struct hash receipts_root;
    struct bloom bloom;
    struct state_diff diff;
};

static struct came run_sample(
    struct arena *arena,
    const struct chain_vm *vm,
    const struct sample *sample,
    const struct chain_runner *runner
) {
    struct came came;
    struct state *const state = ARENA_NEW(arena, struct state);
    struct block_run run;
    const struct block_input input = {
        .config = &sample->config, .block = &sample->block, .senders = sample->senders};
    state_init(state, arena, &reader);
    block_run_init(&run, arena, state, vm, &sample->config, &sample->header);
    came.verdict = runner == NULL ? block_run_txs(&run, &input, &came.index)
                                  : runner->run_txs(runner->ctx, &run, &input, &came.index);
    came.gas_used = run.gas_used;
    came.bloom = run.logs_bloom;
    receipts_root(arena, &came.receipts_root, run.receipts, run.receipt_count);
    came.diff = state_diff(arena, state);
    return came;
}

static void assert_same_account(
    const struct state_account_diff *a, const struct state_account_diff *b
) {
    assert_bytes_equal(BYTES_OF(a->address), BYTES_OF(b->address));
    assert_int_equal(a->existed_before, b->existed_before);
    assert_int_equal(a->exists_after, b->exists_after);
    assert_int_equal(a->code_changed, b->code_changed);
    assert_int_equal(a->storage_wiped, b->storage_wiped);
    assert_memory_equal(&a->before, &b->before, sizeof a->before);
    assert_memory_equal(&a->after, &b->after, sizeof a->after);
    assert_bytes_equal(a->code, b->code);
    assert_int_equal(a->slot_count, b->slot_count);
    for (size_t i = 0; i < a->slot_count; i++) {
        assert_memory_equal(&a->slots[i], &b->slots[i], sizeof a->slots[i]);
    }
}

static void assert_same(const struct came *a, const struct came *b) {
    assert_int_equal(a->verdict, b->verdict);
    assert_int_equal(a->index, b->index);
    assert_int_equal(a->gas_used, b->gas_used);
    assert_bytes_equal(BYTES_OF(a->receipts_root), BYTES_OF(b->receipts_root));
    assert_bytes_equal(BYTES_OF(a->bloom), BYTES_OF(b->bloom));
    assert_int_equal(a->diff.count, b->diff.count);
    for (size_t i = 0; i < a->diff.count; i++) {
        assert_same_account(&a->diff.accounts[i], &b->diff.accounts[i]);
    }
}

/* Without threads: every transaction is run on the state before the block first. */
static enum tx_verdict run_all_ahead(
    void *ctx, struct block_run *run, const struct block_input *input, size_t *index
) {
    size_t *const repeated = ctx;
    const size_t count = input->block->tx_count;
    const struct speculation_block block = {*run, input, NULL};
    struct speculation *const all = ARENA_ARRAY(run->arena, struct speculation, count);
    struct arena arena;
    arena_init(&arena, &test_heap);
    for (size_t i = 0; i < count; i++) {
        speculation_run(&all[i], &arena, run->vm, &block, (struct speculation_room){0, 0}, i);
    }
    enum tx_verdict verdict = TX_VALID;
    for (*index = 0; *index < count; ++*index) {
        struct speculation *const one = &all[*index];
        if (!speculation_holds(one)) {
            const struct speculation_room room = {run->gas_used, run->blob_gas_used};
            ++*repeated;
            speculation_run(one, &arena, run->vm, &block, room, *index);
        }
        verdict = one->verdict;
        if (verdict == TX_VALID) {
            verdict = speculation_commit(one, run, &input->block->txs[*index]);
        }
        if (verdict != TX_VALID) break;
    }
    arena_reset(&arena);
    return verdict;
}

TEST(blocks_come_out_the_same_where_all_run_ahead) {
    struct arena arena;
    const struct chain_vm vm = {.evm = evm_create(&test_heap, 1 << 20)};
    size_t repeated = 0;
    const struct chain_runner runner = {run_all_ahead, &repeated};
    struct sample *const sample = malloc(sizeof *sample);
    assert_non_null(sample);
    arena_init(&arena, &test_heap);
    for (uint64_t i = 0; i < 4 * BLOCKS; i++) {
        make_sample(sample, i);
        const struct came serial = run_sample(&arena, &vm, sample, NULL);
        const struct came ahead = run_sample(&arena, &vm, sample, &runner);
        assert_same(&serial, &ahead);
        arena_reset(&arena);
    }
    assert_true(repeated > BLOCKS);
    evm_destroy(vm.evm);
    free(sample);
    arena_reset(&arena);
}

static void call(struct sample *sample, uint64_t contract, uint64_t about, uint64_t wei) {
    const size_t i = sample->block.tx_count++;
    const struct address address = nth_contract(about);
    memcpy(sample->data[i] + 12, address.bytes, sizeof address.bytes);
    sample->data[i][DATA_SIZE - 1] = (uint8_t)(3 * i);
    sample->senders[i] = nth_account(i);
    sample->txs[i] = (struct tx){
        .is_protected = true,
        .chain_id = 1,
        .gas_limit = 200000,
        .max_fee_per_gas = {{1000, 0, 0, 0}},
        .max_priority_fee_per_gas = {{1000, 0, 0, 0}},
        .to = nth_contract(contract),
        .value = {{wei, 0, 0, 0}},
        .data = {sample->data[i], DATA_SIZE},
    };
}

TEST(who_pays_a_contract_disturbs_only_who_looks_at_its_balance) {
    struct arena arena;
    const struct chain_vm vm = {.evm = evm_create(&test_heap, 0)};
    size_t repeated = 0;
    const struct chain_runner runner = {run_all_ahead, &repeated};
    struct sample *const sample = calloc(1, sizeof *sample);
    assert_non_null(sample);
    arena_init(&arena, &test_heap);
    sample->config = chain_config_at(1, FORK_OSAKA);
    sample->header = (struct header){.gas_limit = GAS_LIMIT, .fee_recipient = miner};
    sample->block.txs = sample->txs;
    call(sample, 1, 1, 5); /* mapping: pays it */
    call(sample, 1, 2, 0); /* writes another slot of it */
    call(sample, 1, 3, 0);
    call(sample, 2, 3, 0); /* looker: at another's balance */
    struct came serial = run_sample(&arena, &vm, sample, NULL);
    struct came ahead = run_sample(&arena, &vm, sample, &runner);
    assert_same(&serial, &ahead);
    assert_int_equal(ahead.verdict, TX_VALID);
    assert_int_equal(repeated, 0);
    call(sample, 2, 1, 0); /* at its balance */
    serial = run_sample(&arena, &vm, sample, NULL);
    ahead = run_sample(&arena, &vm, sample, &runner);
    assert_same(&serial, &ahead);
    assert_int_equal(repeated, 1);
    evm_destroy(vm.evm);
    free(sample);
    arena_reset(&arena);
}

TEST(blocks_come_out_as_if_run_one_transaction_after_the_other) {
    static const size_t threads[] = {1, 2, 4, 7};
    struct arena arena;
    const struct chain_vm vm = {.evm = evm_create(&test_heap, 1 << 20)};
    size_t refused = 0;
    arena_init(&arena, &test_heap);
    struct sample *const sample = malloc(sizeof *sample);
    assert_non_null(sample);
    for (size_t t = 0; t < ARRAY_LEN(threads); t++) {
        struct workers *const workers = workers_create(threads[t] - 1);
        struct parallel *const parallel = parallel_create(workers, 1 << 20, EVM_ENGINE_AUTO);
        const struct chain_runner runner = parallel_runner(parallel);
        for (uint64_t i = 0; i < BLOCKS; i++) {
            make_sample(sample, i);
            const struct came serial = run_sample(&arena, &vm, sample, NULL);
            const struct came apart = run_sample(&arena, &vm, sample, &runner);
            assert_same(&serial, &apart);
            refused += serial.verdict != TX_VALID;
            arena_reset(&arena);
        }
        const struct parallel_counts counts = parallel_counts(parallel);
        print_message(
            "%zu threads: %llu transactions, %llu of them again\n", threads[t],
            (unsigned long long)counts.txs, (unsigned long long)counts.repeated
        );
        assert_true(counts.txs > BLOCKS);
        assert_true(counts.repeated > 0);
        parallel_destroy(parallel);
        workers_destroy(workers);
    }
    print_message("%zu blocks refused\n", refused);
    assert_true(refused > 0 && refused < BLOCKS * ARRAY_LEN(threads));
    evm_destroy(vm.evm);
    free(sample);
    arena_reset(&arena);
}

/* Transfers between strangers have nothing in common but the fee recipient. */
TEST(transactions_of_strangers_run_once) {
    struct arena arena;
    const struct chain_vm vm = {.evm = evm_create(&test_heap, 0)};
    arena_init(&arena, &test_heap);
    struct sample *const sample = calloc(1, sizeof *sample);
    assert_non_null(sample);
    struct workers *const workers = workers_create(2);
    struct parallel *const parallel = parallel_create(workers, 0, EVM_ENGINE_AUTO);
    const struct chain_runner runner = parallel_runner(parallel);
    sample->config = chain_config_at(1, FORK_OSAKA);
    sample->header = (struct header){.gas_limit = GAS_LIMIT, .fee_recipient = miner};
    for (size_t i = 0; i < ACCOUNTS / 2; i++) {
        sample->senders[i] = nth_account(2 * i);
        sample->txs[i] = (struct tx){
            .is_protected = true,
            .chain_id = 1,
            .gas_limit = 21000,
            .max_fee_per_gas = {{1000, 0, 0, 0}},
            .max_priority_fee_per_gas = {{1000, 0, 0, 0}},
            .to = nth_account(2 * i + 1),
            .value = U256_ONE,
        };
    }
    sample->block =
        (struct block){.header = sample->header, .txs = sample->txs, .tx_count = ACCOUNTS / 2};
    const struct came serial = run_sample(&arena, &vm, sample, NULL);
    const struct came apart = run_sample(&arena, &vm, sample, &runner);
    assert_same(&serial, &apart);
    assert_int_equal(apart.verdict, TX_VALID);
    assert_int_equal(parallel_counts(parallel).txs, ACCOUNTS / 2);
    assert_int_equal(parallel_counts(parallel).repeated, 0);
    parallel_destroy(parallel);
    workers_destroy(workers);
    evm_destroy(vm.evm);
    free(sample);
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(blocks_come_out_the_same_where_all_run_ahead),
    TEST_CASE(who_pays_a_contract_disturbs_only_who_looks_at_its_balance),
    TEST_CASE(blocks_come_out_as_if_run_one_transaction_after_the_other),
    TEST_CASE(transactions_of_strangers_run_once)
)
