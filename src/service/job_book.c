#include "service/job_book.h"

#include "base/checked.h"
#include "codec/rlp.h"
#include "crypto/keccak.h"
#include "job/limits.h"

/* Namespaces of the store.
 *
 *   jobs         job id                        record
 *   job_index    consumer, status, block number, log index       job id
 *   submissions  submission id, ~block number  record with image; the last one first
 *   programs     program id                    record
 *   images       program id                    ELF file
 *   waiting      place in the queue            empty
 *   answered     place in the queue            result of a job; empty for a submission
 *   job_ends     last block, place             empty
 *   job_events   block number, log index       block hash, kind, id, fresh
 *   job_cursor   empty                         number and hash of the last applied block
 *
 * In job_index a job stands four times: consumer is a byte 1 and its address, or zeros for any; status is a
 * byte, zero for any.
 *
 * A place is ready_at, block number, log index (4), is_submission (1), id; numbers big-endian. The last
 * block is the last that may hold the answer: the places in job_ends stay there for as long as their
 * request is in the chain. That a thing left the queue for its age is an event of that block, behind
 * those of its logs.
 */
#define JOBS        "jobs"
#define JOB_INDEX   "job_index"
#define SUBMISSIONS "submissions"
#define PROGRAMS    "programs"
#define IMAGES      "images"
#define WAITING     "waiting"
#define ANSWERED    "answered"
#define ENDS        "job_ends"
#define EVENTS      "job_events"
#define CURSOR      "job_cursor"

enum {
    PLACE_SIZE = JOB_BOOK_PLACE_SIZE,
    LOG_PLACE_SIZE = 12,
    INDEX_GROUP_SIZE = 1 + 20 + 1, /* what all jobs have in common that are asked for together */
    INDEX_KEY_SIZE = INDEX_GROUP_SIZE + LOG_PLACE_SIZE,
    SUBMISSION_KEY_SIZE = 32 + 8,
    END_SIZE = 8 + JOB_BOOK_PLACE_SIZE,
    EVENT_SIZE = 32 + 1 + 32 + 1,
    /* Kinds and log indices of events that the book adds to those of a block's logs. */
    EVENT_JOB_LAPSED = JOB_EVENT_KINDS,
    EVENT_SUBMISSION_LAPSED,
    LAPSED_LOG_INDEX = 1 << 30,
    CURSOR_SIZE = 40,
    /* Blocks without events move the cursor on disk only so often; they cost nothing to read again. */
    CURSOR_BLOCKS = 1024,
};

static struct status corrupt(void) {
    return status_make(STATUS_CORRUPT, 0, "reading a record of the job book");
}

/* A record that is not there is an answer here. */
static struct status missing_is_ok(struct status status, bool *found) {
    *found = !failed(status);
    return status.code == STATUS_MISSING ? status_ok : status;
}

/* ---- places ---- */

static void make_place(
    uint8_t out[PLACE_SIZE],
    uint64_t ready_at,
    uint64_t number,
    uint32_t index,
    bool is_submission,
    const struct hash *id
) {
    store_be64(out, ready_at);
    store_be64(out + 8, number);
    store_be32(out + 16, index);
    out[20] = is_submission;
    memcpy(out + 21, id->bytes, 32);
}

static void job_place(uint8_t out[PLACE_SIZE], const struct job_record *record) {
    make_place(
        out, record->request.ready_at, record->requested_at, record->log_index, false,
        &record->request.job_id
    );
}

/* An answer may stand in the block after the submission's. The record does not keep the log's index:
 * submissions of one block are answered by id. */
static void submission_place(uint8_t out[PLACE_SIZE], const struct submission_record *record) {
    make_place(
        out, record->submitted_at + 1, record->submitted_at, 0, true,
        &record->submission.submission_id
    );
}

static void read_place(struct job_book_item *out, struct bytes key) {
    memcpy(out->key, key.data, PLACE_SIZE);
    out->ready_at = load_be64(key.data);
    out->is_submission = key.data[20] != 0;
    memcpy(out->id.bytes, key.data + 21, 32);
}

static uint64_t submission_end(const struct submission_record *record) {
    return record->submitted_at + ANSWER_BLOCKS;
}

static void make_end(uint8_t out[END_SIZE], uint64_t last_block, const uint8_t place[PLACE_SIZE]) {
    store_be64(out, last_block);
    memcpy(out + 8, place, PLACE_SIZE);
}

static void make_submission_key(
    uint8_t out[SUBMISSION_KEY_SIZE], const struct hash *id, uint64_t submitted_at
) {
    memcpy(out, id->bytes, sizeof id->bytes);
    store_be64(out + sizeof id->bytes, ~submitted_at);
}

static void make_log_place(uint8_t out[LOG_PLACE_SIZE], uint64_t number, uint32_t index) {
    store_be64(out, number);
    store_be32(out + 8, index);
}

/* consumer NULL and JOB_NONE: any. */
static void make_index_key(
    uint8_t out[INDEX_KEY_SIZE],
    const struct address *consumer,
    enum job_status status,
    uint64_t number,
    uint32_t log_index
) {
    memset(out, 0, INDEX_KEY_SIZE);
    if (consumer != NULL) {
        out[0] = 1;
        memcpy(out + 1, consumer->bytes, sizeof consumer->bytes);
    }
    out[21] = (uint8_t)status;
    make_log_place(out + INDEX_GROUP_SIZE, number, log_index);
}

/* ---- encodings ---- */

