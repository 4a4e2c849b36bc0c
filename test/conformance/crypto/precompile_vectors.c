/* Precompiles: go-ethereum's vectors and those of EIP-2537 and EIP-7951, as calls of the crypto
 * layer. Gas is the EVM's matter. */
#include "crypto/blake2f.h"
#include "crypto/bls12_381.h"
#include "crypto/bn254.h"
#include "crypto/ecdsa.h"
#include "crypto/kzg.h"
#include "crypto/modexp.h"
#include "crypto/p256.h"
#include "suite.h"

#include <stdio.h>

enum { OUTPUT_MAX = 4096 };

struct call {
    struct arena *arena;
    struct bytes input;
    uint8_t output[OUTPUT_MAX];
    size_t output_len;
};

/* The input cut or filled up with zeros to size. */
static const uint8_t *padded(struct call *call, size_t size) {
    uint8_t *const copy = arena_alloc(call->arena, size, 1);
    const size_t len = call->input.len < size ? call->input.len : size;
    if (len > 0) memcpy(copy, call->input.data, len);
    return copy;
}

static void put_bool(struct call *call, bool value) {
    memset(call->output, 0, 32);
    call->output[31] = value ? 1 : 0;
    call->output_len = 32;
}

static bool ec_recover(struct call *call) {
    const uint8_t *const input = padded(call, 128);
    struct hash digest;
    struct address address;
    const struct u256 v = u256_from_be(input + 32);
    const struct u256 r = u256_from_be(input + 64);
    const struct u256 s = u256_from_be(input + 96);
    memcpy(digest.bytes, input, sizeof digest.bytes);
    call->output_len = 0;
    if (!u256_fits_u64(&v) || v.limb[0] < 27 || v.limb[0] > 28) return true;
    const uint8_t recovery_id = (uint8_t)(v.limb[0] - 27);
    if (ecdsa_recover_address(&address, &digest, &r, &s, recovery_id) != ECDSA_VALID) return true;
    memset(call->output, 0, 12);
    memcpy(call->output + 12, address.bytes, sizeof address.bytes);
    call->output_len = 32;
    return true;
}

static bool bn_add(struct call *call) {
    call->output_len = BN254_G1_SIZE;
    return bn254_add(call->output, padded(call, 2 * BN254_G1_SIZE)) == BN254_VALID;
}

static bool bn_mul(struct call *call) {
    call->output_len = BN254_G1_SIZE;
    return bn254_mul(call->output, padded(call, BN254_G1_SIZE + BN254_SCALAR_SIZE)) == BN254_VALID;
}

static bool bn_pairing(struct call *call) {
    bool is_one = false;
    const enum bn254_verdict verdict = bn254_pairing_check(&is_one, call->input);
    put_bool(call, is_one);
    return verdict == BN254_VALID;
}

static bool blake2_f(struct call *call) {
    call->output_len = BLAKE2F_OUTPUT_SIZE;
    return blake2f(call->output, call->input) == BLAKE2F_VALID;
}

static bool mod_exp(struct call *call) {
    const uint8_t *const lengths = padded(call, 96);
    const size_t header = call->input.len < 96 ? call->input.len : 96;
    const struct modexp_input input = {
        .data = bytes_slice(call->input, header, call->input.len - header),
        .base_len = (size_t)load_be64(lengths + 24),
        .exponent_len = (size_t)load_be64(lengths + 56),
        .modulus_len = (size_t)load_be64(lengths + 88),
    };
    if (input.modulus_len > OUTPUT_MAX) return false;
    modexp(call->arena, call->output, &input);
    call->output_len = input.modulus_len;
    return true;
}

static bool p256(struct call *call) {
    put_bool(call, true);
    if (!p256_verify_encoded(call->input)) call->output_len = 0;
    return true;
}

/* EIP-4844: the number of field elements of a blob, and the order of the field. */
static bool point_evaluation(struct call *call) {
    static const uint8_t order[32] = {
        0x73, 0xed, 0xa7, 0x53, 0x29, 0x9d, 0x7d, 0x48, 0x33, 0x39, 0xd8,
        0x08, 0x09, 0xa1, 0xd8, 0x05, 0x53, 0xbd, 0xa4, 0x02, 0xff, 0xfe,
        0x5b, 0xfe, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x01,
    };
    memset(call->output, 0, 32);
    call->output[30] = 4096 >> 8;
    memcpy(call->output + 32, order, sizeof order);
    call->output_len = 64;
    return kzg_verify_point_evaluation(call->input) == KZG_VALID;
}

