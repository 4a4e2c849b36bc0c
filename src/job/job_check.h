/* job_check: the rule that everything rests on: a block that posts a wrong result is invalid.
 *
 * COPROCESSOR.md, "The rule everything rests on". The predeploys' code, which is part of the state
 * and ran as part of the block, has established for each JobCompleted log that its job was pending,
 * that the block lies between readyAt and the deadline, that program, input and cycle limit signed
 * for are those requested, and that the signature is the key's that stands behind the block's fee
 * recipient. What a contract cannot know is decided here: whether program and input give that
 * outcome, code, cycle count and output; and of a program's answer, whether it is the image's.
 *
 * What is compared (never calldata: a result may be posted by a call from any contract):
 *   JobCompleted        its request, as logged by JobRequested earlier in this block or in an
 *                       ancestor, run anew: outcome, code, used cycles, output byte for byte; the
 *                       proposer is the block's fee recipient; the block's number is in time
 *   ProgramRegistered   its submission, as logged, answered anew: accepted, program id, pages; owner
 *   ProgramRejected     the same: rejected, reason
 *
 * Pure: requests, images and runs come through the interfaces below.
 */
#ifndef JOB_JOB_CHECK_H
#define JOB_JOB_CHECK_H

#include "base/status.h"
#include "job/job_log.h"

/* What the chain that ends in the block's parent holds. Job ids repeat on other branches with other
 * contents, so the answers must be those of this very branch. What is handed out is borrowed until
 * the check ends. A status other than ok is the host's failure and ends the check without a verdict. */
struct job_history {
    struct status (*request
    )(void *ctx, bool *found, struct job_request *out, const struct hash *job_id);
    struct status (*submission
    )(void *ctx, bool *found, struct job_submission *out, const struct hash *submission_id);
    /* The image of a registered program, those of the genesis file included. */
    struct status (*image
    )(void *ctx, bool *found, struct bytes *out, const struct hash *program_id);
    void *ctx;
};

/* One run; two with equal members give equal results. */
struct job_call {
    struct hash program_id; /* as registered: with its invalidator, if it has one */
    struct bytes image;
    struct bytes onchain_input;
    struct bytes offchain_input;
    uint64_t max_cycles;
};

/* Runs programs, or knows what they gave. *out stays readable until the check ends. */
struct job_runner {
    struct status (*run)(void *ctx, struct job_run_result *out, const struct job_call *call);
    void *ctx;
};

/* X(verdict, text for people) */
/* clang-format off */
#define JOB_CHECK_VERDICTS(X)                                                                      \
    X(JOB_CHECK_VALID, "valid")                                                                    \
    X(JOB_CHECK_BROKEN_LOG, "a predeploy's log is not one that its code makes")                    \
    X(JOB_CHECK_UNKNOWN_JOB, "a result for a job that nobody requested")                           \
    X(JOB_CHECK_UNKNOWN_PROGRAM, "a result of a program that is not registered")                   \
    X(JOB_CHECK_WRONG_PROPOSER, "a result that another proposer than the block's posted")          \
    X(JOB_CHECK_TOO_EARLY, "a result before the block that its job is ready at")                   \
    X(JOB_CHECK_TOO_LATE, "a result after its job's deadline")                                     \
    X(JOB_CHECK_WRONG_OUTCOME, "the program ends with another outcome")                            \
    X(JOB_CHECK_WRONG_CODE, "the program ends with another code")                                  \
    X(JOB_CHECK_WRONG_CYCLES, "the program takes another number of cycles")                        \
    X(JOB_CHECK_WRONG_OUTPUT, "the program gives another output")                                  \
    X(JOB_CHECK_UNKNOWN_SUBMISSION, "an answer to a program that nobody submitted")                \
    X(JOB_CHECK_ACCEPTED_INVALID, "an invalid image was accepted")                                 \
    X(JOB_CHECK_REJECTED_VALID, "a valid image was rejected")                                      \
    X(JOB_CHECK_WRONG_PROGRAM_ID, "the image has another program id")                              \
    X(JOB_CHECK_WRONG_PAGES, "the image has another number of pages")                              \
    X(JOB_CHECK_WRONG_REASON, "the image is invalid for another reason")                           \
    X(JOB_CHECK_WRONG_OWNER, "the program was submitted by another account")
/* clang-format on */

enum job_check_verdict {
#define JOB_CHECK_ENUM(verdict, text) verdict,
    JOB_CHECK_VERDICTS(JOB_CHECK_ENUM)
#undef JOB_CHECK_ENUM
        JOB_CHECK_VERDICT_COUNT
};

/* Starts in lower case and ends without a period. */
const char *job_check_verdict_text(enum job_check_verdict verdict);

struct job_block {
    const struct state_log *logs; /* of all receipts, in order */
    size_t log_count;
    uint64_t number;
    struct address coinbase; /* the fee recipient, which consensus ties to the proposer */
};

/* The verdict, and where it is not JOB_CHECK_VALID the first fault. */
struct job_check {
    enum job_check_verdict verdict;
    size_t log_index; /* of the log at fault */
    struct hash id;   /* of its job or submission; zero for a broken log */
    /* Where a run was compared: the block's claim and what the program gave. */
    struct job_run_result claimed, actual;
    size_t result_count; /* results and answers that were checked, the one at fault included */
};

/* Checks every result and answer that the block posts. arena is for lists of the block's size and
 * for program ids; it is not rewound, and check may borrow from it. */
MUST_USE struct status job_check_block(
    struct job_check *check,
    struct arena *arena,
    const struct job_block *block,
    const struct job_history *history,
    const struct job_runner *runner
);

#endif
