#include "cmd/suite.h"

#include "base/checked.h"
#include "cmd/command.h"
#include "cmd/suite_files.h"
#include "cmd/suite_trace.h"
#include "world/clock.h"
#include "world/heap.h"
#include "world/parallel.h"

#include <getopt.h>
#include <pthread.h>
#include <regex.h>
#include <unistd.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    CODE_CACHE_SIZE = 16 << 20,
    TALLIES_MAX = 4096,
    JOBS_MAX = 256,
    LINE_MAX_SIZE = 4096,
    TEXT_MAX_SIZE = SUITE_DETAIL_MAX + LINE_MAX_SIZE,
    JSON_MAX_SIZE = 1 << 20,
    FILE_WORKERS_MAX = 2, /* of one file at once: cases of some take 1.5 GB of EVM memory each */
    WAITING_MAX_SIZE = 64 << 20, /* of lines that wait for those of files before theirs */
    PROGRESS_PERIOD_MS = 100,
};

/* Cases of one archive and one fork. */
struct tally {
    char archive[SUITE_NAME_MAX];
    char fork[SUITE_NAME_MAX];
    size_t passed, failed, skipped;
};

/* A file's run, and what it printed until its turn comes. */
struct file_run {
    size_t workers;   /* that are at it now */
    size_t next_case; /* the first that no worker has taken */
    bool is_taken;    /* to its last case */
    bool is_done;
    struct suite_lines lines;
};

struct options {
    const char *forks[SUITE_FORKS_MAX];
    size_t fork_count;
    const char *skips;
    const char *counts;
    long jobs;
    long parallel; /* threads a block; 0: run without */
    bool has_regex;
    bool is_json;
    bool is_tracing;
    enum evm_engine engine;
    regex_t regex;
};

struct suite_run {
    const struct suite *suite;
    struct options options;
    struct suite_files files;
    struct suite_table skips;  /* name, reason */
    struct suite_table counts; /* archive, format, fork, cases */
    bool *counts_asked;        /* of a row: a file of its archive was run */
    pthread_mutex_t lock;      /* of what follows, and of stdout and stderr */
    pthread_cond_t printed;
    struct file_run *file_runs;
    size_t next_file; /* to be begun */
    size_t next_output, waiting_size;
    struct tally tallies[TALLIES_MAX];
    size_t tally_count;
    size_t passed, failed, skipped, broken, files_done;
    bool shows_progress;
    uint64_t progress_ms; /* when it was last shown */
};

static bool is_chosen_fork(const struct suite_run *run, const char *fork) {
    if (run->options.fork_count == 0) return true;
    for (size_t i = 0; i < run->options.fork_count; i++) {
        if (strcmp(run->options.forks[i], fork) == 0) return true;
    }
    return false;
}

static void copy_name(char out[SUITE_NAME_MAX], const char *text) {
    (void)snprintf(out, SUITE_NAME_MAX, "%s", text);
}

/* The archive of a file: the longest of the counts table whose name stands in its path. */
static void archive_of(const struct suite_run *run, char out[SUITE_NAME_MAX], const char *file) {
    char whole[PATH_MAX];
    size_t longest = 0;
    copy_name(out, "");
    if (run->counts.count == 0 || realpath(file, whole) == NULL) return;
    for (size_t i = 0; i < run->counts.count; i++) {
        char part[SUITE_NAME_MAX + 2];
        const char *const archive = run->counts.rows[i].columns[0];
        (void)snprintf(part, sizeof part, "%s/", archive);
        if (strlen(archive) > longest && strstr(whole, part) != NULL) {
            longest = strlen(archive);
            copy_name(out, archive);
        }
    }
}

/* With run->lock held. */
static struct tally *tally_of(struct suite_run *run, const char *archive, const char *fork) {
    for (size_t i = 0; i < run->tally_count; i++) {
        struct tally *const tally = &run->tallies[i];
        if (strcmp(tally->archive, archive) == 0 && strcmp(tally->fork, fork) == 0) return tally;
    }
    ASSERT(run->tally_count < TALLIES_MAX);
    struct tally *const tally = &run->tallies[run->tally_count++];
    copy_name(tally->archive, archive);
    copy_name(tally->fork, fork);
    return tally;
}

