/* The EVM's vectors: two-operand opcodes and precompiles (output and gas) of go-ethereum, EIP-2537
 * and EIP-7951. */
#include "evm/lone_call.h"
#include "evm/opcodes.h"
#include "evm/precompiles.h"
#include "vectors.h"

static struct arena arena;
static struct evm *evm;

/* Runs code and answers its output. */
static struct bytes run(struct bytes code) {
    static struct lone_call call;
    struct evm_result result;
    lone_call_init(&call, evm_rules_of(EVM_OSAKA), code);
    lone_call_run(&call, evm, &arena, &result);
    return result.status == EVM_SUCCESS ? result.output : bytes_from(NULL, 0);
}

static bool opcode_vector(const json_t *vector, uint8_t opcode) {
    struct bytes x, y, expected;
    if (!vectors_hex(&arena, &x, vectors_text(json_object_get(vector, "X")))) return false;
    if (!vectors_hex(&arena, &y, vectors_text(json_object_get(vector, "Y")))) return false;
    if (!vectors_hex(&arena, &expected, vectors_text(json_object_get(vector, "Expected")))) {
        return false;
    }
    if (x.len != 32 || y.len != 32) return false;
    uint8_t code[2 * 33 + 8] = {0};
    size_t len = 0;
    code[len++] = OP_PUSH32;
    memcpy(code + len, x.data, x.len);
    len += x.len;
    code[len++] = OP_PUSH32;
    memcpy(code + len, y.data, y.len);
    len += y.len;
    const uint8_t rest[] = {opcode, OP_PUSH0, OP_MSTORE, OP_PUSH1, 32, OP_PUSH0, OP_RETURN};
    memcpy(code + len, rest, sizeof rest);
    len += sizeof rest;
    return bytes_equal(run(bytes_from(code, len)), expected);
}

static void opcode_vectors(void) {
    static const struct {
        const char *name;
        uint8_t opcode;
    } files[] = {
        {"add", OP_ADD},
        {"and", OP_AND},
        {"byte", OP_BYTE},
        {"div", OP_DIV},
        {"eq", OP_EQ},
        {"exp", OP_EXP},
        {"gt", OP_GT},
        {"lt", OP_LT},
        {"mod", OP_MOD},
        {"mul", OP_MUL},
        {"or", OP_OR},
        {"sar", OP_SAR},
        {"sdiv", OP_SDIV},
        {"sgt", OP_SGT},
        {"shl", OP_SHL},
        {"shr", OP_SHR},
        {"signext", OP_SIGNEXTEND},
        {"slt", OP_SLT},
        {"smod", OP_SMOD},
        {"sub", OP_SUB},
        {"xor", OP_XOR},
    };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        char file[64];
        (void)snprintf(file, sizeof file, "evm/opcodes/testcases_%s.json", files[i].name);
        json_t *vectors = vectors_load(file);
        size_t k;
        json_t *vector;
        json_array_foreach(vectors, k, vector) {
            char name[32];
            (void)snprintf(name, sizeof name, "#%zu", k);
            const struct arena_mark mark = arena_mark(&arena);
            vectors_count(opcode_vector(vector, files[i].opcode), file, name);
            arena_rewind(&arena, mark);
        }
        json_decref(vectors);
    }
}

/* Whether the precompile does what the vector says; gas of 0 in ignore_gas files is a draft's. */
static bool precompile_vector(
    const json_t *vector, const struct evm_precompile *precompile, bool check_gas
) {
    struct bytes input, expected, output;
    if (!vectors_hex(&arena, &input, vectors_text(json_object_get(vector, "Input")))) return false;
    const bool should_fail = json_object_get(vector, "ExpectedError") != NULL;
    const uint64_t gas = precompile->gas(input);
    const bool accepted = gas != PRECOMPILE_GAS_INFINITE && precompile->run(&arena, &output, input);
    if (should_fail || !accepted) return should_fail && !accepted;

    if (!vectors_hex(&arena, &expected, vectors_text(json_object_get(vector, "Expected")))) {
        return false;
    }
    const json_t *priced = json_object_get(vector, "Gas");
    if (check_gas && (uint64_t)json_integer_value(priced) != gas) return false;
    return bytes_equal(output, expected);
}

