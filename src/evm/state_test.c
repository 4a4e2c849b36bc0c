#include "evm/state.h"

#include "base/test.h"
#include "crypto/keccak.h"
#include "evm/state_records.h"

/* A world of one account: balance 100, nonce 1, code 0x5b, slot 1 holds 11. */
static const struct address known = {{[19] = 0xaa}}, other = {{[19] = 0xbb}};
static const uint8_t known_code[] = {0x5b};

static bool read_account(void *ctx, const struct address *address, struct account *out) {
    (*(int *)ctx)++;
    if (!address_equal(address, &known)) return false;
    *out = (struct account){.nonce = 1, .balance = {{100, 0, 0, 0}}, .storage_root = {{1}}};
    keccak256(&out->code_hash, BYTES_OF(known_code));
    return true;
}

static void read_storage(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    (*(int *)ctx)++;
    const bool set = address_equal(address, &known) && u256_fits_u64(slot) && slot->limb[0] == 1;
    *value = set ? u256_from_u64(11) : U256_ZERO;
}

static struct bytes read_code(void *ctx, const struct hash *code_hash) {
    (void)ctx;
    (void)code_hash;
    return BYTES_OF(known_code);
}

static void read_block_hash(void *ctx, uint64_t number, struct hash *out) {
    (void)ctx;
    (void)number;
    *out = (struct hash){{0}};
}

struct world {
    int questions;
    struct arena arena;
    struct state_reader reader;
    struct state state;
};

static struct world *world_new(void) {
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    world->reader = (struct state_reader
    ){read_account, read_storage, read_code, read_block_hash, &world->questions};
    arena_init(&world->arena, &test_heap);
    state_init(&world->state, &world->arena, &world->reader);
    return world;
}

static void world_free(struct world *world) {
    arena_reset(&world->arena);
    free(world);
}

static uint64_t balance_of(struct state *state, const struct address *address) {
    const struct u256 balance = state_balance(state, address);
    return balance.limb[0];
}

static uint64_t slot_of(struct state *state, const struct address *address, uint64_t key) {
    const struct u256 slot = u256_from_u64(key);
    return state_storage(state, address, &slot).limb[0];
}

static void set_slot(
    struct state *state, const struct address *address, uint64_t key, uint64_t value
) {
    const struct u256 slot = u256_from_u64(key), word = u256_from_u64(value);
    state_set_storage(state, address, &slot, &word);
}

static void set_balance(struct state *state, const struct address *address, uint64_t amount) {
    const struct u256 balance = u256_from_u64(amount);
    state_set_balance(state, address, &balance);
}

static struct state_diff diff_of(struct world *world) {
    return state_diff(&world->arena, &world->state);
}

TEST(the_reader_is_asked_once) {
    struct world *world = world_new();
    for (int i = 0; i < 3; i++) {
        assert_int_equal(balance_of(&world->state, &known), 100);
        assert_int_equal(slot_of(&world->state, &known, 1), 11);
        assert_int_equal(slot_of(&world->state, &known, 2), 0);
        assert_false(state_exists(&world->state, &other));
    }
    assert_int_equal(world->questions, 4);
    assert_bytes_equal(state_code(&world->state, &known), BYTES_OF(known_code));
    assert_int_equal(diff_of(world).count, 0);
    world_free(world);
}

TEST(slots_of_an_account_that_is_new_are_not_asked_for) {
    struct world *world = world_new();
    set_balance(&world->state, &other, 1);
    const int questions = world->questions;
    assert_int_equal(slot_of(&world->state, &other, 1), 0);
    assert_int_equal(world->questions, questions);
    world_free(world);
}

TEST(a_checkpoint_brings_everything_back) {
    struct world *world = world_new();
    struct state *state = &world->state;
    state_begin_transaction(state);
    set_slot(state, &known, 1, 12);
    const struct state_checkpoint checkpoint = state_checkpoint(state);
    set_slot(state, &known, 1, 13);
    set_slot(state, &known, 2, 14);
    set_balance(state, &known, 5);
    set_balance(state, &other, 6);
    state_set_nonce(state, &known, 7);
    state_set_code(state, &known, BYTES_LITERAL("abc"));
    const struct u256 slot = u256_from_u64(1);
    assert_false(state_warm_account(state, &other));
    assert_false(state_warm_slot(state, &known, &slot));
    state->refund = 99;
    const struct state_log log = {.address = known, .data = BYTES_LITERAL("data")};
    state_add_log(state, &log);

    state_revert(state, checkpoint);
    assert_int_equal(slot_of(state, &known, 1), 12);
    assert_int_equal(slot_of(state, &known, 2), 0);
    assert_int_equal(balance_of(state, &known), 100);
    assert_int_equal(state_nonce(state, &known), 1);
    assert_false(state_exists(state, &other));
    assert_bytes_equal(state_code(state, &known), BYTES_OF(known_code));
    assert_false(state_warm_account(state, &other));
    assert_false(state_warm_slot(state, &known, &slot));
    assert_int_equal(state->refund, 0);
    size_t count;
    assert_null(state_logs(state, &count));
    assert_int_equal(count, 0);
    world_free(world);
}

