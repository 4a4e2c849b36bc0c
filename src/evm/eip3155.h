/* eip3155: a tracer that writes one JSON line a step, as EIP-3155 describes.
 *
 *   {"pc":0,"op":96,"gas":"0x5208","gasCost":"0x3","memSize":0,"stack":[],"depth":1,"refund":0,
 *    "opName":"PUSH1"}
 *
 * A step's cost is known when the next thing happens, so a line is written one event late. Pure: lines
 * go to the function handed in.
 */
#ifndef EVM_EIP3155_H
#define EVM_EIP3155_H

#include "evm/evm.h"

/* The longest line: a full stack of 66 characters, a comma and two quotes each, and the rest. */
#define EIP3155_LINE_MAX ((size_t)1024 * 69 + 512)

struct eip3155 {
    const struct evm_rules *rules;
    /* Gets a line without its end. */
    void (*line)(void *ctx, struct bytes text);
    void *ctx;

    /* The step that waits for its cost. What stands before the cost is written last, in the gap at
     * the beginning of text. */
    bool pending;
    uint32_t pc;
    uint8_t opcode;
    uint64_t gas;
    size_t len;
    char text[EIP3155_LINE_MAX];
};

/* Writes what is needed into *tracer, which then goes into an evm_context; trace outlives it. */
void eip3155_init(
    struct eip3155 *trace,
    struct evm_tracer *tracer,
    const struct evm_rules *rules,
    void (*line)(void *ctx, struct bytes text),
    void *ctx
);

/* The closing line: {"output":"…","gasUsed":"0x…","error":"…"}; without "error" where it succeeded.
 * Output beyond what a line holds is cut off. */
void eip3155_result(struct eip3155 *trace, const struct evm_result *result, uint64_t gas_used);

#endif
