/* revision: what each rule set of the EVM costs, allows and contains, as rows of a table.
 *
 * Source: the Yellow Paper and the EIPs named beside the fields. A fork is a row here, made from
 * the row before it and what it changes, and the functions that row names. The interpreter asks
 * the row, never the revision.
 * Pure; constant data.
 */
#ifndef EVM_REVISION_H
#define EVM_REVISION_H

#include "base/bytes.h"

enum evm_revision {
    EVM_FRONTIER = 0,
    EVM_HOMESTEAD,
    EVM_TANGERINE_WHISTLE, /* EIP-150 */
    EVM_SPURIOUS_DRAGON,   /* EIP-158 */
    EVM_BYZANTIUM,
    EVM_CONSTANTINOPLE,
    EVM_PETERSBURG, /* ConstantinopleFix */
    EVM_ISTANBUL,
    EVM_BERLIN,
    EVM_LONDON,
    EVM_PARIS,
    EVM_SHANGHAI,
    EVM_CANCUN,
    EVM_PRAGUE,
    EVM_OSAKA,
    EVM_REVISION_COUNT,
};

struct evm_precompile; /* precompiles.h */

struct evm_rules {
    enum evm_revision revision;
    const char *name; /* as users write it: "Osaka" */

    /* Opcodes. defined is one byte an opcode; gas is the part of its cost that is known before it
     * runs, the warm price where an access may be warm. */
    uint8_t defined[256];
    uint16_t gas[256];

    /* Accounts and slots touched for the first time in a transaction (EIP-2929): what is added to
     * the warm price. Zero before Berlin, when gas[] alone counted. */
    uint32_t cold_account_extra;
    uint32_t cold_slot_extra;
    uint32_t cold_slot_sstore;
    uint32_t cold_selfdestruct;
    uint32_t warm_access; /* of an EIP-7702 delegation's target */

    /* SSTORE: net metering (EIP-1283, 2200, 2929, 3529) or by old and new value alone. */
    bool sstore_net;
    uint32_t sstore_sentry; /* fails with no more gas than this; 0: no such rule */
    uint32_t sstore_noop, sstore_set, sstore_reset, sstore_clear_refund;

    uint32_t exp_byte;            /* EIP-160 */
    uint32_t selfdestruct_new;    /* for making an account that does not exist, EIP-150 */
    uint32_t selfdestruct_refund; /* gone with EIP-3529 */
    bool keep_64th;               /* EIP-150: a call gets all but one 64th of the gas at most */
    bool new_account_needs_value; /* EIP-161: making an empty account without value is free */
    bool clear_empty_accounts;    /* EIP-161 */
    bool selfdestruct_same_tx;    /* EIP-6780 */
    bool delegation;              /* EIP-7702 */
    bool random;                  /* opcode 0x44 is PREVRANDAO, EIP-4399 */

    /* Creation. */
    bool create_fails_without_deposit_gas; /* EIP-2 */
    bool created_nonce_one;                /* EIP-161: a new contract starts with nonce 1 */
    bool refuse_code_ef;                   /* EIP-3541 */
    uint32_t code_size_max;                /* EIP-170; UINT32_MAX before */
    uint32_t initcode_size_max;            /* EIP-3860; UINT32_MAX before */
    uint32_t initcode_word;                /* gas for 32 bytes of initcode, EIP-3860 */

    /* Precompiles: an ascending list. */
    const struct evm_precompile *precompiles;
    size_t precompile_count;
};

#define EVM_DEPTH_MAX ((uint32_t)1024)
#define EVM_STACK_MAX ((size_t)1024)

/* The row of a revision. */
const struct evm_rules *evm_rules_of(enum evm_revision revision);

/* Whether address is a precompile, and each of them in turn (for warming them). */
bool evm_is_precompile(const struct evm_rules *rules, const struct address *address);
struct address evm_precompile_address(const struct evm_rules *rules, size_t index);

/* By the names of users and of tests ("Osaka", "EIP150", "Merge", "ConstantinopleFix"), without
 * regard to case; false for any other. */
MUST_USE bool evm_revision_from_name(enum evm_revision *revision, struct bytes name);

/* An opcode's mnemonic in that revision; NULL where it is not defined. */
const char *evm_opcode_name(const struct evm_rules *rules, uint8_t opcode);

/* How many operands an opcode takes, and what it leaves; 0 where it is not defined. */
struct evm_opcode_shape {
    uint8_t pops, pushes;
};
struct evm_opcode_shape evm_opcode_shape(const struct evm_rules *rules, uint8_t opcode);

#endif
