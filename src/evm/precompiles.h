/* precompiles: the contracts at low addresses that are not code, with their prices by revision.
 *
 * Yellow Paper, Appendix E; EIPs 152, 196, 197, 198, 1108, 2537, 2565, 4844, 7823, 7883, 7951.
 * Pure; internal to the evm layer.
 */
#ifndef EVM_PRECOMPILES_H
#define EVM_PRECOMPILES_H

#include "base/arena.h"
#include "evm/revision.h"

#define PRECOMPILE_GAS_INFINITE UINT64_MAX /* more than any call has: the input is refused */

struct evm_precompile {
    uint16_t number; /* its address */
    const char *name;
    /* What it costs; PRECOMPILE_GAS_INFINITE where no gas would do. */
    uint64_t (*gas)(struct bytes input);
    /* *output is the arena's or input; false: the input is refused. Has been paid for. */
    bool (*run)(struct arena *arena, struct bytes *output, struct bytes input);
};

#define PRECOMPILES_FRONTIER  ((size_t)4)
#define PRECOMPILES_BYZANTIUM ((size_t)8)
#define PRECOMPILES_ISTANBUL  ((size_t)9)
#define PRECOMPILES_CANCUN    ((size_t)10)
#define PRECOMPILES_PRAGUE    ((size_t)17)
#define PRECOMPILES_OSAKA     ((size_t)18)

extern const struct evm_precompile precompiles_frontier[PRECOMPILES_FRONTIER];
extern const struct evm_precompile precompiles_byzantium[PRECOMPILES_BYZANTIUM];
extern const struct evm_precompile precompiles_istanbul[PRECOMPILES_ISTANBUL];
extern const struct evm_precompile precompiles_berlin[PRECOMPILES_ISTANBUL]; /* modexp's price */
extern const struct evm_precompile precompiles_cancun[PRECOMPILES_CANCUN];
extern const struct evm_precompile precompiles_prague[PRECOMPILES_PRAGUE];
extern const struct evm_precompile precompiles_osaka[PRECOMPILES_OSAKA];

/* The row of an address, NULL where it is no precompile. */
const struct evm_precompile *precompile_at(
    const struct evm_rules *rules, const struct address *address
);

#endif
