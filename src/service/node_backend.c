/* node_backend: the node as the JSON-RPC namespaces see it (rpc/backend.h). */
#include "base/checked.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "crypto/kzg.h"
#include "job/limits.h"
#include "rpc/backend.h"
#include "service/genesis_edits.h"
#include "service/node.h"
#include "world/log.h"
#include "world/version.h"

#include <stdio.h>
#include <stdlib.h>

/* The state of the node at a snapshot. */
struct node_snapshot {
    uint64_t id;
    struct hash block;
    size_t edit_count;
    struct solo_settings settings;
    struct execution_settings execution;
    struct arena arena; /* of pooled */
    struct pooled {
        struct bytes encoded; /* consensus form */
        struct address sender;
    } * pooled;
    size_t pooled_count;
};

/* A change outside of blocks. */
struct node_edit {
    struct hash block;            /* the head at that time */
    struct account_before before; /* its code is owned */
};

/* ---- reading ---- */

static struct rpc_block_id block_id(struct store_view *view, uint64_t number) {
    struct store_mark mark = {0};
    if (failed(store_canonical(view, &mark, number))) return (struct rpc_block_id){0};
    return (struct rpc_block_id){mark.number, mark.hash};
}

static void get_heads(void *ctx, struct rpc_heads *out) {
    struct node *node = ctx;
    struct store_view *view;
    const struct header *head = execution_head(node->execution);
    const struct rpc_block_id latest = {head->number, *execution_head_hash(node->execution)};
    *out = (struct rpc_heads){.latest = latest, .safe = latest, .has_safe = true};
    out->has_finalized = true;
    if (failed(node_keep_failure(node, execution_view(node->execution, &view)))) return;
    out->finalized =
        block_id(view, head->number < NODE_WINDOW_BLOCKS ? 0 : head->number - NODE_WINDOW_BLOCKS);
}

/* A reader of a state in the making. Code is asked for by hash, after its account: the accounts
 * that were asked for say whose it is. */
struct over_state {
    struct state *state;
    struct arena *arena;
    struct state_reader base;
    struct seen {
        struct seen *next;
        struct hash code_hash;
        struct address address;
    } * seen;
};

static bool over_account(void *ctx, const struct address *address, struct account *out) {
    struct over_state *over = ctx;
    if (!state_account(over->state, address, out)) return false;
    struct seen *seen = ARENA_NEW(over->arena, struct seen);
    *seen = (struct seen){over->seen, out->code_hash, *address};
    over->seen = seen;
    return true;
}

static void over_storage(
    void *ctx, const struct address *address, const struct u256 *slot, struct u256 *value
) {
    struct over_state *over = ctx;
    *value = state_storage(over->state, address, slot);
}

static struct bytes over_code(void *ctx, const struct hash *code_hash) {
    struct over_state *over = ctx;
    for (const struct seen *seen = over->seen; seen != NULL; seen = seen->next) {
        if (hash_equal(&seen->code_hash, code_hash)) return state_code(over->state, &seen->address);
    }
    return over->base.code(over->base.ctx, code_hash);
}

static void over_block_hash(void *ctx, uint64_t number, struct hash *out) {
    struct over_state *over = ctx;
    over->base.block_hash(over->base.ctx, number, out);
}

static struct status get_pending(void *ctx, struct arena *arena, struct rpc_pending *out) {
    struct node *node = ctx;
    struct engine_attributes attributes;
    struct execution_pending *pending = ARENA_NEW(arena, struct execution_pending);
    struct status status = solo_attributes(node->solo, arena, &attributes);
    if (!failed(status)) {
        status = execution_pending(node->execution, arena, pending, &attributes);
    }
    if (failed(status)) return status;
    struct over_state *over = ARENA_NEW(arena, struct over_state);
    *over = (struct over_state){.state = pending->outcome.state, .arena = arena};
    over->base = *pending->outcome.state->reader;
    out->block = &pending->block;
    out->receipts = pending->outcome.receipts;
    out->changes = pending->outcome.state;
    out->state = ARENA_NEW(arena, struct state_reader);
    *out->state = (struct state_reader){
        .account = over_account,
        .storage = over_storage,
        .code = over_code,
        .block_hash = over_block_hash,
        .ctx = over,
    };
    return status_ok;
}

/* ---- transactions ---- */

