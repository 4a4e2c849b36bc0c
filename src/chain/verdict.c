#include "chain/verdict.h"

#define TX_NAME(name, text)    [TX_##name] = "TransactionException." #name,
#define TX_TEXT(name, text)    [TX_##name] = text,
#define BLOCK_NAME(name, text) [BLOCK_##name] = "BlockException." #name,
#define BLOCK_TEXT(name, text) [BLOCK_##name] = text,

static const char *const tx_names[TX_VERDICT_COUNT] = {[TX_VALID] = "", TX_VERDICTS(TX_NAME)};
// NOLINTNEXTLINE(bugprone-suspicious-missing-comma): long texts stand in two parts
static const char *const tx_texts[TX_VERDICT_COUNT] = {[TX_VALID] = "valid", TX_VERDICTS(TX_TEXT)};
static const char *const block_names[BLOCK_VERDICT_COUNT] = {
    [BLOCK_VALID] = "", BLOCK_VERDICTS(BLOCK_NAME)};
static const char *const block_texts[BLOCK_VERDICT_COUNT] = {
    [BLOCK_VALID] = "valid", BLOCK_VERDICTS(BLOCK_TEXT)};

const char *tx_verdict_name(enum tx_verdict verdict) {
    ASSERT(verdict < TX_VERDICT_COUNT);
    return tx_names[verdict];
}

const char *tx_verdict_text(enum tx_verdict verdict) {
    ASSERT(verdict < TX_VERDICT_COUNT);
    return tx_texts[verdict];
}

const char *block_verdict_name(enum block_verdict verdict) {
    ASSERT(verdict < BLOCK_VERDICT_COUNT);
    return block_names[verdict];
}

const char *block_verdict_text(enum block_verdict verdict) {
    ASSERT(verdict < BLOCK_VERDICT_COUNT);
    return block_texts[verdict];
}
