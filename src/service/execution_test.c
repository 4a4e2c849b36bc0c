/* Blocks as bytes through new_payload and forkchoice: what is refused, what becomes the head, and what
 * a change of the head does to the pool and to those who follow. */
#include "base/test.h"
#include "service/testing.h"

#include <sys/resource.h>

#include <signal.h>

static struct test_world world;
static const struct engine *engine;

static const struct address coinbases[] = {{{0xc1}}, {{0xc2}}, {{0xc3}}, {{0xc4}}, {{0xc5}},
                                           {{0xc6}}, {{0xc7}}, {{0xc8}}, {{0xc9}}};

static struct engine_payload build(const struct bytes *transactions, size_t count, size_t variant) {
    return test_build(&world, transactions, count, &coinbases[variant]);
}

static struct engine_payload_status judge(struct bytes block) {
    struct engine_payload_status status;
    assert_ok(engine->new_payload(engine->ctx, &status, block));
    return status;
}

static enum engine_verdict choose(const struct hash *head) {
    const struct engine_forkchoice forkchoice = {.head = *head};
    enum engine_verdict verdict;
    assert_ok(engine->forkchoice(engine->ctx, &verdict, &forkchoice));
    return verdict;
}

static bool head_is(const struct hash *hash) {
    struct store_view *view;
    struct store_mark mark;
    struct engine_place place;
    assert_ok(store_view_open(&view, world.node->store));
    assert_ok(store_head(view, &mark));
    store_view_close(view);
    assert_ok(engine->head(engine->ctx, &place));
    assert_memory_equal(&mark.hash, &place.hash, 32);
    assert_memory_equal(&mark.hash, execution_head_hash(world.node->execution), 32);
    assert_int_equal(coprocessor_book(world.node->coprocessor)->number, place.number);
    return hash_equal(&mark.hash, hash);
}

static bool is_pooled(struct bytes transaction) {
    struct hash hash;
    tx_hash_of(&hash, transaction);
    return pool_find(world.node->pool, &hash) != NULL;
}

static struct block decode(struct bytes encoded) {
    struct block block;
    enum tx_verdict ignored;
    assert_int_equal(block_decode(&world.arena, &block, &ignored, encoded), BLOCK_VALID);
    return block;
}

static struct engine_payload append(const struct bytes *transactions, size_t count) {
    const struct engine_payload payload = build(transactions, count, 0);
    assert_int_equal(payload.first_transaction_count, count);
    assert_int_equal(test_import(&world, payload.block), IMPORT_VALID);
    assert_true(head_is(&payload.hash));
    return payload;
}

/* ---- refused ---- */

TEST(bytes_that_are_no_block_are_refused) {
    const struct bytes transaction = test_transfer(&world, 0, 0);
    const struct engine_payload good = build(&transaction, 1, 0);
    assert_int_equal(judge(good.block).verdict, ENGINE_VALID);
    uint8_t *bad = arena_alloc(&world.arena, good.block.len + 1, 1);
    for (size_t len = 0; len < good.block.len; len++) {
        assert_int_not_equal(judge(bytes_slice(good.block, 0, len)).verdict, ENGINE_VALID);
    }
    memcpy(bad, good.block.data, good.block.len);
    bad[good.block.len] = 0;
    assert_int_equal(judge(bytes_from(bad, good.block.len + 1)).verdict, ENGINE_INVALID);
    /* None of them took the good one's place. */
    assert_int_equal(choose(&good.hash), ENGINE_VALID);
    assert_true(head_is(&good.hash));
}

