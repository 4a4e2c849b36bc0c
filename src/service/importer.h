/* importer: how a block becomes the head, whoever made it: the rules of execution, then the rule of
 * the coprocessor, then forkchoice.
 *
 * A solo proposer's own blocks come through here as bytes like a stranger's. Where InfinityBFT will
 * vote, it asks importer_judge before and calls importer_adopt after.
 */
#ifndef SERVICE_IMPORTER_H
#define SERVICE_IMPORTER_H

#include "engine/engine.h"

struct coprocessor;

struct importer {
    const struct engine *engine;
    struct coprocessor
        *coprocessor; /* NULL: results are not checked (no coprocessor on the chain) */
    /* Whose turn it is: the fee recipient registered for the proposer. A block with another one may
     * be valid, but holds no results. */
    struct address proposer;
    const struct arena_source *source;
};

enum import_verdict {
    IMPORT_VALID = 0,
    IMPORT_INVALID_BLOCK,  /* breaks a rule of Ethereum's */
    IMPORT_INVALID_RESULT, /* holds a result or an answer that is not the true one */
    IMPORT_UNKNOWN_PARENT,
};

struct import_outcome {
    enum import_verdict verdict;
    struct hash hash;
    uint64_t number;
    char reason[ENGINE_REASON_SIZE]; /* for people; "" where valid */
};

/* Judges an encoded block, untrusted. A valid one is a candidate for the head, any other is not. */
MUST_USE struct status importer_judge(
    struct importer *importer, struct import_outcome *out, struct bytes block
);

/* Makes a block that was judged valid, or a canonical one, the head. */
MUST_USE struct status importer_adopt(struct importer *importer, const struct hash *block);

/* Both; an invalid block changes nothing. */
MUST_USE struct status importer_import(
    struct importer *importer, struct import_outcome *out, struct bytes block
);

#endif
