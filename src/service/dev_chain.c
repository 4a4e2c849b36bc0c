#include "service/dev_chain.h"

#include "job/job_genesis.h"
#include "job/predeploys.h"
#include "service/sample_programs.h"

/* 10,000 ETH in wei. */
static struct u256 dev_balance(void) {
    struct u256 balance;
    const struct u256 ether = u256_from_u64(UINT64_C(1000000000000000000));
    const struct u256 count = u256_from_u64(10000);
    u256_mul_wrapping(&balance, &ether, &count);
    return balance;
}

static void load_programs(struct dev_chain *out, struct arena *arena) {
    struct job_book_program *programs =
        ARENA_ARRAY(arena, struct job_book_program, sample_programs_count);
    const char **names = ARENA_ARRAY(arena, const char *, sample_programs_count);
    for (size_t i = 0; i < sample_programs_count; i++) {
        const struct frozen_id *frozen = &sample_programs_ids[i];
        names[i] = sample_programs[i].name;
        programs[i] = (struct job_book_program){
            .program_id = frozen->program_id,
            .pages = frozen->pages,
            .image = sample_programs[i].data,
        };
    }
    out->programs = programs;
    out->program_names = names;
    out->program_count = sample_programs_count;
}

/* Slots of the predeploys, sorted into their accounts. */
static void fill_predeploys(
    struct genesis_account *accounts,
    struct arena *arena,
    const struct job_genesis_slot *slots,
    size_t slot_count
) {
    for (size_t i = 0; i < JOB_PREDEPLOY_COUNT; i++) {
        const struct job_predeploy *predeploy = &job_predeploys[i];
        struct genesis_slot *own = ARENA_ARRAY(arena, struct genesis_slot, slot_count);
        size_t count = 0;
        for (size_t k = 0; k < slot_count; k++) {
            if (!address_equal(&slots[k].address, &predeploy->address)) continue;
            own[count++] = (struct genesis_slot
            ){u256_from_be(slots[k].slot.bytes), u256_from_be(slots[k].value.bytes)};
        }
        accounts[i] = (struct genesis_account){
            .address = predeploy->address,
            .nonce = 1, /* EIP-161: an account with code begins at 1 */
            .code = predeploy->code,
            .slots = own,
            .slot_count = count,
        };
    }
}

static const struct job_genesis_slot *predeploy_slots(
    struct dev_chain *chain,
    struct arena *arena,
    size_t *count,
    const struct dev_chain_options *options
) {
    struct job_genesis_program *programs =
        ARENA_ARRAY(arena, struct job_genesis_program, chain->program_count);
    for (size_t i = 0; i < chain->program_count; i++) {
        programs[i] =
            (struct job_genesis_program){chain->programs[i].program_id, chain->programs[i].pages};
    }
    const struct job_genesis_proposer proposer = {
        .coinbase = chain->accounts[DEV_PROPOSER_ACCOUNT].address,
        .key = chain->accounts[DEV_PROPOSER_ACCOUNT].address,
    };
    struct job_genesis jobs = job_genesis_default(options->block_time_ms);
    chain->cycles_per_block = jobs.cycles_per_block;
    jobs.governance = chain->accounts[DEV_GOVERNANCE_ACCOUNT].address;
    jobs.proposers = &proposer;
    jobs.proposer_count = 1;
    jobs.programs = programs;
    jobs.program_count = chain->program_count;
    ASSERT(job_genesis_valid(&jobs));
    return job_genesis_storage(arena, count, &jobs);
}

void dev_chain_make(
    struct dev_chain *out, struct arena *arena, const struct dev_chain_options *options
) {
    enum { COUNT = DEV_ACCOUNTS_ALL + SYSTEM_CONTRACT_COUNT + JOB_PREDEPLOY_COUNT };
    _Static_assert(DEV_ACCOUNTS_ALL <= MNEMONIC_TEST_ACCOUNTS, "accounts that are written down");
    *out = (struct dev_chain){0};
    memcpy(out->accounts, mnemonic_test_accounts, sizeof out->accounts);
    load_programs(out, arena);

    struct genesis_account *accounts = ARENA_ARRAY(arena, struct genesis_account, COUNT);
    size_t count = 0;
    for (size_t i = 0; i < DEV_ACCOUNTS_ALL; i++) {
        accounts[count++] =
            (struct genesis_account){.address = out->accounts[i].address, .balance = dev_balance()};
    }
    for (size_t i = 0; i < SYSTEM_CONTRACT_COUNT; i++) {
        const struct system_contract *contract = &genesis_system_contracts[i];
        if (contract->code.len == 0) continue;
        accounts[count++] = (struct genesis_account
        ){.address = contract->address, .nonce = contract->nonce, .code = contract->code};
    }
    size_t slot_count;
    const struct job_genesis_slot *slots = predeploy_slots(out, arena, &slot_count, options);
    fill_predeploys(&accounts[count], arena, slots, slot_count);
    count += JOB_PREDEPLOY_COUNT;

    out->genesis = (struct genesis){
        .config = chain_config_at(options->chain_id, FORK_OSAKA),
        .header = {.timestamp = options->timestamp, .gas_limit = options->gas_limit},
        .accounts = accounts,
        .account_count = count,
    };
}
