/* blocktest: the runner of blockchain tests, for other runners that want each block that it imports. */
#ifndef CMD_BLOCKTEST_H
#define CMD_BLOCKTEST_H

#include "chain/stateless.h"
#include "cmd/suite.h"

/* Looks at an imported block, whose state before it source has. NULL, or what is wrong with it, in
 * the worker's arena. */
typedef const char *blocktest_check(
    struct suite_worker *worker,
    const struct chain_config *config,
    struct bytes encoded,
    const struct stateless_source *source
);

/* Runs the cases of a file; check may be NULL. */
void blocktest_run_file(
    struct suite_worker *worker, const struct json *root, blocktest_check *check
);

#endif
