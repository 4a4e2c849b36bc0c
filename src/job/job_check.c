#include "job/job_check.h"

const char *job_check_verdict_text(enum job_check_verdict verdict) {
    static const char *const texts[JOB_CHECK_VERDICT_COUNT] = {
#define JOB_CHECK_TEXT(verdict, text) text,
        JOB_CHECK_VERDICTS(JOB_CHECK_TEXT)
#undef JOB_CHECK_TEXT
    };
    ASSERT((unsigned)verdict < JOB_CHECK_VERDICT_COUNT);
    return texts[verdict];
}

/* A check under way: the block's coprocessor events so far, in order, and what they are held against. */
struct checker {
    struct job_check *check;
    struct arena *arena;
    const struct job_block *block;
    const struct job_history *history;
    const struct job_runner *runner;
    struct job_event *events;
    size_t event_count;
};

/* The last event of a kind and id before the one being checked; NULL where the block has none. */
static const struct job_event *earlier_event(
    const struct checker *checker, enum job_event_kind kind, const struct hash *id
) {
    for (size_t i = checker->event_count; i-- > 0;) {
        const struct job_event *event = &checker->events[i];
        if (event->kind == kind && hash_equal(&event->id, id)) return event;
    }
    return NULL;
}

static struct status find_request(
    const struct checker *checker, bool *found, struct job_request *out, const struct hash *id
) {
    const struct job_event *event = earlier_event(checker, JOB_EVENT_REQUESTED, id);
    *found = event != NULL;
    if (event == NULL) return checker->history->request(checker->history->ctx, found, out, id);
    *out = event->request;
    return status_ok;
}

static struct status find_submission(
    const struct checker *checker, bool *found, struct job_submission *out, const struct hash *id
) {
    const struct job_event *event = earlier_event(checker, JOB_EVENT_PROGRAM_SUBMITTED, id);
    *found = event != NULL;
    if (event == NULL) return checker->history->submission(checker->history->ctx, found, out, id);
    *out = event->submission;
    return status_ok;
}

/* The image of a program that was registered before, perhaps earlier in this block. */
static struct status find_image(
    const struct checker *checker, bool *found, struct bytes *out, const struct hash *program_id
) {
    for (size_t i = 0; i < checker->event_count; i++) {
        const struct job_event *event = &checker->events[i];
        if (event->kind != JOB_EVENT_PROGRAM_REGISTERED) continue;
        if (!hash_equal(&event->posted.answer.program_id, program_id)) continue;
        struct job_submission submission;
        const struct status status = find_submission(checker, found, &submission, &event->id);
        if (!failed(status) && *found) *out = submission.image;
        return status;
    }
    return checker->history->image(checker->history->ctx, found, out, program_id);
}

static enum job_check_verdict compare_runs(
    const struct job_run_result *claimed, const struct job_run_result *actual
) {
    if (claimed->outcome != actual->outcome) return JOB_CHECK_WRONG_OUTCOME;
    if (claimed->code != actual->code) return JOB_CHECK_WRONG_CODE;
    if (claimed->used_cycles != actual->used_cycles) return JOB_CHECK_WRONG_CYCLES;
    if (!bytes_equal(claimed->output, actual->output)) return JOB_CHECK_WRONG_OUTPUT;
    return JOB_CHECK_VALID;
}

static struct status check_completion(
    struct checker *checker, const struct job_completion *completion
) {
    struct job_check *check = checker->check;
    bool found;
    struct job_request request;
    struct status status = find_request(checker, &found, &request, &completion->job_id);
    if (failed(status)) return status;

    check->verdict = JOB_CHECK_VALID;
    if (!found) {
        check->verdict = JOB_CHECK_UNKNOWN_JOB;
    } else if (!address_equal(&completion->proposer, &checker->block->coinbase)) {
        check->verdict = JOB_CHECK_WRONG_PROPOSER;
    } else if (checker->block->number < request.ready_at) {
        check->verdict = JOB_CHECK_TOO_EARLY;
    } else if (checker->block->number > request.limits.deadline) {
        check->verdict = JOB_CHECK_TOO_LATE;
    }
    if (check->verdict != JOB_CHECK_VALID) return status_ok;

    struct job_call call = {
        .program_id = request.program_id,
        .onchain_input = request.onchain_input,
        .max_cycles = request.limits.max_cycles,
    };
    status = find_image(checker, &found, &call.image, &request.program_id);
    if (failed(status)) return status;
    if (!found) {
        check->verdict = JOB_CHECK_UNKNOWN_PROGRAM;
        return status_ok;
    }
    struct job_run_result actual;
    status = checker->runner->run(checker->runner->ctx, &actual, &call);
    if (failed(status)) return status;
    check->claimed = completion->run;
    check->actual = actual;
    check->verdict = compare_runs(&completion->run, &actual);
    return status_ok;
}

