#include "codec/hex.h"
#include "crypto/ecdsa.h"
#include "crypto/sha256.h"
#include "evm/precompiles.h"
#include "evm_program.h"

enum {
    INPUT_ROOM = 1024,
    KEY_COUNT = 3,
    PAIRS_MAX = 2, /* pairings are slow on the other side */
    TERMS_MAX = 3, /* of a sum of multiples */
};

/* The group generators as the precompiles write them. EIP-196, EIP-197, EIP-2537. */
static const char bn254_g1[] = "0x0000000000000000000000000000000000000000000000000000000000000001"
                               "0000000000000000000000000000000000000000000000000000000000000002";
static const char bn254_g2[] = "0x198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2"
                               "1800deef121f1e76426a00665e5c4479674322d4f75edadd46debd5cd992f6ed"
                               "090689d0585ff075ec9e99ad690c3395bc4b313370b38ef355acdadcd122975b"
                               "12c85ea5db8c6deb4aab71808dcb408fe3d1e7690c43d37b4ce6cc0166fa7daa";
static const char bls_g1[] = "0x"
                             "0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0f"
                             "c3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb"
                             "0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4"
                             "fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";
static const char bls_g2[] = "0x"
                             "00000000000000000000000000000000024aa2b2f08f0a91260805272dc51051"
                             "c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8"
                             "0000000000000000000000000000000013e02b6052719f607dacd3a088274f65"
                             "596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e"
                             "000000000000000000000000000000000ce5d527727d6e118cc9cdc6da2e351a"
                             "adfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801"
                             "000000000000000000000000000000000606c4a02ea734cc32acd2b02bc28b99"
                             "cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be";

/* A signature over P-256: digest, r, s, x, y. */
static const char p256_case[] = "0xd79987051a2552ac1895e06b97d12d8cfe5924872f61dba59c15552bcc832f9e"
                                "30aa1ac1fca0c0b1822ecbfb8f1090d64c42bfb79e041eda1281c12ae7424e02"
                                "57684529b585ace078e445a79432458fdf42ff52c5f10311b16918fbd43ec2df"
                                "d21ed12f9f0ed06ddd8e9f3776069a5e53ac715e4172be2c92251f78c305905d"
                                "30bbc6171fe7b8b1951ebb4a69ac9233890d8ff85f7a752e78a15e86c1d7681a";

/* The generator of G1, compressed: the commitment to the polynomial 1. */
static const char bls_one[] = "0x97f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac58"
                              "6c55e83ff97a1aeffb3af00adb22c6bb";

/* The number of a precompile and how its inputs are drawn. */
struct input {
    struct arena *arena;
    struct draw *draw;
    const struct evm_rules *rules;
    uint8_t bytes[INPUT_ROOM];
    size_t len;
};

static void append(struct input *input, struct bytes data) {
    ASSERT(data.len <= INPUT_ROOM - input->len);
    if (data.len != 0) memcpy(input->bytes + input->len, data.data, data.len);
    input->len += data.len;
}

static void append_word(struct input *input, const struct u256 *word) {
    uint8_t bytes[32];
    u256_to_be(bytes, word);
    append(input, BYTES_OF(bytes));
}

static void append_text(struct input *input, const char *text) {
    uint8_t bytes[INPUT_ROOM];
    size_t len;
    const enum hex_verdict verdict =
        hex_decode(bytes, sizeof bytes, &len, bytes_from(text, strlen(text)));
    ASSERT(verdict == HEX_VALID);
    append(input, bytes_from(bytes, len));
}

static void append_zeroes(struct input *input, size_t len) {
    ASSERT(len <= INPUT_ROOM - input->len);
    memset(input->bytes + input->len, 0, len);
    input->len += len;
}

static void append_noise(struct input *input, size_t len) {
    ASSERT(len <= INPUT_ROOM - input->len);
    draw_bytes(input->draw, input->bytes + input->len, len);
    input->len += len;
}

