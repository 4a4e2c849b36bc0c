/* What JSON-RPC's development methods do to a node: snapshots over everything that they can change,
 * limits of what they take, and who may be impersonated. */
#include "base/test.h"
#include "codec/rlp.h"
#include "service/testing.h"

enum { ACCOUNTS = 5, SLOTS = 4, ROUNDS = 200, SNAPSHOTS = 64 };

static struct test_world world;
static const struct rpc_backend *backend;
static uint64_t seed;

static uint64_t draw(uint64_t below) {
    return test_draw(&seed, below);
}

/* Accounts that nothing but the test changes. */
struct model {
    struct {
        uint64_t balance, nonce;
        uint8_t code; /* 0: none */
        uint64_t slots[SLOTS];
    } accounts[ACCOUNTS];
};

/* Everything else, as it can be asked for. */
struct observed {
    struct hash head, root, computed_root, pool;
    size_t pooled;
    struct solo_settings solo;
    struct execution_settings execution;
    struct address coinbase;
    uint64_t book;
};

struct snapshot {
    uint64_t id;
    struct model model;
    struct observed observed;
};

static struct address address_of(size_t i) {
    return (struct address){{0xac, [19] = (uint8_t)(1 + i)}};
}

static struct bytes code_of(uint8_t code) {
    uint8_t *text = arena_alloc(&world.arena, 3, 1);
    text[0] = 0x60;
    text[1] = code;
    return bytes_from(text, code == 0 ? 0 : 3);
}

/* ---- looking ---- */

static void check_model(const struct model *model) {
    struct pool_head head;
    assert_ok(execution_pool_head(world.node->execution, &head));
    const struct state_reader *reader = head.reader;
    for (size_t i = 0; i < ACCOUNTS; i++) {
        const struct address address = address_of(i);
        struct account account = {.nonce = 0};
        const bool exists = reader->account(reader->ctx, &address, &account);
        const struct u256 balance = u256_from_u64(model->accounts[i].balance);
        const struct bytes code = code_of(model->accounts[i].code);
        assert_true(u256_equal(&account.balance, &balance));
        assert_int_equal(account.nonce, model->accounts[i].nonce);
        if (exists && code.len > 0) {
            assert_bytes_equal(reader->code(reader->ctx, &account.code_hash), code);
        }
        for (size_t k = 0; k < SLOTS; k++) {
            const struct u256 slot = u256_from_u64(k);
            const struct u256 expected = u256_from_u64(model->accounts[i].slots[k]);
            struct u256 value;
            reader->storage(reader->ctx, &address, &slot, &value);
            assert_true(u256_equal(&value, &expected));
        }
    }
}

static struct observed observe(void) {
    const struct node *node = world.node;
    struct observed out = {
        .head = *execution_head_hash(node->execution),
        .solo = *solo_settings(node->solo),
        .execution = execution_settings(node->execution),
        .coinbase = backend->coinbase,
        .book = coprocessor_book(node->coprocessor)->number,
    };
    struct store_view *view;
    struct store_mark mark;
    assert_ok(store_view_open(&view, node->store));
    assert_ok(store_head(view, &mark));
    assert_ok(store_compute_root(view, &world.arena, &out.computed_root));
    store_view_close(view);
    assert_memory_equal(&mark.hash, &out.head, 32);
    out.root = mark.state_root;
    const struct pool_entry **entries = pool_entries(node->pool, &world.arena, &out.pooled);
    struct hash *hashes = ARENA_ARRAY(&world.arena, struct hash, 2 * out.pooled + 1);
    for (size_t i = 0; i < out.pooled; i++) {
        hashes[2 * i] = entries[i]->hash;
        memcpy(hashes[2 * i + 1].bytes, entries[i]->sender.bytes, 20);
        hashes[2 * i + 1].bytes[31] = entries[i]->pending;
    }
    keccak256(&out.pool, bytes_from(hashes, 2 * out.pooled * sizeof *hashes));
    return out;
}

