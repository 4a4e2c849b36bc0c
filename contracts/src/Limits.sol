pragma solidity 0.8.37;

// Every limit of the coprocessor that the contracts enforce. src/job/limits.h names the same values;
// contracts/check compares the two files. CYCLES_PER_BLOCK depends on the block time and stands in
// JobManager's storage.

uint256 constant JOB_INPUT_MAX = 65_536; // bytes
uint256 constant JOB_OUTPUT_MAX = 65_536; // bytes
uint256 constant IMAGE_MAX = 122_880; // bytes of an ELF file submitted in calldata
uint32 constant PROGRAM_PAGES_MAX = 65_536; // 256 MiB of RAM in pages of 4 KiB
uint64 constant JOB_CYCLES_MAX = 10_000_000_000;
uint256 constant JOB_BASE = 100_000; // cycles that starting a run costs a validator
uint256 constant PAGE_WEIGHT = 100; // cycles that first touching a page costs a validator
uint64 constant MAX_BACKLOG_BLOCKS = 256;
uint64 constant ANSWER_BLOCKS = 256;
uint64 constant INCLUSION_SLACK = 8; // blocks
uint64 constant CALLBACK_GAS_MAX = 8_000_000;
uint256 constant CALLBACK_RESERVE = 30_000; // gas that stays with JobManager around a callback
uint256 constant REVERT_DATA_MAX = 256; // bytes of a failed callback's reason that are kept

// The gas that one posting is charged for: what a result transaction really burns, rounded up.
// contracts/tests/Gas.t.sol measures that it covers every size of result.
uint256 constant RESULT_BASE_GAS = 160_000;
uint256 constant RESULT_BYTE_GAS = 40; // EIP-7623's floor for a non-zero byte

// The cycle price grows by e for each PRICE_BLOCKS blocks that the queue is behind.
uint256 constant PRICE_BLOCKS = 32;
// A posting moves the stored gas price by 1/GAS_PRICE_STEP of its distance to the base fee.
uint256 constant GAS_PRICE_STEP = 8;
