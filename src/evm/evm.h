/* evm: runs a message call or a creation, with everything that it calls, on a state.
 *
 * Spec: Yellow Paper 8, 9 and Appendix H, with the EIPs of the revision's row (revision.h).
 * What belongs to a transaction rather than to a call is the chain layer's: intrinsic gas, buying
 * and refunding gas, the sender's nonce, what is warm from the start, EIP-7702 authorisations.
 * Pure. Nested calls do not recurse on the C stack and allocate nothing per call.
 */
#ifndef EVM_EVM_H
#define EVM_EVM_H

#include "evm/revision.h"
#include "evm/state.h"

struct evm;

struct evm_block {
    uint64_t number;
    uint64_t timestamp;
    uint64_t gas_limit;
    uint64_t chain_id;
    struct address coinbase;
    struct u256 prev_randao; /* before Paris: the difficulty */
    struct u256 base_fee;
    struct u256 blob_base_fee;
};

struct evm_tx {
    struct address origin;
    struct u256 gas_price; /* the effective one */
    const struct hash *blob_hashes;
    size_t blob_hash_count;
};

enum evm_call_kind {
    EVM_CALL = 0,
    EVM_STATICCALL,
    EVM_DELEGATECALL,
    EVM_CALLCODE,
    EVM_CREATE,
    EVM_CREATE2,
};

struct evm_message {
    enum evm_call_kind kind;
    bool is_static;
    uint32_t depth; /* 0 for a transaction's own */
    uint64_t gas;   /* at most INT64_MAX */
    struct address sender;
    struct address recipient;    /* whose storage it is; of a creation: the new address */
    struct address code_address; /* of a call: whose code runs */
    struct u256 value;
    struct bytes input; /* of a creation: the initcode; readable as long as the call */
    struct u256 salt;   /* CREATE2, for tracers */
};

enum evm_status {
    EVM_SUCCESS = 0,
    EVM_REVERT,
    /* Everything from here on takes all the gas of its frame. */
    EVM_OUT_OF_GAS,
    EVM_STACK_UNDERFLOW,
    EVM_STACK_OVERFLOW,
    EVM_UNDEFINED_OPCODE, /* also INVALID, 0xfe */
    EVM_BAD_JUMP,
    EVM_STATIC_VIOLATION,
    EVM_RETURN_DATA_OUT_OF_BOUNDS,
    EVM_INITCODE_TOO_LARGE,  /* EIP-3860 */
    EVM_CODE_TOO_LARGE,      /* EIP-170 */
    EVM_CODE_STARTS_WITH_EF, /* EIP-3541 */
    EVM_CODE_DEPOSIT_OUT_OF_GAS,
    EVM_ADDRESS_COLLISION, /* EIP-684, 7610 */
    EVM_PRECOMPILE_FAILED,
    /* The call never began: its gas comes back. */
    EVM_DEPTH_EXCEEDED,
    EVM_BALANCE_TOO_LOW,
    EVM_NONCE_EXHAUSTED, /* EIP-2681 */
};

struct evm_result {
    enum evm_status status;
    uint64_t gas_left;
    struct bytes output;           /* return or revert data; valid until the evm runs again */
    struct address create_address; /* of a creation that succeeded */
};

/* What a tracer is told. NULL callbacks are left out; a NULL tracer costs nothing. */
struct evm_step {
    uint32_t pc;
    uint8_t opcode;
    bool is_static;
    uint32_t depth; /* 1 for the outermost frame, as EIP-3155 counts */
    uint64_t gas;   /* before the instruction */
    int64_t refund;
    const struct u256 *stack; /* bottom first */
    size_t stack_len;
    struct bytes memory;
    struct bytes return_data;
    const struct evm_message *message; /* of this frame */
    struct state *state;
};

struct evm_tracer {
    void (*step)(void *ctx, const struct evm_step *step);
    /* Around every call and creation, also of precompiles and of those that fail before they begin.
     * caller_gas is what the calling frame keeps (0 at the outermost). */
    void (*enter)(void *ctx, const struct evm_message *message, uint64_t caller_gas);
    void (*exit)(void *ctx, const struct evm_message *message, const struct evm_result *result);
    void *ctx;
};

/* What answers at an address instead of the revision's precompiles: another precompile, or none, so
 * that its code runs. For simulations; gas and warmth stay those of the revision. */
struct evm_precompile_move {
    struct address address;
    bool is_precompile;
    struct address runs; /* where it is: the address of the precompile that answers */
};

/* What a run happens in; everything outlives the run. */
struct evm_context {
    const struct evm_rules *rules;
    const struct evm_block *block;
    const struct evm_tx *tx;
    struct state *state;
    const struct evm_tracer *tracer; /* or NULL */
    const struct evm_precompile_move *moves;
    size_t move_count; /* 0 but in simulations */
};

/* Keeps frames, stacks, memories and analysed code between runs; source outlives it. code_cache_max
 * bounds the bytes of code that is kept (0: none). One evm serves one thread. */
struct evm *evm_create(const struct arena_source *source, size_t code_cache_max);
void evm_destroy(struct evm *evm);
void evm_drop_code_cache(struct evm *evm);

/* Which loop runs code. All give the same results; traced runs are always plain. */
enum evm_engine {
    EVM_ENGINE_AUTO =
        0,            /* a stream for code that comes again or loops, the plain loop for the rest */
    EVM_ENGINE_PLAIN, /* from the code as it is: what accesses to the state are recorded with */
    EVM_ENGINE_STREAM, /* decoded before its first run; initcode and very long code stay plain */
};
void evm_set_engine(struct evm *evm, enum evm_engine engine);

/* "auto", "plain" or "stream"; false for another name. */
MUST_USE bool evm_engine_from_name(enum evm_engine *engine, const char *name);

/* Runs message to its end. Moves value, and undoes everything on the state where it fails; a
 * creation checks for collisions, makes the account and stores the code. The sender's nonce has been
 * raised by the caller, and recipient of a creation computed from the nonce before that. An EIP-7702
 * delegation of code_address is followed (and its target made warm) here too. */
void evm_execute(
    struct evm *evm,
    const struct evm_context *context,
    const struct evm_message *message,
    struct evm_result *result
);

struct address evm_create_address(const struct address *sender, uint64_t nonce);
struct address evm_create2_address(
    const struct address *sender, const struct u256 *salt, const struct hash *initcode_hash
);

/* EIP-7702: whether code is a delegation, and to whom. */
#define EVM_DELEGATION_SIZE ((size_t)23)
bool evm_is_delegation(struct bytes code, struct address *target);

/* Short English text of a status, as traces and errors show it. */
const char *evm_status_text(enum evm_status status);

/* "CALL", "CREATE2" …, the instruction that makes such a call. */
const char *evm_call_kind_name(enum evm_call_kind kind);

#endif
