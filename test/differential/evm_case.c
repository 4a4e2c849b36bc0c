#include "evm_case.h"

#include "crypto/keccak.h"
#include "trie/state_trie.h"

enum { OUT_ROOM_FIRST = 4096, CHAIN_ID = 1 };

/* The first fork that brings the EVM of that revision. */
static enum fork fork_of(enum evm_revision revision) {
    enum fork fork = FORK_FRONTIER;
    while (chain_forks[fork].revision != revision) {
        fork = (enum fork)(fork + 1);
        ASSERT(fork < FORK_COUNT);
    }
    return fork;
}

struct chain_rules evm_case_rules(enum evm_revision revision) {
    const struct chain_config config = chain_config_at(CHAIN_ID, fork_of(revision));
    return chain_rules_at(&config, 0, 0);
}

/* Bytes that grow. */
struct out {
    struct arena *arena;
    uint8_t *data;
    size_t len, room;
};

static void put(struct out *out, struct bytes bytes) {
    if (bytes.len > out->room - out->len) {
        const size_t room = 2 * (out->len + bytes.len) + OUT_ROOM_FIRST;
        uint8_t *const data = arena_alloc_raw(out->arena, room, 1);
        if (out->len != 0) memcpy(data, out->data, out->len);
        out->data = data;
        out->room = room;
    }
    if (bytes.len != 0) memcpy(out->data + out->len, bytes.data, bytes.len);
    out->len += bytes.len;
}

static void put_u32(struct out *out, uint64_t value) {
    uint8_t bytes[4];
    store_be32(bytes, (uint32_t)value);
    put(out, BYTES_OF(bytes));
}

static void put_u64(struct out *out, uint64_t value) {
    uint8_t bytes[8];
    store_be64(bytes, value);
    put(out, BYTES_OF(bytes));
}

static void put_word(struct out *out, const struct u256 *word) {
    uint8_t bytes[32];
    u256_to_be(bytes, word);
    put(out, BYTES_OF(bytes));
}

static void put_bytes(struct out *out, struct bytes bytes) {
    put_u32(out, bytes.len);
    put(out, bytes);
}

static void put_account(struct out *out, const struct prestate_account *account, bool with_code) {
    put(out, BYTES_OF(account->address));
    put_u64(out, account->account.nonce);
    put_word(out, &account->account.balance);
    put(out, BYTES_OF(account->account.code_hash));
    if (with_code) put_bytes(out, account->code);
    put_u32(out, account->slot_count);
    for (size_t i = 0; i < account->slot_count; i++) {
        put_word(out, &account->slots[i].key);
        put_word(out, &account->slots[i].value);
    }
}

static void put_lists(struct out *out, const struct tx *tx) {
    put_u32(out, tx->access_list_count);
    for (size_t i = 0; i < tx->access_list_count; i++) {
        put(out, BYTES_OF(tx->access_list[i].address));
        put_u32(out, tx->access_list[i].key_count);
        for (size_t j = 0; j < tx->access_list[i].key_count; j++) {
            put(out, BYTES_OF(tx->access_list[i].keys[j]));
        }
    }
    put_word(out, &tx->max_fee_per_blob_gas);
    put_u32(out, tx->blob_hash_count);
    for (size_t i = 0; i < tx->blob_hash_count; i++) {
        put(out, BYTES_OF(tx->blob_hashes[i]));
    }
    put_u32(out, tx->authorization_count);
    for (size_t i = 0; i < tx->authorization_count; i++) {
        const struct tx_authorization *const one = &tx->authorizations[i];
        put_word(out, &one->chain_id);
        put(out, BYTES_OF(one->address));
        put_u64(out, one->nonce);
        put_u32(out, one->y_parity);
        put_word(out, &one->r);
        put_word(out, &one->s);
    }
}