/* Shared by both ways in: the answer, and the block that follows. */
static struct status submitted(
    struct node *node,
    struct arena *arena,
    struct rpc_submitted *out,
    const struct pool_outcome *outcome,
    struct status status
) {
    if (failed(status)) return node_keep_failure(node, status);
    *out = (struct rpc_submitted){.hash = outcome->hash};
    if (outcome->verdict != POOL_ADDED) {
        const size_t size = strlen(outcome->message) + 1;
        char *text = arena_alloc_raw(arena, size, 1);
        memcpy(text, outcome->message, size);
        out->refusal = text;
        return status_ok;
    }
    if (!outcome->pending) return status_ok; /* no block can take it yet */
    return node_keep_failure(node, solo_transaction(node->solo));
}

/* Wallets still send blobs with one proof each, as before Osaka: geth gives such a sidecar its cell
 * proofs (EIP-7594) and so do we. What proves nothing is left as it is, for the pool to refuse: the
 * work is done only for blobs that are what their commitments say. */
static struct bytes with_cell_proofs(struct node *node, struct arena *arena, struct bytes raw) {
    struct tx tx;
    struct bytes consensus;
    struct tx_sidecar sidecar;
    bool has_sidecar;
    if (raw.len == 0 || raw.data[0] != TX_TYPE_BLOB) return raw;
    if (tx_decode_network(arena, &tx, &consensus, &has_sidecar, &sidecar, raw) != TX_VALID) {
        return raw;
    }
    if (!has_sidecar || sidecar.version != 0 || sidecar.blob_count > TX_BLOBS_PER_TX_MAX) {
        return raw;
    }
    if (sidecar.proof_count != sidecar.blob_count || !tx_check_sidecar_hashes(&tx, &sidecar)) {
        return raw;
    }
    const struct kzg_commitment *commitments =
        (const struct kzg_commitment *)(const void *)sidecar.commitments;
    const struct kzg_proof *given = (const struct kzg_proof *)(const void *)sidecar.proofs;
    if (kzg_verify_blob_proof_batch(
            node->kzg, sidecar.blobs, commitments, given, sidecar.blob_count
        ) != KZG_VALID) {
        return raw;
    }
    const size_t proof_count = sidecar.blob_count * KZG_CELLS_PER_BLOB;
    struct kzg_proof *proofs = ARENA_ARRAY(arena, struct kzg_proof, proof_count);
    for (size_t i = 0; i < sidecar.blob_count; i++) {
        const enum kzg_verdict verdict = kzg_compute_cells_and_proofs(
            node->kzg, NULL, &proofs[i * KZG_CELLS_PER_BLOB], sidecar.blobs + i * KZG_BLOB_SIZE
        );
        ASSERT(verdict == KZG_VALID && "verified just now");
    }
    sidecar.version = 1;
    sidecar.proofs = (const uint8_t *)proofs;
    sidecar.proof_count = proof_count;
    return tx_encode_network(arena, &tx, &sidecar);
}

static struct status submit(
    void *ctx, struct arena *arena, struct rpc_submitted *out, struct bytes raw
) {
    struct node *node = ctx;
    struct pool_outcome outcome;
    if (failed(node->failure)) return node->failure;
    const struct bytes network = with_cell_proofs(node, arena, raw);
    const struct status status = execution_submit(node->execution, &outcome, network);
    return submitted(node, arena, out, &outcome, status);
}

/* The consensus form of a transaction that nobody signed: r is the sender, s zero. A legacy signing
 * form ends in chain id, 0, 0; a typed one only lacks the signature. */
static bool impersonate_form(
    struct arena *arena, struct bytes *out, const struct address *from, struct bytes unsigned_form
) {
    enum { LEGACY_FIELDS = 6, EIP155_V = 35 };
    const bool typed = unsigned_form.len > 0 && unsigned_form.data[0] < 0xc0;
    const struct u256 sender = u256_from_address(from);
    struct rlp_reader reader =
        rlp_read(typed ? bytes_slice(unsigned_form, 1, unsigned_form.len - 1) : unsigned_form);
    struct rlp_writer writer = rlp_writer_in(arena, unsigned_form.len + 64);
    const struct rlp_list list = rlp_enter(&reader);
    if (typed) rlp_write_raw(&writer, bytes_slice(unsigned_form, 0, 1));
    const size_t out_list = rlp_list_begin(&writer);
    for (size_t i = 0; rlp_more(&reader) && (typed || i < LEGACY_FIELDS); i++) {
        rlp_write_raw(&writer, rlp_read_item(&reader).whole);
    }
    uint64_t v = 0, ignored;
    if (!typed && rlp_more(&reader)) {
        rlp_read_u64(&reader, &v);
        rlp_read_u64(&reader, &ignored);
        rlp_read_u64(&reader, &ignored);
        if (v > (UINT64_MAX - EIP155_V) / 2) return false;
        v = v * 2 + EIP155_V;
    } else if (!typed) {
        v = 27;
    }
    rlp_leave(&reader, list);
    rlp_write_u64(&writer, v);
    rlp_write_u256(&writer, &sender);
    rlp_write_u64(&writer, 0);
    rlp_list_end(&writer, out_list);
    *out = rlp_written(&writer);
    return rlp_finish(&reader) == RLP_VALID;
}

