/* execute: runs transactions and blocks on a state: the state transition of Ethereum.
 *
 * Spec: Yellow Paper 6 and 11, execution-specs fork.py; EIP-1559, 2929, 3529, 3651, 4788, 4844, 4895,
 * 2935, 6110, 7002, 7251, 7623, 7685, 7702.
 *
 * One code path serves import, building, tests, eth_call and tracing: a block_run is one block in
 * the making.
 *
 *     block_run_init     what the EVM sees of the block
 *     block_run_start    system calls before the transactions
 *     block_run_tx       each transaction: an invalid one leaves no trace
 *     block_run_reward   before Paris: the block's and its ommers' miners are paid
 *     block_run_end      withdrawals, system calls after, requests
 *
 * chain_execute_block is that, with every check of a block around it. Pure.
 */
#ifndef CHAIN_EXECUTE_H
#define CHAIN_EXECUTE_H

#include "chain/logs_bloom.h"
#include "chain/ommers.h"
#include "chain/receipt.h"
#include "evm/evm.h"

/* Computes the root of a state that diff changed since its block began: before Byzantium each receipt
 * has it. False: the trie lacked something; whoever handed it in remembers that. */
struct chain_rooter {
    bool (*root)(void *ctx, struct hash *out, const struct state_diff *diff);
    void *ctx;
};

/* What execution needs beside its inputs; one thread's. */
struct chain_vm {
    struct evm *evm;
    const struct evm_tracer *tracer; /* or NULL; may be exchanged between transactions */
};

/* What became of one transaction. */
struct tx_outcome {
    enum evm_status status; /* of the outermost frame */
    uint64_t gas_used;      /* what was paid for: refunds taken off, EIP-7623's floor applied */
    uint64_t gas_refunded;
    uint64_t gas_peak;      /* before refunds, with the floor */
    struct u256 gas_price;  /* effective, per gas */
    struct address created; /* where the transaction creates, also where it failed */
    struct bytes output;    /* return or revert data; valid until the evm runs again */
    const struct state_log *logs;
    size_t log_count;
};

/* The fee recipient's part of a transaction's fee, to be paid by whoever runs it apart. */
struct deferred_tip {
    bool is_due;
    struct u256 wei;
};

struct block_run {
    struct arena *arena; /* of receipts, logs and requests */
    struct state *state;
    const struct chain_vm *vm;
    struct chain_rules rules;
    const struct evm_rules *evm_rules;
    struct evm_block env;
    uint64_t gas_used;
    uint64_t blob_gas_used;
    struct bloom logs_bloom;
    struct logs_bloom_memo blooms;
    struct receipt *receipts;
    size_t receipt_count, receipt_room;
    const struct bytes *requests; /* EIP-7685, type byte first, those with data only; after end */
    size_t request_count;
    /* Transactions with s = 0, which no signature has, may come from accounts with code: development
     * chains impersonate contracts so. Nowhere else; false after init. */
    bool allow_impersonation;
    /* NULL after init: receipts before Byzantium lack their root. */
    const struct chain_rooter *rooter;
    /* For simulations; NULL and 0 after init. What the EVM reads of the block, where calls without a
     * fee are judged as if the block asked for none; and which precompiles stand elsewhere. */
    const struct evm_block *shown_env;
    const struct evm_precompile_move *moves;
    size_t move_count;
    /* NULL after init: tips are paid at once. Else they are due, where the transaction has not looked at
     * the fee recipient: paying would be its only reason to. */
    struct deferred_tip *deferred_tip;
};

/* header: those fields that are known before execution (number, timestamp, gas limit, fee recipient,
 * base fee, prev_randao or difficulty, excess blob gas). All arguments outlive the run. */
void block_run_init(
    struct block_run *run,
    struct arena *arena,
    struct state *state,
    const struct chain_vm *vm,
    const struct chain_config *config,
    const struct header *header
);

/* EIP-4788 and EIP-2935, where the fork has them, and the DAO fork's change of state. Uses parent_hash
 * and parent_beacon_root. */
void block_run_start(struct block_run *run, const struct header *header);

/* Validates and runs tx. On TX_VALID the state has moved on and a receipt is appended; on any other
 * verdict state and run are as they were. sender is who signed (tx_sender). */
MUST_USE enum tx_verdict block_run_tx(
    struct block_run *run,
    struct tx_outcome *outcome,
    const struct tx *tx,
    const struct address *sender
);

/* block_run_tx in its parts, for who runs a transaction apart (speculation.h). try: validates and runs, as
 * block_run_call does it; block_run_append takes what it did. */
