/* execute_bench: transactions only: senders known, state in memory, no roots.
 *
 *   execute_bench BENCH.hex [ROUNDS]
 *
 * BENCH.hex is the bench input sol/UniV2Swaps (sol_UniV2Swaps.hex): called once it deploys two ERC-20
 * tokens and a constant-product pair and gives the pair reserves. Then blocks of many senders run on
 * that state: plain transfers, ERC-20 transfers, and swaps, each of which is a transfer to the pair
 * and the swap. Every round runs the same block on the same state, the diff of the block included.
 * Prints the least time of the rounds by processor time, and the gas, so that another program that does
 * the same can be held against it.
 */
#include "chain/execute.h"

#include "chain/genesis.h"
#include "codec/hex.h"
#include "crypto/keccak.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { SENDERS = 2000, ROUNDS = 20, CODE_SIZE_MAX = 1 << 16, CALLDATA_MAX = 4 + 5 * 32 };

#define BLOCK_GAS_LIMIT UINT64_C(10000000000)

/* What a block gave back serves the next one, as in a node that keeps running: new pages from the system
 * would cost more than the transactions. */
enum { KEPT_MAX = 64 };
static struct {
    void *memory;
    size_t size;
} kept[KEPT_MAX];

static void *heap_get(void *ctx, size_t size) {
    (void)ctx;
    for (size_t i = 0; i < KEPT_MAX; i++) {
        void *const memory = kept[i].memory;
        if (memory == NULL || kept[i].size != size) continue;
        kept[i].memory = NULL;
        return memory;
    }
    return malloc(size);
}
static void heap_put(void *ctx, void *memory, size_t size) {
    (void)ctx;
    for (size_t i = 0; i < KEPT_MAX; i++) {
        if (kept[i].memory != NULL) continue;
        kept[i].memory = memory;
        kept[i].size = size;
        return;
    }
    free(memory);
}
static const struct arena_source heap = {heap_get, heap_put, NULL};

struct bench {
    struct arena arena; /* of the world */
    struct state world; /* what the blocks begin with */
    struct chain_config config;
    struct chain_vm vm;
    struct header header;
    struct address deployer, tokens[2], pair;
    struct tx *txs; /* of the block that runs */
    struct address *senders;
    size_t tx_count;
};

/* The world as the blocks' reader. */

static bool read_account(void *ctx, const struct address *address, struct account *out) {
    struct bench *const b = ctx;
    return state_account(&b->world, address, out);
}
static void read_storage(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    struct bench *const b = ctx;
    *value = state_storage(&b->world, address, slot);
}
static struct bytes read_code(void *ctx, const struct hash *code_hash) {
    struct bench *const b = ctx;
    const struct address *const contracts[] = {
        &b->deployer, &b->tokens[0], &b->tokens[1], &b->pair};
    for (size_t i = 0; i < ARRAY_LEN(contracts); i++) {
        const struct hash hash = state_code_hash(&b->world, contracts[i]);
        if (hash_equal(&hash, code_hash)) return state_code(&b->world, contracts[i]);
    }
    return bytes_from(NULL, 0);
}
static void read_block_hash(void *ctx, uint64_t number, struct hash *out) {
    (void)ctx, (void)number;
    *out = (struct hash){{0}};
}

static struct address nth_sender(uint64_t i) {
    struct address address = {{0x5e}};
    store_be64(address.bytes + 12, UINT64_C(0x9e3779b97f4a7c15) * (i + 1));
    return address;
}

/* Another sender, not one that was met just before. */
static struct address recipient_of(uint64_t i) {
    return nth_sender((7919 * i + 1) % SENDERS);
}

/* Where Solidity keeps mapping[key] of the mapping at slot. */
static struct u256 mapping_slot(const struct address *key, uint64_t slot) {
    uint8_t text[64] = {0};
    struct hash hash;
    memcpy(text + 12, key->bytes, sizeof key->bytes);
    store_be64(text + 56, slot);
    keccak256(&hash, BYTES_OF(text));
    return u256_from_be(hash.bytes);
}

/* Calldata: a selector and words. */
static struct bytes calldata(
    struct arena *arena, const char *signature, const struct u256 *words, size_t count
) {
    struct hash hash;
    uint8_t *const data = arena_alloc(arena, CALLDATA_MAX, 1);
    keccak256(&hash, bytes_from(signature, strlen(signature)));
    memcpy(data, hash.bytes, 4);
    for (size_t i = 0; i < count; i++) {
        u256_to_be(data + 4 + 32 * i, &words[i]);
    }
    return bytes_from(data, 4 + 32 * count);
}

