/* machine_interp: the fast engine's pre-decoded text. Inside the layer only: others use machine.h. */
#ifndef MACHINE_MACHINE_INTERP_H
#define MACHINE_MACHINE_INTERP_H

#include "machine/machine.h"

/* One instruction. handler is where its code stands in the interpreter; rd is MACHINE_SINK where the
 * instruction names x0. imm is what the handler needs: the immediate, a jump's distance in records,
 * an upper immediate's value, or a trap's cause. */
struct machine_record {
    const void *handler;
    int32_t imm;
    uint8_t rd, rs1, rs2;
    uint8_t op; /* enum rv_op */
};

/* Decodes text, which starts at address text_lo, into count records and runs, and one more of each
 * for the place after the last instruction, where only a fetch trap lives. count = text.len / 4.
 * runs[i] is the number of instructions from i to the end of its run: up to and including the next
 * one after which control may go elsewhere. */
void machine_interp_prepare(
    struct machine_record *records, uint32_t *runs, struct bytes text, uint32_t text_lo
);

#endif
