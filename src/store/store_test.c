/* store_test: the store against a world that is copied whole at every block. */
#include "store/store.h"

#include "base/test.h"
#include "store/testing.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdio.h>

#define assert_ok(expression)                                                  \
    do {                                                                       \
        const struct status status_ = (expression);                            \
        if (failed(status_)) fail_msg("%s: %s", #expression, status_.context); \
    } while (0)

static struct arena arena;

/* Pairs of a run of the index: few, so that short chains have many runs and merges. */
static size_t index_run;

static struct store *open_store(const char *path, size_t map_size) {
    const struct store_options options = {
        .path = path,
        .genesis_hash = world_genesis_hash(),
        .chain_config = BYTES_LITERAL("{}"),
        .map_size = map_size,
        .index_run = index_run,
    };
    struct store *store;
    struct store_opening opening;
    assert_ok(store_open(&store, &opening, &options));
    if (opening.verdict != STORE_OPENED) fail_msg("%s", opening.message);
    return store;
}

static struct store_view *open_view(struct store *store) {
    struct store_view *view;
    assert_ok(store_view_open(&view, store));
    return view;
}

static char *make_directory(char path[64]) {
    (void)strcpy(path, "/tmp/infinity-store-test-XXXXXX");
    assert_non_null(mkdtemp(path));
    return path;
}

static void remove_directory(const char *path) {
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r '%s'", path);
    assert_int_equal(system(command), 0);
}

/* --- the chain that tests build --------------------------------------------------------------- */

enum { CHAIN_MAX = 160 };

struct chain {
    struct store *store;
    struct world worlds[CHAIN_MAX];
    struct store_mark marks[CHAIN_MAX];
    struct hash header_roots[CHAIN_MAX]; /* as the block had it, before any amendment */
    size_t count;                        /* blocks, genesis included */
    uint64_t seed;
};

static void chain_extend(struct chain *chain) {
    static const struct world nothing;
    const size_t n = chain->count;
    assert_true(n < CHAIN_MAX);
    const struct world *before = n == 0 ? &nothing : &chain->worlds[n - 1];
    chain->worlds[n] = *before;
    world_step(&chain->worlds[n], &chain->seed);
    const struct arena_mark mark = arena_mark(&arena);
    assert_ok(world_commit(
        chain->store, &arena, &chain->marks[n], n == 0 ? NULL : &chain->marks[n - 1], before,
        &chain->worlds[n], chain->seed
    ));
    arena_rewind(&arena, mark);
    chain->header_roots[n] = chain->marks[n].state_root;
    chain->count++;
}

/* Changes the head's state without a block. */
static void chain_amend(struct chain *chain) {
    struct world *head = &chain->worlds[chain->count - 1];
    const struct world before = *head;
    world_step(head, &chain->seed);
    const struct arena_mark mark = arena_mark(&arena);
    assert_ok(world_amend(chain->store, &arena, &chain->marks[chain->count - 1], &before, head));
    arena_rewind(&arena, mark);
}

static struct chain *chain_new(struct store *store, uint64_t seed, size_t count) {
    static struct chain chain;
    chain = (struct chain){.store = store, .seed = seed};
    while (chain.count < count) {
        chain_extend(&chain);
    }
    return &chain;
}

static void check_account(
    const struct state_reader *reader, const struct world_account *expected, size_t i
) {
    const struct address address = world_address(i);
    struct account account;
    assert_int_equal(reader->account(reader->ctx, &address, &account), expected->exists);
    bool has_storage = false;
    for (size_t s = 0; s < WORLD_SLOTS; s++) {
        const struct u256 slot = u256_from_u64(s);
        struct u256 value;
        reader->storage(reader->ctx, &address, &slot, &value);
        const struct u256 wanted = u256_from_u64(expected->slots[s]);
        assert_true(u256_equal(&value, &wanted));
        has_storage |= expected->slots[s] != 0;
    }
    if (!expected->exists) return;
    const struct u256 balance = u256_from_u64(expected->balance);
    assert_int_equal(account.nonce, expected->nonce);
    assert_true(u256_equal(&account.balance, &balance));
    assert_int_equal(!hash_equal(&account.storage_root, &trie_empty_root), has_storage);
    assert_bytes_equal(reader->code(reader->ctx, &account.code_hash), world_code(&expected->code));
}

static void check_state(struct chain *chain, struct store_view *view, size_t n) {
    struct state_reader reader;
    assert_ok(store_state(view, &arena, &reader, n));
    for (size_t i = 0; i < WORLD_ACCOUNTS; i++) {
        check_account(&reader, &chain->worlds[n].accounts[i], i);
    }
    struct hash hash;
    reader.block_hash(reader.ctx, n, &hash);
    assert_true(hash_equal(&hash, &chain->marks[n].hash));
    assert_ok(store_state_status(view));
}

/* Reads the whole world through the trie of block n. */
static void check_trie(struct chain *chain, struct store_view *view, size_t n) {
    struct trie_reader reader;
    assert_ok(store_trie(view, &arena, &reader, n));
    for (size_t i = 0; i < WORLD_ACCOUNTS; i++) {
        const struct world_account *expected = &chain->worlds[n].accounts[i];
        const struct hash key = world_account_key(i);
        struct trie_account account;
        bool exists;
        assert_int_equal(
            state_trie_account(&account, &exists, &reader, &chain->marks[n].state_root, &key),
            TRIE_VALID
        );
        assert_int_equal(exists, expected->exists);
        if (!exists) continue;
        assert_int_equal(account.nonce, expected->nonce);
        for (size_t s = 0; s < WORLD_SLOTS; s++) {
            const struct hash slot = world_slot_key(s);
            const struct u256 wanted = u256_from_u64(expected->slots[s]);
            struct u256 value;
            assert_int_equal(
                state_trie_slot(&value, &reader, &key, &account.storage_root, &slot), TRIE_VALID
            );
            assert_true(u256_equal(&value, &wanted));
        }
    }
}

static void check_blocks(struct chain *chain, struct store_view *view) {
    for (size_t n = 0; n < chain->count; n++) {
        const struct store_mark *mark = &chain->marks[n];
        struct store_mark found;
        uint64_t number;
        bool is_canonical;
        struct bytes bytes;
        assert_ok(store_canonical(view, &found, n));
        assert_memory_equal(&found, mark, sizeof found);
        assert_ok(store_block_number(view, &number, &mark->hash));
        assert_int_equal(number, n);
        assert_ok(store_is_canonical(view, &is_canonical, n, &mark->hash));
        assert_true(is_canonical);
        assert_ok(store_header(view, &bytes, n, &mark->hash));
        assert_memory_equal(bytes.data + 40, chain->header_roots[n].bytes, 32);
        assert_ok(store_body(view, &bytes, n, &mark->hash));
        assert_bytes_equal(bytes, BYTES_LITERAL("body"));
        assert_ok(store_receipts(view, &bytes, n, &mark->hash));
        assert_int_equal(bytes.len, n % 2 == 0 ? 8 : 0);
        assert_ok(store_tx_hashes(view, &bytes, n, &mark->hash));
        assert_int_equal(bytes.len, n % 3 * 32);
        for (size_t i = 0; i < n % 3; i++) {
            struct store_tx_place place;
            struct hash hash;
            memcpy(hash.bytes, bytes.data + i * 32, 32);
            assert_ok(store_tx(view, &place, &hash));
            assert_int_equal(place.number, n);
            assert_int_equal(place.index, i);
        }
    }
    struct store_mark found;
    assert_int_equal(store_canonical(view, &found, chain->count).code, STATUS_MISSING);
}

static void check_all(struct chain *chain) {
    const struct arena_mark mark = arena_mark(&arena);
    struct store_view *view = open_view(chain->store);
    struct store_mark head;
    struct hash root;
    assert_ok(store_head(view, &head));
    assert_memory_equal(&head, &chain->marks[chain->count - 1], sizeof head);
    assert_ok(store_compute_root(view, &arena, &root));
    assert_true(hash_equal(&root, &head.state_root));
    check_blocks(chain, view);
    for (size_t n = 0; n < chain->count; n++) {
        check_state(chain, view, n);
    }
    for (size_t n = 0; n < chain->count; n += 3) {
        check_trie(chain, view, n);
    }
    store_view_close(view);
    arena_rewind(&arena, mark);
}

static void roll_back(struct chain *chain, size_t number, enum store_unwound unwound) {
    assert_ok(store_rollback(chain->store, number, unwound));
    chain->count = number + 1;
}

/* --- tests ----------------------------------------------------------------------------------- */

TEST(every_block_of_the_past_reads_as_it_was) {
    struct store *store = open_store(NULL, 0);
    check_all(chain_new(store, 7, 100));
    store_close(store);
}

TEST(random_blocks_and_rollbacks_leave_what_a_full_copy_says) {
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct store *store = open_store(NULL, 0);
        struct chain *chain = chain_new(store, seed * 7919, 20);
        for (int round = 0; round < 8; round++) {
            roll_back(chain, world_random(&chain->seed) % chain->count, round % 2);
            check_all(chain);
            const size_t more = 1 + world_random(&chain->seed) % 18;
            for (size_t i = 0; i < more; i++) {
                chain_extend(chain);
            }
            check_all(chain);
        }
        store_close(store);
    }
}

