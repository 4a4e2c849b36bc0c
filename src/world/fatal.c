/* fatal: the node's assert_fail: says where our reasoning broke, and aborts so that a core is left. */
#include "base/assert.h"
#include "world/version.h"

#include <stdio.h>
#include <stdlib.h>

void assert_fail(const char *condition, const char *file, int line) {
    (void)fprintf(
        stderr,
        "infinity %s: bug at %s:%d: %s does not hold.\n"
        "The program stops here so that nothing wrong is written. Committed blocks are safe.\n",
        version_text(), file, line, condition
    );
    abort();
}
