/* infinity evm blocktest: a chain of encoded blocks, each to be imported or refused.
 *
 * Every block that is imported is also built again from its attributes and transactions, which must
 * give the same hash, and its state root is computed by the incremental trie; the last state is
 * compared account by account and through a trie built whole.
 */
#include "cmd/blocktest.h"

#include "chain/build.h"
#include "chain/genesis.h"
#include "chain/state_root.h"
#include "cmd/command.h"
#include "cmd/seal_cache.h"
#include "cmd/suite.h"
#include "cmd/suite_chain.h"
#include "cmd/suite_trace.h"
#include "crypto/keccak.h"

#include <stdio.h>

enum {
    BLOCK_BYTES_MAX = 64 << 20,
    NODE_TABLE_MIN = 1024,
    FORK_NAME_MAX = 64,
};

/* Trie nodes by hash; open addressing, at most half full. */
struct node_table {
    struct node {
        struct hash hash;
        struct bytes rlp;
    } * nodes;
    size_t mask, count;
};

struct test {
    struct suite_worker *worker;
    const struct json *json;
    const char *network;
    struct chain_config config;
    const struct header_seal *seal; /* NULL where the file says that there is none */
    struct node_table nodes;
    struct suite_chain chain;
    blocktest_check *check; /* or NULL */
    char detail[SUITE_DETAIL_MAX];
};

static struct node *node_place(const struct node_table *table, const struct hash *hash) {
    size_t i = load_le64(hash->bytes) & table->mask;
    while (table->nodes[i].rlp.len != 0 && !hash_equal(&table->nodes[i].hash, hash)) {
        i = (i + 1) & table->mask;
    }
    return &table->nodes[i];
}

static void node_put(struct arena *arena, struct node_table *table, struct bytes rlp) {
    if (table->nodes == NULL || 2 * table->count > table->mask) {
        const struct node_table old = *table;
        const size_t size = old.nodes == NULL ? NODE_TABLE_MIN : 2 * (old.mask + 1);
        table->nodes = ARENA_ARRAY(arena, struct node, size);
        table->mask = size - 1;
        for (size_t i = 0; old.nodes != NULL && i <= old.mask; i++) {
            if (old.nodes[i].rlp.len != 0) *node_place(table, &old.nodes[i].hash) = old.nodes[i];
        }
    }
    struct node node = {.rlp = rlp};
    keccak256(&node.hash, rlp);
    struct node *const place = node_place(table, &node.hash);
    table->count += place->rlp.len == 0;
    *place = node;
}

static bool read_node(void *ctx, const struct trie_place *place, struct bytes *rlp) {
    const struct node_table *const table = ctx;
    if (table->nodes == NULL) return false;
    *rlp = node_place(table, place->hash)->rlp;
    return rlp->len != 0;
}

/* The root after diff, by the incremental trie; its new nodes are kept. */
static bool root_after(
    struct test *test, struct hash *root, const struct hash *old_root, const struct state_diff *diff
) {
    struct arena *const arena = &test->worker->arena;
    const struct trie_reader reader = {read_node, &test->nodes};
    struct trie_writes writes = {NULL, 0, 0};
    if (chain_state_root(arena, &writes, root, &reader, old_root, diff) != TRIE_VALID) return false;
    for (size_t i = 0; i < writes.count; i++) {
        if (writes.items[i].node.len != 0) node_put(arena, &test->nodes, writes.items[i].node);
    }
    return true;
}

static bool fail(struct test *test, const char *what) {
    if (test->detail[0] == '\0') (void)snprintf(test->detail, sizeof test->detail, "%s", what);
    return false;
}

