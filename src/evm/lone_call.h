/* lone_call: one call of given code in an otherwise empty state.
 *
 * What `infinity evm run`, the tests and the benches have in common. Two accounts exist at most: the
 * caller, with the value it sends, and the callee with the code. They and the precompiles are warm; a
 * call costs no intrinsic gas. Pure.
 */
#ifndef EVM_LONE_CALL_H
#define EVM_LONE_CALL_H

#include "evm/evm.h"

struct lone_call {
    /* May be changed between init and run. */
    const struct evm_rules *rules;
    const struct evm_tracer *tracer; /* or NULL */
    struct bytes input;
    uint64_t gas; /* 10^10 at first */
    struct address caller, address;
    struct u256 value;
    bool is_static;
    struct evm_block block; /* number 1, timestamp 1, chain id 1 */
    struct evm_tx tx;

    struct bytes code;
    struct hash code_hash;
    struct state_reader reader;
    struct state state; /* of the last run */
};

/* code outlives the call. The call must not be moved after this. */
void lone_call_init(struct lone_call *call, const struct evm_rules *rules, struct bytes code);

/* Gives the callee another code. */
void lone_call_set_code(struct lone_call *call, struct bytes code);

/* Runs it in a fresh state, whose memory is the arena's. */
void lone_call_run(
    struct lone_call *call, struct evm *evm, struct arena *arena, struct evm_result *result
);

#endif
