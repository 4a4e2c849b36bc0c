/* witness: what a block needs of the state before it, as bytes that can be sent.
 *
 * The content is that of debug_executionWitness: trie nodes, codes, headers, and the keys (addresses
 * and slots) behind the hashes of the tries, which people like to see and no verifier needs.
 *
 * The encoding is ours, canonical RLP: [[node, …], [code, …], [header, …]] with each header as the
 * list that it is, from the parent backwards. Pure; memory comes from the arena.
 */
#ifndef CHAIN_WITNESS_H
#define CHAIN_WITNESS_H

#include "base/arena.h"
#include "chain/forks.h"

#define WITNESS_ITEMS_MAX   ((size_t)1 << 22) /* of each kind */
#define WITNESS_HEADERS_MAX ((size_t)256)     /* BLOCKHASH reaches no further */

struct witness_list {
    const struct bytes *items;
    size_t count;
};

struct witness {
    struct witness_list nodes;   /* in RLP, each once, in no order */
    struct witness_list codes;   /* each once */
    struct witness_list headers; /* in RLP, from the parent backwards without a gap */
    struct witness_list keys;    /* 20 and 32 bytes; not encoded */
};

struct bytes witness_encode(struct arena *arena, const struct witness *witness);

/* encoded is untrusted; the lists are the arena's, the items borrow from encoded. False where it is
 * no canonical encoding or holds more than the limits. */
MUST_USE bool witness_decode(struct arena *arena, struct witness *witness, struct bytes encoded);

/* The rules of a network in canonical RLP: [chain id, [activation, …], [[target, max, fraction], …],
 * deposit contract], a number for each fork that this program knows. Where Paris begins by total
 * difficulty, which a witness does not prove, config is chain_config_after's. */
struct bytes witness_encode_config(struct arena *arena, const struct chain_config *config);
MUST_USE bool witness_decode_config(struct chain_config *config, struct bytes encoded);

#endif