static bool name_is(struct bytes name, const char *text) {
    return bytes_equal(name, bytes_from(text, strlen(text)));
}

static bool is_skipped(const struct suite_run *run, const char *file, struct bytes name) {
    const char *const slash = strrchr(file, '/');
    const char *const base = slash == NULL ? file : slash + 1;
    for (size_t i = 0; i < run->skips.count; i++) {
        const char *const skipped = run->skips.rows[i].columns[0];
        if (name_is(name, skipped) || strcmp(base, skipped) == 0) return true;
    }
    return false;
}

/* Takes the case for this worker, unless another has. Cases are taken in their order. */
static bool take_case(struct suite_worker *worker, size_t case_index) {
    struct suite_run *const run = worker->run;
    struct file_run *const file = &run->file_runs[worker->file_index];
    (void)pthread_mutex_lock(&run->lock);
    const bool is_free = case_index >= file->next_case;
    if (is_free) file->next_case = case_index + 1;
    (void)pthread_mutex_unlock(&run->lock);
    return is_free;
}

bool suite_wants(struct suite_worker *worker, const struct suite_case *one) {
    struct suite_run *const run = worker->run;
    const size_t case_index = worker->case_index++;
    if (!is_chosen_fork(run, one->fork)) return false;
    if (run->options.has_regex) {
        char text[LINE_MAX_SIZE];
        (void)snprintf(
            text, sizeof text, "%s:%.*s", worker->file, (int)one->name.len,
            (const char *)one->name.data
        );
        if (regexec(&run->options.regex, text, 0, NULL, 0) != 0) return false;
    }
    if (!take_case(worker, case_index)) return false;
    if (!is_skipped(run, worker->file, one->name)) return true;
    (void)pthread_mutex_lock(&run->lock);
    tally_of(run, worker->archive, one->fork)->skipped++;
    run->skipped++;
    (void)pthread_mutex_unlock(&run->lock);
    return false;
}

/* Appends to what the case that was asked for last prints. */
static void add_text(struct suite_worker *worker, const char *text, size_t len) {
    suite_lines_add(&worker->lines, worker->case_index - 1, text, len);
}

static void add_json(
    struct suite_worker *worker,
    const struct suite_case *one,
    const struct hash *root,
    const char *detail
) {
    struct json_writer *const json = &worker->json;
    json_begin_object(json);
    json_name(json, "name");
    json_write_string(json, one->name);
    json_name(json, "file");
    json_write_cstring(json, worker->file);
    json_name(json, "fork");
    json_write_cstring(json, one->fork);
    if (one->index >= 0) {
        json_name(json, "index");
        json_write_number(json, (uint64_t)one->index);
    }
    json_name(json, "pass");
    json_write_bool(json, detail == NULL);
    if (root != NULL) {
        json_name(json, "stateRoot");
        json_write_hash(json, root);
    }
    if (detail != NULL) {
        json_name(json, "error");
        json_write_cstring(json, detail);
    }
    json_end_object(json);
    const struct bytes text = json_writer_text(json);
    add_text(worker, (const char *)text.data, text.len);
    add_text(worker, "\n", 1);
    json_writer_reset(json, LINE_MAX_SIZE);
}

static void add_failure(
    struct suite_worker *worker, const struct suite_case *one, const char *detail
) {
    char text[TEXT_MAX_SIZE];
    char index[32] = "";
    if (one->index >= 0) (void)snprintf(index, sizeof index, " #%ld", one->index);
    (void)snprintf(
        text, sizeof text, "FAIL %.1000s: %.*s %.64s%s: %s\n", worker->file,
        (int)min_u64(one->name.len, 1000), (const char *)one->name.data, one->fork, index, detail
    );
    add_text(worker, text, strlen(text));
}

static void clear_progress(const struct suite_run *run) {
    if (run->shows_progress) (void)fprintf(stderr, "\r\033[K");
}

