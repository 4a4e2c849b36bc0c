/* job_flow: one job of a sample program from request to callback, as `infinity job run` and
 * `infinity demo` show it. */
#ifndef CMD_JOB_FLOW_H
#define CMD_JOB_FLOW_H

#include "cmd/job_client.h"
#include "cmd/samples.h"

struct job_flow_options {
    uint64_t max_cycles;   /* to JOB_CYCLES_MAX; 0: what a run here takes, and a quarter more */
    uint64_t callback_gas; /* 0: 200,000 */
};

/* What a flow came to; texts and outputs are the client's arena's. */
struct job_flow {
    const struct sample *sample;
    const char *input; /* in the sample's notation */
    struct bytes onchain_input;
    struct hash program_id, job_id;
    struct address consumer;
    struct job_limits limits;
    uint64_t ready_at;
    struct u256 escrow;  /* quoted and held */
    struct u256 charged; /* of it, in the end */
    struct job_client_receipt request, posting;
    struct job_client_result result;
    bool callback_succeeded;
    uint64_t callback_log_count;
    /* The same run on this machine. */
    struct job_run_result local;
    uint64_t local_time_us;
    struct bytes expected; /* what a computation without the machine gives */
};

/* Deploys the sample's consumer, asks, and waits for the end. false: client->error says why. */
MUST_USE bool job_flow_run(
    struct job_flow *flow,
    struct job_client *client,
    const struct sample *sample,
    const char *input,
    const struct job_flow_options *options
);

/* Whether result, local run and expectation agree. */
bool job_flow_agrees(const struct job_flow *flow);

/* The sample's ELF image. */
struct bytes job_flow_image(const struct sample *sample);

#endif
