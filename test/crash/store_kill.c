/* store_kill: kills a process that commits to a store, at random moments, and checks what is left.
 *
 * The child extends a chain block by block, in batches, and now and then rolls it back. It says which
 * head it is going for before each commit and which it has reached after. The parent kills it, opens
 * the store and demands the head that was reached last or, if the commit had begun, the one it was
 * going for; that every block up to there is there; that the state is the one of a full copy; and
 * that its root, computed from every account and slot, is the head's.
 *
 * What block n does depends on n alone, so any process can tell what the state after it must be.
 */
#include "store/testing.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 50, BATCH_MAX = 8, ROLLBACK_MAX = 30, KILL_AFTER_MAX_US = 150000 };

/* What the child says: which head it is at or going for. */
struct word {
    uint64_t number;
    bool is_done;
};

static struct arena arena;

static void require(bool condition, const char *what) {
    if (condition) return;
    (void)fprintf(stderr, "store_kill: %s\n", what);
    exit(1);
}

static void require_ok(struct status status, const char *what) {
    if (!failed(status)) return;
    (void)fprintf(stderr, "store_kill: %s: %s (%d)\n", what, status.context, status.os_error);
    exit(1);
}

/* --- the chain ------------------------------------------------------------------------------- */

static void step_to(struct world *world, uint64_t number) {
    uint64_t seed = (number + 1) * UINT64_C(0x9e3779b97f4a7c15);
    world_step(world, &seed);
}

static void world_after(struct world *world, uint64_t number) {
    memset(world, 0, sizeof *world);
    for (uint64_t n = 0; n <= number; n++)
        step_to(world, n);
}

static struct store *open_store(const char *path) {
    const struct store_options options = {.path = path, .genesis_hash = world_genesis_hash()};
    struct store *store;
    struct store_opening opening;
    require_ok(store_open(&store, &opening, &options), "opening");
    require(opening.verdict == STORE_OPENED, opening.message);
    return store;
}

/* false while the store is empty. */
static bool read_head(struct store *store, struct store_mark *head) {
    struct store_view *view;
    require_ok(store_view_open(&view, store), "opening a view");
    const struct status status = store_head(view, head);
    store_view_close(view);
    if (status.code == STATUS_MISSING) return false;
    require_ok(status, "reading the head");
    return true;
}

static void extend(struct store *store, struct store_mark *head, bool is_first) {
    static struct world before;
    static struct world after;
    const struct store_mark parent = *head;
    memset(&before, 0, sizeof before);
    if (!is_first) world_after(&before, parent.number);
    after = before;
    step_to(&after, is_first ? 0 : parent.number + 1);
    const struct arena_mark mark = arena_mark(&arena);
    require_ok(
        world_commit(store, &arena, head, is_first ? NULL : &parent, &before, &after, 0),
        "committing a block"
    );
    arena_rewind(&arena, mark);
}

/* --- the child ------------------------------------------------------------------------------- */

static void say(int pipe, uint64_t number, bool is_done) {
    const struct word word = {.number = number, .is_done = is_done};
    require(write(pipe, &word, sizeof word) == (ssize_t)sizeof word, "the parent is gone");
}

static void run_child(const char *path, int pipe, uint64_t seed) {
    struct store *store = open_store(path);
    struct store_mark head = {0};
    if (!read_head(store, &head)) {
        say(pipe, 0, false);
        extend(store, &head, true);
    }
    say(pipe, head.number, true);
    for (;;) {
        const uint64_t what = world_random(&seed) % 16;
        if (what == 0 && head.number > ROLLBACK_MAX) {
            const uint64_t target = head.number - world_random(&seed) % ROLLBACK_MAX;
            say(pipe, target, false);
            require_ok(store_rollback(store, target, STORE_FORGET_BLOCKS), "rolling back");
            require(read_head(store, &head), "the head is gone");
        } else {
            const uint64_t count = what < 4 ? 1 + world_random(&seed) % BATCH_MAX : 1;
            say(pipe, head.number + count, false);
            if (count > 1) require_ok(store_begin(store), "beginning");
            for (uint64_t i = 0; i < count; i++)
                extend(store, &head, false);
            if (count > 1) require_ok(store_commit(store), "committing");
        }
        say(pipe, head.number, true);
    }
}

/* --- the parent ------------------------------------------------------------------------------ */

struct heard {
    bool any_done;
    uint64_t done;    /* the head that was acknowledged last */
    bool is_underway; /* and the one that was then gone for */
    uint64_t target;
};

