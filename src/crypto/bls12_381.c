#include "crypto/bls12_381.h"

#include <blst.h>

enum {
    PADDING = 16,      /* zero bytes before each number of the field */
    FP_BYTES = 48,     /* a number without them */
    SCALAR_BITS = 256, /* scalars are not reduced: the EIP allows any */
    PAIR_CHUNK = 8,    /* pairs that share the squarings of one Miller loop */
};

#define G1_TERM_SIZE (BLS12_381_G1_SIZE + BLS12_381_SCALAR_SIZE)
#define G2_TERM_SIZE (BLS12_381_G2_SIZE + BLS12_381_SCALAR_SIZE)

/* The prime of the field, big-endian. */
static const uint8_t field_prime[FP_BYTES] = {
    0x1a, 0x01, 0x11, 0xea, 0x39, 0x7f, 0xe6, 0x9a, 0x4b, 0x1b, 0xa7, 0xb6, 0x43, 0x4b, 0xac, 0xd7,
    0x64, 0x77, 0x4b, 0x84, 0xf3, 0x85, 0x12, 0xbf, 0x67, 0x30, 0xd2, 0xa0, 0xf6, 0xb0, 0xf6, 0x24,
    0x1e, 0xab, 0xff, 0xfe, 0xb1, 0x53, 0xff, 0xff, 0xb9, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xaa, 0xab,
};

static bool all_zero(const uint8_t *bytes, size_t len) {
    uint8_t seen = 0;
    for (size_t i = 0; i < len; i++) {
        seen |= bytes[i];
    }
    return seen == 0;
}

static bool read_fp(blst_fp *out, const uint8_t encoded[BLS12_381_FP_SIZE]) {
    if (!all_zero(encoded, PADDING)) return false;
    if (memcmp(encoded + PADDING, field_prime, FP_BYTES) >= 0) return false;
    blst_fp_from_bendian(out, encoded + PADDING);
    return true;
}

static bool read_fp2(blst_fp2 *out, const uint8_t encoded[BLS12_381_FP2_SIZE]) {
    return read_fp(&out->fp[0], encoded) && read_fp(&out->fp[1], encoded + BLS12_381_FP_SIZE);
}

static void write_fp(uint8_t out[BLS12_381_FP_SIZE], const blst_fp *v) {
    memset(out, 0, PADDING);
    blst_bendian_from_fp(out + PADDING, v);
}

/* blst's affine infinity is all zeros, as is the EIP's encoding of it. */
static enum bls12_381_verdict read_g1(
    blst_p1_affine *out, const uint8_t encoded[BLS12_381_G1_SIZE]
) {
    if (!read_fp(&out->x, encoded)) return BLS12_381_NOT_IN_FIELD;
    if (!read_fp(&out->y, encoded + BLS12_381_FP_SIZE)) return BLS12_381_NOT_IN_FIELD;
    if (blst_p1_affine_is_inf(out)) return BLS12_381_VALID;
    return blst_p1_affine_on_curve(out) ? BLS12_381_VALID : BLS12_381_NOT_ON_CURVE;
}

static enum bls12_381_verdict read_g2(
    blst_p2_affine *out, const uint8_t encoded[BLS12_381_G2_SIZE]
) {
    if (!read_fp2(&out->x, encoded)) return BLS12_381_NOT_IN_FIELD;
    if (!read_fp2(&out->y, encoded + BLS12_381_FP2_SIZE)) return BLS12_381_NOT_IN_FIELD;
    if (blst_p2_affine_is_inf(out)) return BLS12_381_VALID;
    return blst_p2_affine_on_curve(out) ? BLS12_381_VALID : BLS12_381_NOT_ON_CURVE;
}

static enum bls12_381_verdict read_g1_of_subgroup(
    blst_p1_affine *out, const uint8_t encoded[BLS12_381_G1_SIZE]
) {
    const enum bls12_381_verdict verdict = read_g1(out, encoded);
    if (verdict != BLS12_381_VALID || blst_p1_affine_is_inf(out)) return verdict;
    return blst_p1_affine_in_g1(out) ? BLS12_381_VALID : BLS12_381_NOT_IN_SUBGROUP;
}

static enum bls12_381_verdict read_g2_of_subgroup(
    blst_p2_affine *out, const uint8_t encoded[BLS12_381_G2_SIZE]
) {
    const enum bls12_381_verdict verdict = read_g2(out, encoded);
    if (verdict != BLS12_381_VALID || blst_p2_affine_is_inf(out)) return verdict;
    return blst_p2_affine_in_g2(out) ? BLS12_381_VALID : BLS12_381_NOT_IN_SUBGROUP;
}

static void write_g1(uint8_t out[BLS12_381_G1_SIZE], const blst_p1 *point) {
    blst_p1_affine affine;
    blst_p1_to_affine(&affine, point);
    write_fp(out, &affine.x);
    write_fp(out + BLS12_381_FP_SIZE, &affine.y);
}