static bool g1_add(struct call *call) {
    call->output_len = BLS12_381_G1_SIZE;
    return bls12_381_g1_add(call->output, call->input) == BLS12_381_VALID;
}

static bool g2_add(struct call *call) {
    call->output_len = BLS12_381_G2_SIZE;
    return bls12_381_g2_add(call->output, call->input) == BLS12_381_VALID;
}

static bool g1_msm(struct call *call) {
    call->output_len = BLS12_381_G1_SIZE;
    return bls12_381_g1_msm(call->arena, call->output, call->input) == BLS12_381_VALID;
}

static bool g2_msm(struct call *call) {
    call->output_len = BLS12_381_G2_SIZE;
    return bls12_381_g2_msm(call->arena, call->output, call->input) == BLS12_381_VALID;
}

static bool pairing(struct call *call) {
    bool is_one = false;
    const enum bls12_381_verdict verdict = bls12_381_pairing_check(&is_one, call->input);
    put_bool(call, is_one);
    return verdict == BLS12_381_VALID;
}

static bool map_g1(struct call *call) {
    call->output_len = BLS12_381_G1_SIZE;
    return bls12_381_map_fp_to_g1(call->output, call->input) == BLS12_381_VALID;
}

static bool map_g2(struct call *call) {
    call->output_len = BLS12_381_G2_SIZE;
    return bls12_381_map_fp2_to_g2(call->output, call->input) == BLS12_381_VALID;
}

/* The file's name, without "fail-", begins with one of these. */
static const struct {
    const char *file;
    bool (*run)(struct call *call);
} precompiles[] = {
    {"ecRecover", ec_recover},    {"bn256Add", bn_add},     {"bn256ScalarMul", bn_mul},
    {"bn256Pairing", bn_pairing}, {"blake2", blake2_f},     {"modexp", mod_exp},
    {"p256Verify", p256},         {"test-vectors", p256},   {"pointEvaluation", point_evaluation},
    {"blsG1Add", g1_add},         {"add_G1", g1_add},       {"blsG2Add", g2_add},
    {"add_G2", g2_add},           {"blsG1Mul", g1_msm},     {"mul_G1", g1_msm},
    {"msm_G1", g1_msm},           {"blsG2Mul", g2_msm},     {"mul_G2", g2_msm},
    {"msm_G2", g2_msm},           {"blsPairing", pairing},  {"pairing_check", pairing},
    {"blsMapG1", map_g1},         {"map_fp_to_G1", map_g1}, {"blsMapG2", map_g2},
    {"map_fp2_to_G2", map_g2},
};

static void run_file(struct suite *suite, const char *path) {
    const char *name = strrchr(path, '/') + 1;
    const bool must_fail = strncmp(name, "fail-", 5) == 0;
    if (must_fail) name += 5;
    bool (*run)(struct call * call) = NULL;
    for (size_t i = 0; i < ARRAY_LEN(precompiles); i++) {
        const size_t len = strlen(precompiles[i].file);
        if (strncmp(name, precompiles[i].file, len) == 0) run = precompiles[i].run;
    }
    json_t *const document = suite_load(suite, path);
    size_t index = 0;
    json_t *item = NULL;
    json_array_foreach(document, index, item) {
        struct call call = {.arena = &suite->arena, .input = suite_member(suite, item, "Input")};
        bool is_right = run != NULL && run(&call) != must_fail;
        if (is_right && !must_fail) {
            const struct bytes expected = suite_member(suite, item, "Expected");
            is_right = bytes_equal(bytes_from(call.output, call.output_len), expected);
        }
        char label[SUITE_PATH_MAX];
        (void)snprintf(label, sizeof label, "%s: %s", path, suite_text(item, "Name"));
        suite_count(suite, is_right, label);
        arena_reset(&suite->arena);
    }
    json_decref(document);
}

void run_precompile_vectors(struct suite *suite) {
    suite_each_file(suite, "evm/precompiles", ".json", run_file);
}
