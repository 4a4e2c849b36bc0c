/* eth_simulateV1: blocks that nobody made, on top of one that is there.
 *
 * Spec: execution-apis, eth_simulateV1 (whose error codes these are); what it leaves open is geth's.
 */
#include "chain/call.h"
#include "chain/state_root.h"
#include "codec/rlp.h"
#include "evm/state_view.h"
#include "rpc/eth_args.h"
#include "rpc/format.h"
#include "rpc/trace.h"

#include <inttypes.h>

#define SIMULATE_BLOCKS_MAX      UINT64_C(256)
#define SIMULATE_WITHDRAWALS_MAX ((size_t)1024) /* of one block */
enum { BLOCK_SECONDS = 12 };

enum simulate_code {
    SIMULATE_NONCE_TOO_LOW = -38010,
    SIMULATE_NONCE_TOO_HIGH = -38011,
    SIMULATE_FEE_TOO_LOW = -38012,
    SIMULATE_INTRINSIC_GAS = -38013,
    SIMULATE_FUNDS = -38014,
    SIMULATE_BLOCK_GAS = -38015,
    SIMULATE_BLOCK_NUMBER = -38020,
    SIMULATE_BLOCK_TIME = -38021,
    SIMULATE_INITCODE_SIZE = -38025,
    SIMULATE_LIMIT = -38026,
    SIMULATE_VM_ERROR = -32015, /* within a call's result */
};

/* One block as it was asked for; json NULL: it fills a gap between numbers. */
struct wanted {
    uint64_t number, timestamp;
    const struct json *json;
};

struct call_result {
    struct tx tx;
    struct address from;
    struct bytes encoded;
    struct hash hash;
    struct bytes output;
    enum evm_status status;
    uint64_t gas_used, gas_peak;
    const struct trace_shown_log *logs;
    size_t log_count;
};

struct simulation {
    struct request *request;
    struct eth_run on;       /* one state for all blocks */
    struct trie_reader trie; /* of the base; of the head where that is pending */
    struct hash base_root;
    struct state_reader reader; /* the base's or the head's, and the hashes of simulated blocks */
    const struct state_reader *inner;
    uint64_t base_number;
    struct hash base_hash;
    struct hash *hashes; /* of the blocks behind the base */
    size_t hash_count;
    struct wanted *wanted;
    size_t wanted_count;
    bool validates, traces_transfers, full_txs;
    uint64_t gas_left; /* of the whole request */
};

static bool refuse(struct simulation *sim, int code, const char *text) {
    return rpc_fail(sim->request->call, code, "%s", text);
}

/* ---- Reading the state, and hashes of blocks ---- */

static bool read_account(void *ctx, const struct address *address, struct account *out) {
    const struct state_reader *inner = ((struct simulation *)ctx)->inner;
    return inner->account(inner->ctx, address, out);
}

static void read_storage(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    const struct state_reader *inner = ((struct simulation *)ctx)->inner;
    inner->storage(inner->ctx, address, slot, value);
}

static struct bytes read_code(void *ctx, const struct hash *code_hash) {
    const struct state_reader *inner = ((struct simulation *)ctx)->inner;
    return inner->code(inner->ctx, code_hash);
}

static void read_block_hash(void *ctx, uint64_t number, struct hash *out) {
    const struct simulation *sim = ctx;
    if (number == sim->base_number) {
        *out = sim->base_hash;
    } else if (number < sim->base_number) {
        sim->inner->block_hash(sim->inner->ctx, number, out);
    } else if (number - sim->base_number <= sim->hash_count) {
        *out = sim->hashes[number - sim->base_number - 1];
    }
}

static bool root_of(struct simulation *sim, struct hash *out, const struct state_diff *diff) {
    struct trie_writes writes = {0};
    return chain_state_root(
               sim->request->call->arena, &writes, out, &sim->trie, &sim->base_root, diff
           ) == TRIE_VALID;
}

