/* testing: a node in memory behind the namespaces: a store, a pool, blocks on demand, no service.
 *
 * For the programs that test the namespaces. Account 0 of the usual mnemonic is unlocked and rich;
 * two small contracts stand at test_recorder and test_reverter.
 */
#ifndef RPC_TESTING_H
#define RPC_TESTING_H

#include "chain/build.h"
#include "chain/genesis.h"
#include "chain/state_root.h"
#include "rpc/dispatch.h"
#include "rpc/eth_parts.h"
#include "world/heap.h"

#include <stdio.h>
#include <stdlib.h>

enum { TEST_CHAIN_ID = 31337, TEST_GAS_LIMIT = 30000000, TEST_ACCOUNTS_MAX = 8 };

#define TEST_SENDER "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"

static const struct rpc_account test_account = {
    {{0xf3, 0x9f, 0xd6, 0xe5, 0x1a, 0xad, 0x88, 0xf6, 0xf4, 0xce,
      0x6a, 0xb8, 0x82, 0x72, 0x79, 0xcf, 0xff, 0xb9, 0x22, 0x66}},
    {0xac, 0x09, 0x74, 0xbe, 0xc3, 0x9a, 0x17, 0xe3, 0x6b, 0xa4, 0xa6,
     0xb4, 0xd2, 0x38, 0xff, 0x94, 0x4b, 0xac, 0xb4, 0x78, 0xcb, 0xed,
     0x5e, 0xfc, 0xae, 0x78, 0x4d, 0x7b, 0xf4, 0xf2, 0xff, 0x80},
};

/* Stores the first word of its input in slot 0, logs it with itself as topic, and answers it. */
#define TEST_RECORDER "0x000000000000000000000000000000000000aa01"
/* Reverts with its input. */
#define TEST_REVERTER "0x000000000000000000000000000000000000aa02"

static const uint8_t test_recorder_code[] = {
    0x5f, 0x35, 0x5f, 0x55,             /* sstore(0, word) */
    0x5f, 0x35, 0x5f, 0x52,             /* mstore(0, word) */
    0x5f, 0x35, 0x60, 0x20, 0x5f, 0xa1, /* log1(0, 32, word) */
    0x60, 0x20, 0x5f, 0xf3,             /* return(0, 32) */
};
static const uint8_t test_reverter_code[] = {
    0x36, 0x5f, 0x5f, 0x37, /* calldatacopy(0, 0, calldatasize) */
    0x36, 0x5f, 0xfd,       /* revert(0, calldatasize) */
};

struct test_node {
    struct chain_config config;
    struct store *store;
    struct pool *pool;
    struct evm *evm;
    struct chain_vm vm;
    struct arena arena; /* of one block in the making */
    struct header head;
    struct hash head_hash;
    struct rpc_backend backend;
    struct rpc_eth *eth;
    struct rpc_dispatcher *dispatcher;
    struct json_writer writer;
    uint64_t time;
};

static inline void test_ok(struct status status) {
    if (failed(status)) fail_msg("%s", status.context);
}

static inline void test_heads(void *ctx, struct rpc_heads *out) {
    const struct test_node *node = ctx;
    const struct rpc_block_id head = {node->head.number, node->head_hash};
    *out = (struct rpc_heads){.latest = head, .safe = head, .has_safe = true};
}

/* What the pool judges by; view outlives it. */
static inline void test_pool_head(
    struct test_node *node,
    struct pool_head *out,
    struct state_reader *reader,
    struct store_view *view,
    struct arena *arena
) {
    test_ok(store_state(view, arena, reader, node->head.number));
    *out = (struct pool_head){
        .rules = chain_rules_at(&node->config, node->head.number + 1, node->head.timestamp + 1),
        .base_fee = header_next_base_fee(&node->head),
        .blob_base_fee = U256_ONE,
        .gas_limit = node->head.gas_limit,
        .reader = reader,
    };
}

static inline struct status test_submit(
    void *ctx, struct arena *arena, struct rpc_submitted *out, struct bytes raw
) {
    struct test_node *node = ctx;
    struct store_view *view;
    struct state_reader reader;
    struct pool_head head;
    struct pool_outcome outcome;
    test_ok(store_view_open(&view, node->store));
    test_pool_head(node, &head, &reader, view, arena);
    pool_add(node->pool, &outcome, &head, raw, true, node->time);
    store_view_close(view);
    *out = (struct rpc_submitted){.hash = outcome.hash};
    if (outcome.verdict != POOL_ADDED) {
        char *text = arena_alloc(arena, sizeof outcome.message, 1);
        memcpy(text, outcome.message, sizeof outcome.message);
        out->refusal = text;
        return status_ok;
    }
    rpc_eth_transaction(node->eth, pool_find(node->pool, &outcome.hash));
    return status_ok;
}

