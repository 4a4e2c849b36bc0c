/* eip3155: a tracer that writes one JSON line a step, as EIP-3155 describes.
 *
 *   {"pc":0,"op":96,"gas":"0x5208","gasCost":"0x3","memSize":0,"stack":[],"depth":1,"refund":0,
 *    "opName":"PUSH1"}
 *
 * A step's cost is known when the next thing happens, so a line is written one event late; its refund
 * counter is the one after the step, as other clients have it. Pure: lines go to the function handed in.
 *
 * On request there is more, as geth's loggers write it: "memory" and "returnData" where they are not
 * empty, no "stack", and a line for each call that begins and each that ends:
 *
 *   {"from":"0x…","to":"0x…","input":"0x…","gas":"0x5208","value":"0x0","type":"CALL"}
 *   {"output":"","gasUsed":"0x0"}
 */
#ifndef EVM_EIP3155_H
#define EVM_EIP3155_H

#include "evm/evm.h"

/* The longest line that shows neither memory nor data: a full stack of 66 characters, a comma and two quotes
 * each, and the rest. */
#define EIP3155_LINE_MAX ((size_t)1024 * 69 + 512)

struct eip3155_shown {
    bool memory; /* also the input of calls */
    bool return_data, no_stack;
    bool calls; /* a SELFDESTRUCT is shown as one */
};

struct eip3155 {
    const struct evm_rules *rules;
    struct eip3155_shown shown;
    struct arena *arena; /* for longer lines; NULL: there are none */
    struct arena_mark empty;
    /* Gets a line without its end. */
    void (*line)(void *ctx, struct bytes text);
    void *ctx;

    /* The step that waits for its cost. What stands before the cost is written last, in the gap at
     * the beginning of text. */
    bool pending;
    uint32_t pc;
    uint8_t opcode;
    uint64_t gas;
    int64_t refund;
    const struct state *state;
    char *line_text; /* text, or longer memory of the arena */
    size_t len, room;
    char text[EIP3155_LINE_MAX];
    /* Of a pending SELFDESTRUCT. */
    struct address destroyed, beneficiary;
    struct u256 balance;
};

/* Writes what is needed into *tracer, which then goes into an evm_context; trace outlives it. */
void eip3155_init(
    struct eip3155 *trace,
    struct evm_tracer *tracer,
    const struct evm_rules *rules,
    void (*line)(void *ctx, struct bytes text),
    void *ctx
);

/* Shows more or less than the usual; before the first step. Lines that grow with memory and data are put
 * together in arena, which is for nothing else. */
void eip3155_show(struct eip3155 *trace, struct arena *arena, const struct eip3155_shown *shown);

/* The closing line: {"output":"…","gasUsed":"0x…","error":"…"}; without "error" where it succeeded.
 * Output beyond what a line holds is cut off. */
void eip3155_result(struct eip3155 *trace, const struct evm_result *result, uint64_t gas_used);

#endif