static struct status submit_as(
    void *ctx,
    struct arena *arena,
    struct rpc_submitted *out,
    const struct address *from,
    struct bytes unsigned_form
) {
    struct node *node = ctx;
    struct bytes encoded;
    struct pool_outcome outcome;
    if (failed(node->failure)) return node->failure;
    if (!impersonate_form(arena, &encoded, from, unsigned_form)) {
        *out = (struct rpc_submitted){.refusal = "malformed transaction"};
        return status_ok;
    }
    const struct status status = execution_submit_as(node->execution, &outcome, from, encoded);
    return submitted(node, arena, out, &outcome, status);
}

static bool drop_transaction(void *ctx, const struct hash *hash) {
    struct node *node = ctx;
    return pool_remove(node->pool, hash);
}

static void drop_all_transactions(void *ctx) {
    struct node *node = ctx;
    pool_clear(node->pool);
}

/* ---- development: blocks and settings ---- */

static const char interval_refusal[] = "interval out of range: at most 2^32 seconds";

/* After a failure nothing is added to what may no longer be what the database holds. */
static bool may_change(const struct node *node, const char **refusal) {
    if (!failed(node->failure)) return true;
    *refusal = node->failure.context;
    return false;
}

static bool mine(void *ctx, uint64_t count, uint64_t interval_s, const char **refusal) {
    struct node *node = ctx;
    if (!may_change(node, refusal)) return false;
    if (count > NODE_MINE_MAX) {
        *refusal = "too many blocks at once: at most 100000";
        return false;
    }
    if (interval_s > NODE_INTERVAL_MAX_S) {
        *refusal = interval_refusal;
        return false;
    }
    const struct status status = node_keep_failure(node, solo_mine(node->solo, count, interval_s));
    if (failed(status)) *refusal = status.context;
    return !failed(status);
}

static bool set_next_timestamp(struct node *node, uint64_t value, const char **refusal) {
    struct solo_settings settings = *solo_settings(node->solo);
    if (value > NODE_TIMESTAMP_MAX) {
        *refusal = "timestamp out of range: at most 2^53";
        return false;
    }
    if (value <= execution_head(node->execution)->timestamp) {
        *refusal = "Timestamp error: it is lower than or equal to the previous block's timestamp";
        return false;
    }
    settings.has_next_timestamp = true;
    settings.next_timestamp = value;
    /* The clock goes on from there. */
    settings.time_offset_s = (int64_t)value - (int64_t)(clock_wall_ms(&real_clock) / 1000);
    solo_set(node->solo, &settings);
    return true;
}

static bool set_gas_limit(struct node *node, uint64_t value, const char **refusal) {
    if (value < HEADER_GAS_LIMIT_MIN || value > HEADER_GAS_LIMIT_MAX) {
        *refusal = "gas limit out of range: 5000 to 2^63-1";
        return false;
    }
    struct execution_settings settings = execution_settings(node->execution);
    settings.gas_limit = value;
    settings.gas_limit_is_exact = true;
    execution_set(node->execution, &settings);
    return true;
}

static void set_next_base_fee(struct node *node, uint64_t value) {
    struct execution_settings settings = execution_settings(node->execution);
    settings.has_next_base_fee = true;
    settings.next_base_fee = u256_from_u64(value);
    execution_set(node->execution, &settings);
}

static bool set_time_offset(struct node *node, uint64_t value, const char **refusal) {
    struct solo_settings settings = *solo_settings(node->solo);
    const int64_t offset = (int64_t)value;
    if (offset > (int64_t)NODE_TIMESTAMP_MAX || offset < -(int64_t)NODE_TIMESTAMP_MAX) {
        *refusal = "time offset out of range: at most 2^53 seconds";
        return false;
    }
    settings.time_offset_s = offset;
    solo_set(node->solo, &settings);
    return true;
}

static bool set_timestamp_interval(struct node *node, uint64_t value, const char **refusal) {
    struct solo_settings settings = *solo_settings(node->solo);
    if (value > NODE_INTERVAL_MAX_S) {
        *refusal = interval_refusal;
        return false;
    }
    settings.timestamp_interval_s = value;
    solo_set(node->solo, &settings);
    return true;
}

