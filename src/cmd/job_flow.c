#include "cmd/job_flow.h"

#include "job/job_run.h"
#include "job/limits.h"
#include "job/predeploys.h"
#include "service/sample_programs.h"
#include "world/clock.h"
#include "world/guest_memory.h"

#include <stdio.h>

enum {
    WORD = 32,
    LIMITS_WORDS = 3,
    CALLBACK_GAS_DEFAULT = 200000,
    DEADLINE_BLOCKS = 1000,
};

/* How a sample's contract is made and asked. */
struct contract {
    const char *sample;
    const char *signature;
    const struct bytes *creation_code;
    size_t input_skip; /* bytes of the on-chain input that the contract adds by itself */
    size_t offsets;    /* words of the rest that are offsets of dynamic values */
};

static const struct contract contracts[] = {
    {"sqrt", "requestSqrt(uint256,(uint64,uint64,uint64))", &sqrt_consumer_creation_code, 0, 0},
    {"sha256_chain", "requestChain(bytes32,uint256,(uint64,uint64,uint64))",
     &hash_chain_consumer_creation_code, 0, 0},
    {"matching",
     "requestMatch((uint64,uint8,uint64,uint64)[],(uint64,uint8,uint64,uint64)[],(uint64,uint64,"
     "uint64))",
     &matching_consumer_creation_code, WORD, 2},
};

struct bytes job_flow_image(const struct sample *sample) {
    for (size_t i = 0; i < sample_programs_count; i++) {
        if (strcmp(sample_programs[i].name, sample->name) == 0) return sample_programs[i].data;
    }
    ASSERT(!"a sample whose image is not in the binary");
    return (struct bytes){NULL, 0};
}

static const struct contract *contract_of(const struct sample *sample) {
    for (size_t i = 0; i < ARRAY_LEN(contracts); i++) {
        if (strcmp(contracts[i].sample, sample->name) == 0) return &contracts[i];
    }
    ASSERT(!"a sample without a contract");
    return NULL;
}

/* ---- the same run here ---- */

static bool run_here(struct job_flow *flow, struct job_client *client, uint64_t max_cycles) {
    struct machine_program program;
    struct guest_memory memory;
    const enum elf_verdict verdict =
        machine_program_load(&program, client->arena, job_flow_image(flow->sample));
    ASSERT(verdict == ELF_VALID);
    flow->program_id = program.id;
    if (failed(guest_memory_create(&memory))) return job_client_fail(client, "no memory for a run");
    const uint64_t start = clock_monotonic_us(&real_clock);
    const struct status status = job_run(
        &flow->local, client->arena, &program, &memory.memory, flow->onchain_input,
        BYTES_LITERAL(""), max_cycles
    );
    flow->local_time_us = clock_monotonic_us(&real_clock) - start;
    guest_memory_destroy(&memory);
    return !failed(status) || job_client_fail(client, "no memory for a run");
}

static bool settle_limits(
    struct job_flow *flow, struct job_client *client, const struct job_flow_options *options
) {
    const uint64_t run_limit = options->max_cycles == 0 ? JOB_CYCLES_MAX : options->max_cycles;
    uint64_t head;
    ASSERT(run_limit <= JOB_CYCLES_MAX);
    if (!run_here(flow, client, run_limit)) return false;
    flow->limits.max_cycles = options->max_cycles;
    if (options->max_cycles == 0) {
        flow->limits.max_cycles = flow->local.used_cycles + flow->local.used_cycles / 4 + 1000;
        if (flow->limits.max_cycles > JOB_CYCLES_MAX) flow->limits.max_cycles = JOB_CYCLES_MAX;
    }
    flow->limits.callback_gas =
        options->callback_gas == 0 ? CALLBACK_GAS_DEFAULT : options->callback_gas;
    if (!job_client_block_number(client, &head)) return false;
    flow->limits.deadline = head + MAX_BACKLOG_BLOCKS + DEADLINE_BLOCKS;
    return true;
}

/* ---- the contract ---- */

static bool deploy(struct job_flow *flow, struct job_client *client) {
    const struct bytes creation = *contract_of(flow->sample)->creation_code;
    uint8_t *code = arena_alloc_raw(client->arena, creation.len + WORD, 1);
    memcpy(code, creation.data, creation.len);
    memcpy(code + creation.len, flow->program_id.bytes, WORD);
    struct job_client_receipt receipt;
    if (!job_client_send(
            client, &receipt, NULL, &U256_ZERO, bytes_from(code, creation.len + WORD)
        )) {
        return false;
    }
    flow->consumer = receipt.contract;
    return true;
}

static void put_word(uint8_t *out, uint64_t value) {
    const struct u256 word = u256_from_u64(value);
    u256_to_be(out, &word);
}

/* selector, then the input's own words (offsets moved behind the limits), the limits, the input's
 * dynamic values. */
