#include "cmd/prestate.h"

#include "codec/hex.h"
#include "crypto/keccak.h"
#include "trie/state_trie.h"
#include "trie/trie.h"

#include <stdio.h>
#include <stdlib.h>

#define PRESTATE_CODE_MAX ((size_t)16 << 20)

/* Addresses of tools' files stand with and without 0x. */
bool prestate_read_address(struct bytes text, struct address *out) {
    char prefixed[HEX_TEXT_SIZE(sizeof out->bytes)] = "0x";
    if (text.len == sizeof prefixed - 2) {
        memcpy(prefixed + 2, text.data, text.len);
        text = bytes_from(prefixed, sizeof prefixed);
    }
    return hex_decode_address(out, text) == HEX_VALID;
}

/* A member's key as if it were a value, to be read like one. */
static struct json key_as_value(const struct json *member) {
    const struct bytes key = json_key(member);
    return (struct json
    ){.at.text = key.data, .count = (uint32_t)key.len & 0x1fffffff, .kind = JSON_STRING};
}

static int compare_u256(const struct u256 *a, const struct u256 *b) {
    if (u256_less(a, b)) return -1;
    return u256_less(b, a) ? 1 : 0;
}

static int by_slot(const void *a, const void *b) {
    const struct prestate_slot *const left = a;
    const struct prestate_slot *const right = b;
    return compare_u256(&left->key, &right->key);
}

static int by_address(const void *a, const void *b) {
    const struct prestate_account *const left = a;
    const struct prestate_account *const right = b;
    return memcmp(&left->address, &right->address, sizeof left->address);
}

static bool read_slots(
    struct arena *arena, struct prestate_account *out, const struct json *storage
) {
    struct prestate_slot *const slots =
        ARENA_ARRAY(arena, struct prestate_slot, json_count(storage));
    size_t count = 0;
    for (const struct json *slot = json_first(storage); slot != NULL; slot = slot->next) {
        const struct json key = key_as_value(slot);
        if (!json_read_u256(&key, &slots[count].key)) return false;
        if (!json_read_u256(slot, &slots[count].value)) return false;
        count += !u256_is_zero(&slots[count].value);
    }
    if (count > 1) qsort(slots, count, sizeof *slots, by_slot);
    out->slots = slots;
    out->slot_count = count;
    return true;
}

static bool read_account(
    struct arena *arena, struct prestate_account *out, const struct json *member
) {
    const struct json *const balance = json_get(member, "balance");
    const struct json *const nonce = json_get(member, "nonce");
    const struct json *const code = json_get(member, "code");
    if (json_kind(member) != JSON_OBJECT) return false;
    if (!prestate_read_address(json_key(member), &out->address)) return false;
    if (balance != NULL && !json_read_u256(balance, &out->account.balance)) return false;
    if (nonce != NULL && !json_read_u64(nonce, &out->account.nonce)) return false;
    if (code != NULL && !json_read_bytes(arena, code, &out->code, PRESTATE_CODE_MAX)) return false;
    if (!read_slots(arena, out, json_get(member, "storage"))) return false;
    keccak256(&out->account.code_hash, out->code);
    /* Only whether it is the empty root matters to a state. */
    out->account.storage_root = out->slot_count == 0 ? trie_empty_root : (struct hash){{0}};
    return true;
}

bool prestate_read(struct arena *arena, struct prestate *out, const struct json *object) {
    if (json_kind(object) != JSON_OBJECT) return false;
    struct prestate_account *const accounts =
        ARENA_ARRAY(arena, struct prestate_account, json_count(object));
    size_t count = 0;
    for (const struct json *member = json_first(object); member != NULL; member = member->next) {
        if (!read_account(arena, &accounts[count++], member)) return false;
    }
    if (count > 1) qsort(accounts, count, sizeof *accounts, by_address);
    *out = (struct prestate){accounts, count};
    return true;
}

const struct prestate_account *prestate_find(
    const struct prestate *accounts, const struct address *address
) {
    if (accounts->count == 0) return NULL;
    const struct prestate_account wanted = {.address = *address};
    return bsearch(&wanted, accounts->accounts, accounts->count, sizeof wanted, by_address);
}

static bool read_one_account(void *ctx, const struct address *address, struct account *out) {
    const struct prestate_source *const source = ctx;
    const struct prestate_account *const account = prestate_find(source->accounts, address);
    if (account != NULL) *out = account->account;
    return account != NULL;
}

static void read_one_slot(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    const struct prestate_source *const source = ctx;
    const struct prestate_account *const account = prestate_find(source->accounts, address);
    *value = U256_ZERO;
    if (account == NULL || account->slot_count == 0) return;
    const struct prestate_slot wanted = {.key = *slot};
    const struct prestate_slot *const found =
        bsearch(&wanted, account->slots, account->slot_count, sizeof wanted, by_slot);
    if (found != NULL) *value = found->value;
}