static bool set_setting(void *ctx, enum rpc_setting setting, uint64_t value, const char **refusal) {
    struct node *node = ctx;
    struct solo_settings settings = *solo_settings(node->solo);
    switch (setting) {
    case RPC_NEXT_TIMESTAMP: return set_next_timestamp(node, value, refusal);
    case RPC_TIME_OFFSET: return set_time_offset(node, value, refusal);
    case RPC_TIMESTAMP_INTERVAL: return set_timestamp_interval(node, value, refusal);
    case RPC_LOGGING: node->logs_calls = value != 0; return true;
    case RPC_BLOCK_INTERVAL_MS: settings.interval_ms = value; break;
    case RPC_AUTOMINE: settings.automine = value != 0; break;
    case RPC_NEXT_BASE_FEE: set_next_base_fee(node, value); return true;
    case RPC_GAS_LIMIT: return set_gas_limit(node, value, refusal);
    case RPC_MIN_GAS_PRICE: *refusal = "the base fee of EIP-1559 decides"; return false;
    }
    solo_set(node->solo, &settings);
    return true;
}

/* How far the chain's time is ahead of the clock: by its setting, or further where blocks followed each
 * other faster than seconds do. So time is moved on from the head, not from behind it. */
static int64_t time_offset(const struct node *node, const struct solo_settings *settings) {
    const int64_t now = (int64_t)(clock_wall_ms(&real_clock) / 1000);
    const int64_t ahead = (int64_t)execution_head(node->execution)->timestamp - now;
    return ahead > settings->time_offset_s ? ahead : settings->time_offset_s;
}

static uint64_t get_setting(void *ctx, enum rpc_setting setting) {
    struct node *node = ctx;
    const struct solo_settings *settings = solo_settings(node->solo);
    switch (setting) {
    case RPC_NEXT_TIMESTAMP: return settings->has_next_timestamp ? settings->next_timestamp : 0;
    case RPC_TIME_OFFSET: return (uint64_t)time_offset(node, settings);
    case RPC_TIMESTAMP_INTERVAL: return settings->timestamp_interval_s;
    case RPC_BLOCK_INTERVAL_MS: return settings->interval_ms;
    case RPC_AUTOMINE: return settings->automine;
    case RPC_GAS_LIMIT: return execution_settings(node->execution).gas_limit;
    case RPC_LOGGING: return node->logs_calls;
    case RPC_NEXT_BASE_FEE:
    case RPC_MIN_GAS_PRICE: return 0;
    }
    return 0;
}

static void set_coinbase(void *ctx, const struct address *coinbase) {
    struct node *node = ctx;
    struct solo_settings settings = *solo_settings(node->solo);
    settings.coinbase = *coinbase;
    node->backend->coinbase = *coinbase;
    solo_set(node->solo, &settings);
}

static void set_prevrandao(void *ctx, const struct hash *prevrandao) {
    struct node *node = ctx;
    struct solo_settings settings = *solo_settings(node->solo);
    settings.has_next_prevrandao = true;
    settings.next_prevrandao = *prevrandao;
    solo_set(node->solo, &settings);
}

/* ---- development: accounts ---- */

/* One change. */
struct edit_work {
    struct account_before *before;
    const struct rpc_account_change *change; /* of an account */
    const struct hash *value;                /* of a slot */
};

static struct bytes own_copy(struct bytes data) {
    if (data.len == 0) return (struct bytes){NULL, 0};
    uint8_t *copy = malloc(data.len);
    ASSERT(copy != NULL && "out of memory");
    memcpy(copy, data.data, data.len);
    return (struct bytes){copy, data.len};
}

static void edit_account(void *ctx, struct state *state) {
    const struct edit_work *work = ctx;
    const struct address *address = &work->before->address;
    if (work->change->balance != NULL) state_set_balance(state, address, work->change->balance);
    if (work->change->nonce != NULL) state_set_nonce(state, address, *work->change->nonce);
    if (work->change->code != NULL) state_set_code(state, address, *work->change->code);
    account_before_clear_empty(state, work->before);
}

static void edit_slot(void *ctx, struct state *state) {
    const struct edit_work *work = ctx;
    const struct account_before *before = work->before;
    const struct u256 value = u256_from_be(work->value->bytes);
    state_set_storage(state, &before->address, &before->slot, &value);
}

static void undo_edit(void *ctx, struct state *state) {
    account_before_restore(state, ctx);
}

