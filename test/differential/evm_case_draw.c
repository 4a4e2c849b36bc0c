#include "base/checked.h"
#include "crypto/ecdsa.h"
#include "crypto/keccak.h"
#include "evm_case.h"
#include "evm_program.h"
#include "trie/state_trie.h"

#include <stdlib.h>

enum {
    CONTRACTS = 5,
    KEYS = 3,   /* accounts that sign */
    ABSENT = 2, /* addresses without an account */
    BLOCK_GAS = 30000000,
    EXTRA_GAS_BITS = 19, /* what transactions have beside their intrinsic gas: mostly below 2^19 */
    PIECES = 9,          /* of a contract, about */
};

struct maker {
    struct arena *arena;
    struct draw draw;
    struct evm_case *out;
    struct program_world world;
    struct chain_rules rules;
    struct ecdsa_signer signer;
    struct ecdsa_secret_key keys[KEYS];
    struct address signers[KEYS];
};

static struct address numbered(uint64_t prefix, uint8_t number) {
    struct address address = {{0}};
    store_be64(address.bytes + 2, prefix);
    address.bytes[19] = number;
    return address;
}

static void make_keys(struct maker *m) {
    ecdsa_signer_init(&m->signer, NULL);
    for (size_t i = 0; i < KEYS; i++) {
        struct ecdsa_public_key key;
        m->keys[i] = (struct ecdsa_secret_key){{[31] = (uint8_t)(i + 1)}};
        const enum ecdsa_verdict verdict = ecdsa_public_key_of(&m->signer, &key, &m->keys[i]);
        ASSERT(verdict == ECDSA_VALID);
        m->signers[i] = ecdsa_address(&key);
    }
}

static void make_world(struct maker *m) {
    struct program_world *const world = &m->world;
    world->rules = evm_rules_of(m->out->revision);
    world->block_number = m->out->header.number;
    for (uint8_t i = 0; i < CONTRACTS; i++) {
        world->addresses[world->address_count++] = numbered(UINT64_C(0xc0de0000), i);
    }
    for (uint8_t i = 0; i < KEYS; i++) {
        world->addresses[world->address_count++] = m->signers[i];
    }
    for (uint8_t i = 0; i < ABSENT; i++) {
        world->addresses[world->address_count++] = numbered(UINT64_C(0xab5e0000), i);
    }
}

static enum evm_revision draw_revision(struct draw *draw) {
    switch (draw_below(draw, 10)) {
    case 0:
    case 1:
    case 2: return EVM_OSAKA;
    case 3:
    case 4: return EVM_PRAGUE;
    case 5: return EVM_CANCUN;
    default: return (enum evm_revision)draw_below(draw, EVM_REVISION_COUNT);
    }
}

static void make_header(struct maker *m) {
    struct draw *const draw = &m->draw;
    struct header *const header = &m->out->header;
    *header = (struct header){
        .number = draw_one_in(draw, 3) ? draw_below(draw, 300) : 1000 + draw_spread(draw, 40),
        .timestamp = 1 + draw_spread(draw, 40),
        .gas_limit = draw_one_in(draw, 150) ? 21000 + draw_spread(draw, 20) : BLOCK_GAS,
    };
    if (m->out->revision >= EVM_PARIS) {
        draw_bytes(draw, header->prev_randao.bytes, sizeof header->prev_randao.bytes);
    } else {
        header->difficulty = u256_from_u64(draw_spread(draw, 60));
    }
    if (m->out->revision >= EVM_LONDON) {
        header->base_fee_per_gas = u256_from_u64(7 + draw_spread(draw, 34));
    }
    if (m->out->revision >= EVM_CANCUN && draw_one_in(draw, 2)) {
        header->excess_blob_gas = draw_spread(draw, 27);
    }
}

static void make_coinbase(struct maker *m) {
    const struct address usual = numbered(UINT64_C(0xc01bba5e), 0);
    m->out->header.fee_recipient =
        draw_one_in(&m->draw, 4) ? program_draw_address(&m->draw, &m->world) : usual;
}

