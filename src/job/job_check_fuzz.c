#include "job/job_check.h"

#include "base/fuzz.h"
#include "job/limits.h"
#include "job/test.h"

/* Blocks made of true and false results, requests and strangers' logs, in any order, against a model
 * that knows what was put in. The first byte says which jobs were requested in earlier blocks, each
 * further one is a log. */

enum { JOB_COUNT = 8, LOGS_MAX = 256, BLOCK_NUMBER = 1000 };

static uint8_t memory[16 << 20];

static void *get_memory(void *ctx, size_t size) {
    size_t *used = ctx;
    const size_t start = *used;
    ASSERT(size <= sizeof memory - start);
    *used += (size + 63) & ~(size_t)63;
    return memory + start;
}

struct model {
    struct job_request requests[JOB_COUNT];
    uint8_t in_history; /* a bit a job */
};

/* Job i runs program i % 3, of which 2 is not registered, on i bytes; the last is ready too late. */
static void make_requests(struct model *model) {
    static const uint8_t input[JOB_COUNT] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (uint8_t i = 0; i < JOB_COUNT; i++) {
        model->requests[i] = (struct job_request){
            .consumer = {{9}},
            .program_id = {{(uint8_t)(i % 3)}},
            .nonce = JOB_FIRST_NONCE + i,
            .limits = {1000, BLOCK_NUMBER + 10, 0},
            .ready_at = i == JOB_COUNT - 1 ? BLOCK_NUMBER + 1 : BLOCK_NUMBER,
            .onchain_input = bytes_from(input, i),
        };
        job_id(&model->requests[i].job_id, JOB_FIRST_NONCE + i, &model->requests[i].consumer);
    }
}

static struct status find_request(
    void *ctx, bool *found, struct job_request *out, const struct hash *id
) {
    const struct model *model = ctx;
    *found = false;
    for (unsigned i = 0; i < JOB_COUNT; i++) {
        if (!(model->in_history >> i & 1)) continue;
        if (!hash_equal(&model->requests[i].job_id, id)) continue;
        *found = true;
        *out = model->requests[i];
    }
    return status_ok;
}

static struct status find_submission(
    void *ctx, bool *found, struct job_submission *out, const struct hash *id
) {
    (void)ctx, (void)out, (void)id;
    *found = false;
    return status_ok;
}

static struct status find_image(
    void *ctx, bool *found, struct bytes *out, const struct hash *program_id
) {
    (void)ctx;
    *found = program_id->bytes[0] < 2;
    *out = BYTES_OF(*program_id);
    return status_ok;
}

static struct job_run_result truth(struct bytes input, uint8_t program) {
    return (struct job_run_result){JOB_EXIT, program, 100 + input.len, input};
}

static struct status run(void *ctx, struct job_run_result *out, const struct job_call *call) {
    (void)ctx;
    ASSERT(hash_equal((const struct hash *)call->image.data, &call->program_id));
    ASSERT(call->max_cycles == 1000 && call->offchain_input.len == 0);
    *out = truth(call->onchain_input, call->program_id.bytes[0]);
    return status_ok;
}

static const struct address coinbase = {{0xc0}};

/* A result of job i with the lie that kind names; answers what is to be found. */
static enum job_check_verdict add_result(
    struct arena *arena, struct state_log *log, const struct job_request *request, unsigned kind
) {
    static const enum job_check_verdict verdicts[8] = {
        JOB_CHECK_VALID,        JOB_CHECK_WRONG_OUTCOME, JOB_CHECK_WRONG_CODE,
        JOB_CHECK_WRONG_CYCLES, JOB_CHECK_WRONG_OUTPUT,  JOB_CHECK_WRONG_PROPOSER,
        JOB_CHECK_BROKEN_LOG,   JOB_CHECK_VALID,
    };
    struct job_completion completion = {.job_id = request->job_id, .proposer = coinbase};
    completion.run = truth(request->onchain_input, request->program_id.bytes[0]);
    if (kind == 1) completion.run.outcome = JOB_TRAP;
    if (kind == 2) completion.run.code++;
    if (kind == 3) completion.run.used_cycles--;
    if (kind == 4) completion.run.output = BYTES_LITERAL("something else");
    if (kind == 5) completion.proposer.bytes[5] = 1;
    *log = test_completion_log(arena, &completion);
    if (kind == 6) log->data.len--;
    if (kind == 7) log->address.bytes[3] = 1; /* a stranger's, whatever it says */
    return verdicts[kind];
}

/* What the block comes to with this result, as the model sees it. */
static enum job_check_verdict expect(
    const struct job_request *request, bool known, enum job_check_verdict lie, bool is_strangers
) {
    if (is_strangers || lie == JOB_CHECK_BROKEN_LOG) return lie;
    if (!known) return JOB_CHECK_UNKNOWN_JOB;
    if (lie == JOB_CHECK_WRONG_PROPOSER) return lie;
    if (request->ready_at > BLOCK_NUMBER) return JOB_CHECK_TOO_EARLY;
    if (request->program_id.bytes[0] == 2) return JOB_CHECK_UNKNOWN_PROGRAM;
    return lie;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1 || size > LOGS_MAX) return 0;
    size_t used = 0;
    const struct arena_source source = {get_memory, NULL, &used};
    struct arena arena;
    arena_init(&arena, &source);
    struct model model = {.in_history = data[0]};
    make_requests(&model);

    static struct state_log logs[LOGS_MAX];
    size_t log_count = 0, expected_index = 0;
    uint8_t known = model.in_history;
    enum job_check_verdict expected = JOB_CHECK_VALID;
    for (size_t i = 1; i < size; i++) {
        struct job_request *request = &model.requests[data[i] % JOB_COUNT];
        const unsigned kind = data[i] / JOB_COUNT % 16;
        const uint8_t bit = (uint8_t)(1u << data[i] % JOB_COUNT);
        enum job_check_verdict verdict = JOB_CHECK_VALID;
        if (kind >= 8) {
            logs[log_count] = test_request_log(&arena, request);
            known |= bit;
        } else {
            verdict = add_result(&arena, &logs[log_count], request, kind);
            verdict = expect(request, (known & bit) != 0, verdict, kind == 7);
        }
        if (expected == JOB_CHECK_VALID && verdict != JOB_CHECK_VALID) {
            expected = verdict;
            expected_index = log_count;
        }
        log_count++;
    }

    const struct job_block block = {logs, log_count, BLOCK_NUMBER, coinbase};
    const struct job_history history = {find_request, find_submission, find_image, &model};
    const struct job_runner runner = {run, NULL};
    struct job_check check;
    const struct status status = job_check_block(&check, &arena, &block, &history, &runner);
    ASSERT(!failed(status));
    ASSERT(check.verdict == expected);
    ASSERT(check.log_index == expected_index);
    return 0;
}
