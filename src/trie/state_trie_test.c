#include "trie/state_trie.h"

#include "base/test.h"
#include "crypto/keccak.h"
#include "trie/trie_nodes_test.h"
#include "trie/trie_proof.h"

enum { ACCOUNTS = 40, SLOTS = 12, ARBITRARY = 0x55 };

/* The state as a plain table: what the two tries must agree with. */
struct world {
    struct {
        bool exists;
        struct trie_account account;
        struct u256 slots[SLOTS];
    } accounts[ACCOUNTS];
};

static struct address address_of(size_t i) {
    struct address address;
    memset(&address, 0xaa, sizeof address);
    address.bytes[19] = (uint8_t)i;
    return address;
}

static struct hash key_of(size_t i) {
    const struct address address = address_of(i);
    struct hash key;
    keccak256(&key, BYTES_OF(address.bytes));
    return key;
}

static struct hash slot_of(size_t slot) {
    struct hash hash = {{0}};
    hash.bytes[31] = (uint8_t)slot;
    return hash;
}

static struct hash slot_key_of(size_t slot) {
    const struct hash number = slot_of(slot);
    struct hash key;
    keccak256(&key, BYTES_OF(number.bytes));
    return key;
}

/* The stored nodes of all tries: those of accounts, and of each account's storage. */
struct store {
    struct stored_nodes accounts;
    struct stored_nodes storage[ACCOUNTS];
};

static struct stored_nodes *nodes_of(struct store *store, const struct hash *owner) {
    if (owner == NULL) return &store->accounts;
    for (size_t i = 0; i < ACCOUNTS; i++) {
        const struct hash key = key_of(i);
        if (hash_equal(&key, owner)) return &store->storage[i];
    }
    fail_msg("an unknown owner");
    return NULL;
}

/* As a witness would: the node must have the hash that is asked for. */
static bool read_node(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    const struct bytes *node = stored_find(nodes_of(ctx, place->owner), place->path);
    if (node == NULL) return false;
    struct hash hash;
    keccak256(&hash, *node);
    assert_true(hash_equal(&hash, place->hash));
    *rlp = *node;
    return true;
}

static void apply(struct store *store, const struct trie_writes *writes) {
    for (size_t i = 0; i < writes->count; i++) {
        const struct trie_write *write = &writes->items[i];
        struct stored_nodes *nodes = nodes_of(store, write->owner);
        if (write->wipes_owner) {
            assert_true(nodes->count > 0);
            nodes->count = 0;
        } else if (write->node.len == 0) {
            stored_delete(nodes, write->path);
        } else {
            stored_put(nodes, write->path, write->node);
        }
    }
}

static int compare_pairs(const void *a, const void *b) {
    const struct trie_pair *x = a, *y = b;
    return memcmp(x->key.data, y->key.data, sizeof(struct hash));
}

/* A trie of pairs under 32-byte keys, from scratch. */
static struct hash build(struct trie_pair *pairs, size_t count, struct stored_nodes *nodes) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    if (count > 0) qsort(pairs, count, sizeof *pairs, compare_pairs);
    struct hash root;
    const struct trie_sink sink = {stored_put, nodes};
    nodes->count = 0;
    trie_root_of(&arena, &root, pairs, count, &sink);
    arena_reset(&arena);
    return root;
}