/* What the pending block changes is done first: roots are of all that changed since the head. As it stands
 * the block has a root and a hash, which its header alone does not know. */
static bool apply_pending(struct simulation *sim) {
    struct eth_state *source = &sim->on.source;
    const struct state_diff diff = state_diff(sim->request->call->arena, source->changes);
    state_apply(&sim->on.state, &diff);
    state_commit(&sim->on.state);
    return root_of(sim, &source->header.state_root, &diff) ||
        refuse(sim, RPC_INTERNAL, "the state's trie cannot be read");
}

static bool open_base(struct simulation *sim, const struct block_ref *ref) {
    struct request *request = sim->request;
    struct eth_state *source = &sim->on.source;
    struct arena *arena = request->call->arena;
    struct store_mark mark;
    if (!eth_open_state(request, source, ref)) return false;
    if (source->is_pending) source->reader = ARENA_NEW(arena, struct state_reader);
    sim->base_number = source->header.number;
    struct status status = store_canonical(request->view, &mark, source->number);
    if (!failed(status)) status = store_trie(request->view, arena, &sim->trie, source->number);
    if (!failed(status) && source->is_pending) {
        status = store_state(request->view, arena, source->reader, source->number);
    }
    if (status.code == STATUS_UNAVAILABLE) {
        return rpc_fail(
            request->call, RPC_SERVER_ERROR,
            "simulation window exceeded: only the last %d blocks can be built upon",
            STORE_PROOF_BLOCKS
        );
    }
    if (failed(status)) return eth_fail_status(request, status);
    sim->base_root = mark.state_root;
    sim->inner = source->reader;
    sim->reader = (struct state_reader){
        read_account, read_storage, read_code, read_block_hash, sim,
    };
    sim->on.vm = (struct chain_vm){.evm = eth_evm(request->eth)};
    state_init(&sim->on.state, arena, &sim->reader);
    if (source->is_pending && !apply_pending(sim)) return false;
    header_hash(&sim->base_hash, &source->header);
    return true;
}

/* ---- The chain that is asked for ---- */

static bool add_wanted(struct simulation *sim, const struct wanted *block) {
    if (block->number - sim->base_number > SIMULATE_BLOCKS_MAX) {
        return refuse(sim, SIMULATE_LIMIT, "too many blocks");
    }
    sim->wanted[sim->wanted_count++] = *block;
    return true;
}

/* Numbers and times ascend; gaps between numbers are filled. */
static bool plan_block(struct simulation *sim, struct wanted *last, const struct json *json) {
    const struct param_object object = {0, json_get(json, "blockOverrides"), "BlockOverrides"};
    struct rpc_call *call = sim->request->call;
    struct wanted block = {last->number + 1, 0, json};
    bool has_number, has_time;
    if (json_kind(json) != JSON_OBJECT) {
        return refuse(sim, RPC_INVALID_PARAMS, "invalid argument 0: a block is no object");
    }
    if (!member_u64(call, &object, "number", &block.number, &has_number) ||
        !member_u64(call, &object, "time", &block.timestamp, &has_time)) {
        return false;
    }
    if (block.number <= last->number) {
        return rpc_fail(
            call, SIMULATE_BLOCK_NUMBER, "block numbers must be in order: %" PRIu64 " <= %" PRIu64,
            block.number, last->number
        );
    }
    if (block.number - sim->base_number > SIMULATE_BLOCKS_MAX) {
        return refuse(sim, SIMULATE_LIMIT, "too many blocks");
    }
    while (last->number + 1 < block.number) {
        *last = (struct wanted){last->number + 1, last->timestamp + BLOCK_SECONDS, NULL};
        if (!add_wanted(sim, last)) return false;
    }
    if (!has_time) block.timestamp = last->timestamp + BLOCK_SECONDS;
    if (block.timestamp <= last->timestamp) {
        return rpc_fail(
            call, SIMULATE_BLOCK_TIME, "block timestamps must be in order: %" PRIu64 " <= %" PRIu64,
            block.timestamp, last->timestamp
        );
    }
    *last = block;
    return add_wanted(sim, &block);
}