TEST(a_whole_transaction_can_be_undone) {
    struct world *world = world_new();
    struct state *state = &world->state;
    state_begin_transaction(state);
    set_slot(state, &known, 1, 12);
    state_end_transaction(state, evm_rules_of(EVM_OSAKA));
    state_commit(state);

    const struct state_checkpoint checkpoint = state_checkpoint(state);
    state_begin_transaction(state);
    set_slot(state, &known, 1, 13);
    set_balance(state, &known, 0);
    state_set_nonce(state, &known, 0);
    state_set_code(state, &known, bytes_from(NULL, 0));
    state_end_transaction(state, evm_rules_of(EVM_OSAKA)); /* empty now: removed */
    assert_false(state_exists(state, &known));
    assert_int_equal(slot_of(state, &known, 1), 0);

    state_revert(state, checkpoint);
    assert_true(state_exists(state, &known));
    assert_int_equal(slot_of(state, &known, 1), 12);
    assert_int_equal(balance_of(state, &known), 100);
    assert_int_equal(state_nonce(state, &known), 1);
    world_free(world);
}

TEST(warmth_and_logs_last_one_transaction) {
    struct world *world = world_new();
    struct state *state = &world->state;
    state_begin_transaction(state);
    assert_false(state_warm_account(state, &known));
    assert_true(state_warm_account(state, &known));
    const struct state_log log = {.address = known, .data = BYTES_LITERAL("first")};
    state_add_log(state, &log);
    size_t count;
    const struct state_log *first = state_logs(state, &count);
    assert_int_equal(count, 1);
    state_end_transaction(state, evm_rules_of(EVM_OSAKA));

    state_begin_transaction(state);
    assert_false(state_warm_account(state, &known));
    (void)state_logs(state, &count);
    assert_int_equal(count, 0);
    for (int i = 0; i < 1000; i++) {
        state_add_log(state, &log);
    }
    assert_bytes_equal(first->data, BYTES_LITERAL("first"));
    world_free(world);
}

TEST(an_empty_account_that_was_touched_goes_since_spurious_dragon) {
    for (int revision = EVM_FRONTIER; revision < EVM_REVISION_COUNT; revision++) {
        const struct evm_rules *rules = evm_rules_of((enum evm_revision)revision);
        struct world *world = world_new();
        state_begin_transaction(&world->state);
        state_touch(&world->state, &other, rules);
        state_end_transaction(&world->state, rules);
        const bool stays = revision < EVM_SPURIOUS_DRAGON;
        assert_int_equal(state_exists(&world->state, &other), stays);
        assert_int_equal(diff_of(world).count, stays ? 1 : 0);
        world_free(world);
    }
}

TEST(a_diff_tells_what_really_changed_in_order) {
    struct world *world = world_new();
    struct state *state = &world->state;
    set_slot(state, &known, 9, 1);
    set_slot(state, &known, 3, 1);
    set_slot(state, &known, 1, 12);
    set_slot(state, &known, 1, 11); /* back */
    set_slot(state, &known, 5, 0);
    set_balance(state, &other, 7);
    const struct address never = {{1}};
    (void)state_balance(state, &never);

    const struct state_diff diff = diff_of(world);
    assert_int_equal(diff.count, 2);
    const struct state_account_diff *a = &diff.accounts[0], *b = &diff.accounts[1];
    assert_memory_equal(&a->address, &known, sizeof known);
    assert_true(a->existed_before && a->exists_after && !a->code_changed && !a->storage_wiped);
    assert_int_equal(a->slot_count, 2);
    assert_int_equal(a->slots[0].key.limb[0], 3);
    assert_int_equal(a->slots[1].key.limb[0], 9);
    assert_memory_equal(&b->address, &other, sizeof other);
    assert_false(b->existed_before);
    assert_int_equal(b->after.balance.limb[0], 7);
    world_free(world);
}

