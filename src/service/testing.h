/* testing: a whole node without JSON-RPC inside a test program, and transactions of its accounts. Only
 * programs include this, after base/test.h. */
#ifndef SERVICE_TESTING_H
#define SERVICE_TESTING_H

#include "crypto/keccak.h"
#include "job/job_message.h"
#include "job/predeploys.h"
#include "machine/machine_program.h"
#include "rpc/backend.h"
#include "service/node.h"
#include "service/sample_programs.h"

#include <dirent.h>
#include <unistd.h>
#include <uv.h>

#include <stdio.h>

#define assert_ok(status) assert_string_equal((status).context, status_ok.context)

struct test_world {
    uv_loop_t loop;
    struct node *node;
    struct arena arena;
    struct ecdsa_signer signer;
};

/* A node that makes blocks only when it is told to, unless options say otherwise. */
static inline struct node_options test_options(void) {
    struct node_options options = node_options_default();
    options.serves = false;
    options.automine = false;
    options.worker_count = 2;
    return options;
}

static inline void test_open(struct test_world *world, const struct node_options *options) {
    char message[NODE_MESSAGE_SIZE];
    arena_init(&world->arena, &test_heap);
    ecdsa_signer_init(&world->signer, NULL);
    assert_int_equal(uv_loop_init(&world->loop), 0);
    if (failed(node_create(&world->node, message, &world->loop, options))) fail_msg("%s", message);
}

static inline void test_close(struct test_world *world) {
    node_stop(world->node);
    (void)uv_run(&world->loop, UV_RUN_DEFAULT);
    node_destroy(world->node);
    assert_int_equal(uv_loop_close(&world->loop), 0);
    arena_reset(&world->arena);
}

/* For cases whose state is a world: a node with the usual options, which must not have failed. */
static inline int test_set_up(void **state) {
    const struct node_options options = test_options();
    test_open(*state, &options);
    return 0;
}

static inline int test_tear_down(void **state) {
    struct test_world *world = *state;
    assert_false(failed(world->node->failure));
    test_close(world);
    return 0;
}

/* A directory of its own for a test; path has room for 64 bytes. */
static inline void test_make_directory(char *path) {
    (void)snprintf(path, 64, "/tmp/infinity_test_XXXXXX");
    assert_non_null(mkdtemp(path));
}

static inline void test_remove_directory(const char *path) {
    char file[512];
    DIR *directory = opendir(path);
    assert_non_null(directory);
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        (void)snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        (void)unlink(file);
    }
    (void)closedir(directory);
    assert_int_equal(rmdir(path), 0);
}

static inline uint64_t test_draw(uint64_t *seed, uint64_t below) {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed % below;
}

/* ---- transactions ---- */

static inline const struct mnemonic_account *test_account(
    const struct test_world *world, size_t index
) {
    return &world->node->chain.accounts[index];
}

static inline struct tx test_call(
    const struct address *to, uint64_t nonce, uint64_t ether_milli, struct bytes data
) {
    return (struct tx){
        .type = TX_TYPE_DYNAMIC_FEE,
        .is_protected = true,
        .chain_id = DEV_CHAIN_ID,
        .nonce = nonce,
        .gas_limit = data.len == 0 ? 30000 : 3000000,
        .max_fee_per_gas = u256_from_u64(10000000000),
        .max_priority_fee_per_gas = U256_ONE,
        .to = *to,
        .value = u256_from_u64(ether_milli * 1000000000000000),
        .data = data,
    };
}

static inline struct bytes test_sign(struct test_world *world, struct tx *tx, size_t from) {
    struct hash digest;
    struct ecdsa_signature signature;
    tx_signing_hash(&world->arena, &digest, tx);
    assert_int_equal(
        ecdsa_sign_recoverable(
            &world->signer, &signature, &digest, &test_account(world, from)->key
        ),
        ECDSA_VALID
    );
    tx->y_parity = signature.recovery_id;
    tx->r = signature.r;
    tx->s = signature.s;
    return tx_encode(&world->arena, tx);
}

static inline struct bytes test_transfer(struct test_world *world, size_t from, uint64_t nonce) {
    static const struct address to = {{0x70}};
    struct tx tx = test_call(&to, nonce, 1, BYTES_LITERAL(""));
    return test_sign(world, &tx, from);
}