static void write_run(struct rlp_writer *writer, const struct job_run_result *run) {
    rlp_write_u64(writer, run->outcome);
    rlp_write_u64(writer, run->code);
    rlp_write_u64(writer, run->used_cycles);
    rlp_write_bytes(writer, run->output);
}

static void read_run(struct rlp_reader *reader, struct job_run_result *run) {
    uint64_t outcome, code;
    rlp_read_u64(reader, &outcome);
    rlp_read_u64(reader, &code);
    rlp_read_u64(reader, &run->used_cycles);
    rlp_read_bytes(reader, &run->output);
    run->outcome = (enum job_outcome)outcome;
    run->code = (uint32_t)code;
}

static struct bytes encode_job(struct arena *arena, const struct job_record *record) {
    const struct job_request *request = &record->request;
    struct rlp_writer writer =
        rlp_writer_in(arena, 512 + request->onchain_input.len + record->run.output.len);
    const size_t list = rlp_list_begin(&writer);
    rlp_write_address(&writer, &request->consumer);
    rlp_write_hash(&writer, &request->program_id);
    rlp_write_u64(&writer, request->nonce);
    rlp_write_u64(&writer, request->limits.max_cycles);
    rlp_write_u64(&writer, request->limits.deadline);
    rlp_write_u64(&writer, request->limits.callback_gas);
    rlp_write_u64(&writer, request->ready_at);
    rlp_write_bytes(&writer, request->onchain_input);
    rlp_write_u64(&writer, record->requested_at);
    rlp_write_u64(&writer, record->log_index);
    rlp_write_hash(&writer, &record->request_tx);
    rlp_write_u64(&writer, record->status);
    rlp_write_u64(&writer, record->callback_pending);
    write_run(&writer, &record->run);
    rlp_write_u64(&writer, record->ended_at);
    rlp_write_hash(&writer, &record->end_tx);
    rlp_write_address(&writer, &record->proposer);
    rlp_list_end(&writer, list);
    return rlp_written(&writer);
}

static struct status decode_job(
    struct job_record *record, const struct hash *id, struct bytes encoded
) {
    struct job_request *request = &record->request;
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list list = rlp_enter(&reader);
    uint64_t log_index, status;
    request->job_id = *id;
    rlp_read_address(&reader, &request->consumer);
    rlp_read_hash(&reader, &request->program_id);
    rlp_read_u64(&reader, &request->nonce);
    rlp_read_u64(&reader, &request->limits.max_cycles);
    rlp_read_u64(&reader, &request->limits.deadline);
    rlp_read_u64(&reader, &request->limits.callback_gas);
    rlp_read_u64(&reader, &request->ready_at);
    rlp_read_bytes(&reader, &request->onchain_input);
    rlp_read_u64(&reader, &record->requested_at);
    rlp_read_u64(&reader, &log_index);
    rlp_read_hash(&reader, &record->request_tx);
    rlp_read_u64(&reader, &status);
    rlp_read_bool(&reader, &record->callback_pending);
    read_run(&reader, &record->run);
    rlp_read_u64(&reader, &record->ended_at);
    rlp_read_hash(&reader, &record->end_tx);
    rlp_read_address(&reader, &record->proposer);
    rlp_leave(&reader, list);
    record->log_index = (uint32_t)log_index;
    record->status = (enum job_status)status;
    return rlp_finish(&reader) == RLP_VALID ? status_ok : corrupt();
}

static struct bytes encode_submission(struct arena *arena, const struct submission_record *record) {
    const struct job_submission *submission = &record->submission;
    struct rlp_writer writer = rlp_writer_in(arena, 256 + submission->image.len);
    const size_t list = rlp_list_begin(&writer);
    rlp_write_hash(&writer, &submission->image_hash);
    rlp_write_address(&writer, &submission->owner);
    rlp_write_hash(&writer, &submission->invalidator);
    rlp_write_bytes(&writer, submission->image);
    rlp_write_u64(&writer, record->submitted_at);
    rlp_list_end(&writer, list);
    return rlp_written(&writer);
}

static struct status decode_submission(
    struct submission_record *record, const struct hash *id, struct bytes encoded
) {
    struct job_submission *submission = &record->submission;
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list list = rlp_enter(&reader);
    submission->submission_id = *id;
    rlp_read_hash(&reader, &submission->image_hash);
    rlp_read_address(&reader, &submission->owner);
    rlp_read_hash(&reader, &submission->invalidator);
    rlp_read_bytes(&reader, &submission->image);
    rlp_read_u64(&reader, &record->submitted_at);
    rlp_leave(&reader, list);
    return rlp_finish(&reader) == RLP_VALID ? status_ok : corrupt();
}

static struct bytes encode_program(struct arena *arena, const struct program_record *record) {
    struct rlp_writer writer = rlp_writer_in(arena, 256);
    const size_t list = rlp_list_begin(&writer);
    rlp_write_hash(&writer, &record->image_hash);
    rlp_write_hash(&writer, &record->submission_id);
    rlp_write_address(&writer, &record->owner);
    rlp_write_hash(&writer, &record->registration_tx);
    rlp_write_u64(&writer, record->registered_at);
    rlp_write_u64(&writer, record->pages);
    rlp_write_u64(&writer, record->image_size);
    rlp_list_end(&writer, list);
    return rlp_written(&writer);
}

