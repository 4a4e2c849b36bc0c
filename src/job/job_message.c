#include "job/job_message.h"

#include "codec/abi.h"
#include "crypto/keccak.h"
#include "job/limits.h"
#include "job/predeploys.h"
#include "machine/machine_program.h"

const char *job_outcome_name(enum job_outcome outcome) {
    switch (outcome) {
    case JOB_EXIT: return "exit";
    case JOB_TRAP: return "trap";
    case JOB_OUT_OF_CYCLES: return "outOfCycles";
    }
    ASSERT(false);
}

/* Ids. */

static void keccak256_of_two(struct hash *out, struct bytes first, struct bytes second) {
    struct keccak256 hasher;
    keccak256_init(&hasher);
    keccak256_update(&hasher, first);
    keccak256_update(&hasher, second);
    keccak256_final(&hasher, out);
}

void job_id(struct hash *out, uint64_t nonce, const struct address *consumer) {
    uint8_t number[8];
    store_be64(number, nonce);
    keccak256_of_two(out, BYTES_OF(number), BYTES_OF(*consumer));
}

void job_submission_id(
    struct hash *out,
    const struct hash *image_hash,
    const struct hash *invalidator,
    const struct address *owner
) {
    struct keccak256 hasher;
    keccak256_init(&hasher);
    keccak256_update(&hasher, BYTES_OF(*image_hash));
    keccak256_update(&hasher, BYTES_OF(*invalidator));
    keccak256_update(&hasher, BYTES_OF(*owner));
    keccak256_final(&hasher, out);
}

void job_registered_id(
    struct hash *out, const struct hash *program_id, const struct hash *invalidator
) {
    if (hash_is_zero(invalidator)) {
        *out = *program_id;
        return;
    }
    keccak256_of_two(out, BYTES_OF(*program_id), BYTES_OF(*invalidator));
}

void job_answer_image(
    struct job_program_answer *answer,
    struct arena *scratch,
    struct bytes image,
    const struct hash *image_hash,
    const struct hash *invalidator
) {
    memset(answer, 0, sizeof *answer);
    struct hash hash;
    keccak256(&hash, image);
    answer->reason = JOB_REASON_WRONG_HASH;
    if (!hash_equal(&hash, image_hash)) return;
    answer->reason = JOB_REASON_INVALID_IMAGE;
    struct elf_image elf;
    if (elf_image_read(&elf, image) != ELF_VALID) return;
    if (elf.ram_end - MACHINE_STACK_LO > PROGRAM_RAM_MAX) return;

    struct hash program_id;
    uint32_t pages;
    const struct arena_mark mark = arena_mark(scratch);
    const enum elf_verdict verdict = machine_program_id(&program_id, &pages, scratch, image);
    arena_rewind(scratch, mark);
    ASSERT(verdict == ELF_VALID); /* it was read a moment ago */
    ASSERT(pages > 0 && pages <= PROGRAM_PAGES_MAX);
    job_registered_id(&answer->program_id, &program_id, invalidator);
    answer->pages = pages;
    answer->reason = JOB_REASON_NONE;
}

/* EIP-712: what is hashed is a row of words. */

enum { STRUCT_WORDS_MAX = 13 };

struct words {
    uint8_t bytes[STRUCT_WORDS_MAX * ABI_WORD];
    size_t len;
};

static void put_hash(struct words *words, const struct hash *value) {
    ASSERT(words->len + ABI_WORD <= sizeof words->bytes);
    memcpy(words->bytes + words->len, value->bytes, ABI_WORD);
    words->len += ABI_WORD;
}

static void put_u64(struct words *words, uint64_t value) {
    struct hash word = {{0}};
    store_be64(word.bytes + 24, value);
    put_hash(words, &word);
}

static void put_hash_of(struct words *words, struct bytes data) {
    struct hash hash;
    keccak256(&hash, data);
    put_hash(words, &hash);
}

static void hash_words(struct hash *out, const struct words *words) {
    keccak256(out, bytes_from(words->bytes, words->len));
}

/* keccak256(0x1901 || domain separator || hash of the struct). */
static void typed_digest(
    struct hash *out, uint64_t chain_id, const struct address *contract, const struct words *message
) {
    struct words domain = {.len = 0};
    put_hash_of(
        &domain,
        BYTES_LITERAL(
            "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
        )
    );
    put_hash_of(&domain, BYTES_LITERAL("InfinityVM"));
    put_hash_of(&domain, BYTES_LITERAL("1"));
    put_u64(&domain, chain_id);
    struct hash contract_word = {{0}};
    memcpy(contract_word.bytes + 12, contract->bytes, sizeof contract->bytes);
    put_hash(&domain, &contract_word);

    struct hash hashes[2];
    hash_words(&hashes[0], &domain);
    hash_words(&hashes[1], message);
    keccak256_of_two(out, BYTES_LITERAL("\x19\x01"), BYTES_OF(hashes));
}

