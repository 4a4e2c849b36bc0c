/* machine_qemu: random programs on our machine and on qemu-riscv64; what they write must be the same.
 *
 *   machine_qemu [--count N] [--seed S]
 *
 * A program is many sequences of random instructions, one behind the other. Each starts with corner
 * and random values in all registers and ends by writing all registers to OUTPUT; at the end of the
 * program follows the memory that they have worked on. So one start of the emulator tests hundreds of
 * sequences. Exit status: 0 all equal, 1 a difference (seed, sequence, register and text are
 * printed), 77 qemu-riscv64 is not there (1 where CI=true), 3 another failure.
 */
#include "machine/random_text.h"
#include "world/guest_memory.h"
#include "world/heap.h"

#include <getopt.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

enum {
    BATCH_MAX = 600,     /* sequences in a program */
    PIECES_MAX = 40,     /* of a sequence */
    REGISTER_COUNT = 31, /* x1 to x31 */
    SEQUENCE_OUTPUT = REGISTER_COUNT * 8,
    TABLE_SIZE = 32 * 8,  /* start values of one sequence, by register */
    DATA_SIZE = 4 * 4096, /* what sequences work on */
    FLAG_SIZE = 4096,     /* a page of data that is not written out: are we under Linux? */
    OUTPUT_SIZE = BATCH_MAX * SEQUENCE_OUTPUT + DATA_SIZE,
    IMAGE_ROOM = 4096 + 4 * TEST_TEXT_MAX + BATCH_MAX * TABLE_SIZE + DATA_SIZE + 4096,
    EXIT_SKIPPED = 77,
    EXIT_BROKEN = 3,
};

_Static_assert(TAME_REACH + TAME_AHEAD <= DATA_SIZE, "accesses stay in the data");

enum { SYS_WRITE = 64, SYS_MMAP = 222 };

/* One program and what became of it. */
static struct {
    struct test_text text;
    uint32_t starts[BATCH_MAX + 1]; /* instruction at which each sequence starts */
    uint8_t table[BATCH_MAX * TABLE_SIZE];
    uint8_t data[DATA_SIZE];
    uint8_t file[IMAGE_ROOM];
    size_t file_len;
    uint32_t table_at, data_at, flag_at; /* addresses */
    uint8_t ours[OUTPUT_SIZE], theirs[OUTPUT_SIZE + 1];
} t;

/* The layout of addresses does not depend on how long the text comes out. */
static void lay_out(void) {
    t.table_at = TEST_TEXT + 4 * TEST_TEXT_MAX;
    t.data_at = t.table_at + ((uint32_t)sizeof t.table + 4095) / 4096 * 4096;
    t.flag_at = t.data_at + DATA_SIZE;
}

/* Under Linux a0 is 0 at entry: OUTPUT has to be mapped, and the flag set. */
static void emit_prologue(void) {
    emit_li(&t.text, T0, t.flag_at);
    emit_s(&t.text, RV_SD, T0, A0, 0); /* 0, or the input's address */
    const uint32_t branch = t.text.count;
    emit_word(&t.text, 0);
    emit_li(&t.text, A0, MACHINE_OUTPUT);
    emit_li(&t.text, A1, MACHINE_OUTPUT_MAX);
    emit_li(&t.text, A2, 3);    /* read and write */
    emit_li(&t.text, A3, 0x32); /* private, fixed, anonymous */
    emit_li(&t.text, A4, UINT64_MAX);
    emit_li(&t.text, A5, 0);
    emit_ecall(&t.text, SYS_MMAP);
    const int32_t distance = 4 * ((int32_t)t.text.count - (int32_t)branch);
    t.text.words[branch] = rv_encode((struct rv_insn){RV_BNE, 0, A0, X0, distance});
}

