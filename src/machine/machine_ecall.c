#include "machine/machine_ecall.h"

#include "base/u256.h"
#include "crypto/curve256.h"
#include "crypto/keccak.h"
#include "crypto/sha256.h"

enum { A0 = 10, A1 = 11, A2 = 12, A7 = 17 };

enum {
    LOG_FD = 2, /* stderr, so that the same program logs under Linux */
    KECCAK_LANES = 25,
    SHA256_WORDS = 8,
    EXIT_CODE_MASK = 0xff,
};

#define VERSION_WORD ((uint64_t)MACHINE_ISA_VERSION | (uint64_t)MACHINE_ABI_VERSION << 16)

/* One ecall. check judges the arguments and changes nothing; effect happens only after the cycles
 * were found to suffice, and answers a0. Where length_register names a length, each 8 bytes begun
 * cost one cycle more. */
struct row {
    uint64_t number;
    uint64_t extra;
    bool (*check)(const struct machine *machine);
    uint64_t (*effect)(struct machine *machine);
    uint8_t length_register; /* 0: none */
};

static uint32_t address(const struct machine *machine, unsigned index) {
    return (uint32_t)machine->x[index];
}

static bool source(
    const struct machine *machine, unsigned index, uint64_t size, uint32_t alignment
) {
    const uint32_t start = address(machine, index);
    return start % alignment == 0 && machine_memory_allows(machine->memory, start, size, PAGE_READ);
}

static bool in_place(
    const struct machine *machine, unsigned index, uint64_t size, uint32_t alignment
) {
    const uint32_t start = address(machine, index);
    return source(machine, index, size, alignment) &&
        machine_memory_allows(machine->memory, start, size, PAGE_WRITE);
}

static void read_memory(const struct machine *machine, void *out, unsigned index, uint64_t size) {
    memcpy(out, machine->memory->bytes + address(machine, index), size);
}

static void write_memory(struct machine *machine, unsigned index, const void *data, uint64_t size) {
    const uint32_t start = address(machine, index);
    machine_memory_touch(machine->memory, start, size);
    memcpy(machine->memory->bytes + start, data, size);
}

static bool check_nothing(const struct machine *machine) {
    (void)machine;
    return true;
}

static uint64_t effect_version(struct machine *machine) {
    (void)machine;
    return VERSION_WORD;
}

static bool check_log(const struct machine *machine) {
    return machine->x[A0] == LOG_FD && source(machine, A1, machine->x[A2], 1);
}

static uint64_t effect_log(struct machine *machine) {
    const uint64_t len = machine->x[A2];
    if (machine->log != NULL && len > 0) {
        machine->log(
            machine->log_ctx, bytes_from(machine->memory->bytes + address(machine, A1), len)
        );
    }
    return len;
}

static bool check_keccakf(const struct machine *machine) {
    return in_place(machine, A0, sizeof(uint64_t[KECCAK_LANES]), sizeof(uint64_t));
}

static uint64_t effect_keccakf(struct machine *machine) {
    uint64_t state[KECCAK_LANES];
    read_memory(machine, state, A0, sizeof state);
    keccakf1600(state);
    write_memory(machine, A0, state, sizeof state);
    return 0;
}

/* The block is 16 big-endian words: a u32 operand. */
static bool check_sha256(const struct machine *machine) {
    return in_place(machine, A0, sizeof(uint32_t[SHA256_WORDS]), sizeof(uint32_t)) &&
        source(machine, A1, SHA256_BLOCK_SIZE, sizeof(uint32_t));
}

static uint64_t effect_sha256(struct machine *machine) {
    uint32_t state[SHA256_WORDS];
    uint8_t block[SHA256_BLOCK_SIZE];
    read_memory(machine, state, A0, sizeof state);
    read_memory(machine, block, A1, sizeof block);
    sha256_compress(state, block);
    write_memory(machine, A0, state, sizeof state);
    return 0;
}

