#include "chain/header.h"

#include "base/checked.h"
#include "chain/tx.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"

enum {
    BASE_FEE_CHANGE_DENOMINATOR = 8, /* EIP-1559 */
    ELASTICITY_MULTIPLIER = 2,       /* EIP-1559 */
    BLOB_BASE_COST = 1 << 13,        /* EIP-7918 */
    BLOOM_BITS_PER_ENTRY = 3,
};

const struct hash header_empty_ommers_hash = {{0x1d, 0xcc, 0x4d, 0xe8, 0xde, 0xc7, 0x5d, 0x7a,
                                               0xab, 0x85, 0xb5, 0x67, 0xb6, 0xcc, 0xd4, 0x1a,
                                               0xd3, 0x12, 0x45, 0x1b, 0x94, 0x8a, 0x74, 0x13,
                                               0xf0, 0xa1, 0x42, 0xfd, 0x40, 0xd4, 0x93, 0x47}};
const struct hash header_empty_root = {{0x56, 0xe8, 0x1f, 0x17, 0x1b, 0xcc, 0x55, 0xa6,
                                        0xff, 0x83, 0x45, 0xe6, 0x92, 0xc0, 0xf8, 0x6e,
                                        0x5b, 0x48, 0xe0, 0x1b, 0x99, 0x6c, 0xad, 0xc0,
                                        0x01, 0x62, 0x2f, 0xb5, 0xe3, 0x63, 0xb4, 0x21}};
const struct hash header_empty_requests_hash = {{0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
                                                 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
                                                 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
                                                 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55}};

static bool is_form(size_t field_count) {
    return field_count == HEADER_FORM_FRONTIER || field_count == HEADER_FORM_LONDON ||
        field_count == HEADER_FORM_SHANGHAI || field_count == HEADER_FORM_CANCUN ||
        field_count == HEADER_FORM_PRAGUE;
}

/* What a reader's verdict after an integer means: too large is told apart. */
static void read_u64(struct rlp_reader *reader, enum block_verdict *verdict, uint64_t *out) {
    rlp_read_u64(reader, out);
    if (*verdict == BLOCK_VALID && reader->verdict == RLP_TOO_LONG) {
        *verdict = BLOCK_RLP_INVALID_FIELD_OVERFLOW_64;
    }
}

static void read_extra_data(
    struct rlp_reader *reader, enum block_verdict *verdict, struct header *header
) {
    struct bytes extra_data;
    rlp_read_bytes(reader, &extra_data);
    if (extra_data.len > HEADER_EXTRA_DATA_MAX) {
        *verdict = BLOCK_EXTRA_DATA_TOO_BIG;
        rlp_fail(reader, RLP_TOO_LONG);
        return;
    }
    if (extra_data.len != 0) memcpy(header->extra_data, extra_data.data, extra_data.len);
    header->extra_data_size = (uint8_t)extra_data.len;
}

static void read_fields(
    struct rlp_reader *reader, enum block_verdict *verdict, struct header *header
) {
    rlp_read_hash(reader, &header->parent_hash);
    rlp_read_hash(reader, &header->ommers_hash);
    rlp_read_address(reader, &header->fee_recipient);
    rlp_read_hash(reader, &header->state_root);
    rlp_read_hash(reader, &header->transactions_root);
    rlp_read_hash(reader, &header->receipts_root);
    rlp_read_exact(reader, header->logs_bloom.bytes, sizeof header->logs_bloom.bytes);
    rlp_read_u256(reader, &header->difficulty);
    if (reader->verdict != RLP_VALID) return;
    read_u64(reader, verdict, &header->number);
    read_u64(reader, verdict, &header->gas_limit);
    read_u64(reader, verdict, &header->gas_used);
    read_u64(reader, verdict, &header->timestamp);
    if (reader->verdict != RLP_VALID) return;
    read_extra_data(reader, verdict, header);
    rlp_read_hash(reader, &header->prev_randao);
    rlp_read_exact(reader, header->nonce, sizeof header->nonce);
    if (header->form >= HEADER_FORM_LONDON) rlp_read_u256(reader, &header->base_fee_per_gas);
    if (header->form >= HEADER_FORM_SHANGHAI) rlp_read_hash(reader, &header->withdrawals_root);
    if (reader->verdict != RLP_VALID) return;
    if (header->form >= HEADER_FORM_CANCUN) {
        read_u64(reader, verdict, &header->blob_gas_used);
        read_u64(reader, verdict, &header->excess_blob_gas);
        rlp_read_hash(reader, &header->parent_beacon_root);
    }
    if (header->form >= HEADER_FORM_PRAGUE) rlp_read_hash(reader, &header->requests_hash);
}

