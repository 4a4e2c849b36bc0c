/* infinity evm t8n: transactions applied to a state in a block's environment, for test generators.
 *
 * Source: geth's cmd/evm (t8n): flags, files, numbers of errors, and what is computed where it is not
 * given. Where geth refuses an environment that lacks a value which has an obvious one (no withdrawals, no
 * randomness, no beacon root), it is taken.
 */
#include "chain/genesis.h"
#include "cmd/command.h"
#include "cmd/suite_chain.h"
#include "cmd/t8n_io.h"
#include "cmd/t8n_result.h"
#include "cmd/t8n_trace.h"
#include "cmd/tx_json.h"
#include "codec/hex.h"
#include "codec/rlp.h"
#include "world/heap.h"

#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>

enum { CODE_CACHE_SIZE = 16 << 20, REASON_MAX = 512, OUTPUT_MAX = 1 << 30, RLP_MAX = 64 << 20 };

static const char help[] =
    "Usage: infinity evm t8n [OPTIONS]\n"
    "\n"
    "Applies transactions to a state, in the environment of one block, as geth's `evm t8n` does.\n"
    "\n"
    "  --input.alloc FILE|stdin    the state before (default alloc.json)\n"
    "  --input.env FILE|stdin      the block (default env.json)\n"
    "  --input.txs FILE|stdin      transactions: objects, signed or with a secretKey; or, in a "
    "file\n"
    "                              that ends in .rlp, a JSON string of the RLP list\n"
    "                              (default txs.json)\n"
    "  --input.blobParams FILE|stdin   {target, max, baseFeeUpdateFraction} in place of the "
    "fork's\n"
    "  --state.fork NAME           rules (below; default GrayGlacier)\n"
    "  --state.chainid N           (default 1)\n"
    "  --state.reward N            wei for the miner; -1: none, not even a touch (default: the "
    "fork's)\n"
    "  --state-test                no system calls, rewards, withdrawals or requests around "
    "them\n"
    "  --output.basedir DIR        where output files go; made where it is missing\n"
    "  --output.alloc FILE|stdout|stderr    the state after (default alloc.json)\n"
    "  --output.result FILE|stdout|stderr   roots, receipts, gas (default result.json)\n"
    "  --output.body FILE|stdout|stderr     RLP of the transactions that are in (default: none)\n"
    "  --trace                     a file trace-INDEX-HASH.jsonl of EIP-3155 lines a transaction\n"
    "  --trace.memory, --trace.returndata   lines have memory, and what the last call returned\n"
    "  --trace.nostack             lines have no stack\n"
    "  --trace.callframes          lines for calls, as they begin and end\n"
    "  --trace.nomemory, --trace.noreturndata   the default\n"
    "  --trace.tracer NAME         a file trace-INDEX-HASH.json a transaction, of what a tracer "
    "of\n"
    "                              debug_traceTransaction says: callTracer, prestateTracer ...\n"
    "  --trace.jsonconfig JSON     that tracer's configuration\n"
    "  --opcode.count FILE|stdout|stderr    how often each instruction ran\n"
    "  --verbosity N               taken and ignored\n"
    "\n"
    "stdin is one object {\"alloc\", \"env\", \"txs\" or \"txsRlp\"}. A currentGasLimit of 0 is "
    "none.\n"
    "\n"
    "A fork is one of these, or a step between two such as CancunToPragueAtTime15k (the second "
    "from\n"
    "timestamp 15000 on), BerlinToLondonAt5 (from block 5 on) or ArrowGlacierToParisAtDiffC0000 "
    "(where\n"
    "there is a currentRandom):\n";

static const char help_end[] =
    "\n"
    "Example: infinity evm t8n --input.alloc alloc.json --input.env env.json --input.txs txs.json "
    "\\\n"
    "           --state.fork Osaka --output.alloc stdout --output.result stdout\n"
    "Exit status: 0 done, 1 bad usage, 2 execution failed, 3 bad configuration, 4 a block hash is\n"
    "missing, 10 bad JSON, 11 files, 12 bad RLP.\n";

struct options {
    const char *alloc, *env, *txs, *blob_params;
    const char *fork, *chain_id, *reward;
    const char *folder, *to_alloc, *to_result, *to_body;
    const char *opcode_count;
    bool is_state_test;
    struct t8n_trace_options trace;
};

struct given_tx {
    struct tx tx;
    struct bytes encoded;
    const char *problem; /* it does not decode; or NULL */
};

