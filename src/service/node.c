#include "service/node.h"

#include "base/checked.h"
#include "json/json.h"
#include "rpc/backend.h"
#include "world/files.h"
#include "world/heap.h"
#include "world/log.h"

#include <unistd.h>
#include <uv.h>

#include <stdio.h>
#include <stdlib.h>

struct node_options node_options_default(void) {
    return (struct node_options){
        .host = "127.0.0.1",
        .port = 8545,
        .serves = true,
        .chain_id = DEV_CHAIN_ID,
        .gas_limit = DEV_GAS_LIMIT,
        .automine = true,
    };
}

/* ---- what the chain in a directory began with ---- */

enum { CHAIN_FILE_MAX = 4096 };
#define CHAIN_FILE "chain.json"

static bool read_chain_file(struct dev_chain_options *out, struct arena *arena, struct bytes text) {
    const struct json *root;
    return json_parse(arena, &root, text, &json_limits_file) == JSON_VALID &&
        json_read_u64(json_get(root, "chainId"), &out->chain_id) &&
        json_read_u64(json_get(root, "gasLimit"), &out->gas_limit) &&
        json_read_u64(json_get(root, "blockTimeMs"), &out->block_time_ms) &&
        json_read_u64(json_get(root, "timestamp"), &out->timestamp);
}

static struct status write_chain_file(const char *path, const struct dev_chain_options *options) {
    struct json_writer writer;
    json_writer_init(&writer, CHAIN_FILE_MAX);
    json_begin_object(&writer);
    json_name(&writer, "chainId");
    json_write_number(&writer, options->chain_id);
    json_name(&writer, "gasLimit");
    json_write_number(&writer, options->gas_limit);
    json_name(&writer, "blockTimeMs");
    json_write_number(&writer, options->block_time_ms);
    json_name(&writer, "timestamp");
    json_write_number(&writer, options->timestamp);
    json_end_object(&writer);
    const struct status status = file_write_whole(path, json_writer_text(&writer));
    json_writer_free(&writer);
    return status;
}

/* A directory's chain goes on as it began, whatever the options say now; a new one begins as they
 * say, and remembers it. */
static struct status settle_genesis(
    struct node *node, struct dev_chain_options *out, char message[NODE_MESSAGE_SIZE]
) {
    *out = (struct dev_chain_options){
        .chain_id = node->options.chain_id,
        .gas_limit = node->options.gas_limit,
        .block_time_ms = node->options.interval_ms,
        .timestamp = clock_wall_ms(&real_clock) / 1000,
    };
    if (node->options.data_dir == NULL) return status_ok;
    char path[4096];
    const int length = snprintf(path, sizeof path, "%s/" CHAIN_FILE, node->options.data_dir);
    if (length < 0 || (size_t)length >= sizeof path) {
        (void)snprintf(message, NODE_MESSAGE_SIZE, "the path of the data directory is too long");
        return status_make(STATUS_UNAVAILABLE, 0, "opening the data directory");
    }
    struct bytes text;
    struct status status = file_make_directory(node->options.data_dir);
    if (!failed(status)) status = file_read_whole(&node->arena, &text, path, CHAIN_FILE_MAX);
    const bool is_new = status.code == STATUS_MISSING;
    if (is_new) status = write_chain_file(path, out);
    if (failed(status)) {
        (void)snprintf(
            message, NODE_MESSAGE_SIZE, "cannot use %.300s: %s", node->options.data_dir,
            strerror(status.os_error)
        );
        return status;
    }
    if (is_new) return status_ok;
    if (!read_chain_file(out, &node->arena, text)) {
        (void)snprintf(
            message, NODE_MESSAGE_SIZE,
            "%.200s is damaged; restore it, or remove %.200s to begin a new chain", path,
            node->options.data_dir
        );
        return status_make(STATUS_CORRUPT, 0, "reading " CHAIN_FILE);
    }
    if (out->chain_id != node->options.chain_id) {
        (void)snprintf(
            message, NODE_MESSAGE_SIZE,
            "%.300s holds a chain with id %llu, not %llu; choose another --data-dir or --chain-id",
            node->options.data_dir, (unsigned long long)out->chain_id,
            (unsigned long long)node->options.chain_id
        );
        return status_make(STATUS_UNAVAILABLE, 0, "opening the data directory");
    }
    return status_ok;
}

/* ---- starting ---- */

