/* samples: the sample programs as the command line knows them: a notation for their inputs and
 * outputs, a computation of the right answer on the host, and random inputs.
 *
 * The computation is written independently of the programs in guest/programs, so that it can judge
 * them.
 */
#ifndef CMD_SAMPLES_H
#define CMD_SAMPLES_H

#include "base/arena.h"

struct sample {
    const char *name;     /* of the program: guest/programs/NAME.elf */
    const char *notation; /* of its input, one line for --help */
    const char *example;  /* an input in that notation */

    /* Text to on-chain input. NULL, or what is wrong with the text. */
    const char *(*read)(struct arena *arena, struct bytes *onchain, const char *text);

    /* Output to text; NULL where output is not what the program writes. */
    const char *(*show)(struct arena *arena, struct bytes output);

    /* The output that a right run of a valid on-chain input has. */
    struct bytes (*expect)(struct arena *arena, struct bytes onchain);

    /* A valid input in the notation, drawn from seed. */
    const char *(*draw)(struct arena *arena, uint64_t *seed);
};

extern const struct sample samples[];
extern const size_t sample_count;

/* The sample of that name, or NULL. */
const struct sample *sample_find(const char *name);

#endif
