/* The book against a plain model that replays the canonical blocks from the first, over random
 * blocks, rollbacks, reorganisations and re-openings. */
#include "service/job_book.h"

#include "base/test.h"
#include "job/limits.h"
#include "job/test.h"
#include "machine/machine_program.h"
#include "service/sample_programs.h"

enum {
    BLOCKS_MAX = 4000,
    EVENTS_MAX = 4, /* of a block */
    JOBS_MAX = 512,
    IMAGES = 3, /* two valid ones with the same program id, one that is no ELF file */
    OWNERS = 2,
    SUBMISSIONS = IMAGES * OWNERS,
};

struct event {
    enum job_event_kind kind;
    size_t subject; /* job by order of request, or submission by image and owner */
    uint64_t ready_at, deadline;
    uint8_t input;
    bool good; /* of a completion: exit code 0 */
};

struct block {
    struct hash hash;
    struct event events[EVENTS_MAX];
    size_t count;
};

struct job {
    struct event request;
    uint64_t requested_at, ended_at;
    uint32_t log_index;
    enum job_status status;
    bool callback_pending;
};

struct submission {
    enum { NEVER, OPEN, DONE } state;
    uint64_t submitted_at;
};

/* What the canonical blocks come to. */
struct model {
    struct job jobs[JOBS_MAX];
    size_t job_count;
    struct submission submissions[SUBMISSIONS];
    bool registered;
    size_t registered_by; /* submission */
    uint64_t registered_at;
};

static struct arena arena;
static struct store *store;
static struct job_book book;
static struct block blocks[BLOCKS_MAX];
static size_t block_count; /* genesis included: block_count - 1 is the head */
static uint64_t next_hash, seed;
static struct bytes images[IMAGES];
static struct hash program_id;
static uint32_t program_pages;
static struct job_book_program genesis_program;

static uint64_t draw(uint64_t below) {
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed % below;
}

#define assert_ok(status) assert_string_equal((status).context, status_ok.context)

/* ---- the model ---- */

static uint32_t log_index_of(size_t event) {
    return (uint32_t)(2 * event + 1); /* another contract's log stands before each */
}

static void replay_event(struct model *model, uint64_t number, size_t index) {
    const struct event *event = &blocks[number].events[index];
    struct job *job = &model->jobs[event->subject];
    struct submission *submission = &model->submissions[event->subject % SUBMISSIONS];
    switch (event->kind) {
    case JOB_EVENT_REQUESTED:
        assert_int_equal(event->subject, model->job_count);
        *job = (struct job){
            .request = *event,
            .requested_at = number,
            .log_index = log_index_of(index),
            .status = JOB_PENDING,
        };
        model->job_count++;
        return;
    case JOB_EVENT_COMPLETED: job->status = event->good ? JOB_COMPLETED : JOB_FAILED; break;
    case JOB_EVENT_CANCELLED: job->status = JOB_CANCELLED; break;
    case JOB_EVENT_EXPIRED: job->status = JOB_EXPIRED; break;
    case JOB_EVENT_CALLBACK_FAILED: job->callback_pending = true; return;
    case JOB_EVENT_CALLBACK_RETRIED: job->callback_pending = false; return;
    case JOB_EVENT_PROGRAM_SUBMITTED: *submission = (struct submission){OPEN, number}; return;
    case JOB_EVENT_PROGRAM_REGISTERED:
        submission->state = DONE;
        if (model->registered) return;
        model->registered = true;
        model->registered_by = event->subject;
        model->registered_at = number;
        return;
    case JOB_EVENT_PROGRAM_REJECTED: submission->state = DONE; return;
    case JOB_EVENT_KINDS: fail();
    }
    job->ended_at = number;
}

static struct model *replay(size_t count) {
    static struct model model;
    model = (struct model){.job_count = 0};
    for (uint64_t number = 1; number < count; number++) {
        for (size_t i = 0; i < blocks[number].count; i++) {
            replay_event(&model, number, i);
        }
    }
    return &model;
}

/* ---- logs ---- */

static struct address owner_of(size_t submission) {
    return (struct address){{0x0e, (uint8_t)(submission % OWNERS)}};
}

static struct job_submission make_submission(size_t index) {
    struct job_submission submission = {.owner = owner_of(index), .image = images[index / OWNERS]};
    (void)test_submission_log(&arena, &submission);
    return submission;
}

