/* What a test expects of a refusal, against our verdict: one table for the names of all ages. */
#include "cmd/suite.h"

/* Generators of different age name the same fault differently; some names are coarser than ours, and
 * where a block or transaction has two faults the readers may differ in which they see first. Expected,
 * then our verdicts that are meant by it. A name that is ours needs no row; one that is neither ours
 * nor here matches nothing. */
static const struct {
    const char *expected, *ours;
} meanings[] = {
    /* execution-spec-tests, and ethereum/tests since 2024 */
    {"TYPE_NOT_SUPPORTED",
     "TYPE_1_TX_PRE_FORK|TYPE_2_TX_PRE_FORK|TYPE_3_TX_PRE_FORK|TYPE_4_TX_PRE_FORK"},
    {"RLP_INVALID_VALUE", "VALUE_OVERFLOW"},
    {"IMPORT_IMPOSSIBLE_LEGACY", "INCORRECT_BLOCK_FORMAT"},
    {"IMPORT_IMPOSSIBLE_LEGACY_WRONG_PARENT", "INCORRECT_BLOCK_FORMAT"},
    {"IMPORT_IMPOSSIBLE_LONDON_WRONG_PARENT", "INCORRECT_BLOCK_FORMAT"},
    {"IMPORT_IMPOSSIBLE_SHANGHAI", "INCORRECT_BLOCK_FORMAT"},
    {"IMPORT_IMPOSSIBLE_PARIS_OVER_SHANGHAI", "INCORRECT_BLOCK_FORMAT"},
    {"PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS_2", "PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS"},
    /* A v that is none may be read as a wrong chain id. */
    {"INVALID_CHAINID", "INVALID_SIGNATURE_VRS"},
    {"INVALID_SIGNATURE_VRS", "INVALID_CHAINID"},
    /* Bytes put in or left out: where that is noticed depends on the reader. */
    {"RLP_ERROR_SIZE",
     "RLP_ERROR_EOF|RLP_ERROR_TRAILING|RLP_TOO_MANY_ELEMENTS|RLP_INVALID_SIGNATURE_V|"
     "ADDRESS_TOO_SHORT"},
    {"RLP_ERROR_SIZE_LEADING_ZEROS", "RLP_ERROR_SIZE"},
    {"RLP_LEADING_ZEROS_NONCE_SIZE", "RLP_ERROR_SIZE"},
    /* A difficulty that is none, on either side of the merge by total difficulty. */
    {"IMPORT_IMPOSSIBLE_PARIS_WRONG_POS", "INVALID_DIFFICULTY"},
    {"IMPORT_IMPOSSIBLE_PARIS_WRONG_POW", "IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS"},
    {"INVALID_DIFFICULTY", "IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS"},

    /* ethereum/tests before 2024: blocks */
    {"1559BlockImportImpossible_BaseFeeWrong", "INVALID_BASEFEE_PER_GAS"},
    {"1559BlockImportImpossible_HeaderIsLegacy", "INCORRECT_BLOCK_FORMAT"},
    {"3675PoSBlockRejected", "INVALID_DIFFICULTY"},
    {"3675PoWBlockRejected", "IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS"},
    {"3675PreParis1559BlockRejected",
     "IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS|IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS"},
    {"ExtraDataIncorrectDAO", "EXTRA_DATA_INVALID_DAO"},
    {"ExtraDataTooBig", "EXTRA_DATA_TOO_BIG"},
    {"INPUT_UNMARSHAL_ADDRESS_ERROR", "RLP_STRUCTURES_ENCODING"},
    {"INPUT_UNMARSHAL_ERROR", "RLP_STRUCTURES_ENCODING"},
    {"InvalidBlockNonce", "INVALID_SEAL"},
    {"InvalidDifficulty", "INVALID_DIFFICULTY|IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS"},
    {"InvalidGasLimit", "INVALID_GASLIMIT|GASLIMIT_TOO_BIG"},
    {"InvalidGasLimit2", "INVALID_GASLIMIT"},
    {"InvalidGasUsed", "INVALID_GAS_USED"},
    {"InvalidLogBloom", "INVALID_LOG_BLOOM"},
    {"InvalidNumber", "INVALID_BLOCK_NUMBER"},
    {"InvalidReceiptsStateRoot", "INVALID_RECEIPTS_ROOT"},
    {"InvalidStateRoot", "INVALID_STATE_ROOT"},
    {"InvalidTimestamp", "INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT"},
    {"InvalidTimestampOlderParent", "INVALID_BLOCK_TIMESTAMP_OLDER_THAN_PARENT"},
    {"InvalidUncleParentHash", "UNCLE_PARENT_INCORRECT|UNCLE_IS_ANCESTOR"},
    {"InvalidWithdrawals", "INVALID_WITHDRAWALS_ROOT"},
    {"LegacyBlockImportImpossible", "INCORRECT_BLOCK_FORMAT"},
    {"LegacyBlockImportImpossible2", "INCORRECT_BLOCK_FORMAT"},
    {"ParisBlockImportImpossible", "INCORRECT_BLOCK_FORMAT"},
    {"PostParisDifficultyIsNot0", "IMPORT_IMPOSSIBLE_DIFFICULTY_OVER_PARIS"},
    {"PostParisUncleHashIsNotEmpty", "IMPORT_IMPOSSIBLE_UNCLES_OVER_PARIS"},
    {"ShanghaiBlockImportImpossible", "INCORRECT_BLOCK_FORMAT"},
    {"TooManyUncles", "TOO_MANY_UNCLES"},
    {"TooMuchGasUsed", "GAS_USED_OVERFLOW|INVALID_GASLIMIT"}, /* a limit of zero, too */
    {"UncleInChain", "UNCLE_IN_CHAIN|UNCLE_IS_ANCESTOR"},
    {"UncleIsAncestor", "UNCLE_IS_ANCESTOR"},
    {"UncleIsBrother", "UNCLE_IS_BROTHER|UNCLE_IN_CHAIN"}, /* the same twice, too */
    {"UncleParentIsNotAncestor", "UNCLE_PARENT_INCORRECT"},
    {"UnknownParent", "UNKNOWN_PARENT"},

    /* ethereum/tests before 2024: transactions, in blocks and in state tests */
    {"BlockGasLimitReached", "GAS_ALLOWANCE_EXCEEDED"},
    {"IntrinsicGas", "INTRINSIC_GAS_TOO_LOW"},
    {"SenderNotEOA", "SENDER_NOT_EOA"},
    {"SenderNotEOAorNoCASH", "SENDER_NOT_EOA|INSUFFICIENT_ACCOUNT_FUNDS"},
    {"TR_BLOBVERSION_INVALID", "TYPE_3_TX_INVALID_BLOB_VERSIONED_HASH"},
    {"TR_FeeCapLessThanBlocks", "INSUFFICIENT_MAX_FEE_PER_GAS"},
    {"TR_FeeCapLessThanBlocksORGasLimitReached",
     "INSUFFICIENT_MAX_FEE_PER_GAS|GAS_ALLOWANCE_EXCEEDED"},
    {"TR_FeeCapLessThanBlocksORNoFunds", "INSUFFICIENT_MAX_FEE_PER_GAS|INSUFFICIENT_ACCOUNT_FUNDS"},
    {"TR_GasLimitReached", "GAS_ALLOWANCE_EXCEEDED"},
    {"TR_IntrinsicGas", "INTRINSIC_GAS_TOO_LOW"},
    {"TR_NoFunds", "INSUFFICIENT_ACCOUNT_FUNDS"},
    {"TR_NoFundsOrGas", "INSUFFICIENT_ACCOUNT_FUNDS|INTRINSIC_GAS_TOO_LOW"},
    {"TR_NoFundsX", "GASLIMIT_PRICE_PRODUCT_OVERFLOW"},
    {"TR_NonceHasMaxValue", "NONCE_IS_MAX"},
    {"TR_NonceTooHigh", "NONCE_MISMATCH_TOO_HIGH"},
    {"TR_NonceTooLow", "NONCE_MISMATCH_TOO_LOW"},
    {"TR_RLP_WRONGVALUE", "VALUE_OVERFLOW"},
    {"TR_TipGtFeeCap", "PRIORITY_GREATER_THAN_MAX_FEE_PER_GAS"},
    {"TR_TypeNotSupported",
     "TYPE_1_TX_PRE_FORK|TYPE_2_TX_PRE_FORK|TYPE_3_TX_PRE_FORK|TYPE_4_TX_PRE_FORK"},
};

