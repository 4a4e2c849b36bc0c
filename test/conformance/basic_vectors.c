/* BasicTests, GenesisTests and PoWTests of ethereum/tests: difficulties along three networks, genesis
 * blocks, keys and signatures, ethash. Hex-prefix paths of the same archive are in trie_vectors.c. */
#include "chain/execute.h"
#include "chain/genesis.h"
#include "chain/state_root.h"
#include "codec/hex.h"
#include "counting.h"
#include "crypto/ecdsa.h"
#include "crypto/ethash.h"
#include "json/json.h"
#include "service/genesis_file.h"

enum { TEXT_MAX = 16 << 20, NAME_MAX_SIZE = 64 };

static struct arena arena;
static size_t skipped;

static const struct json *load(const char *file) {
    char path[VECTORS_PATH_MAX];
    const struct json *root = NULL;
    (void)snprintf(path, sizeof path, "%s/basic/%s", vectors_root(), file);
    FILE *const in = fopen(path, "rb");
    if (in != NULL) {
        uint8_t *const text = arena_alloc(&arena, TEXT_MAX, 1);
        const size_t len = fread(text, 1, TEXT_MAX, in);
        (void)fclose(in);
        (void)!json_parse(&arena, &root, bytes_from(text, len), &json_limits_file);
    }
    if (json_count(root) == 0) vectors_count(false, file, "cannot be read");
    return root;
}

static void count(bool is_good, const char *file, const struct json *one) {
    char name[NAME_MAX_SIZE];
    const struct bytes key = json_key(one);
    (void)snprintf(name, sizeof name, "%.*s", (int)key.len, (const char *)key.data);
    vectors_count(is_good, file, name);
}

/* Hex without 0x. */
static bool bare(const struct json *json, uint8_t *out, size_t size) {
    size_t len;
    return hex_decode_bare(out, size, &len, json_text(json)) == HEX_VALID && len == size;
}

static bool bare_bytes(const struct json *json, struct bytes *out) {
    const struct bytes text = json_text(json);
    uint8_t *const data = arena_alloc(&arena, text.len / 2, 1);
    out->data = data;
    return hex_decode_bare(data, text.len / 2, &out->len, text) == HEX_VALID;
}

/* ---- Difficulties ---- */

struct network {
    const char *file;
    uint64_t homestead, byzantium, constantinople;
};

/* No parent has less than the least difficulty; what the bomb adds to is not agreed then. */
static bool is_no_block(const struct json *json) {
    struct u256 difficulty;
    const struct u256 least = u256_from_u64(DIFFICULTY_MIN);
    return json_read_u256(json_get(json, "parentDifficulty"), &difficulty) &&
        u256_less(&difficulty, &least);
}

static bool difficulty_case(const struct network *network, const struct json *json) {
    struct chain_config config = chain_config_at(1, FORK_FRONTIER);
    struct header parent = {.ommers_hash = header_empty_ommers_hash};
    struct u256 expected;
    uint64_t number;
    uint64_t timestamp;
    const struct json *const ommers = json_get(json, "parentUncles");
    config.activation[FORK_HOMESTEAD] = network->homestead;
    config.activation[FORK_BYZANTIUM] = network->byzantium;
    config.activation[FORK_CONSTANTINOPLE] = network->constantinople;
    if (!json_read_u64(json_get(json, "parentTimestamp"), &parent.timestamp) ||
        !json_read_u256(json_get(json, "parentDifficulty"), &parent.difficulty) ||
        !json_read_u64(json_get(json, "currentTimestamp"), &timestamp) ||
        !json_read_u64(json_get(json, "currentBlockNumber"), &number) ||
        !json_read_u256(json_get(json, "currentDifficulty"), &expected) ||
        (ommers != NULL && !json_read_hash(ommers, &parent.ommers_hash))) {
        return false;
    }
    parent.number = number - 1;
    /* Our rules take later blocks only; each has 0 and 1 seconds in its first step. */
    if (timestamp == parent.timestamp) timestamp++;
    const struct chain_rules rules = chain_rules_at(&config, number, timestamp);
    const struct u256 difficulty = header_next_difficulty(&parent, timestamp, &rules);
    return u256_equal(&difficulty, &expected);
}

