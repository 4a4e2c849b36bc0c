#include "crypto/kzg.h"

#include "crypto/sha256.h"

#include <blst.h>

enum { VERSION_KZG = 0x01, SCALAR_SIZE = 32, SCALAR_BITS = 255 };

/* The second point of the setup's G2 list. */
const uint8_t kzg_tau_g2[96] = {
    0xb5, 0xbf, 0xd7, 0xdd, 0x8c, 0xde, 0xb1, 0x28, 0x84, 0x3b, 0xc2, 0x87, 0x23, 0x0a, 0xf3, 0x89,
    0x26, 0x18, 0x70, 0x75, 0xcb, 0xfb, 0xef, 0xa8, 0x10, 0x09, 0xa2, 0xce, 0x61, 0x5a, 0xc5, 0x3d,
    0x29, 0x14, 0xe5, 0x87, 0x0c, 0xb4, 0x52, 0xd2, 0xaf, 0xaa, 0xab, 0x24, 0xf3, 0x49, 0x9f, 0x72,
    0x18, 0x5c, 0xbf, 0xee, 0x53, 0x49, 0x27, 0x14, 0x73, 0x44, 0x29, 0xb7, 0xb3, 0x86, 0x08, 0xe2,
    0x39, 0x26, 0xc9, 0x11, 0xcc, 0xec, 0xea, 0xc9, 0xa3, 0x68, 0x51, 0x47, 0x7b, 0xa4, 0xc6, 0x0b,
    0x08, 0x70, 0x41, 0xde, 0x62, 0x10, 0x00, 0xed, 0xc9, 0x8e, 0xda, 0xda, 0x20, 0xc1, 0xde, 0xf2,
};

struct hash kzg_versioned_hash(const struct kzg_commitment *commitment) {
    struct hash hash;
    sha256(&hash, BYTES_OF(*commitment));
    hash.bytes[0] = VERSION_KZG;
    return hash;
}

/* Infinity is a commitment like any other. */
static bool read_g1(blst_p1_affine *out, const uint8_t *compressed) {
    if (blst_p1_uncompress(out, compressed) != BLST_SUCCESS) return false;
    return blst_p1_affine_is_inf(out) || blst_p1_affine_in_g1(out);
}

static bool read_scalar(blst_scalar *out, const struct hash *big_endian) {
    blst_scalar_from_bendian(out, big_endian->bytes);
    return blst_scalar_fr_check(out);
}

/* *out = point - [scalar]generator, affine. */
static void minus_generator_g1(
    blst_p1_affine *out, const blst_p1_affine *point, const blst_scalar *scalar
) {
    blst_p1 sum;
    blst_p1_mult(&sum, blst_p1_generator(), scalar->b, SCALAR_BITS);
    blst_p1_cneg(&sum, true);
    blst_p1_add_or_double_affine(&sum, &sum, point);
    blst_p1_to_affine(out, &sum);
}

static void minus_generator_g2(
    blst_p2_affine *out, const blst_p2_affine *point, const blst_scalar *scalar
) {
    blst_p2 sum;
    blst_p2_mult(&sum, blst_p2_generator(), scalar->b, SCALAR_BITS);
    blst_p2_cneg(&sum, true);
    blst_p2_add_or_double_affine(&sum, &sum, point);
    blst_p2_to_affine(out, &sum);
}

/* e(a, p) / e(b, q) == 1, for points of the subgroups. */
static bool pairings_are_equal(
    const blst_p1_affine *a,
    const blst_p2_affine *p,
    const blst_p1_affine *b,
    const blst_p2_affine *q
) {
    blst_p1 negated;
    blst_p1_affine g1[2];
    blst_p2_affine g2[2];
    size_t count = 0;
    if (!blst_p1_affine_is_inf(a) && !blst_p2_affine_is_inf(p)) {
        g1[count] = *a;
        g2[count++] = *p;
    }
    if (!blst_p1_affine_is_inf(b) && !blst_p2_affine_is_inf(q)) {
        blst_p1_from_affine(&negated, b);
        blst_p1_cneg(&negated, true);
        blst_p1_to_affine(&g1[count], &negated);
        g2[count++] = *q;
    }
    if (count == 0) return true;
    const blst_p1_affine *const g1_list[2] = {g1, NULL};
    const blst_p2_affine *const g2_list[2] = {g2, NULL};
    blst_fp12 product;
    blst_miller_loop_n(&product, g2_list, g1_list, count);
    blst_final_exp(&product, &product);
    return blst_fp12_is_one(&product);
}

/* consensus-specs, verify_kzg_proof_impl: e(C - [y], G2) == e(proof, [tau - z]). */
enum kzg_verdict kzg_verify_proof(
    const struct kzg_commitment *commitment,
    const struct hash *z,
    const struct hash *y,
    const struct kzg_proof *proof
) {
    blst_p1_affine commitment_point;
    blst_p1_affine proof_point;
    blst_scalar z_scalar;
    blst_scalar y_scalar;
    if (!read_g1(&commitment_point, commitment->bytes)) return KZG_MALFORMED;
    if (!read_scalar(&z_scalar, z) || !read_scalar(&y_scalar, y)) return KZG_MALFORMED;
    if (!read_g1(&proof_point, proof->bytes)) return KZG_MALFORMED;

    blst_p2_affine tau;
    const BLST_ERROR error = blst_p2_uncompress(&tau, kzg_tau_g2);
    ASSERT(error == BLST_SUCCESS);

    blst_p1_affine value;
    blst_p2_affine divisor;
    minus_generator_g1(&value, &commitment_point, &y_scalar);
    minus_generator_g2(&divisor, &tau, &z_scalar);
    if (!pairings_are_equal(&value, blst_p2_affine_generator(), &proof_point, &divisor)) {
        return KZG_WRONG_PROOF;
    }
    return KZG_VALID;
}

enum kzg_verdict kzg_verify_point_evaluation(struct bytes input) {
    enum { Z_AT = 32, Y_AT = 64, COMMITMENT_AT = 96, PROOF_AT = 144 };
    if (input.len != KZG_POINT_EVALUATION_SIZE) return KZG_BAD_LENGTH;
    struct hash z;
    struct hash y;
    struct kzg_commitment commitment;
    struct kzg_proof proof;
    memcpy(&z, input.data + Z_AT, sizeof z);
    memcpy(&y, input.data + Y_AT, sizeof y);
    memcpy(&commitment, input.data + COMMITMENT_AT, sizeof commitment);
    memcpy(&proof, input.data + PROOF_AT, sizeof proof);
    const struct hash versioned_hash = kzg_versioned_hash(&commitment);
    if (memcmp(versioned_hash.bytes, input.data, sizeof versioned_hash) != 0) {
        return KZG_BAD_VERSIONED_HASH;
    }
    return kzg_verify_proof(&commitment, &z, &y, &proof);
}
