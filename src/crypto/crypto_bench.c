/* crypto_bench: nanoseconds of processor time an operation, the least of several rounds, beside what
 * the library of the field takes for the same where there is one. */
#define OPENSSL_SUPPRESS_DEPRECATED 1

#include "base/test_heap.h"
#include "codec/hex.h"
#include "crypto/blake2f.h"
#include "crypto/bls12_381.h"
#include "crypto/bn254.h"
#include "crypto/ecdsa.h"
#include "crypto/keccak.h"
#include "crypto/kzg.h"
#include "crypto/modexp.h"
#include "crypto/p256.h"
#include "crypto/ripemd160.h"
#include "crypto/sha256.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/sha.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { ROUNDS = 7, LONG_INPUT = 4096, MODEXP_MAX = 1024 };

struct bench {
    struct arena arena;
    struct ecdsa_signer signer;
    struct ecdsa_secret_key key;
    struct ecdsa_public_key public_key;
    struct ecdsa_signature signature;
    struct hash digest;
    uint64_t keccak_state[25];
    uint8_t data[LONG_INPUT];
    uint8_t g1_input[160];
    uint8_t pairs[4 * BN254_PAIR_SIZE];
    uint8_t bls_pairs[2 * BLS12_381_PAIR_SIZE];
    size_t size; /* of this run's input */
    uint8_t numbers[3 * MODEXP_MAX];
    BIGNUM *base, *exponent, *modulus, *power;
    BN_CTX *bn_context;
    EC_KEY *p256_key;
    ECDSA_SIG *p256_signature;
    struct u256 p256_numbers[4]; /* r, s, x, y */
    uint8_t point_evaluation[KZG_POINT_EVALUATION_SIZE];
    struct kzg_setup *setup;
    uint8_t blob[KZG_BLOB_SIZE]; /* zeros */
    uint8_t random_blob[KZG_BLOB_SIZE];
    struct kzg_proof cell_proofs[KZG_CELLS_PER_BLOB];
};

