// A case as text to read.
import { forks } from './peer.js';

const names = new Map();
const add = (from, list) => list.split(' ').forEach((name, i) => names.set(from + i, name));
add(0x00, 'STOP ADD MUL SUB DIV SDIV MOD SMOD ADDMOD MULMOD EXP SIGNEXTEND');
add(0x10, 'LT GT SLT SGT EQ ISZERO AND OR XOR NOT BYTE SHL SHR SAR CLZ');
add(0x20, 'KECCAK256');
add(0x30, 'ADDRESS BALANCE ORIGIN CALLER CALLVALUE CALLDATALOAD CALLDATASIZE CALLDATACOPY CODESIZE CODECOPY');
add(0x3a, 'GASPRICE EXTCODESIZE EXTCODECOPY RETURNDATASIZE RETURNDATACOPY EXTCODEHASH');
add(0x40, 'BLOCKHASH COINBASE TIMESTAMP NUMBER PREVRANDAO GASLIMIT CHAINID SELFBALANCE BASEFEE BLOBHASH BLOBBASEFEE');
add(0x50, 'POP MLOAD MSTORE MSTORE8 SLOAD SSTORE JUMP JUMPI PC MSIZE GAS JUMPDEST TLOAD TSTORE MCOPY PUSH0');
add(0xa0, 'LOG0 LOG1 LOG2 LOG3 LOG4');
add(0xf0, 'CREATE CALL CALLCODE RETURN DELEGATECALL CREATE2');
add(0xfa, 'STATICCALL');
add(0xfd, 'REVERT INVALID SELFDESTRUCT');
for (let i = 1; i <= 32; i++) names.set(0x5f + i, `PUSH${i}`);
for (let i = 1; i <= 16; i++) {
  names.set(0x7f + i, `DUP${i}`);
  names.set(0x8f + i, `SWAP${i}`);
}

const hex = (bytes) => `0x${Buffer.from(bytes).toString('hex')}`;

function codeText(code) {
  const lines = [];
  for (let at = 0; at < code.length; at++) {
    const opcode = code[at];
    const size = opcode >= 0x60 && opcode <= 0x7f ? opcode - 0x5f : 0;
    const name = names.get(opcode) ?? `0x${opcode.toString(16)}`;
    const data = size > 0 ? ` ${hex(code.subarray(at + 1, at + 1 + size))}` : '';
    if (opcode !== 0x5b) lines.push(`    ${at}: ${name}${data}`);
    at += size;
  }
  return lines;
}

export function caseText(one) {
  const lines = [
    `fork ${forks[one.revision]}, number ${one.number}, coinbase ${hex(one.coinbase)}, base fee ${one.baseFee}`,
  ];
  for (const { address, nonce, balance, code, slots } of one.accounts) {
    lines.push(`  account ${hex(address)} nonce ${nonce} balance ${balance}`);
    for (const { key, value } of slots) lines.push(`    slot ${hex(key)} = ${value}`);
    if (code.length > 0) lines.push(`    code ${hex(code)}`, ...codeText(code));
  }
  for (const tx of one.txs) {
    const to = tx.isCreate ? 'creation' : hex(tx.to);
    lines.push(
      `  type ${tx.type} from ${hex(tx.sender)} to ${to} nonce ${tx.nonce} gas ${tx.gasLimit} value ${tx.value}` +
        ` fees ${tx.maxFee} ${tx.maxPriorityFee}`,
    );
    if (tx.data.length > 0) lines.push(`    data ${hex(tx.data)}`, ...(tx.isCreate ? codeText(tx.data) : []));
    for (const { address, keys } of tx.accessList) lines.push(`    access ${hex(address)} ${keys.map(hex)}`);
    for (const a of tx.authorizations) {
      lines.push(`    authorization chain ${a.chainId} address ${hex(a.address)} nonce ${a.nonce} parity ${a.yParity} r ${a.r} s ${a.s}`);
    }
    if (tx.type === 3) lines.push(`    blobs ${tx.blobHashes.map(hex)} fee ${tx.maxFeePerBlobGas}`);
  }
  return lines.join('\n');
}
