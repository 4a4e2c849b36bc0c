/* verdict: why a transaction or a block is refused.
 *
 * The names are those of Ethereum's execution tests (TransactionException.X, BlockException.X), so
 * that a test's expectation is compared with our own kind of error. A block that fails because of
 * one of its transactions carries both: struct block_outcome in execute.h.
 * Pure.
 */
#ifndef CHAIN_VERDICT_H
#define CHAIN_VERDICT_H

#include "base/bytes.h"

/* Name, and the text that geth gives for it (amounts are appended by the caller). */
#define TX_VERDICTS(X)                                                                             \
    /* encoding */                                                                                 \
    X(TYPE_NOT_SUPPORTED, "transaction type not supported")                                        \
    X(RLP_ERROR_EOF, "rlp: value size exceeds available input length")                             \
    X(RLP_ERROR_SIZE, "rlp: non-canonical size information")                                       \
    X(RLP_ERROR_TRAILING, "rlp: input contains more than one value")                               \
    X(RLP_TOO_FEW_ELEMENTS, "rlp: too few elements")                                               \
    X(RLP_TOO_MANY_ELEMENTS, "rlp: input list has too many elements")                              \
    X(RLP_INVALID_VALUE, "rlp: value does not fit its field")                                      \
    X(RLP_LEADING_ZEROS_CHAIN_ID, "rlp: non-canonical integer (leading zero bytes)")               \
    X(RLP_LEADING_ZEROS_NONCE, "rlp: non-canonical integer (leading zero bytes)")                  \
    X(RLP_LEADING_ZEROS_GASPRICE, "rlp: non-canonical integer (leading zero bytes)")               \
    X(RLP_LEADING_ZEROS_PRIORITY_FEE, "rlp: non-canonical integer (leading zero bytes)")           \
    X(RLP_LEADING_ZEROS_BASEFEE, "rlp: non-canonical integer (leading zero bytes)")                \
    X(RLP_LEADING_ZEROS_GASLIMIT, "rlp: non-canonical integer (leading zero bytes)")               \
    X(RLP_LEADING_ZEROS_VALUE, "rlp: non-canonical integer (leading zero bytes)")                  \
    X(RLP_LEADING_ZEROS_BLOB_FEE, "rlp: non-canonical integer (leading zero bytes)")               \
    X(RLP_LEADING_ZEROS_VERSION, "rlp: non-canonical integer (leading zero bytes)")                \
    X(RLP_LEADING_ZEROS_V, "rlp: non-canonical integer (leading zero bytes)")                      \
    X(RLP_LEADING_ZEROS_R, "rlp: non-canonical integer (leading zero bytes)")                      \
    X(RLP_LEADING_ZEROS_S, "rlp: non-canonical integer (leading zero bytes)")                      \
    X(RLP_INVALID_NONCE, "rlp: expected input string for nonce")                                   \
    X(RLP_INVALID_GASLIMIT, "rlp: expected input string for gas limit")                            \
    X(RLP_INVALID_SIGNATURE_V, "rlp: expected input string for v")                                 \
    X(RLP_INVALID_SIGNATURE_R, "rlp: expected input string for r")                                 \
    X(RLP_INVALID_SIGNATURE_S, "rlp: expected input string for s")                                 \
    X(ADDRESS_TOO_LONG, "rlp: input string too long for common.Address")                           \
    X(ADDRESS_TOO_SHORT, "rlp: input string too short for common.Address")                         \
    X(RLP_INVALID_TO, "rlp: input string is no address")                                           \
    X(RLP_INVALID_DATA, "rlp: expected input string for data")                                     \
    X(RLP_INVALID_ACCESS_LIST, "rlp: malformed access list")                                       \
    X(RLP_INVALID_ACCESS_LIST_ADDRESS_TOO_LONG, "rlp: input string too long for common.Address")   \
    X(RLP_INVALID_ACCESS_LIST_ADDRESS_TOO_SHORT, "rlp: input string too short for common.Address") \
    X(RLP_INVALID_ACCESS_LIST_STORAGE_TOO_LONG, "rlp: input string too long for common.Hash")      \
    X(RLP_INVALID_ACCESS_LIST_STORAGE_TOO_SHORT, "rlp: input string too short for common.Hash")    \
    X(RLP_INVALID_AUTHORIZATION_LIST, "rlp: malformed authorization list")                         \
    X(RLP_INVALID_BLOB_HASHES, "rlp: malformed blob versioned hashes")                             \
    X(NONCE_OVERFLOW, "rlp: input string too long for uint64, nonce")                              \
    X(GASLIMIT_OVERFLOW, "rlp: input string too long for uint64, gas limit")                       \
    X(GASPRICE_OVERFLOW, "max fee per gas higher than 2^256-1")                                    \
    X(PRIORITY_OVERFLOW, "max priority fee per gas higher than 2^256-1")                           \
    X(VALUE_OVERFLOW, "value higher than 2^256-1")                                                 \
    X(TOO_LONG, "oversized data")                                                                  \
    /* signature */                                                                                \
    X(INVALID_CHAINID, "invalid chain id for signer")                                              \
    X(INVALID_SIGNATURE_VRS, "invalid transaction v, r, s values")                                 \
    X(EC_RECOVERY_FAIL, "recovery failed")                                                         \
    /* the transaction alone, under the rules of a fork */                                         \
    X(TYPE_1_TX_PRE_FORK, "transaction type not supported")                                        \
    X(TYPE_2_TX_PRE_FORK, "transaction type not supported")                                        \
    X(TYPE_3_TX_PRE_FORK, "transaction type not supported")                                        \
    X(TYPE_4_TX_PRE_FORK, "transaction type not supported")                                        \
    X(NONCE_IS_MAX, "nonce has max value")                                                         \
    X(PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS,                                                       \
      "max priority fee per gas higher than max fee per gas")                                      \
    X(GASLIMIT_PRICE_PRODUCT_OVERFLOW, "insufficient funds for gas * price + value")               \
    X(GAS_LIMIT_EXCEEDS_MAXIMUM, "transaction gas limit too high")                                 \
    X(INTRINSIC_GAS_TOO_LOW, "intrinsic gas too low")                                              \
    X(INTRINSIC_GAS_BELOW_FLOOR_GAS_COST, "insufficient gas for floor data gas cost")              \
    X(INITCODE_SIZE_EXCEEDED, "max initcode size exceeded")                                        \
    X(TYPE_3_TX_CONTRACT_CREATION,                                                                 \
      "input string too short for common.Address, blob transaction of type create")                \
    X(TYPE_3_TX_ZERO_BLOBS, "blob transaction missing blob hashes")                                \
    X(TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH, "blob has invalid hash version")                      \
    X(TYPE_3_TX_BLOB_COUNT_EXCEEDED, "blob transaction has too many blobs")                        \
    X(TYPE_3_TX_WITH_FULL_BLOBS, "unexpected blob sidecar in transaction")                         \
    X(TYPE_4_TX_CONTRACT_CREATION,                                                                 \
      "input string too short for common.Address, EIP-7702 transaction cannot be used to create "  \
      "contract")                                                                                  \
    X(TYPE_4_EMPTY_AUTHORIZATION_LIST, "EIP-7702 transaction with empty auth list")                \
    /* against the block and the state */                                                          \
    X(INSUFFICIENT_MAX_FEE_PER_GAS, "max fee per gas less than block base fee")                    \
    X(INSUFFICIENT_MAX_FEE_PER_BLOB_GAS, "max fee per blob gas less than block blob gas fee")      \
    X(GAS_ALLOWANCE_EXCEEDED, "gas limit reached")                                                 \
    X(TYPE_3_TX_MAX_BLOB_GAS_ALLOWANCE_EXCEEDED, "blob gas limit reached")                         \
    X(NONCE_MISMATCH_TOO_LOW, "nonce too low")                                                     \
    X(NONCE_MISMATCH_TOO_HIGH, "nonce too high")                                                   \
    X(SENDER_NOT_EOA, "sender not an eoa")                                                         \
    X(INSUFFICIENT_ACCOUNT_FUNDS, "insufficient funds for gas * price + value")

