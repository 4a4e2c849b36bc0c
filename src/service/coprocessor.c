#include "service/coprocessor.h"

#include "base/checked.h"
#include "chain/tx.h"
#include "crypto/keccak.h"
#include "job/job_check.h"
#include "job/job_run.h"
#include "job/limits.h"
#include "job/predeploys.h"
#include "machine/machine.h"
#include "service/program_cache.h"
#include "service/run_cache.h"
#include "world/guest_memory.h"
#include "world/log.h"

#include <uv.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    FAILED_POSTS_MAX = 64, /* transactions remembered because they did not do their work */
    FIRST_RETRY_BLOCKS = 1,
    LAST_RETRY_BLOCKS = 64,
};

/* One run on a worker. The worker owns everything in it until its after callback. */
struct work {
    uv_work_t request;
    struct coprocessor *owner;
    bool used;
    bool stopped; /* the run did not end: nothing is known */
    struct arena arena;
    struct guest_memory memory;
    struct program_cache_entry *program;
    struct job_book_item item;
    struct hash run_key;
    struct bytes input;
    uint64_t max_cycles;
    struct status status;
    struct job_run_result result;
};

/* A posting that did not do its work: it is tried again, but not in every block. */
struct failed_post {
    struct hash id;
    uint64_t retry_at; /* block number */
    uint64_t pause;    /* blocks */
};

/* What was handed to the last built block. */
struct post {
    struct hash transaction;
    struct hash id;
};

struct coprocessor {
    struct coprocessor_options options;
    struct job_book book;
    struct program_cache programs;
    struct run_cache runs;
    struct work works[COPROCESSOR_WORKERS_MAX];
    _Atomic bool stopping;
    struct guest_memory check_memory; /* of runs that a check needs at once */
    struct ecdsa_signer signer;
    struct address sender;
    struct post *posts;
    size_t post_count, post_room;
    uint64_t post_number; /* of that block */
    struct failed_post failed_posts[FAILED_POSTS_MAX];
    size_t failed_post_count;
    struct coprocessor_figures figures;
};

/* ---- running ---- */

/* Cached answers are by everything that a run depends on. */
static void make_run_key(
    struct hash *out,
    const struct hash *program_id,
    struct bytes onchain,
    struct bytes offchain,
    uint64_t max_cycles
) {
    struct hash parts[3];
    uint8_t text[3 * 32 + 8];
    parts[0] = *program_id;
    keccak256(&parts[1], onchain);
    keccak256(&parts[2], offchain);
    memcpy(text, parts, sizeof parts);
    store_be64(text + sizeof parts, max_cycles);
    keccak256(out, BYTES_OF(text));
}

/* On a worker thread. */
static void run_work(uv_work_t *request) {
    struct work *work = request->data;
    struct machine machine;
    enum machine_verdict verdict;
    const struct machine_setup setup = {
        .program = &work->program->program,
        .memory = &work->memory.memory,
        .job = true,
        .onchain = work->input,
        .output_capacity = JOB_OUTPUT_MAX,
    };
    work->status = machine_start(&machine, &verdict, &setup);
    if (failed(work->status)) return;
    ASSERT(verdict == MACHINE_READY); /* the contract bounds the input far lower */

    uint64_t limit = 0;
    do {
        if (atomic_load_explicit(&work->owner->stopping, memory_order_relaxed)) {
            work->stopped = true;
            return;
        }
        limit = min_u64(work->max_cycles, limit + COPROCESSOR_SLICE);
    } while (machine_run(&machine, limit) == MACHINE_OUT_OF_CYCLES && limit < work->max_cycles);
    work->result = job_run_result(&machine);
    work->result.output = arena_copy(&work->arena, work->result.output);
}

static struct status schedule(struct coprocessor *coprocessor);

static void release_work(struct coprocessor *coprocessor, struct work *work) {
    program_cache_release(&coprocessor->programs, work->program);
    guest_memory_destroy(&work->memory);
    arena_reset(&work->arena);
    work->used = false;
    coprocessor->figures.busy--;
}

