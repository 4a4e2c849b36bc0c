/* logs_bloom: the bloom of a receipt, with the hashes of what went into blooms lately.
 *
 * Tokens and the topics of their events come again in every block; what does not is hashed several
 * values at a time. receipt_logs_bloom is the plain twin. Pure; the owner gives the memory, all zero at
 * first.
 */
#ifndef CHAIN_LOGS_BLOOM_H
#define CHAIN_LOGS_BLOOM_H

#include "chain/header.h"
#include "evm/state.h"

enum { LOGS_BLOOM_PLACES = 64 };

struct logs_bloom_memo {
    struct logs_bloom_entry {
        uint8_t value[32];
        size_t len; /* of an address or a topic; 0: free */
        struct hash hash;
    } places[LOGS_BLOOM_PLACES];
};

/* The bloom of these logs: address and topics of each. */
struct bloom logs_bloom(
    struct logs_bloom_memo *memo, const struct state_log *logs, size_t log_count
);

#endif
