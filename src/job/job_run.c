#include "job/job_run.h"

#include "job/limits.h"

struct job_run_result job_run_result(const struct machine *machine) {
    const struct machine_result result = machine_result(machine);
    struct job_run_result run = {JOB_EXIT, result.code, result.cycles, result.output};
    switch (result.status) {
    case MACHINE_EXIT: return run;
    case MACHINE_TRAP: run.outcome = JOB_TRAP; break;
    case MACHINE_OUT_OF_CYCLES: run.outcome = JOB_OUT_OF_CYCLES; break;
    case MACHINE_RUNNING: ASSERT(false);
    }
    ASSERT(run.output.len == 0);
    return run;
}

struct status job_run(
    struct job_run_result *out,
    struct arena *arena,
    const struct machine_program *program,
    struct machine_memory *memory,
    struct bytes onchain_input,
    struct bytes offchain_input,
    uint64_t max_cycles
) {
    ASSERT(max_cycles > 0 && max_cycles <= JOB_CYCLES_MAX);
    ASSERT(onchain_input.len <= JOB_INPUT_MAX);
    const struct machine_setup setup = {
        .program = program,
        .memory = memory,
        .job = true,
        .onchain = onchain_input,
        .offchain = offchain_input,
        .output_capacity = JOB_OUTPUT_MAX,
    };
    struct machine machine;
    enum machine_verdict verdict;
    const struct status status = machine_start(&machine, &verdict, &setup);
    if (failed(status)) return status;
    ASSERT(verdict == MACHINE_READY); /* the inputs' limits are far below the region's size */

    (void)machine_run(&machine, max_cycles);
    *out = job_run_result(&machine);
    out->output = arena_copy(arena, out->output);
    return status_ok;
}
