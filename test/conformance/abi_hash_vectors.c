/* EIP-712 documents, and hashes over values packed without padding (Solidity's abi.encodePacked), of
 * ethers and go-ethereum. Packing is of no use to the product, so it is done here; the hashes are ours. */
#include "codec/hex.h"
#include "counting.h"
#include "crypto/keccak.h"
#include "crypto/ripemd160.h"
#include "crypto/sha256.h"
#include "json/json.h"
#include "rpc/typed_data.h"

enum { DOCUMENT_MAX = 1 << 20, PACKED_MAX = 1 << 20, TYPE_MAX = 64 };

static struct arena arena;

static const struct json *load(const char *file) {
    char path[VECTORS_PATH_MAX];
    const struct json *root = NULL;
    (void)snprintf(path, sizeof path, "%s/%s", vectors_root(), file);
    FILE *const in = fopen(path, "rb");
    if (in != NULL) {
        uint8_t *const text = arena_alloc(&arena, VECTORS_BYTES_MAX, 1);
        const size_t len = fread(text, 1, VECTORS_BYTES_MAX, in);
        (void)fclose(in);
        (void)!json_parse(&arena, &root, bytes_from(text, len), &json_limits_file);
    }
    if (json_kind(root) != JSON_ARRAY) vectors_count(false, file, "cannot be read");
    return root;
}

/* ethers leaves the domain's type to the reader: the members that are there, in EIP-712's order. */
static void write_domain_type(struct json_writer *writer, const struct json *domain) {
    static const struct {
        const char *name, *type;
    } members[] = {
        {"name", "string"},     {"version", "string"},
        {"chainId", "uint256"}, {"verifyingContract", "address"},
        {"salt", "bytes32"},
    };
    json_name(writer, "EIP712Domain");
    json_begin_array(writer);
    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        if (json_get(domain, members[i].name) == NULL) continue;
        json_begin_object(writer);
        json_name(writer, "name");
        json_write_cstring(writer, members[i].name);
        json_name(writer, "type");
        json_write_cstring(writer, members[i].type);
        json_end_object(writer);
    }
    json_end_array(writer);
}

/* The entry as the document that a wallet gets. */
static struct bytes document_of(const struct json *entry) {
    struct json_writer writer;
    const struct json *const types = json_get(entry, "types");
    const struct json *const domain = json_get(entry, "domain");
    json_writer_init(&writer, DOCUMENT_MAX);
    json_begin_object(&writer);
    json_name(&writer, "types");
    json_begin_object(&writer);
    for (const struct json *type = json_first(types); type != NULL; type = type->next) {
        json_name_bytes(&writer, json_key(type));
        json_write_value(&writer, type);
    }
    if (json_get(types, "EIP712Domain") == NULL) write_domain_type(&writer, domain);
    json_end_object(&writer);
    json_name(&writer, "primaryType");
    json_write_value(&writer, json_get(entry, "primaryType"));
    json_name(&writer, "domain");
    json_write_value(&writer, domain);
    json_name(&writer, "message");
    json_write_value(&writer, json_get(entry, "data"));
    json_end_object(&writer);
    const struct bytes text = arena_copy(&arena, json_writer_text(&writer));
    json_writer_free(&writer);
    return text;
}

static bool document_case(const struct json *entry) {
    const struct json *document;
    const char *problem;
    struct hash expected;
    struct hash hash;
    return json_read_hash(json_get(entry, "digest"), &expected) &&
        json_parse(&arena, &document, document_of(entry), &json_limits_file) == JSON_VALID &&
        typed_data_hash(&arena, &hash, &problem, document) && hash_equal(&hash, &expected);
}

static void name_of(char name[TYPE_MAX], const struct json *entry) {
    const struct bytes text = json_text(json_get(entry, "name"));
    (void)snprintf(name, TYPE_MAX, "%.*s", (int)text.len, (const char *)text.data);
}

/* is_one_case: the file counts as one document. */
static void documents(const char *file, bool is_one_case) {
    size_t good = 0;
    size_t count = 0;
    const struct json *const root = load(file);
    for (const struct json *entry = json_first(root); entry != NULL; entry = entry->next) {
        char name[TYPE_MAX];
        const bool passed = document_case(entry);
        name_of(name, entry);
        if (!is_one_case) vectors_count(passed, file, name);
        if (is_one_case && !passed) printf("%s: %s\n", file, name);
        good += passed;
        count++;
    }
    if (is_one_case) vectors_count(count > 0 && good == count, file, "of its documents");
    arena_reset(&arena);
}

struct packed {
    uint8_t bytes[PACKED_MAX];
    size_t len;
};

