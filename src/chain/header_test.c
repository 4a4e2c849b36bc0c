#include "chain/header.h"

#include "base/test.h"
#include "chain/tx.h"

static struct chain_rules rules_of(enum fork fork) {
    const struct chain_config config = chain_config_at(1, fork);
    return chain_rules_at(&config, 1, 1);
}

static struct header some_parent(void) {
    return (struct header){
        .ommers_hash = header_empty_ommers_hash,
        .number = 7,
        .gas_limit = 30000000,
        .gas_used = 15000000,
        .timestamp = 1000,
        .base_fee_per_gas = {{1000000000, 0, 0, 0}},
        .form = HEADER_FORM_PRAGUE,
    };
}

/* The child that the rules of Osaka want. */
static struct header good_child(const struct header *parent) {
    const struct chain_rules rules = rules_of(FORK_OSAKA);
    struct header child = *parent;
    header_hash(&child.parent_hash, parent);
    child.number++;
    child.timestamp += 12;
    child.base_fee_per_gas = header_next_base_fee(parent);
    child.excess_blob_gas = header_next_excess_blob_gas(parent, &rules);
    return child;
}

TEST(each_broken_rule_has_its_verdict) {
    const struct header parent = some_parent();
    const struct chain_rules rules = rules_of(FORK_OSAKA);
    const struct header good = good_child(&parent);
    assert_int_equal(header_check(&good, &parent, &rules), BLOCK_VALID);
#define CHANGED(change, expected)                                        \
    do {                                                                 \
        struct header bad = good;                                        \
        change;                                                          \
        assert_int_equal(header_check(&bad, &parent, &rules), expected); \
    } while (0)
    CHANGED(bad.parent_hash.bytes[0] ^= 1, BLOCK_UNKNOWN_PARENT);
    CHANGED(bad.number++, BLOCK_INVALID_BLOCK_NUMBER);
    CHANGED(bad.timestamp = parent.timestamp, BLOCK_INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT);
    CHANGED(bad.form = HEADER_FORM_CANCUN, BLOCK_INCORRECT_BLOCK_FORMAT);
    CHANGED(bad.difficulty.limb[0] = 1, BLOCK_IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS);
    CHANGED(bad.nonce[7] = 1, BLOCK_INVALID_NONCE);
    CHANGED(bad.ommers_hash.bytes[0] ^= 1, BLOCK_IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS);
    CHANGED(bad.gas_limit += 30000000 / 1024, BLOCK_INVALID_GASLIMIT);
    CHANGED(bad.gas_limit -= 30000000 / 1024, BLOCK_INVALID_GASLIMIT);
    CHANGED(bad.gas_limit = UINT64_MAX, BLOCK_GASLIMIT_TOO_BIG);
    CHANGED(bad.gas_used = bad.gas_limit + 1, BLOCK_GAS_USED_OVERFLOW);
    CHANGED(bad.base_fee_per_gas.limb[0]++, BLOCK_INVALID_BASEFEE_PER_GAS);
    CHANGED(bad.excess_blob_gas++, BLOCK_INCORRECT_EXCESS_BLOB_GAS);
#undef CHANGED
}

/* A chain that goes through the forks of proof of work at blocks of 10. */
static struct chain_config old_config(void) {
    struct chain_config config = chain_config_at(1, FORK_HOMESTEAD);
    config.activation[FORK_DAO] = 20;
    config.activation[FORK_LONDON] = 50;
    config.has_terminal_difficulty = true;
    config.terminal_total_difficulty = u256_from_u64(1000);
    return config;
}

static struct header old_parent(uint64_t number) {
    return (struct header){
        .ommers_hash = header_empty_ommers_hash,
        .difficulty = {{1 << 20, 0, 0, 0}},
        .number = number,
        .gas_limit = 3000000,
        .timestamp = 1000,
        .form = HEADER_FORM_FRONTIER,
    };
}

static struct header old_child(const struct header *parent) {
    struct header child = *parent;
    header_hash(&child.parent_hash, parent);
    child.number++;
    child.timestamp += 10;
    return child;
}

static enum block_verdict judge_old(const struct header *child, const struct header *parent) {
    const struct chain_config config = old_config();
    const struct chain_rules rules = chain_rules_at(&config, child->number, child->timestamp);
    return header_check(child, parent, &rules);
}

TEST(a_header_of_proof_of_work_has_the_difficulty_of_its_fork) {
    const struct header parent = old_parent(5);
    struct header child = old_child(&parent);
    assert_int_equal(judge_old(&child, &parent), BLOCK_VALID);
    child.nonce[0] = 1; /* which only the seal is about */
    child.prev_randao.bytes[0] = 1;
    assert_int_equal(judge_old(&child, &parent), BLOCK_VALID);
    child.difficulty.limb[0]++;
    assert_int_equal(judge_old(&child, &parent), BLOCK_INVALID_DIFFICULTY);
    child.difficulty = U256_ZERO;
    assert_int_equal(judge_old(&child, &parent), BLOCK_INVALID_DIFFICULTY);
}

