/* job_log: the predeploys' logs, read.
 *
 * COPROCESSOR.md: the events of ProgramRegistry and JobManager. Logs come out of receipts; a foreign
 * execution client may have made those, so their bytes are untrusted. Pure; allocates nothing; what
 * is read borrows from the log.
 */
#ifndef JOB_JOB_LOG_H
#define JOB_JOB_LOG_H

#include "evm/state.h"
#include "job/job_message.h"

enum job_event_kind {
    JOB_EVENT_REQUESTED,
    JOB_EVENT_COMPLETED,
    JOB_EVENT_CANCELLED,
    JOB_EVENT_EXPIRED,
    JOB_EVENT_CALLBACK_FAILED,
    JOB_EVENT_CALLBACK_RETRIED,
    JOB_EVENT_PROGRAM_SUBMITTED,
    JOB_EVENT_PROGRAM_REGISTERED,
    JOB_EVENT_PROGRAM_REJECTED,
    JOB_EVENT_KINDS,
};

/* JobRequested. */
struct job_request {
    struct hash job_id;
    struct address consumer;
    struct hash program_id; /* as registered */
    uint64_t nonce;
    struct job_limits limits;
    uint64_t ready_at; /* the first block that may hold the result */
    struct bytes onchain_input;
};

/* JobCompleted. */
struct job_completion {
    struct hash job_id;
    struct address proposer;
    struct job_run_result run;
};

/* ProgramSubmitted. */
struct job_submission {
    struct hash submission_id;
    struct hash image_hash;
    struct address owner;
    struct hash invalidator;
    struct bytes image;
};

/* ProgramRegistered and ProgramRejected: answer, and of the former the owner. */
struct job_answer_posted {
    struct job_program_answer answer;
    struct address owner;
};

struct job_event {
    enum job_event_kind kind;
    struct hash id; /* of the job, or of the submission */
    union {
        struct job_request request;
        struct job_completion completion;
        struct job_submission submission;
        struct job_answer_posted posted;
        struct bytes reason; /* of JOB_EVENT_CALLBACK_FAILED */
    };
};

enum job_log_verdict {
    JOB_LOG_READ = 0,
    JOB_LOG_OTHER,  /* not an event of the coprocessor that matters here; not an error */
    JOB_LOG_BROKEN, /* a predeploy's address and topic, but nothing that its code can have made */
};

/* Reads log. On JOB_LOG_READ *event borrows from it; otherwise *event holds nothing. Every length in
 * it has met the limit of limits.h, every number fits its type, and nothing stands behind the data. */
MUST_USE enum job_log_verdict job_log_read(struct job_event *event, const struct state_log *log);

/* The first topic of a kind's log, for filters. */
const struct hash *job_event_topic(enum job_event_kind kind);

#endif