/* Some fields are free (the time, the fee recipient): then it is another block. */
TEST(a_block_with_another_bit_is_another_block) {
    const struct bytes transaction = test_transfer(&world, 0, 0);
    const struct engine_payload good = build(&transaction, 1, 0);
    uint8_t *bad = arena_alloc(&world.arena, good.block.len, 1);
    size_t valid = 0;
    memcpy(bad, good.block.data, good.block.len);
    for (size_t i = 0; i < 8 * good.block.len; i++) {
        bad[i / 8] ^= (uint8_t)(1 << i % 8);
        const struct engine_payload_status status = judge(bytes_from(bad, good.block.len));
        if (status.verdict == ENGINE_VALID) {
            assert_false(hash_equal(&status.hash, &good.hash));
            valid++;
        }
        bad[i / 8] ^= (uint8_t)(1 << i % 8);
    }
    assert_true(valid < good.block.len * 2);
    assert_int_equal(test_head(&world), 0);
}

TEST(a_child_of_nobody_waits_for_its_parent) {
    struct block block = decode(build(NULL, 0, 0).block);
    block.header.parent_hash.bytes[3] ^= 1;
    const struct bytes encoded = block_encode(&world.arena, &block);
    assert_int_equal(judge(encoded).verdict, ENGINE_SYNCING);
    assert_int_equal(test_import(&world, encoded), IMPORT_UNKNOWN_PARENT);
    struct hash hash;
    header_hash(&hash, &block.header);
    assert_int_equal(choose(&hash), ENGINE_SYNCING);
}

TEST(a_wrong_state_root_is_refused) {
    const struct bytes transaction = test_transfer(&world, 0, 0);
    struct block block = decode(build(&transaction, 1, 0).block);
    block.header.state_root.bytes[31] ^= 1;
    const struct engine_payload_status status = judge(block_encode(&world.arena, &block));
    assert_int_equal(status.verdict, ENGINE_INVALID);
    assert_non_null(strstr(status.reason, "state root"));
}

TEST(a_transaction_twice_is_refused) {
    const struct bytes transaction = test_transfer(&world, 0, 0);
    struct block block = decode(build(&transaction, 1, 0).block);
    const struct tx txs[] = {block.txs[0], block.txs[0]};
    const struct bytes encoded[] = {block.encoded_txs[0], block.encoded_txs[0]};
    block.txs = txs;
    block.encoded_txs = encoded;
    block.tx_count = 2;
    block_transactions_root(&world.arena, &block.header.transactions_root, encoded, 2);
    const struct engine_payload_status status = judge(block_encode(&world.arena, &block));
    assert_int_equal(status.verdict, ENGINE_INVALID);
    assert_non_null(strstr(status.reason, "nonce too low"));
}

TEST(a_refused_candidate_never_becomes_the_head) {
    const struct engine_payload payload = build(NULL, 0, 0);
    assert_int_equal(judge(payload.block).verdict, ENGINE_VALID);
    engine->forget(engine->ctx, &payload.hash);
    assert_int_equal(choose(&payload.hash), ENGINE_SYNCING);
    assert_int_equal(judge(payload.block).verdict, ENGINE_VALID);
    assert_int_equal(choose(&payload.hash), ENGINE_VALID);
}

TEST(a_transaction_without_a_signature_needs_leave) {
    struct tx tx = test_call(&coinbases[0], 0, 1, BYTES_LITERAL(""));
    tx.r = u256_from_address(&test_account(&world, 3)->address);
    const struct bytes transaction = tx_encode(&world.arena, &tx);
    struct pool_outcome outcome;
    assert_ok(execution_submit_as(
        world.node->execution, &outcome, &test_account(&world, 3)->address, transaction
    ));
    assert_string_equal(outcome.message, "");
    struct engine_attributes attributes;
    struct engine_payload payload;
    assert_ok(solo_attributes(world.node->solo, &world.arena, &attributes));
    assert_ok(engine->build(engine->ctx, &world.arena, &payload, &attributes));
    assert_int_equal(payload.transaction_count, 1);

    struct execution *strict;
    struct pool *pool = pool_create(&test_heap, NULL);
    const struct execution_options options = {
        .store = world.node->store,
        .pool = pool,
        .config = &world.node->chain.genesis.config,
        .clock = &real_clock,
        .source = &test_heap,
        .gas_limit = DEV_GAS_LIMIT,
    };
    assert_ok(execution_create(&strict, &options));
    struct engine_payload_status status;
    const struct engine *strict_engine = execution_engine(strict);
    assert_ok(strict_engine->new_payload(strict_engine->ctx, &status, payload.block));
    assert_int_equal(status.verdict, ENGINE_INVALID);
    execution_destroy(strict);
    pool_destroy(pool);

    assert_int_equal(test_import(&world, payload.block), IMPORT_VALID);
    /* Its way back into the pool is without a signature, too. */
    assert_int_equal(choose(&world.node->genesis), ENGINE_VALID);
    assert_true(is_pooled(transaction));
}

