/* The half of kzg.h that works on whole blobs, over c-kzg-4844. */
#include "crypto/kzg.h"
#include "crypto/kzg_trusted_setup.h"

#include <ckzg.h>

_Static_assert(sizeof(Blob) == KZG_BLOB_SIZE, "a blob is its bytes");
_Static_assert(sizeof(Cell) == KZG_CELL_SIZE, "a cell is its bytes");
_Static_assert(CELLS_PER_EXT_BLOB == KZG_CELLS_PER_BLOB, "cells of an extended blob");
_Static_assert(sizeof(KZGProof) == sizeof(struct kzg_proof), "a proof is its bytes");
_Static_assert(sizeof(Bytes48) == sizeof(struct kzg_commitment), "a commitment is its bytes");

_Static_assert(sizeof setup_g1_lagrange_brp == FIELD_ELEMENTS_PER_BLOB * sizeof(g1_t), "points");
_Static_assert(ARRAY_LEN(setup_columns) == CELLS_PER_EXT_BLOB, "columns");

struct kzg_setup {
    KZGSettings settings;
    g1_t *columns[CELLS_PER_EXT_BLOB];
};

/* c-kzg's struct has no const, but its functions take it as const and only read. */
static void *readable(const uint64_t *words) {
    return (void *)(uintptr_t)words;
}

struct kzg_setup *kzg_setup_create(struct arena *arena) {
    struct kzg_setup *const setup = ARENA_NEW(arena, struct kzg_setup);
    for (size_t i = 0; i < CELLS_PER_EXT_BLOB; i++) {
        setup->columns[i] = readable(setup_columns[i]);
    }
    setup->settings = (KZGSettings){
        .roots_of_unity = readable(setup_roots),
        .brp_roots_of_unity = readable(setup_brp_roots),
        .reverse_roots_of_unity = readable(setup_reverse_roots),
        .g1_values_monomial = readable(setup_g1_monomial),
        .g1_values_lagrange_brp = readable(setup_g1_lagrange_brp),
        .g2_values_monomial = readable(setup_g2_monomial),
        .x_ext_fft_columns = setup->columns,
    };
    return setup;
}

void kzg_setup_destroy(struct kzg_setup *setup) {
    setup->settings = (KZGSettings){0};
}

static const KZGSettings *settings_of(const struct kzg_setup *setup) {
    ASSERT(setup->settings.roots_of_unity != NULL); /* not destroyed */
    return &setup->settings;
}

/* C_KZG_ERROR and C_KZG_MALLOC are bugs or an exhausted machine; bad input is C_KZG_BADARGS. */
static enum kzg_verdict verdict_of(C_KZG_RET result, bool is_proven) {
    ASSERT(result == C_KZG_OK || result == C_KZG_BADARGS);
    if (result == C_KZG_BADARGS) return KZG_MALFORMED;
    return is_proven ? KZG_VALID : KZG_WRONG_PROOF;
}

enum kzg_verdict kzg_blob_to_commitment(
    const struct kzg_setup *setup, struct kzg_commitment *out, const uint8_t *blob
) {
    const C_KZG_RET result =
        blob_to_kzg_commitment((KZGCommitment *)out, (const Blob *)blob, settings_of(setup));
    return verdict_of(result, true);
}

enum kzg_verdict kzg_compute_blob_proof(
    const struct kzg_setup *setup,
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
    const struct kzg_setup *setup,
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
    const struct kzg_setup *setup, uint8_t *cells, struct kzg_proof *proofs, const uint8_t *blob
) {
    ASSERT(cells != NULL || proofs != NULL);
    const C_KZG_RET result = compute_cells_and_kzg_proofs(
        (Cell *)cells, (KZGProof *)proofs, (const Blob *)blob, settings_of(setup)
    );
    return verdict_of(result, true);
}

enum kzg_verdict kzg_verify_cell_proof_batch(
    const struct kzg_setup *setup,
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
    const struct kzg_setup *setup,
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