TEST(a_wiped_storage_reads_zero_and_says_so) {
    struct world *world = world_new();
    struct state *state = &world->state;
    assert_int_equal(slot_of(state, &known, 1), 11);
    const struct state_checkpoint checkpoint = state_checkpoint(state);
    state_wipe_storage(state, &known);
    assert_int_equal(slot_of(state, &known, 1), 0);
    assert_int_equal(slot_of(state, &known, 2), 0);
    set_slot(state, &known, 2, 5);
    struct state_diff diff = diff_of(world);
    assert_int_equal(diff.count, 1);
    assert_true(diff.accounts[0].storage_wiped);
    assert_int_equal(diff.accounts[0].slot_count, 1);
    assert_int_equal(diff.accounts[0].slots[0].key.limb[0], 2);

    state_revert(state, checkpoint);
    assert_int_equal(slot_of(state, &known, 1), 11);
    assert_int_equal(slot_of(state, &known, 2), 0);
    diff = diff_of(world);
    assert_int_equal(diff.count, 0);
    world_free(world);
}

/* The plain twin of the journal: copies of everything. Random changes with nested checkpoints over
 * a few accounts and slots have to agree with it. */
enum { ACCOUNTS = 3, SLOTS = 4, DEPTH = 8 };

struct copy {
    uint64_t balance[ACCOUNTS], slot[ACCOUNTS][SLOTS];
    /* What lasts one transaction: the one numbered here. */
    int transaction;
    uint64_t transient[ACCOUNTS][SLOTS];
    bool warm[ACCOUNTS], warm_slot[ACCOUNTS][SLOTS];
    struct state_checkpoint checkpoint;
};

static uint64_t seed = UINT64_C(0x853c49e6748fea9b);

static uint64_t next_random(uint64_t below) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (seed >> 11) % below;
}

static struct address nth(uint64_t i) {
    struct address address = known;
    address.bytes[0] = (uint8_t)(STATE_RECENT_ACCOUNTS * i); /* one place among the recent ones */
    return address;
}

/* The last three keys have one place among the recent ones, too. */
static uint64_t nth_key(uint64_t k) {
    return k == 0 ? 0 : 1 + (k - 1) * STATE_RECENT_SLOTS;
}

static uint64_t transient_of(struct state *state, const struct address *address, uint64_t key) {
    const struct u256 word = u256_from_u64(key);
    return state_transient_load(state, state_load_account(state, address), &word).limb[0];
}

static void forget_transaction(struct copy *copy, int transaction) {
    if (copy->transaction == transaction) return;
    copy->transaction = transaction;
    memset(copy->transient, 0, sizeof copy->transient);
    memset(copy->warm, 0, sizeof copy->warm);
    memset(copy->warm_slot, 0, sizeof copy->warm_slot);
}

static void assert_agrees(struct state *state, const struct copy *copy) {
    for (uint64_t i = 0; i < ACCOUNTS; i++) {
        const struct address address = nth(i);
        assert_int_equal(balance_of(state, &address), copy->balance[i]);
        for (uint64_t k = 0; k < SLOTS; k++) {
            assert_int_equal(slot_of(state, &address, nth_key(k)), copy->slot[i][k]);
            assert_int_equal(transient_of(state, &address, nth_key(k)), copy->transient[i][k]);
        }
    }
}

static void change_warmth(struct state *state, struct copy *now, uint64_t i, uint64_t k) {
    const struct address address = nth(i);
    const struct u256 key = u256_from_u64(nth_key(k));
    assert_int_equal(state_warm_account(state, &address), now->warm[i]);
    assert_int_equal(state_warm_slot(state, &address, &key), now->warm_slot[i][k]);
    now->warm[i] = true;
    now->warm_slot[i][k] = true;
}

static void change_values(struct state *state, struct copy *now, uint64_t i, uint64_t k) {
    const struct address address = nth(i);
    const struct u256 key = u256_from_u64(nth_key(k)), value = u256_from_u64(next_random(5));
    switch (next_random(8)) {
    case 0:
        state_wipe_storage(state, &address);
        memset(now->slot[i], 0, sizeof now->slot[i]);
        break;
    case 1:
        now->balance[i] = 1 + next_random(1000);
        set_balance(state, &address, now->balance[i]);
        break;
    case 2: change_warmth(state, now, i, k); break;
    case 3:
    case 4:
        now->transient[i][k] = value.limb[0];
        state_transient_store(state, state_load_account(state, &address), &key, &value);
        break;
    default:
        now->slot[i][k] = value.limb[0];
        set_slot(state, &address, key.limb[0], value.limb[0]);
        break;
    }
}

