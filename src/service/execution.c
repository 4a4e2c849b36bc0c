#include "service/execution.h"

#include "base/checked.h"
#include "chain/build.h"
#include "crypto/keccak.h"
#include "service/execution_ahead.h"
#include "service/execution_candidate.h"
#include "service/senders.h"
#include "world/workers.h"

#include <stdio.h>
#include <stdlib.h>

enum { CODE_CACHE_MAX = 64 << 20 };

struct execution {
    struct execution_options options;
    struct engine engine;
    struct evm *evm;
    struct chain_vm vm;
    struct workers *workers;
    struct ahead *ahead;
    struct header head;
    struct store_mark head_mark;                               /* its state_root is the trie's */
    struct candidate candidates[EXECUTION_CANDIDATES_MAX + 1]; /* one more is being judged */
    uint64_t candidate_age;
    struct root_memo memo; /* of the last build */
    struct execution_listener listeners[EXECUTION_LISTENERS_MAX];
    size_t listener_count;

    /* A view on the head's state that is shared by whoever reads between two writes. */
    struct store_view *view;
    struct arena view_arena;
    struct state_reader view_reader;

    struct execution_settings settings;
};

/* ---- views ---- */

static void close_view(struct execution *x) {
    if (x->view == NULL) return;
    store_view_close(x->view);
    x->view = NULL;
    arena_reset(&x->view_arena);
}

struct status execution_view(struct execution *x, struct store_view **out) {
    *out = x->view;
    if (x->view != NULL) return status_ok;

    struct status status = store_view_open(&x->view, x->options.store);
    if (failed(status)) return status;
    status = store_state(x->view, &x->view_arena, &x->view_reader, x->head_mark.number);
    if (failed(status)) {
        close_view(x);
        return status;
    }
    *out = x->view;
    return status_ok;
}

/* ---- parents ---- */

static struct status read_header(
    struct store_view *view, struct header *out, uint64_t number, const struct hash *hash
) {
    struct bytes encoded;
    const struct status status = store_header(view, &encoded, number, hash);
    if (failed(status)) return status;
    if (header_decode(out, encoded) != BLOCK_VALID) {
        return status_make(STATUS_CORRUPT, 0, "reading a header from the database");
    }
    return status_ok;
}

/* The canonical block with this hash. STATUS_MISSING where there is none. */
static struct status find_canonical(
    struct store_view *view, struct store_mark *mark, const struct hash *hash
) {
    uint64_t number;
    struct status status = store_block_number(view, &number, hash);
    if (!failed(status)) status = store_canonical(view, mark, number);
    if (!failed(status) && !hash_equal(&mark->hash, hash)) {
        status = status_make(STATUS_MISSING, 0, "looking up a canonical block");
    }
    return status;
}

/* The same with its header. */
static struct status find_parent(
    const struct execution *x,
    struct store_view *view,
    struct store_mark *mark,
    struct header *header,
    const struct hash *hash
) {
    if (hash_equal(hash, &x->head_mark.hash)) { /* at hand */
        *mark = x->head_mark;
        *header = x->head;
        return status_ok;
    }
    const struct status status = find_canonical(view, mark, hash);
    return failed(status) ? status : read_header(view, header, mark->number, hash);
}

/* The state of the canonical block with this hash, in arena and as long as view. */
static struct status open_parent(
    const struct execution *x,
    struct store_view *view,
    struct arena *arena,
    struct parent_state *out,
    const struct hash *hash
) {
    struct store_mark mark;
    struct status status = find_parent(x, view, &mark, &out->header, hash);
    if (failed(status)) return status;
    out->hash = mark.hash;
    out->state_root = mark.state_root;
    status = store_state(view, arena, &out->reader, mark.number);
    if (!failed(status)) status = store_trie(view, arena, &out->trie, mark.number);
    return status;
}

/* ---- candidates ---- */

static void drop_candidate(struct candidate *candidate) {
    arena_reset(&candidate->arena);
    candidate->used = false;
}

static struct candidate *find_candidate(struct execution *x, const struct hash *hash) {
    for (size_t i = 0; i < ARRAY_LEN(x->candidates); i++) {
        struct candidate *candidate = &x->candidates[i];
        if (candidate->used && hash_equal(&candidate->hash, hash)) return candidate;
    }
    return NULL;
}

/* The place that is empty between two calls, for a block that is about to be judged. It is not
 * found by its hash before it was. */
