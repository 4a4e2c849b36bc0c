/* import_bench: how fast blocks are imported into a large chain.
 *
 *   import_bench [--dir DIR] [--entries N] [--blocks N] [--batch N] [--cores N] [--keep]
 *
 * A database with N accounts and slots (10,000,000) is made in DIR (build/import_bench), which takes some
 * 4 GB and a few minutes, and is removed at the end unless --keep says that the next run shall find it.
 * Blocks of 40 % token transfers, 30 % swaps and 30 % plain transfers are built on it, taken back, and
 * then imported as the importer does it: decode, recover the senders, execute, make receipts and their
 * bloom, compute the state root, commit (without sync), --batch blocks at a time. With --cores above one
 * the blocks are announced a few ahead, and the other cores prepare them. Figures of the same minute
 * stand beside: a recovery by libsecp256k1, and a read of a random account.
 */
#include "service/import_world.h"
#include "service/importer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <time.h>

enum {
    RECOVERIES = 2000,
    READS = 200000,
    DIRECTORY_MODE = 0700,
    PATH_ROOM = 512,
    BLOCKS_AHEAD = 3, /* that are announced before they are imported */
};

struct options {
    const char *directory;
    uint64_t entries;
    uint64_t blocks;
    uint64_t batch;
    uint64_t cores;
    bool keeps;
};

struct bench {
    struct options options;
    struct import_world world;
    struct store *store;
    struct pool *pool;
    struct execution *execution;
    struct arena arena; /* of the chain's blocks */
    struct bytes *blocks;
    uint64_t gas;
    uint64_t transactions;
    uint64_t seed;
};

static uint64_t time_ns(clockid_t clock) {
    struct timespec time;
    (void)clock_gettime(clock, &time);
    return (uint64_t)time.tv_sec * 1000000000 + (uint64_t)time.tv_nsec;
}

/* ---- the database ---- */

static void open_store(struct bench *bench, bool *is_ready) {
    struct arena arena;
    struct genesis genesis;
    struct store_opening opening;
    struct store_view *view;
    struct bytes ready;
    arena_init(&arena, &heap_source);
    import_make_genesis(&bench->world, &genesis, &arena);
    struct execution_genesis *made = execution_make_genesis(&arena, &genesis);
    const struct store_options options = {
        .path = bench->options.directory,
        .genesis_hash = execution_genesis_hash(made),
        .no_sync = true,
    };
    import_ok(store_open(&bench->store, &opening, &options));
    if (opening.verdict != STORE_OPENED) import_fail(opening.message);
    import_ok(execution_write_genesis(bench->store, &arena, made));
    arena_reset(&arena);

    import_ok(store_view_open(&view, bench->store));
    const struct status found = store_get(view, &ready, "bench", BYTES_LITERAL("entries"));
    *is_ready = !failed(found) && ready.len == sizeof bench->options.entries &&
        memcmp(ready.data, &bench->options.entries, ready.len) == 0;
    if (!failed(found) && !*is_ready) {
        import_fail("the directory has a database of another size: choose another");
    }
    store_view_close(view);
}

static void fill_store(struct bench *bench) {
    write_accounts(&bench->world, bench->store);
    for (uint64_t token = 0; token < IMPORT_TOKENS; token++) {
        write_token(&bench->world, bench->store, token);
        (void)fprintf(stderr, "\rimport_bench: %llu tokens", (unsigned long long)(token + 1));
    }
    (void)fprintf(stderr, "\n");
    import_ok(
        store_put(bench->store, "bench", BYTES_LITERAL("entries"), BYTES_OF(bench->options.entries))
    );
}

/* So that it lies in the system's memory, as that of a node that has run for long. */
static void read_database(const struct bench *bench) {
    static uint8_t buffer[1 << 20];
    char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "%s/data.mdb", bench->options.directory);
    FILE *file = fopen(path, "rb");
    if (file == NULL) import_fail("cannot read the database");
    while (fread(buffer, 1, sizeof buffer, file) == sizeof buffer) {
    }
    (void)fclose(file);
}

static void start_execution(struct bench *bench) {
    const struct execution_options options = {
        .store = bench->store,
        .pool = bench->pool,
        .config = &bench->world.config,
        .clock = &real_clock,
        .source = &heap_source,
        .gas_limit = IMPORT_GAS_LIMIT,
        .worker_count = bench->options.cores - 1,
    };
    import_ok(execution_create(&bench->execution, &options));
}