static struct account_before *new_edit(struct node *node, const struct address *address) {
    if (node->edit_count == node->edit_room) {
        node->edit_room = node->edit_room == 0 ? 64 : node->edit_room * 2;
        node->edits = realloc(node->edits, node->edit_room * sizeof *node->edits);
        ASSERT(node->edits != NULL && "out of memory");
    }
    struct node_edit *edit = &node->edits[node->edit_count++];
    *edit = (struct node_edit){
        .block = *execution_head_hash(node->execution),
        .before = {.address = *address},
    };
    return &edit->before;
}

static void drop_edits(struct node *node, size_t count) {
    while (node->edit_count > count) {
        free((void *)(uintptr_t)node->edits[--node->edit_count].before.code.data);
    }
}

/* Fills in what the account or slot is now. */
static struct status look_before(struct node *node, struct account_before *before) {
    struct store_view *view;
    struct state_reader reader;
    struct state state;
    struct arena arena;
    struct status status = execution_view(node->execution, &view);
    if (failed(status)) return status;
    arena_init(&arena, node->arena.source);
    status = store_state(view, &arena, &reader, execution_head(node->execution)->number);
    if (!failed(status)) {
        state_init(&state, &arena, &reader);
        before->existed = state_exists(&state, &before->address);
        if (before->is_slot) {
            before->value = state_storage(&state, &before->address, &before->slot);
        } else {
            before->balance = state_balance(&state, &before->address);
            before->nonce = state_nonce(&state, &before->address);
            before->code = own_copy(state_code(&state, &before->address));
        }
        status = store_state_status(view);
    }
    arena_reset(&arena);
    return status;
}

/* Changes are remembered as long as a snapshot can ask for them; those of the genesis block in the store,
 * for a reset: noted before they are made, so that no crash can lose them. */
static bool make_edit(
    struct node *node,
    void (*edit)(void *ctx, struct state *state),
    struct edit_work *work,
    const char **refusal
) {
    const bool at_genesis = hash_equal(execution_head_hash(node->execution), &node->genesis);
    struct status status = look_before(node, work->before);
    if (!failed(status) && at_genesis) {
        status = genesis_edits_note(node->store, node->arena.source, work->before);
    }
    if (!failed(status)) status = execution_edit_state(node->execution, edit, work);
    if (failed(status)) drop_edits(node, node->edit_count - 1); /* nothing to be undone */
    if (node->snapshot_count == 0) drop_edits(node, 0);
    if (failed(node_keep_failure(node, status))) *refusal = status.context;
    return !failed(status);
}

static bool set_account(
    void *ctx,
    const struct address *address,
    const struct rpc_account_change *change,
    const char **refusal
) {
    struct node *node = ctx;
    if (!may_change(node, refusal)) return false;
    struct edit_work work = {.before = new_edit(node, address), .change = change};
    return make_edit(node, edit_account, &work, refusal);
}

static bool set_storage(
    void *ctx,
    const struct address *address,
    const struct hash *slot,
    const struct hash *value,
    const char **refusal
) {
    struct node *node = ctx;
    if (!may_change(node, refusal)) return false;
    struct edit_work work = {.before = new_edit(node, address), .value = value};
    work.before->is_slot = true;
    work.before->slot = u256_from_be(slot->bytes);
    return make_edit(node, edit_slot, &work, refusal);
}

static size_t find_impersonated(const struct node *node, const struct address *address) {
    size_t i = 0;
    while (i < node->impersonated_count && !address_equal(&node->impersonated[i], address)) {
        i++;
    }
    return i;
}

static void impersonate(void *ctx, const struct address *address, bool on) {
    struct node *node = ctx;
    const size_t at = find_impersonated(node, address);
    const bool is_on = at < node->impersonated_count;
    if (is_on == on) return;
    if (!on) {
        node->impersonated[at] = node->impersonated[--node->impersonated_count];
        return;
    }
    if (node->impersonated_count == node->impersonated_room) {
        node->impersonated_room = node->impersonated_room == 0 ? 16 : node->impersonated_room * 2;
        node->impersonated =
            realloc(node->impersonated, node->impersonated_room * sizeof *node->impersonated);
        ASSERT(node->impersonated != NULL && "out of memory");
    }
    node->impersonated[node->impersonated_count++] = *address;
}

static void impersonate_all(void *ctx, bool on) {
    ((struct node *)ctx)->impersonates_all = on;
}

static bool is_impersonated(void *ctx, const struct address *address) {
    const struct node *node = ctx;
    return node->impersonates_all || find_impersonated(node, address) < node->impersonated_count;
}

