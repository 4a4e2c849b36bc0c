/* tx: transactions of types 0 to 4: wire form, hashes, sender, and what they cost at least.
 *
 * Spec: Yellow Paper 4.2; EIP-155 (replay protection), 2718 (typed envelope), 2930 (access lists),
 * 1559 (dynamic fees), 4844 (blobs), 7594 (cell proofs), 7702 (set code); for gas EIP-2, 2028, 3860,
 * 7623, 7702, 7825.
 * Pure.
 */
#ifndef CHAIN_TX_H
#define CHAIN_TX_H

#include "base/arena.h"
#include "base/u256.h"
#include "chain/forks.h"
#include "chain/verdict.h"

/* Wire limits. A transaction in a block can be as long as its gas pays for; what a decoder accepts
 * is bounded by this, which is far above what the largest block can hold. */
#define TX_SIZE_MAX         ((size_t)16 << 20)
#define TX_POOL_SIZE_MAX    ((size_t)128 << 10) /* what pools accept, without a sidecar */
#define TX_BLOBS_MAX        ((size_t)128)       /* versioned hashes, or blobs in a sidecar */
#define TX_BLOB_SIZE        ((size_t)131072)    /* bytes of one blob */
#define TX_SIDECAR_SIZE_MAX (TX_BLOBS_MAX * (TX_BLOB_SIZE + 128 * 49 + 128))
#define TX_CELLS_PER_BLOB   ((size_t)128)
#define TX_GAS_CAP          (UINT64_C(1) << 24) /* EIP-7825, from Osaka on */
#define TX_BLOB_GAS         (UINT64_C(1) << 17) /* EIP-4844, of one blob */
#define TX_BLOBS_PER_TX_MAX ((size_t)6)         /* EIP-7594, from Osaka on */

enum tx_type {
    TX_TYPE_LEGACY = 0,
    TX_TYPE_ACCESS_LIST = 1,
    TX_TYPE_DYNAMIC_FEE = 2,
    TX_TYPE_BLOB = 3,
    TX_TYPE_SET_CODE = 4,
};

struct tx_access {
    struct address address;
    const struct hash *keys;
    size_t key_count;
};

/* EIP-7702: the signer of this delegates to address. */
struct tx_authorization {
    struct u256 chain_id; /* 0 for any chain */
    struct address address;
    uint64_t nonce;
    uint8_t y_parity;
    struct u256 r;
    struct u256 s;
};

struct tx {
    enum tx_type type;
    bool is_protected; /* carries a chain id: all but the legacy ones before EIP-155 */
    bool is_create;
    uint8_t y_parity;
    uint64_t chain_id; /* 0 where not is_protected */
    uint64_t nonce;
    uint64_t gas_limit;
    struct u256 max_priority_fee_per_gas; /* the gas price too, for types 0 and 1 */
    struct u256 max_fee_per_gas;          /* the gas price too, for types 0 and 1 */
    struct u256 value;
    struct address to; /* zero where is_create */
    struct bytes data;
    const struct tx_access *access_list;
    size_t access_list_count;
    struct u256 max_fee_per_blob_gas;
    const struct hash *blob_hashes;
    size_t blob_hash_count;
    const struct tx_authorization *authorizations;
    size_t authorization_count;
    struct u256 r;
    struct u256 s;
};

/* EIP-4844's network form without its transaction. Version 0 has one proof a blob; version 1
 * (EIP-7594) has TX_CELLS_PER_BLOB proofs a blob. Blobs, commitments and proofs stand one behind
 * the other, and are not checked against each other or the transaction (tx_check_sidecar_hashes
 * does a part; the proofs are the pool's to verify). */
struct tx_sidecar {
    uint8_t version;
    size_t blob_count;
    const uint8_t *blobs;       /* blob_count * TX_BLOB_SIZE */
    const uint8_t *commitments; /* blob_count * 48 */
    const uint8_t *proofs;      /* blob_count * 48, or that times TX_CELLS_PER_BLOB */
    size_t proof_count;
};