static struct bytes read_code(void *ctx, const struct hash *code_hash) {
    const struct prestate *const accounts = ((const struct prestate_source *)ctx)->accounts;
    for (size_t i = 0; i < accounts->count; i++) {
        const struct prestate_account *const account = &accounts->accounts[i];
        if (hash_equal(&account->account.code_hash, code_hash)) return account->code;
    }
    return (struct bytes){NULL, 0};
}

static void read_block_hash(void *ctx, uint64_t number, struct hash *out) {
    const struct prestate_source *const source = ctx;
    source->block_hash(source->block_hash_ctx, number, out);
}

struct state_reader prestate_reader(struct prestate_source *source) {
    return (struct state_reader){
        .account = read_one_account,
        .storage = read_one_slot,
        .code = read_code,
        .block_hash = read_block_hash,
        .ctx = source,
    };
}

void prestate_block_hash(void *ctx, uint64_t number, struct hash *out) {
    char text[80];
    const struct u256 wide = u256_from_u64(number);
    (void)ctx;
    const size_t len = u256_to_decimal(text, &wide);
    keccak256(out, bytes_from(text, len));
}

void prestate_fill(struct state *state, const struct prestate *accounts) {
    for (size_t i = 0; i < accounts->count; i++) {
        const struct prestate_account *const account = &accounts->accounts[i];
        state_set_balance(state, &account->address, &account->account.balance);
        state_set_nonce(state, &account->address, account->account.nonce);
        if (account->code.len != 0) state_set_code(state, &account->address, account->code);
        for (size_t j = 0; j < account->slot_count; j++) {
            const struct prestate_slot *const slot = &account->slots[j];
            state_set_storage(state, &account->address, &slot->key, &slot->value);
        }
    }
}

/* Old slots (none where they were wiped) merged with the changed ones; both ascend. */
static void merge_slots(
    struct arena *arena,
    struct prestate_account *out,
    const struct prestate_account *before,
    const struct state_account_diff *diff
) {
    const size_t old_count = before == NULL || diff->storage_wiped ? 0 : before->slot_count;
    struct prestate_slot *const slots =
        ARENA_ARRAY(arena, struct prestate_slot, old_count + diff->slot_count);
    size_t count = 0;
    size_t i = 0;
    size_t j = 0;
    while (i < old_count || j < diff->slot_count) {
        int order = 0;
        if (i == old_count) {
            order = 1;
        } else if (j == diff->slot_count) {
            order = -1;
        } else {
            order = compare_u256(&before->slots[i].key, &diff->slots[j].key);
        }
        if (order < 0) {
            slots[count++] = before->slots[i++];
            continue;
        }
        i += order == 0;
        slots[count] = (struct prestate_slot){diff->slots[j].key, diff->slots[j].after};
        count += !u256_is_zero(&slots[count].value);
        j++;
    }
    out->slots = slots;
    out->slot_count = count;
}

static void apply_account(
    struct arena *arena,
    struct prestate_account *out,
    const struct prestate_account *before,
    const struct state_account_diff *diff
) {
    *out = (struct prestate_account){.address = diff->address, .account = diff->after};
    if (diff->code_changed) {
        out->code = diff->code;
    } else if (before != NULL) {
        out->code = before->code;
    }
    merge_slots(arena, out, before, diff);
    out->account.storage_root = out->slot_count == 0 ? trie_empty_root : (struct hash){{0}};
}

void prestate_apply(
    struct arena *arena,
    struct prestate *out,
    const struct prestate *before,
    const struct state_diff *diff
) {
    struct prestate_account *const accounts =
        ARENA_ARRAY(arena, struct prestate_account, before->count + diff->count);
    size_t count = 0;
    size_t i = 0;
    size_t j = 0;
    while (i < before->count || j < diff->count) {
        int order = 0;
        if (i == before->count) {
            order = 1;
        } else if (j == diff->count) {
            order = -1;
        } else {
            const struct address *const left = &before->accounts[i].address;
            order = memcmp(left, &diff->accounts[j].address, sizeof *left);
        }
        if (order < 0) {
            accounts[count++] = before->accounts[i++];
            continue;
        }
        const struct prestate_account *const old = order == 0 ? &before->accounts[i++] : NULL;
        if (diff->accounts[j].exists_after) {
            apply_account(arena, &accounts[count++], old, &diff->accounts[j]);
        }
        j++;
    }
    *out = (struct prestate){accounts, count};
}

static int by_trie_key(const void *a, const void *b) {
    const struct trie_pair *const left = a;
    const struct trie_pair *const right = b;
    return memcmp(left->key.data, right->key.data, sizeof(struct hash));
}

/* The root of count pairs whose keys are hashes, in any order. */
static void root_of(struct arena *arena, struct hash *root, struct trie_pair *pairs, size_t count) {
    if (count > 1) qsort(pairs, count, sizeof *pairs, by_trie_key);
    trie_root_of(arena, root, pairs, count, NULL);
}

static struct bytes hashed_key(struct arena *arena, struct bytes key) {
    struct hash *const hash = ARENA_NEW(arena, struct hash);
    keccak256(hash, key);
    return BYTES_OF(*hash);
}