MUST_USE enum tx_verdict block_run_try(
    struct block_run *run,
    struct tx_outcome *outcome,
    const struct tx *tx,
    const struct address *sender
);
/* Whether the block has the gas that tx may use. */
MUST_USE enum tx_verdict block_run_check_room(const struct block_run *run, const struct tx *tx);
void block_run_pay_tip(struct block_run *run, const struct u256 *wei);

/* Pays the miners of the block and of its ommers, which are valid. The reward is the fork's
 * (run->rules.row->block_reward_wei), but where a test tool sets another. */
void block_run_reward(
    struct block_run *run, uint64_t reward_wei, const struct header *ommers, size_t ommer_count
);

/* Withdrawals, EIP-7002 and EIP-7251 calls, and the requests from these and from the deposit logs.
 * Not BLOCK_VALID where a system contract is missing or fails, or a deposit log is malformed. */
MUST_USE enum block_verdict block_run_end(
    struct block_run *run, const struct withdrawal *withdrawals, size_t withdrawal_count
);

/* Runs what nobody signed: see chain/call.h. The state keeps what it did, uncommitted; no receipt. */
MUST_USE enum tx_verdict block_run_call(
    struct block_run *run,
    struct tx_outcome *outcome,
    const struct tx *tx,
    const struct address *sender
);

/* Takes a call that ran into the block: its receipt and its gas; the state is committed. */
void block_run_append(struct block_run *run, const struct tx *tx, const struct tx_outcome *outcome);

/* A call by the system address with gas of its own, which no block limit counts. */
#define BLOCK_SYSTEM_CALL_GAS UINT64_C(30000000)
struct evm_result block_run_system_call(
    struct block_run *run, const struct address *contract, struct bytes input
);

struct block_input;

/* Runs the transactions of a block in another way than one after the other, with the same result: the
 * verdict of the first invalid one, and *index is which; the run is then as it was before that. */
struct chain_runner {
    enum tx_verdict (*run_txs
    )(void *ctx, struct block_run *run, const struct block_input *input, size_t *index);
    void *ctx;
};

struct block_input {
    const struct chain_config *config;
    const struct header *parent;
    const struct hash *parent_hash; /* of parent; NULL: computed */
    const struct block *block;
    const struct address *senders; /* one a transaction, already recovered; NULL: recovered here */
    const uint64_t *gas_limit;   /* NULL: near the parent's; or the one that this block is to have,
                                    * as build_attributes sets it */
    const struct u256 *base_fee; /* NULL: EIP-1559's; or the one that this block is to have, as
                                    * build_attributes sets it */
    bool allow_impersonation;    /* as block_run has it */
    const struct chain_runner *runner; /* NULL, or where a tracer looks on: one after the other */

    /* Before Paris only. */
    const struct chain_rooter *rooter;       /* before Byzantium: needed where there are receipts */
    const struct ommers_ancestor *ancestors; /* needed where the block has ommers: see ommers.h */
    size_t ancestor_count;
    const struct header_seal *seal; /* NULL: proof of work is not looked at */
};

struct block_outcome {
    enum block_verdict verdict;
    enum tx_verdict tx_verdict; /* why, where verdict is BLOCK_INVALID_TRANSACTION */
    size_t tx_index;            /* and which */
    const struct receipt *receipts;
    size_t receipt_count;
    const struct bytes *requests;
    size_t request_count;
    uint64_t gas_used;
    uint64_t blob_gas_used;
    struct state *state; /* state_diff gives what the block changed */
};

/* The transactions one after the other: the plain twin of every chain_runner. */
MUST_USE enum tx_verdict block_run_txs(
    struct block_run *run, const struct block_input *input, size_t *index
);

/* What the run has come to, its verdicts left alone. */
void block_run_outcome(const struct block_run *run, struct block_outcome *outcome);

/* Checks and executes a block on the state of its parent; all is checked except the state root, for
 * which the caller computes chain_state_root (state_root.h) and asks chain_check_state_root. The
 * outcome's memory is arena's. Where the reader failed meanwhile, the outcome means nothing. */
void chain_execute_block(
    struct arena *arena,
    struct block_outcome *outcome,
    const struct chain_vm *vm,
    const struct state_reader *reader,
    const struct block_input *input
);

static inline enum block_verdict chain_check_state_root(
    const struct header *header, const struct hash *state_root
) {
    return hash_equal(&header->state_root, state_root) ? BLOCK_VALID : BLOCK_INVALID_STATE_ROOT;
}

#endif
