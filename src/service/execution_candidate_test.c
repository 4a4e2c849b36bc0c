/* execution_candidate_test: what was computed once is taken again only for the same change. */
#include "service/execution_candidate.h"

#include "base/test.h"
#include "chain/genesis.h"
#include "chain/state_root.h"

enum { SLOTS = 3 };

/* A change of an empty state: a contract with slots, and an account. */
struct change {
    struct genesis_slot slots[SLOTS];
    struct genesis_account accounts[2];
    size_t account_count;
};

static const uint8_t codes[2][1] = {{0x5b}, {0x00}};

static struct change make_change(void) {
    struct change change = {.account_count = 2};
    for (uint64_t i = 0; i < SLOTS; i++) {
        change.slots[i] = (struct genesis_slot){u256_from_u64(i), u256_from_u64(7 + i)};
    }
    change.accounts[0] = (struct genesis_account){
        .address = {{0xc0}},
        .nonce = 1,
        .code = BYTES_OF(codes[0]),
        .slot_count = SLOTS,
    };
    change.accounts[1] =
        (struct genesis_account){.address = {{0xac}}, .balance = u256_from_u64(1000)};
    return change;
}

static struct parent_state empty_parent(void) {
    return (struct parent_state){.state_root = state_empty_root};
}

/* A candidate that made change, without its root. */
static struct candidate run(struct change *change) {
    struct candidate candidate = {.used = true};
    arena_init(&candidate.arena, &test_heap);
    struct state *state = ARENA_NEW(&candidate.arena, struct state);
    state_init(state, &candidate.arena, &genesis_empty_reader);
    change->accounts[0].slots = change->slots;
    const struct genesis genesis = {
        .accounts = change->accounts, .account_count = change->account_count};
    genesis_fill_state(state, &genesis);
    candidate.outcome.state = state;
    return candidate;
}

static struct hash plain_root(struct change change) {
    const struct parent_state parent = empty_parent();
    struct candidate candidate = run(&change);
    assert_false(failed(candidate_compute_root(&candidate, &parent)));
    const struct hash root = candidate.state_root;
    arena_reset(&candidate.arena);
    return root;
}

static void note(struct root_memo *memo, struct change change) {
    const struct parent_state parent = empty_parent();
    struct candidate built = run(&change);
    root_memo_init(memo, &test_heap);
    assert_false(failed(candidate_compute_root_noting(&built, &parent, memo)));
    const struct hash expected = plain_root(change);
    assert_memory_equal(&built.state_root, &expected, sizeof expected);
    arena_reset(&built.arena); /* what memo keeps outlives the one it was made for */
}

static struct hash knowing_root(const struct root_memo *memo, struct change change) {
    const struct parent_state parent = empty_parent();
    struct candidate candidate = run(&change);
    assert_false(failed(candidate_compute_root_knowing(&candidate, &parent, memo)));
    const struct hash root = candidate.state_root;
    arena_reset(&candidate.arena);
    return root;
}

TEST(the_same_change_has_the_root_writes_and_changes_of_before) {
    const struct parent_state parent = empty_parent();
    struct root_memo memo;
    note(&memo, make_change());
    struct change change = make_change();
    struct candidate again = run(&change);
    struct candidate plain = run(&change);
    assert_false(failed(candidate_compute_root_knowing(&again, &parent, &memo)));
    assert_false(failed(candidate_compute_root(&plain, &parent)));
    root_memo_free(&memo); /* the candidate has copies */

    assert_memory_equal(&again.state_root, &plain.state_root, sizeof plain.state_root);
    assert_int_equal(again.diff.count, plain.diff.count);
    for (size_t i = 0; i < plain.diff.count; i++) {
        const struct trie_account_change *a = &again.changes[i];
        const struct trie_account_change *b = &plain.changes[i];
        assert_memory_equal(&a->key, &b->key, sizeof a->key);
        assert_memory_equal(&a->account.storage_root, &b->account.storage_root, 32);
        assert_int_equal(a->slot_count, b->slot_count);
        for (size_t s = 0; s < b->slot_count; s++) {
            assert_memory_equal(&a->slots[s].key, &b->slots[s].key, 32);
        }
    }
    assert_int_equal(again.writes.count, plain.writes.count);
    for (size_t i = 0; i < plain.writes.count; i++) {
        const struct trie_write *a = &again.writes.items[i];
        const struct trie_write *b = &plain.writes.items[i];
        assert_int_equal(a->owner == NULL, b->owner == NULL);
        if (b->owner != NULL) assert_memory_equal(a->owner, b->owner, sizeof *b->owner);
        assert_bytes_equal(a->path, b->path);
        assert_bytes_equal(a->node, b->node);
        assert_int_equal(a->wipes_owner, b->wipes_owner);
    }
    arena_reset(&again.arena);
    arena_reset(&plain.arena);
}

