/* KZG: the vectors of consensus-specs for EIP-4844 and EIP-7594. */
#include "crypto/kzg.h"
#include "suite.h"
#include "yaml.h"

#include <stdio.h>

/* A list of equally long byte strings, one after the other. */
struct list {
    uint8_t *data;
    size_t count;
    bool is_good; /* each had the right length */
};

static struct list read_list(struct suite *suite, const json_t *items, size_t item_size) {
    struct list list = {NULL, json_array_size(items), true};
    list.data = arena_alloc(&suite->arena, list.count * item_size + 1, 8);
    size_t index = 0;
    json_t *item = NULL;
    json_array_foreach(items, index, item) {
        bool is_hex = false;
        const struct bytes bytes = suite_hex(suite, item, &is_hex);
        if (!is_hex || bytes.len != item_size) {
            list.is_good = false;
            continue;
        }
        memcpy(list.data + index * item_size, bytes.data, item_size);
    }
    return list;
}

/* One value as a list of one. */
static struct list read_one(
    struct suite *suite, const json_t *object, const char *key, size_t item_size
) {
    json_t *const items = json_array();
    (void)json_array_append(items, json_object_get(object, key));
    const struct list list = read_list(suite, items, item_size);
    json_decref(items);
    return list;
}

static struct list read_member(
    struct suite *suite, const json_t *object, const char *key, size_t item_size
) {
    return read_list(suite, json_object_get(object, key), item_size);
}

/* null asks for a refusal, true and false for a verdict. */
static bool verdict_fits(const json_t *output, enum kzg_verdict verdict) {
    if (json_is_true(output)) return verdict == KZG_VALID;
    if (json_is_false(output)) return verdict == KZG_WRONG_PROOF;
    return json_is_null(output) && verdict == KZG_MALFORMED;
}

static bool output_fits(
    struct suite *suite, const json_t *output, enum kzg_verdict verdict, struct bytes computed
) {
    if (json_is_null(output)) return verdict == KZG_MALFORMED;
    bool is_hex = false;
    const struct bytes expected = suite_hex(suite, output, &is_hex);
    return verdict == KZG_VALID && is_hex && bytes_equal(expected, computed);
}

static bool check_commitment(
    struct suite *suite, struct kzg_setup *setup, const json_t *input, const json_t *output
) {
    const struct list blob = read_one(suite, input, "blob", KZG_BLOB_SIZE);
    struct kzg_commitment commitment = {{0}};
    enum kzg_verdict verdict = KZG_MALFORMED;
    if (blob.is_good) verdict = kzg_blob_to_commitment(setup, &commitment, blob.data);
    return output_fits(suite, output, verdict, BYTES_OF(commitment));
}

static bool check_blob_proof(
    struct suite *suite, struct kzg_setup *setup, const json_t *input, const json_t *output
) {
    const struct list blob = read_one(suite, input, "blob", KZG_BLOB_SIZE);
    const struct list commitment = read_one(suite, input, "commitment", KZG_COMMITMENT_SIZE);
    struct kzg_proof proof = {{0}};
    enum kzg_verdict verdict = KZG_MALFORMED;
    if (blob.is_good && commitment.is_good) {
        verdict = kzg_compute_blob_proof(
            setup, &proof, blob.data, (const struct kzg_commitment *)commitment.data
        );
    }
    return output_fits(suite, output, verdict, BYTES_OF(proof));
}

static bool check_cells(
    struct suite *suite, struct kzg_setup *setup, const json_t *input, const json_t *output
) {
    const struct list blob = read_one(suite, input, "blob", KZG_BLOB_SIZE);
    if (!blob.is_good) return json_is_null(output);
    const size_t cells_size = KZG_CELLS_PER_BLOB * KZG_CELL_SIZE;
    const size_t proofs_size = KZG_CELLS_PER_BLOB * KZG_PROOF_SIZE;
    uint8_t *const cells = arena_alloc(&suite->arena, cells_size, 8);
    struct kzg_proof *const proofs = arena_alloc(&suite->arena, proofs_size, 8);
    const bool has_proofs = json_is_array(json_array_get(output, 0));
    const enum kzg_verdict verdict =
        kzg_compute_cells_and_proofs(setup, cells, has_proofs ? proofs : NULL, blob.data);
    if (json_is_null(output)) return verdict == KZG_MALFORMED;
    const struct list expected =
        read_list(suite, has_proofs ? json_array_get(output, 0) : output, KZG_CELL_SIZE);
    bool is_right = verdict == KZG_VALID && expected.is_good &&
        expected.count == KZG_CELLS_PER_BLOB && memcmp(cells, expected.data, cells_size) == 0;
    if (has_proofs) {
        const struct list expected_proofs =
            read_list(suite, json_array_get(output, 1), KZG_PROOF_SIZE);
        is_right = is_right && expected_proofs.is_good &&
            expected_proofs.count == KZG_CELLS_PER_BLOB &&
            memcmp(proofs, expected_proofs.data, proofs_size) == 0;
    }
    return is_right;
}

