/* infinity: the one binary. Every row is a subcommand, in a file of its own. */
#include "cmd/command.h"
#include "world/version.h"

#include <stdio.h>
#include <string.h>

static const char version_help[] = "Usage: infinity version\n"
                                   "\n"
                                   "Prints the version.\n"
                                   "\n"
                                   "Example: infinity version\n"
                                   "Exit status: 0 printed, 2 bad usage.\n";

static int cmd_version(int argc, char **argv) {
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
        (void)fputs(version_help, stdout);
        return EXIT_GOOD;
    }
    if (argc > 1) return command_usage_error("version", "unexpected '%s'", argv[1]);
    (void)printf("infinity %s\n", version_text());
    return EXIT_GOOD;
}

int main(int argc, char **argv) {
    static const struct command commands[] = {
        {"demo", "start a chain, run every sample program on it, stop", cmd_demo},
        {"dev", "start a development chain", cmd_dev},
        {"evm", "run code, and the official tests of Ethereum", cmd_evm},
        {"job", "ask a chain to run a program", cmd_job},
        {"machine", "run programs on the RISC-V machine", cmd_machine},
        {"program", "identify program images", cmd_program},
        {"version", "print the version", cmd_version},
    };
    if (argc == 2 && strcmp(argv[1], "--version") == 0) return cmd_version(1, argv);
    return command_dispatch(
        "infinity", commands, (int)(sizeof commands / sizeof commands[0]), argc, argv
    );
}
