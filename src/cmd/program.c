/* infinity program: what the chain knows of a program's image. */
#include "cmd/command.h"
#include "cmd/value.h"
#include "codec/hex.h"
#include "crypto/keccak.h"
#include "machine/machine_program.h"
#include "world/heap.h"

#include <getopt.h>

#include <inttypes.h>
#include <stdio.h>

static const char command[] = "program id";

static const char usage[] =
    "Usage: infinity program id FILE [--json]\n"
    "\n"
    "Checks an ELF image by the machine's rules and prints its program id. --json prints an "
    "object\n"
    "with the id, the pages that count for a job's weight, the RAM in bytes and the image's hash.\n"
    "\n"
    "Exit status: 0 printed; 1 the image is refused, the reason is on stderr; 2 bad usage; 3 "
    "failure.\n"
    "\n"
    "Example: infinity program id guest/programs/sqrt.elf\n";

static void print(const struct machine_program *program, struct bytes file, bool json) {
    char id[HEX_TEXT_SIZE(sizeof(struct hash)) + 1] = "", image[sizeof id] = "";
    (void)hex_encode(id, BYTES_OF(program->id));
    if (!json) {
        (void)printf("%s\n", id);
        return;
    }
    struct hash image_hash;
    keccak256(&image_hash, file);
    (void)hex_encode(image, BYTES_OF(image_hash));
    (void)printf(
        "{\"program_id\":\"%s\",\"pages\":%" PRIu32 ",\"ram\":%" PRIu64 ",\"image_hash\":\"%s\"}\n",
        id, program->pages, machine_program_ram(program), image
    );
}

static int show_id(struct arena *arena, const char *path, bool json) {
    struct bytes file;
    const int status =
        value_file(arena, &file, (struct value_name){command, "image"}, path, ELF_IMAGE_MAX);
    if (status != EXIT_GOOD) return status;
    struct machine_program program;
    const enum elf_verdict verdict = machine_program_load(&program, arena, file);
    if (verdict != ELF_VALID) {
        (void)fprintf(
            stderr, "infinity %s: '%s' is refused: %s\n", command, path, elf_verdict_text(verdict)
        );
        return EXIT_NO;
    }
    print(&program, file, json);
    return EXIT_GOOD;
}

static int program_id_command(int argc, char **argv) {
    static const struct option options[] = {
        {"json", no_argument, NULL, 'j'}, {"help", no_argument, NULL, 'h'}, {NULL, 0, NULL, 0}};
    bool json = false;
    opterr = 0;
    optind = 0;
    for (int id; (id = getopt_long(argc, argv, ":h", options, NULL)) != -1;) {
        if (id == 'j') {
            json = true;
        } else if (id == 'h') {
            (void)fputs(usage, stdout);
            return EXIT_GOOD;
        } else {
            return command_bad_option(command, id, argv[optind - 1]);
        }
    }
    if (optind != argc - 1) {
        return command_usage_error(
            command, optind == argc ? "no image: name an ELF file" : "more than one image"
        );
    }
    struct arena arena;
    arena_init(&arena, &heap_source);
    const int status = show_id(&arena, argv[optind], json);
    arena_reset(&arena);
    return status;
}

int cmd_program(int argc, char **argv) {
    static const struct command commands[] = {
        {"id", "print the program id of an image", program_id_command},
    };
    return command_dispatch("infinity program", commands, ARRAY_LEN(commands), argc, argv);
}
