#include "rpc/typed_data.h"

#include "codec/hex.h"
#include "crypto/keccak.h"

#include <stdio.h>

enum { PROBLEM_SIZE = 256, BITS_MAX = 256 };

/* What the hashing works on; problem is NULL while all is well. */
struct typed_data {
    struct arena *arena;
    const struct json *types;
    const char *problem;
    size_t value_count;
    struct type_hash {
        const struct json *type;
        struct hash hash;
    } hashes[TYPED_DATA_TYPES_MAX]; /* of types that have come up */
    size_t hash_count;
};

static bool fail(struct typed_data *data, const char *what, struct bytes name) {
    char *text = arena_alloc(data->arena, PROBLEM_SIZE, 1);
    const size_t shown = name.len < 100 ? name.len : 100;
    (void)snprintf(text, PROBLEM_SIZE, "%s '%.*s'", what, (int)shown, (const char *)name.data);
    if (data->problem == NULL) data->problem = text;
    return false;
}

static const struct json *find_struct(const struct typed_data *data, struct bytes name) {
    for (const struct json *type = json_first(data->types); type != NULL; type = type->next) {
        if (bytes_equal(json_key(type), name)) return type;
    }
    return NULL;
}

/* Type names without the array brackets behind them. */
static struct bytes base_type(struct bytes type) {
    size_t len = 0;
    while (len < type.len && type.data[len] != '[') {
        len++;
    }
    return bytes_from(type.data, len);
}

/* ---- encodeType ---- */

struct used_types {
    const struct json *list[TYPED_DATA_TYPES_MAX];
    size_t count;
};

/* The struct and all that it refers to, each once. */
// NOLINTNEXTLINE(misc-no-recursion): TYPED_DATA_DEPTH_MAX levels
static bool collect(
    struct typed_data *data, struct used_types *used, const struct json *type, size_t depth
) {
    for (size_t i = 0; i < used->count; i++) {
        if (used->list[i] == type) return true;
    }
    if (used->count == TYPED_DATA_TYPES_MAX || depth == TYPED_DATA_DEPTH_MAX ||
        json_count(type) > TYPED_DATA_MEMBERS_MAX) {
        return fail(data, "types are too many or nested too deeply at", json_key(type));
    }
    used->list[used->count++] = type;
    for (const struct json *member = json_first(type); member != NULL; member = member->next) {
        const struct bytes name = base_type(json_text(json_get(member, "type")));
        const struct json *inner = find_struct(data, name);
        if (inner != NULL && !collect(data, used, inner, depth + 1)) return false;
    }
    return true;
}

