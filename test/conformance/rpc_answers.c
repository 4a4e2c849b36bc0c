/* rpc_answers: what the node answers about blocks and transactions that it has, against the official
 * conversations of execution-apis (rpc_compat), order of members aside.
 *
 * The chain of the fixtures is put into a store as it is, without running it: so the methods below
 * are those that need no state and no receipts. Fixtures as in vectors.h, which cannot be used here:
 * jansson's names are ours.
 */
#include "chain/block.h"
#include "codec/hex.h"
#include "codec/rlp.h"
#include "pool/pool.h"
#include "rpc/backend.h"
#include "rpc/dispatch.h"
#include "rpc/eth.h"
#include "store/store.h"
#include "world/heap.h"

#include <dirent.h>
#include <unistd.h>

#include <stdio.h>
#include <stdlib.h>

enum { SKIPPED = 77, PATH_SIZE = 1024, FILE_SIZE_MAX = 1 << 24 };

static const char folder[] = "rpc_compat/rpc_compat/tests";
#define CHAIN_ID UINT64_C(3503995874084926) /* of the fixtures' genesis.json */

static const char *const methods[] = {
    "debug_getRawBlock",
    "debug_getRawHeader",
    "debug_getRawTransaction",
    "eth_chainId",
    "eth_getBlockByHash",
    "eth_getBlockByNumber",
    "eth_getBlockTransactionCountByHash",
    "eth_getBlockTransactionCountByNumber",
    "eth_getTransactionByBlockHashAndIndex",
    "eth_getTransactionByBlockNumberAndIndex",
    "eth_getTransactionByHash",
    "eth_syncing",
    "net_version",
};

static struct node {
    struct arena arena;
    struct store *store;
    struct pool *pool;
    struct chain_config config;
    struct rpc_block_id head;
    struct rpc_backend backend;
    struct rpc_dispatcher *dispatcher;
    struct json_writer answer;
    size_t passed, failed;
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

static void append(struct bytes encoded) {
    struct block block;
    enum tx_verdict verdict;
    ASSERT(block_decode(&node.arena, &block, &verdict, encoded) == BLOCK_VALID);
    struct hash *hashes = ARENA_ARRAY(&node.arena, struct hash, block.tx_count);
    for (size_t i = 0; i < block.tx_count; i++) {
        tx_hash_of(&hashes[i], block.encoded_txs[i]);
    }
    struct store_block stored = {
        .mark = {.number = block.header.number, .state_root = block.header.state_root},
        .parent_hash = block.header.parent_hash,
        .header = header_encode(&node.arena, &block.header),
        .body = body_of(encoded),
        .tx_hashes = hashes,
        .tx_count = block.tx_count,
    };
    header_hash(&stored.mark.hash, &block.header);
    if (node.store == NULL) {
        const struct store_options options = {
            .genesis_hash = stored.mark.hash, .chain_config = BYTES_LITERAL("{}")};
        struct store_opening opening;
        need(store_open(&node.store, &opening, &options));
    }
    const struct state_diff nothing = {NULL, 0};
    const struct store_change change = {.diff = &nothing};
    need(store_append(node.store, &stored, &change));
    node.head = (struct rpc_block_id){stored.mark.number, stored.mark.hash};
}

/* The genesis block is not in chain.rlp, but one of the answers is its encoding. */
static void load_chain(void) {
    struct bytes text, chain, genesis;
    static const char mark[] = "\"result\":\"";
    ASSERT(read_file(&text, "debug_getRawBlock/get-genesis.io") && read_file(&chain, "chain.rlp"));
    const char *start = memmem(text.data, text.len, mark, sizeof mark - 1);
    ASSERT(start != NULL);
    start += sizeof mark - 1;
    const struct bytes hex = bytes_from(start, strcspn(start, "\""));
    ASSERT(hex_decode_arena(&node.arena, &genesis, hex, FILE_SIZE_MAX) == HEX_VALID);
    append(genesis);
    struct rlp_reader reader = rlp_read(chain);
    while (rlp_more(&reader)) {
        append(rlp_read_item(&reader).whole);
    }
    ASSERT(rlp_finish(&reader) == RLP_VALID);
}

static void heads(void *ctx, struct rpc_heads *out) {
    (void)ctx;
    *out = (struct rpc_heads){
        .latest = node.head,
        .safe = node.head,
        .finalized = node.head,
        .has_safe = true,
        .has_finalized = true,
    };
}

/* ---- The conversations ---- */

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
    for (const struct json *item = json_first(a); item != NULL; item = item->next) {
        if (json_kind(a) == JSON_OBJECT) {
            other = json_first(b);
            while (other != NULL && !bytes_equal(json_key(other), json_key(item))) {
                other = other->next;
            }
        }
        if (!same(item, other)) return false;
        if (json_kind(a) == JSON_ARRAY) other = other->next;
    }
    return true;
}