static void report(struct coprocessor *coprocessor, const char *doing, struct status status) {
    if (!failed(status)) return;
    log_line(
        LOG_ERROR, "the coprocessor could not go on", {"doing", LOG_STR(doing)},
        {"because", LOG_STR(status.context)}, {"os_error", LOG_U64((uint64_t)status.os_error)}
    );
    if (coprocessor->options.failure != NULL) {
        coprocessor->options.failure(coprocessor->options.ctx, status);
    }
}

static void tell_answered(struct coprocessor *coprocessor) {
    if (coprocessor->options.answered != NULL) {
        coprocessor->options.answered(coprocessor->options.ctx);
    }
}

static void make_request_key(struct hash *out, const struct job_request *request) {
    make_run_key(
        out, &request->program_id, request->onchain_input, BYTES_LITERAL(""),
        request->limits.max_cycles
    );
}

/* The run's result, if it is still what is asked for: after a rollback another request may stand at
 * the very same place, under the same id, with another input. */
static struct status take_result(struct coprocessor *coprocessor, const struct work *work) {
    struct arena arena;
    struct job_record record;
    struct hash key;
    bool found;
    arena_init(&arena, coprocessor->options.source);
    struct status status =
        job_book_job(&coprocessor->book, &arena, &found, &record, &work->item.id);
    if (!failed(status) && found) {
        make_request_key(&key, &record.request);
        if (hash_equal(&key, &work->run_key)) {
            status = job_book_answer(&coprocessor->book, &work->item, &work->result);
        }
    }
    arena_reset(&arena);
    return status;
}

static void after_work(uv_work_t *request, int cancelled) {
    struct work *work = request->data;
    struct coprocessor *coprocessor = work->owner;
    struct status status = work->status;
    const bool ended = cancelled == 0 && !work->stopped && !failed(status);
    if (ended) {
        coprocessor->figures.runs++;
        coprocessor->figures.cycles += work->result.used_cycles;
        run_cache_put(&coprocessor->runs, &work->run_key, &work->result);
        status = take_result(coprocessor, work);
    }
    release_work(coprocessor, work);
    report(coprocessor, "running a job", status);
    if (atomic_load(&coprocessor->stopping)) return;
    if (ended && !failed(status)) tell_answered(coprocessor);
    report(coprocessor, "taking up work", schedule(coprocessor));
}

static bool is_under_way(const struct coprocessor *coprocessor, const struct hash *id) {
    for (size_t i = 0; i < coprocessor->options.worker_count; i++) {
        const struct work *work = &coprocessor->works[i];
        if (work->used && hash_equal(&work->item.id, id)) return true;
    }
    return false;
}

static struct work *find_idle(struct coprocessor *coprocessor) {
    for (size_t i = 0; i < coprocessor->options.worker_count; i++) {
        if (!coprocessor->works[i].used) return &coprocessor->works[i];
    }
    return NULL;
}

/* *started false: the program is not there. The contract takes jobs for registered programs only, so
 * somebody has changed the contract's state by hand, as a development chain allows. */
static struct status start_work(
    struct coprocessor *coprocessor,
    struct work *work,
    bool *started,
    const struct job_book_item *item,
    const struct job_record *record
) {
    struct program_cache_entry *program;
    struct status status = program_cache_take(
        &coprocessor->programs, started, &program, &coprocessor->book, &record->request.program_id
    );
    if (failed(status) || !*started) return status;

    *work = (struct work){
        .owner = coprocessor,
        .item = *item,
        .program = program,
        .max_cycles = record->request.limits.max_cycles,
    };
    status = guest_memory_create(&work->memory);
    if (failed(status)) {
        program_cache_release(&coprocessor->programs, program);
        return status;
    }
    arena_init(&work->arena, coprocessor->options.source);
    work->used = true;
    work->request.data = work;
    work->input = arena_copy(&work->arena, record->request.onchain_input);
    make_request_key(&work->run_key, &record->request);
    coprocessor->figures.busy++;
    ASSERT(uv_queue_work(coprocessor->options.loop, &work->request, run_work, after_work) == 0);
    return status_ok;
}