/* A multiple of a generator, by the precompile that multiplies: its output is the encoding. */
static void append_multiple(struct input *input, const char *generator, uint32_t multiplier) {
    struct address address = {{0}};
    struct input product = {.arena = input->arena, .draw = input->draw};
    struct bytes output = {NULL, 0};
    append_text(&product, generator);
    const size_t size = product.len;
    const struct u256 scalar = draw_word(input->draw);
    append_word(&product, &scalar);
    address.bytes[19] = (uint8_t)multiplier;
    const struct evm_precompile *const row = precompile_at(input->rules, &address);
    if (row == NULL || draw_one_in(input->draw, 4)) {
        append(input, bytes_from(product.bytes, size));
        return;
    }
    const bool good = row->run(input->arena, &output, bytes_from(product.bytes, product.len));
    ASSERT(good && output.len == size);
    append(input, output);
}

static void append_point(struct input *input, const char *generator, uint32_t multiplier) {
    if (draw_one_in(input->draw, 6)) {
        append_zeroes(input, (strlen(generator) - 2) / 2);
    } else {
        append_multiple(input, generator, multiplier);
    }
}

static void append_signature(struct input *input) {
    struct ecdsa_signer signer;
    struct ecdsa_secret_key key = {{0}};
    struct ecdsa_signature signature;
    struct hash digest;
    ecdsa_signer_init(&signer, NULL);
    key.bytes[31] = (uint8_t)(1 + draw_below(input->draw, KEY_COUNT));
    draw_bytes(input->draw, digest.bytes, sizeof digest.bytes);
    const enum ecdsa_verdict verdict = ecdsa_sign_recoverable(&signer, &signature, &digest, &key);
    ASSERT(verdict == ECDSA_VALID);
    const bool high = draw_one_in(input->draw, 3); /* as good here as the low one */
    if (high) u256_sub_wrapping(&signature.s, &ecdsa_order, &signature.s);
    const struct u256 v = u256_from_u64(27 + (uint64_t)(signature.recovery_id ^ high));
    append(input, BYTES_OF(digest));
    append_word(input, &v);
    append_word(input, &signature.r);
    append_word(input, &signature.s);
}

static void append_modexp(struct input *input) {
    uint64_t total = 0;
    for (size_t i = 0; i < 3; i++) {
        uint64_t len = draw_below(input->draw, draw_one_in(input->draw, 4) ? 70 : 34);
        const struct u256 word =
            draw_one_in(input->draw, 40) ? draw_word(input->draw) : u256_from_u64(len);
        if (draw_one_in(input->draw, 8)) len = draw_below(input->draw, 40);
        append_word(input, &word);
        total += len;
    }
    append_noise(input, total);
    for (size_t i = draw_below(input->draw, 40); i > 0 && total > i; i--) {
        input->bytes[96 + draw_below(input->draw, (uint32_t)total)] =
            draw_one_in(input->draw, 2) ? 0 : 0xff;
    }
}

static void append_blake2f(struct input *input) {
    uint8_t rounds[4];
    store_be32(rounds, draw_below(input->draw, 24));
    append(input, BYTES_OF(rounds));
    append_noise(input, 208);
    const uint8_t final = (uint8_t)draw_below(input->draw, draw_one_in(input->draw, 6) ? 4 : 2);
    append(input, BYTES_OF(final));
}

/* e(aP, Q) and its inverse, or whatever points come. */
static void append_bn254_pairs(struct input *input) {
    for (uint32_t i = draw_below(input->draw, PAIRS_MAX + 1); i > 0; i--) {
        append_point(input, bn254_g1, 7);
        if (draw_one_in(input->draw, 5)) {
            append_zeroes(input, 128);
        } else {
            append_text(input, bn254_g2);
        }
    }
}

static void append_bls_terms(struct input *input, const char *generator, uint32_t multiplier) {
    for (uint32_t i = 1 + draw_below(input->draw, TERMS_MAX); i > 0; i--) {
        const struct u256 scalar = draw_word(input->draw);
        append_point(input, generator, multiplier);
        append_word(input, &scalar);
    }
}