static struct hash build_world(
    struct arena *arena, const struct world *world, struct store *store
) {
    struct trie_pair accounts[ACCOUNTS], slots[SLOTS];
    struct hash keys[ACCOUNTS], slot_keys[SLOTS];
    uint8_t leaves[ACCOUNTS][TRIE_ACCOUNT_SIZE_MAX], values[SLOTS][RLP_U256_MAX];
    size_t count = 0;
    store->accounts.arena = arena;
    for (size_t i = 0; i < ACCOUNTS; i++) {
        store->storage[i].arena = arena;
        store->storage[i].count = 0;
        if (!world->accounts[i].exists) continue;
        size_t slot_count = 0;
        for (size_t s = 0; s < SLOTS; s++) {
            const struct u256 *value = &world->accounts[i].slots[s];
            if (u256_is_zero(value)) continue;
            slot_keys[slot_count] = slot_key_of(s);
            const size_t size = trie_slot_encode(values[slot_count], value);
            slots[slot_count].key = BYTES_OF(slot_keys[slot_count].bytes);
            slots[slot_count].value = bytes_from(values[slot_count], size);
            slot_count++;
        }
        struct trie_account account = world->accounts[i].account;
        account.storage_root = build(slots, slot_count, &store->storage[i]);
        keys[count] = key_of(i);
        const size_t size = trie_account_encode(leaves[count], &account);
        accounts[count].key = BYTES_OF(keys[count].bytes);
        accounts[count].value = bytes_from(leaves[count], size);
        count++;
    }
    return build(accounts, count, &store->accounts);
}

/* A random change of account i, made in world as well. */
static struct trie_account_change random_change(
    struct arena *arena, struct world *world, size_t i, uint64_t *seed
) {
    struct trie_account_change change = {.key = key_of(i)};
    memset(&change.account.storage_root, ARBITRARY, sizeof(struct hash));
    change.is_deleted = random_below(seed, 4) == 0;
    change.storage_is_wiped = random_below(seed, 4) == 0;
    if (change.is_deleted || change.storage_is_wiped) {
        memset(world->accounts[i].slots, 0, sizeof world->accounts[i].slots);
    }
    world->accounts[i].exists = !change.is_deleted;
    struct trie_slot_change *slots = ARENA_ARRAY(arena, struct trie_slot_change, SLOTS);
    for (size_t s = 0; s < SLOTS && !change.is_deleted; s++) {
        if (random_below(seed, 3) != 0) continue;
        const uint64_t value = random_below(seed, 3) == 0 ? 0 : random_u64(seed);
        slots[change.slot_count].key = slot_key_of(s);
        slots[change.slot_count++].value = u256_from_u64(value);
        world->accounts[i].slots[s] = u256_from_u64(value);
    }
    change.slots = slots;
    change.account.nonce = random_below(seed, 3);
    change.account.balance = (struct u256){{random_below(seed, 2), 0, 0, random_below(seed, 2)}};
    change.account.code_hash = keccak256_of_empty;
    world->accounts[i].account = change.account;
    return change;
}

/* Every account and slot, read and proven, is as the table says. */
static void check_reads(
    struct arena *arena, struct world *world, struct store *store, struct hash root
) {
    const struct trie_reader reader = {read_node, store};
    for (size_t i = 0; i < ACCOUNTS; i++) {
        const struct hash key = key_of(i);
        struct trie_account account;
        bool exists;
        assert_int_equal(state_trie_account(&account, &exists, &reader, &root, &key), TRIE_VALID);
        assert_int_equal(exists, world->accounts[i].exists);
        if (exists) {
            assert_int_equal(account.nonce, world->accounts[i].account.nonce);
            assert_true(u256_equal(&account.balance, &world->accounts[i].account.balance));
        }

        const struct address address = address_of(i);
        struct hash slots[SLOTS];
        for (size_t s = 0; s < SLOTS; s++) {
            slots[s] = slot_of(s);
        }
        struct state_proof proof;
        assert_int_equal(
            state_prove(arena, &proof, &reader, &root, &address, slots, SLOTS), TRIE_VALID
        );
        assert_int_equal(proof.exists, exists);
        struct bytes leaf;
        assert_int_equal(
            trie_proof_verify(
                &leaf, &root, BYTES_OF(key.bytes), proof.proof.nodes, proof.proof.count
            ),
            TRIE_PROOF_VALID
        );
        assert_int_equal(leaf.len > 0, exists);
        for (size_t s = 0; s < SLOTS; s++) {
            const struct hash slot_key = slot_key_of(s);
            const struct u256 *expected = &world->accounts[i].slots[s];
            struct u256 value;
            const struct hash *storage_root = &account.storage_root;
            assert_int_equal(
                state_trie_slot(&value, &reader, &key, storage_root, &slot_key), TRIE_VALID
            );
            assert_true(u256_equal(&value, expected));
            assert_true(u256_equal(&proof.slots[s].value, expected));
            const struct trie_proof *slot = &proof.slots[s].proof;
            const struct bytes slot_span = BYTES_OF(slot_key.bytes);
            assert_int_equal(
                trie_proof_verify(&leaf, storage_root, slot_span, slot->nodes, slot->count),
                TRIE_PROOF_VALID
            );
            assert_int_equal(leaf.len > 0, !u256_is_zero(expected));
        }
    }
}

