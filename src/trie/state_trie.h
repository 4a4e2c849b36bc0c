/* state_trie: the two-level trie of Ethereum's state, accounts above their storage.
 *
 * Spec: Yellow Paper, 4.1. An account's leaf is rlp([nonce, balance, storage_root, code_hash])
 * under keccak256(address); a slot's leaf is rlp(value) under keccak256(slot), and a slot that is
 * zero has none.
 *
 * Pure; memory comes from the arena.
 */
#ifndef TRIE_STATE_TRIE_H
#define TRIE_STATE_TRIE_H

#include "base/u256.h"
#include "codec/rlp.h"
#include "trie/trie_update.h"

enum { TRIE_ACCOUNT_SIZE_MAX = 2 + RLP_U64_MAX + RLP_U256_MAX + 2 * RLP_HASH_SIZE };

struct trie_account {
    uint64_t nonce;
    struct u256 balance;
    struct hash storage_root;
    struct hash code_hash;
};

/* An account that has nothing: storage_root of the empty trie, code_hash of no code. */
struct trie_account trie_account_empty(void);

/* Writes the account's leaf value and answers its size. */
size_t trie_account_encode(uint8_t out[TRIE_ACCOUNT_SIZE_MAX], const struct trie_account *account);
MUST_USE enum rlp_verdict trie_account_decode(struct trie_account *out, struct bytes encoded);

/* A slot's leaf value: RLP of the value without leading zeros. value is not zero. */
size_t trie_slot_encode(uint8_t out[RLP_U256_MAX], const struct u256 *value);

struct trie_slot_change {
    struct hash key;   /* keccak256 of the slot */
    struct u256 value; /* zero: the slot goes */
};

struct trie_account_change {
    struct hash key;       /* keccak256 of the address */
    bool is_deleted;       /* the account and its storage go; the fields below are not read */
    bool storage_is_wiped; /* all old slots go before the changes in slots */

    /* The account as it is now, but for storage_root: that is computed, and left here. */
    struct trie_account account;

    const struct trie_slot_change *slots; /* each key at most once; fastest in ascending order */
    size_t slot_count;
};

/* Applies changes (each key at most once; fastest in ascending order) to the state of old_root: all
 * storage tries first, then the accounts.
 *
 * Outcomes as trie_update's. changes[i].account.storage_root is set on TRIE_VALID, and of no use
 * otherwise. writes' owners point at the keys in changes, which therefore live as long as writes do.
 * A leaf of an account that does not decode is TRIE_MALFORMED_NODE.
 */
MUST_USE enum trie_verdict state_trie_update(
    struct arena *arena,
    struct trie_writes *writes,
    struct hash *root,
    const struct trie_reader *reader,
    const struct hash *old_root,
    struct trie_account_change *changes,
    size_t count
);

/* The account under key in the state of root; *exists is false where there is none. */
MUST_USE enum trie_verdict state_trie_account(
    struct trie_account *out,
    bool *exists,
    const struct trie_reader *reader,
    const struct hash *root,
    const struct hash *key
);

/* The slot under key of the account under owner, whose storage_root is given; 0 where absent. */
MUST_USE enum trie_verdict state_trie_slot(
    struct u256 *out,
    const struct trie_reader *reader,
    const struct hash *owner,
    const struct hash *storage_root,
    const struct hash *key
);

#endif
