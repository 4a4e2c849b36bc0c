#include "machine/machine.h"

#include "base/checked.h"
#include "crypto/keccak.h"
#include "machine/memory_tree.h"

enum { SP = 2, A0 = 10, A1 = 11, A2 = 12, A3 = 13 };

/* An input's parts: two lengths and the bytes, each part starting at a multiple of 8. */
enum { LENGTH_SIZE = 8 };

static uint64_t pad_to_length(uint64_t size) {
    return (size + LENGTH_SIZE - 1) & ~(uint64_t)(LENGTH_SIZE - 1);
}

uint64_t machine_job_input_size(uint64_t onchain_len, uint64_t offchain_len) {
    /* Each length is judged alone first, so that the sum cannot overflow. */
    if (onchain_len > UINT64_MAX / 4 || offchain_len > UINT64_MAX / 4) return UINT64_MAX;
    return LENGTH_SIZE + pad_to_length(onchain_len) + LENGTH_SIZE + offchain_len;
}

static void put_length(struct machine_memory *memory, uint32_t at, uint64_t len) {
    uint8_t encoded[LENGTH_SIZE];
    store_le64(encoded, len);
    machine_memory_fill(memory, at, BYTES_OF(encoded));
}

static void put_input(struct machine_memory *memory, const struct machine_setup *setup) {
    if (!setup->job) {
        machine_memory_fill(memory, MACHINE_INPUT, setup->input);
        return;
    }
    const uint32_t offchain_at =
        (uint32_t)(MACHINE_INPUT + LENGTH_SIZE + pad_to_length(setup->onchain.len));
    put_length(memory, MACHINE_INPUT, setup->onchain.len);
    machine_memory_fill(memory, MACHINE_INPUT + LENGTH_SIZE, setup->onchain);
    put_length(memory, offchain_at, setup->offchain.len);
    machine_memory_fill(memory, offchain_at + LENGTH_SIZE, setup->offchain);
}

static bool map_all(
    struct machine_memory *memory, const struct elf_image *image, uint64_t input_len
) {
    struct machine_range ranges[MACHINE_RANGES_MAX];
    const size_t range_count = machine_image_ranges(ranges, image);
    for (size_t i = 0; i < range_count; i++) {
        if (!machine_memory_map(memory, ranges[i].start, ranges[i].size, ranges[i].permissions)) {
            return false;
        }
    }
    const uint64_t input_size =
        (input_len + MACHINE_PAGE_SIZE - 1) & ~(uint64_t)(MACHINE_PAGE_SIZE - 1);
    return machine_memory_map(memory, MACHINE_INPUT, input_size, PAGE_READ);
}

struct status machine_start(
    struct machine *machine, enum machine_verdict *verdict, const struct machine_setup *setup
) {
    ASSERT(setup->output_capacity <= MACHINE_OUTPUT_MAX);
    const struct elf_image *image = &setup->program->image;
    const uint64_t input_len = setup->job
        ? machine_job_input_size(setup->onchain.len, setup->offchain.len)
        : setup->input.len;
    *machine = (struct machine){0};
    *verdict = input_len > MACHINE_INPUT_MAX ? MACHINE_INPUT_TOO_LONG : MACHINE_READY;
    if (*verdict != MACHINE_READY) return status_ok;

    if (!map_all(setup->memory, image, input_len)) {
        return status_make(STATUS_NO_SPACE, 0, "mapping the memory of a program");
    }
    for (uint32_t i = 0; i < image->segment_count; i++) {
        machine_memory_fill(setup->memory, image->segments[i].address, image->segments[i].data);
    }
    put_input(setup->memory, setup);

    machine->pc = image->entry;
    machine->x[SP] = image->image_lo;
    machine->x[A0] = MACHINE_INPUT;
    machine->x[A1] = input_len;
    machine->x[A2] = MACHINE_OUTPUT;
    machine->x[A3] = setup->output_capacity;
    machine->output_capacity = (uint32_t)setup->output_capacity;
    machine->program = setup->program;
    machine->memory = setup->memory;
    machine->log = setup->log;
    machine->log_ctx = setup->log_ctx;
    return status_ok;
}

struct machine_result machine_result(const struct machine *machine) {
    return (struct machine_result){
        machine->status, machine->code,
        machine->pc,     machine->steps,
        machine->cycles, bytes_from(machine->memory->bytes + MACHINE_OUTPUT, machine->output_len),
    };
}

void machine_state_hash(struct hash *out, const struct machine *machine) {
    uint64_t fields[1 + 31 + 5];
    size_t count = 0;
    fields[count++] = machine->pc;
    for (unsigned i = 1; i < MACHINE_REGISTERS; i++) {
        fields[count++] = machine->x[i];
    }
    fields[count++] = machine->steps;
    fields[count++] = machine->cycles;
    fields[count++] = machine->status;
    fields[count++] = machine->code;
    fields[count++] = machine->output_len;
    ASSERT(count == ARRAY_LEN(fields));

    struct hash memory_root;
    memory_tree_root(&memory_root, machine->memory);
    struct keccak256 hasher;
    keccak256_init(&hasher);
    keccak256_update(&hasher, BYTES_OF(fields)); /* little-endian, as the host is */
    keccak256_update(&hasher, BYTES_OF(memory_root));
    keccak256_update(&hasher, BYTES_OF(machine->program->id));
    keccak256_final(&hasher, out);
}

const char *machine_status_text(enum machine_status status) {
    switch (status) {
    case MACHINE_RUNNING: return "running";
    case MACHINE_EXIT: return "exit";
    case MACHINE_TRAP: return "trap";
    case MACHINE_OUT_OF_CYCLES: return "out_of_cycles";
    }
    return "unknown";
}

const char *machine_trap_text(uint32_t cause) {
    switch ((enum machine_trap)cause) {
    case TRAP_ILLEGAL: return "illegal instruction";
    case TRAP_MISALIGNED_JUMP: return "jump to an address that is not a multiple of 4";
    case TRAP_FETCH: return "execution outside the text";
    case TRAP_LOAD: return "load from memory that is not readable";
    case TRAP_STORE: return "store to memory that is not writable";
    case TRAP_EBREAK: return "ebreak";
    case TRAP_BAD_ECALL: return "unknown ecall";
    case TRAP_BAD_ARGUMENT: return "bad argument of an ecall";
    case TRAP_OUTPUT_FULL: return "output longer than its capacity";
    }
    return "unknown trap";
}