static struct candidate *take_candidate(struct execution *x) {
    struct candidate *candidate = &x->candidates[0];
    while (candidate->used) {
        candidate++;
        ASSERT(candidate < x->candidates + ARRAY_LEN(x->candidates));
    }
    *candidate = (struct candidate){.age = ++x->candidate_age};
    arena_init(&candidate->arena, x->options.source);
    return candidate;
}

/* Keeps the judged candidate; only a valid block makes the oldest go. */
static void keep_candidate(struct execution *x, struct candidate *judged) {
    struct candidate *oldest = judged;
    size_t count = 0;
    judged->used = true;
    for (size_t i = 0; i < ARRAY_LEN(x->candidates); i++) {
        struct candidate *candidate = &x->candidates[i];
        if (!candidate->used) continue;
        count++;
        if (candidate->age < oldest->age) oldest = candidate;
    }
    if (count > EXECUTION_CANDIDATES_MAX) drop_candidate(oldest);
}

static void forget(void *ctx, const struct hash *hash) {
    struct candidate *candidate = find_candidate(ctx, hash);
    if (candidate != NULL) drop_candidate(candidate);
}

/* Senders that need no recovery are those of pooled and of impersonated transactions. NULL where
 * one has no valid signature: execution then finds that out itself, and says so. */
static const struct address *find_senders(
    struct execution *x, struct candidate *candidate, const struct chain_rules *rules
) {
    const struct senders_input input = {
        .block = &candidate->block,
        .rules = rules,
        .source = x->options.source,
        .allow_impersonation = x->options.allow_impersonation,
    };
    struct senders senders;
    senders_init(&senders, &candidate->arena, &input);
    for (size_t i = 0; i < candidate->block.tx_count; i++) {
        const struct pool_entry *entry = pool_find(x->options.pool, &candidate->tx_hashes[i]);
        senders.is_known[i] = entry != NULL;
        if (entry != NULL) senders.list[i] = entry->sender;
    }
    return senders_recover(&senders, x->workers);
}

static void describe_invalid(
    struct engine_payload_status *out, const struct block_outcome *outcome
) {
    out->verdict = ENGINE_INVALID;
    if (outcome->verdict == BLOCK_INVALID_TRANSACTION) {
        (void)snprintf(
            out->reason, sizeof out->reason, "transaction %zu: %s (%s)", outcome->tx_index,
            tx_verdict_text(outcome->tx_verdict), tx_verdict_name(outcome->tx_verdict)
        );
        return;
    }
    (void)snprintf(
        out->reason, sizeof out->reason, "%s (%s)", block_verdict_text(outcome->verdict),
        block_verdict_name(outcome->verdict)
    );
}

/* Runs a decoded block on its parent. */
static struct status execute_candidate(
    struct execution *x, struct candidate *candidate, const struct parent_state *parent
) {
    const struct block *block = &candidate->block;
    const struct chain_rules rules =
        chain_rules_at(x->options.config, block->header.number, block->header.timestamp);
    if (!candidate->senders_are_sought) {
        candidate_hash_txs(candidate);
        candidate->senders = find_senders(x, candidate, &rules);
    }
    const struct block_input input = {
        .config = x->options.config,
        .parent = &parent->header,
        .parent_hash = &parent->hash,
        .block = block,
        .senders = candidate->senders,
        .base_fee = x->settings.has_next_base_fee ? &x->settings.next_base_fee : NULL,
        .gas_limit = x->settings.gas_limit_is_exact ? &x->settings.gas_limit : NULL,
        .allow_impersonation = x->options.allow_impersonation,
    };
    chain_execute_block(&candidate->arena, &candidate->outcome, &x->vm, &parent->reader, &input);
    if (candidate->outcome.verdict != BLOCK_VALID) return status_ok;

    const struct status status = candidate_compute_root_knowing(candidate, parent, &x->memo);
    if (failed(status)) return status;
    candidate->outcome.verdict = chain_check_state_root(&block->header, &candidate->state_root);
    return status_ok;
}

/* A candidate already, or canonical. */
static struct status is_known(
    struct execution *x,
    struct store_view *view,
    bool *known,
    const struct hash *hash,
    uint64_t number
) {
    *known = find_candidate(x, hash) != NULL;
    return *known ? status_ok : store_is_canonical(view, known, number, hash);
}

