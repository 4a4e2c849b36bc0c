#include "job/job_message.h"

#include "base/test.h"
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "job/limits.h"
#include "job/predeploys.h"
#include "machine/machine_program.h"
#include "machine/test.h"

/* Expected values were computed with viem 2 (hashTypedData, sign, encodeFunctionData, keccak256), from
 * the committed ABIs and the same inputs. */

static void assert_hex(struct bytes actual, const char *text) {
    uint8_t expected[128];
    size_t len;
    assert_int_equal(
        hex_decode(expected, sizeof expected, &len, bytes_from(text, strlen(text))), HEX_VALID
    );
    assert_bytes_equal(actual, bytes_from(expected, len));
}

static struct hash repeated(uint8_t byte) {
    struct hash hash;
    memset(hash.bytes, byte, sizeof hash.bytes);
    return hash;
}

static struct job_result sample_result(void) {
    return (struct job_result){
        .job_id = repeated(0x11),
        .program_id = repeated(0x22),
        .onchain_input_hash = repeated(0x33),
        .max_cycles = 1000000,
        .run = {JOB_EXIT, 3, 777, BYTES_LITERAL("output")},
    };
}

static struct job_program_answer sample_answer(void) {
    return (struct job_program_answer){repeated(0x44), repeated(0x55), 0x1234, 0};
}

/* Account 10 of the mnemonic: test test … junk. */
static struct ecdsa_secret_key sample_key(void) {
    static const char text[] = "0xf214f2b2cd398c806f84e317254e0f0b801d0643303237d97a22a48e01628897";
    struct ecdsa_secret_key key;
    size_t len;
    assert_int_equal(hex_decode(key.bytes, sizeof key, &len, BYTES_LITERAL(text)), HEX_VALID);
    return key;
}

TEST(ids_are_those_of_the_contracts) {
    struct hash id;
    job_id(&id, JOB_FIRST_NONCE + 2, &program_registry_address);
    assert_hex(BYTES_OF(id), "0x79f8e967736aa8f4e451da0666ae127fa541c6ba87e56e583535d835e21af840");

    const struct hash a = repeated(0xaa), b = repeated(0xbb), zero = repeated(0);
    job_submission_id(&id, &a, &b, &job_manager_address);
    assert_hex(BYTES_OF(id), "0x388f679f48928d14d8feb155a1e18a7c7a44f91d6ad03636b9edbce4176a3ec4");
    job_registered_id(&id, &a, &b);
    assert_hex(BYTES_OF(id), "0x9f89faaf1495298300ca41edde79c5cc9cb9bf17e1c9ef97acfdc53194f901e1");
    job_registered_id(&id, &a, &zero);
    assert_bytes_equal(BYTES_OF(id), BYTES_OF(a));
}

TEST(digests_are_those_of_eip_712) {
    const struct job_result result = sample_result();
    struct hash digest;
    job_result_digest(&digest, 31337, &result);
    assert_hex(
        BYTES_OF(digest), "0x9f0c17c17f47c39d0b996d9d1103742f567c42bbec582672454340cd35e4bfbe"
    );
    job_result_digest(&digest, 1, &result); /* of another chain */
    assert_hex(
        BYTES_OF(digest), "0x01d39903ba001c9c5b41ac4188b74e4c18d96829bdcc20f7d5b545e82d918350"
    );
    const struct job_program_answer answer = sample_answer();
    job_answer_digest(&digest, 31337, &answer);
    assert_hex(
        BYTES_OF(digest), "0x0834b8409b052032cc5d174bbe1b80fce615b609abcdde9f6f691d47798822bb"
    );
}

TEST(each_field_of_a_result_is_signed_for) {
    struct hash digest, changed;
    const struct job_result original = sample_result();
    job_result_digest(&digest, 31337, &original);
    for (int field = 0; field < 8; field++) {
        struct job_result result = original;
        if (field == 0) result.job_id.bytes[31] ^= 1;
        if (field == 1) result.program_id.bytes[31] ^= 1;
        if (field == 2) result.onchain_input_hash.bytes[31] ^= 1;
        if (field == 3) result.max_cycles++;
        if (field == 4) result.run.used_cycles++;
        if (field == 5) result.run.outcome = JOB_TRAP;
        if (field == 6) result.run.code++;
        if (field == 7) result.run.output = BYTES_LITERAL("outputs");
        job_result_digest(&changed, 31337, &result);
        assert_false(hash_equal(&digest, &changed));
    }
}