static struct status decode_program(
    struct program_record *record, const struct hash *id, struct bytes encoded
) {
    struct rlp_reader reader = rlp_read(encoded);
    const struct rlp_list list = rlp_enter(&reader);
    uint64_t pages;
    record->program_id = *id;
    rlp_read_hash(&reader, &record->image_hash);
    rlp_read_hash(&reader, &record->submission_id);
    rlp_read_address(&reader, &record->owner);
    rlp_read_hash(&reader, &record->registration_tx);
    rlp_read_u64(&reader, &record->registered_at);
    rlp_read_u64(&reader, &pages);
    rlp_read_u64(&reader, &record->image_size);
    rlp_leave(&reader, list);
    record->pages = (uint32_t)pages;
    return rlp_finish(&reader) == RLP_VALID ? status_ok : corrupt();
}

/* The end of what store_begin began. */
static struct status finish(struct job_book *book, struct status status) {
    if (!failed(status)) return store_commit(book->store);
    store_abort(book->store);
    return status;
}

/* ---- single records ---- */

/* Reads a record into arena; a view is open only as long as that takes. */
static struct status get(
    struct job_book *book,
    struct arena *arena,
    bool *found,
    struct bytes *out,
    const char *name,
    struct bytes key
) {
    struct store_view *view;
    struct status status = store_view_open(&view, book->store);
    if (failed(status)) return status;
    struct bytes borrowed;
    status = missing_is_ok(store_get(view, &borrowed, name, key), found);
    if (*found) *out = arena_copy(arena, borrowed);
    store_view_close(view);
    return status;
}

struct status job_book_job(
    struct job_book *book,
    struct arena *arena,
    bool *found,
    struct job_record *out,
    const struct hash *id
) {
    struct bytes encoded;
    const struct status status = get(book, arena, found, &encoded, JOBS, BYTES_OF(*id));
    return failed(status) || !*found ? status : decode_job(out, id, encoded);
}

struct status job_book_submission(
    struct job_book *book,
    struct arena *arena,
    bool *found,
    struct submission_record *out,
    const struct hash *id,
    uint64_t at
) {
    uint8_t from[SUBMISSION_KEY_SIZE];
    struct bytes key, encoded;
    struct store_view *view;
    struct status status = store_view_open(&view, book->store);
    if (failed(status)) return status;
    make_submission_key(from, id, at);
    status =
        missing_is_ok(store_next(view, &key, &encoded, SUBMISSIONS, BYTES_OF(from), false), found);
    if (*found && key.len != SUBMISSION_KEY_SIZE) status = corrupt();
    *found = *found && !failed(status) && memcmp(key.data, id->bytes, sizeof id->bytes) == 0;
    if (*found) status = decode_submission(out, id, arena_copy(arena, encoded));
    store_view_close(view);
    return status;
}

struct status job_book_program(
    struct job_book *book, bool *found, struct program_record *out, const struct hash *id
) {
    struct arena arena;
    struct bytes encoded;
    arena_init(&arena, book->source);
    struct status status = get(book, &arena, found, &encoded, PROGRAMS, BYTES_OF(*id));
    if (!failed(status) && *found) status = decode_program(out, id, encoded);
    arena_reset(&arena);
    return status;
}

struct status job_book_image(
    struct job_book *book,
    struct arena *arena,
    bool *found,
    struct bytes *out,
    const struct hash *program_id
) {
    return get(book, arena, found, out, IMAGES, BYTES_OF(*program_id));
}

/* Whether a place is in one of the two queues. */
static struct status is_in(
    struct job_book *book, bool *in, const char *queue, const uint8_t place[PLACE_SIZE]
) {
    struct store_view *view;
    struct status status = store_view_open(&view, book->store);
    if (failed(status)) return status;
    struct bytes ignored;
    status = missing_is_ok(store_get(view, &ignored, queue, (struct bytes){place, PLACE_SIZE}), in);
    store_view_close(view);
    return status;
}

static struct status is_in_queue(struct job_book *book, bool *in, const uint8_t place[PLACE_SIZE]) {
    const struct status status = is_in(book, in, WAITING, place);
    return failed(status) || *in ? status : is_in(book, in, ANSWERED, place);
}

/* ---- applying ---- */

/* One event of a block on its way into the book. */
struct entry {
    struct job_book *book;
    struct arena *arena;
    const struct engine_block *block;
    const struct hash *transaction;
    uint32_t log_index;
    uint64_t number; /* of the block */
    bool wrote;      /* the store's transaction is open */
};

static struct status find_submission(
    struct entry *entry, bool *found, struct submission_record *out, const struct hash *id
) {
    return job_book_submission(entry->book, entry->arena, found, out, id, entry->number);
}

static struct status put_job(struct entry *entry, const struct job_record *record) {
    return store_put(
        entry->book->store, JOBS, BYTES_OF(record->request.job_id), encode_job(entry->arena, record)
    );
}

/* Among all jobs, or among those of a status: of any consumer and of its own. */
static struct status put_in_index(
    struct entry *entry, const struct job_record *record, enum job_status status
) {
    struct store *store = entry->book->store;
    const struct job_request *request = &record->request;
    const struct bytes id = BYTES_OF(request->job_id);
    uint8_t key[INDEX_KEY_SIZE];
    make_index_key(key, NULL, status, record->requested_at, record->log_index);
    const struct status put = store_put(store, JOB_INDEX, BYTES_OF(key), id);
    if (failed(put)) return put;
    make_index_key(key, &request->consumer, status, record->requested_at, record->log_index);
    return store_put(store, JOB_INDEX, BYTES_OF(key), id);
}