static bool check_mulmod(const struct machine *machine) {
    return in_place(machine, A0, sizeof(struct u256), sizeof(uint64_t)) &&
        source(machine, A1, sizeof(struct u256), sizeof(uint64_t)) &&
        source(machine, A2, sizeof(struct u256), sizeof(uint64_t));
}

static uint64_t effect_mulmod(struct machine *machine) {
    struct u256 x, y, modulus, out;
    read_memory(machine, &x, A0, sizeof x);
    read_memory(machine, &y, A1, sizeof y);
    read_memory(machine, &modulus, A2, sizeof modulus);
    if (u256_is_zero(&modulus)) {
        u256_mul_wrapping(&out, &x, &y);
    } else {
        u256_mulmod(&out, &x, &y, &modulus);
    }
    write_memory(machine, A0, &out, sizeof out);
    return 0;
}

static bool check_muladd(const struct machine *machine) {
    return in_place(machine, A0, sizeof(uint64_t[8]), sizeof(uint64_t)) &&
        source(machine, A1, sizeof(struct u256), sizeof(uint64_t));
}

static uint64_t effect_muladd(struct machine *machine) {
    struct u256 operands[2], y; /* x, z */
    read_memory(machine, operands, A0, sizeof operands);
    read_memory(machine, &y, A1, sizeof y);
    uint64_t product[8];
    u256_mul_full(product, &operands[0], &y);
    uint128 carry = 0; /* x * y + z is below 2^512, so nothing is carried out of the top */
    for (unsigned i = 0; i < ARRAY_LEN(product); i++) {
        carry += (uint128)product[i] + (i < 4 ? operands[1].limb[i] : 0);
        product[i] = (uint64_t)carry;
        carry >>= 64;
    }
    write_memory(machine, A0, product, sizeof product);
    return 0;
}

/* Points are x and y; what a call must refuse is judged here, so that its effect cannot fail. */

static bool is_in_field(const struct curve256_affine *point, const struct curve256 *curve) {
    return u256_less(&point->x, &curve->prime) && u256_less(&point->y, &curve->prime);
}

static bool check_add(const struct machine *machine, enum curve256_id id) {
    struct curve256_affine point, other;
    if (!in_place(machine, A0, sizeof point, sizeof(uint64_t))) return false;
    if (!source(machine, A1, sizeof other, sizeof(uint64_t))) return false;
    read_memory(machine, &point, A0, sizeof point);
    read_memory(machine, &other, A1, sizeof other);
    return is_in_field(&point, &curve256_all[id]) && is_in_field(&other, &curve256_all[id]) &&
        !u256_equal(&point.x, &other.x);
}

static uint64_t effect_add(struct machine *machine, enum curve256_id id) {
    struct curve256_affine point, other;
    read_memory(machine, &point, A0, sizeof point);
    read_memory(machine, &other, A1, sizeof other);
    const bool is_done = curve256_chord(&curve256_all[id], &point, &other);
    ASSERT(is_done);
    write_memory(machine, A0, &point, sizeof point);
    return 0;
}

static bool check_double(const struct machine *machine, enum curve256_id id) {
    struct curve256_affine point;
    if (!in_place(machine, A0, sizeof point, sizeof(uint64_t))) return false;
    read_memory(machine, &point, A0, sizeof point);
    return is_in_field(&point, &curve256_all[id]) && !u256_is_zero(&point.y);
}

static uint64_t effect_double(struct machine *machine, enum curve256_id id) {
    struct curve256_affine point;
    read_memory(machine, &point, A0, sizeof point);
    const bool is_done = curve256_tangent(&curve256_all[id], &point);
    ASSERT(is_done);
    write_memory(machine, A0, &point, sizeof point);
    return 0;
}

static bool check_secp256k1_add(const struct machine *machine) {
    return check_add(machine, CURVE256_SECP256K1);
}

static uint64_t effect_secp256k1_add(struct machine *machine) {
    return effect_add(machine, CURVE256_SECP256K1);
}