TEST(ten_blocks_of_the_dao_fork_say_so) {
    static const char text[] = "dao-hard-fork";
    for (uint64_t number = 18; number < 32; number++) {
        const struct header parent = old_parent(number - 1);
        struct header child = old_child(&parent);
        const bool must = number >= 20 && number < 30;
        assert_int_equal(
            judge_old(&child, &parent), must ? BLOCK_EXTRA_DATA_INVALID_DAO : BLOCK_VALID
        );
        child.extra_data_size = sizeof text - 1;
        memcpy(child.extra_data, text, sizeof text - 1);
        assert_int_equal(judge_old(&child, &parent), BLOCK_VALID);
    }
    const struct chain_config config = old_config();
    assert_null(chain_rules_at(&config, 19, 0).irregular_change);
    assert_non_null(chain_rules_at(&config, 20, 0).irregular_change);
    assert_null(chain_rules_at(&config, 21, 0).irregular_change);
}

TEST(londons_first_block_has_twice_the_gas_and_the_first_base_fee) {
    const struct header parent = old_parent(49);
    struct header child = old_child(&parent);
    assert_int_equal(judge_old(&child, &parent), BLOCK_INVALID_GASLIMIT);
    child.gas_limit *= 2;
    assert_int_equal(judge_old(&child, &parent), BLOCK_INCORRECT_BLOCK_FORMAT);
    child.form = HEADER_FORM_LONDON;
    assert_int_equal(judge_old(&child, &parent), BLOCK_INVALID_BASEFEE_PER_GAS);
    child.base_fee_per_gas = u256_from_u64(HEADER_INITIAL_BASE_FEE);
    assert_int_equal(judge_old(&child, &parent), BLOCK_VALID);
}

TEST(the_merge_comes_behind_the_block_that_reaches_its_difficulty) {
    const struct chain_config config = old_config();
    struct u256 total = u256_from_u64(999);
    const struct chain_config before = chain_config_after(&config, 60, &total);
    const struct chain_rules working = chain_rules_at(&before, 61, 0);
    assert_true(chain_is_proof_of_work(&working));
    total = u256_from_u64(1000);
    const struct chain_config after = chain_config_after(&config, 60, &total);
    const struct chain_rules merged = chain_rules_at(&after, 61, 0);
    assert_false(chain_is_proof_of_work(&merged));
    assert_int_equal(merged.fork, FORK_PARIS);
    const struct chain_rules terminal = chain_rules_at(&after, 60, 0);
    assert_true(chain_is_proof_of_work(&terminal));
}

TEST(a_header_decodes_to_itself_in_every_form) {
    static const enum header_form forms[] = {
        HEADER_FORM_FRONTIER, HEADER_FORM_LONDON, HEADER_FORM_SHANGHAI, HEADER_FORM_CANCUN,
        HEADER_FORM_PRAGUE};
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct arena arena;
        struct header back;
        struct header header = some_parent();
        arena_init(&arena, &test_heap);
        header.form = forms[i];
        header.extra_data_size = HEADER_EXTRA_DATA_MAX;
        if (header.form < HEADER_FORM_LONDON) header.base_fee_per_gas = U256_ZERO;
        const struct bytes encoded = header_encode(&arena, &header);
        assert_int_equal(header_encoded_size(&header), encoded.len);
        assert_int_equal(header_decode(&back, encoded), BLOCK_VALID);
        assert_int_equal(back.form, header.form);
        assert_bytes_equal(header_encode(&arena, &back), encoded);
        for (size_t len = 0; len < encoded.len; len++) {
            assert_int_not_equal(header_decode(&back, bytes_slice(encoded, 0, len)), BLOCK_VALID);
        }
        arena_reset(&arena);
    }
}

/* EIP-1559: an eighth up or down at most, nothing at the target, and at least one upwards. */
TEST(the_base_fee_follows_the_gas_used) {
    struct header parent = some_parent();
    static const struct {
        uint64_t gas_used, base_fee, next;
    } cases[] = {
        {15000000, 1000000000, 1000000000},
        {30000000, 1000000000, 1125000000},
        {0, 1000000000, 875000000},
        {22500000, 1000000000, 1062500000},
        {15000001, 1000000000, 1000000008},
        {15000001, 7, 8},
        {0, 7, 7},
        {0, 8, 7},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        parent.gas_used = cases[i].gas_used;
        parent.base_fee_per_gas = u256_from_u64(cases[i].base_fee);
        const struct u256 next = header_next_base_fee(&parent);
        assert_int_equal(next.limb[0], cases[i].next);
    }
}

