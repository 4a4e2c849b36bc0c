#include "store/database.h"

#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define MEMORY_ROOM_MIN   ((uint64_t)1 << 30) /* free in a directory, for a store in memory */
#define RESIDENT_MAX      ((size_t)32 << 20)  /* of file pages, before the map's are let go */
#define RESIDENT_FILE_MAX ((size_t)1 << 30)   /* a larger file's pages stay: its state needs them */
#define RESIDENT_PAUSE_MS 200 /* at least, between two such times: coming back costs faults */
#define MAP_SIZE_MIN      ((size_t)64 << 20) /* below which address space is too short */
#define PATH_SIZE         4096
#define DIRECTORY_MODE    0700
#define FILE_MODE         0600

static const char *const table_names[TABLE_COUNT] = {
    [TABLE_META] = "meta",
    [TABLE_BLOCKS] = "blocks",
    [TABLE_NUMBERS] = "numbers",
    [TABLE_CODES] = "codes",
    [TABLE_ACCOUNTS] = "accounts",
    [TABLE_SLOTS] = "slots",
    [TABLE_ACCOUNT_NODES] = "account_nodes",
    [TABLE_SLOT_NODES] = "slot_nodes",
    [TABLE_HISTORY] = "history",
    [TABLE_INDEX] = "index",
    [TABLE_SERVICES] = "services",
};

struct txn {
    MDB_txn *mdb;
    struct database *database;
    struct txn *next; /* in the list of idle readers */
};

struct database {
    MDB_env *env;
    MDB_dbi tables[TABLE_COUNT];
    struct txn writer;
    size_t map_size;
    void *map;          /* where LMDB has it; NULL if that could not be found out */
    int lock_file;      /* -1 in memory */
    int statm_file;     /* /proc/self/statm, or -1 */
    uint64_t looked_ms; /* when it was last looked at */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t readers_gone;
    struct txn *idle_readers;
    uint64_t reader_count;
    bool is_growing;
};

/* --- outcomes -------------------------------------------------------------------------------- */

static struct status from_mdb(int code, const char *context) {
    switch (code) {
    case MDB_SUCCESS: return status_ok;
    case MDB_NOTFOUND: return status_make(STATUS_MISSING, code, context);
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT: return status_make(STATUS_NO_SPACE, code, context);
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_PANIC: return status_make(STATUS_CORRUPT, code, context);
    case MDB_READERS_FULL: return status_make(STATUS_UNAVAILABLE, code, context);
    default:
        /* A key of the wrong size or a table that is not open is our mistake. */
        ASSERT(code != MDB_BAD_VALSIZE && code != MDB_BAD_DBI);
        return status_make(STATUS_IO, code, context);
    }
}

static struct status from_errno(const char *context) {
    return status_make(errno == ENOSPC ? STATUS_NO_SPACE : STATUS_IO, errno, context);
}

bool database_map_was_full(struct status status) {
    return status.code == STATUS_NO_SPACE && status.os_error == MDB_MAP_FULL;
}

/* --- opening --------------------------------------------------------------------------------- */

/* Takes the directory for this process; the lock goes with the process, however it ends. */
static struct status take_lock(
    struct database *database, enum database_verdict *verdict, long *owner, const char *path
) {
    char name[PATH_SIZE];
    if (snprintf(name, sizeof name, "%s/lock", path) >= (int)sizeof name) {
        return status_make(STATUS_IO, ENAMETOOLONG, "naming the data directory's lock");
    }
    database->lock_file = open(name, O_RDWR | O_CREAT | O_CLOEXEC, FILE_MODE);
    if (database->lock_file < 0) return from_errno("opening the data directory's lock");

    char text[32] = {0};
    if (flock(database->lock_file, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return from_errno("locking the data directory");
        const ssize_t len = pread(database->lock_file, text, sizeof text - 1, 0);
        *owner = len > 0 ? strtol(text, NULL, 10) : 0;
        *verdict = DATABASE_IN_USE;
        return status_ok;
    }
    const int len = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(database->lock_file, 0) != 0 ||
        pwrite(database->lock_file, text, (size_t)len, 0) != len) {
        return from_errno("writing the data directory's lock");
    }
    return status_ok;
}

