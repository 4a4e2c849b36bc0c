/* job_book: every job and program of the canonical chain, as its logs tell, on disk.
 *
 * Written block by block from logs, and taken back block by block where the chain is rolled back: a
 * rollback re-opens a job by itself. Beside the records it keeps the work queue: jobs and submissions
 * that wait for an answer in the order of COPROCESSOR.md ("Queue"), and answers that wait for their
 * block. What is in it can still be in the next block: after the last block that may hold its answer
 * a thing leaves the queue, whether or not somebody expires it, and a rollback puts it back. All of it
 * lies in the store's tables for services, so it survives with the chain.
 *
 * Lengths were judged by job_log_read; what lies in the store was written here, so a record that
 * cannot be read is STATUS_CORRUPT. One thread.
 */
#ifndef SERVICE_JOB_BOOK_H
#define SERVICE_JOB_BOOK_H

#include "engine/engine.h"
#include "job/job_log.h"
#include "store/store.h"

enum { JOB_BOOK_PLACE_SIZE = 53 };

enum job_status { /* as in JobManager */
                  JOB_NONE = 0,
                  JOB_PENDING,
                  JOB_COMPLETED,
                  JOB_FAILED,
                  JOB_CANCELLED,
                  JOB_EXPIRED,
};

struct job_record {
    struct job_request request;
    uint64_t requested_at; /* block number */
    uint32_t log_index;    /* of the request in its block */
    struct hash request_tx;
    enum job_status status;
    bool callback_pending;
    struct job_run_result run; /* where completed or failed; as the next three */
    uint64_t ended_at;         /* block number; also of cancelled and expired jobs, as end_tx */
    struct hash end_tx;
    struct address proposer;
};

struct program_record {
    struct hash program_id;
    struct hash image_hash;
    struct hash submission_id; /* zero for programs of the genesis */
    struct address owner;
    struct hash registration_tx;
    uint64_t registered_at;
    uint32_t pages;
    uint64_t image_size;
};

struct submission_record {
    struct job_submission submission;
    uint64_t submitted_at;
};

/* A program that is registered from the start. */
struct job_book_program {
    struct hash program_id;
    uint32_t pages;
    struct bytes image;
};

/* One waiting thing. id is a job's or a submission's. */
struct job_book_item {
    bool is_submission;
    struct hash id;
    uint64_t ready_at;                /* the first block that may hold the answer */
    uint8_t key[JOB_BOOK_PLACE_SIZE]; /* its place in the queue */
};

struct job_book {
    struct store *store;
    const struct arena_source *source;
    uint64_t number; /* of the last block that was applied */
};

/* Reads the book's cursor and brings the book in line with the canonical chain: what crashed or was
 * rolled back meanwhile is undone; what came since is applied by the caller, from book->number + 1 to
 * the head. A new book (block 0) starts with programs. */
MUST_USE struct status job_book_open(
    struct job_book *book,
    struct store *store,
    const struct arena_source *source,
    const struct job_book_program *programs,
    size_t program_count
);

/* The block after book->number, now canonical. */
MUST_USE struct status job_book_apply(struct job_book *book, const struct engine_block *block);

/* Forgets what blocks above number did. */
MUST_USE struct status job_book_unwind(struct job_book *book, uint64_t number);

/* The queue. After: the item that follows key's in the order of work; key NULL for the first.
 * *found is false at the end. Waiting: to be run. Answered: to be posted. */
MUST_USE struct status job_book_next_waiting(
    struct job_book *book, bool *found, struct job_book_item *out, const uint8_t *after
);
MUST_USE struct status job_book_next_answered(
    struct job_book *book,
    struct arena *arena,
    bool *found,
    struct job_book_item *out,
    struct job_run_result *run, /* of a job; of a submission it is left alone */
    const uint8_t *after
);

/* A waiting job has its result, or a waiting submission its answer (run is NULL): it moves to the
 * answered. Nothing happens where the item no longer waits. */
MUST_USE struct status job_book_answer(
    struct job_book *book, const struct job_book_item *item, const struct job_run_result *run
);

/* Records; memory is arena's. *found is false where there is none. */
MUST_USE struct status job_book_job(
    struct job_book *book,
    struct arena *arena,
    bool *found,
    struct job_record *out,
    const struct hash *id
);
/* As last made up to block `at`: what expired may be submitted again, under the same id. */
MUST_USE struct status job_book_submission(
    struct job_book *book,
    struct arena *arena,
    bool *found,
    struct submission_record *out,
    const struct hash *id,
    uint64_t at
);
MUST_USE struct status job_book_program(
    struct job_book *book, bool *found, struct program_record *out, const struct hash *id
);
MUST_USE struct status job_book_image(
    struct job_book *book,
    struct arena *arena,
    bool *found,
    struct bytes *out,
    const struct hash *program_id
);

/* Which jobs a walk is about: all that is zero is any. */
struct job_book_filter {
    enum job_status status;
    bool has_consumer;
    struct address consumer;
    uint64_t from_block; /* of the request */
};

/* Walks jobs by request, oldest first, and programs by id; of jobs only those that are asked for are
 * looked at. visit answers false to end the walk; what a record borrows is good until it answers. */
MUST_USE struct status job_book_each_job(
    struct job_book *book,
    const struct job_book_filter *filter,
    bool (*visit)(void *ctx, const struct job_record *record),
    void *ctx
);
MUST_USE struct status job_book_each_program(
    struct job_book *book, bool (*visit)(void *ctx, const struct program_record *record), void *ctx
);

#endif
