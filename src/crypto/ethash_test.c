#include "crypto/ethash.h"

#include "base/test.h"
#include "codec/hex.h"
#include "crypto/keccak.h"

static struct hash hash_of(const char *text) {
    struct hash hash;
    size_t len;
    assert_int_equal(
        hex_decode(hash.bytes, sizeof hash.bytes, &len, bytes_from(text, strlen(text))), HEX_VALID
    );
    return hash;
}

TEST(sizes_are_those_of_the_specification) {
    static const struct {
        uint64_t epoch, cache_size, dataset_size;
    } cases[] = {
        {0, 16776896, 1073739904},
        {1, 16907456, 1082130304},
        {2047, 285081536, 18245220736},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_int_equal(ethash_cache_size(cases[i].epoch), cases[i].cache_size);
        assert_int_equal(ethash_dataset_size(cases[i].epoch), cases[i].dataset_size);
    }
    expect_assert_failure((void)ethash_cache_size(ETHASH_EPOCH_MAX));
}

/* The two vectors of Ethereum's PoWTests. */
TEST(the_light_cache_gives_mix_and_result) {
    static const struct {
        const char *seal_hash;
        uint8_t nonce[8];
        const char *mix, *result;
    } cases[] = {
        {"0x2a8de2adf89af77358250bf908bf04ba94a6e8c3ba87775564a41d269a05e4ce",
         {0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42, 0x42},
         "0x58f759ede17a706c93f13030328bcea40c1d1341fb26f2facd21ceb0dae57017",
         "0xdd47fd2d98db51078356852d7c4014e6a5d6c387c35f40e2875b74a256ed7906"},
        {"0x100cbec5e5ef82991290d0d93d758f19082e71f234cf479192a8b94df6da6bfe",
         {0x30, 0x76, 0x92, 0xcf, 0x71, 0xb1, 0x2f, 0x6d},
         "0xe55d02c555a7969361cf74a9ec6211d8c14e4517930a00442f171bdb1698d175",
         "0xab9b13423cface72cbec8424221651bc2e384ef0f7a560e038fc68c8d8684829"},
    };
    struct arena arena;
    struct ethash_cache cache;
    arena_init(&arena, &test_heap);
    const size_t size = (size_t)ethash_cache_size(0);
    struct ethash_node *const nodes = arena_alloc_raw(&arena, size, _Alignof(struct ethash_node));
    ethash_make_cache(&cache, nodes, 0);

    struct hash hash;
    struct hash expected =
        hash_of("0x35ded12eecf2ce2e8da2e15c06d463aae9b84cb2530a00b932e4bbc484cde353");
    keccak256(&hash, bytes_from(nodes, size)); /* the words are little endian, as this machine's */
    assert_memory_equal(hash.bytes, expected.bytes, sizeof hash.bytes);

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct hash seal_hash = hash_of(cases[i].seal_hash);
        struct hash mix;
        struct hash result;
        ethash_light(&mix, &result, &cache, &seal_hash, cases[i].nonce);
        expected = hash_of(cases[i].mix);
        assert_memory_equal(mix.bytes, expected.bytes, sizeof mix.bytes);
        expected = hash_of(cases[i].result);
        assert_memory_equal(result.bytes, expected.bytes, sizeof result.bytes);
    }
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(sizes_are_those_of_the_specification), TEST_CASE(the_light_cache_gives_mix_and_result)
)