static bool plan(struct simulation *sim, const struct json *blocks) {
    struct arena *arena = sim->request->call->arena;
    const struct header *base = &sim->on.source.header;
    struct wanted last = {base->number, base->timestamp, NULL};
    if (json_count(blocks) == 0) return refuse(sim, RPC_INVALID_PARAMS, "empty input");
    if (json_count(blocks) > SIMULATE_BLOCKS_MAX) {
        return refuse(sim, SIMULATE_LIMIT, "too many blocks");
    }
    sim->wanted = ARENA_ARRAY(arena, struct wanted, SIMULATE_BLOCKS_MAX);
    sim->hashes = ARENA_ARRAY(arena, struct hash, SIMULATE_BLOCKS_MAX);
    for (const struct json *block = json_first(blocks); block != NULL; block = block->next) {
        if (!plan_block(sim, &last, block)) return false;
    }
    return true;
}

/* ---- One block ---- */

static bool read_withdrawals(struct simulation *sim, struct block *block, const struct json *list) {
    struct rpc_call *call = sim->request->call;
    struct withdrawal *withdrawals = ARENA_ARRAY(call->arena, struct withdrawal, json_count(list));
    if (json_count(list) > SIMULATE_WITHDRAWALS_MAX) {
        return refuse(sim, SIMULATE_LIMIT, "too many withdrawals");
    }
    for (const struct json *item = json_first(list); item != NULL; item = item->next) {
        const struct param_object object = {0, item, "Withdrawal"};
        struct withdrawal *one = &withdrawals[block->withdrawal_count++];
        bool has;
        if (!member_u64(call, &object, "index", &one->index, &has) ||
            !member_u64(call, &object, "validatorIndex", &one->validator_index, &has) ||
            !member_address(call, &object, "address", &one->address, &has) ||
            !member_u64(call, &object, "amount", &one->amount_gwei, &has)) {
            return false;
        }
    }
    block->withdrawals = withdrawals;
    return true;
}

/* What is known of a header before its transactions run. */
static bool begin_header(
    struct simulation *sim,
    struct block *block,
    const struct wanted *wanted,
    const struct header *parent
) {
    struct rpc_call *call = sim->request->call;
    const struct json *overrides = json_get(wanted->json, "blockOverrides");
    const struct param_object object = {0, overrides, "BlockOverrides"};
    const struct chain_rules rules =
        chain_rules_at(sim->request->eth->backend->config, wanted->number, wanted->timestamp);
    struct header *header = &block->header;
    struct hash beacon_root = {{0}};
    bool has;
    *block = (struct block){.ommers_hash = header_empty_ommers_hash};
    *header = (struct header){
        .ommers_hash = header_empty_ommers_hash,
        .fee_recipient = parent->fee_recipient,
        .number = wanted->number,
        .gas_limit = parent->gas_limit,
        .timestamp = wanted->timestamp,
        .difficulty = chain_is_proof_of_work(&rules) ? parent->difficulty : U256_ZERO,
        .form = rules.row->header_form,
    };
    header_hash(&header->parent_hash, parent);
    if (!member_u64(call, &object, "gasLimit", &header->gas_limit, &has) ||
        !member_address(call, &object, "feeRecipient", &header->fee_recipient, &has) ||
        !member_hash(call, &object, "prevRandao", &header->prev_randao, &has) ||
        !member_hash(call, &object, "beaconRoot", &beacon_root, &has) ||
        !member_u256(call, &object, "baseFeePerGas", &header->base_fee_per_gas, &has)) {
        return false;
    }
    if (!has && sim->validates && header->form >= HEADER_FORM_LONDON) {
        header->base_fee_per_gas = header_next_base_fee(parent);
    }
    if (header->form >= HEADER_FORM_CANCUN) {
        header->excess_blob_gas = header_next_excess_blob_gas(parent, &rules);
        header->parent_beacon_root = beacon_root;
    }
    block->has_withdrawals = header->form >= HEADER_FORM_SHANGHAI;
    return !block->has_withdrawals ||
        read_withdrawals(sim, block, json_get(overrides, "withdrawals"));
}

