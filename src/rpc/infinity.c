/* infinity: the coprocessor's methods: jobs, programs, limits, finality.
 *
 * COPROCESSOR.md, "limits": field names are those of the contract's structs, enums are lower-case
 * names, numbers are hex quantities.
 */
#include "rpc/backend.h"
#include "rpc/namespaces.h"
#include "rpc/params.h"
#include "store/store.h"

enum {
    JOBS_LIMIT_DEFAULT = 100,
    JOBS_LIMIT_MAX = 1000,
};

static const char *const status_names[] = {"none",   "pending",   "completed",
                                           "failed", "cancelled", "expired"};
static const char *const outcome_names[] = {"exit", "trap", "outOfCycles"};
static const char *const finality_names[] = {"pending", "latest", "safe", "finalized"};

static void write_quantity(struct json_writer *writer, const char *name, uint64_t value) {
    json_name(writer, name);
    json_write_quantity(writer, value);
}

static void write_hash(struct json_writer *writer, const char *name, const struct hash *hash) {
    json_name(writer, name);
    json_write_hash(writer, hash);
}

/* null where there is none yet. */
static void write_optional_hash(
    struct json_writer *writer, const char *name, bool present, const struct hash *hash
) {
    json_name(writer, name);
    if (present) {
        json_write_hash(writer, hash);
    } else {
        json_write_null(writer);
    }
}

static void write_job(struct json_writer *writer, const struct rpc_job *job) {
    json_begin_object(writer);
    write_hash(writer, "jobID", &job->job_id);
    json_name(writer, "consumer");
    json_write_address(writer, &job->consumer);
    json_name(writer, "status");
    json_write_cstring(writer, status_names[job->status]);
    json_name(writer, "outcome");
    if (job->has_result) {
        json_write_cstring(writer, outcome_names[job->outcome]);
    } else {
        json_write_null(writer);
    }
    write_quantity(writer, "code", job->code);
    write_hash(writer, "programID", &job->program_id);
    write_hash(writer, "inputHash", &job->input_hash);
    write_quantity(writer, "maxCycles", job->max_cycles);
    write_quantity(writer, "usedCycles", job->used_cycles);
    write_quantity(writer, "requestedAt", job->requested_at);
    write_quantity(writer, "readyAt", job->ready_at);
    write_quantity(writer, "deadline", job->deadline);
    write_quantity(writer, "completedAt", job->completed_at);
    write_quantity(writer, "callbackGas", job->callback_gas);
    json_name(writer, "callbackPending");
    json_write_bool(writer, job->callback_pending);
    write_optional_hash(writer, "resultHash", job->has_result, &job->result_hash);
    write_hash(writer, "requestTx", &job->request_tx);
    write_optional_hash(writer, "resultTx", job->has_result, &job->result_tx);
    json_name(writer, "result");
    if (job->has_result) {
        json_write_hex(writer, job->result);
    } else {
        json_write_null(writer);
    }
    json_name(writer, "finality");
    json_write_cstring(writer, finality_names[job->finality]);
    json_end_object(writer);
}

static bool get_job(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    struct hash id;
    struct rpc_job job;
    bool found;
    if (!param_hash(call, 0, &id)) return false;
    const struct status status = backend->job(backend->ctx, call->arena, &job, &found, &id);
    if (failed(status)) return rpc_fail_status(call, status);
    if (found) {
        write_job(call->result, &job);
    } else {
        json_write_null(call->result);
    }
    return true;
}

/* One member of the filter; a key that is none of these is an error, so that a misspelt one is not
 * taken for "any". */
static bool read_filter_member(
    struct rpc_call *call, struct rpc_job_filter *filter, const struct json *member
) {
    const struct bytes key = json_key(member);
    if (bytes_equal(key, BYTES_LITERAL("status"))) {
        for (size_t i = 1; i < ARRAY_LEN(status_names); i++) {
            if (!json_text_is(member, status_names[i])) continue;
            filter->has_status = true;
            filter->status = (enum rpc_job_status)i;
            return true;
        }
        return rpc_fail(
            call, RPC_INVALID_PARAMS,
            "invalid argument 0: status is pending, completed, failed, cancelled or expired"
        );
    }
    if (bytes_equal(key, BYTES_LITERAL("consumer"))) {
        filter->has_consumer = true;
        if (json_read_address(member, &filter->consumer)) return true;
        return rpc_fail(call, RPC_INVALID_PARAMS, "invalid argument 0: consumer is no address");
    }
    uint64_t value;
    const bool is_limit = bytes_equal(key, BYTES_LITERAL("limit"));
    if (!is_limit && !bytes_equal(key, BYTES_LITERAL("fromBlock"))) {
        return rpc_fail(
            call, RPC_INVALID_PARAMS,
            "invalid argument 0: unknown field \"%.*s\"; there are status, consumer, fromBlock and "
            "limit",
            (int)(key.len < 64 ? key.len : 64), (const char *)key.data
        );
    }
    if (!json_read_u64(member, &value)) {
        return rpc_fail(
            call, RPC_INVALID_PARAMS, "invalid argument 0: %s is no quantity",
            is_limit ? "limit" : "fromBlock"
        );
    }
    if (is_limit && (value == 0 || value > JOBS_LIMIT_MAX)) {
        return rpc_fail(
            call, RPC_INVALID_PARAMS, "invalid argument 0: limit is 1 to %d", JOBS_LIMIT_MAX
        );
    }
    if (is_limit) {
        filter->limit = value;
    } else {
        filter->from_block = value;
    }
    return true;
}