static bool name_is(struct bytes name, const char *text) {
    return bytes_equal(name, bytes_from(text, strlen(text)));
}

/* The name behind "TransactionException." or "BlockException.", or all of an old one. */
static struct bytes short_name(struct bytes name) {
    const uint8_t *const dot = name.len == 0 ? NULL : memchr(name.data, '.', name.len);
    if (dot == NULL) return name;
    const size_t start = (size_t)(dot - name.data) + 1;
    return bytes_slice(name, start, name.len - start);
}

/* Whether one of the names in list ("A|B") is name. */
static bool list_has(struct bytes list, struct bytes name) {
    size_t start = 0;
    for (size_t i = 0; i <= list.len; i++) {
        if (i < list.len && list.data[i] != '|') continue;
        if (bytes_equal(bytes_slice(list, start, i - start), name)) return true;
        start = i + 1;
    }
    return false;
}

static bool alternative_matches(struct bytes expected, struct bytes actual) {
    if (bytes_equal(expected, actual)) return true;
    for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
        const struct bytes ours = bytes_from(meanings[i].ours, strlen(meanings[i].ours));
        if (!name_is(short_name(expected), meanings[i].expected)) continue;
        if (list_has(ours, short_name(actual))) return true;
    }
    return false;
}

bool suite_exception_matches(struct bytes expected, const char *actual) {
    const struct bytes got = bytes_from(actual, strlen(actual));
    size_t start = 0;
    if (got.len == 0) return false;
    if (expected.len == 0) return true;
    for (size_t i = 0; i <= expected.len; i++) {
        if (i < expected.len && expected.data[i] != '|') continue;
        if (alternative_matches(bytes_slice(expected, start, i - start), got)) return true;
        start = i + 1;
    }
    return false;
}
