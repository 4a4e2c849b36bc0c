/* Any input to any precompile: none fails an assertion, each answers as many bytes as it should and the
 * same when asked again; sums and products of pairings do not mind the order of their terms.
 *
 * The first byte names the precompile, then each chunk is a byte and what that calls for: bytes as they
 * are, zeroes, or a generator of a curve, which no fuzzer finds by itself. */
#include "evm/precompiles.h"

#include "base/fuzz.h"

enum { INPUT_ROOM = 2048, CHUNK_RAW_MAX = 64 };

/* EIP-196 and EIP-197. */
static const uint8_t bn254_g1[64] = {[31] = 1, [63] = 2};
static const uint8_t bn254_g2[128] = {
    0x19, 0x8e, 0x93, 0x93, 0x92, 0x0d, 0x48, 0x3a, 0x72, 0x60, 0xbf, 0xb7, 0x31, 0xfb, 0x5d, 0x25,
    0xf1, 0xaa, 0x49, 0x33, 0x35, 0xa9, 0xe7, 0x12, 0x97, 0xe4, 0x85, 0xb7, 0xae, 0xf3, 0x12, 0xc2,
    0x18, 0x00, 0xde, 0xef, 0x12, 0x1f, 0x1e, 0x76, 0x42, 0x6a, 0x00, 0x66, 0x5e, 0x5c, 0x44, 0x79,
    0x67, 0x43, 0x22, 0xd4, 0xf7, 0x5e, 0xda, 0xdd, 0x46, 0xde, 0xbd, 0x5c, 0xd9, 0x92, 0xf6, 0xed,
    0x09, 0x06, 0x89, 0xd0, 0x58, 0x5f, 0xf0, 0x75, 0xec, 0x9e, 0x99, 0xad, 0x69, 0x0c, 0x33, 0x95,
    0xbc, 0x4b, 0x31, 0x33, 0x70, 0xb3, 0x8e, 0xf3, 0x55, 0xac, 0xda, 0xdc, 0xd1, 0x22, 0x97, 0x5b,
    0x12, 0xc8, 0x5e, 0xa5, 0xdb, 0x8c, 0x6d, 0xeb, 0x4a, 0xab, 0x71, 0x80, 0x8d, 0xcb, 0x40, 0x8f,
    0xe3, 0xd1, 0xe7, 0x69, 0x0c, 0x43, 0xd3, 0x7b, 0x4c, 0xe6, 0xcc, 0x01, 0x66, 0xfa, 0x7d, 0xaa,
};

/* EIP-2537. */
static const uint8_t bls_g1[128] = {
    [16] = 0x17, 0xf1, 0xd3, 0xa7, 0x31, 0x97, 0xd7, 0x94, 0x26, 0x95, 0x63, 0x8c,
    0x4f,        0xa9, 0xac, 0x0f, 0xc3, 0x68, 0x8c, 0x4f, 0x97, 0x74, 0xb9, 0x05,
    0xa1,        0x4e, 0x3a, 0x3f, 0x17, 0x1b, 0xac, 0x58, 0x6c, 0x55, 0xe8, 0x3f,
    0xf9,        0x7a, 0x1a, 0xef, 0xfb, 0x3a, 0xf0, 0x0a, 0xdb, 0x22, 0xc6, 0xbb,
    [80] = 0x08, 0xb3, 0xf4, 0x81, 0xe3, 0xaa, 0xa0, 0xf1, 0xa0, 0x9e, 0x30, 0xed,
    0x74,        0x1d, 0x8a, 0xe4, 0xfc, 0xf5, 0xe0, 0x95, 0xd5, 0xd0, 0x0a, 0xf6,
    0x00,        0xdb, 0x18, 0xcb, 0x2c, 0x04, 0xb3, 0xed, 0xd0, 0x3c, 0xc7, 0x44,
    0xa2,        0x88, 0x8a, 0xe4, 0x0c, 0xaa, 0x23, 0x29, 0x46, 0xc5, 0xe7, 0xe1,
};

struct input {
    uint8_t bytes[INPUT_ROOM];
    size_t len;
};

static void append(struct input *input, struct bytes data) {
    const size_t room = INPUT_ROOM - input->len;
    const size_t len = data.len < room ? data.len : room;
    if (len != 0) memcpy(input->bytes + input->len, data.data, len);
    input->len += len;
}

static void build(struct input *input, struct bytes data) {
    static const uint8_t zeroes[CHUNK_RAW_MAX];
    size_t at = 0;
    while (at < data.len && input->len < INPUT_ROOM) {
        const uint8_t kind = data.data[at++];
        const size_t wanted = kind >> 2;
        switch (kind & 3) {
        case 0: append(input, kind & 4 ? BYTES_OF(bn254_g1) : BYTES_OF(bls_g1)); break;
        case 1: append(input, bytes_from(zeroes, wanted)); break;
        case 2: append(input, BYTES_OF(bn254_g2)); break;
        default: {
            const size_t len = wanted < data.len - at ? wanted : data.len - at;
            append(input, bytes_slice(data, at, len));
            at += len;
        }
        }
    }
}

/* The length of the terms of a sum, or of a product of pairings; 0 where the order matters. */
static size_t term_size(uint16_t number) {
    switch (number) {
    case 0x06: return 64;
    case 0x08: return 192;
    case 0x0b: return 128;
    case 0x0c: return 160;
    case 0x0d: return 256;
    case 0x0e: return 288;
    case 0x0f: return 384;
    default: return 0;
    }
}

static bool is_expected(uint16_t number, struct bytes input, size_t len) {
    switch (number) {
    case 0x01:
    case 0x100: return len == 0 || len == 32;
    case 0x02:
    case 0x03:
    case 0x08:
    case 0x0f: return len == 32;
    case 0x04: return len == input.len;
    case 0x05: return len <= 1024;
    case 0x06:
    case 0x07:
    case 0x09:
    case 0x0a: return len == 64;
    case 0x0b:
    case 0x0c:
    case 0x10: return len == 128;
    default: return len == 256;
    }
}

static void check_order(
    struct arena *arena,
    const struct evm_precompile *row,
    struct bytes input,
    bool good,
    struct bytes output
) {
    struct bytes turned_output;
    const size_t size = term_size(row->number);
    if (size == 0 || input.len == 0 || input.len % size != 0) return;
    if (row->number == 0x06 && input.len != 2 * size) return; /* looks no further */
    uint8_t *const turned = arena_alloc(arena, input.len, 1);
    for (size_t at = 0; at < input.len; at += size) {
        memcpy(turned + input.len - size - at, input.data + at, size);
    }
    const bool turned_good = row->run(arena, &turned_output, bytes_from(turned, input.len));
    ASSERT(turned_good == good);
    ASSERT(!good || bytes_equal(output, turned_output));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    const struct evm_precompile *const row = &precompiles_osaka[data[0] % PRECOMPILES_OSAKA];
    struct input input = {.len = 0};
    struct arena arena;
    struct bytes output = {NULL, 0};
    struct bytes again = {NULL, 0};
    build(&input, bytes_from(data + 1, size - 1));
    const struct bytes given = bytes_from(input.bytes, input.len);
    const uint64_t gas = row->gas(given);
    if (gas > 10000000) return 0; /* nobody could pay for it */

    arena_init(&arena, &test_heap);
    const bool good = row->run(&arena, &output, given);
    ASSERT(row->run(&arena, &again, given) == good);
    ASSERT(!good || bytes_equal(output, again));
    ASSERT(!good || is_expected(row->number, given, output.len));
    check_order(&arena, row, given, good, output);
    arena_reset(&arena);
    return 0;
}
