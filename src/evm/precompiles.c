#include "evm/precompiles.h"

#include "base/checked.h"
#include "base/u256.h"
#include "crypto/blake2f.h"
#include "crypto/bls12_381.h"
#include "crypto/bn254.h"
#include "crypto/ecdsa.h"
#include "crypto/kzg.h"
#include "crypto/modexp.h"
#include "crypto/p256.h"
#include "crypto/ripemd160.h"
#include "crypto/sha256.h"

enum { WORD = 32 };

static uint64_t word_count(struct bytes input) {
    return ((uint64_t)input.len + WORD - 1) / WORD;
}

/* len bytes of input from start on, with zeros where there are none. */
static void read_padded(uint8_t *out, struct bytes input, size_t start, size_t len) {
    memset(out, 0, len);
    if (start >= input.len) return;
    const size_t there = input.len - start < len ? input.len - start : len;
    memcpy(out, input.data + start, there);
}

static uint8_t *answer(struct arena *arena, struct bytes *output, size_t len) {
    uint8_t *out = arena_alloc(arena, len, WORD);
    *output = (struct bytes){out, len};
    return out;
}

/* 0x01: who signed. A signature that is none gives no output, which is not a failure. */

static uint64_t ecrecover_gas(struct bytes input) {
    (void)input;
    return 3000;
}

static bool ecrecover_run(struct arena *arena, struct bytes *output, struct bytes input) {
    uint8_t padded[4 * WORD];
    read_padded(padded, input, 0, sizeof padded);
    struct hash digest;
    memcpy(digest.bytes, padded, sizeof digest.bytes);
    const struct u256 v = u256_from_be(padded + WORD), r = u256_from_be(padded + 2 * WORD),
                      s = u256_from_be(padded + 3 * WORD);

    *output = (struct bytes){NULL, 0};
    if (!u256_fits_u64(&v) || (v.limb[0] != 27 && v.limb[0] != 28)) return true;
    struct address signer;
    if (ecdsa_recover_address(&signer, &digest, &r, &s, (uint8_t)(v.limb[0] - 27)) != ECDSA_VALID) {
        return true;
    }
    memcpy(answer(arena, output, WORD) + 12, signer.bytes, sizeof signer.bytes);
    return true;
}

/* 0x02, 0x03, 0x04. */

static uint64_t sha256_gas(struct bytes input) {
    return 60 + 12 * word_count(input);
}

static bool sha256_run(struct arena *arena, struct bytes *output, struct bytes input) {
    sha256((struct hash *)(void *)answer(arena, output, WORD), input);
    return true;
}

static uint64_t ripemd160_gas(struct bytes input) {
    return 600 + 120 * word_count(input);
}

static bool ripemd160_run(struct arena *arena, struct bytes *output, struct bytes input) {
    ripemd160(answer(arena, output, WORD) + WORD - RIPEMD160_SIZE, input);
    return true;
}

static uint64_t identity_gas(struct bytes input) {
    return 15 + 3 * word_count(input);
}

static bool identity_run(struct arena *arena, struct bytes *output, struct bytes input) {
    (void)arena;
    *output = input;
    return true;
}

/* 0x05: base^exponent mod modulus; three lengths of 32 bytes, then the numbers. */

enum { MODEXP_HEADER = 3 * WORD };

struct modexp_lengths {
    struct u256 base, exponent, modulus;
};

static struct modexp_lengths modexp_lengths(struct bytes input) {
    uint8_t header[MODEXP_HEADER];
    read_padded(header, input, 0, sizeof header);
    return (struct modexp_lengths
    ){u256_from_be(header), u256_from_be(header + WORD), u256_from_be(header + 2 * WORD)};
}

/* How often an exponent is squared and multiplied with, as the EIPs estimate it: by its length beyond
 * 32 bytes (times byte_factor) and the highest bit of its first 32. Saturates. */
static uint64_t modexp_iterations(
    struct bytes input, const struct modexp_lengths *lengths, uint64_t byte_factor
) {
    uint8_t head[WORD] = {0};
    const uint64_t base_len = lengths->base.limb[0], exponent_len = lengths->exponent.limb[0];
    uint64_t start;
    if (u256_fits_u64(&lengths->base) && add_u64(&start, base_len, MODEXP_HEADER) &&
        start <= SIZE_MAX) {
        const size_t len =
            u256_fits_u64(&lengths->exponent) && exponent_len < WORD ? (size_t)exponent_len : WORD;
        read_padded(head + WORD - len, input, (size_t)start, len);
    }
    const struct u256 number = u256_from_be(head);
    const size_t bits = u256_bit_length(&number);
    const uint64_t from_head = bits == 0 ? 0 : bits - 1;

    if (!u256_fits_u64(&lengths->exponent)) return UINT64_MAX;
    if (exponent_len <= WORD) return from_head;
    uint64_t count;
    if (!mul_u64(&count, exponent_len - WORD, byte_factor)) return UINT64_MAX;
    if (!add_u64(&count, count, from_head)) return UINT64_MAX;
    return count;
}