static inline struct status test_pending(void *ctx, struct arena *arena, struct rpc_pending *out) {
    (void)ctx;
    (void)arena;
    (void)out;
    return status_make(STATUS_UNAVAILABLE, 0, "no pending block here");
}

/* Appends block, whose transactions ran into state. */
static inline void test_append(
    struct test_node *node,
    struct block *block,
    const struct receipt *receipts,
    const struct trie_reader *trie,
    const struct hash *old_root,
    struct state *state,
    void (*seal)(struct test_node *node, struct block *block, const struct hash *root, void *ctx),
    void *ctx
) {
    const struct state_diff diff = state_diff(&node->arena, state);
    struct trie_writes writes = {0};
    struct hash root;
    struct trie_account_change *changes = chain_trie_changes(&node->arena, &diff);
    assert_int_equal(
        state_trie_update(&node->arena, &writes, &root, trie, old_root, changes, diff.count),
        TRIE_VALID
    );
    seal(node, block, &root, ctx);
    struct hash *tx_hashes = ARENA_ARRAY(&node->arena, struct hash, block->tx_count);
    for (size_t i = 0; i < block->tx_count; i++) {
        tx_hash_of(&tx_hashes[i], block->encoded_txs[i]);
    }
    struct store_block stored = {
        .mark = {.number = block->header.number, .state_root = root},
        .parent_hash = block->header.parent_hash,
        .header = header_encode(&node->arena, &block->header),
        .body = block_encode_body(&node->arena, block),
        .receipts = receipts_encode_stored(&node->arena, receipts, block->tx_count),
        .tx_hashes = tx_hashes,
        .tx_count = block->tx_count,
    };
    header_hash(&stored.mark.hash, &block->header);
    if (node->store == NULL) {
        const struct store_options options = {
            .genesis_hash = stored.mark.hash, .chain_config = BYTES_LITERAL("{}")};
        struct store_opening opening;
        test_ok(store_open(&node->store, &opening, &options));
    }
    const struct store_change change = {&diff, writes.items, writes.count, changes};
    test_ok(store_append(node->store, &stored, &change));
    node->head = block->header;
    node->head_hash = stored.mark.hash;
}

static inline void test_seal_genesis(
    struct test_node *node, struct block *block, const struct hash *root, void *ctx
) {
    (void)node;
    genesis_block(block, ctx, root);
}

static inline void test_seal(
    struct test_node *node, struct block *block, const struct hash *root, void *ctx
) {
    (void)node;
    build_seal(ctx, block, root);
}

static inline void test_write_genesis(struct test_node *node) {
    struct genesis_account accounts[TEST_ACCOUNTS_MAX] = {
        {.address = test_account.address, .balance = {{0, 1000, 0, 0}}},
        {.address = {{[18] = 0xaa, [19] = 1}}, .code = BYTES_OF(test_recorder_code), .nonce = 1},
        {.address = {{[18] = 0xaa, [19] = 2}}, .code = BYTES_OF(test_reverter_code), .nonce = 1},
    };
    size_t count = 3;
    for (size_t i = 0; i < SYSTEM_DEPOSIT; i++) {
        accounts[count++] = (struct genesis_account){
            .address = genesis_system_contracts[i].address,
            .code = genesis_system_contracts[i].code,
            .nonce = genesis_system_contracts[i].nonce,
        };
    }
    struct genesis genesis = {
        .config = node->config,
        .header = {.gas_limit = TEST_GAS_LIMIT, .timestamp = node->time},
        .accounts = accounts,
        .account_count = count,
    };
    const struct trie_reader trie = {.node = NULL};
    struct state *state = ARENA_NEW(&node->arena, struct state);
    struct block block;
    state_init(state, &node->arena, &genesis_empty_reader);
    genesis_fill_state(state, &genesis);
    test_append(node, &block, NULL, &trie, &state_empty_root, state, test_seal_genesis, &genesis);
    arena_reset(&node->arena);
}