/* ---- One call ---- */

static int code_of(enum tx_verdict verdict) {
    switch (verdict) {
    case TX_NONCE_MISMATCH_TOO_LOW: return SIMULATE_NONCE_TOO_LOW;
    case TX_NONCE_MISMATCH_TOO_HIGH: return SIMULATE_NONCE_TOO_HIGH;
    case TX_INSUFFICIENT_MAX_FEE_PER_GAS: return SIMULATE_FEE_TOO_LOW;
    case TX_INTRINSIC_GAS_TOO_LOW:
    case TX_INTRINSIC_GAS_BELOW_FLOOR_GAS_COST: return SIMULATE_INTRINSIC_GAS;
    case TX_INSUFFICIENT_ACCOUNT_FUNDS: return SIMULATE_FUNDS;
    case TX_INITCODE_SIZE_EXCEEDED: return SIMULATE_INITCODE_SIZE;
    case TX_PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS: return RPC_INVALID_PARAMS;
    default: return RPC_INTERNAL;
    }
}

static bool fail_call(
    struct simulation *sim, enum tx_verdict verdict, const struct eth_args *args
) {
    (void)eth_fail_call(sim->request, verdict, &sim->on, args, "err: ");
    return rpc_fail(
        sim->request->call, code_of(verdict), "%s (supplied gas %" PRIu64 ")",
        sim->request->call->error.message, args->tx.gas_limit
    );
}

/* What eth_call leaves unjudged and a transaction must have. */
static enum tx_verdict validate(struct simulation *sim, const struct eth_args *args) {
    const struct evm_block *env = &sim->on.run.env;
    const uint64_t nonce = state_nonce(&sim->on.state, &args->from);
    if (args->tx.nonce < nonce) return TX_NONCE_MISMATCH_TOO_LOW;
    if (args->tx.nonce > nonce) return TX_NONCE_MISMATCH_TOO_HIGH;
    if (u256_less(&args->tx.max_fee_per_gas, &env->base_fee)) {
        return TX_INSUFFICIENT_MAX_FEE_PER_GAS;
    }
    if (args->has_blobs && u256_less(&args->tx.max_fee_per_blob_gas, &env->blob_base_fee)) {
        return TX_INSUFFICIENT_MAX_FEE_PER_BLOB_GAS;
    }
    return TX_VALID;
}

/* Nonce and gas, where they are not given; and the type that carries what is. */
static bool complete(struct simulation *sim, struct eth_args *args) {
    const uint64_t left = sim->on.run.env.gas_limit - sim->on.run.gas_used;
    if (!args->has_nonce) args->tx.nonce = state_nonce(&sim->on.state, &args->from);
    if (!args->has_gas) args->tx.gas_limit = left;
    if (args->tx.gas_limit > left) {
        return rpc_fail(
            sim->request->call, SIMULATE_BLOCK_GAS,
            "block gas limit reached: remaining: %" PRIu64 ", required: %" PRIu64, left,
            args->tx.gas_limit
        );
    }
    if (args->tx.gas_limit > sim->gas_left) args->tx.gas_limit = sim->gas_left;
    if (args->has_gas_price) {
        args->tx.type = TX_TYPE_LEGACY;
        args->tx.is_protected = false;
        args->tx.chain_id = 0;
    } else if (args->tx.type == TX_TYPE_BLOB && !args->has_blobs) {
        args->tx.type = TX_TYPE_DYNAMIC_FEE; /* a fee for blobs alone makes none */
    }
    return true;
}

