#include "store/index.h"

#include "store/internal.h"

#include <stdlib.h>

struct pair {
    uint64_t mark;
    uint64_t number;
};

enum {
    PAIR_SIZE = 16,
    CHUNK_PAIRS = 255, /* of a run under one key: they fill a page */
    CHUNK_SIZE = CHUNK_PAIRS * PAIR_SIZE,
    RUN_SIZE = 40, /* in META_INDEX */
    CATALOG_HEAD = 16,
};

/* --- marks ----------------------------------------------------------------------------------- */

/* The hashes are random already; a slot of one account is not that of another, and kinds differ. */
uint64_t index_mark_state(const struct state_key *key) {
    const uint64_t account = load_le64(key->account.bytes);
    if (!key->is_slot) return account;
    return (account << 1 | account >> 63) ^ load_le64(key->slot.bytes);
}

uint64_t index_mark_block(const struct hash *hash) {
    return load_le64(hash->bytes + 8);
}

uint64_t index_mark_tx(const struct hash *hash) {
    return load_le64(hash->bytes + 16);
}

static int compare_pairs(const void *a, const void *b) {
    const struct pair *x = a;
    const struct pair *y = b;
    if (x->mark != y->mark) return x->mark < y->mark ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static bool is_below(struct pair a, struct pair b) {
    return a.mark < b.mark || (a.mark == b.mark && a.number < b.number);
}

/* --- the catalogue of runs ------------------------------------------------------------------- */

/* META_INDEX: the first block that is in no run, the next run's id, and the runs, oldest first. */
struct run {
    uint64_t id;
    uint64_t first; /* lowest and highest number in it */
    uint64_t last;
    uint64_t count;
    uint64_t level;
};

struct catalog {
    uint64_t until;
    uint64_t next_id;
    const uint8_t *runs; /* encoded */
    size_t count;
};

/* Borrows until the next write. */
static struct status read_catalog(struct txn *txn, struct catalog *out) {
    struct bytes value;
    *out = (struct catalog){0};
    const struct status status = meta_read(txn, &value, META_INDEX);
    if (status.code == STATUS_MISSING) return status_ok;
    if (failed(status)) return status;
    if (value.len < CATALOG_HEAD || (value.len - CATALOG_HEAD) % RUN_SIZE != 0) {
        return store_damaged("reading the index's runs");
    }
    *out = (struct catalog){
        .until = load_be64(value.data),
        .next_id = load_be64(value.data + 8),
        .runs = value.data + CATALOG_HEAD,
        .count = (value.len - CATALOG_HEAD) / RUN_SIZE,
    };
    return status_ok;
}

static struct run run_at(const struct catalog *catalog, size_t i) {
    const uint8_t *p = catalog->runs + i * RUN_SIZE;
    return (struct run){
        .id = load_be64(p),
        .first = load_be64(p + 8),
        .last = load_be64(p + 16),
        .count = load_be64(p + 24),
        .level = load_be64(p + 32),
    };
}

/* A catalogue that is being changed. */
struct edit {
    uint64_t until;
    uint64_t next_id;
    struct run *runs;
    size_t count;
};

static struct status edit_begin(
    struct txn *txn, struct arena *arena, struct edit *out, size_t more
) {
    struct catalog catalog;
    const struct status status = read_catalog(txn, &catalog);
    if (failed(status)) return status;
    *out = (struct edit){
        .until = catalog.until,
        .next_id = catalog.next_id,
        .runs = ARENA_ARRAY(arena, struct run, catalog.count + more),
        .count = catalog.count,
    };
    for (size_t i = 0; i < catalog.count; i++) {
        out->runs[i] = run_at(&catalog, i);
    }
    return status_ok;
}

static struct status edit_end(struct txn *txn, struct arena *arena, const struct edit *edit) {
    const size_t size = CATALOG_HEAD + edit->count * RUN_SIZE;
    uint8_t *value = arena_alloc_raw(arena, size, 1);
    store_be64(value, edit->until);
    store_be64(value + 8, edit->next_id);
    for (size_t i = 0; i < edit->count; i++) {
        uint8_t *p = value + CATALOG_HEAD + i * RUN_SIZE;
        const struct run *run = &edit->runs[i];
        store_be64(p, run->id);
        store_be64(p + 8, run->first);
        store_be64(p + 16, run->last);
        store_be64(p + 24, run->count);
        store_be64(p + 32, run->level);
    }
    return meta_write(txn, META_INDEX, bytes_from(value, size));
}

/* --- what blocks hold ------------------------------------------------------------------------ */

struct pairs {
    struct pair *items;
    size_t count;
    size_t capacity;
};

static void add_pair(struct pairs *pairs, uint64_t mark, uint64_t number) {
    if (pairs->count == pairs->capacity) {
        pairs->capacity = pairs->capacity == 0 ? 256 : pairs->capacity * 2;
        struct pair *grown = realloc(pairs->items, pairs->capacity * sizeof *grown);
        ASSERT(grown != NULL);
        pairs->items = grown;
    }
    pairs->items[pairs->count++] = (struct pair){mark, number};
}

static struct status gather_history(
    struct txn *txn, struct pairs *pairs, uint64_t from, uint64_t end
) {
    struct cursor *cursor;
    struct bytes key;
    struct bytes value;
    uint8_t start[8];
    store_be64(start, from);
    struct status status = cursor_open(&cursor, txn, TABLE_HISTORY);
    if (failed(status)) return status;
    status = cursor_seek(cursor, &key, &value, BYTES_OF(start));
    while (!failed(status)) {
        struct state_key of;
        uint64_t number;
        if (!state_key_from_history(&of, &number, key)) {
            status = store_damaged("reading the history");
            break;
        }
        if (number >= end) break;
        add_pair(pairs, index_mark_state(&of), number);
        status = cursor_next(cursor, &key, &value);
    }
    cursor_close(cursor);
    return status.code == STATUS_MISSING ? status_ok : status;
}

static struct status gather_blocks(
    struct txn *txn, struct pairs *pairs, uint64_t from, uint64_t end
) {
    struct status status = status_ok;
    for (uint64_t number = from; !failed(status) && number < end; number++) {
        struct store_mark mark;
        struct bytes hashes = {NULL, 0};
        status = canonical_read(txn, &mark, number);
        if (failed(status)) break;
        const struct key key = block_key(number, &mark.hash, BLOCK_PART_TX_HASHES);
        add_pair(pairs, index_mark_block(&mark.hash), number);
        status = table_get(txn, TABLE_BLOCKS, &hashes, key_bytes(&key));
        if (status.code == STATUS_MISSING) status = status_ok;
        for (size_t at = 0; at + sizeof(struct hash) <= hashes.len; at += sizeof(struct hash)) {
            struct hash hash;
            memcpy(hash.bytes, hashes.data + at, sizeof hash);
            add_pair(pairs, index_mark_tx(&hash), number);
        }
    }
    return status;
}

/* The pairs of the canonical blocks from … end - 1. */
static struct status gather(struct txn *txn, struct pairs *pairs, uint64_t from, uint64_t end) {
    const struct status status = gather_history(txn, pairs, from, end);
    return failed(status) ? status : gather_blocks(txn, pairs, from, end);
}

/* --- the tail -------------------------------------------------------------------------------- */

#define NO_PAIR UINT32_MAX

struct index_tail {
    bool is_known;
    uint64_t from; /* blocks from … end - 1 */
    uint64_t end;
    struct pairs pairs;
    uint32_t *earlier; /* for each pair the one before it in its bucket */
    uint32_t *buckets; /* the last pair of each */
    size_t capacity;   /* of both, a power of two */
    size_t linked;
};

struct index_tail *index_tail_create(void) {
    struct index_tail *tail = calloc(1, sizeof *tail);
    ASSERT(tail != NULL);
    return tail;
}

void index_tail_clear(struct index_tail *tail) {
    free(tail->pairs.items);
    free(tail->earlier);
    free(tail->buckets);
    *tail = (struct index_tail){0};
}

void index_tail_destroy(struct index_tail *tail) {
    if (tail == NULL) return;
    index_tail_clear(tail);
    free(tail);
}

static size_t bucket_of(const struct index_tail *tail, uint64_t mark) {
    return (size_t)(mark * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (tail->capacity - 1);
}

/* Makes room for links between all pairs; those that are there are made anew where it grows. */
static void grow_links(struct index_tail *tail) {
    size_t capacity = tail->capacity == 0 ? 256 : tail->capacity;
    while (capacity < tail->pairs.count) {
        capacity *= 2;
    }
    if (capacity == tail->capacity) return;
    ASSERT(capacity < NO_PAIR);
    free(tail->earlier);
    free(tail->buckets);
    tail->earlier = malloc(capacity * sizeof *tail->earlier);
    tail->buckets = malloc(capacity * sizeof *tail->buckets);
    ASSERT(tail->earlier != NULL && tail->buckets != NULL);
    memset(tail->buckets, 0xff, capacity * sizeof *tail->buckets); /* NO_PAIR */
    tail->capacity = capacity;
    tail->linked = 0;
}

static void link_pairs(struct index_tail *tail) {
    grow_links(tail);
    for (; tail->linked < tail->pairs.count; tail->linked++) {
        uint32_t *bucket = &tail->buckets[bucket_of(tail, tail->pairs.items[tail->linked].mark)];
        tail->earlier[tail->linked] = *bucket;
        *bucket = (uint32_t)tail->linked;
    }
}

struct status index_tail_follow(struct index_tail *tail, struct txn *txn, uint64_t head) {
    struct catalog catalog;
    struct status status = read_catalog(txn, &catalog);
    if (failed(status)) return status;
    if (!tail->is_known || tail->from != catalog.until) {
        index_tail_clear(tail);
        tail->is_known = true;
        tail->from = tail->end = catalog.until;
    }
    if (tail->end > head) return status_ok;
    status = gather(txn, &tail->pairs, tail->end, head + 1);
    if (failed(status)) {
        index_tail_clear(tail);
        return status;
    }
    tail->end = head + 1;
    link_pairs(tail);
    return status_ok;
}

/* The best number with mark in from … end - 1: the lowest, or the highest. */
static bool find_in_tail(
    const struct index_tail *tail,
    uint64_t *number,
    uint64_t mark,
    uint64_t from,
    uint64_t end,
    bool lowest
) {
    bool found = false;
    if (tail->capacity == 0) return false;
    for (uint32_t i = tail->buckets[bucket_of(tail, mark)]; i != NO_PAIR; i = tail->earlier[i]) {
        const struct pair *pair = &tail->pairs.items[i];
        if (pair->mark != mark || pair->number < from || pair->number >= end) continue;
        if (!found || (lowest ? pair->number < *number : pair->number > *number)) {
            *number = pair->number;
        }
        found = true;
    }
    return found;
}

/* --- reading runs ---------------------------------------------------------------------------- */

static struct key chunk_key(uint64_t run, struct pair first) {
    struct key key = {.len = 0};
    key_add_number(&key, run);
    key_add_number(&key, first.mark);
    key_add_number(&key, first.number);
    return key;
}

static struct pair pair_at(struct bytes chunk, size_t i) {
    const uint8_t *p = chunk.data + i * PAIR_SIZE;
    return (struct pair){load_le64(p), load_le64(p + 8)};
}

/* How many of the chunk's pairs are below wanted. */
static size_t count_below(struct bytes chunk, struct pair wanted) {
    size_t low = 0;
    size_t high = chunk.len / PAIR_SIZE;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (is_below(pair_at(chunk, middle), wanted)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool is_chunk_of(struct bytes key, uint64_t run) {
    return key.len == 24 && load_be64(key.data) == run;
}

/* The run's last pair below wanted, and its first that is not. */
struct neighbours {
    struct pair before;
    struct pair after;
    bool has_before;
    bool has_after;
};

static struct status find_neighbours(
    struct cursor *cursor, struct neighbours *out, uint64_t run, struct pair wanted
) {
    const struct key place = chunk_key(run, wanted);
    struct bytes key;
    struct bytes chunk;
    *out = (struct neighbours){.has_before = false};
    struct status status = cursor_seek_before(cursor, &key, &chunk, key_bytes(&place));
    if (failed(status) && status.code != STATUS_MISSING) return status;
    if (!failed(status) && is_chunk_of(key, run)) {
        const size_t below = count_below(chunk, wanted);
        ASSERT(below > 0); /* the chunk's key is its first pair */
        out->before = pair_at(chunk, below - 1);
        out->has_before = true;
        if (below < chunk.len / PAIR_SIZE) {
            out->after = pair_at(chunk, below);
            out->has_after = true;
            return status_ok;
        }
    }
    status = cursor_seek(cursor, &key, &chunk, key_bytes(&place));
    if (failed(status)) return status.code == STATUS_MISSING ? status_ok : status;
    if (is_chunk_of(key, run) && chunk.len >= PAIR_SIZE) {
        out->after = pair_at(chunk, 0);
        out->has_after = true;
    }
    return status_ok;
}

struct status index_first(
    const struct index *index, uint64_t *number, bool *found, uint64_t mark, uint64_t from
) {
    struct catalog catalog;
    struct cursor *cursor;
    *found = find_in_tail(index->tail, number, mark, from, UINT64_MAX, true);
    struct status status = read_catalog(index->txn, &catalog);
    if (failed(status) || catalog.count == 0) return status;
    status = cursor_open(&cursor, index->txn, TABLE_INDEX);
    if (failed(status)) return status;
    for (size_t i = 0; !failed(status) && i < catalog.count; i++) {
        const struct run run = run_at(&catalog, i);
        struct neighbours near;
        if (run.last < from || (*found && run.first >= *number)) continue;
        status = find_neighbours(cursor, &near, run.id, (struct pair){mark, from});
        if (failed(status) || !near.has_after || near.after.mark != mark) continue;
        if (!*found || near.after.number < *number) *number = near.after.number;
        *found = true;
    }
    cursor_close(cursor);
    return status;
}

struct status index_last(
    const struct index *index, uint64_t *number, bool *found, uint64_t mark, uint64_t end
) {
    struct catalog catalog;
    struct cursor *cursor;
    *found = find_in_tail(index->tail, number, mark, 0, end, false);
    struct status status = read_catalog(index->txn, &catalog);
    if (failed(status) || catalog.count == 0) return status;
    status = cursor_open(&cursor, index->txn, TABLE_INDEX);
    if (failed(status)) return status;
    for (size_t i = catalog.count; !failed(status) && i-- > 0;) {
        const struct run run = run_at(&catalog, i);
        struct neighbours near;
        if (run.first >= end || (*found && run.last <= *number)) continue;
        status = find_neighbours(cursor, &near, run.id, (struct pair){mark, end});
        if (failed(status) || !near.has_before || near.before.mark != mark) continue;
        if (!*found || near.before.number > *number) *number = near.before.number;
        *found = true;
    }
    cursor_close(cursor);
    return status;
}

/* --- writing runs ---------------------------------------------------------------------------- */

struct run_writer {
    struct txn *txn;
    struct run run;
    struct pair last;
    struct pair chunk_first;
    size_t chunk_len;
    uint8_t chunk[CHUNK_SIZE];
};

static struct run_writer *writer_begin(
    struct arena *arena, struct txn *txn, struct edit *edit, uint64_t level
) {
    struct run_writer *writer = ARENA_NEW(arena, struct run_writer);
    writer->txn = txn;
    writer->run = (struct run){.id = edit->next_id++, .first = UINT64_MAX, .level = level};
    return writer;
}

static struct status write_chunk(struct run_writer *writer) {
    if (writer->chunk_len == 0) return status_ok;
    const struct key key = chunk_key(writer->run.id, writer->chunk_first);
    const struct bytes chunk = bytes_from(writer->chunk, writer->chunk_len);
    writer->chunk_len = 0;
    return table_append(writer->txn, TABLE_INDEX, key_bytes(&key), chunk);
}

/* Pairs come in order; one that comes twice is written once. */
static struct status writer_add(struct run_writer *writer, struct pair pair) {
    if (writer->run.count != 0 && !is_below(writer->last, pair)) return status_ok;
    if (writer->chunk_len == 0) writer->chunk_first = pair;
    store_le64(writer->chunk + writer->chunk_len, pair.mark);
    store_le64(writer->chunk + writer->chunk_len + 8, pair.number);
    writer->chunk_len += PAIR_SIZE;
    writer->last = pair;
    writer->run.count++;
    if (pair.number < writer->run.first) writer->run.first = pair.number;
    if (pair.number > writer->run.last) writer->run.last = pair.number;
    return writer->chunk_len == CHUNK_SIZE ? write_chunk(writer) : status_ok;
}

static struct status delete_run(struct txn *txn, uint64_t run) {
    const struct key place = chunk_key(run, (struct pair){0, 0});
    struct cursor *cursor;
    struct bytes key;
    struct bytes chunk;
    struct status status = cursor_open(&cursor, txn, TABLE_INDEX);
    if (failed(status)) return status;
    status = cursor_seek(cursor, &key, &chunk, key_bytes(&place));
    while (!failed(status) && is_chunk_of(key, run)) {
        status = cursor_delete(cursor);
        if (!failed(status)) status = cursor_next(cursor, &key, &chunk);
    }
    cursor_close(cursor);
    return status.code == STATUS_MISSING ? status_ok : status;
}

/* A run that is read from its start while another is written. */
struct stream {
    uint64_t run;
    struct pair next; /* where the next chunk starts, at least */
    bool at_end;
    size_t at;
    size_t len;
    uint8_t chunk[CHUNK_SIZE];
};

static struct status fill_stream(struct stream *stream, struct txn *txn) {
    const struct key place = chunk_key(stream->run, stream->next);
    struct bytes key;
    struct bytes chunk;
    const struct status status = table_seek(txn, TABLE_INDEX, &key, &chunk, key_bytes(&place));
    if (failed(status) && status.code != STATUS_MISSING) return status;
    stream->at_end = failed(status) || !is_chunk_of(key, stream->run);
    if (stream->at_end) return status_ok;
    if (chunk.len == 0 || chunk.len > CHUNK_SIZE || chunk.len % PAIR_SIZE != 0) {
        return store_damaged("reading the index");
    }
    memcpy(stream->chunk, chunk.data, chunk.len);
    stream->at = 0;
    stream->len = chunk.len;
    stream->next = pair_at(chunk, chunk.len / PAIR_SIZE - 1);
    stream->next.number++; /* numbers are never the largest */
    return status_ok;
}

static struct pair stream_pair(const struct stream *stream) {
    return pair_at(bytes_from(stream->chunk, stream->len), stream->at / PAIR_SIZE);
}

static struct stream *lowest_stream(struct stream *streams, size_t count) {
    struct stream *lowest = NULL;
    for (size_t i = 0; i < count; i++) {
        struct stream *stream = &streams[i];
        if (stream->at_end) continue;
        if (lowest == NULL || is_below(stream_pair(stream), stream_pair(lowest))) lowest = stream;
    }
    return lowest;
}

/* Makes the catalogue's last INDEX_FANOUT runs one. */
static struct status merge_runs(struct txn *txn, struct arena *arena, struct edit *edit) {
    struct run *runs = edit->runs + edit->count - INDEX_FANOUT;
    struct stream *streams = ARENA_ARRAY(arena, struct stream, INDEX_FANOUT);
    struct run_writer *writer = writer_begin(arena, txn, edit, runs[0].level + 1);
    struct status status = status_ok;
    for (size_t i = 0; !failed(status) && i < INDEX_FANOUT; i++) {
        streams[i].run = runs[i].id;
        status = fill_stream(&streams[i], txn);
    }
    struct stream *lowest = lowest_stream(streams, INDEX_FANOUT);
    while (!failed(status) && lowest != NULL) {
        status = writer_add(writer, stream_pair(lowest));
        lowest->at += PAIR_SIZE;
        if (!failed(status) && lowest->at == lowest->len) status = fill_stream(lowest, txn);
        lowest = lowest_stream(streams, INDEX_FANOUT);
    }
    if (!failed(status)) status = write_chunk(writer);
    for (size_t i = 0; !failed(status) && i < INDEX_FANOUT; i++) {
        status = delete_run(txn, runs[i].id);
    }
    runs[0] = writer->run;
    edit->count -= INDEX_FANOUT - 1;
    return status;
}

static bool has_too_many(const struct edit *edit) {
    if (edit->count < INDEX_FANOUT) return false;
    const struct run *last = &edit->runs[edit->count - 1];
    if (last->level >= INDEX_LEVEL_MAX) return false;
    for (size_t i = 1; i < INDEX_FANOUT; i++) {
        if (edit->runs[edit->count - 1 - i].level != last->level) return false;
    }
    return true;
}

static struct status add_run(
    struct txn *txn, struct arena *arena, struct edit *edit, const struct pairs *pairs
) {
    if (pairs->count == 0) return status_ok;
    struct run_writer *writer = writer_begin(arena, txn, edit, 0);
    struct status status = status_ok;
    qsort(pairs->items, pairs->count, sizeof *pairs->items, compare_pairs);
    for (size_t i = 0; !failed(status) && i < pairs->count; i++) {
        status = writer_add(writer, pairs->items[i]);
    }
    if (!failed(status)) status = write_chunk(writer);
    edit->runs[edit->count++] = writer->run;
    return status;
}

/* The blocks from the last run up to below end become a run. */
static struct status write_run(struct txn *txn, struct arena *arena, uint64_t end) {
    struct edit edit;
    struct pairs pairs = {0};
    struct status status = edit_begin(txn, arena, &edit, 1);
    if (!failed(status) && edit.until < end) status = gather(txn, &pairs, edit.until, end);
    if (!failed(status)) status = add_run(txn, arena, &edit, &pairs);
    free(pairs.items);
    while (!failed(status) && has_too_many(&edit)) {
        status = merge_runs(txn, arena, &edit);
    }
    if (edit.until < end) edit.until = end;
    return failed(status) ? status : edit_end(txn, arena, &edit);
}

struct status index_add(
    struct txn *txn, struct arena *scratch, uint64_t head, size_t pair_count, size_t run_pairs
) {
    struct bytes value;
    uint64_t waiting = 0;
    struct status status = meta_read(txn, &value, META_WAITING);
    if (failed(status) && status.code != STATUS_MISSING) return status;
    if (!failed(status) && value.len != 8) return store_damaged("reading the index's backlog");
    if (!failed(status)) waiting = load_be64(value.data);
    /* The pairs of the head wait for its child. */
    if (waiting >= run_pairs) {
        waiting = 0;
        status = write_run(txn, scratch, head);
        if (failed(status)) return status;
    }
    uint8_t sum[8];
    store_be64(sum, waiting + pair_count);
    return meta_write(txn, META_WAITING, BYTES_OF(sum));
}

struct status index_rollback(struct txn *txn, struct arena *scratch, uint64_t number) {
    struct edit edit;
    const struct status status = edit_begin(txn, scratch, &edit, 0);
    if (failed(status) || edit.until <= number) return status;
    edit.until = number;
    return edit_end(txn, scratch, &edit);
}
