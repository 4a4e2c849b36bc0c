#include "service/mnemonic.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

enum {
    SEED_SIZE = 64,
    SEED_ROUNDS = 2048, /* BIP-39 */
};
#define HARDENED 0x80000000u

/* BIP-32: a private key and its chain code. */
struct extended_key {
    struct ecdsa_secret_key key;
    uint8_t chain_code[32];
};

static void hmac_sha512(uint8_t out[64], struct bytes key, struct bytes data) {
    unsigned size = 64;
    ASSERT(HMAC(EVP_sha512(), key.data, (int)key.len, data.data, data.len, out, &size) != NULL);
    ASSERT(size == 64);
}

static void master_key(struct extended_key *out, const char *phrase) {
    uint8_t seed[SEED_SIZE], digest[64];
    ASSERT(
        PKCS5_PBKDF2_HMAC(
            phrase, (int)strlen(phrase), (const uint8_t *)"mnemonic", 8, SEED_ROUNDS, EVP_sha512(),
            SEED_SIZE, seed
        ) == 1
    );
    hmac_sha512(digest, BYTES_LITERAL("Bitcoin seed"), BYTES_OF(seed));
    memcpy(out->key.bytes, digest, 32);
    memcpy(out->chain_code, digest + 32, 32);
}

/* BIP-32, private parent to private child. The one case in 2^127 where a child does not exist would
 * stop the program in ecdsa_public_key_of. */
static void child_key(
    struct extended_key *out,
    const struct extended_key *parent,
    uint32_t index,
    const struct ecdsa_signer *signer
) {
    uint8_t data[37], digest[64];
    if (index & HARDENED) {
        data[0] = 0;
        memcpy(data + 1, parent->key.bytes, 32);
    } else {
        struct ecdsa_public_key public;
        ASSERT(ecdsa_public_key_of(signer, &public, &parent->key) == ECDSA_VALID);
        data[0] = 2 + (public.bytes[63] & 1);
        memcpy(data + 1, public.bytes, 32);
    }
    store_be32(data + 33, index);
    hmac_sha512(digest, BYTES_OF(parent->chain_code), BYTES_OF(data));

    const struct u256 left = u256_from_be(digest);
    const struct u256 parent_key = u256_from_be(parent->key.bytes);
    struct u256 sum;
    u256_addmod(&sum, &left, &parent_key, &ecdsa_order);
    u256_to_be(out->key.bytes, &sum);
    memcpy(out->chain_code, digest + 32, 32);
}

void mnemonic_accounts(
    struct mnemonic_account *accounts,
    size_t count,
    const char *phrase,
    const struct ecdsa_signer *signer
) {
    static const uint32_t path[] = {44 | HARDENED, 60 | HARDENED, 0 | HARDENED, 0};
    ASSERT(count <= MNEMONIC_ACCOUNTS_MAX);

    struct extended_key parent;
    master_key(&parent, phrase);
    for (size_t i = 0; i < ARRAY_LEN(path); i++) {
        struct extended_key child;
        child_key(&child, &parent, path[i], signer);
        parent = child;
    }
    for (size_t i = 0; i < count; i++) {
        struct extended_key child;
        struct ecdsa_public_key public;
        child_key(&child, &parent, (uint32_t)i, signer);
        ASSERT(ecdsa_public_key_of(signer, &public, &child.key) == ECDSA_VALID);
        accounts[i] = (struct mnemonic_account){ecdsa_address(&public), child.key};
    }
}
