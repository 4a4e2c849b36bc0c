/* What decodes as a block or a header encodes to the same bytes; judging it never fails an assertion. */
#include "chain/block.h"

#include "base/fuzz.h"

static void *heap_get(void *ctx, size_t size) {
    (void)ctx;
    return malloc(size);
}

static void heap_put(void *ctx, void *memory, size_t size) {
    (void)ctx, (void)size;
    free(memory);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct arena_source heap = {heap_get, heap_put, NULL};
    const struct bytes encoded = bytes_from(data, size);
    struct arena arena;
    struct header header;
    struct block block;
    enum tx_verdict tx_verdict;
    arena_init(&arena, &heap);
    if (header_decode(&header, encoded) == BLOCK_VALID) {
        ASSERT(bytes_equal(header_encode(&arena, &header), encoded));
        ASSERT(header_encoded_size(&header) == encoded.len);
    }
    if (block_decode(&arena, &block, &tx_verdict, encoded) == BLOCK_VALID) {
        for (enum fork fork = FORK_PARIS; fork <= FORK_OSAKA; fork++) {
            const struct chain_config config = chain_config_at(1, fork);
            const struct chain_rules rules = chain_rules_at(&config, 0, 0);
            (void)header_check(&block.header, &block.header, &rules);
            (void)block_check_body(&arena, &block, &rules);
        }
        if (!block.has_ommers) {
            ASSERT(bytes_equal(block_encode(&arena, &block), encoded));
            ASSERT(block_encoded_size(&block) == encoded.len);
        }
    }
    block.header = header;
    if (block_decode_body(&arena, &block, &tx_verdict, encoded) == BLOCK_VALID &&
        !block.has_ommers) {
        ASSERT(bytes_equal(block_encode_body(&arena, &block), encoded));
    }
    arena_reset(&arena);
    return 0;
}
