/* rpc_answers: what the node answers, against the official conversations of execution-apis
 * (rpc_compat), order of members aside.
 *
 * The chain of the fixtures is run from its genesis, across all forks, block by block, and each root
 * must be the header's. Fixtures as in vectors.h, which cannot be used here: jansson's names are ours.
 *
 *   rpc_answers [METHOD]…    only these
 */
#include "chain/execute.h"
#include "chain/state_root.h"
#include "codec/hex.h"
#include "codec/rlp.h"
#include "crypto/kzg.h"
#include "pool/pool.h"
#include "rpc/backend.h"
#include "rpc/dispatch.h"
#include "rpc/eth.h"
#include "service/genesis_file.h"
#include "store/store.h"
#include "world/heap.h"

#include <dirent.h>
#include <unistd.h>

#include <stdio.h>
#include <stdlib.h>

enum { SKIPPED = 77, PATH_SIZE = 1024, FILE_SIZE_MAX = 1 << 24 };

static const char folder[] = "rpc_compat/rpc_compat/tests";

/* Calls that are not made, with the reason. */
static const struct {
    const char *method, *reason;
} skipped[] = {
    {"testing_buildBlockV1", "a method for test generators; there is no such namespace"},
};

/* txpool_content shows a transaction that no conversation sends: it is sent first, put together from what
 * is shown of it; its hash says whether it is the one. */
static const char unsent_file[] = "txpool_content/get-content.io";
static const char unsent_request[] =
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_sendRawTransaction\",\"params\":[\""
    "0x02f8d0870c72dd9d5e883e038201f48401a2158b83013880947dcd17433742f4c0ca53122ab541d0ba"
    "67fc27df808401020304f85bf859947dcd17433742f4c0ca53122ab541d0ba67fc27dff842a000000000"
    "00000000000000000000000000000000000000000000000000000000a001000000000000000000000000"
    "0000000000000000000000000000000000000001a013441f796609349cf843b8a0b4f7eee7f898657a28"
    "aa226c8db3383a4ad87c34a07edae97fbc1f2bcd8e62967b2568bbafe7577ff279d24f89dff6d7533624"
    "6956\"]}";
static const char unsent_answer[] =
    "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":"
    "\"0x8b63a0e2744c3c93a84d0c3ac637855d182db2aa46ea39e7bfa5df54ac98b72c\"}";

static struct node {
    struct arena arena;
    struct genesis genesis;
    struct chain_vm vm;
    struct store *store;
    struct kzg_setup *kzg;
    struct pool *pool;
    struct ommers_ancestor ancestors[OMMERS_GENERATIONS];
    size_t ancestor_count;
    struct header head;
    struct rpc_block_id head_id;
    struct rpc_backend backend;
    struct rpc_eth *eth;
    struct rpc_dispatcher *dispatcher;
    struct json_writer answer;
    size_t passed, failed, skipped;
} node;

static const char *root(void) {
    const char *given = getenv("INFINITY_FIXTURES");
    return given != NULL && given[0] != '\0' ? given : "build/fixtures";
}

static bool read_file(struct bytes *out, const char *name) {
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s/%s", root(), folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    uint8_t *data = arena_alloc_raw(&node.arena, FILE_SIZE_MAX, 1);
    const size_t size = fread(data, 1, FILE_SIZE_MAX, file);
    *out = bytes_from(data, size);
    return fclose(file) == 0 && size < FILE_SIZE_MAX;
}

/* ---- The chain ---- */

static void need(struct status status) {
    if (!failed(status)) return;
    printf("FAIL %s\n", status.context);
    exit(EXIT_FAILURE);
}

/* The list of what stands behind the header. */
static struct bytes body_of(struct bytes encoded) {
    struct rlp_reader reader = rlp_read(encoded);
    struct rlp_writer writer = rlp_writer_in(&node.arena, encoded.len);
    const struct rlp_list block = rlp_enter(&reader);
    const size_t body = rlp_list_begin(&writer);
    (void)rlp_read_item(&reader);
    while (rlp_more(&reader)) {
        rlp_write_raw(&writer, rlp_read_item(&reader).whole);
    }
    rlp_leave(&reader, block);
    rlp_list_end(&writer, body);
    return rlp_written(&writer);
}

