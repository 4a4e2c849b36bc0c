/* Blocks that workers prepare are judged as those that nobody prepares: the same verdicts, reasons, hashes
 * and state, with any number of workers and however the blocks were announced. */
#include "base/test.h"
#include "service/testing.h"
#include "world/heap.h"

enum {
    ACCOUNTS = 10, /* of a development chain */
    TRANSACTIONS = 30,
    GOOD = 6,   /* blocks, one on the other */
    ROOM = 12,  /* blocks that are handed in, good and bad */
    MIDDLE = 14 /* the transaction that a bad block has spoiled */
};

static struct test_world world;
static struct bytes blocks[ROOM];
static size_t block_count;

/* ---- blocks ---- */

/* The block with other transactions, where everything else of it that can be right is. */
static struct bytes with_spoiled(struct bytes encoded, const struct u256 *r, const struct u256 *s) {
    struct block block;
    enum tx_verdict ignored;
    struct tx txs[TRANSACTIONS];
    struct bytes encoded_txs[TRANSACTIONS];
    assert_int_equal(block_decode(&world.arena, &block, &ignored, encoded), BLOCK_VALID);
    assert_int_equal(block.tx_count, TRANSACTIONS);
    memcpy(txs, block.txs, sizeof txs);
    memcpy(encoded_txs, block.encoded_txs, sizeof encoded_txs);
    txs[MIDDLE].r = *r;
    txs[MIDDLE].s = *s;
    encoded_txs[MIDDLE] = tx_encode(&world.arena, &txs[MIDDLE]);
    block.txs = txs;
    block.encoded_txs = encoded_txs;
    block_transactions_root(
        &world.arena, &block.header.transactions_root, encoded_txs, TRANSACTIONS
    );
    return block_encode(&world.arena, &block);
}

static void hand_in(struct bytes block) {
    assert_true(block_count < ROOM);
    blocks[block_count++] = block;
}

/* Good blocks, and before the third of them all kinds of bad ones. */
static void make_blocks(void) {
    static const struct address coinbase = {{0xc1}};
    const struct u256 no_point = u256_from_u64(5); /* no point of the curve has this x */
    for (size_t i = 0; i < GOOD; i++) {
        struct bytes transactions[TRANSACTIONS];
        for (size_t j = 0; j < TRANSACTIONS; j++) {
            transactions[j] =
                test_transfer(&world, j % ACCOUNTS, i * (TRANSACTIONS / ACCOUNTS) + j / ACCOUNTS);
        }
        const struct engine_payload payload =
            test_build(&world, transactions, TRANSACTIONS, &coinbase);
        assert_int_equal(payload.transaction_count, TRANSACTIONS);
        if (i == 2) {
            hand_in(with_spoiled(payload.block, &no_point, &U256_ONE));
            hand_in(with_spoiled(payload.block, &U256_ONE, &U256_ZERO)); /* impersonates 0x…01 */
            hand_in(with_spoiled(payload.block, &ecdsa_order, &U256_ONE));
            hand_in(bytes_slice(payload.block, 0, payload.block.len - 1));
            hand_in(payload.block); /* and once more, below */
        }
        hand_in(payload.block);
        assert_int_equal(test_import(&world, payload.block), IMPORT_VALID);
    }
}

/* ---- one way to import them ---- */

enum announcing { IN_ORDER, BACKWARDS, THE_WRONG_ONES, ANNOUNCINGS };

struct results {
    struct import_outcome outcomes[ROOM];
    struct hash head, root;
};

/* Announces those that come after block i, or others. */
static void announce(struct execution *execution, enum announcing announcing, size_t i) {
    uint8_t junk[64] = {0xf8, (uint8_t)i};
    for (size_t j = 1; j <= 3; j++) {
        const size_t ahead = announcing == IN_ORDER ? i + j : i + 4 - j;
        const struct bytes block = announcing == THE_WRONG_ONES ? BYTES_OF(junk)
            : ahead < block_count                               ? blocks[ahead]
                                                                : blocks[0];
        (void)execution_expect(execution, block); /* it may have enough to do */
    }
}