void job_result_digest(struct hash *out, uint64_t chain_id, const struct job_result *result) {
    struct words words = {.len = 0};
    put_hash_of(
        &words,
        BYTES_LITERAL(
            "JobResult(bytes32 jobID,bytes32 programID,bytes32 onchainInputHash,"
            "bytes32 offchainInputHash,uint64 maxCycles,uint64 usedCycles,uint8 outcome,uint32 "
            "code,"
            "bytes result,bytes32[] blobHashes,uint32 blobOffset,uint32 offchainLength)"
        )
    );
    put_hash(&words, &result->job_id);
    put_hash(&words, &result->program_id);
    put_hash(&words, &result->onchain_input_hash);
    put_hash(&words, &keccak256_of_empty); /* no off-chain input */
    put_u64(&words, result->max_cycles);
    put_u64(&words, result->run.used_cycles);
    put_u64(&words, result->run.outcome);
    put_u64(&words, result->run.code);
    put_hash_of(&words, result->run.output);
    put_hash(&words, &keccak256_of_empty); /* no blobs */
    put_u64(&words, 0);
    put_u64(&words, 0);
    typed_digest(out, chain_id, &job_manager_address, &words);
}

void job_answer_digest(
    struct hash *out, uint64_t chain_id, const struct job_program_answer *answer
) {
    struct words words = {.len = 0};
    put_hash_of(
        &words,
        BYTES_LITERAL(
            "ProgramAnswer(bytes32 submissionID,bytes32 programID,uint32 pages,uint32 reason)"
        )
    );
    put_hash(&words, &answer->submission_id);
    put_hash(&words, &answer->program_id);
    put_u64(&words, answer->pages);
    put_u64(&words, answer->reason);
    typed_digest(out, chain_id, &program_registry_address, &words);
}

enum { SIGNATURE_V = 64, FIRST_V = 27 };

enum ecdsa_verdict job_sign(
    const struct ecdsa_signer *signer,
    struct job_signature *out,
    const struct hash *digest,
    const struct ecdsa_secret_key *key
) {
    struct ecdsa_signature signature;
    const enum ecdsa_verdict verdict = ecdsa_sign_recoverable(signer, &signature, digest, key);
    if (verdict != ECDSA_VALID) return verdict;
    ASSERT(signature.recovery_id <= 1); /* 2 and 3 need an x that nobody can find */
    u256_to_be(out->bytes, &signature.r);
    u256_to_be(out->bytes + 32, &signature.s);
    out->bytes[SIGNATURE_V] = (uint8_t)(FIRST_V + signature.recovery_id);
    return ECDSA_VALID;
}

bool job_recover(struct address *out, const struct hash *digest, struct bytes signature) {
    if (signature.len != JOB_SIGNATURE_SIZE) return false;
    const uint8_t v = signature.data[SIGNATURE_V];
    if (v != FIRST_V && v != FIRST_V + 1) return false;
    const struct u256 r = u256_from_be(signature.data);
    const struct u256 s = u256_from_be(signature.data + 32);
    if (ecdsa_s_is_high(&s)) return false;
    return ecdsa_recover_address(out, digest, &r, &s, (uint8_t)(v - FIRST_V)) == ECDSA_VALID;
}

/* Calldata. The selectors are keccak256 of the signatures in job_message_test.c, cut short. */

static const uint8_t submit_result_selector[ABI_SELECTOR_SIZE] = {0xea, 0x25, 0x34, 0x87};
static const uint8_t answer_program_selector[ABI_SELECTOR_SIZE] = {0xa1, 0x91, 0x1d, 0xe4};
static const uint8_t request_job_selector[ABI_SELECTOR_SIZE] = {0x8e, 0xe2, 0xb1, 0xf6};
static const uint8_t submit_program_selector[ABI_SELECTOR_SIZE] = {0x38, 0x02, 0x3a, 0x83};