TEST(a_transaction_shows_its_writes_to_its_thread_and_only_there) {
    struct store *store = open_store(NULL, 0);
    struct chain *chain = chain_new(store, 3, 5);
    struct store_view *before = open_view(store);
    assert_ok(store_begin(store));
    for (int i = 0; i < 10; i++) {
        chain_extend(chain);
    }
    check_all(chain);
    struct store_mark head;
    assert_ok(store_head(before, &head));
    assert_int_equal(head.number, 4);
    store_view_close(before);
    assert_ok(store_commit(store));
    check_all(chain);
    store_close(store);
}

TEST(a_view_stays_what_it_was_while_blocks_come_and_go) {
    struct store *store = open_store(NULL, 0);
    struct chain *chain = chain_new(store, 41, 20);
    struct store_view *view = open_view(store);
    check_trie(chain, view, 19);
    static struct chain then;
    then = *chain;
    for (int i = 0; i < 5; i++) {
        chain_extend(chain);
    }
    check_trie(&then, view, 19);
    roll_back(chain, 3, STORE_FORGET_BLOCKS);
    chain_extend(chain);
    for (size_t n = 0; n < 20; n++) {
        check_trie(&then, view, n);
        check_state(&then, view, n);
    }
    store_view_close(view);
    check_all(chain);
    store_close(store);
}