static void difficulties(const struct network *network) {
    const size_t skipped_before = skipped;
    for (const struct json *one = json_first(load(network->file)); one != NULL; one = one->next) {
        if (is_no_block(one)) {
            skipped++;
        } else {
            count(difficulty_case(network, one), network->file, one);
        }
    }
    if (skipped > skipped_before) {
        printf(
            "skipped %zu cases of %s: a parent with less than the least difficulty\n",
            skipped - skipped_before, network->file
        );
    }
    arena_reset(&arena);
}

/* ---- Genesis blocks ---- */

static void genesis_hashes(const char *file) {
    const struct json *const root = load(file);
    struct bytes encoded;
    struct block block;
    enum tx_verdict tx_verdict;
    struct hash hash;
    struct hash expected;
    const struct json *const rlp = json_get(root, "genesis_rlp_hex");
    const bool decodes = bare_bytes(rlp, &encoded) &&
        block_decode(&arena, &block, &tx_verdict, encoded) == BLOCK_VALID;
    vectors_count(decodes, file, "genesis_rlp_hex");
    if (decodes) header_hash(&hash, &block.header);
    const bool has_root =
        bare(json_get(root, "genesis_state_root"), expected.bytes, sizeof expected.bytes);
    vectors_count(
        decodes && has_root && hash_equal(&expected, &block.header.state_root), file,
        "genesis_state_root"
    );
    const bool has_hash =
        bare(json_get(root, "genesis_hash"), expected.bytes, sizeof expected.bytes);
    vectors_count(decodes && has_hash && hash_equal(&expected, &hash), file, "genesis_hash");
    arena_reset(&arena);
}

/* The oldest files call a balance so. */
static void take_wei(struct genesis *genesis, const struct json *alloc) {
    struct genesis_account *const accounts =
        ARENA_ARRAY(&arena, struct genesis_account, genesis->account_count);
    size_t i = 0;
    for (const struct json *one = json_first(alloc); one != NULL; one = one->next) {
        struct u256 wei;
        accounts[i] = genesis->accounts[i];
        if (json_read_u256(json_get(one, "wei"), &wei)) accounts[i].balance = wei;
        i++;
    }
    genesis->accounts = accounts;
}

static bool genesis_case(const struct json *json) {
    struct genesis *const genesis = ARENA_NEW(&arena, struct genesis);
    struct state *const state = ARENA_NEW(&arena, struct state);
    struct bytes expected;
    struct block block;
    struct hash root;
    const struct trie_reader reader = {NULL, NULL};
    struct trie_writes writes = {NULL, 0, 0};
    if (genesis_file_read(&arena, genesis, json) != NULL) return false;
    take_wei(genesis, json_get(json, "alloc"));
    state_init(state, &arena, &genesis_empty_reader);
    genesis_fill_state(state, genesis);
    const struct state_diff diff = state_diff(&arena, state);
    if (chain_state_root(&arena, &writes, &root, &reader, &trie_empty_root, &diff) != TRIE_VALID) {
        return false;
    }
    genesis_block(&block, genesis, &root);
    return bare_bytes(json_get(json, "result"), &expected) &&
        bytes_equal(expected, block_encode(&arena, &block));
}

static void genesis_blocks(const char *file) {
    for (const struct json *one = json_first(load(file)); one != NULL; one = one->next) {
        count(genesis_case(one), file, one);
    }
    arena_reset(&arena);
}

/* ---- Keys and signatures ---- */

static bool address_of(const struct json *key, struct address *out) {
    static struct ecdsa_signer signer;
    struct ecdsa_secret_key secret;
    struct ecdsa_public_key public;
    ecdsa_signer_init(&signer, NULL);
    if (!bare(key, secret.bytes, sizeof secret.bytes)) return false;
    if (ecdsa_public_key_of(&signer, &public, &secret) != ECDSA_VALID) return false;
    *out = ecdsa_address(&public);
    return true;
}

/* The key's address. (sig_of_emptystring is over no hash of the empty string that we know of.) */
static bool key_case(const struct json *json) {
    struct address address;
    struct address expected;
    return address_of(json_get(json, "key"), &address) &&
        bare(json_get(json, "addr"), expected.bytes, sizeof expected.bytes) &&
        address_equal(&address, &expected);
}