/* A wrong root in the memo shows whether it was looked at. */
TEST(any_other_change_is_computed_anew) {
    struct root_memo memo;
    note(&memo, make_change());
    static const struct hash wrong = {{0xbd}};
    memo.new_root = wrong;
    const struct hash same = knowing_root(&memo, make_change());
    assert_memory_equal(&same, &wrong, sizeof wrong);

    struct change others[7];
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        others[i] = make_change();
    }
    others[0].accounts[1].balance = u256_from_u64(1001);
    others[1].accounts[1].nonce = 1;
    others[2].accounts[0].code = BYTES_OF(codes[1]);
    others[3].slots[1].value = u256_from_u64(99);
    others[4].slots[1].key = u256_from_u64(99);
    others[5].accounts[0].slot_count = SLOTS - 1;
    others[6].account_count = 1;
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        const struct hash expected = plain_root(others[i]);
        const struct hash root = knowing_root(&memo, others[i]);
        assert_memory_equal(&root, &expected, sizeof root);
    }
    root_memo_free(&memo);
}

TEST(a_change_of_another_state_is_computed_anew) {
    struct root_memo memo;
    note(&memo, make_change());
    memo.new_root = (struct hash){{0xbd}};
    memo.old_root = (struct hash){{0x01}};
    const struct hash expected = plain_root(make_change());
    const struct hash root = knowing_root(&memo, make_change());
    assert_memory_equal(&root, &expected, sizeof root);
    root_memo_free(&memo);
    const struct hash after = knowing_root(&memo, make_change());
    assert_memory_equal(&after, &expected, sizeof after);
}

TEST(a_header_is_hashed_once_and_any_other_anew) {
    struct root_memo memo;
    note(&memo, make_change());
    const struct header header = {.number = 7, .gas_limit = 30000000, .form = HEADER_FORM_PRAGUE};
    struct hash expected;
    header_hash(&expected, &header);
    const struct hash noted = header_hash_noting(&header, &memo);
    assert_memory_equal(&noted, &expected, sizeof expected);

    static const struct hash wrong = {{0xbd}};
    memo.header_hash = wrong;
    struct candidate candidate = {.block.header = header};
    arena_init(&candidate.arena, &test_heap);
    candidate_hash_knowing(&candidate, &memo);
    assert_memory_equal(&candidate.hash, &wrong, sizeof wrong);
    candidate.block.header.gas_used = 1;
    header_hash(&expected, &candidate.block.header);
    candidate_hash_knowing(&candidate, &memo);
    assert_memory_equal(&candidate.hash, &expected, sizeof expected);
    const struct bytes encoded = header_encode(&candidate.arena, &candidate.block.header);
    assert_bytes_equal(candidate.encoded_header, encoded);
    arena_reset(&candidate.arena);
    root_memo_free(&memo);
}

TEST_MAIN(
    TEST_CASE(the_same_change_has_the_root_writes_and_changes_of_before),
    TEST_CASE(any_other_change_is_computed_anew),
    TEST_CASE(a_change_of_another_state_is_computed_anew),
    TEST_CASE(a_header_is_hashed_once_and_any_other_anew)
)