static bool read_genesis(struct test *test, struct block *block, const struct json *header) {
    struct arena *const arena = &test->worker->arena;
    const struct json *const rlp = json_get(test->json, "genesisRLP");
    struct bytes encoded;
    enum tx_verdict tx_verdict;
    *block = (struct block){.ommer_count = 0};
    if (rlp == NULL) { /* the oldest files give it in JSON alone */
        return suite_chain_header(arena, &block->header, header) || fail(test, "no genesis block");
    }
    if (!json_read_bytes(arena, rlp, &encoded, BLOCK_BYTES_MAX) ||
        block_decode(arena, block, &tx_verdict, encoded) != BLOCK_VALID) {
        return fail(test, "genesis does not decode");
    }
    return true;
}

/* The genesis block on the state given in JSON. */
static bool make_genesis(struct test *test) {
    struct arena *const arena = &test->worker->arena;
    const struct json *const header = json_get(test->json, "genesisBlockHeader");
    struct block block;
    struct prestate state;
    struct hash expected;
    if (!read_genesis(test, &block, header)) return false;
    if (!prestate_read(arena, &state, json_get(test->json, "pre"))) {
        return fail(test, "pre is not understood");
    }
    suite_chain_append(&test->chain, arena, NULL, &block, &state);
    if (!json_read_hash(json_get(header, "hash"), &expected) ||
        !hash_equal(&expected, &test->chain.head->hash)) {
        return fail(test, "genesis hash differs");
    }
    struct prestate nothing = {NULL, 0};
    struct prestate_source source = {&nothing, suite_link_block_hash, NULL};
    const struct state_reader reader = prestate_reader(&source);
    struct state filled;
    struct hash root;
    state_init(&filled, arena, &reader);
    prestate_fill(&filled, &state);
    const struct state_diff diff = state_diff(arena, &filled);
    if (!root_after(test, &root, &trie_empty_root, &diff) ||
        !hash_equal(&root, &block.header.state_root)) {
        return fail(test, "genesis state root differs");
    }
    return true;
}

/* What became of one encoded block. */
struct import {
    enum block_verdict verdict;
    enum tx_verdict tx_verdict;
    struct block block;
    const struct suite_link *parent;
    struct chain_config config; /* for this block: the network's, and whether it has merged */
    struct prestate state;
};

/* Roots of the states inside a block, on its parent's. */
struct block_roots {
    struct test *test;
    const struct hash *old_root;
};

static bool root_inside(void *ctx, struct hash *root, const struct state_diff *diff) {
    const struct block_roots *const roots = ctx;
    if (root_after(roots->test, root, roots->old_root, diff)) return true;
    return fail(roots->test, "the trie misses a node");
}

static size_t collect_ancestors(
    struct ommers_ancestor ancestors[OMMERS_GENERATIONS], const struct suite_link *parent
) {
    size_t count = 0;
    for (const struct suite_link *link = parent; link != NULL && count < OMMERS_GENERATIONS;
         link = link->parent) {
        ancestors[count++] =
            (struct ommers_ancestor){&link->header, link->hash, link->ommers, link->ommer_count};
    }
    return count;
}