static void write_g2(uint8_t out[BLS12_381_G2_SIZE], const blst_p2 *point) {
    blst_p2_affine affine;
    blst_p2_to_affine(&affine, point);
    write_fp(out, &affine.x.fp[0]);
    write_fp(out + BLS12_381_FP_SIZE, &affine.x.fp[1]);
    write_fp(out + 2 * BLS12_381_FP_SIZE, &affine.y.fp[0]);
    write_fp(out + 3 * BLS12_381_FP_SIZE, &affine.y.fp[1]);
}

enum bls12_381_verdict bls12_381_g1_add(uint8_t out[BLS12_381_G1_SIZE], struct bytes input) {
    if (input.len != 2 * BLS12_381_G1_SIZE) return BLS12_381_BAD_LENGTH;
    blst_p1_affine a;
    blst_p1_affine b;
    enum bls12_381_verdict verdict = read_g1(&a, input.data);
    if (verdict != BLS12_381_VALID) return verdict;
    verdict = read_g1(&b, input.data + BLS12_381_G1_SIZE);
    if (verdict != BLS12_381_VALID) return verdict;

    blst_p1 sum;
    blst_p1_from_affine(&sum, &a);
    blst_p1_add_or_double_affine(&sum, &sum, &b);
    write_g1(out, &sum);
    return BLS12_381_VALID;
}

enum bls12_381_verdict bls12_381_g2_add(uint8_t out[BLS12_381_G2_SIZE], struct bytes input) {
    if (input.len != 2 * BLS12_381_G2_SIZE) return BLS12_381_BAD_LENGTH;
    blst_p2_affine a;
    blst_p2_affine b;
    enum bls12_381_verdict verdict = read_g2(&a, input.data);
    if (verdict != BLS12_381_VALID) return verdict;
    verdict = read_g2(&b, input.data + BLS12_381_G2_SIZE);
    if (verdict != BLS12_381_VALID) return verdict;

    blst_p2 sum;
    blst_p2_from_affine(&sum, &a);
    blst_p2_add_or_double_affine(&sum, &sum, &b);
    write_g2(out, &sum);
    return BLS12_381_VALID;
}

/* A scalar in the order of bytes that blst reads. */
static void read_scalar(uint8_t out[BLS12_381_SCALAR_SIZE], const uint8_t *big_endian) {
    for (size_t i = 0; i < BLS12_381_SCALAR_SIZE; i++) {
        out[i] = big_endian[BLS12_381_SCALAR_SIZE - 1 - i];
    }
}

/* The sum over count finite points; both pointer lists mean "the rest follows the first". */
static void sum_g1(
    struct arena *arena,
    blst_p1 *sum,
    const blst_p1_affine *points,
    const uint8_t *scalars,
    size_t count
) {
    *sum = (blst_p1){0};
    if (count == 0) return;
    if (count == 1) {
        blst_p1_from_affine(sum, points);
        blst_p1_mult(sum, sum, scalars, SCALAR_BITS);
        return;
    }
    const blst_p1_affine *const point_list[2] = {points, NULL};
    const uint8_t *const scalar_list[2] = {scalars, NULL};
    limb_t *const scratch =
        arena_alloc_raw(arena, blst_p1s_mult_pippenger_scratch_sizeof(count), sizeof(limb_t));
    blst_p1s_mult_pippenger(sum, point_list, count, scalar_list, SCALAR_BITS, scratch);
}

static void sum_g2(
    struct arena *arena,
    blst_p2 *sum,
    const blst_p2_affine *points,
    const uint8_t *scalars,
    size_t count
) {
    *sum = (blst_p2){0};
    if (count == 0) return;
    if (count == 1) {
        blst_p2_from_affine(sum, points);
        blst_p2_mult(sum, sum, scalars, SCALAR_BITS);
        return;
    }
    const blst_p2_affine *const point_list[2] = {points, NULL};
    const uint8_t *const scalar_list[2] = {scalars, NULL};
    limb_t *const scratch =
        arena_alloc_raw(arena, blst_p2s_mult_pippenger_scratch_sizeof(count), sizeof(limb_t));
    blst_p2s_mult_pippenger(sum, point_list, count, scalar_list, SCALAR_BITS, scratch);
}

/* blst's sums want finite points, so terms at infinity are left out: they add nothing. */
static enum bls12_381_verdict read_g1_terms(
    blst_p1_affine *points, uint8_t *scalars, size_t *count, struct bytes input
) {
    *count = 0;
    for (size_t at = 0; at < input.len; at += G1_TERM_SIZE) {
        const enum bls12_381_verdict verdict =
            read_g1_of_subgroup(&points[*count], input.data + at);
        if (verdict != BLS12_381_VALID) return verdict;
        if (blst_p1_affine_is_inf(&points[*count])) continue;
        read_scalar(scalars + *count * BLS12_381_SCALAR_SIZE, input.data + at + BLS12_381_G1_SIZE);
        *count += 1;
    }
    return BLS12_381_VALID;
}