/* ---- the head ---- */

TEST(a_block_that_is_known_is_not_judged_again) {
    const struct engine_payload one = append(NULL, 0);
    const struct engine_payload two = append(NULL, 0);
    for (int i = 0; i < 2 * EXECUTION_CANDIDATES_MAX; i++) {
        assert_int_equal(judge(one.block).verdict, ENGINE_VALID);
    }
    assert_true(head_is(&two.hash));
    assert_int_equal(choose(&one.hash), ENGINE_VALID);
    assert_true(head_is(&one.hash));
    assert_int_equal(judge(two.block).verdict, ENGINE_VALID);
    assert_int_equal(judge(two.block).verdict, ENGINE_VALID);
    assert_int_equal(choose(&two.hash), ENGINE_VALID);
    assert_true(head_is(&two.hash));
}

TEST(the_oldest_candidate_makes_room) {
    struct engine_payload payloads[EXECUTION_CANDIDATES_MAX + 1];
    for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
        payloads[i] = build(NULL, 0, i);
    }
    for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
        assert_int_equal(judge(payloads[i].block).verdict, ENGINE_VALID);
    }
    assert_int_equal(choose(&payloads[0].hash), ENGINE_SYNCING);
    for (size_t i = 1; i < ARRAY_LEN(payloads); i++) {
        assert_int_equal(choose(&payloads[i].hash), ENGINE_VALID);
        assert_true(head_is(&payloads[i].hash));
    }
}

TEST(a_reorganisation_goes_to_another_branch_and_back) {
    const struct bytes sent[] = {
        test_transfer(&world, 0, 0), test_transfer(&world, 0, 1), test_transfer(&world, 1, 0)};
    const struct engine_payload other = build(&sent[2], 1, 1);
    assert_int_equal(judge(other.block).verdict, ENGINE_VALID);
    const struct engine_payload one = append(&sent[0], 1);
    const struct engine_payload two = append(&sent[1], 1);
    assert_false(is_pooled(sent[0]));

    assert_int_equal(choose(&other.hash), ENGINE_VALID);
    assert_true(head_is(&other.hash));
    assert_int_equal(test_next_nonce(&world, 1), 1);
    assert_true(is_pooled(sent[0]));
    assert_true(is_pooled(sent[1]));
    assert_false(is_pooled(sent[2]));
    assert_int_equal(choose(&one.hash), ENGINE_SYNCING); /* it is to be handed in again */

    assert_int_equal(test_import(&world, two.block), IMPORT_UNKNOWN_PARENT);
    assert_int_equal(test_import(&world, one.block), IMPORT_VALID);
    assert_int_equal(test_import(&world, two.block), IMPORT_VALID);
    assert_true(head_is(&two.hash));
    assert_false(is_pooled(sent[0]));
    assert_true(is_pooled(sent[2]));
    struct hash hash;
    assert_ok(engine->canonical(engine->ctx, &hash, 1));
    assert_memory_equal(&hash, &one.hash, 32);

    struct store_view *view;
    struct hash root;
    assert_ok(store_view_open(&view, world.node->store));
    assert_ok(store_compute_root(view, &world.arena, &root));
    store_view_close(view);
    assert_memory_equal(&root, &execution_head(world.node->execution)->state_root, 32);
}