/* ---- blocks ---- */

static void import(struct bench *bench, struct bytes block) {
    struct importer importer = {
        .engine = execution_engine(bench->execution), .source = &heap_source};
    struct import_outcome outcome;
    import_ok(importer_import(&importer, &outcome, block));
    if (outcome.verdict != IMPORT_VALID) import_fail(outcome.reason);
}

/* A full block of fresh transactions; those that no longer fit wait for nothing. */
static struct bytes build(struct bench *bench) {
    enum { TRANSACTIONS = IMPORT_GAS_LIMIT / 42000 };
    const struct engine *engine = execution_engine(bench->execution);
    const struct header *head = execution_head(bench->execution);
    struct engine_payload payload;
    struct bytes *transactions = ARENA_ARRAY(&bench->arena, struct bytes, TRANSACTIONS);
    for (size_t i = 0; i < TRANSACTIONS; i++) {
        transactions[i] = import_transaction(&bench->world, &bench->arena, &bench->seed);
    }
    const struct engine_attributes attributes = {
        .timestamp = head->timestamp + 12,
        .prev_randao = {{(uint8_t)head->number}},
        .fee_recipient = {{0xfe}},
        .parent_beacon_root = {{(uint8_t)head->number, 1}},
        .first_transactions = transactions,
        .first_transaction_count = TRANSACTIONS,
        .no_pool = true,
    };
    import_ok(engine->build(engine->ctx, &bench->arena, &payload, &attributes));
    if (payload.transaction_count != TRANSACTIONS) {
        import_fail("a transaction did not fit its block");
    }
    bench->transactions += payload.transaction_count;
    return payload.block;
}

/* A block that failed transactions fill would say little. */
static void check_receipts(struct bench *bench) {
    const struct engine *engine = execution_engine(bench->execution);
    struct arena arena;
    struct engine_block block;
    arena_init(&arena, &heap_source);
    import_ok(engine->block(engine->ctx, &arena, &block, execution_head_hash(bench->execution)));
    for (size_t i = 0; i < block.receipt_count; i++) {
        if (!block.receipts[i].succeeded) import_fail("a transaction failed");
    }
    arena_reset(&arena);
}

/* Makes the blocks and takes them back. */
static void build_blocks(struct bench *bench) {
    for (uint64_t i = 0; i < bench->options.blocks; i++) {
        bench->blocks[i] = build(bench);
        import(bench, bench->blocks[i]);
        check_receipts(bench);
        bench->gas += execution_head(bench->execution)->gas_used;
        (void)fprintf(stderr, "\rimport_bench: %llu blocks built", (unsigned long long)(i + 1));
    }
    (void)fprintf(stderr, "\n");
    execution_destroy(bench->execution);
    import_ok(store_rollback(bench->store, 0, STORE_FORGET_BLOCKS));
    start_execution(bench);
}

/* The blocks of a run that was to be kept, for the next: a line of figures, then each with its size. */
static bool read_blocks(struct bench *bench, FILE *file) {
    unsigned long long count;
    unsigned long long gas;
    unsigned long long transactions;
    if (fscanf(file, "%llu %llu %llu\n", &count, &gas, &transactions) != 3) return false;
    if (count != bench->options.blocks) return false;
    for (uint64_t i = 0; i < count; i++) {
        uint8_t size[8];
        if (fread(size, sizeof size, 1, file) != 1) return false;
        const size_t len = load_le64(size);
        if (len > BLOCK_SIZE_MAX) return false;
        uint8_t *data = arena_alloc_raw(&bench->arena, len, 1);
        if (fread(data, len, 1, file) != 1) return false;
        bench->blocks[i] = bytes_from(data, len);
    }
    bench->gas = gas;
    bench->transactions = transactions;
    return true;
}