struct t8n {
    struct options options;
    struct arena arena;
    struct t8n_io io;
    struct chain_config config;
    struct t8n_env env;
    struct prestate before;
    struct ecdsa_signer signer;
    struct given_tx *given;
    size_t given_count;

    struct chain_vm vm;
    struct state state;
    struct block_run run;
    struct t8n_included *included;
    struct t8n_rejected *rejected;
    size_t rejected_count;
    bool misses_hash;
    uint64_t missing_number;
    struct t8n_trace trace;
};

/* ---- What is given ---- */

static enum t8n_error read_config(struct t8n *t8n) {
    const char *const name = t8n->options.fork;
    char *end;
    if (!suite_chain_config(&t8n->config, NULL, name)) {
        return t8n_fail(
            T8N_CONFIG, "failed constructing chain configuration: unsupported fork \"%s\"", name
        );
    }
    t8n->config.chain_id = strtoull(t8n->options.chain_id, &end, 0);
    if (end == t8n->options.chain_id || *end != '\0') {
        return t8n_fail(T8N_USAGE, "--state.chainid: '%s' is no number", t8n->options.chain_id);
    }
    return T8N_GOOD;
}

/* What of the rules depends on the block: whether it stands behind the merge, which no total difficulty
 * tells here, and the fork that --input.blobParams is about. */
static enum t8n_error complete_config(struct t8n *t8n) {
    struct chain_config *const config = &t8n->config;
    const struct header *const header = &t8n->env.header;
    const struct json *json;
    if (config->has_terminal_difficulty && t8n->env.has_random) config->activation[FORK_PARIS] = 0;
    if (t8n->options.blob_params[0] == '\0') return T8N_GOOD;
    const enum t8n_error error =
        t8n_io_read(&t8n->io, &json, t8n->options.blob_params, "blobParams");
    if (error != T8N_GOOD) return error;
    const enum fork fork = chain_rules_at(config, header->number, header->timestamp).fork;
    if (suite_chain_blob_params(&config->blobs[fork], json)) return T8N_GOOD;
    return t8n_fail(
        T8N_JSON, "failed unmarshalling blobParams: target, max, baseFeeUpdateFraction"
    );
}

static enum t8n_error read_env(struct t8n *t8n) {
    const struct json *json;
    const char *what;
    enum t8n_error error = t8n_io_read(&t8n->io, &json, t8n->options.env, "env");
    if (error != T8N_GOOD) return error;
    if (!t8n_env_read(&t8n->arena, &t8n->env, &what, json)) {
        return t8n_fail(
            T8N_JSON, "failed unmarshalling env: missing or wrong field '%s' for stEnv", what
        );
    }
    error = complete_config(t8n);
    if (error != T8N_GOOD) return error;
    what = t8n_env_complete(&t8n->env, &t8n->config);
    return what == NULL ? T8N_GOOD : t8n_fail(T8N_CONFIG, "%s", what);
}

static enum t8n_error read_alloc(struct t8n *t8n) {
    const struct json *json;
    const enum t8n_error error = t8n_io_read(&t8n->io, &json, t8n->options.alloc, "alloc");
    if (error != T8N_GOOD) return error;
    if (prestate_read(&t8n->arena, &t8n->before, json)) return T8N_GOOD;
    return t8n_fail(T8N_JSON, "failed unmarshalling alloc: not an object of accounts");
}

static enum t8n_error read_objects(struct t8n *t8n, const struct json *list) {
    for (const struct json *one = json_first(list); one != NULL; one = one->next) {
        struct given_tx *const given = &t8n->given[t8n->given_count++];
        const char *what;
        if (!tx_json_read(
                &t8n->arena, &given->tx, &what, one, t8n->config.chain_id, &t8n->signer
            )) {
            return t8n_fail(
                T8N_JSON, "failed unmarshalling txs: tx %zu: missing or wrong field '%s'",
                t8n->given_count - 1, what
            );
        }
        given->encoded = tx_encode(&t8n->arena, &given->tx);
    }
    return T8N_GOOD;
}

