/* kzg: polynomial commitments of blobs.
 *
 * Spec: EIP-4844 with its consensus-specs polynomial-commitments.md, EIP-7594 with
 * polynomial-commitments-sampling.md. Points are compressed; numbers of the field are 32 bytes,
 * big-endian. Backed by blst and, where a whole blob is at hand, by c-kzg-4844.
 */
#ifndef CRYPTO_KZG_H
#define CRYPTO_KZG_H

#include "base/arena.h"

#define KZG_BLOB_SIZE             ((size_t)131072)
#define KZG_COMMITMENT_SIZE       ((size_t)48)
#define KZG_PROOF_SIZE            ((size_t)48)
#define KZG_CELL_SIZE             ((size_t)2048)
#define KZG_CELLS_PER_BLOB        ((size_t)128)
#define KZG_POINT_EVALUATION_SIZE ((size_t)192)

#define KZG_BLOBS_MAX             ((size_t)128) /* in one call; above every fork's blobs a block */

enum kzg_verdict {
    KZG_VALID = 0,
    KZG_BAD_LENGTH,
    KZG_BAD_VERSIONED_HASH, /* not that of the commitment */
    KZG_MALFORMED,          /* a number not below the order, bytes that are no point, a bad index */
    KZG_WRONG_PROOF,        /* well formed and false */
};

struct kzg_commitment {
    uint8_t bytes[KZG_COMMITMENT_SIZE];
};
struct kzg_proof {
    uint8_t bytes[KZG_PROOF_SIZE];
};

/* 0x01 and the last 31 bytes of the commitment's sha256 (EIP-4844, kzg_to_versioned_hash). */
struct hash kzg_versioned_hash(const struct kzg_commitment *commitment);

/* [tau]G2 of the trusted setup, compressed: what a verifier of single proofs needs of it. */
extern const uint8_t kzg_tau_g2[96];

/* Whether the polynomial behind commitment has the value y at z. Needs no setup. */
MUST_USE enum kzg_verdict kzg_verify_proof(
    const struct kzg_commitment *commitment,
    const struct hash *z,
    const struct hash *y,
    const struct kzg_proof *proof
);

/* Precompile 0x0a: versioned hash, z, y, commitment, proof, together 192 bytes. Needs no setup. */
MUST_USE enum kzg_verdict kzg_verify_point_evaluation(struct bytes input);

/* The trusted setup as the build has read and checked it: constants of the program (3 MB, paged in
 * when they are first used), so making one is free. Read-only: any number of threads may use one.
 * It lives as long as the arena; using it after destroy stops the program. */
struct kzg_setup;
struct kzg_setup *kzg_setup_create(struct arena *arena);
void kzg_setup_destroy(struct kzg_setup *setup);

/* blob: KZG_BLOB_SIZE bytes. */
MUST_USE enum kzg_verdict kzg_blob_to_commitment(
    const struct kzg_setup *setup, struct kzg_commitment *out, const uint8_t *blob
);
MUST_USE enum kzg_verdict kzg_compute_blob_proof(
    const struct kzg_setup *setup,
    struct kzg_proof *out,
    const uint8_t *blob,
    const struct kzg_commitment *commitment
);

/* blobs: count blobs one after the other. KZG_VALID where count is 0. */
MUST_USE enum kzg_verdict kzg_verify_blob_proof_batch(
    const struct kzg_setup *setup,
    const uint8_t *blobs,
    const struct kzg_commitment *commitments,
    const struct kzg_proof *proofs,
    size_t count
);

/* cells: KZG_CELLS_PER_BLOB cells one after the other; either output may be NULL. */
MUST_USE enum kzg_verdict kzg_compute_cells_and_proofs(
    const struct kzg_setup *setup, uint8_t *cells, struct kzg_proof *proofs, const uint8_t *blob
);

/* Cell i is cell cell_indices[i] of the extended blob behind commitments[i]. */
MUST_USE enum kzg_verdict kzg_verify_cell_proof_batch(
    const struct kzg_setup *setup,
    const struct kzg_commitment *commitments,
    const uint64_t *cell_indices,
    const uint8_t *cells,
    const struct kzg_proof *proofs,
    size_t count
);

/* What a pool checks in a blob transaction since Osaka: proofs holds KZG_CELLS_PER_BLOB cell
 * proofs for each of count <= KZG_BLOBS_MAX blobs (EIP-7594, network wrapper of version 1). The
 * arena is left as it was. */
MUST_USE enum kzg_verdict kzg_verify_blob_cell_proofs(
    const struct kzg_setup *setup,
    struct arena *arena,
    const uint8_t *blobs,
    const struct kzg_commitment *commitments,
    const struct kzg_proof *proofs,
    size_t count
);

#endif
