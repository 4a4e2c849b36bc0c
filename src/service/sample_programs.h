/* sample_programs: the ELF images of guest/programs, inside the binary: what a development chain has
 * registered from the start. The source is generated from the committed images and their frozen ids:
 * computing these anew took a third of the start. */
#ifndef SERVICE_SAMPLE_PROGRAMS_H
#define SERVICE_SAMPLE_PROGRAMS_H

#include "base/bytes.h"

struct embedded_file {
    const char *name; /* "sqrt" */
    struct bytes data;
};

/* What machine_program_id says of an image. */
struct frozen_id {
    struct hash program_id;
    uint32_t pages;
};

extern const struct embedded_file sample_programs[];
extern const struct frozen_id sample_programs_ids[];
extern const size_t sample_programs_count;

#endif
