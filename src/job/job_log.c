#include "job/job_log.h"

#include "codec/abi.h"
#include "job/limits.h"
#include "job/predeploys.h"

/* keccak256 of the events' signatures, which stand in job_log_test.c. */
/* clang-format off */
static const struct hash topics[JOB_EVENT_KINDS] = {
    [JOB_EVENT_REQUESTED] = {{0xe0, 0x0d, 0x98, 0x96, 0xb1, 0xff, 0x80, 0x91, 0x80, 0xb0, 0x81, 0x3a, 0xbc, 0xda, 0xc6, 0x60,
        0x4c, 0xf9, 0x02, 0xf1, 0x7f, 0xaa, 0xc6, 0xf0, 0xbd, 0x1f, 0xa1, 0x91, 0x9b, 0x6b, 0x74, 0x44}},
    [JOB_EVENT_COMPLETED] = {{0xa4, 0x1b, 0x28, 0xd1, 0xcc, 0xaf, 0x91, 0x70, 0x32, 0xce, 0xc5, 0x59, 0x44, 0xed, 0xb1, 0xde,
        0xb2, 0xdc, 0x0b, 0xb6, 0x27, 0xaf, 0x73, 0x51, 0xf7, 0xbd, 0x1e, 0x9a, 0x31, 0x35, 0x3c, 0x29}},
    [JOB_EVENT_CANCELLED] = {{0x9c, 0xcc, 0x86, 0x1e, 0xae, 0xc2, 0xac, 0xeb, 0x94, 0x88, 0x75, 0x8b, 0x45, 0x7d, 0x62, 0x74,
        0xb3, 0x44, 0x70, 0x7b, 0xc4, 0xe9, 0x61, 0xcb, 0xae, 0xfa, 0xcd, 0x20, 0x80, 0x25, 0x41, 0x0f}},
    [JOB_EVENT_EXPIRED] = {{0xc4, 0xb1, 0x80, 0x28, 0xcd, 0x4e, 0x98, 0x7c, 0x6f, 0x51, 0xb7, 0x6f, 0xe3, 0x53, 0xbf, 0x20,
        0x70, 0x10, 0x09, 0xba, 0xbc, 0x05, 0x20, 0x8e, 0x39, 0xe3, 0x20, 0x44, 0x64, 0x6b, 0x05, 0x57}},
    [JOB_EVENT_CALLBACK_FAILED] = {{0x96, 0xeb, 0x4c, 0x68, 0x18, 0xc1, 0xc5, 0x5d, 0x3f, 0xa0, 0x46, 0x17, 0xc2, 0x69, 0x34, 0x59,
        0x29, 0xa7, 0x0a, 0x22, 0x36, 0x02, 0xb7, 0x7c, 0x2f, 0x34, 0x12, 0x84, 0x43, 0x7b, 0x0e, 0x32}},
    [JOB_EVENT_CALLBACK_RETRIED] = {{0xf4, 0x72, 0xf1, 0x73, 0xd2, 0x2b, 0xb4, 0x50, 0x75, 0xc1, 0x12, 0x70, 0x1f, 0xfc, 0x8c, 0x80,
        0x06, 0x76, 0x11, 0x6a, 0x79, 0x83, 0x5c, 0x73, 0xce, 0x29, 0xce, 0xe2, 0x12, 0x1a, 0x9b, 0x5d}},
    [JOB_EVENT_PROGRAM_SUBMITTED] = {{0xc3, 0x1f, 0xbc, 0x3b, 0x9f, 0x1b, 0x30, 0x3f, 0xfa, 0xf2, 0x02, 0xc3, 0x54, 0x3a, 0xf7, 0x36,
        0x32, 0x7c, 0xca, 0x63, 0x27, 0x2e, 0x8a, 0x3d, 0x75, 0xa7, 0x6b, 0x75, 0xb2, 0xd6, 0x7f, 0x37}},
    [JOB_EVENT_PROGRAM_REGISTERED] = {{0xab, 0xb8, 0xa3, 0x9e, 0x81, 0xbd, 0x3b, 0xc1, 0x08, 0x9d, 0x6b, 0x5b, 0xba, 0x76, 0x56, 0x64,
        0x77, 0x42, 0xc0, 0x00, 0x21, 0xcd, 0xec, 0x26, 0x6c, 0xaf, 0x15, 0xd2, 0x67, 0x45, 0x71, 0xf0}},
    [JOB_EVENT_PROGRAM_REJECTED] = {{0xd0, 0x4f, 0xb2, 0xd8, 0xf6, 0x2f, 0xe0, 0x6d, 0x9a, 0xb3, 0x3a, 0x7b, 0xb4, 0x0b, 0x2f, 0x04,
        0xe2, 0xca, 0x4e, 0xf4, 0x6c, 0x9e, 0x68, 0xe1, 0xa5, 0x6a, 0x1b, 0xec, 0x6a, 0x62, 0xed, 0xa1}},
};
/* clang-format on */