static void import_decoded(struct test *test, struct import *import) {
    struct arena *const arena = &test->worker->arena;
    import->parent = suite_chain_find(&test->chain, &import->block.header.parent_hash);
    if (import->parent == NULL) {
        import->verdict = BLOCK_UNKNOWN_PARENT;
        return;
    }
    struct prestate_source source = {
        &import->parent->state, suite_link_block_hash, (void *)(uintptr_t)import->parent};
    const struct state_reader reader = prestate_reader(&source);
    struct ommers_ancestor ancestors[OMMERS_GENERATIONS];
    struct block_roots roots = {test, &import->parent->header.state_root};
    const struct chain_rooter rooter = {root_inside, &roots};
    import->config = chain_config_after(
        &test->config, import->parent->header.number, &import->parent->total_difficulty
    );
    const struct block_input input = {
        .config = &import->config,
        .parent = &import->parent->header,
        .block = &import->block,
        .rooter = &rooter,
        .ancestors = ancestors,
        .ancestor_count = collect_ancestors(ancestors, import->parent),
        .seal = test->seal,
        .runner = test->worker->runner,
    };
    struct block_outcome outcome;
    if (test->worker->trace != NULL) {
        const struct header *const header = &import->block.header;
        const struct chain_rules rules =
            chain_rules_at(&import->config, header->number, header->timestamp);
        test->worker->vm.tracer =
            suite_trace_begin(test->worker->trace, evm_rules_of(rules.revision), stderr, true);
    }
    chain_execute_block(arena, &outcome, &test->worker->vm, &reader, &input);
    test->worker->vm.tracer = NULL;
    import->verdict = outcome.verdict;
    import->tx_verdict = outcome.tx_verdict;
    if (outcome.verdict != BLOCK_VALID) return;

    struct hash root;
    const struct state_diff diff = state_diff(arena, outcome.state);
    if (!root_after(test, &root, &import->parent->header.state_root, &diff)) {
        (void)fail(test, "the trie misses a node");
    }
    import->verdict = chain_check_state_root(&import->block.header, &root);
    prestate_apply(arena, &import->state, &import->parent->state, &diff);
}

static void import_block(struct test *test, struct import *import, struct bytes encoded) {
    struct arena *const arena = &test->worker->arena;
    import->verdict = block_decode(arena, &import->block, &import->tx_verdict, encoded);
    if (import->verdict == BLOCK_VALID) import_decoded(test, import);
}

/* Some old blocks with a bad transaction have a wrong transactions root too, which we see first. With
 * that put right, the fault that is meant must show. */
static void import_with_right_root(struct test *test, struct import *import) {
    struct block *const block = &import->block;
    block_transactions_root(
        &test->worker->arena, &block->header.transactions_root, block->encoded_txs, block->tx_count
    );
    import_decoded(test, import);
}

/* Builds the block again; what comes out must have the same hash. Only blocks of proof of stake are
 * ever built. */
static bool rebuild(struct test *test, const struct import *import) {
    struct arena *const arena = &test->worker->arena;
    const struct header *const header = &import->block.header;
    if (!u256_is_zero(&header->difficulty)) return true;
    struct prestate_source source = {
        &import->parent->state, suite_link_block_hash, (void *)(uintptr_t)import->parent};
    const struct state_reader reader = prestate_reader(&source);
    const struct build_attributes attributes = {
        .timestamp = header->timestamp,
        .fee_recipient = header->fee_recipient,
        .prev_randao = header->prev_randao,
        .withdrawals = import->block.withdrawals,
        .withdrawal_count = import->block.withdrawal_count,
        .parent_beacon_root = header->parent_beacon_root,
        .gas_limit_target = header->gas_limit,
        .extra_data = bytes_from(header->extra_data, header->extra_data_size),
    };
    struct block_builder builder;
    struct block_outcome outcome;
    struct block block;
    build_begin(
        &builder, arena, &test->worker->vm, &reader, &import->config, &import->parent->header,
        &attributes
    );
    for (size_t i = 0; i < import->block.tx_count; i++) {
        struct tx_outcome tx_outcome;
        struct address sender;
        const struct tx *const tx = &import->block.txs[i];
        const struct bytes encoded = import->block.encoded_txs[i];
        if (tx_sender(arena, &sender, tx, &builder.run.rules) != TX_VALID) return false;
        if (build_try_tx(&builder, &tx_outcome, tx, encoded, &sender) != TX_VALID) return false;
    }
    if (build_finish(&builder, &outcome) != BLOCK_VALID) return false;
    build_seal(&builder, &block, &header->state_root);
    struct hash hash;
    struct hash expected;
    header_hash(&hash, &block.header);
    header_hash(&expected, header);
    return hash_equal(&hash, &expected);
}