static struct bytes request_calldata(const struct job_flow *flow, struct job_client *client) {
    const struct contract *contract = contract_of(flow->sample);
    const struct bytes input = bytes_slice(
        flow->onchain_input, contract->input_skip, flow->onchain_input.len - contract->input_skip
    );
    const size_t head = contract->offsets > 0 ? contract->offsets * WORD : input.len;
    uint8_t *data = arena_alloc(client->arena, 4 + input.len + LIMITS_WORDS * WORD, 1);
    uint8_t *at = data + 4;
    job_client_selector(data, contract->signature);
    memcpy(at, input.data, head);
    for (size_t i = 0; i < contract->offsets; i++) {
        const struct u256 offset = u256_from_be(input.data + i * WORD);
        put_word(at + i * WORD, offset.limb[0] - contract->input_skip + LIMITS_WORDS * WORD);
    }
    at += head;
    put_word(at, flow->limits.max_cycles);
    put_word(at + WORD, flow->limits.deadline);
    put_word(at + 2 * (size_t)WORD, flow->limits.callback_gas);
    at += LIMITS_WORDS * WORD;
    if (input.len > head) memcpy(at, input.data + head, input.len - head);
    return bytes_from(data, 4 + input.len + LIMITS_WORDS * WORD);
}

/* Sends the request with twice the quote: what is too much becomes the consumer's credit. */
static bool request(struct job_flow *flow, struct job_client *client) {
    struct u256 quote, value, credit;
    if (!job_client_quote(
            client, &quote, &flow->program_id, flow->onchain_input.len, &flow->limits
        )) {
        return false;
    }
    u256_shl(&value, &quote, 1);
    if (!job_client_send(
            client, &flow->request, &flow->consumer, &value, request_calldata(flow, client)
        ) ||
        !job_client_job_id(client, &flow->job_id, &flow->ready_at, &flow->request) ||
        !job_client_credit_of_block(client, &credit, &flow->consumer, flow->request.block)) {
        return false;
    }
    u256_sub_wrapping(&flow->escrow, &value, &credit);
    return true;
}

static bool finish(struct job_flow *flow, struct job_client *client) {
    struct u256 refund;
    if (!job_client_wait(client, &flow->result, &flow->job_id) ||
        !job_client_receipt_of(client, &flow->posting, &flow->result.transaction) ||
        !job_client_credit_of_block(client, &refund, &flow->consumer, flow->posting.block)) {
        return false;
    }
    u256_sub_wrapping(&flow->charged, &flow->escrow, &refund);
    for (const struct json *log = json_first(flow->posting.logs); log != NULL; log = log->next) {
        struct address address;
        if (json_read_address(json_get(log, "address"), &address) &&
            address_equal(&address, &flow->consumer)) {
            flow->callback_log_count++;
        }
    }
    flow->callback_succeeded = !flow->result.callback_pending && flow->callback_log_count > 0;
    return true;
}

static bool ask(
    struct job_flow *flow, struct job_client *client, const struct job_flow_options *options
) {
    return settle_limits(flow, client, options) && request(flow, client) && finish(flow, client);
}

static bool read_input(struct job_flow *flow, struct job_client *client, const char *text) {
    const char *fault = flow->sample->read(client->arena, &flow->onchain_input, text);
    flow->input = text;
    return fault == NULL || job_client_fail(client, "input: %s", fault);
}

/* A matching contract begins with an empty book. An input with resting orders needs them there: they
 * are posted as a job of their own, which none of them matches. */
static bool prepare_book(
    struct job_flow *flow, struct job_client *client, const struct job_flow_options *options
) {
    const char *slash = strchr(flow->input, '/');
    if (strcmp(flow->sample->name, "matching") != 0 || slash == NULL || slash == flow->input) {
        return true;
    }
    struct job_flow first = *flow;
    const size_t len = (size_t)(slash - flow->input);
    char *text = arena_alloc(client->arena, len + 2, 1);
    text[0] = '/';
    memcpy(text + 1, flow->input, len);
    if (!read_input(&first, client, text) || !ask(&first, client, options)) return false;
    return first.result.completed ||
        job_client_fail(client, "the resting orders could not be posted: they match each other");
}

bool job_flow_run(
    struct job_flow *flow,
    struct job_client *client,
    const struct sample *sample,
    const char *input,
    const struct job_flow_options *options
) {
    bool known;
    *flow = (struct job_flow){.sample = sample};
    if (!read_input(flow, client, input)) return false;
    flow->expected = sample->expect(client->arena, flow->onchain_input);
    struct hash id;
    uint32_t pages;
    const enum elf_verdict verdict =
        machine_program_id(&id, &pages, client->arena, job_flow_image(sample));
    ASSERT(verdict == ELF_VALID);
    flow->program_id = id;
    if (!job_client_has_program(client, &known, &id)) return false;
    if (!known) {
        return job_client_fail(client, "program %s is not registered on this chain", sample->name);
    }
    return deploy(flow, client) && prepare_book(flow, client, options) &&
        ask(flow, client, options);
}

bool job_flow_agrees(const struct job_flow *flow) {
    return flow->result.completed && flow->result.used_cycles == flow->local.used_cycles &&
        bytes_equal(flow->result.output, flow->local.output) &&
        bytes_equal(flow->result.output, flow->expected);
}