TEST(an_aborted_transaction_leaves_nothing) {
    struct store *store = open_store(NULL, 0);
    struct chain *chain = chain_new(store, 11, 30);
    assert_ok(store_begin(store));
    chain_extend(chain);
    chain_extend(chain);
    store_abort(store);
    chain->count = 30;
    chain_extend(chain);
    check_all(chain);

    static struct chain before;
    before = *chain;
    assert_ok(store_begin(store));
    roll_back(chain, 12, STORE_FORGET_BLOCKS);
    assert_ok(store_put(store, "jobs", BYTES_LITERAL("k"), BYTES_LITERAL("v")));
    chain_extend(chain);
    store_abort(store);
    const struct store_mark kept = chain->marks[13];
    *chain = before;
    assert_false(hash_equal(&kept.hash, &chain->marks[13].hash));
    chain_extend(chain);
    check_all(chain);
    struct store_view *view = open_view(store);
    struct bytes value;
    assert_int_equal(store_get(view, &value, "jobs", BYTES_LITERAL("k")).code, STATUS_MISSING);
    store_view_close(view);
    store_close(store);
}

TEST(an_amended_head_reads_as_amended_now_and_later) {
    struct store *store = open_store(NULL, 0);
    struct chain *chain = chain_new(store, 31, 1);
    for (int round = 0; round < 12; round++) {
        chain_amend(chain);
        chain_amend(chain);
        check_all(chain);
        chain_extend(chain);
        chain_extend(chain);
        chain_extend(chain);
        chain_amend(chain);
        check_all(chain);
        roll_back(chain, chain->count - 1 - (size_t)(round % 3), STORE_KEEP_BLOCKS);
        check_all(chain);
    }
    store_close(store);
}