static struct job_request make_request(const struct event *event) {
    uint8_t *input = arena_alloc(&arena, 8, 1);
    input[0] = event->input;
    struct job_request request = {
        .consumer = {{0xc0, (uint8_t)(event->subject % 3)}},
        .program_id = genesis_program.program_id,
        .nonce = JOB_FIRST_NONCE + event->subject,
        .limits = {.max_cycles = 1000 + event->input, .deadline = event->deadline},
        .ready_at = event->ready_at,
        .onchain_input = bytes_from(input, 8),
    };
    job_id(&request.job_id, request.nonce, &request.consumer);
    return request;
}

static struct job_run_result make_run(const struct event *event) {
    return (struct job_run_result){
        .outcome = JOB_EXIT,
        .code = event->good ? 0 : 3,
        .used_cycles = 500 + event->input,
        .output = event->good ? BYTES_LITERAL("an output") : BYTES_LITERAL(""),
    };
}

static struct state_log submission_log(const struct event *event) {
    struct job_submission submission = make_submission(event->subject);
    if (event->kind == JOB_EVENT_PROGRAM_SUBMITTED) {
        return test_submission_log(&arena, &submission);
    }
    struct job_answer_posted posted = {.owner = submission.owner};
    job_answer_image(
        &posted.answer, &arena, submission.image, &submission.image_hash, &submission.invalidator
    );
    posted.answer.submission_id = submission.submission_id;
    return test_answer_log(&arena, &posted);
}

static struct state_log event_log(const struct event *event) {
    if (event->kind >= JOB_EVENT_PROGRAM_SUBMITTED) return submission_log(event);
    struct job_request request = make_request(event);
    if (event->kind == JOB_EVENT_REQUESTED) return test_request_log(&arena, &request);
    if (event->kind == JOB_EVENT_COMPLETED) {
        const struct job_completion completion = {
            .job_id = request.job_id, .proposer = {{0x99}}, .run = make_run(event)};
        return test_completion_log(&arena, &completion);
    }
    struct bytes data = BYTES_LITERAL("");
    if (event->kind == JOB_EVENT_CALLBACK_FAILED) {
        struct abi_writer writer = abi_writer_in(&arena, 128);
        struct abi_tuple tuple = abi_begin(&writer, 1);
        abi_put_bytes(&writer, &tuple, BYTES_LITERAL("because"));
        data = abi_written(&writer);
    }
    return test_log(&job_manager_address, event->kind, &request.job_id, data);
}

static struct hash transaction_hash(uint64_t number, size_t event) {
    struct hash hash = {{0x77, (uint8_t)event}};
    store_be64(hash.bytes + 8, number);
    return hash;
}

static struct engine_block make_engine_block(uint64_t number) {
    const struct block *block = &blocks[number];
    struct engine_receipt *receipts = ARENA_ARRAY(&arena, struct engine_receipt, EVENTS_MAX);
    for (size_t i = 0; i < block->count; i++) {
        struct state_log *logs = ARENA_ARRAY(&arena, struct state_log, 2);
        logs[0] = (struct state_log){.address = {{0xdd}}};
        logs[1] = event_log(&block->events[i]);
        receipts[i] = (struct engine_receipt){transaction_hash(number, i), true, logs, 2};
    }
    return (struct engine_block){
        .hash = block->hash,
        .parent_hash = blocks[number - 1].hash,
        .number = number,
        .receipts = receipts,
        .receipt_count = block->count,
    };
}

/* ---- drawing blocks that the contracts allow ---- */

static bool draw_job_event(struct event *event, const struct model *model, uint64_t number) {
    const bool is_new = model->job_count == 0 || draw(3) == 0;
    if (is_new && model->job_count < JOBS_MAX) {
        *event = (struct event){.kind = JOB_EVENT_REQUESTED, .subject = model->job_count};
        event->ready_at = number + 1 + draw(6);
        event->deadline = event->ready_at + draw(12);
        event->input = (uint8_t)draw(256);
        return true;
    }
    if (model->job_count == 0) return false;
    const size_t recent = model->job_count < 12 ? model->job_count : 12;
    const size_t subject = model->job_count - 1 - draw(recent);
    const struct job *job = &model->jobs[subject];
    *event = job->request;
    event->good = draw(4) != 0;
    if (job->status == JOB_PENDING) {
        if (number > event->deadline) {
            event->kind = JOB_EVENT_EXPIRED;
        } else if (draw(4) == 0) {
            event->kind = JOB_EVENT_CANCELLED;
        } else {
            event->kind = JOB_EVENT_COMPLETED;
            return number >= event->ready_at;
        }
        return true;
    }
    event->kind = job->callback_pending ? JOB_EVENT_CALLBACK_RETRIED : JOB_EVENT_CALLBACK_FAILED;
    return job->status == JOB_COMPLETED;
}