static void write_blocks(const struct bench *bench, FILE *file) {
    (void)fprintf(
        file, "%llu %llu %llu\n", (unsigned long long)bench->options.blocks,
        (unsigned long long)bench->gas, (unsigned long long)bench->transactions
    );
    for (uint64_t i = 0; i < bench->options.blocks; i++) {
        uint8_t size[8];
        store_le64(size, bench->blocks[i].len);
        if (fwrite(size, sizeof size, 1, file) != 1 ||
            fwrite(bench->blocks[i].data, bench->blocks[i].len, 1, file) != 1) {
            import_fail("cannot write the blocks");
        }
    }
}

static void prepare_blocks(struct bench *bench) {
    char path[PATH_ROOM];
    (void)snprintf(path, sizeof path, "%s/blocks", bench->options.directory);
    bench->blocks = calloc(bench->options.blocks, sizeof *bench->blocks);
    ASSERT(bench->blocks != NULL);
    FILE *file = fopen(path, "rb");
    const bool are_there = file != NULL && read_blocks(bench, file);
    if (file != NULL) (void)fclose(file);
    if (are_there) return;
    build_blocks(bench);
    file = fopen(path, "wb");
    if (file == NULL) import_fail("cannot write the blocks");
    write_blocks(bench, file);
    if (fclose(file) != 0) import_fail("cannot write the blocks");
}

/* ---- calibration ---- */

static double recovery_us(struct bench *bench) {
    struct tx tx;
    struct address sender;
    const struct bytes encoded = import_transaction(&bench->world, &bench->arena, &bench->seed);
    struct hash digest;
    if (tx_decode(&bench->arena, &tx, encoded) != TX_VALID) import_fail("no transaction");
    tx_signing_hash(&bench->arena, &digest, &tx);
    const uint64_t start = time_ns(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < RECOVERIES; i++) {
        if (ecdsa_recover_address(&sender, &digest, &tx.r, &tx.s, tx.y_parity) != ECDSA_VALID) {
            import_fail("a signature was not valid");
        }
    }
    return (double)(time_ns(CLOCK_THREAD_CPUTIME_ID) - start) / 1000 / RECOVERIES;
}

/* Of random accounts; hashing their addresses is taken off. */
static double read_us(struct bench *bench) {
    struct store_view *view;
    struct state_reader reader;
    struct arena arena;
    struct hash hash;
    uint64_t found = 0;
    arena_init(&arena, &heap_source);
    import_ok(store_view_open(&view, bench->store));
    import_ok(store_state(view, &arena, &reader, execution_head(bench->execution)->number));
    const uint64_t start = time_ns(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < READS; i++) {
        const uint64_t n = import_draw(&bench->seed, bench->world.accounts - IMPORT_SIGNERS);
        const struct address address = import_holder(IMPORT_SIGNERS + n);
        struct account account;
        found += reader.account(reader.ctx, &address, &account);
    }
    const uint64_t read = time_ns(CLOCK_THREAD_CPUTIME_ID);
    for (size_t i = 0; i < READS; i++) {
        const struct address address = import_holder(i);
        keccak256(&hash, BYTES_OF(address));
    }
    const uint64_t hashed = time_ns(CLOCK_THREAD_CPUTIME_ID);
    store_view_close(view);
    arena_reset(&arena);
    if (found != READS) import_fail("an account was not found");
    return ((double)(read - start) - (double)(hashed - read)) / 1000 / READS;
}

/* ---- the measurement ---- */

static void import_blocks(struct bench *bench) {
    uint64_t announced = 1; /* the first is asked for at once */
    const uint64_t wall = time_ns(CLOCK_MONOTONIC);
    const uint64_t cpu = time_ns(CLOCK_PROCESS_CPUTIME_ID);
    const uint64_t own = time_ns(CLOCK_THREAD_CPUTIME_ID);
    for (uint64_t i = 0; i < bench->options.blocks; i++) {
        const bool begins = bench->options.batch > 1 && i % bench->options.batch == 0;
        const bool ends = (i + 1) % bench->options.batch == 0 || i + 1 == bench->options.blocks;
        for (; announced < bench->options.blocks && announced <= i + BLOCKS_AHEAD; announced++) {
            if (!execution_expect(bench->execution, bench->blocks[announced])) break;
        }
        if (begins) import_ok(execution_begin_batch(bench->execution));
        import(bench, bench->blocks[i]);
        if (bench->options.batch > 1 && ends) import_ok(execution_end_batch(bench->execution));
    }
    const double wall_s = (double)(time_ns(CLOCK_MONOTONIC) - wall) / 1e9;
    const double cpu_s = (double)(time_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) / 1e9;
    const double own_s = (double)(time_ns(CLOCK_THREAD_CPUTIME_ID) - own) / 1e9;
    const double mgas = (double)bench->gas / 1e6;
    (void)printf(
        "%llu blocks, %llu transactions, %.1f Mgas, %llu blocks a commit, %llu cores\n"
        "processor time: %.3f s, %.1f us a transaction, %.1f Mgas/s\n"
        "of the main thread: %.3f s, %.1f us a transaction, %.1f Mgas/s\n"
        "wall time: %.3f s, %.1f Mgas/s\n",
        (unsigned long long)bench->options.blocks, (unsigned long long)bench->transactions, mgas,
        (unsigned long long)bench->options.batch, (unsigned long long)bench->options.cores, cpu_s,
        cpu_s * 1e6 / (double)bench->transactions, mgas / cpu_s, own_s,
        own_s * 1e6 / (double)bench->transactions, mgas / own_s, wall_s, mgas / wall_s
    );
}