TEST(signatures_are_those_that_the_contracts_take) {
    struct ecdsa_signer signer;
    ecdsa_signer_init(&signer, NULL);
    struct ecdsa_secret_key key = sample_key();
    const struct job_result result = sample_result();
    struct hash digest;
    struct job_signature signature;

    job_result_digest(&digest, 31337, &result);
    assert_int_equal(job_sign(&signer, &signature, &digest, &key), ECDSA_VALID);
    assert_hex(
        BYTES_OF(signature),
        "0xe8f6c189d514665575c0c627c2752a8479a20ae31e05f26b785ca8d4d4ca8cd4"
        "09a7955e64cceabb4b53126e9ad74065c2cd12d07f0eb69ed8f8df123c8780bc1b"
    );
    struct address address;
    assert_true(job_recover(&address, &digest, BYTES_OF(signature)));
    assert_hex(BYTES_OF(address), "0xbcd4042de499d14e55001ccbb24a551f3b954096");

    memset(key.bytes, 0, sizeof key.bytes);
    assert_int_equal(job_sign(&signer, &signature, &digest, &key), ECDSA_BAD_SECRET_KEY);
}

TEST(what_the_contracts_refuse_is_no_signature) {
    struct ecdsa_signer signer;
    ecdsa_signer_init(&signer, NULL);
    const struct ecdsa_secret_key key = sample_key();
    const struct hash digest = repeated(7);
    struct job_signature signature;
    struct address address;
    assert_int_equal(job_sign(&signer, &signature, &digest, &key), ECDSA_VALID);
    assert_false(job_recover(&address, &digest, bytes_from(signature.bytes, 64)));
    assert_false(job_recover(&address, &digest, bytes_from(NULL, 0)));

    struct job_signature bad = signature;
    bad.bytes[64] = (uint8_t)(signature.bytes[64] - 27);
    assert_false(job_recover(&address, &digest, BYTES_OF(bad)));
    bad.bytes[64] = 29;
    assert_false(job_recover(&address, &digest, BYTES_OF(bad)));

    bad = signature; /* its twin with high s */
    const struct u256 s = u256_from_be(signature.bytes + 32);
    struct u256 high;
    assert_false(u256_sub_wrapping(&high, &ecdsa_order, &s));
    u256_to_be(bad.bytes + 32, &high);
    bad.bytes[64] ^= 27 ^ 28;
    assert_false(job_recover(&address, &digest, BYTES_OF(bad)));

    memset(bad.bytes, 0, 64);
    assert_false(job_recover(&address, &digest, BYTES_OF(bad)));
}

static void assert_calldata(
    struct bytes data, size_t len, const char *hash_text, const char *call
) {
    assert_int_equal(data.len, len);
    struct hash hash;
    keccak256(&hash, data);
    assert_hex(BYTES_OF(hash), hash_text);
    keccak256(&hash, bytes_from(call, strlen(call)));
    assert_memory_equal(data.data, hash.bytes, 4);
}

TEST(calldata_is_what_the_contracts_abis_give) {
    struct arena arena;
    arena_init(&arena, &test_heap);
    struct ecdsa_signer signer;
    ecdsa_signer_init(&signer, NULL);
    const struct ecdsa_secret_key key = sample_key();
    struct job_signature signature;
    struct hash digest;

    const struct job_result result = sample_result();
    job_result_digest(&digest, 31337, &result);
    assert_int_equal(job_sign(&signer, &signature, &digest, &key), ECDSA_VALID);
    assert_calldata(
        job_submit_result_calldata(&arena, &result, &signature), 740,
        "0x29c5f9ba84ef57e3d7c5196f478710cea65a8fd4a9af5743b9fec001781a3164",
        "submitResult(bytes,bytes)"
    );
    const struct job_program_answer answer = sample_answer();
    job_answer_digest(&digest, 31337, &answer);
    assert_int_equal(job_sign(&signer, &signature, &digest, &key), ECDSA_VALID);
    assert_calldata(
        job_answer_program_calldata(&arena, &answer, &signature), 292,
        "0x03f761b51ce97f03c092c95d88a3cd704bb1b51d5b3e75653cfcc0aa7873bd97",
        "answerProgram(bytes32,bytes32,uint32,uint32,bytes)"
    );
    const struct hash program = repeated(0x22), invalidator = repeated(0x66);
    const struct job_limits limits = {1000000, 5000, 50000};
    assert_calldata(
        job_request_calldata(&arena, &program, BYTES_LITERAL("input"), &limits), 228,
        "0xb316c638febb24bc6e2bbebe006337d48f38f7ef46ca776066d1c1b849233b5f",
        "requestJob(bytes32,bytes,(uint64,uint64,uint64))"
    );
    assert_calldata(
        job_submit_program_calldata(&arena, BYTES_LITERAL("an image"), &invalidator), 132,
        "0x364ca7b40defea2cdc658a5dcb0145bcce74695a50403f0d1fcd3ef01c2f13f6",
        "submitProgram(bytes,bytes32)"
    );
    arena_reset(&arena);
}