static bool draw_submission_event(struct event *event, const struct model *model, uint64_t number) {
    const size_t subject = draw(SUBMISSIONS);
    const struct submission *submission = &model->submissions[subject];
    const bool is_over = number > submission->submitted_at + ANSWER_BLOCKS;
    *event = (struct event){.kind = JOB_EVENT_PROGRAM_SUBMITTED, .subject = subject};
    if (submission->state == NEVER) return true;
    if (submission->state == DONE) return false;
    if (is_over) return true; /* it expired, and is submitted again */
    if (submission->submitted_at == number || draw(3) != 0) return false;
    event->kind =
        subject / OWNERS == IMAGES - 1 ? JOB_EVENT_PROGRAM_REJECTED : JOB_EVENT_PROGRAM_REGISTERED;
    return true;
}

/* Makes the next block and appends it to the store; the book does not know yet. */
static void make_block(bool empty) {
    const uint64_t number = block_count;
    assert_true(number < BLOCKS_MAX);
    struct block *block = &blocks[block_count++];
    *block = (struct block){.hash = {{0xb0}}};
    store_be64(block->hash.bytes + 8, ++next_hash);
    struct model *model = replay(number);
    for (size_t tries = empty ? 0 : draw(8); tries > 0 && block->count < EVENTS_MAX; tries--) {
        struct event *event = &block->events[block->count];
        const bool drawn = draw(4) == 0 ? draw_submission_event(event, model, number)
                                        : draw_job_event(event, model, number);
        if (drawn) replay_event(model, number, block->count++);
    }
    const struct state_diff diff = {0};
    const struct store_change change = {.diff = &diff};
    const struct store_block stored = {
        .mark = {number, block->hash, state_empty_root},
        .parent_hash = number == 0 ? (struct hash){{0}} : blocks[number - 1].hash,
        .header = BYTES_LITERAL("header"),
        .body = BYTES_LITERAL("body"),
        .receipts = BYTES_LITERAL("receipts"),
    };
    assert_ok(store_append(store, &stored, &change));
}

static void catch_up(void) {
    while (book.number + 1 < block_count) {
        const struct engine_block block = make_engine_block(book.number + 1);
        assert_ok(job_book_apply(&book, &block));
    }
}

static void reopen(void) {
    memset(&book, 0xee, sizeof book);
    assert_ok(job_book_open(&book, store, &test_heap, &genesis_program, 1));
    assert_true(book.number < block_count);
}

static void roll_back(uint64_t depth) {
    const uint64_t head = block_count - 1;
    const uint64_t number = head - (depth < head ? depth : head);
    assert_ok(store_rollback(store, number, STORE_KEEP_BLOCKS));
    block_count = number + 1;
}

/* ---- comparing ---- */

struct walk {
    const struct model *model;
    size_t count;
};

struct filtered_walk {
    const struct model *model;
    const struct job_book_filter *filter;
    size_t next; /* job of the model */
};

static bool is_wanted(const struct job_book_filter *filter, const struct job *job) {
    const struct job_request request = make_request(&job->request);
    return job->requested_at >= filter->from_block &&
        (filter->status == JOB_NONE || filter->status == job->status) &&
        (!filter->has_consumer || address_equal(&filter->consumer, &request.consumer));
}

static void skip_unwanted(struct filtered_walk *walk) {
    while (walk->next < walk->model->job_count &&
           !is_wanted(walk->filter, &walk->model->jobs[walk->next])) {
        walk->next++;
    }
}

static bool next_wanted(void *ctx, const struct job_record *record) {
    struct filtered_walk *walk = ctx;
    skip_unwanted(walk);
    assert_true(walk->next < walk->model->job_count);
    const struct job *job = &walk->model->jobs[walk->next++];
    const struct job_request request = make_request(&job->request);
    assert_memory_equal(&record->request.job_id, &request.job_id, 32);
    assert_int_equal(record->status, job->status);
    return true;
}