static void import_all(struct results *results, size_t workers, enum announcing announcing) {
    struct execution *execution;
    struct pool *pool = pool_create(&heap_source, NULL);
    const struct execution_options options = {
        .store = world.node->store,
        .pool = pool,
        .config = &world.node->chain.genesis.config,
        .clock = &real_clock,
        .source = &heap_source,
        .gas_limit = DEV_GAS_LIMIT,
        .allow_impersonation = true,
        .worker_count = workers,
    };
    assert_ok(store_rollback(world.node->store, 0, STORE_FORGET_BLOCKS));
    assert_ok(execution_create(&execution, &options));
    struct importer importer = {.engine = execution_engine(execution), .source = &heap_source};
    memset(results, 0, sizeof *results);
    for (size_t i = 0; i < block_count; i++) {
        announce(execution, announcing, i);
        assert_ok(importer_import(&importer, &results->outcomes[i], blocks[i]));
    }
    results->head = *execution_head_hash(execution);
    announce(execution, announcing, 0); /* what nobody takes is in nobody's way at the end */
    execution_destroy(execution);
    pool_destroy(pool);

    struct store_view *view;
    assert_ok(store_view_open(&view, world.node->store));
    assert_ok(store_compute_root(view, &world.arena, &results->root));
    store_view_close(view);
}

/* ---- the tests ---- */

static void assert_same(const struct results *results, const struct results *alone) {
    for (size_t i = 0; i < block_count; i++) {
        const struct import_outcome *one = &results->outcomes[i];
        const struct import_outcome *other = &alone->outcomes[i];
        assert_int_equal(one->verdict, other->verdict);
        assert_string_equal(one->reason, other->reason);
        assert_memory_equal(&one->hash, &other->hash, sizeof one->hash);
        assert_int_equal(one->number, other->number);
    }
    assert_memory_equal(&results->head, &alone->head, sizeof alone->head);
    assert_memory_equal(&results->root, &alone->root, sizeof alone->root);
}

TEST(workers_change_nothing_but_the_time) {
    static struct results alone;
    static struct results helped;
    make_blocks();
    const struct hash head = *execution_head_hash(world.node->execution);
    const struct hash root = execution_head(world.node->execution)->state_root;
    import_all(&alone, 0, IN_ORDER);
    assert_memory_equal(&alone.head, &head, sizeof head);
    assert_memory_equal(&alone.root, &root, sizeof root);
    size_t valid = 0;
    for (size_t i = 0; i < block_count; i++) {
        valid += alone.outcomes[i].verdict == IMPORT_VALID;
    }
    assert_int_equal(valid, GOOD + 1);
    static const enum tx_verdict spoiled[] = {
        TX_EC_RECOVERY_FAIL, TX_NONCE_MISMATCH_TOO_HIGH, TX_INVALID_SIGNATURE_VRS};
    for (size_t i = 0; i < ARRAY_LEN(spoiled); i++) {
        assert_non_null(strstr(alone.outcomes[2 + i].reason, "transaction 14: "));
        assert_non_null(strstr(alone.outcomes[2 + i].reason, tx_verdict_name(spoiled[i])));
    }
    for (size_t workers = 1; workers <= 3; workers++) {
        for (enum announcing announcing = IN_ORDER; announcing < ANNOUNCINGS; announcing++) {
            import_all(&helped, workers, announcing);
            assert_same(&helped, &alone);
        }
    }
    assert_ok(store_rollback(world.node->store, 0, STORE_FORGET_BLOCKS));
}

TEST(without_workers_nothing_is_expected) {
    assert_true(world.node->options.worker_count == 1);
    assert_false(execution_expect(world.node->execution, BYTES_LITERAL("\xc0")));
}

static int set_up(void **state) {
    *state = &world;
    struct node_options options = test_options();
    options.worker_count = 1;
    test_open(&world, &options);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_CASE(workers_change_nothing_but_the_time),
        TEST_CASE(without_workers_nothing_is_expected),
    };
    return cmocka_run_group_tests(tests, set_up, test_tear_down);
}