static bool has_account(const struct evm_case *one, const struct address *address) {
    for (size_t i = 0; i < one->account_count; i++) {
        if (address_equal(&one->accounts[i].address, address)) return true;
    }
    return false;
}

static struct u256 draw_balance(struct draw *draw) {
    if (draw_one_in(draw, 3)) return u256_from_u64(draw_below(draw, 4));
    struct u256 balance = u256_from_u64(draw_spread(draw, 64));
    if (draw_one_in(draw, 20)) balance.limb[2] = draw_spread(draw, 60);
    return balance;
}

static void draw_slots(struct maker *m, struct prestate_account *account) {
    struct prestate_slot *const slots = ARENA_ARRAY(m->arena, struct prestate_slot, PROGRAM_SLOTS);
    for (uint32_t i = 0; i < PROGRAM_SLOTS; i++) {
        if (draw_one_in(&m->draw, 2)) continue;
        struct u256 value = draw_word(&m->draw);
        if (draw_one_in(&m->draw, 2)) value = u256_from_u64(1 + draw_below(&m->draw, 2));
        if (u256_is_zero(&value)) continue;
        slots[account->slot_count++] = (struct prestate_slot){u256_from_u64(i), value};
    }
    account->slots = slots;
}

static void seal_account(struct prestate_account *account) {
    keccak256(&account->account.code_hash, account->code);
    /* Only whether it is the empty root matters to a state. */
    account->account.storage_root = account->slot_count == 0 ? trie_empty_root : (struct hash){{0}};
}

static void add_account(struct maker *m, const struct prestate_account *account) {
    if (has_account(m->out, &account->address)) return;
    ASSERT(m->out->account_count < CASE_ACCOUNTS_MAX);
    struct prestate_account *const added = &m->out->accounts[m->out->account_count++];
    *added = *account;
    seal_account(added);
}

static void make_contract(struct maker *m, const struct address *address) {
    struct prestate_account account = {.address = *address};
    account.account.nonce = draw_one_in(&m->draw, 40)
        ? UINT64_MAX - draw_below(&m->draw, 2)
        : 1 + draw_below(&m->draw, 3) * draw_below(&m->draw, 2);
    account.account.balance = draw_balance(&m->draw);
    const uint32_t pieces = 1 + draw_below(&m->draw, PIECES) + draw_below(&m->draw, PIECES);
    account.code = program_draw(m->arena, &m->draw, &m->world, pieces, false);
    draw_slots(m, &account);
    add_account(m, &account);
}

static struct bytes delegation_to(struct arena *arena, const struct address *target) {
    uint8_t code[EVM_DELEGATION_SIZE] = {0xef, 0x01, 0x00};
    memcpy(code + 3, target->bytes, sizeof target->bytes);
    return arena_copy(arena, BYTES_OF(code));
}

/* Signers are rich, but for a few; from Prague on some are delegated, to whoever it may be. */
static void make_signer(struct maker *m, const struct address *address) {
    struct prestate_account account = {.address = *address};
    if (draw_one_in(&m->draw, 40)) {
        account.account.balance = u256_from_u64(1 + draw_spread(&m->draw, 50));
    } else {
        account.account.balance.limb[1] = 1 + draw_below(&m->draw, 1000);
    }
    if (draw_one_in(&m->draw, 3)) account.account.nonce = draw_spread(&m->draw, 62);
    if (draw_one_in(&m->draw, 100)) account.account.nonce = UINT64_MAX - draw_below(&m->draw, 2);
    if (m->world.rules->delegation && draw_one_in(&m->draw, 3)) {
        const struct address target = program_draw_address(&m->draw, &m->world);
        account.code = delegation_to(m->arena, &target);
        if (account.account.nonce == 0) account.account.nonce = 1;
    }
    if (draw_one_in(&m->draw, 4)) draw_slots(m, &account);
    if (account.account.nonce == 0 && account.slot_count > 0) account.account.nonce = 1;
    add_account(m, &account);
}