TEST(blocks_that_leave_the_chain_are_kept_or_forgotten_as_asked) {
    struct store *store = open_store(NULL, 0);
    struct chain *chain = chain_new(store, 5, 12);
    const struct store_mark kept = chain->marks[11];
    roll_back(chain, 10, STORE_KEEP_BLOCKS);
    const struct store_mark forgotten = chain->marks[10];
    struct hash tx = forgotten.hash; /* its only transaction, as world_commit makes it */
    struct store_tx_place place;
    tx.bytes[0] ^= 1;
    struct store_view *before = open_view(store);
    assert_ok(store_tx(before, &place, &tx));
    store_view_close(before);
    roll_back(chain, 9, STORE_FORGET_BLOCKS);

    struct store_view *view = open_view(store);
    struct bytes header;
    uint64_t number;
    bool is_canonical;
    assert_ok(store_header(view, &header, 11, &kept.hash));
    assert_ok(store_block_number(view, &number, &kept.hash));
    assert_ok(store_is_canonical(view, &is_canonical, 11, &kept.hash));
    assert_false(is_canonical);
    assert_int_equal(store_tx(view, &place, &tx).code, STATUS_MISSING);
    assert_int_equal(store_header(view, &header, 10, &forgotten.hash).code, STATUS_MISSING);
    assert_int_equal(store_receipts(view, &header, 10, &forgotten.hash).code, STATUS_MISSING);
    assert_int_equal(store_block_number(view, &number, &forgotten.hash).code, STATUS_MISSING);
    store_view_close(view);
    store_close(store);
}

TEST(a_side_block_stands_beside_the_chain) {
    struct store *store = open_store(NULL, 0);
    struct chain *chain = chain_new(store, 5, 4);
    const struct store_block side = {
        .mark = {.number = 3, .hash = {{1}}},
        .header = BYTES_LITERAL("side header"),
        .body = BYTES_LITERAL("side body"),
    };
    assert_ok(store_put_block(store, &side));
    assert_ok(store_put_block(store, &side));
    check_all(chain);
    struct store_view *view = open_view(store);
    struct bytes bytes;
    assert_ok(store_header(view, &bytes, 3, &side.mark.hash));
    assert_bytes_equal(bytes, side.header);
    assert_ok(store_receipts(view, &bytes, 3, &side.mark.hash));
    assert_int_equal(bytes.len, 0);
    store_view_close(view);
    store_close(store);
}

TEST(marks_follow_a_rollback) {
    struct store *store = open_store(NULL, 0);
    struct chain *chain = chain_new(store, 5, 20);
    struct store_mark mark;
    struct store_view *view = open_view(store);
    assert_ok(store_safe(view, &mark));
    assert_int_equal(mark.number, 0);
    store_view_close(view);

    assert_ok(store_set_safe(store, 15));
    assert_ok(store_set_finalized(store, 8));
    assert_int_equal(store_set_safe(store, 20).code, STATUS_MISSING);
    roll_back(chain, 12, STORE_KEEP_BLOCKS);
    view = open_view(store);
    assert_ok(store_safe(view, &mark));
    assert_memory_equal(&mark, &chain->marks[12], sizeof mark);
    assert_ok(store_finalized(view, &mark));
    assert_memory_equal(&mark, &chain->marks[8], sizeof mark);
    store_view_close(view);
    assert_int_equal(store_rollback(store, 13, STORE_KEEP_BLOCKS).code, STATUS_MISSING);
    store_close(store);
}

