/* crypto_vectors: the crypto layer against the official vectors.
 *
 * The fixtures are in $INFINITY_FIXTURES, else in build/fixtures. Each suite prints a line with its
 * counts, the last line sums up. Exit status: 0 all passed, 1 something failed, 77 no fixtures (red
 * where $CI is "true"). */
#include "suite.h"
#include "world/heap.h"

#include <sys/stat.h>

#include <stdio.h>
#include <stdlib.h>

struct entry {
    const char *archive; /* as counts.tsv names it */
    void (*run)(struct suite *suite);
    const char *skip_reason; /* why some of its cases are not ours to run */
};

static const struct entry entries[] = {
    {"crypto/sha3", run_hash_vectors, "cSHAKE's encoded names are not of the permutation"},
    {"crypto/ethers_misc", run_hash_vectors,
     "HMAC, PBKDF2, mnemonics and CREATE addresses are not of this layer"},
    {"crypto/wycheproof", run_ecdsa_vectors,
     "ciphers, key exchange, Ed25519, BLS signatures, HMAC and HKDF have no user here"},
    {"crypto/bls", run_bls_vectors,
     "signatures, compressed points, other curves and message expansion have no user here"},
    {"crypto/kzg", run_kzg_vectors,
     "challenges are internal; proofs at a given point and recovery of cells have no user here"},
    {"evm/precompiles", run_precompile_vectors, "none are skipped"},
};

static const char *fixtures_root(void) {
    const char *const given = getenv("INFINITY_FIXTURES");
    return given != NULL && given[0] != '\0' ? given : "build/fixtures";
}

/* What counts.tsv says about an archive (name, files, cases, …); 0 where it says nothing. */
static size_t expected_cases(const char *root, const char *archive) {
    char path[SUITE_PATH_MAX];
    char line[256];
    size_t cases = 0;
    (void)snprintf(path, sizeof path, "%s/counts.tsv", root);
    FILE *const file = fopen(path, "r");
    if (file == NULL) return 0;
    while (fgets(line, sizeof line, file) != NULL) {
        const size_t len = strlen(archive);
        if (strncmp(line, archive, len) != 0 || line[len] != '\t') continue;
        const char *const after_files = strchr(line + len + 1, '\t');
        if (after_files != NULL) cases = strtoul(after_files + 1, NULL, 10);
    }
    (void)fclose(file);
    return cases;
}

static bool has_folder(const char *root, const char *archive) {
    char path[SUITE_PATH_MAX];
    struct stat info;
    (void)snprintf(path, sizeof path, "%s/%s", root, archive);
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static void run_suite(struct suite *suite, const struct entry *entry) {
    suite->archive = entry->archive;
    suite->passed = suite->failed = suite->skipped = 0;
    entry->run(suite);
    const size_t seen = suite->passed + suite->failed + suite->skipped;
    const size_t expected = expected_cases(suite->root, entry->archive);
    if (expected != 0 && seen != expected) {
        printf("  FAILED %s: saw %zu cases of %zu\n", entry->archive, seen, expected);
        suite->failed++;
    }
    printf("  %-20s %5zu passed %5zu failed", entry->archive, suite->passed, suite->failed);
    if (suite->skipped > 0) printf(" %5zu skipped: %s", suite->skipped, entry->skip_reason);
    printf("\n");
}

int main(void) {
    size_t passed = 0, failed = 0, skipped = 0, found = 0;
    struct suite suite = {.root = fixtures_root()};
    arena_init(&suite.arena, &heap_source);
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        if (!has_folder(suite.root, entries[i].archive)) {
            printf("  %-20s is not there\n", entries[i].archive);
            continue;
        }
        found++;
        run_suite(&suite, &entries[i]);
        arena_reset(&suite.arena);
        passed += suite.passed;
        failed += suite.failed;
        skipped += suite.skipped;
    }
    const char *const ci = getenv("CI");
    const bool must_have_all = ci != NULL && strcmp(ci, "true") == 0;
    if (must_have_all) failed += ARRAY_LEN(entries) - found;
    if (found == 0 && !must_have_all) {
        printf("no fixtures in %s: skipped\n", suite.root);
        return SUITE_EXIT_SKIP;
    }
    printf("%zu passed, %zu failed, %zu skipped\n", passed, failed, skipped);
    return failed == 0 ? 0 : 1;
}
