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
#include "cmd/prestate.h"
#include "cmd/suite.h"
#include "crypto/keccak.h"

#include <stdio.h>

enum {
    BLOCK_BYTES_MAX = 64 << 20,
    NODE_TABLE_MIN = 1024,
    TRANSITION_TIME = 15000,
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

/* A block that was imported, the state after it, and the one before it. */
struct link {
    const struct link *parent;
    struct header header;
    struct hash hash;
    struct prestate state;
};

struct test {
    struct suite_worker *worker;
    const struct json *json;
    struct chain_config config;
    struct node_table nodes;
    const struct link **links;
    size_t link_count;
    const struct link *head;
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

static bool read_blob_schedule(struct chain_config *config, const struct json *schedule) {
    for (const struct json *one = json_first(schedule); one != NULL; one = one->next) {
        const enum fork fork = fork_from_name(json_key(one));
        if (fork == FORK_COUNT) continue; /* a fork to come */
        struct blob_params *const params = &config->blobs[fork];
        if (!json_read_u64(json_get(one, "target"), &params->target)) return false;
        if (!json_read_u64(json_get(one, "max"), &params->max)) return false;
        if (!json_read_u64(json_get(one, "baseFeeUpdateFraction"), &params->update_fraction)) {
            return false;
        }
    }
    return true;
}

/* "Osaka", or "PragueToOsakaAtTime15k". */
static bool read_config(struct test *test, const char *network) {
    static const char middle[] = "To";
    static const char end[] = "AtTime15k";
    const struct json *const given = json_get(test->json, "config");
    const struct json *const id = json_get(given, "chainid");
    const size_t len = strlen(network);
    uint64_t chain_id = 1;
    enum fork first = fork_from_name(bytes_from(network, len));
    enum fork last = first;
    if (id != NULL && !json_read_u64(id, &chain_id)) return false;
    if (first == FORK_COUNT) {
        const char *const to = strstr(network, middle);
        if (to == NULL || len < sizeof end || strcmp(network + len - strlen(end), end) != 0) {
            return false;
        }
        const char *const second = to + strlen(middle);
        first = fork_from_name(bytes_from(network, (size_t)(to - network)));
        last = fork_from_name(bytes_from(second, (size_t)(network + len - strlen(end) - second)));
        if (first == FORK_COUNT || last == FORK_COUNT) return false;
    }
    test->config = chain_config_at(chain_id, first);
    for (enum fork fork = first + 1; fork <= last; fork++) {
        test->config.activation[fork] = TRANSITION_TIME;
    }
    return read_blob_schedule(&test->config, json_get(given, "blobSchedule"));
}

static const struct link *find_link(const struct test *test, const struct hash *hash) {
    for (size_t i = 0; i < test->link_count; i++) {
        if (hash_equal(&test->links[i]->hash, hash)) return test->links[i];
    }
    return NULL;
}

static void block_hash(void *ctx, uint64_t number, struct hash *out) {
    const struct link *link = ctx;
    *out = (struct hash){{0}};
    while (link != NULL && link->header.number != number) {
        link = link->parent;
    }
    if (link != NULL) *out = link->hash;
}

static void append_link(
    struct test *test,
    const struct link *parent,
    const struct header *header,
    const struct prestate *state
) {
    struct link *const link = ARENA_NEW(&test->worker->arena, struct link);
    *link = (struct link){.parent = parent, .header = *header, .state = *state};
    header_hash(&link->hash, header);
    test->links[test->link_count++] = link;
    test->head = link;
}

/* The genesis block as given in RLP, on the state given in JSON. */
static bool make_genesis(struct test *test) {
    struct arena *const arena = &test->worker->arena;
    struct bytes encoded;
    struct block block;
    enum tx_verdict tx_verdict;
    struct prestate state;
    struct hash expected;
    if (!json_read_bytes(arena, json_get(test->json, "genesisRLP"), &encoded, BLOCK_BYTES_MAX)) {
        return fail(test, "no genesisRLP");
    }
    if (block_decode(arena, &block, &tx_verdict, encoded) != BLOCK_VALID) {
        return fail(test, "genesis does not decode");
    }
    if (!prestate_read(arena, &state, json_get(test->json, "pre"))) {
        return fail(test, "pre is not understood");
    }
    append_link(test, NULL, &block.header, &state);
    const struct json *const header = json_get(test->json, "genesisBlockHeader");
    if (!json_read_hash(json_get(header, "hash"), &expected) ||
        !hash_equal(&expected, &test->head->hash)) {
        return fail(test, "genesis hash differs");
    }
    struct prestate nothing = {NULL, 0};
    struct prestate_source source = {&nothing, block_hash, NULL};
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
    const struct link *parent;
    struct prestate state;
};

static void import_decoded(struct test *test, struct import *import) {
    struct arena *const arena = &test->worker->arena;
    import->parent = find_link(test, &import->block.header.parent_hash);
    if (import->parent == NULL) {
        import->verdict = BLOCK_UNKNOWN_PARENT;
        return;
    }
    struct prestate_source source = {
        &import->parent->state, block_hash, (void *)(uintptr_t)import->parent};
    const struct state_reader reader = prestate_reader(&source);
    const struct block_input input = {
        .config = &test->config,
        .parent = &import->parent->header,
        .block = &import->block,
    };
    struct block_outcome outcome;
    chain_execute_block(arena, &outcome, &test->worker->vm, &reader, &input);
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

/* Builds the block again; what comes out must have the same hash. */
static bool rebuild(struct test *test, const struct import *import) {
    struct arena *const arena = &test->worker->arena;
    const struct header *const header = &import->block.header;
    struct prestate_source source = {
        &import->parent->state, block_hash, (void *)(uintptr_t)import->parent};
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
        &builder, arena, &test->worker->vm, &reader, &test->config, &import->parent->header,
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

static bool check_refusal(
    struct test *test, struct import *import, const struct json *json, size_t index
) {
    const struct bytes expected = json_text(json_get(json, "expectException"));
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
    const struct link *parent;
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
    const struct link *link = before->parent;
    while (link != NULL && link->header.number != number) {
        link = link->parent;
    }
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
    const char *const wrong = test->check(test->worker, &test->config, encoded, &source);
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
    append_link(test, import.parent, &import.block.header, &import.state);
    return true;
}

static bool check_end(struct test *test) {
    struct arena *const arena = &test->worker->arena;
    struct hash hash;
    struct hash root;
    struct prestate expected;
    if (!json_read_hash(json_get(test->json, "lastblockhash"), &hash) ||
        !hash_equal(&hash, &test->head->hash)) {
        return fail(test, "the last block differs");
    }
    prestate_root(arena, &root, &test->head->state);
    if (!hash_equal(&root, &test->head->header.state_root)) {
        return fail(test, "the last state has another root when its trie is built whole");
    }
    const struct json *const post_hash = json_get(test->json, "postStateHash");
    if (post_hash != NULL && (!json_read_hash(post_hash, &hash) || !hash_equal(&hash, &root))) {
        return fail(test, "the last state's root differs");
    }
    const struct json *const post = json_get(test->json, "postState");
    if (json_kind(post) != JSON_OBJECT) return true;
    if (!prestate_read(arena, &expected, post)) return fail(test, "postState is not understood");
    return !prestate_difference(test->detail, sizeof test->detail, &expected, &test->head->state);
}

static void run_test(struct test *test, const char *network) {
    const struct json *const blocks = json_get(test->json, "blocks");
    test->links = ARENA_ARRAY(&test->worker->arena, const struct link *, json_count(blocks) + 1);
    if (!read_config(test, network)) {
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
        run_test(test, name);
        const struct hash *const state_root =
            test->head == NULL ? NULL : &test->head->header.state_root;
        suite_report(worker, &one, state_root, test->detail[0] == '\0' ? NULL : test->detail);
        arena_rewind(&worker->arena, mark);
    }
}

static void run_file(struct suite_worker *worker, const struct json *root) {
    blocktest_run_file(worker, root, NULL);
}

int cmd_blocktest(int argc, char **argv) {
    static const char *const forks[] = {
        "Paris",
        "Shanghai",
        "Cancun",
        "Prague",
        "Osaka",
        "ParisToShanghaiAtTime15k",
        "ShanghaiToCancunAtTime15k",
        "CancunToPragueAtTime15k",
        "PragueToOsakaAtTime15k",
        "OsakaToBPO1AtTime15k",
        "BPO1ToBPO2AtTime15k",
        "BPO2ToBPO3AtTime15k",
        "BPO3ToBPO4AtTime15k",
        NULL,
    };
    static const struct suite suite = {
        .command = "evm blocktest",
        .summary =
            "Runs blockchain tests: imports encoded blocks, or refuses them for the right reason,\n"
            "and builds each imported one again. A case is one named test.",
        .format = "blockchain",
        .default_forks = forks,
        .run_file = run_file,
    };
    return suite_main(&suite, argc, argv);
}
