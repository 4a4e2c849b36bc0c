/* limits: every limit of the coprocessor, and what prices start from.
 *
 * COPROCESSOR.md's table and docs/decisions/0051. JobManager and ProgramRegistry enforce the same
 * values (contracts/src/Limits.sol; contracts/check compares the two files), infinity_getLimits
 * shows them. The inclusion rule's gas is half of the block's gas limit and has no number here.
 */
#ifndef JOB_LIMITS_H
#define JOB_LIMITS_H

#include "base/compiler.h"

#define JOB_INPUT_MAX           ((size_t)65536)  /* bytes of on-chain input */
#define JOB_OUTPUT_MAX          ((size_t)65536)  /* bytes; what a program finds in a3 */
#define IMAGE_MAX               ((size_t)122880) /* bytes of an ELF file submitted in calldata */

#define PROGRAM_PAGES_MAX       ((uint32_t)65536)                   /* of 4 KiB */
#define PROGRAM_RAM_MAX         ((uint64_t)PROGRAM_PAGES_MAX << 12) /* bytes: 256 MiB */

#define JOB_CYCLES_MAX          UINT64_C(10000000000)
#define JOB_BASE                UINT64_C(100000) /* cycles that starting a run costs a validator */
#define PAGE_WEIGHT             UINT64_C(100) /* cycles that first touching a page costs a validator */

#define CYCLES_PER_BLOCK_SECOND UINT64_C(100000000) /* CYCLES_PER_BLOCK, a second of block time */

#define MAX_BACKLOG_BLOCKS      UINT64_C(256)
#define ANSWER_BLOCKS           UINT64_C(256)
#define INCLUSION_SLACK         UINT64_C(8) /* blocks */

#define CALLBACK_GAS_MAX        UINT64_C(8000000)
#define CALLBACK_RESERVE        UINT64_C(30000) /* gas that stays with JobManager around a callback */
#define REVERT_DATA_MAX         ((size_t)256)   /* bytes of a failed callback's reason in its log */

/* Gas that a posting is charged for, beside the callback's own. */
#define RESULT_BASE_GAS UINT64_C(160000)
#define RESULT_BYTE_GAS UINT64_C(40)

#define PRICE_BLOCKS    UINT64_C(32) /* of backlog raise the cycle price by e */
#define GAS_PRICE_STEP  UINT64_C(8)  /* 1/8 of the distance to the base fee a posting */

/* What genesis starts from, in wei. */
#define GENESIS_CYCLE_PRICE UINT64_C(30000000)     /* 100 M cycles like 3 M gas at 1 gwei */
#define GENESIS_GAS_PRICE   UINT64_C(1000000000)   /* the first base fee, 1 gwei */
#define GENESIS_BYTE_FEE    UINT64_C(200000000000) /* of an image: like code deposit at 1 gwei */

/* Nonces of on-chain requests start here; those below belong to signed requests. */
#define JOB_FIRST_NONCE (UINT64_C(1) << 63)

#endif
