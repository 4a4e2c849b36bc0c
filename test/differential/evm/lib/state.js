// FlatState: what EthereumJS's EVM needs of a state, in maps with an undo log. Its own managers copy
// all they hold at every call, or build tries; the Merkle one is asked for roots (peer.js).
import { Account, KECCAK256_NULL, KECCAK256_RLP, bytesToUnprefixedHex } from '@ethereumjs/util';
import { OriginalStorageCache } from '@ethereumjs/statemanager';
import { keccak_256 } from '@noble/hashes/sha3.js';

const NOTHING = new Uint8Array(0);
const SOME_ROOT = new Uint8Array(32).fill(1); // only whether storage is empty matters

export class FlatState {
  constructor() {
    this.originalStorageCache = new OriginalStorageCache(this.getStorage.bind(this));
    this.reset();
  }
  reset() {
    this.accounts = new Map(); // by address: { nonce, balance, codeHash, code, hadStorage }
    this.storage = new Map(); // by address: Map of slot to value without leading zeros
    this.undo = [];
    this.marks = [];
    this.originalStorageCache.clear();
  }
  fill(one) {
    for (const account of one.accounts) {
      const key = account.address.toString('hex');
      const { nonce, balance, codeHash, code, slots } = account;
      this.accounts.set(key, { nonce, balance, codeHash, code, hadStorage: slots.length > 0 });
      if (slots.length === 0) continue;
      const map = new Map();
      for (const slot of slots) map.set(slot.key.toString('hex'), bytesOf(slot.value));
      this.storage.set(key, map);
    }
  }
  set(map, key, value) {
    this.undo.push([map, key, map.get(key)]);
    if (value === undefined) map.delete(key);
    else map.set(key, value);
  }
  record(address) {
    return this.accounts.get(bytesToUnprefixedHex(address.bytes));
  }
  async getAccount(address) {
    const record = this.record(address);
    if (record === undefined) return undefined;
    const root = record.hadStorage ? SOME_ROOT : KECCAK256_RLP;
    return new Account(record.nonce, record.balance, root, record.codeHash);
  }
  async putAccount(address, account) {
    if (account === undefined) return this.deleteAccount(address);
    const old = this.record(address);
    const { nonce, balance, codeHash } = account;
    const code = old?.code ?? NOTHING;
    const hadStorage = old?.hadStorage ?? false;
    this.set(this.accounts, bytesToUnprefixedHex(address.bytes), { nonce, balance, codeHash, code, hadStorage });
  }
  async deleteAccount(address) {
    const key = bytesToUnprefixedHex(address.bytes);
    this.set(this.accounts, key, undefined);
    this.set(this.storage, key, undefined);
  }
  async modifyAccountFields(address, fields) {
    const account = (await this.getAccount(address)) ?? new Account();
    Object.assign(account, fields);
    await this.putAccount(address, account);
  }
  async getCode(address) {
    return this.record(address)?.code ?? NOTHING;
  }
  async getCodeSize(address) {
    return (await this.getCode(address)).length;
  }
  async putCode(address, code) {
    const old = this.record(address) ?? { nonce: 0n, balance: 0n, hadStorage: false };
    const codeHash = code.length === 0 ? KECCAK256_NULL : keccak_256(code);
    this.set(this.accounts, bytesToUnprefixedHex(address.bytes), { ...old, codeHash, code });
  }
  async getStorage(address, key) {
    const map = this.storage.get(bytesToUnprefixedHex(address.bytes));
    return map?.get(bytesToUnprefixedHex(key)) ?? NOTHING;
  }
  async putStorage(address, key, value) {
    const name = bytesToUnprefixedHex(address.bytes);
    if (!this.storage.has(name)) this.set(this.storage, name, new Map());
    const empty = value.every((byte) => byte === 0);
    this.set(this.storage.get(name), bytesToUnprefixedHex(key), empty ? undefined : value);
  }
  async clearStorage(address) {
    this.set(this.storage, bytesToUnprefixedHex(address.bytes), undefined);
  }
  async checkpoint() {
    this.marks.push(this.undo.length);
  }
  async commit() {
    this.marks.pop();
  }
  async revert() {
    const mark = this.marks.pop();
    while (this.undo.length > mark) {
      const [map, key, value] = this.undo.pop();
      if (value === undefined) map.delete(key);
      else map.set(key, value);
    }
  }
  // Between transactions.
  settle() {
    this.undo = [];
    this.marks = [];
    for (const [key, record] of this.accounts) {
      const slots = this.storage.get(key);
      record.hadStorage = slots !== undefined && slots.size > 0;
    }
  }
  // Old receipts name a root that nobody here looks at.
  async getStateRoot() {
    return SOME_ROOT;
  }
  clearCaches() {}
  dump() {
    return [...this.accounts.keys()].sort().map((key) => {
      const { nonce, balance, codeHash } = this.accounts.get(key);
      const map = this.storage.get(key) ?? new Map();
      const slots = [...map.keys()].sort().map((slot) => ({ key: Buffer.from(slot, 'hex'), value: numberOf(map.get(slot)) }));
      return { address: Buffer.from(key, 'hex'), nonce, balance, codeHash, slots };
    });
  }
}

export function numberOf(bytes) {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytesToUnprefixedHex(bytes)}`);
}

// Without leading zeros, as RLP has numbers.
export function bytesOf(number) {
  if (number === 0n) return NOTHING;
  const text = number.toString(16);
  return Uint8Array.from(Buffer.from(text.length % 2 === 0 ? text : `0${text}`, 'hex'));
}
