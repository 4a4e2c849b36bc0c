#include "service/solo.h"

#include "base/checked.h"
#include "crypto/keccak.h"
#include "world/log.h"

#include <uv.h>

#include <stdlib.h>

enum {
    MINE_BATCH = 1024, /* blocks of one database transaction */
    REST_AFTER = 256,  /* blocks mined at once */
};

struct solo {
    struct solo_options options;
    struct solo_settings settings;
    uv_timer_t timer; /* interval */
    uv_async_t wake;  /* results that wait */
    bool stopped;
};

/* ---- one block ---- */

struct status solo_next_timestamp(struct solo *solo, uint64_t *out) {
    const struct solo_settings *settings = &solo->settings;
    struct engine_place head;
    const struct status status = solo->options.engine->head(solo->options.engine->ctx, &head);
    if (failed(status)) return status;
    if (settings->has_next_timestamp) {
        *out = max_u64(settings->next_timestamp, head.timestamp + 1);
    } else if (settings->timestamp_interval_s > 0) {
        *out = head.timestamp + settings->timestamp_interval_s;
    } else {
        const int64_t now =
            (int64_t)(clock_wall_ms(solo->options.clock) / 1000) + settings->time_offset_s;
        *out = max_u64(now < 0 ? 0 : (uint64_t)now, head.timestamp + 1);
    }
    return status_ok;
}

/* A development chain has no beacon: its randomness and its beacon roots are drawn from the parent,
 * so that a chain built again from the same transactions is the same. */
static struct hash derive(const struct hash *parent, uint8_t purpose) {
    uint8_t text[33];
    struct hash out;
    memcpy(text, parent->bytes, 32);
    text[32] = purpose;
    keccak256(&out, BYTES_OF(text));
    return out;
}

static bool posts_results(const struct solo *solo) {
    return solo->options.coprocessor != NULL &&
        address_equal(&solo->settings.coinbase, &solo->options.coinbase);
}

struct status solo_attributes(
    struct solo *solo, struct arena *arena, struct engine_attributes *out
) {
    struct engine_place head;
    *out = (struct engine_attributes){.fee_recipient = solo->settings.coinbase};
    struct status status = solo->options.engine->head(solo->options.engine->ctx, &head);
    if (!failed(status)) status = solo_next_timestamp(solo, &out->timestamp);
    if (failed(status)) return status;
    out->prev_randao = solo->settings.has_next_prevrandao ? solo->settings.next_prevrandao
                                                          : derive(&head.hash, 'r');
    out->parent_beacon_root = derive(&head.hash, 'b');
    /* Results stand only in a block with the registered fee recipient. */
    if (!posts_results(solo)) return status_ok;
    struct bytes *results;
    status = coprocessor_results(
        solo->options.coprocessor, arena, &results, &out->first_transaction_count, head.number + 1
    );
    out->first_transactions = results;
    return status;
}

static struct status import_own(struct solo *solo, const struct engine_payload *payload) {
    struct import_outcome outcome;
    const struct status status = importer_import(solo->options.importer, &outcome, payload->block);
    if (failed(status) || outcome.verdict == IMPORT_VALID) return status;
    /* Building and importing are one code path: a refusal of our own block is a bug, and the block
     * is not made rather than the program stopped, so that what was committed stays readable. */
    log_line(
        LOG_ERROR, "the block built here was refused", {"number", LOG_U64(payload->number)},
        {"because", LOG_STR(outcome.reason)}
    );
    return status_make(STATUS_UNAVAILABLE, 0, "importing the block that was built");
}

struct status solo_propose(struct solo *solo) {
    const struct engine *engine = solo->options.engine;
    struct arena arena;
    struct engine_attributes attributes;
    struct engine_payload payload;
    arena_init(&arena, solo->options.source);
    struct status status = solo_attributes(solo, &arena, &attributes);
    if (!failed(status)) status = engine->build(engine->ctx, &arena, &payload, &attributes);
    if (!failed(status)) {
        solo->settings.has_next_timestamp = false;
        solo->settings.has_next_prevrandao = false;
        status = import_own(solo, &payload);
    }
    arena_reset(&arena);
    return status;
}