static void emit_sequence(uint64_t *seed, uint32_t index) {
    t.starts[index] = t.text.count;
    uint8_t *values = t.table + (size_t)index * TABLE_SIZE;
    for (int reg = 0; reg < 32; reg++) {
        store_le64(values + (ptrdiff_t)reg * 8, random_operand(seed));
    }
    store_le64(values + TAME_BASE * 8, t.data_at + TAME_REACH);
    store_le64(values + TAME_OUT * 8, MACHINE_OUTPUT + (uint64_t)index * SEQUENCE_OUTPUT);
    emit_li(&t.text, 31, t.table_at + (uint64_t)index * TABLE_SIZE);
    for (int reg = 1; reg < 32; reg++) {
        emit_i(&t.text, RV_LD, reg, 31, 8 * reg);
    }
    emit_tame(&t.text, seed, 5 + random_below(seed, PIECES_MAX - 5));
    for (int reg = 1; reg < 32; reg++) {
        emit_s(&t.text, RV_SD, TAME_OUT, reg, 8 * (reg - 1));
    }
}

/* Copies the data behind the registers, then ends: by write and exit, or by exit alone. */
static void emit_epilogue(uint32_t count) {
    const uint64_t length = (uint64_t)count * SEQUENCE_OUTPUT + DATA_SIZE;
    emit_li(&t.text, T0, t.data_at);
    emit_li(&t.text, T1, MACHINE_OUTPUT + (uint64_t)count * SEQUENCE_OUTPUT);
    emit_li(&t.text, T2, t.data_at + DATA_SIZE);
    const uint32_t head = t.text.count;
    emit_i(&t.text, RV_LD, A0, T0, 0);
    emit_s(&t.text, RV_SD, T1, A0, 0);
    emit_i(&t.text, RV_ADDI, T0, T0, 8);
    emit_i(&t.text, RV_ADDI, T1, T1, 8);
    emit_s(&t.text, RV_BLTU, T0, T2, 4 * ((int32_t)head - (int32_t)t.text.count));
    emit_li(&t.text, T0, t.flag_at);
    emit_i(&t.text, RV_LD, T0, T0, 0);
    const uint32_t branch = t.text.count;
    emit_word(&t.text, 0);
    emit_li(&t.text, A0, 1);
    emit_li(&t.text, A1, MACHINE_OUTPUT);
    emit_li(&t.text, A2, length);
    emit_ecall(&t.text, SYS_WRITE);
    const int32_t distance = 4 * ((int32_t)t.text.count - (int32_t)branch);
    t.text.words[branch] = rv_encode((struct rv_insn){RV_BNE, 0, T0, X0, distance});
    emit_exit(&t.text, 0, length);
}

static void put_phdr(int index, uint32_t flags, uint64_t offset, uint64_t address, uint64_t size) {
    uint8_t *p = t.file + 64 + (ptrdiff_t)index * 56;
    store_le32(p, 1);
    store_le32(p + 4, flags);
    store_le64(p + 8, offset);
    store_le64(p + 16, address);
    store_le64(p + 24, address);
    store_le64(p + 32, size);
    store_le64(p + 40, size);
    store_le64(p + 48, 4096);
}

/* Text, table and data as three segments of whole file pages. */
static void build_file(void) {
    static const uint8_t ident[8] = {0x7f, 'E', 'L', 'F', 2, 1, 1, 0};
    memset(t.file, 0, sizeof t.file);
    memcpy(t.file, ident, sizeof ident);
    test_store16(t.file + 16, 2);
    test_store16(t.file + 18, 243);
    store_le32(t.file + 20, 1);
    store_le64(t.file + 24, TEST_TEXT);
    store_le64(t.file + 32, 64);
    test_store16(t.file + 52, 64);
    test_store16(t.file + 54, 56);
    test_store16(t.file + 56, 3);
    const size_t text_size = (size_t)t.text.count * 4;
    size_t offset = 4096;
    put_phdr(0, 5, offset, TEST_TEXT, text_size);
    memcpy(t.file + offset, t.text.words, text_size);
    offset += (text_size + 4095) / 4096 * 4096;
    put_phdr(1, 4, offset, t.table_at, sizeof t.table);
    memcpy(t.file + offset, t.table, sizeof t.table);
    offset += (sizeof t.table + 4095) / 4096 * 4096;
    put_phdr(2, 6, offset, t.data_at, DATA_SIZE + FLAG_SIZE);
    memcpy(t.file + offset, t.data, DATA_SIZE);
    t.file_len = offset + DATA_SIZE + FLAG_SIZE;
}

