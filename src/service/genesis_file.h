/* genesis_file: a network's genesis as geth's genesis.json has it.
 *
 * Source: geth's core.Genesis and params.ChainConfig: {config, alloc, number?, timestamp?, …}. Numbers
 * stand in decimal or hex; keys of config without regard to case, as Go reads them.
 */
#ifndef SERVICE_GENESIS_FILE_H
#define SERVICE_GENESIS_FILE_H

#include "chain/genesis.h"
#include "json/json.h"

#define GENESIS_FILE_CODE_MAX ((size_t)1 << 24) /* of one account */

/* What is not given is never active; chain id 1 where there is none. */
void genesis_file_config(struct chain_config *config, const struct json *json);

/* {"0x…": {"balance", "nonce", "code", "storage"}}: what is not given is zero. NULL, or what cannot be
 * read. Memory is arena's. */
MUST_USE const char *genesis_file_alloc(
    struct arena *arena, struct genesis *genesis, const struct json *alloc
);

/* All of it. */
MUST_USE const char *genesis_file_read(
    struct arena *arena, struct genesis *genesis, const struct json *json
);

#endif
