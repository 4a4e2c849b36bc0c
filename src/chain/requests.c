#include "chain/requests.h"

#include "chain/genesis.h"

enum {
    REQUEST_TYPES = 3,
    DEPOSIT_DATA_SIZE = 576,
    DEPOSIT_FIELDS = 5,
    WORD = 32,
};

/* keccak256("DepositEvent(bytes,bytes,bytes,bytes,bytes)") */
static const struct hash deposit_event = {{0x64, 0x9b, 0xbc, 0x62, 0xd0, 0xe3, 0x13, 0x42,
                                           0xaf, 0xea, 0x4e, 0x5c, 0xd8, 0x2d, 0x40, 0x49,
                                           0xe7, 0xe1, 0xee, 0x91, 0x2f, 0xc0, 0x88, 0x9a,
                                           0xa7, 0x90, 0x80, 0x3b, 0xe3, 0x90, 0x38, 0xc5}};

static bool word_is(const uint8_t *word, uint64_t value) {
    const struct u256 actual = u256_from_be(word);
    const struct u256 expected = u256_from_u64(value);
    return u256_equal(&actual, &expected);
}

bool requests_deposit_of(uint8_t out[REQUEST_DEPOSIT_SIZE], struct bytes log_data) {
    /* pubkey, withdrawal credentials, amount, signature, index: where each stands behind its
     * length, and how long it is. */
    static const struct {
        uint64_t offset, size;
    } fields[DEPOSIT_FIELDS] = {{160, 48}, {256, 32}, {320, 8}, {384, 96}, {512, 8}};
    if (log_data.len != DEPOSIT_DATA_SIZE) return false;
    for (size_t i = 0; i < DEPOSIT_FIELDS; i++) {
        const uint8_t *const at = log_data.data + fields[i].offset;
        if (!word_is(log_data.data + i * WORD, fields[i].offset)) return false;
        if (!word_is(at, fields[i].size)) return false;
        memcpy(out, at + WORD, fields[i].size);
        out += fields[i].size;
    }
    return true;
}

static bool is_deposit(const struct block_run *run, const struct state_log *log) {
    return log->topic_count > 0 && hash_equal(&log->topics[0], &deposit_event) &&
        address_equal(&log->address, &run->rules.deposit_contract);
}

static size_t count_deposits(const struct block_run *run) {
    size_t count = 0;
    for (size_t i = 0; i < run->receipt_count; i++) {
        for (size_t j = 0; j < run->receipts[i].log_count; j++) {
            count += is_deposit(run, &run->receipts[i].logs[j]);
        }
    }
    return count;
}

static bool collect_deposits(struct block_run *run, struct bytes *request) {
    const size_t count = count_deposits(run);
    uint8_t *const bytes = arena_alloc_raw(run->arena, 1 + count * REQUEST_DEPOSIT_SIZE, 1);
    bytes[0] = REQUEST_DEPOSIT;
    uint8_t *next = bytes + 1;
    for (size_t i = 0; i < run->receipt_count; i++) {
        const struct receipt *const receipt = &run->receipts[i];
        for (size_t j = 0; j < receipt->log_count; j++) {
            if (!is_deposit(run, &receipt->logs[j])) continue;
            if (!requests_deposit_of(next, receipt->logs[j].data)) return false;
            next += REQUEST_DEPOSIT_SIZE;
        }
    }
    *request = bytes_from(bytes, (size_t)(next - bytes));
    return true;
}

/* Unlike those before the transactions, these contracts must be there and must not fail. */
static enum block_verdict collect_from(
    struct block_run *run, struct bytes *request, enum system_contract_id id, uint8_t type
) {
    const struct address *const contract = &genesis_system_contracts[id].address;
    if (state_code(run->state, contract).len == 0) return BLOCK_SYSTEM_CONTRACT_EMPTY;
    const struct evm_result result = block_run_system_call(run, contract, (struct bytes){NULL, 0});
    if (result.status != EVM_SUCCESS) return BLOCK_SYSTEM_CONTRACT_CALL_FAILED;
    uint8_t *const bytes = arena_alloc_raw(run->arena, 1 + result.output.len, 1);
    bytes[0] = type;
    if (result.output.len != 0) memcpy(bytes + 1, result.output.data, result.output.len);
    *request = bytes_from(bytes, 1 + result.output.len);
    return BLOCK_VALID;
}

enum block_verdict requests_collect(struct block_run *run) {
    struct bytes all[REQUEST_TYPES];
    if (!collect_deposits(run, &all[0])) return BLOCK_INVALID_DEPOSIT_EVENT_LAYOUT;
    enum block_verdict verdict =
        collect_from(run, &all[1], SYSTEM_WITHDRAWAL_REQUESTS, REQUEST_WITHDRAWAL);
    if (verdict != BLOCK_VALID) return verdict;
    verdict = collect_from(run, &all[2], SYSTEM_CONSOLIDATION_REQUESTS, REQUEST_CONSOLIDATION);
    if (verdict != BLOCK_VALID) return verdict;

    struct bytes *const requests = ARENA_ARRAY(run->arena, struct bytes, REQUEST_TYPES);
    run->requests = requests;
    run->request_count = 0;
    for (size_t i = 0; i < REQUEST_TYPES; i++) {
        if (all[i].len > 1) requests[run->request_count++] = all[i];
    }
    return BLOCK_VALID;
}
