/* Data drives the reading: its first bytes are a program of types, the rest is what is read. What
 * the canonical rules accept must be, byte for byte, what the writer makes of the values; and the
 * lax rules must accept it as well. */
#include "codec/abi.h"

#include "base/fuzz.h"

enum { OPS_MAX = 8, ITEMS_MAX = 64, ARENA_SIZE = 1 << 22 };

static void *fixed_get(void *ctx, size_t size) {
    static uint8_t memory[ARENA_SIZE];
    bool *is_taken = ctx;
    if (*is_taken || size > sizeof memory) return malloc(size); /* kept by the leak checker */
    *is_taken = true;
    return memory;
}

/* Reads one value of the type that op names, and writes it again. */
static void copy_value(
    struct abi_reader *reader, struct abi_writer *writer, struct abi_tuple *tuple, uint8_t op
) {
    struct u256 number;
    struct address address;
    struct bytes bytes;
    bool boolean;
    uint8_t fixed[32];
    switch (op % 8) {
    case 0:
        abi_read_u256(reader, &number);
        abi_put_u256(writer, tuple, &number);
        break;
    case 1:
        abi_read_u64(reader, &number.limb[0]);
        abi_put_u64(writer, tuple, number.limb[0]);
        break;
    case 2:
        abi_read_bool(reader, &boolean);
        abi_put_bool(writer, tuple, boolean);
        break;
    case 3:
        abi_read_address(reader, &address);
        abi_put_address(writer, tuple, &address);
        break;
    case 4: {
        const size_t size = 1 + op / 8;
        abi_read_fixed(reader, fixed, size);
        abi_put_fixed(writer, tuple, bytes_from(fixed, size));
        break;
    }
    default:
        abi_read_bytes(reader, &bytes);
        abi_put_bytes(writer, tuple, bytes);
        break;
    }
}

static enum abi_verdict run(
    struct bytes ops, struct bytes data, enum abi_rules rules, struct abi_writer *writer
) {
    struct abi_reader reader = abi_read(data, rules);
    struct abi_tuple tuple = abi_begin(writer, ops.len);
    for (size_t i = 0; i < ops.len; i++) {
        const uint8_t op = ops.data[i];
        if (op % 8 == 7) { /* an array of bytes */
            size_t count;
            const struct abi_scope scope = abi_enter_array(&reader, &count, 1);
            if (count > ITEMS_MAX) return ABI_TRUNCATED;
            struct abi_tuple array = abi_begin_array(writer, &tuple, count, 1);
            for (size_t item = 0; item < count; item++)
                copy_value(&reader, writer, &array, op / 8 % 8 == 7 ? 5 : op / 8);
            abi_leave(&reader, scope);
        } else if (op % 8 == 6) { /* a tuple of two */
            const struct abi_scope scope = abi_enter_tuple(&reader);
            struct abi_tuple inner = abi_begin_tuple(writer, &tuple, 2);
            copy_value(&reader, writer, &inner, op / 8 % 6);
            copy_value(&reader, writer, &inner, op / 32);
            abi_leave(&reader, scope);
        } else {
            copy_value(&reader, writer, &tuple, op);
        }
    }
    return abi_finish(&reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    const size_t op_count = data[0] % OPS_MAX;
    if (size < 1 + op_count) return 0;
    const struct bytes ops = {data + 1, op_count};
    const struct bytes encoded = {data + 1 + op_count, size - 1 - op_count};

    (void)abi_read_revert(encoded);
    bool is_taken = false;
    const struct arena_source source = {fixed_get, NULL, &is_taken};
    struct arena arena;
    arena_init(&arena, &source);
    struct abi_writer writer = abi_writer_in(&arena, size + 64);
    const enum abi_verdict canonical = run(ops, encoded, ABI_CANONICAL, &writer);
    if (canonical == ABI_VALID) ASSERT(bytes_equal(abi_written(&writer), encoded));

    struct abi_writer other = abi_writer_in(&arena, size + 64);
    const enum abi_verdict solidity = run(ops, encoded, ABI_SOLIDITY, &other);
    ASSERT(canonical != ABI_VALID || solidity == ABI_VALID);
    return 0;
}