/* Decodes, finds the parent, executes. *known: the block was found valid before. */
static struct status judge(
    struct execution *x,
    struct candidate *candidate,
    struct store_view *view,
    bool *known,
    struct engine_payload_status *out,
    struct bytes encoded
) {
    struct block_outcome *outcome = &candidate->outcome;
    const bool is_prepared = ahead_take(x->ahead, candidate, encoded);
    if (!is_prepared) candidate_decode(candidate, encoded);
    if (outcome->verdict != BLOCK_VALID) {
        describe_invalid(out, outcome);
        return status_ok;
    }
    if (!is_prepared) candidate_hash_knowing(candidate, &x->memo);
    out->hash = candidate->hash;
    out->number = candidate->block.header.number;
    struct status status = is_known(x, view, known, &candidate->hash, out->number);
    if (failed(status) || *known) return status;

    struct parent_state parent;
    status = open_parent(x, view, &candidate->arena, &parent, &candidate->block.header.parent_hash);
    if (status.code == STATUS_MISSING || status.code == STATUS_UNAVAILABLE) {
        out->verdict = ENGINE_SYNCING;
        return status_ok;
    }
    if (!failed(status)) status = execute_candidate(x, candidate, &parent);
    if (!failed(status)) status = store_state_status(view);
    if (failed(status)) return status;

    if (outcome->verdict != BLOCK_VALID) describe_invalid(out, outcome);
    return status_ok;
}

bool execution_expect(struct execution *x, struct bytes encoded) {
    return x->options.worker_count > 0 && ahead_add(x->ahead, encoded);
}

static struct status new_payload(
    void *ctx, struct engine_payload_status *out, struct bytes encoded
) {
    struct execution *x = ctx;
    *out = (struct engine_payload_status){.verdict = ENGINE_VALID};

    struct store_view *view;
    struct status status = store_view_open(&view, x->options.store);
    if (failed(status)) return status;
    struct candidate *candidate = take_candidate(x);
    bool known = false;
    status = judge(x, candidate, view, &known, out, encoded);
    if (failed(status) || known || out->verdict != ENGINE_VALID) {
        drop_candidate(candidate);
    } else {
        keep_candidate(x, candidate);
    }
    store_view_close(view);
    return status;
}

/* ---- the head ---- */

static struct status load_head(struct execution *x) {
    struct store_view *view;
    struct status status = store_view_open(&view, x->options.store);
    if (failed(status)) return status;
    status = store_head(view, &x->head_mark);
    if (!failed(status)) {
        status = read_header(view, &x->head, x->head_mark.number, &x->head_mark.hash);
    }
    store_view_close(view);
    return status;
}

struct status execution_pool_head(struct execution *x, struct pool_head *out) {
    struct store_view *view;
    const struct status status = execution_view(x, &view);
    if (failed(status)) return status;

    const uint64_t next_time =
        max_u64(x->head.timestamp + 1, clock_wall_ms(x->options.clock) / 1000);
    out->rules = chain_rules_at(x->options.config, x->head.number + 1, next_time);
    out->base_fee =
        x->settings.has_next_base_fee ? x->settings.next_base_fee : header_next_base_fee(&x->head);
    out->blob_base_fee =
        header_blob_base_fee(header_next_excess_blob_gas(&x->head, &out->rules), &out->rules);
    out->gas_limit = x->settings.gas_limit_is_exact ? x->settings.gas_limit : x->head.gas_limit;
    out->reader = &x->view_reader;
    return status_ok;
}

/* Everything that hangs on the head, after it moved. */
static struct status head_moved(struct execution *x, uint64_t first_new) {
    struct pool_head pool_head;
    x->settings.has_next_base_fee = false;
    close_view(x);
    const struct status status = execution_pool_head(x, &pool_head);
    if (failed(status)) return status;
    pool_reset(x->options.pool, &pool_head, clock_wall_ms(x->options.clock));
    for (size_t i = 0; i < x->listener_count; i++) {
        x->listeners[i].head(x->listeners[i].ctx, &x->head, &x->head_mark.hash, first_new);
    }
    return status_ok;
}

static struct status append(struct execution *x, struct candidate *candidate) {
    const struct store_block block = candidate_store_block(candidate);
    const struct store_change change = candidate_store_change(candidate);
    close_view(x);
    return store_append(x->options.store, &block, &change);
}

/* The head is the candidate, which was appended. */
static void take_head(struct execution *x, const struct candidate *candidate) {
    x->head = candidate->block.header;
    x->head_mark =
        (struct store_mark){candidate->block.header.number, candidate->hash, candidate->state_root};
}

/* Puts the transactions of a block that is about to be unwound back into the pool, once it is. */
struct unwound {
    struct bytes *transactions;
    size_t count, room;
};

