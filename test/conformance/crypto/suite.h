/* suite: what the crypto runner's files share: finding fixtures, reading
 * them, and counting what passed, failed and was skipped with a reason. */
#ifndef TEST_CONFORMANCE_CRYPTO_SUITE_H
#define TEST_CONFORMANCE_CRYPTO_SUITE_H

#include "base/arena.h"

#include <jansson.h>

enum { SUITE_EXIT_SKIP = 77, SUITE_PATH_MAX = 1024, SUITE_FAILURES_SHOWN = 10 };

/* One suite's counts. Everything that a runner allocates for a case goes with the arena's reset. */
struct suite {
    const char *root; /* folder of the unpacked fixtures */
    const char *archive;
    struct arena arena;
    void *context; /* the suite's own */
    size_t passed;
    size_t failed;
    size_t skipped;
};

/* A verdict about one case; name is shown where it failed. */
void suite_count(struct suite *suite, bool is_right, const char *name);
void suite_skip(struct suite *suite, size_t count);

/* Reads root/path; NULL and one failure where it cannot be read. The caller decrefs. */
json_t *suite_load(struct suite *suite, const char *path);

/* Bytes of a hex string, with or without 0x, in the arena; *is_hex tells whether it was one.
 * A value that is not a string gives no bytes and false. */
struct bytes suite_hex(struct suite *suite, const json_t *text, bool *is_hex);

/* The same of a member of object, where the fixtures' format promises it. */
struct bytes suite_member(struct suite *suite, const json_t *object, const char *key);

/* Text of a member, "" where there is none. */
const char *suite_text(const json_t *object, const char *key);

/* Calls use with the path, relative to root, of every file below root/folder whose name ends with
 * suffix, in the order of their names. */
void suite_each_file(
    struct suite *suite,
    const char *folder,
    const char *suffix,
    void (*use)(struct suite *suite, const char *path)
);

/* The suites, one file each. */
void run_bls_vectors(struct suite *suite);
void run_ecdsa_vectors(struct suite *suite);
void run_hash_vectors(struct suite *suite);
void run_kzg_vectors(struct suite *suite);
void run_precompile_vectors(struct suite *suite);

#endif