/* Up to MINE_BATCH blocks that become durable together. */
static struct status mine_batch(struct solo *solo, uint64_t count, uint64_t interval_s) {
    const bool batched = count > 1 && solo->options.begin_batch != NULL;
    struct status status = batched ? solo->options.begin_batch(solo->options.ctx) : status_ok;
    if (failed(status)) return status;
    for (uint64_t i = 0; i < count && !failed(status); i++) {
        status = solo_propose(solo);
        if (interval_s > 0) solo->settings.timestamp_interval_s = interval_s;
    }
    /* Also after a failure: the blocks before it stay, or the database says that they are lost. */
    if (!batched) return status;
    const struct status ended = solo->options.end_batch(solo->options.ctx);
    return failed(status) ? status : ended;
}

struct status solo_mine(struct solo *solo, uint64_t count, uint64_t interval_s) {
    const uint64_t interval_before = solo->settings.timestamp_interval_s;
    struct status status = status_ok;
    for (uint64_t done = 0; done < count && !failed(status); done += MINE_BATCH) {
        status = mine_batch(solo, min_u64(count - done, MINE_BATCH), interval_s);
    }
    solo->settings.timestamp_interval_s = interval_before;
    if (count > REST_AFTER && solo->options.rest != NULL) {
        solo->options.rest(solo->options.ctx);
    }
    return status;
}

/* ---- when ---- */

static void report(struct solo *solo, struct status status) {
    if (!failed(status)) return;
    log_line(
        LOG_ERROR, "no block was made", {"because", LOG_STR(status.context)},
        {"os_error", LOG_U64((uint64_t)status.os_error)}
    );
    if (solo->options.failure != NULL) solo->options.failure(solo->options.ctx, status);
}

struct status solo_transaction(struct solo *solo) {
    return solo->settings.automine ? solo_propose(solo) : status_ok;
}

void solo_wake(struct solo *solo) {
    if (solo->stopped || !solo->settings.automine || !posts_results(solo)) return;
    ASSERT(uv_async_send(&solo->wake) == 0);
}

/* Blocks up to the one that holds the next result: one a turn of the loop, so that requests are
 * answered in between. */
static void on_wake(uv_async_t *handle) {
    struct solo *solo = handle->data;
    bool waits;
    if (solo->stopped || !solo->settings.automine || !posts_results(solo)) return;
    struct status status = coprocessor_next_post(solo->options.coprocessor, &waits);
    if (!failed(status) && waits) {
        status = solo_propose(solo);
        if (!failed(status)) status = coprocessor_next_post(solo->options.coprocessor, &waits);
        if (!failed(status) && waits) solo_wake(solo);
    }
    report(solo, status);
}

static void on_interval(uv_timer_t *handle) {
    struct solo *solo = handle->data;
    report(solo, solo_propose(solo));
}

static void start_timer(struct solo *solo) {
    ASSERT(uv_timer_stop(&solo->timer) == 0);
    const uint64_t interval = solo->settings.interval_ms;
    if (interval > 0) {
        ASSERT(uv_timer_start(&solo->timer, on_interval, interval, interval) == 0);
    }
}

const struct solo_settings *solo_settings(const struct solo *solo) {
    return &solo->settings;
}

void solo_set(struct solo *solo, const struct solo_settings *settings) {
    const bool restart = settings->interval_ms != solo->settings.interval_ms;
    solo->settings = *settings;
    if (restart) start_timer(solo);
    solo_wake(solo); /* results may have waited for these settings */
}

/* ---- life ---- */

struct status solo_create(struct solo **out, const struct solo_options *options) {
    struct solo *solo = calloc(1, sizeof *solo);
    if (solo == NULL) return status_make(STATUS_NO_SPACE, 0, "starting the proposer");
    solo->options = *options;
    solo->settings = (struct solo_settings){
        .automine = options->automine,
        .interval_ms = options->interval_ms,
        .coinbase = options->coinbase,
    };
    solo->timer.data = solo;
    solo->wake.data = solo;
    const int error = uv_async_init(options->loop, &solo->wake, on_wake);
    if (error != 0) {
        free(solo);
        return status_make(STATUS_IO, -error, "starting the proposer");
    }
    ASSERT(uv_timer_init(options->loop, &solo->timer) == 0);
    start_timer(solo);
    *out = solo;
    solo_wake(solo);
    return status_ok;
}

void solo_stop(struct solo *solo) {
    if (solo == NULL || solo->stopped) return;
    solo->stopped = true;
    uv_close((uv_handle_t *)&solo->timer, NULL);
    uv_close((uv_handle_t *)&solo->wake, NULL);
}

void solo_destroy(struct solo *solo) {
    free(solo);
}
