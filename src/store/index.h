/* index: in which blocks a key stands, for keys that come in no order.
 *
 * What a block leaves behind is kept under the block's number, so that writing it means adding to the
 * end of a table. Some of it is looked for by a hash: the former values of an account or a slot, a
 * transaction, a block. A table by those hashes would be written all over, a page for nearly every
 * record. So the index only says under which numbers to look: a pair is 64 bits of the hash, its mark,
 * and a number. The pairs of many blocks are sorted and written in one run; runs are merged as they
 * become many; those of the newest blocks are not written at all, but gathered from the blocks'
 * records when somebody asks (the tail).
 *
 * A pair is a hint. No pair of a canonical block is missing, but there may be others: of another key
 * with the same mark, of blocks that were taken back. Who asks looks whether the record is there.
 *
 * docs/decisions/0075-index-of-blocks.md says why.
 */
#ifndef STORE_INDEX_H
#define STORE_INDEX_H

#include "base/arena.h"
#include "store/database.h"

#define INDEX_RUN_PAIRS 16384 /* that make a run worth writing */
#define INDEX_FANOUT    8     /* runs of a level that become one of the next */
#define INDEX_LEVEL_MAX 2     /* larger runs are left as they are: a merge holds the node up */

uint64_t index_mark_state(const struct state_key *key);
uint64_t index_mark_block(const struct hash *hash);
uint64_t index_mark_tx(const struct hash *hash);

/* The pairs of blocks that are in no run yet, up to the head. */
struct index_tail;

struct index_tail *index_tail_create(void);
void index_tail_destroy(struct index_tail *tail); /* NULL is allowed */

/* Forgets everything. */
void index_tail_clear(struct index_tail *tail);

/* Makes tail that of txn's state, whose last block is head; since the last call blocks were only
 * added, or tail was cleared. */
MUST_USE struct status index_tail_follow(struct index_tail *tail, struct txn *txn, uint64_t head);

/* Where mark is looked for. tail follows txn's state. */
struct index {
    struct txn *txn;
    const struct index_tail *tail;
};

/* The lowest number >= from with mark, and the highest below end; *found: whether there is one. */
MUST_USE struct status index_first(
    const struct index *index, uint64_t *number, bool *found, uint64_t mark, uint64_t from
);
MUST_USE struct status index_last(
    const struct index *index, uint64_t *number, bool *found, uint64_t mark, uint64_t end
);

/* Says that block head left so many pairs. When they are many, writes a run of all blocks below head
 * (which may yet be amended). run_pairs is INDEX_RUN_PAIRS, or less in tests. Pairs of block head
 * itself need not be written yet. */
MUST_USE struct status index_add(
    struct txn *txn, struct arena *scratch, uint64_t head, size_t pair_count, size_t run_pairs
);

/* Blocks above number are taken back: those numbers are no longer in runs, but for hints. */
MUST_USE struct status index_rollback(struct txn *txn, struct arena *scratch, uint64_t number);

#endif