static int by_address(const void *a, const void *b) {
    const struct prestate_account *const left = a;
    const struct prestate_account *const right = b;
    return memcmp(&left->address, &right->address, sizeof left->address);
}

static void make_accounts(struct maker *m) {
    for (size_t i = 0; i < CONTRACTS; i++) {
        m->world.first = i + 1;
        make_contract(m, &m->world.addresses[i]);
    }
    m->world.first = 0;
    for (size_t i = 0; i < KEYS; i++) {
        make_signer(m, &m->signers[i]);
    }
    if (draw_one_in(&m->draw, 3)) { /* a precompile that has money, or the fee recipient */
        struct prestate_account account = {.account.balance = U256_ONE};
        account.address = draw_one_in(&m->draw, 2)
            ? numbered(0, (uint8_t)(1 + draw_below(&m->draw, 18)))
            : m->out->header.fee_recipient;
        add_account(m, &account);
    }
    qsort(m->out->accounts, m->out->account_count, sizeof m->out->accounts[0], by_address);
}

static const struct prestate_account *account_of(
    const struct evm_case *one, const struct address *address
) {
    const struct prestate accounts = {one->accounts, one->account_count};
    return prestate_find(&accounts, address);
}

static void draw_access_list(struct maker *m, struct tx *tx) {
    struct draw *const draw = &m->draw;
    tx->access_list_count = draw_below(draw, 4);
    struct tx_access *const list = ARENA_ARRAY(m->arena, struct tx_access, tx->access_list_count);
    for (size_t i = 0; i < tx->access_list_count; i++) {
        list[i].address = program_draw_address(draw, &m->world);
        list[i].key_count = draw_below(draw, 4);
        struct hash *const keys = ARENA_ARRAY(m->arena, struct hash, list[i].key_count);
        for (size_t j = 0; j < list[i].key_count; j++) {
            const struct u256 slot = program_draw_slot(draw);
            u256_to_be(keys[j].bytes, &slot);
        }
        list[i].keys = keys;
    }
    tx->access_list = list;
}

/* One that holds, mostly: signed by one of the signers, whose nonce it names. */
static void draw_authorization(
    struct maker *m, struct tx_authorization *out, const struct address *sender
) {
    struct draw *const draw = &m->draw;
    const uint32_t who = draw_below(draw, KEYS);
    const struct prestate_account *const account = account_of(m->out, &m->signers[who]);
    struct ecdsa_signature signature;
    struct hash hash;
    *out = (struct tx_authorization){
        .chain_id = u256_from_u64(draw_below(draw, 2)),
        .nonce = account->account.nonce + address_equal(sender, &m->signers[who]),
    };
    if (!draw_one_in(draw, 6)) out->address = program_draw_address(draw, &m->world);
    if (draw_one_in(draw, 16)) out->chain_id = draw_word(draw);
    if (draw_one_in(draw, 8)) out->nonce += draw_below(draw, 2);
    if (draw_one_in(draw, 40)) out->nonce = UINT64_MAX;
    tx_authorization_hash(m->arena, &hash, out);
    const enum ecdsa_verdict verdict =
        ecdsa_sign_recoverable(&m->signer, &signature, &hash, &m->keys[who]);
    ASSERT(verdict == ECDSA_VALID);
    out->y_parity = signature.recovery_id;
    out->r = signature.r;
    out->s = signature.s;
    if (draw_one_in(draw, 12)) out->y_parity = (uint8_t)draw_below(draw, 4);
    if (draw_one_in(draw, 20)) u256_sub_wrapping(&out->s, &ecdsa_order, &out->s);
    if (draw_one_in(draw, 30)) out->r = draw_word(draw);
}