/* A list as in a block's body. A transaction in it that does not decode is rejected later on. */
static enum t8n_error read_rlp(struct t8n *t8n, const struct json *json) {
    struct bytes encoded;
    if (!json_read_bytes(&t8n->arena, json, &encoded, RLP_MAX)) {
        return t8n_fail(T8N_JSON, "failed unmarshalling txs: the RLP is no hex string");
    }
    if (encoded.len == 0) return T8N_GOOD;
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list list = rlp_enter(&reader);
    t8n->given = ARENA_ARRAY(&t8n->arena, struct given_tx, rlp_count(&reader));
    while (rlp_more(&reader)) {
        const struct rlp_item item = rlp_read_item(&reader);
        struct given_tx *const given = &t8n->given[t8n->given_count++];
        given->encoded = item.is_list ? item.whole : item.payload;
        const enum tx_verdict verdict = tx_decode(&t8n->arena, &given->tx, given->encoded);
        if (verdict != TX_VALID) given->problem = tx_verdict_text(verdict);
    }
    rlp_leave(&reader, list);
    const enum rlp_verdict verdict = rlp_finish(&reader);
    return verdict == RLP_VALID ? T8N_GOOD : t8n_fail(T8N_RLP, "%s", rlp_verdict_text(verdict));
}

static enum t8n_error read_txs(struct t8n *t8n) {
    const struct json *json;
    enum t8n_error error = t8n_io_read(&t8n->io, &json, t8n->options.txs, "txs");
    if (error != T8N_GOOD) return error;
    if (strcmp(t8n->options.txs, "stdin") == 0) {
        const struct json *const rlp = json_get(t8n->io.stdin_object, "txsRlp");
        if (json_text(rlp).len != 0) json = rlp;
    }
    if (json_kind(json) == JSON_STRING) return read_rlp(t8n, json);
    t8n->given = ARENA_ARRAY(&t8n->arena, struct given_tx, json_count(json));
    return read_objects(t8n, json);
}

/* ---- Running ---- */

static void block_hash(void *ctx, uint64_t number, struct hash *out) {
    struct t8n *const t8n = ctx;
    *out = (struct hash){{0}};
    if (t8n_env_block_hash(&t8n->env, number, out) || t8n->misses_hash) return;
    t8n->misses_hash = true;
    t8n->missing_number = number;
}

static bool whole_root(void *ctx, struct hash *out, const struct state_diff *diff) {
    struct t8n *const t8n = ctx;
    const struct arena_mark mark = arena_mark(&t8n->arena);
    struct prestate after;
    prestate_apply(&t8n->arena, &after, &t8n->before, diff);
    prestate_root(&t8n->arena, out, &after);
    arena_rewind(&t8n->arena, mark);
    return true;
}