static void append_unwound(
    struct arena *arena, struct unwound *unwound, const struct block *block
) {
    for (size_t i = 0; i < block->tx_count; i++) {
        if (unwound->count == unwound->room) {
            const size_t room = unwound->room == 0 ? 64 : unwound->room * 2;
            struct bytes *grown = ARENA_ARRAY(arena, struct bytes, room);
            if (unwound->count > 0) {
                memcpy(grown, unwound->transactions, unwound->count * sizeof *grown);
            }
            unwound->transactions = grown;
            unwound->room = room;
        }
        unwound->transactions[unwound->count++] = block->encoded_txs[i];
    }
}

static struct status collect_unwound(
    struct execution *x, struct arena *arena, struct unwound *unwound, uint64_t after
) {
    struct store_view *view;
    struct status status = store_view_open(&view, x->options.store);
    if (failed(status)) return status;
    for (uint64_t number = after + 1; number <= x->head_mark.number; number++) {
        struct store_mark mark;
        struct bytes encoded;
        struct block block;
        enum tx_verdict tx_verdict;
        status = store_canonical(view, &mark, number);
        if (!failed(status)) status = store_body(view, &encoded, number, &mark.hash);
        if (failed(status)) break;
        if (block_decode_body(arena, &block, &tx_verdict, arena_copy(arena, encoded)) !=
            BLOCK_VALID) {
            status = status_make(STATUS_CORRUPT, 0, "reading a block's body");
            break;
        }
        append_unwound(arena, unwound, &block);
    }
    store_view_close(view);
    return status;
}

/* Rolls back to a canonical number; what the removed blocks held is offered to the pool again. */
static struct status unwind(
    struct execution *x, struct arena *arena, struct unwound *unwound, uint64_t number
) {
    const struct status status = collect_unwound(x, arena, unwound, number);
    if (failed(status)) return status;
    return store_rollback(x->options.store, number, STORE_KEEP_BLOCKS);
}

/* Unwinds to base and appends candidate, unless it is NULL, in one transaction of the database. */
static struct status rewrite(
    struct execution *x,
    struct arena *arena,
    struct unwound *unwound,
    uint64_t base,
    struct candidate *candidate
) {
    if (base == x->head_mark.number) return candidate == NULL ? status_ok : append(x, candidate);
    close_view(x);
    struct status status = store_begin(x->options.store);
    if (failed(status)) return status;
    status = unwind(x, arena, unwound, base);
    if (!failed(status) && candidate != NULL) status = append(x, candidate);
    if (!failed(status)) return store_commit(x->options.store);
    store_abort(x->options.store);
    return status;
}

/* One that no longer fits is no longer wanted, so the outcome is of no interest. */
static void reinject_one(
    struct execution *x, struct arena *arena, const struct pool_head *head, struct bytes encoded
) {
    const uint64_t now_ms = clock_wall_ms(x->options.clock);
    struct pool_outcome ignored;
    struct address sender;
    struct tx tx;
    if (x->options.allow_impersonation && tx_decode(arena, &tx, encoded) == TX_VALID &&
        senders_impersonated(&sender, &tx)) {
        pool_add_unsigned(x->options.pool, &ignored, head, encoded, &sender, now_ms);
    } else {
        pool_reinject(x->options.pool, &ignored, head, encoded, now_ms);
    }
}

static struct status reinject(
    struct execution *x, struct arena *arena, const struct unwound *unwound
) {
    struct pool_head head;
    const struct status status = execution_pool_head(x, &head);
    for (size_t i = 0; i < unwound->count && !failed(status); i++) {
        reinject_one(x, arena, &head, unwound->transactions[i]);
    }
    return status;
}

/* The number of the canonical block with this hash. STATUS_MISSING where there is none. */
static struct status canonical_number(
    struct execution *x, uint64_t *number, const struct hash *hash
) {
    if (hash_equal(hash, &x->head_mark.hash)) {
        *number = x->head_mark.number;
        return status_ok;
    }
    struct store_view *view;
    struct status status = store_view_open(&view, x->options.store);
    if (failed(status)) return status;
    struct store_mark mark;
    status = find_canonical(view, &mark, hash);
    if (!failed(status)) *number = mark.number;
    store_view_close(view);
    return status;
}