enum block_verdict header_decode(struct header *header, struct bytes encoded) {
    *header = (struct header){.form = HEADER_FORM_FRONTIER};
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list list = rlp_enter(&reader);
    const size_t field_count = rlp_count(&reader);
    if (reader.verdict != RLP_VALID) return BLOCK_RLP_STRUCTURES_ENCODING;
    if (!is_form(field_count)) return BLOCK_INCORRECT_BLOCK_FORMAT;

    enum block_verdict verdict = BLOCK_VALID;
    header->form = (enum header_form)field_count;
    read_fields(&reader, &verdict, header);
    rlp_leave(&reader, list);
    if (verdict != BLOCK_VALID) return verdict;
    return rlp_finish(&reader) == RLP_VALID ? BLOCK_VALID : BLOCK_RLP_STRUCTURES_ENCODING;
}

static void write_fields(struct rlp_writer *writer, const struct header *header, bool sealed) {
    const size_t list = rlp_list_begin(writer);
    rlp_write_hash(writer, &header->parent_hash);
    rlp_write_hash(writer, &header->ommers_hash);
    rlp_write_address(writer, &header->fee_recipient);
    rlp_write_hash(writer, &header->state_root);
    rlp_write_hash(writer, &header->transactions_root);
    rlp_write_hash(writer, &header->receipts_root);
    rlp_write_bytes(writer, BYTES_OF(header->logs_bloom));
    rlp_write_u256(writer, &header->difficulty);
    rlp_write_u64(writer, header->number);
    rlp_write_u64(writer, header->gas_limit);
    rlp_write_u64(writer, header->gas_used);
    rlp_write_u64(writer, header->timestamp);
    rlp_write_bytes(writer, bytes_from(header->extra_data, header->extra_data_size));
    if (sealed) rlp_write_hash(writer, &header->prev_randao);
    if (sealed) rlp_write_bytes(writer, BYTES_OF(header->nonce));
    if (header->form >= HEADER_FORM_LONDON) rlp_write_u256(writer, &header->base_fee_per_gas);
    if (header->form >= HEADER_FORM_SHANGHAI) rlp_write_hash(writer, &header->withdrawals_root);
    if (header->form >= HEADER_FORM_CANCUN) {
        rlp_write_u64(writer, header->blob_gas_used);
        rlp_write_u64(writer, header->excess_blob_gas);
        rlp_write_hash(writer, &header->parent_beacon_root);
    }
    if (header->form >= HEADER_FORM_PRAGUE) rlp_write_hash(writer, &header->requests_hash);
    rlp_list_end(writer, list);
}

void header_write(struct rlp_writer *writer, const struct header *header) {
    write_fields(writer, header, true);
}

struct bytes header_encode(struct arena *arena, const struct header *header) {
    struct rlp_writer writer = rlp_writer_in(arena, HEADER_SIZE_MAX);
    header_write(&writer, header);
    return rlp_written(&writer);
}

size_t header_encoded_size(const struct header *header) {
    uint8_t buffer[HEADER_SIZE_MAX];
    struct rlp_writer writer = rlp_writer_fixed(buffer, sizeof buffer);
    header_write(&writer, header);
    return rlp_written(&writer).len;
}

void header_hash(struct hash *out, const struct header *header) {
    uint8_t buffer[HEADER_SIZE_MAX];
    struct rlp_writer writer = rlp_writer_fixed(buffer, sizeof buffer);
    header_write(&writer, header);
    keccak256(out, rlp_written(&writer));
}

