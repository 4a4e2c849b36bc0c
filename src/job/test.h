/* test: the predeploys' logs as a test or fuzzer makes them. Only programs include this. */
#ifndef JOB_TEST_H
#define JOB_TEST_H

#include "codec/abi.h"
#include "crypto/keccak.h"
#include "job/job_log.h"
#include "job/predeploys.h"

static inline struct hash test_address_topic(const struct address *address) {
    const struct u256 value = u256_from_address(address);
    struct hash topic;
    u256_to_be(topic.bytes, &value);
    return topic;
}

static inline struct state_log test_log(
    const struct address *contract,
    enum job_event_kind kind,
    const struct hash *id,
    struct bytes data
) {
    return (struct state_log
    ){.address = *contract,
      .topic_count = 2,
      .topics = {*job_event_topic(kind), *id},
      .data = data};
}

/* Fills in the request's job id. */
static inline struct state_log test_request_log(struct arena *arena, struct job_request *request) {
    job_id(&request->job_id, request->nonce, &request->consumer);
    struct abi_writer writer = abi_writer_in(arena, 256 + request->onchain_input.len);
    struct abi_tuple tuple = abi_begin(&writer, 6);
    abi_put_u64(&writer, &tuple, request->nonce);
    abi_put_u64(&writer, &tuple, request->limits.max_cycles);
    abi_put_u64(&writer, &tuple, request->limits.deadline);
    abi_put_u64(&writer, &tuple, request->limits.callback_gas);
    abi_put_u64(&writer, &tuple, request->ready_at);
    abi_put_bytes(&writer, &tuple, request->onchain_input);
    struct state_log log =
        test_log(&job_manager_address, JOB_EVENT_REQUESTED, &request->job_id, abi_written(&writer));
    log.topics[log.topic_count++] = test_address_topic(&request->consumer);
    log.topics[log.topic_count++] = request->program_id;
    return log;
}

static inline struct state_log test_completion_log(
    struct arena *arena, const struct job_completion *completion
) {
    struct abi_writer writer = abi_writer_in(arena, 256 + completion->run.output.len);
    struct abi_tuple tuple = abi_begin(&writer, 4);
    abi_put_u64(&writer, &tuple, completion->run.outcome);
    abi_put_u64(&writer, &tuple, completion->run.code);
    abi_put_u64(&writer, &tuple, completion->run.used_cycles);
    abi_put_bytes(&writer, &tuple, completion->run.output);
    struct state_log log = test_log(
        &job_manager_address, JOB_EVENT_COMPLETED, &completion->job_id, abi_written(&writer)
    );
    log.topics[log.topic_count++] = test_address_topic(&completion->proposer);
    return log;
}

/* Fills in the image's hash and the submission's id. */
static inline struct state_log test_submission_log(
    struct arena *arena, struct job_submission *submission
) {
    keccak256(&submission->image_hash, submission->image);
    job_submission_id(
        &submission->submission_id, &submission->image_hash, &submission->invalidator,
        &submission->owner
    );
    struct abi_writer writer = abi_writer_in(arena, 256 + submission->image.len);
    struct abi_tuple tuple = abi_begin(&writer, 2);
    abi_put_hash(&writer, &tuple, &submission->invalidator);
    abi_put_bytes(&writer, &tuple, submission->image);
    struct state_log log = test_log(
        &program_registry_address, JOB_EVENT_PROGRAM_SUBMITTED, &submission->submission_id,
        abi_written(&writer)
    );
    log.topics[log.topic_count++] = submission->image_hash;
    log.topics[log.topic_count++] = test_address_topic(&submission->owner);
    return log;
}

static inline struct bytes test_number_data(struct arena *arena, uint64_t number) {
    struct abi_writer writer = abi_writer_in(arena, 32);
    struct abi_tuple tuple = abi_begin(&writer, 1);
    abi_put_u64(&writer, &tuple, number);
    return abi_written(&writer);
}

/* ProgramRegistered, or ProgramRejected where the answer has a reason. */
static inline struct state_log test_answer_log(
    struct arena *arena, const struct job_answer_posted *posted
) {
    const struct job_program_answer *answer = &posted->answer;
    if (answer->reason != 0) {
        return test_log(
            &program_registry_address, JOB_EVENT_PROGRAM_REJECTED, &answer->submission_id,
            test_number_data(arena, answer->reason)
        );
    }
    struct state_log log = test_log(
        &program_registry_address, JOB_EVENT_PROGRAM_REGISTERED, &answer->submission_id,
        test_number_data(arena, answer->pages)
    );
    log.topics[log.topic_count++] = answer->program_id;
    log.topics[log.topic_count++] = test_address_topic(&posted->owner);
    return log;
}

#endif
