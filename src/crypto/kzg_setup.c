/* The half of kzg.h that works on whole blobs, over c-kzg-4844. */
#include "crypto/kzg.h"
#include "crypto/kzg_trusted_setup.h"

#include <ckzg.h>

_Static_assert(sizeof(Blob) == KZG_BLOB_SIZE, "a blob is its bytes");
_Static_assert(sizeof(Cell) == KZG_CELL_SIZE, "a cell is its bytes");
_Static_assert(CELLS_PER_EXT_BLOB == KZG_CELLS_PER_BLOB, "cells of an extended blob");
_Static_assert(sizeof(KZGProof) == sizeof(struct kzg_proof), "a proof is its bytes");
_Static_assert(sizeof(Bytes48) == sizeof(struct kzg_commitment), "a commitment is its bytes");

enum { NOT_LOADED = 0, PUBLISHING, LOADED };

struct kzg_setup {
    int state; /* of settings; read and written by __atomic_* only */
    KZGSettings settings;
};

struct kzg_setup *kzg_setup_create(struct arena *arena) {
    return ARENA_NEW(arena, struct kzg_setup);
}

void kzg_setup_destroy(struct kzg_setup *setup) {
    if (__atomic_load_n(&setup->state, __ATOMIC_ACQUIRE) == LOADED) {
        free_trusted_setup(&setup->settings);
    }
    setup->state = NOT_LOADED;
}

static void read_points(KZGSettings *settings) {
    enum { NO_PRECOMPUTED_TABLES = 0 };
    const C_KZG_RET result = load_trusted_setup(
        settings, setup_g1_monomial, sizeof setup_g1_monomial, setup_g1_lagrange,
        sizeof setup_g1_lagrange, setup_g2_monomial, sizeof setup_g2_monomial, NO_PRECOMPUTED_TABLES
    );
    ASSERT(result == C_KZG_OK); /* the points are ours */
    ASSERT(memcmp(setup_g2_monomial + sizeof kzg_tau_g2, kzg_tau_g2, sizeof kzg_tau_g2) == 0);
}

/* Threads that come first together each read the points, and the first to be done publishes its
 * own; the others wait for no more than the copying of a struct. */
static const KZGSettings *settings_of(struct kzg_setup *setup) {
    if (LIKELY(__atomic_load_n(&setup->state, __ATOMIC_ACQUIRE) == LOADED)) return &setup->settings;

    KZGSettings settings;
    read_points(&settings);
    int expected = NOT_LOADED;
    if (__atomic_compare_exchange_n(
            &setup->state, &expected, PUBLISHING, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE
        )) {
        setup->settings = settings;
        __atomic_store_n(&setup->state, LOADED, __ATOMIC_RELEASE);
        return &setup->settings;
    }
    free_trusted_setup(&settings);
    while (__atomic_load_n(&setup->state, __ATOMIC_ACQUIRE) != LOADED) {
    }
    return &setup->settings;
}

void kzg_setup_load(struct kzg_setup *setup) {
    (void)settings_of(setup);
}

/* C_KZG_ERROR and C_KZG_MALLOC are bugs or an exhausted machine; bad input is C_KZG_BADARGS. */
static enum kzg_verdict verdict_of(C_KZG_RET result, bool is_proven) {
    ASSERT(result == C_KZG_OK || result == C_KZG_BADARGS);
    if (result == C_KZG_BADARGS) return KZG_MALFORMED;
    return is_proven ? KZG_VALID : KZG_WRONG_PROOF;
}

enum kzg_verdict kzg_blob_to_commitment(
    struct kzg_setup *setup, struct kzg_commitment *out, const uint8_t *blob
) {
    const C_KZG_RET result =
        blob_to_kzg_commitment((KZGCommitment *)out, (const Blob *)blob, settings_of(setup));
    return verdict_of(result, true);
}

enum kzg_verdict kzg_compute_blob_proof(
    struct kzg_setup *setup,
    struct kzg_proof *out,
    const uint8_t *blob,
    const struct kzg_commitment *commitment
) {
    const C_KZG_RET result = compute_blob_kzg_proof(
        (KZGProof *)out, (const Blob *)blob, (const Bytes48 *)commitment, settings_of(setup)
    );
    return verdict_of(result, true);
}

enum kzg_verdict kzg_verify_blob_proof_batch(
    struct kzg_setup *setup,
    const uint8_t *blobs,
    const struct kzg_commitment *commitments,
    const struct kzg_proof *proofs,
    size_t count
) {
    bool is_proven = false;
    const C_KZG_RET result = verify_blob_kzg_proof_batch(
        &is_proven, (const Blob *)blobs, (const Bytes48 *)commitments, (const Bytes48 *)proofs,
        count, settings_of(setup)
    );
    return verdict_of(result, is_proven);
}

enum kzg_verdict kzg_compute_cells_and_proofs(
    struct kzg_setup *setup, uint8_t *cells, struct kzg_proof *proofs, const uint8_t *blob
) {
    ASSERT(cells != NULL || proofs != NULL);
    const C_KZG_RET result = compute_cells_and_kzg_proofs(
        (Cell *)cells, (KZGProof *)proofs, (const Blob *)blob, settings_of(setup)
    );
    return verdict_of(result, true);
}

enum kzg_verdict kzg_verify_cell_proof_batch(
    struct kzg_setup *setup,
    const struct kzg_commitment *commitments,
    const uint64_t *cell_indices,
    const uint8_t *cells,
    const struct kzg_proof *proofs,
    size_t count
) {
    bool is_proven = false;
    const C_KZG_RET result = verify_cell_kzg_proof_batch(
        &is_proven, (const Bytes48 *)commitments, cell_indices, (const Cell *)cells,
        (const Bytes48 *)proofs, count, settings_of(setup)
    );
    return verdict_of(result, is_proven);
}

enum kzg_verdict kzg_verify_blob_cell_proofs(
    struct kzg_setup *setup,
    struct arena *arena,
    const uint8_t *blobs,
    const struct kzg_commitment *commitments,
    const struct kzg_proof *proofs,
    size_t count
) {
    ASSERT(count <= KZG_BLOBS_MAX);
    const size_t cell_count = count * KZG_CELLS_PER_BLOB;
    const struct arena_mark mark = arena_mark(arena);
    uint8_t *const cells = arena_alloc_raw(arena, cell_count * KZG_CELL_SIZE, sizeof(uint64_t));
    uint64_t *const cell_indices = ARENA_ARRAY(arena, uint64_t, cell_count);
    struct kzg_commitment *const commitment_of_cell =
        ARENA_ARRAY(arena, struct kzg_commitment, cell_count);

    enum kzg_verdict verdict = KZG_VALID;
    for (size_t i = 0; i < count && verdict == KZG_VALID; i++) {
        verdict = kzg_compute_cells_and_proofs(
            setup, cells + i * KZG_CELLS_PER_BLOB * KZG_CELL_SIZE, NULL, blobs + i * KZG_BLOB_SIZE
        );
    }
    for (size_t i = 0; i < cell_count; i++) {
        commitment_of_cell[i] = commitments[i / KZG_CELLS_PER_BLOB];
        cell_indices[i] = i % KZG_CELLS_PER_BLOB;
    }
    if (verdict == KZG_VALID) {
        verdict = kzg_verify_cell_proof_batch(
            setup, commitment_of_cell, cell_indices, cells, proofs, cell_count
        );
    }
    arena_rewind(arena, mark);
    return verdict;
}