/* complexity * max(iterations, 1) / divisor, saturating. */
static uint64_t modexp_price(const struct u256 *complexity, uint64_t iterations, uint64_t divisor) {
    const struct u256 times = u256_from_u64(iterations == 0 ? 1 : iterations),
                      by = u256_from_u64(divisor);
    struct u256 price;
    if (!u256_mul(&price, complexity, &times)) return PRECOMPILE_GAS_INFINITE;
    u256_divmod(&price, NULL, &price, &by);
    return u256_fits_u64(&price) ? price.limb[0] : PRECOMPILE_GAS_INFINITE;
}

static const struct u256 *longer(const struct u256 *a, const struct u256 *b) {
    return u256_less(a, b) ? b : a;
}

/* ceil(length / 8)^2, which fits where length is below 2^64. */
static struct u256 squared_words(uint64_t length) {
    const struct u256 words = u256_from_u64(length / 8 + (length % 8 != 0));
    struct u256 square;
    u256_mul_wrapping(&square, &words, &words);
    return square;
}

/* EIP-198: multiplication complexity by three ranges. */
static uint64_t modexp_gas_eip198(struct bytes input) {
    const struct modexp_lengths lengths = modexp_lengths(input);
    const struct u256 *length = longer(&lengths.base, &lengths.modulus);
    if (u256_is_zero(length)) return 0;
    if (!u256_fits_u64(length) || length->limb[0] > UINT32_MAX) return PRECOMPILE_GAS_INFINITE;

    const uint64_t x = length->limb[0];
    const uint64_t complexity = x <= 64 ? x * x
        : x <= 1024                     ? x * x / 4 + 96 * x - 3072
                                        : x * x / 16 + 480 * x - 199680;
    const struct u256 word = u256_from_u64(complexity);
    return modexp_price(&word, modexp_iterations(input, &lengths, 8), 20);
}

static uint64_t modexp_gas_eip2565(struct bytes input) {
    const struct modexp_lengths lengths = modexp_lengths(input);
    const struct u256 *length = longer(&lengths.base, &lengths.modulus);
    if (u256_is_zero(length)) return 200;
    if (!u256_fits_u64(length)) return PRECOMPILE_GAS_INFINITE;

    const struct u256 complexity = squared_words(length->limb[0]);
    return max_u64(200, modexp_price(&complexity, modexp_iterations(input, &lengths, 8), 3));
}

/* EIP-7883 prices, and EIP-7823 bounds each length. */
static uint64_t modexp_gas_eip7883(struct bytes input) {
    static const struct u256 length_max = {{1024, 0, 0, 0}};
    const struct modexp_lengths lengths = modexp_lengths(input);
    if (u256_less(&length_max, &lengths.base) || u256_less(&length_max, &lengths.exponent) ||
        u256_less(&length_max, &lengths.modulus)) {
        return PRECOMPILE_GAS_INFINITE;
    }
    const uint64_t length = longer(&lengths.base, &lengths.modulus)->limb[0];
    struct u256 complexity = u256_from_u64(16);
    if (length > WORD) {
        complexity = squared_words(length);
        u256_shl(&complexity, &complexity, 1);
    }
    return max_u64(500, modexp_price(&complexity, modexp_iterations(input, &lengths, 16), 1));
}