/* With a signature of zeros. tx_encode has no legacy form for that. */
static struct bytes encode(struct arena *arena, const struct tx *tx) {
    if (tx->type != TX_TYPE_LEGACY) return tx_encode(arena, tx);
    struct rlp_writer writer = rlp_writer_in(arena, tx->data.len + 256);
    const size_t list = rlp_list_begin(&writer);
    rlp_write_u64(&writer, tx->nonce);
    rlp_write_u256(&writer, &tx->max_fee_per_gas);
    rlp_write_u64(&writer, tx->gas_limit);
    rlp_write_bytes(&writer, bytes_from(tx->to.bytes, tx->is_create ? 0 : sizeof tx->to.bytes));
    rlp_write_u256(&writer, &tx->value);
    rlp_write_bytes(&writer, tx->data);
    for (int i = 0; i < 3; i++) {
        rlp_write_u64(&writer, 0);
    }
    rlp_list_end(&writer, list);
    return rlp_written(&writer);
}

static bool run_call(
    struct simulation *sim, struct call_result *result, const struct json *json, uint64_t *next_log
) {
    struct rpc_call *call = sim->request->call;
    struct eth_args args;
    struct tx_outcome outcome;
    struct trace *trace = ARENA_NEW(call->arena, struct trace);
    if (!eth_read_args_of(sim->request, 0, json, &args) || !complete(sim, &args)) return false;
    enum tx_verdict verdict = sim->validates ? validate(sim, &args) : TX_VALID;
    if (verdict != TX_VALID) return fail_call(sim, verdict, &args);

    const struct trace_subject subject = {
        .run = &sim->on.run,
        .tx = &args.tx,
        .sender = &args.from,
        .now_ms = sim->request->eth->now_ms,
        .now_ctx = sim->request->eth->now_ctx,
    };
    trace_logs_begin(trace, call->arena, &subject, sim->traces_transfers);
    sim->on.vm.tracer = &trace->tracer;
    verdict = chain_call(&sim->on.run, &outcome, &args.tx, &args.from);
    sim->on.vm.tracer = NULL;
    if (!eth_state_is_sound(sim->request)) return false;
    if (verdict != TX_VALID) return fail_call(sim, verdict, &args);
    *result = (struct call_result){
        .tx = args.tx,
        .from = args.from,
        .encoded = encode(call->arena, &args.tx),
        .output = arena_copy(call->arena, outcome.output),
        .status = outcome.status,
        .gas_used = outcome.gas_used,
        .gas_peak = outcome.gas_peak,
    };
    tx_hash_of(&result->hash, result->encoded);
    const char *failure = trace_logs_end(trace, &result->logs, &result->log_count, next_log);
    if (failure != NULL) return refuse(sim, RPC_SERVER_ERROR, failure);
    block_run_append(&sim->on.run, &args.tx, &outcome);
    sim->gas_left -= outcome.gas_used;
    return true;
}

/* ---- The answer ---- */

static void put_error(struct json_writer *out, struct arena *arena, const struct call_result *one) {
    const bool reverted = one->status == EVM_REVERT;
    json_name(out, "error");
    json_begin_object(out);
    json_name(out, "message");
    json_write_cstring(
        out, reverted ? eth_revert_message(arena, one->output) : evm_status_text(one->status)
    );
    json_name(out, "code");
    if (reverted) {
        json_write_number(out, RPC_EXECUTION_REVERTED);
        json_name(out, "data");
        json_write_hex(out, one->output);
    } else {
        json_write_raw(out, BYTES_LITERAL("-32015"));
    }
    json_end_object(out);
}

