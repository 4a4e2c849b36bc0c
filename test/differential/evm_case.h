/* evm_case: what one comparison starts from (a state, a block, transactions), and what came of it.
 *
 * Both have one encoding in bytes, which evm_peer.js reads and writes too. Numbers are big-endian:
 * lengths and counts of 4 bytes (u32), u64 of 8, words of 32; "bytes" is a length and that many.
 *
 *   case     revision u32 (enum evm_revision), number u64, timestamp u64, gas_limit u64,
 *            excess_blob_gas u64, coinbase 20, prev_randao 32, difficulty word, base_fee word,
 *            accounts [address 20, nonce u64, balance word, code hash 32 (ignored when read), code bytes,
 *              slots [key word, value word]],
 *            transactions [type u32, sender 20, is_create u32, to 20, nonce u64, gas_limit u64,
 *              max_priority_fee word, max_fee word, value word, data bytes,
 *              access list [address 20, keys [32]], max_fee_per_blob_gas word, blob hashes [32],
 *              authorizations [chain_id word, address 20, nonce u64, y_parity u32, r word, s word]]
 *   outcome  transactions [is_valid u32; and where it is 1: status u32 (0 success, 1 revert,
 *              2 any other failure), gas_used u64, output bytes,
 *              logs [address 20, topics [32], data bytes]],
 *            state_root 32, accounts as above without code
 */
#ifndef TEST_EVM_CASE_H
#define TEST_EVM_CASE_H

#include "chain/execute.h"
#include "cmd/prestate.h"
#include "draw.h"

enum { CASE_ACCOUNTS_MAX = 24, CASE_TXS_MAX = 4 };

struct case_tx {
    struct tx tx; /* not signed */
    struct address sender;
};

struct evm_case {
    enum evm_revision revision;
    struct header header;
    struct prestate_account accounts[CASE_ACCOUNTS_MAX]; /* by address, ascending */
    size_t account_count;
    struct case_tx txs[CASE_TXS_MAX];
    size_t tx_count;
};

/* The case of that seed: always the same one. revision: EVM_REVISION_COUNT for any. */
void evm_case_draw(
    struct arena *arena, struct evm_case *out, uint64_t seed, enum evm_revision revision
);

/* What holds on the chain of a case. */
struct chain_rules evm_case_rules(enum evm_revision revision);

struct bytes evm_case_encode(struct arena *arena, const struct evm_case *one);

/* encoded is evm_peer.js's: what it cannot mean stops the program. It outlives the case. */
void evm_case_decode(struct arena *arena, struct evm_case *out, struct bytes encoded);

/* Runs the case on a chain whose forks up to the revision's are active; answers the outcome. */
struct bytes evm_case_run(
    struct arena *arena, const struct chain_vm *vm, const struct evm_case *one
);

#endif
