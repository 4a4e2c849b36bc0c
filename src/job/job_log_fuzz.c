#include "job/job_log.h"

#include "base/fuzz.h"
#include "job/limits.h"
#include "job/predeploys.h"

/* The first byte chooses contract, event and topic count, topics follow, the rest is data. What is
 * read keeps its promises. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) return 0;
    struct state_log log = {.topic_count = 1 + (data[0] >> 4 & 3)};
    const unsigned kind = data[0] & 15;
    if (kind >= JOB_EVENT_KINDS) return 0;
    log.address =
        kind < JOB_EVENT_PROGRAM_SUBMITTED ? job_manager_address : program_registry_address;
    log.topics[0] = *job_event_topic((enum job_event_kind)kind);
    struct bytes rest = bytes_from(data + 1, size - 1);
    for (uint32_t i = 1; i < log.topic_count; i++) {
        if (rest.len < sizeof log.topics[i]) return 0;
        memcpy(log.topics[i].bytes, rest.data, sizeof log.topics[i]);
        rest = bytes_slice(rest, sizeof log.topics[i], rest.len - sizeof log.topics[i]);
    }
    log.data = rest;

    /* An id that is a hash of the rest cannot be guessed: it is put right. */
    if (kind == JOB_EVENT_REQUESTED && log.topic_count == 4 && rest.len >= 32) {
        struct address consumer;
        memcpy(consumer.bytes, log.topics[2].bytes + 12, sizeof consumer);
        job_id(&log.topics[1], load_be64(rest.data + 24), &consumer);
    }
    if (kind == JOB_EVENT_PROGRAM_SUBMITTED && log.topic_count == 4 && rest.len >= 32) {
        struct address owner;
        struct hash invalidator;
        memcpy(owner.bytes, log.topics[3].bytes + 12, sizeof owner);
        memcpy(invalidator.bytes, rest.data, sizeof invalidator);
        job_submission_id(&log.topics[1], &log.topics[2], &invalidator, &owner);
    }

    struct job_event event;
    const enum job_log_verdict verdict = job_log_read(&event, &log);
    ASSERT(verdict != JOB_LOG_OTHER);
    if (verdict != JOB_LOG_READ) return 0;
    ASSERT(event.kind == (enum job_event_kind)kind);
    ASSERT(hash_equal(&event.id, &log.topics[1]));
    struct bytes borrowed = bytes_from(NULL, 0);
    size_t most = 0;
    if (kind == JOB_EVENT_REQUESTED) borrowed = event.request.onchain_input, most = JOB_INPUT_MAX;
    if (kind == JOB_EVENT_COMPLETED) borrowed = event.completion.run.output, most = JOB_OUTPUT_MAX;
    if (kind == JOB_EVENT_PROGRAM_SUBMITTED) borrowed = event.submission.image, most = IMAGE_MAX;
    if (kind == JOB_EVENT_CALLBACK_FAILED) borrowed = event.reason, most = REVERT_DATA_MAX;
    ASSERT(borrowed.len <= most);
    if (borrowed.len > 0) {
        ASSERT(borrowed.data >= rest.data);
        ASSERT(borrowed.data + borrowed.len <= rest.data + rest.len);
    }
    return 0;
}
