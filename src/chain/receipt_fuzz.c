/* What decodes as a receipt, or as stored receipts, encodes to the same bytes. */
#include "chain/receipt.h"

#include "base/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    const struct bytes encoded = bytes_from(data, size);
    struct arena arena;
    struct receipt receipt;
    const struct receipt *receipts;
    size_t count;
    arena_init(&arena, &test_heap);
    if (receipt_decode(&arena, &receipt, encoded) == RECEIPT_VALID) {
        ASSERT(bytes_equal(receipt_encode(&arena, &receipt), encoded));
    }
    if (receipts_decode_stored(&arena, &receipts, &count, encoded) == RECEIPT_VALID) {
        ASSERT(bytes_equal(receipts_encode_stored(&arena, receipts, count), encoded));
    }
    arena_reset(&arena);
    return 0;
}
