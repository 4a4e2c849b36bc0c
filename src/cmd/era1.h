/* era1: a file of 8192 blocks from before Paris, with bodies, receipts and total difficulties.
 *
 * Spec: e2store format, era1 files (ethereum/go-ethereum, internal/era; eth-clients/e2store-format-specs):
 * entries of a type, a length and data; headers, bodies and receipts are framed Snappy; the accumulator
 * is the SSZ root of List[{block_hash, total_difficulty}, 8192].
 */
#ifndef CMD_ERA1_H
#define CMD_ERA1_H

#include "chain/block.h"
#include "chain/receipt.h"

#define ERA1_BLOCKS_MAX ((size_t)8192)

struct era1_block {
    struct bytes header, body, receipts; /* RLP */
    struct u256 total_difficulty;
};

struct era1_reader {
    struct bytes file;
    size_t at;
    size_t block_count;   /* read so far */
    struct hash *records; /* of blocks read: sha256 of hash and total difficulty */
};

/* Whether file begins as one. */
bool era1_is(struct bytes file);

void era1_begin(struct era1_reader *reader, struct arena *arena, struct bytes file);

/* The next block, in memory of arena. False behind the last, with *problem NULL where the accumulator and
 * all else that stands behind the blocks is right, and else what is wrong. */
MUST_USE bool era1_next(
    struct era1_reader *reader, struct arena *arena, struct era1_block *block, const char **problem
);

#endif
