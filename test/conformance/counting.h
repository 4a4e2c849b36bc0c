/* counting: what the conformance programs share: finding fixtures and counting cases.
 *
 * A program runs every case it finds, prints each failure and ends with `N passed, N failed`. Where
 * there are no fixtures it ends with status 77 (meson: skipped) and counts that as one skip, but as
 * a failure where the environment says CI=true. Fixtures are in INFINITY_FIXTURES, or else in
 * build/fixtures of the working directory.
 */
#ifndef TEST_CONFORMANCE_COUNTING_H
#define TEST_CONFORMANCE_COUNTING_H

#include "world/heap.h"

#include <unistd.h>

#include <stdio.h>
#include <stdlib.h>

enum { VECTORS_SKIPPED = 77, VECTORS_PATH_MAX = 1024, VECTORS_BYTES_MAX = 1 << 24 };

static size_t vectors_passed, vectors_failed;

static inline const char *vectors_root(void) {
    const char *root = getenv("INFINITY_FIXTURES");
    return root != NULL && root[0] != '\0' ? root : "build/fixtures";
}

/* Ends the program if the fixtures do not have the folder. */
static inline void vectors_need(const char *folder) {
    char path[VECTORS_PATH_MAX];
    (void)snprintf(path, sizeof path, "%s/%s", vectors_root(), folder);
    if (access(path, R_OK) == 0) return;
    const char *ci = getenv("CI");
    const bool is_ci = ci != NULL && strcmp(ci, "true") == 0;
    printf("no fixtures at %s\n", path);
    if (is_ci) printf("0 passed, 1 failed\n");
    if (!is_ci) printf("0 passed, 0 failed, 1 skipped\n");
    exit(is_ci ? EXIT_FAILURE : VECTORS_SKIPPED);
}

static inline void vectors_count(bool is_good, const char *file, const char *name) {
    if (is_good) {
        vectors_passed++;
        return;
    }
    vectors_failed++;
    printf("FAIL %s: %s\n", file, name);
}

/* The closing line, and the program's status. */
static inline int vectors_end(void) {
    printf("%zu passed, %zu failed\n", vectors_passed, vectors_failed);
    return vectors_failed == 0 && vectors_passed > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