struct bytes evm_case_encode(struct arena *arena, const struct evm_case *one) {
    struct out out = {.arena = arena};
    const struct header *const header = &one->header;
    put_u32(&out, one->revision);
    put_u64(&out, header->number);
    put_u64(&out, header->timestamp);
    put_u64(&out, header->gas_limit);
    put_u64(&out, header->excess_blob_gas);
    put(&out, BYTES_OF(header->fee_recipient));
    put(&out, BYTES_OF(header->prev_randao));
    put_word(&out, &header->difficulty);
    put_word(&out, &header->base_fee_per_gas);
    put_u32(&out, one->account_count);
    for (size_t i = 0; i < one->account_count; i++) {
        put_account(&out, &one->accounts[i], true);
    }
    put_u32(&out, one->tx_count);
    for (size_t i = 0; i < one->tx_count; i++) {
        const struct tx *const tx = &one->txs[i].tx;
        put_u32(&out, tx->type);
        put(&out, BYTES_OF(one->txs[i].sender));
        put_u32(&out, tx->is_create);
        put(&out, BYTES_OF(tx->to));
        put_u64(&out, tx->nonce);
        put_u64(&out, tx->gas_limit);
        put_word(&out, &tx->max_priority_fee_per_gas);
        put_word(&out, &tx->max_fee_per_gas);
        put_word(&out, &tx->value);
        put_bytes(&out, tx->data);
        put_lists(&out, tx);
    }
    return bytes_from(out.data, out.len);
}

static struct bytes take(struct bytes *in, size_t len) {
    const struct bytes taken = bytes_slice(*in, 0, len);
    *in = bytes_slice(*in, len, in->len - len);
    return taken;
}

static uint32_t take_u32(struct bytes *in) {
    return load_be32(take(in, 4).data);
}

static uint64_t take_u64(struct bytes *in) {
    return load_be64(take(in, 8).data);
}

static struct u256 take_word(struct bytes *in) {
    return u256_from_be(take(in, 32).data);
}

static struct address take_address(struct bytes *in) {
    struct address address;
    memcpy(address.bytes, take(in, sizeof address.bytes).data, sizeof address.bytes);
    return address;
}

static const struct hash *take_hashes(struct arena *arena, struct bytes *in, size_t *count) {
    *count = take_u32(in);
    struct hash *const hashes = ARENA_ARRAY(arena, struct hash, *count);
    const struct bytes data = take(in, *count * sizeof *hashes);
    if (data.len != 0) memcpy(hashes, data.data, data.len);
    return hashes;
}

static void take_account(struct arena *arena, struct prestate_account *out, struct bytes *in) {
    *out = (struct prestate_account){.address = take_address(in)};
    out->account.nonce = take_u64(in);
    out->account.balance = take_word(in);
    (void)take(in, sizeof out->account.code_hash);
    out->code = take(in, take_u32(in));
    out->slot_count = take_u32(in);
    struct prestate_slot *const slots = ARENA_ARRAY(arena, struct prestate_slot, out->slot_count);
    for (size_t i = 0; i < out->slot_count; i++) {
        slots[i].key = take_word(in);
        slots[i].value = take_word(in);
    }
    out->slots = slots;
    keccak256(&out->account.code_hash, out->code);
    /* Only whether it is the empty root matters to a state. */
    out->account.storage_root = out->slot_count == 0 ? trie_empty_root : (struct hash){{0}};
}

static void take_lists(struct arena *arena, struct tx *tx, struct bytes *in) {
    tx->access_list_count = take_u32(in);
    struct tx_access *const list = ARENA_ARRAY(arena, struct tx_access, tx->access_list_count);
    for (size_t i = 0; i < tx->access_list_count; i++) {
        list[i].address = take_address(in);
        list[i].keys = take_hashes(arena, in, &list[i].key_count);
    }
    tx->access_list = list;
    tx->max_fee_per_blob_gas = take_word(in);
    tx->blob_hashes = take_hashes(arena, in, &tx->blob_hash_count);
    tx->authorization_count = take_u32(in);
    struct tx_authorization *const authorizations =
        ARENA_ARRAY(arena, struct tx_authorization, tx->authorization_count);
    for (size_t i = 0; i < tx->authorization_count; i++) {
        authorizations[i].chain_id = take_word(in);
        authorizations[i].address = take_address(in);
        authorizations[i].nonce = take_u64(in);
        authorizations[i].y_parity = (uint8_t)take_u32(in);
        authorizations[i].r = take_word(in);
        authorizations[i].s = take_word(in);
    }
    tx->authorizations = authorizations;
}