static double now_ns(void) {
    struct timespec time;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

/* About 20 ms a round. */
static double measure(struct bench *bench, void (*run)(struct bench *bench)) {
    double start = now_ns();
    run(bench);
    const double first = now_ns() - start;
    const size_t count = first > 2e7 ? 1 : (size_t)(2e7 / (first + 20)) + 1;
    double best = 0;
    for (size_t round = 0; round < ROUNDS; round++) {
        start = now_ns();
        for (size_t i = 0; i < count; i++) {
            run(bench);
        }
        const double each = (now_ns() - start) / (double)count;
        if (round == 0 || each < best) best = each;
    }
    return best;
}

static void row(
    struct bench *bench,
    const char *name,
    void (*ours)(struct bench *bench),
    const char *library_name,
    void (*library)(struct bench *bench)
) {
    printf("%-34s %12.0f ns", name, measure(bench, ours));
    if (library != NULL) printf("   %-24s %12.0f ns", library_name, measure(bench, library));
    printf("\n");
    arena_reset(&bench->arena);
}

static void keccak_f(struct bench *b) {
    keccakf1600(b->keccak_state);
}
static void keccak_f_portable(struct bench *b) {
    keccakf1600_portable(b->keccak_state);
}
static void keccak_data(struct bench *b) {
    keccak256(&b->digest, bytes_from(b->data, b->size));
}
static void sha3_openssl(struct bench *b) {
    uint8_t out[32];
    (void)EVP_Digest(b->data, b->size, out, NULL, EVP_sha3_256(), NULL);
}
static void sha256_data(struct bench *b) {
    sha256(&b->digest, bytes_from(b->data, b->size));
}
static void sha256_openssl(struct bench *b) {
    uint8_t out[32];
    (void)SHA256(b->data, b->size, out);
}
static void sha256_plain(struct bench *b) {
    uint32_t state[8] = {0};
    for (size_t at = 0; at < b->size; at += SHA256_BLOCK_SIZE) {
        sha256_compress_plain(state, b->data + at);
    }
    b->data[0] ^= (uint8_t)state[0];
}
static void ripemd160_data(struct bench *b) {
    ripemd160(b->data, bytes_from(b->data, b->size));
}
static void blake2f_12_rounds(struct bench *b) {
    uint64_t offset[2] = {128, 0};
    blake2f_compress(b->keccak_state, b->keccak_state + 8, offset, false, 12);
}

static void recover(struct bench *b) {
    struct address address;
    const struct ecdsa_signature *const s = &b->signature;
    (void)!ecdsa_recover_address(&address, &b->digest, &s->r, &s->s, s->recovery_id);
}
static void sign(struct bench *b) {
    struct ecdsa_signature signature;
    (void)!ecdsa_sign_recoverable(&b->signer, &signature, &b->digest, &b->key);
}
static void verify(struct bench *b) {
    (void)!ecdsa_verify(&b->public_key, &b->digest, &b->signature.r, &b->signature.s);
}
static void p256(struct bench *b) {
    const struct u256 *const n = b->p256_numbers;
    if (!p256_verify(&b->digest, &n[0], &n[1], &n[2], &n[3])) printf("wrong\n");
}
static void p256_openssl(struct bench *b) {
    (void)ECDSA_do_verify(b->digest.bytes, 32, b->p256_signature, b->p256_key);
}

static void bn_add(struct bench *b) {
    (void)!bn254_add(b->g1_input, b->g1_input);
}
static void bn_mul(struct bench *b) {
    uint8_t out[BN254_G1_SIZE];
    (void)!bn254_mul(out, b->g1_input + 64);
}
static void bn_pairing(struct bench *b) {
    bool is_one = false;
    (void)!bn254_pairing_check(&is_one, bytes_from(b->pairs, b->size));
}
static void bls_pairing(struct bench *b) {
    bool is_one = false;
    (void)!bls12_381_pairing_check(&is_one, bytes_from(b->bls_pairs, b->size));
}
static void point_evaluation(struct bench *b) {
    if (kzg_verify_point_evaluation(BYTES_OF(b->point_evaluation)) != KZG_VALID) printf("wrong\n");
}
static void verify_cells(struct bench *b) {
    const struct kzg_commitment infinity = {{0xc0}};
    const enum kzg_verdict verdict =
        kzg_verify_blob_cell_proofs(b->setup, &b->arena, b->blob, &infinity, b->cell_proofs, 1);
    if (verdict != KZG_VALID) printf("wrong\n");
}
static void compute_cell_proofs(struct bench *b) {
    (void)!kzg_compute_cells_and_proofs(b->setup, NULL, b->cell_proofs, b->blob);
}
static void commit_blob(struct bench *b) {
    struct kzg_commitment commitment;
    (void)!kzg_blob_to_commitment(b->setup, &commitment, b->random_blob);
}

static void power(struct bench *b) {
    const struct modexp_input input = {
        bytes_from(b->numbers, 3 * b->size), b->size, b->size, b->size};
    uint8_t out[MODEXP_MAX];
    modexp(&b->arena, out, &input);
}
static void power_openssl(struct bench *b) {
    (void)BN_mod_exp(b->power, b->base, b->exponent, b->modulus, b->bn_context);
}

static void decode(uint8_t *out, size_t size, const char *digits) {
    size_t len = 0;
    const bool is_good =
        hex_decode_bare(out, size, &len, bytes_from(digits, strlen(digits))) == HEX_VALID;
    ASSERT(is_good && len == size);
}

static void prepare_signatures(struct bench *b) {
    memset(b->key.bytes, 7, sizeof b->key.bytes);
    keccak256(&b->digest, BYTES_LITERAL("bench"));
    ecdsa_signer_init(&b->signer, &b->digest);
    (void)!ecdsa_public_key_of(&b->signer, &b->public_key, &b->key);
    (void)!ecdsa_sign_recoverable(&b->signer, &b->signature, &b->digest, &b->key);

    uint8_t encoded[65];
    uint8_t number[32];
    const BIGNUM *r = NULL, *s = NULL;
    b->p256_key = EC_KEY_new_by_curve_name(NID_X9_62_prime256v1);
    (void)EC_KEY_generate_key(b->p256_key);
    b->p256_signature = ECDSA_do_sign(b->digest.bytes, 32, b->p256_key);
    ECDSA_SIG_get0(b->p256_signature, &r, &s);
    (void)BN_bn2binpad(r, number, 32);
    b->p256_numbers[0] = u256_from_be(number);
    (void)BN_bn2binpad(s, number, 32);
    b->p256_numbers[1] = u256_from_be(number);
    (void)EC_POINT_point2oct(
        EC_KEY_get0_group(b->p256_key), EC_KEY_get0_public_key(b->p256_key),
        POINT_CONVERSION_UNCOMPRESSED, encoded, sizeof encoded, NULL
    );
    b->p256_numbers[2] = u256_from_be(encoded + 1);
    b->p256_numbers[3] = u256_from_be(encoded + 33);
}

static void prepare_curves(struct bench *b) {
    static const char g2[] = "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
                             "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
                             "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
                             "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";
    b->g1_input[31] = 1;
    b->g1_input[63] = 2;
    memcpy(b->g1_input + 64, b->g1_input, 64);
    bn_add(b); /* the first point is 2 G now, the second G, and what follows all ones */
    memset(b->g1_input + 128, 0xff, 32);
    for (size_t i = 0; i < sizeof b->pairs; i += BN254_PAIR_SIZE) {
        memcpy(b->pairs + i, b->g1_input, BN254_G1_SIZE);
        decode(b->pairs + i + BN254_G1_SIZE, BN254_G2_SIZE, g2);
    }
    for (size_t i = 0; i < sizeof b->bls_pairs; i += BLS12_381_PAIR_SIZE) {
        uint8_t u[BLS12_381_FP2_SIZE] = {0};
        u[63] = (uint8_t)(i / BLS12_381_PAIR_SIZE + 1);
        (void)!bls12_381_map_fp_to_g1(b->bls_pairs + i, bytes_from(u, BLS12_381_FP_SIZE));
        (void)!bls12_381_map_fp2_to_g2(b->bls_pairs + i + BLS12_381_G1_SIZE, BYTES_OF(u));
    }
    /* The zero polynomial: commitment and proof at infinity, value 0. */
    struct kzg_commitment infinity = {{0xc0}};
    const struct hash versioned_hash = kzg_versioned_hash(&infinity);
    memcpy(b->point_evaluation, versioned_hash.bytes, 32);
    b->point_evaluation[63] = 5;
    memcpy(b->point_evaluation + 96, infinity.bytes, 48);
    memcpy(b->point_evaluation + 144, infinity.bytes, 48);
}

static void bench_powers(struct bench *b) {
    static const size_t sizes[] = {32, 64, 128, 256, 512, 1024};
    b->bn_context = BN_CTX_new();
    b->power = BN_new();
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        for (int is_odd = 1; is_odd >= 0; is_odd--) {
            char name[64];
            const size_t size = b->size = sizes[i];
            uint64_t seed = 9;
            for (size_t k = 0; k < 3 * size; k++) {
                seed = seed * 6364136223846793005 + 1442695040888963407;
                b->numbers[k] = (uint8_t)(seed >> 40) | 0x80;
            }
            b->numbers[3 * size - 1] = (uint8_t)((b->numbers[3 * size - 1] & 0xfe) | is_odd);
            b->base = BN_bin2bn(b->numbers, (int)size, NULL);
            b->exponent = BN_bin2bn(b->numbers + size, (int)size, NULL);
            b->modulus = BN_bin2bn(b->numbers + 2 * size, (int)size, NULL);
            (void
            )snprintf(name, sizeof name, "modexp %zu bytes, %s", size, is_odd ? "odd" : "even");
            row(b, name, power, "BN_mod_exp", power_openssl);
            BN_free(b->base);
            BN_free(b->exponent);
            BN_free(b->modulus);
        }
    }
    BN_free(b->power);
    BN_CTX_free(b->bn_context);
}

