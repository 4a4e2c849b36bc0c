/* prestate: the accounts of a test file as a state to run on, and the root of what came of it.
 *
 * The root is computed by building whole tries from sorted leaves, apart from the incremental
 * update that the node uses.
 */
#ifndef CMD_PRESTATE_H
#define CMD_PRESTATE_H

#include "evm/state.h"
#include "json/json.h"

struct prestate_slot {
    struct u256 key;
    struct u256 value; /* not zero */
};

struct prestate_account {
    struct address address;
    struct account account;
    struct bytes code;
    const struct prestate_slot *slots; /* ascending */
    size_t slot_count;
};

struct prestate {
    const struct prestate_account *accounts; /* by address, ascending */
    size_t count;
};

/* Reads {"0x…": {"balance", "nonce", "code", "storage"}}, whatever is missing being nothing; false where
 * it is something else. */
MUST_USE bool prestate_read(struct arena *arena, struct prestate *out, const struct json *object);

/* 40 digits, with or without 0x before them. */
MUST_USE bool prestate_read_address(struct bytes text, struct address *out);

/* A source for state readers; block_hash is the runner's. */
struct prestate_source {
    const struct prestate *accounts;
    void (*block_hash)(void *ctx, uint64_t number, struct hash *out);
    void *block_hash_ctx;
};
struct state_reader prestate_reader(struct prestate_source *source);

/* A block_hash as the official generator of state tests has it: the hash of the number in decimal digits.
 * ctx is not looked at. */
void prestate_block_hash(void *ctx, uint64_t number, struct hash *out);

/* Puts the accounts into a state. */
void prestate_fill(struct state *state, const struct prestate *accounts);

/* *out is before with diff applied; it shares memory with both. */
void prestate_apply(
    struct arena *arena,
    struct prestate *out,
    const struct prestate *before,
    const struct state_diff *diff
);

void prestate_root(struct arena *arena, struct hash *root, const struct prestate *accounts);

/* The account, or NULL. */
const struct prestate_account *prestate_find(
    const struct prestate *accounts, const struct address *address
);

/* Writes the first difference into text, one line; false where there is none. */
bool prestate_difference(
    char *text, size_t size, const struct prestate *expected, const struct prestate *actual
);

#endif