static void take_tx(struct arena *arena, struct case_tx *out, struct bytes *in) {
    struct tx *const tx = &out->tx;
    *out = (struct case_tx){.tx = {.is_protected = true, .chain_id = CHAIN_ID}};
    tx->type = (enum tx_type)take_u32(in);
    out->sender = take_address(in);
    tx->is_create = take_u32(in) != 0;
    tx->to = take_address(in);
    tx->nonce = take_u64(in);
    tx->gas_limit = take_u64(in);
    tx->max_priority_fee_per_gas = take_word(in);
    tx->max_fee_per_gas = take_word(in);
    tx->value = take_word(in);
    tx->data = take(in, take_u32(in));
    take_lists(arena, tx, in);
}

void evm_case_decode(struct arena *arena, struct evm_case *out, struct bytes encoded) {
    struct bytes in = encoded;
    *out = (struct evm_case){.revision = (enum evm_revision)take_u32(&in)};
    ASSERT(out->revision < EVM_REVISION_COUNT);
    struct header *const header = &out->header;
    header->number = take_u64(&in);
    header->timestamp = take_u64(&in);
    header->gas_limit = take_u64(&in);
    header->excess_blob_gas = take_u64(&in);
    header->fee_recipient = take_address(&in);
    memcpy(header->prev_randao.bytes, take(&in, 32).data, 32);
    header->difficulty = take_word(&in);
    header->base_fee_per_gas = take_word(&in);
    out->account_count = take_u32(&in);
    ASSERT(out->account_count <= CASE_ACCOUNTS_MAX);
    for (size_t i = 0; i < out->account_count; i++) {
        take_account(arena, &out->accounts[i], &in);
    }
    out->tx_count = take_u32(&in);
    ASSERT(out->tx_count <= CASE_TXS_MAX);
    for (size_t i = 0; i < out->tx_count; i++) {
        take_tx(arena, &out->txs[i], &in);
    }
    ASSERT(in.len == 0);
}

/* As the official generator has it: the hash of the number in decimal digits. */
static void case_block_hash(void *ctx, uint64_t number, struct hash *out) {
    char text[80];
    const struct u256 wide = u256_from_u64(number);
    (void)ctx;
    const size_t len = u256_to_decimal(text, &wide);
    keccak256(out, bytes_from(text, len));
}

static void put_outcome(struct out *out, const struct tx_outcome *outcome) {
    const uint64_t status = outcome->status == EVM_SUCCESS ? 0
        : outcome->status == EVM_REVERT                    ? 1
                                                           : 2;
    put_u32(out, status);
    put_u64(out, outcome->gas_used);
    put_bytes(out, outcome->output);
    put_u32(out, outcome->log_count);
    for (size_t i = 0; i < outcome->log_count; i++) {
        const struct state_log *const log = &outcome->logs[i];
        put(out, BYTES_OF(log->address));
        put_u32(out, log->topic_count);
        for (uint32_t j = 0; j < log->topic_count; j++) {
            put(out, BYTES_OF(log->topics[j]));
        }
        put_bytes(out, log->data);
    }
}

struct bytes evm_case_run(
    struct arena *arena, const struct chain_vm *vm, const struct evm_case *one
) {
    const struct chain_config config = chain_config_at(CHAIN_ID, fork_of(one->revision));
    const struct prestate pre = {one->accounts, one->account_count};
    struct prestate_source source = {&pre, case_block_hash, NULL};
    const struct state_reader reader = prestate_reader(&source);
    struct out out = {.arena = arena};
    struct state state;
    struct block_run run;
    struct prestate post;
    struct hash root;
    state_init(&state, arena, &reader);
    block_run_init(&run, arena, &state, vm, &config, &one->header);
    put_u32(&out, one->tx_count);
    for (size_t i = 0; i < one->tx_count; i++) {
        struct tx_outcome outcome;
        const enum tx_verdict verdict =
            block_run_tx(&run, &outcome, &one->txs[i].tx, &one->txs[i].sender);
        put_u32(&out, verdict == TX_VALID);
        if (verdict == TX_VALID) put_outcome(&out, &outcome);
    }
    const struct state_diff diff = state_diff(arena, &state);
    prestate_apply(arena, &post, &pre, &diff);
    prestate_root(arena, &root, &post);
    put(&out, BYTES_OF(root));
    put_u32(&out, post.count);
    for (size_t i = 0; i < post.count; i++) {
        put_account(&out, &post.accounts[i], false);
    }
    return bytes_from(out.data, out.len);
}