/* "expectException", or in old files "expectException" with the network's name or ALL behind it. */
static struct bytes expected_exception(const struct json *json, const char *network) {
    static const char key[] = "expectException";
    const size_t prefix = strlen(key);
    for (const struct json *one = json_first(json); one != NULL; one = one->next) {
        const struct bytes name = json_key(one);
        if (name.len < prefix || memcmp(name.data, key, prefix) != 0) continue;
        const struct bytes fork = bytes_slice(name, prefix, name.len - prefix);
        if (fork.len == 0 || bytes_equal(fork, BYTES_LITERAL("ALL")) ||
            bytes_equal(fork, bytes_from(network, strlen(network)))) {
            return json_text(one);
        }
    }
    return bytes_from(NULL, 0);
}

static bool check_refusal(
    struct test *test, struct import *import, const struct json *json, size_t index
) {
    const struct bytes expected = expected_exception(json, test->network);
    if (import->verdict == BLOCK_INVALID_TRANSACTIONS_ROOT &&
        !suite_exception_matches(expected, block_verdict_name(import->verdict))) {
        import_with_right_root(test, import);
    }
    const char *const block_name = block_verdict_name(import->verdict);
    const char *const tx_name = tx_verdict_name(import->tx_verdict);
    const char *const name = import->verdict == BLOCK_INVALID_TRANSACTION ? tx_name : block_name;
    if (import->verdict == BLOCK_VALID || !suite_exception_matches(expected, name)) {
        (void)snprintf(
            test->detail, sizeof test->detail, "block %zu %s %s, expected %.*s", index,
            import->verdict == BLOCK_VALID ? "imported" : "refused with", name, (int)expected.len,
            (const char *)expected.data
        );
        return false;
    }
    return true;
}

/* The state before a block, for a stateless execution. */
struct before {
    struct test *test;
    const struct suite_link *parent;
};

static bool find_code(void *ctx, const struct hash *hash, struct bytes *code) {
    const struct before *const before = ctx;
    const struct prestate *const state = &before->parent->state;
    for (size_t i = 0; i < state->count; i++) {
        if (!hash_equal(&state->accounts[i].account.code_hash, hash)) continue;
        *code = state->accounts[i].code;
        return true;
    }
    return false;
}

static bool find_header(void *ctx, uint64_t number, struct bytes *encoded) {
    const struct before *const before = ctx;
    const struct suite_link *const link = suite_link_at(before->parent, number);
    if (link == NULL) return false;
    *encoded = header_encode(&before->test->worker->arena, &link->header);
    return true;
}

static bool check_block(struct test *test, const struct import *import, struct bytes encoded) {
    struct before before = {test, import->parent};
    const struct stateless_source source = {
        .nodes = {read_node, &test->nodes},
        .code = find_code,
        .header = find_header,
        .ctx = &before,
    };
    if (test->check == NULL) return true;
    const char *const wrong = test->check(test->worker, &import->config, encoded, &source);
    return wrong == NULL || fail(test, wrong);
}

static bool one_block(struct test *test, const struct json *json, size_t index) {
    struct arena *const arena = &test->worker->arena;
    struct import import = {.tx_verdict = TX_VALID};
    struct bytes encoded;
    if (!json_read_bytes(arena, json_get(json, "rlp"), &encoded, BLOCK_BYTES_MAX)) {
        return fail(test, "a block has no rlp");
    }
    import_block(test, &import, encoded);
    if (json_get(json, "blockHeader") == NULL) return check_refusal(test, &import, json, index);
    if (import.verdict != BLOCK_VALID) {
        (void)snprintf(
            test->detail, sizeof test->detail, "block %zu refused with %s %s", index,
            block_verdict_name(import.verdict), tx_verdict_name(import.tx_verdict)
        );
        return false;
    }
    if (!bytes_equal(block_encode(arena, &import.block), encoded)) {
        return fail(test, "a block encodes to other bytes");
    }
    if (block_encoded_size(&import.block) != encoded.len) {
        return fail(test, "a block's size differs");
    }
    if (!rebuild(test, &import)) return fail(test, "the builder makes another block");
    if (!check_block(test, &import, encoded)) return false;
    suite_chain_append(&test->chain, arena, import.parent, &import.block, &import.state);
    return true;
}

