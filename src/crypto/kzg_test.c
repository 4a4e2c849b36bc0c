#include "crypto/kzg.h"

#include "base/test.h"
#include "codec/hex.h"

/* [1]G1 and [tau]G1 of the trusted setup: commitments to the polynomials 1 and X. */
static const char one_text[] = "97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905"
                               "a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
static const char x_text[] = "ad3eb50121139aa34db1d545093ac9374ab7bca2c0f3bf28"
                             "e27c8dcd8fc7cb42d25926fc0c97b336e9f0fb35e5a04c81";
static const char infinity_text[] = "c00000000000000000000000000000000000000000000000"
                                    "000000000000000000000000000000000000000000000000";
static const char order_text[] = "73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001";

static struct kzg_commitment point(const char *digits) {
    struct kzg_commitment out;
    size_t len = 0;
    const struct bytes text = bytes_from(digits, strlen(digits));
    assert_int_equal(hex_decode_bare(out.bytes, sizeof out.bytes, &len, text), HEX_VALID);
    assert_int_equal(len, sizeof out.bytes);
    return out;
}

static struct kzg_proof proof_of(const char *digits) {
    const struct kzg_commitment bytes = point(digits);
    struct kzg_proof out;
    memcpy(out.bytes, bytes.bytes, sizeof out.bytes);
    return out;
}

static struct hash number(uint8_t value) {
    struct hash out = {{0}};
    out.bytes[31] = value;
    return out;
}

TEST(the_polynomial_x_has_the_value_z_at_z) {
    const struct kzg_commitment x = point(x_text);
    const struct kzg_proof quotient = proof_of(one_text); /* (X - z) / (X - z) */
    const struct hash five = number(5);
    const struct hash six = number(6);
    assert_int_equal(kzg_verify_proof(&x, &five, &five, &quotient), KZG_VALID);
    assert_int_equal(kzg_verify_proof(&x, &six, &six, &quotient), KZG_VALID);
    assert_int_equal(kzg_verify_proof(&x, &five, &six, &quotient), KZG_WRONG_PROOF);
}

TEST(each_kind_of_bad_point_evaluation_has_its_verdict) {
    uint8_t input[KZG_POINT_EVALUATION_SIZE] = {0};
    const struct kzg_commitment x = point(x_text);
    const struct kzg_proof quotient = proof_of(one_text);
    const struct hash versioned_hash = kzg_versioned_hash(&x);
    size_t len = 0;
    memcpy(input, versioned_hash.bytes, 32);
    input[63] = 7;
    input[95] = 7;
    memcpy(input + 96, x.bytes, sizeof x);
    memcpy(input + 144, quotient.bytes, sizeof quotient);
    assert_int_equal(kzg_verify_point_evaluation(BYTES_OF(input)), KZG_VALID);

    assert_int_equal(kzg_verify_point_evaluation(bytes_from(input, 191)), KZG_BAD_LENGTH);
    input[0] = 2;
    assert_int_equal(kzg_verify_point_evaluation(BYTES_OF(input)), KZG_BAD_VERSIONED_HASH);
    input[0] = 1;
    input[95] = 8;
    assert_int_equal(kzg_verify_point_evaluation(BYTES_OF(input)), KZG_WRONG_PROOF);
    assert_int_equal(hex_decode_bare(input + 64, 32, &len, BYTES_LITERAL(order_text)), HEX_VALID);
    assert_int_equal(kzg_verify_point_evaluation(BYTES_OF(input)), KZG_MALFORMED);
    memset(input + 64, 0, 32);
    input[144] ^= 0x80; /* no flag of a compressed point */
    assert_int_equal(kzg_verify_point_evaluation(BYTES_OF(input)), KZG_MALFORMED);
}

TEST(a_blob_its_commitment_and_its_proofs_belong_together) {
    static uint8_t blob[KZG_BLOB_SIZE];
    static struct kzg_proof cell_proofs[KZG_CELLS_PER_BLOB];
    struct arena arena;
    struct kzg_commitment commitment;
    struct kzg_proof proof;
    arena_init(&arena, &test_heap);
    struct kzg_setup *const setup = kzg_setup_create(&arena);
    for (size_t i = 0; i < sizeof blob; i++) {
        blob[i] = i % 32 == 0 ? 0 : (uint8_t)(i * 7 + i / 4096);
    }
    assert_int_equal(kzg_blob_to_commitment(setup, &commitment, blob), KZG_VALID);
    assert_int_equal(kzg_compute_blob_proof(setup, &proof, blob, &commitment), KZG_VALID);
    assert_int_equal(kzg_compute_cells_and_proofs(setup, NULL, cell_proofs, blob), KZG_VALID);
    assert_int_equal(kzg_verify_blob_proof_batch(setup, blob, &commitment, &proof, 1), KZG_VALID);
    assert_int_equal(
        kzg_verify_blob_cell_proofs(setup, &arena, blob, &commitment, cell_proofs, 1), KZG_VALID
    );
    assert_int_equal(kzg_verify_blob_proof_batch(setup, NULL, NULL, NULL, 0), KZG_VALID);

    blob[40] ^= 1;
    assert_int_equal(
        kzg_verify_blob_proof_batch(setup, blob, &commitment, &proof, 1), KZG_WRONG_PROOF
    );
    assert_int_equal(
        kzg_verify_blob_cell_proofs(setup, &arena, blob, &commitment, cell_proofs, 1),
        KZG_WRONG_PROOF
    );
    memset(blob + 64, 0xff, 32); /* a number above the order */
    assert_int_equal(kzg_blob_to_commitment(setup, &commitment, blob), KZG_MALFORMED);
    assert_int_equal(
        kzg_verify_blob_cell_proofs(setup, &arena, blob, &commitment, cell_proofs, 1), KZG_MALFORMED
    );
    kzg_setup_destroy(setup);
    expect_assert_failure((void)!kzg_blob_to_commitment(setup, &commitment, blob));
    arena_reset(&arena);
}

TEST(a_blob_of_zeros_commits_to_infinity) {
    static const uint8_t blob[KZG_BLOB_SIZE];
    const struct kzg_commitment infinity = point(infinity_text);
    struct arena arena;
    struct kzg_commitment commitment;
    arena_init(&arena, &test_heap);
    struct kzg_setup *const setup = kzg_setup_create(&arena);
    assert_int_equal(kzg_blob_to_commitment(setup, &commitment, blob), KZG_VALID);
    assert_memory_equal(&commitment, &infinity, sizeof commitment);
    arena_reset(&arena);
}

TEST_MAIN(
    TEST_CASE(the_polynomial_x_has_the_value_z_at_z),
    TEST_CASE(each_kind_of_bad_point_evaluation_has_its_verdict),
    TEST_CASE(a_blob_its_commitment_and_its_proofs_belong_together),
    TEST_CASE(a_blob_of_zeros_commits_to_infinity)
)