/* Each status and any, of any consumer, of one and of one that has no jobs, from two blocks on. */
static void check_filters(const struct model *model) {
    for (int i = 0; i < 6 * 3 * 2; i++) {
        struct job_book_filter filter = {
            .status = (enum job_status)(i % 6),
            .has_consumer = i / 6 % 3 != 0,
            .from_block = i < 18 ? 0 : block_count / 2,
        };
        if (i / 6 % 3 == 1) filter.consumer = (struct address){{0xc0, 1}};
        struct filtered_walk walk = {.model = model, .filter = &filter};
        assert_ok(job_book_each_job(&book, &filter, next_wanted, &walk));
        skip_unwanted(&walk);
        assert_int_equal(walk.next, model->job_count);
    }
}

static bool same_job(void *ctx, const struct job_record *record) {
    struct walk *walk = ctx;
    const struct job *job = &walk->model->jobs[walk->count++];
    const struct job_request request = make_request(&job->request);
    assert_true(walk->count <= walk->model->job_count);
    assert_memory_equal(&record->request.job_id, &request.job_id, 32);
    assert_memory_equal(&record->request.consumer, &request.consumer, 20);
    assert_bytes_equal(record->request.onchain_input, request.onchain_input);
    assert_int_equal(record->request.limits.deadline, request.limits.deadline);
    assert_int_equal(record->request.limits.max_cycles, request.limits.max_cycles);
    assert_int_equal(record->requested_at, job->requested_at);
    assert_int_equal(record->log_index, job->log_index);
    assert_int_equal(record->status, job->status);
    assert_int_equal(record->callback_pending, job->callback_pending);
    assert_int_equal(record->ended_at, job->ended_at);
    assert_int_equal(hash_is_zero(&record->end_tx), job->ended_at == 0);
    const bool has_run = job->status == JOB_COMPLETED || job->status == JOB_FAILED;
    assert_int_equal(record->run.used_cycles, has_run ? 500u + job->request.input : 0);
    assert_int_equal(record->run.output.len, job->status == JOB_COMPLETED ? 9 : 0);
    return true;
}

static bool count_program(void *ctx, const struct program_record *record) {
    struct walk *walk = ctx;
    walk->count++;
    if (record->registered_at == 0) return true;
    const struct job_submission by = make_submission(walk->model->registered_by);
    assert_memory_equal(&record->program_id, &program_id, 32);
    assert_memory_equal(&record->submission_id, &by.submission_id, 32);
    assert_memory_equal(&record->owner, &by.owner, 20);
    assert_int_equal(record->registered_at, walk->model->registered_at);
    assert_int_equal(record->pages, program_pages);
    return true;
}

static void check_submissions(const struct model *model) {
    for (size_t i = 0; i < SUBMISSIONS; i++) {
        const struct job_submission expected = make_submission(i);
        struct submission_record record;
        bool found;
        assert_ok(
            job_book_submission(&book, &arena, &found, &record, &expected.submission_id, UINT64_MAX)
        );
        assert_int_equal(found, model->submissions[i].state != NEVER);
        if (!found) continue;
        assert_int_equal(record.submitted_at, model->submissions[i].submitted_at);
        assert_bytes_equal(record.submission.image, expected.image);
    }
}

/* Whether the model has it in the queue; each thing is found once. */
static void check_item(
    const struct model *model, const struct job_book_item *item, bool *jobs, bool *submissions
) {
    const uint64_t head = block_count - 1;
    for (size_t i = 0; !item->is_submission && i < model->job_count; i++) {
        const struct job *job = &model->jobs[i];
        const struct job_request request = make_request(&job->request);
        if (!hash_equal(&request.job_id, &item->id)) continue;
        assert_int_equal(job->status, JOB_PENDING);
        assert_true(head < job->request.deadline);
        assert_int_equal(item->ready_at, job->request.ready_at);
        assert_false(jobs[i]);
        jobs[i] = true;
        return;
    }
    for (size_t i = 0; item->is_submission && i < SUBMISSIONS; i++) {
        const struct submission *submission = &model->submissions[i];
        const struct job_submission expected = make_submission(i);
        if (!hash_equal(&expected.submission_id, &item->id)) continue;
        assert_int_equal(submission->state, OPEN);
        assert_true(head < submission->submitted_at + ANSWER_BLOCKS);
        assert_int_equal(item->ready_at, submission->submitted_at + 1);
        assert_false(submissions[i]);
        submissions[i] = true;
        return;
    }
    fail_msg("something unknown waits");
}