static enum job_check_verdict compare_answers(
    const struct job_program_answer *claimed, const struct job_program_answer *actual
) {
    const bool accepted = claimed->reason == JOB_REASON_NONE;
    const bool valid = actual->reason == JOB_REASON_NONE;
    if (accepted && !valid) return JOB_CHECK_ACCEPTED_INVALID;
    if (!accepted && valid) return JOB_CHECK_REJECTED_VALID;
    if (claimed->reason != actual->reason) return JOB_CHECK_WRONG_REASON;
    if (!hash_equal(&claimed->program_id, &actual->program_id)) return JOB_CHECK_WRONG_PROGRAM_ID;
    if (claimed->pages != actual->pages) return JOB_CHECK_WRONG_PAGES;
    return JOB_CHECK_VALID;
}

static struct status check_answer(
    struct checker *checker, const struct job_answer_posted *posted, bool names_owner
) {
    struct job_check *check = checker->check;
    bool found;
    struct job_submission submission;
    const struct status status =
        find_submission(checker, &found, &submission, &posted->answer.submission_id);
    if (failed(status)) return status;
    if (!found) {
        check->verdict = JOB_CHECK_UNKNOWN_SUBMISSION;
        return status_ok;
    }
    if (names_owner && !address_equal(&posted->owner, &submission.owner)) {
        check->verdict = JOB_CHECK_WRONG_OWNER;
        return status_ok;
    }
    struct job_program_answer actual;
    job_answer_image(
        &actual, checker->arena, submission.image, &submission.image_hash, &submission.invalidator
    );
    check->verdict = compare_answers(&posted->answer, &actual);
    return status_ok;
}

/* The verdict on one event, which is not yet among the earlier ones. */
static struct status check_event(struct checker *checker, const struct job_event *event) {
    switch (event->kind) {
    case JOB_EVENT_COMPLETED:
        checker->check->result_count++;
        return check_completion(checker, &event->completion);
    case JOB_EVENT_PROGRAM_REGISTERED:
    case JOB_EVENT_PROGRAM_REJECTED:
        checker->check->result_count++;
        return check_answer(checker, &event->posted, event->kind == JOB_EVENT_PROGRAM_REGISTERED);
    default: return status_ok; /* nothing that only consensus can know */
    }
}

struct status job_check_block(
    struct job_check *check,
    struct arena *arena,
    const struct job_block *block,
    const struct job_history *history,
    const struct job_runner *runner
) {
    memset(check, 0, sizeof *check);
    struct job_event event;
    size_t event_max = 0;
    for (size_t i = 0; i < block->log_count; i++) {
        event_max += job_log_read(&event, &block->logs[i]) == JOB_LOG_READ;
    }
    struct checker checker = {check, arena, block, history, runner, NULL, 0};
    checker.events = ARENA_ARRAY(arena, struct job_event, event_max);

    for (size_t i = 0; i < block->log_count; i++) {
        const enum job_log_verdict read = job_log_read(&event, &block->logs[i]);
        if (read == JOB_LOG_OTHER) continue;
        check->log_index = i;
        if (read == JOB_LOG_BROKEN) {
            check->verdict = JOB_CHECK_BROKEN_LOG;
            return status_ok;
        }
        check->id = event.id;
        const struct status status = check_event(&checker, &event);
        if (failed(status) || check->verdict != JOB_CHECK_VALID) return status;
        checker.events[checker.event_count++] = event;
    }
    check->log_index = 0;
    memset(&check->id, 0, sizeof check->id);
    return status_ok;
}