static void draw_authorizations(struct maker *m, struct tx *tx, const struct address *sender) {
    tx->authorization_count = draw_one_in(&m->draw, 40) ? 0 : 1;
    if (draw_one_in(&m->draw, 3)) tx->authorization_count = 1 + draw_below(&m->draw, 3);
    struct tx_authorization *const list =
        ARENA_ARRAY(m->arena, struct tx_authorization, tx->authorization_count);
    for (size_t i = 0; i < tx->authorization_count; i++) {
        draw_authorization(m, &list[i], sender);
    }
    tx->authorizations = list;
}

static void draw_blobs(struct maker *m, struct tx *tx) {
    struct draw *const draw = &m->draw;
    tx->blob_hash_count = draw_one_in(draw, 20) ? draw_below(draw, 11) : 1 + draw_below(draw, 3);
    struct hash *const hashes = ARENA_ARRAY(m->arena, struct hash, tx->blob_hash_count);
    for (size_t i = 0; i < tx->blob_hash_count; i++) {
        draw_bytes(draw, hashes[i].bytes, sizeof hashes[i].bytes);
        hashes[i].bytes[0] = draw_one_in(draw, 60) ? 2 : 1;
    }
    tx->blob_hashes = hashes;
    tx->max_fee_per_blob_gas = header_blob_base_fee(m->out->header.excess_blob_gas, &m->rules);
    if (draw_one_in(draw, 16)) {
        u256_sub_wrapping(&tx->max_fee_per_blob_gas, &tx->max_fee_per_blob_gas, &U256_ONE);
        tx->max_fee_per_blob_gas.limb[3] = 0;
    }
}

static enum tx_type draw_type(struct maker *m) {
    const enum evm_revision revision = m->out->revision;
    const uint32_t count = revision >= EVM_PRAGUE ? 5
        : revision >= EVM_CANCUN                  ? 4
        : revision >= EVM_LONDON                  ? 3
        : revision >= EVM_BERLIN                  ? 2
                                                  : 1;
    const enum tx_type type = (enum tx_type)draw_below(&m->draw, count);
    if (type < TX_TYPE_SET_CODE || draw_one_in(&m->draw, 3)) return type;
    return TX_TYPE_DYNAMIC_FEE; /* the other side takes milliseconds to recover an authority */
}

static void draw_fees(struct maker *m, struct tx *tx) {
    struct draw *const draw = &m->draw;
    const struct u256 *const base_fee = &m->out->header.base_fee_per_gas;
    const struct u256 tip = u256_from_u64(draw_one_in(draw, 3) ? 0 : draw_spread(draw, 34));
    const struct u256 more = u256_from_u64(draw_one_in(draw, 2) ? 0 : draw_spread(draw, 34));
    u256_add_wrapping(&tx->max_fee_per_gas, base_fee, &tip);
    tx->max_priority_fee_per_gas = tx->max_fee_per_gas;
    if (tx->type >= TX_TYPE_DYNAMIC_FEE) {
        u256_add_wrapping(&tx->max_fee_per_gas, &tx->max_fee_per_gas, &more);
        tx->max_priority_fee_per_gas = tip;
        if (draw_one_in(draw, 2)) tx->max_priority_fee_per_gas = tx->max_fee_per_gas;
        if (draw_one_in(draw, 40))
            u256_add_wrapping(&tx->max_priority_fee_per_gas, &tx->max_fee_per_gas, &U256_ONE);
    }
    if (draw_one_in(draw, 40) && !u256_is_zero(&tx->max_fee_per_gas)) {
        u256_sub_wrapping(&tx->max_fee_per_gas, &tx->max_fee_per_gas, &U256_ONE);
        if (tx->type < TX_TYPE_DYNAMIC_FEE) tx->max_priority_fee_per_gas = tx->max_fee_per_gas;
    }
    if (draw_one_in(draw, 200)) tx->max_fee_per_gas = draw_word(draw);
    if (tx->type < TX_TYPE_DYNAMIC_FEE) tx->max_priority_fee_per_gas = tx->max_fee_per_gas;
}

