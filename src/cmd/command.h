/* command: one subcommand of the infinity binary, and what all of them share.
 *
 * A subcommand is a file cmd/NAME.c with `int cmd_NAME(int argc, char **argv)`, argv[0] being its own
 * name, and a row in main.c. --help prints usage with an example on stdout.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include "base/compiler.h"

/* Exit statuses of every subcommand. */
enum exit_status {
    EXIT_GOOD = 0,   /* done; where a question was asked, the answer is yes */
    EXIT_NO = 1,     /* the answer is no: a test failed, a program exited with another code */
    EXIT_USAGE = 2,  /* the command line is wrong; nothing was done */
    EXIT_FAILED = 3, /* disk, memory, network or peer let us down */
};

struct command {
    const char *name;
    const char *summary; /* one line for the list of commands */
    int (*run)(int argc, char **argv);
};

/* Prints "infinity COMMAND: message" and where to find help on stderr; answers EXIT_USAGE. */
int command_usage_error(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Prints "infinity COMMAND: message" on stderr; answers EXIT_FAILED. */
int command_failure(const char *command, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The usage error of what getopt_long, with ':' before its short options, answered as ':' (a value is
 * missing) or '?'. argument is argv[optind - 1]. */
int command_bad_option(const char *command, int answer, const char *argument);

/* Runs the command of table that argv[1] names, with argv moved on by one; prints group's list of
 * commands for --help, and a usage error for an unknown name. group is "infinity" or "infinity evm". */
int command_dispatch(
    const char *group, const struct command *table, int count, int argc, char **argv
);

int cmd_b11r(int argc, char **argv);
int cmd_blocktest(int argc, char **argv);
int cmd_stateless(int argc, char **argv);
int cmd_dev(int argc, char **argv);
int cmd_enginetest(int argc, char **argv);
int cmd_evm(int argc, char **argv);
int cmd_evm_run(int argc, char **argv);
int cmd_import(int argc, char **argv);
int cmd_job(int argc, char **argv);
int cmd_demo(int argc, char **argv);
int cmd_machine(int argc, char **argv);
int cmd_program(int argc, char **argv);
int cmd_statetest(int argc, char **argv);
int cmd_t8n(int argc, char **argv);
int cmd_txtest(int argc, char **argv);
int cmd_vmtest(int argc, char **argv);
int cmd_difficulty(int argc, char **argv);
int cmd_tracetest(int argc, char **argv);

#endif