static void reject(struct t8n *t8n, size_t index, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void reject(struct t8n *t8n, size_t index, const char *format, ...) {
    char reason[REASON_MAX];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    t8n->rejected[t8n->rejected_count++] =
        (struct t8n_rejected){index, arena_copy(&t8n->arena, bytes_from(reason, strlen(reason)))};
}

static const char *address_text(char text[43], const struct address *address) {
    text[hex_encode(text, BYTES_OF(address->bytes))] = '\0';
    return text;
}

/* geth's words, with the amounts. */
static void reject_verdict(
    struct t8n *t8n,
    size_t index,
    enum tx_verdict verdict,
    const struct tx *tx,
    const struct address *sender
) {
    char from[43];
    char one[80];
    char other[80];
    uint64_t amount;
    uint64_t limit;
    const char *const text = tx_verdict_text(verdict);
    switch (verdict) {
    case TX_INTRINSIC_GAS_TOO_LOW:
        amount = tx_intrinsic_gas(tx, &t8n->run.rules);
        reject(t8n, index, "%s: have %" PRIu64 ", want %" PRIu64, text, tx->gas_limit, amount);
        return;
    case TX_NONCE_MISMATCH_TOO_LOW:
    case TX_NONCE_MISMATCH_TOO_HIGH:
        amount = state_nonce(&t8n->state, sender);
        reject(
            t8n, index, "%s: address %s, tx: %" PRIu64 " state: %" PRIu64, text,
            address_text(from, sender), tx->nonce, amount
        );
        return;
    case TX_INSUFFICIENT_MAX_FEE_PER_GAS:
        (void)u256_to_decimal(one, &tx->max_fee_per_gas);
        (void)u256_to_decimal(other, &t8n->run.env.base_fee);
        reject(
            t8n, index, "%s: address %s, maxFeePerGas: %s, baseFee: %s", text,
            address_text(from, sender), one, other
        );
        return;
    case TX_TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED:
        amount = t8n->run.blob_gas_used + tx_blob_gas(tx);
        limit = t8n->run.rules.blobs.max * TX_BLOB_GAS;
        reject(
            t8n, index, "blob gas (%" PRIu64 ") would exceed maximum allowance %" PRIu64, amount,
            limit
        );
        return;
    default: reject(t8n, index, "%s", text); return;
    }
}

static enum t8n_error run_tx(
    struct t8n *t8n,
    enum tx_verdict *verdict,
    struct tx_outcome *outcome,
    const struct trace_subject *subject
) {
    enum t8n_error error = t8n_trace_begin(&t8n->trace, &t8n->vm.tracer, subject);
    if (error != T8N_GOOD) return error;
    *verdict = block_run_tx(&t8n->run, outcome, subject->tx, subject->sender);
    t8n->vm.tracer = NULL;
    return t8n_trace_end(&t8n->trace, *verdict == TX_VALID ? outcome : NULL);
}

static enum t8n_error one_tx(struct t8n *t8n, size_t index) {
    const struct given_tx *const given = &t8n->given[index];
    const struct tx *const tx = &given->tx;
    struct t8n_included *const included = &t8n->included[t8n->run.receipt_count];
    struct tx_outcome outcome = {.gas_used = 0};
    struct address sender;
    enum t8n_error error;
    if (given->problem != NULL) {
        reject(t8n, index, "%s", given->problem);
        return T8N_GOOD;
    }
    if (tx->type == TX_TYPE_BLOB && !t8n->env.has_excess_blob_gas) {
        reject(t8n, index, "blob tx used but field env.ExcessBlobGas missing");
        return T8N_GOOD;
    }
    enum tx_verdict verdict = tx_sender(&t8n->arena, &sender, tx, &t8n->run.rules);
    if (verdict != TX_VALID) {
        reject_verdict(t8n, index, verdict, tx, &sender);
        return T8N_GOOD;
    }
    tx_hash_of(&included->hash, given->encoded);
    const struct trace_subject subject = {
        .run = &t8n->run,
        .tx = tx,
        .sender = &sender,
        .tx_hash = &included->hash,
        .tx_index = t8n->run.receipt_count,
    };
    error = run_tx(t8n, &verdict, &outcome, &subject);
    if (error != T8N_GOOD) return error;
    if (verdict != TX_VALID) {
        reject_verdict(t8n, index, verdict, tx, &sender);
        return T8N_GOOD;
    }
    included->encoded = given->encoded;
    included->is_create = tx->is_create;
    included->created = outcome.created;
    included->gas_used = outcome.gas_used;
    if (!t8n->misses_hash) return T8N_GOOD;
    return t8n_fail(
        T8N_MISSING_BLOCK_HASH, "getHash(%" PRIu64 ") invoked, %s", t8n->missing_number,
        t8n->env.block_hashes == NULL ? "no blockhashes provided"
                                      : "blockhash for that block not provided"
    );
}

/* System calls for which there is an input, and the DAO fork's change. */
static void start_block(struct t8n *t8n) {
    struct block_run *const run = &t8n->run;
    const struct header *const header = &t8n->env.header;
    struct hash parent;
    if (!run->rules.row->beacon_roots) {
        block_run_start(run, header);
        return;
    }
    if (t8n->env.has_beacon_root) {
        (void)block_run_system_call(
            run, &genesis_system_contracts[SYSTEM_BEACON_ROOTS].address,
            BYTES_OF(header->parent_beacon_root)
        );
    }
    if (run->rules.row->parent_hashes && header->number > 0 &&
        t8n_env_block_hash(&t8n->env, header->number - 1, &parent)) {
        (void)block_run_system_call(
            run, &genesis_system_contracts[SYSTEM_HISTORY_STORAGE].address, BYTES_OF(parent)
        );
    }
}

/* -1 turns rewards off; without the flag a block of proof of work pays what its fork pays. From Paris on
 * there is none, whatever the flag says. */
static enum t8n_error pay_rewards(struct t8n *t8n) {
    const struct t8n_env *const env = &t8n->env;
    uint64_t wei = t8n->run.rules.row->block_reward_wei;
    if (t8n->options.reward != NULL) {
        char *end;
        const long long reward = strtoll(t8n->options.reward, &end, 0);
        if (end == t8n->options.reward || *end != '\0') {
            return t8n_fail(T8N_USAGE, "--state.reward: '%s' is no number", t8n->options.reward);
        }
        if (reward < 0) return T8N_GOOD;
        if (chain_is_proof_of_work(&t8n->run.rules)) wei = (uint64_t)reward;
    }
    struct header *const ommers = ARENA_ARRAY(&t8n->arena, struct header, env->ommer_count);
    for (size_t i = 0; i < env->ommer_count; i++) {
        ommers[i].number = env->header.number - env->ommers[i].delta;
        ommers[i].fee_recipient = env->ommers[i].address;
    }
    block_run_reward(&t8n->run, wei, ommers, env->ommer_count);
    return T8N_GOOD;
}

static enum t8n_error end_block(struct t8n *t8n) {
    const struct t8n_env *const env = &t8n->env;
    const enum t8n_error error = pay_rewards(t8n);
    if (error != T8N_GOOD) return error;
    const enum block_verdict verdict =
        block_run_end(&t8n->run, env->withdrawals, env->withdrawal_count);
    if (verdict == BLOCK_VALID) return T8N_GOOD;
    return t8n_fail(T8N_EVM, "failed to process post-execution: %s", block_verdict_text(verdict));
}

static enum t8n_error apply(struct t8n *t8n) {
    const struct t8n_env *const env = &t8n->env;
    const bool is_block = !t8n->options.is_state_test;
    enum t8n_error error = T8N_GOOD;
    block_run_init(&t8n->run, &t8n->arena, &t8n->state, &t8n->vm, &t8n->config, &env->header);
    const struct chain_rooter rooter = {whole_root, t8n};
    t8n->run.rooter = &rooter;
    if (env->header.gas_limit == 0) t8n->run.env.gas_limit = INT64_MAX;
    if (!env->has_excess_blob_gas) t8n->run.env.blob_base_fee = U256_ZERO;
    if (is_block) start_block(t8n);
    for (size_t i = 0; i < t8n->given_count && error == T8N_GOOD; i++) {
        error = one_tx(t8n, i);
    }
    if (error == T8N_GOOD && is_block) error = end_block(t8n);
    t8n->run.rooter = NULL;
    return error;
}

/* ---- What comes out ---- */

static enum t8n_error write_outputs(struct t8n *t8n) {
    const struct options *const options = &t8n->options;
    const struct state_diff diff = state_diff(&t8n->arena, &t8n->state);
    struct prestate after;
    struct t8n_result result = {
        .env = &t8n->env,
        .run = &t8n->run,
        .included = t8n->included,
        .rejected = t8n->rejected,
        .rejected_count = t8n->rejected_count,
    };
    prestate_apply(&t8n->arena, &after, &t8n->before, &diff);
    prestate_root(&t8n->arena, &result.state_root, &after);

    struct json_writer alloc;
    struct json_writer values;
    struct json_writer body;
    struct json_writer counts;
    json_writer_init(&alloc, OUTPUT_MAX);
    json_writer_init(&values, OUTPUT_MAX);
    json_writer_init(&body, OUTPUT_MAX);
    json_writer_init(&counts, OUTPUT_MAX);
    t8n_write_alloc(&alloc, &after);
    t8n_write_result(&t8n->arena, &values, &result);
    t8n_write_body(&t8n->arena, &body, &result);
    t8n_trace_write_counts(&counts, &t8n->trace, t8n->run.evm_rules);
    const struct {
        const char *where, *name;
        const struct json_writer *value;
    } outputs[] = {
        {options->opcode_count, "opcodeCount", &counts},
        {options->to_alloc, "alloc", &alloc},
        {options->to_result, "result", &values},
        {options->to_body, "body", &body},
    };
    enum t8n_error error = T8N_GOOD;
    for (size_t i = 0; i < ARRAY_LEN(outputs) && error == T8N_GOOD; i++) {
        const struct bytes value = json_writer_text(outputs[i].value);
        if (outputs[i].value->overflowed) {
            error = t8n_fail(T8N_IO, "failed writing output: %s is too long", outputs[i].name);
        } else {
            error = t8n_io_write(&t8n->io, outputs[i].where, outputs[i].name, value);
        }
    }
    json_writer_free(&alloc);
    json_writer_free(&values);
    json_writer_free(&body);
    json_writer_free(&counts);
    return error;
}

static enum t8n_error run(struct t8n *t8n) {
    enum t8n_error error = t8n_io_begin(&t8n->io, &t8n->arena, t8n->options.folder);
    ecdsa_signer_init(&t8n->signer, NULL);
    t8n->options.trace.counts = t8n->options.opcode_count[0] != '\0';
    if (error == T8N_GOOD) error = t8n_trace_init(&t8n->trace, &t8n->io, &t8n->options.trace);
    if (error == T8N_GOOD) error = read_config(t8n);
    if (error == T8N_GOOD) error = read_alloc(t8n);
    if (error == T8N_GOOD) error = read_env(t8n);
    if (error == T8N_GOOD) error = read_txs(t8n);
    if (error != T8N_GOOD) return error;
    struct prestate_source source = {&t8n->before, block_hash, t8n};
    const struct state_reader reader = prestate_reader(&source);
    state_init(&t8n->state, &t8n->arena, &reader);
    t8n->included = ARENA_ARRAY(&t8n->arena, struct t8n_included, t8n->given_count + 1);
    t8n->rejected = ARENA_ARRAY(&t8n->arena, struct t8n_rejected, t8n->given_count);
    error = apply(t8n);
    if (error == T8N_GOOD) error = write_outputs(t8n);
    return error;
}

/* ---- The command line ---- */

static enum t8n_error take_options(struct options *options, int argc, char **argv) {
    struct t8n_trace_options *const trace = &options->trace;
    const struct t8n_option known[] = {
        {"input.alloc", &options->alloc, NULL},
        {"input.env", &options->env, NULL},
        {"input.txs", &options->txs, NULL},
        {"input.blobParams", &options->blob_params, NULL},
        {"state.fork", &options->fork, NULL},
        {"state.chainid", &options->chain_id, NULL},
        {"state.reward", &options->reward, NULL},
        {"output.basedir", &options->folder, NULL},
        {"output.alloc", &options->to_alloc, NULL},
        {"output.result", &options->to_result, NULL},
        {"output.body", &options->to_body, NULL},
        {"opcode.count", &options->opcode_count, NULL},
        {"state-test", NULL, &options->is_state_test},
        {"trace", NULL, &trace->is_on},
        {"trace.memory", NULL, &trace->memory},
        {"trace.nomemory", NULL, &trace->no_memory},
        {"trace.nostack", NULL, &trace->no_stack},
        {"trace.returndata", NULL, &trace->return_data},
        {"trace.noreturndata", NULL, &trace->no_return_data},
        {"trace.callframes", NULL, &trace->calls},
        {"trace.tracer", &trace->tracer, NULL},
        {"trace.jsonconfig", &trace->tracer_config, NULL},
    };
    return t8n_read_options(known, ARRAY_LEN(known), "evm t8n", argc, argv);
}

static enum t8n_error print_help(void) {
    (void)fputs(help, stdout);
    int column = 0;
    for (enum fork fork = FORK_FRONTIER; fork < FORK_COUNT; fork++) {
        const char *const name = chain_forks[fork].name;
        if (column + (int)strlen(name) > 90) {
            (void)fputc('\n', stdout);
            column = 0;
        }
        column += printf("%s%s", column == 0 ? "  " : " ", name);
    }
    (void)fputs("\n", stdout);
    return fputs(help_end, stdout) < 0 ? T8N_IO : T8N_GOOD;
}

int cmd_t8n(int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return print_help();
    }
    struct t8n *const t8n = calloc(1, sizeof *t8n);
    ASSERT(t8n != NULL);
    t8n->options = (struct options){
        .alloc = "alloc.json",
        .env = "env.json",
        .txs = "txs.json",
        .fork = "GrayGlacier",
        .chain_id = "1",
        .folder = "",
        .to_alloc = "alloc.json",
        .to_result = "result.json",
        .to_body = "",
        .opcode_count = "",
        .blob_params = "",
        .trace = {.tracer = "", .tracer_config = "", .no_memory = true, .no_return_data = true},
    };
    enum t8n_error error = take_options(&t8n->options, argc, argv);
    if (error == T8N_GOOD) {
        arena_init(&t8n->arena, &heap_source);
        t8n->vm.evm = evm_create(&heap_source, CODE_CACHE_SIZE);
        error = run(t8n);
        if (error == T8N_GOOD) error = t8n_io_end(&t8n->io);
        t8n_trace_free(&t8n->trace);
        evm_destroy(t8n->vm.evm);
        arena_reset(&t8n->arena);
    }
    free(t8n);
    return error;
}