TEST(services_have_namespaces_of_ordered_records) {
    struct store *store = open_store(NULL, 0);
    static const char *const names[] = {"job", "jobs", "jobz"};
    for (size_t n = 0; n < ARRAY_LEN(names); n++) {
        for (uint8_t k = 0; k < 5; k++) {
            const uint8_t key[2] = {k, 0xff};
            assert_ok(store_put(store, names[n], BYTES_OF(key), bytes_from(names[n], 4)));
        }
    }
    const uint8_t gone[2] = {2, 0xff};
    assert_ok(store_delete(store, "jobs", BYTES_OF(gone)));
    assert_ok(store_delete(store, "jobs", BYTES_OF(gone)));

    struct store_view *view = open_view(store);
    struct bytes key = {NULL, 0};
    struct bytes value;
    uint8_t at[2];
    size_t at_len = 0;
    uint8_t seen[8];
    size_t seen_count = 0;
    while (!failed(store_next(view, &key, &value, "jobs", bytes_from(at, at_len), at_len != 0))) {
        assert_bytes_equal(value, BYTES_LITERAL("jobs"));
        assert_int_equal(key.len, 2);
        memcpy(at, key.data, 2);
        at_len = 2;
        seen[seen_count++] = at[0];
    }
    assert_int_equal(seen_count, 4);
    assert_memory_equal(seen, "\0\1\3\4", 4);
    assert_ok(store_last(view, &key, &value, "jobs"));
    assert_int_equal(key.data[0], 4);
    assert_int_equal(store_last(view, &key, &value, "jobx").code, STATUS_MISSING);
    assert_int_equal(store_last(view, &key, &value, "a").code, STATUS_MISSING);
    store_view_close(view);
    store_close(store);
}

TEST(a_directory_keeps_its_chain_and_refuses_another) {
    char path[64];
    struct store *store = open_store(make_directory(path), 0);
    struct chain *chain = chain_new(store, 13, 25);
    store_close(store);
    chain->store = open_store(path, 0);
    check_all(chain);
    chain_extend(chain);
    check_all(chain);
    store_close(chain->store);

    struct store_opening opening;
    const struct store_options other = {.path = path, .genesis_hash = {{1}}};
    assert_ok(store_open(&store, &opening, &other));
    assert_null(store);
    assert_int_equal(opening.verdict, STORE_OTHER_CHAIN);
    assert_non_null(strstr(opening.message, path));
    remove_directory(path);
}

TEST(a_directory_in_use_names_the_process_that_has_it) {
    char path[64];
    struct store *store = open_store(make_directory(path), 0);
    struct store *second;
    struct store_opening opening;
    const struct store_options options = {.path = path, .genesis_hash = world_genesis_hash()};
    assert_ok(store_open(&second, &opening, &options));
    assert_null(second);
    assert_int_equal(opening.verdict, STORE_IN_USE);
    char pid[32];
    (void)snprintf(pid, sizeof pid, "process %ld:", (long)getpid());
    assert_non_null(strstr(opening.message, pid));
    store_close(store);
    assert_ok(store_open(&second, &opening, &options));
    assert_non_null(second);
    store_close(second);
    remove_directory(path);
}