static struct status take_from_index(
    struct entry *entry, const struct job_record *record, enum job_status status
) {
    struct store *store = entry->book->store;
    uint8_t key[INDEX_KEY_SIZE];
    make_index_key(key, NULL, status, record->requested_at, record->log_index);
    const struct status deleted = store_delete(store, JOB_INDEX, BYTES_OF(key));
    if (failed(deleted)) return deleted;
    make_index_key(key, &record->request.consumer, status, record->requested_at, record->log_index);
    return store_delete(store, JOB_INDEX, BYTES_OF(key));
}

/* Writes a record whose status changes from was. */
static struct status put_changed_job(
    struct entry *entry, const struct job_record *record, enum job_status was
) {
    struct status status = take_from_index(entry, record, was);
    if (!failed(status)) status = put_in_index(entry, record, record->status);
    return failed(status) ? status : put_job(entry, record);
}

static struct status leave_queues(struct job_book *book, const uint8_t place[PLACE_SIZE]) {
    const struct bytes key = {place, PLACE_SIZE};
    const struct status status = store_delete(book->store, WAITING, key);
    return failed(status) ? status : store_delete(book->store, ANSWERED, key);
}

static struct status wait_in_queue(struct job_book *book, const uint8_t place[PLACE_SIZE]) {
    return store_put(book->store, WAITING, (struct bytes){place, PLACE_SIZE}, BYTES_LITERAL(""));
}

/* Into the queue for the first time, and out of it for good. */
static struct status enter_queue(
    struct job_book *book, const uint8_t place[PLACE_SIZE], uint64_t last_block
) {
    uint8_t end[END_SIZE];
    make_end(end, last_block, place);
    const struct status status = store_put(book->store, ENDS, BYTES_OF(end), BYTES_LITERAL(""));
    return failed(status) ? status : wait_in_queue(book, place);
}

static struct status forget_queue(
    struct job_book *book, const uint8_t place[PLACE_SIZE], uint64_t last_block
) {
    uint8_t end[END_SIZE];
    make_end(end, last_block, place);
    const struct status status = store_delete(book->store, ENDS, BYTES_OF(end));
    return failed(status) ? status : leave_queues(book, place);
}

static struct status apply_requested(struct entry *entry, const struct job_request *request) {
    struct job_record record = {
        .request = *request,
        .requested_at = entry->number,
        .log_index = entry->log_index,
        .request_tx = *entry->transaction,
        .status = JOB_PENDING,
    };
    uint8_t place[PLACE_SIZE];
    job_place(place, &record);
    struct status status = put_job(entry, &record);
    if (!failed(status)) status = put_in_index(entry, &record, JOB_NONE);
    if (!failed(status)) status = put_in_index(entry, &record, record.status);
    return failed(status) ? status : enter_queue(entry->book, place, request->limits.deadline);
}

/* A job that ended, one way or the other. */
static struct status apply_ended(
    struct entry *entry, const struct job_event *event, enum job_status ended
) {
    bool found;
    struct job_record record;
    struct status status = job_book_job(entry->book, entry->arena, &found, &record, &event->id);
    if (failed(status) || !found) return status;

    const enum job_status was = record.status;
    record.status = ended;
    record.ended_at = entry->number;
    record.end_tx = *entry->transaction;
    if (event->kind == JOB_EVENT_COMPLETED) {
        record.run = event->completion.run;
        record.proposer = event->completion.proposer;
    }
    uint8_t place[PLACE_SIZE];
    job_place(place, &record);
    status = put_changed_job(entry, &record, was);
    return failed(status) ? status : leave_queues(entry->book, place);
}

static struct status apply_callback(struct entry *entry, const struct hash *id, bool pending) {
    bool found;
    struct job_record record;
    const struct status status = job_book_job(entry->book, entry->arena, &found, &record, id);
    if (failed(status) || !found) return status;
    record.callback_pending = pending;
    return put_job(entry, &record);
}

static struct status apply_submitted(struct entry *entry, const struct job_submission *submission) {
    const struct submission_record record = {
        .submission = *submission, .submitted_at = entry->number};
    uint8_t place[PLACE_SIZE], key[SUBMISSION_KEY_SIZE];
    submission_place(place, &record);
    make_submission_key(key, &submission->submission_id, record.submitted_at);
    const struct status status = store_put(
        entry->book->store, SUBMISSIONS, BYTES_OF(key), encode_submission(entry->arena, &record)
    );
    return failed(status) ? status : enter_queue(entry->book, place, submission_end(&record));
}

static struct status put_program(
    struct job_book *book,
    struct arena *arena,
    const struct program_record *record,
    struct bytes image
) {
    const struct bytes key = BYTES_OF(record->program_id);
    const struct status status =
        store_put(book->store, PROGRAMS, key, encode_program(arena, record));
    return failed(status) ? status : store_put(book->store, IMAGES, key, image);
}

/* *fresh: the program was not known before, so taking this back forgets it. */
static struct status apply_registered(
    struct entry *entry, bool *fresh, const struct job_answer_posted *posted
) {
    const struct job_program_answer *answer = &posted->answer;
    bool found, known;
    struct submission_record record;
    struct program_record program;
    struct status status = find_submission(entry, &found, &record, &answer->submission_id);
    if (failed(status) || !found) return status;
    uint8_t place[PLACE_SIZE];
    submission_place(place, &record);
    status = leave_queues(entry->book, place);
    if (!failed(status)) {
        status = job_book_program(entry->book, &known, &program, &answer->program_id);
    }
    if (failed(status) || known) return status;

    *fresh = true;
    program = (struct program_record){
        .program_id = answer->program_id,
        .image_hash = record.submission.image_hash,
        .submission_id = answer->submission_id,
        .owner = posted->owner,
        .registration_tx = *entry->transaction,
        .registered_at = entry->number,
        .pages = answer->pages,
        .image_size = record.submission.image.len,
    };
    return put_program(entry->book, entry->arena, &program, record.submission.image);
}