static void hear(struct heard *heard, int pipe) {
    struct word word;
    while (read(pipe, &word, sizeof word) == (ssize_t)sizeof word) {
        if (word.is_done) {
            heard->any_done = true;
            heard->done = word.number;
        } else {
            heard->target = word.number;
        }
        heard->is_underway = !word.is_done;
    }
}

static void check_state(struct store_view *view, const struct store_mark *head) {
    static struct world world;
    struct state_reader reader;
    world_after(&world, head->number);
    require_ok(store_state(view, &arena, &reader, head->number), "reading the state");
    for (size_t i = 0; i < WORLD_ACCOUNTS; i++) {
        const struct world_account *expected = &world.accounts[i];
        const struct address address = world_address(i);
        struct account account;
        const bool exists = reader.account(reader.ctx, &address, &account);
        require(exists == expected->exists, "an account is not as it was");
        require(!exists || account.nonce == expected->nonce, "a nonce is not as it was");
        for (size_t s = 0; s < WORLD_SLOTS; s++) {
            const struct u256 slot = u256_from_u64(s);
            const struct u256 wanted = u256_from_u64(expected->slots[s]);
            struct u256 value;
            reader.storage(reader.ctx, &address, &slot, &value);
            require(u256_equal(&value, &wanted), "a slot is not as it was");
        }
    }
    require_ok(store_state_status(view), "reading the state");
}

static void check_left(const char *path, struct heard *heard) {
    struct store *store = open_store(path);
    struct store_mark head;
    if (!read_head(store, &head)) {
        require(!heard->any_done, "the whole chain is gone");
        store_close(store);
        return;
    }
    const bool is_done = heard->any_done && head.number == heard->done;
    const bool is_target = heard->is_underway && head.number == heard->target;
    require(is_done || is_target, "the head is neither the one acknowledged nor the one underway");
    heard->any_done = true;
    heard->done = head.number;

    const struct arena_mark mark = arena_mark(&arena);
    struct store_view *view;
    require_ok(store_view_open(&view, store), "opening a view");
    for (uint64_t n = 0; n <= head.number; n++) {
        struct store_mark block;
        struct bytes bytes;
        require_ok(store_canonical(view, &block, n), "reading a block's place");
        require_ok(store_header(view, &bytes, n, &block.hash), "reading a header");
        require_ok(store_body(view, &bytes, n, &block.hash), "reading a body");
    }
    struct hash root;
    require_ok(store_compute_root(view, &arena, &root), "computing the root");
    require(hash_equal(&root, &head.state_root), "the state does not match its root");
    check_state(view, &head);
    store_view_close(view);
    arena_rewind(&arena, mark);
    store_close(store);
}

/* Runs a child, kills it, checks. known is what was left by the round before, and by this one. */
static void run_round(const char *path, uint64_t *seed, struct heard *known) {
    int ends[2];
    require(pipe(ends) == 0, "no pipe");
    (void)fcntl(ends[0], F_SETPIPE_SZ, 1 << 20); /* so that the child rarely waits for us */
    const pid_t child = fork();
    require(child >= 0, "no process");
    if (child == 0) {
        (void)close(ends[0]);
        run_child(path, ends[1], world_random(seed));
    }
    (void)close(ends[1]);
    const struct timespec pause = {
        .tv_nsec = (long)(1000 * (world_random(seed) % KILL_AFTER_MAX_US))};
    (void)nanosleep(&pause, NULL);
    require(kill(child, SIGKILL) == 0, "nothing to kill");
    int how;
    require(waitpid(child, &how, 0) == child, "the child is lost");
    require(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL, "the child ended by itself");
    known->is_underway = false;
    hear(known, ends[0]);
    (void)close(ends[0]);
    check_left(path, known);
}

int main(int argc, char **argv) {
    const unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : ROUNDS;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : (uint64_t)time(NULL);
    (void)printf("seed %llu\n", (unsigned long long)seed);
    seed = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15);
    arena_init(&arena, &heap_source);

    char path[] = "/tmp/infinity-kill-XXXXXX";
    require(mkdtemp(path) != NULL, "no directory");
    struct heard known = {0};
    for (unsigned long round = 0; round < rounds; round++)
        run_round(path, &seed, &known);
    (void)printf("head %llu\n%lu passed, 0 failed\n", (unsigned long long)known.done, rounds);

    char command[64];
    (void)snprintf(command, sizeof command, "rm -r %s", path);
    arena_reset(&arena);
    return system(command) == 0 ? 0 : 1;
}
