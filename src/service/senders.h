/* senders: who sent the transactions of a block, recovered on as many threads as there are.
 *
 * Recovery is the same pure function (tx_sender) on every thread, each transaction's sender has its own
 * place, and a block with a signature that is not valid gives no senders at all: so what comes out does
 * not hang on who did what. Execution then judges such a block by itself, from its first transaction on.
 */
#ifndef SERVICE_SENDERS_H
#define SERVICE_SENDERS_H

#include "chain/block.h"
#include "world/workers.h"

#include <stdatomic.h>

/* An impersonated sender's address, in place of the signature that nobody could make: s is zero, which
 * no signature has. */
bool senders_impersonated(struct address *out, const struct tx *tx);

struct senders_input {
    const struct block *block;
    const struct chain_rules *rules;
    const struct arena_source *source; /* of each thread's scratch: used on all of them */
    bool allow_impersonation;          /* as execution_options has it */
};

/* One block's recovery. */
struct senders {
    struct senders_input input;
    struct address *list; /* one a transaction */
    bool *is_known;       /* one a transaction: it stands in list already */
    atomic_size_t next;   /* the first transaction that no thread took */
    atomic_bool is_bad;   /* a signature was not valid: the rest is of no use */
};

/* No sender is known yet. The lists are made in arena. */
void senders_init(struct senders *senders, struct arena *arena, const struct senders_input *input);

/* Takes transactions that are not known and that no other thread took, until there are none. */
void senders_help(struct senders *senders);

/* What came out, after every thread that helps has returned: one sender a transaction, or NULL where a
 * signature is not valid. */
const struct address *senders_found(const struct senders *senders);

/* All of it, with the help of workers (NULL: without). */
const struct address *senders_recover(struct senders *senders, struct workers *workers);

#endif
