/* sample_programs: the ELF images of guest/programs, inside the binary: what a development chain has
 * registered from the start. The source is generated from the committed images. */
#ifndef SERVICE_SAMPLE_PROGRAMS_H
#define SERVICE_SAMPLE_PROGRAMS_H

#include "base/bytes.h"

struct embedded_file {
    const char *name; /* "sqrt" */
    struct bytes data;
};

extern const struct embedded_file sample_programs[];
extern const size_t sample_programs_count;

#endif
