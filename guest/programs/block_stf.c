/* block_stf: executes one block of an Ethereum chain on a witness of the state before it.
 *
 * On-chain input: the network's rules (src/chain/witness.h, witness_encode_config).
 * Off-chain input: RLP [block, [[trie node, …], [code, …], [header, …]]].
 * Output: block hash, state root, receipts root, gas used (8 bytes, big-endian), keccak256 of the rules.
 * Exit code: 0 the block is valid; 1 it is not; 2 the witness lacks something; 3 malformed input;
 * 4 the block has ommers; 5 out of memory or a fault of ours. Without 0 there is no output.
 *
 * The rules are those of the node: the same sources, compiled by tools/freestanding.
 */
#include "chain/stateless.h"

#include <infinity.h>

enum { EXIT_FAULT = 5, CODE_CACHE_SIZE = 16 << 20, ALIGNMENT = 64 };

extern uint8_t __heap_start[], __heap_end[];

/* Memory between __heap_start and __heap_end: given out in order; what comes back is kept for who asks
 * for no more than that and at least half of it. */
struct piece {
    struct piece *next;
    size_t size;
};

static struct {
    uint8_t *next; /* NULL: not begun */
    struct piece *free;
} heap;

static void *heap_get(void *ctx, size_t size) {
    (void)ctx;
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    for (struct piece **at = &heap.free; *at != NULL; at = &(*at)->next) {
        struct piece *const piece = *at;
        if (piece->size < size || piece->size / 2 > size) continue;
        *at = piece->next;
        return piece;
    }
    if (heap.next == NULL) heap.next = __heap_start;
    if (size > (size_t)(__heap_end - heap.next)) return NULL;
    void *const memory = heap.next;
    heap.next += size;
    return memory;
}

static void heap_put(void *ctx, void *memory, size_t size) {
    (void)ctx;
    struct piece *const piece = memory;
    *piece = (struct piece){heap.free, size};
    heap.free = piece;
}

void assert_fail(const char *condition, const char *file, int line) {
    (void)line;
    infinity_log(file);
    infinity_log(": ");
    infinity_log(condition);
    infinity_log("\n");
    infinity_exit(EXIT_FAULT);
}

int main(void) {
    static const struct arena_source source = {heap_get, heap_put, NULL};
    const struct infinity_span config = infinity_onchain_input();
    const struct infinity_span input = infinity_offchain_input();
    struct arena arena;
    struct stateless_result result;
    uint8_t output[STATELESS_OUTPUT_SIZE];
    arena_init(&arena, &source);
    const struct chain_vm vm = {.evm = evm_create(&source, CODE_CACHE_SIZE)};
    const enum stateless_verdict verdict = stateless_run(
        &arena, output, &result, &vm, bytes_from(config.data, config.size),
        bytes_from(input.data, input.size)
    );
    if (verdict == STATELESS_VALID) write_output(output, sizeof output);
    return (int)verdict;
}