/* Submissions are judged at once; a job goes to an idle worker. *taken false: the item stays. */
static struct status take_up(
    struct coprocessor *coprocessor,
    struct work *idle,
    const struct job_book_item *item,
    bool *taken
) {
    *taken = false;
    if (item->is_submission) return job_book_answer(&coprocessor->book, item, NULL);
    if (is_under_way(coprocessor, &item->id)) return status_ok;

    struct arena arena;
    struct job_record record;
    bool found;
    arena_init(&arena, coprocessor->options.source);
    struct status status = job_book_job(&coprocessor->book, &arena, &found, &record, &item->id);
    if (!failed(status) && found) status = start_work(coprocessor, idle, taken, item, &record);
    if (failed(status)) *taken = false;
    arena_reset(&arena);
    return status;
}

/* Gives waiting items to idle workers in the order of the queue. */
static struct status schedule(struct coprocessor *coprocessor) {
    if (coprocessor->options.loop == NULL || atomic_load(&coprocessor->stopping)) return status_ok;
    struct work *idle = find_idle(coprocessor);
    uint8_t after[JOB_BOOK_PLACE_SIZE];
    const uint8_t *from = NULL; /* then after */
    struct status status = status_ok;
    bool answered = false;
    while (idle != NULL) {
        struct job_book_item item;
        bool found, taken;
        status = job_book_next_waiting(&coprocessor->book, &found, &item, from);
        if (failed(status) || !found) break;
        status = take_up(coprocessor, idle, &item, &taken);
        if (failed(status)) break;
        if (item.is_submission) answered = true;
        if (taken) idle = find_idle(coprocessor);
        memcpy(after, item.key, sizeof after);
        from = after;
    }
    if (answered) tell_answered(coprocessor);
    return status;
}

/* ---- following the chain ---- */

static bool succeeded_in(const struct engine_block *block, const struct hash *transaction) {
    for (size_t i = 0; i < block->receipt_count; i++) {
        if (hash_equal(&block->receipts[i].transaction_hash, transaction)) {
            return block->receipts[i].succeeded;
        }
    }
    return false;
}

static void postpone(struct coprocessor *coprocessor, const struct hash *id, uint64_t number) {
    struct failed_post *post = NULL;
    for (size_t i = 0; i < coprocessor->failed_post_count; i++) {
        if (hash_equal(&coprocessor->failed_posts[i].id, id)) post = &coprocessor->failed_posts[i];
    }
    if (post == NULL) {
        /* With no room left the oldest is forgotten: it is tried again, which only costs gas. */
        if (coprocessor->failed_post_count == FAILED_POSTS_MAX) {
            memmove(
                coprocessor->failed_posts, coprocessor->failed_posts + 1,
                (FAILED_POSTS_MAX - 1) * sizeof *coprocessor->failed_posts
            );
            coprocessor->failed_post_count--;
        }
        post = &coprocessor->failed_posts[coprocessor->failed_post_count++];
        *post = (struct failed_post){.id = *id, .pause = FIRST_RETRY_BLOCKS};
    }
    post->pause = min_u64(post->pause * 2, LAST_RETRY_BLOCKS);
    post->retry_at = number + post->pause;
    log_line(
        LOG_WARN, "a result could not be posted", {"id", LOG_HASH(id)}, {"block", LOG_U64(number)},
        {"retry_at", LOG_U64(post->retry_at)}
    );
}

static bool is_postponed(
    const struct coprocessor *coprocessor, const struct hash *id, uint64_t number
) {
    for (size_t i = 0; i < coprocessor->failed_post_count; i++) {
        const struct failed_post *post = &coprocessor->failed_posts[i];
        if (hash_equal(&post->id, id)) return number < post->retry_at;
    }
    return false;
}

/* The block that was built for what was handed out, or one that came in its stead. */
static void look_after_posts(struct coprocessor *coprocessor, const struct engine_block *block) {
    const bool is_own = block->number == coprocessor->post_number &&
        address_equal(&block->fee_recipient, &coprocessor->options.coinbase);
    for (size_t i = 0; is_own && i < coprocessor->post_count; i++) {
        const struct post *post = &coprocessor->posts[i];
        if (!succeeded_in(block, &post->transaction)) {
            postpone(coprocessor, &post->id, block->number);
        }
    }
    coprocessor->post_count = 0;
}