static struct tx call(const struct address *to, uint64_t nonce, struct bytes data) {
    return (struct tx){
        .type = TX_TYPE_DYNAMIC_FEE,
        .is_protected = true,
        .chain_id = 1,
        .nonce = nonce,
        .gas_limit = 200000,
        .max_fee_per_gas = {{2000000000, 0, 0, 0}},
        .max_priority_fee_per_gas = {{1000000000, 0, 0, 0}},
        .to = *to,
        .data = data,
    };
}

static void fail(const char *what) {
    (void)fprintf(stderr, "execute_bench: %s\n", what);
    exit(3);
}

/* The deployer's run(0) makes token, token, pair in this order and fills the pair. */
static void make_world(struct bench *b, struct bytes code) {
    static const struct u256 riches = {{0, 1000, 0, 0}}, holding = {{UINT64_MAX, 0, 0, 0}};
    const struct address owner = {{0x0a}};
    struct block_run run;
    struct tx_outcome outcome;
    b->deployer = (struct address){{0xde}};
    for (uint64_t i = 0; i < 3; i++) {
        struct address *const made = i < 2 ? &b->tokens[i] : &b->pair;
        *made = evm_create_address(&b->deployer, i + 1);
    }
    state_init(&b->world, &b->arena, &genesis_empty_reader);
    state_set_code(&b->world, &b->deployer, code);
    state_set_nonce(&b->world, &b->deployer, 1);
    state_set_balance(&b->world, &owner, &riches);
    const struct u256 none = U256_ZERO;
    struct tx tx = call(&b->deployer, 0, calldata(&b->arena, "run(uint256)", &none, 1));
    tx.gas_limit = TX_GAS_CAP;
    block_run_init(&run, &b->arena, &b->world, &b->vm, &b->config, &b->header);
    if (block_run_tx(&run, &outcome, &tx, &owner) != TX_VALID || outcome.status != EVM_SUCCESS) {
        fail("the code given does not deploy: is it sol_UniV2Swaps.hex?");
    }
    for (uint64_t i = 0; i < SENDERS; i++) {
        const struct address sender = nth_sender(i);
        const struct u256 slot = mapping_slot(&sender, 2); /* Token.balanceOf */
        state_set_balance(&b->world, &sender, &riches);
        state_set_storage(&b->world, &b->tokens[0], &slot, &holding);
        state_set_storage(&b->world, &b->tokens[1], &slot, &holding);
    }
    state_commit(&b->world);
}

static void add_tx(struct bench *b, const struct address *sender, struct tx tx) {
    b->senders[b->tx_count] = *sender;
    b->txs[b->tx_count++] = tx;
}

/* The blocks. */

static void plain_transfers(struct bench *b, struct arena *arena) {
    (void)arena;
    for (uint64_t i = 0; i < SENDERS; i++) {
        const struct address from = nth_sender(i), to = recipient_of(i);
        struct tx tx = call(&to, 0, bytes_from(NULL, 0));
        tx.value = u256_from_u64(1000 + i);
        add_tx(b, &from, tx);
    }
}

static struct tx token_transfer(
    struct arena *arena,
    const struct address *token,
    uint64_t nonce,
    const struct address *to,
    const struct u256 *amount
) {
    const struct u256 words[2] = {u256_from_address(to), *amount};
    return call(token, nonce, calldata(arena, "transfer(address,uint256)", words, 2));
}

static void token_transfers(struct bench *b, struct arena *arena) {
    for (uint64_t i = 0; i < SENDERS; i++) {
        const struct address from = nth_sender(i), to = recipient_of(i);
        const struct u256 amount = u256_from_u64(1000 + i);
        add_tx(b, &from, token_transfer(arena, &b->tokens[0], 0, &to, &amount));
    }
}

static struct u256 times(const struct u256 *a, const struct u256 *b) {
    struct u256 product;
    u256_mul_wrapping(&product, a, b);
    return product;
}

/* Back and forth between the tokens; what comes out is the constant product less 0.3 %. */
static void swaps(struct bench *b, struct arena *arena) {
    const struct u256 f997 = u256_from_u64(997), f1000 = u256_from_u64(1000);
    const struct u256 e18 = u256_from_u64(UINT64_C(1000000000000000000));
    const struct u256 million = u256_from_u64(1000000), two_million = u256_from_u64(2000000);
    struct u256 reserves[2] = {times(&e18, &million), times(&e18, &two_million)};
    for (uint64_t i = 0; i < SENDERS; i++) {
        const struct address from = nth_sender(i);
        const size_t in = i % 2, out = 1 - in;
        const struct u256 amount = u256_from_u64(UINT64_C(1000000000000000) + i * 7919);
        const struct u256 fee_paid = times(&amount, &f997);
        struct u256 top = times(&fee_paid, &reserves[out]), bottom = times(&reserves[in], &f1000);
        (void)u256_add_wrapping(&bottom, &bottom, &fee_paid);
        struct u256 words[3] = {U256_ZERO, U256_ZERO, u256_from_address(&from)};
        u256_div(&words[out], &top, &bottom);
        (void)u256_add_wrapping(&reserves[in], &reserves[in], &amount);
        (void)u256_sub_wrapping(&reserves[out], &reserves[out], &words[out]);
        add_tx(b, &from, token_transfer(arena, &b->tokens[in], 0, &b->pair, &amount));
        add_tx(
            b, &from, call(&b->pair, 1, calldata(arena, "swap(uint256,uint256,address)", words, 3))
        );
    }
}

