#include "codec/hex.h"

enum { PREFIX_LEN = 2, BITS_A_DIGIT = 4, DIGITS_A_LIMB = 16 };

/* Values of '0'-'9', 'A'-'F' and 'a'-'f'; NOT_A_DIGIT has bits that no value has, so that many
 * digits are judged by one test. */
enum { NOT_A_DIGIT = 0x80 };

static const char digit_of[16] = "0123456789abcdef";

static inline uint8_t digit_value(uint8_t c) {
    const uint8_t decimal = (uint8_t)(c - '0');
    if (decimal <= 9) return decimal;
    const uint8_t letter = (uint8_t)((c | 0x20) - 'a');
    if (letter <= 5) return (uint8_t)(letter + 10);
    return NOT_A_DIGIT;
}

const char *hex_verdict_text(enum hex_verdict verdict) {
    switch (verdict) {
    case HEX_VALID: return "valid";
    case HEX_NO_PREFIX: return "hex text must start with 0x";
    case HEX_ODD_DIGITS: return "hex text has an odd number of digits";
    case HEX_TOO_LONG: return "hex text is too long";
    case HEX_TOO_SHORT: return "hex text is too short";
    case HEX_BAD_DIGIT: return "hex text has a character that is no digit";
    case HEX_NO_DIGITS: return "hex number has no digits";
    case HEX_LEADING_ZERO: return "hex number has leading zeros";
    }
    return "unknown";
}

static bool has_prefix(struct bytes text) {
    return text.len >= PREFIX_LEN && text.data[0] == '0' && text.data[1] == 'x';
}

enum hex_verdict hex_decode_bare(
    uint8_t *out, size_t out_size, size_t *out_len, struct bytes digits
) {
    ASSERT(out_size <= HEX_BYTES_MAX);
    *out_len = 0;

    const size_t byte_count = digits.len / 2;
    if (digits.len % 2 != 0) return HEX_ODD_DIGITS;
    if (byte_count > out_size) return HEX_TOO_LONG;

    uint8_t seen = 0;
    for (size_t i = 0; i < byte_count; i++) {
        const uint8_t high = digit_value(digits.data[2 * i]);
        const uint8_t low = digit_value(digits.data[2 * i + 1]);
        seen |= high | low;
        out[i] = (uint8_t)(high << BITS_A_DIGIT | low);
    }
    if ((seen & NOT_A_DIGIT) != 0) return HEX_BAD_DIGIT;
    *out_len = byte_count;
    return HEX_VALID;
}

enum hex_verdict hex_decode(uint8_t *out, size_t out_size, size_t *out_len, struct bytes text) {
    *out_len = 0;
    if (!has_prefix(text)) return HEX_NO_PREFIX;
    return hex_decode_bare(
        out, out_size, out_len, bytes_slice(text, PREFIX_LEN, text.len - PREFIX_LEN)
    );
}

enum hex_verdict hex_decode_arena(
    struct arena *arena, struct bytes *out, struct bytes text, size_t size_max
) {
    ASSERT(size_max <= HEX_BYTES_MAX);
    *out = (struct bytes){NULL, 0};
    if (!has_prefix(text)) return HEX_NO_PREFIX;
    const size_t size = (text.len - PREFIX_LEN) / 2;
    if (size > size_max) return HEX_TOO_LONG;

    const struct arena_mark mark = arena_mark(arena);
    uint8_t *data = arena_alloc_raw(arena, size, 1);
    size_t len;
    const enum hex_verdict verdict = hex_decode(data, size, &len, text);
    if (verdict != HEX_VALID) {
        arena_rewind(arena, mark);
        return verdict;
    }
    *out = bytes_from(data, len);
    return HEX_VALID;
}

enum hex_verdict hex_decode_exact(uint8_t *out, size_t size, struct bytes text) {
    size_t len;
    const enum hex_verdict verdict = hex_decode(out, size, &len, text);
    if (verdict != HEX_VALID) return verdict;
    return len == size ? HEX_VALID : HEX_TOO_SHORT;
}

enum hex_verdict hex_decode_hash(struct hash *out, struct bytes text) {
    return hex_decode_exact(out->bytes, sizeof out->bytes, text);
}

enum hex_verdict hex_decode_address(struct address *out, struct bytes text) {
    return hex_decode_exact(out->bytes, sizeof out->bytes, text);
}