#define TX_VERDICT_CONSTANT(name, text) TX_##name,
enum tx_verdict { TX_VALID = 0, TX_VERDICTS(TX_VERDICT_CONSTANT) TX_VERDICT_COUNT };
#undef TX_VERDICT_CONSTANT

#define BLOCK_VERDICTS(X)                                                                 \
    /* encoding */                                                                        \
    X(RLP_STRUCTURES_ENCODING, "block is not well-formed RLP")                            \
    X(RLP_INVALID_FIELD_OVERFLOW_64, "header field does not fit 64 bits")                 \
    X(RLP_BLOCK_LIMIT_EXCEEDED, "block RLP size exceeds the limit")                       \
    X(EXTRA_DATA_TOO_BIG, "extra data too long")                                          \
    X(INCORRECT_BLOCK_FORMAT, "header fields do not match the fork")                      \
    X(TOO_LONG, "block larger than any we accept")                                        \
    /* header against its parent */                                                       \
    X(UNKNOWN_PARENT, "unknown parent")                                                   \
    X(INVALID_BLOCK_NUMBER, "block number is not the parent's plus one")                  \
    X(INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT, "timestamp not later than the parent's") \
    X(INVALID_GASLIMIT, "gas limit outside its bound")                                    \
    X(GASLIMIT_TOO_BIG, "gas limit above 2^63-1")                                         \
    X(GAS_USED_OVERFLOW, "gas used above the gas limit")                                  \
    X(INVALID_BASEFEE_PER_GAS, "wrong base fee")                                          \
    X(INCORRECT_EXCESS_BLOB_GAS, "wrong excess blob gas")                                 \
    X(IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS, "difficulty is not zero")                  \
    X(IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS, "block has uncles")                            \
    X(INVALID_NONCE, "nonce is not zero")                                                 \
    X(INVALID_DIFFICULTY, "wrong difficulty")                                             \
    X(EXTRA_DATA_INVALID_DAO, "extra data is not the DAO fork's")                         \
    X(INVALID_SEAL, "proof of work is not valid")                                         \
    /* ommers, before Paris */                                                            \
    X(INVALID_UNCLES_HASH, "wrong uncles hash")                                           \
    X(TOO_MANY_UNCLES, "more than two uncles")                                            \
    X(UNCLE_IN_CHAIN, "uncle is in the chain already")                                    \
    X(UNCLE_IS_ANCESTOR, "uncle is an ancestor")                                          \
    X(UNCLE_IS_BROTHER, "uncle is a child of the parent")                                 \
    X(UNCLE_PARENT_INCORRECT, "uncle's parent is no near ancestor")                       \
    /* body against its header */                                                         \
    X(INVALID_TRANSACTIONS_ROOT, "wrong transactions root")                               \
    X(INVALID_WITHDRAWALS_ROOT, "wrong withdrawals root")                                 \
    X(INVALID_VERSIONED_HASHES, "versioned hashes do not match the transactions")         \
    /* execution */                                                                       \
    X(INVALID_TRANSACTION, "invalid transaction")                                         \
    X(SYSTEM_CONTRACT_EMPTY, "system contract has no code")                               \
    X(SYSTEM_CONTRACT_CALL_FAILED, "system contract call failed")                         \
    X(INVALID_DEPOSIT_EVENT_LAYOUT, "malformed deposit log")                              \
    X(INVALID_GAS_USED, "wrong gas used")                                                 \
    X(INCORRECT_BLOB_GAS_USED, "wrong blob gas used")                                     \
    X(INVALID_LOG_BLOOM, "wrong logs bloom")                                              \
    X(INVALID_RECEIPTS_ROOT, "wrong receipts root")                                       \
    X(INVALID_REQUESTS, "wrong requests hash")                                            \
    X(INVALID_STATE_ROOT, "wrong state root")

#define BLOCK_VERDICT_CONSTANT(name, text) BLOCK_##name,
enum block_verdict { BLOCK_VALID = 0, BLOCK_VERDICTS(BLOCK_VERDICT_CONSTANT) BLOCK_VERDICT_COUNT };
#undef BLOCK_VERDICT_CONSTANT

/* "TransactionException.NONCE_IS_MAX", "BlockException.INVALID_GASLIMIT"; "" for the valid. */
const char *tx_verdict_name(enum tx_verdict verdict);
const char *block_verdict_name(enum block_verdict verdict);

/* What users and clients are told: geth's words where it has some. */
const char *tx_verdict_text(enum tx_verdict verdict);
const char *block_verdict_text(enum block_verdict verdict);

#endif
