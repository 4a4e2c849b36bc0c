/* t8n_result: what `infinity evm t8n` answers: the state after, and the block's values and receipts.
 *
 * Source: geth's cmd/evm (t8n): names and shapes.
 */
#ifndef CMD_T8N_RESULT_H
#define CMD_T8N_RESULT_H

#include "cmd/prestate.h"
#include "cmd/t8n_env.h"

/* A transaction that is in the block; its receipt has the same place in the run's list. */
struct t8n_included {
    struct bytes encoded;
    struct hash hash;
    bool is_create;
    struct address created;
    uint64_t gas_used;
};

struct t8n_rejected {
    size_t index; /* among the transactions that were given */
    struct bytes reason;
};

struct t8n_result {
    const struct t8n_env *env;
    const struct block_run *run;
    struct hash state_root;
    const struct t8n_included *included; /* run->receipt_count of them */
    const struct t8n_rejected *rejected;
    size_t rejected_count;
};

/* Each writes one value. */
void t8n_write_result(
    struct arena *arena, struct json_writer *writer, const struct t8n_result *result
);
void t8n_write_alloc(struct json_writer *writer, const struct prestate *state);
void t8n_write_body(
    struct arena *arena, struct json_writer *writer, const struct t8n_result *result
);

#endif