/* With run->lock held. */
static void show_progress(struct suite_run *run) {
    if (!run->shows_progress) return;
    const uint64_t now_ms = clock_monotonic_us(&real_clock) / 1000;
    if (now_ms - run->progress_ms < PROGRESS_PERIOD_MS) return;
    run->progress_ms = now_ms;
    (void)fprintf(
        stderr, "\r\033[K%zu of %zu files, %zu passed, %zu failed", run->files_done,
        run->files.count, run->passed, run->failed
    );
    (void)fflush(stderr);
}

void suite_report(
    struct suite_worker *worker,
    const struct suite_case *one,
    const struct hash *root,
    const char *detail
) {
    struct suite_run *const run = worker->run;
    if (run->options.is_json) {
        add_json(worker, one, root, detail);
    } else if (detail != NULL) {
        add_failure(worker, one, detail);
    }
    (void)pthread_mutex_lock(&run->lock);
    struct tally *const tally = tally_of(run, worker->archive, one->fork);
    if (detail == NULL) {
        tally->passed++;
        run->passed++;
    } else {
        tally->failed++;
        run->failed++;
    }
    show_progress(run);
    (void)pthread_mutex_unlock(&run->lock);
}

void suite_broken(struct suite_worker *worker, const char *what) {
    struct suite_run *const run = worker->run;
    if (worker->is_helper) return;
    (void)pthread_mutex_lock(&run->lock);
    run->broken++;
    clear_progress(run);
    (void)fprintf(stderr, "infinity %s: %s: %s\n", run->suite->command, worker->file, what);
    (void)pthread_mutex_unlock(&run->lock);
}

/* Prints what has its turn. With run->lock held. */
static void print_ready(struct suite_run *run) {
    while (run->next_output < run->files.count && run->file_runs[run->next_output].is_done) {
        struct suite_lines *const lines = &run->file_runs[run->next_output++].lines;
        if (lines->len == 0) continue;
        clear_progress(run);
        (void)fwrite(lines->text, 1, lines->len, stdout);
        run->waiting_size -= lines->len;
        suite_lines_free(lines);
    }
    (void)fflush(stdout);
    (void)pthread_cond_broadcast(&run->printed);
}

/* The worker's next file: one that nobody has begun, then one with cases that nobody has taken. False:
 * there is nothing left to begin. */
static bool take_file(struct suite_worker *worker) {
    struct suite_run *const run = worker->run;
    (void)pthread_mutex_lock(&run->lock);
    size_t i = run->next_file;
    worker->is_helper = i == run->files.count;
    if (worker->is_helper) {
        for (i = run->next_output; i < run->files.count; i++) {
            const struct file_run *const file = &run->file_runs[i];
            if (!file->is_taken && file->workers < FILE_WORKERS_MAX) break;
        }
    } else {
        run->next_file++;
    }
    const bool is_one = i < run->files.count;
    if (is_one) run->file_runs[i].workers++;
    (void)pthread_mutex_unlock(&run->lock);
    worker->file_index = i;
    worker->case_index = 0;
    return is_one;
}

/* Hands over the lines of the worker's file; the last worker that leaves it has finished it. Who is
 * far ahead of a slow file, with much to print, waits for it; those of the file whose turn it is never
 * wait, so neither does the run. */
static void leave_file(struct suite_worker *worker) {
    struct suite_run *const run = worker->run;
    struct file_run *const file = &run->file_runs[worker->file_index];
    (void)pthread_mutex_lock(&run->lock);
    file->is_taken = true;
    while (worker->lines.len > 0 && worker->file_index != run->next_output &&
           run->waiting_size > WAITING_MAX_SIZE) {
        (void)pthread_cond_wait(&run->printed, &run->lock);
    }
    run->waiting_size += worker->lines.len;
    suite_lines_merge(&file->lines, &worker->lines);
    file->workers--;
    if (file->workers == 0) {
        file->is_done = true;
        run->files_done++;
        print_ready(run);
        show_progress(run);
    }
    (void)pthread_mutex_unlock(&run->lock);
}

