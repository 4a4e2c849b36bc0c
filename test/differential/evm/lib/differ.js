// What differs between two outcomes, in words; and the smallest case that still differs.
import { keccak_256 } from '@noble/hashes/sha3.js';

const hex = (bytes) => `0x${Buffer.from(bytes).toString('hex')}`;
const words = ['success', 'revert', 'failure'];

function logText(log) {
  return log === undefined ? 'none' : `${hex(log.address)} [${log.topics.map(hex)}] ${hex(log.data)}`;
}

function txDifferences(index, ours, theirs) {
  const found = [];
  const tell = (what, a, b) => {
    if (a !== b) found.push(`transaction ${index}: ${what}: ours ${a}, theirs ${b}`);
  };
  const reason = theirs.reason === undefined ? '' : ` (${theirs.reason.split('\n').slice(0, 3).join(' ')})`;
  if (ours.valid !== theirs.valid) {
    tell('is it valid', `${ours.valid}`, `${theirs.valid}${reason}`);
    return found;
  }
  if (!ours.valid) return found;
  if (ours.status !== theirs.status) tell('status', words[ours.status], words[theirs.status] + reason);
  tell('gas used', ours.gasUsed, theirs.gasUsed);
  tell('output', hex(ours.output), hex(theirs.output));
  for (let i = 0; i < Math.max(ours.logs.length, theirs.logs.length); i++) {
    tell(`log ${i}`, logText(ours.logs[i]), logText(theirs.logs[i]));
  }
  return found;
}

const empty = { nonce: 'absent', balance: 'absent', codeHash: Buffer.alloc(0), slots: [] };

function accountDifferences(address, ours = empty, theirs = empty) {
  const found = [];
  const tell = (what, a, b) => {
    if (a !== b) found.push(`account ${address}: ${what}: ours ${a}, theirs ${b}`);
  };
  tell('nonce', ours.nonce, theirs.nonce);
  tell('balance', ours.balance, theirs.balance);
  tell('code hash', hex(ours.codeHash), hex(theirs.codeHash));
  const slots = [ours, theirs].map((side) => new Map(side.slots.map(({ key, value }) => [hex(key), value])));
  for (const key of new Set([...slots[0].keys(), ...slots[1].keys()])) {
    tell(`slot ${key}`, slots[0].get(key) ?? 0n, slots[1].get(key) ?? 0n);
  }
  return found;
}

export function differences(ours, theirs) {
  const found = [];
  for (let i = 0; i < ours.txs.length; i++) found.push(...txDifferences(i, ours.txs[i], theirs.txs[i]));
  const sides = [ours, theirs].map((side) => new Map(side.accounts.map((one) => [hex(one.address), one])));
  for (const address of new Set([...sides[0].keys(), ...sides[1].keys()])) {
    found.push(...accountDifferences(address, sides[0].get(address), sides[1].get(address)));
  }
  return found;
}

// The pieces of code that can be taken out: each instruction with its immediate bytes.
function instructions(code) {
  const list = [];
  for (let at = 0; at < code.length; ) {
    const size = code[at] >= 0x60 && code[at] <= 0x7f ? code[at] - 0x5e : 1;
    list.push([at, Math.min(at + size, code.length)]);
    at += size;
  }
  return list;
}

// Code as it would be with instructions from first on replaced by JUMPDEST, so that nothing moves.
function blanked(code, list, first, count) {
  const copy = Buffer.from(code);
  for (const [start, end] of list.slice(first, first + count)) copy.fill(0x5b, start, end);
  return copy;
}

function* smallerCode(code) {
  if (code.length === 0) return;
  yield Buffer.alloc(0);
  for (const part of [2, 4, 8]) yield code.subarray(0, code.length - Math.ceil(code.length / part));
  yield code.subarray(0, code.length - 1);
  const list = instructions(code);
  for (let count = Math.ceil(list.length / 2); count >= 1; count = Math.floor(count / 2)) {
    for (let first = 0; first < list.length; first += count) {
      const copy = blanked(code, list, first, count);
      if (!copy.equals(code)) yield copy;
    }
  }
}

const withCode = (account, code) => ({ ...account, code, codeHash: Buffer.from(keccak_256(code)) });
const replaced = (list, index, item) => list.map((old, i) => (i === index ? item : old));
const without = (list, index) => list.filter((_, i) => i !== index);

function* smallerTx(tx) {
  for (let gas = tx.gasLimit / 2n; gas > 0n; gas /= 2n) yield { ...tx, gasLimit: tx.gasLimit - gas };
  if (tx.value > 0n) yield { ...tx, value: 0n };
  for (const data of smallerCode(tx.data)) yield { ...tx, data };
  for (const name of ['accessList', 'authorizations', 'blobHashes']) {
    for (let i = 0; i < tx[name].length; i++) yield { ...tx, [name]: without(tx[name], i) };
  }
  if (tx.type > 0) yield { ...tx, type: 0, maxPriorityFee: tx.maxFee, accessList: [], authorizations: [], blobHashes: [] };
}

// Cases that are one step smaller.
function* smaller(one) {
  for (let i = 0; i < one.txs.length && one.txs.length > 1; i++) yield { ...one, txs: without(one.txs, i) };
  for (let i = 0; i < one.accounts.length; i++) yield { ...one, accounts: without(one.accounts, i) };
  for (const [i, account] of one.accounts.entries()) {
    const put = (next) => ({ ...one, accounts: replaced(one.accounts, i, next) });
    for (const code of smallerCode(account.code)) yield put(withCode(account, code));
    if (account.slots.length > 0) yield put({ ...account, slots: [] });
    if (account.nonce > 1n) yield put({ ...account, nonce: 1n });
  }
  for (const [i, tx] of one.txs.entries()) {
    for (const next of smallerTx(tx)) yield { ...one, txs: replaced(one.txs, i, next) };
  }
}

// differs(one) tells whether a case still differs in the way that is looked for.
export async function shrink(one, differs, stepsMax) {
  let steps = 0;
  for (let found = true; found && steps < stepsMax; ) {
    found = false;
    for (const next of smaller(one)) {
      if (++steps >= stepsMax) break;
      if (!(await differs(next))) continue;
      one = next;
      found = true;
      break;
    }
  }
  return one;
}
