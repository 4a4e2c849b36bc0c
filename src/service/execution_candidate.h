/* execution_candidate: a block that was executed and judged, waiting to become the head.
 *
 * Part of the execution service; nothing else includes it.
 */
#ifndef SERVICE_EXECUTION_CANDIDATE_H
#define SERVICE_EXECUTION_CANDIDATE_H

#include "chain/execute.h"
#include "store/store.h"
#include "trie/trie_update.h"

struct candidate {
    bool used;
    uint64_t age; /* order of arrival */
    struct arena arena;
    struct block block;
    struct bytes encoded_header;
    struct hash hash;
    struct hash state_root;
    struct block_outcome outcome;
    struct state_diff diff;
    struct trie_account_change *changes; /* of diff, for the trie and the store */
    struct trie_writes writes;
    struct hash *tx_hashes;
    const struct address *senders; /* one a transaction; NULL where one has no valid signature */
    bool senders_are_sought;       /* senders says what there is to say */
};

/* State before a block: on the parent, from store. */
struct parent_state {
    struct header header;
    struct hash hash;
    struct state_reader reader;
    struct trie_reader trie;
    struct hash state_root; /* of the trie, which an edited head's header does not have */
};

/* The last state root that was computed, with what it was computed from, and the last header that was
 * hashed. A block that is built here is executed again when it is imported, as anybody's is; where that
 * gives the same change of the same state, the root is the same too, and only then is it not computed a
 * second time. The same goes for its header's hash. */
struct root_memo {
    struct arena arena;
    struct arena_mark empty;
    bool is_known;
    struct hash old_root;
    struct hash new_root;
    struct state_diff diff; /* but for code: its hash stands for it */
    struct trie_account_change *changes;
    struct trie_writes writes;
    struct bytes header; /* encoded; empty for none */
    struct hash header_hash;
};

void root_memo_init(struct root_memo *memo, const struct arena_source *source);
void root_memo_free(struct root_memo *memo);

/* Decodes a copy of encoded, untrusted; outcome has the verdict. block and the rest borrow from it. */
void candidate_decode(struct candidate *candidate, struct bytes encoded);

/* The hashes of a decoded block's transactions. */
void candidate_hash_txs(struct candidate *candidate);

/* What the candidate does to the state, for the store. */
struct store_change candidate_store_change(const struct candidate *candidate);

/* The candidate's records, encoded in its arena. */
struct store_block candidate_store_block(struct candidate *candidate);

/* The root after outcome's state, and the writes that make it. A node that the store should have but
 * has not is STATUS_CORRUPT. */
MUST_USE struct status candidate_compute_root(
    struct candidate *candidate, const struct parent_state *parent
);

/* The hash of a header that was just built, remembered until the next build. */
struct hash header_hash_noting(const struct header *header, struct root_memo *memo);

/* Encodes the candidate's header and hashes it, or takes the hash from memo where it knows. */
void candidate_hash_knowing(struct candidate *candidate, const struct root_memo *memo);

/* The same root, remembered; diff and writes belong to memo, until its next use. */
MUST_USE struct status candidate_compute_root_noting(
    struct candidate *candidate, const struct parent_state *parent, struct root_memo *memo
);

/* The same as candidate_compute_root, from memo where it knows. */
MUST_USE struct status candidate_compute_root_knowing(
    struct candidate *candidate, const struct parent_state *parent, const struct root_memo *memo
);

#endif
