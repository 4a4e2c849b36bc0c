/* opcodes: every instruction of the EVM, as one list that the tables are made from.
 *
 * OP(R, value, NAME, pops, pushes, since, gas): gas is its price in revision R before anything that
 * depends on operands. Yellow Paper, Appendix H; EIPs 7, 140, 145, 150, 211, 214, 1014, 1052, 1153,
 * 1344, 1884, 2929, 3198, 3855, 4844, 5656, 7516, 7939.
 * Internal to the evm layer.
 */
#ifndef EVM_OPCODES_H
#define EVM_OPCODES_H

#include "evm/revision.h"

/* The prices of Frontier, of EIP-150, of EIP-1884 and, for what is warm, of EIP-2929. */
#define OPCODE_REPRICED(R, frontier, tangerine_whistle, istanbul, berlin) \
    ((R) >= EVM_BERLIN                  ? (berlin)                        \
         : (R) >= EVM_ISTANBUL          ? (istanbul)                      \
         : (R) >= EVM_TANGERINE_WHISTLE ? (tangerine_whistle)             \
                                        : (frontier))

/* clang-format off */
#define EVM_OPCODES(OP, R) \
    OP(R, 0x00, STOP,           0, 0, FRONTIER,       0) \
    OP(R, 0x01, ADD,            2, 1, FRONTIER,       3) \
    OP(R, 0x02, MUL,            2, 1, FRONTIER,       5) \
    OP(R, 0x03, SUB,            2, 1, FRONTIER,       3) \
    OP(R, 0x04, DIV,            2, 1, FRONTIER,       5) \
    OP(R, 0x05, SDIV,           2, 1, FRONTIER,       5) \
    OP(R, 0x06, MOD,            2, 1, FRONTIER,       5) \
    OP(R, 0x07, SMOD,           2, 1, FRONTIER,       5) \
    OP(R, 0x08, ADDMOD,         3, 1, FRONTIER,       8) \
    OP(R, 0x09, MULMOD,         3, 1, FRONTIER,       8) \
    OP(R, 0x0a, EXP,            2, 1, FRONTIER,       10) \
    OP(R, 0x0b, SIGNEXTEND,     2, 1, FRONTIER,       5) \
    OP(R, 0x10, LT,             2, 1, FRONTIER,       3) \
    OP(R, 0x11, GT,             2, 1, FRONTIER,       3) \
    OP(R, 0x12, SLT,            2, 1, FRONTIER,       3) \
    OP(R, 0x13, SGT,            2, 1, FRONTIER,       3) \
    OP(R, 0x14, EQ,             2, 1, FRONTIER,       3) \
    OP(R, 0x15, ISZERO,         1, 1, FRONTIER,       3) \
    OP(R, 0x16, AND,            2, 1, FRONTIER,       3) \
    OP(R, 0x17, OR,             2, 1, FRONTIER,       3) \
    OP(R, 0x18, XOR,            2, 1, FRONTIER,       3) \
    OP(R, 0x19, NOT,            1, 1, FRONTIER,       3) \
    OP(R, 0x1a, BYTE,           2, 1, FRONTIER,       3) \
    OP(R, 0x1b, SHL,            2, 1, CONSTANTINOPLE, 3) \
    OP(R, 0x1c, SHR,            2, 1, CONSTANTINOPLE, 3) \
    OP(R, 0x1d, SAR,            2, 1, CONSTANTINOPLE, 3) \
    OP(R, 0x1e, CLZ,            1, 1, OSAKA,          5) \
    OP(R, 0x20, KECCAK256,      2, 1, FRONTIER,       30) \
    OP(R, 0x30, ADDRESS,        0, 1, FRONTIER,       2) \
    OP(R, 0x31, BALANCE,        1, 1, FRONTIER,       OPCODE_REPRICED(R, 20, 400, 700, 100)) \
    OP(R, 0x32, ORIGIN,         0, 1, FRONTIER,       2) \
    OP(R, 0x33, CALLER,         0, 1, FRONTIER,       2) \
    OP(R, 0x34, CALLVALUE,      0, 1, FRONTIER,       2) \
    OP(R, 0x35, CALLDATALOAD,   1, 1, FRONTIER,       3) \
    OP(R, 0x36, CALLDATASIZE,   0, 1, FRONTIER,       2) \
    OP(R, 0x37, CALLDATACOPY,   3, 0, FRONTIER,       3) \
    OP(R, 0x38, CODESIZE,       0, 1, FRONTIER,       2) \
    OP(R, 0x39, CODECOPY,       3, 0, FRONTIER,       3) \
    OP(R, 0x3a, GASPRICE,       0, 1, FRONTIER,       2) \
    OP(R, 0x3b, EXTCODESIZE,    1, 1, FRONTIER,       OPCODE_REPRICED(R, 20, 700, 700, 100)) \
    OP(R, 0x3c, EXTCODECOPY,    4, 0, FRONTIER,       OPCODE_REPRICED(R, 20, 700, 700, 100)) \
    OP(R, 0x3d, RETURNDATASIZE, 0, 1, BYZANTIUM,      2) \
    OP(R, 0x3e, RETURNDATACOPY, 3, 0, BYZANTIUM,      3) \
    OP(R, 0x3f, EXTCODEHASH,    1, 1, CONSTANTINOPLE, OPCODE_REPRICED(R, 400, 400, 700, 100)) \
    OP(R, 0x40, BLOCKHASH,      1, 1, FRONTIER,       20) \
    OP(R, 0x41, COINBASE,       0, 1, FRONTIER,       2) \
    OP(R, 0x42, TIMESTAMP,      0, 1, FRONTIER,       2) \
    OP(R, 0x43, NUMBER,         0, 1, FRONTIER,       2) \
    OP(R, 0x44, PREVRANDAO,     0, 1, FRONTIER,       2) \
    OP(R, 0x45, GASLIMIT,       0, 1, FRONTIER,       2) \
    OP(R, 0x46, CHAINID,        0, 1, ISTANBUL,       2) \
    OP(R, 0x47, SELFBALANCE,    0, 1, ISTANBUL,       5) \
    OP(R, 0x48, BASEFEE,        0, 1, LONDON,         2) \
    OP(R, 0x49, BLOBHASH,       1, 1, CANCUN,         3) \
    OP(R, 0x4a, BLOBBASEFEE,    0, 1, CANCUN,         2) \
    OP(R, 0x50, POP,            1, 0, FRONTIER,       2) \
    OP(R, 0x51, MLOAD,          1, 1, FRONTIER,       3) \
    OP(R, 0x52, MSTORE,         2, 0, FRONTIER,       3) \
    OP(R, 0x53, MSTORE8,        2, 0, FRONTIER,       3) \
    OP(R, 0x54, SLOAD,          1, 1, FRONTIER,       OPCODE_REPRICED(R, 50, 200, 800, 100)) \
    OP(R, 0x55, SSTORE,         2, 0, FRONTIER,       0) \
    OP(R, 0x56, JUMP,           1, 0, FRONTIER,       8) \
    OP(R, 0x57, JUMPI,          2, 0, FRONTIER,       10) \
    OP(R, 0x58, PC,             0, 1, FRONTIER,       2) \
    OP(R, 0x59, MSIZE,          0, 1, FRONTIER,       2) \
    OP(R, 0x5a, GAS,            0, 1, FRONTIER,       2) \
    OP(R, 0x5b, JUMPDEST,       0, 0, FRONTIER,       1) \
    OP(R, 0x5c, TLOAD,          1, 1, CANCUN,         100) \
    OP(R, 0x5d, TSTORE,         2, 0, CANCUN,         100) \
    OP(R, 0x5e, MCOPY,          3, 0, CANCUN,         3) \
    OP(R, 0x5f, PUSH0,          0, 1, SHANGHAI,       2) \
    EVM_OPCODES_STACK(OP, R) \
    OP(R, 0xa0, LOG0,           2, 0, FRONTIER,       375) \
    OP(R, 0xa1, LOG1,           3, 0, FRONTIER,       750) \
    OP(R, 0xa2, LOG2,           4, 0, FRONTIER,       1125) \
    OP(R, 0xa3, LOG3,           5, 0, FRONTIER,       1500) \
    OP(R, 0xa4, LOG4,           6, 0, FRONTIER,       1875) \
    OP(R, 0xf0, CREATE,         3, 1, FRONTIER,       32000) \
    OP(R, 0xf1, CALL,           7, 1, FRONTIER,       OPCODE_REPRICED(R, 40, 700, 700, 100)) \
    OP(R, 0xf2, CALLCODE,       7, 1, FRONTIER,       OPCODE_REPRICED(R, 40, 700, 700, 100)) \
    OP(R, 0xf3, RETURN,         2, 0, FRONTIER,       0) \
    OP(R, 0xf4, DELEGATECALL,   6, 1, HOMESTEAD,      OPCODE_REPRICED(R, 40, 700, 700, 100)) \
    OP(R, 0xf5, CREATE2,        4, 1, CONSTANTINOPLE, 32000) \
    OP(R, 0xfa, STATICCALL,     6, 1, BYZANTIUM,      OPCODE_REPRICED(R, 700, 700, 700, 100)) \
    OP(R, 0xfd, REVERT,         2, 0, BYZANTIUM,      0) \
    OP(R, 0xff, SELFDESTRUCT,   1, 0, FRONTIER,       OPCODE_REPRICED(R, 0, 5000, 5000, 5000))

