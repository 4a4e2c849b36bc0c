/* job_run: a job's result, from the machine.
 *
 * COPROCESSOR.md: Results; MACHINE.md 3.5 for the layout of a job's input, which machine_start
 * builds. Pure.
 */
#ifndef JOB_JOB_RUN_H
#define JOB_JOB_RUN_H

#include "job/job_message.h"
#include "machine/machine.h"

/* Runs program on the inputs with at most max_cycles (1 to JOB_CYCLES_MAX), to its end. memory is
 * all zeros and is spent afterwards. The output is copied into arena. on-chain input is at most
 * JOB_INPUT_MAX long. A failure is the host's (no memory), never a result. */
MUST_USE struct status job_run(
    struct job_run_result *out,
    struct arena *arena,
    const struct machine_program *program,
    struct machine_memory *memory,
    struct bytes onchain_input,
    struct bytes offchain_input,
    uint64_t max_cycles
);

/* The result of a machine that has ended (machine_result): for callers that run it in slices, to
 * look at a clock in between. output is borrowed from the machine's memory. */
struct job_run_result job_run_result(const struct machine *machine);

#endif