/* The signed transaction is the unsigned one's, by the key. */
static bool tx_case(const struct json *json) {
    const struct chain_config config = chain_config_at(1, FORK_FRONTIER);
    const struct chain_rules rules = chain_rules_at(&config, 0, 0);
    struct address address;
    struct address sender;
    struct bytes encoded;
    struct bytes unsigned_form;
    struct tx tx;
    if (!bare_bytes(json_get(json, "signed"), &encoded) ||
        !bare_bytes(json_get(json, "unsigned"), &unsigned_form) ||
        !address_of(json_get(json, "key"), &address) ||
        tx_decode(&arena, &tx, encoded) != TX_VALID ||
        tx_sender(&arena, &sender, &tx, &rules) != TX_VALID) {
        return false;
    }
    const bool same = bytes_equal(tx_encode(&arena, &tx), encoded);
    /* Without signature it ends in three empty strings. */
    const size_t head = unsigned_form.len - 3;
    return same && address_equal(&address, &sender) && unsigned_form.data[head] == 0x80 &&
        encoded.len > head;
}

static void list_of(const char *file, bool (*one_case)(const struct json *)) {
    size_t index = 0;
    for (const struct json *one = json_first(load(file)); one != NULL; one = one->next) {
        char name[NAME_MAX_SIZE];
        (void)snprintf(name, sizeof name, "#%zu", index++);
        vectors_count(one_case(one), file, name);
    }
    arena_reset(&arena);
}

/* ---- Proof of work ---- */

static bool seal_case(const struct ethash_cache *cache, const struct json *json) {
    struct bytes encoded;
    struct header header;
    struct hash seal_hash;
    struct hash mix;
    struct hash result;
    struct hash expected;
    uint8_t nonce[8];
    if (!bare_bytes(json_get(json, "header"), &encoded) ||
        header_decode(&header, encoded) != BLOCK_VALID ||
        !bare(json_get(json, "nonce"), nonce, sizeof nonce) ||
        memcmp(nonce, header.nonce, sizeof nonce) != 0) {
        return false;
    }
    header_seal_hash(&seal_hash, &header);
    if (!bare(json_get(json, "header_hash"), expected.bytes, sizeof expected.bytes) ||
        !hash_equal(&expected, &seal_hash)) {
        return false;
    }
    ethash_light(&mix, &result, cache, &seal_hash, nonce);
    return bare(json_get(json, "mixHash"), expected.bytes, sizeof expected.bytes) &&
        hash_equal(&expected, &mix) &&
        bare(json_get(json, "result"), expected.bytes, sizeof expected.bytes) &&
        hash_equal(&expected, &result);
}

static void seals(const char *file) {
    struct ethash_cache cache;
    struct ethash_node *const nodes = malloc(ethash_cache_size(0));
    ASSERT(nodes != NULL);
    ethash_make_cache(&cache, nodes, 0);
    for (const struct json *one = json_first(load(file)); one != NULL; one = one->next) {
        count(seal_case(&cache, one), file, one);
    }
    free(nodes);
    arena_reset(&arena);
}

static void skip(const char *file, const char *reason) {
    const size_t cases = json_count(load(file));
    printf("skipped %s, %zu cases: %s\n", file, cases, reason);
    skipped += cases;
    arena_reset(&arena);
}

int main(void) {
    static const struct network networks[] = {
        {"BasicTests/difficulty.json", 1150000, 4370000, FORK_NEVER},
        {"BasicTests/difficultyMainNetwork.json", 1150000, 4370000, FORK_NEVER},
        {"BasicTests/difficultyCustomMainNetwork.json", 1150000, 4370000, FORK_NEVER},
        {"BasicTests/difficultyCustomHomestead.json", 0, FORK_NEVER, FORK_NEVER},
        {"BasicTests/difficultyRopsten.json", 0, 1700000, 4230000},
    };
    vectors_need("basic");
    arena_init(&arena, &heap_source);
    for (size_t i = 0; i < ARRAY_LEN(networks); i++) {
        difficulties(&networks[i]);
    }
    genesis_hashes("BasicTests/genesishashestest.json");
    genesis_blocks("GenesisTests/basic_genesis_tests.json");
    list_of("BasicTests/keyaddrtest.json", key_case);
    list_of("BasicTests/txtest.json", tx_case);
    seals("PoWTests/ethash_tests.json");
    skip("BasicTests/blockgenesistest.json", "headers of a form from before Frontier");
    skip("BasicTests/crypto.json", "AES and ECIES, which nothing here uses");
    printf("%zu passed, %zu failed, %zu skipped\n", vectors_passed, vectors_failed, skipped);
    return vectors_failed == 0 && vectors_passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