/* ---- development: snapshots ---- */

static void drop_snapshots(struct node *node, size_t count) {
    while (node->snapshot_count > count) {
        arena_reset(&node->snapshots[--node->snapshot_count].arena);
    }
    if (node->snapshot_count == 0) drop_edits(node, 0);
}

static void copy_pool(struct node *node, struct node_snapshot *snapshot) {
    size_t count;
    arena_init(&snapshot->arena, node->arena.source);
    const struct pool_entry **entries = pool_entries(node->pool, &snapshot->arena, &count);
    snapshot->pooled = ARENA_ARRAY(&snapshot->arena, struct pooled, count);
    snapshot->pooled_count = count;
    for (size_t i = 0; i < count; i++) {
        snapshot->pooled[i] =
            (struct pooled){arena_copy(&snapshot->arena, entries[i]->encoded), entries[i]->sender};
    }
}

static struct status take_snapshot(void *ctx, uint64_t *id) {
    struct node *node = ctx;
    if (node->snapshot_count == NODE_SNAPSHOTS_MAX) {
        /* The oldest goes; nobody reverts ten thousand snapshots back. */
        arena_reset(&node->snapshots[0].arena);
        memmove(
            node->snapshots, node->snapshots + 1, (NODE_SNAPSHOTS_MAX - 1) * sizeof *node->snapshots
        );
        node->snapshot_count--;
    }
    if (node->snapshot_count == node->snapshot_room) {
        node->snapshot_room = node->snapshot_room == 0 ? 16 : node->snapshot_room * 2;
        node->snapshots = realloc(node->snapshots, node->snapshot_room * sizeof *node->snapshots);
        ASSERT(node->snapshots != NULL && "out of memory");
    }
    struct node_snapshot *snapshot = &node->snapshots[node->snapshot_count++];
    *snapshot = (struct node_snapshot){
        .id = node->next_snapshot++,
        .block = *execution_head_hash(node->execution),
        .edit_count = node->edit_count,
        .settings = *solo_settings(node->solo),
        .execution = execution_settings(node->execution),
    };
    copy_pool(node, snapshot);
    *id = snapshot->id;
    return status_ok;
}

static struct status undo_edits(struct node *node, const struct hash *block, size_t count) {
    struct status status = status_ok;
    for (size_t i = node->edit_count; i > count && !failed(status); i--) {
        struct node_edit *edit = &node->edits[i - 1];
        /* Those of later blocks went with their blocks. */
        if (!hash_equal(&edit->block, block)) continue;
        status = execution_edit_state(node->execution, undo_edit, &edit->before);
    }
    drop_edits(node, count);
    return status;
}

static struct status restore_pool(struct node *node, const struct node_snapshot *snapshot) {
    struct pool_head head;
    pool_set_aside(node->pool);
    const struct status status = execution_pool_head(node->execution, &head);
    for (size_t i = 0; !failed(status) && i < snapshot->pooled_count; i++) {
        struct pool_outcome ignored; /* it was in the pool on this very state */
        pool_add_unsigned(
            node->pool, &ignored, &head, snapshot->pooled[i].encoded, &snapshot->pooled[i].sender,
            clock_wall_ms(&real_clock)
        );
    }
    return status;
}

/* All but blocks and changes outside of them. */
static struct status restore_settings(struct node *node, const struct node_snapshot *snapshot) {
    execution_set(node->execution, &snapshot->execution);
    const struct status status = restore_pool(node, snapshot);
    if (failed(status)) return status;
    node->backend->coinbase = snapshot->settings.coinbase;
    solo_set(node->solo, &snapshot->settings);
    return status_ok;
}

static struct status revert_to(struct node *node, const struct node_snapshot *snapshot) {
    struct status status = importer_adopt(&node->importer, &snapshot->block);
    if (!failed(status)) status = undo_edits(node, &snapshot->block, snapshot->edit_count);
    return failed(status) ? status : restore_settings(node, snapshot);
}

static struct status revert_snapshot(void *ctx, uint64_t id, bool *reverted) {
    struct node *node = ctx;
    size_t at = 0;
    while (at < node->snapshot_count && node->snapshots[at].id != id) {
        at++;
    }
    *reverted = at < node->snapshot_count;
    if (!*reverted) return status_ok;
    if (failed(node->failure)) return node->failure;
    const struct status status = revert_to(node, &node->snapshots[at]);
    drop_snapshots(node, at);
    return node_keep_failure(node, status);
}

