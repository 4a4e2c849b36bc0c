#include "evm/revision.h"

#include "evm/opcodes.h"
#include "evm/precompiles.h"

/* What the revision R of a row has since a fork, and had before. */
#define SINCE(fork, now, before)                          (R >= EVM_##fork ? (now) : (before))

#define DEFINED(R, value, name, pops, pushes, since, gas) [value] = (R) >= EVM_##since,
#define GAS(R, value, name, pops, pushes, since, gas)     [value] = (gas),

/* clang-format off */
#define RULES_OF(text) { \
    .revision = R, \
    .name = (text), \
    .defined = {EVM_OPCODES(DEFINED, R)}, \
    .gas = {EVM_OPCODES(GAS, R)}, \
    \
    .cold_account_extra = SINCE(BERLIN, 2500, 0),   /* EIP-2929: 2600 less 100 */ \
    .cold_slot_extra = SINCE(BERLIN, 2000, 0),      /* 2100 less 100 */ \
    .cold_slot_sstore = SINCE(BERLIN, 2100, 0), \
    .cold_selfdestruct = SINCE(BERLIN, 2600, 0), \
    .warm_access = SINCE(BERLIN, 100, 0), \
    \
    /* EIP-1283 was in Constantinople and out again in Petersburg; EIP-2200 brought it back. */ \
    .sstore_net = R == EVM_CONSTANTINOPLE || SINCE(ISTANBUL, true, false), \
    .sstore_sentry = SINCE(ISTANBUL, 2300, 0), \
    .sstore_noop = SINCE(BERLIN, 100, SINCE(ISTANBUL, 800, 200)), \
    .sstore_set = 20000, \
    .sstore_reset = SINCE(BERLIN, 2900, 5000), \
    .sstore_clear_refund = SINCE(LONDON, 4800, 15000), /* EIP-3529 */ \
    \
    .exp_byte = SINCE(SPURIOUS_DRAGON, 50, 10),                  /* EIP-160 */ \
    .selfdestruct_new = SINCE(TANGERINE_WHISTLE, 25000, 0),      /* EIP-150 */ \
    .selfdestruct_refund = SINCE(LONDON, 0, 24000),              /* EIP-3529 */ \
    .keep_64th = SINCE(TANGERINE_WHISTLE, true, false),          /* EIP-150 */ \
    .new_account_needs_value = SINCE(SPURIOUS_DRAGON, true, false), \
    .clear_empty_accounts = SINCE(SPURIOUS_DRAGON, true, false), /* EIP-161 */ \
    .selfdestruct_same_tx = SINCE(CANCUN, true, false),          /* EIP-6780 */ \
    .delegation = SINCE(PRAGUE, true, false),                    /* EIP-7702 */ \
    .random = SINCE(PARIS, true, false),                         /* EIP-4399 */ \
    \
    .create_fails_without_deposit_gas = SINCE(HOMESTEAD, true, false), /* EIP-2 */ \
    .created_nonce_one = SINCE(SPURIOUS_DRAGON, true, false),          /* EIP-161 */ \
    .refuse_code_ef = SINCE(LONDON, true, false),                      /* EIP-3541 */ \
    .code_size_max = SINCE(SPURIOUS_DRAGON, 24576, UINT32_MAX),        /* EIP-170 */ \
    .initcode_size_max = SINCE(SHANGHAI, 49152, UINT32_MAX),           /* EIP-3860 */ \
    .initcode_word = SINCE(SHANGHAI, 2, 0), \
    \
    .precompiles = SINCE(OSAKA, precompiles_osaka, \
                   SINCE(PRAGUE, precompiles_prague, \
                   SINCE(CANCUN, precompiles_cancun, \
                   SINCE(BERLIN, precompiles_berlin, \
                   SINCE(ISTANBUL, precompiles_istanbul, \
                   SINCE(BYZANTIUM, precompiles_byzantium, precompiles_frontier)))))), \
    .precompile_count = SINCE(OSAKA, PRECOMPILES_OSAKA, \
                        SINCE(PRAGUE, PRECOMPILES_PRAGUE, \
                        SINCE(CANCUN, PRECOMPILES_CANCUN, \
                        SINCE(ISTANBUL, PRECOMPILES_ISTANBUL, \
                        SINCE(BYZANTIUM, PRECOMPILES_BYZANTIUM, PRECOMPILES_FRONTIER))))), \
}
/* clang-format on */

