/* tx_json: transactions as files of tests and tools write them: JSON objects in the words of JSON-RPC, or
 * RLP.
 *
 * An object is signed (v or yParity, r, s), or has a secretKey and no signature: then it is signed here,
 * without a chain id where "protected" is false.
 */
#ifndef CMD_TX_JSON_H
#define CMD_TX_JSON_H

#include "chain/tx.h"
#include "crypto/ecdsa.h"
#include "json/json.h"

/* Reads one object. False where it is none of these: *what then says which member is at fault. A
 * signature that cannot be one is not judged: no sender will be found. */
MUST_USE bool tx_json_read(
    struct arena *arena,
    struct tx *tx,
    const char **what,
    const struct json *object,
    uint64_t chain_id,
    const struct ecdsa_signer *signer
);

/* The address of a secret key; false where it is none. */
MUST_USE bool tx_json_address_of(
    struct address *out, const struct hash *secret_key, const struct ecdsa_signer *signer
);

#endif