static void note_archive(struct suite_run *run, const char *archive) {
    (void)pthread_mutex_lock(&run->lock);
    for (size_t i = 0; i < run->counts.count; i++) {
        if (strcmp(run->counts.rows[i].columns[0], archive) == 0) run->counts_asked[i] = true;
    }
    (void)pthread_mutex_unlock(&run->lock);
}

static void run_file(struct suite_worker *worker) {
    const struct json *root;
    struct bytes text;
    worker->file = worker->run->files.paths[worker->file_index];
    archive_of(worker->run, worker->archive, worker->file);
    note_archive(worker->run, worker->archive);
    if (!suite_file_read(&worker->arena, &text, worker->file)) {
        suite_broken(worker, "cannot be read");
    } else {
        const enum json_verdict verdict =
            json_parse(&worker->arena, &root, text, &json_limits_file);
        if (verdict != JSON_VALID) {
            suite_broken(worker, json_verdict_text(verdict));
        } else if (json_kind(root) != JSON_OBJECT) {
            suite_broken(worker, "is not a JSON object of tests");
        } else {
            worker->run->suite->run_file(worker, root);
        }
    }
    arena_reset(&worker->arena);
    evm_drop_code_cache(worker->vm.evm);
}

static void *work(void *ctx) {
    struct suite_run *const run = ctx;
    struct suite_worker worker = {.run = run};
    struct workers *helpers = NULL; /* with --parallel */
    struct parallel *parallel = NULL;
    struct chain_runner runner;
    if (run->options.parallel > 0) {
        helpers = workers_create((size_t)run->options.parallel - 1);
        parallel = parallel_create(helpers, CODE_CACHE_SIZE, run->options.engine);
        runner = parallel_runner(parallel);
        worker.runner = &runner;
    }
    arena_init(&worker.arena, &heap_source);
    json_writer_init(&worker.json, JSON_MAX_SIZE);
    worker.vm.evm = evm_create(&heap_source, CODE_CACHE_SIZE);
    evm_set_engine(worker.vm.evm, run->options.engine);
    if (run->options.is_tracing) worker.trace = suite_trace_create();
    while (take_file(&worker)) {
        run_file(&worker);
        leave_file(&worker);
    }
    parallel_destroy(parallel);
    workers_destroy(helpers);
    evm_destroy(worker.vm.evm);
    suite_trace_destroy(worker.trace);
    json_writer_free(&worker.json);
    arena_reset(&worker.arena);
    return NULL;
}