static void check_observed(const struct observed *now, const struct observed *then) {
    assert_memory_equal(&now->root, &now->computed_root, 32);
    assert_memory_equal(&now->head, &then->head, 32);
    assert_memory_equal(&now->root, &then->root, 32);
    assert_int_equal(now->pooled, then->pooled);
    assert_memory_equal(&now->pool, &then->pool, 32);
    assert_memory_equal(&now->coinbase, &then->coinbase, 20);
    assert_int_equal(now->book, then->book);
    assert_int_equal(now->solo.automine, then->solo.automine);
    assert_int_equal(now->solo.interval_ms, then->solo.interval_ms);
    assert_int_equal(now->solo.time_offset_s, then->solo.time_offset_s);
    assert_int_equal(now->solo.has_next_timestamp, then->solo.has_next_timestamp);
    assert_int_equal(now->solo.next_timestamp, then->solo.next_timestamp);
    assert_int_equal(now->solo.timestamp_interval_s, then->solo.timestamp_interval_s);
    assert_int_equal(now->solo.has_next_prevrandao, then->solo.has_next_prevrandao);
    assert_memory_equal(&now->solo.coinbase, &then->solo.coinbase, 20);
    assert_int_equal(now->execution.gas_limit, then->execution.gas_limit);
    assert_int_equal(now->execution.gas_limit_is_exact, then->execution.gas_limit_is_exact);
    assert_int_equal(now->execution.has_next_base_fee, then->execution.has_next_base_fee);
    if (then->execution.has_next_base_fee) {
        assert_true(u256_equal(&now->execution.next_base_fee, &then->execution.next_base_fee));
    }
}

/* ---- changing ---- */

static void change_account(struct model *model) {
    const size_t i = draw(ACCOUNTS);
    const struct address address = address_of(i);
    const struct u256 balance = u256_from_u64(draw(3) == 0 ? 0 : draw(1000000));
    const uint64_t nonce = draw(5);
    const uint8_t code_byte = (uint8_t)draw(4);
    const struct bytes code = code_of(code_byte);
    struct rpc_account_change change = {.balance = NULL};
    const char *refusal;
    if (draw(2) == 0) {
        change.balance = &balance;
        model->accounts[i].balance = balance.limb[0];
    }
    if (draw(3) == 0) {
        change.nonce = &nonce;
        model->accounts[i].nonce = nonce;
    }
    if (draw(3) == 0) {
        change.code = &code;
        model->accounts[i].code = code_byte;
    }
    assert_true(backend->set_account(backend->ctx, &address, &change, &refusal));
}

static void change_slot(struct model *model) {
    const size_t i = draw(ACCOUNTS);
    const size_t k = draw(SLOTS);
    const struct address address = address_of(i);
    struct hash slot = {{0}}, value = {{0}};
    const char *refusal;
    slot.bytes[31] = (uint8_t)k;
    model->accounts[i].slots[k] = draw(3) == 0 ? 0 : draw(UINT32_MAX);
    store_be64(value.bytes + 24, model->accounts[i].slots[k]);
    assert_true(backend->set_storage(backend->ctx, &address, &slot, &value, &refusal));
}

static bool set(enum rpc_setting setting, uint64_t value) {
    const char *refusal = NULL;
    const bool taken = backend->set(backend->ctx, setting, value, &refusal);
    assert_int_equal(taken, refusal == NULL);
    return taken;
}

static void change_setting(void) {
    const uint64_t time = execution_head(world.node->execution)->timestamp;
    const struct address coinbase = address_of(200 + draw(3));
    const struct hash randao = {{(uint8_t)draw(256)}};
    switch (draw(7)) {
    case 0: assert_true(set(RPC_NEXT_TIMESTAMP, time + 1 + draw(100))); return;
    case 1: assert_true(set(RPC_TIME_OFFSET, draw(1000))); return;
    case 2: assert_true(set(RPC_TIMESTAMP_INTERVAL, draw(10))); return;
    case 3: assert_true(set(RPC_NEXT_BASE_FEE, 900000000 + draw(100000000))); return;
    case 4: assert_true(set(RPC_GAS_LIMIT, 20000000 + draw(10000000))); return;
    case 5: backend->set_coinbase(backend->ctx, &coinbase); return;
    default: backend->set_prevrandao(backend->ctx, &randao); return;
    }
}

static struct bytes unsigned_transfer(uint64_t nonce) {
    struct rlp_writer writer = rlp_writer_in(&world.arena, 256);
    static const struct address to = {{0x71}};
    const size_t list = rlp_list_begin(&writer);
    rlp_write_u64(&writer, nonce);
    rlp_write_u64(&writer, 10000000000);
    rlp_write_u64(&writer, 30000);
    rlp_write_address(&writer, &to);
    rlp_write_u64(&writer, 5);
    rlp_write_bytes(&writer, BYTES_LITERAL(""));
    rlp_write_u64(&writer, DEV_CHAIN_ID);
    rlp_write_u64(&writer, 0);
    rlp_write_u64(&writer, 0);
    rlp_list_end(&writer, list);
    return rlp_written(&writer);
}