static bool has_room(const char *path) {
    struct statvfs room;
    return access(path, W_OK | X_OK) == 0 && statvfs(path, &room) == 0 &&
        (uint64_t)room.f_bavail * room.f_frsize >= MEMORY_ROOM_MIN;
}

/* A place for files that only we hold. On a disk their pages are as fast as in memory, and the system
 * can write them out when it needs the room; so memory itself comes last. */
static struct status make_memory_directory(char *path, size_t size) {
    const char *places[] = {getenv("TMPDIR"), "/tmp", "/dev/shm"};
    const char *place = "/tmp";
    for (size_t i = ARRAY_LEN(places); i-- > 0;) {
        if (places[i] != NULL && has_room(places[i])) place = places[i];
    }
    if (snprintf(path, size, "%s/infinity-XXXXXX", place) >= (int)size) {
        return status_make(STATUS_IO, ENAMETOOLONG, "naming a temporary directory");
    }
    if (mkdtemp(path) == NULL) return from_errno("making a temporary directory");
    return status_ok;
}

/* The open files live on without names, and go with the process however it ends. */
static void unlink_memory_directory(const char *path) {
    static const char *const names[] = {"data.mdb", "lock.mdb"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char name[PATH_SIZE + 16];
        (void)snprintf(name, sizeof name, "%s/%s", path, names[i]);
        (void)unlink(name);
    }
    (void)rmdir(path);
}

static int open_once(struct database *database, const char *path, unsigned flags) {
    int code = mdb_env_create(&database->env);
    if (code == 0) code = mdb_env_set_maxdbs(database->env, TABLE_COUNT);
    if (code == 0) code = mdb_env_set_maxreaders(database->env, DATABASE_READERS_MAX + 1);
    if (code == 0) code = mdb_env_set_mapsize(database->env, database->map_size);
    if (code == 0) code = mdb_env_open(database->env, path, flags, FILE_MODE);
    return code;
}

/* Where address space is short (ulimit -v, or EINVAL from a checker), the map is smaller and grows more
 * often. */
static int open_environment(struct database *database, const char *path, unsigned flags) {
    int code = open_once(database, path, flags);
    while ((code == ENOMEM || code == EINVAL) && database->map_size > MAP_SIZE_MIN) {
        mdb_env_close(database->env);
        database->map_size /= 2;
        code = open_once(database, path, flags);
    }
    return code;
}

static bool is_of_another_program(MDB_txn *txn) {
    MDB_dbi root;
    MDB_dbi meta;
    MDB_stat stat;
    if (mdb_dbi_open(txn, NULL, 0, &root) != 0 || mdb_stat(txn, root, &stat) != 0) return true;
    return stat.ms_entries != 0 && mdb_dbi_open(txn, table_names[TABLE_META], 0, &meta) != 0;
}

static int open_tables(struct database *database) {
    MDB_txn *txn;
    int code = mdb_txn_begin(database->env, NULL, 0, &txn);
    if (code != 0) return code;
    if (is_of_another_program(txn)) code = MDB_INVALID;
    for (size_t i = 0; code == 0 && i < TABLE_COUNT; i++) {
        code = mdb_dbi_open(txn, table_names[i], MDB_CREATE, &database->tables[i]);
    }
    if (code == 0) return mdb_txn_commit(txn);
    mdb_txn_abort(txn);
    return code;
}

/* A file that was cut short would end the process with SIGBUS at the first page it lacks; as zeros
 * those pages are found to be damaged when they are read. (Pages at the end that were freed in the
 * transaction that made them are never written, so a short file alone is no damage.) */
