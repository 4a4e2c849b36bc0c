/* evm_program: random programs of the EVM that mostly make sense.
 *
 * Code is made of pieces (a computation, a copy, a call, a loop, …) that know how many words are on
 * the stack, so that a program runs far into itself instead of failing at once; a few pieces are
 * meant to fail. What it computes ends where it is seen: in storage, memory, logs and output.
 */
#ifndef TEST_EVM_PROGRAM_H
#define TEST_EVM_PROGRAM_H

#include "base/arena.h"
#include "draw.h"
#include "evm/revision.h"

enum { PROGRAM_ADDRESSES_MAX = 24, PROGRAM_SLOTS = 5 };

/* What programs know of the state that they run in. */
struct program_world {
    const struct evm_rules *rules;
    struct address addresses[PROGRAM_ADDRESSES_MAX]; /* worth calling */
    size_t address_count;
    size_t first; /* used mostly from here on, so that calls end before gas does */
    uint64_t block_number;
};

/* Code of about piece_count pieces; is_init: it ends by returning the code of a contract. */
struct bytes program_draw(
    struct arena *arena,
    struct draw *draw,
    const struct program_world *world,
    uint32_t piece_count,
    bool is_init
);

/* Input of a precompile: valid, often mangled. */
struct bytes precompile_input_draw(
    struct arena *arena, struct draw *draw, const struct evm_rules *rules, uint32_t number
);

/* An address that programs of this world may use, known or not. */
struct address program_draw_address(struct draw *draw, const struct program_world *world);

/* A key of storage that programs use. */
struct u256 program_draw_slot(struct draw *draw);

#endif