static void append_bls_pairs(struct input *input) {
    for (uint32_t i = 1 + draw_below(input->draw, PAIRS_MAX - 1); i > 0; i--) {
        append_point(input, bls_g1, 0x0c);
        append_point(input, bls_g2, 0x0e);
    }
}

/* An element of the field, mostly below its order. */
static void append_bls_field(struct input *input) {
    append_zeroes(input, 16);
    append_noise(input, 48);
    if (!draw_one_in(input->draw, 8)) input->bytes[input->len - 48] &= 0x0f;
}

/* The polynomials 0 and 1: their commitments are no secret, and their proofs are the point at
 * infinity everywhere. EIP-4844. */
static void append_point_evaluation(struct input *input) {
    const uint8_t infinity = 0xc0;
    const bool is_one = draw_one_in(input->draw, 2);
    struct u256 z = draw_word(input->draw);
    const struct u256 y = u256_from_u64(is_one ^ draw_one_in(input->draw, 6));
    struct input commitment = {.draw = input->draw};
    struct hash hash;
    z.limb[3] >>= 2;
    if (is_one) {
        append_text(&commitment, bls_one);
    } else {
        append(&commitment, BYTES_OF(infinity));
        append_zeroes(&commitment, 47);
    }
    sha256(&hash, bytes_from(commitment.bytes, commitment.len));
    hash.bytes[0] = 1;
    append(input, BYTES_OF(hash));
    append_word(input, &z);
    append_word(input, &y);
    append(input, bytes_from(commitment.bytes, commitment.len));
    append(input, BYTES_OF(infinity));
    append_zeroes(input, 47);
}

static void append_valid(struct input *input, uint32_t number) {
    switch (number) {
    case 0x01: append_signature(input); return;
    case 0x05: append_modexp(input); return;
    case 0x06:
        append_point(input, bn254_g1, 7);
        append_point(input, bn254_g1, 7);
        return;
    case 0x07: {
        const struct u256 scalar = draw_word(input->draw);
        append_point(input, bn254_g1, 7);
        append_word(input, &scalar);
        return;
    }
    case 0x08: append_bn254_pairs(input); return;
    case 0x09: append_blake2f(input); return;
    case 0x0a: append_point_evaluation(input); return;
    case 0x0b:
        append_point(input, bls_g1, 0x0c);
        append_point(input, bls_g1, 0x0c);
        return;
    case 0x0c: append_bls_terms(input, bls_g1, 0x0c); return;
    case 0x0d:
        append_point(input, bls_g2, 0x0e);
        append_point(input, bls_g2, 0x0e);
        return;
    case 0x0e: append_bls_terms(input, bls_g2, 0x0e); return;
    case 0x0f: append_bls_pairs(input); return;
    case 0x11:
        append_bls_field(input);
        append_bls_field(input);
        return;
    case 0x10: append_bls_field(input); return;
    case 0x100: append_text(input, p256_case); return;
    default: append_noise(input, draw_below(input->draw, 260));
    }
}

static void mangle(struct input *input) {
    struct draw *const draw = input->draw;
    switch (draw_below(draw, 5)) {
    case 0: input->len = draw_below(draw, (uint32_t)input->len + 1); return;
    case 1: append_noise(input, draw_below(draw, 40)); return;
    case 2:
        if (input->len < 32) return;
        draw_bytes(
            draw, input->bytes + 32 * (uint64_t)draw_below(draw, (uint32_t)input->len / 32), 32
        );
        return;
    default:
        if (input->len == 0) return;
        input->bytes[draw_below(draw, (uint32_t)input->len)] ^= (uint8_t)(1 << draw_below(draw, 8));
    }
}

struct bytes precompile_input_draw(
    struct arena *arena, struct draw *draw, const struct evm_rules *rules, uint32_t number
) {
    struct input input = {.arena = arena, .draw = draw, .rules = rules};
    append_valid(&input, number);
    if (draw_one_in(draw, 4)) mangle(&input);
    return arena_copy(arena, bytes_from(input.bytes, input.len));
}