static bool answers_as_wanted(struct bytes request, struct bytes wanted_text) {
    const struct json *wanted, *given;
    json_writer_reset(&node.answer, 0);
    if (!rpc_dispatch(node.dispatcher, &node.answer, request, NULL)) return false;
    return json_parse(&node.arena, &wanted, wanted_text, &json_limits_file) == JSON_VALID &&
        json_parse(&node.arena, &given, json_writer_text(&node.answer), &json_limits_file) ==
        JSON_VALID &&
        same(wanted, given);
}

/* Lines ">> request" and "<< answer"; others are comments. */
static void run_file(const char *name) {
    struct bytes text, request = {NULL, 0};
    if (!read_file(&text, name)) {
        printf("FAIL %s: cannot be read\n", name);
        node.failed++;
        return;
    }
    bool good = true;
    for (size_t at = 0; at < text.len;) {
        const uint8_t *end = memchr(text.data + at, '\n', text.len - at);
        const size_t len = end == NULL ? text.len - at : (size_t)(end - text.data) - at;
        const struct bytes line = bytes_slice(text, at, len);
        at += len + 1;
        if (len < 3) continue;
        const struct bytes rest = bytes_slice(line, 3, len - 3);
        if (memcmp(line.data, ">> ", 3) == 0) request = rest;
        if (memcmp(line.data, "<< ", 3) == 0) good = good && answers_as_wanted(request, rest);
    }
    if (good) {
        node.passed++;
        return;
    }
    printf(
        "FAIL %s: %.*s\n", name, (int)(node.answer.len < 2000 ? node.answer.len : 2000),
        (const char *)node.answer.data
    );
    node.failed++;
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

static void start_node(void) {
    node.config = chain_config_at(CHAIN_ID, FORK_OSAKA);
    node.pool = pool_create(&heap_source, NULL);
    node.backend = (struct rpc_backend){
        .store = node.store,
        .pool = node.pool,
        .config = &node.config,
        .chain_id = CHAIN_ID,
        .network_id = CHAIN_ID,
        .client_version = "test",
        .heads = heads,
    };
    json_writer_init(&node.answer, RPC_ANSWER_SIZE_MAX);
}

int main(void) {
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
    struct rpc_eth *eth = rpc_eth_create(&node.backend, NULL, NULL);
    struct rpc_table tables[RPC_ETH_TABLES_MAX];
    const struct rpc_dispatcher_options options = {
        .tables = tables, .table_count = rpc_eth_tables(eth, tables)};
    node.dispatcher = rpc_dispatcher_create(&options);
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        run_method(methods[i]);
    }
    rpc_dispatcher_destroy(node.dispatcher);
    rpc_eth_destroy(eth);
    pool_destroy(node.pool);
    store_close(node.store);
    json_writer_free(&node.answer);
    arena_reset(&node.arena);
    printf("%zu passed, %zu failed\n", node.passed, node.failed);
    return node.failed == 0 && node.passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