static bool modexp_run(struct arena *arena, struct bytes *output, struct bytes input) {
    const struct modexp_lengths lengths = modexp_lengths(input);
    *output = (struct bytes){NULL, 0};
    if (u256_is_zero(&lengths.modulus)) return true;

    /* Longer ones cost more gas than there is; the exponent alone may be long where the rest is
     * nothing, and only its bytes in the input count. */
    if (!u256_fits_u64(&lengths.base) || lengths.base.limb[0] > MODEXP_SIZE_MAX) return false;
    if (!u256_fits_u64(&lengths.modulus) || lengths.modulus.limb[0] > MODEXP_SIZE_MAX) return false;
    if (!u256_fits_u64(&lengths.exponent)) return false;
    const struct modexp_input numbers = {
        .data = input.len > MODEXP_HEADER
            ? bytes_slice(input, MODEXP_HEADER, input.len - MODEXP_HEADER)
            : (struct bytes){NULL, 0},
        .base_len = (size_t)lengths.base.limb[0],
        .exponent_len = (size_t)lengths.exponent.limb[0],
        .modulus_len = (size_t)lengths.modulus.limb[0],
    };
    modexp(arena, answer(arena, output, numbers.modulus_len), &numbers);
    return true;
}

/* 0x06, 0x07, 0x08: BN254. EIP-1108 made them cheaper. */

static uint64_t bn254_add_gas_eip196(struct bytes input) {
    (void)input;
    return 500;
}

static uint64_t bn254_mul_gas_eip196(struct bytes input) {
    (void)input;
    return 40000;
}

static uint64_t bn254_pairing_gas_eip197(struct bytes input) {
    return 100000 + 80000 * (uint64_t)(input.len / BN254_PAIR_SIZE);
}

static uint64_t bn254_add_gas(struct bytes input) {
    (void)input;
    return 150;
}

static uint64_t bn254_mul_gas(struct bytes input) {
    (void)input;
    return 6000;
}

static uint64_t bn254_pairing_gas(struct bytes input) {
    return 45000 + 34000 * (uint64_t)(input.len / BN254_PAIR_SIZE);
}

static bool bn254_add_run(struct arena *arena, struct bytes *output, struct bytes input) {
    uint8_t padded[2 * BN254_G1_SIZE];
    read_padded(padded, input, 0, sizeof padded);
    return bn254_add(answer(arena, output, BN254_G1_SIZE), padded) == BN254_VALID;
}

static bool bn254_mul_run(struct arena *arena, struct bytes *output, struct bytes input) {
    uint8_t padded[BN254_G1_SIZE + BN254_SCALAR_SIZE];
    read_padded(padded, input, 0, sizeof padded);
    return bn254_mul(answer(arena, output, BN254_G1_SIZE), padded) == BN254_VALID;
}

static bool bn254_pairing_run(struct arena *arena, struct bytes *output, struct bytes input) {
    bool is_one;
    if (bn254_pairing_check(&is_one, input) != BN254_VALID) return false;
    answer(arena, output, WORD)[WORD - 1] = is_one;
    return true;
}

/* 0x09: a gas a round. */

static uint64_t blake2f_gas(struct bytes input) {
    return input.len == BLAKE2F_INPUT_SIZE ? load_be32(input.data) : 0;
}

static bool blake2f_run(struct arena *arena, struct bytes *output, struct bytes input) {
    return blake2f(answer(arena, output, BLAKE2F_OUTPUT_SIZE), input) == BLAKE2F_VALID;
}

/* 0x0a: point evaluation, EIP-4844. */

static uint64_t point_evaluation_gas(struct bytes input) {
    (void)input;
    return 50000;
}

static bool point_evaluation_run(struct arena *arena, struct bytes *output, struct bytes input) {
    /* FIELD_ELEMENTS_PER_BLOB and BLS_MODULUS. */
    static const struct u256 numbers[2] = {
        {{4096, 0, 0, 0}},
        {{UINT64_C(0xffffffff00000001), UINT64_C(0x53bda402fffe5bfe), UINT64_C(0x3339d80809a1d805),
          UINT64_C(0x73eda753299d7d48)}},
    };
    if (kzg_verify_point_evaluation(input) != KZG_VALID) return false;
    uint8_t *out = answer(arena, output, sizeof numbers);
    u256_to_be(out, &numbers[0]);
    u256_to_be(out + WORD, &numbers[1]);
    return true;
}

/* 0x0b to 0x11: BLS12-381, EIP-2537. */

static uint64_t bls_g1_add_gas(struct bytes input) {
    (void)input;
    return 375;
}

static uint64_t bls_g2_add_gas(struct bytes input) {
    (void)input;
    return 600;
}

