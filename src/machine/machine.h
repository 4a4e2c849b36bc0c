/* machine: the one RISC-V machine: a program, its memory, registers and counters, and how it runs.
 *
 * MACHINE.md 3. A run is a pure function of program, input, output capacity and cycle limit: two
 * engines, the interpreter and the plain step, give the same result to the last bit, and so does
 * any way of splitting a run. There is no failure while running: memory is taken at the start.
 *
 *     machine_program_load(&program, &arena, file)          once a program
 *     machine_start(&machine, &verdict, &setup)             once a job, with memory that is all zeros
 *     machine_run(&machine, max_cycles)                     to the end, or in slices (see there)
 *     machine_result(&machine)
 *
 * Not thread-safe: one thread a machine. Pure; allocates nothing.
 */
#ifndef MACHINE_MACHINE_H
#define MACHINE_MACHINE_H

#include "base/status.h"
#include "machine/machine_program.h"

enum machine_status {
    MACHINE_RUNNING = 0,
    MACHINE_EXIT = 1,          /* code is the exit code, 0 to 255 */
    MACHINE_TRAP = 2,          /* code is an enum machine_trap */
    MACHINE_OUT_OF_CYCLES = 3, /* code is 0; goes on when run again with a higher limit */
};

enum machine_trap {
    TRAP_ILLEGAL = 1,
    TRAP_MISALIGNED_JUMP = 2,
    TRAP_FETCH = 3,
    TRAP_LOAD = 4,
    TRAP_STORE = 5,
    TRAP_EBREAK = 6,
    TRAP_BAD_ECALL = 7,
    TRAP_BAD_ARGUMENT = 8,
    TRAP_OUTPUT_FULL = 9,
};

/* Cycle limits are below this. */
#define MACHINE_CYCLES_END ((uint64_t)1 << 63)

enum {
    MACHINE_REGISTERS = 32,
    MACHINE_SINK = 32, /* where results for x0 go, so that x[0] stays 0 without a test */
};

struct machine {
    uint64_t x[MACHINE_REGISTERS + 1];
    uint64_t pc;
    uint64_t steps, cycles;
    uint64_t
        misaligned; /* loads and stores so far whose address was not a multiple of their size */
    enum machine_status status;
    uint32_t code;
    uint32_t output_len; /* 0 unless MACHINE_EXIT */
    uint32_t output_capacity;
    const struct machine_program *program;
    struct machine_memory *memory;
    /* Takes what the program logs; NULL drops it. Nothing that it does can reach the program. */
    void (*log)(void *ctx, struct bytes text);
    void *log_ctx;
};

/* What a run starts from. input is the raw INPUT region, or where job is set it is built of
 * onchain and offchain: u64 LE length, bytes, zeros to a multiple of 8, u64 LE length, bytes. */
struct machine_setup {
    const struct machine_program *program; /* outlives the machine, like memory */
    struct machine_memory *memory;         /* all zeros, all flags 0 */
    bool job;
    struct bytes input;
    struct bytes onchain, offchain;
    uint64_t output_capacity; /* up to MACHINE_OUTPUT_MAX */
    void (*log)(void *ctx, struct bytes text);
    void *log_ctx;
};

enum machine_verdict {
    MACHINE_READY = 0,
    MACHINE_INPUT_TOO_LONG, /* longer than MACHINE_INPUT_MAX, lengths and padding included */
};

/* Puts the initial state into *machine. A failure (STATUS_NO_SPACE) is the host's, never a result. */
MUST_USE struct status machine_start(
    struct machine *machine, enum machine_verdict *verdict, const struct machine_setup *setup
);

/* Bytes of INPUT that such inputs make, saturating at UINT64_MAX. */
uint64_t machine_job_input_size(uint64_t onchain_len, uint64_t offchain_len);

/* Runs until the program ends or the next instruction would take cycles above max_cycles
 * (< MACHINE_CYCLES_END, counted from the start of the program, not of this call). After
 * MACHINE_OUT_OF_CYCLES a call with a higher limit goes on as if it had never stopped: so a caller
 * that wants to look at a flag or a clock raises the limit slice by slice up to the job's own.
 * A machine that has ended stays as it is. */
enum machine_status machine_run(struct machine *machine, uint64_t max_cycles);

/* The same by the plain twin: one instruction, or to the end. */
enum machine_status machine_step(struct machine *machine, uint64_t max_cycles);
enum machine_status machine_run_plain(struct machine *machine, uint64_t max_cycles);

struct machine_result {
    enum machine_status status;
    uint32_t code;
    uint64_t pc, steps, cycles;
    struct bytes output; /* borrowed from the machine's memory; empty unless MACHINE_EXIT */
};

struct machine_result machine_result(const struct machine *machine);

/* MACHINE.md 3.6. Costs what memory_tree_root does. */
void machine_state_hash(struct hash *out, const struct machine *machine);

/* "exit", "trap", "out_of_cycles", "running"; and a trap's cause in words. */
const char *machine_status_text(enum machine_status status);
const char *machine_trap_text(uint32_t cause);

#endif