static int fill_short_file(struct database *database) {
    MDB_envinfo info;
    MDB_stat stat;
    int file;
    struct stat size;
    int code = mdb_env_info(database->env, &info);
    if (code == 0) code = mdb_env_stat(database->env, &stat);
    if (code == 0) code = mdb_env_get_fd(database->env, &file);
    if (code != 0) return code;
    const off_t needed = (off_t)((info.me_last_pgno + 1) * stat.ms_psize);
    if (fstat(file, &size) != 0) return errno;
    if (size.st_size < needed && ftruncate(file, needed) != 0) return errno;
    return 0;
}

/* LMDB does not say where its map is: the system knows. */
static void find_map(struct database *database) {
    int file;
    struct stat stat;
    database->map = NULL;
    FILE *maps = fopen("/proc/self/maps", "r");
    if (maps == NULL) return;
    if (mdb_env_get_fd(database->env, &file) == 0 && fstat(file, &stat) == 0) {
        unsigned long start;
        unsigned long end;
        unsigned long inode;
        unsigned major;
        unsigned minor;
        char line[PATH_SIZE + 128];
        while (database->map == NULL && fgets(line, sizeof line, maps) != NULL) {
            // NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers
            if (sscanf(line, "%lx-%lx %*s %*s %x:%x %lu", &start, &end, &major, &minor, &inode) ==
                    5 &&
                inode == stat.st_ino && major == major(stat.st_dev) &&
                minor == minor(stat.st_dev) && end - start >= database->map_size) {
                database->map = (void *)start;
            }
        }
    }
    (void)fclose(maps);
}

static size_t file_bytes(struct database *database) {
    MDB_envinfo info;
    ASSERT(mdb_env_info(database->env, &info) == 0);
    return (info.me_last_pgno + 1) * (size_t)sysconf(_SC_PAGESIZE);
}

/* Every page that was ever read through the map counts as this process's memory until the system wants
 * it back. We let go of them all when they are many: those in use come back from the system's cache. */
void database_rest(struct database *database) {
    char text[64] = {0};
    unsigned long shared = 0;
    if (database->map == NULL || database->statm_file < 0) return;
    if (file_bytes(database) > RESIDENT_FILE_MAX) return;
    if (pread(database->statm_file, text, sizeof text - 1, 0) <= 0) return;
    // NOLINTNEXTLINE(cert-err34-c): the kernel's own numbers
    if (sscanf(text, "%*s %*s %lu", &shared) != 1) return;
    if (shared * (unsigned long)sysconf(_SC_PAGESIZE) > RESIDENT_MAX) {
        (void)madvise(database->map, database->map_size, MADV_DONTNEED);
    }
}

static void rest_at_times(struct database *database) {
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    const uint64_t now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    if (now_ms - database->looked_ms < RESIDENT_PAUSE_MS) return;
    database->looked_ms = now_ms;
    database_rest(database);
}

static struct status open_files(
    struct database *database, enum database_verdict *verdict, const char *path, bool no_sync
) {
    char memory_path[PATH_SIZE];
    /* Readers are not bound to threads; a large random database gains nothing from reading ahead. */
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD;
    if (path == NULL || no_sync) flags |= MDB_NOSYNC;
    if (path == NULL) {
        const struct status status = make_memory_directory(memory_path, sizeof memory_path);
        if (failed(status)) return status;
    }
    int code = open_environment(database, path == NULL ? memory_path : path, flags);
    if (path == NULL) unlink_memory_directory(memory_path);
    if (code == 0) code = fill_short_file(database);
    if (code == 0) code = open_tables(database);
    if (code == 0) find_map(database);
    switch (code) {
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INCOMPATIBLE:
    case MDB_DBS_FULL: *verdict = DATABASE_NOT_OURS; return status_ok;
    default: return from_mdb(code, "opening the database");
    }
}