/* Discounts of multi-scalar multiplications in thousandths, by the number of pairs less one. */
static const uint16_t bls_g1_discount[128] = {
    1000, 949, 848, 797, 764, 750, 738, 728, 719, 712, 705, 698, 692, 687, 682, 677, 673, 669, 665,
    661,  658, 654, 651, 648, 645, 642, 640, 637, 635, 632, 630, 627, 625, 623, 621, 619, 617, 615,
    613,  611, 609, 608, 606, 604, 603, 601, 599, 598, 596, 595, 593, 592, 591, 589, 588, 586, 585,
    584,  582, 581, 580, 579, 577, 576, 575, 574, 573, 572, 570, 569, 568, 567, 566, 565, 564, 563,
    562,  561, 560, 559, 558, 557, 556, 555, 554, 553, 552, 551, 550, 549, 548, 547, 547, 546, 545,
    544,  543, 542, 541, 540, 540, 539, 538, 537, 536, 536, 535, 534, 533, 532, 532, 531, 530, 529,
    528,  528, 527, 526, 525, 525, 524, 523, 522, 522, 521, 520, 520, 519,
};

static const uint16_t bls_g2_discount[128] = {
    1000, 1000, 923, 884, 855, 832, 812, 796, 782, 770, 759, 749, 740, 732, 724, 717, 711, 704, 699,
    693,  688,  683, 679, 674, 670, 666, 663, 659, 655, 652, 649, 646, 643, 640, 637, 634, 632, 629,
    627,  624,  622, 620, 618, 615, 613, 611, 609, 607, 606, 604, 602, 600, 598, 597, 595, 593, 592,
    590,  589,  587, 586, 584, 583, 582, 580, 579, 578, 576, 575, 574, 573, 571, 570, 569, 568, 567,
    566,  565,  563, 562, 561, 560, 559, 558, 557, 556, 555, 554, 553, 552, 552, 551, 550, 549, 548,
    547,  546,  545, 545, 544, 543, 542, 541, 541, 540, 539, 538, 537, 537, 536, 535, 535, 534, 533,
    532,  532,  531, 530, 530, 529, 528, 528, 527, 526, 526, 525, 524, 524,
};

static uint64_t msm_gas(size_t pairs, uint64_t multiplication, const uint16_t discount[128]) {
    if (pairs == 0) return 0;
    const uint64_t per_mille = discount[(pairs < 128 ? pairs : 128) - 1];
    return (uint64_t)pairs * multiplication * per_mille / 1000;
}

static uint64_t bls_g1_msm_gas(struct bytes input) {
    const size_t pairs = input.len / (BLS12_381_G1_SIZE + BLS12_381_SCALAR_SIZE);
    return msm_gas(pairs, 12000, bls_g1_discount);
}

static uint64_t bls_g2_msm_gas(struct bytes input) {
    const size_t pairs = input.len / (BLS12_381_G2_SIZE + BLS12_381_SCALAR_SIZE);
    return msm_gas(pairs, 22500, bls_g2_discount);
}

static uint64_t bls_pairing_gas(struct bytes input) {
    return 37700 + 32600 * (uint64_t)(input.len / BLS12_381_PAIR_SIZE);
}

static uint64_t bls_map_fp_gas(struct bytes input) {
    (void)input;
    return 5500;
}

static uint64_t bls_map_fp2_gas(struct bytes input) {
    (void)input;
    return 23800;
}

static bool bls_g1_add_run(struct arena *arena, struct bytes *output, struct bytes input) {
    return bls12_381_g1_add(answer(arena, output, BLS12_381_G1_SIZE), input) == BLS12_381_VALID;
}

static bool bls_g2_add_run(struct arena *arena, struct bytes *output, struct bytes input) {
    return bls12_381_g2_add(answer(arena, output, BLS12_381_G2_SIZE), input) == BLS12_381_VALID;
}

static bool bls_g1_msm_run(struct arena *arena, struct bytes *output, struct bytes input) {
    uint8_t *out = answer(arena, output, BLS12_381_G1_SIZE);
    return bls12_381_g1_msm(arena, out, input) == BLS12_381_VALID;
}

static bool bls_g2_msm_run(struct arena *arena, struct bytes *output, struct bytes input) {
    uint8_t *out = answer(arena, output, BLS12_381_G2_SIZE);
    return bls12_381_g2_msm(arena, out, input) == BLS12_381_VALID;
}

static bool bls_pairing_run(struct arena *arena, struct bytes *output, struct bytes input) {
    bool is_one;
    if (bls12_381_pairing_check(&is_one, input) != BLS12_381_VALID) return false;
    answer(arena, output, WORD)[WORD - 1] = is_one;
    return true;
}

static bool bls_map_fp_run(struct arena *arena, struct bytes *output, struct bytes input) {
    uint8_t *out = answer(arena, output, BLS12_381_G1_SIZE);
    return bls12_381_map_fp_to_g1(out, input) == BLS12_381_VALID;
}

