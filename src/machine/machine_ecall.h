/* machine_ecall: what an environment call does and costs; both engines use it.
 *
 * MACHINE.md 3.5. The number is a7, arguments are a0 to a2, the result goes to a0. Inside the layer
 * only. Pure.
 */
#ifndef MACHINE_MACHINE_ECALL_H
#define MACHINE_MACHINE_ECALL_H

#include "machine/machine.h"

enum {
    ECALL_LOG = 64,
    ECALL_EXIT = 93,
    ECALL_VERSION = 0x5000,
    ECALL_KECCAKF = 0x5001,
    ECALL_SHA256_COMPRESS = 0x5002,
    ECALL_MULMOD256 = 0x5003,
    ECALL_MULADD256 = 0x5004,
    ECALL_SECP256K1_ADD = 0x5010,
    ECALL_SECP256K1_DOUBLE = 0x5011,
    ECALL_P256_ADD = 0x5012,
    ECALL_P256_DOUBLE = 0x5013,
    ECALL_MEMCPY = 0x5050,
};

/* MACHINE_RUNNING: done, a0 is set. MACHINE_EXIT: the program ends with code, output_len is set.
 * MACHINE_TRAP: code is the cause. MACHINE_OUT_OF_CYCLES: extra is above the limit. In the last two
 * cases nothing was changed. */
struct machine_ecall {
    enum machine_status status;
    uint32_t code;
    uint64_t extra; /* cycles beyond the one of the instruction */
};

struct machine_ecall machine_ecall(struct machine *machine, uint64_t extra_limit);

#endif