static inline void test_submit(struct test_world *world, struct bytes raw) {
    struct pool_outcome outcome;
    assert_ok(execution_submit(world->node->execution, &outcome, raw));
    assert_string_equal(outcome.message, "");
}

/* The nonce that an account's next transaction takes. */
static inline uint64_t test_next_nonce(struct test_world *world, size_t from) {
    struct pool_head head;
    struct account account = {.nonce = 0};
    const struct address *address = &test_account(world, from)->address;
    assert_ok(execution_pool_head(world->node->execution, &head));
    (void)head.reader->account(head.reader->ctx, address, &account);
    return pool_next_nonce(world->node->pool, address, account.nonce);
}

/* ---- blocks ---- */

static inline uint64_t test_head(const struct test_world *world) {
    return execution_head(world->node->execution)->number;
}

/* A block on the head with these transactions and no others, as it goes over the wire. */
static inline struct engine_payload test_build(
    struct test_world *world,
    const struct bytes *transactions,
    size_t count,
    const struct address *coinbase
) {
    const struct engine *engine = execution_engine(world->node->execution);
    struct engine_attributes attributes;
    struct engine_payload payload;
    assert_ok(solo_attributes(world->node->solo, &world->arena, &attributes));
    attributes.fee_recipient = *coinbase;
    attributes.first_transactions = transactions;
    attributes.first_transaction_count = count;
    attributes.no_pool = true;
    assert_ok(engine->build(engine->ctx, &world->arena, &payload, &attributes));
    return payload;
}

static inline enum import_verdict test_import(struct test_world *world, struct bytes block) {
    struct import_outcome outcome;
    assert_ok(importer_import(&world->node->importer, &outcome, block));
    return outcome.verdict;
}

/* ---- jobs ---- */

static inline struct bytes test_program(struct hash *id, struct arena *arena, const char *name) {
    uint32_t pages;
    for (size_t i = 0; i < sample_programs_count; i++) {
        const struct bytes image = sample_programs[i].data;
        if (strcmp(sample_programs[i].name, name) != 0) continue;
        assert_int_equal(machine_program_id(id, &pages, arena, image), ELF_VALID);
        return image;
    }
    fail_msg("no program %s", name);
    return (struct bytes){NULL, 0};
}

static inline struct bytes test_word(struct arena *arena, uint64_t value) {
    uint8_t *out = arena_alloc(arena, 32, 1);
    store_be64(out + 24, value);
    return bytes_from(out, 32);
}

/* Asks for a run of a sample program; the job's id. */
static inline struct hash test_request(
    struct test_world *world,
    size_t from,
    const char *program,
    struct bytes input,
    const struct job_limits *limits,
    uint64_t request_number
) {
    struct hash program_id, id;
    (void)test_program(&program_id, &world->arena, program);
    struct tx tx = test_call(
        &job_manager_address, test_next_nonce(world, from), 1000,
        job_request_calldata(&world->arena, &program_id, input, limits)
    );
    test_submit(world, test_sign(world, &tx, from));
    job_id(&id, (UINT64_C(1) << 63) + request_number, &test_account(world, from)->address);
    return id;
}

static inline struct job_record test_job(struct test_world *world, const struct hash *id) {
    struct job_record record = {.status = JOB_NONE};
    bool found;
    struct job_book *book = coprocessor_book(world->node->coprocessor);
    assert_ok(job_book_job(book, &world->arena, &found, &record, id));
    if (!found) record.status = JOB_NONE;
    return record;
}

/* Runs the loop until so many results wait for the next block. */
static inline void test_wait_for_results(struct test_world *world, size_t count) {
    struct bytes *transactions;
    size_t have = 0;
    for (int i = 0; i < 20000 && have < count; i++) {
        const struct arena_mark mark = arena_mark(&world->arena);
        (void)uv_run(&world->loop, UV_RUN_NOWAIT);
        assert_ok(coprocessor_results(
            world->node->coprocessor, &world->arena, &transactions, &have, test_head(world) + 1
        ));
        arena_rewind(&world->arena, mark);
        if (have < count) uv_sleep(1);
    }
    assert_int_equal(have, count);
}

#endif
