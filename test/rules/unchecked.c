/* A node that believes every result: what result_lies must notice. */
#include "job/job_check.h"

struct status __wrap_job_check_block(
    struct job_check *check,
    struct arena *arena,
    const struct job_block *block,
    const struct job_history *history,
    const struct job_runner *runner
);

struct status __wrap_job_check_block(
    struct job_check *check,
    struct arena *arena,
    const struct job_block *block,
    const struct job_history *history,
    const struct job_runner *runner
) {
    (void)arena;
    (void)block;
    (void)history;
    (void)runner;
    *check = (struct job_check){.verdict = JOB_CHECK_VALID};
    return status_ok;
}