void header_seal_hash(struct hash *out, const struct header *header) {
    uint8_t buffer[HEADER_SIZE_MAX];
    struct rlp_writer writer = rlp_writer_fixed(buffer, sizeof buffer);
    write_fields(&writer, header, false);
    keccak256(out, rlp_written(&writer));
}

struct u256 header_next_difficulty(
    const struct header *parent, uint64_t timestamp, const struct chain_rules *rules
) {
    if (!chain_is_proof_of_work(rules)) return U256_ZERO;
    const struct difficulty_input input = {
        .number = parent->number + 1,
        .timestamp = timestamp,
        .parent_timestamp = parent->timestamp,
        .parent_difficulty = parent->difficulty,
        .parent_has_ommers = !hash_equal(&parent->ommers_hash, &header_empty_ommers_hash),
        .bomb_delay = rules->row->bomb_delay,
    };
    return rules->row->difficulty(&input);
}

/* base_fee * gas_delta / gas_target / 8; the product of a u256 and a u64 saturates. */
static struct u256 base_fee_delta(
    const struct u256 *base_fee, uint64_t gas_delta, uint64_t target
) {
    struct u256 delta = u256_from_u64(gas_delta);
    if (!u256_mul(&delta, base_fee, &delta)) delta = U256_MAX;
    const struct u256 divisor = u256_from_u64(target);
    const struct u256 denominator = u256_from_u64(BASE_FEE_CHANGE_DENOMINATOR);
    u256_divmod(&delta, NULL, &delta, &divisor);
    u256_divmod(&delta, NULL, &delta, &denominator);
    return delta;
}

struct u256 header_next_base_fee(const struct header *parent) {
    if (parent->form < HEADER_FORM_LONDON) return u256_from_u64(HEADER_INITIAL_BASE_FEE);
    struct u256 base_fee = parent->base_fee_per_gas;
    const uint64_t target = parent->gas_limit / ELASTICITY_MULTIPLIER;
    if (parent->gas_used == target || target == 0) return base_fee;

    if (parent->gas_used < target) {
        const struct u256 delta = base_fee_delta(&base_fee, target - parent->gas_used, target);
        u256_sub_wrapping(&base_fee, &base_fee, &delta); /* at most an eighth of it */
        return base_fee;
    }
    struct u256 delta = base_fee_delta(&base_fee, parent->gas_used - target, target);
    if (u256_is_zero(&delta)) delta = U256_ONE;
    if (!u256_add(&base_fee, &base_fee, &delta)) base_fee = U256_MAX;
    return base_fee;
}

/* EIP-4844's fake_exponential with factor 1. */
static struct u256 fake_exponential(uint64_t numerator, uint64_t denominator) {
    const struct u256 wide_numerator = u256_from_u64(numerator);
    const struct u256 wide_denominator = u256_from_u64(denominator);
    struct u256 sum = U256_ZERO;
    struct u256 term = wide_denominator;
    for (uint64_t i = 1; !u256_is_zero(&term); i++) {
        struct u256 divisor = u256_from_u64(i);
        if (!u256_add(&sum, &sum, &term)) return U256_MAX;
        if (!u256_mul(&term, &term, &wide_numerator)) return U256_MAX;
        u256_mul_wrapping(&divisor, &divisor, &wide_denominator); /* both are 64-bit */
        u256_divmod(&term, NULL, &term, &divisor);
    }
    u256_divmod(&sum, NULL, &sum, &wide_denominator);
    return sum;
}

struct u256 header_blob_base_fee(uint64_t excess_blob_gas, const struct chain_rules *rules) {
    if (rules->blobs.update_fraction == 0) return U256_ZERO;
    return fake_exponential(excess_blob_gas, rules->blobs.update_fraction);
}

/* EIP-7918: whether executing a blob transaction costs more than its blobs do. */
static bool reserve_price_rules(const struct header *parent, const struct chain_rules *rules) {
    struct u256 reserve = u256_from_u64(BLOB_BASE_COST);
    struct u256 price = u256_from_u64(TX_BLOB_GAS);
    const struct u256 blob_base_fee = header_blob_base_fee(parent->excess_blob_gas, rules);
    if (!u256_mul(&price, &price, &blob_base_fee)) return false;
    if (!u256_mul(&reserve, &reserve, &parent->base_fee_per_gas)) return true;
    return u256_less(&price, &reserve);
}

