/* job_samples: the sample consumers as the command line uses them: what deploys one, and what asks it
 * for a job.
 *
 * contracts/src/samples. Pure.
 */
#ifndef JOB_JOB_SAMPLES_H
#define JOB_JOB_SAMPLES_H

#include "job/job_message.h"

struct job_sample {
    const char *program;               /* name: guest/programs/NAME.elf */
    const struct bytes *creation_code; /* of its consumer, without the argument */
    uint8_t selector[4];               /* of the consumer's request */
    uint8_t input_words;               /* of the on-chain input at least, static ones exactly */
    bool is_matching; /* the input starts with a state root, which the consumer itself knows */
};

/* The sample whose program has this name, or NULL. */
const struct job_sample *job_sample_find(const char *program);

/* The data of a transaction that creates sample's consumer for a registered program. */
struct bytes job_sample_creation(
    struct arena *arena, const struct job_sample *sample, const struct hash *program_id
);

/* Calldata that makes the consumer request a job with this on-chain input. false where the input is
 * not laid out as the sample's is. Of matching's input the consumer replaces the state root by the
 * one that it holds: the job's input differs where that is another. */
MUST_USE bool job_sample_request(
    struct arena *arena,
    struct bytes *calldata,
    const struct job_sample *sample,
    struct bytes onchain_input,
    const struct job_limits *limits
);

#endif