#define EVM_OPCODES_STACK(OP, R) \
    OP(R, 0x60, PUSH1,          0, 1, FRONTIER,       3) \
    OP(R, 0x61, PUSH2,          0, 1, FRONTIER,       3) \
    OP(R, 0x62, PUSH3,          0, 1, FRONTIER,       3) \
    OP(R, 0x63, PUSH4,          0, 1, FRONTIER,       3) \
    OP(R, 0x64, PUSH5,          0, 1, FRONTIER,       3) \
    OP(R, 0x65, PUSH6,          0, 1, FRONTIER,       3) \
    OP(R, 0x66, PUSH7,          0, 1, FRONTIER,       3) \
    OP(R, 0x67, PUSH8,          0, 1, FRONTIER,       3) \
    OP(R, 0x68, PUSH9,          0, 1, FRONTIER,       3) \
    OP(R, 0x69, PUSH10,         0, 1, FRONTIER,       3) \
    OP(R, 0x6a, PUSH11,         0, 1, FRONTIER,       3) \
    OP(R, 0x6b, PUSH12,         0, 1, FRONTIER,       3) \
    OP(R, 0x6c, PUSH13,         0, 1, FRONTIER,       3) \
    OP(R, 0x6d, PUSH14,         0, 1, FRONTIER,       3) \
    OP(R, 0x6e, PUSH15,         0, 1, FRONTIER,       3) \
    OP(R, 0x6f, PUSH16,         0, 1, FRONTIER,       3) \
    OP(R, 0x70, PUSH17,         0, 1, FRONTIER,       3) \
    OP(R, 0x71, PUSH18,         0, 1, FRONTIER,       3) \
    OP(R, 0x72, PUSH19,         0, 1, FRONTIER,       3) \
    OP(R, 0x73, PUSH20,         0, 1, FRONTIER,       3) \
    OP(R, 0x74, PUSH21,         0, 1, FRONTIER,       3) \
    OP(R, 0x75, PUSH22,         0, 1, FRONTIER,       3) \
    OP(R, 0x76, PUSH23,         0, 1, FRONTIER,       3) \
    OP(R, 0x77, PUSH24,         0, 1, FRONTIER,       3) \
    OP(R, 0x78, PUSH25,         0, 1, FRONTIER,       3) \
    OP(R, 0x79, PUSH26,         0, 1, FRONTIER,       3) \
    OP(R, 0x7a, PUSH27,         0, 1, FRONTIER,       3) \
    OP(R, 0x7b, PUSH28,         0, 1, FRONTIER,       3) \
    OP(R, 0x7c, PUSH29,         0, 1, FRONTIER,       3) \
    OP(R, 0x7d, PUSH30,         0, 1, FRONTIER,       3) \
    OP(R, 0x7e, PUSH31,         0, 1, FRONTIER,       3) \
    OP(R, 0x7f, PUSH32,         0, 1, FRONTIER,       3) \
    OP(R, 0x80, DUP1,           1, 2, FRONTIER,       3) \
    OP(R, 0x81, DUP2,           2, 3, FRONTIER,       3) \
    OP(R, 0x82, DUP3,           3, 4, FRONTIER,       3) \
    OP(R, 0x83, DUP4,           4, 5, FRONTIER,       3) \
    OP(R, 0x84, DUP5,           5, 6, FRONTIER,       3) \
    OP(R, 0x85, DUP6,           6, 7, FRONTIER,       3) \
    OP(R, 0x86, DUP7,           7, 8, FRONTIER,       3) \
    OP(R, 0x87, DUP8,           8, 9, FRONTIER,       3) \
    OP(R, 0x88, DUP9,           9, 10, FRONTIER,       3) \
    OP(R, 0x89, DUP10,          10, 11, FRONTIER,       3) \
    OP(R, 0x8a, DUP11,          11, 12, FRONTIER,       3) \
    OP(R, 0x8b, DUP12,          12, 13, FRONTIER,       3) \
    OP(R, 0x8c, DUP13,          13, 14, FRONTIER,       3) \
    OP(R, 0x8d, DUP14,          14, 15, FRONTIER,       3) \
    OP(R, 0x8e, DUP15,          15, 16, FRONTIER,       3) \
    OP(R, 0x8f, DUP16,          16, 17, FRONTIER,       3) \
    OP(R, 0x90, SWAP1,          2, 2, FRONTIER,       3) \
    OP(R, 0x91, SWAP2,          3, 3, FRONTIER,       3) \
    OP(R, 0x92, SWAP3,          4, 4, FRONTIER,       3) \
    OP(R, 0x93, SWAP4,          5, 5, FRONTIER,       3) \
    OP(R, 0x94, SWAP5,          6, 6, FRONTIER,       3) \
    OP(R, 0x95, SWAP6,          7, 7, FRONTIER,       3) \
    OP(R, 0x96, SWAP7,          8, 8, FRONTIER,       3) \
    OP(R, 0x97, SWAP8,          9, 9, FRONTIER,       3) \
    OP(R, 0x98, SWAP9,          10, 10, FRONTIER,       3) \
    OP(R, 0x99, SWAP10,         11, 11, FRONTIER,       3) \
    OP(R, 0x9a, SWAP11,         12, 12, FRONTIER,       3) \
    OP(R, 0x9b, SWAP12,         13, 13, FRONTIER,       3) \
    OP(R, 0x9c, SWAP13,         14, 14, FRONTIER,       3) \
    OP(R, 0x9d, SWAP14,         15, 15, FRONTIER,       3) \
    OP(R, 0x9e, SWAP15,         16, 16, FRONTIER,       3) \
    OP(R, 0x9f, SWAP16,         17, 17, FRONTIER,       3)
/* clang-format on */

enum opcode {
#define OPCODE_VALUE(R, value, name, pops, pushes, since, gas) OP_##name = (value),
    EVM_OPCODES(OPCODE_VALUE, 0)
#undef OPCODE_VALUE
};

#endif