/* Puts a block into the store whose run has left state behind, on top of the trie of its parent. */
static void append(
    const struct block *block,
    struct bytes body,
    const struct receipt *receipts,
    struct state *state,
    const struct trie_reader *trie,
    const struct hash *old_root
) {
    struct trie_writes writes = {0};
    struct hash root;
    const struct state_diff diff = state_diff(&node.arena, state);
    struct trie_account_change *changes = chain_trie_changes(&node.arena, &diff);
    ASSERT(
        state_trie_update(&node.arena, &writes, &root, trie, old_root, changes, diff.count) ==
        TRIE_VALID
    );
    if (!hash_equal(&root, &block->header.state_root)) {
        printf("FAIL block %d: another state root\n", (int)block->header.number);
        exit(EXIT_FAILURE);
    }
    struct hash *hashes = ARENA_ARRAY(&node.arena, struct hash, block->tx_count);
    for (size_t i = 0; i < block->tx_count; i++) {
        tx_hash_of(&hashes[i], block->encoded_txs[i]);
    }
    struct store_block stored = {
        .mark = {.number = block->header.number, .state_root = root},
        .parent_hash = block->header.parent_hash,
        .header = header_encode(&node.arena, &block->header),
        .body = body,
        .receipts = receipts_encode_stored(&node.arena, receipts, block->tx_count),
        .tx_hashes = hashes,
        .tx_count = block->tx_count,
    };
    header_hash(&stored.mark.hash, &block->header);
    if (node.store == NULL) {
        const struct store_options options = {
            .genesis_hash = stored.mark.hash, .chain_config = BYTES_LITERAL("{}")};
        struct store_opening opening;
        need(store_open(&node.store, &opening, &options));
    }
    const struct store_change change = {&diff, writes.items, writes.count, changes};
    need(store_append(node.store, &stored, &change));
    node.head = block->header;
    node.head_id = (struct rpc_block_id){stored.mark.number, stored.mark.hash};
}

/* The newest first, as ommers.h wants them. */
static void remember(const struct block *block) {
    struct ommers_ancestor *all = node.ancestors;
    struct header *header = ARENA_NEW(&node.arena, struct header);
    memmove(all + 1, all, (OMMERS_GENERATIONS - 1) * sizeof *all);
    *header = block->header;
    all[0] = (struct ommers_ancestor
    ){.header = header, .ommers = block->ommers, .ommer_count = block->ommer_count};
    header_hash(&all[0].hash, header);
    if (node.ancestor_count < OMMERS_GENERATIONS) node.ancestor_count++;
}

static void load_genesis(void) {
    struct bytes text;
    struct block block;
    struct trie_writes writes = {0};
    struct hash root;
    const struct json *json;
    const struct trie_reader trie = {.node = NULL};
    struct state *state = ARENA_NEW(&node.arena, struct state);
    ASSERT(read_file(&text, "genesis.json"));
    ASSERT(json_parse(&node.arena, &json, text, &json_limits_file) == JSON_VALID);
    const char *wrong = genesis_file_read(&node.arena, &node.genesis, json);
    if (wrong != NULL) printf("%s\n", wrong);
    ASSERT(wrong == NULL);
    state_init(state, &node.arena, &genesis_empty_reader);
    genesis_fill_state(state, &node.genesis);
    const struct state_diff diff = state_diff(&node.arena, state);
    ASSERT(
        chain_state_root(&node.arena, &writes, &root, &trie, &state_empty_root, &diff) == TRIE_VALID
    );
    genesis_block(&block, &node.genesis, &root);
    const struct bytes body = block_encode_body(&node.arena, &block);
    append(&block, body, NULL, state, &trie, &state_empty_root);
    remember(&block);
}

/* Receipts before Byzantium have the root after their transaction. */
struct old_trie {
    struct trie_reader trie;
    struct hash root;
};

static bool root_inside(void *ctx, struct hash *out, const struct state_diff *diff) {
    const struct old_trie *old = ctx;
    struct trie_writes writes = {0};
    return chain_state_root(&node.arena, &writes, out, &old->trie, &old->root, diff) == TRIE_VALID;
}

