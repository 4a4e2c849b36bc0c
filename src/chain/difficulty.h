/* difficulty: how much work the block after a parent has to show, in each way that Ethereum had.
 *
 * Spec: Yellow Paper 4.4.4; EIP-2 (Homestead), EIP-100 (Byzantium); EIP-649, 1234, 2384, 3554, 4345 and
 * 5133 for the delays of the bomb, which the forks' rows hold (forks.h).
 * Pure.
 */
#ifndef CHAIN_DIFFICULTY_H
#define CHAIN_DIFFICULTY_H

#include "base/u256.h"

#define DIFFICULTY_MIN UINT64_C(131072)

struct difficulty_input {
    uint64_t number; /* of the block */
    uint64_t timestamp;
    uint64_t parent_timestamp; /* before timestamp */
    struct u256 parent_difficulty;
    bool parent_has_ommers;
    uint64_t bomb_delay; /* blocks */
};

typedef struct u256 difficulty_rule(const struct difficulty_input *input);

difficulty_rule difficulty_frontier;  /* a step up below 13 seconds, down otherwise */
difficulty_rule difficulty_homestead; /* EIP-2: by tens of seconds, down at most 99 steps */
difficulty_rule difficulty_byzantium; /* EIP-100: by nines, and by whether the parent has ommers */

#endif
