/* infinity: what a program for Infinity's machine is written against.
 *
 *     #include <infinity.h>
 *
 *     int main(void) {
 *         const struct infinity_span in = infinity_onchain_input();
 *         ... compute ...
 *         write_output(answer, sizeof answer);
 *         return 0;                              // the job's exit code; 0 is success
 *     }
 *
 * `guest/build prog.c` makes prog.elf, a static rv64im image that runs on every node, and the same
 * file runs under qemu-riscv64, where standard input is INPUT and the output goes to standard output.
 * picolibc is there (string.h, stdlib.h with malloc, math.h ...); files, clocks and threads are not.
 *
 * read_input and write_output follow the zkvm-standards' io-interface.
 */
#ifndef INFINITY_H
#define INFINITY_H

#include <stddef.h>
#include <stdint.h>

/* The whole private input, which stays readable and unchanged; idempotent. For a job it holds the
 * two parts below, each behind its length. */
void read_input(const uint8_t **data, size_t *size);

/* Appends to the public output. An output longer than what the job allows ends the program with the
 * trap OUTPUT_FULL. */
void write_output(const uint8_t *data, size_t size);

struct infinity_span {
    const uint8_t *data;
    size_t size;
};

/* The parts of a job's input: what stands on chain in the request, and what was published beside it.
 * An input that is not made of two parts ends the program with INFINITY_BAD_JOB_INPUT. */
struct infinity_span infinity_onchain_input(void);
struct infinity_span infinity_offchain_input(void);

enum { INFINITY_BAD_JOB_INPUT = 254 };

/* Ends the program now: 0 to 255, as by return from main. */
_Noreturn void infinity_exit(int code);

/* Debug text, to whoever runs the program with its log on; no part of any result. */
void infinity_log(const char *text);

/* Each is one call of the machine, in hundreds of cycles instead of thousands of instructions. */

/* Keccak-f[1600] in place, lane x + 5 y. */
void infinity_keccakf(uint64_t state[25]);

/* One block into a SHA-256 state; both at multiples of 4. */
void infinity_sha256_compress(uint32_t state[8], const uint8_t block[64]);

/* x = x * y mod m, least significant limb first; m = 0 stands for 2^256. */
void infinity_mulmod256(uint64_t x[4], const uint64_t y[4], const uint64_t m[4]);

/* x * y + z in place of x (limbs 0 to 3) and z (4 to 7): 512 bits. */
void infinity_muladd256(uint64_t xz[8], const uint64_t y[4]);

/* Points of secp256k1 and P-256 as x and y, least significant limb first, below the prime: else, and
 * where x is the same in a sum or y is 0 in a doubling, the program ends with the trap BAD_ARGUMENT. The
 * first operand becomes the result. Points are not checked to be on the curve. */
void infinity_secp256k1_add(uint64_t point[8], const uint64_t other[8]);
void infinity_secp256k1_double(uint64_t point[8]);
void infinity_p256_add(uint64_t point[8], const uint64_t other[8]);
void infinity_p256_double(uint64_t point[8]);

/* The same block in plain instructions, for whom cycles do not matter or no call is wanted. */
void infinity_sha256_compress_software(uint32_t state[8], const uint8_t block[64]);

/* Hashes over those calls, at once or piece by piece. */
void infinity_keccak256(uint8_t out[32], const void *data, size_t size);

struct infinity_keccak {
    uint64_t state[25];
    size_t filled; /* bytes of the block in the making */
};

void infinity_keccak_start(struct infinity_keccak *hasher);
void infinity_keccak_add(struct infinity_keccak *hasher, const void *data, size_t size);
void infinity_keccak_finish(struct infinity_keccak *hasher, uint8_t out[32]);

void infinity_sha256(uint8_t out[32], const void *data, size_t size);

#endif