static struct status reset_chain(void *ctx) {
    struct node *node = ctx;
    const struct node_snapshot genesis = {
        .block = node->genesis,
        .settings =
            {
                .automine = node->options.automine,
                .interval_ms = node->options.interval_ms,
                .coinbase = node->chain.accounts[DEV_PROPOSER_ACCOUNT].address,
            },
        .execution = {.gas_limit = node->options.gas_limit},
    };
    struct status status = importer_adopt(&node->importer, &node->genesis);
    if (!failed(status)) {
        status = genesis_edits_undo(node->store, node->arena.source, node->execution);
    }
    if (!failed(status)) status = restore_settings(node, &genesis);
    drop_edits(node, 0);
    drop_snapshots(node, 0);
    return node_keep_failure(node, status);
}

/* ---- coprocessor ---- */

static void convert_job(
    struct rpc_job *out, const struct rpc_heads *heads, const struct job_record *record
) {
    const bool has_result = record->status == JOB_COMPLETED || record->status == JOB_FAILED;
    *out = (struct rpc_job){
        .job_id = record->request.job_id,
        .consumer = record->request.consumer,
        .status = (enum rpc_job_status)record->status,
        .outcome = (uint8_t)record->run.outcome,
        .code = record->run.code,
        .program_id = record->request.program_id,
        .max_cycles = record->request.limits.max_cycles,
        .used_cycles = record->run.used_cycles,
        .requested_at = record->requested_at,
        .ready_at = record->request.ready_at,
        .deadline = record->request.limits.deadline,
        .completed_at = record->ended_at,
        .callback_gas = record->request.limits.callback_gas,
        .callback_pending = record->callback_pending,
        .request_tx = record->request_tx,
        .has_result = has_result,
        .result = record->run.output,
        .finality = RPC_FINALITY_PENDING,
    };
    keccak256(&out->input_hash, record->request.onchain_input);
    if (!has_result) return;
    out->result_tx = record->end_tx;
    keccak256(&out->result_hash, record->run.output);
    out->finality = rpc_finality_of(heads, record->ended_at);
}

static struct status get_job(
    void *ctx, struct arena *arena, struct rpc_job *out, bool *found, const struct hash *id
) {
    struct node *node = ctx;
    struct job_record record;
    struct rpc_heads heads;
    const struct status status =
        job_book_job(coprocessor_book(node->coprocessor), arena, found, &record, id);
    if (failed(status) || !*found) return status;
    get_heads(node, &heads);
    convert_job(out, &heads, &record);
    return status_ok;
}

struct job_search {
    struct arena *arena;
    struct rpc_heads heads;
    struct rpc_job *jobs;
    size_t count, limit;
};

static bool add_job(void *ctx, const struct job_record *record) {
    struct job_search *search = ctx;
    struct rpc_job *job = &search->jobs[search->count++];
    convert_job(job, &search->heads, record);
    job->result = arena_copy(search->arena, job->result);
    return search->count < search->limit;
}

static struct status get_jobs(
    void *ctx,
    struct arena *arena,
    const struct rpc_job **out,
    size_t *count,
    const struct rpc_job_filter *filter
) {
    struct node *node = ctx;
    struct job_search search = {.arena = arena, .limit = filter->limit};
    const struct job_book_filter wanted = {
        .status = filter->has_status ? (enum job_status)filter->status : JOB_NONE,
        .has_consumer = filter->has_consumer,
        .consumer = filter->consumer,
        .from_block = filter->from_block,
    };
    ASSERT(filter->limit > 0);
    search.jobs = ARENA_ARRAY(arena, struct rpc_job, filter->limit);
    get_heads(node, &search.heads);
    const struct status status =
        job_book_each_job(coprocessor_book(node->coprocessor), &wanted, add_job, &search);
    *out = search.jobs;
    *count = search.count;
    return status;
}

static void convert_program(struct rpc_program *out, const struct program_record *record) {
    *out = (struct rpc_program){
        .program_id = record->program_id,
        .image_hash = record->image_hash,
        .owner = record->owner,
        .pages = record->pages,
        .image_size = record->image_size,
        .in_genesis = record->registered_at == 0,
        .registered_at = record->registered_at,
        .submission_id = record->submission_id,
        .registration_tx = record->registration_tx,
    };
}

static struct status get_program(
    void *ctx, struct arena *arena, struct rpc_program *out, bool *found, const struct hash *id
) {
    struct node *node = ctx;
    struct program_record record;
    (void)arena;
    const struct status status =
        job_book_program(coprocessor_book(node->coprocessor), found, &record, id);
    if (!failed(status) && *found) convert_program(out, &record);
    return status;
}

