/* store_bench: what a block costs in the store, and a read.
 *
 *   store_bench [BLOCKS] [ACCOUNTS] [DIRECTORY]
 *
 * A block is what an empty one is in the node: a header of 600 bytes, the parent's hash in one system
 * contract's ring (EIP-2935), time and beacon root in another's (EIP-4788). Time of the trie and of
 * the store stand apart. Memory is what the system says of this process. Without DIRECTORY all is in
 * memory.
 */
#include "store/store.h"

#include "chain/state_root.h"
#include "crypto/keccak.h"
#include "world/heap.h"

#include <unistd.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { RING = 8191, HEADER_SIZE = 600, REPORT_EVERY = 10000, BATCH = 1000, READS = 1000000 };

struct bench {
    struct store *store;
    struct arena arena;
    struct store_mark head;
    struct hash storage_roots[2];
    uint64_t trie_us;
    uint64_t append_us;
};

/* CPU time of this process, so that figures mean something on a busy machine; a store in a directory
 * waits for its disk on top. */
static uint64_t now_us(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (uint64_t)time.tv_sec * 1000000 + (uint64_t)time.tv_nsec / 1000;
}

static void require_ok(struct status status) {
    if (!failed(status)) return;
    (void)fprintf(stderr, "store_bench: %s (%d)\n", status.context, status.os_error);
    exit(1);
}

static double resident_mib(void) {
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file != NULL) {
        // NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers
        if (fscanf(file, "%*s %ld", &pages) != 1) pages = 0;
        (void)fclose(file);
    }
    return (double)pages * (double)sysconf(_SC_PAGESIZE) / (1 << 20);
}

static struct address contract(uint8_t i) {
    return (struct address){{0x42, i}};
}

/* What a block writes, by the number of the block before it. */
static struct u256 slot_word(uint64_t value, size_t s) {
    return (struct u256){{value + s + 1, value * 7919, 99, 17}};
}

/* Adds a contract with slots that are written, as it was after the head; without any, in genesis. */
static void add_contract(
    struct bench *bench,
    struct state_diff *diff,
    uint8_t i,
    const uint64_t *slots,
    size_t slot_count,
    uint64_t value
) {
    struct state_account_diff *account = &diff->accounts[diff->count++];
    const struct account same = {
        .nonce = 1, .code_hash = keccak256_of_empty, .storage_root = bench->storage_roots[i]};
    *account = (struct state_account_diff){
        .address = contract(i),
        .existed_before = slot_count > 0,
        .exists_after = true,
        .before = same,
        .after = same,
        .slots = ARENA_ARRAY(&bench->arena, struct state_slot_diff, slot_count),
        .slot_count = slot_count,
    };
    for (size_t s = 0; s < slot_count; s++) {
        account->slots[s] = (struct state_slot_diff){
            .key = u256_from_u64(slots[s]),
            .before = value < RING ? U256_ZERO : slot_word(value - RING, s),
            .after = slot_word(value, s),
        };
    }
}

static void apply(struct bench *bench, const struct state_diff *diff, bool is_genesis) {
    struct store_view *view;
    struct trie_reader reader = {0};
    struct trie_writes writes = {0};
    struct store_mark mark = {.number = is_genesis ? 0 : bench->head.number + 1};
    const uint64_t start = now_us();
    require_ok(store_view_open(&view, bench->store));
    if (!is_genesis) require_ok(store_trie(view, &bench->arena, &reader, bench->head.number));
    const struct hash *old_root = is_genesis ? &trie_empty_root : &bench->head.state_root;
    struct trie_account_change *changes = chain_trie_changes(&bench->arena, diff);
    if (state_trie_update(
            &bench->arena, &writes, &mark.state_root, &reader, old_root, changes, diff->count
        ) != TRIE_VALID) {
        abort();
    }
    store_view_close(view);
    const uint64_t rooted = now_us();

    uint8_t header[HEADER_SIZE] = {0};
    memcpy(header, mark.state_root.bytes, sizeof mark.state_root);
    store_be64(header + 32, mark.number);
    keccak256(&mark.hash, BYTES_OF(header));
    if (is_genesis) mark.hash = (struct hash){{1}};
    const struct store_block block = {
        .mark = mark,
        .parent_hash = bench->head.hash,
        .header = BYTES_OF(header),
        .body = BYTES_LITERAL("\xc2\xc0\xc0\xc0"),
    };
    const struct store_change change = {diff, writes.items, writes.count, changes};
    require_ok(store_append(bench->store, &block, &change));
    bench->head = mark;
    bench->trie_us += rooted - start;
    bench->append_us += now_us() - rooted;
}

/* The storage roots that the next diff starts from, as the state's reader gives them. */
static void read_storage_roots(struct bench *bench) {
    struct store_view *view;
    struct state_reader reader;
    require_ok(store_view_open(&view, bench->store));
    require_ok(store_state(view, &bench->arena, &reader, bench->head.number));
    for (uint8_t i = 0; i < 2; i++) {
        const struct address address = contract(i);
        struct account account;
        if (reader.account(reader.ctx, &address, &account)) {
            bench->storage_roots[i] = account.storage_root;
        }
    }
    store_view_close(view);
}

