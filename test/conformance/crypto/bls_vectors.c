/* BLS12-381: the multiples k G of both generators, as sums and as products, and the maps to the
 * curves, from the suites of RFC 9380. */
#include "crypto/bls12_381.h"
#include "suite.h"

#include <stdio.h>

enum { POINT_COUNT = 1000, FP_BYTES = 48, ENCODED_FP = 64, INFINITY_FLAG = 0x40 };

/* A number of at most 48 bytes, big-endian, in EIP-2537's 64. */
static void encode_fp(uint8_t out[ENCODED_FP], struct bytes number) {
    ASSERT(number.len <= FP_BYTES);
    memset(out, 0, ENCODED_FP);
    memcpy(out + ENCODED_FP - number.len, number.data, number.len);
}

/* One group's operations. */
struct group {
    const char *file;
    size_t numbers; /* of the field, in a point */
    enum bls12_381_verdict (*add)(uint8_t *out, struct bytes input);
    enum bls12_381_verdict (*msm)(struct arena *arena, uint8_t *out, struct bytes input);
};

static const struct group groups[2] = {
    {"g1_uncompressed_valid_test_vectors.dat", 2, bls12_381_g1_add, bls12_381_g1_msm},
    {"g2_uncompressed_valid_test_vectors.dat", 4, bls12_381_g2_add, bls12_381_g2_msm},
};

/* From the serialisation of ZCash, which writes c1 before c0 and marks infinity. */
static void read_point(const struct group *group, uint8_t *out, const uint8_t *serialised) {
    uint8_t first[FP_BYTES];
    memcpy(first, serialised, sizeof first);
    first[0] &= 0x1f;
    for (size_t i = 0; i < group->numbers; i++) {
        const size_t to = group->numbers == 4 ? i ^ 1 : i;
        const uint8_t *const from = i == 0 ? first : serialised + i * FP_BYTES;
        encode_fp(out + to * ENCODED_FP, bytes_from(from, FP_BYTES));
    }
}

static void run_points(struct suite *suite, const struct group *group) {
    const size_t size = group->numbers * ENCODED_FP;
    uint8_t serialised[4 * FP_BYTES];
    uint8_t point[4 * ENCODED_FP];
    uint8_t sum_input[8 * ENCODED_FP];
    uint8_t product_input[4 * ENCODED_FP + 32];
    uint8_t sum[4 * ENCODED_FP] = {0};
    uint8_t product[4 * ENCODED_FP];
    uint8_t generator[4 * ENCODED_FP];
    char path[SUITE_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/crypto/bls/points/%s", suite->root, group->file);
    FILE *const file = fopen(path, "rb");
    if (file == NULL) {
        suite_count(suite, false, path);
        return;
    }
    for (uint64_t k = 0; k < POINT_COUNT; k++) {
        if (fread(serialised, FP_BYTES, group->numbers, file) != group->numbers) break;
        read_point(group, point, serialised);
        if (k == 1) memcpy(generator, point, size);
        if (k == 0) {
            suite_count(suite, (serialised[0] & INFINITY_FLAG) != 0, "infinity");
            continue;
        }
        memcpy(sum_input, sum, size);
        memcpy(sum_input + size, generator, size);
        memset(product_input, 0, sizeof product_input);
        memcpy(product_input, generator, size);
        store_be64(product_input + size + 24, k);
        const bool is_right = group->add(sum, bytes_from(sum_input, 2 * size)) == BLS12_381_VALID &&
            group->msm(&suite->arena, product, bytes_from(product_input, size + 32)) ==
                BLS12_381_VALID &&
            memcmp(sum, point, size) == 0 && memcmp(product, point, size) == 0;
        suite_count(suite, is_right, group->file);
    }
    (void)fclose(file);
}

/* A number of the field, or of its extension written "c0,c1". */
static void read_field(struct suite *suite, uint8_t *out, size_t numbers, const json_t *text) {
    char copy[512];
    (void)snprintf(copy, sizeof copy, "%s", json_string_value(text));
    char *part = copy;
    for (size_t i = 0; i < numbers; i++) {
        char *const comma = strchr(part, ',');
        if (comma != NULL) *comma = '\0';
        bool is_hex = false;
        json_t *const digits = json_string(part);
        const struct bytes number = suite_hex(suite, digits, &is_hex);
        json_decref(digits);
        encode_fp(out + i * ENCODED_FP, is_hex ? number : (struct bytes){NULL, 0});
        if (comma != NULL) part = comma + 1;
    }
}

/* P is the map of u[0], and of a suite with two the sum of both maps: clearing the cofactor, which
 * the EIP's maps include, is linear. */
static void run_maps(struct suite *suite, const json_t *document, size_t group_index) {
    const struct group *const group = &groups[group_index];
    const size_t size = group->numbers * ENCODED_FP;
    const size_t field_numbers = group->numbers / 2;
    size_t index = 0;
    json_t *item = NULL;
    json_array_foreach(json_object_get(document, "vectors"), index, item) {
        const json_t *const inputs = json_object_get(item, "u");
        const json_t *const expected = json_object_get(item, "P");
        uint8_t points[8 * ENCODED_FP] = {0};
        uint8_t u[2 * ENCODED_FP];
        uint8_t wanted[4 * ENCODED_FP];
        uint8_t sum[4 * ENCODED_FP];
        bool is_right = json_array_size(inputs) >= 1 && json_array_size(inputs) <= 2;
        for (size_t i = 0; is_right && i < json_array_size(inputs); i++) {
            read_field(suite, u, field_numbers, json_array_get(inputs, i));
            const struct bytes input = bytes_from(u, field_numbers * ENCODED_FP);
            uint8_t *const out = points + i * size;
            is_right = (group_index == 0 ? bls12_381_map_fp_to_g1(out, input)
                                         : bls12_381_map_fp2_to_g2(out, input)) == BLS12_381_VALID;
        }
        read_field(suite, wanted, field_numbers, json_object_get(expected, "x"));
        read_field(suite, wanted + size / 2, field_numbers, json_object_get(expected, "y"));
        is_right = is_right && group->add(sum, bytes_from(points, 2 * size)) == BLS12_381_VALID &&
            memcmp(sum, wanted, size) == 0;
        suite_count(suite, is_right, suite_text(document, "ciphersuite"));
        arena_reset(&suite->arena);
    }
}

static void run_file(struct suite *suite, const char *path) {
    json_t *const document = suite_load(suite, path);
    const char *const cipher = suite_text(document, "ciphersuite");
    if (strncmp(cipher, "BLS12381G1", 10) == 0) {
        run_maps(suite, document, 0);
    } else if (strncmp(cipher, "BLS12381G2", 10) == 0) {
        run_maps(suite, document, 1);
    } else {
        const json_t *const others = json_object_get(document, "vectors");
        const json_t *const expansions = json_object_get(document, "tests");
        const size_t count = json_array_size(others) + json_array_size(expansions);
        suite_skip(suite, count == 0 ? 1 : count);
    }
    json_decref(document);
}

void run_bls_vectors(struct suite *suite) {
    for (size_t i = 0; i < ARRAY_LEN(groups); i++) {
        run_points(suite, &groups[i]);
        suite_skip(suite, POINT_COUNT); /* the same points, compressed */
    }
    suite_each_file(suite, "crypto/bls/eth_bls", ".json", run_file);
    suite_each_file(suite, "crypto/bls/hash_to_curve", ".json", run_file);
}