static bool check_proof(
    struct suite *suite, struct kzg_setup *setup, const json_t *input, const json_t *output
) {
    (void)setup;
    const struct list commitment = read_one(suite, input, "commitment", KZG_COMMITMENT_SIZE);
    const struct list z = read_one(suite, input, "z", 32);
    const struct list y = read_one(suite, input, "y", 32);
    const struct list proof = read_one(suite, input, "proof", KZG_PROOF_SIZE);
    enum kzg_verdict verdict = KZG_MALFORMED;
    if (commitment.is_good && z.is_good && y.is_good && proof.is_good) {
        verdict = kzg_verify_proof(
            (const struct kzg_commitment *)commitment.data, (const struct hash *)z.data,
            (const struct hash *)y.data, (const struct kzg_proof *)proof.data
        );
    }
    return verdict_fits(output, verdict);
}

static enum kzg_verdict verify_blobs(
    struct kzg_setup *setup, struct list blobs, struct list commitments, struct list proofs
) {
    if (!blobs.is_good || !commitments.is_good || !proofs.is_good) return KZG_MALFORMED;
    if (blobs.count != commitments.count || blobs.count != proofs.count) return KZG_MALFORMED;
    return kzg_verify_blob_proof_batch(
        setup, blobs.data, (const struct kzg_commitment *)commitments.data,
        (const struct kzg_proof *)proofs.data, blobs.count
    );
}

static bool check_blob(
    struct suite *suite, struct kzg_setup *setup, const json_t *input, const json_t *output
) {
    const enum kzg_verdict verdict = verify_blobs(
        setup, read_one(suite, input, "blob", KZG_BLOB_SIZE),
        read_one(suite, input, "commitment", KZG_COMMITMENT_SIZE),
        read_one(suite, input, "proof", KZG_PROOF_SIZE)
    );
    return verdict_fits(output, verdict);
}

static bool check_blob_batch(
    struct suite *suite, struct kzg_setup *setup, const json_t *input, const json_t *output
) {
    const enum kzg_verdict verdict = verify_blobs(
        setup, read_member(suite, input, "blobs", KZG_BLOB_SIZE),
        read_member(suite, input, "commitments", KZG_COMMITMENT_SIZE),
        read_member(suite, input, "proofs", KZG_PROOF_SIZE)
    );
    return verdict_fits(output, verdict);
}

static bool check_cell_batch(
    struct suite *suite, struct kzg_setup *setup, const json_t *input, const json_t *output
) {
    const struct list commitments = read_member(suite, input, "commitments", KZG_COMMITMENT_SIZE);
    const struct list cells = read_member(suite, input, "cells", KZG_CELL_SIZE);
    const struct list proofs = read_member(suite, input, "proofs", KZG_PROOF_SIZE);
    const json_t *const indices = json_object_get(input, "cell_indices");
    const size_t count = json_array_size(indices);
    uint64_t *const cell_indices = ARENA_ARRAY(&suite->arena, uint64_t, count);
    for (size_t i = 0; i < count; i++) {
        cell_indices[i] = (uint64_t)json_integer_value(json_array_get(indices, i));
    }
    enum kzg_verdict verdict = KZG_MALFORMED;
    if (commitments.is_good && cells.is_good && proofs.is_good && commitments.count == count &&
        cells.count == count && proofs.count == count) {
        verdict = kzg_verify_cell_proof_batch(
            setup, (const struct kzg_commitment *)commitments.data, cell_indices, cells.data,
            (const struct kzg_proof *)proofs.data, count
        );
    }
    return verdict_fits(output, verdict);
}

static const struct {
    const char *folder;
    bool (*check
    )(struct suite *suite, struct kzg_setup *setup, const json_t *input, const json_t *output);
} functions[] = {
    {"/blob_to_kzg_commitment/", check_commitment},
    {"/compute_blob_kzg_proof/", check_blob_proof},
    {"/compute_cells/", check_cells},
    {"/compute_cells_and_kzg_proofs/", check_cells},
    {"/verify_kzg_proof/", check_proof},
    {"/verify_blob_kzg_proof/", check_blob},
    {"/verify_blob_kzg_proof_batch/", check_blob_batch},
    {"/verify_cell_kzg_proof_batch/", check_cell_batch},
};

static void run_file(struct suite *suite, const char *path) {
    char full[SUITE_PATH_MAX];
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        if (strstr(path, functions[i].folder) == NULL) continue;
        (void)snprintf(full, sizeof full, "%s/%s", suite->root, path);
        json_t *const document = yaml_load(full);
        const json_t *const input = json_object_get(document, "input");
        const json_t *const output = json_object_get(document, "output");
        const struct arena_mark mark = arena_mark(&suite->arena); /* below it is the setup */
        struct kzg_setup *const setup = suite->context;
        suite_count(
            suite, document != NULL && functions[i].check(suite, setup, input, output), path
        );
        arena_rewind(&suite->arena, mark);
        json_decref(document);
        return;
    }
    suite_skip(suite, 1);
}

void run_kzg_vectors(struct suite *suite) {
    struct kzg_setup *const setup = kzg_setup_create(&suite->arena);
    suite->context = setup;
    suite_each_file(suite, "crypto/kzg", "/data.yaml", run_file);
    suite->context = NULL;
    kzg_setup_destroy(setup);
}