static bool bls_map_fp2_run(struct arena *arena, struct bytes *output, struct bytes input) {
    uint8_t *out = answer(arena, output, BLS12_381_G2_SIZE);
    return bls12_381_map_fp2_to_g2(out, input) == BLS12_381_VALID;
}

/* 0x100: EIP-7951. A signature that does not verify gives no output, which is not a failure. */

static uint64_t p256_gas(struct bytes input) {
    (void)input;
    return 6900;
}

static bool p256_run(struct arena *arena, struct bytes *output, struct bytes input) {
    *output = (struct bytes){NULL, 0};
    if (p256_verify_encoded(input)) answer(arena, output, WORD)[WORD - 1] = 1;
    return true;
}

/* clang-format off */
#define SINCE_FRONTIER \
    {0x01, "ECREC", ecrecover_gas, ecrecover_run}, \
    {0x02, "SHA256", sha256_gas, sha256_run}, \
    {0x03, "RIPEMD160", ripemd160_gas, ripemd160_run}, \
    {0x04, "ID", identity_gas, identity_run}
#define SINCE_BYZANTIUM(modexp_gas, add_gas, mul_gas, pairing_gas) \
    {0x05, "MODEXP", modexp_gas, modexp_run}, \
    {0x06, "BN254_ADD", add_gas, bn254_add_run}, \
    {0x07, "BN254_MUL", mul_gas, bn254_mul_run}, \
    {0x08, "BN254_PAIRING", pairing_gas, bn254_pairing_run}
#define CHEAPER_BN254(modexp_gas) \
    SINCE_BYZANTIUM(modexp_gas, bn254_add_gas, bn254_mul_gas, bn254_pairing_gas)
#define SINCE_ISTANBUL {0x09, "BLAKE2F", blake2f_gas, blake2f_run}
#define SINCE_CANCUN {0x0a, "KZG_POINT_EVALUATION", point_evaluation_gas, point_evaluation_run}
#define SINCE_PRAGUE \
    {0x0b, "BLS12_G1ADD", bls_g1_add_gas, bls_g1_add_run}, \
    {0x0c, "BLS12_G1MSM", bls_g1_msm_gas, bls_g1_msm_run}, \
    {0x0d, "BLS12_G2ADD", bls_g2_add_gas, bls_g2_add_run}, \
    {0x0e, "BLS12_G2MSM", bls_g2_msm_gas, bls_g2_msm_run}, \
    {0x0f, "BLS12_PAIRING_CHECK", bls_pairing_gas, bls_pairing_run}, \
    {0x10, "BLS12_MAP_FP_TO_G1", bls_map_fp_gas, bls_map_fp_run}, \
    {0x11, "BLS12_MAP_FP2_TO_G2", bls_map_fp2_gas, bls_map_fp2_run}
#define SINCE_OSAKA {0x100, "P256VERIFY", p256_gas, p256_run}

const struct evm_precompile precompiles_frontier[] = {SINCE_FRONTIER};
const struct evm_precompile precompiles_byzantium[] = {
    SINCE_FRONTIER,
    SINCE_BYZANTIUM(
        modexp_gas_eip198, bn254_add_gas_eip196, bn254_mul_gas_eip196, bn254_pairing_gas_eip197
    ),
};
const struct evm_precompile precompiles_istanbul[] = {
    SINCE_FRONTIER, CHEAPER_BN254(modexp_gas_eip198), SINCE_ISTANBUL};
const struct evm_precompile precompiles_berlin[] = {
    SINCE_FRONTIER, CHEAPER_BN254(modexp_gas_eip2565), SINCE_ISTANBUL};
const struct evm_precompile precompiles_cancun[] = {
    SINCE_FRONTIER, CHEAPER_BN254(modexp_gas_eip2565), SINCE_ISTANBUL, SINCE_CANCUN};
const struct evm_precompile precompiles_prague[] = {
    SINCE_FRONTIER, CHEAPER_BN254(modexp_gas_eip2565), SINCE_ISTANBUL, SINCE_CANCUN, SINCE_PRAGUE};
const struct evm_precompile precompiles_osaka[] = {
    SINCE_FRONTIER, CHEAPER_BN254(modexp_gas_eip7883), SINCE_ISTANBUL, SINCE_CANCUN, SINCE_PRAGUE,
    SINCE_OSAKA};
/* clang-format on */