static struct status open_store_for(
    struct node *node,
    char message[NODE_MESSAGE_SIZE],
    struct arena *arena,
    struct execution_genesis *genesis
) {
    struct store_opening opening;
    node->genesis = execution_genesis_hash(genesis);
    const struct store_options options = {
        .path = node->options.data_dir,
        .genesis_hash = node->genesis,
    };
    struct status status = store_open(&node->store, &opening, &options);
    if (failed(status)) return status;
    if (opening.verdict != STORE_OPENED) {
        (void)snprintf(message, NODE_MESSAGE_SIZE, "%s", opening.message);
        return status_make(STATUS_UNAVAILABLE, 0, "opening the database");
    }
    return execution_write_genesis(node->store, arena, genesis);
}

static struct status open_store(struct node *node, char message[NODE_MESSAGE_SIZE]) {
    struct arena arena;
    arena_init(&arena, &heap_source);
    struct execution_genesis *genesis = execution_make_genesis(&arena, &node->chain.genesis);
    const struct status status = open_store_for(node, message, &arena, genesis);
    arena_reset(&arena);
    return status;
}

static struct status read_account(
    void *ctx,
    const struct address *sender,
    uint64_t *nonce,
    struct u256 *next_base_fee,
    uint64_t *gas_limit
) {
    struct node *node = ctx;
    struct pool_head head;
    struct account account = {.nonce = 0};
    const struct status status = execution_pool_head(node->execution, &head);
    if (failed(status)) return status;
    (void)head.reader->account(head.reader->ctx, sender, &account);
    struct store_view *view;
    struct status read = execution_view(node->execution, &view);
    if (!failed(read)) read = store_state_status(view);
    if (failed(read)) return read;
    *nonce = account.nonce;
    *next_base_fee = head.base_fee;
    *gas_limit = head.gas_limit;
    return status_ok;
}

static void on_answered(void *ctx) {
    struct node *node = ctx;
    if (node->solo != NULL) solo_wake(node->solo);
}

/* The first failure is the one to tell. */
struct status node_keep_failure(struct node *node, struct status status) {
    const bool stops = failed(status) && status.code != STATUS_UNAVAILABLE;
    if (stops && !failed(node->failure)) node->failure = status;
    return status;
}

static void on_failure(void *ctx, struct status status) {
    (void)!failed(node_keep_failure(ctx, status));
}

/* A line for the block and one for each of its transactions; blocks without any are for --verbose. */
static void log_block(struct node *node, const struct header *head, const struct hash *hash) {
    const struct engine *engine = execution_engine(node->execution);
    struct arena arena;
    struct engine_block block;
    arena_init(&arena, &heap_source);
    if (!failed(engine->block(engine->ctx, &arena, &block, hash))) {
        log_line(
            LOG_INFO, "block", {"number", LOG_U64(head->number)}, {"hash", LOG_HASH(hash)},
            {"transactions", LOG_U64(block.receipt_count)}, {"gas", LOG_U64(head->gas_used)}
        );
        for (size_t i = 0; i < block.receipt_count; i++) {
            log_line(
                LOG_INFO, "transaction", {"hash", LOG_HASH(&block.receipts[i].transaction_hash)},
                {"status", LOG_STR(block.receipts[i].succeeded ? "success" : "reverted")},
                {"logs", LOG_U64(block.receipts[i].log_count)}
            );
        }
    }
    arena_reset(&arena);
}

static void on_head(
    void *ctx, const struct header *head, const struct hash *hash, uint64_t first_new
) {
    struct node *node = ctx;
    if (head->gas_used > 0 && first_new <= head->number) {
        log_block(node, head, hash);
    } else {
        log_line(LOG_DEBUG, "block", {"number", LOG_U64(head->number)}, {"hash", LOG_HASH(hash)});
    }
    const struct status status = coprocessor_head(node->coprocessor, first_new);
    on_failure(node, status);
}

static size_t worker_count(const struct node *node) {
    if (node->options.worker_count != 0) return node->options.worker_count;
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (cores < 1) return 1;
    return cores > COPROCESSOR_WORKERS_MAX ? COPROCESSOR_WORKERS_MAX : (size_t)cores;
}

static struct status start_execution(struct node *node) {
    const struct execution_options options = {
        .store = node->store,
        .pool = node->pool,
        .config = &node->chain.genesis.config,
        .clock = &real_clock,
        .source = &heap_source,
        .gas_limit = node->options.gas_limit,
        .extra_data = BYTES_LITERAL("infinity"),
        .allow_impersonation = true,
        .worker_count = min_u64(worker_count(node) - 1, WORKERS_MAX), /* the loop's thread is one */
    };
    return execution_create(&node->execution, &options);
}

/* libuv starts its pool at the first work, with as many threads as this variable says, or 4. */
static void set_pool_size(size_t threads) {
    char text[24];
    (void)snprintf(text, sizeof text, "%zu", threads);
    (void)setenv("UV_THREADPOOL_SIZE", text, 1);
}