static bool check_secp256k1_double(const struct machine *machine) {
    return check_double(machine, CURVE256_SECP256K1);
}

static uint64_t effect_secp256k1_double(struct machine *machine) {
    return effect_double(machine, CURVE256_SECP256K1);
}

static bool check_p256_add(const struct machine *machine) {
    return check_add(machine, CURVE256_P256);
}

static uint64_t effect_p256_add(struct machine *machine) {
    return effect_add(machine, CURVE256_P256);
}

static bool check_p256_double(const struct machine *machine) {
    return check_double(machine, CURVE256_P256);
}

static uint64_t effect_p256_double(struct machine *machine) {
    return effect_double(machine, CURVE256_P256);
}

static bool check_memcpy(const struct machine *machine) {
    const uint64_t size = machine->x[A2];
    if (size == 0) return true;
    if (!source(machine, A1, size, 1)) return false;
    if (!machine_memory_allows(machine->memory, address(machine, A0), size, PAGE_WRITE)) {
        return false;
    }
    const uint64_t to = address(machine, A0);
    const uint64_t from = address(machine, A1);
    return to + size <= from || from + size <= to;
}

static uint64_t effect_memcpy(struct machine *machine) {
    const uint64_t size = machine->x[A2];
    if (size > 0) {
        write_memory(machine, A0, machine->memory->bytes + address(machine, A1), size);
    }
    return 0;
}

static const struct row rows[] = {
    {ECALL_LOG, 0, check_log, effect_log, A2},
    {ECALL_VERSION, 0, check_nothing, effect_version, 0},
    {ECALL_KECCAKF, 1920, check_keccakf, effect_keccakf, 0},
    {ECALL_SHA256_COMPRESS, 690, check_sha256, effect_sha256, 0},
    {ECALL_MULMOD256, 16, check_mulmod, effect_mulmod, 0},
    {ECALL_MULADD256, 16, check_muladd, effect_muladd, 0},
    {ECALL_SECP256K1_ADD, 64, check_secp256k1_add, effect_secp256k1_add, 0},
    {ECALL_SECP256K1_DOUBLE, 64, check_secp256k1_double, effect_secp256k1_double, 0},
    {ECALL_P256_ADD, 64, check_p256_add, effect_p256_add, 0},
    {ECALL_P256_DOUBLE, 64, check_p256_double, effect_p256_double, 0},
    {ECALL_MEMCPY, 1, check_memcpy, effect_memcpy, A2},
};

static struct machine_ecall trap(enum machine_trap cause) {
    return (struct machine_ecall){MACHINE_TRAP, cause, 0};
}

/* The one ecall that ends the run: it changes no register. */
static struct machine_ecall exit_program(struct machine *machine) {
    const uint64_t output_len = machine->x[A1];
    if (output_len > machine->output_capacity) return trap(TRAP_OUTPUT_FULL);
    machine->output_len = (uint32_t)output_len;
    return (struct machine_ecall){MACHINE_EXIT, (uint32_t)(machine->x[A0] & EXIT_CODE_MASK), 0};
}

struct machine_ecall machine_ecall(struct machine *machine, uint64_t extra_limit) {
    const uint64_t number = machine->x[A7];
    if (number == ECALL_EXIT) return exit_program(machine);

    const struct row *row = NULL;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].number == number) row = &rows[i];
    }
    if (row == NULL) return trap(TRAP_BAD_ECALL);
    if (!row->check(machine)) return trap(TRAP_BAD_ARGUMENT);

    uint64_t extra = row->extra;
    if (row->length_register != 0) {
        const uint64_t len = machine->x[row->length_register];
        extra += len / 8 + (len % 8 != 0); /* check has seen that len is within the space */
    }
    if (extra > extra_limit) return (struct machine_ecall){MACHINE_OUT_OF_CYCLES, 0, 0};
    machine->x[A0] = row->effect(machine);
    return (struct machine_ecall){MACHINE_RUNNING, 0, extra};
}