static void send_one(void) {
    struct rpc_submitted submitted;
    const size_t from = draw(4);
    const uint64_t gap = draw(5) == 0;
    const uint64_t nonce = test_next_nonce(&world, from) + gap;
    if (draw(3) == 0) {
        const struct address *address = &test_account(&world, from)->address;
        assert_ok(backend->submit_as(
            backend->ctx, &world.arena, &submitted, address, unsigned_transfer(nonce)
        ));
    } else {
        assert_ok(backend->submit(
            backend->ctx, &world.arena, &submitted, test_transfer(&world, from, nonce)
        ));
    }
    /* A queued one may have that nonce. */
    if (submitted.refusal != NULL && strcmp(submitted.refusal, "already known") != 0 &&
        strcmp(submitted.refusal, "replacement transaction underpriced") != 0) {
        fail_msg("refused: %s", submitted.refusal);
    }
}

static void change_something(struct model *model) {
    const char *refusal;
    switch (draw(9)) {
    case 0:
    case 1: change_account(model); return;
    case 2:
    case 3: change_slot(model); return;
    case 4: change_setting(); return;
    case 5:
    case 6: send_one(); return;
    default: assert_true(backend->mine(backend->ctx, 1 + draw(3), draw(2), &refusal)); return;
    }
}

/* ---- tests ---- */

TEST(a_revert_restores_everything) {
    static struct snapshot snapshots[SNAPSHOTS];
    static struct model model;
    size_t count = 0;
    seed = 20260101;
    model = (struct model){0};
    for (int round = 0; round < ROUNDS; round++) {
        const struct arena_mark mark = arena_mark(&world.arena);
        if (count < SNAPSHOTS && draw(3) == 0) {
            struct snapshot *snapshot = &snapshots[count++];
            snapshot->model = model;
            snapshot->observed = observe();
            assert_ok(backend->snapshot(backend->ctx, &snapshot->id));
        }
        for (uint64_t i = draw(6); i > 0; i--) {
            change_something(&model);
        }
        check_model(&model);
        if (count > 0 && draw(4) == 0) {
            count -= 1 + draw(count < 4 ? count : 4);
            const struct snapshot *snapshot = &snapshots[count];
            bool reverted;
            assert_ok(backend->revert(backend->ctx, snapshot->id, &reverted));
            assert_true(reverted);
            const struct observed now = observe();
            check_observed(&now, &snapshot->observed);
            model = snapshot->model;
            check_model(&model);
            assert_ok(backend->revert(backend->ctx, snapshot->id, &reverted));
            assert_false(reverted);
        }
        arena_rewind(&world.arena, mark);
    }
    assert_false(failed(world.node->failure));
}

TEST(a_reset_restores_the_genesis_block) {
    static struct model model;
    static const struct model nothing;
    uint64_t id;
    bool reverted;
    seed = 7;
    assert_ok(backend->reset(backend->ctx));
    const struct observed before = observe();
    for (int round = 0; round < 10; round++) {
        model = nothing;
        for (int i = 0; i < 12; i++) {
            if (draw(4) == 0) assert_ok(backend->snapshot(backend->ctx, &id));
            change_something(&model);
        }
        check_model(&model);
        assert_ok(backend->reset(backend->ctx));
        const struct observed after = observe();
        check_model(&nothing);
        check_observed(&after, &before);

        assert_ok(backend->revert(backend->ctx, id, &reverted));
        assert_false(reverted);
    }
}

