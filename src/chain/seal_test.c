#include "chain/seal.h"

#include "base/test.h"
#include "codec/hex.h"

/* The header of mainnet's block 1. */
static const char block_1[] =
    "0x"
    "f90211a0d4e56740f876aef8c010b86a40d5f56745a118d0906a34e69aec8c0db1cb8fa3a01dcc4de8dec75d"
    "7aab85b567b6ccd41ad312451b948a7413f0a142fd40d493479405a56e2d52c817161883f50c441c3228cfe5"
    "4d9fa0d67e4d450343046425ae4271474353857ab860dbc0a1dde64b41b5cd3a532bf3a056e81f171bcc55a6"
    "ff8345e692c0f86e5b48e01b996cadc001622fb5e363b421a056e81f171bcc55a6ff8345e692c0f86e5b48e0"
    "1b996cadc001622fb5e363b421b9010000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
    "00000000000000008503ff80000001821388808455ba422499476574682f76312e302e302f6c696e75782f67"
    "6f312e342e32a0969b900de27b6ac6a67742365dd65f55a0526c41fd18e1b16f1a1215c2e66f5988539bd497"
    "9fef1ec4";

/* Epoch 0's, made once. */
static const struct ethash_cache *epoch_0(void) {
    static struct ethash_cache cache;
    static uint8_t memory[17 << 20] __attribute__((aligned(64)));
    if (cache.node_count == 0) {
        assert_in_range(ethash_cache_size(0), 1, sizeof memory);
        ethash_make_cache(&cache, (struct ethash_node *)memory, 0);
    }
    return &cache;
}

static bool is_valid(const struct header *header) {
    return seal_is_valid(header, epoch_0());
}

static struct header header_1(void) {
    uint8_t bytes[HEADER_SIZE_MAX];
    size_t len;
    struct header header;
    assert_int_equal(
        hex_decode(bytes, sizeof bytes, &len, bytes_from(block_1, sizeof block_1 - 1)), HEX_VALID
    );
    assert_int_equal(header_decode(&header, bytes_from(bytes, len)), BLOCK_VALID);
    return header;
}

TEST(a_seal_holds_for_its_header_alone) {
    const struct header good = header_1();
    assert_true(is_valid(&good));
#define CHANGED(change)               \
    do {                              \
        struct header bad = good;     \
        change;                       \
        assert_false(is_valid(&bad)); \
    } while (0)
    CHANGED(bad.nonce[7] ^= 1);
    CHANGED(bad.prev_randao.bytes[2] ^= 0x80); /* the mix hash */
    CHANGED(bad.timestamp++);
    CHANGED(bad.state_root.bytes[31] ^= 1);
    CHANGED(bad.difficulty = U256_ZERO);
    CHANGED(bad.difficulty.limb[0] <<= 24);
#undef CHANGED
}

/* With the right mix hash for it, a header of any content is worth a difficulty of 1. */
TEST(the_result_is_compared_with_the_difficulty) {
    struct header header = header_1();
    struct hash seal_hash;
    struct hash result;
    header.difficulty = U256_ONE;
    header_seal_hash(&seal_hash, &header);
    ethash_light(&header.prev_randao, &result, epoch_0(), &seal_hash, header.nonce);
    assert_true(is_valid(&header));
    header.difficulty = U256_MAX;
    header_seal_hash(&seal_hash, &header);
    ethash_light(&header.prev_randao, &result, epoch_0(), &seal_hash, header.nonce);
    assert_false(is_valid(&header));
}

TEST_MAIN(
    TEST_CASE(a_seal_holds_for_its_header_alone),
    TEST_CASE(the_result_is_compared_with_the_difficulty)
)