static void check_queue(const struct model *model) {
    bool jobs[JOBS_MAX] = {false}, submissions[SUBMISSIONS] = {false};
    struct job_book_item item;
    struct job_run_result run;
    bool found;
    uint8_t last[JOB_BOOK_PLACE_SIZE];
    for (int queue = 0; queue < 2; queue++) {
        const uint8_t *after = NULL;
        for (;;) {
            assert_ok(
                queue == 0 ? job_book_next_waiting(&book, &found, &item, after)
                           : job_book_next_answered(&book, &arena, &found, &item, &run, after)
            );
            if (!found) break;
            if (after != NULL) assert_true(memcmp(last, item.key, sizeof last) < 0);
            check_item(model, &item, jobs, submissions);
            memcpy(last, item.key, sizeof last);
            after = last;
        }
    }
    const uint64_t head = block_count - 1;
    for (size_t i = 0; i < model->job_count; i++) {
        const struct job *job = &model->jobs[i];
        assert_int_equal(jobs[i], job->status == JOB_PENDING && head < job->request.deadline);
    }
    for (size_t i = 0; i < SUBMISSIONS; i++) {
        const struct submission *submission = &model->submissions[i];
        const bool waits =
            submission->state == OPEN && head < submission->submitted_at + ANSWER_BLOCKS;
        assert_int_equal(submissions[i], waits);
    }
}

static void check_all(void) {
    const struct arena_mark mark = arena_mark(&arena);
    const struct model *model = replay(block_count);
    struct walk walk = {.model = model};
    assert_int_equal(book.number, block_count - 1);
    assert_ok(job_book_each_job(&book, &(struct job_book_filter){0}, same_job, &walk));
    assert_int_equal(walk.count, model->job_count);
    check_filters(model);
    walk.count = 0;
    assert_ok(job_book_each_program(&book, count_program, &walk));
    assert_int_equal(walk.count, 1 + model->registered);
    struct bytes image;
    bool found;
    assert_ok(job_book_image(&book, &arena, &found, &image, &program_id));
    assert_int_equal(found, model->registered);
    if (found) assert_bytes_equal(image, images[model->registered_by / OWNERS]);
    check_submissions(model);
    check_queue(model);
    arena_rewind(&arena, mark);
}

/* ---- steps ---- */

/* Some waiting thing gets its answer. */
static void answer_one(void) {
    struct job_book_item item;
    bool found = true;
    uint8_t last[JOB_BOOK_PLACE_SIZE];
    const uint8_t *after = NULL;
    for (uint64_t skip = draw(4); found; skip--) {
        assert_ok(job_book_next_waiting(&book, &found, &item, after));
        if (!found) return;
        if (skip == 0) break;
        memcpy(last, item.key, sizeof last);
        after = last;
    }
    const struct job_run_result run = {.used_cycles = 7, .output = BYTES_LITERAL("answer")};
    assert_ok(job_book_answer(&book, &item, item.is_submission ? NULL : &run));

    struct job_run_result read = {.code = 1};
    struct job_book_item answered;
    after = NULL;
    do {
        assert_ok(job_book_next_answered(&book, &arena, &found, &answered, &read, after));
        assert_true(found);
        memcpy(last, answered.key, sizeof last);
        after = last;
    } while (memcmp(answered.key, item.key, sizeof last) != 0);
    if (!item.is_submission) assert_bytes_equal(read.output, run.output);
}

static void step(void) {
    const uint64_t what = draw(20);
    if (what < 10) {
        make_block(false);
        catch_up();
    } else if (what < 12) { /* it ends between the chain's transaction and the book's */
        for (uint64_t i = 1 + draw(3); i > 0; i--) {
            make_block(false);
        }
        reopen();
        catch_up();
    } else if (what < 14) {
        roll_back(draw(12));
        assert_ok(job_book_unwind(&book, block_count - 1));
    } else if (what < 16) { /* another branch grew while the book did not look */
        roll_back(draw(8));
        for (uint64_t i = draw(10); i > 0; i--) {
            make_block(false);
        }
        reopen();
        catch_up();
    } else if (what < 17) {
        reopen();
        catch_up();
    } else {
        answer_one();
    }
}