static void append(struct packed *packed, struct bytes data) {
    ASSERT(data.len <= sizeof packed->bytes - packed->len);
    if (data.len != 0) memcpy(packed->bytes + packed->len, data.data, data.len);
    packed->len += data.len;
}

/* The digits at the end of a type's name; 0 where it has none. */
static size_t width_of(const char *type) {
    while (*type != '\0' && (*type < '0' || *type > '9')) {
        type++;
    }
    return strtoul(type, NULL, 10);
}

/* Numbers, right-aligned in size bytes; within arrays in a word. */
static bool pack_number(
    struct packed *packed, const struct json *value, size_t size, bool in_array
) {
    uint8_t word[32];
    struct u256 number;
    struct bytes text = json_text(value);
    const bool is_negative = text.len > 0 && text.data[0] == '-'; /* "-0x23" */
    if (is_negative) text = bytes_slice(text, 1, text.len - 1);
    if (hex_decode_u256(&number, text, HEX_LENIENT) != HEX_VALID) return false;
    const struct u256 zero = U256_ZERO;
    if (is_negative) u256_sub_wrapping(&number, &zero, &number);
    u256_to_be(word, &number);
    const size_t used = in_array ? sizeof word : size;
    append(packed, bytes_from(word + sizeof word - used, used));
    return true;
}

static bool pack(struct packed *packed, const char *type, const struct json *value, bool in_array) {
    const char *const bracket = strrchr(type, '[');
    if (bracket != NULL) {
        char inner[TYPE_MAX];
        (void)snprintf(inner, sizeof inner, "%.*s", (int)(bracket - type), type);
        for (const struct json *one = json_first(value); one != NULL; one = one->next) {
            if (!pack(packed, inner, one, true)) return false;
        }
        return true;
    }
    if (strcmp(type, "address") == 0) return pack_number(packed, value, 20, in_array);
    if (strcmp(type, "bool") == 0) {
        uint8_t word[32] = {0};
        word[31] = json_is_true(value);
        append(packed, in_array ? BYTES_OF(word) : bytes_from(word + 31, 1));
        return json_kind(value) == JSON_BOOL;
    }
    if (strcmp(type, "string") == 0) {
        append(packed, json_text(value));
        return json_kind(value) == JSON_STRING;
    }
    const size_t width = width_of(type);
    if (strncmp(type, "bytes", 5) != 0) {
        return pack_number(packed, value, width == 0 ? 32 : width / 8, in_array);
    }
    struct bytes data;
    if (!json_read_bytes(&arena, value, &data, PACKED_MAX)) return false;
    append(packed, data);
    static const uint8_t zeros[32];
    if (in_array && width != 0) append(packed, bytes_from(zeros, 32 - data.len));
    return true;
}

static bool hash_is(const struct json *entry, const char *name, struct bytes hash) {
    struct bytes expected;
    return json_read_bytes(&arena, json_get(entry, name), &expected, 64) &&
        expected.len >= hash.len && bytes_equal(bytes_slice(expected, 0, hash.len), hash);
}

static bool packed_case(const struct json *entry) {
    static struct packed packed;
    const struct json *value = json_first(json_get(entry, "values"));
    const struct json *type = json_first(json_get(entry, "types"));
    packed.len = 0;
    for (; type != NULL; type = type->next) {
        char text[TYPE_MAX];
        const struct bytes name = json_text(type);
        (void)snprintf(text, sizeof text, "%.*s", (int)name.len, (const char *)name.data);
        if (value == NULL || !pack(&packed, text, value, false)) return false;
        value = value->next;
    }
    const struct bytes data = bytes_from(packed.bytes, packed.len);
    struct hash keccak;
    struct hash sha;
    uint8_t ripemd[RIPEMD160_SIZE];
    keccak256(&keccak, data);
    sha256(&sha, data);
    ripemd160(ripemd, data);
    return value == NULL && hash_is(entry, "keccak256", BYTES_OF(keccak.bytes)) &&
        hash_is(entry, "sha256", BYTES_OF(sha.bytes)) &&
        hash_is(entry, "ripemd160", BYTES_OF(ripemd));
}

static void packed_hashes(const char *file) {
    const struct json *const root = load(file);
    for (const struct json *entry = json_first(root); entry != NULL; entry = entry->next) {
        char name[TYPE_MAX];
        name_of(name, entry);
        const struct arena_mark mark = arena_mark(&arena);
        vectors_count(packed_case(entry), file, name);
        arena_rewind(&arena, mark);
    }
    arena_reset(&arena);
}

int main(void) {
    vectors_need("abi");
    arena_init(&arena, &heap_source);
    documents("abi/ethers/typed-data.json", false);
    documents("abi/geth/typed-data.json", true);
    packed_hashes("abi/ethers/solidity-hashes.json");
    return vectors_end();
}
