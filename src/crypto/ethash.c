#include "crypto/ethash.h"

#include "crypto/keccak.h"

enum {
    NODE_WORDS = 16,
    KECCAK512_RATE = 72,
    CACHE_ROUNDS = 3,
    DATASET_PARENTS = 256,
    ACCESSES = 64,
    MIX_NODES = 2, /* read side by side at each access */
    MIX_WORDS = MIX_NODES * NODE_WORDS,
    MIX_SIZE = 4 * MIX_WORDS,
    FNV_PRIME = 0x01000193,
};

#define CACHE_SIZE_FIRST    (UINT64_C(1) << 24)
#define CACHE_SIZE_GROWTH   (UINT64_C(1) << 17)
#define DATASET_SIZE_FIRST  (UINT64_C(1) << 30)
#define DATASET_SIZE_GROWTH (UINT64_C(1) << 23)

static bool is_prime(uint64_t n) {
    for (uint64_t i = 2; i * i <= n; i++) {
        if (n % i == 0) return false;
    }
    return n > 1;
}

/* The largest prime number of items below a bound, so that no pattern of access is short. */
static uint64_t prime_size(uint64_t bound, uint64_t item_size) {
    uint64_t count = bound / item_size - 1;
    while (!is_prime(count)) {
        count--;
    }
    return count * item_size;
}

uint64_t ethash_cache_size(uint64_t epoch) {
    ASSERT(epoch < ETHASH_EPOCH_MAX);
    return prime_size(CACHE_SIZE_FIRST + CACHE_SIZE_GROWTH * epoch, ETHASH_NODE_SIZE);
}

uint64_t ethash_dataset_size(uint64_t epoch) {
    ASSERT(epoch < ETHASH_EPOCH_MAX);
    return prime_size(DATASET_SIZE_FIRST + DATASET_SIZE_GROWTH * epoch, MIX_SIZE);
}

/* Keccak-512 of less than one block. */
static void keccak512(struct ethash_node *out, struct bytes data) {
    uint8_t block[KECCAK512_RATE] = {0};
    uint64_t state[25] = {0};
    ASSERT(data.len < sizeof block);
    memcpy(block, data.data, data.len);
    block[data.len] = 0x01;
    block[sizeof block - 1] |= 0x80;
    for (size_t i = 0; i < sizeof block / 8; i++) {
        state[i] = load_le64(block + 8 * i);
    }
    keccakf1600(state);
    for (size_t i = 0; i < NODE_WORDS; i++) {
        out->words[i] = (uint32_t)(state[i / 2] >> 32 * (i % 2));
    }
}

static void node_to_bytes(uint8_t out[ETHASH_NODE_SIZE], const struct ethash_node *node) {
    for (size_t i = 0; i < NODE_WORDS; i++) {
        store_le32(out + 4 * i, node->words[i]);
    }
}

static void hash_node(struct ethash_node *node) {
    uint8_t bytes[ETHASH_NODE_SIZE];
    node_to_bytes(bytes, node);
    keccak512(node, bytes_from(bytes, sizeof bytes));
}

static uint32_t fnv(uint32_t a, uint32_t b) {
    return a * FNV_PRIME ^ b;
}

static void seed_of(struct hash *seed, uint64_t epoch) {
    *seed = (struct hash){{0}};
    for (uint64_t i = 0; i < epoch; i++) {
        keccak256(seed, BYTES_OF(*seed));
    }
}