static struct status mark_final(struct execution *x, const struct engine_forkchoice *forkchoice) {
    uint64_t number;
    struct status status = status_ok;
    close_view(x);
    if (!hash_is_zero(&forkchoice->safe)) {
        status = canonical_number(x, &number, &forkchoice->safe);
        if (!failed(status)) status = store_set_safe(x->options.store, number);
    }
    if (!failed(status) && !hash_is_zero(&forkchoice->finalized)) {
        status = canonical_number(x, &number, &forkchoice->finalized);
        if (!failed(status)) status = store_set_finalized(x->options.store, number);
    }
    return status;
}

/* Moves the head to a candidate (whose parent is canonical) or back to a canonical block. */
static struct status move_head(
    struct execution *x, enum engine_verdict *out, struct arena *arena, const struct hash *head
) {
    struct candidate *candidate = find_candidate(x, head);
    const struct hash *base = candidate == NULL ? head : &candidate->block.header.parent_hash;
    uint64_t base_number;
    struct status status = canonical_number(x, &base_number, base);
    if (status.code == STATUS_MISSING) {
        *out = ENGINE_SYNCING;
        return status_ok;
    }
    if (failed(status)) return status;

    struct unwound unwound = {0};
    status = rewrite(x, arena, &unwound, base_number, candidate);
    if (failed(status)) return status;
    if (candidate != NULL) {
        take_head(x, candidate);
    } else {
        status = load_head(x);
    }
    if (failed(status)) return status;
    status = head_moved(x, base_number + 1); /* listeners find the candidate still in memory */
    candidate = find_candidate(x, head);
    if (candidate != NULL) drop_candidate(candidate);
    if (!failed(status) && unwound.count > 0) status = reinject(x, arena, &unwound);
    return status;
}

static struct status forkchoice(
    void *ctx, enum engine_verdict *out, const struct engine_forkchoice *forkchoice
) {
    struct execution *x = ctx;
    *out = ENGINE_VALID;
    struct status status = status_ok;
    if (!hash_equal(&forkchoice->head, &x->head_mark.hash)) {
        struct arena arena;
        arena_init(&arena, x->options.source);
        status = move_head(x, out, &arena, &forkchoice->head);
        arena_reset(&arena);
    }
    if (!failed(status) && *out == ENGINE_VALID) status = mark_final(x, forkchoice);
    return status;
}

/* ---- building ---- */

static bool no_room(enum tx_verdict verdict) {
    return verdict == TX_GAS_ALLOWANCE_EXCEEDED || verdict == TX_TOO_LONG ||
        verdict == TX_TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED;
}

static size_t build_first(
    struct arena *arena, struct block_builder *builder, const struct engine_attributes *attributes
) {
    size_t taken = 0;
    for (size_t i = 0; i < attributes->first_transaction_count; i++) {
        const struct bytes encoded = attributes->first_transactions[i];
        struct tx tx;
        struct address sender;
        struct tx_outcome outcome;
        if (tx_decode(arena, &tx, encoded) != TX_VALID) continue;
        if (tx_sender(arena, &sender, &tx, &builder->run.rules) != TX_VALID) continue;
        if (build_try_tx(builder, &outcome, &tx, encoded, &sender) == TX_VALID) taken++;
    }
    return taken;
}

static void build_from_pool(
    struct execution *x,
    struct arena *arena,
    struct block_builder *builder,
    const struct pool_head *head
) {
    enum { GAS_OF_SMALLEST_TX = 21000 };
    struct pool_best *best = pool_best(x->options.pool, arena, head);
    const struct pool_entry *entry;
    while (build_gas_left(builder) >= GAS_OF_SMALLEST_TX && (entry = pool_best_next(best)) != NULL
    ) {
        struct tx_outcome outcome;
        const enum tx_verdict verdict =
            build_try_tx(builder, &outcome, &entry->tx, entry->encoded, &entry->sender);
        if (verdict == TX_VALID) continue;
        pool_best_skip_sender(best);
        /* What can never be in a block must not be tried in every block. */
        if (!no_room(verdict) && verdict != TX_NONCE_MISMATCH_TOO_HIGH) {
            (void)pool_remove(x->options.pool, &entry->hash);
        }
    }
}

