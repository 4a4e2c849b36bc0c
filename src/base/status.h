/* status: what a call reports when disk, memory or a peer let us down.
 *
 * Not for bad input (that is a verdict, an enum of the module) and not for bugs (ASSERT).
 * A status is passed up or retried by its caller; nobody drops it.
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

#include "base/compiler.h"

#include <stdbool.h>

enum status_code {
    STATUS_OK = 0,
    STATUS_IO,          /* the operating system refused: see os_error */
    STATUS_NO_SPACE,    /* disk or map is full */
    STATUS_CORRUPT,     /* what we wrote cannot be read back */
    STATUS_UNAVAILABLE, /* a peer, a port or a file is not there */
    STATUS_MISSING,     /* the record does not exist (history not kept, unknown block) */
    STATUS_INTERRUPTED, /* asked to stop */
};

struct status {
    enum status_code code;
    int os_error;        /* errno, or the library's code; 0 where there is none */
    const char *context; /* static text: what was being done */
};

static const struct status status_ok = {STATUS_OK, 0, ""};

static inline bool failed(struct status status) {
    return status.code != STATUS_OK;
}

static inline struct status status_make(enum status_code code, int os_error, const char *context) {
    return (struct status){code, os_error, context};
}

#endif
