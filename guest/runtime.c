/* runtime: start, input and output, exit. Only for the machine; infinity_hash.c runs anywhere. */
#include "infinity.h"

#include <string.h>

enum {
    SYS_READ = 63,
    SYS_WRITE = 64, /* and the machine's log */
    SYS_EXIT = 93,
    SYS_MMAP = 222,
    SYS_MPROTECT = 226,

    FD_IN = 0,
    FD_OUT = 1,
    FD_LOG = 2,

    PROT_READ = 1,
    PROT_READ_WRITE = 3,
    MAP_PRIVATE_FIXED_ANONYMOUS_NORESERVE = 0x4032,

    LINUX_FAILED = 255,
};

#define STACK_LO   0x00010000ul
#define OUTPUT     0xb0000000ul
#define OUTPUT_MAX 0x00100000ul
#define INPUT      0xc0000000ul
#define INPUT_MAX  0x3fff0000ul

extern char __image_lo[], __image_hi[], __ram_end[];

int main(void);

static struct {
    const uint8_t *input;
    size_t input_size;
    uint8_t *output;
    size_t output_capacity, output_size;
    int on_linux;
} job;

static long call(long number, long a, long b, long c, long d, long e, long f) {
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    register long a3 __asm__("a3") = d;
    register long a4 __asm__("a4") = e;
    register long a5 __asm__("a5") = f;
    __asm__ volatile("ecall"
                     : "+r"(a0)
                     : "r"(a7), "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5)
                     : "memory");
    return a0;
}

static _Noreturn void leave(int code, size_t output_size) {
    for (;;) {
        (void)call(SYS_EXIT, code, (long)output_size, 0, 0, 0, 0);
    }
}

static void map(unsigned long start, unsigned long end) {
    if (start == end) return;
    const long got = call(
        SYS_MMAP, (long)start, (long)(end - start), PROT_READ_WRITE,
        MAP_PRIVATE_FIXED_ANONYMOUS_NORESERVE, -1, 0
    );
    if (got != (long)start) leave(LINUX_FAILED, 0);
}

/* Under Linux: the machine's address space, INPUT filled from standard input and then closed to
 * writing. Answers the input's length. */
size_t infinity_linux_map(void);

size_t infinity_linux_map(void) {
    map(STACK_LO, (unsigned long)__image_lo);
    map((unsigned long)__image_hi, (unsigned long)__ram_end);
    map(OUTPUT, OUTPUT + OUTPUT_MAX);
    map(INPUT, INPUT + INPUT_MAX);
    size_t size = 0;
    while (size < INPUT_MAX) {
        const long got =
            call(SYS_READ, FD_IN, (long)(INPUT + size), (long)(INPUT_MAX - size), 0, 0, 0);
        if (got < 0) leave(LINUX_FAILED, 0);
        if (got == 0) break;
        size += (size_t)got;
    }
    if (call(SYS_MPROTECT, (long)INPUT, (long)INPUT_MAX, PROT_READ, 0, 0, 0) < 0) {
        leave(LINUX_FAILED, 0);
    }
    return size;
}

_Noreturn void infinity_start(
    const uint8_t *input, size_t input_size, uint8_t *output, size_t output_capacity, int on_linux
);

_Noreturn void infinity_start(
    const uint8_t *input, size_t input_size, uint8_t *output, size_t output_capacity, int on_linux
) {
    job.input = input;
    job.input_size = input_size;
    job.output = output;
    job.output_capacity = output_capacity;
    job.on_linux = on_linux;
    infinity_exit(main());
}

static void write_to_linux(const uint8_t *data, size_t size) {
    while (size > 0) {
        const long done = call(SYS_WRITE, FD_OUT, (long)data, (long)size, 0, 0, 0);
        if (done <= 0) leave(LINUX_FAILED, 0);
        data += done;
        size -= (size_t)done;
    }
}

void infinity_exit(int code) {
    if (job.on_linux) write_to_linux(job.output, job.output_size);
    leave(code & 0xff, job.output_size);
}

void read_input(const uint8_t **data, size_t *size) {
    *data = job.input;
    *size = job.input_size;
}

void write_output(const uint8_t *data, size_t size) {
    if (size > job.output_capacity - job.output_size) {
        leave(LINUX_FAILED, job.output_capacity + 1); /* the machine traps: OUTPUT_FULL */
    }
    memcpy(job.output + job.output_size, data, size);
    job.output_size += size;
}

/* The part of a job's input that starts at `at`: a length and as many bytes. */
static struct infinity_span part_at(size_t at) {
    uint64_t size;
    if (job.input_size < sizeof size || at > job.input_size - sizeof size) {
        infinity_exit(INFINITY_BAD_JOB_INPUT);
    }
    memcpy(&size, job.input + at, sizeof size);
    at += sizeof size;
    if (size > job.input_size - at) infinity_exit(INFINITY_BAD_JOB_INPUT);
    return (struct infinity_span){job.input + at, size};
}

struct infinity_span infinity_onchain_input(void) {
    return part_at(0);
}

struct infinity_span infinity_offchain_input(void) {
    const struct infinity_span onchain = infinity_onchain_input();
    return part_at(sizeof(uint64_t) + (onchain.size + 7) / 8 * 8);
}

void infinity_log(const char *text) {
    (void)call(SYS_WRITE, FD_LOG, (long)text, (long)strlen(text), 0, 0, 0);
}