static bool get_jobs(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    struct rpc_job_filter filter = {.limit = JOBS_LIMIT_DEFAULT};
    const struct json *argument = json_at(call->params, 0);
    const enum json_kind kind = json_kind(argument);
    if (kind != JSON_ABSENT && kind != JSON_NULL && kind != JSON_OBJECT) {
        return rpc_fail(call, RPC_INVALID_PARAMS, "invalid argument 0: not an object");
    }
    for (const struct json *member = json_first(argument); member != NULL; member = member->next) {
        if (!read_filter_member(call, &filter, member)) return false;
    }
    const struct rpc_job *jobs;
    size_t count;
    const struct status status = backend->jobs(backend->ctx, call->arena, &jobs, &count, &filter);
    if (failed(status)) return rpc_fail_status(call, status);
    json_begin_array(call->result);
    for (size_t i = 0; i < count; i++) {
        write_job(call->result, &jobs[i]);
    }
    json_end_array(call->result);
    return true;
}

static void write_program(struct json_writer *writer, const struct rpc_program *program) {
    json_begin_object(writer);
    write_hash(writer, "programID", &program->program_id);
    write_hash(writer, "imageHash", &program->image_hash);
    json_name(writer, "owner");
    json_write_address(writer, &program->owner);
    write_quantity(writer, "pages", program->pages);
    write_quantity(writer, "imageSize", program->image_size);
    write_quantity(writer, "registeredAt", program->registered_at);
    write_optional_hash(writer, "submissionID", !program->in_genesis, &program->submission_id);
    write_optional_hash(writer, "registrationTx", !program->in_genesis, &program->registration_tx);
    json_end_object(writer);
}

static bool get_program(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    struct hash id;
    struct rpc_program program;
    bool found;
    if (!param_hash(call, 0, &id)) return false;
    const struct status status = backend->program(backend->ctx, call->arena, &program, &found, &id);
    if (failed(status)) return rpc_fail_status(call, status);
    if (found) {
        write_program(call->result, &program);
    } else {
        json_write_null(call->result);
    }
    return true;
}

static bool get_programs(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    const struct rpc_program *programs;
    size_t count;
    const struct status status = backend->programs(backend->ctx, call->arena, &programs, &count);
    if (failed(status)) return rpc_fail_status(call, status);
    json_begin_array(call->result);
    for (size_t i = 0; i < count; i++) {
        write_program(call->result, &programs[i]);
    }
    json_end_array(call->result);
    return true;
}

static bool get_limits(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    const struct rpc_limit *limits;
    size_t count;
    backend->limits(backend->ctx, &limits, &count);
    json_begin_object(call->result);
    for (size_t i = 0; i < count; i++) {
        write_quantity(call->result, limits[i].name, limits[i].value);
    }
    json_end_object(call->result);
    return true;
}

/* The block of a transaction or block hash: *found is false where neither is on the chain. */
static struct status number_of_hash(
    const struct rpc_backend *backend, bool *found, uint64_t *number, const struct hash *hash
) {
    struct store_view *view;
    struct store_tx_place place;
    bool canonical = true;
    struct status status = store_view_open(&view, backend->store);
    if (failed(status)) return status;
    status = store_tx(view, &place, hash);
    if (!failed(status)) {
        *number = place.number;
    } else if (status.code == STATUS_MISSING) {
        status = store_block_number(view, number, hash);
        if (!failed(status)) status = store_is_canonical(view, &canonical, *number, hash);
    }
    *found = !failed(status) && canonical;
    store_view_close(view);
    return status.code == STATUS_MISSING ? status_ok : status;
}

static bool get_finality(struct rpc_call *call) {
    const struct rpc_backend *backend = call->ctx;
    const struct json *argument = json_at(call->params, 0);
    struct rpc_heads heads;
    struct hash hash;
    uint64_t number;
    bool found = true;
    if (json_read_hash(argument, &hash)) {
        const struct status status = number_of_hash(backend, &found, &number, &hash);
        if (failed(status)) return rpc_fail_status(call, status);
    } else if (!json_read_u64(argument, &number)) {
        return rpc_fail(
            call, RPC_INVALID_PARAMS,
            "invalid argument 0: a block number, block hash or transaction hash is needed"
        );
    }
    backend->heads(backend->ctx, &heads);
    if (!found || number > heads.latest.number) {
        json_write_cstring(call->result, finality_names[RPC_FINALITY_PENDING]);
    } else {
        json_write_cstring(call->result, finality_names[rpc_finality_of(&heads, number)]);
    }
    return true;
}

enum rpc_finality rpc_finality_of(const struct rpc_heads *heads, uint64_t number) {
    if (heads->has_finalized && number <= heads->finalized.number) return RPC_FINALITY_FINALIZED;
    if (heads->has_safe && number <= heads->safe.number) return RPC_FINALITY_SAFE;
    return number <= heads->latest.number ? RPC_FINALITY_LATEST : RPC_FINALITY_PENDING;
}

static const struct rpc_method methods[] = {
    {"infinity_getJob", get_job, 1},         {"infinity_getJobs", get_jobs, 1},
    {"infinity_getProgram", get_program, 1}, {"infinity_getPrograms", get_programs, 0},
    {"infinity_getLimits", get_limits, 0},   {"infinity_finality", get_finality, 1},
};

struct rpc_table rpc_infinity_table(struct rpc_backend *backend) {
    return (struct rpc_table){methods, ARRAY_LEN(methods), backend};
}