static void generate(uint64_t seed, uint32_t count) {
    lay_out();
    t.text.count = 0;
    emit_prologue();
    for (uint32_t i = 0; i < count; i++) {
        emit_sequence(&seed, i);
    }
    t.starts[count] = t.text.count;
    emit_epilogue(count);
    for (size_t i = 0; i < DATA_SIZE; i += 8) {
        store_le64(t.data + i, random_operand(&seed));
    }
    build_file();
}

static void die(const char *what) {
    (void)fprintf(stderr, "machine_qemu: %s: %s\n", what, strerror(errno));
    exit(EXIT_BROKEN);
}

/* Runs the program on our machine, by the engine given; answers whether it exited as it should. */
static bool run_ours(enum machine_status (*run)(struct machine *, uint64_t), size_t expected) {
    struct arena arena;
    struct machine_program program;
    struct guest_memory memory;
    struct machine machine;
    enum machine_verdict verdict;
    arena_init(&arena, &heap_source);
    const enum elf_verdict elf =
        machine_program_load(&program, &arena, bytes_from(t.file, t.file_len));
    if (elf != ELF_VALID) {
        (void)fprintf(stderr, "machine_qemu: our machine refuses: %s\n", elf_verdict_text(elf));
        exit(EXIT_BROKEN);
    }
    if (failed(guest_memory_create(&memory))) die("memory");
    const struct machine_setup setup = {
        .program = &program, .memory = &memory.memory, .output_capacity = MACHINE_OUTPUT_MAX};
    if (failed(machine_start(&machine, &verdict, &setup))) die("memory");
    (void)run(&machine, (uint64_t)1 << 40);
    const struct machine_result result = machine_result(&machine);
    const bool good =
        result.status == MACHINE_EXIT && result.code == 0 && result.output.len == expected;
    if (good) {
        memcpy(t.ours, result.output.data, expected);
    } else {
        (void)fprintf(
            stderr, "machine_qemu: ours ended with %s %" PRIu32 " at 0x%" PRIx64 "\n",
            machine_status_text(result.status), result.code, result.pc
        );
    }
    guest_memory_destroy(&memory);
    arena_reset(&arena);
    return good;
}

static size_t read_all(int fd) {
    size_t len = 0;
    while (len < sizeof t.theirs) {
        const ssize_t got = read(fd, t.theirs + len, sizeof t.theirs - len);
        if (got < 0) die("reading from qemu-riscv64");
        if (got == 0) break;
        len += (size_t)got;
    }
    return len;
}

static const char *write_image(void) {
    static char path[256];
    const char *folder = getenv("TMPDIR");
    (void)snprintf(path, sizeof path, "%s/machine_qemu_XXXXXX", folder == NULL ? "/tmp" : folder);
    const int fd = mkstemp(path);
    if (fd < 0) die("a temporary file");
    for (size_t done = 0; done < t.file_len;) {
        const ssize_t put = write(fd, t.file + done, t.file_len - done);
        if (put <= 0) die("writing the image");
        done += (size_t)put;
    }
    if (fchmod(fd, 0700) != 0 || close(fd) != 0) die("writing the image");
    return path;
}

/* false: qemu-riscv64 is not there. */
static bool run_theirs(size_t *len, int *exit_status) {
    const char *path = write_image();
    int fds[2];
    if (pipe(fds) != 0) die("pipe");
    const pid_t child = fork();
    if (child < 0) die("fork");
    if (child == 0) {
        if (dup2(fds[1], STDOUT_FILENO) < 0) _exit(EXIT_BROKEN);
        (void)close(fds[0]);
        (void)close(fds[1]);
        (void)execlp("qemu-riscv64", "qemu-riscv64", path, (char *)NULL);
        _exit(127);
    }
    (void)close(fds[1]);
    *len = read_all(fds[0]);
    (void)close(fds[0]);
    int status;
    if (waitpid(child, &status, 0) != child) die("waiting for qemu-riscv64");
    (void)unlink(path);
    *exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return *exit_status != 127;
}