const struct hash *job_event_topic(enum job_event_kind kind) {
    ASSERT((unsigned)kind < JOB_EVENT_KINDS);
    return &topics[kind];
}

/* What a contract emits: the kinds from first to last. */
static bool find_kind(enum job_event_kind *kind, const struct state_log *log) {
    unsigned first, end;
    if (address_equal(&log->address, &job_manager_address)) {
        first = JOB_EVENT_REQUESTED;
        end = JOB_EVENT_PROGRAM_SUBMITTED;
    } else if (address_equal(&log->address, &program_registry_address)) {
        first = JOB_EVENT_PROGRAM_SUBMITTED;
        end = JOB_EVENT_KINDS;
    } else {
        return false;
    }
    if (log->topic_count == 0) return false;
    for (unsigned i = first; i < end; i++) {
        if (!hash_equal(&topics[i], &log->topics[0])) continue;
        *kind = (enum job_event_kind)i;
        return true;
    }
    return false;
}

/* An indexed address stands in the low 20 bytes. */
static bool topic_address(struct address *out, const struct hash *topic) {
    static const uint8_t zeros[12];
    if (memcmp(topic->bytes, zeros, sizeof zeros) != 0) return false;
    memcpy(out->bytes, topic->bytes + sizeof zeros, sizeof out->bytes);
    return true;
}

static bool read_request(struct job_request *request, const struct state_log *log) {
    if (log->topic_count != 4) return false;
    request->job_id = log->topics[1];
    if (!topic_address(&request->consumer, &log->topics[2])) return false;
    request->program_id = log->topics[3];

    struct abi_reader reader = abi_read(log->data, ABI_CANONICAL);
    abi_read_u64(&reader, &request->nonce);
    abi_read_u64(&reader, &request->limits.max_cycles);
    abi_read_u64(&reader, &request->limits.deadline);
    abi_read_u64(&reader, &request->limits.callback_gas);
    abi_read_u64(&reader, &request->ready_at);
    abi_read_bytes(&reader, &request->onchain_input);
    if (abi_finish(&reader) != ABI_VALID) return false;

    struct hash expected;
    job_id(&expected, request->nonce, &request->consumer);
    return hash_equal(&expected, &request->job_id) && request->nonce >= JOB_FIRST_NONCE &&
        request->limits.max_cycles > 0 && request->limits.max_cycles <= JOB_CYCLES_MAX &&
        request->limits.callback_gas <= CALLBACK_GAS_MAX &&
        request->onchain_input.len <= JOB_INPUT_MAX;
}