static void storage_root(
    struct arena *arena, struct hash *root, const struct prestate_account *account
) {
    struct trie_pair *const pairs = ARENA_ARRAY(arena, struct trie_pair, account->slot_count);
    for (size_t i = 0; i < account->slot_count; i++) {
        uint8_t key[32];
        uint8_t value[RLP_U256_MAX];
        u256_to_be(key, &account->slots[i].key);
        const size_t size = trie_slot_encode(value, &account->slots[i].value);
        pairs[i].key = hashed_key(arena, BYTES_OF(key));
        pairs[i].value = arena_copy(arena, bytes_from(value, size));
    }
    root_of(arena, root, pairs, account->slot_count);
}

void prestate_root(struct arena *arena, struct hash *root, const struct prestate *accounts) {
    const struct arena_mark mark = arena_mark(arena);
    struct trie_pair *const pairs = ARENA_ARRAY(arena, struct trie_pair, accounts->count);
    for (size_t i = 0; i < accounts->count; i++) {
        const struct prestate_account *const account = &accounts->accounts[i];
        uint8_t value[TRIE_ACCOUNT_SIZE_MAX];
        struct trie_account leaf = {
            .nonce = account->account.nonce,
            .balance = account->account.balance,
            .code_hash = account->account.code_hash,
        };
        storage_root(arena, &leaf.storage_root, account);
        const size_t size = trie_account_encode(value, &leaf);
        pairs[i].key = hashed_key(arena, BYTES_OF(account->address));
        pairs[i].value = arena_copy(arena, bytes_from(value, size));
    }
    root_of(arena, root, pairs, accounts->count);
    arena_rewind(arena, mark);
}

static void address_text(char text[43], const struct address *address) {
    static const char digits[] = "0123456789abcdef";
    memcpy(text, "0x", 3);
    for (size_t i = 0; i < sizeof address->bytes; i++) {
        text[2 + 2 * i] = digits[address->bytes[i] >> 4];
        text[3 + 2 * i] = digits[address->bytes[i] & 15];
    }
    text[42] = '\0';
}

static bool slots_differ(
    char *text,
    size_t size,
    const struct prestate_account *expected,
    const struct prestate_account *actual
) {
    char key[80] = "";
    char wanted[80] = "0";
    char got[80] = "0";
    for (size_t i = 0; i < expected->slot_count || i < actual->slot_count; i++) {
        const struct prestate_slot *const e = i < expected->slot_count ? &expected->slots[i] : NULL;
        const struct prestate_slot *const a = i < actual->slot_count ? &actual->slots[i] : NULL;
        const int order = e == NULL ? 1 : a == NULL ? -1 : compare_u256(&e->key, &a->key);
        if (order == 0 && u256_equal(&e->value, &a->value)) continue;
        (void)u256_to_decimal(key, order <= 0 ? &e->key : &a->key);
        if (order <= 0) (void)u256_to_decimal(wanted, &e->value);
        if (order >= 0) (void)u256_to_decimal(got, &a->value);
        (void)snprintf(text, size, "slot %s is %s, not %s", key, got, wanted);
        return true;
    }
    return false;
}

static bool accounts_differ(
    char *text,
    size_t size,
    const struct prestate_account *expected,
    const struct prestate_account *actual
) {
    char wanted[80];
    char got[80];
    if (expected->account.nonce != actual->account.nonce) {
        (void)snprintf(
            text, size, "nonce is %llu, not %llu", (unsigned long long)actual->account.nonce,
            (unsigned long long)expected->account.nonce
        );
        return true;
    }
    if (!u256_equal(&expected->account.balance, &actual->account.balance)) {
        (void)u256_to_decimal(wanted, &expected->account.balance);
        (void)u256_to_decimal(got, &actual->account.balance);
        (void)snprintf(text, size, "balance is %s, not %s", got, wanted);
        return true;
    }
    if (!hash_equal(&expected->account.code_hash, &actual->account.code_hash)) {
        (void)snprintf(
            text, size, "code differs (%zu bytes, not %zu)", actual->code.len, expected->code.len
        );
        return true;
    }
    return slots_differ(text, size, expected, actual);
}

bool prestate_difference(
    char *text, size_t size, const struct prestate *expected, const struct prestate *actual
) {
    for (size_t i = 0; i < expected->count || i < actual->count; i++) {
        const struct prestate_account *const e =
            i < expected->count ? &expected->accounts[i] : NULL;
        const struct prestate_account *const a = i < actual->count ? &actual->accounts[i] : NULL;
        const int order = e == NULL ? 1 : a == NULL ? -1 : by_address(e, a);
        char address[43];
        char what[256];
        address_text(address, order <= 0 ? &e->address : &a->address);
        if (order != 0) {
            (void
            )snprintf(text, size, "%s %s", address, order < 0 ? "is missing" : "should not exist");
            return true;
        }
        if (accounts_differ(what, sizeof what, e, a)) {
            (void)snprintf(text, size, "%s %s", address, what);
            return true;
        }
    }
    return false;
}