static void write_file(const char *path, const void *data, size_t size) {
    char name[128];
    (void)snprintf(name, sizeof name, "%s/data.mdb", path);
    FILE *file = fopen(name, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(data, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

TEST(a_file_that_is_not_ours_is_refused) {
    char path[64];
    struct store *store;
    struct store_opening opening;
    const struct store_options options = {.path = make_directory(path)};
    static uint8_t noise[20000];
    uint64_t seed = 99;
    for (size_t i = 0; i < sizeof noise; i++) {
        noise[i] = (uint8_t)world_random(&seed);
    }
    write_file(path, noise, sizeof noise);
    assert_ok(store_open(&store, &opening, &options));
    assert_null(store);
    assert_int_equal(opening.verdict, STORE_NOT_OURS);
    remove_directory(path);
}

TEST(a_file_cut_short_is_a_failure_and_no_crash) {
    char path[64];
    char name[128];
    struct store *store = open_store(make_directory(path), 0);
    (void)chain_new(store, 21, 60);
    store_close(store);
    (void)snprintf(name, sizeof name, "%s/data.mdb", path);
    struct stat size;
    assert_int_equal(stat(name, &size), 0);
    assert_int_equal(truncate(name, size.st_size / 3), 0);

    struct store_opening opening;
    const struct store_options options = {.path = path, .genesis_hash = world_genesis_hash()};
    const struct status opened = store_open(&store, &opening, &options);
    if (store != NULL) {
        struct store_view *view = open_view(store);
        struct hash root;
        assert_true(failed(store_compute_root(view, &arena, &root)));
        store_view_close(view);
        store_close(store);
    } else {
        assert_true(failed(opened) || opening.verdict == STORE_NOT_OURS);
    }
    remove_directory(path);
}

TEST(the_map_grows_when_it_is_full) {
    struct store *store = open_store(NULL, 256 << 10);
    check_all(chain_new(store, 17, 120));
    static const uint8_t large[1 << 20] = {1};
    for (uint8_t i = 0; i < 20; i++) {
        /* Odd ones in a transaction: it grows before, or fails whole and can be repeated. */
        for (bool done = i % 2 == 0; !done;) {
            assert_ok(store_begin(store));
            done = !failed(store_put(store, "big", bytes_from(&i, 1), BYTES_OF(large))) &&
                !failed(store_commit(store));
            store_abort(store);
        }
        if (i % 2 == 0) assert_ok(store_put(store, "big", bytes_from(&i, 1), BYTES_OF(large)));
    }
    assert_true(store_figures(store).map_size > 20 << 20);
    struct store_view *view = open_view(store);
    struct bytes value;
    for (uint8_t i = 0; i < 20; i++) {
        assert_ok(store_get(view, &value, "big", bytes_from(&i, 1)));
        assert_int_equal(value.len, sizeof large);
    }
    store_view_close(view);
    store_close(store);
}

TEST(little_address_space_means_a_smaller_map) {
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const struct rlimit limit = {(rlim_t)4 << 30, (rlim_t)4 << 30};
        if (setrlimit(RLIMIT_AS, &limit) != 0) _exit(2);
        struct store *store;
        struct store_opening opening;
        const struct store_options options = {.genesis_hash = world_genesis_hash()};
        if (failed(store_open(&store, &opening, &options)) || store == NULL) _exit(1);
        const bool is_smaller = store_figures(store).map_size < STORE_MAP_SIZE;
        store_close(store);
        _exit(is_smaller ? 0 : 3);
    }
    int how;
    assert_int_equal(waitpid(child, &how, 0), child);
    if (!ADDRESS_SANITIZER) assert_true(WIFEXITED(how) && WEXITSTATUS(how) == 0);
}

TEST(a_memory_store_leaves_no_file) {
    char place[] = "/tmp/store-test-XXXXXX";
    assert_non_null(mkdtemp(place));
    assert_int_equal(setenv("TMPDIR", place, 1), 0);
    struct store *store = open_store(NULL, 0);
    (void)chain_new(store, 3, 3);
    assert_int_equal(unsetenv("TMPDIR"), 0);
    assert_int_equal(rmdir(place), 0); /* it is empty while the store is open */
    store_close(store);
}

struct reading {
    struct store *store;
    size_t rounds;
    bool went_wrong;
};

/* Whatever block is the head of a snapshot, its root is that of the snapshot's state. */
static void *read_along(void *ctx) {
    struct reading *reading = ctx;
    struct arena scratch;
    arena_init(&scratch, &heap_source);
    for (size_t i = 0; i < reading->rounds; i++) {
        struct store_view *view;
        struct store_mark head;
        struct hash root;
        if (failed(store_view_open(&view, reading->store))) break;
        if (failed(store_head(view, &head)) || failed(store_compute_root(view, &scratch, &root)) ||
            !hash_equal(&root, &head.state_root)) {
            reading->went_wrong = true;
        }
        store_view_close(view);
    }
    arena_reset(&scratch);
    return NULL;
}

TEST(threads_read_whole_blocks_while_one_writes) {
    struct store *store = open_store(NULL, 64 << 10);
    struct chain *chain = chain_new(store, 29, 2);
    struct reading readings[3];
    pthread_t threads[3];
    for (size_t i = 0; i < 3; i++) {
        readings[i] = (struct reading){store, 300, false};
        assert_int_equal(pthread_create(&threads[i], NULL, read_along, &readings[i]), 0);
    }
    for (int round = 0; round < 6; round++) {
        for (int i = 0; i < 40; i++) {
            chain_extend(chain);
        }
        roll_back(chain, 10, STORE_FORGET_BLOCKS);
    }
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_false(readings[i].went_wrong);
    }
    check_all(chain);
    store_close(store);
}

TEST(a_transaction_inside_another_is_part_of_it) {
    struct store *store = open_store(NULL, 0);
    struct chain *chain = chain_new(store, 3, 3);
    struct bytes value;
    assert_ok(store_begin(store));
    assert_ok(store_begin(store));
    assert_ok(store_put(store, "jobs", BYTES_LITERAL("inner"), BYTES_LITERAL("1")));
    assert_ok(store_commit(store));
    store_abort(store);
    struct store_view *view = open_view(store);
    assert_int_equal(store_get(view, &value, "jobs", BYTES_LITERAL("inner")).code, STATUS_MISSING);
    store_view_close(view);
    assert_ok(store_begin(store));
    assert_ok(store_begin(store));
    assert_ok(store_put(store, "jobs", BYTES_LITERAL("inner"), BYTES_LITERAL("1")));
    assert_ok(store_commit(store));
    assert_ok(store_commit(store));
    view = open_view(store);
    assert_ok(store_get(view, &value, "jobs", BYTES_LITERAL("inner")));
    store_view_close(view);
    check_all(chain);
    store_close(store);
}

/* A part that is undone takes the whole with it, though the whole still reads and goes on. */
TEST(a_transaction_does_not_outlive_a_part_of_it) {
    struct store *store = open_store(NULL, 0);
    struct chain *chain = chain_new(store, 3, 3);
    struct bytes value;
    assert_ok(store_begin(store));
    assert_ok(store_put(store, "jobs", BYTES_LITERAL("outer"), BYTES_LITERAL("1")));
    struct store_view *view = open_view(store);
    assert_ok(store_begin(store));
    store_abort(store);
    assert_true(failed(store_put(store, "jobs", BYTES_LITERAL("later"), BYTES_LITERAL("1"))));
    store_view_close(view);
    assert_true(failed(store_commit(store)));
    view = open_view(store);
    assert_int_equal(store_get(view, &value, "jobs", BYTES_LITERAL("outer")).code, STATUS_MISSING);
    store_view_close(view);
    check_all(chain);
    store_close(store);
}

TEST(calls_that_only_a_bug_makes_stop_the_program) {
    struct store *store = open_store(NULL, 0);
    struct chain *chain = chain_new(store, 3, 3);
    const struct store_block orphan = {.mark = {.number = 7}};
    const struct state_diff diff = {0};
    const struct store_change change = {.diff = &diff};
    assert_ok(store_begin(store));
    expect_assert_failure(failed(store_append(store, &orphan, &change)));
    store_abort(store);
    check_all(chain);
    store_close(store);
}

static int set_up(void **state) {
    (void)state;
    arena_init(&arena, &heap_source);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    arena_reset(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST_CASE(every_block_of_the_past_reads_as_it_was),
        TEST_CASE(random_blocks_and_rollbacks_leave_what_a_full_copy_says),
        TEST_CASE(a_transaction_shows_its_writes_to_its_thread_and_only_there),
        TEST_CASE(a_view_stays_what_it_was_while_blocks_come_and_go),
        TEST_CASE(an_aborted_transaction_leaves_nothing),
        TEST_CASE(an_amended_head_reads_as_amended_now_and_later),
        TEST_CASE(blocks_that_leave_the_chain_are_kept_or_forgotten_as_asked),
        TEST_CASE(a_side_block_stands_beside_the_chain),
        TEST_CASE(marks_follow_a_rollback),
        TEST_CASE(services_have_namespaces_of_ordered_records),
        TEST_CASE(a_directory_keeps_its_chain_and_refuses_another),
        TEST_CASE(a_directory_in_use_names_the_process_that_has_it),
        TEST_CASE(a_file_that_is_not_ours_is_refused),
        TEST_CASE(a_file_cut_short_is_a_failure_and_no_crash),
        TEST_CASE(the_map_grows_when_it_is_full),
        TEST_CASE(little_address_space_means_a_smaller_map),
        TEST_CASE(a_memory_store_leaves_no_file),
        TEST_CASE(threads_read_whole_blocks_while_one_writes),
        TEST_CASE(a_transaction_inside_another_is_part_of_it),
        TEST_CASE(a_transaction_does_not_outlive_a_part_of_it),
        TEST_CASE(calls_that_only_a_bug_makes_stop_the_program),
    };
    const int unmerged = cmocka_run_group_tests_name("a tail", tests, set_up, tear_down);
    index_run = 5;
    const int merged = cmocka_run_group_tests_name("many runs", tests, set_up, tear_down);
    return unmerged + merged;
}