/* A block on the head up to build_finish, in arena. */
static struct status build_block(
    struct execution *x,
    struct arena *arena,
    struct block_builder *builder,
    struct block_outcome *outcome,
    size_t *first_taken,
    const struct engine_attributes *attributes
) {
    struct pool_head head;
    const struct status status = execution_pool_head(x, &head);
    if (failed(status)) return status;
    const struct build_attributes build = {
        .parent_hash = &x->head_mark.hash,
        .timestamp = attributes->timestamp,
        .fee_recipient = attributes->fee_recipient,
        .prev_randao = attributes->prev_randao,
        .withdrawals = attributes->withdrawals,
        .withdrawal_count = attributes->withdrawal_count,
        .parent_beacon_root = attributes->parent_beacon_root,
        .gas_limit_target = x->settings.gas_limit,
        .gas_limit_is_exact = x->settings.gas_limit_is_exact,
        .extra_data = x->options.extra_data,
        .base_fee = x->settings.has_next_base_fee ? &x->settings.next_base_fee : NULL,
        .allow_impersonation = x->options.allow_impersonation,
    };
    build_begin(builder, arena, &x->vm, head.reader, x->options.config, &x->head, &build);
    *first_taken = build_first(arena, builder, attributes);
    if (!attributes->no_pool) build_from_pool(x, arena, builder, &head);
    const enum block_verdict verdict = build_finish(builder, outcome);
    /* A system contract that fails makes every block invalid: the genesis is at fault. */
    if (verdict != BLOCK_VALID) {
        return status_make(STATUS_CORRUPT, 0, block_verdict_text(verdict));
    }
    return store_state_status(x->view);
}

static struct status build(
    void *ctx,
    struct arena *arena,
    struct engine_payload *out,
    const struct engine_attributes *attributes
) {
    struct execution *x = ctx;
    struct block_builder *builder = ARENA_NEW(arena, struct block_builder);
    struct candidate sealed = {.arena = *arena};
    struct status status = build_block(
        x, &sealed.arena, builder, &sealed.outcome, &out->first_transaction_count, attributes
    );
    struct parent_state parent = {.header = x->head, .state_root = x->head_mark.state_root};
    if (!failed(status)) {
        status = store_trie(x->view, &sealed.arena, &parent.trie, x->head_mark.number);
    }
    if (!failed(status)) status = candidate_compute_root_noting(&sealed, &parent, &x->memo);
    *arena = sealed.arena;
    if (failed(status)) return status;

    struct block block;
    build_seal(builder, &block, &sealed.state_root);
    out->hash = header_hash_noting(&block.header, &x->memo);
    out->number = block.header.number;
    out->transaction_count = block.tx_count;
    out->block = block_encode(arena, &block);
    return status_ok;
}

struct status execution_pending(
    struct execution *x,
    struct arena *arena,
    struct execution_pending *out,
    const struct engine_attributes *attributes
) {
    struct block_builder *builder = ARENA_NEW(arena, struct block_builder);
    size_t first_taken;
    const struct status status =
        build_block(x, arena, builder, &out->outcome, &first_taken, attributes);
    if (failed(status)) return status;
    build_seal(builder, &out->block, &x->head_mark.state_root);
    return status_ok;
}

/* ---- reading, for the engine ---- */

static void fill_block(
    struct arena *arena,
    struct engine_block *out,
    const struct header *header,
    const struct hash *hash,
    const struct hash *tx_hashes,
    const struct receipt *receipts,
    size_t count
) {
    struct engine_receipt *list = ARENA_ARRAY(arena, struct engine_receipt, count);
    for (size_t i = 0; i < count; i++) {
        list[i] = (struct engine_receipt){
            .transaction_hash = tx_hashes[i],
            .succeeded = receipts[i].succeeded,
            .logs = receipts[i].logs,
            .log_count = receipts[i].log_count,
        };
    }
    *out = (struct engine_block){
        .hash = *hash,
        .parent_hash = header->parent_hash,
        .number = header->number,
        .timestamp = header->timestamp,
        .fee_recipient = header->fee_recipient,
        .receipts = list,
        .receipt_count = count,
    };
}

static struct status read_block(
    struct store_view *view, struct arena *arena, struct engine_block *out, const struct hash *hash
) {
    uint64_t number;
    struct header header;
    struct bytes body, encoded_receipts;
    struct status status = store_block_number(view, &number, hash);
    if (!failed(status)) status = read_header(view, &header, number, hash);
    if (!failed(status)) status = store_body(view, &body, number, hash);
    if (!failed(status)) status = store_receipts(view, &encoded_receipts, number, hash);
    if (failed(status)) return status;

    struct block block;
    enum tx_verdict tx_verdict;
    const struct receipt *receipts;
    size_t count;
    if (block_decode_body(arena, &block, &tx_verdict, arena_copy(arena, body)) != BLOCK_VALID ||
        receipts_decode_stored(arena, &receipts, &count, arena_copy(arena, encoded_receipts)) !=
            RECEIPT_VALID ||
        count != block.tx_count) {
        return status_make(STATUS_CORRUPT, 0, "reading a block from the database");
    }
    struct hash *tx_hashes = ARENA_ARRAY(arena, struct hash, count);
    for (size_t i = 0; i < count; i++) {
        tx_hash_of(&tx_hashes[i], block.encoded_txs[i]);
    }
    fill_block(arena, out, &header, hash, tx_hashes, receipts, count);
    return status_ok;
}

