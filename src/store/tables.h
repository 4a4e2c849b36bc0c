/* tables: what the database holds, and how keys and values are laid out.
 *
 * Numbers in keys are big-endian, so that LMDB's order is theirs. A hash key is the keccak256 of an
 * address or of a slot's 32 bytes: the order in which tries are walked. Whoever changes a layout
 * raises STORE_SCHEMA.
 *
 *   table             key                                    value
 *   meta              text                                   see META_* below
 *   blocks            number                                 hash, state root: the canonical block
 *                     number, hash, part                     BLOCK_PART_*: encodings as handed in
 *   numbers           block hash                             number: blocks beside the chain only
 *   codes             code hash                              code; never deleted
 *   accounts          account hash                           account, below
 *   slots             account hash, slot hash                value without leading zeros
 *   account_nodes     path, below                            node of the account trie
 *   slot_nodes        account hash, path                     node of that account's storage trie
 *   history           number, account hash                   account before that block; empty: none
 *                     number, account hash, slot hash        value before that block; empty: zero
 *   index             run, mark, number (8 each)             pairs of mark and number, little-endian:
 *                                                            where hashes stand, see index.h
 *   services          length of name (1), name, key          the service's
 *
 * accounts, slots and nodes are those of the head. The value of a key after block N is that of its
 * first history record with a number above N, or the head's where there is none. Those numbers, and
 * those of blocks and transactions by their hashes, are found in the index.
 *
 * account: head (1), nonce without leading zeros, code hash if any, storage root if any, balance
 * without leading zeros. head is ACCOUNT_HAS_CODE, ACCOUNT_HAS_STORAGE and the nonce's length << 2.
 *
 * path: nibbles, two a byte and the last padded with zero, then their number (1): a subtree lies
 * together.
 */
#ifndef STORE_TABLES_H
#define STORE_TABLES_H

#include "base/u256.h"
#include "evm/state.h"

enum table {
    TABLE_META,
    TABLE_BLOCKS,
    TABLE_NUMBERS,
    TABLE_CODES,
    TABLE_ACCOUNTS,
    TABLE_SLOTS,
    TABLE_ACCOUNT_NODES,
    TABLE_SLOT_NODES,
    TABLE_HISTORY,
    TABLE_INDEX,
    TABLE_SERVICES,
    TABLE_COUNT,
};

#define META_SCHEMA    "schema"       /* number */
#define META_GENESIS   "genesis"      /* block hash */
#define META_CONFIG    "chain_config" /* as handed to store_open */
#define META_HEAD      "head"         /* number, hash, state root; and so the next two */
#define META_SAFE      "safe"
#define META_FINALIZED "finalized"
#define META_INDEX     "index"   /* the index's runs: index.c */
#define META_WAITING   "waiting" /* how many pairs are in no run yet, at most */

enum block_part {
    BLOCK_PART_HEADER = 'h',
    BLOCK_PART_BODY = 'b',
    BLOCK_PART_RECEIPTS = 'r',  /* absent where empty */
    BLOCK_PART_TX_HASHES = 't', /* absent where empty */
};

enum { ACCOUNT_HAS_CODE = 1, ACCOUNT_HAS_STORAGE = 2 };

/* A key or a small value being put together. */
struct key {
    uint8_t bytes[128];
    size_t len;
};

static inline struct bytes key_bytes(const struct key *key) {
    return (struct bytes){key->bytes, key->len};
}

static inline void key_add(struct key *key, const void *data, size_t len) {
    ASSERT(len <= sizeof key->bytes - key->len);
    if (len != 0) memcpy(key->bytes + key->len, data, len);
    key->len += len;
}

static inline void key_add_number(struct key *key, uint64_t number) {
    uint8_t be[8];
    store_be64(be, number);
    key_add(key, be, sizeof be);
}

static inline void key_add_hash(struct key *key, const struct hash *hash) {
    key_add(key, hash->bytes, sizeof hash->bytes);
}

/* The key of an account, or of one of its slots. */
struct state_key {
    struct hash account;
    struct hash slot;
    bool is_slot;
};

struct hash state_key_account(const struct address *address);
struct hash state_key_slot(const struct u256 *slot);

/* Key in accounts or slots. */
struct key state_key_flat(const struct state_key *key);
/* Key in history, and back: false if damaged. */
struct key state_key_history(const struct state_key *key, uint64_t number);
MUST_USE bool state_key_from_history(
    struct state_key *out, uint64_t *number, struct bytes history_key
);

/* Key in account_nodes (owner NULL) or slot_nodes. */
struct key node_key(const struct hash *owner, struct bytes path);

/* Values. The encoding of no account, and of slot value 0, is empty. decode: false if damaged. */
struct key account_value(const struct account *account);
MUST_USE bool account_from_value(struct account *out, struct bytes value);
struct key slot_value(const struct u256 *value);
MUST_USE bool slot_from_value(struct u256 *out, struct bytes value);

#endif