struct status database_open(
    struct database **out,
    enum database_verdict *verdict,
    long *owner,
    const char *path,
    size_t map_size,
    bool no_sync
) {
    *out = NULL;
    *verdict = DATABASE_OPENED;
    *owner = 0;
    struct database *database = calloc(1, sizeof *database);
    ASSERT(database != NULL);
    database->map_size = map_size;
    database->lock_file = -1;
    database->statm_file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    database->writer.database = database;
    (void)pthread_mutex_init(&database->mutex, NULL);
    (void)pthread_cond_init(&database->readers_gone, NULL);

    struct status status = status_ok;
    if (path != NULL) {
        if (mkdir(path, DIRECTORY_MODE) != 0 && errno != EEXIST) {
            status = from_errno("making the data directory");
        }
        if (!failed(status)) status = take_lock(database, verdict, owner, path);
    }
    if (!failed(status) && *verdict == DATABASE_OPENED) {
        status = open_files(database, verdict, path, no_sync);
    }

    if (failed(status) || *verdict != DATABASE_OPENED) {
        database_close(database);
        return status;
    }
    *out = database;
    return status_ok;
}

void database_close(struct database *database) {
    if (database == NULL) return;
    ASSERT(database->reader_count == 0);
    if (database->writer.mdb != NULL) mdb_txn_abort(database->writer.mdb);
    while (database->idle_readers != NULL) {
        struct txn *reader = database->idle_readers;
        database->idle_readers = reader->next;
        mdb_txn_abort(reader->mdb);
        free(reader);
    }
    if (database->env != NULL) mdb_env_close(database->env);
    if (database->lock_file >= 0) (void)close(database->lock_file);
    if (database->statm_file >= 0) (void)close(database->statm_file);
    (void)pthread_mutex_destroy(&database->mutex);
    (void)pthread_cond_destroy(&database->readers_gone);
    free(database);
}

struct database_figures database_figures(struct database *database) {
    MDB_envinfo info;
    MDB_stat stat;
    ASSERT(mdb_env_info(database->env, &info) == 0 && mdb_env_stat(database->env, &stat) == 0);
    (void)pthread_mutex_lock(&database->mutex);
    const uint64_t readers = database->reader_count;
    (void)pthread_mutex_unlock(&database->mutex);
    return (struct database_figures){
        .bytes_used = (info.me_last_pgno + 1) * stat.ms_psize,
        .map_size = info.me_mapsize,
        .transactions = info.me_last_txnid,
        .readers = readers,
    };
}

/* --- transactions ---------------------------------------------------------------------------- */

/* LMDB lays the map anew, so no reader may hold a span into it, not even an idle transaction. */
static struct status grow_when_alone(struct database *database, uint64_t wait_ms) {
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += (time_t)(wait_ms / 1000);

    int code = 0;
    (void)pthread_mutex_lock(&database->mutex);
    database->is_growing = true; /* new readers wait */
    while (database->reader_count != 0 && code == 0) {
        code = wait_ms == 0
            ? ETIMEDOUT
            : pthread_cond_timedwait(&database->readers_gone, &database->mutex, &until);
    }
    if (database->reader_count == 0) {
        code = mdb_env_set_mapsize(database->env, database->map_size * 2);
        if (code == 0) {
            database->map_size *= 2;
            find_map(database);
        }
    }
    database->is_growing = false;
    (void)pthread_cond_broadcast(&database->readers_gone);
    (void)pthread_mutex_unlock(&database->mutex);
    if (code == ETIMEDOUT) {
        return status_make(STATUS_NO_SPACE, code, "waiting for readers before the map can grow");
    }
    return from_mdb(code, "growing the database's map");
}

struct status database_grow(struct database *database) {
    ASSERT(database->writer.mdb == NULL);
    return grow_when_alone(database, DATABASE_GROW_WAIT_MS);
}

struct status database_begin(struct txn **out, struct database *database) {
    ASSERT(database->writer.mdb == NULL);
    *out = NULL;
    MDB_envinfo info;
    ASSERT(mdb_env_info(database->env, &info) == 0);
    if ((info.me_last_pgno + 1) * 4096 > info.me_mapsize / 2) {
        const struct status status = grow_when_alone(database, 0);
        if (failed(status) && status.os_error != ETIMEDOUT) return status;
    }
    const int code = mdb_txn_begin(database->env, NULL, 0, &database->writer.mdb);
    if (code != 0) {
        database->writer.mdb = NULL;
        return from_mdb(code, "beginning a write transaction");
    }
    *out = &database->writer;
    return status_ok;
}