static void start(uint64_t number) {
    const struct bytes image = sample_programs[0].data;
    seed = number * UINT64_C(0x9e3779b97f4a7c15);
    block_count = 0;
    arena_init(&arena, &test_heap);
    for (size_t i = 0; i < 2; i++) { /* bytes behind the end mean nothing */
        uint8_t *copy = arena_alloc(&arena, image.len + i + 1, 1);
        memcpy(copy, image.data, image.len);
        images[i] = bytes_from(copy, image.len + i + 1);
    }
    images[IMAGES - 1] = BYTES_LITERAL("no ELF file");
    assert_int_equal(machine_program_id(&program_id, &program_pages, &arena, images[0]), ELF_VALID);
    genesis_program = (struct job_book_program
    ){.program_id = {{0x01}}, .pages = 3, .image = BYTES_LITERAL("of the genesis")};
    struct store_opening opening;
    struct store_options options = {.genesis_hash = {{0xb0}}};
    store_be64(options.genesis_hash.bytes + 8, next_hash + 1);
    assert_ok(store_open(&store, &opening, &options));
    make_block(true);
    reopen();
}

static void end(void) {
    store_close(store);
    arena_reset(&arena);
}

/* ---- tests ---- */

TEST(the_book_is_what_the_canonical_blocks_say) {
    for (uint64_t number = 1; number <= 12; number++) {
        start(number);
        for (int i = 0; i < 150; i++) {
            step();
            check_all();
        }
        end();
    }
}

/* Long enough for submissions to lapse, to be made again, and to be rolled back over. */
TEST(a_submission_is_made_again_after_its_time) {
    for (uint64_t number = 1; number <= 4; number++) {
        start(1000 + number);
        for (int round = 0; round < 4; round++) {
            for (int i = 0; i < 12; i++) {
                step();
            }
            check_all();
            const size_t before = block_count;
            for (uint64_t i = 0; i < ANSWER_BLOCKS + 2; i++) {
                make_block(true);
            }
            catch_up();
            check_all();
            make_block(false);
            make_block(false);
            catch_up();
            if (round % 2 == 0) continue;
            roll_back(block_count - before);
            assert_ok(job_book_unwind(&book, block_count - 1));
            check_all();
        }
        end();
    }
}

static const struct event a_request = {
    .kind = JOB_EVENT_REQUESTED, .ready_at = 3, .deadline = 5, .input = 9};

/* Applies blocks up to number, the first with a request that nobody answers. */
static void wait_until(uint64_t number) {
    while (block_count <= number) {
        make_block(true);
        if (block_count == 2) {
            blocks[1].events[0] = a_request;
            blocks[1].count = 1;
        }
    }
    catch_up();
}

static bool anything_waits(void) {
    struct job_book_item item;
    bool found;
    assert_ok(job_book_next_waiting(&book, &found, &item, NULL));
    return found;
}

TEST(a_job_waits_up_to_the_last_block_that_may_hold_its_result) {
    start(1);
    wait_until(4);
    assert_true(anything_waits());
    wait_until(5);
    assert_false(anything_waits());
    check_all();
    roll_back(1);
    assert_ok(job_book_unwind(&book, 4));
    assert_true(anything_waits());
    end();
}

TEST(an_answer_that_comes_after_a_rollback_is_dropped) {
    start(1);
    struct job_book_item item;
    struct job_run_result run = {.used_cycles = 1};
    bool found;
    wait_until(2);
    assert_ok(job_book_next_waiting(&book, &found, &item, NULL));
    roll_back(2);
    assert_ok(job_book_unwind(&book, 0));
    assert_ok(job_book_answer(&book, &item, &run));
    assert_ok(job_book_next_answered(&book, &arena, &found, &item, &run, NULL));
    assert_false(found);
    check_all();
    end();
}

TEST(blocks_are_applied_in_order) {
    start(1);
    make_block(true);
    make_block(true);
    const struct engine_block block = make_engine_block(2);
    expect_assert_failure(failed(job_book_apply(&book, &block)));
    end();
}

TEST_MAIN(
    TEST_CASE(the_book_is_what_the_canonical_blocks_say),
    TEST_CASE(a_submission_is_made_again_after_its_time),
    TEST_CASE(a_job_waits_up_to_the_last_block_that_may_hold_its_result),
    TEST_CASE(an_answer_that_comes_after_a_rollback_is_dropped),
    TEST_CASE(blocks_are_applied_in_order)
)