static int compare_names(const void *left, const void *right) {
    const struct json *const *a = left, *const *b = right;
    const struct bytes x = json_key(*a), y = json_key(*b);
    const int order = memcmp(x.data, y.data, x.len < y.len ? x.len : y.len);
    return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

/* Ascending by name from the second on; there are few. */
static void sort_types(struct used_types *used) {
    for (size_t i = 2; i < used->count; i++) {
        for (size_t j = i; j > 1 && compare_names(&used->list[j - 1], &used->list[j]) > 0; j--) {
            const struct json *swap = used->list[j];
            used->list[j] = used->list[j - 1];
            used->list[j - 1] = swap;
        }
    }
}

static void hash_text(struct keccak256 *hasher, struct bytes text) {
    keccak256_update(hasher, text);
}

static bool type_hash(struct typed_data *data, struct hash *out, const struct json *type) {
    for (size_t i = 0; i < data->hash_count; i++) {
        if (data->hashes[i].type != type) continue;
        *out = data->hashes[i].hash;
        return true;
    }
    struct used_types *used = ARENA_NEW(data->arena, struct used_types);
    struct keccak256 hasher;
    if (!collect(data, used, type, 0)) return false;
    sort_types(used);
    keccak256_init(&hasher);
    for (size_t i = 0; i < used->count; i++) {
        hash_text(&hasher, json_key(used->list[i]));
        hash_text(&hasher, BYTES_LITERAL("("));
        const struct json *first = json_first(used->list[i]);
        for (const struct json *member = first; member != NULL; member = member->next) {
            if (member != first) hash_text(&hasher, BYTES_LITERAL(","));
            hash_text(&hasher, json_text(json_get(member, "type")));
            hash_text(&hasher, BYTES_LITERAL(" "));
            hash_text(&hasher, json_text(json_get(member, "name")));
        }
        hash_text(&hasher, BYTES_LITERAL(")"));
    }
    keccak256_final(&hasher, out);
    if (data->hash_count < TYPED_DATA_TYPES_MAX) {
        data->hashes[data->hash_count++] = (struct type_hash){type, *out};
    }
    return true;
}

/* ---- encodeData ---- */

static bool hash_value(
    struct typed_data *data,
    struct hash *out,
    struct bytes type,
    const struct json *value,
    size_t depth
);

// NOLINTNEXTLINE(misc-no-recursion): TYPED_DATA_DEPTH_MAX levels
static bool hash_struct(
    struct typed_data *data,
    struct hash *out,
    const struct json *type,
    const struct json *value,
    size_t depth
) {
    struct hash part;
    struct keccak256 hasher;
    if (json_kind(value) != JSON_OBJECT) return fail(data, "no object for", json_key(type));
    if (!type_hash(data, &part, type)) return false;
    keccak256_init(&hasher);
    keccak256_update(&hasher, BYTES_OF(part));
    for (const struct json *member = json_first(type); member != NULL; member = member->next) {
        const struct bytes name = json_text(json_get(member, "name"));
        const struct json *found = NULL;
        for (const struct json *item = json_first(value); item != NULL; item = item->next) {
            if (bytes_equal(json_key(item), name)) found = item;
        }
        if (!hash_value(data, &part, json_text(json_get(member, "type")), found, depth + 1)) {
            return fail(data, "bad value of", name);
        }
        keccak256_update(&hasher, BYTES_OF(part));
    }
    keccak256_final(&hasher, out);
    return true;
}

/* type ends in [] or [n]. */
// NOLINTNEXTLINE(misc-no-recursion): TYPED_DATA_DEPTH_MAX levels
static bool hash_array(
    struct typed_data *data,
    struct hash *out,
    struct bytes type,
    const struct json *value,
    size_t depth
) {
    size_t open = type.len - 1;
    while (open > 0 && type.data[open] != '[') {
        open--;
    }
    const struct bytes digits = bytes_slice(type, open + 1, type.len - open - 2);
    struct u256 wanted = u256_from_u64(json_count(value));
    const struct u256 count = wanted;
    if (digits.len > 0 && !u256_from_decimal(&wanted, digits)) return fail(data, "bad type", type);
    if (json_kind(value) != JSON_ARRAY || !u256_equal(&wanted, &count)) {
        return fail(data, "no array of the right length for", type);
    }
    struct keccak256 hasher;
    struct hash part;
    keccak256_init(&hasher);
    for (const struct json *item = json_first(value); item != NULL; item = item->next) {
        if (!hash_value(data, &part, bytes_slice(type, 0, open), item, depth + 1)) return false;
        keccak256_update(&hasher, BYTES_OF(part));
    }
    keccak256_final(&hasher, out);
    return true;
}

/* The number behind the letters of bytes32 or uint256; 0 where there is none. */
static bool type_size(struct bytes type, size_t prefix, uint64_t *out) {
    struct u256 size = U256_ZERO;
    *out = 0;
    if (type.len == prefix) return true;
    if (!u256_from_decimal(&size, bytes_slice(type, prefix, type.len - prefix))) return false;
    if (!u256_fits_u64(&size) || size.limb[0] == 0 || size.limb[0] > BITS_MAX) return false;
    *out = size.limb[0];
    return true;
}

static bool starts_with(struct bytes text, const char *prefix) {
    const size_t len = strlen(prefix);
    return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

static bool is_text(struct bytes text, const char *wanted) {
    return text.len == strlen(wanted) && starts_with(text, wanted);
}

/* uintN and intN; numbers stand as JSON numbers, decimal or hex strings, with a sign or without. */
static bool encode_integer(
    struct hash *out, struct bytes type, const struct json *value, bool is_signed
) {
    uint64_t bits;
    struct u256 number, bound = U256_ONE;
    if (!type_size(type, is_signed ? 3 : 4, &bits) || bits % 8 != 0) return false;
    if (bits == 0) bits = BITS_MAX;
    const struct bytes text = json_text(value);
    if (text.len == 0) return false;
    const bool negative = text.data[0] == '-';
    const struct json positive = {
        .at.text = text.data + (negative ? 1 : 0),
        .count = (uint32_t)(text.len - (negative ? 1 : 0)) & (JSON_SIZE_MAX - 1),
        .kind = JSON_STRING,
    };
    if (!json_read_u256(&positive, &number)) return false;
    if (negative && !is_signed) return false;
    const unsigned room = (unsigned)bits - (is_signed ? 1 : 0);
    if (u256_bit_length(&number) > room) {
        u256_shl(&bound, &bound, room);
        if (!negative || !u256_equal(&number, &bound)) return false;
    }
    if (negative) {
        const struct u256 zero = U256_ZERO;
        (void)u256_sub_wrapping(&number, &zero, &number);
    }
    u256_to_be(out->bytes, &number);
    return true;
}

static bool encode_atom(
    struct typed_data *data, struct hash *out, struct bytes type, const struct json *value
) {
    struct bytes bytes;
    uint64_t size;
    bool truth;
    *out = (struct hash){{0}};
    if (is_text(type, "string")) {
        if (json_kind(value) != JSON_STRING) return false;
        keccak256(out, json_text(value));
        return true;
    }
    if (is_text(type, "bool")) {
        if (!json_read_bool(value, &truth)) return false;
        out->bytes[31] = truth;
        return true;
    }
    if (is_text(type, "address")) {
        struct address address;
        if (!json_read_address(value, &address)) return false;
        memcpy(out->bytes + 12, address.bytes, sizeof address.bytes);
        return true;
    }
    if (starts_with(type, "bytes")) {
        if (!type_size(type, 5, &size) || size > 32) return false;
        if (!json_read_bytes(data->arena, value, &bytes, TYPED_DATA_BYTES_MAX)) return false;
        if (size == 0) {
            keccak256(out, bytes);
            return true;
        }
        if (bytes.len != size) return false;
        memcpy(out->bytes, bytes.data, bytes.len);
        return true;
    }
    if (starts_with(type, "uint")) return encode_integer(out, type, value, false);
    if (starts_with(type, "int")) return encode_integer(out, type, value, true);
    return false;
}

// NOLINTNEXTLINE(misc-no-recursion): TYPED_DATA_DEPTH_MAX levels
static bool hash_value(
    struct typed_data *data,
    struct hash *out,
    struct bytes type,
    const struct json *value,
    size_t depth
) {
    if (depth > TYPED_DATA_DEPTH_MAX || ++data->value_count > TYPED_DATA_VALUES_MAX) {
        return fail(data, "data too large or nested too deeply at", type);
    }
    if (type.len > 2 && type.data[type.len - 1] == ']') {
        return hash_array(data, out, type, value, depth);
    }
    const struct json *inner = find_struct(data, type);
    if (inner != NULL) {
        *out = (struct hash){{0}};
        if (json_kind(value) <= JSON_NULL) return true; /* a struct that is not there is zero */
        return hash_struct(data, out, inner, value, depth);
    }
    return encode_atom(data, out, type, value) || fail(data, "no value of type", type);
}

bool typed_data_hash(
    struct arena *arena, struct hash *out, const char **problem, const struct json *json
) {
    static const char domain_name[] = "EIP712Domain";
    struct typed_data data = {.arena = arena, .types = json_get(json, "types")};
    const struct bytes primary = json_text(json_get(json, "primaryType"));
    const struct json *domain_type = find_struct(&data, BYTES_LITERAL(domain_name));
    const struct json *primary_type = find_struct(&data, primary);
    struct hash domain, message;
    bool good = true;
    if (json_count(data.types) > TYPED_DATA_TYPES_MAX) {
        *problem = "too many types";
        return false;
    }
    if (domain_type == NULL) good = fail(&data, "missing type", BYTES_LITERAL(domain_name));
    if (good && primary_type == NULL) good = fail(&data, "missing primary type", primary);
    good = good && hash_struct(&data, &domain, domain_type, json_get(json, "domain"), 0);
    const bool only_domain = primary_type == domain_type;
    if (good && !only_domain) {
        good = hash_struct(&data, &message, primary_type, json_get(json, "message"), 0);
    }
    *problem = data.problem;
    if (!good) return false;
    struct keccak256 hasher;
    keccak256_init(&hasher);
    keccak256_update(&hasher, BYTES_LITERAL("\x19\x01"));
    keccak256_update(&hasher, BYTES_OF(domain));
    if (!only_domain) keccak256_update(&hasher, BYTES_OF(message));
    keccak256_final(&hasher, out);
    return true;
}
