/* job_message: ids, what a proposer signs, and the calldata that carries it.
 *
 * COPROCESSOR.md: Ids, Signatures; EIP-712 for digests. The contracts compute the same values
 * (contracts/src). Pure; memory comes from the caller's arena.
 */
#ifndef JOB_JOB_MESSAGE_H
#define JOB_JOB_MESSAGE_H

#include "base/arena.h"
#include "crypto/ecdsa.h"

/* How a run ended, as in the contracts. */
enum job_outcome {
    JOB_EXIT = 0,          /* code is the exit code, 0 to 255; only 0 completes the job */
    JOB_TRAP = 1,          /* code is an enum machine_trap */
    JOB_OUT_OF_CYCLES = 2, /* code is 0 */
};

/* "exit", "trap", "outOfCycles": as JSON-RPC names them. */
const char *job_outcome_name(enum job_outcome outcome);

/* What a run of a program gives. output is empty unless JOB_EXIT. */
struct job_run_result {
    enum job_outcome outcome;
    uint32_t code;
    uint64_t used_cycles;
    struct bytes output;
};

/* JobResult of an on-chain job: no off-chain input, no blobs. */
struct job_result {
    struct hash job_id;
    struct hash program_id;
    struct hash onchain_input_hash;
    uint64_t max_cycles;
    struct job_run_result run;
};

/* ProgramAnswer: an id and its pages with reason 0, or both zero with a reason. */
struct job_program_answer {
    struct hash submission_id;
    struct hash program_id;
    uint32_t pages;
    uint32_t reason;
};

enum {
    JOB_REASON_NONE = 0,
    JOB_REASON_INVALID_IMAGE = 1, /* or more RAM than PROGRAM_RAM_MAX */
    JOB_REASON_WRONG_HASH = 2,    /* the data does not hash to imageHash */
};

/* keccak256(nonce, 8 bytes big-endian, || consumer). */
void job_id(struct hash *out, uint64_t nonce, const struct address *consumer);

/* keccak256(image_hash || invalidator || owner). */
void job_submission_id(
    struct hash *out,
    const struct hash *image_hash,
    const struct hash *invalidator,
    const struct address *owner
);

/* The id under which a program is registered: the machine's own id of the image where invalidator
 * is zero, else keccak256(program_id || invalidator). */
void job_registered_id(
    struct hash *out, const struct hash *program_id, const struct hash *invalidator
);

/* What the proposer has to answer to a submission: the one valid answer, with a submission_id of
 * zeros. scratch is used and rewound; image is untrusted. */
void job_answer_image(
    struct job_program_answer *answer,
    struct arena *scratch,
    struct bytes image,
    const struct hash *image_hash,
    const struct hash *invalidator
);

/* EIP-712 digests in the domain of JobManager and of ProgramRegistry. */
void job_result_digest(struct hash *out, uint64_t chain_id, const struct job_result *result);
void job_answer_digest(
    struct hash *out, uint64_t chain_id, const struct job_program_answer *answer
);

enum { JOB_SIGNATURE_SIZE = 65 };

struct job_signature {
    uint8_t bytes[JOB_SIGNATURE_SIZE]; /* r || s || v, low s, v 27 or 28 */
};

/* Signs as the contracts want it. ECDSA_BAD_SECRET_KEY is the only other verdict. Constant time in
 * key. */
MUST_USE enum ecdsa_verdict job_sign(
    const struct ecdsa_signer *signer,
    struct job_signature *out,
    const struct hash *digest,
    const struct ecdsa_secret_key *key
);

/* Who signed, as the contracts read it: false for what they refuse (length, v, high s, no key). */
MUST_USE bool job_recover(struct address *out, const struct hash *digest, struct bytes signature);

/* Calldata of JobManager.submitResult(abi.encode(JobResult), signature) and of
 * ProgramRegistry.answerProgram. */
struct bytes job_submit_result_calldata(
    struct arena *arena, const struct job_result *result, const struct job_signature *signature
);
struct bytes job_answer_program_calldata(
    struct arena *arena,
    const struct job_program_answer *answer,
    const struct job_signature *signature
);

/* Calldata of JobManager.requestJob and of ProgramRegistry.submitProgram, for whoever asks. */
struct job_limits {
    uint64_t max_cycles;
    uint64_t deadline; /* the last block that may hold the result */
    uint64_t callback_gas;
};

struct bytes job_request_calldata(
    struct arena *arena,
    const struct hash *program_id,
    struct bytes onchain_input,
    const struct job_limits *limits
);
struct bytes job_submit_program_calldata(
    struct arena *arena, struct bytes image, const struct hash *invalidator
);

/* Gas that JobManager charges for when a result is posted. */
uint64_t job_posting_gas(size_t output_len, uint64_t callback_gas);

/* The gas limit that a transaction with job_submit_result_calldata needs so that the callback gets
 * what was asked for (EIP-150) and the calldata's floor (EIP-7623) is met: at most 10.9 million,
 * below EIP-7825's cap. And that of one with job_answer_program_calldata. */
uint64_t job_result_gas_limit(size_t output_len, uint64_t callback_gas);
uint64_t job_answer_gas_limit(void);

#endif