static void run_block(struct bytes encoded) {
    struct store_view *view;
    struct state_reader reader;
    struct block block;
    enum tx_verdict verdict;
    struct block_outcome outcome;
    struct old_trie old = {.root = node.head.state_root};
    ASSERT(block_decode(&node.arena, &block, &verdict, encoded) == BLOCK_VALID);
    need(store_view_open(&view, node.store));
    need(store_state(view, &node.arena, &reader, node.head.number));
    need(store_trie(view, &node.arena, &old.trie, node.head.number));
    const struct chain_rooter rooter = {root_inside, &old};
    const struct block_input input = {
        .config = &node.genesis.config,
        .parent = &node.head,
        .block = &block,
        .rooter = &rooter,
        .ancestors = node.ancestors,
        .ancestor_count = node.ancestor_count,
    };
    chain_execute_block(&node.arena, &outcome, &node.vm, &reader, &input);
    if (outcome.verdict != BLOCK_VALID) {
        printf(
            "FAIL block %d: %s\n", (int)block.header.number, block_verdict_name(outcome.verdict)
        );
        exit(EXIT_FAILURE);
    }
    remember(&block);
    append(&block, body_of(encoded), outcome.receipts, outcome.state, &old.trie, &old.root);
    store_view_close(view);
}

static void load_chain(void) {
    struct bytes chain;
    node.vm.evm = evm_create(&heap_source, 1 << 20);
    load_genesis();
    ASSERT(read_file(&chain, "chain.rlp"));
    struct rlp_reader reader = rlp_read(chain);
    while (rlp_more(&reader)) {
        run_block(rlp_read_item(&reader).whole);
    }
    ASSERT(rlp_finish(&reader) == RLP_VALID);
}

/* ---- What the namespaces ask of a node ---- */

static void heads(void *ctx, struct rpc_heads *out) {
    (void)ctx;
    *out = (struct rpc_heads){
        .latest = node.head_id,
        .safe = node.head_id,
        .finalized = node.head_id,
        .has_safe = true,
        .has_finalized = true,
    };
}

static void pool_head_of(
    struct pool_head *out, struct state_reader *reader, struct store_view *view, struct arena *arena
) {
    const uint64_t time = node.head.timestamp + 12;
    const struct chain_rules rules =
        chain_rules_at(&node.genesis.config, node.head.number + 1, time);
    need(store_state(view, arena, reader, node.head.number));
    *out = (struct pool_head){
        .rules = rules,
        .base_fee = header_next_base_fee(&node.head),
        .blob_base_fee =
            header_blob_base_fee(header_next_excess_blob_gas(&node.head, &rules), &rules),
        .gas_limit = node.head.gas_limit,
        .reader = reader,
    };
}

static struct status submit(
    void *ctx, struct arena *arena, struct rpc_submitted *out, struct bytes raw
) {
    struct store_view *view;
    struct state_reader reader;
    struct pool_head head;
    struct pool_outcome outcome;
    (void)ctx;
    need(store_view_open(&view, node.store));
    pool_head_of(&head, &reader, view, arena);
    pool_add(node.pool, &outcome, &head, raw, true, 0);
    store_view_close(view);
    *out = (struct rpc_submitted){.hash = outcome.hash};
    if (outcome.verdict != POOL_ADDED) {
        char *text = arena_alloc(arena, sizeof outcome.message, 1);
        memcpy(text, outcome.message, sizeof outcome.message);
        out->refusal = text;
    }
    return status_ok;
}

/* ---- The conversations ---- */

static const struct json *find(const struct json *object, struct bytes key) {
    const struct json *member = json_first(object);
    while (member != NULL && !bytes_equal(json_key(member), key)) {
        member = member->next;
    }
    return member;
}

