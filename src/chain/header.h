/* header: block headers: RLP, hash, and the rules that a header meets against its parent.
 *
 * Spec: Yellow Paper 4.4; EIP-779 (the DAO fork's extra data), 1559 (base fee), 3675 (the merge),
 * 4788 (parent beacon root), 4844 and 7918 (blob gas and its price), 4895 (withdrawals), 7685
 * (requests), 7934 (size of a block).
 * Pure.
 */
#ifndef CHAIN_HEADER_H
#define CHAIN_HEADER_H

#include "base/arena.h"
#include "base/u256.h"
#include "chain/forks.h"
#include "chain/verdict.h"
#include "codec/rlp.h"

#define HEADER_EXTRA_DATA_MAX    ((size_t)32)
#define HEADER_GAS_LIMIT_MIN     UINT64_C(5000)
#define HEADER_GAS_LIMIT_MAX     (UINT64_C(0x7fffffffffffffff))
#define HEADER_GAS_LIMIT_DIVISOR UINT64_C(1024)
#define HEADER_SIZE_MAX          ((size_t)1024) /* of an encoded header: 21 fields need less */
#define HEADER_INITIAL_BASE_FEE  UINT64_C(1000000000)

struct bloom {
    uint8_t bytes[256];
};

/* Holds no pointers: may be copied and kept. Fields that form does not have are zero. */
struct header {
    struct hash parent_hash;
    struct hash ommers_hash;
    struct address fee_recipient;
    struct hash state_root;
    struct hash transactions_root;
    struct hash receipts_root;
    struct bloom logs_bloom;
    struct u256 difficulty;
    uint64_t number;
    uint64_t gas_limit;
    uint64_t gas_used;
    uint64_t timestamp;
    uint8_t extra_data[HEADER_EXTRA_DATA_MAX];
    uint8_t extra_data_size;
    struct hash prev_randao; /* mix hash before Paris */
    uint8_t nonce[8];
    struct u256 base_fee_per_gas;
    struct hash withdrawals_root;
    uint64_t blob_gas_used;
    uint64_t excess_blob_gas;
    struct hash parent_beacon_root;
    struct hash requests_hash;
    enum header_form form;
};

extern const struct hash header_empty_ommers_hash;   /* keccak256(rlp([])) */
extern const struct hash header_empty_root;          /* of a trie with nothing in it */
extern const struct hash header_empty_requests_hash; /* sha256 of nothing */

/* encoded is one RLP list, untrusted. */
MUST_USE enum block_verdict header_decode(struct header *header, struct bytes encoded);
struct bytes header_encode(struct arena *arena, const struct header *header);
void header_write(struct rlp_writer *writer, const struct header *header);
size_t header_encoded_size(const struct header *header);
void header_hash(struct hash *out, const struct header *header);

/* keccak256 of the header without prev_randao (the mix hash) and nonce: what proof of work seals. */
void header_seal_hash(struct hash *out, const struct header *header);

/* The rules of a header by itself and against its parent; not those that need the body, execution or
 * the seal of proof of work. rules are those at header's number and timestamp. */
MUST_USE enum block_verdict header_check(
    const struct header *header, const struct header *parent, const struct chain_rules *rules
);

/* The same where parent's hash is at hand. */
MUST_USE enum block_verdict header_check_on(
    const struct header *header,
    const struct header *parent,
    const struct hash *parent_hash,
    const struct chain_rules *rules
);

/* The difficulty of the block after parent with this timestamp, later than parent's: zero from Paris
 * on. rules are the block's. */
struct u256 header_next_difficulty(
    const struct header *parent, uint64_t timestamp, const struct chain_rules *rules
);

/* EIP-1559: the base fee of the block after parent. London's first block has the initial one. */
struct u256 header_next_base_fee(const struct header *parent);

/* EIP-4844 and EIP-7918: the excess blob gas of the block after parent; rules are the child's. */
uint64_t header_next_excess_blob_gas(const struct header *parent, const struct chain_rules *rules);

/* Wei per blob gas: fake_exponential(1, excess, fraction). Saturates at 2^256-1. */
struct u256 header_blob_base_fee(uint64_t excess_blob_gas, const struct chain_rules *rules);

/* The gas limit nearest to target that may follow parent's. */
uint64_t header_next_gas_limit(uint64_t parent_gas_limit, uint64_t target);

void bloom_add(struct bloom *bloom, struct bytes entry);
void bloom_add_hashed(struct bloom *bloom, const struct hash *entry_hash); /* its keccak256 */
void bloom_merge(struct bloom *into, const struct bloom *from);
bool bloom_may_contain(const struct bloom *bloom, struct bytes entry);

#endif
