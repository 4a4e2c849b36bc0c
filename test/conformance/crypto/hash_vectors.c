/* Hashes: SHA3 and SHAKE known answers (by our Keccak permutation), and ethers' hashes, addresses of
 * keys and CREATE2 addresses. */
#include "crypto/ecdsa.h"
#include "crypto/keccak.h"
#include "crypto/ripemd160.h"
#include "crypto/sha256.h"
#include "suite.h"

#include <stdlib.h>

enum { STATE_SIZE = 200, SHA3_SUFFIX = 0x06, SHAKE_SUFFIX = 0x1f };

/* FIPS 202's sponge over our permutation. */
static void sponge(
    uint8_t *out, size_t out_len, struct bytes data, size_t rate, uint8_t domain_suffix
) {
    uint64_t state[25] = {0};
    uint8_t *const bytes = (uint8_t *)state;
    size_t filled = 0;
    for (size_t i = 0; i < data.len; i++) {
        bytes[filled++] ^= data.data[i];
        if (filled == rate) {
            keccakf1600(state);
            filled = 0;
        }
    }
    bytes[filled] ^= domain_suffix;
    bytes[rate - 1] ^= 0x80;
    for (size_t i = 0; i < out_len; i++) {
        if (i % rate == 0) keccakf1600(state);
        out[i] = bytes[i % rate];
    }
}

static void run_known_answers(struct suite *suite, const char *path) {
    json_t *const document = suite_load(suite, path);
    const char *name = NULL;
    json_t *cases = NULL;
    json_object_foreach(json_object_get(document, "kats"), name, cases) {
        if (name[0] == 'c') { /* cSHAKE: its prefix of names is not our permutation's matter */
            suite_skip(suite, json_array_size(cases));
            continue;
        }
        const bool is_xof = strncmp(name, "SHAKE", 5) == 0;
        const size_t strength = strtoul(name + 5, NULL, 10); /* SHA3-256, SHAKE128 */
        size_t index = 0;
        json_t *item = NULL;
        json_array_foreach(cases, index, item) {
            const struct bytes message = suite_member(suite, item, "message");
            const struct bytes digest = suite_member(suite, item, "digest");
            const size_t len = (size_t)json_integer_value(json_object_get(item, "length")) / 8;
            uint8_t *const out = arena_alloc(&suite->arena, digest.len + 1, 1);
            sponge(
                out, digest.len, bytes_slice(message, 0, len), STATE_SIZE - 2 * strength / 8,
                is_xof ? SHAKE_SUFFIX : SHA3_SUFFIX
            );
            suite_count(suite, bytes_equal(bytes_from(out, digest.len), digest), name);
            arena_reset(&suite->arena);
        }
    }
    json_decref(document);
}

static bool hashes_are_right(struct suite *suite, const json_t *item) {
    const struct bytes data = suite_member(suite, item, "data");
    struct hash hash;
    uint8_t short_hash[RIPEMD160_SIZE];
    keccak256(&hash, data);
    if (!bytes_equal(BYTES_OF(hash), suite_member(suite, item, "keccak256"))) return false;
    sha256(&hash, data);
    if (!bytes_equal(BYTES_OF(hash), suite_member(suite, item, "sha256"))) return false;
    ripemd160(short_hash, data);
    return bytes_equal(BYTES_OF(short_hash), suite_member(suite, item, "ripemd160"));
}

static bool account_is_right(struct suite *suite, const json_t *item) {
    struct ecdsa_signer signer;
    struct ecdsa_secret_key key;
    struct ecdsa_public_key public_key;
    const struct bytes secret = suite_member(suite, item, "privateKey");
    if (secret.len != sizeof key.bytes) return false;
    memcpy(key.bytes, secret.data, sizeof key.bytes);
    ecdsa_signer_init(&signer, NULL);
    if (ecdsa_public_key_of(&signer, &public_key, &key) != ECDSA_VALID) return false;
    const struct address address = ecdsa_address(&public_key);
    return bytes_equal(BYTES_OF(address), suite_member(suite, item, "address"));
}

/* EIP-1014: keccak256(0xff, sender, salt, keccak256(code)), its last 20 bytes. */
static bool create2_is_right(struct suite *suite, const json_t *item) {
    static const uint8_t tag = 0xff;
    const struct bytes sender = suite_member(suite, item, "sender");
    size_t index = 0;
    json_t *creation = NULL;
    json_array_foreach(json_object_get(item, "creates"), index, creation) {
        struct keccak256 hasher;
        struct hash code_hash;
        struct hash hash;
        keccak256(&code_hash, suite_member(suite, creation, "initCode"));
        keccak256_init(&hasher);
        keccak256_update(&hasher, BYTES_OF(tag));
        keccak256_update(&hasher, sender);
        keccak256_update(&hasher, suite_member(suite, creation, "salt"));
        keccak256_update(&hasher, BYTES_OF(code_hash));
        keccak256_final(&hasher, &hash);
        const struct bytes address = bytes_slice(BYTES_OF(hash), 12, 20);
        if (!bytes_equal(address, suite_member(suite, creation, "address"))) return false;
    }
    return index > 0;
}

static void run_ethers(struct suite *suite, const char *path) {
    static const struct {
        const char *file;
        bool (*is_right)(struct suite *suite, const json_t *item);
    } checks[] = {
        {"/hashes.json", hashes_are_right},
        {"/accounts.json", account_is_right},
        {"/create2.json", create2_is_right},
    };
    json_t *const document = suite_load(suite, path);
    bool (*is_right)(struct suite * suite, const json_t *item) = NULL;
    for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
        if (strstr(path, checks[i].file) != NULL) is_right = checks[i].is_right;
    }
    if (is_right == NULL) suite_skip(suite, json_array_size(document));
    size_t index = 0;
    json_t *item = NULL;
    json_array_foreach(is_right == NULL ? NULL : document, index, item) {
        suite_count(suite, is_right(suite, item), suite_text(item, "name"));
        arena_reset(&suite->arena);
    }
    json_decref(document);
}

void run_hash_vectors(struct suite *suite) {
    const bool is_sha3 = strcmp(suite->archive, "crypto/sha3") == 0;
    suite_each_file(suite, suite->archive, ".json", is_sha3 ? run_known_answers : run_ethers);
}
