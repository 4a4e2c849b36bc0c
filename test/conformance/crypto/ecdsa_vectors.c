/* Wycheproof's ECDSA suites on the two curves that we verify on. Our functions take a digest, r and
 * s, so this file hashes the message (OpenSSL) and reads the signature's encoding (strict DER, or
 * r and s of 32 bytes each). */
#include "crypto/ecdsa_portable.h"
#include "crypto/p256.h"
#include "suite.h"

#include <openssl/evp.h>

enum { DER_SEQUENCE = 0x30, DER_INTEGER = 0x02 };

/* The digest's first 32 bytes (FIPS 186-5, 6.4.2: leftmost bits), or all of it, right-aligned. */
static bool hash_message(struct hash *out, const char *function, struct bytes message) {
    static const struct {
        const char *name;
        const char *openssl;
        size_t size;
    } functions[] = {
        {"SHA-256", "SHA256", 32},    {"SHA-512", "SHA512", 64},    {"SHA3-256", "SHA3-256", 32},
        {"SHA3-512", "SHA3-512", 64}, {"SHAKE128", "SHAKE128", 32}, {"SHAKE256", "SHAKE256", 64},
    };
    uint8_t digest[64];
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        if (strcmp(function, functions[i].name) != 0) continue;
        const EVP_MD *const type = EVP_get_digestbyname(functions[i].openssl);
        EVP_MD_CTX *const context = EVP_MD_CTX_new();
        const bool is_xof = strncmp(function, "SHAKE", 5) == 0;
        bool is_done = EVP_DigestInit_ex(context, type, NULL) == 1 &&
            EVP_DigestUpdate(context, message.data, message.len) == 1;
        is_done = is_done &&
            (is_xof ? EVP_DigestFinalXOF(context, digest, functions[i].size)
                    : EVP_DigestFinal_ex(context, digest, NULL)) == 1;
        EVP_MD_CTX_free(context);
        memcpy(out->bytes, digest, sizeof out->bytes);
        return is_done;
    }
    return false;
}

/* A positive integer in its one DER form; *rest is what follows it. False also above 32 bytes,
 * which no group order reaches. */
static bool der_integer(struct u256 *out, struct bytes in, struct bytes *rest) {
    uint8_t number[32] = {0};
    if (in.len < 3 || in.data[0] != DER_INTEGER || in.data[1] == 0 || in.data[1] > 33) return false;
    const size_t len = in.data[1];
    if (in.len < 2 + len || in.data[2] >= 0x80) return false;
    struct bytes digits = bytes_slice(in, 2, len);
    if (len > 1 && digits.data[0] == 0) {
        if (digits.data[1] < 0x80) return false;
        digits = bytes_slice(digits, 1, len - 1);
    }
    if (digits.len > sizeof number) return false;
    memcpy(number + sizeof number - digits.len, digits.data, digits.len);
    *out = u256_from_be(number);
    *rest = bytes_slice(in, 2 + len, in.len - 2 - len);
    return true;
}

static bool read_der(struct u256 *r, struct u256 *s, struct bytes signature) {
    if (signature.len < 2 || signature.data[0] != DER_SEQUENCE) return false;
    if (signature.data[1] >= 0x80 || signature.data[1] != signature.len - 2) return false;
    struct bytes rest = bytes_slice(signature, 2, signature.len - 2);
    return der_integer(r, rest, &rest) && der_integer(s, rest, &rest) && rest.len == 0;
}

static bool read_fixed(struct u256 *r, struct u256 *s, struct bytes signature) {
    if (signature.len != 64) return false;
    *r = u256_from_be(signature.data);
    *s = u256_from_be(signature.data + 32);
    return true;
}

static bool verify(struct suite *suite, const json_t *group, const json_t *item) {
    const json_t *const key = json_object_get(group, "publicKey");
    const char *const type = suite_text(group, "type");
    const struct bytes point = suite_member(suite, key, "uncompressed");
    const struct bytes signature = suite_member(suite, item, "sig");
    struct hash digest;
    struct u256 r, s;
    if (!hash_message(&digest, suite_text(group, "sha"), suite_member(suite, item, "msg"))) {
        suite_count(suite, false, "an unknown hash function");
        return false;
    }
    const bool is_fixed = strcmp(type, "EcdsaP1363Verify") == 0;
    if (!(is_fixed ? read_fixed(&r, &s, signature) : read_der(&r, &s, signature))) return false;
    if (point.len != 65) return false;
    if (strcmp(suite_text(key, "curve"), "secp256k1") == 0) {
        if (strcmp(type, "EcdsaBitcoinVerify") == 0 && ecdsa_s_is_high(&s)) return false;
        struct ecdsa_public_key public_key;
        memcpy(public_key.bytes, point.data + 1, sizeof public_key.bytes);
        const enum ecdsa_verdict verdict = ecdsa_verify(&public_key, &digest, &r, &s);
        if (ecdsa_verify_portable(&public_key, &digest, &r, &s) != verdict) {
            suite_count(suite, false, "the portable twin disagrees");
        }
        return verdict == ECDSA_VALID;
    }
    const struct u256 x = u256_from_be(point.data + 1);
    const struct u256 y = u256_from_be(point.data + 33);
    const bool is_valid = p256_verify(&digest, &r, &s, &x, &y);
    if (p256_verify_portable(&digest, &r, &s, &x, &y) != is_valid) {
        suite_count(suite, false, "the portable twin disagrees");
    }
    return is_valid;
}

static void run_file(struct suite *suite, const char *path) {
    json_t *const document = suite_load(suite, path);
    size_t group_index = 0, index = 0;
    json_t *group = NULL, *item = NULL;
    if (strstr(path, "/ecdsa_") == NULL) {
        const json_int_t count = json_integer_value(json_object_get(document, "numberOfTests"));
        suite_skip(suite, (size_t)count);
        json_decref(document);
        return;
    }
    json_array_foreach(json_object_get(document, "testGroups"), group_index, group) {
        json_array_foreach(json_object_get(group, "tests"), index, item) {
            const char *const result = suite_text(item, "result");
            const bool is_valid = verify(suite, group, item);
            const bool is_free = strcmp(result, "acceptable") == 0;
            suite_count(
                suite, is_free || is_valid == (strcmp(result, "valid") == 0),
                suite_text(item, "comment")
            );
            arena_reset(&suite->arena);
        }
    }
    json_decref(document);
}

void run_ecdsa_vectors(struct suite *suite) {
    suite_each_file(suite, "crypto/wycheproof", ".json", run_file);
}