static void precompile_vectors(void) {
    static const struct {
        const char *file;
        uint16_t number;
        enum evm_revision revision;
        bool draft_gas;
    } files[] = {
        {"geth/ecRecover", 0x01, EVM_OSAKA, false},
        {"geth/modexp", 0x05, EVM_BYZANTIUM, false},
        {"geth/modexp_eip2565", 0x05, EVM_BERLIN, false},
        {"geth/modexp_eip7883", 0x05, EVM_OSAKA, false},
        {"geth/bn256Add", 0x06, EVM_OSAKA, false},
        {"geth/bn256ScalarMul", 0x07, EVM_OSAKA, false},
        {"geth/bn256Pairing", 0x08, EVM_OSAKA, false},
        {"geth/blake2F", 0x09, EVM_OSAKA, false},
        {"geth/fail-blake2f", 0x09, EVM_OSAKA, false},
        {"geth/pointEvaluation", 0x0a, EVM_OSAKA, false},
        {"geth/blsG1Add", 0x0b, EVM_OSAKA, false},
        {"geth/fail-blsG1Add", 0x0b, EVM_OSAKA, false},
        {"geth/blsG1Mul", 0x0c, EVM_OSAKA, false},
        {"geth/blsG1MultiExp", 0x0c, EVM_OSAKA, false},
        {"geth/fail-blsG1Mul", 0x0c, EVM_OSAKA, false},
        {"geth/fail-blsG1MultiExp", 0x0c, EVM_OSAKA, false},
        {"geth/blsG2Add", 0x0d, EVM_OSAKA, false},
        {"geth/fail-blsG2Add", 0x0d, EVM_OSAKA, false},
        {"geth/blsG2Mul", 0x0e, EVM_OSAKA, false},
        {"geth/blsG2MultiExp", 0x0e, EVM_OSAKA, false},
        {"geth/fail-blsG2Mul", 0x0e, EVM_OSAKA, false},
        {"geth/fail-blsG2MultiExp", 0x0e, EVM_OSAKA, false},
        {"geth/blsPairing", 0x0f, EVM_OSAKA, false},
        {"geth/fail-blsPairing", 0x0f, EVM_OSAKA, false},
        {"geth/blsMapG1", 0x10, EVM_OSAKA, false},
        {"geth/fail-blsMapG1", 0x10, EVM_OSAKA, false},
        {"geth/blsMapG2", 0x11, EVM_OSAKA, false},
        {"geth/fail-blsMapG2", 0x11, EVM_OSAKA, false},
        {"geth/p256Verify", 0x100, EVM_OSAKA, false},
        {"eip-7951/test-vectors", 0x100, EVM_OSAKA, true},
        {"eip-2537/add_G1_bls", 0x0b, EVM_PRAGUE, false},
        {"eip-2537/fail-add_G1_bls", 0x0b, EVM_PRAGUE, false},
        {"eip-2537/mul_G1_bls", 0x0c, EVM_PRAGUE, false},
        {"eip-2537/msm_G1_bls", 0x0c, EVM_PRAGUE, false},
        {"eip-2537/fail-mul_G1_bls", 0x0c, EVM_PRAGUE, false},
        {"eip-2537/fail-msm_G1_bls", 0x0c, EVM_PRAGUE, false},
        {"eip-2537/add_G2_bls", 0x0d, EVM_PRAGUE, false},
        {"eip-2537/fail-add_G2_bls", 0x0d, EVM_PRAGUE, false},
        {"eip-2537/mul_G2_bls", 0x0e, EVM_PRAGUE, false},
        {"eip-2537/fail-mul_G2_bls", 0x0e, EVM_PRAGUE, false},
        {"eip-2537/fail-msm_G2_bls", 0x0e, EVM_PRAGUE, false},
        {"eip-2537/pairing_check_bls", 0x0f, EVM_PRAGUE, false},
        {"eip-2537/fail-pairing_check_bls", 0x0f, EVM_PRAGUE, false},
        {"eip-2537/map_fp_to_G1_bls", 0x10, EVM_PRAGUE, false},
        {"eip-2537/fail-map_fp_to_G1_bls", 0x10, EVM_PRAGUE, false},
        {"eip-2537/map_fp2_to_G2_bls", 0x11, EVM_PRAGUE, false},
        {"eip-2537/fail-map_fp2_to_G2_bls", 0x11, EVM_PRAGUE, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct address address = {{0}};
        store_be32(address.bytes + 16, files[i].number);
        const struct evm_precompile *precompile =
            precompile_at(evm_rules_of(files[i].revision), &address);
        ASSERT(precompile != NULL);
        char file[96];
        (void)snprintf(file, sizeof file, "evm/precompiles/%s.json", files[i].file);
        json_t *vectors = vectors_load(file);
        size_t k;
        json_t *vector;
        json_array_foreach(vectors, k, vector) {
            const struct arena_mark mark = arena_mark(&arena);
            const char *name = json_string_value(json_object_get(vector, "Name"));
            vectors_count(
                precompile_vector(vector, precompile, !files[i].draft_gas), file,
                name != NULL ? name : "without a name"
            );
            arena_rewind(&arena, mark);
        }
        json_decref(vectors);
    }
}

int main(void) {
    vectors_need("evm/opcodes");
    arena_init(&arena, &heap_source);
    evm = evm_create(&heap_source, 1 << 20);
    opcode_vectors();
    precompile_vectors();
    evm_destroy(evm);
    arena_reset(&arena);
    return vectors_end();
}
