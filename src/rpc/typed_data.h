/* typed_data: the hash that eth_signTypedData_v4 signs.
 *
 * Spec: EIP-712, with arrays and null structs as MetaMask's version 4 has them:
 * keccak256(0x1901 ‖ hashStruct(domain) ‖ hashStruct(message)).
 */
#ifndef RPC_TYPED_DATA_H
#define RPC_TYPED_DATA_H

#include "json/json.h"

#define TYPED_DATA_TYPES_MAX   ((size_t)64)      /* structs in `types` */
#define TYPED_DATA_MEMBERS_MAX ((size_t)64)      /* of a struct */
#define TYPED_DATA_DEPTH_MAX   ((size_t)32)      /* of structs and arrays in each other */
#define TYPED_DATA_VALUES_MAX  ((size_t)50000)   /* hashed in all */
#define TYPED_DATA_BYTES_MAX   ((size_t)1 << 20) /* of one value */

/* data: {types, primaryType, domain, message}. False: *problem says why, in arena or static; it
 * names what is wrong for a developer. */
MUST_USE bool typed_data_hash(
    struct arena *arena, struct hash *out, const char **problem, const struct json *data
);

#endif
