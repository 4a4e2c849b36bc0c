/* cpu: what the processor can do beyond the floor that everything is compiled for.
 *
 * For the modules of crypto that have a faster path. Answers are the same all through a run. Pure.
 */
#ifndef CRYPTO_CPU_H
#define CRYPTO_CPU_H

#include "base/compiler.h"

#include <stdbool.h>

bool cpu_has_sha(void);  /* SHA-256 rounds */
bool cpu_has_adx(void);  /* two independent chains of carries, with bmi2's mulx */
bool cpu_has_avx2(void); /* four 64-bit words at a time, and a system that keeps them */
bool cpu_has_bmi2(void); /* rotation, multiplication and and-not with three operands */

#endif