static struct status get_block(
    void *ctx, struct arena *arena, struct engine_block *out, const struct hash *hash
) {
    struct execution *x = ctx;
    const struct candidate *candidate = find_candidate(x, hash);
    if (candidate != NULL) {
        fill_block(
            arena, out, &candidate->block.header, hash, candidate->tx_hashes,
            candidate->outcome.receipts, candidate->outcome.receipt_count
        );
        return status_ok;
    }
    struct store_view *view;
    struct status status = store_view_open(&view, x->options.store);
    if (failed(status)) return status;
    status = read_block(view, arena, out, hash);
    store_view_close(view);
    return status;
}

static struct status get_canonical(void *ctx, struct hash *out, uint64_t number) {
    struct execution *x = ctx;
    struct store_view *view;
    struct status status = store_view_open(&view, x->options.store);
    if (failed(status)) return status;
    struct store_mark mark;
    status = store_canonical(view, &mark, number);
    if (!failed(status)) *out = mark.hash;
    store_view_close(view);
    return status;
}

static struct status get_head(void *ctx, struct engine_place *out) {
    const struct execution *x = ctx;
    *out = (struct engine_place){x->head_mark.hash, x->head_mark.number, x->head.timestamp};
    return status_ok;
}

/* ---- transactions ---- */

static struct status announce(struct execution *x, const struct pool_outcome *outcome) {
    if (outcome->verdict != POOL_ADDED) return status_ok;
    const struct pool_entry *entry = pool_find(x->options.pool, &outcome->hash);
    for (size_t i = 0; entry != NULL && i < x->listener_count; i++) {
        if (x->listeners[i].transaction != NULL) {
            x->listeners[i].transaction(x->listeners[i].ctx, entry);
        }
    }
    return status_ok;
}

struct status execution_submit(
    struct execution *x, struct pool_outcome *outcome, struct bytes raw
) {
    struct pool_head head;
    const struct status status = execution_pool_head(x, &head);
    if (failed(status)) return status;
    pool_add(x->options.pool, outcome, &head, raw, true, clock_wall_ms(x->options.clock));
    return announce(x, outcome);
}

struct status execution_submit_as(
    struct execution *x,
    struct pool_outcome *outcome,
    const struct address *sender,
    struct bytes unsigned_transaction
) {
    struct pool_head head;
    const struct status status = execution_pool_head(x, &head);
    if (failed(status)) return status;
    pool_add_unsigned(
        x->options.pool, outcome, &head, unsigned_transaction, sender,
        clock_wall_ms(x->options.clock)
    );
    return announce(x, outcome);
}

/* ---- development ---- */

struct status execution_begin_batch(struct execution *x) {
    close_view(x);
    return store_begin(x->options.store);
}

struct status execution_end_batch(struct execution *x) {
    close_view(x);
    return store_commit(x->options.store);
}

struct execution_settings execution_settings(const struct execution *x) {
    return x->settings;
}

void execution_set(struct execution *x, const struct execution_settings *settings) {
    x->settings = *settings;
}

struct status execution_edit_state(
    struct execution *x, void (*edit)(void *ctx, struct state *state), void *ctx
) {
    struct store_view *view;
    struct status status = execution_view(x, &view);
    if (failed(status)) return status;

    /* Candidates were judged on the state that is about to be another. */
    for (size_t i = 0; i < ARRAY_LEN(x->candidates); i++) {
        drop_candidate(&x->candidates[i]);
    }
    struct candidate edited = {0};
    struct parent_state parent = {.header = x->head, .state_root = x->head_mark.state_root};
    struct state state;
    arena_init(&edited.arena, x->options.source);
    state_init(&state, &edited.arena, &x->view_reader);
    edit(ctx, &state);
    edited.outcome.state = &state;
    status = store_trie(view, &edited.arena, &parent.trie, x->head_mark.number);
    if (!failed(status)) status = candidate_compute_root(&edited, &parent);
    if (!failed(status)) status = store_state_status(view);
    if (!failed(status)) {
        const struct store_change change = candidate_store_change(&edited);
        close_view(x);
        status = store_amend(x->options.store, &change, &edited.state_root);
    }
    drop_candidate(&edited);
    if (failed(status)) return status;
    x->head_mark.state_root = edited.state_root;
    struct pool_head head;
    status = execution_pool_head(x, &head);
    if (!failed(status)) pool_reset(x->options.pool, &head, clock_wall_ms(x->options.clock));
    return status;
}