struct program_list {
    struct arena *arena;
    struct rpc_program *items;
    size_t count, room;
};

static bool add_program(void *ctx, const struct program_record *record) {
    struct program_list *list = ctx;
    if (list->count == list->room) {
        const size_t room = list->room == 0 ? 16 : list->room * 2;
        struct rpc_program *grown = ARENA_ARRAY(list->arena, struct rpc_program, room);
        if (list->count > 0) memcpy(grown, list->items, list->count * sizeof *grown);
        list->items = grown;
        list->room = room;
    }
    convert_program(&list->items[list->count++], record);
    return true;
}

static struct status get_programs(
    void *ctx, struct arena *arena, const struct rpc_program **out, size_t *count
) {
    struct node *node = ctx;
    struct program_list list = {.arena = arena};
    const struct status status =
        job_book_each_program(coprocessor_book(node->coprocessor), add_program, &list);
    *out = list.items;
    *count = list.count;
    return status;
}

static void get_limits(void *ctx, const struct rpc_limit **out, size_t *count) {
    struct node *node = ctx;
    enum { LIMITS = 13 };
    static const struct rpc_limit fixed[] = {
        {"jobInputMax", JOB_INPUT_MAX},
        {"jobOutputMax", JOB_OUTPUT_MAX},
        {"imageMax", IMAGE_MAX},
        {"programRamMax", PROGRAM_RAM_MAX},
        {"jobCyclesMax", JOB_CYCLES_MAX},
        {"jobBase", JOB_BASE},
        {"pageWeight", PAGE_WEIGHT},
        {"maxBacklogBlocks", MAX_BACKLOG_BLOCKS},
        {"answerBlocks", ANSWER_BLOCKS},
        {"inclusionSlack", INCLUSION_SLACK},
        {"callbackGasMax", CALLBACK_GAS_MAX},
    };
    if (node->limits == NULL) node->limits = ARENA_ARRAY(&node->arena, struct rpc_limit, LIMITS);
    memcpy(node->limits, fixed, sizeof fixed);
    node->limits[ARRAY_LEN(fixed)] =
        (struct rpc_limit){"cyclesPerBlock", node->chain.cycles_per_block};
    node->limits[ARRAY_LEN(fixed) + 1] =
        (struct rpc_limit){"inclusionGas", execution_head(node->execution)->gas_limit / 2};
    *out = node->limits;
    *count = ARRAY_LEN(fixed) + 2;
}

/* ---- the table ---- */

static const struct rpc_account *unlocked_accounts(struct node *node) {
    struct rpc_account *accounts = ARENA_ARRAY(&node->arena, struct rpc_account, DEV_ACCOUNTS);
    for (size_t i = 0; i < DEV_ACCOUNTS; i++) {
        accounts[i].address = node->chain.accounts[i].address;
        memcpy(accounts[i].key, node->chain.accounts[i].key.bytes, sizeof accounts[i].key);
    }
    return accounts;
}

void node_fill_backend(struct node *node, struct rpc_backend *backend) {
    node->next_snapshot = 1;
    *backend = (struct rpc_backend){
        .ctx = node,
        .store = node->store,
        .pool = node->pool,
        .config = &node->chain.genesis.config,
        .chain_id = node->options.chain_id,
        .network_id = node->options.chain_id,
        .coinbase = node->chain.accounts[DEV_PROPOSER_ACCOUNT].address,
        .client_version = version_client(),
        .accounts = unlocked_accounts(node),
        .account_count = DEV_ACCOUNTS,
        .heads = get_heads,
        .pending = get_pending,
        .submit = submit,
        .submit_as = submit_as,
        .drop = drop_transaction,
        .drop_all = drop_all_transactions,
        .mine = mine,
        .set = set_setting,
        .get = get_setting,
        .set_account = set_account,
        .set_storage = set_storage,
        .set_coinbase = set_coinbase,
        .set_prevrandao = set_prevrandao,
        .impersonate = impersonate,
        .impersonate_all = impersonate_all,
        .is_impersonated = is_impersonated,
        .snapshot = take_snapshot,
        .revert = revert_snapshot,
        .reset = reset_chain,
        .job = get_job,
        .jobs = get_jobs,
        .program = get_program,
        .programs = get_programs,
        .limits = get_limits,
    };
}

void node_free_backend(struct node *node) {
    drop_snapshots(node, 0);
    drop_edits(node, 0);
    free(node->snapshots);
    free(node->edits);
    free(node->impersonated);
}
