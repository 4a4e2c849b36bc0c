/* block_program: the ELF image of guest/programs/block_stf, inside the binary. The source is generated
 * from the committed image. */
#ifndef CMD_BLOCK_PROGRAM_H
#define CMD_BLOCK_PROGRAM_H

#include "service/sample_programs.h"

extern const struct embedded_file block_program[];
extern const size_t block_program_count; /* 1 */

#endif