struct status database_commit(struct txn *txn) {
    MDB_txn *mdb = txn->mdb;
    ASSERT(mdb != NULL && txn == &txn->database->writer);
    txn->mdb = NULL;
    const int code = mdb_txn_commit(mdb);
    rest_at_times(txn->database);
    return from_mdb(code, "committing to the database");
}

void database_abort(struct txn *txn) {
    ASSERT(txn->mdb != NULL && txn == &txn->database->writer);
    mdb_txn_abort(txn->mdb);
    txn->mdb = NULL;
}

struct status database_reader_open(struct txn **out, struct database *database) {
    *out = NULL;
    (void)pthread_mutex_lock(&database->mutex);
    while (database->is_growing) {
        (void)pthread_cond_wait(&database->readers_gone, &database->mutex);
    }
    struct txn *reader = database->idle_readers;
    if (reader != NULL) database->idle_readers = reader->next;
    database->reader_count++;
    (void)pthread_mutex_unlock(&database->mutex);

    int code;
    if (reader == NULL) {
        reader = calloc(1, sizeof *reader);
        ASSERT(reader != NULL);
        reader->database = database;
        code = mdb_txn_begin(database->env, NULL, MDB_RDONLY, &reader->mdb);
    } else {
        code = mdb_txn_renew(reader->mdb);
    }
    if (code == 0) {
        *out = reader;
        return status_ok;
    }
    if (reader->mdb != NULL) mdb_txn_abort(reader->mdb);
    free(reader);
    (void)pthread_mutex_lock(&database->mutex);
    if (--database->reader_count == 0) (void)pthread_cond_broadcast(&database->readers_gone);
    (void)pthread_mutex_unlock(&database->mutex);
    return from_mdb(code, "beginning a read transaction");
}

void database_reader_close(struct txn *txn) {
    struct database *database = txn->database;
    mdb_txn_reset(txn->mdb);
    (void)pthread_mutex_lock(&database->mutex);
    txn->next = database->idle_readers;
    database->idle_readers = txn;
    if (--database->reader_count == 0) (void)pthread_cond_broadcast(&database->readers_gone);
    (void)pthread_mutex_unlock(&database->mutex);
}

/* --- records --------------------------------------------------------------------------------- */

static MDB_val to_val(struct bytes span) {
    return (MDB_val){.mv_size = span.len, .mv_data = (void *)(uintptr_t)span.data};
}

static struct bytes from_val(MDB_val val) {
    return bytes_from(val.mv_data, val.mv_size);
}

struct status table_get(struct txn *txn, enum table table, struct bytes *value, struct bytes key) {
    MDB_val k = to_val(key);
    MDB_val v;
    *value = (struct bytes){NULL, 0};
    const int code = mdb_get(txn->mdb, txn->database->tables[table], &k, &v);
    if (code != 0) return from_mdb(code, "reading the database");
    *value = from_val(v);
    return status_ok;
}

struct status table_seek(
    struct txn *txn, enum table table, struct bytes *found, struct bytes *value, struct bytes key
) {
    struct cursor *cursor;
    struct status status = cursor_open(&cursor, txn, table);
    if (failed(status)) return status;
    status = cursor_seek(cursor, found, value, key);
    cursor_close(cursor);
    return status;
}

static struct status put(
    struct txn *txn, enum table table, struct bytes key, struct bytes value, unsigned flags
) {
    ASSERT(key.len > 0 && key.len <= DATABASE_KEY_MAX);
    MDB_val k = to_val(key);
    MDB_val v = to_val(value);
    const int code = mdb_put(txn->mdb, txn->database->tables[table], &k, &v, flags);
    if (code == MDB_KEYEXIST) return status_ok;
    return from_mdb(code, "writing to the database");
}

