/* The programs that the EVM's speed is measured with: their gas and output have to be right. */
#include "evm/lone_call.h"
#include "vectors.h"

static const char folder[] = "bench/evm_inputs";

static struct bytes load_code(struct arena *arena, const char *name) {
    char path[VECTORS_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s/%s", vectors_root(), folder, name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) return bytes_from(NULL, 0);
    char *text = arena_alloc(arena, VECTORS_BYTES_MAX, 1);
    size_t len = fread(text, 1, VECTORS_BYTES_MAX, file);
    (void)fclose(file);
    while (len > 0 && (text[len - 1] == '\n' || text[len - 1] == '\r')) {
        len--;
    }
    struct bytes code;
    return vectors_hex(arena, &code, bytes_from(text, len)) ? code : bytes_from(NULL, 0);
}

static bool run(struct evm *evm, struct arena *arena, const json_t *entry) {
    static struct lone_call call;
    struct evm_result result;
    struct bytes output;
    const char *code_file = json_string_value(json_object_get(entry, "code"));
    const json_t *expect = json_object_get(entry, "expect");
    if (code_file == NULL) return false;
    lone_call_init(&call, evm_rules_of(EVM_CANCUN), load_code(arena, code_file));
    call.gas = (uint64_t)json_integer_value(json_object_get(entry, "gas"));
    if (!vectors_hex(arena, &call.input, vectors_text(json_object_get(entry, "input")))) {
        return false;
    }
    if (!vectors_hex(arena, &output, vectors_text(json_object_get(expect, "output")))) return false;
    lone_call_run(&call, evm, arena, &result);
    const uint64_t gas_used = (uint64_t)json_integer_value(json_object_get(expect, "gas_used"));
    return call.gas - result.gas_left == gas_used && bytes_equal(result.output, output);
}

int main(void) {
    vectors_need(folder);
    struct arena arena;
    arena_init(&arena, &heap_source);
    struct evm *evm = evm_create(&heap_source, 1 << 20);
    json_t *manifest = vectors_load("bench/evm_inputs/manifest.json");
    size_t i;
    json_t *entry;
    json_array_foreach(manifest, i, entry) {
        const char *name = json_string_value(json_object_get(entry, "name"));
        vectors_count(run(evm, &arena, entry), folder, name != NULL ? name : "without a name");
        arena_reset(&arena);
    }
    json_decref(manifest);
    evm_destroy(evm);
    return vectors_end();
}
