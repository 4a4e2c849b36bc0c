/* eth_parts: what the files eth_*.c share: a request in progress, blocks and states as they are read
 * for it. Not for others.
 */
#ifndef RPC_ETH_PARTS_H
#define RPC_ETH_PARTS_H

#include "chain/execute.h"
#include "codec/rlp.h"
#include "crypto/ecdsa.h"
#include "pool/pool.h"
#include "rpc/backend.h"
#include "rpc/eth.h"
#include "rpc/params.h"
#include "store/store.h"

struct filters;

struct rpc_eth {
    const struct rpc_backend *backend;
    const struct rpc_dispatcher *dispatcher;
    uint64_t (*now_ms)(void *ctx);
    void *now_ctx;
    struct evm *evm; /* made at the first call */
    struct ecdsa_signer signer;
    bool has_signer;
    struct filters *filters;
};

/* One call of a method. */
struct request {
    struct rpc_call *call;
    struct rpc_eth *eth;
    struct store_view *view; /* NULL until something is read */
};

/* Runs handler for call and gives back what it took. */
bool eth_run(struct rpc_call *call, bool (*handler)(struct request *request));

/* call_NAME, which goes into a table, from a handler NAME. */
#define ETH_WRAP(handler)                               \
    static bool call_##handler(struct rpc_call *call) { \
        return eth_run(call, handler);                  \
    }

/* The tables, one a file. */
extern const struct rpc_table eth_block_table, eth_state_table, eth_tx_table, eth_sign_table,
    eth_call_table, eth_fee_table, eth_filter_table, eth_node_table, eth_txpool_table,
    eth_debug_table, eth_witness_table, eth_config_table, eth_simulate_table;

/* ---- Failures ---- */

/* A failure of the store or the backend, as -32000 with its context. Answers false. */
bool eth_fail_status(struct request *request, struct status status);

/* "header not found" and its kin: a state was asked for of a block that is not there. */
bool eth_fail_not_found(struct request *request, const struct block_ref *ref);

/* An address as geth writes it in errors and keys: EIP-55. In arena. */
const char *eth_checksummed(struct arena *arena, const struct address *address);

/* ---- Blocks ---- */

/* Opens the request's view of the store, once. */
MUST_USE bool eth_open(struct request *request);

/* Gives the view back before the node writes: what was read through it is gone. */
void eth_close(struct request *request);

/* Where a block is. */
struct eth_place {
    bool found;
    bool is_pending;
    bool is_canonical;
    uint64_t number;
    struct hash hash;
};

/* False only on failure; a block that is not there has found == false. */
MUST_USE bool eth_find(
    struct request *request, struct eth_place *place, const struct block_ref *ref
);
/* The canonical block with this number. */
MUST_USE bool eth_find_number(struct request *request, struct eth_place *place, uint64_t number);

/* A block with what is told of it. */
struct eth_block {
    struct block block;
    struct hash hash;
    bool is_pending;
    struct chain_rules rules;
    const struct receipt *receipts; /* one a transaction, after eth_read_receipts */
    struct bytes raw_header;        /* as they are stored; empty where it is pending */
    struct bytes raw_body;
};

/* Of a place that was found and is not pending. */
MUST_USE bool eth_read_header(
    struct request *request, struct header *header, const struct eth_place *place
);
MUST_USE bool eth_read_block(
    struct request *request, struct eth_block *block, const struct eth_place *place
);
MUST_USE bool eth_read_receipts(
    struct request *request, struct eth_block *block, const struct eth_place *place
);

/* The whole block in RLP. */
struct bytes eth_raw_block(struct arena *arena, const struct eth_block *block);
/* Its list of ommers, from which a reader gives one header after the other. */
struct rlp_reader eth_ommers(const struct eth_block *block);

/* Who sent a transaction of a block or of the pool. Development chains take impersonated ones, which
 * have their sender in r and 0 in s. */
struct address eth_sender(
    struct arena *arena, const struct tx *tx, const struct chain_rules *rules
);

/* ---- States ---- */

struct eth_state {
    struct header header;
    struct hash hash; /* of the block; zero where it is pending */
    bool is_pending;
    uint64_t number; /* of the stored block below */
    struct state_reader *reader;
    const struct state *changes; /* of pending: since the block below */
};

/* The state after a block; an unknown block is a failure here, with geth's words. */
MUST_USE bool eth_open_state(
    struct request *request, struct eth_state *state, const struct block_ref *ref
);
/* After reading: whether all that was read is to be believed. */
MUST_USE bool eth_state_is_sound(struct request *request);

/* ---- Calls ---- */

/* The machine that runs calls; nothing of one call is left for the next but analysed code. */
struct evm *eth_evm(struct rpc_eth *eth);

/* The tip that is likely to be enough for one of the next blocks (eth_fee.c). */
MUST_USE bool eth_suggest_tip(struct request *request, struct u256 *tip);

/* ---- JSON (eth_block.c) ---- */

void eth_put_block(struct request *request, const struct eth_block *block, bool full);
void eth_put_tx(struct request *request, const struct eth_block *block, size_t index);
/* first_log: how many logs the transactions before it have. Receipts have been read. */
void eth_put_receipt(
    struct request *request, const struct eth_block *block, size_t index, uint64_t first_log
);

/* Answers with the transaction's hash, or why it was refused. */
bool eth_answer_submitted(
    struct request *request, struct status status, const struct rpc_submitted *submitted
);

/* ---- Filters and subscriptions (eth_filter.c) ---- */

struct filters *eth_filters_create(void);
void eth_filters_destroy(struct filters *filters);

#endif