static enum bls12_381_verdict read_g2_terms(
    blst_p2_affine *points, uint8_t *scalars, size_t *count, struct bytes input
) {
    *count = 0;
    for (size_t at = 0; at < input.len; at += G2_TERM_SIZE) {
        const enum bls12_381_verdict verdict =
            read_g2_of_subgroup(&points[*count], input.data + at);
        if (verdict != BLS12_381_VALID) return verdict;
        if (blst_p2_affine_is_inf(&points[*count])) continue;
        read_scalar(scalars + *count * BLS12_381_SCALAR_SIZE, input.data + at + BLS12_381_G2_SIZE);
        *count += 1;
    }
    return BLS12_381_VALID;
}

enum bls12_381_verdict bls12_381_g1_msm(
    struct arena *arena, uint8_t out[BLS12_381_G1_SIZE], struct bytes input
) {
    if (input.len == 0 || input.len % G1_TERM_SIZE != 0) return BLS12_381_BAD_LENGTH;
    const size_t term_count = input.len / G1_TERM_SIZE;
    const struct arena_mark mark = arena_mark(arena);
    blst_p1_affine *const points = ARENA_ARRAY(arena, blst_p1_affine, term_count);
    uint8_t *const scalars = ARENA_ARRAY(arena, uint8_t, term_count * BLS12_381_SCALAR_SIZE);
    size_t count = 0;
    const enum bls12_381_verdict verdict = read_g1_terms(points, scalars, &count, input);
    if (verdict == BLS12_381_VALID) {
        blst_p1 sum;
        sum_g1(arena, &sum, points, scalars, count);
        write_g1(out, &sum);
    }
    arena_rewind(arena, mark);
    return verdict;
}

enum bls12_381_verdict bls12_381_g2_msm(
    struct arena *arena, uint8_t out[BLS12_381_G2_SIZE], struct bytes input
) {
    if (input.len == 0 || input.len % G2_TERM_SIZE != 0) return BLS12_381_BAD_LENGTH;
    const size_t term_count = input.len / G2_TERM_SIZE;
    const struct arena_mark mark = arena_mark(arena);
    blst_p2_affine *const points = ARENA_ARRAY(arena, blst_p2_affine, term_count);
    uint8_t *const scalars = ARENA_ARRAY(arena, uint8_t, term_count * BLS12_381_SCALAR_SIZE);
    size_t count = 0;
    const enum bls12_381_verdict verdict = read_g2_terms(points, scalars, &count, input);
    if (verdict == BLS12_381_VALID) {
        blst_p2 sum;
        sum_g2(arena, &sum, points, scalars, count);
        write_g2(out, &sum);
    }
    arena_rewind(arena, mark);
    return verdict;
}

enum bls12_381_verdict bls12_381_pairing_check(bool *is_one, struct bytes input) {
    *is_one = false;
    if (input.len == 0 || input.len % BLS12_381_PAIR_SIZE != 0) return BLS12_381_BAD_LENGTH;

    blst_p1_affine g1[PAIR_CHUNK];
    blst_p2_affine g2[PAIR_CHUNK];
    const blst_p1_affine *const g1_list[2] = {g1, NULL};
    const blst_p2_affine *const g2_list[2] = {g2, NULL};
    blst_fp12 product = *blst_fp12_one();
    size_t filled = 0;
    for (size_t at = 0; at < input.len; at += BLS12_381_PAIR_SIZE) {
        enum bls12_381_verdict verdict = read_g1_of_subgroup(&g1[filled], input.data + at);
        if (verdict != BLS12_381_VALID) return verdict;
        verdict = read_g2_of_subgroup(&g2[filled], input.data + at + BLS12_381_G1_SIZE);
        if (verdict != BLS12_381_VALID) return verdict;

        /* A pairing with infinity is 1. */
        if (!blst_p1_affine_is_inf(&g1[filled]) && !blst_p2_affine_is_inf(&g2[filled])) filled++;
        const bool is_last = at + BLS12_381_PAIR_SIZE == input.len;
        if (filled == PAIR_CHUNK || (is_last && filled > 0)) {
            blst_fp12 chunk;
            blst_miller_loop_n(&chunk, g2_list, g1_list, filled);
            blst_fp12_mul(&product, &product, &chunk);
            filled = 0;
        }
    }
    blst_final_exp(&product, &product);
    *is_one = blst_fp12_is_one(&product);
    return BLS12_381_VALID;
}

enum bls12_381_verdict bls12_381_map_fp_to_g1(uint8_t out[BLS12_381_G1_SIZE], struct bytes input) {
    if (input.len != BLS12_381_FP_SIZE) return BLS12_381_BAD_LENGTH;
    blst_fp u;
    blst_p1 point;
    if (!read_fp(&u, input.data)) return BLS12_381_NOT_IN_FIELD;
    blst_map_to_g1(&point, &u, NULL);
    write_g1(out, &point);
    return BLS12_381_VALID;
}

enum bls12_381_verdict bls12_381_map_fp2_to_g2(uint8_t out[BLS12_381_G2_SIZE], struct bytes input) {
    if (input.len != BLS12_381_FP2_SIZE) return BLS12_381_BAD_LENGTH;
    blst_fp2 u;
    blst_p2 point;
    if (!read_fp2(&u, input.data)) return BLS12_381_NOT_IN_FIELD;
    blst_map_to_g2(&point, &u, NULL);
    write_g2(out, &point);
    return BLS12_381_VALID;
}
