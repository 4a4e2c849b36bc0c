#include "job/job_genesis.h"

#include "crypto/keccak.h"
#include "job/limits.h"
#include "job/predeploys.h"

/* Solidity's place of mapping[key]: keccak256(key as a word || slot). */
static void mapping_slot(struct hash *out, const struct hash *key, uint64_t slot) {
    uint8_t preimage[64];
    const struct u256 place = u256_from_u64(slot);
    memcpy(preimage, key->bytes, sizeof key->bytes);
    u256_to_be(preimage + 32, &place);
    keccak256(out, BYTES_OF(preimage));
}

static struct hash word(const struct u256 *value) {
    struct hash hash;
    u256_to_be(hash.bytes, value);
    return hash;
}

static struct hash address_word(const struct address *address) {
    const struct u256 value = u256_from_address(address);
    return word(&value);
}

static struct hash number_word(uint64_t number) {
    const struct u256 value = u256_from_u64(number);
    return word(&value);
}

struct job_genesis job_genesis_default(uint64_t block_time_ms) {
    const uint64_t ms = block_time_ms == 0 ? 1000 : block_time_ms;
    ASSERT(ms <= UINT64_MAX / CYCLES_PER_BLOCK_SECOND);
    return (struct job_genesis){
        .cycles_per_block = ms * CYCLES_PER_BLOCK_SECOND / 1000,
        .min_cycle_price = GENESIS_CYCLE_PRICE,
        .gas_price = GENESIS_GAS_PRICE,
        .byte_fee = u256_from_u64(GENESIS_BYTE_FEE),
    };
}

bool job_genesis_valid(const struct job_genesis *genesis) {
    if (genesis->cycles_per_block == 0) return false;
    for (size_t i = 0; i < genesis->program_count; i++) {
        const struct job_genesis_program *program = &genesis->programs[i];
        if (program->pages == 0 || program->pages > PROGRAM_PAGES_MAX) return false;
        if (hash_is_zero(&program->program_id)) return false;
        for (size_t j = 0; j < i; j++) {
            if (hash_equal(&program->program_id, &genesis->programs[j].program_id)) return false;
        }
    }
    for (size_t i = 0; i < genesis->proposer_count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (address_equal(&genesis->proposers[i].coinbase, &genesis->proposers[j].coinbase)) {
                return false;
            }
        }
    }
    return true;
}

/* The list that is being made. A slot that would be zero is not in the state, so not in the list. */
struct slots {
    struct job_genesis_slot *items;
    size_t count;
};

static void put(
    struct slots *slots,
    const struct address *address,
    const struct hash *slot,
    const struct hash *value
) {
    if (hash_is_zero(value)) return;
    slots->items[slots->count++] = (struct job_genesis_slot){*address, *slot, *value};
}

const struct job_genesis_slot *job_genesis_storage(
    struct arena *arena, size_t *count, const struct job_genesis *genesis
) {
    ASSERT(job_genesis_valid(genesis));
    enum { SINGLE_SLOTS = 3 };
    struct slots slots = {NULL, 0};
    slots.items = ARENA_ARRAY(
        arena, struct job_genesis_slot,
        SINGLE_SLOTS + genesis->proposer_count + genesis->program_count
    );

    struct hash slot = number_word(RESULT_PROPOSERS_SLOT_GOVERNANCE);
    struct hash value = address_word(&genesis->governance);
    put(&slots, &result_proposers_address, &slot, &value);
    for (size_t i = 0; i < genesis->proposer_count; i++) {
        const struct hash key = address_word(&genesis->proposers[i].coinbase);
        mapping_slot(&slot, &key, RESULT_PROPOSERS_SLOT_KEY_OF);
        value = address_word(&genesis->proposers[i].key);
        put(&slots, &result_proposers_address, &slot, &value);
    }

    slot = number_word(PROGRAM_REGISTRY_SLOT_BYTE_FEE);
    value = word(&genesis->byte_fee);
    put(&slots, &program_registry_address, &slot, &value);
    for (size_t i = 0; i < genesis->program_count; i++) {
        mapping_slot(&slot, &genesis->programs[i].program_id, PROGRAM_REGISTRY_SLOT_PAGES_OF);
        value = number_word(genesis->programs[i].pages);
        put(&slots, &program_registry_address, &slot, &value);
    }

    _Static_assert(JOB_MANAGER_MIN_CYCLE_PRICE_SHIFT == 64, "limb 1");
    _Static_assert(JOB_MANAGER_GAS_PRICE_SHIFT == 128, "limb 2");
    const struct u256 prices = {
        {genesis->cycles_per_block, genesis->min_cycle_price, genesis->gas_price, 0}};
    slot = number_word(JOB_MANAGER_SLOT_CYCLES_PER_BLOCK);
    value = word(&prices);
    put(&slots, &job_manager_address, &slot, &value);

    *count = slots.count;
    return slots.items;
}