static struct status apply_block(struct coprocessor *coprocessor, uint64_t number) {
    const struct engine *engine = coprocessor->options.engine;
    struct arena arena;
    struct hash hash;
    struct engine_block block;
    arena_init(&arena, coprocessor->options.source);
    struct status status = engine->canonical(engine->ctx, &hash, number);
    if (!failed(status)) status = engine->block(engine->ctx, &arena, &block, &hash);
    if (!failed(status)) status = job_book_apply(&coprocessor->book, &block);
    if (!failed(status)) look_after_posts(coprocessor, &block);
    arena_reset(&arena);
    return status;
}

static struct status catch_up(struct coprocessor *coprocessor) {
    const struct engine *engine = coprocessor->options.engine;
    struct engine_place head;
    struct status status = engine->head(engine->ctx, &head);
    while (!failed(status) && coprocessor->book.number < head.number) {
        status = apply_block(coprocessor, coprocessor->book.number + 1);
    }
    return status;
}

struct status coprocessor_head(struct coprocessor *coprocessor, uint64_t first_new) {
    ASSERT(first_new > 0);
    /* Numbers and ids begin again from there. */
    if (first_new <= coprocessor->book.number) coprocessor->failed_post_count = 0;
    struct status status = job_book_unwind(&coprocessor->book, first_new - 1);
    if (!failed(status)) status = catch_up(coprocessor);
    return failed(status) ? status : schedule(coprocessor);
}

/* ---- judging ---- */

/* One check: history as of the block's parent, and images that were loaded on the way. */
struct check {
    struct coprocessor *coprocessor;
    struct arena *arena;
    uint64_t parent; /* number */
};

static struct status history_request(
    void *ctx, bool *found, struct job_request *out, const struct hash *id
) {
    struct check *check = ctx;
    struct job_record record;
    const struct status status =
        job_book_job(&check->coprocessor->book, check->arena, found, &record, id);
    if (failed(status) || !*found) return status;
    *found = record.requested_at <= check->parent;
    *out = record.request;
    return status_ok;
}

static struct status history_submission(
    void *ctx, bool *found, struct job_submission *out, const struct hash *id
) {
    struct check *check = ctx;
    struct submission_record record;
    const struct status status = job_book_submission(
        &check->coprocessor->book, check->arena, found, &record, id, check->parent
    );
    if (!failed(status) && *found) *out = record.submission;
    return status;
}

static struct status history_image(
    void *ctx, bool *found, struct bytes *out, const struct hash *program_id
) {
    struct check *check = ctx;
    struct program_record record;
    const struct status status =
        job_book_program(&check->coprocessor->book, found, &record, program_id);
    if (failed(status) || !*found) return status;
    *found = record.registered_at <= check->parent;
    if (!*found) return status_ok;
    return job_book_image(&check->coprocessor->book, check->arena, found, out, program_id);
}

static struct status run_now(
    struct coprocessor *coprocessor,
    struct arena *arena,
    struct job_run_result *out,
    const struct job_call *call
) {
    struct machine_program *program = ARENA_NEW(arena, struct machine_program);
    const enum elf_verdict verdict = machine_program_load(program, arena, call->image);
    ASSERT(verdict == ELF_VALID); /* a registered image is valid, by this same rule */
    const struct status status = job_run(
        out, arena, program, &coprocessor->check_memory.memory, call->onchain_input,
        call->offchain_input, call->max_cycles
    );
    const struct status cleared = guest_memory_reset(&coprocessor->check_memory);
    return failed(status) ? status : cleared;
}

static struct status check_run(void *ctx, struct job_run_result *out, const struct job_call *call) {
    struct check *check = ctx;
    struct coprocessor *coprocessor = check->coprocessor;
    struct hash key;
    make_run_key(
        &key, &call->program_id, call->onchain_input, call->offchain_input, call->max_cycles
    );
    coprocessor->figures.checks++;
    if (run_cache_get(&coprocessor->runs, check->arena, out, &key)) {
        coprocessor->figures.check_hits++;
        return status_ok;
    }
    const struct status status = run_now(coprocessor, check->arena, out, call);
    if (!failed(status)) run_cache_put(&coprocessor->runs, &key, out);
    return status;
}