/* Reads the consensus form: an RLP list for type 0, type byte and payload for the others. encoded is
 * untrusted and at most TX_SIZE_MAX bytes long. The lists are made in arena, data borrows from
 * encoded. The signature's values are read, not judged: tx_sender does that. On any verdict but
 * TX_VALID the transaction must not be used. */
MUST_USE enum tx_verdict tx_decode(struct arena *arena, struct tx *tx, struct bytes encoded);

/* Reads what eth_sendRawTransaction and peers send: as above, but a blob transaction must bring its
 * sidecar (copied into arena). *consensus is the encoding without it: what tx_hash hashes. For other
 * types *has_sidecar is false and *consensus is encoded. */
MUST_USE enum tx_verdict tx_decode_network(
    struct arena *arena,
    struct tx *tx,
    struct bytes *consensus,
    bool *has_sidecar,
    struct tx_sidecar *sidecar,
    struct bytes encoded
);

/* Whether each versioned hash is that of the commitment in its place, with as many of each. */
MUST_USE bool tx_check_sidecar_hashes(const struct tx *tx, const struct tx_sidecar *sidecar);

/* The consensus form, and the network form of a blob transaction. */
struct bytes tx_encode(struct arena *arena, const struct tx *tx);
struct bytes tx_encode_network(
    struct arena *arena, const struct tx *tx, const struct tx_sidecar *sidecar
);

/* keccak256 of the consensus form. tx_hash_of takes it where it is at hand. */
void tx_hash(struct arena *arena, struct hash *out, const struct tx *tx);
void tx_hash_of(struct hash *out, struct bytes consensus);

/* What the sender signs. */
void tx_signing_hash(struct arena *arena, struct hash *out, const struct tx *tx);

/* Recovers the sender of a type that the fork knows. EIP-2: only a low s, from Homestead on; EIP-155:
 * a chain id, where there is one, must be that of the rules. Variable time; reads tx only. arena is
 * for scratch and left as it was. */
MUST_USE enum tx_verdict tx_sender(
    struct arena *arena,
    struct address *sender,
    const struct tx *tx,
    const struct chain_rules *rules
);

/* The authority of an EIP-7702 authorization; false where its signature gives none (high s,
 * y_parity above 1, no such point). Does not look at chain id and nonce. */
MUST_USE bool tx_authority(
    struct arena *arena, struct address *authority, const struct tx_authorization *authorization
);
/* keccak256(0x05 || rlp([chain_id, address, nonce])), what an authority signs. */
void tx_authorization_hash(
    struct arena *arena, struct hash *out, const struct tx_authorization *authorization
);

/* Gas charged before the first step, and (EIP-7623) the least a transaction pays in the end: 0
 * before Prague. Both saturate at UINT64_MAX. */
uint64_t tx_intrinsic_gas(const struct tx *tx, const struct chain_rules *rules);
uint64_t tx_floor_gas(const struct tx *tx, const struct chain_rules *rules);

static inline uint64_t tx_blob_gas(const struct tx *tx) {
    return tx->blob_hash_count * TX_BLOB_GAS;
}

/* What is paid per gas at this base fee: min(max fee, base fee + priority fee); and the part of it
 * that goes to the fee recipient. max_fee_per_gas is at least base_fee. */
struct u256 tx_effective_gas_price(const struct tx *tx, const struct u256 *base_fee);
struct u256 tx_effective_tip(const struct tx *tx, const struct u256 *base_fee);

/* Whether the fork knows the type. */
MUST_USE enum tx_verdict tx_check_type(enum tx_type type, const struct chain_rules *rules);

/* All that can be said of a transaction without a block or a state: is its type known to the fork,
 * nonce, fees in order, limits of gas, initcode, blobs and authorizations, intrinsic gas. */
MUST_USE enum tx_verdict tx_check(const struct tx *tx, const struct chain_rules *rules);

#endif