void ethash_make_cache(struct ethash_cache *cache, struct ethash_node *nodes, uint64_t epoch) {
    const uint32_t count = (uint32_t)(ethash_cache_size(epoch) / ETHASH_NODE_SIZE);
    struct hash seed;
    seed_of(&seed, epoch);
    keccak512(&nodes[0], BYTES_OF(seed));
    for (uint32_t i = 1; i < count; i++) {
        nodes[i] = nodes[i - 1];
        hash_node(&nodes[i]);
    }
    for (int round = 0; round < CACHE_ROUNDS; round++) { /* Lerner's RandMemoHash */
        for (uint32_t i = 0; i < count; i++) {
            const struct ethash_node *const before = &nodes[i == 0 ? count - 1 : i - 1];
            const struct ethash_node *const other = &nodes[nodes[i].words[0] % count];
            struct ethash_node mixed;
            for (size_t j = 0; j < NODE_WORDS; j++) {
                mixed.words[j] = before->words[j] ^ other->words[j];
            }
            hash_node(&mixed);
            nodes[i] = mixed;
        }
    }
    *cache = (struct ethash_cache){
        .epoch = epoch,
        .nodes = nodes,
        .node_count = count,
        .dataset_node_count = (uint32_t)(ethash_dataset_size(epoch) / ETHASH_NODE_SIZE),
    };
}

/* The nodes of the dataset from index first on. Each is a chain of reads from places that the one
 * before decides; side by side their waits for memory overlap. */
static void dataset_nodes(
    struct ethash_node mixes[MIX_NODES], const struct ethash_cache *cache, uint32_t first
) {
    for (uint32_t k = 0; k < MIX_NODES; k++) {
        mixes[k] = cache->nodes[(first + k) % cache->node_count];
        mixes[k].words[0] ^= first + k;
        hash_node(&mixes[k]);
    }
    for (uint32_t i = 0; i < DATASET_PARENTS; i++) {
        for (uint32_t k = 0; k < MIX_NODES; k++) {
            struct ethash_node *const mix = &mixes[k];
            const uint32_t place =
                fnv((first + k) ^ i, mix->words[i % NODE_WORDS]) % cache->node_count;
            const struct ethash_node *const parent = &cache->nodes[place];
            for (size_t j = 0; j < NODE_WORDS; j++) {
                mix->words[j] = fnv(mix->words[j], parent->words[j]);
            }
        }
    }
    for (uint32_t k = 0; k < MIX_NODES; k++) {
        hash_node(&mixes[k]);
    }
}

void ethash_light(
    struct hash *mix,
    struct hash *result,
    const struct ethash_cache *cache,
    const struct hash *seal_hash,
    const uint8_t nonce[8]
) {
    uint8_t sealed[sizeof seal_hash->bytes + 8];
    uint8_t bytes[ETHASH_NODE_SIZE + sizeof mix->bytes];
    struct ethash_node seed;
    uint32_t words[MIX_WORDS];
    memcpy(sealed, seal_hash->bytes, sizeof seal_hash->bytes);
    store_le64(sealed + sizeof seal_hash->bytes, load_be64(nonce));
    keccak512(&seed, bytes_from(sealed, sizeof sealed));
    for (size_t i = 0; i < MIX_WORDS; i++) {
        words[i] = seed.words[i % NODE_WORDS];
    }
    for (uint32_t i = 0; i < ACCESSES; i++) {
        const uint32_t pairs = cache->dataset_node_count / MIX_NODES;
        const uint32_t pair = fnv(i ^ seed.words[0], words[i % MIX_WORDS]) % pairs;
        struct ethash_node nodes[MIX_NODES];
        dataset_nodes(nodes, cache, MIX_NODES * pair);
        for (size_t j = 0; j < MIX_WORDS; j++) {
            words[j] = fnv(words[j], nodes[j / NODE_WORDS].words[j % NODE_WORDS]);
        }
    }
    for (size_t i = 0; i < MIX_WORDS; i += 4) {
        const uint32_t folded = fnv(fnv(fnv(words[i], words[i + 1]), words[i + 2]), words[i + 3]);
        store_le32(mix->bytes + i, folded);
    }
    node_to_bytes(bytes, &seed);
    memcpy(bytes + ETHASH_NODE_SIZE, mix->bytes, sizeof mix->bytes);
    keccak256(result, bytes_from(bytes, sizeof bytes));
}