static void put_call(
    struct json_writer *out,
    struct arena *arena,
    const struct call_result *one,
    const struct format_place *place
) {
    json_begin_object(out);
    json_name(out, "returnData"); /* what a revert says stands in its error */
    json_write_hex(out, one->status == EVM_SUCCESS ? one->output : bytes_from(NULL, 0));
    json_name(out, "logs");
    json_begin_array(out);
    for (size_t i = 0; i < one->log_count; i++) {
        format_log(out, &one->logs[i].log, place, &one->hash, one->logs[i].index);
    }
    json_end_array(out);
    json_name(out, "gasUsed");
    json_write_quantity(out, one->gas_used);
    json_name(out, "maxUsedGas");
    json_write_quantity(out, one->gas_peak);
    json_name(out, "status");
    json_write_quantity(out, one->status == EVM_SUCCESS);
    if (one->status != EVM_SUCCESS) put_error(out, arena, one);
    json_end_object(out);
}

static struct format_place place_of(
    const struct block *block, const struct hash *hash, size_t index, const struct tx *tx
) {
    const struct header *header = &block->header;
    /* Without validation a call may offer less than the block asks for. */
    const bool offers_less = u256_less(&tx->max_fee_per_gas, &header->base_fee_per_gas);
    return (struct format_place){
        .block_hash = hash,
        .block_number = header->number,
        .timestamp = header->timestamp,
        .tx_index = index,
        .base_fee = offers_less ? tx->max_fee_per_gas : header->base_fee_per_gas,
    };
}

static void put_block(
    const struct simulation *sim, const struct block *block, const struct call_result *results
) {
    struct json_writer *out = sim->request->call->result;
    struct hash hash;
    header_hash(&hash, &block->header);
    json_begin_object(out);
    format_header(out, &block->header, &hash, false);
    json_name(out, "size");
    json_write_quantity(out, block_encoded_size(block));
    json_name(out, "transactions");
    json_begin_array(out);
    for (size_t i = 0; i < block->tx_count; i++) {
        const struct call_result *one = &results[i];
        const struct format_place place = place_of(block, &hash, i, &one->tx);
        if (sim->full_txs) {
            format_tx(out, &one->tx, &one->hash, &one->from, &place);
        } else {
            json_write_hash(out, &one->hash);
        }
    }
    json_end_array(out);
    json_name(out, "uncles");
    json_begin_array(out);
    json_end_array(out);
    if (block->has_withdrawals) {
        json_name(out, "withdrawals");
        format_withdrawals(out, block->withdrawals, block->withdrawal_count);
    }
    json_name(out, "calls");
    json_begin_array(out);
    for (size_t i = 0; i < block->tx_count; i++) {
        const struct format_place place = place_of(block, &hash, i, &results[i].tx);
        put_call(out, sim->request->call->arena, &results[i], &place);
    }
    json_end_array(out);
    json_end_object(out);
}

/* ---- Running ---- */

static bool root_inside(void *ctx, struct hash *out, const struct state_diff *diff) {
    return root_of(ctx, out, diff);
}

/* Fields that follow from what ran. */
static bool end_header(struct simulation *sim, struct block *block) {
    struct rpc_call *call = sim->request->call;
    struct block_run *run = &sim->on.run;
    struct header *header = &block->header;
    if (chain_is_proof_of_work(&run->rules)) {
        block_run_reward(run, run->rules.row->block_reward_wei, NULL, 0);
    }
    if (block_run_end(run, block->withdrawals, block->withdrawal_count) != BLOCK_VALID) {
        return refuse(sim, RPC_INTERNAL, "a system contract is missing or fails");
    }
    header->gas_used = run->gas_used;
    header->blob_gas_used = run->blob_gas_used;
    header->logs_bloom = run->logs_bloom;
    block_transactions_root(
        call->arena, &header->transactions_root, block->encoded_txs, block->tx_count
    );
    receipts_root(call->arena, &header->receipts_root, run->receipts, run->receipt_count);
    if (block->has_withdrawals) {
        block_withdrawals_root(
            call->arena, &header->withdrawals_root, block->withdrawals, block->withdrawal_count
        );
    }
    if (header->form >= HEADER_FORM_PRAGUE) {
        block_requests_hash(&header->requests_hash, run->requests, run->request_count);
    }
    const struct state_diff diff = state_diff(call->arena, &sim->on.state);
    if (!eth_state_is_sound(sim->request)) return false;
    return root_of(sim, &header->state_root, &diff) ||
        refuse(sim, RPC_INTERNAL, "the state's trie cannot be read");
}

