/* stateless: one block executed on what a witness tells of the state before it.
 *
 * The same function runs in two places. A node runs it over its whole state through
 * stateless_record, which keeps what was asked for: the witness. A verifier, the guest program
 * block_stf for one, runs it over the witness alone. Every node is found by its hash under the parent's
 * state root, every code by its hash, every header by the hash that its child names, and the parent is
 * the one that the block names: so a witness with anything changed or left out that the block needs
 * is incomplete, and never gives another result.
 *
 * All of a block is checked as on import (chain/execute.h), the state root included; but of blocks before
 * Paris the proof of work is not looked at, and those with ommers are not executed. Pure.
 */
#ifndef CHAIN_STATELESS_H
#define CHAIN_STATELESS_H

#include "chain/execute.h"
#include "chain/witness.h"
#include "trie/trie_update.h"

/* Where stateless_record finds the state before the block. Spans stay readable as long as the arena of
 * the call, but for nodes (trie_reader). Each function answers false where it has nothing. */
struct stateless_source {
    struct trie_reader nodes;
    bool (*code)(void *ctx, const struct hash *hash, struct bytes *code);
    bool (*header)(void *ctx, uint64_t number, struct bytes *encoded); /* in RLP, untrusted */
    void (*key)(void *ctx, struct bytes key); /* told which addresses and slots are read; or NULL */
    void *ctx;
};

enum stateless_verdict {
    STATELESS_VALID = 0,
    STATELESS_INVALID_BLOCK = 1, /* result.block and result.tx say why */
    STATELESS_INCOMPLETE = 2, /* a node, code or header that is needed is not there, or no good */
    STATELESS_MALFORMED = 3,  /* the input of stateless_run is no canonical encoding */
    STATELESS_HAS_OMMERS = 4, /* to judge ommers takes seven blocks, which no witness has */
};

/* One line of English for an error message: static text without a final stop. */
const char *stateless_verdict_text(enum stateless_verdict verdict);

struct stateless_result {
    struct hash block_hash;
    struct hash state_root;
    struct hash receipts_root;
    uint64_t gas_used;
    enum block_verdict block;
    enum tx_verdict tx; /* where block is BLOCK_INVALID_TRANSACTION */
};

/* Executes the block that encoded holds, which is untrusted, on a witness alone. Roots and gas are those
 * of result only on STATELESS_VALID. */
MUST_USE enum stateless_verdict stateless_verify(
    struct arena *arena,
    struct stateless_result *result,
    const struct chain_vm *vm,
    const struct chain_config *config,
    struct bytes encoded,
    const struct witness *witness
);

/* The same on source, which has the whole state; on STATELESS_VALID *witness is what stateless_verify
 * needs for this block and nothing else, in the arena. */
MUST_USE enum stateless_verdict stateless_record(
    struct arena *arena,
    struct witness *witness,
    struct stateless_result *result,
    const struct chain_vm *vm,
    const struct chain_config *config,
    struct bytes encoded,
    const struct stateless_source *source
);

/* The guest program block_stf: what it reads beside the network's rules (witness_encode_config), namely
 * [block, witness] in RLP, and what it does with both. On STATELESS_VALID output is block hash,
 * state root, receipts root, gas used (8 bytes, big-endian) and the keccak256 of the rules; whoever
 * believes it compares the last with the rules that he knows. The verdict is the program's exit code. */
#define STATELESS_OUTPUT_SIZE ((size_t)136)

struct bytes stateless_input(
    struct arena *arena, struct bytes block, const struct witness *witness
);

MUST_USE enum stateless_verdict stateless_run(
    struct arena *arena,
    uint8_t output[STATELESS_OUTPUT_SIZE],
    struct stateless_result *result,
    const struct chain_vm *vm,
    struct bytes config,
    struct bytes input
);

#endif
