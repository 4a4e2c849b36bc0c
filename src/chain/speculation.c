#include "chain/speculation.h"

static enum tx_verdict run_one(
    struct speculation *speculation,
    struct block_run *run,
    const struct tx *tx,
    size_t index,
    const struct address *senders
) {
    struct address sender;
    if (senders != NULL) return block_run_try(run, &speculation->outcome, tx, &senders[index]);
    const enum tx_verdict verdict = tx_sender(run->arena, &sender, tx, &run->rules);
    if (verdict != TX_VALID) return verdict;
    return block_run_try(run, &speculation->outcome, tx, &sender);
}

void speculation_run(
    struct speculation *speculation,
    struct arena *arena,
    const struct chain_vm *vm,
    const struct speculation_block *block,
    struct speculation_room room,
    size_t index
) {
    const struct block_input *const input = block->input;
    struct block_run run = block->run;
    run.arena = arena;
    run.vm = vm;
    run.state = &speculation->state;
    run.gas_used = room.gas_used;
    run.blob_gas_used = room.blob_gas_used;
    run.deferred_tip = &speculation->tip;
    speculation->tip = (struct deferred_tip){.is_due = false};
    state_view_init(&speculation->view, arena, block->run.state, block->guard);
    state_init(&speculation->state, arena, &speculation->view.reader);
    speculation->verdict =
        run_one(speculation, &run, &input->block->txs[index], index, input->senders);
    if (speculation->verdict != TX_VALID) return;
    speculation->outcome.output = bytes_from(NULL, 0);
    state_view_close(&speculation->view, &speculation->state);
    speculation->diff = state_diff(arena, &speculation->state);
}

bool speculation_holds(const struct speculation *speculation) {
    return speculation->verdict == TX_VALID && state_view_holds(&speculation->view);
}

enum tx_verdict speculation_commit(
    const struct speculation *speculation, struct block_run *run, const struct tx *tx
) {
    struct state *const state = run->state;
    struct tx_outcome outcome = speculation->outcome;
    const enum tx_verdict verdict = block_run_check_room(run, tx);
    ASSERT(speculation->verdict == TX_VALID);
    if (verdict != TX_VALID) return verdict;

    size_t log_count;
    const struct state_log *const logs = state_logs(&speculation->state, &log_count);
    state_begin_transaction(state);
    state_apply(state, &speculation->diff);
    if (speculation->tip.is_due) block_run_pay_tip(run, &speculation->tip.wei);
    for (size_t i = 0; i < log_count; i++) {
        state_add_log(state, &logs[i]);
    }
    state_end_transaction(state, run->evm_rules);
    outcome.logs = state_logs(state, &outcome.log_count);
    block_run_append(run, tx, &outcome);
    return TX_VALID;
}