TEST(blob_gas_has_the_price_of_its_excess) {
    const struct chain_rules cancun = rules_of(FORK_CANCUN);
    const struct chain_rules osaka = rules_of(FORK_OSAKA);
    struct header parent = some_parent();
    /* EIP-4844's own example values of fake_exponential, for 3338477. */
    assert_int_equal(header_blob_base_fee(0, &cancun).limb[0], 1);
    assert_int_equal(header_blob_base_fee(2314057, &cancun).limb[0], 1);
    assert_int_equal(header_blob_base_fee(2314058, &cancun).limb[0], 2);
    assert_int_equal(header_blob_base_fee(10 * 1024 * 1024, &cancun).limb[0], 23);
    const struct u256 highest = header_blob_base_fee(UINT64_MAX, &cancun);
    assert_true(u256_equal(&highest, &U256_MAX));

    parent.blob_gas_used = 6 * TX_BLOB_GAS;
    assert_int_equal(header_next_excess_blob_gas(&parent, &cancun), 3 * TX_BLOB_GAS);
    parent.blob_gas_used = 2 * TX_BLOB_GAS;
    assert_int_equal(header_next_excess_blob_gas(&parent, &cancun), 0);
    /* EIP-7918: with blobs this cheap beside the base fee, the excess only ever grows. */
    parent.blob_gas_used = 6 * TX_BLOB_GAS;
    parent.excess_blob_gas = 6 * TX_BLOB_GAS;
    assert_int_equal(
        header_next_excess_blob_gas(&parent, &osaka), 6 * TX_BLOB_GAS + 6 * TX_BLOB_GAS * 3 / 9
    );
    parent.base_fee_per_gas = u256_from_u64(7);
    assert_int_equal(header_next_excess_blob_gas(&parent, &osaka), 6 * TX_BLOB_GAS);
}

TEST(the_gas_limit_moves_towards_its_target_and_stays_valid) {
    assert_int_equal(header_next_gas_limit(30000000, 30000000), 30000000);
    assert_int_equal(header_next_gas_limit(30000000, 36000000), 30000000 + 29295);
    assert_int_equal(header_next_gas_limit(30000000, 1), 30000000 - 29295);
    assert_int_equal(header_next_gas_limit(30000000, 30000010), 30000010);
    assert_int_equal(header_next_gas_limit(5000, 0), 5000);
}

TEST(a_bloom_holds_what_was_added) {
    struct bloom bloom = {{0}};
    bloom_add(&bloom, BYTES_LITERAL("one"));
    assert_true(bloom_may_contain(&bloom, BYTES_LITERAL("one")));
    assert_false(bloom_may_contain(&bloom, BYTES_LITERAL("two")));
    size_t bits = 0;
    for (size_t i = 0; i < sizeof bloom.bytes; i++) {
        bits += (size_t)__builtin_popcount(bloom.bytes[i]);
    }
    assert_in_range(bits, 1, 3);
}

TEST(the_schedule_names_each_fork_and_orders_them) {
    for (enum fork fork = FORK_FRONTIER; fork < FORK_COUNT; fork++) {
        const char *const name = chain_forks[fork].name;
        assert_int_equal(fork_from_name(bytes_from(name, strlen(name))), fork);
        if (fork == FORK_DAO) continue;
        assert_int_equal(rules_of(fork).fork, fork);
        assert_int_equal(rules_of(fork).revision, chain_forks[fork].revision);
    }
    assert_int_equal(fork_from_name(BYTES_LITERAL("Atlantis")), FORK_COUNT);
    struct chain_config config = chain_config_at(1, FORK_PRAGUE);
    config.activation[FORK_OSAKA] = 100;
    config.activation[FORK_BPO1] = 200;
    assert_int_equal(chain_rules_at(&config, 9, 99).fork, FORK_PRAGUE);
    assert_int_equal(chain_rules_at(&config, 9, 100).fork, FORK_OSAKA);
    assert_int_equal(chain_rules_at(&config, 9, 100).blobs.max, 9);
    assert_int_equal(chain_rules_at(&config, 9, 200).blobs.max, 15);
    assert_int_equal(chain_rules_at(&config, 9, 200).revision, EVM_OSAKA);
}

TEST_MAIN(
    TEST_CASE(each_broken_rule_has_its_verdict),
    TEST_CASE(a_header_of_proof_of_work_has_the_difficulty_of_its_fork),
    TEST_CASE(ten_blocks_of_the_dao_fork_say_so),
    TEST_CASE(londons_first_block_has_twice_the_gas_and_the_first_base_fee),
    TEST_CASE(the_merge_comes_behind_the_block_that_reaches_its_difficulty),
    TEST_CASE(a_header_decodes_to_itself_in_every_form),
    TEST_CASE(the_base_fee_follows_the_gas_used),
    TEST_CASE(blob_gas_has_the_price_of_its_excess),
    TEST_CASE(the_gas_limit_moves_towards_its_target_and_stays_valid),
    TEST_CASE(a_bloom_holds_what_was_added),
    TEST_CASE(the_schedule_names_each_fork_and_orders_them)
)
