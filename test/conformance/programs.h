/* programs: runs of a program, for tests of what it prints. */
#ifndef TEST_CONFORMANCE_PROGRAMS_H
#define TEST_CONFORMANCE_PROGRAMS_H

#include "base/assert.h"

#include <sys/wait.h>
#include <unistd.h>

#include <stdio.h>
#include <stdlib.h>

enum { PROGRAM_OUTPUT_MAX = 64 << 20 };

/* What a program printed, in memory of its own. */
static inline char *program_output(FILE *file) {
    char *const text = calloc(1, PROGRAM_OUTPUT_MAX);
    ASSERT(text != NULL);
    rewind(file);
    const size_t len = fread(text, 1, PROGRAM_OUTPUT_MAX - 1, file);
    ASSERT(len < PROGRAM_OUTPUT_MAX - 1);
    return text;
}

/* Runs arguments (NULL-ended, the program's path first), with input on stdin; *out and *err are what it
 * printed, for free(). The exit status, or -1. */
static inline int program_run(char **arguments, const char *input, char **out, char **err) {
    FILE *const in_file = tmpfile();
    FILE *const out_file = tmpfile();
    FILE *const err_file = tmpfile();
    ASSERT(in_file != NULL && out_file != NULL && err_file != NULL);
    (void)fputs(input, in_file);
    (void)fflush(in_file);
    rewind(in_file);
    (void)fflush(stdout);
    const pid_t pid = fork();
    ASSERT(pid >= 0);
    if (pid == 0) {
        (void)dup2(fileno(in_file), STDIN_FILENO);
        (void)dup2(fileno(out_file), STDOUT_FILENO);
        (void)dup2(fileno(err_file), STDERR_FILENO);
        (void)execv(arguments[0], arguments);
        _exit(127);
    }
    int status = 0;
    ASSERT(waitpid(pid, &status, 0) == pid);
    *out = program_output(out_file);
    *err = program_output(err_file);
    (void)fclose(in_file);
    (void)fclose(out_file);
    (void)fclose(err_file);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