TEST(a_step_back_gives_transactions_back_to_the_pool) {
    const struct bytes sent[] = {test_transfer(&world, 0, 0), test_transfer(&world, 0, 1)};
    (void)append(sent, 2);
    assert_int_equal(choose(&world.node->genesis), ENGINE_VALID);
    assert_true(is_pooled(sent[0]));
    assert_true(is_pooled(sent[1]));
    assert_ok(solo_propose(world.node->solo));
    assert_false(is_pooled(sent[0]));
    assert_int_equal(test_next_nonce(&world, 0), 2);
}

static void give_balance(void *ctx, struct state *state) {
    const struct u256 balance = u256_from_u64(77);
    state_set_balance(state, ctx, &balance);
}

TEST(what_was_judged_before_an_edit_is_judged_again) {
    struct address address = {{0x66}};
    const struct engine_payload before = build(NULL, 0, 0);
    assert_int_equal(judge(before.block).verdict, ENGINE_VALID);
    assert_ok(execution_edit_state(world.node->execution, give_balance, &address));
    assert_int_equal(choose(&before.hash), ENGINE_SYNCING);
    assert_int_equal(judge(before.block).verdict, ENGINE_INVALID);
    (void)append(NULL, 0);
}

/* ---- a disk that is full ---- */

TEST(a_full_disk_stops_the_node_and_leaves_the_chain_whole) {
    char path[64];
    struct test_world other;
    struct node_options options = test_options();
    struct rlimit before;
    test_make_directory(path);
    options.data_dir = path;
    options.interval_ms = 1;
    test_open(&other, &options);
    for (int i = 0; i < 5; i++) {
        assert_ok(solo_propose(other.node->solo));
    }
    const uint64_t head = test_head(&other);
    struct rpc_submitted submitted;
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    const struct rlimit full = {.rlim_cur = 8192, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &full), 0);
    for (int i = 0; i < 1000 && !failed(other.node->failure); i++) {
        (void)uv_run(&other.loop, UV_RUN_ONCE);
    }
    assert_true(failed(other.node->failure));
    const struct bytes raw = test_transfer(&other, 0, 0);
    assert_true(
        failed(other.node->backend->submit(other.node->backend->ctx, &other.arena, &submitted, raw))
    );
    test_close(&other);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);

    options.interval_ms = 0;
    test_open(&other, &options);
    assert_true(test_head(&other) >= head);
    struct store_view *view;
    struct hash root;
    assert_ok(store_view_open(&view, other.node->store));
    assert_ok(store_compute_root(view, &other.arena, &root));
    store_view_close(view);
    assert_memory_equal(&root, &execution_head(other.node->execution)->state_root, 32);
    assert_ok(solo_propose(other.node->solo));
    test_close(&other);
    test_remove_directory(path);
}

static int set_up(void **state) {
    (void)test_set_up(state);
    engine = execution_engine(world.node->execution);
    return 0;
}

#define NODE_CASE(name) \
    cmocka_unit_test_prestate_setup_teardown(name, set_up, test_tear_down, &world)

int main(void) {
    const struct CMUnitTest tests[] = {
        NODE_CASE(bytes_that_are_no_block_are_refused),
        NODE_CASE(a_block_with_another_bit_is_another_block),
        NODE_CASE(a_child_of_nobody_waits_for_its_parent),
        NODE_CASE(a_wrong_state_root_is_refused),
        NODE_CASE(a_transaction_twice_is_refused),
        NODE_CASE(a_refused_candidate_never_becomes_the_head),
        NODE_CASE(a_transaction_without_a_signature_needs_leave),
        NODE_CASE(a_block_that_is_known_is_not_judged_again),
        NODE_CASE(the_oldest_candidate_makes_room),
        NODE_CASE(a_reorganisation_goes_to_another_branch_and_back),
        NODE_CASE(a_step_back_gives_transactions_back_to_the_pool),
        NODE_CASE(what_was_judged_before_an_edit_is_judged_again),
        TEST_CASE(a_full_disk_stops_the_node_and_leaves_the_chain_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