static bool same(const struct json *a, const struct json *b) {
    if (json_kind(a) != json_kind(b) || json_count(a) != json_count(b)) return false;
    switch (json_kind(a)) {
    case JSON_ABSENT:
    case JSON_NULL: return true;
    case JSON_BOOL: return json_is_true(a) == json_is_true(b);
    case JSON_NUMBER:
    case JSON_STRING: return bytes_equal(json_text(a), json_text(b));
    case JSON_ARRAY:
    case JSON_OBJECT: break;
    }
    const struct json *other = json_first(b);
    const bool in_error = bytes_equal(json_key(a), BYTES_LITERAL("error"));
    for (const struct json *item = json_first(a); item != NULL; item = item->next) {
        if (json_kind(a) == JSON_OBJECT) other = find(b, json_key(item));
        /* Of an error the code and the data count, its words are each client's own. */
        const bool is_message = in_error && bytes_equal(json_key(item), BYTES_LITERAL("message"));
        if (is_message ? json_kind(other) != JSON_STRING : !same(item, other)) return false;
        if (json_kind(a) == JSON_ARRAY) other = other->next;
    }
    return true;
}

/* Members named by an address or a number, of which the example shows some. */
static bool is_map_key(struct bytes key) {
    return key.len > 0 && key.data[0] >= '0' && key.data[0] <= '9';
}

static bool similar(const struct json *wanted, const struct json *given);

static bool any_similar(const struct json *wanted, const struct json *map) {
    const struct json *one = json_first(map);
    while (one != NULL && !similar(wanted, one)) {
        one = one->next;
    }
    return one != NULL;
}

/* Where only the shape counts: members that the specification's example has, of the same kind. */
static bool similar(const struct json *wanted, const struct json *given) {
    if (json_kind(wanted) != json_kind(given)) return false;
    if (json_kind(wanted) != JSON_OBJECT) return true;
    for (const struct json *item = json_first(wanted); item != NULL; item = item->next) {
        const struct json *other = find(given, json_key(item));
        /* eth_capabilities: left out where nothing is deleted. */
        const bool may_be_missing = bytes_equal(json_key(item), BYTES_LITERAL("deleteStrategy"));
        if (other == NULL && may_be_missing) continue;
        if (is_map_key(json_key(item)) ? !any_similar(item, given) : !similar(item, other)) {
            return false;
        }
    }
    return true;
}

static bool answers_as_wanted(struct bytes request, struct bytes wanted_text, bool only_shape) {
    const struct json *wanted, *given;
    json_writer_reset(&node.answer, 0);
    if (!rpc_dispatch(node.dispatcher, &node.answer, request, NULL)) return false;
    return json_parse(&node.arena, &wanted, wanted_text, &json_limits_file) == JSON_VALID &&
        json_parse(&node.arena, &given, json_writer_text(&node.answer), &json_limits_file) ==
        JSON_VALID &&
        (only_shape ? similar(json_get(wanted, "result"), json_get(given, "result"))
                    : same(wanted, given));
}

static void judge(const char *name, struct bytes request, struct bytes wanted, bool only_shape) {
    enum { SHOWN_MAX = 2000 };
    if (answers_as_wanted(request, wanted, only_shape)) {
        node.passed++;
        return;
    }
    const size_t shown = node.answer.len < SHOWN_MAX ? node.answer.len : SHOWN_MAX;
    printf("FAIL %s: %.*s\n", name, (int)shown, (const char *)node.answer.data);
    node.failed++;
}

static bool is_skipped(struct bytes request) {
    for (size_t i = 0; i < ARRAY_LEN(skipped); i++) {
        char method[80];
        const int len = snprintf(method, sizeof method, "\"method\":\"%s\"", skipped[i].method);
        if (memmem(request.data, request.len, method, (size_t)len) != NULL) return true;
    }
    return false;
}

/* Lines ">> request" and "<< answer"; others are comments, of which "// speconly" says that only the
 * shape of the answers counts. */