static struct status apply_rejected(struct entry *entry, const struct hash *submission_id) {
    bool found;
    struct submission_record record;
    const struct status status = find_submission(entry, &found, &record, submission_id);
    if (failed(status) || !found) return status;
    uint8_t place[PLACE_SIZE];
    submission_place(place, &record);
    return leave_queues(entry->book, place);
}

static struct status apply_event(struct entry *entry, bool *fresh, const struct job_event *event) {
    switch (event->kind) {
    case JOB_EVENT_REQUESTED: return apply_requested(entry, &event->request);
    case JOB_EVENT_COMPLETED: {
        const struct job_run_result *run = &event->completion.run;
        const bool completed = run->outcome == JOB_EXIT && run->code == 0;
        return apply_ended(entry, event, completed ? JOB_COMPLETED : JOB_FAILED);
    }
    case JOB_EVENT_CANCELLED: return apply_ended(entry, event, JOB_CANCELLED);
    case JOB_EVENT_EXPIRED: return apply_ended(entry, event, JOB_EXPIRED);
    case JOB_EVENT_CALLBACK_FAILED: return apply_callback(entry, &event->id, true);
    case JOB_EVENT_CALLBACK_RETRIED: return apply_callback(entry, &event->id, false);
    case JOB_EVENT_PROGRAM_SUBMITTED: return apply_submitted(entry, &event->submission);
    case JOB_EVENT_PROGRAM_REGISTERED: return apply_registered(entry, fresh, &event->posted);
    case JOB_EVENT_PROGRAM_REJECTED: return apply_rejected(entry, &event->id);
    case JOB_EVENT_KINDS: break;
    }
    ASSERT(!"a kind of event without a case");
    return status_ok;
}

static struct status record_event(
    struct entry *entry, unsigned kind, const struct hash *id, bool fresh
) {
    uint8_t key[LOG_PLACE_SIZE], value[EVENT_SIZE];
    make_log_place(key, entry->number, entry->log_index);
    memcpy(value, entry->block->hash.bytes, 32);
    value[32] = (uint8_t)kind;
    memcpy(value + 33, id->bytes, 32);
    value[65] = fresh;
    return store_put(entry->book->store, EVENTS, BYTES_OF(key), BYTES_OF(value));
}

static struct status write_cursor(struct job_book *book, uint64_t number, const struct hash *hash) {
    uint8_t value[CURSOR_SIZE];
    store_be64(value, number);
    memcpy(value + 8, hash->bytes, 32);
    return store_put(book->store, CURSOR, BYTES_LITERAL("head"), BYTES_OF(value));
}

/* The first event opens the transaction of the store that all of them share. */
static struct status begin_once(struct entry *entry) {
    if (entry->wrote) return status_ok;
    const struct status status = store_begin(entry->book->store);
    entry->wrote = !failed(status);
    return status;
}

static struct status apply_log(struct entry *entry, const struct job_event *event) {
    bool fresh = false;
    struct status status = begin_once(entry);
    if (!failed(status)) status = apply_event(entry, &fresh, event);
    if (!failed(status)) status = record_event(entry, event->kind, &event->id, fresh);
    return status;
}

static struct status apply_logs(struct entry *entry) {
    struct status status = status_ok;
    uint32_t log_index = 0;
    for (size_t i = 0; i < entry->block->receipt_count; i++) {
        const struct engine_receipt *receipt = &entry->block->receipts[i];
        entry->transaction = &receipt->transaction_hash;
        for (size_t k = 0; k < receipt->log_count; k++, log_index++) {
            struct job_event event;
            /* A broken log cannot stand in a block that passed job_check_block. */
            if (job_log_read(&event, &receipt->logs[k]) != JOB_LOG_READ) continue;
            entry->log_index = log_index;
            status = apply_log(entry, &event);
            if (failed(status)) return status;
        }
    }
    return status_ok;
}

/* The next place in job_ends of this very block. The first is after NULL. */
static struct status next_end(
    struct entry *entry, bool *found, uint8_t end[END_SIZE], bool is_first
) {
    struct store_view *view;
    struct status status = store_view_open(&view, entry->book->store);
    if (failed(status)) return status;
    struct bytes key, value;
    const struct bytes from = {end, is_first ? 8 : END_SIZE};
    status = missing_is_ok(store_next(view, &key, &value, ENDS, from, !is_first), found);
    if (*found && key.len != END_SIZE) status = corrupt();
    *found = *found && !failed(status) && load_be64(key.data) == entry->number;
    if (*found) memcpy(end, key.data, END_SIZE);
    store_view_close(view);
    return status;
}