/* The digits of a quantity, with leading zeros gone: none are left of a zero. */
static enum hex_verdict quantity_digits(
    struct bytes *digits, struct bytes text, enum hex_quantity strictness
) {
    if (!has_prefix(text)) return HEX_NO_PREFIX;
    *digits = bytes_slice(text, PREFIX_LEN, text.len - PREFIX_LEN);
    if (strictness == HEX_STRICT) {
        if (digits->len == 0) return HEX_NO_DIGITS;
        if (digits->len > 1 && digits->data[0] == '0') return HEX_LEADING_ZERO;
    }
    while (digits->len > 0 && digits->data[0] == '0') {
        digits->data++;
        digits->len--;
    }
    return HEX_VALID;
}

/* At most DIGITS_A_LIMB digits. */
static enum hex_verdict limb_from_digits(uint64_t *out, struct bytes digits) {
    uint64_t value = 0;
    for (size_t i = 0; i < digits.len; i++) {
        const uint8_t digit = digit_value(digits.data[i]);
        if (digit == NOT_A_DIGIT) return HEX_BAD_DIGIT;
        value = value << BITS_A_DIGIT | digit;
    }
    *out = value;
    return HEX_VALID;
}

enum hex_verdict hex_decode_u64(uint64_t *out, struct bytes text, enum hex_quantity strictness) {
    *out = 0;
    struct bytes digits;
    const enum hex_verdict verdict = quantity_digits(&digits, text, strictness);
    if (verdict != HEX_VALID) return verdict;
    if (digits.len > DIGITS_A_LIMB) return HEX_TOO_LONG;
    return limb_from_digits(out, digits);
}

enum hex_verdict hex_decode_u256(
    struct u256 *out, struct bytes text, enum hex_quantity strictness
) {
    *out = U256_ZERO;
    struct bytes digits;
    enum hex_verdict verdict = quantity_digits(&digits, text, strictness);
    if (verdict != HEX_VALID) return verdict;
    if (digits.len > ARRAY_LEN(out->limb) * DIGITS_A_LIMB) return HEX_TOO_LONG;

    struct u256 value = U256_ZERO;
    for (size_t i = 0; digits.len > 0; i++) {
        const size_t len = digits.len < DIGITS_A_LIMB ? digits.len : DIGITS_A_LIMB;
        verdict = limb_from_digits(&value.limb[i], bytes_slice(digits, digits.len - len, len));
        if (verdict != HEX_VALID) return verdict;
        digits.len -= len;
    }
    *out = value;
    return HEX_VALID;
}

size_t hex_encode_bare(char *out, struct bytes data) {
    ASSERT(data.len <= HEX_BYTES_MAX);
    for (size_t i = 0; i < data.len; i++) {
        out[2 * i] = digit_of[data.data[i] >> BITS_A_DIGIT];
        out[2 * i + 1] = digit_of[data.data[i] & 0xf];
    }
    return 2 * data.len;
}

size_t hex_encode(char *out, struct bytes data) {
    out[0] = '0';
    out[1] = 'x';
    return PREFIX_LEN + hex_encode_bare(out + PREFIX_LEN, data);
}

size_t hex_encode_u64(char out[HEX_U64_TEXT_MAX], uint64_t value) {
    const struct u256 wide = u256_from_u64(value);
    char text[HEX_U256_TEXT_MAX];
    const size_t len = hex_encode_u256(text, &wide);
    memcpy(out, text, len);
    return len;
}

size_t hex_encode_u256(char out[HEX_U256_TEXT_MAX], const struct u256 *value) {
    size_t top = ARRAY_LEN(value->limb) - 1;
    while (top > 0 && value->limb[top] == 0) {
        top--;
    }
    const unsigned zeros = (unsigned)__builtin_clzll(value->limb[top] | 1);
    size_t digit = top * DIGITS_A_LIMB + DIGITS_A_LIMB - zeros / BITS_A_DIGIT;

    size_t len = 0;
    out[len++] = '0';
    out[len++] = 'x';
    while (digit > 0) {
        digit--;
        const uint64_t limb = value->limb[digit / DIGITS_A_LIMB];
        out[len++] = digit_of[limb >> (digit % DIGITS_A_LIMB * BITS_A_DIGIT) & 0xf];
    }
    return len;
}
