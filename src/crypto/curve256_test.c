#include "crypto/curve256.h"

#include "base/test.h"
#include "crypto/keccak.h"

enum { ROUNDS = 300 };

static struct u256 drawn_below(uint32_t seed, const struct u256 *m) {
    uint8_t text[8] = "drw";
    struct hash hash;
    store_le32(text + 4, seed);
    keccak256(&hash, BYTES_OF(text));
    struct u256 number = u256_from_be(hash.bytes);
    u256_mod(&number, &number, m);
    return number;
}

TEST(a_number_times_its_inverse_is_one) {
    for (size_t c = 0; c < CURVE256_COUNT; c++) {
        const struct u256 *const moduli[] = {&curve256_all[c].prime, &curve256_all[c].order};
        for (size_t i = 0; i < ARRAY_LEN(moduli); i++) {
            const struct u256 *const m = moduli[i];
            const struct u256 one = U256_ONE;
            struct u256 edges[] = {U256_ONE, {{2, 0, 0, 0}}, {{0, 0, 0, 1}}, *m, U256_ZERO};
            struct u256 product, inverse;
            (void)u256_sub_wrapping(&edges[3], m, &one);
            for (uint32_t seed = 0; seed < ROUNDS; seed++) {
                const struct u256 a = seed < 4 ? edges[seed] : drawn_below(seed, m);
                curve256_mod_inverse(&inverse, &a, m);
                assert_true(u256_less(&inverse, m));
                curve256_mod_mul(&product, &a, &inverse, m);
                assert_true(u256_equal(&product, &one));
            }
            curve256_mod_inverse(&inverse, &edges[4], m);
            assert_true(u256_is_zero(&inverse));
        }
    }
}

TEST(a_root_squared_is_the_number_and_half_of_all_have_one) {
    const struct u256 *const p = &curve256_all[CURVE256_SECP256K1].prime;
    size_t with_root = 0;
    for (uint32_t seed = 0; seed < ROUNDS; seed++) {
        const struct u256 a = drawn_below(seed, p);
        struct u256 root, square;
        if (!curve256_mod_sqrt(&root, &a, p)) continue;
        curve256_mod_mul(&square, &root, &root, p);
        assert_true(u256_equal(&square, &a));
        with_root++;
    }
    assert_in_range(with_root, ROUNDS / 3, 2 * ROUNDS / 3);
}

static struct curve256_point projective(const struct curve256_affine *a, const struct u256 *z) {
    const struct u256 *const p = &curve256_all[CURVE256_P256].prime;
    struct u256 power;
    struct curve256_point out = {a->x, a->y, *z};
    curve256_mod_mul(&power, z, z, p);
    curve256_mod_mul(&out.x, &out.x, &power, p);
    curve256_mod_mul(&power, &power, z, p);
    curve256_mod_mul(&out.y, &out.y, &power, p);
    return out;
}

static void expect_equal(const struct curve256_affine *a, const struct curve256_affine *b) {
    assert_true(u256_equal(&a->x, &b->x));
    assert_true(u256_equal(&a->y, &b->y));
}

/* Multiples of the generator: by the chord and the tangent, and by Jacobian coordinates. */
TEST(affine_and_jacobian_sums_are_the_same) {
    for (size_t c = 0; c < CURVE256_COUNT; c++) {
        const struct curve256 *const curve = &curve256_all[c];
        const struct curve256_affine generator = {curve->generator_x, curve->generator_y};
        struct curve256_affine affine = generator, back;
        struct curve256_point sum = {generator.x, generator.y, U256_ONE};
        const struct curve256_point one = sum;
        assert_true(curve256_tangent(curve, &affine));
        curve256_double(curve, &sum, &sum);
        for (unsigned i = 0; i < 40; i++) {
            struct u256 left, right;
            assert_true(curve256_to_affine(curve, &back, &sum));
            expect_equal(&back, &affine);
            curve256_mod_mul(&left, &back.y, &back.y, &curve->prime);
            curve256_right_side(&right, curve, &back.x);
            assert_true(u256_equal(&left, &right));
            if (i % 3 == 2) {
                assert_true(curve256_tangent(curve, &affine));
                curve256_double(curve, &sum, &sum);
            } else {
                assert_true(curve256_chord(curve, &affine, &generator));
                curve256_add(curve, &sum, &sum, &one);
            }
        }
    }
}

TEST(sums_with_infinity_with_itself_and_with_the_negative_are_right) {
    const struct curve256 *const curve = &curve256_all[CURVE256_P256];
    const struct curve256_affine generator = {curve->generator_x, curve->generator_y};
    const struct curve256_point infinity = {0};
    const struct u256 zero = U256_ZERO, z = {{7, 8, 9, 10}};
    const struct curve256_point one = projective(&generator, &z);
    struct curve256_affine twice = generator, back;
    struct curve256_point sum, negative = one;
    curve256_add(curve, &sum, &infinity, &one);
    assert_true(curve256_to_affine(curve, &back, &sum));
    expect_equal(&back, &generator);
    sum = one;
    curve256_add(curve, &sum, &infinity, &sum);
    assert_true(curve256_to_affine(curve, &back, &sum));
    expect_equal(&back, &generator);
    sum = (struct curve256_point){generator.x, generator.y, U256_ONE};
    curve256_add(curve, &sum, &one, &sum);
    assert_true(curve256_tangent(curve, &twice));
    assert_true(curve256_to_affine(curve, &back, &sum));
    expect_equal(&back, &twice);
    curve256_mod_sub(&negative.y, &zero, &negative.y, &curve->prime);
    curve256_add(curve, &sum, &one, &negative);
    assert_false(curve256_to_affine(curve, &back, &sum));
}

TEST(the_chord_and_the_tangent_refuse_what_they_are_not_for) {
    const struct curve256 *const curve = &curve256_all[CURVE256_SECP256K1];
    const struct curve256_affine generator = {curve->generator_x, curve->generator_y};
    struct curve256_affine point = generator, other = generator;
    assert_false(curve256_chord(curve, &point, &generator)); /* the same x */
    other.x = curve->prime;
    assert_false(curve256_chord(curve, &point, &other));
    assert_false(curve256_chord(curve, &other, &point));
    assert_false(curve256_tangent(curve, &other));
    other = (struct curve256_affine){U256_ONE, curve->prime};
    assert_false(curve256_chord(curve, &point, &other));
    other.y = U256_ZERO;
    assert_false(curve256_tangent(curve, &other));
    expect_equal(&point, &generator);
}

TEST_MAIN(
    TEST_CASE(a_number_times_its_inverse_is_one),
    TEST_CASE(a_root_squared_is_the_number_and_half_of_all_have_one),
    TEST_CASE(affine_and_jacobian_sums_are_the_same),
    TEST_CASE(sums_with_infinity_with_itself_and_with_the_negative_are_right),
    TEST_CASE(the_chord_and_the_tangent_refuse_what_they_are_not_for)
)