static bool check_end(struct test *test) {
    struct arena *const arena = &test->worker->arena;
    struct hash hash;
    struct hash root;
    struct prestate expected;
    if (!json_read_hash(json_get(test->json, "lastblockhash"), &hash) ||
        !hash_equal(&hash, &test->chain.head->hash)) {
        return fail(test, "the last block differs");
    }
    prestate_root(arena, &root, &test->chain.head->state);
    if (!hash_equal(&root, &test->chain.head->header.state_root)) {
        return fail(test, "the last state has another root when its trie is built whole");
    }
    const struct json *const post_hash = json_get(test->json, "postStateHash");
    if (post_hash != NULL && (!json_read_hash(post_hash, &hash) || !hash_equal(&hash, &root))) {
        return fail(test, "the last state's root differs");
    }
    const struct json *const post = json_get(test->json, "postState");
    if (json_kind(post) != JSON_OBJECT) return true;
    if (!prestate_read(arena, &expected, post)) return fail(test, "postState is not understood");
    return !prestate_difference(
        test->detail, sizeof test->detail, &expected, &test->chain.head->state
    );
}

static void run_test(struct test *test) {
    const struct json *const blocks = json_get(test->json, "blocks");
    suite_chain_init(&test->chain, &test->worker->arena, json_count(blocks) + 1);
    if (!suite_chain_config(&test->config, test->json, test->network)) {
        (void)fail(test, "network or configuration not understood");
        return;
    }
    if (!make_genesis(test)) return;
    size_t index = 0;
    for (const struct json *block = json_first(blocks); block != NULL; block = block->next) {
        if (!one_block(test, block, index++)) return;
    }
    (void)check_end(test);
}

/* The oldest files do not say, and have seals. */
static const struct header_seal *seal_of(const struct json *json) {
    const struct bytes engine = json_text(json_get(json, "sealEngine"));
    return bytes_equal(engine, BYTES_LITERAL("NoProof")) ? NULL : &seal_cache_checker;
}

void blocktest_run_file(
    struct suite_worker *worker, const struct json *root, blocktest_check *check
) {
    for (const struct json *json = json_first(root); json != NULL; json = json->next) {
        const struct bytes network = json_text(json_get(json, "network"));
        if (network.len == 0 || network.len >= FORK_NAME_MAX) continue; /* of another kind */
        if (json_get(json, "blocks") == NULL) continue;
        char name[FORK_NAME_MAX];
        (void)snprintf(name, sizeof name, "%.*s", (int)network.len, (const char *)network.data);
        const struct suite_case one = {json_key(json), name, -1};
        if (!suite_wants(worker, &one)) continue;
        const struct arena_mark mark = arena_mark(&worker->arena);
        struct test *const test = ARENA_NEW(&worker->arena, struct test);
        test->worker = worker;
        test->json = json;
        test->check = check;
        test->network = name;
        test->seal = seal_of(json);
        run_test(test);
        const struct hash *const state_root =
            test->chain.head == NULL ? NULL : &test->chain.head->header.state_root;
        suite_report(worker, &one, state_root, test->detail[0] == '\0' ? NULL : test->detail);
        arena_rewind(&worker->arena, mark);
    }
}

static void run_file(struct suite_worker *worker, const struct json *root) {
    blocktest_run_file(worker, root, NULL);
}

int cmd_blocktest(int argc, char **argv) {
    static const struct suite suite = {
        .command = "evm blocktest",
        .summary =
            "Runs blockchain tests: imports encoded blocks, or refuses them for the right reason,\n"
            "and builds each imported one again. A case is one named test.",
        .format = "blockchain",
        .run_file = run_file,
    };
    return suite_main(&suite, argc, argv);
}
