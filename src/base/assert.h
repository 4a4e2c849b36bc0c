/* assert: stops the program when our own reasoning is wrong. Also in release builds.
 *
 * ASSERT is for bugs only. Bad input is a verdict, a failing disk is a status.
 * Every program defines assert_fail once: the node prints the place and aborts (world/fatal.c),
 * a unit test hands it to cmocka (base/test.h), the guest traps.
 */
#ifndef BASE_ASSERT_H
#define BASE_ASSERT_H

#include "base/compiler.h"

NORETURN void assert_fail(const char *condition, const char *file, int line);

#define ASSERT(condition)                                                        \
    do {                                                                         \
        if (UNLIKELY(!(condition))) assert_fail(#condition, __FILE__, __LINE__); \
    } while (0)

#endif