/* What could have been answered up to this block, and was not, leaves the queue. */
static struct status apply_lapses(struct entry *entry) {
    uint8_t end[END_SIZE];
    const uint8_t *place = end + 8;
    bool found, in_queue;
    store_be64(end, entry->number);
    entry->log_index = LAPSED_LOG_INDEX;
    struct status status = next_end(entry, &found, end, true);
    while (!failed(status) && found) {
        status = is_in_queue(entry->book, &in_queue, place);
        if (!failed(status) && in_queue) {
            struct job_book_item item;
            read_place(&item, (struct bytes){place, PLACE_SIZE});
            status = begin_once(entry);
            if (!failed(status)) status = leave_queues(entry->book, place);
            if (!failed(status)) {
                const unsigned kind =
                    item.is_submission ? EVENT_SUBMISSION_LAPSED : EVENT_JOB_LAPSED;
                status = record_event(entry, kind, &item.id, false);
            }
            entry->log_index++;
        }
        if (!failed(status)) status = next_end(entry, &found, end, false);
    }
    return status;
}

struct status job_book_apply(struct job_book *book, const struct engine_block *block) {
    struct arena arena;
    struct entry entry = {.book = book, .arena = &arena, .block = block, .number = block->number};
    ASSERT(block->number == book->number + 1);
    arena_init(&arena, book->source);
    struct status status = apply_logs(&entry);
    if (!failed(status)) status = apply_lapses(&entry);
    if (!failed(status) && (entry.wrote || block->number % CURSOR_BLOCKS == 0)) {
        status = write_cursor(book, block->number, &block->hash);
    }
    if (entry.wrote) status = finish(book, status);
    arena_reset(&arena);
    if (!failed(status)) book->number = block->number;
    return status;
}

/* ---- taking back ---- */

/* Back among the waiting, unless its time was over before the event that is taken back. */
static struct status wait_again(
    struct entry *entry, const uint8_t place[PLACE_SIZE], uint64_t last_block
) {
    return last_block < entry->number ? status_ok : wait_in_queue(entry->book, place);
}

static struct status wait_again_job(struct entry *entry, const struct hash *id) {
    bool found;
    struct job_record record;
    const struct status status = job_book_job(entry->book, entry->arena, &found, &record, id);
    if (failed(status) || !found) return status;
    uint8_t place[PLACE_SIZE];
    job_place(place, &record);
    return wait_again(entry, place, record.request.limits.deadline);
}

static struct status reopen_job(struct entry *entry, const struct hash *id) {
    bool found;
    struct job_record record;
    struct status status = job_book_job(entry->book, entry->arena, &found, &record, id);
    if (failed(status) || !found) return status;
    const enum job_status was = record.status;
    record.status = JOB_PENDING;
    record.callback_pending = false;
    record.run = (struct job_run_result){0};
    record.ended_at = 0;
    record.end_tx = (struct hash){0};
    record.proposer = (struct address){0};
    uint8_t place[PLACE_SIZE];
    job_place(place, &record);
    status = put_changed_job(entry, &record, was);
    return failed(status) ? status : wait_again(entry, place, record.request.limits.deadline);
}

static struct status forget_job(struct entry *entry, const struct hash *id) {
    bool found;
    struct job_record record;
    struct status status = job_book_job(entry->book, entry->arena, &found, &record, id);
    if (failed(status) || !found) return status;
    uint8_t place[PLACE_SIZE];
    job_place(place, &record);
    status = forget_queue(entry->book, place, record.request.limits.deadline);
    if (!failed(status)) status = take_from_index(entry, &record, JOB_NONE);
    if (!failed(status)) status = take_from_index(entry, &record, record.status);
    return failed(status) ? status : store_delete(entry->book->store, JOBS, BYTES_OF(*id));
}

/* A submission waits again, or (forget) was never made. */
static struct status take_back_submission(struct entry *entry, const struct hash *id, bool forget) {
    bool found;
    struct submission_record record;
    struct status status = find_submission(entry, &found, &record, id);
    if (failed(status) || !found) return status;
    uint8_t place[PLACE_SIZE], key[SUBMISSION_KEY_SIZE];
    submission_place(place, &record);
    if (!forget) return wait_again(entry, place, submission_end(&record));
    make_submission_key(key, id, record.submitted_at);
    status = forget_queue(entry->book, place, submission_end(&record));
    return failed(status) ? status : store_delete(entry->book->store, SUBMISSIONS, BYTES_OF(key));
}

/* The program that this submission brought, if it was this one. */
static struct status forget_program(struct entry *entry, const struct hash *submission_id) {
    bool found;
    struct submission_record record;
    struct status status = find_submission(entry, &found, &record, submission_id);
    if (failed(status) || !found) return status;
    struct job_program_answer answer;
    job_answer_image(
        &answer, entry->arena, record.submission.image, &record.submission.image_hash,
        &record.submission.invalidator
    );
    const struct bytes key = BYTES_OF(answer.program_id);
    status = store_delete(entry->book->store, PROGRAMS, key);
    return failed(status) ? status : store_delete(entry->book->store, IMAGES, key);
}

static struct status take_back_event(
    struct entry *entry, unsigned kind, const struct hash *id, bool fresh
) {
    struct status status = status_ok;
    switch (kind) {
    case JOB_EVENT_REQUESTED: return forget_job(entry, id);
    case JOB_EVENT_COMPLETED:
    case JOB_EVENT_CANCELLED:
    case JOB_EVENT_EXPIRED: return reopen_job(entry, id);
    case JOB_EVENT_CALLBACK_FAILED: return apply_callback(entry, id, false);
    case JOB_EVENT_CALLBACK_RETRIED: return apply_callback(entry, id, true);
    case JOB_EVENT_PROGRAM_SUBMITTED: return take_back_submission(entry, id, true);
    case JOB_EVENT_PROGRAM_REGISTERED:
        if (fresh) status = forget_program(entry, id);
        return failed(status) ? status : take_back_submission(entry, id, false);
    case JOB_EVENT_PROGRAM_REJECTED:
    case EVENT_SUBMISSION_LAPSED: return take_back_submission(entry, id, false);
    case EVENT_JOB_LAPSED: return wait_again_job(entry, id);
    default: return corrupt();
    }
}