static bool run_block(
    struct simulation *sim,
    struct header *header,
    const struct wanted *wanted,
    const struct header *parent
) {
    struct rpc_call *call = sim->request->call;
    const struct json *calls = json_get(wanted->json, "calls");
    const struct json *overrides = json_get(wanted->json, "blockOverrides");
    const struct param_object object = {0, overrides, "BlockOverrides"};
    const size_t count = json_count(calls);
    struct call_result *results = ARENA_ARRAY(call->arena, struct call_result, count);
    struct tx *txs = ARENA_ARRAY(call->arena, struct tx, count);
    struct bytes *encoded = ARENA_ARRAY(call->arena, struct bytes, count);
    struct block_run *run = &sim->on.run;
    struct block block;
    uint64_t next_log = 0;
    bool has;
    if (!begin_header(sim, &block, wanted, parent)) return false;
    sim->on.header = block.header;
    sim->on.moves = NULL;
    block_run_init(
        run, call->arena, &sim->on.state, &sim->on.vm, sim->request->eth->backend->config,
        &sim->on.header
    );
    if (!member_u256(call, &object, "blobBaseFee", &run->env.blob_base_fee, &has) ||
        !eth_run_override_state(
            sim->request, &sim->on, 0, json_get(wanted->json, "stateOverrides")
        )) {
        return false;
    }
    const struct chain_rooter rooter = {root_inside, sim};
    const struct evm_block shown_env = run->env;
    run->rooter = &rooter;
    run->shown_env = &shown_env;
    block_run_start(run, &block.header);
    for (const struct json *one = json_first(calls); one != NULL; one = one->next) {
        struct call_result *result = &results[block.tx_count];
        if (!run_call(sim, result, one, &next_log)) return false;
        txs[block.tx_count] = result->tx;
        encoded[block.tx_count++] = result->encoded;
    }
    block.txs = txs;
    block.encoded_txs = encoded;
    const bool good = end_header(sim, &block);
    run->shown_env = NULL;
    run->rooter = NULL;
    if (!good) return false;
    header_hash(&sim->hashes[sim->hash_count++], &block.header);
    put_block(sim, &block, results);
    *header = block.header;
    return true;
}

static bool simulate(struct request *request) {
    struct rpc_call *call = request->call;
    const struct json *options = json_at(call->params, 0);
    struct simulation *sim = ARENA_NEW(call->arena, struct simulation);
    struct block_ref ref;
    sim->request = request;
    sim->gas_left = ETH_GAS_CAP;
    sim->validates = json_is_true(json_get(options, "validation"));
    sim->traces_transfers = json_is_true(json_get(options, "traceTransfers"));
    sim->full_txs = json_is_true(json_get(options, "returnFullTransactions"));
    if (!param_present(call, 0)) return param_missing(call, 0);
    if (json_kind(options) != JSON_OBJECT) {
        return refuse(sim, RPC_INVALID_PARAMS, "invalid argument 0: no object");
    }
    if (!param_block(call, 1, &ref) || !open_base(sim, &ref)) return false;
    if (!plan(sim, json_get(options, "blockStateCalls"))) return false;
    struct header parent = sim->on.source.header, header;
    json_begin_array(call->result);
    for (size_t i = 0; i < sim->wanted_count && !call->result->overflowed; i++) {
        if (!run_block(sim, &header, &sim->wanted[i], &parent)) return false;
        parent = header;
    }
    json_end_array(call->result);
    return true;
}

ETH_WRAP(simulate)

static const struct rpc_method methods[] = {
    {"eth_simulateV1", call_simulate, 2},
};
const struct rpc_table eth_simulate_table = {methods, ARRAY_LEN(methods), NULL};
