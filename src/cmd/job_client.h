/* job_client: a user of a chain who deploys contracts and asks for jobs, over JSON-RPC.
 *
 * Signs by itself, so it works with any node; what it knows of the coprocessor are the contracts'
 * interfaces and infinity_getJob.
 */
#ifndef CMD_JOB_CLIENT_H
#define CMD_JOB_CLIENT_H

#include "base/u256.h"
#include "cmd/rpc_client.h"
#include "crypto/ecdsa.h"
#include "job/job_message.h"

#define JOB_CLIENT_WAIT_MS 120000 /* for a receipt or a result */

struct job_client {
    struct rpc_client rpc;
    struct arena *arena;
    struct ecdsa_signer signer;
    struct ecdsa_secret_key key;
    struct address sender;
    uint64_t chain_id;
    char error[768]; /* of the last call that answered false */
};

/* arena outlives the client. key NULL: the first account of the test mnemonic. */
MUST_USE bool job_client_open(
    struct job_client *client,
    struct arena *arena,
    const char *url,
    const struct ecdsa_secret_key *key
);
void job_client_close(struct job_client *client);

/* Sets the error; answers false. */
bool job_client_fail(struct job_client *client, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

struct job_client_receipt {
    struct hash hash;
    uint64_t block;
    uint64_t gas_used;
    struct u256 fee; /* wei */
    bool succeeded;
    struct address contract; /* of a creation */
    const struct json *logs;
    uint64_t time_us; /* from sending to the receipt */
};

/* Sends a transaction and waits for its receipt; to NULL creates. false also where it reverts:
 * error names the contract's own error. */
MUST_USE bool job_client_send(
    struct job_client *client,
    struct job_client_receipt *receipt,
    const struct address *to,
    const struct u256 *value,
    struct bytes data
);

#define JOB_CLIENT_LATEST UINT64_MAX

/* eth_call at the end of a block of a function that answers one word. */
MUST_USE bool job_client_read(
    struct job_client *client,
    struct u256 *out,
    const struct address *to,
    struct bytes data,
    uint64_t block
);

/* JobManager's view functions. */
MUST_USE bool job_client_quote(
    struct job_client *client,
    struct u256 *fee,
    const struct hash *program_id,
    size_t input_len,
    const struct job_limits *limits
);
/* What block added to the account's credit. */
MUST_USE bool job_client_credit_of_block(
    struct job_client *client, struct u256 *out, const struct address *account, uint64_t block
);
MUST_USE bool job_client_block_number(struct job_client *client, uint64_t *out);

/* Whether the chain knows the program. */
MUST_USE bool job_client_has_program(
    struct job_client *client, bool *out, const struct hash *program_id
);

/* The id of the job that a transaction asked for, from its JobRequested log. */
MUST_USE bool job_client_job_id(
    struct job_client *client,
    struct hash *id,
    uint64_t *ready_at,
    const struct job_client_receipt *receipt
);

struct job_client_result {
    const struct json *job; /* as infinity_getJob answers */
    bool completed;         /* exit with code 0 */
    const char *status, *outcome;
    uint64_t code, used_cycles, block;
    bool callback_pending;
    struct hash transaction;
    struct bytes output;
    uint64_t time_us; /* of waiting */
};

/* Waits until the job is no longer pending. */
MUST_USE bool job_client_wait(
    struct job_client *client, struct job_client_result *out, const struct hash *job_id
);

/* The receipt of a transaction of somebody else's. */
MUST_USE bool job_client_receipt_of(
    struct job_client *client, struct job_client_receipt *out, const struct hash *transaction
);

/* The first four bytes of keccak256(signature). */
void job_client_selector(uint8_t out[4], const char *signature);

#endif