static void bench_blobs(struct bench *b) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    b->setup = kzg_setup_create(&arena);
    for (size_t i = 0; i < sizeof b->random_blob; i++) {
        b->random_blob[i] = i % 32 == 0 ? 0 : (uint8_t)(i * 31 + i / 256);
    }
    row(b, "kzg commit to a blob", commit_blob, NULL, NULL);
    row(b, "kzg proofs of the cells of a blob", compute_cell_proofs, NULL, NULL);
    row(b, "kzg verify the cells of a blob", verify_cells, NULL, NULL);
    kzg_setup_destroy(b->setup);
    arena_reset(&arena);
}

static void bench_hashes(struct bench *b) {
    row(b, "keccak-f[1600]", keccak_f, "portable path", keccak_f_portable);
    b->size = 32;
    row(b, "keccak256 of 32 bytes", keccak_data, "OpenSSL's SHA3-256", sha3_openssl);
    b->size = LONG_INPUT;
    row(b, "keccak256 of 4096 bytes", keccak_data, "OpenSSL's SHA3-256", sha3_openssl);
    row(b, "sha256 of 4096 bytes", sha256_data, "OpenSSL", sha256_openssl);
    row(b, "sha256 of 4096 bytes, plain", sha256_plain, NULL, NULL);
    b->size = 64;
    row(b, "sha256 of 64 bytes", sha256_data, "OpenSSL", sha256_openssl);
    b->size = LONG_INPUT;
    row(b, "ripemd160 of 4096 bytes", ripemd160_data, NULL, NULL);
    row(b, "blake2f, 12 rounds", blake2f_12_rounds, NULL, NULL);
}

int main(void) {
    static struct bench bench;
    struct bench *const b = &bench;
    arena_init(&b->arena, &test_heap);
    bench_hashes(b);
    prepare_signatures(b);
    row(b, "ecdsa recover an address", recover, NULL, NULL);
    row(b, "ecdsa sign", sign, NULL, NULL);
    row(b, "ecdsa verify", verify, NULL, NULL);
    row(b, "p256 verify", p256, "OpenSSL, key at hand", p256_openssl);
    prepare_curves(b);
    row(b, "bn254 add", bn_add, NULL, NULL);
    row(b, "bn254 multiply, 256 bits", bn_mul, NULL, NULL);
    b->size = BN254_PAIR_SIZE;
    row(b, "bn254 pairing check of 1", bn_pairing, NULL, NULL);
    b->size = 2 * BN254_PAIR_SIZE;
    row(b, "bn254 pairing check of 2", bn_pairing, NULL, NULL);
    b->size = 4 * BN254_PAIR_SIZE;
    row(b, "bn254 pairing check of 4", bn_pairing, NULL, NULL);
    b->size = 2 * BLS12_381_PAIR_SIZE;
    row(b, "bls12-381 pairing check of 2", bls_pairing, NULL, NULL);
    row(b, "kzg point evaluation", point_evaluation, NULL, NULL);
    bench_blobs(b);
    bench_powers(b);
    ECDSA_SIG_free(b->p256_signature);
    EC_KEY_free(b->p256_key);
    arena_reset(&b->arena);
    return 0;
}