/* False where a thread could not be made. */
static bool run_all(struct suite_run *run) {
    pthread_t threads[JOBS_MAX];
    long started = 0;
    while (started + 1 < run->options.jobs &&
           pthread_create(&threads[started], NULL, work, run) == 0) {
        started++;
    }
    (void)work(run);
    for (long i = 0; i < started; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    clear_progress(run);
    return started + 1 >= run->options.jobs;
}

/* Each row of the counts table that speaks of this format, a chosen fork and an archive that was run
 * must have come out. */
static size_t check_counts(const struct suite_run *run, FILE *out) {
    size_t wrong = 0;
    for (size_t i = 0; i < run->counts.count; i++) {
        const char *const *const row = run->counts.rows[i].columns;
        if (strcmp(row[1], run->suite->format) != 0 || !is_chosen_fork(run, row[2])) continue;
        if (!run->counts_asked[i]) continue;
        const size_t expected = strtoul(row[3], NULL, 10);
        size_t seen = 0;
        for (size_t j = 0; j < run->tally_count; j++) {
            const struct tally *const tally = &run->tallies[j];
            if (strcmp(tally->archive, row[0]) != 0 || strcmp(tally->fork, row[2]) != 0) continue;
            seen = tally->passed + tally->failed + tally->skipped;
        }
        (void)fprintf(
            out, "%-30s %-24s %8zu of %8zu%s\n", row[0], row[2], seen, expected,
            seen == expected ? "" : "  DIFFERS"
        );
        wrong += seen != expected;
    }
    return wrong;
}

static int finish(struct suite_run *run, bool ran) {
    const char *const command = run->suite->command;
    FILE *const out = run->options.is_json ? stderr : stdout; /* which is then JSON alone */
    const size_t wrong = run->options.counts == NULL ? 0 : check_counts(run, out);
    (void
    )fprintf(out, "%zu passed, %zu failed, %zu skipped\n", run->passed, run->failed, run->skipped);
    if (!ran) return command_failure(command, "could not start a thread");
    if (run->broken > 0) return EXIT_FAILED;
    if (run->files.count == 0) return command_failure(command, "no test files there");
    if (run->passed + run->failed + run->skipped == 0) {
        return command_usage_error(command, "no case is one that --fork and --run ask for");
    }
    if (wrong > 0) {
        (void)fprintf(stderr, "infinity %s: %zu counts differ\n", command, wrong);
        return EXIT_NO;
    }
    return run->failed > 0 ? EXIT_NO : EXIT_GOOD;
}

static int print_help(const struct suite *suite) {
    (void)printf(
        "Usage: infinity %s PATH... [OPTIONS]\n\n%s\n\n"
        "  PATH           a .json file, or a directory that is searched for them\n"
        "  --fork NAME    only this fork's cases; may stand several times",
        suite->command, suite->summary
    );
    for (size_t i = 0; suite->default_forks != NULL && suite->default_forks[i] != NULL; i++) {
        (void)printf("%s%s", i == 0 ? " (default: " : ", ", suite->default_forks[i]);
    }
    (void)printf(
        "%s\n"
        "  --run REGEX    only cases whose FILE:NAME matches (extended regular expression)\n"
        "  --jobs N       threads (default: one a core; with --parallel, one)\n"
        "  --parallel N   run the transactions of a block on N threads, with the same result\n"
        "  --json         one JSON object a case on stdout\n"
        "  --trace        EIP-3155 lines on stderr, one thread\n"
        "  --engine NAME  which loop runs code: auto (default), plain or stream\n"
        "  --skips FILE   table of names (of cases or files) and reasons, tab-separated\n"
        "  --counts FILE  table of archive, format, fork, cases: totals must equal it\n\n"
        "Example: infinity %s --fork Osaka --jobs 2 fixtures/evm\n\n"
        "Exit status: 0 all passed, 1 some failed or counts differ, 2 bad usage, 3 failure.\n",
        suite->default_forks != NULL ? ")" : "", suite->command
    );
    return EXIT_GOOD;
}

enum option_id {
    OPTION_FORK = 256,
    OPTION_RUN,
    OPTION_JOBS,
    OPTION_PARALLEL,
    OPTION_JSON,
    OPTION_TRACE,
    OPTION_ENGINE,
    OPTION_SKIPS,
    OPTION_COUNTS
};

static int take_threads(
    const char *command, const char *option, long max, long *out, const char *value
) {
    char *end;
    *out = strtol(value, &end, 10);
    if (*end == '\0' && *out >= 1 && *out <= max) return EXIT_GOOD;
    return command_usage_error(command, "%s takes 1 to %ld", option, max);
}

static int take_option(struct suite_run *run, int id, const char *value) {
    struct options *const options = &run->options;
    const char *const command = run->suite->command;
    switch (id) {
    case OPTION_FORK:
        if (options->fork_count == SUITE_FORKS_MAX) {
            return command_usage_error(command, "too many forks");
        }
        options->forks[options->fork_count++] = value;
        return EXIT_GOOD;
    case OPTION_RUN:
        if (regcomp(&options->regex, value, REG_EXTENDED | REG_NOSUB) != 0) {
            return command_usage_error(command, "'%s' is not a regular expression", value);
        }
        options->has_regex = true;
        return EXIT_GOOD;
    case OPTION_JOBS: return take_threads(command, "--jobs", JOBS_MAX, &options->jobs, value);
    case OPTION_PARALLEL:
        return take_threads(command, "--parallel", WORKERS_MAX + 1, &options->parallel, value);
    case OPTION_JSON: options->is_json = true; return EXIT_GOOD;
    case OPTION_TRACE: options->is_tracing = true; return EXIT_GOOD;
    case OPTION_ENGINE:
        if (!evm_engine_from_name(&options->engine, value)) {
            return command_usage_error(command, "--engine: neither auto nor plain nor stream");
        }
        return EXIT_GOOD;
    case OPTION_SKIPS: options->skips = value; return EXIT_GOOD;
    default:
        ASSERT(id == OPTION_COUNTS);
        options->counts = value;
        return EXIT_GOOD;
    }
}

static int take_options(struct suite_run *run, int argc, char **argv) {
    static const struct option known[] = {
        {"fork", required_argument, NULL, OPTION_FORK},
        {"run", required_argument, NULL, OPTION_RUN},
        {"jobs", required_argument, NULL, OPTION_JOBS},
        {"parallel", required_argument, NULL, OPTION_PARALLEL},
        {"json", no_argument, NULL, OPTION_JSON},
        {"trace", no_argument, NULL, OPTION_TRACE},
        {"engine", required_argument, NULL, OPTION_ENGINE},
        {"skips", required_argument, NULL, OPTION_SKIPS},
        {"counts", required_argument, NULL, OPTION_COUNTS},
        {NULL, 0, NULL, 0},
    };
    const char *const command = run->suite->command;
    opterr = 0;
    for (int id; (id = getopt_long(argc, argv, ":", known, NULL)) != -1;) {
        if (id == ':' || id == '?') return command_bad_option(command, id, argv[optind - 1]);
        const int status = take_option(run, id, optarg);
        if (status != EXIT_GOOD) return status;
    }
    if (optind == argc) {
        return command_usage_error(command, "no tests: name a .json file or a directory of them");
    }
    return EXIT_GOOD;
}

static void apply_defaults(struct suite_run *run) {
    struct options *const options = &run->options;
    const char *const *const forks = run->suite->default_forks;
    for (size_t i = 0; options->fork_count == i && forks != NULL && forks[i] != NULL; i++) {
        options->forks[options->fork_count++] = forks[i];
    }
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    if (options->jobs == 0 && options->parallel > 0) options->jobs = 1;
    if (options->jobs == 0) options->jobs = cores < 1 ? 1 : cores > JOBS_MAX ? JOBS_MAX : cores;
    if (options->is_tracing) options->jobs = 1;
    run->shows_progress = !options->is_tracing && isatty(STDERR_FILENO) &&
        !(options->is_json && isatty(STDOUT_FILENO));
}

static int load(struct suite_run *run, struct arena *arena, char **paths, int path_count) {
    const char *const command = run->suite->command;
    const struct options *const options = &run->options;
    if (options->skips != NULL && !suite_table_read(arena, &run->skips, options->skips, 2)) {
        return command_usage_error(
            command, "%s is not a table of names and reasons", options->skips
        );
    }
    if (options->counts != NULL && !suite_table_read(arena, &run->counts, options->counts, 4)) {
        return command_usage_error(command, "%s is not a table of counts", options->counts);
    }
    for (int i = 0; i < path_count; i++) {
        if (!suite_files_add(arena, &run->files, paths[i])) {
            return command_failure(command, "cannot read '%s'", paths[i]);
        }
    }
    suite_files_sort(&run->files);
    run->file_runs = ARENA_ARRAY(arena, struct file_run, run->files.count);
    run->counts_asked = ARENA_ARRAY(arena, bool, run->counts.count);
    return EXIT_GOOD;
}

int suite_main(const struct suite *suite, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0) return print_help(suite);
    }
    struct arena arena;
    arena_init(&arena, &heap_source);
    struct suite_run *const run = ARENA_NEW(&arena, struct suite_run);
    run->suite = suite;
    (void)pthread_mutex_init(&run->lock, NULL);
    (void)pthread_cond_init(&run->printed, NULL);
    int status = take_options(run, argc, argv);
    if (status == EXIT_GOOD) status = load(run, &arena, argv + optind, argc - optind);
    if (status == EXIT_GOOD) {
        apply_defaults(run);
        const bool ran = run_all(run);
        status = finish(run, ran);
    }
    if (run->options.has_regex) regfree(&run->options.regex);
    (void)pthread_cond_destroy(&run->printed);
    (void)pthread_mutex_destroy(&run->lock);
    arena_reset(&arena);
    return status;
}