struct status table_put(struct txn *txn, enum table table, struct bytes key, struct bytes value) {
    return put(txn, table, key, value, 0);
}

/* flags are for a key that turns out not to be the last. */
static struct status append(
    struct txn *txn, enum table table, struct bytes key, struct bytes value, unsigned flags
) {
    MDB_val k = to_val(key);
    MDB_val v = to_val(value);
    ASSERT(key.len > 0 && key.len <= DATABASE_KEY_MAX);
    const int code = mdb_put(txn->mdb, txn->database->tables[table], &k, &v, MDB_APPEND);
    if (code == MDB_KEYEXIST) return put(txn, table, key, value, flags);
    return from_mdb(code, "writing to the database");
}

struct status table_append(
    struct txn *txn, enum table table, struct bytes key, struct bytes value
) {
    return append(txn, table, key, value, 0);
}

struct status table_append_new(
    struct txn *txn, enum table table, struct bytes key, struct bytes value
) {
    return append(txn, table, key, value, MDB_NOOVERWRITE);
}

struct status table_put_new(
    struct txn *txn, enum table table, struct bytes key, struct bytes value
) {
    return put(txn, table, key, value, MDB_NOOVERWRITE);
}

struct status table_delete(struct txn *txn, enum table table, struct bytes key) {
    MDB_val k = to_val(key);
    const int code = mdb_del(txn->mdb, txn->database->tables[table], &k, NULL);
    if (code == MDB_NOTFOUND) return status_ok;
    return from_mdb(code, "deleting from the database");
}

struct status cursor_open(struct cursor **out, struct txn *txn, enum table table) {
    /* LMDB's cursor is the whole of ours: one allocation. */
    MDB_cursor *mdb;
    const int code = mdb_cursor_open(txn->mdb, txn->database->tables[table], &mdb);
    *out = code == 0 ? (struct cursor *)(void *)mdb : NULL;
    return from_mdb(code, "opening a cursor");
}

static MDB_cursor *cursor_mdb(struct cursor *cursor) {
    return (MDB_cursor *)(void *)cursor;
}

void cursor_close(struct cursor *cursor) {
    if (cursor != NULL) mdb_cursor_close(cursor_mdb(cursor));
}

static struct status move(
    struct cursor *cursor, struct bytes *found, struct bytes *value, MDB_val k, MDB_cursor_op op
) {
    MDB_val v = {0, NULL};
    const int code = mdb_cursor_get(cursor_mdb(cursor), &k, &v, op);
    *found = code == 0 ? from_val(k) : (struct bytes){NULL, 0};
    *value = code == 0 ? from_val(v) : (struct bytes){NULL, 0};
    return from_mdb(code, "reading the database");
}

struct status cursor_seek(
    struct cursor *cursor, struct bytes *found, struct bytes *value, struct bytes key
) {
    return move(cursor, found, value, to_val(key), MDB_SET_RANGE);
}

struct status cursor_next(struct cursor *cursor, struct bytes *found, struct bytes *value) {
    return move(cursor, found, value, (MDB_val){0, NULL}, MDB_NEXT);
}

struct status cursor_previous(struct cursor *cursor, struct bytes *found, struct bytes *value) {
    return move(cursor, found, value, (MDB_val){0, NULL}, MDB_PREV);
}

struct status cursor_seek_before(
    struct cursor *cursor, struct bytes *found, struct bytes *value, struct bytes key
) {
    const struct status status = cursor_seek(cursor, found, value, key);
    if (failed(status) && status.code != STATUS_MISSING) return status;
    const MDB_cursor_op op = failed(status) ? MDB_LAST : MDB_PREV;
    return move(cursor, found, value, (MDB_val){0, NULL}, op);
}

struct status cursor_delete(struct cursor *cursor) {
    return from_mdb(mdb_cursor_del(cursor_mdb(cursor), 0), "deleting from the database");
}