static void describe_fault(char *reason, const struct job_check *fault) {
    char id[65];
    for (size_t i = 0; i < sizeof fault->id.bytes; i++) {
        (void)snprintf(id + 2 * i, 3, "%02x", fault->id.bytes[i]);
    }
    (void)snprintf(
        reason, ENGINE_REASON_SIZE, "%s (0x%s, log %zu)", job_check_verdict_text(fault->verdict),
        id, fault->log_index
    );
}

struct status coprocessor_check_block(
    struct coprocessor *coprocessor,
    struct arena *arena,
    bool *valid,
    char *reason,
    const struct engine_block *block,
    const struct address *proposer
) {
    size_t count = 0;
    for (size_t i = 0; i < block->receipt_count; i++) {
        count += block->receipts[i].log_count;
    }
    struct state_log *logs = ARENA_ARRAY(arena, struct state_log, count);
    count = 0;
    for (size_t i = 0; i < block->receipt_count; i++) {
        const struct engine_receipt *receipt = &block->receipts[i];
        for (size_t k = 0; k < receipt->log_count; k++) {
            logs[count++] = receipt->logs[k];
        }
    }
    struct check check = {coprocessor, arena, block->number - 1};
    const struct job_history history = {
        .request = history_request,
        .submission = history_submission,
        .image = history_image,
        .ctx = &check,
    };
    const struct job_runner runner = {.run = check_run, .ctx = &check};
    const struct job_block job_block = {
        .logs = logs,
        .log_count = count,
        .number = block->number,
        .coinbase = block->fee_recipient,
    };
    struct job_check outcome;
    const struct status status = job_check_block(&outcome, arena, &job_block, &history, &runner);
    if (failed(status)) return status;
    *valid = outcome.verdict == JOB_CHECK_VALID;
    if (!*valid) {
        describe_fault(reason, &outcome);
    } else if (outcome.result_count > 0 && !address_equal(&block->fee_recipient, proposer)) {
        *valid = false;
        (void)snprintf(
            reason, ENGINE_REASON_SIZE,
            "results in a block whose fee recipient is not the proposer's"
        );
    }
    return status_ok;
}

/* ---- posting ---- */

/* What all transactions of one block share. */
struct posting {
    struct coprocessor *coprocessor;
    struct arena *arena;
    uint64_t number;
    uint64_t nonce;
    uint64_t gas_left;
    struct u256 max_fee;
    struct bytes *transactions;
    size_t count, room;
};

static void append_transaction(
    struct posting *posting, const struct hash *id, struct bytes encoded
) {
    struct coprocessor *coprocessor = posting->coprocessor;
    if (posting->count == posting->room) {
        const size_t room = posting->room == 0 ? 16 : posting->room * 2;
        struct bytes *grown = ARENA_ARRAY(posting->arena, struct bytes, room);
        if (posting->count > 0) {
            memcpy(grown, posting->transactions, posting->count * sizeof *grown);
        }
        posting->transactions = grown;
        posting->room = room;
    }
    posting->transactions[posting->count++] = encoded;

    if (coprocessor->post_count == coprocessor->post_room) {
        const size_t room = coprocessor->post_room == 0 ? 64 : coprocessor->post_room * 2;
        struct post *grown = realloc(coprocessor->posts, room * sizeof *grown);
        ASSERT(grown != NULL && "out of memory");
        coprocessor->posts = grown;
        coprocessor->post_room = room;
    }
    struct post *post = &coprocessor->posts[coprocessor->post_count++];
    post->id = *id;
    tx_hash_of(&post->transaction, encoded);
}

static void post_call(
    struct posting *posting,
    const struct hash *id,
    const struct address *to,
    struct bytes calldata,
    uint64_t gas_limit
) {
    struct tx tx = {
        .type = TX_TYPE_DYNAMIC_FEE,
        .is_protected = true,
        .chain_id = posting->coprocessor->options.chain_id,
        .nonce = posting->nonce++,
        .gas_limit = gas_limit,
        .max_fee_per_gas = posting->max_fee,
        .to = *to,
        .data = calldata,
    };
    struct hash digest;
    struct ecdsa_signature signature;
    tx_signing_hash(posting->arena, &digest, &tx);
    const enum ecdsa_verdict verdict = ecdsa_sign_recoverable(
        &posting->coprocessor->signer, &signature, &digest,
        &posting->coprocessor->options.sender_key
    );
    ASSERT(verdict == ECDSA_VALID);
    tx.y_parity = signature.recovery_id;
    tx.r = signature.r;
    tx.s = signature.s;
    posting->gas_left -= gas_limit;
    append_transaction(posting, id, tx_encode(posting->arena, &tx));
}