static double now_us(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* One block on the world; answers its gas. */
static uint64_t run_block(struct bench *b, const struct state_reader *reader, struct arena *arena) {
    struct state *const state = ARENA_NEW(arena, struct state);
    struct block_run run;
    struct tx_outcome outcome;
    state_init(state, arena, reader);
    block_run_init(&run, arena, state, &b->vm, &b->config, &b->header);
    for (size_t i = 0; i < b->tx_count; i++) {
        const enum tx_verdict verdict = block_run_tx(&run, &outcome, &b->txs[i], &b->senders[i]);
        if (verdict != TX_VALID || outcome.status != EVM_SUCCESS) fail("a transaction failed");
    }
    const struct state_diff diff = state_diff(arena, state);
    if (diff.count < SENDERS) fail("a block changed too little");
    return run.gas_used;
}

static void measure(
    struct bench *b,
    const char *name,
    void (*make)(struct bench *b, struct arena *arena),
    int rounds
) {
    const struct state_reader reader = {read_account, read_storage, read_code, read_block_hash, b};
    struct arena arena;
    uint64_t gas = 0;
    double best = 0;
    arena_init(&arena, &heap);
    b->tx_count = 0;
    make(b, &arena);
    for (int round = 0; round < rounds; round++) {
        struct arena of_block;
        arena_init(&of_block, &heap);
        const double begin = now_us();
        gas = run_block(b, &reader, &of_block);
        const double time = now_us() - begin;
        arena_reset(&of_block);
        if (round == 0 || time < best) best = time;
    }
    printf(
        "%-16s %5zu transactions, %8.0f gas each: %7.3f us each, %6.0f Mgas/s\n", name, b->tx_count,
        (double)gas / (double)b->tx_count, best / (double)b->tx_count, (double)gas / best
    );
    arena_reset(&arena);
}

static struct bytes read_hex(struct arena *arena, const char *path) {
    FILE *const file = fopen(path, "rb");
    if (file == NULL) fail("cannot read the file of code");
    char *const text = arena_alloc(arena, 2 * CODE_SIZE_MAX, 1);
    size_t len = fread(text, 1, 2 * CODE_SIZE_MAX, file);
    (void)fclose(file);
    while (len > 0 && text[len - 1] == '\n') {
        len--;
    }
    uint8_t *const code = arena_alloc(arena, CODE_SIZE_MAX, 1);
    size_t size;
    if (hex_decode_bare(code, CODE_SIZE_MAX, &size, bytes_from(text, len)) != HEX_VALID) {
        fail("the file of code is not hex");
    }
    return bytes_from(code, size);
}

int main(int argc, char **argv) {
    static struct bench b;
    if (argc < 2) {
        (void)fprintf(stderr, "usage: execute_bench BENCH.hex [ROUNDS]\n");
        return 2;
    }
    const int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : ROUNDS;
    arena_init(&b.arena, &heap);
    b.config = chain_config_at(1, FORK_CANCUN);
    b.vm.evm = evm_create(&heap, 64 << 20);
    b.header = (struct header){
        .number = 1,
        .timestamp = 1000,
        .gas_limit = BLOCK_GAS_LIMIT,
        .fee_recipient = {{0xfe}},
        .base_fee_per_gas = {{1000000000, 0, 0, 0}},
    };
    b.txs = ARENA_ARRAY(&b.arena, struct tx, 2 * SENDERS);
    b.senders = ARENA_ARRAY(&b.arena, struct address, 2 * SENDERS);
    make_world(&b, read_hex(&b.arena, argv[1]));
    measure(&b, "plain transfers", plain_transfers, rounds);
    measure(&b, "token transfers", token_transfers, rounds);
    measure(&b, "swaps", swaps, rounds);
    evm_destroy(b.vm.evm);
    arena_reset(&b.arena);
    for (size_t i = 0; i < KEPT_MAX; i++) {
        free(kept[i].memory);
    }
    return 0;
}