/* abi.encode(JobResult). */
static struct bytes encode_result(struct arena *arena, const struct job_result *result) {
    enum { MEMBERS = 12 };
    struct abi_writer writer = abi_writer_in(arena, result->run.output.len + 512);
    struct abi_tuple outer = abi_begin(&writer, 1);
    struct abi_tuple tuple = abi_begin_tuple(&writer, &outer, MEMBERS);
    abi_put_hash(&writer, &tuple, &result->job_id);
    abi_put_hash(&writer, &tuple, &result->program_id);
    abi_put_hash(&writer, &tuple, &result->onchain_input_hash);
    abi_put_hash(&writer, &tuple, &keccak256_of_empty);
    abi_put_u64(&writer, &tuple, result->max_cycles);
    abi_put_u64(&writer, &tuple, result->run.used_cycles);
    abi_put_u64(&writer, &tuple, result->run.outcome);
    abi_put_u64(&writer, &tuple, result->run.code);
    abi_put_bytes(&writer, &tuple, result->run.output);
    const struct abi_tuple blob_hashes = abi_begin_array(&writer, &tuple, 0, 1);
    abi_end(&writer, &blob_hashes);
    abi_put_u64(&writer, &tuple, 0);
    abi_put_u64(&writer, &tuple, 0);
    abi_end(&writer, &tuple);
    abi_end(&writer, &outer);
    return abi_written(&writer);
}

struct bytes job_submit_result_calldata(
    struct arena *arena, const struct job_result *result, const struct job_signature *signature
) {
    const struct bytes encoded = encode_result(arena, result);
    struct abi_writer writer = abi_writer_in(arena, encoded.len + 512);
    abi_write_selector(&writer, submit_result_selector);
    struct abi_tuple tuple = abi_begin(&writer, 2);
    abi_put_bytes(&writer, &tuple, encoded);
    abi_put_bytes(&writer, &tuple, BYTES_OF(*signature));
    abi_end(&writer, &tuple);
    return abi_written(&writer);
}

struct bytes job_answer_program_calldata(
    struct arena *arena,
    const struct job_program_answer *answer,
    const struct job_signature *signature
) {
    struct abi_writer writer = abi_writer_in(arena, 512);
    abi_write_selector(&writer, answer_program_selector);
    struct abi_tuple tuple = abi_begin(&writer, 5);
    abi_put_hash(&writer, &tuple, &answer->submission_id);
    abi_put_hash(&writer, &tuple, &answer->program_id);
    abi_put_u64(&writer, &tuple, answer->pages);
    abi_put_u64(&writer, &tuple, answer->reason);
    abi_put_bytes(&writer, &tuple, BYTES_OF(*signature));
    abi_end(&writer, &tuple);
    return abi_written(&writer);
}

struct bytes job_request_calldata(
    struct arena *arena,
    const struct hash *program_id,
    struct bytes onchain_input,
    const struct job_limits *limits
) {
    struct abi_writer writer = abi_writer_in(arena, onchain_input.len + 512);
    abi_write_selector(&writer, request_job_selector);
    struct abi_tuple tuple = abi_begin(&writer, 5);
    abi_put_hash(&writer, &tuple, program_id);
    abi_put_bytes(&writer, &tuple, onchain_input);
    abi_put_u64(&writer, &tuple, limits->max_cycles);
    abi_put_u64(&writer, &tuple, limits->deadline);
    abi_put_u64(&writer, &tuple, limits->callback_gas);
    abi_end(&writer, &tuple);
    return abi_written(&writer);
}

struct bytes job_submit_program_calldata(
    struct arena *arena, struct bytes image, const struct hash *invalidator
) {
    struct abi_writer writer = abi_writer_in(arena, image.len + 512);
    abi_write_selector(&writer, submit_program_selector);
    struct abi_tuple tuple = abi_begin(&writer, 2);
    abi_put_bytes(&writer, &tuple, image);
    abi_put_hash(&writer, &tuple, invalidator);
    abi_end(&writer, &tuple);
    return abi_written(&writer);
}

/* Gas. contracts/tests/Gas.t.sol measures that these suffice. */

uint64_t job_posting_gas(size_t output_len, uint64_t callback_gas) {
    ASSERT(output_len <= JOB_OUTPUT_MAX && callback_gas <= CALLBACK_GAS_MAX);
    return RESULT_BASE_GAS + RESULT_BYTE_GAS * output_len + callback_gas;
}

uint64_t job_result_gas_limit(size_t output_len, uint64_t callback_gas) {
    return job_posting_gas(output_len, 0) + (callback_gas + CALLBACK_RESERVE) * 64 / 63 + 1;
}

uint64_t job_answer_gas_limit(void) {
    return 200000;
}
