#include "job/job_genesis.h"

#include "base/test.h"
#include "codec/hex.h"
#include "job/limits.h"
#include "job/predeploys.h"

static struct hash hash_of(const char *text) {
    struct hash out;
    size_t len;
    assert_int_equal(
        hex_decode(out.bytes, sizeof out, &len, bytes_from(text, strlen(text))), HEX_VALID
    );
    assert_int_equal(len, sizeof out);
    return out;
}

static struct address address_of(const char *text) {
    struct address out;
    size_t len;
    assert_int_equal(
        hex_decode(out.bytes, sizeof out, &len, bytes_from(text, strlen(text))), HEX_VALID
    );
    assert_int_equal(len, sizeof out);
    return out;
}

/* Slots were computed with viem's encodeAbiParameters and keccak256. */
TEST(each_value_goes_where_the_contract_reads_it) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    const struct job_genesis_proposer proposer = {
        address_of("0xa0Ee7A142d267C1f36714E4a8F75612F20a79720"),
        address_of("0xBcd4042DE499D14e55001CcbB24a551F3b954096"),
    };
    struct job_genesis_program program = {.pages = 0x1234};
    memset(program.program_id.bytes, 0xab, sizeof program.program_id);
    struct job_genesis genesis = job_genesis_default(0);
    genesis.governance = address_of("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    genesis.proposers = &proposer;
    genesis.proposer_count = 1;
    genesis.programs = &program;
    genesis.program_count = 1;

    const struct {
        const struct address *address;
        const char *slot, *value;
    } expected[] = {
        {&result_proposers_address,
         "0x0000000000000000000000000000000000000000000000000000000000000000",
         "0x000000000000000000000000f39fd6e51aad88f6f4ce6ab8827279cfffb92266"},
        {&result_proposers_address,
         "0x001c4f499cc9523c29fec6edfca3d6636480abd7ab0451cc06fb85758fe9b488",
         "0x000000000000000000000000bcd4042de499d14e55001ccbb24a551f3b954096"},
        {&program_registry_address,
         "0x0000000000000000000000000000000000000000000000000000000000000001",
         "0x0000000000000000000000000000000000000000000000000000002e90edd000"},
        {&program_registry_address,
         "0x281feef23679ab8b71bb620f89246a9114af02ee96b12c38b2032a61bb480c92",
         "0x0000000000000000000000000000000000000000000000000000000000001234"},
        {&job_manager_address, "0x0000000000000000000000000000000000000000000000000000000000000001",
         "0x0000000000000000000000003b9aca000000000001c9c3800000000005f5e100"},
    };
    size_t count;
    const struct job_genesis_slot *slots = job_genesis_storage(&arena, &count, &genesis);
    assert_int_equal(count, ARRAY_LEN(expected));
    for (size_t i = 0; i < count; i++) {
        const struct hash slot = hash_of(expected[i].slot);
        const struct hash value = hash_of(expected[i].value);
        assert_bytes_equal(BYTES_OF(slots[i].address), BYTES_OF(*expected[i].address));
        assert_bytes_equal(BYTES_OF(slots[i].slot), BYTES_OF(slot));
        assert_bytes_equal(BYTES_OF(slots[i].value), BYTES_OF(value));
    }
    arena_reset(&arena);
}

TEST(a_zero_is_not_listed) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    struct job_genesis genesis = job_genesis_default(0);
    genesis.byte_fee = U256_ZERO;
    size_t count;
    (void)job_genesis_storage(&arena, &count, &genesis); /* no governance either */
    assert_int_equal(count, 1);
    arena_reset(&arena);
}

TEST(cycles_per_block_follow_the_block_time) {
    assert_int_equal(job_genesis_default(0).cycles_per_block, 100000000);
    assert_int_equal(job_genesis_default(200).cycles_per_block, 20000000);
    assert_int_equal(job_genesis_default(12000).cycles_per_block, 1200000000);
}

TEST(a_genesis_that_no_chain_can_start_with_is_refused) {
    struct job_genesis genesis = job_genesis_default(0);
    assert_true(job_genesis_valid(&genesis));
    genesis.cycles_per_block = 0;
    assert_false(job_genesis_valid(&genesis));
    genesis.cycles_per_block = 1;

    struct job_genesis_program programs[2] = {{.pages = 1}, {.pages = PROGRAM_PAGES_MAX}};
    programs[0].program_id.bytes[0] = 1;
    programs[1].program_id.bytes[0] = 2;
    genesis.programs = programs;
    genesis.program_count = 2;
    assert_true(job_genesis_valid(&genesis));
    programs[0].pages = 0;
    assert_false(job_genesis_valid(&genesis));
    programs[0].pages = PROGRAM_PAGES_MAX + 1;
    assert_false(job_genesis_valid(&genesis));
    programs[0].pages = 1;
    programs[1].program_id = programs[0].program_id;
    assert_false(job_genesis_valid(&genesis)); /* twice the same slot */
    memset(&programs[1].program_id, 0, sizeof programs[1].program_id);
    assert_false(job_genesis_valid(&genesis));
    genesis.program_count = 1;

    struct job_genesis_proposer proposers[2] = {0};
    genesis.proposers = proposers;
    genesis.proposer_count = 2;
    assert_false(job_genesis_valid(&genesis));
    proposers[1].coinbase.bytes[3] = 9;
    assert_true(job_genesis_valid(&genesis));

    struct arena arena;
    arena_init(&arena, &test_heap);
    size_t count;
    genesis.cycles_per_block = 0;
    expect_assert_failure(job_genesis_storage(&arena, &count, &genesis));
    arena_reset(&arena);
}

TEST(the_predeploys_stand_at_their_addresses_with_code) {
    for (size_t i = 0; i < JOB_PREDEPLOY_COUNT; i++) {
        struct address address = {{0x1f}};
        address.bytes[19] = (uint8_t)(i + 1);
        assert_bytes_equal(BYTES_OF(job_predeploys[i].address), BYTES_OF(address));
        assert_true(job_predeploys[i].code.len > 100);
    }
    assert_string_equal(job_predeploys[0].name, "ProgramRegistry");
    assert_bytes_equal(BYTES_OF(job_predeploys[1].address), BYTES_OF(job_manager_address));
}

TEST_MAIN(
    TEST_CASE(each_value_goes_where_the_contract_reads_it),
    TEST_CASE(a_zero_is_not_listed),
    TEST_CASE(cycles_per_block_follow_the_block_time),
    TEST_CASE(a_genesis_that_no_chain_can_start_with_is_refused),
    TEST_CASE(the_predeploys_stand_at_their_addresses_with_code)
)