/* All that is changed there, and what comes after it, is of a chain that was closed since. */
TEST(a_reset_restores_the_genesis_block_after_a_restart) {
    static struct model model;
    static const struct model nothing;
    char path[64];
    struct node_options options = test_options();
    test_close(&world);
    test_make_directory(path);
    options.data_dir = path;
    test_open(&world, &options);
    backend = world.node->backend;
    const struct observed before = observe();
    for (int round = 0; round < 8; round++) {
        const char *refusal;
        uint64_t id;
        bool reverted;
        seed = 100 + (uint64_t)round;
        model = nothing;
        for (int i = 0; i < 10; i++) {
            if (draw(2) == 0) change_account(&model); /* some before a slot of it, some after */
            if (draw(2) == 0) change_slot(&model);
        }
        check_model(&model);
        if (round % 2 == 0) {
            const struct model then = model;
            assert_ok(backend->snapshot(backend->ctx, &id));
            change_account(&model);
            change_slot(&model);
            assert_ok(backend->revert(backend->ctx, id, &reverted));
            check_model(&then);
        }
        if (round % 3 == 0) assert_true(backend->mine(backend->ctx, 2, 1, &refusal));
        if (round % 3 == 0) change_account(&model);
        test_close(&world);
        test_open(&world, &options);
        backend = world.node->backend;
        assert_ok(backend->reset(backend->ctx));
        const struct observed after = observe();
        check_model(&nothing);
        check_observed(&after, &before);
    }
    test_close(&world);
    test_remove_directory(path);
    options.data_dir = NULL;
    test_open(&world, &options);
    backend = world.node->backend;
}

TEST(times_and_limits_out_of_range_are_refused) {
    const char *refusal = NULL;
    assert_false(set(RPC_NEXT_TIMESTAMP, UINT64_C(1) << 63));
    assert_false(set(RPC_NEXT_TIMESTAMP, UINT64_MAX));
    assert_false(set(RPC_NEXT_TIMESTAMP, execution_head(world.node->execution)->timestamp));
    assert_false(set(RPC_TIME_OFFSET, UINT64_C(1) << 63));
    assert_false(set(RPC_TIME_OFFSET, INT64_MAX));
    assert_false(set(RPC_TIMESTAMP_INTERVAL, UINT64_MAX));
    assert_false(set(RPC_GAS_LIMIT, 4999));
    assert_false(set(RPC_GAS_LIMIT, UINT64_MAX));
    assert_false(backend->mine(backend->ctx, NODE_MINE_MAX + 1, 0, &refusal));
    assert_false(backend->mine(backend->ctx, 1, UINT64_MAX, &refusal));
    assert_true(backend->mine(backend->ctx, 1, 0, &refusal));
}

TEST(the_log_of_calls_can_be_switched) {
    assert_int_equal(backend->get(backend->ctx, RPC_LOGGING), 1);
    assert_true(set(RPC_LOGGING, 0));
    assert_false(world.node->logs_calls);
    assert_true(set(RPC_LOGGING, 1));
    assert_true(world.node->logs_calls);
}

/* What impersonation puts in place of a signature is nothing that a stranger may send. */
TEST(a_stranger_cannot_impersonate) {
    struct rpc_submitted submitted;
    const struct address *victim = &test_account(&world, 0)->address;
    struct tx tx = test_call(&test_account(&world, 1)->address, 0, 1, BYTES_LITERAL(""));
    tx.nonce = test_next_nonce(&world, 0);
    tx.r = u256_from_address(victim);
    assert_ok(backend->submit(backend->ctx, &world.arena, &submitted, tx_encode(&world.arena, &tx))
    );
    assert_string_equal(submitted.refusal, "invalid sender: invalid transaction v, r, s values");
    assert_int_equal(pool_counts(world.node->pool).pending, 0);
}

TEST(a_block_follows_a_transaction_that_it_can_hold) {
    struct rpc_submitted submitted;
    assert_ok(backend->reset(backend->ctx));
    assert_true(set(RPC_AUTOMINE, 1));
    assert_ok(backend->submit(backend->ctx, &world.arena, &submitted, test_transfer(&world, 1, 1)));
    assert_null(submitted.refusal);
    assert_int_equal(test_head(&world), 0);
    assert_ok(backend->submit(backend->ctx, &world.arena, &submitted, test_transfer(&world, 1, 0)));
    assert_int_equal(test_head(&world), 1);
    assert_int_equal(pool_counts(world.node->pool).pending, 0);
    assert_true(set(RPC_AUTOMINE, 0));
}

static int set_up(void **state) {
    *state = &world;
    (void)test_set_up(state);
    backend = world.node->backend;
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_CASE(a_revert_restores_everything),
        TEST_CASE(a_reset_restores_the_genesis_block),
        TEST_CASE(a_reset_restores_the_genesis_block_after_a_restart),
        TEST_CASE(times_and_limits_out_of_range_are_refused),
        TEST_CASE(the_log_of_calls_can_be_switched),
        TEST_CASE(a_stranger_cannot_impersonate),
        TEST_CASE(a_block_follows_a_transaction_that_it_can_hold),
    };
    return cmocka_run_group_tests(tests, set_up, test_tear_down);
}