static void sign_digest(
    const struct coprocessor *coprocessor, struct job_signature *out, const struct hash *digest
) {
    const enum ecdsa_verdict verdict =
        job_sign(&coprocessor->signer, out, digest, &coprocessor->options.result_key);
    ASSERT(verdict == ECDSA_VALID);
}

/* *fits false: the block's share of gas is used up. */
static struct status post_result(
    struct posting *posting,
    bool *fits,
    const struct job_book_item *item,
    const struct job_run_result *run
) {
    struct coprocessor *coprocessor = posting->coprocessor;
    struct job_record record;
    bool found;
    const struct status status =
        job_book_job(&coprocessor->book, posting->arena, &found, &record, &item->id);
    if (failed(status) || !found) return status;
    if (record.request.limits.deadline < posting->number) return status_ok;

    const uint64_t gas_limit =
        job_result_gas_limit(run->output.len, record.request.limits.callback_gas);
    *fits = gas_limit <= posting->gas_left;
    if (!*fits) return status_ok;
    struct job_result result = {
        .job_id = item->id,
        .program_id = record.request.program_id,
        .max_cycles = record.request.limits.max_cycles,
        .run = *run,
    };
    struct hash digest;
    struct job_signature signature;
    keccak256(&result.onchain_input_hash, record.request.onchain_input);
    job_result_digest(&digest, coprocessor->options.chain_id, &result);
    sign_digest(coprocessor, &signature, &digest);
    post_call(
        posting, &item->id, &job_manager_address,
        job_submit_result_calldata(posting->arena, &result, &signature), gas_limit
    );
    return status_ok;
}

static struct status post_answer(
    struct posting *posting, bool *fits, const struct job_book_item *item
) {
    struct coprocessor *coprocessor = posting->coprocessor;
    struct submission_record record;
    bool found;
    const struct status status = job_book_submission(
        &coprocessor->book, posting->arena, &found, &record, &item->id, posting->number
    );
    if (failed(status) || !found) return status;
    if (record.submitted_at + ANSWER_BLOCKS < posting->number) return status_ok;

    *fits = job_answer_gas_limit() <= posting->gas_left;
    if (!*fits) return status_ok;
    struct job_program_answer answer;
    struct hash digest;
    struct job_signature signature;
    job_answer_image(
        &answer, posting->arena, record.submission.image, &record.submission.image_hash,
        &record.submission.invalidator
    );
    answer.submission_id = item->id;
    job_answer_digest(&digest, coprocessor->options.chain_id, &answer);
    sign_digest(coprocessor, &signature, &digest);
    post_call(
        posting, &item->id, &program_registry_address,
        job_answer_program_calldata(posting->arena, &answer, &signature), job_answer_gas_limit()
    );
    return status_ok;
}

struct status coprocessor_results(
    struct coprocessor *coprocessor,
    struct arena *arena,
    struct bytes **transactions,
    size_t *count,
    uint64_t number
) {
    struct posting posting = {.coprocessor = coprocessor, .arena = arena, .number = number};
    struct u256 base_fee;
    uint64_t gas_limit;
    *transactions = NULL;
    *count = 0;
    coprocessor->post_count = 0;
    coprocessor->post_number = number;

    struct job_book_item item;
    struct job_run_result run;
    bool found, fits = true;
    struct status status =
        job_book_next_answered(&coprocessor->book, arena, &found, &item, &run, NULL);
    if (failed(status) || !found || item.ready_at > number) return status;
    status = coprocessor->options.account.read(
        coprocessor->options.account.ctx, &coprocessor->sender, &posting.nonce, &base_fee,
        &gas_limit
    );
    posting.gas_left = gas_limit / 2; /* INCLUSION_GAS */
    u256_shl(&posting.max_fee, &base_fee, 1);
    while (!failed(status) && found && fits && item.ready_at <= number) {
        if (!is_postponed(coprocessor, &item.id, number)) {
            status = item.is_submission ? post_answer(&posting, &fits, &item)
                                        : post_result(&posting, &fits, &item, &run);
        }
        if (failed(status)) break;
        uint8_t after[JOB_BOOK_PLACE_SIZE];
        memcpy(after, item.key, sizeof after);
        status = job_book_next_answered(&coprocessor->book, arena, &found, &item, &run, after);
    }
    *transactions = posting.transactions;
    *count = posting.count;
    return status;
}

