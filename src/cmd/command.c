#include "cmd/command.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int command_usage_error(const char *command, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "infinity %s: ", command);
    (void)vfprintf(stderr, format, args);
    (void)fprintf(stderr, "\nTry 'infinity %s --help'.\n", command);
    va_end(args);
    return EXIT_USAGE;
}

int command_failure(const char *command, const char *format, ...) {
    va_list args;
    va_start(args, format);
    (void)fprintf(stderr, "infinity %s: ", command);
    (void)vfprintf(stderr, format, args);
    (void)fprintf(stderr, "\n");
    va_end(args);
    return EXIT_FAILED;
}

int command_bad_option(const char *command, int answer, const char *argument) {
    return answer == ':' ? command_usage_error(command, "%s needs a value", argument)
                         : command_usage_error(command, "unknown option '%s'", argument);
}

static void print_commands(FILE *out, const char *group, const struct command *table, int count) {
    (void)fprintf(out, "Usage: %s COMMAND [ARGUMENTS]\n\nCommands:\n", group);
    for (int i = 0; i < count; i++) {
        (void)fprintf(out, "  %-10s %s\n", table[i].name, table[i].summary);
    }
    (void)fprintf(
        out,
        "\n'%s COMMAND --help' tells more about one.\n"
        "Exit status: 0 good, 1 the answer is no, 2 bad usage, 3 failure.\n",
        group
    );
}

int command_dispatch(
    const char *group, const struct command *table, int count, int argc, char **argv
) {
    if (argc < 2) {
        print_commands(stderr, group, table, count);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        print_commands(stdout, group, table, count);
        return EXIT_GOOD;
    }
    for (int i = 0; i < count; i++) {
        if (strcmp(name, table[i].name) == 0) return table[i].run(argc - 1, argv + 1);
    }
    (void)fprintf(stderr, "%s: there is no command '%s'\nTry '%s --help'.\n", group, name, group);
    return EXIT_USAGE;
}