/* The newest event, with its place and value copied. */
struct last_event {
    uint8_t key[LOG_PLACE_SIZE];
    uint64_t number;
    struct hash block, id;
    unsigned kind; /* enum job_event_kind, or one of the book's own */
    bool fresh;
};

static struct status find_last_event(struct job_book *book, bool *found, struct last_event *out) {
    struct store_view *view;
    struct status status = store_view_open(&view, book->store);
    if (failed(status)) return status;
    struct bytes key, value;
    status = missing_is_ok(store_last(view, &key, &value, EVENTS), found);
    if (*found && (key.len != LOG_PLACE_SIZE || value.len != EVENT_SIZE)) status = corrupt();
    if (*found && !failed(status)) {
        memcpy(out->key, key.data, LOG_PLACE_SIZE);
        memcpy(out->block.bytes, value.data, 32);
        memcpy(out->id.bytes, value.data + 33, 32);
        out->number = load_be64(key.data);
        out->kind = value.data[32];
        out->fresh = value.data[65] != 0;
    }
    store_view_close(view);
    return status;
}

static struct status take_back_last(struct job_book *book, const struct last_event *last) {
    struct arena arena;
    struct entry entry = {.book = book, .arena = &arena, .number = last->number};
    arena_init(&arena, book->source);
    struct status status = take_back_event(&entry, last->kind, &last->id, last->fresh);
    arena_reset(&arena);
    return failed(status) ? status : store_delete(book->store, EVENTS, BYTES_OF(last->key));
}

struct status job_book_unwind(struct job_book *book, uint64_t number) {
    if (number >= book->number) return status_ok;
    struct status status = store_begin(book->store);
    if (failed(status)) return status;
    while (!failed(status)) {
        struct last_event last;
        bool found;
        status = find_last_event(book, &found, &last);
        if (failed(status) || !found || last.number <= number) break;
        status = take_back_last(book, &last);
    }
    /* The block at number keeps its place; its hash is checked anew at the next start. */
    if (!failed(status)) status = write_cursor(book, number, &(struct hash){{0}});
    status = finish(book, status);
    if (!failed(status)) book->number = number;
    return status;
}

/* ---- opening ---- */

static struct status canonical_hash(
    struct job_book *book, bool *found, struct hash *out, uint64_t number
) {
    struct store_view *view;
    struct store_mark mark;
    struct status status = store_view_open(&view, book->store);
    if (failed(status)) return status;
    status = missing_is_ok(store_canonical(view, &mark, number), found);
    if (*found) *out = mark.hash;
    store_view_close(view);
    return status;
}

static struct status start_book(
    struct job_book *book, const struct job_book_program *programs, size_t program_count
) {
    struct arena arena;
    struct hash genesis;
    bool found;
    arena_init(&arena, book->source);
    struct status status = canonical_hash(book, &found, &genesis, 0);
    if (!failed(status)) status = store_begin(book->store);
    if (failed(status)) return status;
    for (size_t i = 0; i < program_count && !failed(status); i++) {
        struct program_record record = {
            .program_id = programs[i].program_id,
            .pages = programs[i].pages,
            .image_size = programs[i].image.len,
        };
        keccak256(&record.image_hash, programs[i].image);
        status = put_program(book, &arena, &record, programs[i].image);
    }
    if (!failed(status)) status = write_cursor(book, 0, &genesis);
    status = finish(book, status);
    arena_reset(&arena);
    book->number = 0;
    return status;
}

/* Takes back events of blocks that are no longer canonical. Events below a canonical one are too. */
static struct status drop_lost_events(struct job_book *book, uint64_t *last_number) {
    *last_number = 0;
    struct status status = store_begin(book->store);
    if (failed(status)) return status;
    while (!failed(status)) {
        struct last_event last;
        struct hash canonical;
        bool found, exists;
        status = find_last_event(book, &found, &last);
        if (failed(status) || !found) break;
        status = canonical_hash(book, &exists, &canonical, last.number);
        if (failed(status)) break;
        if (exists && hash_equal(&canonical, &last.block)) {
            *last_number = last.number;
            break;
        }
        status = take_back_last(book, &last);
    }
    return finish(book, status);
}

struct status job_book_open(
    struct job_book *book,
    struct store *store,
    const struct arena_source *source,
    const struct job_book_program *programs,
    size_t program_count
) {
    *book = (struct job_book){.store = store, .source = source};
    struct arena arena;
    struct bytes cursor;
    bool found;
    arena_init(&arena, source);
    struct status status = get(book, &arena, &found, &cursor, CURSOR, BYTES_LITERAL("head"));
    if (!failed(status) && found && cursor.len != CURSOR_SIZE) status = corrupt();
    if (failed(status) || !found) {
        arena_reset(&arena);
        return failed(status) ? status : start_book(book, programs, program_count);
    }
    uint64_t number = load_be64(cursor.data);
    struct hash hash, canonical;
    memcpy(hash.bytes, cursor.data + 8, 32);
    arena_reset(&arena);

    uint64_t last_event;
    status = drop_lost_events(book, &last_event);
    if (!failed(status)) status = canonical_hash(book, &found, &canonical, number);
    if (failed(status)) return status;
    /* Blocks behind the last event hold none, or none that was applied: they are read again. */
    if (!found || !hash_equal(&canonical, &hash)) number = last_event;
    book->number = max_u64(number, last_event);
    return status_ok;
}

