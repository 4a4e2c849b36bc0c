/* Text that decodes must encode to the same text, but for the case of its letters. */
#include "codec/hex.h"

#include "base/fuzz.h"

enum { ROOM = 1 << 16 };

static void check_same_text(const uint8_t *text, const char *again, size_t len) {
    for (size_t i = 0; i < len; i++) {
        const uint8_t c = text[i];
        ASSERT(again[i] == (char)(c >= 'A' && c <= 'F' ? c | 0x20 : c));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static uint8_t decoded[ROOM];
    static char encoded[HEX_TEXT_SIZE(ROOM)];
    const struct bytes text = {data, size};
    size_t len;
    if (hex_decode(decoded, sizeof decoded, &len, text) == HEX_VALID) {
        ASSERT(hex_encode(encoded, bytes_from(decoded, len)) == size);
        check_same_text(data, encoded, size);
    } else {
        ASSERT(len == 0);
    }

    struct u256 strict, lenient;
    const enum hex_verdict verdict = hex_decode_u256(&strict, text, HEX_STRICT);
    if (verdict == HEX_VALID) {
        ASSERT(hex_decode_u256(&lenient, text, HEX_LENIENT) == HEX_VALID);
        ASSERT(u256_equal(&strict, &lenient));
        ASSERT(hex_encode_u256(encoded, &strict) == size);
        check_same_text(data, encoded, size);
    }
    uint64_t narrow;
    if (hex_decode_u64(&narrow, text, HEX_STRICT) == HEX_VALID) {
        ASSERT(verdict == HEX_VALID && u256_fits_u64(&strict) && strict.limb[0] == narrow);
    }
    return 0;
}
