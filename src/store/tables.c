#include "store/tables.h"

#include "crypto/keccak.h"
#include "trie/trie.h"

/* The hashes of the addresses and slots that were asked for of late: a block asks for each of its own
 * many times. Each has one place; the memory is the thread's. */
enum { RECENT_BITS = 6, RECENT_COUNT = 1 << RECENT_BITS };

static size_t recent_place(uint64_t low) {
    return (size_t)(low * UINT64_C(0x9e3779b97f4a7c15) >> (64 - RECENT_BITS));
}

struct hash state_key_account(const struct address *address) {
    static _Thread_local struct {
        struct address address;
        bool is_set;
        struct hash key;
    } recent[RECENT_COUNT];
    const size_t at = recent_place(load_le64(address->bytes + sizeof address->bytes - 8));
    if (!recent[at].is_set || !address_equal(&recent[at].address, address)) {
        recent[at].address = *address;
        recent[at].is_set = true;
        keccak256(&recent[at].key, BYTES_OF(*address));
    }
    return recent[at].key;
}

struct hash state_key_slot(const struct u256 *slot) {
    static _Thread_local struct {
        struct u256 slot;
        bool is_set;
        struct hash key;
    } recent[RECENT_COUNT];
    const size_t at = recent_place(slot->limb[0] ^ slot->limb[3]);
    if (!recent[at].is_set || !u256_equal(&recent[at].slot, slot)) {
        uint8_t be[32];
        u256_to_be(be, slot);
        recent[at].slot = *slot;
        recent[at].is_set = true;
        keccak256(&recent[at].key, BYTES_OF(be));
    }
    return recent[at].key;
}

struct key state_key_flat(const struct state_key *key) {
    struct key out;
    out.len = 0;
    key_add_hash(&out, &key->account);
    if (key->is_slot) key_add_hash(&out, &key->slot);
    return out;
}

struct key state_key_history(const struct state_key *key, uint64_t number) {
    struct key out;
    out.len = 0;
    key_add_number(&out, number);
    key_add_hash(&out, &key->account);
    if (key->is_slot) key_add_hash(&out, &key->slot);
    return out;
}

bool state_key_from_history(struct state_key *out, uint64_t *number, struct bytes history_key) {
    const size_t account_len = sizeof *number + sizeof out->account;
    *out = (struct state_key){.is_slot = history_key.len == account_len + sizeof out->slot};
    if (!out->is_slot && history_key.len != account_len) return false;
    *number = load_be64(history_key.data);
    memcpy(out->account.bytes, history_key.data + sizeof *number, sizeof out->account);
    if (out->is_slot) memcpy(out->slot.bytes, history_key.data + account_len, sizeof out->slot);
    return true;
}

struct key node_key(const struct hash *owner, struct bytes path) {
    ASSERT(path.len <= 64);
    struct key out;
    out.len = 0;
    if (owner != NULL) key_add_hash(&out, owner);
    for (size_t i = 0; i < path.len; i += 2) {
        const uint8_t low = i + 1 < path.len ? path.data[i + 1] : 0;
        out.bytes[out.len++] = (uint8_t)(path.data[i] << 4 | low);
    }
    out.bytes[out.len++] = (uint8_t)path.len;
    return out;
}

static void add_short(struct key *key, const struct u256 *value) {
    uint8_t be[32];
    u256_to_be(be, value);
    const size_t len = u256_byte_length(value);
    key_add(key, be + sizeof be - len, len);
}

struct key account_value(const struct account *account) {
    const bool has_code = !hash_equal(&account->code_hash, &keccak256_of_empty);
    const bool has_storage = !hash_equal(&account->storage_root, &trie_empty_root);
    const struct u256 nonce = u256_from_u64(account->nonce);

    struct key out;
    out.len = 0;
    const uint8_t head = (uint8_t
    )(u256_byte_length(&nonce) << 2 | (has_code ? ACCOUNT_HAS_CODE : 0) |
      (has_storage ? ACCOUNT_HAS_STORAGE : 0));
    key_add(&out, &head, sizeof head);
    add_short(&out, &nonce);
    if (has_code) key_add_hash(&out, &account->code_hash);
    if (has_storage) key_add_hash(&out, &account->storage_root);
    add_short(&out, &account->balance);
    return out;
}

/* Takes len bytes off the front of value. */
static bool take(struct bytes *out, struct bytes *value, size_t len) {
    if (value->len < len) return false;
    *out = bytes_slice(*value, 0, len);
    *value = bytes_slice(*value, len, value->len - len);
    return true;
}

bool account_from_value(struct account *out, struct bytes value) {
    struct bytes head;
    struct bytes nonce;
    if (!take(&head, &value, 1)) return false;
    const size_t nonce_len = head.data[0] >> 2;
    if (nonce_len > 8 || !take(&nonce, &value, nonce_len)) return false;
    *out = (struct account){
        .nonce = u256_from_be_short(nonce).limb[0],
        .code_hash = keccak256_of_empty,
        .storage_root = trie_empty_root,
    };
    struct bytes hash;
    if (head.data[0] & ACCOUNT_HAS_CODE) {
        if (!take(&hash, &value, sizeof out->code_hash)) return false;
        memcpy(out->code_hash.bytes, hash.data, hash.len);
    }
    if (head.data[0] & ACCOUNT_HAS_STORAGE) {
        if (!take(&hash, &value, sizeof out->storage_root)) return false;
        memcpy(out->storage_root.bytes, hash.data, hash.len);
    }
    return slot_from_value(&out->balance, value);
}

struct key slot_value(const struct u256 *value) {
    struct key out;
    out.len = 0;
    add_short(&out, value);
    return out;
}

bool slot_from_value(struct u256 *out, struct bytes value) {
    if (value.len > 32) return false;
    *out = u256_from_be_short(value);
    return true;
}
