/* suite: what the runners of official test files share: finding files, running them on all cores,
 * choosing cases, skips with reasons, counts that must come out, and the report.
 *
 * A runner (statetest.c, blocktest.c, txtest.c) gives a struct suite and a function that runs the
 * cases of one file; suite_main does the rest.
 *
 *     infinity evm NAME PATH… [--fork NAME]… [--run REGEX] [--jobs N] [--parallel N]
 *                             [--json] [--trace] [--skips FILE] [--counts FILE]
 *
 * A thread runs one file after another; when none is left it helps with the cases of one that another
 * is at. Lines on stdout do not depend on the threads: they come in the order of the files (largest
 * first), each file's in the order of its cases.
 */
#ifndef CMD_SUITE_H
#define CMD_SUITE_H

#include "chain/execute.h"
#include "cmd/suite_lines.h"
#include "json/json.h"

#define SUITE_FORKS_MAX  32
#define SUITE_DETAIL_MAX 2048
#define SUITE_NAME_MAX   128 /* of an archive or fork, with the final NUL */

struct suite_run;

/* One thread's tools. arena is emptied after each file. */
struct suite_worker {
    struct suite_run *run;
    struct arena arena;
    struct chain_vm vm;
    const struct chain_runner *runner; /* with --parallel; else NULL */
    const char *file;                  /* the file that is being run */
    size_t file_index;
    size_t case_index;            /* of the next case of the file that suite_wants is asked of */
    bool is_helper;               /* with a file that another thread began, and reports on */
    char archive[SUITE_NAME_MAX]; /* of the counts table that it belongs to, or "" */
    struct suite_trace *trace;    /* NULL without --trace */
    struct suite_lines lines;     /* of this file's cases, for stdout */
    struct json_writer json;      /* for one line of --json */
};

struct suite_case {
    struct bytes name;
    const char *fork; /* as the file says */
    long index;       /* place among the fork's cases; -1 where a name has one case a fork */
};

struct suite {
    const char *command;              /* "evm statetest" */
    const char *summary;              /* of --help: what a case is */
    const char *format;               /* of a --counts row: "state" */
    const char *const *default_forks; /* NULL-ended; NULL: every fork */
    void (*run_file)(struct suite_worker *worker, const struct json *root);
};

int suite_main(const struct suite *suite, int argc, char **argv);

/* True where the case is to be run: fork chosen, name matched, not skipped, and no other thread has
 * taken it. Asked of every case of a file, in the same order whenever the file is run. */
bool suite_wants(struct suite_worker *worker, const struct suite_case *one);

/* What came of a case that was wanted: detail is NULL where it passed, and else says in one line
 * what differed. root may be NULL; with --json it is printed. */
void suite_report(
    struct suite_worker *worker,
    const struct suite_case *one,
    const struct hash *root,
    const char *detail
);

/* A file that is not what it should be: the run ends with EXIT_FAILED, after the other files. */
void suite_broken(struct suite_worker *worker, const char *what);

/* Whether expected ("A|B", alternatives) means actual, which is empty for what was accepted. Where
 * nothing is named any refusal will do. suite_exceptions.c has the table of names. */
bool suite_exception_matches(struct bytes expected, const char *actual);

#endif