static const struct evm_rules rules[EVM_REVISION_COUNT] = {
#define R EVM_FRONTIER
    [R] = RULES_OF("Frontier"),
#undef R
#define R EVM_HOMESTEAD
    [R] = RULES_OF("Homestead"),
#undef R
#define R EVM_TANGERINE_WHISTLE
    [R] = RULES_OF("TangerineWhistle"),
#undef R
#define R EVM_SPURIOUS_DRAGON
    [R] = RULES_OF("SpuriousDragon"),
#undef R
#define R EVM_BYZANTIUM
    [R] = RULES_OF("Byzantium"),
#undef R
#define R EVM_CONSTANTINOPLE
    [R] = RULES_OF("Constantinople"),
#undef R
#define R EVM_PETERSBURG
    [R] = RULES_OF("Petersburg"),
#undef R
#define R EVM_ISTANBUL
    [R] = RULES_OF("Istanbul"),
#undef R
#define R EVM_BERLIN
    [R] = RULES_OF("Berlin"),
#undef R
#define R EVM_LONDON
    [R] = RULES_OF("London"),
#undef R
#define R EVM_PARIS
    [R] = RULES_OF("Paris"),
#undef R
#define R EVM_SHANGHAI
    [R] = RULES_OF("Shanghai"),
#undef R
#define R EVM_CANCUN
    [R] = RULES_OF("Cancun"),
#undef R
#define R EVM_PRAGUE
    [R] = RULES_OF("Prague"),
#undef R
#define R EVM_OSAKA
    [R] = RULES_OF("Osaka"),
#undef R
};

const struct evm_rules *evm_rules_of(enum evm_revision revision) {
    ASSERT(revision < EVM_REVISION_COUNT);
    return &rules[revision];
}

/* The number that an address is, where it is below 2^16. */
static bool small_number(uint32_t *number, const struct address *address) {
    if ((load_le64(address->bytes) | load_le64(address->bytes + 8)) != 0) return false;
    *number = load_be32(address->bytes + 16);
    return *number <= UINT16_MAX;
}

const struct evm_precompile *precompile_at(
    const struct evm_rules *at, const struct address *address
) {
    uint32_t number;
    if (!small_number(&number, address)) return NULL;
    for (size_t i = 0; i < at->precompile_count; i++) {
        if (at->precompiles[i].number == number) return &at->precompiles[i];
    }
    return NULL;
}

bool evm_is_precompile(const struct evm_rules *at, const struct address *address) {
    return precompile_at(at, address) != NULL;
}

struct address evm_precompile_address(const struct evm_rules *at, size_t index) {
    ASSERT(index < at->precompile_count);
    struct address address = {{0}};
    store_be32(address.bytes + 16, at->precompiles[index].number);
    return address;
}

static uint8_t lower(uint8_t c) {
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

static bool same_text(const char *text, struct bytes name) {
    for (size_t i = 0; i < name.len; i++) {
        if (lower((uint8_t)text[i]) != lower(name.data[i])) return false;
    }
    return text[name.len] == '\0';
}

bool evm_revision_from_name(enum evm_revision *revision, struct bytes name) {
    static const struct {
        const char *name;
        enum evm_revision revision;
    } others[] = {
        {"EIP150", EVM_TANGERINE_WHISTLE},     {"EIP158", EVM_SPURIOUS_DRAGON},
        {"ConstantinopleFix", EVM_PETERSBURG}, {"Merge", EVM_PARIS},
        {"ArrowGlacier", EVM_LONDON},          {"GrayGlacier", EVM_LONDON},
        {"MuirGlacier", EVM_ISTANBUL},         {"Dao", EVM_HOMESTEAD},
    };
    for (int i = 0; i < EVM_REVISION_COUNT; i++) {
        if (!same_text(rules[i].name, name)) continue;
        *revision = (enum evm_revision)i;
        return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        if (!same_text(others[i].name, name)) continue;
        *revision = others[i].revision;
        return true;
    }
    return false;
}

const char *evm_opcode_name(const struct evm_rules *at, uint8_t opcode) {
    static const char *const names[256] = {
#define NAME(R, value, name, pops, pushes, since, gas) [value] = #name,
        EVM_OPCODES(NAME, 0)};
    if (opcode == OP_PREVRANDAO && !at->random) return "DIFFICULTY";
    return at->defined[opcode] ? names[opcode] : NULL;
}

struct evm_opcode_shape evm_opcode_shape(const struct evm_rules *at, uint8_t opcode) {
    static const struct evm_opcode_shape shapes[256] = {
#define SHAPE(R, value, name, pops, pushes, since, gas) [value] = {pops, pushes},
        EVM_OPCODES(SHAPE, 0)};
    return at->defined[opcode] ? shapes[opcode] : (struct evm_opcode_shape){0, 0};
}