TEST(the_answer_to_an_image_is_its_id_or_a_reason) {
    static struct test_text text;
    static struct test_image image;
    struct arena arena;
    arena_init(&arena, &test_heap);
    text.count = 0;
    emit_exit(&text, 0, 0);
    test_image_build(&image, &text);
    const struct bytes file = test_image_file(&image);
    const struct hash zero = repeated(0), invalidator = repeated(9);
    struct hash hash, id;
    keccak256(&hash, file);
    uint32_t pages;
    assert_int_equal(machine_program_id(&id, &pages, &arena, file), ELF_VALID);

    struct job_program_answer answer;
    job_answer_image(&answer, &arena, file, &hash, &zero);
    assert_int_equal(answer.reason, JOB_REASON_NONE);
    assert_int_equal(answer.pages, pages);
    assert_bytes_equal(BYTES_OF(answer.program_id), BYTES_OF(id));

    job_answer_image(&answer, &arena, file, &hash, &invalidator);
    job_registered_id(&id, &id, &invalidator);
    assert_bytes_equal(BYTES_OF(answer.program_id), BYTES_OF(id));
    assert_int_equal(answer.pages, pages);

    job_answer_image(&answer, &arena, file, &zero, &zero);
    assert_int_equal(answer.reason, JOB_REASON_WRONG_HASH);
    assert_true(hash_is_zero(&answer.program_id));
    assert_int_equal(answer.pages, 0);

    /* The most RAM that a registered program may have, and a page more. */
    uint8_t *ram_end = image.file + TEST_NOTE + 24;
    store_le64(ram_end, MACHINE_STACK_LO + PROGRAM_RAM_MAX);
    keccak256(&hash, file);
    job_answer_image(&answer, &arena, file, &hash, &zero);
    assert_int_equal(answer.reason, JOB_REASON_NONE);
    store_le64(ram_end, MACHINE_STACK_LO + PROGRAM_RAM_MAX + MACHINE_PAGE_SIZE);
    keccak256(&hash, file);
    job_answer_image(&answer, &arena, file, &hash, &zero);
    assert_int_equal(answer.reason, JOB_REASON_INVALID_IMAGE);
    assert_true(hash_is_zero(&answer.program_id));

    job_answer_image(&answer, &arena, bytes_from(NULL, 0), &keccak256_of_empty, &zero);
    assert_int_equal(answer.reason, JOB_REASON_INVALID_IMAGE);
    arena_reset(&arena);
}

TEST(gas_follows_output_and_callback) {
    assert_int_equal(job_posting_gas(0, 0), 160000);
    assert_int_equal(job_posting_gas(100, 50000), 160000 + 4000 + 50000);
    assert_int_equal(job_result_gas_limit(0, 0), 160000 + 30476 + 1);
    assert_true(job_result_gas_limit(JOB_OUTPUT_MAX, CALLBACK_GAS_MAX) < 1 << 24); /* EIP-7825 */
    expect_assert_failure(job_posting_gas(JOB_OUTPUT_MAX + 1, 0));
    expect_assert_failure(job_posting_gas(0, CALLBACK_GAS_MAX + 1));
}

TEST(outcomes_have_the_names_of_the_interface) {
    assert_string_equal(job_outcome_name(JOB_EXIT), "exit");
    assert_string_equal(job_outcome_name(JOB_TRAP), "trap");
    assert_string_equal(job_outcome_name(JOB_OUT_OF_CYCLES), "outOfCycles");
    expect_assert_failure(job_outcome_name((enum job_outcome)3));
}

TEST_MAIN(
    TEST_CASE(ids_are_those_of_the_contracts),
    TEST_CASE(digests_are_those_of_eip_712),
    TEST_CASE(each_field_of_a_result_is_signed_for),
    TEST_CASE(signatures_are_those_that_the_contracts_take),
    TEST_CASE(what_the_contracts_refuse_is_no_signature),
    TEST_CASE(calldata_is_what_the_contracts_abis_give),
    TEST_CASE(the_answer_to_an_image_is_its_id_or_a_reason),
    TEST_CASE(gas_follows_output_and_callback),
    TEST_CASE(outcomes_have_the_names_of_the_interface)
)
