/* What decodes as a block or a header encodes to the same bytes; judging it never fails an assertion. */
#include "base/fuzz.h"
#include "chain/ommers.h"

/* On a parent that is like the block, so that some rules pass, and with its first ommer's parent made
 * a grandparent. */
static void judge(struct arena *arena, const struct block *block) {
    struct header parent = block->header;
    parent.number--;
    parent.timestamp--;
    struct ommers_ancestor ancestors[2] = {{.header = &parent}, {.header = &parent}};
    if (block->ommer_count != 0) ancestors[1].hash = block->ommers[0].parent_hash;
    for (enum fork fork = FORK_FRONTIER; fork <= FORK_OSAKA; fork++) {
        const struct chain_config config = chain_config_at(1, fork);
        const struct chain_rules rules = chain_rules_at(&config, 0, 0);
        (void)header_check_on(&block->header, &parent, &block->header.parent_hash, &rules);
        (void)block_check_body(arena, block, &rules);
        (void)ommers_check(block, &config, ancestors, ARRAY_LEN(ancestors), NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct bytes encoded = bytes_from(data, size);
    struct arena arena;
    struct header header;
    struct block block;
    enum tx_verdict tx_verdict;
    arena_init(&arena, &test_heap);
    if (header_decode(&header, encoded) == BLOCK_VALID) {
        ASSERT(bytes_equal(header_encode(&arena, &header), encoded));
        ASSERT(header_encoded_size(&header) == encoded.len);
    }
    if (block_decode(&arena, &block, &tx_verdict, encoded) == BLOCK_VALID) {
        judge(&arena, &block);
        ASSERT(bytes_equal(block_encode(&arena, &block), encoded));
        ASSERT(block_encoded_size(&block) == encoded.len);
    }
    block.header = header;
    if (block_decode_body(&arena, &block, &tx_verdict, encoded) == BLOCK_VALID) {
        ASSERT(bytes_equal(block_encode_body(&arena, &block), encoded));
    }
    arena_reset(&arena);
    return 0;
}