uint64_t header_next_excess_blob_gas(const struct header *parent, const struct chain_rules *rules) {
    const struct blob_params *const blobs = &rules->blobs;
    const uint64_t target = blobs->target * TX_BLOB_GAS;
    uint64_t excess;
    if (!add_u64(&excess, parent->excess_blob_gas, parent->blob_gas_used)) return UINT64_MAX;
    if (excess < target) return 0;
    if (rules->row->blob_reserve_price && blobs->max != 0 && reserve_price_rules(parent, rules)) {
        const uint128 scaled = (uint128)parent->blob_gas_used * (blobs->max - blobs->target);
        return parent->excess_blob_gas + (uint64_t)(scaled / blobs->max); /* at most excess */
    }
    return excess - target;
}

uint64_t header_next_gas_limit(uint64_t parent_gas_limit, uint64_t target) {
    const uint64_t bound = parent_gas_limit / HEADER_GAS_LIMIT_DIVISOR;
    const uint64_t step = bound == 0 ? 0 : bound - 1;
    const uint64_t aim = min_u64(max_u64(target, HEADER_GAS_LIMIT_MIN), HEADER_GAS_LIMIT_MAX);
    if (aim > parent_gas_limit) return parent_gas_limit + min_u64(step, aim - parent_gas_limit);
    return parent_gas_limit - min_u64(step, parent_gas_limit - aim);
}

static enum block_verdict check_gas(
    const struct header *header, const struct header *parent, const struct chain_rules *rules
) {
    if (header->gas_limit > HEADER_GAS_LIMIT_MAX) return BLOCK_GASLIMIT_TOO_BIG;

    /* London's first block doubles the limit, so that its target is what the limit was. */
    const bool has_base_fee = rules->row->header_form >= HEADER_FORM_LONDON;
    uint64_t parent_limit = parent->gas_limit;
    if (has_base_fee && parent->form < HEADER_FORM_LONDON) parent_limit *= ELASTICITY_MULTIPLIER;
    const uint64_t difference = header->gas_limit > parent_limit ? header->gas_limit - parent_limit
                                                                 : parent_limit - header->gas_limit;
    if (difference >= parent_limit / HEADER_GAS_LIMIT_DIVISOR) return BLOCK_INVALID_GASLIMIT;
    if (header->gas_limit < HEADER_GAS_LIMIT_MIN) return BLOCK_INVALID_GASLIMIT;
    return header->gas_used > header->gas_limit ? BLOCK_GAS_USED_OVERFLOW : BLOCK_VALID;
}

static enum block_verdict check_base_fee(const struct header *header, const struct header *parent) {
    if (header->form < HEADER_FORM_LONDON) return BLOCK_VALID;
    const struct u256 base_fee = header_next_base_fee(parent);
    const bool right = u256_equal(&header->base_fee_per_gas, &base_fee);
    return right ? BLOCK_VALID : BLOCK_INVALID_BASEFEE_PER_GAS;
}

/* EIP-3675: what proof of work left behind is constant. */
static enum block_verdict check_merged(const struct header *header) {
    static const uint8_t no_nonce[8];
    if (!u256_is_zero(&header->difficulty)) return BLOCK_IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS;
    if (memcmp(header->nonce, no_nonce, sizeof no_nonce) != 0) return BLOCK_INVALID_NONCE;
    if (!hash_equal(&header->ommers_hash, &header_empty_ommers_hash)) {
        return BLOCK_IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS;
    }
    return BLOCK_VALID;
}

