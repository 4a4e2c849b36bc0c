/* The half of ecdsa.h that stands on libsecp256k1. */
#include "crypto/ecdsa.h"

#include <secp256k1.h>
#include <secp256k1_preallocated.h>
#include <secp256k1_recovery.h>

enum { COMPACT_SIZE = 64, UNCOMPRESSED_SIZE = 65, UNCOMPRESSED_TAG = 0x04, RECOVERY_ID_MAX = 3 };

static bool in_range(const struct u256 *v) {
    return !u256_is_zero(v) && u256_less(v, &ecdsa_order);
}

static void to_compact(uint8_t compact[COMPACT_SIZE], const struct u256 *r, const struct u256 *s) {
    u256_to_be(compact, r);
    u256_to_be(compact + 32, s);
}

/* The static context serves everything that has no secret. */
static void serialize(struct ecdsa_public_key *out, const secp256k1_pubkey *key) {
    uint8_t encoded[UNCOMPRESSED_SIZE];
    size_t len = sizeof encoded;
    const int done = secp256k1_ec_pubkey_serialize(
        secp256k1_context_static, encoded, &len, key, SECP256K1_EC_UNCOMPRESSED
    );
    ASSERT(done == 1 && len == sizeof encoded);
    memcpy(out->bytes, encoded + 1, sizeof out->bytes);
}

enum ecdsa_verdict ecdsa_recover(
    struct ecdsa_public_key *out, const struct hash *digest, const struct ecdsa_signature *signature
) {
    if (signature->recovery_id > RECOVERY_ID_MAX) return ECDSA_BAD_RECOVERY_ID;
    if (!in_range(&signature->r) || !in_range(&signature->s)) return ECDSA_OUT_OF_RANGE;

    uint8_t compact[COMPACT_SIZE];
    secp256k1_ecdsa_recoverable_signature parsed;
    secp256k1_pubkey key;
    to_compact(compact, &signature->r, &signature->s);
    const int is_parsed = secp256k1_ecdsa_recoverable_signature_parse_compact(
        secp256k1_context_static, &parsed, compact, signature->recovery_id
    );
    ASSERT(is_parsed == 1); /* ranges are checked */
    if (secp256k1_ecdsa_recover(secp256k1_context_static, &key, &parsed, digest->bytes) != 1) {
        return ECDSA_NO_PUBLIC_KEY;
    }
    serialize(out, &key);
    return ECDSA_VALID;
}

enum ecdsa_verdict ecdsa_verify(
    const struct ecdsa_public_key *key,
    const struct hash *digest,
    const struct u256 *r,
    const struct u256 *s
) {
    if (!in_range(r) || !in_range(s)) return ECDSA_OUT_OF_RANGE;

    const secp256k1_context *const context = secp256k1_context_static;
    uint8_t encoded[UNCOMPRESSED_SIZE] = {UNCOMPRESSED_TAG};
    uint8_t compact[COMPACT_SIZE];
    secp256k1_pubkey parsed_key;
    secp256k1_ecdsa_signature parsed;
    memcpy(encoded + 1, key->bytes, sizeof key->bytes);
    if (secp256k1_ec_pubkey_parse(context, &parsed_key, encoded, sizeof encoded) != 1) {
        return ECDSA_NO_PUBLIC_KEY;
    }
    to_compact(compact, r, s);
    const int is_parsed = secp256k1_ecdsa_signature_parse_compact(context, &parsed, compact);
    ASSERT(is_parsed == 1);
    (void
    )secp256k1_ecdsa_signature_normalize(context, &parsed, &parsed); /* the library wants low s */
    if (secp256k1_ecdsa_verify(context, &parsed, digest->bytes, &parsed_key) != 1) {
        return ECDSA_WRONG_SIGNATURE;
    }
    return ECDSA_VALID;
}

void ecdsa_signer_init(struct ecdsa_signer *signer, const struct hash *blinding) {
    const unsigned flags = SECP256K1_CONTEXT_NONE;
    ASSERT(secp256k1_context_preallocated_size(flags) <= sizeof signer->memory);
    secp256k1_context *const context = secp256k1_context_preallocated_create(signer->memory, flags);
    ASSERT(context == (void *)signer->memory);
    if (blinding == NULL) return;
    const int done = secp256k1_context_randomize(context, blinding->bytes);
    ASSERT(done == 1);
}

static const secp256k1_context *context_of(const struct ecdsa_signer *signer) {
    return (const secp256k1_context *)(const void *)signer->memory;
}

enum ecdsa_verdict ecdsa_public_key_of(
    const struct ecdsa_signer *signer,
    struct ecdsa_public_key *out,
    const struct ecdsa_secret_key *key
) {
    secp256k1_pubkey public_key;
    if (secp256k1_ec_pubkey_create(context_of(signer), &public_key, key->bytes) != 1) {
        return ECDSA_BAD_SECRET_KEY;
    }
    serialize(out, &public_key);
    return ECDSA_VALID;
}

enum ecdsa_verdict ecdsa_sign_recoverable(
    const struct ecdsa_signer *signer,
    struct ecdsa_signature *out,
    const struct hash *digest,
    const struct ecdsa_secret_key *key
) {
    const secp256k1_context *const context = context_of(signer);
    secp256k1_ecdsa_recoverable_signature signature;
    uint8_t compact[COMPACT_SIZE];
    int recovery_id = 0;
    if (secp256k1_ecdsa_sign_recoverable(
            context, &signature, digest->bytes, key->bytes, secp256k1_nonce_function_rfc6979, NULL
        ) != 1) {
        return ECDSA_BAD_SECRET_KEY;
    }
    (void)secp256k1_ecdsa_recoverable_signature_serialize_compact(
        context, compact, &recovery_id, &signature
    );
    out->r = u256_from_be(compact);
    out->s = u256_from_be(compact + 32);
    out->recovery_id = (uint8_t)recovery_id;
    return ECDSA_VALID;
}
