#include "service/importer.h"

#include "service/coprocessor.h"

#include <stdio.h>

/* The rule of the coprocessor over a block that execution found valid. */
static struct status judge_results(struct importer *importer, struct import_outcome *out) {
    struct arena arena;
    struct engine_block block;
    arena_init(&arena, importer->source);
    struct status status =
        importer->engine->block(importer->engine->ctx, &arena, &block, &out->hash);
    if (!failed(status)) {
        bool valid;
        status = coprocessor_check_block(
            importer->coprocessor, &arena, &valid, out->reason, &block, &importer->proposer
        );
        if (!failed(status) && !valid) out->verdict = IMPORT_INVALID_RESULT;
    }
    /* What was not found to be true must not become the head by its hash alone. */
    if (failed(status) || out->verdict != IMPORT_VALID) {
        importer->engine->forget(importer->engine->ctx, &out->hash);
    }
    arena_reset(&arena);
    return status;
}

struct status importer_judge(
    struct importer *importer, struct import_outcome *out, struct bytes block
) {
    struct engine_payload_status payload;
    struct status status = importer->engine->new_payload(importer->engine->ctx, &payload, block);
    if (failed(status)) return status;

    *out = (struct import_outcome){.hash = payload.hash, .number = payload.number};
    (void)snprintf(out->reason, sizeof out->reason, "%s", payload.reason);
    switch (payload.verdict) {
    case ENGINE_INVALID: out->verdict = IMPORT_INVALID_BLOCK; return status_ok;
    case ENGINE_SYNCING: out->verdict = IMPORT_UNKNOWN_PARENT; return status_ok;
    case ENGINE_VALID: break;
    }
    return importer->coprocessor == NULL ? status_ok : judge_results(importer, out);
}

struct status importer_adopt(struct importer *importer, const struct hash *block) {
    const struct engine_forkchoice forkchoice = {.head = *block};
    enum engine_verdict verdict;
    const struct status status =
        importer->engine->forkchoice(importer->engine->ctx, &verdict, &forkchoice);
    if (failed(status)) return status;
    ASSERT(verdict == ENGINE_VALID); /* the caller had it judged, or knows it as canonical */
    return status_ok;
}

struct status importer_import(
    struct importer *importer, struct import_outcome *out, struct bytes block
) {
    const struct status status = importer_judge(importer, out, block);
    if (failed(status) || out->verdict != IMPORT_VALID) return status;
    return importer_adopt(importer, &out->hash);
}