static enum block_verdict check_work(
    const struct header *header, const struct header *parent, const struct chain_rules *rules
) {
    const struct u256 difficulty = header_next_difficulty(parent, header->timestamp, rules);
    if (!u256_equal(&header->difficulty, &difficulty)) return BLOCK_INVALID_DIFFICULTY;
    const struct bytes extra_data = bytes_from(header->extra_data, header->extra_data_size);
    if (rules->extra_data.len != 0 && !bytes_equal(extra_data, rules->extra_data)) {
        return BLOCK_EXTRA_DATA_INVALID_DAO;
    }
    return BLOCK_VALID;
}

/* blob_gas_used is what the transactions make it: see chain_execute_block. */
static enum block_verdict check_blob_gas(
    const struct header *header, const struct header *parent, const struct chain_rules *rules
) {
    if (header->form < HEADER_FORM_CANCUN) return BLOCK_VALID;
    if (header->excess_blob_gas != header_next_excess_blob_gas(parent, rules)) {
        return BLOCK_INCORRECT_EXCESS_BLOB_GAS;
    }
    return BLOCK_VALID;
}

enum block_verdict header_check(
    const struct header *header, const struct header *parent, const struct chain_rules *rules
) {
    struct hash parent_hash;
    header_hash(&parent_hash, parent);
    return header_check_on(header, parent, &parent_hash, rules);
}

enum block_verdict header_check_on(
    const struct header *header,
    const struct header *parent,
    const struct hash *parent_hash,
    const struct chain_rules *rules
) {
    if (!hash_equal(&header->parent_hash, parent_hash)) return BLOCK_UNKNOWN_PARENT;
    if (parent->number == UINT64_MAX || header->number != parent->number + 1) {
        return BLOCK_INVALID_BLOCK_NUMBER;
    }
    if (header->timestamp <= parent->timestamp) {
        return BLOCK_INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT;
    }
    const enum block_verdict consensus =
        chain_is_proof_of_work(rules) ? check_work(header, parent, rules) : check_merged(header);
    if (consensus != BLOCK_VALID) return consensus;
    const enum block_verdict gas = check_gas(header, parent, rules);
    if (gas != BLOCK_VALID) return gas;
    if (header->form != rules->row->header_form) return BLOCK_INCORRECT_BLOCK_FORMAT;
    const enum block_verdict base_fee = check_base_fee(header, parent);
    if (base_fee != BLOCK_VALID) return base_fee;
    return check_blob_gas(header, parent, rules);
}

/* Yellow Paper 4.4.1: three bits of 11 bits each, from the hash's first three 16-bit words. */
static void bloom_bits(uint16_t bits[BLOOM_BITS_PER_ENTRY], const struct hash *entry_hash) {
    for (size_t i = 0; i < BLOOM_BITS_PER_ENTRY; i++) {
        const uint8_t *const word = entry_hash->bytes + 2 * i;
        bits[i] = (uint16_t)((word[0] << 8 | word[1]) & 0x7ff);
    }
}

void bloom_add_hashed(struct bloom *bloom, const struct hash *entry_hash) {
    uint16_t bits[BLOOM_BITS_PER_ENTRY];
    bloom_bits(bits, entry_hash);
    for (size_t i = 0; i < BLOOM_BITS_PER_ENTRY; i++) {
        bloom->bytes[sizeof bloom->bytes - 1 - bits[i] / 8] |= (uint8_t)(1 << bits[i] % 8);
    }
}

void bloom_add(struct bloom *bloom, struct bytes entry) {
    struct hash hash;
    keccak256(&hash, entry);
    bloom_add_hashed(bloom, &hash);
}

void bloom_merge(struct bloom *into, const struct bloom *from) {
    for (size_t i = 0; i < sizeof into->bytes; i++) {
        into->bytes[i] |= from->bytes[i];
    }
}

bool bloom_may_contain(const struct bloom *bloom, struct bytes entry) {
    uint16_t bits[BLOOM_BITS_PER_ENTRY];
    struct hash hash;
    keccak256(&hash, entry);
    bloom_bits(bits, &hash);
    for (size_t i = 0; i < BLOOM_BITS_PER_ENTRY; i++) {
        const uint8_t byte = bloom->bytes[sizeof bloom->bytes - 1 - bits[i] / 8];
        if ((byte & 1 << bits[i] % 8) == 0) return false;
    }
    return true;
}