TEST(random_changes_and_reverts_agree_with_copies) {
    for (int round = 0; round < 300; round++) {
        struct world *world = world_new();
        struct state *state = &world->state;
        struct copy stack[DEPTH] = {{.balance = {100}, .slot = {{0, 11}}}};
        size_t depth = 0;
        int transaction = 0;
        for (int step = 0; step < 200; step++) {
            struct copy *now = &stack[depth];
            switch (next_random(12)) {
            case 0:
            case 1:
                if (depth + 1 == DEPTH) break;
                stack[depth + 1] = *now;
                stack[++depth].checkpoint = state_checkpoint(state);
                break;
            case 2:
                if (depth == 0) break;
                state_revert(state, now->checkpoint);
                depth--;
                break;
            case 3: /* a call that ends well: what it did is its caller's to undo */
                if (depth == 0) break;
                now->checkpoint = stack[depth - 1].checkpoint;
                stack[--depth] = *now;
                break;
            case 4:
                if (next_random(3) != 0) break;
                state_begin_transaction(state);
                transaction++;
                break;
            default:
                forget_transaction(now, transaction);
                change_values(state, now, next_random(ACCOUNTS), next_random(SLOTS));
                break;
            }
            forget_transaction(&stack[depth], transaction);
            assert_agrees(state, &stack[depth]);
        }
        world_free(world);
    }
}

TEST(many_records_are_found_again) {
    struct world *world = world_new();
    struct state *state = &world->state;
    for (uint64_t i = 0; i < 3000; i++) {
        struct address address = other;
        store_be64(address.bytes, i % 40);
        set_slot(state, &address, i * 8, i + 1);
        set_balance(state, &address, i + 1);
    }
    for (uint64_t i = 0; i < 3000; i++) {
        struct address address = other;
        store_be64(address.bytes, i % 40);
        assert_int_equal(slot_of(state, &address, i * 8), i + 1);
        assert_int_equal(balance_of(state, &address), 2960 + i % 40 + 1);
    }
    assert_int_equal(diff_of(world).count, 40);
    world_free(world);
}

TEST(a_slot_written_again_and_again_is_remembered_once) {
    struct world *world = world_new();
    struct state *state = &world->state;
    const struct state_checkpoint checkpoint = state_checkpoint(state);
    set_slot(state, &known, 1, 1);
    const size_t len = state->journal_len;
    for (uint64_t i = 0; i < 100; i++) {
        set_slot(state, &known, 1, i);
    }
    assert_int_equal(state->journal_len, len);
    state_revert(state, checkpoint);
    assert_int_equal(slot_of(state, &known, 1), 11);
    world_free(world);
}

TEST(precompiles_of_the_rules_in_force_are_warm_in_every_transaction) {
    struct world *world = world_new();
    struct state *state = &world->state;
    const struct address identity = {{[19] = 4}}, point_evaluation = {{[19] = 10}};
    const struct state_checkpoint checkpoint = state_checkpoint(state);
    state_begin_transaction(state);
    assert_false(state_warm_account(state, &identity)); /* has a record, and a journal entry */
    state_warm_precompiles(state, evm_rules_of(EVM_CANCUN));
    assert_true(state_warm_account(state, &identity));
    assert_true(state_warm_account(state, &point_evaluation));
    state_revert(state, checkpoint);
    state_begin_transaction(state);
    assert_true(state_warm_account(state, &identity));
    assert_true(state_warm_account(state, &point_evaluation));

    state_warm_precompiles(state, evm_rules_of(EVM_SHANGHAI));
    assert_true(state_warm_account(state, &identity));
    assert_false(state_warm_account(state, &point_evaluation));
    world_free(world);
}

TEST_MAIN(
    TEST_CASE(the_reader_is_asked_once),
    TEST_CASE(slots_of_an_account_that_is_new_are_not_asked_for),
    TEST_CASE(a_checkpoint_brings_everything_back),
    TEST_CASE(a_whole_transaction_can_be_undone),
    TEST_CASE(warmth_and_logs_last_one_transaction),
    TEST_CASE(an_empty_account_that_was_touched_goes_since_spurious_dragon),
    TEST_CASE(a_diff_tells_what_really_changed_in_order),
    TEST_CASE(a_wiped_storage_reads_zero_and_says_so),
    TEST_CASE(random_changes_and_reverts_agree_with_copies),
    TEST_CASE(many_records_are_found_again),
    TEST_CASE(a_slot_written_again_and_again_is_remembered_once),
    TEST_CASE(precompiles_of_the_rules_in_force_are_warm_in_every_transaction)
)
