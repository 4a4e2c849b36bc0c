/* payload: a block as a consensus client hands it to engine_newPayload, as JSON.
 *
 * Spec: execution-apis, engine/paris.md to engine/prague.md: which fields stand in which version, what
 * is -32602 and what an invalid block.
 */
#ifndef CMD_PAYLOAD_H
#define CMD_PAYLOAD_H

#include "chain/block.h"
#include "json/json.h"

enum payload_error {
    PAYLOAD_GOOD = 0,
    PAYLOAD_INVALID_PARAMS = -32602,
    PAYLOAD_UNSUPPORTED_FORK = -38005,
};

/* What engine_newPayload gets. */
struct payload_params {
    uint64_t version;                      /* of the method: 1 to 4 */
    const struct json *payload;            /* an object */
    const struct json *versioned_hashes;   /* from version 3 on, else NULL */
    const struct json *parent_beacon_root; /* likewise */
    const struct json *requests;           /* from version 4 on, else NULL */
};

/* params as JSON-RPC has them, a list. */
struct payload_params payload_params_of(uint64_t version, const struct json *params);

/* Makes the block. Other than PAYLOAD_GOOD, the request was wrong and there is none. Else *verdict says
 * whether the block's own form is good (with *tx_verdict where a transaction is at fault) and its
 * versioned hashes are those of its transactions; and *hash_matches, whether it has the hash that it
 * was handed over with. Memory is arena's. */
MUST_USE enum payload_error payload_read(
    struct arena *arena,
    struct block *block,
    enum block_verdict *verdict,
    enum tx_verdict *tx_verdict,
    bool *hash_matches,
    const struct payload_params *params,
    const struct chain_config *config
);

/* The list of withdrawals alone, which the tools take as well; none where it has none. False where
 * one lacks a field or has a wrong one. Memory is arena's. */
MUST_USE bool payload_read_withdrawals(
    struct arena *arena, const struct withdrawal **out, size_t *count, const struct json *list
);

#endif