static void run_file(const char *name) {
    struct bytes text, request = {NULL, 0};
    if (!read_file(&text, name)) {
        printf("FAIL %s: cannot be read\n", name);
        node.failed++;
        return;
    }
    if (strcmp(name, unsent_file) == 0) {
        const struct bytes answer = bytes_from(unsent_answer, strlen(unsent_answer));
        judge(name, bytes_from(unsent_request, strlen(unsent_request)), answer, false);
    }
    const bool only_shape = memmem(text.data, text.len, "// speconly", 11) != NULL;
    for (size_t at = 0; at < text.len;) {
        const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
        const size_t len = end == NULL ? text.len - at : (size_t)(end - text.data) - at;
        const struct bytes line = bytes_slice(text, at, len);
        at += len + 1;
        if (len < 3) continue;
        const struct bytes rest = bytes_slice(line, 3, len - 3);
        if (memcmp(line.data, ">> ", 3) == 0) request = rest;
        if (memcmp(line.data, "<< ", 3) != 0) continue;
        if (is_skipped(request)) {
            node.skipped++;
        } else {
            judge(name, request, rest, only_shape);
        }
    }
}

static void run_method(const char *method) {
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s/%s", root(), folder, method);
    DIR *directory = opendir(path);
    if (directory == NULL) {
        printf("FAIL %s: no such folder\n", method);
        node.failed++;
        return;
    }
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        const size_t len = strlen(entry->d_name);
        if (len < 3 || strcmp(entry->d_name + len - 3, ".io") != 0) continue;
        char name[PATH_SIZE];
        const struct arena_mark mark = arena_mark(&node.arena);
        (void)snprintf(name, sizeof name, "%s/%s", method, entry->d_name);
        run_file(name);
        arena_rewind(&node.arena, mark);
    }
    (void)closedir(directory);
}

static int is_method(const struct dirent *entry) {
    return entry->d_name[0] != '.' && strchr(entry->d_name, '.') == NULL;
}

static void run_all(void) {
    char path[PATH_SIZE];
    struct dirent **entries;
    (void)snprintf(path, sizeof path, "%s/%s", root(), folder);
    const int count = scandir(path, &entries, is_method, alphasort);
    for (int i = 0; i < count; i++) {
        run_method(entries[i]->d_name);
        free(entries[i]);
    }
    if (count >= 0) free(entries);
}

static void start_node(void) {
    static struct rpc_table tables[RPC_ETH_TABLES_MAX];
    node.kzg = kzg_setup_create(&node.arena);
    node.pool = pool_create(&heap_source, node.kzg);
    node.backend = (struct rpc_backend){
        .store = node.store,
        .pool = node.pool,
        .config = &node.genesis.config,
        .chain_id = node.genesis.config.chain_id,
        .network_id = node.genesis.config.chain_id,
        .client_version = "test",
        .heads = heads,
        .submit = submit,
    };
    node.eth = rpc_eth_create(&node.backend, NULL, NULL);
    const struct rpc_dispatcher_options options = {
        .tables = tables, .table_count = rpc_eth_tables(node.eth, tables)};
    node.dispatcher = rpc_dispatcher_create(&options);
    json_writer_init(&node.answer, RPC_ANSWER_SIZE_MAX);
}

static void stop_node(void) {
    rpc_dispatcher_destroy(node.dispatcher);
    rpc_eth_destroy(node.eth);
    pool_destroy(node.pool);
    kzg_setup_destroy(node.kzg);
    store_close(node.store);
    evm_destroy(node.vm.evm);
    json_writer_free(&node.answer);
    arena_reset(&node.arena);
}

int main(int argc, char **argv) {
    char path[PATH_SIZE];
    (void)snprintf(path, sizeof path, "%s/%s", root(), folder);
    if (access(path, R_OK) != 0) {
        const char *ci = getenv("CI");
        const bool is_ci = ci != NULL && strcmp(ci, "true") == 0;
        printf(
            "no fixtures at %s\n%s\n", path,
            is_ci ? "0 passed, 1 failed" : "0 passed, 0 failed, 1 skipped"
        );
        return is_ci ? EXIT_FAILURE : SKIPPED;
    }
    arena_init(&node.arena, &heap_source);
    load_chain();
    start_node();
    for (int i = 1; i < argc; i++) {
        run_method(argv[i]);
    }
    if (argc == 1) run_all();
    stop_node();
    for (size_t i = 0; i < ARRAY_LEN(skipped); i++) {
        printf("not run: %s: %s\n", skipped[i].method, skipped[i].reason);
    }
    printf("%zu passed, %zu failed, %zu skipped\n", node.passed, node.failed, node.skipped);
    return node.failed == 0 && node.passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