static void draw_data(struct maker *m, struct tx *tx) {
    struct draw *const draw = &m->draw;
    if (tx->is_create && !draw_one_in(draw, 12)) {
        tx->data = program_draw(m->arena, draw, &m->world, 1 + draw_below(draw, PIECES), true);
        return;
    }
    const size_t len = draw_one_in(draw, 60) ? draw_spread(draw, 16) : draw_below(draw, 140);
    uint8_t *const data = arena_alloc(m->arena, len, 1);
    for (size_t i = 0; i < len; i += 1 + draw_below(draw, 3)) {
        data[i] = (uint8_t)draw_u64(draw);
    }
    tx->data = bytes_from(data, len);
}

static void draw_gas(struct maker *m, struct tx *tx) {
    struct draw *const draw = &m->draw;
    const uint64_t least = max_u64(tx_intrinsic_gas(tx, &m->rules), tx_floor_gas(tx, &m->rules));
    uint64_t more = draw_spread(draw, EXTRA_GAS_BITS);
    if (!draw_one_in(draw, 4)) more = 40000 + draw_below(draw, 180000);
    if (draw_one_in(draw, 1000)) more = 2000000 + draw_below(draw, 20000000);
    if (!add_u64(&tx->gas_limit, least, more)) tx->gas_limit = least;
    if (draw_one_in(draw, 60)) tx->gas_limit = least - draw_below(draw, 2);
}

static void draw_tx(struct maker *m, struct case_tx *out) {
    struct draw *const draw = &m->draw;
    struct tx *const tx = &out->tx;
    *out = (struct case_tx){.sender = m->signers[draw_below(draw, KEYS)]};
    if (draw_one_in(draw, 60)) out->sender = program_draw_address(draw, &m->world);
    tx->type = draw_type(m);
    tx->is_protected = true;
    tx->chain_id = m->rules.chain_id;
    tx->is_create = draw_one_in(draw, 8) && tx->type < TX_TYPE_BLOB;
    if (!tx->is_create) {
        tx->to = draw_one_in(draw, 8) ? program_draw_address(draw, &m->world)
                                      : m->world.addresses[draw_below(draw, CONTRACTS)];
    }
    const struct prestate_account *const account = account_of(m->out, &out->sender);
    if (account != NULL) tx->nonce = account->account.nonce;
    for (const struct case_tx *one = m->out->txs; one < out; one++) {
        tx->nonce += address_equal(&one->sender, &out->sender) ? 1 : 0;
    }
    if (draw_one_in(draw, 60)) tx->nonce += draw_one_in(draw, 2) ? 1 : UINT64_MAX;
    if (draw_one_in(draw, 3)) tx->value = u256_from_u64(draw_spread(draw, 30));
    if (draw_one_in(draw, 100)) tx->value = draw_word(draw);
    draw_fees(m, tx);
    draw_data(m, tx);
    if (tx->type >= TX_TYPE_ACCESS_LIST) draw_access_list(m, tx);
    if (tx->type == TX_TYPE_BLOB) draw_blobs(m, tx);
    if (tx->type == TX_TYPE_SET_CODE) draw_authorizations(m, tx, &out->sender);
    draw_gas(m, tx);
}

void evm_case_draw(
    struct arena *arena, struct evm_case *out, uint64_t seed, enum evm_revision revision
) {
    struct maker *const m = ARENA_NEW(arena, struct maker);
    *out = (struct evm_case){.revision = revision};
    m->arena = arena;
    m->draw.state = seed;
    m->out = out;
    const enum evm_revision any = draw_revision(&m->draw);
    if (revision == EVM_REVISION_COUNT) out->revision = any;
    m->rules = evm_case_rules(out->revision);
    make_keys(m);
    make_header(m);
    make_world(m);
    make_coinbase(m);
    make_accounts(m);
    const uint32_t count = draw_one_in(&m->draw, 3) ? 1 + draw_below(&m->draw, CASE_TXS_MAX) : 1;
    for (uint32_t i = 0; i < count; i++) {
        draw_tx(m, &out->txs[out->tx_count++]);
    }
}