static struct status start_coprocessor(struct node *node) {
    const struct mnemonic_account *proposer = &node->chain.accounts[DEV_PROPOSER_ACCOUNT];
    const size_t workers = worker_count(node);
    set_pool_size(workers);
    const struct coprocessor_options options = {
        .loop = node->loop,
        .store = node->store,
        .engine = execution_engine(node->execution),
        .source = &heap_source,
        .chain_id = node->options.chain_id,
        .worker_count = workers,
        .programs = node->chain.programs,
        .program_count = node->chain.program_count,
        .proposes = true,
        .coinbase = proposer->address,
        .result_key = proposer->key,
        .sender_key = proposer->key,
        .account = {read_account, node},
        .answered = on_answered,
        .failure = on_failure,
        .ctx = node,
    };
    return coprocessor_create(&node->coprocessor, &options);
}

static struct status begin_batch(void *ctx) {
    struct node *node = ctx;
    return execution_begin_batch(node->execution);
}

static struct status end_batch(void *ctx) {
    struct node *node = ctx;
    return execution_end_batch(node->execution);
}

static void rest(void *ctx) {
    const struct node *node = ctx;
    store_rest(node->store);
}

static struct status start_solo(struct node *node) {
    node->importer = (struct importer){
        .engine = execution_engine(node->execution),
        .coprocessor = node->coprocessor,
        .proposer = node->chain.accounts[DEV_PROPOSER_ACCOUNT].address,
        .source = &heap_source,
    };
    const struct solo_options options = {
        .loop = node->loop,
        .engine = execution_engine(node->execution),
        .importer = &node->importer,
        .coprocessor = node->coprocessor,
        .clock = &real_clock,
        .source = &heap_source,
        .coinbase = node->chain.accounts[DEV_PROPOSER_ACCOUNT].address,
        .automine = node->options.automine,
        .interval_ms = node->options.interval_ms,
        .begin_batch = begin_batch,
        .end_batch = end_batch,
        .rest = rest,
        .failure = on_failure,
        .ctx = node,
    };
    return solo_create(&node->solo, &options);
}

static struct status start_services(struct node *node, char message[NODE_MESSAGE_SIZE]) {
    struct dev_chain_options genesis;
    struct status status = settle_genesis(node, &genesis, message);
    if (failed(status)) return status;
    dev_chain_make(&node->chain, &node->arena, &genesis);
    status = open_store(node, message);
    if (failed(status)) return status;
    node->kzg = kzg_setup_create(&node->arena);
    node->pool = pool_create(&heap_source, node->kzg);
    status = start_execution(node);
    if (!failed(status)) status = start_coprocessor(node);
    if (failed(status)) return status;
    const struct execution_listener listener = {.head = on_head, .ctx = node};
    execution_listen(node->execution, &listener);
    status = start_solo(node);
    if (failed(status)) return status;
    node->backend = ARENA_NEW(&node->arena, struct rpc_backend);
    node_fill_backend(node, node->backend);
    return status_ok;
}

struct status node_create(
    struct node **out,
    char message[NODE_MESSAGE_SIZE],
    uv_loop_t *loop,
    const struct node_options *options
) {
    struct node *node = calloc(1, sizeof *node);
    *out = NULL;
    message[0] = '\0';
    if (node == NULL) return status_make(STATUS_NO_SPACE, 0, "starting the node");
    node->options = *options;
    node->loop = loop;
    node->logs_calls = true;
    arena_init(&node->arena, &heap_source);
    struct status status = start_services(node, message);
    if (!failed(status) && options->serves) status = node_serve(node, message);
    if (failed(status)) {
        if (message[0] == '\0') {
            (void)snprintf(
                message, NODE_MESSAGE_SIZE, "%s failed: %s", status.context,
                status.os_error == 0 ? "see above" : strerror(status.os_error)
            );
        }
        node_stop(node);
        (void)uv_run(loop, UV_RUN_DEFAULT);
        node_destroy(node);
        return status;
    }
    *out = node;
    return status_ok;
}

void node_stop(struct node *node) {
    if (node->coprocessor != NULL) coprocessor_stop(node->coprocessor);
    node_stop_serving(node);
    solo_stop(node->solo);
}

void node_destroy(struct node *node) {
    if (node == NULL) return;
    node_free_backend(node);
    node_free_server(node);
    solo_destroy(node->solo);
    coprocessor_destroy(node->coprocessor);
    execution_destroy(node->execution);
    if (node->pool != NULL) pool_destroy(node->pool);
    if (node->kzg != NULL) kzg_setup_destroy(node->kzg);
    store_close(node->store);
    arena_reset(&node->arena);
    free(node);
}