/* ---- the queue ---- */

/* value is copied into arena, unless arena is NULL. */
static struct status next_in_queue(
    struct job_book *book,
    struct arena *arena,
    bool *found,
    struct job_book_item *out,
    struct bytes *value,
    const char *name,
    const uint8_t *after
) {
    struct store_view *view;
    struct status status = store_view_open(&view, book->store);
    if (failed(status)) return status;
    struct bytes key, borrowed;
    const struct bytes from = {after, after == NULL ? 0 : PLACE_SIZE};
    status = missing_is_ok(store_next(view, &key, &borrowed, name, from, after != NULL), found);
    if (*found && key.len != PLACE_SIZE) status = corrupt();
    if (*found && !failed(status)) {
        read_place(out, key);
        if (arena != NULL) *value = arena_copy(arena, borrowed);
    }
    store_view_close(view);
    return status;
}

struct status job_book_next_waiting(
    struct job_book *book, bool *found, struct job_book_item *out, const uint8_t *after
) {
    struct bytes value;
    return next_in_queue(book, NULL, found, out, &value, WAITING, after);
}

struct status job_book_next_answered(
    struct job_book *book,
    struct arena *arena,
    bool *found,
    struct job_book_item *out,
    struct job_run_result *run,
    const uint8_t *after
) {
    struct bytes value;
    const struct status status = next_in_queue(book, arena, found, out, &value, ANSWERED, after);
    if (failed(status) || !*found || out->is_submission) return status;
    struct rlp_reader reader = rlp_read(value);
    const struct rlp_list list = rlp_enter(&reader);
    read_run(&reader, run);
    rlp_leave(&reader, list);
    return rlp_finish(&reader) == RLP_VALID ? status_ok : corrupt();
}

struct status job_book_answer(
    struct job_book *book, const struct job_book_item *item, const struct job_run_result *run
) {
    bool waits;
    /* A rollback may have taken it away meanwhile. */
    struct status status = is_in(book, &waits, WAITING, item->key);
    if (failed(status) || !waits) return status;

    struct arena arena;
    struct bytes value = BYTES_LITERAL("");
    arena_init(&arena, book->source);
    if (run != NULL) {
        struct rlp_writer writer = rlp_writer_in(&arena, 64 + run->output.len);
        const size_t list = rlp_list_begin(&writer);
        write_run(&writer, run);
        rlp_list_end(&writer, list);
        value = rlp_written(&writer);
    }
    status = store_begin(book->store);
    if (!failed(status)) {
        status = store_delete(book->store, WAITING, BYTES_OF(item->key));
        if (!failed(status)) status = store_put(book->store, ANSWERED, BYTES_OF(item->key), value);
        status = finish(book, status);
    }
    arena_reset(&arena);
    return status;
}

/* ---- walks ---- */

struct status job_book_each_job(
    struct job_book *book,
    const struct job_book_filter *filter,
    bool (*visit)(void *ctx, const struct job_record *record),
    void *ctx
) {
    const struct address *consumer = filter->has_consumer ? &filter->consumer : NULL;
    uint8_t place[INDEX_KEY_SIZE];
    struct store_view *view;
    struct status status = store_view_open(&view, book->store);
    if (failed(status)) return status;
    make_index_key(place, consumer, filter->status, filter->from_block, 0);
    bool found = true;
    for (bool after = false; found; after = true) {
        struct bytes key, id_bytes, encoded;
        status = missing_is_ok(
            store_next(view, &key, &id_bytes, JOB_INDEX, BYTES_OF(place), after), &found
        );
        if (failed(status) || !found) break;
        struct hash id;
        if (key.len != INDEX_KEY_SIZE || id_bytes.len != sizeof id.bytes) {
            status = corrupt();
            break;
        }
        if (memcmp(place, key.data, INDEX_GROUP_SIZE) != 0) break;
        memcpy(place, key.data, INDEX_KEY_SIZE);
        memcpy(id.bytes, id_bytes.data, sizeof id.bytes);
        status = store_get(view, &encoded, JOBS, BYTES_OF(id));
        struct job_record record;
        if (!failed(status)) status = decode_job(&record, &id, encoded);
        if (failed(status) || !visit(ctx, &record)) break;
    }
    store_view_close(view);
    return status;
}

struct status job_book_each_program(
    struct job_book *book, bool (*visit)(void *ctx, const struct program_record *record), void *ctx
) {
    struct hash id = {{0}};
    struct store_view *view;
    struct status status = store_view_open(&view, book->store);
    if (failed(status)) return status;
    bool found = true;
    for (bool after = false; found; after = true) {
        struct bytes key, encoded;
        struct program_record record;
        status =
            missing_is_ok(store_next(view, &key, &encoded, PROGRAMS, BYTES_OF(id), after), &found);
        if (failed(status) || !found) break;
        if (key.len != sizeof id.bytes) {
            status = corrupt();
            break;
        }
        memcpy(id.bytes, key.data, sizeof id.bytes);
        status = decode_program(&record, &id, encoded);
        if (failed(status) || !visit(ctx, &record)) break;
    }
    store_view_close(view);
    return status;
}