struct status coprocessor_next_post(struct coprocessor *coprocessor, bool *found) {
    struct arena arena;
    struct job_book_item item;
    struct job_run_result run;
    uint8_t after[JOB_BOOK_PLACE_SIZE];
    const uint8_t *from = NULL; /* then after */
    struct status status;
    arena_init(&arena, coprocessor->options.source);
    do {
        status = job_book_next_answered(&coprocessor->book, &arena, found, &item, &run, from);
        memcpy(after, item.key, sizeof after);
        from = after;
    } while (
        !failed(status) && *found &&
        is_postponed(coprocessor, &item.id, max_u64(item.ready_at, coprocessor->book.number + 1))
    );
    arena_reset(&arena);
    return status;
}

/* ---- life ---- */

static struct status open_parts(struct coprocessor *coprocessor) {
    const struct coprocessor_options *options = &coprocessor->options;
    struct status status = guest_memory_create(&coprocessor->check_memory);
    if (failed(status)) return status;
    ecdsa_signer_init(&coprocessor->signer, NULL);
    if (options->proposes) {
        struct ecdsa_public_key public;
        const enum ecdsa_verdict verdict =
            ecdsa_public_key_of(&coprocessor->signer, &public, &options->sender_key);
        ASSERT(verdict == ECDSA_VALID);
        coprocessor->sender = ecdsa_address(&public);
    }
    program_cache_init(&coprocessor->programs, options->source, COPROCESSOR_PROGRAMS_KEPT);
    run_cache_init(&coprocessor->runs, COPROCESSOR_RUNS_KEPT);
    status = job_book_open(
        &coprocessor->book, options->store, options->source, options->programs,
        options->program_count
    );
    return failed(status) ? status : catch_up(coprocessor);
}

struct status coprocessor_create(
    struct coprocessor **out, const struct coprocessor_options *options
) {
    ASSERT(options->worker_count <= COPROCESSOR_WORKERS_MAX);
    ASSERT(options->loop == NULL || options->worker_count > 0);
    struct coprocessor *coprocessor = calloc(1, sizeof *coprocessor);
    if (coprocessor == NULL) {
        return status_make(STATUS_NO_SPACE, 0, "starting the coprocessor");
    }
    coprocessor->options = *options;
    const struct status status = open_parts(coprocessor);
    if (failed(status)) {
        coprocessor_destroy(coprocessor);
        return status;
    }
    *out = coprocessor;
    /* Whatever it comes to, workers may be at work now: only coprocessor_stop ends them. */
    report(coprocessor, "taking up work", schedule(coprocessor));
    return status_ok;
}

void coprocessor_stop(struct coprocessor *coprocessor) {
    atomic_store(&coprocessor->stopping, true);
}

void coprocessor_destroy(struct coprocessor *coprocessor) {
    if (coprocessor == NULL) return;
    ASSERT(coprocessor->figures.busy == 0);
    guest_memory_destroy(&coprocessor->check_memory);
    program_cache_destroy(&coprocessor->programs);
    run_cache_destroy(&coprocessor->runs);
    explicit_bzero(&coprocessor->options.result_key, sizeof coprocessor->options.result_key);
    explicit_bzero(&coprocessor->options.sender_key, sizeof coprocessor->options.sender_key);
    free(coprocessor->posts);
    free(coprocessor);
}

struct job_book *coprocessor_book(struct coprocessor *coprocessor) {
    return &coprocessor->book;
}

struct coprocessor_figures coprocessor_figures(const struct coprocessor *coprocessor) {
    return coprocessor->figures;
}
