/* snappy: data compressed by Snappy, in frames as era files and the consensus layer's wire have it.
 *
 * Spec: google/snappy, framing_format.txt and format_description.txt. Reading only; each chunk's
 * checksum (CRC-32C) is compared. Pure.
 */
#ifndef CODEC_SNAPPY_H
#define CODEC_SNAPPY_H

#include "base/arena.h"

#define SNAPPY_CHUNK_MAX ((size_t)65536) /* bytes of a chunk, uncompressed */

enum snappy_verdict {
    SNAPPY_VALID = 0,
    SNAPPY_TRUNCATED,
    SNAPPY_MALFORMED,
    SNAPPY_TOO_LONG,
    SNAPPY_BAD_CHECKSUM,
};

/* One line of English for an error message: static text without a final stop. */
const char *snappy_verdict_text(enum snappy_verdict verdict);

/* Decodes a stream of frames into at most size_max bytes of arena. framed is untrusted; on any verdict
 * but SNAPPY_VALID *out is empty. */
MUST_USE enum snappy_verdict snappy_decode_framed(
    struct arena *arena, struct bytes *out, struct bytes framed, size_t size_max
);

/* One block without frames. *out_len is what was written into out, which has room for out_size. */
MUST_USE enum snappy_verdict snappy_decode_block(
    uint8_t *out, size_t out_size, size_t *out_len, struct bytes block
);

#endif
