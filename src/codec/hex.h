/* hex: bytes and numbers as JSON-RPC text, "0x" and digits, both ways.
 *
 * Spec: Ethereum execution-apis, base types: `bytes` has two digits a byte, `uint` (a quantity) has
 * as few digits as possible and "0x0" for zero. Like other clients we also read A-F.
 * Pure; allocates only from the arena it is handed. Not constant time: never pass secrets.
 */
#ifndef CODEC_HEX_H
#define CODEC_HEX_H

#include "base/arena.h"
#include "base/u256.h"

#define HEX_BYTES_MAX ((size_t)64 << 20) /* 64 MiB, above any request we accept */

/* Characters of size bytes as text, without a NUL. */
#define HEX_TEXT_SIZE(size) (2 + 2 * (size_t)(size))

enum { HEX_U64_TEXT_MAX = 18, HEX_U256_TEXT_MAX = 66 };

enum hex_verdict {
    HEX_VALID = 0,
    HEX_NO_PREFIX,
    HEX_ODD_DIGITS,
    HEX_TOO_LONG, /* more bytes than the caller has room for, or a number above its type */
    HEX_TOO_SHORT,
    HEX_BAD_DIGIT,
    HEX_NO_DIGITS,    /* a quantity "0x" */
    HEX_LEADING_ZERO, /* a quantity such as "0x01" */
};

/* How strictly a quantity is read. */
enum hex_quantity {
    HEX_STRICT = 0, /* as the specification says */
    HEX_LENIENT,    /* leading zeros are skipped and "0x" is zero: test fixtures, genesis files */
};

/* One line of English for an error message: static text without a final stop. */
const char *hex_verdict_text(enum hex_verdict verdict);

/* Decodes text into out, which has room for out_size <= HEX_BYTES_MAX bytes.
 *
 * text is untrusted. On HEX_VALID *out_len bytes were written; on any other verdict *out_len
 * is 0 and out holds nothing of use. text and out do not overlap.
 */
MUST_USE enum hex_verdict hex_decode(
    uint8_t *out, size_t out_size, size_t *out_len, struct bytes text
);

/* The same for digits that stand without "0x". */
MUST_USE enum hex_verdict hex_decode_bare(
    uint8_t *out, size_t out_size, size_t *out_len, struct bytes digits
);

/* Decodes at most size_max bytes into memory from arena; *out is empty on a bad verdict, which
 * takes no memory. */
MUST_USE enum hex_verdict hex_decode_arena(
    struct arena *arena, struct bytes *out, struct bytes text, size_t size_max
);

/* Exactly size bytes: text with fewer or more is HEX_TOO_SHORT or HEX_TOO_LONG. */
MUST_USE enum hex_verdict hex_decode_exact(uint8_t *out, size_t size, struct bytes text);
MUST_USE enum hex_verdict hex_decode_hash(struct hash *out, struct bytes text);
MUST_USE enum hex_verdict hex_decode_address(struct address *out, struct bytes text);

/* Quantities; *out is 0 on a bad verdict. */
MUST_USE enum hex_verdict hex_decode_u64(
    uint64_t *out, struct bytes text, enum hex_quantity strictness
);
MUST_USE enum hex_verdict hex_decode_u256(
    struct u256 *out, struct bytes text, enum hex_quantity strictness
);

/* Writes HEX_TEXT_SIZE(data.len) characters, lower case, and answers their number; no NUL.
 * data.len <= HEX_BYTES_MAX. data and out do not overlap. */
size_t hex_encode(char *out, struct bytes data);

/* The same without "0x": 2 * data.len characters. */
size_t hex_encode_bare(char *out, struct bytes data);

/* A quantity in its shortest form; answers its length; no NUL. */
size_t hex_encode_u64(char out[HEX_U64_TEXT_MAX], uint64_t value);
size_t hex_encode_u256(char out[HEX_U256_TEXT_MAX], const struct u256 *value);

#endif