/* ---- genesis ---- */

struct execution_genesis {
    struct candidate candidate; /* its arena is the maker's arena's, and not its own to reset */
};

struct execution_genesis *execution_make_genesis(
    struct arena *arena, const struct genesis *genesis
) {
    const struct parent_state nothing = {.state_root = state_empty_root};
    struct execution_genesis *out = ARENA_NEW(arena, struct execution_genesis);
    struct candidate *candidate = &out->candidate;
    struct state *state = ARENA_NEW(arena, struct state);
    state_init(state, arena, &genesis_empty_reader);
    genesis_fill_state(state, genesis);
    candidate->outcome.state = state;
    candidate->arena = *arena;
    const struct status status = candidate_compute_root(candidate, &nothing);
    *arena = candidate->arena;
    ASSERT(!failed(status)); /* no old node is read on an empty trie */
    genesis_block(&candidate->block, genesis, &candidate->state_root);
    candidate->encoded_header = header_encode(arena, &candidate->block.header);
    keccak256(&candidate->hash, candidate->encoded_header);
    return out;
}

struct hash execution_genesis_hash(const struct execution_genesis *genesis) {
    return genesis->candidate.hash;
}

struct status execution_write_genesis(
    struct store *store, struct arena *arena, struct execution_genesis *genesis
) {
    struct store_view *view;
    struct store_mark head;
    struct status status = store_view_open(&view, store);
    if (failed(status)) return status;
    status = store_head(view, &head);
    store_view_close(view);
    if (status.code != STATUS_MISSING) return status;

    struct candidate *candidate = &genesis->candidate;
    candidate->arena = *arena;
    const struct store_block block = candidate_store_block(candidate);
    const struct store_change change = candidate_store_change(candidate);
    *arena = candidate->arena;
    return store_append(store, &block, &change);
}

/* ---- life ---- */

const struct engine *execution_engine(struct execution *x) {
    return &x->engine;
}

void execution_listen(struct execution *x, const struct execution_listener *listener) {
    ASSERT(x->listener_count < EXECUTION_LISTENERS_MAX);
    x->listeners[x->listener_count++] = *listener;
}

const struct header *execution_head(const struct execution *x) {
    return &x->head;
}

const struct hash *execution_head_hash(const struct execution *x) {
    return &x->head_mark.hash;
}

struct status execution_create(struct execution **out, const struct execution_options *options) {
    struct execution *x = calloc(1, sizeof *x);
    if (x == NULL) return status_make(STATUS_NO_SPACE, 0, "starting the execution service");
    x->options = *options;
    x->engine = (struct engine){
        .build = build,
        .new_payload = new_payload,
        .forget = forget,
        .forkchoice = forkchoice,
        .block = get_block,
        .canonical = get_canonical,
        .head = get_head,
        .ctx = x,
    };
    x->evm = evm_create(options->source, CODE_CACHE_MAX);
    x->vm = (struct chain_vm){.evm = x->evm};
    x->workers = workers_create(options->worker_count);
    const struct ahead_options ahead = {
        .workers = x->workers,
        .config = options->config,
        .source = options->source,
        .allow_impersonation = options->allow_impersonation,
    };
    x->ahead = ahead_create(&ahead);
    x->settings.gas_limit = options->gas_limit;
    for (size_t i = 0; i < ARRAY_LEN(x->candidates); i++) {
        arena_init(&x->candidates[i].arena, options->source);
    }
    arena_init(&x->view_arena, options->source);
    root_memo_init(&x->memo, options->source);
    const struct status status = load_head(x);
    if (failed(status)) {
        execution_destroy(x);
        return status;
    }
    *out = x;
    return status_ok;
}

void execution_destroy(struct execution *x) {
    if (x == NULL) return;
    close_view(x);
    ahead_destroy(x->ahead);
    workers_destroy(x->workers);
    for (size_t i = 0; i < ARRAY_LEN(x->candidates); i++) {
        drop_candidate(&x->candidates[i]);
    }
    root_memo_free(&x->memo);
    evm_destroy(x->evm);
    free(x);
}