static bool read_completion(struct job_completion *completion, const struct state_log *log) {
    if (log->topic_count != 3) return false;
    completion->job_id = log->topics[1];
    if (!topic_address(&completion->proposer, &log->topics[2])) return false;

    uint8_t outcome;
    struct abi_reader reader = abi_read(log->data, ABI_CANONICAL);
    abi_read_u8(&reader, &outcome);
    abi_read_u32(&reader, &completion->run.code);
    abi_read_u64(&reader, &completion->run.used_cycles);
    abi_read_bytes(&reader, &completion->run.output);
    if (abi_finish(&reader) != ABI_VALID) return false;
    if (outcome > JOB_OUT_OF_CYCLES) return false;
    completion->run.outcome = (enum job_outcome)outcome;
    return completion->run.output.len <= JOB_OUTPUT_MAX &&
        completion->run.used_cycles <= JOB_CYCLES_MAX;
}

static bool read_submission(struct job_submission *submission, const struct state_log *log) {
    if (log->topic_count != 4) return false;
    submission->submission_id = log->topics[1];
    submission->image_hash = log->topics[2];
    if (!topic_address(&submission->owner, &log->topics[3])) return false;

    struct abi_reader reader = abi_read(log->data, ABI_CANONICAL);
    abi_read_hash(&reader, &submission->invalidator);
    abi_read_bytes(&reader, &submission->image);
    if (abi_finish(&reader) != ABI_VALID) return false;

    struct hash expected;
    job_submission_id(
        &expected, &submission->image_hash, &submission->invalidator, &submission->owner
    );
    return hash_equal(&expected, &submission->submission_id) && submission->image.len <= IMAGE_MAX;
}

static bool read_registered(struct job_answer_posted *posted, const struct state_log *log) {
    if (log->topic_count != 4) return false;
    posted->answer.submission_id = log->topics[1];
    posted->answer.program_id = log->topics[2];
    if (!topic_address(&posted->owner, &log->topics[3])) return false;

    struct abi_reader reader = abi_read(log->data, ABI_CANONICAL);
    abi_read_u32(&reader, &posted->answer.pages);
    return abi_finish(&reader) == ABI_VALID;
}

static bool read_rejected(struct job_answer_posted *posted, const struct state_log *log) {
    if (log->topic_count != 2) return false;
    posted->answer.submission_id = log->topics[1];

    struct abi_reader reader = abi_read(log->data, ABI_CANONICAL);
    abi_read_u32(&reader, &posted->answer.reason);
    return abi_finish(&reader) == ABI_VALID;
}

static bool read_reason(struct bytes *reason, const struct state_log *log) {
    if (log->topic_count != 2) return false;
    struct abi_reader reader = abi_read(log->data, ABI_CANONICAL);
    abi_read_bytes(&reader, reason);
    return abi_finish(&reader) == ABI_VALID && reason->len <= REVERT_DATA_MAX;
}

static bool read_event(struct job_event *event, const struct state_log *log) {
    switch (event->kind) {
    case JOB_EVENT_REQUESTED: return read_request(&event->request, log);
    case JOB_EVENT_COMPLETED: return read_completion(&event->completion, log);
    case JOB_EVENT_CALLBACK_FAILED: return read_reason(&event->reason, log);
    case JOB_EVENT_PROGRAM_SUBMITTED: return read_submission(&event->submission, log);
    case JOB_EVENT_PROGRAM_REGISTERED: return read_registered(&event->posted, log);
    case JOB_EVENT_PROGRAM_REJECTED: return read_rejected(&event->posted, log);
    case JOB_EVENT_CANCELLED:
    case JOB_EVENT_EXPIRED:
    case JOB_EVENT_CALLBACK_RETRIED: return log->topic_count == 2 && log->data.len == 0;
    case JOB_EVENT_KINDS: break;
    }
    ASSERT(false);
}

enum job_log_verdict job_log_read(struct job_event *event, const struct state_log *log) {
    memset(event, 0, sizeof *event);
    if (!find_kind(&event->kind, log)) return JOB_LOG_OTHER;
    if (!read_event(event, log)) return JOB_LOG_BROKEN;
    event->id = log->topics[1];
    return JOB_LOG_READ;
}
