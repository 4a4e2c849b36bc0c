/* database: LMDB in our own terms: one environment, its tables, transactions and cursors.
 *
 * Inside store only; what the tables hold is said in tables.h. One write transaction at a time, of
 * one thread; any number of readers on any threads, each a snapshot. Spans that a table gives point
 * into the map: until the reader ends, or (in the write transaction) until the next write.
 *
 * The map is address space, reserved large and grown by doubling; the file grows only as it is used.
 */
#ifndef STORE_DATABASE_H
#define STORE_DATABASE_H

#include "base/bytes.h"
#include "base/status.h"
#include "store/tables.h"

#define DATABASE_READERS_MAX  1000
#define DATABASE_GROW_WAIT_MS 10000 /* for readers to end before the map is laid anew */
#define DATABASE_KEY_MAX      511   /* LMDB's */

struct database;
struct txn;

enum database_verdict {
    DATABASE_OPENED = 0,
    DATABASE_IN_USE,  /* *owner is the process that has it */
    DATABASE_NOT_OURS /* not a data file that LMDB made, or one cut short */
};

/* path: a directory, made if absent; NULL for memory: a file that is already unlinked, without any
 * sync. map_size in bytes. no_sync: commits are the system's to write out when it likes. */
MUST_USE struct status database_open(
    struct database **out,
    enum database_verdict *verdict,
    long *owner,
    const char *path,
    size_t map_size,
    bool no_sync
);
void database_close(struct database *database);

/* Begins the write transaction; grows the map before if it is more than half full and no reader is
 * in the way. */
MUST_USE struct status database_begin(struct txn **out, struct database *database);
/* Ends it; after a failure it is undone. */
MUST_USE struct status database_commit(struct txn *txn);
void database_abort(struct txn *txn);
/* Doubles the map, with no write transaction open. Waits for readers: STATUS_NO_SPACE past
 * DATABASE_GROW_WAIT_MS. */
MUST_USE struct status database_grow(struct database *database);
/* Whether a failure says that the map was too small (and not the disk). */
bool database_map_was_full(struct status status);

MUST_USE struct status database_reader_open(struct txn **out, struct database *database);
void database_reader_close(struct txn *txn);

struct database_figures {
    uint64_t bytes_used;
    uint64_t map_size;
    uint64_t transactions;
    uint64_t readers;
};
struct database_figures database_figures(struct database *database);

/* STATUS_MISSING where there is no such key. */
MUST_USE struct status table_get(
    struct txn *txn, enum table table, struct bytes *value, struct bytes key
);
/* The first record with a key >= key. STATUS_MISSING past the last. */
MUST_USE struct status table_seek(
    struct txn *txn, enum table table, struct bytes *found, struct bytes *value, struct bytes key
);

/* After many commits: lets go of the map's pages where they are many and the file is small. A commit
 * does so only at times. */
void database_rest(struct database *database);

MUST_USE struct status table_put(
    struct txn *txn, enum table table, struct bytes key, struct bytes value
);
/* The same, for a key that is likely to be the table's last: pages are filled. */
MUST_USE struct status table_append(
    struct txn *txn, enum table table, struct bytes key, struct bytes value
);
/* Leaves what is there. */
MUST_USE struct status table_put_new(
    struct txn *txn, enum table table, struct bytes key, struct bytes value
);
/* The same, for a key that is likely to be the table's last. */
MUST_USE struct status table_append_new(
    struct txn *txn, enum table table, struct bytes key, struct bytes value
);
/* Deleting what is not there is fine. */
MUST_USE struct status table_delete(struct txn *txn, enum table table, struct bytes key);

/* Records in order from key on. Writing to the table ends the validity of what was read, except
 * through cursor_delete. */
struct cursor;
MUST_USE struct status cursor_open(struct cursor **out, struct txn *txn, enum table table);
void cursor_close(struct cursor *cursor); /* before the transaction ends; NULL is allowed */
MUST_USE struct status cursor_seek(
    struct cursor *cursor, struct bytes *found, struct bytes *value, struct bytes key
);
MUST_USE struct status cursor_next(struct cursor *cursor, struct bytes *found, struct bytes *value);
MUST_USE struct status cursor_previous(
    struct cursor *cursor, struct bytes *found, struct bytes *value
);
/* The last record whose key is below key. */
MUST_USE struct status cursor_seek_before(
    struct cursor *cursor, struct bytes *found, struct bytes *value, struct bytes key
);
/* Deletes the record that was read last; cursor_next then reads the one after it. */
MUST_USE struct status cursor_delete(struct cursor *cursor);

#endif