static void show_sequence(uint32_t index) {
    for (uint32_t i = t.starts[index]; i < t.starts[index + 1]; i++) {
        char text[RV_TEXT_MAX];
        (void)rv_disassemble(text, TEST_TEXT + 4 * (uint64_t)i, t.text.words[i]);
        (void)fprintf(stderr, "  %" PRIx32 ": %s\n", TEST_TEXT + 4 * i, text);
    }
}

static void show_difference(uint64_t seed, uint32_t count) {
    size_t at = 0;
    while (t.ours[at] == t.theirs[at]) {
        at++;
    }
    at -= at % 8;
    const uint32_t index = (uint32_t)(at / SEQUENCE_OUTPUT);
    (void)fprintf(
        stderr,
        "machine_qemu: --seed %" PRIu64 " differs: ours 0x%" PRIx64 ", qemu 0x%" PRIx64 ", ", seed,
        load_le64(t.ours + at), load_le64(t.theirs + at)
    );
    if (index >= count) {
        (void)fprintf(stderr, "in memory at offset %zu\n", at - (size_t)count * SEQUENCE_OUTPUT);
        return;
    }
    const unsigned reg = (unsigned)(at % SEQUENCE_OUTPUT / 8 + 1);
    (void)fprintf(stderr, "in %s of sequence %" PRIu32 ":\n", rv_register_name(reg), index);
    show_sequence(index);
}

/* One program; answers the exit status. */
static int compare(uint64_t seed, uint32_t count) {
    generate(seed, count);
    const size_t expected = (size_t)count * SEQUENCE_OUTPUT + DATA_SIZE;
    size_t len;
    int exit_status;
    if (!run_theirs(&len, &exit_status)) return EXIT_SKIPPED;
    if (exit_status != 0 || len != expected) {
        (void)fprintf(
            stderr, "machine_qemu: --seed %" PRIu64 ": qemu-riscv64 ended with %d and %zu bytes\n",
            seed, exit_status, len
        );
        return EXIT_BROKEN;
    }
    enum machine_status (*const engines[]
    )(struct machine *, uint64_t) = {machine_run, machine_run_plain};
    for (size_t i = 0; i < ARRAY_LEN(engines); i++) {
        if (!run_ours(engines[i], expected)) return 1;
        if (memcmp(t.ours, t.theirs, expected) == 0) continue;
        (void)fprintf(stderr, "%s: ", i == 0 ? "the interpreter" : "the plain twin");
        show_difference(seed, count);
        return 1;
    }
    return 0;
}

static int skip(uint64_t count) {
    (void)printf("machine_qemu: skipped %" PRIu64 " sequences: no qemu-riscv64\n", count);
    const char *ci = getenv("CI");
    return ci != NULL && strcmp(ci, "true") == 0 ? 1 : EXIT_SKIPPED;
}

int main(int argc, char **argv) {
    static const struct option options[] = {
        {"count", required_argument, NULL, 'c'},
        {"seed", required_argument, NULL, 's'},
        {NULL, 0, NULL, 0}};
    uint64_t count = 2000, seed = 1;
    for (int id; (id = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (id == 'c')
            count = strtoull(optarg, NULL, 10);
        else if (id == 's')
            seed = strtoull(optarg, NULL, 10);
        else
            return 2;
    }
    struct timespec before, after;
    (void)clock_gettime(CLOCK_MONOTONIC, &before);
    uint64_t done = 0, instructions = 0;
    for (uint64_t batch_seed = seed; done < count; batch_seed++) {
        const uint64_t left = count - done;
        const uint32_t batch = (uint32_t)(left < BATCH_MAX ? left : BATCH_MAX);
        const int status = compare(batch_seed, batch);
        if (status == EXIT_SKIPPED) return skip(count);
        if (status != 0) return status;
        done += batch;
        instructions += t.text.count;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &after);
    (void)printf(
        "machine_qemu: %" PRIu64 " sequences (%" PRIu64 " instructions of text), seed %" PRIu64
        ", both engines equal qemu-riscv64, %.1f s\n",
        done, instructions, seed,
        (double)(after.tv_sec - before.tv_sec) + (double)(after.tv_nsec - before.tv_nsec) * 1e-9
    );
    return 0;
}