TEST(a_changed_state_is_the_state_of_what_it_holds) {
    static struct store store, scratch;
    static struct world world;
    uint64_t seed = 11;
    struct arena arena;
    arena_init(&arena, &test_heap);
    store.accounts.arena = &arena;
    for (size_t i = 0; i < ACCOUNTS; i++) {
        store.storage[i].arena = &arena;
    }
    struct hash root = trie_empty_root;
    for (int step = 0; step < 60; step++) {
        struct trie_account_change changes[ACCOUNTS];
        size_t count = 0;
        for (size_t i = 0; i < ACCOUNTS; i++) {
            if (random_below(&seed, 4) != 0) continue;
            changes[count++] = random_change(&arena, &world, i, &seed);
        }
        struct trie_writes writes = {NULL, 0, 0};
        const struct trie_reader reader = {read_node, &store};
        const struct hash old_root = root;
        assert_int_equal(
            state_trie_update(&arena, &writes, &root, &reader, &old_root, changes, count),
            TRIE_VALID
        );
        apply(&store, &writes);
        const struct hash expected = build_world(&arena, &world, &scratch);
        assert_memory_equal(&root, &expected, sizeof root);
        assert_same_nodes(&store.accounts, &scratch.accounts);
        for (size_t i = 0; i < ACCOUNTS; i++) {
            assert_same_nodes(&store.storage[i], &scratch.storage[i]);
        }
        if (step % 10 == 0) check_reads(&arena, &world, &store, root);
    }
    arena_reset(&arena);
}

TEST(an_account_goes_to_bytes_and_back) {
    struct trie_account account = trie_account_empty(), back;
    account.nonce = UINT64_MAX;
    account.balance = U256_MAX;
    uint8_t encoded[TRIE_ACCOUNT_SIZE_MAX];
    assert_int_equal(trie_account_encode(encoded, &account), TRIE_ACCOUNT_SIZE_MAX);
    assert_int_equal(trie_account_decode(&back, BYTES_OF(encoded)), RLP_VALID);
    assert_memory_equal(&back, &account, sizeof account);
    for (size_t len = 0; len < sizeof encoded; len++) {
        assert_int_not_equal(trie_account_decode(&back, bytes_from(encoded, len)), RLP_VALID);
    }
}

TEST(a_leaf_that_is_no_account_is_malformed) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    static struct store store;
    store.accounts.arena = &arena;
    const struct hash key = key_of(0);
    struct trie_pair pair = {BYTES_OF(key.bytes), BYTES_LITERAL("not an account, but a long text")};
    struct hash root = build(&pair, 1, &store.accounts), after;
    const struct trie_reader reader = {read_node, &store};
    struct trie_account account;
    bool exists;
    assert_int_equal(
        state_trie_account(&account, &exists, &reader, &root, &key), TRIE_MALFORMED_NODE
    );
    struct trie_account_change change = {.key = key};
    struct trie_writes writes = {NULL, 0, 0};
    assert_int_equal(
        state_trie_update(&arena, &writes, &after, &reader, &root, &change, 1), TRIE_MALFORMED_NODE
    );
    assert_memory_equal(&after, &root, sizeof root);
    assert_int_equal(writes.count, 0);
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(a_changed_state_is_the_state_of_what_it_holds),
    TEST_CASE(an_account_goes_to_bytes_and_back),
    TEST_CASE(a_leaf_that_is_no_account_is_malformed)
)