static void calibrate(struct bench *bench) {
    (void)printf(
        "calibration: %.1f us a recovery, %.2f us a read among %llu accounts\n", recovery_us(bench),
        read_us(bench), (unsigned long long)bench->world.accounts
    );
}

/* ---- the command ---- */

static struct options parse(int argc, char **argv) {
    struct options options = {
        .directory = "build/import_bench",
        .entries = 10000000,
        .blocks = 60,
        .batch = 1,
        .cores = 1};
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "--keep") == 0) {
            options.keeps = true;
            continue;
        }
        uint64_t *number = strcmp(argv[i], "--entries") == 0 ? &options.entries
            : strcmp(argv[i], "--blocks") == 0               ? &options.blocks
            : strcmp(argv[i], "--batch") == 0                ? &options.batch
            : strcmp(argv[i], "--cores") == 0                ? &options.cores
                                                             : NULL;
        const bool is_directory = strcmp(argv[i], "--dir") == 0;
        if (value == NULL || (number == NULL && !is_directory)) {
            (void)fprintf(
                stderr,
                "import_bench [--dir DIR] [--entries N] [--blocks N] [--batch N] [--cores N] "
                "[--keep]\n"
            );
            exit(2);
        }
        if (is_directory) options.directory = value;
        if (number != NULL) *number = strtoull(value, NULL, 10);
        i++;
    }
    const bool is_too_small = options.entries / 2 < 2 * IMPORT_SIGNERS;
    const bool has_cores = options.cores > 0 && options.cores <= WORKERS_MAX + 1;
    if (is_too_small || options.blocks == 0 || options.batch == 0 || !has_cores) {
        (void)fprintf(
            stderr,
            "import_bench: at least %d entries, a block, a block a commit, and 1 to %d cores\n",
            4 * IMPORT_SIGNERS, WORKERS_MAX + 1
        );
        exit(2);
    }
    return options;
}

static void remove_directory(const char *directory) {
    static const char *const names[] = {"data.mdb", "lock.mdb", "lock", "blocks"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char path[PATH_ROOM];
        (void)snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        (void)unlink(path);
    }
    (void)rmdir(directory);
}

int main(int argc, char **argv) {
    static struct bench bench;
    bool is_ready;
    bench.options = parse(argc, argv);
    bench.seed = 88172645463325252u;
    arena_init(&bench.arena, &heap_source);
    import_world_init(&bench.world, bench.options.entries);
    (void)mkdir("build", DIRECTORY_MODE);
    open_store(&bench, &is_ready);
    if (!is_ready) fill_store(&bench);
    import_ok(store_rollback(bench.store, 0, STORE_FORGET_BLOCKS));
    bench.pool = pool_create(&heap_source, NULL);
    start_execution(&bench);
    prepare_blocks(&bench);
    read_database(&bench);
    calibrate(&bench);
    import_blocks(&bench);
    calibrate(&bench);
    execution_destroy(bench.execution);
    pool_destroy(bench.pool);
    store_close(bench.store);
    if (!bench.options.keeps) remove_directory(bench.options.directory);
    free(bench.blocks);
    free(bench.world.signers);
    arena_reset(&bench.arena);
    return 0;
}