static void empty_block(struct bench *bench) {
    const struct arena_mark mark = arena_mark(&bench->arena);
    const uint64_t n = bench->head.number;
    struct state_diff diff = {.accounts = ARENA_ARRAY(&bench->arena, struct state_account_diff, 2)};
    read_storage_roots(bench);
    add_contract(bench, &diff, 0, (uint64_t[]){n % RING}, 1, n);
    add_contract(bench, &diff, 1, (uint64_t[]){n % RING, n % RING + RING}, 2, n);
    apply(bench, &diff, false);
    arena_rewind(&bench->arena, mark);
}

static void genesis(struct bench *bench, size_t account_count) {
    struct state_diff diff = {
        .accounts = ARENA_ARRAY(&bench->arena, struct state_account_diff, account_count + 2)};
    bench->storage_roots[0] = bench->storage_roots[1] = trie_empty_root;
    add_contract(bench, &diff, 0, NULL, 0, 0);
    add_contract(bench, &diff, 1, NULL, 0, 0);
    for (size_t i = 0; i < account_count; i++) {
        struct state_account_diff *account = &diff.accounts[diff.count++];
        *account = (struct state_account_diff){
            .exists_after = true,
            .after =
                {.nonce = i,
                 .balance = u256_from_u64(i * 1000000007),
                 .code_hash = keccak256_of_empty,
                 .storage_root = trie_empty_root},
        };
        store_be64(account->address.bytes + 12, i);
    }
    apply(bench, &diff, true);
    arena_reset(&bench->arena);
}

static void bench_blocks(struct bench *bench, size_t count, size_t batch) {
    (void)printf(
        "%zu empty blocks, %zu a transaction\n"
        "      block   us a block (trie + store)   file MiB   resident MiB\n",
        count, batch
    );
    uint64_t start = now_us();
    size_t since = 0;
    bench->trie_us = bench->append_us = 0;
    for (size_t i = 0; i < count; i++) {
        if (batch > 1 && i % batch == 0) require_ok(store_begin(bench->store));
        empty_block(bench);
        if (batch > 1 && ((i + 1) % batch == 0 || i + 1 == count)) {
            require_ok(store_commit(bench->store));
        }
        since++;
        if ((i + 1) % REPORT_EVERY != 0 && i + 1 != count) continue;
        const double blocks = (double)since;
        (void)printf(
            "%11zu   %8.1f  (%5.1f + %5.1f)      %8.1f   %12.1f\n", i + 1,
            (double)(now_us() - start) / blocks, (double)bench->trie_us / blocks,
            (double)bench->append_us / blocks,
            (double)store_figures(bench->store).bytes_used / (1 << 20), resident_mib()
        );
        start = now_us();
        since = 0;
        bench->trie_us = bench->append_us = 0;
    }
}

static void bench_reads(struct bench *bench, size_t account_count, uint64_t number) {
    struct store_view *view;
    struct state_reader reader;
    require_ok(store_view_open(&view, bench->store));
    require_ok(store_state(view, &bench->arena, &reader, number));
    uint64_t seed = 88172645463325252u;
    size_t found = 0;
    const uint64_t start = now_us();
    for (size_t i = 0; i < READS; i++) {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        struct address address = {{0}};
        struct account account;
        store_be64(address.bytes + 12, seed % account_count);
        found += reader.account(reader.ctx, &address, &account);
    }
    const double us = (double)(now_us() - start);
    if (found != READS) abort();
    (void)printf(
        "account reads among %zu at block %llu: %.2f us each (with its keccak)\n", account_count,
        (unsigned long long)number, us / READS
    );
    store_view_close(view);
}

int main(int argc, char **argv) {
    const size_t blocks = argc > 1 ? strtoul(argv[1], NULL, 10) : 100000;
    const size_t accounts = argc > 2 ? strtoul(argv[2], NULL, 10) : 1000;
    struct bench bench = {0};
    struct store_opening opening;
    const struct store_options options = {.path = argc > 3 ? argv[3] : NULL, .genesis_hash = {{1}}};
    arena_init(&bench.arena, &heap_source);
    require_ok(store_open(&bench.store, &opening, &options));
    if (bench.store == NULL) {
        (void)fprintf(stderr, "store_bench: %s\n", opening.message);
        return 1;
    }
    (void)printf("resident before genesis: %.1f MiB\n", resident_mib());
    genesis(&bench, accounts);
    bench_reads(&bench, accounts, 0);
    bench_blocks(&bench, blocks, BATCH);
    bench_blocks(&bench, blocks / 10, 1);
    bench_reads(&bench, accounts, bench.head.number);
    bench_reads(&bench, accounts, 0);
    const uint64_t start = now_us();
    require_ok(store_rollback(bench.store, bench.head.number / 2, STORE_FORGET_BLOCKS));
    (void)printf(
        "rollback of %llu blocks: %.1f ms\n", (unsigned long long)bench.head.number / 2,
        (double)(now_us() - start) / 1000
    );
    store_close(bench.store);
    arena_reset(&bench.arena);
    return 0;
}