/* Makes a block of what the pool has. */
static inline void test_mine(struct test_node *node) {
    struct store_view *view;
    struct state_reader reader;
    struct trie_reader trie;
    struct pool_head pool_head;
    struct store_mark mark;
    struct block_outcome outcome;
    struct block block;
    struct block_builder *builder = ARENA_NEW(&node->arena, struct block_builder);
    test_ok(store_view_open(&view, node->store));
    test_ok(store_head(view, &mark));
    test_pool_head(node, &pool_head, &reader, view, &node->arena);
    test_ok(store_trie(view, &node->arena, &trie, node->head.number));
    const struct build_attributes attributes = {
        .timestamp = ++node->time, .gas_limit_target = TEST_GAS_LIMIT};
    build_begin(builder, &node->arena, &node->vm, &reader, &node->config, &node->head, &attributes);
    struct pool_best *best = pool_best(node->pool, &node->arena, &pool_head);
    for (const struct pool_entry *entry; (entry = pool_best_next(best)) != NULL;) {
        struct tx_outcome ran;
        assert_int_equal(
            build_try_tx(builder, &ran, &entry->tx, entry->encoded, &entry->sender), TX_VALID
        );
    }
    assert_int_equal(build_finish(builder, &outcome), BLOCK_VALID);
    block.tx_count = 0;
    /* The view stays open while the store is written: its snapshot is what the trie is read from. */
    test_append(
        node, &block, outcome.receipts, &trie, &mark.state_root, outcome.state, test_seal, builder
    );
    store_view_close(view);
    arena_reset(&node->arena);

    test_ok(store_view_open(&view, node->store));
    test_pool_head(node, &pool_head, &reader, view, &node->arena);
    pool_reset(node->pool, &pool_head, node->time);
    store_view_close(view);
    arena_reset(&node->arena);
    rpc_eth_head(node->eth, node->head.number, &node->head, &node->head_hash);
}

static inline struct test_node *test_node_open(void) {
    struct test_node *node = calloc(1, sizeof *node);
    assert_non_null(node);
    node->config = chain_config_at(TEST_CHAIN_ID, FORK_OSAKA);
    node->time = 1700000000;
    arena_init(&node->arena, &heap_source);
    node->evm = evm_create(&heap_source, 1 << 20);
    node->vm = (struct chain_vm){.evm = node->evm};
    node->pool = pool_create(&heap_source, NULL);
    test_write_genesis(node);
    node->backend = (struct rpc_backend){
        .ctx = node,
        .store = node->store,
        .pool = node->pool,
        .config = &node->config,
        .chain_id = TEST_CHAIN_ID,
        .network_id = TEST_CHAIN_ID,
        .client_version = "Infinity/test",
        .accounts = &test_account,
        .account_count = 1,
        .heads = test_heads,
        .submit = test_submit,
        .pending = test_pending,
    };
    node->eth = rpc_eth_create(&node->backend, NULL, NULL);
    struct rpc_table tables[RPC_ETH_TABLES_MAX];
    const struct rpc_dispatcher_options options = {
        .tables = tables, .table_count = rpc_eth_tables(node->eth, tables)};
    node->dispatcher = rpc_dispatcher_create(&options);
    rpc_eth_set_dispatcher(node->eth, node->dispatcher);
    json_writer_init(&node->writer, RPC_ANSWER_SIZE_MAX);
    return node;
}

static inline void test_node_close(struct test_node *node) {
    rpc_dispatcher_destroy(node->dispatcher);
    rpc_eth_destroy(node->eth);
    pool_destroy(node->pool);
    store_close(node->store);
    evm_destroy(node->evm);
    arena_reset(&node->arena);
    json_writer_free(&node->writer);
    free(node);
}

/* The answer to method(params) from its result or error on: `"result":…}`. Good until the next. */
static inline const char *test_call(
    struct test_node *node, const char *method, const char *params
) {
    static const char front[] = "{\"jsonrpc\":\"2.0\",\"id\":1,";
    static char request[1 << 16];
    const int len = snprintf(
        request, sizeof request, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"%s\",\"params\":%s}",
        method, params
    );
    assert_true(len > 0 && (size_t)len < sizeof request);
    json_writer_reset(&node->writer, 1 << 20);
    assert_true(
        rpc_dispatch(node->dispatcher, &node->writer, bytes_from(request, (size_t)len), NULL)
    );
    json_write_raw(&node->writer, bytes_from("\0", 1));
    char *text = (char *)node->writer.data;
    text[node->writer.len - 2] = '\0'; /* the comma that json_write_raw put */
    assert_memory_equal(text, front, sizeof front - 1);
    return text + sizeof front - 1;
}

#endif
